//  What changes the world: frames given as bytes, the clock, writes, switching, freezes; and the frames' last step.
#include "codecs/dlt645/parts.h"
#include "fep/decimal.h"
#include "fep/point.h"

enum { EXPIRY_MS = 600000, CODE_SIZE = 4, SEALED_MAX = DLT_PASS_MAX };

#define POINT_CLOCK POINT (0, 0, 1, 0, 0)
#define DATE_DI 0x04000101u
#define TIME_DI 0x04000102u
#define OLD_DATE_DI 0xC010u
#define OLD_TIME_DI 0xC011u

//  Settings `seal`.
enum { SEAL_NONE, SEAL_PASSWORD, SEAL_ELSEWHERE };

fep_err_t dlt_target (const codec_io_t *io, uint8_t address[DLT_ADDRESS])
{
    bytes_t text = io->meter ? bytes_text (io->meter->address) : io->address;
    return dlt_address_parse (text, address);
}

fep_err_t dlt_send (codec_io_t *io, dlt_frame_t *frame)
{
    frame->preamble = (uint8_t) profile_setting (dlt_profile (io), SETTING_preamble);
    dlt_write (io->send, frame);
    return io->send->failed ? FEP_FULL : FEP_OK;
}

static void s_put (dlt_frame_t *frame, uint8_t byte)
{
    frame->data[frame->size++] = byte;
}

//  ss mm hh DD MM YY.
static void s_put_time (dlt_frame_t *frame, const codec_io_t *io, int64_t utc_ms)
{
    clock_civil_t civil;
    (void) zone_civil (io->options->zone, utc_ms, &civil);
    const int parts[] = {civil.second, civil.minute, civil.hour,
                         civil.day,    civil.month,  civil.year};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        s_put (frame, dlt_bcd (parts[i] % 100));
    }
}

//  Eight digits, low byte first.
static void s_put_digits (dlt_frame_t *frame, uint32_t number)
{
    for (size_t i = 0; i < CODE_SIZE; i++, number /= 100) {
        s_put (frame, dlt_bcd ((int) (number % 100)));
    }
}

//  PA P0 P1 P2: the level, then the digits, low byte first; zeros where nothing is given away. Then C0..C3, which
//  edition 1997 has not.
static void s_put_password (dlt_frame_t *frame, const profile_t *profile, bool old)
{
    uint32_t password = profile_setting (profile, SETTING_password);
    bool open = profile_setting (profile, SETTING_seal) == SEAL_PASSWORD;
    s_put (frame, dlt_bcd (open ? (int) (password / 1000000) : 0));
    for (size_t i = 0; i < 3; i++, password /= 100) {
        s_put (frame, dlt_bcd (open ? (int) (password % 100) : 0));
    }
    if (!old) {
        s_put_digits (frame, profile_setting (profile, SETTING_operator));
    }
}

//  With data sealed elsewhere they are replaced by what came back.
static fep_err_t s_seal (const codec_io_t *io, dlt_frame_t *frame)
{
    if (profile_setting (dlt_profile (io), SETTING_seal) != SEAL_ELSEWHERE) {
        return FEP_OK;
    }
    if (!io->seal) {
        return FEP_UNSUPPORTED;
    }
    if (io->sealed.size == 0) {
        writer_u8 (io->seal, frame->control);
        writer_put (io->seal, frame->address, DLT_ADDRESS);
        writer_put (io->seal, frame->data, frame->size);
        return io->seal->failed ? FEP_FULL : FEP_NEEDS_SEAL;
    }
    if (io->sealed.size > SEALED_MAX) {
        return FEP_RANGE;
    }
    memcpy (frame->data, io->sealed.data, io->sealed.size);
    frame->size = (uint8_t) io->sealed.size;
    return FEP_OK;
}

//  ---- One function per kind ----

//  `bytes`: C, then data.
static fep_err_t s_pass (const request_t *request, dlt_frame_t *frame)
{
    if (request->size < 1 || request->size > 1 + DLT_PASS_MAX ||
        request->bytes[0] & ~DLT_FUNCTION) {
        return FEP_RANGE;
    }
    frame->control = request->bytes[0];
    frame->size = (uint8_t) (request->size - 1);
    memcpy (frame->data, request->bytes + 1, frame->size);
    return FEP_OK;
}

