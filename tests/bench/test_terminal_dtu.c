//  The simulated gateway and its meters: requests in pieces and in one piece, refusals, silence, values.
#include "tests/test.h"
#include "bench/terminal.h"
#include "bench/terminal_dtu.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

//  From the serial line guide and from the field: unit 17 reads 3 registers at 0x6B; unit 1 reads 10 at 0.
static const uint8_t s_read3[] = {0x11, 0x03, 0x00, 0x6B, 0x00, 0x03, 0x76, 0x87};
static const uint8_t s_read10[] = {0x01, 0x03, 0x00, 0x00, 0x00, 0x0A, 0xC5, 0xCD};

static dtu_t s_dtu (uint8_t meters)
{
    return (dtu_t){.number = 42, .meters = meters};
}

static dtu_request_t s_read (uint8_t unit, uint8_t function, uint16_t first, uint16_t count)
{
    return (dtu_request_t){DTU_REQUEST, 8, unit, function, first, count};
}

//  The answer's data registers; the frame is checked as a master would.
static size_t s_ask (dtu_t *dtu, const dtu_request_t *request, uint16_t *registers,
                     dtu_answer_t *answer)
{
    uint8_t bytes[DTU_FRAME_MAX];
    writer_t out = writer_of (bytes, sizeof bytes);
    *answer = dtu_answer (dtu, request, &out);
    assert_false (out.failed);
    if (answer->what != DTU_VALUES) {
        return 0;
    }
    assert_int_equal (out.size, 5 + 2 * request->count);
    assert_int_equal (bytes[0], request->unit);
    assert_int_equal (bytes[1], request->function);
    assert_int_equal (bytes[2], 2 * request->count);
    for (size_t i = 0; i < request->count; i++) {
        registers[i] = (uint16_t) (bytes[3 + 2 * i] << 8 | bytes[4 + 2 * i]);
    }
    return request->count;
}

//  Exception code, or 0 if it was none.
static uint8_t s_exception (dtu_t *dtu, const dtu_request_t *request)
{
    uint8_t bytes[DTU_FRAME_MAX];
    writer_t out = writer_of (bytes, sizeof bytes);
    dtu_answer_t answer = dtu_answer (dtu, request, &out);
    if (answer.what != DTU_EXCEPTION) {
        return 0;
    }
    assert_int_equal (out.size, 5);
    assert_int_equal (bytes[0], request->unit);
    assert_int_equal (bytes[1], request->function | 0x80);
    return bytes[2];
}

static void s_test_packets (void **state)
{
    uint8_t bytes[32];
    dtu_t dtu = s_dtu (1);
    writer_t out = writer_of (bytes, sizeof bytes);
    (void) state;
    dtu_registration (&dtu, &out);
    assert_true (bytes_equal (writer_bytes (&out), bytes_text ("864201060000042")));
    assert_true (dtu_imei (42) == UINT64_C (864201060000042));
    dtu_heartbeat (&out);
    assert_memory_equal (bytes + 15, "HB", 2);
    assert_int_equal (out.size, 17);
}

static void s_test_split (void **state)
{
    (void) state;
    for (size_t size = 0; size < sizeof s_read3; size++) {
        assert_int_equal (dtu_scan (bytes_of (s_read3, size)).what, DTU_MORE);
    }
    dtu_request_t request = dtu_scan (bytes_of (s_read3, sizeof s_read3));
    assert_int_equal (request.what, DTU_REQUEST);
    assert_int_equal (request.size, 8);
    assert_int_equal (request.unit, 17);
    assert_int_equal (request.function, 3);
    assert_int_equal (request.first, 0x6B);
    assert_int_equal (request.count, 3);
}

static void s_test_joined (void **state)
{
    uint8_t window[64];
    size_t pos = 0;
    size_t noise = 0;
    unsigned found = 0;
    (void) state;
    memcpy (window, s_read3, 8);
    memcpy (window + 8, s_read10, 8);
    memset (window + 16, 0xFF, 3);
    memcpy (window + 19, s_read3, 8);
    while (pos < 27) {
        dtu_request_t request = dtu_scan (bytes_of (window + pos, 27 - pos));
        assert_int_not_equal (request.what, DTU_MORE);
        pos += request.size;
        found += request.what == DTU_REQUEST;
        noise += request.what == DTU_NOISE ? request.size : 0;
    }
    assert_int_equal (found, 3);
    assert_int_equal (noise, 3);
}

