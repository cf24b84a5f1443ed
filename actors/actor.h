//  The shared actor frame: mailboxes, word table, stall, drain, hosting of several actors in one thread.
//  An actor is a struct, a start, a stop and a table of words; nobody writes a poll loop of his own.
//  No call ever waits: a send that finds its queue full says FULL, and what flows down the chain is held.
#ifndef ACTORS_ACTOR_H
#define ACTORS_ACTOR_H

#include "actors/loop.h"
#include "actors/wiring.h"
#include <czmq.h>

typedef struct actor actor_t;

//  Borrows body. An error is counted and logged with the actor's name and the word.
typedef fep_err_t (actor_handler_t) (void *self, actor_t *actor, bytes_t body);

typedef struct {
    const char *word;         //  In capitals; the table ends with NULL
    actor_handler_t *handle;  //  Called with the body
} actor_word_t;

typedef struct {
    const char *name;  //  Thread name, log field; "%u" is filled with the number
    size_t self_size;  //  The frame allocates and zeroes it
    fep_err_t (*start) (void *self, actor_t *actor);  //  Ready when it returns; logs its own reason
    void (*stop) (void *self, actor_t *actor);        //  Called once; also after a failed start
    int64_t (*tick) (void *self, actor_t *actor,
                     int64_t now_us);  //  Each turn; next deadline in us. May be NULL
    bool (*drain) (void *self,
                   actor_t *actor);  //  After STOP: true when nothing is left. May be NULL
    void (*raw) (void *self, actor_t *actor,
                 int socket);   //  For sockets made by actor_raw. May be NULL
    const actor_word_t *words;  //  The actor's public protocol
    bool
        behind;  //  It follows what the others wrote: where CPU is scarce its thread comes after theirs
} actor_class_t;

extern const actor_class_t connector_class, storage_class, publisher_class, history_class,
    query_class, control_class, schedule_class, account_class, seal_class, demand_class,
    validator_class, alarm_class;

#define ACTOR_SOCKETS_MAX 24

//  ---- For an actor: what it may ask of its frame ----

const context_t *actor_context (actor_t *self);
const config_t *actor_config (actor_t *self);  //  Own copy; follows reloads
unsigned actor_number (actor_t *self);         //  Of a class with several
const char *actor_name (actor_t *self);
loop_t *actor_loop (actor_t *self);

//  Mailboxes; return a handle >= 0, or -1 (logged: endpoint and errno). Input of `gated` sockets is not taken
//  while the actor is stalled.
int actor_pull (actor_t *self, const char *endpoint, int mark, bool gated);
int actor_push (actor_t *self, const char *endpoint, int mark);
int actor_dealer (actor_t *self, const char *endpoint, int mark);  //  Identity: the actor's name
int actor_router (actor_t *self, const char *endpoint, int mark);  //  Mandatory
//  Takes a socket set up elsewhere; its input goes to class->raw when ZMQ_POLLIN is up.
int actor_raw (actor_t *self, void *socket);
void *actor_socket (actor_t *self, int socket);

//  Sends word and body. FULL: no room; CLOSED: no such peer (router). Nothing was sent then.
FEP_MUST_CHECK
fep_err_t actor_send (actor_t *self, int socket, const char *word, bytes_t body);
//  The same to one peer of a router.
FEP_MUST_CHECK
fep_err_t actor_send_to (actor_t *self, int socket, bytes_t peer, const char *word, bytes_t body);
//  Takes the message (also on failure).
FEP_MUST_CHECK
fep_err_t actor_send_msg (actor_t *self, int socket, const char *word, zmq_msg_t *body);

//  While a handler of a router's message runs: who sent it.
bytes_t actor_sender (actor_t *self);

//  The memory of the message whose handler runs, for patching in place.
uint8_t *actor_body_memory (actor_t *self);

//  Down the chain. Takes the message; while the queue is full the frame holds it and the actor is stalled.
//  Call only when not stalled.
void actor_forward (actor_t *self, int socket, const char *word, zmq_msg_t *body);
//  The same with the message whose handler runs, without a copy. Its bytes are not to be touched any more.
void actor_forward_body (actor_t *self, int socket, const char *word);
bool actor_stalled (const actor_t *self);
//  True while what was forwarded last waits for room, whatever actor_stall says.
bool actor_holding (const actor_t *self);

//  Moves the message whose handler runs into *body, which the caller closes or forwards. A small one's bytes are
//  elsewhere then.
void actor_take_body (actor_t *self, zmq_msg_t *body);

//  An actor that cannot take more input for its own reasons (disk below the reserve) stalls and resumes itself.
void actor_stall (actor_t *self, bool stalled);

//  The process must end: logs the reason; the supervisor hears of it.
void actor_fail (actor_t *self, const char *id, fep_err_t reason);

//  ---- For the supervisor ----

typedef struct host host_t;

#define HOST_ACTORS_MAX 24

//  A thread for some actors. Gives NULL if an actor's start failed (its log line said why).
typedef struct {
    const actor_class_t *class;  //  What
    unsigned number;             //  Which of its class
} host_actor_t;

host_t *host_new (const context_t *context, const host_actor_t actors[], size_t count);

//  Asks an actor (by index) to drain and stop.
void host_stop_actor (host_t *self, size_t index);
//  Sends STATUS; the answer comes as "ALIVE".
void host_ping (host_t *self);
//  Gives every actor of the host a fresh copy of the configuration.
void host_set (host_t *self, const config_t *config);

typedef enum { HOST_NOTHING, HOST_ALIVE, HOST_STOPPED, HOST_FAILED } host_news_t;
//  Takes one piece of news without waiting. STOPPED: *index says which actor.
host_news_t host_news (host_t *self, size_t *index);
int host_fd (host_t *self);  //  Readable when there may be news

//  Ends the thread. Actors not yet stopped are stopped without draining.
void host_destroy (host_t **self_p);

#endif
