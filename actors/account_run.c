//  Asking. A block that is to be run waits in its terminal's list, by the priority of its task; a terminal that may be
//  asked something waits in the ring. Of a terminal at most TERMINAL_MAX requests are under way, so that one is written
//  while the other is answered, of a task its share, and in all account.requests.
//
//  A run asks each point that misses something once. Points that brought nothing in their last slots come last, so
//  that a dead meter delays nobody; it is asked by the first run only, and from SILENT_REST such slots on only in each
//  2nd, 4th ... 64th. Runs of a terminal that is not connected wait in its list until it comes.
#include "actors/account.h"
#include "codecs/codec.h"
#include "fep/clock.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include "fep/wire.h"
#include <stdlib.h>
#include <string.h>

#define TERMINAL_MAX 2       //  Requests of one terminal
#define SENDS_PER_TURN 1000  //  Handed out in one turn
#define REST_MS 500          //  A terminal without room, here or there, rests for so long
#define RUNS_OF_STORE                                                                              \
    2  //  Runs that ask the terminal's store; later ones go through to the meter, in turn
#define SILENT_PATIENCE 2  //  Slots without the meter from which on it is not re-read
#define SILENT_REST 4      //  and not asked in each slot
#define SILENT_MAX 10      //  Then each 2^(10 - 4)th
#define REQUEST_ROOM 1024

//  ---- Lists and the ring ----

static void s_enqueue (account_t *self, roster_terminal_t *terminal)
{
    if (!terminal || terminal->queued || terminal->resting || !terminal->first ||
        !terminal->online || terminal->under_way >= TERMINAL_MAX) {
        return;
    }
    if (self->queue_count == self->queue_size) {
        uint32_t size = self->queue_size ? 2 * self->queue_size : 1024;
        uint32_t *queue = malloc (size * sizeof *queue);
        FEP_ASSERT (queue);
        for (uint32_t i = 0; i < self->queue_count; i++) {
            queue[i] = self->queue[(self->queue_first + i) % self->queue_size];
        }
        free (self->queue);
        self->queue = queue;
        self->queue_size = size;
        self->queue_first = 0;
    }
    self->queue[(self->queue_first + self->queue_count++) % self->queue_size] = terminal->number;
    terminal->queued = true;
}

static roster_terminal_t *s_dequeue (account_t *self)
{
    roster_terminal_t *terminal = roster_find (self->roster, self->queue[self->queue_first]);
    self->queue_first = (self->queue_first + 1) % self->queue_size;
    self->queue_count--;
    if (terminal) {
        terminal->queued = false;
    }
    return terminal;
}

static unsigned s_priority (const account_t *self, const slot_block_t *block)
{
    const account_task_t *task = account_task (self, block->task);
    return task ? task->task.priority : 9;
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

//  Points without everything had no chance: the terminal is not there.
static void s_offline (account_t *self, slot_block_t *block)
{
    const roster_terminal_t *terminal = roster_find (self->roster, block->terminal);
    gap_t reason = terminal && terminal->sleeps ? GAP_sleeping : GAP_terminal_offline;
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
        s_enqueue (self, terminal);
        return;
    }
    if (slots_idle (block) && !block->under_way) {
        s_pass (self, block, clock_wall_ms ());
        return;
    }
    slot_block_t **link = (slot_block_t **) &terminal->first;
    unsigned priority = s_priority (self, block);
    while (*link && s_priority (self, *link) <= priority) {
        link = &(*link)->queue;
    }
    block->queue = *link;
    block->queued = true;
    *link = block;
    if (!terminal->online && self->begun) {
        s_offline (self, block);
    }
    s_enqueue (self, terminal);
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
    terminal->online = terminal->queued = terminal->resting = false;
}

