//  Acquisition tasks (采集任务): what is to be collected from whom, how often, and what counts. A task is a short text,
//  one `key value` a line; '#' begins a comment line:
//
//      task daily energy            name, at most TASK_NAME_MAX bytes; the first line
//      type daily                   real_time, status, curve, daily, monthly or event
//      group north                  whose terminals: a group, an area (0..63) or one terminal; none of them: all
//      area 3
//      terminal 310100001
//      points energy.active.import.total_kWh energy.active.export.total_kWh
//                                   up to TASK_POINTS_MAX, the first is the key item; not of events
//      period 15m                   between slots: real_time, status, curve, event; 1m..1d that divide a day
//      offset 30m                   a slot is due so long after its instant
//      spread 10m                   terminals begin within this, each at an instant of its own
//      from 2026-11-01              local days, the first and the last that has slots
//      to 2027-10-31
//      priority 5                   0 (first) to 9
//      rereads 8                    re-reads of what is missing, beside the first run
//      reread_every 30m             between them
//      window 1d                    a value that comes later than this behind its slot is late
//      share 50                     percent of all requests under way it may take
//      paused yes
//
//  Slots are instants: of real_time, status, curve and event multiples of the period from local midnight on; of daily
//  the midnight that ends the day (FREEZE_DAY's rule), of monthly the midnight that ends the month.
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

typedef enum {
    TASK_REAL_TIME,  //  What is measured now, from measuring points
    TASK_STATUS,     //  The same from the terminal itself (measuring point 0)
    TASK_CURVE,      //  FREEZE_CURVE
    TASK_DAILY,      //  FREEZE_DAY
    TASK_MONTHLY,    //  FREEZE_MONTH
    TASK_EVENT,      //  Events the terminal has
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
    int64_t window_ms;                 //  Slot to late
    uint8_t share;                     //  1..100
    bool paused;                       //  It makes no slots
} task_t;

//  Where a text is wrong: line from 1 (0: not in a line), what, and what is allowed.
typedef struct {
    uint32_t line;
    char text[200];
} task_fault_t;

const char *task_type_name (uint8_t type);  //  "daily", ...; "?" if out of range

//  freeze_t of a type's readings.
uint8_t task_freeze (uint8_t type);

//  Defaults for what the text leaves out. SYNTAX, RANGE, LIMIT with *fault; *task is then undefined.
FEP_MUST_CHECK
fep_err_t task_parse (bytes_t text, task_t *task, task_fault_t *fault);

//  The text of a task with every key, in the order above; what task_parse reads to the same task.
void task_format (const task_t *task, writer_t *out);

//  ---- Slots. zone: of the terminal's clock. ----

//  The first slot at or after an instant; INT64_MAX if there is none any more. Ignores `paused`.
int64_t task_slot (const task_t *task, const zone_t *zone, int64_t from_ms);

//  The slot before it, of the same task; INT64_MIN if there is none.
int64_t task_slot_before (const task_t *task, const zone_t *zone, int64_t slot_ms);

//  Is the instant a slot?
bool task_is_slot (const task_t *task, const zone_t *zone, int64_t ms);

#endif
