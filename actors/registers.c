//  Measuring points by hash, their registers in the order in which reports bring them.
#include "actors/registers.h"
#include "actors/pointmap.h"
#include <stdlib.h>

#define METERS_FIRST 1024
#define HOUR_MS 3600000.0L

struct meters {
    meter_t **meters;   //  In order of first arrival
    size_t count;       //  Of them
    size_t capacity;    //  Of that array
    pointmap_t index;   //  Their places
    size_t registers;   //  Of all
    size_t holds;       //  Of all
    size_t limit;       //  Of registers, and of measuring points
    size_t hold_limit;  //  Of holds
};

meters_t *meters_new (size_t registers, size_t holds)
{
    meters_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    self->limit = registers;
    self->hold_limit = holds;
    self->capacity = METERS_FIRST;
    self->meters = malloc (self->capacity * sizeof (meter_t *));
    FEP_ASSERT (self->meters);
    return self;
}

void meters_destroy (meters_t **self_p)
{
    meters_t *self = *self_p;
    if (self) {
        for (size_t i = 0; i < self->count; i++) {
            free (self->meters[i]->limits);
            free (self->meters[i]->registers);
            free (self->meters[i]->holds);
            free (self->meters[i]);
        }
        free (self->meters);
        pointmap_free (&self->index);
        free (self);
        *self_p = NULL;
    }
}

size_t meters_count (const meters_t *self)
{
    return self->count;
}

meter_t *meters_at (meters_t *self, size_t i)
{
    return self->meters[i];
}

size_t meters_registers (const meters_t *self)
{
    return self->registers;
}

size_t meters_holds (const meters_t *self)
{
    return self->holds;
}

meter_t *meters_find (meters_t *self, uint32_t terminal, uint16_t mp)
{
    uint32_t place = pointmap_find (&self->index, terminal, mp);
    return place == POINTMAP_NONE ? NULL : self->meters[place];
}

meter_t *meters_make (meters_t *self, uint32_t terminal, uint16_t mp)
{
    meter_t *meter = meters_find (self, terminal, mp);
    if (meter || self->count == self->limit) {
        return meter;
    }
    if (self->count == self->capacity) {
        self->capacity *= 2;
        self->meters = realloc (self->meters, self->capacity * sizeof (meter_t *));
        FEP_ASSERT (self->meters);
    }
    meter = calloc (1, sizeof *meter);
    FEP_ASSERT (meter);
    meter->terminal = terminal;
    meter->mp = mp;
    pointmap_add (&self->index, terminal, mp, (uint32_t) self->count);
    self->meters[self->count++] = meter;
    return meter;
}

void meter_facts (meter_t *self, uint32_t rated_W, const limit_t limits[], size_t count)
{
    free (self->limits);
    self->limits = NULL;
    self->rated_W = rated_W;
    self->limit_count = (uint32_t) count;
    if (count) {
        self->limits = malloc (count * sizeof *limits);
        FEP_ASSERT (self->limits);
        memcpy (self->limits, limits, count * sizeof *limits);
    }
}

const limit_t *meter_limit (const meter_t *self, uint32_t point)
{
    for (uint32_t i = 0; i < self->limit_count; i++) {
        if (self->limits[i].point == point) {
            return &self->limits[i];
        }
    }
    return NULL;
}

void meter_load (meter_t *self, const judge_t *how, const value_t *power_kW, int64_t time_ms)
{
    long double watts = value_number (power_kW) * 1000.0L;
    int load = watts >= how->still_W ? 1 : watts <= -how->still_W ? -1 : 0;
    if (time_ms < self->load_ms) {
        return;
    }
    if (load != self->load) {
        self->load_since_ms = time_ms;
    }
    self->load = load;
    self->load_ms = time_ms;
}

base_t *meter_register (meters_t *meters, meter_t *self, uint32_t point, uint8_t freeze)
{
    uint32_t at = self->expected < self->register_count ? self->expected : 0;
    for (uint32_t i = 0; i < self->register_count; i++) {
        if (self->registers[at].point == point && self->registers[at].freeze == freeze) {
            self->expected = at + 1;
            return &self->registers[at];
        }
        at = at + 1 < self->register_count ? at + 1 : 0;
    }
    if (meters->registers == meters->limit) {
        return NULL;
    }
    if (self->register_count == self->register_capacity) {
        self->register_capacity = self->register_capacity ? self->register_capacity * 2 : 5;
        self->registers =
            realloc (self->registers, self->register_capacity * sizeof *self->registers);
        FEP_ASSERT (self->registers);
    }
    meters->registers++;
    base_t *made = &self->registers[self->register_count++];
    *made = (base_t){.point = point, .freeze = freeze};
    self->expected = self->register_count;
    return made;
}

//  ---- Judging ----

//  Whether one value can follow another, as far as the rated power says.
static bool s_can_rise (const meter_t *meter, const judge_t *how, uint8_t flags,
                        const value_t *from, const value_t *to, int64_t elapsed_ms)
{
    if (!meter->rated_W || !(flags & RULE_ENERGY)) {
        return true;
    }
    long double unit = value_unit (to), other = value_unit (from);
    long double allowed = meter->rated_W / 1000.0L * (elapsed_ms / HOUR_MS) * how->margin;
    //  What binary rounding takes away is far below a unit.
    allowed = (allowed + (unit > other ? unit : other)) * 1.000000001L;
    return value_number (to) - value_number (from) <= allowed;
}

