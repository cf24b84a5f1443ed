//  Fuzzing of every codec: a stream through scan and decode under the rules of the contract; the
//  same bytes as a frame that scan never saw; and as the inside of a frame with a good checksum.
//  First byte: which codec, direction, which of the three ways. Last byte: what scan knows besides. Meter codecs:
//  then a request in flight, as bytes or made by the codec of them; what the codec makes must be a frame.
#include "codecs/codec.h"
#include "fep/crc.h"
#include "fep/pack.h"
#include <stdlib.h>

#define SEND_SIZE 65536
#define TEXT_SIZE (1 << 20)

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static pattern_t s_registration;
static pattern_t s_heartbeat;
static const codec_options_t s_options = {.password_size = 16,
                                          .registration = &s_registration,
                                          .heartbeat = &s_heartbeat,
                                          .heartbeat_echo = true};
static uint8_t s_knows;  //  Last byte of the input
static uint8_t s_send[SEND_SIZE];
static uint8_t s_text[TEXT_SIZE];
static batch_t *s_batch;
static profile_t *s_profile;
static profile_t *s_own;  //  The terminal's
static meter_t s_meter = {.mp = 1, .address = "17"};
static uint8_t s_flight[REQUEST_PASS_MAX + 8];
static size_t s_flight_size;

//  An exactly sized copy, so that the sanitizer sees a read beyond it.
static uint8_t *s_copy (bytes_t bytes)
{
    uint8_t *copy = malloc (bytes.size ? bytes.size : 1);
    FEP_ASSERT (copy);
    if (bytes.size) {
        memcpy (copy, bytes.data, bytes.size);
    }
    return copy;
}

static bytes_t s_address (void)
{
    return bytes_text (s_knows & 1 ? "7001" : "");
}

//  Carries a meter protocol bare.
static bool s_is_gateway (const codec_t *codec)
{
    return codec->wrap && !codec->unwrap;
}

//  What a carried codec may say of a window.
static scan_t s_line (const codec_t *codec, bytes_t window)
{
    if (!s_is_gateway (codec) || !window.size || !(s_knows & 4)) {
        return (scan_t){.what = SCAN_SKIP};
    }
    size_t size = 1 + window.data[0] % window.size;
    switch ((window.data[0] ^ s_knows >> 3 ^ window.size) & 3) {
    case 0:
        return (scan_t){.what = SCAN_MORE};
    case 1:
        return (scan_t){SCAN_FRAME, size, FEP_OK};
    default:
        return (scan_t){SCAN_SKIP, size, FEP_CHECKSUM};
    }
}

static scan_t s_scan (const codec_t *codec, bool up, bool quiet, bytes_t window)
{
    scan_context_t context = {.up = up,
                              .options = &s_options,
                              .line = s_line (codec, window),
                              .request = bytes_of (s_flight, s_flight_size),
                              .address = s_is_gateway (codec) ? s_address () : bytes_text (""),
                              .quiet = quiet};
    uint8_t *copy = s_copy (window);
    scan_t scan = codec->scan (&context, bytes_of (copy, window.size));
    scan_t again = codec->scan (&context, bytes_of (copy, window.size));
    free (copy);
    FEP_ASSERT (scan.what == again.what && scan.size == again.size && scan.reason == again.reason);
    if (scan.what == SCAN_MORE) {
        FEP_ASSERT (window.size < codec->frame_max && scan.size == 0);
    } else {
        FEP_ASSERT (scan.size >= 1 && scan.size <= window.size);
    }
    FEP_ASSERT (scan.what != SCAN_FRAME || scan.size <= codec->frame_max);
    FEP_ASSERT ((scan.what == SCAN_LINE) == (up && context.line.what == SCAN_FRAME));
    FEP_ASSERT ((scan.what == SCAN_SKIP) == (scan.reason != FEP_OK));
    return scan;
}

static void s_explain (const codec_t *codec, bool up, bytes_t frame)
{
    writer_t out = writer_of (s_text, sizeof s_text);
    json_t json = json_of (&out);
    uint8_t *copy = s_copy (frame);
    fep_err_t error = codec->explain (bytes_of (copy, frame.size), up, &s_options, &json);
    FEP_ASSERT (error || (out.size > 1 && s_text[0] == '{' && s_text[out.size - 1] == '}'));
    free (copy);
}

