//  Link layer of Q/GDW 376.1: frames in the window, the parts of a frame, and frames of our own.
#ifndef CODECS_GDW1376_LINK_H
#define CODECS_GDW1376_LINK_H

#include "codecs/codec.h"

//  Sizes in bytes.
enum {
    GDW_HEAD = 6,      //  68 L L 68
    GDW_TAIL = 2,      //  CS 16
    GDW_USER_MIN = 8,  //  C A AFN SEQ
    GDW_USER_MAX = 16383,
    GDW_FRAME_MAX = GDW_USER_MAX + GDW_HEAD + GDW_TAIL,
    GDW_ADDRESS = 5,
    GDW_TP = 6,
    GDW_EC = 2,
    GDW_PRIVATE = 3,       //  Protocol id of private variants
    GDW_ADDRESS_TEXT = 10  //  Characters of an address at most, with its end
};

//  Bits of C and SEQ.
enum {
    GDW_DIR = 0x80,
    GDW_PRM = 0x40,
    GDW_ACD = 0x20,
    GDW_TPV = 0x80,
    GDW_FIR = 0x40,
    GDW_FIN = 0x20,
    GDW_CON = 0x10
};

//  Application functions with rules of their own.
enum {
    AFN_CONFIRM = 0x00,
    AFN_RESET = 0x01,
    AFN_LINK = 0x02,
    AFN_SET = 0x04,
    AFN_CONTROL = 0x05,
    AFN_CONFIG = 0x09,
    AFN_QUERY = 0x0A,
    AFN_TASK = 0x0B,
    AFN_CURRENT = 0x0C,
    AFN_HISTORY = 0x0D,
    AFN_EVENTS = 0x0E,
    AFN_FILE = 0x0F,
    AFN_FORWARD = 0x10
};

//  The parts of one frame; all borrowed from its bytes.
typedef struct {
    uint8_t protocol;        //  Low two bits of L
    uint16_t user_size;      //  n
    uint8_t control;         //  C
    const uint8_t *address;  //  A1 2, A2 2, A3 1
    uint8_t afn;             //  Application function
    uint8_t seq;             //  SEQ with its flags
    bytes_t body;            //  Units, without the tail
    bytes_t pw;              //  16 or 2 bytes, or empty
    bytes_t ec;              //  2 bytes, or empty
    bytes_t tp;              //  6 bytes, or empty
} gdw_frame_t;

//  The scan of the codec contract.
scan_t gdw_scan (const scan_context_t *context, bytes_t window);

//  Takes a frame apart. Does not look at the checksum. NOT_MINE if the frame is none, TRUNCATED if
//  the tail it announces does not fit.
FEP_MUST_CHECK
fep_err_t gdw_frame_read (bytes_t bytes, bool up, const codec_options_t *options,
                          gdw_frame_t *frame);

//  A2 of an address.
uint16_t gdw_a2 (const uint8_t *address);

//  "010002082": A1 as 4 digits, A2 as 5 decimal or 4 hex digits. text has GDW_ADDRESS_TEXT bytes.
void gdw_address_text (const uint8_t *address, bool hex, char *text);

//  Does a downward frame of that AFN carry a password?
bool gdw_wants_password (uint8_t afn);

//  Begins a frame of ours in out; close it with its mark. The length is filled in at the end.
size_t gdw_frame_open (writer_t *out, uint8_t protocol, uint8_t control, const uint8_t *address,
                       uint8_t afn, uint8_t seq);
void gdw_frame_close (writer_t *out, size_t mark);

//  One point and one Fn as DA and DT.
void gdw_put_unit (writer_t *out, uint16_t pn, uint16_t fn);

//  A unit's DA and DT as masks and groups.
typedef struct {
    uint8_t da1, da2;  //  Points: mask, group; 00 00 is p0, FF 00 all
    uint8_t dt1, dt2;  //  Fn: mask, group
} gdw_unit_t;

//  Reads four bytes; fails the reader if they are not there.
gdw_unit_t gdw_unit_read (reader_t *in);

//  Standard: points of group 1..255 or p0, Fn of group 0..30, at least one bit each.
bool gdw_unit_valid (const gdw_unit_t *unit);

#endif
