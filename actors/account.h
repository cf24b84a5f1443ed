//  Inside of account, shared by its files: account.c (the actor: journal, checkpoints, words), account_plan.c (which
//  slots there are and when they are run), account_run.c (runs), account_ask.c (their requests), account_event.c
//  (events that terminals announce), account_state.c (who is in service), account_fill.c (what the journal brings),
//  account_walk.c (which slots a request is about), account_door.c (rates, gaps, re-reads) and account_failures.c
//  (failures in a row). Nobody else includes this.
#ifndef ACTORS_ACCOUNT_H
#define ACTORS_ACCOUNT_H

#include "actors/actor.h"
#include "actors/follower.h"
#include "actors/numbers.h"
#include "actors/places.h"
#include "actors/roster.h"
#include "actors/slots.h"
#include "actors/timers.h"
#include "codecs/codec.h"
#include "fep/pack.h"

//  Requests of a kind that may be under way, and the terminals that have something of it to ask and wait for room.
typedef struct {
    uint64_t most;       //  Hundredths of requests
    uint32_t under_way;  //  Requests
    numbers_t waiting;   //  Terminals
} account_quota_t;

//  A task as it is carried out.
typedef struct {
    task_t task;            //  As defined
    int64_t *next;          //  By terminal: its next slot that is not planned; 0: none
    uint32_t next_size;     //  Of it
    int64_t position;       //  As stored: slots before it were planned; 0: not known to be stored
    account_quota_t quota;  //  Its share
    int64_t
        slot_seen;  //  An instant that was found to be a slot of it, by the node's time; 0: none
} account_task_t;

//  A request under way.
typedef struct {
    uint64_t token;                 //  Given to control; 0 = free
    int64_t slot_ms;                //  Of its block
    uint32_t terminal;              //  Likewise
    uint16_t task;                  //  Likewise
    uint8_t count;                  //  Measuring points
    bool reread;                    //  It counts as one
    bool through;                   //  Likewise as a read through a terminal
    uint16_t segment;               //  Of the terminal then; 0: none
    uint16_t mps[REQUEST_MPS_MAX];  //  Measuring points
} account_open_t;

//  What one request may ask for.
typedef struct {
    slot_point_t *points[REQUEST_MPS_MAX];
    size_t count;  //  Of them
    bool through;  //  It goes through the terminal to the meter
} account_pick_t;

//  Does a terminal answer requests that name several points? While it is connected.
enum {
    MANY_UNKNOWN,
    MANY_DOUBTED,  //  It did not answer one: does it answer at all?
    MANY_NOT,      //  It answers, but not those
    MANY_SILENT,   //  It answers nothing, at least in this run
    MANY_TAKES     //  It has answered one
};

//  A terminal's events of a kind, by its counter, which goes around at 256.
//  Or as its list of new ones says, without one.
typedef enum {
    EVENTS_IMPORTANT,
    EVENTS_ORDINARY,
    EVENTS_KINDS,
    EVENTS_LISTED = EVENTS_KINDS,
    EVENTS_NONE
} account_kind_t;

typedef struct {
    bool seen;         //  The terminal has said how far it is
    bool owed;         //  What is missing is asked for at once
    bool anew;         //  They are read from 0 because what was asked for was not there
    uint8_t known;     //  The newest there is
    uint8_t recalled;  //  The newest that came, and all before it
} account_counter_t;

typedef struct {
    account_counter_t counters[EVENTS_KINDS];
    int64_t initialised_ms;  //  When the terminal says its data were initialised last; 0: never
    int64_t up_ms;           //  When it connected last
    int64_t power_ms;        //  Of the newest event that says something of its power; 0: none
    int64_t retry_ms;        //  Not asked before
    uint8_t failures;        //  In a row
    uint8_t asked;           //  0: no request is under way; else its kind + 1
    uint8_t asked_from;      //  Its first counter
    bool news;               //  The terminal says that its list has some
    bool initialised;        //  One was among the events at hand
    bool changed;            //  Differs from its row
} account_events_t;

