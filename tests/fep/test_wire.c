//  msgpack primitives: exact bytes at every boundary of the specification, refusals, skipping,
//  maps.
#include "fep/wire.h"
#include "tests/test.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>

static uint8_t s_memory[1 << 17];

//  The writer holds exactly those bytes.
#define CHECK_BYTES(out, ...)                                                                      \
    do {                                                                                           \
        const uint8_t check_bytes[] = {__VA_ARGS__};                                               \
        assert_false ((out).failed);                                                               \
        assert_int_equal ((out).size, sizeof check_bytes);                                         \
        assert_memory_equal ((out).data, check_bytes, sizeof check_bytes);                         \
    } while (0)

static writer_t s_writer (void)
{
    return writer_of (s_memory, sizeof s_memory);
}

static reader_t s_reader (const writer_t *out)
{
    return reader_of (writer_bytes (out));
}

typedef struct {
    int64_t value;     //  Written
    size_t size;       //  Bytes it must take
    uint8_t bytes[9];  //  These
} s_int_t;

static const s_int_t s_ints[] = {
    {0, 1, {0x00}},
    {127, 1, {0x7f}},
    {128, 2, {0xcc, 0x80}},
    {255, 2, {0xcc, 0xff}},
    {256, 3, {0xcd, 0x01, 0x00}},
    {65535, 3, {0xcd, 0xff, 0xff}},
    {65536, 5, {0xce, 0x00, 0x01, 0x00, 0x00}},
    {4294967295, 5, {0xce, 0xff, 0xff, 0xff, 0xff}},
    {4294967296, 9, {0xcf, 0, 0, 0, 1, 0, 0, 0, 0}},
    {INT64_MAX, 9, {0xcf, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}},
    {-1, 1, {0xff}},
    {-32, 1, {0xe0}},
    {-33, 2, {0xd0, 0xdf}},
    {-128, 2, {0xd0, 0x80}},
    {-129, 3, {0xd1, 0xff, 0x7f}},
    {-32768, 3, {0xd1, 0x80, 0x00}},
    {-32769, 5, {0xd2, 0xff, 0xff, 0x7f, 0xff}},
    {INT32_MIN, 5, {0xd2, 0x80, 0, 0, 0}},
    {(int64_t) INT32_MIN - 1, 9, {0xd3, 0xff, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff}},
    {INT64_MIN, 9, {0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0}}};

static void test_integers (void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof s_ints / sizeof *s_ints; i++) {
        const s_int_t *row = &s_ints[i];
        writer_t out = s_writer ();
        wire_put_int (&out, row->value);
        assert_int_equal (out.size, row->size);
        assert_memory_equal (out.data, row->bytes, row->size);
        reader_t in = s_reader (&out);
        assert_int_equal (wire_peek (&in), WIRE_INT);
        assert_true (wire_get_int (&in) == row->value);
        assert_false (in.failed);
        assert_int_equal (reader_left (&in), 0);
        in = s_reader (&out);
        uint64_t read = wire_get_uint (&in);
        assert_int_equal (in.failed, row->value < 0);
        assert_true (row->value < 0 || read == (uint64_t) row->value);
        for (size_t cut = 0; cut < row->size; cut++) {
            in = reader_of (bytes_of (out.data, cut));
            assert_int_equal (wire_peek (&in), WIRE_BAD);
            assert_true (wire_get_int (&in) == 0);
            assert_true (in.failed);
        }
    }
}

