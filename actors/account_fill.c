//  What the journal brings: readings fill the slots they belong to, whoever asked for them; results end runs; links
//  say who can be asked.
#include "actors/account.h"
#include "actors/session.h"
#include "codecs/codec.h"
#include "fep/clock.h"
#include "fep/metrics.h"
#include "fep/pack.h"
#include "fep/point.h"
#include <stdlib.h>
#include <string.h>

#define FUTURE_MS 600000  //  A device's clock may be ahead by so much

static slot_when_t s_when (const task_t *task, int64_t slot_ms, int64_t received_ms)
{
    int64_t late_ms = received_ms - slot_ms;
    if (late_ms > task->window_ms) {
        return SLOT_TOO_LATE;
    }
    return late_ms <= task->timely_ms ? SLOT_IN_TIME : SLOT_IN_WINDOW;
}

//  ---- Readings ----

//  Which item of the task a point is; -1: none.
static int s_item (const task_t *task, uint32_t point)
{
    for (int i = 0; i < task->point_count; i++) {
        if (task->points[i] == point) {
            return i;
        }
    }
    return -1;
}

//  The slot an item of a message belongs to; INT64_MIN: none. What a device says of the future or of what nobody asks
//  for any more has none.
static int64_t s_slot (const account_t *self, account_task_t *of, const zone_t *zone,
                       const message_t *message, uint32_t i)
{
    const task_t *task = &of->task;
    if (message->freeze == FREEZE_NONE) {
        return task_slot_before (task, zone, message->received_ms + 1);
    }
    int64_t time_ms = message_item_time (message, i);
    int64_t age_ms = message->received_ms - time_ms;
    bool sensible =
        message->time_ms && age_ms >= -FUTURE_MS && age_ms <= account_memory_ms (self, task);
    if (sensible && !zone && time_ms == of->slot_seen) {
        return time_ms;
    }
    if (!sensible || !task_is_slot (task, zone, time_ms)) {
        return INT64_MIN;
    }
    of->slot_seen = zone ? of->slot_seen : time_ms;
    return time_ms;
}

static void s_value (account_t *self, account_task_t *task, roster_terminal_t *terminal,
                     const message_t *message, int64_t slot_ms, int at, const item_t *item)
{
    slot_block_t *block = account_fill_block (self, task, terminal, slot_ms);
    slot_point_t *point = block ? slots_point (block, message->mp) : NULL;
    uint16_t quality = item->value.quality;
    slot_value_t value = SLOT_VALUE_GOOD;
    if (!point) {
        return;
    }
    if (quality & QUALITY_FREEZE_STAMP) {
        value = SLOT_VALUE_STAMP;
    } else if (quality & QUALITY_SUSPECT) {
        value = SLOT_VALUE_HELD;
    } else if (quality & QUALITY_INVALID || item->value.kind == VALUE_NONE) {
        return;
    }
    if (slots_value (block, point, (unsigned) at, value,
                     s_when (&task->task, slot_ms, message->received_ms))) {
        slots_touch (self->slots, block);
        if (block->due && !block->closed && !block->under_way && slots_full (block)) {
            account_close (self, block);
        }
    }
}

static void s_reading (account_t *self, cursor_t *cursor, const message_t *message)
{
    roster_terminal_t *terminal = roster_find (self->roster, message->terminal);
    account_task_t *tasks[TASKS_MAX];
    unsigned count = 0;
    for (unsigned word = 0; terminal && word < TASKS_MAX / 64; word++) {
        for (uint64_t bits = terminal->tasks[word]; bits; bits &= bits - 1) {
            account_task_t *task = self->tasks[64 * word + (unsigned) __builtin_ctzll (bits)];
            if (task_freeze (task->task.type) == message->freeze &&
                task_of_terminal (task->task.type) == (message->mp == 0)) {
                tasks[count++] = task;
            }
        }
    }
    item_t item;
    for (uint32_t i = 0; count && cursor_item (cursor, &item) == FEP_OK; i++) {
        for (unsigned k = 0; k < count; k++) {
            int at = s_item (&tasks[k]->task, item.point);
            int64_t slot_ms =
                at < 0 ? INT64_MIN : s_slot (self, tasks[k], terminal->zone, message, i);
            if (slot_ms != INT64_MIN) {
                s_value (self, tasks[k], terminal, message, slot_ms, at, &item);
            }
        }
    }
}

//  ---- Results and links ----

