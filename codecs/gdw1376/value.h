//  Data formats of annex A: bytes into exact values and instants.
#ifndef CODECS_GDW1376_VALUE_H
#define CODECS_GDW1376_VALUE_H

#include "codecs/gdw1376/layout.h"
#include "fep/message.h"
#include "fep/zone.h"

//  Two digits as 0..99, or 0xFF if a nibble is no digit.
extern const uint8_t gdw_bcd[256];

//  Year and month that shorter times (A.17, A.18) lean on; year 0: none known.
typedef struct {
    int year;            //  Of the read time or Td
    int month;           //  1..12
    int64_t at_ms;       //  The instant itself; a maximum lies before it
    const zone_t *zone;  //  Of the terminal's clock; NULL: the node's
} gdw_context_t;

//  The value of one field at p; field->size bytes are there. Every byte EE: ABSENT_DEVICE; other
//  digits that are none, or a time that is none: ABSENT_UNREADABLE. Times are seconds since 1970,
//  UTC.
value_t gdw_value (const gdw_field_t *field, const uint8_t *p, const gdw_context_t *context);

//  Why there is no value in n bytes that do not read as digits.
absent_t gdw_absent (const uint8_t *p, size_t n);

//  The instant of A.15 (min, hour, day, month, year) at p, local to the zone. False if a digit or the
//  date is none. Of an hour that comes twice it is the first.
bool gdw_time_a15 (const zone_t *zone, const uint8_t *p, int64_t *utc_ms);

//  The same, but the later of two instants, if that is not behind now_ms: of what was read just now.
bool gdw_time_recent (const zone_t *zone, const uint8_t *p, int64_t now_ms, int64_t *utc_ms);

//  Td_d (day, month, year): the first instant behind that day; Td_m (month, year): behind that
//  month. context, whose zone counts, becomes the day or month named.
bool gdw_time_td_day (const uint8_t *p, int64_t *utc_ms, gdw_context_t *context);
bool gdw_time_td_month (const uint8_t *p, int64_t *utc_ms, gdw_context_t *context);

//  Digits of size bytes, low byte first. Returns false if a nibble is no digit. sign: top bit of
//  the last.
static inline bool gdw_digits (const uint8_t *p, size_t size, bool sign, int64_t *out)
{
    unsigned bad = 0;
    int64_t n = 0;
    unsigned last = sign ? p[size - 1] & 0x7Fu : p[size - 1];
    for (size_t i = size; i-- > 0;) {
        unsigned two = gdw_bcd[i == size - 1 ? last : p[i]];
        bad |= two;
        n = n * 100 + two;
    }
    *out = sign && p[size - 1] & 0x80 ? -n : n;
    return (bad & 0x80) == 0;
}

//  A decimal field: the quick way for FIELD_BCD and FIELD_SIGNED.
static inline value_t gdw_decimal (const gdw_field_t *field, const uint8_t *p)
{
    int64_t n;
    if (!gdw_digits (p, field->size, field->kind == FIELD_SIGNED, &n)) {
        return value_none (gdw_absent (p, field->size), field->quality);
    }
    return value_decimal (n, field->exponent, field->quality);
}

#endif
