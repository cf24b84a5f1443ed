//  How good acquisition is, and what is missing: RATE, GAPS and REREAD.
#include "actors/account_walk.h"
#include "fep/clock.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include "fep/wire.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 20000    //  Of one answer
#define ROW_BYTES 1024    //  Of one packed row at most
#define REREAD_MAX 10000  //  Blocks of one REREAD

//  ---- Rates ----

#define DIMENSION_KEY(name, text) #name,
static const char *const s_dimensions[DIMENSION_COUNT] = {DIMENSIONS (DIMENSION_KEY)};
#undef DIMENSION_KEY

typedef struct {
    char key[64];          //  Of whom
    slot_counts_t counts;  //  Its numbers
} s_rate_t;

typedef struct {
    account_walk_t walk;  //  First: the visits get it
    dimension_t by;       //  What rows are of; DIMENSION_COUNT: one row of all
    s_rate_t *rows;       //  Hash by key; key "" with counts.points 0: free
    size_t size;          //  A power of two, twice ROWS_MAX at least
    size_t count;         //  Used
} s_rates_t;

static s_rate_t *s_rate (s_rates_t *rates, const char *key)
{
    size_t at = bytes_hash (bytes_text (key)) & (rates->size - 1);
    while (rates->rows[at].counts.points && strcmp (rates->rows[at].key, key) != 0) {
        at = (at + 1) & (rates->size - 1);
    }
    if (!rates->rows[at].counts.points) {
        if (rates->count == ROWS_MAX) {
            return NULL;
        }
        rates->count++;
        snprintf (rates->rows[at].key, sizeof rates->rows[at].key, "%s", key);
    }
    return &rates->rows[at];
}

static fep_err_t s_rate_add (s_rates_t *rates, const char *key, const slot_block_t *head,
                             const slot_point_t *point)
{
    s_rate_t *rate = s_rate (rates, key);
    if (!rate) {
        return FEP_LIMIT;
    }
    slots_count (head, point, &rate->counts);
    return FEP_OK;
}

static fep_err_t s_rate_point (account_walk_t *walk, const slot_block_t *head,
                               const slot_point_t *point, const task_t *task, int day)
{
    s_rates_t *rates = (s_rates_t *) walk;
    const roster_terminal_t *terminal = roster_find (walk->filter.self->roster, head->terminal);
    char key[64] = "";
    uint16_t word;
    clock_civil_t civil;
    fep_err_t error = FEP_OK;
    switch (rates->by) {
    case DIMENSION_task:
        snprintf (key, sizeof key, "%s", task->name);
        break;
    case DIMENSION_day:
        clock_to_civil ((int64_t) day * ACCOUNT_DAY_MS - (int64_t) clock_offset_min () * 60000,
                        &civil);
        snprintf (key, sizeof key, "%04d-%02d-%02d", civil.year, civil.month, civil.day);
        break;
    case DIMENSION_area:
        snprintf (key, sizeof key, "%u", head->area);
        break;
    case DIMENSION_terminal:
        if (terminal) {
            snprintf (key, sizeof key, "%s", terminal->address);
        } else {
            snprintf (key, sizeof key, "#%u", head->terminal);
        }
        break;
    case DIMENSION_group:
        for (unsigned i = 0; terminal && i < ARCHIVE_GROUPS_MAX && !error; i++) {
            if (terminal->groups >> i & 1) {
                error = s_rate_add (rates, roster_group_name (walk->filter.self->roster, i), head,
                                    point);
            }
        }
        return error;
    case DIMENSION_COUNT:
        break;
    default:
        word = roster_word (terminal, point->mp, rates->by);
        snprintf (key, sizeof key, "%s", roster_word_text (walk->filter.self->roster, word));
    }
    return s_rate_add (rates, key, head, point);
}

