//  Data formats of annex A of Q/GDW 376.1.
#include "codecs/gdw1376/value.h"

#define TENS(t)                                                                                    \
    t, t + 1, t + 2, t + 3, t + 4, t + 5, t + 6, t + 7, t + 8, t + 9, NO, NO, NO, NO, NO, NO
#define NO 0xFF
#define NONE NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO, NO

const uint8_t gdw_bcd[256] = {TENS (0),  TENS (10), TENS (20), TENS (30), TENS (40), TENS (50),
                              TENS (60), TENS (70), TENS (80), TENS (90), NONE,      NONE,
                              NONE,      NONE,      NONE,      NONE};

#undef TENS
#undef NO
#undef NONE

absent_t gdw_absent (const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != 0xEE) {
            return ABSENT_UNREADABLE;
        }
    }
    return ABSENT_DEVICE;
}

//  Two-digit years are of this century. Digits that are none become 255 and fail as a date.
static bool s_instant (const zone_t *zone, const clock_civil_t *civil, zone_choice_t choice,
                       int64_t *utc_ms)
{
    return civil->year < 2100 &&
           (zone ? zone_utc (zone, civil, choice, utc_ms) : clock_from_civil (civil, utc_ms));
}

static clock_civil_t s_civil_a15 (const uint8_t *p)
{
    return (clock_civil_t){2000 + gdw_bcd[p[4]], gdw_bcd[p[3]], gdw_bcd[p[2]],
                           gdw_bcd[p[1]],        gdw_bcd[p[0]], 0};
}

bool gdw_time_a15 (const zone_t *zone, const uint8_t *p, int64_t *utc_ms)
{
    clock_civil_t civil = s_civil_a15 (p);
    return s_instant (zone, &civil, ZONE_EARLIER, utc_ms);
}

bool gdw_time_recent (const zone_t *zone, const uint8_t *p, int64_t now_ms, int64_t *utc_ms)
{
    clock_civil_t civil = s_civil_a15 (p);
    if (!s_instant (zone, &civil, ZONE_EARLIER, utc_ms)) {
        return false;
    }
    int64_t later;
    if (zone && s_instant (zone, &civil, ZONE_LATER, &later) && later <= now_ms) {
        *utc_ms = later;
    }
    return true;
}

//  A.1: sec, min, hour, day, weekday and month, year.
static bool s_time_a1 (const zone_t *zone, const uint8_t *p, int64_t *utc_ms)
{
    clock_civil_t civil = {2000 + gdw_bcd[p[5]], gdw_bcd[p[4] & 0x1F], gdw_bcd[p[3]],
                           gdw_bcd[p[2]],        gdw_bcd[p[1]],        gdw_bcd[p[0]]};
    return s_instant (zone, &civil, ZONE_EARLIER, utc_ms);
}

//  Midnight of A.20.
static bool s_date (const zone_t *zone, const uint8_t *p, clock_civil_t *civil, int64_t *utc_ms)
{
    *civil = (clock_civil_t){2000 + gdw_bcd[p[2]], gdw_bcd[p[1]], gdw_bcd[p[0]], 0, 0, 0};
    return s_instant (zone, civil, ZONE_EARLIER, utc_ms);
}

bool gdw_time_td_day (const uint8_t *p, int64_t *utc_ms, gdw_context_t *context)
{
    clock_civil_t civil;
    if (!s_date (context->zone, p, &civil, utc_ms)) {
        return false;
    }
    context->year = civil.year;
    context->month = civil.month;
    zone_next_day (&civil);
    bool good = zone_utc (context->zone, &civil, ZONE_EARLIER, utc_ms);
    context->at_ms = *utc_ms;
    return good;
}

bool gdw_time_td_month (const uint8_t *p, int64_t *utc_ms, gdw_context_t *context)
{
    int year = gdw_bcd[p[1]];
    int month = gdw_bcd[p[0]];
    if (year > 99 || month < 1 || month > 12) {
        return false;
    }
    clock_civil_t next = {2000 + year + month / 12, month % 12 + 1, 1, 0, 0, 0};
    if (!zone_utc (context->zone, &next, ZONE_EARLIER, utc_ms)) {
        return false;
    }
    context->year = 2000 + year;
    context->month = month;
    context->at_ms = *utc_ms;
    return true;
}

