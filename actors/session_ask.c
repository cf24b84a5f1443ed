//  Requests of a session.
//
//  Of those that wait, the first by priority goes next, also between the frames of one request, so what a person asks
//  overtakes polling. One frame is in flight, or as many as the meters' profiles allow where the codec can tell their
//  answers apart. What has to be sealed is parked (SEALING) until the seal comes; then nothing else is written, for
//  the seal may count frames. Reads are repeated; what may change the world is written once: without an answer it ends
//  OUTCOME_UNKNOWN, never written NOT_SENT.
#include "actors/session_inside.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include <stdlib.h>
#include <string.h>

#define SEAL_BYTES 1024  //  Most that is sealed at once

//  What became of an attempt to write a frame.
typedef enum { TRY_SENT, TRY_LATER, TRY_SEAL, TRY_DONE, TRY_FAILED } try_t;

//  A seal is good for one frame.
static void s_unseal (entry_t *entry)
{
    free (entry->sealed);
    free (entry->outside);
    entry->sealed = entry->outside = NULL;
    entry->sealed_size = entry->outside_size = 0;
    entry->sealed_wall_ms = 0;
    entry->seals_outside = false;
}

static void s_entry_free (entry_t *entry)
{
    free (entry->asked);
    entry->asked = NULL;
    entry->asked_size = 0;
    s_unseal (entry);
}

static void s_lands (requests_t *requests, entry_t *entry)
{
    requests->flying -= entry->where != ENTRY_WAITS ? 1 : 0;
    entry->where = ENTRY_WAITS;
}

//  Ends a request, once what its answer brought is in the batch.
static void s_end (session_t *self, const session_env_t *env, entry_t *entry, fep_err_t error,
                   uint8_t code)
{
    requests_t *requests = self->requests;
    size_t at = (size_t) (entry - requests->entries);
    uint64_t token = entry->request.token;
    const codec_t *codec =
        entry->request.carried && !entry->refused_outside ? entry->request.carried : self->codec;
    bool refused = error == FEP_REFUSED;
    const char *said = refused && codec->code_text ? codec->code_text (code) : NULL;
    bool silent = refused && codec->is_silence && codec->is_silence (code);
    uint32_t journalled = session_journal_result (self, env, entry, error, code, silent);
    uint32_t values = 0;
    for (size_t i = 0; i < REQUEST_MPS_MAX; i++) {
        values += entry->values[i];
    }
    s_lands (requests, entry);
    s_entry_free (entry);
    requests->count--;
    memmove (entry, entry + 1, (requests->count - at) * sizeof *entry);
    if (env->result) {
        env->result (env->arg, self, token, error, code, said, journalled, values);
    }
}

void session_ask_fail (session_t *self, const session_env_t *env)
{
    while (self->requests && self->requests->count) {
        entry_t *entry = &self->requests->entries[0];
        fep_err_t error = self->reason == CLOSE_STOPPING ? FEP_STOPPING : FEP_CLOSED;
        if (request_changes (entry->request.kind)) {
            error = entry->sent ? FEP_OUTCOME_UNKNOWN : FEP_NOT_SENT;
        }
        s_end (self, env, entry, error, 0);
    }
}

void session_ask_destroy (session_t *self)
{
    requests_t *requests = self->requests;
    for (size_t i = 0; requests && i < requests->count; i++) {
        s_entry_free (&requests->entries[i]);
    }
    free (requests);
    self->requests = NULL;
}

entry_t *session_ask_find (session_t *self, uint32_t tag)
{
    requests_t *requests = self->requests;
    for (size_t i = 0; requests && requests->flying && i < requests->count; i++) {
        entry_t *entry = &requests->entries[i];
        if (entry->where == ENTRY_FLIES && (!self->codec->is_pipelined || entry->tag == tag)) {
            return entry;
        }
    }
    return NULL;
}

static int64_t s_timeout_ms (const session_t *self, const session_env_t *env, const entry_t *entry)
{
    const config_t *config = env->config;
    if (!entry->request.carried) {
        bool named = self->codec->names_meters && entry->request.meter[0];
        return (int64_t) (named ? config->session.forward_timeout_ms
                                : config->session.request_timeout_ms);
    }
    if (self->answer_timeout_ms) {
        return self->answer_timeout_ms;
    }
    bool forwarded = !session_is_line (self) && !self->codec->is_pipelined;
    return (int64_t) (forwarded ? config->session.forward_timeout_ms
                                : config->line.answer_timeout_ms);
}

//  ---- Writing frames ----

