//  fepreplay: plays captured frames against a running daemon, as the terminals they came from: a connection for each,
//  at the capture's pace or another. Counts what comes back; understands nothing of it.
#include "codecs/codec.h"
#include "fep/check.h"
#include "fep/clock.h"
#include "tools/capture.h"
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINKS_MAX 10000        //  Terminals of one capture
#define CONNECT_MS 5000        //  For a connection to stand
#define SEND_MS 10000          //  For a frame to leave
#define GAP_USUAL_MS 100       //  --gap-ms
#define WAIT_USUAL_MS 5000     //  --wait without a number
#define QUIET_MS 300           //  Nothing came for so long: all has been answered
#define LINGER_MS 1000         //  For what answers the last frames, without --wait
#define HOST_MAX 255           //  Characters
#define FILE_MAX (256u << 20)  //  Bytes of a capture's text
#define UNKNOWN_MS INT64_MIN   //  No frame with a time was sent yet

//  A terminal and its connection.
typedef struct {
    const char *name;    //  Borrowed from a frame
    int fd;              //  -1: not connected
    bool waits;          //  Nothing has come since its last frame
    uint64_t received;   //  Bytes since its last frame
    uint64_t connected;  //  How often
} link_t;

typedef struct {
    const char *path;                     //  FILE, "-" for standard input
    char host[HOST_MAX + 1];              //  --to
    const char *port;                     //  Likewise
    double speed;                         //  --speed; 0: as fast as it goes
    int64_t gap_ms;                       //  --gap-ms
    int64_t wait_ms;                      //  --wait; 0: not at all
    bool up, down;                        //  --direction: what is sent
    const codec_t *codec;                 //  --codec, or NULL
    capture_t capture;                    //  What is played
    char (*names)[ADDRESS_MAX + 1];       //  By codec: whose frame, one for each frame
    size_t *owner;                        //  Link of each frame
    link_t *links;                        //  LINKS_MAX
    size_t link_count;                    //  Of them
    struct pollfd *polls;                 //  As many
    bool answered_by_file;                //  The capture has answers: those are waited for
    int64_t begin_ms;                     //  When the first frame was due
    int64_t due_ms;                       //  When the frame at hand is, after begin_ms
    int64_t last_ms;                      //  When something came last
    int64_t end_ms;                       //  When the last frame had left
    uint64_t frames, bytes;               //  Sent
    uint64_t received, answered, closed;  //  Bytes, frames something came for, connections
    uint64_t passed, missing;             //  Frames not sent; answers that did not come
} replay_t;

static volatile sig_atomic_t s_interrupted = 0;

static void s_on_signal (int number)
{
    (void) number;
    s_interrupted = 1;
}

static void s_complain (const replay_t *self, const capture_frame_t *frame, const char *what,
                        const char *detail)
{
    fflush (stdout);
    fprintf (stderr, "fepreplay: %s:%" PRIu32 ": %s%s%s\n", self->path, frame->line, what,
             detail[0] ? ": " : "", detail);
}

//  --- Connections

static bool s_set_up (int fd)
{
    int one = 1;
    (void) setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    int flags = fcntl (fd, F_GETFL);
    return flags >= 0 && fcntl (fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

//  The connection stands within CONNECT_MS; else errno says why not.
static bool s_connect_one (int fd, const struct addrinfo *address)
{
    struct pollfd ready = {.fd = fd, .events = POLLOUT};
    int error = 0;
    socklen_t size = sizeof error;
    if (connect (fd, address->ai_addr, address->ai_addrlen) == 0) {
        return true;
    }
    if (errno != EINPROGRESS) {
        return false;
    }
    if (poll (&ready, 1, CONNECT_MS) <= 0) {
        errno = ETIMEDOUT;
        return false;
    }
    (void) getsockopt (fd, SOL_SOCKET, SO_ERROR, &error, &size);
    errno = error;
    return error == 0;
}

static bool s_connect (replay_t *self, link_t *link, const char **why)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    int code = getaddrinfo (self->host, self->port, &hints, &found);
    if (code) {
        *why = gai_strerror (code);
        return false;
    }
    for (const struct addrinfo *one = found; one && link->fd < 0; one = one->ai_next) {
        int fd = socket (one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol);
        if (fd >= 0 && s_set_up (fd) && s_connect_one (fd, one)) {
            link->fd = fd;
            link->connected++;
        } else {
            *why = strerror (errno);
            if (fd >= 0) {
                close (fd);
            }
        }
    }
    freeaddrinfo (found);
    return link->fd >= 0;
}

static void s_disconnect (link_t *link)
{
    if (link->fd >= 0) {
        close (link->fd);
        link->fd = -1;
    }
}

//  Takes what has come. The other side may close, as it does after a logout.
static void s_take (replay_t *self, link_t *link)
{
    uint8_t bytes[16384];
    for (;;) {
        ssize_t size = recv (link->fd, bytes, sizeof bytes, 0);
        if (size < 0 && errno == EINTR) {
            continue;
        }
        if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return;
        }
        if (size <= 0) {
            s_disconnect (link);
            self->closed++;
            return;
        }
        self->last_ms = clock_mono_ms ();
        self->received += (uint64_t) size;
        link->received += (uint64_t) size;
        self->answered += link->waits;
        link->waits = false;
    }
}

