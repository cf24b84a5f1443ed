//  Fuzzing of a DL/T 698.45 session behind its checksums: link services, answers, reports, fragments, requests and
//  carried frames in any order, of a terminal and of a meter. Whatever comes, what we send are whole frames, no report
//  is answered twice, and what was decoded has a wire form.
//  The input is a list of steps: a byte says which, a byte how many bytes are its own, then those.
#include "codecs/dlt698/link.h"
#include "codecs/dlt698/state.h"
#include "fep/pack.h"
#include "fep/point.h"
#include <stdlib.h>

#define SEND_SIZE 65536
#define TEXT_SIZE (1 << 20)
#define STEPS_MAX 600

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

typedef struct {
    const codec_t *codec;  //  Under test
    d698_state_t state;    //  Its own; a meter's is at its head
    codec_io_t io;         //  Of every call
    writer_t send;         //  Over s_send
    writer_t seal;         //  Over s_seal
    request_t request;     //  The last one
    uint32_t reports;      //  Accepted
    uint32_t answered;     //  Of those
    uint32_t mark;         //  Last one
    bool knows_meters;     //  mp_of is there
} fuzz_t;

static codec_options_t s_options;
static uint8_t s_send[SEND_SIZE];
static uint8_t s_seal[2048];
static uint8_t s_text[TEXT_SIZE];
static uint8_t s_frame[D698_FRAME_MAX];
static batch_t *s_batch;
static profile_t *s_profile;
static meter_t s_meter = {.mp = 1, .address = "000000000001"};

static const char s_profile_text[] =
    "profile f\ncodec dlt698\nread energy.active.import.total_kWh\n"
    "read voltage.l2_V\nsetting seal 2\nsetting time_tag 5\n"
    "setting store_before 1\nsetting port 2\n";

static uint16_t s_mp_of (void *arg, bytes_t meter)
{
    (void) arg;
    return meter.size && meter.data[meter.size - 1] == '1' ? 7 : 0;
}

//  What was sent is whole frames; answers to reports are counted.
static void s_check_sent (fuzz_t *self)
{
    uint8_t room[D698_LENGTH_MAX];
    reader_t in = reader_of (writer_bytes (&self->send));
    while (reader_left (&in)) {
        bytes_t rest = {in.data + in.pos, reader_left (&in)};
        const scan_context_t context = {.up = false, .options = &s_options};
        scan_t scan = codec_find ("dlt698")->scan (&context, rest);
        d698_frame_t frame;
        FEP_ASSERT (scan.what == SCAN_FRAME);
        FEP_ASSERT (d698_frame_read (reader_bytes (&in, scan.size), &frame) == FEP_OK);
        FEP_ASSERT (!(frame.control & D698_DIR));
        bytes_t user = d698_user (&frame, room);
        bool report =
            (frame.control & (D698_PRM | D698_FRAGMENT)) == 0 && user.size && user.data[0] == 0x08;
        self->answered += report;
    }
    FEP_ASSERT (self->answered <= self->reports);
    self->send.size = 0;
    self->send.failed = false;
}

static void s_explain (fuzz_t *self, bytes_t frame)
{
    writer_t out = writer_of (s_text, sizeof s_text);
    json_t json = json_of (&out);
    fep_err_t error = self->codec->explain (frame, true, &s_options, &json);
    FEP_ASSERT (error || (out.size > 1 && s_text[0] == '{' && s_text[out.size - 1] == '}'));
}

//  A frame around the bytes: C, then user data; from that of two terminals, or the meter.
static void s_feed (fuzz_t *self, bytes_t in)
{
    if (in.size == 0) {
        return;
    }
    d698_peer_t peer = {{0x05, 0x01}, 7, 0x10, in.data[0] & D698_SCRAMBLED};
    writer_t out = writer_of (s_frame, sizeof s_frame);
    size_t mark = d698_open (&out, &peer, (uint8_t) (in.data[0] | D698_DIR));
    writer_put (&out, in.data + 1, in.size - 1);
    d698_close (&out, mark);
    bytes_t frame = writer_bytes (&out);
    uint8_t *copy = malloc (frame.size);
    FEP_ASSERT (copy);
    memcpy (copy, frame.data, frame.size);
    s_explain (self, bytes_of (copy, frame.size));
    batch_mark_t before = batch_mark (s_batch);
    size_t sent = self->send.size;
    fep_err_t error = self->codec->decode (&self->state, bytes_of (copy, frame.size), &self->io);
    if (error == FEP_FULL) {
        FEP_ASSERT (self->send.size == sent &&
                    batch_mark (s_batch).byte_count == before.byte_count);
    }
    if (error) {
        batch_rollback (s_batch, before);
        self->send.size = sent;
    } else {
        FEP_ASSERT (!s_batch->failed);
        self->reports += self->io.mark != 0;
        self->mark = self->io.mark ? self->io.mark : self->mark;
    }
    writer_t line = writer_of (s_text, sizeof s_text);
    if (self->codec->unwrap) {
        error = self->codec->unwrap (bytes_of (copy, frame.size), true, &s_options, &line);
        FEP_ASSERT (error || line.size);
    }
    free (copy);
}

