//  Q/GDW 376.1: parameters: written, asked, decoded and explained.
#include "codecs/gdw1376/layout.h"
#include "codecs/gdw1376/link.h"
#include "codecs/gdw1376/state.h"
#include "tests/codecs/player.h"

enum { MASTER = 2, DOWN = 0x4A, UP = 0x88 };

static const uint8_t s_address[GDW_ADDRESS] = {0x71, 0x01, 0x22, 0x08, 0x00};
static uint8_t s_frame[1024];
static player_t s_player;

static int s_begin (void **state)
{
    (void) state;
    s_player = player_new (codec_find ("gdw1376"));
    player_clear (&s_player);
    gdw_state_t *gdw = s_player.state;
    memcpy (gdw->address, s_address, GDW_ADDRESS);
    gdw->protocol = MASTER;
    s_player.options.password_size = 0;
    return 0;
}

static int s_end (void **state)
{
    (void) state;
    player_free (&s_player);
    return 0;
}

static bytes_t s_build (uint8_t control, uint8_t afn, const char *hex)
{
    uint8_t body[900];
    writer_t out = writer_of (s_frame, sizeof s_frame);
    size_t mark = gdw_frame_open (&out, MASTER, control, s_address, afn, 0x60);
    writer_put (&out, body, vec_hex (hex, body, sizeof body));
    gdw_frame_close (&out, mark);
    assert_false (out.failed);
    return writer_bytes (&out);
}

static void s_decode (uint8_t afn, const char *hex)
{
    bytes_t frame = s_build (UP, afn, hex);
    batch_clear (s_player.batch);
    s_player.shown = s_player.message = 0;
    player_decode (&s_player, frame);
    CHECK_OK (s_player.refused);
    player_check_pack (s_player.batch);
}

//  The next item, without what is the same for all.
static void s_expect (const char *want)
{
    char line[PLAYER_LINE], got[PLAYER_LINE];
    char mp[12], point[24], value[160];
    const message_t *message;
    if (!player_line (&s_player, line, &message)) {
        assert_string_equal ("nothing", want);
        return;
    }
    assert_true (vec_value (line, "mp", mp, sizeof mp));
    assert_true (vec_value (line, "point", point, sizeof point));
    snprintf (value, sizeof value, "%s", strstr (line, "value=") + strlen ("value="));
    snprintf (got, sizeof got, "%s %s %s", mp, point, value);
    assert_string_equal (got, want);
}

static void test_archive (void **state)
{
    (void) state;
    s_decode (AFN_QUERY, "00 00 02 01 02 00"
                         "01 00 02 00 7F 1E 06 05 04 03 02 01 000000000000 04 0C"
                         "665544332211 51"
                         "02 00 03 00 62 20 12 34 56 78 90 00 000000000000 C0 00"
                         "000000000000 00");
    s_expect ("2 0.0.136.1.0 010203040506");
    s_expect ("2 0.0.136.2.0 1");
    s_expect ("2 0.0.136.3.0 31");
    s_expect ("2 0.0.136.4.0 3");
    s_expect ("2 0.0.136.5.0 30");
    s_expect ("2 0.0.136.6.0 4");
    s_expect ("2 0.0.136.7.0 112233445566");
    s_expect ("2 0.0.136.8.0 0x51");
    s_expect ("3 0.0.136.1.0 009078563412");
    s_expect ("3 0.0.136.2.0 2");
    s_expect ("3 0.0.136.3.0 2");
    s_expect ("3 0.0.136.4.0 3");
    s_expect ("3 0.0.136.5.0 32");
    s_expect ("3 0.0.136.6.0 0");
    s_expect ("3 0.0.136.7.0 000000000000");
    s_expect ("3 0.0.136.8.0 0x0");
    s_expect ("nothing");
    s_decode (AFN_QUERY, "00 00 02 01 02 00 01 00");
    s_expect ("0 0.0.130.3.0 truncated_unit");
    assert_int_equal (s_player.io.raw_units, 1);
}

