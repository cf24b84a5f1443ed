//  Options: defaults, every kind of fault with its place and what is allowed, reload, sample,
//  hostile YAML.
#include "fep/config.h"
#include "tests/test.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ONE "listeners:\n  - {name: a, address: 0.0.0.0, port: 7600, codec: gdw1376}\n"

static char s_text[512];

static config_t *s_good (const char *yaml)
{
    config_t *config = NULL;
    fep_err_t error = config_parse (bytes_text (yaml), "t", &config, s_text, sizeof s_text);
    if (error) {
        fail_msg ("%s: %s", fep_err_name (error), s_text);
    }
    assert_non_null (config);
    return config;
}

//  The document must be refused with that error, at that place, with these words in the fault.
static void s_bad (const char *yaml, size_t size, fep_err_t expected, const char *place,
                   const char *wrong, const char *allowed)
{
    config_t *config = NULL;
    fep_err_t error = config_parse (bytes_of (yaml, size), "t", &config, s_text, sizeof s_text);
    if (error != expected || strncmp (s_text, place, strlen (place)) != 0 ||
        !strstr (s_text, wrong) || !strstr (s_text, allowed)) {
        fail_msg ("%.60s...: %s '%s', not %s '%s... %s ... %s'", yaml, fep_err_name (error), s_text,
                  fep_err_name (expected), place, wrong, allowed);
    }
    assert_null (config);
}

static void test_defaults (void **state)
{
    (void) state;
    config_t *config = s_good (ONE);
    assert_string_equal (config->node.name, "fep-1");
    assert_int_equal (config->node.utc_offset_min, 480);
    assert_int_equal (config->store.journal_bytes, 21474836480);
    assert_int_equal (config->feed.port, 7601);
    assert_string_equal (config->archive.csv, "");
    assert_string_equal (config->log.level, "info");
    assert_int_equal (config->listener_count, 1);
    assert_string_equal (config->listeners[0].name, "a");
    assert_string_equal (config->listeners[0].address, "0.0.0.0");
    assert_int_equal (config->listeners[0].port, 7600);
    assert_string_equal (config->listeners[0].codec, "gdw1376");
    assert_int_equal (config->listeners[0].sessions, 5000);
    assert_string_equal (config->listeners[0].address_style, "decimal");
    assert_int_equal (config->listeners[0].password_size, 16);
    assert_string_equal (config->listeners[0].registration, "");
    assert_string_equal (config->listeners[0].heartbeat, "");
    assert_string_equal (config->listeners[0].heartbeat_echo, "no");
    assert_string_equal (config->listeners[0].unknown, "hold");
    assert_string_equal (config->listeners[0].duplicate, "takeover");
    assert_int_equal (config->line.packet_ms, 200);
    assert_int_equal (config->line.frame_gap_ms, 50);
    assert_int_equal (config->line.answer_timeout_ms, 3000);
    assert_int_equal (config->line.late_ms, 5000);
    assert_int_equal (config->line.repeats, 1);
    config_destroy (&config);
    assert_null (config);
    config_destroy (&config);
}

static void test_values (void **state)
{
    (void) state;
    config_t *config = s_good ("node: {name: \"north 7\", utc_offset_min: -330}\n"
                               "storage:\n  linger_us: 0\n  durability: os\n"
                               "feed:\n"
                               "door:\n  address: ::1\n"
                               "listeners:\n"
                               "  - name: a\n    address: 127.0.0.1\n    port: 1\n    codec: x\n"
                               "    sessions: 7\n    address_style: hex\n    password_size: 0\n"
                               "  - name: b\n    address: \"::\"\n    port: 1\n    codec: y\n");
    assert_string_equal (config->node.name, "north 7");
    assert_int_equal (config->node.utc_offset_min, -330);
    assert_int_equal (config->storage.linger_us, 0);
    assert_string_equal (config->storage.durability, "os");
    assert_int_equal (config->feed.port, 7601);
    assert_string_equal (config->door.address, "::1");
    assert_int_equal (config->listener_count, 2);
    assert_int_equal (config->listeners[0].sessions, 7);
    assert_string_equal (config->listeners[0].address_style, "hex");
    assert_int_equal (config->listeners[0].password_size, 0);
    assert_string_equal (config->listeners[1].address, "::");
    config_destroy (&config);
}

