//  One terminal's conversation.
//
//    state \ event  first good frame     request   answer done    timeout               closed, stop
//    FRESH          waits for admission  refused   -              NO_LOGIN, UNKNOWN     DEAD
//    ONLINE         -                    WAITING   stray          SILENT                LINK down, DEAD
//    WAITING        -                    queued    next, ONLINE   repeat, then result   requests fail, LINK down, DEAD
//    SEALING        -                    queued    stray          NO_SEAL               requests fail, LINK down, DEAD
//    PAUSED         -                    queued    stray          WAITING, with a frame requests fail, LINK down, DEAD
//    CLOSING        ignored              refused   ignored        DEAD                  DEAD
//
//  SEALING: a request is parked until its password, code or cipher comes.
//  PAUSED: requests wait for the line behind a gateway to rest, or for a late answer that could be mistaken.
//
//  A session may begin without knowing its protocol (codec_undecided): the first whole frame chooses it.
//
//  The only state beside the enum is data: an address that is known, a deadline that is set.
#include "actors/session_inside.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include "fep/point.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLOSING_MS 5000  //  To flush what is unsent
#define LEARN_BEATS 8    //  Intervals that tell a period below the default

static const struct {
    const char *name;  //  In STATUS
    int metric;        //  Gauge of sessions in it; -1 none
} s_states[SESSION_STATE_COUNT] = {{"fresh", METRIC_sessions_fresh},
                                   {"online", METRIC_sessions_online},
                                   {"waiting", METRIC_sessions_waiting},
                                   {"sealing", METRIC_sessions_sealing},
                                   {"paused", METRIC_sessions_paused},
                                   {"closing", METRIC_sessions_closing},
                                   {"dead", -1}};

//  Row: from. Column: to.
#define ANY_ADMITTED                                                                               \
    {                                                                                              \
        [SESSION_ONLINE] = true, [SESSION_WAITING] = true, [SESSION_SEALING] = true,               \
        [SESSION_PAUSED] = true, [SESSION_CLOSING] = true, [SESSION_DEAD] = true                   \
    }
static const bool s_allowed[SESSION_STATE_COUNT][SESSION_STATE_COUNT] = {
    [SESSION_FRESH] = {[SESSION_ONLINE] = true, [SESSION_CLOSING] = true, [SESSION_DEAD] = true},
    [SESSION_ONLINE] = ANY_ADMITTED,
    [SESSION_WAITING] = ANY_ADMITTED,
    [SESSION_SEALING] = ANY_ADMITTED,
    [SESSION_PAUSED] = ANY_ADMITTED,
    [SESSION_CLOSING] = {[SESSION_DEAD] = true},
};

const char *session_state_name (session_state_t state)
{
    return (unsigned) state < SESSION_STATE_COUNT ? s_states[state].name : "?";
}

static void s_gauge (session_state_t state, int64_t delta)
{
    if (s_states[state].metric >= 0) {
        metric_add ((metric_t) s_states[state].metric, delta);
    }
}

//  The one place where a state changes.
void session_enter (session_t *self, session_state_t state, int64_t now_ms)
{
    FEP_ASSERT (s_allowed[self->state][state]);
    s_gauge (self->state, -1);
    s_gauge (state, 1);
    self->state = state;
    self->state_ms = now_ms;
}

//  An undecided session may become any of those enabled.
static size_t s_state_size (const codec_t *codec, const codec_options_t *options)
{
    size_t size = codec->state_size;
    for (size_t i = 0; codec == &codec_undecided && codec_at (i); i++) {
        bool may = options->enabled >> i & 1;
        size = may && codec_at (i)->state_size > size ? codec_at (i)->state_size : size;
    }
    return size;
}

session_t *session_new (const codec_t *codec, const codec_options_t *options, const char *peer,
                        const session_env_t *env)
{
    session_t *self = calloc (1, sizeof *self + s_state_size (codec, options));
    if (!self) {
        return NULL;
    }
    self->codec = codec;
    self->options = options;
    self->common = options;
    self->state = SESSION_FRESH;
    s_gauge (SESSION_FRESH, 1);
    self->peer = strdup (peer);
    if (!self->peer) {
        s_gauge (SESSION_FRESH, -1);
        free (self);
        return NULL;
    }
    self->state_ms = env->now_ms;
    self->last_rx_ms = env->now_ms;
    self->facts.opened_ms = env->wall_ms;
    self->facts.last_rx_ms = env->wall_ms;
    return self;
}

