//  One meter, read over different protocols: a frozen register is one series, with the same point, freeze, instant and
//  value, whichever way it came. A way is a codec, and how its meter or terminal answers; a new one is a line in s_ways
//  and a function. The instants are written down in UTC, so that no calendar of ours vouches for itself.
#include "codecs/gdw1376/link.h"
#include "tests/codecs/player.h"

enum { FRAME_MAX = 1024, EXCHANGES_MAX = 8 };

//  What the meter latched, and when.
typedef struct {
    const char *zone;      //  "" the node's, UTC+8
    freeze_t freeze;       //  DAY or MONTH
    int year, month, day;  //  That ended with it; day 0: the month
    const char *instant;   //  UTC
    const char *digits;  //  The register: kWh with four decimals, the last two 0: not all have them
} latch_t;

static const latch_t s_latches[] = {
    {"", FREEZE_DAY, 2018, 8, 31, "2018-08-31T16:00:00", "0001234500"},
    {"", FREEZE_DAY, 2016, 2, 28, "2016-02-28T16:00:00", "0000000100"},
    {"", FREEZE_DAY, 2018, 12, 31, "2018-12-31T16:00:00", "9999999900"},
    {"", FREEZE_MONTH, 2018, 12, 0, "2018-12-31T16:00:00", "0001234500"},
    {"CET-1CEST,M3.5.0,M10.5.0/3", FREEZE_DAY, 2024, 3, 30, "2024-03-30T23:00:00", "0000100000"},
    {"CET-1CEST,M3.5.0,M10.5.0/3", FREEZE_DAY, 2024, 3, 31, "2024-03-31T22:00:00", "0000230000"},
    {"CET-1CEST,M3.5.0,M10.5.0/3", FREEZE_DAY, 2024, 10, 26, "2024-10-26T22:00:00", "0001000000"},
    {"CET-1CEST,M3.5.0,M10.5.0/3", FREEZE_DAY, 2024, 10, 27, "2024-10-27T23:00:00", "0001250000"},
    {"CET-1CEST,M3.5.0,M10.5.0/3", FREEZE_MONTH, 2024, 10, 0, "2024-10-31T23:00:00", "0001260000"},
    {"-03:00", FREEZE_DAY, 2024, 2, 29, "2024-03-01T03:00:00", "0000004200"}};

//  A way to the meter.
typedef struct {
    const char *codec;    //  Name; a way whose codec is not in the table is left out, and said so
    const char *meter;    //  Meter codecs: its address
    const char *profile;  //  and profile, "-" none
    //  The answer to a frame of ours, appended.
    void (*answer) (bytes_t asked, const latch_t *latch, writer_t *out);
} way_t;

//  Two digits of a number as one packed byte.
static uint8_t s_bcd (int two)
{
    return (uint8_t) (two / 10 % 10 << 4 | two % 10);
}

//  The register's digits as packed bytes, low byte first.
static void s_put_register (writer_t *out, const latch_t *latch)
{
    uint8_t bytes[5];
    assert_int_equal (vec_hex (latch->digits, bytes, sizeof bytes), sizeof bytes);
    for (size_t i = sizeof bytes; i-- > 0;) {
        writer_u8 (out, bytes[i]);
    }
}

//  376.1: 0D F161 or F177; address, unit and Td are those of the request, which must name the day or month that ended.
static void s_answer_gdw1376 (bytes_t asked, const latch_t *latch, writer_t *out)
{
    enum { UNIT_AT = 14, TD_AT = 18 };
    const uint8_t day[] = {s_bcd (latch->day), s_bcd (latch->month), s_bcd (latch->year)};
    size_t skip = latch->freeze == FREEZE_MONTH ? 1 : 0;
    assert_true (asked.size >= TD_AT + sizeof day - skip + GDW_TAIL);
    assert_memory_equal (asked.data + TD_AT, day + skip, sizeof day - skip);
    size_t mark = gdw_frame_open (out, 2, 0x88, asked.data + 7, AFN_HISTORY, asked.data[13]);
    writer_put (out, asked.data + UNIT_AT, TD_AT - UNIT_AT + sizeof day - skip);
    static const uint8_t read[] = {0x05, 0x00, 0x01, 0x01, 0x25, 0x00};
    writer_put (out, read, sizeof read);
    s_put_register (out, latch);
    gdw_frame_close (out, mark);
}

static const way_t s_ways[] = {{"gdw1376", "", "", s_answer_gdw1376}};