static void test_read_by_the_map (void **state)
{
    (void) state;
    s_decode (AFN_QUERY, "00 00 05 00 05 02 1E 20 07 0F"
                         "0A 00 00 07 B0 1D C0 A8 01 02 41 1F 434D4E4554000000 0000000000000000");
    s_expect ("0 0.0.137.16.0 5");
    s_expect ("0 0.0.137.17.0 2");
    s_expect ("0 0.0.137.18.0 0x201E");
    s_expect ("0 0.0.137.19.0 0x7");
    s_expect ("0 0.0.137.20.0 15");
    s_expect ("0 0.0.137.21.0 10.0.0.7:7600");
    s_expect ("0 0.0.137.22.0 192.168.1.2:8001");
    s_expect ("0 0.0.137.23.0 CMNET");
    s_expect ("nothing");
    s_decode (AFN_QUERY, "03 01 01 03 0A 00 50 00 00 22 15 00 00 01 02"
                         "64 00 01 00 EE EE EE EE EE EE 01");
    s_expect ("1 0.0.136.9.0 10");
    s_expect ("1 0.0.136.10.0 80");
    s_expect ("1 0.0.136.11.0 220.0");
    s_expect ("1 0.0.136.12.0 1.5");
    s_expect ("1 0.0.136.13.0 1.0000");
    s_expect ("1 0.0.136.14.0 0x2");
    s_expect ("2 0.0.136.9.0 100");
}

//  Without points, but of a known length: kept raw, and what follows is read.
static void test_read_without_points (void **state)
{
    (void) state;
    s_decode (AFN_QUERY, "00 00 02 00 82 01 00 02 00 00 00 08 04 00 10 00 00"
                         "00 00 08 00 13 80 00 13 80 00 FF FF 13 80 01 00 50 0F FF FF");
    assert_int_equal (s_player.io.raw_units, 2);
    assert_int_equal (s_player.batch->messages[0].raw.size, 5);
    s_expect ("0 0.0.130.3.0 no_points");
    s_expect ("0 0.0.130.4.0 afn=0A pn=0 fn=2");
    s_expect ("0 0.0.137.32.0 4096");
    s_expect ("0 0.0.130.3.0 no_points");
    s_expect ("0 0.0.130.4.0 afn=0A pn=0 fn=4");
    s_expect ("nothing");
    s_decode (AFN_QUERY, "00 00 02 00 85 01 00");
    s_expect ("0 0.0.130.3.0 truncated_unit");
}

//  What a concentrator reads, and its reports: settings of its own tasks, whatever stands behind them.
static void test_own (void **state)
{
    (void) state;
    s_decode (AFN_QUERY, "00 00 04 04 02 01 00 02 00 02 01 04 08 13");
    s_expect ("0 0.0.137.9.0 F35");
    s_expect ("0 0.0.137.9.1 0");
    s_expect ("0 0.0.137.9.2 meters [1,2]");
    s_expect ("0 0.0.137.9.0 F67");
    s_expect ("0 0.0.137.9.1 2");
    s_expect ("0 0.0.137.9.2 state ?");
    s_expect ("nothing");
    s_decode (AFN_QUERY, "02 01 02 08 81 00 30 00 01 F1 26 01 01 FF 01 01 14 02 01 08 08 AA");
    s_expect ("0 0.0.137.9.0 F66");
    s_expect ("0 0.0.137.9.1 2");
    s_expect ("0 0.0.137.9.2 period 1");
    s_expect ("0 0.0.137.9.2 unit day");
    s_expect ("0 0.0.137.9.2 base 2026-11-01 00:30:00 wk7");
    s_expect ("0 0.0.137.9.2 ratio 1");
    s_expect ("0 0.0.137.9.2 units [{\"pn\":[1,2,3,4,5,6,7,8],\"fn\":[161]}]");
    s_expect ("0 0.0.137.9.0 F68");
    s_expect ("0 0.0.137.9.1 2");
    s_expect ("0 0.0.137.9.2 state off");
    s_expect ("nothing");
    s_decode (AFN_QUERY, "00 00 04 04 05 01 00");
    s_expect ("0 0.0.130.3.0 truncated_unit");
}

//  --- Explained

static void s_explain (uint8_t control, uint8_t afn, const char *body, const char *units)
{
    static char got[8192];
    bytes_t frame = s_build (control, afn, body);
    writer_t out = writer_of (got, sizeof got - 1);
    json_t json = json_of (&out);
    CHECK_OK (s_player.codec->explain (frame, control & GDW_DIR, &s_player.options, &json));
    got[out.size] = 0;
    const char *at = strstr (got, "\"units\":");
    assert_non_null (at);
    assert_string_equal (at + strlen ("\"units\":"), units);
}

