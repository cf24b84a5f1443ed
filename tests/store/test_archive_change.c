//  Changing the archive: plans, their differences, applying, the change log, undo, profiles.
#include "archive_test.h"

#define HEADER "terminal,name,area,heartbeat_s,measuring_point,meter\n"

static void test_differences (void **state)
{
    fixture_t *self = *state;
    fixture_import (self, HEADER "a,A,1,10,1,m1\na,A,1,10,2,m2\nb,B,2,,,\nc,,0,,3,x\n");
    archive_plan_t *plan =
        fixture_plan (self, "terminal,name,measuring_point,meter,limits,groups\n"
                            "a,AA,2,m3,voltage.l1_V=1..2,g\na,AA,3,,,g\nb,B,,,,\nd,D,1,,,\n");
    assert_string_equal (
        fixture_differences (plan),
        "changed a name: A -> AA;changed a groups:  -> g;"
        "removed a measuring_point 1: meter=m1 -> ;changed a 2.meter: m2 -> m3;"
        "changed a 2.limits:  -> voltage.l1_V=1..2;added a measuring_point 3:  -> ;"
        "removed c : area=0 measuring_points=1 -> ;"
        "added d :  -> name=D area=0 measuring_points=1;");
    assert_int_equal (archive_plan_terminals (plan, ARCHIVE_ADDED), 1);
    assert_int_equal (archive_plan_terminals (plan, ARCHIVE_REMOVED), 1);
    assert_int_equal (archive_plan_terminals (plan, ARCHIVE_CHANGED), 1);
    const struct {
        uint32_t number;
        archive_what_t what;
    } touched[] = {{1, ARCHIVE_CHANGED}, {3, ARCHIVE_REMOVED}, {4, ARCHIVE_ADDED}};
    assert_int_equal (archive_plan_touched_count (plan), 3);
    for (size_t i = 0; i < 3; i++) {
        archive_what_t what;
        assert_int_equal (archive_plan_touched (plan, i, &what), touched[i].number);
        assert_int_equal (what, touched[i].what);
    }
    assert_string_equal (archive_find (self->archive, bytes_text ("a"))->name, "A");
    archive_plan_destroy (&plan);
    assert_null (plan);
}

//  States and words differ by their texts, also when undone, by way of a word that was gone.
static void test_differences_of_service (void **state)
{
    fixture_t *self = *state;
    fixture_import (self,
                    "terminal,state,sleeps,vendor,line,measuring_point,meter_state,user_type\n"
                    "a,,,Old,north,1,,shop\nb,maintenance,yes,Old,north,1,suspended,shop\n");
    archive_plan_t *plan = fixture_plan (
        self, "terminal,state,sleeps,vendor,line,measuring_point,meter_state,user_type\n"
              "a,suspended,yes,New,north,1,maintenance,\nb,in_service,no,New,south,1,,flat\n");
    const char *changes = "changed a state:  -> suspended;changed a sleeps:  -> yes;"
                          "changed a vendor: Old -> New;changed a 1.meter_state:  -> maintenance;"
                          "changed a 1.user_type: shop -> ;changed b state: maintenance -> ;"
                          "changed b sleeps: yes -> ;changed b vendor: Old -> New;"
                          "changed b line: north -> south;changed b 1.meter_state: suspended -> ;"
                          "changed b 1.user_type: shop -> flat;";
    assert_string_equal (fixture_differences (plan), changes);
    fixture_apply (self, plan);
    self->act.undoable = false;
    for (int round = 0; round < 2; round++) {
        CHECK_OK (archive_plan_undo (self->archive, self->place->store, &plan, &self->fault));
        assert_non_null (strstr (fixture_differences (plan), "changed a vendor: New -> Old;"));
        assert_non_null (strstr (fixture_differences (plan), "changed b line: south -> north;"));
        assert_non_null (strstr (fixture_differences (plan), "changed a 1.user_type:  -> shop;"));
        assert_int_equal (archive_plan_count (plan), 11);
        if (round == 0) {
            archive_plan_destroy (&plan);
            fixture_reload (self);
        }
    }
    fixture_apply (self, plan);
    const terminal_t *b = archive_find (self->archive, bytes_text ("b"));
    assert_true (b->state == ARCHIVE_MAINTENANCE && b->sleeps);
    plan = fixture_plan (self, "terminal,name\na,\nb,B\n");
    assert_string_equal (fixture_differences (plan), "changed b name:  -> B;");
    archive_plan_destroy (&plan);
    plan = fixture_plan (self, "terminal,name\na,\n");
    assert_string_equal (fixture_differences (plan),
                         "removed b : area=0 state=maintenance sleeps=yes vendor=Old line=north "
                         "measuring_points=1 -> ;");
    archive_plan_destroy (&plan);
}

