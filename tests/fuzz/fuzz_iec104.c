//  Fuzzing of an IEC 60870-5-104 connection: frames with good and bad numbers, time, confirmations and requests in any
//  order. Whatever comes, what we send are whole frames in order, N(R) never passes what is on disk, no more than k
//  frames are without acknowledgement, and deadlines lie ahead.
//  The input is a list of steps: a byte says which, what follows how.
#include "codecs/iec104/parts.h"
#include "fep/pack.h"
#include <stdlib.h>

#define SEND_SIZE 4096
#define STEPS_MAX 2000

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static const char s_text[] =
    "profile f\ncodec iec104\nsetting k 3\nsetting w 2\n"
    "object relay.state 1\nobject input.state 2 mp=1\nobject voltage.l1_V 3 scale=0.1\n"
    "object voltage.l2_V 3 ca=2 scale=123456789012345678\n"
    "object energy.active.import.total_kWh 5 counter=5\nobject current.l1_A 6 group=3\n"
    "object relay.state 9 command=double select=1\nobject input.state 9 ca=2 command=single\n"
    "object voltage.l1_V 10 command=normalized scale=0.000001\n"
    "object voltage.l2_V 11 command=scaled scale=123456789\n"
    "object voltage.l3_V 12 command=float time=1\nobject input.change 13 command=bits\n"
    "object current.l1_A 14 command=step qualifier=3 time=1\n";

typedef struct {
    const codec_t *codec;  //  Under test
    iec_state_t state;     //  Its own
    codec_io_t io;         //  Of every call
    writer_t send;         //  Over s_send
    request_t request;     //  The last one
    uint16_t vs;           //  Number of its next I frame
} fuzz_t;

static codec_options_t s_options;
static uint8_t s_send[SEND_SIZE];
static batch_t *s_batch;
static profile_t *s_profile;

//  What was sent is whole frames that keep the rules.
static void s_check_sent (fuzz_t *self)
{
    reader_t in = reader_of (writer_bytes (&self->send));
    while (reader_left (&in)) {
        bytes_t rest = {in.data + in.pos, reader_left (&in)};
        const scan_context_t context = {.up = false, .options = &s_options};
        scan_t scan = self->codec->scan (&context, rest);
        iec_apci_t apci;
        FEP_ASSERT (scan.what == SCAN_FRAME);
        FEP_ASSERT (iec_apci_read (reader_bytes (&in, scan.size), &apci) == FEP_OK);
        uint32_t nr = (uint32_t) (apci.nr - self->state.base) % IEC_NUMBERS;
        FEP_ASSERT (apci.format == FORMAT_U || nr <= self->state.durable);
        if (apci.format == FORMAT_I) {
            FEP_ASSERT (apci.ns == self->vs);
            self->vs = (uint16_t) ((self->vs + 1) % IEC_NUMBERS);
        }
    }
    FEP_ASSERT ((unsigned) (self->state.vs - self->state.ack) % IEC_NUMBERS <= 3);
    FEP_ASSERT (self->state.vs == self->vs && self->state.durable <= self->state.received);
    FEP_ASSERT (self->state.acked <= self->state.durable);
    self->send.size = 0;
    self->send.failed = false;
}

//  An ASDU, with the numbers the station should use unless the step says otherwise.
static void s_feed (fuzz_t *self, reader_t *in)
{
    uint8_t how = reader_u8 (in);
    bytes_t asdu = reader_bytes (in, how & 63);
    uint8_t frame[80];
    writer_t out = writer_of (frame, sizeof frame);
    unsigned ns = self->state.received + (how >> 7);
    unsigned nr = self->state.vs + (how >> 6 & 1u);
    writer_u8 (&out, IEC_START);
    writer_u8 (&out, (uint8_t) (asdu.size + IEC_CONTROL));
    writer_u16le (&out, (uint16_t) (ns << 1));
    writer_u16le (&out, (uint16_t) (nr << 1));
    writer_put (&out, asdu.data, asdu.size);
    batch_mark_t mark = batch_mark (s_batch);
    uint32_t received = self->state.received;
    fep_err_t error = self->codec->decode (&self->state, writer_bytes (&out), &self->io);
    if (error) {
        batch_rollback (s_batch, mark);
        FEP_ASSERT (self->state.received == received && error != FEP_FULL);
    } else {
        FEP_ASSERT (self->state.received == received + 1 && self->io.mark == received + 1);
        FEP_ASSERT (s_batch->message_count > mark.message_count || self->io.answer);
    }
}

