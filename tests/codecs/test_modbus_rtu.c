//  Modbus RTU: explain against published frames, published values of every type, what scan takes and drops with a
//  request in flight, which blocks are read, splitting, and which late answers are dangerous.
#include "codecs/modbus_rtu/parts.h"
#include "fep/crc.h"
#include "tests/codecs/player.h"
#include "tests/codecs/published.h"

static uint8_t s_frame[512];
static codec_options_t s_options;

//  Hex and the CRC behind it, in s_frame or in a frame of the caller's.
static bytes_t s_make (const char *hex, uint8_t *out)
{
    size_t size = vec_hex (hex, out, MODBUS_FRAME_MAX);
    uint16_t crc = crc_modbus (bytes_of (out, size));
    out[size] = (uint8_t) crc;
    out[size + 1] = (uint8_t) (crc >> 8);
    return bytes_of (out, size + 2);
}

static const codec_t *s_codec (void)
{
    return codec_find ("modbus_rtu");
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

static const char *const s_derived[] = {"note", "int32_abcd", "scaled", "stream", NULL};

static void s_explain_line (const char *line, bool pdu)
{
    static char want[4096], got[8192], hex[1024], direction[40], valid[16], id[40];
    vec_json (line, "hex", hex, sizeof hex);
    vec_json (line, "id", id, sizeof id);
    vec_json (line, "direction", direction, sizeof direction);
    vec_json (line, "valid", valid, sizeof valid);
    vec_json (line, "decoded", want, sizeof want);
    hex[strlen (hex) - 1] = 0;
    bytes_t frame = {s_frame, vec_hex (hex + 1, s_frame, sizeof s_frame)};
    bool up = strcmp (direction, "\"up\"") == 0;
    if (pdu) {
        char with_unit[1024];
        snprintf (with_unit, sizeof with_unit, "01%.1000s", hex + 1);
        frame = s_make (with_unit, s_frame);
    }
    if (strstr (want, "\"stream\"")) {
        return;
    }
    fep_err_t error = s_explain (frame, up, got, sizeof got);
    if (strcmp (valid, "true") != 0) {
        CHECK_ERR (error, strstr (id, "075") ? FEP_IMPLAUSIBLE : FEP_CHECKSUM);
        return;
    }
    CHECK_OK (error);
    assert_true (published_compare (want, got, s_derived) >= 3);
}

//  Type, order and raw bytes of a published value through a profile of one row.
static void s_point_line (player_t *player, const char *line)
{
    char hex[40], type[16], order[16], scale[16], value[24], text[200], answer[60], name[40];
    uint8_t request[16];
    vec_json (line, "hex", hex, sizeof hex);
    vec_json (line, "type", type, sizeof type);
    vec_json (line, "order", order, sizeof order);
    vec_json (line, "scale", scale, sizeof scale);
    vec_json (line, "value", value, sizeof value);
    snprintf (text, sizeof text,
              "profile p\ncodec modbus_rtu\nregister frequency_Hz 3 7 %.*s order=%.4s scale=%s\n",
              (int) strlen (type) - 2, type + 1, order + 1, scale);
    player_clear (player);
    player_meter_text (player, "1", text);
    player_flight (player, s_make ("01 03 00 07 00 02", request));
    snprintf (answer, sizeof answer, "010304%.8s", hex + 1);
    player_feed (player, s_make (answer, s_frame));
    assert_int_equal (player->batch->item_count, 1);
    value_text (&player->batch->items[0].value, name, sizeof name);
    assert_true (atof (name) > atof (value) - 1e-9 && atof (name) < atof (value) + 1e-9);
    assert_true (strchr (type, 'f') || player->batch->items[0].value.kind == VALUE_DECIMAL);
}

static void test_published (void **state)
{
    (void) state;
    size_t size, frames = 0, pdus = 0, points = 0;
    char *text = vec_read_file (TESTS_DIR "/vectors/modbus_rtu.jsonl", &size);
    player_t player = player_new (s_codec ());
    for (char *line = strtok (text, "\n"); line; line = strtok (NULL, "\n")) {
        char protocol[40];
        vec_json (line, "protocol", protocol, sizeof protocol);
        if (strcmp (protocol, "\"modbus-point\"") == 0) {
            s_point_line (&player, line);
            points++;
        } else {
            bool pdu = strcmp (protocol, "\"modbus-pdu\"") == 0;
            s_explain_line (line, pdu);
            pdus += pdu;
            frames += !pdu;
        }
    }
    assert_true (frames == 39 && pdus == 2 && points == 6);
    player_free (&player);
    free (text);
}

static void test_explain_rest (void **state)
{
    (void) state;
    char got[4096];
    CHECK_OK (s_explain (s_make ("11 0f 00 13 00 0a 02 cd 01", s_frame), false, got, sizeof got));
    assert_string_equal (got, "{\"unit\":17,\"fc\":15,\"start\":19,\"quantity\":10,"
                              "\"bits\":[1,0,1,1,0,0,1,1,1,0],\"crc\":\"ok\"}");
    CHECK_ERR (s_explain (s_make ("f7 ab 0b", s_frame), true, got, sizeof got), FEP_NOT_MINE);
    CHECK_OK (s_explain (s_make ("f7 83 63", s_frame), true, got, sizeof got));
    assert_non_null (strstr (got, "\"exception\":99,\"exception_name\":\"unknown\""));
    CHECK_OK (s_explain (s_make ("f7 83 0b", s_frame), true, got, sizeof got));
    assert_non_null (strstr (got, "gateway target failed to respond"));
    bytes_t frame = s_make ("01 03 00 00 00 7e", s_frame);
    CHECK_OK (s_explain (frame, false, got, sizeof got));
    assert_non_null (strstr (got, "\"quantity\":126,\"quantity_in_range\":false"));
    CHECK_ERR (s_explain (bytes_of (frame.data, 7), false, got, sizeof got), FEP_TRUNCATED);
    CHECK_ERR (s_explain (bytes_of (frame.data, 1), false, got, sizeof got), FEP_TRUNCATED);
    CHECK_ERR (s_explain (s_make ("01 03 00 00 00 01", s_frame), false, got, 20), FEP_LIMIT);
}

static void test_address (void **state)
{
    (void) state;
    char text[ADDRESS_MAX + 1];
    static const char *const hex[] = {"00 83 02", "09 83 02", "10 83 02", "ff 83 02"};
    static const char *const want[] = {"0", "9", "16", "255"};
    for (size_t i = 0; i < 4; i++) {
        CHECK_OK (s_codec ()->address (s_make (hex[i], s_frame), true, &s_options, text));
        assert_string_equal (text, want[i]);
    }
    CHECK_ERR (s_codec ()->address (bytes_of (s_frame, 1), true, &s_options, text), FEP_TRUNCATED);
}

//  ---- Scan ----

static scan_t s_scan (const char *request, bool quiet, bytes_t window)
{
    uint8_t flight[MODBUS_FRAME_MAX + 2];
    scan_context_t context = {.up = true, .options = &s_options, .quiet = quiet};
    if (request) {
        context.request = s_make (request, flight);
    }
    uint8_t *copy = malloc (window.size ? window.size : 1);
    assert_non_null (copy);
    memcpy (copy, window.data, window.size);
    scan_t scan = s_codec ()->scan (&context, bytes_of (copy, window.size));
    free (copy);
    return scan;
}

static void s_expect (const char *request, bool quiet, bytes_t window, scan_what_t what,
                      size_t size, fep_err_t reason)
{
    scan_t scan = s_scan (request, quiet, window);
    if (scan.what != what || scan.size != size || scan.reason != reason) {
        fail_msg ("%s, %zu bytes: %d %zu %s", request ? request : "none", window.size, scan.what,
                  scan.size, fep_err_name (scan.reason));
    }
}

static void test_scan_answers (void **state)
{
    (void) state;
    static const struct {
        const char *request, *answer;
    } pairs[] = {{"11 01 01 30 00 25", "11 01 05 cd 6b b2 0e 1b"},
                 {"11 02 01 c4 00 16", "11 02 03 ac db 35"},
                 {"11 03 00 6b 00 03", "11 03 06 02 2b 00 00 00 64"},
                 {"11 04 00 08 00 01", "11 04 02 00 0a"},
                 {"11 05 00 ac ff 00", "11 05 00 ac ff 00"},
                 {"11 06 01 60 12 34", "11 06 01 60 12 34"},
                 {"11 0f 00 13 00 0a 02 cd 01", "11 0f 00 13 00 0a"},
                 {"11 10 01 60 00 03 06 12 34 ab cd 01 02", "11 10 01 60 00 03"},
                 {"11 16 01 60 00 f2 00 25", "11 16 01 60 00 f2 00 25"},
                 {"11 17 01 60 00 03 01 61 00 02 04 12 34 ab cd", "11 17 06 00 35 12 34 ab cd"}};
    enum { COUNT = sizeof pairs / sizeof *pairs };
    for (size_t i = 0; i < COUNT; i++) {
        bytes_t answer = s_make (pairs[i].answer, s_frame);
        for (size_t n = 0; n < answer.size; n++) {
            s_expect (pairs[i].request, false, bytes_of (answer.data, n), SCAN_MORE, 0, FEP_OK);
            s_expect (pairs[i].request, true, bytes_of (answer.data, n), SCAN_MORE, 0, FEP_OK);
        }
        s_expect (pairs[i].request, false, answer, SCAN_FRAME, answer.size, FEP_OK);
        s_expect (NULL, false, answer, SCAN_FRAME, answer.size, FEP_OK);
        for (size_t k = 0; k < COUNT; k++) {
            scan_t scan = s_scan (pairs[k].request, false, answer);
            assert_true ((scan.what == SCAN_FRAME) == (k == i));
        }
        char hex[16];
        snprintf (hex, sizeof hex, "11 %02x 02", s_frame[1] | 0x80u);
        bytes_t refusal = s_make (hex, s_frame);
        s_expect (pairs[i].request, false, refusal, SCAN_FRAME, 5, FEP_OK);
        s_frame[4] ^= 1;
        s_expect (pairs[i].request, false, refusal, SCAN_SKIP, 1, FEP_CHECKSUM);
    }
}

static void test_scan_refusals (void **state)
{
    (void) state;
    const char *request = "11 03 00 6b 00 01";
    bytes_t good = s_make ("11 03 02 12 34", s_frame);
    for (size_t i = 0; i < good.size; i++) {
        s_frame[i] ^= 0x40;
        s_expect (request, false, good, SCAN_SKIP, 1, i < 3 ? FEP_NOT_MINE : FEP_CHECKSUM);
        s_frame[i] ^= 0x40;
    }
    //  modbus-rtu-042, -011: a wrong CRC is CHECKSUM. -075: a frame, but IMPLAUSIBLE (see test_published).
    scan_context_t down = {.up = false, .options = &s_options};
    bytes_t frame = {s_frame, vec_hex ("0103500000185408", s_frame, sizeof s_frame)};
    assert_int_equal (s_codec ()->scan (&down, frame).reason, FEP_CHECKSUM);
    frame.size = vec_hex ("0083029121", s_frame, sizeof s_frame);
    s_expect (NULL, false, frame, SCAN_SKIP, 1, FEP_CHECKSUM);
    s_expect ("00 03 00 00 00 01", false, frame, SCAN_SKIP, 1, FEP_CHECKSUM);
    s_expect (NULL, false, bytes_of ("\x11\x2b\x0e", 3), SCAN_SKIP, 1, FEP_NOT_MINE);
    s_expect (NULL, false, bytes_of ("\x11\x03\xff", 3), SCAN_SKIP, 1, FEP_IMPLAUSIBLE);
    s_expect (NULL, false, bytes_of ("\x11", 1), SCAN_MORE, 0, FEP_OK);
    s_expect (NULL, true, bytes_of ("\x11", 1), SCAN_SKIP, 1, FEP_NOT_MINE);
    s_expect (NULL, true, bytes_of ("", 0), SCAN_MORE, 0, FEP_OK);
    s_expect ("11 03 00 6b 00 00", false, bytes_of ("\x11", 1), SCAN_SKIP, 1, FEP_NOT_MINE);
}

//  A refusal behind what begins like the answer: without a pause it might still be the answer.
static void test_scan_quiet (void **state)
{
    (void) state;
    const char *request = "11 03 00 6b 00 03";
    uint8_t window[16] = {0x11, 0x03, 0x06};
    bytes_t refusal = s_make ("11 83 04", window + 3);
    bytes_t whole = {window, 3 + refusal.size};
    s_expect (request, false, whole, SCAN_MORE, 0, FEP_OK);
    s_expect (request, true, whole, SCAN_SKIP, 1, FEP_NOT_MINE);
    s_expect (request, true, bytes_of (window, whole.size - 1), SCAN_MORE, 0, FEP_OK);
    s_expect (request, true, bytes_of (window + 3, refusal.size), SCAN_FRAME, 5, FEP_OK);
}

static uint32_t s_random_state = 11;

static uint8_t s_random (void)
{
    s_random_state = s_random_state * 1664525u + 1013904223u;
    return (uint8_t) (s_random_state >> 16);
}

//  Noise of any length in front, often with beginnings of the answer in it: the answer is found, once.
static void test_scan_noise (void **state)
{
    (void) state;
    player_t player = player_new (s_codec ());
    uint8_t request[16], bytes[200];
    for (unsigned round = 0; round < 3000; round++) {
        player_clear (&player);
        player_meter (&player, "17", "-");
        player_flight (&player, s_make ("11 03 00 6b 00 03", request));
        size_t noise = s_random () % 100;
        for (size_t i = 0; i < noise; i++) {
            static const uint8_t likely[] = {0x11, 0x03, 0x06, 0x83};
            bytes[i] = round % 2 ? likely[s_random () % 4] : s_random ();
        }
        bytes_t answer = s_make ("11 03 06 11 83 06 11 03 06", bytes + noise);
        player_feed (&player, bytes_of (bytes, noise + answer.size));
        assert_int_equal (player.frames, 1);
        assert_int_equal (player.answer, ANSWER_DONE);
        assert_int_equal (player.window_size, 0);
    }
    player_free (&player);
}

//  ---- Requests ----

static uint8_t s_sent[64];

//  The next request of a READ in hex, or the reason why there is none.
static void s_read (player_t *player, request_t *request, const char *hex)
{
    uint8_t want[16];
    bytes_t frame = s_make (hex, want);
    writer_t out = writer_of (s_sent, sizeof s_sent);
    player->io.send = &out;
    CHECK_OK (player->codec->encode (player->state, request, &player->io));
    if (!bytes_equal (writer_bytes (&out), frame)) {
        fail_msg ("not %s but %02x %02x%02x %02x%02x", hex, s_sent[1], s_sent[2], s_sent[3],
                  s_sent[4], s_sent[5]);
    }
    assert_int_equal (player->io.answer, ANSWER_NONE);
}

static void s_profile (player_t *player, const char *text)
{
    player_clear (player);
    player_meter_text (player, "9", text);
}

static void test_blocks (void **state)
{
    (void) state;
    player_t player = player_new (s_codec ());
    request_t request = {.kind = REQUEST_READ};
    s_profile (&player, "profile p\ncodec modbus_rtu\ngap 2\nmost 6\n"
                        "register voltage.l1_V 3 10 u16\n"
                        "register voltage.l2_V 3 13 u16\n"     //  Gap of 2: with it
                        "register voltage.l3_V 3 14 u32\n"     //  Six: still with it
                        "register current.l1_A 3 16 u16\n"     //  Seven: not
                        "register current.l2_A 3 20 u16\n"     //  Gap of 3: not
                        "register current.l3_A 4 21 u16\n"     //  Another function
                        "register frequency_Hz 4 65535 u16\n"  //  The last
    );
    s_read (&player, &request, "09 03 00 0a 00 06");
    s_read (&player, &request, "09 03 00 10 00 01");
    s_read (&player, &request, "09 03 00 14 00 01");
    s_read (&player, &request, "09 04 00 15 00 01");
    assert_false (request.finished);
    s_read (&player, &request, "09 04 ff ff 00 01");
    assert_true (request.finished);
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_NOT_FOUND);
    request.finished = false;
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_NOT_FOUND);
    request = (request_t){.kind = REQUEST_READ, .point_count = 2};
    assert_true (point_parse ("voltage.l3_V", &request.points[0]));
    assert_true (point_parse ("current.l1_A", &request.points[1]));
    s_read (&player, &request, "09 03 00 0e 00 03");
    assert_true (request.finished);
    player_free (&player);
}

