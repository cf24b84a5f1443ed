//  A list of copies.
#include "actors/fifo.h"
#include "fep/check.h"
#include <stdlib.h>
#include <string.h>

struct fifo_item {
    fifo_item_t *next;  //  Younger
    size_t size;        //  Bytes
    uint8_t bytes[];    //  The copy
};

void fifo_put (fifo_t *self, bytes_t bytes)
{
    fifo_item_t *item = malloc (sizeof *item + bytes.size);
    FEP_ASSERT (item);
    item->next = NULL;
    item->size = bytes.size;
    if (bytes.size) {
        memcpy (item->bytes, bytes.data, bytes.size);
    }
    *(self->last ? &self->last->next : &self->first) = item;
    self->last = item;
    self->count++;
}

bytes_t fifo_first (const fifo_t *self)
{
    return self->first ? bytes_of (self->first->bytes, self->first->size) : bytes_of (NULL, 0);
}

void fifo_drop (fifo_t *self)
{
    fifo_item_t *item = self->first;
    if (item) {
        self->first = item->next;
        self->last = self->first ? self->last : NULL;
        self->count--;
        free (item);
    }
}

void fifo_clear (fifo_t *self)
{
    while (self->first) {
        fifo_drop (self);
    }
}
