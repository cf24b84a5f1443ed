//  Captures: every form of a line, and every fault with its line.
#include "tests/test.h"
#include "tools/capture.h"
#include <stdio.h>

typedef struct {
    const char *text;  //  The capture
    const char *hex;   //  Of its only frame
    int direction;     //  Wanted
    bool timed;        //  Wanted
    int64_t time_ms;   //  Wanted, if timed
    const char *name;  //  Wanted
} good_t;

#define DAY_MS 86400000ll

static const good_t s_good[] = {
    {"6832", "6832", CAPTURE_UNSAID, false, 0, ""},
    {"# a comment\n\n  68 32 AB\r\n", "6832ab", CAPTURE_UNSAID, false, 0, ""},
    {"up 68 32", "6832", CAPTURE_UP, false, 0, ""},
    {"tx  6832", "6832", CAPTURE_DOWN, false, 0, ""},
    {"rx 6832", "6832", CAPTURE_UP, false, 0, ""},
    {"meter->master 6832", "6832", CAPTURE_UP, false, 0, ""},
    {"12.5 68", "68", CAPTURE_UNSAID, true, 12500, ""},
    {"12.0625 down 68", "68", CAPTURE_DOWN, true, 12062, ""},
    {"1700000000000 up 68", "68", CAPTURE_UP, true, 1700000000000, ""},
    {"170000000000 68", "17000000000068", CAPTURE_UNSAID, false, 0, ""},
    {"00:00:01.250 up 68", "68", CAPTURE_UP, true, DAY_MS - 8 * 3600000 + 1250, ""},
    {"2023-11-15T06:13:20.000+08:00 up 68", "68", CAPTURE_UP, true, 1700000000000 - 8 * 3600000,
     ""},
    {"2023-11-15T06:13:20 68", "68", CAPTURE_UNSAID, true, 1700000000000, ""},
    {"2023-11-15 06:13:20.007 down 68", "68", CAPTURE_DOWN, true, 1700000000007, ""},
    {"2023-11-15T06:13:20.000Z  up    10.0.0.7:4711\n    68 16\n    {\"explained\":1}\n", "6816",
     CAPTURE_UP, true, 1700000000000, "10.0.0.7:4711"},
    {"2023-11-15T06:13:20.000Z  up    [::1]:4711\n    68 16\n    refused: CHECKSUM: no\n", "6816",
     CAPTURE_UP, true, 1700000000000, "[::1]:4711"},
    {"2023-11-15T06:13:20.000Z up\n 68 16\n", "6816", CAPTURE_UP, true, 1700000000000, ""},
    {"up 10.0.0.7:4711 6816", "6816", CAPTURE_UP, false, 0, "10.0.0.7:4711"},
    {"{\"hex\":\"6832\"}", "6832", CAPTURE_UNSAID, false, 0, ""},
    {"{ \"id\": \"a\\\"},{\", \"hex\": \"68 32\", \"time_ms\": 7, \"direction\": "
     "\"terminal->master\", "
     "\"decoded\": {\"hex\": \"}\", \"a\": [1, {\"b\": \"]\"}]}, \"valid\": true, \"terminal\": "
     "\"7001\"} ",
     "6832", CAPTURE_UP, true, 7, "7001"},
    {"{\"terminal\":\"7001\",\"peer\":\"1.2.3.4:5\",\"hex\":\"68\",\"direction\":null}", "68",
     CAPTURE_UNSAID, false, 0, "7001"},
    {"{\"peer\":\"1.2.3.4:5\",\"hex\":\"68\",\"time\":\"2023-11-15T06:13:20.000Z\"}", "68",
     CAPTURE_UNSAID, true, 1700000000000, "1.2.3.4:5"}};

static void s_hex (bytes_t bytes, char *text)
{
    *text = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        snprintf (text + 2 * i, 3, "%02x", bytes.data[i]);
    }
}

