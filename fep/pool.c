//  Free objects form a list through their own first bytes; a new slab is cut up as it is needed.
#include "fep/pool.h"
#include "fep/check.h"
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SLAB_BYTES (64 * 1024)

typedef struct s_free {
    struct s_free *next;  //  Or NULL
} s_free_t;

struct pool {
    size_t object_size;   //  As asked for
    size_t stride;        //  Bytes from one object to the next
    size_t slab_objects;  //  Objects of one slab
    uint8_t **slabs;      //  Table with room for all slabs the limit allows
    size_t slab_count;    //  Used of it
    size_t fresh;         //  Objects of the last slab that were never taken
    s_free_t *free;       //  Given back
    pool_stats_t stats;   //  Counts
};

pool_t *pool_new (size_t object_size, size_t limit)
{
    size_t step = alignof (max_align_t);
    FEP_ASSERT (object_size > 0 && object_size < SIZE_MAX / 2 && limit > 0);
    pool_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    self->object_size = object_size;
    self->stride = (object_size + step - 1) / step * step;
    self->slab_objects = SLAB_BYTES / self->stride;
    if (self->slab_objects == 0) {
        self->slab_objects = 1;
    }
    if (self->slab_objects > limit) {
        self->slab_objects = limit;
    }
    size_t slabs = limit / self->slab_objects + (limit % self->slab_objects ? 1 : 0);
    self->slabs = calloc (slabs, sizeof *self->slabs);
    FEP_ASSERT (self->slabs);
    self->stats.limit = limit;
    return self;
}

void pool_destroy (pool_t **self_p)
{
    pool_t *self = *self_p;
    if (self) {
        for (size_t i = 0; i < self->slab_count; i++) {
            free (self->slabs[i]);
        }
        free (self->slabs);
        free (self);
        *self_p = NULL;
    }
}

//  Appends a slab that does not pass the limit. False if there is no memory.
static bool s_grow (pool_t *self)
{
    size_t left = self->stats.limit - self->stats.allocated;
    size_t objects = left < self->slab_objects ? left : self->slab_objects;
    uint8_t *slab = malloc (objects * self->stride);
    if (!slab) {
        return false;
    }
    self->slabs[self->slab_count++] = slab;
    self->fresh = objects;
    self->stats.allocated += objects;
    return true;
}

void *pool_take (pool_t *self)
{
    pool_stats_t *stats = &self->stats;
    void *object = self->free;
    if (object) {
        self->free = self->free->next;
    } else if (self->fresh || (stats->allocated < stats->limit && s_grow (self))) {
        self->fresh--;
        object = self->slabs[self->slab_count - 1] + self->fresh * self->stride;
    } else {
        stats->refusals++;
        return NULL;
    }
    stats->in_use++;
    if (stats->in_use > stats->high_water) {
        stats->high_water = stats->in_use;
    }
    return object;
}

void pool_give (pool_t *self, void *object_p)
{
    void *object;
    memcpy (&object, object_p, sizeof object);
    if (!object) {
        return;
    }
    FEP_ASSERT (self->stats.in_use > 0);
    self->stats.in_use--;
    s_free_t *link = object;
    link->next = self->free;
    self->free = link;
    object = NULL;
    memcpy (object_p, &object, sizeof object);
}

size_t pool_object_size (const pool_t *self)
{
    return self->object_size;
}

pool_stats_t pool_stats (const pool_t *self)
{
    return self->stats;
}
