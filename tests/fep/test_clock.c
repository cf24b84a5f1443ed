//  Calendar arithmetic against the C library, and the texts.
#include "fep/clock.h"
#include "tests/test.h"
#include <string.h>
#include <time.h>

static int s_reset (void **state)
{
    (void) state;
    clock_set_offset_min (CLOCK_OFFSET_DEFAULT_MIN);
    return 0;
}

static int64_t s_ms (int year, int month, int day, int hour, int minute, int second)
{
    int64_t utc_ms = -1;
    clock_civil_t civil = {year, month, day, hour, minute, second};
    assert_true (clock_from_civil (&civil, &utc_ms));
    return utc_ms;
}

//  Every day from 1970 to 9999, at an hour that changes.
static void test_agrees_with_the_library (void **state)
{
    (void) state;
    clock_set_offset_min (0);
    int64_t last_s = s_ms (9999, 12, 31, 23, 59, 59) / 1000;
    for (int64_t s = 0; s <= last_s; s += 86400 + 7) {
        time_t when = (time_t) s;
        struct tm tm;
        assert_non_null (gmtime_r (&when, &tm));
        clock_civil_t civil;
        clock_to_civil (s * 1000 + 999, &civil);
        if (civil.year != tm.tm_year + 1900 || civil.month != tm.tm_mon + 1 ||
            civil.day != tm.tm_mday || civil.hour != tm.tm_hour || civil.minute != tm.tm_min ||
            civil.second != tm.tm_sec) {
            fail_msg ("second %lld", (long long) s);
        }
        int64_t back = -1;
        assert_true (clock_from_civil (&civil, &back));
        assert_true (back == s * 1000);
    }
}

static void test_local_time (void **state)
{
    (void) state;
    assert_true (s_ms (1970, 1, 1, 8, 0, 0) == 0);
    assert_true (s_ms (1970, 1, 1, 0, 0, 0) == -8 * 3600000);
    assert_true (s_ms (2026, 11, 21, 11, 8, 36) == 1795230516000);
    clock_civil_t civil;
    clock_to_civil (-1, &civil);
    assert_int_equal (civil.year, 1970);
    assert_int_equal (civil.hour, 7);
    assert_int_equal (civil.second, 59);
    clock_set_offset_min (-210);
    assert_int_equal (clock_offset_min (), -210);
    assert_true (s_ms (1970, 1, 1, 0, 0, 0) == 210 * 60000);
}

static void test_refuses_what_is_no_date (void **state)
{
    (void) state;
    static const clock_civil_t wrong[] = {
        {1969, 12, 31, 23, 59, 59}, {10000, 1, 1, 0, 0, 0}, {2026, 0, 1, 0, 0, 0},
        {2026, 13, 1, 0, 0, 0},     {2026, 1, 0, 0, 0, 0},  {2026, 1, 32, 0, 0, 0},
        {2026, 2, 29, 0, 0, 0},     {2026, 2, 31, 0, 0, 0}, {2026, 4, 31, 0, 0, 0},
        {2100, 2, 29, 0, 0, 0},     {2026, 1, 1, 24, 0, 0}, {2026, 1, 1, -1, 0, 0},
        {2026, 1, 1, 0, 60, 0},     {2026, 1, 1, 0, -1, 0}, {2026, 1, 1, 0, 0, 60},
        {2026, 1, 1, 0, 0, -1},     {2026, -1, 1, 0, 0, 0}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int64_t utc_ms = 42;
        assert_false (clock_from_civil (&wrong[i], &utc_ms));
        assert_true (utc_ms == 42);
    }
    s_ms (2024, 2, 29, 0, 0, 0);
    s_ms (2000, 2, 29, 23, 59, 59);
}

static void test_texts (void **state)
{
    (void) state;
    char text[40];
    int64_t now_ms = s_ms (2026, 11, 21, 11, 8, 36) + 123;
    clock_local_text (now_ms, text, sizeof text);
    assert_string_equal (text, "2026-11-21T11:08:36.123+08:00");
    clock_utc_text (now_ms, text, sizeof text);
    assert_string_equal (text, "2026-11-21T03:08:36.123Z");
    clock_utc_text (-1, text, sizeof text);
    assert_string_equal (text, "1969-12-31T23:59:59.999Z");
    clock_set_offset_min (-210);
    clock_local_text (0, text, sizeof text);
    assert_string_equal (text, "1969-12-31T20:30:00.000-03:30");
    clock_utc_text (0, text, 5);
    assert_string_equal (text, "1970");
}

//  Instants come from bytes too: any of them has a text that ends.
static void test_any_instant_has_a_text (void **state)
{
    (void) state;
    static const int64_t ends[] = {INT64_MIN, INT64_MIN + 1, INT64_MAX, INT64_MAX - 1};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        char text[40];
        memset (text, 'x', sizeof text);
        clock_local_text (ends[i], text, sizeof text);
        assert_non_null (memchr (text, 0, sizeof text));
        clock_utc_text (ends[i], text, sizeof text);
        assert_int_equal (text[strlen (text) - 1], 'Z');
    }
}

static void test_clocks_run (void **state)
{
    (void) state;
    int64_t us = clock_mono_us ();
    int64_t ms = clock_mono_ms ();
    assert_true (ms >= us / 1000);
    assert_true (clock_mono_us () >= ms * 1000);
    int64_t before_s = (int64_t) time (NULL);
    int64_t wall_ms = clock_wall_ms ();
    int64_t after_s = (int64_t) time (NULL);
    assert_true (wall_ms / 1000 >= before_s - 1 && wall_ms / 1000 <= after_s + 1);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup (test_agrees_with_the_library, s_reset),
        cmocka_unit_test_setup (test_local_time, s_reset),
        cmocka_unit_test_setup (test_refuses_what_is_no_date, s_reset),
        cmocka_unit_test_setup (test_texts, s_reset),
        cmocka_unit_test_setup (test_any_instant_has_a_text, s_reset),
        cmocka_unit_test_setup (test_clocks_run, s_reset),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
