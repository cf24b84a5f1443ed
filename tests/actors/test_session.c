//  A session's states: every cell of the table of states and events, admission, requests, ends.
#include "tests/actors/rig.h"

//  ---- The table ----

typedef enum {
    ROW_FRESH,    //  Nobody yet
    ROW_NAMED,    //  FRESH, identified, admission asked for
    ROW_HELD,     //  FRESH, not in the archive
    ROW_ONLINE,   //
    ROW_WAITING,  //  One request in flight, one waiting
    ROW_CLOSING,  //  Told to stop while bytes are unsent
    ROW_DEAD,     //
    ROW_COUNT
} place_t;

typedef enum {
    EVENT_FRAME,
    EVENT_ADMIT,
    EVENT_HOLD,
    EVENT_REQUEST,
    EVENT_DONE,
    EVENT_PARTIAL,
    EVENT_REFUSED,
    EVENT_ANSWER_TIMEOUT,
    EVENT_TIMEOUT,
    EVENT_BAD_INPUT,
    EVENT_PEER_CLOSED,
    EVENT_STOP,
    EVENT_COUNT
} event_t;

typedef struct {
    bool given;             //  A cell that was forgotten fails
    session_state_t state;  //  Behind the event
    int reason;             //  Of a session that ended in this cell; -1: it did not end
    const char
        *results;  //  Requests that ended: token and letter o(k) r(efused) c(losed) t(imeout)
    const char *batched;  //  Messages, as rig_batched tells
    const char *sent;     //  Frames, as rig_sent tells
} cell_t;

#define STAYS(state, results, batched, sent)                                                       \
    {                                                                                              \
        true, SESSION_##state, -1, results, batched, sent                                          \
    }
#define ENDS(state, reason, results, batched)                                                      \
    {                                                                                              \
        true, SESSION_##state, CLOSE_##reason, results, batched, ""                                \
    }

