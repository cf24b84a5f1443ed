//  CJ/T 188: explain against published frames, commands and writes byte for byte, a meter on a connection of its own,
//  what scan takes and drops with a request in flight, which late answers are dangerous, every unit.
#include "codecs/cjt188/parts.h"
#include "codecs/cjt188/value.h"
#include "fep/crc.h"
#include "tests/codecs/player.h"

static uint8_t s_frame[512];
static codec_options_t s_options;

static const codec_t *s_codec (void)
{
    return codec_find ("cjt188");
}

static bytes_t s_hex (const char *hex)
{
    return bytes_of (s_frame, vec_hex (hex, s_frame, sizeof s_frame));
}

//  Hex from 68 to the data, and its tail.
static bytes_t s_make (const char *hex, uint8_t *out)
{
    size_t size = vec_hex (hex, out, CJT_FRAME_MAX);
    out[size] = crc_sum8 (bytes_of (out, size));
    out[size + 1] = CJT_END;
    return bytes_of (out, size + 2);
}

static fep_err_t s_explain (bytes_t frame, char *text, size_t size)
{
    writer_t out = writer_of (text, size - 1);
    json_t json = json_of (&out);
    fep_err_t error = s_codec ()->explain (frame, true, &s_options, &json);
    text[out.size] = 0;
    return error;
}

//  ---- Published frames ----

//  Every published key and value stands in what we explain. Returns how many; objects count by their members.
static size_t s_compare (const char *want, const char *got)
{
    size_t count = 0;
    for (const char *p = want; *p;) {
        if (*p != '"') {
            p++;
            continue;
        }
        size_t key = strcspn (p + 1, "\"") + 3;
        size_t value = p[key] == '"' ? strcspn (p + key + 1, "\"") + 2 : strcspn (p + key, ",}");
        value = p[key] == '{' ? 1 : value;
        char pair[400];
        snprintf (pair, sizeof pair, "%.*s", (int) (key + value), p);
        const char *at = strstr (got, pair);
        if (!at || (p[key] != '{' && !strchr (",}", at[strlen (pair)]))) {
            fail_msg ("%s is not in %s", pair, got);
        }
        count += p[key] != '{';
        p += key + value;
    }
    return count;
}

//  Values hold blanks, so the object is taken as it stands but for those between its parts.
static void s_decoded (const char *line, char *out)
{
    const char *p = strstr (line, "\"decoded\": ");
    bool text = false;
    int depth = 0;
    assert_non_null (p);
    for (p += strlen ("\"decoded\": "); *p; p++) {
        text = *p == '"' ? !text : text;
        depth += !text && *p == '{';
        depth -= !text && *p == '}';
        if (*p != ' ' || text) {
            *out++ = *p;
        }
        if (depth == 0) {
            break;
        }
    }
    *out = 0;
}

static void test_published (void **state)
{
    (void) state;
    static char want[4096], got[8192], hex[1024], valid[16];
    size_t size, good = 0, bad = 0, values = 0;
    char *text = vec_read_file (TESTS_DIR "/vectors/cjt188.jsonl", &size);
    for (char *line = strtok (text, "\n"); line; line = strtok (NULL, "\n")) {
        vec_json (line, "hex", hex, sizeof hex);
        vec_json (line, "valid", valid, sizeof valid);
        s_decoded (line, want);
        hex[strlen (hex) - 1] = 0;
        fep_err_t error = s_explain (s_hex (hex + 1), got, sizeof got);
        if (strcmp (valid, "true") != 0) {
            CHECK_ERR (error, FEP_CHECKSUM);
            bad++;
            continue;
        }
        CHECK_OK (error);
        values += s_compare (want, got);
        good++;
    }
    print_message ("%zu valid frames with %zu values, %zu invalid\n", good, values, bad);
    assert_true (good == 19 && bad == 1 && values > 250);
    free (text);
}