static void test_large_unsigned (void **state)
{
    (void) state;
    writer_t out = s_writer ();
    wire_put_uint (&out, UINT64_MAX);
    CHECK_BYTES (out, 0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
    reader_t in = s_reader (&out);
    assert_int_equal (wire_peek (&in), WIRE_UINT);
    assert_true (wire_get_uint (&in) == UINT64_MAX);
    assert_false (in.failed);
    in = s_reader (&out);
    wire_get_int (&in);
    assert_true (in.failed);
}

//  Wider forms than needed are legal.
static void test_any_width_is_read (void **state)
{
    (void) state;
    static const uint8_t wide[] = {
        0xcc, 1, 0xcd, 0,    1, 0xce, 0,    0, 0,    1,    0xcf, 0, 0,   0,    0, 0,
        0,    0, 1,    0xd0, 1, 0xd1, 0,    1, 0xd2, 0,    0,    0, 1,   0xd3, 0, 0,
        0,    0, 0,    0,    0, 1,    0xd9, 1, 'x',  0xda, 0,    1, 'x', 0xdb, 0, 0,
        0,    1, 'x',  0xc4, 1, 'x',  0xc5, 0, 1,    'x',  0xc6, 0, 0,   0,    1, 'x'};
    reader_t in = reader_of (bytes_of (wide, sizeof wide));
    for (int i = 0; i < 8; i++) {
        assert_true (wire_get_int (&in) == 1);
    }
    for (int i = 0; i < 3; i++) {
        assert_true (bytes_equal (wire_get_str (&in), bytes_text ("x")));
    }
    for (int i = 0; i < 3; i++) {
        assert_true (bytes_equal (wire_get_bin (&in), bytes_text ("x")));
    }
    assert_false (in.failed);
    assert_int_equal (reader_left (&in), 0);
    static const uint8_t counts[] = {0xdd, 0, 0, 0, 1, 0xdc, 0, 1, 0xdf, 0, 0, 0, 0};
    in = reader_of (bytes_of (counts, sizeof counts));
    assert_int_equal (wire_get_array (&in), 1);
    assert_int_equal (wire_get_array (&in), 1);
    assert_int_equal (wire_get_map (&in), 0);
    assert_false (in.failed);
}

//  Signed forms hold positive numbers too: only their own highest bit is a sign.
static void test_signed_forms_of_positive_numbers (void **state)
{
    (void) state;
    static const uint8_t bytes[] = {0xd0, 0x7f, 0xd1, 0x7f, 0xff, 0xd2, 0x7f, 0xff, 0xff, 0xff};
    reader_t in = reader_of (bytes_of (bytes, sizeof bytes));
    assert_true (wire_get_int (&in) == INT8_MAX);
    assert_true (wire_get_int (&in) == INT16_MAX);
    assert_true (wire_get_uint (&in) == INT32_MAX);
    assert_false (in.failed);
}

static void test_nil_bool_float (void **state)
{
    (void) state;
    writer_t out = s_writer ();
    wire_put_nil (&out);
    wire_put_bool (&out, true);
    wire_put_bool (&out, false);
    wire_put_float (&out, 1.5);
    CHECK_BYTES (out, 0xc0, 0xc3, 0xc2, 0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0);
    reader_t in = s_reader (&out);
    wire_get_nil (&in);
    assert_true (wire_get_bool (&in));
    assert_false (wire_get_bool (&in));
    assert_true (fabs (wire_get_float (&in) - 1.5) < DBL_EPSILON);
    assert_false (in.failed);
    static const uint8_t narrow[] = {0xca, 0x3f, 0xc0, 0, 0};
    in = reader_of (bytes_of (narrow, sizeof narrow));
    assert_int_equal (wire_peek (&in), WIRE_FLOAT);
    assert_true (fabs (wire_get_float (&in) - 1.5) < DBL_EPSILON);
    assert_false (in.failed);
    in = reader_of (bytes_of (narrow, 4));
    wire_get_float (&in);
    assert_true (in.failed);
}

//  Sizes at which the form changes, with the tag and how many bytes stand before the body.
static void test_texts_and_bytes (void **state)
{
    (void) state;
    static const struct {
        size_t size;  //  Of the body
        int str_tag;  //  Expected
        size_t str_head;
        int bin_tag;
        size_t bin_head;
    } rows[] = {{0, 0xa0, 1, 0xc4, 2},    {31, 0xbf, 1, 0xc4, 2},  {32, 0xd9, 2, 0xc4, 2},
                {255, 0xd9, 2, 0xc4, 2},  {256, 0xda, 3, 0xc5, 3}, {65535, 0xda, 3, 0xc5, 3},
                {65536, 0xdb, 5, 0xc6, 5}};
    static uint8_t body[65536];
    memset (body, 'x', sizeof body);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        writer_t out = s_writer ();
        wire_put_str (&out, bytes_of (body, rows[i].size));
        assert_int_equal (out.size, rows[i].str_head + rows[i].size);
        assert_int_equal (out.data[0], rows[i].str_tag);
        reader_t in = s_reader (&out);
        assert_true (bytes_equal (wire_get_str (&in), bytes_of (body, rows[i].size)));
        assert_false (in.failed);
        in = reader_of (bytes_of (out.data, out.size - 1));
        wire_get_str (&in);
        assert_true (in.failed);
        in = s_reader (&out);
        assert_int_equal (wire_get_bin (&in).size, rows[i].size);
        out = s_writer ();
        wire_put_bin (&out, bytes_of (body, rows[i].size));
        assert_int_equal (out.size, rows[i].bin_head + rows[i].size);
        assert_int_equal (out.data[0], rows[i].bin_tag);
        in = s_reader (&out);
        assert_int_equal (wire_get_bin (&in).size, rows[i].size);
        in = s_reader (&out);
        wire_get_str (&in);
        assert_true (in.failed);
    }
}

