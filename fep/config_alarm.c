//  The rules of alarms as a whole. What libcyaml and the table cannot say: which keys go together, which points
//  there are, which texts are numbers.
#include "fep/config_walk.h"
#include "fep/decimal.h"
#include "fep/point.h"
#include <stdlib.h>

#define EVENT_MAX 65535
#define BIT_MAX 63

typedef struct {
    const config_alarm_t *alarm;  //  The rule
    const config_fault_t *fault;  //  Where faults go
    const config_place_t *keys;   //  Where its keys stand
    config_place_t entry;         //  Where it stands
} check_t;

static config_place_t s_place (const check_t *self, size_t key)
{
    return self->keys[key].line ? self->keys[key] : self->entry;
}

static fep_err_t s_refuse (const check_t *self, size_t key, fep_err_t error, const char *text,
                           const char *wrong)
{
    return config_fault (self->fault, s_place (self, key), error, "alarms.%s: '%.*s' %s",
                         option_alarm_keys[key].key, CONFIG_SHOWN_MAX, text, wrong);
}

//  Said, and not as the default: somebody expects something of it.
static bool s_is_said (const check_t *self, size_t key)
{
    const option_t *option = &option_alarm_keys[key];
    const char *slot = (const char *) self->alarm + option->offset;
    if (option_is_text (option)) {
        const char *text;
        memcpy (&text, slot, sizeof text);
        return self->keys[key].line && strcmp (text, option->value) != 0;
    }
    int64_t number;
    memcpy (&number, slot, sizeof number);
    return self->keys[key].line && number != strtoll (option->value, NULL, 10);
}

//  Keys that mean nothing for what the rule is on.
static fep_err_t s_check_said (const check_t *self)
{
    static const struct {
        size_t key;      //  Said
        const char *on;  //  Means something there only
    } rows[] = {{ALARM_POINT, "point"},
                {ALARM_COMPARE, "point"},
                {ALARM_THRESHOLD, "point"},
                {ALARM_HYSTERESIS, "point"},
                {ALARM_EVENT, "event"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (s_is_said (self, rows[i].key) && strcmp (self->alarm->on, rows[i].on) != 0) {
            return config_fault (self->fault, self->keys[rows[i].key], FEP_RANGE,
                                 "alarms.%s goes with `on: %s`, this rule is on %s",
                                 option_alarm_keys[rows[i].key].key, rows[i].on, self->alarm->on);
        }
    }
    if (s_is_said (self, ALARM_DELAY_MS) && strcmp (self->alarm->on, "event") == 0) {
        return config_fault (self->fault, self->keys[ALARM_DELAY_MS], FEP_RANGE,
                             "alarms.delay_ms goes with `on: point` and `on: link`: an event does "
                             "not last");
    }
    return FEP_OK;
}

//  Digits only, at most `most`.
static bool s_is_number (const char *text, long most)
{
    size_t digits = strspn (text, "0123456789");
    return digits && digits <= 5 && !text[digits] && strtol (text, NULL, 10) <= most;
}

static bool s_is_bit (const config_alarm_t *alarm)
{
    return strncmp (alarm->compare, "bit_", 4) == 0;
}

static fep_err_t s_check_hysteresis (const check_t *self, decimal_t threshold)
{
    const config_alarm_t *alarm = self->alarm;
    bool ordered = alarm->compare[0] == 'g' || alarm->compare[0] == 'l';
    decimal_t hysteresis, edge;
    if (!decimal_parse (alarm->hysteresis, &hysteresis) || hysteresis.mantissa < 0) {
        return s_refuse (self, ALARM_HYSTERESIS, FEP_SYNTAX, alarm->hysteresis,
                         "is no decimal from 0 on such as 0.5; allowed are 18 digits");
    }
    if (hysteresis.mantissa && !ordered) {
        return s_refuse (self, ALARM_HYSTERESIS, FEP_RANGE, alarm->hysteresis,
                         "goes with gt, ge, lt and le; allowed is 0");
    }
    decimal_t minus = {-hysteresis.mantissa, hysteresis.exponent};
    if (!decimal_add (threshold, hysteresis, &edge) || !decimal_add (threshold, minus, &edge)) {
        return s_refuse (self, ALARM_HYSTERESIS, FEP_RANGE, alarm->hysteresis,
                         "has too many digits for that threshold; allowed are 18 in all");
    }
    return FEP_OK;
}

static fep_err_t s_check_point (const check_t *self)
{
    const config_alarm_t *alarm = self->alarm;
    uint32_t point;
    decimal_t threshold;
    if (!point_parse (alarm->point, &point)) {
        return s_refuse (self, ALARM_POINT, FEP_RANGE, alarm->point,
                         "is no point; allowed are names such as voltage.l1_V and OBIS such as "
                         "1.0.32.7.0");
    }
    if (s_is_bit (alarm)) {
        if (!s_is_number (alarm->threshold, BIT_MAX)) {
            return s_refuse (self, ALARM_THRESHOLD, FEP_RANGE, alarm->threshold,
                             "is no number of a bit; allowed are 0..63");
        }
        return s_check_hysteresis (self, (decimal_t){0, 0});
    }
    if (!decimal_parse (alarm->threshold, &threshold)) {
        return s_refuse (self, ALARM_THRESHOLD, FEP_SYNTAX, alarm->threshold,
                         "is no decimal such as -12.5; allowed are 18 digits");
    }
    return s_check_hysteresis (self, threshold);
}

static fep_err_t s_check (const check_t *self)
{
    const config_alarm_t *alarm = self->alarm;
    fep_err_t error = s_check_said (self);
    if (!error && alarm->group[0] && alarm->terminal[0]) {
        return s_refuse (self, ALARM_GROUP, FEP_RANGE, alarm->group,
                         "and a terminal; allowed is one of both");
    }
    if (!error && strcmp (alarm->on, "point") == 0) {
        error = s_check_point (self);
    }
    if (!error && alarm->event[0] && !s_is_number (alarm->event, EVENT_MAX)) {
        return s_refuse (self, ALARM_EVENT, FEP_RANGE, alarm->event,
                         "is no event code; allowed are 0..65535 and nothing, for any");
    }
    return error;
}

fep_err_t config_check_alarms (const config_t *config, const config_fault_t *fault,
                               const config_list_places_t *places)
{
    fep_err_t error = FEP_OK;
    for (unsigned i = 0; i < config->alarm_count && !error; i++) {
        const check_t check = {&config->alarms[i], fault, places->keys[i], places->entries[i]};
        error = s_check (&check);
    }
    return error;
}
