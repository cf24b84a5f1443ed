//  Profiles: every word and type, order of rows, exact scales, and every fault with its line, what and
//  what is allowed; the profiles that come with the source.
#include "fep/point.h"
#include "codecs/codec.h"
#include "fep/profile.h"
#include "tests/test.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define HEAD "profile p\ncodec modbus_rtu\n"
#define V1 "register voltage.l1_V 3 "

static profile_fault_t s_fault;

static profile_t *s_good (const char *text)
{
    profile_t *profile = NULL;
    fep_err_t error = profile_parse (bytes_text (text), &profile, &s_fault);
    if (error) {
        fail_msg ("%s: line %u: %s", fep_err_name (error), s_fault.line, s_fault.text);
    }
    assert_non_null (profile);
    assert_true (s_fault.line == 0 && s_fault.text[0] == 0);
    return profile;
}

//  The text must be refused with that error, on that line, with both words in the fault.
static void s_bad_bytes (bytes_t text, fep_err_t expected, uint32_t line, const char *what,
                         const char *allowed)
{
    profile_t *profile = NULL;
    fep_err_t error = profile_parse (text, &profile, &s_fault);
    if (error != expected || s_fault.line != line || !strstr (s_fault.text, what) ||
        !strstr (s_fault.text, allowed)) {
        fail_msg ("%.*s: %s, line %u '%s', not %s, line %u '%s' '%s'", (int) text.size,
                  (const char *) text.data, fep_err_name (error), s_fault.line, s_fault.text,
                  fep_err_name (expected), line, what, allowed);
    }
    assert_null (profile);
}

static void s_bad (const char *text, fep_err_t expected, uint32_t line, const char *what,
                   const char *allowed)
{
    s_bad_bytes (bytes_text (text), expected, line, what, allowed);
}

//  A register line behind the head and one more line.
static void s_bad_row (const char *row, fep_err_t expected, const char *what, const char *allowed)
{
    char text[400];
    snprintf (text, sizeof text, HEAD "%s\n", row);
    s_bad (text, expected, 3, what, allowed);
}

static profile_row_t s_row (const char *rest)
{
    char text[400];
    snprintf (text, sizeof text, HEAD V1 "%s\n", rest);
    profile_t *profile = s_good (text);
    profile_row_t row = profile->rows[0];
    assert_int_equal (profile->count, 1);
    profile_destroy (&profile);
    assert_null (profile);
    return row;
}

static void test_head (void **state)
{
    (void) state;
    profile_t *profile = s_good ("\xEF\xBB\xBF# first\r\n\r\n  profile  Sdm-630.v1_2 # name\r\n"
                                 "codec\tmodbus_rtu\r\nperiod 90s\ngap 0\nmost 40\n" V1 "7 u16");
    assert_string_equal (profile->name, "Sdm-630.v1_2");
    assert_string_equal (profile->codec, "modbus_rtu");
    assert_true (profile->period_ms == 90000 && profile->gap == 0 && profile->most == 40);
    profile_destroy (&profile);
    profile = s_good (HEAD V1 "7 u16");
    assert_true (profile->period_ms == 0 && profile->gap == 8 && profile->most == 125);
    profile_destroy (&profile);
    profile_destroy (&profile);
}

static void test_period (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        uint32_t ms;
    } good[] = {{"0", 0},        {"0s", 0},
                {"500ms", 500},  {"15m", 900000},
                {"1h", 3600000}, {"744h", 2678400000u},
                {"60s", 60000},  {"2678400s", 2678400000u}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char text[200];
        snprintf (text, sizeof text, HEAD "period %s\n" V1 "7 u16", good[i].text);
        profile_t *profile = s_good (text);
        assert_int_equal (profile->period_ms, good[i].ms);
        profile_destroy (&profile);
    }
    static const char *const bad[] = {"60",   "s",  "-1s",   "1.5h",
                                      "745h", "1d", "0x10s", "99999999999999999999s"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[200];
        snprintf (text, sizeof text, HEAD "period %s\n" V1 "7 u16", bad[i]);
        s_bad (text, FEP_RANGE, 3, bad[i], "ms, s, m or h");
    }
}