static void test_blocks_of_bits (void **state)
{
    (void) state;
    player_t player = player_new (s_codec ());
    request_t request = {.kind = REQUEST_READ};
    s_profile (&player, "profile p\ncodec modbus_rtu\ngap 124\nmost 125\n"
                        "register voltage.l1_V 1 0 bit\n"
                        "register voltage.l2_V 1 1985 bit\n"  //  A gap of 1984 = 124 x 16
                        "register voltage.l3_V 1 1999 bit\n"
                        "register current.l1_A 1 2000 bit\n"  //  Behind 2000
                        "register current.l2_A 2 7 bit\n"
                        "register current.l3_A 2 1993 bit\n"  //  A gap of 1985
    );
    s_read (&player, &request, "09 01 00 00 07 d0");
    s_read (&player, &request, "09 01 07 d0 00 01");
    s_read (&player, &request, "09 02 00 07 00 01");
    s_read (&player, &request, "09 02 07 c9 00 01");
    assert_true (request.finished);
    player_free (&player);
}

static void test_overlaps (void **state)
{
    (void) state;
    player_t player = player_new (s_codec ());
    request_t request = {.kind = REQUEST_READ};
    s_profile (&player, "profile p\ncodec modbus_rtu\nmost 4\n"
                        "register input.state 3 10 bit:3\n"
                        "register voltage.l1_V 3 10 u64\n"
                        "register voltage.l2_V 3 11 u16\n"
                        "register voltage.l3_V 3 12 u32\n"
                        "register current.l1_A 3 13 u32\n");
    s_read (&player, &request, "09 03 00 0a 00 04");
    s_read (&player, &request, "09 03 00 0d 00 02");
    assert_true (request.finished);
    player_free (&player);
}

