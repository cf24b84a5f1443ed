//  Commands over committed messages and publications: fetch, feed tail, trace.
#include "fep/clock.h"
#include "fep/wire.h"
#include "tools/fepctl.h"
#include "tools/show.h"
#include <inttypes.h>
#include <stdio.h>

#define WAIT_MS 200          //  Between looks at the clock and at Ctrl-C
#define TAIL_TOPICS_MAX 256  //  Topics whose gaps are told; others are printed all the same

//  One message on its way to the screen.
typedef struct {
    const char *topic;  //  NULL for FETCH
    uint64_t sequence;  //  Its commit
    uint32_t index;     //  Its place there
    bytes_t packed;     //  It
} line_t;

static void s_write_line (void *arg, json_t *json)
{
    const line_t *line = arg;
    json_object (json);
    if (line->topic) {
        json_pair_text (json, "topic", line->topic);
    }
    json_key (json, "sequence");
    json_uint (json, line->sequence);
    json_pair_int (json, "index", line->index);
    json_key (json, "message");
    show_message_json (json, line->packed);
    json_object_end (json);
}

static void s_print_line (const ctl_t *ctl, line_t *line)
{
    if (ctl->json) {
        show_json (s_write_line, line);
    } else {
        char where[128];
        snprintf (where, sizeof where, "%s%s%" PRIu64 "/%u", line->topic ? line->topic : "",
                  line->topic ? "  " : "", line->sequence, line->index);
        if (!show_message (where, line->packed)) {
            printf ("%s  (cannot be read)\n", where);
        }
    }
    fflush (stdout);
}

//  Prints the messages of a commit until *left is used up.
static void s_print_messages (const ctl_t *ctl, const char *topic, uint64_t sequence, bytes_t body,
                              int64_t *left)
{
    fetch_messages_t messages = fetch_messages (body);
    line_t line = {.topic = topic, .sequence = sequence};
    while (*left && fetch_message (&messages, &line.index, &line.packed) == FEP_OK) {
        s_print_line (ctl, &line);
        *left -= *left > 0;
    }
}

//  --- Fetch

//  Where to begin once the journal turned out to begin later. A position somebody asked for is not
//  replaced.
static int s_trimmed (const ctl_t *ctl, const fetch_page_t *page, uint64_t *from)
{
    if (page->first <= *from) {
        return ctl_no_answer (ctl, FEP_CORRUPT);
    }
    if (ctl->from >= 0) {
        fprintf (stderr, "fepctl: TRIMMED: the journal begins at %" PRIu64 "\n", page->first);
        return 1;
    }
    *from = page->first;
    return 0;
}

//  One page from *from on; *done behind the last.
static int s_fetch_page (ctl_t *ctl, const fetch_filter_t *filter, uint64_t *from, int64_t *left,
                         bool *done)
{
    answer_t answer;
    fetch_page_t page;
    fep_err_t error = fetch_page (ctl->client, filter, *from, 0, ctl->timeout_ms, &answer, &page);
    if (error) {
        return ctl_no_answer (ctl, error);
    }
    if (answer.failed) {
        return ctl_refused (&answer);
    }
    if (page.trimmed) {
        return s_trimmed (ctl, &page, from);
    }
    uint64_t sequence = 0;
    bytes_t messages = {0};
    while (*left && fetch_commit (&page, &sequence, &messages) == FEP_OK) {
        s_print_messages (ctl, NULL, sequence, messages, left);
    }
    if (page.next <= *from && page.next <= page.head) {
        return ctl_no_answer (ctl, FEP_CORRUPT);
    }
    *from = page.next;
    *done = page.next > page.head || !*left;
    return 0;
}

int ctl_fetch (ctl_t *ctl)
{
    fetch_filter_t filter = {.area = (int) ctl->area};
    snprintf (filter.kind, sizeof filter.kind, "%s", ctl->kind ? ctl->kind : "");
    snprintf (filter.terminal, sizeof filter.terminal, "%s", ctl->terminal ? ctl->terminal : "");
    uint64_t from = ctl->from >= 0 ? (uint64_t) ctl->from : 1;
    int64_t left = ctl->limit;
    int code = 0;
    for (bool done = false; !done && !code && !ctl_interrupted ();) {
        code = s_fetch_page (ctl, &filter, &from, &left, &done);
    }
    return code;
}