typedef struct {
    actor_t *actor;                    //  Frame
    store_t *store;                    //  Borrowed
    int control;                       //  Mailbox
    follower_t follower;               //  Of the journal
    uint64_t saved;                    //  Position of the last checkpoint
    int64_t checkpoint_us;             //  Next
    roster_t *roster;                  //  Terminals
    slots_t *slots;                    //  Blocks
    account_task_t *tasks[TASKS_MAX];  //  Number n at n - 1; NULL: none
    uint16_t task_count;               //  Of them
    timers_t plans;                    //  a: task << 32 | terminal, b: slot
    timers_t runs;              //  Likewise: a block's next_ms; b 0: the terminal rests until then
    numbers_t queue;            //  Terminals that may be asked something
    account_quota_t rereads;    //  Of all tasks
    account_quota_t through;    //  Reads through terminals
    account_quota_t *segments;  //  By network segment, the roster's numbers
    unsigned segment_count;     //  Of them
    unsigned sends;             //  Left in this turn
    size_t busy;                //  Requests under way after the last turn
    int64_t dispatched_us;      //  When that was
    account_events_t *events;   //  By terminal
    uint32_t events_size;       //  Of them
    numbers_t recalls;          //  Terminals that have events to be asked for
    timers_t retries;           //  a: terminal, which may be asked for events again
    places_t places;            //  Of requests under way
    account_open_t *open;       //  By place
    int64_t begin_us;           //  Nothing is planned before
    int64_t sweep_ms;           //  Wall clock: when open slots are looked through next
    bool begun;                 //  That has come
    int64_t trim_us;            //  When closed slots are trimmed next
    bool started;               //  What joins a task from now on is new
    bool stopping;              //  Nothing more is asked
    uint8_t *page;              //  Scratch for rows and answers
    size_t page_size;           //  Of it
} account_t;

//  NULL if there is none of that number.
static inline account_task_t *account_task (const account_t *self, uint32_t number)
{
    return number >= 1 && number <= TASKS_MAX ? self->tasks[number - 1] : NULL;
}

//  Scratch of at least that size; its content is lost.
uint8_t *account_page (account_t *self, size_t size);

//  account_plan.c

//  The definitions as the store has them now.
FEP_MUST_CHECK
fep_err_t account_tasks_read (account_t *self);
void account_tasks_free (account_t *self);
//  The archive says something else of a terminal: which tasks concern it, and from which slot on.
void account_terminal (account_t *self, uint32_t number, int64_t now_ms);
void account_terminals (account_t *self, int64_t now_ms);
//  Plans what is due; a bounded number. True if there is more.
bool account_plan (account_t *self, int64_t now_ms);
//  The first slot a task has not planned for every terminal; 0: none.
int64_t account_position (const account_t *self, const account_task_t *task);
//  Nothing more is done for the block.
void account_close (account_t *self, slot_block_t *block);
//  What is missing has that reason, and the block is closed.
void account_finish (account_t *self, slot_block_t *block, gap_t reason);
//  The block of a slot that was planned: open, or taken in from the store. NULL: there is none.
slot_block_t *account_block (account_t *self, uint16_t task, uint32_t terminal, int64_t slot_ms);
//  The same, also of a slot that is not planned yet: a block is made for what comes unasked.
slot_block_t *account_fill_block (account_t *self, account_task_t *task,
                                  roster_terminal_t *terminal, int64_t slot_ms);
//  Slots that cannot be filled any more are closed: what lies behind the device's memory, whoever it waits for.
void account_sweep (account_t *self, int64_t now_ms);
//  How far back the device remembers what such a task asks for.
int64_t account_memory_ms (const account_t *self, const task_t *task);

//  account_run.c

