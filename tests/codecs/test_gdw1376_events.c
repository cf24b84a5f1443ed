//  Q/GDW 376.1: events by their counters: what is asked for, and what is said of what came.
#include "codecs/gdw1376/link.h"
#include "tests/codecs/player.h"

static const uint8_t s_address[GDW_ADDRESS] = {0x71, 0x01, 0x22, 0x08, 0x00};
static uint8_t s_frame[GDW_FRAME_MAX];

static void s_take (player_t *player, uint8_t control, uint8_t afn, uint8_t seq, const char *hex)
{
    uint8_t body[600];
    writer_t out = writer_of (s_frame, sizeof s_frame);
    size_t mark = gdw_frame_open (&out, 2, control, s_address, afn, seq);
    writer_put (&out, body, vec_hex (hex, body, sizeof body));
    gdw_frame_close (&out, mark);
    assert_false (out.failed);
    batch_clear (player->batch);
    CHECK_OK (player->codec->decode (player->state, writer_bytes (&out), &player->io));
    player->send.size = 0;
}

static void s_begin (player_t *player)
{
    *player = player_new (codec_find ("gdw1376"));
    player_reset (player);
    s_take (player, 0xC9, 0x02, 0x70, "00000100");
}

//  The value of the only item of that point in the batch; -1: there is none.
static int64_t s_value (const player_t *player, uint32_t point)
{
    for (size_t i = 0; i < player->batch->item_count; i++) {
        if (player->batch->items[i].point == point) {
            return player->batch->items[i].value.mantissa;
        }
    }
    return -1;
}

//  The body of the next frame of the request.
static bytes_t s_next (player_t *player, request_t *request)
{
    player->send.size = 0;
    CHECK_OK (player->codec->encode (player->state, request, &player->io));
    size_t around = GDW_HEAD + GDW_USER_MIN + GDW_TAIL;
    return player->send.size > around
               ? bytes_of (player->sent + GDW_HEAD + 6, player->send.size - GDW_TAIL - GDW_HEAD - 6)
               : bytes_of (NULL, 0);
}

static void s_asks (player_t *player, request_t *request, const char *hex, bool last)
{
    uint8_t wanted[16];
    bytes_t body = s_next (player, request);
    size_t size = vec_hex (hex, wanted, sizeof wanted);
    assert_int_equal (body.size, size);
    assert_memory_equal (body.data, wanted, size);
    assert_int_equal (request->finished, last);
}

static void test_asked_in_pieces (void **state)
{
    (void) state;
    player_t player;
    s_begin (&player);
    request_t request = {
        .kind = REQUEST_READ_EVENTS, .event_important = true, .event_from = 250, .event_to = 25};
    s_asks (&player, &request, "0E60 00000100 FA09", false);
    s_asks (&player, &request, "0E61 00000100 0918", false);
    s_asks (&player, &request, "0E62 00000100 1819", true);
    request = (request_t){.kind = REQUEST_READ_EVENTS, .event_from = 7, .event_to = 7};
    s_asks (&player, &request, "0E63 00000200 0707", true);
    player_free (&player);
}

static void test_asked_to_the_newest (void **state)
{
    (void) state;
    player_t player;
    s_begin (&player);
    request_t request = {.kind = REQUEST_READ_EVENTS, .event_from = 250, .event_to = EVENTS_NEWEST};
    s_asks (&player, &request, "0C60 00004000", false);
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_NOT_FOUND);
    s_take (&player, 0x88, 0x0C, 0x60, "00004000 0805");
    s_asks (&player, &request, "0E61 00000200 FA05", true);
    //  Nothing is new.
    request = (request_t){.kind = REQUEST_READ_EVENTS, .event_from = 5, .event_to = EVENTS_NEWEST};
    s_asks (&player, &request, "0C62 00004000", false);
    s_take (&player, 0x88, 0x0C, 0x62, "00004000 0805");
    assert_int_equal (s_next (&player, &request).size, 0);
    assert_int_equal (player.io.answer, ANSWER_DONE);
    assert_true (request.finished);
    //  The counter has gone back.
    request = (request_t){.kind = REQUEST_READ_EVENTS, .event_from = 9, .event_to = EVENTS_NEWEST};
    s_asks (&player, &request, "0C63 00004000", false);
    s_take (&player, 0x88, 0x0C, 0x63, "00004000 0805");
    s_asks (&player, &request, "0E64 00000200 0005", true);
    player_free (&player);
}

static void test_counters (void **state)
{
    (void) state;
    player_t player;
    s_begin (&player);
    s_take (&player, 0xE4, 0x0C, 0x60, "00000200 494811155215 0507");
    assert_int_equal (s_value (&player, POINT_EVENT_IMPORTANT), 5);
    assert_int_equal (s_value (&player, POINT_EVENT_ORDINARY), 7);
    assert_int_equal (player.batch->messages[1].kind, MESSAGE_READING);
    assert_int_equal (player.batch->messages[1].mp, 0);
    s_take (&player, 0xE4, 0x0C, 0x61, "00000200 494811155215 0507");
    assert_int_equal (player.batch->message_count, 1);
    s_take (&player, 0xE4, 0x0C, 0x62, "00000200 494811155215 0508");
    assert_int_equal (s_value (&player, POINT_EVENT_ORDINARY), 8);
    //  0C F7 says it by itself.
    s_take (&player, 0xE4, 0x0C, 0x63, "00004000 0608 0608");
    assert_int_equal (player.batch->message_count, 1);
    assert_int_equal (s_value (&player, POINT_EVENT_IMPORTANT), 6);
    player_free (&player);
}

static void test_what_came (void **state)
{
    (void) state;
    player_t player;
    s_begin (&player);
    const char *two = "00000100 0003 FF01 15063609150415 03 15063709150415 03";
    s_take (&player, 0x88, 0x0E, 0x60, two);
    assert_int_equal (s_value (&player, POINT_EVENT_IMPORTANT_FROM), 255);
    assert_int_equal (s_value (&player, POINT_EVENT_IMPORTANT_TO), 1);
    assert_int_equal (player.batch->message_count, 3);
    //  Fewer than it says.
    s_take (&player, 0x88, 0x0E, 0x60, "00000200 0003 0003 15063609150415 03");
    assert_int_equal (s_value (&player, POINT_EVENT_ORDINARY_FROM), 0);
    assert_int_equal (s_value (&player, POINT_EVENT_ORDINARY_TO), 1);
    assert_int_equal (player.io.raw_units, 0);
    //  The second one is cut.
    s_take (&player, 0x88, 0x0E, 0x60, "00000200 0003 0003 15063609150415 03 15063709");
    assert_int_equal (s_value (&player, POINT_EVENT_ORDINARY_TO), 1);
    assert_int_equal (player.io.raw_units, 1);
    s_take (&player, 0x88, 0x0E, 0x60, "00000200 0003 0303");
    assert_int_equal (player.batch->message_count, 0);
    player_free (&player);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_asked_in_pieces), cmocka_unit_test (test_asked_to_the_newest),
        cmocka_unit_test (test_counters), cmocka_unit_test (test_what_came)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
