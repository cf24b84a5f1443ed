//  Which slots there are: for each task and terminal the next one that is not planned, in a heap by when it is due.
//  A slot's block is made when it falls due, or before when a value of it comes unasked.
#include "actors/account.h"
#include "fep/clock.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include "fep/point.h"
#include <stdlib.h>
#include <string.h>

#define PLANS_PER_TURN 2000  //  Slots planned in one turn
#define RETRY_MS 60000       //  Until a slot without room is planned again
#define MPS_MAX 65536

static uint32_t s_mix (uint32_t h)
{
    h = (h ^ h >> 16) * 0x7feb352du;
    h = (h ^ h >> 15) * 0x846ca68bu;
    return h ^ h >> 16;
}

//  When a terminal's slot is due: its offset, and an instant of its own within the spread.
static int64_t s_due_ms (const task_t *task, uint32_t terminal, int64_t slot_ms)
{
    int64_t jitter_ms = 0;
    if (task->spread_ms > 0) {
        jitter_ms = s_mix (terminal ^ task->number << 20) % task->spread_ms;
    }
    return slot_ms + task->offset_ms + jitter_ms;
}

static uint64_t s_who (const account_task_t *task, uint32_t terminal)
{
    return (uint64_t) task->task.number << 32 | terminal;
}

static void s_next (account_t *self, account_task_t *task, uint32_t terminal, int64_t slot_ms)
{
    if (terminal >= task->next_size) {
        uint32_t size = terminal + terminal / 2 + 256;
        task->next = realloc (task->next, size * sizeof *task->next);
        FEP_ASSERT (task->next);
        memset (task->next + task->next_size, 0, (size - task->next_size) * sizeof *task->next);
        task->next_size = size;
    }
    task->next[terminal] = slot_ms == INT64_MAX ? 0 : slot_ms;
    if (slot_ms != INT64_MAX) {
        timers_put (&self->plans, (timer_entry_t){s_due_ms (&task->task, terminal, slot_ms),
                                                  s_who (task, terminal), (uint64_t) slot_ms});
    }
}

int64_t account_position (const account_t *self, const account_task_t *task)
{
    int64_t position = 0;
    for (uint32_t i = 0; i < task->next_size; i++) {
        int64_t next_ms = roster_find (self->roster, i) ? task->next[i] : 0;
        if (next_ms && (!position || next_ms < position)) {
            position = next_ms;
        }
    }
    return position;
}

int64_t account_memory_ms (const account_t *self, const task_t *task)
{
    const config_t *config = actor_config (self->actor);
    switch (task->type) {
    case TASK_CURVE:
        return (int64_t) config->account.curve_memory_ms;
    case TASK_DAILY:
        return (int64_t) config->account.day_memory_ms;
    case TASK_MONTHLY:
        return (int64_t) config->account.month_memory_ms;
    default:
        return task->period_ms;
    }
}

//  ---- Which tasks concern a terminal ----

static void s_concern (account_t *self, account_task_t *task, roster_terminal_t *terminal,
                       int64_t now_ms)
{
    unsigned bit = task->task.number - 1;
    uint64_t mask = 1ull << (bit & 63);
    uint32_t number = terminal->number;
    int64_t planned_ms = number < task->next_size ? task->next[number] : 0;
    if (!roster_concerns (self->roster, &task->task, terminal)) {
        terminal->tasks[bit / 64] &= ~mask;
        if (planned_ms) {
            task->next[number] = 0;
        }
        return;
    }
    if (terminal->tasks[bit / 64] & mask && planned_ms) {
        return;
    }
    terminal->tasks[bit / 64] |= mask;
    //  Who was there before the start goes on where its tasks stood; who joins has no slots of earlier.
    int64_t from_ms = self->started ? 0 : task->position;
    if (!from_ms) {
        from_ms = task_slot_before (&task->task, terminal->zone, now_ms + 1);
        from_ms = from_ms == INT64_MIN ? now_ms : from_ms;
    }
    s_next (self, task, number, task_slot (&task->task, terminal->zone, from_ms));
}

void account_terminal (account_t *self, uint32_t number, int64_t now_ms)
{
    roster_terminal_t *terminal = roster_find (self->roster, number);
    for (unsigned i = 0; terminal && i < TASKS_MAX; i++) {
        if (self->tasks[i]) {
            s_concern (self, self->tasks[i], terminal, now_ms);
        }
    }
}

void account_terminals (account_t *self, int64_t now_ms)
{
    for (uint32_t i = 0; i < roster_size (self->roster); i++) {
        account_terminal (self, i, now_ms);
    }
}

//  ---- Definitions ----

