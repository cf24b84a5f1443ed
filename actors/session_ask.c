//  Requests of a session, and the half-duplex line behind a gateway.
//
//  One frame is in flight. Of those that wait, the first by priority goes next, also between the frames of one
//  request, so what a person asks overtakes polling. A line rests between frames. A meter without answer costs
//  its own timeout and never closes the connection; its answer may still come, so until line.late_ms have
//  passed no request goes out whose answer it could be taken for, and if it comes it is dropped and counted.
#include "actors/session_inside.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include <stdlib.h>
#include <string.h>

//  What became of an attempt to write a frame.
typedef enum { TRY_SENT, TRY_LATER, TRY_DONE, TRY_FAILED } try_t;

static void s_result (session_t *self, const session_env_t *env, uint64_t token, fep_err_t error,
                      uint8_t code)
{
    if (env->result) {
        env->result (env->arg, self, token, error, code);
    }
}

//  Ends a request.
static void s_end (session_t *self, const session_env_t *env, size_t at, fep_err_t error,
                   uint8_t code)
{
    requests_t *requests = self->requests;
    uint64_t token = requests->entries[at].request.token;
    requests->count--;
    memmove (&requests->entries[at], &requests->entries[at + 1],
             (requests->count - at) * sizeof (entry_t));
    s_result (self, env, token, error, code);
}

void session_ask_fail (session_t *self, const session_env_t *env, fep_err_t error)
{
    while (self->requests && self->requests->count) {
        s_end (self, env, 0, error, 0);
    }
}

//  ---- The line ----

static int64_t s_gap_ms (const session_t *self, const session_env_t *env)
{
    return self->frame_gap_ms ? self->frame_gap_ms : (int64_t) env->config->line.frame_gap_ms;
}

static int64_t s_timeout_ms (const session_t *self, const session_env_t *env, const entry_t *entry)
{
    if (!entry->request.carried) {
        return (int64_t) env->config->session.request_timeout_ms;
    }
    return self->answer_timeout_ms ? self->answer_timeout_ms
                                   : (int64_t) env->config->line.answer_timeout_ms;
}

static void s_rest (session_t *self, const session_env_t *env)
{
    self->requests->rest_until_ms = env->now_ms + s_gap_ms (self, env);
    self->requests->asked_size = 0;
}

static void s_late_drop (requests_t *requests, size_t at)
{
    requests->late_count--;
    memmove (&requests->late[at], &requests->late[at + 1],
             (requests->late_count - at) * sizeof (late_t));
}

//  The frame in flight was not answered: its answer may still come. With all places taken the line rests until
//  the first of them is free.
static void s_late_note (session_t *self, const session_env_t *env, const codec_t *codec)
{
    requests_t *requests = self->requests;
    if (!codec->mistakable || !env->config->line.late_ms) {
        return;
    }
    if (requests->late_count == LATE_MAX) {
        requests->rest_until_ms = requests->late[0].until_ms;
        s_late_drop (requests, 0);
    }
    late_t *late = &requests->late[requests->late_count++];
    late->codec = codec;
    late->until_ms = env->now_ms + (int64_t) env->config->line.late_ms;
    late->size = requests->asked_size < LATE_BYTES ? requests->asked_size : LATE_BYTES;
    memcpy (late->bytes, requests->asked, late->size);
}

//  Until when a frame must wait for a late answer it could be given; 0 = not at all.
static int64_t s_late_until (const requests_t *requests, const codec_t *codec, bytes_t frame)
{
    int64_t until = 0;
    for (size_t i = 0; i < requests->late_count; i++) {
        const late_t *late = &requests->late[i];
        if (late->codec == codec && late->until_ms > until &&
            codec->mistakable (bytes_of (late->bytes, late->size), frame)) {
            until = late->until_ms;
        }
    }
    return until;
}

static void s_late_expire (requests_t *requests, int64_t now_ms)
{
    for (size_t i = requests->late_count; i-- > 0;) {
        if (requests->late[i].until_ms <= now_ms) {
            s_late_drop (requests, i);
        }
    }
}

