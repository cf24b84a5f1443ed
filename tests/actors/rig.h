//  What a connector gives its sessions, moved by hand: time, batch, bytes to send, windows, results, traces.
#ifndef TESTS_ACTORS_RIG_H
#define TESTS_ACTORS_RIG_H

#include "tests/actors/toy.h"
#include "actors/session.h"
#include "fep/metrics.h"
#include "fep/pack.h"
#include <stdlib.h>

#define RIG_START_MS 50000
#define RIG_WALL_MS 1700000000000
#define RIG_NUMBER 7
#define RIG_AREA 3
#define RIG_NOTES 64
#define RIG_WINDOWS 4

typedef struct {
    uint64_t token;       //  Of the request
    fep_err_t error;      //  How it ended
    uint8_t code;         //  The terminal's
    uint32_t journalled;  //  There is a RESULT of it, by measuring point
    uint32_t values;      //  Good ones it brought
} rig_result_t;

typedef struct {
    bool up;           //  From the terminal
    size_t size;       //  Of the frame
    fep_err_t reason;  //  OK: a good one
} rig_trace_t;

typedef struct {
    config_t config;                  //  Only its session section is used
    codec_options_t options;          //  Of the listener
    session_env_t env;                //  What the session sees
    batch_t *batch;                   //  Messages
    uint8_t send_memory[65536];       //  Bytes for the peer
    writer_t send;                    //  Over it
    pool_t *windows;                  //  Few
    session_t *session;               //  Under test
    int64_t deadline_ms;              //  Of the last tick
    uint32_t mark;                    //  Last one taken
    rig_result_t results[RIG_NOTES];  //  Requests that ended
    size_t result_count;              //  Of them
    rig_trace_t traces[RIG_NOTES];    //  Traced frames
    size_t trace_count;               //  Of them
    uint8_t frame_memory[16384];      //  Bytes from the terminal, being written
    writer_t frame;                   //  Over it
    int64_t gauges[SESSION_DEAD];     //  As they were before
} rig_t;

//  Sessions in a state, since the rig was made.
static inline int64_t rig_gauge (const rig_t *self, unsigned state)
{
    static const metric_t gauges[SESSION_DEAD] = {METRIC_sessions_fresh,   METRIC_sessions_online,
                                                  METRIC_sessions_waiting, METRIC_sessions_sealing,
                                                  METRIC_sessions_paused,  METRIC_sessions_closing};
    return metric_get (gauges[state]) - self->gauges[state];
}

static inline void rig_on_result (void *arg, const session_t *session, uint64_t token,
                                  fep_err_t error, uint8_t code, const char *said,
                                  uint32_t journalled, uint32_t values)
{
    (void) said;
    rig_t *self = arg;
    (void) session;
    assert_true (self->result_count < RIG_NOTES);
    self->results[self->result_count++] = (rig_result_t){token, error, code, journalled, values};
}

static inline void rig_on_trace (void *arg, const session_t *session, const codec_t *codec, bool up,
                                 bytes_t frame, fep_err_t reason)
{
    rig_t *self = arg;
    (void) session;
    (void) codec;
    assert_true (self->trace_count < RIG_NOTES);
    self->traces[self->trace_count++] = (rig_trace_t){up, frame.size, reason};
}

//  A session of its own for tests that need a second one.
static inline session_t *rig_session (rig_t *self, const codec_t *codec)
{
    session_t *session = session_new (codec, &self->options, "10.0.0.7:4711", &self->env);
    assert_non_null (session);
    return session;
}

static inline rig_t *rig_new (const codec_t *codec)
{
    rig_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    self->config.session.login_timeout_ms = 60000;
    self->config.session.half_frame_timeout_ms = 10000;
    self->config.session.heartbeat_ms = 300000;
    self->config.session.idle_factor = 3;
    self->config.session.hold_ms = 30000;
    self->config.session.bad_input_limit = 3;
    self->config.session.send_bytes = 65536;
    self->config.session.request_timeout_ms = 5000;
    self->config.session.request_repeats = 2;
    self->config.line.packet_ms = 200;
    self->config.line.frame_gap_ms = 50;
    self->config.line.answer_timeout_ms = 1000;
    self->config.line.late_ms = 5000;
    self->config.line.repeats = 1;
    self->options.password_size = 16;
    self->batch = batch_new ();
    self->send = writer_of (self->send_memory, sizeof self->send_memory);
    self->frame = writer_of (self->frame_memory, sizeof self->frame_memory);
    self->windows = pool_new (codec->frame_max + 16384, RIG_WINDOWS);
    self->env = (session_env_t){.config = &self->config,
                                .now_ms = RIG_START_MS,
                                .wall_ms = RIG_WALL_MS,
                                .batch = self->batch,
                                .send = &self->send,
                                .windows = self->windows,
                                .trace = rig_on_trace,
                                .result = rig_on_result,
                                .arg = self};
    for (unsigned i = 0; i < SESSION_DEAD; i++) {
        self->gauges[i] = rig_gauge (self, i);
    }
    self->session = rig_session (self, codec);
    return self;
}

