//  The gateway's and the meters' side of a transparent DTU with Modbus RTU.
//
//    U F AAAA NNNN CCCC          request       U: unit    F: function    A: first register    N: how many
//    U F L DDDD.. CCCC           answer        L: bytes of data    D: registers    C: CRC, low byte first
//    U F E CCCC                  refusal       F: function | 80    E: exception
//
//  Not done: writing, coils, a gateway's own commands, registration in front of each packet.
#include "bench/terminal_dtu.h"
#include "bench/terminal.h"
#include <stdio.h>

#define IMEI_FIRST UINT64_C (864201060000000)
#define UNIT_MAX 247
#define REFUSED 0x80
#define REGISTERS_MAX 125
#define FRAME_MIN 4
#define BLOCK_REGISTERS_MAX 32
#define NO_VALUE 0xFFFF

enum { BAD_FUNCTION = 1, BAD_ADDRESS = 2, BAD_VALUE = 3 };

typedef enum { REGISTER, PLAIN, FRACTION, DIGITS, SHIFTED, OPTIONAL } how_t;

//  Words of a value with bytes A B C D, A the most significant.
typedef enum { ABCD, CDAB, BADC, DCBA } order_t;

//  A value of a block.
typedef struct {
    uint8_t at;        //  Register in the block
    uint8_t words;     //  It takes
    uint8_t how;       //  how_t
    uint8_t order;     //  order_t
    int32_t low;       //  Smallest raw value
    uint32_t span;     //  How many different ones
    uint32_t divisor;  //  FRACTION: of the float
} cell_t;

typedef struct {
    uint16_t first;       //  Register on the wire
    uint16_t count;       //  Of registers
    uint8_t cells;        //  In the table
    const cell_t *table;  //  Its values
} block_t;

static const cell_t s_block0[] = {
    {0, 2, REGISTER, ABCD, 10000000, 90000000, 0},
    {2, 1, PLAIN, ABCD, 2150, 200, 0},
    {3, 1, PLAIN, ABCD, 2150, 200, 0},
    {4, 1, PLAIN, ABCD, 2150, 200, 0},
    {5, 1, PLAIN, ABCD, -3000, 6000, 0},
    {6, 1, PLAIN, ABCD, -3000, 6000, 0},
    {7, 1, PLAIN, ABCD, -3000, 6000, 0},
    {10, 2, PLAIN, CDAB, 1000, 90000, 0},
    {12, 2, FRACTION, ABCD, 0, 40000, 1000},
    {14, 2, FRACTION, CDAB, 0, 40000, 1000},
    {16, 2, FRACTION, BADC, 0, 40000, 1000},
    {18, 2, FRACTION, DCBA, 4990, 21, 100},
    {20, 2, DIGITS, ABCD, 0, 90000, 0},
};

static const cell_t s_block1[] = {
    {0, 2, REGISTER, CDAB, 10000000, 90000000, 0},
    {2, 4, REGISTER, CDAB, 10000000, 90000000, 0},
    {6, 2, PLAIN, ABCD, -30000, 60000, 0},
    {8, 2, PLAIN, BADC, -30000, 60000, 0},
    {10, 2, PLAIN, DCBA, -30000, 60000, 0},
    {12, 1, SHIFTED, ABCD, 0, 256, 0},
    {13, 1, DIGITS, ABCD, 800, 200, 0},
    {14, 1, PLAIN, ABCD, -1800, 3600, 0},
    {15, 1, OPTIONAL, ABCD, 0, 40000, 0},
};

static const block_t s_blocks[DTU_BLOCKS] = {
    {0, 22, sizeof s_block0 / sizeof s_block0[0], s_block0},
    {256, 16, sizeof s_block1 / sizeof s_block1[0], s_block1},
};

uint64_t dtu_imei (uint32_t number)
{
    return IMEI_FIRST + number;
}

void dtu_registration (const dtu_t *self, writer_t *out)
{
    char text[24];
    int size =
        snprintf (text, sizeof text, "%015llu", (unsigned long long) dtu_imei (self->number));
    writer_put (out, text, (size_t) size);
}

