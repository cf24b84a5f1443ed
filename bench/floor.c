//  floor: what the work costs when nothing but the work is done. One thread: epoll, the same codec,
//  the same packed form, the same store with a synced commit, one ZeroMQ publication per commit,
//  confirmation after it. No actors, sessions, admission or identities: the yardstick for fepd,
//  measured beside it by fepbench.
//
//  One commit per wake-up, or per --linger-us when that is not 0: a batch waits so long for
//  company. --coalesce-us: pause before each poll while the turn before found few connections
//  ready.
//
//  With --ask it asks: once --terminals have logged in, each for the register of last midnight of so many measuring
//  points, as many with a frame as fit, the next when one is answered. Then it ends, with a line of JSON: frames
//  answered, values, on-CPU microseconds and wall milliseconds from the first request to the last commit. Without
//  --store nothing is written or published.
#include "bench/args.h"
#include "bench/program.h"
#include "codecs/codec.h"
#include "fep/check.h"
#include "fep/clock.h"
#include "fep/pack.h"
#include "fep/point.h"
#include "store/store.h"
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

#define EVENTS_MAX 512
#define READ_SIZE 16384
#define SEND_SIZE 8192
#define BUSY_EVENTS 128    //  So many ready connections: no pause before the next poll
#define COMMIT_BATCHES 64  //  Batches of one commit
#define COMMIT_BYTES 1048576
#define TOUCHED_MAX 65536
#define TOPIC "reading/00"
#define UTC_OFFSET_MIN 480  //  Of the terminals, as fepmeter has it

typedef struct {
    int fd;               //  Socket
    uint32_t mark;        //  Highest to be confirmed after the commit; 0 = none
    size_t have;          //  Bytes of half a frame
    uint8_t *half;        //  Half a frame; NULL until there was one
    bool online;          //  It logged in
    uint32_t asked;       //  Measuring points asked for
    request_t *request;   //  Under way; NULL: nothing is asked
    max_align_t state[];  //  The codec's
} connection_t;

typedef struct {
    const codec_t *codec;                //  gdw1376
    codec_options_t options;             //  Its habits
    store_t *store;                      //  Journal
    void *publisher;                     //  ZeroMQ PUB
    int epoll;                           //  Descriptor
    int listener;                        //  Descriptor
    batch_t *batch;                      //  Being filled
    uint8_t *packed;                     //  Batches of the next commit, one behind the other
    size_t packed_size;                  //  Bytes used
    size_t packed_room;                  //  Bytes there
    bytes_t batches[COMMIT_BATCHES];     //  The same, one by one
    size_t batch_count;                  //  How many
    uint64_t number;                     //  Batches so far
    connection_t *touched[TOUCHED_MAX];  //  To be confirmed after the commit
    size_t touched_count;                //  How many
    connection_t *closing[TOUCHED_MAX];  //  To be closed after their confirmations
    size_t closing_count;                //  How many
    int64_t first_us;                    //  When the oldest of the commit came; 0 = nothing waits
    int64_t linger_us;                   //  Option
    int64_t coalesce_us;                 //  Option
    uint64_t frames;                     //  Decoded
    int64_t ask;                         //  Measuring points to ask each terminal for; 0 = none
    int64_t terminals;                   //  That are to be asked
    connection_t **all;                  //  Those that logged in
    size_t online;                       //  How many
    size_t over;                         //  Were asked for everything
    uint64_t answers;                    //  To requests
    uint64_t values;                     //  They brought
    int64_t begin_ms;                    //  First request; 0 = not yet
    int64_t begin_cpu_us;                //  On-CPU time then
    uint64_t commits;                    //  Done
    uint8_t input[READ_SIZE + 65536];    //  What one read brought, behind half a frame
} floor_t;

static void s_check (fep_err_t error, const char *what)
{
    if (error != FEP_OK) {
        fprintf (stderr, "floor: %s: %s\n", what, fep_err_text (error));
        exit (1);
    }
}

//  Packs what the batch holds.
static void s_pack (floor_t *self)
{
    if (self->batch->message_count == 0) {
        return;
    }
    size_t need = pack_bound (self->batch);
    if (self->packed_room - self->packed_size < need) {
        FEP_ASSERT (self->batch_count == 0);
        self->packed_room = need;
        self->packed = realloc (self->packed, need);
        FEP_ASSERT (self->packed);
    }
    writer_t out =
        writer_of (self->packed + self->packed_size, self->packed_room - self->packed_size);
    batch_head_t head = {1, ++self->number, 1, (uint32_t) self->batch->message_count};
    s_check (pack_batch (self->batch, &head, &out), "pack");
    self->batches[self->batch_count++] = writer_bytes (&out);
    self->packed_size += out.size;
    batch_clear (self->batch);
}

