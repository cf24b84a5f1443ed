//  What the programs of simulated terminals share: signals, descriptors, CPU.
#ifndef BENCH_PROGRAM_H
#define BENCH_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

//  SIGINT and SIGTERM ask to stop, SIGUSR1 to close all connections, which are dialled again.
void program_signals (void);
bool program_stops (void);
//  True once for each SIGUSR1.
bool program_reconnects (void);

//  Raises the limit of descriptors as far as allowed. False, after a line on stderr, if `count` and some for the
//  program itself are more even then.
bool program_descriptors (const char *name, size_t count);

//  On-CPU microseconds of this process.
int64_t program_cpu_us (void);

#endif
