//  Zones against the C library, hour by hour over years with days of 23 and 25 hours; and what is refused.
#include "fep/zone.h"
#include "tests/test.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char *const s_texts[] = {"CET-1CEST,M3.5.0,M10.5.0/3", "EST5EDT,M3.2.0,M11.1.0",
                                      "<-03>3<-02>,M10.1.0/0,M2.3.0/0",
                                      "AEST-10AEDT,M10.1.0,M4.1.0/3", "<+0545>-5:45"};

static void s_agree (const char *text)
{
    zone_t zone;
    CHECK_OK (zone_parse (text, &zone));
    setenv ("TZ", text, 1);
    tzset ();
    for (int64_t s = 1767225600; s < 1767225600 + 3 * 366 * 86400; s += 1800) {
        time_t when = (time_t) s;
        struct tm tm;
        clock_civil_t civil;
        int64_t earlier = 0, later = 0;
        assert_non_null (localtime_r (&when, &tm));
        assert_int_equal (zone_civil (&zone, s * 1000 + 7, &civil), tm.tm_isdst > 0);
        assert_true (civil.year == tm.tm_year + 1900 && civil.month == tm.tm_mon + 1 &&
                     civil.day == tm.tm_mday && civil.hour == tm.tm_hour &&
                     civil.minute == tm.tm_min && civil.second == tm.tm_sec);
        assert_int_equal (zone_weekday (civil.year, civil.month, civil.day), tm.tm_wday);
        assert_true (zone_utc (&zone, &civil, ZONE_EARLIER, &earlier) &&
                     zone_utc (&zone, &civil, ZONE_LATER, &later));
        assert_true (earlier == s * 1000 || later == s * 1000);
        assert_true (later - earlier == 0 || later - earlier == 3600000);
    }
}

static void test_agrees_with_the_library (void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof s_texts / sizeof *s_texts; i++) {
        s_agree (s_texts[i]);
    }
}

static int64_t s_day_ms (const zone_t *zone, int month, int day)
{
    int64_t from, to;
    clock_civil_t civil = {2026, month, day, 0, 0, 0};
    assert_true (zone_utc (zone, &civil, ZONE_EARLIER, &from));
    zone_next_day (&civil);
    assert_true (zone_utc (zone, &civil, ZONE_EARLIER, &to));
    return to - from;
}

static void s_behind (clock_civil_t day, int year, int month, int next)
{
    zone_next_day (&day);
    assert_int_equal (day.year, year);
    assert_int_equal (day.month, month);
    assert_int_equal (day.day, next);
}

static void test_next_day (void **state)
{
    (void) state;
    s_behind ((clock_civil_t){2026, 2, 28, 0, 0, 0}, 2026, 3, 1);
    s_behind ((clock_civil_t){2028, 2, 28, 23, 59, 59}, 2028, 2, 29);
    s_behind ((clock_civil_t){2028, 2, 29, 0, 0, 0}, 2028, 3, 1);
    s_behind ((clock_civil_t){2026, 4, 30, 0, 0, 0}, 2026, 5, 1);
    s_behind ((clock_civil_t){2026, 12, 31, 0, 0, 0}, 2027, 1, 1);
    //  No day: as it was.
    s_behind ((clock_civil_t){2026, 2, 30, 0, 0, 0}, 2026, 2, 30);
}

static void test_days (void **state)
{
    (void) state;
    zone_t zone;
    CHECK_OK (zone_parse ("CET-1CEST,M3.5.0,M10.5.0/3", &zone));
    assert_int_equal (s_day_ms (&zone, 3, 29), 23 * 3600000);
    assert_int_equal (s_day_ms (&zone, 10, 25), 25 * 3600000);
    assert_int_equal (s_day_ms (&zone, 12, 31), 24 * 3600000);
    assert_int_equal (s_day_ms (NULL, 10, 25), 24 * 3600000);
    //  Leapt over: standard time.
    int64_t utc_ms;
    assert_true (zone_utc (&zone, &(clock_civil_t){2026, 3, 29, 2, 30, 0}, ZONE_EARLIER, &utc_ms));
    assert_true (utc_ms == 1774747800000);
    assert_false (zone_utc (&zone, &(clock_civil_t){2026, 2, 29, 2, 30, 0}, ZONE_EARLIER, &utc_ms));
}

static void test_reads (void **state)
{
    (void) state;
    zone_t zone;
    CHECK_OK (zone_parse ("+08:00", &zone));
    assert_int_equal (zone.offset_s, 8 * 3600);
    CHECK_OK (zone_parse ("-3:30", &zone));
    assert_int_equal (zone.offset_s, -3 * 3600 - 1800);
    static const char *const bad[] = {"",
                                      "8",
                                      "+",
                                      "+8x",
                                      "+08:60",
                                      "AB1",
                                      "CET",
                                      "CET-1CEST",
                                      "CET-1CEST,",
                                      "<AB>-1",
                                      "CET-1CEST,M3.5.0",
                                      "CET-1CEST,M13.5.0,M10.5.0",
                                      "CET-1CEST,M3.6.0,M10.5.0",
                                      "CET-1CEST,J60,J300",
                                      "CET-1CEST,M3.5.0,M10.5.0x",
                                      "CET-1CEST,M3.5.0,M10.5.0/"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_ERR (zone_parse (bad[i], &zone), FEP_SYNTAX);
    }
    CHECK_ERR (zone_parse ("+15", &zone), FEP_RANGE);
    assert_int_equal (zone.offset_s, -3 * 3600 - 1800);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_agrees_with_the_library),
                                       cmocka_unit_test (test_next_day),
                                       cmocka_unit_test (test_days), cmocka_unit_test (test_reads)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
