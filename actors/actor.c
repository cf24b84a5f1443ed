//  The actor frame: mailboxes, words, what an actor may ask of it.
#include "actors/actor_inside.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

void actor_before_send (void)
{
    __tsan_release (&s_crossing);
}

void actor_after_receive (void)
{
    __tsan_acquire (&s_crossing);
}

#define TURN_MESSAGES 64  //  Taken from one socket in one turn

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

static void s_ready (void *arg, uint32_t events)
{
    mail_t *mail = arg;
    (void) events;
    mail->signalled = true;
    mail->ask = true;
}

static int s_join (actor_t *self, mail_t mail)
{
    FEP_ASSERT (self->mail_count < ACTOR_SOCKETS_MAX);
    if (mail.input) {
        int fd = -1;
        size_t size = sizeof fd;
        if (zmq_getsockopt (mail.handle, ZMQ_FD, &fd, &size) != 0 ||
            loop_add (self->host->loop, fd, s_ready, &self->mail[self->mail_count]) != FEP_OK) {
            log_line (LEVEL_ERROR, "ACTOR-SOCKET", "problem=epoll errno=%d", errno);
            return -1;
        }
    }
    mail.ask = true;
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
    actor_before_send ();
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

//  Sending may take the signal that something has come.
static void *s_handle (actor_t *self, int socket)
{
    self->mail[socket].ask = true;
    return self->mail[socket].handle;
}

fep_err_t actor_send_msg (actor_t *self, int socket, const char *word, zmq_msg_t *body)
{
    return s_send (s_handle (self, socket), NULL, word, body);
}

fep_err_t actor_send (actor_t *self, int socket, const char *word, bytes_t body)
{
    zmq_msg_t message;
    zmq_msg_init_size (&message, body.size);
    if (body.size) {
        memcpy (zmq_msg_data (&message), body.data, body.size);
    }
    return s_send (s_handle (self, socket), NULL, word, &message);
}

fep_err_t actor_send_to (actor_t *self, int socket, bytes_t peer, const char *word, bytes_t body)
{
    zmq_msg_t message;
    zmq_msg_init_size (&message, body.size);
    if (body.size) {
        memcpy (zmq_msg_data (&message), body.data, body.size);
    }
    return s_send (s_handle (self, socket), &peer, word, &message);
}

//  Sends a copy of the held message (reference counted), so that it is still there if the queue is full.
bool actor_flush_held (actor_t *self)
{
    if (self->holding) {
        zmq_msg_t copy;
        zmq_msg_init (&copy);
        zmq_msg_copy (&copy, &self->held);
        const mail_t *mail = &self->mail[self->held_socket];
        fep_err_t error = s_send (mail->handle, NULL, self->held_word, &copy);
        if (error == FEP_OK) {
            if (mail->local) {
                mail->local->mail[mail->local_mail].ask = true;
            }
            zmq_msg_close (&self->held);
            self->holding = false;
        }
    }
    return !self->holding;
}

static void s_dispatch (actor_t *self, bytes_t word, zmq_msg_t *body);

//  Within one thread a message need not go through a mailbox, which costs more than most handlers: if the next actor
//  takes input now and nothing waits before this message, its handler runs at once. False: it goes the long way.
static bool s_hand_over (const mail_t *mail, const char *word, zmq_msg_t *body)
{
    actor_t *next = mail->local;
    if (!next || next->stopped || next->body || actor_stalled (next) ||
        next->mail[mail->local_mail].ask) {
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
    actor_flush_held (self);
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
        self->host->pipe_ask = true;
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
    actor_after_receive ();
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

bool actor_has_input (const mail_t *mail)
{
    int events = 0;
    size_t size = sizeof events;
    return zmq_getsockopt (mail->handle, ZMQ_EVENTS, &events, &size) == 0 && (events & ZMQ_POLLIN);
}

//  Takes what one socket has, bounded. ZMQ_EVENTS is a system call, so it is asked only where something may have
//  come; then messages are taken until there is none. Raw sockets are written to behind our back: asked always.
static bool s_take_some (actor_t *self, int socket)
{
    mail_t *mail = &self->mail[socket];
    int taken = 0;
    if (mail->gated && actor_stalled (self)) {
        if (mail->signalled) {
            //  The signal is taken, or epoll would not sleep; what it said is remembered by `ask`.
            (void) actor_has_input (mail);
            mail->signalled = false;
        }
        return false;
    }
    mail->ask = false;
    mail->signalled = false;
    bool more = actor_has_input (mail);
    while (more && taken < TURN_MESSAGES && !(mail->gated && actor_stalled (self))) {
        if (mail->raw) {
            self->class->raw (self->self, self, socket);
            more = actor_has_input (mail);
        } else {
            more = s_take (self, socket);
        }
        taken++;
    }
    mail->ask = mail->ask || more;
    return more && taken == TURN_MESSAGES;
}

//  True if a socket may have more.
bool actor_take_mail (actor_t *self)
{
    bool more = false;
    for (int i = 0; i < self->mail_count; i++) {
        const mail_t *mail = &self->mail[i];
        if (mail->input && (mail->ask || mail->raw)) {
            more = s_take_some (self, i) || more;
        }
    }
    return more;
}

//  Before a sleep: has something come whose signal a send has taken?
bool actor_may_not_sleep (actor_t *self)
{
    for (int i = 0; i < self->mail_count; i++) {
        mail_t *mail = &self->mail[i];
        if (!mail->input || !(mail->ask || mail->raw) || (mail->gated && actor_stalled (self))) {
            continue;
        }
        if (actor_has_input (mail)) {
            mail->ask = true;
            return true;
        }
        mail->ask = false;
    }
    return false;
}
