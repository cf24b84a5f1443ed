//  The archive: loaded from its rows, changed by one CSV as a whole.
#include "store/archive.h"
#include "store/archive_line.h"
#include "store/archive_row.h"
#include "store/archive_table.h"
#include "store/fault.h"
#include <stdlib.h>

struct archive {
    archive_table_t table;  //  As the store has it
};

//  An import under way. Lines are remembered to name them in faults.
typedef struct {
    archive_table_t table;  //  What the archive will be
    uint32_t *seen;         //  By number - 1: the line that brought a terminal first; 0 = not yet
    uint32_t *alone;        //  By number - 1: the line that had it without a measuring point
    uint32_t *point_lines;  //  By point, in the order of lines
    size_t seen_count;      //  Terminals seen
} s_import_t;

//  Numbers are dense from 1.
static fep_err_t s_load_row (void *arg, const archive_entry_t *entry)
{
    archive_t *self = arg;
    fep_err_t error = entry->terminal->number == self->table.count + 1
                          ? archive_table_add_entry (&self->table, entry)
                          : FEP_CORRUPT;
    return error ? fault_log (FEP_CORRUPT, "archive", "rows of the archive do not fit together")
                 : FEP_OK;
}

fep_err_t archive_load (store_t *store, archive_t **self_p)
{
    *self_p = NULL;
    archive_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    archive_table_init (&self->table);
    fep_err_t error = archive_each (store, s_load_row, self);
    if (!error) {
        error = archive_group_names (store, self->table.groups);
    }
    if (error) {
        archive_destroy (&self);
        return error;
    }
    archive_table_index (&self->table);
    *self_p = self;
    return FEP_OK;
}

void archive_destroy (archive_t **self_p)
{
    if (*self_p) {
        archive_table_fini (&(*self_p)->table);
        free (*self_p);
        *self_p = NULL;
    }
}

//  ---- Import ----

//  Room for one line number per terminal and per point that can come.
static void s_import_init (s_import_t *self, const archive_table_t *old)
{
    memset (self, 0, sizeof *self);
    archive_table_init (&self->table);
    for (size_t i = 0; i < old->count; i++) {
        terminal_t terminal = old->terminals[i];
        terminal.present = false;
        FEP_ASSERT (archive_table_add (&self->table, &terminal) == FEP_OK);
    }
    self->seen = calloc (ARCHIVE_NUMBERS_MAX, sizeof *self->seen);
    self->alone = calloc (ARCHIVE_NUMBERS_MAX, sizeof *self->alone);
    self->point_lines = calloc (ARCHIVE_POINTS_MAX, sizeof *self->point_lines);
    FEP_ASSERT (self->seen && self->alone && self->point_lines);
}

static void s_import_fini (s_import_t *self)
{
    archive_table_fini (&self->table);
    free (self->seen);
    free (self->alone);
    free (self->point_lines);
}

//  The fields that every line of a terminal repeats. Gives the name of one that differs, or NULL.
static const char *s_difference (const terminal_t *a, const terminal_t *b)
{
    if (strcmp (a->name, b->name) != 0) {
        return "name";
    }
    if (a->area != b->area) {
        return "area";
    }
    return a->heartbeat_s != b->heartbeat_s ? "heartbeat_s" : NULL;
}

//  The terminal's entry, new or known, with this line's fields if it is the first that names it.
static fep_err_t s_import_terminal (s_import_t *self, const archive_line_t *line,
                                    archive_fault_t *fault, uint32_t *number)
{
    bytes_t address = bytes_text (line->terminal.address);
    terminal_t *known = archive_table_find (&self->table, address);
    uint32_t seen = known ? self->seen[known->number - 1] : 0;
    if (seen > 0) {
        *number = known->number;
        const char *different = s_difference (known, &line->terminal);
        return different ? archive_line_fault (fault, FEP_EXISTS, line->line,
                                               "%s: terminal %s has another one on line %u; its "
                                               "lines must repeat it equal",
                                               different, known->address, seen)
                         : FEP_OK;
    }
    if (self->seen_count == ARCHIVE_TERMINALS_MAX) {
        return archive_line_fault (fault, FEP_LIMIT, line->line, "more than %d terminals",
                                   ARCHIVE_TERMINALS_MAX);
    }
    if (!known) {
        if (archive_table_add (&self->table, &line->terminal)) {
            return archive_line_fault (fault, FEP_LIMIT, line->line,
                                       "all %d archive numbers have been given away",
                                       ARCHIVE_NUMBERS_MAX);
        }
        known = &self->table.terminals[self->table.count - 1];
    }
    *number = known->number;
    *known = line->terminal;
    known->number = *number;
    known->present = true;
    self->seen[*number - 1] = line->line;
    self->seen_count++;
    return FEP_OK;
}

