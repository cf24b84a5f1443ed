//  Runs. A block that is to be run waits in its terminal's list, by the priority of its task, first runs before
//  re-reads; a terminal that may be asked something waits in the queue.
//
//  A run asks each point that misses something once. Points that brought nothing in their last slots come last, so
//  that a dead meter delays nobody; it is asked by the first run only, and from SILENT_REST such slots on only in each
//  2nd, 4th ... 64th. Runs of a terminal that is not connected wait in its list until it comes.
#include "actors/account.h"
#include "fep/clock.h"
#include <stdlib.h>
#include <string.h>

#define TERMINAL_MAX 2  //  Requests of one terminal: one is written while the other is answered
#define RUNS_OF_STORE                                                                              \
    2  //  Runs that ask the terminal's store; later ones go through to the meter, in turn
#define SILENT_PATIENCE 2  //  Slots without the meter from which on it is not re-read
#define SILENT_REST 4      //  and not asked in each slot
#define SILENT_MAX 10      //  Then each 2^(10 - 4)th

//  ---- Lists and the queue ----

//  Requests of it that may be under way. Whether it answers several points is found out with one.
static unsigned s_terminal_max (const roster_terminal_t *terminal)
{
    bool several = terminal->speaks && terminal->speaks->mps_max > 1;
    return several && terminal->many <= MANY_DOUBTED ? 1 : TERMINAL_MAX;
}

bool account_may_turn (const roster_terminal_t *terminal)
{
    return terminal->online && !terminal->resting && terminal->first &&
           terminal->under_way < s_terminal_max (terminal);
}

void account_enqueue (account_t *self, const roster_terminal_t *terminal)
{
    if (terminal && account_may_turn (terminal)) {
        numbers_put (&self->queue, terminal->number);
    }
}

static unsigned s_priority (const account_t *self, const slot_block_t *block)
{
    const account_task_t *task = account_task (self, block->task);
    return task ? task->task.priority : 9;
}

bool account_is_reread (const slot_block_t *block)
{
    return block->run > (block->running ? 1 : 0);
}

bool account_asks_store (const slot_block_t *block)
{
    return block->run <= RUNS_OF_STORE || block->run & 1;
}

//  Its place in the list.
static unsigned s_order (const account_t *self, const slot_block_t *block)
{
    return 2 * s_priority (self, block) + account_is_reread (block);
}

void account_unready (account_t *self, slot_block_t *block)
{
    roster_terminal_t *terminal = roster_find (self->roster, block->terminal);
    if (block->queued && terminal) {
        slot_block_t **link = (slot_block_t **) &terminal->first;
        while (*link && *link != block) {
            link = &(*link)->queue;
        }
        if (*link) {
            *link = block->queue;
        }
    }
    block->queued = false;
    block->queue = NULL;
}

void account_offline (account_t *self, slot_block_t *block)
{
    const roster_terminal_t *terminal = roster_find (self->roster, block->terminal);
    gap_t reason = terminal ? roster_offline (terminal) : GAP_terminal_offline;
    for (size_t i = 0; i < block->count; i++) {
        slot_point_t *point = &block->points[i];
        bool over = block->running && point->runs >= block->run;
        if (!(point->flags & SLOT_ASKED) && !over && !slots_complete (block, point)) {
            slots_reason (block, point, reason);
        }
    }
    block->running = false;
    slots_touch (self->slots, block);
}

static void s_pass (account_t *self, slot_block_t *block, int64_t now_ms);

void account_ready (account_t *self, slot_block_t *block)
{
    roster_terminal_t *terminal = roster_find (self->roster, block->terminal);
    if (!terminal) {
        account_finish (self, block, GAP_not_in_archive);
        return;
    }
    block->next_ms = INT64_MAX;
    slots_touch (self->slots, block);
    (void) account_apart (self, block, terminal);
    if (block->queued) {
        account_enqueue (self, terminal);
        return;
    }
    if (slots_idle (block) && !block->under_way) {
        s_pass (self, block, clock_wall_ms ());
        return;
    }
    slot_block_t **link = (slot_block_t **) &terminal->first;
    unsigned order = s_order (self, block);
    while (*link && s_order (self, *link) <= order) {
        link = &(*link)->queue;
    }
    block->queue = *link;
    block->queued = true;
    *link = block;
    if (!terminal->online && self->begun) {
        account_offline (self, block);
    }
    account_enqueue (self, terminal);
}

void account_begin (account_t *self)
{
    self->begun = true;
    for (uint32_t i = 0; i < roster_size (self->roster); i++) {
        roster_terminal_t *terminal = roster_find (self->roster, i);
        if (terminal && !terminal->online) {
            account_link (self, terminal, ACCOUNT_DOWN);
        }
    }
}

