//  Rows on their way into one store_put: keys and values in blocks that never move.
#ifndef STORE_ARCHIVE_ROWS_H
#define STORE_ARCHIVE_ROWS_H

#include "store/store.h"

typedef struct archive_block archive_block_t;

typedef struct {
    row_t *rows;              //  In the order they came
    size_t count;             //  Of them
    size_t capacity;          //  Room
    archive_block_t *blocks;  //  The newest first
} archive_rows_t;

void archive_rows_init (archive_rows_t *self);
void archive_rows_fini (archive_rows_t *self);

//  A writer with room for a value of at most `bound` bytes. Valid until archive_rows_put.
writer_t archive_rows_room (archive_rows_t *self, size_t bound);

//  Adds a row; the key is copied, the value stays where the writer of archive_rows_room put it.
void archive_rows_put (archive_rows_t *self, bytes_t key, const writer_t *value);
//  Adds the removal of a row.
void archive_rows_remove (archive_rows_t *self, bytes_t key);

#endif
