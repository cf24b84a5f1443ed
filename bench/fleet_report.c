//  Terminals that report: log in, beat, report by themselves, read confirmations, send again.
#include "bench/fleet_inside.h"
#include "fep/check.h"

#define TX_ROOM 256  //  A frame is built only if so much is free

//  What a sequence number is used for on this connection.
typedef enum { FREE, FOR_LOGIN, FOR_HEARTBEAT, FOR_LOGOUT, FOR_REPORT, FOR_NOTHING } use_t;

static bool s_waits (const sim_t *sim)
{
    for (size_t i = 0; i < FLEET_DEPTH_MAX; i++) {
        if (sim->reporter->pending[i].used) {
            return true;
        }
    }
    return false;
}

//  A sequence number without an open answer, or -1.
static int s_sequence (sim_t *sim)
{
    for (unsigned i = 0; i < SEQUENCES; i++) {
        uint8_t sequence = (uint8_t) ((sim->reporter->sequence + i) % SEQUENCES);
        if (sim->reporter->flight[sequence].use == FREE) {
            sim->reporter->sequence = (uint8_t) ((sequence + 1) % SEQUENCES);
            return sequence;
        }
    }
    return -1;
}

//  Builds the frame of that use; slot only for FOR_REPORT. False if there is no sequence number or
//  no room.
static bool s_send (fleet_t *self, sim_t *sim, use_t use, uint8_t slot, int64_t now)
{
    if (sizeof sim->tx - sim->tx_size < TX_ROOM) {
        return false;
    }
    int sequence = s_sequence (sim);
    if (sequence < 0) {
        return false;
    }
    writer_t out = writer_of (sim->tx + sim->tx_size, sizeof sim->tx - sim->tx_size);
    const terminal_protocol_t *protocol = self->protocol;
    switch (use) {
    case FOR_LOGIN:
        protocol->login (sim->address, (uint8_t) sequence, &out);
        break;
    case FOR_HEARTBEAT:
        protocol->heartbeat (sim->address, (uint8_t) sequence, &out);
        break;
    case FOR_LOGOUT:
        protocol->logout (sim->address, (uint8_t) sequence, &out);
        break;
    default:
        protocol->report (sim->address, &sim->reporter->pending[slot].report, (uint8_t) sequence,
                          &out);
    }
    FEP_ASSERT (!out.failed);
    sim->tx_size = (uint16_t) (sim->tx_size + out.size);
    sim->reporter->flight[sequence] = (flight_t){(uint8_t) use, slot, now};
    return true;
}

//  The next report's identity; see the header.
static report_t s_identity (fleet_t *self, sim_t *sim)
{
    const fleet_options_t *options = &self->options;
    uint32_t k = sim->reporter->made + sim->address;
    report_kind_t kind = REPORT_CURRENT;
    if (options->event_every && k % options->event_every == 0) {
        kind = REPORT_EVENT;
    } else if (options->day_every && k % options->day_every == 0) {
        kind = REPORT_DAY;
    }
    int64_t step = kind == REPORT_DAY ? DAY_MIN : 1;
    int64_t points = kind == REPORT_EVENT ? 1 : options->points;
    if (kind == REPORT_DAY &&
        self->next[kind] + sim->reporter->made_of[kind] / points * step >= self->today) {
        kind = REPORT_CURRENT;
        step = 1;
    }
    uint32_t n = sim->reporter->made_of[kind]++;
    int64_t minute = self->next[kind] + n / points * step;
    if (minute >= self->unused[kind]) {
        self->unused[kind] = minute + step;
    }
    sim->reporter->made++;
    int64_t mp = kind == REPORT_EVENT ? 0 : n % points + 1;
    return (report_t){minute, (uint16_t) mp, (uint8_t) kind};
}

//  Makes a report if one falls due and there is room for it.
static void s_make (fleet_t *self, sim_t *sim, int64_t now)
{
    int64_t period = self->options.period_ms * 1000;
    if (self->stopping || now < sim->reporter->report_us) {
        return;
    }
    uint32_t jitter = terminal_value (sim->address, 0, sim->reporter->made, 301);
    sim->reporter->report_us += period + jitter % (period / 5 + 1) - period / 10;
    if (sim->reporter->report_us < now) {
        sim->reporter->report_us = now;
    }
    for (size_t i = 0; i < (size_t) self->options.depth; i++) {
        pending_t *pending = &sim->reporter->pending[i];
        if (!pending->used) {
            *pending =
                (pending_t){.report = s_identity (self, sim), .used = true, .queued_us = now};
            self->stats.outstanding++;
            return;
        }
    }
    self->stats.put_off++;
}

//  Sends what is new on this connection or waited too long. False if nothing more can be sent now.
static bool s_send_pending (fleet_t *self, sim_t *sim, int64_t now)
{
    for (uint8_t i = 0; i < FLEET_DEPTH_MAX; i++) {
        pending_t *pending = &sim->reporter->pending[i];
        if (!pending->used ||
            (pending->sent_us != 0 && now < pending->sent_us + self->options.timeout_ms * 1000)) {
            continue;
        }
        if (!s_send (self, sim, FOR_REPORT, i, now)) {
            return false;
        }
        if (pending->sent == 0) {
            self->stats.sent++;
        } else {
            self->stats.resent++;
        }
        pending->sent++;
        pending->sent_us = now;
    }
    return true;
}

