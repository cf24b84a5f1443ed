//  The store on RocksDB: the only file that knows it.
//  Journal and frame keys only grow, and old ones are dropped by a first sequence kept in meta plus
//  the removal of whole files: no tombstones, so reading past a trim is never slow and compaction
//  only renames files.
#include "store/store.h"
#include "store/fault.h"
#include "store/follower.h"
#include "store/inside.h"
#include "store/journal.h"
#include "store/key.h"
#include "store/space.h"
#include <errno.h>
#include <rocksdb/c.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define STORE_VERSION 1
#define WAL_BYTES (256u << 20)         //  Write-ahead log in total
#define BLOCK_CACHE_BYTES (32u << 20)  //  Shared by all families
#define BLOCK_BYTES (16u << 10)
#define TABLE_SYNC_BYTES (1u << 20)  //  Pieces of a table on its way to the disk
#define DIRECTORY_MODE 0750
#define PARTS_MAX (STORE_BATCHES_MAX + 1)  //  A record's header and batches

//  appended: keys only grow. One flushed file is enough to be moved down, from where it can be
//  dropped whole.
static const struct {
    const char *name;
    size_t write_buffer;  //  Bytes
    bool appended;
} s_families[CF_COUNT] = {
    [CF_DEFAULT] = {"default", 1u << 20, false}, [CF_JOURNAL] = {"journal", 64u << 20, true},
    [CF_FRAME] = {"frame", 16u << 20, true},     [CF_LATEST] = {"latest", 16u << 20, false},
    [CF_ARCHIVE] = {"archive", 8u << 20, false}, [CF_ALARM] = {"alarm", 8u << 20, false},
    [CF_META] = {"meta", 1u << 20, false},       [CF_ACCOUNT] = {"account", 8u << 20, false},
    [CF_SLOT] = {"slot", 16u << 20, false},
};

struct store {
    rocksdb_t *db;                                       //  NULL until opened
    rocksdb_column_family_handle_t *families[CF_COUNT];  //  NULL until opened
    rocksdb_options_t *options[CF_COUNT];                //  [CF_DEFAULT] is the database's too
    rocksdb_block_based_table_options_t *table;          //  Shared by the options
    rocksdb_cache_t *cache;                              //  Of blocks
    rocksdb_writeoptions_t *write_commit;                //  Synced if so configured
    rocksdb_writeoptions_t *write_sync;                  //  Always synced
    rocksdb_writeoptions_t *write_lazy;                  //  Never synced
    rocksdb_readoptions_t *read;                         //  Through the block cache
    rocksdb_readoptions_t *read_through;                 //  Walks, records: blocks are not kept
    rocksdb_writebatch_t *batch;                         //  The writing thread's
    bytes_t record[PARTS_MAX];     //  Header and batches of the commit being written
    const char *parts[PARTS_MAX];  //  The same as RocksDB wants them
    size_t part_sizes[PARTS_MAX];  //  Theirs
    _Atomic uint64_t head;         //  Last committed sequence
    _Atomic uint64_t first;        //  First sequence kept
    _Atomic uint64_t frame_first;  //  Frames of sequences below are dropped
    followers_t followers;         //  Who holds trimming back
    space_t space;                 //  The file system we live on
    bool broken;                   //  A commit failed: its outcome is unknown
};

//  ---- Errors ----

//  Takes RocksDB's error string; NULL is FEP_OK. One log line otherwise.
static fep_err_t s_check (char *said, const char *step)
{
    if (!said) {
        return FEP_OK;
    }
    fep_err_t error = fault_log (fault_meaning (said), step, said);
    rocksdb_free (said);
    return error;
}

static fep_err_t s_write (store_t *self, const rocksdb_writeoptions_t *how,
                          rocksdb_writebatch_t *batch, const char *step)
{
    char *said = NULL;
    rocksdb_write (self->db, how, batch, &said);
    return s_check (said, step);
}

//  ---- One row ----