static void test_types (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        register_type_t type;
        uint16_t registers;
    } types[] = {
        {"u16", REGISTER_U16, 1},     {"i16", REGISTER_I16, 1},    {"u32", REGISTER_U32, 2},
        {"i32", REGISTER_I32, 2},     {"u64", REGISTER_U64, 4},    {"i64", REGISTER_I64, 4},
        {"f32", REGISTER_F32, 2},     {"f64", REGISTER_F64, 4},    {"bcd16", REGISTER_BCD16, 1},
        {"bcd32", REGISTER_BCD32, 2}, {"bit:0", REGISTER_BITS, 1}, {"bits:4:12", REGISTER_BITS, 1}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        char text[100];
        snprintf (text, sizeof text, "0x1F %s", types[i].text);
        profile_row_t row = s_row (text);
        assert_true (row.type == types[i].type && row.registers == types[i].registers);
        assert_true (row.function == 3 && row.address == 31 && row.order == ORDER_ABCD);
        assert_true (row.multiplier == 1 && row.exponent == 0 && !row.has_none);
        assert_int_equal (row.point, POINT (1, 0, 32, 7, 0));
    }
    profile_row_t bits = s_row ("0 bits:4:12");
    assert_true (bits.bit == 4 && bits.bits == 12);
    bits = s_row ("0 bit:15");
    assert_true (bits.bit == 15 && bits.bits == 1);
    static const char *const bad[] = {"u8",      "bit",     "bit:16",   "bit:",
                                      "bits:3",  "bits:3:", "bits:8:9", "bits:0:0",
                                      "bit:1:1", "U16",     "bits:0:17"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[100];
        snprintf (text, sizeof text, V1 "1 %s", bad[i]);
        s_bad_row (text, FEP_RANGE, bad[i], "u16 i16");
    }
    profile_t *profile = s_good (HEAD "register relay.state 1 65535 bit none=1\n");
    assert_true (profile->rows[0].type == REGISTER_BIT && profile->rows[0].registers == 1);
    profile_destroy (&profile);
    s_bad_row ("register relay.state 2 1 u16", FEP_RANGE, "u16", "only: bit");
}

static void s_scale (const char *text, int64_t multiplier, int exponent)
{
    char row[120];
    snprintf (row, sizeof row, "1 u32 scale=%s", text);
    profile_row_t got = s_row (row);
    assert_int_equal (got.multiplier, multiplier);
    assert_int_equal (got.exponent, exponent);
}

static void test_scales (void **state)
{
    (void) state;
    s_scale ("0.1", 1, -1);
    s_scale (".001", 1, -3);
    s_scale ("0.10", 1, -1);
    s_scale ("1000", 1000, 0);
    s_scale ("1.50", 15, -1);
    s_scale ("000002.5", 25, -1);
    s_scale ("1.000", 1, 0);
    s_scale ("123456789012345678", 123456789012345678, 0);
    s_scale ("0.000000000000000001", 1, -18);
    static const char *const bad[] = {"",
                                      ".",
                                      "0",
                                      "0.0",
                                      "-1",
                                      "1e3",
                                      "1.2.3",
                                      "x",
                                      "1234567890123456789",
                                      "0.0000000000000000001",
                                      "99999999999999999999999999999999990"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[160];
        snprintf (text, sizeof text, V1 "1 u32 scale=%s", bad[i]);
        s_bad_row (text, FEP_RANGE, "scale '", "0.01");
    }
    s_bad_row (V1 "1 bit:3 scale=0.1", FEP_RANGE, "scale", "bits have none");
}

static void s_none (const char *row, uint64_t none)
{
    profile_row_t got = s_row (row);
    assert_true (got.has_none && got.none == none);
}

