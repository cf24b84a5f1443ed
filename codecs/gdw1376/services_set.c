//  Explained data of parameters (AFN 04 and 0A) that the map cannot say: lists, and lists of lists.
#include "codecs/gdw1376/explain.h"
#include "codecs/gdw1376/text.h"

static void s_pair_bits (json_t *out, const char *key, reader_t *in, size_t size)
{
    const uint8_t *p = reader_take (in, size);
    uint32_t bits = 0;
    for (size_t i = size; p && i-- > 0;) {
        bits = bits << 8 | p[i];
    }
    json_pair_int (out, key, bits);
}

//  A.19: minute, hour.
static void s_clock (json_t *out, reader_t *in)
{
    const uint8_t *p = reader_take (in, 2);
    text_t text = {"", 0};
    if (p) {
        text_byte (&text, "", p[1]);
        text_byte (&text, ":", p[0]);
    }
    json_text (out, text.text);
}

static void s_pair_time (json_t *out, const char *key, reader_t *in, size_t size)
{
    const uint8_t *p = reader_take (in, size);
    if (p) {
        json_key (out, key);
        gdw_json_time (out, p, size);
    }
}

static void s_pair_ip (json_t *out, const char *key, reader_t *in)
{
    const uint8_t *p = reader_take (in, 4);
    text_t text = {"", 0};
    for (size_t i = 0; p && i < 4; i++) {
        text_number (&text, i ? "." : "", p[i]);
    }
    json_pair_text (out, key, text.text);
}

//  Length, characters.
static void s_pair_text (json_t *out, const char *key, reader_t *in)
{
    size_t size = reader_u8 (in);
    json_key (out, key);
    json_string (out, reader_bytes (in, size));
}

void gdw_explain_relays (json_t *out, reader_t *in)
{
    uint8_t head = reader_u8 (in);
    json_pair_bool (out, "allowed", head & 0x80);
    json_key (out, "terminals");
    json_array (out);
    for (uint8_t i = 0; i < (head & 0x7F) && !in->failed; i++) {
        json_int (out, reader_u16le (in));
    }
    json_array_end (out);
}

void gdw_explain_phones (json_t *out, reader_t *in)
{
    json_pair_hex (out, "master", reader_bytes (in, 8));
    json_pair_hex (out, "sms_centre", reader_bytes (in, 8));
}

void gdw_explain_network (json_t *out, reader_t *in)
{
    s_pair_ip (out, "ip", in);
    s_pair_ip (out, "mask", in);
    s_pair_ip (out, "gateway", in);
    json_pair_int (out, "proxy_kind", reader_u8 (in));
    s_pair_ip (out, "proxy", in);
    json_pair_int (out, "proxy_port", reader_u16le (in));
    json_pair_int (out, "proxy_method", reader_u8 (in));
    s_pair_text (out, "user", in);
    s_pair_text (out, "password", in);
    json_pair_int (out, "listen_port", reader_u16le (in));
}

static void s_schedule (json_t *out, reader_t *in)
{
    json_object (out);
    json_pair_int (out, "port", reader_u8 (in));
    s_pair_bits (out, "control", in, 2);
    s_pair_bits (out, "days", in, 4);
    json_key (out, "time");
    s_clock (out, in);
    json_pair_int (out, "interval_min", reader_u8 (in));
    s_pair_time (out, "broadcast", in, 3);
    uint8_t periods = reader_u8 (in);
    json_key (out, "periods");
    json_array (out);
    for (uint8_t i = 0; i < periods && !in->failed; i++) {
        json_array (out);
        s_clock (out, in);
        s_clock (out, in);
        json_array_end (out);
    }
    json_array_end (out);
    json_object_end (out);
}

void gdw_explain_schedules (json_t *out, reader_t *in)
{
    uint8_t count = reader_u8 (in);
    json_key (out, "ports");
    json_array (out);
    for (uint8_t i = 0; i < count && !in->failed; i++) {
        s_schedule (out, in);
    }
    json_array_end (out);
}

