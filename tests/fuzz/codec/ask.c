//  Requests made of bytes: encoded, sealed and carried on as a session does.
#include "fep/point.h"
#include "tests/fuzz/codec/harness.h"
#include <stdio.h>

enum { PROFILED = 0x8000 };  //  Bit of a number: a point of the profile

static const char *const s_meters[] = {"000000000017",
                                       "17",
                                       "",
                                       "999999999999",
                                       "AAAAAAAAAAAA",
                                       "12345678901234",
                                       "247",
                                       "0",
                                       "0102030405060708090A0B",
                                       "202311150001",
                                       "12X",
                                       "FFFFFFFFFFFFFFFFFFFFFFF"};

//  Any point of the dictionary, with any tariff of a family, or of the profile.
static uint32_t s_point (const profile_t *profile, uint16_t number)
{
    static size_t count;
    while (point_at (count)) {
        count++;
    }
    uint16_t index = number & 0x7FFF;
    if (profile && number & PROFILED && index & 1 && profile->count) {
        return profile->rows[index / 2 % profile->count].point;
    }
    if (profile && number & PROFILED && profile->object_count) {
        return profile->objects[index / 2 % profile->object_count].point;
    }
    const point_info_t *info = point_at (index % count);
    return info->point + (info->tariffs ? index / (uint32_t) count % (info->tariffs + 1u) : 0);
}

static value_t s_value (reader_t *in)
{
    uint8_t how = reader_u8 (in);
    int8_t exponent = (int8_t) (how >> 2 & 15) - 8;
    int64_t mantissa = (int32_t) reader_u32be (in);
    switch (how & 3) {
    case 0:
        return value_decimal (mantissa, exponent, 0);
    case 1:
        return (value_t){.real = (double) mantissa / 4.0, .kind = VALUE_FLOAT};
    case 2:
        return value_bits ((uint64_t) mantissa, 0);
    default:
        return value_decimal ((int64_t) ((uint64_t) mantissa << 32 | reader_u32be (in)), exponent,
                              0);
    }
}

//  Several measuring points, as many as the codec takes.
static void s_several (const fuzz_t *self, request_t *request, uint16_t count, unsigned step)
{
    bool reads = request->kind == REQUEST_READ || request->kind == REQUEST_READ_FROZEN;
    request->mp_count = reads ? (uint8_t) (count % (self->codec->mps_max + 1u)) : 0;
    for (unsigned i = 0; i < request->mp_count; i++) {
        request->mps[i] = (uint16_t) (request->mp + i * step);
    }
}

void fuzz_take_request (fuzz_t *self, reader_t *in)
{
    const profile_t *profile = self->codec->is_meter ? self->meter.profile : self->io.profile;
    request_t request = {.token = self->request.token + 1, .file = 1};
    request.kind = (request_kind_t) (reader_u8 (in) % (REQUEST_FILE + 1));
    request.mp = reader_u8 (in);
    request.freeze = reader_u8 (in) % FREEZE_COUNT;
    request.operation = reader_u8 (in) % (OPERATION_COUNT + 1);
    request.point_count = reader_u8 (in) % (REQUEST_VALUES_MAX + 1);
    uint8_t how = reader_u8 (in);
    uint16_t span = reader_u16le (in);
    request.to_ms = self->io.wall_ms - (int64_t) reader_u32le (in) * (how & 1 ? 1000 : 1);
    request.from_ms = request.to_ms - (int64_t) span * (how & 2 ? 3600000 : 60000);
    request.until_ms = how & 4 ? self->io.wall_ms + span * 1000 : 0;
    request.event_from = how & 8 ? span : 0;
    request.event_to = how & 16 ? (uint16_t) (span + 5) : 0;
    request.event_important = how & 32;
    request.done = how & 64 ? span % 8 : 0;
    if (how & 8) {
        s_several (self, &request, span, how & 16 ? 7 : 1);
    }
    for (size_t i = 0; i < request.point_count; i++) {
        request.points[i] = s_point (profile, reader_u16le (in));
        request.values[i] = s_value (in);
    }
    if (how & 128 && request.kind == REQUEST_READ) {
        request.point_count = REQUEST_POINTS_MAX;
        for (size_t i = 0; i < REQUEST_POINTS_MAX; i++) {
            request.points[i] = s_point (profile, (uint16_t) (span + i));
        }
    }
    size_t which = reader_u8 (in) % (sizeof s_meters / sizeof *s_meters);
    snprintf (request.meter, sizeof request.meter, "%s", s_meters[which]);
    memcpy (self->meter.address, request.meter, sizeof self->meter.address);
    self->meter.mp = request.mp;
    size_t size = reader_u8 (in);
    size = size < reader_left (in) ? size : reader_left (in);
    bytes_t bytes = reader_bytes (in, size);
    request.size = (uint16_t) bytes.size;
    memcpy (request.bytes, bytes.data ? bytes.data : self->flight, bytes.size);
    self->request = request;
}

