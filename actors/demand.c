//  Demand: batches of on-demand reads (批量召测). Control names the measuring points; demand asks for one after another,
//  as any client would, ahead of polling, and keeps what came of each. The readings go the way of all readings. Jobs
//  live in memory: a restart forgets them.
//
//  Words it takes: RESULT, READ_START, READ_JOBS, READ_RESULT and READ_CANCEL from control. It sends POLL and ANSWER.
#include "actors/actor.h"
#include "actors/answer.h"
#include "actors/jobs.h"
#include "actors/places.h"
#include "fep/clock.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include "fep/wire.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ASKS_PER_TURN 500  //  Handed out in one turn
#define REST_US 200000     //  Who had no room is asked again after that
#define REQUEST_ROOM 1024  //  Of a POLL
#define ROW_BYTES 96       //  Of a packed row at most
#define HEAD_BYTES 16384   //  Of an answer besides its rows; of one that shows all batches
#define ENVELOPE_BYTES 1024
#define ROWS_MAX 20000  //  Of one answer
#define WHO_DEFAULT "door"

//  A point under way.
typedef struct {
    uint64_t token;  //  Given to control; 0 = free
    uint32_t job;    //  Its number
    uint32_t place;  //  In it
} demand_open_t;

typedef struct {
    actor_t *actor;       //  Frame
    int control;          //  Mailbox
    jobs_t jobs;          //  All
    places_t places;      //  Of points under way
    demand_open_t *open;  //  By place
    int64_t wake_us;      //  When those without room are asked again; 0: none
    bool stopping;        //  Nothing more is asked
    uint8_t *page;        //  Answers are built here
    uint8_t *answer;      //  Around them
    size_t page_size;     //  Of a page
} demand_t;

//  ---- Asking ----

static bool s_send (demand_t *self, const job_t *job, uint32_t place, uint64_t token)
{
    uint8_t memory[REQUEST_ROOM];
    writer_t out = writer_of (memory, sizeof memory);
    const job_what_t *what = &job->what;
    wire_put_map (&out, 11);
    wire_pair_uint (&out, "terminal", job_terminal (job, place)->number);
    wire_pair_uint (&out, "mp", job->points[place].mp);
    wire_pair_uint (&out, "token", token);
    wire_pair_uint (&out, "tries", 0);
    wire_pair_int (&out, "kind", what->kind);
    wire_pair_uint (&out, "freeze", what->freeze);
    wire_pair_int (&out, "from_ms", what->from_ms);
    wire_pair_int (&out, "to_ms", what->to_ms);
    wire_pair_uint (&out, "priority", PRIORITY_DEMAND);
    wire_pair_bool (&out, "own", !what->through);
    wire_put_text (&out, "points");
    wire_put_array (&out, what->count);
    for (unsigned i = 0; i < what->count; i++) {
        wire_put_uint (&out, what->points[i]);
    }
    FEP_ASSERT (!out.failed);
    return actor_send (self->actor, self->control, WORD_POLL, writer_bytes (&out)) == FEP_OK;
}

static void s_log_end (const job_t *job)
{
    if (job->ended_ms) {
        log_line (LEVEL_INFO, "READ-END", "job=%u who=\"%s\" points=%u good=%u cancelled=%u",
                  job->number, job->who, job->count, job->errors[FEP_OK],
                  job->states[POINT_CANCELLED]);
    }
}

static void s_rest (demand_t *self, job_t *job, uint32_t place)
{
    job_later (job, place, clock_wall_ms ());
    s_log_end (job);
    self->wake_us = self->wake_us ? self->wake_us : clock_mono_us () + REST_US;
}

//  What may be asked now. True if there is more.
static bool s_ask (demand_t *self)
{
    uint64_t limit = actor_config (self->actor)->demand.requests;
    job_t *job;
    uint32_t place;
    for (int i = 0; i < ASKS_PER_TURN; i++) {
        if (self->stopping || places_used (&self->places) >= limit || !self->places.count) {
            return false;
        }
        if (!jobs_next (&self->jobs, &job, &place)) {
            return false;
        }
        uint64_t token = TOKEN_DEMAND | places_take (&self->places);
        if (!s_send (self, job, place, token)) {
            places_give (&self->places, token);
            s_rest (self, job, place);
            return false;
        }
        self->open[place_of (token)] = (demand_open_t){token, job->number, place};
        metric_add (METRIC_demand_asked, 1);
    }
    return true;
}

