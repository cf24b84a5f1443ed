//  A binary heap in an array.
#include "actors/timers.h"
#include "fep/check.h"
#include <stdlib.h>

#define ROOM_FIRST 256

void timers_fini (timers_t *self)
{
    free (self->entries);
    *self = (timers_t){0};
}

void timers_put (timers_t *self, timer_entry_t entry)
{
    if (self->count == self->size) {
        self->size = self->size ? 2 * self->size : ROOM_FIRST;
        self->entries = realloc (self->entries, self->size * sizeof *self->entries);
        FEP_ASSERT (self->entries);
    }
    size_t at = self->count++;
    while (at && self->entries[(at - 1) / 2].at_ms > entry.at_ms) {
        self->entries[at] = self->entries[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    self->entries[at] = entry;
}

bool timers_take (timers_t *self, int64_t now_ms, timer_entry_t *entry)
{
    if (!self->count || self->entries[0].at_ms > now_ms) {
        return false;
    }
    *entry = self->entries[0];
    timer_entry_t last = self->entries[--self->count];
    size_t at = 0;
    for (size_t child = 1; child < self->count; child = 2 * at + 1) {
        if (child + 1 < self->count &&
            self->entries[child + 1].at_ms < self->entries[child].at_ms) {
            child++;
        }
        if (self->entries[child].at_ms >= last.at_ms) {
            break;
        }
        self->entries[at] = self->entries[child];
        at = child;
    }
    if (self->count) {
        self->entries[at] = last;
    }
    return true;
}

int64_t timers_next_ms (const timers_t *self)
{
    return self->count ? self->entries[0].at_ms : INT64_MAX;
}
