//  DL/T 698.45-2017 as a terminal writes it.
#include "bench/field_wire698.h"
#include "fep/message.h"
#include "fep/point.h"

enum { HEAD_MIN = 8, LENGTH_MASK = 0x3FFF, SCRAMBLED = 0x08, FRAGMENT = 0x20, DOWN_MASK = 0x80 };
enum { BROADCAST = 3, WILD = 0xAA, SINGLE_SIX = 0x05 };

//  CRC-16/X-25.
static uint16_t s_crc (const uint8_t *at, size_t size)
{
    unsigned crc = 0xFFFF;
    for (size_t i = 0; i < size; i++) {
        crc ^= at[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc & 1 ? crc >> 1 ^ 0x8408u : crc >> 1;
        }
    }
    return (uint16_t) ~crc;
}

static bool s_fits (const uint8_t *at, size_t size)
{
    uint16_t crc = s_crc (at, size);
    return at[size] == (uint8_t) crc && at[size + 1] == (uint8_t) (crc >> 8);
}

//  Bytes from the first 68 up to the head's CRC.
static size_t s_head (const uint8_t *at)
{
    return 4 + 1 + (size_t) (at[4] & 15) + 1 + 1;
}

field_scan_t wire698_scan (bytes_t window)
{
    const uint8_t *at = window.data;
    if (window.size > 0 && at[0] != 0x68) {
        return (field_scan_t){FIELD_NOISE, 1};
    }
    if (window.size < HEAD_MIN) {
        return (field_scan_t){FIELD_MORE, 0};
    }
    size_t size = (size_t) ((at[1] | at[2] << 8) & LENGTH_MASK) + 2;
    size_t head = s_head (at);
    if (size > WIRE698_FRAME_MAX || size < head + 5) {
        return (field_scan_t){FIELD_NOISE, 1};
    }
    if (window.size < head + 2) {
        return (field_scan_t){FIELD_MORE, 0};
    }
    if (!s_fits (at + 1, head - 1)) {
        return (field_scan_t){FIELD_NOISE, 1};
    }
    if (window.size < size) {
        return (field_scan_t){FIELD_MORE, 0};
    }
    if (!s_fits (at + 1, size - 4) || at[size - 1] != 0x16) {
        return (field_scan_t){FIELD_NOISE, 1};
    }
    return (field_scan_t){FIELD_FRAME, size};
}

bool wire698_open (uint8_t *frame, size_t size, uint64_t address, wire698_frame_t *opened)
{
    uint8_t own[WIRE698_ADDRESS];
    size_t head = s_head (frame);
    size_t length = (size_t) (frame[4] & 15) + 1;
    writer_t out = writer_of (own, sizeof own);
    field_digits (&out, address, sizeof own);
    bool all = frame[4] >> 6 == BROADCAST;
    bool mine = length == sizeof own;
    for (size_t i = 0; i < length && mine; i++) {
        mine = frame[5 + i] == own[i] || frame[5 + i] == WILD;
    }
    if ((frame[3] & (DOWN_MASK | FRAGMENT)) || !(mine || all)) {
        return false;
    }
    uint8_t *data = frame + head + 2;
    size_t data_size = size - head - 5;
    for (size_t i = 0; i < data_size && (frame[3] & SCRAMBLED); i++) {
        data[i] = (uint8_t) (data[i] - 0x33);
    }
    *opened = (wire698_frame_t){.control = frame[3],
                                .client = frame[head - 1],
                                .broadcast = all,
                                .apdu = bytes_of (data, data_size)};
    return true;
}

size_t wire698_begin (writer_t *out, uint8_t control, uint64_t address, uint8_t client)
{
    size_t start = out->size;
    writer_u8 (out, 0x68);
    writer_u16le (out, 0);
    writer_u8 (out, control);
    writer_u8 (out, SINGLE_SIX);
    field_digits (out, address, WIRE698_ADDRESS);
    writer_u8 (out, client);
    writer_u16le (out, 0);
    return start;
}

void wire698_end (writer_t *out, size_t start)
{
    if (out->failed) {
        return;
    }
    uint8_t *at = out->data + start;
    size_t length = out->size - start - 1 + 2;
    size_t head = s_head (at);
    at[1] = (uint8_t) length;
    at[2] = (uint8_t) (length >> 8);
    uint16_t crc = s_crc (at + 1, head - 1);
    at[head] = (uint8_t) crc;
    at[head + 1] = (uint8_t) (crc >> 8);
    writer_u16le (out, s_crc (at + 1, length - 2));
    writer_u8 (out, 0x16);
}

void wire698_address (writer_t *out, uint64_t address)
{
    uint8_t low_first[WIRE698_ADDRESS];
    writer_t digits = writer_of (low_first, sizeof low_first);
    field_digits (&digits, address, sizeof low_first);
    for (size_t i = sizeof low_first; i-- > 0;) {
        writer_u8 (out, low_first[i]);
    }
}

void wire698_time (writer_t *out, int64_t utc_ms)
{
    clock_civil_t civil;
    int64_t days = (utc_ms + (int64_t) clock_offset_min () * 60000) / 86400000;
    clock_to_civil (utc_ms, &civil);
    writer_u16be (out, (uint16_t) civil.year);
    writer_u8 (out, (uint8_t) civil.month);
    writer_u8 (out, (uint8_t) civil.day);
    writer_u8 (out, (uint8_t) ((days + 4) % 7));
    writer_u8 (out, (uint8_t) civil.hour);
    writer_u8 (out, (uint8_t) civil.minute);
    writer_u8 (out, (uint8_t) civil.second);
    writer_u16be (out, (uint16_t) (utc_ms % 1000));
}