fep_err_t store_pin (store_t *self, cf_t family, bytes_t key, pin_t **pin_p, bytes_t *value)
{
    char *said = NULL;
    *pin_p = NULL;
    //  Records are looked up at other places each time: their blocks would only fill the cache.
    const rocksdb_readoptions_t *how =
        s_families[family].appended ? self->read_through : self->read;
    rocksdb_pinnableslice_t *pin = rocksdb_get_pinned_cf (self->db, how, self->families[family],
                                                          (const char *) key.data, key.size, &said);
    fep_err_t error = s_check (said, "get");
    if (error) {
        return error;
    }
    if (!pin) {
        return FEP_NOT_FOUND;
    }
    size_t size;
    const char *data = rocksdb_pinnableslice_value (pin, &size);
    *value = bytes_of (data, size);
    *pin_p = (pin_t *) pin;
    return FEP_OK;
}

void store_unpin (pin_t **pin_p)
{
    rocksdb_pinnableslice_destroy ((rocksdb_pinnableslice_t *) *pin_p);
    *pin_p = NULL;
}

//  A number of the meta family. NOT_FOUND, CORRUPT.
static fep_err_t s_get_number (store_t *self, const char *name, uint64_t *number)
{
    pin_t *pin;
    bytes_t value;
    fep_err_t error = store_pin (self, CF_META, bytes_text (name), &pin, &value);
    if (error) {
        return error;
    }
    if (!key_to_sequence (value, number)) {
        error = fault_log (FEP_CORRUPT, "meta", name);
    }
    store_unpin (&pin);
    return error;
}

//  A number that may not be there yet.
static fep_err_t s_get_number_or (store_t *self, const char *name, uint64_t fallback,
                                  uint64_t *number)
{
    fep_err_t error = s_get_number (self, name, number);
    if (error == FEP_NOT_FOUND) {
        *number = fallback;
        error = FEP_OK;
    }
    return error;
}

//  ---- Scans: a scan_t is a rocksdb_iterator_t under another name ----

static rocksdb_iterator_t *s_iterator (scan_t *scan)
{
    return (rocksdb_iterator_t *) scan;
}

scan_t *scan_new (store_t *store, cf_t family)
{
    return (scan_t *) rocksdb_create_iterator_cf (store->db, store->read_through,
                                                  store->families[family]);
}

void scan_destroy (scan_t **self_p)
{
    if (*self_p) {
        rocksdb_iter_destroy (s_iterator (*self_p));
        *self_p = NULL;
    }
}

//  OK if it stands on a row.
static fep_err_t s_where (scan_t *self)
{
    if (rocksdb_iter_valid (s_iterator (self))) {
        return FEP_OK;
    }
    char *said = NULL;
    rocksdb_iter_get_error (s_iterator (self), &said);
    fep_err_t error = s_check (said, "scan");
    return error ? error : FEP_NOT_FOUND;
}

fep_err_t scan_seek (scan_t *self, bytes_t key)
{
    rocksdb_iter_seek (s_iterator (self), key.data ? (const char *) key.data : "", key.size);
    return s_where (self);
}

fep_err_t scan_last (scan_t *self)
{
    rocksdb_iter_seek_to_last (s_iterator (self));
    return s_where (self);
}

fep_err_t scan_next (scan_t *self)
{
    rocksdb_iter_next (s_iterator (self));
    return s_where (self);
}

bytes_t scan_key (const scan_t *self)
{
    size_t size;
    const char *key = rocksdb_iter_key ((const rocksdb_iterator_t *) self, &size);
    return bytes_of (key, size);
}

bytes_t scan_value (const scan_t *self)
{
    size_t size;
    const char *value = rocksdb_iter_value ((const rocksdb_iterator_t *) self, &size);
    return bytes_of (value, size);
}

//  ---- The writing thread's batch ----

void store_batch_clear (store_t *self)
{
    rocksdb_writebatch_clear (self->batch);
}

void store_batch_put (store_t *self, cf_t family, bytes_t key, const bytes_t parts[], size_t count)
{
    FEP_ASSERT (count <= PARTS_MAX);
    for (size_t i = 0; i < count; i++) {
        self->parts[i] = (const char *) parts[i].data;
        self->part_sizes[i] = parts[i].size;
    }
    const char *key_data = (const char *) key.data;
    rocksdb_writebatch_putv_cf (self->batch, self->families[family], 1, &key_data, &key.size,
                                (int) count, self->parts, self->part_sizes);
}

