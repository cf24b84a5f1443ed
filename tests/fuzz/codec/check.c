//  The rules of the contract, checked on every call.
#include "fep/pack.h"
#include "tests/fuzz/codec/harness.h"

#define TEXT_SIZE (1 << 20)

static uint8_t s_text[TEXT_SIZE];

uint8_t *fuzz_copy (bytes_t bytes)
{
    uint8_t *copy = malloc (bytes.size ? bytes.size : 1);
    FEP_ASSERT (copy);
    if (bytes.size) {
        memcpy (copy, bytes.data, bytes.size);
    }
    return copy;
}

//  Carries a meter protocol bare.
static bool s_is_gateway (const codec_t *codec)
{
    return codec->wrap && !codec->unwrap;
}

//  What a carried codec may say of a window.
static scan_t s_line (const fuzz_t *self, bytes_t window)
{
    if (!s_is_gateway (self->codec) || !window.size || !self->line) {
        return (scan_t){.what = SCAN_SKIP};
    }
    size_t size = 1 + window.data[0] % window.size;
    switch ((window.data[0] ^ self->line ^ window.size) & 3) {
    case 0:
        return (scan_t){.what = SCAN_MORE};
    case 1:
        return (scan_t){SCAN_FRAME, size, FEP_OK};
    default:
        return (scan_t){SCAN_SKIP, size, FEP_CHECKSUM};
    }
}

static void s_check_scan (const fuzz_t *self, const scan_context_t *context, bytes_t window,
                          scan_t scan)
{
    if (scan.what == SCAN_MORE) {
        FEP_ASSERT (window.size < self->codec->frame_max && scan.size == 0);
    } else {
        FEP_ASSERT (scan.size >= 1 && scan.size <= window.size);
    }
    FEP_ASSERT (scan.what != SCAN_FRAME || scan.size <= self->codec->frame_max);
    FEP_ASSERT ((scan.what == SCAN_LINE) == (context->up && context->line.what == SCAN_FRAME));
    FEP_ASSERT ((scan.what == SCAN_SKIP) == (scan.reason != FEP_OK));
}

scan_t fuzz_scan (fuzz_t *self, bool up, bytes_t window)
{
    scan_context_t context = {.up = up,
                              .options = &self->options,
                              .line = s_line (self, window),
                              .request = bytes_of (self->flight, self->flight_size),
                              .address = self->io.address,
                              .quiet = self->quiet};
    uint8_t *copy = fuzz_copy (window);
    scan_t scan = self->codec->scan (&context, bytes_of (copy, window.size));
    scan_t again = self->codec->scan (&context, bytes_of (copy, window.size));
    free (copy);
    FEP_ASSERT (scan.what == again.what && scan.size == again.size && scan.reason == again.reason);
    s_check_scan (self, &context, window, scan);
    if (scan.what == SCAN_FRAME && scan.size < window.size && !s_is_gateway (self->codec)) {
        copy = fuzz_copy (bytes_of (window.data, scan.size));
        again = self->codec->scan (&context, bytes_of (copy, scan.size));
        free (copy);
        FEP_ASSERT (again.what == SCAN_FRAME && again.size == scan.size);
    }
    return scan;
}

//  What a frame carries; carried again it is carried in as many bytes where only the head is exchanged.
static void s_unwrap (fuzz_t *self, bool up, bytes_t frame)
{
    static uint8_t bytes[FUZZ_SEND_SIZE];
    writer_t line = writer_of (bytes, sizeof bytes);
    fep_err_t error = self->codec->unwrap (frame, up, &self->options, &line);
    FEP_ASSERT (error < FEP_ERR_COUNT && (error || line.size));
    if (!error && strcmp (self->codec->name, "modbus_tcp") == 0) {
        size_t from = self->send.size;
        codec_io_t io = self->io;
        FEP_ASSERT (self->codec->wrap (self->state, writer_bytes (&line), &io) == FEP_OK);
        FEP_ASSERT (self->send.size - from == frame.size && io.tag);
        self->send.size = from;
    }
}

void fuzz_inspect (fuzz_t *self, bool up, bytes_t frame, bool good)
{
    char who[ADDRESS_MAX + 1];
    writer_t out = writer_of (s_text, sizeof s_text);
    json_t json = json_of (&out);
    uint8_t *copy = fuzz_copy (frame);
    bytes_t bytes = bytes_of (copy, frame.size);
    fep_err_t error = self->codec->explain (bytes, up, &self->options, &json);
    FEP_ASSERT (error < FEP_ERR_COUNT && (!good || !error));
    FEP_ASSERT (error || (out.size > 1 && s_text[0] == '{' && s_text[out.size - 1] == '}'));
    memset (who, 'x', sizeof who);
    error = self->codec->address (bytes, up, &self->options, who);
    FEP_ASSERT (error < FEP_ERR_COUNT && (error || memchr (who, 0, sizeof who)));
    if (self->codec->unwrap) {
        s_unwrap (self, up, bytes);
    }
    free (copy);
}

