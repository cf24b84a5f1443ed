//  A session that speaks the codec: what arrives, time that passes, requests, seals, admission and confirmations in any
//  order; a terminal protocol carries meter protocols, a meter protocol is carried or spoken directly. Every request
//  ends exactly once, deadlines move on, and nothing is written that nobody asked for after the end.
#include "actors/session.h"
#include "fep/pack.h"
#include "tests/fuzz/codec/harness.h"
#include <stdio.h>

#define SEND_BYTES 65536
#define WINDOWS 4
#define NUMBER 7
#define STEPS_MAX 1000

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
    const codec_t *codec;     //  Under test
    const codec_t *carried;   //  The one behind it, or NULL
    fuzz_t frames;            //  Makes frames good
    uint64_t sealing;         //  The request that waits for its seal
    bool seals;               //  There is one
} talk_t;

static uint8_t s_send[SEND_BYTES];
static batch_t *s_batch;
static pool_t *s_windows;

static const char s_profile[] = "profile fuzz\ncodec modbus_rtu\nperiod 1s\n"
                                "register energy.active.import.total_kWh 3 0 u32 scale=0.01\n"
                                "register voltage.l1_V 3 2 u16 scale=0.1 write=1\n"
                                "register frequency_Hz 4 0 u16 scale=0.01\n"
                                "setting seal 2\n";

static void s_result (void *arg, const session_t *session, uint64_t token, fep_err_t error,
                      uint8_t code, const char *said, uint32_t journalled, uint32_t values)
{
    (void) said;
    (void) journalled;
    (void) values;
    talk_t *self = arg;
    (void) session;
    (void) token;
    (void) code;
    FEP_ASSERT (error < FEP_ERR_COUNT);
    self->ended++;
    FEP_ASSERT (self->ended <= self->asked);
}

static fep_err_t s_seal (void *arg, const session_t *session, const request_t *request,
                         bytes_t bytes)
{
    talk_t *self = arg;
    (void) session;
    FEP_ASSERT (bytes.size);
    self->frames.flight_size = fuzz_seal (&self->frames, bytes, self->frames.flight);
    self->sealing = request->token;
    self->seals = true;
    return FEP_OK;
}

static bytes_t s_file (void *arg, uint32_t number)
{
    (void) arg;
    return number ? bytes_of (s_profile, sizeof s_profile - 1) : bytes_of (NULL, 0);
}

static const profile_t *s_find_profile (void *arg, uint32_t number)
{
    talk_t *self = arg;
    return number == 1 ? self->profile : NULL;
}

static void s_options (talk_t *self)
{
    profile_fault_t fault;
    bytes_t text = bytes_of (s_profile, sizeof s_profile - 1);
    FEP_ASSERT (pattern_parse ("{imei}|LOGIN:{id:4}|{id}", &self->registration, NULL, 0) == FEP_OK);
    FEP_ASSERT (pattern_parse ("HB|\\xFE", &self->heartbeat, NULL, 0) == FEP_OK);
    FEP_ASSERT (profile_parse (text, &self->profile, &fault) == FEP_OK);
    self->options.password_size = 16;
    self->options.registration = &self->registration;
    self->options.heartbeat = &self->heartbeat;
    self->options.enabled = UINT64_MAX;
    self->config.session.login_timeout_ms = 60000;
    self->config.session.half_frame_timeout_ms = 10000;
    self->config.session.heartbeat_ms = 300000;
    self->config.session.idle_factor = 3;
    self->config.session.hold_ms = 30000;
    self->config.session.bad_input_limit = 1000;
    self->config.session.request_timeout_ms = 5000;
    self->config.session.forward_timeout_ms = 20000;
    self->config.session.request_repeats = 2;
    self->config.seal.timeout_ms = 3000;
    self->config.line.packet_ms = 200;
    self->config.line.frame_gap_ms = 50;
    self->config.line.answer_timeout_ms = 1000;
    self->config.line.late_ms = 3000;
    self->config.line.repeats = 1;
}

//  Who carries a meter protocol, or what a terminal protocol carries; NULL: it is alone.
static const codec_t *s_other (const codec_t *codec, uint8_t how)
{
    static const char *const carriers[] = {"dtu", "gdw1376", "dlt698", "modbus_tcp"};
    static const char *const meters[] = {"modbus_rtu", "dlt645", "cjt188", "dlt698_meter"};
    if (how & 4) {
        return NULL;
    }
    return codec_find ((codec->is_meter ? carriers : meters)[how & 3]);
}

