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
    free (self->own);
    self->own = NULL;
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
    batch_text (env->batch, up ? POINT_LINK_CODEC : POINT_LINK_REASON,
                up ? self->codec->name : close_name (self->reason));
    if (env->batch->failed) {
        //  The caller leaves room for it; a batch that is full all the same loses the note, not data.
        batch_rollback (env->batch, mark);
        log_line (LEVEL_WARNING, "LINK-LOST", "terminal=%s up=%d", self->address, up);
    }
}

//  The terminal's own habits instead of its listener's. What cannot be read is said and left out.
static void s_own (session_t *self, const char *heartbeat, const char *zone)
{
    own_options_t *own = malloc (sizeof *own);
    if (!own) {
        return;
    }
    own->options = *self->common;
    if (heartbeat && heartbeat[0]) {
        if (pattern_parse (heartbeat, &own->heartbeat, NULL, 0) == FEP_OK) {
            own->options.heartbeat = &own->heartbeat;
        } else {
            log_line (LEVEL_WARNING, "HEARTBEAT-PATTERN", "terminal=%s pattern=\"%s\"",
                      self->address, heartbeat);
        }
    }
    if (zone && zone[0]) {
        if (zone_parse (zone, &own->zone) == FEP_OK) {
            own->options.zone = &own->zone;
        } else {
            log_line (LEVEL_WARNING, "ZONE", "terminal=%s zone=\"%s\"", self->address, zone);
        }
    }
    self->own = own;
    self->options = &own->options;
}

static void s_meters (session_t *self, const admission_t *admission)
{
    free (self->meters);
    self->meters = NULL;
    self->meter_count = 0;
    if (admission->meter_count) {
        size_t size = admission->meter_count * sizeof *self->meters;
        self->meters = malloc (size);
        if (self->meters) {
            memcpy (self->meters, admission->meters, size);
            self->meter_count = admission->meter_count;
        }
    }
}

void session_name (session_t *self, const session_env_t *env, const char *identity)
{
    if (self->state == SESSION_FRESH && !self->address[0]) {
        snprintf (self->identity, sizeof self->identity, "%s", identity);
        snprintf (self->address, sizeof self->address, "%s", identity);
        self->state_ms = env->now_ms;
    }
}

bool session_wants_admission (const session_t *self)
{
    return self->state == SESSION_FRESH && self->address[0] && !self->hold_until_ms;
}

void session_queue (session_t *self, const session_env_t *env, bool queued)
{
    if (self->state == SESSION_FRESH && !self->hold_until_ms && self->queued != queued) {
        self->queued = queued;
        self->state_ms = env->now_ms;
    }
}

void session_update (session_t *self, const admission_t *admission)
{
    self->profile = admission->profile;
    self->area = admission->area;
    self->heartbeat_ms = admission->heartbeat_ms;
    self->frame_gap_ms = admission->frame_gap_ms;
    self->answer_timeout_ms = admission->answer_timeout_ms;
    s_meters (self, admission);
    self->options = self->common;
    session_own_free (self);
    bool own = (admission->heartbeat && admission->heartbeat[0]) ||
               (admission->zone && admission->zone[0]);
    if (own) {
        s_own (self, admission->heartbeat, admission->zone);
    }
}

void session_admit (session_t *self, const session_env_t *env, const admission_t *admission)
{
    if (self->state == SESSION_FRESH && self->address[0]) {
        self->number = admission->number;
        self->standby = admission->standby;
        if (admission->address && admission->address[0]) {
            snprintf (self->address, sizeof self->address, "%s", admission->address);
            self->renamed = strcmp (self->identity, self->address) != 0;
        }
        session_update (self, admission);
        self->hold_until_ms = 0;
        self->last_rx_ms = env->now_ms;
        session_enter (self, SESSION_ONLINE, env->now_ms);
        if (!self->standby) {
            session_link (self, env, true);
        }
    }
}

void session_promote (session_t *self, const session_env_t *env)
{
    if (self->standby) {
        self->tick_ms = 0;
        self->standby = false;
        session_link (self, env, true);
    }
}

void session_hold (session_t *self, const session_env_t *env)
{
    if (self->state == SESSION_FRESH && !self->hold_until_ms) {
        self->hold_until_ms = env->now_ms + (int64_t) env->config->session.hold_ms + 1;
    }
}

bool session_held (const session_t *self)
{
    return self->state == SESSION_FRESH && self->hold_until_ms;
}

//  Tells a terminal that is not admitted so, if its protocol has words for it. True: they are to be flushed.
bool session_reject (session_t *self, const session_env_t *env, close_reason_t reason)
{
    static const struct {
        close_reason_t reason;
        reject_t why;
    } words[] = {{CLOSE_UNKNOWN, REJECT_UNKNOWN},
                 {CLOSE_DUPLICATE, REJECT_DUPLICATE},
                 {CLOSE_OVER_CAPACITY, REJECT_CAPACITY},
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
