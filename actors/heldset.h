//  Identities of held readings, so that a repair is known as one, and what comes again gets the verdict it had.
//  Bounded: the oldest is forgotten, and counted.
#ifndef ACTORS_HELDSET_H
#define ACTORS_HELDSET_H

#include "fep/message.h"

typedef struct heldset heldset_t;

typedef struct {
    uint64_t key;       //  Of the identity
    uint32_t *counter;  //  Of its measuring point, kept by the set while the identity is in it
    uint32_t value;     //  Hash of the value
    uint32_t next;      //  In its bucket, + 1
    uint8_t reason;     //  reason_t
    bool present;       //  Not removed
} held_t;

//  limit: identities, from 1. Asserts on lack of memory.
heldset_t *heldset_new (size_t limit);
void heldset_destroy (heldset_t **self_p);

uint64_t heldset_key (const message_t *message, uint32_t point, int64_t time_ms);
uint32_t heldset_value (const value_t *value);

//  NULL if it is not remembered. Valid until the next put or remove.
held_t *heldset_find (heldset_t *self, uint64_t key);
//  Remembers it, or its new value and reason. Keeps counter, which must outlive the set.
void heldset_put (heldset_t *self, uint64_t key, uint32_t value, uint8_t reason, uint32_t *counter);
void heldset_remove (heldset_t *self, held_t *held);

size_t heldset_count (const heldset_t *self);
uint64_t heldset_forgotten (const heldset_t *self);

#endif