void account_gone (account_t *self, roster_terminal_t *terminal)
{
    while (terminal->first) {
        slot_block_t *block = terminal->first;
        terminal->first = block->queue;
        account_finish (self, block, GAP_not_in_archive);
    }
    for (unsigned i = 0; i < TASKS_MAX; i++) {
        account_task_t *task = self->tasks[i];
        if (task && terminal->number < task->next_size) {
            task->next[terminal->number] = 0;
        }
    }
    memset (terminal->tasks, 0, sizeof terminal->tasks);
    terminal->under_way = 0;
    terminal->online = terminal->resting = terminal->through = terminal->no_power = false;
}

void account_link (account_t *self, roster_terminal_t *terminal, account_link_t link)
{
    terminal->online = link == ACCOUNT_UP;
    terminal->many = MANY_UNKNOWN;
    account_enqueue (self, terminal);
    for (slot_block_t *block = terminal->first; block && link == ACCOUNT_DOWN;
         block = block->queue) {
        account_offline (self, block);
    }
}

//  ---- Runs ----

//  Is a meter that brought nothing lately left out of this run?
static bool s_rests (const account_t *self, const slot_block_t *block, const slot_point_t *point)
{
    const roster_terminal_t *terminal = roster_find (self->roster, block->terminal);
    const roster_point_t *meter = terminal ? roster_point (terminal, point->mp) : NULL;
    const account_task_t *task = account_task (self, block->task);
    if (!meter || meter->silent < SILENT_PATIENCE || !task) {
        return false;
    }
    if (block->run > 1) {
        return true;
    }
    unsigned shift = meter->silent > SILENT_REST ? meter->silent - SILENT_REST : 0;
    int64_t period_ms = task->task.period_ms;
    return period_ms && shift && (block->slot_ms / period_ms & ((1 << shift) - 1)) != 0;
}

//  Is it the meter itself that is asked, through a terminal that could be asked for what it keeps?
static bool s_goes_through (const account_t *self, const roster_terminal_t *terminal,
                            const slot_block_t *block, const roster_point_t *meter)
{
    const codec_t *codec = terminal->speaks;
    const account_task_t *task = account_task (self, block->task);
    if (!codec || !codec->is_store || !meter || !task) {
        return false;
    }
    bool stored = task_freeze (task->task.type) != FREEZE_NONE || !codec->names_meters;
    return !stored || (!account_asks_store (block) && (meter->protocol || codec->names_meters));
}

//  How soon a run asks a point.
typedef enum {
    NEXT_NOT,      //  Not at all, or not any more
    NEXT_THROUGH,  //  Behind all others: a meter itself
    NEXT_LAST,     //  It brought nothing lately
    NEXT_NOW
} next_t;

static next_t s_next (account_t *self, const roster_terminal_t *terminal, slot_block_t *block,
                      slot_point_t *point)
{
    if (point->flags & SLOT_ASKED || point->runs >= block->run || slots_complete (block, point) ||
        gap_apart (point->reason)) {
        return NEXT_NOT;
    }
    const roster_point_t *meter = roster_point (terminal, point->mp);
    if (point->mp && !meter) {
        slots_reason (block, point, GAP_not_in_archive);
        point->runs = block->run;
        return NEXT_NOT;
    }
    if (s_rests (self, block, point)) {
        slots_reason (block, point, GAP_meter_no_answer);
        point->runs = block->run;
        return NEXT_NOT;
    }
    if (s_goes_through (self, terminal, block, meter)) {
        return NEXT_THROUGH;
    }
    return meter && meter->silent ? NEXT_LAST : NEXT_NOW;
}

//  Points one request may name.
static size_t s_most (const roster_terminal_t *terminal)
{
    bool several = terminal->many == MANY_UNKNOWN || terminal->many >= MANY_SILENT;
    size_t most = terminal->speaks && several ? terminal->speaks->mps_max : 1;
    return most ? most : 1;
}

size_t account_pick (account_t *self, slot_block_t *block, account_pick_t *pick)
{
    const roster_terminal_t *terminal = roster_find (self->roster, block->terminal);
    next_t best = NEXT_NOT;
    size_t most = 1;
    pick->count = 0;
    for (size_t i = 0; terminal && i < block->count; i++) {
        slot_point_t *point = &block->points[i];
        next_t next = s_next (self, terminal, block, point);
        bool alone = next == NEXT_THROUGH || point->flags & SLOT_ALONE;
        if (next > best) {
            best = next;
            pick->count = 0;
            most = alone ? 1 : s_most (terminal);
        }
        if (next != NEXT_NOT && next == best && (!alone || !pick->count) && pick->count < most) {
            pick->points[pick->count++] = point;
        }
        if (best == NEXT_NOW && pick->count == most) {
            break;
        }
    }
    pick->through = best == NEXT_THROUGH;
    return pick->count;
}

