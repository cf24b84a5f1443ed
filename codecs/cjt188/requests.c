//  Requests into frames. One exchange a frame; `done` counts those written.
#include "codecs/cjt188/parts.h"
#include "codecs/cjt188/value.h"
#include "fep/crc.h"
#include "fep/point.h"

enum { DI_READING = 0x901F, DI_CLOCK = 0xA015, DI_VALVE = 0xA017 };
enum { DI_MONTHS_2004 = 0xD120, DI_MONTHS_2018 = 0xD200, VALVE_OPEN = 0x55, VALVE_CLOSE = 0x99 };
enum { UNIT_KWH = 0x05, UNIT_GJ = 0x11, UNIT_M3 = 0x2C };

//  One frame to be written.
typedef struct {
    uint8_t function;  //  C
    uint16_t di;
    uint8_t body[CJT_DATA_MAX];  //  Behind identifier and SER
    writer_t out;                //  Over body
} ask_t;

const profile_t *cjt_profile (const codec_io_t *io)
{
    bool own = !io->meter ||
               (!io->meter->profile && bytes_equal (io->address, bytes_text (io->meter->address)));
    return own ? io->profile : io->meter->profile;
}

cjt_habit_t cjt_habit (const profile_t *profile)
{
    cjt_habit_t self = {.type = (uint8_t) profile_setting (profile, SETTING_meter_type),
                        .preamble = (uint8_t) profile_setting (profile, SETTING_preamble),
                        .edition_2018 = profile_setting (profile, SETTING_edition) >= 2018,
                        .big = profile_setting (profile, SETTING_di_high_first) != 0,
                        .ser_first = profile_setting (profile, SETTING_ser_first) != 0,
                        .address_high = profile_setting (profile, SETTING_address_high_first) != 0,
                        .status_high = profile_setting (profile, SETTING_status_high) != 0,
                        .first_cooling = profile_setting (profile, SETTING_first_cooling) != 0};
    uint8_t class = cjt_class (self.type);
    self.classes = class ? class : CJT_ANY;
    return self;
}

//  ---- Frames ----

static void s_put_frame (writer_t *out, const cjt_habit_t *habit, const uint8_t *address,
                         uint8_t control, bytes_t head, bytes_t body)
{
    for (size_t i = 0; i < habit->preamble; i++) {
        writer_u8 (out, CJT_WAKE);
    }
    size_t from = out->size;
    writer_u8 (out, CJT_START);
    writer_u8 (out, habit->type);
    writer_put (out, address, CJT_ADDRESS_SIZE);
    writer_u8 (out, control);
    writer_u8 (out, (uint8_t) (head.size + body.size));
    writer_put (out, head.data, head.size);
    writer_put (out, body.data, body.size);
    if (!out->failed) {
        writer_u8 (out, crc_sum8 (bytes_of (out->data + from, out->size - from)));
        writer_u8 (out, CJT_END);
    }
}

//  Where SER begins: requests of one terminal follow each other by their tokens, whichever bits of them count.
static uint8_t s_first_ser (uint64_t token)
{
    unsigned sum = 0;
    for (; token; token >>= 8) {
        sum += token & 0xFF;
    }
    return (uint8_t) sum;
}

static fep_err_t s_send (cjt_state_t *state, const request_t *request, codec_io_t *io,
                         const cjt_habit_t *habit, const uint8_t *address, const ask_t *ask)
{
    size_t before = io->send->size;
    uint8_t ser = state->begun ? state->ser : s_first_ser (request->token);
    uint8_t high = (uint8_t) (ask->di >> 8), low = (uint8_t) ask->di;
    uint8_t head[CJT_DATA_HEAD];
    uint8_t *di = head + habit->ser_first;
    head[habit->ser_first ? 0 : 2] = ser;
    di[0] = habit->big ? high : low;
    di[1] = habit->big ? low : high;
    s_put_frame (io->send, habit, address, ask->function, bytes_of (head, sizeof head),
                 writer_bytes (&ask->out));
    if (io->send->failed) {
        io->send->size = before;
        return FEP_FULL;
    }
    state->begun = true;
    state->ser = (uint8_t) (ser + 1);
    return FEP_OK;
}

//  ---- READ ----

