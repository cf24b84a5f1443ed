//  Bases of registers, jumps, standing still, and what follows a jump.
#include "tests/test.h"
#include "actors/registers.h"
#include <string.h>

#define IMPORT POINT (1, 0, 1, 8, 0)
#define EXPORT POINT (1, 0, 2, 8, 0)
#define ENERGY (RULE_REGISTER | RULE_ENERGY)
#define HOUR INT64_C (3600000)

static const judge_t s_how = {.margin = 1.2, .still_ms = HOUR, .still_W = 100, .consistent = 4};

typedef struct {
    meters_t *meters;  //  Of one measuring point
    meter_t *meter;    //  It
    base_t *base;      //  Its only register
} fixture_t;

static fixture_t s_new (uint32_t rated_W)
{
    fixture_t self = {.meters = meters_new (1000, 10)};
    self.meter = meters_make (self.meters, 7, 1);
    meter_facts (self.meter, rated_W, NULL, 0);
    self.base = meter_register (self.meters, self.meter, IMPORT, 0);
    return self;
}

//  Hundredths of a kWh.
static reason_t s_judge (const fixture_t *self, int64_t mantissa, int64_t time_ms)
{
    value_t value = value_decimal (mantissa, -2, 0);
    return base_judge (self->base, self->meter, &s_how, ENERGY, &value, time_ms);
}

static void s_take (fixture_t *self, int64_t mantissa, int64_t time_ms)
{
    value_t value = value_decimal (mantissa, -2, 0);
    assert_int_equal (s_judge (self, mantissa, time_ms), REASON_NONE);
    base_take (self->base, &value, time_ms);
}

//  By instants, in whatever order readings arrive; one that comes again gets the verdict it had.
static void test_falls (void **state)
{
    (void) state;
    fixture_t f = s_new (0);
    assert_int_equal (s_judge (&f, -5, 100), REASON_NONE);
    s_take (&f, 1000, 1 * HOUR);
    s_take (&f, 1010, 2 * HOUR);
    assert_int_equal (s_judge (&f, 1009, 3 * HOUR), REASON_FALLS);
    assert_int_equal (s_judge (&f, 1010, 3 * HOUR), REASON_NONE);
    assert_int_equal (s_judge (&f, 1010, 2 * HOUR), REASON_NONE);
    //  Another value at the base's own instant is judged against what was before.
    assert_int_equal (s_judge (&f, 1005, 2 * HOUR), REASON_NONE);
    assert_int_equal (s_judge (&f, 999, 2 * HOUR), REASON_FALLS);
    //  Older than the base.
    assert_int_equal (s_judge (&f, 5000, 1 * HOUR), REASON_NONE);
    s_take (&f, 5000, 1 * HOUR);
    assert_int_equal (f.base->value.mantissa, 1010);
    s_take (&f, 1005, 2 * HOUR);
    assert_int_equal (s_judge (&f, 1006, 3 * HOUR), REASON_NONE);
    //  Another exponent, and a float.
    value_t value = value_decimal (10051, -3, 0);
    assert_int_equal (base_judge (f.base, f.meter, &s_how, ENERGY, &value, 3 * HOUR), REASON_NONE);
    value.mantissa = 10049;
    assert_int_equal (base_judge (f.base, f.meter, &s_how, ENERGY, &value, 3 * HOUR), REASON_FALLS);
    value = (value_t){.real = 10.04, .kind = VALUE_FLOAT};
    assert_int_equal (base_judge (f.base, f.meter, &s_how, ENERGY, &value, 3 * HOUR), REASON_FALLS);
    meters_destroy (&f.meters);
    meters_destroy (&f.meters);
}

//  10 kW rated, 20 percent of margin, one unit in the last place: 12.01 kWh in an hour.
static void test_rises (void **state)
{
    (void) state;
    fixture_t f = s_new (10000);
    s_take (&f, 1000, 0);
    assert_int_equal (s_judge (&f, 2201, HOUR), REASON_NONE);
    assert_int_equal (s_judge (&f, 2202, HOUR), REASON_RISES);
    assert_int_equal (s_judge (&f, 2202, HOUR + 60000), REASON_NONE);
    assert_int_equal (s_judge (&f, 3401, 2 * HOUR), REASON_NONE);
    assert_int_equal (s_judge (&f, 3402, 2 * HOUR), REASON_RISES);
    //  Only energy, and only where the rated power is known.
    value_t value = value_decimal (999999, -2, 0);
    assert_int_equal (base_judge (f.base, f.meter, &s_how, RULE_REGISTER, &value, HOUR),
                      REASON_NONE);
    meter_forget (f.meter);
    assert_int_equal (s_judge (&f, 999999, HOUR), REASON_NONE);
    meters_destroy (&f.meters);
}

