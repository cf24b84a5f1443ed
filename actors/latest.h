//  The latest value of each point, in memory: by terminal and measuring point, in the order points first came.
//  A later device time wins; of two at the same time the later committed. Bounded; beyond the limit new points
//  are not kept, and counted. Measuring points whose numbers follow each other share a row of the store, since one
//  answer brings them and a checkpoint costs by the row.
#ifndef ACTORS_LATEST_H
#define ACTORS_LATEST_H

#include "fep/message.h"

typedef struct latest latest_t;

typedef struct {
    uint32_t point;     //  What
    uint8_t freeze;     //  freeze_t; each has its own latest
    int64_t time_ms;    //  Device time, or when received if the device gave none
    value_t value;      //  Never text
    uint64_t sequence;  //  Commit that brought it
} latest_value_t;

#define LATEST_GROUP 8         //  Measuring points of a row
#define LATEST_VALUE_BYTES 64  //  Of one packed value at most

typedef struct latest_row latest_row_t;

//  A measuring point.
typedef struct {
    latest_row_t *row;         //  It stands in; NULL: nothing was ever heard of it
    uint32_t count, capacity;  //  Of values
    uint32_t expected;         //  Where the next point is likely to stand
    latest_value_t *values;    //  In order of first arrival
} latest_block_t;

struct latest_row {
    uint32_t terminal;  //  Archive number
    uint16_t mp;        //  Of the first block
    bool dirty;         //  Changed since the last checkpoint
    uint8_t alone;      //  Bit i: block i has a row of its own in the store, of version 1
    latest_block_t blocks[LATEST_GROUP];  //  By measuring point
};

latest_t *latest_new (size_t values);
void latest_destroy (latest_t **self_p);

//  The block of a measuring point; made if `make`, else NULL if there is none. Valid until latest_destroy.
latest_block_t *latest_block (latest_t *self, uint32_t terminal, uint16_t mp, bool make);

//  So many values are likely to come first: a measuring point mostly brings as many again each time, and room for
//  more would be most of what a million points need. Makes no room where the limit leaves none.
void latest_expect (const latest_t *self, latest_block_t *block, uint32_t count);

//  Takes over one value; false if the limit was reached.
bool latest_put (latest_t *self, latest_block_t *block, const latest_value_t *value);

size_t latest_count (const latest_t *self);
size_t latest_rows (const latest_t *self);
latest_row_t *latest_row_at (latest_t *self, size_t i);

//  A row of the store: key terminal 4, first measuring point 2; value [version, [[measuring point, [value columns
//  ...]] ...]], of which point, time and sequence are differences to the value before it in the row. Version 1 had one
//  measuring point, with the key's number, and its values whole: [1, [value columns ...]].
#define LATEST_KEY_SIZE 6
void latest_key (uint32_t terminal, uint16_t mp, uint8_t key[LATEST_KEY_SIZE]);
void latest_pack (const latest_row_t *row, writer_t *out);
//  Bytes that latest_pack will write at most.
size_t latest_bound (const latest_row_t *row);
//  Calls visit for each value of a row of either version; left: so many are to come of its measuring point, with this
//  one. An error ends it and is returned. CORRUPT.
typedef fep_err_t (latest_visit_t) (void *arg, uint32_t terminal, uint16_t mp,
                                    const latest_value_t *value, uint32_t left);
FEP_MUST_CHECK
fep_err_t latest_each (bytes_t key, bytes_t value, latest_visit_t *visit, void *arg);
FEP_MUST_CHECK
fep_err_t latest_unpack (latest_t *self, bytes_t key, bytes_t value);

//  Columns of one value as the door and the store carry them: point, freeze, time, then mantissa, exponent,
//  quality as in an item of pack.h, then sequence. An array of LATEST_COLUMNS without its head.
#define LATEST_COLUMNS 7
void latest_columns (const latest_value_t *value, writer_t *out);

#endif
