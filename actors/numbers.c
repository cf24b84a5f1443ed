//  A ring, and a bit for each number.
#include "actors/numbers.h"
#include "fep/check.h"
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 64

void numbers_fini (numbers_t *self)
{
    free (self->ring);
    free (self->within);
    *self = (numbers_t){.size = 0};
}

static void s_grow_ring (numbers_t *self)
{
    uint32_t size = self->size ? 2 * self->size : ROOM_FIRST;
    uint32_t *ring = malloc (size * sizeof *ring);
    FEP_ASSERT (ring);
    for (uint32_t i = 0; i < self->count; i++) {
        ring[i] = self->ring[(self->first + i) % self->size];
    }
    free (self->ring);
    self->ring = ring;
    self->size = size;
    self->first = 0;
}

static void s_grow_within (numbers_t *self, uint32_t word)
{
    uint32_t words = word + word / 2 + 16;
    self->within = realloc (self->within, words * sizeof *self->within);
    FEP_ASSERT (self->within);
    memset (self->within + self->words, 0, (words - self->words) * sizeof *self->within);
    self->words = words;
}

void numbers_put (numbers_t *self, uint32_t number)
{
    uint32_t word = number / 64;
    uint64_t bit = 1ull << number % 64;
    if (word >= self->words) {
        s_grow_within (self, word);
    }
    if (self->within[word] & bit) {
        return;
    }
    if (self->count == self->size) {
        s_grow_ring (self);
    }
    self->within[word] |= bit;
    self->ring[(self->first + self->count++) % self->size] = number;
}

bool numbers_take (numbers_t *self, uint32_t *number)
{
    if (!self->count) {
        return false;
    }
    *number = self->ring[self->first];
    self->first = (self->first + 1) % self->size;
    self->count--;
    self->within[*number / 64] &= ~(1ull << *number % 64);
    return true;
}