static fep_err_t s_on_result (void *arg, actor_t *actor, bytes_t body)
{
    demand_t *self = arg;
    uint64_t token = (uint64_t) wire_find_int (body, "token", 0);
    demand_open_t open = self->open[place_of (token)];
    char name[32];
    fep_err_t error;
    (void) actor;
    if (!token || open.token != token) {
        return FEP_OK;
    }
    wire_find_text (body, "error", name, sizeof name);
    if (!fep_err_parse (name, &error)) {
        return FEP_CORRUPT;
    }
    self->open[place_of (token)].token = 0;
    places_give (&self->places, token);
    job_t *job = jobs_find (&self->jobs, open.job);
    if (!job) {
        return FEP_OK;
    }
    if (error == FEP_BUSY) {
        s_rest (self, job, open.place);
        return FEP_OK;
    }
    //  A terminal that has nothing of a meter (EE, an empty answer) says so without an error.
    bool empty = error == FEP_OK && !wire_find_int (body, "values", 0);
    error = empty ? FEP_NO_VALUE : error;
    job_done (job, open.place, error, (uint8_t) wire_find_int (body, "code", 0), clock_wall_ms ());
    s_log_end (job);
    return FEP_OK;
}

static int64_t s_tick (void *arg, actor_t *actor, int64_t now_us)
{
    demand_t *self = arg;
    (void) actor;
    if (self->wake_us && now_us >= self->wake_us) {
        self->wake_us = 0;
        (void) jobs_wake (&self->jobs);
    }
    bool more = s_ask (self);
    metric_set (METRIC_demand_waiting, (int64_t) places_used (&self->places));
    if (more) {
        return now_us;
    }
    return self->wake_us ? self->wake_us : INT64_MAX;
}

//  ---- The door ----

//  Room for an answer, as large as the option says now.
static writer_t s_page (demand_t *self)
{
    size_t size = (size_t) actor_config (self->actor)->door.page_bytes + HEAD_BYTES + ROW_BYTES;
    if (size > self->page_size) {
        self->page = realloc (self->page, size);
        self->answer = realloc (self->answer, size + ENVELOPE_BYTES);
        FEP_ASSERT (self->page && self->answer);
        self->page_size = size;
    }
    return writer_of (self->page, self->page_size);
}

static fep_err_t s_answer (demand_t *self, bytes_t body, const char *word, writer_t *inner)
{
    reader_t client;
    if (!wire_find (body, "client", &client)) {
        return FEP_CORRUPT;
    }
    bytes_t who = wire_get_bin (&client);
    writer_t out = writer_of (self->answer, self->page_size + ENVELOPE_BYTES);
    fep_err_t error = inner->failed ? FEP_LIMIT : answer_put (&out, who, word, inner);
    if (error != FEP_OK) {
        inner->size = 0;
        inner->failed = false;
        answer_put_error (inner, wire_find_int (body, "token", 0), error, NULL);
        out = writer_of (self->answer, self->page_size + ENVELOPE_BYTES);
        error = answer_put (&out, who, "ERROR", inner);
        FEP_ASSERT (error == FEP_OK);
    }
    return actor_send (self->actor, self->control, WORD_ANSWER, writer_bytes (&out));
}

static fep_err_t s_refuse (demand_t *self, bytes_t body, fep_err_t why, const char *text)
{
    writer_t inner = s_page (self);
    answer_put_error (&inner, wire_find_int (body, "token", 0), why, text);
    return s_answer (self, body, "ERROR", &inner);
}

