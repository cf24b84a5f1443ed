//  Data units of class 1 and class 2 replies: one interpreter of the compiled map.
#include "codecs/gdw1376/units.h"
#include "codecs/gdw1376/text.h"

#define TARIFFS_MAX 63
#define TD_CURVE_SIZE 7

message_t *gdw_message (gdw_turn_t *self, message_kind_t kind, uint16_t mp, bool whole)
{
    batch_t *batch = self->io->batch;
    bytes_t raw = {NULL, 0};
    if (whole && !self->raw_given) {
        raw = batch_keep (batch, self->whole);
        self->raw_given = true;
    }
    message_t *message = batch_message (batch, kind);
    message->received_ms = self->io->wall_ms;
    message->address = self->address;
    message->mp = mp;
    message->raw = raw;
    return message;
}

void gdw_keep_raw (gdw_turn_t *self, const char *reason, const gdw_place_t *place, bytes_t bytes)
{
    batch_t *batch = self->io->batch;
    text_t detail = {"", 0};
    text_byte (&detail, "afn=", self->frame->afn);
    text_number (&detail, " pn=", place->pn);
    text_number (&detail, " fn=", place->fn);
    if (place->erc >= 0) {
        text_number (&detail, " erc=", (unsigned) place->erc);
    }
    bytes_t kept = batch_keep (batch, bytes);
    message_t *message = gdw_message (self, MESSAGE_EVENT, place->pn, false);
    message->raw = kept;
    batch_text (batch, POINT_EVENT_RAW, reason);
    batch_text (batch, POINT_EVENT_DETAIL, detail.text);
    self->io->raw_units++;
}

void gdw_keep_cut (gdw_turn_t *self, const gdw_place_t *place, bytes_t bytes)
{
    gdw_keep_raw (self, "truncated_unit", place, bytes);
    self->cut = true;
}

static inline void s_push (batch_t *batch, message_t *message, uint32_t point, value_t value)
{
    if (batch->failed || batch->item_count == BATCH_ITEMS_MAX) {
        batch->failed = true;
        return;
    }
    batch->items[batch->item_count++] = (item_t){value, point};
    message->count++;
}

//  Characters of a fixed field, without what pads them at the end; others than ASCII become '?'.
static void s_push_ascii (batch_t *batch, const gdw_field_t *field, const uint8_t *p)
{
    char text[32];
    size_t size = field->size;
    while (size > 0 && (p[size - 1] == 0 || p[size - 1] == ' ')) {
        size--;
    }
    for (size_t i = 0; i < size; i++) {
        text[i] = p[i] >= 0x20 && p[i] < 0x7F ? (char) p[i] : '?';
    }
    text[size] = 0;
    batch_text (batch, field->point, text);
}

//  "10.0.0.7:7600".
static void s_push_address (batch_t *batch, uint32_t point, const uint8_t *p)
{
    text_t text = {"", 0};
    gdw_text_peer (&text, p);
    batch_text (batch, point, text.text);
}

//  Fields that are no plain decimals. Kept out of the loop over those that are.
static __attribute__ ((noinline)) void s_push_other (batch_t *batch, message_t *message,
                                                     const gdw_field_t *field, const uint8_t *p,
                                                     const gdw_context_t *context)
{
    if (field->kind == FIELD_SUBJECT) {
        message->mp = (uint16_t) ((p[0] | p[1] << 8) & 0x0FFF);
    }
    if (field->kind == FIELD_ASCII) {
        s_push_ascii (batch, field, p);
        return;
    }
    if (field->kind == FIELD_ADDRESS) {
        s_push_address (batch, field->point, p);
        return;
    }
    s_push (batch, message, field->point, gdw_value (field, p, context));
}

static size_t s_repeats (const gdw_field_t *field, const gdw_values_t *values)
{
    if (field->repeat == REPEAT_TARIFFS) {
        return values->tariffs + 1;
    }
    return values->rest / field->size;
}

