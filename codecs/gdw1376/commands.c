//  What changes the world: AFN 01, 04, 05 and 0F, and units given as bytes.
//
//  OPERATE   trip        05 F1    mp is the output, 1..8; at once and for ever
//            permit_close 05 F2   likewise
//            keep        05 F25   mp 0; for ever               keep_end    05 F33
//            alarm       05 F26   mp 0; setting alarm_data     alarm_end   05 F34
//            reset       01 F1    mp 0
//  CLOCK     05 F31 with io->wall_ms
//  WRITE     04 with every Fn whose fields are all given; a part of one cannot be written
//  FILE      0F F1, one segment of setting file_segment bytes a frame; `done` counts segments
//  PASS      AFN, then DA, DT and data as often as wanted; head, password and tail are the codec's
//
//  `meter` of a request that no meter protocol carries may name a group: "group:" and its A2, decimal, 65535 all
//  terminals. Nobody answers then; other texts are a meter's address, which is not needed. What is limited in another
//  way than above (a trip for two hours) goes as PASS.
#include "codecs/gdw1376/parts.h"
#include "fep/decimal.h"

enum { OUTPUT_MAX = 8, PASS_MIN = 5, SEGMENTS_MAX = 0xFFFF };

//  --- OPERATE

typedef struct {
    uint8_t operation;  //  operation_t
    uint8_t afn;
    uint8_t fn;
    uint8_t size;  //  Zeros behind DA and DT
    bool output;   //  Of an output; else of the terminal
} operate_t;

static const operate_t s_operations[] = {
    {OPERATION_TRIP, AFN_CONTROL, 1, 1, true},    {OPERATION_PERMIT_CLOSE, AFN_CONTROL, 2, 0, true},
    {OPERATION_KEEP, AFN_CONTROL, 25, 1, false},  {OPERATION_KEEP_END, AFN_CONTROL, 33, 0, false},
    {OPERATION_ALARM, AFN_CONTROL, 26, 0, false}, {OPERATION_ALARM_END, AFN_CONTROL, 34, 0, false},
    {OPERATION_RESET, AFN_RESET, 1, 0, false}};

static void s_put_zeros (writer_t *out, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        writer_u8 (out, 0);
    }
}

static fep_err_t s_operate (const request_t *request, const codec_io_t *io, gdw_ask_t *ask)
{
    for (size_t i = 0; i < sizeof s_operations / sizeof *s_operations; i++) {
        const operate_t *row = &s_operations[i];
        if (row->operation != request->operation) {
            continue;
        }
        bool good = row->output ? request->mp >= 1 && request->mp <= OUTPUT_MAX : request->mp == 0;
        if (!good) {
            return FEP_RANGE;
        }
        bool alarm = row->operation == OPERATION_ALARM;
        ask->afn = row->afn;
        gdw_put_unit (&ask->units, request->mp, row->fn);
        s_put_zeros (&ask->units,
                     alarm ? profile_setting (io->profile, SETTING_alarm_data) : row->size);
        return FEP_OK;
    }
    return FEP_UNSUPPORTED;
}

//  --- CLOCK

static uint8_t s_bcd (int two)
{
    return (uint8_t) (two / 10 % 10 << 4 | two % 10);
}

void gdw_put_time (writer_t *out, const clock_civil_t *civil)
{
    enum { SUNDAY = 7 };
    int weekday = zone_weekday (civil->year, civil->month, civil->day);
    writer_u8 (out, s_bcd (civil->second));
    writer_u8 (out, s_bcd (civil->minute));
    writer_u8 (out, s_bcd (civil->hour));
    writer_u8 (out, s_bcd (civil->day));
    writer_u8 (out, (uint8_t) ((weekday ? weekday : SUNDAY) << 5 | s_bcd (civil->month)));
    writer_u8 (out, s_bcd (civil->year));
}

static fep_err_t s_clock (const request_t *request, const codec_io_t *io, gdw_ask_t *ask)
{
    enum { CLOCK_FN = 31 };
    writer_t *out = &ask->units;
    clock_civil_t civil;
    if (request->mp != 0) {
        return FEP_UNSUPPORTED;
    }
    (void) zone_civil (io->options->zone, io->wall_ms, &civil);
    ask->afn = AFN_CONTROL;
    gdw_put_unit (out, 0, CLOCK_FN);
    gdw_put_time (out, &civil);
    return FEP_OK;
}

//  --- WRITE

//  The number a value is, in units of 10^exponent. False if it is none, or not exactly.
static bool s_scale (const value_t *value, int exponent, int64_t *number)
{
    bool bits = value->kind == VALUE_BITS;
    decimal_t decimal = {value->mantissa, bits ? 0 : value->exponent};
    return (bits || value->kind == VALUE_DECIMAL) && decimal_whole (decimal, exponent, number);
}

static fep_err_t s_put_digits (writer_t *out, size_t size, bool sign, int64_t number)
{
    bool minus = number < 0;
    uint64_t left = minus ? -(uint64_t) number : (uint64_t) number;
    uint8_t *p = writer_room (out, size);
    if (!p || (minus && !sign)) {
        return p ? FEP_RANGE : FEP_LIMIT;
    }
    for (size_t i = 0; i < size; i++) {
        p[i] = s_bcd ((int) (left % 100));
        left /= 100;
    }
    if (left || (sign && p[size - 1] & 0x80)) {
        return FEP_RANGE;
    }
    p[size - 1] |= minus ? 0x80 : 0;
    return FEP_OK;
}

