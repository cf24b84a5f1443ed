//  fepctl terminal show: why is it silent. A sentence first, then the last frames, then all that is known.
#include "fep/clock.h"
#include "fep/wire.h"
#include "tools/explain.h"
#include "tools/fepctl.h"
#include "tools/show.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define REQUEST_MAX 256  //  Bytes of the question
#define REST_MAX 65536   //  Bytes of the answer
#define VALUE_TIME 3     //  Place in a row of LATEST

//  Shown in a way of their own; the latter ones to people only.
static const char *const s_own[] = {"why",          "last_frames",   "first",  "last",
                                    "token",        "session_today", "now_ms", "day",
                                    "online_slots", "day_slots"};
#define OWN_JSON 5
#define OWN_ALL (sizeof s_own / sizeof s_own[0])

typedef struct {
    const ctl_t *ctl;    //  The command
    explain_t *explain;  //  For frames
    bytes_t body;        //  The answer
    char listener[40];   //  Where it came in
    int64_t
        value_ms;  //  Instant of the latest value known, if no reading came since the start; 0 = none
} page_t;

static bool s_is_own (bytes_t key, size_t own)
{
    for (size_t i = 0; i < own; i++) {
        if (bytes_equal (key, bytes_text (s_own[i]))) {
            return true;
        }
    }
    return false;
}

//  The answer without those.
static bytes_t s_rest (bytes_t body, size_t own)
{
    static uint8_t memory[REST_MAX];
    writer_t out = writer_of (memory, sizeof memory);
    reader_t in = reader_of (body);
    uint32_t pairs = wire_get_map (&in), kept = 0;
    size_t mark = wire_open_map (&out);
    while (pairs-- > 0 && !in.failed) {
        size_t start = in.pos;
        bytes_t key = wire_get_str (&in);
        wire_skip (&in);
        if (!in.failed && !s_is_own (key, own)) {
            writer_put (&out, in.data + start, in.pos - start);
            kept++;
        }
    }
    wire_close_map (&out, mark, kept);
    return out.failed ? bytes_of (NULL, 0) : writer_bytes (&out);
}

static bytes_t s_bin (bytes_t map, const char *key)
{
    reader_t in;
    return wire_find (map, key, &in) ? wire_get_bin (&in) : bytes_of (NULL, 0);
}

//  ---- Frames ----

//  The next row of last_frames; false at the end.
static bool s_next (reader_t *rows, uint32_t *count, bytes_t *row)
{
    size_t start = rows->pos;
    if (!*count) {
        return false;
    }
    (*count)--;
    wire_skip (rows);
    *row = bytes_of (rows->data + start, rows->pos - start);
    return !rows->failed;
}

static bool s_rows (const page_t *self, reader_t *rows, uint32_t *count)
{
    *count = wire_find (self->body, "last_frames", rows) ? wire_get_array (rows) : 0;
    return *count > 0;
}

static void s_print_frames (const page_t *self)
{
    reader_t rows;
    uint32_t count;
    bytes_t row;
    if (s_rows (self, &rows, &count)) {
        printf ("last frames\n");
    }
    while (s_next (&rows, &count, &row)) {
        char direction[8], codec[40], reason[32], time[48];
        wire_find_text (row, "direction", direction, sizeof direction);
        wire_find_text (row, "codec", codec, sizeof codec);
        wire_find_text (row, "reason", reason, sizeof reason);
        clock_local_text (wire_find_int (row, "time_ms", 0), time, sizeof time);
        printf ("  %-4s  %s  %s  %s, %" PRId64 " bytes\n", direction, time, codec, reason,
                wire_find_int (row, "size", 0));
        explain_print (self->explain, self->listener, codec, strcmp (direction, "up") == 0,
                       s_bin (row, "bytes"), 8);
    }
}

//  Of a terminal that is not in the archive.
static void s_print_unknown_frames (const page_t *self)
{
    static const char *const keys[] = {"first", "last"};
    char codec[40];
    wire_find_text (self->body, "codec", codec, sizeof codec);
    for (size_t i = 0; i < 2; i++) {
        bytes_t bytes = s_bin (self->body, keys[i]);
        if (bytes.size) {
            printf ("%s frame\n", keys[i]);
            explain_print (self->explain, self->listener, codec, true, bytes, 8);
        }
    }
}

static void s_frames_json (const page_t *self, json_t *json)
{
    reader_t rows;
    uint32_t count;
    bytes_t row;
    json_key (json, "last_frames");
    json_array (json);
    (void) s_rows (self, &rows, &count);
    while (s_next (&rows, &count, &row)) {
        char direction[8], codec[40];
        wire_find_text (row, "direction", direction, sizeof direction);
        wire_find_text (row, "codec", codec, sizeof codec);
        bytes_t text = explain_frame (self->explain, self->listener, codec,
                                      strcmp (direction, "up") == 0, s_bin (row, "bytes"));
        json_object (json);
        show_pairs (json, row);
        json_key (json, "explain");
        if (text.size) {
            show_raw_json (json, text);
        } else {
            json_null (json);
        }
        json_object_end (json);
    }
    json_array_end (json);
}

