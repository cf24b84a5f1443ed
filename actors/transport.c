//  Plain TCP, UDP and serial lines.
#include "actors/transport.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <termios.h>
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

bool transport_ip (const char *text, uint8_t ip[16])
{
    address_t address;
    socklen_t size;
    if (!s_address (text, 0, &address, &size)) {
        return false;
    }
    memset (ip, 0, 16);
    if (address.any.sa_family == AF_INET) {
        ip[10] = ip[11] = 0xFF;
        memcpy (ip + 12, &address.v4.sin_addr, 4);
    } else {
        memcpy (ip, &address.v6.sin6_addr, 16);
    }
    return true;
}

//  A bound, not yet listening socket.
static fep_err_t s_bind (const char *text, uint16_t port, int type, bool shared, int *fd)
{
    address_t address;
    socklen_t size;
    int on = 1;
    if (!s_address (text, port, &address, &size)) {
        return FEP_RANGE;
    }
    int made = socket (address.any.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
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

fep_err_t transport_probe (const char *address, uint16_t port, bool udp)
{
    int fd;
    fep_err_t error = s_bind (address, port, udp ? SOCK_DGRAM : SOCK_STREAM, false, &fd);
    if (error == FEP_OK) {
        close (fd);
    }
    return error;
}

fep_err_t transport_listen (const char *address, uint16_t port, int *fd)
{
    fep_err_t error = s_bind (address, port, SOCK_STREAM, true, fd);
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
        peer->port = ntohs (address->v4.sin_port);
        snprintf (peer->text, sizeof peer->text, "%s:%u", text, peer->port);
    } else {
        inet_ntop (AF_INET6, &address->v6.sin6_addr, text, sizeof text);
        memcpy (peer->ip, &address->v6.sin6_addr, 16);
        peer->port = ntohs (address->v6.sin6_port);
        snprintf (peer->text, sizeof peer->text, "[%s]:%u", text, peer->port);
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

//  ---- UDP ----

fep_err_t transport_listen_udp (const char *address, uint16_t port, int *fd)
{
    return s_bind (address, port, SOCK_DGRAM, true, fd);
}

fep_err_t transport_take_udp (int listener, void *data, size_t size, size_t *got, peer_t *peer)
{
    address_t address;
    socklen_t length = sizeof address;
    ssize_t n = recvfrom (listener, data, size, MSG_TRUNC, &address.any, &length);
    *got = n > 0 && (size_t) n <= size ? (size_t) n : 0;
    if (n < 0) {
        return FEP_NOT_FOUND;
    }
    s_peer (&address, peer);
    return (size_t) n > size ? FEP_LIMIT : FEP_OK;
}

fep_err_t transport_read_udp (int fd, void *data, size_t size, size_t *got)
{
    ssize_t n = recv (fd, data, size, MSG_TRUNC);
    *got = n > 0 && (size_t) n <= size ? (size_t) n : 0;
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR ? FEP_OK : FEP_IO;
    }
    return (size_t) n > size ? FEP_LIMIT : FEP_OK;
}

fep_err_t transport_connect_udp (int listener, const peer_t *peer, int *fd)
{
    address_t own, theirs;
    socklen_t own_size = sizeof own, size;
    int on = 1;
    char text[INET6_ADDRSTRLEN];
    static const uint8_t mapped[12] = {[10] = 0xFF, [11] = 0xFF};
    bool v4 = memcmp (peer->ip, mapped, sizeof mapped) == 0;
    inet_ntop (v4 ? AF_INET : AF_INET6, v4 ? peer->ip + 12 : peer->ip, text, sizeof text);
    if (!s_address (text, peer->port, &theirs, &size) ||
        getsockname (listener, &own.any, &own_size) != 0) {
        return FEP_SYSTEM;
    }
    int made = socket (theirs.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (made < 0) {
        return errno == EMFILE || errno == ENFILE ? FEP_FULL : FEP_SYSTEM;
    }
    if (setsockopt (made, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt (made, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0 ||
        bind (made, &own.any, own_size) != 0 || connect (made, &theirs.any, size) != 0) {
        close (made);
        return FEP_SYSTEM;
    }
    *fd = made;
    return FEP_OK;
}

//  ---- Dialling ----

fep_err_t transport_dial (const char *text, uint16_t port, int *fd, peer_t *peer)
{
    address_t address;
    socklen_t size;
    int on = 1;
    if (!s_address (text, port, &address, &size)) {
        return FEP_RANGE;
    }
    s_peer (&address, peer);
    int made = socket (address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (made < 0) {
        return errno == EMFILE || errno == ENFILE ? FEP_FULL : FEP_SYSTEM;
    }
    setsockopt (made, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect (made, &address.any, size) != 0 && errno != EINPROGRESS) {
        int cause = errno;
        close (made);
        errno = cause;
        return FEP_SYSTEM;
    }
    *fd = made;
    return FEP_OK;
}

fep_err_t transport_dialled (int fd)
{
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt (fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error) {
        errno = error ? error : errno;
        return FEP_IO;
    }
    return FEP_OK;
}

static speed_t s_speed (uint32_t baud)
{
    static const struct {
        uint32_t baud;
        speed_t speed;
    } speeds[] = {{300, B300},     {600, B600},      {1200, B1200},   {2400, B2400},
                  {4800, B4800},   {9600, B9600},    {19200, B19200}, {38400, B38400},
                  {57600, B57600}, {115200, B115200}};
    for (size_t i = 0; i < sizeof speeds / sizeof *speeds; i++) {
        if (speeds[i].baud == baud) {
            return speeds[i].speed;
        }
    }
    return B0;
}

bool transport_is_baud (uint32_t baud)
{
    return s_speed (baud) != B0;
}

fep_err_t transport_serial (const char *device, uint32_t baud, uint8_t data, char parity,
                            uint8_t stop, int *fd)
{
    struct termios how;
    speed_t speed = s_speed (baud);
    if (speed == B0) {
        return FEP_RANGE;
    }
    int made = open (device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (made < 0 || tcgetattr (made, &how) != 0) {
        int cause = errno;
        if (made >= 0) {
            close (made);
        }
        errno = cause;
        return FEP_SYSTEM;
    }
    cfmakeraw (&how);
    how.c_cflag &= ~(tcflag_t) (CSIZE | PARENB | PARODD | CSTOPB | CRTSCTS);
    how.c_cflag |= (tcflag_t) (CLOCAL | CREAD | (data == 7 ? CS7 : CS8));
    how.c_cflag |= (tcflag_t) (parity == 'N' ? 0 : parity == 'O' ? PARENB | PARODD : PARENB);
    how.c_cflag |= (tcflag_t) (stop == 2 ? CSTOPB : 0);
    how.c_cc[VMIN] = 1;
    how.c_cc[VTIME] = 0;
    if (cfsetispeed (&how, speed) != 0 || cfsetospeed (&how, speed) != 0 ||
        tcsetattr (made, TCSANOW, &how) != 0) {
        int cause = errno;
        close (made);
        errno = cause;
        return FEP_SYSTEM;
    }
    tcflush (made, TCIOFLUSH);
    *fd = made;
    return FEP_OK;
}

//  ---- PROXY protocol ----

enum { PROXY_HEAD = 16, PROXY_V4 = 12, PROXY_V6 = 36 };

fep_err_t transport_proxy (bytes_t header, size_t *need, peer_t *peer)
{
    static const uint8_t mark[12] = {0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D,
                                     0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A};
    size_t seen = header.size < sizeof mark ? header.size : sizeof mark;
    *need = PROXY_HEAD;
    if (memcmp (header.data, mark, seen) != 0) {
        return FEP_NOT_MINE;
    }
    if (header.size < PROXY_HEAD) {
        return FEP_NOT_FOUND;
    }
    const uint8_t *p = header.data + PROXY_HEAD;
    size_t size = (size_t) header.data[14] << 8 | header.data[15];
    uint8_t command = header.data[12], family = header.data[13] >> 4;
    *need = PROXY_HEAD + size;
    if (command >> 4 != 2 || (command & 15) > 1) {
        return FEP_NOT_MINE;
    }
    if (*need > TRANSPORT_PROXY_MAX) {
        return FEP_LIMIT;
    }
    if (header.size < *need) {
        return FEP_NOT_FOUND;
    }
    address_t address = {0};
    if ((command & 15) == 1 && family == 1 && size >= PROXY_V4) {
        address.v4.sin_family = AF_INET;
        memcpy (&address.v4.sin_addr, p, 4);
        memcpy (&address.v4.sin_port, p + 8, 2);
        s_peer (&address, peer);
    } else if ((command & 15) == 1 && family == 2 && size >= PROXY_V6) {
        address.v6.sin6_family = AF_INET6;
        memcpy (&address.v6.sin6_addr, p, 16);
        memcpy (&address.v6.sin6_port, p + 32, 2);
        s_peer (&address, peer);
    }
    return FEP_OK;
}

//  ---- Reading and writing ----

fep_err_t transport_read (int fd, void *data, size_t size, size_t *done)
{
    ssize_t n = recv (fd, data, size, 0);
    n = n < 0 && errno == ENOTSOCK ? read (fd, data, size) : n;
    *done = n > 0 ? (size_t) n : 0;
    if (n == 0) {
        return FEP_CLOSED;
    }
    return n > 0 || errno == EAGAIN || errno == EINTR ? FEP_OK : FEP_IO;
}

fep_err_t transport_write (int fd, bytes_t bytes, size_t *done)
{
    ssize_t n = send (fd, bytes.data, bytes.size, MSG_NOSIGNAL);
    n = n < 0 && errno == ENOTSOCK ? write (fd, bytes.data, bytes.size) : n;
    *done = n > 0 ? (size_t) n : 0;
    return n >= 0 || errno == EAGAIN || errno == EINTR ? FEP_OK : FEP_IO;
}

void transport_close (int fd)
{
    close (fd);
}
