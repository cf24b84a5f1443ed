//  States of alarms in a hash table. Those that are idle hang in a list by the time they became so, those that
//  wait in a list of their rule by the time they began to wait (a rule's delay is the same for all, so the first
//  is due first), those that are raised in a list by serial.
#include "actors/alarm_row.h"
#include "actors/alarms_inside.h"
#include "fep/check.h"
#include "fep/metrics.h"
#include "fep/point.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

alarms_t *alarms_new (size_t states)
{
    alarms_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    size_t buckets = 64;
    while (buckets < states) {
        buckets *= 2;
    }
    self->bucket_mask = buckets - 1;
    self->buckets = calloc (buckets, sizeof *self->buckets);
    FEP_ASSERT (self->buckets);
    self->pool = pool_new (sizeof (alarm_t), states);
    return self;
}

void alarms_destroy (alarms_t **self_p)
{
    alarms_t *self = *self_p;
    if (!self) {
        return;
    }
    while (self->rules) {
        alarm_rule_t *rule = self->rules;
        self->rules = rule->next;
        free (rule);
    }
    pool_destroy (&self->pool);
    free (self->buckets);
    free (self->index);
    free (self->terminals);
    free (self);
    *self_p = NULL;
}

//  ---- Lists ----

static void s_list_add (alarm_list_t *list, alarm_t *alarm)
{
    alarm->next = NULL;
    alarm->previous = list->last;
    *(list->last ? &list->last->next : &list->first) = alarm;
    list->last = alarm;
}

static void s_list_remove (alarm_list_t *list, alarm_t *alarm)
{
    *(alarm->previous ? &alarm->previous->next : &list->first) = alarm->next;
    *(alarm->next ? &alarm->next->previous : &list->last) = alarm->previous;
}

//  The list of a phase, or NULL: raised ones wait for nothing.
static alarm_list_t *s_list (alarms_t *self, const alarm_t *alarm)
{
    alarm_list_t *const lists[] = {&self->idle, &alarm->rule->pending, NULL,
                                   &alarm->rule->settling};
    return lists[alarm->phase];
}

void alarms_enter (alarms_t *self, alarm_t *alarm, alarm_phase_t phase)
{
    alarm_list_t *list = s_list (self, alarm);
    if (list) {
        s_list_remove (list, alarm);
    }
    alarm->phase = (uint8_t) phase;
    list = s_list (self, alarm);
    if (list) {
        s_list_add (list, alarm);
    }
}

void alarms_activate (alarms_t *self, alarm_t *alarm)
{
    alarm->serial = ++self->serial;
    alarm->younger = NULL;
    alarm->older = self->youngest;
    *(self->youngest ? &self->youngest->younger : &self->oldest) = alarm;
    self->youngest = alarm;
    self->active++;
    metric_set (METRIC_alarms_active, (int64_t) self->active);
}

static void s_deactivate (alarms_t *self, alarm_t *alarm)
{
    *(alarm->older ? &alarm->older->younger : &self->oldest) = alarm->younger;
    *(alarm->younger ? &alarm->younger->older : &self->youngest) = alarm->older;
    self->active--;
    metric_set (METRIC_alarms_active, (int64_t) self->active);
}

//  ---- States ----

static alarm_t **s_bucket (const alarms_t *self, const alarm_rule_t *rule, uint32_t terminal,
                           uint16_t mp)
{
    uint64_t hash = ((uint64_t) terminal << 16 | mp) * 0x9E3779B97F4A7C15u;
    hash = (hash ^ (uint64_t) (uintptr_t) rule >> 4) * 0x9E3779B97F4A7C15u;
    return &self->buckets[(hash >> 32) & self->bucket_mask];
}

alarm_t *alarms_state (const alarms_t *self, const alarm_rule_t *rule, uint32_t terminal,
                       uint16_t mp)
{
    alarm_t *alarm = *s_bucket (self, rule, terminal, mp);
    while (alarm && (alarm->rule != rule || alarm->terminal != terminal || alarm->mp != mp)) {
        alarm = alarm->in_bucket;
    }
    return alarm;
}

void alarms_forget (alarms_t *self, alarm_t *alarm)
{
    alarm_t **at = s_bucket (self, alarm->rule, alarm->terminal, alarm->mp);
    while (*at != alarm) {
        at = &(*at)->in_bucket;
    }
    *at = alarm->in_bucket;
    s_list_remove (s_list (self, alarm), alarm);
    alarm->rule->states--;
    self->states--;
    pool_give (self->pool, &alarm);
}

