//  One line of the archive's CSV: six columns, each with its own check.
#ifndef STORE_ARCHIVE_LINE_H
#define STORE_ARCHIVE_LINE_H

#include "store/archive.h"
#include "store/csv.h"

typedef struct {
    terminal_t terminal;      //  Its own fields; number 0
    measuring_point_t point;  //  mp 0: the line is the terminal alone
    uint32_t line;            //  Where it stands
} archive_line_t;

//  Reads the header line. SYNTAX with *fault.
FEP_MUST_CHECK
fep_err_t archive_line_header (csv_t *csv, archive_fault_t *fault);

//  Reads the next line. NOT_FOUND at the end; SYNTAX, RANGE, LIMIT with *fault.
FEP_MUST_CHECK
fep_err_t archive_line_next (csv_t *csv, archive_line_t *line, archive_fault_t *fault);

//  Fills the fault and returns the error.
fep_err_t archive_line_fault (archive_fault_t *fault, fep_err_t error, uint32_t line,
                              const char *format, ...) FEP_PRINTF (4, 5);

#endif