//  Waits for what comes from anybody, at most until a moment of the deadline clock.
static void s_listen (replay_t *self, int64_t until_ms)
{
    int64_t left = until_ms - clock_mono_ms ();
    for (size_t i = 0; i < self->link_count; i++) {
        self->polls[i] = (struct pollfd){.fd = self->links[i].fd, .events = POLLIN};
    }
    left = left < 0 ? 0 : left > 200 ? 200 : left;
    if (poll (self->polls, (nfds_t) self->link_count, (int) left) <= 0) {
        return;
    }
    for (size_t i = 0; i < self->link_count; i++) {
        if (self->polls[i].revents) {
            s_take (self, &self->links[i]);
        }
    }
}

static void s_sleep_until (replay_t *self, int64_t until_ms)
{
    do {
        s_listen (self, until_ms);
    } while (!s_interrupted && clock_mono_ms () < until_ms);
}

//  --- Frames

static bool s_sends (const replay_t *self, const capture_frame_t *frame)
{
    return frame->direction == CAPTURE_DOWN ? self->down : self->up;
}

//  All of the bytes, or false with errno.
static bool s_write (replay_t *self, link_t *link, bytes_t bytes)
{
    int64_t until_ms = clock_mono_ms () + SEND_MS;
    while (bytes.size) {
        ssize_t size = send (link->fd, bytes.data, bytes.size, MSG_NOSIGNAL);
        if (size >= 0) {
            bytes = bytes_of (bytes.data + size, bytes.size - (size_t) size);
            continue;
        }
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
            return false;
        }
        if (clock_mono_ms () > until_ms) {
            errno = ETIMEDOUT;
            return false;
        }
        struct pollfd ready = {.fd = link->fd, .events = POLLOUT | POLLIN};
        (void) poll (&ready, 1, 200);
        if (ready.revents & POLLIN) {
            s_take (self, link);
        }
        if (link->fd < 0) {
            errno = ECONNRESET;
            return false;
        }
    }
    return true;
}

//  Some bytes have come since the terminal's last frame, or the time is over.
static bool s_await (replay_t *self, link_t *link, uint64_t bytes)
{
    int64_t until_ms = clock_mono_ms () + self->wait_ms;
    while (!s_interrupted && link->fd >= 0 && link->received < bytes &&
           clock_mono_ms () < until_ms) {
        s_listen (self, until_ms);
    }
    return link->received >= bytes;
}

static void s_missed (replay_t *self, const link_t *link, const capture_frame_t *frame,
                      uint64_t bytes)
{
    char detail[160];
    snprintf (detail, sizeof detail, "%s%s%" PRIu64 " of %" PRIu64 " bytes within %" PRId64 " ms",
              link->name, link->name[0] ? ": " : "", link->received, bytes, self->wait_ms);
    s_complain (self, frame, "the answer did not come", detail);
    self->missing++;
}

//  An answer of the capture: ours must have as many bytes.
static void s_expect (replay_t *self, size_t i)
{
    const capture_frame_t *frame = &self->capture.frames[i];
    link_t *link = &self->links[self->owner[i]];
    self->passed++;
    if (!self->wait_ms || frame->direction == CAPTURE_UNSAID || link->connected == 0) {
        return;
    }
    if (s_await (self, link, frame->size)) {
        link->received -= frame->size;
    } else {
        s_missed (self, link, frame, frame->size);
    }
}

