//  Zones with summer time. Calendar arithmetic is that of fep/clock.c, which knows one offset: it is taken out again.
#include "fep/zone.h"
#include <ctype.h>
#include <string.h>

enum { DAY_S = 86400, HOUR_S = 3600, OFFSET_MAX_S = 14 * HOUR_S, WEEK = 7, WEEK_LAST = 5 };

//  Seconds since 1970 of a civil time, as if it were UTC.
static bool s_flat (const clock_civil_t *civil, int64_t *seconds)
{
    int64_t utc_ms;
    if (!clock_from_civil (civil, &utc_ms)) {
        return false;
    }
    *seconds = utc_ms / 1000 + (int64_t) clock_offset_min () * 60;
    return true;
}

static void s_unflat (int64_t seconds, clock_civil_t *civil)
{
    clock_to_civil ((seconds - (int64_t) clock_offset_min () * 60) * 1000, civil);
}

int zone_weekday (int year, int month, int day)
{
    clock_civil_t civil = {year, month, day, 0, 0, 0};
    int64_t seconds = 0;
    return s_flat (&civil, &seconds) ? (int) ((seconds / DAY_S + 4) % WEEK) : 0;
}

//  The day behind it, or the first of the month behind that; what is no day stays as it is.
void zone_next_day (clock_civil_t *civil)
{
    int64_t seconds;
    clock_civil_t next = {civil->year, civil->month, civil->day + 1, 0, 0, 0};
    clock_civil_t day = {civil->year, civil->month, civil->day, 0, 0, 0};
    if (!s_flat (&next, &seconds)) {
        if (!s_flat (&day, &seconds)) {
            return;
        }
        next = (clock_civil_t){civil->year + civil->month / 12, civil->month % 12 + 1, 1, 0, 0, 0};
    }
    civil->year = next.year;
    civil->month = next.month;
    civil->day = next.day;
}

//  When a rule's change falls in a year, in flat seconds of the time that ends then.
static int64_t s_change (const zone_rule_t *rule, int year)
{
    clock_civil_t first = {year, rule->month, 1, 0, 0, 0};
    clock_civil_t next = {rule->month == 12 ? year + 1 : year, rule->month % 12 + 1, 1, 0, 0, 0};
    int64_t from = 0, to = 0;
    (void) s_flat (&first, &from);
    (void) s_flat (&next, &to);
    int shift = (rule->day - zone_weekday (year, rule->month, 1) + WEEK) % WEEK;
    int64_t at = from + (int64_t) (shift + (rule->week - 1) * WEEK) * DAY_S;
    while (at >= to) {
        at -= (int64_t) WEEK * DAY_S;
    }
    return at + rule->second;
}

static bool s_is_summer (const zone_t *zone, int64_t utc_s)
{
    clock_civil_t civil;
    s_unflat (utc_s + zone->offset_s, &civil);
    int64_t begin = s_change (&zone->begin, civil.year) - zone->offset_s;
    int64_t end = s_change (&zone->end, civil.year) - zone->summer_s;
    bool inside = utc_s >= begin && utc_s < end;
    return begin < end ? inside : utc_s >= begin || utc_s < end;
}

bool zone_utc (const zone_t *zone, const clock_civil_t *civil, zone_choice_t choice,
               int64_t *utc_ms)
{
    int64_t flat;
    if (!zone) {
        return clock_from_civil (civil, utc_ms);
    }
    if (!s_flat (civil, &flat)) {
        return false;
    }
    int64_t standard = flat - zone->offset_s, summer = flat - zone->summer_s;
    bool is_standard = !zone->has_summer || !s_is_summer (zone, standard);
    bool is_summer = zone->has_summer && s_is_summer (zone, summer);
    if (is_summer && is_standard) {
        bool earlier = choice == ZONE_EARLIER;
        is_summer = earlier == (summer < standard);
    }
    *utc_ms = (is_summer ? summer : standard) * 1000;
    return true;
}

