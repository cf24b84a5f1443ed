//  Collisions: one entry for each pair of hosts of a terminal, whatever their ports and whoever came first.
#include "tests/test.h"
#include "actors/collisions.h"

static void test_pairs_are_merged (void **state)
{
    (void) state;
    collisions_t *list = collisions_new (10);
    collisions_note (list, "T1", "10.0.0.7:1", "10.0.0.8:2", COLLISION_TAKEOVER, 1000);
    collisions_note (list, "T1", "10.0.0.8:2", "10.0.0.7:3", COLLISION_TAKEOVER, 2000);
    collisions_note (list, "T1", "10.0.0.7:3", "10.0.0.8:4", COLLISION_HALF_OPEN, 3000);
    assert_int_equal (collisions_count (list), 1);
    const collision_t *entry = collisions_at (list, 0);
    assert_string_equal (entry->terminal, "T1");
    assert_string_equal (entry->old_peer, "10.0.0.7:3");
    assert_string_equal (entry->new_peer, "10.0.0.8:4");
    assert_false (entry->same_host);
    assert_int_equal (entry->reason, COLLISION_HALF_OPEN);
    assert_int_equal (entry->count, 3);
    assert_int_equal (entry->first_ms, 1000);
    assert_int_equal (entry->last_ms, 3000);
    //  Another terminal, and another host, are pairs of their own.
    collisions_note (list, "T2", "10.0.0.7:1", "10.0.0.8:2", COLLISION_REJECT, 4000);
    collisions_note (list, "T1", "10.0.0.7:1", "10.0.0.9:2", COLLISION_REJECT, 5000);
    assert_int_equal (collisions_count (list), 3);
    collisions_destroy (&list);
    collisions_destroy (&list);
}

static void test_same_host (void **state)
{
    (void) state;
    collisions_t *list = collisions_new (10);
    collisions_note (list, "T1", "[fe80::1]:1", "[fe80::1]:2", COLLISION_TAKEOVER, 1);
    assert_true (collisions_at (list, 0)->same_host);
    assert_null (collisions_older (collisions_at (list, 0)));
    collisions_destroy (&list);
}

static void test_bounded (void **state)
{
    (void) state;
    collisions_t *list = collisions_new (2);
    collisions_note (list, "T1", "a:1", "b:1", COLLISION_TAKEOVER, 1);
    collisions_note (list, "T2", "a:1", "b:1", COLLISION_TAKEOVER, 2);
    collisions_note (list, "T1", "a:1", "b:1", COLLISION_TAKEOVER, 3);
    collisions_note (list, "T3", "a:1", "b:1", COLLISION_TAKEOVER, 4);
    assert_int_equal (collisions_count (list), 2);
    assert_int_equal (collisions_forgotten (list), 1);
    assert_string_equal (collisions_at (list, 0)->terminal, "T3");
    assert_string_equal (collisions_at (list, 1)->terminal, "T1");
    collisions_destroy (&list);
}

static void test_names (void **state)
{
    (void) state;
    assert_string_equal (collision_name (COLLISION_REJECT), "REJECT");
    assert_string_equal (collision_name (COLLISION_COUNT), "?");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_pairs_are_merged),
        cmocka_unit_test (test_same_host),
        cmocka_unit_test (test_bounded),
        cmocka_unit_test (test_names),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
