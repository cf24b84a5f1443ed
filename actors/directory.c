//  Entries by archive number, made when a terminal first comes.
#include "actors/directory.h"
#include <stdlib.h>
#include <string.h>

struct directory {
    presence_t **entries;  //  By number
    size_t size;           //  Of it
    size_t online;         //  Now
};

directory_t *directory_new (void)
{
    directory_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    return self;
}

void directory_destroy (directory_t **self_p)
{
    directory_t *self = *self_p;
    if (self) {
        for (size_t i = 0; i < self->size; i++) {
            free (self->entries[i]);
        }
        free (self->entries);
        free (self);
        *self_p = NULL;
    }
}

presence_t *directory_use (directory_t *self, uint32_t number)
{
    if (number >= self->size) {
        size_t size = number + number / 2 + 256;
        self->entries = realloc (self->entries, size * sizeof *self->entries);
        FEP_ASSERT (self->entries);
        memset (self->entries + self->size, 0, (size - self->size) * sizeof *self->entries);
        self->size = size;
    }
    if (!self->entries[number]) {
        self->entries[number] = calloc (1, sizeof (presence_t));
        FEP_ASSERT (self->entries[number]);
        self->entries[number]->session = -1;
    }
    return self->entries[number];
}

presence_t *directory_find (const directory_t *self, uint32_t number)
{
    return number < self->size ? self->entries[number] : NULL;
}

size_t directory_online (const directory_t *self)
{
    return self->online;
}

static void s_copy (char *to, const char *from, size_t max)
{
    size_t size = strnlen (from, max);
    memcpy (to, from, size);
    to[size] = 0;
}

void directory_up (directory_t *self, presence_t *presence, const char *connector, int64_t session,
                   const char *peer, int64_t wall_ms)
{
    self->online += presence->session < 0 ? 1 : 0;
    presence->session = session;
    presence->since_ms = wall_ms;
    presence->sessions++;
    s_copy (presence->connector, connector, DIRECTORY_NAME_MAX);
    s_copy (presence->peer, peer, DIRECTORY_PEER_MAX);
}

bool directory_down (directory_t *self, presence_t *presence, const char *connector,
                     int64_t session, const char *reason, int64_t wall_ms)
{
    s_copy (presence->reason, reason, DIRECTORY_NAME_MAX);
    presence->closed_ms = wall_ms;
    if (presence->session != session || strcmp (presence->connector, connector) != 0) {
        return false;
    }
    presence->session = -1;
    presence->since_ms = wall_ms;
    self->online--;
    return true;
}
