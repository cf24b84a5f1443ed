//  Counters: names, sums from several threads, the histogram of commits.
#include "fep/metrics.h"
#include "tests/test.h"
#include <pthread.h>
#include <string.h>

static void test_add_set_get (void **state)
{
    (void) state;
    assert_int_equal (metric_get (METRIC_sessions_online), 0);
    metric_add (METRIC_sessions_online, 5);
    metric_add (METRIC_sessions_online, -2);
    assert_int_equal (metric_get (METRIC_sessions_online), 3);
    metric_set (METRIC_sessions_online, 77);
    assert_int_equal (metric_get (METRIC_sessions_online), 77);
    assert_int_equal (metric_get (METRIC_sessions_fresh), 0);
    assert_string_equal (metric_name (METRIC_sessions_online), "sessions_online");
    assert_string_equal (metric_meaning (METRIC_sessions_online), "sessions admitted and open");
}

static void *s_count (void *argument)
{
    for (int i = 0; i < 20000; i++) {
        metric_add (METRIC_frames_received, 1);
        metric_refused (FEP_CHECKSUM);
    }
    return argument;
}

static void test_threads_lose_nothing (void **state)
{
    (void) state;
    int64_t refused = metric_get (METRIC_frames_refused);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        assert_int_equal (pthread_create (&threads[i], NULL, s_count, NULL), 0);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal (pthread_join (threads[i], NULL), 0);
    }
    assert_int_equal (metric_get (METRIC_frames_received), 80000);
    assert_int_equal (metric_refused_get (FEP_CHECKSUM), 80000);
    assert_int_equal (metric_get (METRIC_frames_refused), refused + 80000);
}

//  Runs before anything else is counted.
static void test_quantiles (void **state)
{
    (void) state;
    assert_int_equal (metric_commit_quantile_us (0.5), 0);
    metric_commit_us (0);
    assert_int_equal (metric_commit_quantile_us (0.0), 1);
    assert_int_equal (metric_commit_quantile_us (1.0), 1);
    for (int i = 0; i < 49; i++) {
        metric_commit_us (1);
    }
    for (int i = 0; i < 49; i++) {
        metric_commit_us (i % 2 ? 513 : 1024);
    }
    metric_commit_us (1025);
    assert_int_equal (metric_commit_quantile_us (0.5), 1);
    assert_int_equal (metric_commit_quantile_us (0.51), 1024);
    assert_int_equal (metric_commit_quantile_us (0.99), 1024);
    assert_int_equal (metric_commit_quantile_us (1.0), 2048);
    metric_commit_us (-5);
    metric_commit_us (INT64_MAX);
    assert_true (metric_commit_quantile_us (1.0) >= (int64_t) 1 << 40);
    assert_int_equal (metric_commit_quantile_us (0.0), 1);
}

static void test_wire_forms (void **state)
{
    (void) state;
    static uint8_t memory[8192];
    metric_set (METRIC_identities, 4711);
    metric_refused (FEP_IMPLAUSIBLE);
    writer_t out = writer_of (memory, sizeof memory);
    metrics_wire (&out);
    assert_false (out.failed);
    bytes_t map = writer_bytes (&out);
    assert_int_equal (wire_find_int (map, "identities", -1), 4711);
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        assert_int_equal (wire_find_int (map, metric_name ((metric_t) i), -1),
                          metric_get ((metric_t) i));
    }
    reader_t in = reader_of (map);
    assert_int_equal (wire_get_map (&in), METRIC_COUNT);
    out = writer_of (memory, sizeof memory);
    metrics_refused_wire (&out);
    assert_false (out.failed);
    assert_int_equal (wire_find_int (writer_bytes (&out), "IMPLAUSIBLE", -1), 1);
    assert_int_equal (wire_find_int (writer_bytes (&out), "SEQUENCE", -1), -1);
}

static void test_names_are_unique (void **state)
{
    (void) state;
    for (unsigned i = 0; i < METRIC_COUNT; i++) {
        assert_true (strlen (metric_meaning ((metric_t) i)) > 0);
        for (unsigned k = 0; k < i; k++) {
            assert_string_not_equal (metric_name ((metric_t) i), metric_name ((metric_t) k));
        }
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_quantiles),
        cmocka_unit_test (test_add_set_get),
        cmocka_unit_test (test_threads_lose_nothing),
        cmocka_unit_test (test_wire_forms),
        cmocka_unit_test (test_names_are_unique),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
