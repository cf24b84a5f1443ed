//  Plans: what an archive will be, and how that differs from what it is.
#include "store/archive_gbk.h"
#include "store/archive_inside.h"
#include "store/archive_line.h"
#include <stdio.h>
#include <stdlib.h>

#define TERMINAL_FIELDS ((1u << FIELD_COUNT) - 1 - FIELD_BIT (FIELD_TERMINAL))
#define POINT_FIELDS (TERMINAL_FIELDS & ~(FIELD_BIT (FIELD_MP) | FIELD_BIT (FIELD_LIMITS)))
#define WHAT_BITS 2  //  Of a touched number

//  ---- Differences ----

void archive_plan_note (archive_plan_t *self, const archive_changed_t *changed)
{
    if (self->count == self->capacity) {
        self->capacity = self->capacity > 0 ? self->capacity * 2 : 256;
        self->changed = realloc (self->changed, self->capacity * sizeof *self->changed);
        FEP_ASSERT (self->changed);
    }
    self->changed[self->count++] = *changed;
}

static void s_note (archive_plan_t *self, uint32_t number, uint16_t mp, archive_what_t what,
                    field_t field)
{
    const archive_changed_t changed = {number, mp, (uint8_t) what, (uint8_t) field};
    archive_plan_note (self, &changed);
}

static void s_touch (archive_plan_t *self, uint32_t number, archive_what_t what)
{
    if (self->touched_count == self->touched_capacity) {
        self->touched_capacity = self->touched_capacity > 0 ? self->touched_capacity * 2 : 256;
        self->touched = realloc (self->touched, self->touched_capacity * sizeof *self->touched);
        FEP_ASSERT (self->touched);
    }
    self->touched[self->touched_count++] = number << WHAT_BITS | what;
    self->terminals[what]++;
}

static bool s_limits_equal (const archive_limit_t *a, size_t a_count, const archive_limit_t *b,
                            size_t b_count)
{
    bool equal = a_count == b_count;
    for (size_t i = 0; equal && i < a_count; i++) {
        equal = a[i].point == b[i].point && a[i].low == b[i].low && a[i].high == b[i].high;
    }
    return equal;
}

static void s_compare_point (archive_plan_t *self, const archive_entry_t *was, size_t i,
                             const archive_entry_t *is, size_t k)
{
    const measuring_point_t *a = &was->points[i];
    const measuring_point_t *b = &is->points[k];
    field_t field = 0;
    while ((field = archive_field_point_differs (POINT_FIELDS, a, b, field)) < FIELD_COUNT) {
        s_note (self, a->terminal, a->mp, ARCHIVE_CHANGED, field++);
    }
    if (was->limit_count > 0 || is->limit_count > 0) {
        size_t a_count;
        size_t b_count;
        const archive_limit_t *a_limits = archive_field_limits (was, a->mp, &a_count);
        const archive_limit_t *b_limits = archive_field_limits (is, a->mp, &b_count);
        if (!s_limits_equal (a_limits, a_count, b_limits, b_count)) {
            s_note (self, a->terminal, a->mp, ARCHIVE_CHANGED, FIELD_LIMITS);
        }
    }
}

//  Two states of a terminal that is present in both.
static void s_compare (archive_plan_t *self, const archive_entry_t *was, const archive_entry_t *is)
{
    uint32_t number = was->terminal->number;
    size_t before = self->count;
    size_t i = 0;
    size_t k = 0;
    field_t field = 0;
    while ((field = archive_field_differs (TERMINAL_FIELDS, was->terminal, is->terminal, field)) <
           FIELD_COUNT) {
        s_note (self, number, 0, ARCHIVE_CHANGED, field++);
    }
    while (i < was->point_count || k < is->point_count) {
        uint32_t a = i < was->point_count ? was->points[i].mp : UINT32_MAX;
        uint32_t b = k < is->point_count ? is->points[k].mp : UINT32_MAX;
        if (a == b) {
            s_compare_point (self, was, i++, is, k++);
        } else if (a < b) {
            s_note (self, number, was->points[i++].mp, ARCHIVE_REMOVED, FIELD_COUNT);
        } else {
            s_note (self, number, is->points[k++].mp, ARCHIVE_ADDED, FIELD_COUNT);
        }
    }
    if (self->count > before) {
        s_touch (self, number, ARCHIVE_CHANGED);
    }
}

