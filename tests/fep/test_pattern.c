//  Patterns: every placeholder, alternatives, the packet's end, faults with their places, limits; and a random run
//  that a longer look never contradicts a shorter one.
#include "fep/pattern.h"
#include "tests/test.h"
#include <stdio.h>
#include <stdlib.h>

static pattern_t s_good (const char *text)
{
    pattern_t pattern;
    char why[200] = "";
    fep_err_t error = pattern_parse (text, &pattern, why, sizeof why);
    if (error) {
        fail_msg ("%s: %s %s", text, fep_err_name (error), why);
    }
    return pattern;
}

//  An exactly sized copy, so that the sanitizer sees a read beyond it.
static pattern_match_t s_look (const pattern_t *pattern, bytes_t bytes, bool quiet, size_t *size,
                               char id[ADDRESS_MAX + 1])
{
    uint8_t *copy = malloc (bytes.size ? bytes.size : 1);
    assert_non_null (copy);
    if (bytes.size) {
        memcpy (copy, bytes.data, bytes.size);
    }
    pattern_match_t match = pattern_match (pattern, bytes_of (copy, bytes.size), quiet, size, id);
    free (copy);
    return match;
}

typedef struct {
    const char *pattern;    //  Text
    const char *bytes;      //  Packet
    size_t count;           //  Of bytes
    pattern_match_t match;  //  While more may come
    pattern_match_t quiet;  //  When nothing more comes
    size_t size;            //  Of the match, if one of them is YES
    const char *id;         //  Likewise
} row_t;

#define B(text) text, sizeof text - 1
#define NO PATTERN_NO
#define MORE PATTERN_MORE
#define YES PATTERN_YES

