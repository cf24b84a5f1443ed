//  Q/GDW 1376.1-2013 and Q/GDW 376.1-2009: acquisition terminals. Low byte first.
//
//      68 LL LL 68 C AAAAA F S DDTT.. .. [P..] [EE] [TTTTTT] K 16
//
//  L  length of C to T in bits 15..2, protocol in bits 1..0 (2: 376.1, 1: 130-2005)
//  C  direction, initiator, function   A  address: A1 2 BCD, A2 2, A3 master station and group
//  F  AFN                              S  SEQ: Tp, first, last, confirm, number
//  D  points, T  Fn, then their data   P  password (down), E  event counters (up), T  time tag
//  K  sum of C to T
//
//  Not supported, kept raw: data of private variants (protocol 3); data of AFN 01, 04..06, 08..0B,
//  0F and 10 upward; Fn and events whose layout is not in maps/gdw1376.map. Not supported: messages
//  to groups, sealing by PW.
#include "codecs/gdw1376/parts.h"

enum { CONFIRM_CONTROL = 0x0B, LOGIN = 1, LOGOUT = 2, HEARTBEAT = 3, CLOCK_SIZE = 6 };

static void s_confirm (writer_t *out, uint8_t protocol, const uint8_t *address, uint8_t seq,
                       const uint8_t *tp)
{
    uint8_t answer = (uint8_t) ((seq & (GDW_TPV | 0x0F)) | GDW_FIR | GDW_FIN);
    size_t mark = gdw_frame_open (out, protocol, CONFIRM_CONTROL, address, AFN_CONFIRM, answer);
    gdw_put_unit (out, 0, 1);
    if (seq & GDW_TPV) {
        writer_put (out, tp, GDW_TP);
    }
    gdw_frame_close (out, mark);
}

//  AFN 02. Login and logout carry no data, a heartbeat nothing or the terminal's clock.
static fep_err_t s_link (gdw_state_t *state, gdw_turn_t *turn)
{
    const gdw_frame_t *frame = turn->frame;
    codec_io_t *io = turn->io;
    reader_t in = reader_of (frame->body);
    gdw_unit_t unit = gdw_unit_read (&in);
    if (in.failed) {
        return FEP_TRUNCATED;
    }
    unsigned fn = unit.dt1 == 1 ? LOGIN : unit.dt1 == 2 ? LOGOUT : unit.dt1 == 4 ? HEARTBEAT : 0;
    if (unit.da1 || unit.da2 || unit.dt2 || fn == 0) {
        return FEP_UNSUPPORTED;
    }
    message_kind_t kind = fn == HEARTBEAT ? MESSAGE_HEARTBEAT : MESSAGE_LOGIN;
    (void) gdw_message (turn, kind, 0, true);
    if (fn != HEARTBEAT) {
        batch_item (io->batch, POINT_LINK_STATE, value_decimal (fn == LOGIN, 0, 0));
    } else if (reader_left (&in) == CLOCK_SIZE) {
        static const gdw_field_t clock = {
            "clock", POINT (0, 0, 1, 0, 0), 0, FIELD_TIME, CLOCK_SIZE, 0, REPEAT_ONCE, ROLE_VALUE};
        gdw_context_t none = {0, 0, 0};
        const uint8_t *p = reader_take (&in, CLOCK_SIZE);
        batch_item (io->batch, clock.point, gdw_value (&clock, p, &none));
    }
    memcpy (state->address, frame->address, GDW_ADDRESS);
    io->bye = fn == LOGOUT;
    s_confirm (io->send, frame->protocol, frame->address, frame->seq, frame->tp.data);
    return FEP_OK;
}

