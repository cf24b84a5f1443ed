//  DL/T 698.45: explain against published frames, what reports wait for, whose meters are, when readings were.
#include "codecs/dlt698/apdu.h"
#include "codecs/dlt698/layout.h"
#include "codecs/dlt698/link.h"
#include "codecs/dlt698/state.h"
#include "tests/codecs/player.h"

#define PUBLISHED 68
#define ADDRESS "000000000001"

static codec_options_t s_options;
static uint8_t s_frame[D698_FRAME_MAX + 64];
static const d698_peer_t s_peer = {{0x05, 0x01}, 7, 0x10, false};

static const codec_t *s_codec (void)
{
    return codec_find ("dlt698");
}

//  A frame around an APDU in s_frame.
static bytes_t s_build (uint8_t control, const char *apdu)
{
    static uint8_t bytes[D698_FRAME_MAX];
    writer_t out = writer_of (s_frame, sizeof s_frame);
    size_t mark = d698_open (&out, &s_peer, control);
    writer_put (&out, bytes, vec_hex (apdu, bytes, sizeof bytes));
    d698_close (&out, mark);
    assert_false (out.failed);
    return writer_bytes (&out);
}

static fep_err_t s_explain (bytes_t frame, bool up, char *text, size_t size)
{
    writer_t out = writer_of (text, size - 1);
    json_t json = json_of (&out);
    fep_err_t error = s_codec ()->explain (frame, up, &s_options, &json);
    text[out.size] = 0;
    return error;
}

//  ---- Explain ----

//  Words beside the numbers of choices are ours, not the source's.
static void s_drop_names (char *text)
{
    static const char key[] = ",\"name\":\"";
    for (char *at = strstr (text, key); at; at = strstr (at, key)) {
        char *end = strchr (at + sizeof key - 1, '"') + 1;
        memmove (at, end, strlen (end) + 1);
    }
}

//  True if the frame is a valid one.
static bool s_explain_line (const char *line)
{
    static uint8_t frame[4096];
    static char want[16384], got[16384], hex[8192], direction[60], valid[16];
    vec_json (line, "hex", hex, sizeof hex);
    vec_json (line, "direction", direction, sizeof direction);
    vec_json (line, "valid", valid, sizeof valid);
    vec_json (line, "decoded", want, sizeof want);
    hex[strlen (hex) - 1] = 0;
    size_t size = vec_hex (hex + 1, frame, sizeof frame);
    bool up = strstr (direction, "\"terminal->") == direction;
    fep_err_t error = s_explain (bytes_of (frame, size), up, got, sizeof got);
    if (strcmp (valid, "true") != 0) {
        CHECK_ERR (error, FEP_CHECKSUM);
        return false;
    }
    CHECK_OK (error);
    s_drop_names (got);
    assert_string_equal (got, want);
    return true;
}

static void test_explain_published (void **state)
{
    (void) state;
    size_t size;
    size_t count = 0, valid = 0;
    char *text = vec_read_file (TESTS_DIR "/vectors/dlt698.jsonl", &size);
    for (char *line = strtok (text, "\n"); line; line = strtok (NULL, "\n")) {
        valid += s_explain_line (line);
        count++;
    }
    print_message ("%zu frames explained as published, %zu refused\n", valid, count - valid);
    assert_int_equal (count, PUBLISHED);
    assert_int_equal (valid, PUBLISHED - 1);
    free (text);
}

