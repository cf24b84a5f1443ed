//  The simulated meters of DL/T 645 and CJ/T 188, and the gateway in front of them: published requests in, answers
//  byte for byte.
#include "tests/bench/field_test.h"
#include "bench/field_meter645.h"
#include "fep/message.h"
#include "fep/point.h"

//  Addresses 000000000001 and up.
static meter645_line_t s_line (uint32_t meters)
{
    return (meter645_line_t){.number = 0, .family = 0, .meters = meters};
}

//  Asks by hex; gives the answer's data without +33H, or size 0 for silence. The frame is checked as a master would.
static bytes_t s_ask (meter645_line_t *line, const char *hex, uint8_t control, uint8_t *kept,
                      field_words_t *words)
{
    uint8_t request[METER645_FRAME_MAX], answer[METER645_FRAME_MAX];
    size_t size = unhex (hex, request, sizeof request);
    writer_t out = writer_of (answer, sizeof answer);
    field_scan_t scan = meter645_scan (bytes_of (request, size));
    assert_int_equal (scan.what, FIELD_FRAME);
    assert_int_equal (scan.size, size);
    words->count = 0;
    if (!meter645_answer (line, bytes_of (request, size), FIXTURE_NOW, &out, words)) {
        assert_int_equal (control, 0);
        return bytes_of (NULL, 0);
    }
    assert_int_equal (out.size, 12 + answer[9]);
    assert_int_equal (answer[8], control);
    assert_int_equal (answer[out.size - 2], field_sum (answer, out.size - 2));
    assert_int_equal (answer[out.size - 1], 0x16);
    for (size_t i = 0; i < answer[9]; i++) {
        kept[i] = (uint8_t) (answer[10 + i] - 0x33);
    }
    return bytes_of (kept, answer[9]);
}

//  d645-007 and the form of d645-064: the only meter on the line says its address.
static void s_test_own_address (void **state)
{
    uint8_t bytes[METER645_FRAME_MAX];
    field_words_t words;
    meter645_line_t line = s_line (1);
    (void) state;
    bytes_t data = s_ask (&line, "68aaaaaaaaaaaa681300df16", 0x93, bytes, &words);
    assert_int_equal (data.size, 6);
    assert_memory_equal (data.data, "\x01\0\0\0\0\0", 6);
    line.meters = 2;
    (void) s_ask (&line, "68aaaaaaaaaaaa681300df16", 0, bytes, &words);
}

//  d645-022 in; the answer has the form of d645-093.
static void s_test_energy (void **state)
{
    uint8_t bytes[METER645_FRAME_MAX];
    field_words_t words;
    meter645_line_t line = s_line (200);
    (void) state;
    bytes_t data = s_ask (&line, "6804010000000068110433333433b716", 0x91, bytes, &words);
    assert_int_equal (data.size, 8);
    assert_memory_equal (data.data, "\0\0\x01\0", 4);
    int64_t energy = meter645_model (&line, 104, 0, MODEL_ENERGY, FIXTURE_NOW);
    assert_int_equal (field_number (data.data + 4, 4), energy);
    assert_int_equal (words.count, 1);
    assert_int_equal (words.said[0].mp, 104);
    assert_int_equal (words.said[0].point, POINT (1, 0, 1, 8, 0));
    assert_true (words.said[0].mantissa == energy && words.said[0].exponent == -2);
}

//  A request for a meter: control and data without +33H.
static const char *s_request_of (uint8_t mp, uint8_t control, const char *data)
{
    static char text[512];
    uint8_t frame[256] = {0x68, mp, 0, 0, 0, 0, 0, 0x68, control, 0};
    size_t size = unhex (data, frame + 10, 200);
    frame[9] = (uint8_t) size;
    for (size_t i = 0; i < size; i++) {
        frame[10 + i] = (uint8_t) (frame[10 + i] + 0x33);
    }
    frame[10 + size] = field_sum (frame, 10 + size);
    frame[11 + size] = 0x16;
    for (size_t i = 0; i < size + 12; i++) {
        snprintf (text + 2 * i, 3, "%02x", frame[i]);
    }
    return text;
}

