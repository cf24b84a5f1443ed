//  A gateway and a meter protocol of the tests' own, small enough to say what must happen byte by byte.
//    gateway  R d  registration of terminal "Td"      H  heartbeat
//    meter    Q unit block sum    a request           A unit value sum    its answer (does not name the block!)
//             E unit code sum     refused             B 0 block sum       broadcast, not answered
//  sum adds up the three bytes before it. A request of n points asks blocks 0..n-1.
#ifndef TESTS_ACTORS_TOY_LINE_H
#define TESTS_ACTORS_TOY_LINE_H

#include "tests/test.h"
#include "codecs/codec.h"
#include "fep/point.h"
#include <stdio.h>
#include <stdlib.h>

#define LINE_FRAME 4
#define LINE_POINT POINT (1, 0, 1, 8, 0)

typedef struct {
    bool registered;  //  LOGIN was made
} gateway_state_t;

typedef struct {
    uint8_t asked;  //  Frames of this exchange
} toy_meter_state_t;

static inline void line_put (writer_t *out, char type, unsigned unit, unsigned what)
{
    writer_u8 (out, (uint8_t) type);
    writer_u8 (out, (uint8_t) unit);
    writer_u8 (out, (uint8_t) what);
    writer_u8 (out, (uint8_t) ((unsigned) type + unit + what));
}

static inline scan_t gateway_scan (const scan_context_t *context, bytes_t window)
{
    if (context->line.what == SCAN_FRAME) {
        return (scan_t){SCAN_LINE, context->line.size, FEP_OK};
    }
    if (context->line.what == SCAN_MORE || window.size == 0) {
        return (scan_t){SCAN_MORE, 0, FEP_OK};
    }
    if (window.data[0] == 'H') {
        return (scan_t){SCAN_FRAME, 1, FEP_OK};
    }
    if (window.data[0] == 'R' && window.size < 2 && !context->quiet) {
        return (scan_t){SCAN_MORE, 0, FEP_OK};
    }
    return window.data[0] == 'R' && window.size >= 2 ? (scan_t){SCAN_FRAME, 2, FEP_OK}
                                                     : (scan_t){SCAN_SKIP, 1, FEP_NOT_MINE};
}

static inline fep_err_t gateway_decode (void *self, bytes_t frame, codec_io_t *io)
{
    gateway_state_t *state = self;
    char text[3] = {'T', frame.size > 1 ? (char) frame.data[1] : '?', 0};
    bool beat = frame.data[0] == 'H';
    if (beat ? !io->address.size
             : io->address.size && !bytes_equal (io->address, bytes_text (text))) {
        return FEP_NOT_MINE;
    }
    if (beat || !state->registered) {
        message_t *message = batch_message (io->batch, beat ? MESSAGE_HEARTBEAT : MESSAGE_LOGIN);
        message->received_ms = io->wall_ms;
        message->address = beat ? io->address : batch_keep (io->batch, bytes_text (text));
    }
    state->registered = true;
    return FEP_OK;
}

static inline fep_err_t gateway_encode (void *self, request_t *request, codec_io_t *io)
{
    (void) self;
    (void) request;
    (void) io;
    return FEP_UNSUPPORTED;
}

static inline fep_err_t gateway_wrap (void *self, bytes_t frame, codec_io_t *io)
{
    (void) self;
    writer_put (io->send, frame.data, frame.size);
    return FEP_OK;
}

static inline void gateway_durable (void *self, uint32_t mark, codec_io_t *io)
{
    (void) self;
    (void) mark;
    (void) io;
}

static inline scan_t meter_scan (const scan_context_t *context, bytes_t window)
{
    scan_t skip = {SCAN_SKIP, 1, FEP_NOT_MINE};
    char type = window.size ? (char) window.data[0] : 0;
    if (window.size == 0) {
        return (scan_t){SCAN_MORE, 0, FEP_OK};
    }
    if (type != 'A' && type != 'E') {
        return skip;
    }
    if (context->request.size && window.size > 1 && window.data[1] != context->request.data[1]) {
        return skip;
    }
    if (window.size < LINE_FRAME) {
        return (scan_t){SCAN_MORE, 0, FEP_OK};
    }
    uint8_t sum = (uint8_t) (window.data[0] + window.data[1] + window.data[2]);
    return sum == window.data[3] ? (scan_t){SCAN_FRAME, LINE_FRAME, FEP_OK}
                                 : (scan_t){SCAN_SKIP, 1, FEP_CHECKSUM};
}

static inline fep_err_t meter_decode (void *self, bytes_t frame, codec_io_t *io)
{
    (void) self;
    assert_non_null (io->meter);
    assert_int_equal (io->request.size, LINE_FRAME);
    assert_int_equal (io->request.data[1], atoi (io->meter->address));
    if (frame.data[0] == 'E') {
        io->answer = ANSWER_REFUSED;
        io->answer_code = frame.data[2];
        return FEP_OK;
    }
    message_t *message = batch_message (io->batch, MESSAGE_READING);
    message->received_ms = io->wall_ms;
    message->address = io->address;
    message->mp = io->meter->mp;
    batch_item (io->batch, LINE_POINT + io->request.data[2], value_decimal (frame.data[2], 0, 0));
    io->answer = ANSWER_DONE;
    return FEP_OK;
}

static inline fep_err_t meter_encode (void *self, request_t *request, codec_io_t *io)
{
    toy_meter_state_t *state = self;
    unsigned unit = (unsigned) atoi (io->meter->address);
    if (unit > 99) {
        return FEP_RANGE;
    }
    //  Zeroed before each exchange: what was asked before is this exchange's own.
    assert_int_equal (state->asked, request->done);
    line_put (io->send, unit ? 'Q' : 'B', unit, request->done);
    state->asked++;
    request->done++;
    request->finished = request->done >= request->point_count;
    io->answer = unit ? ANSWER_NONE : ANSWER_DONE;
    return FEP_OK;
}

static inline bool meter_mistakable (bytes_t before, bytes_t next)
{
    return before.data[1] == next.data[1] && before.data[2] != next.data[2];
}

static inline fep_err_t line_explain (bytes_t frame, bool up, const codec_options_t *options,
                                      json_t *out)
{
    (void) frame;
    (void) up;
    (void) options;
    (void) out;
    return FEP_UNSUPPORTED;
}

static const codec_t line_gateway = {.name = "gateway",
                                     .frame_max = 64,
                                     .state_size = sizeof (gateway_state_t),
                                     .scan = gateway_scan,
                                     .decode = gateway_decode,
                                     .encode = gateway_encode,
                                     .wrap = gateway_wrap,
                                     .durable = gateway_durable,
                                     .explain = line_explain};

static const codec_t line_meter = {.name = "meter",
                                   .is_meter = true,
                                   .frame_max = LINE_FRAME,
                                   .state_size = sizeof (toy_meter_state_t),
                                   .scan = meter_scan,
                                   .decode = meter_decode,
                                   .encode = meter_encode,
                                   .mistakable = meter_mistakable,
                                   .durable = gateway_durable,
                                   .explain = line_explain};

#endif
