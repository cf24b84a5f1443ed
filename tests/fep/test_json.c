//  JSON output: exact texts.
#include "fep/clock.h"
#include "fep/json.h"
#include "fep/point.h"
#include "fep/wire.h"
#include "tests/test.h"
#include <math.h>
#include <stdio.h>

static char s_memory[4096];
static writer_t s_out;

static json_t s_json (void)
{
    s_out = writer_of (s_memory, sizeof s_memory - 1);
    return json_of (&s_out);
}

static void s_expect (const char *text)
{
    assert_false (s_out.failed);
    s_memory[s_out.size] = 0;
    assert_string_equal (s_memory, text);
}

static void test_commas_and_nesting (void **state)
{
    (void) state;
    json_t json = s_json ();
    json_object (&json);
    json_pair_int (&json, "a", 1);
    json_key (&json, "b");
    json_array (&json);
    json_array_end (&json);
    json_key (&json, "c");
    json_array (&json);
    json_int (&json, -1);
    json_object (&json);
    json_object_end (&json);
    json_object (&json);
    json_pair_bool (&json, "x", false);
    json_object_end (&json);
    json_null (&json);
    json_array_end (&json);
    json_pair_text (&json, "d", "e");
    json_pair_hex (&json, "f", bytes_of ("\x00\xff\x1a", 3));
    json_object_end (&json);
    s_expect ("{\"a\":1,\"b\":[],\"c\":[-1,{},{\"x\":false},null],\"d\":\"e\",\"f\":\"00ff1a\"}");
}

static void test_numbers (void **state)
{
    (void) state;
    json_t json = s_json ();
    json_array (&json);
    json_int (&json, INT64_MIN);
    json_uint (&json, UINT64_MAX);
    json_float (&json, 1.5);
    json_float (&json, -0.25);
    json_float (&json, (double) NAN);
    json_float (&json, (double) INFINITY);
    json_array_end (&json);
    s_expect ("[-9223372036854775808,18446744073709551615,1.5,-0.25,null,null]");
}

static void test_escapes (void **state)
{
    (void) state;
    json_t json = s_json ();
    json_text (&json, "a\"b\\c\n\t\x01\x7f/");
    s_expect ("\"a\\\"b\\\\c\\u000a\\u0009\\u0001\\u007f/\"");
    json = s_json ();
    json_string (&json, bytes_of ("a\0b", 3));
    s_expect ("\"a\\u0000b\"");
}

#define BAD "\xef\xbf\xbd"

