//  The electricity meters of DL/T 645-2007 on one line.
#include "bench/field_meter645.h"
#include "fep/message.h"
#include "fep/point.h"
#include <stdio.h>

enum { HEAD = 10, TAIL = 2, DATA_MAX = 200, DI = 4 };
enum { PASSWORD = 2, WILD_BYTE = 0xAA };
enum { FROM_METER = 0x80, ERROR = 0x40, FOLLOWS = 0x20 };
enum { ERROR_OTHER = 1, ERROR_NO_DATA = 2, ERROR_PASSWORD = 4 };
enum {
    TIME = 0x08,
    READ = 0x11,
    READ_ON = 0x12,
    READ_ADDRESS = 0x13,
    WRITE = 0x14,
    FREEZE = 0x16,
    CONTROL = 0x1C
};
enum { TRIP = 0x1A, PERMIT = 0x1B, CLOSE = 0x1C };
#define FREEZES_MAX 62
#define RELAY_OPEN 0x10  //  Of status word 3
#define SPLIT_EVERY 4    //  One meter in so many sends its energies in two frames
#define FIRST_PART 12    //  Bytes of them in the first

//  A momentary value: where it stands, how it looks.
typedef struct {
    uint32_t di;       //  Identifier
    uint8_t phase;     //  Of the model
    uint8_t quantity;  //  field_quantity_t
    uint8_t bytes;     //  On the wire
    int8_t exponent;   //  Of ten, in the dictionary's unit
    uint8_t code;      //  C of its point 1.0.C.7.0
} momentary_t;

static const momentary_t s_momentary[] = {
    {0x02010100, 1, MODEL_VOLTAGE, 2, -1, 32},      {0x02010200, 2, MODEL_VOLTAGE, 2, -1, 52},
    {0x02010300, 3, MODEL_VOLTAGE, 2, -1, 72},      {0x02020100, 1, MODEL_CURRENT, 3, -3, 31},
    {0x02020200, 2, MODEL_CURRENT, 3, -3, 51},      {0x02020300, 3, MODEL_CURRENT, 3, -3, 71},
    {0x02030000, 0, MODEL_POWER, 3, -4, 16},        {0x02030100, 1, MODEL_POWER, 3, -4, 36},
    {0x02030200, 2, MODEL_POWER, 3, -4, 56},        {0x02030300, 3, MODEL_POWER, 3, -4, 76},
    {0x02060000, 0, MODEL_POWER_FACTOR, 2, -1, 13}, {0x02060100, 1, MODEL_POWER_FACTOR, 2, -1, 33},
    {0x02060200, 2, MODEL_POWER_FACTOR, 2, -1, 53}, {0x02060300, 3, MODEL_POWER_FACTOR, 2, -1, 73},
    {0x02800002, 0, MODEL_FREQUENCY, 2, -2, 14},
};

//  One request under way.
typedef struct {
    meter645_line_t *line;  //  Whose
    uint32_t mp;            //  Which meter
    int64_t wall_ms;        //  Now
    bytes_t data;           //  Of the request, +33H taken off
    writer_t *out;          //  Data of the answer, before +33H
    field_words_t *words;   //  What it says
    uint8_t error;          //  Set: refused
    bool follows;           //  Set: more is to be asked for
} exchange_t;

uint64_t meter645_number (const meter645_line_t *line, uint32_t mp)
{
    return (uint64_t) (line->family % 100) * 10000000000u +
           (uint64_t) (line->number % 1000000) * 10000u + mp % 10000;
}

void meter645_address (const meter645_line_t *line, uint32_t mp, char text[FIELD_ADDRESS_MAX + 1])
{
    snprintf (text, FIELD_ADDRESS_MAX + 1, "%012llu",
              (unsigned long long) meter645_number (line, mp));
}

uint32_t meter645_find (const meter645_line_t *line, uint64_t address)
{
    uint64_t before = meter645_number (line, 0);
    return address > before && address - before <= line->meters ? (uint32_t) (address - before) : 0;
}

int64_t meter645_model (const meter645_line_t *line, uint32_t mp, unsigned phase,
                        field_quantity_t quantity, int64_t wall_ms)
{
    return field_model (line->family * 1000000 + line->number, mp + phase * 100, quantity, wall_ms);
}