void session_destroy (session_t **self_p)
{
    session_t *self = *self_p;
    if (self) {
        s_gauge (self->state, -1);
        window_release (&self->window);
        session_ask_destroy (self);
        session_own_free (self);
        free (self->meters);
        free (self->peer);
        free (self->refused);
        frames_destroy (&self->frames);
        free (self);
        *self_p = NULL;
    }
}

static bytes_t s_meter_of (void *arg, uint16_t mp)
{
    const session_t *self = arg;
    for (size_t i = 0; i < self->meter_count; i++) {
        if (self->meters[i].mp == mp) {
            return bytes_text (self->meters[i].address);
        }
    }
    return bytes_of (NULL, 0);
}

codec_io_t session_io (session_t *self, const session_env_t *env)
{
    return (codec_io_t){
        .mono_ms = env->now_ms,
        .wall_ms = env->wall_ms,
        .received_ms = self->named_ms ? self->named_ms : env->wall_ms,
        .options = self->options,
        .address = bytes_text (self->identity),
        .clock_trusted = env->clock_trusted,
        .standby = self->standby,
        .profile = self->profile && env->profile ? env->profile (env->arg, self->profile) : NULL,
        .meter_of = s_meter_of,
        .mp_arg = self,
        .batch = env->batch,
        .send = env->send};
}

static int s_meter_compare (const void *key, const void *one)
{
    return strcmp (key, ((const session_meter_t *) one)->address);
}

static uint16_t s_mp_of (void *arg, bytes_t meter)
{
    const session_t *self = arg;
    char text[ADDRESS_MAX + 1];
    if (!self->meter_count || meter.size > ADDRESS_MAX) {
        return 0;
    }
    memcpy (text, meter.data, meter.size);
    text[meter.size] = 0;
    const session_meter_t *found =
        bsearch (text, self->meters, self->meter_count, sizeof *self->meters, s_meter_compare);
    return found ? found->mp : 0;
}

static bool s_traced (const session_t *self, const session_env_t *env)
{
    return env->trace && self->trace_until_ms > env->wall_ms;
}

void session_came (session_t *self, const session_env_t *env, const codec_t *codec, bytes_t frame,
                   fep_err_t reason)
{
    frames_note (&self->frames, codec->name, true, frame, reason, env->wall_ms);
    if (s_traced (self, env)) {
        env->trace (env->arg, self, codec, true, frame, reason);
    }
}

void session_trace_sent (session_t *self, const session_env_t *env, const codec_t *codec,
                         size_t from)
{
    if (env->send->size > from) {
        frames_note (&self->frames, codec->name, false,
                     bytes_of (env->send->data + from, env->send->size - from), FEP_OK,
                     env->wall_ms);
    }
    if (s_traced (self, env) && env->send->size > from) {
        env->trace (env->arg, self, codec, false,
                    bytes_of (env->send->data + from, env->send->size - from), FEP_OK);
    }
}

//  ---- Frames ----

void session_refuse (session_t *self, const session_env_t *env, fep_err_t reason, bytes_t bytes)
{
    session_count_refused (self, reason);
    self->bad_in_row++;
    session_came (self, env, self->codec, bytes, reason);
    if (self->bad_in_row > env->config->session.bad_input_limit) {
        session_close (self, env, CLOSE_BAD_INPUT, false);
    }
}

//  A run of noise is one refusal. The remains of a broken frame are part of its refusal, false starts within them
//  too; only a further whole frame with a wrong checksum is one of its own.
static void s_skip (session_t *self, const session_env_t *env, const scan_t *scan, bytes_t window)
{
    metric_add (METRIC_bytes_skipped, (int64_t) scan->size);
    if (!self->noise || scan->reason == FEP_CHECKSUM) {
        session_refuse (self, env, scan->reason, window);
    }
    self->noise = true;
}