//  --- Feed tail

typedef struct {
    char name[CLIENT_TOPIC_MAX + 1];  //  Topic
    uint64_t epoch;                   //  Of its last publication
    uint64_t last;                    //  Its sequence
} tail_topic_t;

typedef struct {
    tail_topic_t topics[TAIL_TOPICS_MAX];  //  In order of appearance
    size_t count;                          //  Of them
} tail_t;

//  A gap is told, not healed: this is a look at the feed as it is.
static void s_tell_gap (tail_t *tail, const publication_t *seen)
{
    size_t i = 0;
    while (i < tail->count && strcmp (tail->topics[i].name, seen->topic) != 0) {
        i++;
    }
    if (i == tail->count) {
        if (i == TAIL_TOPICS_MAX) {
            return;
        }
        memcpy (tail->topics[i].name, seen->topic, sizeof seen->topic);
        tail->count++;
    } else if (tail->topics[i].epoch == seen->epoch && seen->prev > tail->topics[i].last) {
        fprintf (stderr, "%s: gap behind %" PRIu64 "; heal: fepctl fetch --from %" PRIu64 "\n",
                 seen->topic, tail->topics[i].last, tail->topics[i].last + 1);
    }
    uint64_t last = seen->kind == PUBLICATION_TICK ? seen->prev : seen->sequence;
    tail->topics[i].epoch = seen->epoch;
    tail->topics[i].last = last;
}

static void s_write_note (void *arg, json_t *json)
{
    const publication_t *note = arg;
    char time[48];
    clock_local_text (note->time_ms, time, sizeof time);
    json_object (json);
    json_pair_text (json, "topic", note->topic);
    json_pair_text (json, "time", time);
    json_key (json, "note");
    json_object (json);
    show_pairs (json, note->body);
    json_object_end (json);
    json_object_end (json);
}

static void s_print_note (const ctl_t *ctl, publication_t *note)
{
    if (ctl->json) {
        show_json (s_write_note, note);
    } else {
        char time[48];
        clock_local_text (note->time_ms, time, sizeof time);
        printf ("%s  %s\n", note->topic, time);
        show_map (note->body);
    }
    fflush (stdout);
}

int ctl_feed_tail (ctl_t *ctl)
{
    static tail_t tail;
    if (ctl->name_count == 0) {
        client_subscribe (ctl->client, "");
    }
    for (size_t i = 0; i < ctl->name_count; i++) {
        client_subscribe (ctl->client, ctl->names[i]);
    }
    int64_t until = ctl->seconds > 0 ? clock_mono_ms () + ctl->seconds * 1000 : INT64_MAX;
    int64_t left = ctl->limit;
    while (left && !ctl_interrupted () && clock_mono_ms () < until) {
        publication_t seen;
        fep_err_t error = client_next (ctl->client, WAIT_MS, &seen);
        if (error == FEP_TIMEOUT || error == FEP_STOPPING) {
            continue;
        }
        if (error) {
            return ctl_no_answer (ctl, error);
        }
        if (seen.kind == PUBLICATION_NOTE) {
            s_print_note (ctl, &seen);
            left -= left > 0;
            continue;
        }
        s_tell_gap (&tail, &seen);
        if (seen.kind == PUBLICATION_DATA) {
            s_print_messages (ctl, seen.topic, seen.sequence, seen.body, &left);
        }
    }
    return 0;
}

//  --- Trace

static int s_ask_trace (ctl_t *ctl, int64_t seconds, answer_t *answer)
{
    uint8_t bytes[128];
    writer_t body = writer_of (bytes, sizeof bytes);
    wire_put_map (&body, 2);
    wire_pair_text (&body, "terminal", ctl->terminal);
    wire_pair_int (&body, "seconds", seconds);
    return ctl_ask (ctl, "TRACE", writer_bytes (&body), answer);
}

static bool s_find_bool (bytes_t map, const char *key)
{
    reader_t value;
    return wire_find (map, key, &value) && wire_get_bool (&value);
}

