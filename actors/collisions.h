//  Two connections that claim to be the same terminal: a bounded list, one entry for each pair of peers of a
//  terminal, whichever of them came first; the one seen longest ago is forgotten first. Belongs to control.
#ifndef ACTORS_COLLISIONS_H
#define ACTORS_COLLISIONS_H

#include "fep/bytes.h"
#include "fep/message.h"

#define COLLISION_PEER_MAX 63

typedef enum {
    COLLISION_TAKEOVER,   //  The newer one stays: so says its listener
    COLLISION_REJECT,     //  The older one stays: likewise
    COLLISION_HALF_OPEN,  //  The newer one stays: the older one has been silent for too long
    COLLISION_COUNT
} collision_reason_t;

const char *collision_name (collision_reason_t reason);

typedef struct {
    char terminal[ADDRESS_MAX + 1];         //  Whose address
    char old_peer[COLLISION_PEER_MAX + 1];  //  Of the last time: who was connected
    char new_peer[COLLISION_PEER_MAX + 1];  //  Likewise: who came
    bool same_host;             //  Both from one host: it came again, or shares a router
    collision_reason_t reason;  //  Of the last time
    int64_t first_ms;           //  Wall clock
    int64_t last_ms;            //  Wall clock
    uint64_t count;             //  How often
} collision_t;

typedef struct collisions collisions_t;

collisions_t *collisions_new (size_t limit);
void collisions_destroy (collisions_t **self_p);

//  Peers are "host:port"; which port does not matter to what is a pair.
void collisions_note (collisions_t *self, const char *terminal, const char *old_peer,
                      const char *new_peer, collision_reason_t reason, int64_t wall_ms);

//  Newest first: the entry at a place, the next; NULL at the end.
const collision_t *collisions_at (const collisions_t *self, size_t place);
const collision_t *collisions_older (const collision_t *entry);
size_t collisions_count (const collisions_t *self);
uint64_t collisions_forgotten (const collisions_t *self);

#endif
