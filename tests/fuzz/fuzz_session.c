//  Fuzzing of a session: what arrives, time that passes, requests, admission and confirmations in any order, for a
//  terminal protocol and for a gateway with a Modbus line behind it. Every request ends exactly once, deadlines
//  move on, and nothing is written that nobody asked for after the end.
//  The input is a list of steps: a byte says which, the next one how much.
#include "actors/session.h"
#include "fep/pack.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEND_BYTES 65536
#define WINDOWS 4
#define NUMBER 7
#define STEPS_MAX 4000

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

typedef struct {
    config_t config;          //  Options
    session_env_t env;        //  What the session sees
    codec_options_t options;  //  Of the listener
    pattern_t registration;   //  Of gateways
    pattern_t heartbeat;      //  Likewise
    profile_t *profile;       //  Of every meter
    session_t *session;       //  Under test
    writer_t send;            //  Bytes for the peer
    uint32_t asked, ended;    //  Requests
    int64_t deadline_ms;      //  Of the last tick
} fuzz_t;

static uint8_t s_send[SEND_BYTES];
static batch_t *s_batch;
static pool_t *s_windows;

static const char s_profile[] = "profile fuzz\ncodec modbus_rtu\nperiod 1s\n"
                                "register energy.active.import.total_kWh 3 0 u32 scale=0.01\n"
                                "register voltage.l1_V 3 2 u16 scale=0.1\n"
                                "register frequency_Hz 4 0 u16 scale=0.01\n";

static void s_result (void *arg, const session_t *session, uint64_t token, fep_err_t error,
                      uint8_t code, const char *said)
{
    (void) said;
    fuzz_t *self = arg;
    (void) session;
    (void) token;
    (void) code;
    FEP_ASSERT (error < FEP_ERR_COUNT);
    self->ended++;
    FEP_ASSERT (self->ended <= self->asked);
}

static const profile_t *s_find_profile (void *arg, uint32_t number)
{
    fuzz_t *self = arg;
    return number == 1 ? self->profile : NULL;
}

static void s_options (fuzz_t *self, bool gateway)
{
    profile_fault_t fault;
    bytes_t text = bytes_of (s_profile, sizeof s_profile - 1);
    FEP_ASSERT (pattern_parse ("{imei}|LOGIN:{id:4}|{id}", &self->registration, NULL, 0) == FEP_OK);
    FEP_ASSERT (pattern_parse ("HB|\\xFE", &self->heartbeat, NULL, 0) == FEP_OK);
    FEP_ASSERT (profile_parse (text, &self->profile, &fault) == FEP_OK);
    self->options.password_size = 16;
    self->options.registration = gateway ? &self->registration : NULL;
    self->options.heartbeat = gateway ? &self->heartbeat : NULL;
    self->config.session.login_timeout_ms = 60000;
    self->config.session.half_frame_timeout_ms = 10000;
    self->config.session.heartbeat_ms = 300000;
    self->config.session.idle_factor = 3;
    self->config.session.hold_ms = 30000;
    self->config.session.bad_input_limit = 1000;
    self->config.session.request_timeout_ms = 5000;
    self->config.session.request_repeats = 2;
    self->config.line.packet_ms = 200;
    self->config.line.frame_gap_ms = 50;
    self->config.line.answer_timeout_ms = 1000;
    self->config.line.late_ms = 3000;
    self->config.line.repeats = 1;
}

static void s_begin (fuzz_t *self, bool gateway)
{
    if (!s_batch) {
        s_batch = batch_new ();
        s_windows = pool_new (40000, WINDOWS);
    }
    batch_clear (s_batch);
    s_options (self, gateway);
    self->send = writer_of (s_send, sizeof s_send);
    self->env = (session_env_t){.config = &self->config,
                                .now_ms = 1000,
                                .wall_ms = 1700000000000,
                                .batch = s_batch,
                                .send = &self->send,
                                .windows = s_windows,
                                .result = s_result,
                                .profile = s_find_profile,
                                .arg = self};
    self->session =
        session_new (codec_find (gateway ? "dtu" : "gdw1376"), &self->options, "peer", &self->env);
    FEP_ASSERT (self->session);
}

//  What a connector does between calls.
static void s_settle (fuzz_t *self)
{
    self->send = writer_of (s_send, sizeof s_send);
    batch_clear (s_batch);
}