static int64_t s_utc (const char *text)
{
    const zone_t utc = {0};
    clock_civil_t c;
    int64_t utc_ms = 0;
    assert_int_equal (sscanf (text, "%d-%d-%dT%d:%d:%d", &c.year, &c.month, &c.day, &c.hour,
                              &c.minute, &c.second),
                      6);
    assert_true (zone_utc (&utc, &c, ZONE_EARLIER, &utc_ms));
    return utc_ms;
}

//  A terminal is known once it was heard.
static void s_introduce (player_t *player)
{
    static const uint8_t login[] = {0x68, 0x32, 0x00, 0x32, 0x00, 0x68, 0xC9, 0x71, 0x01, 0x22,
                                    0x08, 0x00, 0x02, 0x70, 0x00, 0x00, 0x01, 0x00, 0xD8, 0x16};
    if (strcmp (player->codec->name, "gdw1376") == 0) {
        player_feed (player, bytes_of (login, sizeof login));
    }
    batch_clear (player->batch);
}

//  The register in the unit of its fourth decimal, however many decimals came.
static int64_t s_number (const value_t *value)
{
    int64_t number = value->mantissa;
    assert_int_equal (value->kind, VALUE_DECIMAL);
    assert_true (value->exponent >= -4 && value->exponent <= 0);
    for (int i = value->exponent; i > -4; i--) {
        number *= 10;
    }
    return number;
}

//  The one value of the register in the batch: what is compared.
static void s_check (const player_t *player, const latch_t *latch)
{
    size_t count = 0;
    for (size_t i = 0; i < player->batch->message_count; i++) {
        const message_t *message = &player->batch->messages[i];
        for (uint32_t n = 0; n < message->count; n++) {
            const item_t *item = &player->batch->items[message->first + n];
            if (item->point != POINT (1, 0, 1, 8, 0)) {
                continue;
            }
            assert_int_equal (message->kind, MESSAGE_READING);
            assert_int_equal (message->mp, 1);
            assert_int_equal (message->freeze, latch->freeze);
            assert_true (message_item_time (message, n) == s_utc (latch->instant));
            assert_true (s_number (&item->value) == strtoll (latch->digits, NULL, 10));
            assert_false (item->value.quality & QUALITY_INVALID);
            count++;
        }
    }
    assert_int_equal (count, 1);
}

//  Asks for the instant as the scheduler does, until nothing is left to ask.
static void s_read (const way_t *way, const latch_t *latch)
{
    uint8_t memory[FRAME_MAX];
    zone_t zone;
    player_t player = player_new (codec_find (way->codec));
    player_clear (&player);
    if (player.codec->is_meter) {
        player_meter (&player, way->meter, way->profile);
    }
    if (*latch->zone) {
        CHECK_OK (zone_parse (latch->zone, &zone));
        player.options.zone = &zone;
    }
    s_introduce (&player);
    request_t request = {.kind = REQUEST_READ_FROZEN,
                         .mp = 1,
                         .freeze = (uint8_t) latch->freeze,
                         .point_count = 1,
                         .points = {POINT (1, 0, 1, 8, 0)},
                         .from_ms = s_utc (latch->instant),
                         .to_ms = s_utc (latch->instant)};
    player.io.wall_ms = request.to_ms + 3600000;
    for (int i = 0; !request.finished && i < EXCHANGES_MAX; i++) {
        player.send = writer_of (player.sent, PLAYER_SEND);
        CHECK_OK (player.codec->encode (player.state, &request, &player.io));
        writer_t out = writer_of (memory, sizeof memory);
        way->answer (writer_bytes (&player.send), latch, &out);
        if (player.codec->is_meter) {
            player_flight (&player, writer_bytes (&player.send));
        }
        player_decode (&player, writer_bytes (&out));
        CHECK_OK (player.refused);
        assert_int_equal (player.answer, ANSWER_DONE);
    }
    assert_true (request.finished);
    s_check (&player, latch);
    player_free (&player);
}

static void test_one_series (void **state)
{
    (void) state;
    size_t ways = 0;
    for (size_t w = 0; w < sizeof s_ways / sizeof *s_ways; w++) {
        if (!codec_find (s_ways[w].codec)) {
            printf ("%s: not in the table of codecs\n", s_ways[w].codec);
            continue;
        }
        for (size_t i = 0; i < sizeof s_latches / sizeof *s_latches; i++) {
            s_read (&s_ways[w], &s_latches[i]);
        }
        ways++;
    }
    assert_true (ways > 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_one_series)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
