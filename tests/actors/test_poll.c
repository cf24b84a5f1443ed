//  When meters are polled: instants, sweeps, order, demotion and return, overrun, plans.
#include "tests/test.h"
#include "actors/poll.h"

#define PERIOD 10000

static void s_plan (poll_t *poll, uint32_t terminal, size_t count, int64_t now_ms)
{
    poll_point_t points[64];
    for (size_t i = 0; i < count; i++) {
        points[i] = (poll_point_t){(uint16_t) (i + 1), PERIOD};
    }
    CHECK_OK (poll_plan (poll, terminal, points, count, now_ms));
}

//  All of a terminal fall due together, once a period; no more than two are under way.
static void test_sweep (void **state)
{
    (void) state;
    poll_t *poll = poll_new ();
    poll_due_t due[3], none;
    s_plan (poll, 7, 3, 1000);
    assert_int_equal (poll_planned (poll), 3);
    int64_t at = poll_deadline (poll);
    assert_true (at > 1000 && at <= 1000 + PERIOD);
    assert_false (poll_next (poll, at - 1, &none));
    assert_true (poll_next (poll, at, &due[0]) && poll_next (poll, at, &due[1]));
    assert_false (poll_next (poll, at, &none));
    assert_true (due[0].mp == 1 && due[1].mp == 2 && due[0].terminal == 7);
    poll_done (poll, &due[0], FEP_OK, at + 5);
    assert_true (poll_next (poll, at + 5, &due[2]));
    assert_int_equal (due[2].mp, 3);
    poll_done (poll, &due[1], FEP_REFUSED, at + 6);
    poll_done (poll, &due[2], FEP_OK, at + 7);
    assert_int_equal (poll_deadline (poll), at + PERIOD);
    assert_int_equal (poll_demoted (poll), 0);
    poll_destroy (&poll);
}

//  Terminals spread over the period, and each keeps its instants when it comes again.
static void test_spread (void **state)
{
    (void) state;
    poll_t *poll = poll_new ();
    int64_t low = INT64_MAX, high = 0;
    for (uint32_t i = 1; i <= 200; i++) {
        s_plan (poll, i, 1, 50000);
        int64_t at = 0;
        poll_t *alone = poll_new ();
        s_plan (alone, i, 1, 50000);
        at = poll_deadline (alone);
        s_plan (alone, i, 0, 50001);
        assert_int_equal (poll_planned (alone), 0);
        assert_int_equal (poll_deadline (alone), INT64_MAX);
        s_plan (alone, i, 1, 50000 + 3 * PERIOD);
        assert_int_equal ((poll_deadline (alone) - at) % PERIOD, 0);
        poll_destroy (&alone);
        low = at < low ? at : low;
        high = at > high ? at : high;
    }
    assert_true (high - low > PERIOD * 8 / 10);
    poll_destroy (&poll);
}

static int64_t s_fail (poll_t *poll, int tries)
{
    poll_due_t due;
    int64_t at = poll_deadline (poll);
    for (int i = 0; i < tries; i++) {
        assert_true (poll_next (poll, at, &due));
        poll_done (poll, &due, FEP_TIMEOUT, at);
    }
    return at;
}

//  No answer: once more at the end of the sweep, then every 2nd, 4th ... 64th period; one answer brings it back.
static void test_demotion (void **state)
{
    (void) state;
    poll_t *poll = poll_new ();
    poll_due_t due;
    s_plan (poll, 7, 1, 0);
    int64_t before = s_fail (poll, 2);
    assert_int_equal (poll_demoted (poll), 1);
    for (int level = 1; level <= POLL_DEMOTION_MAX + 1; level++) {
        int64_t at = s_fail (poll, 1);
        int most = level < POLL_DEMOTION_MAX ? level : POLL_DEMOTION_MAX;
        assert_int_equal (at - before, (int64_t) PERIOD << most);
        before = at;
    }
    int64_t at = poll_deadline (poll);
    assert_true (poll_next (poll, at, &due));
    poll_done (poll, &due, FEP_OK, at);
    assert_int_equal (poll_demoted (poll), 0);
    assert_int_equal (poll_deadline (poll), at + PERIOD);
    poll_destroy (&poll);
}

