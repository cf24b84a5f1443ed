//  DL/T 645: explain against published frames, commands byte for byte, seals, what scan takes, which late answers are
//  dangerous, and every row of the map.
#include "codecs/dlt645/parts.h"
#include "tests/codecs/player.h"

static uint8_t s_bytes[DLT_FRAME_MAX];
static codec_options_t s_options;

static const codec_t *s_codec (void)
{
    return codec_find ("dlt645");
}

//  A frame of that function for or from a meter; data as hex before + 33H.
static bytes_t s_make (const char *address, uint8_t control, const char *hex, uint8_t *out)
{
    dlt_frame_t frame = {.control = control};
    writer_t to = writer_of (out, DLT_FRAME_MAX);
    CHECK_OK (dlt_address_parse (bytes_text (address), frame.address));
    frame.size = (uint8_t) vec_hex (hex, frame.data, sizeof frame.data);
    dlt_write (&to, &frame);
    assert_false (to.failed);
    return writer_bytes (&to);
}

static fep_err_t s_explain (bytes_t frame, bool up, char *text, size_t size)
{
    writer_t out = writer_of (text, size - 1);
    json_t json = json_of (&out);
    fep_err_t error = s_codec ()->explain (frame, up, &s_options, &json);
    text[out.size] = 0;
    return error;
}

//  ---- Published frames ----

//  Without the publisher's notes.
static void s_cut_notes (char *json)
{
    char *at = strstr (json, ",\"note\":");
    if (at) {
        strcpy (at, "}");
    }
}

static bool s_explain_line (const char *line)
{
    static char want[4096], got[4096], hex[1024], direction[40], valid[16], id[40];
    uint8_t bytes[512];
    vec_json (line, "hex", hex, sizeof hex);
    vec_json (line, "id", id, sizeof id);
    vec_json (line, "direction", direction, sizeof direction);
    vec_json (line, "valid", valid, sizeof valid);
    vec_json (line, "decoded", want, sizeof want);
    s_cut_notes (want);
    hex[strlen (hex) - 1] = 0;
    bytes_t frame = {bytes, vec_hex (hex + 1, bytes, sizeof bytes)};
    fep_err_t error = s_explain (frame, strstr (direction, "\"meter") != NULL, got, sizeof got);
    if (strcmp (valid, "true") != 0) {
        CHECK_ERR (error, strstr (id, "d645-082") ? FEP_NOT_MINE : FEP_CHECKSUM);
        return false;
    }
    CHECK_OK (error);
    assert_string_equal (got, want);
    return true;
}

static void test_published (void **state)
{
    (void) state;
    size_t size, valid = 0, invalid = 0;
    char *text = vec_read_file (TESTS_DIR "/vectors/dlt645.jsonl", &size);
    for (char *line = strtok (text, "\n"); line; line = strtok (NULL, "\n")) {
        if (s_explain_line (line)) {
            valid++;
        } else {
            invalid++;
        }
    }
    print_message ("%zu frames as published, %zu refused\n", valid, invalid);
    assert_true (valid == 46 && invalid == 6);
    free (text);
}

//  What stands behind the data of a frame made by us.
static void s_expect (uint8_t control, const char *hex, const char *want)
{
    char got[2048];
    CHECK_OK (s_explain (s_make ("12", control, hex, s_bytes), control & 0x80, got, sizeof got));
    const char *at = strstr (got, "\"data_minus33\":");
    assert_non_null (at);
    at = strchr (at + 15, ',');
    if (strcmp (at ? at + 1 : "}", want) != 0) {
        fail_msg ("%s is not %s", got, want);
    }
}

