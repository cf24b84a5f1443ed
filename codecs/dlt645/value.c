//  Formats of annex A: XXXXXX.XX and the like, times, flags, digits as text.
#include "codecs/dlt645/value.h"

bool dlt_digits (const uint8_t *p, size_t size, bool sign, int64_t *number)
{
    int64_t n = 0;
    bool minus = sign && p[size - 1] & 0x80;
    for (size_t i = size; i-- > 0;) {
        uint8_t two = i == size - 1 && sign ? p[i] & 0x7F : p[i];
        if (two >> 4 > 9 || (two & 15) > 9) {
            return false;
        }
        n = n * 100 + (two >> 4) * 10 + (two & 15);
    }
    *number = minus ? -n : n;
    return true;
}

//  255 if it is none, which no field of a time takes.
static int s_two (uint8_t two)
{
    return two >> 4 > 9 || (two & 15) > 9 ? 255 : (two >> 4) * 10 + (two & 15);
}

bool dlt_instant (const zone_t *zone, uint8_t year, uint8_t month, uint8_t day, uint8_t hour,
                  uint8_t minute, uint8_t second, int64_t *utc_ms)
{
    clock_civil_t civil = {2000 + s_two (year), s_two (month),  s_two (day),
                           s_two (hour),        s_two (minute), s_two (second)};
    return s_two (year) < 100 && zone_utc (zone, &civil, ZONE_EARLIER, utc_ms);
}

static bool s_all (const uint8_t *p, size_t size, uint8_t byte)
{
    for (size_t i = 0; i < size; i++) {
        if (p[i] != byte) {
            return false;
        }
    }
    return true;
}

//  Of `size` bytes that are none.
static value_t s_none (const dlt_field_t *field, const uint8_t *p, size_t size)
{
    bool device = s_all (p, size, 0xFF) || s_all (p, size, 0);
    return value_none (device ? ABSENT_DEVICE : ABSENT_UNREADABLE, field->quality);
}

static value_t s_decimal (const dlt_field_t *field, const uint8_t *p)
{
    int64_t number;
    if (s_all (p, field->size, 0xFF) ||
        !dlt_digits (p, field->size, field->kind == DLT_SIGNED, &number)) {
        return s_none (field, p, field->size);
    }
    return value_decimal (number, (int8_t) (field->scale - field->places), field->quality);
}

//  Without year: the last such instant that is not ahead of now. A day of grace for clocks that run fast.
static bool s_short (const uint8_t *p, const dlt_now_t *now, int64_t *utc_ms)
{
    enum { GRACE_MS = 86400000 };
    clock_civil_t civil;
    (void) zone_civil (now->zone, now->now_ms, &civil);
    for (int back = 0; back < 5; back++) {
        int year = civil.year - back;
        if (year >= 2000 && year <= 2099 &&
            dlt_instant (now->zone, dlt_bcd (year - 2000), p[3], p[2], p[1], p[0], 0, utc_ms) &&
            *utc_ms <= now->now_ms + GRACE_MS) {
            return true;
        }
    }
    return false;
}

static value_t s_time (const dlt_field_t *field, const uint8_t *p, const dlt_now_t *now)
{
    int64_t utc_ms = 0;
    bool good;
    if (field->kind == DLT_INSTANT) {
        good = dlt_instant (now->zone, p[4], p[3], p[2], p[1], p[0], 0, &utc_ms);
    } else if (field->kind == DLT_DATETIME) {
        good = dlt_instant (now->zone, p[6], p[5], p[4], p[2], p[1], p[0], &utc_ms);
    } else {
        good = s_short (p, now, &utc_ms);
    }
    return good ? value_decimal (utc_ms / 1000, 0, field->quality) : s_none (field, p, field->size);
}

//  Bytes p[from] down to p[0] as digits with marks between them.
static value_t s_text (const dlt_field_t *field, const uint8_t *p, size_t from, const char *before,
                       char mark, char *text)
{
    size_t size = strlen (before);
    int64_t number;
    if (s_all (p, from + 1, 0xFF) || !dlt_digits (p, from + 1, false, &number)) {
        return s_none (field, p, from + 1);
    }
    memcpy (text, before, size);
    for (size_t i = from + 1; i-- > 0;) {
        text[size++] = (char) ('0' + (p[i] >> 4));
        text[size++] = (char) ('0' + (p[i] & 15));
        if (mark && i) {
            text[size++] = mark;
        }
    }
    text[size] = 0;
    return (value_t){
        .text = text, .exponent = (int8_t) size, .kind = VALUE_TEXT, .quality = field->quality};
}

value_t dlt_value (const dlt_field_t *field, const uint8_t *p, const dlt_now_t *now,
                   char text[DLT_TEXT_MAX])
{
    switch ((dlt_kind_t) field->kind) {
    case DLT_BCD:
    case DLT_SIGNED:
        return s_decimal (field, p);
    case DLT_INSTANT:
    case DLT_SHORT:
    case DLT_DATETIME:
        return s_time (field, p, now);
    case DLT_DATE:
        return s_text (field, p + 1, 2, "20", '-', text);
    case DLT_CLOCK:
        return s_text (field, p, 2, "", ':', text);
    case DLT_BITS:
        return value_bits ((uint64_t) (p[0] | p[1] << 8), field->quality);
    case DLT_DIGITS:
        return s_text (field, p, field->size - 1u, "", 0, text);
    }
    return value_none (ABSENT_UNKNOWN, field->quality);
}
