//  A terminal as a row of the archive family.
//    key    number 4 big-endian
//    value  msgpack [version, address, name, area, heartbeat_s, present, [[mp, meter], ...]]
//  Fields may only be appended; readers ignore extra ones.
#ifndef STORE_ARCHIVE_ROW_H
#define STORE_ARCHIVE_ROW_H

#include "store/archive_table.h"

#define ARCHIVE_ROW_VERSION 1
#define ARCHIVE_ROW_KEY_SIZE 4

//  Bytes that a value with that many measuring points needs at most.
size_t archive_row_bound (size_t points);

void archive_row_key (uint32_t number, uint8_t key[ARCHIVE_ROW_KEY_SIZE]);
void archive_row_put (const terminal_t *terminal, const measuring_point_t *points, size_t count,
                      writer_t *out);

//  Adds the row's terminal and points to the table. CORRUPT (also if its number is not the next
//  one), VERSION.
FEP_MUST_CHECK
fep_err_t archive_row_get (bytes_t key, bytes_t value, archive_table_t *table);

#endif
