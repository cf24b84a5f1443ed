//  Key layout: byte order is number order, and what is put in comes out.
#include "tests/test.h"
#include "store/key.h"

static void test_sequence (void **state)
{
    (void) state;
    uint8_t key[KEY_SEQUENCE_SIZE];
    key_sequence (0x0102030405060708, key);
    const uint8_t expected[] = {1, 2, 3, 4, 5, 6, 7, 8};
    assert_memory_equal (key, expected, sizeof expected);
    uint64_t sequence;
    assert_true (key_to_sequence (bytes_of (key, sizeof key), &sequence));
    assert_true (sequence == 0x0102030405060708);
}

static void test_frame (void **state)
{
    (void) state;
    uint8_t key[KEY_FRAME_SIZE];
    key_frame (0x0102030405060708, 0x090A0B0C, key);
    const uint8_t expected[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    assert_memory_equal (key, expected, sizeof expected);
    uint64_t sequence;
    uint32_t index;
    assert_true (key_to_frame (bytes_of (key, sizeof key), &sequence, &index));
    assert_true (sequence == 0x0102030405060708);
    assert_int_equal (index, 0x090A0B0C);
}

static void test_order (void **state)
{
    (void) state;
    const uint64_t numbers[] = {0, 1, 255, 256, 65535, 65536, UINT32_MAX, 1ull << 32, UINT64_MAX};
    for (size_t i = 1; i < sizeof numbers / sizeof numbers[0]; i++) {
        uint8_t low[KEY_FRAME_SIZE];
        uint8_t high[KEY_FRAME_SIZE];
        key_sequence (numbers[i - 1], low);
        key_sequence (numbers[i], high);
        assert_true (memcmp (low, high, KEY_SEQUENCE_SIZE) < 0);
        key_frame (numbers[i - 1], UINT32_MAX, low);
        key_frame (numbers[i], 0, high);
        assert_true (memcmp (low, high, KEY_FRAME_SIZE) < 0);
    }
}

static void test_wrong_sizes (void **state)
{
    (void) state;
    uint8_t bytes[16] = {0};
    uint64_t sequence;
    uint32_t index;
    for (size_t size = 0; size <= sizeof bytes; size++) {
        assert_int_equal (key_to_sequence (bytes_of (bytes, size), &sequence),
                          size == KEY_SEQUENCE_SIZE);
        assert_int_equal (key_to_frame (bytes_of (bytes, size), &sequence, &index),
                          size == KEY_FRAME_SIZE);
    }
}

static void test_prefix (void **state)
{
    (void) state;
    assert_true (key_has_prefix (bytes_text ("abc"), bytes_text ("ab")));
    assert_true (key_has_prefix (bytes_text ("abc"), bytes_text ("abc")));
    assert_true (key_has_prefix (bytes_text ("abc"), bytes_of (NULL, 0)));
    assert_false (key_has_prefix (bytes_text ("abc"), bytes_text ("abd")));
    assert_false (key_has_prefix (bytes_text ("ab"), bytes_text ("abc")));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_sequence), cmocka_unit_test (test_frame),
        cmocka_unit_test (test_order),    cmocka_unit_test (test_wrong_sizes),
        cmocka_unit_test (test_prefix),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
