//  The simulated devices of the field in one epoll loop.
#include "bench/field_fleet.h"
#include "bench/field_archive.h"
#include "fep/check.h"
#include "fep/clock.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define RX_SIZE 4096
#define TX_SIZE 16384
#define EVENTS_MAX 256
#define SCAN_US 5000  //  Between two looks at the deadlines
#define BACKOFF_MIN_MS 200
#define BACKOFF_MAX_MS 10000
#define DIAL_TIMEOUT_US 10000000
#define LEAVE_TIMEOUT_US 3000000
#define QUIET_US 1000000  //  A pause that ends a request, whole or not
#define SPLIT_US 10000    //  Between the halves of an answer
#define RETRY_US 20000
#define LISTENER UINT64_C (0x100000000)  //  In an event's data

typedef enum { OFFLINE, DIALLING, ONLINE, LEAVING, DONE } phase_t;

//  One device.
typedef struct {
    const field_kind_t *kind;  //  What it is
    void *state;               //  The device's own; owned
    field_log_t log;           //  What it said
    int fd;                    //  -1 while offline
    int listener;              //  -1 if it dials
    phase_t phase;             //  Of its connection
    bool writable;             //  Waiting for room in the socket
    bool left;                 //  The device has nothing more to do
    uint32_t backoff_ms;       //  Before the next dial
    int64_t phase_us;          //  When the phase began
    int64_t due_us;            //  When to be looked at
    int64_t input_us;          //  When bytes came last
    int64_t hold_us;           //  The rest of an answer may go then
    size_t hold;               //  Last bytes of tx that may not go yet
    size_t rx_size, tx_size;   //  Used
    uint8_t rx[RX_SIZE];       //  Half a frame
    uint8_t tx[TX_SIZE];       //  Not yet written
} sim_t;

struct field_fleet {
    field_options_t options;                 //  As given
    field_totals_t totals[FIELD_KINDS_MAX];  //  By kind
    sim_t *sims;                             //  All
    size_t count;                            //  Of them
    size_t done;                             //  In DONE
    uint64_t answers;                        //  Of all, for splitting
    FILE *ledger;                            //  NULL: none
    int epoll;                               //  Descriptor
    int64_t scan_us;                         //  Last look at the deadlines
    bool stopping;                           //  field_fleet_stop was called
};

static field_totals_t *s_totals (const sim_t *sim)
{
    return sim->log.totals;
}

static void s_enter (field_fleet_t *self, sim_t *sim, phase_t phase, int64_t now)
{
    s_totals (sim)->online += phase == ONLINE ? 1 : 0;
    s_totals (sim)->online -= sim->phase == ONLINE ? 1 : 0;
    sim->phase = phase;
    sim->phase_us = now;
    sim->due_us = now;
    if (phase == DONE) {
        self->done++;
        sim->due_us = INT64_MAX;
    }
}

static void s_drop (field_fleet_t *self, sim_t *sim, int64_t now)
{
    if (sim->fd >= 0) {
        close (sim->fd);
        sim->fd = -1;
    }
    sim->rx_size = sim->tx_size = sim->hold = 0;
    sim->writable = false;
    field_log_lost (&sim->log);
    if (self->stopping && (sim->left || sim->kind->device->stop (sim->state))) {
        s_enter (self, sim, DONE, now);
        return;
    }
    s_enter (self, sim, OFFLINE, now);
    sim->due_us =
        sim->listener >= 0 ? now + DIAL_TIMEOUT_US : now + (int64_t) sim->backoff_ms * 1000;
    sim->backoff_ms = sim->backoff_ms * 2 > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : sim->backoff_ms * 2;
}

static void s_watch (field_fleet_t *self, sim_t *sim, int operation, bool write)
{
    struct epoll_event event = {.events = EPOLLIN | (write ? (uint32_t) EPOLLOUT : 0),
                                .data.u64 = (uint64_t) (sim - self->sims)};
    (void) epoll_ctl (self->epoll, operation, sim->fd, &event);
    sim->writable = write;
}