//  APDUs of which no frame was published.
static const char *const s_apdus[][2] = {
    {"05 04 01 01 50040200 05 07ea0a05000000 03 01 07 05 202311150001 01 00 00100200 00",
     "{\"apdu\":\"GET-Request\",\"choice\":4,\"piid\":\"01\",\"records\":[{\"oad\":"
     "\"50040200\","
     "\"rsd\":{\"sel\":5,\"name\":\"storage_time\",\"time\":\"2026-10-05 "
     "00:00:00\",\"ms\":{\"ms\":3,\"name\":\"addresses\",\"items\":[{\"af\":"
     "\"05\",\"addr\":\"202311150001\"}]}},\"rcsd\":[\"00100200\"]}],\"time_tag\":null}"},
    {"05 03 01 60120300 07 07ea0a05000000 07ea0a06000001 03 0001 01 00 01 07e9050d0d0001 01 "
     "0005",
     "{\"apdu\":\"GET-Request\",\"choice\":3,\"piid\":\"01\",\"record\":{\"oad\":\"60120300\","
     "\"rsd\":{\"sel\":7,\"name\":\"storage_time_range\",\"from\":\"2026-10-05 "
     "00:00:00\",\"to\":\"2026-10-06 00:00:01\","
     "\"ti\":{\"unit\":3,\"name\":\"day\",\"n\":1},\"ms\":{\"ms\":1,\"name\":\"all\"}},\"rcsd\":[]}"
     ",\"time_tag\":{\"time\":"
     "\"2025-05-13 13:00:01\",\"unit\":1,\"name\":\"minute\",\"n\":5}}"},
    {"85 05 01 00 0001 01 01 200f0200 00 06 01 01 01 33200200 01 01 00 00",
     "{\"apdu\":\"GET-Response\",\"choice\":5,\"piid\":\"01\",\"last\":false,\"block\":1,"
     "\"results\":[{\"oad\":\"200F0200\",\"dar\":6}],\"follow_report\":{\"choice\":1,"
     "\"results\":[{\"oad\":\"33200200\",\"data\":{\"array\":[]}}]},\"time_tag\":null}"},
    {"85 05 01 01 0002 00 09 00 00",
     "{\"apdu\":\"GET-Response\",\"choice\":5,\"piid\":\"01\",\"last\":true,\"block\":2,"
     "\"dar\":9,\"follow_report\":null,\"time_tag\":null}"},
    {"88 03 02 f2010201 01 02 0102 00 00",
     "{\"apdu\":\"REPORT-Notification\",\"choice\":3,\"piid\":\"02\",\"port\":\"F2010201\","
     "\"frames\":[\"0102\"],\"follow_report\":null,\"time_tag\":null}"},
    {"08 01 02 01 00100200 00",
     "{\"apdu\":\"REPORT-Response\",\"choice\":1,\"piid\":\"02\",\"oads\":[\"00100200\"],"
     "\"time_tag\":null}"},
    {"08 03 02 00",
     "{\"apdu\":\"REPORT-Response\",\"choice\":3,\"piid\":\"02\",\"time_tag\":null}"},
    {"06 03 02 01 40000300 16 01 40000300 05 00",
     "{\"apdu\":\"SET-Request\",\"choice\":3,\"piid\":\"02\",\"setget\":[{\"oad\":\"40000300\","
     "\"data\":{\"enum\":1},\"get\":\"40000300\",\"delay\":5}],\"time_tag\":null}"},
    {"86 03 02 01 40000300 00 40000300 01 16 01 00 00",
     "{\"apdu\":\"SET-Response\",\"choice\":3,\"piid\":\"02\",\"results\":[{\"oad\":"
     "\"40000300\","
     "\"dar\":0,\"get\":{\"oad\":\"40000300\",\"data\":{\"enum\":1}}}],\"follow_report\":null,"
     "\"time_tag\":null}"},
    {"87 03 02 01 40007f00 00 00 40000300 00 03 00 00",
     "{\"apdu\":\"ACTION-Response\",\"choice\":3,\"piid\":\"02\",\"results\":[{\"omd\":"
     "\"40007F00\",\"dar\":0,\"get\":{\"oad\":\"40000300\",\"dar\":3}}],\"follow_report\":null,"
     "\"time_tag\":null}"},
    {"89 01 02 01 07 05 202311150001 01 200f0200 01 12 1388 00 00",
     "{\"apdu\":\"PROXY-Response\",\"choice\":1,\"piid\":\"02\",\"targets\":[{\"tsa\":{\"af\":"
     "\"05\",\"addr\":\"202311150001\"},\"results\":[{\"oad\":\"200F0200\",\"data\":{\"u16\":"
     "5000}}]}],\"follow_report\":null,\"time_tag\":null}"},
    {"89 02 02 07 05 202311150001 50040200 01 00 20210200 01 01 1c 07ea0a05000000 00 00",
     "{\"apdu\":\"PROXY-Response\",\"choice\":2,\"piid\":\"02\",\"tsa\":{\"af\":\"05\","
     "\"addr\":"
     "\"202311150001\"},\"record\":{\"oad\":\"50040200\",\"rcsd\":[\"20210200\"],\"rows\":[[{"
     "\"dts\":\"2026-10-05 00:00:00\"}]]},\"follow_report\":null,\"time_tag\":null}"},
    {"89 07 02 f2010201 00 20 00 00", "{\"apdu\":\"PROXY-Response\",\"choice\":7,\"piid\":"
                                      "\"02\",\"port\":\"F2010201\",\"dar\":32,"
                                      "\"follow_report\":null,\"time_tag\":null}"},
    {"03 05 00", "{\"apdu\":\"RELEASE-Request\",\"piid\":\"05\",\"time_tag\":null}"},
    {"83 05 00 00 00",
     "{\"apdu\":\"RELEASE-Response\",\"piid\":\"05\",\"result\":0,\"follow_report\":null,"
     "\"time_tag\":null}"},
    {"84 05 07ea0a05000000 07ea0a05000001 00 00",
     "{\"apdu\":\"RELEASE-Notification\",\"piid\":\"05\",\"since\":\"2026-10-05 00:00:00\","
     "\"now\":\"2026-10-05 00:00:01\",\"follow_report\":null,\"time_tag\":null}"},
    {"ee 05 02 00 00",
     "{\"apdu\":\"ERROR-Response\",\"piid\":\"05\",\"type\":2,\"follow_report\":null,"
     "\"time_tag\":null}"},
    {"90 02 16 00", "{\"apdu\":\"SECURITY-Response\",\"unit\":\"dar\",\"dar\":22}"},
    {"10 00 03 050000 02 01 aa 02 bbcc",
     "{\"apdu\":\"SECURITY-Request\",\"unit\":\"plain\",\"inner\":{\"raw\":\"050000\"},"
     "\"rn_mac\":{\"rn\":\"aa\",\"mac\":\"bbcc\"}}"},
    {"05 01 01 40010200 00 ffee",
     "{\"apdu\":\"GET-Request\",\"choice\":1,\"piid\":\"01\",\"oad\":\"40010200\",\"time_tag\":"
     "null,\"rest\":\"ffee\"}"}};