//  A request made of the bytes; or the one before goes on.
static void s_ask (fuzz_t *self, bytes_t in)
{
    static const uint32_t points[] = {
        POINT (1, 0, 1, 8, 0),    POINT (1, 0, 32, 7, 0),   POINT (0, 0, 1, 0, 0),
        POINT (0, 0, 132, 16, 0), POINT (1, 0, 1, 6, 0),    POINT (1, 0, 1, 29, 0),
        POINT (0, 0, 136, 1, 0),  POINT (0, 0, 132, 18, 0), POINT (0, 0, 96, 5, 3)};
    reader_t bytes = reader_of (in);
    if (in.size) {
        request_t request = {.kind = reader_u8 (&bytes) % 10, .mp = reader_u8 (&bytes) & 7};
        request.freeze = reader_u8 (&bytes) % (FREEZE_COUNT + 1);
        request.operation = reader_u8 (&bytes) % (OPERATION_COUNT + 1);
        request.from_ms = 1500000000000 + (int64_t) reader_u32be (&bytes) * 1000;
        request.to_ms = request.from_ms + (int64_t) reader_u32be (&bytes) * 100;
        request.event_from = reader_u16be (&bytes);
        request.event_to = reader_u16be (&bytes);
        request.until_ms = (int64_t) reader_u8 (&bytes) * 7000000000;
        request.token = reader_u8 (&bytes);
        memcpy (request.meter, "000000000011", request.mp & 1 ? 13 : 0);
        for (uint8_t n = reader_u8 (&bytes) & 7; n > 0; n--) {
            request.values[request.point_count] =
                value_decimal ((int8_t) reader_u8 (&bytes), (int8_t) (reader_u8 (&bytes) % 11), 0);
            uint8_t which = reader_u8 (&bytes) % (sizeof points / sizeof *points);
            request.points[request.point_count++] = points[which];
        }
        bytes_t rest = reader_bytes (&bytes, reader_left (&bytes));
        request.size = (uint16_t) (rest.size < REQUEST_PASS_MAX ? rest.size : REQUEST_PASS_MAX);
        if (request.size) {
            memcpy (request.bytes, rest.data, request.size);
        }
        self->request = request;
    }
    size_t sent = self->send.size;
    fep_err_t error = self->codec->encode (&self->state, &self->request, &self->io);
    FEP_ASSERT (error < FEP_ERR_COUNT);
    if (error == FEP_NEEDS_SEAL) {
        FEP_ASSERT (self->send.size == sent && self->seal.size);
    }
    if (error) {
        self->send.size = sent;
        self->send.failed = false;
    }
    self->seal.size = 0;
}

static void s_step (fuzz_t *self, uint8_t how, bytes_t in)
{
    switch (how % 8) {
    case 0:
        s_ask (self, in);
        break;
    case 1:
        self->io.sealed = in;
        s_ask (self, bytes_of (NULL, 0));
        self->io.sealed = bytes_of (NULL, 0);
        break;
    case 2:
        self->codec->durable (&self->state, self->mark - how / 8, &self->io);
        break;
    case 3:
        if (self->codec->wrap && self->codec->wrap (&self->state, in, &self->io)) {
            self->send.failed = false;
        }
        break;
    case 4:
        self->io.mp_of = how & 8 ? s_mp_of : NULL;
        self->io.profile = how & 16 ? s_profile : NULL;
        self->io.seal = how & 32 ? &self->seal : NULL;
        break;
    default:
        s_feed (self, in);
    }
    s_check_sent (self);
}

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

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static fuzz_t self;
    profile_fault_t fault;
    if (!s_batch) {
        s_batch = batch_new ();
        FEP_ASSERT (profile_parse (bytes_text (s_profile_text), &s_profile, &fault) == FEP_OK);
    }
    if (size == 0) {
        return 0;
    }
    bool meter = data[0] & 1;
    memset (&self, 0, sizeof self);
    self.codec = codec_find (meter ? "dlt698_meter" : "dlt698");
    self.send = writer_of (s_send, sizeof s_send);
    self.seal = writer_of (s_seal, sizeof s_seal);
    self.io = (codec_io_t){
        .wall_ms = 1700000000000, .options = &s_options, .batch = s_batch, .send = &self.send};
    self.io.meter = meter ? &s_meter : NULL;
    batch_clear (s_batch);
    reader_t in = reader_of (bytes_of (data + 1, size - 1));
    for (int n = 0; n < STEPS_MAX && reader_left (&in) >= 2; n++) {
        uint8_t how = reader_u8 (&in);
        size_t own = reader_u8 (&in);
        own = own < reader_left (&in) ? own : reader_left (&in);
        s_step (&self, how, reader_bytes (&in, own));
        if (batch_ripe (s_batch)) {
            s_check_batch ();
            batch_clear (s_batch);
        }
    }
    s_check_batch ();
    return 0;
}