//  Writes what is ready. False if the connection is gone.
static bool s_flush (field_fleet_t *self, sim_t *sim)
{
    if (sim->tx_size <= sim->hold || sim->fd < 0 || sim->phase == DIALLING) {
        return true;
    }
    ssize_t n = send (sim->fd, sim->tx, sim->tx_size - sim->hold, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        return false;
    }
    if (n > 0) {
        memmove (sim->tx, sim->tx + n, sim->tx_size - (size_t) n);
        sim->tx_size -= (size_t) n;
    }
    if ((sim->tx_size > sim->hold) != sim->writable) {
        s_watch (self, sim, EPOLL_CTL_MOD, sim->tx_size > sim->hold);
    }
    return true;
}

static field_turn_t s_turn (sim_t *sim)
{
    return (field_turn_t){.wall_ms = clock_wall_ms (),
                          .out = sim->tx + sim->tx_size,
                          .capacity = sizeof sim->tx - sim->tx_size,
                          .said = field_log_said,
                          .confirmed = field_log_confirmed,
                          .arg = &sim->log};
}

//  Takes over what the device wrote and said.
static void s_took (field_fleet_t *self, sim_t *sim, const field_turn_t *turn, bool input,
                    int64_t now)
{
    bool unsent = sim->tx_size > 0;
    bool values = sim->log.count > 0;
    sim->tx_size += turn->size;
    field_log_gather (&sim->log, input && turn->size > 0, unsent, now);
    if (!input || !values || turn->size < 2) {
        return;
    }
    sim->hold = 0;
    self->answers++;
    if (self->options.split_every && self->answers % (uint64_t) self->options.split_every == 0) {
        sim->hold = turn->size / 2;
        sim->hold_us = now + SPLIT_US;
    }
}

static void s_tick (field_fleet_t *self, sim_t *sim, int64_t now)
{
    field_turn_t turn = s_turn (sim);
    int64_t at_ms = sim->kind->device->tick (sim->state, &turn);
    sim->due_us = now + (at_ms - turn.wall_ms) * 1000;
    s_took (self, sim, &turn, false, now);
}

static void s_online (field_fleet_t *self, sim_t *sim, int64_t now)
{
    if (now >= sim->hold_us) {
        sim->hold = 0;
    }
    s_tick (self, sim, now);
    sim->left = self->stopping && sim->kind->device->stop (sim->state);
    if (sim->left && sim->tx_size == 0) {
        (void) shutdown (sim->fd, SHUT_WR);
        s_enter (self, sim, LEAVING, now);
        sim->due_us = now + LEAVE_TIMEOUT_US;
        return;
    }
    if (sim->rx_size > 0 && now >= sim->input_us + QUIET_US) {
        s_totals (sim)->noise += sim->rx_size;
        sim->rx_size = 0;
    }
    int64_t least =
        self->stopping || sim->rx_size > 0 || sim->tx_size > 0 ? now + RETRY_US : INT64_MAX;
    sim->due_us = sim->due_us < least ? sim->due_us : least;
    sim->due_us = sim->hold > 0 && sim->hold_us < sim->due_us ? sim->hold_us : sim->due_us;
}

static void s_begin (field_fleet_t *self, sim_t *sim, int64_t now)
{
    s_enter (self, sim, ONLINE, now);
    s_totals (sim)->connections++;
    field_turn_t turn = s_turn (sim);
    sim->kind->device->connected (sim->state, &turn);
    s_took (self, sim, &turn, false, now);
    if (!s_flush (self, sim)) {
        s_drop (self, sim, now);
    }
}