static void test_explain_apdus (void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof s_apdus / sizeof *s_apdus; i++) {
        static char got[4096], want[4096];
        uint8_t apdu[256];
        size_t size = vec_hex (s_apdus[i][0], apdu, sizeof apdu);
        CHECK_OK (s_explain (bytes_of (apdu, size), true, got, sizeof got));
        snprintf (want, sizeof want, "{\"apdu\":%s}", s_apdus[i][1]);
        assert_string_equal (got, want);
    }
}

//  Each kind of Data by its key.
static void test_explain_data (void **state)
{
    (void) state;
    static const char *const rows[][2] = {
        {"00", "null"},
        {"03 01", "{\"bool\":true}"},
        {"04 09 8080", "{\"bits9\":\"8080\"}"},
        {"05 ffffffff", "{\"dl\":-1}"},
        {"0c 02 c3a9", "{\"utf8\":\"\xC3\xA9\"}"},
        {"10 fffe", "{\"i16\":-2}"},
        {"14 ffffffffffffffff", "{\"i64\":-1}"},
        {"15 ffffffffffffffff", "{\"u64\":18446744073709551615}"},
        {"17 3fc00000", "{\"f32\":1.5}"},
        {"18 3ff8000000000000", "{\"f64\":1.5}"},
        {"19 07e90403040f14050064", "{\"dt\":\"2025-04-03 wk4 15:20:05.100\"}"},
        {"1a 07e9040304", "{\"date\":\"2025-04-03 wk4\"}"},
        {"1b 0f1405", "{\"time\":\"15:20:05\"}"},
        {"50 2000", "{\"oi\":\"2000\"}"},
        {"52 50040200 01 00100200", "{\"road\":{\"road\":\"50040200\",\"rel\":[\"00100200\"]}}"},
        {"54 01 000f", "{\"ti\":{\"unit\":1,\"name\":\"minute\",\"n\":15}}"},
        {"56 02 0102", "{\"mac\":\"0102\"}"},
        {"58 00 11 01 11 02", "{\"region\":{\"unit\":0,\"name\":\"[start,end)\",\"start\":{\"u8\":"
                              "1},\"end\":{\"u8\":2}}}"},
        {"59 fe 21", "{\"scaler_unit\":[-2,33]}"},
        {"5a 02 20220200 06 00000001 06 00000002 00",
         "{\"rsd\":{\"sel\":2,\"name\":\"range\",\"oad\":\"20220200\",\"from\":{\"dlu\":1},\"to\":{"
         "\"dlu\":2},"
         "\"step\":"
         "null}}"},
        {"5a 03 01 20220200 11 01 11 02 00",
         "{\"rsd\":{\"sel\":3,\"name\":\"ranges\",\"ranges\":[{\"oad\":\"20220200\",\"from\":{"
         "\"u8\":1},\"to\":{\"u8\":"
         "2},\"step\":null}]}}"},
        {"5a 0a 02 04 01 0007", "{\"rsd\":{\"sel\":10,\"name\":\"last_of_meters\",\"n\":2,\"ms\":{"
                                "\"ms\":4,\"name\":\"numbers\",\"items\":[7]}}}"},
        {"5b 00 20000200", "{\"csd\":\"20000200\"}"},
        {"5c 02 02 0106", "{\"ms\":2,\"name\":\"user_types\",\"items\":[1,6]}"},
        {"5d 00000001 01 aa", "{\"sid\":{\"sid\":\"00000001\",\"add\":\"aa\"}}"},
        {"5f 03 02 08 01 00", "{\"comdcb\":[3,2,8,1,0]}"},
        {"60 01 00 20000200", "{\"rcsd\":[\"20000200\"]}"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static char got[4096], want[4096], hex[400];
        uint8_t apdu[256];
        snprintf (hex, sizeof hex, "85 01 01 45000200 01 %s 00 00", rows[i][0]);
        size_t size = vec_hex (hex, apdu, sizeof apdu);
        CHECK_OK (s_explain (bytes_of (apdu, size), true, got, sizeof got));
        snprintf (want, sizeof want, "\"data\":%s}", rows[i][1]);
        if (!strstr (got, want)) {
            fail_msg ("%s: %s is not in %s", rows[i][0], want, got);
        }
    }
}

static void test_explain_reasons (void **state)
{
    (void) state;
    char text[4096];
    bytes_t frame = s_build (0xC3, "85 01 01 200f0200 01 12 1388 00 00");
    CHECK_OK (s_explain (frame, true, text, sizeof text));
    CHECK_ERR (s_explain (frame, true, text, 100), FEP_LIMIT);
    CHECK_ERR (s_explain (bytes_of (frame.data, frame.size - 1), true, text, sizeof text),
               FEP_NOT_MINE);
    CHECK_ERR (s_explain (bytes_of (frame.data, 0), true, text, sizeof text), FEP_NOT_MINE);
    CHECK_ERR (s_explain (bytes_of ((const uint8_t *) "\x77", 1), true, text, sizeof text),
               FEP_NOT_MINE);
    s_frame[frame.size - 4] ^= 1;
    CHECK_ERR (s_explain (frame, true, text, sizeof text), FEP_CHECKSUM);
    frame = s_build (0xC3, "85 01 01 200f0200 01 12 13");
    CHECK_OK (s_explain (frame, true, text, sizeof text));
    assert_non_null (strstr (text, "\"apdu\":{\"raw\":\"850101200f0200011213\"}"));
    frame = s_build (0xCB, "90 02 16 00");
    CHECK_OK (s_explain (frame, true, text, sizeof text));
    assert_non_null (strstr (text, "\"scrambled\":1"));
    assert_non_null (strstr (text, "\"dar\":22"));
}

//  ---- Reports ----

static fep_err_t s_report (player_t *player, unsigned piid)
{
    char apdu[80];
    snprintf (apdu, sizeof apdu, "88 01 %02x 01 200f0200 01 12 1388 00 00", piid);
    bytes_t frame = s_build (0x83, apdu);
    return player->codec->decode (player->state, frame, &player->io);
}

#define ANSWER_SIZE 26  //  Of a report of one attribute
#define ANSWER_PIID 16  //  Where the service number stands in it

//  Each report is answered for itself, when it is durable; a full list takes nothing.
static void test_reports_wait (void **state)
{
    (void) state;
    player_t player = player_new (s_codec ());
    player_reset (&player);
    for (unsigned i = 0; i < D698_PENDING_MAX; i++) {
        CHECK_OK (s_report (&player, i));
        assert_int_equal (player.io.mark, i + 1);
    }
    assert_int_equal (player.send.size, 0);
    size_t messages = player.batch->message_count, bytes = player.batch->byte_count;
    CHECK_ERR (s_report (&player, 60), FEP_FULL);
    assert_int_equal (player.batch->message_count, messages);
    assert_int_equal (player.batch->byte_count, bytes);
    player.codec->durable (player.state, 10, &player.io);
    assert_int_equal (player.send.size, 10 * ANSWER_SIZE);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal (player.sent[i * ANSWER_SIZE + ANSWER_PIID], i);
    }
    player.codec->durable (player.state, 10, &player.io);
    player.codec->durable (player.state, 3, &player.io);
    player.codec->durable (player.state, 0, &player.io);
    assert_int_equal (player.send.size, 10 * ANSWER_SIZE);
    CHECK_OK (s_report (&player, 60));
    assert_int_equal (player.io.mark, D698_PENDING_MAX + 1);
    player.codec->durable (player.state, D698_PENDING_MAX + 1, &player.io);
    assert_int_equal (player.send.size, (D698_PENDING_MAX + 1) * ANSWER_SIZE);
    assert_int_equal (player.sent[D698_PENDING_MAX * ANSWER_SIZE + ANSWER_PIID], 60);
    player_free (&player);
}

