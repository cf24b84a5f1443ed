//  Modbus TCP (MODBUS Messaging on TCP/IP Implementation Guide V1.0b, Modbus Application Protocol V1.1b3), master
//  side. High byte first; no checksum.
//
//      TT PP LL U F D..
//
//  T  transaction: an answer repeats its request's, so several may be in flight (profile setting in_flight)
//  P  protocol, 0     L  bytes behind it, 2..254     U  unit     F  function     D  what belongs to it
//
//  It carries modbus_rtu: U F D with a CRC behind is that codec's frame. wrap takes the CRC away and sets io->tag to
//  the transaction, decode gives back an answer's, and unwrap puts the CRC behind again. So all that is asked and read
//  is asked and read by modbus_rtu with a profile, as it is behind a transparent gateway.
//
//  Units 0 and 255 are the device itself; nothing is a broadcast, so every write is answered.
//
//  A device does not name itself; who it is says the session (io->address).
//
//  Not supported: registration and heartbeat packets in front of the first frame (they are skipped), Modbus UDP,
//  Modbus Security, a device as master. Functions are those of modbus_rtu; an answer of another is kept raw.
#include "codecs/codec.h"
#include "fep/crc.h"
#include "fep/modbus_pdu.h"
#include "fep/point.h"

enum { HEAD = 6, LENGTH_MIN = 2, FRAME_MAX = HEAD + MODBUS_PDU_MAX, CRC = 2 };

typedef struct {
    uint16_t transaction;  //  The last one; 0: none yet
} tcp_state_t;

//  --- Frames

static scan_t s_skip (fep_err_t reason)
{
    return (scan_t){SCAN_SKIP, 1, reason};
}

//  What of the head has come is looked at at once: what cannot be one is not waited for.
static fep_err_t s_check_head (bytes_t window, bool up)
{
    const uint8_t *p = window.data;
    for (size_t i = 2; i < window.size && i < 5; i++) {
        if (p[i]) {
            return i < 4 ? FEP_NOT_MINE : FEP_IMPLAUSIBLE;
        }
    }
    if (window.size >= HEAD && (p[5] < LENGTH_MIN || p[5] > MODBUS_PDU_MAX)) {
        return FEP_IMPLAUSIBLE;
    }
    if (window.size <= HEAD + 1) {
        return FEP_OK;
    }
    uint8_t function = p[HEAD + 1];
    bool refused = up && function & MODBUS_EXCEPTION;
    bool good = (function & 0x7F) && (!refused || p[5] == MODBUS_EXCEPTION_SIZE);
    return good ? FEP_OK : FEP_IMPLAUSIBLE;
}

static scan_t s_scan (const scan_context_t *context, bytes_t window)
{
    fep_err_t error = s_check_head (window, context->up);
    if (error) {
        return s_skip (error);
    }
    if (window.size < HEAD || window.size < (size_t) HEAD + window.data[5]) {
        return (scan_t){.what = SCAN_MORE};
    }
    return (scan_t){SCAN_FRAME, (size_t) HEAD + window.data[5], FEP_OK};
}

//  Unit and PDU of a whole frame.
static fep_err_t s_open (bytes_t frame, bool up, bytes_t *body)
{
    fep_err_t error = s_check_head (frame, up);
    if (error) {
        return error;
    }
    if (frame.size < HEAD || frame.size < (size_t) HEAD + frame.data[5]) {
        return FEP_TRUNCATED;
    }
    *body = bytes_of (frame.data + HEAD, frame.size - HEAD);
    return body->size == frame.data[5] ? FEP_OK : FEP_IMPLAUSIBLE;
}

//  Its fields. NOT_MINE: a function we do not know, but a frame; its PDU then has only unit and function.
static fep_err_t s_read (bytes_t body, bool up, modbus_pdu_t *pdu)
{
    size_t size;
    if (modbus_pdu_length (body, up, &size) == FEP_NOT_MINE) {
        bool refused = up && body.data[1] & MODBUS_EXCEPTION;
        memset (pdu, 0, sizeof *pdu);
        pdu->unit = body.data[0];
        pdu->function = refused ? body.data[1] & 0x7F : body.data[1];
        return FEP_NOT_MINE;
    }
    return modbus_pdu_read (body, up, pdu) ? FEP_IMPLAUSIBLE : FEP_OK;
}

static uint16_t s_transaction (bytes_t frame)
{
    return (uint16_t) (frame.data[0] << 8 | frame.data[1]);
}

//  --- Decode

//  "unit 255 function 127"
static void s_put_number (writer_t *out, const char *name, unsigned number)
{
    char digits[4] = {(char) ('0' + number / 100), (char) ('0' + number / 10 % 10),
                      (char) ('0' + number % 10), 0};
    size_t zeros = number >= 100 ? 0 : number >= 10 ? 1 : 2;
    writer_put (out, name, strlen (name));
    writer_put (out, digits + zeros, 3 - zeros);
}