void gdw_put_values (batch_t *batch, message_t *message, const gdw_values_t *values)
{
    const uint8_t *p = values->p;
    const gdw_field_t *end = values->fields + values->count;
    for (const gdw_field_t *field = values->fields; field < end; field++) {
        size_t repeats = field->repeat == REPEAT_ONCE ? 1 : s_repeats (field, values);
        if (field->point == 0) {
            p += field->size * repeats;
            continue;
        }
        uint32_t step = field->repeat == REPEAT_TARIFFS;
        uint32_t point = field->point;
        for (size_t i = 0; i < repeats; i++, p += field->size, point += step) {
            if (field->kind <= FIELD_SIGNED) {
                s_push (batch, message, point, gdw_decimal (field, p));
            } else {
                gdw_field_t member = *field;
                member.point = point;
                s_push_other (batch, message, &member, p, values->context);
            }
        }
    }
}

int32_t gdw_density_ms (uint8_t density)
{
    static const uint8_t codes[] = {1, 2, 3, 254, 255};
    static const uint8_t minutes[] = {15, 30, 60, 5, 1};
    for (size_t i = 0; i < sizeof codes; i++) {
        if (codes[i] == density) {
            return minutes[i] * 60000;
        }
    }
    return 0;
}

gdw_measure_t gdw_measure (uint8_t afn, uint16_t fn, bytes_t left, gdw_extent_t *extent)
{
    static const uint8_t td_sizes[] = {
        [TD_NONE] = 0, [TD_DAY] = 3, [TD_MONTH] = 2, [TD_CURVE] = TD_CURVE_SIZE};
    unsigned class = gdw_class (afn);
    uint16_t at = class < GDW_CLASS_COUNT && fn <= GDW_FN_MAX ? gdw_index[class][fn] : 0;
    while (at && gdw_layouts[at - 1].exact && gdw_layouts[at - 1].exact != left.size) {
        at = gdw_layouts[at - 1].other;
    }
    if (at == 0) {
        return MEASURE_UNKNOWN;
    }
    const gdw_layout_t *layout = &gdw_layouts[at - 1];
    *extent = (gdw_extent_t){layout, td_sizes[layout->td], layout->fixed, 0, 1};
    if (left.size < extent->td + (layout->td == TD_CURVE ? 0 : extent->size)) {
        return MEASURE_SHORT;
    }
    if (layout->td == TD_CURVE) {
        extent->values = left.data[TD_CURVE_SIZE - 1];
        extent->size *= extent->values;
    }
    if (layout->tariffs_at != GDW_NO_TARIFFS) {
        extent->tariffs = left.data[extent->td + layout->tariffs_at];
        extent->size += (size_t) layout->per_tariff * (extent->tariffs + 1);
    }
    if (extent->tariffs > TARIFFS_MAX) {
        return MEASURE_TARIFFS;
    }
    return left.size < extent->td + extent->size ? MEASURE_SHORT : MEASURE_OK;
}

//  The instant of a unit, and what short times lean on. False if it names no date.
typedef struct {
    int64_t time_ms;
    int32_t step_ms;
    gdw_context_t context;
} when_t;

static bool s_read_time (const codec_io_t *io, const gdw_extent_t *extent, const uint8_t *p,
                         when_t *when)
{
    const gdw_field_t *first = &gdw_fields[extent->layout->first];
    const zone_t *zone = io->options->zone;
    if (first->role != ROLE_TIME) {
        return true;
    }
    int64_t utc_ms;
    if (!gdw_time_recent (zone, p, io->wall_ms, &utc_ms)) {
        return gdw_absent (p, 5) == ABSENT_DEVICE;
    }
    if (extent->layout->td == TD_NONE) {
        when->time_ms = utc_ms;
        when->context = (gdw_context_t){2000 + gdw_bcd[p[4]], gdw_bcd[p[3]], utc_ms, zone};
    }
    return true;
}

static bool s_when (const codec_io_t *io, const gdw_extent_t *extent, const uint8_t *td,
                    when_t *when)
{
    bool good = true;
    *when = (when_t){0, 0, {0, 0, 0, io->options->zone}};
    switch ((gdw_td_t) extent->layout->td) {
    case TD_NONE:
        break;
    case TD_DAY:
        good = gdw_time_td_day (td, &when->time_ms, &when->context);
        break;
    case TD_MONTH:
        good = gdw_time_td_month (td, &when->time_ms, &when->context);
        break;
    case TD_CURVE:
        when->step_ms = gdw_density_ms (td[5]);
        return when->step_ms && gdw_time_a15 (io->options->zone, td, &when->time_ms);
    }
    return good && s_read_time (io, extent, td + extent->td, when);
}

