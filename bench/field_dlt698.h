//  Inside of the simulated 698.45 concentrator: what it reports (field_dlt698.c) and what it answers
//  (field_dlt698_answer.c).
#ifndef BENCH_FIELD_DLT698_H
#define BENCH_FIELD_DLT698_H

#include "bench/field_wire698.h"

#define DLT698_PASSWORD "123456"  //  Of a CONNECT that has one

//  Plain data.
typedef struct {
    meter645_line_t line;  //  Its meters
    uint64_t address;      //  12 digits
    bool online;           //  Its login was answered
    bool stopping;         //  No new reports
    bool left;             //  Said that it leaves
    bool connected;        //  It agreed to a CONNECT on this connection
    bool waits;            //  `report` is not confirmed yet
    uint8_t report_kind;   //  What it holds
    uint32_t report;       //  Number of the latest
    uint32_t made;         //  Of all kinds
    int64_t report_ms;     //  Instant of its values
    int64_t frozen_ms[3];  //  Latest freeze reported, by kind
    int64_t sent_ms;       //  When it was sent; 0: not on this connection
    int64_t next_ms;       //  When the next one falls due
    int64_t link_ms;       //  When the latest LINK-Request went out
    int64_t beat_ms;       //  Next heartbeat
} dlt698_t;

//  Answers a request.
void dlt698_answer (dlt698_t *self, const wire698_frame_t *frame, field_turn_t *turn);

#endif