static const cell_t s_cells[ROW_COUNT][EVENT_COUNT] = {
    [ROW_FRESH] = {[EVENT_FRAME] = STAYS (FRESH, "", "", ""),
                   [EVENT_ADMIT] = STAYS (FRESH, "", "", ""),
                   [EVENT_HOLD] = STAYS (FRESH, "", "", ""),
                   [EVENT_REQUEST] = STAYS (FRESH, "", "", ""),
                   [EVENT_DONE] = STAYS (FRESH, "", "", ""),
                   [EVENT_PARTIAL] = STAYS (FRESH, "", "", ""),
                   [EVENT_REFUSED] = STAYS (FRESH, "", "", ""),
                   [EVENT_ANSWER_TIMEOUT] = STAYS (FRESH, "", "", ""),
                   [EVENT_TIMEOUT] = ENDS (DEAD, NO_LOGIN, "", ""),
                   [EVENT_BAD_INPUT] = ENDS (DEAD, BAD_INPUT, "", ""),
                   [EVENT_PEER_CLOSED] = ENDS (DEAD, PEER_CLOSED, "", ""),
                   [EVENT_STOP] = ENDS (CLOSING, STOPPING, "", "")},
    [ROW_NAMED] = {[EVENT_FRAME] = STAYS (FRESH, "", "", ""),
                   [EVENT_ADMIT] = STAYS (ONLINE, "", "+l", "W1"),
                   [EVENT_HOLD] = STAYS (FRESH, "", "", ""),
                   [EVENT_REQUEST] = STAYS (FRESH, "", "", ""),
                   [EVENT_DONE] = STAYS (FRESH, "", "", ""),
                   [EVENT_PARTIAL] = STAYS (FRESH, "", "", ""),
                   [EVENT_REFUSED] = STAYS (FRESH, "", "", ""),
                   [EVENT_ANSWER_TIMEOUT] = STAYS (FRESH, "", "", ""),
                   [EVENT_TIMEOUT] = ENDS (DEAD, NO_ADMISSION, "", ""),
                   [EVENT_BAD_INPUT] = STAYS (FRESH, "", "", ""),
                   [EVENT_PEER_CLOSED] = ENDS (DEAD, PEER_CLOSED, "", ""),
                   [EVENT_STOP] = ENDS (CLOSING, STOPPING, "", "")},
    [ROW_HELD] = {[EVENT_FRAME] = STAYS (FRESH, "", "", ""),
                  [EVENT_ADMIT] = STAYS (ONLINE, "", "+l", "W1"),
                  [EVENT_HOLD] = STAYS (FRESH, "", "", ""),
                  [EVENT_REQUEST] = STAYS (FRESH, "", "", ""),
                  [EVENT_DONE] = STAYS (FRESH, "", "", ""),
                  [EVENT_PARTIAL] = STAYS (FRESH, "", "", ""),
                  [EVENT_REFUSED] = STAYS (FRESH, "", "", ""),
                  [EVENT_ANSWER_TIMEOUT] = STAYS (FRESH, "", "", ""),
                  [EVENT_TIMEOUT] = ENDS (DEAD, UNKNOWN, "", ""),
                  [EVENT_BAD_INPUT] = STAYS (FRESH, "", "", ""),
                  [EVENT_PEER_CLOSED] = ENDS (DEAD, PEER_CLOSED, "", ""),
                  [EVENT_STOP] = ENDS (CLOSING, STOPPING, "", "")},
    [ROW_ONLINE] = {[EVENT_FRAME] = STAYS (ONLINE, "", "r", ""),
                    [EVENT_ADMIT] = STAYS (ONLINE, "", "", ""),
                    [EVENT_HOLD] = STAYS (ONLINE, "", "", ""),
                    [EVENT_REQUEST] = STAYS (WAITING, "", "", "Q9"),
                    [EVENT_DONE] = STAYS (ONLINE, "", "", ""),
                    [EVENT_PARTIAL] = STAYS (ONLINE, "", "", ""),
                    [EVENT_REFUSED] = STAYS (ONLINE, "", "", ""),
                    [EVENT_ANSWER_TIMEOUT] = STAYS (ONLINE, "", "", ""),
                    [EVENT_TIMEOUT] = ENDS (DEAD, SILENT, "", "-"),
                    [EVENT_BAD_INPUT] = ENDS (DEAD, BAD_INPUT, "", "-"),
                    [EVENT_PEER_CLOSED] = ENDS (DEAD, PEER_CLOSED, "", "-"),
                    [EVENT_STOP] = ENDS (CLOSING, STOPPING, "", "-")},
    [ROW_WAITING] = {[EVENT_FRAME] = STAYS (WAITING, "", "r", ""),
                     [EVENT_ADMIT] = STAYS (WAITING, "", "", ""),
                     [EVENT_HOLD] = STAYS (WAITING, "", "", ""),
                     [EVENT_REQUEST] = STAYS (WAITING, "", "", ""),
                     [EVENT_DONE] = STAYS (WAITING, "5o", "", "Q6"),
                     [EVENT_PARTIAL] = STAYS (WAITING, "", "", ""),
                     [EVENT_REFUSED] = STAYS (WAITING, "5r", "", "Q6"),
                     [EVENT_ANSWER_TIMEOUT] = STAYS (WAITING, "", "", "Q5"),
                     [EVENT_TIMEOUT] = ENDS (DEAD, SILENT, "5c6c", "-"),
                     [EVENT_BAD_INPUT] = ENDS (DEAD, BAD_INPUT, "5c6c", "-"),
                     [EVENT_PEER_CLOSED] = ENDS (DEAD, PEER_CLOSED, "5c6c", "-"),
                     [EVENT_STOP] = ENDS (CLOSING, STOPPING, "5s6s", "-")},
    [ROW_CLOSING] = {[EVENT_FRAME] = STAYS (CLOSING, "", "", ""),
                     [EVENT_ADMIT] = STAYS (CLOSING, "", "", ""),
                     [EVENT_HOLD] = STAYS (CLOSING, "", "", ""),
                     [EVENT_REQUEST] = STAYS (CLOSING, "", "", ""),
                     [EVENT_DONE] = STAYS (CLOSING, "", "", ""),
                     [EVENT_PARTIAL] = STAYS (CLOSING, "", "", ""),
                     [EVENT_REFUSED] = STAYS (CLOSING, "", "", ""),
                     [EVENT_ANSWER_TIMEOUT] = STAYS (DEAD, "", "", ""),
                     [EVENT_TIMEOUT] = STAYS (DEAD, "", "", ""),
                     [EVENT_BAD_INPUT] = STAYS (CLOSING, "", "", ""),
                     [EVENT_PEER_CLOSED] = STAYS (DEAD, "", "", ""),
                     [EVENT_STOP] = STAYS (CLOSING, "", "", "")},
    [ROW_DEAD] = {[EVENT_FRAME] = STAYS (DEAD, "", "", ""),
                  [EVENT_ADMIT] = STAYS (DEAD, "", "", ""),
                  [EVENT_HOLD] = STAYS (DEAD, "", "", ""),
                  [EVENT_REQUEST] = STAYS (DEAD, "", "", ""),
                  [EVENT_DONE] = STAYS (DEAD, "", "", ""),
                  [EVENT_PARTIAL] = STAYS (DEAD, "", "", ""),
                  [EVENT_REFUSED] = STAYS (DEAD, "", "", ""),
                  [EVENT_ANSWER_TIMEOUT] = STAYS (DEAD, "", "", ""),
                  [EVENT_TIMEOUT] = STAYS (DEAD, "", "", ""),
                  [EVENT_BAD_INPUT] = STAYS (DEAD, "", "", ""),
                  [EVENT_PEER_CLOSED] = STAYS (DEAD, "", "", ""),
                  [EVENT_STOP] = STAYS (DEAD, "", "", "")},
};

