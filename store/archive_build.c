//  From lines of a file to a whole table: numbers are kept, what the file does not have too.
#include "store/archive_build.h"
#include <stdlib.h>

void archive_build_init (archive_build_t *self, const archive_table_t *old,
                         const archive_texts_t *profiles, archive_mode_t mode,
                         const archive_checks_t *checks)
{
    memset (self, 0, sizeof *self);
    self->old = old;
    self->mode = mode;
    self->sorted = true;
    archive_table_init (&self->table);
    archive_table_begin (&self->table, old);
    self->names.groups = self->table.groups;
    self->names.words = self->table.words;
    self->names.profiles = profiles;
    self->names.checks = checks;
    for (size_t i = 0; i < old->count; i++) {
        terminal_t *terminal = &self->table.terminals[i];
        self->names.groups_used |= terminal->present ? terminal->groups : 0;
        terminal->present = terminal->present && mode == ARCHIVE_MERGE;
        self->present_count += terminal->present ? 1 : 0;
    }
    self->seen = calloc (ARCHIVE_NUMBERS_MAX, sizeof *self->seen);
    self->alone = calloc (ARCHIVE_NUMBERS_MAX, sizeof *self->alone);
    self->listed = calloc (ARCHIVE_NUMBERS_MAX, sizeof *self->listed);
    FEP_ASSERT (self->seen && self->alone && self->listed);
}

void archive_build_fini (archive_build_t *self)
{
    archive_table_fini (&self->table);
    free (self->seen);
    free (self->alone);
    free (self->listed);
    free (self->points);
    free (self->limits);
    memset (self, 0, sizeof *self);
}

//  ---- What comes ----

//  The terminal under its number: as it was if it is present, else with nothing but its address.
static fep_err_t s_begin (archive_build_t *self, const archive_line_t *line, terminal_t *known,
                          uint32_t *number, archive_fault_t *fault)
{
    terminal_t blank = {.number = known ? known->number : 0};
    memcpy (blank.address, line->terminal.address, sizeof blank.address);
    if (!known) {
        if (archive_table_add (&self->table, &blank)) {
            return archive_line_fault (fault, FEP_LIMIT, line->line,
                                       "all %d archive numbers have been given away",
                                       ARCHIVE_NUMBERS_MAX);
        }
        known = &self->table.terminals[self->table.count - 1];
    } else if (!self->old->terminals[known->number - 1].present) {
        *known = blank;
    }
    *number = known->number;
    return FEP_OK;
}

fep_err_t archive_build_terminal (archive_build_t *self, const archive_line_t *line, bool repeats,
                                  uint32_t *number, archive_fault_t *fault)
{
    terminal_t *known = archive_table_find (&self->table, bytes_text (line->terminal.address));
    uint32_t seen = known ? self->seen[known->number - 1] : 0;
    if (seen > 0) {
        *number = known->number;
        field_t field = archive_field_differs (line->has & ~FIELD_BIT (FIELD_TERMINAL), known,
                                               &line->terminal, 0);
        if (!repeats) {
            return archive_line_fault (fault, FEP_EXISTS, line->line,
                                       "terminal %s stands on line %u already", known->address,
                                       seen);
        }
        return field == FIELD_COUNT
                   ? FEP_OK
                   : archive_line_fault (fault, FEP_EXISTS, line->line,
                                         "%s: terminal %s has another one on line %u; its lines "
                                         "must repeat it equal",
                                         archive_field_name (field), known->address, seen);
    }
    bool comes = !known || !known->present;
    if (comes && self->present_count == ARCHIVE_TERMINALS_MAX) {
        return archive_line_fault (fault, FEP_LIMIT, line->line, "more than %d terminals",
                                   ARCHIVE_TERMINALS_MAX);
    }
    fep_err_t error = s_begin (self, line, known, number, fault);
    if (error) {
        return error;
    }
    terminal_t *terminal = &self->table.terminals[*number - 1];
    archive_field_copy_terminal (line->has, &line->terminal, terminal);
    terminal->present = true;
    self->seen[*number - 1] = line->line;
    self->present_count += comes ? 1 : 0;
    return FEP_OK;
}

