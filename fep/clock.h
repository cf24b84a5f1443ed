//  The only place that asks what time it is; and calendar arithmetic on a fixed offset from UTC.
//  China has had no daylight saving since 1991, so local time is an option: minutes east of UTC.
#ifndef FEP_CLOCK_H
#define FEP_CLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int64_t clock_mono_ms (void);  //  For deadlines
int64_t clock_mono_us (void);  //  For latencies
int64_t clock_wall_ms (void);  //  For stamps: UTC, since 1970
//  Whether the system says that its wall clock is synchronised with the world (NTP, PTP).
bool clock_synchronised (void);

#define CLOCK_OFFSET_DEFAULT_MIN 480  //  UTC+8

//  The offset of local time used by every conversion below. Set once at start, before threads.
void clock_set_offset_min (int minutes);
int clock_offset_min (void);

typedef struct {
    int year;    //  1970..9999
    int month;   //  1..12
    int day;     //  1..31
    int hour;    //  0..23
    int minute;  //  0..59
    int second;  //  0..59
} clock_civil_t;

//  UTC milliseconds of a local civil time. False if a field is out of range (31 February is).
bool clock_from_civil (const clock_civil_t *civil, int64_t *utc_ms);
void clock_to_civil (int64_t utc_ms, clock_civil_t *civil);

//  "2026-11-21T11:08:36.123+08:00"; always terminates; 40 suffices.
void clock_local_text (int64_t utc_ms, char *text, size_t size);
//  "2026-11-21T03:08:36.123Z"
void clock_utc_text (int64_t utc_ms, char *text, size_t size);

#endif
