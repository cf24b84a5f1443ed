//  Answers and reports into messages.
#include "codecs/cjt188/parts.h"
#include "fep/text.h"
#include "codecs/cjt188/value.h"
#include "fep/point.h"

//  A frame being turned into messages.
typedef struct {
    codec_io_t *io;
    bytes_t frame;       //  All of it
    cjt_frame_t fields;  //  Of it
    cjt_head_t head;     //  Of its data
    cjt_habit_t habit;
    const cjt_row_t *row;  //  Of the map
    uint8_t class;         //  Of the meter
    char address[ADDRESS_MAX + 1];
    bool answers;        //  A request
    int64_t time_ms;     //  Of the items
    message_t *message;  //  The reading, once it has an item
} reading_t;

static message_t *s_message (const reading_t *self, message_kind_t kind)
{
    codec_io_t *io = self->io;
    message_t *message = batch_message (io->batch, kind);
    message->received_ms = io->wall_ms;
    message->mp = io->meter ? io->meter->mp : 0;
    message->address =
        batch_keep (io->batch, io->address.size ? io->address : bytes_text (self->address));
    message->raw = batch_keep (io->batch, self->frame);
    return message;
}

//  What could not be understood, with what it is about.
static void s_keep_raw (const reading_t *self, const char *reason, const cjt_field_t *field)
{
    text_t detail = {"", 0};
    (void) s_message (self, MESSAGE_EVENT);
    batch_text (self->io->batch, POINT_EVENT_RAW, reason);
    text_byte (&detail, "t=", self->fields.type);
    text_byte (&detail, " c=", self->fields.control);
    if (self->head.there) {
        text_byte (&detail, " di=", (uint8_t) (self->head.di >> 8));
        text_byte (&detail, "", (uint8_t) self->head.di);
    }
    text_byte (&detail, " l=", (uint8_t) self->fields.data.size);
    if (field) {
        text_put (&detail, " field=");
        text_put (&detail, field->name);
    }
    batch_text (self->io->batch, POINT_EVENT_DETAIL, detail.text);
    self->io->raw_units++;
}

//  ---- Items ----

//  The reading begins with its first item.
static void s_begin (reading_t *self)
{
    if (!self->message) {
        self->message = s_message (self, MESSAGE_READING);
        self->message->freeze = self->row->freeze;
        self->message->time_ms = self->time_ms;
    }
}

static void s_item (reading_t *self, uint32_t point, value_t value)
{
    s_begin (self);
    batch_item (self->io->batch, point, value);
}

static uint32_t s_quantity_point (const reading_t *self, const cjt_field_t *field, const uint8_t *p,
                                  const cjt_unit_t **unit)
{
    *unit = cjt_unit (p[field->size - 1]);
    return *unit
               ? cjt_point (field->role, self->class, (*unit)->dimension, self->habit.first_cooling)
               : 0;
}

static void s_quantity (reading_t *self, const cjt_field_t *field, const uint8_t *p)
{
    const cjt_unit_t *unit;
    uint32_t point = s_quantity_point (self, field, p, &unit);
    if (point) {
        value_t value = cjt_number (field, p);
        if (value.kind == VALUE_DECIMAL) {
            value.exponent = (int8_t) (value.exponent + unit->exponent);
        }
        s_item (self, point, value);
    }
}

//  All zero: the meter has no clock.
static void s_clock (reading_t *self, const cjt_field_t *field, const uint8_t *p)
{
    static const uint8_t zero[CJT_TIME_SIZE] = {0};
    int64_t utc_ms;
    value_t value =
        value_none (memcmp (p, zero, sizeof zero) == 0 ? ABSENT_DEVICE : ABSENT_UNREADABLE, 0);
    if (cjt_time (p, self->io->options->zone, &utc_ms)) {
        value = value_decimal (utc_ms / 1000, 0, 0);
    }
    s_item (self, field->point, value);
}

static void s_status (reading_t *self, const uint8_t *p)
{
    unsigned valve = self->habit.status_high ? p[0] >> 6 : p[0] & 3u;
    unsigned battery = self->habit.status_high ? p[0] >> 5 & 1u : p[0] >> 2 & 1u;
    s_item (self, POINT_VALVE_STATE, value_bits (valve, 0));
    s_item (self, POINT_BATTERY_LOW, value_bits (battery, 0));
    s_item (self, POINT_METER_STATUS, value_bits ((uint64_t) (p[1] << 8 | p[0]), 0));
}

static void s_field (reading_t *self, const cjt_field_t *field, const uint8_t *p)
{
    switch ((cjt_kind_t) field->kind) {
    case CJT_QUANTITY:
        s_quantity (self, field, p);
        return;
    case CJT_NUMBER:
        if (field->point) {
            s_item (self, field->point, cjt_number (field, p));
        }
        return;
    case CJT_TIME:
        s_clock (self, field, p);
        return;
    case CJT_STATUS:
        s_status (self, p);
        return;
    case CJT_ADDRESS:
        s_begin (self);
        batch_text (self->io->batch, field->point, self->address);
        return;
    case CJT_STAMP:
        return;
    }
}

//  Quantities in units that are none, or that such a meter does not have there.
static void s_unknown_units (const reading_t *self)
{
    const uint8_t *p = self->head.body.data;
    const cjt_unit_t *unit;
    for (size_t i = 0; i < self->row->count; i++) {
        const cjt_field_t *field = &cjt_fields[self->row->first + i];
        if (field->kind == CJT_QUANTITY && !s_quantity_point (self, field, p, &unit)) {
            s_keep_raw (self, "unknown_unit", field);
        }
        p += field->size;
    }
}