//  Slots of a definition that asked for other items cannot be told item by item any more: they stay as they are.
static void s_close_all (account_t *self, uint32_t number)
{
    size_t place = 0;
    slot_block_t *block;
    while ((block = slots_next (self->slots, &place))) {
        if (block->task == number) {
            account_close (self, block);
        }
    }
}

static bool s_same_items (const task_t *a, const task_t *b)
{
    return a->type == b->type && a->point_count == b->point_count &&
           memcmp (a->points, b->points, a->point_count * sizeof *a->points) == 0;
}

static void s_forget (account_t *self, unsigned i)
{
    uint64_t mask = 1ull << (i & 63);
    s_close_all (self, i + 1);
    for (uint32_t k = 0; k < roster_size (self->roster); k++) {
        roster_terminal_t *terminal = roster_find (self->roster, k);
        if (terminal) {
            terminal->tasks[i / 64] &= ~mask;
        }
    }
    free (self->tasks[i]->next);
    numbers_fini (&self->tasks[i]->quota.waiting);
    free (self->tasks[i]);
    self->tasks[i] = NULL;
    self->task_count--;
}

//  Another period or offset: every terminal's next slot is looked for again.
static void s_again (account_t *self, account_task_t *task, const task_t *definition)
{
    bool items = s_same_items (&task->task, definition);
    task->task = *definition;
    if (!items) {
        s_close_all (self, definition->number);
    }
    for (uint32_t i = 0; i < task->next_size; i++) {
        const roster_terminal_t *terminal = roster_find (self->roster, i);
        if (terminal && task->next[i]) {
            s_next (self, task, i, task_slot (definition, terminal->zone, task->next[i]));
        }
    }
}

typedef struct {
    account_t *self;       //  Whose
    bool seen[TASKS_MAX];  //  Numbers that are there
} s_read_t;

static fep_err_t s_task (void *arg, const task_t *definition)
{
    s_read_t *read = arg;
    account_t *self = read->self;
    unsigned i = definition->number - 1;
    read->seen[i] = true;
    if (self->tasks[i]) {
        s_again (self, self->tasks[i], definition);
        return FEP_OK;
    }
    self->tasks[i] = calloc (1, sizeof *self->tasks[i]);
    FEP_ASSERT (self->tasks[i]);
    self->tasks[i]->task = *definition;
    self->tasks[i]->slot_seen = 0;
    self->task_count++;
    return FEP_OK;
}

fep_err_t account_tasks_read (account_t *self)
{
    s_read_t read = {.self = self};
    fep_err_t error = archive_tasks_each (self->store, s_task, &read);
    for (unsigned i = 0; !error && i < TASKS_MAX; i++) {
        if (self->tasks[i] && !read.seen[i]) {
            s_forget (self, i);
        }
    }
    return error;
}

void account_tasks_free (account_t *self)
{
    for (unsigned i = 0; i < TASKS_MAX; i++) {
        if (self->tasks[i]) {
            free (self->tasks[i]->next);
            numbers_fini (&self->tasks[i]->quota.waiting);
            free (self->tasks[i]);
            self->tasks[i] = NULL;
        }
    }
}

//  ---- Blocks ----

void account_close (account_t *self, slot_block_t *block)
{
    account_unready (self, block);
    block->running = false;
    block->next_ms = INT64_MAX;
    slots_set_closed (self->slots, block, true);
}

void account_finish (account_t *self, slot_block_t *block, gap_t reason)
{
    for (size_t i = 0; i < block->count; i++) {
        slots_reason (block, &block->points[i], reason);
    }
    account_close (self, block);
}

typedef struct {
    account_t *self;      //  Whose
    slot_block_t *block;  //  Found
} s_find_t;

static fep_err_t s_found (void *arg, bytes_t key, bytes_t value)
{
    s_find_t *find = arg;
    fep_err_t error = slots_load (find->self->slots, key, value, &find->block);
    if (!error && find->block->closed) {
        //  It is here until the next checkpoint only.
        slots_touch (find->self->slots, find->block);
    }
    return error;
}

slot_block_t *account_block (account_t *self, uint16_t task, uint32_t terminal, int64_t slot_ms)
{
    s_find_t find = {.self = self, .block = slots_find (self->slots, task, terminal, slot_ms)};
    uint8_t key[SLOTS_KEY_SIZE];
    fep_err_t error = FEP_OK;
    //  An open one is only in the store if there was no room for it at the start.
    for (int closed = 1; closed >= 0 && !find.block && !error; closed--) {
        slots_key (task, terminal, slot_ms, closed, key);
        error = store_get (self->store, FAMILY_SLOT, bytes_of (key, sizeof key), s_found, &find);
        error = error == FEP_NOT_FOUND ? FEP_OK : error;
    }
    if (error) {
        log_line (LEVEL_WARNING, "SLOT-UNREADABLE", "task=%u terminal=%u reason=%s", task, terminal,
                  fep_err_name (error));
    }
    return find.block;
}