static const row_t s_rows[] = {
    //  Text and escapes
    {"LOG", B ("LOG"), YES, YES, 3, ""},
    {"LOG", B ("LOGIN"), YES, YES, 3, ""},
    {"LOG", B ("LO"), MORE, NO, 0, ""},
    {"LOG", B (""), MORE, NO, 0, ""},
    {"LOG", B ("LAG"), NO, NO, 0, ""},
    {"LOG", B (" LOG"), NO, NO, 0, ""},
    {"a b}", B ("a b}"), YES, YES, 4, ""},
    {"\\xFF\\xff\\x80\\x80", B ("\xFF\xFF\x80\x80"), YES, YES, 4, ""},
    {"\\xFF\\xFF\\x80\\x80", B ("\xFF\xFF\x80"), MORE, NO, 0, ""},
    {"\\r\\n\\0\\\\\\|\\{", B ("\r\n\0\\|{"), YES, YES, 6, ""},
    {"\\0", B ("\0"), YES, YES, 1, ""},
    {"\xE7\xA7\x91", B ("\xE7\xA7\x91"), YES, YES, 3, ""},
    //  {id:N}
    {"LOGIN:{id:4}", B ("LOGIN:1001"), YES, YES, 10, "1001"},
    {"LOGIN:{id:4}", B ("LOGIN:1001\1\3"), YES, YES, 10, "1001"},
    {"LOGIN:{id:4}", B ("LOGIN:100"), MORE, NO, 0, ""},
    {"LOGIN:{id:4}", B ("LOGIN:10 1"), NO, NO, 0, ""},
    {"LOGIN:{id:4}", B ("LOGIN:1,"), NO, NO, 0, ""},
    {"{id:3}", B ("a.Z"), YES, YES, 3, "a.Z"},
    {"{id:4}", B ("_:-9"), YES, YES, 4, "_:-9"},
    {"{id:1}", B ("/"), NO, NO, 0, ""},
    {"{id:23}", B ("12345678901234567890123"), YES, YES, 23, "12345678901234567890123"},
    //  {imei} and {iccid}
    {"{imei}", B ("355837089512343"), YES, YES, 15, "355837089512343"},
    {"{imei}", B ("3558370895123431"), YES, YES, 15, "355837089512343"},
    {"{imei}", B ("35583708951234"), MORE, NO, 0, ""},
    {"{imei}", B ("35583708951234A"), NO, NO, 0, ""},
    {"{imei}\\x00\\x01\\x02\\x03", B ("355837089512343\0\1\2\3"), YES, YES, 19, "355837089512343"},
    {"{iccid}", B ("898604A6192290000123"), YES, YES, 20, "898604A6192290000123"},
    {"{iccid}", B ("898604a6192290000123"), NO, NO, 0, ""},
    {"{iccid}", B ("898604A619229000012"), MORE, NO, 0, ""},
    //  {mac} and {hex:N}
    {"{mac}", B ("\x00\x1A\xFF\x80\x0F\xA0"), YES, YES, 6, "001AFF800FA0"},
    {"{mac}", B ("\x00\x1A\xFF\x80\x0F"), MORE, NO, 0, ""},
    {"\\xAA{hex:2}\\r", B ("\xAA\x12\xEF\r"), YES, YES, 4, "12EF"},
    {"\\xAA{hex:2}\\r", B ("\xAA\x12\xEF\n"), NO, NO, 0, ""},
    {"{hex:11}", B ("\1\2\3\4\5\6\7\10\11\12\13"), YES, YES, 11, "0102030405060708090A0B"},
    //  {id} up to text
    {"ZDJC:{id}\\r\\n", B ("ZDJC:ZY2020050501\r\n"), YES, YES, 19, "ZY2020050501"},
    {"ZDJC:{id}\\r\\n", B ("ZDJC:ZY2020050501\r"), MORE, NO, 0, ""},
    {"ZDJC:{id}\\r\\n", B ("ZDJC:ZY2020050501"), MORE, NO, 0, ""},
    {"ZDJC:{id}\\r\\n", B ("ZDJC:ZY2020050501\r\1"), NO, NO, 0, ""},
    {"ZDJC:{id}\\r\\n", B ("ZDJC:\r\n"), NO, NO, 0, ""},
    {"{id}\\0", B ("12345678901234567890123\0"), YES, YES, 24, "12345678901234567890123"},
    {"{id}\\0", B ("123456789012345678901234\0"), NO, NO, 0, ""},
    {"{id}ab", B ("xaab"), YES, YES, 4, "xa"},
    {"{id}ab", B ("abab"), YES, YES, 4, "ab"},
    {"{id},{any:2}END", B ("7,xyEND"), YES, YES, 7, "7"},
    {"{id},{any:2}END", B ("7,xyEN"), MORE, NO, 0, ""},
    //  {id} up to the packet's end
    {"ID{id}", B ("ID7001"), MORE, YES, 6, "7001"},
    {"ID{id}", B ("ID"), MORE, NO, 0, ""},
    {"ID{id}", B ("ID7001\1"), NO, NO, 0, ""},
    {"{id}", B ("12345678901234567890123"), MORE, YES, 23, "12345678901234567890123"},
    {"{id}", B ("123456789012345678901234"), NO, NO, 0, ""},
    //  {packet}
    {"{packet}", B ("DTU-7"), MORE, YES, 5, "DTU-7"},
    {"{packet}", B ("\xAA\1 7"), MORE, YES, 4, "AA012037"},
    {"{packet}", B ("\1\2\3\4\5\6\7\10\11\12\13"), MORE, YES, 11, "0102030405060708090A0B"},
    {"{packet}", B ("\1\2\3\4\5\6\7\10\11\12\13\14"), NO, NO, 0, ""},
    {"{packet}", B (""), MORE, NO, 0, ""},
    {"{packet}", B ("123456789012345678901234"), NO, NO, 0, ""},
    //  {any:N}
    {"\\xAA{any:1}{id:3}\\r",
     B ("\xAA\x05"
        "413\r"),
     YES, YES, 6, "413"},
    {"{any:64}", B ("1234567890123456789012345678901234567890123456789012345678901234"), YES, YES,
     64, ""},
    //  Alternatives: the longest wins, of equally long ones the first
    {"LOG|www.usr.cn", B ("LOG"), YES, YES, 3, ""},
    {"LOG|www.usr.cn", B ("www.usr.cn"), YES, YES, 10, ""},
    {"LOG|www.usr.cn", B ("w"), MORE, NO, 0, ""},
    {"LOG|www.usr.cn", B ("X"), NO, NO, 0, ""},
    {"\\xFF|\\xFF\\xFF\\x80\\x80", B ("\xFF"), MORE, YES, 1, ""},
    {"\\xFF|\\xFF\\xFF\\x80\\x80", B ("\xFF\xFF"), MORE, YES, 1, ""},
    {"\\xFF|\\xFF\\xFF\\x80\\x80", B ("\xFF\xFF\x80\x80"), YES, YES, 4, ""},
    {"\\xFF\\xFF\\x80\\x80|\\xFF", B ("\xFF\xFF\x81"), YES, YES, 1, ""},
    {"A{id:3}|{id:4}", B ("A123"), YES, YES, 4, "123"},
    {"{id:4}|A{id:3}", B ("A123"), YES, YES, 4, "A123"},
    {"A{id:2}|A{id}", B ("A123"), MORE, YES, 4, "123"},
    {"A{id:2}|A{id}", B ("A12\1"), YES, YES, 3, "12"},
    //  None
    {"", B ("x"), NO, NO, 0, ""},
    {"", B (""), NO, NO, 0, ""},
};

