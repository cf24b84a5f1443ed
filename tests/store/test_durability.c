//  kill -9: a child commits with sync, tells each confirmed sequence through a pipe, and is killed
//  at any instant. All that was confirmed must be there, whole and without gaps, and what is atomic
//  must agree. The child is this program again: a database must not be forked.
#include "store_test.h"
#include "store/key.h"
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define KEPT 100  //  Records the child leaves in the journal
#define LAG 10    //  Records its follower is behind

static _Thread_local int s_syncs;  //  Times the disk was asked by this thread; the store has others

//  Stands in front of the C library's, also for RocksDB.
int fdatasync (int file)
{
    s_syncs++;
    return (int) syscall (SYS_fdatasync, file);
}

//  Two batches; the second makes records of very different sizes.
static void s_make (uint64_t sequence, writer_t *out, bytes_t batches[2])
{
    batches[0] = place_pack (sequence, 3, out);
    batches[1] = place_pack (sequence, 1 + (uint32_t) (sequence * 7919 % 700), out);
}

static void s_child_step (store_t *store, place_t *room, int pipe_end)
{
    uint64_t next = store_head (store) + 1;
    writer_t out = writer_of (room->bytes, room->size);
    bytes_t batches[2];
    s_make (next, &out, batches);
    uint64_t sequence;
    if (store_commit (store, batches, 2, (int64_t) next, &sequence) ||
        write (pipe_end, &sequence, sizeof sequence) != sizeof sequence) {
        _exit (2);
    }
    if (sequence > LAG && sequence % 7 == 0) {
        uint8_t value[KEY_SEQUENCE_SIZE];
        key_sequence (sequence - LAG, value);
        row_t row = {FAMILY_LATEST, bytes_text ("at"), bytes_of (value, sizeof value)};
        if (store_follow (store, "history", sequence - LAG, &row, 1)) {
            _exit (3);
        }
    }
    uint64_t first;
    if (sequence > KEPT && sequence % 20 == 0 && store_trim (store, sequence - KEPT, &first)) {
        _exit (4);
    }
}

//  Never returns: it is killed.
static int s_child (const char *path, int pipe_end)
{
    place_t room = {.size = 1 << 20};
    room.bytes = malloc (room.size);
    store_t *store;
    uint64_t position;
    if (!room.bytes || place_try (path, true, RESERVE, &store) ||
        store_follower (store, "history", 0, &position)) {
        return 1;
    }
    for (;;) {
        s_child_step (store, &room, pipe_end);
    }
}

//  Runs the child until it has confirmed `commits` more records, kills it, gives the last one
//  confirmed.
static uint64_t s_run_and_kill (const char *path, int commits)
{
    int ends[2];
    assert_int_equal (pipe (ends), 0);
    pid_t child = fork ();
    assert_true (child >= 0);
    if (child == 0) {
        char end[16];
        snprintf (end, sizeof end, "%d", ends[1]);
        close (ends[0]);
        execl ("/proc/self/exe", "child", path, end, (char *) NULL);
        _exit (1);
    }
    close (ends[1]);
    uint64_t confirmed = 0;
    for (int i = 0; i < commits; i++) {
        assert_int_equal (read (ends[0], &confirmed, sizeof confirmed), sizeof confirmed);
    }
    assert_int_equal (kill (child, SIGKILL), 0);
    while (read (ends[0], &confirmed, sizeof confirmed) == sizeof confirmed) {
    }
    close (ends[0]);
    int status;
    assert_int_equal (waitpid (child, &status, 0), child);
    assert_true (WIFSIGNALED (status));
    return confirmed;
}

static void s_check_record (const record_t *record, place_t *place)
{
    writer_t out = writer_of (place->bytes, place->size);
    bytes_t batches[2];
    s_make (record->sequence, &out, batches);
    assert_int_equal (record->wall_ms, record->sequence);
    assert_true (bytes_equal (record->batches, writer_bytes (&out)));
}

static fep_err_t s_take_position (void *arg, bytes_t key, bytes_t value)
{
    (void) key;
    return key_to_sequence (value, arg) ? FEP_OK : FEP_CORRUPT;
}

static void s_check_store (place_t *place, uint64_t confirmed)
{
    place_open (place);
    uint64_t head = store_head (place->store);
    assert_in_range (head, confirmed, confirmed + 1);
    walker_t *walker;
    record_t record;
    uint64_t next = store_first (place->store);
    CHECK_OK (walker_open (place->store, next, &walker));
    for (; next <= head; next++) {
        CHECK_OK (walker_next (walker, &record));
        assert_int_equal (record.sequence, next);
        s_check_record (&record, place);
    }
    CHECK_ERR (walker_next (walker, &record), FEP_NOT_FOUND);
    walker_close (&walker);
    for (uint64_t sequence = 1; sequence <= head; sequence++) {
        char expected[40];
        snprintf (expected, sizeof expected, "%llu.1", (unsigned long long) sequence);
        uint8_t room[40];
        writer_t out = writer_of (room, sizeof room);
        CHECK_OK (store_frame (place->store, sequence, 1, &out));
        assert_true (bytes_equal (writer_bytes (&out), bytes_text (expected)));
    }
    uint64_t position;
    uint64_t row = 0;
    CHECK_OK (store_follower (place->store, "history", 0, &position));
    CHECK_OK (store_each (place->store, FAMILY_LATEST, bytes_text ("at"), s_take_position, &row));
    assert_int_equal (position, row);
    assert_in_range (position, store_first (place->store) - 1, head);
    store_close (&place->store);
}

