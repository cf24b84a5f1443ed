//  Who follows the journal, and how far. Registered once under a lock; positions are read by any
//  thread.
#ifndef STORE_FOLLOWER_H
#define STORE_FOLLOWER_H

#include "fep/error.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define FOLLOWER_MAX 8
#define FOLLOWER_NAME_MAX 15

typedef struct {
    char name[FOLLOWER_NAME_MAX + 1];  //  Fixed once counted
    _Atomic uint64_t position;         //  Last sequence it has finished
} follower_t;

typedef struct {
    follower_t slots[FOLLOWER_MAX];  //  The first `count` are in use
    _Atomic size_t count;            //  Only grows
    pthread_mutex_t lock;            //  Around registration
} followers_t;

void followers_init (followers_t *self);
void followers_fini (followers_t *self);

//  Adds, or sets the position of one that is there already. RANGE (name empty or too long), FULL.
FEP_MUST_CHECK
fep_err_t followers_add (followers_t *self, const char *name, uint64_t position);

//  NULL if nobody of that name is registered. Any thread.
follower_t *followers_find (followers_t *self, const char *name);

//  The lowest position; UINT64_MAX if nobody is registered. Any thread.
uint64_t followers_slowest (const followers_t *self);

#endif