void meter645_energies (const meter645_line_t *line, uint32_t mp, field_quantity_t quantity,
                        int64_t wall_ms, int64_t energies[1 + METER645_TARIFFS])
{
    energies[0] = meter645_model (line, mp, 0, quantity, wall_ms);
    for (int i = 0; i < METER645_TARIFFS; i++) {
        energies[1 + i] = (energies[0] + i) / METER645_TARIFFS;
    }
}

field_scan_t meter645_scan (bytes_t window)
{
    const uint8_t *at = window.data;
    if (window.size > 0 && at[0] != 0x68) {
        return (field_scan_t){FIELD_NOISE, 1};
    }
    if (window.size < HEAD) {
        return (field_scan_t){FIELD_MORE, 0};
    }
    size_t size = HEAD + (size_t) at[9] + TAIL;
    if (at[7] != 0x68 || at[9] > DATA_MAX) {
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

//  Whom a request is for: AA bytes fit any. 0: nobody here, or all, who do not answer.
static uint32_t s_whom (const meter645_line_t *line, const uint8_t *address)
{
    uint8_t own[6];
    for (uint32_t mp = 1; mp <= line->meters; mp++) {
        writer_t out = writer_of (own, sizeof own);
        bool fits = true;
        bool wild = false;
        field_digits (&out, meter645_number (line, mp), sizeof own);
        for (size_t i = 0; i < sizeof own; i++) {
            fits = fits && (address[i] == WILD_BYTE || address[i] == own[i]);
            wild = wild || address[i] == WILD_BYTE;
        }
        if (fits && (!wild || line->meters == 1)) {
            return mp;
        }
    }
    return 0;
}

static void s_say (exchange_t *x, uint8_t freeze, int64_t time_ms, uint32_t point, int64_t mantissa,
                   int8_t exponent)
{
    field_words_add (x->words, &(field_said_t){.mp = (uint16_t) x->mp,
                                               .freeze = freeze,
                                               .time_ms = time_ms,
                                               .point = point,
                                               .mantissa = mantissa,
                                               .exponent = exponent});
}

//  Total and tariffs from `first` on, `count` of them.
static void s_put_energies (exchange_t *x, uint8_t kind, int64_t at_ms, unsigned first,
                            unsigned count, uint8_t freeze)
{
    int64_t energies[1 + METER645_TARIFFS];
    meter645_energies (x->line, x->mp, kind == 1 ? MODEL_ENERGY : MODEL_ENERGY_EXPORT, at_ms,
                       energies);
    for (unsigned i = first; i < first + count && i <= METER645_TARIFFS; i++) {
        field_digits (x->out, (uint64_t) energies[i], 4);
        s_say (x, freeze, freeze == FREEZE_NONE ? 0 : at_ms, POINT (1, 0, kind, 8, i), energies[i],
               -2);
    }
}

//  00 kk tt 00: energies now. part: 0 the first frame, 1 what follows.
static bool s_energy (exchange_t *x, uint32_t di, unsigned part)
{
    uint8_t kind = (uint8_t) (di >> 16), tariff = (uint8_t) (di >> 8);
    unsigned split = FIRST_PART / 4;
    bool splits = x->mp % SPLIT_EVERY == 0 && tariff == 0xFF;
    if (di >> 24 != 0 || kind < 1 || kind > 2 || (di & 0xFF) != 0 ||
        (tariff != 0xFF && tariff > METER645_TARIFFS) || (part > 0 && !splits)) {
        return false;
    }
    if (part > 0) {
        s_put_energies (x, kind, x->wall_ms, split, 1 + METER645_TARIFFS - split, FREEZE_NONE);
    } else if (tariff != 0xFF) {
        s_put_energies (x, kind, x->wall_ms, tariff, 1, FREEZE_NONE);
    } else {
        s_put_energies (x, kind, x->wall_ms, 0, splits ? split : 1 + METER645_TARIFFS, FREEZE_NONE);
        x->follows = splits;
    }
    return true;
}

//  05 06 0k nn: the daily freezes, nn = 1 the latest; k 0 when, 1 and 2 energies.
static bool s_frozen (exchange_t *x, uint32_t di)
{
    uint8_t kind = (uint8_t) (di >> 8), back = (uint8_t) di;
    if (di >> 16 != 0x0506 || kind > 2 || back < 1 || back > FREEZES_MAX) {
        return false;
    }
    int64_t at_ms = field_midnight (x->wall_ms, back - 1);
    if (kind == 0) {
        clock_civil_t at;
        clock_to_civil (at_ms, &at);
        const int fields[] = {at.minute, at.hour, at.day, at.month, at.year % 100};
        for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
            writer_u8 (x->out, field_bcd ((unsigned) fields[i]));
        }
        return true;
    }
    s_put_energies (x, kind, at_ms, 0, 1 + METER645_TARIFFS, FREEZE_DAY);
    return true;
}

//  02 xx yy 00; a block where DI1 is FF.
static bool s_momentary_values (exchange_t *x, uint32_t di)
{
    bool found = false;
    for (size_t i = 0; i < sizeof s_momentary / sizeof s_momentary[0]; i++) {
        const momentary_t *row = &s_momentary[i];
        bool block = (di & 0xFF00) == 0xFF00 && (di | 0xFF00) == (row->di | 0xFF00);
        if (row->di == di || block) {
            int64_t value = meter645_model (x->line, x->mp, row->phase,
                                            (field_quantity_t) row->quantity, x->wall_ms);
            field_digits (x->out, (uint64_t) value, row->bytes);
            s_say (x, FREEZE_NONE, 0, POINT (1, 0, row->code, 7, 0), value, row->exponent);
            found = true;
        }
    }
    return found;
}

//  Clock, address and relay word: states, not values that are compared.
static bool s_states (exchange_t *x, uint32_t di)
{
    clock_civil_t now;
    clock_to_civil (x->wall_ms, &now);
    int64_t days = (x->wall_ms + (int64_t) clock_offset_min () * 60000) / 86400000;
    switch (di) {
    case 0x04000101:
        writer_u8 (x->out, (uint8_t) ((days + 4) % 7));
        field_digits (x->out, (uint64_t) (now.year % 100 * 10000 + now.month * 100 + now.day), 3);
        return true;
    case 0x04000102:
        field_digits (x->out, (uint64_t) (now.hour * 10000 + now.minute * 100 + now.second), 3);
        return true;
    case 0x04000401:
    case 0x04000402:
        field_digits (x->out, meter645_number (x->line, x->mp), 6);
        return true;
    case 0x04000503:
        writer_u16le (x->out, x->line->open >> (x->mp - 1) & 1 ? RELAY_OPEN : 0);
        return true;
    default:
        return false;
    }
}

static uint32_t s_di (bytes_t data)
{
    reader_t in = reader_of (data);
    return reader_u32le (&in);
}

static void s_read (exchange_t *x)
{
    if (x->data.size < DI) {
        x->error = ERROR_OTHER;
        return;
    }
    uint32_t di = s_di (x->data);
    writer_u32le (x->out, di);
    if (!s_energy (x, di, 0) && !s_frozen (x, di) && !s_momentary_values (x, di) &&
        !s_states (x, di)) {
        x->error = ERROR_NO_DATA;
    }
}

static void s_read_on (exchange_t *x)
{
    if (x->data.size != DI + 1) {
        x->error = ERROR_OTHER;
        return;
    }
    uint32_t di = s_di (x->data);
    writer_u32le (x->out, di);
    if (!s_energy (x, di, x->data.data[DI])) {
        x->error = ERROR_NO_DATA;
    }
    writer_u8 (x->out, x->data.data[DI]);
}

//  Level, three bytes of password.
static bool s_allowed (exchange_t *x, size_t at)
{
    const uint8_t *data = x->data.data;
    bool ok = x->data.size >= at + 8 && data[at] == PASSWORD && data[at + 1] == 0 &&
              data[at + 2] == 0 && data[at + 3] == 0;
    x->error = ok ? 0 : ERROR_PASSWORD;
    return ok;
}

//  Its clock cannot be set, but it lets people believe so: all simulated clocks are right.
static void s_write (exchange_t *x)
{
    if (x->data.size < DI || !s_allowed (x, DI)) {
        x->error = ERROR_PASSWORD;
        return;
    }
    uint32_t di = s_di (x->data);
    x->error = di == 0x04000101 || di == 0x04000102 ? 0 : ERROR_NO_DATA;
}

//  PA P0P1P2 C0..C3, command, 00, valid until ss mm hh DD MM YY.
static void s_control (exchange_t *x)
{
    clock_civil_t until = {0};
    int64_t until_ms = 0;
    if (!s_allowed (x, 0)) {
        return;
    }
    if (x->data.size != 16) {
        x->error = ERROR_OTHER;
        return;
    }
    uint64_t clock = field_number (x->data.data + 10, 6);
    until = (clock_civil_t){(int) (2000 + clock / 10000000000 % 100),
                            (int) (clock / 100000000 % 100),
                            (int) (clock / 1000000 % 100),
                            (int) (clock / 10000 % 100),
                            (int) (clock / 100 % 100),
                            (int) (clock % 100)};
    uint8_t command = x->data.data[8];
    if (clock == UINT64_MAX || !clock_from_civil (&until, &until_ms) || until_ms < x->wall_ms ||
        command < TRIP || command > CLOSE) {
        x->error = ERROR_OTHER;
        return;
    }
    uint32_t bit = 1u << (x->mp - 1);
    x->line->open = command == TRIP    ? x->line->open | bit
                    : command == CLOSE ? x->line->open & ~bit
                                       : x->line->open;
}

static void s_own_address (exchange_t *x)
{
    field_digits (x->out, meter645_number (x->line, x->mp), 6);
}

//  Nothing but the acknowledgement.
static void s_agree (exchange_t *x)
{
    (void) x;
}

typedef struct {
    uint8_t function;  //  C
    void (*answer) (exchange_t *x);
} service_t;

static const service_t s_services[] = {
    {READ, s_read},   {READ_ON, s_read_on}, {READ_ADDRESS, s_own_address},
    {WRITE, s_write}, {FREEZE, s_agree},    {CONTROL, s_control},
};

static bool s_close (exchange_t *x, uint8_t function, const writer_t *data, writer_t *out)
{
    size_t start = out->size;
    size_t size = x->error ? 1 : data->size;
    uint8_t control =
        (uint8_t) (function | FROM_METER | (x->error ? ERROR : 0) | (x->follows ? FOLLOWS : 0));
    writer_u8 (out, 0x68);
    field_digits (out, meter645_number (x->line, x->mp), 6);
    writer_u8 (out, 0x68);
    writer_u8 (out, control);
    writer_u8 (out, (uint8_t) size);
    for (size_t i = 0; i < size; i++) {
        writer_u8 (out, (uint8_t) ((x->error ? x->error : data->data[i]) + 0x33));
    }
    if (!out->failed) {
        writer_u8 (out, field_sum (out->data + start, out->size - start));
    }
    writer_u8 (out, 0x16);
    return !out->failed && !data->failed;
}

bool meter645_answer (meter645_line_t *line, bytes_t frame, int64_t wall_ms, writer_t *out,
                      field_words_t *words)
{
    uint8_t request[DATA_MAX], answer[DATA_MAX];
    uint8_t function = frame.data[8];
    uint32_t mp = s_whom (line, frame.data + 1);
    if (mp == 0 || function == TIME || (function & FROM_METER)) {
        return false;
    }
    for (size_t i = 0; i < frame.data[9]; i++) {
        request[i] = (uint8_t) (frame.data[HEAD + i] - 0x33);
    }
    writer_t data = writer_of (answer, sizeof answer);
    size_t before = words->count;
    exchange_t x = {.line = line,
                    .mp = mp,
                    .wall_ms = wall_ms,
                    .data = bytes_of (request, frame.data[9]),
                    .out = &data,
                    .words = words,
                    .error = ERROR_OTHER};
    for (size_t i = 0; i < sizeof s_services / sizeof s_services[0]; i++) {
        if (s_services[i].function == function) {
            x.error = 0;
            s_services[i].answer (&x);
        }
    }
    bool ok = s_close (&x, function, &data, out);
    words->count = ok && !x.error ? words->count : before;
    return ok;
}