static void s_put_reasons (writer_t *out, const char *key, const uint64_t reasons[GAP_COUNT])
{
    uint32_t count = 0;
    for (unsigned i = 0; i < GAP_COUNT; i++) {
        count += reasons[i] ? 1 : 0;
    }
    wire_put_text (out, key);
    wire_put_map (out, count);
    for (unsigned i = 0; i < GAP_COUNT; i++) {
        if (reasons[i]) {
            wire_pair_uint (out, gap_name ((uint8_t) i), reasons[i]);
        }
    }
}

static void s_put_rate (writer_t *out, const s_rate_t *rate)
{
    const slot_counts_t *counts = &rate->counts;
    wire_put_map (out, 12);
    wire_pair_text (out, "of", rate->key);
    wire_pair_uint (out, "points", counts->points);
    wire_pair_uint (out, "apart", counts->apart);
    wire_pair_uint (out, "due", counts->due);
    wire_pair_uint (out, "first", counts->first);
    wire_pair_uint (out, "cycle", counts->cycle);
    wire_pair_uint (out, "timely", counts->timely);
    wire_pair_uint (out, "reread", counts->reread);
    wire_pair_uint (out, "items", counts->items);
    wire_pair_uint (out, "items_valid", counts->items_valid);
    s_put_reasons (out, "reasons", counts->reasons);
    s_put_reasons (out, "item_reasons", counts->item_reasons);
}

static bool s_is_number (const char *key)
{
    size_t size = strlen (key);
    return size > 0 && size < 8 && strspn (key, "0123456789") == size;
}

//  Numbers by their size, before words.
static int s_compare (const void *a, const void *b)
{
    const s_rate_t *one = a, *two = b;
    bool first = s_is_number (one->key), second = s_is_number (two->key);
    if (first != second) {
        return first ? -1 : 1;
    }
    if (first && atoi (one->key) != atoi (two->key)) {
        return atoi (one->key) < atoi (two->key) ? -1 : 1;
    }
    return strcmp (one->key, two->key);
}

//  One page of the rows, in the order of their keys, from a row on.
static fep_err_t s_put_rates (account_t *self, bytes_t body, s_rates_t *rates)
{
    size_t used = 0, bytes = (size_t) actor_config (self->actor)->door.page_bytes;
    size_t from = (size_t) wire_find_int (body, "from", 0);
    uint32_t written = 0;
    for (size_t i = 0; i < rates->size; i++) {
        if (rates->rows[i].counts.points) {
            rates->rows[used++] = rates->rows[i];
        }
    }
    qsort (rates->rows, used, sizeof *rates->rows, s_compare);
    writer_t inner = writer_of (account_page (self, bytes), bytes);
    wire_put_map (&inner, 5);
    wire_pair_int (&inner, "token", wire_find_int (body, "token", 0));
    wire_pair_int (&inner, "day_from", rates->walk.filter.day_from);
    wire_pair_int (&inner, "day_to", rates->walk.filter.day_to);
    wire_put_text (&inner, "rates");
    size_t mark = wire_open_array (&inner);
    for (; from < used && bytes - inner.size > 2 * ROW_BYTES; from++, written++) {
        s_put_rate (&inner, &rates->rows[from]);
    }
    wire_close_array (&inner, mark, written);
    wire_pair_uint (&inner, "next", from < used ? from : 0);
    return account_answer (self, body, "RATE", &inner);
}

fep_err_t account_on_rate (void *arg, actor_t *actor, bytes_t body)
{
    account_t *self = arg;
    s_rates_t rates = {.walk.point = s_rate_point, .by = DIMENSION_COUNT, .size = 2 * 32768};
    char name[16], text[ACCOUNT_TEXT];
    (void) actor;
    fep_err_t error = account_filter (self, body, 1, &rates.walk.filter, text);
    if (!error && wire_find_text (body, "by", name, sizeof name)) {
        for (unsigned i = 0; i < DIMENSION_COUNT; i++) {
            rates.by = strcmp (name, s_dimensions[i]) == 0 ? i : rates.by;
        }
        if (rates.by == DIMENSION_COUNT) {
            snprintf (text, sizeof text, "by: one of" DIMENSION_NAMES);
            error = FEP_RANGE;
        }
    }
    if (!error) {
        rates.rows = calloc (rates.size, sizeof *rates.rows);
        FEP_ASSERT (rates.rows);
        error = account_walk (&rates.walk);
    }
    error = error ? account_refuse (self, body, error, text) : s_put_rates (self, body, &rates);
    free (rates.rows);
    return error;
}

