//  Terminals in a heap by when they have something due; the points of one are few and walked.
#include "actors/poll.h"
#include "fep/check.h"
#include <stdlib.h>
#include <string.h>

#define NEVER INT64_MAX
#define HEAP_FIRST 1024
#define BUSY_MS 500  //  Until a poll that found no room is tried again

typedef struct {
    uint16_t mp;         //  Measuring point
    uint32_t period_ms;  //  Of its profile
    int64_t due_ms;      //  When it is to be asked; NEVER while under way
    uint8_t demotion;    //  It did not answer so often; at most POLL_DEMOTION_MAX
    bool again;          //  Asked a second time in this sweep
    bool under_way;      //  Asked, not answered yet
    int64_t sweep_ms;    //  The instant it fell due at
} point_t;

typedef struct {
    uint32_t number;     //  Archive number
    uint32_t plan;       //  Grows with each plan
    uint32_t count;      //  Points
    uint32_t under_way;  //  Of them
    size_t at;           //  In the heap; SIZE_MAX: not in it
    int64_t due_ms;      //  Its place in the heap
    point_t *points;     //  As planned
} line_t;

struct poll {
    line_t **lines;     //  By archive number; NULL: no plan
    size_t size;        //  Of it
    line_t **heap;      //  By due_ms
    size_t heap_count;  //  In it
    size_t heap_size;   //  Room
    uint32_t plan;      //  Last number given
    size_t planned;     //  Points
    size_t demoted;     //  Points
    uint64_t overrun;   //  Polls left out
};

poll_t *poll_new (void)
{
    poll_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    return self;
}

void poll_destroy (poll_t **self_p)
{
    poll_t *self = *self_p;
    if (self) {
        for (size_t i = 0; i < self->size; i++) {
            if (self->lines[i]) {
                free (self->lines[i]->points);
                free (self->lines[i]);
            }
        }
        free (self->lines);
        free (self->heap);
        free (self);
        *self_p = NULL;
    }
}

//  ---- The heap ----

static void s_put (poll_t *self, size_t at, line_t *line)
{
    self->heap[at] = line;
    line->at = at;
}

