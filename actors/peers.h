//  How many connections each peer address holds, for limits per address. Bounded by the table it is made with.
#ifndef ACTORS_PEERS_H
#define ACTORS_PEERS_H

#include "fep/error.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct peers peers_t;

//  Gives a table for at most `limit` addresses; asserts on lack of memory (start-up only).
peers_t *peers_new (size_t limit);
void peers_destroy (peers_t **self_p);

//  Counts a connection that nobody has identified yet. FULL if the address then had more than total_max
//  connections, or if the table is full; LIMIT if it had more than fresh_max of that sort; nothing is counted then.
FEP_MUST_CHECK
fep_err_t peers_join (peers_t *self, const uint8_t ip[16], uint32_t total_max, uint32_t fresh_max);

//  One of its connections was identified.
void peers_identified (peers_t *self, const uint8_t ip[16]);

//  One of its connections is gone.
void peers_leave (peers_t *self, const uint8_t ip[16], bool fresh);

//  Addresses in the table.
size_t peers_count (const peers_t *self);

#endif
