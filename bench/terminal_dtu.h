//  A transparent gateway (DTU) with Modbus RTU meters behind it, as the master sees it over TCP. Plain
//  functions: bytes in, bytes out; no socket, no clock. Written from the Modbus application protocol V1.1b3
//  and the serial line guide V1.02, never from codecs/, so that it can prove them.
//
//  The gateway says who it is once (15 digits, an IMEI), says "HB" now and then, and hands the line's bytes
//  through. Its meters are units 1..meters. They answer functions 3 and 4 from one map of two blocks, exception
//  1 to any other function, 3 to a quantity outside 1..125, 2 to registers outside the map; nothing to a broadcast,
//  to other units, and to what is no frame.
//
//  Each answer from a block takes that block's counter of that meter, which then counts on. Everything in the
//  block follows from (gateway, unit, counter, item), by terminal_value; the block's first value is a register
//  of energy that holds base + counter, in units of 0.1 Wh, so that it names the answer, only rises, and rises
//  more slowly than any load would make it.
//
//  Block 0, registers 0..21                             Block 1, registers 256..271
//    0  u32 ABCD  imported energy     +counter            0  u32 CDAB  reactive energy     +counter
//    2  u16 x 3   voltages 0.1 V                          2  u64 CDAB  exported energy     +counter
//    5  i16 x 3   reactive powers, W                      6  i32 ABCD  power l1, 0.1 W
//    8  nothing; reads as 0                               8  i32 BADC  power l2
//   10  i32 CDAB  power, 0.1 W                           10  i32 DCBA  power l3
//   12  f32 ABCD  current l1, A                          12  bits 4..11: relays
//   14  f32 CDAB  current l2                             13  bcd16     power factor, 0.1 %
//   16  f32 BADC  current l3                             14  i16       angle, 0.1 deg
//   18  f32 DCBA  frequency, Hz                          15  u16       neutral current, mA; FFFF: none
//   20  bcd32     apparent power, 0.1 VA
//
//  sim_meter.profile says the same to fepd, values.py to the checker.
#ifndef BENCH_TERMINAL_DTU_H
#define BENCH_TERMINAL_DTU_H

#include "fep/bytes.h"

#define DTU_METERS_MAX 32
#define DTU_BLOCKS 2
#define DTU_FRAME_MAX 256  //  Longest Modbus frame
#define DTU_NUMBER_MAX 9999999

//  Plain data.
typedef struct {
    uint32_t number;                               //  Its IMEI is 86420106 and 7 digits of it
    uint8_t meters;                                //  Units 1..meters
    uint32_t counter[DTU_METERS_MAX][DTU_BLOCKS];  //  Of each meter's next answer
} dtu_t;

typedef enum {
    DTU_MORE,     //  No whole request yet
    DTU_REQUEST,  //  One, checksum and all
    DTU_NOISE     //  Bytes that begin none
} dtu_what_t;

typedef struct {
    dtu_what_t what;
    size_t size;       //  Bytes to drop from the window; 0 only for MORE
    uint8_t unit;      //  REQUEST: to whom; 0 is everybody
    uint8_t function;  //  REQUEST
    uint16_t first;    //  Functions 3 and 4: register
    uint16_t count;    //  Functions 3 and 4: of registers
} dtu_request_t;

typedef enum {
    DTU_SILENT,     //  Nobody answers
    DTU_EXCEPTION,  //  Refused
    DTU_VALUES      //  Registers
} dtu_reply_t;

typedef struct {
    dtu_reply_t what;
    uint8_t block;     //  VALUES: from which
    bool whole;        //  VALUES: the block's registers are all there
    uint32_t counter;  //  VALUES: it took
} dtu_answer_t;

//  The IMEI as a number; its low 32 bits are what terminal_value takes for the address.
uint64_t dtu_imei (uint32_t number);

//  Packets of the gateway itself.
void dtu_registration (const dtu_t *self, writer_t *out);
void dtu_heartbeat (writer_t *out);

//  What lies at the head of what the master sent. Requests of unknown length end where a checksum fits.
dtu_request_t dtu_scan (bytes_t window);

//  The line's answer to a request, appended to out.
dtu_answer_t dtu_answer (dtu_t *self, const dtu_request_t *request, writer_t *out);

#endif
