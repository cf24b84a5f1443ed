//  Modbus RTU: rows with a scale factor register, and points that become values: every type back and forth, what does
//  not fit, which frames are written in which order, and what is refused before anything is written.
#include "codecs/modbus_rtu/parts.h"
#include "fep/crc.h"
#include "tests/codecs/player.h"
#include <math.h>

static uint8_t s_sent[300];

static bytes_t s_make (const char *hex, uint8_t *out)
{
    size_t size = vec_hex (hex, out, MODBUS_FRAME_MAX);
    uint16_t crc = crc_modbus (bytes_of (out, size));
    out[size] = (uint8_t) crc;
    out[size + 1] = (uint8_t) (crc >> 8);
    return bytes_of (out, size + 2);
}

static player_t s_player (const char *address, const char *text)
{
    player_t player = player_new (codec_find ("modbus_rtu"));
    player_clear (&player);
    player_meter_text (&player, address, text);
    return player;
}

static fep_err_t s_encode (player_t *player, request_t *request, writer_t *out)
{
    player->meter.profile = player->profile;
    player->io.meter = &player->meter;
    player->io.options = &player->options;
    *out = writer_of (s_sent, sizeof s_sent);
    player->io.send = out;
    return player->codec->encode (player->state, request, &player->io);
}

//  The next frame, and what the device says to it.
static void s_step (player_t *player, request_t *request, const char *hex, const char *answer)
{
    uint8_t want[MODBUS_FRAME_MAX + 2], reply[MODBUS_FRAME_MAX + 2];
    writer_t out;
    bytes_t frame = s_make (hex, want);
    CHECK_OK (s_encode (player, request, &out));
    if (!bytes_equal (writer_bytes (&out), frame)) {
        char text[600] = "";
        for (size_t i = 0; i < out.size; i++) {
            snprintf (text + 2 * i, 3, "%02x", s_sent[i]);
        }
        fail_msg ("not %s but %s", hex, text);
    }
    if (!answer) {
        return;
    }
    player_flight (player, writer_bytes (&out));
    player_feed (player, s_make (answer, reply));
    assert_true (player->window_size == 0);
}

static request_t s_write (const char *points, const value_t *values)
{
    char text[300];
    request_t request = {.kind = REQUEST_WRITE};
    snprintf (text, sizeof text, "%s", points);
    for (char *one = strtok (text, ","); one; one = strtok (NULL, ",")) {
        request.values[request.point_count] = values[request.point_count];
        assert_true (point_parse (one, &request.points[request.point_count++]));
    }
    return request;
}

//  ---- Values ----

//  Type, value as decimal, and the registers; NULL: refused.
static const struct {
    const char *type;
    int64_t mantissa;
    int exponent;
    const char *hex;
} s_values[] = {{"u16", 65535, 0, "ffff"},
                {"u16", 65536, 0, NULL},
                {"u16", -1, 0, NULL},
                {"u16 scale=0.1", 2298, -1, "08fa"},
                {"u16 scale=0.1", 22980, -2, "08fa"},
                {"u16 scale=0.1", 22985, -2, NULL},
                {"u16 scale=0.1", 23, 1, "08fc"},
                {"u16 scale=0.5", 25, -1, "0005"},
                {"u16 scale=0.5", 27, -1, NULL},
                {"u16 scale=1000", 3, 3, "0003"},
                {"u16 scale=1000", 3001, 0, NULL},
                {"u16 none=0xFFFF", 65535, 0, NULL},
                {"i16", -32768, 0, "8000"},
                {"i16", 32768, 0, NULL},
                {"i16 scale=0.01 order=BADC", -255, -2, "01ff"},
                {"u32", 286069004, 0, "110d110c"},
                {"u32 order=CDAB", 286069004, 0, "110c110d"},
                {"u32 order=BADC", 286069004, 0, "0d110c11"},
                {"u32 order=DCBA", 286069004, 0, "0c110d11"},
                {"u32", 4294967296, 0, NULL},
                {"i32", -2147483648LL, 0, "80000000"},
                {"i32", -2147483649LL, 0, NULL},
                {"u64", INT64_MAX, 0, "7fffffffffffffff"},
                {"i64 order=CDAB", INT64_MIN, 0, "0000000000008000"},
                {"i64 scale=0.001", INT64_MAX, 0, NULL},
                {"u32", 0, 90, "00000000"},
                {"u32", 1, 20, NULL},
                {"u32", 1, 9, "3b9aca00"},
                {"u32", 1, -90, NULL},
                {"bcd16 scale=0.01", 9999, -2, "9999"},
                {"bcd16", 10000, 0, NULL},
                {"bcd32", 12345678, 0, "12345678"},
                {"bcd32", -1, 0, NULL},
                {"f32", 123456, 0, "47f12000"},
                {"f32 order=CDAB", 123456, 0, "200047f1"},
                {"f32", 499, -1, "4247999a"},
                {"f32", 16777217, 0, NULL},
                {"f32 scale=0.001", 15, -1, "44bb8000"},
                {"f32 scale=100", 95, 0, "3f733333"},
                {"f32", 1, 39, NULL},
                {"f64", 499, -1, "4048f33333333333"},
                {"f64", (1ll << 53) + 1, 0, NULL},
                {"bits:0:16", 0xABCD, 0, "abcd"},
                {"bits:4:3", 8, 0, NULL}};

