//  A session with a codec that has timers of its own, IEC 60870-5-104: whatever may move its deadline wakes it, and a
//  broken conversation is closed.
#include "tests/actors/rig.h"

static const uint8_t s_start_act[] = {0x68, 4, 0x07, 0, 0, 0};
static const uint8_t s_start_con[] = {0x68, 4, 0x0B, 0, 0, 0};
static const uint8_t s_point[] = {0x68, 14, 0, 0, 0, 0, 1, 1, 3, 0, 1, 0, 1, 0, 0, 1};

static void s_sent (rig_t *rig, const void *bytes, size_t size)
{
    assert_true (bytes_equal (writer_bytes (&rig->send), bytes_of (bytes, size)));
    rig->send.size = 0;
}

//  As the connector does after every call: the session is woken if it wants to be before its last deadline.
static void s_handle (rig_t *rig)
{
    if (session_due_ms (rig->session) < rig->deadline_ms) {
        (void) rig_pass (rig, 0);
    }
}

static rig_t *s_begin (void)
{
    rig_t *rig = rig_new (codec_find ("iec104"));
    session_name (rig->session, &rig->env, "1");
    rig->deadline_ms = INT64_MAX;
    assert_int_equal (rig_admit (rig, 0), INPUT_TAKEN);
    s_handle (rig);
    s_sent (rig, s_start_act, sizeof s_start_act);
    assert_int_equal (rig->deadline_ms, rig->env.now_ms + 15000);
    (void) rig_feed_bytes (rig, bytes_of (s_start_con, sizeof s_start_con));
    s_handle (rig);
    assert_int_equal (rig->deadline_ms, rig->env.now_ms + 20000);
    return rig;
}

//  What got on disk is acknowledged when t2 ends since it came, not when the silence is tested.
static void test_acknowledged_in_time (void **state)
{
    (void) state;
    static const uint8_t ack[] = {0x68, 4, 1, 0, 2, 0};
    rig_t *rig = s_begin ();
    (void) rig_pass (rig, 5000);
    (void) rig_feed_bytes (rig, bytes_of (s_point, sizeof s_point));
    s_handle (rig);
    assert_int_equal (rig->mark, 1);
    (void) rig_pass (rig, 3000);
    session_durable (rig->session, &rig->env, rig->mark);
    s_handle (rig);
    assert_int_equal (rig->send.size, 0);
    assert_int_equal (rig->deadline_ms, rig->env.now_ms + 7000);
    (void) rig_pass (rig, 7000);
    s_sent (rig, ack, sizeof ack);
    rig_free (&rig);
}

//  A request that is not acknowledged: the connection ends with t1.
static void test_not_acknowledged (void **state)
{
    (void) state;
    rig_t *rig = s_begin ();
    request_t request = {.token = 1, .kind = REQUEST_CLOCK};
    (void) rig_pass (rig, 5000);
    CHECK_OK (session_request (rig->session, &rig->env, &request));
    s_handle (rig);
    assert_true (session_due_ms (rig->session) <= rig->env.now_ms + 15000);
    (void) rig_pass (rig, 14999);
    assert_int_equal (session_reason (rig->session), 0);
    (void) rig_pass (rig, 1);
    assert_int_equal (session_reason (rig->session), CLOSE_PROTOCOL);
    assert_int_equal (rig->result_count, 1);
    assert_int_equal (rig->results[0].error, FEP_OUTCOME_UNKNOWN);
    session_flushed (rig->session);
    rig_free (&rig);
}

static void test_number_out_of_order (void **state)
{
    (void) state;
    rig_t *rig = s_begin ();
    (void) rig_feed_bytes (rig, bytes_of (s_point, sizeof s_point));
    (void) rig_feed_bytes (rig, bytes_of (s_point, sizeof s_point));
    assert_int_equal (session_state (rig->session), SESSION_DEAD);
    assert_int_equal (session_reason (rig->session), CLOSE_PROTOCOL);
    rig_free (&rig);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_acknowledged_in_time),
                                       cmocka_unit_test (test_not_acknowledged),
                                       cmocka_unit_test (test_number_out_of_order)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