void account_link (account_t *self, roster_terminal_t *terminal, account_link_t link)
{
    terminal->online = link == ACCOUNT_UP;
    s_enqueue (self, terminal);
    for (slot_block_t *block = terminal->first; block && link == ACCOUNT_DOWN;
         block = block->queue) {
        s_offline (self, block);
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

//  The next point of a run: those that answer first. NULL: all were asked.
static slot_point_t *s_next_point (account_t *self, slot_block_t *block)
{
    slot_point_t *last = NULL;
    const roster_terminal_t *terminal = roster_find (self->roster, block->terminal);
    for (size_t i = 0; i < block->count; i++) {
        slot_point_t *point = &block->points[i];
        if (point->flags & SLOT_ASKED || point->runs >= block->run ||
            slots_complete (block, point) || gap_apart (point->reason)) {
            continue;
        }
        const roster_point_t *meter = roster_point (terminal, point->mp);
        if (point->mp && !meter) {
            slots_reason (block, point, GAP_not_in_archive);
            point->runs = block->run;
        } else if (s_rests (self, block, point)) {
            slots_reason (block, point, GAP_meter_no_answer);
            point->runs = block->run;
        } else if (!meter || !meter->silent) {
            return point;
        } else {
            last = last ? last : point;
        }
    }
    return last;
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

//  Every point was asked and has ended.
static void s_end_run (account_t *self, slot_block_t *block, int64_t now_ms)
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

//  A run begins, unless there is no sense in it any more. False: the block has left the list.
static bool s_begin_run (account_t *self, slot_block_t *block, int64_t now_ms)
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
    slots_touch (self->slots, block);
    return true;
}

//  A run that has nothing to ask: whoever misses something is apart, or nobody does.
static void s_pass (account_t *self, slot_block_t *block, int64_t now_ms)
{
    if (block->running || s_begin_run (self, block, now_ms)) {
        s_end_run (self, block, now_ms);
    }
}

//  ---- Requests ----

static bool s_send (account_t *self, const task_t *task, const slot_block_t *block, uint16_t mp,
                    uint64_t token)
{
    uint8_t memory[REQUEST_ROOM];
    writer_t out = writer_of (memory, sizeof memory);
    bool frozen = task_freeze (task->type) != FREEZE_NONE;
    bool store = block->run <= RUNS_OF_STORE || block->run & 1;
    wire_put_map (&out, 13);
    wire_pair_uint (&out, "terminal", block->terminal);
    wire_pair_uint (&out, "mp", mp);
    wire_pair_uint (&out, "token", token);
    wire_pair_uint (&out, "tries", 0);
    wire_pair_int (&out, "kind", frozen ? REQUEST_READ_FROZEN : REQUEST_READ);
    wire_pair_uint (&out, "freeze", task_freeze (task->type));
    wire_pair_int (&out, "from_ms", frozen ? block->slot_ms : 0);
    wire_pair_int (&out, "to_ms", frozen ? block->slot_ms : 0);
    wire_pair_uint (&out, "task", task->number);
    wire_pair_int (&out, "slot_ms", block->slot_ms);
    wire_pair_uint (&out, "run", block->run - 1u);
    wire_pair_bool (&out, "own", store);
    wire_put_text (&out, "points");
    wire_put_array (&out, task->point_count);
    for (unsigned i = 0; i < task->point_count; i++) {
        wire_put_uint (&out, task->points[i]);
    }
    FEP_ASSERT (!out.failed);
    return actor_send (self->actor, self->control, WORD_POLL, writer_bytes (&out)) == FEP_OK;
}

//  False: no room at control.
static bool s_ask (account_t *self, account_task_t *task, slot_block_t *block, slot_point_t *point,
                   roster_terminal_t *terminal)
{
    uint64_t token = TOKEN_ACCOUNT | places_take (&self->places);
    if (!s_send (self, &task->task, block, point->mp, token)) {
        places_give (&self->places, token);
        return false;
    }
    self->open[place_of (token)] =
        (account_open_t){token, block->slot_ms, block->terminal, block->task, point->mp};
    point->flags |= SLOT_ASKED;
    block->under_way++;
    terminal->under_way++;
    task->under_way++;
    metric_add (METRIC_slots_asked, 1);
    return true;
}

//  What became of a terminal's turn.
typedef enum {
    STEP_NOTHING,  //  There is nothing to ask now
    STEP_ASKED,    //  One request was sent
    STEP_WAITS,    //  Its tasks have their share under way
    STEP_FULL      //  Control has no room
} step_t;

//  One request of the terminal, if there is something to ask.
static step_t s_step (account_t *self, roster_terminal_t *terminal, int64_t now_ms)
{
    size_t limit = (size_t) actor_config (self->actor)->account.requests;
    step_t step = STEP_NOTHING;
    slot_block_t *block = terminal->first;
    while (block) {
        slot_block_t *behind = block->queue;
        account_task_t *task = account_task (self, block->task);
        bool room = !task || task->under_way * 100ull < limit * task->task.share;
        step = room ? step : STEP_WAITS;
        if (room && (block->running || s_begin_run (self, block, now_ms))) {
            slot_point_t *point = s_next_point (self, block);
            if (point) {
                return s_ask (self, task, block, point, terminal) ? STEP_ASKED : STEP_FULL;
            }
            if (!block->under_way) {
                s_end_run (self, block, now_ms);
            }
        }
        block = behind;
    }
    return step;
}

//  It is looked at again after a while.
static void s_rest (account_t *self, roster_terminal_t *terminal, int64_t now_ms)
{
    if (!terminal->resting) {
        terminal->resting = true;
        timers_put (&self->runs, (timer_entry_t){now_ms + REST_MS, terminal->number, 0});
    }
}

bool account_may_ask (const account_t *self)
{
    return self->begun && !self->stopping && self->queue_count && self->places.count &&
           places_used (&self->places) < actor_config (self->actor)->account.requests;
}

void account_dispatch (account_t *self, int64_t now_ms)
{
    uint32_t turns = self->queue_count;
    for (uint32_t i = 0; i < turns && i < SENDS_PER_TURN && account_may_ask (self); i++) {
        roster_terminal_t *terminal = s_dequeue (self);
        if (!terminal || !terminal->online) {
            continue;
        }
        step_t step = s_step (self, terminal, now_ms);
        if (step == STEP_ASKED) {
            s_enqueue (self, terminal);
        } else if (step != STEP_NOTHING) {
            s_rest (self, terminal, now_ms);
        }
    }
}

//  ---- Ends ----

//  What an outcome means for the point, and for its block if it was the last of its run.
void account_ended (account_t *self, slot_block_t *block, slot_point_t *point,
                    const slot_outcome_t *outcome, int64_t now_ms)
{
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
    if (block->running && !block->under_way && !s_next_point (self, block)) {
        s_end_run (self, block, now_ms);
    } else if (block->running) {
        s_enqueue (self, roster_find (self->roster, block->terminal));
    } else if (block->due && !block->closed && !block->under_way && slots_full (block)) {
        account_close (self, block);
    }
}

//  No session took the request.
static void s_not_asked (account_t *self, const account_open_t *open, fep_err_t error,
                         int64_t now_ms)
{
    roster_terminal_t *terminal = roster_find (self->roster, open->terminal);
    slot_block_t *block = slots_find (self->slots, open->task, open->terminal, open->slot_ms);
    slot_point_t *point = block ? slots_point (block, open->mp) : NULL;
    if (!point || !(point->flags & SLOT_ASKED)) {
        return;
    }
    if (error == FEP_BUSY || error == FEP_FULL || error == FEP_CLOSED) {
        //  No room, or no session: if it went, the journal will say how.
        point->flags &= (uint8_t) ~SLOT_ASKED;
        block->under_way--;
        if (terminal) {
            s_rest (self, terminal, now_ms);
        }
        return;
    }
    slot_outcome_t outcome = {
        .error = error, .run = (uint8_t) (block->run ? block->run - 1 : 0), .when = SLOT_TOO_LATE};
    account_ended (self, block, point, &outcome, now_ms);
}

fep_err_t account_on_result (void *arg, actor_t *actor, bytes_t body)
{
    account_t *self = arg;
    uint64_t token = (uint64_t) wire_find_int (body, "token", 0);
    account_open_t *open = &self->open[place_of (token)];
    char name[32];
    fep_err_t error;
    (void) actor;
    if (!token || open->token != token) {
        return FEP_OK;
    }
    wire_find_text (body, "error", name, sizeof name);
    if (!fep_err_parse (name, &error)) {
        return FEP_CORRUPT;
    }
    account_task_t *task = account_task (self, open->task);
    roster_terminal_t *terminal = roster_find (self->roster, open->terminal);
    if (task && task->under_way) {
        task->under_way--;
    }
    if (terminal && terminal->under_way) {
        terminal->under_way--;
    }
    if (!wire_find_int (body, "journalled", 0)) {
        s_not_asked (self, open, error, clock_wall_ms ());
    }
    open->token = 0;
    places_give (&self->places, token);
    if (terminal) {
        s_enqueue (self, terminal);
    }
    return FEP_OK;
}

void account_wake (account_t *self, int64_t now_ms)
{
    timer_entry_t entry;
    while (timers_take (&self->runs, now_ms, &entry)) {
        if (entry.b == 0) {
            roster_terminal_t *terminal = roster_find (self->roster, (uint32_t) entry.a);
            if (terminal) {
                terminal->resting = false;
                s_enqueue (self, terminal);
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
