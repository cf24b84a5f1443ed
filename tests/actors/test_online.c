//  The online bitmap: slots of the local clock, days that turn, what is to be saved.
#include "tests/test.h"
#include "actors/online.h"
#include <stdlib.h>
#include <string.h>

#define OFFSET_MIN 480
#define DAY 20779                                          //  2026-11-22
#define MIDNIGHT_MS ((int64_t) DAY * 86400000 - 28800000)  //  Of that day, local
#define ROWS 64

static online_at_t s_at (uint16_t day, uint16_t slot)
{
    return (online_at_t){day, slot};
}

static void s_expect_at (int64_t wall_ms, int offset_min, unsigned day, unsigned slot)
{
    online_at_t at = online_at (wall_ms, offset_min);
    assert_int_equal (at.day, day);
    assert_int_equal (at.slot, slot);
    assert_true (online_slot_ms (at, offset_min) <= wall_ms);
    assert_true (online_slot_ms (at, offset_min) + ONLINE_SLOT_MS > wall_ms);
}

static void test_slots (void **state)
{
    (void) state;
    s_expect_at (MIDNIGHT_MS, OFFSET_MIN, DAY, 0);
    s_expect_at (MIDNIGHT_MS - 1, OFFSET_MIN, DAY - 1, 287);
    s_expect_at (MIDNIGHT_MS + 299999, OFFSET_MIN, DAY, 0);
    s_expect_at (MIDNIGHT_MS + 300000, OFFSET_MIN, DAY, 1);
    s_expect_at (MIDNIGHT_MS + 86399999, OFFSET_MIN, DAY, 287);
    s_expect_at (MIDNIGHT_MS, 0, DAY - 1, 192);
    s_expect_at (MIDNIGHT_MS, -300, DAY - 1, 132);
    s_expect_at (0, 0, 0, 0);
}

//  The offset grows by an hour at 02:00 (slots 24 to 35 never are) and shrinks at 03:00 (they are twice).
static void test_days_of_other_lengths (void **state)
{
    (void) state;
    int64_t two_ms = MIDNIGHT_MS + 7200000;
    online_t *online = online_new ();
    uint8_t bits[ONLINE_BYTES];
    for (int64_t ms = MIDNIGHT_MS; ms < MIDNIGHT_MS + 82800000; ms += ONLINE_SLOT_MS) {
        online_set (online, 1, online_at (ms, ms < two_ms ? OFFSET_MIN : OFFSET_MIN + 60));
    }
    assert_true (online_get (online, 1, DAY, bits));
    assert_int_equal (online_count (bits), ONLINE_SLOTS - 12);
    assert_int_equal (bits[24 / 8] | (bits[35 / 8] & 0x0F), 0);
    int64_t three_ms = MIDNIGHT_MS + 10800000;
    unsigned steps = 0;
    for (int64_t ms = MIDNIGHT_MS; ms < MIDNIGHT_MS + 90000000; ms += ONLINE_SLOT_MS) {
        online_set (online, 2, online_at (ms, ms < three_ms ? OFFSET_MIN : OFFSET_MIN - 60));
        steps++;
    }
    assert_int_equal (steps, 300);
    assert_true (online_get (online, 2, DAY, bits));
    assert_int_equal (online_count (bits), ONLINE_SLOTS);
    online_destroy (&online);
}

static void test_bits (void **state)
{
    (void) state;
    online_t *online = online_new ();
    uint8_t bits[ONLINE_BYTES];
    assert_false (online_get (online, 5, DAY, bits));
    assert_int_equal (online_last (bits), -1);
    online_set (online, 5, s_at (DAY, 0));
    online_set (online, 5, s_at (DAY, 9));
    online_set (online, 5, s_at (DAY, 287));
    online_set (online, 300000, s_at (DAY, 100));
    assert_true (online_get (online, 5, DAY, bits));
    assert_int_equal (bits[0], 1);
    assert_int_equal (bits[1], 2);
    assert_int_equal (bits[35], 0x80);
    assert_int_equal (online_count (bits), 3);
    assert_int_equal (online_last (bits), 287);
    assert_false (online_get (online, 6, DAY, bits));
    assert_int_equal (online_count (bits), 0);
    assert_false (online_get (online, 5, DAY + 1, bits));
    assert_true (online_size (online) > 300000);
    online_destroy (&online);
    online_destroy (&online);
}

