//  Modbus TCP: explain against published frames, wrap and unwrap of what modbus_rtu asks against the same, what scan
//  takes and drops, transactions, and answers that come in another order.
#include "tests/codecs/player.h"
#include "tests/codecs/published.h"

#define FRAME_MAX 260

static const char *const s_derived[] = {"note", "meaning", NULL};
static codec_options_t s_options;

static const codec_t *s_codec (void)
{
    return codec_find ("modbus_tcp");
}

static fep_err_t s_explain (bytes_t frame, bool up, char *text, size_t size)
{
    writer_t out = writer_of (text, size - 1);
    json_t json = json_of (&out);
    fep_err_t error = s_codec ()->explain (frame, up, &s_options, &json);
    text[out.size] = 0;
    return error;
}

static fep_err_t s_explain_hex (const char *hex, bool up, char *text, size_t size)
{
    uint8_t frame[FRAME_MAX + 8];
    return s_explain (bytes_of (frame, vec_hex (hex, frame, sizeof frame)), up, text, size);
}

//  ---- Published frames ----

//  The request as modbus_rtu makes it of function and data, in this transaction: the published bytes. 0 if modbus_rtu
//  does not ask such a thing (unit 0, more than a request may have).
static size_t s_ask_again (bytes_t frame)
{
    player_t rtu = player_new (codec_find ("modbus_rtu"));
    uint16_t last = (uint16_t) ((frame.data[0] << 8 | frame.data[1]) - 1);
    request_t request = {.kind = REQUEST_PASS, .size = (uint16_t) (frame.size - 7)};
    uint8_t sent[FRAME_MAX];
    char unit[8];
    memcpy (request.bytes, frame.data + 7, request.size);
    snprintf (unit, sizeof unit, "%u", frame.data[6]);
    player_clear (&rtu);
    player_meter (&rtu, unit, "-");
    fep_err_t error = rtu.codec->encode (rtu.state, &request, &rtu.io);
    size_t same = 0;
    if (!error) {
        bytes_t line = writer_bytes (&rtu.send);
        writer_t out = writer_of (sent, sizeof sent);
        codec_io_t io = {.options = &s_options, .send = &out, .meter = &rtu.meter};
        CHECK_OK (s_codec ()->wrap (&last, line, &io));
        assert_int_equal (io.tag, last);
        //  Transaction 0 is published but never ours.
        uint16_t ours = frame.data[0] || frame.data[1] ? last : 1;
        assert_int_equal (io.tag, ours);
        assert_memory_equal (sent + 2, frame.data + 2, frame.size - 2);
        assert_int_equal (out.size, frame.size);
        uint8_t back[FRAME_MAX];
        writer_t again = writer_of (back, sizeof back);
        CHECK_OK (s_codec ()->unwrap (frame, false, &s_options, &again));
        assert_true (bytes_equal (writer_bytes (&again), line));
        same = 1;
    }
    player_free (&rtu);
    return same;
}

typedef struct {
    size_t valid, invalid;  //  Frames
    size_t asked;           //  Requests made again
} counts_t;

static void s_published_line (const char *line, counts_t *counts)
{
    static char want[4096], got[8192], hex[1024], direction[40], valid[16];
    uint8_t bytes[FRAME_MAX + 8];
    vec_json (line, "hex", hex, sizeof hex);
    vec_json (line, "direction", direction, sizeof direction);
    vec_json (line, "valid", valid, sizeof valid);
    vec_json (line, "decoded", want, sizeof want);
    hex[strlen (hex) - 1] = 0;
    bytes_t frame = {bytes, vec_hex (hex + 1, bytes, sizeof bytes)};
    bool up = strcmp (direction, "\"up\"") == 0;
    fep_err_t error = s_explain (frame, up, got, sizeof got);
    if (strcmp (valid, "true") != 0) {
        counts->invalid++;
        CHECK_ERR (error, strstr (want, "protocol id") ? FEP_NOT_MINE : FEP_IMPLAUSIBLE);
        return;
    }
    CHECK_OK (error);
    counts->valid++;
    assert_true (published_compare (want, got, s_derived) >= 3);
    counts->asked += up ? 0 : s_ask_again (frame);
}