//  Everybody on the line takes it.
static fep_err_t s_clock (const codec_io_t *io, dlt_frame_t *frame)
{
    memset (frame->address, DLT_ALL, DLT_ADDRESS);
    frame->control = DLT_TIME;
    s_put_time (frame, io, io->wall_ms);
    return FEP_OK;
}

//  Now.
static fep_err_t s_freeze (dlt_frame_t *frame)
{
    frame->control = DLT_FREEZE;
    for (size_t i = 0; i < 4; i++) {
        s_put (frame, 0x99);
    }
    return FEP_OK;
}

static fep_err_t s_switch (const request_t *request, const codec_io_t *io, uint8_t command,
                           dlt_frame_t *frame)
{
    int64_t until_ms = request->until_ms ? request->until_ms : io->wall_ms + EXPIRY_MS;
    if (dlt_is_broadcast (frame->address)) {
        return FEP_RANGE;
    }
    frame->control = DLT_CONTROL;
    s_put_password (frame, dlt_profile (io), false);
    s_put (frame, command);
    s_put (frame, 0);
    s_put_time (frame, io, until_ms);
    return s_seal (io, frame);
}

static fep_err_t s_operate (const request_t *request, const codec_io_t *io, dlt_frame_t *frame)
{
    static const uint8_t commands[OPERATION_COUNT] = {
        [OPERATION_TRIP] = 0x1A,    [OPERATION_PERMIT_CLOSE] = 0x1B, [OPERATION_CLOSE] = 0x1C,
        [OPERATION_ALARM] = 0x2A,   [OPERATION_ALARM_END] = 0x2B,    [OPERATION_KEEP] = 0x3A,
        [OPERATION_KEEP_END] = 0x3B};
    uint8_t command = request->operation < OPERATION_COUNT ? commands[request->operation] : 0;
    bool old = dlt_wants_old (dlt_profile (io));
    if (request->operation == OPERATION_FREEZE && !old) {
        return s_freeze (frame);
    }
    return command && !old ? s_switch (request, io, command, frame) : FEP_UNSUPPORTED;
}

//  ---- WRITE ----

//  A number as the field holds it. RANGE if it cannot.
static fep_err_t s_put_number (dlt_frame_t *frame, const dlt_field_t *field, const value_t *value)
{
    int64_t number;
    decimal_t decimal = {value->mantissa, value->exponent};
    if (value->kind != VALUE_DECIMAL || value->mantissa < 0 ||
        !decimal_whole (decimal, field->scale - field->places, &number)) {
        return FEP_RANGE;
    }
    for (size_t i = 0; i < field->size; i++, number /= 100) {
        s_put (frame, dlt_bcd ((int) (number % 100)));
    }
    return number ? FEP_RANGE : FEP_OK;
}

static void s_put_di (dlt_frame_t *frame, bool old, uint32_t di)
{
    for (size_t i = 0; i < dlt_di_size (old); i++) {
        s_put (frame, (uint8_t) (di >> 8 * i));
    }
}

//  Date, then time: the second frame is the second step. WW is 0 on Sunday.
static fep_err_t s_write_clock (const codec_io_t *io, bool old, bool time, const value_t *value,
                                dlt_frame_t *frame)
{
    clock_civil_t civil;
    if (value->kind != VALUE_DECIMAL || value->exponent != 0 || value->mantissa < 946684800 ||
        value->mantissa > 4102444799) {
        return FEP_RANGE;
    }
    (void) zone_civil (io->options->zone, value->mantissa * 1000, &civil);
    s_put_di (frame, old, time ? (old ? OLD_TIME_DI : TIME_DI) : (old ? OLD_DATE_DI : DATE_DI));
    s_put_password (frame, dlt_profile (io), old);
    const int date[] = {zone_weekday (civil.year, civil.month, civil.day), civil.day, civil.month,
                        civil.year % 100};
    const int clock[] = {civil.second, civil.minute, civil.hour};
    for (size_t i = 0; i < (time ? 3 : 4); i++) {
        s_put (frame, dlt_bcd (time ? clock[i] : date[i]));
    }
    return s_seal (io, frame);
}