//  Learns who this is from the first good frame. The frame stays where it is: nothing of it is used, sent or
//  kept until the directory has admitted the terminal.
static void s_identify (session_t *self, const session_env_t *env, bytes_t frame)
{
    batch_mark_t mark = batch_mark (env->batch);
    writer_t send = *env->send;
    codec_io_t io = session_io (self, env);
    fep_err_t error = self->codec->decode (self->codec_state, frame, &io);
    if (error == FEP_OK && env->batch->failed) {
        error = FEP_LIMIT;
    }
    if (error == FEP_OK && env->batch->message_count > mark.message_count) {
        bytes_t address = env->batch->messages[mark.message_count].address;
        size_t size = address.size > ADDRESS_MAX ? ADDRESS_MAX : address.size;
        memcpy (self->identity, address.data, size);
        memcpy (self->address, address.data, size);
        self->state_ms = env->now_ms;
        self->named_ms = env->wall_ms;
    }
    batch_rollback (env->batch, mark);
    *env->send = send;
    memset (self->codec_state, 0, self->codec->state_size);
    if (error != FEP_OK) {
        session_refuse (self, env, error, frame);
    }
}

//  What a good frame changes. forwarded: why what it carried is no answer, else FEP_OK.
static void s_accept (session_t *self, const session_env_t *env, entry_t *entry, codec_io_t *io,
                      batch_mark_t from, fep_err_t forwarded)
{
    self->bad_in_row = 0;
    self->noise = false;
    self->facts.frames++;
    self->facts.items += env->batch->item_count - from.item_count;
    metric_add (METRIC_frames_received, 1);
    if (io->raw_units) {
        metric_add (METRIC_units_raw, io->raw_units);
    }
    if (io->mark) {
        self->mark = io->mark;
    }
    if (forwarded != FEP_OK) {
        session_count_refused (self, forwarded);
        session_ask_end (self, env, entry, forwarded);
    } else {
        session_ask_answer (self, env, entry, io);
    }
    if (io->bye || io->fault) {
        session_close (self, env, io->bye ? CLOSE_LOGOUT : CLOSE_PROTOCOL, true);
    }
}

//  Decodes a frame of the terminal, or of the meter that answers the request `entry`.
static fep_err_t s_decode (session_t *self, const session_env_t *env, entry_t *entry, bytes_t frame,
                           codec_io_t *io, const codec_t **codec)
{
    meter_t meter;
    void *state = self->codec_state;
    *codec = self->codec;
    io->mp_of = s_mp_of;
    if (entry) {
        *codec = session_line_codec (self, env, entry, io, &meter, &state);
    } else if (self->codec->is_meter) {
        memset (state, 0, self->codec->state_size);
    }
    fep_err_t error = (*codec)->decode (state, frame, io);
    io->meter = NULL;
    return error;
}

//  What a forwarding service brought goes on to its meter's codec. An error: it is no answer.
static fep_err_t s_forwarded (session_t *self, const session_env_t *env, entry_t *entry,
                              bytes_t frame, codec_io_t *io)
{
    if (!entry || !entry->request.carried || !self->codec->unwrap || io->answer != ANSWER_DONE) {
        return FEP_OK;
    }
    return session_line_unwrap (self, env, entry, frame, io);
}

//  A frame of an admitted session, or of the line behind it. BLOCKED: it stays where it is; otherwise it is done
//  with.
static input_t s_frame (session_t *self, const session_env_t *env, bytes_t frame, bool line)
{
    batch_mark_t from = batch_mark (env->batch);
    writer_t send = *env->send;
    codec_io_t io = session_io (self, env);
    const codec_t *codec;
    entry_t *entry = line ? session_ask_find (self, 0) : NULL;
    fep_err_t error = s_decode (self, env, entry, frame, &io, &codec);
    self->named_ms = error == FEP_FULL ? self->named_ms : 0;
    if (error == FEP_FULL) {
        self->full = true;
        return INPUT_BLOCKED;
    }
    if (error != FEP_OK || env->batch->failed) {
        bool too_large = error == FEP_OK;
        batch_rollback (env->batch, from);
        *env->send = send;
        session_refuse (self, env, too_large ? FEP_LIMIT : error, frame);
        if (too_large || io.fault) {
            session_close (self, env, too_large ? CLOSE_FRAME_LIMIT : CLOSE_PROTOCOL, false);
        }
        return INPUT_TAKEN;
    }
    self->tick_ms = 0;
    session_came (self, env, codec, frame, FEP_OK);
    session_trace_sent (self, env, codec, send.size);
    entry = entry ? entry : session_ask_find (self, io.tag);
    if (entry) {
        entry->refused_outside = !line && io.answer == ANSWER_REFUSED;
    }
    fep_err_t forwarded = s_forwarded (self, env, entry, frame, &io);
    bool answers = forwarded == FEP_OK && io.answer != ANSWER_NONE;
    session_stamp (self, env, from, answers ? entry : NULL);
    s_accept (self, env, entry, &io, from, forwarded);
    return batch_ripe (env->batch) ? INPUT_BATCH : INPUT_TAKEN;
}

