//  What the validator knows at start: the archive's limits and rated powers, the bases of registers from the latest
//  values, and from the journal's tail what came since and what is held.
#include "actors/latest.h"
#include "actors/validator.h"
#include "fep/clock.h"
#include "fep/log.h"
#include "fep/wire.h"
#include <stdlib.h>

#define NUMBERS_MAX 256  //  Terminals read one by one; more: all of them
#define LIMITS_MAX 1024  //  Limits of one measuring point

//  ---- Archive ----

static fep_err_t s_visit_terminal (void *arg, const archive_entry_t *entry)
{
    static limit_t limits[LIMITS_MAX];
    validator_t *self = arg;
    for (size_t i = 0; entry->terminal->present && i < entry->point_count; i++) {
        const measuring_point_t *point = &entry->points[i];
        size_t count = 0;
        for (size_t k = 0; k < entry->limit_count && count < LIMITS_MAX; k++) {
            const archive_limit_t *limit = &entry->limits[k];
            if (limit->mp == point->mp) {
                limits[count++] = (limit_t){limit->point, limit->low, limit->high};
            }
        }
        if (!count && !point->rated_W) {
            continue;
        }
        meter_t *meter = meters_make (self->meters, entry->terminal->number, point->mp);
        if (!meter) {
            log_line (LEVEL_WARNING, "LIMITS-REFUSED", "terminal=%s mp=%u problem=\"%s\"",
                      entry->terminal->address, point->mp,
                      "raise validator.registers: its limits are not known to the validator");
            continue;
        }
        meter_facts (meter, point->rated_W, limits, count);
    }
    return FEP_OK;
}

static void s_forget (validator_t *self, const uint32_t numbers[], size_t count)
{
    for (size_t i = 0; i < meters_count (self->meters); i++) {
        meter_t *meter = meters_at (self->meters, i);
        bool named = count == 0;
        for (size_t k = 0; k < count && !named; k++) {
            named = meter->terminal == numbers[k];
        }
        if (named && (meter->limit_count || meter->rated_W)) {
            meter_forget (meter);
        }
    }
}

//  The terminals that were changed, or all.
fep_err_t validator_on_archive (void *arg, actor_t *actor, bytes_t body)
{
    validator_t *self = arg;
    uint32_t numbers[NUMBERS_MAX];
    size_t count = 0;
    reader_t in;
    (void) actor;
    if (wire_find (body, "numbers", &in)) {
        size_t said = wire_get_array (&in);
        for (; count < said && count < NUMBERS_MAX; count++) {
            numbers[count] = (uint32_t) wire_get_uint (&in);
        }
        if (in.failed || said == 0) {
            return in.failed ? FEP_CORRUPT : FEP_OK;
        }
        count = said > NUMBERS_MAX ? 0 : count;
    }
    s_forget (self, numbers, count);
    if (!count) {
        return archive_each (self->store, s_visit_terminal, self);
    }
    fep_err_t error = FEP_OK;
    for (size_t i = 0; i < count && error == FEP_OK; i++) {
        error = archive_read (self->store, numbers[i], s_visit_terminal, self);
        error = error == FEP_NOT_FOUND ? FEP_OK : error;
    }
    return error;
}

//  ---- Values ----

static fep_err_t s_visit_value (void *arg, uint32_t terminal, uint16_t mp,
                                const latest_value_t *value, uint32_t left)
{
    validator_t *self = arg;
    (void) left;
    if (!(rules_find (self->rules, value->point)->flags & RULE_REGISTER) ||
        !value_is_number (&value->value)) {
        return FEP_OK;
    }
    meter_t *meter = meters_make (self->meters, terminal, mp);
    base_t *base = meter ? meter_register (self->meters, meter, value->point, value->freeze) : NULL;
    if (base) {
        base_take (base, &value->value, value->time_ms);
    }
    return FEP_OK;
}

static fep_err_t s_visit_row (void *arg, bytes_t key, bytes_t value)
{
    return latest_each (key, value, s_visit_value, arg);
}

static fep_err_t s_walk_tail (validator_t *self)
{
    int64_t window_ms = (int64_t) actor_config (self->actor)->storage.identity_window_ms;
    uint64_t from;
    walker_t *walker = NULL;
    record_t record;
    fep_err_t error = store_seek (self->store, clock_wall_ms () - window_ms, &from);
    if (error == FEP_OK) {
        error = walker_open (self->store, from, &walker);
    }
    while (error == FEP_OK && (error = walker_next (walker, &record)) == FEP_OK) {
        error = validator_walk (self, record.batches, NULL);
    }
    walker_close (&walker);
    return error == FEP_NOT_FOUND ? FEP_OK : error;
}

fep_err_t validator_learn (validator_t *self)
{
    fep_err_t error = archive_each (self->store, s_visit_terminal, self);
    if (error == FEP_OK) {
        error = store_each (self->store, FAMILY_LATEST, bytes_of (NULL, 0), s_visit_row, self);
    }
    return error == FEP_OK ? s_walk_tail (self) : error;
}