//  ---- Gaps ----

typedef struct {
    account_walk_t walk;                //  First: the visits get it
    writer_t out;                       //  Rows
    uint32_t count, limit;              //  Of them
    uint8_t place[ACCOUNT_PLACE_SIZE];  //  Of the first that did not fit
    bool more;                          //  There is one
} s_gaps_t;

static fep_err_t s_gap_point (account_walk_t *walk, const slot_block_t *head,
                              const slot_point_t *point, const task_t *task, int day)
{
    s_gaps_t *gaps = (s_gaps_t *) walk;
    const roster_terminal_t *terminal = roster_find (walk->filter.self->roster, head->terminal);
    writer_t *out = &gaps->out;
    (void) day;
    if (!account_is_gap (&walk->filter, point)) {
        return FEP_OK;
    }
    if (gaps->count == gaps->limit) {
        memcpy (gaps->place, walk->key.data, SLOTS_KEY_SIZE);
        gaps->place[SLOTS_KEY_SIZE] = (uint8_t) (walk->at >> 8);
        gaps->place[SLOTS_KEY_SIZE + 1] = (uint8_t) walk->at;
        gaps->more = true;
        return FEP_FULL;
    }
    gaps->count++;
    wire_put_array (out, 12);
    wire_put_text (out, task->name);
    wire_put_uint (out, head->terminal);
    wire_put_text (out, terminal ? terminal->address : "");
    wire_put_uint (out, point->mp);
    wire_put_int (out, head->slot_ms);
    wire_put_text (out, gap_name (point->reason));
    wire_put_text (out, fep_err_name (point->error < FEP_ERR_COUNT ? point->error : FEP_CORRUPT));
    wire_put_uint (out, point->code);
    wire_put_uint (out, point->runs);
    wire_put_uint (out, (uint32_t) __builtin_popcount (point->valid & slots_all (head)));
    wire_put_uint (out, head->items);
    wire_put_int (out, head->next_ms == INT64_MAX ? 0 : head->next_ms);
    return FEP_OK;
}

fep_err_t account_on_gaps (void *arg, actor_t *actor, bytes_t body)
{
    account_t *self = arg;
    s_gaps_t gaps = {.walk.point = s_gap_point};
    char text[ACCOUNT_TEXT];
    size_t bytes = (size_t) actor_config (actor)->door.page_bytes;
    int64_t limit = wire_find_int (body, "limit", 1000);
    int64_t fits = (int64_t) ((bytes - 1024) / ROW_BYTES);
    gaps.limit = (uint32_t) (limit < 1 ? 1 : limit < fits ? limit : fits);
    fep_err_t error = account_filter (self, body, 1, &gaps.walk.filter, text);
    uint8_t *memory = malloc (bytes);
    FEP_ASSERT (memory);
    gaps.out = writer_of (memory, bytes);
    wire_put_map (&gaps.out, 3);
    wire_pair_int (&gaps.out, "token", wire_find_int (body, "token", 0));
    wire_put_text (&gaps.out, "gaps");
    size_t mark = wire_open_array (&gaps.out);
    error = error ? error : account_walk (&gaps.walk);
    if (error == FEP_OK || gaps.more) {
        wire_close_array (&gaps.out, mark, gaps.count);
        wire_put_text (&gaps.out, "next");
        wire_put_bin (&gaps.out, bytes_of (gaps.place, gaps.more ? ACCOUNT_PLACE_SIZE : 0));
        error = account_answer (self, body, "GAPS", &gaps.out);
    } else {
        error = account_refuse (self, body, error, text);
    }
    free (memory);
    return error;
}

