//  What is published of a HELD message: its good items as READING, its suspect ones as HELD. Both parts stand at
//  the place of the whole (sequence, index). A curve's items have their instants by their places, so each run of
//  equals is a message of its own. The frame's bytes go with the first good part, or with the first if none is good.
#ifndef ACTORS_SPLIT_H
#define ACTORS_SPLIT_H

#include "fep/message.h"

typedef struct split split_t;

typedef struct {
    message_t message;  //  Its head; address is borrowed from the whole
    bytes_t bytes;      //  Packed; borrowed until the next call
} split_part_t;

split_t *split_new (void);
void split_destroy (split_t **self_p);

//  Begins with a message as the journal has it, of any kind: READING and HELD are split, others are one part.
//  Borrows it until the last part was given.
FEP_MUST_CHECK
fep_err_t split_begin (split_t *self, bytes_t message);

//  The next part, good ones first. NOT_FOUND behind the last.
FEP_MUST_CHECK
fep_err_t split_next (split_t *self, split_part_t *part);

#endif