static void test_merge_removes_nothing (void **state)
{
    fixture_t *self = *state;
    fixture_import (self, HEADER "a,A,1,10,1,m1\na,A,1,10,5,m5\nb,B,2,,,\n");
    self->how.mode = ARCHIVE_MERGE;
    archive_plan_t *plan =
        fixture_plan (self, "terminal,measuring_point,meter\na,3,m3\na,5,n5\nc,,\n");
    assert_string_equal (fixture_differences (plan),
                         "added a measuring_point 3:  -> meter=m3;changed a 5.meter: m5 -> n5;"
                         "added c :  -> area=0 measuring_points=0;");
    fixture_apply (self, plan);
    assert_int_equal (archive_count (self->archive), 3);
    assert_int_equal (archive_find (self->archive, bytes_text ("a"))->mp_count, 3);
}

static void test_plan_gets_old (void **state)
{
    fixture_t *self = *state;
    uint64_t change;
    archive_plan_t *first = fixture_plan (self, HEADER "a,,0,,,\n");
    archive_plan_t *second = fixture_plan (self, HEADER "b,,0,,,\n");
    fixture_apply (self, second);
    CHECK_ERR (archive_apply (self->archive, self->place->store, &first, &self->act, &change),
               FEP_BUSY);
    assert_null (first);
    assert_null (archive_find (self->archive, bytes_text ("a")));
    assert_non_null (archive_find (self->archive, bytes_text ("b")));
}

static void test_log (void **state)
{
    fixture_t *self = *state;
    uint64_t first;
    uint64_t last;
    archive_log_ends (self->archive, &first, &last);
    assert_true (first == 0 && last == 0);
    assert_string_equal (fixture_log (self, 0, 100), "");
    fixture_import (self, HEADER "a,A,1,10,,\nb,B,2,,,\n");
    self->act.who = "other";
    fixture_import (self, HEADER "a,A,1,10,,\nb,B,2,,,\n");
    fixture_import (self, HEADER "a,AA,3,10,,\n");
    for (int round = 0; round < 2; round++) {
        archive_log_ends (self->archive, &first, &last);
        assert_true (first == 1 && last == 7);
        assert_string_equal (
            fixture_log (self, 1, 100),
            "1 1 tester import  :  -> terminals added 2, removed 0, changed 0; differences 2;"
            "2 1 tester added a :  -> name=A area=1 heartbeat_s=10 measuring_points=0;"
            "3 1 tester added b :  -> name=B area=2 measuring_points=0;"
            "4 2 other import  :  -> terminals added 0, removed 1, changed 1; differences 3;"
            "5 2 other changed a name: A -> AA;6 2 other changed a area: 1 -> 3;"
            "7 2 other removed b : name=B area=2 measuring_points=0 -> ;");
        assert_string_equal (fixture_log (self, 6, 1), "6 2 other changed a area: 1 -> 3;");
        assert_string_equal (fixture_log (self, 8, 100), "");
        fixture_reload (self);
    }
}

