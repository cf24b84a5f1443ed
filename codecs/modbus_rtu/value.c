//  Registers to exact decimals, floats and bits.
#include "codecs/modbus_rtu/parts.h"
#include <math.h>

enum { REGISTERS_MAX = 4, PLACES_MAX = 18, FACTOR_MAX = 10, FACTOR_NONE = INT16_MIN };

//  The registers as one number, the most significant byte first whatever the order on the line.
static uint64_t s_raw (const profile_row_t *row, const uint8_t *data)
{
    bool words = row->order == ORDER_CDAB || row->order == ORDER_DCBA;
    bool bytes = row->order == ORDER_BADC || row->order == ORDER_DCBA;
    uint64_t raw = 0;
    for (size_t i = 0; i < row->registers && i < REGISTERS_MAX; i++) {
        const uint8_t *p = data + 2 * (words ? row->registers - 1u - i : i);
        raw = raw << 16 | (uint64_t) (p[bytes] << 8 | p[!bytes]);
    }
    return raw;
}

static int64_t s_signed (uint64_t raw, unsigned width)
{
    uint64_t sign = 1ull << (width - 1);
    return (int64_t) ((raw ^ sign) - sign);
}

//  Binary coded decimal. False if a digit is none.
static bool s_bcd (uint64_t raw, unsigned digits, int64_t *number)
{
    *number = 0;
    for (unsigned i = digits; i-- > 0;) {
        unsigned digit = raw >> 4 * i & 15;
        if (digit > 9) {
            return false;
        }
        *number = *number * 10 + (int64_t) digit;
    }
    return true;
}

static value_t s_decimal (const profile_row_t *row, int64_t number)
{
    int64_t mantissa;
    if (__builtin_mul_overflow (number, row->multiplier, &mantissa)) {
        return value_none (ABSENT_UNREADABLE, 0);
    }
    return value_decimal (mantissa, row->exponent, 0);
}

//  No number is how devices say that they have none; what has no end is no reading.
static value_t s_float (const profile_row_t *row, double real)
{
    static const double tens[PLACES_MAX + 1] = {1,    1e1,  1e2,  1e3,  1e4,  1e5,  1e6,
                                                1e7,  1e8,  1e9,  1e10, 1e11, 1e12, 1e13,
                                                1e14, 1e15, 1e16, 1e17, 1e18};
    if (isnan (real)) {
        return value_none (ABSENT_DEVICE, 0);
    }
    real = real * (double) row->multiplier / tens[-row->exponent];
    if (isinf (real)) {
        return value_none (ABSENT_UNREADABLE, 0);
    }
    return (value_t){.real = real, .kind = VALUE_FLOAT};
}

static double s_f32 (uint64_t raw)
{
    uint32_t bits = (uint32_t) raw;
    float real;
    memcpy (&real, &bits, sizeof real);
    return (double) real;
}

static double s_f64 (uint64_t raw)
{
    double real;
    memcpy (&real, &raw, sizeof real);
    return real;
}

value_t modbus_value (const profile_row_t *row, const uint8_t *data, size_t bit)
{
    int64_t number = 0;
    unsigned width = row->registers * 16u;
    uint64_t raw =
        row->type == REGISTER_BIT ? (uint64_t) data[bit / 8] >> bit % 8 & 1 : s_raw (row, data);
    if (row->has_none && raw == row->none) {
        return value_none (ABSENT_DEVICE, 0);
    }
    switch ((register_type_t) row->type) {
    case REGISTER_U16:
    case REGISTER_U32:
    case REGISTER_U64:
        return raw > INT64_MAX ? value_none (ABSENT_UNREADABLE, 0) : s_decimal (row, (int64_t) raw);
    case REGISTER_I16:
    case REGISTER_I32:
    case REGISTER_I64:
        return s_decimal (row, s_signed (raw, width));
    case REGISTER_F32:
        return s_float (row, s_f32 (raw));
    case REGISTER_F64:
        return s_float (row, s_f64 (raw));
    case REGISTER_BCD16:
    case REGISTER_BCD32:
        return s_bcd (raw, width / 4, &number) ? s_decimal (row, number)
                                               : value_none (ABSENT_UNREADABLE, 0);
    case REGISTER_BIT:
        return value_bits (raw, 0);
    case REGISTER_BITS:
        return value_bits (raw >> row->bit & ((1u << row->bits) - 1), 0);
    case REGISTER_TYPE_COUNT:
        break;
    }
    return value_none (ABSENT_UNKNOWN, 0);
}

bool modbus_factor_good (int16_t factor, absent_t *absent)
{
    *absent = factor == FACTOR_NONE ? ABSENT_DEVICE : ABSENT_UNREADABLE;
    return factor >= -FACTOR_MAX && factor <= FACTOR_MAX;
}