void gdw_explain_modules (json_t *out, reader_t *in)
{
    uint8_t count = reader_u8 (in);
    json_key (out, "ports");
    json_array (out);
    for (uint8_t i = 0; i < count && !in->failed; i++) {
        json_object (out);
        json_pair_int (out, "port", reader_u8 (in));
        uint8_t serial = reader_u8 (in);
        gdw_pair_hex (out, "serial", &serial, 1);
        json_pair_int (out, "bps", reader_u32le (in));
        json_object_end (out);
    }
    json_array_end (out);
}

void gdw_explain_key_users (json_t *out, reader_t *in)
{
    uint8_t count = reader_u8 (in);
    json_key (out, "meters");
    json_array (out);
    for (uint8_t i = 0; i < count && !in->failed; i++) {
        json_int (out, reader_u16le (in));
    }
    json_array_end (out);
}

//  One minor class: the Fn that are collected of it.
static void s_minor (json_t *out, reader_t *in)
{
    json_object (out);
    json_pair_int (out, "minor", reader_u8 (in));
    uint8_t groups = reader_u8 (in);
    json_key (out, "fn");
    json_array (out);
    for (int group = 0; group < groups && !in->failed; group++) {
        uint8_t mask = reader_u8 (in);
        for (int bit = 0; bit < 8; bit++) {
            if (mask & 1 << bit) {
                json_int (out, group * 8 + bit + 1);
            }
        }
    }
    json_array_end (out);
    json_object_end (out);
}

void gdw_explain_classes (json_t *out, reader_t *in)
{
    json_pair_int (out, "major", reader_u8 (in));
    uint8_t count = reader_u8 (in);
    json_key (out, "classes");
    json_array (out);
    for (uint8_t i = 0; i < count && !in->failed; i++) {
        s_minor (out, in);
    }
    json_array_end (out);
}

void gdw_explain_task (json_t *out, reader_t *in)
{
    static const char *const units[] = {"min", "hour", "day", "month"};
    uint8_t period = reader_u8 (in);
    json_pair_int (out, "period", period & 0x3F);
    json_pair_text (out, "unit", units[period >> 6]);
    s_pair_time (out, "base", in, 6);
    json_pair_int (out, "ratio", reader_u8 (in));
    uint8_t count = reader_u8 (in);
    json_key (out, "units");
    json_array (out);
    for (uint8_t i = 0; i < count && !in->failed; i++) {
        gdw_unit_t unit = gdw_unit_read (in);
        json_object (out);
        gdw_pair_numbers (out, "pn", unit.da1, (unit.da2 - 1) * 8, unit.da2 == 0);
        gdw_pair_numbers (out, "fn", unit.dt1, unit.dt2 * 8, false);
        json_object_end (out);
    }
    json_array_end (out);
}

//  Whether a terminal reports by a task.
void gdw_explain_switch (json_t *out, reader_t *in)
{
    uint8_t state = reader_u8 (in);
    json_pair_text (out, "state", state == 0x55 ? "on" : state == 0xAA ? "off" : "?");
}

void gdw_explain_archive_asked (json_t *out, reader_t *in)
{
    uint16_t count = reader_u16le (in);
    json_pair_int (out, "count", count);
    json_key (out, "seqs");
    json_array (out);
    for (uint16_t i = 0; i < count && !in->failed; i++) {
        json_int (out, reader_u16le (in));
    }
    json_array_end (out);
}

void gdw_explain_segment (json_t *out, reader_t *in)
{
    json_pair_int (out, "file", reader_u8 (in));
    json_pair_bool (out, "last", reader_u8 (in) == 1);
    json_pair_int (out, "command", reader_u8 (in));
    json_pair_int (out, "segments", reader_u16le (in));
    json_pair_int (out, "segment", reader_u32le (in));
    uint16_t size = reader_u16le (in);
    json_pair_int (out, "len", size);
    json_pair_hex (out, "payload", reader_bytes (in, size));
}

void gdw_explain_segment_come (json_t *out, reader_t *in)
{
    json_pair_int (out, "segment", reader_u32le (in));
}
