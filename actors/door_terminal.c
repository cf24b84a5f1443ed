//  Door: TERMINALS, TERMINAL, LATEST, TRACE: what is known of terminals.
#include "actors/control.h"
#include "actors/session.h"
#include "actors/verdict.h"
#include "fep/clock.h"
#include "fep/log.h"
#include <string.h>

#define TERMINALS_PAGE 1000      //  Rows of one answer
#define TRACE_SECONDS_MAX 86400  //  A trace ends by itself
#define TERMINAL_ROW_MAX 512     //  Bytes of one row
#define HEAD_BYTES 4096          //  Of a forwarded request

static void s_terminal_row (control_t *self, writer_t *out, const terminal_t *terminal)
{
    const presence_t *presence = directory_find (self->directory, terminal->number);
    wire_put_map (out, 7);
    wire_pair_uint (out, "number", terminal->number);
    wire_pair_text (out, "address", terminal->address);
    wire_pair_text (out, "name", terminal->name);
    wire_pair_uint (out, "area", terminal->area);
    wire_pair_text (out, "state", door_online (presence) ? "online" : "offline");
    wire_pair_int (out, "since_ms", presence ? presence->since_ms : 0);
    wire_pair_text (out, "peer", presence ? presence->peer : "");
}

//  from: place in the archive's order, from 0.
fep_err_t door_TERMINALS (control_t *self, door_ask_t *ask)
{
    const archive_t *archive = actor_context (self->actor)->archive;
    int64_t from = wire_find_int (ask->body, "from", 0);
    int64_t limit = wire_find_int (ask->body, "limit", TERMINALS_PAGE);
    char state[16] = "";
    size_t i = from > 0 ? (size_t) from : 0;
    uint32_t rows = 0;
    wire_find_text (ask->body, "state", state, sizeof state);
    limit = limit < 1 || limit > TERMINALS_PAGE ? TERMINALS_PAGE : limit;
    wire_put_map (&ask->out, 3);
    wire_pair_int (&ask->out, "token", ask->token);
    wire_put_text (&ask->out, "terminals");
    size_t mark = wire_open_array (&ask->out);
    for (; i < archive_count (archive) && rows < limit &&
           ask->out.capacity - ask->out.size > TERMINAL_ROW_MAX;
         i++) {
        const terminal_t *terminal = archive_at (archive, i);
        bool online = door_online (directory_find (self->directory, terminal->number));
        if (!state[0] || strcmp (state, online ? "online" : "offline") == 0) {
            s_terminal_row (self, &ask->out, terminal);
            rows++;
        }
    }
    wire_close_array (&ask->out, mark, rows);
    wire_pair_uint (&ask->out, "next", i < archive_count (archive) ? i : 0);
    return FEP_OK;
}

static void s_refused_before (writer_t *out, const past_t *past)
{
    uint32_t reasons = 0;
    wire_put_text (out, "refused_before");
    size_t mark = wire_open_map (out);
    for (int i = 1; i < FEP_ERR_COUNT && past->refused; i++) {
        if (past->refused[i]) {
            wire_pair_uint (out, fep_err_name ((fep_err_t) i), past->refused[i]);
            reasons++;
        }
    }
    wire_close_map (out, mark, reasons);
}

//  Writes pairs without the map's head; returns how many.
static uint32_t s_terminal_pairs (control_t *self, const door_ask_t *ask,
                                  const terminal_t *terminal, const presence_t *presence,
                                  writer_t *out)
{
    const config_listener_t *listener = control_listener (self, presence->listener);
    const past_t *past = directory_seen (presence);
    online_at_t now = online_at (clock_wall_ms (), clock_offset_min ());
    uint8_t bits[ONLINE_BYTES];
    wire_pair_int (out, "token", ask->token);
    wire_pair_uint (out, "number", terminal->number);
    wire_pair_text (out, "address", terminal->address);
    wire_pair_text (out, "name", terminal->name);
    wire_pair_uint (out, "area", terminal->area);
    wire_pair_uint (out, "heartbeat_s", terminal->heartbeat_s);
    wire_pair_uint (out, "measuring_points", terminal->mp_count);
    wire_pair_text (out, "state", door_online (presence) ? "online" : "offline");
    wire_pair_int (out, "since_ms", presence->since_ms);
    wire_pair_text (out, "peer", presence->peer);
    wire_pair_text (out, "listener", listener ? listener->name : presence->codec ? "dial" : "");
    wire_pair_text (out, "codec", presence->codec ? presence->codec->name : "");
    wire_pair_uint (out, "sessions", presence->sessions);
    wire_pair_uint (out, "replaced", presence->replaced);
    wire_pair_uint (out, "collisions", presence->collisions);
    wire_pair_text (out, "last_close", presence->reason);
    wire_pair_int (out, "last_close_ms", presence->closed_ms);
    wire_pair_uint (out, "frames_before", past->total.frames);
    wire_pair_uint (out, "items_before", past->total.items);
    wire_pair_uint (out, "rx_bytes_before", past->total.rx_bytes);
    wire_pair_uint (out, "tx_bytes_before", past->total.tx_bytes);
    wire_pair_int (out, "trace_until_ms", presence->trace_until_ms);
    wire_pair_int (out, "now_ms", clock_wall_ms ());
    online_get (self->online, terminal->number, now.day, bits);
    wire_pair_uint (out, "online_slots", online_count (bits));
    wire_pair_uint (out, "day_slots", now.slot + 1u);
    s_refused_before (out, past);
    return 26;
}

