//  Receive window: positions, borrowing, and a long random run against a plain queue.
#include "fep/window.h"
#include "tests/test.h"

#define CAPACITY 16

static int s_new (void **state)
{
    *state = pool_new (CAPACITY, 2);
    return 0;
}

static int s_destroy (void **state)
{
    pool_t *pool = *state;
    assert_int_equal (pool_stats (pool).in_use, 0);
    pool_destroy (&pool);
    return 0;
}

static void s_expect (bytes_t bytes, const char *text)
{
    assert_true (bytes_equal (bytes, bytes_text (text)));
}

static void test_idle_window_holds_nothing (void **state)
{
    pool_t *pool = *state;
    window_t window = {.data = NULL};
    assert_int_equal (window_bytes (&window).size, 0);
    assert_true (window_room (&window) == SIZE_MAX);
    assert_true (window_append (&window, pool, bytes_text ("")));
    window_consume (&window, 0);
    window_release (&window);
    assert_int_equal (pool_stats (pool).high_water, 0);
}

static void test_positions (void **state)
{
    pool_t *pool = *state;
    window_t window = {.data = NULL};
    assert_true (window_append (&window, pool, bytes_text ("abcdef")));
    assert_int_equal (pool_stats (pool).in_use, 1);
    assert_int_equal (window_room (&window), CAPACITY - 6);
    s_expect (window_bytes (&window), "abcdef");
    window_consume (&window, 1);
    s_expect (window_bytes (&window), "bcdef");
    window_consume (&window, 4);
    s_expect (window_bytes (&window), "f");
    window_consume (&window, 1);
    assert_int_equal (pool_stats (pool).in_use, 0);
    assert_null (window.data);
}

static void test_compacts_when_needed (void **state)
{
    pool_t *pool = *state;
    window_t window = {.data = NULL};
    assert_true (window_append (&window, pool, bytes_text ("0123456789abcdef")));
    assert_int_equal (window_room (&window), 0);
    window_consume (&window, 12);
    assert_true (window_append (&window, pool, bytes_text ("ghijklmnopqr")));
    s_expect (window_bytes (&window), "cdefghijklmnopqr");
    window_release (&window);
    window_release (&window);
    assert_int_equal (window_bytes (&window).size, 0);
}

static void test_refuses_beyond_capacity (void **state)
{
    pool_t *pool = *state;
    window_t window = {.data = NULL};
    assert_false (window_append (&window, pool, bytes_text ("0123456789abcdefg")));
    assert_int_equal (pool_stats (pool).in_use, 0);
    assert_true (window_append (&window, pool, bytes_text ("0123456789")));
    assert_false (window_append (&window, pool, bytes_text ("abcdefg")));
    s_expect (window_bytes (&window), "0123456789");
    window_consume (&window, 1);
    assert_true (window_append (&window, pool, bytes_text ("abcdefg")));
    s_expect (window_bytes (&window), "123456789abcdefg");
    window_release (&window);
}

static void test_refuses_when_the_pool_is_empty (void **state)
{
    pool_t *pool = *state;
    window_t windows[3] = {{.data = NULL}};
    assert_true (window_append (&windows[0], pool, bytes_text ("a")));
    assert_true (window_borrow (&windows[1], pool));
    assert_true (window_borrow (&windows[1], pool));
    assert_false (window_append (&windows[2], pool, bytes_text ("c")));
    assert_int_equal (window_bytes (&windows[2]).size, 0);
    assert_int_equal (pool_stats (pool).refusals, 1);
    window_consume (&windows[0], 1);
    assert_true (window_append (&windows[2], pool, bytes_text ("c")));
    window_release (&windows[1]);
    window_release (&windows[2]);
}

//  Bytes come out as they went in, whatever the sizes.
static void test_random_run (void **state)
{
    pool_t *pool = *state;
    window_t window = {.data = NULL};
    uint32_t random = 1;
    uint8_t written = 0;
    uint8_t read = 0;
    size_t pending = 0;
    for (int i = 0; i < 200000; i++) {
        random = random * 1664525u + 1013904223u;
        size_t n = random >> 16 & 15;
        if (random >> 31) {
            uint8_t bytes[16];
            for (size_t k = 0; k < n; k++) {
                bytes[k] = (uint8_t) (written + k);
            }
            bool fits = window_append (&window, pool, bytes_of (bytes, n));
            assert_int_equal (fits, pending + n <= CAPACITY);
            written = (uint8_t) (written + (fits ? n : 0));
            pending += fits ? n : 0;
        } else {
            bytes_t bytes = window_bytes (&window);
            assert_int_equal (bytes.size, pending);
            n = n < pending ? n : pending;
            for (size_t k = 0; k < n; k++) {
                assert_int_equal (bytes.data[k], (uint8_t) (read + k));
            }
            read = (uint8_t) (read + n);
            pending -= n;
            window_consume (&window, n);
        }
        assert_int_equal (pool_stats (pool).in_use, pending > 0);
    }
    window_release (&window);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (test_idle_window_holds_nothing, s_new, s_destroy),
        cmocka_unit_test_setup_teardown (test_positions, s_new, s_destroy),
        cmocka_unit_test_setup_teardown (test_compacts_when_needed, s_new, s_destroy),
        cmocka_unit_test_setup_teardown (test_refuses_beyond_capacity, s_new, s_destroy),
        cmocka_unit_test_setup_teardown (test_refuses_when_the_pool_is_empty, s_new, s_destroy),
        cmocka_unit_test_setup_teardown (test_random_run, s_new, s_destroy),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