static void s_put_number (store_t *self, rocksdb_writebatch_t *batch, const char *name,
                          uint64_t number)
{
    uint8_t value[KEY_SEQUENCE_SIZE];
    key_sequence (number, value);
    rocksdb_writebatch_put_cf (batch, self->families[CF_META], name, strlen (name),
                               (const char *) value, sizeof value);
}

void store_batch_number (store_t *self, const char *name, uint64_t number)
{
    s_put_number (self, self->batch, name, number);
}

fep_err_t store_batch_write (store_t *self, const char *step)
{
    return s_write (self, self->write_sync, self->batch, step);
}

fep_err_t store_drop_files (store_t *self, cf_t family, bytes_t last)
{
    char *said = NULL;
    rocksdb_delete_file_in_range_cf (self->db, self->families[family], NULL, 0,
                                     (const char *) last.data, last.size, &said);
    return s_check (said, "drop");
}

//  ---- Opening ----

static rocksdb_options_t *s_family_options (const store_t *self, cf_t family)
{
    rocksdb_options_t *options = rocksdb_options_create ();
    rocksdb_options_set_block_based_table_factory (options, self->table);
    rocksdb_options_set_compression (options, rocksdb_lz4_compression);
    rocksdb_options_set_write_buffer_size (options, s_families[family].write_buffer);
    rocksdb_options_set_max_write_buffer_number (options, 4);
    if (s_families[family].appended) {
        rocksdb_options_set_level0_file_num_compaction_trigger (options, 1);
        rocksdb_options_set_target_file_size_base (options, s_families[family].write_buffer);
    }
    return options;
}

//  The database's own options. Log recovery stays at "point in time": what was synced is whole, and
//  a torn unsynced tail must not keep the daemon from starting.
//  Tables go to the disk in pieces: else a commit's sync waits for a whole one.
static void s_database_options (rocksdb_options_t *options, uint32_t max_open_files)
{
    rocksdb_options_set_create_if_missing (options, 1);
    rocksdb_options_set_create_missing_column_families (options, 1);
    rocksdb_options_set_max_open_files (options, (int) max_open_files);
    rocksdb_options_set_max_background_jobs (options, 2);
    rocksdb_options_set_max_total_wal_size (options, WAL_BYTES);
    rocksdb_options_set_bytes_per_sync (options, TABLE_SYNC_BYTES);
    rocksdb_options_set_info_log_level (options, 2);
    rocksdb_options_set_max_log_file_size (options, 1u << 20);
    rocksdb_options_set_keep_log_file_num (options, 4);
    rocksdb_options_set_stats_dump_period_sec (options, 0);
}

static void s_make_options (store_t *self, const store_options_t *options)
{
    self->cache = rocksdb_cache_create_lru (BLOCK_CACHE_BYTES);
    self->table = rocksdb_block_based_options_create ();
    rocksdb_block_based_options_set_block_cache (self->table, self->cache);
    rocksdb_block_based_options_set_block_size (self->table, BLOCK_BYTES);
    for (cf_t family = 0; family < CF_COUNT; family++) {
        self->options[family] = s_family_options (self, family);
    }
    s_database_options (self->options[CF_DEFAULT], options->max_open_files);

    self->write_commit = rocksdb_writeoptions_create ();
    rocksdb_writeoptions_set_sync (self->write_commit, options->sync);
    self->write_sync = rocksdb_writeoptions_create ();
    rocksdb_writeoptions_set_sync (self->write_sync, 1);
    self->write_lazy = rocksdb_writeoptions_create ();
    //  Rows of a checkpoint come nearly in the order of their keys.
    rocksdb_writeoptions_set_memtable_insert_hint_per_batch (self->write_lazy, 1);
    self->read = rocksdb_readoptions_create ();
    self->read_through = rocksdb_readoptions_create ();
    rocksdb_readoptions_set_fill_cache (self->read_through, 0);
    self->batch = rocksdb_writebatch_create ();
}

