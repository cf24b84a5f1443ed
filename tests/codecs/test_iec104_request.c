//  IEC 60870-5-104: requests octet by octet, also against published ones, and what their answers mean.
#include "tests/codecs/iec104_rig.h"

static uint32_t s_named (const char *name)
{
    uint32_t point = 0;
    assert_true (point_parse (name, &point));
    return point;
}

static fep_err_t s_ask (player_t *player, request_t *request)
{
    return player->codec->encode (player->state, request, &player->io);
}

//  An ASDU of the station, and what it must mean for the request in flight.
static void s_answer (player_t *player, const char *asdu, answer_t answer, int code)
{
    char hex[600];
    static uint8_t bytes[512];
    size_t size = vec_hex (asdu, bytes, sizeof bytes);
    unsigned ns = (unsigned) rig_state (player)->received, nr = rig_state (player)->vs;
    snprintf (hex, sizeof hex, "68%02zx%02x%02x%02x%02x %s", size + 4, ns << 1 & 0xFF, ns >> 7,
              nr << 1 & 0xFF, nr >> 7, asdu);
    CHECK_OK (rig_up (player, hex));
    if (player->answer != answer || player->answer_code != code) {
        fail_msg ("%s: answer %d code %d", asdu, player->answer, player->answer_code);
    }
}

//  Our request is the published one, octet by octet.
typedef struct {
    const char *id;  //  Published
    request_kind_t kind;
    operation_t operation;
    const char *point;  //  "" none
    uint16_t mp;
    value_t value;
    const char *address;  //  Of the station
    const char *wall;     //  UTC, if it has a time
} published_t;

#define DECIMAL(mantissa_, exponent_)                                                              \
    {                                                                                              \
        .mantissa = mantissa_, .exponent = exponent_, .kind = VALUE_DECIMAL                        \
    }
#define NOTHING DECIMAL (0, 0)
#define STAMP "2019-06-05T04:03:00"

static const published_t s_table[] = {
    {"iec104-030", REQUEST_READ, 0, "", 0, NOTHING, "1", ""},
    {"iec104-062", REQUEST_READ, 0, "", 0, NOTHING, "1", ""},
    {"iec104-011", REQUEST_READ, 0, "", 0, NOTHING, "113", ""},
    {"iec104-044", REQUEST_CLOCK, 0, "", 0, NOTHING, "1", "2005-09-01T04:03:00"},
    {"iec104-090", REQUEST_SELECT, OPERATION_POINT, "relay.state", 1, DECIMAL (1, 0), "1", ""},
    {"iec104-098", REQUEST_OPERATE, OPERATION_POINT, "voltage.l1_V", 0, DECIMAL (5000, -2), "1",
     ""},
    {"iec104-104", REQUEST_OPERATE, OPERATION_POINT, "relay.state", 2, DECIMAL (1, 0), "1", ""},
    {"iec104-106",
     REQUEST_OPERATE,
     OPERATION_POINT,
     "input.state",
     0,
     {.mantissa = 0xDEADBEEF, .kind = VALUE_BITS},
     "1",
     ""},
    {"iec104-asdu-007", REQUEST_SELECT, OPERATION_POINT, "relay.state", 3, DECIMAL (2, 0), "1", ""},
    {"iec104-asdu-022", REQUEST_OPERATE, OPERATION_POINT, "relay.state", 4, DECIMAL (1, 0), "1",
     ""},
    {"iec104-asdu-030", REQUEST_OPERATE, OPERATION_RESET, "", 0, NOTHING, "4660", ""},
    {"iec104-asdu-027", REQUEST_READ, 0, "energy.active.import.total_kWh", 0, NOTHING, "1", ""}};

