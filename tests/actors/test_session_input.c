//  A session's bytes and time: splits, noise, half frames, blocking, ripe batches, windows, deadlines, traces.
#include "tests/actors/rig.h"

static const session_facts_t *s_facts (const rig_t *rig)
{
    return session_facts (rig->session);
}

//  ---- Bytes ----

//  What a connector does with bytes: admits whom it can, goes on, confirms what was marked.
static void s_pump (rig_t *rig, bytes_t bytes)
{
    (void) rig_feed_bytes (rig, bytes);
    if (session_wants_admission (rig->session)) {
        (void) rig_admit (rig, 0);
    }
    if (rig->mark) {
        session_durable (rig->session, &rig->env, rig->mark);
        rig->mark = 0;
        (void) rig_resume (rig);
    }
}

typedef struct {
    char batched[64];  //  As rig_batched tells
    char sent[64];     //  As rig_sent tells
    int64_t sum;       //  Of all values
} outcome_t;

static void s_keep (char *to, size_t size, const char *text)
{
    assert_true (strlen (text) < size);
    memcpy (to, text, strlen (text) + 1);
}

static outcome_t s_outcome (rig_t *rig)
{
    outcome_t outcome = {.sum = 0};
    for (size_t i = 0; i < rig->batch->message_count; i++) {
        const message_t *message = &rig->batch->messages[i];
        for (uint32_t k = 0; message->kind == MESSAGE_READING && k < message->count; k++) {
            outcome.sum += rig->batch->items[message->first + k].value.mantissa;
        }
    }
    s_keep (outcome.batched, sizeof outcome.batched, rig_batched (rig));
    s_keep (outcome.sent, sizeof outcome.sent, rig_sent (rig));
    return outcome;
}

//  Login, reports, noise, a broken frame, another terminal's frame, the start byte within data.
static bytes_t s_stream (rig_t *rig)
{
    rig_put (rig, 'L', 1, 1);
    rig_put_value (rig, 'R', 1, 2, 1000);
    rig_put_value (rig, 'U', 1, 3, 0x7E05);
    writer_put (&rig->frame, "noise", 5);
    rig_put_value (rig, 'R', 1, 4, 3000);
    rig_put_bad (rig, 1);
    rig_put_value (rig, 'U', 2, 5, 7);
    rig_put_value (rig, 'U', 1, 6, 500);
    rig_put (rig, 'H', 1, 7);
    return writer_bytes (&rig->frame);
}

//  in pieces: so many bytes first, then `step` at a time; 0: all the rest.
static outcome_t s_split (size_t first, size_t step)
{
    rig_t *rig = rig_new (&toy_codec);
    rig->config.session.bad_input_limit = 100;
    bytes_t stream = s_stream (rig);
    for (size_t at = 0; at < stream.size;) {
        size_t size = at == 0 && first ? first : step ? step : stream.size - at;
        size = size < stream.size - at ? size : stream.size - at;
        s_pump (rig, bytes_of (stream.data + at, size));
        at += size;
    }
    outcome_t outcome = s_outcome (rig);
    assert_int_equal (s_facts (rig)->frames, 6);
    assert_int_equal (s_facts (rig)->rx_bytes, stream.size);
    assert_int_equal (session_refused (rig->session, FEP_NOT_MINE), 2);
    assert_int_equal (session_refused (rig->session, FEP_CHECKSUM), 1);
    assert_int_equal (s_facts (rig)->confirmed, 2);
    assert_false (session_has_window (rig->session));
    rig_free (&rig);
    return outcome;
}

static void test_split_everywhere (void **state)
{
    (void) state;
    outcome_t whole = s_split (0, 0);
    assert_string_equal (whole.batched, "+lrrrrh");
    assert_int_equal (whole.sum, 1000 + 0x7E05 + 3000 + 500);
    for (size_t first = 1; first < 80; first++) {
        outcome_t outcome = s_split (first, 0);
        assert_string_equal (outcome.batched, whole.batched);
        assert_string_equal (outcome.sent, "W1C2C4");
        assert_int_equal (outcome.sum, whole.sum);
    }
    for (size_t step = 1; step < 12; step++) {
        outcome_t outcome = s_split (0, step);
        assert_string_equal (outcome.batched, whole.batched);
        assert_string_equal (outcome.sent, "W1C2C4");
        assert_int_equal (outcome.sum, whole.sum);
    }
}

