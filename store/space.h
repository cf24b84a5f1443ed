//  Free space of a file system against a reserve. The question to the file system is cached.
#ifndef STORE_SPACE_H
#define STORE_SPACE_H

#include "fep/error.h"
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define SPACE_CACHE_MS 100
#define SPACE_PATH_MAX 4095

typedef struct {
    char path[SPACE_PATH_MAX + 1];  //  Any path on the file system
    uint64_t reserve;               //  Bytes that must stay free
    _Atomic uint64_t free_bytes;    //  As last answered; 0 if the question failed
    _Atomic int64_t asked_ms;       //  Monotonic time of the last question
} space_t;

//  Asks once. The path may be missing: then its parent answers, until space_init is called again.
//  RANGE if the path is too long.
FEP_MUST_CHECK
fep_err_t space_init (space_t *self, const char *path, uint64_t reserve);

//  FEP_OK while at least `floor` bytes are free, else NO_SPACE; NO_SPACE too if the file system
//  gives no answer. Any thread.
FEP_MUST_CHECK
fep_err_t space_check (space_t *self, uint64_t floor);

//  Free bytes, at most SPACE_CACHE_MS old. Any thread.
uint64_t space_free (space_t *self);

#endif