//  The late answer at the head of the window, or what may become one. Its place is moved to the front.
static scan_t s_late_scan (requests_t *requests, scan_context_t *context, bytes_t window)
{
    scan_t more = {.what = SCAN_SKIP, .size = 1, .reason = FEP_NOT_MINE};
    for (size_t i = 0; i < requests->late_count; i++) {
        late_t late = requests->late[i];
        context->request = bytes_of (late.bytes, late.size);
        scan_t scan = late.codec->scan (context, window);
        if (scan.what == SCAN_FRAME) {
            requests->late[i] = requests->late[0];
            requests->late[0] = late;
            return scan;
        }
        more = scan.what == SCAN_MORE ? scan : more;
    }
    return more;
}

scan_t session_line_scan (session_t *self, const session_env_t *env, bytes_t window, bool *late)
{
    requests_t *requests = self->requests;
    scan_t scan = {.what = SCAN_SKIP, .size = 1, .reason = FEP_NOT_MINE};
    scan_context_t context = {.up = true, .options = self->options};
    s_late_expire (requests, env->now_ms);
    if (requests->asked_size) {
        const codec_t *codec = requests->entries[requests->active].request.carried;
        context.request = bytes_of (requests->asked, requests->asked_size);
        scan = codec->scan (&context, window);
    }
    if (scan.what == SCAN_SKIP && requests->late_count) {
        scan_t other = s_late_scan (requests, &context, window);
        *late = other.what == SCAN_FRAME;
        scan = other.what == SCAN_SKIP ? scan : other;
    }
    return scan;
}

void session_line_late (session_t *self)
{
    metric_add (METRIC_answers_late, 1);
    s_late_drop (self->requests, 0);
    if (self->state == SESSION_PAUSED) {
        //  What waited for it need wait no longer.
        self->requests->deadline_ms = self->requests->rest_until_ms;
    }
    self->bad_in_row = 0;
    self->noise = false;
}

static void s_meter (const session_env_t *env, const request_t *request, meter_t *meter)
{
    meter->mp = request->mp;
    memcpy (meter->address, request->meter, sizeof meter->address);
    meter->profile =
        request->profile && env->profile ? env->profile (env->arg, request->profile) : NULL;
}

const codec_t *session_line_codec (session_t *self, const session_env_t *env, codec_io_t *io,
                                   meter_t *meter, void **state)
{
    requests_t *requests = self->requests;
    entry_t *entry = &requests->entries[requests->active];
    s_meter (env, &entry->request, meter);
    io->meter = meter;
    io->request = bytes_of (requests->asked, requests->asked_size);
    *state = entry->state;
    return entry->request.carried;
}

//  What came before a frame was written answers nothing any more.
static void s_discard (session_t *self)
{
    size_t size = window_bytes (&self->window).size;
    if (size) {
        metric_add (METRIC_bytes_skipped, (int64_t) size);
        window_consume (&self->window, size);
        self->half_at_ms = 0;
        self->quiet_at_ms = 0;
    }
}

//  ---- Writing frames ----

//  The meter codec encodes, the terminal codec wraps. *until_ms: when to try again, if LATER.
static try_t s_try_carried (session_t *self, const session_env_t *env, entry_t *entry,
                            int64_t *until_ms, fep_err_t *error)
{
    requests_t *requests = self->requests;
    const entry_t before = *entry;
    codec_io_t outer = session_io (self, env), io = outer;
    meter_t meter;
    writer_t frame = writer_of (requests->asked, sizeof requests->asked);
    s_meter (env, &entry->request, &meter);
    io.meter = &meter;
    io.send = &frame;
    *error = entry->request.carried->encode (entry->state, &entry->request, &io);
    if (*error == FEP_OK && frame.failed) {
        *error = FEP_LIMIT;
    }
    if (*error != FEP_OK || !frame.size) {
        return *error == FEP_OK ? TRY_DONE : TRY_FAILED;
    }
    *until_ms = s_late_until (requests, entry->request.carried, writer_bytes (&frame));
    if (*until_ms) {
        *entry = before;
        metric_add (METRIC_requests_deferred, 1);
        return TRY_LATER;
    }
    *error = self->codec->wrap (self->codec_state, writer_bytes (&frame), &outer);
    if (*error != FEP_OK) {
        return TRY_FAILED;
    }
    s_discard (self);
    requests->asked_size = frame.size;
    if (io.answer == ANSWER_DONE) {
        //  A broadcast: nobody answers.
        s_rest (self, env);
        return TRY_DONE;
    }
    return TRY_SENT;
}

