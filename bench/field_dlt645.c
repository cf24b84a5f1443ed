//  A transparent gateway with electricity meters of DL/T 645-2007 behind it (field_meter645.h).
#include "bench/field_devices.h"
#include "bench/field_dtu.h"
#include "bench/field_meter645.h"

typedef struct {
    field_dtu_t dtu;       //  The gateway
    meter645_line_t line;  //  Its meters
} state_t;

static void s_start (void *state, uint32_t number, uint32_t meters)
{
    state_t *self = state;
    *self = (state_t){.dtu = {.series = 2, .number = number},
                      .line = {.number = number, .family = 45, .meters = meters}};
}

static void s_address (const void *state, char text[FIELD_ADDRESS_MAX + 1])
{
    field_dtu_address (&((const state_t *) state)->dtu, text);
}

static void s_meter (const void *state, uint32_t mp, char text[FIELD_ADDRESS_MAX + 1])
{
    meter645_address (&((const state_t *) state)->line, mp, text);
}

static void s_connected (void *state, field_turn_t *turn)
{
    field_dtu_connected (&((state_t *) state)->dtu, turn);
}

static size_t s_input (void *state, const uint8_t *bytes, size_t size, field_turn_t *turn)
{
    state_t *self = state;
    size_t pos = 0;
    while (pos < size) {
        bytes_t window = bytes_of (bytes + pos, size - pos);
        field_scan_t scan = meter645_scan (window);
        if (scan.what == FIELD_MORE) {
            break;
        }
        pos += scan.size;
        if (scan.what == FIELD_FRAME) {
            field_words_t words = {.count = 0};
            writer_t out = field_turn_writer (turn);
            if (meter645_answer (&self->line, bytes_of (window.data, scan.size), turn->wall_ms,
                                 &out, &words) &&
                field_turn_take (turn, &out)) {
                field_words_tell (&words, turn);
            }
        }
    }
    return pos;
}

static int64_t s_tick (void *state, field_turn_t *turn)
{
    return field_dtu_tick (&((state_t *) state)->dtu, turn);
}

static bool s_stop (void *state)
{
    (void) state;
    return true;
}

const field_device_t field_dlt645 = {
    .name = "dlt645",
    .codec = "dtu",
    .carried = "dlt645",
    .profile = "field_dlt645",
    .state_size = sizeof (state_t),
    .start = s_start,
    .address = s_address,
    .meter = s_meter,
    .connected = s_connected,
    .input = s_input,
    .tick = s_tick,
    .stop = s_stop,
};