//  A listener of transparent gateways; MORE is appended to its map.
#define DTU(more) "listeners:\n  - {name: a, address: '::', port: 1, codec: dtu,\n     " more "}\n"

static void test_gateways (void **state)
{
    (void) state;
    config_t *config =
        s_good (DTU ("registration: 'LOGIN:{id:4}\\r\\n|{imei}', heartbeat: '\\xFF|zdjc', "
                     "heartbeat_echo: yes, unknown: refuse, duplicate: reject"));
    assert_string_equal (config->listeners[0].registration, "LOGIN:{id:4}\\r\\n|{imei}");
    assert_string_equal (config->listeners[0].heartbeat, "\\xFF|zdjc");
    assert_string_equal (config->listeners[0].heartbeat_echo, "yes");
    assert_string_equal (config->listeners[0].unknown, "refuse");
    assert_string_equal (config->listeners[0].duplicate, "reject");
    config_destroy (&config);
    //  Double quotes want each backslash doubled.
    config = s_good (DTU ("registration: \"{imei}\\\\0\""));
    assert_string_equal (config->listeners[0].registration, "{imei}\\0");
    config_destroy (&config);
}

typedef struct {
    const char *yaml;     //  The document
    fep_err_t error;      //  Expected
    const char *place;    //  Beginning of the fault
    const char *wrong;    //  In the fault
    const char *allowed;  //  In the fault
} bad_t;