static void s_feed_plain (fuzz_t *self, reader_t *in)
{
    uint8_t function = reader_u8 (in);
    const uint8_t frame[] = {IEC_START, IEC_CONTROL, function, 0, reader_u8 (in), 0};
    (void) self->codec->decode (&self->state, bytes_of (frame, sizeof frame), &self->io);
}

static void s_ask (fuzz_t *self, reader_t *in)
{
    static const request_kind_t kinds[] = {REQUEST_READ,   REQUEST_PASS,    REQUEST_CLOCK,
                                           REQUEST_SELECT, REQUEST_OPERATE, REQUEST_FILE};
    uint8_t how = reader_u8 (in);
    if (!(how & 0x80)) {
        request_t request = {.kind = kinds[how % 6], .mp = how >> 5 & 1};
        uint8_t which = reader_u8 (in);
        request.operation = which & 0x80 ? which & 15 : OPERATION_POINT;
        request.point_count = which & 1;
        request.points[0] = s_profile->objects[which % s_profile->object_count].point;
        request.size = which & 63;
        bytes_t bytes = reader_bytes (in, request.size);
        request.size = (uint16_t) bytes.size;
        memcpy (request.bytes, bytes.data ? bytes.data : s_send, bytes.size);
        request.values[0].mantissa = (int64_t) reader_u64be (in);
        request.values[0].exponent = (int8_t) reader_u8 (in);
        request.values[0].kind = (uint8_t) (VALUE_DECIMAL + reader_u8 (in) % 3);
        self->request = request;
    }
    iec_state_t before = self->state;
    uint32_t done = self->request.done;
    size_t sent = self->send.size;
    fep_err_t error = self->codec->encode (&self->state, &self->request, &self->io);
    FEP_ASSERT (!error == (self->send.size > sent) && !error == (self->request.done > done));
    FEP_ASSERT (!error || memcmp (&before, &self->state, sizeof before) == 0);
}

static void s_step (fuzz_t *self, reader_t *in)
{
    uint8_t what = reader_u8 (in);
    self->io.fault = FEP_OK;
    switch (what & 7) {
    case 0:
    case 1:
        s_feed (self, in);
        break;
    case 2:
        s_feed_plain (self, in);
        break;
    case 3:
        self->io.mono_ms += (int64_t) reader_u8 (in) * 100;
        self->io.standby = what & 0x80;
        break;
    case 4:
        self->codec->durable (&self->state, self->state.durable + (what >> 3), &self->io);
        break;
    default:
        s_ask (self, in);
        break;
    }
    s_check_sent (self);
    int64_t due = self->codec->tick (&self->state, &self->io);
    FEP_ASSERT (due > self->io.mono_ms && (!self->io.fault || due == INT64_MAX));
    s_check_sent (self);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    if (!s_batch) {
        profile_fault_t fault;
        s_batch = batch_new ();
        FEP_ASSERT (profile_parse (bytes_text (s_text), &s_profile, &fault) == FEP_OK);
    }
    batch_clear (s_batch);
    fuzz_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    self->codec = codec_find ("iec104");
    self->send = writer_of (s_send, sizeof s_send);
    self->io = (codec_io_t){.mono_ms = 1000,
                            .wall_ms = 1700000000000,
                            .options = &s_options,
                            .address = bytes_text ("1"),
                            .profile = s_profile,
                            .batch = s_batch,
                            .send = &self->send};
    reader_t in = reader_of (bytes_of (data, size));
    for (unsigned i = 0; reader_left (&in) && i < STEPS_MAX; i++) {
        s_step (self, &in);
    }
    size_t bound = pack_bound (s_batch);
    uint8_t *memory = malloc (bound);
    FEP_ASSERT (memory);
    writer_t out = writer_of (memory, bound);
    batch_head_t head = {1, 1, 1, (uint32_t) s_batch->message_count};
    FEP_ASSERT (pack_batch (s_batch, &head, &out) == FEP_OK);
    FEP_ASSERT (pack_check (writer_bytes (&out)) == FEP_OK);
    free (memory);
    free (self);
    return 0;
}