static void test_explain_rest (void **state)
{
    (void) state;
    char got[4096];
    bytes_t frame = s_make ("68 10 01 00 00 05 08 00 00 c1 03 07 04 00", s_frame);
    CHECK_OK (s_explain (frame, got, sizeof got));
    assert_non_null (
        strstr (got, "\"error\":1,\"func\":\"01\",\"L\":3,\"SER\":\"07\",\"ST\":\"0400\"}"));
    CHECK_ERR (s_explain (frame, got, 40), FEP_LIMIT);
    CHECK_ERR (s_explain (bytes_of (frame.data, frame.size - 1), got, sizeof got), FEP_TRUNCATED);
    CHECK_ERR (s_explain (bytes_of (frame.data, 4), got, sizeof got), FEP_TRUNCATED);
    s_frame[frame.size] = 0;
    CHECK_ERR (s_explain (bytes_of (s_frame, frame.size + 1), got, sizeof got), FEP_IMPLAUSIBLE);
    s_frame[frame.size - 1] = 0x17;
    CHECK_ERR (s_explain (frame, got, sizeof got), FEP_IMPLAUSIBLE);
    s_frame[0] = 0x69;
    CHECK_ERR (s_explain (frame, got, sizeof got), FEP_NOT_MINE);
    CHECK_OK (s_explain (s_make ("68 10 01 00 00 05 08 00 00 81 00", s_frame), got, sizeof got));
    assert_non_null (strstr (got, "\"L\":0}"));
    CHECK_OK (
        s_explain (s_make ("68 10 01 00 00 05 08 00 00 81 02 1f 90", s_frame), got, sizeof got));
    assert_non_null (strstr (got, "\"data_raw\":\"1f90\"}"));
    CHECK_OK (
        s_explain (s_make ("68 10 01 00 00 05 08 00 00 81 08 20 d1 00 0a 00 00 00 77", s_frame),
                   got, sizeof got));
    assert_non_null (strstr (got, "\"data\":{\"settlement\":\"raw:0A00000077\"}"));
    CHECK_OK (
        s_explain (s_make ("68 10 01 00 00 05 08 00 00 81 08 20 d1 00 09 00 00 00 77", s_frame),
                   got, sizeof got));
    assert_non_null (strstr (got, "\"settlement\":\"0.09 unit 77\""));
}

static void test_address (void **state)
{
    (void) state;
    char text[ADDRESS_MAX + 1];
    CHECK_OK (s_codec ()->address (s_make ("68 10 50 54 77 11 18 00 00 81 00", s_frame), true,
                                   &s_options, text));
    assert_string_equal (text, "00001811775450");
    CHECK_ERR (s_codec ()->address (bytes_of (s_frame, 3), true, &s_options, text), FEP_TRUNCATED);
}

static void test_code_text (void **state)
{
    (void) state;
    static const uint8_t codes[] = {0xC1, 0xC3, 0xC4, 0xC9, 0xD5, 0xD6};
    for (size_t i = 0; i < sizeof codes; i++) {
        assert_non_null (s_codec ()->code_text (codes[i]));
    }
    assert_string_equal (s_codec ()->code_text (0xC4), "write data refused");
    assert_null (s_codec ()->code_text (0x84));
    assert_null (s_codec ()->code_text (0xC2));
    assert_null (s_codec ()->code_text (1));
}

//  ---- Requests ----

//  A player with a meter; profile: text behind its head, or NULL.
static void s_play (player_t *player, const char *address, const char *profile)
{
    char text[400];
    *player = player_new (s_codec ());
    player_clear (player);
    player_meter (player, address, "-");
    if (profile) {
        snprintf (text, sizeof text, "profile p\ncodec cjt188\n%s", profile);
        player_meter_text (player, address, text);
    }
}

static void s_sent (player_t *player, request_t *request, const char *hex)
{
    CHECK_OK (s_codec ()->encode (player->state, request, &player->io));
    bytes_t want = s_hex (hex);
    bytes_t got = {player->sent + player->compared, player->send.size - player->compared};
    if (!bytes_equal (want, got)) {
        fail_msg ("not sent: %s", hex);
    }
    player->compared = player->send.size;
}

