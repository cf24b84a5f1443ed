//  IEC 60870-5-104: explain against published frames, values, times, what is kept raw, addresses.
#include "tests/codecs/iec104_rig.h"

//  ---- Explain ----

static const struct {
    const char *id;
    fep_err_t reason;
} s_reasons[] = {{"\"iec104-013\"", FEP_TRUNCATED},      {"\"iec104-054\"", FEP_NOT_MINE},
                 {"\"iec104-055\"", FEP_IMPLAUSIBLE},    {"\"iec104-056\"", FEP_IMPLAUSIBLE},
                 {"\"iec104-059\"", FEP_TRUNCATED},      {"\"iec104-asdu-011\"", FEP_IMPLAUSIBLE},
                 {"\"iec104-asdu-015\"", FEP_TRUNCATED}, {"\"iec104-asdu-017\"", FEP_IMPLAUSIBLE}};

static fep_err_t s_explain (bytes_t frame, char *text, size_t size)
{
    writer_t out = writer_of (text, size - 1);
    json_t json = json_of (&out);
    codec_options_t options = {0};
    uint8_t *copy = malloc (frame.size ? frame.size : 1);
    assert_non_null (copy);
    memcpy (copy, frame.data, frame.size);
    fep_err_t error =
        codec_find ("iec104")->explain (bytes_of (copy, frame.size), true, &options, &json);
    free (copy);
    text[out.size] = 0;
    return error;
}

//  Equal but for how numbers are written.
static bool s_same (const char *got, const char *want)
{
    while (*got && *want) {
        char *end = NULL, *stop = NULL;
        bool equal = strtod (got, &end) == strtod (want, &stop);
        if (end > got && stop > want) {
            if (!equal) {
                return false;
            }
            got = end;
            want = stop;
        } else if (*got++ != *want++) {
            return false;
        }
    }
    return !*got && !*want;
}

//  Cuts what is no field of the frame off the end.
static void s_cut_notes (char *want)
{
    static const char *const notes[] = {",\"session_step\"", ",\"note\""};
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        char *at = strstr (want, notes[i]);
        if (at) {
            strcpy (at, "}");
        }
    }
}

static bool s_explain_line (const char *line)
{
    static uint8_t frame[512];
    static char want[8192], got[8192], id[40], protocol[40], valid[16];
    vec_json (line, "id", id, sizeof id);
    vec_json (line, "protocol", protocol, sizeof protocol);
    vec_json (line, "valid", valid, sizeof valid);
    vec_json (line, "decoded", want, sizeof want);
    bool asdu = strcmp (protocol, "\"iec104-asdu\"") == 0;
    size_t size = rig_published (line, asdu, frame, sizeof frame);
    fep_err_t error = s_explain (bytes_of (frame, size), got, sizeof got);
    if (strcmp (valid, "true") != 0) {
        size_t i = 0;
        while (strcmp (s_reasons[i].id, id) != 0) {
            i++;
            assert_true (i < sizeof s_reasons / sizeof *s_reasons);
        }
        assert_int_equal (error, s_reasons[i].reason);
        return false;
    }
    CHECK_OK (error);
    s_cut_notes (want);
    const char *shown = got;
    if (asdu) {
        shown = strstr (got, "\"type\"") - 1;
        memcpy (got + (shown - got), "{", 1);
    }
    if (!s_same (shown, want)) {
        fail_msg ("%s\n  want %s\n  got  %s", id, want, shown);
    }
    return true;
}

static void test_explain_published (void **state)
{
    (void) state;
    size_t size, good = 0, bad = 0;
    char *text = vec_read_file (TESTS_DIR "/vectors/iec104.jsonl", &size);
    for (char *line = strtok (text, "\n"); line; line = strtok (NULL, "\n")) {
        bool valid = s_explain_line (line);
        good += valid;
        bad += !valid;
    }
    print_message ("iec104: %zu valid frames explained, %zu invalid refused\n", good, bad);
    assert_int_equal (good, 71);
    assert_int_equal (bad, 8);
    free (text);
}

//  ---- Values and times ----

//  The item lines an ASDU makes; '|' between them.
static void s_lines (player_t *player, const char *asdu, const char *want)
{
    char hex[600], got[4000] = "";
    char line[PLAYER_LINE];
    const message_t *message;
    static uint8_t bytes[512];
    size_t size = vec_hex (asdu, bytes, sizeof bytes);
    unsigned ns = (unsigned) rig_state (player)->received;
    snprintf (hex, sizeof hex, "68%02zx%02x%02x0000 %s", size + 4, ns << 1 & 0xFF, ns >> 7, asdu);
    CHECK_OK (rig_up (player, hex));
    while (player_line (player, line, &message)) {
        const char *shown = strstr (line, "mp=");
        snprintf (got + strlen (got), sizeof got - strlen (got), "%s%s", *got ? "|" : "",
                  shown ? shown : line);
    }
    if (strcmp (got, want) != 0) {
        fail_msg ("%s\n  want %s\n  got  %s", asdu, want, got);
    }
}

