//  Concentrators that are asked: how they behave, and what they did, so that the master's accounts can be held
//  against it. Who behaves how follows from the seed alone.
//
//  What lies before the newest day is history: it is always there unless the meter is dead, and for itself, so that
//  asking for it changes nothing of FIRST and LAST.
//
//  Log, one line for each measuring point, written at the end:
//    ADDRESS MP MANNER ASKED FIRST LAST CHANGED MINUTE KIND
//  ASKED how often; FIRST and LAST what it did then, a word of asked_outcome_name; CHANGED: of LAST, when it became so
//  (wall clock, milliseconds); MINUTE and KIND the identity of the last answer with values (terminal.h), 0 before one.
#ifndef BENCH_FLEET_ASKED_H
#define BENCH_FLEET_ASKED_H

#include <stdint.h>

typedef struct {
    int64_t meters;  //  Measuring points of each concentrator
    int64_t slow;    //  Of 1,000 concentrators so many answer after slow_ms
    int64_t never;   //  ... never
    int64_t wrong;   //  ... with a wrong checksum
    int64_t drop;    //  ... drop the line at each second request
    int64_t ee;      //  Of 1,000 meters so many have nothing when asked first
    int64_t
        fill_s;  //  A meter's value is there from an instant of its own within so long after the start on
    int64_t dead_every;  //  Every so many-th meter of each has never anything; 0: none
    int64_t slow_ms;     //  See slow
    int64_t delay_low;   //  Round trips of the others, milliseconds: by concentrator, from
    int64_t delay_high;  //  to; 0: they answer at once
    int64_t seed;        //  Of all that
} asked_options_t;

typedef enum {
    ASKED_NOT,      //  It was not asked
    ASKED_GOOD,     //  It gave values
    ASKED_NOTHING,  //  EE
    ASKED_LATE,     //  It gave values after slow_ms
    ASKED_SILENT,   //  No answer
    ASKED_WRONG,    //  A damaged one
    ASKED_DROPPED,  //  It closed the connection
    ASKED_DENIED,   //  It has no such data
    ASKED_OUTCOMES
} asked_outcome_t;

const char *asked_outcome_name (asked_outcome_t outcome);

typedef struct {
    uint64_t requests;                  //  Frames
    uint64_t units;                     //  Asked for in them
    uint64_t outcomes[ASKED_OUTCOMES];  //  Of units
    uint64_t trips;                     //  Outputs tripped
    uint64_t permits;                   //  ... permitted to close
} asked_stats_t;

#endif
