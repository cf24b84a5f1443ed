//  The archive as a file, page by page. A place is a terminal and a step in it: 0 its head (and the file's, at the
//  very first), 1..n its measuring points, then its tail.
#include "store/archive_gbk.h"
#include "store/archive_inside.h"
#include "store/archive_limits.h"
#include <stdio.h>

#define STEP_BITS 20
#define LINE_MAX_BYTES ARCHIVE_EXPORT_ROOM  //  Of one step

typedef struct {
    const archive_t *archive;  //  What is written
    archive_names_t names;     //  Of groups and profiles
    archive_entry_t entry;     //  The terminal at hand
    writer_t line;             //  One step
} s_export_t;

static void s_put (s_export_t *self, const char *text)
{
    writer_put (&self->line, text, strlen (text));
}

//  ---- CSV ----

//  A field, in quotes if it needs them.
static void s_put_quoted (s_export_t *self, bytes_t text)
{
    bool plain = text.size == 0 ||
                 (!memchr (text.data, ',', text.size) && !memchr (text.data, '"', text.size));
    if (plain) {
        writer_put (&self->line, text.data, text.size);
        return;
    }
    writer_u8 (&self->line, '"');
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '"') {
            writer_u8 (&self->line, '"');
        }
        writer_u8 (&self->line, text.data[i]);
    }
    writer_u8 (&self->line, '"');
}

//  A number that is 0 in most lines is left out, but the area.
static bool s_is_left_out (field_t field, bytes_t text)
{
    return field != FIELD_AREA && archive_field_form (field) == FORM_NUMBER &&
           bytes_equal (text, bytes_text ("0"));
}

static void s_csv_line (s_export_t *self, bool has_point, size_t point)
{
    for (field_t field = 0; field < FIELD_COUNT; field++) {
        char memory[6000];
        writer_t text = writer_of (memory, sizeof memory);
        if (has_point || !archive_field_of_point (field)) {
            archive_field_show (field, &self->entry, point, &self->names, &text);
        }
        if (s_is_left_out (field, writer_bytes (&text))) {
            text.size = 0;
        }
        s_put_quoted (self, writer_bytes (&text));
        s_put (self, field + 1 < FIELD_COUNT ? "," : "\n");
    }
}

static void s_csv_header (s_export_t *self)
{
    for (field_t field = 0; field < FIELD_COUNT; field++) {
        s_put (self, archive_field_name (field));
        s_put (self, field + 1 < FIELD_COUNT ? "," : "\n");
    }
}

static void s_csv_step (s_export_t *self, size_t i, size_t step)
{
    size_t points = self->entry.point_count;
    if (i == 0 && step == 0) {
        s_csv_header (self);
    }
    if (step == 0 && points == 0) {
        s_csv_line (self, false, 0);
    }
    if (step > 0 && step <= points) {
        s_csv_line (self, true, step - 1);
    }
}

//  ---- JSON ----

//  A string. Control characters cannot be in it.
static void s_put_string (s_export_t *self, bytes_t text)
{
    writer_u8 (&self->line, '"');
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\') {
            writer_u8 (&self->line, '\\');
        }
        writer_u8 (&self->line, text.data[i]);
    }
    writer_u8 (&self->line, '"');
}

static void s_put_groups (s_export_t *self)
{
    const char *before = "";
    s_put (self, "[");
    for (size_t i = 0; i < ARCHIVE_GROUPS_MAX; i++) {
        if (self->entry.terminal->groups >> i & 1) {
            s_put (self, before);
            s_put_string (self, bytes_text (self->names.groups[i]));
            before = ", ";
        }
    }
    s_put (self, "]");
}

static void s_put_limits (s_export_t *self, size_t point)
{
    size_t count;
    const archive_limit_t *limits =
        archive_field_limits (&self->entry, self->entry.points[point].mp, &count);
    s_put (self, "{");
    for (size_t i = 0; i < count; i++) {
        archive_limit_t one = limits[i];
        char memory[160];
        char low[32];
        char high[32];
        writer_t text = writer_of (memory, sizeof memory);
        archive_limits_show (&one, 1, &text);
        const uint8_t *equals = memchr (text.data, '=', text.size);
        archive_limits_number (one.low, low, sizeof low);
        archive_limits_number (one.high, high, sizeof high);
        s_put (self, i > 0 ? ", " : "");
        s_put_string (self, bytes_of (text.data, (size_t) (equals - text.data)));
        s_put (self, ": [");
        s_put (self, low);
        s_put (self, ", ");
        s_put (self, high);
        s_put (self, "]");
    }
    s_put (self, "}");
}