//  Everything that waits goes to disk and to the feed; then it is confirmed, each connection with
//  one write.
static void s_commit (floor_t *self)
{
    uint64_t sequence = 0;
    uint8_t buffer[SEND_SIZE];
    s_pack (self);
    if (self->batch_count > 0 && self->store) {
        s_check (store_commit (self->store, self->batches, self->batch_count, clock_wall_ms (),
                               &sequence),
                 "commit");
        (void) zmq_send (self->publisher, TOPIC, sizeof TOPIC - 1, ZMQ_SNDMORE | ZMQ_DONTWAIT);
        (void) zmq_send (self->publisher, self->packed, self->packed_size, ZMQ_DONTWAIT);
        self->commits++;
    }
    for (size_t i = 0; i < self->touched_count; i++) {
        connection_t *connection = self->touched[i];
        writer_t out = writer_of (buffer, sizeof buffer);
        codec_io_t io = {.mono_ms = clock_mono_ms (),
                         .wall_ms = clock_wall_ms (),
                         .options = &self->options,
                         .batch = self->batch,
                         .send = &out};
        self->codec->durable (connection->state, connection->mark, &io);
        connection->mark = 0;
        (void) send (connection->fd, out.data, out.size, MSG_NOSIGNAL);
    }
    for (size_t i = 0; i < self->closing_count; i++) {
        close (self->closing[i]->fd);
        free (self->closing[i]->half);
        free (self->closing[i]);
    }
    self->touched_count = 0;
    self->closing_count = 0;
    self->batch_count = 0;
    self->packed_size = 0;
    self->first_us = 0;
}

static bool s_full (const floor_t *self)
{
    return self->packed_size >= COMMIT_BYTES || self->batch_count + 1 >= COMMIT_BATCHES ||
           self->touched_count + 1 >= TOUCHED_MAX || self->closing_count + 1 >= TOUCHED_MAX;
}

//  ---- Asking ----

static int64_t s_midnight_ms (void)
{
    clock_civil_t civil;
    int64_t utc_ms = 0;
    clock_to_civil (clock_wall_ms (), &civil);
    civil.hour = civil.minute = civil.second = 0;
    (void) clock_from_civil (&civil, &utc_ms);
    return utc_ms;
}

//  The next measuring points of a terminal. False: all were asked for.
static bool s_next (floor_t *self, connection_t *connection)
{
    request_t *request = connection->request;
    int64_t left = self->ask - connection->asked;
    if (left <= 0) {
        return false;
    }
    *request = (request_t){.token = 1,
                           .kind = REQUEST_READ_FROZEN,
                           .freeze = FREEZE_DAY,
                           .point_count = 1,
                           .points = {POINT (1, 0, 1, 8, 0)},
                           .from_ms = s_midnight_ms (),
                           .mp_count = (uint8_t) (left < REQUEST_MPS_MAX ? left : REQUEST_MPS_MAX)};
    request->to_ms = request->from_ms;
    for (unsigned i = 0; i < request->mp_count; i++) {
        request->mps[i] = (uint16_t) ++connection->asked;
    }
    request->mp = request->mps[0];
    return true;
}

//  Its next frame, of this request or the one behind it.
static void s_ask (floor_t *self, connection_t *connection)
{
    uint8_t buffer[SEND_SIZE];
    writer_t out = writer_of (buffer, sizeof buffer);
    if (connection->request->finished && !s_next (self, connection)) {
        self->over++;
        return;
    }
    codec_io_t io = {.mono_ms = clock_mono_ms (),
                     .wall_ms = clock_wall_ms (),
                     .options = &self->options,
                     .batch = self->batch,
                     .send = &out};
    s_check (self->codec->encode (connection->state, connection->request, &io), "request");
    (void) send (connection->fd, out.data, out.size, MSG_NOSIGNAL);
}

//  One more is online; with the last all are asked.
static void s_online (floor_t *self, connection_t *connection)
{
    connection->online = true;
    connection->request = calloc (1, sizeof *connection->request);
    FEP_ASSERT (connection->request);
    connection->request->finished = true;
    self->all[self->online++] = connection;
    if (self->online == (size_t) self->terminals) {
        self->begin_ms = clock_mono_ms ();
        self->begin_cpu_us = program_cpu_us ();
        for (size_t i = 0; i < self->online; i++) {
            s_ask (self, self->all[i]);
        }
    }
}

