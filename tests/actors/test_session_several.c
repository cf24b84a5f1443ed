//  Requests of acquisition tasks that name several measuring points: how they end for each of them.
#include "codecs/gdw1376/link.h"
#include "tests/actors/rig.h"

#define MASTER 2
#define TASK 12
#define MIDNIGHT_MS 1535472000000
#define FROZEN_SIZE 42  //  A unit of F161

static const uint8_t s_address[GDW_ADDRESS] = {0x71, 0x01, 0x22, 0x08, 0x00};
static const uint8_t s_login[] = {0x00, 0x00, 0x01, 0x00};
static const uint8_t s_denied[] = {0x00, 0x00, 0x02, 0x00};

static void s_put (rig_t *rig, uint8_t control, uint8_t afn, unsigned seq, bytes_t body)
{
    size_t mark = gdw_frame_open (&rig->frame, MASTER, control, s_address, afn, (uint8_t) seq);
    writer_put (&rig->frame, body.data, body.size);
    gdw_frame_close (&rig->frame, mark);
}

static rig_t *s_online (void)
{
    rig_t *rig = rig_new (codec_find ("gdw1376"));
    s_put (rig, 0xC9, AFN_LINK, 0x75, bytes_of (s_login, sizeof s_login));
    assert_int_equal (rig_feed (rig), INPUT_BLOCKED);
    assert_int_equal (rig_admit (rig, 0), INPUT_TAKEN);
    batch_clear (rig->batch);
    rig->send.size = 0;
    return rig;
}

static void s_ask (rig_t *rig, uint8_t count, bool trial)
{
    request_t request = {.token = 1,
                         .kind = REQUEST_READ_FROZEN,
                         .mp = 1,
                         .mp_count = count,
                         .freeze = FREEZE_DAY,
                         .point_count = 1,
                         .points = {POINT (1, 0, 1, 8, 0)},
                         .from_ms = MIDNIGHT_MS,
                         .to_ms = MIDNIGHT_MS,
                         .tries = 1,
                         .task = TASK,
                         .slot_ms = MIDNIGHT_MS,
                         .trial = trial};
    for (unsigned i = 0; i < count; i++) {
        request.mps[i] = (uint16_t) (1 + i);
    }
    CHECK_OK (session_request (rig->session, &rig->env, &request));
}

//  What the store has of a day, or that it has nothing.
static void s_unit (writer_t *out, uint16_t mp, bool there)
{
    static const uint8_t head[] = {0x28, 0x08, 0x18, 0x00, 0x06, 0x28, 0x08, 0x18, 0x04};
    gdw_put_unit (out, mp, 161);
    writer_put (out, head, sizeof head);
    for (int i = 0; i < 25; i++) {
        writer_u8 (out, there ? 0x11 : 0xEE);
    }
}

//  Measuring points from..to have a value, the next one none.
static void s_answer (rig_t *rig, unsigned seq, uint16_t from, uint16_t to, uint16_t empty)
{
    uint8_t memory[32 * FROZEN_SIZE];
    writer_t out = writer_of (memory, sizeof memory);
    for (uint16_t mp = from; mp <= to; mp++) {
        s_unit (&out, mp, true);
    }
    if (empty) {
        s_unit (&out, empty, false);
    }
    s_put (rig, 0x88, AFN_HISTORY, seq, writer_bytes (&out));
    (void) rig_feed (rig);
}

//  The RESULT of a measuring point; its values, or -1 if there is none.
static int s_values (const rig_t *rig, uint16_t mp, fep_err_t error)
{
    const char *name = fep_err_name (error);
    for (size_t i = 0; i < rig->batch->message_count; i++) {
        const message_t *message = &rig->batch->messages[i];
        const item_t *items = &rig->batch->items[message->first];
        bool of = message->mp == mp;
        for (uint32_t n = 0; n < message->count; n++) {
            of = of || (items[n].point == POINT_RESULT_MP && items[n].value.mantissa == mp);
        }
        if (message->kind == MESSAGE_RESULT && of) {
            assert_memory_equal (items[0].value.text, name, strlen (name));
            assert_int_equal (items[3].point, POINT_RESULT_VALUES);
            return (int) items[3].value.mantissa;
        }
    }
    return -1;
}

