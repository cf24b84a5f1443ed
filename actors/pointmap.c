//  A hash of the terminal and of eight measuring points, which stand in order from there on: one or two cache lines for
//  all that one frame brings. At most half of the entries are taken.
#include "actors/pointmap.h"
#include "fep/check.h"
#include <stdlib.h>

#define SIZE_FIRST 4096
#define GROUP_BITS 3

void pointmap_free (pointmap_t *self)
{
    free (self->entries);
    *self = (pointmap_t){0};
}

//  Where it stands, or where it would.
static pointmap_entry_t *s_entry (const pointmap_t *self, uint32_t terminal, uint32_t mp)
{
    uint64_t hash = ((uint64_t) terminal << 16 | mp >> GROUP_BITS) * 0x9E3779B97F4A7C15u;
    size_t at = ((size_t) (hash >> 32) + (mp & ((1u << GROUP_BITS) - 1))) & (self->size - 1);
    pointmap_entry_t *entry = &self->entries[at];
    while (entry->place != POINTMAP_NONE && (entry->terminal != terminal || entry->mp != mp)) {
        at = (at + 1) & (self->size - 1);
        entry = &self->entries[at];
    }
    return entry;
}

uint32_t pointmap_find (const pointmap_t *self, uint32_t terminal, uint16_t mp)
{
    return self->count ? s_entry (self, terminal, mp)->place : POINTMAP_NONE;
}

static void s_grow (pointmap_t *self)
{
    pointmap_t old = *self;
    self->size = old.size ? 2 * old.size : SIZE_FIRST;
    self->entries = malloc (self->size * sizeof *self->entries);
    FEP_ASSERT (self->entries);
    for (size_t i = 0; i < self->size; i++) {
        self->entries[i].place = POINTMAP_NONE;
    }
    for (size_t i = 0; i < old.size; i++) {
        if (old.entries[i].place != POINTMAP_NONE) {
            *s_entry (self, old.entries[i].terminal, old.entries[i].mp) = old.entries[i];
        }
    }
    free (old.entries);
}

void pointmap_add (pointmap_t *self, uint32_t terminal, uint16_t mp, uint32_t place)
{
    if (2 * (self->count + 1) > self->size) {
        s_grow (self);
    }
    *s_entry (self, terminal, mp) = (pointmap_entry_t){terminal, mp, place};
    self->count++;
}
