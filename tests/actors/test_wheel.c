//  The timer wheel, against a list that is searched.
#include "tests/test.h"
#include "actors/wheel.h"
#include <stdlib.h>

#define NODES 300
#define NEVER INT64_MAX

static uint64_t s_seed;

static uint32_t s_random (uint32_t below)
{
    s_seed = s_seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t) (s_seed >> 33) % below;
}

static wheel_t *s_wheel (int64_t now_ms)
{
    wheel_t *wheel = malloc (sizeof *wheel);
    assert_non_null (wheel);
    wheel_init (wheel, now_ms);
    return wheel;
}

static void test_fires_at_its_time (void **state)
{
    (void) state;
    wheel_t *wheel = s_wheel (1000);
    wheel_node_t node = {.next = NULL};
    wheel_set (wheel, &node, 1500);
    assert_null (wheel_take (wheel, 1499));
    assert_ptr_equal (wheel_take (wheel, 1500), &node);
    assert_null (node.link);
    assert_null (wheel_take (wheel, 100000));
    free (wheel);
}

static void test_past_fires_at_once (void **state)
{
    (void) state;
    wheel_t *wheel = s_wheel (1000000);
    wheel_node_t node = {.next = NULL};
    assert_null (wheel_take (wheel, 1000100));
    wheel_set (wheel, &node, 5);
    assert_ptr_equal (wheel_take (wheel, 1000100), &node);
    free (wheel);
}

static void test_moved_and_cleared (void **state)
{
    (void) state;
    wheel_t *wheel = s_wheel (0);
    wheel_node_t nodes[3] = {{.next = NULL}, {.next = NULL}, {.next = NULL}};
    for (int i = 0; i < 3; i++) {
        wheel_set (wheel, &nodes[i], 640);
    }
    wheel_set (wheel, &nodes[1], 6400);
    wheel_clear (&nodes[2]);
    wheel_clear (&nodes[2]);
    assert_ptr_equal (wheel_take (wheel, 640), &nodes[0]);
    assert_null (wheel_take (wheel, 6399));
    wheel_set (wheel, &nodes[1], 6410);
    assert_null (wheel_take (wheel, 6409));
    assert_ptr_equal (wheel_take (wheel, 6410), &nodes[1]);
    free (wheel);
}

//  Further away than the wheel's whole turn, several times round.
static void test_beyond_the_turn (void **state)
{
    (void) state;
    const int64_t turn = (int64_t) WHEEL_SLOTS * WHEEL_SLOT_MS;
    wheel_t *wheel = s_wheel (77);
    wheel_node_t far = {.next = NULL}, never = {.next = NULL};
    wheel_set (wheel, &far, 77 + 5 * turn + 3);
    wheel_set (wheel, &never, NEVER);
    for (int64_t now = 77; now < 77 + 5 * turn; now += 1000) {
        assert_null (wheel_take (wheel, now));
    }
    assert_null (wheel_take (wheel, 77 + 5 * turn + 2));
    assert_ptr_equal (wheel_take (wheel, 77 + 5 * turn + 3), &far);
    //  A jump of many turns at once.
    wheel_set (wheel, &far, 77 + 50 * turn);
    assert_ptr_equal (wheel_take (wheel, 77 + 60 * turn), &far);
    assert_null (wheel_take (wheel, 77 + 60 * turn));
    assert_non_null (never.link);
    free (wheel);
}

//  Everything whose time has come is taken, once, and nothing else.
static void s_take_due (wheel_t *wheel, wheel_node_t *nodes, int64_t *due, int64_t now_ms)
{
    wheel_node_t *node;
    while ((node = wheel_take (wheel, now_ms)) != NULL) {
        size_t i = (size_t) (node - nodes);
        assert_true (i < NODES && due[i] <= now_ms);
        due[i] = NEVER;
    }
    for (size_t i = 0; i < NODES; i++) {
        assert_true (due[i] > now_ms);
        assert_true ((due[i] == NEVER) == (nodes[i].link == NULL));
    }
}

static void test_against_a_list (void **state)
{
    (void) state;
    static wheel_node_t nodes[NODES];
    static int64_t due[NODES];
    int64_t now_ms = 123456;
    wheel_t *wheel = s_wheel (now_ms);
    s_seed = 7;
    for (size_t i = 0; i < NODES; i++) {
        due[i] = NEVER;
    }
    for (int round = 0; round < 20000; round++) {
        size_t i = s_random (NODES);
        uint32_t what = s_random (10);
        if (what < 7) {
            due[i] = now_ms - 100 + s_random (what ? 2000 : 400000);
            wheel_set (wheel, &nodes[i], due[i]);
        } else if (what < 8) {
            due[i] = NEVER;
            wheel_clear (&nodes[i]);
        } else {
            now_ms += s_random (what == 8 ? 200 : 30);
            s_take_due (wheel, nodes, due, now_ms);
        }
    }
    s_take_due (wheel, nodes, due, now_ms + 1000000);
    free (wheel);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_fires_at_its_time), cmocka_unit_test (test_past_fires_at_once),
        cmocka_unit_test (test_moved_and_cleared), cmocka_unit_test (test_beyond_the_turn),
        cmocka_unit_test (test_against_a_list),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