//  All that is unsaved below the size, in steps of `count` numbers.
static size_t s_collect (online_t *online, uint32_t count, size_t max, online_row_t *rows)
{
    size_t used = 0;
    for (uint32_t next = 0; next < online_size (online);) {
        used += online_collect (online, next, count, rows + used, max, &next);
        assert_true (used <= ROWS);
    }
    return used;
}

static void test_collect (void **state)
{
    (void) state;
    online_t *online = online_new ();
    online_row_t rows[ROWS];
    for (uint32_t number = 1; number <= 40; number++) {
        online_set (online, number * 100, s_at (DAY, 3));
    }
    assert_int_equal (s_collect (online, 1000, 7, rows), 40);
    const uint8_t key[] = {DAY >> 8, DAY & 255, 0, 0, 0, 100};
    assert_memory_equal (rows[0].key, key, sizeof key);
    assert_int_equal (rows[0].bits[0], 8);
    assert_int_equal (s_collect (online, 1000, 7, rows), 0);
    //  The same bit again is no change; another one is.
    online_set (online, 200, s_at (DAY, 3));
    assert_int_equal (s_collect (online, 1000, 7, rows), 0);
    online_set (online, 200, s_at (DAY, 4));
    assert_int_equal (s_collect (online, 1000, 7, rows), 1);
    assert_int_equal (rows[0].bits[0], 24);
    assert_true (online_again (online, &rows[0]));
    assert_int_equal (s_collect (online, 1000, 7, rows), 1);
    online_destroy (&online);
}

//  Yesterday's unsaved rows are collected; what was saved is not again.
static void test_midnight (void **state)
{
    (void) state;
    online_t *online = online_new ();
    online_row_t rows[ROWS];
    uint8_t bits[ONLINE_BYTES];
    online_set (online, 1, s_at (DAY, 287));
    online_set (online, 2, s_at (DAY, 286));
    assert_int_equal (s_collect (online, 1000, 7, rows), 2);
    online_set (online, 1, s_at (DAY, 1));
    online_set (online, 1, s_at (DAY + 1, 0));
    online_set (online, 2, s_at (DAY + 1, 0));
    assert_true (online_get (online, 1, DAY + 1, bits));
    assert_int_equal (online_count (bits), 1);
    assert_int_equal (s_collect (online, 1000, 7, rows), 3);
    assert_int_equal (online_count (rows[0].bits), 2);
    assert_int_equal (rows[0].key[1], DAY & 255);
    assert_int_equal (rows[1].key[1], (DAY + 1) & 255);
    assert_false (online_again (online, &rows[0]));
    assert_int_equal (s_collect (online, 1000, 7, rows), 0);
    online_destroy (&online);
}

static void test_load (void **state)
{
    (void) state;
    online_t *online = online_new ();
    online_row_t rows[ROWS];
    uint8_t key[ONLINE_KEY_SIZE], bits[ONLINE_BYTES] = {0x0F};
    online_set (online, 9, s_at (DAY, 7));
    online_key (DAY, 9, key);
    online_load (online, key, bits);
    online_key (DAY, 10, key);
    online_load (online, key, bits);
    assert_true (online_get (online, 9, DAY, bits));
    assert_int_equal (bits[0], 0x8F);
    assert_true (online_get (online, 10, DAY, bits));
    assert_int_equal (bits[0], 0x0F);
    assert_int_equal (s_collect (online, 1000, 7, rows), 1);
    assert_int_equal (rows[0].bits[0], 0x8F);
    online_destroy (&online);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_slots),    cmocka_unit_test (test_days_of_other_lengths),
        cmocka_unit_test (test_bits),     cmocka_unit_test (test_collect),
        cmocka_unit_test (test_midnight), cmocka_unit_test (test_load),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
