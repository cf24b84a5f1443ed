//  Packing and unpacking of archive rows.
#include "store/archive_row.h"
#include "fep/wire.h"
#include "store/archive_words.h"
#include <stdlib.h>

#define FIELDS_FIRST 7    //  Of a terminal, in the first layout
#define FIELDS_SECOND 13  //  In the second
#define FIELDS_THIRD 16   //  In the third
#define FIELDS 22
#define POINT_FIELDS_FIRST 2  //  Of a measuring point, likewise
#define POINT_FIELDS_SECOND 6
#define POINT_FIELDS 8
#define LIMIT_FIELDS 3
#define GROUP_FIELDS 2
#define TEXT_FIELDS 4

//  ---- Reading ----

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
    for (uint32_t i = known; !in->failed && i < fields; i++) {
        wire_skip (in);
    }
}

fep_err_t archive_head_get (reader_t *in, uint32_t least, uint32_t *fields)
{
    *fields = wire_get_array (in);
    uint64_t version = wire_get_uint (in);
    if (in->failed) {
        return FEP_CORRUPT;
    }
    if (version != ARCHIVE_ROW_VERSION) {
        return FEP_VERSION;
    }
    return *fields >= least ? FEP_OK : FEP_CORRUPT;
}

//  Room for one more element of `size` bytes.
static void *s_grow (void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) {
        return items;
    }
    *capacity = *capacity > 0 ? *capacity * 2 : 16;
    items = realloc (items, *capacity * size);
    FEP_ASSERT (items);
    return items;
}

//  ---- Terminals ----

void archive_row_fini (archive_row_t *self)
{
    free (self->points);
    free (self->limits);
    archive_words_destroy (&self->words);
    memset (self, 0, sizeof *self);
}

size_t archive_row_bound (size_t points, size_t limits)
{
    size_t own = 3 + 2 + (2 + ADDRESS_MAX) + (2 + ARCHIVE_NAME_MAX) + 2 + 5 + 1 + 5 + 9 +
                 (2 + ADDRESS_MAX) + (2 + ARCHIVE_HEARTBEAT_MAX) + 5 + 5 + 9 + 5 +
                 (2 + ARCHIVE_DIAL_MAX) + (2 + ARCHIVE_ZONE_MAX) + 1 + 1 +
                 4 * (2 + ARCHIVE_NAME_MAX);
    size_t each =
        1 + 3 + (2 + ADDRESS_MAX) + (2 + ADDRESS_MAX) + 5 + 5 + 3 + 1 + (2 + ARCHIVE_NAME_MAX);
    size_t limit = 1 + 5 + 9 + 9;
    return own + points * each + limits * limit;
}

void archive_row_key (uint32_t number, uint8_t key[ARCHIVE_ROW_KEY_SIZE])
{
    writer_t out = writer_of (key, ARCHIVE_ROW_KEY_SIZE);
    writer_u32be (&out, number);
}

static void s_put_limits (const archive_limit_t *limits, size_t count, writer_t *out)
{
    wire_put_array (out, (uint32_t) count);
    for (size_t i = 0; i < count; i++) {
        wire_put_array (out, LIMIT_FIELDS);
        wire_put_uint (out, limits[i].point);
        wire_put_float (out, limits[i].low);
        wire_put_float (out, limits[i].high);
    }
}

//  Most measuring points have nothing but their meter: then the rest is left out.
static void s_put_point (const measuring_point_t *point, const archive_limit_t *limits,
                         size_t count, const archive_words_t *words, writer_t *out)
{
    bool most = point->state || point->user_type;
    bool more = most || point->protocol[0] || point->profile || point->rated_W || count;
    wire_put_array (out, most ? POINT_FIELDS : more ? POINT_FIELDS_SECOND : POINT_FIELDS_FIRST);
    wire_put_uint (out, point->mp);
    wire_put_text (out, point->meter);
    if (more) {
        wire_put_text (out, point->protocol);
        wire_put_uint (out, point->profile);
        wire_put_uint (out, point->rated_W);
        s_put_limits (limits, count, out);
    }
    if (most) {
        wire_put_uint (out, point->state);
        wire_put_text (out, archive_words_text (words, ARCHIVE_USER_TYPE, point->user_type));
    }
}