static const session_state_t s_row_states[ROW_COUNT] = {
    SESSION_FRESH,   SESSION_FRESH,   SESSION_FRESH, SESSION_ONLINE,
    SESSION_WAITING, SESSION_CLOSING, SESSION_DEAD};

static rig_t *s_rig_in (unsigned row)
{
    rig_t *rig = rig_new (&toy_codec);
    if (row == ROW_NAMED || row == ROW_HELD) {
        assert_int_equal (rig_feed_one (rig, 'L', 1, 1), INPUT_BLOCKED);
        assert_true (session_wants_admission (rig->session));
    }
    if (row == ROW_HELD) {
        session_hold (rig->session, &rig->env);
        assert_true (session_held (rig->session));
        assert_false (session_wants_admission (rig->session));
    }
    if (row >= ROW_ONLINE) {
        rig_online (rig, 0);
    }
    if (row == ROW_WAITING) {
        CHECK_OK (rig_request (rig, 5, 1));
        CHECK_OK (rig_request (rig, 6, 1));
        assert_string_equal (rig_sent (rig), "Q5");
    }
    if (row == ROW_CLOSING || row == ROW_DEAD) {
        session_close (rig->session, &rig->env, CLOSE_REPLACED, row == ROW_CLOSING);
        assert_string_equal (rig_batched (rig), "-");
    }
    assert_int_equal (session_state (rig->session), s_row_states[row]);
    return rig;
}

static void s_bad_input (rig_t *rig)
{
    for (int i = 0; i < 4; i++) {
        rig_put_bad (rig, 1);
    }
    (void) rig_feed (rig);
}

