//  Ranges of points, as people write them.
#include "store/archive_limits.h"
#include "fep/point.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define NAME_MAX_BYTES 63
#define NUMBER_MAX_BYTES 31

//  An optional sign, digits, and perhaps a fraction and an exponent; no space, no words.
static bool s_number (bytes_t text, double *value)
{
    char copy[NUMBER_MAX_BYTES + 1];
    char *end;
    if (text.size == 0 || text.size > NUMBER_MAX_BYTES) {
        return false;
    }
    memcpy (copy, text.data, text.size);
    copy[text.size] = 0;
    size_t digits = copy[0] == '-' ? 1 : 0;
    if (copy[digits] < '0' || copy[digits] > '9' || strpbrk (copy, "xX")) {
        return false;
    }
    *value = strtod (copy, &end);
    if (*value == 0) {
        *value = 0;  //  No minus in front of it
    }
    return *end == 0 && isfinite (*value);
}

static fep_err_t s_point (bytes_t text, uint32_t *point, char *why, size_t why_size)
{
    char name[NAME_MAX_BYTES + 1];
    if (text.size <= NAME_MAX_BYTES) {
        memcpy (name, text.data, text.size);
        name[text.size] = 0;
        if (point_parse (name, point)) {
            return FEP_OK;
        }
    }
    snprintf (why, why_size, "no point is named %.*s; needed is a name of the dictionary or OBIS",
              (int) (text.size < 40 ? text.size : 40), (const char *) text.data);
    return FEP_NOT_FOUND;
}

//  "LOW..HIGH"
static fep_err_t s_range (bytes_t text, archive_limit_t *limit)
{
    const uint8_t *dots = memmem (text.data, text.size, "..", 2);
    if (!dots) {
        return FEP_SYNTAX;
    }
    size_t low = (size_t) (dots - text.data);
    if (!s_number (bytes_of (text.data, low), &limit->low) ||
        !s_number (bytes_of (dots + 2, text.size - low - 2), &limit->high)) {
        return FEP_SYNTAX;
    }
    return limit->low <= limit->high ? FEP_OK : FEP_RANGE;
}

static fep_err_t s_limit (bytes_t text, archive_limit_t *limit, char *why, size_t why_size)
{
    const uint8_t *equals = text.size > 0 ? memchr (text.data, '=', text.size) : NULL;
    memset (limit, 0, sizeof *limit);
    size_t name = equals ? (size_t) (equals - text.data) : 0;
    fep_err_t error =
        equals ? s_range (bytes_of (equals + 1, text.size - name - 1), limit) : FEP_SYNTAX;
    if (error) {
        snprintf (why, why_size, "%.*s: needed is POINT=LOW..HIGH, LOW at most HIGH",
                  (int) (text.size < 60 ? text.size : 60), (const char *) text.data);
        return error;
    }
    return s_point (bytes_of (text.data, name), &limit->point, why, why_size);
}

//  Into its place by point.
static fep_err_t s_insert (archive_limit_t limits[], size_t *count, const archive_limit_t *limit,
                           char *why, size_t why_size)
{
    size_t at = *count;
    while (at > 0 && limits[at - 1].point > limit->point) {
        at--;
    }
    if (*count == ARCHIVE_POINT_LIMITS_MAX) {
        snprintf (why, why_size, "at most %d points", ARCHIVE_POINT_LIMITS_MAX);
        return FEP_LIMIT;
    }
    if (at > 0 && limits[at - 1].point == limit->point) {
        char name[64];
        point_name (limit->point, name, sizeof name);
        snprintf (why, why_size, "each point once; %s stands twice", name);
        return FEP_EXISTS;
    }
    memmove (limits + at + 1, limits + at, (*count - at) * sizeof *limits);
    limits[at] = *limit;
    (*count)++;
    return FEP_OK;
}

fep_err_t archive_limits_parse (bytes_t text, archive_limit_t limits[ARCHIVE_POINT_LIMITS_MAX],
                                size_t *count, char *why, size_t why_size)
{
    reader_t in = reader_of (text);
    *count = 0;
    bool more = text.size > 0;
    while (more) {
        const uint8_t *start = in.data + in.pos;
        const uint8_t *end = reader_left (&in) ? memchr (start, ';', reader_left (&in)) : NULL;
        bytes_t one = reader_bytes (&in, end ? (size_t) (end - start) : reader_left (&in));
        more = end != NULL;
        (void) (more ? reader_u8 (&in) : 0);
        archive_limit_t limit;
        fep_err_t error = s_limit (one, &limit, why, why_size);
        if (!error) {
            error = s_insert (limits, count, &limit, why, why_size);
        }
        if (error) {
            return error;
        }
    }
    return FEP_OK;
}

void archive_limits_number (double value, char *text, size_t size)
{
    snprintf (text, size, "%.15g", value);
    if (strtod (text, NULL) != value) {
        snprintf (text, size, "%.17g", value);
    }
}

void archive_limits_show (const archive_limit_t limits[], size_t count, writer_t *out)
{
    for (size_t i = 0; i < count; i++) {
        char name[64];
        char low[32];
        char high[32];
        char text[140];
        point_name (limits[i].point, name, sizeof name);
        archive_limits_number (limits[i].low, low, sizeof low);
        archive_limits_number (limits[i].high, high, sizeof high);
        int size = snprintf (text, sizeof text, "%s%s=%s..%s", i > 0 ? ";" : "", name, low, high);
        writer_put (out, text, (size_t) size);
    }
}