static void test_values (void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof s_values / sizeof *s_values; i++) {
        char text[160], got[40] = "";
        uint8_t data[8];
        uint64_t raw;
        value_t value = value_decimal (s_values[i].mantissa, (int8_t) s_values[i].exponent, 0);
        snprintf (text, sizeof text,
                  "profile p\ncodec modbus_rtu\nregister frequency_Hz 3 7 %s write=1\n",
                  s_values[i].type);
        player_t player = s_player ("17", text);
        const profile_row_t *row = &player.profile->rows[0];
        fep_err_t error = modbus_raw (row, &value, 0, &raw);
        if ((error == FEP_OK) != (s_values[i].hex != NULL)) {
            fail_msg ("%s", text);
        }
        if (!error) {
            modbus_put_registers (row, raw, data);
            for (size_t n = 0; n < row->registers * 2u; n++) {
                snprintf (got + 2 * n, 3, "%02x", data[n]);
            }
            assert_string_equal (got, s_values[i].hex);
            value_t back = modbus_value (row, data, 0);
            double want = (double) value.mantissa * pow (10, value.exponent);
            double read = back.kind == VALUE_FLOAT
                              ? back.real
                              : (double) back.mantissa * pow (10, back.exponent);
            assert_true (fabs (want - read) <= fabs (want) * 1e-7);
        }
        player_free (&player);
    }
}

//  What clients send as a float or bits.
static void test_other_kinds (void **state)
{
    (void) state;
    uint64_t raw;
    profile_row_t word = {.type = REGISTER_U16, .registers = 1, .multiplier = 1, .exponent = -1};
    profile_row_t real = {.type = REGISTER_F32, .registers = 2, .multiplier = 1, .exponent = 0};
    value_t value = {.real = 12.5, .kind = VALUE_FLOAT};
    CHECK_OK (modbus_raw (&word, &value, 0, &raw));
    assert_int_equal (raw, 125);
    CHECK_OK (modbus_raw (&real, &value, 0, &raw));
    assert_int_equal (raw, 0x41480000);
    value.real = 12.55;
    CHECK_ERR (modbus_raw (&word, &value, 0, &raw), FEP_RANGE);
    CHECK_OK (modbus_raw (&real, &value, 0, &raw));
    value.real = NAN;
    CHECK_ERR (modbus_raw (&word, &value, 0, &raw), FEP_RANGE);
    CHECK_ERR (modbus_raw (&real, &value, 0, &raw), FEP_RANGE);
    value.real = INFINITY;
    CHECK_ERR (modbus_raw (&real, &value, 0, &raw), FEP_RANGE);
    value.real = 1e39;
    CHECK_ERR (modbus_raw (&real, &value, 0, &raw), FEP_RANGE);
    value = value_bits (7, 0);
    CHECK_OK (modbus_raw (&word, &value, -(word.exponent), &raw));
    assert_int_equal (raw, 7);
    CHECK_OK (modbus_raw (&real, &value, 0, &raw));
    assert_int_equal (raw, 0x40E00000);
    value = value_bits (UINT64_MAX, 0);
    CHECK_ERR (modbus_raw (&word, &value, 0, &raw), FEP_RANGE);
    value = value_none (ABSENT_DEVICE, 0);
    CHECK_ERR (modbus_raw (&word, &value, 0, &raw), FEP_RANGE);
    CHECK_ERR (modbus_raw (&real, &value, 0, &raw), FEP_RANGE);
}

//  ---- Frames ----

