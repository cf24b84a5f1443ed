//  DL/T 698.45: requests byte for byte, what answers them, commands, seals, and frames of meters that are carried.
#include "codecs/dlt698/state.h"
#include "tests/codecs/player698.h"

#define METER "202311150001"
#define TSA "07 05 202311150001"
#define DAY_MS 86400000LL
#define MIDNIGHT 1744214400000LL  //  2025-04-10, UTC+8

static uint8_t *s_number (player_t *player)
{
    return &((d698_state_t *) player->state)->core.number;
}

static request_t s_read (uint32_t point)
{
    return (request_t){.kind = REQUEST_READ, .point_count = 1, .points = {point}};
}

static request_t s_of_meter (request_kind_t kind, uint32_t point)
{
    request_t request = {.kind = kind, .mp = 7, .point_count = 1, .points = {point}};
    snprintf (request.meter, sizeof request.meter, METER);
    return request;
}

//  ---- Published requests ----

//  Free choices that differ elsewhere: our client address is 10, the whole attribute is asked, not an element.
static void test_published_requests (void **state)
{
    (void) state;
    static const struct {
        uint32_t point;
        const char *hex;
    } rows[] = {{POINT (1, 0, 32, 7, 0), "68170043050100000000001026f60501002000020000e5be16"},
                {POINT (1, 0, 31, 7, 0), "68170043050100000000001026f605010020010200005ea216"}};
    uint8_t want[64];
    player_t player = player_new (codec_find ("dlt698"));
    p698_login (&player);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        request_t request = s_read (rows[i].point);
        size_t size = vec_hex (rows[i].hex, want, sizeof want);
        *s_number (&player) = 0;
        CHECK_OK (player.codec->encode (player.state, &request, &player.io));
        assert_int_equal (player.send.size, size);
        assert_memory_equal (player.sent, want, size);
        assert_true (request.finished);
        player.send.size = 0;
    }
    //  d698a-001: by its APDU.
    request_t request = s_read (POINT (0, 0, 136, 1, 0));
    p698_ask (&player, &request, "05 01 01 40010200 00");
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_NOT_FOUND);
    player_free (&player);
}

//  ---- Reading ----

static void test_read (void **state)
{
    (void) state;
    player_t player = player_new (codec_find ("dlt698"));
    p698_login (&player);
    request_t request = {
        .kind = REQUEST_READ,
        .point_count = 3,
        .points = {POINT (1, 0, 1, 8, 2), POINT (1, 0, 1, 8, 0), POINT (1, 0, 14, 7, 0)}};
    p698_ask (&player, &request, "05 02 00 02 00100200 200f0200 00");
    p698_answer (&player, "85 02 01 02 00100200 01 00 200f0200 01 12 1388 00 00", ANSWER_NONE, 0);
    p698_answer (&player, "85 02 00 02 00100200 00 03 200f0200 01 12 1388 00 00", ANSWER_DONE, 0);
    assert_int_equal (player.batch->messages[0].count, 2);
    p698_answer (&player, "85 02 00 02 00100200 00 03 200f0200 01 12 1388 00 00", ANSWER_NONE, 0);
    //  Nothing named: the terminal's clock.
    request = (request_t){.kind = REQUEST_READ};
    p698_ask (&player, &request, "05 01 01 40000200 00");
    p698_answer (&player, "85 01 c1 40000200 00 03 00 00", ANSWER_REFUSED, 3);
    //  It has new events.
    assert_int_equal (player.batch->item_count, 1);
    assert_int_equal (player.batch->items[0].point, POINT_EVENT_NEW);
    assert_int_equal (player.batch->items[0].value.mantissa, 1);
    //  A structure that is not there: none of its points is.
    request = (request_t){.kind = REQUEST_READ, .point_count = 2};
    assert_true (point_parse ("time.sync.beats", &request.points[0]));
    request.points[1] = POINT (1, 0, 14, 7, 0);
    p698_ask (&player, &request, "05 02 02 02 40000400 200f0200 00");
    p698_answer (&player, "85 02 02 02 40000400 00 06 200f0200 01 12 1388 00 00", ANSWER_DONE, 0);
    //  And that it has no new events any more.
    assert_int_equal (player.batch->item_count, 7);
    request = s_read (POINT (1, 0, 1, 29, 0));
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_UNSUPPORTED);
    request = s_read (POINT (1, 0, 1, 8, 0));
    request.mp = 3;
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_UNSUPPORTED);
    player_free (&player);
}

