//  Account: acquisition tasks (采集任务). It follows the journal and keeps for each slot of each task what came, what is
//  missing and why; it asks for what is missing, through control like any client, and answers how good acquisition is.
//
//  What it knows of a slot follows from the journal alone: readings, the results sessions write behind them, and links.
//  So a crash replays from the last checkpoint and counts nothing twice. A checkpoint writes the blocks that changed,
//  how far each task is planned and the journal position, all or nothing.
//
//  Words it takes: COMMITTED from storage; RESULT, ARCHIVE, RATE, GAPS, REREAD and FAILURES from control. It sends POLL
//  and ANSWER.
//  Slots are instants, so deadlines run on the wall clock.
#include "actors/account.h"
#include "fep/clock.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include "fep/wire.h"
#include <stdlib.h>
#include <string.h>

#define POSITION_KEY_SIZE 3  //  'p', task 2
#define POSITION_SIZE 8      //  Milliseconds
#define TRIM_US 86400000000  //  Between looks for rows that are too old
#define SWEEP_MS 60000       //  Between looks for open slots that are
#define TURN_US 1000         //  While there is more to plan or ask

uint8_t *account_page (account_t *self, size_t size)
{
    if (size > self->page_size) {
        self->page = realloc (self->page, size);
        FEP_ASSERT (self->page);
        self->page_size = size;
    }
    return self->page;
}

//  ---- Checkpoints ----

typedef struct {
    slot_block_t **blocks;  //  That changed
    size_t count;           //  Of them
    row_t *rows;            //  Two for each at most, and the positions
    size_t row_count;       //  Of them
    writer_t out;           //  Keys and values
} s_save_t;

static bytes_t s_kept (s_save_t *save, size_t from)
{
    return bytes_of (save->out.data + from, save->out.size - from);
}

static void s_save_block (s_save_t *save, slot_block_t *block)
{
    size_t at = save->out.size;
    uint8_t *key = writer_room (&save->out, SLOTS_KEY_SIZE);
    slots_key (block->task, block->terminal, block->slot_ms, block->closed, key);
    size_t value = save->out.size;
    slots_pack (block, &save->out);
    save->rows[save->row_count++] =
        (row_t){FAMILY_SLOT, bytes_of (save->out.data + at, SLOTS_KEY_SIZE), s_kept (save, value)};
    if (block->stored && block->stored != save->out.data[at]) {
        key = writer_room (&save->out, SLOTS_KEY_SIZE);
        slots_key (block->task, block->terminal, block->slot_ms, !block->closed, key);
        save->rows[save->row_count++] =
            (row_t){FAMILY_SLOT, bytes_of (key, SLOTS_KEY_SIZE), bytes_of (NULL, 0)};
    }
}

static void s_save_position (s_save_t *save, uint16_t number, int64_t position)
{
    uint8_t *key = writer_room (&save->out, POSITION_KEY_SIZE);
    writer_t name = writer_of (key, POSITION_KEY_SIZE);
    writer_u8 (&name, 'p');
    writer_u16be (&name, number);
    size_t at = save->out.size;
    writer_u64be (&save->out, (uint64_t) position);
    save->rows[save->row_count++] =
        (row_t){FAMILY_SLOT, bytes_of (key, POSITION_KEY_SIZE), s_kept (save, at)};
}

static void s_save_open (account_t *self, s_save_t *save)
{
    slot_block_t *block;
    size_t room = 0, bytes = TASKS_MAX * (POSITION_KEY_SIZE + POSITION_SIZE);
    *save = (s_save_t){.count = 0};
    while ((block = slots_changed (self->slots))) {
        if (save->count == room) {
            room = room ? 2 * room : 1024;
            save->blocks = realloc (save->blocks, room * sizeof (slot_block_t *));
            FEP_ASSERT (save->blocks);
        }
        save->blocks[save->count++] = block;
        bytes += slots_pack_bound (block) + 2 * SLOTS_KEY_SIZE;
    }
    size_t events = account_event_changed (self);
    bytes += events * ACCOUNT_EVENT_ROW;
    save->rows = malloc ((2 * save->count + TASKS_MAX + events) * sizeof *save->rows);
    FEP_ASSERT (save->rows);
    save->out = writer_of (account_page (self, bytes), bytes);
}