static const bad_t s_bads[] = {
    //  Keys
    {"feed:\n  prot: 1\n" ONE, FEP_NOT_FOUND, "t:2:3: ", "unknown key in feed 'prot'",
     "allowed are address, port, queue, tick_ms, topics"},
    {"fed:\n  port: 1\n", FEP_NOT_FOUND, "t:1:1: ", "unknown section 'fed'",
     "allowed are listeners, alarms, node, connector"},
    {"listeners:\n  - {nmae: a}\n", FEP_NOT_FOUND, "t:2:6: ", "unknown key in listeners 'nmae'",
     "allowed are name, address, port, codec, sessions, address_style, password_size, "
     "registration, heartbeat, heartbeat_echo, transport, proxy, protocols, zone, unknown, "
     "duplicate"},
    {"feed:\n  port: 1\n  port: 2\n" ONE, FEP_SYNTAX,
     "t:3:3: ", "feed.port is said twice, first in line 2", "allowed is once"},
    {"feed:\n  port: 1\ndoor:\nfeed:\n  tick_ms: 2000\n" ONE, FEP_SYNTAX,
     "t:4:1: ", "feed is said twice, first in line 1", "once"},
    {ONE ONE, FEP_SYNTAX, "t:3:1: ", "listeners is said twice", "once"},
    {"listeners:\n  - {name: a, name: b}\n", FEP_SYNTAX, "t:2:15: ", "said twice", "once"},
    {"? [feed]\n: 1\n", FEP_SYNTAX, "t:1:3: ", "map or list as a key", "names of options"},
    //  Values
    {"feed:\n  port: 70000\n" ONE, FEP_RANGE, "t:2:3: ", "feed.port: '70000' is out of range",
     "allowed are 1..65535"},
    {"feed:\n  port: 0\n" ONE, FEP_RANGE, "t:2:3: ", "'0' is out of range", "1..65535"},
    {"feed:\n  port: -1\n" ONE, FEP_RANGE, "t:2:3: ", "'-1' is out of range", "1..65535"},
    {"session:\n  request_repeats: -1\n" ONE, FEP_RANGE, "t:2:3: ", "out of range", "0..10"},
    {"feed:\n  port: 99999999999999999999999\n" ONE, FEP_RANGE, "t:2:3: ", "out of range",
     "1..65535"},
    {"node:\n  utc_offset_min: -721\n" ONE, FEP_RANGE, "t:2:3: ", "'-721' is out of range",
     "-720..840 minutes"},
    {"feed:\n  port: seven\n" ONE, FEP_SYNTAX, "t:2:3: ", "'seven' is not a decimal whole number",
     "1..65535"},
    {"feed:\n  port: 0x1DB1\n" ONE, FEP_SYNTAX, "t:2:3: ", "not a decimal", "1..65535"},
    {"feed:\n  port: 07601\n" ONE, FEP_SYNTAX, "t:2:3: ", "not a decimal", "1..65535"},
    {"feed:\n  port: 7.5e3\n" ONE, FEP_SYNTAX, "t:2:3: ", "not a decimal", "1..65535"},
    {"feed:\n  port: \n" ONE, FEP_SYNTAX, "t:2:3: ", "'' is not a decimal", "1..65535"},
    {"feed:\n  port: [1]\n" ONE, FEP_SYNTAX, "t:2:3: ", "feed.port has a map or list", "one value"},
    {"feed: 7601\n" ONE, FEP_SYNTAX, "t:1:1: ", "feed has a value or list", "a map of its options"},
    {"feed: [1]\n" ONE, FEP_SYNTAX, "t:1:1: ", "feed has a value or list", "a map of its options"},
    {"node:\n  name: 123456789012345678901234567890123\n" ONE, FEP_RANGE,
     "t:2:3: ", "node.name: '123456789012345678901234567890123' is too long", "1..32 characters"},
    {"node:\n  name: ''\n" ONE, FEP_RANGE, "t:2:3: ", "too short", "1..32 characters"},
    {"log:\n  level: loud\n" ONE, FEP_RANGE, "t:2:3: ", "log.level: 'loud'",
     "error, warning, info, debug, trace"},
    {"log:\n  level: inf\n" ONE, FEP_RANGE, "t:2:3: ", "'inf'", "error, warning"},
    {"log:\n  level: error|info\n" ONE, FEP_RANGE, "t:2:3: ", "'error|info'", "error, warning"},
    {"feed:\n  address: 0.0.0.0\n" ONE, FEP_RANGE, "t:2:3: ", "feed.address: '0.0.0.0'",
     "127.0.0.0/8 and ::1"},
    {"door: {address: localhost}\n" ONE, FEP_RANGE, "t:1:8: ", "door.address: 'localhost'",
     "127.0.0.0/8 and ::1"},
    {"door:\n  port: 7601\n" ONE, FEP_RANGE, "t:2:3: ", "7601 is the feed's port", "another"},
    //  Listeners
    {"feed:\n  port: 1\n", FEP_RANGE, "t:1:1: ", "there is no listener", "1..16"},
    {"feed:\nlisteners: []\n", FEP_RANGE, "t:2:1: ", "there is no listener", "1..16"},
    {"listeners:\n", FEP_SYNTAX, "t:1:1: ", "listeners has no list", "1..16"},
    {"listeners: {name: a}\n", FEP_SYNTAX, "t:1:1: ", "listeners has no list", "1..16"},
    {"listeners:\n  - gdw1376\n", FEP_SYNTAX, "t:2:5: ", "no map", "{name, address, port, codec}"},
    {"listeners:\n  - name: a\n    port: 1\n    codec: x\n", FEP_RANGE,
     "t:2:5: ", "listeners.address is missing", "1..64 characters"},
    {"listeners:\n  - {name: a, address: any, port: 1, codec: x}\n", FEP_RANGE,
     "t:2:15: ", "listeners.address: 'any' is not numeric", "IPv4 and IPv6"},
    {"listeners:\n  - {name: a, address: 1.2.3.4, port: 0, codec: x}\n", FEP_RANGE,
     "t:2:33: ", "listeners.port: '0' is out of range", "1..65535"},
    {"listeners:\n  - {name: a, address: '::', port: 1, codec: x, password_size: 8}\n", FEP_RANGE,
     "t:2:", "listeners.password_size: '8'", "0, 2, 16"},
    {"listeners:\n  - {name: a, address: '::', port: 1, codec: x}\n"
     "  - {name: a, address: '::', port: 2, codec: x}\n",
     FEP_RANGE, "t:3:6: ", "'a' is taken in line 2", "unique"},
    {"listeners:\n  - {name: a, address: '::', port: 1, codec: x}\n"
     "  - {name: b, address: '0::0', port: 1, codec: x}\n",
     FEP_RANGE, "t:3:32: ", "1 on 0::0 is taken in line 2", "another port or address"},
    //  Gateways
    {DTU ("registration: 'LOG{foo}'"), FEP_SYNTAX,
     "t:3:6: ", "listeners.registration: character 4: no placeholder", "{id:N}"},
    {DTU ("registration: '{id:24}'"), FEP_RANGE,
     "t:3:6: ", "listeners.registration: character 5: no good number", "allowed are 1..23"},
    {DTU ("registration: '{imei}', heartbeat: '{any:64}x'"), FEP_LIMIT,
     "t:3:30: ", "listeners.heartbeat: character 9: the packet is too long", "64 bytes"},
    {DTU ("registration: \"{imei}\\0\""), FEP_SYNTAX, "t:3:20: ", "a control character",
     "printable"},
    {DTU ("registration: 'LOG'"), FEP_RANGE,
     "t:3:6: ", "listeners.registration: codec dtu needs one", "{imei} {iccid}"},
    {DTU ("registration: '{imei}|LOG'"), FEP_RANGE, "t:3:6: ", "in each alternative", "{packet}"},
    {DTU ("heartbeat: 'LOG'"), FEP_RANGE, "t:2:39: ", "listeners.registration: codec dtu needs one",
     "{id}"},
    {DTU ("registration: '{imei}', heartbeat_echo: maybe"), FEP_RANGE,
     "t:3:30: ", "listeners.heartbeat_echo: 'maybe'", "no, yes"},
    {DTU ("registration: '{imei}', unknown: close"), FEP_RANGE,
     "t:3:30: ", "listeners.unknown: 'close'", "hold, refuse"},
    {DTU ("registration: '{imei}', duplicate: both"), FEP_RANGE,
     "t:3:30: ", "listeners.duplicate: 'both'", "takeover, reject"},
    {"listeners:\n  - {name: a, address: '::', port: 1, codec: x, registration: '{imei}'}\n",
     FEP_RANGE, "t:2:49: ", "listeners.registration: codec x has no use for it", "codec dtu"},
    {"listeners:\n  - {name: a, address: '::', port: 1, codec: x, heartbeat_echo: yes}\n",
     FEP_RANGE, "t:2:49: ", "listeners.heartbeat_echo: codec x has no use", "codec dtu"},
    {"line:\n  packet_ms: 9\n" ONE, FEP_RANGE, "t:2:3: ", "'9' is out of range", "10..10000 ms"},
    //  The file
    {"", FEP_RANGE, "t:1:1: ", "there are no options", "listeners"},
    {"# nothing\n", FEP_RANGE, "t:1:1: ", "there are no options", "listeners"},
    {"just words\n", FEP_SYNTAX, "t:1:1: ", "a value or list", "a map of sections"},
    {"- feed\n", FEP_SYNTAX, "t:1:1: ", "a value or list", "a map of sections"},
    {ONE "---\nfeed:\n", FEP_SYNTAX, "t:3:1: ", "a second document", "allowed is one"},
    {"feed:\n  port: 1\n bad\n", FEP_SYNTAX, "t:", "", "allowed is YAML in UTF-8"},
    {"feed: {port: 1\n", FEP_SYNTAX, "t:", "", "allowed is YAML in UTF-8"},
    {"feed:\n\tport: 1\n", FEP_SYNTAX, "t:2:1: ", "", "allowed is YAML in UTF-8"},
    {"node:\n  name: \"a\xFF\"\n", FEP_SYNTAX, "t:2:11: ", "UTF-8", "allowed is YAML in UTF-8"},
    //  Hostile
    {"node: &x\n  name: a\nfeed: *x\n", FEP_SYNTAX, "t:1:7: ", "an anchor, alias or tag", "plain"},
    {"node:\n  name: *x\n", FEP_SYNTAX, "t:2:9: ", "an anchor, alias or tag", "plain"},
    {"node:\n  name: !!str a\n", FEP_SYNTAX, "t:2:9: ", "an anchor, alias or tag", "plain"},
    {"node:\n  name: \"a\\0b\"\n", FEP_SYNTAX, "t:2:9: ", "a control character", "printable"},
    {"node:\n  name: |\n    a\n    b\n", FEP_SYNTAX, "t:2:9: ", "a control character", "one line"},
    {"\"feed\\0x\":\n  port: 1\n", FEP_SYNTAX, "t:1:1: ", "a control character", "printable"},
};

