//  A task's text: one table of keys, each with how it is read and how it is written.
#include "fep/task.h"
#include "fep/point.h"
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define SECOND 1000ll
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define PERIOD_USUAL (15 * MINUTE)
#define PERIOD_USUAL_EVENT HOUR
#define OFFSET_LEAST_DAILY (30 * MINUTE)
#define OFFSET_USUAL_CURVE (2 * MINUTE)
#define OFFSET_MAX DAY
#define OFFSET_MAX_MONTHLY (10 * DAY)
#define SPREAD_USUAL (10 * MINUTE)
#define REREAD_USUAL (30 * MINUTE)
#define REREAD_MAX (7 * DAY)
#define WINDOW_USUAL DAY
#define WINDOW_USUAL_MONTHLY (10 * DAY)
#define WINDOW_MAX (62 * DAY)
#define TIMELY_USUAL_DAILY (8 * HOUR)
#define TIMELY_USUAL_MONTHLY DAY

enum {
    PRIORITY_USUAL = 5,
    PRIORITY_MAX = 9,
    REREADS_USUAL = 8,
    REREADS_MAX = 250,
    SHARE_MAX = 100
};
enum { POINT_TEXT = 64, SHOWN_MAX = 60, KEY_SHOWN_MAX = 24 };

typedef enum {
    KEY_TASK,
    KEY_TYPE,
    KEY_GROUP,
    KEY_AREA,
    KEY_TERMINAL,
    KEY_POINTS,
    KEY_PERIOD,
    KEY_OFFSET,
    KEY_SPREAD,
    KEY_FROM,
    KEY_TO,
    KEY_PRIORITY,
    KEY_REREADS,
    KEY_REREAD_EVERY,
    KEY_WINDOW,
    KEY_TIMELY,
    KEY_SHARE,
    KEY_REPORT,
    KEY_PAUSED,
    KEY_COUNT
} s_key_t;

typedef struct {
    task_t *task;                   //  Being filled
    task_fault_t *fault;            //  Of the caller
    uint32_t line;                  //  From 1
    uint32_t lines[KEY_COUNT];      //  Where each key stands; 0 = nowhere
    char value[TASK_TEXT_MAX + 1];  //  Behind the key of the line
} s_parse_t;

//  ---- Types ----

static const struct {
    const char *name;    //  In texts
    uint8_t freeze;      //  freeze_t
    int64_t period_ms;   //  Without that line; 0: it has none
    int64_t offset_low;  //  ms
    int64_t offset_high;
    int64_t offset_ms;  //  Without that line
} s_types[TASK_TYPE_COUNT] = {
    [TASK_REAL_TIME] = {"real_time", FREEZE_NONE, PERIOD_USUAL, 0, OFFSET_MAX, 0},
    [TASK_STATUS] = {"status", FREEZE_NONE, PERIOD_USUAL, 0, OFFSET_MAX, 0},
    [TASK_CURVE] = {"curve", FREEZE_CURVE, PERIOD_USUAL, 0, OFFSET_MAX, OFFSET_USUAL_CURVE},
    [TASK_DAILY] = {"daily", FREEZE_DAY, 0, OFFSET_LEAST_DAILY, OFFSET_MAX, OFFSET_LEAST_DAILY},
    [TASK_MONTHLY] = {"monthly", FREEZE_MONTH, 0, OFFSET_LEAST_DAILY, OFFSET_MAX_MONTHLY,
                      OFFSET_LEAST_DAILY},
    [TASK_EVENT] = {"event", FREEZE_NONE, PERIOD_USUAL_EVENT, 0, OFFSET_MAX, 0},
};

static bool s_has_period (uint8_t type)
{
    return s_types[type].period_ms > 0;
}

const char *task_type_name (uint8_t type)
{
    return type < TASK_TYPE_COUNT ? s_types[type].name : "?";
}

uint8_t task_freeze (uint8_t type)
{
    return type < TASK_TYPE_COUNT ? s_types[type].freeze : FREEZE_NONE;
}

//  ---- Faults, numbers, times, days ----

