//  Numbers waiting in line: in order, each once.
#include "actors/numbers.h"
#include "tests/test.h"

static void test_in_order_and_once (void **state)
{
    (void) state;
    numbers_t numbers = {.size = 0};
    uint32_t number;
    assert_false (numbers_take (&numbers, &number));
    for (uint32_t i = 0; i < 1000; i++) {
        numbers_put (&numbers, 7 * i);
        numbers_put (&numbers, 7 * i);
        numbers_put (&numbers, 7 * (i / 2));
    }
    assert_int_equal (numbers.count, 1000);
    for (uint32_t i = 0; i < 1000; i++) {
        assert_true (numbers_take (&numbers, &number));
        assert_int_equal (number, 7 * i);
    }
    assert_false (numbers_take (&numbers, &number));
    numbers_fini (&numbers);
}

//  What was taken may come again, behind the others; also while the ring goes round.
static void test_comes_again (void **state)
{
    (void) state;
    numbers_t numbers = {.size = 0};
    uint32_t number;
    for (uint32_t i = 0; i < 100; i++) {
        numbers_put (&numbers, i);
    }
    for (uint32_t i = 0; i < 10000; i++) {
        assert_true (numbers_take (&numbers, &number));
        assert_int_equal (number, i % 100);
        numbers_put (&numbers, number);
    }
    numbers_put (&numbers, 1u << 20);
    for (uint32_t i = 0; i <= 100; i++) {
        assert_true (numbers_take (&numbers, &number));
    }
    assert_int_equal (number, 1u << 20);
    numbers_fini (&numbers);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_in_order_and_once),
                                       cmocka_unit_test (test_comes_again)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
