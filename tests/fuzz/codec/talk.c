//  A conversation with a codec alone: frames as they come or made good, answers made of what was asked, requests of
//  every kind, carried frames, confirmations and time, in any order. See s_step.
#include "tests/fuzz/codec/harness.h"

static const char s_registers[] =
    "profile p\ncodec modbus_rtu\ngap 2\nmost 6\nregister relay.state 1 0 bit\n"
    "register input.state 3 0 bits:3:5\nregister voltage.l1_V 3 0 u64 order=CDAB\n"
    "register voltage.l2_V 3 4 f32 scale=0.1 write=1\n"
    "register voltage.l3_V 3 6 bcd32 none=0 write=1\n"
    "register current.l1_A 3 8 i64 scale=1000 write=1\n"
    "register meter.status.word1 3 12 bits:4:3 write=1\n"
    "register meter.status.word2 1 3 bit write=1\n"
    "register frequency_Hz 3 14 i16 sf=16 scale=0.5 write=1\n"
    "register power_factor.total_pct 3 15 u16 sf=13 write=1\n"
    "register current.l2_A 4 0 f64 order=DCBA\nregister current.l3_A 4 65535 u16\n"
    "read voltage.l1_V\nread energy.active.import.total_kWh\nread time.clock\n";

static const char s_objects[] =
    "profile o\ncodec iec104\nobject relay.state 1\nobject input.state 2 mp=1\n"
    "object voltage.l1_V 0x4001 scale=0.1\nobject voltage.l2_V 3 ca=1\n"
    "object energy.active.import.total_kWh 0x6401 counter=5 scale=1000\n"
    "object current.l1_A 6 group=3\nobject relay.state 9 command=double select=1\n"
    "object input.state 9 ca=2 command=single\n"
    "object voltage.l1_V 10 command=normalized scale=0.000001\n"
    "object voltage.l2_V 11 command=scaled scale=123456789\n"
    "object voltage.l3_V 12 command=float time=1\nobject input.change 13 command=bits\n"
    "object current.l1_A 14 command=step qualifier=3 time=1\n";

static pattern_t s_registration, s_heartbeat;
static profile_t *s_profiles[2];
static batch_t *s_batch;

static void s_prepare (void)
{
    profile_fault_t fault;
    if (s_batch) {
        return;
    }
    s_batch = batch_new ();
    FEP_ASSERT (profile_parse (bytes_text (s_registers), &s_profiles[0], &fault) == FEP_OK);
    FEP_ASSERT (profile_parse (bytes_text (s_objects), &s_profiles[1], &fault) == FEP_OK);
    FEP_ASSERT (pattern_parse ("ID{id:4}|{mac}|{imei}\\0|{id}\\r|{packet}", &s_registration, NULL,
                               0) == FEP_OK);
    FEP_ASSERT (pattern_parse ("LOG|HB{id:2}|\\xFF|\\xFF\\xFF\\x80\\x80|\\xAA{any:1}{id}",
                               &s_heartbeat, NULL, 0) == FEP_OK);
}

static profile_t *s_copy_profile (const profile_t *profile)
{
    size_t size = sizeof *profile + profile->count * sizeof *profile->rows;
    return (profile_t *) (void *) fuzz_copy (bytes_of (profile, size));
}

//  Any address is one of the first few meters, or nobody's.
static uint16_t s_mp_of (void *arg, bytes_t meter)
{
    (void) arg;
    return meter.size ? meter.data[meter.size - 1] % 3 : 0;
}

//  A habit of meter and terminal, within its bounds.
static void s_set (fuzz_t *self, reader_t *in)
{
    uint8_t which = reader_u8 (in) % SETTING_COUNT;
    uint32_t value = reader_u32le (in);
    static const struct {
        uint32_t low;   //  Lowest
        uint32_t high;  //  Highest
    } bounds[] = {
#define SETTING(name, low, high, usual, meaning) {low, high},
#include "fep/profile_setting.def"
#undef SETTING
    };
    uint64_t span = (uint64_t) bounds[which].high - bounds[which].low + 1;
    uint32_t setting = bounds[which].low + (uint32_t) (value % span);
    if (which == SETTING_edition && setting < 2018) {
        static const uint32_t editions[] = {1997, 2004, 2007};
        setting = editions[value % 3];
    }
    self->profiles[0]->settings[which] = self->profiles[1]->settings[which] = setting;
}