alarm_t *alarms_make (alarms_t *self, alarm_rule_t *rule, const message_t *message)
{
    alarm_t *alarm = pool_take (self->pool);
    if (!alarm && self->idle.first) {
        alarms_forget (self, self->idle.first);
        alarm = pool_take (self->pool);
    }
    if (!alarm) {
        return NULL;
    }
    *alarm = (alarm_t){.rule = rule,
                       .terminal = message->terminal,
                       .mp = message->mp,
                       .area = message->area,
                       .last_ms = INT64_MIN};
    if (message->address.size) {
        memcpy (alarm->address, message->address.data, message->address.size);
    }
    alarm_t **bucket = s_bucket (self, rule, message->terminal, message->mp);
    alarm->in_bucket = *bucket;
    *bucket = alarm;
    s_list_add (&self->idle, alarm);
    rule->states++;
    self->states++;
    return alarm;
}

static void s_raise (alarms_t *self, alarm_t *alarm, int64_t raised_ms, alarms_now_t now,
                     batch_t *out)
{
    alarms_enter (self, alarm, ALARM_RAISED);
    alarms_activate (self, alarm);
    alarm->raised_ms = raised_ms;
    alarm->count = 0;
    alarm->acknowledged = false;
    alarm_say (alarm, ALARM_STATE_RAISED, NULL, NULL, now, out);
    metric_add (METRIC_alarms_raised, 1);
}

void alarms_clear (alarms_t *self, alarm_t *alarm, const char *why, alarms_now_t now, batch_t *out)
{
    alarm_say (alarm, ALARM_STATE_CLEARED, why ? "fepd" : NULL, why, now, out);
    s_deactivate (self, alarm);
    alarms_enter (self, alarm, ALARM_IDLE);
    alarm->acknowledged = false;
    alarm->lasts = false;
    metric_add (METRIC_alarms_cleared, 1);
}

//  ---- The machine ----

void alarms_wait (alarms_t *self, alarm_t *alarm, alarm_phase_t phase, const alarms_fact_t *fact,
                  alarms_now_t now)
{
    alarms_enter (self, alarm, phase);
    alarm->since_mono_ms = now.mono_ms;
    alarm->since_ms = fact->time_ms;
}

//  By the clock or by the items' times.
static bool s_waited (const alarm_t *alarm, int64_t wait_ms, int64_t time_ms, alarms_now_t now)
{
    return now.mono_ms - alarm->since_mono_ms >= wait_ms || time_ms - alarm->since_ms >= wait_ms;
}

static void s_return (alarms_t *self, alarm_t *alarm)
{
    alarms_enter (self, alarm, ALARM_RAISED);
    alarm->count += alarm->count < UINT32_MAX ? 1 : 0;
    metric_add (METRIC_alarms_flaps, 1);
}

static void s_holds (alarms_t *self, alarm_t *alarm, const alarms_fact_t *fact, alarms_now_t now,
                     batch_t *out)
{
    const alarm_rule_t *rule = alarm->rule;
    if (alarm->phase == ALARM_SETTLING && s_waited (alarm, rule->settle_ms, fact->time_ms, now)) {
        alarms_clear (self, alarm, NULL, now, out);
    }
    alarm->value = *fact->value;
    alarm->last_ms = fact->time_ms;
    alarm->lasts = fact->lasts;
    if (alarm->phase == ALARM_SETTLING || (alarm->phase == ALARM_RAISED && fact->once)) {
        s_return (self, alarm);
    } else if (alarm->phase == ALARM_IDLE && rule->delay_ms > 0) {
        alarms_wait (self, alarm, ALARM_PENDING, fact, now);
    } else if (alarm->phase == ALARM_IDLE ||
               (alarm->phase == ALARM_PENDING &&
                s_waited (alarm, rule->delay_ms, fact->time_ms, now))) {
        s_raise (self, alarm, fact->time_ms, now, out);
    }
}

static void s_gone (alarms_t *self, alarm_t *alarm, const alarms_fact_t *fact, alarms_now_t now,
                    batch_t *out)
{
    alarm->value = *fact->value;
    alarm->last_ms = fact->time_ms;
    alarm->lasts = false;
    if (alarm->phase == ALARM_PENDING) {
        alarms_enter (self, alarm, ALARM_IDLE);
    } else if (alarm->phase == ALARM_RAISED) {
        alarms_wait (self, alarm, ALARM_SETTLING, fact, now);
    }
    if (alarm->phase == ALARM_SETTLING &&
        s_waited (alarm, alarm->rule->settle_ms, fact->time_ms, now)) {
        alarms_clear (self, alarm, NULL, now, out);
    }
}

