//  One table of types; orders are two questions: are the words turned round, are the bytes of each.
#include "tools/modbus_value.h"
#include "fep/check.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define LIKELY_LOW 1e-3  //  Below it a float is rather two integers
#define LIKELY_HIGH 1e8

static const struct {
    const char *name;   //  As in a profile
    uint8_t registers;  //  It takes
    bool is_signed;     //  Two's complement
} s_types[REGISTER_TYPE_COUNT] = {
    [REGISTER_U16] = {"u16", 1, false},     [REGISTER_I16] = {"i16", 1, true},
    [REGISTER_U32] = {"u32", 2, false},     [REGISTER_I32] = {"i32", 2, true},
    [REGISTER_U64] = {"u64", 4, false},     [REGISTER_I64] = {"i64", 4, true},
    [REGISTER_F32] = {"f32", 2, false},     [REGISTER_F64] = {"f64", 4, false},
    [REGISTER_BCD16] = {"bcd16", 1, false}, [REGISTER_BCD32] = {"bcd32", 2, false},
    [REGISTER_BIT] = {"bit", 1, false},     [REGISTER_BITS] = {"bits", 1, false}};

static const char *const s_orders[ORDER_COUNT] = {"ABCD", "CDAB", "BADC", "DCBA"};

bool modbus_type_parse (const char *text, register_type_t *type)
{
    for (size_t i = 0; i < REGISTER_TYPE_COUNT; i++) {
        if (i != REGISTER_BIT && strcmp (text, s_types[i].name) == 0) {
            *type = (register_type_t) i;
            return true;
        }
    }
    return false;
}

const char *modbus_type_name (register_type_t type)
{
    FEP_ASSERT (type < REGISTER_TYPE_COUNT);
    return s_types[type].name;
}

size_t modbus_type_registers (register_type_t type)
{
    FEP_ASSERT (type < REGISTER_TYPE_COUNT);
    return s_types[type].registers;
}

bool modbus_order_parse (const char *text, word_order_t *order)
{
    for (size_t i = 0; i < ORDER_COUNT; i++) {
        if (strcmp (text, s_orders[i]) == 0) {
            *order = (word_order_t) i;
            return true;
        }
    }
    return false;
}

const char *modbus_order_name (word_order_t order)
{
    FEP_ASSERT (order < ORDER_COUNT);
    return s_orders[order];
}

//  --- Order

static uint16_t s_turned (uint16_t word, word_order_t order)
{
    bool bytes = order == ORDER_BADC || order == ORDER_DCBA;
    return (uint16_t) (bytes ? word >> 8 | word << 8 : word);
}

//  Which register has the i-th word from the top.
static size_t s_place (size_t i, size_t count, word_order_t order)
{
    return order == ORDER_CDAB || order == ORDER_DCBA ? count - 1 - i : i;
}

uint64_t modbus_value_raw (const uint16_t *registers, register_type_t type, word_order_t order)
{
    size_t count = modbus_type_registers (type);
    uint64_t raw = 0;
    for (size_t i = 0; i < count; i++) {
        raw = raw << 16 | s_turned (registers[s_place (i, count, order)], order);
    }
    return raw;
}

void modbus_value_registers (uint64_t raw, register_type_t type, word_order_t order,
                             uint16_t *registers)
{
    size_t count = modbus_type_registers (type);
    for (size_t i = 0; i < count; i++) {
        uint16_t word = (uint16_t) (raw >> 16 * (count - 1 - i));
        registers[s_place (i, count, order)] = s_turned (word, order);
    }
}

//  --- Numbers

static int64_t s_signed (uint64_t raw, register_type_t type)
{
    unsigned bits = 16u * s_types[type].registers;
    uint64_t sign = (uint64_t) 1 << (bits - 1);
    uint64_t extended = bits < 64 && raw & sign ? raw | ~(sign - 1) : raw;
    int64_t value = 0;
    memcpy (&value, &extended, sizeof value);
    return value;
}

static double s_float (uint64_t raw, register_type_t type)
{
    double number = 0;
    if (type == REGISTER_F32) {
        uint32_t bits = (uint32_t) raw;
        float single = 0;
        memcpy (&single, &bits, sizeof single);
        number = (double) single;
    } else {
        memcpy (&number, &raw, sizeof number);
    }
    return number;
}

