//  A queue of small numbers, each in it at most once. Grows as needed; belongs to one thread.
#ifndef ACTORS_NUMBERS_H
#define ACTORS_NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint32_t *ring;    //  Of `size`
    uint32_t size;     //  Room
    uint32_t first;    //  Place of the oldest
    uint32_t count;    //  Used
    uint64_t *within;  //  Bit n: n is in the queue
    uint32_t words;    //  Of within
} numbers_t;

//  All zero is an empty queue. Asserts on lack of memory.
void numbers_fini (numbers_t *self);
//  At the end, unless it is there already.
void numbers_put (numbers_t *self, uint32_t number);
//  The oldest; false if there is none.
bool numbers_take (numbers_t *self, uint32_t *number);

#endif
