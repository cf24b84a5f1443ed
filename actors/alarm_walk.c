//  The walk. A message that concerns no rule costs its header; its items are skipped.
#include "actors/alarm_walk.h"
#include "fep/point.h"

#define REASON_STOPPING "STOPPING"  //  Close reason of all sessions at an ordered stop

fep_err_t alarm_walk_begin (alarm_walk_t *self, bytes_t body)
{
    *self = (alarm_walk_t){.cursor = cursor_of (body)};
    fep_err_t error = cursor_batch (&self->cursor, &self->head);
    return error == FEP_NOT_FOUND ? FEP_CORRUPT : error;
}

static int64_t s_time (const message_t *message, uint32_t i)
{
    return message->time_ms ? message_item_time (message, i) : message->received_ms;
}

static fep_err_t s_reading (alarm_walk_t *self, alarms_t *alarms, alarms_now_t now, batch_t *out)
{
    item_t item;
    fep_err_t error = FEP_OK;
    while (!alarms_ripe (out) && (error = cursor_item (&self->cursor, &item)) == FEP_OK) {
        int64_t time_ms = s_time (&self->message, self->next++);
        alarms_reading (alarms, &self->message, &item, time_ms, now, out);
    }
    return error == FEP_OK ? FEP_FULL : error == FEP_NOT_FOUND ? FEP_OK : error;
}

//  Reads an event's items. code: -1 if it has none.
static fep_err_t s_read_event (cursor_t *cursor, int64_t *code, int *begins)
{
    item_t item;
    fep_err_t error;
    *code = -1;
    *begins = -1;
    while ((error = cursor_item (cursor, &item)) == FEP_OK) {
        bool number = item.value.kind == VALUE_DECIMAL || item.value.kind == VALUE_BITS;
        if (number && item.point == POINT_EVENT_CODE) {
            *code = item.value.mantissa;
        } else if (number && item.point == POINT_EVENT_START) {
            *begins = item.value.mantissa != 0;
        }
    }
    return error == FEP_NOT_FOUND ? FEP_OK : error;
}

static fep_err_t s_event (alarm_walk_t *self, alarms_t *alarms, alarms_now_t now, batch_t *out)
{
    int64_t code;
    int begins;
    fep_err_t error = s_read_event (&self->cursor, &code, &begins);
    if (error == FEP_OK && code >= 0) {
        alarms_event (alarms, &self->message, code, begins, now, out);
    }
    return error;
}

//  Terminals that went because we stop are not offline for that.
static fep_err_t s_link (alarm_walk_t *self, alarms_t *alarms, alarms_now_t now, batch_t *out)
{
    item_t item;
    int64_t up = -1;
    bool stopping = false;
    fep_err_t error;
    while ((error = cursor_item (&self->cursor, &item)) == FEP_OK) {
        const value_t *value = &item.value;
        if (item.point == POINT_LINK_STATE && value->kind == VALUE_DECIMAL) {
            up = value->mantissa;
        } else if (item.point == POINT_LINK_REASON && value->kind == VALUE_TEXT) {
            stopping = bytes_equal (bytes_of (value->text, (size_t) value->exponent),
                                    bytes_text (REASON_STOPPING));
        }
    }
    if (error == FEP_NOT_FOUND && up >= 0 && !stopping) {
        alarms_link (alarms, &self->message, up > 0, now, out);
    }
    return error == FEP_NOT_FOUND ? FEP_OK : error;
}

static fep_err_t s_message (alarm_walk_t *self, alarms_t *alarms, alarms_now_t now, batch_t *out)
{
    if (alarms_skip (alarms, self->message.kind)) {
        return FEP_OK;
    }
    switch (self->message.kind) {
    case MESSAGE_EVENT:
        return s_event (self, alarms, now, out);
    case MESSAGE_LINK:
        return s_link (self, alarms, now, out);
    default:
        return s_reading (self, alarms, now, out);
    }
}

fep_err_t alarm_walk (alarm_walk_t *self, alarms_t *alarms, alarms_now_t now, batch_t *out)
{
    fep_err_t error = FEP_OK;
    while (error == FEP_OK && !alarms_ripe (out)) {
        if (!self->in_message) {
            error = cursor_message (&self->cursor, &self->message);
            if (error != FEP_OK) {
                return error == FEP_NOT_FOUND ? FEP_OK : error;
            }
            self->items += self->message.count;
            self->next = 0;
            self->in_message = true;
        }
        error = s_message (self, alarms, now, out);
        self->in_message = error != FEP_OK;
    }
    return error == FEP_OK ? FEP_FULL : error;
}

static void s_seen (cursor_t *cursor, const message_t *message, alarms_t *alarms, alarms_now_t now)
{
    item_t item;
    int64_t code;
    int begins;
    if (alarms_skip (alarms, message->kind)) {
        return;
    }
    if (message->kind == MESSAGE_EVENT && s_read_event (cursor, &code, &begins) == FEP_OK) {
        alarms_seen_event (alarms, message, code, now);
    }
    for (uint32_t i = 0;
         message_is_reading (message->kind) && cursor_item (cursor, &item) == FEP_OK; i++) {
        alarms_seen (alarms, message, &item, s_time (message, i), now);
    }
}

void alarm_walk_seen (bytes_t batches, alarms_t *alarms, alarms_now_t now)
{
    cursor_t cursor = cursor_of (batches);
    batch_head_t head;
    message_t message;
    while (cursor_batch (&cursor, &head) == FEP_OK) {
        while (cursor_message (&cursor, &message) == FEP_OK) {
            s_seen (&cursor, &message, alarms, now);
        }
    }
}