//  What did not answer is asked last, its second try behind everything else of the sweep.
static void test_order (void **state)
{
    (void) state;
    static const struct {
        uint16_t mp;
        fep_err_t error;
    } first[] = {{1, FEP_TIMEOUT}, {2, FEP_OK}, {3, FEP_OK}, {1, FEP_TIMEOUT}},
      second[] = {{2, FEP_OK}, {3, FEP_OK}};
    poll_t *poll = poll_new ();
    poll_due_t due;
    s_plan (poll, 7, 3, 0);
    int64_t at = poll_deadline (poll);
    for (size_t i = 0; i < 4; i++) {
        assert_true (poll_next (poll, at, &due));
        assert_int_equal (due.mp, first[i].mp);
        poll_done (poll, &due, first[i].error, at);
    }
    assert_false (poll_next (poll, at, &due));
    at += PERIOD;
    for (size_t i = 0; i < 2; i++) {
        assert_true (poll_next (poll, at, &due));
        assert_int_equal (due.mp, second[i].mp);
        poll_done (poll, &due, second[i].error, at);
    }
    assert_false (poll_next (poll, at, &due));
    at += PERIOD;
    for (uint16_t mp = 2; mp <= 4; mp++) {
        assert_true (poll_next (poll, at, &due));
        assert_int_equal (due.mp, mp == 4 ? 1 : mp);
        poll_done (poll, &due, FEP_OK, at);
    }
    poll_destroy (&poll);
}

//  A sweep that takes longer than a period leaves instants out; they do not pile up.
static void test_overrun (void **state)
{
    (void) state;
    poll_t *poll = poll_new ();
    poll_due_t due;
    s_plan (poll, 7, 1, 0);
    int64_t at = poll_deadline (poll);
    assert_true (poll_next (poll, at, &due));
    poll_done (poll, &due, FEP_OK, at + 3 * PERIOD + 1);
    assert_int_equal (poll_overrun (poll), 3);
    assert_int_equal (poll_deadline (poll), at + 4 * PERIOD);
    poll_destroy (&poll);
}

static void test_not_asked (void **state)
{
    (void) state;
    poll_t *poll = poll_new ();
    poll_due_t due;
    s_plan (poll, 7, 1, 0);
    int64_t at = poll_deadline (poll);
    assert_true (poll_next (poll, at, &due));
    poll_done (poll, &due, FEP_BUSY, at);
    assert_true (poll_deadline (poll) > at && poll_deadline (poll) < at + PERIOD);
    assert_true (poll_next (poll, poll_deadline (poll), &due));
    poll_done (poll, &due, FEP_CLOSED, at + 600);
    assert_int_equal (poll_deadline (poll), at + PERIOD);
    assert_int_equal (poll_demoted (poll), 0);
    poll_destroy (&poll);
}

//  A result of an earlier plan changes nothing; demotion outlives a plan.
static void test_plans (void **state)
{
    (void) state;
    poll_t *poll = poll_new ();
    poll_due_t old, due;
    s_plan (poll, 7, 2, 0);
    (void) s_fail (poll, 1);
    int64_t at = poll_deadline (poll);
    assert_true (poll_next (poll, at, &old));
    s_plan (poll, 7, 3, at);
    poll_done (poll, &old, FEP_TIMEOUT, at);
    assert_int_equal (poll_planned (poll), 3);
    at = poll_deadline (poll);
    for (uint16_t i = 0; i < 3; i++) {
        assert_true (poll_next (poll, at, &due));
        poll_done (poll, &due, FEP_OK, at);
    }
    CHECK_ERR (poll_plan (poll, 7, NULL, POLL_POINTS_MAX + 1, at), FEP_LIMIT);
    CHECK_OK (poll_plan (poll, 99, NULL, 0, at));
    assert_int_equal (poll_planned (poll), 3);
    poll_destroy (&poll);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_sweep),    cmocka_unit_test (test_spread),
        cmocka_unit_test (test_demotion), cmocka_unit_test (test_order),
        cmocka_unit_test (test_overrun),  cmocka_unit_test (test_not_asked),
        cmocka_unit_test (test_plans)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