FEP_PRINTF (3, 4)
static fep_err_t s_fault (s_parse_t *self, fep_err_t error, const char *format, ...)
{
    va_list args;
    va_start (args, format);
    self->fault->line = self->line;
    vsnprintf (self->fault->text, sizeof self->fault->text, format, args);
    va_end (args);
    return error;
}

//  "KEY 'VALUE'; allowed are ...": about the line being read.
static fep_err_t s_bad (s_parse_t *self, s_key_t key, const char *allowed)
{
    return s_fault (self, FEP_RANGE, "%s '%.*s'; allowed %s", task_key (key), SHOWN_MAX,
                    self->value, allowed);
}

//  Digits alone, at most as many as 18; then *end is behind them. False: there are none, or more.
static bool s_digits (const char *text, const char **end, int64_t *number)
{
    size_t size = strspn (text, "0123456789");
    *number = 0;
    *end = text + size;
    for (size_t i = 0; i < size && size <= 18; i++) {
        *number = *number * 10 + (text[i] - '0');
    }
    return size > 0 && size <= 18;
}

static fep_err_t s_read_number (s_parse_t *self, s_key_t key, int64_t low, int64_t high,
                                int64_t *number)
{
    const char *end;
    if (!s_digits (self->value, &end, number) || *end || *number < low || *number > high) {
        char allowed[64];
        snprintf (allowed, sizeof allowed, "are %" PRId64 "..%" PRId64, low, high);
        return s_bad (self, key, allowed);
    }
    return FEP_OK;
}

static const struct {
    char unit;
    int64_t ms;
} s_units[] = {{'d', DAY}, {'h', HOUR}, {'m', MINUTE}, {'s', SECOND}};

void task_time_text (int64_t ms, char text[TASK_TIME_SIZE])
{
    size_t i = 0;
    while (i + 1 < sizeof s_units / sizeof *s_units && (ms == 0 || ms % s_units[i].ms != 0)) {
        i++;
    }
    snprintf (text, TASK_TIME_SIZE, "%" PRId64 "%c", ms / s_units[i].ms, s_units[i].unit);
}

static bool s_time (const char *text, int64_t *ms)
{
    const char *end;
    int64_t number;
    if (!s_digits (text, &end, &number)) {
        return false;
    }
    for (size_t i = 0; i < sizeof s_units / sizeof *s_units; i++) {
        if (end[0] == s_units[i].unit && end[1] == 0) {
            return !__builtin_mul_overflow (number, s_units[i].ms, ms);
        }
    }
    return false;
}

static fep_err_t s_read_time (s_parse_t *self, s_key_t key, int64_t low, int64_t high, int64_t *ms)
{
    if (!s_time (self->value, ms) || *ms < low || *ms > high) {
        char from[TASK_TIME_SIZE];
        char to[TASK_TIME_SIZE];
        char allowed[120];
        task_time_text (low, from);
        task_time_text (high, to);
        snprintf (allowed, sizeof allowed, "are %s..%s, whole numbers of s, m, h or d", from, to);
        return s_bad (self, key, allowed);
    }
    return FEP_OK;
}

//  Days are counted as if the node's offset were none: it is taken out again.
static int64_t s_shift_ms (void)
{
    return (int64_t) clock_offset_min () * MINUTE;
}

static fep_err_t s_read_day (s_parse_t *self, s_key_t key, int32_t *day)
{
    static const char shape[] = "0000-00-00";
    const char *text = self->value;
    int64_t utc_ms = 0;
    bool good = strlen (text) == strlen (shape);
    for (size_t i = 0; good && shape[i]; i++) {
        good = shape[i] == '0' ? text[i] >= '0' && text[i] <= '9' : text[i] == shape[i];
    }
    if (good) {
        clock_civil_t civil = {.hour = 12};
        good = sscanf (text, "%4d-%2d-%2d", &civil.year, &civil.month, &civil.day) == 3 &&
               clock_from_civil (&civil, &utc_ms);
    }
    *day = (int32_t) ((utc_ms + s_shift_ms ()) / DAY);
    return good ? FEP_OK : s_bad (self, key, "is a day from 1970-01-01 to 9999-12-31");
}

void task_date (int32_t day, clock_civil_t *civil)
{
    clock_to_civil (day * DAY + DAY / 2 - s_shift_ms (), civil);
}

