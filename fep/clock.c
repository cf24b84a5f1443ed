//  Clocks and calendar. Days from civil by the era method (400-year cycles of 146,097 days).
#include "fep/clock.h"
#include <stdio.h>
#include <sys/timex.h>
#include <time.h>

static int s_offset_min = CLOCK_OFFSET_DEFAULT_MIN;

static int64_t s_now_us (clockid_t id)
{
    struct timespec now;
    clock_gettime (id, &now);
    return (int64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_mono_us (void)
{
    return s_now_us (CLOCK_MONOTONIC);
}

int64_t clock_mono_ms (void)
{
    return clock_mono_us () / 1000;
}

int64_t clock_wall_ms (void)
{
    return s_now_us (CLOCK_REALTIME) / 1000;
}

bool clock_synchronised (void)
{
    struct timex state = {.modes = 0};
    int result = adjtimex (&state);
    return result >= 0 && result != TIME_ERROR && !(state.status & STA_UNSYNC);
}

void clock_set_offset_min (int minutes)
{
    s_offset_min = minutes;
}

int clock_offset_min (void)
{
    return s_offset_min;
}

//  Days since 1970-01-01 of a proleptic Gregorian date. March-based years put the leap day last.
static int64_t s_days (int year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = y / 400;
    int64_t of_era = y - era * 400;
    int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static int s_month_days (int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

bool clock_from_civil (const clock_civil_t *c, int64_t *utc_ms)
{
    if (c->year < 1970 || c->year > 9999 || c->month < 1 || c->month > 12 || c->day < 1 ||
        c->day > s_month_days (c->year, c->month) || c->hour < 0 || c->hour > 23 || c->minute < 0 ||
        c->minute > 59 || c->second < 0 || c->second > 59) {
        return false;
    }
    int64_t seconds = s_days (c->year, c->month, c->day) * 86400 + c->hour * 3600 + c->minute * 60 +
                      c->second - (int64_t) s_offset_min * 60;
    *utc_ms = seconds * 1000;
    return true;
}

static int64_t s_floor_div (int64_t a, int64_t b)
{
    return a / b - (a % b < 0 ? 1 : 0);
}

static void s_civil (int64_t seconds, clock_civil_t *c)
{
    int64_t day = s_floor_div (seconds, 86400);
    int64_t rest = seconds - day * 86400;
    int64_t z = day + 719468;
    int64_t era = s_floor_div (z, 146097);
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    c->day = (int) (doy - (153 * mp + 2) / 5 + 1);
    c->month = (int) (mp < 10 ? mp + 3 : mp - 9);
    c->year = (int) (yoe + era * 400 + (c->month <= 2 ? 1 : 0));
    c->hour = (int) (rest / 3600);
    c->minute = (int) (rest / 60 % 60);
    c->second = (int) (rest % 60);
}

//  Milliseconds within the second; of any instant, so nothing is multiplied.
static int s_millis (int64_t utc_ms)
{
    int rest = (int) (utc_ms % 1000);
    return rest < 0 ? rest + 1000 : rest;
}

void clock_to_civil (int64_t utc_ms, clock_civil_t *civil)
{
    s_civil (s_floor_div (utc_ms, 1000) + (int64_t) s_offset_min * 60, civil);
}

void clock_utc_text (int64_t utc_ms, char *text, size_t size)
{
    clock_civil_t c;
    s_civil (s_floor_div (utc_ms, 1000), &c);
    snprintf (text, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", c.year, c.month, c.day, c.hour,
              c.minute, c.second, s_millis (utc_ms));
}

void clock_local_text (int64_t utc_ms, char *text, size_t size)
{
    clock_civil_t c;
    clock_to_civil (utc_ms, &c);
    int away = s_offset_min < 0 ? -s_offset_min : s_offset_min;
    snprintf (text, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03d%c%02d:%02d", c.year, c.month, c.day,
              c.hour, c.minute, c.second, s_millis (utc_ms), s_offset_min < 0 ? '-' : '+',
              away / 60, away % 60);
}