//  Old entries are dropped, whole chunks at a time, never those of the change at hand.
static void test_log_is_bounded (void **state)
{
    fixture_t *self = *state;
    uint64_t first;
    uint64_t last;
    self->act.entries_kept = 10;
    for (int i = 0; i < 30; i++) {
        char csv[100];
        snprintf (csv, sizeof csv, HEADER "a,name %d,1,10,,\n", i);
        fixture_import (self, csv);
        archive_log_ends (self->archive, &first, &last);
        assert_int_equal (last, 2 * (i + 1));
        assert_true (last - first + 1 <= 10);
    }
    assert_int_equal (first, 51);
    assert_memory_equal (fixture_log (self, 0, 100), "51 26 ", 6);
    char csv[4000] = HEADER;
    for (int i = 0; i < 100; i++) {
        snprintf (csv + strlen (csv), 40, "b%d,,1,10,,\n", i);
    }
    fixture_import (self, csv);
    archive_log_ends (self->archive, &first, &last);
    assert_true (first == 61 && last == 70);
    const char *log = fixture_log (self, 0, 100);
    assert_non_null (strstr (log, "removed 1, changed 0; differences 101, 92 more not listed;"));
    char *copy = strdup (log);
    fixture_reload (self);
    assert_string_equal (fixture_log (self, 0, 100), copy);
    free (copy);
}

static void s_undo (fixture_t *self)
{
    archive_plan_t *plan;
    uint64_t change;
    archive_act_t act = {.who = "tester", .what = "undo", .when_ms = 5, .entries_kept = 1000};
    fep_err_t error = archive_plan_undo (self->archive, self->place->store, &plan, &self->fault);
    if (error) {
        fail_msg ("%s: %s", fep_err_name (error), self->fault.text);
    }
    CHECK_OK (archive_apply (self->archive, self->place->store, &plan, &act, &change));
}

static void s_undo_refused (fixture_t *self, fep_err_t reason, const char *text)
{
    archive_plan_t *plan;
    CHECK_ERR (archive_plan_undo (self->archive, self->place->store, &plan, &self->fault), reason);
    assert_null (plan);
    assert_string_equal (self->fault.text, text);
}

static void test_undo (void **state)
{
    fixture_t *self = *state;
    s_undo_refused (self, FEP_NOT_FOUND, "there is no import to undo");
    fixture_import (self, "terminal,name,measuring_point,meter,limits,groups,registration\n"
                          "a,A,1,m1,voltage.l1_V=1..2,g;h,r\na,A,2,,,g;h,r\nb,,,,,,\n");
    char *before = strdup (fixture_export (self, ARCHIVE_JSON, ARCHIVE_UTF8));
    fixture_import (self, HEADER "a,X,2,7,2,m2\nc,,0,,,\nd,,0,,,\n");
    fixture_reload (self);
    s_undo (self);
    assert_string_equal (fixture_export (self, ARCHIVE_JSON, ARCHIVE_UTF8), before);
    assert_ptr_equal (archive_find (self->archive, bytes_text ("r")),
                      archive_find (self->archive, bytes_text ("a")));
    fixture_reload (self);
    assert_string_equal (fixture_export (self, ARCHIVE_JSON, ARCHIVE_UTF8), before);
    s_undo_refused (self, FEP_NOT_FOUND, "there is no import to undo");
    assert_non_null (strstr (fixture_log (self, 0, 100), "tester undo  :  -> terminals added 1, "
                                                         "removed 2, changed 1;"));
    fixture_import (self, HEADER "d,,0,,,\n");
    assert_int_equal (archive_find (self->archive, bytes_text ("d"))->number, 4);
    free (before);
}