static void s_put_day (int32_t day, writer_t *out)
{
    char text[40];
    clock_civil_t civil;
    task_date (day, &civil);
    int size = snprintf (text, sizeof text, "%04d-%02d-%02d", civil.year, civil.month, civil.day);
    writer_put (out, text, (size_t) size);
}

//  ---- Keys: reading ----

static fep_err_t s_read_text (s_parse_t *self, s_key_t key, char *text, size_t size)
{
    size_t length = strlen (self->value);
    if (length >= size || strchr (self->value, '"')) {
        char allowed[64];
        snprintf (allowed, sizeof allowed, "are 1..%zu bytes without \"", size - 1);
        return s_bad (self, key, allowed);
    }
    memcpy (text, self->value, length + 1);
    return FEP_OK;
}

static fep_err_t s_read_task (s_parse_t *self)
{
    return s_read_text (self, KEY_TASK, self->task->name, sizeof self->task->name);
}

static fep_err_t s_read_type (s_parse_t *self)
{
    for (uint8_t type = 0; type < TASK_TYPE_COUNT; type++) {
        if (strcmp (self->value, s_types[type].name) == 0) {
            self->task->type = type;
            return FEP_OK;
        }
    }
    return s_bad (self, KEY_TYPE, "are real_time, status, curve, daily, monthly, event");
}

static fep_err_t s_read_group (s_parse_t *self)
{
    return s_read_text (self, KEY_GROUP, self->task->group, sizeof self->task->group);
}

static fep_err_t s_read_area (s_parse_t *self)
{
    int64_t number;
    fep_err_t error = s_read_number (self, KEY_AREA, 0, AREA_COUNT - 1, &number);
    self->task->area = (int8_t) number;
    return error;
}

static fep_err_t s_read_terminal (s_parse_t *self)
{
    return s_read_text (self, KEY_TERMINAL, self->task->terminal, sizeof self->task->terminal);
}

static fep_err_t s_read_point (s_parse_t *self, const char *text)
{
    task_t *task = self->task;
    uint32_t point;
    if (!point_parse (text, &point)) {
        return s_fault (self, FEP_RANGE,
                        "points: '%.*s' is none; allowed are names of the dictionary and OBIS",
                        SHOWN_MAX, text);
    }
    for (size_t i = 0; i < task->point_count; i++) {
        if (task->points[i] == point) {
            return s_fault (self, FEP_RANGE, "points: '%.*s' again; allowed is each once",
                            SHOWN_MAX, text);
        }
    }
    if (task->point_count == TASK_POINTS_MAX) {
        return s_fault (self, FEP_LIMIT, "points: too many; allowed are %d", TASK_POINTS_MAX);
    }
    task->points[task->point_count++] = point;
    return FEP_OK;
}

static fep_err_t s_read_points (s_parse_t *self)
{
    fep_err_t error = FEP_OK;
    char *rest = NULL;
    for (char *word = strtok_r (self->value, " \t", &rest); word && !error;
         word = strtok_r (NULL, " \t", &rest)) {
        error = s_read_point (self, word);
    }
    return error;
}

static fep_err_t s_read_period (s_parse_t *self)
{
    fep_err_t error = s_read_time (self, KEY_PERIOD, MINUTE, DAY, &self->task->period_ms);
    if (!error && DAY % self->task->period_ms != 0) {
        return s_bad (self, KEY_PERIOD, "are 1m..1d that divide a day");
    }
    return error;
}

static fep_err_t s_read_offset (s_parse_t *self)
{
    return s_read_time (self, KEY_OFFSET, 0, OFFSET_MAX_MONTHLY, &self->task->offset_ms);
}

static fep_err_t s_read_spread (s_parse_t *self)
{
    return s_read_time (self, KEY_SPREAD, 0, DAY, &self->task->spread_ms);
}

static fep_err_t s_read_from (s_parse_t *self)
{
    return s_read_day (self, KEY_FROM, &self->task->from_day);
}

static fep_err_t s_read_to (s_parse_t *self)
{
    return s_read_day (self, KEY_TO, &self->task->to_day);
}