static void test_none (void **state)
{
    (void) state;
    s_none ("1 u16 none=0xFFFF", 0xFFFF);
    s_none ("1 u16 none=0", 0);
    s_none ("1 i16 none=-32768", 0x8000);
    s_none ("1 i16 none=0x8000", 0x8000);
    s_none ("1 i32 none=-1", 0xFFFFFFFF);
    s_none ("1 i64 none=-9223372036854775808", 1ull << 63);
    s_none ("1 u64 none=0xFFFFFFFFFFFFFFFF", UINT64_MAX);
    s_none ("1 f32 none=0x7FC00000", 0x7FC00000);
    s_bad_row (V1 "1 u16 none=0x10000", FEP_RANGE, "0x10000", "16 bits hold");
    s_bad_row (V1 "1 u16 none=-1", FEP_RANGE, "-1", "16 bits hold");
    s_bad_row (V1 "1 i16 none=-32769", FEP_RANGE, "-32769", "16 bits with sign");
    s_bad_row (V1 "1 u64 none=18446744073709551616", FEP_RANGE, "1844", "64 bits");
    s_bad_row (V1 "1 u16 none=", FEP_RANGE, "none ''", "16 bits");
    s_bad_row ("register relay.state 1 1 bit none=2", FEP_RANGE, "2", "1 bits");
}

//  What is read for a row, and what may be written.
static void test_factors_and_writes (void **state)
{
    (void) state;
    profile_row_t row = s_row ("7 u32 sf=12");
    assert_true (row.has_sf && row.sf == 12 && !row.write);
    assert_true (profile_row_from (&row) == 7 && profile_row_end (&row) == 13);
    row = s_row ("7 i16 sf=0x3 scale=0.001 none=-32768 order=DCBA write=1");
    assert_true (row.has_sf && row.sf == 3 && row.write && row.exponent == -3);
    assert_true (profile_row_from (&row) == 3 && profile_row_end (&row) == 8);
    row = s_row ("7 f32 write=1");
    assert_true (!row.has_sf && row.write);
    assert_true (profile_row_from (&row) == 7 && profile_row_end (&row) == 9);
    profile_t *profile =
        s_good (HEAD "offset -1\nregister relay.state 1 1 bit write=1\n" V1 "65536 u16 sf=65535\n");
    assert_true (profile->rows[0].write && profile->rows[1].sf == 65534);
    assert_int_equal (profile_row_end (&profile->rows[1]), 65536);
    profile_destroy (&profile);
    s_bad_row (V1 "1 f32 sf=2", FEP_RANGE, "sf '2'", "u16 i16 u32");
    s_bad_row (V1 "1 bcd16 sf=2", FEP_RANGE, "sf '2'", "u16 i16 u32");
    s_bad_row (V1 "1 bit:3 sf=2", FEP_RANGE, "sf '2'", "u16 i16 u32");
    s_bad_row (V1 "1 u16 sf=65536", FEP_RANGE, "65536", "0..65535");
    s_bad_row (V1 "1 u16 sf=", FEP_RANGE, "sf ''", "0..65535");
    s_bad_row (V1 "1 u16 sf=126", FEP_RANGE, "126 registers", "fit one request");
    s_bad_row (V1 "1 u16 write=0", FEP_RANGE, "write '0'", "allowed is 1");
    s_bad_row ("register voltage.l1_V 4 1 u16 write=1", FEP_RANGE, "write '1'",
               "functions 1 and 3");
    s_bad_row ("register relay.state 2 1 bit write=1", FEP_RANGE, "write '1'", "functions 1 and 3");
}

static void test_orders_and_offsets (void **state)
{
    (void) state;
    profile_t *profile = s_good (HEAD "order CDAB\noffset -1\n"
                                      "register voltage.l1_V 3 1 u32\n"
                                      "register voltage.l2_V 3 65536 u16 order=DCBA\n"
                                      "order BADC\noffset 10\n"
                                      "register voltage.l3_V 3 0 u32\n");
    assert_int_equal (profile->count, 3);
    assert_true (profile->rows[0].address == 0 && profile->rows[0].order == ORDER_CDAB);
    assert_true (profile->rows[1].address == 10 && profile->rows[1].order == ORDER_BADC);
    assert_true (profile->rows[2].address == 65535 && profile->rows[2].order == ORDER_DCBA);
    profile_destroy (&profile);
    s_bad (HEAD "order abcd\n", FEP_RANGE, 3, "abcd", "ABCD, CDAB, BADC, DCBA");
    s_bad (HEAD "offset 65536\n", FEP_RANGE, 3, "65536", "-65535..65535");
    s_bad_row (V1 "1 u16 order=AB", FEP_RANGE, "'AB'", "ABCD, CDAB");
}