//  What a frame was for those that are asked.
static void s_asked (floor_t *self, connection_t *connection, const codec_io_t *io,
                     batch_mark_t mark)
{
    if (!connection->online && self->online < (size_t) self->terminals) {
        s_online (self, connection);
    } else if (io->answer == ANSWER_DONE || io->answer == ANSWER_REFUSED) {
        self->answers++;
        self->values += self->batch->message_count - mark.message_count;
        if (self->first_us == 0) {
            self->first_us = clock_mono_us ();
        }
        s_ask (self, connection);
    }
}

static void s_report (const floor_t *self)
{
    printf ("{\"what\": \"summary\", \"frames\": %" PRIu64 ", \"values\": %" PRIu64
            ", \"cpu_us\": %" PRId64 ", \"ms\": %" PRId64 ", \"commits\": %" PRIu64 "}\n",
            self->answers, self->values, program_cpu_us () - self->begin_cpu_us,
            clock_mono_ms () - self->begin_ms, self->commits);
}

//  One frame. False if the connection is to be closed.
static bool s_frame (floor_t *self, connection_t *connection, bytes_t frame)
{
    uint8_t buffer[SEND_SIZE];
    writer_t out = writer_of (buffer, sizeof buffer);
    codec_io_t io = {.mono_ms = clock_mono_ms (),
                     .wall_ms = clock_wall_ms (),
                     .options = &self->options,
                     .batch = self->batch,
                     .send = &out};
    batch_mark_t mark = batch_mark (self->batch);
    fep_err_t error = self->codec->decode (connection->state, frame, &io);
    if (error == FEP_FULL) {
        s_commit (self);
        mark = batch_mark (self->batch);
        error = self->codec->decode (connection->state, frame, &io);
    }
    if (error != FEP_OK) {
        batch_rollback (self->batch, mark);
        return true;
    }
    self->frames++;
    if (out.size > 0) {
        (void) send (connection->fd, out.data, out.size, MSG_NOSIGNAL);
    }
    if (self->ask) {
        s_asked (self, connection, &io, mark);
    }
    if (io.mark > 0) {
        if (connection->mark == 0) {
            self->touched[self->touched_count++] = connection;
        }
        connection->mark = io.mark;
        if (self->first_us == 0) {
            self->first_us = clock_mono_us ();
        }
    }
    if (self->batch->item_count >= BATCH_ITEMS_CLOSE) {
        s_pack (self);
    }
    if (s_full (self)) {
        s_commit (self);
    }
    return !io.bye;
}

static void s_close (floor_t *self, connection_t *connection)
{
    (void) epoll_ctl (self->epoll, EPOLL_CTL_DEL, connection->fd, NULL);
    self->closing[self->closing_count++] = connection;
    if (self->first_us == 0) {
        self->first_us = clock_mono_us ();
    }
    if (s_full (self)) {
        s_commit (self);
    }
}

//  What a read brought. Half a frame at the end is kept for the next.
static bool s_input (floor_t *self, connection_t *connection, size_t size)
{
    scan_context_t context = {.up = true, .options = &self->options};
    size_t pos = 0;
    while (pos < size) {
        bytes_t window = bytes_of (self->input + pos, size - pos);
        scan_t scan = self->codec->scan (&context, window);
        if (scan.what == SCAN_MORE) {
            break;
        }
        if (scan.what == SCAN_FRAME &&
            !s_frame (self, connection, bytes_of (window.data, scan.size))) {
            return false;
        }
        pos += scan.size;
    }
    connection->have = size - pos;
    if (connection->have > 0) {
        if (!connection->half) {
            connection->half = malloc (self->codec->frame_max);
            FEP_ASSERT (connection->half);
        }
        memcpy (connection->half, self->input + pos, connection->have);
    }
    return true;
}

static void s_readable (floor_t *self, connection_t *connection)
{
    if (connection->have > 0) {
        memcpy (self->input, connection->half, connection->have);
    }
    ssize_t n = recv (connection->fd, self->input + connection->have, READ_SIZE, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0 || !s_input (self, connection, connection->have + (size_t) n)) {
        s_close (self, connection);
    }
}

