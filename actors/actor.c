//  The actor frame and its host thread. One loop turn: take mail of every actor, tick, retry what is held,
//  then sleep in epoll unless a socket still has input.
#include "actors/actor.h"
#include "fep/clock.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

//  libzmq is not instrumented, so the thread sanitizer cannot see that a message that was received was sent
//  before. It is told here; without, every byte that crosses would look like a race.
#if defined(__SANITIZE_THREAD__)
void __tsan_acquire (void *address);
void __tsan_release (void *address);
#else
#define __tsan_acquire(address) ((void) (address))
#define __tsan_release(address) ((void) (address))
#endif

static int s_crossing;

static void s_before_send (void)
{
    __tsan_release (&s_crossing);
}

static void s_after_receive (void)
{
    __tsan_acquire (&s_crossing);
}

#define END_WAIT_US 100  //  Between looks whether a thread has ended
#define END_TRIES 20000
#define ENDPOINT_MAX 48
#define TURN_MESSAGES 64  //  Taken from one socket in one turn

typedef struct {
    zsock_t *owned;               //  Ours to destroy; NULL for raw sockets
    void *handle;                 //  The libzmq socket
    bool input;                   //  Is read from
    bool gated;                   //  Not while stalled
    bool router;                  //  Identity frame first
    bool raw;                     //  class->raw reads it
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
    pid_t tid;                             //  Of the thread
};

const context_t *actor_context (actor_t *self)
{
    return self->host->context;
}

const config_t *actor_config (actor_t *self)
{
    return &self->config;
}

unsigned actor_number (actor_t *self)
{
    return self->number;
}

const char *actor_name (actor_t *self)
{
    return self->name;
}

loop_t *actor_loop (actor_t *self)
{
    return self->host->loop;
}

void *actor_socket (actor_t *self, int socket)
{
    return self->mail[socket].handle;
}

bytes_t actor_sender (actor_t *self)
{
    return self->has_sender ? bytes_of (zmq_msg_data (&self->sender), zmq_msg_size (&self->sender))
                            : bytes_of (NULL, 0);
}

uint8_t *actor_body_memory (actor_t *self)
{
    return zmq_msg_data (self->body);
}

//  ---- Sockets ----

static int s_join (actor_t *self, mail_t mail)
{
    FEP_ASSERT (self->mail_count < ACTOR_SOCKETS_MAX);
    if (mail.input) {
        int fd = -1;
        size_t size = sizeof fd;
        if (zmq_getsockopt (mail.handle, ZMQ_FD, &fd, &size) != 0 ||
            loop_add (self->host->loop, fd, NULL, NULL) != FEP_OK) {
            log_line (LEVEL_ERROR, "ACTOR-SOCKET", "problem=epoll errno=%d", errno);
            return -1;
        }
    }
    self->mail[self->mail_count] = mail;
    return self->mail_count++;
}

static zsock_t *s_socket (actor_t *self, int type, const char *endpoint, int mark, bool bind)
{
    zsock_t *socket = zsock_new (type);
    if (!socket) {
        log_line (LEVEL_ERROR, "ACTOR-SOCKET", "endpoint=%s errno=%d", endpoint, errno);
        return NULL;
    }
    zsock_set_sndhwm (socket, mark);
    zsock_set_rcvhwm (socket, mark);
    zsock_set_linger (socket, 0);
    if (type == ZMQ_DEALER) {
        zsock_set_identity (socket, self->name);
    }
    if (type == ZMQ_ROUTER) {
        zsock_set_router_mandatory (socket, 1);
    }
    void *handle = zsock_resolve (socket);
    int rc = bind ? zmq_bind (handle, endpoint) : zmq_connect (handle, endpoint);
    if (rc != 0) {
        log_line (LEVEL_ERROR, "ACTOR-SOCKET", "endpoint=%s problem=\"%s\"", endpoint,
                  zmq_strerror (zmq_errno ()));
        zsock_destroy (&socket);
    }
    return socket;
}

static int s_open (actor_t *self, int type, const char *endpoint, int mark, bool bind, mail_t mail)
{
    mail.owned = s_socket (self, type, endpoint, mark, bind);
    if (!mail.owned) {
        return -1;
    }
    mail.handle = zsock_resolve (mail.owned);
    int socket = s_join (self, mail);
    if (socket < 0) {
        zsock_destroy (&mail.owned);
    }
    return socket;
}

int actor_pull (actor_t *self, const char *endpoint, int mark, bool gated)
{
    mail_t mail = {.input = true, .gated = gated};
    snprintf (mail.endpoint, sizeof mail.endpoint, "%s", endpoint);
    return s_open (self, ZMQ_PULL, endpoint, mark, true, mail);
}