#define PROFILE                                                                                    \
    "profile p\ncodec modbus_rtu\n"                                                                \
    "register relay.state 1 5 bit write=1\n"                                                       \
    "register input.state 1 6 bit write=1\n"                                                       \
    "register input.change 1 8 bit\n"                                                              \
    "register voltage.l1_V 3 10 u16 scale=0.1 write=1\n"                                           \
    "register voltage.l2_V 3 11 i32 write=1\n"                                                     \
    "register voltage.l3_V 3 13 u16 write=1\n"                                                     \
    "register meter.status.word1 3 14 bits:4:3 write=1\n"                                          \
    "register meter.status.word2 3 15 bits:0:16 order=BADC write=1\n"                              \
    "register frequency_Hz 3 17 u16 sf=20 write=1\n"                                               \
    "register current.l1_A 3 18 i16 sf=20 write=1\n"                                               \
    "register current.l2_A 3 19 i16 sf=21 write=1\n"

static const value_t s_one = {.mantissa = 1, .kind = VALUE_DECIMAL};
static const value_t s_two = {.mantissa = 2, .kind = VALUE_DECIMAL};
static const value_t s_zero = {.mantissa = 0, .kind = VALUE_DECIMAL};

static void test_functions (void **state)
{
    (void) state;
    player_t player = s_player ("17", PROFILE);
    request_t request = s_write ("relay.state", &s_one);
    s_step (&player, &request, "11 05 0005 ff00", "11 05 0005 ff00");
    assert_true (request.finished && player.answer == ANSWER_DONE);
    request = s_write ("relay.state", &s_zero);
    s_step (&player, &request, "11 05 0005 0000", "11 85 04");
    assert_true (request.finished && player.answer == ANSWER_REFUSED && player.answer_code == 4);
    value_t coils[] = {s_one, s_one};
    request = s_write ("relay.state,input.state", coils);
    s_step (&player, &request, "11 0f 0005 0002 01 03", "11 0f 0005 0002");
    value_t volts[] = {value_decimal (2301, -1, 0), value_decimal (-2, 0, 0), s_two};
    request = s_write ("voltage.l1_V", volts);
    s_step (&player, &request, "11 06 000a 08fd", "11 06 000a 08fd");
    request = s_write ("voltage.l1_V,voltage.l2_V,voltage.l3_V", volts);
    s_step (&player, &request, "11 10 000a 0004 08 08fd fffffffe 0002", "11 10 000a 0004");
    assert_true (request.finished && player.answer == ANSWER_DONE);
    //  Not in the order of the device, and of two functions: one frame each.
    value_t mixed[] = {s_two, value_decimal (230, 0, 0), s_zero};
    request = s_write ("voltage.l3_V,voltage.l1_V,relay.state", mixed);
    s_step (&player, &request, "11 06 000d 0002", "11 06 000d 0002");
    assert_true (!request.finished && request.done == 2);
    s_step (&player, &request, "11 06 000a 08fc", "11 06 000a 08fc");
    s_step (&player, &request, "11 05 0005 0000", "11 05 0005 0000");
    assert_true (request.finished);
    //  Some bits of a register; all of one.
    value_t bits[] = {value_bits (5, 0), value_bits (0x1234, 0)};
    request = s_write ("meter.status.word1,meter.status.word2", bits);
    s_step (&player, &request, "11 16 000e ff8f 0050", "11 16 000e ff8f 0050");
    s_step (&player, &request, "11 06 000f 3412", "11 06 000f 3412");
    assert_true (request.finished && player.batch->message_count == 0);
    player_free (&player);
    player = s_player ("17:100", PROFILE "setting write_many 1\n");
    request = s_write ("relay.state,voltage.l1_V", mixed + 1);
    request.values[0] = s_one;
    request.values[1] = mixed[1];
    s_step (&player, &request, "11 0f 0069 0001 01 01", "11 0f 0069 0001");
    s_step (&player, &request, "11 10 006e 0001 02 08fc", "11 10 006e 0001");
    player_free (&player);
}

