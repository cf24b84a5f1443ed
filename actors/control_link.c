//  Terminals that come and go. What is done with one that is not in the archive, and with one that is connected
//  already, is said by the listener it came in by:
//
//    unknown     hold      never told "welcome", closed after a while
//                refuse    closed at once
//    duplicate   takeover  the older session is closed as REPLACED
//                reject    the older session is asked (PROBE) whether it lives; only if it has been silent for too
//                          long the newer one takes over, else the newer one is closed as DUPLICATE
#include "actors/control.h"
#include "actors/session.h"
#include "fep/clock.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include <stdlib.h>
#include <string.h>

//  One LINK, read.
typedef struct {
    bytes_t body;                       //  All of it
    char connector[32];                 //  Who says so
    int64_t session;                    //  Id within it
    char address[ADDRESS_MAX + 1];      //  The terminal's
    char peer[DIRECTORY_PEER_MAX + 1];  //  Of the connection
    char listener[33];                  //  Where it came in
    char codec[33];                     //  Its protocol
    bytes_t frame;                      //  First or last one of a session that is not admitted
} link_t;

static void s_mail (control_t *self, const char *connector, const char *word, const writer_t *body)
{
    FEP_ASSERT (!body->failed);
    mailq_send (&self->mail, self->actor, self->inside, bytes_text (connector), word,
                writer_bytes (body));
}

static void s_close (control_t *self, const char *connector, int64_t session, close_reason_t reason)
{
    uint8_t memory[96];
    writer_t out = writer_of (memory, sizeof memory);
    wire_put_map (&out, 2);
    wire_pair_int (&out, "session", session);
    wire_pair_text (&out, "reason", close_name (reason));
    s_mail (self, connector, WORD_CLOSE, &out);
}

static bool s_word (bytes_t body, const char *key, const char *word)
{
    char text[16];
    return wire_find_text (body, key, text, sizeof text) && strcmp (text, word) == 0;
}

//  Place in the configuration + 1; 0 if there is none of that name.
static uint8_t s_listener (const control_t *self, const char *name)
{
    const config_t *config = actor_config (self->actor);
    for (unsigned i = 0; i < config->listener_count; i++) {
        if (strcmp (config->listeners[i].name, name) == 0) {
            return (uint8_t) (i + 1);
        }
    }
    return 0;
}

const config_listener_t *control_listener (const control_t *self, unsigned listener)
{
    const config_t *config = actor_config (self->actor);
    return listener && listener <= config->listener_count ? &config->listeners[listener - 1] : NULL;
}

int64_t control_day (void)
{
    return traffic_day (clock_wall_ms (), clock_offset_min ());
}

//  ---- Admission ----

static void s_admit (control_t *self, const terminal_t *terminal, const rival_t *who)
{
    presence_t *presence = directory_use (self->directory, terminal->number);
    if (presence->session >= 0) {
        s_close (self, presence->connector, presence->session, CLOSE_REPLACED);
        presence->replaced++;
        metric_add (METRIC_replaced, 1);
        log_line (LEVEL_INFO, "TERMINAL-REPLACED", "terminal=%s old=%s new=%s", terminal->address,
                  presence->peer, who->peer);
    }
    directory_up (self->directory, presence, who->connector, who->session, who->peer,
                  clock_wall_ms ());
    presence->listener = who->listener;
    presence->codec = who->codec;
    control_online_up (self, terminal->number);
    size_t room = control_admission_bound (terminal);
    uint8_t *memory = malloc (room);
    FEP_ASSERT (memory);
    writer_t out = writer_of (memory, room);
    control_admission (self, terminal, presence->codec, who->session, presence->trace_until_ms,
                       &out);
    s_mail (self, who->connector, WORD_ADMIT, &out);
    free (memory);
    control_plan (self, terminal->number, true);
    metric_add (METRIC_admitted, 1);
}

static rival_t s_who (const control_t *self, const char *connector, int64_t session,
                      const char *peer, const char *listener, const char *codec)
{
    rival_t who = {.session = session, .listener = s_listener (self, listener)};
    strncpy (who.connector, connector, DIRECTORY_NAME_MAX);
    strncpy (who.peer, peer, DIRECTORY_PEER_MAX);
    who.codec = codec_find (codec);
    return who;
}

static void s_admit_held (control_t *self, const terminal_t *terminal, const char *name)
{
    const unknown_entry_t *entry = name[0] ? unknown_find (self->unknown, name) : NULL;
    if (!entry) {
        return;
    }
    if (entry->session >= 0) {
        rival_t who = s_who (self, entry->connector, entry->session, entry->peer, entry->listener,
                             entry->codec);
        s_admit (self, terminal, &who);
    }
    unknown_remove (self->unknown, name);
    metric_set (METRIC_unknown_listed, (int64_t) unknown_count (self->unknown));
}

