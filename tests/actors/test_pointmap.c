//  Every point is found at its place, whatever the shape of the fleet; one that is not there is not.
#include "tests/test.h"
#include "actors/pointmap.h"
#include <stdlib.h>

#define TERMINALS 3000

//  So many measuring points each, `step` apart.
static void s_fleet (uint32_t terminals, uint32_t points, uint32_t step)
{
    pointmap_t map = {0};
    uint32_t place = 0;
    for (uint32_t mp = 0; mp < points; mp++) {
        for (uint32_t terminal = 0; terminal < terminals; terminal++) {
            assert_int_equal (pointmap_find (&map, terminal, (uint16_t) (mp * step)),
                              POINTMAP_NONE);
            pointmap_add (&map, terminal, (uint16_t) (mp * step), place++);
        }
    }
    place = 0;
    for (uint32_t mp = 0; mp < points; mp++) {
        for (uint32_t terminal = 0; terminal < terminals; terminal++) {
            assert_int_equal (pointmap_find (&map, terminal, (uint16_t) (mp * step)), place++);
        }
    }
    assert_int_equal (map.count, place);
    assert_true (map.size >= 2 * map.count);
    pointmap_free (&map);
    assert_int_equal (pointmap_find (&map, 0, 0), POINTMAP_NONE);
}

static void test_one_point_of_many (void **state)
{
    (void) state;
    s_fleet (TERMINALS, 1, 1);
}

static void test_many_points_of_few (void **state)
{
    (void) state;
    s_fleet (3, 2040, 1);
    s_fleet (2, 30, 2048);
}

static void test_some_of_many (void **state)
{
    (void) state;
    s_fleet (TERMINALS, 9, 8);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_one_point_of_many),
                                       cmocka_unit_test (test_many_points_of_few),
                                       cmocka_unit_test (test_some_of_many)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
