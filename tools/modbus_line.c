//  On libmodbus. Serial and TCP use its calls whole. RTU over TCP it does not know: it is given our own
//  descriptor, sends the question, and reads the answer once we have thrown away what stands before it,
//  for it cannot find the beginning of an answer behind a heartbeat by itself.
#include "tools/modbus_line.h"
#include "fep/clock.h"
#include <errno.h>
#include <fcntl.h>
#include <modbus.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECT_MS 5000        //  For a TCP connection to stand
#define REGISTRATION_MS 10000  //  For a registration packet to be whole
#define SLICE_MS 200           //  Between looks at Ctrl-C while waiting for a gateway
#define DESCRIPTOR_MAX 1024    //  libmodbus selects: beyond it, it would abort
#define ATTEMPTS 3             //  Of a read that is to succeed
#define HOST_MAX 256           //  Characters

struct modbus_line {
    modbus_t *modbus;                           //  The library's context; closes its descriptor
    line_form_t form;                           //  How it is reached
    int fd;                                     //  Of RTU over TCP; -1 = the library's own
    int timeout_ms;                             //  Of one exchange
    int64_t began_ms;                           //  The exchange at hand
    uint8_t answer[MODBUS_TCP_MAX_ADU_LENGTH];  //  Of RTU over TCP
};

static const struct {
    int number;        //  On the wire
    const char *name;  //  In the standard
} s_exceptions[] = {{1, "illegal function"},
                    {2, "illegal data address"},
                    {3, "illegal data value"},
                    {4, "device failure"},
                    {5, "acknowledge: it needs long for this"},
                    {6, "device busy"},
                    {7, "negative acknowledge"},
                    {8, "memory parity error"},
                    {10, "gateway: no path to the unit"},
                    {11, "gateway: the unit did not answer"}};

const char *modbus_line_exception_name (int exception)
{
    for (size_t i = 0; i < sizeof s_exceptions / sizeof s_exceptions[0]; i++) {
        if (s_exceptions[i].number == exception) {
            return s_exceptions[i].name;
        }
    }
    return "an exception of its own";
}

//  --- Opening

//  "HOST:PORT", "[HOST]:PORT" or, if host may be absent, "PORT".
static bool s_split (const char *where, char *host, const char **port)
{
    const char *colon = strrchr (where, ':');
    *port = colon ? colon + 1 : where;
    size_t size = colon ? (size_t) (colon - where) : 0;
    if (size >= 2 && where[0] == '[' && where[size - 1] == ']') {
        where++;
        size -= 2;
    }
    if (size >= HOST_MAX || !**port) {
        return false;
    }
    memcpy (host, where, size);
    host[size] = 0;
    return true;
}

//  Connects within CONNECT_MS; the error of the last address if none works.
static int s_connect_one (const struct addrinfo *address)
{
    int fd = socket (address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    int error = connect (fd, address->ai_addr, address->ai_addrlen) < 0 ? errno : 0;
    if (error == EINPROGRESS) {
        struct pollfd wait = {.fd = fd, .events = POLLOUT};
        socklen_t size = sizeof error;
        int ready = poll (&wait, 1, CONNECT_MS);
        error = ready > 0 ? 0 : ETIMEDOUT;
        if (ready > 0) {
            getsockopt (fd, SOL_SOCKET, SO_ERROR, &error, &size);
        }
    }
    if (error) {
        close (fd);
        errno = error;
        return -1;
    }
    return fd;
}

static fep_err_t s_resolve (const char *where, bool listening, struct addrinfo **list, char *text,
                            size_t size)
{
    char host[HOST_MAX];
    const char *port = NULL;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICSERV | (listening ? AI_PASSIVE : 0)};
    if (!s_split (where, host, &port) || (!*host && !listening)) {
        snprintf (text, size, "'%s' is not %s", where, listening ? "[HOST:]PORT" : "HOST:PORT");
        return FEP_SYNTAX;
    }
    hints.ai_family = listening && !*host ? AF_INET : AF_UNSPEC;
    int error = getaddrinfo (*host ? host : NULL, port, &hints, list);
    if (error) {
        snprintf (text, size, "%s: %s", where, gai_strerror (error));
        return FEP_NOT_FOUND;
    }
    return FEP_OK;
}

static fep_err_t s_dial (const char *where, int *fd, char *text, size_t size)
{
    struct addrinfo *list = NULL;
    fep_err_t error = s_resolve (where, false, &list, text, size);
    if (error) {
        return error;
    }
    *fd = -1;
    for (const struct addrinfo *at = list; at && *fd < 0; at = at->ai_next) {
        *fd = s_connect_one (at);
    }
    if (*fd < 0) {
        snprintf (text, size, "%s: %s; is the gateway on, and is this its port?", where,
                  strerror (errno));
    }
    freeaddrinfo (list);
    return *fd < 0 ? FEP_IO : FEP_OK;
}