static void test_explain_rest (void **state)
{
    (void) state;
    s_expect (0x91, "00ff0102 0123 ffff 1123",
              "\"DI\":\"0201FF00\",\"name\":\"voltage block\",\"unit\":\"V\","
              "\"value\":[\"230.1\",null,\"231.1\"]}");
    s_expect (0x91, "00000602 8589",
              "\"DI\":\"02060000\",\"name\":\"PF total\",\"value\":\"-0.985\"}");
    s_expect (0x91, "00010302 563482",
              "\"DI\":\"02030100\",\"name\":\"Pa\",\"unit\":\"kW\",\"value\":\"-2.3456\"}");
    s_expect (0x91, "00020200 00010000",
              "\"DI\":\"00020200\",\"name\":\"rev active energy tariff 02\",\"unit\":\"kWh\","
              "\"value\":\"1.00\"}");
    s_expect (0x91, "00010001", "\"DI\":\"01000100\"}");
    s_expect (0x91, "01000100 00010000", "\"DI\":\"00010001\"}");
    s_expect (0x91, "00000100 0001", "\"DI\":\"00010000\",\"name\":\"fwd active energy total\"}");
    s_expect (0xD4, "04", "\"err_bits\":\"04\"}");
    s_expect (0xD1, "", "}");
    s_expect (0x81, "2090 ffffffff", "\"DI97\":\"9020\",\"value_kWh\":\"raw:ffffffff\"}");
    s_expect (0x81, "1f90 00010000 00010000",
              "\"DI97\":\"901F\",\"values_kWh\":[\"1.00\",\"1.00\"]}");
    s_expect (0xC1, "02", "\"err_bits\":\"02\"}");
    s_expect (0x84, "", "}");
}

static void test_explain_reasons (void **state)
{
    (void) state;
    char text[512];
    bytes_t frame = s_make ("12", 0x91, "00000100 00010000", s_bytes);
    CHECK_OK (s_explain (frame, true, text, sizeof text));
    CHECK_ERR (s_explain (frame, true, text, 50), FEP_LIMIT);
    for (size_t cut = 0; cut < frame.size; cut++) {
        CHECK_ERR (s_explain (bytes_of (frame.data, cut), true, text, sizeof text), FEP_TRUNCATED);
    }
    CHECK_ERR (s_explain (bytes_of (frame.data, frame.size + 1), true, text, sizeof text),
               FEP_NOT_MINE);
    s_bytes[frame.size - 1] = 0x17;
    CHECK_ERR (s_explain (frame, true, text, sizeof text), FEP_NOT_MINE);
    s_bytes[frame.size - 1] = 0x16;
    s_bytes[11]++;
    CHECK_ERR (s_explain (frame, true, text, sizeof text), FEP_CHECKSUM);
}

