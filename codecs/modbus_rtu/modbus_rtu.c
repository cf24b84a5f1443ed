//  Modbus RTU (Modbus Application Protocol V1.1b3, Modbus over Serial Line V1.02), master side. High
//  byte first; the CRC low byte first.
//
//      request   U F PP.. CC           answer   U F PP.. CC           exception   U F+80 X CC
//
//  U  unit: 1..247, 0 all (writes 5, 6, 15, 16 only, no answer); over TCP 0 and 255, the device itself
//  F  function   C  CRC-16 of U to P
//
//  F             request P                  answer P
//  01 02         AAAA QQQQ                  N, N bytes of bits, the lowest address in bit 0
//  03 04         AAAA QQQQ                  N, N/2 registers
//  05 06         AAAA VVVV                  the same
//  0F 10         AAAA QQQQ N, N bytes       AAAA QQQQ
//  11            nothing                    N, N bytes of what the device says of itself
//  16            AAAA MMMM MMMM (and, or)   the same
//  17            AAAA QQQQ AAAA QQQQ N, N   N, N/2 registers (the write comes first)
//
//  A meter's address is its unit, or UNIT:OFFSET where OFFSET is added to the profile's addresses: a device that shows
//  many circuits in equal blocks has one measuring point for each and one profile for all.
//
//  Lengths are predicted, never taken from pauses: a gateway splits and joins what the line sends. An
//  answer says neither which registers it brings nor to whom, so only the one that fits the request in
//  flight is taken, and its registers get their meaning from request and profile.
//
//  A block that the device refuses for its addresses or size (exceptions 2 and 3) is read again register
//  by register within the exchange; a register refused by itself is a value the device does not have.
//  Nothing of it is remembered for the next exchange: state ends with it. Such a profile wants a smaller
//  gap or a row less.
//
//  WRITE and OPERATE (of a point): points whose rows say write=1. What stands next to each other in the request and on
//  the device goes in one frame: 05 or 0F for coils, 06 or 10 for registers (setting write_many), 16 for some bits of a
//  register. A row with an sf is written after that was read. A value that does not fit exactly is refused.
//  PASS: function and data. SELECT: there is no such thing.
//
//  Not supported: functions 07, 08, 0B, 0C, 14, 15, 18 and 2B; Modbus ASCII. Modbus TCP carries this codec's frames
//  (codecs/modbus_tcp.c).
#include "codecs/modbus_rtu/parts.h"
#include "fep/point.h"

//  Rows refused one by one before the whole request counts as refused: it is not this profile's device.
enum { ABSENT_MAX = 8 };

enum { ILLEGAL_ADDRESS = 2, ILLEGAL_VALUE = 3 };

static scan_t s_skip (fep_err_t reason)
{
    return (scan_t){SCAN_SKIP, 1, reason};
}

//  Does a whole answer stand somewhere behind the head?
static bool s_answer_behind (bytes_t request, bytes_t window)
{
    size_t size;
    for (size_t i = 1; i < window.size; i++) {
        bytes_t rest = {window.data + i, window.size - i};
        if (modbus_match (request, rest, &size) == MATCH_YES &&
            modbus_crc_good (bytes_of (rest.data, size))) {
            return true;
        }
    }
    return false;
}

//  Nothing but the answer. It may come in pieces, however long the pauses; but once a packet has ended, an
//  answer that is whole behind what only begins like one is it.
static scan_t s_scan_answer (const scan_context_t *context, bytes_t window)
{
    size_t size = 0;
    modbus_match_t match = modbus_match (context->request, window, &size);
    if (match == MATCH_MORE && !(context->quiet && s_answer_behind (context->request, window))) {
        return (scan_t){SCAN_MORE, 0, FEP_OK};
    }
    if (match != MATCH_YES) {
        return s_skip (FEP_NOT_MINE);
    }
    return modbus_crc_good (bytes_of (window.data, size)) ? (scan_t){SCAN_FRAME, size, FEP_OK}
                                                          : s_skip (FEP_CHECKSUM);
}

