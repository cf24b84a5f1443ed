//  ASDUs: header, objects, elements and time tags.
#include "codecs/iec104/asdu.h"
#include "fep/decimal.h"

enum { SQ_BIT = 0x80, COUNT_MASK = 0x7F, YEAR_BASE = 2000, YEAR_LAST = 2099 };

static const iec_type_t s_types[] = {
#define TYPE(id, name, kind, time) {id, #name, ELEMENT_##kind, TIME_##time},
#include "codecs/iec104/types.def"
#undef TYPE
};

static const uint8_t s_sizes[ELEMENT_COUNT] = {
#define ELEMENT(name, size) [ELEMENT_##name] = size,
#include "codecs/iec104/types.def"
#undef ELEMENT
};

static const struct {
    uint8_t cause;
    const char *name, *text;
} s_causes[] = {
#define CAUSE(number, name, text) {number, name, text},
#include "codecs/iec104/causes.def"
#undef CAUSE
};

const iec_type_t *iec_type (uint8_t id)
{
    size_t low = 0, high = sizeof s_types / sizeof *s_types;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (s_types[middle].id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool there = low < sizeof s_types / sizeof *s_types && s_types[low].id == id;
    return there ? &s_types[low] : NULL;
}

const char *iec_cause_name (uint8_t cause)
{
    for (size_t i = 0; i < sizeof s_causes / sizeof *s_causes; i++) {
        if (s_causes[i].cause == cause) {
            return s_causes[i].name;
        }
    }
    return NULL;
}

const char *iec_cause_text (uint8_t cause)
{
    for (size_t i = 0; i < sizeof s_causes / sizeof *s_causes; i++) {
        if (s_causes[i].cause == cause) {
            return s_causes[i].text;
        }
    }
    return NULL;
}

//  ---- Header and objects ----

size_t iec_objects_size (const iec_type_t *type, bool sequence, unsigned count, unsigned ioa_size)
{
    if (!type) {
        return 0;
    }
    size_t each = (size_t) s_sizes[type->kind] + type->time;
    return sequence ? ioa_size + count * each : count * (ioa_size + each);
}

//  One to three octets, low one first.
static uint32_t s_number (reader_t *in, unsigned size)
{
    uint32_t number = 0;
    for (unsigned i = 0; i < size; i++) {
        number |= (uint32_t) reader_u8 (in) << 8 * i;
    }
    return number;
}

fep_err_t iec_asdu_read (bytes_t bytes, const iec_sizes_t *sizes, iec_asdu_t *asdu)
{
    reader_t in = reader_of (bytes);
    *asdu = (iec_asdu_t){.ioa_size = sizes->ioa};
    asdu->id = reader_u8 (&in);
    uint8_t vsq = reader_u8 (&in);
    uint8_t cause = reader_u8 (&in);
    asdu->originator = sizes->cause > 1 ? reader_u8 (&in) : 0;
    asdu->ca = (uint16_t) s_number (&in, sizes->ca);
    if (in.failed) {
        return FEP_TRUNCATED;
    }
    asdu->ca = sizes->ca == 1 && asdu->ca == 0xFF ? CA_BROADCAST : asdu->ca;
    asdu->type = iec_type (asdu->id);
    asdu->sequence = vsq & SQ_BIT;
    asdu->count = vsq & COUNT_MASK;
    asdu->cause = cause & CAUSE_MASK;
    asdu->negative = cause & CAUSE_NEGATIVE;
    asdu->test = cause & CAUSE_TEST;
    asdu->objects = reader_bytes (&in, reader_left (&in));
    if (!asdu->type) {
        return FEP_UNSUPPORTED;
    }
    size_t size = iec_objects_size (asdu->type, asdu->sequence, asdu->count, sizes->ioa);
    if (asdu->count == 0 || asdu->cause == 0 || asdu->objects.size > size) {
        return FEP_IMPLAUSIBLE;
    }
    return asdu->objects.size < size ? FEP_TRUNCATED : FEP_OK;
}

iec_object_t iec_object (const iec_asdu_t *asdu, unsigned i)
{
    iec_object_t object;
    reader_t in = reader_of (asdu->objects);
    size_t each = (size_t) s_sizes[asdu->type->kind] + asdu->type->time;
    size_t before = asdu->sequence ? each * i : (each + asdu->ioa_size) * i;
    object.ioa = 0;
    if (asdu->sequence) {
        object.ioa = s_number (&in, asdu->ioa_size) + i;
    }
    (void) reader_take (&in, before);
    if (!asdu->sequence) {
        object.ioa = s_number (&in, asdu->ioa_size);
    }
    object.ioa &= 0xFFFFFF;
    object.element = reader_bytes (&in, s_sizes[asdu->type->kind]);
    object.time = reader_bytes (&in, asdu->type->time);
    return object;
}

//  ---- Elements ----

static float s_r32 (reader_t *in)
{
    uint32_t bits = reader_u32le (in);
    float real;
    memcpy (&real, &bits, sizeof real);
    return real;
}

//  What stands before the last octet of elements that end with quality or qualifier.
static void s_value (iec_element_t *element, reader_t *in)
{
    switch ((iec_kind_t) element->kind) {
    case ELEMENT_NVA:
    case ELEMENT_NVA_BARE:
    case ELEMENT_SVA:
    case ELEMENT_SE_NVA:
    case ELEMENT_SE_SVA:
    case ELEMENT_PM_NVA:
    case ELEMENT_PM_SVA:
        element->number = (int16_t) reader_u16le (in);
        break;
    case ELEMENT_R32:
    case ELEMENT_SE_R32:
    case ELEMENT_PM_R32:
        element->real = s_r32 (in);
        break;
    case ELEMENT_BSI:
    case ELEMENT_BSO:
        element->number = reader_u32le (in);
        break;
    case ELEMENT_BCR:
        element->number = (int32_t) reader_u32le (in);
        break;
    case ELEMENT_SCD:
        element->number = reader_u16le (in);
        element->extra = reader_u16le (in);
        break;
    case ELEMENT_FBP:
    case ELEMENT_TSC:
    case ELEMENT_CP16:
        element->number = reader_u16le (in);
        break;
    default:
        break;
    }
}

//  States whose octet holds them and their quality.
static void s_state (iec_element_t *element, reader_t *in)
{
    uint8_t octet = reader_u8 (in);
    element->quality = octet & (QDS_BL | QDS_SB | QDS_NT | QDS_IV);
    element->number = octet & (element->kind == ELEMENT_SIQ ? 1 : 3);
    if (element->kind == ELEMENT_SEP) {
        element->extra = reader_u16le (in);
    }
}

iec_element_t iec_element (const iec_type_t *type, bytes_t bytes)
{
    iec_element_t element = {.kind = type->kind};
    reader_t in = reader_of (bytes);
    uint8_t octet;
    switch ((iec_kind_t) type->kind) {
    case ELEMENT_SIQ:
    case ELEMENT_DIQ:
    case ELEMENT_SEP:
        s_state (&element, &in);
        break;
    case ELEMENT_VTI:
        octet = reader_u8 (&in);
        element.number = (octet & 0x40) ? (octet & 0x7F) - 0x80 : octet & 0x7F;
        element.flags = octet >> 7;
        element.quality = reader_u8 (&in);
        break;
    case ELEMENT_SPE:
    case ELEMENT_OCI:
        element.number = reader_u8 (&in) & (type->kind == ELEMENT_SPE ? 0x3F : 0x0F);
        element.quality = reader_u8 (&in) & (QDS_BL | QDS_SB | QDS_NT | QDS_IV);
        element.extra = reader_u16le (&in);
        break;
    case ELEMENT_NVA:
    case ELEMENT_SVA:
    case ELEMENT_R32:
    case ELEMENT_BSI:
    case ELEMENT_BCR:
    case ELEMENT_SCD:
        s_value (&element, &in);
        element.quality = reader_u8 (&in);
        break;
    default:
        s_value (&element, &in);
        element.flags = reader_left (&in) ? reader_u8 (&in) : 0;
        break;
    }
    return element;
}

//  ---- Time ----

iec_time_t iec_time (bytes_t bytes)
{
    iec_time_t time = {.civil = {.year = YEAR_BASE, .month = 1, .day = 1}};
    reader_t in = reader_of (bytes);
    unsigned ms = reader_u16le (&in);
    uint8_t minute = reader_u8 (&in);
    time.ms = (int) (ms % 1000);
    time.civil.second = (int) (ms / 1000);
    time.civil.minute = minute & 0x3F;
    time.invalid = minute & 0x80;
    if (bytes.size == TIME_CP56) {
        uint8_t hour = reader_u8 (&in);
        uint8_t day = reader_u8 (&in);
        time.civil.hour = hour & 0x1F;
        time.summer = hour & 0x80;
        time.civil.day = day & 0x1F;
        time.weekday = day >> 5;
        time.civil.month = reader_u8 (&in) & 0x0F;
        time.civil.year = YEAR_BASE + (reader_u8 (&in) & 0x7F);
    }
    int64_t utc_ms;
    time.possible =
        !in.failed && time.civil.year <= YEAR_LAST && clock_from_civil (&time.civil, &utc_ms);
    return time;
}

//  Minute and second of the hour nearest to now.
static bool s_short_time (const iec_time_t *time, const zone_t *zone, int64_t wall_ms,
                          int64_t *utc_ms)
{
    const int64_t hour_ms = 3600000;
    clock_civil_t now;
    (void) zone_civil (zone, wall_ms, &now);
    int64_t within = ((int64_t) now.minute * 60 + now.second) * 1000 + wall_ms % 1000;
    int64_t wanted = ((int64_t) time->civil.minute * 60 + time->civil.second) * 1000 + time->ms;
    int64_t away = wanted - within;
    away -= away > hour_ms / 2 ? hour_ms : 0;
    away += away < -hour_ms / 2 ? hour_ms : 0;
    *utc_ms = wall_ms + away;
    return time->possible;
}

bool iec_time_utc (bytes_t bytes, const zone_t *zone, int64_t wall_ms, int64_t *utc_ms,
                   bool *doubtful)
{
    iec_time_t time = iec_time (bytes);
    clock_civil_t civil;
    *doubtful = time.invalid;
    if (bytes.size == TIME_CP24) {
        return s_short_time (&time, zone, wall_ms, utc_ms);
    }
    zone_choice_t choice = time.summer ? ZONE_EARLIER : ZONE_LATER;
    if (!time.possible || !zone_utc (zone, &time.civil, choice, utc_ms)) {
        return false;
    }
    if (zone && zone->has_summer) {
        *doubtful = *doubtful || zone_civil (zone, *utc_ms, &civil) != time.summer;
    } else if (time.summer) {
        *utc_ms -= 3600000;
    }
    *utc_ms += time.ms;
    return true;
}

void iec_put_time (writer_t *out, const zone_t *zone, int64_t utc_ms)
{
    clock_civil_t civil;
    bool summer = zone_civil (zone, utc_ms, &civil);
    int weekday = zone_weekday (civil.year, civil.month, civil.day);
    int ms = (int) (utc_ms % 1000) + civil.second * 1000;
    weekday = weekday ? weekday : 7;
    writer_u16le (out, (uint16_t) ms);
    writer_u8 (out, (uint8_t) civil.minute);
    writer_u8 (out, (uint8_t) (civil.hour | (summer ? 0x80 : 0)));
    writer_u8 (out, (uint8_t) (civil.day | weekday << 5));
    writer_u8 (out, (uint8_t) civil.month);
    writer_u8 (out, (uint8_t) (civil.year % 100));
}

//  ---- Writing ----

static bool s_put_number (writer_t *out, uint32_t number, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        writer_u8 (out, (uint8_t) (number >> 8 * i));
    }
    return size >= 4 || number >> 8 * size == 0;
}