static void test_noise_counts_once (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    rig_online (rig, 0);
    int64_t skipped = metric_get (METRIC_bytes_skipped);
    int64_t refused = metric_refused_get (FEP_NOT_MINE);
    for (int i = 0; i < 10; i++) {
        assert_int_equal (rig_feed_bytes (rig, bytes_text ("0123456789")), INPUT_TAKEN);
    }
    assert_int_equal (session_refused (rig->session, FEP_NOT_MINE), 1);
    assert_int_equal (metric_get (METRIC_bytes_skipped), skipped + 100);
    assert_int_equal (session_state (rig->session), SESSION_ONLINE);
    (void) rig_feed_one (rig, 'H', 1, 2);
    (void) rig_feed_bytes (rig, bytes_text ("more"));
    assert_int_equal (session_refused (rig->session, FEP_NOT_MINE), 2);
    assert_int_equal (metric_refused_get (FEP_NOT_MINE), refused + 2);
    assert_string_equal (rig_batched (rig), "h");
    rig_free (&rig);
}

//  Refusals count in a row: a good frame begins anew.
static void test_bad_input_limit (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    rig_online (rig, 0);
    for (int i = 0; i < 3; i++) {
        rig_put_bad (rig, 1);
    }
    rig_put_value (rig, 'U', 1, 2, 1);
    for (int i = 0; i < 3; i++) {
        rig_put_bad (rig, 1);
    }
    (void) rig_feed (rig);
    assert_int_equal (session_state (rig->session), SESSION_ONLINE);
    rig_put_bad (rig, 1);
    rig_put_value (rig, 'U', 1, 3, 1);
    (void) rig_feed (rig);
    assert_int_equal (session_state (rig->session), SESSION_DEAD);
    assert_int_equal (session_reason (rig->session), CLOSE_BAD_INPUT);
    assert_int_equal (session_refused (rig->session, FEP_CHECKSUM), 7);
    assert_string_equal (rig_batched (rig), "r-");
    rig_free (&rig);
}

//  What is refused leaves nothing behind, though it has written before it was.
static void test_refused_leaves_nothing (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    rig_online (rig, 0);
    rig_put_value (rig, 'X', 1, 2, 77);
    rig_put_value (rig, 'R', 2, 3, 78);
    assert_int_equal (rig_feed (rig), INPUT_TAKEN);
    assert_int_equal (rig->batch->message_count + rig->batch->item_count, 0);
    assert_int_equal (rig->batch->byte_count, 0);
    assert_int_equal (rig->send.size, 0);
    assert_int_equal (rig->mark, 0);
    assert_int_equal (session_refused (rig->session, FEP_UNSUPPORTED), 1);
    assert_int_equal (session_refused (rig->session, FEP_NOT_MINE), 1);
    assert_int_equal (s_facts (rig)->frames, 1);
    rig_free (&rig);
}

//  ---- Blocking ----

static void test_ring_full_then_durable (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    rig_online (rig, 0);
    for (unsigned i = 0; i < TOY_RING + 3; i++) {
        rig_put_value (rig, 'R', 1, 10 + i, i);
    }
    rig_put (rig, 'H', 1, 99);
    assert_int_equal (rig_feed (rig), INPUT_BLOCKED);
    assert_true (session_blocked (rig->session));
    assert_true (session_has_window (rig->session));
    assert_int_equal (rig->mark, TOY_RING);
    assert_string_equal (rig_batched (rig), "rrrr");
    assert_int_equal (rig_resume (rig), INPUT_BLOCKED);
    rig_put (rig, 'Z', 1, 98);
    assert_int_equal (rig_feed (rig), INPUT_BLOCKED);
    assert_string_equal (rig_batched (rig), "");
    //  Longer than a half frame may stand: what waits is whole.
    (void) rig_pass (rig, 20000);
    assert_int_equal (session_refused (rig->session, FEP_TRUNCATED), 0);
    session_durable (rig->session, &rig->env, 2);
    assert_string_equal (rig_sent (rig), "C10C11");
    assert_false (session_blocked (rig->session));
    assert_int_equal (rig_resume (rig), INPUT_BLOCKED);
    assert_int_equal (rig->mark, TOY_RING + 2);
    session_durable (rig->session, &rig->env, 2);
    assert_string_equal (rig_sent (rig), "");
    session_durable (rig->session, &rig->env, TOY_RING + 2);
    assert_string_equal (rig_sent (rig), "C12C13C14C15");
    assert_int_equal (rig_resume (rig), INPUT_TAKEN);
    assert_int_equal (rig->mark, TOY_RING + 3);
    assert_string_equal (rig_batched (rig), "rrrh");
    assert_false (session_has_window (rig->session));
    session_durable (rig->session, &rig->env, rig->mark);
    assert_string_equal (rig_sent (rig), "C16");
    assert_int_equal (s_facts (rig)->confirmed, TOY_RING + 3);
    rig_free (&rig);
}