//  03 and 83 are of both editions.
static void test_editions (void **state)
{
    (void) state;
    static const struct {
        uint8_t control;
        const char *hex;
        bool old;
    } cases[] = {{0x01, "1090", true},
                 {0x81, "1090", true},
                 {0xC1, "02", true},
                 {0x04, "1090", true},
                 {0x0A, "", true},
                 {0x0C, "", true},
                 {0x0F, "", true},
                 {0x10, "", true},
                 {0x03, "", true},
                 {0x83, "1090 00", true},
                 {0x83, "109000", true},
                 {0xC3, "02", false},
                 {0x03, "03000007 00", false},
                 {0x83, "03000007", false},
                 {0x08, "", false},
                 {0x11, "00000100", false},
                 {0x9C, "", false},
                 {0x05, "0000", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dlt_frame_t frame;
        CHECK_OK (dlt_read (s_make ("1", cases[i].control, cases[i].hex, s_bytes), &frame));
        assert_int_equal (dlt_is_old (&frame), cases[i].old);
    }
}

//  ---- Scan ----

static scan_t s_scan (bytes_t window, bytes_t request, bool up, bool quiet)
{
    scan_context_t context = {.up = up, .options = &s_options, .request = request, .quiet = quiet};
    return s_codec ()->scan (&context, window);
}

static void test_scan (void **state)
{
    (void) state;
    uint8_t window[600];
    static const bytes_t none = {NULL, 0};
    bytes_t frame = s_make ("12", 0x91, "02008002 0350", s_bytes);
    memset (window, 0xFE, sizeof window);
    assert_int_equal (s_scan (bytes_of (window, 32), none, true, false).what, SCAN_MORE);
    assert_int_equal (s_scan (bytes_of (window, 33), none, true, false).what, SCAN_SKIP);
    memcpy (window + 32, frame.data, frame.size);
    scan_t scan = s_scan (bytes_of (window, 32 + frame.size), none, true, false);
    assert_true (scan.what == SCAN_FRAME && scan.size == 32 + frame.size);
    assert_int_equal (s_scan (frame, none, false, false).what, SCAN_SKIP);
    //  A false start waits, unless the packet has ended and a frame stands behind it.
    memset (window, 0, sizeof window);
    window[0] = window[7] = 0x68;
    window[9] = 200;
    memcpy (window + 20, frame.data, frame.size);
    assert_int_equal (s_scan (bytes_of (window, 20 + frame.size), none, true, false).what,
                      SCAN_MORE);
    assert_int_equal (s_scan (bytes_of (window, 20 + frame.size), none, true, true).what,
                      SCAN_SKIP);
    assert_int_equal (s_scan (bytes_of (window, 19 + frame.size), none, true, true).what,
                      SCAN_MORE);
    memset (window, 1, sizeof window);
    window[50] = 0x68;
    scan = s_scan (bytes_of (window, 60), none, true, false);
    assert_true (scan.what == SCAN_SKIP && scan.size == 50);
}

static void test_mistakable (void **state)
{
    (void) state;
    static const struct {
        const char *before_address, *next_address;
        uint8_t before_control, next_control;
        const char *before, *next;
        bool danger;
    } cases[] = {{"12", "12", 0x11, 0x11, "00000100", "00000100", false},
                 {"12", "12", 0x11, 0x11, "00000100", "00000200", true},
                 {"12", "13", 0x11, 0x11, "00000100", "00000200", false},
                 {"12", "AAAAAAAAAAAA", 0x11, 0x11, "00000100", "00000100", true},
                 {"AAAAAAAAAAAA", "12", 0x11, 0x11, "00000100", "00000100", true},
                 {"12", "12", 0x11, 0x12, "00000100", "0000010001", false},
                 {"12", "12", 0x12, 0x12, "0000010001", "0000010002", true},
                 {"12", "12", 0x1C, 0x1C, "01", "02", true},
                 {"12", "12", 0x14, 0x1C, "01", "02", false},
                 {"999999999999", "999999999999", 0x16, 0x16, "01", "02", false},
                 {"12", "12", 0x08, 0x08, "01", "02", false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t other[DLT_FRAME_MAX];
        bytes_t before =
            s_make (cases[i].before_address, cases[i].before_control, cases[i].before, s_bytes);
        bytes_t next = s_make (cases[i].next_address, cases[i].next_control, cases[i].next, other);
        if (s_codec ()->mistakable (before, next) != cases[i].danger) {
            fail_msg ("case %zu", i);
        }
    }
    assert_false (s_codec ()->mistakable (bytes_text ("x"), bytes_text ("y")));
}

//  ---- Commands ----

//  Profile from text; the meter is asked with it from now on.
static void s_profile (player_t *player, const char *address, const char *lines)
{
    char text[400];
    snprintf (text, sizeof text, "profile p\ncodec dlt645\nsetting preamble 0\n%s", lines);
    player_clear (player);
    player_meter_text (player, address, text);
}

//  The next frame of the request is this one; as published, in the end.
static void s_sends (player_t *player, request_t *request, const char *hex)
{
    uint8_t want[DLT_FRAME_MAX];
    size_t size = vec_hex (hex, want, sizeof want);
    player->send.size = 0;
    CHECK_OK (s_codec ()->encode (player->state, request, &player->io));
    assert_int_equal (player->send.size, size);
    assert_memory_equal (player->sent, want, size);
}

static void s_sends_frame (player_t *player, request_t *request, const char *address,
                           uint8_t control, const char *data)
{
    uint8_t want[DLT_FRAME_MAX];
    bytes_t frame = s_make (address, control, data, want);
    player->send.size = 0;
    CHECK_OK (s_codec ()->encode (player->state, request, &player->io));
    assert_int_equal (player->send.size, frame.size);
    assert_memory_equal (player->sent, frame.data, frame.size);
}

static fep_err_t s_refuses (player_t *player, request_t *request)
{
    request_t before = *request;
    player->send.size = 0;
    fep_err_t error = s_codec ()->encode (player->state, request, &player->io);
    assert_int_not_equal (error, FEP_OK);
    assert_int_equal (player->send.size, 0);
    assert_int_equal (request->done, before.done);
    assert_int_equal (request->finished, before.finished);
    return error;
}

//  Published: d645-001 and d645-029.
static void test_clock (void **state)
{
    (void) state;
    player_t player = player_new (s_codec ());
    s_profile (&player, "201000000012", "");
    request_t request = {.kind = REQUEST_CLOCK};
    player.io.wall_ms = 1496629371000;
    s_sends (&player, &request, "68999999999999680806 84554338394a 4b16");
    assert_true (request.finished && player.io.answer == ANSWER_DONE);
    request = (request_t){.kind = REQUEST_CLOCK};
    player.io.wall_ms = 1575707280000;
    s_sends (&player, &request, "68999999999999680806 335b493a454c 1616");
    CHECK_ERR (s_refuses (&player, &request), FEP_NOT_FOUND);
    player_free (&player);
}

static void test_operate (void **state)
{
    (void) state;
    static const struct {
        operation_t operation;
        const char *command;
    } commands[] = {{OPERATION_TRIP, "1a"},      {OPERATION_PERMIT_CLOSE, "1b"},
                    {OPERATION_CLOSE, "1c"},     {OPERATION_ALARM, "2a"},
                    {OPERATION_ALARM_END, "2b"}, {OPERATION_KEEP, "3a"},
                    {OPERATION_KEEP_END, "3b"}};
    player_t player = player_new (s_codec ());
    char data[80];
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        //  Level 04, password 123456, operator 87654321; ten minutes from 06:13:20.
        s_profile (&player, "201000000012",
                   "setting password 4123456\nsetting operator 87654321\n");
        request_t request = {.kind = REQUEST_OPERATE, .operation = (uint8_t) commands[i].operation};
        snprintf (data, sizeof data, "04 563412 21436587 %s00 202306151123", commands[i].command);
        s_sends_frame (&player, &request, "201000000012", 0x1C, data);
        assert_true (request.finished && player.io.answer == ANSWER_NONE);
    }
    //  Zeros for a password, and an end that was asked for.
    s_profile (&player, "201000000012", "setting password 4123456\nsetting seal 0\n");
    request_t request = {
        .kind = REQUEST_OPERATE, .operation = OPERATION_TRIP, .until_ms = 1700000060000};
    s_sends_frame (&player, &request, "201000000012", 0x1C, "00000000 00000000 1a00 201406151123");
    request = (request_t){.kind = REQUEST_OPERATE, .operation = OPERATION_FREEZE};
    s_sends_frame (&player, &request, "201000000012", 0x16, "99999999");
    for (unsigned operation = 0; operation < 256; operation++) {
        request = (request_t){.kind = REQUEST_OPERATE, .operation = (uint8_t) operation};
        bool known = operation >= OPERATION_TRIP && operation <= OPERATION_KEEP_END;
        if (!known && operation != OPERATION_FREEZE) {
            CHECK_ERR (s_refuses (&player, &request), FEP_UNSUPPORTED);
        }
    }
    request = (request_t){.kind = REQUEST_SELECT, .operation = OPERATION_TRIP};
    CHECK_ERR (s_refuses (&player, &request), FEP_UNSUPPORTED);
    player_free (&player);
}

static void test_operate_refused (void **state)
{
    (void) state;
    player_t player = player_new (s_codec ());
    s_profile (&player, "999999999999", "");
    request_t request = {.kind = REQUEST_OPERATE, .operation = OPERATION_TRIP};
    CHECK_ERR (s_refuses (&player, &request), FEP_RANGE);
    request = (request_t){.kind = REQUEST_OPERATE, .operation = OPERATION_FREEZE};
    s_sends_frame (&player, &request, "999999999999", 0x16, "99999999");
    assert_int_equal (player.io.answer, ANSWER_DONE);
    s_profile (&player, "12", "setting edition 1997\n");
    for (operation_t operation = OPERATION_TRIP; operation < OPERATION_COUNT; operation++) {
        request = (request_t){.kind = REQUEST_OPERATE, .operation = (uint8_t) operation};
        CHECK_ERR (s_refuses (&player, &request), FEP_UNSUPPORTED);
    }
    player_free (&player);
}

static void test_write (void **state)
{
    (void) state;
    player_t player = player_new (s_codec ());
    s_profile (&player, "12", "setting operator 1\n");
    request_t request = {.kind = REQUEST_WRITE, .point_count = 3};
    assert_true (point_parse ("demand.period_min", &request.points[0]));
    assert_true (point_parse ("time.clock", &request.points[1]));
    assert_true (point_parse ("ratio.current", &request.points[2]));
    request.values[0] = value_decimal (150, -1, 0);
    request.values[1] = value_decimal (1700000000, 0, 0);
    request.values[2] = value_decimal (12, 2, 0);
    s_sends_frame (&player, &request, "12", 0x14, "03010004 02000000 01000000 15");
    assert_true (!request.finished && player.io.answer == ANSWER_NONE);
    s_sends_frame (&player, &request, "12", 0x14, "01010004 02000000 01000000 03151123");
    s_sends_frame (&player, &request, "12", 0x14, "02010004 02000000 01000000 201306");
    assert_false (request.finished);
    s_sends_frame (&player, &request, "12", 0x14, "06030004 02000000 01000000 001200");
    assert_true (request.finished);
    s_profile (&player, "12", "setting edition 1997\n");
    request.point_count = 1;
    request.done = 0;
    request.finished = false;
    request.points[0] = request.points[1];
    request.values[0] = request.values[1];
    s_sends_frame (&player, &request, "12", 0x04, "10c0 02000000 03151123");
    s_sends_frame (&player, &request, "12", 0x04, "11c0 02000000 201306");
    assert_true (request.finished);
    player_free (&player);
}

static void test_write_refused (void **state)
{
    (void) state;
    static const struct {
        const char *point;
        value_t value;
        fep_err_t error;
    } cases[] = {
        {"demand.period_min", {.mantissa = 100, .kind = VALUE_DECIMAL}, FEP_RANGE},
        {"demand.period_min", {.mantissa = -1, .kind = VALUE_DECIMAL}, FEP_RANGE},
        {"demand.period_min", {.mantissa = 155, .exponent = -1, .kind = VALUE_DECIMAL}, FEP_RANGE},
        {"demand.period_min", {.mantissa = 1, .exponent = 19, .kind = VALUE_DECIMAL}, FEP_RANGE},
        {"demand.period_min", {.real = 15, .kind = VALUE_FLOAT}, FEP_RANGE},
        {"time.clock", {.mantissa = 1, .kind = VALUE_DECIMAL}, FEP_RANGE},
        {"time.clock", {.mantissa = 17, .exponent = 8, .kind = VALUE_DECIMAL}, FEP_RANGE},
        {"voltage.l1_V", {.mantissa = 1, .kind = VALUE_DECIMAL}, FEP_UNSUPPORTED}};
    player_t player = player_new (s_codec ());
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        s_profile (&player, "12", "");
        request_t request = {.kind = REQUEST_WRITE, .point_count = 1};
        assert_true (point_parse (cases[i].point, &request.points[0]));
        request.values[0] = cases[i].value;
        CHECK_ERR (s_refuses (&player, &request), cases[i].error);
        //  Behind a good one: that one does not go either.
        request.points[1] = request.points[0];
        request.values[1] = request.values[0];
        assert_true (point_parse ("ratio.current", &request.points[0]));
        request.values[0] = value_decimal (12, 2, 0);
        request.point_count = 2;
        CHECK_ERR (s_refuses (&player, &request), cases[i].error);
        request.point_count = 0;
        CHECK_ERR (s_refuses (&player, &request), FEP_RANGE);
        request.point_count = REQUEST_VALUES_MAX + 1;
        CHECK_ERR (s_refuses (&player, &request), FEP_RANGE);
    }
    player_free (&player);
}

