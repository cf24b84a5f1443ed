//  Slots of a task: local days are found by their midnights, so days of 23 and 25 hours need no rule of their own.
#include "fep/task.h"

#define MINUTE_MS 60000ll
#define DAY_MS 86400000ll
#define DAY_LAST 2932000  //  In the year 9997: what is computed from it has a civil time

//  Calendar days without a zone: those of the node, its offset taken out again.
static void s_civil (int64_t day, clock_civil_t *civil)
{
    clock_to_civil (day * DAY_MS - clock_offset_min () * MINUTE_MS, civil);
}

static int64_t s_number (const clock_civil_t *civil)
{
    clock_civil_t midnight = {civil->year, civil->month, civil->day, 0, 0, 0};
    int64_t utc_ms = 0;
    (void) clock_from_civil (&midnight, &utc_ms);
    return (utc_ms + clock_offset_min () * MINUTE_MS) / DAY_MS;
}

//  The instant a local day begins.
static int64_t s_midnight (const zone_t *zone, int64_t day)
{
    clock_civil_t civil;
    int64_t utc_ms = 0;
    s_civil (day, &civil);
    (void) zone_utc (zone, &civil, ZONE_EARLIER, &utc_ms);
    return utc_ms;
}

//  The local day of an instant: from its midnight up to the next one, also where clocks go back over midnight.
static int64_t s_day (const zone_t *zone, int64_t ms)
{
    clock_civil_t civil;
    (void) zone_civil (zone, ms, &civil);
    int64_t day = s_number (&civil);
    if (ms < s_midnight (zone, day)) {
        return day - 1;
    }
    return ms < s_midnight (zone, day + 1) ? day : day + 1;
}

//  The first of the month that a day is in, or of the next one.
static int64_t s_first (int64_t day, bool next)
{
    clock_civil_t civil;
    s_civil (day, &civil);
    civil.day = 1;
    if (next) {
        civil.year += civil.month == 12;
        civil.month = civil.month % 12 + 1;
    }
    return s_number (&civil);
}

static int64_t s_from_day (const task_t *task)
{
    return task->from_day > 0 ? task->from_day : 0;
}

static int64_t s_to_day (const task_t *task)
{
    return task->to_day < DAY_LAST ? task->to_day : DAY_LAST;
}

//  ---- By a period: a slot belongs to the day it lies in ----

static int64_t s_period_slot (const task_t *task, const zone_t *zone, int64_t from_ms)
{
    int64_t day = s_day (zone, from_ms);
    day = day < s_from_day (task) ? s_from_day (task) : day;
    int64_t midnight = s_midnight (zone, day);
    int64_t since = from_ms > midnight ? from_ms - midnight : 0;
    int64_t slot = midnight + (since + task->period_ms - 1) / task->period_ms * task->period_ms;
    int64_t next = s_midnight (zone, day + 1);
    if (slot >= next) {
        slot = next;
        day++;
    }
    return day <= s_to_day (task) ? slot : INT64_MAX;
}

static int64_t s_period_before (const task_t *task, const zone_t *zone, int64_t slot_ms)
{
    int64_t last = slot_ms - 1;
    int64_t day = s_day (zone, last);
    if (day > s_to_day (task)) {
        day = s_to_day (task);
        last = s_midnight (zone, day + 1) - 1;
    }
    int64_t midnight = s_midnight (zone, day);
    return day >= s_from_day (task)
               ? midnight + (last - midnight) / task->period_ms * task->period_ms
               : INT64_MIN;
}

//  ---- By a day or a month: the midnight that ends it, so it belongs to the day before ----

static int64_t s_end_slot (const task_t *task, const zone_t *zone, int64_t from_ms)
{
    int64_t day = s_day (zone, from_ms);
    day += s_midnight (zone, day) < from_ms;
    day = day < s_from_day (task) + 1 ? s_from_day (task) + 1 : day;
    if (task->type == TASK_MONTHLY && s_first (day, false) != day) {
        day = s_first (day, true);
    }
    return day - 1 <= s_to_day (task) ? s_midnight (zone, day) : INT64_MAX;
}

static int64_t s_end_before (const task_t *task, const zone_t *zone, int64_t slot_ms)
{
    int64_t day = s_day (zone, slot_ms - 1);
    day = day > s_to_day (task) + 1 ? s_to_day (task) + 1 : day;
    if (task->type == TASK_MONTHLY) {
        day = s_first (day, false);
    }
    return day - 1 >= s_from_day (task) ? s_midnight (zone, day) : INT64_MIN;
}

//  ---- Both ----

//  Outside of what has civil times there are no slots.
#define FIRST_MS DAY_MS
#define LAST_MS ((DAY_LAST + 2) * DAY_MS)

int64_t task_slot (const task_t *task, const zone_t *zone, int64_t from_ms)
{
    if (from_ms > LAST_MS) {
        return INT64_MAX;
    }
    from_ms = from_ms < FIRST_MS ? FIRST_MS : from_ms;
    return task->period_ms > 0 ? s_period_slot (task, zone, from_ms)
                               : s_end_slot (task, zone, from_ms);
}

int64_t task_slot_before (const task_t *task, const zone_t *zone, int64_t slot_ms)
{
    slot_ms = slot_ms > LAST_MS ? LAST_MS : slot_ms;
    int64_t slot = slot_ms <= FIRST_MS   ? INT64_MIN
                   : task->period_ms > 0 ? s_period_before (task, zone, slot_ms)
                                         : s_end_before (task, zone, slot_ms);
    return slot < FIRST_MS ? INT64_MIN : slot;
}

bool task_is_slot (const task_t *task, const zone_t *zone, int64_t ms)
{
    return task_slot (task, zone, ms) == ms;
}
