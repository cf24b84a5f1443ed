//  Identities of held readings: found, replaced, removed, forgotten at the limit.
#include "tests/test.h"
#include "actors/heldset.h"

#define LIMIT 100

static message_t s_message (uint32_t terminal, uint16_t mp, uint8_t freeze)
{
    return (message_t){.terminal = terminal, .mp = mp, .freeze = freeze};
}

static void test_keys (void **state)
{
    (void) state;
    message_t a = s_message (1, 2, 3), b = s_message (2, 2, 3), c = s_message (1, 3, 3),
              d = s_message (1, 2, 0);
    uint64_t key = heldset_key (&a, 5, 1000);
    assert_true (key == heldset_key (&a, 5, 1000));
    assert_true (key != heldset_key (&a, 6, 1000));
    assert_true (key != heldset_key (&a, 5, 1001));
    assert_true (key != heldset_key (&b, 5, 1000));
    assert_true (key != heldset_key (&c, 5, 1000));
    assert_true (key != heldset_key (&d, 5, 1000));
    value_t one = value_decimal (5, -2, 0), two = value_decimal (5, -2, QUALITY_SUSPECT),
            three = value_decimal (5, -1, 0),
            text = {.text = "a", .exponent = 1, .kind = VALUE_TEXT},
            other = {.text = "b", .exponent = 1, .kind = VALUE_TEXT};
    assert_true (heldset_value (&one) == heldset_value (&two));
    assert_true (heldset_value (&one) != heldset_value (&three));
    assert_true (heldset_value (&text) != heldset_value (&other));
}

static void test_put_find_remove (void **state)
{
    (void) state;
    uint32_t counters[2] = {0, 0};
    heldset_t *set = heldset_new (LIMIT);
    assert_null (heldset_find (set, 7));
    heldset_put (set, 7, 70, 1, &counters[0]);
    heldset_put (set, 7 + 1024, 71, 2, &counters[1]);
    heldset_put (set, 7, 72, 3, &counters[0]);
    assert_int_equal (heldset_count (set), 2);
    assert_int_equal (heldset_find (set, 7)->value, 72);
    assert_int_equal (heldset_find (set, 7)->reason, 3);
    assert_int_equal (heldset_find (set, 7 + 1024)->value, 71);
    heldset_remove (set, heldset_find (set, 7));
    assert_null (heldset_find (set, 7));
    assert_non_null (heldset_find (set, 7 + 1024));
    assert_int_equal (counters[0], 0);
    assert_int_equal (counters[1], 1);
    heldset_destroy (&set);
    heldset_destroy (&set);
}

//  The oldest goes; removed ones are not forgotten a second time.
static void test_limit (void **state)
{
    (void) state;
    uint32_t counter = 0;
    heldset_t *set = heldset_new (LIMIT);
    for (uint64_t i = 0; i < 3 * LIMIT; i++) {
        heldset_put (set, i * 0x9E3779B97F4A7C15u, (uint32_t) i, 1, &counter);
        if (i == LIMIT - 1) {
            heldset_remove (set, heldset_find (set, 0));
        }
    }
    assert_int_equal (heldset_count (set), LIMIT);
    assert_int_equal (counter, LIMIT);
    assert_int_equal (heldset_forgotten (set), 2 * LIMIT - 1);
    for (uint64_t i = 0; i < 3 * LIMIT; i++) {
        const held_t *held = heldset_find (set, i * 0x9E3779B97F4A7C15u);
        assert_int_equal (held != NULL, i >= 2 * LIMIT);
        assert_true (!held || held->value == i);
    }
    heldset_destroy (&set);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_keys),
        cmocka_unit_test (test_put_find_remove),
        cmocka_unit_test (test_limit),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