static fep_err_t s_keep_raw (codec_io_t *io, bytes_t frame, const modbus_pdu_t *pdu)
{
    char text[40] = "";
    writer_t out = writer_of (text, sizeof text - 1);
    s_put_number (&out, "unit ", pdu->unit);
    s_put_number (&out, " function ", pdu->function);
    message_t *message = batch_message (io->batch, MESSAGE_EVENT);
    message->received_ms = io->wall_ms;
    message->address = batch_keep (io->batch, io->address);
    message->raw = batch_keep (io->batch, frame);
    batch_text (io->batch, POINT_EVENT_RAW, "function_unknown");
    batch_text (io->batch, POINT_EVENT_DETAIL, text);
    io->raw_units = 1;
    return io->batch->failed ? FEP_LIMIT : FEP_OK;
}

//  What an answer says is for the carried codec; here is said to which request it belongs.
static fep_err_t s_decode (void *self, bytes_t frame, codec_io_t *io)
{
    modbus_pdu_t pdu;
    bytes_t body;
    (void) self;
    io->mark = 0;
    io->tag = 0;
    io->answer = ANSWER_NONE;
    io->answer_code = 0;
    io->bye = false;
    io->raw_units = 0;
    fep_err_t error = s_open (frame, true, &body);
    if (error) {
        return error;
    }
    error = s_read (body, true, &pdu);
    io->tag = s_transaction (frame);
    if (error == FEP_NOT_MINE) {
        return s_keep_raw (io, frame, &pdu);
    }
    io->answer = error ? ANSWER_NONE : ANSWER_DONE;
    return error;
}

//  --- The other way

static fep_err_t s_encode (void *self, request_t *request, codec_io_t *io)
{
    (void) self;
    (void) request;
    (void) io;
    return FEP_UNSUPPORTED;
}

static fep_err_t s_wrap (void *self, bytes_t frame, codec_io_t *io)
{
    tcp_state_t *state = self;
    if (frame.size > MODBUS_PDU_MAX + CRC) {
        return FEP_LIMIT;
    }
    if (frame.size < LENGTH_MIN + CRC) {
        return FEP_TRUNCATED;
    }
    size_t size = frame.size - CRC;
    uint16_t transaction = (uint16_t) (state->transaction + 1);
    transaction = transaction ? transaction : 1;
    uint8_t *head = writer_room (io->send, HEAD + size);
    if (!head) {
        return FEP_FULL;
    }
    head[0] = (uint8_t) (transaction >> 8);
    head[1] = (uint8_t) transaction;
    memset (head + 2, 0, 3);
    head[5] = (uint8_t) size;
    memcpy (head + HEAD, frame.data, size);
    state->transaction = transaction;
    io->tag = transaction;
    return FEP_OK;
}

static fep_err_t s_unwrap (bytes_t frame, bool up, const codec_options_t *options, writer_t *line)
{
    bytes_t body;
    (void) options;
    fep_err_t error = s_open (frame, up, &body);
    if (error) {
        return error;
    }
    uint8_t *out = writer_room (line, body.size + CRC);
    if (!out) {
        return FEP_FULL;
    }
    uint16_t crc = crc_modbus (body);
    memcpy (out, body.data, body.size);
    out[body.size] = (uint8_t) crc;
    out[body.size + 1] = (uint8_t) (crc >> 8);
    return FEP_OK;
}

//  --- For people

static fep_err_t s_address (bytes_t frame, bool up, const codec_options_t *options,
                            char text[ADDRESS_MAX + 1])
{
    bytes_t body;
    (void) options;
    text[0] = 0;
    fep_err_t error = s_open (frame, up, &body);
    return error ? error : FEP_NOT_FOUND;
}

//  A function we do not know: its data as bytes.
static void s_explain_unknown (json_t *out, const modbus_pdu_t *pdu, bytes_t body, bool up)
{
    json_pair_int (out, "unit", pdu->unit);
    json_pair_int (out, "fc", pdu->function);
    if (up && body.data[1] & MODBUS_EXCEPTION) {
        json_pair_int (out, "exception", body.data[2]);
        json_pair_text (out, "exception_name", modbus_exception_name (body.data[2]));
    } else {
        json_pair_hex (out, "data", bytes_of (body.data + MODBUS_HEAD, body.size - MODBUS_HEAD));
    }
}

static fep_err_t s_explain (bytes_t frame, bool up, const codec_options_t *options, json_t *out)
{
    modbus_pdu_t pdu;
    bytes_t body;
    (void) options;
    fep_err_t error = s_open (frame, up, &body);
    if (error) {
        return error;
    }
    error = s_read (body, up, &pdu);
    if (error == FEP_IMPLAUSIBLE && !pdu.too_many) {
        return error;
    }
    json_object (out);
    json_pair_int (out, "transaction", s_transaction (frame));
    if (error == FEP_NOT_MINE) {
        s_explain_unknown (out, &pdu, body, up);
    } else {
        modbus_pdu_explain (&pdu, up, out);
    }
    json_object_end (out);
    return out->out->failed ? FEP_LIMIT : FEP_OK;
}

const codec_t codec_modbus_tcp = {.name = "modbus_tcp",
                                  .no_broadcast = true,
                                  .is_pipelined = true,
                                  .frame_max = FRAME_MAX,
                                  .state_size = sizeof (tcp_state_t),
                                  .scan = s_scan,
                                  .decode = s_decode,
                                  .encode = s_encode,
                                  .wrap = s_wrap,
                                  .unwrap = s_unwrap,
                                  .tick = NULL,
                                  .address = s_address,
                                  .code_text = modbus_exception_name,
                                  .explain = s_explain};
