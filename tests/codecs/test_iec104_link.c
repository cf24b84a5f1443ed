//  IEC 60870-5-104: start and stop, numbers, acknowledgements and timers of a connection.
#include "tests/codecs/iec104_rig.h"

static void test_start_and_stop (void **state)
{
    (void) state;
    player_t player;
    rig_begin (&player, STATION, "iec104");
    player.io.standby = true;
    assert_int_equal (rig_tick (&player, 0), 20000);
    rig_sent (&player, "");
    player.io.standby = false;
    assert_int_equal (rig_tick (&player, 1000), 15000);
    rig_sent (&player, "680407000000");
    (void) rig_tick (&player, 1000);
    rig_sent (&player, "");
    CHECK_OK (rig_up (&player, "68040b000000"));
    CHECK_OK (rig_point (&player, 0, 0));
    rig_durable (&player, 1);
    player.io.standby = true;
    (void) rig_tick (&player, 1000);
    rig_sent (&player, "680401000200 680413000000");
    CHECK_OK (rig_point (&player, 1, 0));
    rig_durable (&player, 2);
    rig_sent (&player, "680401000400");
    CHECK_OK (rig_up (&player, "680423000000"));
    assert_int_equal (rig_state (&player)->phase, PHASE_STOPPED);
    (void) rig_tick (&player, 1000);
    rig_sent (&player, "");
    player.io.standby = false;
    (void) rig_tick (&player, 1000);
    rig_sent (&player, "680407000000");
    player_free (&player);
}

//  What nobody asked for, or a station must not send.
static void test_stray_functions (void **state)
{
    (void) state;
    player_t player;
    rig_begin (&player, STATION, "iec104");
    CHECK_OK (rig_up (&player, "68040b000000"));
    CHECK_OK (rig_up (&player, "680423000000"));
    CHECK_OK (rig_up (&player, "680483000000"));
    assert_int_equal (rig_state (&player)->phase, PHASE_STOPPED);
    CHECK_ERR (rig_up (&player, "680407000000"), FEP_IMPLAUSIBLE);
    CHECK_ERR (rig_up (&player, "680413000000"), FEP_IMPLAUSIBLE);
    rig_sent (&player, "");
    CHECK_OK (rig_up (&player, "680443000000"));
    rig_sent (&player, "680483000000");
    assert_int_equal (player.io.fault, FEP_OK);
    player_free (&player);
}

static void test_no_confirmation_of_start (void **state)
{
    (void) state;
    player_t player;
    rig_begin (&player, STATION, "iec104");
    (void) rig_tick (&player, 0);
    (void) rig_tick (&player, 14999);
    assert_int_equal (player.io.fault, FEP_OK);
    assert_true (rig_tick (&player, 1) == INT64_MAX);
    assert_int_equal (player.io.fault, FEP_TIMEOUT);
    player.io.fault = FEP_OK;
    CHECK_ERR (rig_up (&player, "68040b000000"), FEP_TIMEOUT);
    assert_int_equal (player.io.fault, FEP_TIMEOUT);
    player_free (&player);
}

static void test_silence (void **state)
{
    (void) state;
    player_t player;
    rig_begin (&player, STATION, "iec104");
    rig_start (&player);
    assert_int_equal (rig_tick (&player, 19999), 1);
    rig_sent (&player, "");
    assert_int_equal (rig_tick (&player, 1), 15000);
    rig_sent (&player, "680443000000");
    (void) rig_tick (&player, 5000);
    rig_sent (&player, "");
    CHECK_OK (rig_up (&player, "680483000000"));
    assert_int_equal (rig_tick (&player, 19999), 1);
    (void) rig_tick (&player, 1);
    rig_sent (&player, "680443000000");
    (void) rig_tick (&player, 14999);
    assert_int_equal (player.io.fault, FEP_OK);
    (void) rig_tick (&player, 1);
    assert_int_equal (player.io.fault, FEP_TIMEOUT);
    player_free (&player);
}

