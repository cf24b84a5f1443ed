//  Exact decimals: mantissa x 10^exponent, as values carry them. Thresholds are written in decimal and compared
//  without a way through floating point.
#ifndef FEP_DECIMAL_H
#define FEP_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

#define DECIMAL_DIGITS_MAX 18

typedef struct {
    int64_t mantissa;
    int8_t exponent;  //  Power of ten
} decimal_t;

//  "-12.50": a sign, digits, perhaps a point and digits; at most DECIMAL_DIGITS_MAX of them. False if it is
//  anything else.
bool decimal_parse (const char *text, decimal_t *self);

//  False if the sum does not fit.
bool decimal_add (decimal_t a, decimal_t b, decimal_t *sum);

//  -1, 0 or 1, as a is less than, equal to or greater than b. Any mantissa and exponent.
int decimal_compare (decimal_t a, decimal_t b);

double decimal_double (decimal_t self);

//  In units of 10^exponent. False if it is no whole number of them, or does not fit.
bool decimal_whole (decimal_t self, int exponent, int64_t *number);

#endif