//  c188-030, c188-031 and c188-026: what opens and closes valves, byte for byte.
static void test_valve (void **state)
{
    (void) state;
    player_t player;
    s_play (&player, "00000019121301", "setting di_high_first 1\n");
    request_t request = {
        .kind = REQUEST_OPERATE, .operation = OPERATION_VALVE_OPEN, .token = 0x0100};
    s_sent (&player, &request, "68 10 01 13 12 19 00 00 00 04 04 a0 17 01 55 cc 16");
    assert_true (request.finished && player.io.answer == ANSWER_NONE);
    CHECK_ERR (s_codec ()->encode (player.state, &request, &player.io), FEP_NOT_FOUND);
    player_free (&player);
    s_play (&player, "00000019121301", "setting di_high_first 1\n");
    request = (request_t){.kind = REQUEST_OPERATE, .operation = OPERATION_VALVE_CLOSE, .token = 1};
    s_sent (&player, &request, "68 10 01 13 12 19 00 00 00 04 04 a0 17 01 99 10 16");
    player_free (&player);
    s_play (&player, "3", "setting meter_type 0x30\n");
    request = (request_t){.kind = REQUEST_OPERATE, .operation = OPERATION_VALVE_CLOSE, .token = 1};
    s_sent (&player, &request, "68 30 03 00 00 00 00 00 00 04 04 17 a0 01 99 f4 16");
    request = (request_t){.kind = REQUEST_OPERATE, .operation = OPERATION_TRIP};
    CHECK_ERR (s_codec ()->encode (player.state, &request, &player.io), FEP_UNSUPPORTED);
    request.kind = REQUEST_SELECT;
    CHECK_ERR (s_codec ()->encode (player.state, &request, &player.io), FEP_UNSUPPORTED);
    player_free (&player);
}

static void s_want (request_t *request, const char *point, int64_t mantissa, int8_t exponent)
{
    size_t i = request->point_count++;
    request->kind = REQUEST_WRITE;
    assert_true (point_parse (point, &request->points[i]));
    if (i < REQUEST_VALUES_MAX) {
        request->values[i] = value_decimal (mantissa, exponent, 0);
    }
}

//  c188-011, c188-002 and c188-028 (which has no unit: 00; ours has one).
static void test_write_published (void **state)
{
    (void) state;
    player_t player;
    s_play (&player, "00000805000002", "setting di_high_first 1\n");
    request_t request = {.token = 0};
    s_want (&request, "meter.address", 805000001, 0);
    s_sent (&player, &request,
            "68 10 02 00 00 05 08 00 00 15 0a a0 18 00 01 00 00 05 08 00 00 6c 16");
    player_free (&player);
    s_play (&player, "01020304050607", "setting di_high_first 1\nsetting meter_type 17\n");
    request = (request_t){.token = 0};
    s_want (&request, "billing.price.step1_yuan", 30201, -2);
    s_want (&request, "billing.price.limit1", 60504, 0);
    s_want (&request, "billing.price.step2_yuan", 90807, -2);
    s_want (&request, "billing.price.limit2", 121110, 0);
    s_want (&request, "billing.price.step3_yuan", 151413, -2);
    s_want (&request, "billing.price.start_day", 16, 0);
    s_sent (&player, &request,
            "68 11 07 06 05 04 03 02 01 04 13 a0 10 00 01 02 03 04 05 06 07 08 09 10 11 12 13 14 "
            "15 16 0e 16");
    player_free (&player);
    s_play (&player, "3", "setting meter_type 48\n");
    request = (request_t){.token = 255};
    s_want (&request, "gas.volume_m3", 12345678, -2);
    s_sent (&player, &request, "68 30 03 00 00 00 00 00 00 16 08 16 a0 ff 78 56 34 12 2c ae 16");
    player_free (&player);
}

static void test_write_rest (void **state)
{
    (void) state;
    player_t player;
    s_play (&player, "1", "setting meter_type 32\n");
    request_t request = {.token = 9};
    s_want (&request, "billing.reading_day", 28, 0);
    s_want (&request, "billing.settlement_day", 25, 0);
    s_want (&request, "heat.energy_GJ", 5, 0);
    uint8_t frame[64];
    static const char *const frames[] = {
        "68 20 01 00 00 00 00 00 00 04 04 11 a0 09 25",
        "68 20 01 00 00 00 00 00 00 04 04 12 a0 0a 28",
        "68 20 01 00 00 00 00 00 00 16 08 16 a0 0b 00 05 00 00 11"};
    for (size_t i = 0; i < 3; i++) {
        bytes_t want = s_make (frames[i], frame);
        assert_false (request.finished);
        CHECK_OK (s_codec ()->encode (player.state, &request, &player.io));
        assert_true (bytes_equal (
            want, bytes_of (player.sent + player.compared, player.send.size - player.compared)));
        player.compared = player.send.size;
    }
    assert_true (request.finished);
    request = (request_t){.token = 9};
    s_want (&request, "heat.energy_kWh", 123456, -2);
    CHECK_OK (s_codec ()->encode (player.state, &request, &player.io));
    assert_int_equal (player.sent[player.send.size - 3], 0x05);
    player_free (&player);
    s_play (&player, "1", "setting address_high_first 1\n");
    request = (request_t){.token = 9};
    s_want (&request, "meter.address", 12345678901234, 0);
    bytes_t want = s_make ("68 10 00 00 00 00 00 00 01 15 0a 18 a0 09 12 34 56 78 90 12 34", frame);
    CHECK_OK (s_codec ()->encode (player.state, &request, &player.io));
    assert_true (bytes_equal (want, writer_bytes (&player.send)));
    player_free (&player);
}