//  The published commands with time tag or qualifier name one object; ours stand side by side.
static const struct {
    published_t is;
    uint32_t ioa;  //  Ours
} s_moved[] = {{{"iec104-asdu-023", REQUEST_OPERATE, OPERATION_POINT, "voltage.l1_V", 4,
                 DECIMAL (100, 0), "1", ""},
                0x567891},
               {{"iec104-asdu-025", REQUEST_OPERATE, OPERATION_POINT, "voltage.l2_V", 4,
                 DECIMAL (100, 0), "1", STAMP},
                0x567892},
               {{"iec104-asdu-019", REQUEST_OPERATE, OPERATION_POINT, "input.state", 4,
                 DECIMAL (0, 0), "1", STAMP},
                0x567893},
               {{"iec104-asdu-021", REQUEST_OPERATE, OPERATION_POINT, "input.change", 4,
                 DECIMAL (2, 0), "1", STAMP},
                0x567894}};

//  The published frame of that name.
static size_t s_find_published (const char *id, uint8_t *frame, size_t capacity)
{
    size_t size, found = 0;
    char quoted[40], key[60];
    snprintf (quoted, sizeof quoted, "\"%s\"", id);
    char *text = vec_read_file (TESTS_DIR "/vectors/iec104.jsonl", &size);
    for (char *line = strtok (text, "\n"); line; line = strtok (NULL, "\n")) {
        vec_json (line, "id", key, sizeof key);
        if (strcmp (key, quoted) == 0) {
            found = rig_published (line, strstr (id, "asdu") != NULL, frame, capacity);
        }
    }
    free (text);
    assert_true (found > 0);
    return found;
}

static void s_request_published (const published_t *row, uint32_t ioa)
{
    uint8_t want[300];
    player_t player;
    size_t size = s_find_published (row->id, want, sizeof want);
    rig_begin (&player, row->address, "iec104_published");
    rig_start (&player);
    iec_state_t *link = rig_state (&player);
    link->vs = link->ack = (uint16_t) ((want[2] | want[3] << 8) >> 1);
    link->base = (uint16_t) ((want[4] | want[5] << 8) >> 1);
    request_t request = {.kind = row->kind, .operation = (uint8_t) row->operation, .mp = row->mp};
    request.values[0] = row->value;
    if (*row->point) {
        request.points[0] = s_named (row->point);
        request.point_count = 1;
    }
    if (*row->wall) {
        clock_civil_t c;
        assert_int_equal (sscanf (row->wall, "%d-%d-%dT%d:%d:%d", &c.year, &c.month, &c.day,
                                  &c.hour, &c.minute, &c.second),
                          6);
        assert_true (zone_utc (&rig_zone, &c, ZONE_EARLIER, &player.io.wall_ms));
        player.io.wall_ms += 513;
    }
    CHECK_OK (s_ask (&player, &request));
    assert_int_equal (request.done, 1);
    if (ioa) {
        want[12] = (uint8_t) ioa;
    }
    bytes_t got = {player.sent + player.compared, player.send.size - player.compared};
    if (!bytes_equal (got, bytes_of (want, size))) {
        fail_msg ("%s: %zu octets of %zu, or others", row->id, got.size, size);
    }
    player_free (&player);
}

static void test_requests_published (void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof s_table / sizeof *s_table; i++) {
        s_request_published (&s_table[i], 0);
    }
    for (size_t i = 0; i < sizeof s_moved / sizeof *s_moved; i++) {
        s_request_published (&s_moved[i].is, s_moved[i].ioa);
    }
}

static void test_interrogation (void **state)
{
    (void) state;
    player_t player;
    rig_begin (&player, STATION, "iec104");
    rig_start (&player);
    request_t request = {.kind = REQUEST_READ};
    CHECK_OK (s_ask (&player, &request));
    rig_sent (&player, "680e0000000064010600010000000014");
    assert_false (request.finished);
    s_answer (&player, "64010700010000000014", ANSWER_PARTIAL, 0);
    s_answer (&player, "01011400010001000001", ANSWER_PARTIAL, 0);
    s_answer (&player, "01010300010001000001", ANSWER_NONE, 0);
    s_answer (&player, "01011400020001000001", ANSWER_NONE, 0);
    s_answer (&player, "64010a00020000000014", ANSWER_NONE, 0);
    s_answer (&player, "64010a00010000000015", ANSWER_NONE, 0);
    s_answer (&player, "64010a00010000000014", ANSWER_DONE, 0);
    s_answer (&player, "64010a00010000000014", ANSWER_NONE, 0);
    //  Counters of the station's own address, then the other addresses of the profile.
    CHECK_OK (s_ask (&player, &request));
    rig_sent (&player, "680e0200000065010600010000000005");
    s_answer (&player, "65010700010000000005", ANSWER_PARTIAL, 0);
    s_answer (&player, "0f0125000100016400 15cd5b07 05", ANSWER_PARTIAL, 0);
    s_answer (&player, "65010a00010000000005", ANSWER_DONE, 0);
    CHECK_OK (s_ask (&player, &request));
    rig_sent (&player, "680e0400000064010600730000000014");
    s_answer (&player, "64014700730000000014", ANSWER_REFUSED, 7);
    CHECK_OK (s_ask (&player, &request));
    rig_sent (&player, "680e0600000064010600910100000014");
    s_answer (&player, "64016e00910100000014", ANSWER_REFUSED, 46);
    assert_true (request.finished && request.done == 4);
    CHECK_ERR (s_ask (&player, &request), FEP_NOT_FOUND);
    player_free (&player);
}

