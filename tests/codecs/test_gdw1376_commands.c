//  Q/GDW 376.1: requests of ours against published ones, commands, passwords, tags, groups, files and forwarding.
#include "codecs/gdw1376/link.h"
#include "codecs/gdw1376/state.h"
#include "tests/codecs/player.h"

enum { MASTER = 2, PROTOCOL_2005 = 1, CONTROL = 6, ADDRESS = 7, MASTER_ADDRESS = 11, SEQ = 13 };

static const uint8_t s_address[GDW_ADDRESS] = {0x71, 0x01, 0x22, 0x08, 0x00};
static uint8_t s_frame[4096];

//  A terminal that has been heard, and nothing in flight.
static void s_begin (player_t *player)
{
    *player = player_new (codec_find ("gdw1376"));
    player_clear (player);
    gdw_state_t *state = player->state;
    memcpy (state->address, s_address, GDW_ADDRESS);
    state->protocol = MASTER;
}

static void s_profile (player_t *player, const char *lines)
{
    char text[400];
    snprintf (text, sizeof text, "profile p\ncodec gdw1376\nperiod 0\n%s\nsetting in_flight 1\n",
              lines);
    player_own_text (player, text);
}

static void s_wall (player_t *player, int year, int month, int day, int hour, int minute,
                    int second)
{
    clock_civil_t civil = {year, month, day, hour, minute, second};
    assert_true (zone_utc (player->options.zone, &civil, ZONE_EARLIER, &player->io.wall_ms));
}

static request_t s_pass (const char *hex)
{
    request_t request = {.kind = REQUEST_PASS};
    request.size = (uint16_t) vec_hex (hex, request.bytes, sizeof request.bytes);
    return request;
}

static request_t s_operate (operation_t operation, uint16_t mp)
{
    return (request_t){.kind = REQUEST_OPERATE, .operation = (uint8_t) operation, .mp = mp};
}

static request_t s_read (uint16_t mp, uint32_t point)
{
    return (request_t){.kind = REQUEST_READ, .mp = mp, .point_count = 1, .points = {point}};
}

//  Encodes into an empty send buffer.
static fep_err_t s_encode (player_t *player, request_t *request)
{
    player->send = writer_of (player->sent, PLAYER_SEND);
    return player->codec->encode (player->state, request, &player->io);
}

static bool s_framed (player_t *player)
{
    scan_t scan = player_scan (player, false, writer_bytes (&player->send));
    return scan.what == SCAN_FRAME && scan.size == player->send.size;
}

//  What stands in the frame from AFN on, without SEQ, checksum and end.
static void s_expect (player_t *player, const char *hex)
{
    uint8_t want[2048], got[2048];
    size_t size = vec_hex (hex, want, sizeof want);
    assert_true (s_framed (player));
    assert_true (player->send.size >= 16);
    size_t length = player->send.size - 15;
    got[0] = player->sent[12];
    memcpy (got + 1, player->sent + 14, length - 1);
    assert_int_equal (length, size);
    assert_memory_equal (got, want, size);
}

static void s_expect_ask (player_t *player, request_t request, const char *hex)
{
    CHECK_OK (s_encode (player, &request));
    assert_true (request.finished);
    s_expect (player, hex);
}

//  A frame from the terminal, decoded.
static void s_answer (player_t *player, uint8_t afn, uint8_t seq, const char *hex)
{
    static uint8_t body[2048];
    writer_t out = writer_of (s_frame, sizeof s_frame);
    size_t mark = gdw_frame_open (&out, MASTER, 0x88, s_address, afn, seq);
    writer_put (&out, body, vec_hex (hex, body, sizeof body));
    gdw_frame_close (&out, mark);
    batch_clear (player->batch);
    player_decode (player, writer_bytes (&out));
    CHECK_OK (player->refused);
    player_check_pack (player->batch);
}

static uint8_t s_last_seq (const player_t *player)
{
    return (uint8_t) (0x60 | (player->sent[SEQ] & 0x0F));
}

