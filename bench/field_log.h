//  What one simulated device said, and what became of it: lines of a ledger, for the comparison with the feed.
//
//    WHAT FATE TIMES ADDRESS VALUE...
//  WHAT is `report` or `answer`. FATE: of a report `confirmed`, or `open` at the end; of an answer
//    taken     the master went on to something else, so it has it
//    given_up  the master asked for the same again as one does that had no answer, or before this one had left
//    open      the connection ended, or the run, before it was seen
//  TIMES: how often it was sent. VALUE is MP:FREEZE:TIME_MS:POINT:MANTISSA:EXPONENT; MANTISSA `-`: it said it has none.
//
//  The same again means the same points of the same measuring points. A master that polls asks for the same again, too,
//  but not as soon as one whose line was silent, and not as late as one whose terminal was.
#ifndef BENCH_FIELD_LOG_H
#define BENCH_FIELD_LOG_H

#include "bench/field.h"
#include <stdio.h>

typedef enum { FIELD_OPEN, FIELD_TAKEN, FIELD_GIVEN_UP, FIELD_CONFIRMED, FIELD_FATES } field_fate_t;

//  What all devices of a kind did.
typedef struct {
    uint64_t online;              //  Connected now
    uint64_t connections;         //  Made in all
    uint64_t answers;             //  With values
    uint64_t reports;             //  Numbers of reports
    uint64_t repeated;            //  Reports sent again
    uint64_t fates[FIELD_FATES];  //  Of both
    uint64_t
        differing;   //  Reports that said something else when sent again: a defect of the device
    uint64_t noise;  //  Bytes dropped after a pause
} field_totals_t;

typedef struct field_group field_group_t;

//  Zero but for the first three is the beginning.
typedef struct {
    FILE *ledger;                         //  Borrowed; NULL: none
    field_totals_t *totals;               //  Borrowed
    bool pipelined;                       //  Several requests may be in flight
    char address[FIELD_ADDRESS_MAX + 1];  //  Of the device
    field_group_t *reports;               //  Not confirmed yet, latest first
    field_group_t *answers;               //  Whose fate is not known, latest first
    field_said_t *said;                   //  Of the call under way
    size_t count, capacity;               //  Of said
} field_log_t;

//  Called by the device, through its turn.
void field_log_said (void *self, const field_said_t *said);
void field_log_confirmed (void *self, uint32_t report);

//  Behind each call of the device: what it said is gathered. answered: it wrote something upon input, so a request
//  came. unsent: bytes of earlier answers had not left.
void field_log_gather (field_log_t *self, bool answered, bool unsent, int64_t now_us);

//  The connection is gone. The run is over; then nothing is owned any more.
void field_log_lost (field_log_t *self);
void field_log_end (field_log_t *self);

#endif
