//  History: follows the journal and keeps the latest values, in memory with checkpoints; never a row per reading.
//  A checkpoint writes the rows that changed, some in a turn, and with the last the journal position it began at; a
//  crash replays the journal from there. Suspect items are none: what is doubted is not published.
//
//  Words it takes: COMMITTED from storage; LATEST from control.
#include "actors/actor.h"
#include "actors/answer.h"
#include "actors/follower.h"
#include "actors/latest.h"
#include "fep/clock.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include "fep/pack.h"
#include "fep/wire.h"
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 512            //  Rows of one write at a checkpoint, of which each turn makes one
#define BYTES_MAX (512u << 10)  //  Bytes after which it has enough
#define LOOK_MAX 65536          //  Rows that are looked at for it

typedef struct {
    actor_t *actor;         //  Frame
    store_t *store;         //  Borrowed
    int control;            //  Mailbox
    latest_t *latest;       //  Values
    follower_t follower;    //  Of the journal
    uint64_t saved;         //  Position of the last checkpoint
    int64_t checkpoint_us;  //  Next
    bool saving;            //  A checkpoint is under way
    uint64_t target;        //  Its position
    size_t next, end;       //  Its rows: the first not looked at yet, and behind the last
    uint8_t *page;          //  Scratch for rows and answers
    size_t page_size;       //  Of it
} history_t;

//  ---- Following ----

static void s_take (history_t *self, cursor_t *cursor, const message_t *message, uint64_t sequence)
{
    latest_block_t *block = latest_block (self->latest, message->terminal, message->mp, true);
    item_t item;
    latest_expect (self->latest, block, message->step_ms ? 1 : message->count);
    for (uint32_t i = 0; cursor_item (cursor, &item) == FEP_OK; i++) {
        latest_value_t value = {.point = item.point,
                                .freeze = message->freeze,
                                .time_ms = message->time_ms ? message_item_time (message, i)
                                                            : message->received_ms,
                                .value = item.value,
                                .sequence = sequence};
        if (item.value.kind == VALUE_TEXT || item.value.quality & QUALITY_SUSPECT) {
            continue;
        }
        if (!latest_put (self->latest, block, &value)) {
            metric_add (METRIC_latest_refused, 1);
        }
    }
}

static void s_follow (void *arg, uint64_t sequence, bytes_t batches)
{
    history_t *self = arg;
    cursor_t cursor = cursor_of (batches);
    batch_head_t head;
    message_t message;
    while (cursor_batch (&cursor, &head) == FEP_OK) {
        while (cursor_message (&cursor, &message) == FEP_OK) {
            if (message_is_reading (message.kind)) {
                s_take (self, &cursor, &message, sequence);
            }
        }
    }
}

static fep_err_t s_on_committed (void *arg, actor_t *actor, bytes_t body)
{
    history_t *self = arg;
    (void) actor;
    return follower_hint (&self->follower, body);
}

//  ---- Checkpoints ----

static uint8_t *s_page (history_t *self, size_t size)
{
    if (size > self->page_size) {
        self->page = realloc (self->page, size);
        FEP_ASSERT (self->page);
        self->page_size = size;
    }
    return self->page;
}

//  Picks changed rows from next on: as many as one write takes, and at least one if there is one. Returns how many.
static size_t s_pick (history_t *self, latest_row_t *picked[], size_t *bytes)
{
    size_t count = 0;
    *bytes = 0;
    for (size_t i = 0; i < LOOK_MAX && self->next < self->end; i++) {
        if (count == ROWS_MAX || *bytes >= BYTES_MAX) {
            break;
        }
        latest_row_t *row = latest_row_at (self->latest, self->next++);
        if (row->dirty) {
            picked[count++] = row;
            *bytes += LATEST_GROUP * LATEST_KEY_SIZE + latest_bound (row);
        }
    }
    return count;
}

static bytes_t s_key (writer_t *out, const latest_row_t *row, size_t i)
{
    uint8_t *key = writer_room (out, LATEST_KEY_SIZE);
    latest_key (row->terminal, (uint16_t) (row->mp + i), key);
    return bytes_of (key, LATEST_KEY_SIZE);
}

