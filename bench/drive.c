//  Load for fepbench.
#include "bench/drive.h"
#include "fep/check.h"
#include "fep/clock.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS_MAX 512
#define FRAME_SIZE 192
#define INPUT_SIZE 4096
#define HALF_SIZE 512  //  NATS says much of itself at first
#define KEPT_MAX 4000000
#define LOGIN_MS 60000
#define MINUTES_BACK 20000

typedef struct {
    int fd;                     //  -1 once lost
    uint32_t address;           //  Decimal form
    uint32_t open;              //  Frames not confirmed yet
    uint8_t sequence;           //  Of the next frame
    bool online;                //  Its login was confirmed
    uint16_t half_size;         //  Bytes in half
    int64_t minute;             //  Of the next report
    int64_t sent_us;            //  Last write
    uint8_t frame[FRAME_SIZE];  //  Its report
    uint8_t half[HALF_SIZE];    //  Half a confirmation
} pusher_t;

struct drive {
    drive_options_t options;  //  As given
    pusher_t *pushers;        //  One for each terminal
    size_t frame_size;        //  Of every report
    int epoll;                //  Descriptor
    uint32_t online;          //  Logins confirmed
    uint32_t turn;            //  Paced: whose turn it is
    int64_t paced_us;         //  Paced: when pacing began; 0 = not yet
    uint64_t paced;           //  Paced: frames that fell due since then and were dealt with
    bool pushing;             //  New frames may be written
    bool keeping;             //  Latencies are kept
    uint32_t *kept;           //  KEPT_MAX latencies
    size_t kept_count;        //  How many
    drive_stats_t stats;      //  Counters
};

static void s_lose (drive_t *self, pusher_t *pusher)
{
    self->stats.lost++;
    close (pusher->fd);
    pusher->fd = -1;
}

static void s_push (drive_t *self, pusher_t *pusher, int64_t now)
{
    uint8_t out[DRIVE_DEPTH_MAX * FRAME_SIZE];
    size_t size = 0;
    for (uint32_t i = 0; i < self->options.depth; i++) {
        self->options.protocol->touch (pusher->frame, pusher->minute++, pusher->sequence++);
        memcpy (out + size, pusher->frame, self->frame_size);
        size += self->frame_size;
    }
    ssize_t n = send (pusher->fd, out, size, MSG_NOSIGNAL);
    if (n != (ssize_t) size) {
        s_lose (self, pusher);
        return;
    }
    pusher->open = self->options.depth;
    pusher->sent_us = now;
    self->stats.sent += self->options.depth;
}

static void s_confirmed (drive_t *self, pusher_t *pusher)
{
    if (!pusher->online) {
        pusher->online = true;
        self->online++;
        return;
    }
    self->stats.confirmed++;
    if (pusher->open > 0 && --pusher->open == 0) {
        int64_t now = clock_mono_us ();
        if (self->keeping && self->kept_count < KEPT_MAX) {
            self->kept[self->kept_count++] = (uint32_t) (now - pusher->sent_us);
        }
        if (self->pushing && self->options.rate == 0) {
            s_push (self, pusher, now);
        }
    }
}

static void s_readable (drive_t *self, pusher_t *pusher)
{
    uint8_t input[HALF_SIZE + INPUT_SIZE];
    memcpy (input, pusher->half, pusher->half_size);
    ssize_t n = recv (pusher->fd, input + pusher->half_size, INPUT_SIZE, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) {
        s_lose (self, pusher);
        return;
    }
    size_t size = pusher->half_size + (size_t) n;
    size_t pos = 0;
    pusher->half_size = 0;
    while (pos < size && pusher->fd >= 0) {
        input_t what =
            self->options.protocol->input (pusher->address, bytes_of (input + pos, size - pos));
        if (what.what == INPUT_MORE) {
            break;
        }
        pos += what.size;
        if (what.what == INPUT_CONFIRMED) {
            s_confirmed (self, pusher);
        } else if (what.what == INPUT_DENIED) {
            self->stats.denied++;
        } else if (what.what == INPUT_NOISE) {
            self->stats.noise += what.size;
        }
    }
    if (size - pos > HALF_SIZE) {
        self->stats.noise += size - pos;
    } else if (pos < size) {
        pusher->half_size = (uint16_t) (size - pos);
        memcpy (pusher->half, input + pos, size - pos);
    }
}

//  One wake-up.
static void s_turn (drive_t *self, int wait_ms)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait (self->epoll, events, EVENTS_MAX, wait_ms);
    for (int i = 0; i < count; i++) {
        pusher_t *pusher = events[i].data.ptr;
        if (pusher->fd >= 0) {
            s_readable (self, pusher);
        }
    }
}

//  Paced: writes what fell due, one terminal after the other.
static void s_pace (drive_t *self)
{
    int64_t now = clock_mono_us ();
    if (self->paced_us == 0) {
        self->paced_us = now;
    }
    uint64_t due = (uint64_t) (now - self->paced_us) * self->options.rate / 1000000;
    while (self->paced < due) {
        pusher_t *pusher = &self->pushers[self->turn];
        self->turn = (self->turn + 1) % self->options.terminals;
        if (pusher->fd < 0 || pusher->open > 0) {
            self->stats.skipped += self->options.depth;
        } else {
            s_push (self, pusher, now);
        }
        self->paced += self->options.depth;
    }
}

