//  Tasks: every key, what a text leaves out, faults with line and what is allowed, text to task and back, and slots
//  in days of 23, 24 and 25 hours.
#include "fep/task.h"
#include "fep/point.h"
#include "tests/test.h"
#include <stdio.h>
#include <stdlib.h>

#define SECOND 1000ll
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

#define IMPORT POINT (1, 0, 1, 8, 0)
#define EXPORT POINT (1, 0, 2, 8, 0)
#define POINTS "points energy.active.import.total_kWh\n"

static task_fault_t s_fault;

static task_t s_good (const char *text)
{
    task_t task;
    memset (&task, 0xA5, sizeof task);
    fep_err_t error = task_parse (bytes_text (text), &task, &s_fault);
    if (error) {
        fail_msg ("%s: line %u: %s", fep_err_name (error), s_fault.line, s_fault.text);
    }
    assert_true (s_fault.line == 0 && s_fault.text[0] == 0 && task.number == 0);
    return task;
}

//  The text must be refused with that error, on that line, with both words in the fault.
static void s_bad (const char *text, fep_err_t expected, uint32_t line, const char *what,
                   const char *allowed)
{
    task_t task;
    fep_err_t error = task_parse (bytes_text (text), &task, &s_fault);
    if (error != expected || s_fault.line != line || !strstr (s_fault.text, what) ||
        !strstr (s_fault.text, allowed)) {
        fail_msg ("%s: %s, line %u '%s', not %s, line %u '%s' '%s'", text, fep_err_name (error),
                  s_fault.line, s_fault.text, fep_err_name (expected), line, what, allowed);
    }
}

//  A line behind "task t" and a type.
static void s_bad_line (const char *type, const char *line, fep_err_t expected, const char *what,
                        const char *allowed)
{
    char text[400];
    snprintf (text, sizeof text, "task t\ntype %s\n%s\n%s", type, line,
              strcmp (type, "event") == 0 ? "" : POINTS);
    s_bad (text, expected, 3, what, allowed);
}

//  ---- Texts ----

static void test_every_key (void **state)
{
    (void) state;
    task_t task = s_good ("\xEF\xBB\xBF# of the north\r\n\r\n  task daily  energy # 1 \r\n"
                          "type\tdaily\r\ngroup street lights\narea 63\nterminal 310100001\n"
                          "points energy.active.import.total_kWh\t1.0.2.8.0\n"
                          "offset 45m\nspread 90s\nfrom 2026-11-01\nto 2028-02-29\npriority 0\n"
                          "rereads 250\nreread_every 1s\nwindow 62d\nshare 1\npaused yes");
    assert_string_equal (task.name, "daily  energy # 1");
    assert_true (task.type == TASK_DAILY && task.area == 63 && task.paused);
    assert_string_equal (task.group, "street lights");
    assert_string_equal (task.terminal, "310100001");
    assert_true (task.point_count == 2 && task.points[0] == IMPORT && task.points[1] == EXPORT);
    assert_true (task.period_ms == 0 && task.offset_ms == 45 * MINUTE &&
                 task.spread_ms == 90 * SECOND);
    assert_true (task.from_day == 20758 && task.to_day == 21243);
    assert_true (task.priority == 0 && task.rereads == 250 && task.reread_ms == SECOND);
    assert_true (task.window_ms == 62 * DAY && task.share == 1);
}

