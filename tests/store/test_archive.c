//  The archive: what an import takes over, every fault with its line and words, numbers that are
//  never reused.
#include "store_test.h"
#include "store/archive.h"
#include "store/csv.h"

#define HEADER "terminal,name,area,heartbeat_s,measuring_point,meter\n"

typedef struct {
    place_t *place;      //  The store
    archive_t *archive;  //  Loaded from it
} fixture_t;

static int s_setup (void **state)
{
    void *place;
    place_setup (&place);
    fixture_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    self->place = place;
    place_open (self->place);
    CHECK_OK (archive_load (self->place->store, &self->archive));
    *state = self;
    return 0;
}

static int s_teardown (void **state)
{
    fixture_t *self = *state;
    archive_destroy (&self->archive);
    void *place = self->place;
    free (self);
    return place_teardown (&place);
}

static fep_err_t s_import (fixture_t *self, const char *csv, archive_fault_t *fault)
{
    const archive_import_t import = {ARCHIVE_CSV, ARCHIVE_UTF8, ARCHIVE_REPLACE, NULL};
    const archive_act_t act = {
        .who = "test", .what = "import", .when_ms = 1, .entries_kept = 100, .undoable = true};
    archive_plan_t *plan;
    uint64_t change;
    fep_err_t error = archive_plan (self->archive, bytes_text (csv), &import, &plan, fault);
    return error ? error : archive_apply (self->archive, self->place->store, &plan, &act, &change);
}

static void s_import_ok (fixture_t *self, const char *csv)
{
    archive_fault_t fault;
    fep_err_t error = s_import (self, csv, &fault);
    if (error) {
        fail_msg ("%s, line %u: %s", fep_err_name (error), fault.line, fault.text);
    }
}

static void s_reload (fixture_t *self)
{
    archive_destroy (&self->archive);
    place_open (self->place);
    CHECK_OK (archive_load (self->place->store, &self->archive));
}

//  "number address name area heartbeat: mp=meter ...;" for each present terminal.
static const char *s_dump (const fixture_t *self)
{
    static char text[2000];
    size_t used = 0;
    text[0] = 0;
    for (size_t i = 0; i < archive_count (self->archive); i++) {
        const terminal_t *terminal = archive_at (self->archive, i);
        assert_ptr_equal (terminal, archive_find (self->archive, bytes_text (terminal->address)));
        assert_ptr_equal (terminal, archive_by_number (self->archive, terminal->number));
        used += (size_t) snprintf (text + used, sizeof text - used,
                                   "%u %s %s %u %u:", terminal->number, terminal->address,
                                   terminal->name, terminal->area, terminal->heartbeat_s);
        size_t count;
        const measuring_point_t *points = archive_points (self->archive, terminal->number, &count);
        assert_int_equal (count, terminal->mp_count);
        for (size_t k = 0; k < count; k++) {
            assert_int_equal (points[k].terminal, terminal->number);
            used += (size_t) snprintf (text + used, sizeof text - used, " %u=%s", points[k].mp,
                                       points[k].meter);
        }
        used += (size_t) snprintf (text + used, sizeof text - used, ";");
    }
    assert_null (archive_at (self->archive, archive_count (self->archive)));
    return text;
}

//  The store's rows of terminals, as one number that changes if any of them does.
static fep_err_t s_sum_row (void *arg, bytes_t key, bytes_t value)
{
    uint64_t *sum = arg;
    for (size_t i = 0; i < key.size; i++) {
        *sum = *sum * 31 + key.data[i];
    }
    for (size_t i = 0; i < value.size; i++) {
        *sum = *sum * 31 + value.data[i];
    }
    return FEP_OK;
}

static uint64_t s_sum (const fixture_t *self)
{
    uint64_t sum = 1;
    CHECK_OK (store_each (self->place->store, FAMILY_ARCHIVE, bytes_of ("\0", 1), s_sum_row, &sum));
    return sum;
}

static void test_empty (void **state)
{
    fixture_t *self = *state;
    assert_int_equal (archive_count (self->archive), 0);
    assert_null (archive_find (self->archive, bytes_text ("310100012")));
    assert_null (archive_find (self->archive, bytes_of (NULL, 0)));
    assert_null (archive_by_number (self->archive, 0));
    assert_null (archive_by_number (self->archive, 1));
    size_t count = 9;
    assert_null (archive_points (self->archive, 1, &count));
    assert_int_equal (count, 0);
    s_import_ok (self, HEADER);
    assert_int_equal (archive_count (self->archive), 0);
    assert_int_equal (s_sum (self), 1);
}

