//  The transparent gateway itself, whatever meters hang on it: says who it is (an IMEI of 15 digits) and "HB".
#ifndef BENCH_FIELD_DTU_H
#define BENCH_FIELD_DTU_H

#include "bench/field_wire.h"

//  Plain data.
typedef struct {
    uint32_t series;  //  1..9; makes the IMEIs of kinds differ
    uint32_t number;  //  Of its kind, from 1
    int64_t beat_ms;  //  Next heartbeat, wall clock
} field_dtu_t;

void field_dtu_address (const field_dtu_t *self, char text[FIELD_ADDRESS_MAX + 1]);
void field_dtu_connected (field_dtu_t *self, field_turn_t *turn);
int64_t field_dtu_tick (field_dtu_t *self, field_turn_t *turn);

#endif
