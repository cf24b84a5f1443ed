//  A queue of byte strings, each copied in. Grows as needed: who fills it sees to a limit. Belongs to one thread.
#ifndef ACTORS_FIFO_H
#define ACTORS_FIFO_H

#include "fep/bytes.h"

typedef struct fifo_item fifo_item_t;

//  All zero is an empty one.
typedef struct {
    fifo_item_t *first;  //  Oldest
    fifo_item_t *last;   //  Newest
    size_t count;        //  Of them
} fifo_t;

void fifo_put (fifo_t *self, bytes_t bytes);
//  The oldest, borrowed until fifo_drop; empty if there is none.
bytes_t fifo_first (const fifo_t *self);
void fifo_drop (fifo_t *self);
void fifo_clear (fifo_t *self);

#endif
