//  Plain TCP, UDP and serial lines behind a few functions; everything non-blocking. TLS comes in here later.
#ifndef ACTORS_TRANSPORT_H
#define ACTORS_TRANSPORT_H

#include "fep/bytes.h"
#include "fep/error.h"

#define PEER_TEXT_MAX 63

typedef struct {
    uint8_t ip[16];                //  IPv6, or IPv4 mapped
    uint16_t port;                 //  Of it
    char text[PEER_TEXT_MAX + 1];  //  "10.0.0.7:4711"
} peer_t;

//  A listening socket with SO_REUSEPORT, so that several connectors share the port. SYSTEM with errno set;
//  RANGE if the address is not numeric.
FEP_MUST_CHECK
fep_err_t transport_listen (const char *address, uint16_t port, int *fd);

//  Whether somebody listens there already. SO_REUSEPORT alone would let two daemons share a port unnoticed.
FEP_MUST_CHECK
fep_err_t transport_probe (const char *address, uint16_t port, bool udp);

//  NOT_FOUND: nobody waits; FULL: no descriptors left; SYSTEM. The connection sends without delay.
FEP_MUST_CHECK
fep_err_t transport_accept (int listener, int *fd, peer_t *peer);

//  ---- UDP: a peer's datagrams reach a socket of its own, so that it is a connection like any other ----

//  A bound socket with SO_REUSEPORT. As transport_listen.
FEP_MUST_CHECK
fep_err_t transport_listen_udp (const char *address, uint16_t port, int *fd);

//  The next datagram of somebody who has no socket yet, and its sender. NOT_FOUND: none; LIMIT: it was longer than
//  `size` and is gone.
FEP_MUST_CHECK
fep_err_t transport_take_udp (int listener, void *data, size_t size, size_t *got, peer_t *peer);

//  The next datagram of a peer that has one; *got 0: none, or an empty one. LIMIT: likewise; IO: the peer is gone.
FEP_MUST_CHECK
fep_err_t transport_read_udp (int fd, void *data, size_t size, size_t *got);

//  A socket of that peer's, at the listener's address. FULL, SYSTEM.
FEP_MUST_CHECK
fep_err_t transport_connect_udp (int listener, const peer_t *peer, int *fd);

//  ---- Dialling ----

//  Begins to connect; done once the descriptor can be written. RANGE: the address is not numeric; FULL, SYSTEM.
FEP_MUST_CHECK
fep_err_t transport_dial (const char *address, uint16_t port, int *fd, peer_t *peer);
//  How that ended. IO with errno set.
FEP_MUST_CHECK
fep_err_t transport_dialled (int fd);

//  A speed that serial lines have: 300 .. 115200.
bool transport_is_baud (uint32_t baud);

//  A serial line: 7 or 8 data bits, parity N, E or O, 1 or 2 stop bits. RANGE: no such speed; SYSTEM with errno set.
FEP_MUST_CHECK
fep_err_t transport_serial (const char *device, uint32_t baud, uint8_t data, char parity,
                            uint8_t stop, int *fd);

//  ---- PROXY protocol, version 2 (HAProxy) ----

#define TRANSPORT_PROXY_MAX 552  //  Bytes of a header we take

//  What stands in a header's bytes. *need: how many bytes it has in all, as far as that is known. FEP_OK: whole,
//  *peer is who it names (unchanged: the balancer's own check). NOT_FOUND: more bytes are needed. NOT_MINE: no
//  header. LIMIT: longer than we take.
FEP_MUST_CHECK
fep_err_t transport_proxy (bytes_t header, size_t *need, peer_t *peer);

//  *done: bytes moved, may be 0. CLOSED: orderly end (read only); IO: the connection broke.
FEP_MUST_CHECK
fep_err_t transport_read (int fd, void *data, size_t size, size_t *done);
FEP_MUST_CHECK
fep_err_t transport_write (int fd, bytes_t bytes, size_t *done);

void transport_close (int fd);

//  A numeric address as 16 bytes, IPv4 mapped. False if it is none.
bool transport_ip (const char *text, uint8_t ip[16]);

//  True for 127.0.0.0/8 and ::1 in numeric form.
bool transport_is_loopback (const char *address);

#endif