#define R0(mp) "mp=" mp " time=- freeze=none point="
#define RT(mp, time) "mp=" mp " time=" time " freeze=none point="

static void test_values (void **state)
{
    (void) state;
    player_t player;
    rig_begin (&player, STATION, "iec104");
    static const struct {
        const char *asdu, *want;
    } cases[] = {
        {"01010300010001000001", R0 ("0") "0.0.96.3.11 quality=ok value=0x1"},
        {"010103000100010000f0",
         R0 ("0") "0.0.96.3.11 quality=invalid+not_topical+substituted+blocked value=0x0"},
        {"03010300010001000002", R0 ("0") "0.0.96.3.11 quality=ok value=0x2"},
        {"03010300010001000013", R0 ("0") "0.0.96.3.11 quality=blocked value=0x3"},
        {"0501030001000100003f01", R0 ("0") "0.0.96.3.11 quality=overflow value=63"},
        {"050103000100010000c080", R0 ("0") "0.0.96.3.11 quality=invalid value=-64"},
        {"07010300010001000078563412 00", R0 ("0") "0.0.96.3.11 quality=ok value=0x12345678"},
        {"0901030073000b0000 0000 00", R0 ("0") "1.0.16.7.0 quality=ok value=0"},
        {"0901030073000b0000 ef01 00", R0 ("0") "1.0.16.7.0 quality=ok value=1.5106201171875"},
        {"0901030073000b0000 0080 00", R0 ("0") "1.0.16.7.0 quality=ok value=-100"},
        {"1501030073000b0000 ff7f", R0 ("0") "1.0.16.7.0 quality=ok value=99.9969482421875"},
        {"0b0103000100014000 2efb 01", R0 ("0") "1.0.32.7.0 quality=overflow value=-1234"},
        {"0d0103000100014000 00805c43 00", R0 ("0") "1.0.32.7.0 quality=ok value=220.5"},
        {"0d0103000100014000 0000c07f 00", R0 ("0") "1.0.32.7.0 quality=invalid value=none:device"},
        {"0d0103000100014000 0000807f 00",
         R0 ("0") "1.0.32.7.0 quality=invalid value=none:unreadable"},
        {"0f0125000100016400 15cd5b07 05", R0 ("0") "1.0.1.8.0 quality=ok value=1234567.89"},
        {"0f0125000100016400 ffffffff e0",
         R0 ("0") "1.0.1.8.0 quality=invalid+substituted+overflow value=-0.01"},
        {"14010300010001000034120f0001", R0 ("0") "0.0.96.3.11 quality=overflow value=0x1234"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        s_lines (&player, cases[i].asdu, cases[i].want);
    }
    player_free (&player);
}

//  More digits than a mantissa has: the last ones are rounded.
static void test_long_values (void **state)
{
    (void) state;
    static const char text[] =
        "profile p\ncodec iec104\nobject power.active.total_kW 11 scale=103923\n"
        "object energy.active.import.total_kWh 12 scale=99999999999\n";
    player_t player;
    rig_begin (&player, STATION, "iec104");
    player_own_text (&player, text);
    rig_start (&player);
    s_lines (&player, "0901030001000b0000 ff7f 00",
             R0 ("0") "1.0.16.7.0 quality=ok value=103919.8285217285156");
    s_lines (&player, "0901030001000b0000 0180 00",
             R0 ("0") "1.0.16.7.0 quality=ok value=-103919.8285217285156");
    s_lines (&player, "0901030001000b0000 0100 00",
             R0 ("0") "1.0.16.7.0 quality=ok value=3.171478271484375");
    s_lines (&player, "0f0125000100 0c0000 ffffff7f 00",
             R0 ("0") "1.0.1.8.0 quality=ok value=214748364697852516400");
    player_free (&player);
}

//  Several objects: those of a measuring point and instant that stand together are one message; of the unknown ones
//  one event tells.
static void test_objects (void **state)
{
    (void) state;
    player_t player;
    rig_begin (&player, STATION, "iec104");
    s_lines (&player, "0183140001000100000100 01",
             R0 ("0") "0.0.96.3.11 quality=ok value=0x1|" R0 (
                 "1") "0.0.96.3.10 quality=ok value=0x0|" R0 ("2") "0.0.96.3.11 quality=ok "
                                                                   "value=0x1");
    assert_int_equal (player.batch->message_count, 3);
    s_lines (
        &player, "0d841400010001400000005c430000005d430000005e430000000041 00",
        R0 ("0") "1.0.32.7.0 quality=ok value=220|" R0 ("0") "1.0.52.7.0 quality=ok value=221|" R0 (
            "0") "1.0.72.7.0 quality=ok "
                 "value=222|" R0 ("0") "1.0.31.7.0 quality=ok value=8");
    assert_int_equal (player.batch->message_count, 4);
    s_lines (
        &player, "01051400010000 0100 00 000200 00 000300 00 010000 01 020000 00",
        R0 ("0") "0.0.96.3.11 quality=ok value=0x1|" R0 (
            "1") "0.0.96.3.10 quality=ok value=0x0|" R0 ("0") "0.0.130.3.0 quality=ok "
                                                              "value=not_in_profile|" R0 (
                                                                  "0") "0.0.130.4.0 quality=ok "
                                                                       "value=type 1 cause 20 ca 1 "
                                                                       "ioa 256 and 2 more");
    assert_int_equal (player.io.raw_units, 3);
    s_lines (&player, "01010300020001000001",
             R0 ("0") "0.0.130.3.0 quality=ok value=not_in_profile|" R0 (
                 "0") "0.0.130.4.0 quality=ok value=type 1 cause 3 ca 2 ioa 1");
    player_free (&player);
}

static void test_raw (void **state)
{
    (void) state;
    static const struct {
        const char *asdu, *reason, *detail;
    } cases[] = {
        {"01018300010001000001", "test", "type 1 cause 3 ca 1 ioa 1"},
        {"01014300010001000001", "negative", "type 1 cause 3 ca 1 ioa 1"},
        {"01000300010001000001", "implausible", "type 1 cause 3 ca 1 ioa 0"},
        {"01010000010001000001", "implausible", "type 1 cause 0 ca 1 ioa 0"},
        {"0101030001000100000100", "implausible", "type 1 cause 3 ca 1 ioa 0"},
        {"010203000100010000010200", "truncated", "type 1 cause 3 ca 1 ioa 0"},
        {"0d0003000100", "implausible", "type 13 cause 3 ca 1 ioa 0"},
        {"c8010300010001000001", "unknown_type", "type 200 cause 3 ca 1 ioa 0"},
        {"7d01 0d00 0100 000000 0100 01 01", "unknown_type", "type 125 cause 13 ca 1 ioa 0"},
        {"64010700010000000014", "not_asked", "type 100 cause 7 ca 1 ioa 0"}};
    player_t player;
    rig_begin (&player, STATION, "iec104");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char want[300];
        snprintf (
            want, sizeof want,
            R0 ("0") "0.0.130.3.0 quality=ok value=%s|" R0 ("0") "0.0.130.4.0 quality=ok value=%s",
            cases[i].reason, cases[i].detail);
        s_lines (&player, cases[i].asdu, want);
        assert_int_equal (player.io.mark, i + 1);
        assert_int_equal (player.io.raw_units, 1);
    }
    player_free (&player);
}

