//  What a session puts into its batch: stamps on what frames bring, and how the requests of acquisition tasks end. Who
//  follows the journal learns both, in the order in which they happened.
#include "actors/session_inside.h"
#include "fep/metrics.h"
#include "fep/point.h"

static bool s_asked (const request_t *request, uint32_t point)
{
    for (size_t i = 0; i < request->point_count; i++) {
        if (request->points[i] == point) {
            return true;
        }
    }
    return request->point_count == 0;
}

//  Values asked for that are there and not said to be invalid; of one instant, if that was asked. An event that was
//  understood counts as one.
static uint32_t s_good_values (const batch_t *batch, const message_t *message,
                               const request_t *request)
{
    const item_t *items = &batch->items[message->first];
    bool instant = request->kind == REQUEST_READ_FROZEN && request->from_ms == request->to_ms;
    uint32_t good = 0;
    if (message->kind == MESSAGE_EVENT) {
        return message->count && items[0].point == POINT_EVENT_CODE ? 1 : 0;
    }
    for (uint32_t i = 0; message_is_reading (message->kind) && i < message->count; i++) {
        const value_t *value = &items[i].value;
        bool there = value->kind != VALUE_NONE && !(value->quality & QUALITY_INVALID);
        bool due = !instant || message_item_time (message, i) == request->from_ms;
        good += there && due && s_asked (request, items[i].point) ? 1 : 0;
    }
    return good;
}

//  A terminal that registers by another name is known by its address.
void session_stamp (session_t *self, const session_env_t *env, batch_mark_t from, entry_t *entry)
{
    bool tasked = entry && entry->request.task;
    for (size_t i = from.message_count; i < env->batch->message_count; i++) {
        message_t *message = &env->batch->messages[i];
        message->terminal = self->number;
        message->area = self->area;
        if (self->renamed) {
            message->address = batch_keep (env->batch, bytes_text (self->address));
        }
        if (message->kind == MESSAGE_READING) {
            metric_add (METRIC_readings_received, message->count);
            self->facts.last_reading_ms = env->wall_ms;
        }
        if (message->kind == MESSAGE_HEARTBEAT) {
            int64_t interval = self->beat_ms ? env->now_ms - self->beat_ms : 0;
            self->learned_ms = interval > self->learned_ms ? interval : self->learned_ms;
            self->intervals += interval ? 1 : 0;
            self->beat_ms = env->now_ms;
            self->facts.last_heartbeat_ms = env->wall_ms;
        }
        if (tasked) {
            message->task = entry->request.task;
            entry->values += s_good_values (env->batch, message, &entry->request);
        }
    }
}

bool session_journal_result (session_t *self, const session_env_t *env, const entry_t *entry,
                             fep_err_t error, uint8_t code, bool silent)
{
    const request_t *request = &entry->request;
    batch_mark_t mark = batch_mark (env->batch);
    if (!request->task) {
        return false;
    }
    message_t *message = batch_message (env->batch, MESSAGE_RESULT);
    message->received_ms = env->wall_ms;
    message->time_ms = request->slot_ms;
    message->terminal = self->number;
    message->task = request->task;
    message->mp = request->mp;
    message->freeze = request->freeze;
    message->area = self->area;
    message->address = batch_keep (env->batch, bytes_text (self->address));
    bool line = request->carried && session_is_line (self);
    batch_text (env->batch, POINT_RESULT_ERROR, fep_err_name (error));
    batch_item (env->batch, POINT_RESULT_CODE, value_decimal (code, 0, 0));
    batch_item (env->batch, POINT_RESULT_RUN, value_decimal (request->run, 0, 0));
    batch_item (env->batch, POINT_RESULT_VALUES, value_decimal (entry->values, 0, 0));
    batch_item (env->batch, POINT_RESULT_LINE, value_decimal (line, 0, 0));
    if (silent) {
        batch_item (env->batch, POINT_RESULT_SILENT, value_decimal (1, 0, 0));
    }
    if (!entry->sent) {
        batch_item (env->batch, POINT_RESULT_UNSENT, value_decimal (1, 0, 0));
    }
    if (env->batch->failed) {
        batch_rollback (env->batch, mark);
        metric_add (METRIC_results_lost, 1);
        return false;
    }
    return true;
}
