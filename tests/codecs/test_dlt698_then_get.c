//  SET-THEN-GET and ACTION-THEN-GET of DL/T 698.45, of terminals and their meters: what was done, what was read.
#include "tests/codecs/player698.h"

#define TSA "07 05 202311150001"

//  What was read behind something done comes as readings; what became of it is for who passed it.
static void test_then_get (void **state)
{
    (void) state;
    static const struct {
        const char *apdu, *answer;
        answer_t result;
        uint8_t code;
        unsigned items, raw;
    } rows[] = {{"06 03 01 01 40000300 16 01 200f0200 05 00",
                 "86 03 01 01 40000300 00 200f0200 01 12 1388 00 00", ANSWER_DONE, 0, 1, 0},
                //  Not done, and read all the same; done, and not read.
                {"06 03 01 01 40000300 16 01 200f0200 05 00",
                 "86 03 01 01 40000300 03 200f0200 01 12 1388 00 00", ANSWER_REFUSED, 3, 1, 0},
                {"06 03 01 01 40000300 16 01 200f0200 05 00",
                 "86 03 01 01 40000300 00 200f0200 00 06 00 00", ANSWER_DONE, 0, 0, 0},
                //  Two; what the first gives back has no point.
                {"07 03 01 02 80007f00 00 200f0200 05 80008000 00 20000200 05 00",
                 "87 03 01 02 80007f00 00 01 11 07 200f0200 01 12 1388 80008000 00 00"
                 " 20000200 01 01 03 12 0898 12 0899 12 089a 00 00",
                 ANSWER_DONE, 0, 6, 1},
                {"09 04 01 003c 01 " TSA " 003c 01 40000300 16 01 200f0200 05 00",
                 "89 04 01 01 " TSA " 01 40000300 00 200f0200 01 12 1388 00 00", ANSWER_DONE, 0, 2,
                 0},
                {"09 06 01 003c 01 " TSA " 003c 01 80007f00 00 200f0200 05 00",
                 "89 06 01 01 " TSA " 01 80007f00 13 00 200f0200 01 12 1388 00 00", ANSWER_REFUSED,
                 19, 2, 0},
                //  Cut in what was read.
                {"06 03 01 01 40000300 16 01 200f0200 05 00",
                 "86 03 01 01 40000300 00 200f0200 01 12 13", ANSWER_NONE, 0, 2, 1}};
    player_t player = player_new (codec_find ("dlt698"));
    p698_login (&player);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        request_t request = {.kind = REQUEST_PASS};
        request.size = (uint16_t) vec_hex (rows[i].apdu, request.bytes, sizeof request.bytes);
        p698_ask (&player, &request, rows[i].apdu);
        p698_answer (&player, rows[i].answer, rows[i].result, rows[i].code);
        assert_int_equal (player.batch->item_count, rows[i].items);
        assert_int_equal (player.io.raw_units, rows[i].raw);
    }
    player_free (&player);
}

static uint16_t s_nobodys (void *arg, bytes_t meter)
{
    (void) arg;
    (void) meter;
    return 0;
}

//  Nobody asked: the values count, what was done is kept. Of a meter nobody knows there are none.
static void test_then_get_unasked (void **state)
{
    (void) state;
    player_t player = player_new (codec_find ("dlt698"));
    p698_login (&player);
    p698_answer (&player, "86 03 01 01 40000300 00 200f0200 01 12 1388 00 00", ANSWER_NONE, 0);
    assert_int_equal (player.io.raw_units, 1);
    assert_int_equal (player.batch->message_count, 2);
    assert_int_equal (player.batch->messages[1].kind, MESSAGE_READING);
    static const char proxied[] = "89 06 01 01 " TSA " 01 80007f00 00 01 11 07 200f0200 01 12 1388"
                                  " 00 00";
    p698_answer (&player, proxied, ANSWER_NONE, 0);
    assert_int_equal (player.io.raw_units, 1);
    assert_int_equal (player.batch->messages[1].kind, MESSAGE_READING);
    player.io.mp_of = s_nobodys;
    p698_answer (&player, proxied, ANSWER_NONE, 0);
    assert_int_equal (player.io.raw_units, 2);
    assert_int_equal (player.batch->message_count, 2);
    assert_int_equal (player.batch->messages[1].kind, MESSAGE_EVENT);
    player_free (&player);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_then_get),
                                       cmocka_unit_test (test_then_get_unasked)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
