//  A batch looked at for alarms, in pieces: when what is to be said makes the outgoing batch ripe, the walk pauses
//  between two items and goes on once that is sent.
#ifndef ACTORS_ALARM_WALK_H
#define ACTORS_ALARM_WALK_H

#include "actors/alarms.h"

typedef struct {
    cursor_t cursor;    //  Where it is
    batch_head_t head;  //  Of the batch
    message_t message;  //  The one at hand
    uint32_t next;      //  Its item to be looked at next
    bool in_message;    //  message counts
    size_t items;       //  Of all messages so far
} alarm_walk_t;

//  Begins. body is one batch and must stay where it is. CORRUPT, VERSION, LIMIT.
FEP_MUST_CHECK
fep_err_t alarm_walk_begin (alarm_walk_t *self, bytes_t body);

//  Judges what is left. OK: all of it; FULL: out is ripe, call again with room; CORRUPT, LIMIT.
FEP_MUST_CHECK
fep_err_t alarm_walk (alarm_walk_t *self, alarms_t *alarms, alarms_now_t now, batch_t *out);

//  Tells alarms of the readings in a record of the journal: alarms_seen.
void alarm_walk_seen (bytes_t batches, alarms_t *alarms, alarms_now_t now);

#endif
