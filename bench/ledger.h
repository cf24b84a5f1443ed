//  What a fleet of simulated terminals remembers on disk.
//
//  Ledger: one line per report identity, written when it is confirmed, or at the end if it never
//  was:
//    ADDRESS KIND MP MINUTE SENT CONFIRMED CARRIED
//  KIND is report_kind_t, MINUTE counts from 1970 UTC, SENT how often it was sent, CARRIED 1 if an
//  earlier run sent it first. The values follow from the identity (terminal.h), so they are not
//  written.
//
//  State: where the next run goes on, so that identities never meet again:
//    fepsim 1
//    next CURRENT DAY EVENT          the first minute of each kind that nobody has used
//    open ADDRESS KIND MP MINUTE SENT  a report not confirmed yet; the next run sends it again
#ifndef BENCH_LEDGER_H
#define BENCH_LEDGER_H

#include "bench/terminal.h"
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

//  Appends a line; buffered. `file` may be NULL.
void ledger_write (FILE *file, uint32_t address, const pending_t *pending, bool confirmed);

//  Called for each open report of the state file.
typedef void (state_open_t) (void *arg, uint32_t address, const pending_t *pending);

//  Reads a state file. True if there is none (next stays) or it could be read whole.
bool state_read (const char *path, int64_t next[REPORT_KIND_COUNT], state_open_t *open, void *arg);

//  Writes it anew beside the old one, then takes its place: begin, open reports, end. NULL and
//  false on failure.
FILE *state_begin (const char *path, const int64_t next[REPORT_KIND_COUNT]);
void state_open (FILE *file, uint32_t address, const pending_t *pending);
bool state_end (FILE *file, const char *path);

#endif
