//  Values to registers: what modbus_value does, undone exactly.
#include "codecs/modbus_rtu/parts.h"
#include <float.h>
#include <math.h>

enum { PLACES_MAX = 19 };  //  Of ten that a 64-bit number may be multiplied with

__extension__ typedef __int128 wide_t;

//  mantissa x 10^exponent / multiplier as a whole number; false if it is none, or too large.
static bool s_whole_decimal (int64_t mantissa, int exponent, int64_t multiplier, int64_t *number)
{
    wide_t n = mantissa;
    *number = 0;
    if (n == 0) {
        return true;
    }
    if (exponent > PLACES_MAX) {
        return false;
    }
    for (; exponent > 0; exponent--) {
        n *= 10;
    }
    for (; exponent < 0; exponent++) {
        if (n % 10) {
            return false;
        }
        n /= 10;
    }
    wide_t whole = n / multiplier;
    *number = (int64_t) whole;
    return n % multiplier == 0 && whole >= INT64_MIN && whole <= INT64_MAX;
}

static double s_ten (int exponent)
{
    double ten = 1;
    for (; exponent > 0; exponent--) {
        ten *= 10;
    }
    return ten;
}

//  real x 10^exponent / multiplier
static double s_scaled (double real, int exponent, int64_t multiplier)
{
    real = exponent < 0 ? real / s_ten (-exponent) : real * s_ten (exponent);
    return real / (double) multiplier;
}

static bool s_whole (const profile_row_t *row, const value_t *value, int exponent, int64_t *number)
{
    if (value->kind == VALUE_FLOAT) {
        double real = s_scaled (value->real, -exponent, row->multiplier);
        *number = fabs (real) <= 1.0 / DBL_EPSILON ? (int64_t) real : 0;
        return fabs (real) <= 1.0 / DBL_EPSILON && (double) *number == real;
    }
    if (value->kind == VALUE_BITS) {
        return value->mantissa >= 0 &&
               s_whole_decimal (value->mantissa, -exponent, row->multiplier, number);
    }
    return value->kind == VALUE_DECIMAL &&
           s_whole_decimal (value->mantissa, value->exponent - exponent, row->multiplier, number);
}

//  ---- Binary floats ----

//  A decimal fits if the float is nearer to it than half a step of its last place.
static bool s_fits (const value_t *value, double want, double got, double step)
{
    if (!isfinite (got)) {
        return false;
    }
    return value->kind == VALUE_FLOAT || got == want || fabs (got - want) < step / 2;
}

static bool s_real (const profile_row_t *row, const value_t *value, uint64_t *raw)
{
    double want, step = 0;
    if (value->kind == VALUE_FLOAT) {
        want = s_scaled (value->real, -row->exponent, row->multiplier);
    } else if (value->kind == VALUE_DECIMAL || value->kind == VALUE_BITS) {
        int exponent = (value->kind == VALUE_BITS ? 0 : value->exponent) - row->exponent;
        want = s_scaled ((double) value->mantissa, exponent, row->multiplier);
        step = s_scaled (1, exponent, row->multiplier);
        double whole = fabs ((double) value->mantissa);
        if (whole > 1.0 / DBL_EPSILON) {
            return false;
        }
    } else {
        return false;
    }
    if (row->type == REGISTER_F64) {
        memcpy (raw, &want, sizeof *raw);
        return s_fits (value, want, want, step);
    }
    float got = fabs (want) <= (double) FLT_MAX ? (float) want : (float) INFINITY;
    uint32_t bits;
    memcpy (&bits, &got, sizeof bits);
    *raw = bits;
    return s_fits (value, want, (double) got, step);
}

//  ---- Whole numbers ----

static bool s_bcd (int64_t number, unsigned digits, uint64_t *raw)
{
    *raw = 0;
    for (unsigned i = 0; i < digits; i++) {
        *raw |= (uint64_t) (number % 10) << 4 * i;
        number /= 10;
    }
    return number == 0;
}

//  What so many bits hold, with a sign or without.
static bool s_holds (int64_t number, unsigned width, bool is_signed)
{
    if (is_signed) {
        return width == 64 || (number >= -(1ll << (width - 1)) && number < 1ll << (width - 1));
    }
    return number >= 0 && (width >= 63 || number < 1ll << width);
}

static bool s_number (const profile_row_t *row, int64_t number, uint64_t *raw)
{
    unsigned width = row->registers * 16u;
    *raw = (uint64_t) number & UINT64_MAX >> (64 - width);
    switch ((register_type_t) row->type) {
    case REGISTER_U16:
    case REGISTER_U32:
    case REGISTER_U64:
        return s_holds (number, width, false);
    case REGISTER_I16:
    case REGISTER_I32:
    case REGISTER_I64:
        return s_holds (number, width, true);
    case REGISTER_BCD16:
    case REGISTER_BCD32:
        return number >= 0 && s_bcd (number, width / 4, raw);
    case REGISTER_BIT:
        return s_holds (number, 1, false);
    case REGISTER_BITS:
        return s_holds (number, row->bits, false);
    default:
        return false;
    }
}

fep_err_t modbus_raw (const profile_row_t *row, const value_t *value, int factor, uint64_t *raw)
{
    int64_t number = 0;
    bool real = row->type == REGISTER_F32 || row->type == REGISTER_F64;
    bool good =
        real ? s_real (row, value, raw)
             : s_whole (row, value, row->exponent + factor, &number) && s_number (row, number, raw);
    return good && !(row->has_none && *raw == row->none) ? FEP_OK : FEP_RANGE;
}

void modbus_put_registers (const profile_row_t *row, uint64_t raw, uint8_t *out)
{
    bool words = row->order == ORDER_CDAB || row->order == ORDER_DCBA;
    bool bytes = row->order == ORDER_BADC || row->order == ORDER_DCBA;
    for (unsigned i = 0; i < row->registers; i++) {
        uint16_t word = (uint16_t) (raw >> 16 * (row->registers - 1u - i));
        uint8_t *p = out + 2 * (words ? row->registers - 1u - i : i);
        p[bytes] = (uint8_t) (word >> 8);
        p[!bytes] = (uint8_t) word;
    }
}