//  What is sealed, and that it is put in place of the data.
static void test_seal (void **state)
{
    (void) state;
    uint8_t room[128], want[128];
    player_t player = player_new (s_codec ());
    s_profile (&player, "201000000012",
               "setting seal 2\nsetting password 4123456\nsetting operator 87654321\n");
    request_t request = {.kind = REQUEST_OPERATE, .operation = OPERATION_TRIP};
    CHECK_ERR (s_refuses (&player, &request), FEP_UNSUPPORTED);
    writer_t seal = writer_of (room, sizeof room);
    player.io.seal = &seal;
    CHECK_ERR (s_refuses (&player, &request), FEP_NEEDS_SEAL);
    size_t size =
        vec_hex ("1c 120000001020 00000000 21436587 1a00 202306151123", want, sizeof want);
    assert_int_equal (seal.size, size);
    assert_memory_equal (room, want, size);
    player.io.sealed = bytes_of (want, vec_hex ("98000000 21436587 00112233", want, sizeof want));
    s_sends_frame (&player, &request, "201000000012", 0x1C, "98000000 21436587 00112233");
    request = (request_t){.kind = REQUEST_OPERATE, .operation = OPERATION_TRIP};
    uint8_t large[DLT_PASS_MAX + 1] = {0};
    player.io.sealed = bytes_of (large, sizeof large);
    CHECK_ERR (s_refuses (&player, &request), FEP_RANGE);
    //  Without a seal of its own a freeze needs none.
    request = (request_t){.kind = REQUEST_OPERATE, .operation = OPERATION_FREEZE};
    s_sends_frame (&player, &request, "201000000012", 0x16, "99999999");
    player_free (&player);
}