static void test_read_points (void **state)
{
    (void) state;
    static const char *const names[] = {"voltage.l1_V", "energy.active.import.total_kWh",
                                        "current.l2_A", "current.l3_A",
                                        "energy.active.export.total_kWh"};
    player_t player;
    rig_begin (&player, STATION, "iec104");
    rig_start (&player);
    request_t request = {.kind = REQUEST_READ, .point_count = 5};
    for (size_t i = 0; i < 5; i++) {
        request.points[i] = s_named (names[i]);
    }
    CHECK_OK (s_ask (&player, &request));
    rig_sent (&player, "680d00000000 660105000100014000");
    s_answer (&player, "0d0105000100024000 00805c43 00", ANSWER_NONE, 0);
    s_answer (&player, "0d0103000100014000 00805c43 00", ANSWER_NONE, 0);
    s_answer (&player, "0d0105000100014000 00805c43 00", ANSWER_DONE, 0);
    CHECK_OK (s_ask (&player, &request));
    rig_sent (&player, "680e0200000065010600010000000005");
    CHECK_OK (s_ask (&player, &request));
    rig_sent (&player, "680e0400000064010600010000000017");
    s_answer (&player, "64010700010000000017", ANSWER_PARTIAL, 0);
    s_answer (&player, "0d8217000100104000 00805c43 00 00805c43 00", ANSWER_PARTIAL, 0);
    s_answer (&player, "64010a00010000000017", ANSWER_DONE, 0);
    CHECK_OK (s_ask (&player, &request));
    rig_sent (&player, "680e0600000065010600010000000002");
    assert_true (request.finished && request.done == 4);
    request = (request_t){.kind = REQUEST_READ, .point_count = 1};
    request.points[0] = s_named ("voltage.l1_V");
    CHECK_OK (s_ask (&player, &request));
    s_answer (&player, "660145000100014000", ANSWER_REFUSED, 5);
    request.points[0] = s_named ("frequency_Hz");
    request.finished = false;
    request.done = 0;
    CHECK_OK (s_ask (&player, &request));
    s_answer (&player, "66016f009101040000", ANSWER_REFUSED, 47);
    player_free (&player);
}