static void test_acknowledgement_of_what_is_on_disk (void **state)
{
    (void) state;
    player_t player;
    rig_begin (&player, STATION, "iec104");
    rig_start (&player);
    for (unsigned i = 0; i < 12; i++) {
        CHECK_OK (rig_point (&player, i, 0));
        assert_int_equal (player.io.mark, i + 1);
    }
    (void) rig_tick (&player, 5000);
    rig_sent (&player, "");
    rig_durable (&player, 7);
    rig_sent (&player, "");
    rig_durable (&player, 8);
    rig_sent (&player, "680401001000");
    rig_durable (&player, 8);
    rig_durable (&player, 3);
    rig_durable (&player, 13);
    rig_durable (&player, 0);
    rig_sent (&player, "");
    rig_durable (&player, 10);
    assert_int_equal (rig_tick (&player, 0), 5000);
    (void) rig_tick (&player, 4999);
    rig_sent (&player, "");
    (void) rig_tick (&player, 1);
    rig_sent (&player, "680401001400");
    rig_durable (&player, 11);
    rig_sent (&player, "680401001600");
    request_t request = {.kind = REQUEST_READ};
    CHECK_OK (player.codec->encode (player.state, &request, &player.io));
    rig_sent (&player, "680e0000160064010600010000000014");
    CHECK_OK (rig_up (&player, "680401000200"));
    (void) rig_tick (&player, 10000);
    rig_sent (&player, "");
    player_free (&player);
}

//  t2 begins when the first frame without acknowledgement comes, not when it gets on disk.
static void test_t2_from_receipt (void **state)
{
    (void) state;
    player_t player;
    rig_begin (&player, STATION, "iec104");
    rig_start (&player);
    CHECK_OK (rig_point (&player, 0, 0));
    (void) rig_tick (&player, 4000);
    CHECK_OK (rig_point (&player, 1, 0));
    (void) rig_tick (&player, 2000);
    rig_durable (&player, 1);
    assert_int_equal (rig_tick (&player, 0), 4000);
    (void) rig_tick (&player, 3999);
    rig_sent (&player, "");
    (void) rig_tick (&player, 1);
    rig_sent (&player, "680401000200");
    //  The second came 4 s later.
    rig_durable (&player, 2);
    assert_int_equal (rig_tick (&player, 0), 4000);
    (void) rig_tick (&player, 3999);
    rig_sent (&player, "");
    (void) rig_tick (&player, 1);
    rig_sent (&player, "680401000400");
    //  Not on disk when t2 ends: nothing is said and nobody is woken for it; at once when it is.
    CHECK_OK (rig_point (&player, 2, 0));
    (void) rig_tick (&player, 10000);
    rig_sent (&player, "");
    assert_int_equal (rig_tick (&player, 0), 10000);
    rig_durable (&player, 3);
    rig_sent (&player, "680401000600");
    player_free (&player);
}

//  More frames on the way than their times are kept of: none is acknowledged late.
static void test_t2_of_many (void **state)
{
    (void) state;
    player_t player;
    rig_begin (&player, STATION, "iec104");
    rig_start (&player);
    for (unsigned i = 0; i < 2 * IEC_WINDOW; i++) {
        CHECK_OK (rig_point (&player, i, 0));
        (void) rig_tick (&player, 100);
    }
    //  Number n came at 100 n ms; now is 6400.
    rig_durable (&player, 8);
    rig_durable (&player, 9);
    (void) rig_tick (&player, 800 + 10000 - 6400);
    assert_int_equal (rig_state (&player)->acked, 9);
    rig_durable (&player, 40);
    rig_durable (&player, 41);
    (void) rig_tick (&player, 4000 - 800);
    assert_int_equal (rig_state (&player)->acked, 41);
    player_free (&player);
}

static void test_numbers_out_of_order (void **state)
{
    (void) state;
    static const struct {
        unsigned ns, nr;
    } bad[] = {{1, 0}, {32767, 0}, {0, 1}, {0, 32767}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        player_t player;
        rig_begin (&player, STATION, "iec104");
        rig_start (&player);
        CHECK_ERR (rig_point (&player, bad[i].ns, bad[i].nr), FEP_SEQUENCE);
        assert_int_equal (player.io.fault, FEP_SEQUENCE);
        assert_int_equal (player.batch->message_count, 0);
        (void) rig_tick (&player, 0);
        assert_int_equal (player.io.fault, FEP_SEQUENCE);
        player_free (&player);
    }
    player_t player;
    rig_begin (&player, STATION, "iec104");
    rig_start (&player);
    CHECK_OK (rig_point (&player, 0, 0));
    CHECK_ERR (rig_point (&player, 0, 0), FEP_SEQUENCE);
    player_free (&player);
    rig_begin (&player, STATION, "iec104");
    rig_start (&player);
    CHECK_ERR (rig_up (&player, "680401000200"), FEP_SEQUENCE);
    player_free (&player);
}

