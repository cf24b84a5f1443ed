//  epoll for file descriptors.
#include "actors/loop.h"
#include "fep/check.h"
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

typedef struct {
    int fd;                   //  -1: free
    loop_handler_t *handler;  //  May be NULL
    void *arg;                //  For handler
} entry_t;

struct loop {
    int epoll;                      //  The kernel's set
    entry_t entries[LOOP_FDS_MAX];  //  What hangs in it
};

fep_err_t loop_new (loop_t **self_p)
{
    loop_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    for (int i = 0; i < LOOP_FDS_MAX; i++) {
        self->entries[i].fd = -1;
    }
    self->epoll = epoll_create1 (EPOLL_CLOEXEC);
    if (self->epoll < 0) {
        free (self);
        return FEP_SYSTEM;
    }
    *self_p = self;
    return FEP_OK;
}

void loop_destroy (loop_t **self_p)
{
    loop_t *self = *self_p;
    if (self) {
        close (self->epoll);
        free (self);
        *self_p = NULL;
    }
}

fep_err_t loop_add (loop_t *self, int fd, loop_handler_t *handler, void *arg)
{
    for (uint32_t i = 0; i < LOOP_FDS_MAX; i++) {
        if (self->entries[i].fd == -1) {
            struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
            if (epoll_ctl (self->epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
                return FEP_SYSTEM;
            }
            self->entries[i] = (entry_t){fd, handler, arg};
            return FEP_OK;
        }
    }
    return FEP_FULL;
}

void loop_remove (loop_t *self, int fd)
{
    for (int i = 0; i < LOOP_FDS_MAX; i++) {
        if (self->entries[i].fd == fd) {
            epoll_ctl (self->epoll, EPOLL_CTL_DEL, fd, NULL);
            self->entries[i] = (entry_t){-1, NULL, NULL};
            return;
        }
    }
}

void loop_pause (loop_t *self, int fd, bool paused)
{
    for (uint32_t i = 0; i < LOOP_FDS_MAX; i++) {
        if (self->entries[i].fd == fd) {
            struct epoll_event event = {.events = paused ? 0u : (uint32_t) EPOLLIN, .data.u32 = i};
            epoll_ctl (self->epoll, EPOLL_CTL_MOD, fd, &event);
            return;
        }
    }
}

void loop_wait (loop_t *self, int timeout_ms)
{
    struct epoll_event events[LOOP_FDS_MAX];
    int count = epoll_wait (self->epoll, events, LOOP_FDS_MAX, timeout_ms);
    for (int i = 0; i < count; i++) {
        const entry_t *entry = &self->entries[events[i].data.u32];
        if (entry->fd >= 0 && entry->handler) {
            entry->handler (entry->arg, events[i].events);
        }
    }
}
