//  Concentrators that are asked: they log in, beat, and answer as their manner is.
#include "bench/fleet_asked.h"
#include "bench/fleet_inside.h"
#include "bench/terminal_asked.h"
#include "fep/check.h"
#include "fep/clock.h"
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#define LINK_ROOM 64  //  A login, heartbeat or logout

//  The manner of a whole concentrator.
enum { MANNER_GOOD, MANNER_SLOW, MANNER_NEVER, MANNER_WRONG, MANNER_DROP };

static const char *const s_manners[] = {"good", "slow", "never", "wrong", "drop"};

const char *asked_outcome_name (asked_outcome_t outcome)
{
    static const char *const names[ASKED_OUTCOMES] = {"not",    "good",  "nothing", "late",
                                                      "silent", "wrong", "dropped", "denied"};
    return (unsigned) outcome < ASKED_OUTCOMES ? names[outcome] : "?";
}

static uint32_t s_draw (const fleet_t *self, uint32_t address, uint16_t mp, uint32_t item)
{
    return terminal_value (address, mp, self->asked.seed, 500 + item);
}

void fleet_asked_prepare (fleet_t *self, sim_t *sim, uint32_t number)
{
    const asked_options_t *options = &self->asked;
    asked_t *asked = &self->concentrators[number];
    sim->kind = &fleet_concentrators;
    sim->asked = asked;
    sim->address = terminal_address ((uint32_t) self->options.first_address, number);
    asked->points = &self->points[(size_t) number * (size_t) options->meters];
    int64_t draw = s_draw (self, sim->address, 0, 0) % 1000;
    const int64_t shares[] = {options->slow, options->never, options->wrong, options->drop};
    for (uint8_t i = 0; i < 4 && !asked->manner; i++) {
        asked->manner = draw < shares[i] ? (uint8_t) (MANNER_SLOW + i) : MANNER_GOOD;
        draw -= shares[i];
    }
    int64_t span = options->delay_high - options->delay_low + 1;
    asked->delay_ms =
        (uint32_t) (options->delay_low + s_draw (self, sim->address, 0, 1) % (uint32_t) span);
    asked->delay_ms = asked->manner == MANNER_SLOW ? (uint32_t) options->slow_ms : asked->delay_ms;
}

//  ---- Answers ----

//  Of a day before the one that ended last.
static bool s_is_history (const report_t *report)
{
    int64_t offset = terminal_offset_min ();
    int64_t today = (clock_wall_ms () / 60000 + offset) / DAY_MIN * DAY_MIN - offset;
    return report->kind == REPORT_DAY && report->minute < today - DAY_MIN;
}

//  What a meter has this time.
static asked_outcome_t s_outcome (const fleet_t *self, const sim_t *sim, const report_t *report)
{
    const asked_options_t *options = &self->asked;
    uint16_t mp = report->mp;
    const asked_point_t *point = &sim->asked->points[mp - 1];
    bool dead = options->dead_every && mp % options->dead_every == 0;
    bool later =
        point->asked == 0 && s_draw (self, sim->address, mp, 2) % 1000 < (uint32_t) options->ee;
    int64_t filled_s = options->fill_s ? s_draw (self, sim->address, mp, 3) % options->fill_s : 0;
    bool early = later || clock_mono_us () < self->asked_begin_us + filled_s * 1000000;
    if (dead || (early && !s_is_history (report))) {
        return ASKED_NOTHING;
    }
    return sim->asked->manner == MANNER_SLOW ? ASKED_LATE : ASKED_GOOD;
}

static void s_note (fleet_t *self, sim_t *sim, const asked_unit_t *unit, asked_outcome_t outcome)
{
    self->asked_stats.units++;
    self->asked_stats.outcomes[outcome]++;
    if (unit->report.mp == 0 || unit->report.mp > self->asked.meters) {
        return;
    }
    asked_point_t *point = &sim->asked->points[unit->report.mp - 1];
    if (!s_is_history (&unit->report)) {
        point->first = point->asked ? point->first : (uint8_t) outcome;
        point->changed_ms = point->last != outcome ? clock_wall_ms () : point->changed_ms;
        point->last = (uint8_t) outcome;
        point->asked++;
    }
    if (outcome == ASKED_GOOD || outcome == ASKED_LATE) {
        point->minute = (int32_t) unit->report.minute;
        point->kind = unit->report.kind;
    }
}

static void s_note_all (fleet_t *self, sim_t *sim, const asked_request_t *request,
                        asked_outcome_t outcome)
{
    for (size_t i = 0; i < request->count && !asked_controls (request); i++) {
        s_note (self, sim, &request->units[i], outcome);
    }
}

//  A unit for each point it has data of; nothing known is denied.
static void s_build (fleet_t *self, sim_t *sim, asked_request_t *request, writer_t *out)
{
    bool wrong = sim->asked->manner == MANNER_WRONG;
    int64_t minute = clock_wall_ms () / 60000;
    size_t known = 0, start = out->size;
    asked_answer_t answer = asked_open (sim->address, request, out);
    for (size_t i = 0; i < request->count; i++) {
        asked_unit_t *unit = &request->units[i];
        if (!unit->known || unit->report.mp > self->asked.meters) {
            s_note (self, sim, unit, ASKED_DENIED);
            continue;
        }
        known++;
        unit->report.minute = unit->report.kind == REPORT_CURRENT ? minute : unit->report.minute;
        asked_outcome_t outcome = s_outcome (self, sim, &unit->report);
        asked_put (&answer, sim->address, &unit->report, outcome != ASKED_NOTHING);
        s_note (self, sim, unit, wrong ? ASKED_WRONG : outcome);
    }
    asked_close (&answer, wrong);
    if (!known) {
        out->size = start;
        asked_deny (sim->address, request, out);
    }
}