static bool s_connect (drive_t *self, pusher_t *pusher)
{
    int one = 1;
    uint8_t buffer[FRAME_SIZE];
    writer_t out = writer_of (buffer, sizeof buffer);
    struct linger reset = {1, 0};
    struct sockaddr_in peer = {.sin_family = AF_INET,
                               .sin_port = htons (self->options.port),
                               .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    pusher->fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (pusher->fd < 0 || connect (pusher->fd, (struct sockaddr *) &peer, sizeof peer) != 0) {
        fprintf (stderr, "fepbench: connect: %s\n", strerror (errno));
        return false;
    }
    (void) setsockopt (pusher->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    (void) setsockopt (pusher->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = pusher};
    (void) epoll_ctl (self->epoll, EPOLL_CTL_ADD, pusher->fd, &event);
    self->options.protocol->login (pusher->address, pusher->sequence++, &out);
    return send (pusher->fd, out.data, out.size, MSG_NOSIGNAL) == (ssize_t) out.size;
}

static bool s_login_all (drive_t *self)
{
    int64_t end = clock_mono_ms () + LOGIN_MS;
    for (uint32_t i = 0; i < self->options.terminals; i++) {
        if (!s_connect (self, &self->pushers[i])) {
            return false;
        }
        if (i % 64 == 0) {
            s_turn (self, 0);
        }
    }
    while (self->online < self->options.terminals && clock_mono_ms () < end) {
        s_turn (self, 10);
    }
    if (self->online < self->options.terminals) {
        fprintf (stderr, "fepbench: %u of %u logins confirmed in %d ms\n", self->online,
                 self->options.terminals, LOGIN_MS);
        return false;
    }
    return true;
}

drive_t *drive_new (const drive_options_t *options)
{
    drive_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self && options->depth >= 1 && options->depth <= DRIVE_DEPTH_MAX);
    self->options = *options;
    self->pushers = calloc (options->terminals, sizeof *self->pushers);
    self->kept = calloc (KEPT_MAX, sizeof *self->kept);
    self->epoll = epoll_create1 (EPOLL_CLOEXEC);
    FEP_ASSERT (self->pushers && self->kept && self->epoll >= 0);
    int64_t minute = clock_wall_ms () / 60000 - MINUTES_BACK;
    for (uint32_t i = 0; i < options->terminals; i++) {
        pusher_t *pusher = &self->pushers[i];
        report_t report = {minute, 1, REPORT_CURRENT};
        writer_t out = writer_of (pusher->frame, sizeof pusher->frame);
        pusher->fd = -1;
        pusher->minute = minute;
        pusher->address = terminal_address (options->first_address, i);
        self->options.protocol->report (pusher->address, &report, 0, &out);
        FEP_ASSERT (!out.failed);
        self->frame_size = out.size;
    }
    if (!s_login_all (self)) {
        drive_destroy (&self);
    }
    return self;
}

void drive_destroy (drive_t **self_p)
{
    drive_t *self = *self_p;
    if (!self) {
        return;
    }
    for (uint32_t i = 0; i < self->options.terminals; i++) {
        if (self->pushers[i].fd >= 0) {
            close (self->pushers[i].fd);
        }
    }
    close (self->epoll);
    free (self->pushers);
    free (self->kept);
    free (self);
    *self_p = NULL;
}

void drive_run (drive_t *self, int64_t ms)
{
    int64_t end = clock_mono_ms () + ms;
    int64_t now = clock_mono_us ();
    self->pushing = true;
    for (uint32_t i = 0; i < self->options.terminals && self->options.rate == 0; i++) {
        if (self->pushers[i].open == 0 && self->pushers[i].fd >= 0) {
            s_push (self, &self->pushers[i], now);
        }
    }
    while (clock_mono_ms () < end) {
        if (self->options.rate > 0) {
            s_turn (self, 1);
            s_pace (self);
        } else {
            s_turn (self, 20);
        }
    }
}

void drive_mark (drive_t *self)
{
    self->keeping = true;
    self->kept_count = 0;
}

uint64_t drive_drain (drive_t *self, int64_t ms)
{
    int64_t end = clock_mono_ms () + ms;
    self->pushing = false;
    self->keeping = false;
    while (self->stats.confirmed < self->stats.sent && clock_mono_ms () < end) {
        s_turn (self, 10);
    }
    return self->stats.sent - self->stats.confirmed;
}

const drive_stats_t *drive_stats (const drive_t *self)
{
    return &self->stats;
}

static int s_order (const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *) a;
    uint32_t y = *(const uint32_t *) b;
    return (x > y) - (x < y);
}

uint32_t drive_latency_us (drive_t *self, double quantile)
{
    if (self->kept_count == 0) {
        return 0;
    }
    qsort (self->kept, self->kept_count, sizeof *self->kept, s_order);
    return self->kept[(size_t) (quantile * (double) (self->kept_count - 1))];
}
