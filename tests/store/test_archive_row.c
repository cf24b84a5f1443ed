//  Rows of the archive: what is put comes back, rows of earlier releases load, single rows are found.
#include "store_test.h"
#include "fep/wire.h"
#include "store/archive_row.h"
#include "store/archive_words.h"

static const measuring_point_t s_points[] = {
    {.terminal = 1, .mp = 1, .meter = "0001"},
    {.terminal = 1,
     .mp = 7,
     .meter = "5",
     .protocol = "modbus_rtu",
     .profile = 3,
     .rated_W = 60000},
    {.terminal = 1, .mp = 65535, .profile = 1024, .state = ARCHIVE_SUSPENDED, .user_type = 1},
};

static const archive_limit_t s_limits[] = {
    {1, 7, 0x10200700, 180, 260.5},
    {1, 7, 0x10210700, -1.25, 1e9},
    {1, 65535, 1, 0, 0},
};

static const terminal_t s_terminal = {.number = 1,
                                      .address = "310100012",
                                      .name = "gate",
                                      .area = 63,
                                      .heartbeat_s = 300,
                                      .groups = 1ull << 63 | 1,
                                      .frame_gap_ms = 20,
                                      .answer_timeout_ms = 1500,
                                      .registration = "IMEI1",
                                      .heartbeat = "\\xFE|ping",
                                      .profile = 2,
                                      .dial = "modbus_tcp@[::1]:502",
                                      .zone = "+05:45",
                                      .state = ARCHIVE_MAINTENANCE,
                                      .sleeps = true,
                                      .vendor = 1,
                                      .line = 1,
                                      .mp_count = 3,
                                      .present = true,
                                      .change = 1ull << 40};

static void s_put (place_t *place, const char *key, size_t key_size, bytes_t value)
{
    row_t row = {FAMILY_ARCHIVE, bytes_of (key, key_size), value};
    CHECK_OK (store_put (place->store, &row, 1));
}

//  With words; the first of their kinds each.
static archive_words_t *s_words;

static archive_entry_t s_entry (void)
{
    uint32_t number;
    if (!s_words) {
        s_words = archive_words_new ();
        CHECK_OK (archive_words_put (s_words, ARCHIVE_VENDOR, bytes_text ("Acme"), &number));
        CHECK_OK (archive_words_put (s_words, ARCHIVE_LINE, bytes_text ("10kV east"), &number));
        CHECK_OK (archive_words_put (s_words, ARCHIVE_USER_TYPE, bytes_text ("shop"), &number));
        assert_int_equal (number, 1);
    }
    return (archive_entry_t){&s_terminal, s_points, 3, s_limits, 3, s_words};
}

static int s_teardown (void **state)
{
    archive_words_destroy (&s_words);
    return place_teardown (state);
}

static int s_setup (void **state)
{
    place_setup (state);
    place_t *place = *state;
    uint8_t memory[1000];
    writer_t out = writer_of (memory, sizeof memory);
    archive_entry_t entry = s_entry ();
    place_open (place);
    archive_row_put (&entry, &out);
    assert_false (out.failed);
    assert_true (out.size <= archive_row_bound (3, 3));
    s_put (place, "\0\0\0\1", 4, writer_bytes (&out));
    const uint8_t first[] = {0x97, 1, 0xA1, 'a', 0xA1, 'A', 5, 60, 0xC3, 0x91, 0x92, 7, 0xA1, 'm'};
    s_put (place, "\0\0\0\2", 4, bytes_of (first, sizeof first));
    return 0;
}

typedef struct {
    int calls;      //  So far
    int end_after;  //  Then the visit gives BUSY
} visits_t;

