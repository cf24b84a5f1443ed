//  Requests of runs: one names as many points of a terminal as its protocol takes (account_pick). Of a terminal one or
//  two are under way, of a task its share, of re-reads and of reads through terminals theirs, in all account.requests.
//  A terminal whose blocks find no room in such a share waits there; whoever waited longest has the next room. What
//  ended is replaced at once, but more come under way only so many in a millisecond: what people ask would stand behind
//  them.
//
//  What goes through a terminal to a meter takes long and blocks its line: it is asked when the terminal has nothing
//  else to be asked, one at a time.
//
//  A request of several points ends for each of them as the journal says. What it says nothing of is asked alone, in
//  the same run. Who does not answer several may answer one: that is found out, once while it is connected.
#include "actors/account.h"
#include "fep/clock.h"
#include "fep/metrics.h"
#include "fep/wire.h"
#include <stdlib.h>
#include <string.h>

#define SENDS_PER_TURN 1000  //  Handed out in one turn
#define BUSY_FIRST 500       //  May be under way at any time
#define BUSY_PER_MS 10       //  More than were under way a millisecond ago
#define BUSY_TIME_US 20000   //  Longer ago is like that
#define REST_MS 500          //  A terminal for which control has no room rests for so long
#define REQUEST_ROOM 1024

//  ---- Shares ----

static bool s_has_room (const account_quota_t *quota)
{
    return quota->under_way * 100ull < quota->most;
}

//  The network segment a terminal is in; 0: none.
static uint16_t s_segment (const roster_terminal_t *terminal)
{
    return terminal->words[DIMENSION_segment - DIMENSION_WORD_FIRST];
}

//  Its share. NULL: it has none, or segments have no limit.
static account_quota_t *s_segment_quota (account_t *self, uint16_t segment)
{
    uint64_t limit = actor_config (self->actor)->account.segment_requests;
    if (!segment || !limit) {
        return NULL;
    }
    if (segment >= self->segment_count) {
        unsigned count = segment + 16u;
        self->segments = realloc (self->segments, count * sizeof *self->segments);
        FEP_ASSERT (self->segments);
        memset (self->segments + self->segment_count, 0,
                (count - self->segment_count) * sizeof *self->segments);
        self->segment_count = count;
    }
    self->segments[segment].most = limit * 100;
    return &self->segments[segment];
}

//  As the options and tasks say now.
static void s_quotas (account_t *self)
{
    const config_t *config = actor_config (self->actor);
    self->rereads.most = config->account.requests * config->account.reread_share;
    self->through.most = config->account.through * 100;
    for (unsigned i = 0; i < TASKS_MAX; i++) {
        account_task_t *task = self->tasks[i];
        if (task) {
            task->quota.most = config->account.requests * task->task.share;
        }
    }
}

//  What the block would ask finds no room: the terminal waits for some.
static bool s_waits (account_t *self, account_task_t *task, const slot_block_t *block)
{
    const roster_terminal_t *terminal = roster_find (self->roster, block->terminal);
    account_quota_t *quota = terminal ? s_segment_quota (self, s_segment (terminal)) : NULL;
    quota = quota && !s_has_room (quota) ? quota : NULL;
    if (quota) {
        //  Waits for its segment.
    } else if (task && !s_has_room (&task->quota)) {
        quota = &task->quota;
    } else if (task && account_is_reread (block) && !s_has_room (&self->rereads)) {
        quota = &self->rereads;
    }
    if (quota) {
        numbers_put (&quota->waiting, block->terminal);
    }
    return quota != NULL;
}

static void s_end_quota (account_quota_t *quota)
{
    quota->under_way -= quota->under_way ? 1 : 0;
}

//  ---- Requests ----

//  Does it ask for what the terminal keeps? Of one that keeps nothing control sees to it.
static bool s_own (const roster_terminal_t *terminal, const slot_block_t *block,
                   const account_pick_t *pick)
{
    return terminal->speaks ? !pick->through : account_asks_store (block);
}

static void s_put_mps (writer_t *out, const account_pick_t *pick)
{
    wire_put_text (out, "mps");
    wire_put_array (out, (uint32_t) pick->count);
    for (size_t i = 0; i < pick->count; i++) {
        wire_put_uint (out, pick->points[i]->mp);
    }
}

