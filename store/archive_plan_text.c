//  Plans that put or remove a text: a profile, a task.
#include "store/archive_inside.h"
#include "store/archive_line.h"
#include "store/csv.h"
#include <stdio.h>
#include <stdlib.h>

//  ---- Making them ----

//  BUSY if a measuring point is read by the profile, or it is a terminal's own.
static fep_err_t s_unused (const archive_t *self, const char *name, uint32_t profile,
                           archive_fault_t *fault)
{
    const archive_table_t *table = &self->table;
    for (size_t i = 0; i < table->point_count; i++) {
        const measuring_point_t *point = &table->points[i];
        if (point->profile == profile) {
            return archive_line_fault (
                fault, FEP_BUSY, 0, "profile %s is used by measuring point %u of terminal %s", name,
                point->mp, table->terminals[point->terminal - 1].address);
        }
    }
    for (size_t i = 0; i < table->present_count; i++) {
        const terminal_t *terminal = &table->terminals[table->present[i] - 1];
        if (terminal->profile == profile) {
            return archive_line_fault (fault, FEP_BUSY, 0, "profile %s is used by terminal %s",
                                       name, terminal->address);
        }
    }
    return FEP_OK;
}

//  A plan with the text, and no differences yet. NOT_FOUND, LIMIT, SYNTAX.
static fep_err_t s_plan (const archive_t *self, archive_kind_t kind, const char *name, bytes_t text,
                         archive_plan_t **plan_p, archive_fault_t *fault)
{
    const archive_texts_t *texts = self->texts[kind];
    uint32_t number = archive_texts_number (texts, bytes_text (name));
    if (text.size == 0 && !archive_texts_at (texts, number)) {
        return archive_line_fault (fault, FEP_NOT_FOUND, 0, "there is no %s %s",
                                   archive_kind_name (kind), name);
    }
    if (!csv_is_utf8 (text) ||
        memchr (text.data ? text.data : (const uint8_t *) "", 0, text.size)) {
        return archive_line_fault (fault, FEP_SYNTAX, 0, "%s %s: not UTF-8",
                                   archive_kind_name (kind), name);
    }
    if (number == 0 && texts->count == texts->most) {
        return archive_line_fault (fault, FEP_LIMIT, 0, "all %zu numbers of %ss have been given",
                                   texts->most, archive_kind_name (kind));
    }
    archive_plan_t *plan = archive_plan_new (self);
    plan->kind = kind;
    plan->text = calloc (1, sizeof *plan->text);
    uint8_t *copy = malloc (text.size + 1);
    FEP_ASSERT (plan->text && copy);
    if (text.size > 0) {
        memcpy (copy, text.data, text.size);
    }
    plan->text->number = number > 0 ? number : (uint32_t) texts->count + 1;
    plan->text->text = bytes_of (copy, text.size);
    snprintf (plan->text->name, sizeof plan->text->name, "%s", name);
    *plan_p = plan;
    return FEP_OK;
}

//  The text that is there now; NULL if there is none.
static const archive_text_t *s_before (const archive_plan_t *self)
{
    return archive_texts_at (self->archive->texts[self->kind], self->text->number);
}

static void s_note (archive_plan_t *self, archive_what_t what, size_t field)
{
    const archive_changed_t changed = {.what = (uint8_t) what, .field = (uint8_t) field};
    archive_plan_note (self, &changed);
}

//  The whole text came, went, or is another one.
static void s_note_whole (archive_plan_t *self)
{
    const archive_text_t *before = s_before (self);
    if (!before || !bytes_equal (before->text, self->text->text)) {
        s_note (self,
                !before                      ? ARCHIVE_ADDED
                : self->text->text.size == 0 ? ARCHIVE_REMOVED
                                             : ARCHIVE_CHANGED,
                ARCHIVE_WHOLE);
    }
}

fep_err_t archive_plan_profile (const archive_t *self, const char *name, bytes_t text,
                                archive_plan_t **plan_p, archive_fault_t *fault)
{
    *plan_p = NULL;
    memset (fault, 0, sizeof *fault);
    const archive_text_t *known = archive_profile_find (self, bytes_text (name));
    if (text.size == 0 && known && s_unused (self, name, known->number, fault) != FEP_OK) {
        return FEP_BUSY;
    }
    fep_err_t error = s_plan (self, ARCHIVE_PROFILE, name, text, plan_p, fault);
    if (!error) {
        s_note_whole (*plan_p);
    }
    return error;
}

//  ---- Tasks ----

#define VALUE_ROOM TASK_TEXT_MAX

