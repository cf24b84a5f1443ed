//  Which device-stamped facts are in the chain already. Identity of an item: (terminal, measuring point,
//  point, freeze, device time); of an event: (terminal, code, device time, hash of its content). That a value
//  is suspect is part of the value. Kept per terminal in groups of one instant; at the limit of a terminal its
//  oldest group is forgotten, and counted.
#ifndef ACTORS_IDENTITY_H
#define ACTORS_IDENTITY_H

#include "fep/message.h"

typedef struct identity identity_t;

typedef enum {
    IDENTITY_NEW,     //  Not seen
    IDENTITY_REPEAT,  //  Seen with the same value
    IDENTITY_CHANGED  //  Seen with another value; the new one is remembered
} identity_verdict_t;

//  groups: limit per terminal. Asserts on lack of memory.
identity_t *identity_new (size_t groups);
void identity_destroy (identity_t **self_p);

//  Judges and remembers the items of a message that stand at one instant: all of them (step 0), or item
//  `first` alone of a curve. Writes one verdict for each item. Messages without device time (time 0), and
//  kinds other than READING, HELD and EVENT, have no identity: all NEW.
void identity_check (identity_t *self, const message_t *message, int64_t time_ms,
                     const item_t items[], size_t count, identity_verdict_t verdicts[]);

//  Groups remembered, and forgotten at limits so far.
size_t identity_count (const identity_t *self);
uint64_t identity_forgotten (const identity_t *self);

#endif