//  More attributes than one request takes go in several.
static void test_read_in_steps (void **state)
{
    (void) state;
    player_t player = player_new (codec_find ("dlt698"));
    p698_login (&player);
    request_t request = {.kind = REQUEST_READ, .point_count = 12};
    static const uint8_t quantities[12] = {1, 2, 3, 4, 5, 6, 7, 8, 21, 22, 16, 41};
    for (size_t i = 0; i < 12; i++) {
        request.points[i] = POINT (1, 0, quantities[i], 8, 0);
    }
    p698_ask (&player, &request,
              "05 02 00 0a 00100200 00200200 00300200 00400200 00500200 00600200 00700200 00800200"
              " 00110200 00210200 00");
    assert_false (request.finished);
    p698_ask (&player, &request, "05 02 01 02 00000200 00120200 00");
    assert_true (request.finished);
    player_free (&player);
}

static void test_read_meter (void **state)
{
    (void) state;
    player_t player = player_new (codec_find ("dlt698"));
    p698_login (&player);
    request_t request = s_of_meter (REQUEST_READ, POINT (1, 0, 1, 8, 0));
    p698_ask (&player, &request, "09 01 00 003c 01 " TSA " 003c 01 00100200 00");
    p698_answer (&player, "89 01 00 01 " TSA " 01 00100200 01 01 01 06 00000064 00 00", ANSWER_DONE,
                 0);
    assert_int_equal (player.batch->messages[0].mp, 7);
    assert_int_equal (player.batch->messages[0].count, 1);
    //  Named without its leading zeros.
    request = s_of_meter (REQUEST_READ, POINT (1, 0, 1, 8, 0));
    snprintf (request.meter, sizeof request.meter, "3150001");
    p698_ask (&player, &request, "09 01 01 003c 01 05 03 03150001 003c 01 00100200 00");
    p698_answer (&player, "89 01 01 01 07 05 000003150001 01 00100200 01 01 01 06 00000064 00 00",
                 ANSWER_DONE, 0);
    assert_int_equal (player.batch->messages[0].mp, 7);
    request = s_of_meter (REQUEST_READ, 0);
    request.point_count = 0;
    p698_ask (&player, &request,
              "09 01 02 003c 01 " TSA " 003c 04 00100200 20000200 20010200 20040200 00");
    p698_answer (&player, "89 01 02 01 " TSA " 01 00100200 00 21 00 00", ANSWER_REFUSED, 33);
    snprintf (request.meter, sizeof request.meter, "12X");
    request.done = 0;
    request.finished = false;
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_RANGE);
    player_free (&player);
}

//  As the session asks AGAIN, or once more.
static void s_again (player_t *player, request_t *request, const char *apdu)
{
    request->done = 0;
    request->finished = false;
    p698_ask (player, request, apdu);
}

//  Blocks have an end.
static void test_blocks_without_end (void **state)
{
    (void) state;
    player_t player = player_new (codec_find ("dlt698"));
    p698_login (&player);
    request_t request = s_read (POINT (1, 0, 14, 7, 0));
    p698_ask (&player, &request, "05 01 00 200f0200 00");
    for (unsigned block = 0; block <= D698_BLOCKS_MAX; block++) {
        char apdu[64];
        snprintf (apdu, sizeof apdu, "85 05 00 00 %04x 01 01 200f0200 01 12 1388 00 00", block);
        bool more = block < D698_BLOCKS_MAX;
        p698_answer (&player, apdu, more ? ANSWER_AGAIN : ANSWER_NONE, 0);
        snprintf (apdu, sizeof apdu, "05 05 00 %04x 00", more ? block : block - 1);
        s_again (&player, &request, apdu);
    }
    player_free (&player);
}

static void test_blocks (void **state)
{
    (void) state;
    player_t player = player_new (codec_find ("dlt698"));
    p698_login (&player);
    request_t request = s_read (POINT (1, 0, 14, 7, 0));
    p698_ask (&player, &request, "05 01 00 200f0200 00");
    p698_answer (&player, "85 05 00 00 0001 01 01 200f0200 01 12 1388 00 00", ANSWER_AGAIN, 0);
    assert_int_equal (player.send.size, 0);
    s_again (&player, &request, "05 05 00 0001 00");
    //  The same once more, one that is not the next, and what is neither results nor records.
    p698_answer (&player, "85 05 00 00 0001 01 01 200f0200 01 12 1388 00 00", ANSWER_NONE, 0);
    assert_int_equal (player.batch->message_count, 1);
    assert_int_equal (player.io.raw_units, 1);
    p698_answer (&player, "85 05 00 00 0003 01 01 200f0200 01 12 1388 00 00", ANSWER_NONE, 0);
    p698_answer (&player, "85 05 00 01 0002 80 01 200f0200 01 12 1389 00 00", ANSWER_NONE, 0);
    //  Asked again, if it was lost.
    s_again (&player, &request, "05 05 00 0001 00");
    p698_answer (&player, "85 05 00 01 0002 01 01 200f0200 01 12 1389 00 00", ANSWER_DONE, 0);
    assert_true (request.finished);
    request = s_read (POINT (1, 0, 14, 7, 0));
    p698_ask (&player, &request, "05 01 01 200f0200 00");
    p698_answer (&player, "85 05 01 01 0001 00 09 00 00", ANSWER_REFUSED, 9);
    player_free (&player);
}