void dtu_heartbeat (writer_t *out)
{
    writer_put (out, "HB", 2);
}

static uint16_t s_crc (bytes_t bytes)
{
    unsigned crc = 0xFFFF;
    for (size_t i = 0; i < bytes.size; i++) {
        crc ^= bytes.data[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc & 1 ? crc >> 1 ^ 0xA001 : crc >> 1;
        }
    }
    return (uint16_t) crc;
}

static bool s_sound (const uint8_t *frame, size_t size)
{
    uint16_t crc = s_crc (bytes_of (frame, size - 2));
    return frame[size - 2] == (uint8_t) crc && frame[size - 1] == crc >> 8;
}

//  Length of a request by its function; 0: not known; more than the window holds: not yet.
static size_t s_length (bytes_t window)
{
    static const uint8_t fixed[] = {
        [1] = 8,  [2] = 8,  [3] = 8,   [4] = 8,  [5] = 8,   [6] = 8,  [7] = 4,
        [8] = 8,  [11] = 4, [12] = 4,  [17] = 4, [22] = 10, [24] = 6, [43] = 7,
        [15] = 9, [16] = 9, [23] = 13, [20] = 5, [21] = 5};
    static const uint8_t count_at[] = {[15] = 6, [16] = 6, [23] = 10, [20] = 2, [21] = 2};
    uint8_t function = window.data[1];
    size_t size = function < sizeof fixed ? fixed[function] : 0;
    size_t at = function < sizeof count_at ? count_at[function] : 0;
    return at && window.size > at ? size + window.data[at] : size;
}

//  Where a checksum fits; 0: nowhere.
static size_t s_search (bytes_t window)
{
    for (size_t size = FRAME_MIN; size <= window.size && size <= DTU_FRAME_MAX; size++) {
        if (s_sound (window.data, size)) {
            return size;
        }
    }
    return 0;
}

//  Where a whole request of known length stands behind the head; 0: nowhere. What is before it is a broken
//  one, that on a real line a pause would have ended.
static size_t s_behind (bytes_t window)
{
    for (size_t at = 1; at + FRAME_MIN <= window.size; at++) {
        bytes_t rest = bytes_of (window.data + at, window.size - at);
        size_t size = s_length (rest);
        if (size > 0 && size <= rest.size && rest.data[0] <= UNIT_MAX &&
            s_sound (rest.data, size)) {
            return at;
        }
    }
    return 0;
}

dtu_request_t dtu_scan (bytes_t window)
{
    const uint8_t *at = window.data;
    if (window.size < FRAME_MIN) {
        return (dtu_request_t){.what = DTU_MORE};
    }
    size_t size = s_length (window);
    bool known = size > 0;
    if (!known) {
        size = s_search (window);
    }
    if (at[0] > UNIT_MAX || size > DTU_FRAME_MAX || (size == 0 && window.size >= DTU_FRAME_MAX)) {
        return (dtu_request_t){.what = DTU_NOISE, .size = 1};
    }
    if (size == 0 || window.size < size) {
        size_t noise = s_behind (window);
        return (dtu_request_t){.what = noise ? DTU_NOISE : DTU_MORE, .size = noise};
    }
    if (known && !s_sound (at, size)) {
        return (dtu_request_t){.what = DTU_NOISE, .size = 1};
    }
    dtu_request_t request = {DTU_REQUEST, size, at[0], at[1], 0, 0};
    if (request.function == 3 || request.function == 4) {
        request.first = (uint16_t) (at[2] << 8 | at[3]);
        request.count = (uint16_t) (at[4] << 8 | at[5]);
    }
    return request;
}

static uint64_t s_digits (uint64_t value)
{
    uint64_t digits = 0;
    for (unsigned shift = 0; value; shift += 4, value /= 10) {
        digits |= value % 10 << shift;
    }
    return digits;
}

