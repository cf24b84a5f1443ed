//  The fields of a frame by the standard's names, either direction.
#include "codecs/gdw1376/explain.h"
#include "codecs/gdw1376/parts.h"
#include "codecs/gdw1376/text.h"
#include "fep/crc.h"

void gdw_pair_hex (json_t *out, const char *key, const uint8_t *p, size_t size)
{
    text_t text = {"", 0};
    text_hex (&text, p, size, true);
    json_pair_text (out, key, text.text);
}

void gdw_json_absent (json_t *out, const uint8_t *p, size_t size)
{
    text_t text = {"", 0};
    if (gdw_absent (p, size) == ABSENT_DEVICE) {
        json_null (out);
        return;
    }
    text_put (&text, "raw:");
    text_hex (&text, p, size, false);
    json_text (out, text.text);
}

static bool s_all_digits (const uint8_t *p, size_t size)
{
    int64_t ignored;
    return gdw_digits (p, size, false, &ignored);
}

//  Hour and minute, and seconds if there are.
static void s_text_clock (text_t *text, const uint8_t *minute, const uint8_t *second)
{
    text_byte (text, " ", minute[1]);
    text_byte (text, ":", minute[0]);
    if (second) {
        text_byte (text, ":", second[0]);
    }
}

void gdw_json_time (json_t *out, const uint8_t *p, size_t size)
{
    text_t text = {"", 0};
    bool seconds = size == 6;
    if (!s_all_digits (p, seconds ? 4 : size)) {
        gdw_json_absent (out, p, size);
        return;
    }
    const uint8_t *minute = seconds ? p + 1 : p;
    if (size >= 5) {
        text_byte (&text, "20", p[size - 1]);
        text_byte (&text, "-", seconds ? p[4] & 0x1F : p[3]);
        text_byte (&text, "-", minute[2]);
    } else if (size == 4) {
        text_byte (&text, "", p[3]);
        text_byte (&text, "-", p[2]);
    } else {
        text_byte (&text, "", p[2]);
    }
    s_text_clock (&text, minute, seconds ? p : NULL);
    if (seconds) {
        text_number (&text, " wk", p[4] >> 5);
    }
    json_text (out, text.text);
}

void gdw_json_date (json_t *out, const uint8_t *p, size_t size)
{
    text_t text = {"", 0};
    if (!s_all_digits (p, size)) {
        gdw_json_absent (out, p, size);
        return;
    }
    text_byte (&text, "20", p[size - 1]);
    text_byte (&text, "-", p[size - 2]);
    if (size == 3) {
        text_byte (&text, "-", p[0]);
    }
    json_text (out, text.text);
}

static void s_json_value (json_t *out, const gdw_field_t *field, const uint8_t *p)
{
    static const gdw_context_t none = {0, 0, 0, NULL};
    char text[160];
    if (field->kind == FIELD_TIME) {
        gdw_json_time (out, p, field->size);
        return;
    }
    if (field->kind == FIELD_DATE) {
        gdw_json_date (out, p, field->size);
        return;
    }
    if (field->kind == FIELD_ADDRESS) {
        text_t peer = {"", 0};
        gdw_text_peer (&peer, p);
        json_text (out, peer.text);
        return;
    }
    value_t value = gdw_value (field, p, &none);
    if (field->kind == FIELD_ASCII || field->kind == FIELD_OPAQUE) {
        json_hex (out, bytes_of (p, field->size));
    } else if (value.kind == VALUE_NONE) {
        gdw_json_absent (out, p, field->size);
    } else if (field->kind == FIELD_BIN || field->kind == FIELD_TARIFFS) {
        json_int (out, value.mantissa);
    } else {
        value_text (&value, text, sizeof text);
        json_text (out, text);
    }
}

static const uint8_t *s_json_array (json_t *out, const gdw_field_t *field, const uint8_t *p,
                                    size_t count)
{
    json_key (out, field->name);
    json_array (out);
    for (size_t i = 0; i < count; i++, p += field->size) {
        s_json_value (out, field, p);
    }
    json_array_end (out);
    return p;
}

static const uint8_t *s_json_field (json_t *out, const gdw_field_t *field, const uint8_t *p,
                                    unsigned tariffs)
{
    if (field->repeat == REPEAT_TARIFFS) {
        return s_json_array (out, field, p, tariffs + 1);
    }
    json_key (out, field->name);
    s_json_value (out, field, p);
    return p + field->size;
}

//  Td by its kind; returns what follows.
static const uint8_t *s_json_td (json_t *out, uint8_t td, const uint8_t *p)
{
    switch ((gdw_td_t) td) {
    case TD_NONE:
        return p;
    case TD_DAY:
        json_key (out, "Td_d");
        gdw_json_date (out, p, 3);
        return p + 3;
    case TD_MONTH:
        json_key (out, "Td_m");
        gdw_json_date (out, p, 2);
        return p + 2;
    case TD_CURVE:
        json_key (out, "Td_c");
        gdw_json_time (out, p, 5);
        json_pair_int (out, "m", p[5]);
        json_pair_int (out, "n", p[6]);
        return p + 7;
    }
    return p;
}

