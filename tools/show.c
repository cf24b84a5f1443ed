//  Any body of the door as text: what a key means is read off its ending, so a new field needs no
//  change here.
#include "tools/show.h"
#include "fep/clock.h"
#include "fep/metrics.h"
#include "fep/pack.h"
#include "fep/point.h"
#include "fep/wire.h"
#include "tools/table.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define CELL_MAX 512                 //  Characters of a value; longer ones are cut
#define INSTANT_MIN 100000000000     //  ms; a larger number is an instant, a smaller one a duration
#define JSON_MAX (16 * 1024 * 1024)  //  Bytes of one JSON line

//  --- Numbers with their unit

static void s_plain (int64_t value, char *text, size_t size)
{
    snprintf (text, size, "%" PRId64, value);
}

static void s_duration (int64_t ms, char *text, size_t size)
{
    int64_t s = ms / 1000;
    if (ms % 1000 || ms < 1000) {
        snprintf (text, size, "%" PRId64 " ms", ms);
    } else if (s < 120) {
        snprintf (text, size, "%" PRId64 " s", s);
    } else if (s < 7200) {
        snprintf (text, size, "%" PRId64 " min %" PRId64 " s", s / 60, s % 60);
    } else if (s < 172800) {
        snprintf (text, size, "%" PRId64 " h %" PRId64 " min", s / 3600, s / 60 % 60);
    } else {
        snprintf (text, size, "%" PRId64 " d %" PRId64 " h", s / 86400, s / 3600 % 24);
    }
}

static void s_ms (int64_t value, char *text, size_t size)
{
    if (value >= INSTANT_MIN) {
        clock_local_text (value, text, size);
    } else if (value == 0) {
        snprintf (text, size, "-");
    } else {
        //  Half a second more or less says nothing once it is minutes.
        s_duration (value >= 120000 ? value / 1000 * 1000 : value, text, size);
    }
}

static void s_us (int64_t value, char *text, size_t size)
{
    snprintf (text, size, "%" PRId64 " us", value);
}

static void s_seconds (int64_t value, char *text, size_t size)
{
    snprintf (text, size, "%" PRId64 " s", value);
}

static void s_bytes (int64_t value, char *text, size_t size)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    size_t unit = 0;
    int64_t tenths = value > 0 && value < INT64_MAX / 10 ? value * 10 : 0;
    while (tenths >= 10240 && unit + 1 < sizeof units / sizeof units[0]) {
        tenths /= 1024;
        unit++;
    }
    if (unit) {
        snprintf (text, size, "%" PRId64 ".%" PRId64 " %s", tenths / 10, tenths % 10, units[unit]);
    } else {
        snprintf (text, size, "%" PRId64 " B", value);
    }
}

typedef void (number_t) (int64_t value, char *text, size_t size);

static const struct {
    const char *ending;  //  Of a key
    number_t *number;    //  How its value is written
} s_endings[] = {{"_ms", s_ms}, {"_us", s_us}, {"_s", s_seconds}, {"_bytes", s_bytes}};

//  How numbers of that key are written; name is the key without its ending.
static number_t *s_number_of (const char *key, number_t *fallback, char *name, size_t size)
{
    size_t length = strlen (key);
    snprintf (name, size, "%s", key);
    for (size_t i = 0; i < sizeof s_endings / sizeof s_endings[0]; i++) {
        size_t end = strlen (s_endings[i].ending);
        if (length > end && strcmp (key + length - end, s_endings[i].ending) == 0) {
            if (length - end < size) {
                name[length - end] = 0;
            }
            return s_endings[i].number;
        }
    }
    return fallback;
}

//  --- Bodies

//  What a counter or reason of that name means; "" if it is neither.
static const char *s_meaning (const char *name)
{
    for (int i = 0; i < METRIC_COUNT; i++) {
        if (strcmp (metric_name ((metric_t) i), name) == 0) {
            return metric_meaning ((metric_t) i);
        }
    }
    for (int i = 0; i < FEP_ERR_COUNT; i++) {
        if (strcmp (fep_err_name ((fep_err_t) i), name) == 0) {
            return fep_err_text ((fep_err_t) i);
        }
    }
    return "";
}

static bool s_is_nested (wire_type_t type)
{
    return type == WIRE_MAP || type == WIRE_ARRAY;
}