static void s_load (fixture_t *f, int64_t watts, int64_t time_ms)
{
    value_t power = value_decimal (watts, -3, 0);
    meter_load (f->meter, &s_how, &power, time_ms);
}

static void test_stands_still (void **state)
{
    (void) state;
    fixture_t f = s_new (0);
    const int64_t quarter = HOUR / 4;
    s_load (&f, 150, 0);
    for (int64_t i = 0; i < 4; i++) {
        s_take (&f, 1000, i * quarter);
        s_load (&f, 150, i * quarter);
    }
    assert_int_equal (s_judge (&f, 1000, 4 * quarter), REASON_STILL);
    assert_int_equal (s_judge (&f, 1001, 4 * quarter), REASON_NONE);
    //  Not without load, nor under the load of the other direction, nor before the load lasts as long.
    s_load (&f, 50, 4 * quarter);
    assert_int_equal (s_judge (&f, 1000, 4 * quarter), REASON_NONE);
    s_load (&f, -500, 4 * quarter);
    assert_int_equal (s_judge (&f, 1000, 5 * quarter), REASON_NONE);
    s_load (&f, 500, 5 * quarter);
    assert_int_equal (s_judge (&f, 1000, 6 * quarter), REASON_NONE);
    assert_int_equal (s_judge (&f, 1000, 9 * quarter), REASON_STILL);
    //  A load seen long ago says nothing.
    assert_int_equal (s_judge (&f, 1000, 10 * quarter), REASON_NONE);
    //  An older load changes nothing.
    s_load (&f, 0, 2 * quarter);
    assert_int_equal (s_judge (&f, 1000, 9 * quarter), REASON_STILL);
    meters_destroy (&f.meters);
}

//  A register of whole kWh may stand still at 100 W for many hours.
static void test_stands_still_by_resolution (void **state)
{
    (void) state;
    fixture_t f = s_new (0);
    value_t value = value_decimal (10, 0, 0);
    for (int64_t i = 0; i < 20; i++) {
        s_load (&f, 120, i * HOUR);
        assert_int_equal (base_judge (f.base, f.meter, &s_how, ENERGY, &value, i * HOUR),
                          REASON_NONE);
        base_take (f.base, &value, i * HOUR);
    }
    s_load (&f, 120, 20 * HOUR);
    assert_int_equal (base_judge (f.base, f.meter, &s_how, ENERGY, &value, 20 * HOUR),
                      REASON_STILL);
    //  Tariffs stand still while another one counts.
    base_t *tariff = meter_register (f.meters, f.meter, IMPORT + 1, 0);
    for (int64_t i = 0; i < 30; i++) {
        s_load (&f, 5000, (20 + i) * HOUR);
        assert_int_equal (base_judge (tariff, f.meter, &s_how, ENERGY, &value, (20 + i) * HOUR),
                          REASON_NONE);
        base_take (tariff, &value, (20 + i) * HOUR);
    }
    meters_destroy (&f.meters);
}

//  ---- After a jump ----

static bool s_held (fixture_t *f, int64_t mantissa, int64_t time_ms)
{
    value_t value = value_decimal (mantissa, -2, QUALITY_SUSPECT);
    reason_t reason = s_judge (f, mantissa, time_ms);
    assert_true (reason == REASON_FALLS || reason == REASON_RISES);
    hold_t *hold = meter_note (f->meters, f->meter, IMPORT, 0, &value, time_ms, reason);
    assert_non_null (hold);
    bool report = hold_follow (hold, f->meter, &s_how, ENERGY, &value, time_ms);
    hold->raised = hold->raised || report;
    return report;
}

static void test_swap (void **state)
{
    (void) state;
    fixture_t f = s_new (0);
    s_take (&f, 500000, HOUR);
    assert_false (s_held (&f, 100, 2 * HOUR));
    assert_false (s_held (&f, 100, 2 * HOUR));
    assert_false (s_held (&f, 105, 3 * HOUR));
    assert_false (s_held (&f, 90, 3 * HOUR - 1));
    assert_false (s_held (&f, 110, 4 * HOUR));
    assert_true (s_held (&f, 120, 5 * HOUR));
    assert_false (s_held (&f, 130, 6 * HOUR));
    hold_t *hold = meter_hold (f.meter, IMPORT, 0);
    assert_int_equal (hold->count, 7);
    assert_int_equal (hold->consistent, 5);
    assert_int_equal (hold->kept_count, 5);
    assert_int_equal (hold->last.mantissa, 130);
    assert_true (hold->since_ms == 2 * HOUR && hold->last_ms == 6 * HOUR);
    hold_accept (hold, f.base);
    meter_release (f.meters, f.meter, hold);
    assert_null (meter_hold (f.meter, IMPORT, 0));
    assert_int_equal (meters_holds (f.meters), 0);
    assert_int_equal (s_judge (&f, 131, 7 * HOUR), REASON_NONE);
    assert_int_equal (s_judge (&f, 129, 7 * HOUR), REASON_FALLS);
    assert_int_equal (s_judge (&f, 110, 4 * HOUR), REASON_NONE);
    assert_int_equal (s_judge (&f, 119, 6 * HOUR), REASON_FALLS);
    meters_destroy (&f.meters);
}