//  What AFN 00 says of our request: F1 all confirmed, F2 all denied, F3 itemised, F4 security
//  error.
static void s_confirmed (const gdw_frame_t *frame, codec_io_t *io)
{
    reader_t in = reader_of (frame->body);
    gdw_unit_t unit = gdw_unit_read (&in);
    io->answer = unit.dt2 == 0 && unit.dt1 == 1 ? ANSWER_DONE : ANSWER_REFUSED;
    if (unit.dt2 != 0 || unit.dt1 != 4) {
        return;
    }
    (void) reader_u8 (&in);
    io->answer = ANSWER_DONE;
    while (reader_left (&in) >= 5) {
        (void) gdw_unit_read (&in);
        uint8_t error = reader_u8 (&in);
        if (error && io->answer == ANSWER_DONE) {
            io->answer = ANSWER_REFUSED;
            io->answer_code = error;
        }
    }
}

//  Answers match by AFN, SEQ and address; what the terminal initiates is none.
static void s_match (gdw_state_t *state, const gdw_frame_t *frame, codec_io_t *io)
{
    if (!state->asking || frame->control & GDW_PRM ||
        (frame->afn != state->asked_afn && frame->afn != AFN_CONFIRM) ||
        (frame->seq & 0x0F) != state->asked_seq ||
        memcmp (frame->address, state->address, GDW_ADDRESS - 1) != 0) {
        return;
    }
    if (frame->afn == AFN_CONFIRM) {
        s_confirmed (frame, io);
    } else {
        io->answer = frame->seq & GDW_FIN ? ANSWER_DONE : ANSWER_PARTIAL;
    }
    state->asked_seq = (uint8_t) ((state->asked_seq + 1) & 0x0F);
    state->asking = io->answer == ANSWER_PARTIAL;
}

static void s_remember (gdw_state_t *state, const gdw_frame_t *frame, codec_io_t *io)
{
    uint32_t number = state->oldest + state->waiting++;
    gdw_pending_t *pending = &state->pending[number % GDW_PENDING_MAX];
    pending->protocol = frame->protocol;
    pending->seq = frame->seq;
    memcpy (pending->address, frame->address, GDW_ADDRESS);
    if (frame->tp.size) {
        memcpy (pending->tp, frame->tp.data, GDW_TP);
    }
    io->mark = (number & 0x7FFFFFFF) + 1;
}

static bool s_address_good (const uint8_t *address)
{
    uint16_t a2 = gdw_a2 (address);
    return a2 != 0 && a2 != 0xFFFF && (address[4] & 1) == 0;
}

//  The body as one raw message, named by its first point and Fn.
static void s_keep_body (gdw_turn_t *turn, const char *reason)
{
    reader_t in = reader_of (turn->frame->body);
    gdw_unit_t unit = gdw_unit_read (&in);
    gdw_place_t place = {0, 0, -1};
    if (!in.failed && gdw_unit_valid (&unit)) {
        int point = unit.da2 ? (unit.da2 - 1) * 8 + __builtin_ctz (unit.da1) + 1 : 0;
        place.pn = (uint16_t) point;
        place.fn = (uint16_t) (unit.dt2 * 8 + __builtin_ctz (unit.dt1) + 1);
    }
    gdw_keep_raw (turn, reason, &place, turn->frame->body);
}

//  Points or events. A frame that goes on with a unit cut at the end of the one before does not
//  begin with DA and DT, so it is kept raw: a unit is never read across frames.
static void s_read_data (gdw_state_t *state, gdw_turn_t *turn, gdw_visit_t *visit)
{
    const gdw_frame_t *frame = turn->frame;
    bool goes_on = state->cut && !(frame->seq & GDW_FIR) && frame->afn == state->cut_afn &&
                   (frame->seq & 0x0F) == state->cut_seq;
    if (goes_on) {
        s_keep_body (turn, "continued_unit");
    } else {
        gdw_walk (turn, visit);
    }
    state->cut = (turn->cut || goes_on) && !(frame->seq & GDW_FIN);
    state->cut_afn = frame->afn;
    state->cut_seq = (uint8_t) ((frame->seq + 1) & 0x0F);
}