static void s_test_broken (void **state)
{
    uint8_t window[8];
    (void) state;
    for (size_t i = 0; i < 8 * sizeof window; i++) {
        memcpy (window, s_read10, sizeof window);
        window[i / 8] ^= (uint8_t) (1u << i % 8);
        assert_int_not_equal (dtu_scan (bytes_of (window, sizeof window)).what, DTU_REQUEST);
    }
}

//  A request of a function whose length nobody knows ends where the checksum fits: 0x41 with two bytes of data.
static void s_test_unknown_function (void **state)
{
    uint8_t window[] = {0x01, 0x41, 0x12, 0x34, 0x00, 0x00};
    dtu_t dtu = s_dtu (1);
    unsigned crc = 0xFFFF;
    (void) state;
    for (size_t i = 0; i < 32; i++) {
        unsigned bit = (unsigned) (window[i / 8] >> i % 8 & 1);
        crc = (crc ^ bit) & 1 ? crc >> 1 ^ 0xA001 : crc >> 1;
    }
    window[4] = (uint8_t) crc;
    window[5] = (uint8_t) (crc >> 8);
    assert_int_equal (dtu_scan (bytes_of (window, 5)).what, DTU_MORE);
    dtu_request_t request = dtu_scan (bytes_of (window, sizeof window));
    assert_int_equal (request.what, DTU_REQUEST);
    assert_int_equal (request.size, sizeof window);
    assert_int_equal (s_exception (&dtu, &request), 1);
}