static void s_differ (archive_plan_t *self)
{
    const archive_table_t *old = &self->archive->table;
    const archive_table_t *new = &self->table;
    for (size_t i = 0; i < new->count; i++) {
        uint32_t number = (uint32_t) (i + 1);
        bool was = i < old->count && old->terminals[i].present;
        bool is = new->terminals[i].present;
        if (was && is) {
            archive_entry_t a = archive_table_entry (old, number);
            archive_entry_t b = archive_table_entry (new, number);
            s_compare (self, &a, &b);
        } else if (was || is) {
            archive_what_t what = is ? ARCHIVE_ADDED : ARCHIVE_REMOVED;
            s_note (self, number, 0, what, FIELD_COUNT);
            s_touch (self, number, what);
        }
    }
}

archive_plan_t *archive_plan_new (const archive_t *archive)
{
    archive_plan_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    self->archive = archive;
    self->base = archive->change;
    return self;
}

archive_plan_t *archive_plan_of (const archive_t *archive, archive_table_t *table)
{
    archive_plan_t *self = archive_plan_new (archive);
    self->table = *table;
    self->has_table = true;
    archive_table_init (table);
    s_differ (self);
    return self;
}

void archive_plan_destroy (archive_plan_t **self_p)
{
    archive_plan_t *self = *self_p;
    if (!self) {
        return;
    }
    if (self->has_table) {
        archive_table_fini (&self->table);
    }
    if (self->text) {
        free ((void *) self->text->text.data);
        free (self->text);
    }
    free (self->changed);
    free (self->touched);
    free (self);
    *self_p = NULL;
}

//  ---- Making them ----

fep_err_t archive_plan (const archive_t *self, bytes_t file, const archive_import_t *import,
                        archive_plan_t **plan_p, archive_fault_t *fault)
{
    *plan_p = NULL;
    memset (fault, 0, sizeof *fault);
    uint8_t *converted = NULL;
    if (import->encoding == ARCHIVE_GBK) {
        fep_err_t error = archive_gbk_decode (file, &converted, &file.size, fault);
        if (error) {
            return error;
        }
        file.data = converted;
    }
    archive_build_t build;
    archive_build_init (&build, &self->table, self->texts[ARCHIVE_PROFILE], import->mode,
                        import->checks);
    fep_err_t error = import->format == ARCHIVE_JSON ? archive_json_read (&build, file, fault)
                                                     : archive_csv_read (&build, file, fault);
    if (!error) {
        error = archive_build_end (&build, fault);
    }
    if (!error) {
        *plan_p = archive_plan_of (self, &build.table);
    }
    archive_build_fini (&build);
    free (converted);
    return error;
}

//  Through the checks that a file's fields go through, but groups, which are numbers already.
static fep_err_t s_terminal_line (const terminal_t *terminal, archive_build_t *build,
                                  archive_line_t *line, archive_fault_t *fault)
{
    archive_entry_t entry = {.terminal = terminal};
    fep_err_t error = FEP_OK;
    for (field_t field = 0; !error && field < FIELD_COUNT; field++) {
        char text[ARCHIVE_SHOWN_MAX];
        writer_t out = writer_of (text, sizeof text);
        if (!archive_field_of_point (field) && field != FIELD_GROUPS) {
            archive_field_show (field, &entry, 0, &build->names, &out);
            error = archive_field_take (field, line, writer_bytes (&out), &build->names,
                                        archive_field_name (field), fault);
        }
    }
    line->has |= FIELD_BIT (FIELD_GROUPS);
    line->terminal.groups = terminal->groups;
    return error ? error : archive_field_whole (line, fault);
}

fep_err_t archive_plan_terminal (const archive_t *self, const terminal_t *terminal,
                                 const archive_checks_t *checks, archive_plan_t **plan_p,
                                 archive_fault_t *fault)
{
    uint32_t number = 0;
    *plan_p = NULL;
    memset (fault, 0, sizeof *fault);
    if (archive_find (self, bytes_text (terminal->address))) {
        return archive_line_fault (fault, FEP_EXISTS, 0, "terminal: %s is in the archive already",
                                   terminal->address);
    }
    archive_build_t build;
    archive_line_t line = {.line = 0};
    archive_build_init (&build, &self->table, self->texts[ARCHIVE_PROFILE], ARCHIVE_MERGE, checks);
    fep_err_t error = s_terminal_line (terminal, &build, &line, fault);
    if (!error) {
        error = archive_build_terminal (&build, &line, false, &number, fault);
    }
    if (!error) {
        error = archive_build_end (&build, fault);
    }
    if (!error) {
        *plan_p = archive_plan_of (self, &build.table);
    }
    archive_build_fini (&build);
    return error;
}

//  ---- Showing ----

const char *archive_what_name (archive_what_t what)
{
    static const char *const names[ARCHIVE_WHAT_COUNT] = {"added", "removed", "changed"};
    return names[what];
}