//  --- Published requests

typedef struct {
    const char *id;     //  In gdw1376.jsonl
    const char *lines;  //  Of the profile
    request_t request;  //  Ours
    const char *pass;   //  PASS: its bytes
    uint8_t password;   //  password_size
} published_t;

static size_t s_published (const char *id, uint8_t *frame, size_t capacity)
{
    size_t size = 0;
    char hex[4096], quoted[40];
    char *text = vec_read_file (TESTS_DIR "/vectors/gdw1376.jsonl", &size);
    snprintf (quoted, sizeof quoted, "\"id\": \"%s\"", id);
    char *line = strstr (text, quoted);
    assert_non_null (line);
    line[strcspn (line, "\n")] = 0;
    vec_json (line, "hex", hex, sizeof hex);
    hex[strlen (hex) - 1] = 0;
    size = vec_hex (hex + 1, frame, capacity);
    free (text);
    return size;
}

//  The state of the master that sent it: address, number, time.
static void s_take_place (player_t *player, bytes_t frame)
{
    gdw_frame_t parts;
    gdw_state_t *state = player->state;
    CHECK_OK (gdw_frame_read (frame, false, &player->options, &parts));
    memcpy (state->address, parts.address, GDW_ADDRESS);
    state->protocol = parts.protocol;
    state->pfc = parts.seq & 0x0F;
    if (parts.tp.size) {
        int part[4];
        for (int i = 0; i < 4; i++) {
            part[i] = parts.tp.data[i + 1] / 16 * 10 + parts.tp.data[i + 1] % 16;
        }
        s_wall (player, 2018, 1, part[3], part[2], part[1], part[0]);
    }
}

//  Some bits of a byte become those of the published frame; the checksum follows.
static void s_choose (uint8_t *got, const uint8_t *want, size_t at, uint8_t mask)
{
    size_t user = (size_t) (got[1] | got[2] << 8) >> 2;
    uint8_t byte = (uint8_t) ((got[at] & ~mask) | (want[at] & mask));
    got[GDW_HEAD + user] = (uint8_t) (got[GDW_HEAD + user] + byte - got[at]);
    got[at] = byte;
}

//  Byte for byte, but for what a master is free to choose: C (function, FCB), MSA and group in A3, CON of SEQ, and
//  the counter of a time tag (that of others is not the number of the frame).
static void s_check_published (const published_t *row)
{
    uint8_t want[1024];
    size_t size = s_published (row->id, want, sizeof want);
    player_t player;
    s_begin (&player);
    request_t request = row->pass ? s_pass (row->pass) : row->request;
    player.options.password_size = row->password;
    s_profile (&player, row->lines);
    s_take_place (&player, bytes_of (want, size));
    CHECK_OK (s_encode (&player, &request));
    assert_true (s_framed (&player));
    assert_int_equal (player.send.size, size);
    s_choose (player.sent, want, CONTROL, 0xFF);
    s_choose (player.sent, want, MASTER_ADDRESS, 0xFF);
    s_choose (player.sent, want, SEQ, GDW_CON);
    if (want[SEQ] & GDW_TPV) {
        s_choose (player.sent, want, size - GDW_TAIL - GDW_TP, 0xFF);
    }
    assert_memory_equal (player.sent, want, size);
    player_free (&player);
}

