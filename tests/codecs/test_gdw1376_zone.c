//  Q/GDW 376.1 in a zone with summer time: days of 23 and 25 hours in what is read and in what is asked.
#include "codecs/gdw1376/link.h"
#include "codecs/gdw1376/state.h"
#include "tests/codecs/player.h"

enum { MASTER = 2, QUARTER_MS = 900000 };

static const uint8_t s_address[GDW_ADDRESS] = {0x71, 0x01, 0x22, 0x08, 0x00};
static zone_t s_zone;
static player_t s_player;

static int s_begin (void **state)
{
    (void) state;
    s_player = player_new (codec_find ("gdw1376"));
    player_clear (&s_player);
    CHECK_OK (zone_parse ("CET-1CEST,M3.5.0,M10.5.0/3", &s_zone));
    s_player.options.zone = &s_zone;
    gdw_state_t *gdw = s_player.state;
    memcpy (gdw->address, s_address, GDW_ADDRESS);
    gdw->protocol = MASTER;
    return 0;
}

static int s_end (void **state)
{
    (void) state;
    player_free (&s_player);
    return 0;
}

static int64_t s_utc (int month, int day, int hour, int minute)
{
    const zone_t utc = {0};
    clock_civil_t civil = {2024, month, day, hour, minute, 0};
    int64_t utc_ms = 0;
    assert_true (zone_utc (&utc, &civil, ZONE_EARLIER, &utc_ms));
    return utc_ms;
}

//  The only message of a frame from the terminal, or the event of one.
static const message_t *s_decode (uint8_t afn, const char *hex)
{
    uint8_t frame[512], body[400];
    writer_t out = writer_of (frame, sizeof frame);
    size_t mark = gdw_frame_open (&out, MASTER, 0x88, s_address, afn, 0x60);
    writer_put (&out, body, vec_hex (hex, body, sizeof body));
    gdw_frame_close (&out, mark);
    batch_clear (s_player.batch);
    player_decode (&s_player, writer_bytes (&out));
    CHECK_OK (s_player.refused);
    //  Behind an event stands which one it was.
    assert_int_equal (s_player.batch->message_count, afn == 0x0E ? 2 : 1);
    return &s_player.batch->messages[0];
}

static void test_frozen_days (void **state)
{
    (void) state;
    static const struct {
        const char *body;
        int month, day, hour;  //  UTC
    } rows[] = {{"01 01 01 14 30 03 24 05 00 31 03 24 00 00 00 00 00 00", 3, 30, 23},
                {"01 01 01 14 31 03 24 05 00 01 04 24 00 00 00 00 00 00", 3, 31, 22},
                {"01 01 01 14 26 10 24 05 00 27 10 24 00 00 00 00 00 00", 10, 26, 22},
                {"01 01 01 14 27 10 24 05 00 28 10 24 00 00 00 00 00 00", 10, 27, 23},
                {"01 01 01 16 10 24 05 00 01 11 24 00 00 00 00 00 00", 10, 31, 23},
                {"01 01 01 16 06 24 05 00 01 07 24 00 00 00 00 00 00", 6, 30, 22}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const message_t *message = s_decode (AFN_HISTORY, rows[i].body);
        assert_true (message->time_ms == s_utc (rows[i].month, rows[i].day, rows[i].hour, 0));
    }
}

//  Of an hour that comes twice: what was read just now is of the later one, if that has come.
static void test_hour_that_comes_twice (void **state)
{
    (void) state;
    static const char body[] = "01 01 01 10 30 02 27 10 24 00 00 00 00 00 00";
    s_player.io.wall_ms = s_utc (10, 27, 0, 31);
    assert_true (s_decode (AFN_CURRENT, body)->time_ms == s_utc (10, 27, 0, 30));
    s_player.io.wall_ms = s_utc (10, 27, 1, 31);
    assert_true (s_decode (AFN_CURRENT, body)->time_ms == s_utc (10, 27, 1, 30));
    const message_t *message = s_decode (AFN_EVENTS, "00 00 01 00 14 0B 13 14 15 06"
                                                     "36 02 27 10 24 03");
    assert_true (message->time_ms == s_utc (10, 27, 0, 36));
    s_player.io.wall_ms = 1700000000000;
}