//  The points of a poll; and what cannot be asked.
static void test_what_is_asked (void **state)
{
    (void) state;
    static const char text[] = "profile p\ncodec iec104\nread voltage.l1_V\nread voltage.l2_V\n"
                               "object voltage.l1_V 1\nobject voltage.l2_V 2 ca=7\n";
    player_t player;
    rig_begin (&player, "77", "iec104");
    player_own_text (&player, text);
    rig_start (&player);
    request_t request = {.kind = REQUEST_READ};
    CHECK_OK (s_ask (&player, &request));
    rig_sent (&player, "680d00000000 660105004d00010000");
    CHECK_OK (s_ask (&player, &request));
    rig_sent (&player, "680d02000000 660105000700020000");
    assert_true (request.finished);
    request = (request_t){.kind = REQUEST_READ, .point_count = 1, .points = {1}};
    CHECK_ERR (s_ask (&player, &request), FEP_UNSUPPORTED);
    request = (request_t){.kind = REQUEST_READ, .mp = 1, .point_count = 1};
    request.points[0] = s_named ("voltage.l1_V");
    CHECK_ERR (s_ask (&player, &request), FEP_UNSUPPORTED);
    static const request_kind_t never[] = {REQUEST_READ_FROZEN, REQUEST_READ_EVENTS, REQUEST_WRITE,
                                           REQUEST_FILE};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        request = (request_t){.kind = never[i]};
        CHECK_ERR (s_ask (&player, &request), FEP_UNSUPPORTED);
    }
    request = (request_t){.kind = REQUEST_OPERATE, .operation = OPERATION_TRIP};
    CHECK_ERR (s_ask (&player, &request), FEP_UNSUPPORTED);
    request = (request_t){.kind = REQUEST_SELECT, .operation = OPERATION_RESET};
    CHECK_ERR (s_ask (&player, &request), FEP_UNSUPPORTED);
    rig_sent (&player, "");
    player.io.profile = NULL;
    request = (request_t){.kind = REQUEST_READ};
    CHECK_OK (s_ask (&player, &request));
    rig_sent (&player, "680e04000000640106004d0000000014");
    assert_true (request.finished);
    player_free (&player);
}

static request_t s_operate (request_kind_t kind, const char *point, uint16_t mp, value_t value)
{
    request_t request = {.kind = kind, .operation = OPERATION_POINT, .mp = mp, .point_count = 1};
    request.points[0] = s_named (point);
    request.values[0] = value;
    return request;
}

static void test_direct_command (void **state)
{
    (void) state;
    player_t player;
    rig_begin (&player, STATION, "iec104");
    rig_start (&player);
    request_t request = s_operate (REQUEST_OPERATE, "input.state", 1, value_decimal (1, 0, 0));
    CHECK_OK (s_ask (&player, &request));
    rig_sent (&player, "680e000000002d010600010002600001");
    assert_true (request.finished);
    s_answer (&player, "2d010700010002600081", ANSWER_NONE, 0);
    s_answer (&player, "2d010700010003600001", ANSWER_NONE, 0);
    s_answer (&player, "2d018700010002600001", ANSWER_NONE, 0);
    //  What a command before this one, to switch off, still brings; and its like.
    s_answer (&player, "2d010700010002600000", ANSWER_NONE, 0);
    s_answer (&player, "2d010a00010002600000", ANSWER_NONE, 0);
    s_answer (&player, "2d010a00010002600001", ANSWER_NONE, 0);
    s_answer (&player, "2d010700010002600001", ANSWER_PARTIAL, 0);
    s_answer (&player, "2d010a00010002600001", ANSWER_DONE, 0);
    //  Set-points mirror their value.
    request = s_operate (REQUEST_OPERATE, "voltage.l2_V", 0, value_decimal (50, 0, 0));
    CHECK_OK (s_ask (&player, &request));
    s_answer (&player, "3101070001000460005802 00", ANSWER_NONE, 0);
    s_answer (&player, "310107000100046000f401 00", ANSWER_PARTIAL, 0);
    s_answer (&player, "31010a00010004600058 0200", ANSWER_NONE, 0);
    s_answer (&player, "31010a000100046000f401 00", ANSWER_DONE, 0);
    static const struct {
        const char *cause;
        int code;
    } refusals[] = {{"47", 7},  {"4a", 10}, {"6c", 44}, {"6d", 45},
                    {"6e", 46}, {"6f", 47}, {"2f", 47}};
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        char asdu[60];
        request = s_operate (REQUEST_OPERATE, "input.state", 1, value_decimal (0, 0, 0));
        CHECK_OK (s_ask (&player, &request));
        snprintf (asdu, sizeof asdu, "2d01%s00010002600000", refusals[i].cause);
        s_answer (&player, asdu, ANSWER_REFUSED, refusals[i].code);
        assert_non_null (player.codec->code_text ((uint8_t) refusals[i].code));
        s_answer (&player, asdu, ANSWER_NONE, 0);
    }
    assert_null (player.codec->code_text (14));
    player_free (&player);
}