//  All or nothing of it is done; the answer is never damaged.
static void s_control (fleet_t *self, sim_t *sim, const asked_request_t *request, writer_t *out)
{
    size_t known = 0;
    for (size_t i = 0; i < request->count; i++) {
        known += request->units[i].known;
    }
    if (known < request->count) {
        asked_deny (sim->address, request, out);
        return;
    }
    for (size_t i = 0; i < request->count; i++) {
        self->asked_stats.trips += request->units[i].trips;
        self->asked_stats.permits += !request->units[i].trips;
    }
    asked_confirm (sim->address, request, out);
}

//  False: the connection is gone.
static bool s_answer (fleet_t *self, sim_t *sim, bytes_t frame, int64_t now)
{
    asked_t *asked = sim->asked;
    asked_request_t request;
    self->asked_stats.requests++;
    asked->requests++;
    if (!asked_read (frame, &request)) {
        self->stats.noise += frame.size;
        return true;
    }
    if (asked->manner == MANNER_NEVER) {
        s_note_all (self, sim, &request, ASKED_SILENT);
        return true;
    }
    if (asked->manner == MANNER_DROP && asked->requests & 1) {
        s_note_all (self, sim, &request, ASKED_DROPPED);
        fleet_drop (self, sim, now);
        return false;
    }
    writer_t out = writer_of (sim->tx + sim->tx_size, sizeof sim->tx - sim->tx_size);
    if (asked_controls (&request)) {
        s_control (self, sim, &request, &out);
    } else {
        s_build (self, sim, &request, &out);
    }
    if (out.failed) {
        self->stats.silent++;
        return true;
    }
    sim->tx_size = (uint16_t) (sim->tx_size + out.size);
    if (asked->delay_ms) {
        asked->hold = (uint16_t) (asked->hold + out.size);
        asked->hold_us = now + (int64_t) asked->delay_ms * 1000;
        fleet_due (self, sim, asked->hold_us);
    }
    return true;
}

static size_t s_input (fleet_t *self, sim_t *sim, int64_t now)
{
    size_t pos = 0;
    while (pos < sim->rx_size) {
        bytes_t rest = bytes_of (sim->rx + pos, sim->rx_size - pos);
        input_t input = self->protocol->input (sim->address, rest);
        if (input.what == INPUT_MORE) {
            break;
        }
        pos += input.size;
        if (input.what == INPUT_NOISE) {
            self->stats.noise += input.size;
        } else if (input.what == INPUT_REQUEST && sim->phase == ONLINE && !self->stopping) {
            if (!s_answer (self, sim, bytes_of (rest.data, input.size), now)) {
                return 0;
            }
        } else if (input.what == INPUT_CONFIRMED && sim->phase == LOGIN) {
            sim->backoff_ms = BACKOFF_MIN_MS;
            sim->heartbeat_us = now + self->options.heartbeat_ms * 1000;
            self->stats.logins++;
            fleet_enter (self, sim, ONLINE, now);
        } else if (input.what == INPUT_CONFIRMED && sim->phase == ONLINE) {
            self->stats.heartbeats++;
        }
    }
    return pos;
}

//  ---- Links ----

static void s_say (sim_t *sim, void (*build) (uint32_t address, uint8_t sequence, writer_t *out))
{
    writer_t out = writer_of (sim->tx + sim->tx_size, sizeof sim->tx - sim->tx_size);
    build (sim->address, sim->asked->sequence++ % SEQUENCES, &out);
    sim->tx_size = (uint16_t) (sim->tx_size + (out.failed ? 0 : out.size));
}

static void s_connected (fleet_t *self, sim_t *sim, int64_t now)
{
    sim->tx_size = 0;
    s_say (sim, self->protocol->login);
    fleet_enter (self, sim, LOGIN, now);
}

static void s_online (fleet_t *self, sim_t *sim, int64_t now)
{
    asked_t *asked = sim->asked;
    if (now >= asked->hold_us) {
        asked->hold = 0;
    }
    if (self->stopping && !asked->hold) {
        s_say (sim, self->protocol->logout);
        fleet_enter (self, sim, LEAVING, now);
        fleet_due (self, sim, now + LEAVE_TIMEOUT_US);
        return;
    }
    if (now >= sim->heartbeat_us && !asked->hold) {
        s_say (sim, self->protocol->heartbeat);
        sim->heartbeat_us = now + self->options.heartbeat_ms * 1000;
    }
    int64_t at = sim->tx_size > asked->hold ? now + RETRY_US : sim->heartbeat_us;
    fleet_due (self, sim, asked->hold ? asked->hold_us : at);
}

static void s_lost (fleet_t *self, sim_t *sim)
{
    (void) self;
    sim->asked->hold = 0;
}

static bool s_waits (const sim_t *sim)
{
    (void) sim;
    return false;
}

static void s_end (fleet_t *self, sim_t *sim)
{
    for (int64_t i = 0; self->ledger && i < self->asked.meters; i++) {
        const asked_point_t *point = &sim->asked->points[i];
        fprintf (self->ledger,
                 "%09" PRIu32 " %" PRId64 " %s %" PRIu32 " %s %s %" PRId64 " %" PRId32 " %u\n",
                 sim->address, i + 1, s_manners[sim->asked->manner], point->asked,
                 asked_outcome_name ((asked_outcome_t) point->first),
                 asked_outcome_name ((asked_outcome_t) point->last), point->changed_ms,
                 point->minute, point->kind);
    }
}

const fleet_kind_t fleet_concentrators = {.connected = s_connected,
                                          .online = s_online,
                                          .input = s_input,
                                          .lost = s_lost,
                                          .end = s_end,
                                          .waits = s_waits};
