//  Acquisition tasks (采集任务): what is to be collected from whom, how often, and what counts. A task is a short text,
//  one `key value` a line, each key once; '#' begins a comment line:
//
//      task daily energy            name, at most TASK_NAME_MAX bytes; the first line
//      type daily                   real_time, status, curve, daily, monthly or event
//      group north                  whose terminals: of a group, of an area (0..63), one; what is said must all hold,
//      area 3                       none of them: all
//      terminal 310100001
//      points energy.active.import.total_kWh energy.active.export.total_kWh
//                                   names or OBIS, up to TASK_POINTS_MAX, the first is the key item; not of events
//      period 15m                   between slots: real_time, status, curve (15m), event (1h); 1m..1d that divide a
//                                   day; not of daily, monthly
//      offset 30m                   a slot is due so long after its instant: 0s..1d (0s; curve 2m), daily 30m..1d
//                                   (30m), monthly 30m..10d (30m)
//      spread 10m                   terminals begin within this, each at an instant of its own: 0s..1d, not above the
//                                   period (10m, or the period if that is shorter)
//      from 2026-11-01              local days, the first and the last that has slots (no limit)
//      to 2027-10-31
//      priority 5                   0 (first) to 9 (5)
//      rereads 8                    re-reads of what is missing, beside the first run: 0..250 (8)
//      reread_every 30m             between them: 1s..7d (30m)
//      window 1d                    a value that comes later than this behind its slot is late: above the offset, up to
//                                   62d (real_time, status: the period, monthly 10d, others 1d; twice the offset where
//                                   that is not above it)
//      timely 8h                    one that comes within this behind its slot is in time: above the offset, up to the
//                                   window (daily 8h, monthly 1d, others the period; the window if that is shorter)
//      share 50                     percent of all requests under way it may take: 1..100 (100)
//      report yes                   or no (no): a terminal whose own tasks we write shall report it by itself
//      paused yes                   or no (no)
//
//  In brackets: without that line. Times are whole numbers of s, m, h or d.
//  Slots are instants: of real_time, status, curve and event multiples of the period from local midnight on, by the
//  time that passed: a day of 25 hours has more of them, and the last one of each day ends at the next midnight. Of
//  daily the midnight that ends the day (FREEZE_DAY's rule), of monthly the midnight that ends the month. `from` and
//  `to` count the day a slot stands for: of daily the one it ends, of monthly the month's last.
#ifndef FEP_TASK_H
#define FEP_TASK_H

#include "fep/bytes.h"
#include "fep/error.h"
#include "fep/message.h"
#include "fep/zone.h"

#define TASK_NAME_MAX 47
#define TASK_POINTS_MAX 32
#define TASK_TEXT_MAX 4096  //  Bytes of a task's text
#define TASKS_MAX 256       //  Numbers ever given
//  Messages and results of events that are recalled by themselves have these numbers.
#define TASK_EVENTS_IMPORTANT (TASKS_MAX + 1)
#define TASK_EVENTS_ORDINARY (TASKS_MAX + 2)
//  And what a terminal says of its own tasks.
#define TASK_OWN (TASKS_MAX + 3)

typedef enum {
    TASK_REAL_TIME,  //  What is measured now, from measuring points
    TASK_STATUS,     //  The same from the terminal itself (measuring point 0)
    TASK_CURVE,      //  FREEZE_CURVE
    TASK_DAILY,      //  FREEZE_DAY
    TASK_MONTHLY,    //  FREEZE_MONTH
    TASK_EVENT,      //  Ordinary events the terminal has that did not come yet (measuring point 0)
    TASK_TYPE_COUNT
} task_type_t;

typedef struct {
    uint32_t number;                   //  From 1, never given to another name; 0: not stored
    char name[TASK_NAME_MAX + 1];      //  Unique
    uint8_t type;                      //  task_type_t
    char group[64];                    //  "" = any
    int8_t area;                       //  -1 = any
    char terminal[ADDRESS_MAX + 1];    //  "" = any
    uint32_t points[TASK_POINTS_MAX];  //  Items; the first is the key item
    uint8_t point_count;               //  Of them
    int64_t period_ms;                 //  Between slots; 0: daily, monthly
    int64_t offset_ms;                 //  Slot to due
    int64_t spread_ms;                 //  Starts are spread over this
    int32_t from_day;                  //  First local day, counted from 1970; INT32_MIN: no limit
    int32_t to_day;                    //  Last; INT32_MAX: no limit
    uint8_t priority;                  //  0..9
    uint8_t rereads;                   //  0..250
    int64_t reread_ms;                 //  Between re-reads
    int64_t timely_ms;                 //  Slot to no more in time
    int64_t window_ms;                 //  Slot to late
    uint8_t share;                     //  1..100
    bool report;                       //  Terminals that can shall report it by themselves
    bool paused;                       //  It makes no slots
} task_t;

//  Where a text is wrong: line from 1 (0: not in a line), what, and what is allowed.
typedef struct {
    uint32_t line;
    char text[200];
} task_fault_t;

const char *task_type_name (uint8_t type);  //  "daily", ...; "?" if out of range

//  Is it asked of the terminal itself, measuring point 0?
static inline bool task_of_terminal (uint8_t type)
{
    return type == TASK_STATUS || type == TASK_EVENT;
}

//  freeze_t of a type's readings.
uint8_t task_freeze (uint8_t type);

//  Defaults for what the text leaves out; number 0. SYNTAX, RANGE, LIMIT with *fault; *task is then undefined.
FEP_MUST_CHECK
fep_err_t task_parse (bytes_t text, task_t *task, task_fault_t *fault);

//  The text of a task with every key it has a value of, in the order above; what task_parse reads to the same task.
//  TASK_TEXT_MAX bytes suffice.
void task_format (const task_t *task, writer_t *out);

//  The keys above, from 0 ("task") on; NULL behind the last. And what a task has of one, as in its text; nothing is
//  written if it has none ("group" of all terminals, "period" of a daily one).
const char *task_key (size_t key);
void task_put_value (const task_t *task, size_t key, writer_t *out);

//  A time as in a text, in the largest unit that divides it: "15m". Always terminates. Of less than a second nothing is
//  said.
#define TASK_TIME_SIZE 24
void task_time_text (int64_t ms, char text[TASK_TIME_SIZE]);

//  A task's text as it is, comments and all, but for its line `paused`. Needs TASK_PAUSED_ROOM bytes more.
#define TASK_PAUSED_ROOM 16
void task_put_paused (bytes_t text, bool paused, writer_t *out);

//  The date of a local day, at noon: from_day, to_day.
void task_date (int32_t day, clock_civil_t *civil);

//  ---- Slots. zone: of the terminal's clock. ----

//  The first slot at or after an instant; INT64_MAX if there is none any more. Ignores `paused`.
int64_t task_slot (const task_t *task, const zone_t *zone, int64_t from_ms);

//  The slot before it, of the same task; INT64_MIN if there is none.
int64_t task_slot_before (const task_t *task, const zone_t *zone, int64_t slot_ms);

//  Is the instant a slot?
bool task_is_slot (const task_t *task, const zone_t *zone, int64_t ms);

#endif
