//  Load for fepbench: terminals that only push reports of 23 values and count confirmations, cheaply, in one thread.
#ifndef BENCH_DRIVE_H
#define BENCH_DRIVE_H

#include "bench/terminal.h"
#include <stdbool.h>
#include <stdint.h>

#define DRIVE_DEPTH_MAX 8

typedef struct drive drive_t;

typedef struct {
    uint16_t port;           //  At 127.0.0.1
    uint32_t terminals;      //  Connections
    uint32_t first_address;  //  Decimal address of the first
    uint32_t depth;          //  Frames in one write; the next write when all of them are confirmed
    uint32_t rate;           //  Frames a second over all; 0 = as fast as confirmations come
    const terminal_protocol_t *protocol;  //  They speak
} drive_options_t;

//  Counters since drive_new; latencies since drive_mark.
typedef struct {
    uint64_t sent;       //  Frames
    uint64_t confirmed;  //  Frames
    uint64_t skipped;    //  Paced writes left out because their terminal still waited
    uint64_t denied;     //  Refusals
    uint64_t noise;      //  Bytes that are no frame
    uint64_t lost;       //  Connections closed by the other side
} drive_stats_t;

//  Connects and logs in all terminals, waits until every login is confirmed. NULL after a line on
//  stderr, also if that takes more than 60 s.
drive_t *drive_new (const drive_options_t *options);
//  Closes with reset, so that no port is left waiting.
void drive_destroy (drive_t **self_p);

//  Goes on for so long.
void drive_run (drive_t *self, int64_t ms);

//  Latencies are kept from here on.
void drive_mark (drive_t *self);

//  No new frames; waits until everything is confirmed or the time is over. Gives what is still
//  open.
uint64_t drive_drain (drive_t *self, int64_t ms);

const drive_stats_t *drive_stats (const drive_t *self);

//  Latency from write to confirmation, quantile 0..1, microseconds; sorts what was kept.
uint32_t drive_latency_us (drive_t *self, double quantile);

#endif
