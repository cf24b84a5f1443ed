//  Frames of Modbus RTU: their length, their fields and rules, and which answer belongs to which request.
#ifndef CODECS_MODBUS_RTU_PDU_H
#define CODECS_MODBUS_RTU_PDU_H

#include "fep/bytes.h"
#include "fep/error.h"

#define MODBUS_FRAME_MAX 256
#define MODBUS_UNIT_MAX 247    //  Units 1..247; 0 is all of them, 248..255 are reserved
#define MODBUS_BITS_MAX 2000   //  Read by one request
#define MODBUS_EXCEPTION 0x80  //  Added to the function of an answer that refuses

enum { MODBUS_HEAD = 2, MODBUS_CRC = 2, MODBUS_EXCEPTION_SIZE = 5 };

typedef enum {
    MODBUS_READ_COILS = 1,
    MODBUS_READ_DISCRETE = 2,
    MODBUS_READ_HOLDING = 3,
    MODBUS_READ_INPUT = 4,
    MODBUS_WRITE_COIL = 5,
    MODBUS_WRITE_REGISTER = 6,
    MODBUS_WRITE_COILS = 15,
    MODBUS_WRITE_REGISTERS = 16,
    MODBUS_MASK = 22,
    MODBUS_READ_WRITE = 23
} modbus_function_t;

//  How a function's frames look.
typedef enum {
    SHAPE_READ,   //  start, quantity / count, data
    SHAPE_WRITE,  //  address, value / the same
    SHAPE_MANY,   //  start, quantity, count, data / start, quantity
    SHAPE_MASK,   //  address, and, or / the same
    SHAPE_BOTH    //  read start, quantity, write start, quantity, count, data / count, data
} modbus_shape_t;

//  The fields of a frame; those its function does not have are 0.
typedef struct {
    uint8_t unit;
    uint8_t function;         //  Without MODBUS_EXCEPTION
    uint8_t shape;            //  modbus_shape_t
    bool bits;                //  Of bits, not of registers
    uint8_t exception;        //  Code; 0: it is none
    uint16_t start;           //  READ, MANY, BOTH: first read or written; WRITE, MASK: the address
    uint16_t quantity;        //  READ, MANY, BOTH: bits or registers read or written
    uint16_t write_start;     //  BOTH
    uint16_t write_quantity;  //  BOTH
    uint16_t value;           //  WRITE
    uint16_t and_mask;        //  MASK
    uint16_t or_mask;         //  MASK
    bytes_t data;             //  Bits or registers carried; borrowed from the frame
} modbus_pdu_t;

//  Length of the frame the window begins with, CRC included; 0: further bytes decide. NOT_MINE: a function we
//  do not know; IMPLAUSIBLE: longer than a frame can be.
fep_err_t modbus_length (bytes_t window, bool up, size_t *size);

//  Fields of a whole frame; its CRC is not looked at. TRUNCATED; NOT_MINE: another function, or not its length;
//  IMPLAUSIBLE: breaks a rule of its function.
FEP_MUST_CHECK
fep_err_t modbus_read (bytes_t frame, bool up, modbus_pdu_t *pdu);

bool modbus_crc_good (bytes_t frame);

typedef enum { MATCH_NO, MATCH_MORE, MATCH_YES } modbus_match_t;

//  Does the window begin with the answer to the request, CRC aside? MORE: so far it does. YES: it is `size` long.
modbus_match_t modbus_match (bytes_t request, bytes_t window, size_t *size);

#endif
