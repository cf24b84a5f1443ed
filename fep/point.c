//  The dictionary made from point.def; lookup by code (binary search) and by name.
#include "fep/point.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const point_info_t s_rows[] = {
#define POINT_ROW(a, b, c, d, e, tariffs, name, unit, kind, low, high)                             \
    {POINT (a, b, c, d, e), tariffs, name, unit, POINT_##kind, low, high},
#include "fep/point.def"
#undef POINT_ROW
};

enum { ROW_COUNT = sizeof s_rows / sizeof *s_rows };

static const point_info_t *s_exact (uint32_t point)
{
    size_t low = 0;
    size_t high = ROW_COUNT;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s_rows[middle].point < point) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < ROW_COUNT && s_rows[low].point == point ? &s_rows[low] : NULL;
}

const point_info_t *point_at (size_t i)
{
    return i < ROW_COUNT ? &s_rows[i] : NULL;
}

const point_info_t *point_find (uint32_t point)
{
    const point_info_t *row = s_exact (point);
    uint32_t tariff = point & 0xFF;
    if (!row && tariff) {
        row = s_exact (point - tariff);
        if (row && tariff > row->tariffs) {
            row = NULL;
        }
    }
    return row;
}

void point_obis (uint32_t point, char *text, size_t size)
{
    snprintf (text, size, "%u.%u.%u.%u.%u", (unsigned) (point >> 28), (unsigned) (point >> 24 & 15),
              (unsigned) (point >> 16 & 255), (unsigned) (point >> 8 & 255),
              (unsigned) (point & 255));
}

void point_name (uint32_t point, char *text, size_t size)
{
    const point_info_t *row = point_find (point);
    const char *star = row ? strchr (row->name, '*') : NULL;
    unsigned tariff = point & 0xFF;
    if (!row) {
        point_obis (point, text, size);
    } else if (!star) {
        snprintf (text, size, "%s", row->name);
    } else if (tariff == 0) {
        snprintf (text, size, "%.*stotal%s", (int) (star - row->name), row->name, star + 1);
    } else {
        snprintf (text, size, "%.*st%u%s", (int) (star - row->name), row->name, tariff, star + 1);
    }
}

//  A decimal number without sign or leading zero, at most max. False if there is none.
static bool s_number (const char **at, unsigned max, unsigned *number)
{
    const char *p = *at;
    unsigned n = 0;
    if (*p < '0' || *p > '9' || (*p == '0' && p[1] >= '0' && p[1] <= '9')) {
        return false;
    }
    for (; *p >= '0' && *p <= '9'; p++) {
        n = n * 10 + (unsigned) (*p - '0');
        if (n > max) {
            return false;
        }
    }
    *at = p;
    *number = n;
    return true;
}

static bool s_parse_obis (const char *text, uint32_t *point)
{
    static const unsigned max[5] = {15, 15, 255, 255, 255};
    unsigned part[5];
    for (size_t i = 0; i < 5; i++) {
        if (!s_number (&text, max[i], &part[i]) || *text != (i < 4 ? '.' : 0)) {
            return false;
        }
        text++;
    }
    *point = POINT (part[0], part[1], part[2], part[3], part[4]);
    return true;
}

//  Compares with a family's name; the part at '*' must be "total" or "t<n>".
static bool s_parse_family (const point_info_t *row, const char *text, uint32_t *point)
{
    const char *star = strchr (row->name, '*');
    size_t head = star ? (size_t) (star - row->name) : 0;
    if (!star || strncmp (text, row->name, head) != 0) {
        return false;
    }
    text += head;
    unsigned tariff = 0;
    if (strncmp (text, "total", 5) == 0) {
        text += 5;
    } else {
        if (*text != 't') {
            return false;
        }
        text++;
        if (!s_number (&text, row->tariffs, &tariff) || tariff == 0) {
            return false;
        }
    }
    *point = row->point + tariff;
    return strcmp (text, star + 1) == 0;
}

bool point_parse (const char *text, uint32_t *point)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (strchr (s_rows[i].name, '*')) {
            if (s_parse_family (&s_rows[i], text, point)) {
                return true;
            }
        } else if (strcmp (text, s_rows[i].name) == 0) {
            *point = s_rows[i].point;
            return true;
        }
    }
    return s_parse_obis (text, point);
}