//  A fragment of the answer keeps the request waiting.
static void test_fragments_keep_waiting (void **state)
{
    (void) state;
    player_t player = player_new (codec_find ("dlt698"));
    p698_login (&player);
    request_t request = s_read (POINT (1, 0, 14, 7, 0));
    p698_ask (&player, &request, "05 01 00 200f0200 00");
    CHECK_OK (
        player.codec->decode (player.state, p698_build (0xE3, "0000 85 01 00 200f"), &player.io));
    assert_int_equal (player.io.answer, ANSWER_PARTIAL);
    CHECK_OK (player.codec->decode (player.state, p698_build (0xE3, "0140 0200 01 12 1388 00 00"),
                                    &player.io));
    assert_int_equal (player.io.answer, ANSWER_DONE);
    assert_int_equal (player.batch->item_count, 1);
    //  Our confirmation was lost: once more. Another one was never confirmed.
    player.send.size = 0;
    batch_clear (player.batch);
    CHECK_OK (player.codec->decode (player.state, p698_build (0xE3, "0140 0200 01 12 1388 00 00"),
                                    &player.io));
    assert_true (player.send.size > 0);
    assert_int_equal (player.batch->message_count, 0);
    CHECK_ERR (player.codec->decode (player.state, p698_build (0xE3, "0240 00"), &player.io),
               FEP_SEQUENCE);
    player_free (&player);
    player = player_new (codec_find ("dlt698"));
    p698_login (&player);
    CHECK_ERR (player.codec->decode (player.state, p698_build (0xE3, "0040 00"), &player.io),
               FEP_SEQUENCE);
    player_free (&player);
}

//  The terminal is asked, whatever part of it said something last.
static void test_logical_device (void **state)
{
    (void) state;
    static const d698_peer_t inside = {{0x15, 0x01}, 7, 0x10, false};
    uint8_t memory[64];
    player_t player = player_new (codec_find ("dlt698"));
    p698_login (&player);
    writer_t out = writer_of (memory, sizeof memory);
    size_t mark = d698_open (&out, &inside, 0xC3);
    writer_put (&out, "\x85\x01\x00\x40\x01\x02\x00\x00\x03\x00\x00", 11);
    d698_close (&out, mark);
    CHECK_OK (player.codec->decode (player.state, writer_bytes (&out), &player.io));
    request_t request = s_read (POINT (1, 0, 14, 7, 0));
    p698_ask (&player, &request, "05 01 00 200f0200 00");
    assert_int_equal (player.sent[4], 0x05);
    player_free (&player);
}

//  More than the room for an APDU: refused, and the fragments before it still count.
static void test_fragments_have_a_limit (void **state)
{
    (void) state;
    static char apdu[9000];
    player_t player = player_new (codec_find ("dlt698"));
    p698_login (&player);
    for (unsigned n = 0; n < 4; n++) {
        size_t used = (size_t) snprintf (apdu, sizeof apdu, "%02x%s", n, n ? "c0" : "00");
        memset (apdu + used, '0', 2 * 2700);
        apdu[used + 2 * 2700] = 0;
        fep_err_t error = player.codec->decode (player.state, p698_build (0xE3, apdu), &player.io);
        assert_int_equal (error, n < 3 ? FEP_OK : FEP_LIMIT);
    }
    player_free (&player);
}

//  ---- Frozen ----

#define STORE_COLUMNS                                                                              \
    "05 00 40010200 00 60400200 00 60410200 00 60420200 01 50040200 02 20210200 00100200"