//  The sf is read first, for each group that has one; nothing of that is a reading.
static void test_factor (void **state)
{
    (void) state;
    player_t player = s_player ("17", PROFILE);
    value_t values[] = {value_decimal (4995, -2, 0), value_decimal (-15, -1, 0), s_two};
    request_t request = s_write ("frequency_Hz,current.l1_A,current.l2_A", values);
    s_step (&player, &request, "11 03 0014 0001", "11 03 02 fffe");
    assert_true (player.answer == ANSWER_DONE && !request.finished);
    s_step (&player, &request, "11 10 0011 0002 04 1383 ff6a", "11 10 0011 0002");
    s_step (&player, &request, "11 03 0015 0001", "11 03 02 0000");
    s_step (&player, &request, "11 06 0013 0002", "11 06 0013 0002");
    assert_true (request.finished && player.batch->message_count == 0);
    //  A factor the value has no digits for, one that is none, one nobody means; the sf refused.
    static const char *const factors[] = {"11 03 02 0001", "11 03 02 8000", "11 03 02 000b"};
    for (size_t i = 0; i < 3; i++) {
        writer_t out;
        memset (player.state, 0, player.codec->state_size);
        request = s_write ("frequency_Hz", values);
        s_step (&player, &request, "11 03 0014 0001", factors[i]);
        CHECK_ERR (s_encode (&player, &request, &out), FEP_RANGE);
        assert_true (!request.finished && request.done == 1);
    }
    memset (player.state, 0, player.codec->state_size);
    request = s_write ("frequency_Hz", values);
    s_step (&player, &request, "11 03 0014 0001", "11 83 02");
    assert_true (player.answer == ANSWER_REFUSED && player.answer_code == 2);
    player_free (&player);
}

static void test_refusals (void **state)
{
    (void) state;
    writer_t out;
    player_t player = s_player ("17", PROFILE);
    value_t values[] = {s_one, value_decimal (70000, 0, 0)};
    request_t request = s_write ("input.change", values);
    CHECK_ERR (s_encode (&player, &request, &out), FEP_UNSUPPORTED);
    request = s_write ("power_factor.total_pct", values);
    CHECK_ERR (s_encode (&player, &request, &out), FEP_UNSUPPORTED);
    //  The second does not fit: the first is not written either.
    request = s_write ("relay.state,voltage.l3_V", values);
    CHECK_ERR (s_encode (&player, &request, &out), FEP_RANGE);
    assert_true (out.size == 0 && request.done == 0);
    request = (request_t){.kind = REQUEST_WRITE};
    CHECK_ERR (s_encode (&player, &request, &out), FEP_RANGE);
    request = (request_t){.kind = REQUEST_WRITE, .point_count = REQUEST_VALUES_MAX + 1};
    for (size_t i = 0; i < request.point_count; i++) {
        assert_true (point_parse ("relay.state", &request.points[i]));
        request.values[i % REQUEST_VALUES_MAX] = s_one;
    }
    CHECK_ERR (s_encode (&player, &request, &out), FEP_RANGE);
    request = s_write ("relay.state", values);
    request.kind = REQUEST_SELECT;
    CHECK_ERR (s_encode (&player, &request, &out), FEP_UNSUPPORTED);
    request.kind = REQUEST_OPERATE;
    request.operation = OPERATION_TRIP;
    CHECK_ERR (s_encode (&player, &request, &out), FEP_UNSUPPORTED);
    request.operation = OPERATION_POINT;
    request.until_ms = player.io.wall_ms;
    s_step (&player, &request, "11 05 0005 ff00", NULL);
    request = s_write ("relay.state,input.state", (value_t[]){s_one, s_one});
    request.kind = REQUEST_OPERATE;
    CHECK_ERR (s_encode (&player, &request, &out), FEP_RANGE);
    request = s_write ("relay.state", values);
    request.done = 2;
    CHECK_ERR (s_encode (&player, &request, &out), FEP_NOT_FOUND);
    request.kind = REQUEST_CLOCK;
    CHECK_ERR (s_encode (&player, &request, &out), FEP_UNSUPPORTED);
    player_free (&player);
}

//  All units at once: one frame, and no answer; nothing that takes several.
static void test_broadcast (void **state)
{
    (void) state;
    writer_t out;
    player_t player = s_player ("0", PROFILE);
    value_t values[] = {s_one, s_two};
    request_t request = s_write ("relay.state", values);
    s_step (&player, &request, "00 05 0005 ff00", NULL);
    assert_true (request.finished && player.io.answer == ANSWER_DONE);
    request = s_write ("relay.state,voltage.l3_V", values);
    CHECK_ERR (s_encode (&player, &request, &out), FEP_RANGE);
    request = s_write ("frequency_Hz", values);
    CHECK_ERR (s_encode (&player, &request, &out), FEP_RANGE);
    request = s_write ("meter.status.word1", values);
    CHECK_ERR (s_encode (&player, &request, &out), FEP_RANGE);
    player_free (&player);
    player = s_player ("5:65530", PROFILE);
    request = s_write ("relay.state", values);
    s_step (&player, &request, "05 05 ffff ff00", NULL);
    request = s_write ("input.state", values);
    CHECK_ERR (s_encode (&player, &request, &out), FEP_RANGE);
    player_free (&player);
}

