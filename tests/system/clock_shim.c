//  Preloaded into a daemon under test: the wall clock is off by what a file says, in seconds, and can be moved while
//  the daemon runs. FEP_TEST_CLOCK names the file: one int64 in the machine's own byte order.
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *s_offset_s;

__attribute__ ((constructor)) static void s_open (void)
{
    const char *path = getenv ("FEP_TEST_CLOCK");
    int file = path ? open (path, O_RDONLY | O_CLOEXEC) : -1;
    if (file >= 0) {
        void *map = mmap (NULL, sizeof *s_offset_s, PROT_READ, MAP_SHARED, file, 0);
        s_offset_s = map == MAP_FAILED ? NULL : map;
        close (file);
    }
}

int clock_gettime (clockid_t clock, struct timespec *time)
{
    int result = (int) syscall (SYS_clock_gettime, clock, time);
    if (clock == CLOCK_REALTIME && s_offset_s) {
        time->tv_sec += (time_t) *s_offset_s;
    }
    return result;
}