//  ---- The map ----

//  Every part of every row, by its own DI.
static void test_rows (void **state)
{
    (void) state;
    for (size_t i = 0; i < dlt_row_count; i++) {
        const dlt_row_t *row = &dlt_rows[i];
        for (unsigned part = 0; part < 3; part++) {
            static const uint8_t parts[] = {1, 2, DLT_EACH};
            uint8_t member = row->repeat == DLT_LIST && part == 0 ? 0 : parts[part];
            dlt_item_t item = {.row = row, .tariff = member, .member = member, .nth = 1}, got;
            item.period = row->period;
            if (row->repeat == DLT_LIST && member != DLT_EACH && member >= row->count) {
                continue;
            }
            dlt_part_t first;
            assert_true (dlt_item (row->old, dlt_item_di (&item), &got));
            assert_ptr_equal (got.row, row);
            assert_true (dlt_item_part (&got, 0, &first));
            assert_true (first.field->size <= DLT_FIELD_MAX);
            assert_non_null (point_find (first.point));
            assert_int_equal (dlt_item_di (&got), dlt_item_di (&item));
        }
    }
}

//  Members are counted from 1 where the standard does: there is none before the first.
static void test_members (void **state)
{
    (void) state;
    dlt_item_t item;
    assert_false (dlt_item (false, 0x02010000, &item));
    assert_true (dlt_item (false, 0x02010100, &item));
    assert_false (dlt_item (false, 0x04000500, &item));
    assert_true (dlt_item (false, 0x04000501, &item));
    assert_false (dlt_item (true, 0xB610, &item));
    assert_true (dlt_item (true, 0xB611, &item));
}