static void test_import (void **state)
{
    fixture_t *self = *state;
    s_import_ok (self, "\xEF\xBB\xBF# made by hand\r\n"
                       "terminal,name,area,\"heartbeat_s\",measuring_point,meter\r\n"
                       "310100012,\"East, \"\"gate\"\"\",3,300,2,000000000012\r\n"
                       "\r\n"
                       "310100012,\"East, \"\"gate\"\"\",3,300,1,\r\n"
                       "#310100013,left out,1,,,\r\n"
                       "3101:7-a.b_c,\xE6\xB5\x8E\xE5\x8D\x97,63,,,\n"
                       "310100012,\"East, \"\"gate\"\"\",3,300,65535,AB\n"
                       "x,,0,86400,7,\"m\"");
    const char *expected = "1 310100012 East, \"gate\" 3 300: 1= 2=000000000012 65535=AB;"
                           "2 3101:7-a.b_c \xE6\xB5\x8E\xE5\x8D\x97 63 0:;3 x  0 86400: 7=m;";
    assert_string_equal (s_dump (self), expected);
    s_reload (self);
    assert_string_equal (s_dump (self), expected);
    assert_null (archive_find (self->archive, bytes_text ("310100013")));
    assert_null (archive_find (self->archive, bytes_text ("31010001")));
}

static void test_unchanged_writes_nothing (void **state)
{
    fixture_t *self = *state;
    const char *csv = HEADER "a,A,1,10,1,m1\na,A,1,10,2,m2\nb,B,2,20,,\n";
    s_import_ok (self, csv);
    uint64_t sum = s_sum (self);
    store_t *store = self->place->store;
    row_t row = {FAMILY_ARCHIVE, bytes_of ("\0\0\0\1", 4), bytes_text ("overwritten")};
    CHECK_OK (store_put (store, &row, 1));
    assert_true (s_sum (self) != sum);
    uint64_t spoilt = s_sum (self);
    s_import_ok (self, HEADER "b,B,2,20,,\na,A,1,10,2,m2\na,A,1,10,1,m1\n");
    assert_true (s_sum (self) == spoilt);
    s_import_ok (self, HEADER "b,B,2,21,,\na,A,1,10,2,m2\na,A,1,10,1,m1\n");
    assert_true (s_sum (self) != spoilt);
}

//  Each change of one field alone is written and comes back.
static void test_each_change_is_kept (void **state)
{
    fixture_t *self = *state;
    const struct {
        const char *csv;       //  Imported
        const char *expected;  //  What s_dump says then
    } steps[] = {
        {HEADER "a,A,1,10,1,m1\n", "1 a A 1 10: 1=m1;"},
        {HEADER "a,AA,1,10,1,m1\n", "1 a AA 1 10: 1=m1;"},
        {HEADER "a,AA,2,10,1,m1\n", "1 a AA 2 10: 1=m1;"},
        {HEADER "a,AA,2,11,1,m1\n", "1 a AA 2 11: 1=m1;"},
        {HEADER "a,AA,2,11,2,m1\n", "1 a AA 2 11: 2=m1;"},
        {HEADER "a,AA,2,11,2,m2\n", "1 a AA 2 11: 2=m2;"},
        {HEADER "a,AA,2,11,2,m2\na,AA,2,11,3,\n", "1 a AA 2 11: 2=m2 3=;"},
        {HEADER "a,AA,2,11,,\n", "1 a AA 2 11:;"},
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        s_import_ok (self, steps[i].csv);
        assert_string_equal (s_dump (self), steps[i].expected);
        s_reload (self);
        assert_string_equal (s_dump (self), steps[i].expected);
    }
}