//  Consumers start before producers, so who shares our thread is there already.
int actor_push (actor_t *self, const char *endpoint, int mark)
{
    mail_t mail = {.input = false};
    for (size_t i = 0; i < self->host->count; i++) {
        actor_t *other = self->host->actors[i];
        for (int k = 0; k < other->mail_count; k++) {
            if (strcmp (other->mail[k].endpoint, endpoint) == 0) {
                mail.local = other;
                mail.local_mail = k;
            }
        }
    }
    return s_open (self, ZMQ_PUSH, endpoint, mark, false, mail);
}

int actor_dealer (actor_t *self, const char *endpoint, int mark)
{
    return s_open (self, ZMQ_DEALER, endpoint, mark, false, (mail_t){.input = true});
}

int actor_router (actor_t *self, const char *endpoint, int mark)
{
    return s_open (self, ZMQ_ROUTER, endpoint, mark, true, (mail_t){.input = true, .router = true});
}

int actor_raw (actor_t *self, void *socket)
{
    return s_join (self, (mail_t){.handle = socket, .input = true, .raw = true});
}

//  ---- Sending ----

static fep_err_t s_send_error (void)
{
    int error = zmq_errno ();
    if (error == EAGAIN) {
        return FEP_FULL;
    }
    return error == EHOSTUNREACH ? FEP_CLOSED : FEP_SYSTEM;
}

