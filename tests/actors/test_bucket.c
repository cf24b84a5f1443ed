//  How often something may happen.
#include "tests/test.h"
#include "actors/bucket.h"

#define NOW_MS 1000000

static unsigned s_take_all (bucket_t *bucket, uint64_t per_s, int64_t now_ms)
{
    unsigned taken = 0;
    while (taken < 10000 && bucket_take (bucket, per_s, now_ms)) {
        taken++;
    }
    return taken;
}

static void test_begins_full (void **state)
{
    (void) state;
    bucket_t bucket = {0};
    assert_int_equal (s_take_all (&bucket, 200, NOW_MS), 200);
    assert_int_equal (s_take_all (&bucket, 200, NOW_MS), 0);
    bucket = (bucket_t){0};
    assert_int_equal (s_take_all (&bucket, 200, 0), 200);
}

static void test_fills_with_time (void **state)
{
    (void) state;
    bucket_t bucket = {0};
    assert_int_equal (s_take_all (&bucket, 200, NOW_MS), 200);
    //  One each 5 ms; what is less than one is not lost.
    assert_int_equal (s_take_all (&bucket, 200, NOW_MS + 4), 0);
    assert_int_equal (s_take_all (&bucket, 200, NOW_MS + 5), 1);
    assert_int_equal (s_take_all (&bucket, 200, NOW_MS + 12), 1);
    assert_int_equal (s_take_all (&bucket, 200, NOW_MS + 15), 1);
    assert_int_equal (s_take_all (&bucket, 200, NOW_MS + 515), 100);
    //  A second's worth, however long nobody came.
    assert_int_equal (s_take_all (&bucket, 200, NOW_MS + 1000000), 200);
    assert_int_equal (s_take_all (&bucket, 200, NOW_MS + 1000000 + ((int64_t) 1 << 50)), 200);
}

static void test_steady (void **state)
{
    (void) state;
    static const uint64_t rates[] = {1, 3, 7, 999, 1000, 2000, 1000000};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        bucket_t bucket = {0};
        uint64_t taken = 0;
        for (int64_t ms = 0; ms <= 10000; ms += 10) {
            for (int n = 0; n < 20; n++) {
                taken += bucket_take (&bucket, rates[i], NOW_MS + ms);
            }
        }
        uint64_t most = rates[i] * 11;
        //  20 tries each 10 ms, of which there are 1001.
        assert_int_equal (taken, most < 20 * 1001 ? most : 20 * 1001);
    }
}

static void test_rate_changes (void **state)
{
    (void) state;
    bucket_t bucket = {0};
    assert_int_equal (s_take_all (&bucket, 100, NOW_MS), 100);
    //  Those taken stay taken: lowered, it gives none until they are given back; raised, the rest at once.
    assert_int_equal (s_take_all (&bucket, 10, NOW_MS + 10), 0);
    assert_int_equal (s_take_all (&bucket, 150, NOW_MS + 10), 50);
    assert_int_equal (s_take_all (&bucket, 0, NOW_MS + 10), 10000);
    assert_int_equal (s_take_all (&bucket, 150, NOW_MS + 10), 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_begins_full), cmocka_unit_test (test_fills_with_time),
        cmocka_unit_test (test_steady), cmocka_unit_test (test_rate_changes)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
