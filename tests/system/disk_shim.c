//  Preloaded into a daemon under test: writes and syncs of files below FEP_TEST_DISK are late or fail, as a control
//  file says, which can be changed while the daemon runs. FEP_TEST_FAULT names it: three int32 in the machine's own
//  byte order: milliseconds before each sync, errno of writes, errno of syncs; 0 is none.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

typedef struct {
    int32_t sync_ms;      //  Before each sync
    int32_t write_errno;  //  Of writes, and of opening to write
    int32_t sync_errno;   //  Of syncs
} fault_t;

static const volatile fault_t *s_fault;
static const char *s_below;

__attribute__ ((constructor)) static void s_open (void)
{
    const char *path = getenv ("FEP_TEST_FAULT");
    s_below = getenv ("FEP_TEST_DISK");
    int file =
        path && s_below ? (int) syscall (SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC) : -1;
    if (file >= 0) {
        void *map = mmap (NULL, sizeof *s_fault, PROT_READ, MAP_SHARED, file, 0);
        s_fault = map == MAP_FAILED ? NULL : map;
        close (file);
    }
}

static int s_ours (int fd)
{
    char link[64], path[PATH_MAX];
    snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink (link, path, sizeof path - 1);
    if (size < 0) {
        return 0;
    }
    path[size] = 0;
    return strncmp (path, s_below, strlen (s_below)) == 0;
}

static int s_write_fails (int fd)
{
    if (s_fault && s_fault->write_errno && s_ours (fd)) {
        errno = s_fault->write_errno;
        return 1;
    }
    return 0;
}

ssize_t write (int fd, const void *bytes, size_t size)
{
    return s_write_fails (fd) ? -1 : syscall (SYS_write, fd, bytes, size);
}

ssize_t pwrite (int fd, const void *bytes, size_t size, off_t at)
{
    return s_write_fails (fd) ? -1 : syscall (SYS_pwrite64, fd, bytes, size, at);
}

ssize_t pwrite64 (int fd, const void *bytes, size_t size, off64_t at)
{
    return s_write_fails (fd) ? -1 : syscall (SYS_pwrite64, fd, bytes, size, at);
}

ssize_t writev (int fd, const struct iovec *parts, int count)
{
    return s_write_fails (fd) ? -1 : syscall (SYS_writev, fd, parts, count);
}

static int s_sync (int fd, long number)
{
    if (s_fault && (s_fault->sync_ms || s_fault->sync_errno) && s_ours (fd)) {
        int32_t ms = s_fault->sync_ms;
        struct timespec wait = {ms / 1000, (long) (ms % 1000) * 1000000};
        nanosleep (&wait, NULL);
        if (s_fault->sync_errno) {
            errno = s_fault->sync_errno;
            return -1;
        }
    }
    return (int) syscall (number, fd);
}

int fdatasync (int fd)
{
    return s_sync (fd, SYS_fdatasync);
}

int fsync (int fd)
{
    return s_sync (fd, SYS_fsync);
}

static int s_open_at (int directory, const char *path, int flags, mode_t mode)
{
    int writes = (flags & O_ACCMODE) != O_RDONLY || flags & O_CREAT;
    if (s_fault && s_fault->write_errno && writes &&
        strncmp (path, s_below, strlen (s_below)) == 0) {
        errno = s_fault->write_errno;
        return -1;
    }
    return (int) syscall (SYS_openat, directory, path, flags, mode);
}

#define MODE_OF(flags)                                                                             \
    mode_t mode = 0;                                                                               \
    if ((flags) & (O_CREAT | O_TMPFILE)) {                                                         \
        va_list rest;                                                                              \
        va_start (rest, flags);                                                                    \
        mode = va_arg (rest, mode_t);                                                              \
        va_end (rest);                                                                             \
    }

int open (const char *path, int flags, ...)
{
    MODE_OF (flags)
    return s_open_at (AT_FDCWD, path, flags, mode);
}

int open64 (const char *path, int flags, ...)
{
    MODE_OF (flags)
    return s_open_at (AT_FDCWD, path, flags | O_LARGEFILE, mode);
}
