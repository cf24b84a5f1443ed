//  statvfs, at most every SPACE_CACHE_MS.
#include "store/space.h"
#include "fep/clock.h"
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

static void s_ask (space_t *self, int64_t now_ms)
{
    struct statvfs state;
    uint64_t bytes = 0;
    if (statvfs (self->path, &state) == 0) {
        bytes = (uint64_t) state.f_bavail * (uint64_t) state.f_frsize;
    }
    atomic_store (&self->free_bytes, bytes);
    atomic_store (&self->asked_ms, now_ms);
}

//  Cuts the last component; "." if there is none before it.
static void s_to_parent (char *path)
{
    size_t size = strlen (path);
    while (size > 1 && path[size - 1] == '/') {
        size--;
    }
    while (size > 0 && path[size - 1] != '/') {
        size--;
    }
    if (size == 0) {
        path[size++] = '.';
    }
    path[size] = 0;
}

fep_err_t space_init (space_t *self, const char *path, uint64_t reserve)
{
    size_t size = strlen (path);
    if (size == 0 || size > SPACE_PATH_MAX) {
        return FEP_RANGE;
    }
    memcpy (self->path, path, size + 1);
    struct stat state;
    if (stat (self->path, &state) != 0) {
        s_to_parent (self->path);
    }
    self->reserve = reserve;
    s_ask (self, clock_mono_ms ());
    return FEP_OK;
}

uint64_t space_free (space_t *self)
{
    int64_t now_ms = clock_mono_ms ();
    if (now_ms - atomic_load (&self->asked_ms) >= SPACE_CACHE_MS) {
        s_ask (self, now_ms);
    }
    return atomic_load (&self->free_bytes);
}

fep_err_t space_check (space_t *self, uint64_t floor)
{
    return space_free (self) >= floor ? FEP_OK : FEP_NO_SPACE;
}