static reason_t s_step (const meter_t *meter, const judge_t *how, uint8_t flags,
                        const value_t *from, const value_t *to, int64_t elapsed_ms)
{
    if (value_order (to, from) < 0) {
        return REASON_FALLS;
    }
    return s_can_rise (meter, how, flags, from, to, elapsed_ms) ? REASON_NONE : REASON_RISES;
}

//  The register that counts what flows is expected to move by two units at least.
static bool s_stands_still (const base_t *self, const meter_t *meter, const judge_t *how,
                            int64_t time_ms)
{
    static const uint32_t moved_by[] = {POINT (1, 0, 2, 8, 0), 0, POINT (1, 0, 1, 8, 0)};
    if (!meter->load || self->point != moved_by[meter->load + 1] ||
        time_ms - meter->load_ms > how->still_ms || self->equals + 1u < how->consistent) {
        return false;
    }
    int64_t since = self->since_ms > meter->load_since_ms ? self->since_ms : meter->load_since_ms;
    long double kWh = how->still_W / 1000.0L * ((time_ms - since) / HOUR_MS);
    return time_ms - since >= how->still_ms && kWh >= 2 * value_unit (&self->value);
}

reason_t base_judge (const base_t *self, const meter_t *meter, const judge_t *how, uint8_t flags,
                     const value_t *value, int64_t time_ms)
{
    if (!self->known || time_ms < self->time_ms) {
        return REASON_NONE;
    }
    int order = value_order (value, &self->value);
    if (time_ms == self->time_ms) {
        return order == 0 || !self->known_before
                   ? REASON_NONE
                   : s_step (meter, how, flags, &self->before, value, time_ms - self->before_ms);
    }
    if (order == 0) {
        return s_stands_still (self, meter, how, time_ms) ? REASON_STILL : REASON_NONE;
    }
    return s_step (meter, how, flags, &self->value, value, time_ms - self->time_ms);
}

void base_take (base_t *self, const value_t *value, int64_t time_ms)
{
    if (self->known && time_ms < self->time_ms) {
        return;
    }
    bool equal = self->known && value_order (value, &self->value) == 0;
    if (self->known && time_ms > self->time_ms) {
        self->before = self->value;
        self->before_ms = self->time_ms;
        self->known_before = true;
        self->equals = equal && self->equals < UINT16_MAX ? self->equals + 1 : self->equals;
    }
    if (!equal) {
        self->equals = 1;
        self->since_ms = time_ms;
    }
    self->known = true;
    self->value = *value;
    self->time_ms = time_ms;
}

//  ---- Holds ----

hold_t *meter_hold (meter_t *self, uint32_t point, uint8_t freeze)
{
    for (uint32_t i = 0; i < self->hold_count; i++) {
        if (self->holds[i].point == point && self->holds[i].freeze == freeze) {
            return &self->holds[i];
        }
    }
    return NULL;
}

hold_t *meter_note (meters_t *meters, meter_t *self, uint32_t point, uint8_t freeze,
                    const value_t *value, int64_t time_ms, reason_t reason)
{
    hold_t *hold = meter_hold (self, point, freeze);
    if (!hold && meters->holds == meters->hold_limit) {
        return NULL;
    }
    if (!hold) {
        self->holds = realloc (self->holds, (self->hold_count + 1) * sizeof *self->holds);
        FEP_ASSERT (self->holds);
        hold = &self->holds[self->hold_count++];
        *hold =
            (hold_t){.point = point, .freeze = freeze, .since_ms = time_ms, .last_ms = INT64_MIN};
        meters->holds++;
    }
    if (time_ms >= hold->last_ms) {
        hold->last_ms = time_ms;
        hold->last = *value;
        hold->reason = (uint8_t) reason;
    }
    hold->count++;
    return hold;
}

bool hold_follow (hold_t *self, const meter_t *meter, const judge_t *how, uint8_t flags,
                  const value_t *value, int64_t time_ms)
{
    if (self->kept_count) {
        const kept_t *last = &self->kept[self->kept_count - 1];
        if (time_ms <= last->time_ms) {
            return false;
        }
        if (s_step (meter, how, flags, &last->value, value, time_ms - last->time_ms) !=
            REASON_NONE) {
            //  Another jump within the jump.
            self->kept_count = 0;
            self->consistent = 0;
            self->raised = false;
        }
    }
    if (self->kept_count == KEPT_MAX) {
        memmove (&self->kept[0], &self->kept[1], (KEPT_MAX - 1) * sizeof self->kept[0]);
        self->kept_count--;
    }
    self->kept[self->kept_count++] = (kept_t){*value, time_ms};
    self->consistent++;
    return self->consistent >= how->consistent && !self->raised;
}

void meter_release (meters_t *meters, meter_t *self, hold_t *hold)
{
    *hold = self->holds[--self->hold_count];
    meters->holds--;
}

void hold_accept (const hold_t *self, base_t *base)
{
    FEP_ASSERT (self->kept_count);
    base->known = false;
    base->known_before = false;
    for (uint8_t i = 0; i < self->kept_count; i++) {
        base_take (base, &self->kept[i].value, self->kept[i].time_ms);
    }
}
