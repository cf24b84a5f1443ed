//  Door: IMPORT, UNDO, EXPORT, CHANGES: the archive as a whole, and what was changed in it.
#include "actors/control.h"
#include "actors/takeover.h"
#include "fep/clock.h"
#include <stdlib.h>
#include <string.h>

#define DIFFERENCES_SHOWN 1000    //  Of one answer, if it does not ask for fewer
#define DIFFERENCE_ROOM 1024      //  Bytes of one
#define ENTRIES_SHOWN 1000        //  Of the log in one answer
#define ENTRIES_LOOKED_AT 100000  //  Of the log for one answer
#define HEAD_ROOM 512             //  Bytes of an answer besides what it is about

//  ---- Arguments ----

//  The place of a word in "a|b"; the first if it is not said. False: it is another one.
static bool s_choice (bytes_t body, const char *key, const char *const words[2], int *choice)
{
    char text[16];
    reader_t value;
    *choice = 0;
    if (!wire_find (body, key, &value)) {
        return true;
    }
    wire_find_text (body, key, text, sizeof text);
    *choice = strcmp (text, words[1]) == 0 ? 1 : 0;
    return strcmp (text, words[*choice]) == 0;
}

static bool s_flag (bytes_t body, const char *key)
{
    reader_t value;
    return wire_find (body, key, &value) && wire_get_bool (&value);
}

//  Bytes of the character that begins at text, 0 if it is none: then a text was cut, or is no UTF-8.
static size_t s_character (const char *text)
{
    unsigned char first = (unsigned char) *text;
    size_t size = first < 0x80   ? 1
                  : first < 0xC2 ? 0
                  : first < 0xE0 ? 2
                  : first < 0xF0 ? 3
                  : first < 0xF5 ? 4
                                 : 0;
    for (size_t i = 1; i < size; i++) {
        if (((unsigned char) text[i] & 0xC0) != 0x80) {
            return 0;
        }
    }
    return size;
}

//  What clients and the log can show: whole characters, none that end a line or a word in quotes.
static void s_clean (char *text)
{
    while (*text) {
        size_t size = s_character (text);
        if (size == 0 || (unsigned char) *text < ' ' || *text == '"' || *text == 0x7F) {
            *text = '?';
        }
        text += size > 0 ? size : 1;
    }
}

fep_err_t door_who (door_ask_t *ask, char who[ARCHIVE_NAME_MAX + 1])
{
    wire_find_text (ask->body, "who", who, ARCHIVE_NAME_MAX + 1);
    s_clean (who);
    if (!who[0]) {
        snprintf (ask->text, sizeof ask->text, "who: say who changes the archive");
        return FEP_SYNTAX;
    }
    return FEP_OK;
}

fep_err_t door_text (door_ask_t *ask, char name[ARCHIVE_NAME_MAX + 1], bytes_t *text)
{
    reader_t value;
    wire_find_text (ask->body, "name", name, ARCHIVE_NAME_MAX + 1);
    bool found = wire_find (ask->body, "text", &value);
    *text = found ? wire_get_bin (&value) : bytes_of (NULL, 0);
    return found && !value.failed && (text->size > 0 || name[0])
               ? FEP_OK
               : door_fault (ask, FEP_SYNTAX, 0, "text: it is missing, or empty without a name");
}

fep_err_t door_fault (door_ask_t *ask, fep_err_t error, uint32_t line, const char *text)
{
    if (line > 0) {
        snprintf (ask->text, sizeof ask->text, "line %u: %s", line, text);
    } else {
        snprintf (ask->text, sizeof ask->text, "%s", text[0] ? text : fep_err_text (error));
    }
    for (char *c = ask->text; *c; c += s_character (c) ? s_character (c) : 1) {
        *c = s_character (c) ? *c : '?';
    }
    return error;
}

//  ---- Plans ----

static void s_put_difference (const archive_plan_t *plan, size_t i, writer_t *out)
{
    archive_difference_t one;
    archive_plan_show (plan, i, &one);
    wire_put_map (out, 5);
    wire_pair_text (out, "what", archive_what_name (one.what));
    wire_pair_text (out, "terminal", one.terminal);
    wire_pair_text (out, "field", one.field);
    wire_pair_text (out, "before", one.before);
    wire_pair_text (out, "after", one.after);
}

