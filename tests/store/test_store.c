//  The journal, frames, followers, rows and refusals of the store, on a real database.
#include "store_test.h"
#include "store/archive.h"
#include <pthread.h>
#include <rocksdb/c.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

//  ---- Journal ----

static void test_empty (void **state)
{
    place_t *place = *state;
    for (int round = 0; round < 2; round++) {
        place_open (place);
        assert_int_equal (store_head (place->store), 0);
        assert_int_equal (store_first (place->store), 1);
        walker_t *walker;
        record_t record;
        CHECK_OK (walker_open (place->store, 0, &walker));
        CHECK_ERR (walker_next (walker, &record), FEP_NOT_FOUND);
        walker_close (&walker);
        walker_close (&walker);
        uint64_t sequence = 99;
        CHECK_OK (store_seek (place->store, 0, &sequence));
        assert_int_equal (sequence, 1);
        CHECK_OK (store_trim (place->store, UINT64_MAX, &sequence));
        assert_int_equal (sequence, 1);
    }
}

static void test_commit_and_read (void **state)
{
    place_t *place = *state;
    place_open (place);
    const bytes_t batches[] = {bytes_text ("one,"), bytes_text (""), bytes_text ("two")};
    uint64_t sequence;
    CHECK_OK (store_commit (place->store, batches, 3, 1000, &sequence));
    assert_int_equal (sequence, 1);
    CHECK_OK (store_commit (place->store, batches, 1, 900, &sequence));
    assert_int_equal (sequence, 2);
    for (int round = 0; round < 2; round++) {
        assert_int_equal (store_head (place->store), 2);
        walker_t *walker;
        record_t record;
        CHECK_OK (walker_open (place->store, 1, &walker));
        CHECK_OK (walker_next (walker, &record));
        assert_int_equal (record.sequence, 1);
        assert_int_equal (record.wall_ms, 1000);
        assert_true (bytes_equal (record.batches, bytes_text ("one,two")));
        CHECK_OK (walker_next (walker, &record));
        assert_int_equal (record.sequence, 2);
        assert_int_equal (record.wall_ms, 900);
        assert_true (bytes_equal (record.batches, bytes_text ("one,")));
        CHECK_ERR (walker_next (walker, &record), FEP_NOT_FOUND);
        walker_close (&walker);
        place_open (place);
    }
    assert_int_equal (place_commit (place, 1), 3);
}

//  More records than a walker reads with one snapshot, and more behind them while it stands at the
//  end.
static void test_walker_renews (void **state)
{
    place_t *place = *state;
    place_open (place);
    for (int i = 0; i < 2500; i++) {
        place_commit (place, i);
    }
    walker_t *walker;
    record_t record;
    CHECK_OK (walker_open (place->store, 3, &walker));
    for (uint64_t i = 3; i <= 2500; i++) {
        CHECK_OK (walker_next (walker, &record));
        assert_int_equal (record.sequence, i);
        assert_int_equal (record.wall_ms, i - 1);
        if (i == 1200) {
            place_commit (place, 2500);
        }
    }
    CHECK_OK (walker_next (walker, &record));
    assert_int_equal (record.sequence, 2501);
    for (uint64_t i = 2502; i < 2600; i++) {
        CHECK_ERR (walker_next (walker, &record), FEP_NOT_FOUND);
        CHECK_ERR (walker_next (walker, &record), FEP_NOT_FOUND);
        place_commit (place, 0);
        CHECK_OK (walker_next (walker, &record));
        assert_int_equal (record.sequence, i);
    }
    walker_close (&walker);
    CHECK_OK (walker_open (place->store, 2601, &walker));
    CHECK_ERR (walker_next (walker, &record), FEP_NOT_FOUND);
    place_commit (place, 0);
    CHECK_ERR (walker_next (walker, &record), FEP_NOT_FOUND);
    place_commit (place, 0);
    CHECK_OK (walker_next (walker, &record));
    assert_int_equal (record.sequence, 2601);
    walker_close (&walker);
}