//  The store first; where it has nothing, the meter itself.
static void test_frozen_of_a_meter (void **state)
{
    (void) state;
    player_t player = player_new (codec_find ("dlt698"));
    p698_login (&player);
    request_t request = s_of_meter (REQUEST_READ_FROZEN, POINT (1, 0, 1, 8, 0));
    request.freeze = FREEZE_DAY;
    request.from_ms = request.to_ms = MIDNIGHT;
    request.token = 77;
    p698_ask (&player, &request,
              "05 03 00 60120300 05 07e9 04 0a 00 00 00 03 01 " TSA " " STORE_COLUMNS " 00");
    assert_true (request.finished);
    p698_answer (&player, "85 03 00 60120300 " STORE_COLUMNS " 01 00 00 00", ANSWER_AGAIN, 0);
    request.done = 0;
    request.finished = false;
    p698_ask (&player, &request,
              "09 02 01 003c " TSA " 50040200 01 20210200 1c 07e9 04 0a 00 00 00"
              " 02 00 20210200 00 00100200 00");
    p698_answer (&player,
                 "89 02 01 " TSA " 50040200 02 00 20210200 00 00100200 01 01"
                 " 1c 07e9 04 0a 00 00 00 01 01 06 00000064 00 00",
                 ANSWER_DONE, 0);
    assert_int_equal (player.batch->messages[0].mp, 7);
    assert_int_equal (player.batch->messages[0].time_ms, MIDNIGHT);
    assert_int_equal (player.batch->messages[0].freeze, FREEZE_DAY);
    //  A stamp of the day before stands at the instant asked for, marked. Another request asks the store again.
    request.done = 0;
    request.finished = false;
    request.token = 78;
    p698_ask (&player, &request,
              "05 03 02 60120300 05 07e9 04 0a 00 00 00 03 01 " TSA " " STORE_COLUMNS " 00");
    p698_answer (&player,
                 "85 03 02 60120300 " STORE_COLUMNS " 01 01 55 " TSA " 00 00 00"
                 " 1c 07e9 04 09 00 00 00 01 01 06 00000064 00 00",
                 ANSWER_DONE, 0);
    const message_t *message = &player.batch->messages[0];
    assert_int_equal (message->time_ms, MIDNIGHT);
    assert_int_equal (message->mp, 7);
    assert_int_equal (player.batch->items[message->first].value.quality,
                      QUALITY_SECONDARY | QUALITY_INVALID | QUALITY_FREEZE_STAMP);
    player_free (&player);
}

static void test_frozen_ranges (void **state)
{
    (void) state;
    player_t player = player_new (codec_find ("dlt698"));
    p698_login (&player);
    request_t request = {.kind = REQUEST_READ_FROZEN,
                         .freeze = FREEZE_DAY,
                         .point_count = 1,
                         .points = {POINT (1, 0, 1, 8, 0)},
                         .from_ms = MIDNIGHT,
                         .to_ms = MIDNIGHT + 11 * DAY_MS};
    p698_ask (&player, &request,
              "05 03 00 50040200 02 20210200 1c 07e9 04 0a 00 00 00 1c 07e9 04 14 00 00 00 00"
              " 02 00 20210200 00 00100200 00");
    assert_false (request.finished);
    p698_ask (&player, &request,
              "05 03 01 50040200 02 20210200 1c 07e9 04 14 00 00 00 1c 07e9 04 15 00 00 01 00"
              " 02 00 20210200 00 00100200 00");
    assert_true (request.finished);
    request.done = 0;
    request.finished = false;
    request.freeze = FREEZE_MONTH;
    request.to_ms = MIDNIGHT + 25 * DAY_MS;
    p698_ask (&player, &request,
              "05 03 02 50060200 01 20210200 1c 07e9 05 01 00 00 00 02 00 20210200 00 00100200 00");
    request.finished = false;
    request.done = 0;
    request.freeze = FREEZE_CURVE;
    request.mp = 9;
    request.to_ms = MIDNIGHT + 3600000;
    p698_ask (&player, &request,
              "05 03 03 60120300 07 07e9 04 0a 00 00 00 07e9 04 0a 01 00 01 01 000f 04 01 0009"
              " 05 00 40010200 00 60400200 00 60410200 00 60420200 01 50020200 02 20210200 00100200"
              " 00");
    request.finished = false;
    request.done = 0;
    request.to_ms = request.from_ms - 1;
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_RANGE);
    request.from_ms = 0;
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_RANGE);
    request.freeze = FREEZE_NONE;
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_UNSUPPORTED);
    player_free (&player);
}

//  Stores that have a day under the one before.
//  Several meters with one frame, by their addresses where each has one, else by their numbers; as many as an answer of
//  1000 bytes holds. A meter that is not named in the answer has nothing, and is not asked itself.
static bytes_t s_meter_of (void *arg, uint16_t mp)
{
    static const char *const meters[] = {"", "202311150001", "202311150002", "x"};
    (void) arg;
    return mp < 4 ? bytes_text (meters[mp]) : bytes_of (NULL, 0);
}

#define STORE "05 03 0%u 60120300 05 07e9 04 0a 00 00 00 "
#define COLUMNS                                                                                    \
    " 05 00 40010200 00 60400200 00 60410200 00 60420200 01 50040200 02 20210200 00100200 00"