static void s_dial (field_fleet_t *self, sim_t *sim, int64_t now)
{
    int one = 1;
    struct sockaddr_in peer = {.sin_family = AF_INET,
                               .sin_port = htons (sim->kind->port),
                               .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    sim->fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    s_enter (self, sim, DIALLING, now);
    if (sim->fd < 0) {
        s_drop (self, sim, now);
        return;
    }
    (void) setsockopt (sim->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect (sim->fd, (struct sockaddr *) &peer, sizeof peer) < 0 && errno != EINPROGRESS) {
        s_drop (self, sim, now);
        return;
    }
    s_watch (self, sim, EPOLL_CTL_ADD, true);
    sim->due_us = now + DIAL_TIMEOUT_US;
}

static void s_connected (field_fleet_t *self, sim_t *sim, int64_t now)
{
    int error = 0;
    socklen_t size = sizeof error;
    (void) getsockopt (sim->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) {
        s_drop (self, sim, now);
        return;
    }
    s_watch (self, sim, EPOLL_CTL_MOD, false);
    s_begin (self, sim, now);
}

//  A master dials it. The newer connection is the one that counts.
static void s_accept (field_fleet_t *self, sim_t *sim, int64_t now)
{
    int one = 1;
    int fd = accept4 (sim->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    if (sim->phase == DONE || sim->left) {
        close (fd);
        return;
    }
    if (sim->fd >= 0) {
        s_drop (self, sim, now);
        if (sim->phase == DONE) {
            close (fd);
            return;
        }
    }
    (void) setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    sim->fd = fd;
    s_watch (self, sim, EPOLL_CTL_ADD, false);
    s_begin (self, sim, now);
}

static void s_readable (field_fleet_t *self, sim_t *sim, int64_t now)
{
    ssize_t n = recv (sim->fd, sim->rx + sim->rx_size, sizeof sim->rx - sim->rx_size, 0);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        s_drop (self, sim, now);
        return;
    }
    if (n < 0) {
        return;
    }
    sim->rx_size += (size_t) n;
    sim->input_us = now;
    sim->backoff_ms = BACKOFF_MIN_MS;
    if (sim->phase != ONLINE || sim->left) {
        sim->rx_size = 0;
        return;
    }
    field_turn_t turn = s_turn (sim);
    size_t used = sim->kind->device->input (sim->state, sim->rx, sim->rx_size, &turn);
    FEP_ASSERT (used <= sim->rx_size);
    memmove (sim->rx, sim->rx + used, sim->rx_size - used);
    sim->rx_size -= used;
    s_took (self, sim, &turn, true, now);
    sim->due_us = now;
}

static void s_event (field_fleet_t *self, const struct epoll_event *event, int64_t now)
{
    sim_t *sim = &self->sims[(uint32_t) event->data.u64];
    if (event->data.u64 & LISTENER) {
        s_accept (self, sim, now);
        return;
    }
    if (sim->fd < 0) {
        return;
    }
    if (sim->phase == DIALLING) {
        s_connected (self, sim, now);
        return;
    }
    if (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        s_readable (self, sim, now);
    }
    if (!s_flush (self, sim)) {
        s_drop (self, sim, now);
    }
}

//  Lets time pass for one device.
static void s_step (field_fleet_t *self, sim_t *sim, int64_t now)
{
    switch (sim->phase) {
    case OFFLINE:
        if (self->stopping && sim->kind->device->stop (sim->state)) {
            s_enter (self, sim, DONE, now);
        } else if (sim->listener < 0) {
            s_dial (self, sim, now);
        } else {
            sim->due_us = now + (self->stopping ? RETRY_US : DIAL_TIMEOUT_US);
        }
        break;
    case DIALLING:
    case LEAVING:
        s_drop (self, sim, now);
        break;
    case ONLINE:
        s_online (self, sim, now);
        break;
    case DONE:
        break;
    }
    if (!s_flush (self, sim)) {
        s_drop (self, sim, now);
    }
}

void field_fleet_turn (field_fleet_t *self, int wait_ms)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait (self->epoll, events, EVENTS_MAX, wait_ms);
    int64_t now = clock_mono_us ();
    for (int i = 0; i < count; i++) {
        s_event (self, &events[i], now);
    }
    if (now - self->scan_us < SCAN_US) {
        return;
    }
    self->scan_us = now;
    for (size_t i = 0; i < self->count; i++) {
        if (self->sims[i].due_us <= now) {
            s_step (self, &self->sims[i], now);
        }
    }
}

