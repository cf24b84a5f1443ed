//  What becomes of what a simulated device said: lines of the ledger.
#include "tests/test.h"
#include "bench/field_log.h"
#include <stdlib.h>
#include <string.h>

typedef struct {
    field_log_t log;        //  Under test
    field_totals_t totals;  //  Its own
    char *text;             //  The ledger
    size_t size;            //  Of it
} fixture_t;

static void s_open (fixture_t *f, bool pipelined)
{
    memset (f, 0, sizeof *f);
    f->log.ledger = open_memstream (&f->text, &f->size);
    assert_non_null (f->log.ledger);
    f->log.totals = &f->totals;
    f->log.pipelined = pipelined;
    strcpy (f->log.address, "12");
}

//  The ledger must be that, and everything is given back.
static void s_close (fixture_t *f, const char *ledger)
{
    field_log_end (&f->log);
    fclose (f->log.ledger);
    assert_string_equal (f->text, ledger);
    free (f->text);
}

static void s_say (fixture_t *f, uint32_t report, uint16_t mp, int64_t value)
{
    field_log_said (
        &f->log,
        &(field_said_t){.mp = mp, .report = report, .point = 7, .mantissa = value, .exponent = -1});
}

static void s_answer (fixture_t *f, uint16_t mp, int64_t value, bool unsent, int64_t at_ms)
{
    s_say (f, 0, mp, value);
    field_log_gather (&f->log, true, unsent, at_ms * 1000);
}

static void s_test_reports (void **state)
{
    fixture_t f;
    (void) state;
    s_open (&f, false);
    s_say (&f, 1, 1, 100);
    s_say (&f, 2, 0, -5);
    s_say (&f, 1, 2, 101);
    field_log_gather (&f.log, false, false, 0);
    assert_int_equal (f.totals.reports, 2);
    //  Sent again.
    s_say (&f, 2, 0, -5);
    field_log_gather (&f.log, false, false, 1);
    assert_int_equal (f.totals.repeated, 1);
    assert_int_equal (f.totals.differing, 0);
    field_log_confirmed (&f.log, 2);
    field_log_confirmed (&f.log, 2);
    field_log_confirmed (&f.log, 9);
    //  Sent again with another value.
    s_say (&f, 1, 1, 100);
    s_say (&f, 1, 2, 999);
    field_log_gather (&f.log, false, false, 2);
    assert_int_equal (f.totals.differing, 1);
    field_log_lost (&f.log);
    s_close (&f, "report confirmed 2 12 0:0:0:7:-5:-1\n"
                 "report open 2 12 1:0:0:7:100:-1 2:0:0:7:101:-1\n");
    assert_int_equal (f.totals.fates[FIELD_CONFIRMED], 1);
    assert_int_equal (f.totals.fates[FIELD_OPEN], 1);
}

static void s_test_no_value (void **state)
{
    fixture_t f;
    (void) state;
    s_open (&f, false);
    field_log_said (&f.log, &(field_said_t){.mp = 3, .freeze = 3, .time_ms = 5, .none = true});
    field_log_gather (&f.log, true, false, 0);
    s_close (&f, "answer open 1 12 3:3:5:0:-:0\n");
}

//  Taken by a request for another meter; given up by the same soon, or late; taken by the same of the next poll.
static void s_test_serial (void **state)
{
    fixture_t f;
    (void) state;
    s_open (&f, false);
    s_answer (&f, 1, 10, false, 0);
    s_answer (&f, 2, 20, false, 20);
    s_answer (&f, 2, 21, false, 3020);
    s_answer (&f, 2, 22, false, 8020);
    s_answer (&f, 2, 23, false, 38020);
    //  A request that is answered without values comes next; then one while the answer is still here.
    field_log_gather (&f.log, true, false, 38030000);
    s_answer (&f, 1, 11, false, 38040);
    s_answer (&f, 2, 24, true, 38050);
    //  No request: nothing is judged.
    field_log_gather (&f.log, false, false, 99000000);
    field_log_lost (&f.log);
    s_close (&f, "answer taken 1 12 1:0:0:7:10:-1\n"
                 "answer given_up 1 12 2:0:0:7:20:-1\n"
                 "answer taken 1 12 2:0:0:7:21:-1\n"
                 "answer given_up 1 12 2:0:0:7:22:-1\n"
                 "answer taken 1 12 2:0:0:7:23:-1\n"
                 "answer given_up 1 12 1:0:0:7:11:-1\n"
                 "answer open 1 12 2:0:0:7:24:-1\n");
    assert_int_equal (f.totals.answers, 7);
}

//  Two answers in one turn name the same point: nobody knows which was wanted.
static void s_test_joined (void **state)
{
    fixture_t f;
    (void) state;
    s_open (&f, false);
    s_say (&f, 0, 1, 10);
    s_answer (&f, 1, 11, false, 0);
    s_answer (&f, 2, 20, false, 1000);
    s_close (&f, "answer given_up 1 12 1:0:0:7:10:-1 1:0:0:7:11:-1\n"
                 "answer open 1 12 2:0:0:7:20:-1\n");
}

//  With several requests in flight only time tells.
static void s_test_pipelined (void **state)
{
    fixture_t f;
    (void) state;
    s_open (&f, true);
    s_answer (&f, 1, 10, false, 0);
    s_answer (&f, 2, 20, true, 10);
    s_answer (&f, 3, 30, false, 1005);
    assert_int_equal (f.totals.fates[FIELD_TAKEN], 1);
    s_answer (&f, 3, 31, false, 1500);
    assert_int_equal (f.totals.fates[FIELD_TAKEN], 2);
    assert_int_equal (f.totals.fates[FIELD_GIVEN_UP], 1);
    s_close (&f, "answer taken 1 12 1:0:0:7:10:-1\n"
                 "answer given_up 1 12 3:0:0:7:30:-1\n"
                 "answer taken 1 12 2:0:0:7:20:-1\n"
                 "answer open 1 12 3:0:0:7:31:-1\n");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (s_test_reports),   cmocka_unit_test (s_test_no_value),
        cmocka_unit_test (s_test_serial),    cmocka_unit_test (s_test_joined),
        cmocka_unit_test (s_test_pipelined),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
