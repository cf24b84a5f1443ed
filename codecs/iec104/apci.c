//  APCI: scan, frames, sequence numbers, and the timers t1, t2 and t3.
//
//  Numbers and phases are judged only where it is known whose connection it is: bytes shown to fepdecode may begin
//  anywhere.
//
//    event \ phase    STOPPED                STARTING      STARTED                 STOPPING
//    tick             not standby: STARTDT   t1: fault     standby: STOPDT         t1: fault
//    STARTDT con      -                      STARTED       -                       -
//    STOPDT con       -                      -             -                       STOPPED
//    I frame          taken: data is data, also before and behind STARTED
//    I frame of ours  BUSY                   BUSY          sent                    BUSY
#include "codecs/iec104/apci.h"

static scan_t s_skip (size_t size, fep_err_t reason)
{
    return (scan_t){SCAN_SKIP, size, reason};
}

static bool s_function_good (uint8_t function)
{
    return function == STARTDT_ACT || function == STARTDT_CON || function == STOPDT_ACT ||
           function == STOPDT_CON || function == TESTFR_ACT || function == TESTFR_CON;
}

//  Could octets behind the start be a control field? As far as they have come: false as soon as one rules it out.
static bool s_head_possible (const uint8_t *data, size_t size)
{
    enum { I_LEAST = IEC_CONTROL + 4 };
    size_t length = size > 1 ? data[1] : IEC_CONTROL;
    if (length < IEC_CONTROL || length > IEC_LENGTH_MAX) {
        return false;
    }
    if (size > 2 && !(data[2] & 1)) {
        return length >= I_LEAST && (size < 5 || !(data[4] & 1)) && (size < 7 || data[6]);
    }
    if (size > 2 && (data[2] & 3) == 1) {
        return length == IEC_CONTROL && data[2] == 1 && (size < 4 || !data[3]) &&
               (size < 5 || !(data[4] & 1));
    }
    if (size > 2) {
        return length == IEC_CONTROL && s_function_good (data[2]) && (size < 4 || !data[3]) &&
               (size < 5 || !data[4]) && (size < 6 || !data[5]);
    }
    return true;
}

//  Does the length of the I frame at the head fit its type, whatever sizes of addresses the station has?
static bool s_fits (const uint8_t *data, size_t size)
{
    if (size < 8 || data[0] != IEC_START || !s_head_possible (data, size) || data[2] & 1) {
        return false;
    }
    const iec_type_t *type = iec_type (data[6]);
    size_t asdu = data[1] - (size_t) IEC_CONTROL;
    for (unsigned ioa = 1; type && ioa <= 3; ioa++) {
        size_t objects = iec_objects_size (type, data[7] & 0x80, data[7] & 0x7F, ioa);
        if (objects && asdu >= objects + 4 && asdu <= objects + 6) {
            return true;
        }
    }
    return false;
}

//  Behind a head that fits no type, does a frame that does stand whole? Then the head was noise. Files may hold
//  anything.
static bool s_frame_behind (bytes_t window)
{
    enum { FILE_FIRST = 120, FILE_LAST = 127 };
    const uint8_t *data = window.data;
    bool file = window.size > 6 && data[6] >= FILE_FIRST && data[6] <= FILE_LAST;
    if (window.size < 8 || data[2] & 1 || file || s_fits (data, window.size)) {
        return false;
    }
    for (size_t i = 1; i + 8 < window.size; i++) {
        size_t left = window.size - i;
        if (data[i] == IEC_START && left >= (size_t) IEC_HEAD + data[i + 1] &&
            s_fits (data + i, left)) {
            return true;
        }
    }
    return false;
}

scan_t iec_scan (const scan_context_t *context, bytes_t window)
{
    const uint8_t *data = window.data;
    (void) context;
    if (window.size == 0) {
        return (scan_t){SCAN_MORE, 0, FEP_OK};
    }
    if (data[0] != IEC_START) {
        const uint8_t *start = memchr (data, IEC_START, window.size);
        return s_skip (start ? (size_t) (start - data) : window.size, FEP_NOT_MINE);
    }
    if (!s_head_possible (data, window.size)) {
        return s_skip (1, FEP_IMPLAUSIBLE);
    }
    size_t total = window.size > 1 ? (size_t) IEC_HEAD + data[1] : IEC_FRAME_MAX;
    if (window.size >= total) {
        return (scan_t){SCAN_FRAME, total, FEP_OK};
    }
    return s_frame_behind (window) ? s_skip (1, FEP_NOT_MINE) : (scan_t){SCAN_MORE, 0, FEP_OK};
}