//  Closed blocks are rows only, from here on.
static void s_save_done (account_t *self, s_save_t *save, bool good)
{
    for (size_t i = 0; i < save->count; i++) {
        slot_block_t *block = save->blocks[i];
        if (!good) {
            slots_touch (self->slots, block);
        } else if (block->closed) {
            slots_drop (self->slots, block);
        } else {
            block->stored = 'o';
        }
    }
    free (save->blocks);
    free (save->rows);
}

fep_err_t account_checkpoint (account_t *self)
{
    s_save_t save;
    s_save_open (self, &save);
    for (size_t i = 0; i < save.count; i++) {
        s_save_block (&save, save.blocks[i]);
    }
    int64_t positions[TASKS_MAX] = {0};
    for (unsigned i = 0; i < TASKS_MAX; i++) {
        positions[i] = self->tasks[i] ? account_position (self, self->tasks[i]) : 0;
        if (positions[i] && positions[i] != self->tasks[i]->position) {
            s_save_position (&save, (uint16_t) (i + 1), positions[i]);
        }
    }
    save.row_count += account_event_save (self, save.rows + save.row_count, &save.out);
    FEP_ASSERT (!save.out.failed);
    fep_err_t error = FEP_OK;
    if (save.row_count || self->follower.position != self->saved) {
        error = store_follow (self->store, NAME_ACCOUNT, self->follower.position, save.rows,
                              save.row_count);
    }
    for (unsigned i = 0; error == FEP_OK && i < TASKS_MAX; i++) {
        if (self->tasks[i]) {
            self->tasks[i]->position = positions[i];
        }
    }
    if (error == FEP_OK) {
        self->saved = self->follower.position;
        account_event_saved (self);
    }
    s_save_done (self, &save, error == FEP_OK);
    return error;
}

//  Closed slots that are too old go. They are no part of anything any more: nothing asks for them, no value fills them.
static fep_err_t s_trim (account_t *self, int64_t now_ms)
{
    uint8_t from[SLOTS_KEY_SIZE], to[SLOTS_KEY_SIZE];
    int64_t before_ms = now_ms - (int64_t) actor_config (self->actor)->account.keep_ms;
    fep_err_t error = FEP_OK;
    for (uint16_t task = 1; task <= TASKS_MAX && before_ms > 0 && !error; task++) {
        slots_key (task, 0, 0, true, from);
        slots_key (task, 0, before_ms, true, to);
        error = store_drop_range (self->store, FAMILY_SLOT, bytes_of (from, sizeof from),
                                  bytes_of (to, sizeof to));
    }
    metric_add (METRIC_slots_trims, error == FEP_OK ? 1 : 0);
    return error;
}

//  ---- Turns ----

static fep_err_t s_on_committed (void *arg, actor_t *actor, bytes_t body)
{
    account_t *self = arg;
    (void) actor;
    return follower_hint (&self->follower, body);
}

static void s_metrics (account_t *self)
{
    metric_set (METRIC_slots_open, (int64_t) slots_open (self->slots));
    metric_set (METRIC_account_behind, (int64_t) follower_behind (&self->follower));
}

static int64_t s_until (int64_t at_ms, int64_t now_ms, int64_t now_us)
{
    if (at_ms == INT64_MAX) {
        return INT64_MAX;
    }
    return at_ms <= now_ms ? now_us + TURN_US : now_us + (at_ms - now_ms) * 1000;
}

//  When it has something to do again.
static int64_t s_deadline (const account_t *self, int64_t now_ms, int64_t now_us, bool more)
{
    int64_t next_us =
        self->checkpoint_us < self->follower.look_us ? self->checkpoint_us : self->follower.look_us;
    int64_t plans_us = s_until (timers_next_ms (&self->plans), now_ms, now_us);
    int64_t runs_us = s_until (timers_next_ms (&self->runs), now_ms, now_us);
    int64_t retries_us = s_until (timers_next_ms (&self->retries), now_ms, now_us);
    runs_us = retries_us < runs_us ? retries_us : runs_us;
    if (!self->begun) {
        plans_us = runs_us = self->begin_us;
    }
    next_us = plans_us < next_us ? plans_us : next_us;
    next_us = runs_us < next_us ? runs_us : next_us;
    return more && now_us + TURN_US < next_us ? now_us + TURN_US : next_us;
}

