//  A session with the Q/GDW 376.1 codec: admission, confirmations after the commit, requests, foreign frames.
#include "codecs/gdw1376/link.h"
#include "codecs/gdw1376/state.h"
#include "tests/actors/rig.h"

#define MASTER 2
#define CONFIRM_SIZE 20  //  A confirmation of ours
#define SEQ_AT 13        //  Of a frame
#define UNITS_AT 14      //  Of a frame

static const uint8_t s_mine[GDW_ADDRESS] = {0x71, 0x01, 0x22, 0x08, 0x00};
static const uint8_t s_other[GDW_ADDRESS] = {0x71, 0x01, 0x23, 0x08, 0x00};
static const uint8_t s_login[] = {0x00, 0x00, 0x01, 0x00};
static const uint8_t s_logout[] = {0x00, 0x00, 0x02, 0x00};
static const uint8_t s_heartbeat[] = {0x00, 0x00, 0x04, 0x00};
static const uint8_t s_clock[] = {0x00, 0x00, 0x02, 0x00, 0x49, 0x48, 0x11, 0x15, 0x52, 0x15};
static const uint8_t s_denied[] = {0x00, 0x00, 0x02, 0x00};

static void s_put (rig_t *rig, const uint8_t *address, uint8_t control, uint8_t afn, unsigned seq,
                   bytes_t body)
{
    size_t mark = gdw_frame_open (&rig->frame, MASTER, control, address, afn, (uint8_t) seq);
    writer_put (&rig->frame, body.data, body.size);
    gdw_frame_close (&rig->frame, mark);
}

#define LINK(rig, body) s_put (rig, s_mine, 0xC9, AFN_LINK, 0x75, bytes_of (body, sizeof body))
//  With CON=1: wants to be confirmed.
#define REPORT(rig, address, seq)                                                                  \
    s_put (rig, address, 0xC4, AFN_CURRENT, 0x70 | ((seq) &15), bytes_of (s_clock, sizeof s_clock))

static rig_t *s_online (void)
{
    rig_t *rig = rig_new (codec_find ("gdw1376"));
    LINK (rig, s_login);
    assert_int_equal (rig_feed (rig), INPUT_BLOCKED);
    assert_int_equal (rig_admit (rig, 0), INPUT_TAKEN);
    batch_clear (rig->batch);
    rig->send.size = 0;
    return rig;
}

static void test_admission (void **state)
{
    (void) state;
    rig_t *rig = rig_new (codec_find ("gdw1376"));
    LINK (rig, s_login);
    REPORT (rig, s_mine, 1);
    assert_int_equal (rig_feed (rig), INPUT_BLOCKED);
    assert_string_equal (session_address (rig->session), "017102082");
    assert_int_equal (rig->batch->message_count + rig->send.size, 0);
    assert_int_equal (rig_admit (rig, 0), INPUT_TAKEN);
    assert_string_equal (rig_batched (rig), "+lr");
    assert_int_equal (rig->send.size, CONFIRM_SIZE);
    session_durable (rig->session, &rig->env, rig->mark);
    assert_int_equal (rig->send.size, 2 * CONFIRM_SIZE);
    assert_int_equal (rig->send.data[CONFIRM_SIZE + SEQ_AT], 0x61);
    LINK (rig, s_heartbeat);
    LINK (rig, s_logout);
    (void) rig_feed (rig);
    assert_int_equal (session_reason (rig->session), CLOSE_LOGOUT);
    assert_string_equal (rig_batched (rig), "hl-");
    assert_int_equal (rig->send.size, 4 * CONFIRM_SIZE);
    rig_free (&rig);
}

static void test_hold_answers_nothing (void **state)
{
    (void) state;
    rig_t *rig = rig_new (codec_find ("gdw1376"));
    LINK (rig, s_login);
    (void) rig_feed (rig);
    session_hold (rig->session, &rig->env);
    (void) rig_pass (rig, 30001);
    assert_int_equal (session_reason (rig->session), CLOSE_UNKNOWN);
    assert_int_equal (rig->batch->message_count + rig->send.size, 0);
    rig_free (&rig);
}

//  One more than the codec can remember: it waits, and goes on when some are on disk.
static void test_ring (void **state)
{
    (void) state;
    rig_t *rig = s_online ();
    for (unsigned i = 0; i < GDW_PENDING_MAX + 5; i++) {
        REPORT (rig, s_mine, i);
    }
    assert_int_equal (rig_feed (rig), INPUT_BLOCKED);
    assert_int_equal (rig->batch->message_count, GDW_PENDING_MAX);
    assert_int_equal (rig->mark, GDW_PENDING_MAX);
    assert_int_equal (rig->send.size, 0);
    session_durable (rig->session, &rig->env, 3);
    assert_int_equal (rig->send.size, 3 * CONFIRM_SIZE);
    assert_int_equal (rig_resume (rig), INPUT_BLOCKED);
    assert_int_equal (rig->batch->message_count, GDW_PENDING_MAX + 3);
    session_durable (rig->session, &rig->env, rig->mark);
    assert_int_equal (rig_resume (rig), INPUT_TAKEN);
    assert_int_equal (rig->batch->message_count, GDW_PENDING_MAX + 5);
    session_durable (rig->session, &rig->env, rig->mark);
    assert_int_equal (rig->send.size, (GDW_PENDING_MAX + 5) * CONFIRM_SIZE);
    for (unsigned i = 0; i < GDW_PENDING_MAX + 5; i++) {
        assert_int_equal (rig->send.data[i * CONFIRM_SIZE + SEQ_AT], 0x60 | (i & 15));
    }
    assert_int_equal (session_facts (rig->session)->confirmed, GDW_PENDING_MAX + 5);
    rig_free (&rig);
}

