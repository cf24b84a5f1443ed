//  N simulated terminals in one epoll loop.
#include "bench/fleet_inside.h"
#include "fep/check.h"
#include "fep/clock.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MAX 512
#define SCAN_US 5000   //  Between two looks at the deadlines
#define PACE_US 20000  //  What falls due has so long of a turn; the rest is for the next
#define BACKOFF_MAX_MS 10000
#define DIAL_TIMEOUT_US 10000000
#define PER_SOURCE 10000  //  Connections from one source address
#define DAYS_BACK 380     //  What is older than 400 days, a front end may doubt
#define COUNTERS_AHEAD 100

static size_t s_index (const fleet_t *self, const sim_t *sim)
{
    return (size_t) (sim - self->sims);
}

void fleet_due (fleet_t *self, const sim_t *sim, int64_t us)
{
    self->due[s_index (self, sim)] = us;
}

static bool s_up (const sim_t *sim)
{
    return sim->phase == ONLINE || sim->phase == LEAVING;
}

void fleet_enter (fleet_t *self, sim_t *sim, phase_t phase, int64_t now)
{
    bool was_up = s_up (sim);
    sim->phase = (uint8_t) phase;
    sim->phase_us = now;
    uint64_t *online = sim->gateway ? &self->stats.gateways : &self->stats.online;
    *online += s_up (sim) ? 1 : 0;
    *online -= was_up ? 1 : 0;
    if (phase == DONE) {
        self->done++;
        fleet_due (self, sim, INT64_MAX);
    } else {
        fleet_due (self, sim, now);
    }
}

void fleet_drop (fleet_t *self, sim_t *sim, int64_t now)
{
    if (sim->fd >= 0) {
        close (sim->fd);
        sim->fd = -1;
    }
    if (sim->phase == DIALLING) {
        self->stats.refused_dials++;
    } else if (sim->phase != LEAVING) {
        self->stats.reconnects++;
    }
    sim->rx_size = 0;
    sim->tx_size = 0;
    sim->writable = false;
    sim->kind->lost (self, sim);
    if (self->stopping && !sim->kind->waits (sim)) {
        fleet_enter (self, sim, DONE, now);
        return;
    }
    uint32_t jitter = terminal_value (sim->address, 0, now / 1000, 300) % (sim->backoff_ms / 2 + 1);
    fleet_enter (self, sim, OFFLINE, now);
    fleet_due (self, sim, now + (int64_t) (sim->backoff_ms + jitter) * 1000);
    sim->backoff_ms = sim->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : sim->backoff_ms * 2;
}

static void s_watch (fleet_t *self, sim_t *sim, int operation, bool write)
{
    struct epoll_event event = {.events = EPOLLIN | (write ? (uint32_t) EPOLLOUT : 0),
                                .data.ptr = sim};
    (void) epoll_ctl (self->epoll, operation, sim->fd, &event);
    sim->writable = write;
}