static void test_published_requests (void **state)
{
    (void) state;
    const published_t rows[] = {
        {"g3761-055", "", s_read (2, POINT (1, 0, 1, 8, 0)), NULL, 16},
        {"g3761-005", "setting time_tag 255", s_read (1, POINT (1, 0, 1, 8, 0)), NULL, 16},
        {"g3761-008", "setting time_tag 255", s_read (1, POINT (1, 0, 32, 7, 0)), NULL, 16},
        {"g3761-092",
         "setting time_tag 5",
         {.kind = REQUEST_READ,
          .mp = 1,
          .point_count = 2,
          .points = {POINT (1, 0, 1, 8, 0), POINT (1, 0, 8, 8, 0)}},
         NULL,
         16},
        {"g3761-063", "", s_read (0, POINT (0, 0, 1, 0, 0)), NULL, 16},
        {"g3761-078", "", s_read (0, POINT (0, 0, 1, 0, 0)), NULL, 16},
        {"g3761-077", "setting time_tag 255", {.mp = 0}, "0C 00 00 01 00", 16},
        {"g3761-094", "setting time_tag 5", s_read (1, POINT (0, 0, 136, 14, 0)), NULL, 16},
        {"g3761-062", "", s_read (0, POINT (0, 0, 137, 3, 0)), NULL, 16},
        {"g3761-061", "", {.mp = 0}, "0A 00 00 01 0B", 16},
        {"g3761-035", "", {.mp = 0}, "0A 01 01 02 06", 16},
        {"g3761-051", "setting time_tag 5", s_operate (OPERATION_RESET, 0), NULL, 16},
        {"g3761-031", "setting time_tag 5", s_operate (OPERATION_KEEP, 0), NULL, 16},
        {"g3761-032", "setting time_tag 5", s_operate (OPERATION_KEEP_END, 0), NULL, 16},
        {"g3761-045", "", {.mp = 0}, "05 00 00 20 04 98 0A", 0},
        {"g3761-026", "", {.mp = 0}, "05 01 00 01 00 14", 16},
        {"g3761-033",
         "setting time_tag 5",
         {.mp = 0},
         "04 00 00 02 01 01 00 01 00 00 00 81 1E 00 00 00 00 00 00 00 00 00 00 00 00 04 00"
         "00 00 00 00 00 00 01",
         16}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        s_check_published (&rows[i]);
    }
    printf ("%zu published requests equal ours but for C, A3, CON and PFC\n",
            sizeof rows / sizeof *rows);
}

//  --- Commands

static void test_operate (void **state)
{
    (void) state;
    player_t player;
    s_begin (&player);
    player.options.password_size = 2;
    s_expect_ask (&player, s_operate (OPERATION_TRIP, 1), "05 01 01 01 00 00 00 00");
    assert_int_equal (player.sent[CONTROL], 0x4A);
    s_expect_ask (&player, s_operate (OPERATION_TRIP, 8), "05 80 01 01 00 00 00 00");
    s_expect_ask (&player, s_operate (OPERATION_PERMIT_CLOSE, 2), "05 02 01 02 00 00 00");
    s_expect_ask (&player, s_operate (OPERATION_KEEP, 0), "05 00 00 01 03 00 00 00");
    s_expect_ask (&player, s_operate (OPERATION_KEEP_END, 0), "05 00 00 01 04 00 00");
    s_expect_ask (&player, s_operate (OPERATION_ALARM, 0), "05 00 00 02 03 00 00");
    s_expect_ask (&player, s_operate (OPERATION_ALARM_END, 0), "05 00 00 02 04 00 00");
    s_expect_ask (&player, s_operate (OPERATION_RESET, 0), "01 00 00 01 00 00 00");
    assert_int_equal (player.sent[CONTROL], 0x41);
    s_profile (&player, "setting alarm_data 1");
    s_expect_ask (&player, s_operate (OPERATION_ALARM, 0), "05 00 00 02 03 00 00 00");
    const struct {
        operation_t operation;
        uint16_t mp;
        fep_err_t error;
    } refused[] = {{OPERATION_TRIP, 0, FEP_RANGE},         {OPERATION_TRIP, 9, FEP_RANGE},
                   {OPERATION_PERMIT_CLOSE, 0, FEP_RANGE}, {OPERATION_KEEP, 1, FEP_RANGE},
                   {OPERATION_CLOSE, 0, FEP_UNSUPPORTED},  {OPERATION_POINT, 0, FEP_UNSUPPORTED},
                   {OPERATION_FREEZE, 0, FEP_UNSUPPORTED}};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        request_t request = s_operate (refused[i].operation, refused[i].mp);
        CHECK_ERR (s_encode (&player, &request), refused[i].error);
        assert_int_equal (player.send.size, 0);
    }
    request_t select = {.kind = REQUEST_SELECT, .operation = OPERATION_TRIP, .mp = 1};
    CHECK_ERR (s_encode (&player, &select), FEP_UNSUPPORTED);
    player_free (&player);
}