//  Waits for one gateway; tells the port on stderr, for it may be any.
static fep_err_t s_accept (const line_setup_t *setup, int listener, int *fd, char *text,
                           size_t size)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    char port[16] = "?";
    if (getsockname (listener, (struct sockaddr *) &address, &length) == 0) {
        getnameinfo ((struct sockaddr *) &address, length, NULL, 0, port, sizeof port,
                     NI_NUMERICSERV);
    }
    fprintf (stderr, "fepctl: waiting for a gateway on port %s\n", port);
    while (!setup->interrupted ()) {
        struct pollfd wait = {.fd = listener, .events = POLLIN};
        if (poll (&wait, 1, SLICE_MS) > 0) {
            *fd = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);
            if (*fd >= 0) {
                return FEP_OK;
            }
        }
    }
    snprintf (text, size, "no gateway came");
    return FEP_STOPPING;
}

static fep_err_t s_listen (const line_setup_t *setup, int *fd, char *text, size_t size)
{
    struct addrinfo *list = NULL;
    fep_err_t error = s_resolve (setup->where, true, &list, text, size);
    if (error) {
        return error;
    }
    int on = 1;
    int listener = socket (list->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || setsockopt (listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        bind (listener, list->ai_addr, list->ai_addrlen) < 0 || listen (listener, 1) < 0) {
        snprintf (text, size, "%s: %s", setup->where, strerror (errno));
        error = FEP_IO;
    } else {
        error = s_accept (setup, listener, fd, text, size);
    }
    if (listener >= 0) {
        close (listener);
    }
    freeaddrinfo (list);
    return error;
}

//  What a gateway says first, shown to whoever commissions it.
static fep_err_t s_registration (const line_setup_t *setup, int fd, char *text, size_t size)
{
    int64_t until = clock_mono_ms () + REGISTRATION_MS;
    int got = 0;
    fprintf (stderr, "fepctl: a gateway is there%s", setup->registration_bytes ? ": " : "\n");
    while (got < setup->registration_bytes) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        uint8_t byte = 0;
        int64_t left = until - clock_mono_ms ();
        if (left <= 0 || setup->interrupted () ||
            (poll (&wait, 1, SLICE_MS) > 0 && recv (fd, &byte, 1, 0) != 1)) {
            fprintf (stderr, "\n");
            snprintf (text, size, "after %d of %d bytes the registration was still not whole", got,
                      setup->registration_bytes);
            return FEP_TIMEOUT;
        }
        if (wait.revents) {
            fprintf (stderr, byte > 0x20 && byte < 0x7F ? "%c" : "\\x%02x", byte);
            got++;
        }
    }
    fprintf (stderr, "%s", got ? "\n" : "");
    return FEP_OK;
}