static void test_commit_limits (void **state)
{
    place_t *place = *state;
    place_open (place);
    bytes_t *batches = calloc (STORE_BATCHES_MAX + 1, sizeof *batches);
    for (size_t i = 0; i <= STORE_BATCHES_MAX; i++) {
        batches[i] = bytes_text ("x");
    }
    uint64_t sequence;
    CHECK_ERR (store_commit (place->store, batches, STORE_BATCHES_MAX + 1, 0, &sequence),
               FEP_LIMIT);
    CHECK_OK (store_commit (place->store, batches, STORE_BATCHES_MAX, 0, &sequence));
    assert_int_equal (sequence, 1);
    uint8_t *large = calloc (1, STORE_COMMIT_BYTES_MAX);
    batches[1] = bytes_of (large, STORE_COMMIT_BYTES_MAX);
    CHECK_ERR (store_commit (place->store, batches, 2, 0, &sequence), FEP_LIMIT);
    assert_int_equal (store_head (place->store), 1);
    free (large);
    free (batches);
}

static void test_seek (void **state)
{
    place_t *place = *state;
    place_open (place);
    for (int i = 1; i <= 600; i++) {
        place_commit (place, i * 10);
    }
    const struct {
        int64_t wall_ms;    //  Looked for
        uint64_t sequence;  //  Expected
    } cases[] = {{0, 1}, {10, 1}, {11, 2}, {3000, 300}, {3001, 301}, {6000, 600}, {6001, 601}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t sequence;
        CHECK_OK (store_seek (place->store, cases[i].wall_ms, &sequence));
        assert_int_equal (sequence, cases[i].sequence);
    }
    place_trim (place, 301);
    uint64_t sequence;
    CHECK_OK (store_seek (place->store, 10, &sequence));
    assert_int_equal (sequence, 301);
    CHECK_OK (store_seek (place->store, 3020, &sequence));
    assert_int_equal (sequence, 302);
}

//  ---- Followers and rows ----

static void test_positions (void **state)
{
    place_t *place = *state;
    place_open (place);
    for (int i = 1; i <= 20; i++) {
        place_commit (place, i);
    }
    uint64_t position;
    CHECK_OK (store_follower (place->store, "history", 3, &position));
    assert_int_equal (position, 3);
    CHECK_OK (store_follower (place->store, "publisher", 999, &position));
    assert_int_equal (position, 20);
    place_open (place);
    CHECK_OK (store_follower (place->store, "history", 4, &position));
    assert_int_equal (position, 4);
    CHECK_OK (store_follow (place->store, "history", 12, NULL, 0));
    store_follower_at (place->store, "history", 15);
    CHECK_OK (store_follower (place->store, "history", 4, &position));
    assert_int_equal (position, 12);
    place_open (place);
    CHECK_OK (store_follower (place->store, "history", 4, &position));
    assert_int_equal (position, 12);
    store_stats_t stats;
    store_stats (place->store, &stats);
    assert_int_equal (stats.follower_count, 1);
    assert_string_equal (stats.followers[0].name, "history");
    assert_int_equal (stats.followers[0].position, 12);
    assert_int_equal (stats.head, 20);
    assert_int_equal (stats.first, 1);
    assert_int_equal (stats.reserve_bytes, RESERVE);
    assert_true (stats.free_bytes > RESERVE);
    assert_in_range (stats.journal_bytes, 20 * 50, 20 * 5000);
}

static void test_follower_limits (void **state)
{
    place_t *place = *state;
    place_open (place);
    uint64_t position;
    CHECK_ERR (store_follower (place->store, "", 0, &position), FEP_RANGE);
    CHECK_ERR (store_follower (place->store, "sixteen-letters-", 0, &position), FEP_RANGE);
    for (int i = 0; i < 8; i++) {
        char name[16] = "fifteen-letter.";
        name[14] = (char) ('0' + i);
        CHECK_OK (store_follower (place->store, name, 0, &position));
    }
    CHECK_ERR (store_follower (place->store, "ninth", 0, &position), FEP_FULL);
    CHECK_OK (store_follower (place->store, "fifteen-letter3", 0, &position));
    CHECK_OK (store_follow (place->store, "fifteen-letter7", 0, NULL, 0));
}

