//  What a session puts into its batch: stamps on what frames bring, and how the requests of acquisition tasks end. Who
//  follows the journal learns both, in the order in which they happened.
#include "actors/session_inside.h"
#include "fep/metrics.h"
#include "fep/point.h"

//  How a request ended for a measuring point.
typedef struct {
    fep_err_t error;  //  FEP_OK: it was answered
    uint8_t code;     //  The terminal's
    bool silent;      //  That says that the meter did not answer
} s_end_t;

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

//  What a message of an answer brings, by measuring point.
static void s_count (const batch_t *batch, const message_t *message, entry_t *entry)
{
    const request_t *request = &entry->request;
    size_t count = request->mp_count > 1 ? request->mp_count : 1;
    size_t i = 0;
    while (count > 1 && i < count && request->mps[i] != message->mp) {
        i++;
    }
    if (i < count && message_is_reading (message->kind)) {
        entry->heard |= 1u << i;
    }
    if (i < count) {
        uint32_t values = entry->values[i] + s_good_values (batch, message, request);
        entry->values[i] = (uint16_t) (values < UINT16_MAX ? values : UINT16_MAX);
    }
}

//  What a re-read brings says so.
static void s_mark_reread (batch_t *batch, const message_t *message)
{
    for (uint32_t i = 0; message_is_reading (message->kind) && i < message->count; i++) {
        batch->items[message->first + i].value.quality |= QUALITY_RE_READ;
    }
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
            if (entry->request.run) {
                s_mark_reread (env->batch, message);
            }
        }
        if (entry) {
            s_count (env->batch, message, entry);
        }
    }
}

//  How a request that ended so ended for its i-th measuring point. False: that would be another end if the point were
//  asked alone.
static bool s_ended (const session_t *self, const entry_t *entry, size_t i, fep_err_t *error)
{
    const request_t *request = &entry->request;
    if (request->mp_count <= 1) {
        return true;
    }
    if (i < entry->over) {
        *error = FEP_OK;
        return entry->heard >> i & 1 || self->codec->absence_tells;
    }
    return *error != FEP_REFUSED && !(*error == FEP_TIMEOUT && request->trial);
}

static bool s_journal_one (session_t *self, const session_env_t *env, const entry_t *entry,
                           size_t i, const s_end_t *end)
{
    const request_t *request = &entry->request;
    batch_mark_t mark = batch_mark (env->batch);
    message_t *message = batch_message (env->batch, MESSAGE_RESULT);
    message->received_ms = env->wall_ms;
    message->time_ms = request->slot_ms;
    message->terminal = self->number;
    message->task = request->task;
    message->mp = request->mp_count > 1 ? request->mps[i] : request->mp;
    message->freeze = request->freeze;
    message->area = self->area;
    message->address = batch_keep (env->batch, bytes_text (self->address));
    bool line = request->carried && session_is_line (self);
    batch_text (env->batch, POINT_RESULT_ERROR, fep_err_name (end->error));
    batch_item (env->batch, POINT_RESULT_CODE, value_decimal (end->code, 0, 0));
    batch_item (env->batch, POINT_RESULT_RUN, value_decimal (request->run, 0, 0));
    batch_item (env->batch, POINT_RESULT_VALUES, value_decimal (entry->values[i], 0, 0));
    batch_item (env->batch, POINT_RESULT_LINE, value_decimal (line, 0, 0));
    if (end->silent) {
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

uint32_t session_journal_result (session_t *self, const session_env_t *env, const entry_t *entry,
                                 fep_err_t error, uint8_t code, bool silent)
{
    uint32_t journalled = 0;
    size_t count = entry->request.mp_count > 1 ? entry->request.mp_count : 1;
    for (size_t i = 0; entry->request.task && i < count; i++) {
        s_end_t end = {error, code, silent};
        if (s_ended (self, entry, i, &end.error) && s_journal_one (self, env, entry, i, &end)) {
            journalled |= 1u << i;
        }
    }
    return journalled;
}
