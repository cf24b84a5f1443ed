//  What we remember: the journal, raw frames, latest values, archive, followers' positions.
//  RocksDB stays in store.c. A store may be read by any thread; who writes what is said per
//  function.
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "fep/bytes.h"
#include "fep/error.h"

typedef struct store store_t;

#define STORE_BATCHES_MAX 4096              //  Batches of one commit
#define STORE_COMMIT_BYTES_MAX (64u << 20)  //  Bytes of one commit
#define STORE_ROWS_MAX (1u << 20)           //  Rows of one write
#define LIMIT_TRIM 256                      //  Records dropped by one store_trim

typedef struct {
    const char *path;         //  Directory; made if missing (its parent must exist)
    bool sync;                //  Durability: sync each commit, or leave it to the operating system
    uint32_t max_open_files;  //  Descriptors RocksDB may hold
    uint64_t reserve_bytes;   //  Free space below which nothing is committed
} store_options_t;

//  Gives an open store. NO_SPACE (below the reserve; the directory is not touched), VERSION
//  (unknown layout), BUSY (another process holds it), CORRUPT, IO. On error one log line says what.
FEP_MUST_CHECK
fep_err_t store_open (const store_options_t *options, store_t **self_p);
void store_close (store_t **self_p);

//  ---- Journal. One writing thread: storage. ----

//  All of the batches or nothing, on disk when it returns (if sync). The sequence counts from 1 and
//  never repeats (without sync: unless the machine lost power). NO_SPACE below the reserve (nothing
//  written; try again), LIMIT (more than STORE_BATCHES_MAX or STORE_COMMIT_BYTES_MAX; nothing
//  written), IO otherwise (the process must end; every later commit is IO too).
FEP_MUST_CHECK
fep_err_t store_commit (store_t *self, const bytes_t batches[], size_t count, int64_t wall_ms,
                        uint64_t *sequence);

//  Families that rows can be written to.
typedef enum { FAMILY_LATEST, FAMILY_ARCHIVE, FAMILY_ALARM, FAMILY_ACCOUNT, FAMILY_SLOT } family_t;

typedef struct {
    family_t family;  //  Where
    bytes_t key;      //  Borrowed
    bytes_t value;    //  Borrowed; data NULL: delete
} row_t;

//  The same with rows that follow from the batches (states of alarms), in the same write; of two
//  rows with one key the later counts. LIMIT also if they are more than STORE_ROWS_MAX.
FEP_MUST_CHECK
fep_err_t store_commit_rows (store_t *self, const bytes_t batches[], size_t count, int64_t wall_ms,
                             const row_t rows[], size_t row_count, uint64_t *sequence);

//  Last committed sequence; 0 = none yet. Any thread, lock-free.
uint64_t store_head (const store_t *self);
//  First sequence still in the journal; head + 1 if it is empty. Any thread, lock-free.
uint64_t store_first (const store_t *self);

//  One commit record, or a walk over them. Gives; any thread; a walker belongs to one thread.
typedef struct {
    uint64_t sequence;  //  Its number
    int64_t wall_ms;    //  When it was committed
    bytes_t batches;  //  Packed, one behind the other; borrowed from the walker until its next step
} record_t;

typedef struct walker walker_t;

//  Gives a walker that stands before `from`. It sees what was committed when it was made or
//  renewed.
FEP_MUST_CHECK
fep_err_t walker_open (store_t *store, uint64_t from, walker_t **self_p);
void walker_close (walker_t **self_p);
//  The next record. NOT_FOUND at the end (call again later: it renews itself), TRIMMED if the place
//  it stood at is gone, CORRUPT, IO.
FEP_MUST_CHECK
fep_err_t walker_next (walker_t *self, record_t *record);

//  First sequence committed at or after that time; head + 1 if there is none. Binary search: where
//  the wall clock stepped back it gives one of the places near. CORRUPT, IO. Any thread.
FEP_MUST_CHECK
fep_err_t store_seek (store_t *self, int64_t wall_ms, uint64_t *sequence);

