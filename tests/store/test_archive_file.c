//  Files of the archive: every column and key, encodings, faults with their place, and that an export reads
//  back as the same archive.
#include "archive_test.h"

#define ALL                                                                                        \
    "terminal,name,area,heartbeat_s,measuring_point,meter,protocol,profile,rated_W,limits,"        \
    "groups,registration,heartbeat,frame_gap_ms,answer_timeout_ms,terminal_profile,dial,zone,"     \
    "state,sleeps,vendor,channel,segment,line,meter_state,user_type\n"

//  Two terminals with everything, one with nothing.
static const char s_csv[] = ALL
    "a,\"East, \"\"gate\"\"\",3,300,1,0001,modbus_rtu,sdm,60000,"
    "voltage.l1_V=180..260.5;current.l1_A=-1e-07..80,north;lights,IMEI1,ping|\\xFE,20,1500,sdm,"
    "iec104@10.0.0.1:2404|10.0.0.2:2404,CET-1CEST,maintenance,yes,Acme,4g,cmnet,10kV east,"
    "suspended,industrial\n"
    "a,\"East, \"\"gate\"\"\",3,300,2,,,,,,north;lights,IMEI1,ping|\\xFE,20,1500,"
    "sdm,iec104@10.0.0.1:2404|10.0.0.2:2404,CET-1CEST,maintenance,yes,Acme,4g,cmnet,10kV east,,\n"
    "b,\xE6\xB5\x8E\xE5\x8D\x97,0,,65535,5,dlt645,,,1.0.31.7.0=0..1,lights,,,,,,,,in_service,no,"
    "\"B,\"\"C\"\"\",,,\xE6\xB5\x8E\xE5\x8D\x97,in_service,\n"
    "c,,63,,,,,,,,,,,,,,,,,,,,,,,\n";

static void s_begin (fixture_t *self)
{
    fixture_profile (self, "sdm", "profile sdm\ncodec modbus_rtu\n");
}

//  "vendor channel segment line"
static void s_check_words (const fixture_t *self, const terminal_t *terminal, const char *wanted)
{
    const archive_words_t *words = archive_words (self->archive);
    char text[300];
    snprintf (text, sizeof text, "%s %s %s %s",
              archive_words_text (words, ARCHIVE_VENDOR, terminal->vendor),
              archive_words_text (words, ARCHIVE_CHANNEL, terminal->channel),
              archive_words_text (words, ARCHIVE_SEGMENT, terminal->segment),
              archive_words_text (words, ARCHIVE_LINE, terminal->line));
    assert_string_equal (text, wanted);
}

static void test_all_columns (void **state)
{
    fixture_t *self = *state;
    s_begin (self);
    fixture_import (self, s_csv);
    for (int round = 0; round < 2; round++) {
        const terminal_t *a = archive_find (self->archive, bytes_text ("a"));
        assert_non_null (a);
        assert_ptr_equal (archive_find (self->archive, bytes_text ("IMEI1")), a);
        assert_string_equal (a->name, "East, \"gate\"");
        assert_string_equal (a->heartbeat, "ping|\\xFE");
        assert_int_equal (a->frame_gap_ms, 20);
        assert_int_equal (a->answer_timeout_ms, 1500);
        assert_string_equal (archive_profile (self->archive, a->profile)->name, "sdm");
        assert_string_equal (a->dial, "iec104@10.0.0.1:2404|10.0.0.2:2404");
        assert_string_equal (a->zone, "CET-1CEST");
        assert_true (a->state == ARCHIVE_MAINTENANCE && a->sleeps);
        s_check_words (self, a, "Acme 4g cmnet 10kV east");
        const measuring_point_t *point = archive_point (self->archive, a->number, 1);
        assert_string_equal (point->protocol, "modbus_rtu");
        assert_int_equal (point->rated_W, 60000);
        assert_int_equal (point->state, ARCHIVE_SUSPENDED);
        assert_string_equal (
            archive_words_text (archive_words (self->archive), ARCHIVE_USER_TYPE, point->user_type),
            "industrial");
        assert_string_equal (archive_profile (self->archive, point->profile)->name, "sdm");
        size_t count;
        const archive_limit_t *limits = archive_limits (self->archive, a->number, 1, &count);
        assert_int_equal (count, 2);
        assert_true (limits[0].low == -1e-07 && limits[0].high == 80);
        assert_true (limits[1].low == 180 && limits[1].high == 260.5);
        assert_null (archive_limits (self->archive, a->number, 2, &count));
        assert_int_equal (count, 0);
        assert_null (archive_point (self->archive, a->number, 3));
        const terminal_t *b = archive_find (self->archive, bytes_text ("b"));
        assert_string_equal (b->name, "\xE6\xB5\x8E\xE5\x8D\x97");
        assert_true (b->state == ARCHIVE_IN_SERVICE && !b->sleeps);
        s_check_words (self, b, "B,\"C\"   \xE6\xB5\x8E\xE5\x8D\x97");
        point = archive_point (self->archive, b->number, 65535);
        assert_true (point && point->state == ARCHIVE_IN_SERVICE && point->user_type == 0);
        uint32_t lights = (uint32_t) __builtin_ctzll (b->groups);
        assert_string_equal (archive_group (self->archive, lights), "lights");
        assert_int_equal (archive_group_size (self->archive, lights), 2);
        assert_true ((a->groups & b->groups) == b->groups && a->groups != b->groups);
        fixture_reload (self);
    }
}