static void s_dial (fleet_t *self, sim_t *sim, int64_t now)
{
    int one = 1;
    int64_t port = sim->gateway ? self->options.dtu_port : self->options.port;
    size_t group = s_index (self, sim) / PER_SOURCE;
    struct sockaddr_in source = {.sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl (0x7F000001 + (uint32_t) group * 256)};
    struct sockaddr_in peer = {.sin_family = AF_INET,
                               .sin_port = htons ((uint16_t) port),
                               .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    sim->fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    fleet_enter (self, sim, DIALLING, now);
    if (sim->fd < 0) {
        fleet_drop (self, sim, now);
        return;
    }
    (void) setsockopt (sim->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (group > 0) {
        (void) setsockopt (sim->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
        if (bind (sim->fd, (struct sockaddr *) &source, sizeof source) < 0) {
            fleet_drop (self, sim, now);
            return;
        }
    }
    if (connect (sim->fd, (struct sockaddr *) &peer, sizeof peer) < 0 && errno != EINPROGRESS) {
        fleet_drop (self, sim, now);
        return;
    }
    s_watch (self, sim, EPOLL_CTL_ADD, true);
    fleet_due (self, sim, now + DIAL_TIMEOUT_US);
}

//  Writes what is ready. False if the connection is gone.
static bool s_flush (fleet_t *self, sim_t *sim)
{
    uint16_t held = fleet_held (sim);
    if (sim->tx_size <= held || sim->fd < 0) {
        return true;
    }
    ssize_t n = send (sim->fd, sim->tx, (size_t) (sim->tx_size - held), MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        return false;
    }
    if (n > 0) {
        memmove (sim->tx, sim->tx + n, sim->tx_size - (size_t) n);
        sim->tx_size = (uint16_t) (sim->tx_size - n);
    }
    if ((sim->tx_size > held) != sim->writable) {
        s_watch (self, sim, EPOLL_CTL_MOD, sim->tx_size > held);
    }
    return true;
}

//  Lets time pass for one terminal.
static void s_step (fleet_t *self, sim_t *sim, int64_t now)
{
    int64_t patience = self->options.timeout_ms * 1000;
    if (sim->kind->pass) {
        sim->kind->pass (self, sim, now);
    }
    switch ((phase_t) sim->phase) {
    case OFFLINE:
        if (self->stopping && !sim->kind->waits (sim)) {
            fleet_enter (self, sim, DONE, now);
        } else {
            s_dial (self, sim, now);
        }
        break;
    case DIALLING:
        if (now >= sim->phase_us + DIAL_TIMEOUT_US) {
            fleet_drop (self, sim, now);
        }
        break;
    case LOGIN:
        fleet_due (self, sim, sim->phase_us + patience);
        if (now >= sim->phase_us + patience) {
            fleet_drop (self, sim, now);
        }
        break;
    case ONLINE:
        sim->kind->online (self, sim, now);
        break;
    case LEAVING:
        if (now >= sim->phase_us + LEAVE_TIMEOUT_US) {
            fleet_drop (self, sim, now);
        }
        break;
    case DONE:
        break;
    }
    if (!s_flush (self, sim)) {
        fleet_drop (self, sim, now);
    }
}

static void s_connected (fleet_t *self, sim_t *sim, int64_t now)
{
    int error = 0;
    socklen_t size = sizeof error;
    (void) getsockopt (sim->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) {
        fleet_drop (self, sim, now);
        return;
    }
    s_watch (self, sim, EPOLL_CTL_MOD, false);
    sim->kind->connected (self, sim, now);
    if (!s_flush (self, sim)) {
        fleet_drop (self, sim, now);
    }
}

static void s_readable (fleet_t *self, sim_t *sim, int64_t now)
{
    ssize_t n = recv (sim->fd, sim->rx + sim->rx_size, sizeof sim->rx - sim->rx_size, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        fleet_drop (self, sim, now);
        return;
    }
    if (n > 0) {
        sim->rx_size = (uint16_t) (sim->rx_size + n);
        size_t used = sim->kind->input (self, sim, now);
        if (sim->fd >= 0 && used > 0) {
            memmove (sim->rx, sim->rx + used, sim->rx_size - used);
            sim->rx_size = (uint16_t) (sim->rx_size - used);
        }
    }
}

static void s_event (fleet_t *self, sim_t *sim, uint32_t events, int64_t now)
{
    if (sim->fd < 0) {
        return;
    }
    if (sim->phase == DIALLING) {
        s_connected (self, sim, now);
        return;
    }
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        s_readable (self, sim, now);
    }
    if (!s_flush (self, sim)) {
        fleet_drop (self, sim, now);
    }
}

//  What fleet_reconnect began.
static void s_close_some (fleet_t *self, int64_t until)
{
    for (; self->closing > 0 && clock_mono_us () < until; self->closing--) {
        sim_t *sim = &self->sims[self->closing - 1];
        if (sim->fd >= 0) {
            fleet_drop (self, sim, clock_mono_us ());
        }
    }
}

//  One look at the deadlines, in as many turns as it takes.
static void s_scan (fleet_t *self, int64_t until)
{
    size_t all = (size_t) self->options.terminals;
    int64_t now = clock_mono_us ();
    self->scan_us = self->scanned ? self->scan_us : now;
    for (; self->scanned < all && now < until; self->scanned++) {
        if (self->due[self->scanned] <= now) {
            s_step (self, &self->sims[self->scanned], now);
            now = clock_mono_us ();
        }
    }
    self->scanned = self->scanned < all ? self->scanned : 0;
}

//  Something is left of the turn before.
static bool s_hurries (const fleet_t *self)
{
    return self->closing > 0 || self->scanned > 0;
}

void fleet_turn (fleet_t *self, int wait_ms)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait (self->epoll, events, EVENTS_MAX, s_hurries (self) ? 0 : wait_ms);
    int64_t now = clock_mono_us ();
    for (int i = 0; i < count; i++) {
        s_event (self, events[i].data.ptr, events[i].events, now);
    }
    if (!s_hurries (self) && now - self->scan_us < SCAN_US) {
        return;
    }
    s_close_some (self, now + PACE_US);
    s_scan (self, now + PACE_US);
}

//  An open report of the run before.
static void s_carry (void *arg, uint32_t address, const pending_t *pending)
{
    fleet_t *self = arg;
    for (size_t i = 0; i < (size_t) self->options.terminals; i++) {
        sim_t *sim = &self->sims[i];
        reporter_t *reporter = sim->address == address ? sim->reporter : NULL;
        for (size_t p = 0; p < FLEET_DEPTH_MAX && reporter; p++) {
            if (!reporter->pending[p].used) {
                reporter->pending[p] = *pending;
                self->stats.carried++;
                self->stats.outstanding++;
                return;
            }
        }
    }
    fprintf (stderr, "fepsim: open report of terminal %09u left out: not in this fleet\n", address);
}

//  How far a gateway's meters had counted in the run before.
static void s_count_on (void *arg, uint32_t number, unsigned unit,
                        const uint32_t counter[DTU_BLOCKS])
{
    fleet_t *self = arg;
    int64_t i = (int64_t) number - self->options.first_dtu;
    if (i >= 0 && i < self->options.dtus) {
        memcpy (self->gateways[i].dtu.counter[unit - 1], counter, sizeof *counter * DTU_BLOCKS);
    }
}

static void s_prepare_reporter (fleet_t *self, sim_t *sim, uint32_t number)
{
    const fleet_options_t *options = &self->options;
    sim->kind = &fleet_reports;
    sim->reporter = &self->reporters[number];
    sim->address = terminal_address ((uint32_t) options->first_address, number);
    sim->reporter->report_us =
        self->due[s_index (self, sim)] +
        terminal_value (sim->address, 0, 0, 302) % (options->period_ms * 1000);
}

static void s_prepare_gateway (fleet_t *self, sim_t *sim, uint32_t number)
{
    sim->kind = &fleet_gateways;
    sim->gateway = &self->gateways[number];
    sim->gateway->dtu.number = (uint32_t) self->options.first_dtu + number;
    sim->gateway->dtu.meters = (uint8_t) self->options.meters;
    sim->address = (uint32_t) dtu_imei (sim->gateway->dtu.number);
}

//  Gateways are spread evenly among the others.
static void s_prepare (fleet_t *self)
{
    int64_t now = clock_mono_us ();
    int64_t all = self->options.terminals;
    for (int64_t i = 0; i < all; i++) {
        sim_t *sim = &self->sims[i];
        int64_t gateways = i * self->options.dtus / all;
        sim->fd = -1;
        sim->backoff_ms = BACKOFF_MIN_MS;
        self->due[i] = now + i * 1000000 / self->options.connects_per_s;
        if (self->concentrators) {
            fleet_asked_prepare (self, sim, (uint32_t) i);
        } else if ((i + 1) * self->options.dtus / all > gateways) {
            s_prepare_gateway (self, sim, (uint32_t) gateways);
        } else {
            s_prepare_reporter (self, sim, (uint32_t) (i - gateways));
        }
    }
}

//  Where device time begins.
static bool s_begin_time (fleet_t *self)
{
    int64_t now = clock_wall_ms () / 60000 - self->options.minutes_back;
    int64_t offset = self->options.utc_offset_min;
    self->today = (now + offset) / DAY_MIN * DAY_MIN - offset;
    int64_t next[REPORT_KIND_COUNT] = {now, 0, now};
    if (*self->options.state_path &&
        !state_read (self->options.state_path, next, s_carry, s_count_on, self)) {
        fprintf (stderr, "fepsim: %s: not a state file\n", self->options.state_path);
        return false;
    }
    next[REPORT_CURRENT] = next[REPORT_CURRENT] < now ? now : next[REPORT_CURRENT];
    int64_t oldest = self->today - (int64_t) DAYS_BACK * DAY_MIN;
    next[REPORT_DAY] = next[REPORT_DAY] < oldest ? oldest : next[REPORT_DAY];
    next[REPORT_EVENT] = next[REPORT_EVENT] < now ? now : next[REPORT_EVENT];
    memcpy (self->next, next, sizeof next);
    memcpy (self->unused, next, sizeof next);
    return true;
}

fleet_t *fleet_new (const fleet_options_t *options)
{
    fleet_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    self->options = *options;
    self->protocol = &terminal_gdw1376;
    terminal_set_offset_min ((int) options->utc_offset_min);
    self->sims = calloc ((size_t) options->terminals, sizeof *self->sims);
    self->reporters =
        calloc ((size_t) (options->terminals - options->dtus) + 1, sizeof *self->reporters);
    self->gateways = calloc ((size_t) options->dtus + 1, sizeof *self->gateways);
    self->due = calloc ((size_t) options->terminals, sizeof *self->due);
    if (options->asked) {
        self->asked = *options->asked;
        self->asked_begin_us = clock_mono_us ();
        self->concentrators = calloc ((size_t) options->terminals, sizeof *self->concentrators);
        self->points = calloc ((size_t) options->terminals * (size_t) self->asked.meters,
                               sizeof *self->points);
        FEP_ASSERT (self->concentrators && self->points);
    }
    self->epoll = epoll_create1 (EPOLL_CLOEXEC);
    FEP_ASSERT (self->sims && self->reporters && self->gateways && self->due);
    s_prepare (self);
    bool ok = self->epoll >= 0 && s_begin_time (self);
    if (ok && *options->ledger_path) {
        self->ledger = fopen (options->ledger_path, "w");
        if (!self->ledger) {
            fprintf (stderr, "fepsim: %s: %s\n", options->ledger_path, strerror (errno));
            ok = false;
        }
    }
    if (!ok) {
        fleet_destroy (&self);
    }
    return self;
}

void fleet_destroy (fleet_t **self_p)
{
    fleet_t *self = *self_p;
    if (!self) {
        return;
    }
    for (size_t i = 0; i < (size_t) self->options.terminals; i++) {
        if (self->sims[i].fd >= 0) {
            close (self->sims[i].fd);
        }
    }
    if (self->epoll >= 0) {
        close (self->epoll);
    }
    if (self->ledger) {
        fclose (self->ledger);
    }
    free (self->sims);
    free (self->reporters);
    free (self->gateways);
    free (self->concentrators);
    free (self->points);
    free (self->due);
    free (self);
    *self_p = NULL;
}

void fleet_stop (fleet_t *self)
{
    int64_t now = clock_mono_us ();
    self->stopping = true;
    self->closing = 0;
    for (size_t i = 0; i < (size_t) self->options.terminals; i++) {
        if (self->sims[i].phase == ONLINE) {
            self->due[i] = now;
        }
    }
}

void fleet_reconnect (fleet_t *self)
{
    self->closing = self->stopping ? 0 : (size_t) self->options.terminals;
}

bool fleet_done (const fleet_t *self)
{
    return self->done == (size_t) self->options.terminals;
}

//  While meters still answer, their counters are saved ahead of what they can reach until the next time: a run
//  that dies then uses none twice.
static void s_save_one (const fleet_t *self, FILE *file, const sim_t *sim)
{
    for (size_t p = 0; p < FLEET_DEPTH_MAX && sim->reporter; p++) {
        const pending_t *pending = &sim->reporter->pending[p];
        if (pending->used && pending->sent > 0) {
            state_open (file, sim->address, pending);
        }
    }
    for (unsigned unit = 1; sim->gateway && unit <= sim->gateway->dtu.meters; unit++) {
        state_meter (file, sim->gateway->dtu.number, unit, sim->gateway->dtu.counter[unit - 1],
                     self->stopping ? 0 : COUNTERS_AHEAD);
    }
}

bool fleet_save (fleet_t *self)
{
    bool ok = !self->ledger || fflush (self->ledger) == 0;
    if (!*self->options.state_path) {
        return ok;
    }
    FILE *file = state_begin (self->options.state_path, self->unused);
    if (!file) {
        return false;
    }
    for (size_t i = 0; i < (size_t) self->options.terminals; i++) {
        s_save_one (self, file, &self->sims[i]);
    }
    return state_end (file, self->options.state_path) && ok;
}

void fleet_end (fleet_t *self)
{
    for (size_t i = 0; i < (size_t) self->options.terminals; i++) {
        sim_t *sim = &self->sims[i];
        if (sim->fd >= 0) {
            close (sim->fd);
            sim->fd = -1;
        }
        sim->kind->end (self, sim);
    }
    if (self->ledger) {
        (void) fflush (self->ledger);
    }
}

const fleet_stats_t *fleet_stats (const fleet_t *self)
{
    return &self->stats;
}

const asked_stats_t *fleet_asked_stats (const fleet_t *self)
{
    return &self->asked_stats;
}

uint64_t fleet_latency_us (const fleet_stats_t *stats, double quantile)
{
    uint64_t total = 0;
    uint64_t below = 0;
    for (size_t i = 0; i < FLEET_LATENCY_BUCKETS; i++) {
        total += stats->latency[i];
    }
    for (size_t i = 0; i < FLEET_LATENCY_BUCKETS && total; i++) {
        below += stats->latency[i];
        if ((double) below >= quantile * (double) total) {
            return UINT64_C (1) << i;
        }
    }
    return 0;
}