static void test_initialisation (void **state)
{
    (void) state;
    player_t player;
    rig_begin (&player, STATION, "iec104");
    s_lines (&player, "46010400010000000082",
             R0 ("0") "0.0.130.1.0 quality=ok value=70|" R0 (
                 "0") "0.0.130.2.0 quality=ok "
                      "value=end_of_initialisation|" R0 ("0") "0.0.130.4.0 quality=ok "
                                                              "value=remote_reset coi 2 "
                                                              "parameters_changed ca 1");
    assert_int_equal (player.batch->messages[0].kind, MESSAGE_EVENT);
    s_lines (&player, "46010400010000000020",
             R0 ("0") "0.0.130.1.0 quality=ok value=70|" R0 (
                 "0") "0.0.130.2.0 quality=ok "
                      "value=end_of_initialisation|" R0 ("0") "0.0.130.4.0 quality=ok "
                                                              "value=coi 32 ca 1");
    player_free (&player);
}

//  The instant and doubt of a time tag in a zone.
static void s_instant (const char *zone, const char *tag, const char *utc, bool doubtful)
{
    zone_t read;
    uint8_t bytes[8];
    char text[40];
    int64_t utc_ms = 0;
    bool doubt;
    if (*zone) {
        CHECK_OK (zone_parse (zone, &read));
    }
    size_t size = vec_hex (tag, bytes, sizeof bytes);
    bool good =
        iec_time_utc (bytes_of (bytes, size), *zone ? &read : NULL, 1785034806000, &utc_ms, &doubt);
    assert_int_equal (good, *utc != 0);
    if (good) {
        clock_utc_text (utc_ms, text, sizeof text);
        assert_string_equal (text, utc);
        assert_int_equal (doubt, doubtful);
    }
}