static void test_several (void **state)
{
    (void) state;
    char want[1200];
    player_t player = player_new (codec_find ("dlt698"));
    p698_login (&player);
    player.io.meter_of = s_meter_of;
    request_t request = s_of_meter (REQUEST_READ_FROZEN, POINT (1, 0, 1, 8, 0));
    request.meter[0] = 0;
    request.freeze = FREEZE_DAY;
    request.from_ms = request.to_ms = MIDNIGHT;
    request.mp = request.mps[0] = 1;
    request.mps[1] = 2;
    request.mp_count = 2;
    request_t before = request;
    snprintf (want, sizeof want, STORE "03 02 07 05 202311150001 07 05 202311150002" COLUMNS, 0u);
    p698_ask (&player, &request, want);
    assert_true (request.finished);
    assert_int_equal (request.mps_over, 2);
    p698_answer (&player, "85 03 00 60120300 01 01 50040200 01 00100200 01 00 00 00", ANSWER_DONE,
                 0);
    request = before;
    request.mps[1] = 3;
    snprintf (want, sizeof want, STORE "04 02 0001 0003" COLUMNS, 1u);
    p698_ask (&player, &request, want);
    request = before;
    request.mp_count = 20;
    for (unsigned i = 0; i < 20; i++) {
        request.mps[i] = (uint16_t) (100 + i);
    }
    int size = snprintf (want, sizeof want, STORE "04 0e", 2u);
    for (unsigned i = 0; i < 14; i++) {
        size += snprintf (want + size, sizeof want - (size_t) size, "%04x", 100 + i);
    }
    snprintf (want + size, sizeof want - (size_t) size, COLUMNS);
    p698_ask (&player, &request, want);
    assert_false (request.finished);
    assert_int_equal (request.mps_over, 14);
    snprintf (want, sizeof want, STORE "04 06 0072 0073 0074 0075 0076 0077" COLUMNS, 3u);
    p698_ask (&player, &request, want);
    assert_true (request.finished);
    assert_int_equal (request.mps_over, 20);
    //  Only the store is asked for several.
    request = s_of_meter (REQUEST_READ, POINT (1, 0, 1, 8, 0));
    request.mp_count = 2;
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_UNSUPPORTED);
    player_free (&player);
}

static void test_store_before (void **state)
{
    (void) state;
    player_t player = player_new (codec_find ("dlt698"));
    p698_login (&player);
    profile_t *profile = player_parse_profile ("profile p\ncodec dlt698\nsetting store_before 1\n"
                                               "setting time_tag 5\n");
    player.io.profile = profile;
    request_t request = s_of_meter (REQUEST_READ_FROZEN, POINT (1, 0, 1, 8, 0));
    request.freeze = FREEZE_DAY;
    request.from_ms = request.to_ms = MIDNIGHT;
    p698_ask (&player, &request,
              "05 03 00 60120300 05 07e9 04 09 00 00 00 03 01 " TSA " " STORE_COLUMNS
              " 01 07e7 0b 0f 06 0d 14 01 0005");
    player_free (&player);
    profile_destroy (&profile);
}

//  ---- Commands ----

static void test_clock_and_writes (void **state)
{
    (void) state;
    player_t player = player_new (codec_find ("dlt698"));
    p698_login (&player);
    request_t request = {.kind = REQUEST_CLOCK};
    p698_ask (&player, &request, "06 01 00 40000200 1c 07e7 0b 0f 06 0d 14 00");
    p698_answer (&player, "86 01 00 40000200 00 00 00", ANSWER_DONE, 0);
    request = s_of_meter (REQUEST_CLOCK, 0);
    p698_ask (&player, &request,
              "09 03 01 003c 01 " TSA " 003c 01 40000200 1c 07e7 0b 0f 06 0d 14 00");
    p698_answer (&player, "89 03 01 01 " TSA " 01 40000200 0e 00 00", ANSWER_REFUSED, 14);
    request = (request_t){.kind = REQUEST_WRITE,
                          .point_count = 1,
                          .points = {POINT (0, 0, 132, 16, 0)},
                          .values = {value_decimal (1, 0, 0)}};
    p698_ask (&player, &request, "06 01 02 40000300 16 01 00");
    p698_answer (&player, "86 01 02 40000300 03 00 00", ANSWER_REFUSED, 3);
    request.finished = false;
    request.point_count = 2;
    request.points[1] = POINT (0, 0, 1, 0, 0);
    request.values[1] = value_decimal (17, 8, 0);
    p698_ask (&player, &request, "06 02 03 02 40000300 16 01 40000200 1c 07e7 0b 0f 06 0d 14 00");
    request.finished = false;
    request.values[0] = value_decimal (256, 0, 0);
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_RANGE);
    request.values[0] = value_decimal (15, -1, 0);
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_RANGE);
    request.points[0] = POINT (1, 0, 1, 8, 0);
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_UNSUPPORTED);
    request.point_count = 0;
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_RANGE);
    player_free (&player);
}