//  ---- The page ----

//  "heartbeat 40 s ago, "; nothing if there was none.
static void s_print_age (const page_t *self, const char *key, const char *what)
{
    int64_t at_ms = wire_find_int (self->body, key, 0);
    int64_t age_s = (wire_find_int (self->body, "now_ms", 0) - at_ms) / 1000;
    if (at_ms && age_s < 600) {
        printf ("  %s %" PRId64 " s ago\n", what, age_s < 0 ? 0 : age_s);
    } else if (at_ms) {
        printf ("  %s %" PRId64 " h %" PRId64 " min ago\n", what, age_s / 3600, age_s / 60 % 60);
    } else {
        printf ("  no %s since the daemon started\n", what + 5);
    }
}

static void s_print_ages (const page_t *self)
{
    s_print_age (self, "last_rx_ms", "last byte");
    s_print_age (self, "last_heartbeat_ms", "last heartbeat");
    s_print_age (self, "last_reading_ms", "last reading");
    if (self->value_ms) {
        char time[48];
        clock_local_text (self->value_ms, time, sizeof time);
        printf ("  latest value known is of %s\n", time);
    }
}

static void s_write (void *arg, json_t *json)
{
    const page_t *self = arg;
    char why[300];
    json_object (json);
    if (wire_find_text (self->body, "why", why, sizeof why)) {
        json_pair_text (json, "why", why);
    }
    show_pairs (json, s_rest (self->body, OWN_JSON));
    if (s_bin (self->body, "first").size) {
        json_pair_hex (json, "first", s_bin (self->body, "first"));
        json_pair_hex (json, "last", s_bin (self->body, "last"));
    }
    s_frames_json (self, json);
    json_object_end (json);
}

static void s_print (const page_t *self)
{
    char why[300] = "";
    int64_t slots = wire_find_int (self->body, "day_slots", 0);
    wire_find_text (self->body, "why", why, sizeof why);
    printf ("%s  %s\n", self->ctl->terminal, why);
    if (slots > 0) {
        s_print_ages (self);
    }
    s_print_frames (self);
    s_print_unknown_frames (self);
    if (slots > 0) {
        int64_t on = wire_find_int (self->body, "online_slots", 0);
        printf ("online today  %.1f%% (%" PRId64 " of %" PRId64 " slots of 5 minutes)\n",
                100.0 * (double) on / (double) slots, on, slots);
    }
    show_map (s_rest (self->body, OWN_ALL));
}

struct explain *ctl_explain (ctl_t *ctl)
{
    answer_t answer;
    fep_err_t error =
        client_request (ctl->client, "CONFIG", bytes_of (NULL, 0), ctl->timeout_ms, &answer);
    return explain_new (error || answer.failed ? bytes_of (NULL, 0) : answer.body);
}

//  Newest instant of the latest values, first page.
static int64_t s_value_ms (ctl_t *ctl, bytes_t request)
{
    answer_t answer;
    reader_t rows;
    int64_t newest_ms = 0;
    if (client_request (ctl->client, "LATEST", request, ctl->timeout_ms, &answer) ||
        answer.failed || !wire_find (answer.body, "values", &rows)) {
        return 0;
    }
    for (uint32_t count = wire_get_array (&rows); count > 0 && !rows.failed; count--) {
        uint32_t fields = wire_get_array (&rows);
        for (uint32_t i = 0; i < fields; i++) {
            if (i == VALUE_TIME) {
                int64_t time_ms = wire_get_int (&rows);
                newest_ms = time_ms > newest_ms ? time_ms : newest_ms;
            } else {
                wire_skip (&rows);
            }
        }
    }
    return newest_ms;
}

int ctl_terminal_show (ctl_t *ctl)
{
    uint8_t bytes[REQUEST_MAX];
    writer_t body = writer_of (bytes, sizeof bytes);
    page_t page = {.ctl = ctl, .explain = ctl_explain (ctl)};
    answer_t answer;
    wire_put_map (&body, 1);
    wire_pair_text (&body, "terminal", ctl->terminal);
    int code = ctl_ask (ctl, "TERMINAL", writer_bytes (&body), &answer);
    if (!code) {
        static uint8_t copy[REST_MAX];
        size_t size = answer.body.size < sizeof copy ? answer.body.size : sizeof copy;
        memcpy (copy, answer.body.data, size);
        page.body = bytes_of (copy, size);
        if (wire_find_int (page.body, "last_reading_ms", -1) == 0) {
            page.value_ms = s_value_ms (ctl, writer_bytes (&body));
        }
        wire_find_text (page.body, "listener", page.listener, sizeof page.listener);
        if (ctl->json) {
            show_json (s_write, &page);
        } else {
            s_print (&page);
        }
    }
    explain_destroy (&page.explain);
    return code;
}
