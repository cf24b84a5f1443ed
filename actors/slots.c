//  Blocks in a hash by task, terminal and slot; what a value or an answer means for one of their points.
#include "actors/slots.h"
#include "fep/check.h"
#include <stdlib.h>
#include <string.h>

#define BUCKETS_FIRST 4096
#define VERSION 1
#define HEAD_BYTES 24   //  Of a row besides its points
#define POINT_BYTES 12  //  Of one point in it at most

enum { ROW_DUE = 1 << 0 };
#define STORED_FLAGS ((uint8_t) ~(SLOT_ASKED | SLOT_ALONE))

struct slots {
    slot_block_t **buckets;  //  Hash
    size_t bucket_count;     //  A power of two
    size_t block_count;      //  In it
    size_t point_count;      //  Of all blocks
    size_t closed_count;     //  Points of closed blocks, which are here until the next checkpoint
    size_t points_max;       //  Limit
    slot_block_t *changed;   //  Those to be stored
};

slots_t *slots_new (size_t points_max)
{
    slots_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    self->bucket_count = BUCKETS_FIRST;
    self->buckets = calloc (self->bucket_count, sizeof *self->buckets);
    FEP_ASSERT (self->buckets);
    self->points_max = points_max;
    return self;
}

void slots_destroy (slots_t **self_p)
{
    slots_t *self = *self_p;
    if (self) {
        for (size_t i = 0; i < self->bucket_count; i++) {
            while (self->buckets[i]) {
                slot_block_t *block = self->buckets[i];
                self->buckets[i] = block->next;
                free (block);
            }
        }
        free (self->buckets);
        free (self);
        *self_p = NULL;
    }
}

static size_t s_bucket (const slots_t *self, uint16_t task, uint32_t terminal, int64_t slot_ms)
{
    uint64_t h = (uint64_t) slot_ms / 1000 * 0x9E3779B97F4A7C15u;
    h ^= ((uint64_t) task << 32 | terminal) * 0xC2B2AE3D27D4EB4Fu;
    h ^= h >> 29;
    return (size_t) (h * 0xBF58476D1CE4E5B9u >> 20) & (self->bucket_count - 1);
}

slot_block_t *slots_find (const slots_t *self, uint16_t task, uint32_t terminal, int64_t slot_ms)
{
    slot_block_t *block = self->buckets[s_bucket (self, task, terminal, slot_ms)];
    while (block &&
           (block->task != task || block->terminal != terminal || block->slot_ms != slot_ms)) {
        block = block->next;
    }
    return block;
}

static void s_hang (slots_t *self, slot_block_t *block)
{
    size_t at = s_bucket (self, block->task, block->terminal, block->slot_ms);
    block->next = self->buckets[at];
    self->buckets[at] = block;
}

static void s_grow (slots_t *self)
{
    size_t count = self->bucket_count;
    slot_block_t **old = self->buckets;
    self->bucket_count = 2 * count;
    self->buckets = calloc (self->bucket_count, sizeof *self->buckets);
    FEP_ASSERT (self->buckets);
    for (size_t i = 0; i < count; i++) {
        while (old[i]) {
            slot_block_t *block = old[i];
            old[i] = block->next;
            s_hang (self, block);
        }
    }
    free (old);
}

static slot_block_t *s_add (slots_t *self, const slot_block_t *head)
{
    if (head->count > self->points_max - self->point_count) {
        return NULL;
    }
    slot_block_t *block = calloc (1, sizeof *block + head->count * sizeof *block->points);
    if (!block) {
        return NULL;
    }
    *block = *head;
    block->next = block->changed = NULL;
    if (self->block_count >= self->bucket_count) {
        s_grow (self);
    }
    s_hang (self, block);
    self->block_count++;
    self->point_count += block->count;
    self->closed_count += block->closed ? block->count : 0;
    return block;
}

