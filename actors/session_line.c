//  Frames carried for meters: bare on a half-duplex line, or inside a terminal's forwarding services.
//
//  A line rests between frames. A meter without answer costs its own timeout and never closes the connection; its
//  answer may still come, so until line.late_ms have passed no request goes out whose answer it could be taken for,
//  and if it comes it is dropped and counted. Inside forwarding services the terminal says which request it answers.
#include "actors/session_inside.h"
#include "fep/metrics.h"
#include <stdlib.h>
#include <string.h>

static int64_t s_gap_ms (const session_t *self, const session_env_t *env)
{
    return self->frame_gap_ms ? self->frame_gap_ms : (int64_t) env->config->line.frame_gap_ms;
}

static void s_late_drop (requests_t *requests, size_t at)
{
    requests->late_count--;
    memmove (&requests->late[at], &requests->late[at + 1],
             (requests->late_count - at) * sizeof (late_t));
}

//  With all places taken the line rests until the first of them is free.
static void s_late_note (session_t *self, const session_env_t *env, const entry_t *entry)
{
    requests_t *requests = self->requests;
    const codec_t *codec = entry->request.carried;
    if (!codec->mistakable || !env->config->line.late_ms) {
        return;
    }
    if (requests->late_count == LATE_MAX) {
        if (requests->late[0].until_ms > requests->rest_until_ms) {
            requests->rest_until_ms = requests->late[0].until_ms;
        }
        s_late_drop (requests, 0);
    }
    late_t *late = &requests->late[requests->late_count++];
    late->codec = codec;
    late->until_ms = env->now_ms + (int64_t) env->config->line.late_ms;
    late->size = entry->asked_size < LATE_BYTES ? entry->asked_size : LATE_BYTES;
    memcpy (late->bytes, entry->asked, late->size);
}

void session_line_rest (session_t *self, const session_env_t *env, const entry_t *entry, bool late)
{
    if (session_is_line (self)) {
        self->requests->rest_until_ms = env->now_ms + s_gap_ms (self, env);
        if (late) {
            s_late_note (self, env, entry);
        }
    }
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
    const entry_t *entry = session_ask_find (self, 0);
    if (entry && entry->asked_size) {
        context.request = bytes_of (entry->asked, entry->asked_size);
        scan = entry->request.carried->scan (&context, window);
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
        self->requests->resume_ms = self->requests->rest_until_ms;
    }
    self->bad_in_row = 0;
    self->noise = false;
}

void session_line_meter (const session_t *self, const session_env_t *env, const request_t *request,
                         meter_t *meter)
{
    bool named = request->meter[0] || !self->codec->is_meter;
    meter->mp = request->mp;
    meter->no_broadcast = self->codec->no_broadcast;
    memcpy (meter->address, named ? request->meter : self->identity, sizeof meter->address);
    meter->profile =
        request->profile && env->profile ? env->profile (env->arg, request->profile) : NULL;
}

const codec_t *session_line_codec (session_t *self, const session_env_t *env, entry_t *entry,
                                   codec_io_t *io, meter_t *meter, void **state)
{
    session_line_meter (self, env, &entry->request, meter);
    io->meter = meter;
    io->request = bytes_of (entry->asked, entry->asked_size);
    *state = entry->state;
    return entry->request.carried;
}

//  The frame of the request's answer among carried bytes. Empty, with *why, if there is none.
static bytes_t s_find (session_t *self, const entry_t *entry, bytes_t line, fep_err_t *why)
{
    const scan_context_t context = {.up = true,
                                    .options = self->options,
                                    .request = bytes_of (entry->asked, entry->asked_size),
                                    .quiet = true};
    *why = FEP_TRUNCATED;
    for (size_t at = 0; at < line.size;) {
        bytes_t window = bytes_of (line.data + at, line.size - at);
        scan_t scan = entry->request.carried->scan (&context, window);
        if (scan.what == SCAN_FRAME) {
            return bytes_of (window.data, scan.size);
        }
        if (scan.what == SCAN_MORE) {
            break;
        }
        *why = scan.reason == FEP_CHECKSUM || *why != FEP_CHECKSUM ? scan.reason : *why;
        at += scan.size;
    }
    return bytes_of (NULL, 0);
}