//  Every gauge must be back where it was, every window given back.
static inline void rig_free (rig_t **self_p)
{
    rig_t *self = *self_p;
    session_destroy (&self->session);
    session_destroy (&self->session);
    assert_int_equal (pool_stats (self->windows).in_use, 0);
    for (unsigned i = 0; i < SESSION_DEAD; i++) {
        assert_int_equal (rig_gauge (self, i), 0);
    }
    pool_destroy (&self->windows);
    batch_destroy (&self->batch);
    free (self);
    *self_p = NULL;
}

//  Appends a toy frame to what is fed next.
static inline void rig_put (rig_t *self, char type, unsigned who, unsigned seq)
{
    toy_put (&self->frame, type, who, seq, NULL, 0);
}

//  The same with one value.
static inline void rig_put_value (rig_t *self, char type, unsigned who, unsigned seq,
                                  unsigned value)
{
    uint8_t payload[2] = {(uint8_t) (value >> 8), (uint8_t) value};
    toy_put (&self->frame, type, who, seq, payload, sizeof payload);
}

//  The same with a sum that does not fit.
static inline void rig_put_bad (rig_t *self, unsigned who)
{
    toy_put (&self->frame, 'U', who, 0, NULL, 0);
    self->frame.data[self->frame.size - 1] ^= 0x55;
}

static inline input_t rig_feed_bytes (rig_t *self, bytes_t bytes)
{
    //  An exactly sized copy, so that a sanitizer sees a read beyond it.
    uint8_t *copy = malloc (bytes.size ? bytes.size : 1);
    assert_non_null (copy);
    memcpy (copy, bytes.data, bytes.size);
    input_t result = session_input (self->session, &self->env, bytes_of (copy, bytes.size));
    free (copy);
    uint32_t mark = session_take_mark (self->session);
    self->mark = mark ? mark : self->mark;
    return result;
}

//  Feeds what was put and forgets it.
static inline input_t rig_feed (rig_t *self)
{
    assert_false (self->frame.failed);
    input_t result = rig_feed_bytes (self, writer_bytes (&self->frame));
    self->frame.size = 0;
    return result;
}

static inline input_t rig_feed_one (rig_t *self, char type, unsigned who, unsigned seq)
{
    rig_put (self, type, who, seq);
    return rig_feed (self);
}

static inline input_t rig_resume (rig_t *self)
{
    input_t result = session_resume (self->session, &self->env);
    uint32_t mark = session_take_mark (self->session);
    self->mark = mark ? mark : self->mark;
    return result;
}

static inline input_t rig_admit (rig_t *self, int64_t heartbeat_ms)
{
    admission_t admission = {.number = RIG_NUMBER, .area = RIG_AREA, .heartbeat_ms = heartbeat_ms};
    session_admit (self->session, &self->env, &admission);
    return rig_resume (self);
}

//  Logs terminal 1 in; what that brought is forgotten.
static inline void rig_online (rig_t *self, int64_t heartbeat_ms)
{
    assert_int_equal (rig_feed_one (self, 'L', 1, 1), INPUT_BLOCKED);
    assert_int_equal (rig_admit (self, heartbeat_ms), INPUT_TAKEN);
    assert_int_equal (session_state (self->session), SESSION_ONLINE);
    batch_clear (self->batch);
    self->send.size = 0;
}

static inline input_t rig_pass (rig_t *self, int64_t ms)
{
    self->env.now_ms += ms;
    self->env.wall_ms += ms;
    return session_tick (self->session, &self->env, &self->deadline_ms);
}

//  A request of that many frames.
static inline fep_err_t rig_request (rig_t *self, unsigned token, unsigned frames)
{
    request_t request = {.token = token,
                         .kind = REQUEST_READ,
                         .point_count = (uint8_t) frames,
                         .points = {TOY_POINT}};
    return session_request (self->session, &self->env, &request);
}

//  What was sent, one letter a frame with its seq behind it ("W1C2"), and forgets it.
static inline const char *rig_sent (rig_t *self)
{
    static char text[1024];
    size_t used = 0;
    text[0] = 0;
    for (size_t at = 0; at < self->send.size; at += (size_t) self->send.data[at + 1] + 3) {
        assert_int_equal (self->send.data[at], TOY_START);
        used += (size_t) snprintf (text + used, sizeof text - used, "%c%u", self->send.data[at + 2],
                                   self->send.data[at + 4]);
        assert_true (used < sizeof text);
    }
    self->send.size = 0;
    return text;
}

//  What was batched, one letter a message: l(ogin) h(eartbeat) r(eading) + and - for LINK; and forgets it.
static inline const char *rig_batched (rig_t *self)
{
    static char text[BATCH_MESSAGES_MAX + 1];
    for (size_t i = 0; i < self->batch->message_count; i++) {
        const message_t *message = &self->batch->messages[i];
        //  LINK: state, peer, and the protocol, or why it ends.
        bool link = message->kind == MESSAGE_LINK && message->count;
        uint32_t last = link ? self->batch->items[message->first + message->count - 1].point : 0;
        text[i] = !link                      ? message_kind_name (message->kind)[0]
                  : last == POINT_LINK_CODEC ? '+'
                                             : '-';
        assert_int_equal (message->terminal, RIG_NUMBER);
        assert_int_equal (message->area, RIG_AREA);
    }
    text[self->batch->message_count] = 0;
    batch_clear (self->batch);
    return text;
}

#endif
