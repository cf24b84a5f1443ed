//  A Modbus TCP device of the field: a gateway with meters behind it, each a unit (Modbus Application Protocol V1.1b3,
//  Messaging on TCP/IP Implementation Guide V1.0b). It is dialled and says nothing of its own accord.
//
//      TT 00 LL U F D..     T transaction, L bytes behind it, U unit, F function, D what belongs to it
//
//  Functions 3 and 4 read what the meter shows, 3 also what was written; 6 and 16 write. The registers stand in
//  s_rows and, for those who ask, in field_modbus_tcp.profile.
#include "bench/field_devices.h"
#include "fep/point.h"
#include <stdio.h>
#include <string.h>

#define HEAD 6          //  Before the unit
#define LENGTH_MAX 254  //  Behind it
#define ANSWER_MAX 260
#define SETPOINTS_AT 100  //  Holding registers that may be written
#define SETPOINTS 4
#define LIMIT_MAX 1000  //  Of the first: 0.1 %
#define READ_MAX 125
#define WRITE_MAX 123
#define HOUR_MS 3600000

enum { READ_HOLDING = 3, READ_INPUT = 4, WRITE_ONE = 6, WRITE_MANY = 16, REFUSED = 0x80 };

enum { ILLEGAL_FUNCTION = 1, ILLEGAL_ADDRESS = 2, ILLEGAL_VALUE = 3, NO_ANSWER_BEHIND = 11 };

typedef struct {
    uint32_t number;                                  //  Of its kind
    uint32_t meters;                                  //  Units 1..meters
    uint16_t setpoints[FIELD_METERS_MAX][SETPOINTS];  //  As written
} device_t;

//  What a meter shows.
typedef struct {
    uint16_t address;           //  First register
    uint8_t registers;          //  1 or 2, high word first
    field_quantity_t quantity;  //  Of the model
    uint32_t point;
    int8_t exponent;  //  Of its unit in the dictionary
} row_t;

static const row_t s_rows[] = {{0, 2, MODEL_ENERGY, POINT (1, 0, 1, 8, 0), -2},
                               {2, 2, MODEL_ENERGY_EXPORT, POINT (1, 0, 2, 8, 0), -2},
                               {4, 1, MODEL_VOLTAGE, POINT (1, 0, 32, 7, 0), -1},
                               {5, 1, MODEL_CURRENT, POINT (1, 0, 31, 7, 0), -3},
                               {6, 2, MODEL_POWER, POINT (1, 0, 16, 7, 0), -4},
                               {8, 1, MODEL_POWER_FACTOR, POINT (1, 0, 13, 7, 0), -1},
                               {9, 1, MODEL_FREQUENCY, POINT (1, 0, 14, 7, 0), -2}};

enum { ROW_COUNT = sizeof s_rows / sizeof s_rows[0], SHOWN = 10 };

#define POINT_LIMIT POINT (0, 0, 155, 41, 0)  //  The first set-point

//  ---- Who it is ----

static void s_start (void *state, uint32_t number, uint32_t meters)
{
    device_t *self = state;
    self->number = number;
    self->meters = meters < FIELD_METERS_MAX ? meters : FIELD_METERS_MAX;
    for (size_t i = 0; i < FIELD_METERS_MAX; i++) {
        self->setpoints[i][0] = LIMIT_MAX;
    }
}

static void s_address (const void *state, char text[FIELD_ADDRESS_MAX + 1])
{
    const device_t *self = state;
    snprintf (text, FIELD_ADDRESS_MAX + 1, "mtcp%u", (unsigned) self->number);
}

static void s_meter (const void *state, uint32_t mp, char text[FIELD_ADDRESS_MAX + 1])
{
    (void) state;
    snprintf (text, FIELD_ADDRESS_MAX + 1, "%u", (unsigned) mp);
}

static void s_connected (void *state, field_turn_t *turn)
{
    (void) state;
    (void) turn;
}

//  ---- Registers ----

static uint16_t s_word (const uint8_t *p)
{
    return (uint16_t) (p[0] << 8 | p[1]);
}

static void s_put_word (uint8_t *p, uint16_t word)
{
    p[0] = (uint8_t) (word >> 8);
    p[1] = (uint8_t) word;
}

static void s_say (const device_t *self, uint8_t unit, uint32_t point, int64_t mantissa,
                   int8_t exponent, field_turn_t *turn)
{
    (void) self;
    field_said_t said = {.mp = unit, .point = point, .mantissa = mantissa, .exponent = exponent};
    if (turn->said) {
        turn->said (turn->arg, &said);
    }
}

//  Registers from..from+count of what the meter shows; what is read whole is said.
static void s_show (const device_t *self, uint8_t unit, uint32_t from, uint32_t count, uint8_t *out,
                    field_turn_t *turn)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        const row_t *row = &s_rows[i];
        int64_t value = field_model (self->number, unit, row->quantity, turn->wall_ms);
        uint32_t inside = 0;
        for (uint32_t n = 0; n < row->registers; n++) {
            uint32_t address = row->address + n;
            if (address >= from && address < from + count) {
                unsigned shift = 16 * (row->registers - 1u - n);
                s_put_word (out + 2 * (address - from), (uint16_t) ((uint64_t) value >> shift));
                inside++;
            }
        }
        if (inside == row->registers) {
            s_say (self, unit, row->point, value, row->exponent, turn);
        }
    }
}