//  Times among the values are local as well: the maximum of a demand, the clock.
static void test_times_of_values (void **state)
{
    (void) state;
    const message_t *message = s_decode (AFN_CURRENT, "00 00 02 00 00 30 14 15 07 24");
    assert_true (s_player.batch->items[message->first].value.mantissa ==
                 s_utc (7, 15, 12, 30) / 1000);
    message = s_decode (AFN_CURRENT, "01 01 01 12 00 12 15 07 24 00 00 00 00 15 11 15 07");
    assert_int_equal (message->count, 2);
    assert_true (s_player.batch->items[message->first + 1].value.mantissa ==
                 s_utc (7, 15, 9, 15) / 1000);
}

static void s_ask (freeze_t freeze, uint32_t point, int64_t from_ms, int64_t to_ms,
                   const char *units)
{
    uint8_t want[400];
    size_t size = vec_hex (units, want, sizeof want);
    request_t request = {.kind = REQUEST_READ_FROZEN,
                         .mp = 1,
                         .freeze = (uint8_t) freeze,
                         .point_count = 1,
                         .points = {point},
                         .from_ms = from_ms,
                         .to_ms = to_ms};
    s_player.send = writer_of (s_player.sent, PLAYER_SEND);
    CHECK_OK (s_player.codec->encode (s_player.state, &request, &s_player.io));
    assert_true (request.finished);
    assert_int_equal (s_player.send.size, size + 16);
    assert_memory_equal (s_player.sent + 14, want, size);
}

static void test_ask_days (void **state)
{
    (void) state;
    const uint32_t energy = POINT (1, 0, 1, 8, 0);
    s_ask (FREEZE_DAY, energy, s_utc (3, 30, 23, 0), s_utc (4, 1, 22, 0),
           "01 01 01 14 30 03 24 01 01 01 14 31 03 24 01 01 01 14 01 04 24");
    s_ask (FREEZE_DAY, energy, s_utc (3, 30, 23, 1), s_utc (3, 31, 22, 0), "01 01 01 14 31 03 24");
    s_ask (FREEZE_DAY, energy, s_utc (10, 26, 22, 0), s_utc (10, 27, 23, 0),
           "01 01 01 14 26 10 24 01 01 01 14 27 10 24");
    s_ask (FREEZE_DAY, energy, s_utc (10, 26, 22, 0), s_utc (10, 27, 22, 59),
           "01 01 01 14 26 10 24");
    s_ask (FREEZE_MONTH, energy, s_utc (3, 31, 22, 0), s_utc (10, 31, 22, 59),
           "01 01 01 16 03 24 01 01 01 16 04 24 01 01 01 16 05 24 01 01 01 16 06 24"
           "01 01 01 16 07 24 01 01 01 16 08 24 01 01 01 16 09 24");
    s_ask (FREEZE_MONTH, energy, s_utc (10, 1, 0, 0), s_utc (10, 31, 23, 0), "01 01 01 16 10 24");
}

//  A day is a piece; it has as many quarters as it has.
static void test_ask_curves (void **state)
{
    (void) state;
    const uint32_t power = POINT (1, 0, 16, 7, 0);
    s_ask (FREEZE_CURVE, power, s_utc (3, 30, 23, 0), s_utc (3, 31, 22, 15),
           "01 01 01 0A 00 00 31 03 24 01 5C 01 01 01 0A 00 00 01 04 24 01 02");
    s_ask (FREEZE_CURVE, power, s_utc (10, 26, 22, 0), s_utc (10, 27, 22, 45),
           "01 01 01 0A 00 00 27 10 24 01 64");
    s_ask (FREEZE_CURVE, power, s_utc (7, 1, 10, 1), s_utc (7, 1, 10, 59),
           "01 01 01 0A 15 12 01 07 24 01 03");
    const message_t *message =
        s_decode (AFN_HISTORY, "01 01 01 0A 00 00 27 10 24 01 0D"
                               "000000 000000 000000 000000 000000 000000 000000 000000"
                               "000000 000000 000000 000000 000000");
    assert_true (message->time_ms == s_utc (10, 26, 22, 0));
    assert_true (message_item_time (message, 12) == s_utc (10, 27, 1, 0));
    assert_int_equal (message->step_ms, QUARTER_MS);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_frozen_days), cmocka_unit_test (test_hour_that_comes_twice),
        cmocka_unit_test (test_times_of_values), cmocka_unit_test (test_ask_days),
        cmocka_unit_test (test_ask_curves)};
    return cmocka_run_group_tests (tests, s_begin, s_end);
}
