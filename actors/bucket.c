//  Counts in thousandths, so that each millisecond gives back a whole number.
#include "actors/bucket.h"

#define ONE 1000  //  Thousandths

bool bucket_take (bucket_t *self, uint64_t per_s, int64_t now_ms)
{
    int64_t rate = (int64_t) per_s;
    int64_t passed_ms = now_ms - self->looked_ms;
    self->looked_ms = now_ms;
    //  A second gives back all there is.
    if (passed_ms >= 1000 || self->taken <= passed_ms * rate) {
        self->taken = 0;
    } else {
        self->taken -= passed_ms * rate;
    }
    if (rate && self->taken + ONE > rate * ONE) {
        return false;
    }
    self->taken += rate ? ONE : 0;
    return true;
}