static fep_err_t s_write_one (const char *point, value_t value)
{
    player_t player;
    s_play (&player, "1", NULL);
    request_t request = {.token = 1};
    s_want (&request, point, 0, 0);
    request.values[0] = value;
    fep_err_t error = s_codec ()->encode (player.state, &request, &player.io);
    assert_true (error == FEP_OK || (player.send.size == 0 && request.done == 0));
    player_free (&player);
    return error;
}

static void test_write_refused (void **state)
{
    (void) state;
    static const char day[] = "billing.settlement_day", volume[] = "water.cold.volume_m3";
    CHECK_OK (s_write_one (day, value_decimal (250, -1, 0)));
    CHECK_OK (s_write_one (volume, value_decimal (9999, 2, 0)));
    CHECK_OK (s_write_one (volume, value_decimal (0, 100, 0)));
    CHECK_ERR (s_write_one (volume, value_decimal (99999, 2, 0)), FEP_RANGE);
    CHECK_ERR (s_write_one (volume, value_decimal (5, 100, 0)), FEP_RANGE);
    CHECK_ERR (s_write_one (volume, value_decimal (1, -3, 0)), FEP_RANGE);
    CHECK_ERR (s_write_one (day, value_decimal (251, -1, 0)), FEP_RANGE);
    CHECK_ERR (s_write_one (day, value_decimal (-1, 0, 0)), FEP_RANGE);
    CHECK_ERR (s_write_one (day, value_bits (1, 0)), FEP_UNSUPPORTED);
    CHECK_ERR (s_write_one ("billing.price.start_day", value_decimal (1, 0, 0)), FEP_UNSUPPORTED);
    CHECK_ERR (s_write_one ("heat.energy_kWh", value_decimal (1, 0, 0)), FEP_UNSUPPORTED);
    player_t player;
    s_play (&player, "1", NULL);
    request_t request = {.kind = REQUEST_WRITE};
    CHECK_ERR (s_codec ()->encode (player.state, &request, &player.io), FEP_RANGE);
    s_want (&request, day, 1, 0);
    s_want (&request, "voltage.l1_V", 1, 0);
    CHECK_ERR (s_codec ()->encode (player.state, &request, &player.io), FEP_UNSUPPORTED);
    request.point_count = REQUEST_VALUES_MAX + 1;
    CHECK_ERR (s_codec ()->encode (player.state, &request, &player.io), FEP_RANGE);
    //  The second of two frames would not do: the first does not go.
    request = (request_t){.kind = REQUEST_WRITE};
    s_want (&request, day, 1, 0);
    s_want (&request, "billing.reading_day", 999, 0);
    CHECK_ERR (s_codec ()->encode (player.state, &request, &player.io), FEP_RANGE);
    assert_int_equal (player.send.size, 0);
    player_free (&player);
}