//  Published: select, its confirmation, execute with the same value, confirmation.
static void test_select_before_operate (void **state)
{
    (void) state;
    player_t player;
    rig_begin (&player, STATION, "iec104");
    rig_start (&player);
    request_t request = s_operate (REQUEST_OPERATE, "relay.state", 0, value_decimal (2, 0, 0));
    CHECK_OK (s_ask (&player, &request));
    rig_sent (&player, "680e000000002e010600010001600082");
    assert_true (request.done == 1 && !request.finished);
    s_answer (&player, "2e010700010001600082", ANSWER_DONE, 0);
    CHECK_OK (s_ask (&player, &request));
    rig_sent (&player, "680e020000002e010600010001600002");
    assert_true (request.finished);
    s_answer (&player, "2e010700010001600002", ANSWER_PARTIAL, 0);
    s_answer (&player, "2e010a00010001600002", ANSWER_DONE, 0);
    //  In two requests.
    request = s_operate (REQUEST_SELECT, "relay.state", 0, value_bits (1, 0));
    CHECK_OK (s_ask (&player, &request));
    rig_sent (&player, "680e040000002e010600010001600081");
    assert_true (request.finished);
    s_answer (&player, "2e010700010001600081", ANSWER_DONE, 0);
    request = s_operate (REQUEST_OPERATE, "relay.state", 0, value_bits (1, 0));
    CHECK_OK (s_ask (&player, &request));
    rig_sent (&player, "680e060000002e010600010001600001");
    assert_true (request.finished);
    //  Another value than was selected is selected anew.
    request = s_operate (REQUEST_SELECT, "relay.state", 0, value_bits (1, 0));
    CHECK_OK (s_ask (&player, &request));
    s_answer (&player, "2e010700010001600081", ANSWER_DONE, 0);
    player.compared = player.send.size;
    request = s_operate (REQUEST_OPERATE, "relay.state", 0, value_bits (2, 0));
    CHECK_OK (s_ask (&player, &request));
    rig_sent (&player, "680e0a0000002e010600010001600082");
    s_answer (&player, "2e014700010001600082", ANSWER_REFUSED, 7);
    assert_false (rig_state (&player)->selected.active);
    player_free (&player);
}

static void test_selection_runs_out (void **state)
{
    (void) state;
    player_t player;
    rig_begin (&player, STATION, "iec104");
    rig_start (&player);
    request_t request = s_operate (REQUEST_OPERATE, "relay.state", 0, value_decimal (2, 0, 0));
    CHECK_OK (s_ask (&player, &request));
    s_answer (&player, "2e010700010001600082", ANSWER_DONE, 0);
    player.compared = player.send.size;
    (void) rig_tick (&player, 10000);
    CHECK_ERR (s_ask (&player, &request), FEP_NOT_SENT);
    rig_sent (&player, "");
    request = s_operate (REQUEST_SELECT, "input.state", 1, value_decimal (1, 0, 0));
    CHECK_ERR (s_ask (&player, &request), FEP_UNSUPPORTED);
    player_free (&player);
}

//  The element of a command for a value, or why there is none.
static void s_element (const char *point, uint16_t mp, value_t value, const char *want)
{
    player_t player;
    rig_begin (&player, STATION, "iec104");
    uint8_t bytes[16], expected[16];
    writer_t out = writer_of (bytes, sizeof bytes);
    const profile_object_t *object = profile_object_of (player.map, true, mp, s_named (point));
    assert_non_null (object);
    fep_err_t error = iec_command (object, &value, &out);
    if (!want) {
        CHECK_ERR (error, FEP_RANGE);
    } else {
        CHECK_OK (error);
        size_t size = vec_hex (want, expected, sizeof expected);
        assert_int_equal (out.size, size);
        assert_memory_equal (bytes, expected, size);
    }
    player_free (&player);
}

static value_t s_float (double real)
{
    return (value_t){.real = real, .kind = VALUE_FLOAT};
}

