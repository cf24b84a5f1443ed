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
    archive_limit_t *limits;    //  By terminal, then by mp, then by point
    size_t limit_count;         //  Used
    size_t limit_capacity;      //  Room for limits
    size_t *starts;  //  A terminal's first point; count + 1 of them. After archive_table_index
    size_t *limit_starts;    //  Likewise of limits
    uint32_t *present;       //  Numbers present, ascending. After archive_table_index
    size_t present_count;    //  Of them
    uint32_t *slots;         //  Hash by address, open: a number, or 0
    size_t slot_mask;        //  Number of slots - 1; a power of two - 1
    uint32_t *registered;    //  Hash by registration of those present. After archive_table_index
    size_t registered_mask;  //  Likewise
    char groups[ARCHIVE_GROUPS_MAX][ARCHIVE_NAME_MAX + 1];  //  Names by number; "" = none
    archive_words_t *words;                                 //  Of terminals and points
} archive_table_t;

//  archive_texts.h
typedef struct archive_texts archive_texts_t;

void archive_table_init (archive_table_t *self);
void archive_table_fini (archive_table_t *self);

//  Fills a fresh table with the terminals, their numbers, the names of groups and the words of another one;
//  without points and limits.
void archive_table_begin (archive_table_t *self, const archive_table_t *other);

//  Appends a terminal under the next number. EXISTS (same address), LIMIT (ARCHIVE_NUMBERS_MAX).
FEP_MUST_CHECK
fep_err_t archive_table_add (archive_table_t *self, const terminal_t *terminal);

//  Appends a measuring point, or a limit; the caller keeps the order. LIMIT (ARCHIVE_POINTS_MAX,
//  ARCHIVE_LIMITS_MAX).
FEP_MUST_CHECK
fep_err_t archive_table_add_point (archive_table_t *self, const measuring_point_t *point);
FEP_MUST_CHECK
fep_err_t archive_table_add_limit (archive_table_t *self, const archive_limit_t *limit);

//  Appends a terminal with all it has; its words, whosever they are, become the table's. As above.
FEP_MUST_CHECK
fep_err_t archive_table_add_entry (archive_table_t *self, const archive_entry_t *entry);

//  A terminal by its address, present or not; NULL. Valid until the next add.
terminal_t *archive_table_find (const archive_table_t *self, bytes_t address);

//  Makes `present`, the starts, `registered` and every mp_count, once all has been added.
void archive_table_index (archive_table_t *self);

//  Those present that register with that name; the lowest number wins. After archive_table_index.
const terminal_t *archive_table_registered (const archive_table_t *self, bytes_t registration);

//  A terminal with all it has; after archive_table_index.
archive_entry_t archive_table_entry (const archive_table_t *self, uint32_t number);

//  A terminal's points; after archive_table_index.
const measuring_point_t *archive_table_points (const archive_table_t *self, uint32_t number,
                                               size_t *count);

#endif
