//  A heap of (instant, what). What is taken may be out of date: its owner compares the instant with the one it wants
//  now and leaves the others. Grows as needed; belongs to one thread.
#ifndef ACTORS_TIMERS_H
#define ACTORS_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    int64_t at_ms;  //  When
    uint64_t a, b;  //  The owner's
} timer_entry_t;

typedef struct {
    timer_entry_t *entries;  //  The heap
    size_t count;            //  In it
    size_t size;             //  Room
} timers_t;

//  All zero is an empty heap.
void timers_fini (timers_t *self);
void timers_put (timers_t *self, timer_entry_t entry);
//  The first one if its instant has come; false if not.
bool timers_take (timers_t *self, int64_t now_ms, timer_entry_t *entry);
//  Of the first one; INT64_MAX if there is none.
int64_t timers_next_ms (const timers_t *self);

#endif