static request_kind_t s_kind (const task_t *task)
{
    return task->type == TASK_EVENT                  ? REQUEST_READ_EVENTS
           : task_freeze (task->type) != FREEZE_NONE ? REQUEST_READ_FROZEN
                                                     : REQUEST_READ;
}

static bool s_send (account_t *self, const roster_terminal_t *terminal, const slot_block_t *block,
                    const account_pick_t *pick, uint64_t token)
{
    uint8_t memory[REQUEST_ROOM];
    writer_t out = writer_of (memory, sizeof memory);
    const task_t *task = &account_task (self, block->task)->task;
    bool frozen = task_freeze (task->type) != FREEZE_NONE;
    bool several = pick->count > 1;
    wire_put_map (&out, several ? 18 : 16);
    wire_pair_uint (&out, "terminal", block->terminal);
    wire_pair_uint (&out, "mp", pick->points[0]->mp);
    wire_pair_uint (&out, "token", token);
    //  A re-read that goes through is not repeated: the terminal repeats it itself.
    wire_pair_uint (&out, "tries", pick->through && block->run > 1 ? 1 : 0);
    wire_pair_int (&out, "kind", s_kind (task));
    wire_pair_uint (&out, "event_from", account_event_from (self, block->terminal));
    wire_pair_uint (&out, "event_to", EVENTS_NEWEST);
    wire_pair_uint (&out, "important", 0);
    wire_pair_uint (&out, "freeze", task_freeze (task->type));
    wire_pair_int (&out, "from_ms", frozen ? block->slot_ms : 0);
    wire_pair_int (&out, "to_ms", frozen ? block->slot_ms : 0);
    wire_pair_uint (&out, "task", task->number);
    wire_pair_int (&out, "slot_ms", block->slot_ms);
    wire_pair_uint (&out, "run", block->run - 1u);
    wire_pair_bool (&out, "own", s_own (terminal, block, pick));
    if (several) {
        s_put_mps (&out, pick);
        wire_pair_int (&out, "trial", terminal->many == MANY_UNKNOWN);
    }
    wire_put_text (&out, "points");
    wire_put_array (&out, task->point_count);
    for (unsigned i = 0; i < task->point_count; i++) {
        wire_put_uint (&out, task->points[i]);
    }
    FEP_ASSERT (!out.failed);
    return actor_send (self->actor, self->control, WORD_POLL, writer_bytes (&out)) == FEP_OK;
}

static void s_note_open (account_t *self, const slot_block_t *block, const account_pick_t *pick,
                         uint64_t token)
{
    account_open_t *open = &self->open[place_of (token)];
    const roster_terminal_t *terminal = roster_find (self->roster, block->terminal);
    *open = (account_open_t){.token = token,
                             .segment = s_segment (terminal),
                             .slot_ms = block->slot_ms,
                             .terminal = block->terminal,
                             .task = block->task,
                             .count = (uint8_t) pick->count,
                             .reread = account_is_reread (block),
                             .through = pick->through};
    for (size_t i = 0; i < pick->count; i++) {
        open->mps[i] = pick->points[i]->mp;
    }
}

//  False: no room at control.
static bool s_ask (account_t *self, slot_block_t *block, const account_pick_t *pick,
                   roster_terminal_t *terminal)
{
    account_task_t *task = account_task (self, block->task);
    uint64_t token = TOKEN_ACCOUNT | places_take (&self->places);
    if (!s_send (self, terminal, block, pick, token)) {
        places_give (&self->places, token);
        return false;
    }
    s_note_open (self, block, pick, token);
    for (size_t i = 0; i < pick->count; i++) {
        pick->points[i]->flags |= SLOT_ASKED;
        block->under_way++;
    }
    terminal->under_way++;
    terminal->through = terminal->through || pick->through;
    task->quota.under_way++;
    account_quota_t *segment = s_segment_quota (self, s_segment (terminal));
    if (segment) {
        segment->under_way++;
    }
    self->rereads.under_way += account_is_reread (block) ? 1 : 0;
    self->through.under_way += pick->through ? 1 : 0;
    self->sends--;
    metric_add (METRIC_slots_asked, 1);
    return true;
}

//  ---- Turns ----

//  What became of a terminal's turn.
typedef enum {
    STEP_NOTHING,  //  There is nothing to ask now, or it waits for room in a share
    STEP_ASKED,    //  One request was sent
    STEP_FULL      //  Control has no room
} step_t;

