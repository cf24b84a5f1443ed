//  What the feed publishes on, and who subscribes: base topics <kind>/<area> and finer ones terminal/<address>.
//  A topic knows the last sequence published on it and gathers the messages of the commit at hand.
#ifndef ACTORS_TOPICS_H
#define ACTORS_TOPICS_H

#include "fep/message.h"

#define TOPIC_TEXT_MAX 40
#define SUBSCRIPTIONS_MAX 4096  //  Beyond it everything counts as subscribed; nothing is lost

typedef struct {
    char text[TOPIC_TEXT_MAX];  //  "reading/00"
    uint64_t last;              //  Sequence last published in this epoch; 0 = none
    bool wanted;                //  Somebody subscribes to it
    bool exact;                 //  By its whole name
    bool touched;               //  By the commit at hand
    uint32_t count;             //  Messages gathered
    uint8_t *body;              //  Gathered, behind room for the array's head
    size_t size, capacity;      //  Of it
} topic_t;

typedef struct topics topics_t;

//  finer: limit of finer topics.
topics_t *topics_new (size_t finer);
void topics_destroy (topics_t **self_p);

//  A subscription came or went (as XPUB tells it). Refused finer topics are counted.
void topics_subscribe (topics_t *self, bytes_t prefix, bool on);

//  The topic of a message's kind and area. Never NULL.
topic_t *topics_base (topics_t *self, const message_t *message);
//  The finer topic of a terminal, or NULL if nobody subscribes to it. O(1).
topic_t *topics_finer (topics_t *self, bytes_t address);

//  Gathers a message of the commit at hand: [index, message]. A topic nobody wants is only noted as touched.
void topics_gather (topics_t *self, topic_t *topic, uint32_t index, bytes_t message);

//  Topics touched by the commit at hand, in order. topics_clear ends it: each was published on with that sequence.
size_t topics_gathered (topics_t *self, topic_t *const **list);
void topics_clear (topics_t *self, uint64_t sequence);

//  What a topic gathered: an array of pairs. Borrowed until topics_clear.
bytes_t topic_body (topic_t *self);

//  Calls visit for every topic that gets a TICK: wanted, and published on before or subscribed to by its name.
void topics_tick (topics_t *self, void (*visit) (void *arg, topic_t *topic), void *arg);

size_t topics_finer_count (const topics_t *self);

#endif
