//  What the tests of simulated devices share: frames as hex, a turn that keeps what was said.
#ifndef TESTS_BENCH_FIELD_TEST_H
#define TESTS_BENCH_FIELD_TEST_H

#include "tests/test.h"
#include "bench/field_devices.h"
#include "fep/bytes.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_MAX 256

//  A device under test, and what it did since the last fixture_clear.
typedef struct {
    const field_device_t *device;  //  What it is
    void *state;                   //  Its own
    int64_t wall_ms;               //  Now
    uint8_t out[8192];             //  What it wrote
    size_t size;                   //  Of it
    field_said_t said[KEPT_MAX];   //  What it said
    size_t said_count;             //  Of them
    uint32_t confirmed[KEPT_MAX];  //  Reports it took for confirmed
    size_t confirmed_count;        //  Of them
} fixture_t;

static inline void fixture_said (void *arg, const field_said_t *said)
{
    fixture_t *self = arg;
    assert_true (self->said_count < KEPT_MAX);
    self->said[self->said_count++] = *said;
}

static inline void fixture_confirmed (void *arg, uint32_t report)
{
    fixture_t *self = arg;
    assert_true (self->confirmed_count < KEPT_MAX);
    self->confirmed[self->confirmed_count++] = report;
}

static inline void fixture_clear (fixture_t *self)
{
    self->size = self->said_count = self->confirmed_count = 0;
}

//  2026-11-26 15:30:45.678 local time.
#define FIXTURE_NOW (INT64_C (1795678245678))

static inline void fixture_open (fixture_t *self, const field_device_t *device, uint32_t number,
                                 uint32_t meters)
{
    memset (self, 0, sizeof *self);
    self->device = device;
    self->state = calloc (1, device->state_size);
    assert_non_null (self->state);
    self->wall_ms = FIXTURE_NOW;
    device->start (self->state, number, meters);
}

static inline void fixture_close (fixture_t *self)
{
    free (self->state);
}

static inline field_turn_t fixture_turn (fixture_t *self)
{
    return (field_turn_t){.wall_ms = self->wall_ms,
                          .out = self->out + self->size,
                          .capacity = sizeof self->out - self->size,
                          .said = fixture_said,
                          .confirmed = fixture_confirmed,
                          .arg = self};
}

static inline size_t fixture_input (fixture_t *self, const uint8_t *bytes, size_t size)
{
    field_turn_t turn = fixture_turn (self);
    size_t used = self->device->input (self->state, bytes, size, &turn);
    self->size += turn.size;
    return used;
}

static inline void fixture_connect (fixture_t *self)
{
    field_turn_t turn = fixture_turn (self);
    self->device->connected (self->state, &turn);
    self->size += turn.size;
}

static inline int64_t fixture_tick (fixture_t *self)
{
    field_turn_t turn = fixture_turn (self);
    int64_t at = self->device->tick (self->state, &turn);
    self->size += turn.size;
    return at;
}

static inline size_t unhex (const char *hex, uint8_t *bytes, size_t capacity)
{
    size_t size = 0;
    for (; hex[0] && hex[1]; hex += 2) {
        char pair[3] = {hex[0], hex[1], 0};
        assert_true (size < capacity);
        bytes[size++] = (uint8_t) strtol (pair, NULL, 16);
    }
    return size;
}

//  Feeds a frame given as hex; the device must take it whole.
static inline void fixture_hex (fixture_t *self, const char *hex)
{
    uint8_t bytes[2048];
    size_t size = unhex (hex, bytes, sizeof bytes);
    assert_int_equal (fixture_input (self, bytes, size), size);
}

//  What it wrote is exactly that.
static inline void fixture_wrote (const fixture_t *self, const char *hex)
{
    uint8_t bytes[2048];
    size_t size = unhex (hex, bytes, sizeof bytes);
    assert_int_equal (self->size, size);
    assert_memory_equal (self->out, bytes, size);
}

//  It said that value, once.
static inline void fixture_said_value (const fixture_t *self, uint16_t mp, uint32_t point,
                                       int64_t mantissa, int8_t exponent)
{
    size_t found = 0;
    for (size_t i = 0; i < self->said_count; i++) {
        const field_said_t *said = &self->said[i];
        found += said->mp == mp && said->point == point && said->mantissa == mantissa &&
                 said->exponent == exponent && !said->none;
    }
    assert_int_equal (found, 1);
}

#endif
