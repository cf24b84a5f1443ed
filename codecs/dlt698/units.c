//  Messages and items: attributes by the map, values by their tags.
#include "codecs/dlt698/parts.h"

message_t *d698_message (d698_turn_t *turn, message_kind_t kind, const d698_whose_t *whose,
                         bool whole)
{
    batch_t *batch = turn->io->batch;
    bytes_t raw = {NULL, 0};
    if (whole && !turn->raw_given) {
        raw = batch_keep (batch, turn->whole);
        turn->raw_given = true;
    }
    message_t *message = batch_message (batch, kind);
    message->received_ms = turn->io->wall_ms;
    message->address = turn->address;
    message->mp = whose->mp;
    message->raw = raw;
    if (kind == MESSAGE_READING && whose->name[0]) {
        batch_text (batch, POINT_METER_ADDRESS, whose->name);
    }
    return message;
}

static char *s_put_hex (char *at, const char *before, uint32_t value, int size)
{
    static const char digits[] = "0123456789ABCDEF";
    while (*before) {
        *at++ = *before++;
    }
    for (int shift = 4 * size - 4; shift >= 0; shift -= 4) {
        *at++ = digits[value >> shift & 15];
    }
    *at = 0;
    return at;
}

void d698_keep_raw (d698_turn_t *turn, const char *reason, uint32_t oad, uint32_t column,
                    bytes_t bytes)
{
    batch_t *batch = turn->io->batch;
    char detail[40] = "";
    char *at = detail;
    if (oad) {
        at = s_put_hex (at, "oad=", oad, 8);
    } else if (bytes.size) {
        at = s_put_hex (at, "apdu=", bytes.data[0], 2);
    }
    if (column) {
        (void) s_put_hex (at, " column=", column, 8);
    }
    bytes_t kept = batch_keep (batch, bytes);
    message_t *message = d698_message (turn, MESSAGE_EVENT, &turn->self, false);
    message->raw = kept;
    batch_text (batch, POINT_EVENT_RAW, reason);
    batch_text (batch, POINT_EVENT_DETAIL, detail);
    turn->io->raw_units++;
}

bool d698_is_meter (const char *asked, const char *text)
{
    asked += strspn (asked, "0");
    text += strspn (text, "0");
    return strcmp (asked, text) == 0 || (asked[0] && asked[strspn (asked, "A")] == 0);
}

d698_whose_t d698_whose (const d698_turn_t *turn, const char *address)
{
    d698_whose_t whose = {.mp = 0};
    const d698_asked_t *asked = &turn->core->asked;
    bytes_t text = bytes_text (address);
    bool own = bytes_equal (text, turn->address);
    bool asked_one = turn->answers && asked->mp && d698_is_meter (asked->meter, address);
    if (turn->io->mp_of) {
        whose.mp = turn->io->mp_of (turn->io->mp_arg, text);
    }
    if (!whose.mp && asked_one) {
        whose.mp = asked->mp;
    }
    if (!whose.mp && !own) {
        whose.stranger = turn->io->mp_of != NULL;
        memcpy (whose.name, address, text.size + 1);
    }
    return whose;
}

static bool s_all (bytes_t bytes, uint8_t value)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.data[i] != value) {
            return false;
        }
    }
    return true;
}

//  10^exponent times a float, exactly as far as floats go.
static double s_scale (double real, int8_t exponent)
{
    for (; exponent > 0; exponent--) {
        real *= 10;
    }
    for (; exponent < 0; exponent++) {
        real /= 10;
    }
    return real;
}

static value_t s_float (const d698_data_t *data, int8_t exponent, uint16_t quality)
{
    reader_t in = reader_of (data->body);
    double real;
    if (data->tag == DATA_F32) {
        uint32_t bits = reader_u32be (&in);
        float narrow;
        memcpy (&narrow, &bits, sizeof narrow);
        real = (double) narrow;
    } else {
        uint64_t bits = reader_u64be (&in);
        memcpy (&real, &bits, sizeof real);
    }
    if (!(real >= -1e300 && real <= 1e300)) {
        return value_none (ABSENT_UNREADABLE, quality);
    }
    return (value_t){.real = s_scale (real, exponent), .kind = VALUE_FLOAT, .quality = quality};
}

//  Bit i of the string, counted from the front, is bit i of the number.
static value_t s_bits (const d698_data_t *data, uint16_t quality)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < data->count; i++) {
        uint64_t bit = data->body.data[i / 8] >> (7 - i % 8) & 1;
        bits |= bit << i;
    }
    return value_bits (bits, quality);
}

static value_t s_time (const d698_data_t *data, const zone_t *zone, uint16_t quality)
{
    int64_t utc_ms;
    if (d698_data_instant (data, zone, &utc_ms)) {
        return value_decimal (utc_ms / 1000, 0, quality);
    }
    return value_none (s_all (data->body, 0xFF) ? ABSENT_DEVICE : ABSENT_UNREADABLE, quality);
}

//  Characters as they are, others than ASCII as '?'; octets as digits.
static void s_put_text (batch_t *batch, uint32_t point, const d698_data_t *data, uint16_t quality)
{
    static const char digits[] = "0123456789ABCDEF";
    char text[VALUE_TEXT_MAX + 1];
    size_t n = 0;
    bool octets = data->tag == DATA_OCTETS;
    for (size_t i = 0; i < data->body.size && n + 2 <= VALUE_TEXT_MAX; i++) {
        uint8_t c = data->body.data[i];
        if (octets) {
            text[n++] = digits[c >> 4];
            text[n++] = digits[c & 15];
        } else {
            text[n++] = c >= 0x20 && c < 0x7F ? (char) c : '?';
        }
    }
    text[n] = 0;
    if (data->tag == DATA_TSA) {
        char address[2 * D698_OCTETS_MAX + 1];
        d698_tsa_text (data->body, address);
        batch_text (batch, point, address);
    } else {
        batch_text (batch, point, text);
    }
    if (batch->item_count && !batch->failed) {
        batch->items[batch->item_count - 1].value.quality = quality;
    }
}