//  A stream of bytes, as they would come.
static void s_stream (fuzz_t *self, bool up, bytes_t in)
{
    bool quiet = self->quiet;
    while (in.size) {
        scan_t scan = fuzz_scan (self, up, in);
        if (scan.what == SCAN_MORE && self->quiet) {
            break;
        }
        self->quiet = self->quiet || scan.what == SCAN_MORE;
        if (scan.what == SCAN_FRAME) {
            bytes_t frame = {in.data, scan.size};
            fuzz_inspect (self, up, frame, false);
            if (up) {
                fuzz_decode (self, frame);
            }
        }
        in = bytes_of (in.data + scan.size, in.size - scan.size);
    }
    self->quiet = quiet;
}

//  Bytes of a step: a number, then as many.
static bytes_t s_bytes (reader_t *in)
{
    size_t size = reader_u16le (in);
    return reader_bytes (in, size < reader_left (in) ? size : reader_left (in));
}

//  A frame made good; its beginning is kept from the frame in flight if it answers that.
static void s_good (fuzz_t *self, bool up, bool answers, reader_t *in)
{
    static uint8_t frame[FUZZ_SEND_SIZE];
    size_t size = answers ? fuzz_turn (self, reader_u8 (in), frame) : 0;
    bytes_t bytes = s_bytes (in);
    size_t room = sizeof frame / 2 - size;
    bytes.size = bytes.size < room ? bytes.size : room;
    memcpy (frame + size, bytes.data ? bytes.data : self->flight, bytes.size);
    size += bytes.size;
    if (answers) {
        memset (frame + size, 0, fuzz_tail (self));
        size += fuzz_tail (self);
    }
    size = fuzz_repair (self, frame, size);
    s_stream (self, up, bytes_of (frame, size));
}

//  Modbus TCP carries nothing but good frames of Modbus RTU.
static bytes_t s_carried (const fuzz_t *self, bytes_t in, uint8_t room[512])
{
    const fuzz_t rtu = {.codec = codec_find ("modbus_rtu")};
    const scan_context_t down = {.options = &self->options};
    if (strcmp (self->codec->name, "modbus_tcp") != 0) {
        return in;
    }
    size_t size = in.size < 256 ? in.size : 256;
    memcpy (room, in.data ? in.data : self->flight, size);
    bytes_t frame = bytes_of (room, fuzz_repair (&rtu, room, size));
    scan_t scan = rtu.codec->scan (&down, frame);
    return bytes_of (room, scan.what == SCAN_FRAME ? scan.size : 0);
}

//  Carried there, and taken out again.
static void s_carry (fuzz_t *self, bytes_t in)
{
    uint8_t room[512];
    uint8_t memory[2048];
    writer_t line = writer_of (memory, sizeof memory);
    size_t from = self->send.size;
    self->io.meter = &self->meter;
    in = s_carried (self, in, room);
    self->io.answer = ANSWER_DONE;
    if (!self->codec->wrap || in.size == 0 ||
        self->codec->wrap (self->state, in, &self->io) != FEP_OK || self->send.failed) {
        self->send.size = from;
        self->send.failed = false;
        return;
    }
    bytes_t frame = bytes_of (self->send.data + from, self->send.size - from);
    self->plain = self->plain && strcmp (self->codec->name, "modbus_tcp") != 0;
    if (!self->codec->unwrap) {
        FEP_ASSERT (bytes_equal (frame, in));
        self->send.size = from;
        return;
    }
    self->flight_size = frame.size < sizeof self->flight ? frame.size : sizeof self->flight;
    memcpy (self->flight, frame.data, self->flight_size);
    if (self->io.answer == ANSWER_NONE) {
        //  What has to go before.
        FEP_ASSERT (self->codec->unwrap (frame, false, &self->options, &line) == FEP_NOT_FOUND);
        return;
    }
    FEP_ASSERT (self->codec->unwrap (frame, false, &self->options, &line) == FEP_OK);
    FEP_ASSERT (bytes_equal (writer_bytes (&line), in));
}

static void s_tick (fuzz_t *self, uint8_t how)
{
    self->io.mono_ms += (int64_t) how * 100;
    self->io.wall_ms += (int64_t) how * 100;
    self->io.fault = FEP_OK;
    if (self->codec->tick) {
        int64_t due = self->codec->tick (self->state, &self->io);
        FEP_ASSERT (due > self->io.mono_ms);
    }
}

//  Bytes stand for the frame in flight.
static void s_fly (fuzz_t *self, bytes_t bytes)
{
    self->flight_size = bytes.size < sizeof self->flight ? bytes.size : sizeof self->flight;
    memcpy (self->flight, bytes.data ? bytes.data : (const uint8_t *) self->who, self->flight_size);
    self->asking = false;
}