void control_admit_held (control_t *self, const terminal_t *terminal)
{
    s_admit_held (self, terminal, terminal->registration);
    s_admit_held (self, terminal, terminal->address);
}

static void s_unknown (control_t *self, const link_t *link)
{
    uint8_t memory[64];
    writer_t out = writer_of (memory, sizeof memory);
    bool refuse = s_word (link->body, "unknown", "refuse");
    const unknown_link_t seen = {link->connector, link->session, link->peer,
                                 link->listener,  link->codec,   link->frame};
    unknown_up (self->unknown, link->address, &seen, !refuse, clock_wall_ms ());
    metric_set (METRIC_unknown_listed, (int64_t) unknown_count (self->unknown));
    metric_add (METRIC_unknown_terminals, 1);
    log_line (LEVEL_WARNING, "TERMINAL-UNKNOWN", "terminal=%s peer=%s refused=%d", link->address,
              link->peer, refuse);
    if (refuse) {
        metric_add (METRIC_unknown_refused, 1);
        s_close (self, link->connector, link->session, CLOSE_UNKNOWN);
        return;
    }
    wire_put_map (&out, 1);
    wire_pair_int (&out, "session", link->session);
    s_mail (self, link->connector, WORD_HOLD, &out);
}

//  ---- One that is connected already ----

static void s_collide (control_t *self, const terminal_t *terminal, presence_t *presence,
                       const char *peer, collision_reason_t reason)
{
    presence->collisions++;
    collisions_note (self->collisions, terminal->address, presence->peer, peer, reason,
                     clock_wall_ms ());
}

static void s_reject (control_t *self, const terminal_t *terminal, presence_t *presence,
                      const rival_t *who)
{
    s_collide (self, terminal, presence, who->peer, COLLISION_REJECT);
    s_close (self, who->connector, who->session, CLOSE_DUPLICATE);
    metric_add (METRIC_duplicates_rejected, 1);
    log_line (LEVEL_WARNING, "TERMINAL-DUPLICATE", "terminal=%s kept=%s rejected=%s",
              terminal->address, presence->peer, who->peer);
}

static void s_probe (control_t *self, const terminal_t *terminal, presence_t *presence,
                     const rival_t *who)
{
    uint8_t memory[96];
    writer_t out = writer_of (memory, sizeof memory);
    directory_rival (presence, who);
    wire_put_map (&out, 2);
    wire_pair_int (&out, "session", presence->session);
    wire_pair_uint (&out, "number", terminal->number);
    s_mail (self, presence->connector, WORD_PROBE, &out);
}

static void s_known (control_t *self, const link_t *link, const terminal_t *terminal)
{
    presence_t *presence = directory_use (self->directory, terminal->number);
    rival_t who =
        s_who (self, link->connector, link->session, link->peer, link->listener, link->codec);
    if (unknown_count (self->unknown)) {
        unknown_remove (self->unknown, link->address);
    }
    if (presence->session < 0) {
        s_admit (self, terminal, &who);
    } else if (!s_word (link->body, "duplicate", "reject")) {
        s_collide (self, terminal, presence, link->peer, COLLISION_TAKEOVER);
        s_admit (self, terminal, &who);
    } else if (presence->rival) {
        s_reject (self, terminal, presence, &who);
    } else {
        s_probe (self, terminal, presence, &who);
    }
}

//  How the older one is. Meanwhile it may have been replaced, or gone (then the newer one was admitted).
fep_err_t control_on_probed (void *arg, actor_t *actor, bytes_t body)
{
    control_t *self = arg;
    reader_t silent;
    uint32_t number = (uint32_t) wire_find_int (body, "number", 0);
    const terminal_t *terminal = archive_by_number (actor_context (actor)->archive, number);
    presence_t *presence = directory_find (self->directory, number);
    if (!wire_find (body, "silent", &silent)) {
        return FEP_CORRUPT;
    }
    if (!presence || !presence->rival) {
        return FEP_OK;
    }
    rival_t who = *presence->rival;
    bool gone = wire_get_bool (&silent) && wire_find_int (body, "session", -1) == presence->session;
    directory_rival (presence, NULL);
    if (!terminal) {
        s_close (self, who.connector, who.session, CLOSE_UNKNOWN);
    } else if (gone) {
        s_collide (self, terminal, presence, who.peer, COLLISION_HALF_OPEN);
        s_admit (self, terminal, &who);
    } else {
        s_reject (self, terminal, presence, &who);
    }
    return FEP_OK;
}

//  ---- The end ----

static int64_t s_later (int64_t before, int64_t now)
{
    return now > before ? now : before;
}