static fep_err_t s_check (void *arg, const archive_entry_t *entry)
{
    visits_t *visits = arg;
    const terminal_t *terminal = entry->terminal;
    visits->calls++;
    if (terminal->number == 1) {
        assert_memory_equal (terminal, &s_terminal, sizeof s_terminal);
        assert_int_equal (entry->point_count, 3);
        assert_int_equal (entry->limit_count, 3);
        assert_memory_equal (entry->points, s_points, sizeof s_points);
        assert_memory_equal (entry->limits, s_limits, sizeof s_limits);
        assert_string_equal (archive_words_text (entry->words, ARCHIVE_VENDOR, 1), "Acme");
        assert_string_equal (archive_words_text (entry->words, ARCHIVE_LINE, 1), "10kV east");
        assert_string_equal (archive_words_text (entry->words, ARCHIVE_USER_TYPE, 1), "shop");
    } else {
        assert_int_equal (terminal->number, 2);
        assert_string_equal (terminal->address, "a");
        assert_string_equal (terminal->registration, "");
        assert_int_equal (terminal->heartbeat_s, 60);
        assert_true (terminal->groups == 0 && terminal->change == 0 && terminal->present);
        assert_int_equal (entry->point_count, 1);
        assert_string_equal (entry->points[0].meter, "m");
        assert_string_equal (entry->points[0].protocol, "");
        assert_int_equal (entry->limit_count, 0);
    }
    return visits->calls == visits->end_after ? FEP_BUSY : FEP_OK;
}

static void test_each_and_read (void **state)
{
    place_t *place = *state;
    visits_t visits = {0, 0};
    s_put (place, "g\0", 2, bytes_of ("\x92\1\xA1x", 4));
    CHECK_OK (archive_each (place->store, s_check, &visits));
    assert_int_equal (visits.calls, 2);
    visits = (visits_t){0, 1};
    CHECK_ERR (archive_each (place->store, s_check, &visits), FEP_BUSY);
    assert_int_equal (visits.calls, 1);
    visits = (visits_t){0, 0};
    CHECK_OK (archive_read (place->store, 2, s_check, &visits));
    CHECK_OK (archive_read (place->store, 1, s_check, &visits));
    assert_int_equal (visits.calls, 2);
    CHECK_ERR (archive_read (place->store, 3, s_check, &visits), FEP_NOT_FOUND);
    CHECK_ERR (archive_read (place->store, 0, s_check, &visits), FEP_NOT_FOUND);
    s_put (place, "\0\0\0\3", 4, bytes_of ("\x97\1", 2));
    CHECK_ERR (archive_read (place->store, 3, s_check, &visits), FEP_CORRUPT);
    assert_int_equal (visits.calls, 2);
}

static void test_group_names (void **state)
{
    place_t *place = *state;
    char names[ARCHIVE_GROUPS_MAX][ARCHIVE_NAME_MAX + 1];
    memset (names, 'x', sizeof names);
    s_put (place, "g\0", 2,
           bytes_of ("\x92\1\xA5"
                     "first",
                     8));
    s_put (place, "g\x3F", 2,
           bytes_of ("\x93\1\xA4"
                     "last\xC0",
                     8));
    CHECK_OK (archive_group_names (place->store, names));
    assert_string_equal (names[0], "first");
    assert_string_equal (names[63], "last");
    for (size_t i = 1; i < 63; i++) {
        assert_string_equal (names[i], "");
    }
    s_put (place, "g\x40", 2, bytes_of ("\x92\1\xA1x", 4));
    CHECK_ERR (archive_group_names (place->store, names), FEP_CORRUPT);
}

static fep_err_t s_check_earlier (void *arg, const archive_entry_t *entry)
{
    (void) arg;
    assert_string_equal (entry->terminal->zone, "+01");
    assert_true (entry->terminal->state == ARCHIVE_IN_SERVICE && !entry->terminal->sleeps);
    assert_true (entry->terminal->vendor == 0 && entry->terminal->channel == 0 &&
                 entry->terminal->segment == 0 && entry->terminal->line == 0);
    assert_int_equal (entry->points[0].rated_W, 9);
    assert_true (entry->points[0].state == 0 && entry->points[0].user_type == 0);
    return FEP_OK;
}