static fep_err_t s_read_priority (s_parse_t *self)
{
    int64_t number;
    fep_err_t error = s_read_number (self, KEY_PRIORITY, 0, PRIORITY_MAX, &number);
    self->task->priority = (uint8_t) number;
    return error;
}

static fep_err_t s_read_rereads (s_parse_t *self)
{
    int64_t number;
    fep_err_t error = s_read_number (self, KEY_REREADS, 0, REREADS_MAX, &number);
    self->task->rereads = (uint8_t) number;
    return error;
}

static fep_err_t s_read_reread_every (s_parse_t *self)
{
    return s_read_time (self, KEY_REREAD_EVERY, SECOND, REREAD_MAX, &self->task->reread_ms);
}

static fep_err_t s_read_window (s_parse_t *self)
{
    return s_read_time (self, KEY_WINDOW, SECOND, WINDOW_MAX, &self->task->window_ms);
}

static fep_err_t s_read_timely (s_parse_t *self)
{
    return s_read_time (self, KEY_TIMELY, SECOND, WINDOW_MAX, &self->task->timely_ms);
}

static fep_err_t s_read_share (s_parse_t *self)
{
    int64_t number;
    fep_err_t error = s_read_number (self, KEY_SHARE, 1, SHARE_MAX, &number);
    self->task->share = (uint8_t) number;
    return error;
}

static fep_err_t s_read_yes (s_parse_t *self, s_key_t key, bool *yes)
{
    *yes = strcmp (self->value, "yes") == 0;
    return *yes || strcmp (self->value, "no") == 0 ? FEP_OK : s_bad (self, key, "are yes, no");
}

static fep_err_t s_read_report (s_parse_t *self)
{
    return s_read_yes (self, KEY_REPORT, &self->task->report);
}

static fep_err_t s_read_paused (s_parse_t *self)
{
    return s_read_yes (self, KEY_PAUSED, &self->task->paused);
}

static const struct {
    const char *name;                     //  First word of its line
    fep_err_t (*read) (s_parse_t *self);  //  What is behind it
} s_keys[KEY_COUNT] = {
    [KEY_TASK] = {"task", s_read_task},
    [KEY_TYPE] = {"type", s_read_type},
    [KEY_GROUP] = {"group", s_read_group},
    [KEY_AREA] = {"area", s_read_area},
    [KEY_TERMINAL] = {"terminal", s_read_terminal},
    [KEY_POINTS] = {"points", s_read_points},
    [KEY_PERIOD] = {"period", s_read_period},
    [KEY_OFFSET] = {"offset", s_read_offset},
    [KEY_SPREAD] = {"spread", s_read_spread},
    [KEY_FROM] = {"from", s_read_from},
    [KEY_TO] = {"to", s_read_to},
    [KEY_PRIORITY] = {"priority", s_read_priority},
    [KEY_REREADS] = {"rereads", s_read_rereads},
    [KEY_REREAD_EVERY] = {"reread_every", s_read_reread_every},
    [KEY_WINDOW] = {"window", s_read_window},
    [KEY_TIMELY] = {"timely", s_read_timely},
    [KEY_SHARE] = {"share", s_read_share},
    [KEY_REPORT] = {"report", s_read_report},
    [KEY_PAUSED] = {"paused", s_read_paused},
};

const char *task_key (size_t key)
{
    return key < KEY_COUNT ? s_keys[key].name : NULL;
}

//  ---- Lines ----

