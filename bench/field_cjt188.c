//  Water meters of CJ/T 188-2004: behind a transparent gateway, or one that dials in by itself and is its own terminal.
//
//    68 T AAAAAAA C L II S DD.. K 16     T: kind of meter, 10 cold water    A: address, digits, low byte first
//                                        C: control    L: bytes from I on    I: identifier    S: serial, echoed
//                                        D: data as they are    K: sum from 68 on
//
//  They answer 901F (volume now, volume at the last settlement, time, state), 810A (address), 8106 (key version), A017
//  (valve: 55 open, 99 close); anything else with the error control and their state. Even meters send identifiers low
//  byte first, odd ones as the 2004 text prints them, whatever the order of the request. The one that dials in says
//  its address first, as the answer to 810A; it has no heartbeat of its own and says that again now and then.
#include "bench/field_devices.h"
#include "bench/field_dtu.h"
#include "fep/point.h"
#include <stdio.h>

enum { HEAD = 11, TAIL = 2, DATA_MAX = 64, FRAME_MAX = HEAD + DATA_MAX + TAIL, ADDRESS = 7 };
enum { COLD_WATER = 0x10, WILD = 0xAA, CUBIC_METRE = 0x2C };
enum {
    READ = 0x01,
    READ_ADDRESS = 0x03,
    WRITE = 0x04,
    READ_KEY = 0x09,
    FROM_METER = 0x80,
    ERROR = 0x40
};
enum {
    NOW = 0x901F,
    OWN_ADDRESS = 0x810A,
    KEY = 0x8106,
    VALVE = 0xA017,
    OPEN = 0x55,
    CLOSE = 0x99
};
#define FAMILY 88
#define HELLO_MS 60000

typedef struct {
    field_dtu_t dtu;   //  The gateway; of a direct one only its number
    bool direct;       //  No gateway
    uint32_t meters;   //  1..meters
    uint32_t closed;   //  Bit mp - 1: its valve is closed
    int64_t hello_ms;  //  Direct: when it says its address again
} state_t;

static uint64_t s_number (const state_t *self, uint32_t mp)
{
    return UINT64_C (11880000000000) + (self->direct ? UINT64_C (1000000000000) : 0) +
           (uint64_t) (self->dtu.number % 1000000) * 10000 + mp;
}

static void s_meter (const void *state, uint32_t mp, char text[FIELD_ADDRESS_MAX + 1])
{
    snprintf (text, FIELD_ADDRESS_MAX + 1, "%014llu", (unsigned long long) s_number (state, mp));
}

static field_scan_t s_scan (bytes_t window)
{
    const uint8_t *at = window.data;
    if (window.size > 0 && at[0] != 0x68) {
        return (field_scan_t){FIELD_NOISE, 1};
    }
    if (window.size < HEAD) {
        return (field_scan_t){FIELD_MORE, 0};
    }
    size_t size = HEAD + (size_t) at[10] + TAIL;
    if (at[10] > DATA_MAX || at[10] < 3) {
        return (field_scan_t){FIELD_NOISE, 1};
    }
    if (window.size < size) {
        return (field_scan_t){FIELD_MORE, 0};
    }
    if (at[size - 2] != field_sum (at, size - TAIL) || at[size - 1] != 0x16) {
        return (field_scan_t){FIELD_NOISE, 1};
    }
    return (field_scan_t){FIELD_FRAME, size};
}

static uint32_t s_whom (const state_t *self, const uint8_t *frame)
{
    uint8_t own[ADDRESS], any[ADDRESS];
    memset (any, WILD, sizeof any);
    if (frame[1] != COLD_WATER && frame[1] != WILD) {
        return 0;
    }
    if (memcmp (frame + 2, any, sizeof any) == 0) {
        return self->meters == 1 ? 1 : 0;
    }
    for (uint32_t mp = 1; mp <= self->meters; mp++) {
        writer_t out = writer_of (own, sizeof own);
        field_digits (&out, s_number (self, mp), sizeof own);
        if (memcmp (frame + 2, own, sizeof own) == 0) {
            return mp;
        }
    }
    return 0;
}

