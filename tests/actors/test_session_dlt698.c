//  A session with the DL/T 698.45 codec: its login waits for admission and is answered with both stamps, those not
//  admitted are told why, the clock is vouched for only while it is synchronised.
#include "codecs/dlt698/link.h"
#include "tests/actors/rig.h"
#include "tests/codecs/vec.h"

#define WAITED_MS 1500

enum { STAMP_SIZE = 10 };

static uint8_t s_bytes[512];

//  A published login (vectors: LINK-Request, login), as its terminal sends it.
static bytes_t s_login (void)
{
    static char line[2048], hex[1024], text[400];
    size_t size;
    char *all = vec_read_file (TESTS_DIR "/vectors/dlt698.jsonl", &size);
    bytes_t login = {NULL, 0};
    for (char *at = strtok (all, "\n"); at && !login.size; at = strtok (NULL, "\n")) {
        snprintf (line, sizeof line, "%s", at);
        if (strstr (line, "\"apdu\": \"LINK-Request\"") && strstr (line, "\"login") &&
            strstr (line, "\"fe_preamble\": 0")) {
            vec_json (line, "hex", hex, sizeof hex);
            snprintf (text, sizeof text, "%.*s", (int) strlen (hex) - 2, hex + 1);
            login = bytes_of (s_bytes, vec_hex (text, s_bytes, sizeof s_bytes));
        }
    }
    free (all);
    assert_true (login.size > 0);
    return login;
}

//  The answer's APDU: tag 81, PIID-ACD, result, three instants.
static const uint8_t *s_answer (const rig_t *rig)
{
    for (size_t i = 0; i + 3 + 3 * STAMP_SIZE <= rig->send.size; i++) {
        if (rig->send.data[i] == 0x81) {
            return rig->send.data + i;
        }
    }
    fail_msg ("no LINK-Response among %zu bytes", rig->send.size);
    return NULL;
}

static int64_t s_millis_of_day (const uint8_t *p)
{
    return ((p[5] * 60 + p[6]) * 60 + p[7]) * 1000 + (p[8] << 8 | p[9]);
}

static void test_stamps (void **state)
{
    (void) state;
    for (int trusted = 0; trusted < 2; trusted++) {
        rig_t *rig = rig_new (codec_find ("dlt698"));
        rig->env.clock_trusted = trusted;
        assert_int_equal (rig_feed_bytes (rig, s_login ()), INPUT_BLOCKED);
        assert_int_equal (rig->send.size, 0);
        (void) rig_pass (rig, WAITED_MS);
        assert_int_equal (rig_admit (rig, 0), INPUT_TAKEN);
        const uint8_t *answer = s_answer (rig);
        assert_int_equal (answer[2], trusted ? 0x80 : 0);
        int64_t received = s_millis_of_day (answer + 3 + STAMP_SIZE);
        int64_t sent = s_millis_of_day (answer + 3 + 2 * STAMP_SIZE);
        assert_int_equal (sent - received, WAITED_MS);
        //  The next one does not wait.
        rig->send.size = 0;
        assert_int_equal (rig_feed_bytes (rig, s_login ()), INPUT_TAKEN);
        answer = s_answer (rig);
        assert_memory_equal (answer + 3 + STAMP_SIZE, answer + 3 + 2 * STAMP_SIZE, STAMP_SIZE);
        rig_free (&rig);
    }
}

static void test_rejected (void **state)
{
    (void) state;
    static const struct {
        close_reason_t reason;
        uint8_t result;
    } cases[] = {{CLOSE_DUPLICATE, 1}, {CLOSE_UNKNOWN, 2}, {CLOSE_NO_ADMISSION, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rig_t *rig = rig_new (codec_find ("dlt698"));
        assert_int_equal (rig_feed_bytes (rig, s_login ()), INPUT_BLOCKED);
        session_close (rig->session, &rig->env, cases[i].reason, false);
        assert_int_equal (s_answer (rig)[2], cases[i].result);
        assert_int_equal (session_state (rig->session), SESSION_CLOSING);
        rig_free (&rig);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_stamps),
                                       cmocka_unit_test (test_rejected)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