static void test_columns_in_any_order (void **state)
{
    fixture_t *self = *state;
    s_begin (self);
    fixture_import (self, s_csv);
    fixture_import (self,
                    "meter,groups,terminal,measuring_point\n,lights,b,\n,\"north;lights\",a,2\n"
                    "0009,lights;north,a,1\n");
    const terminal_t *a = archive_find (self->archive, bytes_text ("a"));
    assert_string_equal (a->name, "East, \"gate\"");
    assert_string_equal (a->registration, "IMEI1");
    const measuring_point_t *point = archive_point (self->archive, a->number, 1);
    assert_string_equal (point->meter, "0009");
    assert_string_equal (point->protocol, "modbus_rtu");
    size_t count;
    assert_non_null (archive_limits (self->archive, a->number, 1, &count));
    assert_int_equal (count, 2);
    assert_null (archive_find (self->archive, bytes_text ("c")));
    assert_int_equal (archive_find (self->archive, bytes_text ("b"))->mp_count, 0);
    fixture_import (self, "terminal,area\na,7\nc,1\n");
    a = archive_find (self->archive, bytes_text ("a"));
    assert_int_equal (a->area, 7);
    assert_int_equal (a->mp_count, 2);
    assert_string_equal (archive_find (self->archive, bytes_text ("c"))->name, "");
    assert_int_equal (archive_find (self->archive, bytes_text ("c"))->number, 3);
}

//  What an export says is read back as the same archive: nothing differs, in no form.
static void test_export_reads_back (void **state)
{
    fixture_t *self = *state;
    s_begin (self);
    for (int empty = 0; empty < 2; empty++) {
        fixture_import (self, empty ? ALL : s_csv);
        for (int form = 0; form < 4; form++) {
            archive_format_t format = form & 1 ? ARCHIVE_JSON : ARCHIVE_CSV;
            archive_encoding_t encoding = form & 2 ? ARCHIVE_GBK : ARCHIVE_UTF8;
            char *first = strdup (fixture_export (self, format, encoding));
            self->how = (archive_import_t){format, encoding, ARCHIVE_REPLACE, &fixture_checks};
            archive_plan_t *plan = fixture_plan (self, first);
            assert_string_equal (fixture_differences (plan), "");
            archive_plan_destroy (&plan);
            self->how.encoding = ARCHIVE_UTF8;
            self->how.format = ARCHIVE_CSV;
            fixture_import (self, "terminal\nz\n");
            self->how = (archive_import_t){format, encoding, ARCHIVE_REPLACE, &fixture_checks};
            fixture_import (self, first);
            assert_string_equal (fixture_export (self, format, encoding), first);
            free (first);
        }
        self->how = (archive_import_t){ARCHIVE_CSV, ARCHIVE_UTF8, ARCHIVE_REPLACE, &fixture_checks};
    }
}

