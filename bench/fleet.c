//  N simulated terminals in one epoll loop.
#include "bench/fleet.h"
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

#define SEQUENCES 16
#define RX_SIZE 1024
#define TX_SIZE 2048
#define TX_ROOM 256  //  A frame is built only if so much is free
#define EVENTS_MAX 512
#define SCAN_US 5000    //  Between two looks at the deadlines
#define RETRY_US 20000  //  Nothing could be written; look again
#define BACKOFF_MIN_MS 200
#define BACKOFF_MAX_MS 10000
#define DIAL_TIMEOUT_US 10000000
#define LOGOUT_TIMEOUT_US 3000000
#define PER_SOURCE 10000  //  Connections from one source address
#define DAY_MIN 1440
#define DAYS_BACK 3650

typedef enum { OFFLINE, DIALLING, LOGIN, ONLINE, LEAVING, DONE } phase_t;

//  What a sequence number is used for on this connection.
typedef enum { FREE, FOR_LOGIN, FOR_HEARTBEAT, FOR_LOGOUT, FOR_REPORT, FOR_NOTHING } use_t;

typedef struct {
    uint8_t use;      //  use_t; FOR_NOTHING: confirmed otherwise, its own answer is still to come
    uint8_t slot;     //  FOR_REPORT: index in pending
    int64_t sent_us;  //  When
} flight_t;

typedef struct {
    uint32_t address;                     //  Decimal form
    int fd;                               //  -1 while offline
    uint8_t phase;                        //  phase_t
    uint8_t sequence;                     //  Next to try
    bool writable;                        //  Waiting for room in the socket
    uint16_t rx_size;                     //  Bytes in rx
    uint16_t tx_size;                     //  Bytes in tx
    uint32_t backoff_ms;                  //  Before the next dial
    uint32_t made;                        //  Reports made by this run
    uint32_t made_of[REPORT_KIND_COUNT];  //  ... of each kind
    int64_t phase_us;                     //  When the phase began
    int64_t report_us;                    //  Next report falls due
    int64_t heartbeat_us;                 //  Next heartbeat falls due
    flight_t flight[SEQUENCES];           //  By sequence number
    pending_t pending[FLEET_DEPTH_MAX];   //  Reports on the way
    uint8_t rx[RX_SIZE];                  //  Half a frame
    uint8_t tx[TX_SIZE];                  //  Not yet written
} sim_t;

struct fleet {
    fleet_options_t options;              //  As given
    const terminal_protocol_t *protocol;  //  Borrowed
    sim_t *sims;                          //  options.terminals of them
    int64_t *due;                         //  When each is to be looked at, microseconds
    int epoll;                            //  Descriptor
    FILE *ledger;                         //  NULL = none
    int64_t next[REPORT_KIND_COUNT];      //  First minute of this run
    int64_t unused[REPORT_KIND_COUNT];    //  First minute nobody has used
    int64_t today;                        //  DAY reports end before this minute
    int64_t scan_us;                      //  Last look at the deadlines
    size_t done;                          //  Terminals in DONE
    bool stopping;                        //  fleet_stop was called
    fleet_stats_t stats;                  //  What happened
};

static size_t s_index (const fleet_t *self, const sim_t *sim)
{
    return (size_t) (sim - self->sims);
}

static void s_due (fleet_t *self, const sim_t *sim, int64_t us)
{
    self->due[s_index (self, sim)] = us;
}

static bool s_up (const sim_t *sim)
{
    return sim->phase == ONLINE || sim->phase == LEAVING;
}

static void s_enter (fleet_t *self, sim_t *sim, phase_t phase, int64_t now)
{
    bool was_up = s_up (sim);
    sim->phase = (uint8_t) phase;
    sim->phase_us = now;
    if (s_up (sim) && !was_up) {
        self->stats.online++;
    }
    if (!s_up (sim) && was_up) {
        self->stats.online--;
    }
    if (phase == DONE) {
        self->done++;
        s_due (self, sim, INT64_MAX);
    } else {
        s_due (self, sim, now);
    }
}

static bool s_waits (const sim_t *sim)
{
    for (size_t i = 0; i < FLEET_DEPTH_MAX; i++) {
        if (sim->pending[i].used) {
            return true;
        }
    }
    return false;
}

