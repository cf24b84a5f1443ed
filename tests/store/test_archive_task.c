//  Tasks in the archive: put, changed key by key, removed, refused; numbers, the log, and rows that any thread reads.
#include "archive_test.h"

#define DAILY "task daily energy\ntype daily\ngroup north\npoints energy.active.import.total_kWh\n"
#define EVENTS "task events\ntype event\n"

static archive_plan_t *s_plan (fixture_t *self, const char *name, const char *text)
{
    archive_plan_t *plan;
    fep_err_t error =
        archive_plan_task (self->archive, name, bytes_text (text), &plan, &self->fault);
    if (error) {
        fail_msg ("%s, line %u: %s", fep_err_name (error), self->fault.line, self->fault.text);
    }
    return plan;
}

static void s_apply (fixture_t *self, const char *name, const char *text)
{
    archive_plan_t *plan = s_plan (self, name, text);
    archive_act_t act = self->act;
    uint64_t change;
    act.what = "task";
    act.undoable = false;
    CHECK_OK (archive_apply (self->archive, self->place->store, &plan, &act, &change));
}

static void s_refused (fixture_t *self, const char *name, const char *text, fep_err_t expected,
                       uint32_t line, const char *what)
{
    archive_plan_t *plan;
    CHECK_ERR (archive_plan_task (self->archive, name, bytes_text (text), &plan, &self->fault),
               expected);
    assert_null (plan);
    assert_int_equal (self->fault.line, line);
    assert_string_equal (self->fault.text, what);
}

//  The differences that text makes.
static void s_differ (fixture_t *self, const char *name, const char *text, const char *wanted)
{
    archive_plan_t *plan = s_plan (self, name, text);
    assert_string_equal (fixture_differences (plan), wanted);
    archive_plan_destroy (&plan);
}

static void test_put_and_find (void **state)
{
    fixture_t *self = *state;
    s_apply (self, "", DAILY);
    s_apply (self, "events", EVENTS);
    fixture_profile (self, "events", "profile events\n");
    for (int round = 0; round < 2; round++) {
        const archive_text_t *first = archive_task_next (self->archive, 0);
        assert_string_equal (first->name, "daily energy");
        assert_true (first->number == 1 && first->change == 1);
        assert_true (bytes_equal (first->text, bytes_text (DAILY)));
        assert_ptr_equal (first, archive_task (self->archive, 1));
        assert_ptr_equal (first, archive_task_find (self->archive, bytes_text ("daily energy")));
        const archive_text_t *second = archive_task_next (self->archive, 1);
        assert_true (second->number == 2 && second->change == 2);
        assert_null (archive_task_next (self->archive, 2));
        assert_null (archive_task (self->archive, 3));
        assert_null (archive_task_find (self->archive, bytes_text ("daily")));
        assert_true (bytes_equal (archive_profile (self->archive, 1)->text,
                                  bytes_text ("profile events\n")));
        task_t task;
        archive_task_read (first, &task);
        assert_true (task.number == 1 && task.type == TASK_DAILY);
        assert_string_equal (task.group, "north");
        fixture_reload (self);
    }
}

static void test_differences (void **state)
{
    fixture_t *self = *state;
    s_differ (self, "", DAILY,
              "added  task daily energy:  -> type=daily group=north "
              "points=energy.active.import.total_kWh offset=30m spread=10m priority=5 rereads=8 "
              "reread_every=30m window=1d timely=8h share=100 paused=no;");
    s_apply (self, "", DAILY);
    s_differ (self, "", DAILY, "");
    s_differ (self, "",
              "task daily energy\ntype monthly\narea 7\nwindow 1d\n"
              "points energy.active.import.total_kWh 1.0.2.8.0\npaused yes\n",
              "changed  task daily energy.type: daily -> monthly;"
              "changed  task daily energy.group: north -> ;"
              "changed  task daily energy.area:  -> 7;"
              "changed  task daily energy.points: energy.active.import.total_kWh -> "
              "energy.active.import.total_kWh energy.active.export.total_kWh;"
              "changed  task daily energy.timely: 8h -> 1d;"
              "changed  task daily energy.paused: no -> yes;");
    s_differ (self, "daily energy", "",
              "removed  task daily energy: type=daily group=north "
              "points=energy.active.import.total_kWh offset=30m spread=10m priority=5 rereads=8 "
              "reread_every=30m window=1d timely=8h share=100 paused=no -> ;");
    //  What it says is the same, but it is another text.
    char wanted[200];
    const char *other = DAILY "# why\n";
    snprintf (wanted, sizeof wanted,
              "changed  task daily energy: %zu bytes, hash %016llx -> %zu bytes, hash %016llx;",
              strlen (DAILY), (unsigned long long) archive_hash (bytes_text (DAILY)),
              strlen (other), (unsigned long long) archive_hash (bytes_text (other)));
    s_differ (self, "", other, wanted);
}

