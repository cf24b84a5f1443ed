//  Commands that are questions to the door: status, terminals, latest values, options, verbs.
#include "fep/clock.h"
#include "fep/point.h"
#include "fep/wire.h"
#include "tools/fepctl.h"
#include "tools/show.h"
#include "tools/table.h"
#include <inttypes.h>
#include <stdio.h>

#define REQUEST_MAX 256  //  Bytes of a question
#define PAGE_ROWS 500    //  Rows asked for at a time

//  A question with one answer, shown whole.
static int s_ask_and_show (ctl_t *ctl, const char *word, bytes_t body)
{
    answer_t answer;
    int code = ctl_ask (ctl, word, body, &answer);
    if (code) {
        return code;
    }
    if (ctl->json) {
        show_json_map (answer.body);
    } else {
        show_map (answer.body);
    }
    return 0;
}

//  A question whose answer is one table.
static int s_ask_rows (ctl_t *ctl, const char *word, const char *key)
{
    answer_t answer;
    int code = ctl_ask (ctl, word, bytes_of (NULL, 0), &answer);
    reader_t rows;
    if (code) {
        return code;
    }
    if (ctl->json) {
        show_json_map (answer.body);
    } else if (wire_find (answer.body, key, &rows)) {
        show_rows (bytes_of (rows.data + rows.pos, reader_left (&rows)));
    }
    return 0;
}

int ctl_status (ctl_t *ctl)
{
    return s_ask_and_show (ctl, "STATUS", bytes_of (NULL, 0));
}

int ctl_config (ctl_t *ctl)
{
    return s_ask_rows (ctl, "CONFIG", "options");
}

int ctl_event_list (ctl_t *ctl)
{
    return s_ask_rows (ctl, "EVENTS", "events");
}

int ctl_verbs (ctl_t *ctl)
{
    return s_ask_rows (ctl, "VERBS", "verbs");
}

//  --- Paged answers

//  Walks one page; *next is where to go on, 0 at the end.
static int s_page (const paged_t *self, uint64_t *next, table_t *table, json_t *json)
{
    uint8_t bytes[REQUEST_MAX];
    writer_t body = writer_of (bytes, sizeof bytes);
    self->ask (self->ctl, &body, *next);
    answer_t answer;
    int code = ctl_ask (self->ctl, self->word, writer_bytes (&body), &answer);
    reader_t rows;
    if (code) {
        return code;
    }
    if (!wire_find (answer.body, self->key, &rows)) {
        return ctl_no_answer (self->ctl, FEP_CORRUPT);
    }
    uint32_t count = wire_get_array (&rows);
    while (count-- > 0 && !rows.failed) {
        size_t start = rows.pos;
        wire_skip (&rows);
        if (!rows.failed) {
            self->row (self->ctl, bytes_of (rows.data + start, rows.pos - start), table, json);
        }
    }
    int64_t from = wire_find_int (answer.body, "next", 0);
    bool onward = from > 0 && (uint64_t) from > *next;
    *next = onward ? (uint64_t) from : 0;
    return 0;
}

static void s_pages (paged_t *self, table_t *table, json_t *json)
{
    uint64_t next = 0;
    do {
        self->code = s_page (self, &next, table, json);
        if (table && !self->code) {
            table_print (table, 0);
        }
    } while (next && !self->code && !ctl_interrupted ());
}

static void s_write_pages (void *arg, json_t *json)
{
    paged_t *self = arg;
    json_object (json);
    json_key (json, self->key);
    json_array (json);
    s_pages (self, NULL, json);
    json_array_end (json);
    json_object_end (json);
}

int ctl_paged (paged_t *self)
{
    if (self->ctl->json) {
        show_json (s_write_pages, self);
        return self->code;
    }
    table_t *table = table_new (self->columns);
    for (size_t i = 0; i < self->columns; i++) {
        table_head (table, self->heads[i]);
    }
    s_pages (self, table, NULL);
    table_destroy (&table);
    return self->code;
}