static void test_utf8 (void **state)
{
    (void) state;
    static const struct {
        const char *text;      //  Given
        const char *expected;  //  Between the quotes
    } rows[] = {{"\xe7\xbb\x88\xe7\xab\xaf", "\xe7\xbb\x88\xe7\xab\xaf"},
                {"\xc3\xa9", "\xc3\xa9"},
                {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
                {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
                {"\xff", BAD},
                {"a\x80z", "a" BAD "z"},
                {"\xc0\x80", BAD BAD},
                {"\xc1\xbf", BAD BAD},
                {"\xe0\x80\x80", BAD BAD BAD},
                {"\xed\xa0\x80", BAD BAD BAD},
                {"\xf0\x80\x80\x80", BAD BAD BAD BAD},
                {"\xf4\x90\x80\x80", BAD BAD BAD BAD},
                {"\xf5\x80\x80\x80", BAD BAD BAD BAD},
                {"\xe7\xbb", BAD BAD},
                {"\xe7x", BAD "x"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t json = s_json ();
        json_text (&json, rows[i].text);
        char expected[64];
        snprintf (expected, sizeof expected, "\"%s\"", rows[i].expected);
        s_expect (expected);
    }
}

static void test_full_writer_fails (void **state)
{
    (void) state;
    for (size_t size = 0; size < 12; size++) {
        writer_t out = writer_of (s_memory, size);
        json_t json = json_of (&out);
        json_array (&json);
        json_text (&json, "12345678");
        json_array_end (&json);
        assert_true (out.failed);
        assert_true (out.size <= size);
    }
}

static void test_wire_values (void **state)
{
    (void) state;
    uint8_t packed[256];
    writer_t out = writer_of (packed, sizeof packed);
    wire_put_map (&out, 9);
    wire_pair_int (&out, "i", -5);
    wire_pair_uint (&out, "u", UINT64_MAX);
    wire_pair_text (&out, "t", "x\"");
    wire_pair_bool (&out, "b", true);
    wire_put_text (&out, "n");
    wire_put_nil (&out);
    wire_put_text (&out, "f");
    wire_put_float (&out, 0.5);
    wire_put_text (&out, "h");
    wire_put_bin (&out, bytes_of ("\x01\xfe", 2));
    wire_put_int (&out, -7);
    wire_put_array (&out, 2);
    wire_put_int (&out, 1);
    wire_put_array (&out, 0);
    wire_put_uint (&out, 7);
    wire_put_map (&out, 0);
    reader_t in = reader_of (writer_bytes (&out));
    json_t json = s_json ();
    json_wire (&json, &in);
    assert_false (in.failed);
    assert_int_equal (reader_left (&in), 0);
    s_expect (
        "{\"i\":-5,\"u\":18446744073709551615,\"t\":\"x\\\"\",\"b\":true,\"n\":null,\"f\":0.5,"
        "\"h\":\"01fe\",\"-7\":[1,[]],\"7\":{}}");
    for (size_t cut = 0; cut < out.size; cut++) {
        in = reader_of (bytes_of (packed, cut));
        json = s_json ();
        json_wire (&json, &in);
        assert_true (in.failed);
    }
}

static void test_wire_depth_is_limited (void **state)
{
    (void) state;
    uint8_t packed[WIRE_DEPTH_MAX + 2];
    memset (packed, 0x91, sizeof packed);
    packed[WIRE_DEPTH_MAX] = 1;
    reader_t in = reader_of (bytes_of (packed, sizeof packed - 1));
    json_t json = s_json ();
    json_wire (&json, &in);
    assert_false (in.failed);
    s_expect ("[[[[[[[[1]]]]]]]]");
    packed[WIRE_DEPTH_MAX] = 0x91;
    packed[WIRE_DEPTH_MAX + 1] = 1;
    in = reader_of (bytes_of (packed, sizeof packed));
    json = s_json ();
    json_wire (&json, &in);
    assert_true (in.failed);
}

static void test_message (void **state)
{
    (void) state;
    const item_t items[] = {{value_decimal (100, -4, 0), POINT (1, 0, 1, 8, 0)},
                            {value_none (ABSENT_DEVICE, 0), POINT (1, 0, 1, 8, 1)},
                            {value_bits (0x1f, QUALITY_LATE), POINT_LINK_STATE},
                            {{.text = "a\"b", .exponent = 3, .kind = VALUE_TEXT}, POINT_EVENT_NAME},
                            {{.real = -1.5, .kind = VALUE_FLOAT}, POINT (15, 0, 250, 250, 250)}};
    message_t message = {.kind = MESSAGE_READING,
                         .received_ms = 1700000000123,
                         .address = bytes_text ("310100012"),
                         .terminal = 12,
                         .area = 3,
                         .mp = 4,
                         .freeze = FREEZE_NONE,
                         .count = 5,
                         .first = 17,
                         .raw = bytes_of ("\x68\x16", 2)};
    char names[5][64];
    for (int i = 0; i < 5; i++) {
        point_name (items[i].point, names[i], sizeof names[i]);
    }
    char expected[2048];
    snprintf (expected, sizeof expected,
              "{\"kind\":\"reading\",\"terminal\":\"310100012\",\"number\":12,\"area\":3,\"mp\":4,"
              "\"received\":\"2023-11-15T06:13:20.123+08:00\",\"freeze\":\"none\",\"items\":["
              "{\"point\":\"%s\",\"obis\":\"1.0.1.8.0\",\"value\":\"0.0100\",\"quality\":\"ok\"},"
              "{\"point\":\"%s\",\"obis\":\"1.0.1.8.1\",\"value\":null,\"absent\":\"device\","
              "\"quality\":\"invalid\"},"
              "{\"point\":\"%s\",\"obis\":\"0.0.131.1.0\",\"value\":\"0x1F\",\"quality\":\"late\"},"
              "{\"point\":\"%s\",\"obis\":\"0.0.130.2.0\",\"value\":\"a\\\"b\",\"quality\":\"ok\"},"
              "{\"point\":\"%s\",\"obis\":\"15.0.250.250.250\",\"value\":-1.5,\"quality\":\"ok\"}],"
              "\"raw\":\"6816\"}",
              names[0], names[1], names[2], names[3], names[4]);
    json_t json = s_json ();
    json_message (&json, &message, items);
    s_expect (expected);
}

//  Without step the message's instant is that of its items, and they do not repeat it.
static void test_one_instant (void **state)
{
    (void) state;
    const item_t item = {value_decimal (1, 0, 0), POINT_LINK_STATE};
    message_t message = {.kind = MESSAGE_EVENT, .time_ms = 1699999200000, .count = 1};
    json_t json = s_json ();
    json_message (&json, &message, &item);
    s_memory[s_out.size] = 0;
    const char *time = strstr (s_memory, "\"time\":\"2023-11-15T06:00:00.000+08:00\"");
    assert_non_null (time);
    assert_null (strstr (time + 1, "\"time\""));
    assert_null (strstr (s_memory, "step_ms"));
}

//  Each item of a curve says its own instant.
static void test_curve (void **state)
{
    (void) state;
    const item_t items[] = {{value_decimal (1, 0, 0), POINT_LINK_STATE},
                            {value_decimal (-2, 1, 0), POINT_LINK_STATE}};
    message_t message = {.kind = MESSAGE_READING,
                         .received_ms = 1700000000000,
                         .time_ms = 1699999200000,
                         .step_ms = 900000,
                         .freeze = FREEZE_CURVE,
                         .task = 9,
                         .count = 2};
    char name[64];
    char expected[1024];
    point_name (POINT_LINK_STATE, name, sizeof name);
    snprintf (expected, sizeof expected,
              "{\"kind\":\"reading\",\"terminal\":\"\",\"number\":0,\"area\":0,\"mp\":0,\"task\":9,"
              "\"received\":\"2023-11-15T06:13:20.000+08:00\",\"freeze\":\"curve\","
              "\"time\":\"2023-11-15T06:00:00.000+08:00\",\"step_ms\":900000,\"items\":["
              "{\"point\":\"%s\",\"obis\":\"0.0.131.1.0\",\"value\":\"1\","
              "\"time\":\"2023-11-15T06:00:00.000+08:00\",\"quality\":\"ok\"},"
              "{\"point\":\"%s\",\"obis\":\"0.0.131.1.0\",\"value\":\"-20\","
              "\"time\":\"2023-11-15T06:15:00.000+08:00\",\"quality\":\"ok\"}]}",
              name, name);
    json_t json = s_json ();
    json_message (&json, &message, items);
    s_expect (expected);
}

static void test_is_utf8 (void **state)
{
    static const char *const good[] = {"",    "a", "\xc2\x80", "\xe4\xb8\xad", "\xf4\x8f\xbf\xbf",
                                       "\x7f"};
    static const char *const bad[] = {"\x80",         "\xc1\x81",         "\xe0\x80\x80",
                                      "\xed\xa0\x80", "\xf4\x90\x80\x80", "a\xe4\xb8"};
    (void) state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true (json_is_utf8 (bytes_text (good[i])));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false (json_is_utf8 (bytes_text (bad[i])));
    }
}

int main (void)
{
    clock_set_offset_min (CLOCK_OFFSET_DEFAULT_MIN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_commas_and_nesting),
        cmocka_unit_test (test_numbers),
        cmocka_unit_test (test_escapes),
        cmocka_unit_test (test_utf8),
        cmocka_unit_test (test_full_writer_fails),
        cmocka_unit_test (test_wire_values),
        cmocka_unit_test (test_wire_depth_is_limited),
        cmocka_unit_test (test_message),
        cmocka_unit_test (test_one_instant),
        cmocka_unit_test (test_curve),
        cmocka_unit_test (test_is_utf8),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
