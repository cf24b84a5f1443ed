//  Signals set flags; limits and usage are the system's.
#include "bench/program.h"
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>

#define SPARE_DESCRIPTORS 64

static volatile sig_atomic_t s_stop, s_reconnect;

static void s_on_signal (int number)
{
    if (number == SIGUSR1) {
        s_reconnect = 1;
    } else {
        s_stop = 1;
    }
}

void program_signals (void)
{
    struct sigaction action = {.sa_handler = s_on_signal};
    (void) sigaction (SIGINT, &action, NULL);
    (void) sigaction (SIGTERM, &action, NULL);
    (void) sigaction (SIGUSR1, &action, NULL);
}

bool program_stops (void)
{
    return s_stop;
}

bool program_reconnects (void)
{
    bool asked = s_reconnect;
    s_reconnect = 0;
    return asked;
}

bool program_descriptors (const char *name, size_t count)
{
    struct rlimit limit;
    rlim_t need = (rlim_t) (count + SPARE_DESCRIPTORS);
    if (getrlimit (RLIMIT_NOFILE, &limit) != 0) {
        return true;
    }
    limit.rlim_cur = limit.rlim_max;
    (void) setrlimit (RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < need) {
        fprintf (stderr, "%s: %zu connections need %llu descriptors; %llu are allowed\n", name,
                 count, (unsigned long long) need, (unsigned long long) limit.rlim_max);
        return false;
    }
    return true;
}

int64_t program_cpu_us (void)
{
    struct rusage usage;
    (void) getrusage (RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec +
           usage.ru_stime.tv_usec;
}