static bool s_send (replay_t *self, size_t i)
{
    const capture_frame_t *frame = &self->capture.frames[i];
    link_t *link = &self->links[self->owner[i]];
    const char *why = "";
    if (link->fd >= 0) {
        s_take (self, link);
    }
    if (link->fd < 0 && !s_connect (self, link, &why)) {
        s_complain (self, frame, "cannot connect", why);
        return false;
    }
    link->received = 0;
    link->waits = true;
    if (!s_write (self, link, capture_bytes (&self->capture, frame))) {
        s_complain (self, frame, "cannot send", strerror (errno));
        return false;
    }
    self->frames++;
    self->bytes += frame->size;
    if (self->wait_ms && !self->answered_by_file && !s_await (self, link, 1)) {
        s_missed (self, link, frame, 1);
    }
    return true;
}

//  When the frame is due. Time never runs backwards; frames without time follow by the gap.
static void s_schedule (replay_t *self, size_t i, int64_t *first_ms)
{
    const capture_frame_t *frame = &self->capture.frames[i];
    int64_t at;
    if (self->speed == 0) {
        return;
    }
    if (frame->timed && *first_ms == UNKNOWN_MS) {
        *first_ms = frame->time_ms - (int64_t) ((double) self->due_ms * self->speed);
    }
    if (frame->timed) {
        at = (int64_t) ((double) (frame->time_ms - *first_ms) / self->speed);
    } else {
        at = i ? self->due_ms + (int64_t) ((double) self->gap_ms / self->speed) : 0;
    }
    self->due_ms = at > self->due_ms ? at : self->due_ms;
    s_sleep_until (self, self->begin_ms + self->due_ms);
}

//  Takes what the last frames are answered with.
static void s_linger (replay_t *self)
{
    int64_t until_ms = clock_mono_ms () + (self->wait_ms ? self->wait_ms : LINGER_MS);
    bool open = true;
    while (open && !s_interrupted && clock_mono_ms () < until_ms) {
        open = clock_mono_ms () < self->last_ms + QUIET_MS;
        for (size_t i = 0; i < self->link_count; i++) {
            open = open || (self->links[i].fd >= 0 && self->links[i].waits);
        }
        if (open) {
            s_listen (self, until_ms);
        }
    }
}

//  Closes what is open, each once the other side has taken all and closed too: a connection that is closed with
//  bytes unread may take those with it that were sent.
static void s_close (replay_t *self)
{
    int64_t until_ms = clock_mono_ms () + LINGER_MS;
    uint64_t closed = self->closed;
    bool open = true;
    for (size_t i = 0; i < self->link_count; i++) {
        if (self->links[i].fd >= 0) {
            (void) shutdown (self->links[i].fd, SHUT_WR);
        }
    }
    while (open && !s_interrupted && clock_mono_ms () < until_ms) {
        open = false;
        s_listen (self, until_ms);
        for (size_t i = 0; i < self->link_count; i++) {
            open = open || self->links[i].fd >= 0;
        }
    }
    for (size_t i = 0; i < self->link_count; i++) {
        s_disconnect (&self->links[i]);
    }
    self->closed = closed;
}

static bool s_play (replay_t *self)
{
    int64_t first_ms = UNKNOWN_MS;
    self->begin_ms = clock_mono_ms ();
    for (size_t i = 0; i < self->capture.count && !s_interrupted; i++) {
        if (!s_sends (self, &self->capture.frames[i])) {
            s_expect (self, i);
            continue;
        }
        s_schedule (self, i, &first_ms);
        if (!s_interrupted && !s_send (self, i)) {
            self->end_ms = clock_mono_ms ();
            return false;
        }
    }
    self->end_ms = clock_mono_ms ();
    s_linger (self);
    return !s_interrupted;
}

static void s_summary (const replay_t *self)
{
    uint64_t connections = 0;
    for (size_t i = 0; i < self->link_count; i++) {
        connections += self->links[i].connected;
    }
    printf ("sent      %" PRIu64 " frames, %" PRIu64 " bytes, over %" PRIu64
            " connections, in %.1f s\n",
            self->frames, self->bytes, connections,
            (double) (self->end_ms - self->begin_ms) / 1000);
    printf ("received  %" PRIu64 " bytes; %" PRIu64 " of the frames were answered\n",
            self->received, self->answered);
    printf ("not sent  %" PRIu64 " frames of the other direction\n", self->passed);
    if (self->closed) {
        printf ("closed    %" PRIu64 " connections by the other side\n", self->closed);
    }
    if (self->missing) {
        printf ("missing   %" PRIu64 " answers\n", self->missing);
    }
}

