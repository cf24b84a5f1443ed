//  Frames of DL/T 645: their fields, how they are made, and which answer belongs to which request.
#ifndef CODECS_DLT645_FRAME_H
#define CODECS_DLT645_FRAME_H

#include "fep/bytes.h"
#include "fep/error.h"
#include "fep/message.h"

enum {
    DLT_PREAMBLE_MAX = 32,  //  FE bytes taken as part of a frame
    DLT_ADDRESS = 6,
    DLT_HEAD = 10,  //  68 to L
    DLT_TAIL = 2,   //  CS and 16
    DLT_DATA_MAX = 255,
    DLT_FRAME_MAX = DLT_PREAMBLE_MAX + DLT_HEAD + DLT_DATA_MAX + DLT_TAIL,
    DLT_PASS_MAX = 200,  //  Bytes of data we send

    DLT_START = 0x68,
    DLT_END = 0x16,
    DLT_WAKE = 0xFE,
    DLT_OFFSET = 0x33,  //  Added to every byte of data
    DLT_ANY = 0xAA,     //  Of an address: whatever stands there
    DLT_ALL = 0x99      //  Of an address: everybody, who does not answer
};

//  Bits of C.
enum { DLT_UP = 0x80, DLT_ERROR = 0x40, DLT_FOLLOW = 0x20, DLT_FUNCTION = 0x1F };

//  Functions. 1997 and 2007 share two numbers.
enum {
    DLT_OLD_READ = 0x01,
    DLT_OLD_NEXT = 0x02,
    DLT_SECURITY = 0x03,  //  1997: read again
    DLT_OLD_WRITE = 0x04,
    DLT_TIME = 0x08,
    DLT_OLD_ADDRESS = 0x0A,
    DLT_OLD_BAUD = 0x0C,
    DLT_OLD_PASSWORD = 0x0F,
    DLT_OLD_CLEAR_DEMAND = 0x10,
    DLT_READ = 0x11,
    DLT_NEXT = 0x12,
    DLT_READ_ADDRESS = 0x13,
    DLT_WRITE = 0x14,
    DLT_WRITE_ADDRESS = 0x15,
    DLT_FREEZE = 0x16,
    DLT_BAUD = 0x17,
    DLT_PASSWORD = 0x18,
    DLT_CLEAR_DEMAND = 0x19,
    DLT_CLEAR_METER = 0x1A,
    DLT_CLEAR_EVENTS = 0x1B,
    DLT_CONTROL = 0x1C
};

typedef struct {
    uint8_t preamble;              //  FE bytes before it
    uint8_t address[DLT_ADDRESS];  //  As on the wire, low byte first
    uint8_t control;               //  C
    uint8_t size;                  //  L
    uint8_t data[DLT_DATA_MAX];    //  DATA, DLT_OFFSET taken off
} dlt_frame_t;

static inline uint8_t dlt_function (const dlt_frame_t *frame)
{
    return frame->control & DLT_FUNCTION;
}

//  Length of the frame the window begins with, FE included; 0: further bytes decide. NOT_MINE: it begins with none.
fep_err_t dlt_length (bytes_t window, size_t *size);

//  Fields of a whole frame. TRUNCATED, NOT_MINE, CHECKSUM.
FEP_MUST_CHECK
fep_err_t dlt_read (bytes_t bytes, dlt_frame_t *frame);

//  The frame as it is sent. The writer fails if it does not fit.
void dlt_write (writer_t *out, const dlt_frame_t *frame);

//  By its control code and length it is one of edition 1997.
bool dlt_is_old (const dlt_frame_t *frame);

//  Bytes of a DI.
static inline size_t dlt_di_size (bool old)
{
    return old ? 2 : 4;
}

//  The DI its data begin with, if its function has one and it is there.
bool dlt_has_di (const dlt_frame_t *frame, uint32_t *di);

//  Is it the answer to the request?
bool dlt_answers (const dlt_frame_t *request, const dlt_frame_t *answer);

//  Could a late answer to one be taken for the answer to the other?
bool dlt_mistakable (bytes_t before, bytes_t next);

//  Twelve digits, high digit first; A for a digit of a wildcard.
void dlt_address_text (const uint8_t address[DLT_ADDRESS], char text[ADDRESS_MAX + 1]);

//  And back: at most 12 digits, missing high ones are 0; AA for a byte that is any. RANGE.
FEP_MUST_CHECK
fep_err_t dlt_address_parse (bytes_t text, uint8_t address[DLT_ADDRESS]);

static inline bool dlt_is_broadcast (const uint8_t address[DLT_ADDRESS])
{
    static const uint8_t all[DLT_ADDRESS] = {DLT_ALL, DLT_ALL, DLT_ALL, DLT_ALL, DLT_ALL, DLT_ALL};
    return memcmp (address, all, DLT_ADDRESS) == 0;
}

#endif