static try_t s_try (session_t *self, const session_env_t *env, entry_t *entry, int64_t *until_ms,
                    fep_err_t *error)
{
    requests_t *requests = self->requests;
    codec_io_t io = session_io (self, env);
    size_t from = env->send->size;
    try_t result;
    entry->done = entry->request.done;
    memcpy (entry->state_before, entry->state, sizeof entry->state);
    requests->asked_size = 0;
    if (entry->request.carried) {
        result = s_try_carried (self, env, entry, until_ms, error);
    } else {
        *error = self->codec->encode (self->codec_state, &entry->request, &io);
        result = *error == FEP_OK ? TRY_SENT : TRY_FAILED;
    }
    if (env->send->failed) {
        *error = FEP_FULL;
        result = TRY_FAILED;
    }
    if (result == TRY_FAILED) {
        env->send->size = from;
        env->send->failed = false;
        requests->asked_size = 0;
    }
    if (env->send->size > from) {
        session_trace_sent (self, env,
                            entry->request.carried ? entry->request.carried : self->codec, from);
        metric_add (METRIC_requests_sent, 1);
    }
    return result;
}

static void s_enter (session_t *self, const session_env_t *env, session_state_t state)
{
    if (self->state != state) {
        session_enter (self, state, env->now_ms);
    }
}

static void s_pause (session_t *self, const session_env_t *env, int64_t until_ms)
{
    self->requests->deadline_ms = until_ms;
    s_enter (self, env, SESSION_PAUSED);
}

//  Writes the next frame that may be written. Requests that cannot be asked end at once.
static void s_next (session_t *self, const session_env_t *env)
{
    requests_t *requests = self->requests;
    int64_t earliest_ms = INT64_MAX;
    s_late_expire (requests, env->now_ms);
    for (size_t i = 0; i < requests->count;) {
        entry_t *entry = &requests->entries[i];
        int64_t until_ms = 0;
        fep_err_t error = FEP_OK;
        if (entry->request.carried && requests->rest_until_ms > env->now_ms) {
            s_pause (self, env, requests->rest_until_ms);
            return;
        }
        switch (s_try (self, env, entry, &until_ms, &error)) {
        case TRY_SENT:
            requests->active = i;
            requests->deadline_ms = env->now_ms + s_timeout_ms (self, env, entry);
            s_enter (self, env, SESSION_WAITING);
            return;
        case TRY_LATER:
            earliest_ms = until_ms < earliest_ms ? until_ms : earliest_ms;
            i++;
            break;
        case TRY_DONE:
        case TRY_FAILED:
            s_end (self, env, i, error, 0);
            break;
        }
    }
    if (requests->count) {
        s_pause (self, env, earliest_ms);
    } else {
        s_enter (self, env, SESSION_ONLINE);
    }
}

//  ---- What the connector calls ----