//  What is no text. False if the Data is no value.
static bool s_value (const d698_data_t *data, int8_t exponent, const zone_t *zone, uint16_t quality,
                     value_t *value)
{
    int64_t number;
    reader_t in = reader_of (data->body);
    if (data->tag == DATA_NULL) {
        *value = value_none (ABSENT_DEVICE, quality);
    } else if (d698_integer (data, &number)) {
        *value = value_decimal (number, exponent, quality);
    } else if (data->tag == DATA_U64) {
        *value = value_none (ABSENT_UNREADABLE, quality);
    } else if (data->tag == DATA_BITS && data->count <= 64) {
        *value = s_bits (data, quality);
    } else if (data->tag == DATA_F32 || data->tag == DATA_F64) {
        *value = s_float (data, exponent, quality);
    } else if (data->tag == DATA_DATE_TIME || data->tag == DATA_DATE_TIME_S) {
        *value = s_time (data, zone, quality);
    } else if (data->tag == DATA_OAD || data->tag == DATA_OMD) {
        *value = value_decimal (reader_u32be (&in), 0, quality);
    } else if (data->tag == DATA_OI) {
        *value = value_decimal (reader_u16be (&in), 0, quality);
    } else {
        return false;
    }
    return true;
}

bool d698_put_value (batch_t *batch, uint32_t point, int8_t exponent, const d698_data_t *data,
                     const zone_t *zone, uint16_t quality)
{
    value_t value;
    bool text = data->tag == DATA_VISIBLE || data->tag == DATA_UTF8 || data->tag == DATA_OCTETS ||
                data->tag == DATA_TSA;
    if (!text && !s_value (data, exponent, zone, quality, &value)) {
        return false;
    }
    if (batch && text) {
        s_put_text (batch, point, data, quality);
    } else if (batch) {
        batch_item (batch, point, value);
    }
    return true;
}

//  One attribute being put.
typedef struct {
    batch_t *batch;
    const d698_object_t *object;
    const zone_t *zone;
    uint16_t quality;
    size_t count;  //  Items
    bool rest;     //  Something had no point
} put_t;

static void s_put (put_t *self, uint32_t point, const d698_data_t *data)
{
    if (point && point_find (point) &&
        d698_put_value (self->batch, point, self->object->exponent, data, self->zone,
                        self->quality)) {
        self->count++;
    } else {
        self->rest = true;
    }
}

//  {value, time} of one tariff.
static void s_put_demand (put_t *self, size_t element, const d698_data_t *data)
{
    uint32_t point = d698_points[self->object->first] + (uint32_t) element;
    reader_t in = reader_of (data->body);
    if (data->tag == DATA_NULL) {
        s_put (self, point, data);
        return;
    }
    if (data->tag != DATA_STRUCT || data->count != 2) {
        self->rest = true;
        return;
    }
    d698_data_t value = d698_data (&in);
    d698_data_t time = d698_data (&in);
    s_put (self, point, &value);
    put_t whole = *self;
    d698_object_t second = *self->object;
    second.exponent = 0;
    whole.object = &second;
    whole.quality = self->quality & (uint16_t) ~QUALITY_SECONDARY;
    s_put (&whole, d698_points[self->object->first + 1] + (uint32_t) element, &time);
    self->count = whole.count;
    self->rest = whole.rest;
}

static void s_put_element (put_t *self, size_t element, const d698_data_t *data)
{
    const d698_object_t *object = self->object;
    if (object->shape == SHAPE_DEMANDS) {
        s_put_demand (self, element, data);
    } else if (object->shape == SHAPE_TARIFFS) {
        s_put (self, d698_points[object->first] + (uint32_t) element, data);
    } else {
        uint32_t point = element < object->count ? d698_points[object->first + element] : 0;
        s_put (self, point, data);
    }
}

size_t d698_put_object (batch_t *batch, const d698_object_t *object, uint32_t oad,
                        const d698_data_t *data, const zone_t *zone, uint16_t quality, bool *rest)
{
    put_t self = {.batch = batch,
                  .object = object,
                  .zone = zone,
                  .quality = (uint16_t) (quality | object->quality)};
    uint8_t index = (uint8_t) oad;
    uint8_t made = object->shape == SHAPE_STRUCT ? DATA_STRUCT : DATA_ARRAY;
    if (index == 0 && data->tag == made && object->shape != SHAPE_ONE) {
        reader_t in = reader_of (data->body);
        for (size_t i = 0; i < data->count; i++) {
            d698_data_t element = d698_data (&in);
            s_put_element (&self, i < 255 ? i : 255, &element);
        }
    } else if (index == 0 && data->tag == DATA_NULL) {
        bool several = object->shape == SHAPE_LIST || object->shape == SHAPE_STRUCT;
        for (size_t i = 0; i < (several ? object->count : 1u); i++) {
            s_put_element (&self, i, data);
        }
    } else {
        s_put_element (&self, index ? index - 1u : 0, data);
    }
    *rest = self.rest;
    return self.count;
}