static void s_ask_terminals (const ctl_t *ctl, writer_t *body, uint64_t from)
{
    wire_put_map (body, ctl->state ? 3 : 2);
    wire_pair_uint (body, "from", from);
    wire_pair_uint (body, "limit", PAGE_ROWS);
    if (ctl->state) {
        wire_pair_text (body, "state", ctl->state);
    }
}

static const char *const s_terminal_heads[] = {"number", "address", "name", "area",
                                               "state",  "since",   "peer"};
#define TERMINAL_COLUMNS (sizeof s_terminal_heads / sizeof s_terminal_heads[0])

static void s_cell_int (table_t *table, int64_t value)
{
    char text[32];
    snprintf (text, sizeof text, "%" PRId64, value);
    table_cell (table, text);
}

static void s_cell_time (table_t *table, int64_t utc_ms)
{
    char text[48] = "-";
    if (utc_ms > 0) {
        clock_local_text (utc_ms, text, sizeof text);
    }
    table_cell (table, text);
}

static void s_cell_text (table_t *table, bytes_t row, const char *key)
{
    char text[256];
    bool found = wire_find_text (row, key, text, sizeof text) && *text;
    table_cell (table, found ? text : "-");
}

static void s_terminal_row (const ctl_t *ctl, bytes_t row, table_t *table, json_t *json)
{
    char state[16] = "";
    wire_find_text (row, "state", state, sizeof state);
    if (ctl->state && strcmp (state, ctl->state) != 0) {
        return;
    }
    if (json) {
        show_object (json, row);
        return;
    }
    s_cell_int (table, wire_find_int (row, "number", 0));
    s_cell_text (table, row, "address");
    s_cell_text (table, row, "name");
    s_cell_int (table, wire_find_int (row, "area", 0));
    table_cell (table, state);
    s_cell_time (table, wire_find_int (row, "since_ms", 0));
    s_cell_text (table, row, "peer");
}

int ctl_terminal_list (ctl_t *ctl)
{
    paged_t paged = {.ctl = ctl,
                     .word = "TERMINALS",
                     .key = "terminals",
                     .ask = s_ask_terminals,
                     .row = s_terminal_row,
                     .heads = s_terminal_heads,
                     .columns = TERMINAL_COLUMNS};
    return ctl_paged (&paged);
}

//  --- Latest values

static void s_ask_latest (const ctl_t *ctl, writer_t *body, uint64_t from)
{
    wire_put_map (body, 1u + (ctl->mp >= 0) + (from != 0));
    wire_pair_text (body, "terminal", ctl->terminal);
    if (ctl->mp >= 0) {
        wire_pair_int (body, "mp", ctl->mp);
    }
    if (from) {
        wire_pair_uint (body, "from", from);
    }
}

typedef struct {
    uint64_t mp;        //  Measuring point
    uint32_t point;     //  What
    uint8_t freeze;     //  freeze_t
    int64_t time_ms;    //  Of the value
    value_t value;      //  Text is borrowed
    uint64_t sequence;  //  Of its commit
} latest_t;

//  The three columns of a value as an item has them.
static void s_read_value (reader_t *in, value_t *value)
{
    wire_type_t type = wire_peek (in);
    if (type == WIRE_NIL) {
        wire_get_nil (in);
        value->kind = VALUE_NONE;
    } else if (type == WIRE_FLOAT) {
        value->real = wire_get_float (in);
        value->kind = VALUE_FLOAT;
    } else if (type == WIRE_STR) {
        bytes_t text = wire_get_str (in);
        value->text = (const char *) text.data;
        value->exponent = (int8_t) (text.size < VALUE_TEXT_MAX ? text.size : VALUE_TEXT_MAX);
        value->kind = VALUE_TEXT;
    } else if (type == WIRE_UINT) {
        value->mantissa = (int64_t) wire_get_uint (in);
        value->kind = VALUE_BITS;
    } else {
        value->mantissa = wire_get_int (in);
        value->kind = VALUE_DECIMAL;
    }
    if (wire_peek (in) == WIRE_NIL) {
        wire_get_nil (in);
        value->kind = VALUE_BITS;
        return;
    }
    int64_t exponent = wire_get_int (in);
    if (value->kind == VALUE_DECIMAL || value->kind == VALUE_NONE) {
        value->exponent = (int8_t) exponent;
        in->failed |= exponent < -128 || exponent > 127;
    }
}