static bool s_is_blank (uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

//  The next line without its end and the blanks around it. False: there is none.
static bool s_next_line (reader_t *in, bytes_t *line)
{
    size_t left = reader_left (in);
    if (left == 0) {
        return false;
    }
    const uint8_t *from = in->data + in->pos;
    const uint8_t *end = memchr (from, '\n', left);
    size_t size = end ? (size_t) (end - from) : left;
    (void) reader_take (in, end ? size + 1 : size);
    while (size > 0 && s_is_blank (from[size - 1])) {
        size--;
    }
    while (size > 0 && s_is_blank (*from)) {
        from++;
        size--;
    }
    *line = bytes_of (from, size);
    return true;
}

//  The key a line begins with; its value is what stands behind. KEY_COUNT: none of ours.
static s_key_t s_key (bytes_t line, bytes_t *value)
{
    size_t size = 0;
    while (size < line.size && !s_is_blank (line.data[size])) {
        size++;
    }
    bytes_t name = bytes_of (line.data, size);
    while (size < line.size && s_is_blank (line.data[size])) {
        size++;
    }
    *value = bytes_of (line.data + size, line.size - size);
    s_key_t key = 0;
    while (key < KEY_COUNT && !bytes_equal (name, bytes_text (s_keys[key].name))) {
        key++;
    }
    return key;
}

static fep_err_t s_unknown (s_parse_t *self, bytes_t line)
{
    char names[200] = "";
    int size = 0;
    while ((size_t) size < line.size && size < KEY_SHOWN_MAX && !s_is_blank (line.data[size])) {
        size++;
    }
    for (size_t i = 0; i < KEY_COUNT; i++) {
        size_t used = strlen (names);
        snprintf (names + used, sizeof names - used, " %s", s_keys[i].name);
    }
    return s_fault (self, FEP_SYNTAX, "no key '%.*s'; allowed are%s", size,
                    (const char *) line.data, names);
}

static fep_err_t s_read_line (s_parse_t *self, bytes_t line)
{
    bytes_t value;
    for (size_t i = 0; i < line.size; i++) {
        if ((line.data[i] < 0x20 && line.data[i] != '\t') || line.data[i] == 0x7F) {
            return s_fault (self, FEP_SYNTAX, "a control character (0x%02X); allowed is text",
                            line.data[i]);
        }
    }
    if (line.size == 0 || line.data[0] == '#') {
        return FEP_OK;
    }
    s_key_t key = s_key (line, &value);
    if (key == KEY_COUNT) {
        return s_unknown (self, line);
    }
    if (key != KEY_TASK && self->lines[KEY_TASK] == 0) {
        return s_fault (self, FEP_SYNTAX, "%s before task; the first line is: task NAME",
                        s_keys[key].name);
    }
    if (self->lines[key] > 0) {
        return s_fault (self, FEP_SYNTAX, "%s again, first in line %u; allowed is one line",
                        s_keys[key].name, self->lines[key]);
    }
    if (value.size == 0) {
        return s_fault (self, FEP_SYNTAX, "%s without a value; a line is: key value",
                        s_keys[key].name);
    }
    self->lines[key] = self->line;
    memcpy (self->value, value.data, value.size);
    self->value[value.size] = 0;
    return s_keys[key].read (self);
}

//  ---- The whole ----

//  Values the type has, where no line says them.
static void s_fill (s_parse_t *self)
{
    task_t *task = self->task;
    if (self->lines[KEY_PERIOD] == 0) {
        task->period_ms = s_types[task->type].period_ms;
    }
    if (self->lines[KEY_OFFSET] == 0) {
        task->offset_ms = s_types[task->type].offset_ms;
    }
    if (self->lines[KEY_SPREAD] == 0) {
        task->spread_ms = s_has_period (task->type) && task->period_ms < SPREAD_USUAL
                              ? task->period_ms
                              : SPREAD_USUAL;
    }
    if (self->lines[KEY_WINDOW] == 0) {
        bool momentary = task->type == TASK_REAL_TIME || task->type == TASK_STATUS;
        task->window_ms = momentary                    ? task->period_ms
                          : task->type == TASK_MONTHLY ? WINDOW_USUAL_MONTHLY
                                                       : WINDOW_USUAL;
        if (task->window_ms <= task->offset_ms) {
            task->window_ms = 2 * task->offset_ms;
        }
    }
    if (self->lines[KEY_TIMELY] == 0) {
        task->timely_ms = task->type == TASK_DAILY     ? TIMELY_USUAL_DAILY
                          : task->type == TASK_MONTHLY ? TIMELY_USUAL_MONTHLY
                                                       : task->period_ms;
        if (task->timely_ms <= task->offset_ms || task->timely_ms > task->window_ms) {
            task->timely_ms = task->window_ms;
        }
    }
}

//  About a line read before. Its value is gone: it says what it came to.
static fep_err_t s_time_fault (s_parse_t *self, s_key_t key, int64_t ms, const char *allowed)
{
    char text[TASK_TIME_SIZE];
    task_time_text (ms, text);
    self->line = self->lines[key];
    return s_fault (self, FEP_RANGE, "%s %s; allowed %s", s_keys[key].name, text, allowed);
}

//  Times that depend on the type and on each other.
static fep_err_t s_check_times (s_parse_t *self)
{
    const task_t *task = self->task;
    int64_t low = s_types[task->type].offset_low;
    int64_t high = s_types[task->type].offset_high;
    char from[TASK_TIME_SIZE];
    char to[TASK_TIME_SIZE];
    char allowed[120];
    if (self->lines[KEY_PERIOD] > 0 && !s_has_period (task->type)) {
        return s_time_fault (self, KEY_PERIOD, task->period_ms,
                             "is no such line: daily and monthly tasks have no period");
    }
    if (task->offset_ms < low || task->offset_ms > high) {
        task_time_text (low, from);
        task_time_text (high, to);
        snprintf (allowed, sizeof allowed, "are %s..%s for a %s task", from, to,
                  s_types[task->type].name);
        return s_time_fault (self, KEY_OFFSET, task->offset_ms, allowed);
    }
    if (s_has_period (task->type) && task->spread_ms > task->period_ms) {
        task_time_text (task->period_ms, to);
        snprintf (allowed, sizeof allowed, "are 0s..%s, the period", to);
        return s_time_fault (self, KEY_SPREAD, task->spread_ms, allowed);
    }
    if (task->window_ms <= task->offset_ms) {
        task_time_text (task->offset_ms, from);
        snprintf (allowed, sizeof allowed, "is more than the offset, %s", from);
        return s_time_fault (self, KEY_WINDOW, task->window_ms, allowed);
    }
    if (task->timely_ms <= task->offset_ms || task->timely_ms > task->window_ms) {
        task_time_text (task->offset_ms, from);
        task_time_text (task->window_ms, to);
        snprintf (allowed, sizeof allowed, "is more than the offset, %s, and at most %s", from, to);
        return s_time_fault (self, KEY_TIMELY, task->timely_ms, allowed);
    }
    return FEP_OK;
}

static fep_err_t s_check (s_parse_t *self)
{
    const task_t *task = self->task;
    self->line = 0;
    if (self->lines[KEY_TASK] == 0) {
        return s_fault (self, FEP_SYNTAX, "nothing in it; the first line is: task NAME");
    }
    if (self->lines[KEY_TYPE] == 0) {
        return s_fault (self, FEP_SYNTAX,
                        "no type; allowed are real_time, status, curve, daily, monthly, event");
    }
    if (task->type != TASK_EVENT && task->point_count == 0) {
        return s_fault (self, FEP_SYNTAX, "no points; a %s task has 1..%d",
                        s_types[task->type].name, TASK_POINTS_MAX);
    }
    if (task->type == TASK_EVENT && task->point_count > 0) {
        self->line = self->lines[KEY_POINTS];
        return s_fault (self, FEP_RANGE, "points; allowed is no such line in an event task");
    }
    if (task->from_day > task->to_day) {
        self->line = self->lines[KEY_TO];
        return s_fault (self, FEP_RANGE, "to is before from; allowed is that day or a later one");
    }
    s_fill (self);
    return s_check_times (self);
}

fep_err_t task_parse (bytes_t text, task_t *task, task_fault_t *fault)
{
    s_parse_t parse = {.task = task, .fault = fault};
    reader_t in = reader_of (text);
    bytes_t line;
    fep_err_t error = FEP_OK;
    memset (fault, 0, sizeof *fault);
    *task = (task_t){.area = -1,
                     .from_day = INT32_MIN,
                     .to_day = INT32_MAX,
                     .priority = PRIORITY_USUAL,
                     .rereads = REREADS_USUAL,
                     .reread_ms = REREAD_USUAL,
                     .share = SHARE_MAX};
    if (text.size > TASK_TEXT_MAX) {
        return s_fault (&parse, FEP_LIMIT, "%zu bytes; allowed are %d", text.size, TASK_TEXT_MAX);
    }
    if (text.size >= 3 && memcmp (text.data, "\xEF\xBB\xBF", 3) == 0) {
        (void) reader_take (&in, 3);
    }
    while (!error && s_next_line (&in, &line)) {
        parse.line++;
        error = s_read_line (&parse, line);
    }
    return error ? error : s_check (&parse);
}

//  ---- Writing ----

static void s_put_text (const char *text, writer_t *out)
{
    writer_put (out, text, strlen (text));
}

static void s_put_number (int64_t number, writer_t *out)
{
    char text[TASK_TIME_SIZE];
    snprintf (text, sizeof text, "%" PRId64, number);
    s_put_text (text, out);
}

static void s_put_time (int64_t ms, writer_t *out)
{
    char text[TASK_TIME_SIZE];
    task_time_text (ms, text);
    s_put_text (text, out);
}

static void s_put_points (const task_t *task, writer_t *out)
{
    for (size_t i = 0; i < task->point_count; i++) {
        char name[POINT_TEXT];
        point_name (task->points[i], name, sizeof name);
        s_put_text (i > 0 ? " " : "", out);
        s_put_text (name, out);
    }
}

//  Whose terminals, days, and whether they report: what may be left out.
static void s_put_scope (const task_t *task, s_key_t key, writer_t *out)
{
    if (key == KEY_GROUP) {
        s_put_text (task->group, out);
    } else if (key == KEY_AREA && task->area >= 0) {
        s_put_number (task->area, out);
    } else if (key == KEY_TERMINAL) {
        s_put_text (task->terminal, out);
    } else if (key == KEY_FROM && task->from_day != INT32_MIN) {
        s_put_day (task->from_day, out);
    } else if (key == KEY_TO && task->to_day != INT32_MAX) {
        s_put_day (task->to_day, out);
    } else if (key == KEY_REPORT && task->report) {
        s_put_text ("yes", out);
    }
}

void task_put_value (const task_t *task, size_t key, writer_t *out)
{
    switch (key) {
    case KEY_TASK:
        s_put_text (task->name, out);
        break;
    case KEY_TYPE:
        s_put_text (task_type_name (task->type), out);
        break;
    case KEY_POINTS:
        s_put_points (task, out);
        break;
    case KEY_PERIOD:
        if (task->period_ms > 0) {
            s_put_time (task->period_ms, out);
        }
        break;
    case KEY_OFFSET:
        s_put_time (task->offset_ms, out);
        break;
    case KEY_SPREAD:
        s_put_time (task->spread_ms, out);
        break;
    case KEY_PRIORITY:
        s_put_number (task->priority, out);
        break;
    case KEY_REREADS:
        s_put_number (task->rereads, out);
        break;
    case KEY_REREAD_EVERY:
        s_put_time (task->reread_ms, out);
        break;
    case KEY_WINDOW:
        s_put_time (task->window_ms, out);
        break;
    case KEY_TIMELY:
        s_put_time (task->timely_ms, out);
        break;
    case KEY_SHARE:
        s_put_number (task->share, out);
        break;
    case KEY_PAUSED:
        s_put_text (task->paused ? "yes" : "no", out);
        break;
    default:
        s_put_scope (task, (s_key_t) key, out);
    }
}

void task_format (const task_t *task, writer_t *out)
{
    for (size_t key = 0; key < KEY_COUNT; key++) {
        size_t start = out->size;
        s_put_text (s_keys[key].name, out);
        s_put_text (" ", out);
        size_t value = out->size;
        task_put_value (task, key, out);
        if (out->size == value && !out->failed) {
            out->size = start;
        } else {
            s_put_text ("\n", out);
        }
    }
}

void task_put_paused (bytes_t text, bool paused, writer_t *out)
{
    reader_t in = reader_of (text);
    bytes_t line;
    bytes_t value;
    const char *said = paused ? "paused yes\n" : "paused no\n";
    bool put = false;
    bool whole = true;
    for (size_t from = 0; s_next_line (&in, &line); from = in.pos) {
        whole = in.data[in.pos - 1] == '\n';
        if (s_key (line, &value) == KEY_PAUSED) {
            s_put_text (said, out);
            put = true;
            whole = true;
        } else {
            writer_put (out, in.data + from, in.pos - from);
        }
    }
    if (!put) {
        s_put_text (whole ? "" : "\n", out);
        s_put_text (said, out);
    }
}