static bool s_row_has (const cjt_row_t *row, const cjt_habit_t *habit, uint32_t point)
{
    for (size_t i = 0; row->classes & habit->classes && i < row->count; i++) {
        if (cjt_field_is (&cjt_fields[row->first + i], habit->classes, habit->first_cooling,
                          point)) {
            return true;
        }
    }
    return false;
}

static bool s_is_read (const cjt_row_t *row)
{
    return row->freeze == FREEZE_NONE &&
           (row->function == CJT_READ || row->function == CJT_READ_ADDRESS ||
            row->function == CJT_READ_KEY);
}

//  The first row that brings the point; cjt_read_count: none does.
static size_t s_row_of (const cjt_habit_t *habit, uint32_t point)
{
    size_t i = 0;
    while (i < cjt_read_count &&
           (!s_is_read (&cjt_reads[i]) || !s_row_has (&cjt_reads[i], habit, point))) {
        i++;
    }
    return i;
}

typedef struct {
    const uint32_t *points;
    size_t count;
} wanted_t;

static wanted_t s_wanted (const request_t *request, const codec_io_t *io)
{
    const profile_t *profile = cjt_profile (io);
    if (request->point_count || !profile) {
        return (wanted_t){request->points, request->point_count};
    }
    return (wanted_t){profile->points, profile->point_count};
}

//  The n-th row to be asked for the points, in the map's order. NULL: there are not so many.
static const cjt_row_t *s_nth (const wanted_t *wanted, const cjt_habit_t *habit, uint32_t n)
{
    for (size_t i = 0; i < cjt_read_count; i++) {
        bool hit = false;
        for (size_t k = 0; k < wanted->count && !hit; k++) {
            hit = s_row_of (habit, wanted->points[k]) == i;
        }
        if (hit && n-- == 0) {
            return &cjt_reads[i];
        }
    }
    return NULL;
}

static fep_err_t s_read (request_t *request, const codec_io_t *io, const cjt_habit_t *habit,
                         ask_t *ask)
{
    wanted_t wanted = s_wanted (request, io);
    ask->function = CJT_READ;
    ask->di = DI_READING;
    if (wanted.count == 0) {
        request->finished = true;
        return FEP_OK;
    }
    for (size_t i = 0; i < wanted.count; i++) {
        if (s_row_of (habit, wanted.points[i]) == cjt_read_count) {
            return FEP_UNSUPPORTED;
        }
    }
    const cjt_row_t *row = s_nth (&wanted, habit, request->done);
    if (!row) {
        return FEP_NOT_FOUND;
    }
    ask->function = row->function;
    ask->di = row->di;
    request->finished = !s_nth (&wanted, habit, request->done + 1);
    return FEP_OK;
}

//  ---- READ_FROZEN ----

//  Row of the month history, by its first identifier.
static bool s_month_has (const cjt_habit_t *habit, uint16_t di, uint32_t point)
{
    for (size_t i = 0; i < cjt_read_count; i++) {
        const cjt_row_t *row = &cjt_reads[i];
        if (row->di == di && s_row_has (row, habit, point)) {
            return true;
        }
    }
    return false;
}

//  The oldest month wanted first. Which month runs is settled by the first frame.
static fep_err_t s_frozen (cjt_state_t *state, request_t *request, const codec_io_t *io,
                           const cjt_habit_t *habit, ask_t *ask)
{
    uint16_t di = habit->edition_2018 ? DI_MONTHS_2018 : DI_MONTHS_2004;
    int32_t most = habit->edition_2018 ? 256 : 12;
    const zone_t *zone = io->options->zone;
    int32_t oldest = -1, newest = -1;
    if (request->freeze != FREEZE_MONTH) {
        return FEP_UNSUPPORTED;
    }
    for (size_t i = 0; i < request->point_count; i++) {
        if (!s_month_has (habit, di, request->points[i])) {
            return FEP_UNSUPPORTED;
        }
    }
    if (request->done == 0 || !state->month) {
        state->month = cjt_month_of (zone, io->wall_ms);
    }
    for (int32_t back = 0; back < most; back++) {
        int64_t at;
        if (cjt_month_start (zone, state->month - back, &at) && at >= request->from_ms &&
            at <= request->to_ms) {
            newest = newest < 0 ? back : newest;
            oldest = back;
        }
    }
    if (newest < 0 || request->done > (uint32_t) (oldest - newest)) {
        return FEP_RANGE;
    }
    ask->function = CJT_READ;
    ask->di = (uint16_t) (di + oldest - (int32_t) request->done);
    request->finished = oldest - (int32_t) request->done == newest;
    return FEP_OK;
}

