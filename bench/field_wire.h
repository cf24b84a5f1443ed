//  What the simulated devices of the field share: digits, sums, days, frames at the head of a window.
#ifndef BENCH_FIELD_WIRE_H
#define BENCH_FIELD_WIRE_H

#include "bench/field.h"
#include "fep/bytes.h"
#include "fep/clock.h"

#define FIELD_SAID_MAX 64  //  Values of one answer

//  What lies at the head of a window.
typedef enum { FIELD_MORE, FIELD_FRAME, FIELD_NOISE } field_what_t;

typedef struct {
    field_what_t what;
    size_t size;  //  FRAME: its length. NOISE: bytes to drop, at least 1. MORE: 0
} field_scan_t;

//  What a frame will have said once it is known that it fits.
typedef struct {
    field_said_t said[FIELD_SAID_MAX];  //  In order
    size_t count;                       //  Used
} field_words_t;

//  Beyond FIELD_SAID_MAX: dropped, which the comparison shows.
void field_words_add (field_words_t *self, const field_said_t *said);
void field_words_tell (const field_words_t *self, field_turn_t *turn);

//  A writer on what is free in the turn, and its bytes taken over. False, and nothing taken, if they did not fit.
writer_t field_turn_writer (const field_turn_t *turn);
bool field_turn_take (field_turn_t *turn, const writer_t *out);

//  Digits, low byte first: two to a byte.
void field_digits (writer_t *out, uint64_t value, size_t bytes);
//  And back; UINT64_MAX if a nibble is no digit.
uint64_t field_number (const uint8_t *at, size_t bytes);
uint8_t field_bcd (unsigned value);

//  Sum of bytes mod 256.
uint8_t field_sum (const uint8_t *at, size_t size);

//  The local midnight that lies `back` days before the one that began the day of an instant.
int64_t field_midnight (int64_t wall_ms, int back);

#endif