static void test_sorted (void **state)
{
    (void) state;
    profile_t *profile = s_good (HEAD "register voltage.l1_V 4 10 u16\n"
                                      "register voltage.l2_V 3 20 u16\n"
                                      "register voltage.l3_V 3 10 bit:1\n"
                                      "register current.l1_A 3 10 u32\n"
                                      "register relay.state 1 99 bit\n");
    static const uint8_t functions[] = {1, 3, 3, 3, 4};
    static const uint16_t addresses[] = {99, 10, 10, 20, 10};
    assert_int_equal (profile->count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal (profile->rows[i].function, functions[i]);
        assert_int_equal (profile->rows[i].address, addresses[i]);
    }
    assert_int_equal (profile->rows[1].registers, 2);
    profile_destroy (&profile);
}

static void test_faults (void **state)
{
    (void) state;
    s_bad ("", FEP_SYNTAX, 1, "without a profile", "one register");
    s_bad ("profile p\n" V1 "1 u16\n", FEP_SYNTAX, 2, "without a codec", "profile, codec");
    s_bad (HEAD, FEP_SYNTAX, 2, "without a register", "one register");
    s_bad ("codec c\nprofile p\n", FEP_SYNTAX, 1, "'codec'", "profile NAME");
    s_bad (HEAD "profile q\n", FEP_EXISTS, 3, "'profile' again", "one");
    s_bad (HEAD "gap 1\n\ngap 2\n", FEP_EXISTS, 5, "'gap' again", "one");
    s_bad ("profile a/b\n", FEP_RANGE, 1, "a/b", "letters, digits");
    s_bad ("profile 12345678901234567890123456789012\n", FEP_RANGE, 1, "1234", "1..31");
    s_bad ("profile\n", FEP_SYNTAX, 1, "1 words", "profile NAME");
    s_bad ("profile a b\n", FEP_SYNTAX, 1, "3 words", "profile NAME");
    s_bad (HEAD "registers x\n", FEP_SYNTAX, 3, "'registers'", "register");
    s_bad (HEAD "gap 125\n", FEP_RANGE, 3, "125", "0..124");
    s_bad (HEAD "most 0\n", FEP_RANGE, 3, "'0'", "1..125");
    s_bad (HEAD "most 126\n", FEP_RANGE, 3, "126", "1..125");
    s_bad_row ("register voltage.l9_V 3 1 u16", FEP_NOT_FOUND, "voltage.l9_V", "OBIS");
    s_bad_row ("register 0.0.0.0.0 3 1 u16", FEP_NOT_FOUND, "0.0.0.0.0", "OBIS");
    s_bad_row ("register voltage.l1_V 5 1 u16", FEP_RANGE, "'5'", "1..4");
    s_bad_row (V1 "65535 u32", FEP_RANGE, "65535", "0..65535");
    s_bad_row (V1 "65536 u16", FEP_RANGE, "65536", "0..65535");
    s_bad_row (V1 "-1 u16", FEP_RANGE, "-1", "0..65535");
    s_bad_row (V1 "0x u16", FEP_RANGE, "0x", "0..65535");
    s_bad_row (V1 "1", FEP_SYNTAX, "4 words", "POINT FUNCTION ADDRESS TYPE");
    s_bad_row (V1 "1 u16 sale=1", FEP_SYNTAX, "sale=1", "order=, scale=, none=");
    s_bad_row (V1 "1 u16 scale=1 scale=1", FEP_SYNTAX, "scale=1", "once each");
    s_bad_row (V1 "1 u16 scale=1 none=1 order=ABCD sf=1 write=1 9", FEP_SYNTAX, "11 words",
               "[none=]");
    s_bad_row (V1 "1 u16 a b c d e f g h i", FEP_SYNTAX, "14 words", "register POINT");
    s_bad_row (V1 "1 u16 a b c d e f g h i j k l m n o p q r s t u", FEP_SYNTAX, "too long",
               "24 words");
    s_bad_row ("register "
               "a123456789b123456789c123456789d123456789e123456789f123456789g123",
               FEP_SYNTAX, "too long", "63 characters");
    s_bad (HEAD V1 "1 u16\nregister 1.0.32.7.0 4 9 u16\n", FEP_EXISTS, 4, "1.0.32.7.0",
           "one register");
    s_bad (HEAD "offset -5\n" V1 "4 u16\n", FEP_RANGE, 4, "offset -5", "0..65535");
    s_bad (HEAD V1 "1 u64\nmost 3\n", FEP_RANGE, 3, "4 registers", "fit one request");
    s_bad (HEAD "gap \x01\n", FEP_SYNTAX, 3, "0x01", "text");
    s_bad_bytes (bytes_of ("profile p\n\0\n", 12), FEP_SYNTAX, 2, "0x00", "text");
}