//  The first block whose points are asked through the terminal, if nothing else is.
static step_t s_step_through (account_t *self, slot_block_t *block, const account_pick_t *pick,
                              roster_terminal_t *terminal)
{
    if (terminal->through) {
        return STEP_NOTHING;
    }
    if (!s_has_room (&self->through)) {
        numbers_put (&self->through.waiting, terminal->number);
        return STEP_NOTHING;
    }
    return s_ask (self, block, pick, terminal) ? STEP_ASKED : STEP_FULL;
}

//  One request of the terminal, if there is something to ask.
static step_t s_step (account_t *self, roster_terminal_t *terminal, int64_t now_ms)
{
    account_pick_t pick, last;
    slot_block_t *through = NULL;
    for (slot_block_t *block = terminal->first, *behind; block; block = behind) {
        behind = block->queue;
        if (s_waits (self, account_task (self, block->task), block) ||
            !(block->running || account_begin_run (self, block, now_ms))) {
            continue;
        }
        if (!account_pick (self, block, &pick)) {
            if (!block->under_way) {
                account_end_run (self, block, now_ms);
            }
        } else if (!pick.through) {
            return s_ask (self, block, &pick, terminal) ? STEP_ASKED : STEP_FULL;
        } else if (!through) {
            through = block;
            last = pick;
        }
    }
    return through ? s_step_through (self, through, &last, terminal) : STEP_NOTHING;
}

//  It is looked at again after a while.
static void s_rest (account_t *self, roster_terminal_t *terminal, int64_t now_ms)
{
    if (!terminal->resting) {
        terminal->resting = true;
        timers_put (&self->runs, (timer_entry_t){now_ms + REST_MS, terminal->number, 0});
    }
}

static void s_turn (account_t *self, uint32_t number, int64_t now_ms)
{
    roster_terminal_t *terminal = roster_find (self->roster, number);
    if (!terminal || !account_may_turn (terminal)) {
        return;
    }
    step_t step = s_step (self, terminal, now_ms);
    if (step == STEP_ASKED) {
        account_enqueue (self, terminal);
    } else if (step == STEP_FULL) {
        s_rest (self, terminal, now_ms);
    }
}

bool account_may_send (const account_t *self)
{
    return self->begun && !self->stopping && self->places.count &&
           places_used (&self->places) < actor_config (self->actor)->account.requests;
}

//  Some wait, and there is room.
static bool s_is_ready (const account_quota_t *quota)
{
    return quota->waiting.count && s_has_room (quota);
}

bool account_may_ask (account_t *self)
{
    s_quotas (self);
    bool ready = self->queue.count || self->recalls.count || s_is_ready (&self->rereads) ||
                 s_is_ready (&self->through);
    for (unsigned i = 0; i < self->segment_count && !ready; i++) {
        ready = s_is_ready (&self->segments[i]);
    }
    for (unsigned i = 0; i < TASKS_MAX && !ready; i++) {
        ready = self->tasks[i] && s_is_ready (&self->tasks[i]->quota);
    }
    return ready && account_may_send (self);
}

//  Who waits for room in a share has its turn, each once, while there is some.
static void s_wake (account_t *self, account_quota_t *quota, int64_t now_ms)
{
    uint32_t number;
    for (uint32_t turns = quota->waiting.count;
         turns && self->sends && account_may_send (self) && s_has_room (quota) &&
         numbers_take (&quota->waiting, &number);
         turns--) {
        s_turn (self, number, now_ms);
    }
}

//  How many may be handed out in this turn.
static unsigned s_sends (account_t *self)
{
    int64_t now_us = clock_mono_us (), passed_us = now_us - self->dispatched_us;
    size_t busy = self->busy > BUSY_FIRST ? self->busy : BUSY_FIRST;
    size_t used = places_used (&self->places);
    passed_us = passed_us < BUSY_TIME_US ? passed_us : BUSY_TIME_US;
    busy += (size_t) passed_us * BUSY_PER_MS / 1000;
    self->dispatched_us = now_us;
    size_t left = busy > used ? busy - used : 0;
    return left < SENDS_PER_TURN ? (unsigned) left : SENDS_PER_TURN;
}

