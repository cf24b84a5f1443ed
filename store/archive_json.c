//  JSON into a build: an array of terminals, each an object with its measuring points.
#include "store/archive_line.h"
#include "store/archive_limits.h"
#include "store/csv.h"
#include "store/json_in.h"
#include <stdio.h>

#define POINTS_KEY "measuring_points"
#define LIST_MAX_BYTES 4600  //  Of groups or limits as one text

typedef struct {
    json_in_t in;               //  Where it stands
    archive_build_t *build;     //  What it goes into
    archive_line_t line;        //  The object at hand
    archive_fault_t *fault;     //  What is wrong
    size_t terminal;            //  Index of the terminal
    size_t point;               //  Of the measuring point, from 1; 0 = the terminal itself
    char path[100];             //  "[12].measuring_points[3].mp", or less
    char known[400];            //  What keys there are
    char list[LIST_MAX_BYTES];  //  Groups or limits on their way
} s_json_t;

//  Where it is: the object's path, and the key if there is one.
static const char *s_path (s_json_t *self, const char *key)
{
    char point[48] = "";
    if (self->point > 0) {
        snprintf (point, sizeof point, "." POINTS_KEY "[%zu]", self->point - 1);
    }
    snprintf (self->path, sizeof self->path, "[%zu]%s%s%.24s", self->terminal, point,
              key[0] ? "." : "", key);
    return self->path;
}

static fep_err_t s_wrong (s_json_t *self, fep_err_t error, const char *key)
{
    return archive_line_fault (self->fault, error, self->in.line, "%s: %s", s_path (self, key),
                               self->in.why);
}

//  ---- Values ----

//  An array of strings as "a;b".
static fep_err_t s_groups (s_json_t *self, writer_t *out)
{
    bool more = true;
    fep_err_t error = json_in_open (&self->in, JSON_IN_ARRAY);
    for (bool first = true; !error && more; first = false) {
        error = json_in_more (&self->in, JSON_IN_ARRAY, first, &more);
        if (!error && more) {
            error = json_in_string (&self->in);
            writer_put (out, ";", first ? 0 : 1);
            writer_put (out, self->in.text, self->in.size);
            if (!error && (self->in.size == 0 || strchr (self->in.text, ';'))) {
                self->in.why = "the name of a group is not empty and has no ;";
                error = FEP_SYNTAX;
            }
        }
    }
    return error;
}

//  "[low, high]" as "low..high".
static fep_err_t s_range (s_json_t *self, writer_t *out)
{
    bool more = true;
    size_t numbers = 0;
    fep_err_t error = json_in_open (&self->in, JSON_IN_ARRAY);
    while (!error && more) {
        error = json_in_more (&self->in, JSON_IN_ARRAY, numbers == 0, &more);
        if (!error && more) {
            error = json_in_number (&self->in);
            writer_put (out, "..", numbers > 0 ? 2 : 0);
            writer_put (out, self->in.text, self->in.size);
            numbers++;
        }
    }
    if (!error && numbers != 2) {
        self->in.why = "a range is [LOW, HIGH]";
        error = FEP_SYNTAX;
    }
    return error;
}

//  An object of ranges as "point=low..high;...".
static fep_err_t s_limits (s_json_t *self, writer_t *out)
{
    bool more = true;
    fep_err_t error = json_in_open (&self->in, JSON_IN_OBJECT);
    for (bool first = true; !error && more; first = false) {
        error = json_in_more (&self->in, JSON_IN_OBJECT, first, &more);
        if (!error && more) {
            error = json_in_key (&self->in);
            writer_put (out, ";", first ? 0 : 1);
            writer_put (out, self->in.text, self->in.size);
            writer_u8 (out, '=');
            error = error ? error : s_range (self, out);
        }
    }
    return error;
}

//  The value of a field, as text.
static fep_err_t s_value (s_json_t *self, field_t field, bytes_t *text)
{
    writer_t out = writer_of (self->list, sizeof self->list);
    fep_err_t error;
    switch (archive_field_form (field)) {
    case FORM_GROUPS:
        error = s_groups (self, &out);
        break;
    case FORM_LIMITS:
        error = s_limits (self, &out);
        break;
    case FORM_NUMBER:
        error = json_in_number (&self->in);
        writer_put (&out, self->in.text, self->in.size);
        break;
    default:
        error = json_in_string (&self->in);
        writer_put (&out, self->in.text, self->in.size);
    }
    if (!error && out.failed) {
        self->in.why = "too long";
        error = FEP_LIMIT;
    }
    *text = writer_bytes (&out);
    return error;
}

//  ---- Objects ----