static void test_numbers_are_not_reused (void **state)
{
    fixture_t *self = *state;
    s_import_ok (self, HEADER "a,,0,,1,m\nb,,0,,,\nc,,0,,,\n");
    s_import_ok (self, HEADER "c,,0,,,\nd,,0,,,\n");
    for (int round = 0; round < 2; round++) {
        assert_string_equal (s_dump (self), "3 c  0 0:;4 d  0 0:;");
        assert_null (archive_find (self->archive, bytes_text ("a")));
        assert_null (archive_by_number (self->archive, 1));
        size_t count;
        assert_null (archive_points (self->archive, 1, &count));
        s_reload (self);
    }
    s_import_ok (self, HEADER "e,,0,,,\nb,back,5,,9,n\n");
    assert_string_equal (s_dump (self), "2 b back 5 0: 9=n;5 e  0 0:;");
    s_reload (self);
    assert_string_equal (s_dump (self), "2 b back 5 0: 9=n;5 e  0 0:;");
    s_import_ok (self, HEADER);
    s_import_ok (self, HEADER "f,,0,,,\n");
    assert_string_equal (s_dump (self), "6 f  0 0:;");
}

#define KNOWN                                                                                      \
    "terminal, name, area, heartbeat_s, measuring_point, meter, protocol, profile, rated_W, "      \
    "limits, groups, registration, heartbeat, frame_gap_ms, answer_timeout_ms, "                   \
    "terminal_profile, dial, zone, state, sleeps, vendor, channel, segment, line, meter_state, "   \
    "user_type"
#define WORD "1 to 23 letters, digits, or . _ : -"
#define METER "empty, or with a measuring_point at most 23 letters, digits, or . _ : -"
#define NAME_64 "0123456789012345678901234567890123456789012345678901234567890123"

