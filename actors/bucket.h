//  How often something may happen: so many times a second, up to a second's worth at once. All zeros is full.
#ifndef ACTORS_BUCKET_H
#define ACTORS_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    int64_t
        taken;  //  Of a second's worth, in thousandths; what time has given back is gone from it
    int64_t looked_ms;  //  Up to when time has given back
} bucket_t;

//  True, and one is taken, if there is one. per_s: at most 1,000,000, and may differ from call to call; 0: there
//  always is one. now_ms: never before that of an earlier call.
bool bucket_take (bucket_t *self, uint64_t per_s, int64_t now_ms);

#endif
