//  Fields of the map: bytes into exact values, instants and texts.
#ifndef CODECS_DLT645_VALUE_H
#define CODECS_DLT645_VALUE_H

#include "codecs/dlt645/layout.h"
#include "fep/message.h"
#include "fep/zone.h"

#define DLT_TEXT_MAX 24

//  What times lean on.
typedef struct {
    const zone_t *zone;  //  Of the meter's clock; NULL: the node's
    int64_t now_ms;      //  A time without year lies before it
} dlt_now_t;

//  The value of a field at p; field->size bytes are there. Every byte FF, or a time of zeros: ABSENT_DEVICE; other
//  digits that are none: ABSENT_UNREADABLE. Times are seconds since 1970, UTC. A text stands in `text`.
value_t dlt_value (const dlt_field_t *field, const uint8_t *p, const dlt_now_t *now,
                   char text[DLT_TEXT_MAX]);

//  Digits of size bytes, low byte first. False if a nibble is no digit. sign: the top bit of the last.
bool dlt_digits (const uint8_t *p, size_t size, bool sign, int64_t *number);

//  The instant of the civil time whose digits are given. False if they are none.
bool dlt_instant (const zone_t *zone, uint8_t year, uint8_t month, uint8_t day, uint8_t hour,
                  uint8_t minute, uint8_t second, int64_t *utc_ms);

//  A number of 0..99 as two digits.
static inline uint8_t dlt_bcd (int number)
{
    return (uint8_t) (number / 10 % 10 << 4 | number % 10);
}

#endif
