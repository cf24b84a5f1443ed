//  Follows the journal: takes storage's hints while they come in order, and reads the journal where one was
//  lost. Belongs to one thread.
#ifndef ACTORS_FOLLOWER_H
#define ACTORS_FOLLOWER_H

#include "actors/actor.h"

//  Every record once, in order. Borrows batches.
typedef void (follow_t) (void *arg, uint64_t sequence, bytes_t batches);

typedef struct {
    store_t *store;     //  Borrowed
    uint64_t position;  //  Last sequence followed
    walker_t *walker;   //  Stands behind position; NULL while hints suffice
    int64_t look_us;    //  Next comparison with the journal's head
    follow_t *follow;   //  Called for each record
    void *arg;          //  For it
} follower_t;

void follower_init (follower_t *self, store_t *store, uint64_t position, follow_t *follow,
                    void *arg);
void follower_fini (follower_t *self);

//  A COMMITTED body. One out of order only says that the journal is to be read. TRUNCATED.
FEP_MUST_CHECK
fep_err_t follower_hint (follower_t *self, bytes_t body);

//  Reads a bounded number of records that hints did not bring, if it is time to look. Sets *more when there is
//  more to do at once. A place that was trimmed meanwhile is skipped, with a log line. CORRUPT, IO.
FEP_MUST_CHECK
fep_err_t follower_catch_up (follower_t *self, int64_t now_us, bool *more);

//  Reads to the head.
FEP_MUST_CHECK
fep_err_t follower_finish (follower_t *self);

//  Commits not followed yet.
uint64_t follower_behind (const follower_t *self);

#endif
