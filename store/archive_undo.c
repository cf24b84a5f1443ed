//  Undo of the last import: the values its terminals had before, kept until the next import.
#include "fep/wire.h"
#include "store/archive_build.h"
#include "store/archive_inside.h"
#include "store/archive_words.h"
#include "store/fault.h"
#include "store/inside.h"
#include <stdio.h>
#include <stdlib.h>

#define HEAD_FIELDS 6
#define CHUNK_FIELDS 2
#define KEY_SIZE 5
#define CHUNK_BYTES (64u << 10)

static void s_key (uint32_t index, uint8_t key[KEY_SIZE])
{
    writer_t out = writer_of (key, KEY_SIZE);
    writer_u8 (&out, 'u');
    writer_u32be (&out, index);
}

//  ---- Writing ----

static void s_put_head (const archive_t *self, const archive_act_t *act, uint32_t count,
                        archive_rows_t *rows)
{
    uint8_t key[KEY_SIZE];
    char who[ARCHIVE_NAME_MAX + 1];
    writer_t out = archive_rows_room (rows, 256 + ARCHIVE_GROUPS_MAX * (2 + ARCHIVE_NAME_MAX));
    snprintf (who, sizeof who, "%s", act->who);
    wire_put_array (&out, HEAD_FIELDS);
    wire_put_uint (&out, ARCHIVE_ROW_VERSION);
    wire_put_uint (&out, self->change + 1);
    wire_put_text (&out, who);
    wire_put_int (&out, act->when_ms);
    wire_put_uint (&out, count);
    wire_put_array (&out, ARCHIVE_GROUPS_MAX);
    for (size_t i = 0; i < ARCHIVE_GROUPS_MAX; i++) {
        wire_put_text (&out, self->table.groups[i]);
    }
    s_key (0, key);
    archive_rows_put (rows, bytes_of (key, sizeof key), &out);
}

static size_t s_bound (const archive_t *self, uint32_t number)
{
    if (number > self->table.count) {
        return 16;
    }
    archive_entry_t entry = archive_table_entry (&self->table, number);
    return 16 + archive_row_bound (entry.point_count, entry.limit_count);
}

//  A terminal's value as it is, or nil if it has none.
static void s_put_terminal (const archive_t *self, uint32_t number, uint8_t *scratch, size_t size,
                            writer_t *out)
{
    wire_put_array (out, 2);
    wire_put_uint (out, number);
    if (number > self->table.count) {
        wire_put_nil (out);
        return;
    }
    archive_entry_t entry = archive_table_entry (&self->table, number);
    writer_t value = writer_of (scratch, size);
    archive_row_put (&entry, &value);
    FEP_ASSERT (!value.failed);
    wire_put_bin (out, writer_bytes (&value));
}

//  A row with the touched terminals from i on, as many as make a chunk. Returns the next one.
static size_t s_put_chunk (const archive_t *self, const archive_plan_t *plan, size_t i,
                           uint32_t index, archive_rows_t *rows)
{
    archive_what_t what;
    size_t end = i;
    size_t bound = 0;
    size_t largest = 0;
    while (end < plan->touched_count && bound < CHUNK_BYTES) {
        size_t one = s_bound (self, archive_plan_touched (plan, end++, &what));
        largest = one > largest ? one : largest;
        bound += one;
    }
    uint8_t *scratch = malloc (largest);
    FEP_ASSERT (scratch);
    uint8_t key[KEY_SIZE];
    writer_t out = archive_rows_room (rows, bound + 16);
    wire_put_array (&out, CHUNK_FIELDS);
    wire_put_uint (&out, ARCHIVE_ROW_VERSION);
    wire_put_array (&out, (uint32_t) (end - i));
    for (; i < end; i++) {
        s_put_terminal (self, archive_plan_touched (plan, i, &what), scratch, largest, &out);
    }
    free (scratch);
    s_key (index, key);
    archive_rows_put (rows, bytes_of (key, sizeof key), &out);
    return end;
}

static void s_remove (uint32_t first, uint32_t last, archive_rows_t *rows)
{
    for (uint32_t index = first; index <= last; index++) {
        uint8_t key[KEY_SIZE];
        s_key (index, key);
        archive_rows_remove (rows, bytes_of (key, sizeof key));
    }
}

