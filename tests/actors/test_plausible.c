//  Ranges, sums and times: what a value may be by itself.
#include "tests/test.h"
#include "actors/plausible.h"
#include <string.h>

#define ENERGY POINT (1, 0, 1, 8, 0)
#define VOLTAGE POINT (1, 0, 32, 7, 0)
#define UNKNOWN POINT (5, 5, 5, 5, 5)

static value_t s_float (double real)
{
    return (value_t){.real = real, .kind = VALUE_FLOAT};
}

//  Dictionary: 0 .. 999.9 V; whole numbers of any exponent.
static void test_dictionary_range (void **state)
{
    (void) state;
    static const struct {
        int64_t mantissa;  //  Of a voltage
        int8_t exponent;   //  Likewise
        bool allowed;      //  By the dictionary
    } cases[] = {{0, -1, true},     {9999, -1, true},       {10000, -1, false},
                 {-1, -1, false},   {99990, -2, true},      {99991, -2, false},
                 {999, 0, true},    {1000, 0, false},       {9, 2, true},
                 {10, 2, false},    {0, 100, true},         {1, 100, false},
                 {999, -100, true}, {INT64_MAX, -16, true}, {INT64_MAX, -15, false}};
    rules_t *rules = rules_new ();
    rule_t *rule = rules_next (rules, &rules->rules[0], VOLTAGE);
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            value_t value = value_decimal (cases[i].mantissa, cases[i].exponent, 0);
            assert_int_equal (rule_allows (rule, &value), cases[i].allowed);
            //  The short look agrees once it is prepared.
            assert_int_equal (rule_passes (rule, &value), cases[i].allowed);
        }
    }
    value_t invalid = value_decimal (-5, -1, QUALITY_INVALID);
    assert_true (rule_allows (rule, &invalid));
    value_t real = s_float (999.9);
    assert_true (rule_allows (rule, &real));
    assert_false (rule_passes (rule, &real));
    real.real = 1000.1;
    assert_false (rule_allows (rule, &real));
    real.real = -0.5;
    assert_false (rule_allows (rule, &real));
    value_t none = value_none (ABSENT_DEVICE, 0);
    assert_true (rule_allows (rule, &none));
    rules_destroy (&rules);
    rules_destroy (&rules);
}

static void test_no_range (void **state)
{
    (void) state;
    rules_t *rules = rules_new ();
    rule_t *rule = rules_find (rules, UNKNOWN);
    value_t value = value_decimal (INT64_MIN, -3, 0);
    assert_int_equal (rule->flags, 0);
    assert_true (rule_allows (rule, &value));
    value.mantissa = INT64_MAX;
    assert_true (rule_allows (rule, &value));
    assert_true (rule_passes (rule, &value));
    value_t bits = value_bits (UINT64_MAX, 0);
    assert_true (rule_allows (rule, &bits));
    assert_true (rule_allows (rule, &(value_t){.real = -1e300, .kind = VALUE_FLOAT}));
    assert_true (range_allows (0, 1.8446744073709552e+19, &bits));
    assert_false (range_allows (0, 0, &value));
    assert_false (range_allows (0, 65535, &bits));
    assert_true (range_allows (-5.5, 5.5,
                               &(value_t){.mantissa = -55, .exponent = -1, .kind = VALUE_DECIMAL}));
    assert_false (range_allows (
        -5.5, 5.5, &(value_t){.mantissa = -551, .exponent = -2, .kind = VALUE_DECIMAL}));
    rules_destroy (&rules);
}

static void test_flags (void **state)
{
    (void) state;
    rules_t *rules = rules_new ();
    assert_int_equal (rules_find (rules, ENERGY)->flags, RULE_REGISTER | RULE_SUM | RULE_ENERGY);
    assert_int_equal (rules_find (rules, ENERGY + 4)->flags,
                      RULE_REGISTER | RULE_SUM | RULE_ENERGY);
    assert_int_equal (rules_find (rules, POINT (1, 0, 1, 128, 0))->flags, RULE_SUM | RULE_ENERGY);
    assert_int_equal (rules_find (rules, POINT (1, 0, 1, 6, 0))->flags, 0);
    assert_int_equal (rules_find (rules, POINT (1, 0, 16, 7, 0))->flags, RULE_LOAD);
    assert_int_equal (rules_find (rules, POINT (0, 0, 96, 6, 0))->flags, RULE_REGISTER);
    value_t value = value_decimal (1, -4, 0);
    assert_true (rule_allows (rules_find (rules, ENERGY), &value));
    assert_false (rule_passes (rules_find (rules, ENERGY), &value));
    rules_destroy (&rules);
}