fep_err_t iec_apci_read (bytes_t frame, iec_apci_t *apci)
{
    reader_t in = reader_of (frame);
    *apci = (iec_apci_t){.format = FORMAT_I};
    uint8_t start = reader_u8 (&in);
    uint8_t length = reader_u8 (&in);
    if (frame.size && start != IEC_START) {
        return FEP_NOT_MINE;
    }
    if (!in.failed && (length < IEC_CONTROL || length > IEC_LENGTH_MAX)) {
        return FEP_IMPLAUSIBLE;
    }
    uint16_t first = reader_u16le (&in);
    uint16_t second = reader_u16le (&in);
    if (in.failed || reader_left (&in) < (size_t) length - IEC_CONTROL) {
        return FEP_TRUNCATED;
    }
    if (reader_left (&in) > (size_t) length - IEC_CONTROL ||
        !s_head_possible (frame.data, frame.size)) {
        return FEP_IMPLAUSIBLE;
    }
    apci->format = !(first & 1) ? FORMAT_I : (first & 3) == 1 ? FORMAT_S : FORMAT_U;
    apci->function = (uint8_t) first;
    apci->ns = first >> 1;
    apci->nr = second >> 1;
    apci->asdu = reader_bytes (&in, reader_left (&in));
    return FEP_OK;
}

//  ---- Frames of ours ----

static void s_put_u (writer_t *out, uint8_t function)
{
    const uint8_t frame[] = {IEC_START, IEC_CONTROL, function, 0, 0, 0};
    writer_put (out, frame, sizeof frame);
}

//  N(R): what is on disk.
static uint16_t s_nr (const iec_state_t *self)
{
    return (uint16_t) ((self->base + self->durable) % IEC_NUMBERS);
}

static void s_put_s (iec_state_t *self, writer_t *out)
{
    uint16_t nr = (uint16_t) (s_nr (self) << 1);
    const uint8_t frame[] = {IEC_START, IEC_CONTROL, 1, 0, (uint8_t) nr, (uint8_t) (nr >> 8)};
    if (self->acked == self->durable) {
        return;
    }
    size_t before = out->size;
    writer_put (out, frame, sizeof frame);
    if (out->size > before) {
        self->acked = self->durable;
    }
}

static bool s_known (const codec_io_t *io)
{
    return io->address.size > 0;
}

static unsigned s_outstanding (const iec_state_t *self)
{
    return (unsigned) (self->vs - self->ack) % IEC_NUMBERS;
}

//  May an I frame be sent now? BUSY.
static fep_err_t s_ready (const iec_state_t *self, const codec_io_t *io)
{
    unsigned most = profile_setting (io->profile, SETTING_k);
    bool ready = self->phase == PHASE_STARTED && s_outstanding (self) < most;
    return ready || !s_known (io) ? FEP_OK : FEP_BUSY;
}

fep_err_t iec_link_send (iec_state_t *self, bytes_t asdu, codec_io_t *io)
{
    fep_err_t error = s_ready (self, io);
    if (error) {
        return error;
    }
    uint8_t *at = writer_room (io->send, IEC_HEAD + IEC_CONTROL + asdu.size);
    if (!at) {
        return FEP_FULL;
    }
    writer_t out = writer_of (at, IEC_HEAD + IEC_CONTROL + asdu.size);
    writer_u8 (&out, IEC_START);
    writer_u8 (&out, (uint8_t) (IEC_CONTROL + asdu.size));
    writer_u16le (&out, (uint16_t) (self->vs << 1));
    writer_u16le (&out, (uint16_t) (s_nr (self) << 1));
    writer_put (&out, asdu.data, asdu.size);
    self->sent_ms[self->vs % IEC_WINDOW] = io->mono_ms;
    self->vs = (uint16_t) ((self->vs + 1) % IEC_NUMBERS);
    self->acked = self->durable;
    return FEP_OK;
}

//  ---- Frames of the station ----

static fep_err_t s_break (iec_state_t *self, codec_io_t *io, fep_err_t why)
{
    self->fault = why;
    io->fault = why;
    return why;
}

//  N(R) of the station must lie within what we sent and it has not acknowledged.
static fep_err_t s_take_ack (iec_state_t *self, uint16_t nr, codec_io_t *io)
{
    unsigned ahead = (unsigned) (nr - self->ack) % IEC_NUMBERS;
    if (!s_known (io)) {
        return FEP_OK;
    }
    if (ahead > s_outstanding (self)) {
        return s_break (self, io, FEP_SEQUENCE);
    }
    self->ack = nr;
    return FEP_OK;
}

static fep_err_t s_take_u (iec_state_t *self, uint8_t function, codec_io_t *io)
{
    switch (function) {
    case TESTFR_ACT:
        s_put_u (io->send, TESTFR_CON);
        return FEP_OK;
    case TESTFR_CON:
        self->test_due_ms = 0;
        return FEP_OK;
    case STARTDT_CON:
        if (self->phase == PHASE_STARTING) {
            self->phase = PHASE_STARTED;
            self->start_due_ms = 0;
        }
        return FEP_OK;
    case STOPDT_CON:
        if (self->phase == PHASE_STOPPING) {
            self->phase = PHASE_STOPPED;
            self->start_due_ms = 0;
        }
        return FEP_OK;
    default:
        //  A controlled station does not ask us to start or stop.
        return FEP_IMPLAUSIBLE;
    }
}