static bool s_bcd (uint64_t raw, uint64_t *number)
{
    uint64_t weight = 1;
    *number = 0;
    for (; raw; raw >>= 4, weight *= 10) {
        if ((raw & 15) > 9) {
            return false;
        }
        *number += (raw & 15) * weight;
    }
    return true;
}

static bool s_is_float (register_type_t type)
{
    return type == REGISTER_F32 || type == REGISTER_F64;
}

static bool s_is_bcd (register_type_t type)
{
    return type == REGISTER_BCD16 || type == REGISTER_BCD32;
}

bool modbus_value_number (uint64_t raw, register_type_t type, double *number)
{
    uint64_t digits = raw;
    if (s_is_bcd (type) && !s_bcd (raw, &digits)) {
        return false;
    }
    *number = s_is_float (type)         ? s_float (raw, type)
              : s_types[type].is_signed ? (double) s_signed (raw, type)
                                        : (double) digits;
    return isfinite (*number);
}

bool modbus_float_likely (double number)
{
    double size = fabs (number);
    return number == 0 || (size >= LIKELY_LOW && size < LIKELY_HIGH);
}

//  --- Text

static void s_bits_text (uint64_t raw, char *text, size_t size)
{
    char bits[20];
    size_t at = 0;
    for (int i = 15; i >= 0; i--) {
        bits[at++] = raw >> i & 1 ? '1' : '0';
        if (i == 12 || i == 8 || i == 4) {
            bits[at++] = ' ';
        }
    }
    snprintf (text, size, "%.*s", (int) at, bits);
}

void modbus_value_text (uint64_t raw, register_type_t type, double scale, char *text, size_t size)
{
    double number = 0;
    uint64_t digits = raw;
    if (type == REGISTER_BITS) {
        s_bits_text (raw, text, size);
    } else if (!modbus_value_number (raw, type, &number)) {
        snprintf (text, size, "-");
    } else if (s_is_float (type) || scale != 1) {
        snprintf (text, size, "%.*g", type == REGISTER_F32 ? 7 : 12, number * scale);
    } else if (s_types[type].is_signed) {
        snprintf (text, size, "%" PRId64, s_signed (raw, type));
    } else {
        bool whole = !s_is_bcd (type) || s_bcd (raw, &digits);
        FEP_ASSERT (whole);
        snprintf (text, size, "%" PRIu64, digits);
    }
}

//  Digits to BCD; false if there are too many.
static bool s_to_bcd (uint64_t number, unsigned bits, uint64_t *raw)
{
    *raw = 0;
    for (unsigned at = 0; number; number /= 10, at += 4) {
        if (at == bits) {
            return false;
        }
        *raw |= number % 10 << at;
    }
    return true;
}

static bool s_parse_float (const char *text, register_type_t type, uint64_t *raw)
{
    char *end = NULL;
    double number = strtod (text, &end);
    if (end == text || *end || !isfinite (number)) {
        return false;
    }
    if (type == REGISTER_F64) {
        memcpy (raw, &number, sizeof number);
        return true;
    }
    float single = (float) number;
    uint32_t bits = 0;
    memcpy (&bits, &single, sizeof bits);
    *raw = bits;
    return isfinite (single);
}

bool modbus_value_parse (const char *text, register_type_t type, uint64_t *raw)
{
    if (s_is_float (type)) {
        return s_parse_float (text, type, raw);
    }
    unsigned bits = 16u * s_types[type].registers;
    uint64_t high = UINT64_MAX >> (64 - bits) >> s_types[type].is_signed;
    bool below = *text == '-';
    const char *digits = text + below;
    int base = digits[0] == '0' && (digits[1] | 0x20) == 'x' ? 16 : 10;
    char *end = NULL;
    errno = 0;
    uint64_t number = *digits >= '0' && *digits <= '9' ? strtoull (digits, &end, base) : 0;
    if (!end || *end || errno || (below && !s_types[type].is_signed) ||
        number > high + (below ? 1 : 0)) {
        return false;
    }
    if (s_is_bcd (type)) {
        return s_to_bcd (number, bits, raw);
    }
    *raw = (below ? 0 - number : number) & UINT64_MAX >> (64 - bits);
    return true;
}
