//  How requests of acquisition tasks end in the journal: a RESULT behind the data, whatever the end.
#include "tests/actors/rig.h"
#include "tests/actors/toy_line.h"

#define TASK 12
#define SLOT_MS (RIG_WALL_MS - 900000)
#define MP 4

//  The toy with answers that bring values: V the last of them, v one of several, O what holds no good value.
static fep_err_t s_decode (void *state, bytes_t frame, codec_io_t *io)
{
    char type = (char) frame.data[2];
    bytes_t address = batch_keep (io->batch, bytes_text ("T1"));
    if (type != 'V' && type != 'v' && type != 'O') {
        return toy_decode (state, frame, io);
    }
    toy_values (io, address, frame.data[4], bytes_of (frame.data + 5, frame.size - 6));
    if (type == 'O') {
        batch_item (io->batch, TOY_POINT, value_none (ABSENT_DEVICE, 0));
        batch_item (io->batch, TOY_POINT, value_decimal (1, 0, QUALITY_INVALID));
        batch_item (io->batch, TOY_POINT, value_decimal (2, 0, QUALITY_SUSPECT));
    }
    io->answer = type == 'v' ? ANSWER_PARTIAL : ANSWER_DONE;
    return FEP_OK;
}

//  Code 9: the meter behind did not answer.
static bool s_is_silence (uint8_t code)
{
    return code == 9;
}

static codec_t s_toy;

static rig_t *s_online (void)
{
    s_toy = toy_codec;
    s_toy.decode = s_decode;
    s_toy.is_silence = s_is_silence;
    rig_t *rig = rig_new (&s_toy);
    rig_online (rig, 0);
    return rig;
}

static fep_err_t s_ask (rig_t *rig, unsigned token, unsigned frames, uint32_t task)
{
    request_t request = {.token = token,
                         .kind = REQUEST_READ,
                         .mp = MP,
                         .freeze = FREEZE_DAY,
                         .point_count = (uint8_t) frames,
                         .points = {TOY_POINT},
                         .task = task,
                         .slot_ms = SLOT_MS,
                         .run = 2};
    return session_request (rig->session, &rig->env, &request);
}

//  What a RESULT says, by its points; 0 if it does not say it.
static int64_t s_number (const rig_t *rig, const message_t *message, uint32_t point)
{
    for (uint32_t i = 0; i < message->count; i++) {
        const item_t *item = &rig->batch->items[message->first + i];
        if (item->point == point) {
            return item->value.mantissa;
        }
    }
    return 0;
}

//  Message `at` is the RESULT of a request of the task, with that end.
static void s_expect (const rig_t *rig, size_t at, fep_err_t error, unsigned code, unsigned values)
{
    const char *name = fep_err_name (error);
    assert_true (at < rig->batch->message_count);
    const message_t *message = &rig->batch->messages[at];
    assert_int_equal (message->kind, MESSAGE_RESULT);
    const item_t *first = &rig->batch->items[message->first];
    assert_int_equal (first->point, POINT_RESULT_ERROR);
    assert_int_equal (first->value.exponent, strlen (name));
    assert_memory_equal (first->value.text, name, strlen (name));
    assert_int_equal (s_number (rig, message, POINT_RESULT_CODE), code);
    assert_int_equal (s_number (rig, message, POINT_RESULT_VALUES), values);
    assert_int_equal (message->task, TASK);
    assert_int_equal (message->time_ms, SLOT_MS);
    assert_int_equal (message->received_ms, rig->env.wall_ms);
    assert_int_equal (message->terminal, RIG_NUMBER);
    assert_int_equal (message->area, RIG_AREA);
    assert_true (bytes_equal (message->address, bytes_text ("T1")));
    assert_int_equal (s_number (rig, message, POINT_RESULT_RUN), 2);
}

//  Behind the data of the frame that ended it; what is not an answer has no task.
static void test_behind_the_data (void **state)
{
    (void) state;
    rig_t *rig = s_online ();
    CHECK_OK (s_ask (rig, 1, 2, TASK));
    rig_put_value (rig, 'V', 1, 1, 10);
    rig_put_value (rig, 'U', 1, 2, 11);
    rig_put_value (rig, 'v', 1, 3, 12);
    rig_put_value (rig, 'V', 1, 4, 13);
    rig_put_value (rig, 'U', 1, 5, 14);
    assert_int_equal (rig_feed (rig), INPUT_TAKEN);
    static const uint32_t tasks[] = {TASK, 0, TASK, TASK, TASK, 0};
    assert_int_equal (rig->batch->message_count, sizeof tasks / sizeof *tasks);
    for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) {
        assert_int_equal (rig->batch->messages[i].task, tasks[i]);
    }
    s_expect (rig, 4, FEP_OK, 0, 3);
    const message_t *result = &rig->batch->messages[4];
    assert_int_equal (result->mp, MP);
    assert_int_equal (result->freeze, FREEZE_DAY);
    assert_int_equal (result->raw.size, 0);
    assert_int_equal (result->count, 5);
    assert_int_equal (s_number (rig, result, POINT_RESULT_LINE), 0);
    assert_int_equal (rig->result_count, 1);
    assert_true (rig->results[0].journalled);
    assert_int_equal (rig->results[0].values, 3);
    assert_int_equal (session_facts (rig->session)->items, 5);
    rig_free (&rig);
}