//  While it waits for admission the kept bytes are no half frame, however long it takes.
static void test_waiting_for_admission_is_no_half_frame (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    rig_put (rig, 'L', 1, 1);
    assert_int_equal (rig_feed (rig), INPUT_BLOCKED);
    rig_put_value (rig, 'U', 1, 2, 5);
    assert_int_equal (rig_feed (rig), INPUT_BLOCKED);
    for (int i = 0; i < 5; i++) {
        (void) rig_pass (rig, 10001);
    }
    assert_int_equal (rig_admit (rig, 0), INPUT_TAKEN);
    assert_string_equal (rig_batched (rig), "+lr");
    assert_int_equal (session_refused (rig->session, FEP_TRUNCATED), 0);
    rig_free (&rig);
}

static void test_ripe_batch_keeps_the_rest (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    rig_online (rig, 0);
    rig_put (rig, 'E', 1, 2);
    rig_put (rig, 'E', 1, 3);
    rig_put_value (rig, 'U', 1, 4, 5);
    writer_u8 (&rig->frame, TOY_START);
    assert_int_equal (rig_feed (rig), INPUT_BATCH);
    assert_int_equal (rig->batch->item_count, BATCH_ITEMS_CLOSE);
    assert_true (session_has_window (rig->session));
    assert_false (session_blocked (rig->session));
    assert_string_equal (rig_batched (rig), "r");
    assert_int_equal (rig_resume (rig), INPUT_BATCH);
    assert_string_equal (rig_batched (rig), "r");
    (void) rig_pass (rig, 20000);
    assert_int_equal (session_refused (rig->session, FEP_TRUNCATED), 0);
    assert_int_equal (rig_resume (rig), INPUT_TAKEN);
    assert_string_equal (rig_batched (rig), "r");
    assert_true (session_has_window (rig->session));
    rig_free (&rig);
}

//  ---- Half frames ----

static void test_half_frame_hides_good_ones (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    rig_online (rig, 0);
    writer_u8 (&rig->frame, TOY_START);
    writer_u8 (&rig->frame, 60);
    rig_put_value (rig, 'U', 1, 2, 5);
    rig_put_value (rig, 'U', 1, 3, 6);
    assert_int_equal (rig_feed (rig), INPUT_TAKEN);
    (void) rig_pass (rig, 0);
    assert_int_equal (rig->deadline_ms, rig->env.now_ms + 10000);
    (void) rig_pass (rig, 9999);
    assert_string_equal (rig_batched (rig), "");
    (void) rig_pass (rig, 1);
    assert_string_equal (rig_batched (rig), "rr");
    assert_int_equal (session_refused (rig->session, FEP_TRUNCATED), 1);
    assert_int_equal (session_refused (rig->session, FEP_NOT_MINE), 0);
    assert_false (session_has_window (rig->session));
    assert_int_equal (session_state (rig->session), SESSION_ONLINE);
    rig_free (&rig);
}

//  Bytes that trickle in do not put it off; a frame that was finished does.
static void test_half_frame_counts_from_its_start (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    rig_online (rig, 0);
    rig->frame.size = 0;
    writer_u8 (&rig->frame, TOY_START);
    writer_u8 (&rig->frame, 60);
    (void) rig_feed (rig);
    for (int i = 0; i < 9; i++) {
        (void) rig_pass (rig, 1000);
        (void) rig_feed_bytes (rig, bytes_text ("."));
    }
    assert_int_equal (session_refused (rig->session, FEP_TRUNCATED), 0);
    (void) rig_pass (rig, 1000);
    assert_int_equal (session_refused (rig->session, FEP_TRUNCATED), 1);
    rig_put_value (rig, 'U', 1, 2, 5);
    bytes_t frame = writer_bytes (&rig->frame);
    size_t size = frame.size;
    (void) rig_feed_bytes (rig, bytes_of (frame.data, size - 1));
    (void) rig_pass (rig, 9000);
    (void) rig_feed_bytes (rig, bytes_of (frame.data + size - 1, 1));
    (void) rig_feed_bytes (rig, bytes_of (frame.data, size - 1));
    (void) rig_pass (rig, 9000);
    (void) rig_feed_bytes (rig, bytes_of (frame.data + size - 1, 1));
    assert_string_equal (rig_batched (rig), "rr");
    assert_int_equal (session_refused (rig->session, FEP_TRUNCATED), 1);
    rig_free (&rig);
}

