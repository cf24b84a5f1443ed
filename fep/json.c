//  JSON for people and for the web: plain text into a writer, one comma flag, no tree.
#include "fep/json.h"
#include "fep/clock.h"
#include "fep/point.h"
#include "fep/wire.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

json_t json_of (writer_t *out)
{
    return (json_t){out, false};
}

static void s_raw (json_t *self, const char *text)
{
    writer_put (self->out, text, strlen (text));
}

//  Called before each value or key.
static void s_separate (json_t *self)
{
    if (self->comma) {
        writer_u8 (self->out, ',');
    }
    self->comma = true;
}

static void s_open (json_t *self, char bracket)
{
    s_separate (self);
    writer_u8 (self->out, (uint8_t) bracket);
    self->comma = false;
}

static void s_close (json_t *self, char bracket)
{
    writer_u8 (self->out, (uint8_t) bracket);
    self->comma = true;
}

void json_object (json_t *self)
{
    s_open (self, '{');
}

void json_object_end (json_t *self)
{
    s_close (self, '}');
}

void json_array (json_t *self)
{
    s_open (self, '[');
}

void json_array_end (json_t *self)
{
    s_close (self, ']');
}

//  A text just written was a key: its value follows.
static void s_colon (json_t *self)
{
    writer_u8 (self->out, ':');
    self->comma = false;
}

void json_key (json_t *self, const char *key)
{
    json_text (self, key);
    s_colon (self);
}

static void s_value (json_t *self, const char *text)
{
    s_separate (self);
    s_raw (self, text);
}

void json_null (json_t *self)
{
    s_value (self, "null");
}

void json_bool (json_t *self, bool value)
{
    s_value (self, value ? "true" : "false");
}

void json_int (json_t *self, int64_t value)
{
    char text[24];
    snprintf (text, sizeof text, "%" PRId64, value);
    s_value (self, text);
}

void json_uint (json_t *self, uint64_t value)
{
    char text[24];
    snprintf (text, sizeof text, "%" PRIu64, value);
    s_value (self, text);
}

void json_float (json_t *self, double value)
{
    if (!isfinite (value)) {
        json_null (self);
        return;
    }
    char text[160];
    value_t held = {.real = value, .kind = VALUE_FLOAT};
    value_text (&held, text, sizeof text);
    s_value (self, text);
}

void json_text (json_t *self, const char *text)
{
    json_string (self, bytes_text (text));
}

//  Bytes of the well-formed UTF-8 character at p, or 0. Overlong forms, surrogates and what lies
//  beyond U+10FFFF are not well formed.
static size_t s_utf8 (const uint8_t *p, size_t left)
{
    if (p[0] < 0x80) {
        return 1;
    }
    size_t size = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || size > left) {
        return 0;
    }
    for (size_t i = 1; i < size; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
    bool outside = (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf4 && p[1] > 0x8f);
    return overlong || outside ? 0 : size;
}

//  One ASCII character.
static void s_escape (json_t *self, uint8_t c)
{
    if (c == '"' || c == '\\') {
        writer_u8 (self->out, '\\');
    }
    if (c >= 0x20 && c != 0x7f) {
        writer_u8 (self->out, c);
        return;
    }
    char text[8];
    snprintf (text, sizeof text, "\\u%04x", c);
    s_raw (self, text);
}

bool json_is_utf8 (bytes_t text)
{
    size_t i = 0;
    while (i < text.size) {
        size_t size = s_utf8 (text.data + i, text.size - i);
        if (!size) {
            return false;
        }
        i += size;
    }
    return true;
}

void json_string (json_t *self, bytes_t text)
{
    s_separate (self);
    writer_u8 (self->out, '"');
    for (size_t i = 0; i < text.size;) {
        size_t size = s_utf8 (text.data + i, text.size - i);
        if (size == 1) {
            s_escape (self, text.data[i]);
        } else if (size == 0) {
            s_raw (self, "\xef\xbf\xbd");
        } else {
            writer_put (self->out, text.data + i, size);
        }
        i += size ? size : 1;
    }
    writer_u8 (self->out, '"');
}

void json_hex (json_t *self, bytes_t bytes)
{
    static const char digits[] = "0123456789abcdef";
    s_separate (self);
    writer_u8 (self->out, '"');
    for (size_t i = 0; i < bytes.size && !self->out->failed; i++) {
        writer_u8 (self->out, (uint8_t) digits[bytes.data[i] >> 4]);
        writer_u8 (self->out, (uint8_t) digits[bytes.data[i] & 0x0f]);
    }
    writer_u8 (self->out, '"');
}

void json_pair_text (json_t *self, const char *key, const char *text)
{
    json_key (self, key);
    json_text (self, text);
}

void json_pair_int (json_t *self, const char *key, int64_t value)
{
    json_key (self, key);
    json_int (self, value);
}

void json_pair_bool (json_t *self, const char *key, bool value)
{
    json_key (self, key);
    json_bool (self, value);
}

