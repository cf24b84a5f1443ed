//  Inside of the connector, shared by its files: connector.c (words, batches, confirmations), connector_io.c (sockets
//  and time), connector_join.c (how connections come), connector_login.c (when control is asked to admit
//  them), connector_dial.c (those we dial), connector_mail.c (what it tells control and the publisher),
//  connector_ask.c (requests), connector_facts.c.
//  Nobody else includes this.
#ifndef ACTORS_CONNECTOR_H
#define ACTORS_CONNECTOR_H

#include "actors/actor.h"
#include "actors/bucket.h"
#include "actors/dial.h"
#include "actors/fifo.h"
#include "actors/mailq.h"
#include "actors/peers.h"
#include "actors/places.h"
#include "actors/session.h"
#include "actors/traffic.h"
#include "actors/transport.h"
#include "actors/wheel.h"

#define EVENTS_MAX 512  //  Sockets handled in one turn
#define ENV_RUN 32      //  Sessions handled between two looks at the time
#define SATURATED 128   //  So many ready at once: no pause to gather more
#define HOLDS_MAX                                                                                  \
    65536  //  Confirmations waiting, one per batch and session; beyond it reading stops
#define BALANCERS_MAX 8  //  Named on one listener
#define LINKS_MAX 65536  //  LINK messages waiting for room

typedef struct {
    const config_listener_t *config;       //  Borrowed
    const codec_t *codec;                  //  Of every session it accepts
    codec_options_t options;               //  Likewise
    pattern_t registration;                //  Of options
    pattern_t heartbeat;                   //  Of options
    zone_t zone;                           //  Of options
    uint8_t balancers[BALANCERS_MAX][16];  //  Whose connections begin with PROXY v2
    size_t balancer_count;                 //  Of them
    bool udp;                              //  Datagrams
    uint32_t sessions;                     //  Now
    int fd;                                //  Listening socket; -1: none
} listener_t;

typedef struct dialled dialled_t;

//  One connection of a terminal we dial.
typedef struct {
    wheel_node_t timer;  //  First: a node is its link. Next try, or the end of this one
    dialled_t *owner;    //  Whose
    int fd;              //  Connecting; -1: not
    struct conn *conn;   //  Connected; NULL: not
    int64_t backoff_ms;  //  To the next try; 0: none failed
    int64_t since_ms;    //  When it was connected
    peer_t peer;         //  Who is dialled
} dial_link_t;

//  A terminal we dial, by one connection or two.
struct dialled {
    uint32_t number;                  //  Archive number
    char address[ADDRESS_MAX + 1];    //  Its name
    char text[ARCHIVE_DIAL_MAX + 1];  //  As the archive has it
    dial_t dial;                      //  Read
    dial_link_t links[DIAL_PLACES_MAX];
    uint8_t *admission;     //  Last ADMIT, for the other connection; NULL: none yet
    size_t admission_size;  //  Of it
    dialled_t *next;        //  In the connector's list
    bool gone;              //  Dialled no longer; freed once no connection is left
};

typedef struct conn conn_t;

//  Connections that wait to log in, in order.
typedef struct {
    conn_t *first, *last;  //  Of them
    size_t count;          //  Of them
} logins_t;

struct conn {
    wheel_node_t timer;      //  First: a node is its connection
    int fd;                  //  Socket; -1: the slot is free
    uint32_t slot;           //  In connector->conns
    uint32_t generation;     //  Tells this connection from earlier ones of the slot
    session_t *session;      //  Its conversation
    listener_t *listener;    //  Where it came in
    uint8_t ip[16];          //  Whose, as peer_t
    uint16_t port;           //  Likewise
    uint8_t *out;            //  Unsent bytes; NULL if none
    size_t out_begin;        //  First unsent
    size_t out_end;          //  Behind the last
    uint32_t events;         //  What epoll waits for
    uint32_t durable;        //  Mark to be confirmed at the end of this turn; 0 = none
    traffic_t yesterday;     //  What it had carried when the local day began
    bool counted_fresh;      //  In peers as fresh
    dial_link_t *dial;       //  We dialled it; NULL: it dialled us
    uint8_t *proxy;          //  PROXY header being read; NULL: none is expected
    size_t proxy_size;       //  Of it
    uint8_t counted_ip[16];  //  As whose it is counted in peers
    uint64_t hold_number;    //  Batch of its newest hold
    size_t hold_at;          //  Where that hold is
    bool asked;              //  Control was asked to admit it
    bool in_admission;       //  And has not answered
    logins_t *logins;        //  The queue it waits in to log in; NULL: none
    conn_t *login_before;    //  In it
    conn_t *login_after;     //  In it
    bool is_dirty, is_dead;  //  In those lists
    conn_t *dirty_next;      //  In the list of those to confirm
    conn_t *dead_next;       //  In the list of those to free
    conn_t *older, *newer;   //  Those with a window, by age
    bool in_windows;         //  Is in that list
    bool resume;             //  Has bytes to go on with; in that list
    conn_t *resume_next;     //  In it
};

