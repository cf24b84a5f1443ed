//  Rules: from their texts, and what a value means to one.
#include "actors/alarm_rule.h"
#include "fep/check.h"
#include "fep/point.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

//  Direction +1: holds above the threshold; -1: below it; 0: see what.
static const struct {
    const char *name;                 //  In the configuration
    int direction;                    //  Of the condition
    bool inclusive;                   //  Holds on the threshold too
    enum { ORDER, EQUAL, BIT } what;  //  What is compared
} s_compares[] = {{"gt", 1, false, ORDER},   {"ge", 1, true, ORDER},      {"lt", -1, false, ORDER},
                  {"le", -1, true, ORDER},   {"eq", 0, true, EQUAL},      {"ne", 0, false, EQUAL},
                  {"bit_set", 0, true, BIT}, {"bit_clear", 0, false, BIT}};

#define COMPARE_COUNT (sizeof s_compares / sizeof *s_compares)

static const char *const s_ons[ALARM_ON_COUNT] = {"point", "event", "link"};

static void s_copy (char *to, size_t size, const char *from)
{
    snprintf (to, size, "%s", from);
}

static alarm_on_t s_on (const char *name)
{
    int on = 0;
    while (on < ALARM_ON_LINK && strcmp (s_ons[on], name) != 0) {
        on++;
    }
    return (alarm_on_t) on;
}

//  The configuration was checked.
static void s_set_point (alarm_rule_t *self, const config_alarm_t *config)
{
    decimal_t hysteresis = {0, 0};
    bool ok = point_parse (config->point, &self->point);
    self->compare = 0;
    while (self->compare + 1u < COMPARE_COUNT &&
           strcmp (s_compares[self->compare].name, config->compare) != 0) {
        self->compare++;
    }
    if (s_compares[self->compare].what == BIT) {
        self->bit = (unsigned) strtoul (config->threshold, NULL, 10) & 63;
    } else {
        ok = ok && decimal_parse (config->threshold, &self->threshold) &&
             decimal_parse (config->hysteresis, &hysteresis);
    }
    if (s_compares[self->compare].direction > 0) {
        hysteresis.mantissa = -hysteresis.mantissa;
    }
    ok = ok && decimal_add (self->threshold, hysteresis, &self->edge);
    FEP_ASSERT (ok);
}

void alarm_rule_set (alarm_rule_t *self, const config_alarm_t *config)
{
    s_copy (self->name, sizeof self->name, config->name);
    s_copy (self->group, sizeof self->group, config->group);
    s_copy (self->terminal, sizeof self->terminal, config->terminal);
    s_copy (self->level, sizeof self->level, config->level);
    self->on = s_on (config->on);
    self->event = config->event[0] ? (int32_t) strtol (config->event, NULL, 10) : -1;
    self->delay_ms = (int64_t) config->delay_ms;
    self->settle_ms = (int64_t) config->settle_ms;
    self->point = self->on == ALARM_ON_EVENT ? POINT_EVENT_CODE : POINT_LINK_STATE;
    if (self->on == ALARM_ON_POINT) {
        s_set_point (self, config);
    }
}

bool alarm_rule_same (const alarm_rule_t *self, const config_alarm_t *config)
{
    uint32_t point = self->point;
    int32_t event = config->event[0] ? (int32_t) strtol (config->event, NULL, 10) : -1;
    if (self->on == ALARM_ON_POINT && !point_parse (config->point, &point)) {
        return false;
    }
    return strcmp (self->name, config->name) == 0 && self->on == s_on (config->on) &&
           self->point == point && self->event == event &&
           strcmp (self->group, config->group) == 0 &&
           strcmp (self->terminal, config->terminal) == 0;
}

//  Compares with a threshold: -1, 0, 1.
static int s_compare (const value_t *value, decimal_t threshold)
{
    if (value->kind == VALUE_FLOAT) {
        double other = decimal_double (threshold);
        return (value->real > other) - (value->real < other);
    }
    if (value->kind == VALUE_BITS) {
        int64_t number = value->mantissa < 0 ? INT64_MAX : value->mantissa;
        return decimal_compare ((decimal_t){number, 0}, threshold);
    }
    return decimal_compare ((decimal_t){value->mantissa, value->exponent}, threshold);
}

static condition_t s_judge_bit (const alarm_rule_t *self, const value_t *value, bool set)
{
    bool whole = value->kind == VALUE_DECIMAL && value->exponent == 0 && value->mantissa >= 0;
    if (value->kind != VALUE_BITS && !whole) {
        return CONDITION_UNKNOWN;
    }
    bool is = (uint64_t) value->mantissa >> self->bit & 1;
    return is == set ? CONDITION_HOLDS : CONDITION_GONE;
}

condition_t alarm_rule_judge (const alarm_rule_t *self, const value_t *value)
{
    int direction = s_compares[self->compare].direction;
    bool inclusive = s_compares[self->compare].inclusive;
    if (value->kind == VALUE_NONE || value->kind == VALUE_TEXT ||
        (value->kind == VALUE_FLOAT && isnan (value->real))) {
        return CONDITION_UNKNOWN;
    }
    if (s_compares[self->compare].what == BIT) {
        return s_judge_bit (self, value, inclusive);
    }
    int sign = s_compare (value, self->threshold);
    if (s_compares[self->compare].what == EQUAL) {
        return (sign == 0) == inclusive ? CONDITION_HOLDS : CONDITION_GONE;
    }
    if (sign == direction || (sign == 0 && inclusive)) {
        return CONDITION_HOLDS;
    }
    int away = s_compare (value, self->edge);
    bool gone = away == -direction || (away == 0 && !inclusive);
    return gone ? CONDITION_GONE : CONDITION_BETWEEN;
}