static void test_limits (void **state)
{
    (void) state;
    size_t capacity = PROFILE_BYTES_MAX + 2, size = 0;
    char *text = malloc (capacity);
    assert_non_null (text);
    size += (size_t) snprintf (text, capacity, HEAD);
    for (unsigned i = 0; i < PROFILE_ROWS_MAX; i++) {
        size += (size_t) snprintf (text + size, capacity - size, "register 1.0.%u.%u.0 3 %u u16\n",
                                   1 + i % 200, 200 + i / 200, i);
    }
    profile_t *profile = s_good (text);
    assert_int_equal (profile->count, PROFILE_ROWS_MAX);
    profile_destroy (&profile);
    snprintf (text + size, capacity - size, "register 1.0.1.8.0 3 1 u16\n");
    s_bad (text, FEP_LIMIT, PROFILE_ROWS_MAX + 3, "too many", "512");
    memset (text, '#', capacity);
    s_bad_bytes (bytes_of (text, PROFILE_BYTES_MAX + 1), FEP_LIMIT, 1, "65537", "65536");
    s_bad_bytes (bytes_of (text, PROFILE_BYTES_MAX), FEP_SYNTAX, 1, "without", "register");
    free (text);
}

#define OBJECT "object voltage.l1_V "

static profile_object_t s_object (const char *rest)
{
    char text[400];
    snprintf (text, sizeof text, HEAD OBJECT "%s\n", rest);
    profile_t *profile = s_good (text);
    assert_true (profile->object_count == 1 && profile->count == 0);
    profile_object_t object = profile->objects[0];
    profile_destroy (&profile);
    return object;
}

static void test_object_words (void **state)
{
    (void) state;
    profile_object_t object = s_object ("0x4001");
    assert_true (object.ioa == 16385 && object.ca == 0 && object.mp == 0 && !object.command);
    assert_true (object.multiplier == 1 && object.exponent == 0 && !object.group);
    assert_int_equal (object.point, POINT (1, 0, 32, 7, 0));
    object = s_object ("16777215 ca=65534 mp=65535 scale=0.10 group=16");
    assert_true (object.ioa == 16777215 && object.ca == 65534 && object.mp == 65535);
    assert_true (object.multiplier == 1 && object.exponent == -1 && object.group == 16);
    object = s_object ("0 counter=5 ca=0");
    assert_true (object.ioa == 0 && object.counter == 5);
    static const char *const names[] = {"single", "double", "step", "normalized",
                                        "scaled", "float",  "bits"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char text[100];
        snprintf (text, sizeof text, "1 command=%s time=1", names[i]);
        object = s_object (text);
        assert_true (object.command == COMMAND_SINGLE + i && object.timed && !object.select);
    }
    object = s_object ("1 select=1 qualifier=127 scale=1000 command=scaled");
    assert_true (object.select && object.qualifier == 127 && object.multiplier == 1000);
    object = s_object ("1 command=double qualifier=31 select=0 time=0");
    assert_true (!object.select && object.qualifier == 31 && !object.timed);
}

