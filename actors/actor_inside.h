//  Inside of the actor frame, shared by its two files: actor.c (mailboxes, words, what an actor may ask) and host.c
//  (the thread that hosts actors, and the supervisor's side). Nobody else includes this.
#ifndef ACTORS_ACTOR_INSIDE_H
#define ACTORS_ACTOR_INSIDE_H

#include "actors/actor.h"

#define ENDPOINT_MAX 48

typedef struct {
    zsock_t *owned;               //  Ours to destroy; NULL for raw sockets
    void *handle;                 //  The libzmq socket
    bool input;                   //  Is read from
    bool gated;                   //  Not while stalled
    bool router;                  //  Identity frame first
    bool raw;                     //  class->raw reads it
    bool ask;                     //  Something may have come since it was last found empty
    bool signalled;               //  Its descriptor was ready
    char endpoint[ENDPOINT_MAX];  //  PULL: where; else empty
    actor_t *local;  //  PUSH: the actor of the same thread that pulls there; NULL: another thread's
    int local_mail;  //  Its mailbox
} mail_t;

struct actor {
    const actor_class_t *class;      //  Its table
    unsigned number;                 //  Of its class
    char name[32];                   //  With number
    void *self;                      //  Its struct
    host_t *host;                    //  Its thread
    config_t config;                 //  Own copy; texts borrowed
    mail_t mail[ACTOR_SOCKETS_MAX];  //  Its sockets
    int mail_count;                  //  Used
    bool stalled;                    //  By itself
    bool holding;                    //  held is waiting for room
    int held_socket;                 //  Where held goes
    const char *held_word;           //  With which word
    zmq_msg_t held;                  //  One message in hand
    bool woken;                      //  Was handed a message since its last tick
    bool draining;                   //  STOP was received
    bool stopped;                    //  class->stop was called
    bool failed;                     //  actor_fail was called
    int64_t deadline_us;             //  Its next tick
    zmq_msg_t sender;                //  Identity of the current message
    bool has_sender;                 //  sender is set
    zmq_msg_t *body;                 //  Of the current message; NULL between handlers
};

struct host {
    zactor_t *thread;                      //  The thread; its pipe is ours
    zsock_t *pipe;                         //  The thread's end
    loop_t *loop;                          //  The thread's
    const context_t *context;              //  Given
    host_actor_t wanted[HOST_ACTORS_MAX];  //  What to start
    actor_t *actors[HOST_ACTORS_MAX];      //  Started
    size_t count;                          //  Used
    bool started;                          //  All starts succeeded
    bool pipe_ask;                         //  A command may have come
    pid_t tid;                             //  Of the thread
};

//  The thread sanitizer is told what libzmq does not tell it.
void actor_before_send (void);
void actor_after_receive (void);

//  Sends what is held, if there is room. True if nothing is held any more.
bool actor_flush_held (actor_t *self);
//  Takes what has come, bounded. True if there may be more.
bool actor_take_mail (actor_t *self);
//  Before a sleep: has something come whose signal a send has taken?
bool actor_may_not_sleep (actor_t *self);
//  Asks the socket itself.
bool actor_has_input (const mail_t *mail);

#endif