void archive_undo_rows (const archive_t *self, const archive_plan_t *plan, const archive_act_t *act,
                        archive_rows_t *rows, uint32_t *count)
{
    size_t i = 0;
    *count = 0;
    while (i < plan->touched_count) {
        i = s_put_chunk (self, plan, i, ++*count, rows);
    }
    s_remove (*count + 1, self->undo_rows, rows);
    s_put_head (self, act, *count, rows);
}

void archive_undo_drop (const archive_t *self, archive_rows_t *rows, uint32_t *count)
{
    if (self->undo_rows > 0) {
        s_remove (0, self->undo_rows, rows);
    }
    *count = 0;
}

//  ---- Reading ----

typedef struct {
    uint64_t change;  //  It would take back
    uint32_t count;   //  Rows behind the head
    char who[ARCHIVE_NAME_MAX + 1];
    char groups[ARCHIVE_GROUPS_MAX][ARCHIVE_NAME_MAX + 1];  //  As they were
} s_head_t;

static void s_get_text (reader_t *in, char text[ARCHIVE_NAME_MAX + 1])
{
    bytes_t bytes = wire_get_str (in);
    if (bytes.size > ARCHIVE_NAME_MAX) {
        in->failed = true;
    }
    if (!in->failed && bytes.size > 0) {
        memcpy (text, bytes.data, bytes.size);
    }
}

//  NOT_FOUND if there is nothing to undo.
static fep_err_t s_get_head (store_t *store, s_head_t *head)
{
    uint8_t key[KEY_SIZE];
    pin_t *pin;
    bytes_t value;
    uint32_t fields;
    memset (head, 0, sizeof *head);
    s_key (0, key);
    fep_err_t error = store_pin (store, CF_ARCHIVE, bytes_of (key, sizeof key), &pin, &value);
    if (error) {
        return error;
    }
    reader_t in = reader_of (value);
    error = archive_head_get (&in, HEAD_FIELDS, &fields);
    if (!error) {
        head->change = wire_get_uint (&in);
        s_get_text (&in, head->who);
        (void) wire_get_int (&in);
        uint64_t count = wire_get_uint (&in);
        uint32_t groups = wire_get_array (&in);
        for (uint32_t i = 0; i < ARCHIVE_GROUPS_MAX; i++) {
            s_get_text (&in, head->groups[i]);
        }
        head->count = (uint32_t) count;
        bool whole = !in.failed && groups == ARCHIVE_GROUPS_MAX && count <= ARCHIVE_NUMBERS_MAX;
        error = whole ? FEP_OK : FEP_CORRUPT;
    }
    store_unpin (&pin);
    return error ? fault_log (error, "archive", "what undo needs cannot be read") : FEP_OK;
}

fep_err_t archive_undo_load (archive_t *self, store_t *store)
{
    s_head_t head;
    fep_err_t error = s_get_head (store, &head);
    self->undo_rows = error ? 0 : head.count;
    return error == FEP_NOT_FOUND ? FEP_OK : error;
}

typedef struct {
    const archive_t *archive;  //  What is
    s_head_t head;             //  Of what is taken back
    archive_table_t table;     //  What will be, so far
    archive_row_t row;         //  Scratch
    archive_fault_t *fault;    //  If it cannot be
} s_undo_t;

//  Terminals up to a number stay as they are.
static fep_err_t s_keep (s_undo_t *self, uint32_t below)
{
    const archive_table_t *old = &self->archive->table;
    fep_err_t error = FEP_OK;
    while (!error && self->table.count + 1 < below && self->table.count < old->count) {
        archive_entry_t entry = archive_table_entry (old, (uint32_t) self->table.count + 1);
        error = archive_table_add_entry (&self->table, &entry);
    }
    return error;
}

//  Groups and profiles the old value names must still be what they were.
static fep_err_t s_check_names (s_undo_t *self)
{
    const terminal_t *terminal = &self->row.terminal;
    for (uint32_t i = 0; i < ARCHIVE_GROUPS_MAX; i++) {
        if ((terminal->groups >> i & 1) &&
            strcmp (self->head.groups[i], self->archive->table.groups[i]) != 0) {
            return archive_line_fault (
                self->fault, FEP_EXISTS, 0,
                "group %s of terminal %s is gone: its number was given to %s", self->head.groups[i],
                terminal->address, self->archive->table.groups[i]);
        }
    }
    for (size_t i = 0; i < self->row.point_count; i++) {
        uint32_t profile = self->row.points[i].profile;
        if (profile > 0 && !archive_profile (self->archive, profile)) {
            return archive_line_fault (
                self->fault, FEP_EXISTS, 0,
                "the profile of measuring point %u of terminal %s was removed "
                "since",
                self->row.points[i].mp, terminal->address);
        }
    }
    return FEP_OK;
}