//  Data of class 1 or 2 by the map. False if they do not fit it; nothing is written then.
static bool s_json_mapped (json_t *out, uint8_t afn, uint16_t fn, reader_t *in)
{
    gdw_extent_t extent;
    bytes_t left = {in->data + in->pos, reader_left (in)};
    if (gdw_measure (afn, fn, left, &extent) != MEASURE_OK) {
        return false;
    }
    const gdw_layout_t *layout = extent.layout;
    const uint8_t *p = reader_take (in, extent.td + extent.size);
    json_key (out, "data");
    json_object (out);
    p = s_json_td (out, layout->td, p);
    if (layout->td == TD_CURVE) {
        (void) s_json_array (out, &gdw_fields[layout->first], p, extent.values);
    } else {
        for (size_t i = 0; i < layout->count; i++) {
            p = s_json_field (out, &gdw_fields[layout->first + i], p, extent.tariffs);
        }
    }
    json_object_end (out);
    return true;
}

//  Td of a class 2 request. False if the Fn or its bytes are not there.
static bool s_json_asked (json_t *out, uint16_t fn, reader_t *in)
{
    static const uint8_t sizes[] = {[TD_NONE] = 0, [TD_DAY] = 3, [TD_MONTH] = 2, [TD_CURVE] = 7};
    uint16_t at = fn <= GDW_FN_MAX ? gdw_index[1][fn] : 0;
    if (at == 0 || reader_left (in) < sizes[gdw_layouts[at - 1].td]) {
        return false;
    }
    uint8_t td = gdw_layouts[at - 1].td;
    json_key (out, "data");
    json_object (out);
    (void) s_json_td (out, td, reader_take (in, sizes[td]));
    json_object_end (out);
    return true;
}

//  Data outside the map, if any are left. What a function wrote before it ran out of bytes is taken
//  back.
static bool s_json_service (json_t *out, uint8_t afn, uint16_t fn, bool up, reader_t *in)
{
    gdw_service_t *service = NULL;
    gdw_service_kind_t kind = gdw_service_find (afn, fn, up, &service);
    if (kind < SERVICE_DATA || reader_left (in) == 0) {
        return kind != SERVICE_UNKNOWN;
    }
    json_t before = *out;
    size_t size = out->out->size;
    size_t pos = in->pos;
    json_key (out, "data");
    json_object (out);
    service (out, in);
    json_object_end (out);
    if (in->failed) {
        *out = before;
        out->out->size = size;
        in->pos = pos;
        in->failed = false;
        return false;
    }
    if (kind == SERVICE_DOUBTED) {
        json_pair_hex (out, "raw", bytes_of (in->data + pos, in->pos - pos));
    }
    return true;
}

//  Parameters, set or as the terminal has them: by the map, and raw as well, for no published frame shows them; else
//  by functions.
static bool s_json_parameter (json_t *out, uint8_t afn, uint16_t fn, bool up, reader_t *in)
{
    size_t pos = in->pos;
    if (!s_json_mapped (out, AFN_QUERY, fn, in)) {
        return s_json_service (out, afn, fn, up, in);
    }
    json_pair_hex (out, "raw", bytes_of (in->data + pos, in->pos - pos));
    return true;
}

//  One Fn of one point. False: the rest was shown raw.
static bool s_json_data (json_t *out, const gdw_frame_t *frame, bool up, uint16_t fn, reader_t *in)
{
    bool good;
    if (up && (frame->afn == AFN_CURRENT || frame->afn == AFN_HISTORY)) {
        good = s_json_mapped (out, frame->afn, fn, in);
    } else if (frame->afn == AFN_HISTORY) {
        good = s_json_asked (out, fn, in);
    } else if (frame->afn == (up ? AFN_QUERY : AFN_SET)) {
        good = s_json_parameter (out, frame->afn, fn, up, in);
    } else {
        good = s_json_service (out, frame->afn, fn, up, in);
    }
    if (!good) {
        json_pair_hex (out, "raw", reader_bytes (in, reader_left (in)));
    }
    return good;
}

static void s_json_point (json_t *out, const gdw_unit_t *unit, unsigned bit)
{
    text_t text = {"undefined DA", 12};
    json_key (out, "pn");
    if (unit->da1 == 0xFF && unit->da2 == 0) {
        json_text (out, "all");
    } else if ((unit->da1 == 0) != (unit->da2 == 0)) {
        text_byte (&text, " ", unit->da1);
        text_byte (&text, " ", unit->da2);
        json_text (out, text.text);
    } else {
        json_int (out, unit->da2 ? (unit->da2 - 1) * 8 + (int) bit + 1 : 0);
    }
}

//  All Fn of one point.
static bool s_json_fns (json_t *out, const gdw_frame_t *frame, bool up, const gdw_unit_t *unit,
                        unsigned point_bit, reader_t *in)
{
    bool good = true;
    for (unsigned bit = 0; good && bit < 8; bit++) {
        if (unit->dt1 & 1u << bit) {
            uint16_t fn = (uint16_t) (unit->dt2 * 8 + bit + 1);
            json_object (out);
            s_json_point (out, unit, point_bit);
            json_pair_int (out, "fn", fn);
            good = s_json_data (out, frame, up, fn, in);
            json_object_end (out);
        }
    }
    return good;
}