//  Of a codec, by what stands in a byte: alone, carrying or carried, or found out by the first frame.
static void s_begin (talk_t *self, const codec_t *codec, uint8_t how)
{
    const codec_t *other = s_other (codec, how);
    const codec_t *outer = codec->is_meter && other ? other : codec;
    if (!s_batch) {
        s_batch = batch_new ();
        s_windows = pool_new (40000, WINDOWS);
    }
    batch_clear (s_batch);
    s_options (self);
    self->codec = codec;
    self->carried = codec->is_meter ? other ? codec : NULL : other;
    self->frames.codec = codec;
    self->send = writer_of (s_send, sizeof s_send);
    self->env = (session_env_t){.config = &self->config,
                                .now_ms = 1000,
                                .wall_ms = 1700000000000,
                                .batch = s_batch,
                                .send = &self->send,
                                .windows = s_windows,
                                .result = s_result,
                                .profile = s_find_profile,
                                .seal = how & 16 ? NULL : s_seal,
                                .file = s_file,
                                .clock_trusted = true,
                                .arg = self};
    self->session =
        session_new (how & 8 ? &codec_undecided : outer, &self->options, "peer", &self->env);
    FEP_ASSERT (self->session);
    if (how & 32) {
        session_name (self->session, &self->env, "7001");
    }
}

//  What a connector does between calls.
static void s_settle (talk_t *self)
{
    self->send = writer_of (s_send, sizeof s_send);
    batch_clear (s_batch);
}

static void s_resume (talk_t *self, input_t result)
{
    while (result == INPUT_BATCH) {
        s_settle (self);
        result = session_resume (self->session, &self->env);
    }
}

static void s_feed (talk_t *self, bytes_t bytes)
{
    session_state_t state = session_state (self->session);
    if (state == SESSION_CLOSING || state == SESSION_DEAD || session_blocked (self->session)) {
        return;
    }
    size_t room = session_room (self->session, bytes.size);
    if (!room) {
        return;
    }
    uint8_t *copy = fuzz_copy (bytes_of (bytes.data, room));
    input_t result = session_input (self->session, &self->env, bytes_of (copy, room));
    free (copy);
    s_resume (self, result);
}

static void s_pass (talk_t *self, int64_t ms)
{
    self->env.now_ms += ms;
    self->env.wall_ms += ms;
    s_resume (self, session_tick (self->session, &self->env, &self->deadline_ms));
    if (session_state (self->session) != SESSION_DEAD) {
        FEP_ASSERT (self->deadline_ms > self->env.now_ms ||
                    session_due_ms (self->session) <= self->env.now_ms);
    }
}

//  Takes four bytes: what, whose, and two of the payload.
static void s_ask (talk_t *self, reader_t *in)
{
    static const char *const meters[] = {"1", "000000000017", "202311150001", "00000000000017"};
    uint8_t what = reader_u8 (in), how = reader_u8 (in);
    request_t request = {.token = self->asked + 1,
                         .kind = (request_kind_t) (what % (REQUEST_FILE + 1)),
                         .mp = 1,
                         .freeze = FREEZE_CURVE + (how >> 6 & 1) * 2u,
                         .operation = what >> 4,
                         .priority = (uint8_t) (how & 1) + 1u,
                         .tries = how >> 1 & 1,
                         .profile = how >> 2 & 1,
                         .file = 1,
                         .size = 5,
                         .bytes = {3, 0, how, 0, 2}};
    request.bytes[0] = reader_u8 (in);
    request.bytes[1] = reader_u8 (in);
    if (request.kind <= REQUEST_READ_FROZEN && how & 16 && !(how & 8)) {
        //  As acquisition tasks ask: several measuring points, and what is stored of each.
        request.task = 1;
        request.trial = how & 32;
        request.mp_count = 1 + request.bytes[0] % REQUEST_MPS_MAX;
        for (unsigned i = 0; i < request.mp_count; i++) {
            request.mps[i] = (uint16_t) (1 + i);
        }
    }
    request.to_ms = self->env.wall_ms;
    request.from_ms = request.to_ms - 3 * 86400000;
    request.carried = how & 8 ? self->carried : NULL;
    snprintf (request.meter, sizeof request.meter, "%s", how & 8 ? meters[how >> 4 & 3] : "");
    self->asked++;
    if (session_request (self->session, &self->env, &request) != FEP_OK) {
        self->asked--;
    }
}

