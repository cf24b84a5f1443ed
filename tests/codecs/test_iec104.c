//  IEC 60870-5-104: explain against published frames, numbers, phases and timers of a connection, values and times,
//  requests octet by octet and what their answers mean.
#include "codecs/iec104/parts.h"
#include "tests/codecs/player.h"

#define STATION "1"

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

//  The bytes of a line of the published frames; a bare ASDU as an I frame.
static size_t s_published (const char *line, bool asdu, uint8_t *frame, size_t capacity)
{
    static char hex[2048];
    vec_json (line, "hex", hex, sizeof hex);
    hex[strlen (hex) - 1] = 0;
    size_t head = asdu ? IEC_HEAD + IEC_CONTROL : 0;
    size_t size = vec_hex (hex + 1, frame + head, capacity - head) + head;
    if (asdu) {
        memset (frame, 0, head);
        frame[0] = IEC_START;
        frame[1] = (uint8_t) (size - IEC_HEAD);
    }
    return size;
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
    size_t size = s_published (line, asdu, frame, sizeof frame);
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

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_explain_published)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