//  ---- Functions: the answer's PDU into out; how long it is, or 0 with *code ----

typedef struct {
    uint8_t unit, function;
    const uint8_t *data;  //  Behind the function
    size_t size;          //  Of it
} asked_t;

static size_t s_read (const device_t *self, const asked_t *asked, uint8_t *out, uint8_t *code,
                      field_turn_t *turn)
{
    if (asked->size != 4) {
        *code = ILLEGAL_VALUE;
        return 0;
    }
    uint32_t from = s_word (asked->data), count = s_word (asked->data + 2);
    bool set = from >= SETPOINTS_AT && asked->function == READ_HOLDING;
    uint32_t end = set ? SETPOINTS_AT + SETPOINTS : SHOWN;
    if (count < 1 || count > READ_MAX) {
        *code = ILLEGAL_VALUE;
        return 0;
    }
    if (from + count > end) {
        *code = ILLEGAL_ADDRESS;
        return 0;
    }
    out[1] = (uint8_t) (2 * count);
    if (!set) {
        s_show (self, asked->unit, from, count, out + 2, turn);
        return 2 + 2 * count;
    }
    const uint16_t *setpoints = self->setpoints[asked->unit - 1];
    for (uint32_t i = 0; i < count; i++) {
        s_put_word (out + 2 + 2 * i, setpoints[from - SETPOINTS_AT + i]);
    }
    if (from == SETPOINTS_AT) {
        s_say (self, asked->unit, POINT_LIMIT, setpoints[0], -1, turn);
    }
    return 2 + 2 * count;
}

//  count registers from `from` on, all of them or none.
static uint8_t s_set (device_t *self, uint8_t unit, uint32_t from, uint32_t count,
                      const uint8_t *data)
{
    if (from < SETPOINTS_AT || from + count > SETPOINTS_AT + SETPOINTS) {
        return ILLEGAL_ADDRESS;
    }
    if (from == SETPOINTS_AT && s_word (data) > LIMIT_MAX) {
        return ILLEGAL_VALUE;
    }
    for (uint32_t i = 0; i < count; i++) {
        self->setpoints[unit - 1][from - SETPOINTS_AT + i] = s_word (data + 2 * i);
    }
    return 0;
}

static size_t s_write (device_t *self, const asked_t *asked, uint8_t *out, uint8_t *code)
{
    bool many = asked->function == WRITE_MANY;
    size_t least = many ? 5 : 4;
    *code = ILLEGAL_VALUE;
    if (asked->size < least) {
        return 0;
    }
    uint32_t count = many ? s_word (asked->data + 2) : 1;
    bool good = many ? count >= 1 && count <= WRITE_MAX && asked->data[4] == 2 * count &&
                           asked->size == 5 + 2 * count
                     : asked->size == 4;
    if (!good) {
        return 0;
    }
    *code = s_set (self, asked->unit, s_word (asked->data), count, asked->data + (many ? 5 : 2));
    memcpy (out + 1, asked->data, 4);
    return *code ? 0 : 5;
}

static size_t s_execute (device_t *self, const asked_t *asked, uint8_t *out, field_turn_t *turn)
{
    uint8_t code = ILLEGAL_FUNCTION;
    size_t size = 0;
    out[0] = asked->function;
    if (asked->unit < 1 || asked->unit > self->meters) {
        code = NO_ANSWER_BEHIND;
    } else if (asked->function == READ_HOLDING || asked->function == READ_INPUT) {
        size = s_read (self, asked, out, &code, turn);
    } else if (asked->function == WRITE_ONE || asked->function == WRITE_MANY) {
        size = s_write (self, asked, out, &code);
    }
    if (size == 0) {
        out[0] = asked->function | REFUSED;
        out[1] = code;
        size = 2;
    }
    return size;
}

//  ---- The connection ----

static size_t s_input (void *state, const uint8_t *bytes, size_t size, field_turn_t *turn)
{
    device_t *self = state;
    size_t at = 0;
    while (size - at >= HEAD) {
        const uint8_t *p = bytes + at;
        size_t length = s_word (p + 4);
        if (s_word (p + 2) != 0 || length < 2 || length > LENGTH_MAX) {
            at++;
            continue;
        }
        if (size - at < HEAD + length || turn->capacity - turn->size < ANSWER_MAX) {
            break;
        }
        asked_t asked = {p[HEAD], p[HEAD + 1], p + HEAD + 2, length - 2};
        uint8_t *out = turn->out + turn->size;
        memcpy (out, p, 4);
        out[HEAD] = asked.unit;
        size_t answer = 1 + s_execute (self, &asked, out + HEAD + 1, turn);
        s_put_word (out + 4, (uint16_t) answer);
        turn->size += HEAD + answer;
        at += HEAD + length;
    }
    return at;
}

static int64_t s_tick (void *state, field_turn_t *turn)
{
    (void) state;
    return turn->wall_ms + HOUR_MS;
}

static bool s_stop (void *state)
{
    (void) state;
    return true;
}

const field_device_t field_modbus_tcp = {.name = "modbus_tcp",
                                         .codec = "modbus_tcp",
                                         .carried = "modbus_rtu",
                                         .profile = "field_modbus_tcp",
                                         .state_size = sizeof (device_t),
                                         .start = s_start,
                                         .address = s_address,
                                         .meter = s_meter,
                                         .connected = s_connected,
                                         .input = s_input,
                                         .tick = s_tick,
                                         .stop = s_stop};