//  --- Preparing

static bool s_read_all (FILE *file, uint8_t **bytes, size_t *size)
{
    size_t room = 0;
    *size = 0;
    *bytes = NULL;
    for (;;) {
        if (*size == room) {
            room = room ? 2 * room : 1 << 16;
            uint8_t *more = room <= FILE_MAX ? realloc (*bytes, room) : NULL;
            if (!more) {
                errno = room <= FILE_MAX ? ENOMEM : EFBIG;
                return false;
            }
            *bytes = more;
        }
        size_t got = fread (*bytes + *size, 1, room - *size, file);
        *size += got;
        if (got == 0) {
            return !ferror (file);
        }
    }
}

static bool s_load (replay_t *self)
{
    bool standard = strcmp (self->path, "-") == 0;
    FILE *file = standard ? stdin : fopen (self->path, "rb");
    uint8_t *bytes = NULL;
    size_t size = 0;
    capture_fault_t fault = {0};
    bool good = file && s_read_all (file, &bytes, &size);
    if (!good) {
        fprintf (stderr, "fepreplay: %s: %s\n", self->path, strerror (errno));
    } else if (capture_read (bytes_of (bytes, size), &self->capture, &fault) != FEP_OK) {
        fprintf (stderr, "fepreplay: %s:%" PRIu32 ": %s\n", self->path, fault.line, fault.text);
        good = false;
    } else if (self->capture.count == 0) {
        fprintf (stderr, "fepreplay: %s: no frames\n", self->path);
        good = false;
    }
    if (file && !standard) {
        fclose (file);
    }
    free (bytes);
    return good;
}

//  Whose frame it is: as the capture says, or as the codec finds in it, or everybody's.
static const char *s_name (replay_t *self, size_t i)
{
    static const codec_options_t options = {.password_size = 16};
    const capture_frame_t *frame = &self->capture.frames[i];
    bool up = frame->direction != CAPTURE_DOWN;
    if (!frame->name[0] && self->codec && self->codec->address &&
        self->codec->address (capture_bytes (&self->capture, frame), up, &options,
                              self->names[i]) == FEP_OK) {
        return self->names[i];
    }
    return frame->name;
}

//  A link for each terminal.
static bool s_assign (replay_t *self)
{
    for (size_t i = 0; i < self->capture.count; i++) {
        const capture_frame_t *frame = &self->capture.frames[i];
        const char *name = s_name (self, i);
        size_t n = 0;
        while (n < self->link_count && strcmp (self->links[n].name, name) != 0) {
            n++;
        }
        if (n == LINKS_MAX) {
            s_complain (self, frame, "too many terminals in one capture", "");
            return false;
        }
        if (n == self->link_count) {
            self->links[self->link_count++] = (link_t){.name = name, .fd = -1};
        }
        self->owner[i] = n;
        self->answered_by_file = self->answered_by_file ||
                                 (!s_sends (self, frame) && frame->direction != CAPTURE_UNSAID);
    }
    return true;
}

//  --- Options

enum { KEY_TO = 256, KEY_SPEED, KEY_GAP, KEY_DIRECTION, KEY_WAIT };

static const struct argp_option s_options[] = {
    {"to", KEY_TO, "HOST:PORT", 0, "the daemon's listener", 0},
    {"speed", KEY_SPEED, "FACTOR|max", 0,
     "1 (default): at the capture's pace; 10: ten times as fast; max: no pauses", 0},
    {"gap-ms", KEY_GAP, "N", 0, "pause before a frame whose time is not said (100)", 0},
    {"direction", KEY_DIRECTION, "up|down|both", 0,
     "up (default): only frames from terminals are sent; those without direction always are", 0},
    {"wait", KEY_WAIT, "MS", OPTION_ARG_OPTIONAL,
     "where the capture has an answer, go on once as many bytes have come; where it has none at "
     "all, once any have come after each frame; at most MS (5000)",
     0},
    {"codec", 'c', "CODEC", 0, "tell terminals apart by their frames, where the capture does not",
     0},
    {0}};