//  Packs them; what version 1 had of their measuring points goes with the same write. Returns how many rows it is.
static size_t s_pack (history_t *self, latest_row_t *const picked[], size_t count, size_t bytes,
                      row_t rows[])
{
    size_t made = 0;
    writer_t out = writer_of (s_page (self, bytes + 1), bytes + 1);
    for (size_t i = 0; i < count; i++) {
        const latest_row_t *row = picked[i];
        bytes_t key = s_key (&out, row, 0);
        size_t start = out.size;
        latest_pack (row, &out);
        rows[made++] = (row_t){FAMILY_LATEST, key, bytes_of (out.data + start, out.size - start)};
        for (size_t k = 1; row->alone >> k; k++) {
            if (row->alone >> k & 1) {
                rows[made++] = (row_t){FAMILY_LATEST, s_key (&out, row, k), bytes_of (NULL, 0)};
            }
        }
    }
    FEP_ASSERT (!out.failed);
    return made;
}

//  Begins a checkpoint, or writes more of the one under way. What changes meanwhile belongs to the next one: it is
//  dirty again, and behind the position.
static fep_err_t s_checkpoint (history_t *self)
{
    static row_t rows[ROWS_MAX * LATEST_GROUP];
    static latest_row_t *picked[ROWS_MAX];
    size_t bytes;
    if (!self->saving) {
        self->saving = self->follower.position != self->saved;
        self->target = self->follower.position;
        self->next = 0;
        self->end = latest_rows (self->latest);
    }
    if (!self->saving) {
        return FEP_OK;
    }
    size_t count = s_pick (self, picked, &bytes);
    bool last = self->next == self->end;
    fep_err_t error = FEP_OK;
    if (count || last) {
        size_t made = s_pack (self, picked, count, bytes, rows);
        error =
            store_follow (self->store, NAME_HISTORY, last ? self->target : self->saved, rows, made);
    }
    if (error != FEP_OK) {
        self->saving = false;
        return error;
    }
    for (size_t i = 0; i < count; i++) {
        picked[i]->dirty = false;
        picked[i]->alone = 0;
    }
    if (last) {
        self->saving = false;
        self->saved = self->target;
        metric_add (METRIC_checkpoints, 1);
    }
    return FEP_OK;
}

static int64_t s_tick (void *arg, actor_t *actor, int64_t now_us)
{
    history_t *self = arg;
    bool more;
    fep_err_t error = follower_catch_up (&self->follower, now_us, &more);
    if (error != FEP_OK) {
        actor_fail (actor, "HISTORY-JOURNAL", error);
    }
    metric_set (METRIC_history_behind, (int64_t) follower_behind (&self->follower));
    metric_set (METRIC_latest_values, (int64_t) latest_count (self->latest));
    if (self->saving || now_us >= self->checkpoint_us) {
        error = s_checkpoint (self);
        if (error != FEP_OK && error != FEP_NO_SPACE) {
            actor_fail (actor, "CHECKPOINT-FAILED", error);
        }
        self->checkpoint_us = now_us + (int64_t) actor_config (actor)->history.checkpoint_ms * 1000;
    }
    if (more || self->saving) {
        return now_us;
    }
    return self->checkpoint_us < self->follower.look_us ? self->checkpoint_us
                                                        : self->follower.look_us;
}

//  ---- Answers ----

//  Appends [mp, columns...] of the values from number `from` on; returns the number to go on with, 0 = end.
static uint64_t s_values (history_t *self, uint32_t terminal, const uint16_t mps[], size_t mp_count,
                          uint64_t from, size_t limit, writer_t *out, uint32_t *written)
{
    uint64_t number = 0;
    for (size_t k = 0; k < mp_count; k++) {
        const latest_block_t *block = latest_block (self->latest, terminal, mps[k], false);
        for (uint32_t i = 0; block && i < block->count; i++, number++) {
            if (number < from) {
                continue;
            }
            if (out->size + LATEST_VALUE_BYTES > limit) {
                return number;
            }
            wire_put_array (out, 1 + LATEST_COLUMNS);
            wire_put_uint (out, mps[k]);
            latest_columns (&block->values[i], out);
            (*written)++;
        }
    }
    return 0;
}

//  Measuring points of a terminal that have values, ascending.
static size_t s_mps (history_t *self, uint32_t terminal, int64_t wanted, uint16_t mps[], size_t max)
{
    size_t count = 0;
    for (uint32_t mp = 0; mp <= UINT16_MAX && count < max; mp++) {
        if ((wanted < 0 || wanted == mp) &&
            latest_block (self->latest, terminal, (uint16_t) mp, false)) {
            mps[count++] = (uint16_t) mp;
        }
    }
    return count;
}

