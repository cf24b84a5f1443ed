//  Plain TCP behind a few functions; everything non-blocking. TLS comes in here later.
#ifndef ACTORS_TRANSPORT_H
#define ACTORS_TRANSPORT_H

#include "fep/bytes.h"
#include "fep/error.h"

#define PEER_TEXT_MAX 63

typedef struct {
    uint8_t ip[16];                //  IPv6, or IPv4 mapped
    char text[PEER_TEXT_MAX + 1];  //  "10.0.0.7:4711"
} peer_t;

//  A listening socket with SO_REUSEPORT, so that several connectors share the port. SYSTEM with errno set;
//  RANGE if the address is not numeric.
FEP_MUST_CHECK
fep_err_t transport_listen (const char *address, uint16_t port, int *fd);

//  Whether somebody listens there already. SO_REUSEPORT alone would let two daemons share a port unnoticed.
FEP_MUST_CHECK
fep_err_t transport_probe (const char *address, uint16_t port);

//  NOT_FOUND: nobody waits; FULL: no descriptors left; SYSTEM. The connection sends without delay.
FEP_MUST_CHECK
fep_err_t transport_accept (int listener, int *fd, peer_t *peer);

//  *done: bytes moved, may be 0. CLOSED: orderly end (read only); IO: the connection broke.
FEP_MUST_CHECK
fep_err_t transport_read (int fd, void *data, size_t size, size_t *done);
FEP_MUST_CHECK
fep_err_t transport_write (int fd, bytes_t bytes, size_t *done);

void transport_close (int fd);

//  True for 127.0.0.0/8 and ::1 in numeric form.
bool transport_is_loopback (const char *address);

#endif
