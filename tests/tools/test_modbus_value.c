//  Registers as values: every type, every order, limits, and what is no value.
#include "tests/test.h"
#include "tools/modbus_value.h"
#include <stdio.h>

//  Registers in a certain order are that text; and the bits go back to the same registers.
typedef struct {
    const char *type;       //  As on the command line
    const char *order;      //  Likewise
    uint16_t registers[4];  //  On the wire
    double scale;           //  --scale
    const char *text;       //  Wanted
} shown_t;

static const shown_t s_shown[] = {
    {"f32", "ABCD", {0x47F1, 0x2000}, 1, "123456"},
    {"f32", "CDAB", {0x2000, 0x47F1}, 1, "123456"},
    {"f32", "BADC", {0xF147, 0x0020}, 1, "123456"},
    {"f32", "DCBA", {0x0020, 0xF147}, 1, "123456"},
    {"u16", "ABCD", {0xFFFF}, 1, "65535"},
    {"u16", "BADC", {0x1234}, 1, "13330"},
    {"i16", "ABCD", {0xFFFF}, 1, "-1"},
    {"i16", "ABCD", {0x8000}, 1, "-32768"},
    {"u16", "ABCD", {2298}, 0.1, "229.8"},
    {"i16", "ABCD", {0xFFFE}, 0.01, "-0.02"},
    {"u32", "ABCD", {0x0001, 0x0002}, 1, "65538"},
    {"u32", "CDAB", {0x0002, 0x0001}, 1, "65538"},
    {"u32", "ABCD", {0xFFFF, 0xFFFF}, 1, "4294967295"},
    {"i32", "ABCD", {0x8000, 0x0000}, 1, "-2147483648"},
    {"i32", "CDAB", {0xFFFE, 0xFFFF}, 1, "-2"},
    {"u64", "ABCD", {0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF}, 1, "18446744073709551615"},
    {"u64", "CDAB", {4, 3, 2, 1}, 1, "281483566841860"},
    {"i64", "ABCD", {0x8000, 0, 0, 0}, 1, "-9223372036854775808"},
    {"i64", "DCBA", {0xFEFF, 0xFFFF, 0xFFFF, 0xFFFF}, 1, "-2"},
    {"f64", "ABCD", {0x40FE, 0x2400, 0, 0}, 1, "123456"},
    {"f64", "CDAB", {0, 0, 0x2400, 0x40FE}, 1, "123456"},
    {"f64", "BADC", {0xFE40, 0x0024, 0, 0}, 1, "123456"},
    {"bcd16", "ABCD", {0x9876}, 1, "9876"},
    {"bcd32", "ABCD", {0x0012, 0x3456}, 0.01, "1234.56"},
    {"bcd32", "CDAB", {0x3456, 0x0012}, 1, "123456"},
    {"bcd16", "ABCD", {0x00A0}, 1, "-"},
    {"f32", "ABCD", {0x7FC0, 0}, 1, "-"},
    {"f32", "ABCD", {0x7F80, 0}, 1, "-"},
    {"bits", "ABCD", {0x8001}, 1, "1000 0000 0000 0001"},
};

static void test_shown (void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof s_shown / sizeof s_shown[0]; i++) {
        const shown_t *row = &s_shown[i];
        register_type_t type = REGISTER_TYPE_COUNT;
        word_order_t order = ORDER_COUNT;
        uint16_t back[VALUE_REGISTERS_MAX] = {0};
        char text[32];
        assert_true (modbus_type_parse (row->type, &type));
        assert_true (modbus_order_parse (row->order, &order));
        uint64_t raw = modbus_value_raw (row->registers, type, order);
        modbus_value_text (raw, type, row->scale, text, sizeof text);
        assert_string_equal (text, row->text);
        modbus_value_registers (raw, type, order, back);
        assert_memory_equal (back, row->registers, modbus_type_registers (type) * 2);
    }
}

static void test_parsed (void **state)
{
    (void) state;
    static const struct {
        register_type_t type;  //  Of what is written
        const char *text;      //  Written
        uint64_t raw;          //  Wanted
        bool good;             //  Or refused
    } rows[] = {
        {REGISTER_U16, "65535", 65535, true},
        {REGISTER_U16, "0xFFFF", 65535, true},
        {REGISTER_U16, "65536", 0, false},
        {REGISTER_U16, "-1", 0, false},
        {REGISTER_I16, "-1", 0xFFFF, true},
        {REGISTER_I16, "-32768", 0x8000, true},
        {REGISTER_I16, "-32769", 0, false},
        {REGISTER_I16, "32768", 0, false},
        {REGISTER_U32, "4294967295", 0xFFFFFFFF, true},
        {REGISTER_U32, "4294967296", 0, false},
        {REGISTER_I32, "-2147483648", 0x80000000, true},
        {REGISTER_I64, "-9223372036854775808", 0x8000000000000000, true},
        {REGISTER_I64, "-9223372036854775809", 0, false},
        {REGISTER_U64, "18446744073709551615", UINT64_MAX, true},
        {REGISTER_U64, "18446744073709551616", 0, false},
        {REGISTER_F32, "123456", 0x47F12000, true},
        {REGISTER_F32, "1e300", 0, false},
        {REGISTER_F32, "nan", 0, false},
        {REGISTER_F64, "123456", 0x40FE240000000000, true},
        {REGISTER_BCD16, "9876", 0x9876, true},
        {REGISTER_BCD16, "12345", 0, false},
        {REGISTER_U16, "", 0, false},
        {REGISTER_U16, "1x", 0, false},
        {REGISTER_U16, " 1", 0, false},
        {REGISTER_U16, "--1", 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t raw = 0;
        assert_int_equal (modbus_value_parse (rows[i].text, rows[i].type, &raw), rows[i].good);
        if (rows[i].good) {
            assert_true (raw == rows[i].raw);
        }
    }
}

static void test_words (void **state)
{
    (void) state;
    register_type_t type = REGISTER_U16;
    word_order_t order = ORDER_ABCD;
    assert_false (modbus_type_parse ("bit", &type));
    assert_false (modbus_type_parse ("u8", &type));
    assert_false (modbus_order_parse ("abcd", &order));
    for (size_t i = 0; i < REGISTER_TYPE_COUNT; i++) {
        if (i != REGISTER_BIT) {
            assert_true (modbus_type_parse (modbus_type_name ((register_type_t) i), &type));
            assert_int_equal (type, i);
        }
    }
}

static void test_likely (void **state)
{
    (void) state;
    assert_true (modbus_float_likely (0));
    assert_true (modbus_float_likely (229.8));
    assert_true (modbus_float_likely (-0.01));
    assert_false (modbus_float_likely (1e-20));
    assert_false (modbus_float_likely (-3e12));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_shown),
        cmocka_unit_test (test_parsed),
        cmocka_unit_test (test_words),
        cmocka_unit_test (test_likely),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
