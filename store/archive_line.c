//  CSV into a build, line by line.
#include "store/archive_line.h"
#include "store/csv.h"

typedef struct {
    csv_t csv;                        //  The line at hand
    field_t columns[CSV_FIELDS_MAX];  //  What each column is
    size_t count;                     //  Of them
    uint32_t has;                     //  Bit of each field a column is for
} s_table_t;

//  The next line of any kind. NOT_FOUND at the end.
static fep_err_t s_next (s_table_t *self, archive_fault_t *fault)
{
    fep_err_t error = csv_next (&self->csv);
    return error && error != FEP_NOT_FOUND
               ? archive_line_fault (fault, error, self->csv.line, "%s", self->csv.why)
               : error;
}

static fep_err_t s_column (s_table_t *self, size_t i, archive_fault_t *fault)
{
    bytes_t name = self->csv.fields[i];
    field_t field = archive_field_find (name, false);
    int shown = (int) (name.size < 24 ? name.size : 24);
    if (field == FIELD_COUNT) {
        bool text = csv_is_utf8 (name);
        char names[ARCHIVE_NAMES_TEXT];
        archive_field_names (ARCHIVE_COLUMNS, names);
        return archive_line_fault (fault, FEP_SYNTAX, self->csv.line,
                                   "column %zu: \"%.*s\" is no column; known are %s", i + 1,
                                   text ? shown : 0, (const char *) name.data, names);
    }
    if (self->has & FIELD_BIT (field)) {
        return archive_line_fault (fault, FEP_EXISTS, self->csv.line,
                                   "column %zu: %s stands in the header already", i + 1,
                                   archive_field_name (field));
    }
    self->columns[i] = field;
    self->has |= FIELD_BIT (field);
    return FEP_OK;
}

static fep_err_t s_header (s_table_t *self, archive_fault_t *fault)
{
    fep_err_t error = s_next (self, fault);
    if (error == FEP_NOT_FOUND) {
        char names[ARCHIVE_NAMES_TEXT];
        archive_field_names (ARCHIVE_COLUMNS, names);
        return archive_line_fault (fault, FEP_SYNTAX, self->csv.line + 1,
                                   "the header line is missing; it names columns: %s", names);
    }
    self->count = self->csv.count;
    for (size_t i = 0; !error && i < self->count; i++) {
        error = s_column (self, i, fault);
    }
    if (!error && !(self->has & FIELD_BIT (FIELD_TERMINAL))) {
        error = archive_line_fault (fault, FEP_SYNTAX, self->csv.line,
                                    "the column terminal is missing; it must be there");
    }
    for (field_t field = 0; !error && field < FIELD_COUNT; field++) {
        if ((self->has & FIELD_BIT (field)) && archive_field_of_point (field) &&
            !(self->has & FIELD_BIT (FIELD_MP))) {
            error = archive_line_fault (fault, FEP_SYNTAX, self->csv.line,
                                        "the column measuring_point is missing; %s needs it",
                                        archive_field_name (field));
        }
    }
    return error;
}

//  All fields of the line at hand.
static fep_err_t s_line (s_table_t *self, archive_names_t *names, archive_line_t *line,
                         archive_fault_t *fault)
{
    line->has = 0;
    line->limit_count = 0;
    line->line = self->csv.line;
    memset (&line->terminal, 0, sizeof line->terminal);
    memset (&line->point, 0, sizeof line->point);
    if (self->csv.count != self->count) {
        return archive_line_fault (fault, FEP_SYNTAX, self->csv.line,
                                   "%zu fields; the header has %zu", self->csv.count, self->count);
    }
    for (size_t i = 0; i < self->count; i++) {
        field_t field = self->columns[i];
        fep_err_t error = archive_field_take (field, line, self->csv.fields[i], names,
                                              archive_field_name (field), fault);
        if (error) {
            return error;
        }
    }
    return archive_field_whole (line, fault);
}

static fep_err_t s_take (s_table_t *self, archive_build_t *build, const archive_line_t *line,
                         archive_fault_t *fault)
{
    uint32_t number = 0;
    fep_err_t error = archive_build_terminal (build, line, true, &number, fault);
    if (error) {
        return error;
    }
    if (self->has & FIELD_BIT (FIELD_MP)) {
        archive_build_listed (build, number);
    }
    return line->point.mp > 0 ? archive_build_point (build, number, line, fault)
                              : archive_build_alone (build, number, line, fault);
}

fep_err_t archive_csv_read (archive_build_t *build, bytes_t text, archive_fault_t *fault)
{
    s_table_t self = {.count = 0};
    archive_line_t line;
    csv_init (&self.csv, text);
    fep_err_t error = s_header (&self, fault);
    while (!error) {
        error = s_next (&self, fault);
        if (error == FEP_NOT_FOUND) {
            return FEP_OK;
        }
        if (!error) {
            error = s_line (&self, &build->names, &line, fault);
        }
        if (!error) {
            error = s_take (&self, build, &line, fault);
        }
    }
    return error;
}