static void test_published (void **state)
{
    (void) state;
    size_t size;
    counts_t counts = {0, 0, 0};
    char *text = vec_read_file (TESTS_DIR "/vectors/modbus_tcp.jsonl", &size);
    for (char *line = strtok (text, "\n"); line; line = strtok (NULL, "\n")) {
        s_published_line (line, &counts);
    }
    printf ("modbus_tcp: %zu valid, %zu invalid, %zu requests made again\n", counts.valid,
            counts.invalid, counts.asked);
    assert_true (counts.valid == 27 && counts.invalid == 2 && counts.asked == 12);
    free (text);
}

static void test_explain_rest (void **state)
{
    (void) state;
    char got[4096];
    CHECK_OK (s_explain_hex ("0001 0000 0006 11 2b0e010100", true, got, sizeof got));
    assert_string_equal (got, "{\"transaction\":1,\"unit\":17,\"fc\":43,\"data\":\"0e010100\"}");
    CHECK_OK (s_explain_hex ("0001 0000 0003 11 ab 0b", true, got, sizeof got));
    assert_non_null (
        strstr (got, "\"fc\":43,\"exception\":11,\"exception_name\":\"gateway target"));
    CHECK_OK (s_explain_hex ("0001 0000 0002 11 07", false, got, sizeof got));
    assert_non_null (strstr (got, "\"fc\":7,\"data\":\"\""));
    static const struct {
        const char *hex;
        bool up;
        fep_err_t error;
    } rows[] = {{"0001 0000 0006 11 03 0000", false, FEP_TRUNCATED},
                {"0001 0000 00", false, FEP_TRUNCATED},
                {"0001 0000 0006 11 03 0000 0001 00", false, FEP_IMPLAUSIBLE},
                {"0001 0100 0006 11 03 0000 0001", false, FEP_NOT_MINE},
                {"0001 0000 0106 11 03 0000 0001", false, FEP_IMPLAUSIBLE},
                {"0001 0000 00ff 11 03 0000 0001", false, FEP_IMPLAUSIBLE},
                {"0001 0000 0001 11", false, FEP_IMPLAUSIBLE},
                {"0001 0000 0006 11 05 0130 1234", false, FEP_IMPLAUSIBLE},
                {"0001 0000 0005 11 03 0000 00", false, FEP_IMPLAUSIBLE},
                {"0001 0000 0005 11 03 02 00 00", true, FEP_OK},
                {"0001 0000 0006 11 03 03 00 00 00", true, FEP_IMPLAUSIBLE}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_ERR (s_explain_hex (rows[i].hex, rows[i].up, got, sizeof got), rows[i].error);
    }
    CHECK_ERR (s_explain_hex ("0001 0000 0006 11 03 0000 0001", false, got, 20), FEP_LIMIT);
}

static void test_address (void **state)
{
    (void) state;
    char text[ADDRESS_MAX + 1] = "x";
    static const uint8_t frame[] = {0, 1, 0, 0, 0, 3, 17, 0x83, 2};
    CHECK_ERR (s_codec ()->address (bytes_of (frame, sizeof frame), true, &s_options, text),
               FEP_NOT_FOUND);
    assert_string_equal (text, "");
    CHECK_ERR (s_codec ()->address (bytes_of (frame, 4), true, &s_options, text), FEP_TRUNCATED);
}

//  ---- Scan ----