//  The bits of a value, right-aligned.
static uint64_t s_bits (const cell_t *cell, uint32_t hash, uint32_t fixed, uint32_t counter)
{
    int64_t raw = cell->low + (int64_t) (hash % cell->span);
    float fraction = 0;
    uint32_t bits = 0;
    switch ((how_t) cell->how) {
    case REGISTER:
        return (uint64_t) cell->low + fixed % cell->span + counter;
    case FRACTION:
        fraction = (float) raw / (float) cell->divisor;
        memcpy (&bits, &fraction, sizeof bits);
        return bits;
    case DIGITS:
        return s_digits ((uint64_t) raw);
    case SHIFTED:
        return (uint64_t) raw << 4 | hash >> 28 << 12;
    case OPTIONAL:
        return hash % 16 == 0 ? NO_VALUE : (uint64_t) raw;
    case PLAIN:
        break;
    }
    return (uint64_t) raw;
}

//  Puts it into the block's registers.
static void s_place (const cell_t *cell, uint64_t bits, uint16_t *registers)
{
    bool words_swapped = cell->order == CDAB || cell->order == DCBA;
    bool bytes_swapped = cell->order == BADC || cell->order == DCBA;
    for (unsigned i = 0; i < cell->words; i++) {
        unsigned shift = 16u * (words_swapped ? i : cell->words - 1u - i);
        unsigned word = bits >> shift & 0xFFFF;
        unsigned swapped = word << 8 | word >> 8;
        registers[cell->at + i] = (uint16_t) (bytes_swapped ? swapped : word);
    }
}

//  Items are numbered from 400 on, 32 to a block.
static void s_fill (const dtu_t *self, uint8_t unit, uint8_t number, uint32_t counter,
                    uint16_t registers[BLOCK_REGISTERS_MAX])
{
    const block_t *block = &s_blocks[number];
    uint32_t address = (uint32_t) dtu_imei (self->number);
    memset (registers, 0, sizeof *registers * BLOCK_REGISTERS_MAX);
    for (uint32_t i = 0; i < block->cells; i++) {
        uint32_t item = 400 + number * 32u + i;
        s_place (&block->table[i],
                 s_bits (&block->table[i], terminal_value (address, unit, counter, item),
                         terminal_value (address, unit, -1, item), counter),
                 registers);
    }
}

static void s_close (writer_t *out, size_t start)
{
    if (!out->failed) {
        writer_u16le (out, s_crc (bytes_of (out->data + start, out->size - start)));
    }
}

static dtu_answer_t s_refuse (const dtu_request_t *request, uint8_t exception, writer_t *out)
{
    size_t start = out->size;
    writer_u8 (out, request->unit);
    writer_u8 (out, request->function | REFUSED);
    writer_u8 (out, exception);
    s_close (out, start);
    return (dtu_answer_t){.what = DTU_EXCEPTION};
}

dtu_answer_t dtu_answer (dtu_t *self, const dtu_request_t *request, writer_t *out)
{
    uint16_t registers[BLOCK_REGISTERS_MAX];
    uint8_t number = 0;
    if (request->unit == 0 || request->unit > self->meters) {
        return (dtu_answer_t){.what = DTU_SILENT};
    }
    if (request->function != 3 && request->function != 4) {
        return s_refuse (request, BAD_FUNCTION, out);
    }
    if (request->count == 0 || request->count > REGISTERS_MAX) {
        return s_refuse (request, BAD_VALUE, out);
    }
    while (number < DTU_BLOCKS &&
           (request->first < s_blocks[number].first ||
            request->first + request->count > s_blocks[number].first + s_blocks[number].count)) {
        number++;
    }
    if (number == DTU_BLOCKS) {
        return s_refuse (request, BAD_ADDRESS, out);
    }
    const block_t *block = &s_blocks[number];
    uint32_t counter = self->counter[request->unit - 1][number]++;
    size_t start = out->size;
    s_fill (self, request->unit, number, counter, registers);
    writer_u8 (out, request->unit);
    writer_u8 (out, request->function);
    writer_u8 (out, (uint8_t) (request->count * 2));
    for (unsigned i = 0; i < request->count; i++) {
        writer_u16be (out, registers[request->first - block->first + i]);
    }
    s_close (out, start);
    return (dtu_answer_t){DTU_VALUES, number, request->count == block->count, counter};
}
