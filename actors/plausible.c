//  Rules of points, and numbers compared.
#include "actors/plausible.h"
#include <math.h>
#include <stdlib.h>

static const char *const s_reasons[REASON_COUNT] = {"",      "range",        "time", "falls",
                                                    "rises", "stands_still", "sum",  "before"};

const char *reason_name (reason_t reason)
{
    return (unsigned) reason < REASON_COUNT ? s_reasons[reason] : "";
}

//  ---- Numbers ----

static long double s_power (int exponent)
{
    static const long double powers[] = {1e0L, 1e1L, 1e2L, 1e3L, 1e4L,
                                         1e5L, 1e6L, 1e7L, 1e8L, 1e9L};
    int size = exponent < 0 ? -exponent : exponent;
    long double power = size < 10 ? powers[size] : powl (10.0L, size);
    return exponent < 0 ? 1.0L / power : power;
}

long double value_number (const value_t *value)
{
    if (value->kind == VALUE_FLOAT) {
        return value->real;
    }
    //  A division by a power of ten is exact to the last bit more often than a product with its reciprocal.
    return value->exponent < 0 ? value->mantissa / s_power (-value->exponent)
                               : value->mantissa * s_power (value->exponent);
}

int value_order (const value_t *a, const value_t *b)
{
    if (a->kind == VALUE_DECIMAL && b->kind == VALUE_DECIMAL && a->exponent == b->exponent) {
        return a->mantissa < b->mantissa ? -1 : a->mantissa > b->mantissa;
    }
    long double left = value_number (a), right = value_number (b);
    return left < right ? -1 : left > right;
}

long double value_unit (const value_t *value)
{
    if (value->kind == VALUE_FLOAT) {
        //  Meters send single precision.
        return fabsl (value->real) * 1.2e-7L;
    }
    return s_power (value->exponent);
}

//  Decimals of one exponent, as meters send them, in whole numbers. False if they are not.
static bool s_difference (const value_t *total, const value_t *tariffs[], size_t count,
                          int64_t *difference)
{
    *difference = total->mantissa;
    bool ok = total->kind == VALUE_DECIMAL;
    for (size_t i = 0; i < count && ok; i++) {
        ok = tariffs[i]->kind == VALUE_DECIMAL && tariffs[i]->exponent == total->exponent &&
             !__builtin_sub_overflow (*difference, tariffs[i]->mantissa, difference);
    }
    return ok;
}

bool sum_agrees (const value_t *total, const value_t *tariffs[], size_t count)
{
    long double difference = value_number (total);
    long double allowed = 0;
    int64_t units;
    if (s_difference (total, tariffs, count, &units)) {
        return units <= (int64_t) count && units >= -(int64_t) count;
    }
    for (size_t i = 0; i < count; i++) {
        long double unit = value_unit (tariffs[i]), own = value_unit (total);
        difference -= value_number (tariffs[i]);
        allowed += unit > own ? unit : own;
    }
    //  What binary rounding adds is far below a unit.
    return fabsl (difference) <= allowed * 1.000001L;
}

//  ---- Ranges ----

bool range_allows (double least, double most, const value_t *value)
{
    if (value->quality & QUALITY_INVALID) {
        return true;
    }
    long double number = 0;
    if (value->kind == VALUE_BITS) {
        number = (uint64_t) value->mantissa;
    } else if (value->kind == VALUE_DECIMAL || value->kind == VALUE_FLOAT) {
        number = value_number (value);
    } else {
        return true;
    }
    //  The limits were written as decimals and are doubles now.
    long double slack = (fabs (least) > fabs (most) ? fabs (least) : fabs (most)) * 1e-15L;
    return number >= least - slack && number <= most + slack;
}

//  The limits in units of an exponent.
static void s_prepare (rule_t *self, int8_t exponent)
{
    long double unit = s_power (exponent);
    long double low = ceill (self->least / unit - 1e-6L);
    long double high = floorl (self->most / unit + 1e-6L);
    bool none = self->least == 0 && self->most == 0;
    self->low = none || low <= -9.2e18L ? INT64_MIN : (int64_t) low;
    self->high = none || high >= 9.2e18L ? INT64_MAX : (int64_t) high;
    self->exponent = exponent;
}

bool rule_allows (rule_t *self, const value_t *value)
{
    if (value->kind != VALUE_DECIMAL || value->exponent == EXPONENT_NONE) {
        return (self->least == 0 && self->most == 0) ||
               range_allows (self->least, self->most, value);
    }
    if (value->exponent != self->exponent) {
        s_prepare (self, value->exponent);
    }
    return (value->mantissa >= self->low && value->mantissa <= self->high) ||
           value->quality & QUALITY_INVALID;
}

//  ---- Rules ----

static bool s_is (const char *a, const char *b)
{
    return strcmp (a, b) == 0;
}

//  What the dictionary says of a point.
static rule_t s_rule (uint32_t point)
{
    const point_info_t *info = point_find (point);
    rule_t rule = {.point = point, .exponent = EXPONENT_NONE};
    if (!info) {
        return rule;
    }
    bool energy = s_is (info->unit, "kWh") || s_is (info->unit, "kvarh");
    rule.least = info->low;
    rule.most = info->high;
    rule.flags |= info->kind == POINT_CUMULATIVE ? RULE_REGISTER : 0;
    rule.flags |= energy ? RULE_ENERGY : 0;
    rule.flags |= energy && info->tariffs ? RULE_SUM : 0;
    rule.flags |= point == POINT (1, 0, 16, 7, 0) ? RULE_LOAD : 0;
    return rule;
}

rules_t *rules_new (void)
{
    rules_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    self->rules[0] = s_rule (0);
    self->count = 1;
    return self;
}

void rules_destroy (rules_t **self_p)
{
    free (*self_p);
    *self_p = NULL;
}

rule_t *rules_find (rules_t *self, uint32_t point)
{
    size_t mask = sizeof self->index / sizeof *self->index - 1;
    size_t at = point * 0x9E3779B1u >> 8 & mask;
    while (self->index[at]) {
        if (self->rules[self->index[at]].point == point) {
            return &self->rules[self->index[at]];
        }
        at = (at + 1) & mask;
    }
    if (self->count == RULES_MAX) {
        uint32_t next = self->rules[0].next;
        self->rules[0] = s_rule (point);
        self->rules[0].next = next;
        return &self->rules[0];
    }
    self->index[at] = (uint16_t) self->count;
    self->rules[self->count] = s_rule (point);
    return &self->rules[self->count++];
}
