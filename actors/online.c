//  Blocks of rows by number, each row of one day; rows of earlier days that are not saved stand aside.
#include "actors/online.h"
#include "actors/traffic.h"
#include "fep/check.h"
#include <stdlib.h>

#define BLOCK 256  //  Rows
#define DAY_MS 86400000

typedef struct {
    uint16_t day[BLOCK];                //  Of a row; 0: it is empty
    uint8_t bits[BLOCK][ONLINE_BYTES];  //  Of that day
    bool unsaved[BLOCK];                //  Changed since it was collected
} block_t;

struct online {
    block_t **blocks;     //  By number / BLOCK; NULL where nothing is known
    size_t block_count;   //  Of them
    online_row_t *aside;  //  Unsaved rows of earlier days
    size_t aside_count;   //  Of them
    size_t aside_room;    //  For them
};

//  ---- Time, bits, keys ----

online_at_t online_at (int64_t wall_ms, int offset_min)
{
    int64_t day = traffic_day (wall_ms, offset_min);
    int64_t local_ms = wall_ms + (int64_t) offset_min * 60000 - day * DAY_MS;
    return (online_at_t){(uint16_t) day, (uint16_t) (local_ms / ONLINE_SLOT_MS)};
}

int64_t online_slot_ms (online_at_t at, int offset_min)
{
    return (int64_t) at.day * DAY_MS - (int64_t) offset_min * 60000 +
           (int64_t) at.slot * ONLINE_SLOT_MS;
}

unsigned online_count (const uint8_t bits[ONLINE_BYTES])
{
    unsigned count = 0;
    for (size_t i = 0; i < ONLINE_BYTES; i++) {
        count += (unsigned) __builtin_popcount (bits[i]);
    }
    return count;
}

int online_last (const uint8_t bits[ONLINE_BYTES])
{
    for (int slot = ONLINE_SLOTS - 1; slot >= 0; slot--) {
        if (bits[slot / 8] >> slot % 8 & 1) {
            return slot;
        }
    }
    return -1;
}

void online_key (uint16_t day, uint32_t number, uint8_t key[ONLINE_KEY_SIZE])
{
    writer_t out = writer_of (key, ONLINE_KEY_SIZE);
    writer_u16be (&out, day);
    writer_u32be (&out, number);
}

//  ---- Rows ----

online_t *online_new (void)
{
    online_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    return self;
}

void online_destroy (online_t **self_p)
{
    online_t *self = *self_p;
    if (self) {
        for (size_t i = 0; i < self->block_count; i++) {
            free (self->blocks[i]);
        }
        free (self->blocks);
        free (self->aside);
        free (self);
        *self_p = NULL;
    }
}

static block_t *s_block (online_t *self, uint32_t number)
{
    size_t at = number / BLOCK;
    if (at >= self->block_count) {
        size_t count = at + at / 2 + 1;
        self->blocks = realloc (self->blocks, count * sizeof *self->blocks);
        FEP_ASSERT (self->blocks);
        memset (self->blocks + self->block_count, 0,
                (count - self->block_count) * sizeof *self->blocks);
        self->block_count = count;
    }
    if (!self->blocks[at]) {
        self->blocks[at] = calloc (1, sizeof (block_t));
        FEP_ASSERT (self->blocks[at]);
    }
    return self->blocks[at];
}

static void s_row (const block_t *block, uint32_t number, online_row_t *row)
{
    size_t i = number % BLOCK;
    online_key (block->day[i], number, row->key);
    memcpy (row->bits, block->bits[i], ONLINE_BYTES);
}

static void s_aside (online_t *self, const block_t *block, uint32_t number)
{
    if (self->aside_count == self->aside_room) {
        self->aside_room = self->aside_room ? self->aside_room * 2 : BLOCK;
        self->aside = realloc (self->aside, self->aside_room * sizeof *self->aside);
        FEP_ASSERT (self->aside);
    }
    s_row (block, number, &self->aside[self->aside_count++]);
}

//  The row is of that day from now on.
static void s_turn (online_t *self, block_t *block, uint32_t number, uint16_t day)
{
    size_t i = number % BLOCK;
    if (block->day[i] == day) {
        return;
    }
    if (block->unsaved[i]) {
        s_aside (self, block, number);
        block->unsaved[i] = false;
    }
    memset (block->bits[i], 0, ONLINE_BYTES);
    block->day[i] = day;
}

void online_set (online_t *self, uint32_t number, online_at_t at)
{
    block_t *block = s_block (self, number);
    size_t i = number % BLOCK;
    uint8_t bit = (uint8_t) (1u << at.slot % 8);
    FEP_ASSERT (at.slot < ONLINE_SLOTS);
    s_turn (self, block, number, at.day);
    if (!(block->bits[i][at.slot / 8] & bit)) {
        block->bits[i][at.slot / 8] |= bit;
        block->unsaved[i] = true;
    }
}

void online_load (online_t *self, const uint8_t *key, const uint8_t *bits)
{
    reader_t in = reader_of (bytes_of (key, ONLINE_KEY_SIZE));
    uint16_t day = reader_u16be (&in);
    uint32_t number = reader_u32be (&in);
    block_t *block = s_block (self, number);
    s_turn (self, block, number, day);
    for (size_t i = 0; i < ONLINE_BYTES; i++) {
        block->bits[number % BLOCK][i] |= bits[i];
    }
}

bool online_get (const online_t *self, uint32_t number, uint16_t day, uint8_t bits[ONLINE_BYTES])
{
    const block_t *block = number < online_size (self) ? self->blocks[number / BLOCK] : NULL;
    bool known = block && block->day[number % BLOCK] == day;
    memset (bits, 0, ONLINE_BYTES);
    if (known) {
        memcpy (bits, block->bits[number % BLOCK], ONLINE_BYTES);
    }
    return known;
}

//  ---- Saving ----

uint32_t online_size (const online_t *self)
{
    return (uint32_t) (self->block_count * BLOCK);
}

size_t online_collect (online_t *self, uint32_t from, uint32_t count, online_row_t rows[],
                       size_t max, uint32_t *next)
{
    size_t used = 0;
    while (self->aside_count && used < max) {
        rows[used++] = self->aside[--self->aside_count];
    }
    for (uint32_t end = from + count; from < end && used < max; from++) {
        block_t *block = from < online_size (self) ? self->blocks[from / BLOCK] : NULL;
        if (block && block->unsaved[from % BLOCK]) {
            s_row (block, from, &rows[used++]);
            block->unsaved[from % BLOCK] = false;
        }
    }
    *next = from;
    return used;
}

bool online_again (online_t *self, const online_row_t *row)
{
    reader_t in = reader_of (bytes_of (row->key, ONLINE_KEY_SIZE));
    uint16_t day = reader_u16be (&in);
    uint32_t number = reader_u32be (&in);
    block_t *block = s_block (self, number);
    if (block->day[number % BLOCK] != day) {
        return false;
    }
    block->unsaved[number % BLOCK] = true;
    return true;
}