typedef struct {
    char text[200];  //  "key=value " of each row
    int left;        //  Rows until it refuses
} rows_seen_t;

static fep_err_t s_see (void *arg, bytes_t key, bytes_t value)
{
    rows_seen_t *self = arg;
    size_t used = strlen (self->text);
    snprintf (self->text + used, sizeof self->text - used, "%.*s=%.*s ", (int) key.size,
              (const char *) key.data, (int) value.size, (const char *) value.data);
    return --self->left == 0 ? FEP_REFUSED : FEP_OK;
}

static row_t s_row (family_t family, const char *key, const char *value)
{
    bytes_t none = {NULL, 0};
    return (row_t){family, bytes_text (key), value ? bytes_text (value) : none};
}

static void s_expect_rows (place_t *place, family_t family, const char *prefix,
                           const char *expected)
{
    rows_seen_t seen = {"", 99};
    CHECK_OK (store_each (place->store, family, bytes_text (prefix), s_see, &seen));
    assert_string_equal (seen.text, expected);
}

static void test_rows (void **state)
{
    place_t *place = *state;
    place_open (place);
    place_commit (place, 1);
    uint64_t position;
    CHECK_OK (store_follower (place->store, "history", 0, &position));
    const row_t rows[] = {s_row (FAMILY_LATEST, "b2", "two"), s_row (FAMILY_LATEST, "a1", ""),
                          s_row (FAMILY_LATEST, "b1", "one"), s_row (FAMILY_LATEST, "c", "three")};
    CHECK_OK (store_follow (place->store, "history", 1, rows, 4));
    const row_t archived = s_row (FAMILY_ARCHIVE, "b9", "archive");
    CHECK_OK (store_put (place->store, &archived, 1));
    for (int round = 0; round < 2; round++) {
        s_expect_rows (place, FAMILY_LATEST, "", "a1= b1=one b2=two c=three ");
        s_expect_rows (place, FAMILY_LATEST, "b", "b1=one b2=two ");
        s_expect_rows (place, FAMILY_LATEST, "d", "");
        s_expect_rows (place, FAMILY_ARCHIVE, "", "b9=archive ");
        place_open (place);
    }
    CHECK_OK (store_follower (place->store, "history", 0, &position));
    assert_int_equal (position, 1);
    const row_t changes[] = {s_row (FAMILY_LATEST, "b1", NULL), s_row (FAMILY_LATEST, "b2", "2")};
    CHECK_OK (store_follow (place->store, "history", 1, changes, 2));
    s_expect_rows (place, FAMILY_LATEST, "", "a1= b2=2 c=three ");
    rows_seen_t seen = {"", 2};
    CHECK_ERR (store_each (place->store, FAMILY_LATEST, bytes_of (NULL, 0), s_see, &seen),
               FEP_REFUSED);
    assert_string_equal (seen.text, "a1= b2=2 ");
    rows_seen_t one = {"", 99};
    CHECK_OK (store_get (place->store, FAMILY_LATEST, bytes_text ("b2"), s_see, &one));
    assert_string_equal (one.text, "b2=2 ");
    CHECK_ERR (store_get (place->store, FAMILY_LATEST, bytes_text ("b"), s_see, &one),
               FEP_NOT_FOUND);
    CHECK_ERR (store_get (place->store, FAMILY_LATEST, bytes_text ("b1"), s_see, &one),
               FEP_NOT_FOUND);
    one = (rows_seen_t){"", 1};
    CHECK_ERR (store_get (place->store, FAMILY_LATEST, bytes_text ("c"), s_see, &one), FEP_REFUSED);
}