static void s_reject (fuzz_t *self, uint8_t how, bytes_t bytes)
{
    scan_t scan = fuzz_scan (self, true, bytes);
    if (self->codec->reject && scan.what == SCAN_FRAME) {
        self->codec->reject (bytes_of (bytes.data, scan.size),
                             (reject_t) (how % (REJECT_CAPACITY + 1)), &self->io);
    }
    if (self->codec->code_text) {
        (void) self->codec->code_text (how);
    }
}

//  Low 4 bits: which step; the others: how.
static void s_step (fuzz_t *self, reader_t *in)
{
    uint8_t what = reader_u8 (in), how = what >> 4;
    bool up = !(how & 1);
    switch (what & 15) {
    case 0:  //  A stream as it comes
        s_stream (self, up, s_bytes (in));
        break;
    case 1:  //  A frame made good
        s_good (self, up, false, in);
        break;
    case 2: {  //  What scan never saw
        bytes_t bytes = s_bytes (in);
        fuzz_inspect (self, up, bytes, false);
        fuzz_decode (self, bytes);
        break;
    }
    case 3:  //  An answer to what is in flight
        s_good (self, true, true, in);
        break;
    case 4:  //  A request, and its first frame
        if (self->codec->is_meter) {
            memset (self->state, 0, self->codec->state_size);
        }
        fuzz_take_request (self, in);
        fuzz_ask (self, how, in);
        break;
    case 5:  //  Its next frame
        if (!self->request.finished) {
            fuzz_ask (self, how, in);
        }
        break;
    case 6:
        s_carry (self, s_bytes (in));
        break;
    case 7:
        s_fly (self, s_bytes (in));
        break;
    case 8:
        s_reject (self, how, s_bytes (in));
        break;
    case 9:
        if (self->codec->durable) {
            self->codec->durable (self->state, self->io.mark + how, &self->io);
        }
        break;
    case 10:
        s_set (self, in);
        break;
    default:
        s_tick (self, reader_u8 (in));
        break;
    }
    fuzz_check_sent (self, self->plain);
}

//  Two bytes say what the session is like.
static void s_begin (fuzz_t *self, const codec_t *codec, uint8_t like, uint8_t line)
{
    static uint8_t send[FUZZ_SEND_SIZE];
    static const uint8_t passwords[] = {16, 0, 2, 16};
    self->codec = codec;
    self->state = calloc (1, codec->state_size ? codec->state_size : 1);
    FEP_ASSERT (self->state);
    self->send = writer_of (send, sizeof send);
    self->profiles[0] = s_copy_profile (s_profiles[0]);
    self->profiles[1] = s_copy_profile (s_profiles[1]);
    self->options = (codec_options_t){.address_hex = like & 4,
                                      .password_size = passwords[like & 3],
                                      .registration = like & 8 ? NULL : &s_registration,
                                      .heartbeat = like & 16 ? NULL : &s_heartbeat,
                                      .heartbeat_echo = true};
    self->quiet = like & 32;
    self->meter =
        (meter_t){.mp = 1, .address = "17", .profile = like & 64 ? NULL : self->profiles[0]};
    self->line = line;
    self->plain = true;
    self->io = (codec_io_t){.mono_ms = 1000,
                            .wall_ms = 1700000000000,
                            .options = &self->options,
                            .address = bytes_text (codec->is_meter ? "dtu1"
                                                   : like & 128    ? "7001"
                                                                   : ""),
                            .clock_trusted = !(line & 0x40),
                            .profile = line & 0x20 ? NULL : self->profiles[1],
                            .mp_of = line & 0x10 ? NULL : s_mp_of,
                            .meter = codec->is_meter ? &self->meter : NULL,
                            .batch = s_batch,
                            .send = &self->send};
    if (codec->is_meter) {
        self->io.profile = NULL;
    }
}

void fuzz_talk (const codec_t *codec, bytes_t input)
{
    fuzz_t *self = calloc (1, sizeof *self);
    reader_t in = reader_of (input);
    FEP_ASSERT (self);
    s_prepare ();
    uint8_t like = reader_u8 (&in);
    s_begin (self, codec, like, reader_u8 (&in));
    for (int step = 0; reader_left (&in) && step < FUZZ_STEPS_MAX; step++) {
        self->input = in.data + in.pos;
        self->input_size = reader_left (&in);
        s_step (self, &in);
        if (batch_ripe (s_batch)) {
            fuzz_check_batch (s_batch);
        }
    }
    fuzz_check_batch (s_batch);
    free (self->profiles[0]);
    free (self->profiles[1]);
    free (self->state);
    free (self);
}
