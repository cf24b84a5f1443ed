//  Events that terminals announce. A terminal counts its events of each kind, mod 256, and says how far it is; which
//  ones came is said behind them. Both are readings of the terminal in the journal, so what is known here follows from
//  it, like slots: a crash asks again for what the journal does not have.
//
//  Important events are asked for as soon as the terminal says that there are newer ones than came. Of a terminal that
//  was never seen everything since counter 0 is; what it counted before it went around is not. A counter that went
//  back, and an event that says its data were initialised, begin anew: everything since 0. So does an answer, once,
//  that has nothing of what the counter says there is: a counter that began anew and is ahead again looks so.
#include "actors/account.h"
#include "fep/clock.h"
#include "fep/event.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include "fep/point.h"
#include "fep/wire.h"
#include <stdlib.h>
#include <string.h>

#define KEY_SIZE 5            //  'e', terminal 4
#define COUNTER_HALF 128      //  A counter that is further ahead has gone back
#define COUNTER_MOST 255      //  Events a terminal can have that did not come
#define RETRY_FIRST_MS 5000   //  After a failure; doubled with each that follows
#define RETRY_MAX_MS 3600000  //  but not beyond
#define BUSY_MS 1000          //  There was no room here
#define CLOCK_MS 600000       //  A terminal's clock may be wrong by so much
#define INITIALISED 1         //  Bit of the event's flags: the data, not only the version
#define REQUEST_ROOM 512

//  Flags of a row.
enum { ROW_SEEN = 1, ROW_OWED = 2, ROW_ANEW = 4 };

//  NULL: nothing was heard of its events, or it is not in the archive.
static account_events_t *s_find (const account_t *self, uint32_t number)
{
    return number < self->events_size ? &self->events[number] : NULL;
}

static account_events_t *s_use (account_t *self, uint32_t number)
{
    if (number >= self->events_size) {
        uint32_t size = number + number / 2 + 64;
        self->events = realloc (self->events, size * sizeof *self->events);
        FEP_ASSERT (self->events);
        memset (self->events + self->events_size, 0,
                (size - self->events_size) * sizeof *self->events);
        self->events_size = size;
    }
    return &self->events[number];
}

//  ---- What is to be asked for ----

//  The kind of which events are to be asked for.
static account_kind_t s_wanted (const account_events_t *events)
{
    account_kind_t kind = EVENTS_IMPORTANT;
    if (events->news) {
        return EVENTS_LISTED;
    }
    while (kind < EVENTS_KINDS &&
           (!events->counters[kind].owed ||
            events->counters[kind].known == events->counters[kind].recalled)) {
        kind++;
    }
    return kind < EVENTS_KINDS ? kind : EVENTS_NONE;
}

static void s_want (account_t *self, uint32_t number)
{
    const account_events_t *events = s_find (self, number);
    if (events && !events->asked && s_wanted (events) != EVENTS_NONE) {
        numbers_put (&self->recalls, number);
    }
}

//  What happened is a reason to try at once.
static void s_try_now (account_events_t *events)
{
    events->failures = 0;
    events->retry_ms = 0;
}

void account_event_ready (account_t *self, const roster_terminal_t *terminal)
{
    account_events_t *events = terminal ? s_find (self, terminal->number) : NULL;
    if (events) {
        s_try_now (events);
        s_want (self, terminal->number);
    }
}

static void s_later (account_t *self, uint32_t number, account_events_t *events, int64_t wait_ms)
{
    events->retry_ms = clock_wall_ms () + wait_ms;
    timers_put (&self->retries, (timer_entry_t){events->retry_ms, number, 0});
}

//  ---- Counters ----

static void s_anew (account_counter_t *counter)
{
    counter->recalled = 0;
    counter->anew = true;
}