fep_err_t session_line_unwrap (session_t *self, const session_env_t *env, entry_t *entry,
                               bytes_t frame, codec_io_t *io)
{
    uint8_t memory[CARRIED_FRAME_MAX + 64];
    writer_t line = writer_of (memory, sizeof memory);
    meter_t meter;
    void *state;
    fep_err_t error = self->codec->unwrap (frame, true, self->options, &line);
    if (error != FEP_OK || line.failed) {
        return error != FEP_OK ? error : FEP_LIMIT;
    }
    codec_io_t inner = session_io (self, env);
    bytes_t answer = s_find (self, entry, writer_bytes (&line), &error);
    if (!answer.size) {
        return error;
    }
    batch_mark_t mark = batch_mark (env->batch);
    const codec_t *codec = session_line_codec (self, env, entry, &inner, &meter, &state);
    error = codec->decode (state, answer, &inner);
    if (error == FEP_OK && env->batch->failed) {
        error = FEP_LIMIT;
    }
    if (error != FEP_OK) {
        batch_rollback (env->batch, mark);
    }
    session_came (self, env, codec, answer, error);
    io->answer = error == FEP_OK ? inner.answer : ANSWER_NONE;
    io->answer_code = inner.answer_code;
    io->raw_units += inner.raw_units;
    return error == FEP_OK && inner.answer == ANSWER_NONE ? FEP_NOT_MINE : error;
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

static fep_err_t s_keep_asked (entry_t *entry, bytes_t frame)
{
    uint8_t *asked = realloc (entry->asked, frame.size);
    if (!asked) {
        return FEP_FULL;
    }
    memcpy (asked, frame.data, frame.size);
    entry->asked = asked;
    entry->asked_size = frame.size;
    return FEP_OK;
}

//  A meter that is its own connection is not wrapped.
static fep_err_t s_wrap (session_t *self, bytes_t frame, codec_io_t *outer)
{
    if (self->codec->wrap) {
        return self->codec->wrap (self->codec_state, frame, outer);
    }
    writer_put (outer->send, frame.data, frame.size);
    return FEP_OK;
}

fep_err_t session_line_write (session_t *self, const session_env_t *env, entry_t *entry,
                              codec_io_t *outer, int64_t *until_ms, bool *over)
{
    const codec_t *codec = entry->request.carried;
    const request_t before = entry->request;
    uint8_t memory[CARRIED_FRAME_MAX];
    writer_t frame = writer_of (memory, sizeof memory);
    codec_io_t io = *outer;
    meter_t meter;
    session_line_meter (self, env, &entry->request, &meter);
    io.meter = outer->meter = &meter;
    io.send = &frame;
    entry->seals_outside = false;
    *until_ms = 0;
    *over = false;
    fep_err_t error = codec->encode (entry->state, &entry->request, &io);
    if (error == FEP_OK && frame.failed) {
        error = FEP_LIMIT;
    }
    if (error != FEP_OK || !frame.size) {
        *over = !frame.size;
        return error;
    }
    if (session_is_line (self)) {
        s_late_expire (self->requests, env->now_ms);
        *until_ms = s_late_until (self->requests, codec, writer_bytes (&frame));
        if (*until_ms) {
            entry->request = before;
            memcpy (entry->state, entry->state_before, sizeof entry->state);
            metric_add (METRIC_requests_deferred, 1);
            return FEP_OK;
        }
        s_discard (self);
    }
    outer->sealed = bytes_of (entry->outside, entry->outside_size);
    outer->answer = io.answer;
    error = s_wrap (self, writer_bytes (&frame), outer);
    entry->seals_outside = error == FEP_NEEDS_SEAL;
    outer->meter = NULL;
    if (error == FEP_OK) {
        error = s_keep_asked (entry, writer_bytes (&frame));
    }
    *over = outer->answer == ANSWER_DONE;
    return error;
}
