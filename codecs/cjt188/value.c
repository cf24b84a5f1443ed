//  Types, units, points; BCD, times.
#include "codecs/cjt188/value.h"
#include "fep/decimal.h"
#include "fep/point.h"

uint8_t cjt_class (uint8_t type)
{
    for (size_t i = 0; i < cjt_type_count; i++) {
        if (type >= cjt_types[i].from && type <= cjt_types[i].to) {
            return cjt_types[i].class;
        }
    }
    return 0;
}

const cjt_unit_t *cjt_unit (uint8_t code)
{
    for (size_t i = 0; i < cjt_unit_count; i++) {
        if (cjt_units[i].code == code) {
            return &cjt_units[i];
        }
    }
    return NULL;
}

static uint8_t s_role (uint8_t role, bool first_cooling)
{
    return role != CJT_FIRST ? role : first_cooling ? CJT_COOLING : CJT_SETTLED;
}

uint32_t cjt_point (uint8_t role, uint8_t class, uint8_t dimension, bool first_cooling)
{
    role = s_role (role, first_cooling);
    for (size_t i = 0; i < cjt_point_count; i++) {
        const cjt_point_t *row = &cjt_points[i];
        if (row->role == role && row->class == class && row->dimension == dimension) {
            return row->point;
        }
    }
    return 0;
}

bool cjt_field_is (const cjt_field_t *field, uint8_t classes, bool first_cooling, uint32_t point)
{
    uint8_t role = s_role (field->role, first_cooling);
    if (field->kind == CJT_STATUS) {
        return point == POINT_VALVE_STATE || point == POINT_BATTERY_LOW ||
               point == POINT_METER_STATUS;
    }
    if (field->kind != CJT_QUANTITY) {
        return field->point == point && point != 0;
    }
    for (size_t i = 0; i < cjt_point_count; i++) {
        const cjt_point_t *row = &cjt_points[i];
        if (row->role == role && row->class & classes && row->point == point) {
            return true;
        }
    }
    return false;
}

//  ---- From the wire ----

bool cjt_digits (const uint8_t *p, size_t size, int64_t *number)
{
    *number = 0;
    for (size_t i = size; i-- > 0;) {
        unsigned high = p[i] >> 4;
        unsigned low = p[i] & 15;
        if (high > 9 || low > 9) {
            return false;
        }
        *number = *number * 100 + (int64_t) (high * 10 + low);
    }
    return true;
}

value_t cjt_number (const cjt_field_t *field, const uint8_t *p)
{
    int64_t number;
    size_t size = (size_t) field->size - (field->kind == CJT_QUANTITY);
    return cjt_digits (p, size, &number) ? value_decimal (number, (int8_t) -field->decimals, 0)
                                         : value_none (ABSENT_UNREADABLE, 0);
}

static int s_two (uint8_t byte)
{
    int64_t number;
    return cjt_digits (&byte, 1, &number) ? (int) number : -1;
}

bool cjt_time (const uint8_t *p, const zone_t *zone, int64_t *utc_ms)
{
    int64_t all;
    clock_civil_t civil = {s_two (p[6]) * 100 + s_two (p[5]),
                           s_two (p[4]),
                           s_two (p[3]),
                           s_two (p[2]),
                           s_two (p[1]),
                           s_two (p[0])};
    return cjt_digits (p, CJT_TIME_SIZE, &all) && zone_utc (zone, &civil, ZONE_EARLIER, utc_ms);
}

//  ---- To the wire ----

static void s_put_digits (int64_t number, size_t size, writer_t *out)
{
    for (size_t i = 0; i < size; i++, number /= 100) {
        writer_u8 (out, (uint8_t) (number / 10 % 10 << 4 | number % 10));
    }
}

fep_err_t cjt_put_number (const cjt_field_t *field, const value_t *value, writer_t *out)
{
    size_t size = (size_t) field->size - (field->kind == CJT_QUANTITY);
    int64_t number, most = 1;
    if (value->kind != VALUE_DECIMAL) {
        return FEP_UNSUPPORTED;
    }
    if (!decimal_whole ((decimal_t){value->mantissa, value->exponent}, -field->decimals, &number)) {
        return FEP_RANGE;
    }
    for (size_t i = 0; i < size; i++) {
        most *= 100;
    }
    if (number < 0 || number >= most) {
        return FEP_RANGE;
    }
    s_put_digits (number, size, out);
    return FEP_OK;
}

void cjt_put_time (const zone_t *zone, int64_t utc_ms, writer_t *out)
{
    clock_civil_t civil;
    (void) zone_civil (zone, utc_ms, &civil);
    const int parts[] = {civil.second, civil.minute, civil.hour, civil.day, civil.month};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        s_put_digits (parts[i], 1, out);
    }
    s_put_digits (civil.year, 2, out);
}
