//  How good acquisition is, and what is missing: RATE, GAPS and REREAD, from the rows of the store behind a checkpoint.
//  A number and the list behind it are made by one walk over the same rows, so they agree.
#include "actors/account.h"
#include "actors/answer.h"
#include "fep/clock.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include "fep/wire.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_MS 86400000
#define ZONE_MS (14 * 3600000)  //  No zone is further from UTC
#define DAYS_MAX 400            //  Of one request
#define ROWS_MAX 20000          //  Of one answer
#define ROW_BYTES 1024          //  Of one packed row at most
#define REREAD_MAX 10000        //  Blocks of one REREAD
#define PLACE_SIZE (SLOTS_KEY_SIZE + 2)

//  ---- Walks ----

//  Which slots a request is about.
typedef struct {
    account_t *self;       //  Whose
    uint32_t task;         //  0: all
    uint32_t terminal;     //  0: all
    int area;              //  -1: all
    int reason;            //  -1: all
    int day_from, day_to;  //  Local days, counted from 1970
    uint64_t group;        //  Bits of groups; 0: all
    bool items;            //  Also points that lack other items than the key item
    const uint8_t *place;  //  Where to go on, PLACE_SIZE; NULL: at the beginning
} s_filter_t;

typedef struct s_walk s_walk_t;
struct s_walk {
    s_filter_t filter;  //  What is wanted
    fep_err_t (*point) (s_walk_t *walk, const slot_block_t *head, const slot_point_t *point,
                        const task_t *task, int day);  //  Each of it; an error ends the walk
    bytes_t key;                                       //  Of the row
    uint16_t at;                                       //  Of the point in it
};

//  The local day a slot stands for.
static int s_day (const account_t *self, const task_t *task, uint32_t number, int64_t slot_ms)
{
    const roster_terminal_t *terminal = roster_find (self->roster, number);
    bool behind = task->type == TASK_DAILY || task->type == TASK_MONTHLY;
    int64_t ms = behind ? slot_ms - 1 : slot_ms;
    clock_civil_t civil;
    int64_t utc_ms;
    (void) zone_civil (terminal ? terminal->zone : NULL, ms, &civil);
    civil.hour = civil.minute = civil.second = 0;
    //  The civil day as if it were UTC.
    return clock_from_civil (&civil, &utc_ms)
               ? (int) ((utc_ms + (int64_t) clock_offset_min () * 60000) / DAY_MS)
               : 0;
}

static bool s_wanted (const s_filter_t *filter, const slot_block_t *head)
{
    const roster_terminal_t *terminal = roster_find (filter->self->roster, head->terminal);
    if (filter->terminal && filter->terminal != head->terminal) {
        return false;
    }
    if (filter->area >= 0 && filter->area != head->area) {
        return false;
    }
    return !filter->group || (terminal && terminal->groups & filter->group);
}

static fep_err_t s_row (void *arg, bytes_t key, bytes_t value)
{
    s_walk_t *walk = arg;
    const s_filter_t *filter = &walk->filter;
    slot_block_t head;
    slot_point_t point;
    reader_t in = reader_of (value);
    fep_err_t error = slots_unpack (key, &in, &head);
    const account_task_t *task = error ? NULL : account_task (filter->self, head.task);
    if (error || !task || !head.due || !s_wanted (filter, &head)) {
        return error;
    }
    int day = s_day (filter->self, &task->task, head.terminal, head.slot_ms);
    if (day < filter->day_from || day > filter->day_to) {
        return FEP_OK;
    }
    bool here = filter->place && memcmp (key.data, filter->place, SLOTS_KEY_SIZE) == 0;
    unsigned skip =
        here ? (unsigned) filter->place[SLOTS_KEY_SIZE] << 8 | filter->place[SLOTS_KEY_SIZE + 1]
             : 0;
    walk->key = key;
    for (unsigned i = 0; !error && i < head.count; i++) {
        error = slots_unpack_point (&head, &in, &point);
        walk->at = (uint16_t) i;
        if (!error && i >= skip) {
            error = walk->point (walk, &head, &point, &task->task, day);
        }
    }
    return error;
}

