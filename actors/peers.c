//  Open addressing with backward-shift deletion.
#include "actors/peers.h"
#include "fep/check.h"
#include <stdlib.h>
#include <string.h>

typedef struct {
    uint8_t ip[16];  //  IPv6, or IPv4 mapped
    uint32_t total;  //  Connections; 0: the entry is free
    uint32_t fresh;  //  Of which nobody has identified yet
} peer_count_t;

struct peers {
    size_t mask;             //  Slots - 1; slots are a power of two, at least twice the limit
    size_t limit;            //  Addresses
    size_t used;             //  Now
    peer_count_t entries[];  //  Slots
};

peers_t *peers_new (size_t limit)
{
    size_t slots = 16;
    while (slots < 2 * limit) {
        slots *= 2;
    }
    peers_t *self = calloc (1, sizeof *self + slots * sizeof (peer_count_t));
    FEP_ASSERT (self);
    self->mask = slots - 1;
    self->limit = limit;
    return self;
}

void peers_destroy (peers_t **self_p)
{
    free (*self_p);
    *self_p = NULL;
}

static size_t s_home (const peers_t *self, const uint8_t ip[16])
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (int i = 0; i < 16; i++) {
        hash = (hash ^ ip[i]) * 0x100000001b3u;
    }
    return (size_t) (hash ^ hash >> 29) & self->mask;
}

static size_t s_slot (const peers_t *self, const uint8_t ip[16])
{
    size_t at = s_home (self, ip);
    while (self->entries[at].total && memcmp (self->entries[at].ip, ip, 16) != 0) {
        at = (at + 1) & self->mask;
    }
    return at;
}

fep_err_t peers_join (peers_t *self, const uint8_t ip[16], uint32_t total_max, uint32_t fresh_max)
{
    peer_count_t *entry = &self->entries[s_slot (self, ip)];
    if (!entry->total && self->used == self->limit) {
        return FEP_FULL;
    }
    if (entry->total >= total_max) {
        return FEP_FULL;
    }
    if (entry->total && entry->fresh >= fresh_max) {
        return FEP_LIMIT;
    }
    if (!entry->total) {
        memcpy (entry->ip, ip, 16);
        entry->fresh = 0;
        self->used++;
    }
    entry->total++;
    entry->fresh++;
    return FEP_OK;
}

void peers_identified (peers_t *self, const uint8_t ip[16])
{
    peer_count_t *entry = &self->entries[s_slot (self, ip)];
    FEP_ASSERT (entry->total && entry->fresh);
    entry->fresh--;
}

//  Moves later entries of the run into the hole, so that no search ends early.
static void s_forget (peers_t *self, size_t hole)
{
    size_t at = hole;
    for (;;) {
        at = (at + 1) & self->mask;
        if (!self->entries[at].total) {
            break;
        }
        size_t home = s_home (self, self->entries[at].ip);
        if (((at - home) & self->mask) >= ((at - hole) & self->mask)) {
            self->entries[hole] = self->entries[at];
            hole = at;
        }
    }
    memset (&self->entries[hole], 0, sizeof (peer_count_t));
    self->used--;
}

void peers_leave (peers_t *self, const uint8_t ip[16], bool fresh)
{
    size_t at = s_slot (self, ip);
    peer_count_t *entry = &self->entries[at];
    FEP_ASSERT (entry->total && (!fresh || entry->fresh));
    entry->total--;
    entry->fresh -= fresh ? 1 : 0;
    if (!entry->total) {
        s_forget (self, at);
    }
}

size_t peers_count (const peers_t *self)
{
    return self->used;
}