//  What does not go on from the readings before it begins anew, and is reported anew.
static void test_inconsistent (void **state)
{
    (void) state;
    fixture_t f = s_new (1000);
    s_take (&f, 500000, 0);
    assert_false (s_held (&f, 100, 1 * HOUR));
    assert_false (s_held (&f, 50, 2 * HOUR));
    assert_false (s_held (&f, 60, 3 * HOUR));
    assert_false (s_held (&f, 70, 4 * HOUR));
    assert_true (s_held (&f, 80, 5 * HOUR));
    //  1.2 kWh an hour are possible.
    assert_false (s_held (&f, 80 + 122, 6 * HOUR));
    assert_int_equal (meter_hold (f.meter, IMPORT, 0)->consistent, 1);
    assert_false (s_held (&f, 80 + 122, 7 * HOUR));
    assert_false (s_held (&f, 80 + 122 + 120, 8 * HOUR));
    assert_true (s_held (&f, 80 + 122 + 120, 9 * HOUR));
    meters_destroy (&f.meters);
}

static void test_kept_are_bounded (void **state)
{
    (void) state;
    fixture_t f = s_new (0);
    s_take (&f, 500000, 0);
    for (int64_t i = 1; i <= 100; i++) {
        (void) s_held (&f, i, i * HOUR);
    }
    const hold_t *hold = meter_hold (f.meter, IMPORT, 0);
    assert_int_equal (hold->kept_count, KEPT_MAX);
    assert_int_equal (hold->kept[0].value.mantissa, 100 - KEPT_MAX + 1);
    assert_int_equal (hold->kept[KEPT_MAX - 1].value.mantissa, 100);
    assert_int_equal (hold->consistent, 100);
    meters_destroy (&f.meters);
}

//  ---- Limits ----

static void test_limits (void **state)
{
    (void) state;
    meters_t *meters = meters_new (3000, 5);
    value_t value = value_decimal (1, 0, 0);
    assert_null (meters_find (meters, 1, 1));
    for (uint32_t i = 0; i < 3000; i++) {
        meter_t *meter = meters_make (meters, 1 + i / 3, (uint16_t) (i % 3));
        assert_non_null (meter);
        assert_ptr_equal (meters_make (meters, 1 + i / 3, (uint16_t) (i % 3)), meter);
        assert_non_null (meter_register (meters, meter, IMPORT, 0));
        assert_int_equal (meter_note (meters, meter, IMPORT, 0, &value, 0, REASON_RANGE) != NULL,
                          i < 5);
    }
    assert_int_equal (meters_registers (meters), 3000);
    assert_int_equal (meters_holds (meters), 5);
    assert_null (meters_make (meters, 2000, 1));
    meter_t *meter = meters_find (meters, 1000, 2);
    assert_non_null (meter);
    assert_ptr_equal (meters_at (meters, 2999), meter);
    assert_null (meter_register (meters, meter, EXPORT, 0));
    assert_null (meter_register (meters, meter, IMPORT, FREEZE_DAY));
    assert_non_null (meter_register (meters, meter, IMPORT, 0));
    meters_destroy (&meters);
}

static void test_archive_limits (void **state)
{
    (void) state;
    fixture_t f = s_new (0);
    const limit_t limits[] = {{IMPORT, 1, 2}, {EXPORT, 3, 4}};
    meter_facts (f.meter, 5, limits, 2);
    assert_true (meter_limit (f.meter, EXPORT)->high == 4);
    assert_null (meter_limit (f.meter, EXPORT + 1));
    meter_forget (f.meter);
    assert_null (meter_limit (f.meter, EXPORT));
    assert_int_equal (f.meter->rated_W, 0);
    meters_destroy (&f.meters);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_falls),
        cmocka_unit_test (test_rises),
        cmocka_unit_test (test_stands_still),
        cmocka_unit_test (test_stands_still_by_resolution),
        cmocka_unit_test (test_swap),
        cmocka_unit_test (test_inconsistent),
        cmocka_unit_test (test_kept_are_bounded),
        cmocka_unit_test (test_limits),
        cmocka_unit_test (test_archive_limits),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