//  Slots of one task and state between the days.
static fep_err_t s_walk_task (s_walk_t *walk, bool closed, uint16_t task)
{
    const s_filter_t *filter = &walk->filter;
    uint8_t from[SLOTS_KEY_SIZE], to[SLOTS_KEY_SIZE];
    int64_t from_ms = (int64_t) filter->day_from * DAY_MS - ZONE_MS;
    int64_t to_ms = ((int64_t) filter->day_to + 1) * DAY_MS + ZONE_MS;
    slots_key (task, 0, from_ms > 0 ? from_ms : 0, closed, from);
    slots_key (task, UINT32_MAX, to_ms, closed, to);
    bytes_t start = bytes_of (from, sizeof from);
    if (filter->place && memcmp (filter->place, from, SLOTS_KEY_SIZE) > 0) {
        start = bytes_of (filter->place, SLOTS_KEY_SIZE);
    }
    return store_range (filter->self->store, FAMILY_SLOT, start, bytes_of (to, sizeof to), s_row,
                        walk);
}

//  In the order of keys: closed slots before open ones, by task, slot and terminal.
static fep_err_t s_walk (s_walk_t *walk)
{
    fep_err_t error = account_checkpoint (walk->filter.self);
    for (int closed = 1; closed >= 0 && !error; closed--) {
        for (uint32_t task = 1; task <= TASKS_MAX && !error; task++) {
            bool wanted = !walk->filter.task || walk->filter.task == task;
            if (wanted && account_task (walk->filter.self, task)) {
                error = s_walk_task (walk, closed, (uint16_t) task);
            }
        }
    }
    return error;
}

//  ---- Requests ----

static uint32_t s_task_number (const account_t *self, const char *name)
{
    for (uint32_t i = 0; i < TASKS_MAX; i++) {
        if (self->tasks[i] && strcmp (self->tasks[i]->task.name, name) == 0) {
            return i + 1;
        }
    }
    return 0;
}

static int s_gap_number (const char *name)
{
    for (int i = 0; i < GAP_COUNT; i++) {
        if (strcmp (gap_name ((uint8_t) i), name) == 0) {
            return i;
        }
    }
    return -1;
}

static int s_today (void)
{
    return (int) ((clock_wall_ms () + (int64_t) clock_offset_min () * 60000) / DAY_MS);
}

//  What a request says. NOT_FOUND, RANGE with words.
static fep_err_t s_filter (account_t *self, bytes_t body, s_filter_t *filter, char text[128])
{
    char name[64];
    reader_t place;
    *filter = (s_filter_t){.self = self, .area = -1, .reason = -1};
    filter->terminal = (uint32_t) wire_find_int (body, "number", 0);
    filter->area = (int) wire_find_int (body, "area", -1);
    filter->day_to = (int) wire_find_int (body, "day_to", s_today ());
    int64_t days = wire_find_int (body, "days", 1);
    int64_t from = filter->day_to - (days >= 1 && days <= DAYS_MAX ? days : 1) + 1;
    filter->day_from = (int) wire_find_int (body, "day_from", from);
    filter->items = wire_find_int (body, "items", 0) != 0;
    if (filter->day_from < 0 || filter->day_to < filter->day_from ||
        filter->day_to - filter->day_from >= DAYS_MAX) {
        snprintf (text, 128, "days: the first before the last, at most %d of them", DAYS_MAX);
        return FEP_RANGE;
    }
    if (wire_find_text (body, "task", name, sizeof name)) {
        filter->task = s_task_number (self, name);
        snprintf (text, 128, "there is no task \"%s\"", name);
        if (!filter->task) {
            return FEP_NOT_FOUND;
        }
    }
    if (wire_find_text (body, "reason", name, sizeof name)) {
        filter->reason = s_gap_number (name);
        snprintf (text, 128, "there is no reason \"%s\"", name);
        if (filter->reason <= 0) {
            return FEP_NOT_FOUND;
        }
    }
    if (wire_find_text (body, "group", name, sizeof name)) {
        filter->group = roster_group (self->roster, name);
        snprintf (text, 128, "there is no group \"%s\"", name);
        if (!filter->group) {
            return FEP_NOT_FOUND;
        }
    }
    if (wire_find (body, "place", &place)) {
        bytes_t at = wire_get_bin (&place);
        filter->place = at.size == PLACE_SIZE ? at.data : NULL;
    }
    text[0] = 0;
    return FEP_OK;
}

