//  The archive's CSV: a header that names columns, then lines.
#ifndef STORE_ARCHIVE_LINE_H
#define STORE_ARCHIVE_LINE_H

#include "store/archive_build.h"

//  Feeds a build with a whole file. Every error with *fault.
FEP_MUST_CHECK
fep_err_t archive_csv_read (archive_build_t *build, bytes_t text, archive_fault_t *fault);

//  The same for JSON; archive_json.c.
FEP_MUST_CHECK
fep_err_t archive_json_read (archive_build_t *build, bytes_t text, archive_fault_t *fault);

#endif