static fep_err_t s_write_field (const request_t *request, size_t i, const codec_io_t *io, bool old,
                                dlt_frame_t *frame)
{
    uint8_t member;
    for (size_t r = 0; r < dlt_row_count; r++) {
        const dlt_row_t *row = &dlt_rows[r];
        if (row->old != old || !row->writable ||
            !dlt_row_brings (row, request->points[i], &member)) {
            continue;
        }
        s_put_di (frame, old, row->di);
        s_put_password (frame, dlt_profile (io), old);
        fep_err_t error = s_put_number (frame, &dlt_fields[row->first], &request->values[i]);
        return error ? error : s_seal (io, frame);
    }
    return FEP_UNSUPPORTED;
}

//  Step of a request to write: two frames for the clock, one for anything else. *last: none is left behind it.
static fep_err_t s_write (const request_t *request, const codec_io_t *io, dlt_frame_t *frame,
                          bool *last)
{
    bool old = dlt_wants_old (dlt_profile (io));
    uint32_t step = request->done;
    size_t i = 0;
    frame->control = old ? DLT_OLD_WRITE : DLT_WRITE;
    if (request->point_count == 0 || request->point_count > REQUEST_VALUES_MAX ||
        dlt_is_broadcast (frame->address)) {
        return FEP_RANGE;
    }
    for (; i < request->point_count; i++) {
        uint32_t frames = request->points[i] == POINT_CLOCK ? 2 : 1;
        if (step < frames) {
            break;
        }
        step -= frames;
    }
    if (i == request->point_count) {
        return FEP_NOT_FOUND;
    }
    bool clock = request->points[i] == POINT_CLOCK;
    *last = i + 1u == request->point_count && step + 1 == (clock ? 2u : 1u);
    return clock ? s_write_clock (io, old, step == 1, &request->values[i], frame)
                 : s_write_field (request, i, io, old, frame);
}

//  All frames of a request to write, before its first goes: nothing is half written because of what could be known.
static fep_err_t s_check_write (const request_t *request, const codec_io_t *io,
                                const dlt_frame_t *frame)
{
    uint8_t memory[sizeof frame->data + DLT_ADDRESS + 1];
    request_t step = *request;
    codec_io_t look = *io;
    fep_err_t error = FEP_OK;
    bool last = false;
    look.sealed = bytes_of (NULL, 0);
    for (step.done = 0; !error && !last; step.done++) {
        dlt_frame_t made = *frame;
        writer_t seal = writer_of (memory, sizeof memory);
        look.seal = io->seal ? &seal : NULL;
        error = s_write (&step, &look, &made, &last);
        error = error == FEP_NEEDS_SEAL ? FEP_OK : error;
    }
    return error;
}

//  The answer to a read passed through has further frames.
static void s_next (const dlt_state_t *state, const request_t *request, dlt_frame_t *frame)
{
    bool old = request->bytes[0] == DLT_OLD_READ || request->bytes[0] == DLT_OLD_NEXT;
    frame->control = old ? DLT_OLD_NEXT : DLT_NEXT;
    if (state->named) {
        memcpy (frame->address, state->address, DLT_ADDRESS);
    }
    s_put_di (frame, old, state->follow_di);
    if (!old) {
        s_put (frame, state->follow);
    }
}

static fep_err_t s_make (const request_t *request, const codec_io_t *io, dlt_frame_t *frame,
                         bool *last)
{
    fep_err_t error = FEP_OK;
    switch (request->kind) {
    case REQUEST_PASS:
        return s_pass (request, frame);
    case REQUEST_CLOCK:
        return s_clock (io, frame);
    case REQUEST_OPERATE:
        return s_operate (request, io, frame);
    case REQUEST_WRITE:
        error = request->done ? FEP_OK : s_check_write (request, io, frame);
        return error ? error : s_write (request, io, frame, last);
    default:
        return FEP_UNSUPPORTED;
    }
}

fep_err_t dlt_command (dlt_state_t *state, request_t *request, codec_io_t *io)
{
    dlt_frame_t frame = {.size = 0};
    bool last = true;
    bool next = request->kind == REQUEST_PASS && state->follow;
    fep_err_t error = dlt_target (io, frame.address);
    if (!error && next) {
        s_next (state, request, &frame);
    } else if (!error) {
        error = s_make (request, io, &frame, &last);
    }
    if (!error) {
        error = dlt_send (io, &frame);
    }
    if (error) {
        return error;
    }
    state->asked = DLT_ASKED_NOTHING;
    request->done++;
    request->finished = last;
    if (dlt_is_broadcast (frame.address) || frame.control == DLT_TIME) {
        io->answer = ANSWER_DONE;
    }
    return FEP_OK;
}