//  Rows of a commit are there with its record; of two with one key the later counts.
static void test_rows_of_a_commit (void **state)
{
    place_t *place = *state;
    place_open (place);
    const bytes_t batch = bytes_text ("batch");
    const row_t first[] = {s_row (FAMILY_ALARM, "a", "1"), s_row (FAMILY_ALARM, "b", "1"),
                           s_row (FAMILY_ALARM, "a", NULL), s_row (FAMILY_ALARM, "c", NULL)};
    const row_t second[] = {s_row (FAMILY_ALARM, "b", "2"), s_row (FAMILY_ALARM, "a", "3")};
    uint64_t sequence;
    CHECK_OK (store_commit_rows (place->store, &batch, 1, 1, first, 4, &sequence));
    assert_int_equal (sequence, 1);
    s_expect_rows (place, FAMILY_ALARM, "", "b=1 ");
    CHECK_OK (store_commit_rows (place->store, &batch, 1, 2, second, 2, &sequence));
    assert_int_equal (sequence, 2);
    for (int round = 0; round < 2; round++) {
        s_expect_rows (place, FAMILY_ALARM, "", "a=3 b=2 ");
        s_expect_rows (place, FAMILY_LATEST, "", "");
        assert_int_equal (store_head (place->store), 2);
        place_open (place);
    }
    CHECK_ERR (store_commit_rows (place->store, &batch, 1, 3, first, STORE_ROWS_MAX + 1, &sequence),
               FEP_LIMIT);
    assert_int_equal (store_head (place->store), 2);
}

//  Dropped rows are gone, also after opening again; others and later ones stay.
static void test_drop_rows (void **state)
{
    place_t *place = *state;
    place_open (place);
    const row_t rows[] = {s_row (FAMILY_ACCOUNT, "a1", "1"), s_row (FAMILY_ACCOUNT, "a9", "2"),
                          s_row (FAMILY_ACCOUNT, "b", "3"), s_row (FAMILY_ACCOUNT, "b1", "4"),
                          s_row (FAMILY_LATEST, "a1", "other")};
    CHECK_OK (store_put_lazy (place->store, rows, 5));
    CHECK_OK (store_drop (place->store, FAMILY_ACCOUNT, bytes_text ("b")));
    for (int round = 0; round < 2; round++) {
        s_expect_rows (place, FAMILY_ACCOUNT, "", "b=3 b1=4 ");
        s_expect_rows (place, FAMILY_LATEST, "", "a1=other ");
        place_open (place);
    }
    CHECK_OK (store_put_lazy (place->store, rows, 1));
    s_expect_rows (place, FAMILY_ACCOUNT, "", "a1=1 b=3 b1=4 ");
    CHECK_OK (store_drop (place->store, FAMILY_ACCOUNT, bytes_text ("b1")));
    s_expect_rows (place, FAMILY_ACCOUNT, "", "b1=4 ");
}

static void test_rows_limit (void **state)
{
    place_t *place = *state;
    place_open (place);
    row_t one = s_row (FAMILY_LATEST, "k", "v");
    CHECK_ERR (store_put (place->store, &one, STORE_ROWS_MAX + 1), FEP_LIMIT);
    s_expect_rows (place, FAMILY_LATEST, "", "");
}

//  ---- Readers beside the writer ----

typedef struct {
    store_t *store;  //  Shared
    uint64_t last;   //  Sequence to read up to
    bool good;       //  What it saw was whole and in order
} reader_job_t;

static void *s_read_all (void *arg)
{
    reader_job_t *job = arg;
    walker_t *walker = NULL;
    job->good = walker_open (job->store, 1, &walker) == FEP_OK;
    uint64_t next = 1;
    while (job->good && next <= job->last) {
        record_t record;
        fep_err_t error = walker_next (walker, &record);
        if (error == FEP_NOT_FOUND) {
            continue;
        }
        job->good = error == FEP_OK && record.sequence == next && record.batches.size == 8 &&
                    memcmp (record.batches.data, &next, 8) == 0;
        next++;
    }
    walker_close (&walker);
    return NULL;
}