//  The terminal says how far it is.
static void s_counted (account_events_t *events, account_kind_t kind, uint8_t value)
{
    account_counter_t *counter = &events->counters[kind];
    uint8_t ahead = (uint8_t) (value - counter->known);
    uint8_t missing = (uint8_t) (counter->known - counter->recalled);
    if (!counter->seen) {
        counter->seen = true;
        counter->owed = kind == EVENTS_IMPORTANT;
    } else if (ahead > COUNTER_HALF) {
        counter->recalled = 0;
        counter->anew = false;
    } else if (missing + ahead > COUNTER_MOST) {
        counter->recalled = (uint8_t) (value + 1);
    }
    counter->known = value;
    if (ahead) {
        s_try_now (events);
    }
    events->changed = true;
}

//  Those behind one counter up to another came.
static void s_came (account_events_t *events, account_kind_t kind, uint8_t from, uint8_t to)
{
    account_counter_t *counter = &events->counters[kind];
    if (!counter->seen) {
        s_counted (events, kind, to);
    }
    uint8_t further = (uint8_t) (to - counter->recalled);
    if (events->initialised && from != 0) {
        s_anew (&events->counters[EVENTS_IMPORTANT]);
        s_anew (&events->counters[EVENTS_ORDINARY]);
    } else if ((uint8_t) (counter->recalled - from) <= (uint8_t) (to - from)) {
        if (further > (uint8_t) (counter->known - counter->recalled)) {
            //  A report, before the counter is told.
            counter->known = to;
        }
        counter->recalled = to;
        counter->anew = counter->anew && to != counter->known;
    }
    events->initialised = false;
    events->changed = true;
}

void account_event_reading (account_t *self, cursor_t cursor, const message_t *message)
{
    static const uint32_t points[] = {POINT_EVENT_IMPORTANT,
                                      POINT_EVENT_ORDINARY,
                                      POINT_EVENT_IMPORTANT_FROM,
                                      POINT_EVENT_ORDINARY_FROM,
                                      POINT_EVENT_IMPORTANT_TO,
                                      POINT_EVENT_ORDINARY_TO,
                                      POINT_EVENT_NEW};
    int values[] = {-1, -1, -1, -1, -1, -1, -1};
    bool any = false;
    item_t item;
    while (cursor_item (&cursor, &item) == FEP_OK) {
        for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
            if (item.point == points[i] && item.value.kind == VALUE_DECIMAL) {
                values[i] = (uint8_t) item.value.mantissa;
                any = true;
            }
        }
    }
    if (!any || message->freeze != FREEZE_NONE || !roster_find (self->roster, message->terminal)) {
        return;
    }
    account_events_t *events = s_use (self, message->terminal);
    for (account_kind_t kind = 0; kind < EVENTS_KINDS; kind++) {
        if (values[kind] >= 0) {
            s_counted (events, kind, (uint8_t) values[kind]);
        }
        if (values[2 + kind] >= 0 && values[4 + kind] >= 0) {
            s_came (events, kind, (uint8_t) values[2 + kind], (uint8_t) values[4 + kind]);
        }
    }
    if (values[6] >= 0) {
        events->news = values[6] != 0;
        s_try_now (events);
    }
    s_want (self, message->terminal);
}

//  ---- Events themselves ----

//  What of an event is looked at.
typedef struct {
    event_t what;    //  EVENT_COUNT: it has no name
    uint64_t flags;  //  0 if it has none
    int64_t end_ms;  //  When it ended, or power came back; 0: it did not
} s_event_t;

static s_event_t s_event (cursor_t cursor)
{
    s_event_t event = {.what = EVENT_COUNT};
    item_t item;
    while (cursor_item (&cursor, &item) == FEP_OK) {
        if (item.point == POINT_EVENT_NAME && item.value.kind == VALUE_TEXT) {
            event.what = event_find (bytes_of (item.value.text, (size_t) item.value.exponent));
        } else if (item.point == POINT_EVENT_FLAGS && item.value.kind != VALUE_NONE) {
            event.flags = (uint64_t) item.value.mantissa;
        } else if ((item.point == POINT_EVENT_POWER_ON || item.point == POINT_EVENT_END) &&
                   item.value.kind == VALUE_DECIMAL) {
            event.end_ms = item.value.mantissa * 1000;
        }
    }
    return event;
}

