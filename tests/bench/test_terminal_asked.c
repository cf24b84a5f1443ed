//  The simulated concentrator that is asked: requests by hand from Q/GDW 1376.1, and what its answers look like.
#include "tests/test.h"
#include "bench/terminal_asked.h"

//  0D F161 of measuring points 1 and 3 in one unit, of 2026-11-25; MSA 1, sequence 6.
static const uint8_t s_day[] = {0x68, 0x3E, 0x00, 0x3E, 0x00, 0x68, 0x4B, 0x01,
                                0x31, 0x01, 0x00, 0x02, 0x0D, 0x66, 0x05, 0x01,
                                0x01, 0x14, 0x25, 0x11, 0x26, 0x00, 0x16};
//  0C F25 of point 2, then F129 of the terminal, which it has not.
static const uint8_t s_current[] = {0x68, 0x42, 0x00, 0x42, 0x00, 0x68, 0x4B, 0x01,
                                    0x31, 0x01, 0x00, 0x02, 0x0C, 0x67, 0x02, 0x01,
                                    0x01, 0x03, 0x00, 0x00, 0x01, 0x10, 0x00, 0x16};

static void s_test_read (void **state)
{
    asked_request_t request;
    (void) state;
    terminal_set_offset_min (480);
    assert_true (asked_read (bytes_of (s_day, sizeof s_day), &request));
    assert_int_equal (request.afn, 0x0D);
    assert_int_equal (request.msa, 2);
    assert_int_equal (request.sequence, 6);
    assert_int_equal (request.count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_true (request.units[i].known);
        assert_int_equal (request.units[i].report.mp, i ? 3 : 1);
        assert_int_equal (request.units[i].report.kind, REPORT_DAY);
        //  2026-11-25 00:00 at UTC+8.
        assert_int_equal (request.units[i].report.minute, 1795564800 / 60 - 480);
    }
    assert_true (asked_read (bytes_of (s_current, sizeof s_current), &request));
    assert_int_equal (request.count, 2);
    assert_true (request.units[0].known);
    assert_int_equal (request.units[0].report.mp, 2);
    assert_false (request.units[1].known);
    assert_false (asked_read (bytes_of (s_current, 14), &request));
    //  A frozen request that ends before its day.
    assert_false (asked_read (bytes_of (s_day, sizeof s_day - 2), &request));
}

static void s_check_frame (const uint8_t *bytes, size_t size, bool good)
{
    uint8_t sum = 0;
    size_t user = (size_t) (bytes[1] | bytes[2] << 8) >> 2;
    assert_int_equal (size, user + 8);
    assert_int_equal (bytes[1] & 3, 2);
    for (size_t i = 0; i < user; i++) {
        sum = (uint8_t) (sum + bytes[6 + i]);
    }
    assert_int_equal (bytes[size - 2] == sum, good);
    assert_int_equal (bytes[size - 1], 0x16);
}

//  05 F1 of output 2 for ever, then F2 of output 3; PW is 0.
static const uint8_t s_switch[] = {0x68, 0x86, 0x00, 0x86, 0x00, 0x68, 0x4A, 0x01, 0x31, 0x01, 0x00,
                                   0x02, 0x05, 0x68, 0x02, 0x01, 0x01, 0x00, 0x00, 0x04, 0x01, 0x02,
                                   0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                                   0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x16};

static void s_test_control (void **state)
{
    asked_request_t request;
    uint8_t wrong[sizeof s_switch], memory[64];
    writer_t out = writer_of (memory, sizeof memory);
    const uint8_t done[] = {0x80, 0x01, 0x31, 0x01, 0x00, 0x02, 0x00, 0x68, 0x00, 0x00, 0x01, 0x00};
    (void) state;
    assert_true (asked_read (bytes_of (s_switch, sizeof s_switch), &request));
    assert_true (asked_controls (&request));
    assert_int_equal (request.count, 2);
    assert_true (request.units[0].known && request.units[0].trips);
    assert_int_equal (request.units[0].report.mp, 2);
    assert_true (request.units[1].known && !request.units[1].trips);
    assert_int_equal (request.units[1].report.mp, 3);
    asked_confirm (310100001, &request, &out);
    s_check_frame (memory, out.size, true);
    assert_memory_equal (memory + 6, done, sizeof done);
    //  Another password; an output it has not; an Fn it has not; no password.
    const struct {
        size_t at;
        uint8_t byte;
    } changes[] = {{30, 1}, {15, 2}, {16, 4}};
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        memcpy (wrong, s_switch, sizeof wrong);
        wrong[changes[i].at] = changes[i].byte;
        assert_true (asked_read (bytes_of (wrong, sizeof wrong), &request));
        assert_false (request.units[0].known && request.units[1].known);
    }
    assert_false (asked_read (bytes_of (s_switch, sizeof s_switch - 16), &request) &&
                  request.units[0].known);
}

static void s_test_answer (void **state)
{
    uint8_t memory[256];
    asked_request_t request;
    writer_t out = writer_of (memory, sizeof memory);
    const uint8_t head[] = {0x88, 0x01, 0x31, 0x01, 0x00, 0x02, 0x0D, 0x66};
    const uint8_t first[] = {0x01, 0x01, 0x01, 0x14, 0x25, 0x11, 0x26};
    const uint8_t second[] = {0x04, 0x01, 0x01, 0x14, 0x25, 0x11, 0x26};
    (void) state;
    terminal_set_offset_min (480);
    assert_true (asked_read (bytes_of (s_day, sizeof s_day), &request));
    asked_answer_t answer = asked_open (310100001, &request, &out);
    asked_put (&answer, 310100001, &request.units[0].report, true);
    asked_put (&answer, 310100001, &request.units[1].report, false);
    asked_close (&answer, false);
    assert_false (out.failed);
    //  Each unit: DA DT, Td, A.15, M, five registers of five bytes.
    assert_int_equal (out.size, 6 + 8 + 2 * (4 + 3 + 5 + 1 + 25) + 2);
    s_check_frame (memory, out.size, true);
    assert_memory_equal (memory + 6, head, sizeof head);
    assert_memory_equal (memory + 14, first, sizeof first);
    assert_memory_equal (memory + 14 + 38, second, sizeof second);
    int nothing = 0;
    for (size_t i = 0; i < 25; i++) {
        nothing += memory[14 + 13 + i] == 0xEE;
        assert_int_equal (memory[14 + 38 + 13 + i], 0xEE);
    }
    assert_int_equal (nothing, 0);
    out.size = 0;
    answer = asked_open (310100001, &request, &out);
    asked_put (&answer, 310100001, &request.units[0].report, true);
    asked_close (&answer, true);
    s_check_frame (memory, out.size, false);
}

static void s_test_deny (void **state)
{
    uint8_t memory[64];
    asked_request_t request;
    writer_t out = writer_of (memory, sizeof memory);
    const uint8_t units[] = {0x00, 0x66, 0x00, 0x00, 0x02, 0x00};
    (void) state;
    assert_true (asked_read (bytes_of (s_day, sizeof s_day), &request));
    asked_deny (310100001, &request, &out);
    s_check_frame (memory, out.size, true);
    assert_memory_equal (memory + 12, units, sizeof units);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (s_test_read), cmocka_unit_test (s_test_answer),
        cmocka_unit_test (s_test_deny), cmocka_unit_test (s_test_control)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
