//  Plain TCP.
#include "actors/transport.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 4096

typedef union {
    struct sockaddr any;     //  For the calls
    struct sockaddr_in v4;   //  AF_INET
    struct sockaddr_in6 v6;  //  AF_INET6
} address_t;

static bool s_address (const char *text, uint16_t port, address_t *address, socklen_t *size)
{
    memset (address, 0, sizeof *address);
    if (inet_pton (AF_INET, text, &address->v4.sin_addr) == 1) {
        address->v4.sin_family = AF_INET;
        address->v4.sin_port = htons (port);
        *size = sizeof address->v4;
        return true;
    }
    if (inet_pton (AF_INET6, text, &address->v6.sin6_addr) == 1) {
        address->v6.sin6_family = AF_INET6;
        address->v6.sin6_port = htons (port);
        *size = sizeof address->v6;
        return true;
    }
    return false;
}

bool transport_is_loopback (const char *text)
{
    address_t address;
    socklen_t size;
    if (!s_address (text, 0, &address, &size)) {
        return false;
    }
    if (address.any.sa_family == AF_INET) {
        return (ntohl (address.v4.sin_addr.s_addr) >> 24) == 127;
    }
    return IN6_IS_ADDR_LOOPBACK (&address.v6.sin6_addr);
}

//  A bound, not yet listening socket.
static fep_err_t s_bind (const char *text, uint16_t port, bool shared, int *fd)
{
    address_t address;
    socklen_t size;
    int on = 1;
    if (!s_address (text, port, &address, &size)) {
        return FEP_RANGE;
    }
    int made = socket (address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (made < 0) {
        return FEP_SYSTEM;
    }
    if (setsockopt (made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        (shared && setsockopt (made, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0) ||
        bind (made, &address.any, size) != 0) {
        int error = errno;
        close (made);
        errno = error;
        return FEP_SYSTEM;
    }
    *fd = made;
    return FEP_OK;
}

fep_err_t transport_probe (const char *address, uint16_t port)
{
    int fd;
    fep_err_t error = s_bind (address, port, false, &fd);
    if (error == FEP_OK) {
        close (fd);
    }
    return error;
}

fep_err_t transport_listen (const char *address, uint16_t port, int *fd)
{
    fep_err_t error = s_bind (address, port, true, fd);
    if (error == FEP_OK && listen (*fd, BACKLOG) != 0) {
        int cause = errno;
        close (*fd);
        errno = cause;
        error = FEP_SYSTEM;
    }
    return error;
}

static void s_peer (const address_t *address, peer_t *peer)
{
    char text[INET6_ADDRSTRLEN] = "?";
    memset (peer, 0, sizeof *peer);
    if (address->any.sa_family == AF_INET) {
        inet_ntop (AF_INET, &address->v4.sin_addr, text, sizeof text);
        peer->ip[10] = peer->ip[11] = 0xFF;
        memcpy (peer->ip + 12, &address->v4.sin_addr, 4);
        snprintf (peer->text, sizeof peer->text, "%s:%u", text, ntohs (address->v4.sin_port));
    } else {
        inet_ntop (AF_INET6, &address->v6.sin6_addr, text, sizeof text);
        memcpy (peer->ip, &address->v6.sin6_addr, 16);
        snprintf (peer->text, sizeof peer->text, "[%s]:%u", text, ntohs (address->v6.sin6_port));
    }
}

fep_err_t transport_accept (int listener, int *fd, peer_t *peer)
{
    address_t address;
    socklen_t size = sizeof address;
    int on = 1;
    int made = accept4 (listener, &address.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (made < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            return FEP_FULL;
        }
        return errno == EAGAIN || errno == EINTR || errno == ECONNABORTED ? FEP_NOT_FOUND
                                                                          : FEP_SYSTEM;
    }
    setsockopt (made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    s_peer (&address, peer);
    *fd = made;
    return FEP_OK;
}

fep_err_t transport_read (int fd, void *data, size_t size, size_t *done)
{
    ssize_t n = recv (fd, data, size, 0);
    *done = n > 0 ? (size_t) n : 0;
    if (n == 0) {
        return FEP_CLOSED;
    }
    return n > 0 || errno == EAGAIN || errno == EINTR ? FEP_OK : FEP_IO;
}

fep_err_t transport_write (int fd, bytes_t bytes, size_t *done)
{
    ssize_t n = send (fd, bytes.data, bytes.size, MSG_NOSIGNAL);
    *done = n > 0 ? (size_t) n : 0;
    return n >= 0 || errno == EAGAIN || errno == EINTR ? FEP_OK : FEP_IO;
}

void transport_close (int fd)
{
    close (fd);
}
