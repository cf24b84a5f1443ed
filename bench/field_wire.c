//  What the simulated devices of the field share.
#include "bench/field_wire.h"

#define DAY_MS INT64_C (86400000)

void field_words_add (field_words_t *self, const field_said_t *said)
{
    if (self->count < FIELD_SAID_MAX) {
        self->said[self->count++] = *said;
    }
}

void field_words_tell (const field_words_t *self, field_turn_t *turn)
{
    for (size_t i = 0; i < self->count && turn->said; i++) {
        turn->said (turn->arg, &self->said[i]);
    }
}

writer_t field_turn_writer (const field_turn_t *turn)
{
    return writer_of (turn->out + turn->size, turn->capacity - turn->size);
}

bool field_turn_take (field_turn_t *turn, const writer_t *out)
{
    if (out->failed) {
        return false;
    }
    turn->size += out->size;
    return true;
}

uint8_t field_bcd (unsigned value)
{
    return (uint8_t) (value / 10 % 10 << 4 | value % 10);
}

void field_digits (writer_t *out, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        writer_u8 (out, field_bcd ((unsigned) (value % 100)));
        value /= 100;
    }
}

uint64_t field_number (const uint8_t *at, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = bytes; i-- > 0;) {
        unsigned high = at[i] >> 4, low = at[i] & 15u;
        if (high > 9 || low > 9) {
            return UINT64_MAX;
        }
        value = value * 100 + high * 10 + low;
    }
    return value;
}

uint8_t field_sum (const uint8_t *at, size_t size)
{
    unsigned sum = 0;
    for (size_t i = 0; i < size; i++) {
        sum += at[i];
    }
    return (uint8_t) sum;
}

int64_t field_midnight (int64_t wall_ms, int back)
{
    int64_t offset = (int64_t) clock_offset_min () * 60000;
    return (wall_ms + offset) / DAY_MS * DAY_MS - offset - back * DAY_MS;
}