static void s_state (const state_t *self, uint32_t mp, writer_t *out)
{
    writer_u8 (out, self->closed >> (mp - 1) & 1);
    writer_u8 (out, 0);
}

//  Data of 901F behind the serial number: now, at the last midnight, the time, the state.
static void s_reading (const state_t *self, uint32_t mp, int64_t wall_ms, writer_t *out,
                       field_words_t *words)
{
    clock_civil_t now;
    int64_t settled_ms = field_midnight (wall_ms, 0);
    uint32_t who = FAMILY * 1000000u + (self->direct ? 500000u : 0u) + self->dtu.number;
    int64_t volume = field_model (who, mp, MODEL_VOLUME, wall_ms) / 10;
    int64_t settled = field_model (who, mp, MODEL_VOLUME, settled_ms) / 10;
    clock_to_civil (wall_ms, &now);
    field_digits (out, (uint64_t) volume, 4);
    writer_u8 (out, CUBIC_METRE);
    field_digits (out, (uint64_t) settled, 4);
    writer_u8 (out, CUBIC_METRE);
    const int fields[] = {now.second, now.minute,     now.hour,      now.day,
                          now.month,  now.year % 100, now.year / 100};
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        writer_u8 (out, field_bcd ((unsigned) fields[i]));
    }
    s_state (self, mp, out);
    const field_said_t said[] = {
        {.point = POINT (8, 0, 1, 0, 0), .mantissa = volume, .exponent = -2},
        {.point = POINT (8, 0, 1, 136, 0), .mantissa = settled, .exponent = -2},
        {.point = POINT (0, 0, 1, 0, 0), .mantissa = wall_ms / 1000},
        {.point = POINT (0, 0, 96, 3, 20), .mantissa = self->closed >> (mp - 1) & 1},
        {.point = POINT (0, 0, 96, 6, 10)},
        {.point = POINT (0, 0, 96, 5, 1), .mantissa = self->closed >> (mp - 1) & 1},
    };
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
        field_said_t one = said[i];
        one.mp = (uint16_t) mp;
        field_words_add (words, &one);
    }
}

//  Data of the answer behind identifier and serial number. False: refused.
static bool s_answer (state_t *self, uint32_t mp, const uint8_t *frame, uint16_t id,
                      int64_t wall_ms, writer_t *out, field_words_t *words)
{
    uint8_t function = frame[9];
    if (function == READ && id == NOW) {
        s_reading (self, mp, wall_ms, out, words);
        return true;
    }
    if (function == READ_ADDRESS && id == OWN_ADDRESS) {
        return true;
    }
    if (function == READ_KEY && id == KEY) {
        writer_u8 (out, 0);
        return true;
    }
    uint8_t command = frame[10] == 4 ? frame[HEAD + 3] : 0;
    if (function == WRITE && id == VALVE && (command == OPEN || command == CLOSE)) {
        uint32_t bit = 1u << (mp - 1);
        self->closed = command == CLOSE ? self->closed | bit : self->closed & ~bit;
        s_state (self, mp, out);
        return true;
    }
    return false;
}

//  id 0: the error form, serial number and state only.
static void s_frame (const state_t *self, uint32_t mp, uint8_t control, uint16_t id, uint8_t serial,
                     bytes_t data, writer_t *out)
{
    size_t start = out->size;
    writer_u8 (out, 0x68);
    writer_u8 (out, COLD_WATER);
    field_digits (out, s_number (self, mp), ADDRESS);
    writer_u8 (out, control);
    writer_u8 (out, (uint8_t) (data.size + (id ? 3 : 1)));
    if (id && mp % 2 == 0) {
        writer_u16le (out, id);
    } else if (id) {
        writer_u16be (out, id);
    }
    writer_u8 (out, serial);
    writer_put (out, data.data, data.size);
    if (!out->failed) {
        writer_u8 (out, field_sum (out->data + start, out->size - start));
    }
    writer_u8 (out, 0x16);
}

