//  Places: each once at a time, none beyond the last, and a token never twice.
#include "tests/test.h"
#include "actors/places.h"

static void test_all (void **state)
{
    (void) state;
    static uint64_t tokens[PLACES_MAX];
    static bool taken[PLACES_MAX];
    places_t places;
    places_init (&places);
    for (uint32_t i = 0; i < PLACES_MAX; i++) {
        tokens[i] = places_take (&places);
        assert_true (tokens[i] && !taken[place_of (tokens[i])]);
        taken[place_of (tokens[i])] = true;
    }
    assert_true (places_take (&places) == 0 && places_used (&places) == PLACES_MAX);
    places_give (&places, tokens[7]);
    assert_int_equal (places_used (&places), PLACES_MAX - 1);
    uint64_t again = places_take (&places);
    assert_true (place_of (again) == place_of (tokens[7]) && again != tokens[7]);
    assert_int_equal (places_take (&places), 0);
    places_fini (&places);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_all)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
