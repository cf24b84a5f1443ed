//  The simulated Modbus TCP device of bench/ on a port of its own, for masters of other people: modbus_field NUMBER
//  METERS. Prints PORT N, then SAID MP OBIS MANTISSA EXPONENT for each value it put into an answer. One connection at a
//  time; ends when its stdin does.
#include "bench/field_devices.h"
#include "fep/check.h"
#include "fep/clock.h"
#include "fep/point.h"
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BYTES_MAX 4096

typedef struct {
    void *state;               //  Of the device
    int listener;              //  Socket
    int peer;                  //  Socket, or -1
    uint8_t bytes[BYTES_MAX];  //  Received, not yet used
    size_t size;               //  Of them
} server_t;

static void s_said (void *arg, const field_said_t *said)
{
    char obis[24];
    (void) arg;
    point_obis (said->point, obis, sizeof obis);
    printf ("SAID %u %s %lld %d\n", said->mp, obis, (long long) said->mantissa, said->exponent);
}

static void s_listen (server_t *self)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    self->peer = -1;
    self->listener = socket (AF_INET, SOCK_STREAM, 0);
    FEP_ASSERT (self->listener >= 0);
    int error = bind (self->listener, (struct sockaddr *) &address, sizeof address);
    error = error ? error : listen (self->listener, 4);
    error = error ? error : getsockname (self->listener, (struct sockaddr *) &address, &size);
    FEP_ASSERT (error == 0);
    printf ("PORT %u\n", ntohs (address.sin_port));
}

static void s_hang_up (server_t *self)
{
    close (self->peer);
    self->peer = -1;
    self->size = 0;
}

//  What has come, answered as far as it goes.
static void s_serve (server_t *self)
{
    uint8_t out[BYTES_MAX];
    field_turn_t turn = {
        .wall_ms = clock_wall_ms (), .out = out, .capacity = sizeof out, .said = s_said};
    ssize_t got = read (self->peer, self->bytes + self->size, BYTES_MAX - self->size);
    if (got <= 0) {
        s_hang_up (self);
        return;
    }
    self->size += (size_t) got;
    size_t used = field_modbus_tcp.input (self->state, self->bytes, self->size, &turn);
    self->size -= used;
    memmove (self->bytes, self->bytes + used, self->size);
    if (write (self->peer, out, turn.size) != (ssize_t) turn.size) {
        s_hang_up (self);
    }
    fflush (stdout);
}

int main (int argc, char **argv)
{
    server_t self = {.size = 0};
    if (argc != 3) {
        fprintf (stderr, "usage: modbus_field NUMBER METERS\n");
        return 2;
    }
    signal (SIGPIPE, SIG_IGN);
    self.state = calloc (1, field_modbus_tcp.state_size);
    FEP_ASSERT (self.state);
    field_modbus_tcp.start (self.state, (uint32_t) atoi (argv[1]), (uint32_t) atoi (argv[2]));
    s_listen (&self);
    fflush (stdout);
    for (;;) {
        struct pollfd polls[2] = {
            {.fd = STDIN_FILENO, .events = POLLIN},
            {.fd = self.peer < 0 ? self.listener : self.peer, .events = POLLIN}};
        if (poll (polls, 2, -1) < 0 || polls[0].revents) {
            break;
        }
        if (self.peer < 0) {
            self.peer = accept (self.listener, NULL, NULL);
        } else {
            s_serve (&self);
        }
    }
    free (self.state);
    return 0;
}