static void test_command_answers (void **state)
{
    (void) state;
    static const struct {
        const char *body;
        answer_t answer;
        uint8_t code;
    } rows[] = {{"00 00 01 00", ANSWER_DONE, 0},
                {"00 00 02 00", ANSWER_REFUSED, 0},
                {"00 00 04 00 05 01 01 01 00 00", ANSWER_DONE, 0},
                {"00 00 04 00 05 01 01 01 00 02", ANSWER_REFUSED, 2},
                {"00 00 08 00", ANSWER_REFUSED, 253}};
    player_t player;
    s_begin (&player);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        request_t request = s_operate (OPERATION_TRIP, 1);
        CHECK_OK (s_encode (&player, &request));
        s_answer (&player, AFN_CONFIRM, s_last_seq (&player), rows[i].body);
        assert_int_equal (player.answer, rows[i].answer);
        assert_int_equal (player.answer_code, rows[i].code);
        assert_true (rows[i].answer == ANSWER_DONE || player.codec->code_text (player.answer_code));
        assert_int_equal (player.batch->message_count, 0);
    }
    assert_null (player.codec->code_text (77));
    player_free (&player);
}

static void test_clock (void **state)
{
    (void) state;
    player_t player;
    s_begin (&player);
    zone_t zone;
    player.options.password_size = 0;
    request_t request = {.kind = REQUEST_CLOCK};
    s_wall (&player, 2024, 12, 29, 23, 59, 58);
    s_expect_ask (&player, request, "05 00 00 40 03 58 59 23 29 F2 24");
    CHECK_OK (zone_parse ("CET-1CEST,M3.5.0,M10.5.0/3", &zone));
    player.options.zone = &zone;
    s_expect_ask (&player, request, "05 00 00 40 03 58 59 16 29 F2 24");
    s_wall (&player, 2024, 7, 1, 8, 0, 0);
    s_expect_ask (&player, request, "05 00 00 40 03 00 00 08 01 27 24");
    request.mp = 1;
    CHECK_ERR (s_encode (&player, &request), FEP_UNSUPPORTED);
    player_free (&player);
}

//  --- Passwords, tags, groups

static void test_passwords (void **state)
{
    (void) state;
    player_t player;
    s_begin (&player);
    request_t trip = s_operate (OPERATION_TRIP, 1);
    s_expect_ask (&player, trip, "05 01 01 01 00 00 00000000000000000000000000000000");
    s_profile (&player, "setting terminal_password 0x12345678");
    s_expect_ask (&player, trip, "05 01 01 01 00 00 78563412000000000000000000000000");
    player.options.password_size = 2;
    s_expect_ask (&player, trip, "05 01 01 01 00 00 78 56");
    player.options.password_size = 0;
    s_expect_ask (&player, trip, "05 01 01 01 00 00");
    player.options.password_size = 16;
    s_expect_ask (&player, s_read (0, POINT (0, 0, 1, 0, 0)), "0C 00 00 02 00");
    player_free (&player);
}