//  A session's frames of one batch that want to be confirmed.
typedef struct {
    uint64_t number;      //  Batch
    uint32_t slot;        //  Session
    uint32_t generation;  //  Session
    uint32_t mark;        //  Up to which the codec may confirm
} hold_t;

#define ASK_CLIENT_MAX 255  //  Bytes of a ROUTER's identity

//  Who asked: found again by the request's token.
typedef struct {
    uint64_t number;      //  Request token; 0: free
    int64_t token;        //  The asker's own
    uint8_t client_size;  //  Of client
    uint8_t *client;      //  Identity at the door; NULL: schedule
} ask_t;

typedef struct {
    actor_t *actor;                      //  Frame
    int chain, durable, control, notes;  //  Mailboxes
    int terminals;                       //  epoll of all sockets
    bool polled;                         //  terminals hangs in the loop
    listener_t listeners[CONFIG_LISTENERS_MAX];
    size_t listener_count;
    listener_t dialling;            //  Where those we dial come in
    config_listener_t dial_config;  //  Of it
    dialled_t *dialled;             //  Terminals we dial
    uint32_t dials_under_way;       //  Being made
    wheel_t dial_wheel;             //  Next tries
    bool clock_trusted;             //  The wall clock is synchronised
    int64_t clock_asked_ms;         //  When that was asked
    conn_t *conns;                  //  Slots
    uint32_t conn_limit;            //  Slots
    uint32_t conn_count;            //  Used
    uint32_t fresh_count;           //  Of which not identified
    uint32_t *free_slots;           //  Stack
    uint32_t free_count;            //  On it
    peers_t *peers;                 //  Per address
    pool_t *windows;                //  For half frames
    conn_t *oldest, *newest;        //  Who holds a window, by age
    wheel_t wheel;                  //  Deadlines
    batch_t *batch;                 //  Being filled
    uint64_t number;                //  Of the batch being filled
    uint8_t *packed;                //  Scratch for packing
    size_t packed_size;             //  Of it
    uint8_t *scratch;               //  Bytes read
    size_t scratch_size;            //  Of it
    uint8_t send_memory[65536];     //  Bytes to send in one session call
    writer_t send;                  //  Over it
    hold_t *holds;                  //  Ring
    size_t hold_first, hold_count;  //  In it
    size_t holds_told;              //  hold_count as the gauge has it
    conn_t *dirty;                  //  To be confirmed this turn
    mailq_t links;                  //  LINK to control that waits for room
    conn_t *dead;                   //  To be freed at the turn's end
    conn_t *resume, *resume_last;   //  To go on with, in order
    bucket_t logins;                //  Sessions that may begin to log in
    size_t admission_count;         //  Whom control was asked to admit and has not answered
    logins_t named;                 //  Who they are is known; each holds a receive window
    logins_t unread;                //  Not read yet, for there is no room among the named
    size_t last_ready;              //  Sockets ready in the last turn
    int64_t turned_ms;              //  Last turn of the loop
    session_env_t env;  //  Of many sessions handled at once: the time is looked at now and then
    int64_t day;        //  Local day of that turn
    int64_t stalled_since_ms;                   //  0 = not stalled
    int64_t stalled_ms;                         //  In all; deadlines stand still meanwhile
    int64_t accept_after_ms;                    //  No accepting before, after lack of descriptors
    bool accepting;                             //  Listeners are in the epoll set
    bool stopping;                              //  Sessions were told to close
    ask_t *asks;                                //  By place, made at the first request
    places_t places;                            //  Of requests under way; beyond them BUSY
    fifo_t polls;                               //  REQUESTs of polls that wait for a later turn
    unsigned polled_now;                        //  Polls taken in this turn
    profile_t *profiles[ARCHIVE_PROFILES_MAX];  //  Number n at n - 1; NULL: never heard of
} connector_t;

//  What the pointers of an admission point to.
typedef struct {
    char address[ADDRESS_MAX + 1];
    char heartbeat[ARCHIVE_HEARTBEAT_MAX + 1];
    char zone[ARCHIVE_ZONE_MAX + 1];
    session_meter_t *meters;  //  To be freed by the caller; NULL: none
} admission_texts_t;