static fep_err_t s_answer (account_t *self, bytes_t body, const char *word, const writer_t *inner)
{
    reader_t client;
    if (!wire_find (body, "client", &client)) {
        return FEP_CORRUPT;
    }
    size_t size = inner->size + 1024;
    uint8_t *memory = malloc (size);
    FEP_ASSERT (memory);
    writer_t out = writer_of (memory, size);
    fep_err_t error = answer_put (&out, wire_get_bin (&client), word, inner);
    if (error == FEP_OK) {
        error = actor_send (self->actor, self->control, WORD_ANSWER, writer_bytes (&out));
    }
    free (memory);
    return error;
}

static fep_err_t s_refuse (account_t *self, bytes_t body, fep_err_t error, const char *text)
{
    uint8_t memory[512];
    writer_t inner = writer_of (memory, sizeof memory);
    answer_put_error (&inner, wire_find_int (body, "token", 0), error, text);
    return s_answer (self, body, "ERROR", &inner);
}

//  ---- Rates ----

typedef enum { BY_NOTHING, BY_TASK, BY_DAY, BY_AREA, BY_GROUP, BY_TERMINAL, BY_COUNT } s_by_t;
static const char *const s_by_names[BY_COUNT] = {"", "task", "day", "area", "group", "terminal"};

typedef struct {
    char key[64];          //  Of whom
    slot_counts_t counts;  //  Its numbers
} s_rate_t;

typedef struct {
    s_walk_t walk;   //  First: the visits get it
    s_by_t by;       //  What rows are of
    s_rate_t *rows;  //  Hash by key; key "" with counts.points 0: free
    size_t size;     //  A power of two, twice ROWS_MAX at least
    size_t count;    //  Used
} s_rates_t;