//  Free space first: RocksDB aborts when it meets a full disk. Then the directory.
static fep_err_t s_prepare_directory (store_t *self, const store_options_t *options)
{
    fep_err_t error = space_init (&self->space, options->path, options->reserve_bytes);
    if (error) {
        return fault_log (FEP_IO, "open", "the path is empty or too long");
    }
    if (space_check (&self->space, options->reserve_bytes)) {
        char text[200];
        snprintf (text, sizeof text, "%llu bytes free at %.100s, the reserve is %llu",
                  (unsigned long long) space_free (&self->space), options->path,
                  (unsigned long long) options->reserve_bytes);
        return fault_log (FEP_NO_SPACE, "open", text);
    }
    if (mkdir (options->path, DIRECTORY_MODE) != 0 && errno != EEXIST) {
        return fault_log (FEP_IO, "mkdir", strerror (errno));
    }
    return space_init (&self->space, options->path, options->reserve_bytes);
}

static fep_err_t s_open_database (store_t *self, const char *path)
{
    const char *names[CF_COUNT];
    for (cf_t family = 0; family < CF_COUNT; family++) {
        names[family] = s_families[family].name;
    }
    char *said = NULL;
    self->db = rocksdb_open_column_families (self->options[CF_DEFAULT], path, CF_COUNT, names,
                                             (const rocksdb_options_t *const *) self->options,
                                             self->families, &said);
    return s_check (said, "open");
}

//  A store without a version is new, or its making was cut short before anything was committed.
static fep_err_t s_check_version (store_t *self)
{
    uint64_t version;
    fep_err_t error = s_get_number (self, KEY_META_VERSION, &version);
    if (error == FEP_NOT_FOUND) {
        store_batch_clear (self);
        store_batch_number (self, KEY_META_VERSION, STORE_VERSION);
        return store_batch_write (self, "version");
    }
    if (!error && version != STORE_VERSION) {
        char text[80];
        snprintf (text, sizeof text, "the store has layout %llu, this program knows %d",
                  (unsigned long long) version, STORE_VERSION);
        error = fault_log (FEP_VERSION, "open", text);
    }
    return error;
}

//  The lowest sequence from `first` on and the highest of all; 0 if there is none.
static fep_err_t s_find_ends (store_t *self, uint64_t first, uint64_t *lowest, uint64_t *highest)
{
    uint8_t key[KEY_SEQUENCE_SIZE];
    key_sequence (first, key);
    *lowest = 0;
    *highest = 0;
    scan_t *scan = scan_new (self, CF_JOURNAL);
    bool shaped = true;
    fep_err_t error = scan_seek (scan, bytes_of (key, sizeof key));
    if (!error) {
        shaped = key_to_sequence (scan_key (scan), lowest);
    }
    if (!error || error == FEP_NOT_FOUND) {
        error = scan_last (scan);
    }
    if (!error) {
        shaped = key_to_sequence (scan_key (scan), highest) && shaped;
    }
    scan_destroy (&scan);
    if (!shaped) {
        return fault_log (FEP_CORRUPT, "recover", "a journal key has a wrong size");
    }
    return error == FEP_NOT_FOUND ? FEP_OK : error;
}

//  Head and first, from meta and from the keys. Dropped records may still lie in files below first.
static fep_err_t s_recover (store_t *self)
{
    uint64_t first;
    uint64_t frame_first;
    uint64_t lowest;
    uint64_t highest;
    fep_err_t error = s_get_number_or (self, KEY_META_FIRST, 1, &first);
    if (!error) {
        error = s_get_number_or (self, KEY_META_FRAME_FIRST, 0, &frame_first);
    }
    if (!error) {
        error = s_find_ends (self, first, &lowest, &highest);
    }
    if (!error && lowest != 0 && lowest != first) {
        error = fault_log (FEP_CORRUPT, "recover", "the journal's first record is missing");
    }
    if (!error) {
        atomic_store (&self->first, first);
        atomic_store (&self->frame_first, frame_first);
        atomic_store (&self->head, lowest != 0 ? highest : first - 1);
    }
    return error;
}

fep_err_t store_open (const store_options_t *options, store_t **self_p)
{
    *self_p = NULL;
    store_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    followers_init (&self->followers);
    fep_err_t error = s_prepare_directory (self, options);
    if (!error) {
        s_make_options (self, options);
        error = s_open_database (self, options->path);
    }
    if (!error) {
        error = s_check_version (self);
    }
    if (!error) {
        error = s_recover (self);
    }
    if (error) {
        store_close (&self);
        return error;
    }
    *self_p = self;
    return FEP_OK;
}