static void test_marks_go_around (void **state)
{
    (void) state;
    player_t player = player_new (s_codec ());
    player_reset (&player);
    ((d698_state_t *) player.state)->oldest = 0x7FFFFFFE;
    for (unsigned i = 0; i < 4; i++) {
        CHECK_OK (s_report (&player, i));
        assert_int_not_equal (player.io.mark, 0);
    }
    player.codec->durable (player.state, 0x80000000, &player.io);
    assert_int_equal (player.send.size, 2 * ANSWER_SIZE);
    player.codec->durable (player.state, 2, &player.io);
    assert_int_equal (player.send.size, 4 * ANSWER_SIZE);
    player_free (&player);
}

//  A peer that takes nothing: answers stay until there is room.
static void test_answers_without_room (void **state)
{
    (void) state;
    player_t player = player_new (s_codec ());
    player_reset (&player);
    CHECK_OK (s_report (&player, 1));
    CHECK_OK (s_report (&player, 2));
    player.send = writer_of (player.sent, ANSWER_SIZE + 5);
    player.codec->durable (player.state, 2, &player.io);
    assert_true (player.send.failed);
    assert_int_equal (player.send.size, ANSWER_SIZE);
    player.send = writer_of (player.sent, PLAYER_SEND);
    player.codec->durable (player.state, 2, &player.io);
    assert_int_equal (player.send.size, ANSWER_SIZE);
    assert_int_equal (player.sent[ANSWER_PIID], 2);
    player_free (&player);
}

