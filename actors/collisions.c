//  Entries in a recent_t, by terminal and the two hosts in the order of their letters.
#include "actors/collisions.h"
#include "actors/recent.h"
#include "fep/check.h"
#include <stdio.h>
#include <stdlib.h>

struct collisions {
    recent_t *list;  //  Of collision_t
};

static const char *const s_names[COLLISION_COUNT] = {"TAKEOVER", "REJECT", "HALF_OPEN"};

const char *collision_name (collision_reason_t reason)
{
    return (unsigned) reason < COLLISION_COUNT ? s_names[reason] : "?";
}

collisions_t *collisions_new (size_t limit)
{
    collisions_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    self->list = recent_new (limit, sizeof (collision_t));
    return self;
}

void collisions_destroy (collisions_t **self_p)
{
    if (*self_p) {
        recent_destroy (&(*self_p)->list);
        free (*self_p);
        *self_p = NULL;
    }
}

//  Characters before the port.
static int s_host (const char *peer)
{
    const char *colon = strrchr (peer, ':');
    size_t size = colon ? (size_t) (colon - peer) : strlen (peer);
    return (int) (size > COLLISION_PEER_MAX ? COLLISION_PEER_MAX : size);
}

void collisions_note (collisions_t *self, const char *terminal, const char *old_peer,
                      const char *new_peer, collision_reason_t reason, int64_t wall_ms)
{
    char key[RECENT_KEY_MAX], one[COLLISION_PEER_MAX + 1], other[COLLISION_PEER_MAX + 1];
    snprintf (one, sizeof one, "%.*s", s_host (old_peer), old_peer);
    snprintf (other, sizeof other, "%.*s", s_host (new_peer), new_peer);
    int order = strcmp (one, other);
    snprintf (key, sizeof key, "%.*s|%s|%s", ADDRESS_MAX, terminal, order < 0 ? one : other,
              order < 0 ? other : one);
    collision_t *entry = recent_use (self->list, bytes_text (key));
    if (!entry->count++) {
        snprintf (entry->terminal, sizeof entry->terminal, "%.*s", ADDRESS_MAX, terminal);
        entry->first_ms = wall_ms;
        entry->same_host = order == 0;
    }
    snprintf (entry->old_peer, sizeof entry->old_peer, "%.*s", COLLISION_PEER_MAX, old_peer);
    snprintf (entry->new_peer, sizeof entry->new_peer, "%.*s", COLLISION_PEER_MAX, new_peer);
    entry->reason = reason;
    entry->last_ms = wall_ms;
}

const collision_t *collisions_at (const collisions_t *self, size_t place)
{
    return recent_at (self->list, place);
}

const collision_t *collisions_older (const collision_t *entry)
{
    return recent_older (entry);
}

size_t collisions_count (const collisions_t *self)
{
    return recent_count (self->list);
}

uint64_t collisions_forgotten (const collisions_t *self)
{
    return recent_forgotten (self->list);
}
