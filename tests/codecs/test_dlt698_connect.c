//  CONNECT of DL/T 698.45 before the first request: of a session, of a carried frame, of a meter's exchange.
#include "tests/codecs/player698.h"

#define ALL_SERVICES "ffffffffffffffff ffffffffffffffffffffffffffffffff"
#define CONNECT(piid) "02 " piid " 0010 " ALL_SERVICES " 0800 2000 01 2000 00001c20"
#define FACTORY "0000000000000000000000000000000000000000000000000000000000000000"
#define CONNECTED(piid, result)                                                                    \
    "82 " piid " " FACTORY " 0010 " ALL_SERVICES " 0400 0400 01 0400 00000064 " result " 00 00 00"
#define FREQUENCY POINT (1, 0, 14, 7, 0)

static request_t s_read (void)
{
    return (request_t){.kind = REQUEST_READ, .point_count = 1, .points = {FREQUENCY}};
}

//  Logged in. The player stays where it is: it points into itself.
static void s_online (player_t *player, const char *connect)
{
    char text[64];
    snprintf (text, sizeof text, "profile p\ncodec dlt698\nsetting connect %s\n", connect);
    *player = player_new (codec_find ("dlt698"));
    p698_login (player);
    player_own_text (player, text);
}

//  The request of the session stands where it was: it is asked when the connection is there.
static void s_connects (player_t *player, request_t *request, const char *connect,
                        const char *connected)
{
    uint32_t done = request->done;
    p698_ask (player, request, connect);
    assert_int_equal (request->done, done);
    assert_false (request->finished);
    p698_answer (player, connected, ANSWER_AGAIN, 0);
    assert_int_equal (player->batch->message_count, 0);
}

static void test_never (void **state)
{
    (void) state;
    player_t player;
    s_online (&player, "0");
    request_t request = s_read ();
    p698_ask (&player, &request, "05 01 00 200f0200 00");
    player_free (&player);
}

static void test_once (void **state)
{
    (void) state;
    player_t player;
    s_online (&player, "1");
    request_t request = s_read ();
    //  What cannot be asked connects nothing.
    request.points[0] = POINT (1, 0, 1, 29, 0);
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_UNSUPPORTED);
    //  An answer that is lost, one to another number, one that says no, an ERROR.
    request = s_read ();
    p698_ask (&player, &request, CONNECT ("00") " 00 00");
    p698_ask (&player, &request, CONNECT ("01") " 00 00");
    p698_answer (&player, CONNECTED ("00", "00"), ANSWER_NONE, 0);
    p698_answer (&player, CONNECTED ("01", "05"), ANSWER_REFUSED, 0xD5);
    p698_ask (&player, &request, CONNECT ("02") " 00 00");
    p698_answer (&player, "ee 02 02 00 00", ANSWER_REFUSED, 0xE2);
    //  Once for all that follow.
    s_connects (&player, &request, CONNECT ("03") " 00 00", CONNECTED ("03", "00"));
    p698_ask (&player, &request, "05 01 04 200f0200 00");
    p698_answer (&player, "85 01 04 200f0200 01 12 1388 00 00", ANSWER_DONE, 0);
    request = (request_t){.kind = REQUEST_CLOCK};
    p698_ask (&player, &request, "06 01 05 40000200 1c 07e7 0b 0f 06 0d 14 00");
    player_free (&player);
}

//  RELEASE-Notification, here between two blocks of an answer, and a new login: not connected any more.
static void test_ended (void **state)
{
    (void) state;
    player_t player;
    s_online (&player, "1");
    request_t request = s_read ();
    s_connects (&player, &request, CONNECT ("00") " 00 00", CONNECTED ("00", "00"));
    p698_ask (&player, &request, "05 01 01 200f0200 00");
    p698_answer (&player, "85 05 01 00 0001 01 01 200f0200 01 12 1388 00 00", ANSWER_AGAIN, 0);
    p698_answer (&player, "84 00 07e9040a000000 07e9040a020000 00 00", ANSWER_NONE, 0);
    assert_int_equal (player.io.raw_units, 1);
    request = s_read ();
    s_connects (&player, &request, CONNECT ("02") " 00 00", CONNECTED ("02", "00"));
    p698_ask (&player, &request, "05 01 03 200f0200 00");
    bytes_t beat = p698_build (0x81, "01 00 01 00b4 07e9 04 03 04 0f 14 05 0000");
    CHECK_OK (player.codec->decode (player.state, beat, &player.io));
    player.send.size = 0;
    request = s_read ();
    p698_ask (&player, &request, "05 01 04 200f0200 00");
    bytes_t login = p698_build (0x81, "01 00 00 00b4 07e9 04 03 04 0f 14 05 0000");
    CHECK_OK (player.codec->decode (player.state, login, &player.io));
    player.send.size = 0;
    request = s_read ();
    p698_ask (&player, &request, CONNECT ("05") " 00 00");
    player_free (&player);
}

static void s_pass (player_t *player, const char *apdu)
{
    request_t request = {.kind = REQUEST_PASS};
    request.size = (uint16_t) vec_hex (apdu, request.bytes, sizeof request.bytes);
    p698_ask (player, &request, apdu);
    assert_true (request.finished);
}