static void test_object_faults (void **state)
{
    (void) state;
    static const struct {
        const char *row;
        fep_err_t error;
        const char *what, *allowed;
    } bad[] = {{OBJECT, FEP_SYNTAX, "2 words", "object POINT IOA"},
               {"object voltage.l9_V 1", FEP_NOT_FOUND, "voltage.l9_V", "OBIS"},
               {OBJECT "16777216", FEP_RANGE, "'16777216'", "0..16777215"},
               {OBJECT "-1", FEP_RANGE, "'-1'", "0..16777215"},
               {OBJECT "1 ca=65535", FEP_RANGE, "ca '65535'", "0..65534"},
               {OBJECT "1 mp=65536", FEP_RANGE, "mp '65536'", "0..65535"},
               {OBJECT "1 scale=0", FEP_RANGE, "scale '0'", "0.01"},
               {OBJECT "1 group=17", FEP_RANGE, "group '17'", "0..16"},
               {OBJECT "1 counter=6", FEP_RANGE, "counter '6'", "0..5"},
               {OBJECT "1 command=Single", FEP_RANGE, "'Single'", "single double step"},
               {OBJECT "1 command=bits select=2", FEP_RANGE, "select '2'", "0..1"},
               {OBJECT "1 command=bits time=x", FEP_RANGE, "time 'x'", "0..1"},
               {OBJECT "1 command=float qualifier=128", FEP_RANGE, "qualifier '128'", "0..127"},
               {OBJECT "1 command=step qualifier=32", FEP_RANGE, "qualifier '32'", "0..31"},
               {OBJECT "1 command=bits qualifier=1", FEP_RANGE, "qualifier '1'", "0..0"},
               {OBJECT "1 command=bits select=1", FEP_RANGE, "bits", "select=0"},
               {OBJECT "1 command=single scale=2", FEP_RANGE, "single", "normalized, scaled"},
               {OBJECT "1 command=bits scale=2", FEP_RANGE, "bits", "normalized, scaled"},
               {OBJECT "1 select=1", FEP_SYNTAX, "without command", "command=TYPE"},
               {OBJECT "1 qualifier=0", FEP_SYNTAX, "without command", "command=TYPE"},
               {OBJECT "1 command=single group=1", FEP_SYNTAX, "with command", "without it"},
               {OBJECT "1 group=1 counter=1", FEP_SYNTAX, "group and counter", "one of them"},
               {OBJECT "1 scale=1 scale=1", FEP_SYNTAX, "'scale=1'", "once each"},
               {OBJECT "1 order=ABCD", FEP_SYNTAX, "'order=ABCD'", "command= ca= mp="}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        s_bad_row (bad[i].row, bad[i].error, bad[i].what, bad[i].allowed);
    }
    s_bad (HEAD OBJECT "1\n" OBJECT "2\n", FEP_EXISTS, 4, "point 'voltage.l1_V'", "once");
    s_bad (HEAD OBJECT "1\nobject voltage.l2_V 1 mp=2\n", FEP_EXISTS, 4, "address '1'",
           "one object");
    s_bad (HEAD OBJECT "1 command=float\n" OBJECT "2 command=float\n", FEP_EXISTS, 4, "again",
           "once");
}

