//  Sockets and time of the connector: accepting, reading, writing, limits, deadlines, the end of connections.
#include "actors/connector.h"
#include "fep/clock.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

//  ---- Start and stop ----

static fep_err_t s_listen (connector_t *self, listener_t *listener)
{
    const config_listener_t *config = listener->config;
    fep_err_t error =
        listener->udp
            ? transport_listen_udp (config->address, (uint16_t) config->port, &listener->fd)
            : transport_listen (config->address, (uint16_t) config->port, &listener->fd);
    if (error != FEP_OK) {
        log_line (LEVEL_ERROR, "LISTEN-FAILED", "listener=%s address=%s port=%u problem=\"%s\"",
                  config->name, config->address, (unsigned) config->port, strerror (errno));
        return error;
    }
    if (self->actor && actor_number (self->actor) == 0) {
        log_line (LEVEL_INFO, "LISTEN", "listener=%s address=%s port=%u transport=%s codec=%s",
                  config->name, config->address, (unsigned) config->port, config->transport,
                  config->codec);
    }
    return FEP_OK;
}

void connector_listen (connector_t *self, bool on)
{
    for (size_t i = 0; i < self->listener_count && on != self->accepting; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u64 = LISTENER_EVENT | i};
        epoll_ctl (self->terminals, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, self->listeners[i].fd,
                   &event);
    }
    self->accepting = on;
}

fep_err_t connector_io_start (connector_t *self)
{
    self->terminals = epoll_create1 (EPOLL_CLOEXEC);
    if (self->terminals < 0) {
        return FEP_SYSTEM;
    }
    for (size_t i = 0; i < self->listener_count; i++) {
        fep_err_t error = s_listen (self, &self->listeners[i]);
        if (error != FEP_OK) {
            return error;
        }
    }
    connector_listen (self, true);
    self->polled = true;
    return loop_add (actor_loop (self->actor), self->terminals, connector_poll, self);
}

//  ---- The list of those that hold a window, oldest first ----

static void s_windows_remove (connector_t *self, conn_t *conn)
{
    if (conn->in_windows) {
        *(conn->older ? &conn->older->newer : &self->oldest) = conn->newer;
        *(conn->newer ? &conn->newer->older : &self->newest) = conn->older;
        conn->older = conn->newer = NULL;
        conn->in_windows = false;
    }
}

//  Keeps the list true; while no window is free the oldest holder goes, so that whole frames never wait for
//  half ones.
static void s_windows_note (connector_t *self, conn_t *conn)
{
    if (!session_has_window (conn->session)) {
        s_windows_remove (self, conn);
        return;
    }
    if (!conn->in_windows) {
        conn->in_windows = true;
        conn->older = self->newest;
        *(self->newest ? &self->newest->newer : &self->oldest) = conn;
        self->newest = conn;
    }
    pool_stats_t stats = pool_stats (self->windows);
    conn_t *oldest = self->oldest;
    if (stats.in_use == stats.limit && oldest != conn) {
        session_env_t env = connector_env (self);
        metric_add (METRIC_windows_full, 1);
        session_close (oldest->session, &env, CLOSE_NO_WINDOW, false);
        connector_handle (self, oldest, INPUT_TAKEN);
    }
}

//  ---- Watching and timing ----

//  Tells epoll what the connection waits for now.
void connector_watch (connector_t *self, conn_t *conn)
{
    session_state_t state = session_state (conn->session);
    bool reading = !session_blocked (conn->session) && !conn->resume && !self->stopping &&
                   conn->logins != &self->unread &&
                   (state == SESSION_FRESH || (state >= SESSION_ONLINE && state <= SESSION_PAUSED));
    uint32_t events = (reading ? (uint32_t) EPOLLIN : 0u) | (conn->out ? (uint32_t) EPOLLOUT : 0u) |
                      (session_held (conn->session) || conn->logins ? (uint32_t) EPOLLRDHUP : 0u);
    if (events != conn->events) {
        struct epoll_event event = {.events = events,
                                    .data.u64 = (uint64_t) conn->generation << 32 | conn->slot};
        epoll_ctl (self->terminals, EPOLL_CTL_MOD, conn->fd, &event);
        conn->events = events;
    }
    s_windows_note (self, conn);
}

//  Lets the session see the time and sets its next deadline.
void connector_timer (connector_t *self, conn_t *conn)
{
    session_env_t env = connector_env (self);
    int64_t deadline_ms;
    input_t result = session_tick (conn->session, &env, &deadline_ms);
    if (session_state (conn->session) != SESSION_DEAD) {
        wheel_set (&self->wheel, &conn->timer, deadline_ms);
    }
    connector_handle (self, conn, result);
}