static void s_decode (const codec_t *codec, void *state, codec_io_t *io, bytes_t frame)
{
    batch_mark_t mark = batch_mark (io->batch);
    size_t sent = io->send->size;
    uint8_t *copy = s_copy (frame);
    io->request = bytes_of (s_flight, s_flight_size);
    fep_err_t error = codec->decode (state, bytes_of (copy, frame.size), io);
    free (copy);
    if (error) {
        batch_rollback (io->batch, mark);
        io->send->size = sent;
        io->send->failed = false;
    } else {
        FEP_ASSERT (!io->batch->failed);
        codec->durable (state, io->mark, io);
    }
}

//  What was decoded must have a wire form that can be read again.
static void s_check_batch (void)
{
    size_t bound = pack_bound (s_batch);
    uint8_t *memory = malloc (bound);
    FEP_ASSERT (memory);
    writer_t out = writer_of (memory, bound);
    batch_head_t head = {1, 1, 1, (uint32_t) s_batch->message_count};
    FEP_ASSERT (pack_batch (s_batch, &head, &out) == FEP_OK);
    FEP_ASSERT (pack_check (writer_bytes (&out)) == FEP_OK);
    free (memory);
}

//  What a frame carries, in either direction; wrapped again it has the same length.
static void s_unwrap (const codec_t *codec, bool up, void *state, codec_io_t *io, bytes_t frame)
{
    static uint8_t bytes[SEND_SIZE];
    writer_t line = writer_of (bytes, sizeof bytes);
    uint8_t *copy = s_copy (frame);
    fep_err_t error = codec->unwrap (bytes_of (copy, frame.size), up, &s_options, &line);
    free (copy);
    FEP_ASSERT (error < FEP_ERR_COUNT && (error || line.size));
    if (!error && strcmp (codec->name, "modbus_tcp") == 0) {
        size_t from = io->send->size;
        FEP_ASSERT (codec->wrap (state, writer_bytes (&line), io) == FEP_OK);
        FEP_ASSERT (io->send->size - from == frame.size && io->tag);
        io->send->size = from;
    }
}

static void s_stream (const codec_t *codec, bool up, void *state, codec_io_t *io, bytes_t in)
{
    bool quiet = s_knows & 2;
    while (in.size) {
        scan_t scan = s_scan (codec, up, quiet, in);
        if (scan.what == SCAN_MORE && quiet) {
            return;
        }
        quiet |= scan.what == SCAN_MORE;
        if (scan.what == SCAN_FRAME) {
            bytes_t frame = {in.data, scan.size};
            s_explain (codec, up, frame);
            if (codec->unwrap) {
                s_unwrap (codec, up, state, io, frame);
            }
            if (up) {
                s_decode (codec, state, io, frame);
            }
        }
        in.data += scan.size;
        in.size -= scan.size;
    }
}

//  376.1: the bytes are C to the tail; head and checksum are made good.
static size_t s_wrap_gdw1376 (bytes_t in, uint8_t *out)
{
    size_t user = in.size < 8 ? 8 : in.size > 16383 ? 16383 : in.size;
    size_t length = user << 2 | 2;
    memset (out, 0, user + 8);
    out[0] = out[5] = 0x68;
    out[1] = out[3] = (uint8_t) length;
    out[2] = out[4] = (uint8_t) (length >> 8);
    memcpy (out + 6, in.data, in.size < user ? in.size : user);
    out[user + 6] = crc_sum8 (bytes_of (out + 6, user));
    out[user + 7] = 0x16;
    return user + 8;
}

//  Modbus RTU: the bytes are unit to data; the CRC is made good.
static size_t s_wrap_modbus_rtu (bytes_t in, uint8_t *out)
{
    size_t size = in.size > 254 ? 254 : in.size;
    memcpy (out, in.data, size);
    uint16_t crc = crc_modbus (bytes_of (out, size));
    out[size] = (uint8_t) crc;
    out[size + 1] = (uint8_t) (crc >> 8);
    return size + 2;
}

//  CJ/T 188: how many bytes FE, T, A, C, data; start, L, checksum and end are made good.
static size_t s_wrap_cjt188 (bytes_t in, uint8_t *out)
{
    size_t preamble = in.data[0] & 3, at = preamble, head = 9;
    size_t size = in.size - 1 < head ? 0 : in.size - 1 - head;
    size = size > 255 ? 255 : size;
    memset (out, 0xFE, preamble);
    out[at++] = 0x68;
    memset (out + at, 0, head);
    memcpy (out + at, in.data + 1, in.size - 1 < head ? in.size - 1 : head);
    at += head;
    out[at++] = (uint8_t) size;
    memcpy (out + at, in.data + in.size - size, size);
    at += size;
    out[at] = crc_sum8 (bytes_of (out + preamble, at - preamble));
    out[at + 1] = 0x16;
    return at + 2;
}