static void s_take (state_t *self, const uint8_t *frame, field_turn_t *turn)
{
    uint8_t bytes[DATA_MAX];
    uint32_t mp = s_whom (self, frame);
    uint8_t control = frame[9];
    if (mp == 0 || (control & FROM_METER)) {
        return;
    }
    uint16_t id = (uint16_t) (frame[HEAD] << 8 | frame[HEAD + 1]);
    uint16_t swapped = (uint16_t) (id << 8 | id >> 8);
    static const uint16_t known[] = {NOW, OWN_ADDRESS, KEY, VALVE};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        id = swapped == known[i] ? swapped : id;
    }
    writer_t data = writer_of (bytes, sizeof bytes);
    writer_t out = field_turn_writer (turn);
    field_words_t words = {.count = 0};
    if (s_answer (self, mp, frame, id, turn->wall_ms, &data, &words)) {
        s_frame (self, mp, control | FROM_METER, id, frame[HEAD + 2], writer_bytes (&data), &out);
    } else {
        data.size = 0;
        s_state (self, mp, &data);
        s_frame (self, mp, control | FROM_METER | ERROR, 0, frame[HEAD + 2], writer_bytes (&data),
                 &out);
    }
    if (field_turn_take (turn, &out)) {
        field_words_tell (&words, turn);
    }
}

static size_t s_input (void *state, const uint8_t *bytes, size_t size, field_turn_t *turn)
{
    size_t pos = 0;
    while (pos < size) {
        field_scan_t scan = s_scan (bytes_of (bytes + pos, size - pos));
        if (scan.what == FIELD_MORE) {
            break;
        }
        if (scan.what == FIELD_FRAME) {
            s_take (state, bytes + pos, turn);
        }
        pos += scan.size;
    }
    return pos;
}

static void s_start (void *state, uint32_t number, uint32_t meters)
{
    *(state_t *) state = (state_t){.dtu = {.series = 3, .number = number}, .meters = meters};
}

static void s_start_direct (void *state, uint32_t number, uint32_t meters)
{
    (void) meters;
    *(state_t *) state = (state_t){.dtu = {.number = number}, .direct = true, .meters = 1};
}

static void s_address (const void *state, char text[FIELD_ADDRESS_MAX + 1])
{
    field_dtu_address (&((const state_t *) state)->dtu, text);
}

static void s_meter_direct (const void *state, uint32_t mp, char text[FIELD_ADDRESS_MAX + 1])
{
    *text = 0;
    if (mp == 1) {
        s_meter (state, mp, text);
    }
}

static void s_address_direct (const void *state, char text[FIELD_ADDRESS_MAX + 1])
{
    s_meter (state, 1, text);
}

static void s_connected (void *state, field_turn_t *turn)
{
    field_dtu_connected (&((state_t *) state)->dtu, turn);
}

static void s_hello (void *state, field_turn_t *turn)
{
    state_t *self = state;
    writer_t out = field_turn_writer (turn);
    s_frame (self, 1, READ_ADDRESS | FROM_METER, OWN_ADDRESS, 0, bytes_of (NULL, 0), &out);
    (void) field_turn_take (turn, &out);
    self->hello_ms = turn->wall_ms + HELLO_MS;
}

static int64_t s_tick (void *state, field_turn_t *turn)
{
    return field_dtu_tick (&((state_t *) state)->dtu, turn);
}

static int64_t s_tick_direct (void *state, field_turn_t *turn)
{
    state_t *self = state;
    if (turn->wall_ms >= self->hello_ms) {
        s_hello (self, turn);
    }
    return self->hello_ms;
}

static bool s_stop (void *state)
{
    (void) state;
    return true;
}

const field_device_t field_cjt188 = {
    .name = "cjt188",
    .codec = "dtu",
    .carried = "cjt188",
    .profile = "field_cjt188",
    .state_size = sizeof (state_t),
    .start = s_start,
    .address = s_address,
    .meter = s_meter,
    .connected = s_connected,
    .input = s_input,
    .tick = s_tick,
    .stop = s_stop,
};

const field_device_t field_cjt188_direct = {
    .name = "cjt188_direct",
    .codec = "cjt188",
    .carried = "cjt188",
    .profile = "field_cjt188",
    .state_size = sizeof (state_t),
    .start = s_start_direct,
    .address = s_address_direct,
    .meter = s_meter_direct,
    .connected = s_hello,
    .input = s_input,
    .tick = s_tick_direct,
    .stop = s_stop,
};