static void s_check_row (const row_t *row, bool quiet)
{
    pattern_t pattern = s_good (row->pattern);
    char id[ADDRESS_MAX + 1] = "unwritten";
    size_t size = 99;
    pattern_match_t match = s_look (&pattern, bytes_of (row->bytes, row->count), quiet, &size, id);
    pattern_match_t want = quiet ? row->quiet : row->match;
    bool yes = want == PATTERN_YES;
    if (match != want || size != (yes ? row->size : 99) ||
        strcmp (id, yes ? row->id : "unwritten") != 0) {
        fail_msg ("%s on '%s'%s: %d, %zu bytes, id '%s'", row->pattern, row->bytes,
                  quiet ? ", quiet" : "", match, size, id);
    }
}

static void test_rows (void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof s_rows / sizeof *s_rows; i++) {
        s_check_row (&s_rows[i], false);
        s_check_row (&s_rows[i], true);
    }
    pattern_t zero = {0};
    pattern_found_t found;
    assert_int_equal (pattern_find (&zero, bytes_of (NULL, 0), true, &found), PATTERN_NO);
    pattern_t pattern = s_good ("{packet}");
    assert_int_equal (pattern_find (&pattern, bytes_of (NULL, 0), false, &found), PATTERN_MORE);
}

static void test_found (void **state)
{
    (void) state;
    pattern_found_t found;
    pattern_t pattern = s_good ("x|AT{imei}\\r");
    bytes_t bytes = bytes_text ("AT355837089512343\r\1");
    assert_int_equal (pattern_find (&pattern, bytes, false, &found), PATTERN_YES);
    assert_int_equal (found.size, 18);
    assert_int_equal (found.from, 2);
    assert_int_equal (found.length, 15);
    assert_ptr_equal (found.part, &pattern.alternatives[1].parts[1]);
    assert_string_equal (found.id, "355837089512343");
    assert_int_equal (pattern_find (&pattern, bytes_text ("x"), false, &found), PATTERN_YES);
    assert_null (found.part);
    assert_int_equal (found.length, 0);
    assert_string_equal (found.id, "");
}

static void test_facts (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        bool names, unanchored;
    } rows[] = {{"", false, false},
                {"LOG", false, false},
                {"LOG|{imei}", false, false},
                {"{imei}", true, false},
                {"{imei}|A{mac}", true, false},
                {"{id}", true, true},
                {"A{id}", true, false},
                {"{id}\\r", true, false},
                {"A{id}|{packet}", true, true},
                {"{any:2}|{imei}", false, false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        pattern_t pattern = s_good (rows[i].text);
        assert_true (pattern_names (&pattern) == rows[i].names);
        assert_true (pattern_unanchored (&pattern) == rows[i].unanchored);
    }
}

