//  What Modbus RTU and Modbus TCP have in common: a unit and its protocol data unit (function and what belongs to
//  it); how long it is, its fields and rules, and its fields for people. Without CRC or MBAP. Pure.
#ifndef FEP_MODBUS_PDU_H
#define FEP_MODBUS_PDU_H

#include "fep/bytes.h"
#include "fep/error.h"
#include "fep/json.h"

#define MODBUS_PDU_MAX 254     //  Bytes, with its unit
#define MODBUS_UNIT_MAX 247    //  Units 1..247; 0 is all of them, 248..254 are reserved
#define MODBUS_UNIT_SELF 255   //  Over TCP: the device itself
#define MODBUS_BITS_MAX 2000   //  Read by one request
#define MODBUS_EXCEPTION 0x80  //  Added to the function of an answer that refuses

enum {
    MODBUS_HEAD = 2,            //  Unit and function
    MODBUS_EXCEPTION_SIZE = 3,  //  Of an answer that refuses
    MODBUS_REGISTERS_READ_MAX = 125,
    MODBUS_COILS_WRITTEN_MAX = 1968,
    MODBUS_REGISTERS_WRITTEN_MAX = 123,
    MODBUS_COIL_ON = 0xFF00
};

typedef enum {
    MODBUS_READ_COILS = 1,
    MODBUS_READ_DISCRETE = 2,
    MODBUS_READ_HOLDING = 3,
    MODBUS_READ_INPUT = 4,
    MODBUS_WRITE_COIL = 5,
    MODBUS_WRITE_REGISTER = 6,
    MODBUS_WRITE_COILS = 15,
    MODBUS_WRITE_REGISTERS = 16,
    MODBUS_SERVER_ID = 17,
    MODBUS_MASK = 22,
    MODBUS_READ_WRITE = 23
} modbus_function_t;

//  How a function's frames look.
typedef enum {
    SHAPE_READ,   //  start, quantity / count, data
    SHAPE_WRITE,  //  address, value / the same
    SHAPE_MANY,   //  start, quantity, count, data / start, quantity
    SHAPE_ID,     //  nothing / count, data
    SHAPE_MASK,   //  address, and, or / the same
    SHAPE_BOTH    //  read start, quantity, write start, quantity, count, data / count, data
} modbus_shape_t;

//  The fields; those its function does not have are 0.
typedef struct {
    uint8_t unit;
    uint8_t function;         //  Without MODBUS_EXCEPTION
    uint8_t shape;            //  modbus_shape_t
    bool bits;                //  Of bits, not of registers
    bool too_many;            //  A quantity no request may have; all else is as it should be
    uint8_t exception;        //  Code; 0: it is none
    uint16_t start;           //  READ, MANY, BOTH: first read or written; WRITE, MASK: the address
    uint16_t quantity;        //  READ, MANY, BOTH: bits or registers read or written
    uint16_t write_start;     //  BOTH
    uint16_t write_quantity;  //  BOTH
    uint16_t value;           //  WRITE
    uint16_t and_mask;        //  MASK
    uint16_t or_mask;         //  MASK
    bytes_t data;             //  Bits, registers or identity carried; borrowed
} modbus_pdu_t;

//  Length of unit and PDU the window begins with; 0: further bytes decide. NOT_MINE: a function we do not know;
//  IMPLAUSIBLE: longer than it can be.
fep_err_t modbus_pdu_length (bytes_t window, bool up, size_t *size);

//  Fields of a whole one. TRUNCATED; NOT_MINE: another function, or not its length; IMPLAUSIBLE: breaks a rule of
//  its function; if only too_many does, the fields are there all the same.
FEP_MUST_CHECK
fep_err_t modbus_pdu_read (bytes_t bytes, bool up, modbus_pdu_t *pdu);

//  Bytes that so many bits or registers take.
size_t modbus_pdu_bytes (bool bits, uint16_t quantity);

//  unit, fc and the rest by the standard's names, into an object that is open.
void modbus_pdu_explain (const modbus_pdu_t *pdu, bool up, json_t *out);

#define MODBUS_TARGET_SILENT 11  //  Exception: a gateway's target did not respond

//  "illegal function" ...; "unknown". Static.
const char *modbus_exception_name (uint8_t code);

#endif
