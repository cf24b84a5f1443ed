//  DL/T 698.45: events are read object by object, all there are or those the list of new ones names.
#include "tests/codecs/player698.h"

static void test_events (void **state)
{
    (void) state;
#define EVENT_COLUMNS " 04 00 20220200 00 201e0200 00 20200200 00 20240200"
#define EVENT_TAIL " 09 0a" EVENT_COLUMNS " 00"
    player_t player = player_new (codec_find ("dlt698"));
    p698_login (&player);
    request_t request = {.kind = REQUEST_READ_EVENTS, .event_from = 0x3105, .event_to = 0x3106};
    p698_ask (&player, &request, "05 03 00 31050200" EVENT_TAIL);
    assert_false (request.finished);
    p698_ask (&player, &request, "05 03 01 31060200" EVENT_TAIL);
    assert_true (request.finished);
    //  An object it has not is none of the others; one it would not show is.
    p698_answer (&player, "85 03 01 31060200" EVENT_COLUMNS " 00 04 00 00", ANSWER_DONE, 0);
    request.done = 0;
    request.finished = false;
    p698_ask (&player, &request, "05 03 02 31050200" EVENT_TAIL);
    p698_answer (&player, "85 03 02 31050200" EVENT_COLUMNS " 00 03 00 00", ANSWER_REFUSED, 3);
    request = (request_t){.kind = REQUEST_READ_EVENTS, .event_from = 0x3105, .event_to = 0x3105};
    p698_ask (&player, &request, "05 03 03 31050200" EVENT_TAIL);
    p698_answer (&player, "85 03 03 31050200" EVENT_COLUMNS " 00 04 00 00", ANSWER_REFUSED, 4);
    request = (request_t){.kind = REQUEST_READ_EVENTS,
                          .mp = 7,
                          .event_from = 0x3011,
                          .event_to = 0x3011,
                          .meter = "202311150001"};
    p698_ask (&player, &request, "09 02 04 003c 07 05 202311150001 30110200" EVENT_TAIL);
    request = (request_t){.kind = REQUEST_READ_EVENTS, .event_from = 0x3999};
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_NOT_FOUND);
    player_free (&player);
}

//  What the list of new events names, and that there are some.
static void test_new_events (void **state)
{
    (void) state;
    player_t player = player_new (codec_find ("dlt698"));
    p698_login (&player);
    request_t request = {
        .kind = REQUEST_READ_EVENTS, .event_important = true, .event_to = EVENTS_NEWEST};
    p698_ask (&player, &request, "05 01 00 33200200 00");
    p698_answer (&player, "85 01 40 33200200 01 01 02 51 31060200 50 310a 00 00", ANSWER_DONE, 0);
    assert_int_equal (player.batch->items[player.batch->item_count - 1].point, POINT_EVENT_NEW);
    assert_false (request.finished);
    p698_ask (&player, &request, "05 03 01 31060200" EVENT_TAIL);
    p698_answer (&player, "85 03 41 31060200" EVENT_COLUMNS " 01 00 00 00", ANSWER_DONE, 0);
    assert_int_equal (player.batch->message_count, 0);
    assert_false (request.finished);
    p698_ask (&player, &request, "05 03 02 310a0200" EVENT_TAIL);
    assert_true (request.finished);
    p698_answer (&player, "85 03 02 310a0200" EVENT_COLUMNS " 00 04 00 00", ANSWER_DONE, 0);
    assert_int_equal (player.batch->item_count, 1);
    assert_int_equal (player.batch->items[0].value.mantissa, 0);
    //  An empty list.
    request.done = 0;
    request.finished = false;
    p698_ask (&player, &request, "05 01 03 33200200 00");
    p698_answer (&player, "85 01 03 33200200 01 01 00 00 00", ANSWER_DONE, 0);
    CHECK_OK (player.codec->encode (player.state, &request, &player.io));
    assert_int_equal (player.send.size, 0);
    assert_int_equal (player.io.answer, ANSWER_DONE);
    assert_true (request.finished);
    player_free (&player);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_events),
                                       cmocka_unit_test (test_new_events)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