static void test_counts (void **state)
{
    (void) state;
    writer_t out = s_writer ();
    wire_put_array (&out, 15);
    wire_put_array (&out, 16);
    wire_put_array (&out, 65535);
    wire_put_array (&out, 65536);
    wire_put_map (&out, 15);
    wire_put_map (&out, 16);
    wire_put_map (&out, 65536);
    CHECK_BYTES (out, 0x9f, 0xdc, 0, 16, 0xdc, 0xff, 0xff, 0xdd, 0, 1, 0, 0, 0x8f, 0xde, 0, 16,
                 0xdf, 0, 1, 0, 0);
}

//  A count that the bytes cannot hold is refused before anybody loops over it.
static void test_lying_counts (void **state)
{
    (void) state;
    static const uint8_t array[] = {0xdd, 0xff, 0xff, 0xff, 0xff, 0};
    reader_t in = reader_of (bytes_of (array, sizeof array));
    assert_int_equal (wire_get_array (&in), 0);
    assert_true (in.failed);
    static const uint8_t map[] = {0x82, 1, 2, 3};
    in = reader_of (bytes_of (map, sizeof map));
    assert_int_equal (wire_get_map (&in), 0);
    assert_true (in.failed);
    static const uint8_t text[] = {0xdb, 0xff, 0xff, 0xff, 0xff, 'x'};
    in = reader_of (bytes_of (text, sizeof text));
    assert_int_equal (wire_get_str (&in).size, 0);
    assert_true (in.failed);
    in = reader_of (bytes_of (text, sizeof text));
    wire_skip (&in);
    assert_true (in.failed);
    in = reader_of (bytes_of (array, sizeof array));
    wire_skip (&in);
    assert_true (in.failed);
}

static void test_wrong_types_fail (void **state)
{
    (void) state;
    static const uint8_t nil[] = {0xc0};
    static const uint8_t bad[] = {0xc1, 0xc7, 0xc8, 0xc9, 0xd4, 0xd5, 0xd6, 0xd7, 0xd8};
    reader_t in = reader_of (bytes_of (nil, 1));
    wire_get_int (&in);
    assert_true (in.failed);
    in = reader_of (bytes_of (nil, 1));
    wire_get_bool (&in);
    assert_true (in.failed);
    for (size_t i = 0; i < sizeof bad; i++) {
        uint8_t bytes[32] = {bad[i]};
        in = reader_of (bytes_of (bytes, sizeof bytes));
        assert_int_equal (wire_peek (&in), WIRE_BAD);
        wire_skip (&in);
        assert_true (in.failed);
    }
}

static void test_skips_whole_values (void **state)
{
    (void) state;
    writer_t out = s_writer ();
    wire_put_array (&out, 4);
    wire_put_map (&out, 2);
    wire_pair_int (&out, "a", -5);
    wire_pair_text (&out, "b", "text");
    wire_put_array (&out, 0);
    wire_put_bin (&out, bytes_of (s_ints, 40));
    wire_put_float (&out, 2);
    size_t end = out.size;
    wire_put_int (&out, 42);
    reader_t in = s_reader (&out);
    wire_skip (&in);
    assert_int_equal (in.pos, end);
    assert_int_equal (wire_get_int (&in), 42);
    assert_false (in.failed);
    for (size_t cut = 0; cut < end; cut++) {
        in = reader_of (bytes_of (out.data, cut));
        wire_skip (&in);
        assert_true (in.failed);
    }
}

static void test_depth_is_limited (void **state)
{
    (void) state;
    for (unsigned depth = 0; depth <= WIRE_DEPTH_MAX + 1; depth++) {
        writer_t out = s_writer ();
        for (unsigned i = 0; i < depth; i++) {
            wire_put_array (&out, 1);
        }
        wire_put_nil (&out);
        reader_t in = s_reader (&out);
        wire_skip (&in);
        assert_int_equal (in.failed, depth > WIRE_DEPTH_MAX);
    }
}

static writer_t s_map (void)
{
    writer_t out = s_writer ();
    wire_put_map (&out, 6);
    wire_put_int (&out, 7);  //  A key that is no text
    wire_put_text (&out, "seven");
    wire_pair_text (&out, "name", "north");
    wire_pair_int (&out, "n", -3);
    wire_pair_bool (&out, "flag", true);
    wire_pair_uint (&out, "big", UINT64_MAX);
    wire_pair_int (&out, "n", 4);
    return out;
}

