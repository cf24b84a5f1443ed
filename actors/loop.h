//  epoll for file descriptors. ZeroMQ sockets join through actor.c, which keeps the rule that goes with
//  ZMQ_FD: ask ZMQ_EVENTS when it was ready, after each send on the socket, and until there is nothing.
#ifndef ACTORS_LOOP_H
#define ACTORS_LOOP_H

#include "fep/error.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct loop loop_t;

//  events: EPOLLIN, EPOLLOUT, ... as they came.
typedef void (loop_handler_t) (void *arg, uint32_t events);

#define LOOP_FDS_MAX 64  //  Descriptors of one loop; terminals hang in a nested epoll

//  Gives a loop; SYSTEM if the kernel gives no epoll.
FEP_MUST_CHECK
fep_err_t loop_new (loop_t **self_p);
void loop_destroy (loop_t **self_p);

//  handler NULL: only wakes the loop. FULL at LOOP_FDS_MAX, SYSTEM.
FEP_MUST_CHECK
fep_err_t loop_add (loop_t *self, int fd, loop_handler_t *handler, void *arg);
void loop_remove (loop_t *self, int fd);

//  Stops or resumes listening to one, without taking it out (adding a nested epoll makes the kernel walk all
//  that hangs in it).
void loop_pause (loop_t *self, int fd, bool paused);

//  Sleeps at most timeout_ms (-1: for ever), then calls the handlers of what is ready.
void loop_wait (loop_t *self, int timeout_ms);

#endif