//  One value on one line; what is nested as JSON.
static void s_cell (reader_t *in, number_t *number, char *text, size_t size)
{
    wire_type_t type = wire_peek (in);
    if (type == WIRE_INT) {
        number (wire_get_int (in), text, size);
    } else if (type == WIRE_BOOL) {
        snprintf (text, size, "%s", wire_get_bool (in) ? "yes" : "no");
    } else if (type == WIRE_STR) {
        bytes_t string = wire_get_str (in);
        snprintf (text, size, "%.*s", (int) string.size, (const char *) string.data);
    } else if (type == WIRE_NIL) {
        wire_get_nil (in);
        snprintf (text, size, "-");
    } else {
        writer_t out = writer_of (text, size - 1);
        json_t json = json_of (&out);
        json_wire (&json, in);
        text[out.size] = 0;
    }
}

static void s_key (reader_t *in, char *key, size_t size)
{
    s_cell (in, s_plain, key, size);
}

//  The value at the reader, which then stands behind it.
static bytes_t s_span (reader_t *in)
{
    size_t start = in->pos;
    wire_skip (in);
    return in->failed ? bytes_of (NULL, 0) : bytes_of (in->data + start, in->pos - start);
}

//  Rows of maps. more: the heading of a former page stands already.
static void s_show_rows (bytes_t array, int indent)
{
    reader_t in = reader_of (array);
    uint32_t rows = wire_get_array (&in);
    reader_t first = in;
    uint32_t columns = rows ? wire_get_map (&first) : 0;
    columns = columns > TABLE_COLUMNS_MAX ? TABLE_COLUMNS_MAX : columns;
    if (!columns || first.failed) {
        return;
    }
    char keys[TABLE_COLUMNS_MAX][64], name[64], text[CELL_MAX];
    number_t *numbers[TABLE_COLUMNS_MAX];
    table_t *table = table_new (columns);
    for (uint32_t i = 0; i < columns; i++) {
        s_key (&first, keys[i], sizeof keys[i]);
        wire_skip (&first);
        numbers[i] = s_number_of (keys[i], s_plain, name, sizeof name);
        table_head (table, name);
    }
    for (uint32_t row = 0; row < rows && !in.failed; row++) {
        bytes_t map = s_span (&in);
        for (uint32_t i = 0; i < columns; i++) {
            reader_t value;
            snprintf (text, sizeof text, "-");
            if (wire_find (map, keys[i], &value)) {
                s_cell (&value, numbers[i], text, sizeof text);
            }
            table_cell (table, text);
        }
    }
    table_print (table, indent);
    table_destroy (&table);
}

void show_rows (bytes_t array)
{
    s_show_rows (array, 0);
}

//  The plain pairs of a map as a table of name, value and, for counters, meaning.
static void s_show_plain (bytes_t map, int indent, number_t *fallback, bool counters)
{
    reader_t in = reader_of (map);
    uint32_t pairs = wire_get_map (&in);
    table_t *table = table_new (3);
    while (pairs-- > 0 && !in.failed) {
        char key[64], name[64], text[CELL_MAX];
        s_key (&in, key, sizeof key);
        if (s_is_nested (wire_peek (&in)) || strcmp (key, "token") == 0) {
            wire_skip (&in);
            continue;
        }
        number_t *number = s_number_of (key, fallback, name, sizeof name);
        reader_t other;
        bool whole = counters || (strcmp (key, name) != 0 && wire_find (map, name, &other));
        s_cell (&in, number, text, sizeof text);
        table_cell (table, whole ? key : name);
        table_cell (table, *text ? text : "-");
        table_cell (table, counters ? s_meaning (key) : "");
    }
    table_print (table, indent);
    table_destroy (&table);
}

static bool s_is_counters (const char *key)
{
    return strcmp (key, "metrics") == 0 || strncmp (key, "refused", 7) == 0;
}

//  Depth is bounded by wire_skip, which has seen the whole body.
static void s_show_map (bytes_t map, int indent, number_t *fallback, bool counters)
{
    s_show_plain (map, indent, fallback, counters);
    reader_t in = reader_of (map);
    uint32_t pairs = wire_get_map (&in);
    while (pairs-- > 0 && !in.failed) {
        char key[64], name[64], text[CELL_MAX];
        s_key (&in, key, sizeof key);
        bytes_t value = s_span (&in);
        reader_t inner = reader_of (value);
        wire_type_t type = wire_peek (&inner);
        number_t *number = s_number_of (key, fallback, name, sizeof name);
        if (type == WIRE_MAP) {
            bool empty = wire_get_map (&inner) == 0;
            printf ("%*s%s%s\n", indent, "", name, empty ? "  -" : "");
            s_show_map (value, indent + 2, number, s_is_counters (key));
        } else if (type == WIRE_ARRAY && wire_get_array (&inner) &&
                   wire_peek (&inner) == WIRE_MAP) {
            printf ("%*s%s\n", indent, "", name);
            s_show_rows (value, indent + 2);
        } else if (type == WIRE_ARRAY) {
            inner = reader_of (value);
            s_cell (&inner, number, text, sizeof text);
            printf ("%*s%s  %s\n", indent, "", name, text);
        }
    }
}