static void test_finds_keys (void **state)
{
    (void) state;
    writer_t out = s_map ();
    bytes_t map = writer_bytes (&out);
    reader_t value;
    assert_int_equal (wire_find_int (map, "n", 99), -3);
    assert_int_equal (wire_find_int (map, "big", 99), 99);
    assert_int_equal (wire_find_int (map, "name", 99), 99);
    assert_int_equal (wire_find_int (map, "nothing", 99), 99);
    assert_int_equal (wire_find_int (map, "", 99), 99);
    assert_true (wire_find (map, "flag", &value));
    assert_true (wire_get_bool (&value));
    assert_true (wire_find (map, "big", &value));
    assert_true (wire_get_uint (&value) == UINT64_MAX);
    assert_false (wire_find (map, "nam", &value));
    assert_false (wire_find (bytes_text ("x"), "n", &value));
    assert_false (wire_find (bytes_of (NULL, 0), "n", &value));
}

//  Several keys in one walk, whatever their order; what is no map has none.
static void test_picks_keys (void **state)
{
    static const char *const keys[] = {"n", "nam", "flag", "name", "big", ""};
    (void) state;
    writer_t out = s_map ();
    bytes_t map = writer_bytes (&out);
    reader_t values[6];
    assert_int_equal (wire_pick (map, keys, 6, values), 1 << 0 | 1 << 2 | 1 << 3 | 1 << 4);
    assert_int_equal (wire_get_int (&values[0]), -3);
    assert_true (wire_get_bool (&values[2]));
    assert_true (bytes_equal (wire_get_str (&values[3]), bytes_text ("north")));
    assert_true (wire_get_uint (&values[4]) == UINT64_MAX);
    assert_int_equal (wire_pick (bytes_text ("x"), keys, 6, values), 0);
    assert_int_equal (wire_pick (bytes_of (map.data, map.size - 1), keys, 6, values),
                      1 << 0 | 1 << 2 | 1 << 3 | 1 << 4);
    assert_int_equal (wire_pick (map, keys, 0, values), 0);
}

static void test_finds_texts (void **state)
{
    (void) state;
    writer_t out = s_map ();
    bytes_t map = writer_bytes (&out);
    char text[4] = "zzz";
    assert_true (wire_find_text (map, "name", text, sizeof text));
    assert_string_equal (text, "nor");
    assert_false (wire_find_text (map, "n", text, sizeof text));
    assert_string_equal (text, "");
    char wide[8];
    assert_true (wire_find_text (map, "name", wide, sizeof wide));
    assert_string_equal (wide, "north");
    assert_true (wire_find_text (map, "name", wide, 0));
    map.size = 12;
    assert_false (wire_find_text (map, "name", wide, sizeof wide));
}

static void test_open_and_close (void **state)
{
    (void) state;
    writer_t out = s_writer ();
    size_t map = wire_open_map (&out);
    wire_put_text (&out, "a");
    size_t array = wire_open_array (&out);
    wire_put_int (&out, 1);
    wire_put_int (&out, 2);
    wire_close_array (&out, array, 2);
    wire_close_map (&out, map, 1);
    CHECK_BYTES (out, 0xde, 0, 1, 0xa1, 'a', 0xdc, 0, 2, 1, 2);
    wire_close_map (&out, map, 65536);
    assert_true (out.failed);
    out = writer_of (s_memory, 2);
    map = wire_open_map (&out);
    assert_true (out.failed);
    wire_close_map (&out, map, 1);
    assert_int_equal (out.size, 0);
}

static void test_writer_too_small (void **state)
{
    (void) state;
    uint8_t memory[8];
    writer_t out = writer_of (memory, sizeof memory);
    wire_put_int (&out, INT64_MAX);
    assert_true (out.failed);
    assert_int_equal (out.size, 0);
    out = writer_of (memory, sizeof memory);
    wire_put_text (&out, "12345678");
    assert_true (out.failed);
    assert_int_equal (out.size, 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_integers),
        cmocka_unit_test (test_large_unsigned),
        cmocka_unit_test (test_signed_forms_of_positive_numbers),
        cmocka_unit_test (test_any_width_is_read),
        cmocka_unit_test (test_nil_bool_float),
        cmocka_unit_test (test_texts_and_bytes),
        cmocka_unit_test (test_counts),
        cmocka_unit_test (test_lying_counts),
        cmocka_unit_test (test_wrong_types_fail),
        cmocka_unit_test (test_skips_whole_values),
        cmocka_unit_test (test_depth_is_limited),
        cmocka_unit_test (test_finds_keys),
        cmocka_unit_test (test_picks_keys),
        cmocka_unit_test (test_finds_texts),
        cmocka_unit_test (test_open_and_close),
        cmocka_unit_test (test_writer_too_small),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
