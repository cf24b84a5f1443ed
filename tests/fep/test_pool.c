//  Pool: limit, counts, reuse, alignment, objects that do not overlap.
#include "fep/pool.h"
#include "tests/test.h"
#include <stdalign.h>
#include <stdint.h>
#include <string.h>

static void test_limit_and_counts (void **state)
{
    (void) state;
    pool_t *pool = pool_new (100, 3);
    assert_int_equal (pool_object_size (pool), 100);
    assert_int_equal (pool_stats (pool).allocated, 0);
    void *objects[3];
    for (size_t i = 0; i < 3; i++) {
        objects[i] = pool_take (pool);
        assert_non_null (objects[i]);
        assert_int_equal (pool_stats (pool).in_use, i + 1);
    }
    assert_null (pool_take (pool));
    assert_null (pool_take (pool));
    pool_give (pool, &objects[1]);
    assert_null (objects[1]);
    pool_give (pool, &objects[1]);
    pool_stats_t stats = pool_stats (pool);
    assert_int_equal (stats.limit, 3);
    assert_int_equal (stats.in_use, 2);
    assert_int_equal (stats.high_water, 3);
    assert_int_equal (stats.allocated, 3);
    assert_int_equal (stats.refusals, 2);
    assert_non_null (pool_take (pool));
    assert_null (pool_take (pool));
    pool_destroy (&pool);
    assert_null (pool);
    pool_destroy (&pool);
}

//  Objects over many slabs, each filled to its last byte: no two share any.
static void s_check_disjoint (size_t size, size_t limit)
{
    pool_t *pool = pool_new (size, limit);
    void **objects = test_calloc (limit, sizeof *objects);
    for (size_t i = 0; i < limit; i++) {
        objects[i] = pool_take (pool);
        assert_non_null (objects[i]);
        assert_int_equal ((uintptr_t) objects[i] % alignof (max_align_t), 0);
        memset (objects[i], (int) (i % 251), size);
    }
    assert_null (pool_take (pool));
    for (size_t i = 0; i < limit; i++) {
        const uint8_t *bytes = objects[i];
        assert_int_equal (bytes[0], i % 251);
        assert_int_equal (bytes[size - 1], i % 251);
    }
    for (size_t i = 0; i < limit; i++) {
        pool_give (pool, &objects[i]);
    }
    assert_int_equal (pool_stats (pool).in_use, 0);
    assert_int_equal (pool_stats (pool).allocated, limit);
    test_free (objects);
    pool_destroy (&pool);
}

static void test_objects_do_not_overlap (void **state)
{
    (void) state;
    s_check_disjoint (1, 10000);
    s_check_disjoint (17, 5001);
    s_check_disjoint (4096, 33);
    s_check_disjoint (100000, 3);
    s_check_disjoint (64 * 1024, 2);
    s_check_disjoint (40, 1);
}

//  Memory follows use, not the limit, and what was given back is used first.
static void test_memory_grows_with_use (void **state)
{
    (void) state;
    pool_t *pool = pool_new (4096, 1000000);
    void *first = pool_take (pool);
    size_t slab = pool_stats (pool).allocated;
    assert_in_range (slab, 1, 1000);
    for (int i = 0; i < 10000; i++) {
        void *object = pool_take (pool);
        assert_non_null (object);
        pool_give (pool, &object);
    }
    assert_int_equal (pool_stats (pool).allocated, slab);
    assert_int_equal (pool_stats (pool).high_water, 2);
    pool_give (pool, &first);
    pool_destroy (&pool);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_limit_and_counts),
        cmocka_unit_test (test_objects_do_not_overlap),
        cmocka_unit_test (test_memory_grows_with_use),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
