//  Where a terminal is dialled: every form, and what is refused.
#include "tests/test.h"
#include "actors/dial.h"
#include <stdio.h>
#include <string.h>

static fep_err_t s_parse (const char *text, dial_t *dial)
{
    char why[160] = "";
    fep_err_t error = dial_parse (text, dial, why, sizeof why);
    //  Words with every refusal, and only then.
    assert_true ((error != FEP_OK) == (why[0] != 0));
    return error;
}

static void s_refused (const char *text, fep_err_t expected)
{
    dial_t dial;
    fep_err_t error = s_parse (text, &dial);
    if (error != expected) {
        fail_msg ("%s: %s, not %s", text, fep_err_name (error), fep_err_name (expected));
    }
}

static void test_tcp (void **state)
{
    (void) state;
    static const struct {
        const char *text, *codec, *host;
        uint16_t port;
    } cases[] = {{"iec104@10.0.0.7:2404", "iec104", "10.0.0.7", 2404},
                 {"modbus_tcp@127.0.0.1:1", "modbus_tcp", "127.0.0.1", 1},
                 {"modbus_tcp@255.255.255.255:65535", "modbus_tcp", "255.255.255.255", 65535},
                 {"iec104@[2001:db8::7]:2404", "iec104", "2001:db8::7", 2404},
                 {"iec104@[::ffff:10.0.0.7]:2404", "iec104", "::ffff:10.0.0.7", 2404},
                 {"dlt645@[FE80::1]:00080", "dlt645", "FE80::1", 80}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dial_t dial;
        CHECK_OK (s_parse (cases[i].text, &dial));
        assert_string_equal (dial.codec->name, cases[i].codec);
        assert_int_equal (dial.count, 1);
        assert_string_equal (dial.places[0].host, cases[i].host);
        assert_int_equal (dial.places[0].port, cases[i].port);
        assert_int_equal (dial.places[0].baud, 0);
    }
}

