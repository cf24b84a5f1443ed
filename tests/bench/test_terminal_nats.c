//  The simulated terminal of NATS JetStream: what it says and how it takes what a server said (2.9.10, as received).
#include "tests/test.h"
#include "bench/terminal.h"
#include <stdio.h>

enum { ADDRESS = 310100001 };

static const char s_info[] =
    "INFO {\"server_id\":\"NDALG\",\"version\":\"2.9.10\",\"proto\":1,\"jetstream\":true} \r\n";
static const char s_ack[] = "MSG r.310100001 1  29\r\n{\"stream\":\"reports\", \"seq\":1}\r\n";
static const char s_denied[] =
    "MSG r.310100001 1  108\r\n{\"error\":{\"code\":503,\"err_code\":10077,\"description\":"
    "\"maximum messages exceeded\"},\"stream\":\"reports\",\"seq\":0}\r\n";

static input_t s_input (const char *text, size_t size)
{
    return terminal_nats.input (ADDRESS, bytes_of (text, size));
}

//  The whole text is that, every part of it nothing yet.
static void s_check (const char *text, input_what_t what)
{
    size_t size = strlen (text);
    for (size_t i = 0; i < size; i++) {
        assert_int_equal (s_input (text, i).what, INPUT_MORE);
        assert_int_equal (s_input (text, i).size, 0);
    }
    assert_int_equal (s_input (text, size).what, what);
    assert_int_equal (s_input (text, size).size, size);
}

static void s_test_input (void **state)
{
    (void) state;
    s_check (s_info, INPUT_REQUEST);
    s_check ("PING\r\n", INPUT_REQUEST);
    s_check ("PONG\r\n", INPUT_CONFIRMED);
    s_check (s_ack, INPUT_CONFIRMED);
    s_check (s_denied, INPUT_DENIED);
    s_check ("-ERR 'Unknown Protocol Operation'\r\n", INPUT_DENIED);
    s_check ("MSG r.310100001 1 2\r\n{}\r\n", INPUT_NOISE);
    s_check ("MSG r.310100001 1 x\r\n", INPUT_NOISE);
    s_check ("MSG r.310100001 1 12345678\r\n", INPUT_NOISE);
    s_check ("\n", INPUT_NOISE);
    s_check ("MSG 1\n", INPUT_NOISE);
}

//  Two acknowledgements in one window: one after the other.
static void s_test_two (void **state)
{
    char text[2 * sizeof s_ack];
    (void) state;
    snprintf (text, sizeof text, "%s%s", s_ack, s_ack);
    assert_int_equal (s_input (text, strlen (text)).size, sizeof s_ack - 1);
    assert_int_equal (s_input (text, strlen (text)).what, INPUT_CONFIRMED);
}

//  A payload that is not as long as its line says.
static void s_test_torn (void **state)
{
    static const char text[] = "MSG r.310100001 1 20\r\n{\"stream\":\"reports\", \"seq\":1}\r\n";
    (void) state;
    assert_int_equal (s_input (text, sizeof text - 1).what, INPUT_NOISE);
}

static void s_test_login (void **state)
{
    char memory[128] = {0};
    writer_t out = writer_of (memory, sizeof memory - 1);
    (void) state;
    terminal_nats.login (ADDRESS, 0, &out);
    assert_false (out.failed);
    assert_string_equal (memory, "CONNECT {\"verbose\":false,\"pedantic\":false}\r\n"
                                 "SUB r.310100001 1\r\nPING\r\n");
}

//  The frame of 376.1 in a publication; touched, it is another report.
static void s_test_report (void **state)
{
    uint8_t frame[256];
    uint8_t memory[256];
    char head[64];
    report_t report = {29926080, 1, REPORT_CURRENT};
    (void) state;
    for (uint8_t sequence = 0; sequence < 2; sequence++) {
        writer_t wanted = writer_of (frame, sizeof frame);
        writer_t out = writer_of (memory, sizeof memory);
        terminal_gdw1376.report (ADDRESS, &report, 0, &wanted);
        terminal_nats.report (ADDRESS, &report, 0, &out);
        if (sequence > 0) {
            terminal_gdw1376.touch (frame, report.minute + 1, sequence);
            terminal_nats.touch (memory, report.minute + 1, sequence);
        }
        int size = snprintf (head, sizeof head, "PUB t.310100001 r.310100001 %zu\r\n", wanted.size);
        assert_false (out.failed);
        assert_int_equal (out.size, (size_t) size + wanted.size + 2);
        assert_memory_equal (memory, head, (size_t) size);
        assert_memory_equal (memory + size, frame, wanted.size);
        assert_memory_equal (memory + out.size - 2, "\r\n", 2);
    }
    writer_t small = writer_of (memory, 64);
    terminal_nats.report (ADDRESS, &report, 0, &small);
    assert_true (small.failed);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (s_test_input),  cmocka_unit_test (s_test_two),
        cmocka_unit_test (s_test_torn),   cmocka_unit_test (s_test_login),
        cmocka_unit_test (s_test_report),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
