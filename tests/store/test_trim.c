//  Retention: what trimming drops, keeps, waits for and frees, on a real database.
#include "store_test.h"

static void s_expect_no_frame (place_t *place, uint64_t sequence, uint32_t index)
{
    uint8_t room[64];
    writer_t out = writer_of (room, sizeof room);
    CHECK_ERR (store_frame (place->store, sequence, index, &out), FEP_NOT_FOUND);
    assert_int_equal (out.size, 0);
}

static void test_trim_waits_for_followers (void **state)
{
    place_t *place = *state;
    place_open (place);
    for (int i = 1; i <= 1000; i++) {
        place_commit (place, i);
    }
    uint64_t position;
    CHECK_OK (store_follower (place->store, "history", 40, &position));
    assert_int_equal (position, 40);
    CHECK_OK (store_follower (place->store, "publisher", 700, &position));
    assert_int_equal (position, 700);
    assert_int_equal (place_trim (place, 900), 41);
    CHECK_OK (store_follow (place->store, "history", 800, NULL, 0));
    uint64_t first;
    CHECK_OK (store_trim (place->store, 900, &first));
    assert_int_equal (first, 41 + LIMIT_TRIM);
    assert_int_equal (place_trim (place, 900), 701);
    store_follower_at (place->store, "publisher", 1000);
    assert_int_equal (place_trim (place, 900), 801);
    assert_int_equal (store_first (place->store), 801);
    assert_int_equal (place_trim (place, 100), 801);

    walker_t *walker;
    record_t record;
    CHECK_OK (walker_open (place->store, 1, &walker));
    CHECK_ERR (walker_next (walker, &record), FEP_TRIMMED);
    walker_close (&walker);
    CHECK_OK (walker_open (place->store, 801, &walker));
    CHECK_OK (walker_next (walker, &record));
    assert_int_equal (record.sequence, 801);
    walker_close (&walker);
}

//  A walker in the middle of what is trimmed under it says so, also if its snapshot still had the
//  record.
static void test_trim_under_walker (void **state)
{
    place_t *place = *state;
    place_open (place);
    for (int i = 1; i <= 50; i++) {
        place_commit (place, i);
    }
    walker_t *walker;
    record_t record;
    CHECK_OK (walker_open (place->store, 1, &walker));
    CHECK_OK (walker_next (walker, &record));
    place_trim (place, 20);
    CHECK_ERR (walker_next (walker, &record), FEP_TRIMMED);
    CHECK_ERR (walker_next (walker, &record), FEP_TRIMMED);
    walker_close (&walker);
}

static void test_trim_keeps_frames (void **state)
{
    place_t *place = *state;
    place_open (place);
    for (int i = 1; i <= 30; i++) {
        place_commit (place, i);
    }
    assert_int_equal (place_trim (place, 21), 21);
    for (int round = 0; round < 2; round++) {
        for (uint64_t sequence = 1; sequence <= 30; sequence++) {
            place_expect_frame (place, sequence, 0);
            place_expect_frame (place, sequence, 1);
            s_expect_no_frame (place, sequence, 2);
            s_expect_no_frame (place, sequence, 3);
        }
        s_expect_no_frame (place, 0, 0);
        s_expect_no_frame (place, 31, 0);
        place_open (place);
        assert_int_equal (store_first (place->store), 21);
        assert_int_equal (store_head (place->store), 30);
    }
    uint8_t room[3];
    writer_t out = writer_of (room, sizeof room);
    CHECK_ERR (store_frame (place->store, 10, 0, &out), FEP_FULL);
    CHECK_ERR (store_frame (place->store, 30, 0, &out), FEP_FULL);
    assert_int_equal (out.size, 0);
}

//  The sequence goes on behind a journal that was trimmed empty, also after a restart.
static void test_trim_empty (void **state)
{
    place_t *place = *state;
    place_open (place);
    for (int i = 1; i <= 300; i++) {
        place_commit (place, i);
    }
    assert_int_equal (place_trim (place, UINT64_MAX), 301);
    for (int round = 0; round < 2; round++) {
        assert_int_equal (store_head (place->store), 300);
        assert_int_equal (store_first (place->store), 301);
        walker_t *walker;
        record_t record;
        CHECK_OK (walker_open (place->store, 301, &walker));
        CHECK_ERR (walker_next (walker, &record), FEP_NOT_FOUND);
        walker_close (&walker);
        place_open (place);
    }
    assert_int_equal (place_commit (place, 7), 301);
    place_open (place);
    assert_int_equal (store_head (place->store), 301);
    assert_int_equal (store_first (place->store), 301);
}