static void test_what_is_left_out (void **state)
{
    (void) state;
    static const struct {
        const char *rest;
        int64_t period, offset, spread, window;
    } cases[] = {
        {"real_time\n" POINTS, 15 * MINUTE, 0, 10 * MINUTE, 15 * MINUTE},
        {"status\nperiod 5m\n" POINTS, 5 * MINUTE, 0, 5 * MINUTE, 5 * MINUTE},
        {"curve\nperiod 1d\n" POINTS, DAY, 2 * MINUTE, 10 * MINUTE, DAY},
        {"daily\n" POINTS, 0, 30 * MINUTE, 10 * MINUTE, DAY},
        {"monthly\n" POINTS, 0, 30 * MINUTE, 10 * MINUTE, 10 * DAY},
        {"event\n", HOUR, 0, 10 * MINUTE, DAY},
        {"real_time\noffset 20m\n" POINTS, 15 * MINUTE, 20 * MINUTE, 10 * MINUTE, 40 * MINUTE},
        {"daily\noffset 1d\n" POINTS, 0, DAY, 10 * MINUTE, 2 * DAY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[200];
        snprintf (text, sizeof text, "task t\ntype %s", cases[i].rest);
        task_t task = s_good (text);
        assert_true (task.period_ms == cases[i].period && task.offset_ms == cases[i].offset &&
                     task.spread_ms == cases[i].spread && task.window_ms == cases[i].window);
        assert_true (task.group[0] == 0 && task.area == -1 && task.terminal[0] == 0);
        assert_true (task.from_day == INT32_MIN && task.to_day == INT32_MAX);
        assert_true (task.priority == 5 && task.rereads == 8 && task.reread_ms == 30 * MINUTE);
        assert_true (task.share == 100 && !task.paused);
    }
}

static void test_types (void **state)
{
    (void) state;
    static const struct {
        const char *name;
        freeze_t freeze;
    } types[TASK_TYPE_COUNT] = {{"real_time", FREEZE_NONE}, {"status", FREEZE_NONE},
                                {"curve", FREEZE_CURVE},    {"daily", FREEZE_DAY},
                                {"monthly", FREEZE_MONTH},  {"event", FREEZE_NONE}};
    for (uint8_t type = 0; type < TASK_TYPE_COUNT; type++) {
        assert_string_equal (task_type_name (type), types[type].name);
        assert_int_equal (task_freeze (type), types[type].freeze);
    }
    assert_string_equal (task_type_name (TASK_TYPE_COUNT), "?");
    assert_int_equal (task_freeze (200), FREEZE_NONE);
}

static void test_faults_of_the_whole (void **state)
{
    (void) state;
    s_bad ("", FEP_SYNTAX, 0, "nothing in it", "task NAME");
    s_bad ("# only this\n", FEP_SYNTAX, 0, "nothing in it", "task NAME");
    s_bad ("\ntype daily\n", FEP_SYNTAX, 2, "type before task", "task NAME");
    s_bad ("task t\n" POINTS, FEP_SYNTAX, 0, "no type", "real_time, status, curve, daily");
    s_bad ("task t\ntype curve\n", FEP_SYNTAX, 0, "no points", "curve task has 1..32");
    s_bad ("task t\n\ntype daily\ntype daily\n", FEP_SYNTAX, 4, "type again, first in line 3",
           "one line");
    s_bad ("task t\nname x\n", FEP_SYNTAX, 2, "no key 'name'",
           "task type group area terminal points period offset spread from to priority rereads "
           "reread_every window timely share report paused");
    s_bad ("task t\ntype\n", FEP_SYNTAX, 2, "type without a value", "key value");
    s_bad ("task t\ntype daily\x01\n", FEP_SYNTAX, 2, "0x01", "text");
    s_bad ("task t\ntype daily\n" POINTS "from 2026-02-02\nto 2026-02-01", FEP_RANGE, 5,
           "to is before from", "a later one");
    s_bad ("task t\ntype daily\nwindow 30m\n" POINTS "offset 30m", FEP_RANGE, 3, "window 30m",
           "more than the offset, 30m");
    char text[TASK_TEXT_MAX + 2];
    memset (text, '#', sizeof text - 1);
    text[sizeof text - 1] = 0;
    s_bad (text, FEP_LIMIT, 0, "4097 bytes", "4096");
}

static void test_faults_of_names (void **state)
{
    (void) state;
    char line[120];
    s_bad_line ("daily", "group a\"b", FEP_RANGE, "group 'a\"b'", "1..63 bytes");
    s_bad_line ("daily", "terminal 123456789012345678901234", FEP_RANGE, "terminal", "1..23 bytes");
    s_bad_line ("daily", "area 64", FEP_RANGE, "area '64'", "0..63");
    s_bad_line ("daily", "area -1", FEP_RANGE, "area '-1'", "0..63");
    snprintf (line, sizeof line, "task %048d\n", 0);
    s_bad (line, FEP_RANGE, 1, "task '0000", "1..47 bytes");
    s_bad ("task t\ntype hourly\n", FEP_RANGE, 2, "type 'hourly'",
           "real_time, status, curve, daily, monthly, event");
    s_bad_line ("event", "points energy.active.import.total_kWh", FEP_RANGE, "points",
                "no such line in an event task");
    s_bad ("task t\ntype daily\npoints voltage.l1_V nonsense", FEP_RANGE, 3, "'nonsense' is none",
           "dictionary and OBIS");
    s_bad ("task t\ntype daily\npoints voltage.l1_V 1.0.32.7.0", FEP_RANGE, 3, "1.0.32.7.0' again",
           "each once");
    char text[1000] = "task t\ntype daily\npoints";
    for (int i = 0; i <= TASK_POINTS_MAX; i++) {
        size_t used = strlen (text);
        snprintf (text + used, sizeof text - used, " 1.0.1.8.%d", i);
    }
    s_bad (text, FEP_LIMIT, 3, "too many", "32");
}

static void test_faults_of_numbers (void **state)
{
    (void) state;
    s_bad_line ("curve", "period 7m", FEP_RANGE, "period '7m'", "divide a day");
    s_bad_line ("curve", "period 30s", FEP_RANGE, "period '30s'", "1m..1d, whole numbers");
    s_bad_line ("curve", "period 2d", FEP_RANGE, "period '2d'", "1m..1d");
    s_bad_line ("curve", "period 15", FEP_RANGE, "period '15'", "of s, m, h or d");
    s_bad_line ("curve", "period 1.5h", FEP_RANGE, "period '1.5h'", "of s, m, h or d");
    s_bad_line ("curve", "period 99999999999999999m", FEP_RANGE, "period '9999", "1m..1d");
    s_bad_line ("curve", "period 9999999999999999999m", FEP_RANGE, "period '9999", "1m..1d");
    s_bad_line ("daily", "period 1d", FEP_RANGE, "period 1d", "no period");
    s_bad_line ("monthly", "period 1d", FEP_RANGE, "period 1d", "no period");
    s_bad_line ("daily", "offset 29m", FEP_RANGE, "offset 29m", "30m..1d for a daily task");
    s_bad_line ("daily", "offset 25h", FEP_RANGE, "offset 25h", "30m..1d for a daily task");
    s_bad_line ("monthly", "offset 0s", FEP_RANGE, "offset 0s", "30m..10d for a monthly task");
    s_bad_line ("curve", "offset 2d", FEP_RANGE, "offset 2d", "0s..1d for a curve task");
    s_bad_line ("curve", "offset 11d", FEP_RANGE, "offset '11d'", "0s..10d");
    s_bad_line ("curve", "spread 16m", FEP_RANGE, "spread 16m", "0s..15m, the period");
    s_bad_line ("daily", "spread 25h", FEP_RANGE, "spread '25h'", "0s..1d");
    s_bad_line ("daily", "from 2026-02-30", FEP_RANGE, "from '2026-02-30'", "a day from 1970");
    s_bad_line ("daily", "to 2026-2-3", FEP_RANGE, "to '2026-2-3'", "a day from 1970");
    s_bad_line ("daily", "to 2026-02-03x", FEP_RANGE, "to '2026-02-03x'", "a day from 1970");
    s_bad_line ("daily", "priority 10", FEP_RANGE, "priority '10'", "0..9");
    s_bad_line ("daily", "priority 5 6", FEP_RANGE, "priority '5 6'", "0..9");
    s_bad_line ("daily", "rereads 251", FEP_RANGE, "rereads '251'", "0..250");
    s_bad_line ("daily", "reread_every 0s", FEP_RANGE, "reread_every '0s'", "1s..7d");
    s_bad_line ("daily", "window 63d", FEP_RANGE, "window '63d'", "1s..62d");
    s_bad_line ("daily", "share 0", FEP_RANGE, "share '0'", "1..100");
    s_bad_line ("daily", "share 101", FEP_RANGE, "share '101'", "1..100");
    s_bad_line ("daily", "paused maybe", FEP_RANGE, "paused 'maybe'", "yes, no");
}

//  ---- And back ----

static const char *s_format (const task_t *task)
{
    static char text[TASK_TEXT_MAX + 1];
    writer_t out = writer_of (text, TASK_TEXT_MAX);
    task_format (task, &out);
    assert_false (out.failed);
    text[out.size] = 0;
    return text;
}

static void s_same (const task_t *a, const task_t *b)
{
    assert_string_equal (a->name, b->name);
    assert_string_equal (a->group, b->group);
    assert_string_equal (a->terminal, b->terminal);
    assert_memory_equal (a->points, b->points, sizeof a->points);
    assert_true (a->type == b->type && a->area == b->area && a->point_count == b->point_count);
    assert_true (a->period_ms == b->period_ms && a->offset_ms == b->offset_ms &&
                 a->spread_ms == b->spread_ms && a->reread_ms == b->reread_ms &&
                 a->window_ms == b->window_ms);
    assert_true (a->from_day == b->from_day && a->to_day == b->to_day &&
                 a->priority == b->priority && a->rereads == b->rereads && a->share == b->share &&
                 a->paused == b->paused);
}

static void test_format (void **state)
{
    (void) state;
    task_t task = s_good ("task daily energy\n# why\ntype daily\ngroup north\n"
                          "points 1.0.1.8.0 1.0.199.8.0\nwindow 48h\nfrom 2026-11-01\n");
    assert_string_equal (s_format (&task),
                         "task daily energy\ntype daily\ngroup north\n"
                         "points energy.active.import.total_kWh 1.0.199.8.0\noffset 30m\n"
                         "spread 10m\nfrom 2026-11-01\npriority 5\nrereads 8\n"
                         "reread_every 30m\nwindow 2d\ntimely 8h\nshare 100\npaused no\n");
    task = s_good ("task x\ntype event\narea 0\nspread 0s\n");
    assert_string_equal (s_format (&task), "task x\ntype event\narea 0\nperiod 1h\noffset 0s\n"
                                           "spread 0s\npriority 5\nrereads 8\nreread_every 30m\n"
                                           "window 1d\ntimely 1h\nshare 100\npaused no\n");
}

//  The longest text there can be still fits.
static void test_format_has_room (void **state)
{
    (void) state;
    task_t task = s_good ("task x\ntype curve\n" POINTS);
    memset (task.name, 'n', TASK_NAME_MAX);
    memset (task.group, 'g', sizeof task.group - 1);
    memset (task.terminal, 't', ADDRESS_MAX);
    task.point_count = 0;
    for (size_t i = 0; point_at (i) && task.point_count < TASK_POINTS_MAX; i++) {
        if (strlen (point_at (i)->name) > 30) {
            task.points[task.point_count++] = point_at (i)->point;
        }
    }
    assert_int_equal (task.point_count, TASK_POINTS_MAX);
    task_t again = s_good (s_format (&task));
    s_same (&task, &again);
}

static void test_keys (void **state)
{
    (void) state;
    task_t task = s_good ("task x\ntype event\n");
    char room[64];
    writer_t out = writer_of (room, sizeof room);
    assert_string_equal (task_key (0), "task");
    size_t count = 0;
    while (task_key (count)) {
        count++;
    }
    assert_string_equal (task_key (count - 1), "paused");
    task_put_value (&task, count - 1, &out);
    assert_true (bytes_equal (writer_bytes (&out), bytes_text ("no")));
    out.size = 0;
    task_put_value (&task, 2, &out);
    assert_string_equal (task_key (2), "group");
    assert_int_equal (out.size, 0);
    task_put_value (&task, count, &out);
    assert_int_equal (out.size, 0);
}

static void test_paused (void **state)
{
    (void) state;
    static const struct {
        const char *text;
        bool paused;
        const char *wanted;
    } cases[] = {
        {"task a\ntype event", true, "task a\ntype event\npaused yes\n"},
        {"task a\r\n# paused no\r\n paused\tno \r\ntype event\r\n", true,
         "task a\r\n# paused no\r\npaused yes\ntype event\r\n"},
        {"task a\ntype event\npaused yes", false, "task a\ntype event\npaused no\n"},
        {"task a\npaused yes\ntype event", true, "task a\npaused yes\ntype event"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char room[200];
        writer_t out = writer_of (room, strlen (cases[i].text) + TASK_PAUSED_ROOM);
        task_put_paused (bytes_text (cases[i].text), cases[i].paused, &out);
        assert_false (out.failed);
        room[out.size] = 0;
        assert_string_equal (room, cases[i].wanted);
        assert_int_equal (s_good (room).paused, cases[i].paused);
    }
}

static void test_there_and_back (void **state)
{
    (void) state;
    static const char *const texts[] = {
        "task a\ntype daily\ngroup street lights\narea 0\nterminal 310100001\n"
        "points energy.active.import.total_kWh 1.0.2.8.0 1.0.199.8.0\noffset 3661s\nspread 0s\n"
        "from 1970-01-01\nto 9999-12-31\npriority 9\nrereads 0\nreread_every 7d\nwindow 36h\n"
        "share 7\npaused yes\n",
        "task b\ntype event\n",
        "task c\ntype real_time\nperiod 1m\n" POINTS,
        "task d\ntype monthly\noffset 10d\n" POINTS,
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        task_t task = s_good (texts[i]);
        task_t again = s_good (s_format (&task));
        s_same (&task, &again);
    }
}

//  ---- Slots ----

static zone_t s_zone (const char *text)
{
    zone_t zone;
    CHECK_OK (zone_parse (text, &zone));
    return zone;
}

#define CET "CET-1CEST,M3.5.0,M10.5.0/3"

//  UTC.
static int64_t s_at (int year, int month, int day, int hour, int minute)
{
    static const zone_t utc;
    int64_t ms = 0;
    clock_civil_t civil = {year, month, day, hour, minute, 0};
    assert_true (zone_utc (&utc, &civil, ZONE_EARLIER, &ms));
    return ms;
}

static task_t s_task (const char *type, const char *more)
{
    char text[300];
    snprintf (text, sizeof text, "task t\ntype %s\n%s%s", type, more,
              strcmp (type, "event") == 0 ? "" : POINTS);
    return s_good (text);
}

//  Slots from an instant on, up to and with another, are that many; backwards they are the same ones.
static void s_count (const task_t *task, const zone_t *zone, int64_t from, int64_t to, size_t count)
{
    int64_t slot = task_slot (task, zone, from);
    int64_t before = INT64_MIN;
    size_t seen = 0;
    for (; slot <= to; slot = task_slot (task, zone, slot + 1)) {
        assert_true (task_is_slot (task, zone, slot) && !task_is_slot (task, zone, slot + 1));
        assert_true (seen == 0 || task_slot_before (task, zone, slot) == before);
        assert_true (seen == 0 || task_slot_before (task, zone, slot - 1) == before);
        before = slot;
        seen++;
    }
    assert_int_equal (seen, count);
}

static void test_period_slots (void **state)
{
    (void) state;
    zone_t zone = s_zone (CET);
    task_t task = s_task ("curve", "period 15m\n");
    //  29 March has 23 hours, 25 October 25; in UTC their midnights are 23:00 or 22:00 of the day before.
    s_count (&task, &zone, s_at (2026, 3, 28, 23, 0), s_at (2026, 3, 29, 21, 59), 92);
    s_count (&task, &zone, s_at (2026, 10, 24, 22, 0), s_at (2026, 10, 25, 22, 59), 100);
    s_count (&task, &zone, s_at (2026, 6, 1, 22, 0), s_at (2026, 6, 2, 21, 59), 96);
    task = s_task ("curve", "period 2h\n");
    s_count (&task, &zone, s_at (2026, 10, 24, 22, 0), s_at (2026, 10, 25, 22, 59), 13);
    assert_true (task_is_slot (&task, &zone, s_at (2026, 10, 25, 22, 0)));
    assert_true (task_slot (&task, &zone, s_at (2026, 10, 25, 22, 1)) ==
                 s_at (2026, 10, 25, 23, 0));
    s_count (&task, &zone, s_at (2026, 3, 28, 23, 0), s_at (2026, 3, 29, 21, 59), 12);
    assert_true (task_is_slot (&task, &zone, s_at (2026, 3, 29, 21, 0)));
    assert_true (task_slot (&task, &zone, s_at (2026, 3, 29, 21, 1)) == s_at (2026, 3, 29, 22, 0));
    //  Also the 25th hour is more than a day.
    task = s_task ("event", "period 1d\n");
    s_count (&task, &zone, s_at (2026, 10, 24, 0, 0), s_at (2026, 10, 27, 0, 0), 4);
}

static void test_daily_slots (void **state)
{
    (void) state;
    zone_t zone = s_zone (CET);
    task_t task = s_task ("daily", "");
    assert_true (task_slot (&task, &zone, s_at (2026, 3, 28, 23, 0)) == s_at (2026, 3, 28, 23, 0));
    assert_true (task_slot (&task, &zone, s_at (2026, 3, 28, 23, 1)) == s_at (2026, 3, 29, 22, 0));
    assert_true (task_slot (&task, &zone, s_at (2026, 10, 25, 0, 0)) == s_at (2026, 10, 25, 23, 0));
    assert_true (task_slot_before (&task, &zone, s_at (2026, 10, 25, 23, 0)) ==
                 s_at (2026, 10, 24, 22, 0));
    s_count (&task, &zone, s_at (2026, 1, 1, 0, 0), s_at (2027, 1, 1, 0, 0), 365);
    //  The node's own zone is UTC+8.
    assert_true (task_slot (&task, NULL, s_at (2026, 3, 28, 16, 1)) == s_at (2026, 3, 29, 16, 0));
}

static void test_monthly_slots (void **state)
{
    (void) state;
    zone_t zone = s_zone (CET);
    task_t task = s_task ("monthly", "");
    assert_true (task_slot (&task, &zone, s_at (2026, 2, 1, 0, 0)) == s_at (2026, 2, 28, 23, 0));
    assert_true (task_slot (&task, &zone, s_at (2026, 3, 31, 22, 0)) == s_at (2026, 3, 31, 22, 0));
    assert_true (task_slot (&task, &zone, s_at (2026, 12, 31, 23, 1)) == s_at (2027, 1, 31, 23, 0));
    assert_true (task_slot_before (&task, &zone, s_at (2026, 3, 31, 22, 0)) ==
                 s_at (2026, 2, 28, 23, 0));
    s_count (&task, &zone, s_at (2026, 1, 1, 0, 0), s_at (2028, 1, 1, 0, 0), 24);
}

//  From 2 to 4 March, as each type counts days.
static void test_first_and_last_day (void **state)
{
    (void) state;
    zone_t zone = s_zone ("+08:00");
    const int64_t early = s_at (2026, 1, 1, 0, 0), late = s_at (2027, 1, 1, 0, 0);
    task_t task = s_task ("curve", "period 12h\nfrom 2026-03-02\nto 2026-03-04\n");
    assert_true (task_slot (&task, &zone, early) == s_at (2026, 3, 1, 16, 0));
    assert_true (task_slot_before (&task, &zone, late) == s_at (2026, 3, 4, 4, 0));
    s_count (&task, &zone, early, late, 6);
    task = s_task ("daily", "from 2026-03-02\nto 2026-03-04\n");
    assert_true (task_slot (&task, &zone, early) == s_at (2026, 3, 2, 16, 0));
    assert_true (task_slot_before (&task, &zone, late) == s_at (2026, 3, 4, 16, 0));
    s_count (&task, &zone, early, late, 3);
    assert_true (task_slot (&task, &zone, s_at (2026, 3, 4, 16, 1)) == INT64_MAX);
    assert_true (task_slot_before (&task, &zone, s_at (2026, 3, 2, 16, 0)) == INT64_MIN);
    task = s_task ("monthly", "from 2026-03-31\nto 2026-04-30\n");
    assert_true (task_slot (&task, &zone, early) == s_at (2026, 3, 31, 16, 0));
    s_count (&task, &zone, early, late, 2);
    task = s_task ("monthly", "from 2026-04-01\nto 2026-04-29\n");
    assert_true (task_slot (&task, &zone, early) == INT64_MAX);
    assert_true (task_slot_before (&task, &zone, late) == INT64_MIN);
}

//  Clocks that leap over midnight, or go back over it: each day has one, and no slot comes twice.
static void test_midnights (void **state)
{
    (void) state;
    static const char *const zones[] = {"<-03>3<-02>,M10.1.0/0,M2.3.0/0",
                                        "<+02>-2<+03>,M4.5.5/0,M10.5.4/0:30",
                                        "EST5EDT,M3.2.0,M11.1.0", "+14:00", "<+0545>-5:45"};
    task_t daily = s_task ("daily", "");
    task_t curve = s_task ("curve", "period 30m\n");
    for (size_t i = 0; i < sizeof zones / sizeof *zones; i++) {
        zone_t zone = s_zone (zones[i]);
        int64_t slot = task_slot (&daily, &zone, s_at (2026, 1, 1, 12, 0));
        for (int day = 0; day < 400; day++) {
            int64_t next = task_slot (&daily, &zone, slot + 1);
            assert_true (next - slot >= 23 * HOUR && next - slot <= 25 * HOUR);
            s_count (&curve, &zone, slot, next - 1, (size_t) ((next - slot) / (30 * MINUTE)));
            assert_true (task_slot_before (&daily, &zone, next) == slot);
            slot = next;
        }
    }
}

static void test_ends_of_time (void **state)
{
    (void) state;
    static const char *const types[] = {"curve", "daily", "monthly"};
    zone_t zone = s_zone (CET);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        task_t task = s_task (types[i], "");
        const zone_t *both[] = {&zone, NULL};
        for (size_t k = 0; k < 2; k++) {
            int64_t first = task_slot (&task, both[k], INT64_MIN);
            assert_true (first > 0 && first <= 32 * DAY);
            assert_true (task_slot_before (&task, both[k], first) == INT64_MIN);
            assert_true (task_slot_before (&task, both[k], INT64_MIN) == INT64_MIN);
            assert_true (task_slot (&task, both[k], INT64_MAX) == INT64_MAX);
            int64_t last = task_slot_before (&task, both[k], INT64_MAX);
            assert_true (last > s_at (9990, 1, 1, 0, 0));
            assert_true (task_slot (&task, both[k], last + 1) == INT64_MAX);
        }
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_every_key),
        cmocka_unit_test (test_what_is_left_out),
        cmocka_unit_test (test_types),
        cmocka_unit_test (test_faults_of_the_whole),
        cmocka_unit_test (test_faults_of_names),
        cmocka_unit_test (test_faults_of_numbers),
        cmocka_unit_test (test_format),
        cmocka_unit_test (test_format_has_room),
        cmocka_unit_test (test_keys),
        cmocka_unit_test (test_paused),
        cmocka_unit_test (test_there_and_back),
        cmocka_unit_test (test_period_slots),
        cmocka_unit_test (test_daily_slots),
        cmocka_unit_test (test_monthly_slots),
        cmocka_unit_test (test_first_and_last_day),
        cmocka_unit_test (test_midnights),
        cmocka_unit_test (test_ends_of_time),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