static void s_apply (rig_t *rig, unsigned event)
{
    static const char types[] = {
        [EVENT_FRAME] = 'U', [EVENT_DONE] = 'D', [EVENT_PARTIAL] = 'P', [EVENT_REFUSED] = 'N'};
    switch (event) {
    case EVENT_ADMIT:
        (void) rig_admit (rig, 0);
        break;
    case EVENT_HOLD:
        session_hold (rig->session, &rig->env);
        break;
    case EVENT_REQUEST:
        CHECK_ERR (rig_request (rig, 9, 1), session_state (rig->session) == SESSION_ONLINE ||
                                                    session_state (rig->session) == SESSION_WAITING
                                                ? FEP_OK
                                                : FEP_REFUSED);
        break;
    case EVENT_ANSWER_TIMEOUT:
        (void) rig_pass (rig, 5000);
        break;
    case EVENT_TIMEOUT:
        (void) rig_pass (rig, 900000);
        break;
    case EVENT_BAD_INPUT:
        s_bad_input (rig);
        break;
    case EVENT_PEER_CLOSED:
        session_close (rig->session, &rig->env, CLOSE_PEER_CLOSED, false);
        session_flushed (rig->session);
        break;
    case EVENT_STOP:
        session_close (rig->session, &rig->env, CLOSE_STOPPING, true);
        break;
    default:
        (void) rig_feed_one (rig, types[event], 1, 2);
    }
}

static const char *s_results (const rig_t *rig)
{
    static char text[256];
    size_t used = 0;
    text[0] = 0;
    for (size_t i = 0; i < rig->result_count; i++) {
        const rig_result_t *result = &rig->results[i];
        char letter = result->error == FEP_OK         ? 'o'
                      : result->error == FEP_REFUSED  ? 'r'
                      : result->error == FEP_CLOSED   ? 'c'
                      : result->error == FEP_STOPPING ? 's'
                      : result->error == FEP_TIMEOUT  ? 't'
                                                      : '?';
        used += (size_t) snprintf (text + used, sizeof text - used, "%llu%c",
                                   (unsigned long long) result->token, letter);
    }
    return text;
}

static int64_t s_closes (void)
{
    int64_t sum = 0;
    for (int i = 0; i < CLOSE_COUNT; i++) {
        sum += close_count ((close_reason_t) i);
    }
    return sum;
}

static void s_visit (unsigned row, unsigned event)
{
    const cell_t *cell = &s_cells[row][event];
    assert_true (cell->given);
    rig_t *rig = s_rig_in (row);
    int64_t closes = s_closes ();
    int64_t of_reason = cell->reason >= 0 ? close_count ((close_reason_t) cell->reason) : 0;
    s_apply (rig, event);
    session_state_t state = session_state (rig->session);
    if (state != cell->state) {
        fail_msg ("row %u event %u: %s, not %s", row, event, session_state_name (state),
                  session_state_name (cell->state));
    }
    assert_string_equal (s_results (rig), cell->results);
    assert_string_equal (rig_batched (rig), cell->batched);
    assert_string_equal (rig_sent (rig), cell->sent);
    assert_int_equal (s_closes () - closes, cell->reason >= 0 ? 1 : 0);
    if (cell->reason >= 0) {
        assert_int_equal (session_reason (rig->session), cell->reason);
        assert_int_equal (close_count ((close_reason_t) cell->reason) - of_reason, 1);
    } else if (row == ROW_CLOSING || row == ROW_DEAD) {
        assert_int_equal (session_reason (rig->session), CLOSE_REPLACED);
    }
    rig_free (&rig);
}

static void test_every_cell (void **state)
{
    (void) state;
    for (unsigned row = 0; row < ROW_COUNT; row++) {
        for (unsigned event = 0; event < EVENT_COUNT; event++) {
            s_visit (row, event);
        }
    }
}

//  The gauges follow the states.
static void test_gauges (void **state)
{
    (void) state;
    for (unsigned row = 0; row < ROW_COUNT; row++) {
        rig_t *rig = s_rig_in (row);
        for (unsigned i = 0; i < SESSION_DEAD; i++) {
            assert_int_equal (rig_gauge (rig, i), s_row_states[row] == i ? 1 : 0);
        }
        rig_free (&rig);
    }
}

//  ---- Admission ----