//  The clock of one, and of everybody, who does not answer.
static void test_clock (void **state)
{
    (void) state;
    uint8_t frame[64];
    player_t player;
    s_play (&player, "1", NULL);
    request_t request = {.kind = REQUEST_CLOCK, .token = 2};
    bytes_t want = s_make ("68 10 01 00 00 00 00 00 00 04 0a 15 a0 02 20 13 06 15 11 23 20", frame);
    CHECK_OK (s_codec ()->encode (player.state, &request, &player.io));
    assert_true (bytes_equal (want, writer_bytes (&player.send)));
    assert_true (request.finished && player.io.answer == ANSWER_NONE);
    player_free (&player);
    s_play (&player, CJT_EVERYBODY, NULL);
    zone_t zone;
    CHECK_OK (zone_parse ("+00:00", &zone));
    player.options.zone = &zone;
    request = (request_t){.kind = REQUEST_CLOCK, .token = 2};
    want = s_make ("68 10 99 99 99 99 99 99 99 04 0a 15 a0 02 20 13 22 14 11 23 20", frame);
    CHECK_OK (s_codec ()->encode (player.state, &request, &player.io));
    assert_true (bytes_equal (want, writer_bytes (&player.send)));
    assert_true (request.finished && player.io.answer == ANSWER_DONE);
    request = (request_t){.kind = REQUEST_OPERATE, .operation = OPERATION_VALVE_OPEN};
    CHECK_ERR (s_codec ()->encode (player.state, &request, &player.io), FEP_RANGE);
    player_free (&player);
    s_play (&player, "AAAAAAAAAAAAAA", NULL);
    CHECK_ERR (s_codec ()->encode (player.state, &request, &player.io), FEP_RANGE);
    player_free (&player);
}

//  What does not fit the buffer leaves nothing behind.
static void test_full (void **state)
{
    (void) state;
    player_t player;
    s_play (&player, "1", NULL);
    uint8_t few[10];
    writer_t out = writer_of (few, sizeof few);
    cjt_state_t before = *(cjt_state_t *) player.state;
    request_t request = {.kind = REQUEST_READ};
    player.io.send = &out;
    CHECK_ERR (s_codec ()->encode (player.state, &request, &player.io), FEP_FULL);
    assert_true (request.done == 0 && !request.finished && out.size == 0);
    assert_memory_equal (&before, player.state, sizeof before);
    out.failed = false;
    request = (request_t){.kind = REQUEST_PASS, .size = 4, .bytes = {1, 0x1F, 0x90, 0}};
    CHECK_ERR (s_codec ()->encode (player.state, &request, &player.io), FEP_FULL);
    assert_true (request.done == 0 && out.size == 0);
    player.io.send = &player.send;
    request.size = REQUEST_PASS_MAX;
    CHECK_OK (s_codec ()->encode (player.state, &request, &player.io));
    assert_int_equal (player.send.size, 13 + REQUEST_PASS_MAX - 1);
    player.io.meter = NULL;
    request = (request_t){.kind = REQUEST_READ};
    CHECK_ERR (s_codec ()->encode (player.state, &request, &player.io), FEP_NOT_FOUND);
    player_free (&player);
}

//  The points of a profile, each identifier once, SER counting from the token on.
static void test_profile_points (void **state)
{
    (void) state;
    uint8_t frame[64];
    player_t player;
    s_play (&player, "1",
            "read billing.settlement_day\nread time.clock\n"
            "read valve.state\nread water.cold.volume_m3\n");
    request_t request = {.kind = REQUEST_READ, .token = 0xFF};
    bytes_t want = s_make ("68 10 01 00 00 00 00 00 00 01 03 1f 90 ff", frame);
    CHECK_OK (s_codec ()->encode (player.state, &request, &player.io));
    assert_true (bytes_equal (want, writer_bytes (&player.send)));
    assert_false (request.finished);
    player.send.size = 0;
    want = s_make ("68 10 01 00 00 00 00 00 00 01 03 03 81 00", frame);
    CHECK_OK (s_codec ()->encode (player.state, &request, &player.io));
    assert_true (bytes_equal (want, writer_bytes (&player.send)));
    assert_true (request.finished && request.done == 2);
    //  What a request names goes before what the profile has.
    assert_true (point_parse ("meter.key_version", &request.points[0]));
    request.point_count = 1;
    request.finished = false;
    request.done = 0;
    CHECK_OK (s_codec ()->encode (player.state, &request, &player.io));
    request.finished = false;
    CHECK_ERR (s_codec ()->encode (player.state, &request, &player.io), FEP_NOT_FOUND);
    player_free (&player);
}

