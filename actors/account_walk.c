//  Which slots a request is about, and each of their points.
#include "actors/account_walk.h"
#include "actors/answer.h"
#include "fep/clock.h"
#include "fep/wire.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ZONE_MS (14 * 3600000)  //  No zone is further from UTC

//  ---- Walks ----

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
               ? (int) ((utc_ms + (int64_t) clock_offset_min () * 60000) / ACCOUNT_DAY_MS)
               : 0;
}

static bool s_wanted (const account_filter_t *filter, const slot_block_t *head)
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

//  As the archive says now; a point may have words of its own.
static bool s_wanted_point (const account_filter_t *filter, const slot_block_t *head,
                            const slot_point_t *point)
{
    const roster_terminal_t *terminal = roster_find (filter->self->roster, head->terminal);
    for (uint32_t left = filter->has_words; left; left &= left - 1) {
        unsigned i = (unsigned) __builtin_ctz (left);
        if (roster_word (terminal, point->mp, DIMENSION_WORD_FIRST + i) != filter->words[i]) {
            return false;
        }
    }
    return true;
}

static fep_err_t s_row (void *arg, bytes_t key, bytes_t value)
{
    account_walk_t *walk = arg;
    const account_filter_t *filter = &walk->filter;
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
        if (!error && i >= skip && s_wanted_point (filter, &head, &point)) {
            error = walk->point (walk, &head, &point, &task->task, day);
        }
    }
    return error;
}

//  Slots of one task and state between the days.
static fep_err_t s_walk_task (account_walk_t *walk, bool closed, uint16_t task)
{
    const account_filter_t *filter = &walk->filter;
    uint8_t from[SLOTS_KEY_SIZE], to[SLOTS_KEY_SIZE];
    int64_t from_ms = (int64_t) filter->day_from * ACCOUNT_DAY_MS - ZONE_MS;
    int64_t to_ms = ((int64_t) filter->day_to + 1) * ACCOUNT_DAY_MS + ZONE_MS;
    slots_key (task, 0, from_ms > 0 ? from_ms : 0, closed, from);
    slots_key (task, UINT32_MAX, to_ms, closed, to);
    bytes_t start = bytes_of (from, sizeof from);
    if (filter->place && memcmp (filter->place, from, SLOTS_KEY_SIZE) > 0) {
        start = bytes_of (filter->place, SLOTS_KEY_SIZE);
    }
    return store_range (filter->self->store, FAMILY_SLOT, start, bytes_of (to, sizeof to), s_row,
                        walk);
}

fep_err_t account_walk (account_walk_t *walk)
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

bool account_is_gap (const account_filter_t *filter, const slot_point_t *point)
{
    bool missing = filter->items ? point->reason != GAP_valid : !(point->valid & 1);
    return missing && (filter->reason < 0 || filter->reason == point->reason);
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

//  The words of the archive it says. NOT_FOUND with words.
static fep_err_t s_words (account_t *self, bytes_t body, account_filter_t *filter,
                          char text[ACCOUNT_TEXT])
{
#define DIMENSION_KEY(name, text) #name,
    static const char *const names[DIMENSION_WORD_COUNT] = {DIMENSION_WORDS (DIMENSION_KEY)};
#undef DIMENSION_KEY
    char word[ARCHIVE_NAME_MAX + 1];
    for (unsigned i = 0; i < DIMENSION_WORD_COUNT; i++) {
        if (!wire_find_text (body, names[i], word, sizeof word)) {
            continue;
        }
        filter->has_words |= 1u << i;
        filter->words[i] = roster_word_find (self->roster, word);
        if (filter->words[i] == UINT16_MAX) {
            snprintf (text, ACCOUNT_TEXT, "there is no %s \"%s\"", names[i], word);
            return FEP_NOT_FOUND;
        }
    }
    return FEP_OK;
}

static int s_today (void)
{
    return (int) ((clock_wall_ms () + (int64_t) clock_offset_min () * 60000) / ACCOUNT_DAY_MS);
}

fep_err_t account_filter (account_t *self, bytes_t body, int64_t days, account_filter_t *filter,
                          char text[ACCOUNT_TEXT])
{
    char name[64];
    reader_t place;
    *filter = (account_filter_t){.self = self, .area = -1, .reason = -1};
    filter->terminal = (uint32_t) wire_find_int (body, "number", 0);
    filter->area = (int) wire_find_int (body, "area", -1);
    filter->day_to = (int) wire_find_int (body, "day_to", s_today ());
    days = wire_find_int (body, "days", days);
    int64_t from = filter->day_to - (days >= 1 && days <= ACCOUNT_DAYS_MAX ? days : 1) + 1;
    filter->day_from = (int) wire_find_int (body, "day_from", from);
    filter->items = wire_find_int (body, "items", 0) != 0;
    if (filter->day_from < 0 || filter->day_to < filter->day_from ||
        filter->day_to - filter->day_from >= ACCOUNT_DAYS_MAX) {
        snprintf (text, ACCOUNT_TEXT, "days: the first before the last, at most %d of them",
                  ACCOUNT_DAYS_MAX);
        return FEP_RANGE;
    }
    if (wire_find_text (body, "task", name, sizeof name)) {
        filter->task = s_task_number (self, name);
        snprintf (text, ACCOUNT_TEXT, "there is no task \"%s\"", name);
        if (!filter->task) {
            return FEP_NOT_FOUND;
        }
    }
    if (wire_find_text (body, "reason", name, sizeof name)) {
        filter->reason = s_gap_number (name);
        snprintf (text, ACCOUNT_TEXT, "there is no reason \"%s\"", name);
        if (filter->reason <= 0) {
            return FEP_NOT_FOUND;
        }
    }
    if (wire_find_text (body, "group", name, sizeof name)) {
        filter->group = roster_group (self->roster, name);
        snprintf (text, ACCOUNT_TEXT, "there is no group \"%s\"", name);
        if (!filter->group) {
            return FEP_NOT_FOUND;
        }
    }
    if (wire_find (body, "place", &place)) {
        bytes_t at = wire_get_bin (&place);
        filter->place = at.size == ACCOUNT_PLACE_SIZE ? at.data : NULL;
    }
    text[0] = 0;
    return s_words (self, body, filter, text);
}

//  ---- Answers ----

fep_err_t account_answer (account_t *self, bytes_t body, const char *word, const writer_t *inner)
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

fep_err_t account_refuse (account_t *self, bytes_t body, fep_err_t error, const char *text)
{
    uint8_t memory[512];
    writer_t inner = writer_of (memory, sizeof memory);
    answer_put_error (&inner, wire_find_int (body, "token", 0), error, text);
    return account_answer (self, body, "ERROR", &inner);
}