static void test_export_looks_so (void **state)
{
    fixture_t *self = *state;
    s_begin (self);
    fixture_import (self, s_csv);
    const char *csv = fixture_export (self, ARCHIVE_CSV, ARCHIVE_UTF8);
    assert_non_null (strstr (csv, "b,\xE6\xB5\x8E\xE5\x8D\x97,0,,65535,5,dlt645,,,"
                                  "current.l1_A=0..1,lights,,,,,,,,,,\"B,\"\"C\"\"\",,,"
                                  "\xE6\xB5\x8E\xE5\x8D\x97,,\n"));
    assert_memory_equal (csv, ALL, strlen (ALL));
    const char *json = fixture_export (self, ARCHIVE_JSON, ARCHIVE_UTF8);
    assert_non_null (strstr (json, "\"name\": \"East, \\\"gate\\\"\", \"area\": 3, "));
    assert_non_null (strstr (json,
                             "\n  {\"mp\": 65535, \"meter\": \"5\", \"protocol\": \"dlt645\", "
                             "\"profile\": \"\", \"rated_W\": 0, "
                             "\"limits\": {\"current.l1_A\": [0, 1]}, \"meter_state\": \"\", "
                             "\"user_type\": \"\"}]}"));
    assert_non_null (strstr (json, "\"state\": \"maintenance\", \"sleeps\": \"yes\", "
                                   "\"vendor\": \"Acme\", \"channel\": \"4g\", "
                                   "\"segment\": \"cmnet\", \"line\": \"10kV east\", "));
    const char *gbk = fixture_export (self, ARCHIVE_CSV, ARCHIVE_GBK);
    assert_non_null (strstr (gbk, "b,\xBC\xC3\xC4\xCF,0,"));
}

#define MANY_POINTS 12000  //  Several pages; more takes minutes with a sanitizer

//  A terminal with many points is exported in pieces that fit a page.
static void test_export_of_many_points (void **state)
{
    fixture_t *self = *state;
    size_t room = 4000000;
    char *csv = malloc (room);
    size_t used = (size_t) snprintf (csv, room, "terminal,measuring_point,meter,limits\n");
    for (int mp = 1; mp <= MANY_POINTS; mp++) {
        used += (size_t) snprintf (csv + used, room - used, "t,%d,%d,voltage.l1_V=1..%d\n", mp,
                                   mp * 7, mp);
    }
    fixture_import (self, csv);
    for (int form = 0; form < 2; form++) {
        self->how.format = form ? ARCHIVE_JSON : ARCHIVE_CSV;
        archive_plan_t *plan =
            fixture_plan (self, fixture_export (self, self->how.format, ARCHIVE_UTF8));
        assert_int_equal (archive_plan_count (plan), 0);
        archive_plan_destroy (&plan);
    }
    free (csv);
}

static void test_not_in_gbk (void **state)
{
    fixture_t *self = *state;
    uint8_t room[ARCHIVE_EXPORT_ROOM];
    writer_t out = writer_of (room, sizeof room);
    uint64_t place = 0;
    fixture_import (self, "terminal,name\nsmile,\xF0\x9F\x98\x80\n");
    CHECK_ERR (archive_export (self->archive, ARCHIVE_CSV, ARCHIVE_GBK, &place, &out, &self->fault),
               FEP_RANGE);
    assert_string_equal (self->fault.text, "terminal smile has a character that GBK does not have");
}

#define JSON_KEYS                                                                                  \
    "no key of a terminal; known are terminal, name, area, heartbeat_s, groups, registration, "    \
    "heartbeat, frame_gap_ms, answer_timeout_ms, terminal_profile, "                               \
    "dial, zone, state, sleeps, vendor, channel, segment, line, measuring_points"
#define POINT_WORD "empty, or with a measuring_point"