static bool s_json_unit (json_t *out, const gdw_frame_t *frame, bool up, const gdw_unit_t *unit,
                         reader_t *in)
{
    bool plain = unit->da1 && unit->da2;
    if (!plain) {
        return s_json_fns (out, frame, up, unit, 0, in);
    }
    bool good = true;
    for (unsigned bit = 0; good && bit < 8; bit++) {
        if (unit->da1 & 1u << bit) {
            good = s_json_fns (out, frame, up, unit, bit, in);
        }
    }
    return good;
}

static void s_json_units (json_t *out, const gdw_frame_t *frame, bool up)
{
    reader_t in = reader_of (frame->body);
    bool good = true;
    json_key (out, "units");
    json_array (out);
    while (good && reader_left (&in) > 0) {
        size_t start = in.pos;
        gdw_unit_t unit = gdw_unit_read (&in);
        if (in.failed || unit.dt1 == 0) {
            bytes_t rest = {in.data + start, in.size - start};
            json_object (out);
            json_pair_hex (out, "raw", rest);
            json_object_end (out);
            break;
        }
        good = s_json_unit (out, frame, up, &unit, &in);
    }
    json_array_end (out);
}

static void s_json_control (json_t *out, uint8_t control)
{
    bool up = control & GDW_DIR;
    json_key (out, "C");
    json_object (out);
    gdw_pair_hex (out, "hex", &control, 1);
    json_pair_text (out, "dir", up ? "up" : "down");
    json_pair_int (out, "prm", control >> 6 & 1);
    json_pair_int (out, up ? "acd" : "fcb", control >> 5 & 1);
    json_pair_int (out, "fcv", control >> 4 & 1);
    json_pair_int (out, "func", control & 15);
    json_object_end (out);
}

static void s_json_address (json_t *out, const uint8_t *address)
{
    uint8_t a1[2] = {address[1], address[0]};
    uint8_t a2[2] = {address[3], address[2]};
    gdw_pair_hex (out, "A1", a1, 2);
    json_pair_int (out, "A2", gdw_a2 (address));
    gdw_pair_hex (out, "A2_hex", a2, 2);
    json_key (out, "A3");
    json_object (out);
    gdw_pair_hex (out, "hex", address + 4, 1);
    json_pair_int (out, "msa", address[4] >> 1);
    json_pair_int (out, "group", address[4] & 1);
    json_object_end (out);
}

static void s_json_seq (json_t *out, uint8_t seq)
{
    json_key (out, "SEQ");
    json_object (out);
    gdw_pair_hex (out, "hex", &seq, 1);
    json_pair_int (out, "tpv", seq >> 7);
    json_pair_int (out, "fir", seq >> 6 & 1);
    json_pair_int (out, "fin", seq >> 5 & 1);
    json_pair_int (out, "con", seq >> 4 & 1);
    json_pair_int (out, "seq", seq & 15);
    json_object_end (out);
}

static void s_json_tail (json_t *out, const gdw_frame_t *frame)
{
    if (frame->tp.size) {
        const uint8_t *p = frame->tp.data;
        text_t text = {"", 0};
        text_byte (&text, "day ", p[4]);
        s_text_clock (&text, p + 2, p + 1);
        json_key (out, "Tp");
        json_object (out);
        json_pair_int (out, "pfc", p[0]);
        json_pair_text (out, "time", text.text);
        json_pair_int (out, "delay_min", p[5]);
        json_object_end (out);
    }
    if (frame->pw.size) {
        json_pair_hex (out, "PW", frame->pw);
    }
    if (frame->ec.size) {
        json_key (out, "EC");
        json_object (out);
        json_pair_int (out, "EC1", frame->ec.data[0]);
        json_pair_int (out, "EC2", frame->ec.data[1]);
        json_object_end (out);
    }
}

fep_err_t gdw_explain (bytes_t bytes, bool up, const codec_options_t *options, json_t *out)
{
    gdw_frame_t frame;
    fep_err_t error = gdw_frame_read (bytes, up, options, &frame);
    if (error) {
        return error;
    }
    const uint8_t *end = bytes.data + bytes.size - GDW_TAIL;
    if (crc_sum8 (bytes_of (bytes.data + GDW_HEAD, frame.user_size)) != end[0] || end[1] != 0x16) {
        return FEP_CHECKSUM;
    }
    json_object (out);
    json_pair_int (out, "proto_id", frame.protocol);
    json_pair_int (out, "user_len", frame.user_size);
    s_json_control (out, frame.control);
    s_json_address (out, frame.address);
    gdw_pair_hex (out, "AFN", &frame.afn, 1);
    s_json_seq (out, frame.seq);
    s_json_tail (out, &frame);
    s_json_units (out, &frame, up);
    json_object_end (out);
    return out->out->failed ? FEP_LIMIT : FEP_OK;
}