void archive_row_put (const archive_entry_t *entry, writer_t *out)
{
    const terminal_t *terminal = entry->terminal;
    size_t limit = 0;
    wire_put_array (out, FIELDS);
    wire_put_uint (out, ARCHIVE_ROW_VERSION);
    wire_put_text (out, terminal->address);
    wire_put_text (out, terminal->name);
    wire_put_uint (out, terminal->area);
    wire_put_uint (out, terminal->heartbeat_s);
    wire_put_bool (out, terminal->present);
    wire_put_array (out, (uint32_t) entry->point_count);
    for (size_t i = 0; i < entry->point_count; i++) {
        size_t first = limit;
        while (limit < entry->limit_count && entry->limits[limit].mp == entry->points[i].mp) {
            limit++;
        }
        s_put_point (&entry->points[i], entry->limits + first, limit - first, entry->words, out);
    }
    FEP_ASSERT (limit == entry->limit_count);
    wire_put_uint (out, terminal->groups);
    wire_put_text (out, terminal->registration);
    wire_put_text (out, terminal->heartbeat);
    wire_put_uint (out, terminal->frame_gap_ms);
    wire_put_uint (out, terminal->answer_timeout_ms);
    wire_put_uint (out, terminal->change);
    wire_put_uint (out, terminal->profile);
    wire_put_text (out, terminal->dial);
    wire_put_text (out, terminal->zone);
    wire_put_uint (out, terminal->state);
    wire_put_bool (out, terminal->sleeps);
    wire_put_text (out, archive_words_text (entry->words, ARCHIVE_VENDOR, terminal->vendor));
    wire_put_text (out, archive_words_text (entry->words, ARCHIVE_CHANNEL, terminal->channel));
    wire_put_text (out, archive_words_text (entry->words, ARCHIVE_SEGMENT, terminal->segment));
    wire_put_text (out, archive_words_text (entry->words, ARCHIVE_LINE, terminal->line));
}

static uint32_t s_get_word (reader_t *in, archive_row_t *row, archive_word_t kind)
{
    uint32_t number = 0;
    bytes_t text = wire_get_str (in);
    if (!in->failed && archive_words_put (row->words, kind, text, &number)) {
        in->failed = true;
    }
    return number;
}

static uint8_t s_get_state (reader_t *in)
{
    return (uint8_t) s_get_number (in, ARCHIVE_STATE_COUNT - 1);
}

//  Points must ascend; a range is no range if its ends are crossed.
static void s_get_limits (reader_t *in, uint16_t mp, archive_row_t *row)
{
    uint32_t count = wire_get_array (in);
    uint32_t before = 0;
    for (uint32_t i = 0; i < count && !in->failed; i++) {
        archive_limit_t limit = {.terminal = row->terminal.number, .mp = mp};
        uint32_t fields = wire_get_array (in);
        limit.point = s_get_number (in, UINT32_MAX);
        limit.low = wire_get_float (in);
        limit.high = wire_get_float (in);
        s_skip (in, fields, LIMIT_FIELDS);
        if ((i > 0 && limit.point <= before) || !(limit.low <= limit.high)) {
            in->failed = true;
        }
        if (!in->failed) {
            row->limits =
                s_grow (row->limits, row->limit_count, &row->limit_capacity, sizeof *row->limits);
            row->limits[row->limit_count++] = limit;
        }
        before = limit.point;
    }
}

static void s_get_point (reader_t *in, archive_row_t *row)
{
    measuring_point_t point = {.terminal = row->terminal.number};
    uint32_t fields = wire_get_array (in);
    if (fields < POINT_FIELDS_FIRST) {
        in->failed = true;
    }
    point.mp = (uint16_t) s_get_number (in, UINT16_MAX);
    s_get_text (in, point.meter, sizeof point.meter);
    uint32_t known = POINT_FIELDS_FIRST;
    if (fields >= POINT_FIELDS_SECOND) {
        s_get_text (in, point.protocol, sizeof point.protocol);
        point.profile = s_get_number (in, UINT32_MAX);
        point.rated_W = s_get_number (in, UINT32_MAX);
        s_get_limits (in, point.mp, row);
        known = POINT_FIELDS_SECOND;
    }
    if (fields >= POINT_FIELDS) {
        point.state = s_get_state (in);
        point.user_type = (uint8_t) s_get_word (in, row, ARCHIVE_USER_TYPE);
        known = POINT_FIELDS;
    }
    s_skip (in, fields, known);
    if (!in->failed) {
        row->points =
            s_grow (row->points, row->point_count, &row->point_capacity, sizeof *row->points);
        row->points[row->point_count++] = point;
    }
}

//  Points must ascend.
static void s_get_points (reader_t *in, archive_row_t *row)
{
    uint32_t count = wire_get_array (in);
    uint32_t before = 0;
    for (uint32_t i = 0; i < count && !in->failed; i++) {
        s_get_point (in, row);
        if (!in->failed && row->points[i].mp <= before) {
            in->failed = true;
        }
        before = in->failed ? 0 : row->points[i].mp;
    }
    row->terminal.mp_count = (uint32_t) row->point_count;
}

//  What the later layouts have behind the first.
static void s_get_later (reader_t *in, uint32_t fields, archive_row_t *row)
{
    terminal_t *terminal = &row->terminal;
    uint32_t known = FIELDS_FIRST;
    if (fields >= FIELDS_SECOND) {
        terminal->groups = wire_get_uint (in);
        s_get_text (in, terminal->registration, sizeof terminal->registration);
        s_get_text (in, terminal->heartbeat, sizeof terminal->heartbeat);
        terminal->frame_gap_ms = s_get_number (in, UINT32_MAX);
        terminal->answer_timeout_ms = s_get_number (in, UINT32_MAX);
        terminal->change = wire_get_uint (in);
        known = FIELDS_SECOND;
    }
    if (fields >= FIELDS_THIRD) {
        terminal->profile = s_get_number (in, UINT32_MAX);
        s_get_text (in, terminal->dial, sizeof terminal->dial);
        s_get_text (in, terminal->zone, sizeof terminal->zone);
        known = FIELDS_THIRD;
    }
    if (fields >= FIELDS) {
        terminal->state = s_get_state (in);
        terminal->sleeps = wire_get_bool (in);
        terminal->vendor = (uint16_t) s_get_word (in, row, ARCHIVE_VENDOR);
        terminal->channel = (uint16_t) s_get_word (in, row, ARCHIVE_CHANNEL);
        terminal->segment = (uint16_t) s_get_word (in, row, ARCHIVE_SEGMENT);
        terminal->line = (uint16_t) s_get_word (in, row, ARCHIVE_LINE);
        known = FIELDS;
    }
    s_skip (in, fields, known);
}