fep_err_t session_request (session_t *self, const session_env_t *env, const request_t *request)
{
    if (self->state != SESSION_ONLINE && self->state != SESSION_WAITING &&
        self->state != SESSION_PAUSED) {
        return FEP_REFUSED;
    }
    if (request->carried &&
        (!self->codec->wrap || request->carried->state_size > CARRIED_STATE_MAX)) {
        return FEP_UNSUPPORTED;
    }
    if (!self->requests) {
        self->requests = calloc (1, sizeof *self->requests);
    }
    requests_t *requests = self->requests;
    if (!requests || requests->count > SESSION_REQUESTS_MAX) {
        return FEP_FULL;
    }
    size_t at = requests->count;
    while (at && requests->entries[at - 1].request.priority > request->priority) {
        at--;
    }
    memmove (&requests->entries[at + 1], &requests->entries[at],
             (requests->count - at) * sizeof (entry_t));
    requests->entries[at] = (entry_t){.request = *request};
    requests->count++;
    if (self->state == SESSION_WAITING && at <= requests->active) {
        requests->active++;
    } else if (self->state != SESSION_WAITING) {
        s_next (self, env);
    }
    return FEP_OK;
}

void session_ask_answer (session_t *self, const session_env_t *env, const codec_io_t *io)
{
    requests_t *requests = self->requests;
    if (io->answer == ANSWER_NONE) {
        return;
    }
    if (self->state != SESSION_WAITING) {
        metric_add (METRIC_answers_stray, 1);
        return;
    }
    entry_t *entry = &requests->entries[requests->active];
    if (io->answer == ANSWER_PARTIAL) {
        requests->deadline_ms = env->now_ms + s_timeout_ms (self, env, entry);
        return;
    }
    if (entry->request.carried) {
        //  It was sent more than once: each may be answered.
        if (entry->repeats) {
            s_late_note (self, env, entry->request.carried);
        }
        s_rest (self, env);
    }
    bool carried = entry->request.carried;
    entry->repeats = 0;
    if (io->answer == ANSWER_AGAIN) {
        entry->request.done = entry->done;
        entry->request.finished = false;
    } else if (io->answer == ANSWER_REFUSED) {
        s_end (self, env, requests->active, FEP_REFUSED, io->answer_code);
    } else if (entry->request.finished) {
        s_end (self, env, requests->active, FEP_OK, 0);
    }
    if (carried && requests->count) {
        //  Bytes are being read: the next frame is written, and what is unread then dropped, by the tick.
        s_pause (self, env, requests->rest_until_ms);
    } else {
        s_next (self, env);
    }
}

//  How often a frame of the request may be sent again. What changes the world is written once.
static uint32_t s_repeats (const session_env_t *env, const request_t *request)
{
    if (request->kind == REQUEST_PASS) {
        return 0;
    }
    if (request->tries) {
        return request->tries - 1u;
    }
    return (uint32_t) (request->carried ? env->config->line.repeats
                                        : env->config->session.request_repeats);
}

static void s_timeout (session_t *self, const session_env_t *env)
{
    requests_t *requests = self->requests;
    entry_t *entry = &requests->entries[requests->active];
    if (entry->request.carried) {
        s_late_note (self, env, entry->request.carried);
        int64_t rest_ms = requests->rest_until_ms;
        s_rest (self, env);
        requests->rest_until_ms =
            rest_ms > requests->rest_until_ms ? rest_ms : requests->rest_until_ms;
    }
    if (entry->repeats < s_repeats (env, &entry->request)) {
        entry->repeats++;
        entry->request.done = entry->done;
        entry->request.finished = false;
        memcpy (entry->state, entry->state_before, sizeof entry->state);
    } else {
        metric_add (METRIC_requests_timeout, 1);
        s_end (self, env, requests->active, FEP_TIMEOUT, 0);
    }
    s_next (self, env);
}

void session_ask_tick (session_t *self, const session_env_t *env)
{
    if (session_ask_deadline (self) > env->now_ms) {
        return;
    }
    if (self->state == SESSION_WAITING) {
        s_timeout (self, env);
    } else {
        s_next (self, env);
    }
}

int64_t session_ask_deadline (const session_t *self)
{
    return self->state == SESSION_WAITING || self->state == SESSION_PAUSED
               ? self->requests->deadline_ms
               : INT64_MAX;
}
