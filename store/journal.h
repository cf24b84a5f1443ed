//  What stands in the journal and frame families: the record's header, the raw frames inside a
//  record, and how far a trim may go. Bytes only; knows no database.
//    journal value  record version 1, wall_ms 8 big-endian, batches
//    frame value    wall_ms 8 big-endian, raw bytes
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include "store/store.h"

#define JOURNAL_VERSION 1
#define JOURNAL_HEAD_SIZE 9
#define JOURNAL_FRAME_HEAD_SIZE 8

void journal_head (int64_t wall_ms, uint8_t head[JOURNAL_HEAD_SIZE]);

//  Fills the record from a journal value; batches are borrowed from it. CORRUPT, VERSION.
FEP_MUST_CHECK
fep_err_t journal_record (uint64_t sequence, bytes_t value, record_t *record);

//  Borrows; an error ends the walk and is returned.
typedef fep_err_t (journal_visit_t) (void *arg, uint32_t index, bytes_t raw);

//  Every raw frame of a record, in order; index counts messages through all its batches.
//  CORRUPT, VERSION, LIMIT if the batches cannot be walked to their end.
FEP_MUST_CHECK
fep_err_t journal_frames (bytes_t batches, journal_visit_t *visit, void *arg);

//  The raw bytes of one message; borrowed. NOT_FOUND if there is no such message or it carries
//  none.
FEP_MUST_CHECK
fep_err_t journal_frame (bytes_t batches, uint32_t index, bytes_t *raw);

void journal_frame_head (int64_t wall_ms, uint8_t head[JOURNAL_FRAME_HEAD_SIZE]);

//  Splits a value of the frame family; raw is borrowed. CORRUPT.
FEP_MUST_CHECK
fep_err_t journal_frame_value (bytes_t value, int64_t *wall_ms, bytes_t *raw);

//  The new first sequence of a trim: at most `before`, head + 1, slowest + 1 and first +
//  LIMIT_TRIM; never less than first.
uint64_t journal_trim_end (uint64_t first, uint64_t before, uint64_t head, uint64_t slowest);

#endif