slot_block_t *slots_make (slots_t *self, uint16_t task, uint32_t terminal, int64_t slot_ms,
                          uint8_t items, const uint16_t mps[], size_t count)
{
    slot_block_t head = {.task = task,
                         .terminal = terminal,
                         .slot_ms = slot_ms,
                         .next_ms = INT64_MAX,
                         .items = items,
                         .count = (uint16_t) count};
    slot_block_t *block = s_add (self, &head);
    for (size_t i = 0; block && i < count; i++) {
        block->points[i] = (slot_point_t){.mp = mps[i], .reason = GAP_not_due};
    }
    if (block) {
        slots_touch (self, block);
    }
    return block;
}

void slots_drop (slots_t *self, slot_block_t *block)
{
    FEP_ASSERT (!block->dirty);
    slot_block_t **link =
        &self->buckets[s_bucket (self, block->task, block->terminal, block->slot_ms)];
    while (*link != block) {
        link = &(*link)->next;
    }
    *link = block->next;
    self->block_count--;
    self->point_count -= block->count;
    self->closed_count -= block->closed ? block->count : 0;
    free (block);
}

size_t slots_blocks (const slots_t *self)
{
    return self->block_count;
}

size_t slots_points (const slots_t *self)
{
    return self->point_count;
}

size_t slots_open (const slots_t *self)
{
    return self->point_count - self->closed_count;
}

void slots_set_closed (slots_t *self, slot_block_t *block, bool closed)
{
    if (block->closed != closed) {
        size_t before = self->closed_count;
        self->closed_count = closed ? before + block->count : before - block->count;
        block->closed = closed;
    }
    slots_touch (self, block);
}

//  A place is a bucket and how many of its blocks were given.
slot_block_t *slots_next (slots_t *self, size_t *place)
{
    size_t bucket = *place >> 16, within = *place & 0xFFFF;
    while (bucket < self->bucket_count) {
        slot_block_t *block = self->buckets[bucket];
        for (size_t i = 0; block && i < within; i++) {
            block = block->next;
        }
        if (block) {
            *place = bucket << 16 | (within + 1);
            return block;
        }
        bucket++;
        within = 0;
    }
    *place = bucket << 16;
    return NULL;
}

void slots_touch (slots_t *self, slot_block_t *block)
{
    if (!block->dirty) {
        block->dirty = true;
        block->changed = self->changed;
        self->changed = block;
    }
}

slot_block_t *slots_changed (slots_t *self)
{
    slot_block_t *block = self->changed;
    if (block) {
        self->changed = block->changed;
        block->changed = NULL;
        block->dirty = false;
    }
    return block;
}

slot_point_t *slots_point (slot_block_t *block, uint16_t mp)
{
    size_t low = 0, high = block->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (block->points[middle].mp < mp) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < block->count && block->points[low].mp == mp ? &block->points[low] : NULL;
}

//  ---- What happens to a point ----

bool slots_idle (const slot_block_t *block)
{
    for (size_t i = 0; i < block->count; i++) {
        const slot_point_t *point = &block->points[i];
        if (!slots_complete (block, point) && !gap_apart (point->reason)) {
            return false;
        }
    }
    return true;
}

bool slots_complete (const slot_block_t *block, const slot_point_t *point)
{
    return (point->valid & slots_all (block)) == slots_all (block);
}

bool slots_full (const slot_block_t *block)
{
    for (size_t i = 0; i < block->count; i++) {
        if (!slots_complete (block, &block->points[i])) {
            return false;
        }
    }
    return true;
}

//  An item has a valid value now.
static void s_good (const slot_block_t *block, slot_point_t *point, unsigned item, slot_when_t when)
{
    point->valid |= 1u << item;
    if (item == 0) {
        point->flags |= when == SLOT_IN_TIME ? SLOT_TIMELY : 0;
        point->flags |= point->flags & SLOT_FIRST_RAN ? SLOT_REREAD : SLOT_FIRST_OK;
    }
    if (slots_complete (block, point)) {
        point->reason = GAP_valid;
        point->error = point->code = 0;
    }
}