static void test_encode_refusals (void **state)
{
    (void) state;
    player_t player = player_new (s_codec ());
    request_t request = {.kind = REQUEST_READ};
    s_profile (&player, "profile p\ncodec dlt645\nregister voltage.l1_V 3 10 u16\n");
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_UNSUPPORTED);
    player_meter (&player, "17", "water");
    writer_t small = writer_of (s_sent, 7);
    player.io.send = &small;
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_FULL);
    assert_true (request.done == 0 && !request.finished);
    player.io.meter = NULL;
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_NOT_FOUND);
    player.io.meter = &player.meter;
    request = (request_t){.kind = REQUEST_PASS};
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_RANGE);
    request.size = REQUEST_PASS_MAX;
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_UNSUPPORTED);
    request.size = 300;
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_RANGE);
    player_free (&player);
}

//  Nobody answers a broadcast: encode says that it is done.
static void test_broadcast (void **state)
{
    (void) state;
    player_t player = player_new (s_codec ());
    player_clear (&player);
    player_meter (&player, "0", "-");
    static const uint8_t pdu[] = {MODBUS_WRITE_REGISTER, 0, 1, 0x12, 0x34};
    request_t request = {.kind = REQUEST_PASS, .size = sizeof pdu};
    memcpy (request.bytes, pdu, sizeof pdu);
    CHECK_OK (player.codec->encode (player.state, &request, &player.io));
    assert_true (player.io.answer == ANSWER_DONE && request.finished);
    request.finished = false;
    player_meter (&player, "5", "-");
    CHECK_OK (player.codec->encode (player.state, &request, &player.io));
    assert_int_equal (player.io.answer, ANSWER_NONE);
    player_free (&player);
}

