//  The columns of the archive's CSV.
#include "store/archive_line.h"
#include <stdarg.h>
#include <stdio.h>

#define HEADER "terminal,name,area,heartbeat_s,measuring_point,meter"
#define HEARTBEAT_MAX_S 86400
#define SHOWN_MAX 24  //  Bytes of a wrong value that a fault repeats

//  What a column check says: OK, or SYNTAX or RANGE.
typedef fep_err_t (s_take_t) (archive_line_t *line, bytes_t field);

static bool s_is_word_character (uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
           c == '_' || c == ':' || c == '-';
}

//  Copies a word that may stand in a topic and in an address.
static fep_err_t s_take_word (bytes_t field, char word[ADDRESS_MAX + 1])
{
    for (size_t i = 0; i < field.size; i++) {
        if (!s_is_word_character (field.data[i])) {
            return FEP_SYNTAX;
        }
    }
    if (field.size > ADDRESS_MAX) {
        return FEP_RANGE;
    }
    if (field.size > 0) {
        memcpy (word, field.data, field.size);
    }
    word[field.size] = 0;
    return FEP_OK;
}

//  A whole number; digits only.
static fep_err_t s_take_number (bytes_t field, uint32_t low, uint32_t high, uint32_t *number)
{
    *number = 0;
    uint64_t value = 0;
    for (size_t i = 0; i < field.size; i++) {
        if (field.data[i] < '0' || field.data[i] > '9') {
            return FEP_SYNTAX;
        }
        value = value * 10 + (uint64_t) (field.data[i] - '0');
        if (value > high) {
            value = (uint64_t) high + 1;
        }
    }
    *number = (uint32_t) value;
    if (field.size == 0) {
        return FEP_SYNTAX;
    }
    return value >= low && value <= high ? FEP_OK : FEP_RANGE;
}

static fep_err_t s_take_terminal (archive_line_t *line, bytes_t field)
{
    return field.size == 0 ? FEP_SYNTAX : s_take_word (field, line->terminal.address);
}

static fep_err_t s_take_name (archive_line_t *line, bytes_t field)
{
    if (field.size > ARCHIVE_NAME_MAX) {
        return FEP_RANGE;
    }
    if (field.size > 0) {
        memcpy (line->terminal.name, field.data, field.size);
    }
    line->terminal.name[field.size] = 0;
    return FEP_OK;
}

static fep_err_t s_take_area (archive_line_t *line, bytes_t field)
{
    uint32_t area;
    fep_err_t error = s_take_number (field, 0, AREA_COUNT - 1, &area);
    line->terminal.area = (uint8_t) area;
    return error;
}

static fep_err_t s_take_heartbeat (archive_line_t *line, bytes_t field)
{
    return field.size == 0 ? FEP_OK
                           : s_take_number (field, 0, HEARTBEAT_MAX_S, &line->terminal.heartbeat_s);
}

static fep_err_t s_take_mp (archive_line_t *line, bytes_t field)
{
    if (field.size == 0) {
        return FEP_OK;
    }
    uint32_t mp;
    fep_err_t error = s_take_number (field, 1, UINT16_MAX, &mp);
    line->point.mp = (uint16_t) mp;
    return error;
}

//  A meter hangs on a measuring point; the column before this one has been read.
static fep_err_t s_take_meter (archive_line_t *line, bytes_t field)
{
    if (field.size > 0 && line->point.mp == 0) {
        return FEP_SYNTAX;
    }
    return s_take_word (field, line->point.meter);
}

static const struct {
    const char *name;     //  As in the header
    const char *allowed;  //  For faults
    s_take_t *take;       //  Checks and keeps
} s_columns[] = {
    {"terminal", "1 to 23 letters, digits, or . _ : -", s_take_terminal},
    {"name", "at most 63 bytes of UTF-8 without control characters", s_take_name},
    {"area", "a whole number from 0 to 63", s_take_area},
    {"heartbeat_s", "empty, or a whole number from 0 to 86400", s_take_heartbeat},
    {"measuring_point", "empty, or a whole number from 1 to 65535", s_take_mp},
    {"meter", "empty, or with a measuring_point at most 23 letters, digits, or . _ : -",
     s_take_meter},
};