static void s_destroy_options (store_t *self)
{
    rocksdb_writebatch_destroy (self->batch);
    rocksdb_readoptions_destroy (self->read_through);
    rocksdb_readoptions_destroy (self->read);
    rocksdb_writeoptions_destroy (self->write_lazy);
    rocksdb_writeoptions_destroy (self->write_sync);
    rocksdb_writeoptions_destroy (self->write_commit);
    for (cf_t family = 0; family < CF_COUNT; family++) {
        rocksdb_options_destroy (self->options[family]);
    }
    rocksdb_block_based_options_destroy (self->table);
    rocksdb_cache_destroy (self->cache);
}

void store_close (store_t **self_p)
{
    store_t *self = *self_p;
    if (!self) {
        return;
    }
    if (self->db) {
        for (cf_t family = 0; family < CF_COUNT; family++) {
            rocksdb_column_family_handle_destroy (self->families[family]);
        }
        rocksdb_close (self->db);
    }
    if (self->cache) {
        s_destroy_options (self);
    }
    followers_fini (&self->followers);
    free (self);
    *self_p = NULL;
}

//  ---- Journal ----

uint64_t store_head (const store_t *self)
{
    return atomic_load_explicit (&self->head, memory_order_acquire);
}

uint64_t store_first (const store_t *self)
{
    return atomic_load_explicit (&self->first, memory_order_acquire);
}

void store_set_first (store_t *self, uint64_t first)
{
    atomic_store_explicit (&self->first, first, memory_order_release);
}

uint64_t store_frame_first (const store_t *self)
{
    return atomic_load (&self->frame_first);
}

void store_set_frame_first (store_t *self, uint64_t first)
{
    atomic_store (&self->frame_first, first);
}

//  LIMIT if the batches are too many or too large for one record.
static fep_err_t s_check_batches (const bytes_t batches[], size_t count)
{
    FEP_ASSERT (count > 0);
    size_t left = STORE_COMMIT_BYTES_MAX;
    for (size_t i = 0; i < count; i++) {
        if (batches[i].size > left) {
            return FEP_LIMIT;
        }
        left -= batches[i].size;
    }
    return count > STORE_BATCHES_MAX ? FEP_LIMIT : FEP_OK;
}

static const cf_t s_row_families[] = {
    [FAMILY_LATEST] = CF_LATEST,   [FAMILY_ARCHIVE] = CF_ARCHIVE, [FAMILY_ALARM] = CF_ALARM,
    [FAMILY_ACCOUNT] = CF_ACCOUNT, [FAMILY_SLOT] = CF_SLOT,
};

static void s_put_rows (store_t *self, rocksdb_writebatch_t *batch, const row_t rows[],
                        size_t count)
{
    for (size_t i = 0; i < count; i++) {
        rocksdb_column_family_handle_t *family = self->families[s_row_families[rows[i].family]];
        const char *key = (const char *) rows[i].key.data;
        if (rows[i].value.data) {
            rocksdb_writebatch_put_cf (batch, family, key, rows[i].key.size,
                                       (const char *) rows[i].value.data, rows[i].value.size);
        } else {
            rocksdb_writebatch_delete_cf (batch, family, key, rows[i].key.size);
        }
    }
}

fep_err_t store_commit_rows (store_t *self, const bytes_t batches[], size_t count, int64_t wall_ms,
                             const row_t rows[], size_t row_count, uint64_t *sequence)
{
    if (self->broken) {
        return FEP_IO;
    }
    fep_err_t error = store_space (self);
    if (!error) {
        error = row_count > STORE_ROWS_MAX ? FEP_LIMIT : s_check_batches (batches, count);
    }
    if (error) {
        return error;
    }
    uint64_t next = store_head (self) + 1;
    uint8_t key[KEY_SEQUENCE_SIZE];
    key_sequence (next, key);
    uint8_t head[JOURNAL_HEAD_SIZE];
    journal_head (wall_ms, head);
    self->record[0] = bytes_of (head, sizeof head);
    memcpy (&self->record[1], batches, count * sizeof batches[0]);
    store_batch_clear (self);
    store_batch_put (self, CF_JOURNAL, bytes_of (key, sizeof key), self->record, count + 1);
    s_put_rows (self, self->batch, rows, row_count);
    if (s_write (self, self->write_commit, self->batch, "commit")) {
        self->broken = true;
        return FEP_IO;
    }
    atomic_store_explicit (&self->head, next, memory_order_release);
    *sequence = next;
    return FEP_OK;
}