//  Adds what an ended session counted to what the terminal's earlier ones did; its last frames, if that made it go
//  offline.
static void s_account (past_t *past, bytes_t body, bool offline)
{
    reader_t refused, frames;
    traffic_t today = traffic_find (body, "session_today");
    const traffic_t total = {.rx_bytes = (uint64_t) wire_find_int (body, "rx_bytes", 0),
                             .tx_bytes = (uint64_t) wire_find_int (body, "tx_bytes", 0),
                             .frames = (uint64_t) wire_find_int (body, "frames", 0),
                             .items = (uint64_t) wire_find_int (body, "items", 0)};
    past_add (past, wire_find_int (body, "day", 0), &today, &total);
    past->opened_ms = wire_find_int (body, "opened_ms", 0);
    past->last_rx_ms = wire_find_int (body, "last_rx_ms", 0);
    past->last_heartbeat_ms =
        s_later (past->last_heartbeat_ms, wire_find_int (body, "last_heartbeat_ms", 0));
    past->last_reading_ms =
        s_later (past->last_reading_ms, wire_find_int (body, "session_reading_ms", 0));
    if (offline && wire_find (body, "last_frames", &frames)) {
        size_t from = frames.pos;
        wire_skip (&frames);
        past_keep_frames (past, bytes_of (frames.data + from, frames.pos - from));
    }
    if (!wire_find (body, "refused", &refused)) {
        return;
    }
    bytes_t map = bytes_of (refused.data + refused.pos, reader_left (&refused));
    for (int i = 1; i < FEP_ERR_COUNT; i++) {
        past_add_refused (past, (fep_err_t) i,
                          (uint64_t) wire_find_int (map, fep_err_name ((fep_err_t) i), 0));
    }
}

static bool s_is_rival (const presence_t *presence, const link_t *link)
{
    return presence->rival && presence->rival->session == link->session &&
           strcmp (presence->rival->connector, link->connector) == 0;
}

//  A session that was admitted has gone; its terminal may have left the archive meanwhile.
static void s_down (control_t *self, const link_t *link, const terminal_t *terminal,
                    uint32_t number)
{
    presence_t *presence = directory_use (self->directory, number);
    char reason[32];
    wire_find_text (link->body, "reason", reason, sizeof reason);
    bool offline = directory_down (self->directory, presence, link->connector, link->session,
                                   reason, clock_wall_ms ());
    s_account (directory_past (self->directory, presence), link->body, offline);
    if (offline) {
        control_plan (self, number, false);
    }
    if (offline && presence->rival && terminal) {
        rival_t who = *presence->rival;
        directory_rival (presence, NULL);
        s_admit (self, terminal, &who);
    }
}

//  One that never was: it may have gone while it was told that it is.
static void s_outside_down (control_t *self, const link_t *link, const terminal_t *terminal)
{
    presence_t *presence = terminal ? directory_find (self->directory, terminal->number) : NULL;
    const unknown_link_t seen = {link->connector, link->session, link->peer,
                                 link->listener,  link->codec,   link->frame};
    if (presence && s_is_rival (presence, link)) {
        directory_rival (presence, NULL);
    }
    if (presence && presence->session == link->session &&
        strcmp (presence->connector, link->connector) == 0) {
        s_down (self, link, terminal, terminal->number);
    }
    unknown_down (self->unknown, link->address, &seen, clock_wall_ms ());
}

//  ---- LINK ----

static void s_read (actor_t *actor, bytes_t body, link_t *link)
{
    bytes_t sender = actor_sender (actor);
    size_t size =
        sender.size < sizeof link->connector - 1 ? sender.size : sizeof link->connector - 1;
    reader_t frame;
    *link = (link_t){.body = body, .session = wire_find_int (body, "session", -1)};
    memcpy (link->connector, sender.data, size);
    wire_find_text (body, "address", link->address, sizeof link->address);
    wire_find_text (body, "peer", link->peer, sizeof link->peer);
    wire_find_text (body, "listener", link->listener, sizeof link->listener);
    wire_find_text (body, "codec", link->codec, sizeof link->codec);
    if (wire_find (body, "frame", &frame)) {
        link->frame = wire_get_bin (&frame);
    }
}

fep_err_t control_on_link (void *arg, actor_t *actor, bytes_t body)
{
    control_t *self = arg;
    reader_t up;
    link_t link;
    s_read (actor, body, &link);
    if (link.session < 0 || !wire_find (body, "up", &up)) {
        return FEP_CORRUPT;
    }
    const terminal_t *terminal =
        archive_find (actor_context (actor)->archive, bytes_text (link.address));
    bool is_up = wire_get_bool (&up);
    int64_t number = wire_find_int (body, "number", terminal ? terminal->number : 0);
    if (is_up && terminal) {
        s_known (self, &link, terminal);
    } else if (is_up) {
        s_unknown (self, &link);
    } else if (number > 0 && number <= ARCHIVE_NUMBERS_MAX) {
        s_down (self, &link, terminal, (uint32_t) number);
    } else {
        s_outside_down (self, &link, terminal);
    }
    return FEP_OK;
}