void json_pair_hex (json_t *self, const char *key, bytes_t bytes)
{
    json_key (self, key);
    json_hex (self, bytes);
}

static void s_wire (json_t *self, reader_t *in, unsigned depth);

//  JSON knows only text as key; a number becomes its digits.
static void s_wire_key (json_t *self, reader_t *in)
{
    char text[24];
    wire_type_t type = wire_peek (in);
    if (type == WIRE_STR) {
        json_string (self, wire_get_str (in));
    } else if (type == WIRE_UINT) {
        snprintf (text, sizeof text, "%" PRIu64, wire_get_uint (in));
        json_text (self, text);
    } else {
        snprintf (text, sizeof text, "%" PRId64, wire_get_int (in));
        json_text (self, text);
    }
    s_colon (self);
}

static void s_wire_array (json_t *self, reader_t *in, unsigned depth)
{
    uint32_t count = wire_get_array (in);
    json_array (self);
    while (count-- > 0 && !in->failed) {
        s_wire (self, in, depth);
    }
    json_array_end (self);
}

static void s_wire_map (json_t *self, reader_t *in, unsigned depth)
{
    uint32_t count = wire_get_map (in);
    json_object (self);
    while (count-- > 0 && !in->failed) {
        s_wire_key (self, in);
        s_wire (self, in, depth);
    }
    json_object_end (self);
}

//  depth: how many levels may still be opened.
static void s_wire (json_t *self, reader_t *in, unsigned depth)
{
    wire_type_t type = wire_peek (in);
    if ((type == WIRE_ARRAY || type == WIRE_MAP) && depth == 0) {
        type = WIRE_BAD;
    }
    switch (type) {
    case WIRE_NIL:
        wire_get_nil (in);
        json_null (self);
        break;
    case WIRE_BOOL:
        json_bool (self, wire_get_bool (in));
        break;
    case WIRE_INT:
        json_int (self, wire_get_int (in));
        break;
    case WIRE_UINT:
        json_uint (self, wire_get_uint (in));
        break;
    case WIRE_FLOAT:
        json_float (self, wire_get_float (in));
        break;
    case WIRE_STR:
        json_string (self, wire_get_str (in));
        break;
    case WIRE_BIN:
        json_hex (self, wire_get_bin (in));
        break;
    case WIRE_ARRAY:
        s_wire_array (self, in, depth - 1);
        break;
    case WIRE_MAP:
        s_wire_map (self, in, depth - 1);
        break;
    case WIRE_BAD:
        in->failed = true;
        json_null (self);
        break;
    }
}

void json_wire (json_t *self, reader_t *in)
{
    s_wire (self, in, WIRE_DEPTH_MAX);
}

static void s_pair_time (json_t *self, const char *key, int64_t utc_ms)
{
    char text[48];
    clock_local_text (utc_ms, text, sizeof text);
    json_pair_text (self, key, text);
}

static void s_pair_value (json_t *self, const value_t *value)
{
    json_key (self, "value");
    char text[160];
    switch (value->kind) {
    case VALUE_NONE:
        json_null (self);
        json_pair_text (self, "absent", absent_name ((absent_t) value->exponent));
        break;
    case VALUE_FLOAT:
        json_float (self, value->real);
        break;
    case VALUE_TEXT:
        json_string (self, bytes_of (value->text, (size_t) value->exponent));
        break;
    default:
        value_text (value, text, sizeof text);
        json_text (self, text);
        break;
    }
}

static void s_item (json_t *self, const message_t *message, uint32_t i, const item_t *item)
{
    char text[160];
    json_object (self);
    point_name (item->point, text, sizeof text);
    json_pair_text (self, "point", text);
    point_obis (item->point, text, sizeof text);
    json_pair_text (self, "obis", text);
    s_pair_value (self, &item->value);
    if (message->step_ms && message->time_ms) {
        s_pair_time (self, "time", message_item_time (message, i));
    }
    quality_text (item->value.quality, text, sizeof text);
    json_pair_text (self, "quality", text);
    json_object_end (self);
}

void json_message (json_t *self, const message_t *message, const item_t *items)
{
    json_object (self);
    json_pair_text (self, "kind", message_kind_name (message->kind));
    json_key (self, "terminal");
    json_string (self, message->address);
    json_pair_int (self, "number", message->terminal);
    json_pair_int (self, "area", message->area);
    json_pair_int (self, "mp", message->mp);
    if (message->task) {
        json_pair_int (self, "task", message->task);
    }
    s_pair_time (self, "received", message->received_ms);
    json_pair_text (self, "freeze", freeze_name (message->freeze));
    if (message->time_ms) {
        s_pair_time (self, "time", message->time_ms);
    }
    if (message->step_ms) {
        json_pair_int (self, "step_ms", message->step_ms);
    }
    json_key (self, "items");
    json_array (self);
    for (uint32_t i = 0; i < message->count; i++) {
        s_item (self, message, i, &items[i]);
    }
    json_array_end (self);
    if (message->raw.size) {
        json_pair_hex (self, "raw", message->raw);
    }
    json_object_end (self);
}