static void s_remember (entry_t *entry)
{
    entry->done = entry->request.done;
    memcpy (entry->state_before, entry->state, sizeof entry->state);
}

//  The frame at hand will be written again.
static void s_go_back (entry_t *entry)
{
    entry->request.done = entry->done;
    entry->request.finished = false;
    memcpy (entry->state, entry->state_before, sizeof entry->state);
}

static codec_io_t s_io (session_t *self, const session_env_t *env, entry_t *entry, writer_t *seal)
{
    codec_io_t io = session_io (self, env);
    io.seal = env->seal ? seal : NULL;
    io.sealed = bytes_of (entry->sealed, entry->sealed_size);
    io.wall_ms = entry->sealed_wall_ms ? entry->sealed_wall_ms : io.wall_ms;
    if (entry->request.kind == REQUEST_FILE && env->file) {
        io.file = env->file (env->arg, entry->request.file);
    }
    return io;
}

//  Hands the frame over to be sealed.
static try_t s_seal (session_t *self, const session_env_t *env, entry_t *entry, bytes_t bytes,
                     fep_err_t *error)
{
    request_t request = entry->request;
    s_go_back (entry);
    request.carried = entry->seals_outside ? NULL : request.carried;
    entry->sealed_wall_ms = entry->sealed_wall_ms ? entry->sealed_wall_ms : env->wall_ms;
    entry->where = ENTRY_SEALING;
    entry->deadline_ms = env->now_ms + (int64_t) env->config->seal.timeout_ms;
    *error = env->seal (env->arg, self, &request, bytes);
    if (*error != FEP_OK) {
        entry->where = ENTRY_WAITS;
        return TRY_FAILED;
    }
    self->requests->flying++;
    return TRY_SEAL;
}

static void s_note_sent (session_t *self, const session_env_t *env, entry_t *entry, size_t from)
{
    if (env->send->size > from) {
        session_trace_sent (self, env,
                            entry->request.carried ? entry->request.carried : self->codec, from);
        metric_add (METRIC_requests_sent, 1);
        entry->sent = true;
        s_unseal (entry);
    }
}

static try_t s_try (session_t *self, const session_env_t *env, entry_t *entry, int64_t *until_ms,
                    fep_err_t *error)
{
    meter_t meter;
    uint8_t seal_memory[SEAL_BYTES];
    writer_t seal = writer_of (seal_memory, sizeof seal_memory);
    codec_io_t io = s_io (self, env, entry, &seal);
    size_t from = env->send->size;
    bool over = false;
    if (entry->request.until_ms && entry->request.until_ms < env->wall_ms) {
        *error = entry->sent ? FEP_OUTCOME_UNKNOWN : FEP_NOT_SENT;
        return TRY_FAILED;
    }
    s_remember (entry);
    if (entry->request.carried) {
        *error = session_line_write (self, env, entry, &io, until_ms, &over);
    } else {
        session_line_meter (self, env, &entry->request, &meter);
        io.meter = meter.address[0] ? &meter : NULL;
        *error = self->codec->encode (self->codec_state, &entry->request, &io);
        over = io.answer == ANSWER_DONE;
    }
    self->tick_ms = 0;
    if (*error == FEP_OK && env->send->failed) {
        *error = FEP_FULL;
    }
    if (*error != FEP_OK) {
        env->send->size = from;
        env->send->failed = false;
        bool seals = *error == FEP_NEEDS_SEAL && !seal.failed;
        *error = *error == FEP_NEEDS_SEAL && seal.failed ? FEP_LIMIT : *error;
        return seals ? s_seal (self, env, entry, writer_bytes (&seal), error) : TRY_FAILED;
    }
    if (*until_ms) {
        return TRY_LATER;
    }
    entry->tag = io.tag;
    s_note_sent (self, env, entry, from);
    if (over && entry->request.carried) {
        session_line_rest (self, env, entry, false);
    }
    return over ? TRY_DONE : TRY_SENT;
}

static void s_enter (session_t *self, const session_env_t *env, session_state_t state)
{
    if (self->state != state) {
        session_enter (self, state, env->now_ms);
    }
}

//  The state that fits what is in flight and what waits.
static void s_settle (session_t *self, const session_env_t *env, int64_t resume_ms)
{
    requests_t *requests = self->requests;
    requests->resume_ms = resume_ms;
    if (!requests->count) {
        s_enter (self, env, SESSION_ONLINE);
        return;
    }
    for (size_t i = 0; i < requests->count; i++) {
        if (requests->entries[i].where == ENTRY_SEALING) {
            s_enter (self, env, SESSION_SEALING);
            return;
        }
    }
    s_enter (self, env, requests->flying ? SESSION_WAITING : SESSION_PAUSED);
}