fep_err_t iec_put_head (writer_t *out, const iec_sizes_t *sizes, const iec_head_t *head)
{
    bool all = head->ca == CA_BROADCAST;
    writer_u8 (out, head->type);
    writer_u8 (out, 1);
    writer_u8 (out, head->cause);
    if (sizes->cause > 1) {
        writer_u8 (out, head->originator);
    }
    bool fits = s_put_number (out, all && sizes->ca == 1 ? 0xFFu : head->ca, sizes->ca);
    fits = s_put_number (out, head->ioa, sizes->ioa) && fits;
    return fits ? FEP_OK : FEP_RANGE;
}

//  ---- Values ----

uint16_t iec_quality (const iec_element_t *element)
{
    static const struct {
        uint8_t bit;
        uint16_t quality;
    } usual[] = {{QDS_OV, QUALITY_OVERFLOW},
                 {QDS_BL, QUALITY_BLOCKED},
                 {QDS_SB, QUALITY_SUBSTITUTED},
                 {QDS_NT, QUALITY_NOT_TOPICAL},
                 {QDS_IV, QUALITY_INVALID}},
      counter[] = {
          {BCR_CY, QUALITY_OVERFLOW}, {BCR_CA, QUALITY_SUBSTITUTED}, {QDS_IV, QUALITY_INVALID}};
    bool counts = element->kind == ELEMENT_BCR;
    size_t count = counts ? sizeof counter / sizeof *counter : sizeof usual / sizeof *usual;
    unsigned quality = 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t bit = counts ? counter[i].bit : usual[i].bit;
        quality |= element->quality & bit ? (counts ? counter[i].quality : usual[i].quality) : 0;
    }
    return (uint16_t) quality;
}

