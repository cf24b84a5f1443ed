//  What a frame says, by the codec and the habits of the listener it came in by.
#ifndef TOOLS_EXPLAIN_H
#define TOOLS_EXPLAIN_H

#include "fep/bytes.h"

typedef struct explain explain_t;

//  Learns the listeners from an answer to CONFIG; from an empty one nothing, and nothing is explained.
explain_t *explain_new (bytes_t config);
void explain_destroy (explain_t **self_p);

//  The last whole frame of the bytes as a JSON object. Empty if there is none or the listener is unknown. Borrowed
//  until the next call.
bytes_t explain_frame (explain_t *self, const char *listener, const char *codec, bool up,
                       bytes_t bytes);

//  Two lines for people: the bytes as hex, and what they say, both cut to what is read at a glance.
void explain_print (explain_t *self, const char *listener, const char *codec, bool up,
                    bytes_t bytes, int indent);

#endif
