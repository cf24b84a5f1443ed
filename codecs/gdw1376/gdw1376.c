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
//  Times are local to the terminal (io->options->zone). Meter protocols are carried by AFN 10 F1, forward.c.
//  Requests: plan.c (reads), commands.c (all others). PASS: AFN, then data units.
//
//  Habits of the terminal's profile: password and seal (P), time_tag (T), alarm_data, file_segment, file_kind; of the
//  meter's: port, baud, parity, frame_wait, byte_wait. How long P is says the listener (0, 2 or 16 bytes).
//
//  Events: what EC says of the counters is a reading of the terminal where it is news; behind the events of an 0E
//  stands a reading of which ones they were. READ_EVENTS asks for 15 with a frame.
//
//  Not supported, kept raw: data of private variants (protocol 3); answers of AFN 06, 08, 0B and of 10 but F1; Fn and
//  events whose layout is not in maps/gdw1376.map; parameters without points.
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
        gdw_context_t none = {0, 0, 0, io->options->zone};
        const uint8_t *p = reader_take (&in, CLOCK_SIZE);
        batch_item (io->batch, clock.point, gdw_value (&clock, p, &none));
    }
    memcpy (state->address, frame->address, GDW_ADDRESS);
    io->bye = fn == LOGOUT;
    s_confirm (io->send, frame->protocol, frame->address, frame->seq, frame->tp.data);
    return FEP_OK;
}

static void s_refuse (codec_io_t *io, uint8_t code)
{
    io->answer = ANSWER_REFUSED;
    io->answer_code = code;
}

//  What AFN 00 says of our request: F1 all confirmed, F2 all denied, F3 itemised, F4 security
//  error.
static void s_confirmed (const gdw_frame_t *frame, codec_io_t *io)
{
    reader_t in = reader_of (frame->body);
    gdw_unit_t unit = gdw_unit_read (&in);
    io->answer = unit.dt2 == 0 && unit.dt1 == 1 ? ANSWER_DONE : ANSWER_REFUSED;
    if (unit.dt2 != 0 || unit.dt1 != 4) {
        io->answer_code = unit.dt2 == 0 && unit.dt1 == 8 ? GDW_CODE_SECURITY : 0;
        return;
    }
    (void) reader_u8 (&in);
    io->answer = ANSWER_DONE;
    while (reader_left (&in) >= 5) {
        (void) gdw_unit_read (&in);
        uint8_t error = reader_u8 (&in);
        if (error && io->answer == ANSWER_DONE) {
            s_refuse (io, error);
        }
    }
}

//  The AFN of an answer is that of the request, or a confirmation. What a task brings (0B) comes as class 1 or 2.
static bool s_afn_fits (uint8_t asked, uint8_t afn)
{
    return afn == asked || afn == AFN_CONFIRM ||
           (asked == AFN_TASK && (afn == AFN_CURRENT || afn == AFN_HISTORY));
}

//  The tag of an answer repeats that of the request, or counts on with the frames of the answer.
static bool s_tag_fits (const gdw_state_t *state, const gdw_frame_t *frame)
{
    if (!state->tagged || frame->tp.size == 0) {
        return true;
    }
    uint8_t ahead = (uint8_t) (frame->tp.data[0] - state->asked_pfc);
    return ahead == 0 || ahead == ((state->asked_seq - state->asked_pfc) & 0x0F);
}

//  Answers match by AFN, SEQ, address, and the tag if they have one; what the terminal initiates is none.
static bool s_is_answer (const gdw_state_t *state, const gdw_frame_t *frame)
{
    return state->asking && !(frame->control & GDW_PRM) &&
           s_afn_fits (state->asked_afn, frame->afn) && (frame->seq & 0x0F) == state->asked_seq &&
           memcmp (frame->address, state->address, GDW_ADDRESS - 1) == 0 &&
           s_tag_fits (state, frame);
}

//  0F F1: the number of the segment that has come.
static void s_confirmed_segment (const gdw_state_t *state, const gdw_frame_t *frame, codec_io_t *io)
{
    reader_t in = reader_of (frame->body);
    (void) gdw_unit_read (&in);
    uint32_t number = reader_u32le (&in);
    io->answer = ANSWER_DONE;
    if (in.failed || number != state->segment) {
        s_refuse (io, GDW_CODE_SEGMENT);
    }
}

//  10 F1: the bytes are the meter codec's, by unwrap.
static void s_confirmed_carried (const gdw_frame_t *frame, codec_io_t *io)
{
    bytes_t carried;
    io->answer = ANSWER_DONE;
    if (!gdw_carried (frame->body, true, &carried)) {
        s_refuse (io, GDW_CODE_GARBLED);
    } else if (carried.size == 0) {
        s_refuse (io, GDW_CODE_SILENT);
    }
}