//  What the import touched was changed since, or what it had is gone.
static void test_undo_refused (void **state)
{
    fixture_t *self = *state;
    fixture_profile (self, "p", "text");
    fixture_import (self, "terminal,measuring_point,profile\na,1,p\nb,1,\n");
    fixture_import (self, "terminal,measuring_point,profile\na,1,\nb,1,\n");
    fixture_profile (self, "p", "");
    s_undo_refused (self, FEP_EXISTS,
                    "the profile of measuring point 1 of terminal a was removed since");
    fixture_profile (self, "p", "text again");
    self->act.undoable = false;
    self->how.mode = ARCHIVE_MERGE;
    fixture_import (self, "terminal,name\nb,B\n");
    archive_plan_t *plan;
    CHECK_OK (archive_plan_undo (self->archive, self->place->store, &plan, &self->fault));
    archive_plan_destroy (&plan);
    fixture_import (self, "terminal,name\na,A\n");
    s_undo_refused (self, FEP_EXISTS,
                    "terminal a was changed since, by change 7; the import is change 3");
}

static void test_undo_meets_a_taken_name (void **state)
{
    fixture_t *self = *state;
    fixture_import (self, "terminal,registration\na,r\n");
    fixture_import (self, "terminal,registration\na,\n");
    self->act.undoable = false;
    self->how.mode = ARCHIVE_MERGE;
    fixture_import (self, "terminal\nr\n");
    s_undo_refused (self, FEP_EXISTS,
                    "registration: r of terminal a is the address of terminal r already");
}

//  As many rows as make several chunks, more and fewer than the import before.
static void test_undo_of_many (void **state)
{
    fixture_t *self = *state;
    size_t room = 3000000;
    char *csv = malloc (room);
    for (int size = 30000; size >= 100; size /= 17) {
        fixture_import (self, HEADER "other,,0,,,\n");
        size_t used = (size_t) snprintf (csv, room, HEADER);
        for (int i = 0; i < size; i++) {
            used += (size_t) snprintf (csv + used, room - used, "t%d,name %d,%d,,%d,m%d\n", i, i,
                                       i % 64, i % 7 + 1, i);
        }
        fixture_import (self, csv);
        fixture_reload (self);
        fixture_import (self, HEADER "other,,0,,,\n");
        assert_int_equal (archive_count (self->archive), 1);
        fixture_reload (self);
        s_undo (self);
        archive_plan_t *plan = fixture_plan (self, csv);
        assert_int_equal (archive_plan_count (plan), 0);
        archive_plan_destroy (&plan);
    }
    free (csv);
}

static void test_profiles (void **state)
{
    fixture_t *self = *state;
    archive_plan_t *plan;
    fixture_profile (self, "sdm630", "profile sdm630\n");
    fixture_profile (self, "pm5000", "profile pm5000\n");
    fixture_profile (self, "sdm630", "profile sdm630\nperiod 60s\n");
    fixture_import (self, "terminal,measuring_point,profile\na,1,pm5000\n");
    CHECK_ERR (
        archive_plan_profile (self->archive, "pm5000", bytes_of (NULL, 0), &plan, &self->fault),
        FEP_BUSY);
    assert_string_equal (self->fault.text,
                         "profile pm5000 is used by measuring point 1 of terminal a");
    fixture_import (self, "terminal,measuring_point,terminal_profile\na,,pm5000\n");
    CHECK_ERR (
        archive_plan_profile (self->archive, "pm5000", bytes_of (NULL, 0), &plan, &self->fault),
        FEP_BUSY);
    assert_string_equal (self->fault.text, "profile pm5000 is used by terminal a");
    CHECK_ERR (
        archive_plan_profile (self->archive, "none", bytes_of (NULL, 0), &plan, &self->fault),
        FEP_NOT_FOUND);
    for (int round = 0; round < 2; round++) {
        const archive_text_t *first = archive_profile_next (self->archive, 0);
        assert_string_equal (first->name, "sdm630");
        assert_true (bytes_equal (first->text, bytes_text ("profile sdm630\nperiod 60s\n")));
        const archive_text_t *second = archive_profile_next (self->archive, first->number);
        assert_string_equal (second->name, "pm5000");
        assert_null (archive_profile_next (self->archive, second->number));
        fixture_reload (self);
    }
    fixture_profile (self, "sdm630", "");
    fixture_profile (self, "third", "profile third\n");
    for (int round = 0; round < 2; round++) {
        assert_null (archive_profile_find (self->archive, bytes_text ("sdm630")));
        assert_null (archive_profile (self->archive, 1));
        assert_int_equal (archive_profile_find (self->archive, bytes_text ("third"))->number, 3);
        fixture_reload (self);
    }
    fixture_profile (self, "sdm630", "profile sdm630\n");
    assert_int_equal (archive_profile_find (self->archive, bytes_text ("sdm630"))->number, 1);
    const char *log = fixture_log (self, 1, 4);
    assert_non_null (strstr (log, "1 1 tester profile  :  -> profile sdm630;"
                                  "2 1 tester added  profile sdm630:  -> 15 bytes, hash "));
}