#define COLUMNS (sizeof s_columns / sizeof s_columns[0])

fep_err_t archive_line_fault (archive_fault_t *fault, fep_err_t error, uint32_t line,
                              const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    fault->line = line;
    vsnprintf (fault->text, sizeof fault->text, format, arguments);
    va_end (arguments);
    return error;
}

static bool s_has_control (bytes_t field)
{
    for (size_t i = 0; i < field.size; i++) {
        if (field.data[i] < ' ' || field.data[i] == 0x7F) {
            return true;
        }
    }
    return false;
}

//  Bytes of the field that a fault shows: whole characters only.
static int s_shown (bytes_t field)
{
    size_t size = field.size;
    if (size > SHOWN_MAX) {
        size = SHOWN_MAX;
        while (size > 0 && (field.data[size] & 0xC0) == 0x80) {
            size--;
        }
    }
    return (int) size;
}

static fep_err_t s_check_text (const csv_t *csv, size_t column, archive_fault_t *fault)
{
    if (!csv_is_utf8 (csv->fields[column])) {
        return archive_line_fault (fault, FEP_SYNTAX, csv->line, "%s: not UTF-8",
                                   s_columns[column].name);
    }
    if (s_has_control (csv->fields[column])) {
        return archive_line_fault (fault, FEP_SYNTAX, csv->line,
                                   "%s: a control character is not allowed",
                                   s_columns[column].name);
    }
    return FEP_OK;
}

static fep_err_t s_column (const csv_t *csv, size_t column, archive_line_t *line,
                           archive_fault_t *fault)
{
    fep_err_t error = s_check_text (csv, column, fault);
    if (error) {
        return error;
    }
    bytes_t field = csv->fields[column];
    error = s_columns[column].take (line, field);
    if (error) {
        int shown = s_shown (field);
        const char *more = (size_t) shown < field.size ? "..." : "";
        return archive_line_fault (fault, error, csv->line, "%s: \"%.*s%s\" is not allowed: %s",
                                   s_columns[column].name, shown, (const char *) field.data, more,
                                   s_columns[column].allowed);
    }
    return FEP_OK;
}

//  The next line of any kind, with the right number of fields.
static fep_err_t s_fields (csv_t *csv, archive_fault_t *fault)
{
    fep_err_t error = csv_next (csv);
    if (error == FEP_NOT_FOUND) {
        return error;
    }
    if (error) {
        return archive_line_fault (fault, error, csv->line, "%s", csv->why);
    }
    if (csv->count != COLUMNS) {
        return archive_line_fault (fault, FEP_SYNTAX, csv->line,
                                   "%zu fields; there must be %zu: " HEADER, csv->count, COLUMNS);
    }
    return FEP_OK;
}

fep_err_t archive_line_header (csv_t *csv, archive_fault_t *fault)
{
    fep_err_t error = s_fields (csv, fault);
    if (error == FEP_NOT_FOUND) {
        return archive_line_fault (fault, FEP_SYNTAX, csv->line + 1,
                                   "the header line is missing; it must be " HEADER);
    }
    for (size_t i = 0; !error && i < COLUMNS; i++) {
        if (!bytes_equal (csv->fields[i], bytes_text (s_columns[i].name))) {
            error = archive_line_fault (fault, FEP_SYNTAX, csv->line,
                                        "column %zu of the header must be %s; the whole: " HEADER,
                                        i + 1, s_columns[i].name);
        }
    }
    return error;
}

fep_err_t archive_line_next (csv_t *csv, archive_line_t *line, archive_fault_t *fault)
{
    memset (line, 0, sizeof *line);
    fep_err_t error = s_fields (csv, fault);
    for (size_t i = 0; !error && i < COLUMNS; i++) {
        error = s_column (csv, i, line, fault);
    }
    line->line = csv->line;
    return error;
}
