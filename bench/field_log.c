//  What one simulated device said, and what became of it.
#include "bench/field_log.h"
#include "fep/check.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define LINE_SILENT_US 4000000       //  The same again before that: the line gave no answer
#define TERMINAL_SILENT_US 25000000  //  The same again not before that: the terminal gave none
#define UNDER_WAY_US 1000000  //  Requests in flight may have left the master before an answer came

struct field_group {
    field_group_t *next;  //  Said before
    uint32_t report;      //  0: an answer
    uint32_t times;       //  It was sent
    int64_t sent_us;      //  When
    bool twice;           //  It says something twice: two answers in one
    size_t count;         //  Of said
    field_said_t said[];  //  In order
};

static const char *const s_fates[FIELD_FATES] = {"open", "taken", "given_up", "confirmed"};

void field_log_said (void *arg, const field_said_t *said)
{
    field_log_t *self = arg;
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? self->capacity * 2 : 64;
        self->said = realloc (self->said, self->capacity * sizeof *self->said);
        FEP_ASSERT (self->said);
    }
    self->said[self->count++] = *said;
}

static void s_write (field_log_t *self, const field_group_t *group, field_fate_t fate)
{
    self->totals->fates[fate]++;
    if (!self->ledger) {
        return;
    }
    fprintf (self->ledger, "%s %s %" PRIu32 " %s", group->report ? "report" : "answer",
             s_fates[fate], group->times, self->address);
    for (size_t i = 0; i < group->count; i++) {
        const field_said_t *said = &group->said[i];
        fprintf (self->ledger, " %u:%u:%" PRId64 ":%" PRIu32 ":", said->mp, said->freeze,
                 said->time_ms, said->point);
        if (said->none) {
            fprintf (self->ledger, "-:0");
        } else {
            fprintf (self->ledger, "%" PRId64 ":%d", said->mantissa, said->exponent);
        }
    }
    fprintf (self->ledger, "\n");
}

void field_log_confirmed (void *arg, uint32_t report)
{
    field_log_t *self = arg;
    for (field_group_t **at = &self->reports; *at; at = &(*at)->next) {
        field_group_t *group = *at;
        if (group->report == report) {
            s_write (self, group, FIELD_CONFIRMED);
            *at = group->next;
            free (group);
            return;
        }
    }
}

static bool s_same_point (const field_said_t *a, const field_said_t *b)
{
    return a->mp == b->mp && a->point == b->point && a->freeze == b->freeze &&
           (a->freeze == 0 || a->time_ms == b->time_ms);
}

static bool s_same_value (const field_said_t *a, const field_said_t *b)
{
    return s_same_point (a, b) && a->time_ms == b->time_ms && a->mantissa == b->mantissa &&
           a->exponent == b->exponent && a->none == b->none;
}

static bool s_same (const field_group_t *a, const field_group_t *b,
                    bool (*same) (const field_said_t *, const field_said_t *))
{
    bool equal = a->count == b->count;
    for (size_t i = 0; i < a->count && equal; i++) {
        equal = same (&a->said[i], &b->said[i]);
    }
    return equal;
}

//  What the call said with that number, from `first` on; those are marked as had by UINT32_MAX.
static field_group_t *s_group (field_log_t *self, size_t first, int64_t now_us)
{
    uint32_t report = self->said[first].report;
    field_group_t *group = calloc (1, sizeof *group + (self->count - first) * sizeof *group->said);
    FEP_ASSERT (group);
    group->report = report;
    group->times = 1;
    group->sent_us = now_us;
    for (size_t i = first; i < self->count; i++) {
        if (self->said[i].report == report) {
            group->said[group->count++] = self->said[i];
            self->said[i].report = UINT32_MAX;
        }
    }
    for (size_t i = 0; i < group->count; i++) {
        for (size_t k = i + 1; k < group->count; k++) {
            group->twice = group->twice || s_same_point (&group->said[i], &group->said[k]);
        }
    }
    return group;
}

static void s_take_report (field_log_t *self, field_group_t *group)
{
    for (field_group_t *known = self->reports; known; known = known->next) {
        if (known->report == group->report) {
            known->times++;
            self->totals->repeated++;
            self->totals->differing += !s_same (known, group, s_same_value);
            free (group);
            return;
        }
    }
    self->totals->reports++;
    group->next = self->reports;
    self->reports = group;
}

//  What the request that was answered by `next` (NULL: without values) says about an answer before it.
static field_fate_t s_fate (const field_log_t *self, const field_group_t *group,
                            const field_group_t *next, bool unsent, int64_t now_us)
{
    int64_t age = now_us - group->sent_us;
    if (group->twice || (unsent && !self->pipelined)) {
        return FIELD_GIVEN_UP;
    }
    if (next && s_same (group, next, s_same_point)) {
        return age < LINE_SILENT_US || age > TERMINAL_SILENT_US ? FIELD_GIVEN_UP : FIELD_TAKEN;
    }
    return self->pipelined && age < UNDER_WAY_US ? FIELD_OPEN : FIELD_TAKEN;
}

static void s_judge (field_log_t *self, const field_group_t *next, bool unsent, int64_t now_us)
{
    field_group_t **at = &self->answers;
    while (*at) {
        field_group_t *group = *at;
        field_fate_t fate = s_fate (self, group, next, unsent, now_us);
        if (fate == FIELD_OPEN) {
            at = &group->next;
            continue;
        }
        s_write (self, group, fate);
        *at = group->next;
        free (group);
    }
}

void field_log_gather (field_log_t *self, bool answered, bool unsent, int64_t now_us)
{
    field_group_t *answer = NULL;
    for (size_t i = 0; i < self->count; i++) {
        if (self->said[i].report == UINT32_MAX) {
            continue;
        }
        field_group_t *group = s_group (self, i, now_us);
        if (group->report) {
            s_take_report (self, group);
        } else {
            answer = group;
        }
    }
    self->count = 0;
    if (answered || answer) {
        s_judge (self, answer, unsent, now_us);
    }
    if (answer) {
        self->totals->answers++;
        answer->next = self->answers;
        self->answers = answer;
    }
}

static void s_close (field_log_t *self, field_group_t **list)
{
    while (*list) {
        field_group_t *group = *list;
        *list = group->next;
        s_write (self, group, FIELD_OPEN);
        free (group);
    }
}

void field_log_lost (field_log_t *self)
{
    s_close (self, &self->answers);
}

void field_log_end (field_log_t *self)
{
    s_close (self, &self->answers);
    s_close (self, &self->reports);
    free (self->said);
    self->said = NULL;
    self->capacity = self->count = 0;
}