fep_err_t store_commit (store_t *self, const bytes_t batches[], size_t count, int64_t wall_ms,
                        uint64_t *sequence)
{
    return store_commit_rows (self, batches, count, wall_ms, NULL, 0, sequence);
}

//  ---- Followers and rows ----

//  "position.<name>"; the name's length was checked at registration.
static void s_position_key (const char *name, char *key, size_t size)
{
    snprintf (key, size, KEY_META_POSITION "%s", name);
}

#define POSITION_KEY_SIZE (sizeof KEY_META_POSITION + FOLLOWER_NAME_MAX)

fep_err_t store_follower (store_t *self, const char *name, uint64_t fallback, uint64_t *position)
{
    char key[POSITION_KEY_SIZE];
    s_position_key (name, key, sizeof key);
    uint64_t known;
    fep_err_t error = s_get_number_or (self, key, fallback, &known);
    if (error) {
        return error;
    }
    uint64_t head = store_head (self);
    if (known > head) {
        known = head;
    }
    error = followers_add (&self->followers, name, known);
    *position = known;
    return error;
}

void store_follower_at (store_t *self, const char *name, uint64_t position)
{
    follower_t *follower = followers_find (&self->followers, name);
    FEP_ASSERT (follower);
    atomic_store (&follower->position, position);
}

//  Rows, and with a key the number behind it: all or nothing.
static fep_err_t s_put (store_t *self, const rocksdb_writeoptions_t *how, const row_t rows[],
                        size_t count, const char *key, uint64_t number)
{
    fep_err_t error = count > STORE_ROWS_MAX ? FEP_LIMIT : store_space (self);
    if (error) {
        return error;
    }
    rocksdb_writebatch_t *batch = rocksdb_writebatch_create ();
    s_put_rows (self, batch, rows, count);
    if (key) {
        s_put_number (self, batch, key, number);
    }
    error = s_write (self, how, batch, "put");
    rocksdb_writebatch_destroy (batch);
    return error;
}

fep_err_t store_follow (store_t *self, const char *name, uint64_t position, const row_t rows[],
                        size_t count)
{
    char key[POSITION_KEY_SIZE];
    follower_t *follower = followers_find (&self->followers, name);
    FEP_ASSERT (follower);
    s_position_key (name, key, sizeof key);
    fep_err_t error = s_put (self, self->write_lazy, rows, count, key, position);
    if (!error) {
        atomic_store (&follower->position, position);
    }
    return error;
}

fep_err_t store_put (store_t *self, const row_t rows[], size_t count)
{
    return s_put (self, self->write_sync, rows, count, NULL, 0);
}

fep_err_t store_put_lazy (store_t *self, const row_t rows[], size_t count)
{
    return s_put (self, self->write_lazy, rows, count, NULL, 0);
}

fep_err_t store_drop_range (store_t *self, family_t family, bytes_t from, bytes_t to)
{
    fep_err_t error = store_space (self);
    if (error) {
        return error;
    }
    rocksdb_writebatch_t *batch = rocksdb_writebatch_create ();
    rocksdb_writebatch_delete_range_cf (batch, self->families[s_row_families[family]],
                                        from.size ? (const char *) from.data : "", from.size,
                                        (const char *) to.data, to.size);
    error = s_write (self, self->write_lazy, batch, "drop rows");
    rocksdb_writebatch_destroy (batch);
    return error;
}

fep_err_t store_drop (store_t *self, family_t family, bytes_t below)
{
    return store_drop_range (self, family, bytes_of (NULL, 0), below);
}

fep_err_t store_get (store_t *self, family_t family, bytes_t key, store_visit_t *visit, void *arg)
{
    pin_t *pin;
    bytes_t value;
    fep_err_t error = store_pin (self, s_row_families[family], key, &pin, &value);
    if (!error) {
        error = visit (arg, key, value);
        store_unpin (&pin);
    }
    return error;
}

