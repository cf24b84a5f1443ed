//  How connections come: accepted, by datagram, through a balancer; within the limits.
#include "actors/connector.h"
#include "fep/clock.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define ACCEPTS_MAX 64        //  Connections accepted of one listener in one turn
#define ACCEPT_PAUSE_MS 1000  //  After lack of descriptors

//  What a connection is refused by.
typedef enum {
    BY_NOTHING,
    BY_SESSIONS,
    BY_LISTENER,
    BY_FRESH,
    BY_ADDRESS,
    BY_FRESH_ADDRESS,
    BY_MEMORY
} limit_t;

static limit_t s_join_peer (connector_t *self, const peer_t *peer)
{
    const config_t *config = actor_config (self->actor);
    fep_err_t error =
        peers_join (self->peers, peer->ip, (uint32_t) config->connector.sessions_per_address,
                    (uint32_t) config->connector.fresh_per_address);
    return !error ? BY_NOTHING : error == FEP_LIMIT ? BY_FRESH_ADDRESS : BY_ADDRESS;
}

//  Nothing: it is counted in peers.
static limit_t s_may_join (connector_t *self, const listener_t *listener, const peer_t *peer)
{
    if (!self->free_count) {
        return BY_SESSIONS;
    }
    if (listener->sessions >= listener->config->sessions) {
        return BY_LISTENER;
    }
    if (self->fresh_count >= actor_config (self->actor)->connector.fresh_sessions) {
        return BY_FRESH;
    }
    return s_join_peer (self, peer);
}

static void s_refused (const listener_t *listener, const peer_t *peer, limit_t limit)
{
    static const struct {
        const char *name;  //  In the log: the option
        metric_t metric;
    } limits[] = {
        [BY_SESSIONS] = {"connector.sessions", METRIC_refused_by_sessions},
        [BY_LISTENER] = {"listener.sessions", METRIC_refused_by_sessions},
        [BY_FRESH] = {"connector.fresh_sessions", METRIC_refused_by_fresh_sessions},
        [BY_ADDRESS] = {"connector.sessions_per_address", METRIC_refused_by_sessions_per_address},
        [BY_FRESH_ADDRESS] = {"connector.fresh_per_address", METRIC_refused_by_fresh_per_address},
        [BY_MEMORY] = {"memory", METRIC_refused_by_memory}};
    metric_add (METRIC_connections_refused, 1);
    metric_add (limits[limit].metric, 1);
    log_line (LEVEL_WARNING, "CONNECTION-REFUSED", "listener=%s peer=%s reason=%s limit=%s",
              listener->config->name, peer->text, close_name (CLOSE_TOO_MANY), limits[limit].name);
}

static void s_refuse (int fd, const listener_t *listener, const peer_t *peer, limit_t limit)
{
    s_refused (listener, peer, limit);
    close_note (CLOSE_TOO_MANY);
    transport_close (fd);
}

static bool s_is_balancer (const listener_t *listener, const peer_t *peer)
{
    for (size_t i = 0; i < listener->balancer_count; i++) {
        if (memcmp (listener->balancers[i], peer->ip, sizeof peer->ip) == 0) {
            return true;
        }
    }
    return false;
}

//  No place or memory for a connection that peers_join counted.
static conn_t *s_no_room (connector_t *self, const listener_t *listener, int fd, const peer_t *peer,
                          limit_t limit)
{
    peers_leave (self->peers, peer->ip, true);
    s_refuse (fd, listener, peer, limit);
    return NULL;
}

conn_t *connector_join (connector_t *self, listener_t *listener, const codec_t *codec, int fd,
                        const peer_t *peer)
{
    //  Several dials may end at once: each found a place free when it began.
    if (!self->free_count) {
        return s_no_room (self, listener, fd, peer, BY_SESSIONS);
    }
    session_env_t env = connector_env (self);
    session_t *session = session_new (codec, &listener->options, peer->text, &env);
    uint32_t slot = self->free_slots[--self->free_count];
    conn_t *conn = &self->conns[slot];
    uint32_t generation = conn->generation + 1;
    *conn = (conn_t){.fd = fd,
                     .slot = slot,
                     .generation = generation & GENERATION_MASK,
                     .session = session,
                     .listener = listener,
                     .port = peer->port,
                     .counted_fresh = true,
                     .proxy = s_is_balancer (listener, peer) ? malloc (TRANSPORT_PROXY_MAX) : NULL,
                     .events = EPOLLIN};
    memcpy (conn->ip, peer->ip, sizeof conn->ip);
    memcpy (conn->counted_ip, peer->ip, sizeof conn->counted_ip);
    struct epoll_event event = {.events = EPOLLIN,
                                .data.u64 = (uint64_t) conn->generation << 32 | slot};
    if (!session || epoll_ctl (self->terminals, EPOLL_CTL_ADD, fd, &event) != 0) {
        session_destroy (&conn->session);
        free (conn->proxy);
        conn->fd = -1;
        self->free_slots[self->free_count++] = slot;
        return s_no_room (self, listener, fd, peer, BY_MEMORY);
    }
    self->conn_count++;
    self->fresh_count++;
    listener->sessions++;
    metric_add (METRIC_connections_accepted, 1);
    connector_timer (self, conn);
    return conn;
}

static void s_accept (connector_t *self, listener_t *listener)
{
    for (int i = 0; i < ACCEPTS_MAX; i++) {
        int fd;
        peer_t peer;
        fep_err_t error = transport_accept (listener->fd, &fd, &peer);
        if (error == FEP_NOT_FOUND) {
            return;
        }
        if (error != FEP_OK) {
            metric_add (METRIC_accept_errors, 1);
            log_line (LEVEL_ERROR, "ACCEPT-FAILED", "listener=%s problem=\"%s\" pause_ms=%d",
                      listener->config->name, strerror (errno), ACCEPT_PAUSE_MS);
            connector_listen (self, false);
            self->accept_after_ms = clock_mono_ms () + ACCEPT_PAUSE_MS;
            return;
        }
        limit_t limit = s_may_join (self, listener, &peer);
        if (limit) {
            s_refuse (fd, listener, &peer, limit);
        } else {
            (void) connector_join (self, listener, listener->codec, fd, &peer);
        }
    }
}