static void test_scan_head (void **state)
{
    (void) state;
    static const struct {
        const char *hex;
        bool up;
        scan_what_t what;
        size_t size;
        fep_err_t reason;
    } rows[] = {{"", true, SCAN_MORE, 0, FEP_OK},
                {"ff", true, SCAN_MORE, 0, FEP_OK},
                {"ff ff", true, SCAN_MORE, 0, FEP_OK},
                {"ff ff 01", true, SCAN_SKIP, 1, FEP_NOT_MINE},
                {"ff ff 00 01", true, SCAN_SKIP, 1, FEP_NOT_MINE},
                {"ff ff 00 00 01", true, SCAN_SKIP, 1, FEP_IMPLAUSIBLE},
                {"ff ff 00 00 00 01", true, SCAN_SKIP, 1, FEP_IMPLAUSIBLE},
                {"ff ff 00 00 00 ff", true, SCAN_SKIP, 1, FEP_IMPLAUSIBLE},
                {"ff ff 00 00 00 fe", true, SCAN_MORE, 0, FEP_OK},
                {"ff ff 00 00 00 02 11", true, SCAN_MORE, 0, FEP_OK},
                {"ff ff 00 00 00 02 11 00", true, SCAN_SKIP, 1, FEP_IMPLAUSIBLE},
                {"ff ff 00 00 00 02 11 80", false, SCAN_SKIP, 1, FEP_IMPLAUSIBLE},
                {"ff ff 00 00 00 02 11 83", true, SCAN_SKIP, 1, FEP_IMPLAUSIBLE},
                {"ff ff 00 00 00 02 11 11 00", false, SCAN_FRAME, 8, FEP_OK},
                {"00 02 00 00 00 03 11 83 04", true, SCAN_FRAME, 9, FEP_OK}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t window[16];
        size_t size = vec_hex (rows[i].hex, window, sizeof window);
        uint8_t *copy = malloc (size ? size : 1);
        assert_non_null (copy);
        memcpy (copy, window, size);
        scan_context_t context = {.up = rows[i].up, .options = &s_options};
        scan_t scan = s_codec ()->scan (&context, bytes_of (copy, size));
        free (copy);
        if (scan.what != rows[i].what || scan.size != rows[i].size ||
            scan.reason != rows[i].reason) {
            fail_msg ("%s: %d %zu %s", rows[i].hex, scan.what, scan.size,
                      fep_err_name (scan.reason));
        }
    }
}

static uint32_t s_random_state = 5;

static uint8_t s_random (void)
{
    s_random_state = s_random_state * 1664525u + 1013904223u;
    return (uint8_t) (s_random_state >> 16);
}

//  Noise without two zeros in a row in front: the answer is found, once.
static void test_scan_noise (void **state)
{
    (void) state;
    static const uint8_t answer[] = {0x12, 0x34, 0, 0, 0, 5, 17, 3, 2, 0x55, 0xAA};
    player_t player = player_new (s_codec ());
    for (unsigned round = 0; round < 2000; round++) {
        uint8_t bytes[160];
        size_t noise = s_random () % 100;
        for (size_t i = 0; i < noise; i++) {
            bytes[i] = s_random () | 1;
        }
        memcpy (bytes + noise, answer, sizeof answer);
        player_clear (&player);
        player_feed (&player, bytes_of (bytes, noise + sizeof answer));
        assert_true (player.frames == 1 && player.answer == ANSWER_DONE);
        assert_true (player.io.tag == 0x1234 && player.window_size == 0);
    }
    player_free (&player);
}

//  ---- Wrap ----

