//  The private side of store_t: rows, scans and the writing thread's batch, for walker.c and
//  trim.c. RocksDB stays behind it, in store.c. Nobody outside this folder includes it.
#ifndef STORE_INSIDE_H
#define STORE_INSIDE_H

#include "store/store.h"

typedef enum {
    CF_DEFAULT,  //  RocksDB insists on it; empty
    CF_JOURNAL,
    CF_FRAME,
    CF_LATEST,
    CF_ARCHIVE,
    CF_ALARM,
    CF_META,
    CF_ACCOUNT,
    CF_SLOT,
    CF_COUNT
} cf_t;

//  ---- One row. Any thread. ----

typedef struct pin pin_t;

//  Gives a pin that holds the value until store_unpin; only if FEP_OK. NOT_FOUND, CORRUPT, IO.
FEP_MUST_CHECK
fep_err_t store_pin (store_t *self, cf_t family, bytes_t key, pin_t **pin_p, bytes_t *value);
void store_unpin (pin_t **pin_p);

//  ---- Scans: a snapshot of one family. Any thread; a scan belongs to one. ----

typedef struct scan scan_t;

scan_t *scan_new (store_t *store, cf_t family);
void scan_destroy (scan_t **self_p);
//  To the first row at or after the key, or to the last row of all. OK, NOT_FOUND, CORRUPT, IO.
FEP_MUST_CHECK
fep_err_t scan_seek (scan_t *self, bytes_t key);
FEP_MUST_CHECK
fep_err_t scan_last (scan_t *self);
//  Only after one of these gave FEP_OK.
FEP_MUST_CHECK
fep_err_t scan_next (scan_t *self);
//  The row it stands on; borrowed until it moves.
bytes_t scan_key (const scan_t *self);
bytes_t scan_value (const scan_t *self);

//  ---- The writing thread's batch ----

void store_batch_clear (store_t *self);
//  Adds a row whose value is the parts one behind the other.
void store_batch_put (store_t *self, cf_t family, bytes_t key, const bytes_t parts[], size_t count);
//  Adds a number of the meta family.
void store_batch_number (store_t *self, const char *name, uint64_t number);
//  All or nothing, synced.
FEP_MUST_CHECK
fep_err_t store_batch_write (store_t *self, const char *step);

//  Removes the files of a family whose keys are all at most `last`.
FEP_MUST_CHECK
fep_err_t store_drop_files (store_t *self, cf_t family, bytes_t last);

//  ---- How far things are ----

void store_set_first (store_t *self, uint64_t first);
//  Raw frames of sequences below are dropped.
uint64_t store_frame_first (const store_t *self);
void store_set_frame_first (store_t *self, uint64_t first);
//  The slowest follower; UINT64_MAX if there is none.
uint64_t store_slowest (const store_t *self);
//  Trimming makes space, so it may go on down to half of the reserve. FEP_OK or NO_SPACE.
FEP_MUST_CHECK
fep_err_t store_space_trim (store_t *self);

#endif
