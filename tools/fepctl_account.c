//  fepctl rate, fepctl gap list, reread and failures: how good acquisition is, what is missing and why.
#include "tools/fepctl_account.h"
#include "fep/clock.h"
#include "fep/wire.h"
#include "tools/show.h"
#include <inttypes.h>
#include <stdio.h>

#define REQUEST_MAX 1024
#define PAGE_ROWS 1000
#define DAYS_USUAL 2  //  Yesterday and today
#define PLACE_MAX 64  //  Bytes of where a page ends

//  ---- Options ----

enum { KEY_TASK = 768, KEY_BY, KEY_GROUP, KEY_REASON, KEY_DAY, KEY_ITEMS, KEY_IN_A_ROW, KEY_WORDS };

#define WORD_OPTION(name, text)                                                                    \
    {#name, KEY_WORDS + DIMENSION_##name - DIMENSION_WORD_FIRST, "NAME", 0, "only " text, 0},
#define WORD_NAME(name, text) #name,

static const char *const s_words[DIMENSION_WORD_COUNT] = {DIMENSION_WORDS (WORD_NAME)};

static const struct argp_option s_options[] = {
    {"task", KEY_TASK, "NAME", 0, "only this acquisition task", 0},
    {"day", KEY_DAY, "YYYY-MM-DD", 0, "only this day; default yesterday and today", 0},
    {"by", KEY_BY, "WHAT", 0, "a row for each of these, one of" DIMENSION_NAMES, 0},
    {"group", KEY_GROUP, "NAME", 0, "only terminals of this group", 0},
    DIMENSION_WORDS (WORD_OPTION){"reason", KEY_REASON, "NAME", 0, "only gaps with this reason", 0},
    {"in-a-row", KEY_IN_A_ROW, "N", 0, "so many slots in a row; default 3", 0},
    {"items", KEY_ITEMS, NULL, 0, "also points that lack another item than the key item", 0},
    {0}};

static int64_t s_day (struct argp_state *state, const char *text)
{
    clock_civil_t civil = {.hour = 12};
    int64_t utc_ms = 0;
    char end;
    if (sscanf (text, "%4d-%2d-%2d%c", &civil.year, &civil.month, &civil.day, &end) != 3 ||
        !clock_from_civil (&civil, &utc_ms)) {
        argp_error (state, "--day: '%s' is no day such as 2026-11-26", text);
    }
    return (utc_ms + (int64_t) clock_offset_min () * 60000) / 86400000;
}

static int64_t s_in_a_row (struct argp_state *state, const char *text)
{
    int number = 0;
    char end;
    if (sscanf (text, "%4d%c", &number, &end) != 1 || number < 1) {
        argp_error (state, "--in-a-row: '%s' is no number of slots", text);
    }
    return number;
}

static error_t s_parse (int key, char *text, struct argp_state *state)
{
    account_args_t *args = state->input;
    if (key == ARGP_KEY_INIT) {
        args->day = -1;
        return 0;
    }
    switch (key) {
    case KEY_TASK:
        args->task = text;
        break;
    case KEY_BY:
        args->by = text;
        break;
    case KEY_GROUP:
        args->group = text;
        break;
    case KEY_REASON:
        args->reason = text;
        break;
    case KEY_DAY:
        args->day = s_day (state, text);
        break;
    case KEY_IN_A_ROW:
        args->in_a_row = s_in_a_row (state, text);
        break;
    case KEY_ITEMS:
        args->items = true;
        break;
    default:
        if (key < KEY_WORDS || key >= KEY_WORDS + DIMENSION_WORD_COUNT) {
            return ARGP_ERR_UNKNOWN;
        }
        args->words[key - KEY_WORDS] = text;
    }
    args->said = true;
    return 0;
}

const struct argp ctl_account_argp = {.options = s_options, .parser = s_parse};

//  ---- Questions ----

//  What is asked about, as the pairs of an open map; returns how many. usual: days if none are said; 0: none.
static uint32_t s_put_filter (const ctl_t *ctl, int64_t usual, writer_t *out)
{
    const account_args_t *args = ctl->account;
    const struct {
        const char *key;   //  In the request
        const char *text;  //  NULL if not said
    } said[] = {{"task", args->task},
                {"by", args->by},
                {"group", args->group},
                {"reason", args->reason},
                {"terminal", ctl->terminal}};
    int64_t days = ctl->days > 0 ? ctl->days : usual;
    uint32_t count = 0;
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        if (said[i].text) {
            wire_pair_text (out, said[i].key, said[i].text);
            count++;
        }
    }
    for (size_t i = 0; i < DIMENSION_WORD_COUNT; i++) {
        if (args->words[i]) {
            wire_pair_text (out, s_words[i], args->words[i]);
            count++;
        }
    }
    if (ctl->area >= 0) {
        wire_pair_int (out, "area", ctl->area);
        count++;
    }
    if (args->items) {
        wire_pair_int (out, "items", 1);
        count++;
    }
    if (args->day >= 0) {
        wire_pair_int (out, "day_from", args->day);
        wire_pair_int (out, "day_to", args->day);
        count += 2;
    } else if (days > 0) {
        wire_pair_int (out, "days", days);
        count++;
    }
    return count;
}

