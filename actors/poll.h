//  Who is to be polled when: the terminals that are online with the measuring points behind them. Pure; time is
//  an argument. All points of a terminal with one period fall due together, at an instant of its own within the
//  period, so that terminals spread and a line is worked through in one sweep: points that answer first, those
//  that did not last, so that a dead meter delays nobody. A point that does not answer is asked once more at the
//  end of its sweep, then every 2nd, 4th ... 64th period; its first answer brings it back.
//  A point that falls due again before it was done is left out once, and counted.
#ifndef ACTORS_POLL_H
#define ACTORS_POLL_H

#include "fep/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define POLL_OUTSTANDING 2     //  Requests of one terminal under way: one in flight, one behind it
#define POLL_DEMOTION_MAX 6    //  Periods between two tries: 2 to this power
#define POLL_POINTS_MAX 65535  //  Of one terminal

typedef struct poll poll_t;

typedef struct {
    uint16_t mp;         //  Measuring point
    uint32_t period_ms;  //  At least 1
} poll_point_t;

poll_t *poll_new (void);
void poll_destroy (poll_t **self_p);

//  The terminal's points from now on; count 0: it is gone. What it had under way is forgotten; points that were
//  known keep their demotion. LIMIT beyond POLL_POINTS_MAX.
FEP_MUST_CHECK
fep_err_t poll_plan (poll_t *self, uint32_t terminal, const poll_point_t points[], size_t count,
                     int64_t now_ms);

//  The next poll that is due; false if there is none. It counts as under way until poll_done.
typedef struct {
    uint32_t terminal;  //  Archive number
    uint16_t mp;        //  Measuring point
    uint32_t plan;      //  Of the terminal's plan; poll_done ignores results of earlier ones
} poll_due_t;
bool poll_next (poll_t *self, int64_t now_ms, poll_due_t *due);

//  How it ended. FEP_OK, or REFUSED: the meter answered. BUSY, FULL: no room; tried again at once after a
//  while. CLOSED: with the next sweep. Anything else: no answer.
void poll_done (poll_t *self, const poll_due_t *due, fep_err_t error, int64_t now_ms);

//  When poll_next may have something again; INT64_MAX: never by itself.
int64_t poll_deadline (const poll_t *self);

//  Points planned; of them demoted; left out so far.
size_t poll_planned (const poll_t *self);
size_t poll_demoted (const poll_t *self);
uint64_t poll_overrun (const poll_t *self);

#endif
