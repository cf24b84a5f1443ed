//  The host thread of actors, and the supervisor's side of it. One turn: take mail of every actor, tick, retry what is
//  held, then sleep in epoll unless a socket still has input.
#include "actors/actor_inside.h"
#include "fep/clock.h"
#include "fep/log.h"
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#define BEHIND_NICE 5    //  Of threads that follow: a third of the share of the others
#define END_WAIT_US 100  //  Between looks whether a thread has ended
#define END_TRIES 20000

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
static bool s_has_mail (actor_t *self)
{
    bool has = false;
    for (int i = 0; i < self->mail_count && !has; i++) {
        mail_t *mail = &self->mail[i];
        has = mail->input && !mail->raw && actor_has_input (mail);
        mail->ask = mail->ask || has;
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
        actor_before_send ();
        zsock_send (host->pipe, "si", "STOPPED", (int) index);
        host->pipe_ask = true;
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
    actor_flush_held (self);
    bool more = actor_take_mail (self);
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
    actor_after_receive ();
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
        while (host->pipe_ask) {
            host->pipe_ask = zsock_events (host->pipe) & ZMQ_POLLIN;
            if (host->pipe_ask && !s_pipe_command (host)) {
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
        more = more || host->pipe_ask;
        for (size_t i = 0; i < host->count && !more; i++) {
            actor_t *actor = host->actors[i];
            more = !actor->stopped && (actor->woken || actor_may_not_sleep (actor));
        }
        loop_wait (host->loop, more ? 0 : s_timeout_ms (deadline_us, clock_mono_us ()));
    }
}

static void s_pipe_ready (void *arg, uint32_t events)
{
    host_t *host = arg;
    (void) events;
    host->pipe_ask = true;
}

static bool s_all_behind (const host_t *host)
{
    for (size_t i = 0; i < host->count; i++) {
        if (!host->actors[i]->class->behind) {
            return false;
        }
    }
    return true;
}

static void s_host (zsock_t *pipe, void *arg)
{
    host_t *host = arg;
    host->pipe = pipe;
    host->tid = gettid ();
    int fd = zsock_fd (pipe);
    bool ok = loop_add (host->loop, fd, s_pipe_ready, host) == FEP_OK;
    host->pipe_ask = true;
    size_t wanted = 0;
    while (ok && wanted < HOST_ACTORS_MAX && host->wanted[wanted].class) {
        ok = s_actor_start (host, &host->wanted[wanted++]);
    }
    if (ok && s_all_behind (host)) {
        //  It is woken less often then, and finds more at once.
        (void) setpriority (PRIO_PROCESS, (id_t) host->tid, BEHIND_NICE);
    }
    if (ok) {
        //  Cut to 15 characters: what top and a debugger show.
        prctl (PR_SET_NAME, host->actors[0]->name);
    }
    host->started = ok;
    actor_before_send ();
    zsock_signal (pipe, 0);
    if (ok) {
        s_run (host);
    }
    for (size_t i = 0; i < host->count; i++) {
        log_set_actor (host->actors[i]->name);
        s_actor_destroy (&host->actors[i]);
    }
    loop_remove (host->loop, fd);
    actor_before_send ();
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
    actor_after_receive ();
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
    actor_before_send ();
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
    actor_after_receive ();
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
        actor_after_receive ();
        loop_destroy (&self->loop);
        free (self);
        *self_p = NULL;
    }
}
