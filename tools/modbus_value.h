//  Registers as values and back: type and word order as in a profile. Pure; shifts of our own.
#ifndef TOOLS_MODBUS_VALUE_H
#define TOOLS_MODBUS_VALUE_H

#include "fep/profile.h"

#define VALUE_REGISTERS_MAX 4  //  Of one value

//  "u16" .. "bcd32" as in a profile; "bits" is REGISTER_BITS, one register as sixteen digits.
bool modbus_type_parse (const char *text, register_type_t *type);
const char *modbus_type_name (register_type_t type);
size_t modbus_type_registers (register_type_t type);

//  "ABCD" .. "DCBA".
bool modbus_order_parse (const char *text, word_order_t *order);
const char *modbus_order_name (word_order_t order);

//  The bits of a value, most significant first, from as many registers as the type takes; and back.
//  64 bits: CDAB turns the words round, BADC the bytes of each word, DCBA both.
uint64_t modbus_value_raw (const uint16_t *registers, register_type_t type, word_order_t order);
void modbus_value_registers (uint64_t raw, register_type_t type, word_order_t order,
                             uint16_t *registers);

//  The number, or false if it is none (a digit of BCD above 9, a float that is not finite).
bool modbus_value_number (uint64_t raw, register_type_t type, double *number);

//  For people, times scale; exact for integers if scale is 1; "-" if it is no number. 32 always
//  suffice.
void modbus_value_text (uint64_t raw, register_type_t type, double scale, char *text, size_t size);

//  The bits of a number written down, decimal or 0x. False: it is no number of that type.
bool modbus_value_parse (const char *text, register_type_t type, uint64_t *raw);

//  A float that a meter may well mean: 0, or of an everyday size.
bool modbus_float_likely (double number);

#endif