//  What the items of a result say. Returns how many measuring points it is of, with those in mps.
static size_t s_read_result (cursor_t *cursor, const message_t *message, slot_outcome_t *outcome,
                             uint16_t mps[REQUEST_MPS_MAX])
{
    size_t count = 1;
    item_t item;
    mps[0] = message->mp;
    while (cursor_item (cursor, &item) == FEP_OK) {
        if (item.point == POINT_RESULT_ERROR && item.value.kind == VALUE_TEXT) {
            char name[32];
            size_t size = (size_t) item.value.exponent;
            size = size < sizeof name - 1 ? size : sizeof name - 1;
            memcpy (name, item.value.text, size);
            name[size] = 0;
            if (!fep_err_parse (name, &outcome->error)) {
                outcome->error = FEP_CORRUPT;
            }
        } else if (item.point == POINT_RESULT_CODE) {
            outcome->code = (uint8_t) item.value.mantissa;
        } else if (item.point == POINT_RESULT_RUN) {
            outcome->run = (uint8_t) item.value.mantissa;
        } else if (item.point == POINT_RESULT_VALUES) {
            outcome->values = (uint32_t) item.value.mantissa;
        } else if (item.point == POINT_RESULT_LINE) {
            outcome->line = item.value.mantissa != 0;
        } else if (item.point == POINT_RESULT_SILENT) {
            outcome->silent = true;
        } else if (item.point == POINT_RESULT_UNSENT) {
            outcome->unsent = true;
        } else if (item.point == POINT_RESULT_MP && count < REQUEST_MPS_MAX) {
            mps[count++] = (uint16_t) item.value.mantissa;
        }
    }
    return count;
}

static void s_result (account_t *self, cursor_t *cursor, const message_t *message)
{
    account_task_t *task = account_task (self, message->task);
    slot_block_t *block =
        task ? account_block (self, (uint16_t) message->task, message->terminal, message->time_ms)
             : NULL;
    slot_outcome_t outcome = {.error = FEP_OK};
    uint16_t mps[REQUEST_MPS_MAX];
    size_t count = s_read_result (cursor, message, &outcome, mps);
    if (message->task == TASK_EVENTS_IMPORTANT || message->task == TASK_EVENTS_ORDINARY) {
        account_event_ended (self, message, outcome.error);
    }
    if (!block) {
        return;
    }
    const roster_terminal_t *terminal = roster_find (self->roster, message->terminal);
    outcome.when = s_when (&task->task, message->time_ms, message->received_ms);
    outcome.offline = terminal ? roster_offline (terminal) : GAP_terminal_offline;
    for (size_t i = 0; i < count; i++) {
        slot_point_t *point = slots_point (block, mps[i]);
        if (point && task->task.type == TASK_EVENT) {
            //  It is valid if it ended well, also if nothing was new.
            outcome.values = outcome.error == FEP_OK;
            account_event_task (self, message->terminal);
        }
        if (point) {
            account_ended (self, block, point, &outcome, clock_wall_ms ());
        }
    }
}

static void s_codec (account_t *self, roster_terminal_t *terminal, const value_t *value)
{
    char name[32] = "";
    if (value->kind == VALUE_TEXT && (size_t) value->exponent < sizeof name) {
        memcpy (name, value->text, (size_t) value->exponent);
    }
    const codec_t *codec = codec_find (name);
    if (codec) {
        roster_speaks (self->roster, terminal, codec);
    }
}

//  earlier: it is of an earlier process. What was connected to that one is not any more.
static void s_link (account_t *self, cursor_t *cursor, const message_t *message, bool earlier)
{
    roster_terminal_t *terminal = roster_find (self->roster, message->terminal);
    account_link_t link = ACCOUNT_DOWN;
    item_t item;
    while (cursor_item (cursor, &item) == FEP_OK) {
        if (item.point == POINT_LINK_STATE && item.value.mantissa != 0) {
            link = ACCOUNT_UP;
        } else if (item.point == POINT_LINK_CODEC && terminal && !earlier) {
            s_codec (self, terminal, &item.value);
        } else if (item.point == POINT_LINK_REASON && item.value.kind == VALUE_TEXT &&
                   bytes_equal (bytes_of (item.value.text, (size_t) item.value.exponent),
                                bytes_text (close_name (CLOSE_STOPPING)))) {
            link = ACCOUNT_STOPPING;
        }
    }
    if (terminal) {
        account_event_link (self, terminal, link == ACCOUNT_UP, message->received_ms);
    }
    if (terminal && !earlier) {
        account_link (self, terminal, link);
        account_event_ready (self, terminal);
    }
}

void account_follow (void *arg, uint64_t sequence, bytes_t batches)
{
    account_t *self = arg;
    uint64_t boot = actor_context (self->actor)->boot;
    cursor_t cursor = cursor_of (batches);
    batch_head_t head;
    message_t message;
    (void) sequence;
    while (cursor_batch (&cursor, &head) == FEP_OK) {
        while (cursor_message (&cursor, &message) == FEP_OK) {
            if (message.kind == MESSAGE_READING && !message.mp) {
                account_event_reading (self, cursor, &message);
            } else if (message.kind == MESSAGE_EVENT) {
                account_event (self, cursor, &message);
            }
            if (message_is_reading (message.kind) && self->task_count) {
                s_reading (self, &cursor, &message);
            } else if (message.kind == MESSAGE_RESULT && message.task) {
                s_result (self, &cursor, &message);
            } else if (message.kind == MESSAGE_LINK) {
                s_link (self, &cursor, &message, head.boot != boot);
            }
        }
    }
}
