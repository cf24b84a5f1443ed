//  A table of jobs, each an array of points with a queue of the terminals that may be asked.
#include "actors/jobs.h"
#include "fep/check.h"
#include <stdlib.h>
#include <string.h>

const char *job_state_name (uint8_t state)
{
    static const char *const names[POINT_STATES] = {"waiting", "asked", "done", "cancelled"};
    return state < POINT_STATES ? names[state] : "?";
}

static void s_clear (job_t *job)
{
    free (job->points);
    free (job->terminals);
    numbers_fini (&job->ready);
    numbers_fini (&job->resting);
    *job = (job_t){.number = 0};
}

void jobs_fini (jobs_t *self)
{
    for (size_t i = 0; i < JOBS_MAX; i++) {
        s_clear (&self->jobs[i]);
    }
}

//  A free place, or that of the oldest job that is over.
static job_t *s_place (jobs_t *self)
{
    job_t *oldest = NULL;
    for (size_t i = 0; i < JOBS_MAX; i++) {
        job_t *job = &self->jobs[i];
        if (!job->number) {
            return job;
        }
        if (job->ended_ms && (!oldest || job->number < oldest->number)) {
            oldest = job;
        }
    }
    return oldest;
}

void jobs_put_whom (writer_t *whom, uint32_t number, const char *address, const uint16_t mps[],
                    uint16_t count)
{
    char text[ADDRESS_MAX + 1] = "";
    memcpy (text, address, strnlen (address, ADDRESS_MAX));
    writer_u32be (whom, number);
    writer_put (whom, (const uint8_t *) text, sizeof text);
    writer_u16be (whom, count);
    for (uint16_t i = 0; i < count; i++) {
        writer_u16be (whom, mps[i]);
    }
}

//  How many terminals and points it names; false if it cannot be read.
static bool s_count_whom (bytes_t whom, uint32_t *terminals, uint32_t *points)
{
    reader_t in = reader_of (whom);
    while (reader_left (&in) && !in.failed) {
        (void) reader_take (&in, 4 + ADDRESS_MAX + 1);
        uint16_t count = reader_u16be (&in);
        (void) reader_take (&in, 2 * (size_t) count);
        *terminals += 1;
        *points += count;
    }
    return !in.failed;
}

static void s_read_whom (job_t *job, bytes_t whom)
{
    reader_t in = reader_of (whom);
    uint32_t place = 0;
    for (uint32_t i = 0; i < job->terminal_count; i++) {
        job_terminal_t *terminal = &job->terminals[i];
        terminal->number = reader_u32be (&in);
        memcpy (terminal->address, reader_take (&in, ADDRESS_MAX + 1), ADDRESS_MAX);
        terminal->first = place;
        terminal->count = reader_u16be (&in);
        for (uint16_t k = 0; k < terminal->count; k++) {
            job->points[place++].mp = reader_u16be (&in);
        }
        if (terminal->count) {
            numbers_put (&job->ready, i);
        }
    }
}

job_t *jobs_start (jobs_t *self, const job_what_t *what, const char *who, bytes_t whom,
                   int64_t now_ms)
{
    uint32_t terminals = 0, points = 0;
    bool sound = s_count_whom (whom, &terminals, &points) && points;
    job_t *job = sound ? s_place (self) : NULL;
    if (!job) {
        return NULL;
    }
    s_clear (job);
    job->number = ++self->last;
    job->what = *what;
    job->since_ms = now_ms;
    memcpy (job->who, who, strnlen (who, JOB_WHO_MAX));
    job->count = points;
    job->terminal_count = terminals;
    job->points = calloc (points, sizeof *job->points);
    job->terminals = calloc (terminals, sizeof *job->terminals);
    FEP_ASSERT (job->points && job->terminals);
    s_read_whom (job, whom);
    job->states[POINT_WAITS] = points;
    return job;
}

job_t *jobs_find (jobs_t *self, uint32_t number)
{
    for (size_t i = 0; number && i < JOBS_MAX; i++) {
        if (self->jobs[i].number == number) {
            return &self->jobs[i];
        }
    }
    return NULL;
}

static void s_state (job_t *job, job_point_t *point, job_state_t state)
{
    job->states[point->state]--;
    point->state = (uint8_t) state;
    job->states[state]++;
}

//  The number of the run a point lies in.
static uint32_t s_terminal (const job_t *job, uint32_t place)
{
    uint32_t low = 0, high = job->terminal_count - 1;
    while (low < high) {
        uint32_t middle = (low + high + 1) / 2;
        if (job->terminals[middle].first <= place) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    return low;
}

const job_terminal_t *job_terminal (const job_t *self, uint32_t place)
{
    return &self->terminals[s_terminal (self, place)];
}

bool jobs_next (jobs_t *self, job_t **job, uint32_t *place)
{
    for (unsigned i = 0; i < JOBS_MAX; i++) {
        uint32_t number;
        job_t *one = &self->jobs[self->turn++ % JOBS_MAX];
        if (!one->number || one->ended_ms || !numbers_take (&one->ready, &number)) {
            continue;
        }
        job_terminal_t *terminal = &one->terminals[number];
        *job = one;
        *place = terminal->first + terminal->next++;
        s_state (one, &one->points[*place], POINT_ASKED);
        return true;
    }
    return false;
}

static void s_end (job_t *job, int64_t now_ms)
{
    if (!job->states[POINT_WAITS] && !job->states[POINT_ASKED] && !job->ended_ms) {
        job->ended_ms = now_ms;
    }
}

void job_done (job_t *self, uint32_t place, fep_err_t error, uint8_t code, int64_t now_ms)
{
    job_point_t *point = &self->points[place];
    uint32_t number = s_terminal (self, place);
    const job_terminal_t *terminal = &self->terminals[number];
    s_state (self, point, POINT_DONE);
    point->error = (uint8_t) error;
    point->code = code;
    self->errors[error]++;
    if (terminal->next < terminal->count && !self->cancelled) {
        numbers_put (&self->ready, number);
    }
    s_end (self, now_ms);
}

void job_later (job_t *self, uint32_t place, int64_t now_ms)
{
    uint32_t number = s_terminal (self, place);
    s_state (self, &self->points[place], self->cancelled ? POINT_CANCELLED : POINT_WAITS);
    if (!self->cancelled) {
        self->terminals[number].next--;
        numbers_put (&self->resting, number);
    }
    s_end (self, now_ms);
}

bool jobs_wake (jobs_t *self)
{
    bool any = false;
    for (size_t i = 0; i < JOBS_MAX; i++) {
        uint32_t number;
        job_t *job = &self->jobs[i];
        while (job->number && numbers_take (&job->resting, &number)) {
            numbers_put (&job->ready, number);
            any = true;
        }
    }
    return any;
}

void job_cancel (job_t *self, int64_t now_ms)
{
    uint32_t number;
    self->cancelled |= !self->ended_ms;
    for (uint32_t i = 0; i < self->count; i++) {
        if (self->points[i].state == POINT_WAITS) {
            s_state (self, &self->points[i], POINT_CANCELLED);
        }
    }
    while (numbers_take (&self->ready, &number) || numbers_take (&self->resting, &number)) {
    }
    s_end (self, now_ms);
}
