//  Which terminals were online when: one bit for each 5-minute slot of a local day, 36 bytes a terminal and day.
//
//  A slot is a step of the local wall clock since local midnight, so every day has 288, however long it takes.
//  Local time is a fixed offset from UTC; where it changes all the same (the option, a clock that is set), a day
//  of 23 hours leaves the slots that never were at 0, and in a day of 25 hours slots that come twice collect the
//  bits of both times.
//
//  Belongs to control. Time is an argument. Memory: 38 bytes a terminal, in blocks of 256 by number.
#ifndef ACTORS_ONLINE_H
#define ACTORS_ONLINE_H

#include "fep/bytes.h"

#define ONLINE_SLOTS 288  //  Of a day
#define ONLINE_BYTES 36   //  Their bits; slot 0 is the lowest bit of the first byte
#define ONLINE_KEY_SIZE 6
#define ONLINE_SLOT_MS 300000

typedef struct {
    uint16_t day;   //  Local, counted from 1970
    uint16_t slot;  //  0..287
} online_at_t;

typedef struct {
    uint8_t key[ONLINE_KEY_SIZE];  //  Day 2, number 4; big-endian
    uint8_t bits[ONLINE_BYTES];    //  The value
} online_row_t;

online_at_t online_at (int64_t wall_ms, int offset_min);
//  When a slot begins.
int64_t online_slot_ms (online_at_t at, int offset_min);
unsigned online_count (const uint8_t bits[ONLINE_BYTES]);
//  The last slot of which the bit is set; -1 if there is none.
int online_last (const uint8_t bits[ONLINE_BYTES]);
void online_key (uint16_t day, uint32_t number, uint8_t key[ONLINE_KEY_SIZE]);

typedef struct online online_t;

online_t *online_new (void);
void online_destroy (online_t **self_p);

//  The terminal is online in that slot. A row of an earlier day is put aside until it is collected.
void online_set (online_t *self, uint32_t number, online_at_t at);
//  A row as it was saved; bits set meanwhile stay.
void online_load (online_t *self, const uint8_t *key, const uint8_t *bits);
//  Of that day; false, and zeros, if nothing is known here.
bool online_get (const online_t *self, uint32_t number, uint16_t day, uint8_t bits[ONLINE_BYTES]);

//  Numbers are below this.
uint32_t online_size (const online_t *self);
//  Gives rows that are not saved: those put aside, then those of numbers from..from + count - 1; at most max, and
//  then *next says from where on there may be more. They count as saved.
size_t online_collect (online_t *self, uint32_t from, uint32_t count, online_row_t rows[],
                       size_t max, uint32_t *next);
//  It could not be saved after all. False: it is of an earlier day and lost.
bool online_again (online_t *self, const online_row_t *row);

#endif
