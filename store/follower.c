//  The table of followers.
#include "store/follower.h"
#include <string.h>

void followers_init (followers_t *self)
{
    memset (self->slots, 0, sizeof self->slots);
    atomic_init (&self->count, 0);
    FEP_ASSERT (pthread_mutex_init (&self->lock, NULL) == 0);
}

void followers_fini (followers_t *self)
{
    pthread_mutex_destroy (&self->lock);
}

static fep_err_t s_add (followers_t *self, const char *name, uint64_t position)
{
    follower_t *known = followers_find (self, name);
    if (known) {
        atomic_store (&known->position, position);
        return FEP_OK;
    }
    size_t count = atomic_load (&self->count);
    if (count == FOLLOWER_MAX) {
        return FEP_FULL;
    }
    memcpy (self->slots[count].name, name, strlen (name) + 1);
    atomic_store (&self->slots[count].position, position);
    atomic_store (&self->count, count + 1);
    return FEP_OK;
}

fep_err_t followers_add (followers_t *self, const char *name, uint64_t position)
{
    size_t size = strlen (name);
    if (size == 0 || size > FOLLOWER_NAME_MAX) {
        return FEP_RANGE;
    }
    pthread_mutex_lock (&self->lock);
    fep_err_t error = s_add (self, name, position);
    pthread_mutex_unlock (&self->lock);
    return error;
}

follower_t *followers_find (followers_t *self, const char *name)
{
    size_t count = atomic_load (&self->count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp (self->slots[i].name, name) == 0) {
            return &self->slots[i];
        }
    }
    return NULL;
}

uint64_t followers_slowest (const followers_t *self)
{
    uint64_t slowest = UINT64_MAX;
    size_t count = atomic_load (&self->count);
    for (size_t i = 0; i < count; i++) {
        uint64_t position = atomic_load (&self->slots[i].position);
        slowest = position < slowest ? position : slowest;
    }
    return slowest;
}