static void test_command_values (void **state)
{
    (void) state;
    static const char single[] = "input.state", coupled[] = "relay.state";
    static const char scaled[] = "voltage.l2_V", normal[] = "power.active.total_kW";
    static const char real[] = "voltage.l1_V", bits[] = "input.change";
    s_element (single, 1, value_decimal (0, 0, 0), "00");
    s_element (single, 1, value_bits (1, 0), "01");
    s_element (single, 1, value_decimal (2, 0, 0), NULL);
    s_element (single, 1, value_decimal (1, -1, 0), NULL);
    s_element (single, 1, s_float (1), NULL);
    s_element (coupled, 0, value_decimal (1, 0, 0), "01");
    s_element (coupled, 0, value_decimal (0, 0, 0), NULL);
    s_element (coupled, 0, value_decimal (3, 0, 0), NULL);
    s_element (single, 3, value_decimal (2, 0, 0), "06");
    s_element (scaled, 0, value_decimal (50, 0, 0), "f40100");
    s_element (scaled, 0, value_decimal (-32768, -1, 0), "008000");
    s_element (scaled, 0, value_decimal (32767, -1, 0), "ff7f00");
    s_element (scaled, 0, value_decimal (32768, -1, 0), NULL);
    s_element (scaled, 0, value_decimal (-32769, -1, 0), NULL);
    s_element (scaled, 0, value_decimal (5005, -2, 0), NULL);
    s_element (scaled, 0, value_decimal (50000, -3, 0), "f40100");
    s_element (scaled, 0, value_decimal (1, 17, 0), NULL);
    s_element (scaled, 0, value_decimal (INT64_MIN, 0, 0), NULL);
    s_element (scaled, 0, value_bits (1, 0), NULL);
    s_element (scaled, 0, s_float (50.04), "f40100");
    s_element (scaled, 0, s_float (-1e30), NULL);
    s_element (normal, 0, value_decimal (500, 0, 0), "004000");
    s_element (normal, 0, value_decimal (-1000, 0, 0), "008000");
    s_element (normal, 0, value_decimal (1000, 0, 0), "ff7f00");
    s_element (normal, 0, value_decimal (1001, 0, 0), NULL);
    s_element (normal, 0, value_decimal (100, 0, 0), "cd0c00");
    s_element (normal, 0, value_decimal (-100, 0, 0), "33f300");
    s_element (normal, 0, s_float (100), "cd0c00");
    s_element (real, 0, value_decimal (805, -1, 0), "0000a14200");
    s_element (real, 0, s_float (80), "0000a04200");
    s_element (real, 0, s_float (1e39), NULL);
    s_element (real, 0, value_decimal (1, 39, 0), NULL);
    s_element (real, 0, value_bits (1, 0), NULL);
    s_element (bits, 0, value_bits (0xFFFFFFFF, 0), "ffffffff");
    s_element (bits, 0, value_bits (0x100000000, 0), NULL);
}

static void test_pass (void **state)
{
    (void) state;
    static const struct {
        const char *asdu;
        fep_err_t error;
    } bad[] = {
        {"01010600010001000001", FEP_RANGE},         {"2d010300010002600001", FEP_RANGE},
        {"46010600010000000000", FEP_RANGE},         {"2d0106000100026000", FEP_TRUNCATED},
        {"2d01060001000260000101", FEP_IMPLAUSIBLE}, {"2d00060001000260000101", FEP_IMPLAUSIBLE},
        {"7f010600010002600001", FEP_UNSUPPORTED},   {"", FEP_TRUNCATED}};
    player_t player;
    rig_begin (&player, STATION, "iec104");
    rig_start (&player);
    request_t request = {.kind = REQUEST_PASS};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        request.size = (uint16_t) vec_hex (bad[i].asdu, request.bytes, sizeof request.bytes);
        CHECK_ERR (s_ask (&player, &request), bad[i].error);
    }
    request.size = 250;
    CHECK_ERR (s_ask (&player, &request), FEP_LIMIT);
    rig_sent (&player, "");
    //  Published: a selection is taken back.
    request.size = (uint16_t) vec_hex ("2e010800010001600085", request.bytes, 16);
    CHECK_OK (s_ask (&player, &request));
    rig_sent (&player, "680e000000002e010800010001600085");
    s_answer (&player, "2e010700010001600085", ANSWER_NONE, 0);
    s_answer (&player, "2e010900010001600085", ANSWER_DONE, 0);
    //  Published: a test command.
    request = (request_t){.kind = REQUEST_PASS};
    request.size = (uint16_t) vec_hex ("6b010600010000000038499b4e0d0e15091a", request.bytes, 32);
    CHECK_OK (s_ask (&player, &request));
    rig_sent (&player, "681602000000 6b010600010000000038499b4e0d0e15091a");
    s_answer (&player, "6b010700010000000038499b4e0d0e15091a", ANSWER_DONE, 0);
    //  To every common address.
    request = (request_t){.kind = REQUEST_PASS};
    request.size = (uint16_t) vec_hex ("64010600ffff00000014", request.bytes, 16);
    CHECK_OK (s_ask (&player, &request));
    s_answer (&player, "64010700050000000014", ANSWER_PARTIAL, 0);
    s_answer (&player, "64010a00050000000014", ANSWER_DONE, 0);
    player_free (&player);
}

