//  Limits as text: "voltage.l1_V=180..260;1.0.31.7.0=0..80".
#ifndef STORE_ARCHIVE_LIMITS_H
#define STORE_ARCHIVE_LIMITS_H

#include "store/archive.h"

//  Reads points and ranges, in any order, into limits by point (terminal and mp are left 0). SYNTAX,
//  RANGE, NOT_FOUND (no such point), EXISTS (a point twice), LIMIT with what is allowed in why.
FEP_MUST_CHECK
fep_err_t archive_limits_parse (bytes_t text, archive_limit_t limits[ARCHIVE_POINT_LIMITS_MAX],
                                size_t *count, char *why, size_t why_size);

//  Writes them as they are read, so that reading gives the same numbers.
void archive_limits_show (const archive_limit_t limits[], size_t count, writer_t *out);

//  A number as text that reads back as the same one. 32 bytes suffice.
void archive_limits_number (double value, char *text, size_t size);

#endif
