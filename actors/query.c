//  Query: answers what takes time, so that it never delays an admission: FETCH, one bounded page per request.
//
//  Words it takes: FETCH from control.
//  A page ends at door.page_bytes of answer or SCAN_RECORDS of journal, whichever comes first; `next` advances
//  even if nothing matched.
#include "actors/actor.h"
#include "actors/answer.h"
#include "actors/split.h"
#include "fep/log.h"
#include "fep/pack.h"
#include "fep/wire.h"
#include <stdlib.h>
#include <string.h>

#define SCAN_RECORDS 2000              //  Journal records looked at for one page
#define SCAN_BYTES (64 * 1024 * 1024)  //  Bytes of journal looked at for one page
#define HEAD_ROOM 256                  //  Of an answer besides its commits

typedef struct {
    actor_t *actor;    //  Frame
    store_t *store;    //  Borrowed
    int control;       //  Mailbox
    split_t *split;    //  Good and suspect halves
    uint8_t *page;     //  The answer's body
    uint8_t *answer;   //  Around it
    size_t page_size;  //  Of each
} query_t;

//  What a client wants of the journal.
typedef struct {
    uint64_t from;                   //  First sequence
    uint64_t limit;                  //  Bytes of commits
    int64_t kind;                    //  -1: all
    int64_t area;                    //  -1: all
    char terminal[ADDRESS_MAX + 1];  //  "": all
} filter_t;

static bool s_matches (const filter_t *filter, const message_t *message)
{
    return (filter->kind < 0 || filter->kind == message->kind) &&
           (filter->area < 0 || filter->area == message->area) &&
           (!filter->terminal[0] || bytes_equal (message->address, bytes_text (filter->terminal)));
}

static uint32_t s_put (uint32_t index, bytes_t message, writer_t *out)
{
    wire_put_array (out, 2);
    wire_put_uint (out, index);
    writer_put (out, message.data, message.size);
    return 1;
}

//  Of a reading of which something is suspect: the half that was asked for, or both.
static fep_err_t s_halves (query_t *self, const filter_t *filter, uint32_t index, bytes_t message,
                           writer_t *out, uint32_t *count)
{
    split_part_t part;
    fep_err_t error = split_begin (self->split, message);
    while (error == FEP_OK && (error = split_next (self->split, &part)) == FEP_OK) {
        *count += s_matches (filter, &part.message) ? s_put (index, part.bytes, out) : 0;
    }
    return error == FEP_NOT_FOUND ? FEP_OK : error;
}

//  Appends [sequence, [[index, message], ...]] if a message matches. FULL: it does not fit; nothing was written.
static fep_err_t s_commit (query_t *self, const filter_t *filter, const record_t *record,
                           writer_t *out, uint32_t *commits)
{
    cursor_t cursor = cursor_of (record->batches);
    batch_head_t head;
    message_t message;
    uint32_t index = 0, count = 0;
    writer_t start = *out;
    wire_put_array (out, 2);
    wire_put_uint (out, record->sequence);
    writer_u8 (out, 0xdd);
    size_t at = out->size;
    writer_u32be (out, 0);
    while (cursor_batch (&cursor, &head) == FEP_OK) {
        while (cursor_message (&cursor, &message) == FEP_OK) {
            bytes_t span;
            fep_err_t error = cursor_span (&cursor, &span);
            if (error != FEP_OK) {
                return error;
            }
            if (message.kind == MESSAGE_HELD) {
                error = s_halves (self, filter, index, span, out, &count);
            } else {
                count += s_matches (filter, &message) ? s_put (index, span, out) : 0;
            }
            if (error != FEP_OK) {
                return error;
            }
            index++;
        }
    }
    if (out->failed || count == 0) {
        fep_err_t error = out->failed ? FEP_FULL : FEP_OK;
        *out = start;
        return error;
    }
    writer_t patch = writer_of (out->data + at, 4);
    writer_u32be (&patch, count);
    (*commits)++;
    return FEP_OK;
}

//  Walks the journal until the page is full, the scan limit or the end. *next: where to go on.
static fep_err_t s_scan (query_t *self, const filter_t *filter, writer_t *out, uint32_t *commits,
                         uint64_t *next)
{
    walker_t *walker = NULL;
    record_t record;
    size_t bytes = 0;
    *next = filter->from;
    fep_err_t error = walker_open (self->store, filter->from, &walker);
    for (int i = 0; i < SCAN_RECORDS && bytes < SCAN_BYTES && error == FEP_OK; i++) {
        error = walker_next (walker, &record);
        if (error == FEP_OK) {
            error = s_commit (self, filter, &record, out, commits);
            bytes += record.batches.size;
        }
        if (error == FEP_OK) {
            *next = record.sequence + 1;
            error = out->size >= filter->limit ? FEP_FULL : FEP_OK;
        }
    }
    walker_close (&walker);
    return error == FEP_FULL || error == FEP_NOT_FOUND ? FEP_OK : error;
}