static void test_faults (void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof s_bads / sizeof s_bads[0]; i++) {
        const bad_t *bad = &s_bads[i];
        s_bad (bad->yaml, strlen (bad->yaml), bad->error, bad->place, bad->wrong, bad->allowed);
    }
}

static void test_hostile_sizes (void **state)
{
    (void) state;
    static const char nul[] = "node:\n  name: a\0b\n";
    s_bad (nul, sizeof nul - 1, FEP_SYNTAX, "t:2:", "control characters", "allowed");
    size_t size = 1024 * 1024 + 1;
    char *large = malloc (size + 1);
    assert_non_null (large);
    memset (large, '#', size);
    large[size] = 0;
    s_bad (large, size, FEP_LIMIT, "t:1:1: ", "too large", "1048576 bytes");
    memset (large, '[', size);
    s_bad (large, 100000, FEP_SYNTAX, "t:1:1: ", "a value or list", "a map of sections");
    memcpy (large, "feed: ", 6);
    s_bad (large, 100000, FEP_SYNTAX, "t:1:1: ", "a value or list", "a map of its options");
    memset (large, 'x', size);
    memcpy (large, "node:\n  name: ", 14);
    s_bad (large, 1024 * 1024, FEP_RANGE, "t:2:3: ", "is too long", "1..32 characters");
    free (large);
}

