//  Decimals: what parses, sums that fit, comparison at any exponent.
#include "tests/test.h"
#include "fep/decimal.h"

static void test_parse (void **state)
{
    static const struct {
        const char *text;  //  Read
        int64_t mantissa;  //  Expected
        int8_t exponent;   //  Expected
    } rows[] = {{"0", 0, 0},
                {"198", 198, 0},
                {"-12.50", -1250, -2},
                {"+3.5", 35, -1},
                {"0.001", 1, -3},
                {"00012", 12, 0},
                {"-0.0", 0, -1},
                {"999999999999999999", 999999999999999999, 0},
                {"0.000000000000000001", 1, -18}};
    (void) state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        decimal_t decimal = {7, 7};
        assert_true (decimal_parse (rows[i].text, &decimal));
        assert_int_equal (decimal.mantissa, rows[i].mantissa);
        assert_int_equal (decimal.exponent, rows[i].exponent);
    }
    static const char *const bad[] = {"",
                                      "-",
                                      ".5",
                                      "1.",
                                      "1.2.3",
                                      " 1",
                                      "1 ",
                                      "1e3",
                                      "0x1",
                                      "--1",
                                      "1,5",
                                      "nan",
                                      "1234567890123456789",
                                      "0.0000000000000000001"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        decimal_t decimal;
        assert_false (decimal_parse (bad[i], &decimal));
    }
}

static void test_add (void **state)
{
    (void) state;
    decimal_t sum;
    assert_true (decimal_add ((decimal_t){198, 0}, (decimal_t){25, -1}, &sum));
    assert_int_equal (decimal_compare (sum, (decimal_t){2005, -1}), 0);
    assert_true (decimal_add ((decimal_t){1, 0}, (decimal_t){-1, -18}, &sum));
    assert_int_equal (sum.mantissa, 999999999999999999);
    assert_false (decimal_add ((decimal_t){999999999999999999, 0}, (decimal_t){1, -3}, &sum));
    assert_false (decimal_add ((decimal_t){1, 10}, (decimal_t){1, -10}, &sum));
}

static void test_compare (void **state)
{
    static const struct {
        decimal_t a, b;  //  Compared
        int sign;        //  Of a - b
    } rows[] = {{{1980, -1}, {198, 0}, 0},        {{1979, -1}, {198, 0}, -1},
                {{-1979, -1}, {-198, 0}, 1},      {{0, 100}, {0, -100}, 0},
                {{0, 5}, {1, -128}, -1},          {{-1, 127}, {1, -128}, -1},
                {{1, 127}, {INT64_MAX, -128}, 1}, {{-1, 127}, {INT64_MIN, 107}, -1},
                {{INT64_MAX, 0}, {1, 18}, 1},     {{INT64_MIN, 0}, {INT64_MIN, -18}, -1},
                {{INT64_MAX, 0}, {1, 19}, -1}};
    (void) state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal (decimal_compare (rows[i].a, rows[i].b), rows[i].sign);
        assert_int_equal (decimal_compare (rows[i].b, rows[i].a), -rows[i].sign);
    }
    assert_true (decimal_double ((decimal_t){-1250, -2}) == -12.5);
    assert_true (decimal_double ((decimal_t){3, 2}) == 300.0);
}

//  Whole numbers of units, exactly or not at all.
static void test_whole (void **state)
{
    (void) state;
    static const struct {
        decimal_t value;
        int exponent;
        bool whole;
        int64_t number;
    } cases[] = {{{1250, -2}, -1, true, 125},
                 {{1255, -2}, -1, false, 0},
                 {{-12, 2}, 0, true, -1200},
                 {{0, 127}, -128, true, 0},
                 {{0, -128}, 127, true, 0},
                 {{1, 18}, 0, true, 1000000000000000000},
                 {{1, 19}, 0, false, 0},
                 {{1, 127}, -128, false, 0},
                 {{INT64_MIN, 0}, 0, true, INT64_MIN},
                 {{INT64_MIN, 0}, -1, false, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t number = 0;
        assert_int_equal (decimal_whole (cases[i].value, cases[i].exponent, &number),
                          cases[i].whole);
        assert_true (!cases[i].whole || number == cases[i].number);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_parse), cmocka_unit_test (test_add),
                                       cmocka_unit_test (test_compare),
                                       cmocka_unit_test (test_whole)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
