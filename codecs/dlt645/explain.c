//  The fields of a frame by the standard's names, either direction.
#include "codecs/dlt645/parts.h"
#include "fep/point.h"

static const char s_upper[] = "0123456789ABCDEF";
static const char s_lower[] = "0123456789abcdef";

static void s_pair_byte (json_t *out, const char *key, uint8_t byte)
{
    char text[3] = {s_upper[byte >> 4], s_upper[byte & 15], 0};
    json_pair_text (out, key, text);
}

static void s_pair_di (json_t *out, const char *key, uint32_t di, size_t size)
{
    char text[9] = "";
    for (size_t i = 0; i < 2 * size; i++) {
        text[i] = s_upper[di >> 4 * (2 * size - 1 - i) & 15];
    }
    json_pair_text (out, key, text);
}

//  2017-06-05 10:22:51, whatever the digits are.
static void s_pair_time (json_t *out, const uint8_t *p)
{
    static const struct {
        char before;
        uint8_t byte;
    } parts[] = {{'-', 4}, {'-', 3}, {' ', 2}, {':', 1}, {':', 0}};
    char text[24] = "20";
    size_t size = 2;
    text[size++] = s_upper[p[5] >> 4];
    text[size++] = s_upper[p[5] & 15];
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        text[size++] = parts[i].before;
        text[size++] = s_upper[p[parts[i].byte] >> 4];
        text[size++] = s_upper[p[parts[i].byte] & 15];
    }
    text[size] = 0;
    json_pair_text (out, "time", text);
}

//  As the standard writes it; in a list null where it is none, by itself its bytes.
static void s_value (json_t *out, const dlt_field_t *field, const uint8_t *p, bool list)
{
    char text[160] = "raw:";
    int64_t number;
    if (dlt_digits (p, field->size, field->kind == DLT_SIGNED, &number)) {
        value_t value = value_decimal (number, (int8_t) -field->places, 0);
        value_text (&value, text, sizeof text);
        json_text (out, text);
    } else if (list) {
        json_null (out);
    } else {
        for (size_t i = 0; i < field->size; i++) {
            text[4 + 2 * i] = s_lower[p[i] >> 4];
            text[5 + 2 * i] = s_lower[p[i] & 15];
        }
        text[4 + 2 * field->size] = 0;
        json_text (out, text);
    }
}

static void s_values (json_t *out, const dlt_item_t *item, const uint8_t *p, size_t size)
{
    dlt_part_t part;
    json_array (out);
    for (size_t at = 0, used = 0; dlt_item_part (item, at, &part); at++) {
        if (part.field->size > size - used) {
            break;
        }
        s_value (out, part.field, p + used, true);
        used += part.field->size;
    }
    json_array_end (out);
}

//  "fwd active energy total", "Ua", "voltage block"; "" if it is not shown.
static void s_name (const dlt_item_t *item, const dlt_part_t *part, char *text, size_t size)
{
    const char *name = part->field->name, *behind = "";
    bool block = item->member == DLT_EACH;
    if (block) {
        name = item->row->block;
    } else if (item->row->repeat == DLT_TARIFF && *name) {
        behind = item->tariff == DLT_EACH ? " block" : item->tariff ? "" : " total";
    }
    writer_t out = writer_of (text, size - 1);
    writer_put (&out, name, strlen (name));
    writer_put (&out, behind, strlen (behind));
    if (item->row->repeat == DLT_TARIFF && *name && item->tariff && item->tariff != DLT_EACH) {
        char tariff[] = " tariff 00";
        tariff[8] = (char) ('0' + item->tariff / 10);
        tariff[9] = (char) ('0' + item->tariff % 10);
        writer_put (&out, tariff, sizeof tariff - 1);
    }
    text[out.size] = 0;
}