//  ---- Re-reads ----

typedef struct {
    account_walk_t walk;              //  First: the visits get it
    uint8_t (*keys)[SLOTS_KEY_SIZE];  //  Blocks with gaps
    size_t count;                     //  Of them, at most REREAD_MAX
    uint64_t points;                  //  Gaps in them
    bool more;                        //  There are further ones
} s_reread_t;

static fep_err_t s_reread_point (account_walk_t *walk, const slot_block_t *head,
                                 const slot_point_t *point, const task_t *task, int day)
{
    s_reread_t *reread = (s_reread_t *) walk;
    const roster_terminal_t *terminal = roster_find (walk->filter.self->roster, head->terminal);
    (void) task;
    (void) day;
    //  Who is back in service since the slot was closed can be asked.
    bool apart =
        gap_apart (point->reason) && (!terminal || roster_apart (terminal, point->mp) != GAP_valid);
    if (!account_is_gap (&walk->filter, point) || apart) {
        return FEP_OK;
    }
    bool same = reread->count &&
                memcmp (reread->keys[reread->count - 1], walk->key.data, SLOTS_KEY_SIZE) == 0;
    if (!same && reread->count == REREAD_MAX) {
        reread->more = true;
        return FEP_FULL;
    }
    if (!same) {
        memcpy (reread->keys[reread->count++], walk->key.data, SLOTS_KEY_SIZE);
    }
    reread->points++;
    return FEP_OK;
}

//  A block is run again, closed or not; its silent meters are asked as well.
static void s_reread_block (account_t *self, const uint8_t key[SLOTS_KEY_SIZE])
{
    slot_block_t head;
    if (!slots_key_of (bytes_of (key, SLOTS_KEY_SIZE), &head)) {
        return;
    }
    slot_block_t *block = account_block (self, head.task, head.terminal, head.slot_ms);
    const roster_terminal_t *terminal = roster_find (self->roster, head.terminal);
    if (!block || !block->due || block->queued) {
        return;
    }
    for (size_t i = 0; terminal && i < block->count; i++) {
        roster_point_t *meter = roster_point (terminal, block->points[i].mp);
        if (meter && block->points[i].reason != GAP_valid) {
            meter->silent = 0;
        }
    }
    slots_set_closed (self->slots, block, false);
    account_ready (self, block);
}

fep_err_t account_on_reread (void *arg, actor_t *actor, bytes_t body)
{
    account_t *self = arg;
    s_reread_t reread = {.walk.point = s_reread_point};
    uint8_t memory[256];
    char text[ACCOUNT_TEXT], who[64];
    (void) actor;
    reread.keys = malloc (REREAD_MAX * sizeof *reread.keys);
    FEP_ASSERT (reread.keys);
    fep_err_t error = account_filter (self, body, 1, &reread.walk.filter, text);
    error = error ? error : account_walk (&reread.walk);
    if (error && !reread.more) {
        free (reread.keys);
        return account_refuse (self, body, error, text);
    }
    for (size_t i = 0; i < reread.count; i++) {
        s_reread_block (self, reread.keys[i]);
    }
    free (reread.keys);
    wire_find_text (body, "who", who, sizeof who);
    log_line (LEVEL_INFO, "REREAD", "who=%s slots=%zu points=%llu", who, reread.count,
              (unsigned long long) reread.points);
    writer_t inner = writer_of (memory, sizeof memory);
    wire_put_map (&inner, 4);
    wire_pair_int (&inner, "token", wire_find_int (body, "token", 0));
    wire_pair_uint (&inner, "slots", reread.count);
    wire_pair_uint (&inner, "points", reread.points);
    wire_pair_bool (&inner, "more", reread.more);
    return account_answer (self, body, "REREAD", &inner);
}
