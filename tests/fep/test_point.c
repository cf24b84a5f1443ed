//  The dictionary: order, uniqueness, names and codes both ways.
#include "fep/point.h"
#include "tests/test.h"
#include <stdio.h>
#include <string.h>

static void test_rows (void **state)
{
    (void) state;
    size_t count = 0;
    for (const point_info_t *row = point_at (0); row; row = point_at (++count)) {
        const point_info_t *next = point_at (count + 1);
        size_t unit = strlen (row->unit);
        size_t name = strlen (row->name);
        assert_true (!next || row->point < next->point);
        assert_true ((strchr (row->name, '*') != NULL) == (row->tariffs > 0));
        assert_true (row->tariffs == 0 || (row->point & 0xFF) == 0);
        assert_true (row->low <= row->high);
        assert_true (name > 0 && name < 56);
        if (unit && strcmp (row->unit, "%") != 0) {
            assert_true (name > unit + 1 && row->name[name - unit - 1] == '_');
            assert_string_equal (row->name + name - unit, row->unit);
        }
        for (size_t i = 0; i < count; i++) {
            assert_string_not_equal (point_at (i)->name, row->name);
        }
    }
    assert_true (count > 150);
}

//  Every row, and every member of a family, by code and by name.
static void test_both_ways (void **state)
{
    (void) state;
    const point_info_t *row;
    for (size_t i = 0; (row = point_at (i)) != NULL; i++) {
        for (uint32_t tariff = 0; tariff <= row->tariffs; tariff++) {
            char name[64], obis[20];
            uint32_t point = 0;
            assert_ptr_equal (point_find (row->point + tariff), row);
            point_name (row->point + tariff, name, sizeof name);
            assert_true (point_parse (name, &point));
            assert_int_equal (point, row->point + tariff);
            point_obis (row->point + tariff, obis, sizeof obis);
            point = 0;
            assert_true (point_parse (obis, &point));
            assert_int_equal (point, row->point + tariff);
        }
        if (row->tariffs) {
            assert_null (point_find (row->point + row->tariffs + 1));
        }
    }
}

static void s_expect (const char *obis, const char *name)
{
    uint32_t point;
    char text[64];
    assert_true (point_parse (obis, &point));
    point_name (point, text, sizeof text);
    assert_string_equal (text, name);
}

static void test_known (void **state)
{
    (void) state;
    s_expect ("1.0.1.8.0", "energy.active.import.total_kWh");
    s_expect ("1.0.1.8.4", "energy.active.import.t4_kWh");
    s_expect ("1.0.1.8.63", "energy.active.import.t63_kWh");
    s_expect ("1.0.32.7.0", "voltage.l1_V");
    s_expect ("1.0.91.7.0", "current.zero_sequence_A");
    s_expect ("0.0.1.0.0", "time.clock");
    s_expect ("0.0.130.1.0", "event.code");
    s_expect ("0.0.131.3.0", "link.peer");
    s_expect ("1.0.1.8.64", "1.0.1.8.64");
    s_expect ("15.15.255.255.255", "15.15.255.255.255");
}

static void test_refused (void **state)
{
    (void) state;
    static const char *const bad[] = {"",
                                      "1.0.1.8",
                                      "1.0.1.8.0.0",
                                      "16.0.1.8.0",
                                      "1.0.1.256.0",
                                      "1.0.01.8.0",
                                      "1.0.1.8.",
                                      "-1.0.1.8.0",
                                      " 1.0.1.8.0",
                                      "1.0.1.8.0 ",
                                      "1..1.8.0",
                                      "energy.active.import.*_kWh",
                                      "energy.active.import.t0_kWh",
                                      "energy.active.import.t64_kWh",
                                      "energy.active.import.t01_kWh",
                                      "energy.active.import.total_kWhx",
                                      "voltage.l4_V",
                                      "99999999999999999999.0.1.8.0"};
    uint32_t point;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (point_parse (bad[i], &point)) {
            fail_msg ("\"%s\" was taken for a point", bad[i]);
        }
    }
}

static void test_short_buffers (void **state)
{
    (void) state;
    char text[8];
    point_name (POINT (1, 0, 1, 8, 0), text, sizeof text);
    assert_string_equal (text, "energy.");
    point_obis (POINT (15, 15, 255, 255, 255), text, sizeof text);
    assert_string_equal (text, "15.15.2");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_rows), cmocka_unit_test (test_both_ways),
        cmocka_unit_test (test_known), cmocka_unit_test (test_refused),
        cmocka_unit_test (test_short_buffers)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