__extension__ typedef __int128 wide_t;

//  Exact as far as a mantissa goes, rounded behind that.
static value_t s_decimal (wide_t number, int exponent, uint16_t quality)
{
    wide_t rest = 0;
    for (; number >= INT64_MAX || number <= -INT64_MAX; exponent++) {
        rest = number % 10;
        number /= 10;
    }
    number += rest >= 5 ? 1 : rest <= -5 ? -1 : 0;
    return value_decimal ((int64_t) number, (int8_t) exponent, quality);
}

//  number / 32768 x scale: what 2 divides goes, for each 2 that is left there is a 5 and a place.
static value_t s_normalised (int64_t number, const profile_object_t *object, uint16_t quality)
{
    wide_t mantissa = (wide_t) number * object->multiplier;
    int places = mantissa ? 15 : 0;
    for (; places && mantissa % 2 == 0; places--) {
        mantissa /= 2;
    }
    for (int i = 0; i < places; i++) {
        mantissa *= 5;
    }
    return s_decimal (mantissa, object->exponent - places, quality);
}

//  No number is how stations say that they have none; what has no end is no reading.
static value_t s_float (double real, const profile_object_t *object, uint16_t quality)
{
    if (real != real) {
        return value_none (ABSENT_DEVICE, quality);
    }
    real *= decimal_double ((decimal_t){object->multiplier, object->exponent});
    if (real - real != 0) {
        return value_none (ABSENT_UNREADABLE, quality);
    }
    return (value_t){.real = real, .kind = VALUE_FLOAT, .quality = quality};
}

value_t iec_value (const iec_element_t *element, const profile_object_t *object)
{
    uint16_t quality = iec_quality (element);
    switch ((iec_kind_t) element->kind) {
    case ELEMENT_VTI:
    case ELEMENT_SVA:
    case ELEMENT_BCR:
        return s_decimal ((wide_t) element->number * object->multiplier, object->exponent, quality);
    case ELEMENT_NVA:
    case ELEMENT_NVA_BARE:
        return s_normalised (element->number, object, quality);
    case ELEMENT_R32:
        return s_float ((double) element->real, object, quality);
    default:
        return value_bits ((uint64_t) element->number, quality);
    }
}