//  How many requests may be in flight if this one is.
static size_t s_limit (const session_t *self, const session_env_t *env, const request_t *request)
{
    if (!self->codec->is_pipelined || !request->carried) {
        return 1;
    }
    const profile_t *profile =
        request->profile && env->profile ? env->profile (env->arg, request->profile) : NULL;
    return profile_setting (profile, SETTING_in_flight);
}

//  May it go while others are in flight? All of them must allow as many.
static bool s_may_fly (const session_t *self, const session_env_t *env, const entry_t *entry)
{
    const requests_t *requests = self->requests;
    size_t limit = s_limit (self, env, &entry->request);
    for (size_t i = 0; i < requests->count; i++) {
        if (requests->entries[i].where == ENTRY_SEALING) {
            return false;
        }
        if (requests->entries[i].where == ENTRY_FLIES) {
            size_t other = s_limit (self, env, &requests->entries[i].request);
            limit = other < limit ? other : limit;
        }
    }
    return requests->flying < limit;
}

//  Writes what may be written. Requests that cannot be asked end at once.
static void s_next (session_t *self, const session_env_t *env)
{
    requests_t *requests = self->requests;
    int64_t earliest_ms = INT64_MAX;
    for (size_t i = 0; i < requests->count;) {
        entry_t *entry = &requests->entries[i];
        int64_t until_ms = 0;
        fep_err_t error = FEP_OK;
        if (entry->where != ENTRY_WAITS) {
            i++;
            continue;
        }
        if (!s_may_fly (self, env, entry)) {
            break;
        }
        if (entry->request.carried && session_is_line (self) &&
            requests->rest_until_ms > env->now_ms) {
            earliest_ms = requests->rest_until_ms;
            break;
        }
        switch (s_try (self, env, entry, &until_ms, &error)) {
        case TRY_SENT:
            entry->where = ENTRY_FLIES;
            entry->deadline_ms = env->now_ms + s_timeout_ms (self, env, entry);
            requests->flying++;
            i++;
            break;
        case TRY_LATER:
            earliest_ms = until_ms < earliest_ms ? until_ms : earliest_ms;
            i++;
            break;
        case TRY_SEAL:
            i++;
            break;
        case TRY_DONE:
        case TRY_FAILED:
            s_end (self, env, entry, error, 0);
            break;
        }
    }
    s_settle (self, env, earliest_ms);
}

//  ---- What the connector calls ----

static fep_err_t s_carried (const session_t *self, const request_t *request)
{
    const codec_t *carried = request->carried;
    if (self->codec->is_meter) {
        return !carried || carried == self->codec ? FEP_OK : FEP_UNSUPPORTED;
    }
    return !carried || self->codec->wrap ? FEP_OK : FEP_UNSUPPORTED;
}

