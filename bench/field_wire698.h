//  DL/T 698.45-2017 as a terminal writes it: the link frame, and the attributes of what it measures.
//
//    68 LL C S AA.. X HH  data..  FF 16     L: length without 68 and 16    C: control    S: AF byte, A: address, low
//                                           byte first    X: client    H: CRC of L..X    F: CRC of L..data
#ifndef BENCH_FIELD_WIRE698_H
#define BENCH_FIELD_WIRE698_H

#include "bench/field_meter645.h"

#define WIRE698_FRAME_MAX 1024
#define WIRE698_ADDRESS 6  //  Bytes of an address

enum { WIRE698_UP_LINK = 0x81, WIRE698_UP_REPORT = 0x83, WIRE698_UP_ANSWER = 0xC3 };

//  Tags of A-XDR.
enum {
    AXDR_NULL = 0,
    AXDR_ARRAY = 1,
    AXDR_DOUBLE_LONG = 5,
    AXDR_DOUBLE_LONG_UNSIGNED = 6,
    AXDR_OCTETS = 9,
    AXDR_LONG = 16,
    AXDR_LONG_UNSIGNED = 18,
    AXDR_LONG64_UNSIGNED = 21,
    AXDR_DATE_TIME_S = 28,
    AXDR_TSA = 0x55
};

//  A whole frame of the master for this terminal.
typedef struct {
    uint8_t control;  //  C
    uint8_t client;   //  CA
    bool broadcast;   //  To all; nobody answers
    bytes_t apdu;     //  Unscrambled, in place
} wire698_frame_t;

field_scan_t wire698_scan (bytes_t window);

//  Takes a scanned frame apart; the scrambling is taken off in place. False: not for `address`, not from the master, or
//  a fragment.
bool wire698_open (uint8_t *frame, size_t size, uint64_t address, wire698_frame_t *opened);

//  Begins a frame; gives where it begins. The APDU is for the caller.
size_t wire698_begin (writer_t *out, uint8_t control, uint64_t address, uint8_t client);
void wire698_end (writer_t *out, size_t start);

//  Address in the order people write, as TSA and octet strings have it.
void wire698_address (writer_t *out, uint64_t address);

//  date_time (10 bytes) and date_time_s (7 bytes) of an instant.
void wire698_time (writer_t *out, int64_t utc_ms);
void wire698_time_s (writer_t *out, int64_t utc_ms);
//  UTC of a date_time_s; false if it is no time.
bool wire698_read_time_s (reader_t *in, int64_t *utc_ms);

//  Whose attributes, and when.
typedef struct {
    const meter645_line_t *line;  //  The terminal's meters
    uint32_t mp;                  //  One of them; 0: the terminal itself
    int64_t at_ms;                //  Instant of the values
    uint8_t freeze;               //  As fep/message.h
    uint32_t report;              //  Number of the report; 0: an answer
} wire698_who_t;

//  Writes the Data of an attribute and what it says. False, and nothing written: there is none.
bool wire698_attribute (const wire698_who_t *who, uint32_t oad, writer_t *out,
                        field_words_t *words);

#endif