static scan_t s_scan (const scan_context_t *context, bytes_t window)
{
    size_t size;
    if (window.size == 0) {
        return (scan_t){SCAN_MORE, 0, FEP_OK};
    }
    if (context->up && context->request.size) {
        return s_scan_answer (context, window);
    }
    fep_err_t error = modbus_length (window, context->up, &size);
    if (error) {
        return s_skip (error);
    }
    if (size == 0 || window.size < size) {
        return context->quiet ? s_skip (FEP_NOT_MINE) : (scan_t){SCAN_MORE, 0, FEP_OK};
    }
    return modbus_crc_good (bytes_of (window.data, size)) ? (scan_t){SCAN_FRAME, size, FEP_OK}
                                                          : s_skip (FEP_CHECKSUM);
}

//  ---- Decode ----

static void s_message (codec_io_t *io, message_kind_t kind, bytes_t frame)
{
    message_t *message = batch_message (io->batch, kind);
    message->received_ms = io->wall_ms;
    message->mp = io->meter ? io->meter->mp : 0;
    message->address = batch_keep (io->batch, io->address);
    message->raw = batch_keep (io->batch, frame);
}

//  What cannot be given a point is kept as it came.
static void s_keep_raw (codec_io_t *io, bytes_t frame, const char *reason)
{
    s_message (io, MESSAGE_EVENT, frame);
    batch_text (io->batch, POINT_EVENT_RAW, reason);
    io->raw_units++;
}

//  The function whose registers an answer brings.
static uint8_t s_function_read (const modbus_pdu_t *asked)
{
    return asked->shape == SHAPE_BOTH ? MODBUS_READ_HOLDING : asked->function;
}

//  A row's value from a block that begins at `start` and has its sf, if it has one.
static value_t s_value (const modbus_pdu_t *asked, const profile_row_t *row, const uint8_t *data,
                        uint32_t start)
{
    size_t at = row->address - start;
    if (asked->bits) {
        return modbus_value (row, data, at);
    }
    if (!row->has_sf) {
        return modbus_value (row, data + 2 * at, 0);
    }
    const uint8_t *sf = data + 2 * (row->sf - start);
    int16_t factor = (int16_t) (sf[0] << 8 | sf[1]);
    profile_row_t scaled = *row;
    absent_t absent;
    if (!modbus_factor_good (factor, &absent)) {
        return value_none (absent, 0);
    }
    scaled.exponent = (int8_t) (scaled.exponent + factor);
    return modbus_value (&scaled, data + 2 * at, 0);
}

//  One reading with every row that lies whole in the block. data NULL: the device has none of them. False if
//  there is no such row.
static bool s_put_rows (codec_io_t *io, const modbus_pdu_t *asked, const uint8_t *data,
                        bytes_t frame)
{
    const profile_t *profile = io->meter->profile;
    modbus_place_t place = {0};
    bool any = false;
    if (modbus_place (io->meter, &place) != FEP_OK || asked->start < place.offset) {
        return false;
    }
    uint32_t start = (uint32_t) asked->start - place.offset;
    uint32_t end = start + asked->quantity;
    for (size_t i = 0; i < profile->count; i++) {
        const profile_row_t *row = &profile->rows[i];
        if (row->function != s_function_read (asked) || profile_row_from (row) < start ||
            profile_row_end (row) > end) {
            continue;
        }
        if (!any) {
            s_message (io, MESSAGE_READING, frame);
            any = true;
        }
        value_t value = data ? s_value (asked, row, data, start) : value_none (ABSENT_DEVICE, 0);
        batch_item (io->batch, row->point, value);
    }
    return any;
}

static bool s_has_profile (const codec_io_t *io)
{
    return io->meter && io->meter->profile;
}

//  The device says no. A block of several rows is tried once more row by row; a row of several that is refused
//  by itself is not there.
static void s_refused (modbus_state_t *state, const modbus_pdu_t *asked, uint8_t code,
                       bytes_t frame, codec_io_t *io)
{
    io->answer = ANSWER_REFUSED;
    io->answer_code = code;
    bool place = code == ILLEGAL_ADDRESS || code == ILLEGAL_VALUE;
    if (!place || !state->asked || !s_has_profile (io)) {
        return;
    }
    if (state->merged) {
        state->single_to = state->to;
        io->answer = ANSWER_AGAIN;
    } else if (!state->whole && state->absent < ABSENT_MAX) {
        state->absent++;
        (void) s_put_rows (io, asked, NULL, frame);
        io->answer = ANSWER_DONE;
    }
}