static const char *s_request (uint8_t control, const char *data)
{
    return s_request_of (1, control, data);
}

//  Total and tariffs; the total is their sum, now and later, and nothing falls.
static void s_test_energies (void **state)
{
    uint8_t bytes[METER645_FRAME_MAX];
    field_words_t words;
    int64_t before[5] = {0}, now[5];
    meter645_line_t line = s_line (4);
    (void) state;
    bytes_t data = s_ask (&line, s_request (0x11, "00ff0100"), 0x91, bytes, &words);
    assert_int_equal (data.size, 4 + 5 * 4);
    assert_int_equal (words.count, 5);
    for (int64_t at = FIXTURE_NOW; at < FIXTURE_NOW + 600000; at += 700) {
        meter645_energies (&line, 1, MODEL_ENERGY, at, now);
        assert_true (now[0] == now[1] + now[2] + now[3] + now[4]);
        for (size_t i = 0; i < 5; i++) {
            assert_true (now[i] >= before[i]);
        }
        memcpy (before, now, sizeof now);
    }
}

//  The fourth meter's block comes in two frames.
static void s_test_follow (void **state)
{
    uint8_t bytes[METER645_FRAME_MAX];
    field_words_t words;
    meter645_line_t line = s_line (4);
    (void) state;
    int64_t energies[5];
    meter645_energies (&line, 4, MODEL_ENERGY, FIXTURE_NOW, energies);
    bytes_t data = s_ask (&line, s_request_of (4, 0x11, "00ff0100"), 0xB1, bytes, &words);
    assert_int_equal (data.size, 4 + 3 * 4);
    assert_int_equal (words.count, 3);
    assert_int_equal (field_number (data.data + 4, 4), energies[0]);
    data = s_ask (&line, s_request_of (4, 0x12, "00ff010001"), 0x92, bytes, &words);
    assert_int_equal (data.size, 4 + 2 * 4 + 1);
    assert_int_equal (words.count, 2);
    assert_int_equal (field_number (data.data + 8, 4), energies[4]);
    assert_int_equal (data.data[12], 1);
}

static void s_test_values (void **state)
{
    uint8_t bytes[METER645_FRAME_MAX];
    field_words_t words;
    meter645_line_t line = s_line (1);
    (void) state;
    //  The voltage block, as d645-048 asks.
    bytes_t data = s_ask (&line, s_request (0x11, "00ff0102"), 0x91, bytes, &words);
    assert_int_equal (data.size, 4 + 3 * 2);
    for (unsigned i = 0; i < 3; i++) {
        int64_t voltage = meter645_model (&line, 1, i + 1, MODEL_VOLTAGE, FIXTURE_NOW);
        assert_int_equal (field_number (data.data + 4 + i * 2, 2), voltage);
        assert_int_equal (words.said[i].point, POINT (1, 0, 32 + 20 * i, 7, 0));
        assert_int_equal (words.said[i].exponent, -1);
    }
    //  Powers: total and phases, 0.0001 kW.
    data = s_ask (&line, s_request (0x11, "00ff0302"), 0x91, bytes, &words);
    assert_int_equal (data.size, 4 + 4 * 3);
    assert_int_equal (words.said[0].point, POINT (1, 0, 16, 7, 0));
    assert_int_equal (field_number (data.data + 4, 3), words.said[0].mantissa);
    //  Power factor x.xxx is tenths of a per cent; frequency as d645-040 asks.
    data = s_ask (&line, s_request (0x11, "00000602"), 0x91, bytes, &words);
    assert_int_equal (data.size, 6);
    assert_true (words.said[0].point == POINT (1, 0, 13, 7, 0) && words.said[0].exponent == -1);
    data = s_ask (&line, s_request (0x11, "02008002"), 0x91, bytes, &words);
    assert_int_equal (data.size, 6);
    assert_true (words.said[0].point == POINT (1, 0, 14, 7, 0) && words.said[0].exponent == -2);
}