fep_err_t archive_build_alone (archive_build_t *self, uint32_t number, const archive_line_t *line,
                               archive_fault_t *fault)
{
    uint32_t *alone = &self->alone[number - 1];
    if (*alone > 0) {
        return archive_line_fault (fault, FEP_EXISTS, line->line,
                                   "terminal: %s stands without measuring_point on line %u already",
                                   line->terminal.address, *alone);
    }
    *alone = line->line;
    return FEP_OK;
}

void archive_build_listed (archive_build_t *self, uint32_t number)
{
    self->listed[number - 1] = true;
}

//  Room for `more` elements of `size` bytes.
static void *s_grow (void *items, size_t count, size_t more, size_t *capacity, size_t size)
{
    if (count + more <= *capacity) {
        return items;
    }
    *capacity = (count + more) * 2 + 256;
    items = realloc (items, *capacity * size);
    FEP_ASSERT (items);
    return items;
}

//  By terminal, then measuring point.
static int s_order (const archive_coming_t *a, const archive_coming_t *b)
{
    if (a->point.terminal != b->point.terminal) {
        return a->point.terminal < b->point.terminal ? -1 : 1;
    }
    return a->point.mp < b->point.mp ? -1 : a->point.mp > b->point.mp;
}

fep_err_t archive_build_point (archive_build_t *self, uint32_t number, const archive_line_t *line,
                               archive_fault_t *fault)
{
    if (self->point_count == ARCHIVE_POINTS_MAX) {
        return archive_line_fault (fault, FEP_LIMIT, line->line, "more than %d measuring points",
                                   ARCHIVE_POINTS_MAX);
    }
    if (self->limit_count + line->limit_count > ARCHIVE_LIMITS_MAX) {
        return archive_line_fault (fault, FEP_LIMIT, line->line, "more than %d limits",
                                   ARCHIVE_LIMITS_MAX);
    }
    self->points =
        s_grow (self->points, self->point_count, 1, &self->point_capacity, sizeof *self->points);
    self->limits = s_grow (self->limits, self->limit_count, line->limit_count,
                           &self->limit_capacity, sizeof *self->limits);
    archive_coming_t *coming = &self->points[self->point_count];
    *coming = (archive_coming_t){.point = line->point,
                                 .has = line->has,
                                 .line = line->line,
                                 .limits = (uint32_t) self->limit_count,
                                 .limit_count = (uint32_t) line->limit_count};
    coming->point.terminal = number;
    for (size_t i = 0; i < line->limit_count; i++) {
        archive_limit_t *limit = &self->limits[self->limit_count++];
        *limit = line->limits[i];
        limit->terminal = number;
        limit->mp = line->point.mp;
    }
    self->sorted = self->sorted && (self->point_count == 0 || s_order (coming - 1, coming) < 0);
    self->point_count++;
    return FEP_OK;
}

//  ---- Order ----

static int s_compare (const void *a, const void *b)
{
    const archive_coming_t *x = a;
    const archive_coming_t *y = b;
    int order = s_order (x, y);
    return order != 0 ? order : x->line < y->line ? -1 : x->line > y->line;
}