//  Closes the connection. What was on the way is sent again over the next one.
static void s_drop (fleet_t *self, sim_t *sim, int64_t now)
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
    memset (sim->flight, 0, sizeof sim->flight);
    for (size_t i = 0; i < FLEET_DEPTH_MAX; i++) {
        sim->pending[i].sent_us = 0;
    }
    if (self->stopping && !s_waits (sim)) {
        s_enter (self, sim, DONE, now);
        return;
    }
    uint32_t jitter = terminal_value (sim->address, 0, now / 1000, 300) % (sim->backoff_ms / 2 + 1);
    s_enter (self, sim, OFFLINE, now);
    s_due (self, sim, now + (int64_t) (sim->backoff_ms + jitter) * 1000);
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
    size_t group = s_index (self, sim) / PER_SOURCE;
    struct sockaddr_in source = {.sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl (0x7F000001 + (uint32_t) group * 256)};
    struct sockaddr_in peer = {.sin_family = AF_INET,
                               .sin_port = htons ((uint16_t) self->options.port),
                               .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    sim->fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    s_enter (self, sim, DIALLING, now);
    if (sim->fd < 0) {
        s_drop (self, sim, now);
        return;
    }
    (void) setsockopt (sim->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (group > 0) {
        (void) setsockopt (sim->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
        if (bind (sim->fd, (struct sockaddr *) &source, sizeof source) < 0) {
            s_drop (self, sim, now);
            return;
        }
    }
    if (connect (sim->fd, (struct sockaddr *) &peer, sizeof peer) < 0 && errno != EINPROGRESS) {
        s_drop (self, sim, now);
        return;
    }
    s_watch (self, sim, EPOLL_CTL_ADD, true);
    s_due (self, sim, now + DIAL_TIMEOUT_US);
}

//  Writes what is ready. False if the connection is gone.
static bool s_flush (fleet_t *self, sim_t *sim)
{
    if (sim->tx_size == 0 || sim->fd < 0) {
        return true;
    }
    ssize_t n = send (sim->fd, sim->tx, sim->tx_size, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        return false;
    }
    if (n > 0) {
        memmove (sim->tx, sim->tx + n, sim->tx_size - (size_t) n);
        sim->tx_size = (uint16_t) (sim->tx_size - n);
    }
    if ((sim->tx_size > 0) != sim->writable) {
        s_watch (self, sim, EPOLL_CTL_MOD, sim->tx_size > 0);
    }
    return true;
}

//  A sequence number without an open answer, or -1.
static int s_sequence (sim_t *sim)
{
    for (unsigned i = 0; i < SEQUENCES; i++) {
        uint8_t sequence = (uint8_t) ((sim->sequence + i) % SEQUENCES);
        if (sim->flight[sequence].use == FREE) {
            sim->sequence = (uint8_t) ((sequence + 1) % SEQUENCES);
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
        protocol->report (sim->address, &sim->pending[slot].report, (uint8_t) sequence, &out);
    }
    FEP_ASSERT (!out.failed);
    sim->tx_size = (uint16_t) (sim->tx_size + out.size);
    sim->flight[sequence] = (flight_t){(uint8_t) use, slot, now};
    return true;
}

//  The next report's identity; see the header.
static report_t s_identity (fleet_t *self, sim_t *sim)
{
    const fleet_options_t *options = &self->options;
    uint32_t k = sim->made + sim->address;
    report_kind_t kind = REPORT_CURRENT;
    if (options->event_every && k % options->event_every == 0) {
        kind = REPORT_EVENT;
    } else if (options->day_every && k % options->day_every == 0) {
        kind = REPORT_DAY;
    }
    int64_t step = kind == REPORT_DAY ? DAY_MIN : 1;
    int64_t points = kind == REPORT_EVENT ? 1 : options->points;
    if (kind == REPORT_DAY &&
        self->next[kind] + sim->made_of[kind] / points * step >= self->today) {
        kind = REPORT_CURRENT;
        step = 1;
    }
    uint32_t n = sim->made_of[kind]++;
    int64_t minute = self->next[kind] + n / points * step;
    if (minute >= self->unused[kind]) {
        self->unused[kind] = minute + step;
    }
    sim->made++;
    int64_t mp = kind == REPORT_EVENT ? 0 : n % points + 1;
    return (report_t){minute, (uint16_t) mp, (uint8_t) kind};
}

//  Makes a report if one falls due and there is room for it.
static void s_make (fleet_t *self, sim_t *sim, int64_t now)
{
    int64_t period = self->options.period_ms * 1000;
    if (self->stopping || now < sim->report_us) {
        return;
    }
    uint32_t jitter = terminal_value (sim->address, 0, sim->made, 301);
    sim->report_us += period + jitter % (period / 5 + 1) - period / 10;
    if (sim->report_us < now) {
        sim->report_us = now;
    }
    for (size_t i = 0; i < (size_t) self->options.depth; i++) {
        pending_t *pending = &sim->pending[i];
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
        pending_t *pending = &sim->pending[i];
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
    if (!self->stopping && sim->report_us < at) {
        at = sim->report_us;
    }
    for (size_t i = 0; i < FLEET_DEPTH_MAX; i++) {
        const pending_t *pending = &sim->pending[i];
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
        const flight_t *flight = &sim->flight[i];
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
        s_drop (self, sim, now);
        return;
    }
    if (self->stopping && room && !s_waits (sim) && s_send (self, sim, FOR_LOGOUT, 0, now)) {
        s_enter (self, sim, LEAVING, now);
        s_due (self, sim, now + LOGOUT_TIMEOUT_US);
        return;
    }
    int64_t at = s_deadline (self, sim);
    s_due (self, sim, room && at > now ? at : now + RETRY_US);
}

//  Lets time pass for one terminal.
static void s_step (fleet_t *self, sim_t *sim, int64_t now)
{
    int64_t patience = self->options.timeout_ms * 1000;
    s_make (self, sim, now);
    switch ((phase_t) sim->phase) {
    case OFFLINE:
        if (self->stopping && !s_waits (sim)) {
            s_enter (self, sim, DONE, now);
        } else {
            s_dial (self, sim, now);
        }
        break;
    case DIALLING:
        if (now >= sim->phase_us + DIAL_TIMEOUT_US) {
            s_drop (self, sim, now);
        }
        break;
    case LOGIN:
        s_due (self, sim, sim->phase_us + patience);
        if (now >= sim->phase_us + patience) {
            s_drop (self, sim, now);
        }
        break;
    case ONLINE:
        s_online (self, sim, now);
        break;
    case LEAVING:
        if (now >= sim->phase_us + LOGOUT_TIMEOUT_US) {
            s_drop (self, sim, now);
        }
        break;
    case DONE:
        break;
    }
    if (!s_flush (self, sim)) {
        s_drop (self, sim, now);
    }
}

static void s_connected (fleet_t *self, sim_t *sim, int64_t now)
{
    int error = 0;
    socklen_t size = sizeof error;
    (void) getsockopt (sim->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) {
        s_drop (self, sim, now);
        return;
    }
    s_watch (self, sim, EPOLL_CTL_MOD, false);
    s_enter (self, sim, LOGIN, now);
    (void) s_send (self, sim, FOR_LOGIN, 0, now);
    if (!s_flush (self, sim)) {
        s_drop (self, sim, now);
    }
}

static void s_confirm_report (fleet_t *self, sim_t *sim, const flight_t *flight, int64_t now)
{
    pending_t *pending = &sim->pending[flight->slot];
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
        if (sim->flight[i].use == FOR_REPORT && sim->flight[i].slot == flight->slot) {
            sim->flight[i].use = FOR_NOTHING;
        }
    }
}

static void s_answered (fleet_t *self, sim_t *sim, uint8_t sequence, bool taken, int64_t now)
{
    flight_t flight = sim->flight[sequence];
    sim->flight[sequence].use = FREE;
    if (!taken) {
        self->stats.denied++;
        return;
    }
    switch ((use_t) flight.use) {
    case FOR_LOGIN:
        self->stats.logins++;
        sim->backoff_ms = BACKOFF_MIN_MS;
        sim->heartbeat_us = now + self->options.heartbeat_ms * 1000;
        s_enter (self, sim, ONLINE, now);
        break;
    case FOR_HEARTBEAT:
        self->stats.heartbeats++;
        break;
    case FOR_LOGOUT:
        self->stats.logouts++;
        s_drop (self, sim, now);
        break;
    case FOR_REPORT:
        s_confirm_report (self, sim, &flight, now);
        if (self->stopping) {
            s_due (self, sim, now);
        }
        break;
    case FREE:
    case FOR_NOTHING:
        break;
    }
}

//  Takes whole frames out of rx.
static void s_consume (fleet_t *self, sim_t *sim, int64_t now)
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
    if (sim->fd >= 0 && pos > 0) {
        memmove (sim->rx, sim->rx + pos, sim->rx_size - pos);
        sim->rx_size = (uint16_t) (sim->rx_size - pos);
    }
}

static void s_readable (fleet_t *self, sim_t *sim, int64_t now)
{
    ssize_t n = recv (sim->fd, sim->rx + sim->rx_size, sizeof sim->rx - sim->rx_size, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        s_drop (self, sim, now);
        return;
    }
    if (n > 0) {
        sim->rx_size = (uint16_t) (sim->rx_size + n);
        s_consume (self, sim, now);
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
        s_drop (self, sim, now);
    }
}

void fleet_turn (fleet_t *self, int wait_ms)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait (self->epoll, events, EVENTS_MAX, wait_ms);
    int64_t now = clock_mono_us ();
    for (int i = 0; i < count; i++) {
        s_event (self, events[i].data.ptr, events[i].events, now);
    }
    if (now - self->scan_us < SCAN_US) {
        return;
    }
    self->scan_us = now;
    for (size_t i = 0; i < (size_t) self->options.terminals; i++) {
        if (self->due[i] <= now) {
            s_step (self, &self->sims[i], now);
        }
    }
}

//  An open report of the run before.
static void s_carry (void *arg, uint32_t address, const pending_t *pending)
{
    fleet_t *self = arg;
    for (size_t i = 0; i < (size_t) self->options.terminals; i++) {
        sim_t *sim = &self->sims[i];
        for (size_t p = 0; p < FLEET_DEPTH_MAX && sim->address == address; p++) {
            if (!sim->pending[p].used) {
                sim->pending[p] = *pending;
                self->stats.carried++;
                self->stats.outstanding++;
                return;
            }
        }
    }
    fprintf (stderr, "fepsim: open report of terminal %09u left out: not in this fleet\n", address);
}

static void s_prepare (fleet_t *self)
{
    int64_t now = clock_mono_us ();
    for (size_t i = 0; i < (size_t) self->options.terminals; i++) {
        sim_t *sim = &self->sims[i];
        sim->address = terminal_address ((uint32_t) self->options.first_address, (uint32_t) i);
        sim->fd = -1;
        sim->backoff_ms = BACKOFF_MIN_MS;
        self->due[i] = now + (int64_t) i * 1000000 / self->options.connects_per_s;
        sim->report_us = self->due[i] + terminal_value (sim->address, 0, 0, 302) %
                                            (self->options.period_ms * 1000);
    }
}

//  Where device time begins.
static bool s_begin_time (fleet_t *self)
{
    int64_t now = clock_wall_ms () / 60000 - self->options.minutes_back;
    int64_t offset = self->options.utc_offset_min;
    self->today = (now + offset) / DAY_MIN * DAY_MIN - offset;
    int64_t next[REPORT_KIND_COUNT] = {now, self->today - (int64_t) DAYS_BACK * DAY_MIN, now};
    if (*self->options.state_path && !state_read (self->options.state_path, next, s_carry, self)) {
        fprintf (stderr, "fepsim: %s: not a state file\n", self->options.state_path);
        return false;
    }
    next[REPORT_CURRENT] = next[REPORT_CURRENT] < now ? now : next[REPORT_CURRENT];
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
    self->due = calloc ((size_t) options->terminals, sizeof *self->due);
    self->epoll = epoll_create1 (EPOLL_CLOEXEC);
    FEP_ASSERT (self->sims && self->due);
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
    free (self->due);
    free (self);
    *self_p = NULL;
}

void fleet_stop (fleet_t *self)
{
    int64_t now = clock_mono_us ();
    self->stopping = true;
    for (size_t i = 0; i < (size_t) self->options.terminals; i++) {
        if (self->sims[i].phase == ONLINE) {
            self->due[i] = now;
        }
    }
}

bool fleet_done (const fleet_t *self)
{
    return self->done == (size_t) self->options.terminals;
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
        for (size_t p = 0; p < FLEET_DEPTH_MAX; p++) {
            const pending_t *pending = &self->sims[i].pending[p];
            if (pending->used && pending->sent > 0) {
                state_open (file, self->sims[i].address, pending);
            }
        }
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
        for (size_t p = 0; p < FLEET_DEPTH_MAX; p++) {
            if (sim->pending[p].used && sim->pending[p].sent > 0) {
                ledger_write (self->ledger, sim->address, &sim->pending[p], false);
            }
        }
    }
    if (self->ledger) {
        (void) fflush (self->ledger);
    }
}

const fleet_stats_t *fleet_stats (const fleet_t *self)
{
    return &self->stats;
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