//  The first frame decides whether there is room: a multipart message is all or nothing.
static fep_err_t s_send (void *handle, const bytes_t *peer, const char *word, zmq_msg_t *body)
{
    s_before_send ();
    if (peer && zmq_send (handle, peer->data, peer->size, ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0) {
        fep_err_t error = s_send_error ();
        zmq_msg_close (body);
        return error;
    }
    if (zmq_send (handle, word, strlen (word), ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0) {
        fep_err_t error = s_send_error ();
        zmq_msg_close (body);
        return error;
    }
    if (zmq_msg_send (body, handle, ZMQ_DONTWAIT) < 0) {
        fep_err_t error = s_send_error ();
        zmq_msg_close (body);
        return error;
    }
    return FEP_OK;
}

fep_err_t actor_send_msg (actor_t *self, int socket, const char *word, zmq_msg_t *body)
{
    return s_send (self->mail[socket].handle, NULL, word, body);
}

fep_err_t actor_send (actor_t *self, int socket, const char *word, bytes_t body)
{
    zmq_msg_t message;
    zmq_msg_init_size (&message, body.size);
    if (body.size) {
        memcpy (zmq_msg_data (&message), body.data, body.size);
    }
    return s_send (self->mail[socket].handle, NULL, word, &message);
}

fep_err_t actor_send_to (actor_t *self, int socket, bytes_t peer, const char *word, bytes_t body)
{
    zmq_msg_t message;
    zmq_msg_init_size (&message, body.size);
    if (body.size) {
        memcpy (zmq_msg_data (&message), body.data, body.size);
    }
    return s_send (self->mail[socket].handle, &peer, word, &message);
}

//  Sends a copy of the held message (reference counted), so that it is still there if the queue is full.
static bool s_flush_held (actor_t *self)
{
    if (self->holding) {
        zmq_msg_t copy;
        zmq_msg_init (&copy);
        zmq_msg_copy (&copy, &self->held);
        fep_err_t error =
            s_send (self->mail[self->held_socket].handle, NULL, self->held_word, &copy);
        if (error == FEP_OK) {
            zmq_msg_close (&self->held);
            self->holding = false;
        }
    }
    return !self->holding;
}

static void s_dispatch (actor_t *self, bytes_t word, zmq_msg_t *body);
static bool s_has_input (const mail_t *mail);

//  Within one thread a message need not go through a mailbox, which costs more than most handlers: if the next actor
//  takes input now and nothing waits before this message, its handler runs at once. False: it goes the long way.
static bool s_hand_over (const mail_t *mail, const char *word, zmq_msg_t *body)
{
    actor_t *next = mail->local;
    if (!next || next->stopped || next->body || actor_stalled (next) ||
        s_has_input (&next->mail[mail->local_mail])) {
        return false;
    }
    zmq_msg_t message;
    zmq_msg_init (&message);
    zmq_msg_move (&message, body);
    zmq_msg_close (body);
    log_set_actor (next->name);
    s_dispatch (next, bytes_text (word), &message);
    zmq_msg_close (&message);
    next->woken = true;
    return true;
}

void actor_forward (actor_t *self, int socket, const char *word, zmq_msg_t *body)
{
    FEP_ASSERT (!self->holding);
    if (s_hand_over (&self->mail[socket], word, body)) {
        log_set_actor (self->name);
        return;
    }
    zmq_msg_init (&self->held);
    zmq_msg_move (&self->held, body);
    zmq_msg_close (body);
    self->held_socket = socket;
    self->held_word = word;
    self->holding = true;
    s_flush_held (self);
}

void actor_forward_body (actor_t *self, int socket, const char *word)
{
    FEP_ASSERT (self->body);
    actor_forward (self, socket, word, self->body);
    zmq_msg_init (self->body);
}

bool actor_holding (const actor_t *self)
{
    return self->holding;
}

void actor_take_body (actor_t *self, zmq_msg_t *body)
{
    FEP_ASSERT (self->body);
    zmq_msg_init (body);
    zmq_msg_move (body, self->body);
}

bool actor_stalled (const actor_t *self)
{
    return self->stalled || self->holding;
}

void actor_stall (actor_t *self, bool stalled)
{
    self->stalled = stalled;
}

void actor_fail (actor_t *self, const char *id, fep_err_t reason)
{
    if (!self->failed) {
        self->failed = true;
        log_line (LEVEL_ERROR, id, "actor=%s reason=%s text=\"%s\"", self->name,
                  fep_err_name (reason), fep_err_text (reason));
        zstr_send (self->host->pipe, "FAILED");
    }
}

//  ---- Receiving ----

static void s_dispatch (actor_t *self, bytes_t word, zmq_msg_t *body)
{
    self->body = body;
    for (const actor_word_t *entry = self->class->words; entry && entry->word; entry++) {
        if (bytes_equal (word, bytes_text (entry->word))) {
            fep_err_t error = entry->handle (self->self, self,
                                             bytes_of (zmq_msg_data (body), zmq_msg_size (body)));
            if (error != FEP_OK) {
                log_line (LEVEL_WARNING, "ACTOR-HANDLER", "actor=%s word=%s reason=%s", self->name,
                          entry->word, fep_err_name (error));
            }
            self->body = NULL;
            return;
        }
    }
    self->body = NULL;
    metric_add (METRIC_unknown_words, 1);
    log_line (LEVEL_WARNING, "ACTOR-WORD", "actor=%s word=%.*s", self->name,
              (int) (word.size > 32 ? 32 : word.size), (const char *) word.data);
}

//  Drops the frames left of a message that has more than it should.
static void s_drop_rest (void *handle, zmq_msg_t *frame)
{
    while (zmq_msg_more (frame) && zmq_msg_recv (frame, handle, ZMQ_DONTWAIT) >= 0) {
    }
}

//  Takes one message. False if there is none.
static bool s_take (actor_t *self, int socket)
{
    mail_t *mail = &self->mail[socket];
    zmq_msg_t word, body;
    zmq_msg_init (&word);
    zmq_msg_init (&body);
    if (zmq_msg_recv (&word, mail->handle, ZMQ_DONTWAIT) < 0) {
        zmq_msg_close (&word);
        zmq_msg_close (&body);
        return false;
    }
    s_after_receive ();
    if (mail->router) {
        zmq_msg_init (&self->sender);
        zmq_msg_move (&self->sender, &word);
        self->has_sender = true;
        if (zmq_msg_more (&self->sender)) {
            zmq_msg_recv (&word, mail->handle, ZMQ_DONTWAIT);
        }
    }
    if (zmq_msg_more (&word)) {
        zmq_msg_recv (&body, mail->handle, ZMQ_DONTWAIT);
        s_drop_rest (mail->handle, &body);
    }
    s_dispatch (self, bytes_of (zmq_msg_data (&word), zmq_msg_size (&word)), &body);
    if (self->has_sender) {
        zmq_msg_close (&self->sender);
        self->has_sender = false;
    }
    zmq_msg_close (&word);
    zmq_msg_close (&body);
    return true;
}

static bool s_has_input (const mail_t *mail)
{
    int events = 0;
    size_t size = sizeof events;
    return zmq_getsockopt (mail->handle, ZMQ_EVENTS, &events, &size) == 0 && (events & ZMQ_POLLIN);
}

//  Takes what there is, bounded. True if a socket may have more.
static bool s_take_mail (actor_t *self)
{
    bool more = false;
    for (int i = 0; i < self->mail_count; i++) {
        mail_t *mail = &self->mail[i];
        if (!mail->input) {
            continue;
        }
        int taken = 0;
        while (taken < TURN_MESSAGES && !(mail->gated && actor_stalled (self)) &&
               s_has_input (mail)) {
            if (mail->raw) {
                self->class->raw (self->self, self, i);
            } else if (!s_take (self, i)) {
                break;
            }
            taken++;
        }
        more = more || taken == TURN_MESSAGES;
    }
    return more;
}

//  ---- The host thread ----

static void s_actor_stop (actor_t *self)
{
    if (!self->stopped) {
        self->stopped = true;
        self->class->stop (self->self, self);
    }
}

static void s_actor_destroy (actor_t **self_p)
{
    actor_t *self = *self_p;
    s_actor_stop (self);
    if (self->holding) {
        zmq_msg_close (&self->held);
    }
    for (int i = 0; i < self->mail_count; i++) {
        zsock_destroy (&self->mail[i].owned);
    }
    free (self->self);
    free (self);
    *self_p = NULL;
}

static bool s_actor_start (host_t *host, const host_actor_t *wanted)
{
    actor_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    self->class = wanted->class;
    self->number = wanted->number;
    self->host = host;
    self->config = *host->context->config;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf (self->name, sizeof self->name, wanted->class->name, wanted->number);
#pragma GCC diagnostic pop
    self->self = calloc (1, wanted->class->self_size);
    FEP_ASSERT (self->self);
    host->actors[host->count++] = self;
    log_set_actor (self->name);
    fep_err_t error = self->class->start (self->self, self);
    if (error != FEP_OK) {
        log_line (LEVEL_ERROR, "ACTOR-START", "actor=%s reason=%s text=\"%s\"", self->name,
                  fep_err_name (error), fep_err_text (error));
    }
    return error == FEP_OK;
}

//  Mail of other actors that was not taken yet. Clients of the doors are not waited for.
static bool s_has_mail (const actor_t *self)
{
    bool has = false;
    for (int i = 0; i < self->mail_count && !has; i++) {
        has = self->mail[i].input && !self->mail[i].raw && s_has_input (&self->mail[i]);
    }
    return has;
}

//  An actor that was told to stop leaves when it has nothing in hand and nothing before it.
static void s_finish (host_t *host, size_t index)
{
    actor_t *self = host->actors[index];
    if (self->draining && !self->stopped && !self->holding &&
        (!self->class->drain || self->class->drain (self->self, self)) && !s_has_mail (self)) {
        s_actor_stop (self);
        s_before_send ();
        zsock_send (host->pipe, "si", "STOPPED", (int) index);
    }
}

//  One turn of one actor. Returns whether it has more to do at once.
static bool s_turn (host_t *host, size_t index, int64_t now_us)
{
    actor_t *self = host->actors[index];
    if (self->stopped) {
        return false;
    }
    log_set_actor (self->name);
    s_flush_held (self);
    bool more = s_take_mail (self);
    self->deadline_us = INT64_MAX;
    self->woken = false;
    if (self->class->tick) {
        self->deadline_us = self->class->tick (self->self, self, now_us);
    }
    s_finish (host, index);
    return more;
}

static bool s_pipe_command (host_t *host)
{
    zmsg_t *message = zmsg_recv_nowait (host->pipe);
    s_after_receive ();
    char *word = message ? zmsg_popstr (message) : NULL;
    bool stay = word && !streq (word, "$TERM");
    if (stay && streq (word, "STATUS")) {
        zstr_send (host->pipe, "ALIVE");
    }
    if (stay && streq (word, "STOP")) {
        char *index = zmsg_popstr (message);
        host->actors[atoi (index)]->draining = true;
        zstr_free (&index);
    }
    if (stay && streq (word, "SET")) {
        zframe_t *frame = zmsg_pop (message);
        for (size_t i = 0; i < host->count; i++) {
            memcpy (&host->actors[i]->config, zframe_data (frame), sizeof (config_t));
        }
        zframe_destroy (&frame);
    }
    zstr_free (&word);
    zmsg_destroy (&message);
    return stay;
}

static int s_timeout_ms (int64_t deadline_us, int64_t now_us)
{
    if (deadline_us == INT64_MAX) {
        return 1000;
    }
    int64_t left = deadline_us - now_us;
    return left <= 0 ? 0 : left > 1000000 ? 1000 : (int) ((left + 999) / 1000);
}

static void s_run (host_t *host)
{
    for (;;) {
        int64_t now_us = clock_mono_us ();
        int64_t deadline_us = INT64_MAX;
        bool more = false;
        while (zsock_events (host->pipe) & ZMQ_POLLIN) {
            if (!s_pipe_command (host)) {
                return;
            }
        }
        //  Producers first: what they hand over is seen by the others' ticks in the same turn.
        for (size_t i = host->count; i-- > 0;) {
            more = s_turn (host, i, now_us) || more;
            actor_t *actor = host->actors[i];
            if (actor->holding || actor->draining) {
                //  Room is not announced to a PUSH that is not polled for it: look again soon.
                actor->deadline_us = now_us + 1000;
            }
            if (!actor->stopped && actor->deadline_us < deadline_us) {
                deadline_us = actor->deadline_us;
            }
        }
        for (size_t i = 0; i < host->count && !more; i++) {
            actor_t *actor = host->actors[i];
            more = more || (actor->woken && !actor->stopped);
            for (int k = 0; k < actor->mail_count && !actor->stopped && !more; k++) {
                const mail_t *mail = &actor->mail[k];
                more = more || (mail->input && !(mail->gated && actor_stalled (actor)) &&
                                s_has_input (mail));
            }
        }
        loop_wait (host->loop, more ? 0 : s_timeout_ms (deadline_us, clock_mono_us ()));
    }
}

static void s_host (zsock_t *pipe, void *arg)
{
    host_t *host = arg;
    host->pipe = pipe;
    host->tid = gettid ();
    int fd = zsock_fd (pipe);
    bool ok = loop_add (host->loop, fd, NULL, NULL) == FEP_OK;
    size_t wanted = 0;
    while (ok && wanted < HOST_ACTORS_MAX && host->wanted[wanted].class) {
        ok = s_actor_start (host, &host->wanted[wanted++]);
    }
    if (ok) {
        //  Cut to 15 characters: what top and a debugger show.
        prctl (PR_SET_NAME, host->actors[0]->name);
    }
    host->started = ok;
    s_before_send ();
    zsock_signal (pipe, 0);
    if (ok) {
        s_run (host);
    }
    for (size_t i = 0; i < host->count; i++) {
        log_set_actor (host->actors[i]->name);
        s_actor_destroy (&host->actors[i]);
    }
    loop_remove (host->loop, fd);
    s_before_send ();
}

//  ---- The supervisor's side ----

host_t *host_new (const context_t *context, const host_actor_t actors[], size_t count)
{
    FEP_ASSERT (count < HOST_ACTORS_MAX);
    host_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    self->context = context;
    memcpy (self->wanted, actors, count * sizeof *actors);
    if (loop_new (&self->loop) != FEP_OK) {
        free (self);
        return NULL;
    }
    self->thread = zactor_new (s_host, self);
    s_after_receive ();
    if (!self->thread || !self->started) {
        host_destroy (&self);
    }
    return self;
}

void host_stop_actor (host_t *self, size_t index)
{
    zsock_send (self->thread, "si", "STOP", (int) index);
}

void host_ping (host_t *self)
{
    zstr_send (self->thread, "STATUS");
}

void host_set (host_t *self, const config_t *config)
{
    s_before_send ();
    zsock_send (self->thread, "sb", "SET", config, sizeof *config);
}

int host_fd (host_t *self)
{
    return (int) zsock_fd (self->thread);
}

host_news_t host_news (host_t *self, size_t *index)
{
    if (!(zsock_events (self->thread) & ZMQ_POLLIN)) {
        return HOST_NOTHING;
    }
    zmsg_t *message = zmsg_recv_nowait (zactor_sock (self->thread));
    s_after_receive ();
    char *word = message ? zmsg_popstr (message) : NULL;
    host_news_t news = HOST_NOTHING;
    if (word && streq (word, "ALIVE")) {
        news = HOST_ALIVE;
    }
    if (word && streq (word, "FAILED")) {
        news = HOST_FAILED;
    }
    if (word && streq (word, "STOPPED")) {
        char *which = zmsg_popstr (message);
        *index = (size_t) atoi (which);
        zstr_free (&which);
        news = HOST_STOPPED;
    }
    zstr_free (&word);
    zmsg_destroy (&message);
    return news;
}

//  CZMQ says that a thread has ended before it closes its end of the pipe, and counts open sockets without a lock: a
//  thread that closes while another one does leaves a socket counted for ever. So it is waited for.
static void s_await_end (pid_t tid)
{
    for (int i = 0; i < END_TRIES && tid && tgkill (getpid (), tid, 0) == 0; i++) {
        (void) usleep (END_WAIT_US);
    }
}

void host_destroy (host_t **self_p)
{
    host_t *self = *self_p;
    if (self) {
        zactor_destroy (&self->thread);
        s_await_end (self->tid);
        s_after_receive ();
        loop_destroy (&self->loop);
        free (self);
        *self_p = NULL;
    }
}