static void test_operations (void **state)
{
    (void) state;
    static const struct {
        operation_t operation;
        const char *apdu;
    } rows[] = {
        {OPERATION_TRIP, "07 01 00 80008100 01 01 02 04 51 f2050201 11 00 12 0000 03 00 00"},
        {OPERATION_PERMIT_CLOSE, "07 01 01 80008200 01 01 02 02 51 f2050201 16 00 00"},
        {OPERATION_CLOSE, "07 01 02 80008200 01 01 02 02 51 f2050201 16 01 00"},
        {OPERATION_ALARM, "07 01 03 80007f00 00 00"},
        {OPERATION_ALARM_END, "07 01 04 80008000 00 00"},
        {OPERATION_KEEP, "07 01 05 80017f00 00 00"},
        {OPERATION_KEEP_END, "07 01 06 80018000 00 00"},
        {OPERATION_RESET, "07 01 07 43000100 00 00"}};
    player_t player = player_new (codec_find ("dlt698"));
    p698_login (&player);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        request_t request = {.kind = REQUEST_OPERATE, .operation = (uint8_t) rows[i].operation};
        p698_ask (&player, &request, rows[i].apdu);
    }
    p698_answer (&player, "87 01 07 43000100 00 00 00 00", ANSWER_DONE, 0);
    request_t request = s_of_meter (REQUEST_OPERATE, 0);
    request.operation = OPERATION_TRIP;
    request.until_ms = player.io.wall_ms + 90000;
    p698_ask (&player, &request,
              "09 05 08 003c 01 " TSA
              " 003c 01 80008100 01 01 02 04 51 f2050201 11 00 12 0002 03 01 00");
    //  Nothing of it is said, or nothing was done: it stays unanswered.
    p698_answer (&player, "89 05 08 00 00 00", ANSWER_NONE, 0);
    assert_int_equal (player.io.raw_units, 1);
    p698_answer (&player, "89 05 08 01 " TSA " 00 00 00", ANSWER_NONE, 0);
    //  A part of it.
    p698_answer (&player, "89 05 08 01 " TSA " 02 80008100 00 00 80008100 13 00 00 00",
                 ANSWER_REFUSED, 19);
    //  Nobody asked.
    p698_answer (&player, "89 05 08 01 " TSA " 01 80008100 00 00 00 00", ANSWER_NONE, 0);
    assert_int_equal (player.io.raw_units, 1);
    request.finished = false;
    request.until_ms = player.io.wall_ms - 1;
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_RANGE);
    request.operation = OPERATION_FREEZE;
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_UNSUPPORTED);
    request.kind = REQUEST_SELECT;
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_UNSUPPORTED);
    request.kind = REQUEST_FILE;
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_UNSUPPORTED);
    player_free (&player);
}

//  ---- Seals ----

static void test_seal (void **state)
{
    (void) state;
    player_t player = player_new (codec_find ("dlt698"));
    p698_login (&player);
    uint8_t memory[256], sealed[256];
    writer_t seal = writer_of (memory, sizeof memory);
    profile_t *profile = player_parse_profile ("profile p\ncodec dlt698\nsetting seal 2\n");
    player.io.profile = profile;
    request_t request = {.kind = REQUEST_OPERATE, .operation = OPERATION_ALARM};
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_UNSUPPORTED);
    player.io.seal = &seal;
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_NEEDS_SEAL);
    assert_int_equal (player.send.size, 0);
    assert_false (request.finished);
    uint8_t want[64];
    assert_int_equal (seal.size, vec_hex ("07 01 00 80007f00 00 00", want, sizeof want));
    assert_memory_equal (memory, want, seal.size);
    //  Not what was asked for; no SECURITY-Request.
    player.io.sealed = bytes_of (sealed, vec_hex ("10 00 03 070101 00 00", sealed, sizeof sealed));
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_NO_SEAL);
    player.io.sealed = bytes_of (want, 9);
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_NO_SEAL);
    //  Another command of the same length.
    player.io.sealed =
        bytes_of (sealed, vec_hex ("10 00 09 07 01 00 80008000 00 00 00", sealed, sizeof sealed));
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_NO_SEAL);
    //  Its service number counts.