static void test_unadmitted_says_nothing (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    int64_t frames = metric_get (METRIC_frames_received);
    rig_put (rig, 'L', 1, 1);
    rig_put_value (rig, 'R', 1, 2, 1234);
    assert_int_equal (rig_feed (rig), INPUT_BLOCKED);
    assert_true (session_blocked (rig->session));
    assert_int_equal (rig_resume (rig), INPUT_BLOCKED);
    rig_put_value (rig, 'U', 1, 3, 99);
    assert_int_equal (rig_feed (rig), INPUT_BLOCKED);
    assert_int_equal (rig->batch->message_count, 0);
    assert_int_equal (rig->batch->byte_count, 0);
    assert_int_equal (rig->send.size, 0);
    assert_int_equal (rig->mark, 0);
    assert_int_equal (metric_get (METRIC_frames_received), frames);
    assert_int_equal (session_number (rig->session), 0);
    assert_string_equal (session_address (rig->session), "T1");
    assert_int_equal (rig_admit (rig, 0), INPUT_TAKEN);
    assert_int_equal (rig->batch->messages[2].time_ms, 1002);
    assert_int_equal (rig->batch->items[rig->batch->messages[2].first].value.mantissa, 1234);
    assert_string_equal (rig_batched (rig), "+lrr");
    assert_string_equal (rig_sent (rig), "W1");
    assert_int_equal (rig->mark, 1);
    assert_int_equal (metric_get (METRIC_frames_received), frames + 3);
    session_durable (rig->session, &rig->env, 1);
    assert_string_equal (rig_sent (rig), "C2");
    rig_free (&rig);
}

static void s_expect_text (const item_t *item, uint32_t point, const char *text)
{
    assert_int_equal (item->point, point);
    assert_int_equal (item->value.exponent, strlen (text));
    assert_memory_equal (item->value.text, text, strlen (text));
}

static void s_expect_link_down (close_reason_t reason, int64_t state)
{
    rig_t *rig = rig_new (&toy_codec);
    rig_online (rig, 0);
    rig_put_value (rig, 'U', 1, 2, 5);
    (void) rig_feed (rig);
    session_close (rig->session, &rig->env, reason, false);
    const message_t *down = &rig->batch->messages[1];
    const item_t *items = &rig->batch->items[down->first];
    assert_int_equal (down->kind, MESSAGE_LINK);
    assert_int_equal (down->count, 3);
    assert_int_equal (items[0].point, POINT_LINK_STATE);
    assert_int_equal (items[0].value.mantissa, state);
    s_expect_text (&items[1], POINT_LINK_PEER, "10.0.0.7:4711");
    s_expect_text (&items[2], POINT_LINK_REASON, close_name (reason));
    assert_string_equal (rig_batched (rig), "r-");
    rig_free (&rig);
}

static void test_link_messages (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    (void) rig_feed_one (rig, 'L', 1, 1);
    (void) rig_admit (rig, 0);
    const message_t *up = &rig->batch->messages[0];
    assert_int_equal (up->kind, MESSAGE_LINK);
    assert_int_equal (up->terminal, RIG_NUMBER);
    assert_int_equal (up->received_ms, RIG_WALL_MS);
    assert_true (bytes_equal (up->address, bytes_text ("T1")));
    assert_int_equal (up->count, 3);
    assert_int_equal (rig->batch->items[0].point, POINT_LINK_STATE);
    assert_int_equal (rig->batch->items[0].value.mantissa, 1);
    s_expect_text (&rig->batch->items[1], POINT_LINK_PEER, "10.0.0.7:4711");
    s_expect_text (&rig->batch->items[2], POINT_LINK_CODEC, toy_codec.name);
    rig_free (&rig);
    s_expect_link_down (CLOSE_SILENT, 0);
    //  Who came again is reachable all the same.
    s_expect_link_down (CLOSE_REPLACED, 1);
}

