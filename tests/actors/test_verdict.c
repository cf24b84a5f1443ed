//  Why a terminal is silent, in words.
#include "tests/test.h"
#include "actors/verdict.h"
#include <string.h>

#define NOON_MS 1795320000000  //  2026-11-22 12:00:00 at UTC+8

static const char *s_online (int64_t silent_s, uint64_t bad_in_row, const uint64_t *refused)
{
    static char text[VERDICT_MAX + 1];
    static const uint64_t none[FEP_ERR_COUNT];
    const verdict_session_t session = {.now_ms = NOON_MS + 600000,
                                       .opened_ms = NOON_MS,
                                       .last_rx_ms = NOON_MS + 600000 - silent_s * 1000,
                                       .period_ms = 60000,
                                       .bad_in_row = bad_in_row,
                                       .refused = refused ? refused : none};
    verdict_online (&session, text, sizeof text);
    return text;
}

static void test_online (void **state)
{
    (void) state;
    assert_string_equal (s_online (12, 0, NULL),
                         "online since 2026-11-22 12:00:00, last byte 12 s ago");
    assert_string_equal (s_online (-5, 0, NULL),
                         "online since 2026-11-22 12:00:00, last byte 0 s ago");
    assert_string_equal (s_online (90, 0, NULL),
                         "online since 2026-11-22 12:00:00, last byte 90 s ago");
    assert_string_equal (
        s_online (180, 0, NULL),
        "online since 2026-11-22 12:00:00, but no byte for 3 min; expected every 60 s: "
        "the path is broken or the terminal hangs");
}

static void test_refused (void **state)
{
    (void) state;
    uint64_t refused[FEP_ERR_COUNT] = {
        [FEP_NOT_MINE] = 2, [FEP_CHECKSUM] = 34, [FEP_IMPLAUSIBLE] = 2};
    assert_string_equal (s_online (1, VERDICT_BAD_ROW - 1, refused),
                         "online since 2026-11-22 12:00:00, last byte 1 s ago");
    assert_string_equal (
        s_online (1, VERDICT_BAD_ROW, refused),
        "online since 2026-11-22 12:00:00, last byte 1 s ago, but every frame is refused: "
        "CHECKSUM 34, NOT_MINE 2, IMPLAUSIBLE 2");
    //  More than fits is cut.
    for (int i = 0; i < FEP_ERR_COUNT; i++) {
        refused[i] = UINT64_MAX / 2;
    }
    assert_true (strlen (s_online (1, VERDICT_BAD_ROW, refused)) <= VERDICT_MAX);
}

static void test_not_online (void **state)
{
    (void) state;
    char text[VERDICT_MAX + 1];
    verdict_offline (NOON_MS, "SILENT", "no byte within the idle time", text, sizeof text);
    assert_string_equal (
        text, "offline since 2026-11-22 12:00:00: no byte within the idle time (SILENT)");
    verdict_never (NOON_MS, 0, text, sizeof text);
    assert_string_equal (text, "never came since the daemon started at 2026-11-22 12:00:00");
    verdict_never (NOON_MS, NOON_MS - 3600000, text, sizeof text);
    assert_string_equal (
        text, "never came since the daemon started at 2026-11-22 12:00:00; before that it was "
              "online today at 2026-11-22 11:00:00");
    verdict_unknown (true, NOON_MS, "10.0.0.7:1", text, sizeof text);
    assert_string_equal (
        text, "connected but held: it is not in the archive; last seen at 2026-11-22 12:00:00 "
              "from 10.0.0.7:1");
    verdict_unknown (false, NOON_MS, "10.0.0.7:1", text, sizeof text);
    assert_string_equal (
        text, "turned away: it is not in the archive; last seen at 2026-11-22 12:00:00 from "
              "10.0.0.7:1");
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_online),
        cmocka_unit_test (test_refused),
        cmocka_unit_test (test_not_online),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