static fep_err_t s_import_line (s_import_t *self, const archive_line_t *line,
                                archive_fault_t *fault)
{
    uint32_t number = 0;
    fep_err_t error = s_import_terminal (self, line, fault, &number);
    if (error) {
        return error;
    }
    if (line->point.mp == 0) {
        uint32_t *alone = &self->alone[number - 1];
        if (*alone > 0) {
            return archive_line_fault (
                fault, FEP_EXISTS, line->line,
                "terminal: %s stands without measuring_point on line %u already",
                line->terminal.address, *alone);
        }
        *alone = line->line;
        return FEP_OK;
    }
    measuring_point_t point = line->point;
    point.terminal = number;
    if (archive_table_add_point (&self->table, &point)) {
        return archive_line_fault (fault, FEP_LIMIT, line->line, "more than %d measuring points",
                                   ARCHIVE_POINTS_MAX);
    }
    self->point_lines[self->table.point_count - 1] = line->line;
    return FEP_OK;
}

static fep_err_t s_import_read (s_import_t *self, bytes_t text, archive_fault_t *fault)
{
    csv_t csv;
    csv_init (&csv, text);
    fep_err_t error = archive_line_header (&csv, fault);
    while (!error) {
        archive_line_t line;
        error = archive_line_next (&csv, &line, fault);
        if (!error) {
            error = s_import_line (self, &line, fault);
        }
    }
    return error == FEP_NOT_FOUND ? FEP_OK : error;
}

typedef struct {
    measuring_point_t point;  //  What is sorted
    uint32_t line;            //  Where it stood
} s_sorted_t;

//  By terminal, measuring point, line.
static int s_compare (const void *a, const void *b)
{
    const s_sorted_t *x = a;
    const s_sorted_t *y = b;
    if (x->point.terminal != y->point.terminal) {
        return x->point.terminal < y->point.terminal ? -1 : 1;
    }
    if (x->point.mp != y->point.mp) {
        return x->point.mp < y->point.mp ? -1 : 1;
    }
    return x->line < y->line ? -1 : x->line > y->line;
}

//  Puts the sorted points back; EXISTS with the first line that repeats one.
static fep_err_t s_take_sorted (s_import_t *self, const s_sorted_t *sorted, archive_fault_t *fault)
{
    const s_sorted_t *twice = NULL;
    for (size_t i = 0; i < self->table.point_count; i++) {
        const s_sorted_t *at = &sorted[i];
        self->table.points[i] = at->point;
        if (i > 0 && at->point.terminal == at[-1].point.terminal &&
            at->point.mp == at[-1].point.mp && (!twice || at->line < twice->line)) {
            twice = at;
        }
    }
    if (!twice) {
        return FEP_OK;
    }
    return archive_line_fault (
        fault, FEP_EXISTS, twice->line,
        "measuring_point: %u of terminal %s stands on line %u already", twice->point.mp,
        self->table.terminals[twice->point.terminal - 1].address, twice[-1].line);
}

static fep_err_t s_import_sort (s_import_t *self, archive_fault_t *fault)
{
    size_t count = self->table.point_count;
    s_sorted_t *sorted = malloc ((count + 1) * sizeof *sorted);
    FEP_ASSERT (sorted);
    for (size_t i = 0; i < count; i++) {
        sorted[i] = (s_sorted_t){self->table.points[i], self->point_lines[i]};
    }
    qsort (sorted, count, sizeof *sorted, s_compare);
    fep_err_t error = s_take_sorted (self, sorted, fault);
    free (sorted);
    return error;
}

static bool s_points_equal (const measuring_point_t *a, const measuring_point_t *b, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (a[i].mp != b[i].mp || strcmp (a[i].meter, b[i].meter) != 0) {
            return false;
        }
    }
    return true;
}

//  True if a terminal's row must be written.
static bool s_changed (const archive_table_t *old, const archive_table_t *new, uint32_t number)
{
    if (number > old->count) {
        return true;
    }
    const terminal_t *was = &old->terminals[number - 1];
    const terminal_t *is = &new->terminals[number - 1];
    size_t was_points;
    size_t is_points;
    const measuring_point_t *a = archive_table_points (old, number, &was_points);
    const measuring_point_t *b = archive_table_points (new, number, &is_points);
    return was->present != is->present || s_difference (was, is) || was_points != is_points ||
           !s_points_equal (a, b, is_points);
}

