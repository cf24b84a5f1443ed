//  A protocol of the tests' own, small enough to say what must happen byte by byte:
//    7E n type who seq payload... sum        n counts type to payload, 3..61; sum adds up the same bytes
//  Types from the terminal: L login (welcomed at once), H heartbeat, R report (2 bytes a value, confirmed when
//  durable, at most TOY_RING unconfirmed), U reading that wants no confirmation, D/P/N answer done/partial/
//  refused, B good-bye, X refused after it has written, Z nothing to say, E items for a ripe batch, G more
//  items than a batch holds. Ours: W welcome, C confirmation, Q request, K keep-alive.
#ifndef TESTS_ACTORS_TOY_H
#define TESTS_ACTORS_TOY_H

#include "tests/test.h"
#include "codecs/codec.h"
#include "fep/point.h"
#include <stdio.h>

#define TOY_START 0x7E
#define TOY_RING 4
#define TOY_FRAME_MAX 64
#define TOY_POINT POINT (1, 0, 1, 8, 0)
#define TOY_TICK_MS 700

typedef struct {
    uint8_t who;               //  Of the terminal
    uint8_t seq[TOY_RING];     //  To be confirmed, by number mod TOY_RING
    uint32_t oldest, waiting;  //  Numbers of those
    uint8_t asked;             //  Step of the request in flight
    bool asking;               //  A request is in flight
    int64_t alive_ms;          //  Next keep-alive
} toy_state_t;

//  Appends a frame.
static inline void toy_put (writer_t *out, char type, unsigned who, unsigned seq,
                            const void *payload, size_t size)
{
    uint8_t sum = (uint8_t) ((unsigned) type + who + seq);
    writer_u8 (out, TOY_START);
    writer_u8 (out, (uint8_t) (3 + size));
    writer_u8 (out, (uint8_t) type);
    writer_u8 (out, (uint8_t) who);
    writer_u8 (out, (uint8_t) seq);
    for (size_t i = 0; i < size; i++) {
        sum = (uint8_t) (sum + ((const uint8_t *) payload)[i]);
    }
    writer_put (out, payload, size);
    writer_u8 (out, sum);
}

static inline scan_t toy_scan (const scan_context_t *context, bytes_t window)
{
    (void) context;
    const uint8_t *start = memchr (window.data, TOY_START, window.size);
    if (start != window.data) {
        size_t size = start ? (size_t) (start - window.data) : window.size;
        return (scan_t){SCAN_SKIP, size, FEP_NOT_MINE};
    }
    if (window.size < 2) {
        return (scan_t){SCAN_MORE, 0, FEP_OK};
    }
    size_t n = window.data[1];
    if (n < 3 || n + 3 > TOY_FRAME_MAX) {
        return (scan_t){SCAN_SKIP, 1, FEP_IMPLAUSIBLE};
    }
    if (window.size < n + 3) {
        return (scan_t){SCAN_MORE, 0, FEP_OK};
    }
    uint8_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum = (uint8_t) (sum + window.data[2 + i]);
    }
    return sum == window.data[2 + n] ? (scan_t){SCAN_FRAME, n + 3, FEP_OK}
                                     : (scan_t){SCAN_SKIP, 1, FEP_CHECKSUM};
}

static inline void toy_message (codec_io_t *io, message_kind_t kind, bytes_t address, uint8_t seq)
{
    message_t *message = batch_message (io->batch, kind);
    message->address = address;
    message->received_ms = io->wall_ms;
    message->time_ms = kind == MESSAGE_READING ? 1000 + seq : 0;
}

static inline void toy_values (codec_io_t *io, bytes_t address, uint8_t seq, bytes_t payload)
{
    toy_message (io, MESSAGE_READING, address, seq);
    for (size_t i = 0; i + 1 < payload.size; i += 2) {
        int64_t value = payload.data[i] << 8 | payload.data[i + 1];
        batch_item (io->batch, TOY_POINT + (uint32_t) i / 2, value_decimal (value, -1, 0));
    }
}

static inline void toy_many (codec_io_t *io, bytes_t address, uint8_t seq, size_t count)
{
    toy_message (io, MESSAGE_READING, address, seq);
    for (size_t i = 0; i < count; i++) {
        batch_item (io->batch, TOY_POINT, value_decimal ((int64_t) i, 0, 0));
    }
}

static inline void toy_answer (toy_state_t *state, codec_io_t *io, char type, bytes_t payload)
{
    io->answer = type == 'D' ? ANSWER_DONE : type == 'P' ? ANSWER_PARTIAL : ANSWER_REFUSED;
    io->answer_code = type == 'N' && payload.size ? payload.data[0] : 0;
    state->asking = type == 'P';
}