#define CET "CET-1CEST,M3.5.0,M10.5.0/3"

static void test_times (void **state)
{
    (void) state;
    s_instant ("+00:00", "9b4e0d0e15091a", "2026-09-21T14:13:20.123Z", false);
    s_instant ("", "9b4e0d0e15091a", "2026-09-21T06:13:20.123Z", false);
    s_instant ("+08:00", "9b4e8d0e15091a", "2026-09-21T06:13:20.123Z", true);
    //  Without rules the bit says an hour ahead.
    s_instant ("+08:00", "9b4e0d8e15091a", "2026-09-21T05:13:20.123Z", false);
    //  With rules they must agree.
    s_instant (CET, "983a2d8e420614", "2020-06-02T12:45:15.000Z", false);
    s_instant (CET, "983a2d0e420614", "2020-06-02T12:45:15.000Z", true);
    s_instant (CET, "0000000c010114", "2020-01-01T11:00:00.000Z", false);
    s_instant (CET, "0000008c010114", "2020-01-01T11:00:00.000Z", true);
    //  The hour that comes twice, 2020-10-25: told apart by the bit.
    s_instant (CET, "00001e82190a14", "2020-10-25T00:30:00.000Z", false);
    s_instant (CET, "00001e02190a14", "2020-10-25T01:30:00.000Z", false);
    s_instant ("+00:00", "00000000000000", "", false);
    s_instant ("+00:00", "60ea0d0e15091a", "", false);
    s_instant ("+00:00", "9b4e3c0e15091a", "", false);
    s_instant ("+00:00", "9b4e0d1815091a", "", false);
    s_instant ("+00:00", "9b4e0d0e1e021a", "", false);
    s_instant ("+00:00", "9b4e0d0e150d1a", "", false);
    s_instant ("+00:00", "9b4e0d0e150964", "", false);
    //  CP24 is the instant nearest to now, 03:00:06.
    s_instant ("+00:00", "88131e", "2026-07-26T03:30:05.000Z", false);
    s_instant ("+00:00", "70171e", "2026-07-26T03:30:06.000Z", false);
    s_instant ("+00:00", "71171e", "2026-07-26T02:30:06.001Z", false);
    s_instant ("+00:00", "00003b", "2026-07-26T02:59:00.000Z", false);
    s_instant ("+00:00", "000080", "2026-07-26T03:00:00.000Z", true);
    s_instant ("+00:00", "00003c", "", false);
}

static void test_time_tags_of_readings (void **state)
{
    (void) state;
    player_t player;
    rig_begin (&player, STATION, "iec104");
    clock_set_offset_min (0);
    s_lines (&player, "1e0203000100 010000 01 9b4e0d0e15091a 020000 00 9b4e0d0e15091a",
             RT ("0", "2026-09-21T14:13:20") "0.0.96.3.11 quality=ok value=0x1|" RT (
                 "1", "2026-09-21T14:13:20") "0.0.96.3.10 quality=ok value=0x0");
    assert_true (player.batch->messages[0].kind == MESSAGE_READING);
    s_lines (&player, "1f0203000100 010000 01 9b4e0d0e15091a 010000 02 9c4e0d0e15091a",
             RT ("0", "2026-09-21T14:13:20") "0.0.96.3.11 quality=ok value=0x1|" RT (
                 "0", "2026-09-21T14:13:20") "0.0.96.3.11 quality=ok value=0x2");
    assert_int_equal (player.batch->message_count, 4);
    s_lines (&player, "1e0103000100 010000 01 9b4e8d0e15091a",
             RT ("0", "2026-09-21T14:13:20") "0.0.96.3.11 quality=clock_doubtful value=0x1");
    s_lines (&player, "1e0103000100 010000 81 00000000000000",
             R0 ("0") "0.0.96.3.11 quality=invalid+clock_doubtful value=0x1");
    player.io.wall_ms = 1785034806000;
    s_lines (&player, "020103000100 010000 01 000000",
             RT ("0", "2026-07-26T03:00:00") "0.0.96.3.11 quality=clock_doubtful value=0x1");
    player.io.clock_trusted = true;
    s_lines (&player, "020103000100 010000 01 000000",
             RT ("0", "2026-07-26T03:00:00") "0.0.96.3.11 quality=ok value=0x1");
    s_lines (&player, "260103000100 010000 1a 6400 9b4e0d0e15091a",
             RT ("0", "2026-09-21T14:13:20") "0.0.96.3.11 quality=blocked value=0x2");
    s_lines (&player, "270103000100 010000 2a 10 6400 9b4e0d0e15091a",
             RT ("0", "2026-09-21T14:13:20") "0.0.96.3.11 quality=blocked value=0x2A");
    s_lines (&player, "280103000100 010000 05 80 6400 9b4e0d0e15091a",
             RT ("0", "2026-09-21T14:13:20") "0.0.96.3.11 quality=invalid value=0x5");
    clock_set_offset_min (CLOCK_OFFSET_DEFAULT_MIN);
    player_free (&player);
}