void wire698_time_s (writer_t *out, int64_t utc_ms)
{
    clock_civil_t civil;
    clock_to_civil (utc_ms, &civil);
    writer_u16be (out, (uint16_t) civil.year);
    writer_u8 (out, (uint8_t) civil.month);
    writer_u8 (out, (uint8_t) civil.day);
    writer_u8 (out, (uint8_t) civil.hour);
    writer_u8 (out, (uint8_t) civil.minute);
    writer_u8 (out, (uint8_t) civil.second);
}

bool wire698_read_time_s (reader_t *in, int64_t *utc_ms)
{
    clock_civil_t civil = {.year = reader_u16be (in)};
    civil.month = reader_u8 (in);
    civil.day = reader_u8 (in);
    civil.hour = reader_u8 (in);
    civil.minute = reader_u8 (in);
    civil.second = reader_u8 (in);
    return !in->failed && clock_from_civil (&civil, utc_ms);
}

//  ---- Attributes ----

//  An object whose attribute 2 is an array of elements, or one value.
typedef struct {
    uint16_t object;   //  OI
    uint8_t quantity;  //  field_quantity_t
    uint8_t phase;     //  Of element 1; the others follow
    uint8_t elements;  //  In the array; 0: no array
    uint8_t tag;       //  Of an element
    int8_t exponent;   //  Of ten, in the dictionary's unit
    uint8_t codes[4];  //  C of the points 1.0.C.7.0
} object_t;

static const object_t s_objects[] = {
    {0x2000, MODEL_VOLTAGE, 1, 3, AXDR_LONG_UNSIGNED, -1, {32, 52, 72}},
    {0x2001, MODEL_CURRENT, 1, 3, AXDR_DOUBLE_LONG, -3, {31, 51, 71}},
    {0x2004, MODEL_POWER, 0, 4, AXDR_DOUBLE_LONG, -4, {16, 36, 56, 76}},
    {0x200A, MODEL_POWER_FACTOR, 0, 4, AXDR_LONG, -1, {13, 33, 53, 73}},
    {0x200F, MODEL_FREQUENCY, 0, 0, AXDR_LONG_UNSIGNED, -2, {14}},
};

static void s_value (writer_t *out, uint8_t tag, int64_t value)
{
    writer_u8 (out, tag);
    if (tag == AXDR_LONG || tag == AXDR_LONG_UNSIGNED) {
        writer_u16be (out, (uint16_t) value);
    } else if (tag == AXDR_LONG64_UNSIGNED) {
        writer_u64be (out, (uint64_t) value);
    } else {
        writer_u32be (out, (uint32_t) value);
    }
}

static void s_say (const wire698_who_t *who, uint32_t point, int64_t mantissa, int8_t exponent,
                   field_words_t *words)
{
    field_words_add (words, &(field_said_t){.mp = (uint16_t) who->mp,
                                            .report = who->report,
                                            .freeze = who->freeze,
                                            .time_ms = who->freeze ? who->at_ms : 0,
                                            .point = point,
                                            .mantissa = mantissa,
                                            .exponent = exponent});
}

//  0010 and 0020; attribute 2 in 0.01 kWh, attribute 4 in 0.0001 kWh. Index 0: total and tariffs.
static bool s_energy (const wire698_who_t *who, uint32_t oad, writer_t *out, field_words_t *words)
{
    int64_t energies[1 + METER645_TARIFFS];
    uint16_t object = (uint16_t) (oad >> 16);
    uint8_t attribute = (uint8_t) (oad >> 8), index = (uint8_t) oad;
    bool fine = attribute == 4;
    if ((object != 0x0010 && object != 0x0020) || (attribute != 2 && !fine) ||
        index > 1 + METER645_TARIFFS) {
        return false;
    }
    meter645_energies (who->line, who->mp, object == 0x0010 ? MODEL_ENERGY : MODEL_ENERGY_EXPORT,
                       who->at_ms, energies);
    if (index == 0) {
        writer_u8 (out, AXDR_ARRAY);
        writer_u8 (out, 1 + METER645_TARIFFS);
    }
    for (unsigned i = index ? index - 1u : 0; i < (index ? index : 1u + METER645_TARIFFS); i++) {
        int64_t value = fine ? energies[i] * 100 : energies[i];
        s_value (out, fine ? AXDR_LONG64_UNSIGNED : AXDR_DOUBLE_LONG_UNSIGNED, value);
        s_say (who, POINT (1, 0, object == 0x0010 ? 1 : 2, 8, i), value, fine ? -4 : -2, words);
    }
    return true;
}

static bool s_measured (const wire698_who_t *who, uint32_t oad, writer_t *out, field_words_t *words)
{
    const object_t *object = NULL;
    for (size_t i = 0; i < sizeof s_objects / sizeof s_objects[0]; i++) {
        object = s_objects[i].object == oad >> 16 ? &s_objects[i] : object;
    }
    unsigned index = oad & 0xFF;
    if (!object || (oad >> 8 & 0xFF) != 2 || index > object->elements) {
        return false;
    }
    if (index == 0 && object->elements > 0) {
        writer_u8 (out, AXDR_ARRAY);
        writer_u8 (out, object->elements);
    }
    unsigned first = index ? index - 1 : 0;
    unsigned end = index || object->elements == 0 ? first + 1 : object->elements;
    for (unsigned i = first; i < end; i++) {
        int64_t value = meter645_model (who->line, who->mp, object->phase + i,
                                        (field_quantity_t) object->quantity, who->at_ms);
        s_value (out, object->tag, value);
        s_say (who, POINT (1, 0, object->codes[i], 7, 0), value, object->exponent, words);
    }
    return true;
}

bool wire698_attribute (const wire698_who_t *who, uint32_t oad, writer_t *out, field_words_t *words)
{
    return s_energy (who, oad, out, words) || s_measured (who, oad, out, words);
}