//  Several false starts, one behind the other: each costs one timeout, and the good frame is found in the end.
static void test_false_starts_in_a_row (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    rig->config.session.bad_input_limit = 100;
    rig->config.session.idle_factor = 100;
    rig_online (rig, 0);
    for (int i = 0; i < 3; i++) {
        writer_u8 (&rig->frame, TOY_START);
        writer_u8 (&rig->frame, 61);
    }
    rig_put_value (rig, 'U', 1, 2, 5);
    (void) rig_feed (rig);
    for (int i = 0; i < 3; i++) {
        assert_string_equal (rig_batched (rig), "");
        (void) rig_pass (rig, 10000);
    }
    assert_string_equal (rig_batched (rig), "r");
    assert_int_equal (session_refused (rig->session, FEP_TRUNCATED), 3);
    rig_free (&rig);
}

//  A half frame before anybody is known.
static void test_half_frame_of_nobody (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    writer_u8 (&rig->frame, TOY_START);
    writer_u8 (&rig->frame, 61);
    rig_put (rig, 'L', 1, 1);
    assert_int_equal (rig_feed (rig), INPUT_TAKEN);
    assert_int_equal (rig_pass (rig, 10000), INPUT_BLOCKED);
    assert_true (session_wants_admission (rig->session));
    assert_int_equal (rig_admit (rig, 0), INPUT_TAKEN);
    assert_string_equal (rig_batched (rig), "+l");
    rig_free (&rig);
}

//  ---- Windows ----

static void test_windows_run_out (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    session_t *others[RIG_WINDOWS];
    uint8_t start = TOY_START;
    for (int i = 0; i < RIG_WINDOWS; i++) {
        others[i] = rig_session (rig, &toy_codec);
        assert_int_equal (session_input (others[i], &rig->env, bytes_of (&start, 1)), INPUT_TAKEN);
        assert_true (session_has_window (others[i]));
    }
    //  A whole frame needs none; half a frame does.
    rig_put (rig, 'Z', 1, 1);
    assert_int_equal (rig_feed (rig), INPUT_TAKEN);
    assert_int_equal (session_state (rig->session), SESSION_FRESH);
    (void) rig_feed_bytes (rig, bytes_of (&start, 1));
    assert_int_equal (session_state (rig->session), SESSION_DEAD);
    assert_int_equal (session_reason (rig->session), CLOSE_NO_WINDOW);
    for (int i = 0; i < RIG_WINDOWS; i++) {
        session_destroy (&others[i]);
    }
    rig_free (&rig);
}

static void test_room (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    assert_int_equal (session_room (rig->session, 100), 100);
    (void) rig_feed_one (rig, 'L', 1, 1);
    size_t room = session_room (rig->session, SIZE_MAX);
    assert_int_equal (room, pool_object_size (rig->windows) - 6);
    uint8_t *bytes = calloc (1, room + 1);
    assert_non_null (bytes);
    assert_int_equal (rig_feed_bytes (rig, bytes_of (bytes, room)), INPUT_BLOCKED);
    assert_int_equal (session_state (rig->session), SESSION_FRESH);
    assert_int_equal (session_room (rig->session, 100), 0);
    (void) rig_feed_bytes (rig, bytes_of (bytes, 1));
    assert_int_equal (session_reason (rig->session), CLOSE_NO_WINDOW);
    free (bytes);
    rig_free (&rig);
}

//  ---- Deadlines ----

static int64_t s_idle_ms (rig_t *rig)
{
    (void) rig_pass (rig, 0);
    return s_facts (rig)->idle_ms;
}

