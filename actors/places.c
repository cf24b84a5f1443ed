//  A stack of what is free.
#include "actors/places.h"
#include "fep/check.h"
#include <stdlib.h>

void places_init (places_t *self)
{
    *self = (places_t){.free = malloc (PLACES_MAX * sizeof (uint32_t)), .count = PLACES_MAX};
    FEP_ASSERT (self->free);
    for (uint32_t i = 0; i < PLACES_MAX; i++) {
        self->free[i] = PLACES_MAX - 1 - i;
    }
}

void places_fini (places_t *self)
{
    free (self->free);
    self->free = NULL;
}

uint64_t places_take (places_t *self)
{
    return self->count ? ++self->tokens << PLACES_BITS | self->free[--self->count] : 0;
}

void places_give (places_t *self, uint64_t token)
{
    FEP_ASSERT (self->count < PLACES_MAX);
    self->free[self->count++] = place_of (token);
}
