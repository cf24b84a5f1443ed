//  What a session remembers for whoever asks why it is silent: last frames, refusals in a row, how long it has been
//  silent, and what waits with one that is not admitted.
#include "tests/actors/rig.h"
#include "fep/wire.h"

//  "uL1:OK " for each of the last frames: direction, type, seq and reason.
static const char *s_frames (const rig_t *rig)
{
    static char text[128];
    uint8_t memory[FRAMES_WIRE_MAX];
    writer_t out = writer_of (memory, sizeof memory);
    frames_wire (session_frames (rig->session), &out);
    reader_t in = reader_of (writer_bytes (&out));
    size_t used = 0;
    text[0] = 0;
    for (uint32_t count = wire_get_array (&in); count > 0; count--) {
        size_t start = in.pos;
        char direction[8], reason[32];
        reader_t bytes;
        wire_skip (&in);
        bytes_t row = bytes_of (in.data + start, in.pos - start);
        wire_find_text (row, "direction", direction, sizeof direction);
        wire_find_text (row, "reason", reason, sizeof reason);
        assert_true (wire_find (row, "bytes", &bytes));
        bytes_t frame = wire_get_bin (&bytes);
        assert_true (frame.size > 5 && frame.data[0] == TOY_START);
        used += (size_t) snprintf (text + used, sizeof text - used, "%c%c%u:%s ", direction[0],
                                   frame.data[2], frame.data[4], reason);
    }
    return text;
}

static void test_last_frames (void **state)
{
    rig_t *rig = *state;
    assert_string_equal (s_frames (rig), "");
    rig_online (rig, 0);
    assert_string_equal (s_frames (rig), "uL1:OK dW1:OK ");
    rig_feed_one (rig, 'H', 1, 2);
    rig_feed_one (rig, 'H', 1, 3);
    assert_string_equal (s_frames (rig), "uH2:OK uH3:OK dW1:OK ");
    rig_put_bad (rig, 1);
    rig_feed (rig);
    assert_string_equal (s_frames (rig), "uH3:OK uU0:CHECKSUM dW1:OK ");
    rig_put_value (rig, 'R', 1, 4, 77);
    rig_feed (rig);
    session_durable (rig->session, &rig->env, rig->mark);
    assert_string_equal (s_frames (rig), "uU0:CHECKSUM uR4:OK dC4:OK ");
    CHECK_OK (rig_request (rig, 1, 1));
    assert_non_null (strstr (s_frames (rig), "uR4:OK dQ"));
}

static void test_bad_in_row (void **state)
{
    rig_t *rig = *state;
    rig_online (rig, 0);
    for (uint32_t i = 1; i <= 3; i++) {
        rig_put_bad (rig, 1);
        rig_feed (rig);
        assert_int_equal (session_bad_in_row (rig->session), i);
    }
    rig_feed_one (rig, 'H', 1, 2);
    assert_int_equal (session_bad_in_row (rig->session), 0);
}

static void test_times (void **state)
{
    rig_t *rig = *state;
    rig_online (rig, 20000);
    rig_pass (rig, 7000);
    assert_int_equal (session_silent_ms (rig->session, rig->env.now_ms), 7000);
    assert_int_equal (session_facts (rig->session)->period_ms, 20000);
    assert_int_equal (session_facts (rig->session)->last_reading_ms, 0);
    rig_put_value (rig, 'U', 1, 4, 77);
    rig_feed (rig);
    assert_int_equal (session_facts (rig->session)->last_reading_ms, RIG_WALL_MS + 7000);
    assert_int_equal (session_silent_ms (rig->session, rig->env.now_ms), 0);
}

static void s_expect_waiting (const rig_t *rig, char first_type, char last_type)
{
    bytes_t first, last;
    session_waiting_frames (rig->session, &first, &last);
    assert_true (first.size > 5 && last.size > 5);
    assert_int_equal (first.data[2], first_type);
    assert_int_equal (last.data[2], last_type);
}

//  Of a session that is held nothing is used, but what it said first and last can be told.
static void test_waiting (void **state)
{
    rig_t *rig = *state;
    bytes_t first, last;
    rig_put (rig, 'L', 9, 1);
    rig_put (rig, 'H', 9, 2);
    rig_put (rig, 'U', 9, 3);
    rig->frame.size -= 2;
    session_waiting_frames (rig->session, &first, &last);
    assert_int_equal (first.size + last.size, 0);
    assert_int_equal (rig_feed (rig), INPUT_BLOCKED);
    s_expect_waiting (rig, 'L', 'H');
    session_hold (rig->session, &rig->env);
    rig_put (rig, 'B', 9, 4);
    session_keep_waiting (rig->session, &rig->env, writer_bytes (&rig->frame));
    s_expect_waiting (rig, 'L', 'B');
    assert_string_equal (s_frames (rig), "");
    session_close (rig->session, &rig->env, CLOSE_UNKNOWN, false);
    s_expect_waiting (rig, 'L', 'B');
    assert_int_equal (rig->batch->message_count, 0);
    assert_int_equal (rig->send.size, 0);
}

static int s_setup (void **state)
{
    *state = rig_new (&toy_codec);
    return 0;
}

static int s_teardown (void **state)
{
    rig_t *rig = *state;
    rig_free (&rig);
    return 0;
}

#define FACTS_TEST(test) cmocka_unit_test_setup_teardown (test, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        FACTS_TEST (test_last_frames),
        FACTS_TEST (test_bad_in_row),
        FACTS_TEST (test_times),
        FACTS_TEST (test_waiting),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