static int64_t s_number (struct argp_state *state, const char *text, int64_t high)
{
    char *end = NULL;
    errno = 0;
    long long number = strtoll (text, &end, 10);
    if (!*text || *end || errno || number < 0 || number > high) {
        argp_error (state, "'%s' is no whole number from 0 to %lld", text, (long long) high);
    }
    return number;
}

static void s_set_to (struct argp_state *state, replay_t *self, const char *text)
{
    const char *colon = strrchr (text, ':');
    size_t size = colon ? (size_t) (colon - text) : 0;
    if (size >= 2 && text[0] == '[' && text[size - 1] == ']') {
        text++;
        size -= 2;
    }
    if (!colon || size == 0 || size > HOST_MAX || !colon[1]) {
        argp_error (state, "--to: '%s' is not HOST:PORT", text);
    }
    memcpy (self->host, text, size);
    self->host[size] = 0;
    self->port = colon + 1;
}

static void s_set_speed (struct argp_state *state, replay_t *self, const char *text)
{
    char *end = NULL;
    self->speed = strcmp (text, "max") == 0 ? 0 : strtod (text, &end);
    if (end && (*end || end == text || !(self->speed >= 0.001 && self->speed <= 1e6))) {
        argp_error (state, "--speed: '%s' is neither max nor a factor from 0.001 to 1000000", text);
    }
}

static void s_set_direction (struct argp_state *state, replay_t *self, const char *text)
{
    bool both = strcmp (text, "both") == 0;
    self->up = both || strcmp (text, "up") == 0;
    self->down = both || strcmp (text, "down") == 0;
    if (!self->up && !self->down) {
        argp_error (state, "--direction: '%s' is none of up, down, both", text);
    }
}

static error_t s_parse (int key, char *text, struct argp_state *state)
{
    replay_t *self = state->input;
    switch (key) {
    case KEY_TO:
        s_set_to (state, self, text);
        return 0;
    case KEY_SPEED:
        s_set_speed (state, self, text);
        return 0;
    case KEY_GAP:
        self->gap_ms = s_number (state, text, 86400000);
        return 0;
    case KEY_DIRECTION:
        s_set_direction (state, self, text);
        return 0;
    case KEY_WAIT:
        self->wait_ms = text ? s_number (state, text, 3600000) : WAIT_USUAL_MS;
        return 0;
    case 'c':
        self->codec = codec_find (text);
        if (!self->codec) {
            argp_error (state, "--codec: there is no '%s'; fepdecode --list names them", text);
        }
        return 0;
    case ARGP_KEY_ARG:
        if (self->path) {
            argp_error (state, "one FILE only");
        }
        self->path = text;
        return 0;
    case ARGP_KEY_END:
        if (!self->path || !self->port) {
            argp_error (state, "--to and FILE must be given");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp s_argp = {
    .options = s_options,
    .parser = s_parse,
    .args_doc = "--to HOST:PORT FILE",
    .doc = "Plays captured frames against a running daemon, a connection for each terminal. FILE "
           "(or - for the standard input) has JSON objects with hex and perhaps direction, time_ms "
           "and terminal, one a line; or lines of [TIME] [DIRECTION] HEX; or what fepctl trace "
           "printed.\vExit status: 0 all was sent and what was waited for came, 1 not so, 2 wrong "
           "use or a FILE that cannot be read."};

const char *argp_program_version = "fepreplay " FEP_RELEASE;

int main (int argc, char **argv)
{
    replay_t self = {.speed = 1, .gap_ms = GAP_USUAL_MS, .up = true};
    argp_err_exit_status = 2;
    argp_parse (&s_argp, argc, argv, 0, NULL, &self);
    if (!s_load (&self)) {
        return 2;
    }
    self.links = calloc (LINKS_MAX, sizeof *self.links);
    self.polls = calloc (LINKS_MAX, sizeof *self.polls);
    self.owner = calloc (self.capture.count, sizeof *self.owner);
    self.names = calloc (self.capture.count, sizeof *self.names);
    FEP_ASSERT (self.links && self.polls && self.owner && self.names);
    bool good = s_assign (&self);
    if (good) {
        signal (SIGINT, s_on_signal);
        signal (SIGTERM, s_on_signal);
        good = s_play (&self);
        s_close (&self);
        s_summary (&self);
    }
    free (self.links);
    free (self.polls);
    free (self.owner);
    free (self.names);
    capture_free (&self.capture);
    return fflush (stdout) == 0 && good && !self.missing ? 0 : 1;
}