static void test_too_many_listeners (void **state)
{
    (void) state;
    char yaml[4096] = "listeners:\n";
    for (unsigned i = 0; i < 17; i++) {
        size_t used = strlen (yaml);
        snprintf (yaml + used, sizeof yaml - used,
                  "  - {name: l%u, address: 0.0.0.0, port: %u, codec: x}\n", i, 1000 + i);
        if (i == 15) {
            config_t *config = s_good (yaml);
            assert_int_equal (config->listener_count, 16);
            assert_string_equal (config->listeners[15].name, "l15");
            config_destroy (&config);
        }
    }
    s_bad (yaml, strlen (yaml), FEP_RANGE, "t:18:5: ", "one listener too many", "1..16");
}

static void test_fault_is_cut (void **state)
{
    (void) state;
    char small[16];
    memset (small, 'x', sizeof small);
    config_t *config = NULL;
    CHECK_ERR (config_parse (bytes_text ("fed:\n"), "name", &config, small, 12), FEP_NOT_FOUND);
    assert_int_equal (strlen (small), 11);
    assert_int_equal (small[12], 'x');
}

static void test_load (void **state)
{
    (void) state;
    char path[] = "/tmp/fep-config-XXXXXX";
    int file = mkstemp (path);
    assert_true (file >= 0);
    assert_int_equal (write (file, ONE, strlen (ONE)), strlen (ONE));
    close (file);
    config_t *config = NULL;
    CHECK_OK (config_load (path, &config, s_text, sizeof s_text));
    assert_string_equal (s_text, "");
    assert_int_equal (config->listeners[0].port, 7600);
    config_destroy (&config);
    unlink (path);
    CHECK_ERR (config_load (path, &config, s_text, sizeof s_text), FEP_IO);
    assert_null (config);
    assert_memory_equal (s_text, path, strlen (path));
    assert_non_null (strstr (s_text, ":1:1: cannot be read: No such file"));
    CHECK_ERR (config_load ("/tmp", &config, s_text, sizeof s_text), FEP_IO);
    assert_non_null (strstr (s_text, "/tmp:1:1: cannot be read: Is a directory"));
}