//  Modbus TCP: the bytes are unit to data behind a transaction; length and protocol are made good.
static size_t s_wrap_modbus_tcp (bytes_t in, uint8_t *out)
{
    size_t size = in.size < 4 ? 2 : in.size > 256 ? 254 : in.size - 2;
    memset (out, 0, size + 6);
    memcpy (out, in.data, in.size < 2 ? in.size : 2);
    out[5] = (uint8_t) size;
    if (in.size > 2) {
        memcpy (out + 6, in.data + 2, in.size - 2 < size ? in.size - 2 : size);
    }
    return size + 6;
}

//  IEC 60870-5-104: the bytes are control field and ASDU; start and length are made good.
static size_t s_wrap_iec104 (bytes_t in, uint8_t *out)
{
    size_t size = in.size > 253 ? 253 : in.size;
    out[0] = 0x68;
    out[1] = (uint8_t) size;
    memcpy (out + 2, in.data, size);
    return size + 2;
}

//  698.45: the bytes are C and user data; head, address and checksums are made good.
static size_t s_wrap_dlt698 (bytes_t in, uint8_t *out)
{
    static const uint8_t address[] = {0x05, 0x01, 0, 0, 0, 0, 0, 0x10};
    size_t size = in.size > 2000 ? 2000 : in.size;
    uint16_t length = (uint16_t) (size + 14);
    memset (out, 0x68, 1);
    out[1] = (uint8_t) length;
    out[2] = (uint8_t) (length >> 8);
    out[3] = in.data[0];
    memcpy (out + 4, address, sizeof address);
    uint16_t crc = crc_x25 (bytes_of (out + 1, 11));
    out[12] = (uint8_t) crc;
    out[13] = (uint8_t) (crc >> 8);
    memcpy (out + 14, in.data + 1, size - 1);
    crc = crc_x25 (bytes_of (out + 1, size + 12));
    out[size + 13] = (uint8_t) crc;
    out[size + 14] = (uint8_t) (crc >> 8);
    out[size + 15] = 0x16;
    return size + 16;
}

typedef struct {
    const char *codec;                          //  Name
    size_t (*wrap) (bytes_t in, uint8_t *out);  //  out has frame_max bytes
} wrap_t;

static const wrap_t s_wraps[] = {{"gdw1376", s_wrap_gdw1376},    {"modbus_rtu", s_wrap_modbus_rtu},
                                 {"cjt188", s_wrap_cjt188},      {"modbus_tcp", s_wrap_modbus_tcp},
                                 {"iec104", s_wrap_iec104},      {"dlt698", s_wrap_dlt698},
                                 {"dlt698_meter", s_wrap_dlt698}};

static void s_wrapped (const codec_t *codec, bool up, void *state, codec_io_t *io, bytes_t in)
{
    for (size_t i = 0; i < sizeof s_wraps / sizeof *s_wraps; i++) {
        if (strcmp (s_wraps[i].codec, codec->name) == 0 && in.size) {
            uint8_t *frame = malloc (codec->frame_max);
            FEP_ASSERT (frame);
            size_t size = s_wraps[i].wrap (in, frame);
            s_stream (codec, up, state, io, bytes_of (frame, size));
            free (frame);
        }
    }
}

//  A profile with something of everything.
static void s_load_profile (void)
{
    static const char text[] = "profile p\ncodec modbus_rtu\ngap 2\nmost 6\n"
                               "register relay.state 1 0 bit\n"
                               "register input.state 3 0 bits:3:5\n"
                               "register voltage.l1_V 3 0 u64 order=CDAB\n"
                               "register voltage.l2_V 3 4 f32 scale=0.1 write=1\n"
                               "register voltage.l3_V 3 6 bcd32 none=0 write=1\n"
                               "register current.l1_A 3 8 i64 scale=1000 write=1\n"
                               "register meter.status.word1 3 12 bits:4:3 write=1\n"
                               "register meter.status.word2 1 3 bit write=1\n"
                               "register frequency_Hz 3 14 i16 sf=16 scale=0.5 write=1\n"
                               "register power_factor.total_pct 3 15 u16 sf=13 write=1\n"
                               "register current.l2_A 4 0 f64 order=DCBA\n"
                               "register current.l3_A 4 65535 u16\n";
    profile_fault_t fault;
    FEP_ASSERT (profile_parse (bytes_text (text), &s_profile, &fault) == FEP_OK);
    s_meter.profile = s_profile;
    static const char own[] =
        "profile o\ncodec iec104\nobject relay.state 1\nobject input.state 2 mp=1\n"
        "object voltage.l1_V 0x4001 scale=0.1\nobject voltage.l2_V 3 ca=1\n"
        "object energy.active.import.total_kWh 0x6401 counter=5 scale=1000\n";
    FEP_ASSERT (profile_parse (bytes_text (own), &s_own, &fault) == FEP_OK);
}