//  When the bits of today saw it last; 0 = not today.
static int64_t s_seen_ms (control_t *self, const terminal_t *terminal)
{
    online_at_t at = online_at (clock_wall_ms (), clock_offset_min ());
    uint8_t bits[ONLINE_BYTES];
    online_get (self->online, terminal->number, at.day, bits);
    int slot = online_last (bits);
    at.slot = (uint16_t) slot;
    return slot < 0 ? 0 : online_slot_ms (at, clock_offset_min ());
}

//  The rest of an answer about one that is offline: what its last session left behind.
static uint32_t s_offline_pairs (control_t *self, const terminal_t *terminal,
                                 const presence_t *presence, writer_t *out)
{
    char why[VERDICT_MAX + 1];
    const past_t *past = directory_seen (presence);
    traffic_t today = past_today (past, control_day ());
    if (presence->sessions) {
        verdict_offline (presence->since_ms, presence->reason,
                         close_text (close_find (presence->reason, CLOSE_COUNT)), why, sizeof why);
    } else {
        verdict_never (actor_context (self->actor)->started_ms, s_seen_ms (self, terminal), why,
                       sizeof why);
    }
    wire_pair_text (out, "why", why);
    traffic_pair (out, "today", &today);
    wire_pair_int (out, "last_reading_ms", past->last_reading_ms);
    wire_pair_int (out, "opened_ms", past->opened_ms);
    wire_pair_int (out, "last_rx_ms", past->last_rx_ms);
    wire_pair_int (out, "last_heartbeat_ms", past->last_heartbeat_ms);
    wire_put_text (out, "last_frames");
    if (past->frames) {
        writer_put (out, past->frames, past->frames_size);
    } else {
        wire_put_array (out, 0);
    }
    return 7;
}

//  Its connector completes the answer.
static fep_err_t s_show (control_t *self, door_ask_t *ask, const presence_t *presence,
                         uint32_t pairs, bytes_t head)
{
    uint8_t memory[HEAD_BYTES + 1024];
    writer_t out = writer_of (memory, sizeof memory);
    const past_t *past = directory_seen (presence);
    traffic_t today = past_today (past, control_day ());
    wire_put_map (&out, 6);
    wire_pair_int (&out, "session", presence->session);
    wire_pair_uint (&out, "pairs", pairs);
    wire_pair_int (&out, "last_reading_ms", past->last_reading_ms);
    traffic_pair (&out, "today", &today);
    wire_put_text (&out, "client");
    wire_put_bin (&out, ask->client);
    wire_put_text (&out, "head");
    wire_put_bin (&out, head);
    if (out.failed) {
        return FEP_LIMIT;
    }
    ask->forwarded = true;
    fep_err_t error = actor_send_to (self->actor, self->inside, bytes_text (presence->connector),
                                     WORD_SHOW, writer_bytes (&out));
    return error == FEP_FULL ? FEP_BUSY : error;
}

fep_err_t door_TERMINAL (control_t *self, door_ask_t *ask)
{
    const terminal_t *terminal = door_terminal (self, ask);
    uint8_t memory[HEAD_BYTES];
    writer_t head = writer_of (memory, sizeof memory);
    if (!terminal) {
        return door_unknown_terminal (self, ask);
    }
    const presence_t *known = directory_find (self->directory, terminal->number);
    const presence_t *presence = known ? known : &directory_never;
    uint32_t pairs = s_terminal_pairs (self, ask, terminal, presence, &head);
    if (door_online (presence)) {
        return head.failed ? FEP_LIMIT : s_show (self, ask, presence, pairs, writer_bytes (&head));
    }
    pairs += s_offline_pairs (self, terminal, presence, &head);
    wire_put_map (&ask->out, pairs);
    writer_put (&ask->out, head.data, head.size);
    return head.failed ? FEP_LIMIT : FEP_OK;
}

fep_err_t door_LATEST (control_t *self, door_ask_t *ask)
{
    const terminal_t *terminal = door_terminal (self, ask);
    return terminal ? door_forward (self, ask, NAME_HISTORY, WORD_LATEST, terminal->number)
                    : FEP_NOT_FOUND;
}

fep_err_t door_TRACE (control_t *self, door_ask_t *ask)
{
    const terminal_t *terminal = door_terminal (self, ask);
    int64_t seconds = wire_find_int (ask->body, "seconds", -1);
    if (!terminal) {
        return FEP_NOT_FOUND;
    }
    if (seconds < 0 || seconds > TRACE_SECONDS_MAX) {
        return FEP_RANGE;
    }
    presence_t *presence = directory_use (self->directory, terminal->number);
    presence->trace_until_ms = seconds ? clock_wall_ms () + seconds * 1000 : 0;
    if (door_online (presence)) {
        uint8_t memory[64];
        writer_t out = writer_of (memory, sizeof memory);
        wire_put_map (&out, 2);
        wire_pair_int (&out, "session", presence->session);
        wire_pair_int (&out, "until_ms", presence->trace_until_ms);
        mailq_send (&self->mail, self->actor, self->inside, bytes_text (presence->connector),
                    WORD_TRACE, writer_bytes (&out));
    }
    log_line (LEVEL_INFO, "TRACE", "terminal=%s seconds=%lld", terminal->address,
              (long long) seconds);
    wire_put_map (&ask->out, 2);
    wire_pair_int (&ask->out, "token", ask->token);
    wire_pair_int (&ask->out, "until_ms", presence->trace_until_ms);
    return FEP_OK;
}