static fep_err_t s_filter (bytes_t body, const config_t *config, filter_t *filter)
{
    char kind[16] = "";
    filter->from = (uint64_t) wire_find_int (body, "from", 1);
    filter->from = filter->from ? filter->from : 1;
    filter->limit = (uint64_t) wire_find_int (body, "limit", (int64_t) config->door.page_bytes);
    filter->area = wire_find_int (body, "area", -1);
    filter->kind = -1;
    filter->terminal[0] = 0;
    wire_find_text (body, "terminal", filter->terminal, sizeof filter->terminal);
    if (filter->limit > config->door.page_bytes) {
        filter->limit = config->door.page_bytes;
    }
    if (wire_find_text (body, "kind", kind, sizeof kind)) {
        for (uint8_t i = 1; i < MESSAGE_KIND_COUNT; i++) {
            filter->kind = strcmp (kind, message_kind_name (i)) == 0 ? i : filter->kind;
        }
        return filter->kind < 0 ? FEP_RANGE : FEP_OK;
    }
    return FEP_OK;
}

static fep_err_t s_answer (query_t *self, bytes_t client, const char *word, const writer_t *body)
{
    writer_t out = writer_of (self->answer, self->page_size);
    fep_err_t error = answer_put (&out, client, word, body);
    return error ? error
                 : actor_send (self->actor, self->control, WORD_ANSWER, writer_bytes (&out));
}

static void s_trimmed_body (query_t *self, writer_t *out, int64_t token)
{
    wire_put_map (out, 3);
    wire_pair_int (out, "token", token);
    wire_pair_uint (out, "first", store_first (self->store));
    wire_pair_uint (out, "head", store_head (self->store));
}

//  The page: a map whose commits are an array32 with its count patched at the end.
static fep_err_t s_rows (query_t *self, const filter_t *filter, int64_t token, writer_t *out)
{
    uint32_t commits = 0;
    uint64_t next;
    wire_put_map (out, 6);
    wire_pair_int (out, "token", token);
    wire_pair_uint (out, "epoch", actor_context (self->actor)->epoch);
    wire_pair_uint (out, "first", store_first (self->store));
    wire_pair_uint (out, "head", store_head (self->store));
    wire_put_text (out, "commits");
    writer_u8 (out, 0xdd);
    size_t at = out->size;
    writer_u32be (out, 0);
    writer_t commits_out = *out;
    //  The map's last pair comes behind the commits and needs room.
    commits_out.capacity -= HEAD_ROOM / 2;
    fep_err_t error = s_scan (self, filter, &commits_out, &commits, &next);
    out->size = commits_out.size;
    writer_t patch = writer_of (out->data + at, 4);
    writer_u32be (&patch, commits);
    wire_pair_uint (out, "next", next);
    return error;
}

//  The page buffer holds the largest commit there can be, so that every page advances.
static fep_err_t s_on_fetch (void *arg, actor_t *actor, bytes_t body)
{
    query_t *self = arg;
    reader_t client;
    filter_t filter;
    int64_t token = wire_find_int (body, "token", 0);
    writer_t out = writer_of (self->page, self->page_size - HEAD_ROOM);
    if (!wire_find (body, "client", &client)) {
        return FEP_CORRUPT;
    }
    bytes_t who = wire_get_bin (&client);
    fep_err_t error = s_filter (body, actor_config (actor), &filter);
    if (error == FEP_OK && filter.from < store_first (self->store)) {
        error = FEP_TRIMMED;
    }
    if (error == FEP_OK) {
        error = s_rows (self, &filter, token, &out);
    }
    if (error == FEP_OK) {
        return s_answer (self, who, "ROWS", &out);
    }
    out = writer_of (self->page, self->page_size - HEAD_ROOM);
    if (error == FEP_TRIMMED) {
        s_trimmed_body (self, &out, token);
        return s_answer (self, who, "TRIMMED", &out);
    }
    answer_put_error (&out, token, error, NULL);
    return s_answer (self, who, "ERROR", &out);
}

static fep_err_t s_start (void *arg, actor_t *actor)
{
    query_t *self = arg;
    const config_t *config = actor_config (actor);
    //  A commit may pass storage.commit_bytes by one batch.
    uint64_t commit_max = config->storage.commit_bytes + 2 * BATCH_BYTES_MAX;
    self->actor = actor;
    self->store = actor_context (actor)->store;
    self->page_size = (size_t) (config->door.page_bytes + 2 * commit_max) + 2 * HEAD_ROOM;
    self->split = split_new ();
    self->page = malloc (self->page_size);
    self->answer = malloc (self->page_size);
    FEP_ASSERT (self->page && self->answer);
    self->control = actor_dealer (actor, AT_CONTROL, MARK_MAIL);
    if (self->control < 0) {
        return FEP_SYSTEM;
    }
    return actor_send (actor, self->control, WORD_HELLO, bytes_of (NULL, 0));
}

static void s_stop (void *arg, actor_t *actor)
{
    query_t *self = arg;
    (void) actor;
    split_destroy (&self->split);
    free (self->page);
    free (self->answer);
}

static const actor_word_t s_words[] = {{WORD_FETCH, s_on_fetch}, {NULL, NULL}};

const actor_class_t query_class = {.name = NAME_QUERY,
                                   .self_size = sizeof (query_t),
                                   .start = s_start,
                                   .stop = s_stop,
                                   .words = s_words};