//  ---- Reading with sf ----

#define SUNSPEC                                                                                    \
    "profile p\ncodec modbus_rtu\ngap 2\nmost 12\n"                                                \
    "register current.l1_A 3 40 u16 sf=44 none=0xFFFF\n"                                           \
    "register voltage.l1_V 3 41 u16 sf=38 none=0xFFFF\n"                                           \
    "register power.active.total_kW 3 42 i16 sf=45 scale=0.001 none=-32768\n"                      \
    "register energy.active.export.total_kWh 3 46 u32 sf=49 scale=0.001\n"                         \
    "register frequency_Hz 3 53 u16 sf=52 scale=0.5\n"

static void s_expect (const player_t *player, size_t i, const char *name, const char *want)
{
    char text[160];
    uint32_t point;
    assert_true (point_parse (name, &point));
    assert_true (i < player->batch->item_count && player->batch->items[i].point == point);
    player_value_text (&player->batch->items[i].value, text, sizeof text);
    assert_string_equal (text, want);
}

static void test_read_factor (void **state)
{
    (void) state;
    player_t player = s_player ("17", SUNSPEC);
    request_t request = {.kind = REQUEST_READ};
    //  38..49 is all that 12 registers hold.
    s_step (&player, &request, "11 03 0026 000c",
            "11 03 18 ffff 0000 0834 08fd f830 0000 fffe 0001 0001 0002 0000 fffd");
    s_expect (&player, 0, "current.l1_A", "21.00");
    s_expect (&player, 1, "voltage.l1_V", "230.1");
    s_expect (&player, 2, "power.active.total_kW", "-20.00");
    s_expect (&player, 3, "energy.active.export.total_kWh", "0.065538");
    s_step (&player, &request, "11 03 0034 0002", "11 03 04 0001 0003");
    s_expect (&player, 4, "frequency_Hz", "15");
    assert_true (request.finished && player.batch->item_count == 5);
    //  Not implemented, and a factor nobody means.
    player_reset (&player);
    request = (request_t){.kind = REQUEST_READ};
    s_step (&player, &request, "11 03 0026 000c",
            "11 03 18 8000 0000 ffff 08fd 8000 0000 fffe 0001 0001 0002 0000 000b");
    s_expect (&player, 0, "current.l1_A", "none:device");
    s_expect (&player, 1, "voltage.l1_V", "none:device");
    s_expect (&player, 2, "power.active.total_kW", "none:device");
    s_expect (&player, 3, "energy.active.export.total_kWh", "none:unreadable");
    player_free (&player);
}

//  A refused block is read again row by row, each with its sf.
static void test_read_factor_singly (void **state)
{
    (void) state;
    player_t player = s_player ("17", SUNSPEC);
    request_t request = {.kind = REQUEST_READ};
    s_step (&player, &request, "11 03 0026 000c", "11 83 02");
    assert_int_equal (player.answer, ANSWER_AGAIN);
    request.done = 0;
    request.finished = false;
    s_step (&player, &request, "11 03 0028 0005", "11 03 0a 0834 08fd f830 0000 fffe");
    s_step (&player, &request, "11 03 0026 0004", "11 83 02");
    s_step (&player, &request, "11 03 002a 0004", "11 03 08 f830 0000 fffe 0001");
    s_step (&player, &request, "11 03 002e 0004", "11 03 08 0001 0002 0000 0000");
    s_step (&player, &request, "11 03 0034 0002", "11 03 04 0001 0003");
    assert_true (request.finished && player.batch->item_count == 5);
    s_expect (&player, 0, "current.l1_A", "21.00");
    s_expect (&player, 1, "voltage.l1_V", "none:device");
    s_expect (&player, 2, "power.active.total_kW", "-20.00");
    player_free (&player);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_values),      cmocka_unit_test (test_other_kinds),
        cmocka_unit_test (test_functions),   cmocka_unit_test (test_factor),
        cmocka_unit_test (test_refusals),    cmocka_unit_test (test_broadcast),
        cmocka_unit_test (test_read_factor), cmocka_unit_test (test_read_factor_singly)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