typedef struct {
    const char *text;     //  Pattern
    fep_err_t error;      //  Expected
    int place;            //  Character
    const char *wrong;    //  In the reason
    const char *allowed;  //  In the reason
} bad_t;

#define SIXTEEN "0123456789abcdef"

static const bad_t s_bads[] = {
    {"a{foo}", FEP_SYNTAX, 2, "no placeholder", "{id} {id:N} {imei} {iccid} {mac} {hex:N}"},
    {"a{ID}", FEP_SYNTAX, 2, "no placeholder", "{packet} {any:N}"},
    {"{i}", FEP_SYNTAX, 1, "no placeholder", "\\{"},
    {"{", FEP_SYNTAX, 1, "no placeholder", "\\{"},
    {"ab{id", FEP_SYNTAX, 3, "no placeholder", "{id}"},
    {"{id:", FEP_SYNTAX, 1, "no placeholder", "{id}"},
    {"{id:4", FEP_SYNTAX, 1, "no placeholder", "{id}"},
    {"{hex}", FEP_SYNTAX, 1, "no placeholder", "{hex:N}"},
    {"{any}", FEP_SYNTAX, 1, "no placeholder", "{any:N}"},
    {"{imei:15}", FEP_SYNTAX, 1, "no placeholder", "{imei}"},
    {"{packet:4}", FEP_SYNTAX, 1, "no placeholder", "{packet}"},
    {"x{id:0}", FEP_RANGE, 6, "no good number", "1..23"},
    {"x{id:24}", FEP_RANGE, 6, "no good number", "1..23"},
    {"{id:}", FEP_RANGE, 5, "no good number", "1..23"},
    {"{id:4x}", FEP_RANGE, 5, "no good number", "1..23"},
    {"{id:-1}", FEP_RANGE, 5, "no good number", "1..23"},
    {"{hex:12}", FEP_RANGE, 6, "no good number", "1..11"},
    {"{any:65}", FEP_RANGE, 6, "no good number", "1..64"},
    {"{any:4294967297}", FEP_RANGE, 6, "no good number", "1..64"},
    {"a\\q", FEP_SYNTAX, 2, "an unknown escape", "\\xHH \\r \\n \\0 \\\\ \\| \\{"},
    {"a\\", FEP_SYNTAX, 2, "an unknown escape", "\\xHH"},
    {"\\x", FEP_SYNTAX, 1, "an unknown escape", "\\xHH"},
    {"\\xF", FEP_SYNTAX, 1, "an unknown escape", "\\xHH"},
    {"\\xFG", FEP_SYNTAX, 1, "an unknown escape", "\\xHH"},
    {"a\tb", FEP_SYNTAX, 2, "a control character", "\\xHH"},
    {"a\x7F", FEP_SYNTAX, 2, "a control character", "\\xHH"},
    {"|a", FEP_SYNTAX, 1, "an empty alternative", "text or a placeholder"},
    {"a|", FEP_SYNTAX, 3, "an empty alternative", "text or a placeholder"},
    {"a||b", FEP_SYNTAX, 3, "an empty alternative", "text or a placeholder"},
    {"{id:2}-{imei}", FEP_SYNTAX, 8, "a second placeholder that names", "one"},
    {"{id:2}{id:2}", FEP_SYNTAX, 7, "a second placeholder that names", "{any:N}"},
    {"{id}{any:1}", FEP_SYNTAX, 5, "nothing tells where {id} ends", "{id:N}"},
    {"a{packet}", FEP_SYNTAX, 2, "{packet} is the whole packet", "nothing besides"},
    {"{packet}a", FEP_SYNTAX, 9, "{packet} is the whole packet", "nothing besides"},
    {"a|b|c|d|e|f|g|h|i", FEP_LIMIT, 17, "one alternative too many", "8"},
    {"a{any:1}b{any:1}c{any:1}d{any:1}e", FEP_LIMIT, 33, "one part too many", "8"},
    {SIXTEEN SIXTEEN SIXTEEN SIXTEEN "x", FEP_LIMIT, 65, "too long", "64 bytes"},
    {"{any:64}{id:1}", FEP_LIMIT, 9, "too long", "64 bytes"},
    {SIXTEEN SIXTEEN "0123456789{id}", FEP_LIMIT, 43, "too long", "64 bytes"},
};