#define SEALED "10 00 09 07 01 2a 80007f00 00 00 00 00000001 00 04 01020304"
    player.io.sealed = bytes_of (sealed, vec_hex (SEALED, sealed, sizeof sealed));
    p698_ask (&player, &request, SEALED);
    assert_true (request.finished);
    p698_answer (&player, "90 00 0a 87 01 2a 80007f00 00 00 00 00 00", ANSWER_DONE, 0);
    request.finished = false;
    p698_ask (&player, &request, SEALED);
    p698_answer (&player, "90 02 16 00", ANSWER_REFUSED, 22);
    //  Reading is not sealed.
    request = s_read (POINT (1, 0, 14, 7, 0));
    p698_ask (&player, &request, "05 01 02 200f0200 00");
    player_free (&player);
    profile_destroy (&profile);
}

//  ---- Others' APDUs ----

static void test_pass (void **state)
{
    (void) state;
    static const char *const apdus[] = {
        "02 00 0010 ffffffffffffffff ffffffffffffffffffffffffffffffff 0400 0400 01 0400 00000064 "
        "00 "
        "00",
        "10 00 08 05 01 05 40010200 00 01 01 aa"};
    static const char *const answers[] = {
        "82 00 0000000000000000000000000000000000000000000000000000000000000000 0010"
        " ffffffffffffffff ffffffffffffffffffffffffffffffff 0400 0400 01 0400 00000064 01 00 00 00",
        "90 00 0d 85 01 05 40010200 01 09 01 01 00 00 00"};
    player_t player = player_new (codec_find ("dlt698"));
    p698_login (&player);
    for (size_t i = 0; i < 2; i++) {
        request_t request = {.kind = REQUEST_PASS, .mp = 0};
        request.size = (uint16_t) vec_hex (apdus[i], request.bytes, sizeof request.bytes);
        p698_ask (&player, &request, apdus[i]);
        p698_answer (&player, answers[i], i ? ANSWER_DONE : ANSWER_REFUSED, i ? 0 : 0xD1);
    }
    //  Enciphered: who can read it asked.
    request_t request = {.kind = REQUEST_PASS};
    request.size = (uint16_t) vec_hex ("10 01 03 aabbcc 00", request.bytes, sizeof request.bytes);
    p698_ask (&player, &request, "10 01 03 aabbcc 00");
    p698_answer (&player, "90 01 03 ddeeff 00", ANSWER_DONE, 0);
    assert_int_equal (player.io.raw_units, 1);
    p698_answer (&player, "90 01 03 ddeeff 00", ANSWER_NONE, 0);
    request = (request_t){.kind = REQUEST_PASS, .size = 1};
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_RANGE);
    player_free (&player);
}

static void test_before_login (void **state)
{
    (void) state;
    player_t player = player_new (codec_find ("dlt698"));
    player_reset (&player);
    request_t request = s_read (POINT (1, 0, 14, 7, 0));
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_NOT_FOUND);
    CHECK_ERR (player.codec->wrap (player.state, bytes_of ("x", 1), &player.io), FEP_NOT_FOUND);
    player_free (&player);
    player = player_new (codec_find ("dlt698"));
    p698_login (&player);
    player.send = writer_of (player.sent, 10);
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_FULL);
    assert_int_equal (request.done, 0);
    assert_false (request.finished);
    player_free (&player);
}

//  ---- Carried frames ----

//  d698-096 with its limits as settings; free choices that differ: client address, whom it is sent to.
static void test_wrap (void **state)
{
    (void) state;
    static const char carried[] = "6861010000000068110a34394339343337453b56aa16";
    uint8_t frame[64], again[64];
    player_t player = player_new (codec_find ("dlt698"));
    p698_login (&player);
    profile_t *profile = player_parse_profile ("profile p\ncodec dlt645\nsetting frame_wait 20\n"
                                               "setting byte_wait 50\n");
    meter_t meter = {.mp = 3, .profile = profile};
    player.io.meter = &meter;
    size_t size = vec_hex (carried, frame, sizeof frame);
    *s_number (&player) = 4;
    CHECK_OK (player.codec->wrap (player.state, bytes_of (frame, size), &player.io));
    writer_t line = writer_of (again, sizeof again);
    CHECK_OK (player.codec->unwrap (writer_bytes (&player.send), false, &player.options, &line));
    assert_int_equal (line.size, size);
    assert_memory_equal (again, frame, size);
    p698_expect (&player, "09 07 04 f2090201 03 02 08 01 00 0014 0032 16"
                          " 6861010000000068110a34394339343337453b56aa16 00");
    p698_answer (&player, "89 07 05 f2090201 01 02 6816 00 00", ANSWER_NONE, 0);
    p698_answer (&player, "89 07 04 f2090201 01 02 6816 00 00", ANSWER_DONE, 0);
    assert_int_equal (player.batch->message_count, 0);
    CHECK_OK (player.codec->wrap (player.state, bytes_of (frame, size), &player.io));
    p698_answer (&player, "89 07 05 f2090201 00 20 00 00", ANSWER_REFUSED, 32);
    player.send.size = 0;
    meter.profile = player_load_profile ("dlt698");
    CHECK_OK (player.codec->wrap (player.state, bytes_of (frame, 2), &player.io));
    p698_expect (&player, "09 07 06 f2010202 06 02 08 01 00 0014 0032 02 6861 00");
    profile_destroy ((profile_t **) (uintptr_t) &meter.profile);
    CHECK_ERR (player.codec->wrap (player.state, bytes_of (p698_frame, 1025), &player.io),
               FEP_LIMIT);
    player_free (&player);
    profile_destroy (&profile);
}