//  A first frame that is refused names nobody; the next one does.
static void test_first_frame_refused (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    rig_put (rig, 'X', 1, 1);
    rig_put (rig, 'Z', 1, 1);
    assert_int_equal (rig_feed (rig), INPUT_TAKEN);
    assert_string_equal (session_address (rig->session), "");
    assert_int_equal (session_refused (rig->session, FEP_UNSUPPORTED), 1);
    assert_int_equal (rig->batch->message_count + rig->send.size, 0);
    assert_int_equal (rig_feed_one (rig, 'G', 1, 1), INPUT_TAKEN);
    assert_int_equal (session_refused (rig->session, FEP_LIMIT), 1);
    assert_false (rig->batch->failed);
    assert_int_equal (rig_feed_one (rig, 'U', 2, 1), INPUT_BLOCKED);
    assert_string_equal (session_address (rig->session), "T2");
    rig_free (&rig);
}

static void test_hold (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    (void) rig_feed_one (rig, 'L', 1, 1);
    session_hold (rig->session, &rig->env);
    (void) rig_pass (rig, 20000);
    session_hold (rig->session, &rig->env);
    (void) rig_pass (rig, 10000);
    assert_int_equal (session_state (rig->session), SESSION_FRESH);
    (void) rig_pass (rig, rig->deadline_ms - rig->env.now_ms);
    assert_int_equal (session_state (rig->session), SESSION_DEAD);
    assert_int_equal (session_reason (rig->session), CLOSE_UNKNOWN);
    assert_int_equal (rig->batch->message_count + rig->send.size, 0);
    rig_free (&rig);
}

//  ---- Requests ----

static void test_request_queue (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    CHECK_ERR (rig_request (rig, 1, 1), FEP_REFUSED);
    rig_online (rig, 0);
    for (unsigned i = 0; i <= SESSION_REQUESTS_MAX; i++) {
        CHECK_OK (rig_request (rig, 10 + i, 1));
    }
    CHECK_ERR (rig_request (rig, 99, 1), FEP_FULL);
    assert_string_equal (rig_sent (rig), "Q10");
    for (unsigned i = 0; i <= SESSION_REQUESTS_MAX; i++) {
        assert_int_equal (rig->result_count, i);
        (void) rig_feed_one (rig, 'D', 1, 0);
        assert_int_equal (rig->results[i].token, 10 + i);
        assert_int_equal (rig->results[i].error, FEP_OK);
    }
    assert_string_equal (rig_sent (rig), "Q11Q12Q13Q14Q15Q16Q17Q18");
    assert_int_equal (session_state (rig->session), SESSION_ONLINE);
    CHECK_OK (rig_request (rig, 20, 1));
    assert_string_equal (rig_sent (rig), "Q20");
    rig_free (&rig);
}

static void test_request_refused_code (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    rig_online (rig, 0);
    CHECK_OK (rig_request (rig, 1, 1));
    rig_put_value (rig, 'N', 1, 0, 0x2100);
    (void) rig_feed (rig);
    assert_string_equal (s_results (rig), "1r");
    assert_int_equal (rig->results[0].code, 0x21);
    int64_t stray = metric_get (METRIC_answers_stray);
    (void) rig_feed_one (rig, 'D', 1, 0);
    assert_int_equal (metric_get (METRIC_answers_stray), stray + 1);
    assert_int_equal (rig->result_count, 1);
    rig_free (&rig);
}

//  The frame in flight is sent again as it was: repeats, then TIMEOUT, then the next one's turn.
static void test_request_repeats (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    rig_online (rig, 0);
    int64_t timeouts = metric_get (METRIC_requests_timeout);
    CHECK_OK (rig_request (rig, 1, 1));
    CHECK_OK (rig_request (rig, 2, 1));
    assert_string_equal (rig_sent (rig), "Q1");
    (void) rig_pass (rig, 4999);
    assert_int_equal (rig->deadline_ms, rig->env.now_ms + 1);
    assert_string_equal (rig_sent (rig), "");
    (void) rig_pass (rig, 1);
    assert_string_equal (rig_sent (rig), "Q1");
    assert_int_equal (rig->result_count, 0);
    (void) rig_pass (rig, 5000);
    assert_string_equal (rig_sent (rig), "Q1");
    assert_int_equal (rig->result_count, 0);
    (void) rig_pass (rig, 5000);
    assert_string_equal (rig_sent (rig), "Q2");
    assert_string_equal (s_results (rig), "1t");
    assert_int_equal (metric_get (METRIC_requests_timeout), timeouts + 1);
    (void) rig_pass (rig, 5000);
    (void) rig_feed_one (rig, 'D', 1, 0);
    assert_string_equal (s_results (rig), "1t2o");
    assert_int_equal (session_state (rig->session), SESSION_ONLINE);
    rig_free (&rig);
}

