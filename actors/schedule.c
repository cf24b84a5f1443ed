//  Schedule: polls. Control tells it which measuring points of a terminal that came online are read through it,
//  and how often; it asks control for one after another, as any client would, and takes the result.
//
//  Words it takes: PLAN and RESULT from control. It sends POLL.
//  Deadlines run on the monotonic clock, so a stepped wall clock moves no poll.
#include "actors/actor.h"
#include "actors/places.h"
#include "actors/poll.h"
#include "fep/clock.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include "fep/wire.h"
#include <stdlib.h>
#include <string.h>

#define POLLS_PER_TURN 1000  //  Handed out in one turn

typedef struct {
    uint64_t token;  //  Given to control; 0 = free
    poll_due_t due;  //  What was asked
} open_t;

typedef struct {
    actor_t *actor;   //  Frame
    int control;      //  Mailbox
    poll_t *poll;     //  Who is due when
    places_t places;  //  Of those under way; beyond them polls wait
    open_t *open;     //  By place
    bool stopping;    //  No more polls
} schedule_t;

static fep_err_t s_on_plan (void *arg, actor_t *actor, bytes_t body)
{
    schedule_t *self = arg;
    reader_t in;
    int64_t terminal = wire_find_int (body, "terminal", 0);
    (void) actor;
    if (terminal <= 0 || !wire_find (body, "points", &in)) {
        return FEP_CORRUPT;
    }
    uint32_t count = wire_get_array (&in);
    poll_point_t *points = calloc ((size_t) count + 1, sizeof *points);
    FEP_ASSERT (points);
    for (uint32_t i = 0; i < count; i++) {
        (void) wire_get_array (&in);
        points[i].mp = (uint16_t) wire_get_uint (&in);
        points[i].period_ms = (uint32_t) wire_get_uint (&in);
    }
    fep_err_t error =
        in.failed ? FEP_CORRUPT
                  : poll_plan (self->poll, (uint32_t) terminal, points, count, clock_mono_ms ());
    free (points);
    return error;
}

static fep_err_t s_on_result (void *arg, actor_t *actor, bytes_t body)
{
    schedule_t *self = arg;
    uint64_t token = (uint64_t) wire_find_int (body, "token", 0);
    open_t *open = &self->open[place_of (token)];
    char name[32];
    (void) actor;
    if (!token || open->token != token) {
        return FEP_OK;
    }
    wire_find_text (body, "error", name, sizeof name);
    fep_err_t error;
    if (!fep_err_parse (name, &error)) {
        return FEP_CORRUPT;
    }
    metric_add (error == FEP_OK ? METRIC_polls_good : METRIC_polls_failed, 1);
    poll_done (self->poll, &open->due, error, clock_mono_ms ());
    open->token = 0;
    places_give (&self->places, token);
    return FEP_OK;
}

//  False if there is no room: it is taken back.
static bool s_ask (schedule_t *self, const poll_due_t *due)
{
    uint8_t memory[128];
    writer_t out = writer_of (memory, sizeof memory);
    uint64_t token = places_take (&self->places);
    wire_put_map (&out, 4);
    wire_pair_uint (&out, "terminal", due->terminal);
    wire_pair_uint (&out, "mp", due->mp);
    wire_pair_uint (&out, "token", token);
    wire_pair_uint (&out, "tries", 1);
    if (actor_send (self->actor, self->control, WORD_POLL, writer_bytes (&out)) != FEP_OK) {
        poll_done (self->poll, due, FEP_BUSY, clock_mono_ms ());
        places_give (&self->places, token);
        return false;
    }
    self->open[place_of (token)] = (open_t){token, *due};
    metric_add (METRIC_polls_sent, 1);
    return true;
}

static int64_t s_tick (void *arg, actor_t *actor, int64_t now_us)
{
    schedule_t *self = arg;
    int64_t now_ms = clock_mono_ms ();
    poll_due_t due;
    int asked = 0;
    (void) actor;
    while (!self->stopping && asked < POLLS_PER_TURN && self->places.count &&
           poll_next (self->poll, now_ms, &due) && s_ask (self, &due)) {
        asked++;
    }
    metric_set (METRIC_polls_planned, (int64_t) poll_planned (self->poll));
    metric_set (METRIC_polls_demoted, (int64_t) poll_demoted (self->poll));
    metric_set (METRIC_polls_overrun, (int64_t) poll_overrun (self->poll));
    int64_t at_ms = self->stopping || !self->places.count ? INT64_MAX : poll_deadline (self->poll);
    if (at_ms == INT64_MAX) {
        return INT64_MAX;
    }
    return at_ms <= now_ms ? now_us : now_us + (at_ms - now_ms) * 1000;
}

//  Polls under way end with their sessions.
static bool s_drain (void *arg, actor_t *actor)
{
    schedule_t *self = arg;
    (void) actor;
    self->stopping = true;
    return true;
}

static fep_err_t s_start (void *arg, actor_t *actor)
{
    schedule_t *self = arg;
    self->actor = actor;
    self->poll = poll_new ();
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
    schedule_t *self = arg;
    (void) actor;
    poll_destroy (&self->poll);
    free (self->open);
    places_fini (&self->places);
}

static const actor_word_t s_words[] = {
    {WORD_PLAN, s_on_plan}, {WORD_RESULT, s_on_result}, {NULL, NULL}};

const actor_class_t schedule_class = {.name = NAME_SCHEDULE,
                                      .self_size = sizeof (schedule_t),
                                      .start = s_start,
                                      .stop = s_stop,
                                      .tick = s_tick,
                                      .drain = s_drain,
                                      .words = s_words};