static void s_match (gdw_state_t *state, const gdw_frame_t *frame, codec_io_t *io)
{
    if (!s_is_answer (state, frame)) {
        return;
    }
    if (frame->afn == AFN_CONFIRM) {
        s_confirmed (frame, io);
    } else if (frame->afn == AFN_FILE && state->segment != GDW_NO_SEGMENT) {
        s_confirmed_segment (state, frame, io);
    } else if (state->carrying) {
        s_confirmed_carried (frame, io);
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

//  10: nothing if it is the answer to a carried request; else raw, with the reason why nobody reads it.
static void s_forwarded (const gdw_state_t *state, gdw_turn_t *turn)
{
    bytes_t carried;
    bool answer = s_is_answer (state, turn->frame);
    if (!answer) {
        s_keep_body (turn, "unsolicited_forward");
    } else if (!state->carrying) {
        s_keep_body (turn, "unsupported_afn");
    } else if (!gdw_carried (turn->frame->body, true, &carried)) {
        s_keep_body (turn, "forward_length");
    }
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
    case AFN_CONFIG:
        s_read_data (state, turn, gdw_visit_data);
        return FEP_OK;
    case AFN_QUERY:
        s_read_data (state, turn, gdw_visit_parameters);
        return FEP_OK;
    case AFN_FORWARD:
        s_forwarded (state, turn);
        return FEP_OK;
    case AFN_FILE:
        if (!s_is_answer (state, turn->frame)) {
            s_keep_body (turn, "unsolicited_file");
        } else if (state->segment == GDW_NO_SEGMENT) {
            s_keep_body (turn, "file");
        }
        return FEP_OK;
    case AFN_EVENTS:
        s_read_data (state, turn, gdw_visit_events);
        return FEP_OK;
    default:
        s_keep_body (turn, "unsupported_afn");
        return FEP_OK;
    }
}

static void s_remember_counters (gdw_state_t *state, const uint8_t *counters)
{
    state->counted = true;
    state->important = counters[0];
    state->ordinary = counters[1];
}

//  Counters of events: those behind the units are a reading where they are news; 0C F7 is one by itself.
static void s_count_events (gdw_state_t *state, gdw_turn_t *turn)
{
    static const uint8_t f7[] = {0, 0, 0x40, 0};
    const gdw_frame_t *frame = turn->frame;
    batch_t *batch = turn->io->batch;
    const uint8_t *ec = frame->ec.data;
    if (frame->afn == AFN_CURRENT && frame->body.size == sizeof f7 + GDW_EC &&
        memcmp (frame->body.data, f7, sizeof f7) == 0) {
        s_remember_counters (state, frame->body.data + sizeof f7);
    }
    if (!frame->ec.size ||
        (state->counted && state->important == ec[0] && state->ordinary == ec[1])) {
        return;
    }
    (void) gdw_message (turn, MESSAGE_READING, 0, false);
    batch_item (batch, POINT_EVENT_IMPORTANT, value_decimal (ec[0], 0, 0));
    batch_item (batch, POINT_EVENT_ORDINARY, value_decimal (ec[1], 0, 0));
    if (!batch->failed) {
        s_remember_counters (state, ec);
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
    if (!error) {
        s_count_events (state, &turn);
    }
    if (error || io->batch->failed) {
        return error ? error : FEP_LIMIT;
    }
    if (state->protocol == 0) {
        memcpy (state->address, frame.address, GDW_ADDRESS);
    }
    state->protocol = frame.protocol;
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

//  Codes below 252 are the terminal's: ERR of 00 F3; 0 is 00 F2.
static const char *s_code_text (uint8_t code)
{
    static const struct {
        uint8_t code;
        const char *text;
    } texts[] = {{0, "denied"},
                 {1, "other error"},
                 {2, "the meter's address is there already"},
                 {GDW_CODE_GARBLED, "the forwarded answer does not have its length"},
                 {GDW_CODE_SECURITY, "security error"},
                 {GDW_CODE_SEGMENT, "another segment of the file was confirmed"},
                 {GDW_CODE_SILENT, "the meter did not answer"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (texts[i].code == code) {
            return texts[i].text;
        }
    }
    return NULL;
}

static bool s_is_silence (uint8_t code)
{
    return code == GDW_CODE_SILENT;
}

const codec_t codec_gdw1376 = {.name = "gdw1376",
                               .is_checked = true,
                               .is_store = true,
                               .mps_max = REQUEST_MPS_MAX,
                               .frame_max = GDW_FRAME_MAX,
                               .state_size = sizeof (gdw_state_t),
                               .scan = gdw_scan,
                               .decode = s_decode,
                               .encode = gdw_encode,
                               .wrap = gdw_wrap,
                               .unwrap = gdw_unwrap,
                               .code_text = s_code_text,
                               .is_silence = s_is_silence,
                               .durable = s_durable,
                               .own = gdw_own,
                               .own_remove = gdw_own_remove,
                               .tick = NULL,
                               .address = s_address,
                               .explain = gdw_explain};
