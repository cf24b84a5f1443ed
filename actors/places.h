//  Places for what is under way: numbers 0..PLACES_MAX - 1 handed out and taken back, each time with a token that is
//  never the same. Belongs to one thread.
#ifndef ACTORS_PLACES_H
#define ACTORS_PLACES_H

#include <stddef.h>
#include <stdint.h>

#define PLACES_BITS 16  //  Of a token: its place
#define PLACES_MAX (1u << PLACES_BITS)

typedef struct {
    uint32_t *free;   //  Stack
    uint32_t count;   //  On it
    uint64_t tokens;  //  Given
} places_t;

//  Asserts on lack of memory. fini: also of one that is all zero.
void places_init (places_t *self);
void places_fini (places_t *self);

static inline uint32_t place_of (uint64_t token)
{
    return (uint32_t) (token & (PLACES_MAX - 1));
}

//  A token for a free place; 0: there is none.
uint64_t places_take (places_t *self);
//  Its place is free again.
void places_give (places_t *self, uint64_t token);

static inline uint32_t places_used (const places_t *self)
{
    return PLACES_MAX - self->count;
}

#endif