//  A report of more attributes than an answer has room for is refused, not cut.
static void test_report_too_rich (void **state)
{
    (void) state;
    static char apdu[16000];
    player_t player = player_new (s_codec ());
    player_reset (&player);
    size_t n = (size_t) snprintf (apdu, sizeof apdu, "88 01 01 82 0200");
    for (int i = 0; i < 512; i++) {
        n += (size_t) snprintf (apdu + n, sizeof apdu - n, " 200f0200 00 03");
    }
    snprintf (apdu + n, sizeof apdu - n, " 00 00");
    CHECK_ERR (player.codec->decode (player.state, s_build (0x83, apdu), &player.io), FEP_LIMIT);
    player_free (&player);
}

//  ---- Link ----

#define LOGIN "01 00 00 00b4 07e9 04 03 04 0f 14 05 0000"

static void test_login_results (void **state)
{
    (void) state;
    static const struct {
        reject_t why;
        uint8_t result;
    } rows[] = {{REJECT_DUPLICATE, 0x81}, {REJECT_UNKNOWN, 0x82}, {REJECT_CAPACITY, 0x83}};
    player_t player = player_new (s_codec ());
    player_reset (&player);
    player.io.clock_trusted = true;
    CHECK_OK (player.codec->decode (player.state, s_build (0x81, LOGIN), &player.io));
    assert_int_equal (player.sent[14], APDU_LINK_RESPONSE);
    assert_int_equal (player.sent[16], 0x80);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        player.send.size = 0;
        player.codec->reject (s_build (0x81, LOGIN), rows[i].why, &player.io);
        assert_int_equal (player.sent[3], D698_LINK);
        assert_int_equal (player.sent[16], rows[i].result);
    }
    player.send.size = 0;
    player.codec->reject (s_build (0xC3, "85 01 01 200f0200 01 12 1388 00 00"), REJECT_UNKNOWN,
                          &player.io);
    player.codec->reject (bytes_of (s_frame, 5), REJECT_UNKNOWN, &player.io);
    assert_int_equal (player.send.size, 0);
    player_free (&player);
}