static void test_sealed (void **state)
{
    (void) state;
    uint8_t memory[256];
    player_t player;
    s_begin (&player);
    gdw_state_t before;
    s_profile (&player, "setting seal 2\nsetting time_tag 5");
    request_t request = s_operate (OPERATION_TRIP, 1);
    CHECK_ERR (s_encode (&player, &request), FEP_UNSUPPORTED);
    writer_t seal = writer_of (memory, sizeof memory);
    player.io.seal = &seal;
    memcpy (&before, player.state, sizeof before);
    CHECK_ERR (s_encode (&player, &request), FEP_NEEDS_SEAL);
    static const uint8_t want[] = {0x4A, 0x71, 0x01, 0x22, 0x08, 0x02, 0x05,
                                   0xE0, 0x01, 0x01, 0x01, 0x00, 0x00};
    assert_int_equal (seal.size, sizeof want);
    assert_memory_equal (memory, want, sizeof want);
    assert_memory_equal (&before, player.state, sizeof before);
    assert_int_equal (player.send.size, 0);
    assert_false (request.finished);
    player.io.sealed = bytes_text ("0123456789ABCDE");
    CHECK_ERR (s_encode (&player, &request), FEP_NO_SEAL);
    assert_int_equal (player.send.size, 0);
    player.io.sealed = bytes_text ("0123456789ABCDEF");
    s_wall (&player, 2018, 8, 28, 16, 19, 39);
    CHECK_OK (s_encode (&player, &request));
    s_expect (&player, "05 01 01 01 00 00 30313233343536373839414243444546 00 39 19 16 28 05");
    player.io.sealed = bytes_of (NULL, 0);
    s_expect_ask (&player, s_read (0, POINT (0, 0, 1, 0, 0)), "0C 00 00 02 00 01 39 19 16 28 05");
    seal = writer_of (memory, 4);
    request.finished = false;
    CHECK_ERR (s_encode (&player, &request), FEP_LIMIT);
    player_free (&player);
}

//  The tag says until when; an answer with another tag is another's.
static void test_time_tags (void **state)
{
    (void) state;
    player_t player;
    s_begin (&player);
    ((gdw_state_t *) player.state)->pfc = 0x3F;
    s_profile (&player, "setting time_tag 30");
    s_wall (&player, 2018, 8, 28, 16, 19, 39);
    request_t request = s_read (0, POINT (0, 0, 1, 0, 0));
    request.until_ms = player.io.wall_ms + 61000;
    CHECK_OK (s_encode (&player, &request));
    s_expect (&player, "0C 00 00 02 00 3F 39 19 16 28 02");
    static const char clock[] = "00 00 02 00 49 48 11 15 52 15";
    char tagged[80];
    snprintf (tagged, sizeof tagged, "%s %s", clock, "1F 39 19 16 28 02");
    s_answer (&player, AFN_CURRENT, 0xEF, tagged);
    assert_int_equal (player.answer, ANSWER_NONE);
    snprintf (tagged, sizeof tagged, "%s %s", clock, "3F 39 19 16 28 02");
    s_answer (&player, AFN_CURRENT, 0xCF, tagged);
    assert_int_equal (player.answer, ANSWER_PARTIAL);
    snprintf (tagged, sizeof tagged, "%s %s", clock, "40 39 19 16 28 02");
    s_answer (&player, AFN_CURRENT, 0xA0, tagged);
    assert_int_equal (player.answer, ANSWER_DONE);
    request = s_read (0, POINT (0, 0, 1, 0, 0));
    CHECK_OK (s_encode (&player, &request));
    s_expect (&player, "0C 00 00 02 00 40 39 19 16 28 1E");
    s_answer (&player, AFN_CURRENT, 0x60, clock);
    assert_int_equal (player.answer, ANSWER_DONE);
    player_free (&player);
}

