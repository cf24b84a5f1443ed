//  The public door and feed, as a client sees them: one DEALER to the door, one SUB to the feed.
//  Belongs to one thread. One request at a time; an answer to an earlier one that comes late is
//  dropped and counted. CZMQ's own signal handler is switched off; a signal ends a wait with
//  FEP_STOPPING.
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include "fep/bytes.h"
#include "fep/error.h"

#define CLIENT_DOOR_DEFAULT "tcp://127.0.0.1:7602"
#define CLIENT_FEED_DEFAULT "tcp://127.0.0.1:7601"
#define CLIENT_MESSAGE_MAX                                                                         \
    (32 * 1024 * 1024)               //  Larger answers end the connection, publications are dropped
#define CLIENT_REQUEST_MAX 4096      //  Bytes of a request's body
#define CLIENT_LARGE_MAX (1u << 30)  //  Likewise, of one that carries a file
#define CLIENT_WORD_MAX 31           //  Characters of a word
#define CLIENT_TOPIC_MAX 63          //  Characters of a topic
#define CLIENT_QUEUE_MAX 20000       //  Publications waiting here; beyond it they are lost (a gap)

typedef struct client client_t;

//  What the door said. Borrowed from the client until its next request.
typedef struct {
    char word[CLIENT_WORD_MAX + 1];  //  "STATUS", "ROWS", ... or "ERROR"
    bytes_t body;                    //  A msgpack map
    bool failed;                     //  The word is ERROR; then:
    char error[32];                  //  The error's name, "NOT_FOUND"
    char text[256];                  //  One sentence
} answer_t;

typedef enum { PUBLICATION_DATA, PUBLICATION_TICK, PUBLICATION_NOTE } publication_kind_t;

//  One publication of the feed. Borrowed from the client until its next one.
typedef struct {
    char topic[CLIENT_TOPIC_MAX + 1];  //  "reading/00"
    publication_kind_t kind;           //  DATA, TICK or NOTE
    uint64_t epoch;                    //  Grows at each start of the daemon
    uint64_t sequence;                 //  DATA: the commit. TICK: committed head. NOTE: 0
    uint64_t prev;                     //  Last published on this topic in this epoch; 0 = none
    int64_t time_ms;                   //  When it was published
    bytes_t body;                      //  DATA: [[index, message], ...]. NOTE: a map
} publication_t;

typedef struct {
    uint64_t late;     //  Answers to earlier requests, dropped
    uint64_t garbled;  //  Answers and publications of another shape, dropped
} client_counters_t;

//  Gives a client; connecting goes on in the background. NULL for door or feed: without that one.
//  SYNTAX if an endpoint cannot be read.
FEP_MUST_CHECK
fep_err_t client_open (const char *door, const char *feed, client_t **self_p);
void client_close (client_t **self_p);

//  Sends a request and waits for its answer. body: a msgpack map without `token`, or empty for
//  none. OK: the door answered, perhaps with an error (answer->failed). TIMEOUT: it did not. LIMIT:
//  body larger than CLIENT_REQUEST_MAX. SYNTAX: body is no map. STOPPING: a signal came.
FEP_MUST_CHECK
fep_err_t client_request (client_t *self, const char *word, bytes_t body, int timeout_ms,
                          answer_t *answer);

//  The same for a body of up to CLIENT_LARGE_MAX bytes. The door takes so much only for verbs that carry a file;
//  what is beyond its limit ends the connection.
FEP_MUST_CHECK
fep_err_t client_request_large (client_t *self, const char *word, bytes_t body, int timeout_ms,
                                answer_t *answer);

//  Topics that begin with prefix; "" is all.
void client_subscribe (client_t *self, const char *prefix);
void client_unsubscribe (client_t *self, const char *prefix);

//  The next publication. TIMEOUT if none came; STOPPING: a signal came.
FEP_MUST_CHECK
fep_err_t client_next (client_t *self, int timeout_ms, publication_t *publication);

client_counters_t client_counters (const client_t *self);

#endif