//  ---- Datagrams ----

//  The connection of a peer whose datagram reached the listener all the same: it was on the way when the peer's
//  own socket was made.
static conn_t *s_of_peer (connector_t *self, const listener_t *listener, const peer_t *peer)
{
    for (uint32_t i = 0; i < self->conn_limit; i++) {
        conn_t *conn = &self->conns[i];
        if (conn->fd >= 0 && !conn->is_dead && conn->listener == listener &&
            conn->port == peer->port && memcmp (conn->ip, peer->ip, sizeof peer->ip) == 0) {
            return conn;
        }
    }
    return NULL;
}

static conn_t *s_join_udp (connector_t *self, listener_t *listener, const peer_t *peer)
{
    int fd;
    limit_t limit = s_may_join (self, listener, peer);
    if (limit) {
        s_refused (listener, peer, limit);
        return NULL;
    }
    if (transport_connect_udp (listener->fd, peer, &fd) != FEP_OK) {
        peers_leave (self->peers, peer->ip, true);
        metric_add (METRIC_accept_errors, 1);
        return NULL;
    }
    return connector_join (self, listener, listener->codec, fd, peer);
}

void connector_long (const listener_t *listener, const char *peer)
{
    metric_add (METRIC_datagrams_dropped, 1);
    log_line (LEVEL_WARNING, "DATAGRAM-LONG", "listener=%s peer=%s", listener->config->name, peer);
}

static void s_datagrams (connector_t *self, listener_t *listener)
{
    for (int i = 0; i < ACCEPTS_MAX && connector_may_read (self); i++) {
        peer_t peer;
        size_t got = 0;
        fep_err_t error =
            transport_take_udp (listener->fd, self->scratch, self->scratch_size, &got, &peer);
        if (error == FEP_LIMIT) {
            connector_long (listener, peer.text);
            continue;
        }
        if (error != FEP_OK) {
            return;
        }
        conn_t *conn = s_of_peer (self, listener, &peer);
        if (!conn) {
            conn = s_join_udp (self, listener, &peer);
        }
        if (!conn || !got || got > session_room (conn->session, got)) {
            metric_add (METRIC_datagrams_dropped, 1);
            continue;
        }
        const session_env_t *env = connector_env_now (self);
        metric_add (METRIC_bytes_received, (int64_t) got);
        connector_handle (self, conn,
                          session_input (conn->session, env, bytes_of (self->scratch, got)));
    }
}

void connector_accept (connector_t *self, listener_t *listener)
{
    if (listener->udp) {
        s_datagrams (self, listener);
    } else {
        s_accept (self, listener);
    }
}

//  ---- Through a balancer ----

static bool s_not_proxied (connector_t *self, conn_t *conn)
{
    log_line (LEVEL_WARNING, "PROXY-REFUSED", "listener=%s peer=%s", conn->listener->config->name,
              session_peer (conn->session));
    session_close (conn->session, &self->env, CLOSE_BAD_INPUT, false);
    connector_handle (self, conn, INPUT_TAKEN);
    return false;
}

//  Counted as a connection of the peer it is from, no longer as the balancer's. False: that has too many.
static bool s_recount (connector_t *self, conn_t *conn, const peer_t *peer)
{
    peers_leave (self->peers, conn->counted_ip, conn->counted_fresh);
    limit_t limit = s_join_peer (self, peer);
    if (!limit) {
        memcpy (conn->counted_ip, peer->ip, sizeof conn->counted_ip);
        return true;
    }
    s_refused (conn->listener, peer, limit);
    fep_err_t error = peers_join (self->peers, conn->counted_ip, UINT32_MAX, UINT32_MAX);
    FEP_ASSERT (error == FEP_OK);
    session_close (conn->session, &self->env, CLOSE_TOO_MANY, false);
    connector_handle (self, conn, INPUT_TAKEN);
    return false;
}

bool connector_proxy (connector_t *self, conn_t *conn)
{
    peer_t peer = {.port = conn->port};
    size_t need = 1, got = 0;
    fep_err_t error = FEP_NOT_FOUND;
    memcpy (peer.ip, conn->ip, sizeof peer.ip);
    snprintf (peer.text, sizeof peer.text, "%s", session_peer (conn->session));
    while (error == FEP_NOT_FOUND) {
        if (conn->proxy_size) {
            error = transport_proxy (bytes_of (conn->proxy, conn->proxy_size), &need, &peer);
        } else {
            need = 16;
        }
        if (error != FEP_NOT_FOUND) {
            break;
        }
        fep_err_t io = transport_read (conn->fd, conn->proxy + conn->proxy_size,
                                       need - conn->proxy_size, &got);
        if (io != FEP_OK) {
            session_close (conn->session, &self->env, CLOSE_PEER_CLOSED, false);
            connector_handle (self, conn, INPUT_TAKEN);
            return false;
        }
        if (!got) {
            return false;
        }
        conn->proxy_size += got;
    }
    if (error != FEP_OK) {
        return s_not_proxied (self, conn);
    }
    free (conn->proxy);
    conn->proxy = NULL;
    if (!s_recount (self, conn, &peer)) {
        return false;
    }
    memcpy (conn->ip, peer.ip, sizeof conn->ip);
    conn->port = peer.port;
    session_set_peer (conn->session, peer.text);
    return true;
}