static void s_accept (floor_t *self)
{
    int one = 1;
    int fd = accept4 (self->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    while (fd >= 0) {
        connection_t *connection = calloc (1, sizeof *connection + self->codec->state_size);
        FEP_ASSERT (connection);
        connection->fd = fd;
        (void) setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
        (void) epoll_ctl (self->epoll, EPOLL_CTL_ADD, fd, &event);
        fd = accept4 (self->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    }
}

//  One wake-up. Returns how many connections were ready.
static int s_turn (floor_t *self)
{
    struct epoll_event events[EVENTS_MAX];
    int64_t wait_us = 100000;
    if (self->first_us != 0) {
        wait_us = self->first_us + self->linger_us - clock_mono_us ();
        wait_us = wait_us < 0 ? 0 : wait_us;
    }
    struct timespec wait = {wait_us / 1000000, wait_us % 1000000 * 1000};
    int count = epoll_pwait2 (self->epoll, events, EVENTS_MAX, &wait, NULL);
    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr) {
            s_readable (self, events[i].data.ptr);
        } else {
            s_accept (self);
        }
    }
    if (self->first_us != 0 && clock_mono_us () >= self->first_us + self->linger_us) {
        s_commit (self);
    }
    return count;
}

static void s_open (floor_t *self, const char *path, int64_t port, int64_t feed_port)
{
    char endpoint[64];
    int one = 1;
    int queue = 100000;
    store_options_t options = {
        .path = path, .sync = true, .max_open_files = 512, .reserve_bytes = 1 << 29};
    if (*path) {
        s_check (store_open (&options, &self->store), path);
    }
    void *context = zmq_ctx_new ();
    self->publisher = zmq_socket (context, ZMQ_PUB);
    (void) zmq_setsockopt (self->publisher, ZMQ_SNDHWM, &queue, sizeof queue);
    snprintf (endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", (int) feed_port);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons ((uint16_t) port),
                                  .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    self->listener = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    (void) setsockopt (self->listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    self->epoll = epoll_create1 (EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
    if (zmq_bind (self->publisher, endpoint) != 0 ||
        bind (self->listener, (struct sockaddr *) &address, sizeof address) != 0 ||
        listen (self->listener, 4096) != 0 ||
        epoll_ctl (self->epoll, EPOLL_CTL_ADD, self->listener, &event) != 0) {
        fprintf (stderr, "floor: port %d or %d: %s\n", (int) port, (int) feed_port,
                 strerror (errno));
        exit (1);
    }
}

int main (int argc, char **argv)
{
    static floor_t s_floor;
    floor_t *self = &s_floor;
    const char *path = "";
    int64_t port = 7600;
    int64_t feed_port = 7601;
    self->linger_us = 2000;
    self->coalesce_us = 1000;
    const arg_t args[] = {
        {"port", &port, NULL, 1, 65535, "to listen on at 127.0.0.1"},
        {"feed-port", &feed_port, NULL, 1, 65535, "of the publications"},
        {"store", NULL, &path, 0, 0, "directory of the store; needed unless it asks"},
        {"ask", &self->ask, NULL, 0, 2040, "measuring points to ask each terminal for"},
        {"terminals", &self->terminals, NULL, 1, 60000, "to be asked"},
        {"linger-us", &self->linger_us, NULL, 0, 100000, "a commit waits so long for company"},
        {"coalesce-us", &self->coalesce_us, NULL, 0, 20000, "pause before a poll when not busy"},
    };
    clock_set_offset_min (UTC_OFFSET_MIN);
    self->terminals = 1;
    if (!args_read (argc, argv, 1, args, sizeof args / sizeof args[0]) || (!*path && !self->ask)) {
        return 2;
    }
    program_signals ();
    if (!program_descriptors ("floor", (size_t) self->terminals)) {
        return 2;
    }
    self->all = calloc ((size_t) self->terminals, sizeof (connection_t *));
    FEP_ASSERT (self->all);
    self->codec = codec_find ("gdw1376");
    FEP_ASSERT (self->codec && self->codec->frame_max <= 65536);
    self->options.password_size = 16;
    self->batch = batch_new ();
    self->packed_room = 4 * COMMIT_BYTES;
    self->packed = malloc (self->packed_room);
    FEP_ASSERT (self->packed);
    s_open (self, path, port, feed_port);
    int ready = 0;
    while (!program_stops () && !(self->ask && self->over == (size_t) self->terminals)) {
        if (ready < BUSY_EVENTS && self->coalesce_us > 0) {
            (void) usleep ((useconds_t) self->coalesce_us);
        }
        ready = s_turn (self);
    }
    s_commit (self);
    if (self->ask) {
        s_report (self);
    }
    fprintf (stderr, "floor: frames=%" PRIu64 " commits=%" PRIu64 "\n", self->frames,
             self->commits);
    if (self->store) {
        store_close (&self->store);
    }
    return 0;
}