//  What lies at the head of the window. A codec with a line behind it is told what the line's codec says.
//  *late: the answer to a request that has timed out.
static scan_t s_scan (session_t *self, const session_env_t *env, bytes_t window, bool quiet,
                      bool *late)
{
    scan_context_t context = {.up = true,
                              .options = self->options,
                              .address = bytes_text (self->identity),
                              .quiet = quiet};
    *late = false;
    if (self->requests && session_is_line (self)) {
        context.line = session_line_scan (self, env, window, late);
    }
    if (self->codec->is_meter && context.line.what == SCAN_FRAME && !*late) {
        return (scan_t){SCAN_LINE, context.line.size, FEP_OK};
    }
    return *late ? context.line : self->codec->scan (&context, window);
}

//  The first whole frame tells the protocol. What tells nothing is dropped.
static bool s_decided (session_t *self, const session_env_t *env, bytes_t window, bool quiet,
                       size_t *used)
{
    size_t skip;
    if (self->codec != &codec_undecided) {
        return true;
    }
    const codec_t *codec =
        codec_guess (self->options->enabled, self->options, true, window, quiet, &skip);
    if (codec) {
        self->codec = codec;
    } else if (skip) {
        scan_t scan = {SCAN_SKIP, skip, FEP_NOT_MINE};
        s_skip (self, env, &scan, window);
        *used += skip;
    }
    return codec || skip;
}

//  Takes frames from the head of the bytes. *used: how many bytes are done with.
static input_t s_parse (session_t *self, const session_env_t *env, bytes_t bytes, bool quiet,
                        size_t *used)
{
    input_t result = INPUT_TAKEN;
    bool late;
    *used = 0;
    while (*used < bytes.size && result == INPUT_TAKEN) {
        if (self->state == SESSION_CLOSING || self->state == SESSION_DEAD) {
            *used = bytes.size;
            break;
        }
        bytes_t window = bytes_of (bytes.data + *used, bytes.size - *used);
        if (!s_decided (self, env, window, quiet, used)) {
            break;
        }
        if (self->codec == &codec_undecided) {
            continue;
        }
        scan_t scan = s_scan (self, env, window, quiet, &late);
        if (scan.what == SCAN_MORE) {
            break;
        }
        if (late) {
            session_line_late (self);
            *used += scan.size;
            continue;
        }
        if (scan.what == SCAN_SKIP) {
            s_skip (self, env, &scan, window);
            *used += scan.size;
            continue;
        }
        bytes_t frame = bytes_of (window.data, scan.size);
        if (self->state == SESSION_FRESH) {
            s_identify (self, env, frame);
            *used += self->address[0] ? 0 : scan.size;
            result = self->address[0] ? INPUT_BLOCKED : INPUT_TAKEN;
            self->ended = quiet;
            continue;
        }
        result = s_frame (self, env, frame, scan.what == SCAN_LINE);
        *used += result == INPUT_BLOCKED ? 0 : scan.size;
    }
    return result;
}

//  Notes since when an unfinished frame stands at the head, and when the packet it came in counts as ended.
static void s_note_half (session_t *self, const session_env_t *env, input_t result, bool moved)
{
    bool half = result == INPUT_TAKEN && window_bytes (&self->window).size > 0;
    if (!half) {
        self->half_at_ms = 0;
        self->quiet_at_ms = 0;
    } else {
        int64_t half_ms = (int64_t) env->config->session.half_frame_timeout_ms;
        self->half_at_ms = self->half_at_ms ? self->half_at_ms : env->now_ms + half_ms;
        bool packets = session_is_line (self) || self->codec == &codec_undecided;
        if (moved && packets) {
            self->quiet_at_ms = env->now_ms + (int64_t) env->config->line.packet_ms;
        }
    }
}

