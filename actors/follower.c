//  Following the journal.
#include "actors/follower.h"
#include "fep/log.h"
#include <string.h>

#define LOOK_US 200000   //  Between looks at the journal's head, should the last hint be lost
#define TURN_RECORDS 64  //  Read from the journal in one turn

void follower_init (follower_t *self, store_t *store, uint64_t position, follow_t *follow,
                    void *arg)
{
    *self = (follower_t){.store = store, .position = position, .follow = follow, .arg = arg};
}

void follower_fini (follower_t *self)
{
    walker_close (&self->walker);
}

uint64_t follower_behind (const follower_t *self)
{
    uint64_t head = store_head (self->store);
    return head > self->position ? head - self->position : 0;
}

static void s_follow (follower_t *self, uint64_t sequence, bytes_t batches)
{
    self->follow (self->arg, sequence, batches);
    self->position = sequence;
}

fep_err_t follower_hint (follower_t *self, bytes_t body)
{
    committed_t head;
    if (body.size < sizeof head) {
        return FEP_TRUNCATED;
    }
    memcpy (&head, body.data, sizeof head);
    if (head.sequence == self->position + 1) {
        walker_close (&self->walker);
        s_follow (self, head.sequence, bytes_of (body.data + sizeof head, body.size - sizeof head));
    } else if (head.sequence > self->position) {
        self->look_us = 0;
    }
    return FEP_OK;
}

static fep_err_t s_read (follower_t *self, bool *more)
{
    record_t record;
    fep_err_t error = FEP_OK;
    *more = false;
    if (follower_behind (self) == 0) {
        walker_close (&self->walker);
        return FEP_OK;
    }
    if (!self->walker) {
        error = walker_open (self->store, self->position + 1, &self->walker);
    }
    for (int i = 0; i < TURN_RECORDS && error == FEP_OK; i++) {
        error = walker_next (self->walker, &record);
        if (error == FEP_OK) {
            s_follow (self, record.sequence, record.batches);
        }
    }
    *more = error == FEP_OK || error == FEP_TRIMMED;
    if (error == FEP_TRIMMED) {
        uint64_t first = store_first (self->store);
        log_line (LEVEL_WARNING, "FOLLOWER-TRIMMED", "position=%llu first=%llu",
                  (unsigned long long) self->position, (unsigned long long) first);
        self->position = first - 1;
        walker_close (&self->walker);
    }
    return *more || error == FEP_NOT_FOUND ? FEP_OK : error;
}

fep_err_t follower_catch_up (follower_t *self, int64_t now_us, bool *more)
{
    *more = false;
    if (now_us < self->look_us && !self->walker) {
        return FEP_OK;
    }
    self->look_us = now_us + LOOK_US;
    return s_read (self, more);
}

fep_err_t follower_finish (follower_t *self)
{
    bool more = true;
    fep_err_t error = FEP_OK;
    while (error == FEP_OK && more) {
        error = s_read (self, &more);
    }
    return error;
}