fep_err_t archive_row_get (bytes_t key, bytes_t value, archive_row_t *row)
{
    reader_t key_in = reader_of (key);
    terminal_t *terminal = &row->terminal;
    row->point_count = 0;
    row->limit_count = 0;
    row->words = row->words ? row->words : archive_words_new ();
    memset (terminal, 0, sizeof *terminal);
    terminal->number = reader_u32be (&key_in);
    if (key_in.failed || reader_left (&key_in) > 0 || terminal->number == 0 ||
        terminal->number > ARCHIVE_NUMBERS_MAX) {
        return FEP_CORRUPT;
    }
    reader_t in = reader_of (value);
    uint32_t fields;
    fep_err_t error = archive_head_get (&in, FIELDS_FIRST, &fields);
    if (error) {
        return error;
    }
    s_get_text (&in, terminal->address, sizeof terminal->address);
    s_get_text (&in, terminal->name, sizeof terminal->name);
    terminal->area = (uint8_t) s_get_number (&in, AREA_COUNT - 1);
    terminal->heartbeat_s = s_get_number (&in, UINT32_MAX);
    terminal->present = wire_get_bool (&in);
    s_get_points (&in, row);
    s_get_later (&in, fields, row);
    return in.failed ? FEP_CORRUPT : FEP_OK;
}

archive_entry_t archive_row_entry (const archive_row_t *self)
{
    return (archive_entry_t){&self->terminal, self->points,      self->point_count,
                             self->limits,    self->limit_count, self->words};
}

//  ---- Groups ----

void archive_group_key (uint32_t number, uint8_t key[ARCHIVE_GROUP_KEY_SIZE])
{
    key[0] = 'g';
    key[1] = (uint8_t) number;
}

void archive_group_put (const char *name, writer_t *out)
{
    wire_put_array (out, GROUP_FIELDS);
    wire_put_uint (out, ARCHIVE_ROW_VERSION);
    wire_put_text (out, name);
}

fep_err_t archive_group_get (bytes_t key, bytes_t value, uint32_t *number,
                             char name[ARCHIVE_NAME_MAX + 1])
{
    reader_t in = reader_of (value);
    uint32_t fields;
    if (key.size != ARCHIVE_GROUP_KEY_SIZE || key.data[1] >= ARCHIVE_GROUPS_MAX) {
        return FEP_CORRUPT;
    }
    *number = key.data[1];
    fep_err_t error = archive_head_get (&in, GROUP_FIELDS, &fields);
    if (error) {
        return error;
    }
    s_get_text (&in, name, ARCHIVE_NAME_MAX + 1);
    s_skip (&in, fields, GROUP_FIELDS);
    return in.failed ? FEP_CORRUPT : FEP_OK;
}

//  ---- Texts ----

void archive_text_key (uint8_t prefix, uint32_t number, uint8_t key[ARCHIVE_TEXT_KEY_SIZE])
{
    writer_t out = writer_of (key, ARCHIVE_TEXT_KEY_SIZE);
    writer_u8 (&out, prefix);
    writer_u16be (&out, (uint16_t) number);
}

size_t archive_text_bound (const archive_text_t *text)
{
    return 1 + 2 + (2 + ARCHIVE_NAME_MAX) + (5 + text->text.size) + 9;
}

void archive_text_put (const archive_text_t *text, writer_t *out)
{
    wire_put_array (out, TEXT_FIELDS);
    wire_put_uint (out, ARCHIVE_ROW_VERSION);
    wire_put_text (out, text->name);
    wire_put_str (out, text->text);
    wire_put_uint (out, text->change);
}

fep_err_t archive_text_get (bytes_t key, bytes_t value, archive_text_t *text)
{
    reader_t in = reader_of (value);
    uint32_t fields;
    memset (text, 0, sizeof *text);
    if (key.size != ARCHIVE_TEXT_KEY_SIZE) {
        return FEP_CORRUPT;
    }
    text->number = (uint32_t) key.data[1] << 8 | key.data[2];
    fep_err_t error = archive_head_get (&in, TEXT_FIELDS, &fields);
    if (error) {
        return error;
    }
    s_get_text (&in, text->name, sizeof text->name);
    text->text = wire_get_str (&in);
    text->change = wire_get_uint (&in);
    s_skip (&in, fields, TEXT_FIELDS);
    return in.failed ? FEP_CORRUPT : FEP_OK;
}