void connector_timers (connector_t *self)
{
    wheel_node_t *node;
    while ((node = wheel_take (&self->wheel, connector_now_ms (self))) != NULL) {
        connector_timer (self, (conn_t *) (void *) node);
    }
}

//  ---- Reading and writing ----

//  A datagram that finds no room, here or in the session, is dropped whole.
static fep_err_t s_take (connector_t *self, const conn_t *conn, size_t *got)
{
    size_t want = session_room (conn->session, self->scratch_size);
    if (!conn->listener->udp) {
        return transport_read (conn->fd, self->scratch, want, got);
    }
    fep_err_t error = transport_read_udp (conn->fd, self->scratch, want, got);
    if (error == FEP_LIMIT) {
        connector_long (conn->listener, session_peer (conn->session));
        error = FEP_OK;
    }
    return error;
}

static void s_read (connector_t *self, conn_t *conn)
{
    const session_env_t *env = &self->env;
    if (connector_login_unread (self, conn)) {
        return;
    }
    if (conn->proxy && !connector_proxy (self, conn)) {
        return;
    }
    size_t got = 0;
    fep_err_t error = s_take (self, conn, &got);
    input_t result = INPUT_TAKEN;
    if (got) {
        metric_add (METRIC_bytes_received, (int64_t) got);
        result = session_input (conn->session, env, bytes_of (self->scratch, got));
    }
    if (error != FEP_OK) {
        session_close (conn->session, env,
                       error == FEP_CLOSED ? CLOSE_PEER_CLOSED : CLOSE_PEER_RESET, false);
    }
    connector_handle (self, conn, result);
}

static void s_out_free (conn_t *conn)
{
    free (conn->out);
    conn->out = NULL;
    conn->out_begin = conn->out_end = 0;
}

static void s_write_failed (connector_t *self, conn_t *conn, close_reason_t reason)
{
    session_env_t env = connector_env (self);
    s_out_free (conn);
    session_close (conn->session, &env, reason, false);
    session_flushed (conn->session);
}

//  Keeps what the socket did not take, up to session.send_bytes.
static void s_keep_unsent (connector_t *self, conn_t *conn, bytes_t bytes)
{
    size_t limit = (size_t) actor_config (self->actor)->session.send_bytes;
    if (!conn->out) {
        conn->out = malloc (limit);
    }
    if (!conn->out || bytes.size > limit - conn->out_end) {
        s_write_failed (self, conn, CLOSE_SEND_FULL);
        return;
    }
    memcpy (conn->out + conn->out_end, bytes.data, bytes.size);
    conn->out_end += bytes.size;
}

//  Sends what the session has written: one call for one connection and turn.
void connector_write (connector_t *self, conn_t *conn)
{
    bytes_t bytes = writer_bytes (&self->send);
    bool overflow = self->send.failed;
    size_t done = 0;
    self->send = writer_of (self->send_memory, sizeof self->send_memory);
    if (overflow) {
        s_write_failed (self, conn, CLOSE_SEND_FULL);
        return;
    }
    if (!bytes.size) {
        if (!conn->out) {
            session_flushed (conn->session);
        }
        return;
    }
    if (!conn->out) {
        if (transport_write (conn->fd, bytes, &done) != FEP_OK) {
            s_write_failed (self, conn, CLOSE_PEER_RESET);
            return;
        }
    }
    metric_add (METRIC_bytes_sent, (int64_t) bytes.size);
    session_sent (conn->session, bytes.size);
    if (done < bytes.size) {
        s_keep_unsent (self, conn, bytes_of (bytes.data + done, bytes.size - done));
    }
    if (!conn->out) {
        session_flushed (conn->session);
    }
}

static void s_write_more (connector_t *self, conn_t *conn)
{
    size_t done = 0;
    bytes_t rest = bytes_of (conn->out + conn->out_begin, conn->out_end - conn->out_begin);
    if (transport_write (conn->fd, rest, &done) != FEP_OK) {
        s_write_failed (self, conn, CLOSE_PEER_RESET);
    } else {
        conn->out_begin += done;
        if (conn->out_begin == conn->out_end) {
            s_out_free (conn);
            session_flushed (conn->session);
        }
    }
    connector_handle (self, conn, INPUT_TAKEN);
}

static void s_event (connector_t *self, const struct epoll_event *event)
{
    conn_t *conn = connector_conn (self, (int64_t) event->data.u64);
    if (!conn || conn->is_dead) {
        return;
    }
    if (event->events & EPOLLOUT && conn->out) {
        s_write_more (self, conn);
    }
    if (conn->is_dead) {
        return;
    }
    if (event->events & EPOLLIN && conn->events & EPOLLIN) {
        s_read (self, conn);
    } else if (event->events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) {
        session_close (conn->session, &self->env,
                       event->events & EPOLLERR ? CLOSE_PEER_RESET : CLOSE_PEER_CLOSED, false);
        session_flushed (conn->session);
        connector_handle (self, conn, INPUT_TAKEN);
    }
}

