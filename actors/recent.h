//  A bounded list of entries by key, in the order in which they were last used; the oldest is forgotten and
//  counted. Entries are plain memory that begins as zeros and stays where it is until it is forgotten.
#ifndef ACTORS_RECENT_H
#define ACTORS_RECENT_H

#include "fep/bytes.h"

#define RECENT_KEY_MAX 191  //  Bytes of a key; longer ones are cut

typedef struct recent recent_t;

//  Gives an empty list for so many entries of that size.
recent_t *recent_new (size_t limit, size_t entry_size);
void recent_destroy (recent_t **self_p);

//  The entry of a key, made if missing; it is the newest now. Valid until it is removed or forgotten.
void *recent_use (recent_t *self, bytes_t key);
//  The same without using it; NULL if there is none.
void *recent_find (const recent_t *self, bytes_t key);
//  False if there was none.
bool recent_remove (recent_t *self, bytes_t key);

//  Newest first: the entry at a place, NULL behind the last.
void *recent_at (const recent_t *self, size_t place);
void *recent_older (const void *entry);

size_t recent_count (const recent_t *self);
uint64_t recent_forgotten (const recent_t *self);  //  Since it was made

#endif