//  From a key on while `inside` is true of the keys.
static fep_err_t s_walk (store_t *self, family_t family, bytes_t from,
                         bool (*inside) (bytes_t key, bytes_t limit), bytes_t limit,
                         store_visit_t *visit, void *arg)
{
    scan_t *scan = scan_new (self, s_row_families[family]);
    fep_err_t error = scan_seek (scan, from);
    while (!error && inside (scan_key (scan), limit)) {
        fep_err_t stopped = visit (arg, scan_key (scan), scan_value (scan));
        if (stopped) {
            scan_destroy (&scan);
            return stopped;
        }
        error = scan_next (scan);
    }
    scan_destroy (&scan);
    return error == FEP_NOT_FOUND ? FEP_OK : error;
}

fep_err_t store_each (store_t *self, family_t family, bytes_t prefix, store_visit_t *visit,
                      void *arg)
{
    return s_walk (self, family, prefix, key_has_prefix, prefix, visit, arg);
}

static bool s_below (bytes_t key, bytes_t limit)
{
    size_t size = key.size < limit.size ? key.size : limit.size;
    int order = size ? memcmp (key.data, limit.data, size) : 0;
    return order < 0 || (order == 0 && key.size < limit.size);
}

fep_err_t store_range (store_t *self, family_t family, bytes_t from, bytes_t to,
                       store_visit_t *visit, void *arg)
{
    return s_walk (self, family, from, s_below, to, visit, arg);
}

//  ---- State ----

void store_spill (store_t *self)
{
    rocksdb_flushoptions_t *how = rocksdb_flushoptions_create ();
    rocksdb_flushoptions_set_wait (how, 0);
    for (int i = CF_JOURNAL; i < CF_COUNT; i++) {
        char *said = NULL;
        rocksdb_flush_cf (self->db, how, self->families[i], &said);
        (void) s_check (said, "spill");
    }
    rocksdb_flushoptions_destroy (how);
}

static uint64_t s_journal_property (store_t *self, const char *name)
{
    uint64_t value = 0;
    if (rocksdb_property_int_cf (self->db, self->families[CF_JOURNAL], name, &value) != 0) {
        return 0;
    }
    return value;
}

//  What the kept records take: files by key range, and their share of the records still in memory,
//  which are always the latest ones.
static uint64_t s_journal_bytes (store_t *self, uint64_t first, uint64_t head)
{
    uint8_t from[KEY_SEQUENCE_SIZE], to[KEY_SEQUENCE_SIZE];
    key_sequence (first, from);
    key_sequence (head + 1, to);
    const char *start = (const char *) from, *limit = (const char *) to;
    size_t size = KEY_SEQUENCE_SIZE;
    uint64_t bytes = 0;
    char *said = NULL;
    rocksdb_approximate_sizes_cf (self->db, self->families[CF_JOURNAL], 1, &start, &size, &limit,
                                  &size, &bytes, &said);
    if (s_check (said, "size")) {
        return 0;
    }
    uint64_t in_memory = s_journal_property (self, "rocksdb.num-entries-active-mem-table") +
                         s_journal_property (self, "rocksdb.num-entries-imm-mem-tables");
    uint64_t kept = head + 1 - first;
    if (in_memory > 0) {
        uint64_t memory = s_journal_property (self, "rocksdb.cur-size-all-mem-tables");
        bytes += memory / in_memory * (kept < in_memory ? kept : in_memory);
    }
    return bytes;
}

void store_stats (store_t *self, store_stats_t *stats)
{
    memset (stats, 0, sizeof *stats);
    stats->first = store_first (self);
    stats->head = store_head (self);
    stats->free_bytes = space_free (&self->space);
    stats->reserve_bytes = self->space.reserve;
    stats->journal_bytes = s_journal_bytes (self, stats->first, stats->head);
    size_t count = atomic_load (&self->followers.count);
    for (size_t i = 0; i < count; i++) {
        const follower_t *follower = &self->followers.slots[i];
        memcpy (stats->followers[i].name, follower->name, sizeof follower->name);
        stats->followers[i].position = atomic_load (&follower->position);
    }
    stats->follower_count = count;
}

fep_err_t store_space (store_t *self)
{
    return space_check (&self->space, self->space.reserve);
}

fep_err_t store_space_trim (store_t *self)
{
    return space_check (&self->space, self->space.reserve / 2);
}

uint64_t store_slowest (const store_t *self)
{
    return followers_slowest (&self->followers);
}