//  Stations with shorter fields.
static void test_short_fields (void **state)
{
    (void) state;
    static const char text[] = "profile p\ncodec iec104\nsetting cause_size 1\nsetting ca_size 1\n"
                               "setting ioa_size 2\nobject input.state 0x0102\n"
                               "object relay.state 0x6001 command=single\n";
    player_t player;
    rig_begin (&player, "5", "iec104");
    player_own_text (&player, text);
    rig_start (&player);
    s_lines (&player, "01010305020101", R0 ("0") "0.0.96.3.11 quality=ok value=0x1");
    request_t request = {.kind = REQUEST_READ};
    CHECK_OK (player.codec->encode (player.state, &request, &player.io));
    rig_sent (&player, "680b00000000 64010605000014");
    CHECK_OK (rig_up (&player, "680b02000200 64010705000014"));
    assert_int_equal (player.answer, ANSWER_PARTIAL);
    request = (request_t){.kind = REQUEST_PASS, .size = 7, .bytes = {100, 1, 6, 255, 0, 0, 20}};
    CHECK_OK (player.codec->encode (player.state, &request, &player.io));
    rig_sent (&player, "680b02000000 640106ff000014");
    CHECK_OK (rig_up (&player, "680b04000400 64010a05000014"));
    assert_int_equal (player.answer, ANSWER_DONE);
    player_free (&player);
}

static void test_address (void **state)
{
    (void) state;
    static const struct {
        const char *hex, *text;
        fep_err_t error;
    } cases[] = {{"680e0000000064010600010000000014", "1", FEP_OK},
                 {"680e000000006401060000ff00000014", "65280", FEP_OK},
                 {"680e0000000064010600000000000014", "0", FEP_OK},
                 {"680e00000000c8010600640000000014", "100", FEP_OK},
                 {"680407000000", "", FEP_NOT_FOUND},
                 {"680401000200", "", FEP_NOT_FOUND},
                 {"68080000000064010600", "", FEP_TRUNCATED},
                 {"6804", "", FEP_TRUNCATED}};
    const codec_t *codec = codec_find ("iec104");
    codec_options_t options = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t frame[64];
        char text[ADDRESS_MAX + 1] = "";
        size_t size = vec_hex (cases[i].hex, frame, sizeof frame);
        CHECK_ERR (codec->address (bytes_of (frame, size), true, &options, text), cases[i].error);
        assert_string_equal (text, cases[i].text);
    }
}

//  The station's own common address.
static void test_own_address (void **state)
{
    (void) state;
    static const struct {
        const char *address;
        uint16_t ca;
    } cases[] = {{"1", 1},      {"65534", 65534}, {"65535", 1}, {"0", 1},
                 {"00042", 42}, {"310100001", 1}, {"rtu7", 1},  {"", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        codec_io_t io = {.address = bytes_text (cases[i].address)};
        assert_int_equal (iec_own_ca (&io), cases[i].ca);
    }
    player_t player;
    rig_begin (&player, "77", "iec104");
    assert_int_equal (iec_own_ca (&player.io), 1);
    player_free (&player);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_explain_published),
                                       cmocka_unit_test (test_values),
                                       cmocka_unit_test (test_long_values),
                                       cmocka_unit_test (test_objects),
                                       cmocka_unit_test (test_raw),
                                       cmocka_unit_test (test_initialisation),
                                       cmocka_unit_test (test_times),
                                       cmocka_unit_test (test_time_tags_of_readings),
                                       cmocka_unit_test (test_short_fields),
                                       cmocka_unit_test (test_address),
                                       cmocka_unit_test (test_own_address)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
