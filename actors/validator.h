//  Inside of the validator, shared by its files: validator.c (the actor), validator_walk.c (its checks over a
//  message), validator_learn.c (what it knows at start) and validator_door.c (HELD, ACCEPT). Nobody else includes
//  this.
#ifndef ACTORS_VALIDATOR_H
#define ACTORS_VALIDATOR_H

#include "actors/actor.h"
#include "actors/heldset.h"
#include "actors/registers.h"
#include "fep/pack.h"

//  An item that is judged once its whole message is known.
typedef struct {
    value_t value;       //  Its value
    const rule_t *rule;  //  Of its point
    int64_t time_ms;     //  Its instant
    size_t quality_at;   //  Where its quality is
    uint32_t point;      //  Which
    reason_t reason;     //  Found so far
} special_t;

typedef struct {
    actor_t *actor;               //  Frame
    store_t *store;               //  Borrowed
    int next;                     //  Down the chain
    int control;                  //  Mailbox
    rules_t *rules;               //  Of points
    meters_t *meters;             //  Of measuring points
    heldset_t *held;              //  Identities of held readings
    batch_t *own;                 //  Messages of ours that wait to be sent
    uint64_t number;              //  Of our last batch
    uint8_t *packed;              //  It
    size_t packed_size;           //  Room of it
    bool failed;                  //  A batch could not be read: nothing goes on
    bool waiting;                 //  Stalled until the stage behind has room
    special_t *specials;          //  BATCH_ITEMS_MAX, of the message at hand
    size_t special_count;         //  Of them
    judge_t how;                  //  From the options
    uint64_t future_ms, past_ms;  //  From the options
    bool accept_auto;             //  From the options
} validator_t;

//  Where a walk is.
typedef struct {
    cursor_t *cursor;  //  Over the batch
    uint8_t *memory;   //  The same bytes, for patching; NULL: they are the journal's, and we learn
    const message_t *message;  //  At hand
    meter_t *meter;            //  Its measuring point, or NULL
    bool suspect;              //  An item of it is
} walk_t;

//  validator_walk.c. memory NULL: bytes of the journal. CORRUPT, LIMIT.
FEP_MUST_CHECK
fep_err_t validator_walk (validator_t *self, bytes_t batches, uint8_t *memory);
void validator_options (validator_t *self);

//  validator.c. Appends to our own batch. False: it is full; nothing was written.
typedef enum { VALIDATOR_JUMP, VALIDATOR_ACCEPTED } validator_event_t;
bool validator_tell (validator_t *self, meter_t *meter, const hold_t *hold, validator_event_t what,
                     const char *who);
//  Publishes what was held of a jump as re-read, and makes it the base of its register. Releases the hold. FULL.
FEP_MUST_CHECK
fep_err_t validator_accept (validator_t *self, meter_t *meter, hold_t *hold, const char *who,
                            uint32_t *readings);
void validator_flush (validator_t *self);

//  validator_learn.c
FEP_MUST_CHECK
fep_err_t validator_learn (validator_t *self);
actor_handler_t validator_on_archive;

//  validator_door.c
actor_handler_t validator_on_held, validator_on_accept;

#endif
