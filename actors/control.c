//  Control: admission and directory of terminals, and the door where requests come in.
//
//  Words it takes from other actors: HELLO (makes a DEALER known), LINK (a terminal came or went), ANSWER (to be
//  handed to a client). The door's verbs stand in fep/door.def and are answered in control_door.c.
//  An unknown terminal is held: never told "welcome", closed after a while. A terminal that connects again takes
//  over: its older session is closed as REPLACED.
#include "actors/control.h"
#include "fep/clock.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include <stdlib.h>
#include <string.h>

#define RETRY_US 5000  //  While mail waits for room
#define TEXT_MAX 63

static void s_mail (control_t *self, const char *connector, const char *word, const writer_t *body)
{
    mailq_send (&self->mail, self->actor, self->inside, bytes_text (connector), word,
                writer_bytes (body));
}

static void s_hold (control_t *self, const char *connector, int64_t session, const char *address,
                    const char *peer)
{
    uint8_t memory[64];
    writer_t out = writer_of (memory, sizeof memory);
    wire_put_map (&out, 1);
    wire_pair_int (&out, "session", session);
    s_mail (self, connector, WORD_HOLD, &out);
    metric_add (METRIC_unknown_terminals, 1);
    log_line (LEVEL_WARNING, "TERMINAL-UNKNOWN", "terminal=%s peer=%s", address, peer);
}

static void s_replace (control_t *self, presence_t *presence, const char *address, const char *peer)
{
    uint8_t memory[64];
    writer_t out = writer_of (memory, sizeof memory);
    wire_put_map (&out, 1);
    wire_pair_int (&out, "session", presence->session);
    s_mail (self, presence->connector, WORD_CLOSE, &out);
    presence->replaced++;
    metric_add (METRIC_replaced, 1);
    log_line (LEVEL_INFO, "TERMINAL-REPLACED", "terminal=%s old=%s new=%s", address, presence->peer,
              peer);
}

static void s_admit (control_t *self, const terminal_t *terminal, const char *connector,
                     int64_t session, const char *peer)
{
    presence_t *presence = directory_use (self->directory, terminal->number);
    uint8_t memory[512];
    writer_t out = writer_of (memory, sizeof memory);
    if (presence->session >= 0) {
        s_replace (self, presence, terminal->address, peer);
    }
    directory_up (self->directory, presence, connector, session, peer, clock_wall_ms ());
    wire_put_map (&out, 9);
    wire_pair_int (&out, "session", session);
    wire_pair_uint (&out, "number", terminal->number);
    wire_pair_text (&out, "address", terminal->address);
    wire_pair_uint (&out, "area", terminal->area);
    wire_pair_int (&out, "heartbeat_ms", (int64_t) terminal->heartbeat_s * 1000);
    wire_pair_uint (&out, "frame_gap_ms", terminal->frame_gap_ms);
    wire_pair_uint (&out, "answer_timeout_ms", terminal->answer_timeout_ms);
    wire_pair_text (&out, "heartbeat", terminal->heartbeat);
    wire_pair_int (&out, "trace_until_ms", presence->trace_until_ms);
    FEP_ASSERT (!out.failed);
    s_mail (self, connector, WORD_ADMIT, &out);
    control_plan (self, terminal->number, true);
    metric_add (METRIC_admitted, 1);
}

//  Adds what an ended session counted to what the terminal's earlier ones did.
static void s_account (presence_t *presence, bytes_t body)
{
    reader_t refused;
    presence->frames += (uint64_t) wire_find_int (body, "frames", 0);
    presence->rx_bytes += (uint64_t) wire_find_int (body, "rx_bytes", 0);
    if (!wire_find (body, "refused", &refused)) {
        return;
    }
    bytes_t map = bytes_of (refused.data + refused.pos, reader_left (&refused));
    for (int i = 1; i < FEP_ERR_COUNT; i++) {
        presence->refused[i] += (uint64_t) wire_find_int (map, fep_err_name ((fep_err_t) i), 0);
    }
}

static void s_sender_name (actor_t *actor, char name[32])
{
    bytes_t sender = actor_sender (actor);
    size_t size = sender.size < 31 ? sender.size : 31;
    memcpy (name, sender.data, size);
    name[size] = 0;
}