//  Within the hysteresis: what waits goes on waiting.
static void s_between (alarms_t *self, alarm_t *alarm, const alarms_fact_t *fact, alarms_now_t now,
                       batch_t *out)
{
    if (alarm->phase == ALARM_PENDING) {
        s_holds (self, alarm, fact, now, out);
    } else if (alarm->phase == ALARM_SETTLING) {
        s_gone (self, alarm, fact, now, out);
    }
    alarm->value = *fact->value;
    alarm->last_ms = fact->time_ms;
}

static void s_judge (alarms_t *self, alarm_rule_t *rule, condition_t condition, alarms_fact_t fact,
                     alarms_now_t now, batch_t *out)
{
    const message_t *message = fact.message;
    if (condition == CONDITION_UNKNOWN || !message->terminal ||
        !alarms_in_scope (self, rule, message->terminal, message->address)) {
        return;
    }
    alarm_t *alarm = alarms_state (self, rule, message->terminal, message->mp);
    if (!alarm && condition == CONDITION_HOLDS) {
        alarm = alarms_make (self, rule, message);
        metric_add (METRIC_alarms_refused, alarm ? 0 : 1);
    } else if (!alarm && self->states <= self->bucket_mask / 2) {
        //  Only its time is remembered, as long as there is plenty of room.
        alarm = alarms_make (self, rule, message);
    }
    //  A clock that is ahead, a terminal's or once our own, must not keep us from judging what comes later.
    fact.time_ms = fact.time_ms > now.wall_ms ? now.wall_ms : fact.time_ms;
    if (alarm && alarm->last_ms > now.wall_ms) {
        alarm->last_ms = now.wall_ms;
    }
    if (!alarm || fact.time_ms < alarm->last_ms ||
        (fact.strict && fact.time_ms == alarm->last_ms)) {
        return;
    }
    if (condition == CONDITION_HOLDS) {
        s_holds (self, alarm, &fact, now, out);
    } else if (condition == CONDITION_GONE) {
        s_gone (self, alarm, &fact, now, out);
    } else {
        s_between (self, alarm, &fact, now, out);
    }
    if (fact.once && alarm->phase == ALARM_RAISED) {
        alarms_wait (self, alarm, ALARM_SETTLING, &fact, now);
    }
}

//  ---- What happens ----

bool alarms_skip (const alarms_t *self, uint8_t kind)
{
    switch (kind) {
    case MESSAGE_READING:
    case MESSAGE_HELD:
        return self->counts[ALARM_ON_POINT] == 0;
    case MESSAGE_EVENT:
        return self->counts[ALARM_ON_EVENT] == 0;
    case MESSAGE_LINK:
        return self->counts[ALARM_ON_LINK] == 0;
    default:
        return true;
    }
}

