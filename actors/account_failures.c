//  Consecutive failures (连续抄表失败): FAILURES. Points whose newest slots of a task, so many in a row, brought no
//  valid key item. A first walk finds each point's newest good slot, a second one counts what failed behind it, so the
//  order in which rows come does not matter. Memory: 32 bytes for each point of the archive while it is answered.
#include "actors/account_walk.h"
#include "fep/wire.h"
#include <stdio.h>
#include <stdlib.h>

#define IN_A_ROW 3         //  If nothing is said
#define IN_A_ROW_MAX 1000  //  At most
#define DAYS_OF_DAILY 31   //  Looked at if nothing is said
#define DAYS_OF_MONTHLY ACCOUNT_DAYS_MAX
#define DAYS_OF_OTHERS 2
#define LIMIT 1000     //  Rows of an answer, if nothing is said
#define ROW_BYTES 256  //  Of one packed row at most
#define MP_BITS 16     //  Of a place: terminal, measuring point

//  Of one point.
typedef struct {
    int64_t good_ms;   //  Its newest slot with a valid key item; 0: none
    int64_t since_ms;  //  The oldest slot that failed behind it
    int64_t last_ms;   //  and the newest
    uint32_t count;    //  How many
    uint8_t reason;    //  Of the newest
} s_row_t;

typedef struct {
    account_walk_t walk;  //  First: the visits get it
    size_t *starts;       //  By terminal: its first row; one for mp 0 and one for each point
    s_row_t *rows;        //  All of them
    bool counting;        //  Second walk
} s_failures_t;

static void s_rows (s_failures_t *self, const roster_t *roster)
{
    size_t count = 0;
    self->starts = calloc (roster_size (roster) + 1, sizeof *self->starts);
    FEP_ASSERT (self->starts);
    for (uint32_t i = 0; i < roster_size (roster); i++) {
        const roster_terminal_t *terminal = roster_find (roster, i);
        self->starts[i] = count;
        count += terminal ? terminal->point_count + 1u : 0;
    }
    self->rows = calloc (count + 1, sizeof *self->rows);
    FEP_ASSERT (self->rows);
}

//  NULL: it has left the archive.
static s_row_t *s_row (const s_failures_t *self, uint32_t number, uint16_t mp)
{
    const roster_terminal_t *terminal = roster_find (self->walk.filter.self->roster, number);
    const roster_point_t *point = terminal ? roster_point (terminal, mp) : NULL;
    if (!terminal || (mp && !point)) {
        return NULL;
    }
    return &self->rows[self->starts[number] +
                       (point ? 1 + (size_t) (point - terminal->points) : 0)];
}

//  Has it failed? Not while its first run is to come, nor if it is apart.
static bool s_failed (const slot_block_t *head, const slot_point_t *point)
{
    bool over = head->closed || point->flags & SLOT_FIRST_RAN;
    return !(point->valid & 1) && over && !gap_apart (point->reason);
}

static fep_err_t s_point (account_walk_t *walk, const slot_block_t *head, const slot_point_t *point,
                          const task_t *task, int day)
{
    s_failures_t *self = (s_failures_t *) walk;
    s_row_t *row = s_row (self, head->terminal, point->mp);
    (void) task;
    (void) day;
    if (row && !self->counting && point->valid & 1 && head->slot_ms > row->good_ms) {
        row->good_ms = head->slot_ms;
    }
    if (!row || !self->counting || head->slot_ms <= row->good_ms || !s_failed (head, point)) {
        return FEP_OK;
    }
    row->count++;
    if (!row->since_ms || head->slot_ms < row->since_ms) {
        row->since_ms = head->slot_ms;
    }
    if (head->slot_ms > row->last_ms) {
        row->last_ms = head->slot_ms;
        row->reason = point->reason;
    }
    return FEP_OK;
}

//  ---- Answers ----

static void s_put (writer_t *out, const roster_terminal_t *terminal, uint16_t mp,
                   const s_row_t *row)
{
    wire_put_map (out, 7);
    wire_pair_uint (out, "number", terminal->number);
    wire_pair_text (out, "terminal", terminal->address);
    wire_pair_uint (out, "mp", mp);
    wire_pair_uint (out, "in_a_row", row->count);
    wire_pair_int (out, "since_ms", row->since_ms);
    wire_pair_int (out, "last_ms", row->last_ms);
    wire_pair_text (out, "reason", gap_name (row->reason));
}