static fep_err_t s_on_latest (void *arg, actor_t *actor, bytes_t body)
{
    history_t *self = arg;
    static uint16_t mps[UINT16_MAX + 1];
    reader_t client;
    uint32_t terminal = (uint32_t) wire_find_int (body, "number", 0);
    size_t limit = (size_t) actor_config (actor)->door.page_bytes;
    if (!wire_find (body, "client", &client)) {
        return FEP_CORRUPT;
    }
    size_t mp_count =
        s_mps (self, terminal, wire_find_int (body, "mp", -1), mps, sizeof mps / sizeof *mps);
    uint8_t *page = s_page (self, 2 * limit + 1024);
    writer_t inner = writer_of (page, limit + 256);
    uint32_t written = 0;
    wire_put_map (&inner, 3);
    wire_pair_int (&inner, "token", wire_find_int (body, "token", 0));
    wire_put_text (&inner, "values");
    //  array32, its count patched below
    writer_u8 (&inner, 0xdd);
    size_t at = inner.size;
    writer_u32be (&inner, 0);
    uint64_t next = s_values (self, terminal, mps, mp_count,
                              (uint64_t) wire_find_int (body, "from", 0), limit, &inner, &written);
    writer_t patch = writer_of (inner.data + at, 4);
    writer_u32be (&patch, written);
    wire_pair_uint (&inner, "next", next);
    writer_t answer = writer_of (page + limit + 256, limit + 768);
    fep_err_t error = answer_put (&answer, wire_get_bin (&client), "LATEST", &inner);
    return error ? error : actor_send (actor, self->control, WORD_ANSWER, writer_bytes (&answer));
}

//  ---- Start and stop ----

static fep_err_t s_load (void *arg, bytes_t key, bytes_t value)
{
    history_t *self = arg;
    return latest_unpack (self->latest, key, value);
}

static fep_err_t s_start (void *arg, actor_t *actor)
{
    history_t *self = arg;
    self->actor = actor;
    self->store = actor_context (actor)->store;
    self->latest = latest_new ((size_t) actor_config (actor)->history.values);
    uint64_t first = store_first (self->store);
    uint64_t from = 0;
    fep_err_t error = store_follower (self->store, NAME_HISTORY, first ? first - 1 : 0, &from);
    if (error == FEP_OK) {
        error = store_each (self->store, FAMILY_LATEST, bytes_of (NULL, 0), s_load, self);
    }
    follower_init (&self->follower, self->store, from, s_follow, self);
    self->saved = from;
    if (error == FEP_OK) {
        error = follower_finish (&self->follower);
    }
    if (error != FEP_OK) {
        return error;
    }
    log_line (LEVEL_INFO, "LATEST", "values=%zu replayed=%llu position=%llu",
              latest_count (self->latest), (unsigned long long) (self->follower.position - from),
              (unsigned long long) self->follower.position);
    self->control = actor_dealer (actor, AT_CONTROL, MARK_MAIL);
    if (self->control < 0 || actor_pull (actor, AT_HISTORY, MARK_HINT, false) < 0) {
        return FEP_SYSTEM;
    }
    return actor_send (actor, self->control, WORD_HELLO, bytes_of (NULL, 0));
}

static bool s_drain (void *arg, actor_t *actor)
{
    history_t *self = arg;
    (void) actor;
    fep_err_t error = follower_finish (&self->follower);
    self->saving = false;
    do {
        error = error ? error : s_checkpoint (self);
    } while (self->saving && error == FEP_OK);
    if (error != FEP_OK) {
        log_line (LEVEL_WARNING, "CHECKPOINT-SKIPPED", "reason=%s", fep_err_name (error));
    }
    return true;
}

static void s_stop (void *arg, actor_t *actor)
{
    history_t *self = arg;
    (void) actor;
    follower_fini (&self->follower);
    latest_destroy (&self->latest);
    free (self->page);
}

static const actor_word_t s_words[] = {
    {WORD_COMMITTED, s_on_committed}, {WORD_LATEST, s_on_latest}, {NULL, NULL}};

const actor_class_t history_class = {.name = NAME_HISTORY,
                                     .self_size = sizeof (history_t),
                                     .start = s_start,
                                     .stop = s_stop,
                                     .tick = s_tick,
                                     .drain = s_drain,
                                     .words = s_words,
                                     .behind = true};
