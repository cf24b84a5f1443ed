//  What the archive will be: fed with terminals and measuring points in the order of a file, whole at
//  the end. Lines are remembered to name them in faults.
#ifndef STORE_ARCHIVE_BUILD_H
#define STORE_ARCHIVE_BUILD_H

#include "store/archive_field.h"

//  A measuring point as the file has it.
typedef struct {
    measuring_point_t point;  //  What it names
    uint32_t has;             //  Bit of each field_t it names
    uint32_t line;            //  Where it stands
    uint32_t limits;          //  First of its limits
    uint32_t limit_count;     //  Of them
} archive_coming_t;

typedef struct {
    const archive_table_t *old;  //  What the archive is; borrowed
    archive_mode_t mode;         //  What becomes of what the file does not name
    archive_table_t table;       //  What it will be
    archive_names_t names;       //  For fields; its groups are the table's
    uint32_t *seen;   //  By number - 1: the line that brought a terminal first; 0 = not yet
    uint32_t *alone;  //  By number - 1: the line that had it without a measuring point
    bool *listed;     //  By number - 1: the file says which measuring points it has
    archive_coming_t *points;  //  In the order of lines
    size_t point_count;        //  Of them
    size_t point_capacity;     //  Room
    archive_limit_t *limits;   //  Of the points
    size_t limit_count;        //  Of them
    size_t limit_capacity;     //  Room
    size_t present_count;      //  Terminals present
    bool sorted;               //  Points came in the order of terminals and numbers
} archive_build_t;

void archive_build_init (archive_build_t *self, const archive_table_t *old,
                         const archive_texts_t *profiles, archive_mode_t mode,
                         const archive_checks_t *checks);
void archive_build_fini (archive_build_t *self);

//  A terminal with the fields the line has. repeats: it may have come before, with fields that are equal.
//  EXISTS, LIMIT with *fault.
FEP_MUST_CHECK
fep_err_t archive_build_terminal (archive_build_t *self, const archive_line_t *line, bool repeats,
                                  uint32_t *number, archive_fault_t *fault);

//  The line is the terminal alone. EXISTS with *fault if another one was.
FEP_MUST_CHECK
fep_err_t archive_build_alone (archive_build_t *self, uint32_t number, const archive_line_t *line,
                               archive_fault_t *fault);

//  The file says which measuring points that terminal has.
void archive_build_listed (archive_build_t *self, uint32_t number);

//  The line's measuring point. LIMIT with *fault.
FEP_MUST_CHECK
fep_err_t archive_build_point (archive_build_t *self, uint32_t number, const archive_line_t *line,
                               archive_fault_t *fault);

//  All has come: the table is whole and indexed. EXISTS, LIMIT with *fault.
FEP_MUST_CHECK
fep_err_t archive_build_end (archive_build_t *self, archive_fault_t *fault);

//  Registrations are unique among themselves and the addresses. EXISTS with *fault. seen: as above, may
//  be NULL.
FEP_MUST_CHECK
fep_err_t archive_build_unique (const archive_table_t *table, const uint32_t *seen,
                                archive_fault_t *fault);

#endif