static fep_err_t s_put_number (writer_t *out, size_t size, int64_t number)
{
    if (size < 8 && (number < 0 || number >> 8 * size)) {
        return FEP_RANGE;
    }
    for (size_t i = 0; i < size; i++) {
        writer_u8 (out, (uint8_t) ((uint64_t) number >> 8 * i));
    }
    return FEP_OK;
}

static fep_err_t s_put_value (writer_t *out, const gdw_field_t *field, const value_t *value)
{
    int64_t number;
    bool digits = field->kind == FIELD_BCD || field->kind == FIELD_SIGNED;
    if (!digits && field->kind != FIELD_BIN && field->kind != FIELD_BITS) {
        return FEP_UNSUPPORTED;
    }
    if (!s_scale (value, digits ? field->exponent : 0, &number)) {
        return FEP_RANGE;
    }
    return digits ? s_put_digits (out, field->size, field->kind == FIELD_SIGNED, number)
                  : s_put_number (out, field->size, number);
}

//  Which of the request's points a field is; point_count if none.
static size_t s_given (const request_t *request, const gdw_field_t *field)
{
    size_t i = 0;
    while (i < request->point_count && request->points[i] != field->point) {
        i++;
    }
    return i;
}

//  Bits of the points that are all the fields of a layout; 0 if one is missing.
static uint32_t s_filled (const request_t *request, const gdw_layout_t *layout)
{
    uint32_t mask = 0;
    bool meter = layout->subject != SUBJECT_TERMINAL;
    bool fits = gdw_class (layout->afn) == gdw_class (AFN_SET) && meter == (request->mp != 0);
    for (size_t i = 0; fits && i < layout->count; i++) {
        size_t at = s_given (request, &gdw_fields[layout->first + i]);
        fits = at < request->point_count;
        mask |= fits ? 1u << at : 0;
    }
    return fits ? mask : 0;
}

static fep_err_t s_write (const request_t *request, const codec_io_t *io, gdw_ask_t *ask)
{
    (void) io;
    if (request->point_count == 0 || request->point_count > REQUEST_VALUES_MAX) {
        return FEP_RANGE;
    }
    uint32_t missing = (1u << request->point_count) - 1;
    ask->afn = AFN_SET;
    for (size_t i = 0; i < gdw_layout_count; i++) {
        const gdw_layout_t *layout = &gdw_layouts[i];
        uint32_t mask = s_filled (request, layout);
        missing &= ~mask;
        if (mask) {
            gdw_put_unit (&ask->units, request->mp, layout->fn);
        }
        for (size_t n = 0; mask && n < layout->count; n++) {
            const gdw_field_t *field = &gdw_fields[layout->first + n];
            fep_err_t error =
                s_put_value (&ask->units, field, &request->values[s_given (request, field)]);
            if (error) {
                return error;
            }
        }
    }
    return missing ? FEP_UNSUPPORTED : FEP_OK;
}

//  --- FILE

//  0F F1: what it is, first and middle 0 or last 1, sent by frames 0, segments, number, length, bytes.
static fep_err_t s_file (const request_t *request, const codec_io_t *io, gdw_ask_t *ask)
{
    size_t most = profile_setting (io->profile, SETTING_file_segment);
    uint64_t segments = (io->file.size + most - 1) / most;
    writer_t *out = &ask->units;
    if (segments == 0 || segments > SEGMENTS_MAX) {
        return segments ? FEP_LIMIT : FEP_RANGE;
    }
    if (request->done >= segments) {
        return FEP_NOT_FOUND;
    }
    size_t from = request->done * most;
    size_t size = io->file.size - from < most ? io->file.size - from : most;
    ask->afn = AFN_FILE;
    ask->segment = request->done;
    ask->done = request->done + 1;
    ask->finished = ask->done == segments;
    gdw_put_unit (out, 0, 1);
    writer_u8 (out, (uint8_t) profile_setting (io->profile, SETTING_file_kind));
    writer_u8 (out, ask->finished);
    writer_u8 (out, 0);
    writer_u16le (out, (uint16_t) segments);
    writer_u32le (out, request->done);
    writer_u16le (out, (uint16_t) size);
    writer_put (out, io->file.data + from, size);
    return FEP_OK;
}

//  --- PASS

//  Confirmations and the link have no answers, so they are not asked.
static fep_err_t s_pass (const request_t *request, const codec_io_t *io, gdw_ask_t *ask)
{
    (void) io;
    if (request->size < PASS_MIN || request->size > REQUEST_PASS_MAX) {
        return FEP_RANGE;
    }
    ask->afn = request->bytes[0];
    writer_put (&ask->units, request->bytes + 1, request->size - 1u);
    return ask->afn == AFN_CONFIRM || ask->afn == AFN_LINK ? FEP_UNSUPPORTED : FEP_OK;
}

fep_err_t gdw_ask_command (const request_t *request, const codec_io_t *io, gdw_ask_t *ask)
{
    static fep_err_t (*const makers[]) (const request_t *, const codec_io_t *, gdw_ask_t *) = {
        [REQUEST_PASS] = s_pass,       [REQUEST_CLOCK] = s_clock, [REQUEST_WRITE] = s_write,
        [REQUEST_OPERATE] = s_operate, [REQUEST_FILE] = s_file,   [REQUEST_OWN] = gdw_ask_own};
    size_t kind = request->kind;
    ask->done = 1;
    ask->finished = true;
    return kind < sizeof makers / sizeof *makers && makers[kind] ? makers[kind](request, io, ask)
                                                                 : FEP_UNSUPPORTED;
}