static const struct {
    const char *csv;   //  Imported
    fep_err_t error;   //  Expected, as all below
    uint32_t line;     //  Of the fault
    const char *text;  //  Of the fault
} s_faults[] = {
    {"", FEP_SYNTAX, 1, "the header line is missing; it names columns: " KNOWN},
    {"# only\n\n", FEP_SYNTAX, 3, "the header line is missing; it names columns: " KNOWN},
    {"terminal,nmae\n", FEP_SYNTAX, 1, "column 2: \"nmae\" is no column; known are " KNOWN},
    {"terminal,\xFF\n", FEP_SYNTAX, 1, "column 2: \"\" is no column; known are " KNOWN},
    {"terminal,area,name,area\n", FEP_EXISTS, 1, "column 4: area stands in the header already"},
    {"name,area\n", FEP_SYNTAX, 1, "the column terminal is missing; it must be there"},
    {"terminal,meter\n", FEP_SYNTAX, 1, "the column measuring_point is missing; meter needs it"},
    {HEADER "a,A,1,10,1\n", FEP_SYNTAX, 2, "5 fields; the header has 6"},
    {HEADER "a,A,1,10,1,m,\n", FEP_SYNTAX, 2, "7 fields; the header has 6"},
    {HEADER "\n# x\na,A,1,10,1,m,,,,,,,,,,,,,,,,,,,,,,,,,,,\n", FEP_LIMIT, 4, "too many fields"},
    {HEADER "a,\"A,1,10,1,m\nb,B,1,10,1,m\n", FEP_SYNTAX, 2, "a quote is not closed on its line"},
    {HEADER "a,A\"A,1,10,1,m\n", FEP_SYNTAX, 2, "a quote stands inside an unquoted field"},
    {HEADER "a,\"A\"A,1,10,1,m\n", FEP_SYNTAX, 2, "a closing quote is not followed by a comma"},
    {HEADER ",A,1,10,1,m\n", FEP_SYNTAX, 2, "terminal: \"\" is not allowed: " WORD},
    {HEADER "a b,A,1,10,1,m\n", FEP_SYNTAX, 2, "terminal: \"a b\" is not allowed: " WORD},
    {HEADER "a/b,A,1,10,1,m\n", FEP_SYNTAX, 2, "terminal: \"a/b\" is not allowed: " WORD},
    {HEADER "012345678901234567890123,A,1,10,1,m\n", FEP_RANGE, 2,
     "terminal: \"012345678901234567890123\" is not allowed: " WORD},
    {HEADER "a," NAME_64 ",1,10,1,m\n", FEP_RANGE, 2,
     "name: \"012345678901234567890123...\" is not allowed: at most 63 bytes of UTF-8 without "
     "control characters"},
    {HEADER "a,\xC3,1,10,1,m\n", FEP_SYNTAX, 2, "name: not UTF-8"},
    {HEADER "a,A\tB,1,10,1,m\n", FEP_SYNTAX, 2, "name: a control character is not allowed"},
    {HEADER "a,A\rB,1,10,1,m\n", FEP_SYNTAX, 2, "name: a control character is not allowed"},
    {HEADER "a,A,,10,1,m\n", FEP_SYNTAX, 2,
     "area: \"\" is not allowed: a whole number from 0 to 63"},
    {HEADER "a,A,64,10,1,m\n", FEP_RANGE, 2,
     "area: \"64\" is not allowed: a whole number from 0 to 63"},
    {HEADER "a,A,-1,10,1,m\n", FEP_SYNTAX, 2,
     "area: \"-1\" is not allowed: a whole number from 0 to 63"},
    {HEADER "a,A, 1,10,1,m\n", FEP_SYNTAX, 2,
     "area: \" 1\" is not allowed: a whole number from 0 to 63"},
    {HEADER "a,A,1,86401,1,m\n", FEP_RANGE, 2,
     "heartbeat_s: \"86401\" is not allowed: empty, or a whole number from 0 to 86400"},
    {HEADER "a,A,1,99999999999999999999999,1,m\n", FEP_RANGE, 2,
     "heartbeat_s: \"99999999999999999999999\" is not allowed: empty, or a whole number from 0 to "
     "86400"},
    {HEADER "a,A,1,1.5,1,m\n", FEP_SYNTAX, 2,
     "heartbeat_s: \"1.5\" is not allowed: empty, or a whole number from 0 to 86400"},
    {HEADER "a,A,1,10,0,m\n", FEP_RANGE, 2,
     "measuring_point: \"0\" is not allowed: empty, or a whole number from 1 to 65535"},
    {HEADER "a,A,1,10,65536,m\n", FEP_RANGE, 2,
     "measuring_point: \"65536\" is not allowed: empty, or a whole number from 1 to 65535"},
    {HEADER "a,A,1,10,1,m m\n", FEP_SYNTAX, 2, "meter: \"m m\" is not allowed: " METER},
    {HEADER "a,A,1,10,,m\n", FEP_SYNTAX, 2, "meter: not allowed without a measuring_point"},
    {HEADER "a,A,1,10,1,012345678901234567890123\n", FEP_RANGE, 2,
     "meter: \"012345678901234567890123\" is not allowed: " METER},
    {HEADER "a,A,1,10,1,m\nb,B,1,10,,\na,B,1,10,2,m\n", FEP_EXISTS, 4,
     "name: terminal a has another one on line 2; its lines must repeat it equal"},
    {HEADER "a,A,1,10,1,m\na,A,2,10,2,m\n", FEP_EXISTS, 3,
     "area: terminal a has another one on line 2; its lines must repeat it equal"},
    {HEADER "a,A,1,10,1,m\na,A,1,,2,m\n", FEP_EXISTS, 3,
     "heartbeat_s: terminal a has another one on line 2; its lines must repeat it equal"},
    {HEADER "a,A,1,10,,\na,A,1,10,,\n", FEP_EXISTS, 3,
     "terminal: a stands without measuring_point on line 2 already"},
    {HEADER "b,B,1,,1,\na,A,1,10,7,m\na,A,1,10,1,m\na,A,1,10,7,n\nb,B,1,,1,\n", FEP_EXISTS, 5,
     "measuring_point: 7 of terminal a stands on line 3 already"},
    {HEADER "b,B,1,,1,\nb,B,1,,1,\na,A,1,10,7,m\na,A,1,10,7,m\n", FEP_EXISTS, 3,
     "measuring_point: 1 of terminal b stands on line 2 already"},
};

//  Each fault is found, named with its line, and leaves everything as it was.
static void test_faults (void **state)
{
    fixture_t *self = *state;
    s_import_ok (self, HEADER "a,kept,1,10,1,m\n");
    uint64_t sum = s_sum (self);
    for (size_t i = 0; i < sizeof s_faults / sizeof s_faults[0]; i++) {
        archive_fault_t fault;
        fep_err_t error = s_import (self, s_faults[i].csv, &fault);
        if (error != s_faults[i].error || fault.line != s_faults[i].line ||
            strcmp (fault.text, s_faults[i].text) != 0) {
            fail_msg ("fault %zu: %s, line %u, \"%s\"; expected %s, line %u, \"%s\"", i,
                      fep_err_name (error), fault.line, fault.text,
                      fep_err_name (s_faults[i].error), s_faults[i].line, s_faults[i].text);
        }
        assert_true (s_sum (self) == sum);
        assert_string_equal (s_dump (self), "1 a kept 1 10: 1=m;");
    }
    s_import_ok (self, HEADER "b,B,1,,,\n");
    assert_string_equal (s_dump (self), "2 b B 1 0:;");
}