//  What the plan does, before it is done: 3 pairs.
static void s_put_plan (const door_ask_t *ask, const archive_plan_t *plan, writer_t *out)
{
    int64_t limit = wire_find_int (ask->body, "limit", DIFFERENCES_SHOWN);
    size_t count = archive_plan_count (plan);
    uint32_t shown = 0;
    wire_put_text (out, "changes");
    wire_put_map (out, ARCHIVE_WHAT_COUNT);
    for (archive_what_t what = 0; what < ARCHIVE_WHAT_COUNT; what++) {
        wire_pair_uint (out, archive_what_name (what), archive_plan_terminals (plan, what));
    }
    wire_pair_uint (out, "differences", count);
    wire_put_text (out, "diff");
    limit = limit < 0 || limit > UINT16_MAX ? UINT16_MAX : limit;
    size_t mark = wire_open_array (out);
    while (shown < count && shown < limit &&
           out->capacity - out->size > DIFFERENCE_ROOM + HEAD_ROOM) {
        s_put_difference (plan, shown++, out);
    }
    wire_close_array (out, mark, shown);
}

fep_err_t door_apply (control_t *self, door_ask_t *ask, archive_plan_t **plan_p, const char *what,
                      bool undoable)
{
    char who[ARCHIVE_NAME_MAX + 1];
    const context_t *context = actor_context (self->actor);
    bool dry = s_flag (ask->body, "dry");
    uint64_t change = archive_change (context->archive);
    fep_err_t error = dry ? FEP_OK : door_who (ask, who);
    wire_put_map (&ask->out, 6);
    wire_pair_int (&ask->out, "token", ask->token);
    s_put_plan (ask, *plan_p, &ask->out);
    wire_pair_bool (&ask->out, "dry", dry);
    if (!error && !dry) {
        const archive_act_t act = {.who = who,
                                   .what = what,
                                   .when_ms = clock_wall_ms (),
                                   .entries_kept = actor_config (self->actor)->archive.log_entries,
                                   .undoable = undoable};
        error = control_archive_apply (self, plan_p, &act, &change);
    }
    wire_pair_uint (&ask->out, "change", change);
    archive_plan_destroy (plan_p);
    return error;
}

fep_err_t door_IMPORT (control_t *self, door_ask_t *ask)
{
    static const char *const formats[] = {"csv", "json"};
    static const char *const encodings[] = {"utf8", "gbk"};
    static const char *const modes[] = {"replace", "merge"};
    int format, encoding, mode;
    reader_t data;
    archive_plan_t *plan;
    archive_fault_t fault;
    if (!s_choice (ask->body, "format", formats, &format) ||
        !s_choice (ask->body, "encoding", encodings, &encoding) ||
        !s_choice (ask->body, "mode", modes, &mode)) {
        return door_fault (ask, FEP_RANGE, 0,
                           "format is csv or json, encoding utf8 or gbk, mode replace or merge");
    }
    bool found = wire_find (ask->body, "data", &data);
    bytes_t file = found ? wire_get_bin (&data) : bytes_of (NULL, 0);
    if (!found || data.failed) {
        return door_fault (ask, FEP_SYNTAX, 0, "data: the bytes of the file are missing");
    }
    const archive_import_t how = {(archive_format_t) format, (archive_encoding_t) encoding,
                                  (archive_mode_t) mode, takeover_checks ()};
    fep_err_t error =
        archive_plan (actor_context (self->actor)->archive, file, &how, &plan, &fault);
    if (error) {
        return door_fault (ask, error, fault.line, fault.text);
    }
    return door_apply (self, ask, &plan, "import", true);
}

fep_err_t door_UNDO (control_t *self, door_ask_t *ask)
{
    const context_t *context = actor_context (self->actor);
    archive_plan_t *plan;
    archive_fault_t fault;
    fep_err_t error = archive_plan_undo (context->archive, context->store, &plan, &fault);
    if (error) {
        return door_fault (ask, error, fault.line, fault.text);
    }
    return door_apply (self, ask, &plan, "undo", false);
}

//  ---- EXPORT ----

