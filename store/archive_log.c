//  The change log: entries in chunks, each chunk under the number of its last entry, so that the chunk that
//  holds an entry is the first at or behind its number.
#include "fep/wire.h"
#include "store/archive_inside.h"
#include "store/fault.h"
#include "store/inside.h"
#include <stdio.h>

#define STATE_FIELDS 4
#define CHUNK_FIELDS 6
#define ENTRY_FIELDS 5
#define CHUNK_ENTRIES 64
#define KEY_SIZE 9
#define WHO_MAX ARCHIVE_NAME_MAX
#define ENTRY_BOUND                                                                                \
    (1 + 16 + (2 + ADDRESS_MAX) + 2 + sizeof (((archive_difference_t *) 0)->field) +               \
     2 * (3 + ARCHIVE_SHOWN_MAX))
#define CHUNK_BOUND (1 + 2 + 9 + (2 + WHO_MAX) + 9 + 9 + 3 + CHUNK_ENTRIES * ENTRY_BOUND)

static void s_key (uint64_t last, uint8_t key[KEY_SIZE])
{
    writer_t out = writer_of (key, KEY_SIZE);
    writer_u8 (&out, 'l');
    writer_u64be (&out, last);
}

//  ---- Reading ----

//  The parts of a chunk; in stands before its first entry.
typedef struct {
    uint64_t last;     //  Entry
    uint64_t first;    //  Entry
    uint64_t change;   //  Of all
    int64_t when_ms;   //  Likewise
    bytes_t who;       //  Likewise
    uint32_t entries;  //  In it
    reader_t in;       //  At them
} s_chunk_t;

static fep_err_t s_get_chunk (bytes_t key, bytes_t value, s_chunk_t *chunk)
{
    reader_t key_in = reader_of (key);
    uint32_t fields;
    memset (chunk, 0, sizeof *chunk);
    (void) reader_u8 (&key_in);
    chunk->last = reader_u64be (&key_in);
    chunk->in = reader_of (value);
    fep_err_t error = archive_head_get (&chunk->in, CHUNK_FIELDS, &fields);
    if (error) {
        return error;
    }
    chunk->change = wire_get_uint (&chunk->in);
    chunk->who = wire_get_str (&chunk->in);
    chunk->when_ms = wire_get_int (&chunk->in);
    chunk->first = wire_get_uint (&chunk->in);
    chunk->entries = wire_get_array (&chunk->in);
    bool whole = !chunk->in.failed && !key_in.failed && reader_left (&key_in) == 0 &&
                 chunk->entries > 0 && chunk->last - chunk->first == chunk->entries - 1;
    return whole ? FEP_OK : FEP_CORRUPT;
}

static fep_err_t s_get_entry (s_chunk_t *chunk, archive_log_t *entry)
{
    uint32_t fields = wire_get_array (&chunk->in);
    entry->what = wire_get_str (&chunk->in);
    entry->terminal = wire_get_str (&chunk->in);
    entry->field = wire_get_str (&chunk->in);
    entry->before = wire_get_str (&chunk->in);
    entry->after = wire_get_str (&chunk->in);
    for (uint32_t i = ENTRY_FIELDS; i < fields; i++) {
        wire_skip (&chunk->in);
    }
    return chunk->in.failed || fields < ENTRY_FIELDS ? FEP_CORRUPT : FEP_OK;
}

static fep_err_t s_visit_chunk (s_chunk_t *chunk, uint64_t from, archive_log_visit_t *visit,
                                void *arg)
{
    fep_err_t error = FEP_OK;
    for (uint64_t number = chunk->first; !error && number <= chunk->last; number++) {
        archive_log_t entry = {
            .entry = number, .change = chunk->change, .when_ms = chunk->when_ms, .who = chunk->who};
        error = s_get_entry (chunk, &entry);
        if (error) {
            return fault_log (error, "archive", "an entry of the change log cannot be read");
        }
        error = number >= from ? visit (arg, &entry) : FEP_OK;
    }
    return error;
}

fep_err_t archive_log_each (const archive_t *self, store_t *store, uint64_t from,
                            archive_log_visit_t *visit, void *arg)
{
    uint8_t key[KEY_SIZE];
    from = from < self->first_entry ? self->first_entry : from;
    s_key (from, key);
    scan_t *scan = scan_new (store, CF_ARCHIVE);
    fep_err_t error = scan_seek (scan, bytes_of (key, sizeof key));
    while (!error && scan_key (scan).size > 0 && scan_key (scan).data[0] == 'l') {
        s_chunk_t chunk;
        error = s_get_chunk (scan_key (scan), scan_value (scan), &chunk);
        if (error) {
            error = fault_log (error, "archive", "the change log cannot be read");
            break;
        }
        error = s_visit_chunk (&chunk, from, visit, arg);
        error = error ? error : scan_next (scan);
    }
    scan_destroy (&scan);
    return error == FEP_NOT_FOUND ? FEP_OK : error;
}

//  ---- State ----

static fep_err_t s_load_state (void *arg, bytes_t key, bytes_t value)
{
    archive_t *self = arg;
    reader_t in = reader_of (value);
    uint32_t fields;
    fep_err_t error = key.size == 1 ? archive_head_get (&in, STATE_FIELDS, &fields) : FEP_CORRUPT;
    if (!error) {
        self->change = wire_get_uint (&in);
        self->last_entry = wire_get_uint (&in);
        self->first_entry = wire_get_uint (&in);
        error = in.failed ? FEP_CORRUPT : FEP_OK;
    }
    return error ? fault_log (error, "archive", "the state of the archive cannot be read") : FEP_OK;
}

