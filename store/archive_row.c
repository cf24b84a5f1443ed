//  Packing and unpacking of archive rows.
#include "store/archive_row.h"
#include "fep/wire.h"

#define FIELDS 7
#define POINT_FIELDS 2

size_t archive_row_bound (size_t points)
{
    size_t own = 1 + 2 + (2 + ADDRESS_MAX) + (2 + ARCHIVE_NAME_MAX) + 2 + 5 + 1 + 5;
    size_t each = 1 + 3 + 2 + ADDRESS_MAX;
    return own + points * each;
}

void archive_row_key (uint32_t number, uint8_t key[ARCHIVE_ROW_KEY_SIZE])
{
    writer_t out = writer_of (key, ARCHIVE_ROW_KEY_SIZE);
    writer_u32be (&out, number);
}

void archive_row_put (const terminal_t *terminal, const measuring_point_t *points, size_t count,
                      writer_t *out)
{
    wire_put_array (out, FIELDS);
    wire_put_uint (out, ARCHIVE_ROW_VERSION);
    wire_put_text (out, terminal->address);
    wire_put_text (out, terminal->name);
    wire_put_uint (out, terminal->area);
    wire_put_uint (out, terminal->heartbeat_s);
    wire_put_bool (out, terminal->present);
    wire_put_array (out, (uint32_t) count);
    for (size_t i = 0; i < count; i++) {
        wire_put_array (out, POINT_FIELDS);
        wire_put_uint (out, points[i].mp);
        wire_put_text (out, points[i].meter);
    }
}

//  A text into a field of `size` characters and its end. Too long fails.
static void s_get_text (reader_t *in, char *text, size_t size)
{
    bytes_t bytes = wire_get_str (in);
    if (bytes.size >= size) {
        in->failed = true;
    }
    if (in->failed) {
        return;
    }
    if (bytes.size > 0) {
        memcpy (text, bytes.data, bytes.size);
    }
    text[bytes.size] = 0;
}

static uint32_t s_get_number (reader_t *in, uint32_t high)
{
    uint64_t value = wire_get_uint (in);
    if (value > high) {
        in->failed = true;
    }
    return in->failed ? 0 : (uint32_t) value;
}

//  Over the fields behind those we know.
static void s_skip (reader_t *in, uint32_t fields, uint32_t known)
{
    if (fields < known) {
        in->failed = true;
    }
    for (uint32_t i = known; !in->failed && i < fields; i++) {
        wire_skip (in);
    }
}

//  Points must ascend.
static fep_err_t s_get_points (reader_t *in, uint32_t number, archive_table_t *table)
{
    uint32_t count = wire_get_array (in);
    uint32_t before = 0;
    for (uint32_t i = 0; i < count && !in->failed; i++) {
        measuring_point_t point = {.terminal = number};
        uint32_t fields = wire_get_array (in);
        point.mp = (uint16_t) s_get_number (in, UINT16_MAX);
        s_get_text (in, point.meter, sizeof point.meter);
        s_skip (in, fields, POINT_FIELDS);
        if (in->failed || point.mp <= before) {
            return FEP_CORRUPT;
        }
        before = point.mp;
        fep_err_t error = archive_table_add_point (table, &point);
        if (error) {
            return error;
        }
    }
    return in->failed ? FEP_CORRUPT : FEP_OK;
}

fep_err_t archive_row_get (bytes_t key, bytes_t value, archive_table_t *table)
{
    reader_t key_in = reader_of (key);
    uint32_t number = reader_u32be (&key_in);
    if (key_in.failed || reader_left (&key_in) > 0 || number != table->count + 1) {
        return FEP_CORRUPT;
    }
    reader_t in = reader_of (value);
    uint32_t fields = wire_get_array (&in);
    uint64_t version = wire_get_uint (&in);
    if (!in.failed && version != ARCHIVE_ROW_VERSION) {
        return FEP_VERSION;
    }
    terminal_t terminal = {.number = number};
    s_get_text (&in, terminal.address, sizeof terminal.address);
    s_get_text (&in, terminal.name, sizeof terminal.name);
    terminal.area = (uint8_t) s_get_number (&in, AREA_COUNT - 1);
    terminal.heartbeat_s = s_get_number (&in, UINT32_MAX);
    terminal.present = wire_get_bool (&in);
    if (in.failed || fields < FIELDS || archive_table_add (table, &terminal)) {
        return FEP_CORRUPT;
    }
    fep_err_t error = s_get_points (&in, number, table);
    if (!error) {
        s_skip (&in, fields, FIELDS);
        error = in.failed ? FEP_CORRUPT : FEP_OK;
    }
    return error;
}
