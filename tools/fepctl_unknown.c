//  Commands about terminals that are not in the archive, and about connections that claim to be another one:
//  unknown list, unknown create, duplicates.
#include "fep/clock.h"
#include "fep/wire.h"
#include "tools/explain.h"
#include "tools/fepctl.h"
#include "tools/show.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define REQUEST_MAX 512  //  Bytes of a question
#define PAGE_ROWS 200    //  Rows asked for at a time

//  A list of the door, page by page.
typedef struct list list_t;
struct list {
    ctl_t *ctl;                                             //  The command
    const char *word;                                       //  The verb
    const char *key;                                        //  Of the rows
    void (*row) (list_t *self, bytes_t row, json_t *json);  //  Prints one; json NULL: for people
    explain_t *explain;                                     //  For frames, or NULL
    size_t rows;                                            //  Seen
    int code;                                               //  How it ended
};

static int s_page (list_t *self, uint64_t *from, json_t *json)
{
    uint8_t bytes[REQUEST_MAX];
    writer_t body = writer_of (bytes, sizeof bytes);
    answer_t answer;
    reader_t rows;
    wire_put_map (&body, 2);
    wire_pair_uint (&body, "from", *from);
    wire_pair_uint (&body, "limit", PAGE_ROWS);
    int code = ctl_ask (self->ctl, self->word, writer_bytes (&body), &answer);
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
            self->row (self, bytes_of (rows.data + start, rows.pos - start), json);
            self->rows++;
        }
    }
    int64_t next = wire_find_int (answer.body, "next", 0);
    *from = next > 0 && (uint64_t) next > *from ? (uint64_t) next : 0;
    return 0;
}

static void s_pages (list_t *self, json_t *json)
{
    uint64_t from = 0;
    do {
        self->code = s_page (self, &from, json);
    } while (from && !self->code && !ctl_interrupted ());
}

static void s_write_pages (void *arg, json_t *json)
{
    list_t *self = arg;
    json_object (json);
    json_key (json, self->key);
    json_array (json);
    s_pages (self, json);
    json_array_end (json);
    json_object_end (json);
}

static int s_list (list_t *self)
{
    if (self->ctl->json) {
        show_json (s_write_pages, self);
    } else {
        s_pages (self, NULL);
        if (!self->code && !self->rows) {
            printf ("none\n");
        }
    }
    return self->code;
}

static bytes_t s_bin (bytes_t row, const char *key)
{
    reader_t in;
    return wire_find (row, key, &in) ? wire_get_bin (&in) : bytes_of (NULL, 0);
}

//  ---- unknown list ----

static void s_frame_json (list_t *self, bytes_t row, const char *listener, const char *codec,
                          const char *key, const char *explained, json_t *json)
{
    bytes_t text = explain_frame (self->explain, listener, codec, true, s_bin (row, key));
    json_key (json, explained);
    if (text.size) {
        show_raw_json (json, text);
    } else {
        json_null (json);
    }
}

static void s_unknown_row (list_t *self, bytes_t row, json_t *json)
{
    char address[64], peer[80], listener[40], codec[40], first[48], last[48];
    reader_t held;
    wire_find_text (row, "address", address, sizeof address);
    wire_find_text (row, "peer", peer, sizeof peer);
    wire_find_text (row, "listener", listener, sizeof listener);
    wire_find_text (row, "codec", codec, sizeof codec);
    if (json) {
        json_object (json);
        show_pairs (json, row);
        s_frame_json (self, row, listener, codec, "first", "first_explain", json);
        s_frame_json (self, row, listener, codec, "last", "last_explain", json);
        json_object_end (json);
        return;
    }
    clock_local_text (wire_find_int (row, "first_ms", 0), first, sizeof first);
    clock_local_text (wire_find_int (row, "last_ms", 0), last, sizeof last);
    bool is_held = wire_find (row, "held", &held) && wire_get_bool (&held);
    printf ("%s  from %s by %s (%s)%s\n", address, peer, listener, codec,
            is_held ? ", held now" : "");
    printf ("  first %s, last %s, sessions %" PRId64 "\n", first, last,
            wire_find_int (row, "sessions", 0));
    bytes_t one = s_bin (row, "first"), other = s_bin (row, "last");
    printf ("  first frame\n");
    explain_print (self->explain, listener, codec, true, one, 4);
    if (!bytes_equal (one, other)) {
        printf ("  last frame\n");
        explain_print (self->explain, listener, codec, true, other, 4);
    }
}

int ctl_unknown_list (ctl_t *ctl)
{
    list_t list = {.ctl = ctl,
                   .word = "UNKNOWN",
                   .key = "terminals",
                   .row = s_unknown_row,
                   .explain = ctl_explain (ctl)};
    int code = s_list (&list);
    explain_destroy (&list.explain);
    return code;
}

//  ---- unknown create ----

static void s_write_answer (void *arg, json_t *json)
{
    const bytes_t *map = arg;
    json_object (json);
    show_pairs (json, *map);
    json_object_end (json);
}

int ctl_unknown_create (ctl_t *ctl)
{
    uint8_t bytes[REQUEST_MAX];
    writer_t body = writer_of (bytes, sizeof bytes);
    answer_t answer;
    reader_t admitted;
    wire_put_map (&body, 5);
    wire_pair_text (&body, "terminal", ctl->terminal);
    wire_pair_text (&body, "name", ctl->name);
    wire_pair_int (&body, "area", ctl->area);
    wire_pair_int (&body, "heartbeat_s", ctl->heartbeat < 0 ? 0 : ctl->heartbeat);
    wire_pair_text (&body, "who", ctl_who (ctl));
    int code = ctl_ask (ctl, "CREATE", writer_bytes (&body), &answer);
    if (code) {
        return code;
    }
    if (ctl->json) {
        show_json (s_write_answer, &answer.body);
        return 0;
    }
    bool is_admitted = wire_find (answer.body, "admitted", &admitted) && wire_get_bool (&admitted);
    printf ("%s is in the archive under number %" PRId64 "%s\n", ctl->terminal,
            wire_find_int (answer.body, "number", 0),
            is_admitted ? "; its session is admitted" : "");
    return 0;
}

//  ---- duplicates ----

static void s_collision_row (list_t *self, bytes_t row, json_t *json)
{
    char terminal[64], old_peer[80], new_peer[80], kept[16], reason[32], last[48];
    reader_t same;
    (void) self;
    if (json) {
        show_object (json, row);
        return;
    }
    wire_find_text (row, "terminal", terminal, sizeof terminal);
    wire_find_text (row, "old_peer", old_peer, sizeof old_peer);
    wire_find_text (row, "new_peer", new_peer, sizeof new_peer);
    wire_find_text (row, "kept", kept, sizeof kept);
    wire_find_text (row, "reason", reason, sizeof reason);
    clock_local_text (wire_find_int (row, "last_ms", 0), last, sizeof last);
    bool same_host = wire_find (row, "same_host", &same) && wire_get_bool (&same);
    printf ("%s  %s was connected, %s came: the %s one was kept (%s)\n", terminal, old_peer,
            new_peer, kept, reason);
    printf ("  %" PRId64 " times, last at %s%s\n", wire_find_int (row, "count", 0), last,
            same_host ? "; the same host: it came again, or both stand behind one router" : "");
}

int ctl_duplicates (ctl_t *ctl)
{
    list_t list = {.ctl = ctl, .word = "DUPLICATES", .key = "collisions", .row = s_collision_row};
    return s_list (&list);
}
