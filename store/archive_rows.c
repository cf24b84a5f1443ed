//  Blocks of memory, one row behind the other.
#include "store/archive_rows.h"
#include <stdlib.h>

#define BLOCK_BYTES (1u << 20)

struct archive_block {
    archive_block_t *next;  //  The one before it
    size_t size, capacity;  //  Used and all bytes
    uint8_t bytes[];        //  Keys and values
};

void archive_rows_init (archive_rows_t *self)
{
    memset (self, 0, sizeof *self);
}

void archive_rows_fini (archive_rows_t *self)
{
    while (self->blocks) {
        archive_block_t *next = self->blocks->next;
        free (self->blocks);
        self->blocks = next;
    }
    free (self->rows);
    memset (self, 0, sizeof *self);
}

static uint8_t *s_room (archive_rows_t *self, size_t bytes)
{
    archive_block_t *block = self->blocks;
    if (!block || block->capacity - block->size < bytes) {
        size_t capacity = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
        block = malloc (sizeof *block + capacity);
        FEP_ASSERT (block);
        block->next = self->blocks;
        block->size = 0;
        block->capacity = capacity;
        self->blocks = block;
    }
    return block->bytes + block->size;
}

writer_t archive_rows_room (archive_rows_t *self, size_t bound)
{
    return writer_of (s_room (self, bound), bound);
}

static void s_add (archive_rows_t *self, bytes_t key, bytes_t value)
{
    uint8_t *copy = s_room (self, key.size);
    memcpy (copy, key.data, key.size);
    self->blocks->size += key.size;
    if (self->count == self->capacity) {
        self->capacity = self->capacity > 0 ? self->capacity * 2 : 64;
        self->rows = realloc (self->rows, self->capacity * sizeof *self->rows);
        FEP_ASSERT (self->rows);
    }
    self->rows[self->count++] = (row_t){FAMILY_ARCHIVE, bytes_of (copy, key.size), value};
}

void archive_rows_put (archive_rows_t *self, bytes_t key, const writer_t *value)
{
    FEP_ASSERT (!value->failed && value->data == self->blocks->bytes + self->blocks->size);
    self->blocks->size += value->size;
    s_add (self, key, writer_bytes (value));
}

void archive_rows_remove (archive_rows_t *self, bytes_t key)
{
    s_add (self, key, bytes_of (NULL, 0));
}