//  Drops records before `before`, never beyond the slowest registered follower or the head; their
//  raw frames are first moved to the frame family under (sequence, message index). Storage only.
//  Gives how far it went in *first. Bounded work per call (LIMIT_TRIM records or 2 MiB of them);
//  call again until *first stops moving. Files go when all their records are dropped. NO_SPACE
//  below half of the reserve, CORRUPT, IO.
FEP_MUST_CHECK
fep_err_t store_trim (store_t *self, uint64_t before, uint64_t *first);
//  The raw bytes of a message, from the journal or the frame family; index counts messages through
//  the record. Copies; NOT_FOUND; FULL if too small (nothing is written). Any thread.
FEP_MUST_CHECK
fep_err_t store_frame (store_t *self, uint64_t sequence, uint32_t index, writer_t *out);
//  Drops kept raw frames whose record was committed before that time; those still in the journal
//  stay. Where the wall clock stepped back the cut is near that time. Storage only.
FEP_MUST_CHECK
fep_err_t store_trim_frames (store_t *self, int64_t wall_ms);

//  ---- Followers. One thread per follower. ----

//  Registers a follower, so that trimming waits for it. Position: the last sequence it has
//  finished; from meta, or `fallback` if it never wrote one; never beyond the head. NOT persisted
//  until store_follow. Name: 1..15 characters, else RANGE. FULL: 8 are registered. Registering
//  again sets the position again.
FEP_MUST_CHECK
fep_err_t store_follower (store_t *self, const char *name, uint64_t fallback, uint64_t *position);
//  For followers that keep nothing: moves the in-memory position only. The name must be registered.
void store_follower_at (store_t *self, const char *name, uint64_t position);

//  A follower's rows and its new position, all or nothing, not synced (a crash replays the
//  journal). The name must be registered. NO_SPACE (nothing written), LIMIT (more than
//  STORE_ROWS_MAX rows), IO.
FEP_MUST_CHECK
fep_err_t store_follow (store_t *self, const char *name, uint64_t position, const row_t rows[],
                        size_t count);

//  Rows that belong to no follower (archive): all or nothing, synced. NO_SPACE, LIMIT, IO as above.
//  Any thread.
FEP_MUST_CHECK
fep_err_t store_put (store_t *self, const row_t rows[], size_t count);
//  The same, not synced: what the process wrote survives it, but perhaps not the loss of power.
FEP_MUST_CHECK
fep_err_t store_put_lazy (store_t *self, const row_t rows[], size_t count);
//  Drops every row of a family whose key is below, in one mark however many they are; not synced.
//  NO_SPACE (nothing written), IO. Any thread.
FEP_MUST_CHECK
fep_err_t store_drop (store_t *self, family_t family, bytes_t below);
//  The same of the keys from one on up to, not including, another.
FEP_MUST_CHECK
fep_err_t store_drop_range (store_t *self, family_t family, bytes_t from, bytes_t to);

//  Borrows; an error ends the walk and is returned.
typedef fep_err_t (store_visit_t) (void *arg, bytes_t key, bytes_t value);
//  The row of that key; without a scan, so cheap if there is none. NOT_FOUND. Any thread.
FEP_MUST_CHECK
fep_err_t store_get (store_t *self, family_t family, bytes_t key, store_visit_t *visit, void *arg);
//  Every row of a family whose key begins with prefix, in key order. Any thread.
FEP_MUST_CHECK
fep_err_t store_each (store_t *self, family_t family, bytes_t prefix, store_visit_t *visit,
                      void *arg);
//  The same from a key on up to, not including, another.
FEP_MUST_CHECK
fep_err_t store_range (store_t *self, family_t family, bytes_t from, bytes_t to,
                       store_visit_t *visit, void *arg);

//  ---- State ----

typedef struct {
    uint64_t head;           //  As store_head
    uint64_t first;          //  As store_first
    uint64_t free_bytes;     //  Of the file system
    uint64_t reserve_bytes;  //  As opened
    uint64_t journal_bytes;  //  Estimate of the kept records: files, and those still in memory
    struct {
        char name[16];      //  As registered
        uint64_t position;  //  Last sequence it has finished
    } followers[8];         //  In the order of registration
    size_t follower_count;  //  Of them
} store_stats_t;

//  Any thread.
void store_stats (store_t *self, store_stats_t *stats);

//  What is in memory of the journal and the rows is written to their files, which is not waited for: then that memory
//  is free. It is on disk either way. Any thread.
void store_spill (store_t *self);

//  Free space against the reserve, asked of the file system at most every 100 ms. FEP_OK or
//  NO_SPACE.
FEP_MUST_CHECK
fep_err_t store_space (store_t *self);

#endif