static void test_explained (void **state)
{
    (void) state;
    s_explain (DOWN, AFN_SET, "00 00 01 00 05 02 1E 20 07 0F",
               "[{\"pn\":0,\"fn\":1,\"data\":{\"rts_20ms\":5,\"delay_min\":2,"
               "\"timeout_retries\":\"0x201E\",\"confirmed_services\":\"0x7\","
               "\"heartbeat_min\":15},\"raw\":\"05021e20070f\"}]}");
    s_explain (UP, AFN_QUERY,
               "00 00 04 00 0A 00 00 07 B0 1D C0 A8 01 02 41 1F"
               "434D4E4554000000 0000000000000000",
               "[{\"pn\":0,\"fn\":3,\"data\":{\"main\":\"10.0.0.7:7600\","
               "\"backup\":\"192.168.1.2:8001\",\"apn\":\"434d4e45540000000000000000000000\"},"
               "\"raw\":\"0a000007b01dc0a80102411f434d4e45540000000000000000000000\"}]}");
    s_explain (DOWN, AFN_SET,
               "00 00 01 04 01 1F 08 00 01 00 00 80 30 02 3C 15 00 10 01"
               "00 00 59 23",
               "[{\"pn\":0,\"fn\":33,\"data\":{\"ports\":[{\"port\":31,\"control\":8,"
               "\"days\":2147483649,\"time\":\"02:30\",\"interval_min\":60,"
               "\"broadcast\":\"10 00:15\",\"periods\":[[\"00:00\",\"23:59\"]]}]},"
               "\"raw\":\"011f08000100008030023c1500100100005923\"}]}");
    s_explain (DOWN, AFN_SET, "00 00 20 04 05 01 01 02 00 03",
               "[{\"pn\":0,\"fn\":38,\"data\":{\"major\":5,\"classes\":[{\"minor\":1,"
               "\"fn\":[9,10]}]},\"raw\":\"050101020003\"}]}");
    s_explain (DOWN, AFN_SET, "02 01 01 08 81 00 00 02 01 E1 24 01 01 01 01 01 03",
               "[{\"pn\":2,\"fn\":65,\"data\":{\"period\":1,\"unit\":\"day\","
               "\"base\":\"2024-01-01 02:00:00 wk7\",\"ratio\":1,"
               "\"units\":[{\"pn\":[1],\"fn\":[25]}]},\"raw\":\"8100000201e124010101010103\"}]}");
    s_explain (DOWN, AFN_SET, "02 01 04 08 55",
               "[{\"pn\":2,\"fn\":67,\"data\":{\"state\":\"on\"},\"raw\":\"55\"}]}");
    s_explain (DOWN, AFN_QUERY, "00 00 02 01 02 00 01 00 07 00",
               "[{\"pn\":0,\"fn\":10,\"data\":{\"count\":2,\"seqs\":[1,7]},"
               "\"raw\":\"020001000700\"}]}");
    s_explain (DOWN, AFN_SET, "00 00 04 04 09 01", "[{\"pn\":0,\"fn\":35,\"raw\":\"0901\"}]}");
}

static void test_explained_lists (void **state)
{
    (void) state;
    s_explain (DOWN, AFN_SET, "00 00 02 00 82 01 00 02 00",
               "[{\"pn\":0,\"fn\":2,\"data\":{\"allowed\":true,\"terminals\":[1,2]},"
               "\"raw\":\"8201000200\"}]}");
    s_explain (DOWN, AFN_SET, "00 00 02 04 01 02 CB 80 25 00 00",
               "[{\"pn\":0,\"fn\":34,\"data\":{\"ports\":[{\"port\":2,\"serial\":\"CB\","
               "\"bps\":9600}]},\"raw\":\"0102cb80250000\"}]}");
    s_explain (DOWN, AFN_SET,
               "00 00 40 00 0A000002 FFFFFF00 0A000001 00 00000000 0000 00 01 75 02 7077 B81D",
               "[{\"pn\":0,\"fn\":7,\"data\":{\"ip\":\"10.0.0.2\",\"mask\":\"255.255.255.0\","
               "\"gateway\":\"10.0.0.1\",\"proxy_kind\":0,\"proxy\":\"0.0.0.0\","
               "\"proxy_port\":0,\"proxy_method\":0,\"user\":\"u\",\"password\":\"pw\","
               "\"listen_port\":7608},\"raw\":\"0a000002ffffff000a000001000000000000000001"
               "75027077b81d\"}]}");
    s_explain (DOWN, AFN_FILE, "00 00 01 00 01 01 00 02 00 01 00 00 00 02 00 AA BB",
               "[{\"pn\":0,\"fn\":1,\"data\":{\"file\":1,\"last\":true,\"command\":0,"
               "\"segments\":2,\"segment\":1,\"len\":2,\"payload\":\"aabb\"},"
               "\"raw\":\"0101000200010000000200aabb\"}]}");
    s_explain (UP, AFN_FILE, "00 00 01 00 01 00 00 00",
               "[{\"pn\":0,\"fn\":1,\"data\":{\"segment\":1},\"raw\":\"01000000\"}]}");
    s_explain (DOWN, AFN_CONTROL, "00 00 02 03 02",
               "[{\"pn\":0,\"fn\":26,\"data\":{\"alarm_halfhours\":2},\"raw\":\"02\"}]}");
    s_explain (DOWN, AFN_CONTROL, "00 00 02 03", "[{\"pn\":0,\"fn\":26}]}");
}