static void test_reload (void **state)
{
    (void) state;
    config_t *config = s_good (ONE);
    config_t *fresh = s_good ("log: {level: debug}\nfeed: {tick_ms: 500, port: 9}\n"
                              "store: {path: elsewhere}\n"
                              "listeners: [{name: a, address: 0.0.0.0, port: 7, codec: x}]\n");
    char ignored[256];
    config_reload (config, fresh, ignored, sizeof ignored);
    assert_string_equal (config->log.level, "debug");
    assert_string_equal (fresh->log.level, "info");
    assert_int_equal (config->feed.tick_ms, 500);
    assert_int_equal (config->feed.port, 7601);
    assert_string_equal (config->store.path, "var/store");
    assert_int_equal (config->listeners[0].port, 7600);
    assert_string_equal (ignored, "store.path feed.port listeners");
    config_destroy (&fresh);
    fresh = s_good (ONE);
    config_reload (config, fresh, ignored, sizeof ignored);
    assert_string_equal (ignored, "");
    assert_string_equal (config->log.level, "info");
    config_destroy (&fresh);
    config_destroy (&config);
}

//  All options by their wire form: a readable way to compare two configurations.
static size_t s_wire (const config_t *config, uint8_t *bytes, size_t size)
{
    writer_t out = writer_of (bytes, size);
    config_wire (config, &out);
    assert_false (out.failed);
    return out.size;
}

static void test_sample (void **state)
{
    (void) state;
    static uint8_t sample[65536];
    writer_t out = writer_of (sample, sizeof sample - 1);
    CHECK_OK (config_sample (&out));
    sample[out.size] = 0;
    assert_non_null (strstr ((char *) sample, "# TCP port; 1..65535; fixed\n  port: 7601\n"));
    assert_non_null (strstr ((char *) sample, "reloadable\n  tick_ms: 1000\n"));
    config_t *config = s_good ((const char *) sample);
    config_t *plain = s_good ("listeners:\n  - {name: terminals, address: 0.0.0.0, port: 7600, "
                              "codec: gdw1376}\n");
    static uint8_t left[65536], right[65536];
    size_t size = s_wire (config, left, sizeof left);
    assert_int_equal (s_wire (plain, right, sizeof right), size);
    assert_memory_equal (left, right, size);
    config_destroy (&plain);
    config_destroy (&config);
    writer_t tight = writer_of (sample, out.size - 1);
    CHECK_ERR (config_sample (&tight), FEP_FULL);
}

static void test_wire (void **state)
{
    (void) state;
    static uint8_t bytes[65536];
    config_t *config = s_good ("node: {utc_offset_min: -60}\nlog: {level: debug}\n" ONE);
    size_t size = s_wire (config, bytes, sizeof bytes);
    reader_t in = reader_of (bytes_of (bytes, size));
    uint32_t rows = wire_get_array (&in);
    unsigned seen = 0;
    for (uint32_t i = 0; i < rows; i++) {
        size_t start = in.pos;
        wire_skip (&in);
        assert_false (in.failed);
        bytes_t row = bytes_of (bytes + start, in.pos - start);
        char section[32], key[32], text[128];
        assert_true (wire_find_text (row, "section", section, sizeof section));
        assert_true (wire_find_text (row, "key", key, sizeof key));
        if (strcmp (key, "utc_offset_min") == 0) {
            assert_int_equal (wire_find_int (row, "value", 0), -60);
            assert_int_equal (wire_find_int (row, "default", 0), 480);
            assert_true (wire_find_text (row, "allowed", text, sizeof text));
            assert_string_equal (text, "-720..840 minutes");
            seen++;
        }
        if (strcmp (key, "level") == 0) {
            assert_true (wire_find_text (row, "value", text, sizeof text));
            assert_string_equal (text, "debug");
            reader_t value;
            assert_true (wire_find (row, "reload", &value));
            assert_true (wire_get_bool (&value));
            seen++;
        }
        if (strcmp (section, "listeners[0]") == 0 && strcmp (key, "port") == 0) {
            assert_int_equal (wire_find_int (row, "value", 0), 7600);
            seen++;
        }
    }
    assert_int_equal (seen, 3);
    assert_int_equal (reader_left (&in), 0);
    config_destroy (&config);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_defaults),      cmocka_unit_test (test_values),
        cmocka_unit_test (test_gateways),      cmocka_unit_test (test_faults),
        cmocka_unit_test (test_hostile_sizes), cmocka_unit_test (test_too_many_listeners),
        cmocka_unit_test (test_fault_is_cut),  cmocka_unit_test (test_load),
        cmocka_unit_test (test_reload),        cmocka_unit_test (test_sample),
        cmocka_unit_test (test_wire),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