static void test_address (void **state)
{
    (void) state;
    char text[ADDRESS_MAX + 1];
    CHECK_OK (s_codec ()->address (s_build (0x81, LOGIN), true, &s_options, text));
    assert_string_equal (text, ADDRESS);
    CHECK_ERR (s_codec ()->address (bytes_of (s_frame, 4), true, &s_options, text), FEP_NOT_MINE);
    player_t player = player_new (s_codec ());
    player_reset (&player);
    player.io.address = bytes_text ("000000000002");
    CHECK_ERR (s_report (&player, 1), FEP_NOT_MINE);
    player.io.address = bytes_text (ADDRESS);
    CHECK_OK (s_report (&player, 1));
    player_free (&player);
}

//  ---- Whose ----

static uint16_t s_mp_of (void *arg, bytes_t meter)
{
    (void) arg;
    return bytes_equal (meter, bytes_text ("202311150001")) ? 7 : 0;
}

static void test_whose_meter (void **state)
{
    (void) state;
    static const char apdu[] = "89 01 05 02 07 05 202311150001 01 200f0200 01 12 1387"
                               " 07 05 202311150002 01 200f0200 01 12 1388 00 00";
    player_t player = player_new (s_codec ());
    player_reset (&player);
    player.io.mp_of = s_mp_of;
    CHECK_OK (player.codec->decode (player.state, s_build (0xC3, apdu), &player.io));
    assert_int_equal (player.batch->message_count, 2);
    const message_t *known = &player.batch->messages[0], *stranger = &player.batch->messages[1];
    assert_int_equal (known->mp, 7);
    assert_int_equal (known->count, 1);
    assert_int_equal (stranger->kind, MESSAGE_EVENT);
    assert_int_equal (stranger->mp, 0);
    const item_t *reason = &player.batch->items[stranger->first];
    assert_int_equal (reason->point, POINT_EVENT_RAW);
    assert_memory_equal (reason->value.text, "unknown_meter", 13);
    assert_int_equal (player.io.raw_units, 1);
    player_free (&player);
}

//  ---- When ----