static const struct {
    archive_format_t format;      //  Of the file
    archive_encoding_t encoding;  //  Of the file
    const char *file;             //  Imported
    fep_err_t error;              //  Expected, as all below
    uint32_t line;                //  Of the fault
    const char *text;             //  Of the fault
} s_faults[] = {
    {0, 0, "terminal,measuring_point,protocol\na,1,iec999\n", FEP_NOT_FOUND, 2,
     "protocol: \"iec999\" is not allowed: empty, or one of modbus_rtu, dlt645"},
    {0, 0, "terminal,measuring_point,profile\na,1,\na,2,none\n", FEP_NOT_FOUND, 3,
     "profile: \"none\" is not allowed: " POINT_WORD
     " the name of a profile that is in the archive"},
    {0, 0, "terminal,measuring_point,rated_W\na,1,4000000001\n", FEP_RANGE, 2,
     "rated_W: \"4000000001\" is not allowed: " POINT_WORD " a whole number from 0 to 4000000000"},
    {0, 0, "terminal,measuring_point,limits\na,1,voltage.l9_V=1..2\n", FEP_NOT_FOUND, 2,
     "limits: \"voltage.l9_V=1..2\" is not allowed: no point is named voltage.l9_V; needed is a "
     "name of the dictionary or OBIS"},
    {0, 0, "terminal,measuring_point,limits\na,1,voltage.l1_V=2..1\n", FEP_RANGE, 2,
     "limits: \"voltage.l1_V=2..1\" is not allowed: voltage.l1_V=2..1: needed is "
     "POINT=LOW..HIGH, LOW at most HIGH"},
    {0, 0, "terminal,measuring_point,limits\na,1,voltage.l1_V=1..2;1.0.32.7.0=0..1\n", FEP_EXISTS,
     2,
     "limits: \"voltage.l1_V=1..2;1.0.32...\" is not allowed: each point once; voltage.l1_V "
     "stands twice"},
    {0, 0, "terminal,measuring_point,limits\na,1,voltage.l1_V=1..nan\n", FEP_SYNTAX, 2,
     "limits: \"voltage.l1_V=1..nan\" is not allowed: voltage.l1_V=1..nan: needed is "
     "POINT=LOW..HIGH, LOW at most HIGH"},
    {0, 0, "terminal,measuring_point,limits\na,1,voltage.l1_V=1..2;\n", FEP_SYNTAX, 2,
     "limits: \"voltage.l1_V=1..2;\" is not allowed: : needed is POINT=LOW..HIGH, LOW at most "
     "HIGH"},
    {0, 0, "terminal,groups\na,x;;y\n", FEP_SYNTAX, 2,
     "groups: \"x;;y\" is not allowed: empty, or names of 1 to 63 bytes joined by ';'"},
    {0, 0, "terminal,groups\na,x;\n", FEP_SYNTAX, 2,
     "groups: \"x;\" is not allowed: empty, or names of 1 to 63 bytes joined by ';'"},
    {0, 0, "terminal,heartbeat\na,!x\n", FEP_SYNTAX, 2,
     "heartbeat: \"!x\" is not allowed: no ! at its beginning"},
    {0, 0, "terminal,frame_gap_ms\na,10001\n", FEP_RANGE, 2,
     "frame_gap_ms: \"10001\" is not allowed: empty, or a whole number from 0 to 10000"},
    {0, 0, "terminal,state\na,broken\n", FEP_RANGE, 2,
     "state: \"broken\" is not allowed: empty, in_service, maintenance or suspended"},
    {0, 0, "terminal,measuring_point,meter_state\na,1,Suspended\n", FEP_RANGE, 2,
     "meter_state: \"Suspended\" is not allowed: " POINT_WORD
     " in_service, maintenance or suspended"},
    {0, 0, "terminal,sleeps\na,1\n", FEP_RANGE, 2,
     "sleeps: \"1\" is not allowed: empty, yes or no"},
    {0, 0, "terminal,line\na,0123456789012345678901234567890123456789012345678901234567890123\n",
     FEP_RANGE, 2,
     "line: \"012345678901234567890123...\" is not allowed: at most 63 bytes of UTF-8 without "
     "control characters"},
    {0, 0, "terminal,vendor\na,\xFF\n", FEP_SYNTAX, 2, "vendor: not UTF-8"},
    {0, 0, "terminal,meter_state\na,\n", FEP_SYNTAX, 1,
     "the column measuring_point is missing; meter_state needs it"},
    {0, 0, "terminal,measuring_point,meter_state\na,,suspended\n", FEP_SYNTAX, 2,
     "meter_state: not allowed without a measuring_point"},
    {0, 0, "terminal,measuring_point,user_type\na,,shop\n", FEP_SYNTAX, 2,
     "user_type: not allowed without a measuring_point"},
    {0, 0, "terminal,measuring_point,vendor\na,1,x\na,2,y\n", FEP_EXISTS, 3,
     "vendor: terminal a has another one on line 2; its lines must repeat it equal"},
    {1, 0, "[{\"terminal\": \"a\", \"sleeps\": true}]", FEP_SYNTAX, 1,
     "[0].sleeps: a string is needed here"},
    {0, 0, "terminal,measuring_point,rated_W\na,,7\n", FEP_SYNTAX, 2,
     "rated_W: not allowed without a measuring_point"},
    {0, 0, "terminal,registration\na,b\nb,\n", FEP_EXISTS, 3,
     "registration: b of terminal a is the address of terminal b already"},
    {0, 0, "terminal,registration\na,r\nb,\nc,r\n", FEP_EXISTS, 4,
     "registration: r of terminal c is the registration of terminal a already"},
    {0, 0, "terminal,groups,area\na,x,1\na,y,1\n", FEP_EXISTS, 3,
     "groups: terminal a has another one on line 2; its lines must repeat it equal"},
    {0, ARCHIVE_GBK, "terminal,name\na,\xBC\xC3\nb,\xBC\x20\n", FEP_SYNTAX, 3, "not GBK at 0xBC"},
    {0, ARCHIVE_GBK, "terminal,name\na,\xBC", FEP_SYNTAX, 2, "not GBK at 0xBC"},
    {0, ARCHIVE_GBK, "terminal,name\na,\xFF\xFF\n", FEP_SYNTAX, 2, "not GBK at 0xFF"},
    {1, 0, "", FEP_SYNTAX, 1, "an array [ is needed here"},
    {1, 0, "{}", FEP_SYNTAX, 1, "an array [ is needed here"},
    {1, 0, "[\n7]", FEP_SYNTAX, 2, "[0]: an object { is needed here"},
    {1, 0, "[{\"terminal\": \"a\"}\n\n{", FEP_SYNTAX, 3, ", or ] is needed here"},
    {1, 0, "[{\"terminal\": \"a\"}]\n]", FEP_SYNTAX, 2, "more follows the end"},
    {1, 0, "[{\"terminal\": \"a\"},\n{\"name\": \"b\"}]", FEP_SYNTAX, 2,
     "[1]: the key terminal is missing"},
    {1, 0, "[{\"terminal\": \"a\",\n\"colour\": 1}]", FEP_SYNTAX, 2, "[0].colour: " JSON_KEYS},
    {1, 0, "[{\"terminal\": \"a\", \"name\": \"1\",\n \"name\": \"2\"}]", FEP_EXISTS, 2,
     "[0].name: stands in the object already"},
    {1, 0, "[{\"terminal\": 5}]", FEP_SYNTAX, 1, "[0].terminal: a string is needed here"},
    {1, 0, "[{\"terminal\": \"a\", \"area\": \"5\"}]", FEP_SYNTAX, 1,
     "[0].area: a number is needed here"},
    {1, 0, "[{\"terminal\": \"a\", \"area\": 64}]", FEP_RANGE, 1,
     "[0].area: \"64\" is not allowed: a whole number from 0 to 63"},
    {1, 0, "[{\"terminal\": \"a\", \"area\": 1.5}]", FEP_SYNTAX, 1,
     "[0].area: \"1.5\" is not allowed: a whole number from 0 to 63"},
    {1, 0, "[{\"terminal\": \"a\", \"area\": 01}]", FEP_SYNTAX, 1,
     "[0].area: a number is none by JSON's rules"},
    {1, 0, "[{\"terminal\": \"a\", \"name\": \"x\ny\"}]", FEP_SYNTAX, 1,
     "[0].name: a string is not closed on its line"},
    {1, 0, "[{\"terminal\": \"a\", \"name\": \"\\q\"}]", FEP_SYNTAX, 1,
     "[0].name: a string has an escape that is none"},
    {1, 0, "[{\"terminal\": \"a\", \"name\": \"\\u0007\"}]", FEP_SYNTAX, 1,
     "[0].name: a control character is not allowed"},
    {1, 0, "[{\"terminal\": \"a\", \"name\": \"\\ud800\"}]", FEP_SYNTAX, 1,
     "[0].name: a string has an escape that is none"},
    {1, 0, "[{\"terminal\": \"a\", \"measuring_points\": [{\"mp\": 1},\n{\"meter\": \"x\"}]}]",
     FEP_SYNTAX, 2, "[0].measuring_points[1].mp: needed is a whole number from 1 to 65535"},
    {1, 0, "[{\"measuring_points\": [{\"mp\": 1},\n{\"mp\": 65536}], \"terminal\": \"a\"}]",
     FEP_RANGE, 2,
     "[0].measuring_points[1].mp: \"65536\" is not allowed: empty, or a whole number from 1 to "
     "65535"},
    {1, 0, "[{\"terminal\": \"a\", \"measuring_points\": [{\"mp\": 2},\n{\"mp\": 2}]}]", FEP_EXISTS,
     2, "measuring_point: 2 of terminal a stands on line 1 already"},
    {1, 0, "[{\"terminal\": \"a\", \"measuring_points\": [{\"name\": 2}]}]", FEP_SYNTAX, 1,
     "[0].measuring_points[0].name: no key of a measuring point; known are mp, meter, protocol, "
     "profile, rated_W, limits, meter_state, user_type"},
    {1, 0, "[{\"terminal\": \"a\", \"measuring_points\": [{\"mp\": 1, \"limits\": {\"x\": [1]}}]}]",
     FEP_SYNTAX, 1, "[0].measuring_points[0].limits: a range is [LOW, HIGH]"},
    {1, 0, "[{\"terminal\": \"a\", \"groups\": [\"x\", \"\"]}]", FEP_SYNTAX, 1,
     "[0].groups: the name of a group is not empty and has no ;"},
    {1, 0, "[{\"terminal\": \"a\"},\n{\"terminal\": \"a\"}]", FEP_EXISTS, 2,
     "terminal a stands on line 1 already"},
    {1, 0, "[{\"terminal\": \"a\", \"measuring_points\": [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}]",
     FEP_LIMIT, 1, "[0]: nested deeper than 16"},
};