static void test_idle_by_archive (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    rig_online (rig, 20000);
    assert_int_equal (s_idle_ms (rig), 60000);
    assert_int_equal (rig->deadline_ms, rig->env.now_ms + 60000);
    (void) rig_pass (rig, 59999);
    //  Any byte counts, also one that is refused.
    (void) rig_feed_bytes (rig, bytes_text ("."));
    (void) rig_pass (rig, 59999);
    assert_int_equal (session_state (rig->session), SESSION_ONLINE);
    (void) rig_pass (rig, 1);
    assert_int_equal (session_state (rig->session), SESSION_DEAD);
    assert_int_equal (session_reason (rig->session), CLOSE_SILENT);
    rig_free (&rig);
}

static void test_idle_by_default (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    rig_online (rig, 0);
    assert_int_equal (s_idle_ms (rig), 900000);
    rig->config.session.idle_factor = 2;
    rig->config.session.heartbeat_ms = 1000;
    assert_int_equal (s_idle_ms (rig), 2000);
    rig_free (&rig);
}

static void s_beats (rig_t *rig, int count, int64_t period_ms)
{
    for (int i = 0; i < count; i++) {
        (void) rig_pass (rig, period_ms);
        (void) rig_feed_one (rig, 'H', 1, 1);
    }
}

//  Many regular heartbeats tell the period, longer or shorter than the default.
static void test_idle_by_learning (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    rig_online (rig, 0);
    s_beats (rig, 20, 60000);
    assert_int_equal (s_idle_ms (rig), 180000);
    s_beats (rig, 1, 61000);
    assert_int_equal (s_idle_ms (rig), 183000);
    rig_free (&rig);
    rig = rig_new (&toy_codec);
    rig_online (rig, 0);
    s_beats (rig, 2, 800000);
    assert_int_equal (s_idle_ms (rig), 2400000);
    rig_free (&rig);
    rig = rig_new (&toy_codec);
    rig_online (rig, 20000);
    s_beats (rig, 20, 30000);
    assert_int_equal (s_idle_ms (rig), 60000);
    rig_free (&rig);
}

//  A heartbeat that is sent again at once says nothing about the period.
static void test_repeated_heartbeat_is_no_period (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    rig_online (rig, 0);
    s_beats (rig, 1, 300000);
    s_beats (rig, 2, 200);
    (void) rig_pass (rig, 300000);
    assert_int_equal (session_state (rig->session), SESSION_ONLINE);
    assert_int_equal (s_facts (rig)->last_heartbeat_ms, rig->env.wall_ms - 300000);
    rig_free (&rig);
}

static void test_login_deadlines (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    (void) rig_pass (rig, 0);
    assert_int_equal (rig->deadline_ms, RIG_START_MS + 60000);
    (void) rig_pass (rig, 59000);
    (void) rig_feed_one (rig, 'L', 1, 1);
    //  Admission has its own time.
    (void) rig_pass (rig, 59999);
    assert_int_equal (session_state (rig->session), SESSION_FRESH);
    (void) rig_pass (rig, 1);
    assert_int_equal (session_reason (rig->session), CLOSE_NO_ADMISSION);
    rig_free (&rig);
}

//  Who waits for its turn has the login time for that, and again once its turn has come.
static void test_login_in_turn (void **state)
{
    (void) state;
    for (int turn = 0; turn < 2; turn++) {
        rig_t *rig = rig_new (&toy_codec);
        session_queue (rig->session, &rig->env, true);
        (void) rig_pass (rig, 59000);
        (void) rig_feed_one (rig, 'L', 1, 1);
        session_queue (rig->session, &rig->env, true);
        (void) rig_pass (rig, 59999);
        if (turn) {
            session_queue (rig->session, &rig->env, false);
            (void) rig_pass (rig, 59999);
        }
        assert_true (session_wants_admission (rig->session));
        (void) rig_pass (rig, 1);
        assert_int_equal (session_reason (rig->session),
                          turn ? CLOSE_NO_ADMISSION : CLOSE_OVER_CAPACITY);
        rig_free (&rig);
    }
    rig_t *rig = rig_new (&toy_codec);
    (void) rig_feed_one (rig, 'L', 1, 1);
    session_queue (rig->session, &rig->env, true);
    session_queue (rig->session, &rig->env, false);
    assert_int_equal (rig_admit (rig, 0), INPUT_TAKEN);
    assert_string_equal (rig_batched (rig), "+l");
    rig_free (&rig);
}