//  A device that has none of many rows: after some the whole request is refused.
static void test_wrong_device (void **state)
{
    (void) state;
    player_t player = player_new (s_codec ());
    request_t request = {.kind = REQUEST_READ};
    uint8_t refusal[8];
    unsigned absent = 0, again = 0;
    player_clear (&player);
    player_meter (&player, "9", "orders");
    for (unsigned turn = 0; turn < 40 && player.answer != ANSWER_REFUSED; turn++) {
        uint32_t done = request.done;
        writer_t out = writer_of (s_sent, sizeof s_sent);
        player.io.send = &out;
        CHECK_OK (player.codec->encode (player.state, &request, &player.io));
        player_flight (&player, writer_bytes (&out));
        char hex[16];
        snprintf (hex, sizeof hex, "09 %02x 02", s_sent[1] | 0x80u);
        player_feed (&player, s_make (hex, refusal));
        if (player.answer == ANSWER_AGAIN) {
            request.done = done;
            request.finished = false;
        }
        again += player.answer == ANSWER_AGAIN;
        absent += player.answer == ANSWER_DONE;
    }
    assert_int_equal (player.answer, ANSWER_REFUSED);
    assert_int_equal (player.answer_code, 2);
    assert_true (absent == 8 && again >= 3);
    for (size_t i = 0; i < player.batch->item_count; i++) {
        assert_int_equal (player.batch->items[i].value.kind, VALUE_NONE);
    }
    player_free (&player);
}