//  ---- What changes the meter ----

static const value_t *s_given (const request_t *request, const cjt_field_t *field,
                               const cjt_habit_t *habit, uint32_t *point)
{
    for (size_t i = 0; i < request->point_count && i < REQUEST_VALUES_MAX; i++) {
        if (cjt_field_is (field, habit->classes, habit->first_cooling, request->points[i])) {
            *point = request->points[i];
            return &request->values[i];
        }
    }
    return NULL;
}

//  Is anything of the row to be written? *whole: all of it.
static bool s_touches (const request_t *request, const cjt_row_t *row, const cjt_habit_t *habit,
                       bool *whole)
{
    size_t given = 0;
    uint32_t point;
    for (size_t i = 0; i < row->count; i++) {
        given += s_given (request, &cjt_fields[row->first + i], habit, &point) != NULL;
    }
    *whole = given == row->count;
    return given > 0;
}

static uint8_t s_unit_of (const cjt_field_t *field, const cjt_habit_t *habit, uint32_t point)
{
    for (size_t i = 0; i < cjt_point_count; i++) {
        const cjt_point_t *row = &cjt_points[i];
        if (row->role == field->role && row->class & habit->classes && row->point == point) {
            return row->dimension == CJT_VOLUME  ? UNIT_M3
                   : row->dimension == CJT_JOULE ? UNIT_GJ
                                                 : UNIT_KWH;
        }
    }
    return UNIT_M3;
}

static fep_err_t s_put_field (const request_t *request, const cjt_field_t *field,
                              const cjt_habit_t *habit, writer_t *out)
{
    uint32_t point = 0;
    cjt_field_t digits = *field;
    const value_t *value = s_given (request, field, habit, &point);
    size_t from = out->size;
    if (field->kind == CJT_ADDRESS) {
        digits.kind = CJT_NUMBER;
    }
    fep_err_t error = cjt_put_number (&digits, value, out);
    if (!error && field->kind == CJT_QUANTITY) {
        writer_u8 (out, s_unit_of (field, habit, point));
    }
    for (size_t i = 0; !error && field->kind == CJT_ADDRESS && habit->address_high && i < 3; i++) {
        uint8_t low = out->data[from + i];
        out->data[from + i] = out->data[from + CJT_ADDRESS_SIZE - 1 - i];
        out->data[from + CJT_ADDRESS_SIZE - 1 - i] = low;
    }
    return error;
}

static fep_err_t s_put_row (const request_t *request, const cjt_row_t *row,
                            const cjt_habit_t *habit, writer_t *out)
{
    fep_err_t error = FEP_OK;
    for (size_t i = 0; !error && i < row->count; i++) {
        error = s_put_field (request, &cjt_fields[row->first + i], habit, out);
    }
    return error;
}

//  A frame a row. A row is written whole, and every point must be of one. Before the first frame goes all are made:
//  nothing is half written because of what could be known.
static fep_err_t s_write (request_t *request, const cjt_habit_t *habit, ask_t *ask)
{
    const cjt_row_t *row = NULL;
    size_t rows = 0, fields = 0;
    if (request->point_count == 0 || request->point_count > REQUEST_VALUES_MAX) {
        return FEP_RANGE;
    }
    for (size_t i = 0; i < cjt_write_count; i++) {
        bool whole;
        if (s_touches (request, &cjt_writes[i], habit, &whole)) {
            if (!whole) {
                return FEP_UNSUPPORTED;
            }
            uint8_t memory[CJT_DATA_MAX];
            writer_t scratch = writer_of (memory, sizeof memory);
            fep_err_t error =
                request->done ? FEP_OK : s_put_row (request, &cjt_writes[i], habit, &scratch);
            if (error) {
                return error;
            }
            row = rows == request->done ? &cjt_writes[i] : row;
            fields += cjt_writes[i].count;
            rows++;
        }
    }
    if (!row || fields != request->point_count) {
        return FEP_UNSUPPORTED;
    }
    ask->function = row->function;
    ask->di = row->di;
    fep_err_t error = s_put_row (request, row, habit, &ask->out);
    request->finished = !error && request->done + 1 == rows;
    return error;
}

