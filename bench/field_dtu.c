//  The transparent gateway itself.
#include "bench/field_dtu.h"
#include <stdio.h>

#define BEAT_MS 30000

void field_dtu_address (const field_dtu_t *self, char text[FIELD_ADDRESS_MAX + 1])
{
    snprintf (text, FIELD_ADDRESS_MAX + 1, "8642%02u%09u", (unsigned) (self->series + 10) % 100,
              (unsigned) self->number % 1000000000);
}

static void s_put (field_turn_t *turn, const char *text)
{
    writer_t out = field_turn_writer (turn);
    writer_put (&out, text, strlen (text));
    (void) field_turn_take (turn, &out);
}

void field_dtu_connected (field_dtu_t *self, field_turn_t *turn)
{
    char imei[FIELD_ADDRESS_MAX + 1];
    field_dtu_address (self, imei);
    s_put (turn, imei);
    self->beat_ms = turn->wall_ms + BEAT_MS;
}

int64_t field_dtu_tick (field_dtu_t *self, field_turn_t *turn)
{
    if (turn->wall_ms >= self->beat_ms) {
        s_put (turn, "HB");
        self->beat_ms = turn->wall_ms + BEAT_MS;
    }
    return self->beat_ms;
}
