//  Entries in a recent_t, by address.
#include "actors/unknown.h"
#include "actors/recent.h"
#include "fep/check.h"
#include <stdlib.h>

struct unknown {
    recent_t *list;  //  Of unknown_entry_t
};

unknown_t *unknown_new (size_t limit)
{
    unknown_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    self->list = recent_new (limit, sizeof (unknown_entry_t));
    return self;
}

void unknown_destroy (unknown_t **self_p)
{
    if (*self_p) {
        recent_destroy (&(*self_p)->list);
        free (*self_p);
        *self_p = NULL;
    }
}

static void s_copy (char *to, const char *from, size_t max)
{
    size_t size = strnlen (from, max);
    memcpy (to, from, size);
    to[size] = 0;
}

static uint16_t s_keep (uint8_t *to, bytes_t frame)
{
    size_t size = frame.size > UNKNOWN_FRAME_MAX ? UNKNOWN_FRAME_MAX : frame.size;
    if (size) {
        memcpy (to, frame.data, size);
    }
    return (uint16_t) size;
}

void unknown_up (unknown_t *self, const char *address, const unknown_link_t *link, bool held,
                 int64_t wall_ms)
{
    unknown_entry_t *entry = recent_use (self->list, bytes_text (address));
    if (!entry->sessions++) {
        s_copy (entry->address, address, ADDRESS_MAX);
        entry->first_ms = wall_ms;
        entry->first_size = s_keep (entry->first, link->frame);
    }
    s_copy (entry->peer, link->peer, UNKNOWN_PEER_MAX);
    s_copy (entry->listener, link->listener, UNKNOWN_NAME_MAX);
    s_copy (entry->codec, link->codec, UNKNOWN_NAME_MAX);
    s_copy (entry->connector, link->connector, UNKNOWN_NAME_MAX);
    entry->session = held ? link->session : -1;
    entry->last_ms = wall_ms;
    entry->last_size = s_keep (entry->last, link->frame);
}

void unknown_down (unknown_t *self, const char *address, const unknown_link_t *link,
                   int64_t wall_ms)
{
    unknown_entry_t *entry = recent_find (self->list, bytes_text (address));
    if (!entry) {
        return;
    }
    if (entry->session == link->session && strcmp (entry->connector, link->connector) == 0) {
        entry->session = -1;
    }
    entry->last_ms = wall_ms;
    if (link->frame.size) {
        entry->last_size = s_keep (entry->last, link->frame);
    }
}

const unknown_entry_t *unknown_find (const unknown_t *self, const char *address)
{
    return recent_find (self->list, bytes_text (address));
}

void unknown_remove (unknown_t *self, const char *address)
{
    (void) recent_remove (self->list, bytes_text (address));
}

const unknown_entry_t *unknown_at (const unknown_t *self, size_t place)
{
    return recent_at (self->list, place);
}

const unknown_entry_t *unknown_older (const unknown_entry_t *entry)
{
    return recent_older (entry);
}

size_t unknown_count (const unknown_t *self)
{
    return recent_count (self->list);
}

uint64_t unknown_forgotten (const unknown_t *self)
{
    return recent_forgotten (self->list);
}