//  The newest one counts: what is recalled comes late. That power failed before the terminal connected is over.
static void s_power (account_events_t *events, roster_terminal_t *terminal, int64_t time_ms,
                     int64_t end_ms)
{
    time_ms = time_ms ? time_ms : end_ms;
    if (time_ms == 0 || time_ms < events->power_ms) {
        return;
    }
    events->power_ms = time_ms;
    events->changed = true;
    terminal->no_power = !end_ms && time_ms + CLOCK_MS >= events->up_ms;
}

void account_event_link (account_t *self, roster_terminal_t *terminal, bool up, int64_t now_ms)
{
    account_events_t *events = s_use (self, terminal->number);
    events->news = false;
    if (up) {
        events->changed = true;
        events->up_ms = now_ms;
        terminal->no_power = false;
    }
}

void account_event (account_t *self, cursor_t cursor, const message_t *message)
{
    s_event_t event = s_event (cursor);
    roster_terminal_t *terminal = roster_find (self->roster, message->terminal);
    if (!terminal) {
        return;
    }
    account_events_t *events = s_use (self, message->terminal);
    if (event.what == EVENT_data_initialised && event.flags & INITIALISED &&
        message->time_ms > events->initialised_ms) {
        events->initialised_ms = message->time_ms;
        events->initialised = events->changed = true;
    }
    if (event.what == EVENT_terminal_power && !message->mp) {
        s_power (events, terminal, message->time_ms, event.end_ms);
    }
}

//  ---- Requests ----

static void s_failed (account_t *self, uint32_t number, account_events_t *events)
{
    unsigned shift = events->failures < 16 ? events->failures : 16;
    int64_t wait_ms = (int64_t) RETRY_FIRST_MS << shift;
    events->failures = (uint8_t) (events->failures < UINT8_MAX ? events->failures + 1 : UINT8_MAX);
    s_later (self, number, events, wait_ms < RETRY_MAX_MS ? wait_ms : RETRY_MAX_MS);
}

//  The terminal answered, and nothing of what was asked for came.
static void s_nothing_came (account_t *self, const roster_terminal_t *terminal,
                            account_events_t *events, account_counter_t *counter, fep_err_t error)
{
    if (!counter->anew && counter->recalled != 0) {
        s_anew (counter);
    } else if (error == FEP_REFUSED) {
        s_failed (self, terminal->number, events);
    } else {
        log_line (LEVEL_WARNING, "EVENTS-LOST", "terminal=%s from=%u to=%u meaning=\"%s\"",
                  terminal->address, counter->recalled, counter->known,
                  "its counter says that there are events, but it has none");
        counter->recalled = counter->known;
        counter->anew = false;
    }
}

//  The list was read, or not. Whose list is not empty then is asked again later.
static void s_list_ended (account_t *self, uint32_t number, account_events_t *events,
                          fep_err_t error)
{
    events->asked = 0;
    if (error == FEP_BUSY || error == FEP_FULL) {
        s_later (self, number, events, BUSY_MS);
    } else if (events->news) {
        s_failed (self, number, events);
    }
}

static void s_ended (account_t *self, uint32_t number, account_events_t *events, fep_err_t error)
{
    if (events->asked == EVENTS_LISTED + 1) {
        s_list_ended (self, number, events, error);
        return;
    }
    const roster_terminal_t *terminal = roster_find (self->roster, number);
    account_counter_t *counter = &events->counters[events->asked - 1];
    bool came = counter->recalled != events->asked_from;
    events->asked = 0;
    events->changed = true;
    if (!terminal) {
        return;
    }
    if (error == FEP_BUSY || error == FEP_FULL) {
        s_later (self, number, events, BUSY_MS);
    } else if (error == FEP_OK && came) {
        events->failures = 0;
    } else if ((error == FEP_OK || error == FEP_REFUSED) && !came) {
        s_nothing_came (self, terminal, events, counter, error);
    } else {
        s_failed (self, number, events);
    }
    s_want (self, number);
}