static void s_test_refused (void **state)
{
    dtu_t dtu = s_dtu (2);
    (void) state;
    const struct {
        dtu_request_t request;
        uint8_t exception;
    } cases[] = {
        {s_read (1, 6, 0, 1), 1},    {s_read (1, 16, 0, 1), 1},   {s_read (1, 1, 0, 1), 1},
        {s_read (1, 3, 0, 0), 3},    {s_read (1, 3, 0, 126), 3},  {s_read (1, 4, 0, 0xFFFF), 3},
        {s_read (1, 3, 22, 1), 2},   {s_read (1, 3, 21, 2), 2},   {s_read (2, 3, 255, 2), 2},
        {s_read (2, 3, 256, 17), 2}, {s_read (2, 4, 272, 1), 2},  {s_read (2, 3, 0xFFFF, 125), 2},
        {s_read (1, 3, 0, 22), 0},   {s_read (1, 4, 256, 16), 0}, {s_read (2, 3, 271, 1), 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal (s_exception (&dtu, &cases[i].request), cases[i].exception);
    }
    //  Refusals take no counter.
    assert_int_equal (dtu.counter[0][0], 1);
    assert_int_equal (dtu.counter[0][1], 1);
    assert_int_equal (dtu.counter[1][0], 0);
    assert_int_equal (dtu.counter[1][1], 1);
}

static void s_test_silent (void **state)
{
    uint8_t bytes[DTU_FRAME_MAX];
    dtu_t dtu = s_dtu (2);
    writer_t out = writer_of (bytes, sizeof bytes);
    (void) state;
    const uint8_t units[] = {0, 3, 247};
    for (size_t i = 0; i < sizeof units; i++) {
        dtu_request_t request = s_read (units[i], 3, 0, 1);
        assert_int_equal (dtu_answer (&dtu, &request, &out).what, DTU_SILENT);
    }
    assert_int_equal (out.size, 0);
}

static uint32_t s_hash (uint8_t unit, uint32_t counter, uint32_t item)
{
    return terminal_value ((uint32_t) dtu_imei (42), unit, counter, item);
}

//  Words as they came, most significant first.
static float s_float (uint16_t high, uint16_t low)
{
    uint32_t bits = (uint32_t) high << 16 | low;
    float value = 0;
    memcpy (&value, &bits, sizeof value);
    return value;
}

static uint16_t s_swap (uint16_t word)
{
    return (uint16_t) (word << 8 | word >> 8);
}

static void s_test_values (void **state)
{
    uint16_t r[125];
    dtu_answer_t answer;
    dtu_t dtu = s_dtu (3);
    (void) state;
    dtu.counter[2][0] = 7;
    dtu_request_t request = s_read (3, 3, 0, 22);
    assert_int_equal (s_ask (&dtu, &request, r, &answer), 22);
    assert_true (answer.whole && answer.block == 0 && answer.counter == 7);
    uint32_t base = 10000000 + terminal_value ((uint32_t) dtu_imei (42), 3, -1, 400) % 90000000;
    assert_int_equal ((uint32_t) r[0] << 16 | r[1], base + 7);
    assert_int_equal (r[2], 2150 + s_hash (3, 7, 401) % 200);
    assert_int_equal ((int16_t) r[6], -3000 + (int) (s_hash (3, 7, 405) % 6000));
    assert_int_equal (r[8], 0);
    assert_int_equal (r[9], 0);
    assert_int_equal ((uint32_t) r[11] << 16 | r[10], 1000 + s_hash (3, 7, 407) % 90000);
    assert_true (s_float (r[12], r[13]) == (float) (s_hash (3, 7, 408) % 40000) / 1000);
    assert_true (s_float (r[15], r[14]) == (float) (s_hash (3, 7, 409) % 40000) / 1000);
    assert_true (s_float (s_swap (r[16]), s_swap (r[17])) ==
                 (float) (s_hash (3, 7, 410) % 40000) / 1000);
    assert_true (s_float (s_swap (r[19]), s_swap (r[18])) ==
                 (float) (4990 + s_hash (3, 7, 411) % 21) / 100);
    char digits[9];
    snprintf (digits, sizeof digits, "%04x%04x", r[20], r[21]);
    assert_int_equal (strtol (digits, NULL, 10), s_hash (3, 7, 412) % 90000);

    //  The next answer is the next counter, and a part of a block is told apart from the whole.
    request = s_read (3, 4, 0, 2);
    assert_int_equal (s_ask (&dtu, &request, r, &answer), 2);
    assert_true (!answer.whole && answer.counter == 8);
    assert_int_equal ((uint32_t) r[0] << 16 | r[1], base + 8);
}

static void s_test_second_block (void **state)
{
    uint16_t r[125];
    dtu_answer_t answer;
    dtu_t dtu = s_dtu (1);
    bool missing = false;
    (void) state;
    dtu_request_t request = s_read (1, 3, 256, 16);
    for (uint32_t counter = 0; counter < 100; counter++) {
        assert_int_equal (s_ask (&dtu, &request, r, &answer), 16);
        assert_true (answer.whole && answer.block == 1 && answer.counter == counter);
        uint32_t fixed = terminal_value ((uint32_t) dtu_imei (42), 1, -1, 433);
        uint64_t exported = (uint64_t) r[5] << 48 | (uint64_t) r[4] << 32 | (uint64_t) r[3] << 16;
        assert_true ((exported | r[2]) == 10000000u + fixed % 90000000u + counter);
        uint32_t l2 = (uint32_t) s_swap (r[8]) << 16 | s_swap (r[9]);
        assert_int_equal ((int32_t) l2, -30000 + (int32_t) (s_hash (1, counter, 435) % 60000));
        uint32_t l3 = (uint32_t) s_swap (r[11]) << 16 | s_swap (r[10]);
        assert_int_equal ((int32_t) l3, -30000 + (int32_t) (s_hash (1, counter, 436) % 60000));
        assert_int_equal (r[12] >> 4 & 0xFF, s_hash (1, counter, 437) % 256);
        uint32_t neutral = s_hash (1, counter, 440);
        assert_int_equal (r[15], neutral % 16 == 0 ? 0xFFFF : neutral % 40000);
        missing = missing || r[15] == 0xFFFF;
    }
    assert_true (missing);
    assert_int_equal (dtu.counter[0][0], 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (s_test_packets),          cmocka_unit_test (s_test_split),
        cmocka_unit_test (s_test_joined),           cmocka_unit_test (s_test_broken),
        cmocka_unit_test (s_test_unknown_function), cmocka_unit_test (s_test_refused),
        cmocka_unit_test (s_test_silent),           cmocka_unit_test (s_test_values),
        cmocka_unit_test (s_test_second_block),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
