//  Applying a plan: all its rows in one synced write, then the copy in memory.
#include "fep/clock.h"
#include "fep/wire.h"
#include "store/archive_inside.h"
#include "store/fault.h"
#include "store/inside.h"
#include <stdlib.h>

#define FILE_FIELDS 2
#define FILE_NAME_BYTES 63
#define ENTRIES_DEFAULT 100000

uint64_t archive_hash (bytes_t bytes)
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < bytes.size; i++) {
        hash = (hash ^ bytes.data[i]) * 1099511628211u;
    }
    return hash;
}

//  ---- Files taken over at start ----

static bytes_t s_file_key (const char *file, uint8_t key[FILE_NAME_BYTES + 1])
{
    size_t size = strnlen (file, FILE_NAME_BYTES);
    key[0] = 'f';
    memcpy (key + 1, file, size);
    return bytes_of (key, size + 1);
}

bool archive_seen (store_t *store, const char *file, uint64_t hash)
{
    uint8_t memory[FILE_NAME_BYTES + 1];
    pin_t *pin;
    bytes_t value;
    uint32_t fields;
    if (store_pin (store, CF_ARCHIVE, s_file_key (file, memory), &pin, &value) != FEP_OK) {
        return false;
    }
    reader_t in = reader_of (value);
    fep_err_t error = archive_head_get (&in, FILE_FIELDS, &fields);
    bool same = !error && wire_get_uint (&in) == hash && !in.failed;
    store_unpin (&pin);
    return same;
}

static void s_put_file (const archive_act_t *act, archive_rows_t *rows)
{
    uint8_t memory[FILE_NAME_BYTES + 1];
    writer_t out = archive_rows_room (rows, 1 + 2 + 9);
    wire_put_array (&out, FILE_FIELDS);
    wire_put_uint (&out, ARCHIVE_ROW_VERSION);
    wire_put_uint (&out, act->file_hash);
    archive_rows_put (rows, s_file_key (act->file, memory), &out);
}

//  ---- Rows ----

static void s_put_terminals (archive_plan_t *plan, uint64_t change, archive_rows_t *rows)
{
    for (size_t i = 0; i < plan->touched_count; i++) {
        archive_what_t what;
        uint8_t key[ARCHIVE_ROW_KEY_SIZE];
        uint32_t number = archive_plan_touched (plan, i, &what);
        plan->table.terminals[number - 1].change = change;
        archive_entry_t entry = archive_table_entry (&plan->table, number);
        writer_t out =
            archive_rows_room (rows, archive_row_bound (entry.point_count, entry.limit_count));
        archive_row_put (&entry, &out);
        archive_row_key (number, key);
        archive_rows_put (rows, bytes_of (key, sizeof key), &out);
    }
}

static void s_put_groups (const archive_t *self, const archive_plan_t *plan, archive_rows_t *rows)
{
    for (uint32_t i = 0; i < ARCHIVE_GROUPS_MAX; i++) {
        if (strcmp (plan->table.groups[i], self->table.groups[i]) != 0) {
            uint8_t key[ARCHIVE_GROUP_KEY_SIZE];
            writer_t out = archive_rows_room (rows, 1 + 2 + 2 + ARCHIVE_NAME_MAX);
            archive_group_put (plan->table.groups[i], &out);
            archive_group_key (i, key);
            archive_rows_put (rows, bytes_of (key, sizeof key), &out);
        }
    }
}

static void s_put_text (const archive_plan_t *plan, archive_rows_t *rows)
{
    uint8_t key[ARCHIVE_TEXT_KEY_SIZE];
    writer_t out = archive_rows_room (rows, archive_text_bound (plan->text));
    archive_text_put (plan->text, &out);
    archive_text_key (archive_kind_prefix (plan->kind), plan->text->number, key);
    archive_rows_put (rows, bytes_of (key, sizeof key), &out);
}

//  What the archive's numbers will be.
typedef struct {
    uint64_t change;       //  As in archive_t
    uint64_t last, first;  //  Entries of the log
    uint32_t undo_rows;    //  As in archive_t
} s_next_t;

static fep_err_t s_gather (const archive_t *self, store_t *store, archive_plan_t *plan,
                           const archive_act_t *act, archive_rows_t *rows, s_next_t *next)
{
    next->change = self->change + 1;
    next->undo_rows = self->undo_rows;
    if (plan->has_table) {
        s_put_terminals (plan, next->change, rows);
        s_put_groups (self, plan, rows);
    }
    if (plan->text) {
        plan->text->change = next->change;
        s_put_text (plan, rows);
    }
    if (act->undoable) {
        archive_undo_rows (self, plan, act, rows, &next->undo_rows);
    } else if (strcmp (act->what, "undo") == 0) {
        archive_undo_drop (self, rows, &next->undo_rows);
    }
    return archive_log_rows (self, store, plan, act, rows, &next->last, &next->first);
}

//  The plan is on disk.
static void s_take (archive_t *self, archive_plan_t *plan, const s_next_t *next)
{
    if (plan->has_table) {
        archive_table_t old = self->table;
        self->table = plan->table;
        plan->table = old;
    }
    if (plan->text) {
        FEP_ASSERT (archive_texts_put (self->texts[plan->kind], plan->text) == FEP_OK);
    }
    self->change = next->change;
    self->last_entry = next->last;
    self->first_entry = next->first;
    self->undo_rows = next->undo_rows;
}

fep_err_t archive_apply (archive_t *self, store_t *store, archive_plan_t **plan_p,
                         const archive_act_t *act, uint64_t *change)
{
    archive_plan_t *plan = *plan_p;
    archive_rows_t rows;
    s_next_t next;
    fep_err_t error = plan->base == self->change ? FEP_OK : FEP_BUSY;
    archive_rows_init (&rows);
    if (!error && plan->count > 0) {
        error = s_gather (self, store, plan, act, &rows, &next);
    }
    if (!error && act->file) {
        s_put_file (act, &rows);
    }
    if (!error && rows.count > 0) {
        error = store_put (store, rows.rows, rows.count);
    }
    if (!error && plan->count > 0) {
        s_take (self, plan, &next);
    }
    *change = self->change;
    archive_rows_fini (&rows);
    archive_plan_destroy (plan_p);
    return error;
}

fep_err_t archive_import (archive_t *self, store_t *store, bytes_t csv, archive_fault_t *fault)
{
    const archive_import_t how = {ARCHIVE_CSV, ARCHIVE_UTF8, ARCHIVE_REPLACE, NULL};
    const archive_act_t act = {.who = "import",
                               .what = "import",
                               .when_ms = clock_wall_ms (),
                               .entries_kept = ENTRIES_DEFAULT,
                               .undoable = true};
    archive_plan_t *plan;
    uint64_t change;
    fep_err_t error = archive_plan (self, csv, &how, &plan, fault);
    if (error) {
        return error;
    }
    error = archive_apply (self, store, &plan, &act, &change);
    return error == FEP_OK
               ? FEP_OK
               : archive_line_fault (fault, error, 0, "the store says: %s", fep_err_text (error));
}
