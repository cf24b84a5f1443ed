//  Messages of alarms.
#include "actors/alarm_row.h"
#include "actors/alarm_rule.h"
#include "fep/check.h"
#include "fep/point.h"

void alarm_say (const alarm_t *alarm, int state, const char *who, const char *comment,
                alarms_now_t now, batch_t *out)
{
    char point[64];
    message_t *message = batch_message (out, MESSAGE_ALARM);
    message->terminal = alarm->terminal;
    message->mp = alarm->mp;
    message->area = alarm->area;
    message->address = batch_keep (out, bytes_text (alarm->address));
    message->received_ms = now.wall_ms;
    message->time_ms = alarm->last_ms;
    alarms_point (alarm, point, sizeof point);
    batch_text (out, POINT_ALARM_RULE, alarm->rule->name);
    batch_item (out, POINT_ALARM_STATE, value_decimal (state, 0, 0));
    batch_text (out, POINT_ALARM_LEVEL, alarm->rule->level);
    batch_item (out, POINT_ALARM_COUNT, value_decimal (alarm->count, 0, 0));
    batch_item (out, POINT_ALARM_VALUE, alarm->value);
    batch_text (out, POINT_ALARM_POINT, point);
    batch_item (out, POINT_ALARM_SINCE, value_decimal (alarm->raised_ms, -3, 0));
    if (alarm->lasts) {
        batch_item (out, POINT_EVENT_START, value_decimal (1, 0, 0));
    }
    if (who) {
        batch_text (out, POINT_ALARM_WHO, who);
        batch_text (out, POINT_ALARM_COMMENT, comment);
    } else if (alarm->acknowledged) {
        batch_text (out, POINT_ALARM_WHO, alarm->ack.who);
        batch_text (out, POINT_ALARM_COMMENT, alarm->ack.comment);
    }
    FEP_ASSERT (!out->failed);
}

fep_err_t alarm_read (cursor_t *cursor, alarm_told_t *told)
{
    const struct {
        uint32_t point;  //  Of the item
        bytes_t *text;   //  Where it goes
    } texts[] = {{POINT_ALARM_RULE, &told->rule},
                 {POINT_ALARM_LEVEL, &told->level},
                 {POINT_ALARM_WHO, &told->who},
                 {POINT_ALARM_COMMENT, &told->comment},
                 {POINT_ALARM_POINT, &told->point}};
    const struct {
        uint32_t point;   //  Of the item
        int64_t *number;  //  Where it goes
    } numbers[] = {{POINT_ALARM_STATE, &told->state},
                   {POINT_ALARM_COUNT, &told->count},
                   {POINT_ALARM_SINCE, &told->since_ms}};
    item_t item;
    fep_err_t error;
    *told = (alarm_told_t){.state = -1};
    while ((error = cursor_item (cursor, &item)) == FEP_OK) {
        const value_t *value = &item.value;
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
            if (item.point == texts[i].point && value->kind == VALUE_TEXT) {
                *texts[i].text = bytes_of (value->text, (size_t) value->exponent);
            }
        }
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
            if (item.point == numbers[i].point && value->kind == VALUE_DECIMAL) {
                *numbers[i].number = value->mantissa;
            }
        }
        if (item.point == POINT_ALARM_VALUE && value->kind != VALUE_TEXT) {
            told->value = *value;
        }
        told->lasts = told->lasts || item.point == POINT_EVENT_START;
    }
    bool good = error == FEP_NOT_FOUND && told->rule.size && told->rule.size <= ALARMS_NAME_MAX &&
                told->state >= ALARM_STATE_CLEARED && told->state <= ALARM_STATE_ACKNOWLEDGED;
    return good ? FEP_OK : FEP_CORRUPT;
}

fep_err_t alarms_row (cursor_t *cursor, const message_t *message, writer_t *key, bool *raised)
{
    alarm_told_t told;
    fep_err_t error = alarm_read (cursor, &told);
    if (error != FEP_OK) {
        return error;
    }
    writer_put (key, told.rule.data, told.rule.size);
    writer_u8 (key, 0);
    writer_u32be (key, message->terminal);
    writer_u16be (key, message->mp);
    *raised = told.state != ALARM_STATE_CLEARED;
    return FEP_OK;
}
