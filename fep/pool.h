//  Fixed-size objects with a hard limit. Memory grows in slabs up to the limit and is kept until
//  the pool goes; taking and giving cost O(1). When full, or out of memory, the taker gets NULL and
//  it is counted. A pool belongs to one thread.
#ifndef FEP_POOL_H
#define FEP_POOL_H

#include <stddef.h>

typedef struct pool pool_t;

typedef struct {
    size_t limit;       //  Objects that may be in use at once
    size_t in_use;      //  Now
    size_t high_water;  //  Most ever in use at once
    size_t allocated;   //  Objects there is memory for
    size_t refusals;    //  Times the taker got NULL
} pool_stats_t;

//  Gives a pool of objects of that many bytes (at least 1), aligned for any type. limit: at least
//  1. Asserts on lack of memory for its own table (start-up only).
pool_t *pool_new (size_t object_size, size_t limit);

//  Frees all memory, that of objects still in use too.
void pool_destroy (pool_t **self_p);

//  An object with undefined content, or NULL if the limit is reached. Give it back by pool_give.
void *pool_take (pool_t *self);

//  Takes an object of this pool back and nulls the caller's pointer. Nothing to do if it is NULL.
void pool_give (pool_t *self, void *object_p);

//  Bytes of an object that its user may fill.
size_t pool_object_size (const pool_t *self);

pool_stats_t pool_stats (const pool_t *self);

#endif