static void s_put_fields (s_export_t *self, bool of_point, size_t point)
{
    const char *before = "";
    for (field_t field = 0; field < FIELD_COUNT; field++) {
        char memory[256];
        writer_t text = writer_of (memory, sizeof memory);
        if (archive_field_of_point (field) != of_point) {
            continue;
        }
        s_put (self, before);
        s_put_string (self, bytes_text (archive_field_key (field)));
        s_put (self, ": ");
        before = ", ";
        if (archive_field_form (field) == FORM_GROUPS) {
            s_put_groups (self);
        } else if (archive_field_form (field) == FORM_LIMITS) {
            s_put_limits (self, point);
        } else {
            archive_field_show (field, &self->entry, point, &self->names, &text);
            if (archive_field_form (field) == FORM_NUMBER) {
                writer_put (&self->line, text.data, text.size);
            } else {
                s_put_string (self, writer_bytes (&text));
            }
        }
    }
}

static void s_json_step (s_export_t *self, size_t i, size_t step)
{
    size_t points = self->entry.point_count;
    if (step == 0) {
        s_put (self, i == 0 ? "[\n {" : ",\n {");
        s_put_fields (self, false, 0);
        s_put (self, ", \"measuring_points\": [");
    } else if (step <= points) {
        s_put (self, step > 1 ? ",\n  {" : "\n  {");
        s_put_fields (self, true, step - 1);
        s_put (self, "}");
    } else {
        s_put (self, "]}");
    }
}

//  What stands around the terminals, where they begin or end.
static void s_edge (s_export_t *self, archive_format_t format, bool empty)
{
    if (format == ARCHIVE_JSON) {
        s_put (self, empty ? "[]\n" : "\n]\n");
    } else if (empty) {
        s_csv_header (self);
    }
}

//  ---- Pages ----

static fep_err_t s_convert (s_export_t *self, archive_encoding_t encoding, writer_t *out,
                            archive_fault_t *fault)
{
    fep_err_t error = FEP_OK;
    if (self->line.failed) {
        return archive_line_fault (fault, FEP_LIMIT, 0, "a line is longer than %d bytes",
                                   LINE_MAX_BYTES);
    }
    if (encoding == ARCHIVE_GBK) {
        error = archive_gbk_encode (writer_bytes (&self->line), out);
    } else {
        writer_put (out, self->line.data, self->line.size);
    }
    return error == FEP_OK
               ? FEP_OK
               : archive_line_fault (fault, error, 0,
                                     "terminal %s has a character that GBK does not have",
                                     self->entry.terminal ? self->entry.terminal->address : "");
}

fep_err_t archive_export (const archive_t *self, archive_format_t format,
                          archive_encoding_t encoding, uint64_t *place, writer_t *out,
                          archive_fault_t *fault)
{
    uint8_t memory[LINE_MAX_BYTES];
    s_export_t export = {.archive = self};
    size_t i = *place >> STEP_BITS;
    size_t step = *place & ((1u << STEP_BITS) - 1);
    fep_err_t error = FEP_OK;
    memset (fault, 0, sizeof *fault);
    export.names.groups = (char (*)[ARCHIVE_NAME_MAX + 1]) self->table.groups;
    export.names.words = self->table.words;
    export.names.profiles = self->texts[ARCHIVE_PROFILE];
    while (!error && *place != ARCHIVE_EXPORT_END && out->capacity - out->size >= LINE_MAX_BYTES) {
        bool end = i >= archive_count (self);
        export.line = writer_of (memory, sizeof memory);
        if (end) {
            s_edge (&export, format, archive_count (self) == 0);
            *place = ARCHIVE_EXPORT_END;
        } else {
            export.entry = archive_table_entry (&self->table, archive_at (self, i)->number);
            (format == ARCHIVE_JSON ? s_json_step : s_csv_step) (&export, i, step);
            bool last = step > export.entry.point_count;
            i += last ? 1 : 0;
            step = last ? 0 : step + 1;
            *place = (uint64_t) i << STEP_BITS | step;
        }
        error = s_convert (&export, encoding, out, fault);
    }
    return error;
}