//  Gives libmodbus a descriptor of ours; RTU's own open is never called.
static fep_err_t s_open_stream (modbus_line_t *self, const line_setup_t *setup, char *text,
                                size_t size)
{
    bool listening = setup->form == LINE_RTU_LISTEN;
    int on = 1;
    fep_err_t error = listening ? s_listen (setup, &self->fd, text, size)
                                : s_dial (setup->where, &self->fd, text, size);
    if (error) {
        return error;
    }
    setsockopt (self->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl (self->fd, F_SETFL, fcntl (self->fd, F_GETFL) & ~O_NONBLOCK);
    if (self->fd < DESCRIPTOR_MAX) {
        self->modbus = modbus_new_rtu ("/dev/null", 9600, 'N', 8, 1);
    }
    if (!self->modbus || modbus_set_socket (self->modbus, self->fd) < 0) {
        close (self->fd);
        snprintf (text, size, "%s: %s", setup->where, modbus_strerror (errno));
        return FEP_SYSTEM;
    }
    return listening ? s_registration (setup, self->fd, text, size) : FEP_OK;
}

static fep_err_t s_open_serial (modbus_line_t *self, const line_setup_t *setup, char *text,
                                size_t size)
{
    self->modbus = modbus_new_rtu (setup->where, setup->baud, setup->parity, 8, setup->stop);
    if (!self->modbus || modbus_connect (self->modbus) < 0) {
        snprintf (text, size, "%s: %s; does the device exist, may you open it?", setup->where,
                  modbus_strerror (errno));
        return FEP_IO;
    }
    return FEP_OK;
}

//  libmodbus has no name resolution we can bound; so it is given our connection here too.
static fep_err_t s_open_tcp (modbus_line_t *self, const line_setup_t *setup, char *text,
                             size_t size)
{
    int fd = -1, on = 1;
    fep_err_t error = s_dial (setup->where, &fd, text, size);
    if (error) {
        return error;
    }
    setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl (fd, F_SETFL, fcntl (fd, F_GETFL) & ~O_NONBLOCK);
    self->modbus =
        fd < DESCRIPTOR_MAX ? modbus_new_tcp ("127.0.0.1", MODBUS_TCP_DEFAULT_PORT) : NULL;
    if (!self->modbus || modbus_set_socket (self->modbus, fd) < 0) {
        close (fd);
        snprintf (text, size, "%s: %s", setup->where, modbus_strerror (errno));
        return FEP_SYSTEM;
    }
    return FEP_OK;
}

fep_err_t modbus_line_open (const line_setup_t *setup, modbus_line_t **self_p, char *text,
                            size_t size)
{
    static fep_err_t (*const open[]) (modbus_line_t *, const line_setup_t *, char *,
                                      size_t) = {[LINE_SERIAL] = s_open_serial,
                                                 [LINE_TCP] = s_open_tcp,
                                                 [LINE_RTU_TCP] = s_open_stream,
                                                 [LINE_RTU_LISTEN] = s_open_stream};
    modbus_line_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    self->fd = -1;
    self->form = setup->form;
    self->timeout_ms = setup->timeout_ms;
    fep_err_t error = open[setup->form](self, setup, text, size);
    if (error) {
        modbus_line_close (&self);
        return error;
    }
    uint32_t seconds = (uint32_t) setup->timeout_ms / 1000;
    uint32_t micros = (uint32_t) setup->timeout_ms % 1000 * 1000;
    modbus_set_response_timeout (self->modbus, seconds, micros);
    modbus_set_byte_timeout (self->modbus, seconds, micros);
    *self_p = self;
    return FEP_OK;
}

void modbus_line_close (modbus_line_t **self_p)
{
    FEP_ASSERT (self_p);
    modbus_line_t *self = *self_p;
    if (self) {
        if (self->modbus) {
            modbus_close (self->modbus);
            modbus_free (self->modbus);
        }
        free (self);
        *self_p = NULL;
    }
}

//  --- One exchange

static modbus_line_reply_t s_reply (const modbus_line_t *self, line_end_t end, const char *text)
{
    return (modbus_line_reply_t){
        .end = end, .elapsed_ms = (int) (clock_mono_ms () - self->began_ms), .text = text};
}

static modbus_line_reply_t s_refused (const modbus_line_t *self, int exception)
{
    modbus_line_reply_t reply =
        s_reply (self, LINE_REFUSED, modbus_line_exception_name (exception));
    reply.exception = exception;
    return reply;
}

//  From errno, as libmodbus leaves it.
static modbus_line_reply_t s_failed (const modbus_line_t *self)
{
    int error = errno;
    if (error > MODBUS_ENOBASE && error <= EMBXGTAR) {
        return s_refused (self, error - MODBUS_ENOBASE);
    }
    if (error == ETIMEDOUT) {
        return s_reply (self, LINE_SILENT, "no answer in time");
    }
    if (error >= EMBBADCRC && error <= EMBBADSLAVE) {
        return s_reply (self, LINE_GARBLED, modbus_strerror (error));
    }
    return s_reply (self, LINE_BROKEN, strerror (error));
}

//  Throws away what came since the last exchange. False: the other side has closed.
static bool s_drain (modbus_line_t *self)
{
    uint8_t junk[256];
    if (self->form == LINE_SERIAL) {
        modbus_flush (self->modbus);
        return true;
    }
    ssize_t got = 1;
    while (got > 0) {
        got = recv (modbus_get_socket (self->modbus), junk, sizeof junk, MSG_DONTWAIT);
    }
    return got < 0 && (errno == EAGAIN || errno == EINTR);
}

//  Before each exchange. False: *reply says why there can be none.
static bool s_begin (modbus_line_t *self, int unit, modbus_line_reply_t *reply)
{
    self->began_ms = clock_mono_ms ();
    if (!s_drain (self)) {
        *reply = s_reply (self, LINE_BROKEN, "the other side has closed the connection");
        return false;
    }
    if (modbus_set_slave (self->modbus, unit) < 0) {
        *reply = s_failed (self);
        return false;
    }
    return true;
}

//  Throws bytes away until the head can be the answer. bytes: its octet count, -1 = any.
//  False: silent, or broken.
static bool s_find_head (modbus_line_t *self, int unit, int function, int bytes)
{
    int64_t until = self->began_ms + self->timeout_ms;
    while (true) {
        uint8_t head[3] = {0};
        ssize_t got = recv (self->fd, head, sizeof head, MSG_PEEK | MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) {
            errno = got == 0 ? ECONNRESET : errno;
            return false;
        }
        bool refused = got > 1 && head[1] == (function | 0x80);
        bool mine = got > 0 && head[0] == unit && (got < 2 || head[1] == function || refused) &&
                    (got < 3 || refused || bytes < 0 || head[2] == bytes);
        if (mine && got == sizeof head) {
            return true;
        }
        if (got > 0 && !mine) {
            got = recv (self->fd, head, 1, 0);
            continue;
        }
        //  Not three bytes yet; what is there would wake a poll at once.
        int64_t left = until - clock_mono_ms ();
        struct pollfd wait = {.fd = self->fd, .events = POLLIN};
        if (left <= 0) {
            errno = ETIMEDOUT;
            return false;
        }
        if (got > 0) {
            poll (NULL, 0, 1);
        } else {
            poll (&wait, 1, (int) left);
        }
    }
}

//  A question over our own stream: unit, function and what follows. bytes as above.
static modbus_line_reply_t s_ask_stream (modbus_line_t *self, const uint8_t *question, size_t size,
                                         int bytes)
{
    if (modbus_send_raw_request (self->modbus, (uint8_t *) question, (int) size) < 0 ||
        !s_find_head (self, question[0], question[1], bytes)) {
        return s_failed (self);
    }
    int got = modbus_receive_confirmation (self->modbus, self->answer);
    if (got < 0) {
        return s_failed (self);
    }
    if (got < 5) {
        return s_reply (self, LINE_GARBLED, "too short");
    }
    return self->answer[1] & 0x80 ? s_refused (self, self->answer[2])
                                  : s_reply (self, LINE_ANSWERED, NULL);
}

static void s_put16 (uint8_t *at, int value)
{
    at[0] = (uint8_t) (value >> 8);
    at[1] = (uint8_t) value;
}

static modbus_line_reply_t s_read_stream (modbus_line_t *self, int unit, int function, int address,
                                          int count, uint16_t *values)
{
    uint8_t question[6] = {(uint8_t) unit, (uint8_t) function};
    s_put16 (question + 2, address);
    s_put16 (question + 4, count);
    bool bits = function < 3;
    modbus_line_reply_t reply =
        s_ask_stream (self, question, sizeof question, bits ? (count + 7) / 8 : count * 2);
    const uint8_t *data = self->answer + 3;
    for (int i = 0; i < count && reply.end == LINE_ANSWERED; i++) {
        int word = bits ? data[i / 8] >> i % 8 & 1 : data[2 * i] << 8 | data[2 * i + 1];
        values[i] = (uint16_t) word;
    }
    return reply;
}

static int s_read_bits (modbus_line_t *self, int function, int address, int count, uint16_t *values)
{
    uint8_t bits[LINE_BITS_MAX];
    int got = function == MODBUS_FC_READ_COILS
                  ? modbus_read_bits (self->modbus, address, count, bits)
                  : modbus_read_input_bits (self->modbus, address, count, bits);
    for (int i = 0; i < got; i++) {
        values[i] = bits[i];
    }
    return got;
}

modbus_line_reply_t modbus_line_read (modbus_line_t *self, int unit, int function, int address,
                                      int count, uint16_t *values)
{
    FEP_ASSERT (function >= 1 && function <= 4 && count >= 1);
    FEP_ASSERT (count <= (function < 3 ? LINE_BITS_MAX : LINE_REGISTERS_MAX));
    modbus_line_reply_t reply;
    if (!s_begin (self, unit, &reply)) {
        return reply;
    }
    if (self->fd >= 0) {
        return s_read_stream (self, unit, function, address, count, values);
    }
    int got = function < 3 ? s_read_bits (self, function, address, count, values)
              : function == MODBUS_FC_READ_HOLDING_REGISTERS
                  ? modbus_read_registers (self->modbus, address, count, values)
                  : modbus_read_input_registers (self->modbus, address, count, values);
    return got < 0 ? s_failed (self) : s_reply (self, LINE_ANSWERED, NULL);
}

modbus_line_reply_t modbus_line_read_surely (modbus_line_t *self, int unit, int function,
                                             int address, int count, uint16_t *values)
{
    modbus_line_reply_t reply = {.end = LINE_SILENT};
    for (int i = 0; i < ATTEMPTS && (reply.end == LINE_SILENT || reply.end == LINE_GARBLED); i++) {
        reply = modbus_line_read (self, unit, function, address, count, values);
    }
    return reply;
}

//  --- Writing

static modbus_line_reply_t s_write_stream (modbus_line_t *self, int unit, int function, int address,
                                           int count, const uint16_t *values)
{
    uint8_t question[MODBUS_RTU_MAX_ADU_LENGTH] = {(uint8_t) unit, (uint8_t) function};
    size_t size = 6;
    s_put16 (question + 2, address);
    s_put16 (question + 4, function == MODBUS_FC_WRITE_SINGLE_COIL       ? values[0] ? 0xFF00 : 0
                           : function == MODBUS_FC_WRITE_SINGLE_REGISTER ? values[0]
                                                                         : count);
    if (function == MODBUS_FC_WRITE_MULTIPLE_COILS) {
        question[size++] = (uint8_t) ((count + 7) / 8);
        for (int i = 0; i < count; i++) {
            question[size + (size_t) i / 8] |= (uint8_t) ((values[i] ? 1 : 0) << i % 8);
        }
        size += (size_t) (count + 7) / 8;
    } else if (function == MODBUS_FC_WRITE_MULTIPLE_REGISTERS) {
        question[size++] = (uint8_t) (2 * count);
        for (int i = 0; i < count; i++, size += 2) {
            s_put16 (question + size, values[i]);
        }
    }
    modbus_line_reply_t reply = s_ask_stream (self, question, size, -1);
    if (reply.end == LINE_ANSWERED && memcmp (self->answer + 2, question + 2, 4) != 0) {
        return s_reply (self, LINE_GARBLED, "the echo is another one");
    }
    return reply;
}

static int s_write_bits (modbus_line_t *self, int address, int count, const uint16_t *values)
{
    uint8_t bits[LINE_BITS_WRITE_MAX];
    for (int i = 0; i < count; i++) {
        bits[i] = values[i] ? 1 : 0;
    }
    return modbus_write_bits (self->modbus, address, count, bits);
}

modbus_line_reply_t modbus_line_write (modbus_line_t *self, int unit, int function, int address,
                                       int count, const uint16_t *values)
{
    bool bits = function == MODBUS_FC_WRITE_MULTIPLE_COILS;
    FEP_ASSERT (count >= 1 && count <= (bits ? LINE_BITS_WRITE_MAX : LINE_REGISTERS_WRITE_MAX));
    modbus_line_reply_t reply;
    int done = -1;
    if (!s_begin (self, unit, &reply)) {
        return reply;
    }
    if (self->fd >= 0) {
        return s_write_stream (self, unit, function, address, count, values);
    }
    switch (function) {
    case MODBUS_FC_WRITE_SINGLE_COIL:
        done = modbus_write_bit (self->modbus, address, values[0] ? 1 : 0);
        break;
    case MODBUS_FC_WRITE_SINGLE_REGISTER:
        done = modbus_write_register (self->modbus, address, values[0]);
        break;
    case MODBUS_FC_WRITE_MULTIPLE_COILS:
        done = s_write_bits (self, address, count, values);
        break;
    default:
        FEP_ASSERT (function == MODBUS_FC_WRITE_MULTIPLE_REGISTERS);
        done = modbus_write_registers (self->modbus, address, count, values);
        break;
    }
    return done < 0 ? s_failed (self) : s_reply (self, LINE_ANSWERED, NULL);
}

modbus_line_reply_t modbus_line_server_id (modbus_line_t *self, int unit, uint8_t *id, size_t size,
                                           size_t *got)
{
    uint8_t whole[MODBUS_TCP_MAX_ADU_LENGTH] = {0};
    const uint8_t *data = whole;
    modbus_line_reply_t reply;
    *got = 0;
    if (!s_begin (self, unit, &reply)) {
        return reply;
    }
    if (self->fd >= 0) {
        uint8_t question[2] = {(uint8_t) unit, MODBUS_FC_REPORT_SLAVE_ID};
        reply = s_ask_stream (self, question, sizeof question, -1);
        *got = self->answer[2];
        data = self->answer + 3;
    } else {
        int length = modbus_report_slave_id (self->modbus, sizeof whole, whole);
        reply = length < 0 ? s_failed (self) : s_reply (self, LINE_ANSWERED, NULL);
        *got = length < 0 ? 0 : (size_t) length;
    }
    *got = reply.end != LINE_ANSWERED ? 0 : *got < size ? *got : size;
    memcpy (id, data, *got);
    return reply;
}