static void s_feed (fuzz_t *self, bytes_t bytes)
{
    session_state_t state = session_state (self->session);
    if (state == SESSION_CLOSING || state == SESSION_DEAD || session_blocked (self->session)) {
        return;
    }
    size_t room = session_room (self->session, bytes.size);
    if (!room) {
        return;
    }
    uint8_t *copy = malloc (room);
    FEP_ASSERT (copy);
    memcpy (copy, bytes.data, room);
    input_t result = session_input (self->session, &self->env, bytes_of (copy, room));
    free (copy);
    while (result == INPUT_BATCH) {
        s_settle (self);
        result = session_resume (self->session, &self->env);
    }
}

static void s_pass (fuzz_t *self, int64_t ms)
{
    self->env.now_ms += ms;
    self->env.wall_ms += ms;
    input_t result = session_tick (self->session, &self->env, &self->deadline_ms);
    while (result == INPUT_BATCH) {
        s_settle (self);
        result = session_resume (self->session, &self->env);
    }
    if (session_state (self->session) != SESSION_DEAD) {
        FEP_ASSERT (self->deadline_ms > self->env.now_ms ||
                    session_due_ms (self->session) <= self->env.now_ms);
    }
}

static void s_ask (fuzz_t *self, uint8_t how)
{
    request_t request = {.token = self->asked + 1,
                         .kind = how & 1 ? REQUEST_READ : REQUEST_PASS,
                         .mp = 1,
                         .priority = (uint8_t) (how >> 1 & 1) + 1u,
                         .tries = how >> 2 & 1,
                         .profile = how >> 3 & 1,
                         .size = 5,
                         .bytes = {3, 0, how, 0, 2}};
    request.carried = how & 16 ? codec_find ("modbus_rtu") : NULL;
    snprintf (request.meter, sizeof request.meter, "%u", how >> 5);
    self->asked++;
    if (session_request (self->session, &self->env, &request) != FEP_OK) {
        self->asked--;
    }
}

//  Echoes what was sent, as a line that answers writes and repeats itself does.
static void s_echo (fuzz_t *self)
{
    uint8_t copy[300];
    size_t size = self->send.size < sizeof copy ? self->send.size : sizeof copy;
    memcpy (copy, s_send, size);
    s_settle (self);
    if (size) {
        s_feed (self, bytes_of (copy, size));
    }
}

static void s_admit (fuzz_t *self, uint8_t how)
{
    admission_t admission = {.number = NUMBER,
                             .area = 1,
                             .frame_gap_ms = how & 7,
                             .address = how & 8 ? "OTHER" : "",
                             .heartbeat = how & 16 ? "zdjc" : ""};
    if (session_wants_admission (self->session)) {
        session_admit (self->session, &self->env, &admission);
        input_t result = session_resume (self->session, &self->env);
        while (result == INPUT_BATCH) {
            s_settle (self);
            result = session_resume (self->session, &self->env);
        }
    }
}

//  Returns the bytes used.
static size_t s_step (fuzz_t *self, bytes_t rest)
{
    uint8_t what = rest.data[0];
    uint8_t how = rest.size > 1 ? rest.data[1] : 0;
    size_t used = rest.size > 1 ? 2 : 1;
    switch (what & 7) {
    case 0:
        s_pass (self, how);
        break;
    case 1:
        s_pass (self, (int64_t) how * 50);
        break;
    case 2:
        s_ask (self, how);
        break;
    case 3:
        s_admit (self, how);
        break;
    case 4:
        s_echo (self);
        break;
    case 5:
        session_durable (self->session, &self->env, session_take_mark (self->session));
        break;
    default: {
        size_t size = rest.size - used < how ? rest.size - used : how;
        s_feed (self, bytes_of (rest.data + used, size));
        used += size;
        break;
    }
    }
    return used;
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    fuzz_t self = {0};
    if (size == 0) {
        return 0;
    }
    s_begin (&self, data[0] & 1);
    size_t at = 1;
    for (int step = 0; at < size && step < STEPS_MAX; step++) {
        at += s_step (&self, bytes_of (data + at, size - at));
        if (self.send.failed || s_batch->message_count > 100) {
            s_settle (&self);
        }
    }
    session_close (self.session, &self.env, CLOSE_PEER_CLOSED, false);
    FEP_ASSERT (self.ended == self.asked);
    session_destroy (&self.session);
    profile_destroy (&self.profile);
    FEP_ASSERT (pool_stats (s_windows).in_use == 0);
    return 0;
}
