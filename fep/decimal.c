//  Decimals on 128-bit integers. Two exponents further apart than 18 need no multiplication: a mantissa other
//  than 0, times 10^19, is greater than any other mantissa.
#include "fep/decimal.h"
#include <string.h>

#define APART_MAX 18

__extension__ typedef __int128 wide_t;

static wide_t s_scale (int64_t mantissa, int power)
{
    wide_t wide = mantissa;
    while (power-- > 0) {
        wide *= 10;
    }
    return wide;
}

bool decimal_parse (const char *text, decimal_t *self)
{
    bool negative = *text == '-';
    int digits = 0;
    int decimals = 0;
    int64_t mantissa = 0;
    text += negative || *text == '+';
    size_t whole = strspn (text, "0123456789");
    const char *rest = text + whole;
    size_t part = *rest == '.' ? strspn (rest + 1, "0123456789") : 0;
    if (whole == 0 || (*rest == '.' && part == 0) || rest[*rest == '.' ? part + 1 : 0]) {
        return false;
    }
    for (const char *at = text; *at; at++) {
        if (*at != '.') {
            digits += mantissa || *at != '0';
            decimals += at > rest;
            if (digits > DECIMAL_DIGITS_MAX || decimals > DECIMAL_DIGITS_MAX) {
                return false;
            }
            mantissa = mantissa * 10 + (*at - '0');
        }
    }
    self->mantissa = negative ? -mantissa : mantissa;
    self->exponent = (int8_t) -decimals;
    return true;
}

bool decimal_add (decimal_t a, decimal_t b, decimal_t *sum)
{
    int8_t low = a.exponent < b.exponent ? a.exponent : b.exponent;
    if (a.exponent - low > APART_MAX || b.exponent - low > APART_MAX) {
        return false;
    }
    wide_t wide = s_scale (a.mantissa, a.exponent - low) + s_scale (b.mantissa, b.exponent - low);
    if (wide > INT64_MAX || wide < INT64_MIN) {
        return false;
    }
    sum->mantissa = (int64_t) wide;
    sum->exponent = low;
    return true;
}

static int s_sign (int64_t number)
{
    return (number > 0) - (number < 0);
}

int decimal_compare (decimal_t a, decimal_t b)
{
    if (s_sign (a.mantissa) != s_sign (b.mantissa) || a.mantissa == 0) {
        return s_sign (s_sign (a.mantissa) - s_sign (b.mantissa));
    }
    int apart = a.exponent - b.exponent;
    if (apart > APART_MAX || apart < -APART_MAX) {
        return apart > 0 ? s_sign (a.mantissa) : -s_sign (a.mantissa);
    }
    wide_t left = s_scale (a.mantissa, apart > 0 ? apart : 0);
    wide_t right = s_scale (b.mantissa, apart < 0 ? -apart : 0);
    return (left > right) - (left < right);
}

double decimal_double (decimal_t self)
{
    double value = (double) self.mantissa;
    int power = self.exponent;
    double scale = 1;
    for (int i = power < 0 ? -power : power; i > 0; i--) {
        scale *= 10;
    }
    return power < 0 ? value / scale : value * scale;
}

bool decimal_whole (decimal_t self, int exponent, int64_t *number)
{
    int shift = self.exponent - exponent;
    *number = self.mantissa;
    for (; shift > 0 && *number; shift--) {
        if (__builtin_mul_overflow (*number, 10, number)) {
            return false;
        }
    }
    for (; shift < 0 && *number; shift++) {
        if (*number % 10) {
            return false;
        }
        *number /= 10;
    }
    return true;
}