static void test_faults (void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof s_bads / sizeof *s_bads; i++) {
        const bad_t *bad = &s_bads[i];
        pattern_t pattern;
        static const pattern_t none = {0};
        char why[PATTERN_WHY_MAX] = "", place[32];
        memset (&pattern, 0xA5, sizeof pattern);
        fep_err_t error = pattern_parse (bad->text, &pattern, why, sizeof why);
        snprintf (place, sizeof place, "character %d: ", bad->place);
        if (error != bad->error || strncmp (why, place, strlen (place)) != 0 ||
            !strstr (why, bad->wrong) || !strstr (why, "allowed") || !strstr (why, bad->allowed) ||
            strlen (why) == sizeof why - 1) {
            fail_msg ("%s: %s '%s'", bad->text, fep_err_name (error), why);
        }
        assert_memory_equal (&pattern, &none, sizeof pattern);
        assert_int_equal (pattern_parse (bad->text, &pattern, NULL, 0), bad->error);
    }
    char small[8] = "xxxxxxx";
    pattern_t pattern;
    CHECK_ERR (pattern_parse ("{", &pattern, small, 4), FEP_SYNTAX);
    assert_string_equal (small, "cha");
    assert_string_equal (small + 4, "xxx");
}

static void test_limits (void **state)
{
    (void) state;
    pattern_t pattern = s_good ("a|b|c|d|e|f|g|h");
    assert_int_equal (pattern.count, PATTERN_ALTERNATIVES_MAX);
    pattern = s_good ("a{any:1}b{any:1}c{any:1}d{any:1}");
    assert_int_equal (pattern.alternatives[0].count, PATTERN_PARTS_MAX);
    pattern = s_good (SIXTEEN SIXTEEN SIXTEEN SIXTEEN);
    assert_int_equal (pattern.alternatives[0].parts[0].size, PATTERN_BYTES_MAX);
    (void) s_good (SIXTEEN SIXTEEN "012345678{id}");
}

//  Whatever the bytes: a match lies within them and its name is short enough; once the bytes decide, further ones do
//  not change it; and MORE ends before the longest packet.
static void test_random (void **state)
{
    (void) state;
    static const char *const texts[] = {"{packet}", "A{id}|{hex:3}B|\\0{any:2}", "{id}AB|AAA",
                                        "A{id:2}|A{id:3}B|{id}\\r"};
    uint32_t random = 7;
    for (size_t round = 0; round < 40000; round++) {
        pattern_t pattern = s_good (texts[round % 4]);
        uint8_t bytes[PATTERN_BYTES_MAX];
        for (size_t i = 0; i < sizeof bytes; i++) {
            random = random * 1664525u + 1013904223u;
            bytes[i] = (uint8_t) "AAAAB0\r\1"[random >> 29];
        }
        pattern_match_t known = PATTERN_MORE;
        size_t known_size = 0;
        for (size_t n = 0; n <= sizeof bytes; n++) {
            size_t size = 0;
            char id[ADDRESS_MAX + 1] = "";
            pattern_match_t match = s_look (&pattern, bytes_of (bytes, n), false, &size, id);
            assert_true (size <= n && strlen (id) <= ADDRESS_MAX);
            assert_true (known == PATTERN_MORE || (known == match && known_size == size));
            known = match;
            known_size = size;
            assert_int_not_equal (s_look (&pattern, bytes_of (bytes, n), true, &size, id),
                                  PATTERN_MORE);
        }
        assert_int_not_equal (known, PATTERN_MORE);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_rows),   cmocka_unit_test (test_found),
        cmocka_unit_test (test_facts),  cmocka_unit_test (test_faults),
        cmocka_unit_test (test_limits), cmocka_unit_test (test_random),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