//  Several in flight; the device answers the last first, one of them with a refusal.
static void test_order (void **state)
{
    (void) state;
    static const char *const units[] = {"17", "9", "255"};
    static const char *const answers[] = {"11 03 04 0001 0002", "09 83 06", "ff 03 04 0003 0004"};
    static const answer_t ends[] = {ANSWER_DONE, ANSWER_REFUSED, ANSWER_DONE};
    player_t tcp = player_new (s_codec ());
    player_t rtu = player_new (codec_find ("modbus_rtu"));
    uint8_t flights[3][16], line[FRAME_MAX];
    size_t sizes[3];
    uint32_t tags[3];
    player_clear (&tcp);
    for (size_t i = 0; i < 3; i++) {
        request_t request = {.kind = REQUEST_PASS, .size = 5, .bytes = {3, 0, 107, 0, 2}};
        player_clear (&rtu);
        player_meter (&rtu, units[i], "-");
        CHECK_OK (rtu.codec->encode (rtu.state, &request, &rtu.io));
        sizes[i] = rtu.send.size;
        memcpy (flights[i], rtu.sent, sizes[i]);
        tcp.io.meter = &rtu.meter;
        CHECK_OK (s_codec ()->wrap (tcp.state, writer_bytes (&rtu.send), &tcp.io));
        tags[i] = tcp.io.tag;
    }
    assert_true (tcp.send.size == 36 && tags[0] == 1 && tags[1] == 2 && tags[2] == 3);
    for (size_t i = 3; i-- > 0;) {
        uint8_t frame[FRAME_MAX] = {0, (uint8_t) tags[i]};
        size_t size = vec_hex (answers[i], frame + 6, sizeof frame - 6);
        frame[5] = (uint8_t) size;
        player_feed (&tcp, bytes_of (frame, size + 6));
        assert_true (tcp.answer == ANSWER_DONE && tcp.io.tag == tags[i]);
        writer_t out = writer_of (line, sizeof line);
        CHECK_OK (s_codec ()->unwrap (bytes_of (frame, size + 6), true, &s_options, &out));
        player_clear (&rtu);
        player_meter (&rtu, units[i], "-");
        player_flight (&rtu, bytes_of (flights[i], sizes[i]));
        player_feed (&rtu, writer_bytes (&out));
        assert_true (rtu.frames == 1 && rtu.answer == ends[i]);
        assert_int_equal (rtu.answer_code, ends[i] == ANSWER_REFUSED ? 6 : 0);
    }
    assert_int_equal (tcp.batch->message_count, 0);
    player_free (&tcp);
    player_free (&rtu);
}

static void test_wrap_limits (void **state)
{
    (void) state;
    static const uint8_t longest[257] = {17, 3};
    uint8_t sent[FRAME_MAX + 1];
    player_t player = player_new (s_codec ());
    player_clear (&player);
    writer_t out = writer_of (sent, FRAME_MAX - 1);
    player.io.send = &out;
    CHECK_ERR (s_codec ()->wrap (player.state, bytes_of (longest, 257), &player.io), FEP_LIMIT);
    CHECK_ERR (s_codec ()->wrap (player.state, bytes_of (longest, 3), &player.io), FEP_TRUNCATED);
    CHECK_ERR (s_codec ()->wrap (player.state, bytes_of (longest, 256), &player.io), FEP_FULL);
    out = writer_of (sent, FRAME_MAX);
    CHECK_OK (s_codec ()->wrap (player.state, bytes_of (longest, 256), &player.io));
    assert_true (out.size == FRAME_MAX && player.io.tag == 1 && sent[5] == 254);
    writer_t line = writer_of (sent, 10);
    uint8_t frame[FRAME_MAX];
    memcpy (frame, out.data, FRAME_MAX);
    CHECK_ERR (s_codec ()->unwrap (bytes_of (frame, FRAME_MAX), false, &s_options, &line),
               FEP_FULL);
    CHECK_ERR (s_codec ()->unwrap (bytes_of (frame, 9), false, &s_options, &line), FEP_TRUNCATED);
    //  65536 transactions: none is 0.
    for (unsigned i = 2; i < 65540; i++) {
        out = writer_of (sent, FRAME_MAX);
        CHECK_OK (s_codec ()->wrap (player.state, bytes_of (longest, 8), &player.io));
        assert_int_equal (player.io.tag, (i - 1) % 65535 + 1);
    }
    player_free (&player);
}

static void test_refusals (void **state)
{
    (void) state;
    player_t player = player_new (s_codec ());
    request_t request = {.kind = REQUEST_READ};
    player_clear (&player);
    CHECK_ERR (s_codec ()->encode (player.state, &request, &player.io), FEP_UNSUPPORTED);
    assert_string_equal (s_codec ()->code_text (6), "device busy");
    assert_true (s_codec ()->is_pipelined && !s_codec ()->is_checked && !s_codec ()->is_meter);
    assert_null (s_codec ()->durable);
    player_free (&player);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_published),   cmocka_unit_test (test_explain_rest),
        cmocka_unit_test (test_address),     cmocka_unit_test (test_scan_head),
        cmocka_unit_test (test_scan_noise),  cmocka_unit_test (test_order),
        cmocka_unit_test (test_wrap_limits), cmocka_unit_test (test_refusals)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