//  ---- Rates ----

static void s_percent (table_t *table, int64_t part, int64_t whole)
{
    char text[32];
    if (whole > 0) {
        snprintf (text, sizeof text, "%.2f %%", 100.0 * (double) part / (double) whole);
    }
    table_cell (table, whole > 0 ? text : "-");
}

//  "meter_no_answer 3, refused 1"
static void s_reasons (bytes_t row, char *text, size_t size)
{
    reader_t in;
    uint32_t count = wire_find (row, "reasons", &in) ? wire_get_map (&in) : 0;
    size_t used = 0;
    text[0] = 0;
    for (uint32_t i = 0; i < count && !in.failed && used < size; i++) {
        bytes_t name = wire_get_str (&in);
        uint64_t points = wire_get_uint (&in);
        int added = snprintf (text + used, size - used, "%s%.*s %" PRIu64, used ? ", " : "",
                              (int) name.size, (const char *) name.data, points);
        used += added > 0 ? (size_t) added : 0;
    }
}

static void s_rate_row (const ctl_t *ctl, table_t *table, bytes_t row)
{
    char text[512];
    int64_t due = wire_find_int (row, "due", 0);
    wire_find_text (row, "of", text, sizeof text);
    table_cell (table, text[0] ? text : ctl->account->by ? "-" : "all");
    snprintf (text, sizeof text, "%" PRId64, due);
    table_cell (table, text);
    s_percent (table, wire_find_int (row, "first", 0), due);
    s_percent (table, wire_find_int (row, "cycle", 0), due);
    s_percent (table, wire_find_int (row, "items_valid", 0), wire_find_int (row, "items", 0));
    s_percent (table, wire_find_int (row, "timely", 0), due);
    snprintf (text, sizeof text, "%" PRId64, due - wire_find_int (row, "cycle", 0));
    table_cell (table, text);
    snprintf (text, sizeof text, "%" PRId64, wire_find_int (row, "apart", 0));
    table_cell (table, text);
    s_reasons (row, text, sizeof text);
    table_cell (table, text[0] ? text : "-");
}

static const char *const s_rate_heads[] = {"of",     "due",  "first", "cycle",  "complete",
                                           "timely", "gaps", "apart", "reasons"};

static void s_ask_rate (const ctl_t *ctl, writer_t *body, uint64_t from)
{
    size_t mark = wire_open_map (body);
    uint32_t count = s_put_filter (ctl, DAYS_USUAL, body);
    wire_pair_uint (body, "from", from);
    wire_close_map (body, mark, count + 1);
}

static void s_show_rate (const ctl_t *ctl, bytes_t row, table_t *table, json_t *json)
{
    if (json) {
        show_object (json, row);
    } else {
        s_rate_row (ctl, table, row);
    }
}

int ctl_rate (ctl_t *ctl)
{
    paged_t paged = {.ctl = ctl,
                     .word = "RATE",
                     .key = "rates",
                     .ask = s_ask_rate,
                     .row = s_show_rate,
                     .heads = s_rate_heads,
                     .columns = sizeof s_rate_heads / sizeof *s_rate_heads};
    return ctl_paged (&paged);
}

//  ---- Failures in a row ----

static void s_ask_failures (const ctl_t *ctl, writer_t *body, uint64_t from)
{
    size_t mark = wire_open_map (body);
    uint32_t count = s_put_filter (ctl, 0, body);
    if (ctl->account->in_a_row) {
        wire_pair_int (body, "in_a_row", ctl->account->in_a_row);
        count++;
    }
    wire_pair_uint (body, "from", from);
    wire_close_map (body, mark, count + 1);
}

static void s_show_failure (const ctl_t *ctl, bytes_t row, table_t *table, json_t *json)
{
    char text[64];
    (void) ctl;
    if (json) {
        show_object (json, row);
        return;
    }
    wire_find_text (row, "terminal", text, sizeof text);
    table_cell (table, text);
    snprintf (text, sizeof text, "%" PRId64, wire_find_int (row, "mp", 0));
    table_cell (table, text);
    snprintf (text, sizeof text, "%" PRId64, wire_find_int (row, "in_a_row", 0));
    table_cell (table, text);
    clock_local_text (wire_find_int (row, "since_ms", 0), text, sizeof text);
    text[16] = 0;
    table_cell (table, text);
    wire_find_text (row, "reason", text, sizeof text);
    table_cell (table, text);
}

static const char *const s_failure_heads[] = {"terminal", "mp", "in a row", "since", "reason"};

int ctl_gap_failures (ctl_t *ctl)
{
    paged_t paged = {.ctl = ctl,
                     .word = "FAILURES",
                     .key = "failures",
                     .ask = s_ask_failures,
                     .row = s_show_failure,
                     .heads = s_failure_heads,
                     .columns = sizeof s_failure_heads / sizeof *s_failure_heads};
    return ctl_paged (&paged);
}