static void test_groups (void **state)
{
    (void) state;
    static const uint8_t all[] = {0x71, 0x01, 0xFF, 0xFF, 0x03};
    static const uint8_t some[] = {0x71, 0x01, 0x2C, 0x01, 0x03};
    player_t player;
    s_begin (&player);
    player.options.password_size = 0;
    request_t request = s_operate (OPERATION_KEEP, 0);
    strcpy (request.meter, "group:65535");
    CHECK_OK (s_encode (&player, &request));
    s_expect (&player, "05 00 00 01 03 00");
    assert_memory_equal (player.sent + ADDRESS, all, sizeof all);
    assert_int_equal (player.sent[CONTROL], 0x44);
    assert_int_equal (player.io.answer, ANSWER_DONE);
    request = (request_t){.kind = REQUEST_CLOCK, .meter = "group:300"};
    CHECK_OK (s_encode (&player, &request));
    assert_memory_equal (player.sent + ADDRESS, some, sizeof some);
    assert_false (((gdw_state_t *) player.state)->asking);
    s_answer (&player, AFN_CONFIRM, s_last_seq (&player), "00 00 01 00");
    assert_int_equal (player.answer, ANSWER_NONE);
    static const char *const wrong[] = {"group:0",   "group:65536", "group:99999999999",
                                        "group:12a", "group:-1",    "group:"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        request = (request_t){.kind = REQUEST_CLOCK};
        strcpy (request.meter, wrong[i]);
        CHECK_ERR (s_encode (&player, &request), FEP_RANGE);
    }
    request = s_read (0, POINT (0, 0, 1, 0, 0));
    strcpy (request.meter, "group:300");
    CHECK_ERR (s_encode (&player, &request), FEP_UNSUPPORTED);
    player_free (&player);
}

//  The archive may have the address of the terminal's meter: no group is meant, only this terminal is asked.
static void test_meter_address (void **state)
{
    (void) state;
    static const char *const meters[] = {"000000000300", "300", "0", "202311150001", "A1"};
    static const uint8_t own[] = {0x71, 0x01, 0x22, 0x08, 0x02};
    for (size_t i = 0; i < sizeof meters / sizeof *meters; i++) {
        player_t player;
        s_begin (&player);
        player.options.password_size = 0;
        request_t trip = s_operate (OPERATION_TRIP, 1);
        strcpy (trip.meter, meters[i]);
        CHECK_OK (s_encode (&player, &trip));
        assert_memory_equal (player.sent + ADDRESS, own, sizeof own);
        assert_int_equal (player.io.answer, ANSWER_NONE);
        request_t read = s_read (1, POINT (1, 0, 1, 8, 0));
        strcpy (read.meter, meters[i]);
        CHECK_OK (s_encode (&player, &read));
        assert_memory_equal (player.sent + ADDRESS, own, sizeof own);
        player_free (&player);
    }
}

static void test_pass (void **state)
{
    (void) state;
    player_t player;
    s_begin (&player);
    player.options.password_size = 2;
    s_expect_ask (&player, s_pass ("10 00 00 01 01 AA"), "10 00 00 01 01 AA 00 00");
    s_answer (&player, AFN_FORWARD, s_last_seq (&player), "00 00 01 01 BB");
    assert_int_equal (player.answer, ANSWER_DONE);
    assert_int_equal (player.io.raw_units, 1);
    s_expect_ask (&player, s_pass ("0B 01 01 01 00"), "0B 01 01 01 00");
    s_answer (&player, AFN_CURRENT, s_last_seq (&player), "00 00 02 00 49 48 11 15 52 15");
    assert_int_equal (player.answer, ANSWER_DONE);
    request_t request = s_pass ("0C 00 00 02");
    CHECK_ERR (s_encode (&player, &request), FEP_RANGE);
    request = s_pass ("00 00 00 01 00");
    CHECK_ERR (s_encode (&player, &request), FEP_UNSUPPORTED);
    player_free (&player);
}

//  --- Files