static fep_err_t s_field (s_json_t *self, bool of_point)
{
    field_t field = archive_field_find (bytes_of (self->in.text, self->in.size), true);
    bytes_t text;
    if (field == FIELD_COUNT || archive_field_of_point (field) != of_point) {
        char key[32], names[ARCHIVE_NAMES_TEXT];
        archive_field_names (of_point ? ARCHIVE_POINT_KEYS : ARCHIVE_TERMINAL_KEYS, names);
        snprintf (self->known, sizeof self->known, "no key of a %s; known are %s%s",
                  of_point ? "measuring point" : "terminal", names,
                  of_point ? "" : ", " POINTS_KEY);
        self->in.why = self->known;
        snprintf (key, sizeof key, "%.24s", self->in.text);
        return s_wrong (self, FEP_SYNTAX, csv_is_utf8 (bytes_text (key)) ? key : "?");
    }
    const char *key = archive_field_key (field);
    if (self->line.has & FIELD_BIT (field)) {
        self->in.why = "stands in the object already";
        return s_wrong (self, FEP_EXISTS, key);
    }
    self->line.line = self->in.line;
    fep_err_t error = s_value (self, field, &text);
    if (error) {
        return s_wrong (self, error, key);
    }
    return archive_field_take (field, &self->line, text, &self->build->names, s_path (self, key),
                               self->fault);
}

static void s_clear_line (s_json_t *self)
{
    self->line.has = 0;
    self->line.limit_count = 0;
    memset (&self->line.point, 0, sizeof self->line.point);
}

//  One measuring point.
static fep_err_t s_point (s_json_t *self, uint32_t number)
{
    bool more = true;
    s_clear_line (self);
    fep_err_t error = json_in_open (&self->in, JSON_IN_OBJECT);
    uint32_t line = self->in.line;
    if (error) {
        return s_wrong (self, error, "");
    }
    for (bool first = true; !error && more; first = false) {
        error = json_in_more (&self->in, JSON_IN_OBJECT, first, &more);
        if (!error && more) {
            error = json_in_key (&self->in);
        }
        if (error) {
            return s_wrong (self, error, "");
        }
        error = more ? s_field (self, true) : FEP_OK;
    }
    if (error) {
        return error;
    }
    self->line.line = line;
    if (self->line.point.mp == 0) {
        self->in.why = "needed is a whole number from 1 to 65535";
        self->in.line = line;
        return s_wrong (self, FEP_SYNTAX, "mp");
    }
    return archive_build_point (self->build, number, &self->line, self->fault);
}

static fep_err_t s_points (s_json_t *self, uint32_t number)
{
    bool more = true;
    archive_build_listed (self->build, number);
    fep_err_t error = json_in_open (&self->in, JSON_IN_ARRAY);
    for (bool first = true; !error && more; first = false) {
        error = json_in_more (&self->in, JSON_IN_ARRAY, first, &more);
        if (!error && more) {
            self->point++;
            error = s_point (self, number);
            if (error) {
                return error;
            }
        }
    }
    return error ? s_wrong (self, error, POINTS_KEY) : FEP_OK;
}

//  The fields of a terminal; its measuring points, which may stand before its name, are passed over. *points: a
//  reader that stands at them, if there are some.
static fep_err_t s_terminal_fields (s_json_t *self, json_in_t *points, bool *listed)
{
    bool more = true;
    fep_err_t error = json_in_open (&self->in, JSON_IN_OBJECT);
    *listed = false;
    for (bool first = true; !error && more; first = false) {
        error = json_in_more (&self->in, JSON_IN_OBJECT, first, &more);
        if (!error && more) {
            error = json_in_key (&self->in);
        }
        if (error || !more) {
            break;
        }
        if (strcmp (self->in.text, POINTS_KEY) != 0) {
            error = s_field (self, false);
            if (error) {
                return error;
            }
        } else if (*listed) {
            self->in.why = "stands in the object already";
            return s_wrong (self, FEP_EXISTS, POINTS_KEY);
        } else {
            *points = self->in;
            *listed = true;
            error = json_in_skip (&self->in);
        }
    }
    return error ? s_wrong (self, error, "") : FEP_OK;
}

static fep_err_t s_terminal (s_json_t *self)
{
    json_in_t points;
    bool listed;
    uint32_t number = 0;
    self->point = 0;
    s_clear_line (self);
    memset (&self->line.terminal, 0, sizeof self->line.terminal);
    (void) json_in_peek (&self->in);
    uint32_t line = self->in.line;
    fep_err_t error = s_terminal_fields (self, &points, &listed);
    if (error) {
        return error;
    }
    self->line.line = line;
    if (!(self->line.has & FIELD_BIT (FIELD_TERMINAL))) {
        return archive_line_fault (self->fault, FEP_SYNTAX, line, "%s: the key terminal is missing",
                                   s_path (self, ""));
    }
    error = archive_field_whole (&self->line, self->fault);
    error = error ? error
                  : archive_build_terminal (self->build, &self->line, false, &number, self->fault);
    if (!error && listed) {
        json_in_t after = self->in;
        self->in = points;
        error = s_points (self, number);
        if (!error) {
            self->in = after;
        }
    }
    return error;
}

fep_err_t archive_json_read (archive_build_t *build, bytes_t text, archive_fault_t *fault)
{
    s_json_t self = {.build = build, .fault = fault};
    bool more = true;
    json_in_init (&self.in, text);
    fep_err_t error = json_in_open (&self.in, JSON_IN_ARRAY);
    for (bool first = true; !error && more; first = false) {
        error = json_in_more (&self.in, JSON_IN_ARRAY, first, &more);
        if (!error && more) {
            error = s_terminal (&self);
            if (error) {
                return error;
            }
            self.terminal++;
        }
    }
    error = error ? error : json_in_end (&self.in);
    return error ? archive_line_fault (fault, error, self.in.line, "%s", self.in.why) : FEP_OK;
}
