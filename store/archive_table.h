//  Terminals and measuring points in memory: by number, by address, and those present in order.
//  Numbers are dense from 1. Lack of memory is an assertion: tables are made at start and at
//  imports.
#ifndef STORE_ARCHIVE_TABLE_H
#define STORE_ARCHIVE_TABLE_H

#include "store/archive.h"

typedef struct {
    terminal_t *terminals;      //  Number n at n - 1
    size_t count;               //  Numbers given so far
    size_t capacity;            //  Room for terminals
    measuring_point_t *points;  //  By terminal, then by mp
    size_t point_count;         //  Used
    size_t point_capacity;      //  Room for points
    size_t *starts;     //  A terminal's first point; count + 1 of them. After archive_table_index
    uint32_t *present;  //  Numbers present, ascending. After archive_table_index
    size_t present_count;  //  Of them
    uint32_t *slots;       //  Hash by address, open: a number, or 0
    size_t slot_mask;      //  Number of slots - 1; a power of two - 1
} archive_table_t;

void archive_table_init (archive_table_t *self);
void archive_table_fini (archive_table_t *self);

//  Appends a terminal under the next number. EXISTS (same address), LIMIT (ARCHIVE_NUMBERS_MAX).
FEP_MUST_CHECK
fep_err_t archive_table_add (archive_table_t *self, const terminal_t *terminal);

//  Appends a measuring point; the caller keeps the order. LIMIT (ARCHIVE_POINTS_MAX).
FEP_MUST_CHECK
fep_err_t archive_table_add_point (archive_table_t *self, const measuring_point_t *point);

//  A terminal by its address, present or not; NULL. Valid until the next add.
terminal_t *archive_table_find (const archive_table_t *self, bytes_t address);

//  Makes `present`, `starts` and every mp_count, once all has been added.
void archive_table_index (archive_table_t *self);

//  A terminal's points; after archive_table_index.
const measuring_point_t *archive_table_points (const archive_table_t *self, uint32_t number,
                                               size_t *count);

#endif