//  Step by step; a repeat asks for the step that was not answered, and each step has its own repeats.
static void test_request_of_many_frames (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    rig_online (rig, 0);
    CHECK_OK (rig_request (rig, 1, 3));
    for (uint8_t step = 0; step < 3; step++) {
        for (int repeat = 0; repeat < 3; repeat++) {
            assert_int_equal (rig->send.size, 7);
            assert_int_equal (rig->send.data[5], step);
            assert_string_equal (rig_sent (rig), "Q1");
            if (repeat < 2) {
                (void) rig_pass (rig, 5000);
            }
        }
        assert_int_equal (rig->result_count, 0);
        (void) rig_feed_one (rig, 'D', 1, 0);
    }
    assert_string_equal (s_results (rig), "1o");
    assert_string_equal (rig_sent (rig), "");
    rig_free (&rig);
}

//  A part of an answer gives the rest its whole time again.
static void test_partial_extends (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    rig_online (rig, 0);
    CHECK_OK (rig_request (rig, 1, 1));
    (void) rig_sent (rig);
    for (int i = 0; i < 4; i++) {
        (void) rig_pass (rig, 4000);
        (void) rig_feed_one (rig, 'P', 1, 0);
    }
    assert_string_equal (rig_sent (rig), "");
    (void) rig_pass (rig, 5000);
    assert_string_equal (rig_sent (rig), "Q1");
    (void) rig_feed_one (rig, 'D', 1, 0);
    assert_string_equal (s_results (rig), "1o");
    rig_free (&rig);
}

//  What cannot be asked, or finds no room to be written, ends at once; the next one gets its turn.
static void test_request_that_cannot_be_sent (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    rig_online (rig, 0);
    request_t events = {.token = 1, .kind = REQUEST_READ_EVENTS};
    CHECK_OK (session_request (rig->session, &rig->env, &events));
    assert_int_equal (session_state (rig->session), SESSION_ONLINE);
    assert_int_equal (rig->results[0].error, FEP_UNSUPPORTED);
    CHECK_OK (rig_request (rig, 2, 1));
    CHECK_OK (session_request (rig->session, &rig->env, &events));
    CHECK_OK (rig_request (rig, 3, 1));
    assert_string_equal (rig_sent (rig), "Q2");
    (void) rig_feed_one (rig, 'D', 1, 0);
    assert_string_equal (rig_sent (rig), "Q3");
    assert_int_equal (rig->result_count, 3);
    assert_int_equal (rig->results[2].error, FEP_UNSUPPORTED);
    (void) rig_feed_one (rig, 'D', 1, 0);
    rig->send.capacity = 3;
    CHECK_OK (rig_request (rig, 4, 1));
    assert_int_equal (rig->results[4].token, 4);
    assert_int_equal (rig->results[4].error, FEP_FULL);
    assert_int_equal (rig->send.size, 0);
    assert_false (rig->send.failed);
    assert_int_equal (session_state (rig->session), SESSION_ONLINE);
    rig_free (&rig);
}

//  ---- Ends ----