static void test_long_line (void **state)
{
    fixture_t *self = *state;
    char csv[17000] = HEADER "a,";
    memset (csv + strlen (csv), 'x', CSV_LINE_MAX);
    strcat (csv, "\n");
    archive_fault_t fault;
    CHECK_ERR (s_import (self, csv, &fault), FEP_LIMIT);
    assert_int_equal (fault.line, 2);
    assert_string_equal (fault.text, "the line is longer than 16383 bytes");
}

static void test_utf8 (void **state)
{
    (void) state;
    const struct {
        const char *text;  //  Bytes
        bool good;         //  Expected
    } cases[] = {
        {"", true},
        {"plain", true},
        {"\xC2\x80 \xDF\xBF", true},
        {"\xE0\xA0\x80 \xEC\xBF\xBF \xED\x9F\xBF \xEF\xBF\xBF", true},
        {"\xF0\x90\x80\x80 \xF4\x8F\xBF\xBF", true},
        {"\x80", false},              //  Follows nothing
        {"\xC1\x81", false},          //  Not the shortest form
        {"\xE0\x9F\xBF", false},      //  Not the shortest form
        {"\xF0\x8F\xBF\xBF", false},  //  Not the shortest form
        {"\xED\xA0\x80", false},      //  Surrogate
        {"\xF4\x90\x80\x80", false},  //  Beyond U+10FFFF
        {"\xF5\x80\x80\x80", false},  //  Beyond U+10FFFF
        {"\xE6\xB5", false},          //  Cut
        {"\xE6\xB5x", false},         //  Cut by another character
        {"\xFF", false},              //  No such byte
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal (csv_is_utf8 (bytes_text (cases[i].text)), cases[i].good);
    }
}

//  As many terminals as there may be, then one more.
static void test_many (void **state)
{
    fixture_t *self = *state;
    size_t size = 64 * (ARCHIVE_TERMINALS_MAX + 2);
    char *csv = malloc (size);
    size_t used = (size_t) snprintf (csv, size, HEADER);
    for (uint32_t i = 0; i < ARCHIVE_TERMINALS_MAX; i++) {
        used += (size_t) snprintf (csv + used, size - used, "31%07u,terminal %u,%u,300,%u,%012u\n",
                                   i, i, i % 64, 1 + i % 8, i);
    }
    s_import_ok (self, csv);
    snprintf (csv + used, size - used, "one-too-many,x,0,,,\n");
    archive_fault_t fault;
    CHECK_ERR (s_import (self, csv, &fault), FEP_LIMIT);
    assert_int_equal (fault.line, ARCHIVE_TERMINALS_MAX + 2);
    assert_string_equal (fault.text, "more than 200000 terminals");
    free (csv);
    s_reload (self);
    assert_int_equal (archive_count (self->archive), ARCHIVE_TERMINALS_MAX);
    const terminal_t *terminal = archive_find (self->archive, bytes_text ("310123456"));
    assert_non_null (terminal);
    assert_int_equal (terminal->number, 123457);
    assert_string_equal (terminal->name, "terminal 123456");
    size_t count;
    const measuring_point_t *points = archive_points (self->archive, 123457, &count);
    assert_int_equal (count, 1);
    assert_int_equal (points->mp, 1 + 123456 % 8);
    assert_string_equal (points->meter, "000000123456");
}

static fep_err_t s_copy_row (void *arg, bytes_t key, bytes_t value)
{
    (void) key;
    writer_t *out = arg;
    writer_put (out, value.data, value.size);
    return FEP_OK;
}