//  One turn over what is ready. When few are, waits a moment for company: a wake-up costs more than a frame.
void connector_poll (void *arg, uint32_t events)
{
    connector_t *self = arg;
    struct epoll_event ready[EVENTS_MAX];
    uint64_t pause_us = actor_config (self->actor)->connector.coalesce_us;
    (void) events;
    if (self->last_ready < SATURATED && pause_us) {
        usleep ((useconds_t) pause_us);
    }
    int count = epoll_wait (self->terminals, ready, EVENTS_MAX, 0);
    self->last_ready = count > 0 ? (size_t) count : 0;
    for (int i = 0; i < count && (self->stopping || connector_may_read (self)); i++) {
        if (i % ENV_RUN == 0) {
            (void) connector_env_now (self);
        }
        if (ready[i].data.u64 & LISTENER_EVENT) {
            connector_accept (self, &self->listeners[ready[i].data.u64 & ~LISTENER_EVENT]);
        } else if (ready[i].data.u64 & DIAL_EVENT) {
            connector_dial_event (self, ready[i].data.u64);
        } else {
            s_event (self, &ready[i]);
        }
    }
}

//  ---- The end of connections ----

static void s_log_end (const conn_t *conn)
{
    const session_facts_t *facts = session_facts (conn->session);
    close_reason_t reason = session_reason (conn->session);
    const char *address = session_address (conn->session);
    log_line (close_is_error (reason) ? LEVEL_WARNING : LEVEL_INFO, "SESSION-CLOSE",
              "terminal=%s peer=%s reason=%s age_s=%lld rx=%llu tx=%llu frames=%llu",
              address[0] ? address : "-", session_peer (conn->session), close_name (reason),
              (long long) (clock_wall_ms () - facts->opened_ms) / 1000,
              (unsigned long long) facts->rx_bytes, (unsigned long long) facts->tx_bytes,
              (unsigned long long) facts->frames);
}

//  Of a terminal that was never admitted nothing is read; what it said last is looked at when it goes.
static void s_last_look (connector_t *self, conn_t *conn)
{
    session_env_t env = connector_env (self);
    size_t got = 0;
    if (s_take (self, conn, &got) == FEP_OK && got) {
        session_keep_waiting (conn->session, &env, bytes_of (self->scratch, got));
    }
}

static void s_end (connector_t *self, conn_t *conn)
{
    s_log_end (conn);
    free (conn->proxy);
    conn->proxy = NULL;
    if (conn->asked && !session_number (conn->session)) {
        s_last_look (self, conn);
    }
    if (conn->asked) {
        connector_link (self, conn, false);
    }
    connector_login_leave (conn);
    s_windows_remove (self, conn);
    wheel_clear (&conn->timer);
    peers_leave (self->peers, conn->counted_ip, conn->counted_fresh);
    self->fresh_count -= conn->counted_fresh ? 1 : 0;
    conn->listener->sessions--;
    self->conn_count--;
    s_out_free (conn);
    transport_close (conn->fd);
    if (conn->dial) {
        connector_dial_ended (self, conn);
    }
    session_destroy (&conn->session);
    conn->fd = -1;
    self->free_slots[self->free_count++] = conn->slot;
}

//  Those still in a list are left for the turn in which they leave it.
void connector_reap (connector_t *self)
{
    conn_t *kept = NULL;
    while (self->dead) {
        conn_t *conn = self->dead;
        self->dead = conn->dead_next;
        if (conn->resume || conn->is_dirty) {
            conn->dead_next = kept;
            kept = conn;
        } else {
            s_end (self, conn);
        }
    }
    self->dead = kept;
}

void connector_io_stop (connector_t *self)
{
    for (uint32_t i = 0; i < self->conn_limit && self->conns; i++) {
        if (self->conns[i].fd >= 0 && self->conns[i].session) {
            s_out_free (&self->conns[i]);
            free (self->conns[i].proxy);
            transport_close (self->conns[i].fd);
            session_destroy (&self->conns[i].session);
        }
    }
    connector_dial_stop (self);
    for (size_t i = 0; i < self->listener_count; i++) {
        if (self->listeners[i].fd >= 0) {
            transport_close (self->listeners[i].fd);
        }
    }
    if (self->terminals >= 0) {
        loop_remove (actor_loop (self->actor), self->terminals);
        close (self->terminals);
    }
}