static int64_t s_tick (void *arg, actor_t *actor, int64_t now_us)
{
    account_t *self = arg;
    int64_t now_ms = clock_wall_ms ();
    bool more;
    fep_err_t error = follower_catch_up (&self->follower, now_us, &more);
    if (error != FEP_OK) {
        actor_fail (actor, "ACCOUNT-JOURNAL", error);
    }
    if (!self->begun && now_us >= self->begin_us) {
        account_begin (self);
    }
    if (self->begun && !self->stopping) {
        account_wake (self, now_ms);
        if (now_ms >= self->sweep_ms) {
            account_sweep (self, now_ms);
            self->sweep_ms = now_ms + SWEEP_MS;
        }
        more = account_plan (self, now_ms) || more;
        account_dispatch (self, now_ms);
    }
    s_metrics (self);
    if (now_us >= self->checkpoint_us) {
        error = account_checkpoint (self);
        if (error != FEP_OK && error != FEP_NO_SPACE) {
            actor_fail (actor, "ACCOUNT-CHECKPOINT", error);
        }
        self->checkpoint_us = now_us + (int64_t) actor_config (actor)->account.checkpoint_ms * 1000;
    }
    if (now_us >= self->trim_us) {
        error = s_trim (self, now_ms);
        if (error != FEP_OK && error != FEP_NO_SPACE) {
            actor_fail (actor, "ACCOUNT-TRIM", error);
        }
        self->trim_us = now_us + TRIM_US;
    }
    return more ? now_us : s_deadline (self, now_ms, now_us, account_may_ask (self));
}

//  ---- The archive changes ----

//  Those who left have no slots any more.
static void s_settle (account_t *self, uint32_t number, int64_t now_ms)
{
    roster_terminal_t *left = roster_left (self->roster, number);
    if (left) {
        account_gone (self, left);
        account_event_gone (self, number);
    }
    account_terminal (self, number, now_ms);
    account_event_ready (self, roster_find (self->roster, number));
}

//  {numbers: [...]}, {all: true} or {tasks: true}.
static fep_err_t s_on_archive (void *arg, actor_t *actor, bytes_t body)
{
    account_t *self = arg;
    int64_t now_ms = clock_wall_ms ();
    reader_t in;
    fep_err_t error = roster_refresh_groups (self->roster);
    (void) actor;
    if (!error && wire_find (body, "tasks", &in)) {
        error = account_tasks_read (self);
        account_terminals (self, now_ms);
        return error;
    }
    if (!error && wire_find (body, "all", &in)) {
        error = roster_refresh_all (self->roster);
        for (uint32_t i = 0; i < roster_size (self->roster); i++) {
            s_settle (self, i, now_ms);
        }
        account_restate (self);
        return error;
    }
    uint32_t count = !error && wire_find (body, "numbers", &in) ? wire_get_array (&in) : 0;
    for (uint32_t i = 0; i < count && !error; i++) {
        uint32_t number = (uint32_t) wire_get_uint (&in);
        error = in.failed ? FEP_CORRUPT : roster_refresh (self->roster, number);
        s_settle (self, number, now_ms);
    }
    account_restate (self);
    return error;
}

//  ---- Start and stop ----

static fep_err_t s_load_open (void *arg, bytes_t key, bytes_t value)
{
    account_t *self = arg;
    slot_block_t *block;
    fep_err_t error = slots_load (self->slots, key, value, &block);
    if (error == FEP_FULL) {
        metric_add (METRIC_slots_refused, 1);
        return FEP_OK;
    }
    //  The archive may have changed behind the last checkpoint.
    const roster_terminal_t *terminal = error ? NULL : roster_find (self->roster, block->terminal);
    bool back = terminal && block->due && account_apart (self, block, terminal);
    if (error == FEP_OK && block->due && block->next_ms != INT64_MAX && !back) {
        timers_put (&self->runs,
                    (timer_entry_t){block->next_ms, (uint64_t) block->task << 32 | block->terminal,
                                    (uint64_t) block->slot_ms});
    } else if (error == FEP_OK && block->due) {
        //  The run that was under way goes on.
        block->running = block->run > 0;
        account_ready (self, block);
    }
    return error;
}

static fep_err_t s_load_position (void *arg, bytes_t key, bytes_t value)
{
    account_t *self = arg;
    reader_t name = reader_of (key);
    reader_t in = reader_of (value);
    (void) reader_u8 (&name);
    account_task_t *task = account_task (self, reader_u16be (&name));
    int64_t position = (int64_t) reader_u64be (&in);
    if (name.failed || in.failed) {
        return FEP_CORRUPT;
    }
    if (task) {
        task->position = position;
    }
    return FEP_OK;
}