static void test_trim_frames (void **state)
{
    place_t *place = *state;
    place_open (place);
    CHECK_OK (store_trim_frames (place->store, INT64_MAX));
    for (int i = 1; i <= 100; i++) {
        place_commit (place, i * 1000);
    }
    place_trim (place, 81);
    CHECK_OK (store_trim_frames (place->store, 0));
    place_expect_frame (place, 1, 0);
    CHECK_OK (store_trim_frames (place->store, 50000));
    for (int round = 0; round < 2; round++) {
        for (uint64_t sequence = 1; sequence < 50; sequence++) {
            s_expect_no_frame (place, sequence, 0);
        }
        for (uint64_t sequence = 50; sequence <= 100; sequence++) {
            place_expect_frame (place, sequence, 1);
        }
        place_open (place);
    }
    CHECK_OK (store_trim_frames (place->store, INT64_MAX));
    s_expect_no_frame (place, 80, 0);
    place_expect_frame (place, 81, 0);
    place_trim (place, 91);
    place_expect_frame (place, 81, 0);
    place_expect_frame (place, 90, 1);
}

//  A record whose batches are no batches is dropped without its frames; it must not hold trimming
//  up.
static void test_trim_passes_nonsense (void **state)
{
    place_t *place = *state;
    place_open (place);
    place_commit (place, 1);
    const bytes_t nonsense = bytes_text ("\xC1 no batch");
    uint64_t sequence;
    CHECK_OK (store_commit (place->store, &nonsense, 1, 2, &sequence));
    place_commit (place, 3);
    uint8_t room[16];
    writer_t out = writer_of (room, sizeof room);
    assert_int_not_equal (store_frame (place->store, 2, 0, &out), FEP_OK);
    assert_int_equal (place_trim (place, 4), 4);
    place_expect_frame (place, 1, 0);
    s_expect_no_frame (place, 2, 0);
    place_expect_frame (place, 3, 1);
}

//  What is trimmed leaves the disk, file by file.
static void test_trim_frees_files (void **state)
{
    place_t *place = *state;
    place_open (place);
    bytes_t block = bytes_of (place->bytes, place->size);
    uint32_t noise = 1;
    for (size_t i = 0; i < place->size; i++) {
        noise = noise * 1664525u + 1013904223u;
        place->bytes[i] = (uint8_t) (noise >> 24);
    }
    place->bytes[0] = 0xC1;
    uint64_t sequence;
    for (int i = 0; i < 200; i++) {
        CHECK_OK (store_commit (place->store, &block, 1, i, &sequence));
    }
    store_stats_t stats;
    store_stats (place->store, &stats);
    assert_in_range (stats.journal_bytes, 190u << 20, 230u << 20);
    place_trim (place, 101);
    store_stats (place->store, &stats);
    assert_in_range (stats.journal_bytes, 90u << 20, 120u << 20);
    place_open (place);
    place_trim (place, UINT64_MAX);
    int64_t deadline_ms = clock_mono_ms () + 20000;
    uint64_t used;
    do {
        char command[200];
        snprintf (command, sizeof command,
                  "du -sm --apparent-size %s/*.sst 2>/dev/null | "
                  "awk '{n += $1} END {print n + 0}'",
                  place->path);
        FILE *pipe = popen (command, "r");
        assert_non_null (pipe);
        unsigned long megabytes = 999;
        assert_int_equal (fscanf (pipe, "%lu", &megabytes), 1);
        pclose (pipe);
        used = megabytes;
        place_commit (place, 1);
        place_trim (place, UINT64_MAX);
    } while (used > 10 && clock_mono_ms () < deadline_ms);
    assert_in_range (used, 0, 10);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, place_setup, place_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_trim_waits_for_followers),
        TEST (test_trim_under_walker),
        TEST (test_trim_keeps_frames),
        TEST (test_trim_empty),
        TEST (test_trim_frames),
        TEST (test_trim_passes_nonsense),
        TEST (test_trim_frees_files),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
