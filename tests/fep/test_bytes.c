//  Reader and writer: bounds, byte order, sticky failure.
#include "fep/bytes.h"
#include "tests/test.h"

static const uint8_t s_bytes[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 0xfa, 0xfb};

static void test_reads_in_both_orders (void **state)
{
    (void) state;
    reader_t in = reader_of (bytes_of (s_bytes, sizeof s_bytes));
    assert_int_equal (reader_u8 (&in), 1);
    assert_int_equal (reader_u16le (&in), 0x0302);
    assert_int_equal (reader_u16be (&in), 0x0405);
    assert_int_equal (reader_u32le (&in), 0x09080706);
    assert_int_equal (reader_left (&in), 2);
    assert_int_equal (reader_u16le (&in), 0xfbfa);
    assert_false (in.failed);
    in = reader_of (bytes_of (s_bytes, sizeof s_bytes));
    assert_int_equal (reader_u32be (&in), 0x01020304);
    assert_int_equal (in.pos, 4);
}

static void test_reads_64_bits (void **state)
{
    (void) state;
    reader_t in = reader_of (bytes_of (s_bytes + 3, 8));
    assert_true (reader_u64be (&in) == 0x040506070809fafb);
    assert_false (in.failed);
    assert_int_equal (reader_left (&in), 0);
}

static void test_reader_fails_sticky (void **state)
{
    (void) state;
    reader_t in = reader_of (bytes_of (s_bytes, 3));
    assert_int_equal (reader_u32be (&in), 0);
    assert_true (in.failed);
    assert_int_equal (reader_u8 (&in), 0);
    assert_null (reader_take (&in, 0));
    assert_int_equal (in.pos, 0);
    in = reader_of (bytes_of (s_bytes, 3));
    bytes_t too_many = reader_bytes (&in, SIZE_MAX);
    assert_int_equal (too_many.size, 0);
    assert_null (too_many.data);
    assert_true (in.failed);
}

static void test_takes_exactly_all (void **state)
{
    (void) state;
    reader_t in = reader_of (bytes_of (s_bytes, 3));
    bytes_t all = reader_bytes (&in, 3);
    assert_ptr_equal (all.data, s_bytes);
    assert_int_equal (all.size, 3);
    assert_false (in.failed);
    reader_u8 (&in);
    assert_true (in.failed);
}

static void test_writes_in_both_orders (void **state)
{
    (void) state;
    static const uint8_t expected[] = {0xaa, 1, 2, 2, 1, 1, 2, 3, 4, 4,   3,  2,
                                       1,    1, 2, 3, 4, 5, 6, 7, 8, 'x', 'y'};
    uint8_t memory[sizeof expected];
    writer_t out = writer_of (memory, sizeof memory);
    writer_u8 (&out, 0xaa);
    writer_u16be (&out, 0x0102);
    writer_u16le (&out, 0x0102);
    writer_u32be (&out, 0x01020304);
    writer_u32le (&out, 0x01020304);
    writer_u64be (&out, 0x0102030405060708);
    writer_put (&out, "xy", 2);
    assert_false (out.failed);
    assert_true (bytes_equal (writer_bytes (&out), bytes_of (expected, sizeof expected)));
    writer_u8 (&out, 1);
    assert_true (out.failed);
    assert_int_equal (out.size, sizeof expected);
}

static void test_writer_fails_whole_and_sticky (void **state)
{
    (void) state;
    uint8_t memory[4] = {9, 9, 9, 9};
    writer_t out = writer_of (memory, 3);
    writer_u32be (&out, 1);
    assert_true (out.failed);
    assert_int_equal (out.size, 0);
    writer_u8 (&out, 1);
    writer_put (&out, "", 0);
    assert_null (writer_room (&out, 0));
    assert_int_equal (out.size, 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal (memory[i], 9);
    }
    out = writer_of (memory, 3);
    assert_null (writer_room (&out, SIZE_MAX));
}

static void test_compares_runs (void **state)
{
    (void) state;
    assert_true (bytes_equal (bytes_of (NULL, 0), bytes_text ("")));
    assert_true (bytes_equal (bytes_text ("abc"), bytes_of ("abcd", 3)));
    assert_false (bytes_equal (bytes_text ("abc"), bytes_text ("abd")));
    assert_false (bytes_equal (bytes_text ("abc"), bytes_text ("ab")));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_reads_in_both_orders),
        cmocka_unit_test (test_reads_64_bits),
        cmocka_unit_test (test_reader_fails_sticky),
        cmocka_unit_test (test_takes_exactly_all),
        cmocka_unit_test (test_writes_in_both_orders),
        cmocka_unit_test (test_writer_fails_whole_and_sticky),
        cmocka_unit_test (test_compares_runs),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