static fep_err_t s_operate (request_t *request, ask_t *ask)
{
    if (request->operation != OPERATION_VALVE_OPEN && request->operation != OPERATION_VALVE_CLOSE) {
        return FEP_UNSUPPORTED;
    }
    ask->function = CJT_WRITE;
    ask->di = DI_VALVE;
    writer_u8 (&ask->out, request->operation == OPERATION_VALVE_OPEN ? VALVE_OPEN : VALVE_CLOSE);
    request->finished = true;
    return FEP_OK;
}

static fep_err_t s_clock (request_t *request, const codec_io_t *io, ask_t *ask)
{
    ask->function = CJT_WRITE;
    ask->di = DI_CLOCK;
    cjt_put_time (io->options->zone, io->wall_ms, &ask->out);
    request->finished = true;
    return FEP_OK;
}

//  The caller's C and data.
static fep_err_t s_pass (request_t *request, codec_io_t *io, const cjt_habit_t *habit,
                         const uint8_t *address)
{
    size_t before = io->send->size;
    if (request->size == 0 || request->size > REQUEST_PASS_MAX) {
        return FEP_RANGE;
    }
    bytes_t data = {request->bytes + 1, request->size - 1u};
    s_put_frame (io->send, habit, address, request->bytes[0], data, bytes_of (NULL, 0));
    if (io->send->failed) {
        io->send->size = before;
        return FEP_FULL;
    }
    request->done = 1;
    request->finished = true;
    return FEP_OK;
}

//  ---- Whom ----

//  Anybody may be read, on a line with one meter; everybody is told, and does not answer.
static fep_err_t s_whom (const request_t *request, const codec_io_t *io, const cjt_habit_t *habit,
                         uint8_t *address, bool *everybody)
{
    bytes_t text = bytes_text (io->meter->address);
    bool pass = request->kind == REQUEST_PASS;
    if (!cjt_address_wire ((const char *) text.data, text.size, habit->address_high, address)) {
        return FEP_RANGE;
    }
    *everybody = bytes_equal (text, bytes_text (CJT_EVERYBODY));
    bool anybody = memchr (address, CJT_ANYBODY, CJT_ADDRESS_SIZE) != NULL;
    bool reads = request->kind == REQUEST_READ || request->kind == REQUEST_READ_FROZEN;
    bool wrong = (*everybody && request->kind != REQUEST_CLOCK) || (anybody && !reads);
    return wrong && !pass ? FEP_RANGE : FEP_OK;
}

static fep_err_t s_ask (cjt_state_t *state, request_t *request, const codec_io_t *io,
                        const cjt_habit_t *habit, ask_t *ask)
{
    switch (request->kind) {
    case REQUEST_READ:
        return s_read (request, io, habit, ask);
    case REQUEST_READ_FROZEN:
        return s_frozen (state, request, io, habit, ask);
    case REQUEST_WRITE:
        return s_write (request, habit, ask);
    case REQUEST_OPERATE:
        return s_operate (request, ask);
    case REQUEST_CLOCK:
        return s_clock (request, io, ask);
    default:
        return FEP_UNSUPPORTED;
    }
}

fep_err_t cjt_encode (void *self, request_t *request, codec_io_t *io)
{
    cjt_state_t *state = self;
    cjt_state_t next = *state;
    request_t asked = *request;
    uint8_t address[CJT_ADDRESS_SIZE];
    bool everybody;
    ask_t ask = {.function = 0};
    if (request->finished || !io->meter) {
        return FEP_NOT_FOUND;
    }
    cjt_habit_t habit = cjt_habit (cjt_profile (io));
    fep_err_t error = s_whom (request, io, &habit, address, &everybody);
    next.month = request->kind == REQUEST_READ_FROZEN ? next.month : 0;
    ask.out = writer_of (ask.body, sizeof ask.body - CJT_DATA_HEAD);
    if (!error && request->kind == REQUEST_PASS) {
        error = s_pass (&asked, io, &habit, address);
    } else if (!error) {
        error = s_ask (&next, &asked, io, &habit, &ask);
        asked.done = request->done + 1;
        error = error ? error : s_send (&next, request, io, &habit, address, &ask);
    }
    if (error) {
        return error;
    }
    *state = next;
    *request = asked;
    io->answer = everybody ? ANSWER_DONE : ANSWER_NONE;
    return FEP_OK;
}
