//  Frames of CJ/T 188: their length, their fields, and which answer belongs to which request.
#ifndef CODECS_CJT188_FRAME_H
#define CODECS_CJT188_FRAME_H

#include "fep/bytes.h"
#include "fep/error.h"
#include "fep/message.h"

enum {
    CJT_START = 0x68,
    CJT_END = 0x16,
    CJT_WAKE = 0xFE,  //  Of the preamble
    CJT_PREAMBLE_MAX = 16,
    CJT_ADDRESS_SIZE = 7,
    CJT_ADDRESS_AT = 2,
    CJT_CONTROL_AT = 9,
    CJT_HEAD = 11,  //  68 to L
    CJT_TAIL = 2,   //  CS 16
    CJT_DATA_MAX = 255,
    CJT_DATA_HEAD = 3,  //  Identifier and SER
    CJT_FRAME_MAX = CJT_PREAMBLE_MAX + CJT_HEAD + CJT_DATA_MAX + CJT_TAIL
};

//  Bits of C; the rest is the function.
enum { CJT_UP = 0x80, CJT_ABNORMAL = 0x40, CJT_FOLLOWS = 0x20, CJT_FUNCTION = 0x1F };

enum {
    CJT_READ = 0x01,
    CJT_READ_ADDRESS = 0x03,
    CJT_WRITE = 0x04,
    CJT_READ_KEY = 0x09,
    CJT_WRITE_ADDRESS = 0x15,
    CJT_WRITE_MOTOR = 0x16
};

#define CJT_EVERYBODY "99999999999999"  //  Nobody answers
#define CJT_ANYBODY 0xAA                //  An address byte that fits any

typedef struct {
    uint8_t preamble;        //  Bytes FE before it
    uint8_t type;            //  T
    const uint8_t *address;  //  A0..A6 as on the wire; borrowed
    uint8_t control;         //  C
    bytes_t data;            //  Borrowed
} cjt_frame_t;

//  What data begins with.
typedef struct {
    bool there;       //  The data are long enough
    bool big;         //  High byte first
    uint8_t wire[2];  //  As it stands
    uint16_t di;      //  What it means
    uint8_t ser;      //  SER
    bytes_t body;     //  What follows; borrowed
} cjt_head_t;

//  Length of the frame the window begins with, preamble included; 0: further bytes decide. NOT_MINE: there is none.
fep_err_t cjt_length (bytes_t window, size_t *size);

//  Fields of a whole frame. TRUNCATED, NOT_MINE, CHECKSUM; IMPLAUSIBLE: no end byte, or more than a frame.
FEP_MUST_CHECK
fep_err_t cjt_read (bytes_t frame, cjt_frame_t *self);

//  Fields of a frame's beginning, for what was kept of a longer one; data is what there is of it.
FEP_MUST_CHECK
fep_err_t cjt_read_beginning (bytes_t frame, cjt_frame_t *self);

//  Identifier and SER. Where both orders are known identifiers, big decides. ser_first: SER stands before them.
cjt_head_t cjt_head (bytes_t data, bool big, bool ser_first);

//  Can the address be that of who was asked? AA fits any byte.
bool cjt_same_meter (const uint8_t *asked, const uint8_t *address);

//  Is it the answer to the request: C, address, and SER and identifier in either order? An abnormal one need not
//  bring the identifier.
bool cjt_answers (const cjt_frame_t *request, const cjt_frame_t *answer);

//  SER of a request's data of at least CJT_DATA_HEAD bytes.
uint8_t cjt_asked_ser (bytes_t asked);

//  14 digits, A6 first; high_first: A6 is the first on the wire too.
void cjt_address_text (const uint8_t *address, bool high_first, char text[ADDRESS_MAX + 1]);

//  And back, of 1 to 14 digits (hex: AA, makers' codes); missing ones are zeros in front. False if it is none.
bool cjt_address_wire (const char *text, size_t size, bool high_first, uint8_t *address);

#endif