//  Done at the confirmation, if the station ends commands with it; clock, reset and freeze always.
static void test_done_at_confirmation (void **state)
{
    (void) state;
    static const char text[] =
        "profile p\ncodec iec104\nsetting termination 0\nsetting originator 9\n"
        "object relay.state 5 command=single\n";
    player_t player;
    rig_begin (&player, STATION, "iec104");
    player_own_text (&player, text);
    rig_start (&player);
    request_t request = s_operate (REQUEST_OPERATE, "relay.state", 0, value_bits (1, 0));
    CHECK_OK (s_ask (&player, &request));
    rig_sent (&player, "680e000000002d010609010005000001");
    s_answer (&player, "2d010700010005000001", ANSWER_DONE, 0);
    s_answer (&player, "2d010a00010005000001", ANSWER_NONE, 0);
    request = (request_t){.kind = REQUEST_OPERATE, .operation = OPERATION_FREEZE};
    CHECK_OK (s_ask (&player, &request));
    rig_sent (&player, "680e0200000065010609010000000045");
    s_answer (&player, "65010700010000000045", ANSWER_DONE, 0);
    request = (request_t){.kind = REQUEST_OPERATE, .operation = OPERATION_RESET};
    CHECK_OK (s_ask (&player, &request));
    rig_sent (&player, "680e0400000069010609010000000001");
    s_answer (&player, "69010700010000000001", ANSWER_DONE, 0);
    request = (request_t){.kind = REQUEST_CLOCK};
    player.io.wall_ms = 1785034806789;
    CHECK_OK (s_ask (&player, &request));
    rig_sent (&player, "681406000000 67010609010000000085 1a 00 03 fa 07 1a");
    s_answer (&player, "670107000100000000a492060fea050f", ANSWER_DONE, 0);
    player_free (&player);
}

//  An address that does not fit the station's octets.
static void test_address_too_long (void **state)
{
    (void) state;
    static const char text[] =
        "profile p\ncodec iec104\nsetting ioa_size 1\nsetting ca_size 1\n"
        "object relay.state 256 command=single\nobject input.state 1 ca=300\n";
    player_t player;
    rig_begin (&player, STATION, "iec104");
    player_own_text (&player, text);
    rig_start (&player);
    request_t request = s_operate (REQUEST_OPERATE, "relay.state", 0, value_bits (1, 0));
    CHECK_ERR (s_ask (&player, &request), FEP_RANGE);
    request = (request_t){.kind = REQUEST_READ, .point_count = 1};
    request.points[0] = s_named ("input.state");
    CHECK_ERR (s_ask (&player, &request), FEP_RANGE);
    rig_sent (&player, "");
    player_free (&player);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_requests_published),
                                       cmocka_unit_test (test_interrogation),
                                       cmocka_unit_test (test_read_points),
                                       cmocka_unit_test (test_what_is_asked),
                                       cmocka_unit_test (test_direct_command),
                                       cmocka_unit_test (test_select_before_operate),
                                       cmocka_unit_test (test_selection_runs_out),
                                       cmocka_unit_test (test_command_values),
                                       cmocka_unit_test (test_pass),
                                       cmocka_unit_test (test_done_at_confirmation),
                                       cmocka_unit_test (test_address_too_long)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