//  The clock of a terminal in a zone with summer time: days are those of its calendar.
static void test_zone_of_the_terminal (void **state)
{
    (void) state;
    zone_t zone;
    CHECK_OK (zone_parse ("CET-1CEST,M3.5.0,M10.5.0/3", &zone));
    player_t player = player_new (s_codec ());
    player_reset (&player);
    player.options.zone = &zone;
    static const struct {
        const char *stamp;
        int64_t time_s;
        bool marked;
    } rows[] = {{"07e9 03 1e 00 00 00", 1743289200, false},
                {"07e9 03 1f 00 00 00", 1743372000, false},
                {"07e9 0a 1b 00 00 00", 1761519600, false},
                {"07e9 0a 1a 17 3b 3b", 1761429600, true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char apdu[160];
        snprintf (apdu, sizeof apdu,
                  "85 03 05 50040200 02 00 20210200 00 200f0200 01 01 1c %s 12 1388 00 00",
                  rows[i].stamp);
        batch_clear (player.batch);
        CHECK_OK (player.codec->decode (player.state, s_build (0xC3, apdu), &player.io));
        const message_t *message = &player.batch->messages[0];
        assert_int_equal (message->time_ms, rows[i].time_s * 1000);
        uint16_t quality = player.batch->items[message->first].value.quality;
        assert_int_equal (quality, rows[i].marked ? QUALITY_INVALID | QUALITY_FREEZE_STAMP : 0);
    }
    player_free (&player);
}

//  ---- The map ----

static void test_every_object (void **state)
{
    (void) state;
    assert_true (d698_object_count > 50);
    for (size_t i = 0; i < d698_object_count; i++) {
        const d698_object_t *object = &d698_objects[i];
        uint32_t oad = (uint32_t) object->oi << 16 | (uint32_t) object->attribute << 8;
        assert_ptr_equal (d698_object_find (oad), object);
        assert_ptr_equal (d698_object_find (oad | 1), object);
        assert_null (d698_object_find (oad | 0x2000));
        for (size_t n = 0; n < object->count; n++) {
            uint32_t point = d698_points[object->first + n];
            assert_non_null (point_find (point));
            assert_non_null (d698_object_of (point));
        }
    }
    for (uint8_t freeze = FREEZE_CURVE; freeze <= FREEZE_COMMAND; freeze++) {
        assert_int_equal (d698_freeze_of (d698_freeze_oi (freeze)), freeze);
    }
    assert_int_equal (d698_freeze_oi (FREEZE_NONE), 0);
    assert_int_equal (d698_freeze_oi (FREEZE_CURVE), 0x5002);
    assert_int_equal (d698_freeze_oi (FREEZE_COMMAND), 0x5000);
    assert_string_equal (d698_event_name (0x3106), "terminal_power");
    assert_null (d698_event_name (0x3FFF));
    assert_null (d698_object_of (0));
    assert_true (sizeof (d698_core_t) <= 128);
}

//  Who a terminal is, a meter's codec does not hear, though scan be passed by.
static void test_links_of_meters (void **state)
{
    (void) state;
    uint8_t frame[64];
    size_t size =
        vec_hex ("68 1e 00 81 05 01 00 15 11 23 20 00 b0 34 01 00 00 00 b4 07 e9 04 03 04 "
                 "0f 14 05 00 00 e8 b0 16",
                 frame, sizeof frame);
    player_t player = player_new (codec_find ("dlt698_meter"));
    player_clear (&player);
    player_decode (&player, bytes_of (frame, size));
    assert_int_equal (player.refused, FEP_NOT_MINE);
    assert_int_equal (player.send.size, 0);
    player_free (&player);
}

static void test_codes (void **state)
{
    (void) state;
    assert_string_equal (s_codec ()->code_text (3), "reading or writing denied");
    assert_string_equal (s_codec ()->code_text (36), "comparison failed");
    assert_string_equal (s_codec ()->code_text (0xE2), "service not supported");
    assert_string_equal (s_codec ()->code_text (255), "other reason");
    assert_null (s_codec ()->code_text (37));
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_explain_published),
                                       cmocka_unit_test (test_explain_apdus),
                                       cmocka_unit_test (test_explain_data),
                                       cmocka_unit_test (test_explain_reasons),
                                       cmocka_unit_test (test_reports_wait),
                                       cmocka_unit_test (test_marks_go_around),
                                       cmocka_unit_test (test_answers_without_room),
                                       cmocka_unit_test (test_report_too_rich),
                                       cmocka_unit_test (test_login_results),
                                       cmocka_unit_test (test_address),
                                       cmocka_unit_test (test_whose_meter),
                                       cmocka_unit_test (test_zone_of_the_terminal),
                                       cmocka_unit_test (test_every_object),
                                       cmocka_unit_test (test_links_of_meters),
                                       cmocka_unit_test (test_codes)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