static void test_readers_beside_writer (void **state)
{
    place_t *place = *state;
    place_open (place);
    reader_job_t jobs[2];
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        jobs[i] = (reader_job_t){place->store, 5000, false};
        assert_int_equal (pthread_create (&threads[i], NULL, s_read_all, &jobs[i]), 0);
    }
    for (uint64_t i = 1; i <= 5000; i++) {
        bytes_t batch = bytes_of (&i, sizeof i);
        uint64_t sequence;
        CHECK_OK (store_commit (place->store, &batch, 1, 0, &sequence));
    }
    for (int i = 0; i < 2; i++) {
        pthread_join (threads[i], NULL);
        assert_true (jobs[i].good);
    }
}

//  ---- Refusals ----

static void test_second_open (void **state)
{
    place_t *place = *state;
    place_open (place);
    place_commit (place, 1);
    store_t *second = (store_t *) place;
    CHECK_ERR (place_try (place->path, false, RESERVE, &second), FEP_BUSY);
    assert_null (second);
    assert_int_equal (place_commit (place, 1), 2);
}

#define FAMILIES_MAX 10

//  The same database as another program would change it.
typedef struct {
    rocksdb_options_t *options;                              //  For all families
    rocksdb_t *db;                                           //  Open
    rocksdb_column_family_handle_t *families[FAMILIES_MAX];  //  As named
    size_t count;                                            //  Of them
} raw_db_t;

static void s_raw_open (raw_db_t *self, const char *path, const char *const names[], size_t count)
{
    self->options = rocksdb_options_create ();
    rocksdb_options_set_create_missing_column_families (self->options, 1);
    const rocksdb_options_t *options[FAMILIES_MAX];
    for (size_t i = 0; i < count; i++) {
        options[i] = self->options;
    }
    char *said = NULL;
    self->count = count;
    self->db = rocksdb_open_column_families (self->options, path, (int) count, names, options,
                                             self->families, &said);
    assert_null (said);
}

static void s_raw_close (raw_db_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        rocksdb_column_family_handle_destroy (self->families[i]);
    }
    rocksdb_close (self->db);
    rocksdb_options_destroy (self->options);
}

static const char *const s_names[] = {"default", "journal", "frame",   "latest", "archive",
                                      "meta",    "alarm",   "account", "slot",   "series"};
#define FIRST_FAMILIES 6  //  Of the first release
#define KNOWN_FAMILIES 9  //  The last one is of nobody

//  Puts one row, or deletes it if value is NULL.
static void s_raw_put (const char *path, size_t family, bytes_t key, const char *value, size_t size)
{
    raw_db_t raw;
    s_raw_open (&raw, path, s_names, KNOWN_FAMILIES);
    rocksdb_writeoptions_t *how = rocksdb_writeoptions_create ();
    char *said = NULL;
    if (value) {
        rocksdb_put_cf (raw.db, how, raw.families[family], (const char *) key.data, key.size, value,
                        size, &said);
    } else {
        rocksdb_delete_cf (raw.db, how, raw.families[family], (const char *) key.data, key.size,
                           &said);
    }
    assert_null (said);
    rocksdb_writeoptions_destroy (how);
    s_raw_close (&raw);
}

static void test_unknown_version (void **state)
{
    place_t *place = *state;
    place_open (place);
    store_close (&place->store);
    s_raw_put (place->path, 5, bytes_text ("version"), "\0\0\0\0\0\0\0\2", 8);
    CHECK_ERR (place_try (place->path, false, RESERVE, &place->store), FEP_VERSION);
    s_raw_put (place->path, 5, bytes_text ("version"), "\2", 1);
    CHECK_ERR (place_try (place->path, false, RESERVE, &place->store), FEP_CORRUPT);
    s_raw_put (place->path, 5, bytes_text ("version"), "\0\0\0\0\0\0\0\1", 8);
    place_open (place);
}