size_t alarms_on_point (const alarms_t *self, uint32_t point)
{
    uint32_t bit = alarms_bloom_bit (point);
    size_t low = 0, high = self->index_count;
    if (!(self->bloom[bit / 64] >> bit % 64 & 1)) {
        return high;
    }
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (self->index[middle]->point < point) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

void alarms_reading (alarms_t *self, const message_t *message, const item_t *item, int64_t time_ms,
                     alarms_now_t now, batch_t *out)
{
    size_t i = alarms_on_point (self, item->point);
    if (i == self->index_count || item->value.quality & (QUALITY_SUSPECT | QUALITY_INVALID)) {
        return;
    }
    alarms_fact_t fact = {.message = message, .value = &item->value, .time_ms = time_ms};
    for (; i < self->index_count && self->index[i]->point == item->point; i++) {
        alarm_rule_t *rule = self->index[i];
        s_judge (self, rule, alarm_rule_judge (rule, &item->value), fact, now, out);
    }
}

bool alarms_quiet (const alarms_t *self)
{
    return !self->sweeping && !self->counts[ALARM_ON_POINT] && !self->counts[ALARM_ON_EVENT] &&
           !self->counts[ALARM_ON_LINK];
}

void alarms_event (alarms_t *self, const message_t *message, int64_t code, int begins,
                   alarms_now_t now, batch_t *out)
{
    value_t value = value_decimal (code, 0, 0);
    alarms_fact_t fact = {.message = message,
                          .value = &value,
                          .time_ms = message->time_ms ? message->time_ms : message->received_ms,
                          .once = begins<0, .lasts = begins> 0,
                          .strict = true};
    for (alarm_rule_t *rule = self->rules; rule; rule = rule->next) {
        if (alarm_rule_is_event (rule, code)) {
            s_judge (self, rule, begins == 0 ? CONDITION_GONE : CONDITION_HOLDS, fact, now, out);
        }
    }
}

void alarms_link (alarms_t *self, const message_t *message, bool up, alarms_now_t now, batch_t *out)
{
    value_t value = value_decimal (up ? 1 : 0, 0, 0);
    alarms_fact_t fact = {.message = message,
                          .value = &value,
                          .time_ms = message->time_ms ? message->time_ms : message->received_ms};
    for (alarm_rule_t *rule = self->rules; rule; rule = rule->next) {
        if (!rule->gone && rule->on == ALARM_ON_LINK) {
            s_judge (self, rule, up ? CONDITION_GONE : CONDITION_HOLDS, fact, now, out);
        }
    }
}

void alarms_tick (alarms_t *self, alarms_now_t now, batch_t *out)
{
    for (alarm_rule_t *rule = self->rules; rule; rule = rule->next) {
        alarm_t *alarm;
        if (rule->gone) {
            continue;
        }
        while ((alarm = rule->pending.first) && !alarms_ripe (out) &&
               now.mono_ms - alarm->since_mono_ms >= rule->delay_ms) {
            s_raise (self, alarm, now.wall_ms, now, out);
        }
        while ((alarm = rule->settling.first) && !alarms_ripe (out) &&
               now.mono_ms - alarm->since_mono_ms >= rule->settle_ms) {
            alarms_clear (self, alarm, NULL, now, out);
        }
    }
}

int64_t alarms_deadline (const alarms_t *self)
{
    int64_t deadline = INT64_MAX;
    for (const alarm_rule_t *rule = self->rules; rule; rule = rule->next) {
        const alarm_t *pending = rule->pending.first, *settling = rule->settling.first;
        if (rule->gone) {
            continue;
        }
        if (pending && pending->since_mono_ms + rule->delay_ms < deadline) {
            deadline = pending->since_mono_ms + rule->delay_ms;
        }
        if (settling && settling->since_mono_ms + rule->settle_ms < deadline) {
            deadline = settling->since_mono_ms + rule->settle_ms;
        }
    }
    return deadline;
}

fep_err_t alarms_ack (alarms_t *self, const char *rule, uint32_t terminal, uint16_t mp,
                      const char *who, const char *comment, alarms_now_t now, batch_t *out)
{
    const alarm_rule_t *known = alarms_rule (self, rule);
    alarm_t *alarm = known ? alarms_state (self, known, terminal, mp) : NULL;
    if (!alarm || alarm->phase == ALARM_IDLE || alarm->phase == ALARM_PENDING) {
        return FEP_NOT_FOUND;
    }
    if (alarm->acknowledged) {
        return FEP_EXISTS;
    }
    alarm->acknowledged = true;
    alarm->ack.wall_ms = now.wall_ms;
    snprintf (alarm->ack.who, sizeof alarm->ack.who, "%s", who);
    snprintf (alarm->ack.comment, sizeof alarm->ack.comment, "%s", comment);
    alarm_say (alarm, ALARM_STATE_ACKNOWLEDGED, NULL, NULL, now, out);
    metric_add (METRIC_alarms_acknowledged, 1);
    return FEP_OK;
}

//  ---- For people ----

const alarm_t *alarms_from (const alarms_t *self, uint64_t serial)
{
    const alarm_t *alarm = self->oldest;
    while (alarm && alarm->serial < serial) {
        alarm = alarm->younger;
    }
    return alarm;
}

const alarm_t *alarms_next (const alarm_t *alarm)
{
    return alarm->younger;
}

const char *alarms_name (const alarm_t *alarm)
{
    return alarm->rule->name;
}

const char *alarms_level (const alarm_t *alarm)
{
    return alarm->rule->level;
}

void alarms_point (const alarm_t *alarm, char *text, size_t size)
{
    point_name (alarm->rule->point, text, size);
}

size_t alarms_active (const alarms_t *self)
{
    return self->active;
}

size_t alarms_states (const alarms_t *self)
{
    return self->states;
}
