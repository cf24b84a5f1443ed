//  Parts of the terminal side of Q/GDW 1376.1: frames and data units, shared by terminals that report
//  (terminal_gdw1376.c) and those that are asked (terminal_asked.c).
#ifndef BENCH_TERMINAL_GDW1376_H
#define BENCH_TERMINAL_GDW1376_H

#include "bench/terminal.h"

//  A frame being written.
typedef struct {
    writer_t *out;  //  Borrowed
    size_t start;   //  Of the frame in it
} sim_frame_t;

//  What stands behind the length: control, address, MSA, AFN, SEQ.
typedef struct {
    uint8_t control;   //  C
    uint8_t msa;       //  A3: MSA << 1
    uint8_t afn;       //  AFN
    uint8_t sequence;  //  SEQ, whole
} sim_head_t;

sim_frame_t sim_open (writer_t *out, uint32_t address, const sim_head_t *head);
//  Length and checksum.
void sim_close (sim_frame_t *frame);

//  DA of a measuring point and DT of a function.
void sim_put_unit (writer_t *out, uint16_t mp, unsigned function);
//  A unit of class 1 F25, and of class 2 F161, with their data. value false: every byte of it is EE.
void sim_put_current (writer_t *out, uint32_t address, const report_t *report, bool value);
void sim_put_day (writer_t *out, uint32_t address, const report_t *report, bool value);

//  Two digits of BCD, and back; no check.
uint8_t sim_bcd (unsigned value);
unsigned sim_number (uint8_t bcd);

#endif
