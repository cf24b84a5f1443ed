//  Last frames of a terminal: which are kept, how they are cut, that growing keeps them; traffic of a day.
#include "tests/test.h"
#include "actors/frames.h"
#include "actors/traffic.h"
#include "fep/wire.h"

static uint8_t s_memory[FRAMES_WIRE_MAX];

//  The i-th of what frames_wire writes.
static bytes_t s_frame (const frames_t *frames, uint32_t count, uint32_t i)
{
    writer_t out = writer_of (s_memory, sizeof s_memory);
    frames_wire (frames, &out);
    assert_false (out.failed);
    reader_t in = reader_of (writer_bytes (&out));
    assert_int_equal (wire_get_array (&in), count);
    while (i-- > 0) {
        wire_skip (&in);
    }
    return bytes_of (in.data + in.pos, reader_left (&in));
}

static void s_expect (const frames_t *frames, uint32_t count, uint32_t i, const char *direction,
                      const char *reason, bytes_t bytes, int64_t size)
{
    bytes_t map = s_frame (frames, count, i);
    char text[32];
    reader_t in;
    assert_true (wire_find_text (map, "direction", text, sizeof text));
    assert_string_equal (text, direction);
    assert_true (wire_find_text (map, "reason", text, sizeof text));
    assert_string_equal (text, reason);
    assert_int_equal (wire_find_int (map, "size", -1), size);
    assert_true (wire_find (map, "bytes", &in));
    assert_true (bytes_equal (wire_get_bin (&in), bytes));
}

static void test_last_ones (void **state)
{
    (void) state;
    frames_t *frames = NULL;
    (void) s_frame (frames, 0, 0);
    frames_note (&frames, "toy", false, bytes_text ("welcome"), FEP_OK, 10);
    s_expect (frames, 1, 0, "down", "OK", bytes_text ("welcome"), 7);
    frames_note (&frames, "toy", true, bytes_text ("a"), FEP_OK, 20);
    frames_note (&frames, "toy", true, bytes_text ("b"), FEP_CHECKSUM, 30);
    frames_note (&frames, "toy", true, bytes_text ("c"), FEP_OK, 40);
    s_expect (frames, 3, 0, "up", "CHECKSUM", bytes_text ("b"), 1);
    s_expect (frames, 3, 1, "up", "OK", bytes_text ("c"), 1);
    s_expect (frames, 3, 2, "down", "OK", bytes_text ("welcome"), 7);
    assert_int_equal (wire_find_int (s_frame (frames, 3, 1), "time_ms", 0), 40);
    frames_note (&frames, "toy", false, bytes_of (NULL, 0), FEP_OK, 50);
    s_expect (frames, 3, 2, "down", "OK", bytes_of (NULL, 0), 0);
    frames_destroy (&frames);
    frames_destroy (&frames);
}

static void test_growth_and_cut (void **state)
{
    (void) state;
    frames_t *frames = NULL;
    uint8_t bytes[1000];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t) (i * 7 + i / 256);
    }
    size_t before = 1;
    for (size_t size = 1; size < sizeof bytes; size += 37) {
        size_t kept = size > FRAMES_BYTES_MAX ? FRAMES_BYTES_MAX : size;
        size_t old = before > FRAMES_BYTES_MAX ? FRAMES_BYTES_MAX : before;
        frames_note (&frames, "toy", true, bytes_of (bytes, size), FEP_OK, (int64_t) size);
        if (size > 1) {
            s_expect (frames, size > 38 ? 3 : 2, 0, "up", "OK", bytes_of (bytes, old),
                      (int64_t) before);
            s_expect (frames, size > 38 ? 3 : 2, 1, "up", "OK", bytes_of (bytes, kept),
                      (int64_t) size);
            frames_note (&frames, "toy", false, bytes_of (bytes, size), FEP_OK, (int64_t) size);
            s_expect (frames, 3, 2, "down", "OK", bytes_of (bytes + size - kept, kept),
                      (int64_t) size);
        }
        before = size;
    }
    frames_destroy (&frames);
}

static void test_traffic (void **state)
{
    (void) state;
    //  Midnight in China is 16:00 UTC.
    int64_t midnight_ms = 1700000000000 / 86400000 * 86400000 + 57600000;
    int64_t day = traffic_day (midnight_ms, 480);
    assert_int_equal (traffic_day (midnight_ms - 1, 480), day - 1);
    assert_int_equal (traffic_day (midnight_ms + 86399999, 480), day);
    assert_int_equal (traffic_day (-1, 0), -1);
    traffic_t sum = {1, 2, 3, 4};
    const traffic_t more = {10, 20, 30, 40};
    traffic_add (&sum, &more);
    traffic_t less = traffic_less (&sum, &more);
    uint8_t memory[128];
    writer_t out = writer_of (memory, sizeof memory);
    wire_put_map (&out, 1);
    traffic_pair (&out, "less", &less);
    traffic_t found = traffic_find (writer_bytes (&out), "less");
    assert_int_equal (found.rx_bytes, 1);
    assert_int_equal (found.tx_bytes, 2);
    assert_int_equal (found.frames, 3);
    assert_int_equal (found.items, 4);
    assert_int_equal (traffic_find (writer_bytes (&out), "none").items, 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_last_ones),
        cmocka_unit_test (test_growth_and_cut),
        cmocka_unit_test (test_traffic),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