bool zone_civil (const zone_t *zone, int64_t utc_ms, clock_civil_t *civil)
{
    if (!zone) {
        clock_to_civil (utc_ms, civil);
        return false;
    }
    int64_t utc_s = utc_ms / 1000 - (utc_ms % 1000 < 0);
    bool summer = zone->has_summer && s_is_summer (zone, utc_s);
    s_unflat (utc_s + (summer ? zone->summer_s : zone->offset_s), civil);
    return summer;
}

//  ---- Reading ----

//  At most `digits` digits. False if there are none.
static bool s_number (const char **text, int digits, int *number)
{
    const char *from = *text;
    *number = 0;
    while (isdigit ((unsigned char) **text) && *text - from < digits) {
        *number = *number * 10 + (*(*text)++ - '0');
    }
    return *text > from;
}

//  [+-]hh[:mm[:ss]] in seconds.
static bool s_time (const char **text, int32_t *seconds)
{
    int part[3] = {0, 0, 0};
    bool minus = **text == '-';
    *text += minus || **text == '+';
    if (!s_number (text, 3, &part[0])) {
        return false;
    }
    for (int i = 1; i < 3 && **text == ':'; i++) {
        (*text)++;
        if (!s_number (text, 2, &part[i]) || part[i] > 59) {
            return false;
        }
    }
    int32_t sum = part[0] * HOUR_S + part[1] * 60 + part[2];
    *seconds = minus ? -sum : sum;
    return true;
}

//  Letters, or anything between < and >.
static bool s_name (const char **text)
{
    const char *from = *text;
    if (*from == '<') {
        const char *end = strchr (from, '>');
        *text = end ? end + 1 : from;
        return end && end > from + 3;
    }
    while (isalpha ((unsigned char) **text)) {
        (*text)++;
    }
    return *text - from >= 3;
}

static bool s_rule (const char **text, zone_rule_t *rule)
{
    int month, week, day;
    int32_t second = 2 * HOUR_S;
    if (*(*text)++ != ',' || *(*text)++ != 'M' || !s_number (text, 2, &month) ||
        *(*text)++ != '.' || !s_number (text, 1, &week) || *(*text)++ != '.' ||
        !s_number (text, 1, &day)) {
        return false;
    }
    if (**text == '/') {
        (*text)++;
        if (!s_time (text, &second)) {
            return false;
        }
    }
    *rule = (zone_rule_t){(uint8_t) month, (uint8_t) week, (uint8_t) day, second};
    return month >= 1 && month <= 12 && week >= 1 && week <= WEEK_LAST && day < WEEK &&
           second >= -7 * DAY_S && second <= 7 * DAY_S;
}

//  Each step stops at the text's end, so a rule is not looked for behind it.
static fep_err_t s_posix (const char *text, zone_t *zone)
{
    int32_t west;
    if (!s_name (&text) || !s_time (&text, &west)) {
        return FEP_SYNTAX;
    }
    zone->offset_s = -west;
    zone->summer_s = zone->offset_s + HOUR_S;
    if (!*text) {
        return FEP_OK;
    }
    if (!s_name (&text)) {
        return FEP_SYNTAX;
    }
    if (*text && *text != ',') {
        if (!s_time (&text, &west)) {
            return FEP_SYNTAX;
        }
        zone->summer_s = -west;
    }
    zone->has_summer = true;
    if (strlen (text) < strlen (",M1.1.0,M1.1.0") || !s_rule (&text, &zone->begin) ||
        strlen (text) < strlen (",M1.1.0") || !s_rule (&text, &zone->end) || *text) {
        return FEP_SYNTAX;
    }
    return FEP_OK;
}

fep_err_t zone_parse (const char *text, zone_t *zone)
{
    zone_t read = {0};
    fep_err_t error = FEP_OK;
    if (*text == '+' || *text == '-') {
        error = s_time (&text, &read.offset_s) && !*text ? FEP_OK : FEP_SYNTAX;
        read.summer_s = read.offset_s;
    } else {
        error = s_posix (text, &read);
    }
    if (error == FEP_OK && (read.offset_s > OFFSET_MAX_S || read.offset_s < -OFFSET_MAX_S ||
                            read.summer_s > OFFSET_MAX_S || read.summer_s < -OFFSET_MAX_S)) {
        error = FEP_RANGE;
    }
    if (error == FEP_OK) {
        *zone = read;
    }
    return error;
}