//  Found beside the one before, or by the table; also beyond the table's limit.
static void test_rules_are_found (void **state)
{
    (void) state;
    rules_t *rules = rules_new ();
    for (int pass = 0; pass < 2; pass++) {
        rule_t *rule = &rules->rules[0];
        for (uint32_t i = 0; i < RULES_MAX + 100; i++) {
            uint32_t point = i % 2 ? 0x70000000u + i * 13 : VOLTAGE;
            rule = rules_next (rules, rule, point);
            assert_int_equal (rule->point, point);
            assert_true (i % 2 ? rule->most == 0 : rule->most > 999);
        }
    }
    for (uint32_t i = 0; i < 2 * RULES_MAX; i++) {
        assert_int_equal (rules_find (rules, 0x60000000u + i * 7)->point, 0x60000000u + i * 7);
    }
    assert_int_equal (rules->count, RULES_MAX);
    assert_true (rules_find (rules, VOLTAGE)->most > 999);
    rules_destroy (&rules);
}

static void test_numbers (void **state)
{
    (void) state;
    value_t a = value_decimal (1234, -2, 0), b = value_decimal (12340, -3, 0), c = s_float (12.34);
    assert_int_equal (value_order (&a, &b), 0);
    b.mantissa++;
    assert_int_equal (value_order (&a, &b), -1);
    assert_int_equal (value_order (&b, &a), 1);
    assert_true (value_order (&c, &b) < 0);
    a = value_decimal (INT64_MAX, -4, 0);
    b = value_decimal (INT64_MAX - 1, -4, 0);
    assert_int_equal (value_order (&a, &b), 1);
    assert_true (value_unit (&a) > 0.00009999L && value_unit (&a) < 0.00010001L);
}

static bool s_agrees (int64_t total, int8_t exponent, const int64_t parts[], size_t count)
{
    value_t whole = value_decimal (total, exponent, 0), tariffs[8];
    const value_t *list[8];
    for (size_t i = 0; i < count; i++) {
        tariffs[i] = value_decimal (parts[i], -2, 0);
        list[i] = &tariffs[i];
    }
    return sum_agrees (&whole, list, count);
}

static void test_sum (void **state)
{
    (void) state;
    static const int64_t parts[] = {100, 200, 300, 50};
    assert_true (s_agrees (650, -2, parts, 4));
    assert_true (s_agrees (654, -2, parts, 4));
    assert_true (s_agrees (646, -2, parts, 4));
    assert_false (s_agrees (655, -2, parts, 4));
    assert_false (s_agrees (645, -2, parts, 4));
    assert_true (s_agrees (65, -1, parts, 4));
    //  A total that is shown with fewer places than its tariffs.
    assert_true (s_agrees (69, -1, parts, 4));
    assert_false (s_agrees (70, -1, parts, 4));
    assert_true (s_agrees (65400, -4, parts, 4));
    assert_false (s_agrees (65401, -4, parts, 4));
    static const int64_t huge[] = {INT64_MIN, INT64_MIN};
    assert_false (s_agrees (INT64_MAX, -2, huge, 2));
}

static void test_time (void **state)
{
    (void) state;
    assert_true (time_allows (1000, 1000, 0, 0));
    assert_true (time_allows (1500, 1000, 500, 0));
    assert_false (time_allows (1501, 1000, 500, 0));
    assert_true (time_allows (500, 1000, 500, 500));
    assert_false (time_allows (499, 1000, 500, 500));
    assert_false (time_allows (INT64_MIN, 1000, 500, 500));
    assert_false (time_allows (INT64_MAX, -1000, 500, 500));
}

static void test_reasons (void **state)
{
    (void) state;
    assert_string_equal (reason_name (REASON_NONE), "");
    assert_string_equal (reason_name (REASON_STILL), "stands_still");
    assert_string_equal (reason_name (REASON_COUNT), "");
    for (int i = 1; i < REASON_COUNT; i++) {
        assert_true (strlen (reason_name ((reason_t) i)) > 0);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_dictionary_range),
        cmocka_unit_test (test_no_range),
        cmocka_unit_test (test_flags),
        cmocka_unit_test (test_rules_are_found),
        cmocka_unit_test (test_numbers),
        cmocka_unit_test (test_sum),
        cmocka_unit_test (test_time),
        cmocka_unit_test (test_reasons),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
