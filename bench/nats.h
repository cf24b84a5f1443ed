//  The NATS client protocol, as far as publishing and subscribing need it: lines of text that end in CR LF; PUB and MSG
//  carry so many bytes behind their line. Written from its public documentation (docs.nats.io, Reference, NATS
//  Protocols). Pure functions.
#ifndef BENCH_NATS_H
#define BENCH_NATS_H

#include "fep/bytes.h"

//  The first line of a client: no +OK to every line, no check of every subject.
#define NATS_CONNECT "CONNECT {\"verbose\":false,\"pedantic\":false}\r\n"

//  What a server says.
typedef enum {
    NATS_MORE,   //  Nothing whole yet
    NATS_INFO,   //  About itself
    NATS_PING,   //  Wants PONG
    NATS_PONG,   //  After our PING
    NATS_MSG,    //  A message of a subscription
    NATS_ERROR,  //  It refuses
    NATS_OTHER   //  None of these
} nats_word_t;

typedef struct {
    nats_word_t word;
    size_t size;      //  Bytes with line end and payload; 0 only for MORE
    bytes_t payload;  //  Of MSG
} nats_input_t;

//  What stands at the head of the window.
nats_input_t nats_input (bytes_t window);

//  True if the object, as JetStream answers one, has that key.
bool nats_has_key (bytes_t object, const char *key);

//  Appends a publication; what answers it is published on `reply`.
void nats_put_pub (writer_t *out, const char *subject, const char *reply, bytes_t payload);

#endif