static fep_err_t s_on_start (void *arg, actor_t *actor, bytes_t body)
{
    demand_t *self = arg;
    job_what_t what = {.kind = (uint8_t) wire_find_int (body, "kind", 0),
                       .freeze = (uint8_t) wire_find_int (body, "freeze", 0),
                       .through = wire_find_int (body, "through", 0) != 0,
                       .from_ms = wire_find_int (body, "from_ms", 0),
                       .to_ms = wire_find_int (body, "to_ms", 0)};
    char who[JOB_WHO_MAX + 1] = WHO_DEFAULT;
    reader_t in;
    (void) actor;
    wire_find_text (body, "who", who, sizeof who);
    uint32_t count = wire_find (body, "points", &in) ? wire_get_array (&in) : 0;
    for (uint32_t i = 0; i < count && i < REQUEST_POINTS_MAX; i++) {
        what.points[what.count++] = (uint32_t) wire_get_uint (&in);
    }
    bytes_t whom = wire_find (body, "whom", &in) ? wire_get_bin (&in) : bytes_of (NULL, 0);
    const job_t *job = jobs_start (&self->jobs, &what, who, whom, clock_wall_ms ());
    if (!job) {
        return s_refuse (self, body, FEP_BUSY, "16 batches run; cancel one, or wait");
    }
    log_line (LEVEL_INFO, "READ-START", "job=%u who=\"%s\" points=%u terminals=%u", job->number,
              who, job->count, job->terminal_count);
    writer_t inner = s_page (self);
    wire_put_map (&inner, 3);
    wire_pair_int (&inner, "token", wire_find_int (body, "token", 0));
    wire_pair_uint (&inner, "job", job->number);
    wire_pair_uint (&inner, "points", job->count);
    return s_answer (self, body, "READ_START", &inner);
}

//  Appends the pairs that say how far a job is; returns how many.
static uint32_t s_progress (const job_t *job, writer_t *out)
{
    uint32_t reasons = 0;
    const char *state = job->cancelled ? "cancelled" : job->ended_ms ? "ended" : "running";
    wire_pair_uint (out, "job", job->number);
    wire_pair_text (out, "who", job->who);
    wire_pair_text (out, "state", state);
    wire_pair_int (out, "since_ms", job->since_ms);
    wire_pair_int (out, "ended_ms", job->ended_ms);
    wire_pair_uint (out, "points", job->count);
    wire_pair_uint (out, "good", job->errors[FEP_OK]);
    for (uint8_t i = 0; i < POINT_STATES; i++) {
        wire_pair_uint (out, job_state_name (i), job->states[i]);
    }
    wire_put_text (out, "failed");
    size_t mark = wire_open_map (out);
    for (int i = FEP_OK + 1; i < FEP_ERR_COUNT; i++) {
        if (job->errors[i]) {
            wire_pair_uint (out, fep_err_name ((fep_err_t) i), job->errors[i]);
            reasons++;
        }
    }
    wire_close_map (out, mark, reasons);
    return 12;
}

static fep_err_t s_on_jobs (void *arg, actor_t *actor, bytes_t body)
{
    demand_t *self = arg;
    writer_t inner = s_page (self);
    uint32_t count = 0;
    (void) actor;
    wire_put_map (&inner, 2);
    wire_pair_int (&inner, "token", wire_find_int (body, "token", 0));
    wire_put_text (&inner, "jobs");
    size_t list = wire_open_array (&inner);
    for (size_t i = 0; i < JOBS_MAX; i++) {
        if (self->jobs.jobs[i].number) {
            size_t mark = wire_open_map (&inner);
            wire_close_map (&inner, mark, s_progress (&self->jobs.jobs[i], &inner));
            count++;
        }
    }
    wire_close_array (&inner, list, count);
    return s_answer (self, body, "READ_JOBS", &inner);
}

static job_t *s_named (demand_t *self, bytes_t body)
{
    return jobs_find (&self->jobs, (uint32_t) wire_find_int (body, "job", 0));
}

//  [terminal, mp, state, error, code]
static void s_row (const job_t *job, uint32_t place, writer_t *out)
{
    const job_point_t *point = &job->points[place];
    wire_put_array (out, 5);
    wire_put_text (out, job_terminal (job, place)->address);
    wire_put_uint (out, point->mp);
    wire_put_text (out, job_state_name (point->state));
    wire_put_text (out, point->state == POINT_DONE ? fep_err_name ((fep_err_t) point->error) : "");
    wire_put_uint (out, point->code);
}