static void s_answer (modbus_state_t *state, const modbus_pdu_t *asked, const modbus_pdu_t *pdu,
                      bytes_t frame, codec_io_t *io)
{
    bool read = asked->shape == SHAPE_READ || asked->shape == SHAPE_BOTH;
    if (pdu->exception) {
        s_refused (state, asked, pdu->exception, frame, io);
        return;
    }
    io->answer = ANSWER_DONE;
    if (state->factor_asked && read && pdu->data.size == 2) {
        state->factor = (int16_t) (pdu->data.data[0] << 8 | pdu->data.data[1]);
        state->factor_asked = false;
        return;
    }
    if (asked->shape == SHAPE_ID) {
        s_keep_raw (io, frame, "server_id");
        return;
    }
    if (!read) {
        return;
    }
    if (!s_has_profile (io)) {
        s_keep_raw (io, frame, "no_profile");
    } else if (!s_put_rows (io, asked, pdu->data.data, frame)) {
        s_keep_raw (io, frame, "not_in_profile");
    }
}

static fep_err_t s_decode (void *self, bytes_t frame, codec_io_t *io)
{
    modbus_state_t *state = self;
    modbus_pdu_t pdu, asked;
    size_t size;
    io->mark = 0;
    io->answer = ANSWER_NONE;
    io->answer_code = 0;
    io->bye = false;
    io->raw_units = 0;
    fep_err_t error = modbus_read (frame, true, &pdu);
    if (error) {
        return error;
    }
    if (io->request.size == 0) {
        s_keep_raw (io, frame, "no_request");
        return io->batch->failed ? FEP_LIMIT : FEP_OK;
    }
    if (modbus_match (io->request, frame, &size) != MATCH_YES || size != frame.size ||
        modbus_read (io->request, false, &asked) != FEP_OK) {
        return FEP_NOT_MINE;
    }
    modbus_state_t before = *state;
    s_answer (state, &asked, &pdu, frame, io);
    if (io->batch->failed) {
        *state = before;
        return FEP_LIMIT;
    }
    return FEP_OK;
}

//  ---- The rest of the contract ----

//  Answers name unit and function only, exceptions not even a length.
static bool s_mistakable (bytes_t before, bytes_t next)
{
    modbus_pdu_t a, b;
    return modbus_read (before, false, &a) == FEP_OK && modbus_read (next, false, &b) == FEP_OK &&
           a.unit == b.unit && a.unit != 0 && a.function == b.function &&
           !bytes_equal (before, next);
}

static fep_err_t s_address (bytes_t frame, bool up, const codec_options_t *options,
                            char text[ADDRESS_MAX + 1])
{
    modbus_pdu_t pdu;
    (void) options;
    fep_err_t error = modbus_read (frame, up, &pdu);
    if (!error) {
        unsigned unit = pdu.unit;
        char *p = text;
        if (unit >= 100) {
            *p++ = (char) ('0' + unit / 100);
        }
        if (unit >= 10) {
            *p++ = (char) ('0' + unit / 10 % 10);
        }
        *p++ = (char) ('0' + unit % 10);
        *p = 0;
    }
    return error;
}

//  What a gateway says in the meter's place.
static bool s_is_silence (uint8_t code)
{
    return code == MODBUS_TARGET_SILENT;
}

const codec_t codec_modbus_rtu = {.name = MODBUS_NAME,
                                  .is_meter = true,
                                  .frame_max = MODBUS_FRAME_MAX,
                                  .state_size = sizeof (modbus_state_t),
                                  .scan = s_scan,
                                  .decode = s_decode,
                                  .encode = modbus_encode,
                                  .wrap = NULL,
                                  .mistakable = s_mistakable,
                                  .tick = NULL,
                                  .address = s_address,
                                  .code_text = modbus_exception_name,
                                  .is_silence = s_is_silence,
                                  .explain = modbus_explain};