//  The profiles that come with the source ask for what their meters have, in one reading.
static void test_shipped (void **state)
{
    (void) state;
    static const char *const names[] = {"cjt188_water", "cjt188_heat"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        player_t player;
        char path[100];
        s_play (&player, "1", NULL);
        snprintf (path, sizeof path, "../../../profiles/%s", names[i]);
        player.profile = player_load_profile (path);
        player.meter.profile = player.profile;
        assert_true (player.profile->point_count > 0);
        request_t request = {.kind = REQUEST_READ};
        CHECK_OK (s_codec ()->encode (player.state, &request, &player.io));
        assert_true (request.finished && player.send.size == 16);
        player_free (&player);
    }
}

//  A month that ends between two frames of a request does not move the months asked for.
static void test_month_turns (void **state)
{
    (void) state;
    player_t player;
    s_play (&player, "1", NULL);
    clock_civil_t civil = {2023, 10, 1, 0, 0, 0};
    request_t request = {.kind = REQUEST_READ_FROZEN, .freeze = FREEZE_MONTH};
    assert_true (clock_from_civil (&civil, &request.from_ms));
    civil.month = 11;
    assert_true (clock_from_civil (&civil, &request.to_ms));
    civil = (clock_civil_t){2023, 11, 30, 23, 59, 59};
    assert_true (clock_from_civil (&civil, &player.io.wall_ms));
    CHECK_OK (s_codec ()->encode (player.state, &request, &player.io));
    assert_int_equal (player.sent[11], 0x21);
    player_flight (&player, writer_bytes (&player.send));
    player.io.wall_ms += 2000;
    player_feed (&player,
                 s_make ("68 10 01 00 00 00 00 00 00 81 08 21 d1 00 01 00 00 00 2c", s_frame));
    assert_int_equal (player.batch->message_count, 1);
    assert_true (player.batch->messages[0].time_ms == request.from_ms);
    CHECK_OK (s_codec ()->encode (player.state, &request, &player.io));
    assert_int_equal (player.sent[16 + 11], 0x20);
    assert_true (request.finished);
    player_free (&player);
}

//  SER follows the token whatever its bits mean to who made it, and counts within a request.
static void test_ser (void **state)
{
    (void) state;
    uint8_t before = 0xFF;
    for (uint64_t token = 1; token < 1000; token++) {
        player_t player;
        s_play (&player, "1", NULL);
        request_t request = {.kind = REQUEST_READ, .token = token << 16 | 5};
        CHECK_OK (s_codec ()->encode (player.state, &request, &player.io));
        assert_true (player.sent[13] != before);
        before = player.sent[13];
        player_free (&player);
    }
}

//  ---- A connection of its own ----

//  The profile of the connection is that of its meter.
static void test_direct (void **state)
{
    (void) state;
    static const char report[] =
        "68 30 01 00 00 05 08 00 00 81 16 1f 90 00 56 34 12 00 2c 10 00 00 00 2c "
        "31 01 22 11 05 15 20 00 00";
    uint8_t frame[64];
    player_t player;
    s_play (&player, "00000805000001", "setting meter_type 48\n");
    player.io.meter = NULL;
    player.io.address = bytes_text ("");
    player_feed (&player, s_make (report, s_frame));
    assert_true (player.frames == 1 && player.answer == ANSWER_NONE);
    const message_t *message = &player.batch->messages[0];
    assert_true (message->address.size == 14 && message->mp == 0 && message->time_ms != 0);
    player.io.address = bytes_text ("00000805000001");
    player_feed (&player, s_make (report, s_frame));
    assert_int_equal (player.frames, 2);
    //  Somebody else.
    player_feed (&player, s_make ("68 30 02 00 00 05 08 00 00 83 03 0a 81 00", s_frame));
    assert_int_equal (player.refused, FEP_NOT_MINE);
    //  It is asked as a gas meter.
    player.io.profile = player.profile;
    player.meter.profile = NULL;
    player.io.meter = &player.meter;
    request_t request = {.kind = REQUEST_READ, .token = 7};
    bytes_t want = s_make ("68 30 01 00 00 05 08 00 00 01 03 1f 90 07", frame);
    CHECK_OK (s_codec ()->encode (player.state, &request, &player.io));
    assert_true (bytes_equal (want, writer_bytes (&player.send)));
    //  A meter behind a gateway has nothing of the gateway's profile.
    player.io.address = bytes_text ("7001");
    request = (request_t){.kind = REQUEST_READ, .token = 7};
    CHECK_OK (s_codec ()->encode (player.state, &request, &player.io));
    assert_int_equal (player.sent[17], 0x10);
    player_free (&player);
}