//  A codec's own timer counts beside the session's, and what it sends is sent.
static void test_codec_timer (void **state)
{
    (void) state;
    codec_t ticking = toy_codec;
    ticking.tick = toy_tick;
    rig_t *rig = rig_new (&ticking);
    (void) rig_pass (rig, 0);
    assert_int_equal (rig->deadline_ms, RIG_START_MS + 60000);
    rig_online (rig, 0);
    (void) rig_pass (rig, 0);
    assert_int_equal (rig->deadline_ms, rig->env.now_ms + TOY_TICK_MS);
    assert_string_equal (rig_sent (rig), "");
    (void) rig_pass (rig, TOY_TICK_MS);
    assert_string_equal (rig_sent (rig), "K0");
    rig_free (&rig);
}

//  ---- Traces and facts ----

static void test_trace (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    rig_online (rig, 0);
    rig_put_value (rig, 'R', 1, 2, 5);
    (void) rig_feed (rig);
    assert_int_equal (rig->trace_count, 0);
    session_set_trace (rig->session, rig->env.wall_ms + 1000);
    rig_put (rig, 'L', 1, 3);
    rig_put_bad (rig, 1);
    rig_put_value (rig, 'U', 2, 4, 5);
    (void) rig_feed (rig);
    session_durable (rig->session, &rig->env, rig->mark);
    CHECK_OK (rig_request (rig, 9, 1));
    static const rig_trace_t expected[] = {{true, 6, FEP_OK},        {false, 6, FEP_OK},
                                           {true, 14, FEP_CHECKSUM}, {true, 8, FEP_NOT_MINE},
                                           {false, 6, FEP_OK},       {false, 7, FEP_OK}};
    assert_int_equal (rig->trace_count, sizeof expected / sizeof *expected);
    for (size_t i = 0; i < rig->trace_count; i++) {
        assert_int_equal (rig->traces[i].up, expected[i].up);
        assert_int_equal (rig->traces[i].size, expected[i].size);
        assert_int_equal (rig->traces[i].reason, expected[i].reason);
    }
    (void) rig_pass (rig, 1000);
    (void) rig_feed_one (rig, 'L', 1, 5);
    assert_int_equal (rig->trace_count, sizeof expected / sizeof *expected);
    rig_free (&rig);
}

static void test_facts (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    rig_online (rig, 0);
    (void) rig_pass (rig, 5000);
    uint8_t payload[6] = {0, 1, 0, 2, 0, 3};
    toy_put (&rig->frame, 'R', 1, 2, payload, sizeof payload);
    (void) rig_feed (rig);
    session_sent (rig->session, 12);
    const session_facts_t *facts = s_facts (rig);
    assert_int_equal (facts->rx_bytes, 6 + 12);
    assert_int_equal (facts->tx_bytes, 12);
    assert_int_equal (facts->frames, 2);
    assert_int_equal (facts->items, 3);
    assert_int_equal (facts->opened_ms, RIG_WALL_MS);
    assert_int_equal (facts->last_rx_ms, RIG_WALL_MS + 5000);
    assert_int_equal (facts->last_heartbeat_ms, 0);
    assert_string_equal (session_peer (rig->session), "10.0.0.7:4711");
    assert_ptr_equal (session_codec (rig->session), &toy_codec);
    assert_ptr_equal (session_options (rig->session), &rig->options);
    assert_int_equal (session_number (rig->session), RIG_NUMBER);
    rig_free (&rig);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_split_everywhere),
        cmocka_unit_test (test_noise_counts_once),
        cmocka_unit_test (test_bad_input_limit),
        cmocka_unit_test (test_refused_leaves_nothing),
        cmocka_unit_test (test_ring_full_then_durable),
        cmocka_unit_test (test_waiting_for_admission_is_no_half_frame),
        cmocka_unit_test (test_ripe_batch_keeps_the_rest),
        cmocka_unit_test (test_half_frame_hides_good_ones),
        cmocka_unit_test (test_half_frame_counts_from_its_start),
        cmocka_unit_test (test_false_starts_in_a_row),
        cmocka_unit_test (test_half_frame_of_nobody),
        cmocka_unit_test (test_windows_run_out),
        cmocka_unit_test (test_room),
        cmocka_unit_test (test_idle_by_archive),
        cmocka_unit_test (test_idle_by_default),
        cmocka_unit_test (test_idle_by_learning),
        cmocka_unit_test (test_repeated_heartbeat_is_no_period),
        cmocka_unit_test (test_login_deadlines),
        cmocka_unit_test (test_login_in_turn),
        cmocka_unit_test (test_codec_timer),
        cmocka_unit_test (test_trace),
        cmocka_unit_test (test_facts),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