//  A name keeps its number, and nobody else gets it.
static void test_removed (void **state)
{
    fixture_t *self = *state;
    s_apply (self, "", DAILY);
    s_apply (self, "", EVENTS);
    s_apply (self, "daily energy", "");
    for (int round = 0; round < 2; round++) {
        assert_null (archive_task (self->archive, 1));
        assert_null (archive_task_find (self->archive, bytes_text ("daily energy")));
        assert_string_equal (archive_task_next (self->archive, 0)->name, "events");
        fixture_reload (self);
    }
    s_refused (self, "daily energy", "", FEP_NOT_FOUND, 0, "there is no task daily energy");
    s_apply (self, "", "task third\ntype event\n");
    s_apply (self, "", DAILY);
    assert_int_equal (archive_task_find (self->archive, bytes_text ("third"))->number, 3);
    assert_int_equal (archive_task_find (self->archive, bytes_text ("daily energy"))->number, 1);
}

static void test_refused (void **state)
{
    fixture_t *self = *state;
    s_apply (self, "", EVENTS);
    s_refused (self, "", "task events\n\ntype hourly\n", FEP_RANGE, 3,
               "type 'hourly'; allowed are real_time, status, curve, daily, monthly, event");
    s_refused (self, "other", EVENTS, FEP_RANGE, 0, "the text is of task events, not of other");
    s_refused (self, "", "task \xFF\ntype event\n", FEP_SYNTAX, 0, "the text is not UTF-8");
    s_refused (self, "none", "", FEP_NOT_FOUND, 0, "there is no task none");
    assert_int_equal (archive_change (self->archive), 1);
    for (int i = 1; i < TASKS_MAX; i++) {
        char text[60];
        snprintf (text, sizeof text, "task t%d\ntype event\n", i);
        s_apply (self, "", text);
    }
    s_refused (self, "", "task more\ntype event\n", FEP_LIMIT, 0,
               "all 256 numbers of tasks have been given");
    fixture_reload (self);
    assert_string_equal (archive_task (self->archive, TASKS_MAX)->name, "t255");
    s_apply (self, "t255", "");
    s_apply (self, "", "task t255\ntype event\nperiod 2h\n");
}

static void test_log (void **state)
{
    fixture_t *self = *state;
    s_apply (self, "", EVENTS);
    self->act.who = "other";
    s_apply (self, "", EVENTS "paused yes\nperiod 1d\n");
    s_apply (self, "events", "");
    for (int round = 0; round < 2; round++) {
        assert_string_equal (
            fixture_log (self, 1, 100),
            "1 1 tester task  :  -> task events;"
            "2 1 tester added  task events:  -> type=event period=1h offset=0s spread=10m "
            "priority=5 "
            "rereads=8 reread_every=30m window=1d timely=1h share=100 paused=no;"
            "3 2 other task  :  -> task events;"
            "4 2 other changed  task events.period: 1h -> 1d;"
            "5 2 other changed  task events.timely: 1h -> 1d;"
            "6 2 other changed  task events.paused: no -> yes;"
            "7 3 other task  :  -> task events;"
            "8 3 other removed  task events: type=event period=1d offset=0s spread=10m priority=5 "
            "rereads=8 reread_every=30m window=1d timely=1d share=100 paused=yes -> ;");
        fixture_reload (self);
    }
}

//  The longest name and the longest values: cut where they are shown, whole where they are kept.
static void test_long_ones (void **state)
{
    fixture_t *self = *state;
    char name[TASK_NAME_MAX + 1];
    char text[TASK_TEXT_MAX];
    memset (name, 'n', TASK_NAME_MAX);
    name[TASK_NAME_MAX] = 0;
    snprintf (text, sizeof text, "task %s\ntype curve\npoints 1.0.1.8.0\n", name);
    s_apply (self, "", text);
    size_t used = (size_t) snprintf (text, sizeof text,
                                     "task %s\ntype curve\nreread_every 31m\npoints", name);
    for (int i = 0; i < TASK_POINTS_MAX; i++) {
        used += (size_t) snprintf (text + used, sizeof text - used, " 1.0.199.8.%d", i);
    }
    archive_plan_t *plan = s_plan (self, name, text);
    archive_difference_t points;
    archive_difference_t reread;
    assert_int_equal (archive_plan_count (plan), 2);
    archive_plan_show (plan, 0, &points);
    archive_plan_show (plan, 1, &reread);
    assert_int_equal (strlen (points.after), ARCHIVE_SHOWN_MAX);
    assert_string_equal (points.after + ARCHIVE_SHOWN_MAX - 3, "...");
    assert_string_equal (reread.field + strlen ("task ") + TASK_NAME_MAX, ".reread_every");
    archive_plan_destroy (&plan);
    s_apply (self, name, text);
    fixture_reload (self);
    assert_true (bytes_equal (archive_task (self->archive, 1)->text, bytes_text (text)));
}