static void test_file (void **state)
{
    (void) state;
    uint8_t file[70];
    player_t player;
    s_begin (&player);
    for (size_t i = 0; i < sizeof file; i++) {
        file[i] = (uint8_t) i;
    }
    player.options.password_size = 0;
    s_profile (&player, "setting file_segment 32\nsetting file_kind 3");
    player.io.file = bytes_of (file, sizeof file);
    request_t request = {.kind = REQUEST_FILE, .done = 1};
    CHECK_OK (s_encode (&player, &request));
    s_expect (&player, "0F 00 00 01 00 03 00 00 03 00 01 00 00 00 20 00"
                       "202122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F");
    assert_int_equal (request.done, 2);
    assert_false (request.finished);
    s_answer (&player, AFN_FILE, s_last_seq (&player), "00 00 01 00 01 00 00 00");
    assert_int_equal (player.answer, ANSWER_DONE);
    assert_int_equal (player.batch->message_count, 0);
    CHECK_OK (s_encode (&player, &request));
    s_expect (&player, "0F 00 00 01 00 03 01 00 03 00 02 00 00 00 06 00 40 41 42 43 44 45");
    assert_true (request.finished);
    s_answer (&player, AFN_FILE, s_last_seq (&player), "00 00 01 00 01 00 00 00");
    assert_int_equal (player.answer, ANSWER_REFUSED);
    assert_int_equal (player.answer_code, 254);
    s_answer (&player, AFN_FILE, 0x6F, "00 00 01 00 01 00 00 00");
    assert_int_equal (player.answer, ANSWER_NONE);
    assert_int_equal (player.io.raw_units, 1);
    //  Of somebody else's APDU the answer is kept as it is.
    request_t pass = s_pass ("0F 00 00 01 00 03 00 00 03 00 01 00 00 00 00 00");
    CHECK_OK (s_encode (&player, &pass));
    s_answer (&player, AFN_FILE, s_last_seq (&player), "00 00 01 00 01 00 00 00");
    assert_int_equal (player.answer, ANSWER_DONE);
    assert_int_equal (player.io.raw_units, 1);
    request = (request_t){.kind = REQUEST_FILE, .done = 3};
    CHECK_ERR (s_encode (&player, &request), FEP_NOT_FOUND);
    player.io.file = bytes_of (file, 0);
    request.done = 0;
    CHECK_ERR (s_encode (&player, &request), FEP_RANGE);
    player_free (&player);
}

//  --- Forwarding

static const char s_meter_frame[] = "68 61 10 01 30 12 15 68 11 04 33 33 34 33 C8 16";

static fep_err_t s_wrap (player_t *player, const char *hex)
{
    uint8_t frame[64];
    player->send = writer_of (player->sent, PLAYER_SEND);
    return player->codec->wrap (player->state, bytes_of (frame, vec_hex (hex, frame, sizeof frame)),
                                &player->io);
}

static void s_expect_unwrapped (player_t *player, bytes_t frame, bool up, const char *hex)
{
    uint8_t want[128], got[128];
    size_t size = vec_hex (hex, want, sizeof want);
    writer_t line = writer_of (got, sizeof got);
    CHECK_OK (player->codec->unwrap (frame, up, &player->options, &line));
    assert_int_equal (line.size, size);
    assert_memory_equal (got, want, size);
    line = writer_of (got, size - 1);
    CHECK_ERR (player->codec->unwrap (frame, up, &player->options, &line), FEP_FULL);
}

static void test_forward (void **state)
{
    (void) state;
    player_t player;
    s_begin (&player);
    CHECK_OK (s_wrap (&player, s_meter_frame));
    s_expect (&player, "10 00 00 01 00 1F 6B BC 0A 10 00 68611001301215681104333334 33C816"
                       "00000000000000000000000000000000");
    s_expect_unwrapped (&player, writer_bytes (&player.send), false, s_meter_frame);
    s_answer (&player, AFN_FORWARD, s_last_seq (&player), "00 00 01 00 1F 03 00 AA BB CC");
    assert_int_equal (player.answer, ANSWER_DONE);
    assert_int_equal (player.batch->message_count, 0);
    s_expect_unwrapped (&player, bytes_of (s_frame, 8 + 8 + 10), true, "AA BB CC");
    static const char text[] = "profile m\ncodec modbus_rtu\nsetting port 2\nsetting baud 9600\n"
                               "setting parity 0\nsetting frame_wait 5\nsetting byte_wait 250\n";
    profile_t *meter = player_parse_profile (text);
    meter_t one = {.mp = 3, .address = "17", .profile = meter};
    player.io.meter = &one;
    player.options.password_size = 0;
    CHECK_OK (s_wrap (&player, "11 03 00 00"));
    s_expect (&player, "10 00 00 01 00 02 C3 85 19 04 00 11 03 00 00");
    meter->settings[SETTING_parity] = 1;
    CHECK_OK (s_wrap (&player, "11"));
    s_expect (&player, "10 00 00 01 00 02 CF 85 19 01 00 11");
    meter->settings[SETTING_baud] = 115200;
    CHECK_ERR (s_wrap (&player, "11"), FEP_RANGE);
    ((gdw_state_t *) player.state)->protocol = 0;
    CHECK_ERR (s_wrap (&player, "11"), FEP_NOT_FOUND);
    profile_destroy (&meter);
    player_free (&player);
}

