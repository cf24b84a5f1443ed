//  Record headers, the frames inside records, and how far a trim may go. No database.
#include "store_test.h"
#include "store/journal.h"

static void test_record (void **state)
{
    (void) state;
    uint8_t value[JOURNAL_HEAD_SIZE + 3];
    journal_head (-2, value);
    memcpy (value + JOURNAL_HEAD_SIZE, "abc", 3);
    const uint8_t expected[] = {1, 255, 255, 255, 255, 255, 255, 255, 254, 'a', 'b', 'c'};
    assert_memory_equal (value, expected, sizeof expected);
    record_t record;
    CHECK_OK (journal_record (9, bytes_of (value, sizeof value), &record));
    assert_int_equal (record.sequence, 9);
    assert_int_equal (record.wall_ms, -2);
    assert_true (bytes_equal (record.batches, bytes_text ("abc")));

    for (size_t size = 0; size < JOURNAL_HEAD_SIZE; size++) {
        CHECK_ERR (journal_record (9, bytes_of (value, size), &record), FEP_CORRUPT);
    }
    CHECK_OK (journal_record (9, bytes_of (value, JOURNAL_HEAD_SIZE), &record));
    assert_int_equal (record.batches.size, 0);
    value[0] = 2;
    CHECK_ERR (journal_record (9, bytes_of (value, sizeof value), &record), FEP_VERSION);
}

typedef struct {
    char text[200];    //  "index=raw " of each visit
    uint32_t stop_at;  //  Index that ends the walk
} visits_t;

static fep_err_t s_visit (void *arg, uint32_t index, bytes_t raw)
{
    visits_t *self = arg;
    size_t used = strlen (self->text);
    snprintf (self->text + used, sizeof self->text - used, "%u=%.*s ", index, (int) raw.size,
              (const char *) raw.data);
    return index == self->stop_at ? FEP_REFUSED : FEP_OK;
}

//  Two batches, of four and of two messages: indexes go on through the second.
static void test_frames (void **state)
{
    place_t *place = *state;
    writer_t out = writer_of (place->bytes, place->size);
    place_pack (5, 4, &out);
    place_pack (6, 2, &out);
    visits_t visits = {"", 99};
    CHECK_OK (journal_frames (writer_bytes (&out), s_visit, &visits));
    assert_string_equal (visits.text, "0=5.0 1=5.1 3=5.3 4=6.0 5=6.1 ");

    visits_t stopped = {"", 1};
    CHECK_ERR (journal_frames (writer_bytes (&out), s_visit, &stopped), FEP_REFUSED);
    assert_string_equal (stopped.text, "0=5.0 1=5.1 ");
}

static void test_frame_by_index (void **state)
{
    place_t *place = *state;
    writer_t out = writer_of (place->bytes, place->size);
    place_pack (5, 4, &out);
    place_pack (6, 2, &out);
    const char *expected[] = {"5.0", "5.1", NULL, "5.3", "6.0", "6.1", NULL};
    for (uint32_t i = 0; i < 7; i++) {
        bytes_t raw;
        fep_err_t error = journal_frame (writer_bytes (&out), i, &raw);
        if (expected[i]) {
            CHECK_OK (error);
            assert_true (bytes_equal (raw, bytes_text (expected[i])));
        } else {
            CHECK_ERR (error, FEP_NOT_FOUND);
        }
    }
}

//  Every cut of a record either ends at a batch border or is an error; it never reads beyond.
static void test_cut_records (void **state)
{
    place_t *place = *state;
    writer_t out = writer_of (place->bytes, place->size);
    size_t border = place_pack (5, 2, &out).size;
    place_pack (6, 2, &out);
    for (size_t size = 1; size < out.size; size++) {
        uint8_t *exact = malloc (size);
        memcpy (exact, out.data, size);
        visits_t visits = {"", 99};
        fep_err_t error = journal_frames (bytes_of (exact, size), s_visit, &visits);
        assert_int_equal (error == FEP_OK, size == border);
        free (exact);
    }
}

static void test_frame_value (void **state)
{
    (void) state;
    uint8_t value[JOURNAL_FRAME_HEAD_SIZE + 2] = {0};
    journal_frame_head (1234567890123, value);
    value[8] = 'h';
    value[9] = 'i';
    int64_t wall_ms;
    bytes_t raw;
    CHECK_OK (journal_frame_value (bytes_of (value, sizeof value), &wall_ms, &raw));
    assert_true (wall_ms == 1234567890123);
    assert_true (bytes_equal (raw, bytes_text ("hi")));
    CHECK_ERR (journal_frame_value (bytes_of (value, 7), &wall_ms, &raw), FEP_CORRUPT);
}

static void test_trim_end (void **state)
{
    (void) state;
    const struct {
        uint64_t first;    //  Where the journal begins
        uint64_t before;   //  As asked
        uint64_t head;     //  Where it ends
        uint64_t slowest;  //  Follower
        uint64_t end;      //  Expected
    } cases[] = {
        {1, 50, 100, 80, 50},                         //  As asked
        {1, 90, 100, 80, 81},                         //  Not what a follower still needs
        {1, 200, 100, UINT64_MAX, 101},               //  Not beyond the head
        {1, 101, 100, UINT64_MAX, 101},               //  All of it
        {1, 5000, 4000, UINT64_MAX, 1 + LIMIT_TRIM},  //  Not too much at once
        {60, 50, 100, UINT64_MAX, 60},                //  Never back
        {60, 90, 100, 10, 60},                        //  A follower far behind
        {1, 0, 0, UINT64_MAX, 1},                     //  Empty
        {101, UINT64_MAX, 100, UINT64_MAX, 101},      //  Trimmed empty
        {1, UINT64_MAX, 100, 0, 1},                   //  A follower that has finished nothing
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t end =
            journal_trim_end (cases[i].first, cases[i].before, cases[i].head, cases[i].slowest);
        assert_int_equal (end, cases[i].end);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_record),
        cmocka_unit_test_setup_teardown (test_frames, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown (test_frame_by_index, place_setup, place_teardown),
        cmocka_unit_test_setup_teardown (test_cut_records, place_setup, place_teardown),
        cmocka_unit_test (test_frame_value),
        cmocka_unit_test (test_trim_end),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