size_t archive_plan_terminals (const archive_plan_t *self, archive_what_t what)
{
    return self->terminals[what];
}

size_t archive_plan_count (const archive_plan_t *self)
{
    return self->count;
}

size_t archive_plan_touched_count (const archive_plan_t *self)
{
    return self->touched_count;
}

uint32_t archive_plan_touched (const archive_plan_t *self, size_t i, archive_what_t *what)
{
    *what = self->touched[i] & ((1u << WHAT_BITS) - 1);
    return self->touched[i] >> WHAT_BITS;
}

//  Ends a text in room of ARCHIVE_SHOWN_MAX + 1; what did not fit is cut, whole characters only.
void archive_plan_cut (char *text, const char *all, size_t size)
{
    size_t shown = size;
    if (shown > ARCHIVE_SHOWN_MAX) {
        shown = ARCHIVE_SHOWN_MAX - 3;
        while (shown > 0 && ((uint8_t) all[shown] & 0xC0) == 0x80) {
            shown--;
        }
    }
    memcpy (text, all, shown);
    memcpy (text + shown, "...", shown < size ? 3 : 0);
    text[shown + (shown < size ? 3 : 0)] = 0;
}

//  "name=gate;area=3": the fields that are not empty.
static void s_show_fields (bool of_point, const archive_entry_t *entry, size_t point,
                           const archive_names_t *names, writer_t *out)
{
    bool first = true;
    for (field_t field = FIELD_NAME; field < FIELD_COUNT; field++) {
        size_t start = out->size;
        const char *name = archive_field_name (field);
        if (archive_field_of_point (field) != of_point || field == FIELD_MP) {
            continue;
        }
        writer_put (out, first ? "" : " ", first ? 0 : 1);
        writer_put (out, name, strlen (name));
        writer_u8 (out, '=');
        size_t value = out->size;
        archive_field_show (field, entry, point, names, out);
        bool empty = out->size == value || (out->size == value + 1 && out->data[value] == '0');
        if (empty && field != FIELD_AREA) {
            out->size = start;
        } else {
            first = false;
        }
    }
}

//  One side of a difference.
static void s_show_side (const archive_changed_t *changed, const archive_table_t *table,
                         const archive_texts_t *profiles, char *text)
{
    char room[6000];
    writer_t out = writer_of (room, sizeof room);
    archive_entry_t entry = archive_table_entry (table, changed->number);
    archive_names_t names = {.groups = (char (*)[ARCHIVE_NAME_MAX + 1]) table->groups,
                             .words = table->words,
                             .profiles = profiles};
    size_t point = 0;
    while (changed->mp > 0 && entry.points[point].mp != changed->mp) {
        point++;
    }
    if (changed->field < FIELD_COUNT) {
        archive_field_show (changed->field, &entry, point, &names, &out);
    } else if (changed->mp > 0) {
        s_show_fields (true, &entry, point, &names, &out);
    } else {
        char count[48];
        s_show_fields (false, &entry, 0, &names, &out);
        int size = snprintf (count, sizeof count, " measuring_points=%zu", entry.point_count);
        writer_put (&out, count, (size_t) size);
    }
    archive_plan_cut (text, room, out.size);
}

void archive_plan_show (const archive_plan_t *self, size_t i, archive_difference_t *difference)
{
    const archive_changed_t *changed = &self->changed[i];
    const archive_t *archive = self->archive;
    memset (difference, 0, sizeof *difference);
    difference->what = changed->what;
    if (self->text) {
        archive_plan_show_text (self, changed, difference);
        return;
    }
    const terminal_t *terminal = &self->table.terminals[changed->number - 1];
    memcpy (difference->terminal, terminal->address, sizeof difference->terminal);
    if (changed->mp > 0 && changed->field == FIELD_COUNT) {
        snprintf (difference->field, sizeof difference->field, "measuring_point %u", changed->mp);
    } else if (changed->field < FIELD_COUNT) {
        char mp[8] = "";
        snprintf (mp, sizeof mp, "%u.", changed->mp);
        snprintf (difference->field, sizeof difference->field, "%s%s", changed->mp > 0 ? mp : "",
                  archive_field_name (changed->field));
    }
    if (changed->what != ARCHIVE_ADDED) {
        s_show_side (changed, &archive->table, archive->texts[ARCHIVE_PROFILE], difference->before);
    }
    if (changed->what != ARCHIVE_REMOVED) {
        s_show_side (changed, &self->table, archive->texts[ARCHIVE_PROFILE], difference->after);
    }
}