//  A meter that brought nothing in a slot's first run is silent; whatever comes of it ends that.
static void s_note_meter (account_t *self, const slot_block_t *block, const slot_point_t *point)
{
    const roster_terminal_t *terminal = roster_find (self->roster, block->terminal);
    roster_point_t *meter = terminal ? roster_point (terminal, point->mp) : NULL;
    if (!meter) {
        return;
    }
    if (point->valid || point->reason == GAP_held || point->reason == GAP_freeze_stamp_wrong ||
        point->reason == GAP_late) {
        meter->silent = 0;
    } else if (point->reason == GAP_meter_no_answer && block->run == 1 &&
               meter->silent < SILENT_MAX) {
        meter->silent++;
    }
}

void account_end_run (account_t *self, slot_block_t *block, int64_t now_ms)
{
    account_task_t *task = account_task (self, block->task);
    account_unready (self, block);
    block->running = false;
    slots_touch (self->slots, block);
    if (!task || slots_full (block) || block->run > task->task.rereads ||
        now_ms + task->task.reread_ms > block->slot_ms + account_memory_ms (self, &task->task)) {
        account_close (self, block);
        return;
    }
    block->next_ms = now_ms + task->task.reread_ms;
    timers_put (&self->runs,
                (timer_entry_t){block->next_ms, (uint64_t) block->task << 32 | block->terminal,
                                (uint64_t) block->slot_ms});
}

bool account_begin_run (account_t *self, slot_block_t *block, int64_t now_ms)
{
    account_task_t *task = account_task (self, block->task);
    if (!task || task->task.paused) {
        account_finish (self, block, GAP_task_paused);
        return false;
    }
    if (now_ms > block->slot_ms + account_memory_ms (self, &task->task)) {
        bool frozen = task_freeze (task->task.type) != FREEZE_NONE;
        if (frozen) {
            account_finish (self, block, GAP_beyond_memory);
        } else {
            account_close (self, block);
        }
        return false;
    }
    if (slots_full (block)) {
        account_close (self, block);
        return false;
    }
    block->run = (uint8_t) (block->run < UINT8_MAX ? block->run + 1 : block->run);
    block->running = true;
    roster_terminal_t *terminal = roster_find (self->roster, block->terminal);
    if (terminal && terminal->many == MANY_SILENT) {
        terminal->many = MANY_UNKNOWN;
    }
    slots_touch (self->slots, block);
    return true;
}

//  A run that has nothing to ask: whoever misses something is apart, or nobody does.
static void s_pass (account_t *self, slot_block_t *block, int64_t now_ms)
{
    if (block->running || account_begin_run (self, block, now_ms)) {
        account_end_run (self, block, now_ms);
    }
}

//  ---- Ends ----

//  What an outcome means for the point, and for its block if it was the last of its run.
void account_ended (account_t *self, slot_block_t *block, slot_point_t *point,
                    const slot_outcome_t *outcome, int64_t now_ms)
{
    account_pick_t pick;
    if (point->flags & SLOT_ASKED) {
        point->flags &= (uint8_t) ~SLOT_ASKED;
        block->under_way--;
    }
    if (outcome->error == FEP_STOPPING) {
        //  We ended it: the run goes on after the next start.
        return;
    }
    slots_outcome (block, point, outcome);
    s_note_meter (self, block, point);
    if (block->run <= outcome->run) {
        //  The row was older than the run: it is told by the journal.
        block->run = (uint8_t) (outcome->run + 1);
    }
    slots_touch (self->slots, block);
    if (block->running && !block->under_way && !account_pick (self, block, &pick)) {
        account_end_run (self, block, now_ms);
    } else if (block->running) {
        account_enqueue (self, roster_find (self->roster, block->terminal));
    } else if (block->due && !block->closed && !block->under_way && slots_full (block)) {
        account_close (self, block);
    }
}

void account_wake (account_t *self, int64_t now_ms)
{
    timer_entry_t entry;
    while (timers_take (&self->runs, now_ms, &entry)) {
        if (entry.b == 0) {
            roster_terminal_t *terminal = roster_find (self->roster, (uint32_t) entry.a);
            if (terminal) {
                terminal->resting = false;
                account_enqueue (self, terminal);
            }
            continue;
        }
        slot_block_t *block = slots_find (self->slots, (uint16_t) (entry.a >> 32),
                                          (uint32_t) entry.a, (int64_t) entry.b);
        if (block && !block->closed && block->next_ms == entry.at_ms) {
            account_ready (self, block);
        }
    }
}