//  Data of edition 2007 that have a name.
static void s_named (json_t *out, bool up, uint32_t di, const uint8_t *p, size_t size)
{
    dlt_item_t item;
    dlt_part_t part;
    char name[80];
    if (!dlt_item (false, di, &item) || item.period || !dlt_item_part (&item, 0, &part)) {
        return;
    }
    s_name (&item, &part, name, sizeof name);
    if (!*name) {
        return;
    }
    json_pair_text (out, "name", name);
    if (!up || size < part.field->size) {
        return;
    }
    const point_info_t *info = point_find (part.field->point);
    if (info && *info->unit && part.field->scale == 0) {
        json_pair_text (out, "unit", info->unit);
    }
    json_key (out, "value");
    if (item.tariff == DLT_EACH || item.member == DLT_EACH) {
        s_values (out, &item, p, size);
    } else {
        s_value (out, part.field, p, false);
    }
}

//  Energy of edition 1997.
static void s_old (json_t *out, bool up, uint32_t di, const uint8_t *p, size_t size)
{
    dlt_item_t item;
    dlt_part_t part;
    if (!up || !dlt_item (true, di, &item) || !dlt_item_part (&item, 0, &part)) {
        return;
    }
    const point_info_t *info = point_find (part.point);
    if (!info || strcmp (info->unit, "kWh") != 0 || size < part.field->size) {
        return;
    }
    if (item.tariff != DLT_EACH) {
        json_key (out, "value_kWh");
        s_value (out, part.field, p, false);
        return;
    }
    json_key (out, "values_kWh");
    s_values (out, &item, p, size);
    if (size % part.field->size == 1) {
        s_pair_byte (out, "block_end", p[size - 1]);
    }
}

static void s_data (json_t *out, const dlt_frame_t *frame, bool old)
{
    uint32_t di;
    uint8_t function = dlt_function (frame);
    bool up = frame->control & DLT_UP;
    if (frame->control & DLT_ERROR) {
        if (frame->size) {
            s_pair_byte (out, "err_bits", frame->data[0]);
        }
    } else if (dlt_has_di (frame, &di)) {
        size_t at = dlt_di_size (old);
        bool read = function != DLT_WRITE && function != DLT_OLD_WRITE;
        s_pair_di (out, old ? "DI97" : "DI", di, at);
        if (old) {
            s_old (out, up && read, di, frame->data + at, frame->size - at);
        } else {
            s_named (out, up && read, di, frame->data + at, frame->size - at);
        }
    } else if (function == DLT_TIME && frame->size == 6) {
        s_pair_time (out, frame->data);
    } else if (frame->size == DLT_ADDRESS &&
               function == (up ? DLT_READ_ADDRESS : DLT_WRITE_ADDRESS)) {
        char text[ADDRESS_MAX + 1];
        dlt_address_text (frame->data, text);
        json_pair_text (out, "addr_in_data", text);
    }
}

fep_err_t dlt_explain (bytes_t bytes, bool up, const codec_options_t *options, json_t *out)
{
    dlt_frame_t frame;
    char address[ADDRESS_MAX + 1];
    (void) up;
    (void) options;
    fep_err_t error = dlt_read (bytes, &frame);
    if (error) {
        return error;
    }
    bool old = dlt_is_old (&frame);
    dlt_address_text (frame.address, address);
    json_object (out);
    json_pair_int (out, "fe_preamble", frame.preamble);
    json_pair_text (out, "address", address);
    s_pair_byte (out, "C", frame.control);
    json_pair_int (out, "from_meter", frame.control & DLT_UP ? 1 : 0);
    json_pair_int (out, "error", frame.control & DLT_ERROR ? 1 : 0);
    json_pair_int (out, "follow", frame.control & DLT_FOLLOW ? 1 : 0);
    if (!old) {
        s_pair_byte (out, "func", dlt_function (&frame));
    }
    json_pair_int (out, "L", frame.size);
    json_pair_hex (out, "data_minus33", bytes_of (frame.data, frame.size));
    s_data (out, &frame, old);
    json_object_end (out);
    return out->out->failed ? FEP_LIMIT : FEP_OK;
}