fep_err_t session_request (session_t *self, const session_env_t *env, const request_t *request)
{
    if (self->state < SESSION_ONLINE || self->state > SESSION_PAUSED) {
        return FEP_REFUSED;
    }
    fep_err_t error = s_carried (self, request);
    if (error != FEP_OK) {
        return error;
    }
    const codec_t *carried = self->codec->is_meter ? self->codec : request->carried;
    if (carried && carried->state_size > CARRIED_STATE_MAX) {
        return FEP_UNSUPPORTED;
    }
    if (request->mp_count > 1 && (carried || request->mp_count > self->codec->mps_max)) {
        return FEP_LIMIT;
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
    requests->entries[at].request.carried = carried;
    requests->count++;
    if (self->state != SESSION_SEALING && (self->codec->is_pipelined || !requests->flying)) {
        s_next (self, env);
    }
    return FEP_OK;
}

static void s_keep_seal (entry_t *entry, uint8_t *made, size_t size)
{
    uint8_t **place = entry->seals_outside ? &entry->outside : &entry->sealed;
    free (*place);
    *place = made;
    *(entry->seals_outside ? &entry->outside_size : &entry->sealed_size) = size;
}

void session_sealed (session_t *self, const session_env_t *env, uint64_t token, fep_err_t error,
                     bytes_t bytes)
{
    requests_t *requests = self->requests;
    for (size_t i = 0; self->state == SESSION_SEALING && i < requests->count; i++) {
        entry_t *entry = &requests->entries[i];
        if (entry->where != ENTRY_SEALING || entry->request.token != token) {
            continue;
        }
        s_lands (requests, entry);
        error = error == FEP_OK && bytes.size == 0 ? FEP_NO_SEAL : error;
        uint8_t *made = error == FEP_OK ? malloc (bytes.size) : NULL;
        if (!made) {
            s_end (self, env, entry, error == FEP_OK ? FEP_FULL : error, 0);
        } else {
            memcpy (made, bytes.data, bytes.size);
            s_keep_seal (entry, made, bytes.size);
        }
        s_next (self, env);
        return;
    }
}

void session_ask_end (session_t *self, const session_env_t *env, entry_t *entry, fep_err_t error)
{
    s_end (self, env, entry, request_changes (entry->request.kind) ? FEP_OUTCOME_UNKNOWN : error,
           0);
    s_next (self, env);
}

void session_ask_answer (session_t *self, const session_env_t *env, entry_t *entry,
                         const codec_io_t *io)
{
    requests_t *requests = self->requests;
    if (io->answer == ANSWER_NONE) {
        return;
    }
    if (!entry) {
        metric_add (METRIC_answers_stray, 1);
        return;
    }
    if (io->answer == ANSWER_PARTIAL) {
        entry->deadline_ms = env->now_ms + s_timeout_ms (self, env, entry);
        return;
    }
    bool carried = entry->request.carried;
    if (carried) {
        //  It was sent more than once: each may be answered.
        session_line_rest (self, env, entry, entry->repeats > 0);
    }
    s_lands (requests, entry);
    s_entry_free (entry);
    entry->repeats = 0;
    entry->over = io->answer == ANSWER_DONE ? entry->request.mps_over : entry->over;
    if (io->answer == ANSWER_AGAIN) {
        entry->request.done = entry->done;
        entry->request.finished = false;
    } else if (io->answer == ANSWER_REFUSED) {
        s_end (self, env, entry, FEP_REFUSED, io->answer_code);
    } else if (entry->request.finished) {
        s_end (self, env, entry, FEP_OK, 0);
    }
    if (carried && session_is_line (self) && requests->count) {
        //  Bytes are being read: the next frame is written, and what is unread then dropped, by the tick.
        s_settle (self, env, requests->rest_until_ms);
    } else {
        s_next (self, env);
    }
}

//  How often a frame of the request may be sent again. What changes the world is written once.
static uint32_t s_repeats (const session_t *self, const session_env_t *env,
                           const request_t *request)
{
    if (request_changes (request->kind)) {
        return 0;
    }
    if (request->tries) {
        return request->tries - 1u;
    }
    bool line = request->carried && (session_is_line (self) || self->codec->is_pipelined);
    return (uint32_t) (line ? env->config->line.repeats : env->config->session.request_repeats);
}

//  The frame in flight was not answered, or not sealed, in time.
static void s_timeout (session_t *self, const session_env_t *env, entry_t *entry)
{
    requests_t *requests = self->requests;
    bool sealing = entry->where == ENTRY_SEALING;
    if (entry->request.carried && !sealing) {
        int64_t rest_ms = requests->rest_until_ms;
        session_line_rest (self, env, entry, true);
        requests->rest_until_ms =
            rest_ms > requests->rest_until_ms ? rest_ms : requests->rest_until_ms;
    }
    if (!sealing && entry->repeats < s_repeats (self, env, &entry->request)) {
        entry->repeats++;
        s_lands (requests, entry);
        s_go_back (entry);
        return;
    }
    fep_err_t error = request_changes (entry->request.kind) ? FEP_OUTCOME_UNKNOWN : FEP_TIMEOUT;
    metric_add (METRIC_requests_timeout, 1);
    s_end (self, env, entry, sealing ? FEP_NO_SEAL : error, 0);
}

void session_ask_tick (session_t *self, const session_env_t *env)
{
    requests_t *requests = self->requests;
    if (session_ask_deadline (self) > env->now_ms) {
        return;
    }
    for (size_t i = requests->count; i-- > 0;) {
        entry_t *entry = &requests->entries[i];
        if (entry->where != ENTRY_WAITS && entry->deadline_ms <= env->now_ms) {
            s_timeout (self, env, entry);
        }
    }
    s_next (self, env);
}

int64_t session_ask_deadline (const session_t *self)
{
    const requests_t *requests = self->requests;
    if (self->state <= SESSION_ONLINE || self->state > SESSION_PAUSED || !requests) {
        return INT64_MAX;
    }
    int64_t deadline = requests->resume_ms;
    for (size_t i = 0; i < requests->count; i++) {
        const entry_t *entry = &requests->entries[i];
        if (entry->where != ENTRY_WAITS && entry->deadline_ms < deadline) {
            deadline = entry->deadline_ms;
        }
    }
    return deadline;
}
