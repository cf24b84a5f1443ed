//  What the map says of types, units and points; bytes into exact values and back.
#ifndef CODECS_CJT188_VALUE_H
#define CODECS_CJT188_VALUE_H

#include "codecs/cjt188/layout.h"
#include "fep/message.h"
#include "fep/zone.h"

enum { CJT_TIME_SIZE = 7 };

//  Class of a type byte; 0: none.
uint8_t cjt_class (uint8_t type);

//  NULL if the code is none.
const cjt_unit_t *cjt_unit (uint8_t code);

//  Point of a quantity; 0: there is none. first: role FIRST is the cooling energy, not that of the settlement day.
uint32_t cjt_point (uint8_t role, uint8_t class, uint8_t dimension, bool first_cooling);

//  Is a field of meters of these classes the point? Some quantities are one of two points, by their unit.
bool cjt_field_is (const cjt_field_t *field, uint8_t classes, bool first_cooling, uint32_t point);

//  Digits of size bytes, low byte first. False if a nibble is none.
bool cjt_digits (const uint8_t *p, size_t size, int64_t *number);

//  The BCD of a QUANTITY or NUMBER at p, before its unit.
value_t cjt_number (const cjt_field_t *field, const uint8_t *p);

//  Second to century at p. False if a digit or the date is none.
bool cjt_time (const uint8_t *p, const zone_t *zone, int64_t *utc_ms);

//  A value as the field's BCD; RANGE if it is not exactly that, UNSUPPORTED if it is no decimal.
FEP_MUST_CHECK
fep_err_t cjt_put_number (const cjt_field_t *field, const value_t *value, writer_t *out);

//  A year to a second as the field TIME has them.
void cjt_put_time (const zone_t *zone, int64_t utc_ms, writer_t *out);

#endif
