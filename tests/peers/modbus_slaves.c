//  Modbus RTU slaves on libmodbus, behind one stream: a pseudo terminal, or a TCP connection dialled as
//  a transparent gateway does, with registration and heartbeats. libmodbus cannot share a stream
//  between slaves (one waits for the answers of the others), so the stream is split by unit here and
//  each slave sits on a socket pair of its own. Prints PTY PATH or DIALLED, then REQUEST UNIT FUNCTION
//  for each request; ends when its stdin or the stream does.
#include "fep/check.h"
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <modbus.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#define UNITS_MAX 64
#define REGISTERS_MAX 1024  //  Of one table of one slave
#define STREAM_MAX 4096     //  Bytes that may wait
#define REPLY_US 2000       //  libmodbus sleeps so long before some exceptions

enum { COILS, INPUT_BITS, HOLDING, INPUTS, TABLES };

typedef struct {
    bool used;                               //  There is such a unit
    bool dead;                               //  It hears and never answers
    int start[TABLES], count[TABLES];        //  Range of each table
    uint16_t values[TABLES][REGISTERS_MAX];  //  As given
    modbus_t *modbus;                        //  On one end of the pair
    modbus_mapping_t *mapping;               //  What it holds
    int fd;                                  //  Our end
} slave_t;

typedef struct {
    bool pty;                   //  --pty
    int port;                   //  --dial
    const char *registration;   //  Sent first, or NULL
    const char *heartbeat;      //  Or NULL
    int heartbeat_ms;           //  Between two; 0: one before each answer
    int delay_ms;               //  Before each answer
    int stream;                 //  The line
    uint8_t bytes[STREAM_MAX];  //  Received, not yet used
    size_t size;                //  Of them
    slave_t slaves[UNITS_MAX];  //  By unit
} peer_t;

//  --- Slaves

static void s_start (slave_t *slave, int unit)
{
    int pair[2];
    int made = socketpair (AF_UNIX, SOCK_STREAM, 0, pair);
    FEP_ASSERT (made == 0);
    slave->fd = pair[0];
    slave->modbus = modbus_new_rtu ("/dev/null", 9600, 'N', 8, 1);
    FEP_ASSERT (slave->modbus);
    modbus_set_slave (slave->modbus, unit);
    modbus_set_socket (slave->modbus, pair[1]);
    modbus_set_response_timeout (slave->modbus, 0, REPLY_US);
    slave->mapping = modbus_mapping_new_start_address (
        (unsigned) slave->start[COILS], (unsigned) slave->count[COILS],
        (unsigned) slave->start[INPUT_BITS], (unsigned) slave->count[INPUT_BITS],
        (unsigned) slave->start[HOLDING], (unsigned) slave->count[HOLDING],
        (unsigned) slave->start[INPUTS], (unsigned) slave->count[INPUTS]);
    FEP_ASSERT (slave->mapping);
    for (int i = 0; i < REGISTERS_MAX; i++) {
        if (i < slave->count[COILS]) {
            slave->mapping->tab_bits[i] = (uint8_t) slave->values[COILS][i];
        }
        if (i < slave->count[INPUT_BITS]) {
            slave->mapping->tab_input_bits[i] = (uint8_t) slave->values[INPUT_BITS][i];
        }
        if (i < slave->count[HOLDING]) {
            slave->mapping->tab_registers[i] = slave->values[HOLDING][i];
        }
        if (i < slave->count[INPUTS]) {
            slave->mapping->tab_input_registers[i] = slave->values[INPUTS][i];
        }
    }
}

static void s_send (const peer_t *self, const void *bytes, size_t size)
{
    ssize_t sent = write (self->stream, bytes, size);
    if (sent != (ssize_t) size) {
        exit (0);
    }
}

//  One request to its slave, its answer to the line.
static void s_serve (const peer_t *self, slave_t *slave, const uint8_t *request, size_t size)
{
    uint8_t query[MODBUS_RTU_MAX_ADU_LENGTH], answer[MODBUS_RTU_MAX_ADU_LENGTH];
    ssize_t put = write (slave->fd, request, size);
    FEP_ASSERT (put == (ssize_t) size);
    int got = modbus_receive (slave->modbus, query);
    if (got > 0) {
        modbus_reply (slave->modbus, query, got, slave->mapping);
    }
    ssize_t length = recv (slave->fd, answer, sizeof answer, MSG_DONTWAIT);
    if (length <= 0) {
        return;
    }
    poll (NULL, 0, self->delay_ms);
    if (self->heartbeat && !self->heartbeat_ms) {
        s_send (self, self->heartbeat, strlen (self->heartbeat));
    }
    s_send (self, answer, (size_t) length);
}

//  --- The stream

//  Bytes of the request at the head; 0 = not known yet.
static size_t s_request_size (const uint8_t *head, size_t size)
{
    switch (size > 1 ? head[1] : 0) {
    case 0:
        return 0;
    case 0x0F:
    case 0x10:
        return size > 6 ? 9u + head[6] : 0;
    case 0x07:
    case 0x11:
        return 4;
    case 0x16:
        return 10;
    case 0x17:
        return size > 10 ? 13u + head[10] : 0;
    default:
        return 8;
    }
}

static void s_serve_all (peer_t *self)
{
    while (true) {
        size_t size = s_request_size (self->bytes, self->size);
        if (!size || self->size < size) {
            return;
        }
        int unit = self->bytes[0];
        printf ("REQUEST %d %d\n", unit, self->bytes[1]);
        fflush (stdout);
        slave_t *slave = unit < UNITS_MAX ? &self->slaves[unit] : NULL;
        if (slave && slave->used && !slave->dead) {
            s_serve (self, slave, self->bytes, size);
        }
        self->size -= size;
        memmove (self->bytes, self->bytes + size, self->size);
    }
}

