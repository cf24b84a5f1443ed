//  Local time of terminals whose zone differs from the node's: a fixed offset, or one with summer time by the rules
//  of POSIX TZ (IEEE 1003.1 8.3), so that days of 23 and 25 hours are days.
//    +08:00                           east of UTC, the whole year
//    CET-1CEST,M3.5.0,M10.5.0/3       POSIX: the offset counts west of UTC; rules are of the form Mm.w.d[/time]
#ifndef FEP_ZONE_H
#define FEP_ZONE_H

#include "fep/clock.h"
#include "fep/error.h"

//  The w-th (5: last) weekday d (0: Sunday) of a month, and the local time of that day.
typedef struct {
    uint8_t month, week, day;
    int32_t second;  //  Of the day, by the time that ends then
} zone_rule_t;

typedef struct {
    int32_t offset_s;        //  Standard time, east of UTC
    int32_t summer_s;        //  Summer time, likewise
    bool has_summer;         //  The rules below hold
    zone_rule_t begin, end;  //  Of summer time
} zone_t;

//  SYNTAX or RANGE; then *zone is untouched.
FEP_MUST_CHECK
fep_err_t zone_parse (const char *text, zone_t *zone);

//  Which of two instants a civil time means, where an hour comes twice.
typedef enum { ZONE_EARLIER, ZONE_LATER } zone_choice_t;

//  UTC milliseconds of a local civil time. zone NULL: the node's (clock.h). A time the clocks leap over counts as
//  standard time. False if a field is out of range.
bool zone_utc (const zone_t *zone, const clock_civil_t *civil, zone_choice_t choice,
               int64_t *utc_ms);

//  And back. Returns whether it is summer time.
bool zone_civil (const zone_t *zone, int64_t utc_ms, clock_civil_t *civil);

//  The calendar day behind it, hour and below as they are; years end at 9999. Days of the week: 0 = Sunday.
void zone_next_day (clock_civil_t *civil);
int zone_weekday (int year, int month, int day);

#endif
