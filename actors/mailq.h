//  Mail that must not be lost but found no room: kept in order, sent when there is. Bounded by what makes it
//  (one mail a session that comes or goes); the owner looks at mailq_count before it takes on more.
#ifndef ACTORS_MAILQ_H
#define ACTORS_MAILQ_H

#include "actors/actor.h"

typedef struct mail_item mail_item_t;

//  All zero is an empty queue.
typedef struct {
    mail_item_t *first;  //  Oldest
    mail_item_t *last;   //  Newest
    size_t count;        //  Waiting
} mailq_t;

//  Sends at once if nothing waits and there is room, else keeps a copy. peer: of a router, or empty.
//  word: static text.
void mailq_send (mailq_t *self, actor_t *actor, int socket, bytes_t peer, const char *word,
                 bytes_t body);

//  Sends what waits as far as there is room. Mail to a peer that is gone is dropped.
void mailq_flush (mailq_t *self, actor_t *actor);

size_t mailq_count (const mailq_t *self);
void mailq_clear (mailq_t *self);

#endif