static void test_mistakable (void **state)
{
    (void) state;
    static const struct {
        const char *before, *next;
        bool danger;
    } rows[] = {{"11 03 00 6b 00 03", "11 03 00 6b 00 03", false},
                {"11 03 00 6b 00 03", "11 03 00 6c 00 03", true},
                {"11 03 00 6b 00 03", "11 03 00 6b 00 04", true},  //  A late refusal has no length
                {"11 03 00 6b 00 03", "12 03 00 6c 00 03", false},
                {"11 03 00 6b 00 03", "11 04 00 6b 00 03", false},
                {"11 10 00 01 00 01 02 00 01", "11 10 00 01 00 01 02 00 02", true},
                {"00 06 00 01 00 01", "00 06 00 01 00 02", false},
                {"11 2b 0e 01 00", "11 2b 0e 01 01", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t before[32], next[32];
        bytes_t a = s_make (rows[i].before, before);
        bytes_t b = s_make (rows[i].next, next);
        assert_int_equal (s_codec ()->mistakable (a, b), rows[i].danger);
    }
    assert_false (s_codec ()->mistakable (bytes_of (NULL, 0), bytes_of (NULL, 0)));
}

//  ---- Decode ----

static void test_decode_other (void **state)
{
    (void) state;
    player_t player = player_new (s_codec ());
    uint8_t request[16];
    player_clear (&player);
    player_meter (&player, "17", "water");
    player_flight (&player, s_make ("11 03 00 6b 00 02", request));
    player_decode (&player, s_make ("11 03 02 00 01", s_frame));
    assert_int_equal (player.refused, FEP_NOT_MINE);
    player_decode (&player, s_make ("11 03 04 00 01 00 02 00", s_frame));
    assert_int_equal (player.refused, FEP_NOT_MINE);
    player_decode (&player, s_make ("11 03", s_frame));
    assert_true (player.refused != FEP_OK);
    player_decode (&player, s_make ("11 03 04 00 01 00 02", s_frame));
    assert_int_equal (player.refused, FEP_OK);
    assert_true (player.batch->message_count == 1 && player.batch->item_count == 2);
    const message_t *message = &player.batch->messages[0];
    assert_true (message->time_ms == 0 && message->freeze == FREEZE_NONE && message->mp == 1);
    assert_true (bytes_equal (message->address, bytes_text (PLAYER_TERMINAL)));
    assert_int_equal (message->received_ms, player.io.wall_ms);
    player_free (&player);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_published),       cmocka_unit_test (test_explain_rest),
        cmocka_unit_test (test_address),         cmocka_unit_test (test_scan_answers),
        cmocka_unit_test (test_scan_refusals),   cmocka_unit_test (test_scan_quiet),
        cmocka_unit_test (test_scan_noise),      cmocka_unit_test (test_blocks),
        cmocka_unit_test (test_blocks_of_bits),  cmocka_unit_test (test_overlaps),
        cmocka_unit_test (test_encode_refusals), cmocka_unit_test (test_broadcast),
        cmocka_unit_test (test_wrong_device),    cmocka_unit_test (test_mistakable),
        cmocka_unit_test (test_decode_other)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