//  ---- Scan ----

static scan_t s_scan (const char *request, bool quiet, const char *window)
{
    uint8_t flight[64], bytes[CJT_FRAME_MAX];
    scan_context_t context = {.up = true, .options = &s_options, .quiet = quiet};
    if (request) {
        context.request = s_make (request, flight);
    }
    return s_codec ()->scan (&context, bytes_of (bytes, vec_hex (window, bytes, sizeof bytes)));
}

static void s_check_scan (scan_t scan, scan_what_t what, size_t size, fep_err_t reason)
{
    assert_int_equal (scan.what, what);
    assert_int_equal (scan.size, size);
    CHECK_ERR (scan.reason, reason);
}

static void test_scan (void **state)
{
    (void) state;
    static const char read[] = "68 10 01 00 00 05 08 00 00 01 03 1f 90 00";
    static const char answer[] = "68 10 01 00 00 05 08 00 00 83 03 81 0a 00 97 16";
    static const char address[] = "68 aa aa aa aa aa aa aa aa 03 03 81 0a 00";
    s_check_scan (s_scan (NULL, false, answer), SCAN_FRAME, 16, FEP_OK);
    s_check_scan (s_scan (address, false, answer), SCAN_FRAME, 16, FEP_OK);
    //  Another's whole frame goes at once, and half a frame that cannot be the answer any more at once too.
    s_check_scan (s_scan (read, false, answer), SCAN_SKIP, 16, FEP_NOT_MINE);
    s_check_scan (s_scan (read, false, "68 10 01 00 00 05 08 00 00"), SCAN_MORE, 0, FEP_OK);
    s_check_scan (s_scan (read, false, "68 10 01 00 00 05 08 00 00 81"), SCAN_MORE, 0, FEP_OK);
    s_check_scan (s_scan (read, false, "68 10 01 00 00 05 08 00 00 83"), SCAN_SKIP, 1,
                  FEP_NOT_MINE);
    s_check_scan (s_scan (read, false, "68 10 01 00 00 05 08 00 00 01"), SCAN_SKIP, 1,
                  FEP_NOT_MINE);
    s_check_scan (s_scan (read, false, "68 10 02 00 00 05 08 00 00 81"), SCAN_SKIP, 1,
                  FEP_NOT_MINE);
    s_check_scan (s_scan (NULL, false, "68 10 02 00 00 05 08 00 00 01"), SCAN_MORE, 0, FEP_OK);
    s_check_scan (s_scan (NULL, false, "fe fe fe"), SCAN_MORE, 0, FEP_OK);
    s_check_scan (s_scan (NULL, false, "fe fe 00"), SCAN_SKIP, 1, FEP_NOT_MINE);
    s_check_scan (s_scan (NULL, false, "00"), SCAN_SKIP, 1, FEP_NOT_MINE);
    //  A false start before the frame: more could follow, until the packet has ended.
    char both[200];
    snprintf (both, sizeof both, "68 11 22 33 %s", answer);
    s_check_scan (s_scan (NULL, false, both), SCAN_MORE, 0, FEP_OK);
    s_check_scan (s_scan (NULL, true, both), SCAN_SKIP, 1, FEP_NOT_MINE);
    s_check_scan (s_scan (address, true, both), SCAN_SKIP, 1, FEP_NOT_MINE);
    s_check_scan (s_scan (NULL, true, "68 11 22 33"), SCAN_MORE, 0, FEP_OK);
    s_check_scan (s_scan (read, true, "68 10 01 00"), SCAN_MORE, 0, FEP_OK);
}

static bool s_mistakable (const char *before, const char *next)
{
    uint8_t a[CJT_FRAME_MAX], b[CJT_FRAME_MAX];
    bytes_t first = s_make (before, a), second = s_make (next, b);
    first.size = first.size > 32 ? 32 : first.size;
    return s_codec ()->mistakable (first, second);
}