void account_event_task (account_t *self, uint32_t number)
{
    account_events_t *events = s_find (self, number);
    if (events) {
        events->counters[EVENTS_ORDINARY].owed = true;
        events->changed = true;
        s_want (self, number);
    }
}

uint16_t account_event_from (const account_t *self, uint32_t number)
{
    const account_events_t *events = s_find (self, number);
    return events ? events->counters[EVENTS_ORDINARY].recalled : 0;
}

static uint16_t s_task (account_kind_t kind)
{
    return kind == EVENTS_ORDINARY ? TASK_EVENTS_ORDINARY : TASK_EVENTS_IMPORTANT;
}

//  Is a request with that number under way?
static bool s_asked (const account_events_t *events, uint32_t task)
{
    return events && events->asked && s_task ((account_kind_t) (events->asked - 1)) == task;
}

void account_event_ended (account_t *self, const message_t *message, fep_err_t error)
{
    account_events_t *events = s_find (self, message->terminal);
    //  What an earlier process asked is over by itself.
    if (s_asked (events, message->task)) {
        s_ended (self, message->terminal, events, error);
    }
}

void account_event_over (account_t *self, const account_open_t *open, fep_err_t error,
                         bool journalled)
{
    account_events_t *events = s_find (self, open->terminal);
    if (!journalled && s_asked (events, open->task)) {
        s_ended (self, open->terminal, events, error);
    }
}

static bool s_send (account_t *self, uint32_t number, const account_events_t *events,
                    account_kind_t kind, uint64_t token)
{
    uint8_t memory[REQUEST_ROOM];
    writer_t out = writer_of (memory, sizeof memory);
    bool listed = kind == EVENTS_LISTED;
    wire_put_map (&out, 10);
    wire_pair_uint (&out, "terminal", number);
    wire_pair_uint (&out, "mp", 0);
    wire_pair_uint (&out, "token", token);
    wire_pair_uint (&out, "tries", 0);
    wire_pair_int (&out, "kind", REQUEST_READ_EVENTS);
    wire_pair_uint (&out, "event_from", listed ? 0 : events->counters[kind].recalled);
    wire_pair_uint (&out, "event_to", listed ? EVENTS_NEWEST : events->counters[kind].known);
    wire_pair_uint (&out, "important", kind != EVENTS_ORDINARY);
    wire_pair_uint (&out, "priority", PRIORITY_DEMAND);
    wire_pair_uint (&out, "task", s_task (kind));
    FEP_ASSERT (!out.failed);
    return actor_send (self->actor, self->control, WORD_POLL, writer_bytes (&out)) == FEP_OK;
}

//  False: control has no room.
static bool s_ask (account_t *self, uint32_t number, account_events_t *events, account_kind_t kind)
{
    uint64_t token = TOKEN_ACCOUNT | places_take (&self->places);
    if (!s_send (self, number, events, kind, token)) {
        places_give (&self->places, token);
        return false;
    }
    self->open[place_of (token)] =
        (account_open_t){.token = token, .terminal = number, .task = s_task (kind)};
    events->asked = (uint8_t) (kind + 1);
    events->asked_from = kind < EVENTS_KINDS ? events->counters[kind].recalled : 0;
    metric_add (METRIC_events_recalled, 1);
    return true;
}

void account_event_dispatch (account_t *self, int64_t now_ms)
{
    timer_entry_t entry;
    uint32_t number;
    while (timers_take (&self->retries, now_ms, &entry)) {
        s_want (self, (uint32_t) entry.a);
    }
    for (uint32_t turns = self->recalls.count;
         turns && account_may_send (self) && numbers_take (&self->recalls, &number); turns--) {
        const roster_terminal_t *terminal = roster_find (self->roster, number);
        account_events_t *events = s_find (self, number);
        account_kind_t kind = s_wanted (events);
        bool may = terminal && terminal->online && !roster_apart (terminal, 0) && !events->asked &&
                   kind != EVENTS_NONE && events->retry_ms <= now_ms;
        if (may && !s_ask (self, number, events, kind)) {
            s_later (self, number, events, BUSY_MS);
            break;
        }
    }
}