//  05060001 says when (today 00:00), 05060101 what was then.
static void s_test_frozen (void **state)
{
    uint8_t bytes[METER645_FRAME_MAX];
    field_words_t words;
    int64_t energies[5];
    meter645_line_t line = s_line (1);
    (void) state;
    bytes_t data = s_ask (&line, s_request (0x11, "01000605"), 0x91, bytes, &words);
    assert_int_equal (data.size, 9);
    assert_memory_equal (data.data + 4, "\x00\x00\x26\x11\x26", 5);
    data = s_ask (&line, s_request (0x11, "02010605"), 0x91, bytes, &words);
    assert_int_equal (data.size, 4 + 5 * 4);
    int64_t at_ms = INT64_C (1795536000000);  //  2026-11-25 00:00 local
    assert_true (field_midnight (FIXTURE_NOW, 1) == at_ms);
    meter645_energies (&line, 1, MODEL_ENERGY, at_ms, energies);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal (field_number (data.data + 4 + 4 * i, 4), energies[i]);
        assert_int_equal (words.said[i].freeze, FREEZE_DAY);
        assert_true (words.said[i].time_ms == at_ms);
    }
}

static void s_test_refused (void **state)
{
    static const struct {
        uint8_t control;
        const char *data;
        uint8_t error;  //  0: agreed
    } cases[] = {
        {0x11, "01000106", 2},                            //  A load record
        {0x11, "0100", 1},                                //  Half an identifier
        {0x12, "00ff010001", 2},                          //  Nothing follows
        {0x1F, "00", 1},                                  //  No such service
        {0x1C, "02000000000000001a00595959311299", 1},    //  Trip, until the 59th hour
        {0x1C, "02000000000000001a00595923311299", 0},    //  Trip
        {0x1C, "02000001000000001a00595923311299", 4},    //  Wrong password
        {0x1C, "04000000000000001a00595923311299", 4},    //  Wrong level
        {0x1C, "02000000000000001a00595923311220", 1},    //  No longer valid
        {0x1C, "02000000000000002a00595923311299", 1},    //  No alarm here
        {0x14, "0101000402000000000000000326112604", 0},  //  Date
        {0x14, "0101000402100000000000000326112604", 4},  //  Wrong password
        {0x14, "0104000402000000000000000326112604", 2},  //  Its address is not for writing
        {0x16, "99999999", 0},
    };
    uint8_t bytes[METER645_FRAME_MAX];
    field_words_t words;
    meter645_line_t line = s_line (1);
    (void) state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t control = (uint8_t) (cases[i].control | (cases[i].error ? 0xC0 : 0x80));
        bytes_t data =
            s_ask (&line, s_request (cases[i].control, cases[i].data), control, bytes, &words);
        assert_int_equal (data.size, cases[i].error ? 1 : 0);
        assert_int_equal (data.size ? data.data[0] : 0, cases[i].error);
        assert_int_equal (words.count, 0);
    }
    assert_int_equal (line.open, 1);
    bytes_t data = s_ask (&line, s_request (0x11, "03050004"), 0x91, bytes, &words);
    assert_memory_equal (data.data + 4, "\x10\x00", 2);
    (void) s_ask (&line, s_request (0x1C, "02000000000000001c00595923311299"), 0x9C, bytes, &words);
    assert_int_equal (line.open, 0);
}

//  d645-029 (time for all) and d645-018 (somebody else) get nothing.
static void s_test_silent (void **state)
{
    uint8_t bytes[METER645_FRAME_MAX];
    field_words_t words;
    meter645_line_t line = s_line (3);
    (void) state;
    (void) s_ask (&line, "68999999999999680806335b493a454c1616", 0, bytes, &words);
    (void) s_ask (&line, "6801020304050668110434373337cf16", 0, bytes, &words);
}

