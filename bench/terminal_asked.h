//  A concentrator that is asked, by Q/GDW 1376.1-2013: what it answers to class 1 data (AFN 0C) F25 and class 2 data
//  (AFN 0D) F161 of its measuring points, and to control (AFN 05): F1 trips outputs 1 to 8, F2 permits to close them.
//  Its password is 0. Pure; the values are those of REPORT_CURRENT and REPORT_DAY (terminal.h).
#ifndef BENCH_TERMINAL_ASKED_H
#define BENCH_TERMINAL_ASKED_H

#include "bench/terminal.h"

#define ASKED_UNITS_MAX 64  //  Of one request; further ones are not answered

//  One measuring point of a request, or one output.
typedef struct {
    report_t
        report;  //  What is asked for; of CURRENT the minute is not set. Of control mp is the output
    bool known;  //  The concentrator has such data, or such an output
    bool trips;  //  Control: else it is permitted to close
} asked_unit_t;

typedef struct {
    uint8_t afn;       //  05, 0C, 0D, or what else was asked
    uint8_t msa;       //  The master station's address, to be given back
    uint8_t sequence;  //  Likewise
    size_t count;      //  Units
    asked_unit_t units[ASKED_UNITS_MAX];
} asked_request_t;

//  A whole frame that terminal_gdw1376.input called a request. False: it cannot be read.
bool asked_read (bytes_t frame, asked_request_t *request);

//  An answer: opened, a unit for each point, closed. `value` false: the meter has none, every byte is EE.
typedef struct {
    writer_t *out;  //  Borrowed
    size_t start;   //  Of the frame in it
} asked_answer_t;

asked_answer_t asked_open (uint32_t address, const asked_request_t *request, writer_t *out);
void asked_put (asked_answer_t *answer, uint32_t address, const report_t *report, bool value);
//  damaged: with a wrong checksum.
void asked_close (asked_answer_t *answer, bool damaged);

//  It is to do something, which is confirmed or denied as a whole.
bool asked_controls (const asked_request_t *request);

//  AFN 00: F1, all of it is done, or F2, it has nothing of what was asked.
void asked_confirm (uint32_t address, const asked_request_t *request, writer_t *out);
void asked_deny (uint32_t address, const asked_request_t *request, writer_t *out);

#endif