//  Of no task: nothing of it is in the journal, but who asked learns whether it brought a value.
static void test_without_task (void **state)
{
    (void) state;
    rig_t *rig = s_online ();
    CHECK_OK (s_ask (rig, 1, 1, 0));
    rig_put_value (rig, 'V', 1, 1, 10);
    (void) rig_feed (rig);
    assert_int_equal (rig->result_count, 1);
    assert_false (rig->results[0].journalled);
    assert_int_equal (rig->results[0].values, 1);
    assert_int_equal (rig->batch->messages[0].task, 0);
    assert_string_equal (rig_batched (rig), "r");
    rig_free (&rig);
}

//  What the device did not have, or called invalid, is no value; what we doubt is one.
static void test_values_counted (void **state)
{
    (void) state;
    rig_t *rig = s_online ();
    CHECK_OK (s_ask (rig, 1, 1, TASK));
    CHECK_OK (s_ask (rig, 2, 1, TASK));
    rig_put (rig, 'O', 1, 1);
    rig_put (rig, 'D', 1, 2);
    (void) rig_feed (rig);
    s_expect (rig, 1, FEP_OK, 0, 1);
    s_expect (rig, 2, FEP_OK, 0, 0);
    rig_free (&rig);
}

static void test_refused (void **state)
{
    (void) state;
    rig_t *rig = s_online ();
    CHECK_OK (s_ask (rig, 1, 1, TASK));
    CHECK_OK (s_ask (rig, 2, 1, TASK));
    rig_put_value (rig, 'N', 1, 1, 0x2100);
    rig_put_value (rig, 'N', 1, 1, 0x0900);
    (void) rig_feed (rig);
    s_expect (rig, 0, FEP_REFUSED, 0x21, 0);
    assert_int_equal (s_number (rig, &rig->batch->messages[0], POINT_RESULT_SILENT), 0);
    s_expect (rig, 1, FEP_REFUSED, 9, 0);
    assert_int_equal (s_number (rig, &rig->batch->messages[1], POINT_RESULT_SILENT), 1);
    assert_string_equal (rig_batched (rig), "rr");
    rig_free (&rig);
}

//  The values that came before the silence are counted all the same.
static void test_timeout (void **state)
{
    (void) state;
    rig_t *rig = s_online ();
    CHECK_OK (s_ask (rig, 1, 2, TASK));
    rig_put_value (rig, 'V', 1, 1, 10);
    (void) rig_feed (rig);
    for (int i = 0; i < 3; i++) {
        assert_int_equal (rig->batch->message_count, 1);
        (void) rig_pass (rig, 5000);
    }
    s_expect (rig, 1, FEP_TIMEOUT, 0, 1);
    rig_free (&rig);
}

//  All that wait and the one in flight, before LINK down.
static void test_close (void **state)
{
    (void) state;
    rig_t *rig = s_online ();
    CHECK_OK (s_ask (rig, 1, 1, TASK));
    CHECK_OK (s_ask (rig, 2, 1, TASK));
    session_close (rig->session, &rig->env, CLOSE_SILENT, false);
    s_expect (rig, 0, FEP_CLOSED, 0, 0);
    s_expect (rig, 1, FEP_CLOSED, 0, 0);
    assert_int_equal (s_number (rig, &rig->batch->messages[0], POINT_RESULT_UNSENT), 0);
    assert_int_equal (s_number (rig, &rig->batch->messages[1], POINT_RESULT_UNSENT), 1);
    assert_true (rig->results[0].journalled && rig->results[1].journalled);
    assert_string_equal (rig_batched (rig), "rr-");
    rig_free (&rig);
}