static inline fep_err_t toy_report (toy_state_t *state, codec_io_t *io, bytes_t address,
                                    uint8_t seq, bytes_t payload)
{
    if (state->waiting == TOY_RING) {
        return FEP_FULL;
    }
    toy_values (io, address, seq, payload);
    uint32_t number = state->oldest + state->waiting++;
    state->seq[number % TOY_RING] = seq;
    io->mark = number + 1;
    return FEP_OK;
}

static inline fep_err_t toy_dispatch (toy_state_t *state, codec_io_t *io, bytes_t frame,
                                      bytes_t address)
{
    uint8_t seq = frame.data[4];
    bytes_t payload = bytes_of (frame.data + 5, frame.size - 6);
    switch (frame.data[2]) {
    case 'L':
        toy_message (io, MESSAGE_LOGIN, address, seq);
        toy_put (io->send, 'W', frame.data[3], seq, NULL, 0);
        return FEP_OK;
    case 'H':
        toy_message (io, MESSAGE_HEARTBEAT, address, seq);
        return FEP_OK;
    case 'R':
        return toy_report (state, io, address, seq, payload);
    case 'U':
        toy_values (io, address, seq, payload);
        return FEP_OK;
    case 'D':
    case 'P':
    case 'N':
        toy_answer (state, io, (char) frame.data[2], payload);
        return FEP_OK;
    case 'B':
        toy_put (io->send, 'C', frame.data[3], seq, NULL, 0);
        io->bye = true;
        return FEP_OK;
    case 'X':
        toy_values (io, address, seq, payload);
        toy_put (io->send, 'C', frame.data[3], seq, NULL, 0);
        return FEP_UNSUPPORTED;
    case 'E':
        toy_many (io, address, seq, BATCH_ITEMS_CLOSE);
        return FEP_OK;
    case 'G':
        toy_many (io, address, seq, BATCH_ITEMS_MAX + 1);
        return FEP_OK;
    default:
        return frame.data[2] == 'Z' ? FEP_OK : FEP_UNSUPPORTED;
    }
}

static inline fep_err_t toy_decode (void *self, bytes_t frame, codec_io_t *io)
{
    toy_state_t *state = self;
    char text[8];
    snprintf (text, sizeof text, "T%u", frame.data[3]);
    if (io->address.size && !bytes_equal (io->address, bytes_text (text))) {
        return FEP_NOT_MINE;
    }
    bytes_t address = batch_keep (io->batch, bytes_text (text));
    fep_err_t error = toy_dispatch (state, io, frame, address);
    if (error == FEP_OK) {
        state->who = frame.data[3];
    }
    return error;
}

//  One frame for each point of the request, in order: `done` is the step's number.
static inline fep_err_t toy_encode (void *self, request_t *request, codec_io_t *io)
{
    toy_state_t *state = self;
    if (request->kind != REQUEST_READ) {
        return FEP_UNSUPPORTED;
    }
    uint8_t step = (uint8_t) request->done;
    if (request->finished || step >= request->point_count) {
        return FEP_NOT_FOUND;
    }
    toy_put (io->send, 'Q', state->who, (unsigned) request->token, &step, 1);
    state->asking = true;
    request->done++;
    request->finished = request->done == request->point_count;
    return FEP_OK;
}

static inline void toy_durable (void *self, uint32_t mark, codec_io_t *io)
{
    toy_state_t *state = self;
    while (state->waiting && state->oldest < mark) {
        toy_put (io->send, 'C', state->who, state->seq[state->oldest % TOY_RING], NULL, 0);
        state->oldest++;
        state->waiting--;
    }
}

static inline int64_t toy_tick (void *self, codec_io_t *io)
{
    toy_state_t *state = self;
    if (state->alive_ms && state->alive_ms <= io->mono_ms) {
        toy_put (io->send, 'K', state->who, 0, NULL, 0);
    }
    if (state->alive_ms <= io->mono_ms) {
        state->alive_ms = io->mono_ms + TOY_TICK_MS;
    }
    return state->alive_ms;
}

static inline fep_err_t toy_explain (bytes_t frame, bool up, const codec_options_t *options,
                                     json_t *out)
{
    (void) frame;
    (void) up;
    (void) options;
    (void) out;
    return FEP_UNSUPPORTED;
}

static const codec_t toy_codec = {.name = "toy",
                                  .frame_max = TOY_FRAME_MAX,
                                  .state_size = sizeof (toy_state_t),
                                  .scan = toy_scan,
                                  .decode = toy_decode,
                                  .encode = toy_encode,
                                  .durable = toy_durable,
                                  .tick = NULL,
                                  .explain = toy_explain};

#endif