static input_t s_go_on (session_t *self, const session_env_t *env, bool quiet, bool moved)
{
    input_t result = session_blocked (self) ? INPUT_BLOCKED : INPUT_TAKEN;
    size_t used = 0;
    bytes_t bytes = window_bytes (&self->window);
    if (bytes.size && result != INPUT_BLOCKED) {
        result = s_parse (self, env, bytes, quiet, &used);
        if (used) {
            self->half_at_ms = 0;
        }
        window_consume (&self->window, used);
    }
    s_note_half (self, env, result, moved || used);
    return result;
}

//  After admission the frame that named it is read again: nothing was read behind it, so its packet is at its end.
input_t session_resume (session_t *self, const session_env_t *env)
{
    bool quiet = self->ended && !session_blocked (self);
    self->ended = self->ended && !quiet;
    return s_go_on (self, env, quiet, true);
}

input_t session_input (session_t *self, const session_env_t *env, bytes_t bytes)
{
    size_t used = 0;
    frames_expect (self->frames);
    self->last_rx_ms = env->now_ms;
    self->facts.last_rx_ms = env->wall_ms;
    self->facts.rx_bytes += bytes.size;
    if (window_bytes (&self->window).size || session_blocked (self)) {
        if (!window_append (&self->window, env->windows, bytes)) {
            session_close (self, env, CLOSE_NO_WINDOW, false);
        }
        return session_resume (self, env);
    }
    input_t result = s_parse (self, env, bytes, false, &used);
    if (used < bytes.size && !window_append (&self->window, env->windows,
                                             bytes_of (bytes.data + used, bytes.size - used))) {
        session_close (self, env, CLOSE_NO_WINDOW, false);
    }
    s_note_half (self, env, result, true);
    return result;
}

bool session_blocked (const session_t *self)
{
    return (self->state == SESSION_FRESH && self->address[0]) || self->full;
}

size_t session_room (const session_t *self, size_t most)
{
    size_t room = window_room (&self->window);
    return room < most ? room : most;
}

//  ---- Confirmation and end ----

void session_durable (session_t *self, const session_env_t *env, uint32_t mark)
{
    if (self->state == SESSION_DEAD || mark <= self->confirmed_mark || !self->codec->durable) {
        return;
    }
    codec_io_t io = session_io (self, env);
    size_t from = env->send->size;
    self->codec->durable (self->codec_state, mark, &io);
    session_trace_sent (self, env, self->codec, from);
    self->facts.confirmed += mark - self->confirmed_mark;
    metric_add (METRIC_frames_confirmed, mark - self->confirmed_mark);
    self->tick_ms = 0;
    self->confirmed_mark = mark;
    self->full = false;
}

uint32_t session_take_mark (session_t *self)
{
    uint32_t mark = self->mark;
    self->mark = 0;
    return mark;
}

void session_close (session_t *self, const session_env_t *env, close_reason_t reason, bool flush)
{
    if (self->state == SESSION_CLOSING || self->state == SESSION_DEAD) {
        return;
    }
    bool linked = self->number != 0 && !self->standby;
    self->reason = reason;
    close_note (reason);
    session_ask_fail (self, env);
    flush = session_reject (self, env, reason) || flush;
    session_enter (self, flush ? SESSION_CLOSING : SESSION_DEAD, env->now_ms);
    if (self->queued) {
        //  Nobody was told of it, nobody will ask what it said.
        window_release (&self->window);
    }
    if (linked) {
        session_link (self, env, false);
    }
}

void session_flushed (session_t *self)
{
    if (self->state == SESSION_CLOSING) {
        session_enter (self, SESSION_DEAD, self->state_ms);
    }
}

//  ---- Time ----

//  A few short intervals may be one heartbeat that was repeated: they do not shorten the default.
static int64_t s_period_ms (const session_t *self, const session_env_t *env)
{
    int64_t period = self->heartbeat_ms;
    if (!period) {
        int64_t usual = (int64_t) env->config->session.heartbeat_ms;
        bool learned = self->learned_ms > usual || self->intervals >= LEARN_BEATS;
        period = learned ? self->learned_ms : usual;
    }
    return period;
}