//  EXISTS with the first line that repeats a measuring point.
static fep_err_t s_sort (archive_build_t *self, archive_fault_t *fault)
{
    const archive_coming_t *twice = NULL;
    if (self->sorted) {
        return FEP_OK;
    }
    qsort (self->points, self->point_count, sizeof *self->points, s_compare);
    for (size_t i = 1; i < self->point_count; i++) {
        const archive_coming_t *at = &self->points[i];
        if (s_order (at - 1, at) == 0 && (!twice || at->line < twice->line)) {
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

//  ---- Merging ----

//  Adds a point with its limits.
static fep_err_t s_add (archive_build_t *self, const measuring_point_t *point,
                        const archive_limit_t *limits, size_t count)
{
    fep_err_t error = archive_table_add_point (&self->table, point);
    for (size_t i = 0; !error && i < count; i++) {
        error = archive_table_add_limit (&self->table, &limits[i]);
    }
    return error;
}

//  A point that comes, over the one that was there, or NULL.
static fep_err_t s_add_coming (archive_build_t *self, const archive_coming_t *coming,
                               const archive_entry_t *old, const measuring_point_t *was)
{
    measuring_point_t point = {.terminal = coming->point.terminal, .mp = coming->point.mp};
    const archive_limit_t *limits = self->limits + coming->limits;
    size_t count = coming->limit_count;
    if (was) {
        point = *was;
    }
    archive_field_copy_point (coming->has, &coming->point, &point);
    if (was && !(coming->has & FIELD_BIT (FIELD_LIMITS))) {
        limits = archive_field_limits (old, was->mp, &count);
    }
    return s_add (self, &point, limits, count);
}

//  The points of one terminal: those that were and are kept, and those that come.
static fep_err_t s_merge (archive_build_t *self, uint32_t number, const archive_coming_t *coming,
                          size_t count)
{
    archive_entry_t old = {0};
    if (number <= self->old->count && self->old->terminals[number - 1].present) {
        old = archive_table_entry (self->old, number);
    }
    bool keep = self->mode == ARCHIVE_MERGE || !self->listed[number - 1];
    size_t i = 0;
    size_t k = 0;
    fep_err_t error = FEP_OK;
    while (!error && (i < old.point_count || k < count)) {
        bool has_old = i < old.point_count;
        bool has_new = k < count;
        bool old_first = has_old && (!has_new || old.points[i].mp < coming[k].point.mp);
        if (old_first) {
            size_t limit_count;
            const archive_limit_t *limits =
                archive_field_limits (&old, old.points[i].mp, &limit_count);
            error = keep ? s_add (self, &old.points[i], limits, limit_count) : FEP_OK;
            i++;
        } else {
            bool same = has_old && old.points[i].mp == coming[k].point.mp;
            error = s_add_coming (self, &coming[k], &old, same ? &old.points[i] : NULL);
            i += same ? 1 : 0;
            k++;
        }
    }
    return error;
}

//  Who leaves keeps number and address, nothing else.
static void s_clear (terminal_t *terminal)
{
    terminal_t blank = {.number = terminal->number, .change = terminal->change};
    memcpy (blank.address, terminal->address, sizeof blank.address);
    *terminal = blank;
}

fep_err_t archive_build_unique (const archive_table_t *table, const uint32_t *seen,
                                archive_fault_t *fault)
{
    for (size_t i = 0; i < table->present_count; i++) {
        const terminal_t *terminal = &table->terminals[table->present[i] - 1];
        bytes_t registration = bytes_text (terminal->registration);
        const terminal_t *other =
            registration.size > 0 ? archive_table_find (table, registration) : NULL;
        if (registration.size == 0) {
            continue;
        }
        if (!other || !other->present) {
            other = archive_table_registered (table, registration);
        }
        if (other != terminal) {
            uint32_t line = seen ? seen[terminal->number - 1] : 0;
            uint32_t its = seen ? seen[other->number - 1] : 0;
            return archive_line_fault (
                fault, FEP_EXISTS, line > its ? line : its,
                "registration: %s of terminal %s is %s of terminal %s already",
                terminal->registration, terminal->address,
                strcmp (other->address, terminal->registration) == 0 ? "the address"
                                                                     : "the registration",
                other->address);
        }
    }
    return FEP_OK;
}

fep_err_t archive_build_end (archive_build_t *self, archive_fault_t *fault)
{
    size_t at = 0;
    fep_err_t error = s_sort (self, fault);
    if (error) {
        return error;
    }
    for (size_t i = 0; !error && i < self->table.count; i++) {
        terminal_t *terminal = &self->table.terminals[i];
        size_t first = at;
        while (at < self->point_count && self->points[at].point.terminal == terminal->number) {
            at++;
        }
        if (terminal->present) {
            error = s_merge (self, terminal->number, self->points + first, at - first);
        } else if (i < self->old->count && self->old->terminals[i].present) {
            s_clear (terminal);
        }
    }
    if (error) {
        return archive_line_fault (fault, error, 0,
                                   "together with what is kept it would be more than %d measuring "
                                   "points or %d limits",
                                   ARCHIVE_POINTS_MAX, ARCHIVE_LIMITS_MAX);
    }
    archive_table_index (&self->table);
    return archive_build_unique (&self->table, self->seen, fault);
}