static void s_test_scan (void **state)
{
    uint8_t frame[64];
    (void) state;
    size_t size = unhex ("fe6804010000000068110433333433b716", frame, sizeof frame);
    assert_int_equal (meter645_scan (bytes_of (frame, size)).what, FIELD_NOISE);
    for (size_t i = 0; i + 1 < size; i++) {
        assert_int_equal (meter645_scan (bytes_of (frame + 1, i)).what, FIELD_MORE);
    }
    for (size_t i = 1; i < size; i++) {
        frame[i] ^= 0x10;
        assert_int_not_equal (meter645_scan (bytes_of (frame + 1, size - 1)).what, FIELD_FRAME);
        frame[i] ^= 0x10;
    }
}

//  ---- Behind gateways ----

static void s_test_gateway (void **state)
{
    fixture_t f;
    char text[FIELD_ADDRESS_MAX + 1];
    (void) state;
    fixture_open (&f, &field_dlt645, 7, 3);
    fixture_connect (&f);
    f.device->address (f.state, text);
    assert_string_equal (text, "864212000000007");
    assert_int_equal (f.size, 15);
    assert_memory_equal (f.out, text, 15);
    fixture_clear (&f);
    assert_true (fixture_tick (&f) > f.wall_ms);
    assert_int_equal (f.size, 0);
    f.wall_ms += 60000;
    (void) fixture_tick (&f);
    assert_int_equal (f.size, 2);
    assert_memory_equal (f.out, "HB", 2);
    f.device->meter (f.state, 3, text);
    assert_string_equal (text, "450000070003");
    assert_true (f.device->stop (f.state));
    fixture_close (&f);
}

//  Two requests, FE before them, noise between; the last one comes in pieces.
static void s_test_stream (void **state)
{
    fixture_t f;
    uint8_t frame[64];
    uint8_t stream[64] = {0xFE, 0xFE};
    (void) state;
    fixture_open (&f, &field_dlt645, 7, 3);
    size_t size = unhex ("6803000700004568110433333433"
                         "0016",
                         frame, sizeof frame);
    frame[size - 2] = field_sum (frame, size - 2);
    memcpy (stream + 2, frame, size);
    stream[2 + size] = 0x55;
    memcpy (stream + 3 + size, frame, size);
    assert_int_equal (fixture_input (&f, stream, 3 + 2 * size - 4), 3 + size);
    assert_int_equal (f.said_count, 1);
    assert_int_equal (fixture_input (&f, stream + 3 + size, size), size);
    assert_int_equal (f.said_count, 2);
    assert_int_equal (f.size, 2 * 20);
    fixture_close (&f);
}

//  ---- CJ/T 188 ----

//  A request of the published form for meter mp of a fixture, its sum made anew.
static void s_ask_188 (fixture_t *f, uint32_t mp, const char *hex)
{
    char text[FIELD_ADDRESS_MAX + 1];
    uint8_t frame[64];
    size_t size = unhex (hex, frame, sizeof frame);
    writer_t out = writer_of (frame + 2, 7);
    f->device->meter (f->state, mp, text);
    field_digits (&out, strtoull (text, NULL, 10), 7);
    frame[size - 2] = field_sum (frame, size - 2);
    fixture_clear (f);
    assert_int_equal (fixture_input (f, frame, size), size);
    if (f->size > 0) {
        assert_int_equal (f->size, 13 + f->out[10]);
        assert_memory_equal (f->out + 2, frame + 2, 7);
        assert_int_equal (f->out[f->size - 2], field_sum (f->out, f->size - 2));
        assert_int_equal (f->out[f->size - 1], 0x16);
    }
}