static void s_run (peer_t *self)
{
    struct pollfd wait[] = {{.fd = self->stream, .events = POLLIN},
                            {.fd = STDIN_FILENO, .events = POLLIN}};
    while (true) {
        int ready = poll (wait, 2, self->heartbeat && self->heartbeat_ms ? self->heartbeat_ms : -1);
        if (ready == 0) {
            s_send (self, self->heartbeat, strlen (self->heartbeat));
        }
        if (wait[1].revents) {
            return;
        }
        if (wait[0].revents) {
            ssize_t got = read (self->stream, self->bytes + self->size, STREAM_MAX - self->size);
            if (got <= 0) {
                return;
            }
            self->size += (size_t) got;
            s_serve_all (self);
        }
    }
}

//  Our own hold on the far end keeps the line up between two users of it.
static void s_open_pty (peer_t *self)
{
    struct termios raw;
    self->stream = posix_openpt (O_RDWR | O_NOCTTY);
    FEP_ASSERT (self->stream >= 0 && grantpt (self->stream) == 0 && unlockpt (self->stream) == 0);
    const char *name = ptsname (self->stream);
    int hold = name ? open (name, O_RDWR | O_NOCTTY) : -1;
    FEP_ASSERT (hold >= 0 && tcgetattr (hold, &raw) == 0);
    cfmakeraw (&raw);
    tcsetattr (hold, TCSANOW, &raw);
    printf ("PTY %s\n", name);
    fflush (stdout);
}

static void s_dial (peer_t *self)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons ((uint16_t) self->port),
                                  .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    self->stream = socket (AF_INET, SOCK_STREAM, 0);
    if (connect (self->stream, (struct sockaddr *) &address, sizeof address) < 0) {
        fprintf (stderr, "modbus_slaves: port %d: %s\n", self->port, strerror (errno));
        exit (1);
    }
    if (self->registration) {
        s_send (self, self->registration, strlen (self->registration));
    }
    printf ("DIALLED\n");
    fflush (stdout);
}

//  --- Arguments

enum { KEY_PTY = 256, KEY_DIAL, KEY_REGISTRATION, KEY_HEARTBEAT, KEY_HEARTBEAT_MS, KEY_DELAY_MS };

static const struct argp_option s_options[] = {
    {"pty", KEY_PTY, NULL, 0, "the line is a pseudo terminal", 0},
    {"dial", KEY_DIAL, "PORT", 0, "the line is a connection to this port here", 0},
    {"registration", KEY_REGISTRATION, "TEXT", 0, "sent first", 0},
    {"heartbeat", KEY_HEARTBEAT, "TEXT", 0, "sent in front of each answer", 0},
    {"heartbeat-ms", KEY_HEARTBEAT_MS, "N", 0, "sent after so long without traffic instead", 0},
    {"delay-ms", KEY_DELAY_MS, "N", 0, "before each answer", 0},
    {0}};

//  "7", "7:dead", "7:3:0x10=0001,FFFF": a unit; one that never answers; its table of a function.
static void s_parse_unit (struct argp_state *state, peer_t *self, const char *text)
{
    char *end = NULL;
    long unit = strtol (text, &end, 10);
    if (end == text || unit < 1 || unit >= UNITS_MAX) {
        argp_error (state, "'%s': unit 1 to %d", text, UNITS_MAX - 1);
    }
    slave_t *slave = &self->slaves[unit];
    slave->used = true;
    if (strcmp (end, ":dead") == 0) {
        slave->dead = true;
        return;
    }
    if (*end == 0) {
        return;
    }
    //  Functions 1 coils, 2 inputs, 3 holding registers, 4 input registers.
    long table = strtol (end + 1, &end, 10) - 1;
    if (table < 0 || table >= TABLES || *end != ':') {
        argp_error (state, "'%s': UNIT:FUNCTION:ADDRESS=HEX,HEX...", text);
    }
    slave->start[table] = (int) strtol (end + 1, &end, 0);
    while ((*end == '=' || *end == ',') && slave->count[table] < REGISTERS_MAX) {
        slave->values[table][slave->count[table]++] = (uint16_t) strtol (end + 1, &end, 16);
    }
    if (*end) {
        argp_error (state, "'%s': what is '%s'?", text, end);
    }
}

static error_t s_parse (int key, char *text, struct argp_state *state)
{
    peer_t *self = state->input;
    switch (key) {
    case KEY_PTY:
        self->pty = true;
        return 0;
    case KEY_DIAL:
        self->port = atoi (text);
        return 0;
    case KEY_REGISTRATION:
        self->registration = text;
        return 0;
    case KEY_HEARTBEAT:
        self->heartbeat = text;
        return 0;
    case KEY_HEARTBEAT_MS:
        self->heartbeat_ms = atoi (text);
        return 0;
    case KEY_DELAY_MS:
        self->delay_ms = atoi (text);
        return 0;
    case ARGP_KEY_ARG:
        s_parse_unit (state, self, text);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp s_argp = {.options = s_options,
                                   .parser = s_parse,
                                   .args_doc = "UNIT[:dead|:FUNCTION:ADDRESS=HEX,HEX...]..."};

int main (int argc, char **argv)
{
    static peer_t self;
    argp_parse (&s_argp, argc, argv, 0, NULL, &self);
    signal (SIGPIPE, SIG_IGN);
    for (int unit = 1; unit < UNITS_MAX; unit++) {
        if (self.slaves[unit].used) {
            s_start (&self.slaves[unit], unit);
        }
    }
    if (self.pty) {
        s_open_pty (&self);
    } else {
        s_dial (&self);
    }
    s_run (&self);
    return 0;
}