//  What was sent comes back: as it is, as a line that repeats itself does, or turned into the beginning of an answer.
static void s_echo (talk_t *self, reader_t *in)
{
    static uint8_t frame[FUZZ_SEND_SIZE];
    fuzz_t *frames = &self->frames;
    uint8_t how = reader_u8 (in);
    size_t size = self->send.size < sizeof frames->flight ? self->send.size : sizeof frames->flight;
    memcpy (frames->flight, s_send, size);
    frames->flight_size = size;
    s_settle (self);
    if (how & 128) {
        size = fuzz_turn (frames, how & 127, frame);
        size_t more = reader_u8 (in);
        bytes_t bytes = reader_bytes (in, more < reader_left (in) ? more : reader_left (in));
        memcpy (frame + size, bytes.data ? bytes.data : s_send, bytes.size);
        size += bytes.size;
        memset (frame + size, 0, fuzz_tail (frames));
        size = fuzz_repair (frames, frame, size + fuzz_tail (frames));
        s_feed (self, bytes_of (frame, size));
    } else if (size) {
        s_feed (self, bytes_of (frames->flight, size));
    }
}

static void s_admit (talk_t *self, uint8_t how)
{
    static const session_meter_t meters[] = {{"000000000017", 1}, {"202311150001", 2}};
    admission_t admission = {.number = NUMBER,
                             .area = 1,
                             .frame_gap_ms = how & 7,
                             .address = how & 8 ? "OTHER" : "",
                             .profile = how >> 5 & 1,
                             .meters = meters,
                             .meter_count = how & 64 ? 2 : 0,
                             .standby = how & 128,
                             .heartbeat = how & 16 ? "zdjc" : ""};
    if (session_wants_admission (self->session)) {
        session_admit (self->session, &self->env, &admission);
        s_resume (self, session_resume (self->session, &self->env));
    }
}

static void s_sealed (talk_t *self, uint8_t how)
{
    if (self->seals) {
        self->seals = false;
        session_sealed (self->session, &self->env, self->sealing, how & 1 ? FEP_NO_SEAL : FEP_OK,
                        bytes_of (self->frames.flight, self->frames.flight_size));
    }
}

static void s_step (talk_t *self, reader_t *in)
{
    uint8_t what = reader_u8 (in);
    switch (what & 15) {
    case 0:
        s_pass (self, reader_u8 (in));
        break;
    case 1:
        s_pass (self, (int64_t) reader_u8 (in) * 50);
        break;
    case 2:
        s_ask (self, in);
        break;
    case 3:
        s_admit (self, reader_u8 (in));
        break;
    case 4:
        s_echo (self, in);
        break;
    case 5:
        session_durable (self->session, &self->env, session_take_mark (self->session));
        break;
    case 6:
        s_sealed (self, what >> 4);
        break;
    case 7:
        if (session_is_standby (self->session)) {
            session_promote (self->session, &self->env);
        }
        break;
    default: {
        size_t size = reader_u8 (in);
        s_feed (self, reader_bytes (in, size < reader_left (in) ? size : reader_left (in)));
        break;
    }
    }
}

void fuzz_session (const codec_t *codec, bytes_t input)
{
    talk_t *self = calloc (1, sizeof *self);
    reader_t in = reader_of (input);
    FEP_ASSERT (self);
    s_begin (self, codec, reader_u8 (&in));
    for (int step = 0; reader_left (&in) && step < STEPS_MAX; step++) {
        s_step (self, &in);
        if (self->send.failed || s_batch->message_count > 100) {
            s_settle (self);
        }
    }
    session_close (self->session, &self->env, CLOSE_PEER_CLOSED, false);
    FEP_ASSERT (self->ended == self->asked);
    session_destroy (&self->session);
    profile_destroy (&self->profile);
    FEP_ASSERT (pool_stats (s_windows).in_use == 0);
    free (self);
}