//  Every point of the map that is not only heard can be read.
static void test_every_point (void **state)
{
    (void) state;
    player_t player = player_new (s_codec ());
    size_t count = 0;
    for (size_t i = 0; i < dlt_row_count; i++) {
        const dlt_row_t *row = &dlt_rows[i];
        s_profile (&player, "12", row->old ? "setting edition 1997\n" : "");
        for (size_t f = 0; f < row->count && !row->only_heard; f++) {
            bool day = row->freeze == FREEZE_DAY;
            request_t request = {.kind = day ? REQUEST_READ_FROZEN : REQUEST_READ,
                                 .freeze = row->freeze,
                                 .from_ms = 1699977600000,
                                 .to_ms = 1699977600000,
                                 .point_count = 1,
                                 .points = {dlt_fields[row->first + f].point}};
            if (row->freeze && !day) {
                continue;
            }
            if (row->period) {
                request.kind = REQUEST_READ_FROZEN;
                request.freeze = FREEZE_MONTH;
                request.from_ms = request.to_ms = row->period == 1 ? 1698768000000 : 1696089600000;
            }
            player.send.size = 0;
            memset (player.state, 0, s_codec ()->state_size);
            CHECK_OK (s_codec ()->encode (player.state, &request, &player.io));
            count++;
        }
    }
    print_message ("%zu points of %u rows\n", count, dlt_row_count);
    assert_true (count > 100);
    player_free (&player);
}

//  The profiles that come with it ask for nothing it has no DI for.
static void test_shipped_profiles (void **state)
{
    (void) state;
    static const char *const names[] = {"dlt645_single_phase", "dlt645_three_phase"};
    player_t player = player_new (s_codec ());
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[512];
        size_t size, frames = 0;
        profile_fault_t fault;
        snprintf (path, sizeof path, "%s/../profiles/%s.profile", TESTS_DIR, names[i]);
        char *text = vec_read_file (path, &size);
        player_clear (&player);
        player_meter (&player, "201000000012", "-");
        CHECK_OK (profile_parse (bytes_of (text, size), &player.profile, &fault));
        player.meter.profile = player.profile;
        request_t request = {.kind = REQUEST_READ};
        for (; !request.finished; frames++) {
            player.send.size = 0;
            CHECK_OK (s_codec ()->encode (player.state, &request, &player.io));
        }
        assert_true (frames > 1 && frames <= player.profile->point_count);
        free (text);
    }
    player_free (&player);
}

//  ---- Exchanges ----