#define LISTENER_EVENT (1ull << 63)  //  Marks a listener in epoll's data
#define DIAL_EVENT (1ull << 62)      //  Marks a connection being made: number << 1 | link behind it
#define GENERATION_MASK 0x3FFFFFFFu  //  Of a connection's generation, below those marks

//  connector.c
session_env_t connector_env (connector_t *self);
const session_env_t *connector_env_now (connector_t *self);
void connector_handle (connector_t *self, conn_t *conn, input_t result);
void connector_resume_later (connector_t *self, conn_t *conn);
void connector_flush_batch (connector_t *self);
bool connector_may_read (const connector_t *self);
int64_t connector_now_ms (const connector_t *self);

//  connector_io.c
fep_err_t connector_io_start (connector_t *self);
void connector_io_stop (connector_t *self);
void connector_poll (void *arg, uint32_t events);
void connector_write (connector_t *self, conn_t *conn);
void connector_watch (connector_t *self, conn_t *conn);
void connector_timer (connector_t *self, conn_t *conn);
void connector_timers (connector_t *self);
void connector_reap (connector_t *self);
void connector_listen (connector_t *self, bool on);

//  connector_join.c
void connector_accept (connector_t *self, listener_t *listener);
//  A session for a new connection; NULL, and the descriptor is closed, if there is no room.
conn_t *connector_join (connector_t *self, listener_t *listener, const codec_t *codec, int fd,
                        const peer_t *peer);
//  A datagram was longer than could be read and is dropped.
void connector_long (const listener_t *listener, const char *peer);
//  Takes bytes of the PROXY header in front. True: it is done with.
bool connector_proxy (connector_t *self, conn_t *conn);

//  connector_login.c
//  Of a session that has named itself: control is asked to admit it, now or when its turn comes.
void connector_login (connector_t *self, conn_t *conn);
//  Control has answered, or the session is at its end.
void connector_login_answered (connector_t *self, conn_t *conn);
void connector_login_tick (connector_t *self);
//  A connection that has sent its first bytes is not read yet; true if so.
bool connector_login_unread (connector_t *self, conn_t *conn);
//  It waits no longer.
void connector_login_leave (conn_t *conn);

//  connector_dial.c
fep_err_t connector_on_dial (void *self, actor_t *actor, bytes_t body);
void connector_dial_start (connector_t *self);
void connector_dial_tick (connector_t *self);
void connector_dial_event (connector_t *self, uint64_t data);
void connector_dial_admitted (connector_t *self, conn_t *conn, bytes_t body);
void connector_dial_ended (connector_t *self, conn_t *conn);
void connector_dial_stop (connector_t *self);

//  connector_mail.c
admission_t connector_admission (bytes_t body, admission_texts_t *texts);
void connector_link (connector_t *self, conn_t *conn, bool up);
void connector_trace (void *arg, const session_t *session, const codec_t *codec, bool up,
                      bytes_t frame, fep_err_t reason);
conn_t *connector_conn (connector_t *self, int64_t id);
int64_t connector_session_id (const connector_t *self, const session_t *session);
fep_err_t connector_on_admit (void *self, actor_t *actor, bytes_t body);
fep_err_t connector_on_update (void *self, actor_t *actor, bytes_t body);
fep_err_t connector_on_hold (void *self, actor_t *actor, bytes_t body);
fep_err_t connector_on_close (void *self, actor_t *actor, bytes_t body);
fep_err_t connector_on_probe (void *self, actor_t *actor, bytes_t body);
fep_err_t connector_on_trace (void *self, actor_t *actor, bytes_t body);

//  connector_facts.c
void connector_day (connector_t *self);
size_t connector_facts (const connector_t *self, const conn_t *conn, writer_t *out);
fep_err_t connector_on_show (void *self, actor_t *actor, bytes_t body);

//  connector_ask.c
void connector_result (void *arg, const session_t *session, uint64_t token, fep_err_t error,
                       uint8_t code, const char *said, uint32_t journalled, uint32_t values);
fep_err_t connector_on_request (void *self, actor_t *actor, bytes_t body);
//  Goes on with polls that wait; true if some still do.
bool connector_polls (connector_t *self);
fep_err_t connector_seal (void *self, const session_t *session, const request_t *request,
                          bytes_t bytes);
fep_err_t connector_on_sealed (void *self, actor_t *actor, bytes_t body);
fep_err_t connector_on_profile (void *self, actor_t *actor, bytes_t body);
const profile_t *connector_profile (void *self, uint32_t number);
void connector_ask_stop (connector_t *self);

#endif
