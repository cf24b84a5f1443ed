//  Checksums against published check values and frames.
#include "fep/crc.h"
#include "tests/test.h"

static void test_sum8 (void **state)
{
    (void) state;
    static const uint8_t bytes[] = {0xFF, 0x02, 0x10};
    assert_int_equal (crc_sum8 (bytes_of (bytes, 3)), 0x11);
    assert_int_equal (crc_sum8 (bytes_of (NULL, 0)), 0);
}

//  0x4B37 is the check value of CRC-16/MODBUS; the frame is goburrow/modbus rtuclient_test.go.
static void test_modbus (void **state)
{
    (void) state;
    static const uint8_t frame[] = {0x01, 0x03, 0x00, 0x00, 0x00, 0x02, 0xC4, 0x0B};
    assert_int_equal (crc_modbus (bytes_text ("123456789")), 0x4B37);
    assert_int_equal (crc_modbus (bytes_of (NULL, 0)), 0xFFFF);
    assert_int_equal (crc_modbus (bytes_of (frame, 6)), frame[6] | frame[7] << 8);
    assert_int_equal (crc_modbus (bytes_of (frame, 8)), 0);
}

//  0x906E is the check value of CRC-16/X-25; over data and checksum it leaves 0xF0B8 before the complement.
static void test_x25 (void **state)
{
    (void) state;
    static const uint8_t head[] = {0x17, 0x00, 0x43, 0x05, 0x01, 0x00, 0x00,
                                   0x00, 0x00, 0x00, 0x10, 0x26, 0xF6};
    assert_int_equal (crc_x25 (bytes_text ("123456789")), 0x906E);
    assert_int_equal (crc_x25 (bytes_of (NULL, 0)), 0);
    assert_int_equal (crc_x25 (bytes_of (head, 11)), head[11] | head[12] << 8);
    assert_int_equal (crc_x25 (bytes_of (head, 13)), (uint16_t) ~0xF0B8);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_sum8), cmocka_unit_test (test_modbus),
                                       cmocka_unit_test (test_x25)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