//  One terminal back to the value it had; nil: there was none.
static fep_err_t s_restore (s_undo_t *self, uint32_t number, reader_t *in)
{
    const archive_table_t *old = &self->archive->table;
    if (number <= self->table.count || number > old->count) {
        return FEP_CORRUPT;
    }
    const terminal_t *is = &old->terminals[number - 1];
    if (is->change != self->head.change) {
        return archive_line_fault (
            self->fault, FEP_EXISTS, 0,
            "terminal %s was changed since, by change %llu; the import is change %llu", is->address,
            (unsigned long long) is->change, (unsigned long long) self->head.change);
    }
    fep_err_t error = s_keep (self, number);
    if (!error && wire_peek (in) == WIRE_NIL) {
        terminal_t blank = {.number = number};
        memcpy (blank.address, is->address, sizeof blank.address);
        wire_get_nil (in);
        return archive_table_add (&self->table, &blank);
    }
    if (!error) {
        uint8_t key[ARCHIVE_ROW_KEY_SIZE];
        archive_row_key (number, key);
        error = archive_row_get (bytes_of (key, sizeof key), wire_get_bin (in), &self->row);
    }
    if (!error) {
        error = s_check_names (self);
    }
    if (!error) {
        archive_entry_t entry = archive_row_entry (&self->row);
        error = archive_table_add_entry (&self->table, &entry);
    }
    return error;
}

static fep_err_t s_visit (void *arg, bytes_t key, bytes_t value)
{
    s_undo_t *self = arg;
    reader_t in = reader_of (value);
    uint32_t fields;
    static const uint8_t head[KEY_SIZE] = {'u', 0, 0, 0, 0};
    if (bytes_equal (key, bytes_of (head, sizeof head))) {
        return FEP_OK;
    }
    fep_err_t error = archive_head_get (&in, CHUNK_FIELDS, &fields);
    uint32_t count = error ? 0 : wire_get_array (&in);
    for (uint32_t i = 0; !error && i < count; i++) {
        if (wire_get_array (&in) != 2) {
            in.failed = true;
        }
        uint64_t number = wire_get_uint (&in);
        error = in.failed || number > ARCHIVE_NUMBERS_MAX
                    ? FEP_CORRUPT
                    : s_restore (self, (uint32_t) number, &in);
    }
    return error;
}

static fep_err_t s_finish (s_undo_t *self)
{
    fep_err_t error = s_keep (self, UINT32_MAX);
    if (error) {
        return archive_line_fault (self->fault, error, 0,
                                   "it would be more than the archive holds");
    }
    archive_table_index (&self->table);
    if (self->table.present_count > ARCHIVE_TERMINALS_MAX) {
        return archive_line_fault (self->fault, FEP_LIMIT, 0, "it would be more than %d terminals",
                                   ARCHIVE_TERMINALS_MAX);
    }
    return archive_build_unique (&self->table, NULL, self->fault);
}

fep_err_t archive_plan_undo (const archive_t *self, store_t *store, archive_plan_t **plan_p,
                             archive_fault_t *fault)
{
    s_undo_t undo = {.archive = self, .fault = fault};
    *plan_p = NULL;
    memset (fault, 0, sizeof *fault);
    fep_err_t error = s_get_head (store, &undo.head);
    if (error == FEP_NOT_FOUND) {
        return archive_line_fault (fault, error, 0, "there is no import to undo");
    }
    if (error) {
        return archive_line_fault (fault, error, 0, "the store says: %s", fep_err_text (error));
    }
    archive_table_init (&undo.table);
    memcpy (undo.table.groups, self->table.groups, sizeof undo.table.groups);
    archive_words_destroy (&undo.table.words);
    undo.table.words = archive_words_copy (&self->table);
    error = store_each (store, FAMILY_ARCHIVE, ARCHIVE_UNDO, s_visit, &undo);
    if (!error) {
        error = s_finish (&undo);
    }
    if (!error) {
        *plan_p = archive_plan_of (self, &undo.table);
    } else if (fault->text[0] == 0) {
        (void) archive_line_fault (fault, error, 0, "what undo needs: %s", fep_err_text (error));
    }
    archive_table_fini (&undo.table);
    archive_row_fini (&undo.row);
    return error;
}