static void test_other_terminal (void **state)
{
    (void) state;
    rig_t *rig = s_online ();
    REPORT (rig, s_other, 1);
    REPORT (rig, s_mine, 2);
    assert_int_equal (rig_feed (rig), INPUT_TAKEN);
    assert_int_equal (session_refused (rig->session, FEP_NOT_MINE), 1);
    assert_string_equal (rig_batched (rig), "r");
    assert_int_equal (rig->mark, 1);
    session_durable (rig->session, &rig->env, rig->mark);
    assert_int_equal (rig->send.size, CONFIRM_SIZE);
    assert_memory_equal (rig->send.data + 7, s_mine, 4);
    rig_free (&rig);
}

//  Login, reports, noise and a heartbeat, cut in two at every byte.
static void test_split_everywhere (void **state)
{
    (void) state;
    size_t size = 2;
    for (size_t at = 1; at < size; at++) {
        rig_t *rig = rig_new (codec_find ("gdw1376"));
        LINK (rig, s_login);
        REPORT (rig, s_mine, 1);
        writer_put (&rig->frame, "\x68\x32h", 3);
        LINK (rig, s_heartbeat);
        REPORT (rig, s_mine, 2);
        bytes_t stream = writer_bytes (&rig->frame);
        (void) rig_feed_bytes (rig, bytes_of (stream.data, at));
        if (session_wants_admission (rig->session)) {
            (void) rig_admit (rig, 0);
        }
        (void) rig_feed_bytes (rig, bytes_of (stream.data + at, stream.size - at));
        if (session_wants_admission (rig->session)) {
            (void) rig_admit (rig, 0);
        }
        assert_string_equal (rig_batched (rig), "+lrhr");
        assert_int_equal (rig->mark, 2);
        assert_int_equal (rig->send.size, 2 * CONFIRM_SIZE);
        size = stream.size;
        rig_free (&rig);
    }
    assert_true (size > 80);
}

static request_t s_read (uint64_t token)
{
    return (request_t){.token = token,
                       .kind = REQUEST_READ,
                       .mp = 1,
                       .point_count = 2,
                       .points = {POINT (1, 0, 32, 7, 0), POINT (1, 0, 16, 7, 0)}};
}

//  A repeat asks for the same units again, under a new number.
static void test_read_is_repeated (void **state)
{
    (void) state;
    rig_t *rig = s_online ();
    request_t request = s_read (1);
    CHECK_OK (session_request (rig->session, &rig->env, &request));
    size_t size = rig->send.size;
    assert_true (size > CONFIRM_SIZE - 1);
    (void) rig_pass (rig, 5000);
    assert_int_equal (rig->send.size, 2 * size);
    assert_int_equal (rig->send.data[SEQ_AT], 0x60);
    assert_int_equal (rig->send.data[size + SEQ_AT], 0x61);
    assert_memory_equal (rig->send.data + UNITS_AT, rig->send.data + size + UNITS_AT, 4);
    //  The answer to the repeat.
    s_put (rig, s_mine, 0x88, AFN_CURRENT, 0x61, bytes_of (s_clock, sizeof s_clock));
    (void) rig_feed (rig);
    assert_int_equal (rig->result_count, 1);
    assert_int_equal (rig->results[0].error, FEP_OK);
    assert_int_equal (session_state (rig->session), SESSION_ONLINE);
    assert_string_equal (rig_batched (rig), "r");
    rig_free (&rig);
}

static void test_read_times_out (void **state)
{
    (void) state;
    rig_t *rig = s_online ();
    request_t request = s_read (1);
    CHECK_OK (session_request (rig->session, &rig->env, &request));
    size_t size = rig->send.size;
    for (int i = 0; i < 3; i++) {
        assert_int_equal (rig->result_count, 0);
        (void) rig_pass (rig, 5000);
    }
    assert_int_equal (rig->send.size, 3 * size);
    assert_int_equal (rig->result_count, 1);
    assert_int_equal (rig->results[0].error, FEP_TIMEOUT);
    rig_free (&rig);
}

