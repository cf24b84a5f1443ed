//  Gateways: say who they are, beat, and hand through what their meters answer.
//
//  Modbus confirms nothing. What becomes of an answer is seen from what the master does next: it asks for
//  another meter, so it has the answers of the exchange before; it asks the same again, or asked before the
//  answer left, so it has given that one up; the connection ends, so nobody knows.
#include "bench/fleet_inside.h"
#include "fep/clock.h"
#include <sys/socket.h>

#define QUIET_US 1000000  //  A pause that ends a request, whole or not
#define SPLIT_US 10000    //  Between the halves of an answer

static void s_settle (fleet_t *self, sim_t *sim, fate_t fate)
{
    gateway_t *gateway = sim->gateway;
    for (size_t i = 0; i < gateway->open_count; i++) {
        ledger_answer (self->ledger, dtu_imei (gateway->dtu.number), &gateway->open[i], fate);
        self->stats.fates[fate]++;
    }
    gateway->open_count = 0;
}

//  What a request, answered by `answer`, says about the answers before it. joined: it came in one piece with
//  the one before; unsent: bytes of the one before are still here.
static void s_judge (fleet_t *self, sim_t *sim, uint8_t unit, const dtu_answer_t *answer,
                     bool joined, bool unsent)
{
    gateway_t *gateway = sim->gateway;
    if (gateway->open_count == 0) {
        return;
    }
    answered_t last = gateway->open[gateway->open_count - 1];
    bool same = answer->what == DTU_VALUES && last.unit == unit;
    if (joined || unsent) {
        s_settle (self, sim, FATE_GIVEN_UP);
    } else if (same && answer->block == last.block) {
        gateway->open_count--;
        ledger_answer (self->ledger, dtu_imei (gateway->dtu.number), &last, FATE_GIVEN_UP);
        self->stats.fates[FATE_GIVEN_UP]++;
    } else if (!same || answer->block < last.block) {
        s_settle (self, sim, FATE_TAKEN);
    }
}

//  Holds back the second half of every so many-th answer.
static void s_split (fleet_t *self, sim_t *sim, size_t size, int64_t now)
{
    int64_t every = self->options.split_every;
    if (every && self->stats.answers % (uint64_t) every == 0) {
        sim->gateway->hold = (uint16_t) (size / 2);
        sim->gateway->hold_us = now + SPLIT_US;
        fleet_due (self, sim, sim->gateway->hold_us);
    }
}

static void s_answer (fleet_t *self, sim_t *sim, const dtu_request_t *request, bool joined,
                      int64_t now)
{
    gateway_t *gateway = sim->gateway;
    writer_t out = writer_of (sim->tx + sim->tx_size, sizeof sim->tx - sim->tx_size);
    if (out.capacity < DTU_FRAME_MAX) {
        self->stats.silent++;
        return;
    }
    dtu_answer_t answer = dtu_answer (&gateway->dtu, request, &out);
    s_judge (self, sim, request->unit, &answer, joined, sim->tx_size > 0);
    gateway->hold = 0;
    sim->tx_size = (uint16_t) (sim->tx_size + out.size);
    switch (answer.what) {
    case DTU_SILENT:
        self->stats.silent++;
        break;
    case DTU_EXCEPTION:
        self->stats.exceptions++;
        break;
    case DTU_VALUES:
        gateway->open[gateway->open_count++] = (answered_t){
            request->unit, answer.block, answer.whole, answer.counter, clock_wall_ms ()};
        self->stats.answers++;
        s_split (self, sim, out.size, now);
        break;
    }
}

static size_t s_input (fleet_t *self, sim_t *sim, int64_t now)
{
    size_t pos = 0;
    bool joined = false;
    sim->gateway->input_us = now;
    if (sim->phase != ONLINE || self->stopping) {
        return sim->rx_size;
    }
    while (pos < sim->rx_size) {
        dtu_request_t request = dtu_scan (bytes_of (sim->rx + pos, sim->rx_size - pos));
        if (request.what == DTU_MORE) {
            fleet_due (self, sim, now);
            break;
        }
        pos += request.size;
        if (request.what == DTU_NOISE) {
            self->stats.noise += request.size;
            continue;
        }
        sim->backoff_ms = BACKOFF_MIN_MS;
        s_answer (self, sim, &request, joined, now);
        joined = true;
    }
    return pos;
}

static void s_connected (fleet_t *self, sim_t *sim, int64_t now)
{
    writer_t out = writer_of (sim->tx, sizeof sim->tx);
    dtu_registration (&sim->gateway->dtu, &out);
    sim->tx_size = (uint16_t) out.size;
    sim->heartbeat_us = now + self->options.heartbeat_ms * 1000;
    self->stats.registrations++;
    fleet_enter (self, sim, ONLINE, now);
}

static void s_beat (fleet_t *self, sim_t *sim, int64_t now)
{
    writer_t out = writer_of (sim->tx + sim->tx_size, sizeof sim->tx - sim->tx_size);
    dtu_heartbeat (&out);
    sim->tx_size = (uint16_t) (sim->tx_size + out.size);
    sim->heartbeat_us = now + self->options.heartbeat_ms * 1000;
}

static void s_online (fleet_t *self, sim_t *sim, int64_t now)
{
    gateway_t *gateway = sim->gateway;
    if (now >= gateway->hold_us) {
        gateway->hold = 0;
    }
    if (self->stopping && sim->tx_size == 0) {
        (void) shutdown (sim->fd, SHUT_WR);
        fleet_enter (self, sim, LEAVING, now);
        fleet_due (self, sim, now + LEAVE_TIMEOUT_US);
        return;
    }
    if (sim->rx_size > 0 && now >= gateway->input_us + QUIET_US) {
        self->stats.noise += sim->rx_size;
        sim->rx_size = 0;
    }
    if (now >= sim->heartbeat_us && sim->tx_size == 0) {
        s_beat (self, sim, now);
    }
    int64_t at = sim->tx_size > 0 || sim->rx_size > 0 ? now + RETRY_US : sim->heartbeat_us;
    fleet_due (self, sim, gateway->hold > 0 ? gateway->hold_us : at);
}

static void s_lost (fleet_t *self, sim_t *sim)
{
    s_settle (self, sim, FATE_OPEN);
    sim->gateway->hold = 0;
}

//  Nothing of it is owed to anybody.
static bool s_waits (const sim_t *sim)
{
    (void) sim;
    return false;
}

const fleet_kind_t fleet_gateways = {
    .connected = s_connected,
    .online = s_online,
    .input = s_input,
    .lost = s_lost,
    .end = s_lost,
    .waits = s_waits,
};