//  A run of the block is to begin.
void account_ready (account_t *self, slot_block_t *block);
//  Takes it out of its terminal's list.
void account_unready (account_t *self, slot_block_t *block);
//  The terminal may be asked something; and it is, when its turn comes.
bool account_may_turn (const roster_terminal_t *terminal);
void account_enqueue (account_t *self, const roster_terminal_t *terminal);
//  Its next run, or the one under way, is a re-read; and asks for what the terminal keeps.
bool account_is_reread (const slot_block_t *block);
bool account_asks_store (const slot_block_t *block);
//  A run begins, unless there is no sense in it any more. False: the block has left the list.
bool account_begin_run (account_t *self, slot_block_t *block, int64_t now_ms);
//  Every point was asked and has ended.
void account_end_run (account_t *self, slot_block_t *block, int64_t now_ms);
//  The next points of a run that one request may name; how many. 0: there is none that was not asked.
size_t account_pick (account_t *self, slot_block_t *block, account_pick_t *pick);
//  Timers of runs.
void account_wake (account_t *self, int64_t now_ms);
//  The journal says that a request of the point has ended.
void account_ended (account_t *self, slot_block_t *block, slot_point_t *point,
                    const slot_outcome_t *outcome, int64_t now_ms);
//  The terminal came or went. We stop: that it went is our doing, and no failure of what it was to be asked.
typedef enum { ACCOUNT_DOWN, ACCOUNT_UP, ACCOUNT_STOPPING } account_link_t;
void account_link (account_t *self, roster_terminal_t *terminal, account_link_t link);
//  The terminal is not there: points of the block that miss something, and are not under way, had no chance.
void account_offline (account_t *self, slot_block_t *block);
//  Who has not come since the start is offline from now on.
void account_begin (account_t *self);
//  The terminal left the archive.
void account_gone (account_t *self, roster_terminal_t *terminal);

//  account_ask.c

//  Another request may be under way.
bool account_may_send (const account_t *self);
//  There is something to ask, and room.
bool account_may_ask (account_t *self);
//  Asks what may be asked now.
void account_dispatch (account_t *self, int64_t now_ms);
//  Control's mail: the request with that token is over.
fep_err_t account_on_result (void *self, actor_t *actor, bytes_t body);

//  account_fill.c
void account_follow (void *self, uint64_t sequence, bytes_t batches);

//  account_event.c

//  What the journal brings of a terminal's events: its counters and which ones came, an event, the end of a request.
void account_event_reading (account_t *self, cursor_t cursor, const message_t *message);
void account_event (account_t *self, cursor_t cursor, const message_t *message);
void account_event_ended (account_t *self, const message_t *message, fep_err_t error);
//  Control says that the request is over; journalled: so does the journal.
void account_event_over (account_t *self, const account_open_t *open, fep_err_t error,
                         bool journalled);
//  The journal says that it came or went, perhaps to or from an earlier process.
void account_event_link (account_t *self, roster_terminal_t *terminal, bool up, int64_t now_ms);
//  A run of an event task is over: what it left is asked for. And behind which ordinary event the next one asks.
void account_event_task (account_t *self, uint32_t number);
uint16_t account_event_from (const account_t *self, uint32_t number);
//  It came, or is in service again.
void account_event_ready (account_t *self, const roster_terminal_t *terminal);
//  Asks for what may be asked now.
void account_event_dispatch (account_t *self, int64_t now_ms);
//  The terminal left the archive.
void account_event_gone (account_t *self, uint32_t number);
//  Rows that changed; room for all of them, and their bytes in `out`. And that they are stored.
#define ACCOUNT_EVENT_ROW 64
size_t account_event_changed (const account_t *self);
size_t account_event_save (const account_t *self, row_t rows[], writer_t *out);
void account_event_saved (account_t *self);
FEP_MUST_CHECK
fep_err_t account_event_load (account_t *self);
void account_event_fini (account_t *self);

//  account_state.c

//  Marks what the archive says is not in service. True: of what was, something is not any more, and is to be asked.
bool account_apart (account_t *self, slot_block_t *block, const roster_terminal_t *terminal);
//  The same of every slot that is open, where the archive says something else now.
void account_restate (account_t *self);

//  account_door.c
fep_err_t account_on_rate (void *self, actor_t *actor, bytes_t body);
fep_err_t account_on_gaps (void *self, actor_t *actor, bytes_t body);
fep_err_t account_on_reread (void *self, actor_t *actor, bytes_t body);
//  account_failures.c
fep_err_t account_on_failures (void *self, actor_t *actor, bytes_t body);
//  account.c: what changed goes to the store, so that it can be read there.
FEP_MUST_CHECK
fep_err_t account_checkpoint (account_t *self);

#endif