static void test_kill (void **state)
{
    place_t *place = *state;
    const int commits[] = {1, 2, 150, 37, 401, 260};
    uint64_t total = 0;
    for (size_t i = 0; i < sizeof commits / sizeof commits[0]; i++) {
        uint64_t confirmed = s_run_and_kill (place->path, commits[i]);
        assert_true (confirmed >= total + (uint64_t) commits[i]);
        s_check_store (place, confirmed);
        total = confirmed;
    }
}

//  Ten commits, an import and ten steps of a follower: how often was the disk asked?
static void s_count_syncs (place_t *place, bool sync, int counts[3])
{
    store_close (&place->store);
    CHECK_OK (place_try (place->path, sync, RESERVE, &place->store));
    uint64_t position;
    CHECK_OK (store_follower (place->store, "history", 0, &position));
    int before = s_syncs;
    for (int i = 0; i < 10; i++) {
        place_commit (place, i);
    }
    counts[0] = s_syncs - before;
    row_t row = {FAMILY_ARCHIVE, bytes_text ("k"), bytes_text ("v")};
    CHECK_OK (store_put (place->store, &row, 1));
    counts[1] = s_syncs - before - counts[0];
    for (uint64_t i = 1; i <= 10; i++) {
        CHECK_OK (store_follow (place->store, "history", i, NULL, 0));
    }
    counts[2] = s_syncs - before - counts[0] - counts[1];
}

static void test_syncs (void **state)
{
    place_t *place = *state;
    int counts[3];
    s_count_syncs (place, true, counts);
    assert_int_equal (counts[0], 10);
    assert_int_equal (counts[1], 1);
    assert_int_equal (counts[2], 0);
    s_count_syncs (place, false, counts);
    assert_int_equal (counts[0], 0);
    assert_int_equal (counts[1], 1);
    assert_int_equal (counts[2], 0);
}

//  A file may not grow any more: the first commit that fails is the last one tried. Gives how many
//  went well, or 0 if anything else happened.
static int s_child_fails (const char *path)
{
    struct rlimit limit;
    store_t *store;
    static const uint8_t block[65536];
    bytes_t batch = bytes_of (block, sizeof block);
    if (signal (SIGXFSZ, SIG_IGN) == SIG_ERR || place_try (path, true, RESERVE, &store) ||
        getrlimit (RLIMIT_FSIZE, &limit)) {
        return 0;
    }
    limit.rlim_cur = 1 << 20;
    if (setrlimit (RLIMIT_FSIZE, &limit)) {
        return 0;
    }
    uint64_t sequence;
    int good = 0;
    fep_err_t error = FEP_OK;
    while (good < 100 && (error = store_commit (store, &batch, 1, 0, &sequence)) == FEP_OK) {
        good++;
    }
    limit.rlim_cur = limit.rlim_max;
    if (error != FEP_IO || setrlimit (RLIMIT_FSIZE, &limit) ||
        store_commit (store, &batch, 1, 0, &sequence) != FEP_IO ||
        store_head (store) != (uint64_t) good) {
        return 0;
    }
    store_close (&store);
    return good;
}

static void test_failing_disk (void **state)
{
    place_t *place = *state;
    pid_t child = fork ();
    assert_true (child >= 0);
    if (child == 0) {
        execl ("/proc/self/exe", "fails", place->path, (char *) NULL);
        _exit (0);
    }
    int status;
    assert_int_equal (waitpid (child, &status, 0), child);
    assert_true (WIFEXITED (status));
    assert_in_range (WEXITSTATUS (status), 5, 16);
    place_open (place);
    assert_int_equal (store_head (place->store), WEXITSTATUS (status));
    assert_int_equal (place_commit (place, 1), WEXITSTATUS (status) + 1);
}

//  Another process is told BUSY; and a killed one leaves no lock behind, as the test above shows.
static void test_other_process (void **state)
{
    place_t *place = *state;
    place_open (place);
    pid_t child = fork ();
    assert_true (child >= 0);
    if (child == 0) {
        execl ("/proc/self/exe", "busy", place->path, (char *) NULL);
        _exit (1);
    }
    int status;
    assert_int_equal (waitpid (child, &status, 0), child);
    assert_true (WIFEXITED (status));
    assert_int_equal (WEXITSTATUS (status), FEP_BUSY);
}

int main (int argc, char **argv)
{
    if (argc == 3 && strcmp (argv[0], "child") == 0) {
        return s_child (argv[1], atoi (argv[2]));
    }
    if (argc == 2 && strcmp (argv[0], "busy") == 0) {
        store_t *store;
        return (int) place_try (argv[1], true, RESERVE, &store);
    }
    if (argc == 2 && strcmp (argv[0], "fails") == 0) {
        return s_child_fails (argv[1]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (test_kill, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown (test_syncs, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown (test_failing_disk, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown (test_other_process, place_setup, place_teardown),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