static void test_numbers_go_around (void **state)
{
    (void) state;
    player_t player;
    rig_begin (&player, STATION, "iec104");
    rig_start (&player);
    rig_state (&player)->base = 32766;
    rig_state (&player)->vs = rig_state (&player)->ack = 32767;
    CHECK_OK (rig_point (&player, 32766, 32767));
    CHECK_OK (rig_point (&player, 32767, 32767));
    CHECK_OK (rig_point (&player, 0, 32767));
    rig_durable (&player, 3);
    request_t request = {.kind = REQUEST_READ};
    CHECK_OK (player.codec->encode (player.state, &request, &player.io));
    rig_sent (&player, "680efeff020064010600010000000014");
    request = (request_t){.kind = REQUEST_CLOCK};
    CHECK_OK (player.codec->encode (player.state, &request, &player.io));
    player.compared = player.send.size;
    CHECK_OK (rig_point (&player, 1, 1));
    assert_int_equal (rig_state (&player)->ack, 1);
    player_free (&player);
}

static void test_window_of_ours (void **state)
{
    (void) state;
    player_t player;
    rig_begin (&player, STATION, "iec104");
    request_t clock = {.kind = REQUEST_CLOCK};
    CHECK_ERR (player.codec->encode (player.state, &clock, &player.io), FEP_BUSY);
    assert_true (clock.done == 0 && !clock.finished);
    rig_start (&player);
    for (unsigned i = 0; i < 12; i++) {
        clock = (request_t){.kind = REQUEST_CLOCK};
        CHECK_OK (player.codec->encode (player.state, &clock, &player.io));
        (void) rig_tick (&player, 100);
    }
    clock = (request_t){.kind = REQUEST_CLOCK};
    CHECK_ERR (player.codec->encode (player.state, &clock, &player.io), FEP_BUSY);
    CHECK_OK (rig_up (&player, "680401000200"));
    assert_int_equal (rig_tick (&player, 0), 15000 - 1100);
    CHECK_OK (player.codec->encode (player.state, &clock, &player.io));
    (void) rig_tick (&player, 15000 - 1101);
    assert_int_equal (player.io.fault, FEP_OK);
    (void) rig_tick (&player, 1);
    assert_int_equal (player.io.fault, FEP_TIMEOUT);
    player_free (&player);
}

//  No room for bytes: nothing counts as sent.
static void test_no_room (void **state)
{
    (void) state;
    player_t player;
    rig_begin (&player, STATION, "iec104");
    rig_start (&player);
    CHECK_OK (rig_point (&player, 0, 0));
    writer_t none = writer_of (player.sent, 3);
    player.io.send = &none;
    rig_durable (&player, 1);
    (void) rig_tick (&player, 10000);
    assert_int_equal (rig_state (&player)->acked, 0);
    request_t request = {.kind = REQUEST_READ};
    none.failed = false;
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_FULL);
    assert_true (request.done == 0 && rig_state (&player)->vs == 0);
    player.io.send = &player.send;
    (void) rig_tick (&player, 0);
    rig_sent (&player, "680401000200");
    player_free (&player);
}

//  A batch without room: the frame does not count as received.
static void test_batch_full (void **state)
{
    (void) state;
    player_t player;
    rig_begin (&player, STATION, "iec104");
    rig_start (&player);
    while (player.batch->item_count < BATCH_ITEMS_MAX) {
        (void) batch_message (player.batch, MESSAGE_READING);
        for (int i = 0; i < 64 && player.batch->item_count < BATCH_ITEMS_MAX; i++) {
            batch_item (player.batch, 1, value_bits (0, 0));
        }
    }
    CHECK_ERR (rig_point (&player, 0, 0), FEP_LIMIT);
    assert_int_equal (rig_state (&player)->received, 0);
    player_free (&player);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_start_and_stop),
                                       cmocka_unit_test (test_stray_functions),
                                       cmocka_unit_test (test_no_confirmation_of_start),
                                       cmocka_unit_test (test_silence),
                                       cmocka_unit_test (test_acknowledgement_of_what_is_on_disk),
                                       cmocka_unit_test (test_t2_from_receipt),
                                       cmocka_unit_test (test_t2_of_many),
                                       cmocka_unit_test (test_numbers_out_of_order),
                                       cmocka_unit_test (test_numbers_go_around),
                                       cmocka_unit_test (test_window_of_ours),
                                       cmocka_unit_test (test_no_room),
                                       cmocka_unit_test (test_batch_full)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