static void test_mistakable (void **state)
{
    (void) state;
    static const char read[] = "68 10 01 00 00 05 08 00 00 01 03 1f 90 00";
    assert_false (s_mistakable (read, read));
    //  An abnormal answer has no identifier, so another identifier with that SER is in danger.
    assert_true (s_mistakable (read, "68 10 01 00 00 05 08 00 00 01 03 03 81 00"));
    assert_true (s_mistakable (read, "68 10 aa aa aa aa aa aa aa 01 03 1f 90 00"));
    assert_true (s_mistakable ("68 10 aa aa aa aa aa aa aa 01 03 1f 90 00", read));
    assert_true (s_mistakable (read, "68 10 01 00 00 05 08 00 00 01 01 1f"));
    assert_false (s_mistakable (read, "68 10 01 00 00 05 08 00 00 01 03 1f 90 01"));
    assert_false (s_mistakable (read, "68 10 02 00 00 05 08 00 00 01 03 1f 90 00"));
    assert_false (s_mistakable (read, "68 10 01 00 00 05 08 00 00 04 04 17 a0 00 55"));
    //  Of long requests only the beginning is kept: a late "done" could be for the other prices.
    assert_true (
        s_mistakable ("fe fe 68 11 07 06 05 04 03 02 01 04 13 a0 10 00 01 02 03 04 05 06 07 "
                      "08 09 10 11 12 13 14 15 16",
                      "fe fe 68 11 07 06 05 04 03 02 01 04 13 a0 10 00 01 02 03 04 05 06 07 "
                      "08 09 10 11 12 13 14 15 17"));
    assert_true (s_mistakable ("68 10 01 00 00 05 08 00 00 01 03 07 1f 90",
                               "68 10 01 00 00 05 08 00 00 01 03 07 03 81"));
    assert_false (s_codec ()->mistakable (bytes_of ("\x68", 1), bytes_of ("\x68", 1)));
}

//  ---- The map ----

//  Each unit of the map is of a dimension some meter has a point for, and scales exactly.
static void test_units (void **state)
{
    (void) state;
    for (size_t i = 0; i < cjt_unit_count; i++) {
        const cjt_unit_t *unit = cjt_unit (cjt_units[i].code);
        bool used = false;
        assert_ptr_equal (unit, &cjt_units[i]);
        for (size_t n = 0; n < cjt_point_count; n++) {
            used = used || cjt_points[n].dimension == unit->dimension;
            assert_non_null (point_find (cjt_points[n].point));
        }
        assert_true (used);
    }
    assert_null (cjt_unit (0));
    assert_int_equal (cjt_class (0x19), CJT_COLD);
    assert_int_equal (cjt_class (0x11), CJT_HOT);
    assert_int_equal (cjt_class (0xAA), 0);
}

//  What a request of more than one reading finds: no two rows of one function and class take the same data.
static void test_rows (void **state)
{
    (void) state;
    for (size_t i = 0; i < cjt_read_count; i++) {
        const cjt_row_t *a = &cjt_reads[i];
        assert_ptr_equal (cjt_find (a->function, a->last, a->classes, a->size), a);
        for (size_t n = i + 1; n < cjt_read_count; n++) {
            const cjt_row_t *b = &cjt_reads[n];
            assert_false (a->function == b->function && a->classes & b->classes &&
                          a->size == b->size && a->di <= b->last && b->di <= a->last);
        }
    }
}

static void test_contract (void **state)
{
    (void) state;
    const codec_t *codec = s_codec ();
    assert_true (codec->is_meter && codec->is_checked && !codec->is_pipelined && !codec->wrap);
    assert_true (codec->state_size <= 128 && codec->frame_max == 284);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_published),      cmocka_unit_test (test_explain_rest),
        cmocka_unit_test (test_address),        cmocka_unit_test (test_code_text),
        cmocka_unit_test (test_valve),          cmocka_unit_test (test_write_published),
        cmocka_unit_test (test_write_rest),     cmocka_unit_test (test_write_refused),
        cmocka_unit_test (test_clock),          cmocka_unit_test (test_full),
        cmocka_unit_test (test_profile_points), cmocka_unit_test (test_shipped),
        cmocka_unit_test (test_month_turns),    cmocka_unit_test (test_ser),
        cmocka_unit_test (test_direct),         cmocka_unit_test (test_scan),
        cmocka_unit_test (test_mistakable),     cmocka_unit_test (test_units),
        cmocka_unit_test (test_rows),           cmocka_unit_test (test_contract)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