static bytes_t s_find_bytes (bytes_t map, const char *key)
{
    reader_t value;
    return wire_find (map, key, &value) ? wire_get_bin (&value) : bytes_of (NULL, 0);
}

//  The codec's fields as the daemon wrote them, if it did.
static bool s_is_json (bytes_t text)
{
    return text.size >= 2 && text.data[0] == '{' && text.data[text.size - 1] == '}';
}

static void s_write_frame (void *arg, json_t *json)
{
    bytes_t body = *(const bytes_t *) arg;
    bytes_t explain = s_find_bytes (body, "explain");
    char text[128];
    json_object (json);
    clock_local_text (wire_find_int (body, "time_ms", 0), text, sizeof text);
    json_pair_text (json, "time", text);
    static const char *const texts[] = {"direction", "peer", "codec"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (wire_find_text (body, texts[i], text, sizeof text)) {
            json_pair_text (json, texts[i], text);
        }
    }
    int64_t session = wire_find_int (body, "session", -1);
    if (session >= 0) {
        json_pair_int (json, "session", session);
    }
    bool ok = s_find_bool (body, "ok");
    json_pair_bool (json, "ok", ok);
    if (!ok && wire_find_text (body, "reason", text, sizeof text)) {
        json_pair_text (json, "reason", text);
    }
    json_pair_hex (json, "hex", s_find_bytes (body, "hex"));
    if (s_is_json (explain)) {
        json_key (json, "explain");
        show_raw_json (json, explain);
    }
    json_object_end (json);
}

static void s_print_frame (bytes_t body)
{
    char time[48], direction[8] = "", peer[64] = "", reason[32] = "";
    clock_local_text (wire_find_int (body, "time_ms", 0), time, sizeof time);
    wire_find_text (body, "direction", direction, sizeof direction);
    wire_find_text (body, "peer", peer, sizeof peer);
    wire_find_text (body, "reason", reason, sizeof reason);
    bytes_t frame = s_find_bytes (body, "hex");
    bytes_t explain = s_find_bytes (body, "explain");
    printf ("%s  %-4s  %s\n   ", time, direction, peer);
    for (size_t i = 0; i < frame.size; i++) {
        printf (" %02x", frame.data[i]);
    }
    if (!s_find_bool (body, "ok")) {
        fep_err_t error = FEP_OK;
        while (error < FEP_ERR_COUNT && strcmp (fep_err_name (error), reason) != 0) {
            error++;
        }
        printf ("\n    refused: %s: %s\n", reason, fep_err_text (error));
    } else {
        printf ("\n    %.*s\n", (int) explain.size, (const char *) explain.data);
    }
}

//  Prints until the daemon's own end, the time here is over, or Ctrl-C.
static int s_follow_trace (ctl_t *ctl, const char *topic, int64_t until_ms)
{
    int64_t end = clock_mono_ms () + ctl->seconds * 1000;
    while (!ctl_interrupted () && clock_mono_ms () < end && clock_wall_ms () < until_ms) {
        publication_t seen;
        fep_err_t error = client_next (ctl->client, WAIT_MS, &seen);
        if (error == FEP_TIMEOUT || error == FEP_STOPPING) {
            continue;
        }
        if (error) {
            return ctl_no_answer (ctl, error);
        }
        if (seen.kind == PUBLICATION_NOTE && strcmp (seen.topic, topic) == 0) {
            if (ctl->json) {
                show_json (s_write_frame, &seen.body);
            } else {
                s_print_frame (seen.body);
            }
            fflush (stdout);
        }
    }
    return 0;
}

int ctl_trace (ctl_t *ctl)
{
    char topic[CLIENT_TOPIC_MAX + 1];
    snprintf (topic, sizeof topic, "trace/%s", ctl->terminal);
    client_subscribe (ctl->client, topic);
    answer_t answer;
    int code = s_ask_trace (ctl, ctl->seconds, &answer);
    if (code) {
        return code;
    }
    int64_t until_ms = wire_find_int (answer.body, "until_ms", INT64_MAX);
    code = s_follow_trace (ctl, topic, until_ms);
    int off = s_ask_trace (ctl, 0, &answer);
    return code ? code : off;
}
