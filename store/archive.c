//  The archive in memory: loaded from its rows, asked by number and by name.
#include "store/archive.h"
#include "store/archive_inside.h"
#include "store/fault.h"
#include <stdlib.h>

//  ---- Loading ----

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

static fep_err_t s_load_text (void *arg, bytes_t key, bytes_t value)
{
    archive_texts_t *texts = arg;
    archive_text_t text;
    fep_err_t error = archive_text_get (key, value, &text);
    if (!error && archive_texts_put (texts, &text)) {
        error = FEP_CORRUPT;
    }
    return error ? fault_log (error, "archive", "a text of the archive cannot be read") : FEP_OK;
}

//  That it could be read is the check.
static fep_err_t s_check_task (void *arg, const task_t *task)
{
    (void) arg;
    (void) task;
    return FEP_OK;
}

static fep_err_t s_load_texts (archive_t *self, store_t *store)
{
    fep_err_t error = FEP_OK;
    for (archive_kind_t kind = 0; !error && kind < ARCHIVE_KIND_COUNT; kind++) {
        uint8_t prefix = archive_kind_prefix (kind);
        self->texts[kind] = archive_texts_new (kind);
        error = store_each (store, FAMILY_ARCHIVE, bytes_of (&prefix, 1), s_load_text,
                            self->texts[kind]);
    }
    return error ? error : archive_tasks_each (store, s_check_task, NULL);
}

fep_err_t archive_load (store_t *store, archive_t **self_p)
{
    *self_p = NULL;
    archive_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    archive_table_init (&self->table);
    fep_err_t error = archive_each (store, s_load_row, self);
    error = error ? error : archive_group_names (store, self->table.groups);
    error = error ? error : s_load_texts (self, store);
    error = error ? error : archive_state_load (self, store);
    error = error ? error : archive_undo_load (self, store);
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
        for (archive_kind_t kind = 0; kind < ARCHIVE_KIND_COUNT; kind++) {
            archive_texts_destroy (&(*self_p)->texts[kind]);
        }
        free (*self_p);
        *self_p = NULL;
    }
}

//  ---- Terminals ----

const terminal_t *archive_find (const archive_t *self, bytes_t address)
{
    const terminal_t *terminal = archive_table_find (&self->table, address);
    return terminal && terminal->present ? terminal
                                         : archive_table_registered (&self->table, address);
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
    size_t end;
    size_t first = 0;
    const measuring_point_t *points = archive_points (self, number, &end);
    size_t count = end;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (points[middle].mp < mp) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    return first < count && points[first].mp == mp ? &points[first] : NULL;
}

const archive_limit_t *archive_limits (const archive_t *self, uint32_t number, uint16_t mp,
                                       size_t *count)
{
    *count = 0;
    if (!archive_by_number (self, number)) {
        return NULL;
    }
    archive_entry_t entry = archive_table_entry (&self->table, number);
    const archive_limit_t *limits = archive_field_limits (&entry, mp, count);
    return *count > 0 ? limits : NULL;
}

//  ---- Groups and texts ----

const char *archive_group (const archive_t *self, uint32_t group)
{
    return group < ARCHIVE_GROUPS_MAX ? self->table.groups[group] : "";
}

size_t archive_group_size (const archive_t *self, uint32_t group)
{
    size_t size = 0;
    for (size_t i = 0; group < ARCHIVE_GROUPS_MAX && i < self->table.present_count; i++) {
        size += self->table.terminals[self->table.present[i] - 1].groups >> group & 1;
    }
    return size;
}

const archive_words_t *archive_words (const archive_t *self)
{
    return self->table.words;
}

uint64_t archive_change (const archive_t *self)
{
    return self->change;
}

const archive_text_t *archive_profile (const archive_t *self, uint32_t number)
{
    return archive_texts_at (self->texts[ARCHIVE_PROFILE], number);
}

const archive_text_t *archive_profile_find (const archive_t *self, bytes_t name)
{
    return archive_texts_find (self->texts[ARCHIVE_PROFILE], name);
}

const archive_text_t *archive_profile_next (const archive_t *self, uint32_t number)
{
    return archive_texts_next (self->texts[ARCHIVE_PROFILE], number);
}

const archive_text_t *archive_task (const archive_t *self, uint32_t number)
{
    return archive_texts_at (self->texts[ARCHIVE_TASK], number);
}

const archive_text_t *archive_task_find (const archive_t *self, bytes_t name)
{
    return archive_texts_find (self->texts[ARCHIVE_TASK], name);
}

const archive_text_t *archive_task_next (const archive_t *self, uint32_t number)
{
    return archive_texts_next (self->texts[ARCHIVE_TASK], number);
}

//  What is kept was parsed when it came.
void archive_task_read (const archive_text_t *text, task_t *task)
{
    task_fault_t fault;
    FEP_ASSERT (task_parse (text->text, task, &fault) == FEP_OK);
    task->number = text->number;
}

void archive_log_ends (const archive_t *self, uint64_t *first, uint64_t *last)
{
    *first = self->first_entry;
    *last = self->last_entry;
}