void account_dispatch (account_t *self, int64_t now_ms)
{
    uint32_t number;
    self->sends = s_sends (self);
    account_event_dispatch (self, now_ms);
    s_quotas (self);
    for (unsigned i = 0; i < TASKS_MAX; i++) {
        if (self->tasks[i]) {
            s_wake (self, &self->tasks[i]->quota, now_ms);
        }
    }
    for (unsigned i = 0; i < self->segment_count; i++) {
        s_wake (self, &self->segments[i], now_ms);
    }
    s_wake (self, &self->rereads, now_ms);
    s_wake (self, &self->through, now_ms);
    for (uint32_t turns = self->queue.count;
         turns && self->sends && account_may_send (self) && numbers_take (&self->queue, &number);
         turns--) {
        s_turn (self, number, now_ms);
    }
    self->busy = places_used (&self->places);
}

//  ---- Ends ----

//  The point is asked again in the same run.
static void s_back (slot_block_t *block, slot_point_t *point)
{
    point->flags &= (uint8_t) ~SLOT_ASKED;
    block->under_way--;
}

//  The journal says nothing of how the request ended for a point of it.
static void s_not_journalled (account_t *self, const account_open_t *open, uint16_t mp,
                              fep_err_t error, int64_t now_ms)
{
    roster_terminal_t *terminal = roster_find (self->roster, open->terminal);
    slot_block_t *block = slots_find (self->slots, open->task, open->terminal, open->slot_ms);
    slot_point_t *point = block ? slots_point (block, mp) : NULL;
    if (!point || !(point->flags & SLOT_ASKED)) {
        return;
    }
    if (error == FEP_BUSY || error == FEP_FULL || error == FEP_CLOSED) {
        //  No room, or no session: if it went, the journal will say how, or has said while the point was under way.
        s_back (block, point);
        if (terminal && !terminal->online && block->queued) {
            account_offline (self, block);
        } else if (terminal) {
            s_rest (self, terminal, now_ms);
        }
        return;
    }
    if (open->count > 1) {
        s_back (block, point);
        if (error != FEP_TIMEOUT) {
            point->flags |= SLOT_ALONE;
        }
        return;
    }
    slot_outcome_t outcome = {
        .error = error, .run = (uint8_t) (block->run ? block->run - 1 : 0), .when = SLOT_TOO_LATE};
    account_ended (self, block, point, &outcome, now_ms);
}

//  What the end says of the terminal: whether it answers requests for several points. some: it did of some of them.
static void s_learn (roster_terminal_t *terminal, const account_open_t *open, fep_err_t error,
                     bool some)
{
    bool answered = error == FEP_OK || error == FEP_REFUSED;
    bool silent = error == FEP_TIMEOUT;
    if (open->count > 1 && answered) {
        terminal->many = MANY_TAKES;
    } else if (open->count > 1 && silent && terminal->many == MANY_UNKNOWN) {
        terminal->many = some ? MANY_TAKES : MANY_DOUBTED;
    } else if (open->count == 1 && terminal->many == MANY_DOUBTED && !open->through) {
        terminal->many = answered ? MANY_NOT : silent ? MANY_SILENT : MANY_UNKNOWN;
    }
}

static void s_close (account_t *self, const account_open_t *open, roster_terminal_t *terminal)
{
    account_task_t *task = account_task (self, open->task);
    if (task) {
        s_end_quota (&task->quota);
    }
    if (open->segment < self->segment_count) {
        s_end_quota (&self->segments[open->segment]);
    }
    if (open->reread) {
        s_end_quota (&self->rereads);
    }
    if (open->through) {
        s_end_quota (&self->through);
    }
    if (terminal && terminal->under_way) {
        terminal->under_way--;
        terminal->through = terminal->through && !open->through;
    }
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
    uint32_t journalled = (uint32_t) wire_find_int (body, "journalled", 0);
    roster_terminal_t *terminal = roster_find (self->roster, open->terminal);
    if (open->task > TASKS_MAX) {
        account_event_over (self, open, error, journalled != 0);
        open->token = 0;
        places_give (&self->places, token);
        return FEP_OK;
    }
    s_close (self, open, terminal);
    if (terminal) {
        s_learn (terminal, open, error, journalled != 0);
    }
    for (size_t i = 0; i < open->count; i++) {
        if (!(journalled >> i & 1)) {
            s_not_journalled (self, open, open->mps[i], error, clock_wall_ms ());
        }
    }
    open->token = 0;
    places_give (&self->places, token);
    account_enqueue (self, terminal);
    return FEP_OK;
}