static slot_block_t *s_make (account_t *self, account_task_t *task, roster_terminal_t *terminal,
                             int64_t slot_ms)
{
    static uint16_t mps[MPS_MAX];
    size_t count = roster_mps (terminal, &task->task, mps, MPS_MAX);
    uint8_t items = task->task.point_count ? task->task.point_count : 1;
    slot_block_t *block = slots_make (self->slots, (uint16_t) task->task.number, terminal->number,
                                      slot_ms, items, mps, count);
    if (block) {
        block->area = terminal->area;
    } else {
        metric_add (METRIC_slots_refused, 1);
    }
    return block;
}

slot_block_t *account_fill_block (account_t *self, account_task_t *task,
                                  roster_terminal_t *terminal, int64_t slot_ms)
{
    int64_t next_ms = terminal->number < task->next_size ? task->next[terminal->number] : 0;
    slot_block_t *block =
        account_block (self, (uint16_t) task->task.number, terminal->number, slot_ms);
    bool planned = !next_ms || slot_ms < next_ms;
    return block || planned ? block : s_make (self, task, terminal, slot_ms);
}

void account_sweep (account_t *self, int64_t now_ms)
{
    size_t place = 0;
    slot_block_t *block;
    while ((block = slots_next (self->slots, &place))) {
        const account_task_t *task = account_task (self, block->task);
        int64_t memory_ms = task ? account_memory_ms (self, &task->task) : 0;
        if (block->closed || block->under_way || now_ms <= block->slot_ms + memory_ms) {
            continue;
        }
        if (block->due && task && task_freeze (task->task.type) != FREEZE_NONE) {
            account_finish (self, block, GAP_beyond_memory);
        } else {
            account_close (self, block);
        }
    }
}

//  A slot that is due: its block is run, or closed with a reason at once. False: no room.
static bool s_due (account_t *self, account_task_t *task, roster_terminal_t *terminal,
                   int64_t slot_ms, int64_t now_ms)
{
    slot_block_t *block =
        account_block (self, (uint16_t) task->task.number, terminal->number, slot_ms);
    block = block ? block : s_make (self, task, terminal, slot_ms);
    if (!block) {
        return false;
    }
    if (block->due) {
        return true;
    }
    block->due = true;
    metric_add (METRIC_slots_planned, block->count);
    slots_touch (self->slots, block);
    for (size_t i = 0; i < block->count; i++) {
        if (block->points[i].reason == GAP_not_due) {
            block->points[i].reason = GAP_not_asked;
        }
    }
    (void) account_apart (self, block, terminal);
    if (task->task.paused) {
        account_finish (self, block, GAP_task_paused);
        return true;
    }
    if (now_ms >= slot_ms + account_memory_ms (self, &task->task) + task->task.offset_ms) {
        account_finish (self, block,
                        task_freeze (task->task.type) ? GAP_beyond_memory : GAP_not_asked);
        return true;
    }
    account_ready (self, block);
    return true;
}

static void s_plan (account_t *self, const timer_entry_t *entry, int64_t now_ms)
{
    account_task_t *task = account_task (self, (uint32_t) (entry->a >> 32));
    uint32_t number = (uint32_t) entry->a;
    int64_t slot_ms = (int64_t) entry->b;
    roster_terminal_t *terminal = roster_find (self->roster, number);
    if (!task || !terminal || number >= task->next_size || task->next[number] != slot_ms) {
        return;
    }
    if (s_due_ms (&task->task, number, slot_ms) > now_ms) {
        //  The definition changed: another entry is there.
        return;
    }
    if (terminal->point_count || task_of_terminal (task->task.type)) {
        if (!s_due (self, task, terminal, slot_ms, now_ms)) {
            timers_put (&self->plans, (timer_entry_t){now_ms + RETRY_MS, entry->a, entry->b});
            return;
        }
    }
    s_next (self, task, number, task_slot (&task->task, terminal->zone, slot_ms + 1));
}

bool account_plan (account_t *self, int64_t now_ms)
{
    timer_entry_t entry;
    for (int i = 0; i < PLANS_PER_TURN; i++) {
        if (!timers_take (&self->plans, now_ms, &entry)) {
            return false;
        }
        s_plan (self, &entry, now_ms);
    }
    return true;
}
