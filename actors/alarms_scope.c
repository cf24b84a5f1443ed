//  Rules, the groups and terminals they look at, and the sweep of what is no longer theirs.
#include "actors/alarms_inside.h"
#include "fep/check.h"
#include <stdlib.h>
#include <string.h>

#define TERMINALS_STEP 1024

bool alarms_in_scope (const alarms_t *self, const alarm_rule_t *rule, uint32_t terminal,
                      bytes_t address)
{
    const scope_t *scope = terminal < self->terminal_count ? &self->terminals[terminal] : NULL;
    if (rule->group[0] && !(scope && scope->groups & rule->groups)) {
        return false;
    }
    return !rule->terminal[0] || bytes_equal (address, bytes_text (rule->terminal));
}

alarm_rule_t *alarms_rule (const alarms_t *self, const char *name)
{
    alarm_rule_t *rule = self->rules;
    while (rule && (rule->gone || strcmp (rule->name, name) != 0)) {
        rule = rule->next;
    }
    return rule;
}

static int s_by_point (const void *a, const void *b)
{
    uint32_t left = (*(alarm_rule_t *const *) a)->point;
    uint32_t right = (*(alarm_rule_t *const *) b)->point;
    return (left > right) - (left < right);
}

static void s_index (alarms_t *self)
{
    memset (self->bloom, 0, sizeof self->bloom);
    memset (self->counts, 0, sizeof self->counts);
    self->index_count = 0;
    for (alarm_rule_t *rule = self->rules; rule; rule = rule->next) {
        if (rule->gone) {
            continue;
        }
        self->counts[rule->on]++;
        if (rule->on == ALARM_ON_POINT) {
            uint32_t bit = alarms_bloom_bit (rule->point);
            self->bloom[bit / 64] |= (uint64_t) 1 << bit % 64;
            self->index[self->index_count++] = rule;
        }
    }
    if (self->index_count) {
        qsort (self->index, self->index_count, sizeof *self->index, s_by_point);
    }
}

static void s_find_group (const alarms_t *self, alarm_rule_t *rule)
{
    rule->groups = 0;
    for (size_t i = 0; i < ARCHIVE_GROUPS_MAX && rule->group[0]; i++) {
        if (strcmp (self->groups[i], rule->group) == 0) {
            rule->groups = (uint64_t) 1 << i;
        }
    }
}

alarm_rule_t *alarms_add_rule (alarms_t *self)
{
    alarm_rule_t **at = &self->rules;
    while (*at) {
        at = &(*at)->next;
    }
    *at = calloc (1, sizeof **at);
    FEP_ASSERT (*at);
    return *at;
}

void alarms_resweep (alarms_t *self)
{
    self->sweeping = true;
    self->sweep_at = 0;
}

void alarms_rules (alarms_t *self, const config_alarm_t rules[], size_t count)
{
    alarm_rule_t *known[CONFIG_ALARMS_MAX];
    FEP_ASSERT (count <= CONFIG_ALARMS_MAX);
    for (size_t i = 0; i < count; i++) {
        alarm_rule_t *rule = alarms_rule (self, rules[i].name);
        known[i] = rule && alarm_rule_same (rule, &rules[i]) ? rule : NULL;
    }
    for (alarm_rule_t *rule = self->rules; rule; rule = rule->next) {
        rule->gone = true;
    }
    for (size_t i = 0; i < count; i++) {
        alarm_rule_t *rule = known[i] ? known[i] : alarms_add_rule (self);
        alarm_rule_set (rule, &rules[i]);
        s_find_group (self, rule);
        rule->gone = false;
    }
    self->index = realloc (self->index, (count + 1) * sizeof *self->index);
    FEP_ASSERT (self->index);
    s_index (self);
    alarms_resweep (self);
}

void alarms_groups (alarms_t *self, char names[][ARCHIVE_NAME_MAX + 1])
{
    memcpy (self->groups, names, sizeof self->groups);
    for (alarm_rule_t *rule = self->rules; rule; rule = rule->next) {
        s_find_group (self, rule);
    }
    alarms_resweep (self);
}

void alarms_terminal (alarms_t *self, uint32_t number, uint64_t groups, bool present)
{
    if (number >= self->terminal_count) {
        size_t count = number + TERMINALS_STEP;
        self->terminals = realloc (self->terminals, count * sizeof *self->terminals);
        FEP_ASSERT (self->terminals);
        memset (self->terminals + self->terminal_count, 0,
                (count - self->terminal_count) * sizeof *self->terminals);
        self->terminal_count = count;
    }
    self->terminals[number] = (scope_t){groups, true, present};
    alarms_resweep (self);
}

//  Why a state may not stay; NULL if it may.
static const char *s_unwanted (const alarms_t *self, const alarm_t *alarm)
{
    const scope_t *scope =
        alarm->terminal < self->terminal_count ? &self->terminals[alarm->terminal] : NULL;
    if (alarm->rule->gone) {
        return "the rule is gone or looks at something else";
    }
    if (scope && scope->known && !scope->present) {
        return "the terminal left the archive";
    }
    if (!alarms_in_scope (self, alarm->rule, alarm->terminal, bytes_text (alarm->address))) {
        return "the terminal left the rule's group";
    }
    return NULL;
}

static void s_free_rules (alarms_t *self)
{
    alarm_rule_t **at = &self->rules;
    while (*at) {
        alarm_rule_t *rule = *at;
        if (rule->gone && rule->states == 0) {
            *at = rule->next;
            free (rule);
        } else {
            at = &rule->next;
        }
    }
}

bool alarms_sweep (alarms_t *self, alarms_now_t now, batch_t *out)
{
    for (; self->sweeping && self->sweep_at <= self->bucket_mask; self->sweep_at++) {
        alarm_t *next;
        for (alarm_t *alarm = self->buckets[self->sweep_at]; alarm; alarm = next) {
            const char *why = s_unwanted (self, alarm);
            next = alarm->in_bucket;
            if (why && alarms_ripe (out)) {
                return false;
            }
            if (why && alarm->phase >= ALARM_RAISED) {
                alarms_clear (self, alarm, why, now, out);
            }
            if (why) {
                alarms_forget (self, alarm);
            }
        }
    }
    if (self->sweeping) {
        s_free_rules (self);
        self->sweeping = false;
    }
    return true;
}