//  ---- Gaps ----

typedef struct {
    ctl_t *ctl;                //  The command
    int code;                  //  How it ended
    int64_t rows;              //  Shown
    uint8_t place[PLACE_MAX];  //  Where the next page begins
    size_t place_size;         //  0: at the beginning, or there is none
} pages_t;

static bool s_page (pages_t *self, answer_t *answer)
{
    uint8_t bytes[REQUEST_MAX];
    writer_t body = writer_of (bytes, sizeof bytes);
    int64_t left = self->ctl->limit > 0 ? self->ctl->limit - self->rows : PAGE_ROWS;
    size_t mark = wire_open_map (&body);
    uint32_t count = s_put_filter (self->ctl, DAYS_USUAL, &body);
    wire_pair_int (&body, "limit", left < PAGE_ROWS ? left : PAGE_ROWS);
    if (self->place_size) {
        wire_put_text (&body, "place");
        wire_put_bin (&body, bytes_of (self->place, self->place_size));
        count++;
    }
    wire_close_map (&body, mark, count + 1);
    self->code = ctl_ask (self->ctl, "GAPS", writer_bytes (&body), answer);
    return self->code == 0;
}

static void s_gap_cell (table_t *table, reader_t *in, unsigned column)
{
    char text[64];
    if (wire_peek (in) == WIRE_STR) {
        bytes_t said = wire_get_str (in);
        snprintf (text, sizeof text, "%.*s", (int) said.size, (const char *) said.data);
    } else {
        int64_t number = wire_get_int (in);
        if (column == 4 || (column == 11 && number)) {
            clock_local_text (number, text, sizeof text);
            text[16] = 0;
        } else {
            snprintf (text, sizeof text, column == 11 ? "-" : "%" PRId64, number);
        }
    }
    table_cell (table, text);
}

static const char *const s_gap_heads[] = {"task", "number", "terminal", "mp",
                                          "slot", "reason", "error",    "code",
                                          "runs", "valid",  "items",    "next run"};
#define GAP_COLUMNS (sizeof s_gap_heads / sizeof *s_gap_heads)

//  Every page: as one table, or into the open JSON array.
static void s_gap_pages (pages_t *self, json_t *json)
{
    table_t *table = json ? NULL : table_new (GAP_COLUMNS);
    for (size_t i = 0; table && i < GAP_COLUMNS; i++) {
        table_head (table, s_gap_heads[i]);
    }
    do {
        answer_t answer;
        reader_t in, next;
        if (!s_page (self, &answer) || !wire_find (answer.body, "gaps", &in)) {
            break;
        }
        bytes_t place =
            wire_find (answer.body, "next", &next) ? wire_get_bin (&next) : bytes_of (NULL, 0);
        self->place_size = place.size <= PLACE_MAX ? place.size : 0;
        if (self->place_size) {
            memcpy (self->place, place.data, self->place_size);
        }
        uint32_t rows = wire_get_array (&in);
        self->rows += rows;
        for (; rows > 0 && !in.failed; rows--) {
            if (json) {
                json_wire (json, &in);
                continue;
            }
            uint32_t columns = wire_get_array (&in);
            for (unsigned i = 0; i < columns; i++) {
                s_gap_cell (table, &in, i);
            }
        }
        if (table) {
            table_print (table, 0);
        }
    } while (self->place_size && !ctl_interrupted () &&
             (self->ctl->limit <= 0 || self->rows < self->ctl->limit));
    if (table) {
        table_destroy (&table);
    }
}

static void s_json_gaps (void *arg, json_t *json)
{
    json_object (json);
    json_key (json, "gaps");
    json_array (json);
    s_gap_pages (arg, json);
    json_array_end (json);
    json_object_end (json);
}

int ctl_gap_list (ctl_t *ctl)
{
    pages_t pages = {.ctl = ctl};
    if (ctl->json) {
        show_json (s_json_gaps, &pages);
    } else {
        s_gap_pages (&pages, NULL);
        if (!pages.code && !pages.rows) {
            printf ("nothing is missing\n");
        }
    }
    return pages.code;
}

int ctl_gap_reread (ctl_t *ctl)
{
    uint8_t bytes[REQUEST_MAX];
    writer_t body = writer_of (bytes, sizeof bytes);
    answer_t answer;
    size_t mark = wire_open_map (&body);
    uint32_t count = s_put_filter (ctl, DAYS_USUAL, &body);
    wire_pair_text (&body, "who", ctl_who (ctl));
    wire_close_map (&body, mark, count + 1);
    int code = ctl_ask (ctl, "REREAD", writer_bytes (&body), &answer);
    if (code) {
        return code;
    }
    if (ctl->json) {
        show_json_map (answer.body);
    } else {
        printf ("%" PRId64 " points of %" PRId64 " slots are asked again%s\n",
                wire_find_int (answer.body, "points", 0), wire_find_int (answer.body, "slots", 0),
                wire_find_int (answer.body, "more", 0) ? "; there are more: say it again" : "");
    }
    return 0;
}