static fep_err_t s_on_link (void *arg, actor_t *actor, bytes_t body)
{
    control_t *self = arg;
    char connector[32], address[ADDRESS_MAX + 1] = "", peer[TEXT_MAX + 1] = "", reason[32] = "";
    reader_t up;
    int64_t session = wire_find_int (body, "session", -1);
    s_sender_name (actor, connector);
    wire_find_text (body, "address", address, sizeof address);
    wire_find_text (body, "peer", peer, sizeof peer);
    if (session < 0 || !wire_find (body, "up", &up)) {
        return FEP_CORRUPT;
    }
    const terminal_t *terminal =
        archive_find (actor_context (actor)->archive, bytes_text (address));
    if (wire_get_bool (&up)) {
        if (terminal) {
            s_admit (self, terminal, connector, session, peer);
        } else {
            s_hold (self, connector, session, address, peer);
        }
        return FEP_OK;
    }
    //  A terminal may have left the archive while it was connected.
    int64_t number = wire_find_int (body, "number", terminal ? terminal->number : 0);
    if (number > 0 && number <= ARCHIVE_NUMBERS_MAX) {
        presence_t *presence = directory_use (self->directory, (uint32_t) number);
        wire_find_text (body, "reason", reason, sizeof reason);
        s_account (presence, body);
        if (directory_down (self->directory, presence, connector, session, reason,
                            clock_wall_ms ())) {
            control_plan (self, (uint32_t) number, false);
        }
    }
    return FEP_OK;
}

//  Another actor has answered what a client asked.
static fep_err_t s_on_answer (void *arg, actor_t *actor, bytes_t body)
{
    control_t *self = arg;
    reader_t client, inner;
    char word[32];
    (void) actor;
    if (!wire_find (body, "client", &client) || !wire_find (body, "body", &inner) ||
        !wire_find_text (body, "word", word, sizeof word)) {
        return FEP_CORRUPT;
    }
    bytes_t who = wire_get_bin (&client);
    bytes_t what = wire_get_bin (&inner);
    if (client.failed || inner.failed) {
        return FEP_CORRUPT;
    }
    //  A door's client always has an identity: without one it was a poll.
    if (who.size) {
        control_door_send (self, who, word, what);
    } else {
        control_schedule_result (self, what);
    }
    return FEP_OK;
}

//  A connector learns the profiles before the first request can name one.
static fep_err_t s_on_hello (void *arg, actor_t *actor, bytes_t body)
{
    control_t *self = arg;
    char name[32];
    (void) body;
    s_sender_name (actor, name);
    if (strncmp (name, "connector.", strlen ("connector.")) == 0) {
        control_profiles (self, name);
    }
    return FEP_OK;
}

static void s_raw (void *arg, actor_t *actor, int socket)
{
    control_door_take (arg, actor_socket (actor, socket));
}

static int64_t s_tick (void *arg, actor_t *actor, int64_t now_us)
{
    control_t *self = arg;
    mailq_flush (&self->mail, actor);
    return mailq_count (&self->mail) ? now_us + RETRY_US : INT64_MAX;
}

static fep_err_t s_start (void *arg, actor_t *actor)
{
    control_t *self = arg;
    self->actor = actor;
    self->directory = directory_new ();
    self->page_size = (size_t) actor_config (actor)->door.page_bytes + 65536;
    self->page = malloc (self->page_size);
    FEP_ASSERT (self->page);
    for (uint32_t number = 1; number <= ARCHIVE_PROFILES_MAX; number++) {
        control_profile_note (self, number);
    }
    self->inside = actor_router (actor, AT_CONTROL, MARK_MAIL);
    if (self->inside < 0) {
        return FEP_SYSTEM;
    }
    return control_door_start (self);
}

static void s_stop (void *arg, actor_t *actor)
{
    control_t *self = arg;
    (void) actor;
    control_door_stop (self);
    mailq_clear (&self->mail);
    directory_destroy (&self->directory);
    free (self->page);
}

static const actor_word_t s_words[] = {{WORD_HELLO, s_on_hello},
                                       {WORD_LINK, s_on_link},
                                       {WORD_ANSWER, s_on_answer},
                                       {WORD_POLL, control_on_poll},
                                       {NULL, NULL}};

const actor_class_t control_class = {.name = NAME_CONTROL,
                                     .self_size = sizeof (control_t),
                                     .start = s_start,
                                     .stop = s_stop,
                                     .tick = s_tick,
                                     .raw = s_raw,
                                     .words = s_words};