static void test_unknown_family (void **state)
{
    place_t *place = *state;
    place_open (place);
    store_close (&place->store);
    raw_db_t raw;
    s_raw_open (&raw, place->path, s_names, KNOWN_FAMILIES + 1);
    s_raw_close (&raw);
    CHECK_ERR (place_try (place->path, false, RESERVE, &place->store), FEP_VERSION);
}

//  A store made before a family was thought of gets it when it is opened; what it has stays.
static void test_older_store (void **state)
{
    place_t *place = *state;
    raw_db_t raw;
    char *said = NULL;
    place_open (place);
    const row_t archived = s_row (FAMILY_ARCHIVE, "a", "1");
    CHECK_OK (store_put (place->store, &archived, 1));
    place_commit (place, 1);
    store_close (&place->store);
    s_raw_open (&raw, place->path, s_names, KNOWN_FAMILIES);
    for (size_t i = FIRST_FAMILIES; i < KNOWN_FAMILIES; i++) {
        rocksdb_drop_column_family (raw.db, raw.families[i], &said);
        assert_null (said);
    }
    s_raw_close (&raw);
    s_raw_open (&raw, place->path, s_names, FIRST_FAMILIES);
    s_raw_close (&raw);
    place_open (place);
    s_expect_rows (place, FAMILY_ACCOUNT, "", "");
    s_expect_rows (place, FAMILY_ALARM, "", "");
    const row_t rows[] = {s_row (FAMILY_ACCOUNT, "k", "v"), s_row (FAMILY_ALARM, "a", "2")};
    CHECK_OK (store_put (place->store, rows, 2));
    place_open (place);
    s_expect_rows (place, FAMILY_ACCOUNT, "", "k=v ");
    s_expect_rows (place, FAMILY_ALARM, "", "a=2 ");
    s_expect_rows (place, FAMILY_ARCHIVE, "", "a=1 ");
    assert_int_equal (store_head (place->store), 1);
}

static void test_missing_records (void **state)
{
    place_t *place = *state;
    place_open (place);
    for (int i = 1; i <= 3; i++) {
        place_commit (place, i);
    }
    store_close (&place->store);
    s_raw_put (place->path, 1, bytes_of ("\0\0\0\0\0\0\0\2", 8), NULL, 0);
    place_open (place);
    walker_t *walker;
    record_t record;
    CHECK_OK (walker_open (place->store, 1, &walker));
    CHECK_OK (walker_next (walker, &record));
    CHECK_ERR (walker_next (walker, &record), FEP_CORRUPT);
    CHECK_ERR (walker_next (walker, &record), FEP_CORRUPT);
    walker_close (&walker);
    uint64_t sequence;
    CHECK_ERR (store_seek (place->store, 2, &sequence), FEP_CORRUPT);
    store_close (&place->store);
    s_raw_put (place->path, 1, bytes_of ("\0\0\0\0\0\0\0\1", 8), NULL, 0);
    CHECK_ERR (place_try (place->path, false, RESERVE, &place->store), FEP_CORRUPT);
}

//  As if the files of dropped records were gone already: the sequence is known all the same.
static void test_dropped_records_are_gone (void **state)
{
    place_t *place = *state;
    place_open (place);
    place_commit (place, 1);
    place_commit (place, 2);
    assert_int_equal (place_trim (place, 3), 3);
    store_close (&place->store);
    s_raw_put (place->path, 1, bytes_of ("\0\0\0\0\0\0\0\1", 8), NULL, 0);
    s_raw_put (place->path, 1, bytes_of ("\0\0\0\0\0\0\0\2", 8), NULL, 0);
    place_open (place);
    assert_int_equal (store_head (place->store), 2);
    assert_int_equal (store_first (place->store), 3);
    assert_int_equal (place_commit (place, 3), 3);
    place_expect_frame (place, 2, 1);
}