//  More than the data there are, and still more: none of it is taken for their beginning.
static void test_behind_the_end (void **state)
{
    (void) state;
    player_t player = player_new (s_codec ());
    uint8_t answer[DLT_FRAME_MAX];
    s_profile (&player, "12", "");
    request_t request = {.kind = REQUEST_READ, .point_count = 1};
    assert_true (point_parse ("energy.active.import.total_kWh", &request.points[0]));
    for (unsigned frames = 0; frames < 2; frames++) {
        request.done = 0;
        request.finished = false;
        player.send.size = 0;
        CHECK_OK (s_codec ()->encode (player.state, &request, &player.io));
        player_flight (&player, writer_bytes (&player.send));
        player_decode (&player, frames ? s_make ("12", 0x92, "00000100 11111111 01", answer)
                                       : s_make ("12", 0xB1,
                                                 "00000100 78563412 22222222 33333333"
                                                 "44444444",
                                                 answer));
        assert_int_equal (player.refused, FEP_OK);
    }
    size_t readings = 0;
    for (size_t i = 0; i < player.batch->message_count; i++) {
        readings += player.batch->messages[i].kind == MESSAGE_READING;
    }
    assert_int_equal (player.batch->message_count, 2);
    assert_int_equal (readings, 0);
    player_free (&player);
}

static void test_too_many_frames (void **state)
{
    (void) state;
    player_t player = player_new (s_codec ());
    char data[40];
    s_profile (&player, "12", "");
    request_t request = {.kind = REQUEST_READ, .point_count = 2};
    assert_true (point_parse ("energy.active.import.total_kWh", &request.points[0]));
    assert_true (point_parse ("energy.active.import.t1_kWh", &request.points[1]));
    for (unsigned frames = 0; frames <= DLT_FOLLOWS_MAX; frames++) {
        uint8_t answer[DLT_FRAME_MAX];
        request.done = 0;
        request.finished = false;
        player.send.size = 0;
        CHECK_OK (s_codec ()->encode (player.state, &request, &player.io));
        player_flight (&player, writer_bytes (&player.send));
        snprintf (data, sizeof data, frames ? "00ff0100 %02x" : "00ff0100", frames);
        player_decode (&player, s_make ("12", frames ? 0xB2 : 0xB1, data, answer));
        assert_int_equal (player.refused, FEP_OK);
        assert_int_equal (player.answer, frames < DLT_FOLLOWS_MAX ? ANSWER_AGAIN : ANSWER_DONE);
    }
    assert_int_equal (player.batch->message_count, 1);
    assert_int_equal (player.batch->messages[0].kind, MESSAGE_EVENT);
    player_free (&player);
}

//  A connection of one meter: nobody's exchange, its own frames only.
static void test_own_connection (void **state)
{
    (void) state;
    player_t player = player_new (s_codec ());
    player_clear (&player);
    player.io.address = bytes_text ("201000000012");
    player_feed (&player, s_make ("201000000013", 0x91, "02008002 0350", s_bytes));
    assert_int_equal (player.refused, FEP_NOT_MINE);
    player_feed (&player, s_make ("201000000012", 0x91, "02008002 0350", s_bytes));
    assert_int_equal (player.refused, FEP_OK);
    assert_int_equal (player.batch->message_count, 1);
    assert_int_equal (player.batch->messages[0].mp, 0);
    request_t request = {.kind = REQUEST_READ, .point_count = 1};
    assert_true (point_parse ("frequency_Hz", &request.points[0]));
    s_sends_frame (&player, &request, "201000000012", 0x11, "02008002");
    player_free (&player);
}

static void test_without_room (void **state)
{
    (void) state;
    player_t player = player_new (s_codec ());
    dlt_state_t zero = {0};
    s_profile (&player, "12", "");
    request_t request = {.kind = REQUEST_READ, .point_count = 1};
    assert_true (point_parse ("frequency_Hz", &request.points[0]));
    player.send = writer_of (player.sent, 10);
    CHECK_ERR (s_codec ()->encode (player.state, &request, &player.io), FEP_FULL);
    assert_memory_equal (player.state, &zero, sizeof zero);
    assert_true (request.done == 0 && !request.finished);
    player_free (&player);
}