static bytes_t s_value (const task_t *task, size_t key, uint8_t room[VALUE_ROOM])
{
    writer_t out = writer_of (room, VALUE_ROOM);
    task_put_value (task, key, &out);
    return writer_bytes (&out);
}

//  Key by key; if none differs, but a comment or the way it is written, then as a whole.
static void s_note_keys (archive_plan_t *self, const task_t *after)
{
    uint8_t room[2][VALUE_ROOM];
    task_t before;
    archive_task_read (s_before (self), &before);
    for (size_t key = 0; task_key (key); key++) {
        if (!bytes_equal (s_value (&before, key, room[0]), s_value (after, key, room[1]))) {
            s_note (self, ARCHIVE_CHANGED, key);
        }
    }
    if (self->count == 0) {
        s_note_whole (self);
    }
}

//  The text's own name, which a name that was said must be.
static fep_err_t s_parse (const char *name, bytes_t text, task_t *task, archive_fault_t *fault)
{
    task_fault_t wrong;
    if (!csv_is_utf8 (text)) {
        return archive_line_fault (fault, FEP_SYNTAX, 0, "the text is not UTF-8");
    }
    fep_err_t error = task_parse (text, task, &wrong);
    if (error) {
        return archive_line_fault (fault, error, wrong.line, "%s", wrong.text);
    }
    return !name[0] || strcmp (name, task->name) == 0
               ? FEP_OK
               : archive_line_fault (fault, FEP_RANGE, 0, "the text is of task %s, not of %s",
                                     task->name, name);
}

fep_err_t archive_plan_task (const archive_t *self, const char *name, bytes_t text,
                             archive_plan_t **plan_p, archive_fault_t *fault)
{
    task_t task;
    fep_err_t error = FEP_OK;
    *plan_p = NULL;
    memset (fault, 0, sizeof *fault);
    if (text.size > 0) {
        error = s_parse (name, text, &task, fault);
        name = task.name;
    }
    error = error ? error : s_plan (self, ARCHIVE_TASK, name, text, plan_p, fault);
    if (error) {
        return error;
    }
    if (text.size > 0 && s_before (*plan_p)) {
        s_note_keys (*plan_p, &task);
    } else {
        s_note_whole (*plan_p);
    }
    return FEP_OK;
}

//  ---- Showing ----

uint32_t archive_plan_number (const archive_plan_t *self, archive_kind_t kind)
{
    return self->text && self->kind == kind ? self->text->number : 0;
}

//  Texts are long: their size and a number that tells them apart.
static void s_show_bytes (const archive_text_t *text, char *shown)
{
    snprintf (shown, ARCHIVE_SHOWN_MAX + 1, "%zu bytes, hash %016llx", text->text.size,
              (unsigned long long) archive_hash (text->text));
}

//  "type=daily group=north": what is not empty, but the name.
static void s_show_task (const archive_text_t *text, char *shown)
{
    uint8_t room[VALUE_ROOM];
    char all[VALUE_ROOM];
    writer_t out = writer_of (all, sizeof all);
    task_t task;
    archive_task_read (text, &task);
    for (size_t key = 1; task_key (key); key++) {
        bytes_t value = s_value (&task, key, room);
        if (value.size > 0) {
            writer_put (&out, " ", out.size > 0 ? 1 : 0);
            writer_put (&out, task_key (key), strlen (task_key (key)));
            writer_u8 (&out, '=');
            writer_put (&out, value.data, value.size);
        }
    }
    archive_plan_cut (shown, all, out.size);
}

//  One side of a difference; nothing if there is no text.
static void s_show_side (const archive_plan_t *self, const archive_changed_t *changed,
                         const archive_text_t *text, char *shown)
{
    if (!text || text->text.size == 0) {
        return;
    }
    if (changed->field != ARCHIVE_WHOLE) {
        uint8_t room[VALUE_ROOM];
        task_t task;
        archive_task_read (text, &task);
        bytes_t value = s_value (&task, changed->field, room);
        archive_plan_cut (shown, (const char *) value.data, value.size);
    } else if (self->kind == ARCHIVE_TASK && changed->what != ARCHIVE_CHANGED) {
        s_show_task (text, shown);
    } else {
        s_show_bytes (text, shown);
    }
}

void archive_plan_show_text (const archive_plan_t *self, const archive_changed_t *changed,
                             archive_difference_t *difference)
{
    bool whole = changed->field == ARCHIVE_WHOLE;
    snprintf (difference->field, sizeof difference->field, "%s %.47s%s%s",
              archive_kind_name (self->kind), self->text->name, whole ? "" : ".",
              whole ? "" : task_key (changed->field));
    s_show_side (self, changed, s_before (self), difference->before);
    s_show_side (self, changed, self->text, difference->after);
}