bool slots_value (const slot_block_t *block, slot_point_t *point, unsigned item, slot_value_t value,
                  slot_when_t when)
{
    if (item >= block->items || point->valid >> item & 1) {
        return false;
    }
    uint8_t before = point->reason;
    bool counts = value == SLOT_VALUE_GOOD && when != SLOT_TOO_LATE;
    if (!counts && gap_apart (before)) {
        return false;
    }
    if (value == SLOT_VALUE_HELD) {
        point->reason = GAP_held;
    } else if (value == SLOT_VALUE_STAMP) {
        point->reason = GAP_freeze_stamp_wrong;
    } else if (when == SLOT_TOO_LATE) {
        point->reason = GAP_late;
    } else {
        s_good (block, point, item, when);
        return true;
    }
    return point->reason != before;
}

//  The reason an error stands for.
static gap_t s_gap (const slot_outcome_t *outcome)
{
    switch (outcome->error) {
    case FEP_OK:
    case FEP_NOT_MINE:
    case FEP_TRUNCATED:
    case FEP_CHECKSUM:
        //  What was forwarded brought nothing of the meter.
        return GAP_meter_no_answer;
    case FEP_TIMEOUT:
        return outcome->line ? GAP_meter_no_answer : GAP_terminal_no_answer;
    case FEP_REFUSED:
        return outcome->silent ? GAP_meter_no_answer : GAP_refused;
    case FEP_NOT_FOUND:
        return outcome->unsent ? GAP_not_asked : GAP_meter_no_answer;
    case FEP_CLOSED:
        return outcome->offline ? outcome->offline : GAP_terminal_offline;
    default:
        return GAP_not_asked;
    }
}

static bool s_stays (uint8_t reason)
{
    return reason == GAP_held || reason == GAP_freeze_stamp_wrong || reason == GAP_late;
}

void slots_outcome (const slot_block_t *block, slot_point_t *point, const slot_outcome_t *outcome)
{
    uint32_t missing = slots_all (block) & ~point->valid;
    bool all_came = outcome->error == FEP_OK && outcome->values >= block->items;
    for (unsigned i = 0; all_came && !s_stays (point->reason) && i < block->items; i++) {
        if (missing >> i & 1) {
            (void) slots_value (block, point, i, SLOT_VALUE_GOOD, outcome->when);
        }
    }
    if (!slots_complete (block, point) && !s_stays (point->reason) && !gap_apart (point->reason)) {
        point->reason = (uint8_t) s_gap (outcome);
        point->error = (uint8_t) outcome->error;
        point->code = outcome->code;
    }
    point->runs = outcome->run < UINT8_MAX ? (uint8_t) (outcome->run + 1) : outcome->run;
    point->flags |= SLOT_FIRST_RAN;
}

void slots_reason (const slot_block_t *block, slot_point_t *point, gap_t reason)
{
    bool apart = gap_apart ((uint8_t) reason);
    if (!apart && gap_apart (point->reason)) {
        return;
    }
    if (!slots_complete (block, point) && (!s_stays (point->reason) || apart)) {
        point->reason = (uint8_t) reason;
        point->error = point->code = 0;
    }
    point->flags |= apart ? 0 : SLOT_FIRST_RAN;
}

//  ---- Rows ----

void slots_key (uint16_t task, uint32_t terminal, int64_t slot_ms, bool closed,
                uint8_t key[SLOTS_KEY_SIZE])
{
    writer_t out = writer_of (key, SLOTS_KEY_SIZE);
    uint64_t seconds = (uint64_t) slot_ms / 1000;
    writer_u8 (&out, closed ? 'c' : 'o');
    writer_u16be (&out, task);
    writer_u8 (&out, (uint8_t) (seconds >> 32));
    writer_u32be (&out, (uint32_t) seconds);
    writer_u32be (&out, terminal);
}

size_t slots_pack_bound (const slot_block_t *block)
{
    return HEAD_BYTES + (size_t) block->count * POINT_BYTES;
}

//  A point that has everything takes 4 bytes.
void slots_pack (const slot_block_t *block, writer_t *out)
{
    writer_u8 (out, VERSION);
    writer_u8 (out, block->items);
    writer_u8 (out, block->area);
    writer_u8 (out, block->run);
    writer_u8 (out, block->due ? ROW_DUE : 0);
    writer_u16be (out, block->count);
    writer_u64be (out, (uint64_t) block->next_ms);
    for (size_t i = 0; i < block->count; i++) {
        const slot_point_t *point = &block->points[i];
        writer_u16be (out, point->mp);
        writer_u8 (out, point->reason);
        writer_u8 (out, point->flags & STORED_FLAGS);
        if (point->reason != GAP_valid) {
            writer_u32be (out, point->valid);
            writer_u8 (out, point->runs);
            writer_u8 (out, point->error);
            writer_u8 (out, point->code);
        }
    }
}