//  --- Written and asked

static fep_err_t s_encode (request_t *request)
{
    s_player.send = writer_of (s_player.sent, PLAYER_SEND);
    return s_player.codec->encode (s_player.state, request, &s_player.io);
}

static void s_expect_sent (uint8_t afn, const char *units)
{
    uint8_t want[400];
    size_t size = vec_hex (units, want, sizeof want);
    assert_int_equal (s_player.send.size, size + 16);
    assert_int_equal (s_player.sent[12], afn);
    assert_memory_equal (s_player.sent + 14, want, size);
}

static request_t s_wiring (void)
{
    return (request_t){.kind = REQUEST_WRITE,
                       .mp = 2,
                       .point_count = 6,
                       .points = {POINT (0, 0, 136, 14, 0), POINT (0, 0, 136, 9, 0),
                                  POINT (0, 0, 136, 10, 0), POINT (0, 0, 136, 11, 0),
                                  POINT (0, 0, 136, 12, 0), POINT (0, 0, 136, 13, 0)},
                       .values = {value_bits (2, 0), value_decimal (10, 0, 0),
                                  value_decimal (8, 1, 0), value_decimal (2200, -1, 0),
                                  value_decimal (15000, -4, 0), value_decimal (3, 0, 0)}};
}

static void test_write (void **state)
{
    (void) state;
    request_t request = s_wiring ();
    CHECK_OK (s_encode (&request));
    s_expect_sent (AFN_SET, "02 01 01 03 0A 00 50 00 00 22 15 00 00 03 02");
    request = (request_t){
        .kind = REQUEST_WRITE,
        .point_count = 3,
        .points = {POINT (0, 0, 137, 32, 0), POINT (0, 0, 137, 41, 0), POINT (0, 0, 137, 40, 0)},
        .values = {value_decimal (4096, 0, 0), value_bits (3, 0), value_bits (1, 0)}};
    CHECK_OK (s_encode (&request));
    s_expect_sent (AFN_SET, "00 00 01 01 0100000000000000 0300000000000000"
                            "00 00 08 04 00 10 00 00");
    request = (request_t){.kind = REQUEST_WRITE,
                          .point_count = 2,
                          .points = {POINT (0, 0, 137, 40, 0), POINT (0, 0, 137, 41, 0)},
                          .values = {value_bits (0x8000000000000001, 0), value_bits (3, 0)}};
    CHECK_OK (s_encode (&request));
    s_expect_sent (AFN_SET, "00 00 01 01 0100000000000080 0300000000000000");
}

