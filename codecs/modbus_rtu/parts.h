//  The parts of the codec that stand in files of their own.
#ifndef CODECS_MODBUS_RTU_PARTS_H
#define CODECS_MODBUS_RTU_PARTS_H

#include "codecs/codec.h"
#include "codecs/modbus_rtu/frame.h"

#define MODBUS_NAME "modbus_rtu"

//  Whose registers a request is about, from the meter's address.
typedef struct {
    uint8_t unit;
    uint16_t offset;  //  Added to the profile's addresses
    bool all;         //  Every unit of the line: unit 0, a broadcast, and nobody answers
} modbus_place_t;

//  "UNIT" or "UNIT:OFFSET", decimal. RANGE: anything else.
FEP_MUST_CHECK
fep_err_t modbus_place (const meter_t *meter, modbus_place_t *place);

//  What an exchange remembers. Plain data; all zero is the beginning.
typedef struct {
    bool asked;          //  A block of a profile is in flight
    uint16_t to;         //  The row behind it
    bool merged;         //  The block can be split
    bool whole;          //  The block is all there is to read
    uint16_t single_to;  //  Rows before it were refused as a block and are read one by one
    uint8_t absent;      //  Rows the device refused one by one
    bool factor_asked;   //  An sf register is in flight, for a write
    int16_t factor;      //  What it held
} modbus_state_t;

//  The encode and explain of the codec contract.
fep_err_t modbus_encode (void *state, request_t *request, codec_io_t *io);
fep_err_t modbus_explain (bytes_t frame, bool up, const codec_options_t *options, json_t *out);

//  Points become values; encode's part for WRITE and OPERATE.
FEP_MUST_CHECK
fep_err_t modbus_write (modbus_state_t *state, request_t *request, codec_io_t *io,
                        modbus_place_t place);

//  The profile's row of a point, or NULL.
const profile_row_t *modbus_row (const profile_t *profile, uint32_t point);

void modbus_put_crc (writer_t *out, size_t from);

//  A row's value. data: its registers, as received; of functions 1 and 2: all of the answer, and bit says which.
value_t modbus_value (const profile_row_t *row, const uint8_t *data, size_t bit);

//  Whether what an sf register holds is a power of ten; else *absent says why there is no value.
bool modbus_factor_good (int16_t factor, absent_t *absent);

//  The other way: what a row's registers, or bits, are to hold; factor: of its sf, or 0. RANGE: they cannot hold it
//  exactly, or would mean "no value". Binary floats on the wire hold a decimal if it is the nearest with its places.
FEP_MUST_CHECK
fep_err_t modbus_raw (const profile_row_t *row, const value_t *value, int factor, uint64_t *raw);

//  Into registers, in the row's order; out has 2 bytes for each.
void modbus_put_registers (const profile_row_t *row, uint64_t raw, uint8_t *out);

#endif
