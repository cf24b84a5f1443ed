//  A ring of identities in order of arrival, and buckets over it.
#include "actors/heldset.h"
#include <stdlib.h>

struct heldset {
    held_t *ring;        //  In order of arrival
    uint32_t *buckets;   //  Place in the ring + 1; 0 = empty
    size_t bucket_mask;  //  Power of two less 1
    size_t limit;        //  Of the ring
    size_t at;           //  Where the next one goes
    size_t count;        //  Present
    uint64_t forgotten;  //  Written over
};

heldset_t *heldset_new (size_t limit)
{
    heldset_t *self = calloc (1, sizeof *self);
    size_t buckets = 16;
    FEP_ASSERT (self && limit > 0);
    while (buckets < limit) {
        buckets *= 2;
    }
    self->limit = limit;
    self->bucket_mask = buckets - 1;
    self->ring = calloc (limit, sizeof *self->ring);
    self->buckets = calloc (buckets, sizeof *self->buckets);
    FEP_ASSERT (self->ring && self->buckets);
    return self;
}

void heldset_destroy (heldset_t **self_p)
{
    if (*self_p) {
        free ((*self_p)->ring);
        free ((*self_p)->buckets);
        free (*self_p);
        *self_p = NULL;
    }
}

static uint64_t s_mix (uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * 0x9E3779B97F4A7C15u;
    return hash ^ hash >> 32;
}

uint64_t heldset_key (const message_t *message, uint32_t point, int64_t time_ms)
{
    uint64_t hash = s_mix (0x5851F42D4C957F2Du, (uint64_t) time_ms);
    hash = s_mix (hash, (uint64_t) message->terminal << 32 | point);
    return s_mix (hash, (uint64_t) message->freeze << 16 | message->mp);
}

uint32_t heldset_value (const value_t *value)
{
    uint64_t hash =
        s_mix (0x5851F42D4C957F2Du, (uint64_t) value->kind << 8 | (uint8_t) value->exponent);
    if (value->kind == VALUE_TEXT) {
        for (int i = 0; i < value->exponent; i++) {
            hash = s_mix (hash, (uint8_t) value->text[i]);
        }
        return (uint32_t) hash;
    }
    return (uint32_t) s_mix (hash, (uint64_t) value->mantissa);
}

held_t *heldset_find (heldset_t *self, uint64_t key)
{
    uint32_t at = self->buckets[key & self->bucket_mask];
    while (at && self->ring[at - 1].key != key) {
        at = self->ring[at - 1].next;
    }
    return at ? &self->ring[at - 1] : NULL;
}

void heldset_remove (heldset_t *self, held_t *held)
{
    uint32_t own = (uint32_t) (held - self->ring) + 1;
    uint32_t *at = &self->buckets[held->key & self->bucket_mask];
    while (*at != own) {
        at = &self->ring[*at - 1].next;
    }
    *at = held->next;
    held->present = false;
    (*held->counter)--;
    self->count--;
}

void heldset_put (heldset_t *self, uint64_t key, uint32_t value, uint8_t reason, uint32_t *counter)
{
    held_t *held = heldset_find (self, key);
    if (held) {
        held->value = value;
        held->reason = reason;
        return;
    }
    held = &self->ring[self->at];
    self->at = (self->at + 1) % self->limit;
    if (held->present) {
        heldset_remove (self, held);
        self->forgotten++;
    }
    uint32_t *bucket = &self->buckets[key & self->bucket_mask];
    *held = (held_t){key, counter, value, *bucket, reason, true};
    *bucket = (uint32_t) (held - self->ring) + 1;
    (*counter)++;
    self->count++;
}

size_t heldset_count (const heldset_t *self)
{
    return self->count;
}

uint64_t heldset_forgotten (const heldset_t *self)
{
    return self->forgotten;
}