static int64_t s_idle_ms (const session_t *self, const session_env_t *env)
{
    return s_period_ms (self, env) * (int64_t) env->config->session.idle_factor;
}

//  The deadline of the state, and the reason if it passes.
static int64_t s_state_deadline (const session_t *self, const session_env_t *env,
                                 close_reason_t *reason)
{
    switch (self->state) {
    case SESSION_FRESH:
        *reason = self->codec == &codec_undecided && self->facts.rx_bytes ? CLOSE_AMBIGUOUS
                  : !self->address[0]                                     ? CLOSE_NO_LOGIN
                  : self->hold_until_ms                                   ? CLOSE_UNKNOWN
                  : self->queued                                          ? CLOSE_OVER_CAPACITY
                                                                          : CLOSE_NO_ADMISSION;
        //  While it is not read its login time stands still.
        return self->hold_until_ms
                   ? self->hold_until_ms
                   : (self->queued && !self->address[0] ? env->now_ms : self->state_ms) +
                         (int64_t) env->config->session.login_timeout_ms;
    case SESSION_ONLINE:
    case SESSION_WAITING:
    case SESSION_SEALING:
    case SESSION_PAUSED:
        *reason = CLOSE_SILENT;
        return self->last_rx_ms + s_idle_ms (self, env);
    default:
        *reason = self->reason;
        return self->state_ms + CLOSING_MS;
    }
}

//  An unfinished frame that does not go on: its first byte is no start byte. Look again behind it.
static input_t s_drop_half (session_t *self, const session_env_t *env)
{
    session_refuse (self, env, FEP_TRUNCATED, window_bytes (&self->window));
    self->noise = true;
    self->half_at_ms = 0;
    window_consume (&self->window, 1);
    metric_add (METRIC_bytes_skipped, 1);
    return session_resume (self, env);
}

//  The codec has timers and the conversation goes on. Whatever it saw since its last tick may have moved them.
static bool s_ticks (const session_t *self)
{
    return self->codec->tick && self->state > SESSION_FRESH && self->state < SESSION_CLOSING;
}

int64_t session_due_ms (const session_t *self)
{
    int64_t due = session_ask_deadline (self);
    due = s_ticks (self) && self->tick_ms < due ? self->tick_ms : due;
    due = self->half_at_ms && self->half_at_ms < due ? self->half_at_ms : due;
    return self->quiet_at_ms && self->quiet_at_ms < due ? self->quiet_at_ms : due;
}

//  What falls due within the state: the end of a packet, half a frame, requests.
static input_t s_due (session_t *self, const session_env_t *env)
{
    input_t result = INPUT_TAKEN;
    if (self->quiet_at_ms && self->quiet_at_ms <= env->now_ms) {
        self->quiet_at_ms = 0;
        result = s_go_on (self, env, true, false);
    }
    if (self->half_at_ms && self->half_at_ms <= env->now_ms) {
        result = s_drop_half (self, env);
    }
    session_ask_tick (self, env);
    return result;
}

static void s_tick_codec (session_t *self, const session_env_t *env)
{
    codec_io_t io = session_io (self, env);
    size_t from = env->send->size;
    self->tick_ms = self->codec->tick (self->codec_state, &io);
    session_trace_sent (self, env, self->codec, from);
    if (io.fault) {
        session_count_refused (self, io.fault);
        session_close (self, env, CLOSE_PROTOCOL, true);
    }
}

input_t session_tick (session_t *self, const session_env_t *env, int64_t *deadline_ms)
{
    close_reason_t reason;
    *deadline_ms = INT64_MAX;
    if (s_state_deadline (self, env, &reason) <= env->now_ms) {
        session_flushed (self);
        session_close (self, env, reason, false);
    }
    input_t result = s_due (self, env);
    if (self->state == SESSION_DEAD) {
        return result;
    }
    if (s_ticks (self)) {
        s_tick_codec (self, env);
    }
    int64_t due = session_due_ms (self), end = s_state_deadline (self, env, &reason);
    *deadline_ms = due < end ? due : end;
    self->facts.idle_ms = s_idle_ms (self, env);
    self->facts.period_ms = s_period_ms (self, env);
    return result;
}