static void test_write_refused (void **state)
{
    (void) state;
    static const struct {
        value_t value;  //  Of the rated voltage
        fep_err_t error;
    } rows[] = {{{.mantissa = 22005, .exponent = -2, .kind = VALUE_DECIMAL}, FEP_RANGE},
                {{.mantissa = 1000, .exponent = 0, .kind = VALUE_DECIMAL}, FEP_RANGE},
                {{.mantissa = -1, .exponent = 0, .kind = VALUE_DECIMAL}, FEP_RANGE},
                {{.mantissa = 1, .exponent = 30, .kind = VALUE_DECIMAL}, FEP_RANGE},
                {{.real = 220.0, .kind = VALUE_FLOAT}, FEP_RANGE},
                {{.mantissa = 9999, .exponent = -1, .kind = VALUE_DECIMAL}, FEP_OK}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        request_t request = s_wiring ();
        request.values[3] = rows[i].value;
        CHECK_ERR (s_encode (&request), rows[i].error);
        assert_true (rows[i].error == FEP_OK || s_player.send.size == 0);
    }
    request_t request = s_wiring ();
    request.values[1] = value_decimal (65536, 0, 0);
    CHECK_ERR (s_encode (&request), FEP_RANGE);
    request = s_wiring ();
    request.point_count = 5;
    CHECK_ERR (s_encode (&request), FEP_UNSUPPORTED);
    request.point_count = 0;
    CHECK_ERR (s_encode (&request), FEP_RANGE);
    request.point_count = REQUEST_VALUES_MAX + 1;
    CHECK_ERR (s_encode (&request), FEP_RANGE);
    request = s_wiring ();
    request.mp = 0;
    CHECK_ERR (s_encode (&request), FEP_UNSUPPORTED);
    request = (request_t){
        .kind = REQUEST_WRITE,
        .point_count = 3,
        .points = {POINT (0, 0, 137, 21, 0), POINT (0, 0, 137, 22, 0), POINT (0, 0, 137, 23, 0)}};
    CHECK_ERR (s_encode (&request), FEP_UNSUPPORTED);
}

//  Current values and parameters in one request: a frame for each AFN.
static void test_read_both (void **state)
{
    (void) state;
    request_t request = {.kind = REQUEST_READ,
                         .point_count = 5,
                         .points = {POINT (0, 0, 137, 20, 0), POINT (0, 0, 1, 0, 0),
                                    POINT (0, 0, 137, 32, 0), POINT (0, 0, 137, 3, 0),
                                    POINT (0, 0, 133, 1, 0)}};
    CHECK_OK (s_encode (&request));
    s_expect_sent (AFN_CURRENT, "00 00 08 00 00 00 02 00");
    CHECK_OK (s_encode (&request));
    s_expect_sent (AFN_QUERY, "00 00 08 04 00 00 01 00");
    CHECK_OK (s_encode (&request));
    s_expect_sent (AFN_CONFIG, "00 00 01 00");
    assert_true (request.finished);
}

//  Without points: what the profile reads, or the usual.
static void test_read_by_profile (void **state)
{
    (void) state;
    static const char text[] = "profile p\ncodec gdw1376\nread energy.active.import.total_kWh\n"
                               "read voltage.l1_V\nread event.code\n";
    profile_t *profile = player_parse_profile (text);
    request_t request = {.kind = REQUEST_READ, .mp = 1};
    CHECK_OK (s_encode (&request));
    s_expect_sent (AFN_CURRENT, "01 01 01 03 01 01 01 10 01 01 04 10");
    s_player.io.profile = profile;
    request = (request_t){.kind = REQUEST_READ, .mp = 1};
    CHECK_OK (s_encode (&request));
    s_expect_sent (AFN_CURRENT, "01 01 01 10 01 01 01 03");
    request = (request_t){.kind = REQUEST_READ_FROZEN,
                          .mp = 1,
                          .freeze = FREEZE_DAY,
                          .from_ms = 1535500800000,
                          .to_ms = 1535558400000};
    CHECK_OK (s_encode (&request));
    s_expect_sent (AFN_HISTORY, "01 01 01 14 29 08 18");
    request = (request_t){.kind = REQUEST_READ};
    CHECK_ERR (s_encode (&request), FEP_UNSUPPORTED);
    s_player.io.profile = NULL;
    request = (request_t){.kind = REQUEST_READ};
    CHECK_OK (s_encode (&request));
    s_expect_sent (AFN_CURRENT, "00 00 02 00");
    profile_destroy (&profile);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_archive),
                                       cmocka_unit_test (test_read_by_the_map),
                                       cmocka_unit_test (test_read_without_points),
                                       cmocka_unit_test (test_own),
                                       cmocka_unit_test (test_explained),
                                       cmocka_unit_test (test_explained_lists),
                                       cmocka_unit_test (test_write),
                                       cmocka_unit_test (test_write_refused),
                                       cmocka_unit_test (test_read_both),
                                       cmocka_unit_test (test_read_by_profile)};
    return cmocka_run_group_tests (tests, s_begin, s_end);
}