static void test_faults (void **state)
{
    fixture_t *self = *state;
    fixture_import (self, "terminal\nkept\n");
    for (size_t i = 0; i < sizeof s_faults / sizeof s_faults[0]; i++) {
        archive_plan_t *plan;
        self->how.format = s_faults[i].format;
        self->how.encoding = s_faults[i].encoding;
        fep_err_t error = archive_plan (self->archive, bytes_text (s_faults[i].file), &self->how,
                                        &plan, &self->fault);
        if (error != s_faults[i].error || self->fault.line != s_faults[i].line ||
            strcmp (self->fault.text, s_faults[i].text) != 0) {
            fail_msg ("fault %zu: %s, line %u, \"%s\"; expected %s, line %u, \"%s\"", i,
                      fep_err_name (error), self->fault.line, self->fault.text,
                      fep_err_name (s_faults[i].error), s_faults[i].line, s_faults[i].text);
        }
        assert_null (plan);
    }
    assert_int_equal (archive_count (self->archive), 1);
}

//  64 groups at a time; a name nobody uses any more makes room for another one.
static void test_groups_have_a_limit (void **state)
{
    fixture_t *self = *state;
    char csv[2000] = "terminal,groups\na,";
    for (int i = 0; i < ARCHIVE_GROUPS_MAX; i++) {
        snprintf (csv + strlen (csv), 20, "%sg%d", i > 0 ? ";" : "", i);
    }
    fixture_import (self, csv);
    archive_plan_t *plan;
    const char *more = "terminal,groups\na,g1\nb,new\n";
    CHECK_ERR (archive_plan (self->archive, bytes_text (more), &self->how, &plan, &self->fault),
               FEP_LIMIT);
    assert_string_equal (self->fault.text, "groups: \"new\" is not allowed: at most 64 groups; "
                                           "this is one too many");
    fixture_import (self, "terminal,groups\na,g1\n");
    uint64_t g1 = archive_find (self->archive, bytes_text ("a"))->groups;
    fixture_import (self, more);
    assert_true (archive_find (self->archive, bytes_text ("a"))->groups == g1);
    uint64_t new = archive_find (self->archive, bytes_text ("b"))->groups;
    assert_true (new != g1 && (new &(new - 1)) == 0);
    char names[ARCHIVE_GROUPS_MAX][ARCHIVE_NAME_MAX + 1];
    CHECK_OK (archive_group_names (self->place->store, names));
    assert_string_equal (names[__builtin_ctzll (new)], "new");
    assert_string_equal (names[__builtin_ctzll (g1)], "g1");
}