//  Every message says whose it is, and when it came.
static void s_check_messages (const fuzz_t *self, size_t from)
{
    const batch_t *batch = self->io.batch;
    for (size_t i = from; i < batch->message_count; i++) {
        const message_t *message = &batch->messages[i];
        FEP_ASSERT (message->kind > 0 && message->kind < MESSAGE_KIND_COUNT);
        FEP_ASSERT (message->address.size <= ADDRESS_MAX && message->freeze < FREEZE_COUNT);
        FEP_ASSERT (!self->io.address.size || bytes_equal (message->address, self->io.address));
        FEP_ASSERT (message->received_ms == self->io.wall_ms);
        FEP_ASSERT (message->first + message->count <= batch->item_count);
    }
}

//  A stranger becomes who its first message says it is.
static void s_admit (fuzz_t *self, size_t from)
{
    const batch_t *batch = self->io.batch;
    if (!self->codec->is_meter && !self->io.address.size && batch->message_count > from) {
        bytes_t address = batch->messages[from].address;
        memcpy (self->who, address.data ? address.data : self->flight, address.size);
        self->who[address.size] = 0;
        self->io.address = bytes_text (self->who);
    }
}

static void s_accept (fuzz_t *self, bytes_t frame, batch_mark_t mark)
{
    FEP_ASSERT (!self->io.batch->failed);
    s_check_messages (self, mark.message_count);
    s_admit (self, mark.message_count);
    if (strcmp (self->codec->name, "iec104") == 0) {
        fuzz_count (&self->received, frame);
    }
    if (self->io.mark && !(self->line & 0x80)) {
        FEP_ASSERT (self->codec->durable);
        self->codec->durable (self->state, self->io.mark, &self->io);
    }
    fuzz_ask_on (self);
}

void fuzz_decode (fuzz_t *self, bytes_t frame)
{
    batch_mark_t mark = batch_mark (self->io.batch);
    size_t sent = self->send.size;
    uint8_t *copy = fuzz_copy (frame);
    uint8_t *before = fuzz_copy (bytes_of (self->state, self->codec->state_size));
    self->io.request = bytes_of (self->flight, self->flight_size);
    fep_err_t error = self->codec->decode (self->state, bytes_of (copy, frame.size), &self->io);
    memset (copy, 0xA5, frame.size);
    free (copy);
    FEP_ASSERT (error < FEP_ERR_COUNT);
    if (error) {
        batch_rollback (self->io.batch, mark);
        self->send.size = sent;
        self->send.failed = false;
        FEP_ASSERT ((error != FEP_NOT_MINE && error != FEP_FULL) ||
                    memcmp (before, self->state, self->codec->state_size) == 0);
    } else {
        s_accept (self, frame, mark);
    }
    free (before);
}

//  explain knows no profile: frames of unusual sizes it takes for others.
static bool s_is_usual (const fuzz_t *self)
{
    const uint32_t *settings = self->profiles[1]->settings;
    return settings[SETTING_cause_size] == 2 && settings[SETTING_ca_size] == 2 &&
           settings[SETTING_ioa_size] == 3;
}

void fuzz_check_sent (fuzz_t *self, bool good)
{
    bytes_t rest = writer_bytes (&self->send);
    bool quiet = self->quiet;
    self->quiet = true;
    while (rest.size && !self->send.failed) {
        scan_t scan = fuzz_scan (self, false, rest);
        FEP_ASSERT (scan.what == SCAN_FRAME);
        fuzz_inspect (self, false, bytes_of (rest.data, scan.size), good && s_is_usual (self));
        if (strcmp (self->codec->name, "iec104") == 0) {
            fuzz_count (&self->sent, bytes_of (rest.data, scan.size));
        }
        rest = bytes_of (rest.data + scan.size, rest.size - scan.size);
    }
    self->quiet = quiet;
    self->send.size = 0;
    self->send.failed = false;
}

void fuzz_check_batch (batch_t *batch)
{
    size_t bound = pack_bound (batch);
    uint8_t *memory = malloc (bound);
    FEP_ASSERT (memory);
    writer_t out = writer_of (memory, bound);
    batch_head_t head = {1, 1, 1, (uint32_t) batch->message_count};
    FEP_ASSERT (pack_batch (batch, &head, &out) == FEP_OK);
    FEP_ASSERT (pack_check (writer_bytes (&out)) == FEP_OK);
    free (memory);
    batch_clear (batch);
}