void show_map (bytes_t map)
{
    s_show_map (map, 0, s_plain, false);
}

//  --- JSON

void show_json (show_write_t *write, void *arg)
{
    static uint8_t *bytes = NULL;
    bytes = bytes ? bytes : malloc (JSON_MAX);
    FEP_ASSERT (bytes);
    writer_t out = writer_of (bytes, JSON_MAX);
    json_t json = json_of (&out);
    write (arg, &json);
    if (out.failed) {
        fprintf (stderr, "a line larger than %d bytes was left out\n", JSON_MAX);
        return;
    }
    fwrite (out.data, 1, out.size, stdout);
    putchar ('\n');
}

static void s_write_map (void *arg, json_t *json)
{
    show_object (json, *(const bytes_t *) arg);
}

void show_json_map (bytes_t map)
{
    show_json (s_write_map, &map);
}

void show_object (json_t *json, bytes_t map)
{
    json_object (json);
    show_pairs (json, map);
    json_object_end (json);
}

void show_pairs (json_t *json, bytes_t map)
{
    reader_t in = reader_of (map);
    uint32_t pairs = wire_get_map (&in);
    while (pairs-- > 0 && !in.failed) {
        char key[64];
        s_key (&in, key, sizeof key);
        if (strcmp (key, "token") == 0) {
            wire_skip (&in);
        } else {
            json_key (json, key);
            json_wire (json, &in);
        }
    }
}

void show_raw_json (json_t *json, bytes_t text)
{
    if (json->comma) {
        writer_u8 (json->out, ',');
    }
    writer_put (json->out, text.data, text.size);
    json->comma = true;
}

//  --- Messages

//  Reads the message and its items into a static array, which the next call overwrites.
static bool s_read (bytes_t packed, message_t *message, item_t **items)
{
    static item_t held[BATCH_ITEMS_MAX];
    cursor_t cursor = cursor_single (packed);
    if (cursor_message (&cursor, message) != FEP_OK || message->count > BATCH_ITEMS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < message->count; i++) {
        if (cursor_item (&cursor, &held[i]) != FEP_OK) {
            return false;
        }
    }
    *items = held;
    return true;
}

void show_value (const value_t *value, uint32_t point, char *text, size_t size)
{
    const point_info_t *info = point_find (point);
    char number[160];
    value_text (value, number, sizeof number);
    if (value->kind == VALUE_NONE) {
        snprintf (text, size, "- (%s)", absent_name ((absent_t) value->exponent));
    } else {
        snprintf (text, size, "%s%s%s", number, info && *info->unit ? " " : "",
                  info ? info->unit : "");
    }
}

bool show_message (const char *where, bytes_t packed)
{
    message_t message;
    item_t *items = NULL;
    if (!s_read (packed, &message, &items)) {
        return false;
    }
    char text[200], name[80], time[48], quality[160];
    clock_local_text (message.time_ms ? message.time_ms : message.received_ms, time, sizeof time);
    printf ("%s  %s  %s  %.*s  mp %u%s%s\n", where, time, message_kind_name (message.kind),
            (int) message.address.size, (const char *) message.address.data, message.mp,
            message.freeze ? "  " : "", message.freeze ? freeze_name (message.freeze) : "");
    table_t *table = table_new (4);
    for (uint32_t i = 0; i < message.count; i++) {
        point_name (items[i].point, name, sizeof name);
        show_value (&items[i].value, items[i].point, text, sizeof text);
        quality_text (items[i].value.quality, quality, sizeof quality);
        clock_local_text (message_item_time (&message, i), time, sizeof time);
        table_cell (table, name);
        table_cell (table, text);
        table_cell (table, quality);
        table_cell (table, message.step_ms && message.time_ms ? time : "");
    }
    table_print (table, 4);
    table_destroy (&table);
    return true;
}

void show_message_json (json_t *json, bytes_t packed)
{
    message_t message;
    item_t *items = NULL;
    if (s_read (packed, &message, &items)) {
        json_message (json, &message, items);
    } else {
        json_null (json);
    }
}