//  What somebody passes goes as it is, and counts.
static void test_passed (void **state)
{
    (void) state;
    player_t player;
    s_online (&player, "1");
    s_pass (&player, "05 01 05 40010200 00");
    s_pass (&player, CONNECT ("06") " 00 00");
    p698_answer (&player, CONNECTED ("06", "00"), ANSWER_DONE, 0);
    request_t request = s_read ();
    p698_ask (&player, &request, "05 01 02 200f0200 00");
    //  RELEASE ends it, if it is agreed to.
    s_pass (&player, "03 08 00");
    p698_answer (&player, "83 08 03 00 00", ANSWER_REFUSED, 3);
    request = s_read ();
    p698_ask (&player, &request, "05 01 04 200f0200 00");
    s_pass (&player, "03 0a 00");
    p698_answer (&player, "83 0a 00 00 00", ANSWER_DONE, 0);
    request = s_read ();
    p698_ask (&player, &request, CONNECT ("06") " 00 00");
    player_free (&player);
}

#define WITH_PASSWORD CONNECT ("00") " 01 03 313233 00"

static void test_password (void **state)
{
    (void) state;
    //  No password, another number, another mechanism, and those that are not of their length.
    static const char *const wrong[] = {
        CONNECT ("00") " 01 00 00",        CONNECT ("01") " 01 03 313233 00",
        CONNECT ("00") " 02 03 313233 00", CONNECT ("00") " 01 03 313233 00 00",
        CONNECT ("00") " 01 04 313233 00", CONNECT ("00") " 01 03 313233 01"};
    uint8_t memory[256], sealed[256], want[256];
    player_t player;
    s_online (&player, "2");
    request_t request = s_read ();
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_UNSUPPORTED);
    writer_t seal = writer_of (memory, sizeof memory);
    player.io.seal = &seal;
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_NEEDS_SEAL);
    assert_int_equal (player.send.size, 0);
    assert_int_equal (seal.size, vec_hex (CONNECT ("00") " 01 00 00", want, sizeof want));
    assert_memory_equal (memory, want, seal.size);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        player.io.sealed = bytes_of (sealed, vec_hex (wrong[i], sealed, sizeof sealed));
        CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_NO_SEAL);
    }
    player.io.sealed = bytes_of (sealed, vec_hex (WITH_PASSWORD, sealed, sizeof sealed));
    s_connects (&player, &request, WITH_PASSWORD, CONNECTED ("00", "00"));
    player.io.sealed = (bytes_t){NULL, 0};
    p698_ask (&player, &request, "05 01 01 200f0200 00");
    player_free (&player);
}

//  In the place of a meter's frame, also of one that nobody answers.
static void test_carried (void **state)
{
    (void) state;
    uint8_t memory[256];
    bytes_t frame = bytes_of ("\x68\x61", 2);
    player_t player;
    s_online (&player, "1");
    player.io.answer = ANSWER_DONE;
    CHECK_OK (player.codec->wrap (player.state, frame, &player.io));
    assert_int_equal (player.io.answer, ANSWER_NONE);
    p698_expect (&player, CONNECT ("00") " 00 00");
    p698_answer (&player, CONNECTED ("00", "00"), ANSWER_AGAIN, 0);
    player.io.answer = ANSWER_DONE;
    CHECK_OK (player.codec->wrap (player.state, frame, &player.io));
    assert_int_equal (player.io.answer, ANSWER_DONE);
    p698_expect (&player, "09 07 01 f2090201 03 02 08 01 00 003c 0064 02 6861 00");
    p698_answer (&player, "89 07 01 f2090201 01 02 6816 00 00", ANSWER_DONE, 0);
    player_free (&player);
    s_online (&player, "2");
    writer_t seal = writer_of (memory, sizeof memory);
    CHECK_ERR (player.codec->wrap (player.state, frame, &player.io), FEP_UNSUPPORTED);
    player.io.seal = &seal;
    CHECK_ERR (player.codec->wrap (player.state, frame, &player.io), FEP_NEEDS_SEAL);
    assert_int_equal (player.send.size, 0);
    assert_int_equal (seal.data[0], 0x02);
    player_free (&player);
}

//  By the meter's own profile, in each exchange; the terminal's says nothing of it.
static void test_meter (void **state)
{
    (void) state;
    player_t player = player_new (codec_find ("dlt698_meter"));
    player_meter_text (&player, "000000000001",
                       "profile p\ncodec dlt698_meter\nsetting connect 1\n");
    player_reset (&player);
    for (int exchange = 0; exchange < 2; exchange++) {
        memset (player.state, 0, player.codec->state_size);
        request_t request = s_read ();
        s_connects (&player, &request, CONNECT ("00") " 00 00", CONNECTED ("00", "00"));
        p698_ask (&player, &request, "05 01 01 200f0200 00");
        p698_answer (&player, "85 01 01 200f0200 01 12 1388 00 00", ANSWER_DONE, 0);
        assert_int_equal (player.batch->item_count, 1);
    }
    player_meter (&player, "000000000001", "-");
    player_own_text (&player, "profile p\ncodec dlt698\nsetting connect 1\n");
    memset (player.state, 0, player.codec->state_size);
    request_t request = s_read ();
    p698_ask (&player, &request, "05 01 00 200f0200 00");
    player_free (&player);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_never),    cmocka_unit_test (test_once),
        cmocka_unit_test (test_ended),    cmocka_unit_test (test_passed),
        cmocka_unit_test (test_password), cmocka_unit_test (test_carried),
        cmocka_unit_test (test_meter)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