//  Different words have a limit; one that nobody has any more makes room. Numbers of the others stay, so that nothing
//  differs that was not changed.
static void test_words_have_a_limit (void **state)
{
    fixture_t *self = *state;
    static char csv[20000];
    size_t used =
        (size_t) snprintf (csv, sizeof csv, "terminal,vendor,measuring_point,user_type\n");
    for (int i = 1; i <= 255; i++) {
        used += (size_t) snprintf (csv + used, sizeof csv - used, "t%d,v%d,1,u%d\n", i, i, i);
    }
    fixture_import (self, csv);
    self->how.mode = ARCHIVE_MERGE;
    archive_plan_t *plan;
    CHECK_ERR (archive_plan (self->archive, bytes_text ("terminal,vendor\nt1,v2\nt2,new\n"),
                             &self->how, &plan, &self->fault),
               FEP_LIMIT);
    assert_string_equal (self->fault.text,
                         "vendor: \"new\" is not allowed: too many different ones: "
                         "at most 255 of vendor");
    CHECK_ERR (archive_plan (self->archive,
                             bytes_text ("terminal,measuring_point,user_type\nt1,2,new\n"),
                             &self->how, &plan, &self->fault),
               FEP_LIMIT);
    for (int round = 0; round < 3; round++) {
        char one[100], wanted[100];
        snprintf (one, sizeof one, "terminal,vendor\nt7,w%d\n", round);
        snprintf (wanted, sizeof wanted, "changed t7 vendor:  -> w%d;", round);
        fixture_import (self, "terminal,vendor\nt7,\n");
        plan = fixture_plan (self, one);
        assert_string_equal (fixture_differences (plan), wanted);
        fixture_apply (self, plan);
    }
    for (int round = 0; round < 2; round++) {
        s_check_words (self, archive_find (self->archive, bytes_text ("t7")), "w2   ");
        s_check_words (self, archive_find (self->archive, bytes_text ("t255")), "v255   ");
        fixture_reload (self);
    }
}