//  change: pages are of one archive; another one in between is said.
fep_err_t door_EXPORT (control_t *self, door_ask_t *ask)
{
    static const char *const formats[] = {"csv", "json"};
    static const char *const encodings[] = {"utf8", "gbk"};
    const archive_t *archive = actor_context (self->actor)->archive;
    archive_fault_t fault;
    int format, encoding;
    uint64_t place = (uint64_t) wire_find_int (ask->body, "from", 0);
    int64_t change = wire_find_int (ask->body, "change", -1);
    if (!s_choice (ask->body, "format", formats, &format) ||
        !s_choice (ask->body, "encoding", encodings, &encoding)) {
        return door_fault (ask, FEP_RANGE, 0, "format is csv or json, encoding utf8 or gbk");
    }
    if (change >= 0 && (uint64_t) change != archive_change (archive)) {
        return door_fault (ask, FEP_BUSY, 0, "the archive was changed meanwhile; begin again");
    }
    size_t room = self->page_size - HEAD_ROOM;
    uint8_t *memory = malloc (room);
    FEP_ASSERT (memory);
    writer_t page = writer_of (memory, room);
    fep_err_t error = archive_export (archive, (archive_format_t) format,
                                      (archive_encoding_t) encoding, &place, &page, &fault);
    wire_put_map (&ask->out, 4);
    wire_pair_int (&ask->out, "token", ask->token);
    wire_pair_uint (&ask->out, "change", archive_change (archive));
    wire_pair_uint (&ask->out, "next", place == ARCHIVE_EXPORT_END ? 0 : place);
    wire_put_text (&ask->out, "data");
    wire_put_bin (&ask->out, writer_bytes (&page));
    free (memory);
    return error ? door_fault (ask, error, fault.line, fault.text) : FEP_OK;
}

//  ---- CHANGES ----

typedef struct {
    writer_t *out;                   //  Rows go here
    char terminal[ADDRESS_MAX + 1];  //  Only its entries; "" = all
    uint64_t limit;                  //  Rows
    uint32_t rows;                   //  So far
    uint64_t looked_at;              //  Entries
    uint64_t next;                   //  Entry to go on from
} s_changes_t;

static void s_pair_str (writer_t *out, const char *key, bytes_t text)
{
    wire_put_text (out, key);
    wire_put_str (out, text);
}

//  FULL: the page is.
static fep_err_t s_put_entry (void *arg, const archive_log_t *entry)
{
    s_changes_t *self = arg;
    writer_t *out = self->out;
    self->next = entry->entry;
    if (self->rows == self->limit || self->looked_at == ENTRIES_LOOKED_AT ||
        out->capacity - out->size < DIFFERENCE_ROOM + HEAD_ROOM) {
        return FEP_FULL;
    }
    self->next++;
    self->looked_at++;
    if (self->terminal[0] && !bytes_equal (entry->terminal, bytes_text (self->terminal))) {
        return FEP_OK;
    }
    self->rows++;
    wire_put_map (out, 9);
    wire_pair_uint (out, "entry", entry->entry);
    wire_pair_uint (out, "change", entry->change);
    wire_pair_int (out, "when_ms", entry->when_ms);
    s_pair_str (out, "who", entry->who);
    s_pair_str (out, "what", entry->what);
    s_pair_str (out, "terminal", entry->terminal);
    s_pair_str (out, "field", entry->field);
    s_pair_str (out, "before", entry->before);
    s_pair_str (out, "after", entry->after);
    return FEP_OK;
}

//  from: an entry; without it the latest ones.
fep_err_t door_CHANGES (control_t *self, door_ask_t *ask)
{
    const context_t *context = actor_context (self->actor);
    s_changes_t changes = {.out = &ask->out};
    uint64_t first, last;
    int64_t limit = wire_find_int (ask->body, "limit", ENTRIES_SHOWN);
    changes.limit = limit < 1 || limit > ENTRIES_SHOWN ? ENTRIES_SHOWN : (uint64_t) limit;
    wire_find_text (ask->body, "terminal", changes.terminal, sizeof changes.terminal);
    archive_log_ends (context->archive, &first, &last);
    uint64_t latest = last >= changes.limit ? last - changes.limit + 1 : 1;
    int64_t from = wire_find_int (ask->body, "from", changes.terminal[0] ? 0 : (int64_t) latest);
    wire_put_map (&ask->out, 5);
    wire_pair_int (&ask->out, "token", ask->token);
    wire_put_text (&ask->out, "entries");
    size_t mark = wire_open_array (&ask->out);
    fep_err_t error = archive_log_each (context->archive, context->store,
                                        from > 0 ? (uint64_t) from : 0, s_put_entry, &changes);
    wire_close_array (&ask->out, mark, changes.rows);
    wire_pair_uint (&ask->out, "first", first);
    wire_pair_uint (&ask->out, "last", last);
    wire_pair_uint (&ask->out, "next", error == FEP_FULL ? changes.next : 0);
    return error == FEP_FULL ? FEP_OK : error;
}