//  Rows that are cut, changed or misplaced never load, and never crash.
static void test_damaged_rows (void **state)
{
    fixture_t *self = *state;
    s_import_ok (self, HEADER "310100012,name,1,10,1,m1\n310100012,name,1,10,2,m2\n");
    uint8_t good[200];
    writer_t out = writer_of (good, sizeof good);
    store_t *store = self->place->store;
    CHECK_OK (store_each (store, FAMILY_ARCHIVE, bytes_of ("\0", 1), s_copy_row, &out));
    row_t row = {FAMILY_ARCHIVE, bytes_of ("\0\0\0\1", 4), {NULL, 0}};
    archive_t *archive;
    for (size_t size = 0; size < out.size; size++) {
        row.value = bytes_of (good, size);
        CHECK_OK (store_put (store, &row, 1));
        CHECK_ERR (archive_load (store, &archive), FEP_CORRUPT);
        assert_null (archive);
    }
    for (size_t i = 0; i < out.size; i++) {
        uint8_t bad[200];
        memcpy (bad, good, out.size);
        bad[i] = 0xC1;
        row.value = bytes_of (bad, out.size);
        CHECK_OK (store_put (store, &row, 1));
        if (archive_load (store, &archive) == FEP_OK) {
            archive_destroy (&archive);
        }
    }
    good[3] = 2;  //  Behind the head of 16 fields
    row.value = bytes_of (good, out.size);
    CHECK_OK (store_put (store, &row, 1));
    CHECK_ERR (archive_load (store, &archive), FEP_VERSION);
    good[3] = 1;
    CHECK_OK (store_put (store, &row, 1));
    CHECK_OK (archive_load (store, &archive));
    archive_destroy (&archive);
}

//  Rows that are well formed but do not fit together.
static void test_rows_that_disagree (void **state)
{
    fixture_t *self = *state;
    const struct {
        const char *key;    //  Four bytes
        const char *value;  //  Packed
        size_t size;        //  Of the value
    } rows[] = {
        {"\0\0\0\2", "\x97\1\xA1z\xA0\0\0\xC3\x90", 9},                       //  1 is missing
        {"\0\0\0\1", "\x97\1\xA1z\xA0\x40\0\xC3\x90", 9},                     //  Area 64
        {"\0\0\0\1", "\x97\1\xA1z\xA0\0\0\xC3\x91\x92\0\xA0", 12},            //  Measuring point 0
        {"\0\0\0\1", "\x97\1\xA1z\xA0\0\0\xC3\x92\x92\5\xA0\x92\5\xA0", 15},  //  Twice 5
    };
    store_t *store = self->place->store;
    archive_t *archive;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bytes_t key = bytes_of (rows[i].key, 4);
        row_t row = {FAMILY_ARCHIVE, key, bytes_of (rows[i].value, rows[i].size)};
        CHECK_OK (store_put (store, &row, 1));
        CHECK_ERR (archive_load (store, &archive), FEP_CORRUPT);
        row.value = bytes_of (NULL, 0);
        CHECK_OK (store_put (store, &row, 1));
    }
    const row_t twice[] = {
        {FAMILY_ARCHIVE, bytes_of ("\0\0\0\1", 4), bytes_of (rows[0].value, rows[0].size)},
        {FAMILY_ARCHIVE, bytes_of ("\0\0\0\2", 4), bytes_of (rows[0].value, rows[0].size)},
    };
    CHECK_OK (store_put (store, twice, 1));
    CHECK_OK (archive_load (store, &archive));
    archive_destroy (&archive);
    CHECK_OK (store_put (store, twice, 2));
    CHECK_ERR (archive_load (store, &archive), FEP_CORRUPT);
}

//  A row with fields that a later release has appended still loads.
static void test_appended_fields (void **state)
{
    fixture_t *self = *state;
    const uint8_t value[] = {0x9E, 1,    0xA1, 'a',  0xA1, 'A', 5,    60,   0xC3, 0x91, 0x97,
                             7,    0xA1, 'm',  0xA1, 'p',  8,   9,    0x90, 0xC0, 3,    0xA1,
                             'r',  0xA1, 'h',  10,   11,   12,  0x92, 1,    2};
    row_t row = {FAMILY_ARCHIVE, bytes_of ("\0\0\0\1", 4), bytes_of (value, sizeof value)};
    CHECK_OK (store_put (self->place->store, &row, 1));
    s_reload (self);
    assert_string_equal (s_dump (self), "1 a A 5 60: 7=m;");
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_empty),
        TEST (test_import),
        TEST (test_unchanged_writes_nothing),
        TEST (test_each_change_is_kept),
        TEST (test_numbers_are_not_reused),
        TEST (test_faults),
        TEST (test_long_line),
        cmocka_unit_test (test_utf8),
        TEST (test_many),
        TEST (test_damaged_rows),
        TEST (test_rows_that_disagree),
        TEST (test_appended_fields),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
