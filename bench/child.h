//  A process under measurement: started, looked at through /proc, stopped. Only what was started
//  here is ended.
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

//  Starts argv (NULL at its end) with stdout and stderr in `log`. -1 on failure. It ends when we
//  end.
pid_t child_start (char *const argv[], const char *log, int cpu);

//  True while it runs.
bool child_alive (pid_t pid);

//  SIGTERM, then SIGKILL after timeout_ms. Its exit status; -1 if it did not end by itself.
int child_stop (pid_t pid, int64_t timeout_ms);

//  On-CPU nanoseconds of all its threads so far. Threads that ended are not in it.
uint64_t child_cpu_ns (pid_t pid);

//  Resident bytes.
uint64_t child_rss (pid_t pid);

#endif