//  Each has what came of it. What the answer leaves out may be denied, or silent, if it is asked alone.
static void test_each_its_own (void **state)
{
    (void) state;
    rig_t *rig = s_online ();
    s_ask (rig, 4, true);
    s_answer (rig, 0x60, 1, 2, 3);
    //  Three readings; one result of those that have a value, one of the other.
    assert_int_equal (rig->batch->message_count, 3 + 2);
    assert_int_equal (s_values (rig, 1, FEP_OK), 1);
    assert_int_equal (s_values (rig, 2, FEP_OK), 1);
    assert_int_equal (s_values (rig, 3, FEP_OK), 0);
    assert_int_equal (s_values (rig, 4, FEP_OK), -1);
    assert_int_equal (rig->result_count, 1);
    assert_int_equal (rig->results[0].journalled, 7);
    rig_free (&rig);
}

//  One denied may be the reason for the whole frame.
static void test_denied (void **state)
{
    (void) state;
    rig_t *rig = s_online ();
    s_ask (rig, 3, false);
    s_put (rig, 0x88, AFN_CONFIRM, 0x60, bytes_of (s_denied, sizeof s_denied));
    (void) rig_feed (rig);
    assert_int_equal (rig->results[0].error, FEP_REFUSED);
    assert_int_equal (rig->results[0].journalled, 0);
    assert_string_equal (rig_batched (rig), "");
    rig_free (&rig);
}

//  Silence is each one's own, unless it is not known whether the terminal takes several.
static void test_silence (void **state)
{
    (void) state;
    for (int trial = 0; trial < 2; trial++) {
        rig_t *rig = s_online ();
        s_ask (rig, 2, trial);
        (void) rig_pass (rig, (int64_t) rig->config.session.request_timeout_ms);
        assert_int_equal (rig->results[0].error, FEP_TIMEOUT);
        assert_int_equal (rig->results[0].journalled, trial ? 0 : 3);
        assert_int_equal (s_values (rig, 2, FEP_TIMEOUT), trial ? -1 : 0);
        rig_free (&rig);
    }
}

//  What the first frame brought stands, whatever becomes of the second.
static void test_two_frames (void **state)
{
    (void) state;
    rig_t *rig = s_online ();
    s_ask (rig, 20, false);
    s_answer (rig, 0x60, 1, 18, 19);
    assert_int_equal (rig->result_count, 0);
    session_close (rig->session, &rig->env, CLOSE_SILENT, false);
    assert_int_equal (s_values (rig, 18, FEP_OK), 1);
    assert_int_equal (s_values (rig, 19, FEP_OK), 0);
    assert_int_equal (s_values (rig, 20, FEP_CLOSED), 0);
    assert_int_equal (rig->results[0].journalled, 0xFFFFF);
    rig_free (&rig);
    rig = s_online ();
    s_ask (rig, 20, true);
    s_answer (rig, 0x60, 1, 19, 0);
    s_put (rig, 0x88, AFN_CONFIRM, 0x61, bytes_of (s_denied, sizeof s_denied));
    (void) rig_feed (rig);
    assert_int_equal (rig->results[0].journalled, 0x7FFFF);
    rig_free (&rig);
}

//  More than the protocol takes, and what is carried, is not taken.
static void test_too_many (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&toy_codec);
    rig_online (rig, 0);
    request_t request = {.kind = REQUEST_READ, .mp = 1, .mp_count = 2, .mps = {1, 2}, .task = TASK};
    CHECK_ERR (session_request (rig->session, &rig->env, &request), FEP_LIMIT);
    rig_free (&rig);
    rig = s_online ();
    request.carried = codec_find ("dlt645");
    CHECK_ERR (session_request (rig->session, &rig->env, &request), FEP_LIMIT);
    rig_free (&rig);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_each_its_own), cmocka_unit_test (test_denied),
        cmocka_unit_test (test_silence), cmocka_unit_test (test_two_frames),
        cmocka_unit_test (test_too_many)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