static bool s_listen (field_fleet_t *self, sim_t *sim, uint32_t number)
{
    int one = 1;
    struct sockaddr_in own = {.sin_family = AF_INET,
                              .sin_port = htons (sim->kind->port),
                              .sin_addr.s_addr = htonl (field_listen_address (number))};
    struct epoll_event event = {.events = EPOLLIN,
                                .data.u64 = LISTENER | (uint64_t) (sim - self->sims)};
    sim->listener = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool ok = sim->listener >= 0 &&
              setsockopt (sim->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0 &&
              bind (sim->listener, (struct sockaddr *) &own, sizeof own) == 0 &&
              listen (sim->listener, 4) == 0 &&
              epoll_ctl (self->epoll, EPOLL_CTL_ADD, sim->listener, &event) == 0;
    if (!ok) {
        fprintf (stderr, "fepfield: %s:%u: %s\n", inet_ntoa (own.sin_addr), sim->kind->port,
                 strerror (errno));
    }
    return ok;
}

static bool s_prepare (field_fleet_t *self, sim_t *sim, size_t kind, uint32_t number)
{
    const field_device_t *device = self->options.kinds[kind].device;
    sim->kind = &self->options.kinds[kind];
    sim->state = calloc (1, device->state_size);
    FEP_ASSERT (sim->state);
    device->start (sim->state, number, sim->kind->meters);
    sim->log.ledger = self->ledger;
    sim->log.totals = &self->totals[kind];
    sim->log.pipelined = field_kind_listens (sim->kind);
    device->address (sim->state, sim->log.address);
    sim->fd = sim->listener = -1;
    sim->backoff_ms = BACKOFF_MIN_MS;
    sim->due_us = clock_mono_us () + (int64_t) self->count * 1000000 / self->options.connects_per_s;
    self->count++;
    return !field_kind_listens (sim->kind) || s_listen (self, sim, number);
}

field_fleet_t *field_fleet_new (const field_options_t *options)
{
    size_t all = 0;
    field_fleet_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    self->options = *options;
    for (size_t i = 0; i < options->kind_count; i++) {
        all += options->kinds[i].count;
    }
    self->sims = calloc (all + 1, sizeof *self->sims);
    FEP_ASSERT (self->sims);
    self->epoll = epoll_create1 (EPOLL_CLOEXEC);
    bool ok = self->epoll >= 0;
    if (ok && *options->ledger_path) {
        self->ledger = fopen (options->ledger_path, "w");
        if (!self->ledger) {
            fprintf (stderr, "fepfield: %s: %s\n", options->ledger_path, strerror (errno));
            ok = false;
        }
    }
    for (size_t i = 0; i < options->kind_count && ok; i++) {
        for (uint32_t n = 0; n < options->kinds[i].count && ok; n++) {
            ok = s_prepare (self, &self->sims[self->count], i, options->kinds[i].first + n);
        }
    }
    if (!ok) {
        field_fleet_destroy (&self);
    }
    return self;
}

void field_fleet_destroy (field_fleet_t **self_p)
{
    field_fleet_t *self = *self_p;
    if (!self) {
        return;
    }
    field_fleet_end (self);
    for (size_t i = 0; i < self->count; i++) {
        if (self->sims[i].listener >= 0) {
            close (self->sims[i].listener);
        }
        free (self->sims[i].state);
    }
    if (self->epoll >= 0) {
        close (self->epoll);
    }
    if (self->ledger) {
        fclose (self->ledger);
    }
    free (self->sims);
    free (self);
    *self_p = NULL;
}

void field_fleet_stop (field_fleet_t *self)
{
    int64_t now = clock_mono_us ();
    self->stopping = true;
    for (size_t i = 0; i < self->count; i++) {
        if (self->sims[i].phase == ONLINE || self->sims[i].phase == OFFLINE) {
            self->sims[i].due_us = now;
        }
    }
}

bool field_fleet_done (const field_fleet_t *self)
{
    return self->done == self->count;
}

bool field_fleet_save (field_fleet_t *self)
{
    return !self->ledger || (fflush (self->ledger) == 0 && !ferror (self->ledger));
}

void field_fleet_end (field_fleet_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        sim_t *sim = &self->sims[i];
        if (sim->fd >= 0) {
            close (sim->fd);
            sim->fd = -1;
        }
        field_log_end (&sim->log);
    }
    (void) field_fleet_save (self);
}

const field_totals_t *field_fleet_totals (const field_fleet_t *self, size_t kind)
{
    return &self->totals[kind];
}