static fep_err_t s_on_results (void *arg, actor_t *actor, bytes_t body)
{
    demand_t *self = arg;
    writer_t inner = s_page (self);
    const job_t *job = s_named (self, body);
    uint64_t page_bytes = actor_config (actor)->door.page_bytes;
    if (!job) {
        return s_refuse (self, body, FEP_NOT_FOUND,
                         "no such batch: a restart forgets them, and the oldest go");
    }
    int64_t limit = wire_find_int (body, "limit", ROWS_MAX);
    bool failed = wire_find_int (body, "failed", 0) != 0;
    uint32_t place = (uint32_t) wire_find_int (body, "from", 0), rows = 0;
    size_t map = wire_open_map (&inner);
    wire_pair_int (&inner, "token", wire_find_int (body, "token", 0));
    uint32_t pairs = s_progress (job, &inner);
    wire_put_text (&inner, "rows");
    size_t list = wire_open_array (&inner);
    for (; place < job->count && rows < ROWS_MAX && rows < limit && inner.size < page_bytes;
         place++) {
        const job_point_t *point = &job->points[place];
        if (!failed || (point->state == POINT_DONE && point->error != FEP_OK)) {
            s_row (job, place, &inner);
            rows++;
        }
    }
    wire_close_array (&inner, list, rows);
    wire_pair_uint (&inner, "next", place < job->count ? place : 0);
    wire_close_map (&inner, map, pairs + 3);
    return s_answer (self, body, "READ_RESULT", &inner);
}

static fep_err_t s_on_cancel (void *arg, actor_t *actor, bytes_t body)
{
    demand_t *self = arg;
    writer_t inner = s_page (self);
    job_t *job = s_named (self, body);
    char who[JOB_WHO_MAX + 1] = WHO_DEFAULT;
    (void) actor;
    if (!job) {
        return s_refuse (self, body, FEP_NOT_FOUND,
                         "no such batch: a restart forgets them, and the oldest go");
    }
    wire_find_text (body, "who", who, sizeof who);
    bool running = !job->ended_ms;
    job_cancel (job, clock_wall_ms ());
    log_line (LEVEL_INFO, "READ-CANCEL", "job=%u who=\"%s\" withdrawn=%u", job->number, who,
              job->states[POINT_CANCELLED]);
    if (running) {
        s_log_end (job);
    }
    size_t map = wire_open_map (&inner);
    wire_pair_int (&inner, "token", wire_find_int (body, "token", 0));
    wire_close_map (&inner, map, s_progress (job, &inner) + 1);
    return s_answer (self, body, "READ_CANCEL", &inner);
}

//  ---- Start and stop ----

//  A restart forgets batches, but those who follow one still ask by its number, and may cancel it: a start's numbers
//  are those of its millisecond within 66 minutes, a thousand to each, so another start's are others.
static uint32_t s_before_first (int64_t started_ms)
{
    return (uint32_t) (started_ms % 4000000) * 1000;
}

//  What is under way ends with its session.
static bool s_drain (void *arg, actor_t *actor)
{
    demand_t *self = arg;
    (void) actor;
    self->stopping = true;
    return true;
}

static fep_err_t s_start (void *arg, actor_t *actor)
{
    demand_t *self = arg;
    self->actor = actor;
    self->jobs.last = s_before_first (actor_context (actor)->started_ms);
    self->open = calloc (PLACES_MAX, sizeof *self->open);
    FEP_ASSERT (self->open);
    places_init (&self->places);
    self->control = actor_dealer (actor, AT_CONTROL, MARK_MAIL);
    if (self->control < 0) {
        return FEP_SYSTEM;
    }
    return actor_send (actor, self->control, WORD_HELLO, bytes_of (NULL, 0));
}

static void s_stop (void *arg, actor_t *actor)
{
    demand_t *self = arg;
    (void) actor;
    jobs_fini (&self->jobs);
    free (self->open);
    places_fini (&self->places);
    free (self->page);
    free (self->answer);
}

static const actor_word_t s_words[] = {
    {WORD_RESULT, s_on_result},       {WORD_READ_START, s_on_start},   {WORD_READ_JOBS, s_on_jobs},
    {WORD_READ_RESULT, s_on_results}, {WORD_READ_CANCEL, s_on_cancel}, {NULL, NULL}};

const actor_class_t demand_class = {.name = NAME_DEMAND,
                                    .self_size = sizeof (demand_t),
                                    .start = s_start,
                                    .stop = s_stop,
                                    .tick = s_tick,
                                    .drain = s_drain,
                                    .words = s_words};
