//  The heap of instants: in order, however it was filled.
#include "tests/test.h"
#include "actors/timers.h"

static void test_order (void **state)
{
    (void) state;
    timers_t timers = {0};
    timer_entry_t entry;
    uint32_t random = 12345;
    assert_int_equal (timers_next_ms (&timers), INT64_MAX);
    assert_false (timers_take (&timers, INT64_MAX, &entry));
    for (uint64_t i = 0; i < 5000; i++) {
        random = random * 1664525 + 1013904223;
        timers_put (&timers, (timer_entry_t){random >> 20, i, i});
    }
    int64_t last = 0;
    size_t taken = 0;
    while (timers_take (&timers, 2000, &entry)) {
        assert_true (entry.at_ms >= last && entry.at_ms <= 2000 && entry.a == entry.b);
        last = entry.at_ms;
        taken++;
        //  Put back later: it is not lost, nor in anybody's way.
        if (taken % 7 == 0) {
            timers_put (&timers, (timer_entry_t){entry.at_ms + 5000, entry.a, entry.b});
        }
    }
    assert_true (timers_next_ms (&timers) > 2000 && taken > 2000);
    while (timers_take (&timers, INT64_MAX, &entry)) {
        assert_true (entry.at_ms >= last);
        last = entry.at_ms;
        taken++;
    }
    assert_true (taken > 5000 && timers.count == 0);
    timers_fini (&timers);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_order)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