static void test_object_order (void **state)
{
    (void) state;
    profile_t *profile = s_good (HEAD "object voltage.l1_V 9\n"
                                      "object voltage.l1_V 9 command=float\n"
                                      "object voltage.l1_V 9 mp=1 ca=2\n"
                                      "object voltage.l2_V 3\n"
                                      "object voltage.l3_V 70000 ca=1\n");
    static const uint32_t ioas[] = {3, 9, 70000, 9, 9};
    assert_int_equal (profile->object_count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal (profile->objects[i].ioa, ioas[i]);
        assert_int_equal (profile->objects[i].command, i == 4 ? COMMAND_FLOAT : COMMAND_NONE);
    }
    uint32_t point = POINT (1, 0, 32, 7, 0);
    assert_ptr_equal (profile_object_at (profile, 2, 9), &profile->objects[3]);
    assert_ptr_equal (profile_object_at (profile, 0, 9), &profile->objects[1]);
    assert_null (profile_object_at (profile, 1, 9));
    assert_ptr_equal (profile_object_of (profile, true, 0, point), &profile->objects[4]);
    assert_ptr_equal (profile_object_of (profile, false, 1, point), &profile->objects[3]);
    assert_null (profile_object_of (profile, true, 1, point));
    profile_destroy (&profile);
    assert_null (profile_object_at (NULL, 0, 9));
    assert_null (profile_object_of (NULL, false, 0, point));
}

static void test_object_limit (void **state)
{
    (void) state;
    size_t capacity = PROFILE_BYTES_MAX, size = 0;
    char *text = malloc (capacity);
    assert_non_null (text);
    size += (size_t) snprintf (text, capacity, HEAD);
    for (unsigned i = 0; i < PROFILE_OBJECTS_MAX; i++) {
        size +=
            (size_t) snprintf (text + size, capacity - size, "object 1.0.1.8.0 %u mp=%u\n", i, i);
    }
    profile_t *profile = s_good (text);
    assert_int_equal (profile->object_count, PROFILE_OBJECTS_MAX);
    assert_ptr_equal (profile_object_at (profile, 0, 1000), &profile->objects[1000]);
    profile_destroy (&profile);
    snprintf (text + size, capacity - size, "object 1.0.1.8.0 9999 mp=9999\n");
    s_bad (text, FEP_LIMIT, PROFILE_OBJECTS_MAX + 3, "too many objects", "1024");
    free (text);
}

static char *s_file (const char *path, size_t *size)
{
    FILE *file = fopen (path, "rb");
    char *text = malloc (PROFILE_BYTES_MAX);
    assert_non_null (file);
    assert_non_null (text);
    *size = fread (text, 1, PROFILE_BYTES_MAX, file);
    fclose (file);
    return text;
}

//  Every profile that comes with the source can be read, and is named as its file.
static void test_shipped (void **state)
{
    (void) state;
    size_t count = 0;
    DIR *folder = opendir (TESTS_DIR "/../profiles");
    assert_non_null (folder);
    for (struct dirent *entry = readdir (folder); entry; entry = readdir (folder)) {
        char path[600];
        char *dot = strstr (entry->d_name, ".profile");
        if (!dot) {
            continue;
        }
        snprintf (path, sizeof path, "%s/../profiles/%s", TESTS_DIR, entry->d_name);
        size_t size;
        char *text = s_file (path, &size);
        profile_t *profile = NULL;
        fep_err_t error = profile_parse (bytes_of (text, size), &profile, &s_fault);
        if (error) {
            fail_msg ("%s: line %u: %s", path, s_fault.line, s_fault.text);
        }
        *dot = 0;
        assert_string_equal (profile->name, entry->d_name);
        assert_non_null (codec_find (profile->codec));
        for (size_t i = 0; i < profile->count; i++) {
            assert_non_null (point_find (profile->rows[i].point));
        }
        profile_destroy (&profile);
        free (text);
        count++;
    }
    closedir (folder);
    assert_true (count >= 3);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_head),
                                       cmocka_unit_test (test_period),
                                       cmocka_unit_test (test_types),
                                       cmocka_unit_test (test_scales),
                                       cmocka_unit_test (test_none),
                                       cmocka_unit_test (test_orders_and_offsets),
                                       cmocka_unit_test (test_factors_and_writes),
                                       cmocka_unit_test (test_sorted),
                                       cmocka_unit_test (test_faults),
                                       cmocka_unit_test (test_limits),
                                       cmocka_unit_test (test_shipped),
                                       cmocka_unit_test (test_object_words),
                                       cmocka_unit_test (test_object_faults),
                                       cmocka_unit_test (test_object_order),
                                       cmocka_unit_test (test_object_limit)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