//  What is to be written.
typedef struct {
    row_t *rows;                            //  One per changed terminal
    size_t count;                           //  Of them
    uint8_t (*keys)[ARCHIVE_ROW_KEY_SIZE];  //  Their keys
    writer_t values;                        //  Their values, one behind the other
} s_changes_t;

static void s_changes_init (s_changes_t *self, const archive_table_t *old,
                            const archive_table_t *new)
{
    size_t bytes = 0;
    size_t count = 0;
    for (size_t i = 0; i < new->count; i++) {
        if (s_changed (old, new, (uint32_t) (i + 1))) {
            archive_entry_t entry = archive_table_entry (new, (uint32_t) (i + 1));
            bytes += archive_row_bound (entry.point_count, entry.limit_count);
            count++;
        }
    }
    self->rows = calloc (count + 1, sizeof *self->rows);
    self->keys = calloc (count + 1, sizeof *self->keys);
    uint8_t *values = malloc (bytes + 1);
    FEP_ASSERT (self->rows && self->keys && values);
    self->values = writer_of (values, bytes);
    self->count = 0;
}

static void s_changes_fini (s_changes_t *self)
{
    free (self->rows);
    free (self->keys);
    free (self->values.data);
}

static void s_changes_add (s_changes_t *self, const archive_table_t *table, uint32_t number)
{
    archive_entry_t entry = archive_table_entry (table, number);
    size_t start = self->values.size;
    archive_row_put (&entry, &self->values);
    FEP_ASSERT (!self->values.failed);
    uint8_t *key = self->keys[self->count];
    archive_row_key (number, key);
    self->rows[self->count] =
        (row_t){FAMILY_ARCHIVE, bytes_of (key, ARCHIVE_ROW_KEY_SIZE),
                bytes_of (self->values.data + start, self->values.size - start)};
    self->count++;
}

//  One write; none if nothing changed.
static fep_err_t s_write_changes (store_t *store, const archive_table_t *old,
                                  const archive_table_t *new)
{
    s_changes_t changes;
    s_changes_init (&changes, old, new);
    for (size_t i = 0; i < new->count; i++) {
        if (s_changed (old, new, (uint32_t) (i + 1))) {
            s_changes_add (&changes, new, (uint32_t) (i + 1));
        }
    }
    fep_err_t error = changes.count > 0 ? store_put (store, changes.rows, changes.count) : FEP_OK;
    s_changes_fini (&changes);
    return error;
}

fep_err_t archive_import (archive_t *self, store_t *store, bytes_t csv, archive_fault_t *fault)
{
    memset (fault, 0, sizeof *fault);
    s_import_t import;
    s_import_init (&import, &self->table);
    fep_err_t error = s_import_read (&import, csv, fault);
    if (!error) {
        error = s_import_sort (&import, fault);
    }
    if (!error) {
        archive_table_index (&import.table);
        error = s_write_changes (store, &self->table, &import.table);
        if (error) {
            (void) archive_line_fault (fault, error, 0, "the store says: %s", fep_err_text (error));
        }
    }
    if (!error) {
        archive_table_t old = self->table;
        self->table = import.table;
        import.table = old;
    }
    s_import_fini (&import);
    return error;
}

//  ---- Asking ----

const terminal_t *archive_find (const archive_t *self, bytes_t address)
{
    const terminal_t *terminal = archive_table_find (&self->table, address);
    return terminal && terminal->present ? terminal : NULL;
}

const terminal_t *archive_by_number (const archive_t *self, uint32_t number)
{
    if (number == 0 || number > self->table.count || !self->table.terminals[number - 1].present) {
        return NULL;
    }
    return &self->table.terminals[number - 1];
}

size_t archive_count (const archive_t *self)
{
    return self->table.present_count;
}

const terminal_t *archive_at (const archive_t *self, size_t i)
{
    return i < self->table.present_count ? &self->table.terminals[self->table.present[i] - 1]
                                         : NULL;
}

const measuring_point_t *archive_points (const archive_t *self, uint32_t number, size_t *count)
{
    return archive_table_points (&self->table, number, count);
}

const measuring_point_t *archive_point (const archive_t *self, uint32_t number, uint16_t mp)
{
    size_t count;
    const measuring_point_t *points = archive_points (self, number, &count);
    for (size_t i = 0; i < count; i++) {
        if (points[i].mp == mp) {
            return &points[i];
        }
    }
    return NULL;
}

bytes_t archive_profile (const archive_t *self, uint32_t number)
{
    (void) self;
    (void) number;
    return bytes_of (NULL, 0);
}