fep_err_t archive_state_load (archive_t *self, store_t *store)
{
    return store_each (store, FAMILY_ARCHIVE, ARCHIVE_STATE, s_load_state, self);
}

static void s_put_state (uint64_t change, uint64_t last, uint64_t first, archive_rows_t *rows)
{
    writer_t out = archive_rows_room (rows, 1 + 2 + 9 + 9 + 9);
    wire_put_array (&out, STATE_FIELDS);
    wire_put_uint (&out, ARCHIVE_ROW_VERSION);
    wire_put_uint (&out, change);
    wire_put_uint (&out, last);
    wire_put_uint (&out, first);
    archive_rows_put (rows, ARCHIVE_STATE, &out);
}

//  ---- Writing ----

static void s_put_entry (const char *what, const archive_difference_t *difference, writer_t *out)
{
    wire_put_array (out, ENTRY_FIELDS);
    wire_put_text (out, what);
    wire_put_text (out, difference->terminal);
    wire_put_text (out, difference->field);
    wire_put_text (out, difference->before);
    wire_put_text (out, difference->after);
}

//  A change's first entry: what it did, in short.
static void s_summary (const archive_plan_t *plan, size_t entries, archive_difference_t *difference)
{
    char more[48] = "";
    memset (difference, 0, sizeof *difference);
    if (entries < plan->count) {
        snprintf (more, sizeof more, ", %zu more not listed", plan->count - entries);
    }
    if (plan->text) {
        snprintf (difference->after, sizeof difference->after, "%s %s",
                  archive_kind_name (plan->kind), plan->text->name);
    } else {
        snprintf (difference->after, sizeof difference->after,
                  "terminals added %zu, removed %zu, changed %zu; differences %zu%s",
                  plan->terminals[ARCHIVE_ADDED], plan->terminals[ARCHIVE_REMOVED],
                  plan->terminals[ARCHIVE_CHANGED], plan->count, more);
    }
}

//  One chunk: the change's entries at..end; entry 0 is the summary.
static void s_put_chunk (const archive_t *self, const archive_plan_t *plan,
                         const archive_act_t *act, size_t at, size_t end, size_t listed,
                         archive_rows_t *rows)
{
    uint8_t key[KEY_SIZE];
    char who[WHO_MAX + 1];
    writer_t out = archive_rows_room (rows, CHUNK_BOUND);
    snprintf (who, sizeof who, "%s", act->who);
    wire_put_array (&out, CHUNK_FIELDS);
    wire_put_uint (&out, ARCHIVE_ROW_VERSION);
    wire_put_uint (&out, self->change + 1);
    wire_put_text (&out, who);
    wire_put_int (&out, act->when_ms);
    wire_put_uint (&out, self->last_entry + 1 + at);
    wire_put_array (&out, (uint32_t) (end - at));
    for (size_t i = at; i < end; i++) {
        archive_difference_t difference;
        if (i == 0) {
            s_summary (plan, listed, &difference);
            s_put_entry (act->what, &difference, &out);
        } else {
            archive_plan_show (plan, i - 1, &difference);
            s_put_entry (archive_what_name (difference.what), &difference, &out);
        }
    }
    s_key (self->last_entry + end, key);
    archive_rows_put (rows, bytes_of (key, sizeof key), &out);
}

//  Removes old chunks until at most `kept` entries are left.
static fep_err_t s_trim (const archive_t *self, store_t *store, uint64_t last, uint64_t kept,
                         archive_rows_t *rows, uint64_t *first)
{
    if (last - *first + 1 <= kept || self->last_entry == 0) {
        return FEP_OK;
    }
    uint8_t key[KEY_SIZE];
    s_key (*first, key);
    scan_t *scan = scan_new (store, CF_ARCHIVE);
    fep_err_t error = scan_seek (scan, bytes_of (key, sizeof key));
    while (!error && last - *first + 1 > kept && scan_key (scan).size == KEY_SIZE &&
           scan_key (scan).data[0] == 'l') {
        reader_t in = reader_of (scan_key (scan));
        (void) reader_u8 (&in);
        *first = reader_u64be (&in) + 1;
        archive_rows_remove (rows, scan_key (scan));
        error = scan_next (scan);
    }
    scan_destroy (&scan);
    return error == FEP_NOT_FOUND ? FEP_OK : error;
}

fep_err_t archive_log_rows (const archive_t *self, store_t *store, const archive_plan_t *plan,
                            const archive_act_t *act, archive_rows_t *rows, uint64_t *last,
                            uint64_t *first)
{
    size_t kept = act->entries_kept > 0 ? act->entries_kept : 1;
    size_t listed = plan->count < kept ? plan->count : kept - 1;
    for (size_t at = 0; at < listed + 1; at += CHUNK_ENTRIES) {
        size_t end = at + CHUNK_ENTRIES < listed + 1 ? at + CHUNK_ENTRIES : listed + 1;
        s_put_chunk (self, plan, act, at, end, listed, rows);
    }
    *last = self->last_entry + listed + 1;
    *first = self->first_entry > 0 ? self->first_entry : 1;
    fep_err_t error = s_trim (self, store, *last, kept, rows, first);
    s_put_state (self->change + 1, *last, *first, rows);
    return error;
}