static fep_err_t s_load (account_t *self)
{
    fep_err_t error = roster_new (self->store, &self->roster);
    if (error == FEP_OK) {
        error = account_tasks_read (self);
    }
    if (error == FEP_OK) {
        error = store_each (self->store, FAMILY_SLOT, bytes_text ("p"), s_load_position, self);
    }
    if (error == FEP_OK) {
        account_terminals (self, clock_wall_ms ());
        error = store_each (self->store, FAMILY_SLOT, bytes_text ("o"), s_load_open, self);
    }
    if (error == FEP_OK) {
        error = account_event_load (self);
    }
    return error;
}

static fep_err_t s_follow_from (account_t *self)
{
    uint64_t first = store_first (self->store);
    uint64_t from = 0;
    fep_err_t error = store_follower (self->store, NAME_ACCOUNT, first ? first - 1 : 0, &from);
    follower_init (&self->follower, self->store, from, account_follow, self);
    self->saved = from;
    return error ? error : follower_finish (&self->follower);
}

static fep_err_t s_start (void *arg, actor_t *actor)
{
    account_t *self = arg;
    const config_t *config = actor_config (actor);
    self->actor = actor;
    self->store = actor_context (actor)->store;
    self->slots = slots_new ((size_t) config->account.points);
    self->open = calloc (PLACES_MAX, sizeof *self->open);
    FEP_ASSERT (self->open);
    places_init (&self->places);
    self->begin_us = clock_mono_us () + (int64_t) config->account.begin_ms * 1000;
    fep_err_t error = s_load (self);
    if (error == FEP_OK) {
        error = s_follow_from (self);
    }
    if (error != FEP_OK) {
        log_line (LEVEL_ERROR, "ACCOUNT-START", "reason=%s", fep_err_name (error));
        return error;
    }
    log_line (LEVEL_INFO, "ACCOUNT", "tasks=%u blocks=%zu points=%zu position=%llu",
              self->task_count, slots_blocks (self->slots), slots_points (self->slots),
              (unsigned long long) self->follower.position);
    self->started = true;
    self->control = actor_dealer (actor, AT_CONTROL, MARK_MAIL);
    if (self->control < 0 || actor_pull (actor, AT_ACCOUNT, MARK_HINT, false) < 0) {
        return FEP_SYSTEM;
    }
    return actor_send (actor, self->control, WORD_HELLO, bytes_of (NULL, 0));
}

//  Requests under way end with their sessions; what the journal says of that is read at the next start.
static bool s_drain (void *arg, actor_t *actor)
{
    account_t *self = arg;
    (void) actor;
    self->stopping = true;
    fep_err_t error = follower_finish (&self->follower);
    if (error == FEP_OK) {
        error = account_checkpoint (self);
    }
    if (error != FEP_OK) {
        log_line (LEVEL_WARNING, "ACCOUNT-SKIPPED", "reason=%s", fep_err_name (error));
    }
    return true;
}

static void s_stop (void *arg, actor_t *actor)
{
    account_t *self = arg;
    (void) actor;
    follower_fini (&self->follower);
    account_tasks_free (self);
    slots_destroy (&self->slots);
    roster_destroy (&self->roster);
    timers_fini (&self->plans);
    timers_fini (&self->runs);
    account_event_fini (self);
    numbers_fini (&self->queue);
    numbers_fini (&self->rereads.waiting);
    numbers_fini (&self->through.waiting);
    for (unsigned i = 0; i < self->segment_count; i++) {
        numbers_fini (&self->segments[i].waiting);
    }
    free (self->segments);
    free (self->open);
    places_fini (&self->places);
    free (self->page);
}

static const actor_word_t s_words[] = {
    {WORD_COMMITTED, s_on_committed},     {WORD_RESULT, account_on_result},
    {WORD_ARCHIVE, s_on_archive},         {WORD_RATE, account_on_rate},
    {WORD_GAPS, account_on_gaps},         {WORD_REREAD, account_on_reread},
    {WORD_FAILURES, account_on_failures}, {NULL, NULL}};

const actor_class_t account_class = {.name = NAME_ACCOUNT,
                                     .self_size = sizeof (account_t),
                                     .start = s_start,
                                     .stop = s_stop,
                                     .tick = s_tick,
                                     .drain = s_drain,
                                     .words = s_words,
                                     .behind = true};