//  ---- Instants ----

int32_t cjt_month_of (const zone_t *zone, int64_t utc_ms)
{
    clock_civil_t civil;
    (void) zone_civil (zone, utc_ms, &civil);
    return civil.year * 12 + civil.month - 1;
}

bool cjt_month_start (const zone_t *zone, int32_t month, int64_t *utc_ms)
{
    clock_civil_t civil = {month / 12, month % 12 + 1, 1, 0, 0, 0};
    return zone_utc (zone, &civil, ZONE_EARLIER, utc_ms);
}

//  The first clock or stamp of the data, as the row has it; 0: none, or none that can be read.
static int64_t s_stamp (const reading_t *self, cjt_kind_t kind)
{
    const uint8_t *p = self->head.body.data;
    for (size_t i = 0; i < self->row->count; i++) {
        const cjt_field_t *field = &cjt_fields[self->row->first + i];
        int64_t utc_ms;
        if (field->kind == kind) {
            return cjt_time (p, self->io->options->zone, &utc_ms) ? utc_ms : 0;
        }
        p += field->size;
    }
    return 0;
}

//  Month history: the state at the end of the n-th month before the one that runs. What was read now is stamped by
//  us; what was reported, by the meter.
static int64_t s_instant (const reading_t *self, const cjt_state_t *state)
{
    const zone_t *zone = self->io->options->zone;
    int64_t utc_ms = 0;
    switch (self->row->freeze) {
    case FREEZE_MONTH: {
        int32_t month =
            self->answers && state->month ? state->month : cjt_month_of (zone, self->io->wall_ms);
        int32_t back = self->head.di - self->row->di;
        return cjt_month_start (zone, month - back, &utc_ms) ? utc_ms : 0;
    }
    case FREEZE_NONE:
        return self->answers ? 0 : s_stamp (self, CJT_TIME);
    default:
        return s_stamp (self, CJT_STAMP);
    }
}

//  ---- Frames ----

const cjt_row_t *cjt_find (uint8_t function, uint16_t di, uint8_t classes, size_t size)
{
    for (size_t i = 0; i < cjt_read_count; i++) {
        const cjt_row_t *row = &cjt_reads[i];
        if (row->function == function && row->size == size && row->classes & classes &&
            di >= row->di && di <= row->last) {
            return row;
        }
    }
    return NULL;
}

//  Some answer with another type than they were asked by.
static uint8_t s_class (const reading_t *self)
{
    uint8_t class = cjt_class (self->fields.type);
    return class ? class : cjt_class (self->habit.type);
}

static void s_take (reading_t *self, const cjt_state_t *state)
{
    uint8_t function = self->fields.control & CJT_FUNCTION;
    if (!self->head.there) {
        s_keep_raw (self, "short_data", NULL);
        return;
    }
    self->class = s_class (self);
    self->row = cjt_find (function, self->head.di, self->class ? self->class : CJT_ANY,
                          self->head.body.size);
    if (!self->row || (!self->class && self->row->classes != CJT_ANY)) {
        s_keep_raw (self, self->class ? "unknown_data" : "unknown_type", NULL);
        return;
    }
    if (self->row->count == 0 && !self->answers) {
        s_keep_raw (self, "no_request", NULL);
        return;
    }
    self->time_ms = s_instant (self, state);
    const uint8_t *p = self->head.body.data;
    for (size_t i = 0; i < self->row->count; i++) {
        const cjt_field_t *field = &cjt_fields[self->row->first + i];
        s_field (self, field, p);
        p += field->size;
    }
    s_unknown_units (self);
}

//  Whether it is for us: the answer to the request, or a report on a connection that is nobody else's.
static bool s_is_mine (const reading_t *self)
{
    cjt_frame_t request;
    const codec_io_t *io = self->io;
    if (io->request.size) {
        return cjt_read (io->request, &request) == FEP_OK && cjt_answers (&request, &self->fields);
    }
    return io->meter || !io->address.size || bytes_equal (io->address, bytes_text (self->address));
}

fep_err_t cjt_decode (void *self, bytes_t frame, codec_io_t *io)
{
    const cjt_state_t *state = self;
    reading_t reading = {.io = io, .frame = frame, .answers = io->request.size > 0};
    io->mark = 0;
    io->answer = ANSWER_NONE;
    io->answer_code = 0;
    io->bye = false;
    io->raw_units = 0;
    fep_err_t error = cjt_read (frame, &reading.fields);
    if (error) {
        return error;
    }
    const cjt_frame_t *fields = &reading.fields;
    reading.habit = cjt_habit (cjt_profile (io));
    reading.head = cjt_head (fields->data, reading.habit.big, reading.habit.ser_first);
    cjt_address_text (fields->address, reading.habit.address_high, reading.address);
    if (!s_is_mine (&reading)) {
        return FEP_NOT_MINE;
    }
    io->answer = reading.answers ? ANSWER_DONE : ANSWER_NONE;
    if (!(fields->control & CJT_UP)) {
        s_keep_raw (&reading, "not_an_answer", NULL);
    } else if (fields->control & CJT_ABNORMAL && reading.answers) {
        io->answer = ANSWER_REFUSED;
        io->answer_code = fields->control;
    } else if (fields->control & CJT_ABNORMAL) {
        s_keep_raw (&reading, "abnormal", NULL);
    } else if (fields->control & CJT_FOLLOWS) {
        s_keep_raw (&reading, "more_follows", NULL);
    } else {
        s_take (&reading, state);
    }
    return io->batch->failed ? FEP_LIMIT : FEP_OK;
}