//  c188-007; the answer has the form of c188-015.
static void s_test_water (void **state)
{
    fixture_t f;
    (void) state;
    fixture_open (&f, &field_cjt188, 1, 4);
    for (uint32_t mp = 1; mp <= 2; mp++) {
        s_ask_188 (&f, mp, "68100100000508000001031f90003916");
        assert_int_equal (f.out[1], 0x10);
        assert_int_equal (f.out[9], 0x81);
        assert_int_equal (f.out[10], 0x16);
        assert_memory_equal (f.out + 11, mp == 1 ? "\x90\x1f\x00" : "\x1f\x90\x00", 3);
        assert_int_equal (f.out[18], 0x2C);
        assert_memory_equal (f.out + 24, "\x45\x30\x15\x26\x11\x26\x20\x00\x00", 9);
        assert_int_equal (f.said_count, 6);
        fixture_said_value (&f, (uint16_t) mp, POINT (0, 0, 1, 0, 0), FIXTURE_NOW / 1000, 0);
        fixture_said_value (&f, (uint16_t) mp, POINT (8, 0, 1, 0, 0),
                            (int64_t) field_number (f.out + 14, 4), -2);
        assert_true (field_number (f.out + 14, 4) >= field_number (f.out + 19, 4));
    }
    //  To another kind of meter, c188-029, and to any while there are several.
    s_ask_188 (&f, 1, "68300300000000000001031f90ff4d16");
    assert_int_equal (f.size, 0);
    fixture_close (&f);
}

//  c188-031 and c188-030, then what a water meter does not know: c188-034, c188-011.
static void s_test_valve (void **state)
{
    fixture_t f;
    (void) state;
    fixture_open (&f, &field_cjt188, 1, 4);
    s_ask_188 (&f, 3, "6810011312190000000404a01701991016");
    assert_int_equal (f.out[9], 0x84);
    assert_memory_equal (f.out + 10, "\x05\xa0\x17\x01\x01\x00", 6);
    s_ask_188 (&f, 3, "6810011312190000000404a0170155cc16");
    assert_memory_equal (f.out + 10, "\x05\xa0\x17\x01\x00\x00", 6);
    s_ask_188 (&f, 3, "6810011312190000000404a01701007716");
    assert_int_equal (f.out[9], 0xC4);
    assert_memory_equal (f.out + 10, "\x03\x01\x00\x00", 4);
    s_ask_188 (&f, 3, "681002000005080000150aa01800010000050800006c16");
    assert_int_equal (f.out[9], 0xD5);
    fixture_close (&f);
}

//  One that dials in by itself says its address, in the form of c188-010.
static void s_test_direct (void **state)
{
    fixture_t f;
    char text[FIELD_ADDRESS_MAX + 1];
    (void) state;
    fixture_open (&f, &field_cjt188_direct, 5, 9);
    fixture_connect (&f);
    f.device->address (f.state, text);
    assert_string_equal (text, "12880000050001");
    assert_int_equal (f.size, 16);
    assert_memory_equal (f.out, "\x68\x10\x01\x00\x05\x00\x00\x88\x12\x83\x03\x81\x0a\x00", 14);
    f.device->meter (f.state, 2, text);
    assert_string_equal (text, "");
    //  Anybody may ask it.
    fixture_clear (&f);
    fixture_hex (&f, "6810aaaaaaaaaaaaaa01031f9000d116");
    assert_int_equal (f.size, 35);
    assert_int_equal (f.said_count, 6);
    assert_int_equal (f.said[0].mp, 1);
    fixture_close (&f);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (s_test_own_address), cmocka_unit_test (s_test_energy),
        cmocka_unit_test (s_test_energies),    cmocka_unit_test (s_test_follow),
        cmocka_unit_test (s_test_values),      cmocka_unit_test (s_test_frozen),
        cmocka_unit_test (s_test_refused),     cmocka_unit_test (s_test_silent),
        cmocka_unit_test (s_test_scan),        cmocka_unit_test (s_test_gateway),
        cmocka_unit_test (s_test_stream),      cmocka_unit_test (s_test_water),
        cmocka_unit_test (s_test_valve),       cmocka_unit_test (s_test_direct),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