//  Ten days take two frames; the second is repeated as the second.
static void test_days_frame_by_frame (void **state)
{
    (void) state;
    static const uint8_t last_two[] = {0x01, 0x01, 0x01, 0x14, 0x09, 0x08, 0x18};
    rig_t *rig = s_online ();
    request_t request = {.token = 1,
                         .kind = REQUEST_READ_FROZEN,
                         .mp = 1,
                         .freeze = FREEZE_DAY,
                         .point_count = 1,
                         .points = {POINT (1, 0, 1, 8, 0)},
                         .from_ms = 1533139200000,
                         .to_ms = 1533916800000};
    CHECK_OK (session_request (rig->session, &rig->env, &request));
    rig->send.size = 0;
    s_put (rig, s_mine, 0x88, AFN_CURRENT, 0x60, bytes_of (s_clock, sizeof s_clock));
    (void) rig_feed (rig);
    assert_int_equal (rig->send.size, 0);
    s_put (rig, s_mine, 0x88, AFN_HISTORY, 0x60, bytes_of (NULL, 0));
    (void) rig_feed (rig);
    assert_memory_equal (rig->send.data + UNITS_AT, last_two, sizeof last_two);
    assert_int_equal (rig->result_count, 0);
    rig->send.size = 0;
    (void) rig_pass (rig, 5000);
    assert_memory_equal (rig->send.data + UNITS_AT, last_two, sizeof last_two);
    s_put (rig, s_mine, 0x88, AFN_HISTORY, 0x62, bytes_of (NULL, 0));
    (void) rig_feed (rig);
    assert_int_equal (rig->result_count, 1);
    assert_int_equal (rig->results[0].error, FEP_OK);
    rig_free (&rig);
}

static void test_read_is_denied (void **state)
{
    (void) state;
    rig_t *rig = s_online ();
    request_t request = s_read (1);
    CHECK_OK (session_request (rig->session, &rig->env, &request));
    s_put (rig, s_mine, 0x80, AFN_CONFIRM, 0x60, bytes_of (s_denied, sizeof s_denied));
    (void) rig_feed (rig);
    assert_int_equal (rig->results[0].error, FEP_REFUSED);
    assert_int_equal (session_state (rig->session), SESSION_ONLINE);
    rig_free (&rig);
}

//  What a terminal says when it has nothing: the request ends with what a task can tell apart.
static void test_nothing_there (void **state)
{
    (void) state;
    static const uint8_t absent[] = {0x00, 0x00, 0x02, 0x00, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE, 0xEE};
    static const struct {
        uint8_t control, afn;
        bytes_t body;
        fep_err_t error;
        unsigned values;
        const char *batched;
    } cases[] = {{0x88, AFN_CURRENT, {s_clock, sizeof s_clock}, FEP_OK, 1, "rr"},
                 {0x88, AFN_CURRENT, {absent, sizeof absent}, FEP_OK, 0, "rr"},
                 {0x88, AFN_CURRENT, {NULL, 0}, FEP_OK, 0, "r"},
                 {0x80, AFN_CONFIRM, {s_denied, sizeof s_denied}, FEP_REFUSED, 0, "r"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rig_t *rig = s_online ();
        request_t request = s_read (1);
        request.task = 3;
        request.point_count = 0;
        CHECK_OK (session_request (rig->session, &rig->env, &request));
        s_put (rig, s_mine, cases[i].control, cases[i].afn, 0x60, cases[i].body);
        (void) rig_feed (rig);
        assert_int_equal (rig->result_count, 1);
        assert_int_equal (rig->results[0].error, cases[i].error);
        assert_int_equal (rig->results[0].code, 0);
        assert_int_equal (rig->batch->items[rig->batch->item_count - 2].point, POINT_RESULT_VALUES);
        assert_int_equal (rig->batch->items[rig->batch->item_count - 2].value.mantissa,
                          cases[i].values);
        assert_string_equal (rig_batched (rig), cases[i].batched);
        rig_free (&rig);
    }
}

//  A length that was never sent hides good frames until the half-frame timeout.
static void test_half_frame (void **state)
{
    (void) state;
    rig_t *rig = s_online ();
    writer_put (&rig->frame, "\x68\x02\x04\x02\x04\x68", 6);
    REPORT (rig, s_mine, 1);
    REPORT (rig, s_mine, 2);
    (void) rig_feed (rig);
    assert_int_equal (rig->batch->message_count, 0);
    (void) rig_pass (rig, 10000);
    assert_string_equal (rig_batched (rig), "rr");
    assert_int_equal (session_refused (rig->session, FEP_TRUNCATED), 1);
    assert_int_equal (rig->mark, 0);
    assert_int_equal (session_take_mark (rig->session), 2);
    rig_free (&rig);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_admission),
        cmocka_unit_test (test_hold_answers_nothing),
        cmocka_unit_test (test_ring),
        cmocka_unit_test (test_other_terminal),
        cmocka_unit_test (test_split_everywhere),
        cmocka_unit_test (test_read_is_repeated),
        cmocka_unit_test (test_read_times_out),
        cmocka_unit_test (test_days_frame_by_frame),
        cmocka_unit_test (test_read_is_denied),
        cmocka_unit_test (test_nothing_there),
        cmocka_unit_test (test_half_frame),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