static void test_damaged_record (void **state)
{
    place_t *place = *state;
    place_open (place);
    place_commit (place, 1);
    store_close (&place->store);
    s_raw_put (place->path, 1, bytes_of ("\0\0\0\0\0\0\0\1", 8), "\1\2", 2);
    place_open (place);
    walker_t *walker;
    record_t record;
    CHECK_OK (walker_open (place->store, 1, &walker));
    CHECK_ERR (walker_next (walker, &record), FEP_CORRUPT);
    walker_close (&walker);
    store_close (&place->store);
    s_raw_put (place->path, 1, bytes_text ("short"), "x", 1);
    CHECK_ERR (place_try (place->path, false, RESERVE, &place->store), FEP_CORRUPT);
}

static void test_bad_paths (void **state)
{
    place_t *place = *state;
    char path[200];
    snprintf (path, sizeof path, "%s/missing/store", place->directory);
    CHECK_ERR (place_try (path, false, 0, &place->store), FEP_IO);
    assert_null (place->store);
    CHECK_ERR (place_try ("", false, 0, &place->store), FEP_IO);
    snprintf (path, sizeof path, "%s/file", place->directory);
    FILE *file = fopen (path, "w");
    assert_non_null (file);
    fclose (file);
    CHECK_ERR (place_try (path, false, 0, &place->store), FEP_IO);
}

//  ---- Space ----

static void test_no_space_at_open (void **state)
{
    place_t *place = *state;
    CHECK_ERR (place_try (place->path, true, UINT64_MAX, &place->store), FEP_NO_SPACE);
    assert_null (place->store);
    assert_int_equal (access (place->path, F_OK), -1);
    place_open (place);
    place_commit (place, 1);
    store_close (&place->store);
    CHECK_ERR (place_try (place->path, true, UINT64_MAX, &place->store), FEP_NO_SPACE);
}

#define DISK_RESERVE (48u << 20)

//  Asks until the free space is within bounds; what the file system says is cached for a moment.
static void s_await_free (store_t *store, uint64_t low, uint64_t high)
{
    int64_t deadline_ms = clock_mono_ms () + 10000;
    store_stats_t stats;
    do {
        assert_true (clock_mono_ms () < deadline_ms);
        store_stats (store, &stats);
    } while (stats.free_bytes < low || stats.free_bytes > high);
}

static void s_fill (const char *path, uint64_t size)
{
    char block[4096];
    memset (block, 'x', sizeof block);
    FILE *file = fopen (path, "w");
    assert_non_null (file);
    for (uint64_t i = 0; i < size; i += sizeof block) {
        assert_int_equal (fwrite (block, sizeof block, 1, file), 1);
    }
    assert_int_equal (fclose (file), 0);
}

//  An import that cannot be written changes nothing in memory either.
static void s_refuses_import (store_t *store)
{
    archive_t *archive;
    CHECK_OK (archive_load (store, &archive));
    archive_fault_t fault;
    bytes_t csv = bytes_text ("terminal,name,area,heartbeat_s,measuring_point,meter\na,,0,,,\n");
    CHECK_ERR (archive_import (archive, store, csv, &fault), FEP_NO_SPACE);
    assert_int_equal (fault.line, 0);
    assert_string_equal (fault.text, "the store says: free space is below the reserve");
    assert_int_equal (archive_count (archive), 0);
    assert_null (archive_find (archive, bytes_text ("a")));
    archive_destroy (&archive);
}