static void test_first_reason_stands (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    rig_online (rig, 0);
    int64_t stopping = close_count (CLOSE_STOPPING), replaced = close_count (CLOSE_REPLACED);
    session_close (rig->session, &rig->env, CLOSE_STOPPING, true);
    session_close (rig->session, &rig->env, CLOSE_REPLACED, false);
    assert_int_equal (session_state (rig->session), SESSION_CLOSING);
    assert_int_equal (session_reason (rig->session), CLOSE_STOPPING);
    assert_int_equal (close_count (CLOSE_STOPPING), stopping + 1);
    assert_int_equal (close_count (CLOSE_REPLACED), replaced);
    assert_string_equal (rig_batched (rig), "-");
    (void) rig_pass (rig, 4999);
    assert_int_equal (session_state (rig->session), SESSION_CLOSING);
    (void) rig_pass (rig, 1);
    assert_int_equal (session_state (rig->session), SESSION_DEAD);
    assert_string_equal (rig_batched (rig), "");
    rig_free (&rig);
}

//  Good-bye: its answer is sent, LINK down follows what came before it, what comes behind is ignored.
static void test_logout (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    rig_online (rig, 0);
    rig_put_value (rig, 'R', 1, 2, 5);
    rig_put (rig, 'B', 1, 3);
    rig_put_value (rig, 'U', 1, 4, 6);
    assert_int_equal (rig_feed (rig), INPUT_TAKEN);
    assert_int_equal (session_state (rig->session), SESSION_CLOSING);
    assert_int_equal (session_reason (rig->session), CLOSE_LOGOUT);
    assert_string_equal (rig_batched (rig), "r-");
    assert_string_equal (rig_sent (rig), "C3");
    session_durable (rig->session, &rig->env, 1);
    assert_string_equal (rig_sent (rig), "C2");
    session_flushed (rig->session);
    assert_int_equal (session_state (rig->session), SESSION_DEAD);
    session_durable (rig->session, &rig->env, 2);
    assert_string_equal (rig_sent (rig), "");
    rig_free (&rig);
}

//  A frame with more items than a batch holds takes nothing of its neighbours with it.
static void test_frame_limit (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    rig_online (rig, 0);
    rig_put_value (rig, 'U', 1, 2, 5);
    rig_put (rig, 'G', 1, 3);
    (void) rig_feed (rig);
    assert_int_equal (session_state (rig->session), SESSION_DEAD);
    assert_int_equal (session_reason (rig->session), CLOSE_FRAME_LIMIT);
    assert_int_equal (session_refused (rig->session, FEP_LIMIT), 1);
    assert_false (rig->batch->failed);
    assert_string_equal (rig_batched (rig), "r-");
    rig_free (&rig);
}

static void test_names (void **state)
{
    (void) state;
    assert_string_equal (close_name (CLOSE_NO_LOGIN), "NO_LOGIN");
    assert_string_equal (close_name (CLOSE_COUNT), "?");
    assert_true (close_is_error (CLOSE_SILENT));
    assert_false (close_is_error (CLOSE_LOGOUT));
    assert_false (close_is_error (CLOSE_COUNT));
    assert_int_equal (close_count (CLOSE_COUNT), 0);
    assert_string_equal (session_state_name (SESSION_WAITING), "waiting");
    assert_string_equal (session_state_name (SESSION_STATE_COUNT), "?");
    int64_t before = close_count (CLOSE_TOO_MANY);
    close_note (CLOSE_TOO_MANY);
    assert_int_equal (close_count (CLOSE_TOO_MANY), before + 1);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_every_cell),
        cmocka_unit_test (test_gauges),
        cmocka_unit_test (test_unadmitted_says_nothing),
        cmocka_unit_test (test_link_messages),
        cmocka_unit_test (test_first_frame_refused),
        cmocka_unit_test (test_hold),
        cmocka_unit_test (test_request_queue),
        cmocka_unit_test (test_request_refused_code),
        cmocka_unit_test (test_request_repeats),
        cmocka_unit_test (test_request_of_many_frames),
        cmocka_unit_test (test_partial_extends),
        cmocka_unit_test (test_request_that_cannot_be_sent),
        cmocka_unit_test (test_first_reason_stands),
        cmocka_unit_test (test_logout),
        cmocka_unit_test (test_frame_limit),
        cmocka_unit_test (test_names),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