//  Points of the profile and values for them, out of the request's bytes.
static void s_take_values (request_t *request)
{
    for (size_t at = 1; at + 4 <= request->size && request->kind == REQUEST_WRITE &&
                        request->point_count < REQUEST_VALUES_MAX;
         at += 4) {
        const uint8_t *p = request->bytes + at;
        value_t value = value_decimal ((int8_t) p[1] * 256 + p[2], (int8_t) (p[3] % 9 - 4), 0);
        if (p[3] & 0x40) {
            value = (value_t){.real = (int8_t) p[1] / 4.0, .kind = VALUE_FLOAT};
        }
        request->values[request->point_count] = p[3] & 0x80 ? value_bits (p[2], 0) : value;
        request->points[request->point_count++] = s_profile->rows[p[0] % s_profile->count].point;
    }
}

//  The request in flight, taken off the head of the bytes: as its bytes are, or made by the codec of them, or the
//  profile's next block.
static bytes_t s_take_flight (const codec_t *codec, void *state, codec_io_t *io, bytes_t in)
{
    static const request_kind_t kinds[] = {REQUEST_PASS, REQUEST_READ, REQUEST_PASS, REQUEST_WRITE};
    size_t size = in.data[0] & 0x3F;
    uint8_t how = in.data[0] >> 6;
    bytes_t rest = {in.data + 1, in.size - 1};
    size = size < rest.size ? size : rest.size;
    request_t request = {.kind = kinds[how], .size = (uint16_t) size};
    memcpy (request.bytes, rest.data, size);
    request.done = how & 1 && size ? request.bytes[0] % 8 : 0;
    s_take_values (&request);
    fep_err_t error = codec->encode (state, &request, io);
    if (how == 0 || error) {
        memcpy (s_flight, rest.data, size);
        s_flight_size = size;
    } else {
        scan_context_t down = {.up = false, .options = &s_options};
        bytes_t frame = writer_bytes (io->send);
        scan_t scan = codec->scan (&down, frame);
        FEP_ASSERT (scan.what == SCAN_FRAME && scan.size == frame.size);
        s_explain (codec, false, frame);
        FEP_ASSERT (!codec->mistakable || !codec->mistakable (frame, frame));
        memcpy (s_flight, frame.data, frame.size);
        s_flight_size = frame.size;
    }
    io->send->size = 0;
    return bytes_of (rest.data + size, rest.size - size);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    size_t count = 0;
    if (size == 0) {
        return 0;
    }
    if (!s_batch) {
        s_batch = batch_new ();
        FEP_ASSERT (pattern_parse ("ID{id:4}|{mac}|{imei}\\0|{id}\\r|{packet}", &s_registration,
                                   NULL, 0) == FEP_OK);
        FEP_ASSERT (pattern_parse ("LOG|HB{id:2}|\\xFF|\\xFF\\xFF\\x80\\x80|\\xAA{any:1}{id}",
                                   &s_heartbeat, NULL, 0) == FEP_OK);
        s_load_profile ();
    }
    s_knows = data[size - 1];
    while (codec_at (count)) {
        count++;
    }
    const codec_t *codec = codec_at ((data[0] >> 3) % count);
    bool up = data[0] & 1;
    bytes_t in = {data + 1, size - 1};
    void *state = calloc (1, codec->state_size);
    FEP_ASSERT (state);
    writer_t send = writer_of (s_send, sizeof s_send);
    codec_io_t io = {
        .wall_ms = 1700000000000, .options = &s_options, .batch = s_batch, .send = &send};
    io.profile = s_knows & 0x40 ? s_own : NULL;
    io.address = s_is_gateway (codec) ? s_address () : bytes_text ("");
    batch_clear (s_batch);
    s_flight_size = 0;
    if (codec->is_meter && in.size) {
        io.meter = &s_meter;
        io.address = bytes_text ("dtu1");
        in = s_take_flight (codec, state, &io, in);
    }
    switch (data[0] >> 1 & 3) {
    case 0:
        s_stream (codec, up, state, &io, in);
        break;
    case 1:
        s_explain (codec, up, in);
        s_decode (codec, state, &io, in);
        break;
    default:
        s_wrapped (codec, up, state, &io, in);
        break;
    }
    s_check_batch ();
    free (state);
    return 0;
}