//  Nothing is written below the reserve; trimming goes on down to half of it; and with space back
//  all goes on.
static void s_refuses_when_full (place_t *place, const char *filler)
{
    store_t *store = place->store;
    uint64_t position;
    CHECK_OK (store_follower (store, "history", 0, &position));
    for (int i = 1; i <= 10; i++) {
        place_commit (place, i);
    }
    struct statvfs disk;
    assert_int_equal (statvfs (place->path, &disk), 0);
    s_fill (filler, disk.f_bavail * disk.f_frsize - DISK_RESERVE + (8u << 20));
    s_await_free (store, DISK_RESERVE / 2, DISK_RESERVE - 1);
    uint64_t sequence = 77;
    bytes_t batch = bytes_text ("x");
    row_t row = s_row (FAMILY_LATEST, "k", "v");
    CHECK_ERR (store_space (store), FEP_NO_SPACE);
    CHECK_ERR (store_commit (store, &batch, 1, 0, &sequence), FEP_NO_SPACE);
    CHECK_ERR (store_follow (store, "history", 9, &row, 1), FEP_NO_SPACE);
    CHECK_ERR (store_put (store, &row, 1), FEP_NO_SPACE);
    assert_int_equal (store_head (store), 10);
    assert_int_equal (sequence, 77);
    s_expect_rows (place, FAMILY_LATEST, "", "");
    s_refuses_import (store);
    store_follower_at (store, "history", 5);
    assert_int_equal (place_trim (place, 100), 6);

    char more[120];
    snprintf (more, sizeof more, "%s.more", filler);
    s_fill (more, 20u << 20);
    s_await_free (store, 0, DISK_RESERVE / 2 - 1);
    store_follower_at (store, "history", 10);
    CHECK_ERR (store_trim (store, 100, &sequence), FEP_NO_SPACE);
    assert_int_equal (store_first (store), 6);

    remove (more);
    remove (filler);
    s_await_free (store, DISK_RESERVE, UINT64_MAX);
    CHECK_OK (store_space (store));
    assert_int_equal (place_commit (place, 11), 11);
}

static void s_disk_path (const place_t *place, char path[80])
{
    snprintf (path, 80, "%s/disk", place->directory);
}

static int s_disk_teardown (void **state)
{
    place_t *place = *state;
    store_close (&place->store);
    char mounted[80];
    s_disk_path (place, mounted);
    (void) umount2 (mounted, MNT_DETACH);
    return place_teardown (state);
}

//  A file system of 160 MiB, of which 48 MiB must stay free.
static void test_full_disk (void **state)
{
    place_t *place = *state;
    if (getenv ("FEP_TEST_UNPRIVILEGED")) {
        print_message ("FEP_TEST_UNPRIVILEGED is set: no small file system is mounted\n");
        skip ();
    }
    char mounted[80];
    char filler[100];
    s_disk_path (place, mounted);
    snprintf (filler, sizeof filler, "%s/filler", mounted);
    snprintf (place->path, sizeof place->path, "%.64s/disk/store", place->directory);
    assert_int_equal (mkdir (mounted, 0700), 0);
    if (mount ("fep", mounted, "tmpfs", 0, "size=160m") != 0) {
        fail_msg ("a small tmpfs cannot be mounted (root is needed); FEP_TEST_UNPRIVILEGED=1 "
                  "leaves this test out");
    }
    CHECK_OK (place_try (place->path, true, DISK_RESERVE, &place->store));
    s_refuses_when_full (place, filler);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, place_setup, place_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_empty),
        TEST (test_commit_and_read),
        TEST (test_walker_renews),
        TEST (test_commit_limits),
        TEST (test_seek),
        TEST (test_positions),
        TEST (test_follower_limits),
        TEST (test_rows),
        TEST (test_rows_of_a_commit),
        TEST (test_drop_rows),
        TEST (test_older_store),
        TEST (test_rows_limit),
        TEST (test_readers_beside_writer),
        TEST (test_second_open),
        TEST (test_unknown_version),
        TEST (test_unknown_family),
        TEST (test_missing_records),
        TEST (test_dropped_records_are_gone),
        TEST (test_damaged_record),
        TEST (test_bad_paths),
        TEST (test_no_space_at_open),
        cmocka_unit_test_setup_teardown (test_full_disk, place_setup, s_disk_teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