static void s_put_curve (batch_t *batch, message_t *message, const gdw_extent_t *extent,
                         const uint8_t *p)
{
    const gdw_field_t *field = &gdw_fields[extent->layout->first];
    for (unsigned i = 0; i < extent->values; i++, p += field->size) {
        s_push (batch, message, field->point, gdw_decimal (field, p));
    }
}

bool gdw_visit_data (gdw_turn_t *self, uint16_t pn, uint16_t fn, reader_t *in)
{
    static const char *const reasons[] = {
        [MEASURE_UNKNOWN] = "unknown_fn", [MEASURE_TARIFFS] = "tariff_count"};
    gdw_place_t place = {pn, fn, -1};
    gdw_extent_t extent;
    bytes_t left = {in->data + in->pos, reader_left (in)};
    gdw_measure_t measured = gdw_measure (self->frame->afn, fn, left, &extent);
    if (measured == MEASURE_SHORT) {
        gdw_keep_cut (self, &place, left);
        return false;
    }
    if (measured != MEASURE_OK) {
        gdw_keep_raw (self, reasons[measured], &place, left);
        return false;
    }
    bytes_t data = reader_bytes (in, extent.td + extent.size);
    const gdw_layout_t *layout = extent.layout;
    when_t when;
    if (!s_when (self->io, &extent, data.data, &when)) {
        bool curve = layout->td == TD_CURVE;
        gdw_keep_raw (self, curve ? "implausible_curve" : "implausible_time", &place, data);
        return true;
    }
    batch_t *batch = self->io->batch;
    message_t *message = gdw_message (self, MESSAGE_READING, pn, true);
    message->freeze = layout->freeze;
    message->time_ms = when.time_ms;
    message->step_ms = when.step_ms;
    if (layout->td == TD_CURVE) {
        s_put_curve (batch, message, &extent, data.data + extent.td);
        return true;
    }
    gdw_values_t values = {&gdw_fields[layout->first],
                           layout->count,
                           data.data + extent.td,
                           0,
                           extent.tariffs,
                           &when.context};
    gdw_put_values (batch, message, &values);
    return true;
}

//  All Fn of one point. False ends the walk.
static bool s_walk_point (gdw_turn_t *self, gdw_visit_t *visit, const gdw_unit_t *unit, uint16_t pn,
                          reader_t *in)
{
    for (unsigned bit = 0; bit < 8; bit++) {
        uint16_t fn = (uint16_t) (unit->dt2 * 8 + bit + 1);
        if (unit->dt1 & 1u << bit && !visit (self, pn, fn, in)) {
            return false;
        }
    }
    return true;
}

static bool s_walk_unit (gdw_turn_t *self, gdw_visit_t *visit, const gdw_unit_t *unit, reader_t *in)
{
    if (unit->da2 == 0) {
        return s_walk_point (self, visit, unit, 0, in);
    }
    for (unsigned bit = 0; bit < 8; bit++) {
        uint16_t pn = (uint16_t) ((unit->da2 - 1) * 8 + (int) bit + 1);
        if (unit->da1 & 1u << bit && !s_walk_point (self, visit, unit, pn, in)) {
            return false;
        }
    }
    return true;
}

//  What should be DA and DT, but is not.
static void s_keep_odd (gdw_turn_t *self, bool cut, bytes_t rest)
{
    gdw_place_t place = {0, 0, -1};
    if (cut) {
        gdw_keep_cut (self, &place, rest);
    } else {
        gdw_keep_raw (self, "not_standard", &place, rest);
    }
}

void gdw_walk (gdw_turn_t *self, gdw_visit_t *visit)
{
    reader_t in = reader_of (self->frame->body);
    while (reader_left (&in) > 0) {
        size_t start = in.pos;
        gdw_unit_t unit = gdw_unit_read (&in);
        bool valid = !in.failed && gdw_unit_valid (&unit);
        if (!valid) {
            bytes_t rest = {self->frame->body.data + start, self->frame->body.size - start};
            s_keep_odd (self, in.failed, rest);
            return;
        }
        if (!s_walk_unit (self, visit, &unit, &in)) {
            return;
        }
    }
}