//  A.17 lacks the year: the last such instant not behind the context's. A.18 lacks month and year.
static bool s_short_time (const uint8_t *p, size_t size, const gdw_context_t *context,
                          int64_t *utc_ms)
{
    if (context->year == 0) {
        return false;
    }
    clock_civil_t civil = {context->year, size == 4 ? gdw_bcd[p[3]] : context->month,
                           gdw_bcd[p[2]], gdw_bcd[p[1]],
                           gdw_bcd[p[0]], 0};
    bool good = s_instant (context->zone, &civil, ZONE_EARLIER, utc_ms);
    if (size == 4 && (!good || *utc_ms > context->at_ms)) {
        civil.year--;
        good = civil.year >= 2000 && s_instant (context->zone, &civil, ZONE_EARLIER, utc_ms);
    }
    return good;
}

static value_t s_time (const gdw_field_t *field, const uint8_t *p, const gdw_context_t *context)
{
    clock_civil_t civil;
    int64_t utc_ms = 0;
    bool good;
    if (field->kind == FIELD_DATE) {
        good = s_date (context->zone, p, &civil, &utc_ms);
    } else if (field->size == 6) {
        good = s_time_a1 (context->zone, p, &utc_ms);
    } else if (field->size == 5) {
        good = gdw_time_a15 (context->zone, p, &utc_ms);
    } else {
        good = s_short_time (p, field->size, context, &utc_ms);
    }
    return good ? value_decimal (utc_ms / 1000, 0, field->quality)
                : value_none (gdw_absent (p, field->size), field->quality);
}

//  A.2: hundreds, tens, ones; D4 sign; D7..5 the power of ten, 4 down to -3.
static value_t s_scaled2 (const gdw_field_t *field, const uint8_t *p)
{
    unsigned low = gdw_bcd[p[0]];
    unsigned high = p[1] & 15;
    if (low > 99 || high > 9) {
        return value_none (gdw_absent (p, 2), field->quality);
    }
    int64_t n = high * 100 + low;
    return value_decimal (p[1] & 0x10 ? -n : n, (int8_t) (4 - (p[1] >> 5)), field->quality);
}

//  A.3: seven digits; byte 3: D4 sign, D6 the unit times 1000.
static value_t s_scaled3 (const gdw_field_t *field, const uint8_t *p)
{
    int64_t n;
    unsigned high = p[3] & 15;
    if (!gdw_digits (p, 3, false, &n) || high > 9 || p[3] & 0xA0) {
        return value_none (gdw_absent (p, 4), field->quality);
    }
    n += (int64_t) high * 1000000;
    int8_t exponent = (int8_t) (field->exponent + (p[3] & 0x40 ? 3 : 0));
    return value_decimal (p[3] & 0x10 ? -n : n, exponent, field->quality);
}

static uint64_t s_number (const uint8_t *p, size_t size)
{
    uint64_t n = 0;
    for (size_t i = size; i-- > 0;) {
        n = n << 8 | p[i];
    }
    return n;
}

//  Numbers and flags of one byte may be EE; longer ones of EE are missing.
static bool s_missing (const gdw_field_t *field, const uint8_t *p)
{
    return (field->kind == FIELD_BIN || field->kind == FIELD_BITS) && field->size > 1 &&
           gdw_absent (p, field->size) == ABSENT_DEVICE;
}

value_t gdw_value (const gdw_field_t *field, const uint8_t *p, const gdw_context_t *context)
{
    if (s_missing (field, p)) {
        return value_none (ABSENT_DEVICE, field->quality);
    }
    switch ((field_kind_t) field->kind) {
    case FIELD_BCD:
    case FIELD_SIGNED:
        return gdw_decimal (field, p);
    case FIELD_SCALED2:
        return s_scaled2 (field, p);
    case FIELD_SCALED3:
        return s_scaled3 (field, p);
    case FIELD_TIME:
    case FIELD_DATE:
        return s_time (field, p, context);
    case FIELD_SUBJECT:
        return value_decimal (p[1] >> 7, 0, field->quality);
    case FIELD_BIN:
    case FIELD_TARIFFS:
        return value_decimal ((int64_t) s_number (p, field->size), 0, field->quality);
    case FIELD_BITS:
        return value_bits (s_number (p, field->size), field->quality);
    case FIELD_ASCII:
    case FIELD_ADDRESS:
    case FIELD_OPAQUE:
        break;
    }
    return value_none (ABSENT_UNKNOWN, field->quality);
}
