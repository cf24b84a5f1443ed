//  A process under measurement: started, looked at through /proc, stopped. Only what was started
//  here is ended.
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include <stdbool.h>
#include <stddef.h>
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

typedef struct {
    char name[16];  //  As the thread calls itself; threads of one name are one
    double user_s;  //  On the CPU so far, outside the kernel
    double kernel_s;
} child_thread_t;

#define CHILD_THREADS_MAX 32

//  Those that run now; beyond the limit they are left out. How many there are.
size_t child_threads (pid_t pid, child_thread_t threads[CHILD_THREADS_MAX]);

//  Resident bytes.
uint64_t child_rss (pid_t pid);

#endif
