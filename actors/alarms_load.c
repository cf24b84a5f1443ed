//  What was raised before a restart: the rows of the store, and what the journal's tail says of times.
#include "actors/alarm_row.h"
#include "actors/alarms_inside.h"
#include "fep/check.h"
#include "fep/point.h"
#include <stdio.h>
#include <string.h>

static void s_text (bytes_t from, char *to, size_t size)
{
    snprintf (to, size, "%.*s", (int) from.size, from.size ? (const char *) from.data : "");
}

//  The rule a row is of, or one that is gone, under its name, to be swept.
static alarm_rule_t *s_rule_of (alarms_t *self, const alarm_told_t *told)
{
    char name[ALARMS_NAME_MAX + 1], point[64];
    s_text (told->rule, name, sizeof name);
    alarm_rule_t *rule = alarms_rule (self, name);
    s_text (told->point, point, sizeof point);
    if (rule) {
        char looked[64];
        point_name (rule->point, looked, sizeof looked);
        if (strcmp (point, looked) == 0) {
            return rule;
        }
    }
    for (rule = self->rules; rule; rule = rule->next) {
        if (rule->gone && strcmp (rule->name, name) == 0) {
            return rule;
        }
    }
    rule = alarms_add_rule (self);
    rule->gone = true;
    memcpy (rule->name, name, sizeof name);
    s_text (told->level, rule->level, sizeof rule->level);
    (void) point_parse (point, &rule->point);
    return rule;
}

fep_err_t alarms_load (alarms_t *self, bytes_t row, alarms_now_t now)
{
    cursor_t cursor = cursor_single (row);
    message_t message;
    alarm_told_t told;
    fep_err_t error = cursor_message (&cursor, &message);
    if (error == FEP_OK) {
        error = alarm_read (&cursor, &told);
    }
    if (error != FEP_OK) {
        return FEP_CORRUPT;
    }
    alarm_rule_t *rule = s_rule_of (self, &told);
    alarm_t *alarm = alarms_make (self, rule, &message);
    if (!alarm) {
        return FEP_FULL;
    }
    alarms_fact_t fact = {.time_ms = message.time_ms};
    alarm->last_ms = message.time_ms;
    alarm->raised_ms = told.since_ms;
    alarm->count = (uint32_t) told.count;
    alarm->value = told.value;
    alarm->lasts = told.lasts;
    alarm->acknowledged = told.state == ALARM_STATE_ACKNOWLEDGED;
    alarm->ack.wall_ms = message.received_ms;
    s_text (told.who, alarm->ack.who, sizeof alarm->ack.who);
    s_text (told.comment, alarm->ack.comment, sizeof alarm->ack.comment);
    alarms_enter (self, alarm, ALARM_RAISED);
    alarms_activate (self, alarm);
    if (rule->on == ALARM_ON_EVENT && !told.lasts) {
        alarms_wait (self, alarm, ALARM_SETTLING, &fact, now);
    }
    alarms_resweep (self);
    return FEP_OK;
}

//  The state of that fact, with its time taken over. NULL: it concerns the rule not, or is older.
static alarm_t *s_meet (alarms_t *self, alarm_rule_t *rule, const alarms_fact_t *fact)
{
    const message_t *message = fact->message;
    if (!message->terminal || !alarms_in_scope (self, rule, message->terminal, message->address)) {
        return NULL;
    }
    alarm_t *alarm = alarms_state (self, rule, message->terminal, message->mp);
    alarm = alarm ? alarm : alarms_make (self, rule, message);
    if (!alarm || fact->time_ms < alarm->last_ms) {
        return NULL;
    }
    alarm->last_ms = fact->time_ms;
    return alarm;
}

static void s_saw (alarms_t *self, alarm_rule_t *rule, const alarms_fact_t *fact, alarms_now_t now)
{
    condition_t condition = alarm_rule_judge (rule, fact->value);
    alarm_t *alarm = condition == CONDITION_UNKNOWN ? NULL : s_meet (self, rule, fact);
    if (!alarm) {
        return;
    }
    if (alarm->phase == ALARM_RAISED && condition == CONDITION_GONE) {
        alarms_wait (self, alarm, ALARM_SETTLING, fact, now);
    } else if (alarm->phase == ALARM_SETTLING && condition == CONDITION_HOLDS) {
        alarms_enter (self, alarm, ALARM_RAISED);
    }
}

void alarms_seen (alarms_t *self, const message_t *message, const item_t *item, int64_t time_ms,
                  alarms_now_t now)
{
    alarms_fact_t fact = {.message = message,
                          .value = &item->value,
                          .time_ms = time_ms < now.wall_ms ? time_ms : now.wall_ms};
    if (item->value.quality & (QUALITY_SUSPECT | QUALITY_INVALID)) {
        return;
    }
    for (size_t i = alarms_on_point (self, item->point);
         i < self->index_count && self->index[i]->point == item->point; i++) {
        s_saw (self, self->index[i], &fact, now);
    }
}

void alarms_seen_event (alarms_t *self, const message_t *message, int64_t code, alarms_now_t now)
{
    int64_t time_ms = message->time_ms ? message->time_ms : message->received_ms;
    alarms_fact_t fact = {.message = message,
                          .time_ms = time_ms < now.wall_ms ? time_ms : now.wall_ms};
    for (alarm_rule_t *rule = self->rules; rule; rule = rule->next) {
        if (alarm_rule_is_event (rule, code)) {
            (void) s_meet (self, rule, &fact);
        }
    }
}