//  A refusal of everything ends after DLT_ABSENT_MAX of them.
static void test_refuses_everything (void **state)
{
    (void) state;
    player_t player = player_new (s_codec ());
    static const char *const points[] = {
        "frequency_Hz",        "battery.clock_V",   "battery.reading_V", "battery.working_min",
        "meter.temperature_C", "power_loss.count",  "relay.trip.count",  "relay.close.count",
        "balance.money_yuan",  "balance.energy_kWh"};
    s_profile (&player, "12", "");
    request_t request = {.kind = REQUEST_READ, .point_count = 10};
    for (size_t i = 0; i < 10; i++) {
        assert_true (point_parse (points[i], &request.points[i]));
    }
    for (size_t i = 0; i <= DLT_ABSENT_MAX; i++) {
        player.send.size = 0;
        CHECK_OK (s_codec ()->encode (player.state, &request, &player.io));
        player_flight (&player, writer_bytes (&player.send));
        player_decode (&player, s_make ("12", 0xD1, "02", s_bytes));
        assert_int_equal (player.answer, i < DLT_ABSENT_MAX ? ANSWER_DONE : ANSWER_REFUSED);
    }
    player_free (&player);
}

//  Days of 23 and 25 hours are days: Berlin, the end of March and of October 2023.
static void test_summer_time (void **state)
{
    (void) state;
    zone_t zone;
    player_t player = player_new (s_codec ());
    CHECK_OK (zone_parse ("CET-1CEST,M3.5.0,M10.5.0/3", &zone));
    s_profile (&player, "12", "");
    player.options.zone = &zone;
    player.io.wall_ms = 1698620400000;  //  2023-10-30 00:00 +01:00
    request_t request = {.kind = REQUEST_READ_FROZEN,
                         .freeze = FREEZE_DAY,
                         .point_count = 1,
                         .points = {POINT (1, 0, 1, 8, 0)},
                         .from_ms = 1698530400000,  //  2023-10-29 00:00 +02:00
                         .to_ms = 1698620400000};
    s_sends_frame (&player, &request, "12", 0x11, "02000605");
    player_flight (&player, writer_bytes (&player.send));
    player_decode (&player, s_make ("12", 0x91, "02000605 0000291023", s_bytes));
    s_sends_frame (&player, &request, "12", 0x11, "02010605");
    player_flight (&player, writer_bytes (&player.send));
    player_decode (&player, s_make ("12", 0x91, "02010605 00010000", s_bytes));
    s_sends_frame (&player, &request, "12", 0x11, "01000605");
    player_flight (&player, writer_bytes (&player.send));
    player_decode (&player, s_make ("12", 0x91, "01000605 0000301023", s_bytes));
    s_sends_frame (&player, &request, "12", 0x11, "01010605");
    assert_true (request.finished);
    player_flight (&player, writer_bytes (&player.send));
    player_decode (&player, s_make ("12", 0x91, "01010605 00010000", s_bytes));
    assert_int_equal (player.batch->message_count, 4);
    assert_int_equal (player.batch->messages[1].time_ms, 1698530400000);
    assert_int_equal (player.batch->messages[3].time_ms, 1698620400000);
    assert_int_equal (player.batch->items[3].value.quality, QUALITY_SECONDARY);
    player_free (&player);
}

static void test_code_text (void **state)
{
    (void) state;
    const codec_t *codec = s_codec ();
    assert_string_equal (codec->code_text (0), "no reason given");
    assert_string_equal (codec->code_text (0x02), "no such data");
    assert_string_equal (codec->code_text (0x04), "not authorised");
    assert_string_equal (codec->code_text (0xFE), "several errors");
    for (unsigned code = 0; code < 256; code++) {
        assert_non_null (codec->code_text ((uint8_t) code));
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_published),
                                       cmocka_unit_test (test_explain_rest),
                                       cmocka_unit_test (test_explain_reasons),
                                       cmocka_unit_test (test_editions),
                                       cmocka_unit_test (test_scan),
                                       cmocka_unit_test (test_mistakable),
                                       cmocka_unit_test (test_clock),
                                       cmocka_unit_test (test_operate),
                                       cmocka_unit_test (test_operate_refused),
                                       cmocka_unit_test (test_write),
                                       cmocka_unit_test (test_write_refused),
                                       cmocka_unit_test (test_seal),
                                       cmocka_unit_test (test_rows),
                                       cmocka_unit_test (test_members),
                                       cmocka_unit_test (test_every_point),
                                       cmocka_unit_test (test_shipped_profiles),
                                       cmocka_unit_test (test_behind_the_end),
                                       cmocka_unit_test (test_too_many_frames),
                                       cmocka_unit_test (test_own_connection),
                                       cmocka_unit_test (test_without_room),
                                       cmocka_unit_test (test_refuses_everything),
                                       cmocka_unit_test (test_summer_time),
                                       cmocka_unit_test (test_code_text)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