static void test_forward_refused (void **state)
{
    (void) state;
    static const struct {
        uint8_t afn;
        const char *body;
        uint8_t code;
        uint32_t raw;
    } rows[] = {{AFN_FORWARD, "00 00 01 00 1F 00 00", 255, 0},
                {AFN_FORWARD, "00 00 01 00 1F 05 00 AA", 252, 1},
                {AFN_FORWARD, "00 00 01 00 1F 01 00 AA BB", 252, 1},
                {AFN_CONFIRM, "00 00 02 00", 0, 0}};
    uint8_t memory[64];
    player_t player;
    s_begin (&player);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        CHECK_OK (s_wrap (&player, s_meter_frame));
        s_answer (&player, rows[i].afn, s_last_seq (&player), rows[i].body);
        assert_int_equal (player.answer, ANSWER_REFUSED);
        assert_int_equal (player.answer_code, rows[i].code);
        assert_int_equal (player.io.raw_units, rows[i].raw);
        writer_t line = writer_of (memory, sizeof memory);
        size_t size = (size_t) ((s_frame[1] | s_frame[2] << 8) >> 2) + 8;
        CHECK_ERR (player.codec->unwrap (bytes_of (s_frame, size), true, &player.options, &line),
                   FEP_NOT_FOUND);
    }
    s_answer (&player, AFN_FORWARD, 0x60, "00 00 01 00 1F 01 00 AA");
    assert_int_equal (player.answer, ANSWER_NONE);
    assert_int_equal (player.io.raw_units, 1);
    static uint8_t big[1025];
    CHECK_ERR (player.codec->wrap (player.state, bytes_of (big, 1025), &player.io), FEP_LIMIT);
    CHECK_OK (player.codec->wrap (player.state, bytes_of (big, 1024), &player.io));
    player_free (&player);
}

//  A carried frame is sealed like a command.
static void test_forward_sealed (void **state)
{
    (void) state;
    uint8_t memory[256];
    player_t player;
    s_begin (&player);
    writer_t seal = writer_of (memory, sizeof memory);
    s_profile (&player, "setting seal 2");
    player.io.seal = &seal;
    CHECK_ERR (s_wrap (&player, "AA"), FEP_NEEDS_SEAL);
    assert_int_equal (seal.size, 8 + 4 + 6 + 1);
    player.io.sealed = bytes_text ("0123456789ABCDEF");
    CHECK_OK (s_wrap (&player, "AA"));
    s_expect (&player, "10 00 00 01 00 1F 6B BC 0A 01 00 AA 30313233343536373839414243444546");
    player_free (&player);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_published_requests),
                                       cmocka_unit_test (test_operate),
                                       cmocka_unit_test (test_command_answers),
                                       cmocka_unit_test (test_clock),
                                       cmocka_unit_test (test_passwords),
                                       cmocka_unit_test (test_sealed),
                                       cmocka_unit_test (test_time_tags),
                                       cmocka_unit_test (test_groups),
                                       cmocka_unit_test (test_meter_address),
                                       cmocka_unit_test (test_pass),
                                       cmocka_unit_test (test_file),
                                       cmocka_unit_test (test_forward),
                                       cmocka_unit_test (test_forward_refused),
                                       cmocka_unit_test (test_forward_sealed)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
