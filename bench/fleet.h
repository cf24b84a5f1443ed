//  N simulated terminals in one epoll loop, of two kinds spread evenly: those that report, and gateways with
//  meters that are polled (terminal_dtu.h). Or all are concentrators that are asked (fleet_asked.h).
//
//  A terminal that reports dials, logs in, beats, and reports by itself; what
//  is not confirmed in time is sent again with another sequence number, also over the next
//  connection. A connection that drops is dialled again after a back-off that doubles from 200 ms
//  to 10 s.
//
//  Identities. Terminal reports of one kind are numbered n = 0, 1, ...; CURRENT n is measuring
//  point n % points + 1 at minute next + n / points, so with points = 60000 / period_ms device time
//  keeps pace with the clock; fewer points run ahead of it, more fall behind. DAY n is the same
//  with days, beginning 380 days back and ending yesterday. EVENT n is minute next + n. `next`
//  comes from the state file (never below now for CURRENT and EVENT, minus minutes_back) and the
//  file's are above all minutes used.
//
//  Limits: FLEET_DEPTH_MAX reports of a terminal on the way; when that many wait, a report that
//  falls due is put off and counted. A sequence number is not used again on a connection before its
//  answer came; when none is free the terminal dials again.
//
//  A gateway dials, registers, beats and answers. Its meters' counters go on from the state file. At the stop
//  it answers no more and ends the connection once everything is written.
#ifndef BENCH_FLEET_H
#define BENCH_FLEET_H

#include "bench/fleet_asked.h"
#include "bench/ledger.h"
#include "bench/terminal.h"

#define FLEET_DEPTH_MAX 8
#define FLEET_LATENCY_BUCKETS 32

typedef struct {
    int64_t port;                  //  Of the listener on 127.0.0.1
    int64_t terminals;             //  How many
    int64_t first_address;         //  Decimal address of the first
    int64_t dtus;                  //  How many of the terminals are gateways
    int64_t dtu_port;              //  Of the gateways' listener on 127.0.0.1
    int64_t first_dtu;             //  Number of the first gateway
    int64_t meters;                //  Behind each gateway
    int64_t split_every;           //  One answer in so many comes in two pieces; 0 = none
    int64_t points;                //  Measuring points per terminal
    int64_t period_ms;             //  Between two reports of a terminal
    int64_t heartbeat_ms;          //  Between two heartbeats
    int64_t depth;                 //  Reports of a terminal on the way at most
    int64_t day_every;             //  One report in so many is a DAY report; 0 = none
    int64_t event_every;           //  ... an EVENT; 0 = none
    int64_t timeout_ms;            //  To a confirmation; then it is sent again
    int64_t connects_per_s;        //  Pace of the first dialling
    int64_t minutes_back;          //  Device time begins so long before now
    int64_t utc_offset_min;        //  Of the terminals' clocks
    const char *state_path;        //  "" = none
    const char *ledger_path;       //  "" = none
    const asked_options_t *asked;  //  All are concentrators that are asked; NULL: none. Copied
} fleet_options_t;

typedef struct {
    uint64_t sent;               //  Report identities sent at least once by this run
    uint64_t confirmed;          //  ... confirmed
    uint64_t resent;             //  Frames sent again
    uint64_t carried;            //  Identities taken over from the run before
    uint64_t denied;             //  Reports answered with a refusal; sent again
    uint64_t logins;             //  Logins confirmed
    uint64_t heartbeats;         //  Heartbeats confirmed
    uint64_t logouts;            //  Logouts confirmed
    uint64_t reconnects;         //  Connections lost or given up
    uint64_t refused_dials;      //  Dials that failed
    uint64_t put_off;            //  Reports that fell due while too many were on the way
    uint64_t requests;           //  Requests received, not answered
    uint64_t noise;              //  Bytes received that are no frame
    uint64_t online;             //  Terminals logged in now; gateways apart
    uint64_t gateways;           //  Gateways connected now
    uint64_t registrations;      //  Registration packets sent
    uint64_t answers;            //  Requests answered with registers
    uint64_t exceptions;         //  ... with an exception
    uint64_t silent;             //  Requests nobody answers
    uint64_t fates[FATE_COUNT];  //  Answers by what became of them
    uint64_t outstanding;        //  Reports on the way now
    uint64_t latency[FLEET_LATENCY_BUCKETS];  //  Send to confirmation: [i] below 2^i microseconds
} fleet_stats_t;

typedef struct fleet fleet_t;

//  Gives a fleet, or NULL after a line on stderr (state or ledger unreadable, no descriptors).
fleet_t *fleet_new (const fleet_options_t *options);
void fleet_destroy (fleet_t **self_p);

//  One turn: waits at most wait_ms for input, then lets time pass.
void fleet_turn (fleet_t *self, int wait_ms);

//  No new reports and answers from now on; each terminal logs out once all its reports are confirmed.
void fleet_stop (fleet_t *self);

//  Closes every connection in the next turns, before anything else; they dial again after their back-off.
void fleet_reconnect (fleet_t *self);

//  True once every terminal is logged out and has nothing on the way. Only after fleet_stop.
bool fleet_done (const fleet_t *self);

//  Saves the state file and flushes the ledger. False if that failed.
bool fleet_save (fleet_t *self);

//  Closes all connections; what is still on the way goes into the ledger as unconfirmed.
void fleet_end (fleet_t *self);

const fleet_stats_t *fleet_stats (const fleet_t *self);
const asked_stats_t *fleet_asked_stats (const fleet_t *self);

//  Upper bound in microseconds of the latency's quantile (0..1).
uint64_t fleet_latency_us (const fleet_stats_t *stats, double quantile);

#endif