//  An import, its undo, and tasks do not touch each other.
static void test_beside_imports (void **state)
{
    fixture_t *self = *state;
    archive_plan_t *plan;
    uint64_t change;
    archive_act_t act = self->act;
    act.what = "undo";
    act.undoable = false;
    fixture_import (self, "terminal,area\na,1\n");
    s_apply (self, "", EVENTS);
    CHECK_OK (archive_plan_undo (self->archive, self->place->store, &plan, &self->fault));
    assert_int_equal (archive_plan_number (plan, ARCHIVE_TASK), 0);
    CHECK_OK (archive_apply (self->archive, self->place->store, &plan, &act, &change));
    fixture_reload (self);
    assert_int_equal (archive_count (self->archive), 0);
    assert_non_null (archive_task_find (self->archive, bytes_text ("events")));
    plan = s_plan (self, "", DAILY);
    assert_int_equal (archive_plan_number (plan, ARCHIVE_TASK), 2);
    assert_int_equal (archive_plan_number (plan, ARCHIVE_PROFILE), 0);
    assert_int_equal (archive_plan_touched_count (plan), 0);
    s_apply (self, "", "task between\ntype event\n");
    CHECK_ERR (archive_apply (self->archive, self->place->store, &plan, &act, &change), FEP_BUSY);
}

typedef struct {
    char names[200];  //  "number name;" of each
    int left;         //  Then the visit gives BUSY
} seen_t;

static fep_err_t s_see (void *arg, const task_t *task)
{
    seen_t *seen = arg;
    size_t used = strlen (seen->names);
    snprintf (seen->names + used, sizeof seen->names - used, "%u %s %s;", task->number, task->name,
              task_type_name (task->type));
    return --seen->left == 0 ? FEP_BUSY : FEP_OK;
}

static void test_each (void **state)
{
    fixture_t *self = *state;
    store_t *store = self->place->store;
    seen_t seen = {.left = 10};
    CHECK_OK (archive_tasks_each (store, s_see, &seen));
    assert_string_equal (seen.names, "");
    s_apply (self, "", DAILY);
    s_apply (self, "", "task gone\ntype event\n");
    s_apply (self, "", EVENTS);
    s_apply (self, "gone", "");
    CHECK_OK (archive_tasks_each (store, s_see, &seen));
    assert_string_equal (seen.names, "1 daily energy daily;3 events event;");
    seen = (seen_t){.left = 1};
    CHECK_ERR (archive_tasks_each (store, s_see, &seen), FEP_BUSY);
    assert_string_equal (seen.names, "1 daily energy daily;");
}

//  A row that is no task, of another name, or of a later version.
static void test_damaged (void **state)
{
    fixture_t *self = *state;
    store_t *store = self->place->store;
    static const struct {
        const char *value;
        fep_err_t error;
    } cases[] = {{"\x94\1\xA1x\xB2task x\ntype hourly\5", FEP_CORRUPT},
                 {"\x94\1\xA1y\xB1task x\ntype event\5", FEP_CORRUPT},
                 {"\x94\1\xA1x\xB1task x\n", FEP_CORRUPT},
                 {"\x94\2\xA1x\xB1task x\ntype event\5", FEP_VERSION},
                 {"\x94\1\xA1x\xB1task x\ntype event\5", FEP_OK}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        seen_t seen = {.left = 10};
        row_t row = {FAMILY_ARCHIVE, bytes_of ("t\0\1", 3), bytes_text (cases[i].value)};
        CHECK_OK (store_put (store, &row, 1));
        CHECK_ERR (archive_tasks_each (store, s_see, &seen), cases[i].error);
        archive_t *archive;
        CHECK_ERR (archive_load (store, &archive), cases[i].error);
        archive_destroy (&archive);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_put_and_find),   TEST (test_differences), TEST (test_removed),
        TEST (test_refused),        TEST (test_log),         TEST (test_long_ones),
        TEST (test_beside_imports), TEST (test_each),        TEST (test_damaged),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
