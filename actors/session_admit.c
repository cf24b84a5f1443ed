//  Who a session is: the name it gave or was given, what the archive says of it, and what is told to those who are
//  not admitted.
#include "actors/session_inside.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include "fep/point.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void session_own_free (session_t *self)
{
    if (self->own) {
        free ((void *) (uintptr_t) self->own->heartbeat);
        free (self->own);
        self->own = NULL;
    }
}

void session_link (session_t *self, const session_env_t *env, bool up)
{
    batch_mark_t mark = batch_mark (env->batch);
    message_t *message = batch_message (env->batch, MESSAGE_LINK);
    message->received_ms = env->wall_ms;
    message->terminal = self->number;
    message->area = self->area;
    message->address = batch_keep (env->batch, bytes_text (self->address));
    //  A terminal whose session was replaced is reachable all the same, by the newer one.
    bool reachable = up || self->reason == CLOSE_REPLACED;
    batch_item (env->batch, POINT_LINK_STATE, value_decimal (reachable ? 1 : 0, 0, 0));
    batch_text (env->batch, POINT_LINK_PEER, self->peer);
    if (!up) {
        batch_text (env->batch, POINT_LINK_REASON, close_name (self->reason));
    }
    if (env->batch->failed) {
        //  The caller leaves room for it; a batch that is full all the same loses the note, not data.
        batch_rollback (env->batch, mark);
        log_line (LEVEL_WARNING, "LINK-LOST", "terminal=%s up=%d", self->address, up);
    }
}

//  The terminal's own heartbeat instead of its listener's.
static void s_own_heartbeat (session_t *self, const char *text)
{
    pattern_t *pattern = malloc (sizeof *pattern);
    codec_options_t *own = malloc (sizeof *own);
    if (!pattern || !own || pattern_parse (text, pattern, NULL, 0) != FEP_OK) {
        log_line (LEVEL_WARNING, "HEARTBEAT-PATTERN", "terminal=%s pattern=\"%s\"", self->address,
                  text);
        free (pattern);
        free (own);
        return;
    }
    *own = *self->common;
    own->heartbeat = pattern;
    session_own_free (self);
    self->own = own;
    self->options = own;
}

void session_name (session_t *self, const session_env_t *env, const char *identity)
{
    if (self->state == SESSION_FRESH && !self->address[0]) {
        snprintf (self->identity, sizeof self->identity, "%s", identity);
        snprintf (self->address, sizeof self->address, "%s", identity);
        self->state_ms = env->now_ms;
    }
}

void session_update (session_t *self, const admission_t *admission)
{
    self->profile = admission->profile;
    self->standby = admission->standby;
    self->area = admission->area;
    self->heartbeat_ms = admission->heartbeat_ms;
    self->frame_gap_ms = admission->frame_gap_ms;
    self->answer_timeout_ms = admission->answer_timeout_ms;
    if (admission->heartbeat && admission->heartbeat[0]) {
        s_own_heartbeat (self, admission->heartbeat);
    } else {
        self->options = self->common;
        session_own_free (self);
    }
}

void session_admit (session_t *self, const session_env_t *env, const admission_t *admission)
{
    if (self->state == SESSION_FRESH && self->address[0]) {
        self->number = admission->number;
        if (admission->address && admission->address[0]) {
            snprintf (self->address, sizeof self->address, "%s", admission->address);
            self->renamed = strcmp (self->identity, self->address) != 0;
        }
        session_update (self, admission);
        self->hold_until_ms = 0;
        self->last_rx_ms = env->now_ms;
        session_enter (self, SESSION_ONLINE, env->now_ms);
        session_link (self, env, true);
    }
}

void session_hold (session_t *self, const session_env_t *env)
{
    if (self->state == SESSION_FRESH && !self->hold_until_ms) {
        self->hold_until_ms = env->now_ms + (int64_t) env->config->session.hold_ms + 1;
    }
}

//  Tells a terminal that is not admitted so, if its protocol has words for it. True: they are to be flushed.
bool session_reject (session_t *self, const session_env_t *env, close_reason_t reason)
{
    static const struct {
        close_reason_t reason;
        reject_t why;
    } words[] = {{CLOSE_UNKNOWN, REJECT_UNKNOWN},
                 {CLOSE_DUPLICATE, REJECT_DUPLICATE},
                 {CLOSE_NO_ADMISSION, REJECT_CAPACITY}};
    bytes_t first, last;
    size_t from = env->send->size;
    if (self->state != SESSION_FRESH || !self->address[0] || !self->codec->reject) {
        return false;
    }
    session_waiting_frames (self, &first, &last);
    for (size_t i = 0; first.size && i < sizeof words / sizeof *words; i++) {
        if (words[i].reason == reason) {
            codec_io_t io = session_io (self, env);
            self->codec->reject (first, words[i].why, &io);
            session_trace_sent (self, env, self->codec, from);
        }
    }
    return env->send->size > from;
}