static void test_new_terminal (void **state)
{
    fixture_t *self = *state;
    archive_plan_t *plan;
    fixture_import (self, "terminal,groups\na,g\n");
    terminal_t terminal = {.address = "new", .name = "made", .area = 5, .heartbeat_s = 60};
    terminal.groups = archive_find (self->archive, bytes_text ("a"))->groups;
    CHECK_OK (
        archive_plan_terminal (self->archive, &terminal, &fixture_checks, &plan, &self->fault));
    assert_string_equal (fixture_differences (plan), "added new :  -> name=made area=5 "
                                                     "heartbeat_s=60 groups=g measuring_points=0;");
    fixture_apply (self, plan);
    assert_int_equal (archive_count (self->archive), 2);
    CHECK_ERR (
        archive_plan_terminal (self->archive, &terminal, &fixture_checks, &plan, &self->fault),
        FEP_EXISTS);
    assert_string_equal (self->fault.text, "terminal: new is in the archive already");
    memcpy (terminal.address, "b c", 4);
    CHECK_ERR (
        archive_plan_terminal (self->archive, &terminal, &fixture_checks, &plan, &self->fault),
        FEP_SYNTAX);
    memcpy (terminal.address, "b", 2);
    memcpy (terminal.registration, "a", 2);
    CHECK_ERR (
        archive_plan_terminal (self->archive, &terminal, &fixture_checks, &plan, &self->fault),
        FEP_EXISTS);
    memcpy (terminal.registration, "", 1);
    memcpy (terminal.heartbeat, "!", 2);
    CHECK_ERR (
        archive_plan_terminal (self->archive, &terminal, &fixture_checks, &plan, &self->fault),
        FEP_SYNTAX);
    assert_int_equal (archive_count (self->archive), 2);
}

//  A file is remembered with the change it brought, also if it brought none.
static void test_files_seen (void **state)
{
    fixture_t *self = *state;
    store_t *store = self->place->store;
    assert_false (archive_seen (store, "csv", 5));
    self->act.file = "csv";
    self->act.file_hash = 5;
    fixture_import (self, "terminal\na\n");
    assert_true (archive_seen (store, "csv", 5));
    assert_false (archive_seen (store, "csv", 6));
    assert_false (archive_seen (store, "other", 5));
    self->act.file_hash = 6;
    fixture_import (self, "terminal\na\n");
    assert_true (archive_seen (store, "csv", 6));
    assert_int_equal (archive_change (self->archive), 1);
    fixture_reload (self);
    assert_int_equal (archive_change (self->archive), 1);
    assert_true (archive_hash (bytes_text ("a")) != archive_hash (bytes_text ("b")));
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_differences),
        TEST (test_differences_of_service),
        TEST (test_merge_removes_nothing),
        TEST (test_plan_gets_old),
        TEST (test_log),
        TEST (test_log_is_bounded),
        TEST (test_undo),
        TEST (test_undo_refused),
        TEST (test_undo_meets_a_taken_name),
        TEST (test_undo_of_many),
        TEST (test_profiles),
        TEST (test_new_terminal),
        TEST (test_files_seen),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