static void test_good (void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof s_good / sizeof *s_good; i++) {
        const good_t *want = &s_good[i];
        capture_t capture;
        capture_fault_t fault = {0};
        char hex[64];
        fep_err_t error = capture_read (bytes_text (want->text), &capture, &fault);
        if (error) {
            fail_msg ("%s: line %u: %s", want->text, fault.line, fault.text);
        }
        const capture_frame_t *frame = capture.frames;
        s_hex (capture_bytes (&capture, frame), hex);
        if (capture.count != 1 || strcmp (hex, want->hex) != 0 ||
            frame->direction != want->direction || frame->timed != want->timed ||
            strcmp (frame->name, want->name) != 0 ||
            (want->timed && frame->time_ms != want->time_ms)) {
            fail_msg ("%s: %zu frames, %s, direction %d, time %d %lld, name '%s'", want->text,
                      capture.count, hex, frame->direction, frame->timed,
                      (long long) frame->time_ms, frame->name);
        }
        capture_free (&capture);
    }
}

typedef struct {
    const char *text;  //  The capture
    uint32_t line;     //  Where
    const char *what;  //  Part of what is said
} bad_t;

static const bad_t s_bad[] = {{"68\n68 3", 2, "odd"},
                              {"68\n\nzz", 3, "'z' is no hex"},
                              {"up", 1, "no bytes below"},
                              {"12.5 up 10.0.0.1:5\n68 16\n", 2, "no bytes below"},
                              {"12.5 up 10.0.0.1:5\n  {}\n", 2, "no hex"},
                              {"nonsense 68", 1, "no hex"},
                              {"2023-13-15T06:13:20 68", 1, "no hex"},
                              {"{\"hex\":\"6\"}", 1, "odd"},
                              {"{\"hex\":\"\"}", 1, "no bytes"},
                              {"{\"hex\":\"68\"", 1, "no JSON"},
                              {"{\"hex\":\"68", 1, "no JSON"},
                              {"{\"hex\"}", 1, "no JSON"},
                              {"{", 1, "no JSON"},
                              {"{}", 1, "no JSON"},
                              {"{\"a\":{\"b\":1}", 1, "no JSON"},
                              {"{\"a\":1}", 1, "without \"hex\""},
                              {"{\"hex\":\"68\",\"hex\":\"68\"}", 1, "twice"},
                              {"{\"hex\":\"68\",\"direction\":\"left\"}", 1, "direction 'left'"},
                              {"{\"hex\":\"68\",\"time_ms\":\"x\"}", 1, "time_ms 'x'"},
                              {"{\"hex\":\"68\",\"time_ms\":9999999999999999}", 1, "time_ms"},
                              {"{\"hex\":\"68\",\"time\":\"x\"}", 1, "time 'x'"}};

static void test_bad (void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof s_bad / sizeof *s_bad; i++) {
        const bad_t *want = &s_bad[i];
        capture_t capture;
        capture_fault_t fault = {0};
        if (capture_read (bytes_text (want->text), &capture, &fault) != FEP_SYNTAX) {
            fail_msg ("taken: %s", want->text);
        }
        assert_true (capture.count == 0 && !capture.frames && !capture.bytes);
        if (fault.line != want->line || !strstr (fault.text, want->what)) {
            fail_msg ("%s: line %u: %s", want->text, fault.line, fault.text);
        }
    }
    capture_t capture;
    capture_fault_t fault;
    CHECK_ERR (capture_read (bytes_of ("68\n\0", 4), &capture, &fault), FEP_SYNTAX);
    assert_int_equal (fault.line, 2);
}

//  Many lines, so that the memory grows.
static void test_many (void **state)
{
    (void) state;
    enum { LINES = 3000 };
    static char text[LINES * 8 + 1];
    capture_t capture;
    capture_fault_t fault;
    for (size_t i = 0; i < LINES; i++) {
        snprintf (text + 8 * i, 9, "68%02x%02x\n", (unsigned) (i >> 8), (unsigned) (i & 255));
        text[8 * i + 6] = ' ';
        text[8 * i + 7] = '\n';
    }
    CHECK_OK (capture_read (bytes_of (text, sizeof text - 1), &capture, &fault));
    assert_int_equal (capture.count, LINES);
    for (size_t i = 0; i < LINES; i++) {
        bytes_t bytes = capture_bytes (&capture, &capture.frames[i]);
        assert_true (bytes.size == 3 && bytes.data[1] == i >> 8 && bytes.data[2] == (i & 255));
        assert_int_equal (capture.frames[i].line, i + 1);
    }
    capture_free (&capture);
    CHECK_OK (capture_read (bytes_text (""), &capture, &fault));
    assert_int_equal (capture.count, 0);
    capture_free (&capture);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_good), cmocka_unit_test (test_bad),
                                       cmocka_unit_test (test_many)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