//  A row as written before there were states and words: 16 fields, points of 6.
static void test_earlier_layout (void **state)
{
    place_t *place = *state;
    uint8_t memory[200];
    writer_t out = writer_of (memory, sizeof memory);
    wire_put_array (&out, 16);
    wire_put_uint (&out, 1);
    wire_put_text (&out, "a");
    wire_put_text (&out, "A");
    wire_put_uint (&out, 5);
    wire_put_uint (&out, 60);
    wire_put_bool (&out, true);
    wire_put_array (&out, 1);
    wire_put_array (&out, 6);
    wire_put_uint (&out, 1);
    wire_put_text (&out, "m");
    wire_put_text (&out, "dlt645");
    wire_put_uint (&out, 0);
    wire_put_uint (&out, 9);
    wire_put_array (&out, 0);
    wire_put_uint (&out, 0);
    wire_put_text (&out, "");
    wire_put_text (&out, "");
    wire_put_uint (&out, 0);
    wire_put_uint (&out, 0);
    wire_put_uint (&out, 7);
    wire_put_uint (&out, 0);
    wire_put_text (&out, "");
    wire_put_text (&out, "+01");
    s_put (place, "\0\0\0\2", 4, writer_bytes (&out));
    CHECK_OK (archive_read (place->store, 2, s_check_earlier, NULL));
}

//  A state that there is not, and more different words than there may be.
static void test_bad_service (void **state)
{
    place_t *place = *state;
    visits_t visits = {0, 0};
    uint8_t memory[1000];
    writer_t out = writer_of (memory, sizeof memory);
    terminal_t terminal = s_terminal;
    archive_entry_t entry = {.terminal = &terminal, .words = s_words};
    terminal.state = ARCHIVE_STATE_COUNT;
    archive_row_put (&entry, &out);
    s_put (place, "\0\0\0\3", 4, writer_bytes (&out));
    CHECK_ERR (archive_read (place->store, 3, s_check, &visits), FEP_CORRUPT);
    uint32_t number;
    CHECK_ERR (archive_words_put (s_words, ARCHIVE_LINE, bytes_of (memory, 64), &number),
               FEP_RANGE);
    for (int i = 1; i < 4095; i++) {
        char text[16];
        snprintf (text, sizeof text, "%d", i);
        CHECK_OK (archive_words_put (s_words, ARCHIVE_LINE, bytes_text (text), &number));
        assert_int_equal (number, i + 1);
    }
    CHECK_ERR (archive_words_put (s_words, ARCHIVE_LINE, bytes_text ("x"), &number), FEP_LIMIT);
    CHECK_OK (archive_words_put (s_words, ARCHIVE_LINE, bytes_text ("10kV east"), &number));
    assert_int_equal (number, 1);
    CHECK_OK (archive_words_put (s_words, ARCHIVE_LINE, bytes_text (""), &number));
    assert_int_equal (number, 0);
}

//  A row that ends early, or holds ranges that are none, is said to be corrupt.
static void test_damaged (void **state)
{
    place_t *place = *state;
    visits_t visits = {0, 0};
    uint8_t memory[1000];
    writer_t out = writer_of (memory, sizeof memory);
    archive_limit_t crossed = {1, 1, 5, 2, 1};
    archive_entry_t entry = {&s_terminal, s_points, 1, &crossed, 1, NULL};
    archive_row_put (&entry, &out);
    s_put (place, "\0\0\0\1", 4, writer_bytes (&out));
    CHECK_ERR (archive_read (place->store, 1, s_check, &visits), FEP_CORRUPT);
    archive_limit_t twice[] = {{1, 1, 5, 1, 2}, {1, 1, 5, 1, 2}};
    entry.limits = twice;
    entry.limit_count = 2;
    out.size = 0;
    archive_row_put (&entry, &out);
    s_put (place, "\0\0\0\1", 4, writer_bytes (&out));
    CHECK_ERR (archive_read (place->store, 1, s_check, &visits), FEP_CORRUPT);
    entry = s_entry ();
    out.size = 0;
    archive_row_put (&entry, &out);
    for (size_t size = 0; size < out.size; size++) {
        s_put (place, "\0\0\0\1", 4, bytes_of (memory, size));
        CHECK_ERR (archive_read (place->store, 1, s_check, &visits), FEP_CORRUPT);
    }
    assert_int_equal (visits.calls, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_each_and_read),  TEST (test_group_names), TEST (test_damaged),
        TEST (test_earlier_layout), TEST (test_bad_service),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