static void test_unwrap (void **state)
{
    (void) state;
    static const struct {
        uint8_t control;
        const char *apdu;
        const char *line;  //  NULL: nothing is carried
    } rows[] = {{0xC3, "89 07 04 f2090201 01 02 6816 00 00", "6816"},
                {0xCB, "89 07 04 f2090201 01 02 6816 00 00", "6816"},
                {0xC3, "90 00 0d 89 07 04 f2090201 01 02 6816 00 00 00", "6816"},
                {0xC3, "87 01 04 f2097f00 00 01 09 02 6816 00 00", "6816"},
                {0x43, "07 01 03 f2097f00 02 03 55 " TSA " 12 005a 09 03 680116 00", "680116"},
                {0xC3, "89 07 04 f2090201 00 20 00 00", NULL},
                {0xC3, "87 01 04 f2097f00 06 00 00 00", NULL},
                {0xC3, "87 01 04 40007f00 00 01 09 02 6816 00 00", NULL},
                {0xC3, "85 01 00 200f0200 01 12 1388 00 00", NULL},
                {0xE3, "89 07 04 f2090201 01 02 6816 00 00", NULL}};
    player_t player = player_new (codec_find ("dlt698"));
    p698_login (&player);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t memory[64], want[64];
        writer_t line = writer_of (memory, sizeof memory);
        bytes_t frame = p698_build (rows[i].control, rows[i].apdu);
        fep_err_t error =
            player.codec->unwrap (frame, rows[i].control & 0x80, &player.options, &line);
        if (!rows[i].line) {
            CHECK_ERR (error, FEP_NOT_FOUND);
            continue;
        }
        CHECK_OK (error);
        assert_int_equal (line.size, vec_hex (rows[i].line, want, sizeof want));
        assert_memory_equal (memory, want, line.size);
    }
    player_free (&player);
}

//  DAR in words; the numbers are those of DL/T 698.45 as ten implementations have them.
static void test_dar (void **state)
{
    (void) state;
    static const struct {
        uint8_t dar;
        const char *text;
    } rows[] = {{0, "done"},
                {3, "reading or writing denied"},
                {9, "data block unavailable"},
                {12, "writing in blocks cancelled"},
                {14, "wrong block number"},
                {15, "wrong password or not authorised"},
                {20, "security does not match"},
                {33, "request timed out"},
                {34, "ESAM: wrong P1 P2"},
                {35, "ESAM: wrong LC"},
                {36, "comparison failed"},
                {255, "other reason"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_string_equal (codec_find ("dlt698")->code_text (rows[i].dar), rows[i].text);
    }
    assert_null (codec_find ("dlt698")->code_text (37));
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_published_requests),
                                       cmocka_unit_test (test_dar),
                                       cmocka_unit_test (test_read),
                                       cmocka_unit_test (test_read_in_steps),
                                       cmocka_unit_test (test_read_meter),
                                       cmocka_unit_test (test_blocks),
                                       cmocka_unit_test (test_blocks_without_end),
                                       cmocka_unit_test (test_fragments_keep_waiting),
                                       cmocka_unit_test (test_logical_device),
                                       cmocka_unit_test (test_fragments_have_a_limit),
                                       cmocka_unit_test (test_frozen_of_a_meter),
                                       cmocka_unit_test (test_frozen_ranges),
                                       cmocka_unit_test (test_several),
                                       cmocka_unit_test (test_store_before),
                                       cmocka_unit_test (test_clock_and_writes),
                                       cmocka_unit_test (test_operations),
                                       cmocka_unit_test (test_seal),
                                       cmocka_unit_test (test_pass),
                                       cmocka_unit_test (test_before_login),
                                       cmocka_unit_test (test_wrap),
                                       cmocka_unit_test (test_unwrap)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