//  One page, in the order of terminals and points. Returns where the next one begins; 0: nowhere.
static uint64_t s_put_page (const s_failures_t *self, bytes_t body, uint32_t in_a_row,
                            writer_t *out)
{
    const roster_t *roster = self->walk.filter.self->roster;
    uint64_t from = (uint64_t) wire_find_int (body, "from", 0);
    int64_t limit = wire_find_int (body, "limit", LIMIT);
    uint32_t written = 0;
    uint64_t next = 0;
    size_t mark = wire_open_array (out);
    for (uint32_t i = (uint32_t) (from >> MP_BITS); !next && i < roster_size (roster); i++) {
        const roster_terminal_t *terminal = roster_find (roster, i);
        for (size_t k = 0; terminal && !next && k <= terminal->point_count; k++) {
            const s_row_t *row = &self->rows[self->starts[i] + k];
            uint16_t mp = k ? terminal->points[k - 1].mp : 0;
            uint64_t place = (uint64_t) i << MP_BITS | mp;
            if (row->count < in_a_row || place < from) {
                continue;
            }
            if (written > 0 && (written >= limit || out->capacity - out->size < 2 * ROW_BYTES)) {
                next = place;
            } else {
                s_put (out, terminal, mp, row);
                written++;
            }
        }
    }
    wire_close_array (out, mark, written);
    return next;
}

//  How far back it looks: so that the row fits, or as far as the request says.
static void s_days (account_filter_t *filter, bytes_t body, uint32_t in_a_row)
{
    const task_t *task = &account_task (filter->self, filter->task)->task;
    int64_t days = task->type == TASK_MONTHLY ? DAYS_OF_MONTHLY
                   : task->type == TASK_DAILY ? DAYS_OF_DAILY
                                              : DAYS_OF_OTHERS;
    int64_t period_ms = task->type == TASK_DAILY ? ACCOUNT_DAY_MS : task->period_ms;
    int64_t least = 1 + (in_a_row * period_ms + ACCOUNT_DAY_MS - 1) / ACCOUNT_DAY_MS;
    reader_t said;
    if (!wire_find (body, "days", &said) && !wire_find (body, "day_from", &said)) {
        days = days > least ? days : least;
        days = days < ACCOUNT_DAYS_MAX ? days : ACCOUNT_DAYS_MAX;
        filter->day_from = filter->day_to - (int) days + 1;
    }
}

static fep_err_t s_find (s_failures_t *self, bytes_t body, int64_t in_a_row,
                         char text[ACCOUNT_TEXT])
{
    account_filter_t *filter = &self->walk.filter;
    account_t *account = filter->self;
    fep_err_t error = account_filter (account, body, 1, filter, text);
    if (!error && !filter->task) {
        snprintf (text, ACCOUNT_TEXT, "task: say which");
        error = FEP_RANGE;
    } else if (!error && (in_a_row < 1 || in_a_row > IN_A_ROW_MAX)) {
        snprintf (text, ACCOUNT_TEXT, "in_a_row: from 1 to %d", IN_A_ROW_MAX);
        error = FEP_RANGE;
    }
    if (error) {
        return error;
    }
    s_days (filter, body, (uint32_t) in_a_row);
    filter->place = NULL;
    s_rows (self, account->roster);
    error = account_walk (&self->walk);
    self->counting = true;
    return error ? error : account_walk (&self->walk);
}

fep_err_t account_on_failures (void *arg, actor_t *actor, bytes_t body)
{
    account_t *self = arg;
    s_failures_t failures = {.walk.point = s_point, .walk.filter.self = self};
    char text[ACCOUNT_TEXT] = "";
    int64_t in_a_row = wire_find_int (body, "in_a_row", IN_A_ROW);
    size_t bytes = (size_t) actor_config (actor)->door.page_bytes;
    fep_err_t error = s_find (&failures, body, in_a_row, text);
    if (error) {
        error = account_refuse (self, body, error, text);
    } else {
        writer_t inner = writer_of (account_page (self, bytes), bytes);
        wire_put_map (&inner, 5);
        wire_pair_int (&inner, "token", wire_find_int (body, "token", 0));
        wire_pair_int (&inner, "day_from", failures.walk.filter.day_from);
        wire_pair_int (&inner, "day_to", failures.walk.filter.day_to);
        wire_put_text (&inner, "failures");
        uint64_t next = s_put_page (&failures, body, (uint32_t) in_a_row, &inner);
        wire_pair_uint (&inner, "next", next);
        error = account_answer (self, body, "FAILURES", &inner);
    }
    free (failures.starts);
    free (failures.rows);
    return error;
}