static s_rate_t *s_rate (s_rates_t *rates, const char *key)
{
    uint32_t hash = 2166136261u;
    for (const char *c = key; *c; c++) {
        hash = (hash ^ (uint8_t) *c) * 16777619u;
    }
    size_t at = hash & (rates->size - 1);
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

static fep_err_t s_rate_point (s_walk_t *walk, const slot_block_t *head, const slot_point_t *point,
                               const task_t *task, int day)
{
    s_rates_t *rates = (s_rates_t *) walk;
    const roster_terminal_t *terminal = roster_find (walk->filter.self->roster, head->terminal);
    char key[64] = "";
    clock_civil_t civil;
    fep_err_t error = FEP_OK;
    switch (rates->by) {
    case BY_TASK:
        snprintf (key, sizeof key, "%s", task->name);
        break;
    case BY_DAY:
        clock_to_civil ((int64_t) day * DAY_MS - (int64_t) clock_offset_min () * 60000, &civil);
        snprintf (key, sizeof key, "%04d-%02d-%02d", civil.year, civil.month, civil.day);
        break;
    case BY_AREA:
        snprintf (key, sizeof key, "%u", head->area);
        break;
    case BY_TERMINAL:
        if (terminal) {
            snprintf (key, sizeof key, "%s", terminal->address);
        } else {
            snprintf (key, sizeof key, "#%u", head->terminal);
        }
        break;
    case BY_GROUP:
        for (unsigned i = 0; terminal && i < ARCHIVE_GROUPS_MAX && !error; i++) {
            if (terminal->groups >> i & 1) {
                error = s_rate_add (rates, roster_group_name (walk->filter.self->roster, i), head,
                                    point);
            }
        }
        return error;
    default:
        break;
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

static int s_compare (const void *a, const void *b)
{
    const s_rate_t *one = a, *two = b;
    bool numbers = one->key[0] >= '0' && one->key[0] <= '9' && strlen (one->key) < 8;
    if (numbers && atoi (one->key) != atoi (two->key)) {
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
    return s_answer (self, body, "RATE", &inner);
}

fep_err_t account_on_rate (void *arg, actor_t *actor, bytes_t body)
{
    account_t *self = arg;
    s_rates_t rates = {.walk.point = s_rate_point, .size = 2 * 32768};
    char name[16], text[128];
    (void) actor;
    fep_err_t error = s_filter (self, body, &rates.walk.filter, text);
    if (!error && wire_find_text (body, "by", name, sizeof name)) {
        for (unsigned i = 1; i < BY_COUNT; i++) {
            rates.by = strcmp (name, s_by_names[i]) == 0 ? i : rates.by;
        }
        if (rates.by == BY_NOTHING) {
            snprintf (text, sizeof text, "by: task, day, area, group or terminal");
            error = FEP_RANGE;
        }
    }
    if (!error) {
        rates.rows = calloc (rates.size, sizeof *rates.rows);
        FEP_ASSERT (rates.rows);
        error = s_walk (&rates.walk);
    }
    error = error ? s_refuse (self, body, error, text) : s_put_rates (self, body, &rates);
    free (rates.rows);
    return error;
}

//  ---- Gaps ----

//  Is the point a gap that the filter asks for?
static bool s_is_gap (const s_filter_t *filter, const slot_point_t *point)
{
    bool missing = filter->items ? point->reason != GAP_valid : !(point->valid & 1);
    return missing && (filter->reason < 0 || filter->reason == point->reason);
}

typedef struct {
    s_walk_t walk;              //  First: the visits get it
    writer_t out;               //  Rows
    uint32_t count, limit;      //  Of them
    uint8_t place[PLACE_SIZE];  //  Of the first that did not fit
    bool more;                  //  There is one
} s_gaps_t;

static fep_err_t s_gap_point (s_walk_t *walk, const slot_block_t *head, const slot_point_t *point,
                              const task_t *task, int day)
{
    s_gaps_t *gaps = (s_gaps_t *) walk;
    const roster_terminal_t *terminal = roster_find (walk->filter.self->roster, head->terminal);
    writer_t *out = &gaps->out;
    (void) day;
    if (!s_is_gap (&walk->filter, point)) {
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
    char text[128];
    size_t bytes = (size_t) actor_config (actor)->door.page_bytes;
    int64_t limit = wire_find_int (body, "limit", 1000);
    int64_t fits = (int64_t) ((bytes - 1024) / ROW_BYTES);
    gaps.limit = (uint32_t) (limit < 1 ? 1 : limit < fits ? limit : fits);
    fep_err_t error = s_filter (self, body, &gaps.walk.filter, text);
    uint8_t *memory = malloc (bytes);
    FEP_ASSERT (memory);
    gaps.out = writer_of (memory, bytes);
    wire_put_map (&gaps.out, 3);
    wire_pair_int (&gaps.out, "token", wire_find_int (body, "token", 0));
    wire_put_text (&gaps.out, "gaps");
    size_t mark = wire_open_array (&gaps.out);
    error = error ? error : s_walk (&gaps.walk);
    if (error == FEP_OK || gaps.more) {
        wire_close_array (&gaps.out, mark, gaps.count);
        wire_put_text (&gaps.out, "next");
        wire_put_bin (&gaps.out, bytes_of (gaps.place, gaps.more ? PLACE_SIZE : 0));
        error = s_answer (self, body, "GAPS", &gaps.out);
    } else {
        error = s_refuse (self, body, error, text);
    }
    free (memory);
    return error;
}

//  ---- Re-reads ----

typedef struct {
    s_walk_t walk;                    //  First: the visits get it
    uint8_t (*keys)[SLOTS_KEY_SIZE];  //  Blocks with gaps
    size_t count;                     //  Of them, at most REREAD_MAX
    uint64_t points;                  //  Gaps in them
    bool more;                        //  There are further ones
} s_reread_t;

static fep_err_t s_reread_point (s_walk_t *walk, const slot_block_t *head,
                                 const slot_point_t *point, const task_t *task, int day)
{
    s_reread_t *reread = (s_reread_t *) walk;
    const roster_terminal_t *terminal = roster_find (walk->filter.self->roster, head->terminal);
    (void) task;
    (void) day;
    //  Who is back in service since the slot was closed can be asked.
    bool apart =
        gap_apart (point->reason) && (!terminal || roster_apart (terminal, point->mp) != GAP_valid);
    if (!s_is_gap (&walk->filter, point) || apart) {
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
    block->closed = false;
    account_ready (self, block);
}

fep_err_t account_on_reread (void *arg, actor_t *actor, bytes_t body)
{
    account_t *self = arg;
    s_reread_t reread = {.walk.point = s_reread_point};
    uint8_t memory[256];
    char text[128], who[64];
    (void) actor;
    reread.keys = malloc (REREAD_MAX * sizeof *reread.keys);
    FEP_ASSERT (reread.keys);
    fep_err_t error = s_filter (self, body, &reread.walk.filter, text);
    error = error ? error : s_walk (&reread.walk);
    if (error && !reread.more) {
        free (reread.keys);
        return s_refuse (self, body, error, text);
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
    return s_answer (self, body, "REREAD", &inner);
}
