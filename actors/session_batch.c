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

//  Measuring points of a request that ended alike.
typedef struct {
    s_end_t end;
    uint32_t mask;    //  Bit i: the request's i-th
    uint16_t values;  //  Good ones of each
} s_group_t;

//  One message for all of them: the first is its measuring point, the others stand behind.
static bool s_journal_group (session_t *self, const session_env_t *env, const entry_t *entry,
                             const s_group_t *group)
{
    const request_t *request = &entry->request;
    batch_t *batch = env->batch;
    batch_mark_t mark = batch_mark (batch);
    bool line = request->carried && session_is_line (self);
    unsigned first = (unsigned) __builtin_ctz (group->mask);
    message_t *message = batch_message (batch, MESSAGE_RESULT);
    message->received_ms = env->wall_ms;
    message->time_ms = request->slot_ms;
    message->terminal = self->number;
    message->task = request->task;
    message->mp = request->mp_count > 1 ? request->mps[first] : request->mp;
    message->freeze = request->freeze;
    message->area = self->area;
    message->address = batch_keep (batch, bytes_text (self->address));
    batch_text (batch, POINT_RESULT_ERROR, fep_err_name (group->end.error));
    batch_item (batch, POINT_RESULT_CODE, value_decimal (group->end.code, 0, 0));
    batch_item (batch, POINT_RESULT_RUN, value_decimal (request->run, 0, 0));
    batch_item (batch, POINT_RESULT_VALUES, value_decimal (group->values, 0, 0));
    batch_item (batch, POINT_RESULT_LINE, value_decimal (line, 0, 0));
    if (group->end.silent) {
        batch_item (batch, POINT_RESULT_SILENT, value_decimal (1, 0, 0));
    }
    if (!entry->sent) {
        batch_item (batch, POINT_RESULT_UNSENT, value_decimal (1, 0, 0));
    }
    for (unsigned i = first + 1; i < REQUEST_MPS_MAX; i++) {
        if (group->mask >> i & 1) {
            batch_item (batch, POINT_RESULT_MP, value_decimal (request->mps[i], 0, 0));
        }
    }
    if (batch->failed) {
        batch_rollback (batch, mark);
        metric_add (METRIC_results_lost, (int64_t) __builtin_popcount (group->mask));
        return false;
    }
    return true;
}

uint32_t session_journal_result (session_t *self, const session_env_t *env, const entry_t *entry,
                                 fep_err_t error, uint8_t code, bool silent)
{
    uint32_t journalled = 0;
    size_t count = entry->request.mp_count > 1 ? entry->request.mp_count : 1;
    uint32_t left = 0;
    fep_err_t errors[REQUEST_MPS_MAX];
    for (size_t i = 0; entry->request.task && i < count; i++) {
        errors[i] = error;
        left |= s_ended (self, entry, i, &errors[i]) ? 1u << i : 0;
    }
    while (left) {
        unsigned first = (unsigned) __builtin_ctz (left);
        s_group_t group = {.end = {errors[first], code, silent}, .values = entry->values[first]};
        for (unsigned i = first; i < count; i++) {
            bool alike = errors[i] == errors[first] && entry->values[i] == entry->values[first];
            group.mask |= left & (alike ? 1u << i : 0);
        }
        left &= ~group.mask;
        journalled |= s_journal_group (self, env, entry, &group) ? group.mask : 0;
    }
    return journalled;
}