//  ---- Rows ----

size_t account_event_changed (const account_t *self)
{
    size_t count = 0;
    for (uint32_t i = 0; i < self->events_size; i++) {
        count += self->events[i].changed;
    }
    return count;
}

static void s_put_row (const account_events_t *events, const roster_terminal_t *terminal,
                       writer_t *out)
{
    for (account_kind_t kind = 0; kind < EVENTS_KINDS; kind++) {
        const account_counter_t *counter = &events->counters[kind];
        writer_u8 (out, (uint8_t) ((counter->seen ? ROW_SEEN : 0) | (counter->owed ? ROW_OWED : 0) |
                                   (counter->anew ? ROW_ANEW : 0)));
        writer_u8 (out, counter->known);
        writer_u8 (out, counter->recalled);
    }
    writer_u64be (out, (uint64_t) events->initialised_ms);
    writer_u64be (out, (uint64_t) events->up_ms);
    writer_u64be (out, (uint64_t) events->power_ms);
    writer_u8 (out, terminal->no_power);
}

size_t account_event_save (const account_t *self, row_t rows[], writer_t *out)
{
    size_t count = 0;
    for (uint32_t i = 0; i < self->events_size; i++) {
        if (!self->events[i].changed) {
            continue;
        }
        size_t key = out->size;
        writer_u8 (out, 'e');
        writer_u32be (out, i);
        size_t value = out->size;
        const roster_terminal_t *terminal = roster_find (self->roster, i);
        if (terminal) {
            s_put_row (&self->events[i], terminal, out);
        }
        rows[count++] = (row_t){FAMILY_SLOT, bytes_of (out->data + key, KEY_SIZE),
                                out->size > value ? bytes_of (out->data + value, out->size - value)
                                                  : bytes_of (NULL, 0)};
    }
    return count;
}

void account_event_saved (account_t *self)
{
    for (uint32_t i = 0; i < self->events_size; i++) {
        self->events[i].changed = false;
    }
}

static fep_err_t s_load (void *arg, bytes_t key, bytes_t value)
{
    account_t *self = arg;
    reader_t name = reader_of (key), in = reader_of (value);
    (void) reader_u8 (&name);
    uint32_t number = reader_u32be (&name);
    account_events_t events = {.failures = 0};
    for (account_kind_t kind = 0; kind < EVENTS_KINDS; kind++) {
        account_counter_t *counter = &events.counters[kind];
        uint8_t flags = reader_u8 (&in);
        counter->seen = flags & ROW_SEEN;
        counter->owed = flags & ROW_OWED;
        counter->anew = flags & ROW_ANEW;
        counter->known = reader_u8 (&in);
        counter->recalled = reader_u8 (&in);
    }
    events.initialised_ms = (int64_t) reader_u64be (&in);
    events.up_ms = (int64_t) reader_u64be (&in);
    events.power_ms = (int64_t) reader_u64be (&in);
    bool no_power = reader_u8 (&in) != 0;
    roster_terminal_t *terminal = roster_find (self->roster, number);
    if (name.failed || in.failed) {
        return FEP_CORRUPT;
    }
    if (terminal) {
        *s_use (self, number) = events;
        terminal->no_power = no_power;
    }
    return FEP_OK;
}

fep_err_t account_event_load (account_t *self)
{
    return store_each (self->store, FAMILY_SLOT, bytes_text ("e"), s_load, self);
}

void account_event_gone (account_t *self, uint32_t number)
{
    account_events_t *events = s_find (self, number);
    if (events) {
        *events = (account_events_t){.changed = true};
    }
}

void account_event_fini (account_t *self)
{
    free (self->events);
    numbers_fini (&self->recalls);
    timers_fini (&self->retries);
}