static bool s_read_latest (bytes_t row, latest_t *latest)
{
    reader_t in = reader_of (row);
    uint32_t fields = wire_get_array (&in);
    memset (latest, 0, sizeof *latest);
    latest->mp = wire_get_uint (&in);
    latest->point = (uint32_t) wire_get_uint (&in);
    latest->freeze = (uint8_t) wire_get_uint (&in);
    latest->time_ms = wire_get_int (&in);
    s_read_value (&in, &latest->value);
    latest->value.quality = (uint16_t) wire_get_uint (&in);
    latest->sequence = wire_get_uint (&in);
    return !in.failed && fields >= 8;
}

static const char *const s_latest_heads[] = {"mp",   "point",   "value",   "freeze",
                                             "time", "quality", "sequence"};
#define LATEST_COLUMNS (sizeof s_latest_heads / sizeof s_latest_heads[0])

static void s_latest_json (const latest_t *latest, json_t *json)
{
    char text[200];
    json_object (json);
    json_pair_int (json, "mp", (int64_t) latest->mp);
    point_name (latest->point, text, sizeof text);
    json_pair_text (json, "point", text);
    point_obis (latest->point, text, sizeof text);
    json_pair_text (json, "obis", text);
    json_pair_text (json, "freeze", freeze_name (latest->freeze));
    clock_local_text (latest->time_ms, text, sizeof text);
    json_pair_text (json, "time", text);
    value_text (&latest->value, text, sizeof text);
    json_key (json, "value");
    if (latest->value.kind == VALUE_NONE) {
        json_null (json);
        json_pair_text (json, "absent", absent_name ((absent_t) latest->value.exponent));
    } else if (latest->value.kind == VALUE_FLOAT) {
        json_float (json, latest->value.real);
    } else {
        json_text (json, text);
    }
    quality_text (latest->value.quality, text, sizeof text);
    json_pair_text (json, "quality", text);
    json_key (json, "sequence");
    json_uint (json, latest->sequence);
    json_object_end (json);
}

//  Whether a point was asked for; without names every one is.
static bool s_asked_for (const ctl_t *ctl, uint32_t point)
{
    bool found = ctl->name_count == 0;
    for (size_t i = 0; i < ctl->name_count && !found; i++) {
        uint32_t named = 0;
        found = point_parse (ctl->names[i], &named) && named == point;
    }
    return found;
}

static void s_latest_row (const ctl_t *ctl, bytes_t row, table_t *table, json_t *json)
{
    latest_t latest;
    char text[200];
    if (!s_read_latest (row, &latest)) {
        fprintf (stderr, "fepctl: a row of another shape was left out\n");
        return;
    }
    if (!s_asked_for (ctl, latest.point)) {
        return;
    }
    if (json) {
        s_latest_json (&latest, json);
        return;
    }
    s_cell_int (table, (int64_t) latest.mp);
    point_name (latest.point, text, sizeof text);
    table_cell (table, text);
    show_value (&latest.value, latest.point, text, sizeof text);
    table_cell (table, text);
    table_cell (table, freeze_name (latest.freeze));
    s_cell_time (table, latest.time_ms);
    quality_text (latest.value.quality, text, sizeof text);
    table_cell (table, text);
    s_cell_int (table, (int64_t) latest.sequence);
}

int ctl_latest (ctl_t *ctl)
{
    paged_t paged = {.ctl = ctl,
                     .word = "LATEST",
                     .key = "values",
                     .ask = s_ask_latest,
                     .row = s_latest_row,
                     .heads = s_latest_heads,
                     .columns = LATEST_COLUMNS};
    return ctl_paged (&paged);
}
