//  What a fleet of simulated terminals remembers on disk.
//
//  Ledger: one line per report identity, written when it is confirmed, or at the end if it never
//  was:
//    ADDRESS KIND MP MINUTE SENT CONFIRMED CARRIED
//  KIND is report_kind_t, MINUTE counts from 1970 UTC, SENT how often it was sent, CARRIED 1 if an
//  earlier run sent it first. The values follow from the identity (terminal.h), so they are not
//  written.
//
//  Answers of polled meters likewise, when it is seen what became of them:
//    IMEI KIND UNIT COUNTER SENT_MS FATE WHOLE
//  KIND is 3 for block 0, 4 for block 1; SENT_MS the wall clock; FATE is fate_t; WHOLE 1 if the answer held the
//  whole block. It may be 0 only for requests of single registers.
//
//  State: where the next run goes on, so that identities never meet again:
//    fepsim 1
//    next CURRENT DAY EVENT          the first minute of each kind that nobody has used
//    open ADDRESS KIND MP MINUTE SENT  a report not confirmed yet; the next run sends it again
//    meter GATEWAY UNIT COUNTER COUNTER   of each block's next answer; GATEWAY is its number, not its IMEI
#ifndef BENCH_LEDGER_H
#define BENCH_LEDGER_H

#include "bench/terminal.h"
#include "bench/terminal_dtu.h"
#include <stdio.h>

//  A report on its way.
typedef struct {
    report_t report;    //  What
    uint32_t sent;      //  How often it was sent
    int64_t sent_us;    //  When last, monotonic; 0 = not on this connection
    int64_t queued_us;  //  When first; 0 = by an earlier run
    bool used;          //  The slot is taken
    bool carried;       //  Left by an earlier run
} pending_t;

//  What became of an answer.
typedef enum {
    FATE_OPEN,      //  The connection ended before it was seen
    FATE_TAKEN,     //  The master went on to another meter
    FATE_GIVEN_UP,  //  The master asked the same again, or before the answer had left
    FATE_COUNT
} fate_t;

//  An answer whose fate is not known yet.
typedef struct {
    uint8_t unit;      //  Whose
    uint8_t block;     //  From which
    bool whole;        //  All of it
    uint32_t counter;  //  It took
    int64_t sent_ms;   //  Wall clock
} answered_t;

//  Appends a line; buffered. `file` may be NULL.
void ledger_write (FILE *file, uint32_t address, const pending_t *pending, bool confirmed);
void ledger_answer (FILE *file, uint64_t imei, const answered_t *answer, fate_t fate);

//  Called for each open report of the state file.
typedef void (state_open_t) (void *arg, uint32_t address, const pending_t *pending);

//  Called for each meter of the state file.
typedef void (state_meter_t) (void *arg, uint32_t number, unsigned unit,
                              const uint32_t counter[DTU_BLOCKS]);

//  Reads a state file. True if there is none (next stays) or it could be read whole.
bool state_read (const char *path, int64_t next[REPORT_KIND_COUNT], state_open_t *open,
                 state_meter_t *meter, void *arg);

//  Writes it anew beside the old one, then takes its place: begin, open reports and meters, end. NULL and
//  false on failure.
FILE *state_begin (const char *path, const int64_t next[REPORT_KIND_COUNT]);
void state_open (FILE *file, uint32_t address, const pending_t *pending);
void state_meter (FILE *file, uint32_t number, unsigned unit, const uint32_t counter[DTU_BLOCKS],
                  uint32_t ahead);
bool state_end (FILE *file, const char *path);

#endif
