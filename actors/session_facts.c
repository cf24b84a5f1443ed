//  What others may know of a session.
#include "actors/session_inside.h"
#include "fep/metrics.h"
#include <stdlib.h>
#include <string.h>

//  Most sessions never refuse anything. Without memory it is counted for the process only.
void session_count_refused (session_t *self, fep_err_t reason)
{
    metric_refused (reason);
    self->refused = self->refused ? self->refused : calloc (FEP_ERR_COUNT, sizeof *self->refused);
    if (self->refused) {
        self->refused[reason]++;
    }
}

uint32_t session_refused (const session_t *self, fep_err_t reason)
{
    return self->refused ? self->refused[reason] : 0;
}

session_state_t session_state (const session_t *self)
{
    return self->state;
}

close_reason_t session_reason (const session_t *self)
{
    return self->reason;
}

const char *session_address (const session_t *self)
{
    return self->address;
}

const char *session_peer (const session_t *self)
{
    return self->peer;
}

const codec_t *session_codec (const session_t *self)
{
    return self->codec;
}

const codec_options_t *session_options (const session_t *self)
{
    return self->options;
}

uint32_t session_number (const session_t *self)
{
    return self->number;
}

bool session_is_standby (const session_t *self)
{
    return self->standby;
}

void session_set_peer (session_t *self, const char *peer)
{
    char *copy = strdup (peer);
    if (copy) {
        free (self->peer);
        self->peer = copy;
    }
}

bool session_has_window (const session_t *self)
{
    return window_bytes (&self->window).size > 0;
}

void session_set_trace (session_t *self, int64_t until_wall_ms)
{
    self->trace_until_ms = until_wall_ms;
}

void session_sent (session_t *self, size_t bytes)
{
    self->facts.tx_bytes += bytes;
}

const session_facts_t *session_facts (const session_t *self)
{
    return &self->facts;
}

uint32_t session_bad_in_row (const session_t *self)
{
    return self->bad_in_row;
}

int64_t session_silent_ms (const session_t *self, int64_t now_ms)
{
    return now_ms - self->last_rx_ms;
}

const frames_t *session_frames (const session_t *self)
{
    return self->frames;
}

void session_keep_waiting (session_t *self, const session_env_t *env, bytes_t bytes)
{
    if (bytes.size && !window_append (&self->window, env->windows, bytes)) {
        metric_add (METRIC_bytes_skipped, (int64_t) bytes.size);
    }
}

void session_waiting_frames (const session_t *self, bytes_t *first, bytes_t *last)
{
    const scan_context_t context = {.up = true,
                                    .options = self->options,
                                    .address = bytes_text (self->identity),
                                    .quiet = self->ended};
    bytes_t bytes = window_bytes (&self->window);
    size_t used = 0;
    *first = *last = bytes_of (NULL, 0);
    while (self->address[0] && used < bytes.size) {
        bytes_t window = bytes_of (bytes.data + used, bytes.size - used);
        scan_t scan = self->codec->scan (&context, window);
        if (scan.what == SCAN_MORE) {
            break;
        }
        if (scan.what != SCAN_SKIP) {
            *last = bytes_of (window.data, scan.size);
            *first = first->size ? *first : *last;
        }
        used += scan.size;
    }
}