//  Asks once more with what the seal made of it: what it should, or any bytes.
static fep_err_t s_sealed (fuzz_t *self, bytes_t asked, uint8_t how, reader_t *in)
{
    uint8_t memory[2048];
    size_t size = fuzz_seal (self, asked, memory);
    self->io.sealed = bytes_of (memory, size);
    if (how & 1) {
        self->plain = false;
        self->io.sealed = reader_bytes (in, reader_u8 (in) % 64);
    }
    fep_err_t error = self->codec->encode (self->state, &self->request, &self->io);
    FEP_ASSERT (error != FEP_NEEDS_SEAL || self->io.sealed.size == 0);
    self->io.sealed = bytes_of (NULL, 0);
    return error;
}

//  Nothing was changed by a request that wants a seal.
static void s_check_unchanged (const fuzz_t *self, const request_t *request, const uint8_t *state,
                               size_t sent)
{
    FEP_ASSERT (memcmp (state, self->state, self->codec->state_size) == 0);
    FEP_ASSERT (self->request.done == request->done &&
                self->request.finished == request->finished && self->send.size == sent);
}

static void s_fly (fuzz_t *self, size_t from)
{
    size_t size = self->send.size - from;
    FEP_ASSERT (!self->codec->is_meter || size <= sizeof self->flight);
    self->flight_size = size < sizeof self->flight ? size : sizeof self->flight;
    memcpy (self->flight, self->send.data + from, self->flight_size);
    bytes_t flight = bytes_of (self->flight, self->flight_size);
    FEP_ASSERT (!self->codec->mistakable || !self->codec->mistakable (flight, flight));
    self->asking = true;
}

void fuzz_ask (fuzz_t *self, uint8_t how, reader_t *in)
{
    uint8_t memory[1024];
    writer_t seal = writer_of (memory, sizeof memory);
    const request_t before = self->request;
    uint8_t *state = fuzz_copy (bytes_of (self->state, self->codec->state_size));
    size_t from = self->send.size;
    self->before = before.done;
    self->io.seal = how & 2 ? NULL : &seal;
    self->io.file = bytes_of (self->input, self->input_size);
    self->io.answer = ANSWER_NONE;
    self->io.meter = self->codec->is_meter || self->meter.address[0] ? &self->meter : NULL;
    self->plain = self->request.kind != REQUEST_PASS;
    fep_err_t error = self->codec->encode (self->state, &self->request, &self->io);
    if (error == FEP_NEEDS_SEAL) {
        FEP_ASSERT (self->io.seal && (seal.size || seal.failed));
        s_check_unchanged (self, &before, state, from);
        error = seal.failed ? error : s_sealed (self, writer_bytes (&seal), how, in);
    }
    free (state);
    self->io.seal = NULL;
    FEP_ASSERT (error < FEP_ERR_COUNT);
    if (error || self->send.failed || self->send.size == from) {
        FEP_ASSERT (error || self->send.failed || self->request.finished ||
                    self->io.answer == ANSWER_DONE);
        self->send.size = from;
        self->send.failed = false;
        self->asking = false;
        return;
    }
    s_fly (self, from);
}

void fuzz_ask_on (fuzz_t *self)
{
    bool again = self->io.answer == ANSWER_AGAIN;
    bool done = self->io.answer == ANSWER_DONE;
    if (!self->asking || self->io.answer == ANSWER_NONE || self->io.answer == ANSWER_PARTIAL) {
        return;
    }
    if (!again && (!done || self->request.finished)) {
        self->asking = false;
        self->flight_size = 0;
        return;
    }
    if (again) {
        self->request.done = self->before;
        self->request.finished = false;
    }
    reader_t none = reader_of (bytes_of (NULL, 0));
    fuzz_ask (self, 0, &none);
}