bool slots_key_of (bytes_t key, slot_block_t *head)
{
    reader_t in = reader_of (key);
    uint8_t state = reader_u8 (&in);
    head->task = reader_u16be (&in);
    uint64_t seconds = (uint64_t) reader_u8 (&in) << 32;
    seconds |= reader_u32be (&in);
    head->slot_ms = (int64_t) seconds * 1000;
    head->terminal = reader_u32be (&in);
    head->closed = state == 'c';
    head->stored = state;
    return !in.failed && key.size == SLOTS_KEY_SIZE && (state == 'c' || state == 'o');
}

fep_err_t slots_unpack (bytes_t key, reader_t *in, slot_block_t *head)
{
    memset (head, 0, sizeof *head);
    if (!slots_key_of (key, head)) {
        return FEP_CORRUPT;
    }
    if (reader_u8 (in) != VERSION) {
        return in->failed ? FEP_CORRUPT : FEP_VERSION;
    }
    head->items = reader_u8 (in);
    head->area = reader_u8 (in);
    head->run = reader_u8 (in);
    head->due = reader_u8 (in) & ROW_DUE;
    head->count = reader_u16be (in);
    head->next_ms = (int64_t) reader_u64be (in);
    bool sound = !in->failed && head->items >= 1 && head->items <= 32;
    return sound && reader_left (in) >= (size_t) head->count * 4 ? FEP_OK : FEP_CORRUPT;
}

fep_err_t slots_unpack_point (const slot_block_t *head, reader_t *in, slot_point_t *point)
{
    *point = (slot_point_t){.valid = slots_all (head)};
    point->mp = reader_u16be (in);
    point->reason = reader_u8 (in);
    point->flags = reader_u8 (in);
    if (point->reason != GAP_valid) {
        point->valid = reader_u32be (in);
        point->runs = reader_u8 (in);
        point->error = reader_u8 (in);
        point->code = reader_u8 (in);
    }
    return in->failed || point->reason >= GAP_COUNT ? FEP_CORRUPT : FEP_OK;
}

fep_err_t slots_load (slots_t *self, bytes_t key, bytes_t value, slot_block_t **block_p)
{
    slot_block_t head;
    reader_t in = reader_of (value);
    fep_err_t error = slots_unpack (key, &in, &head);
    if (error) {
        return error;
    }
    *block_p = slots_find (self, head.task, head.terminal, head.slot_ms);
    if (*block_p) {
        return FEP_OK;
    }
    slot_block_t *block = s_add (self, &head);
    if (!block) {
        return FEP_FULL;
    }
    for (size_t i = 0; !error && i < block->count; i++) {
        error = slots_unpack_point (block, &in, &block->points[i]);
    }
    if (error) {
        slots_drop (self, block);
        return error;
    }
    *block_p = block;
    return FEP_OK;
}

//  ---- Counts ----

void slots_count (const slot_block_t *head, const slot_point_t *point, slot_counts_t *counts)
{
    uint32_t all = slots_all (head);
    uint32_t valid = point->valid & all;
    unsigned missing = (unsigned) __builtin_popcount (all & ~valid);
    counts->points++;
    if (missing && gap_apart (point->reason)) {
        counts->apart++;
        counts->reasons[point->reason]++;
        counts->item_reasons[point->reason] += head->items;
        return;
    }
    counts->due++;
    counts->items += head->items;
    counts->items_valid += head->items - missing;
    counts->item_reasons[point->reason] += missing;
    if (valid & 1) {
        counts->cycle++;
        counts->first += point->flags & SLOT_FIRST_OK ? 1 : 0;
        counts->timely += point->flags & SLOT_TIMELY ? 1 : 0;
        counts->reread += point->flags & SLOT_REREAD ? 1 : 0;
    } else {
        counts->reasons[point->reason]++;
    }
}