//  What cannot be asked ends at once, in the journal too; what was never taken does not.
static void test_that_cannot_be_asked (void **state)
{
    (void) state;
    rig_t *rig = s_online ();
    request_t events = {
        .token = 1, .kind = REQUEST_READ_EVENTS, .task = TASK, .slot_ms = SLOT_MS, .run = 2};
    CHECK_OK (session_request (rig->session, &rig->env, &events));
    s_expect (rig, 0, FEP_UNSUPPORTED, 0, 0);
    assert_int_equal (s_number (rig, &rig->batch->messages[0], POINT_RESULT_UNSENT), 1);
    assert_true (rig->results[0].journalled);
    batch_clear (rig->batch);
    for (unsigned i = 0; i <= SESSION_REQUESTS_MAX; i++) {
        CHECK_OK (s_ask (rig, 10 + i, 1, TASK));
    }
    CHECK_ERR (s_ask (rig, 99, 1, TASK), FEP_FULL);
    events.carried = &line_meter;
    CHECK_ERR (session_request (rig->session, &rig->env, &events), FEP_UNSUPPORTED);
    assert_string_equal (rig_batched (rig), "");
    rig_free (&rig);
}

//  A full batch loses the message, not what is in it already; the asker is told and it is counted.
static void test_full_batch (void **state)
{
    (void) state;
    rig_t *rig = s_online ();
    int64_t lost = metric_get (METRIC_results_lost);
    CHECK_OK (s_ask (rig, 1, 1, TASK));
    CHECK_OK (s_ask (rig, 2, 1, TASK));
    (void) batch_message (rig->batch, MESSAGE_READING);
    while (rig->batch->item_count + 4 < BATCH_ITEMS_MAX) {
        batch_item (rig->batch, TOY_POINT, value_decimal (1, 0, 0));
    }
    batch_mark_t before = batch_mark (rig->batch);
    (void) rig_feed_one (rig, 'D', 1, 1);
    assert_false (rig->batch->failed);
    assert_int_equal (rig->batch->message_count, before.message_count);
    assert_int_equal (rig->batch->item_count, before.item_count);
    assert_int_equal (metric_get (METRIC_results_lost), lost + 1);
    assert_int_equal (rig->result_count, 1);
    assert_int_equal (rig->results[0].error, FEP_OK);
    assert_false (rig->results[0].journalled);
    batch_clear (rig->batch);
    (void) rig_feed_one (rig, 'D', 1, 1);
    s_expect (rig, 0, FEP_OK, 0, 0);
    assert_true (rig->results[1].journalled);
    rig_free (&rig);
}

//  A frame behind it that is refused takes nothing of it back; a mark is given once.
static void test_neighbours (void **state)
{
    (void) state;
    rig_t *rig = s_online ();
    CHECK_OK (s_ask (rig, 1, 1, TASK));
    rig_put_value (rig, 'R', 1, 1, 10);
    rig_put (rig, 'D', 1, 2);
    rig_put_value (rig, 'X', 1, 3, 11);
    rig_put_value (rig, 'R', 1, 4, 12);
    assert_int_equal (rig_feed (rig), INPUT_TAKEN);
    assert_int_equal (rig->mark, 2);
    s_expect (rig, 1, FEP_OK, 0, 0);
    assert_string_equal (rig_batched (rig), "rrr");
    rig_free (&rig);
}

//  On a bare line it is the meter that did not answer.
static void test_line (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&line_gateway);
    assert_int_equal (rig_feed_bytes (rig, bytes_text ("R1")), INPUT_BLOCKED);
    assert_int_equal (rig_admit (rig, 0), INPUT_TAKEN);
    batch_clear (rig->batch);
    request_t request = {.token = 1,
                         .kind = REQUEST_READ,
                         .mp = MP,
                         .point_count = 2,
                         .points = {LINE_POINT, LINE_POINT + 1},
                         .carried = &line_meter,
                         .meter = "7",
                         .task = TASK,
                         .slot_ms = SLOT_MS,
                         .run = 2};
    CHECK_OK (session_request (rig->session, &rig->env, &request));
    line_put (&rig->frame, 'A', 7, 33);
    (void) rig_feed (rig);
    assert_int_equal (rig->batch->messages[0].task, TASK);
    (void) rig_pass (rig, 50);
    for (int i = 0; i < 4 && rig->batch->message_count == 1; i++) {
        (void) rig_pass (rig, 6000);
    }
    s_expect (rig, 1, FEP_TIMEOUT, 0, 1);
    assert_int_equal (s_number (rig, &rig->batch->messages[1], POINT_RESULT_LINE), 1);
    rig_free (&rig);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_behind_the_data),
                                       cmocka_unit_test (test_without_task),
                                       cmocka_unit_test (test_values_counted),
                                       cmocka_unit_test (test_refused),
                                       cmocka_unit_test (test_timeout),
                                       cmocka_unit_test (test_close),
                                       cmocka_unit_test (test_that_cannot_be_asked),
                                       cmocka_unit_test (test_full_batch),
                                       cmocka_unit_test (test_neighbours),
                                       cmocka_unit_test (test_line)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