//  JSON in the forms people write, not only as we do.
static void test_json_as_it_comes (void **state)
{
    fixture_t *self = *state;
    self->how.format = ARCHIVE_JSON;
    fixture_import (self,
                    "\xEF\xBB\xBF [ {\"measuring_points\":[{\"mp\":2,\"meter\":\"\\u0041\"},"
                    "{\"limits\":{\"voltage.l1_V\":[-1.5E+2,2]},\"mp\":1}],\r\n"
                    "\t\"name\":\"\\u6D4E\\u5357 \\ud83d\\ude00\\/\", \"terminal\":\"a\"} ] ");
    const terminal_t *a = archive_find (self->archive, bytes_text ("a"));
    assert_string_equal (a->name, "\xE6\xB5\x8E\xE5\x8D\x97 \xF0\x9F\x98\x80/");
    assert_string_equal (archive_point (self->archive, a->number, 2)->meter, "A");
    size_t count;
    const archive_limit_t *limits = archive_limits (self->archive, a->number, 1, &count);
    assert_int_equal (count, 1);
    assert_true (limits->low == -150 && limits->high == 2);
    fixture_import (self, "[{\"terminal\": \"a\", \"area\": 9}]");
    a = archive_find (self->archive, bytes_text ("a"));
    assert_int_equal (a->mp_count, 2);
    assert_int_equal (a->area, 9);
    fixture_import (self, "[{\"terminal\": \"a\", \"measuring_points\": []}]");
    assert_int_equal (archive_find (self->archive, bytes_text ("a"))->mp_count, 0);
}

//  Any end and any single byte of a good file: refused or taken, never a crash (sanitizers watch).
static void test_damaged_files (void **state)
{
    fixture_t *self = *state;
    s_begin (self);
    fixture_import (self, s_csv);
    for (int form = 0; form < 4; form++) {
        self->how.format = form & 1 ? ARCHIVE_JSON : ARCHIVE_CSV;
        self->how.encoding = form & 2 ? ARCHIVE_GBK : ARCHIVE_UTF8;
        char *good = strdup (fixture_export (self, self->how.format, self->how.encoding));
        size_t size = self->size;
        for (size_t i = 0; i < 2 * size; i++) {
            archive_plan_t *plan = NULL;
            char *bad = malloc (size + 1);
            memcpy (bad, good, size);
            bad[i / 2] = i & 1 ? (char) (bad[i / 2] ^ 0x95) : bad[i / 2];
            bytes_t file = bytes_of (bad, i & 1 ? size : i / 2);
            if (archive_plan (self->archive, file, &self->how, &plan, &self->fault) != FEP_OK) {
                assert_true (self->fault.text[0] != 0);
                assert_null (plan);
            }
            archive_plan_destroy (&plan);
            free (bad);
        }
        free (good);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_all_columns),
        TEST (test_columns_in_any_order),
        TEST (test_export_reads_back),
        TEST (test_export_looks_so),
        TEST (test_export_of_many_points),
        TEST (test_not_in_gbk),
        TEST (test_faults),
        TEST (test_groups_have_a_limit),
        TEST (test_words_have_a_limit),
        TEST (test_json_as_it_comes),
        TEST (test_damaged_files),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