static void s_up (poll_t *self, size_t at)
{
    line_t *line = self->heap[at];
    while (at && self->heap[(at - 1) / 2]->due_ms > line->due_ms) {
        s_put (self, at, self->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    s_put (self, at, line);
}

static void s_down (poll_t *self, size_t at)
{
    line_t *line = self->heap[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= self->heap_count) {
            break;
        }
        if (child + 1 < self->heap_count &&
            self->heap[child + 1]->due_ms < self->heap[child]->due_ms) {
            child++;
        }
        if (self->heap[child]->due_ms >= line->due_ms) {
            break;
        }
        s_put (self, at, self->heap[child]);
        at = child;
    }
    s_put (self, at, line);
}

static void s_enqueue (poll_t *self, line_t *line)
{
    if (self->heap_count == self->heap_size) {
        self->heap_size = self->heap_size ? self->heap_size * 2 : HEAP_FIRST;
        self->heap = realloc (self->heap, self->heap_size * sizeof *self->heap);
        FEP_ASSERT (self->heap);
    }
    s_put (self, self->heap_count++, line);
    s_up (self, line->at);
}

static void s_dequeue (poll_t *self, line_t *line)
{
    size_t at = line->at;
    line_t *last = self->heap[--self->heap_count];
    line->at = SIZE_MAX;
    if (last != line) {
        s_put (self, at, last);
        s_up (self, at);
        s_down (self, last->at);
    }
}

//  Sets when the line is looked at next.
static void s_line_due (poll_t *self, line_t *line)
{
    int64_t due_ms = NEVER;
    for (uint32_t i = 0; i < line->count && line->under_way < POLL_OUTSTANDING; i++) {
        due_ms = line->points[i].due_ms < due_ms ? line->points[i].due_ms : due_ms;
    }
    line->due_ms = due_ms;
    s_up (self, line->at);
    s_down (self, line->at);
}

//  ---- Instants ----

static uint32_t s_mix (uint32_t h)
{
    h = (h ^ h >> 16) * 0x7feb352du;
    h = (h ^ h >> 15) * 0x846ca68bu;
    return h ^ h >> 16;
}

//  The terminal's next instant of that period after now.
static int64_t s_instant (uint32_t terminal, uint32_t period_ms, int64_t now_ms)
{
    int64_t phase = (int64_t) (s_mix (terminal) % period_ms);
    return (now_ms - phase + (int64_t) period_ms) / (int64_t) period_ms * (int64_t) period_ms +
           phase;
}

//  ---- Plans ----

static line_t *s_find (const poll_t *self, uint32_t terminal)
{
    return terminal < self->size ? self->lines[terminal] : NULL;
}

static line_t *s_line (poll_t *self, uint32_t terminal)
{
    if (terminal >= self->size) {
        size_t size = terminal + terminal / 2 + 256;
        self->lines = realloc (self->lines, size * sizeof *self->lines);
        FEP_ASSERT (self->lines);
        memset (self->lines + self->size, 0, (size - self->size) * sizeof *self->lines);
        self->size = size;
    }
    if (!self->lines[terminal]) {
        line_t *line = calloc (1, sizeof *line);
        FEP_ASSERT (line);
        line->number = terminal;
        line->at = SIZE_MAX;
        self->lines[terminal] = line;
    }
    return self->lines[terminal];
}

static uint8_t s_demotion (const line_t *line, uint16_t mp)
{
    for (uint32_t i = 0; i < line->count; i++) {
        if (line->points[i].mp == mp) {
            return line->points[i].demotion;
        }
    }
    return 0;
}

static size_t s_demoted (const line_t *line)
{
    size_t demoted = 0;
    for (uint32_t i = 0; i < line->count; i++) {
        demoted += line->points[i].demotion ? 1 : 0;
    }
    return demoted;
}

fep_err_t poll_plan (poll_t *self, uint32_t terminal, const poll_point_t points[], size_t count,
                     int64_t now_ms)
{
    if (count > POLL_POINTS_MAX) {
        return FEP_LIMIT;
    }
    if (!count && !s_find (self, terminal)) {
        return FEP_OK;
    }
    line_t *line = s_line (self, terminal);
    point_t *fresh = count ? calloc (count, sizeof *fresh) : NULL;
    FEP_ASSERT (fresh || !count);
    for (size_t i = 0; i < count; i++) {
        uint32_t period_ms = points[i].period_ms ? points[i].period_ms : 1;
        fresh[i] = (point_t){.mp = points[i].mp,
                             .period_ms = period_ms,
                             .due_ms = s_instant (terminal, period_ms, now_ms),
                             .demotion = s_demotion (line, points[i].mp)};
    }
    self->planned += count - line->count;
    self->demoted -= s_demoted (line);
    free (line->points);
    line->points = fresh;
    line->count = (uint32_t) count;
    line->under_way = 0;
    line->plan = ++self->plan;
    self->demoted += s_demoted (line);
    if (line->at == SIZE_MAX) {
        line->due_ms = NEVER;
        s_enqueue (self, line);
    }
    s_line_due (self, line);
    if (!count) {
        s_dequeue (self, line);
        self->lines[terminal] = NULL;
        free (line);
    }
    return FEP_OK;
}

//  ---- Polls ----

//  Which of two due points is asked first: what answers before what did not, the earlier instant before the
//  later, then as planned.
static bool s_before (const point_t *a, const point_t *b)
{
    unsigned late_a = (unsigned) a->demotion + (a->again ? 1 : 0);
    unsigned late_b = (unsigned) b->demotion + (b->again ? 1 : 0);
    if (late_a != late_b) {
        return late_a < late_b;
    }
    return a->due_ms < b->due_ms;
}

bool poll_next (poll_t *self, int64_t now_ms, poll_due_t *due)
{
    if (!self->heap_count || self->heap[0]->due_ms > now_ms) {
        return false;
    }
    line_t *line = self->heap[0];
    point_t *first = NULL;
    for (uint32_t i = 0; i < line->count; i++) {
        point_t *point = &line->points[i];
        if (point->due_ms <= now_ms && (!first || s_before (point, first))) {
            first = point;
        }
    }
    FEP_ASSERT (first);
    first->sweep_ms = first->again ? first->sweep_ms : first->due_ms;
    first->due_ms = NEVER;
    first->under_way = true;
    line->under_way++;
    *due = (poll_due_t){line->number, first->mp, line->plan};
    s_line_due (self, line);
    return true;
}

//  The next instant; those that have passed meanwhile are left out.
static void s_next_sweep (poll_t *self, const line_t *line, point_t *point, int64_t now_ms)
{
    int64_t step_ms = (int64_t) point->period_ms << point->demotion;
    int64_t due_ms = point->sweep_ms + step_ms;
    if (due_ms <= now_ms) {
        self->overrun += (uint64_t) ((now_ms - point->sweep_ms) / step_ms);
        due_ms = s_instant (line->number, point->period_ms, now_ms);
    }
    point->again = false;
    point->due_ms = due_ms;
}

static void s_demote (poll_t *self, point_t *point)
{
    self->demoted += point->demotion ? 0 : 1;
    if (point->demotion < POLL_DEMOTION_MAX) {
        point->demotion++;
    }
}

void poll_done (poll_t *self, const poll_due_t *due, fep_err_t error, int64_t now_ms)
{
    line_t *line = s_find (self, due->terminal);
    point_t *point = NULL;
    for (uint32_t i = 0; line && line->plan == due->plan && i < line->count; i++) {
        point = line->points[i].mp == due->mp ? &line->points[i] : point;
    }
    if (!point || !point->under_way) {
        return;
    }
    point->under_way = false;
    line->under_way--;
    bool answered = error == FEP_OK || error == FEP_REFUSED;
    bool busy = error == FEP_BUSY || error == FEP_FULL;
    bool asked = !busy && error != FEP_CLOSED;
    if (answered) {
        self->demoted -= point->demotion ? 1 : 0;
        point->demotion = 0;
    }
    if (busy) {
        point->again = true;
        point->due_ms = now_ms + BUSY_MS;
    } else if (asked && !answered && !point->again && !point->demotion) {
        point->again = true;
        point->due_ms = now_ms;
    } else {
        if (asked && !answered) {
            s_demote (self, point);
        }
        s_next_sweep (self, line, point, now_ms);
    }
    s_line_due (self, line);
}

int64_t poll_deadline (const poll_t *self)
{
    return self->heap_count ? self->heap[0]->due_ms : NEVER;
}

size_t poll_planned (const poll_t *self)
{
    return self->planned;
}

size_t poll_demoted (const poll_t *self)
{
    return self->demoted;
}

uint64_t poll_overrun (const poll_t *self)
{
    return self->overrun;
}