//  When an online terminal is to be looked at next.
static int64_t s_deadline (const fleet_t *self, const sim_t *sim)
{
    int64_t at = sim->heartbeat_us;
    if (!self->stopping && sim->reporter->report_us < at) {
        at = sim->reporter->report_us;
    }
    for (size_t i = 0; i < FLEET_DEPTH_MAX; i++) {
        const pending_t *pending = &sim->reporter->pending[i];
        int64_t late = pending->sent_us + self->options.timeout_ms * 1000;
        if (pending->used && late < at) {
            at = late;
        }
    }
    return at;
}

//  A login, heartbeat or logout has waited too long, or no sequence number is free.
static bool s_dead (const fleet_t *self, const sim_t *sim, int64_t now)
{
    size_t taken = 0;
    for (size_t i = 0; i < SEQUENCES; i++) {
        const flight_t *flight = &sim->reporter->flight[i];
        taken += flight->use != FREE;
        if ((flight->use == FOR_LOGIN || flight->use == FOR_HEARTBEAT) &&
            now > flight->sent_us + self->options.timeout_ms * 1000) {
            return true;
        }
    }
    return taken == SEQUENCES && now > sim->phase_us + self->options.timeout_ms * 1000;
}

static void s_online (fleet_t *self, sim_t *sim, int64_t now)
{
    bool room = s_send_pending (self, sim, now);
    if (room && now >= sim->heartbeat_us && s_send (self, sim, FOR_HEARTBEAT, 0, now)) {
        sim->heartbeat_us = now + self->options.heartbeat_ms * 1000;
    }
    if (s_dead (self, sim, now)) {
        fleet_drop (self, sim, now);
        return;
    }
    if (self->stopping && room && !s_waits (sim) && s_send (self, sim, FOR_LOGOUT, 0, now)) {
        fleet_enter (self, sim, LEAVING, now);
        fleet_due (self, sim, now + LEAVE_TIMEOUT_US);
        return;
    }
    int64_t at = s_deadline (self, sim);
    fleet_due (self, sim, room && at > now ? at : now + RETRY_US);
}

static void s_confirm_report (fleet_t *self, sim_t *sim, const flight_t *flight, int64_t now)
{
    pending_t *pending = &sim->reporter->pending[flight->slot];
    unsigned bucket = 0;
    if (pending->sent == 1) {
        for (int64_t us = now - flight->sent_us; us > 0 && bucket + 1 < FLEET_LATENCY_BUCKETS;
             us >>= 1) {
            bucket++;
        }
        self->stats.latency[bucket]++;
    }
    ledger_write (self->ledger, sim->address, pending, true);
    pending->used = false;
    self->stats.confirmed++;
    self->stats.outstanding--;
    for (size_t i = 0; i < SEQUENCES; i++) {
        if (sim->reporter->flight[i].use == FOR_REPORT &&
            sim->reporter->flight[i].slot == flight->slot) {
            sim->reporter->flight[i].use = FOR_NOTHING;
        }
    }
}

static void s_answered (fleet_t *self, sim_t *sim, uint8_t sequence, bool taken, int64_t now)
{
    flight_t flight = sim->reporter->flight[sequence];
    sim->reporter->flight[sequence].use = FREE;
    if (!taken) {
        self->stats.denied++;
        return;
    }
    switch ((use_t) flight.use) {
    case FOR_LOGIN:
        self->stats.logins++;
        sim->backoff_ms = BACKOFF_MIN_MS;
        sim->heartbeat_us = now + self->options.heartbeat_ms * 1000;
        fleet_enter (self, sim, ONLINE, now);
        break;
    case FOR_HEARTBEAT:
        self->stats.heartbeats++;
        break;
    case FOR_LOGOUT:
        self->stats.logouts++;
        fleet_drop (self, sim, now);
        break;
    case FOR_REPORT:
        s_confirm_report (self, sim, &flight, now);
        if (self->stopping) {
            fleet_due (self, sim, now);
        }
        break;
    case FREE:
    case FOR_NOTHING:
        break;
    }
}

static size_t s_input (fleet_t *self, sim_t *sim, int64_t now)
{
    size_t pos = 0;
    while (sim->fd >= 0) {
        input_t input =
            self->protocol->input (sim->address, bytes_of (sim->rx + pos, sim->rx_size - pos));
        if (input.what == INPUT_MORE) {
            break;
        }
        pos += input.size;
        if (input.what == INPUT_REQUEST) {
            self->stats.requests++;
        } else if (input.what == INPUT_NOISE) {
            self->stats.noise += input.size;
        } else {
            s_answered (self, sim, input.sequence, input.what == INPUT_CONFIRMED, now);
        }
    }
    return pos;
}

static void s_connected (fleet_t *self, sim_t *sim, int64_t now)
{
    fleet_enter (self, sim, LOGIN, now);
    (void) s_send (self, sim, FOR_LOGIN, 0, now);
}

//  What was on the way is sent again over the next connection.
static void s_lost (fleet_t *self, sim_t *sim)
{
    (void) self;
    memset (sim->reporter->flight, 0, sizeof sim->reporter->flight);
    for (size_t i = 0; i < FLEET_DEPTH_MAX; i++) {
        sim->reporter->pending[i].sent_us = 0;
    }
}

static void s_end (fleet_t *self, sim_t *sim)
{
    for (size_t p = 0; p < FLEET_DEPTH_MAX; p++) {
        const pending_t *pending = &sim->reporter->pending[p];
        if (pending->used && pending->sent > 0) {
            ledger_write (self->ledger, sim->address, pending, false);
        }
    }
}

const fleet_kind_t fleet_reports = {
    .pass = s_make,
    .connected = s_connected,
    .online = s_online,
    .input = s_input,
    .lost = s_lost,
    .end = s_end,
    .waits = s_waits,
};