static fep_err_t s_dispatch (gdw_state_t *state, gdw_turn_t *turn)
{
    uint8_t afn = turn->frame->afn;
    if (turn->frame->protocol == GDW_PRIVATE && afn != AFN_CONFIRM && afn != AFN_LINK) {
        s_keep_body (turn, "not_standard");
        return FEP_OK;
    }
    switch (afn) {
    case AFN_CONFIRM:
        return FEP_OK;
    case AFN_LINK:
        return s_link (state, turn);
    case AFN_CURRENT:
    case AFN_HISTORY:
        s_read_data (state, turn, gdw_visit_data);
        return FEP_OK;
    case AFN_EVENTS:
        s_read_data (state, turn, gdw_visit_events);
        return FEP_OK;
    default:
        s_keep_body (turn, "unsupported_afn");
        return FEP_OK;
    }
}

static fep_err_t s_decode (void *self, bytes_t bytes, codec_io_t *io)
{
    gdw_state_t *state = self;
    gdw_frame_t frame;
    io->mark = 0;
    io->answer = ANSWER_NONE;
    io->answer_code = 0;
    io->bye = false;
    io->raw_units = 0;
    fep_err_t error = gdw_frame_read (bytes, true, io->options, &frame);
    if (error) {
        return error;
    }
    if (!(frame.control & GDW_DIR)) {
        return FEP_NOT_MINE;
    }
    if (!s_address_good (frame.address)) {
        return FEP_IMPLAUSIBLE;
    }
    char text[GDW_ADDRESS_TEXT];
    gdw_address_text (frame.address, io->options->address_hex, text);
    if (io->address.size && !bytes_equal (io->address, bytes_text (text))) {
        return FEP_NOT_MINE;
    }
    bool confirm = frame.seq & GDW_CON && frame.afn != AFN_LINK && frame.afn != AFN_CONFIRM;
    if (confirm && state->waiting == GDW_PENDING_MAX) {
        return FEP_FULL;
    }
    gdw_turn_t turn = {&frame, bytes, io, batch_keep (io->batch, bytes_text (text)), false, false};
    error = s_dispatch (state, &turn);
    if (error || io->batch->failed) {
        return error ? error : FEP_LIMIT;
    }
    if (state->protocol == 0) {
        memcpy (state->address, frame.address, GDW_ADDRESS);
    }
    state->protocol = frame.protocol;
    if (frame.ec.size) {
        state->counted = true;
        state->important = frame.ec.data[0];
        state->ordinary = frame.ec.data[1];
    }
    s_match (state, &frame, io);
    if (confirm) {
        s_remember (state, &frame, io);
    }
    return FEP_OK;
}

static void s_durable (void *self, uint32_t mark, codec_io_t *io)
{
    gdw_state_t *state = self;
    uint32_t ahead = (mark - 1 - state->oldest) & 0x7FFFFFFF;
    if (mark == 0 || ahead >= state->waiting) {
        return;
    }
    for (uint32_t i = 0; i <= ahead; i++) {
        const gdw_pending_t *pending = &state->pending[state->oldest % GDW_PENDING_MAX];
        s_confirm (io->send, pending->protocol, pending->address, pending->seq, pending->tp);
        if (io->send->failed) {
            return;
        }
        state->oldest++;
        state->waiting--;
    }
}

static fep_err_t s_address (bytes_t bytes, bool up, const codec_options_t *options,
                            char text[ADDRESS_MAX + 1])
{
    gdw_frame_t frame;
    fep_err_t error = gdw_frame_read (bytes, up, options, &frame);
    if (!error) {
        gdw_address_text (frame.address, options->address_hex, text);
    }
    return error;
}

const codec_t codec_gdw1376 = {.name = "gdw1376",
                               .is_checked = true,
                               .frame_max = GDW_FRAME_MAX,
                               .state_size = sizeof (gdw_state_t),
                               .scan = gdw_scan,
                               .decode = s_decode,
                               .encode = gdw_encode,
                               .durable = s_durable,
                               .tick = NULL,
                               .address = s_address,
                               .explain = gdw_explain};