fep_err_t iec_link_take (iec_state_t *self, const iec_apci_t *apci, codec_io_t *io, bool *fresh)
{
    *fresh = apci->format == FORMAT_I;
    if (self->fault) {
        return s_break (self, io, self->fault);
    }
    if (apci->format == FORMAT_U) {
        fep_err_t error = s_take_u (self, apci->function, io);
        self->rx_ms = error ? self->rx_ms : io->mono_ms;
        return error;
    }
    if (*fresh && !s_known (io)) {
        self->base = (uint16_t) ((apci->ns - self->received) % IEC_NUMBERS);
    }
    if (*fresh && apci->ns != (self->base + self->received) % IEC_NUMBERS) {
        return s_break (self, io, FEP_SEQUENCE);
    }
    fep_err_t error = s_take_ack (self, apci->nr, io);
    if (error) {
        return error;
    }
    self->rx_ms = io->mono_ms;
    if (*fresh) {
        //  When more than that are on their way to the disk, an older time stands for the younger: none is late.
        if (self->received - self->acked < IEC_WINDOW) {
            self->came_ms[self->received % IEC_WINDOW] = io->mono_ms;
        }
        self->received++;
        io->mark = self->received;
    }
    return FEP_OK;
}

//  When t2 of the first frame without acknowledgement ends, which has run since it came; 0: none of them is on disk,
//  and the end of t2 acknowledges nothing.
static int64_t s_ack_due (const iec_state_t *self, const codec_io_t *io)
{
    int64_t t2_ms = 1000 * (int64_t) profile_setting (io->profile, SETTING_t2_s);
    return self->durable != self->acked ? self->came_ms[self->acked % IEC_WINDOW] + t2_ms : 0;
}

//  Everything up to mark is on disk. Acknowledged after w frames, and at once when t2 has ended meanwhile or the
//  station is to stop; else when t2 ends.
void iec_link_durable (iec_state_t *self, uint32_t mark, codec_io_t *io)
{
    uint32_t ahead = mark - self->durable;
    if (ahead == 0 || ahead > self->received - self->durable) {
        return;
    }
    self->durable = mark;
    if (self->durable - self->acked >= profile_setting (io->profile, SETTING_w) ||
        s_ack_due (self, io) <= io->mono_ms || self->phase == PHASE_STOPPING || !s_known (io)) {
        s_put_s (self, io->send);
    }
}

//  ---- Time ----

//  Starts and stops as the connection should carry traffic or not.
static void s_tick_phase (iec_state_t *self, codec_io_t *io, int64_t t1_ms)
{
    bool start = self->phase == PHASE_STOPPED && !io->standby;
    bool stop = self->phase == PHASE_STARTED && io->standby;
    if (!start && !stop) {
        return;
    }
    if (stop) {
        s_put_s (self, io->send);
    }
    s_put_u (io->send, start ? STARTDT_ACT : STOPDT_ACT);
    self->phase = start ? PHASE_STARTING : PHASE_STOPPING;
    self->start_due_ms = io->mono_ms + t1_ms;
}

static int64_t s_earlier (int64_t one, int64_t other)
{
    return other && other < one ? other : one;
}

//  When the oldest of our I frames must be acknowledged; 0: there is none.
static int64_t s_sent_due (const iec_state_t *self, int64_t t1_ms)
{
    return s_outstanding (self) ? self->sent_ms[self->ack % IEC_WINDOW] + t1_ms : 0;
}

int64_t iec_link_tick (iec_state_t *self, codec_io_t *io)
{
    int64_t t1_ms = 1000 * (int64_t) profile_setting (io->profile, SETTING_t1_s);
    int64_t t3_ms = 1000 * (int64_t) profile_setting (io->profile, SETTING_t3_s);
    if (!self->begun) {
        self->begun = true;
        self->rx_ms = io->mono_ms;
    }
    int64_t due = s_earlier (INT64_MAX, self->start_due_ms);
    due = s_earlier (due, self->test_due_ms);
    due = s_earlier (due, s_sent_due (self, t1_ms));
    if (due <= io->mono_ms && !self->fault) {
        self->fault = FEP_TIMEOUT;
    }
    if (self->fault) {
        io->fault = self->fault;
        return INT64_MAX;
    }
    s_tick_phase (self, io, t1_ms);
    if (s_ack_due (self, io) <= io->mono_ms) {
        s_put_s (self, io->send);
    }
    if (!self->test_due_ms && self->rx_ms + t3_ms <= io->mono_ms) {
        s_put_u (io->send, TESTFR_ACT);
        self->test_due_ms = io->mono_ms + t1_ms;
    }
    due = s_earlier (due, self->start_due_ms);
    due = s_earlier (due, self->test_due_ms);
    due = s_earlier (due, s_ack_due (self, io));
    return self->test_due_ms ? due : s_earlier (due, self->rx_ms + t3_ms);
}
