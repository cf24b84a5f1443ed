//  Batches of reads: order, turns, one point of a terminal at a time, ends, cancelling, limits.
#include "tests/test.h"
#include "actors/jobs.h"
#include <stdio.h>
#include <string.h>

typedef struct {
    uint8_t memory[4096];  //  Of whom
    writer_t out;          //  In it
} list_t;

static void s_list (list_t *list)
{
    list->out = writer_of (list->memory, sizeof list->memory);
}

static void s_add (list_t *list, uint32_t number, uint16_t count)
{
    uint16_t mps[16];
    char address[16];
    snprintf (address, sizeof address, "T%u", number);
    for (uint16_t i = 0; i < count; i++) {
        mps[i] = (uint16_t) (i + 1);
    }
    jobs_put_whom (&list->out, number, address, mps, count);
}

static job_t *s_start (jobs_t *jobs, const list_t *list)
{
    const job_what_t what = {.kind = REQUEST_READ, .count = 1, .points = {7}};
    return jobs_start (jobs, &what, "tester", writer_bytes (&list->out), 1000);
}

static void s_test_one_at_a_time (void **state)
{
    jobs_t jobs = {.last = 0};
    list_t list;
    job_t *job, *of;
    uint32_t a, b, c;
    (void) state;
    s_list (&list);
    s_add (&list, 5, 2);
    s_add (&list, 9, 1);
    job = s_start (&jobs, &list);
    assert_non_null (job);
    assert_int_equal (job->number, 1);
    assert_int_equal (job->count, 3);
    assert_string_equal (job->who, "tester");
    assert_true (jobs_next (&jobs, &of, &a));
    assert_true (jobs_next (&jobs, &of, &b));
    assert_ptr_equal (of, job);
    assert_int_equal (job_terminal (job, a)->number, 5);
    assert_int_equal (job_terminal (job, b)->number, 9);
    assert_string_equal (job_terminal (job, b)->address, "T9");
    //  The second point of terminal 5 waits for the first.
    assert_false (jobs_next (&jobs, &of, &c));
    assert_int_equal (job->states[POINT_ASKED], 2);
    job_done (job, a, FEP_OK, 0, 2000);
    assert_true (jobs_next (&jobs, &of, &c));
    assert_int_equal (job->points[c].mp, 2);
    job_done (job, c, FEP_REFUSED, 9, 2500);
    assert_int_equal (job->ended_ms, 0);
    job_done (job, b, FEP_TIMEOUT, 0, 3000);
    assert_int_equal (job->ended_ms, 3000);
    assert_int_equal (job->errors[FEP_OK], 1);
    assert_int_equal (job->errors[FEP_REFUSED], 1);
    assert_int_equal (job->errors[FEP_TIMEOUT], 1);
    assert_int_equal (job->points[c].code, 9);
    assert_false (jobs_next (&jobs, &of, &c));
    jobs_fini (&jobs);
}

static void s_test_no_room (void **state)
{
    jobs_t jobs = {.last = 0};
    list_t list;
    job_t *of;
    uint32_t place, again;
    (void) state;
    s_list (&list);
    s_add (&list, 5, 2);
    job_t *job = s_start (&jobs, &list);
    assert_true (jobs_next (&jobs, &of, &place));
    job_later (job, place, 2000);
    assert_int_equal (job->states[POINT_WAITS], 2);
    assert_false (jobs_next (&jobs, &of, &again));
    assert_true (jobs_wake (&jobs));
    assert_false (jobs_wake (&jobs));
    assert_true (jobs_next (&jobs, &of, &again));
    assert_int_equal (again, place);
    jobs_fini (&jobs);
}

static void s_test_cancel (void **state)
{
    jobs_t jobs = {.last = 0};
    list_t list;
    job_t *of;
    uint32_t a, b;
    (void) state;
    s_list (&list);
    s_add (&list, 5, 3);
    s_add (&list, 6, 3);
    job_t *job = s_start (&jobs, &list);
    assert_true (jobs_next (&jobs, &of, &a));
    assert_true (jobs_next (&jobs, &of, &b));
    job_cancel (job, 2000);
    assert_true (job->cancelled);
    assert_int_equal (job->states[POINT_CANCELLED], 4);
    assert_int_equal (job->ended_ms, 0);
    job_done (job, a, FEP_OK, 0, 3000);
    assert_false (jobs_next (&jobs, &of, &a));
    //  Found no room: it is not asked any more either.
    job_later (job, b, 4000);
    assert_int_equal (job->states[POINT_CANCELLED], 5);
    assert_int_equal (job->ended_ms, 4000);
    //  It is over: a second one changes nothing, and neither does one of a job that ended by itself.
    job_cancel (job, 5000);
    assert_true (job->cancelled && job->ended_ms == 4000);
    s_list (&list);
    s_add (&list, 5, 1);
    job = s_start (&jobs, &list);
    assert_true (jobs_next (&jobs, &of, &a));
    job_done (job, a, FEP_OK, 0, 6000);
    job_cancel (job, 7000);
    assert_false (job->cancelled);
    assert_int_equal (job->ended_ms, 6000);
    jobs_fini (&jobs);
}

static void s_test_turns_and_limit (void **state)
{
    jobs_t jobs = {.last = 0};
    list_t list;
    job_t *of, *all[JOBS_MAX];
    uint32_t place;
    unsigned met[JOBS_MAX + 1] = {0};
    (void) state;
    s_list (&list);
    assert_null (s_start (&jobs, &list));
    s_add (&list, 5, 1);
    s_add (&list, 6, 1);
    for (size_t i = 0; i < JOBS_MAX; i++) {
        all[i] = s_start (&jobs, &list);
        assert_non_null (all[i]);
    }
    assert_null (s_start (&jobs, &list));
    for (size_t i = 0; i < JOBS_MAX; i++) {
        assert_true (jobs_next (&jobs, &of, &place));
        met[of->number]++;
    }
    for (size_t i = 1; i <= JOBS_MAX; i++) {
        assert_int_equal (met[i], 1);
    }
    //  One that is over makes room; it is not known any more then.
    job_cancel (all[3], 1);
    job_done (all[3], 0, FEP_OK, 0, 2);
    assert_ptr_equal (jobs_find (&jobs, 4), all[3]);
    job_t *next = s_start (&jobs, &list);
    assert_int_equal (next->number, JOBS_MAX + 1);
    assert_null (jobs_find (&jobs, 4));
    assert_null (jobs_find (&jobs, 0));
    list.out.size -= 1;
    job_cancel (next, 3);
    assert_null (s_start (&jobs, &list));
    jobs_fini (&jobs);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (s_test_one_at_a_time), cmocka_unit_test (s_test_no_room),
        cmocka_unit_test (s_test_cancel), cmocka_unit_test (s_test_turns_and_limit)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