static void test_serial (void **state)
{
    (void) state;
    static const struct {
        const char *text, *host;
        uint32_t baud;
        uint8_t data;
        char parity;
        uint8_t stop;
    } cases[] = {{"dlt645@/dev/ttyS0:2400:8E1", "/dev/ttyS0", 2400, 8, 'E', 1},
                 {"modbus_rtu@/dev/ttyUSB1:115200:8N2", "/dev/ttyUSB1", 115200, 8, 'N', 2},
                 {"dlt645@/dev/serial/by-id/x-1:300:7O1", "/dev/serial/by-id/x-1", 300, 7, 'O', 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        dial_t dial;
        CHECK_OK (s_parse (cases[i].text, &dial));
        const dial_place_t *place = &dial.places[0];
        assert_int_equal (dial.count, 1);
        assert_string_equal (place->host, cases[i].host);
        assert_int_equal (place->port, 0);
        assert_int_equal (place->baud, cases[i].baud);
        assert_int_equal (place->data, cases[i].data);
        assert_int_equal (place->parity, cases[i].parity);
        assert_int_equal (place->stop, cases[i].stop);
    }
}

static void test_two_places (void **state)
{
    (void) state;
    dial_t dial;
    CHECK_OK (s_parse ("iec104@10.0.0.7:2404|[::1]:2405", &dial));
    assert_int_equal (dial.count, 2);
    assert_string_equal (dial.places[0].host, "10.0.0.7");
    assert_int_equal (dial.places[0].port, 2404);
    assert_string_equal (dial.places[1].host, "::1");
    assert_int_equal (dial.places[1].port, 2405);
    CHECK_OK (s_parse ("modbus_rtu@/dev/ttyS0:9600:8N1|10.0.0.7:502", &dial));
    assert_int_equal (dial.places[0].baud, 9600);
    assert_int_equal (dial.places[1].baud, 0);
    assert_int_equal (dial.places[1].port, 502);
    s_refused ("iec104@10.0.0.7:1|10.0.0.8:2|10.0.0.9:3", FEP_RANGE);
    s_refused ("iec104@10.0.0.7:1|", FEP_SYNTAX);
    s_refused ("iec104@|10.0.0.7:1", FEP_SYNTAX);
    s_refused ("iec104@10.0.0.7:1||10.0.0.8:1", FEP_SYNTAX);
    s_refused ("iec104@10.0.0.7:1|10.0.0.8:0", FEP_RANGE);
}

static void test_codec (void **state)
{
    (void) state;
    s_refused ("", FEP_SYNTAX);
    s_refused ("10.0.0.7:2404", FEP_SYNTAX);
    s_refused ("@10.0.0.7:2404", FEP_SYNTAX);
    s_refused ("iec104", FEP_SYNTAX);
    s_refused ("a_name_that_is_longer_than_any_codec_has@10.0.0.7:1", FEP_SYNTAX);
    s_refused ("iec105@10.0.0.7:2404", FEP_NOT_FOUND);
    s_refused ("IEC104@10.0.0.7:2404", FEP_NOT_FOUND);
    s_refused (" iec104@10.0.0.7:2404", FEP_NOT_FOUND);
}

//  Names are not looked up, and what is no address would never be reached.
static void test_address (void **state)
{
    (void) state;
    static const char *const texts[] = {
        "iec104@",
        "iec104@:2404",
        "iec104@10.0.0.7",
        "iec104@host:2404",
        "iec104@localhost:2404",
        "iec104@2001:db8::7:2404",
        "iec104@[2001:db8::7]",
        "iec104@[2001:db8::7]2404",
        "iec104@[2001:db8::7:2404",
        "iec104@[]:2404",
        "iec104@[:2404",
        "iec104@[fe80::1%eth0]:2404",
        "iec104@10.0.0.7 :2404",
        "iec104@10.0.0.256:2404",
        "iec104@10.7:2404",
        "iec104@10.0.0.7.8:2404",
        "iec104@....:2404",
        "iec104@[10.0.0.7]:2404",
        "iec104@[1:::2]:2404",
        "iec104@[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:2404"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        s_refused (texts[i], FEP_SYNTAX);
    }
}

static void test_port (void **state)
{
    (void) state;
    static const char *const texts[] = {"",   "0",  "65536",      "-1",        "+1",
                                        "1x", " 1", "4294967297", "0000000001"};
    char text[64];
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        snprintf (text, sizeof text, "iec104@10.0.0.7:%s", texts[i]);
        s_refused (text, FEP_RANGE);
    }
}

static void test_serial_refused (void **state)
{
    (void) state;
    static const struct {
        const char *place;
        fep_err_t error;
    } cases[] = {{"/dev/ttyS0", FEP_SYNTAX},
                 {"/dev/ttyS0:9600", FEP_SYNTAX},
                 {"/dev/ttyS0:9600:8E", FEP_SYNTAX},
                 {"/dev/ttyS0:9600:8E12", FEP_SYNTAX},
                 {"/dev/ttyS0:9600:6E1", FEP_RANGE},
                 {"/dev/ttyS0:9600:8X1", FEP_RANGE},
                 {"/dev/ttyS0:9600:8e1", FEP_RANGE},
                 {"/dev/ttyS0:9600:8E3", FEP_RANGE},
                 {"/dev/ttyS0:9600:8E0", FEP_RANGE},
                 {"/dev/ttyS0:299:8E1", FEP_RANGE},
                 {"/dev/ttyS0:115201:8E1", FEP_RANGE},
                 {"/dev/ttyS0:1000:8E1", FEP_RANGE},
                 {"/dev/ttyS0::8E1", FEP_RANGE},
                 {"/dev/ttyS0:96oo:8E1", FEP_RANGE},
                 {"/dev/a_device_whose_name_is_longer_than_47_characters:9600:8E1", FEP_SYNTAX}};
    char text[96];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf (text, sizeof text, "dlt645@%s", cases[i].place);
        s_refused (text, cases[i].error);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_tcp),           cmocka_unit_test (test_serial),
        cmocka_unit_test (test_two_places),    cmocka_unit_test (test_codec),
        cmocka_unit_test (test_address),       cmocka_unit_test (test_port),
        cmocka_unit_test (test_serial_refused)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
