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

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_sum8),
                                       cmocka_unit_test (test_modbus)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
