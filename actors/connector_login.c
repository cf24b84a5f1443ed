//  When control is asked to admit a session that has named itself: at once, or in its turn, connector.logins_per_s.
//  After an outage all terminals log in at the same moment; in turn they are served sooner than all together.
//  Each of them holds a receive window with the frame that named it: half of the windows are for those who wait, a
//  quarter for those control was asked about, the rest for half frames. While there is no place among those who wait,
//  others are not read: what they sent stays in the kernel, and nobody is closed for having come with many. Who waits
//  for too long, or was read all the same, is closed OVER_CAPACITY, told so if its protocol has words for it.
#include "actors/connector.h"
#include "fep/metrics.h"

static void s_ask (connector_t *self, conn_t *conn)
{
    conn->asked = true;
    conn->in_admission = true;
    self->admission_count++;
    connector_link (self, conn, true);
}

static bool s_turn (connector_t *self)
{
    return self->admission_count < pool_stats (self->windows).limit / 4 &&
           bucket_take (&self->logins, actor_config (self->actor)->connector.logins_per_s,
                        connector_now_ms (self));
}

static size_t s_room (const connector_t *self)
{
    size_t limit = pool_stats (self->windows).limit / 2;
    return self->named.count < limit ? limit - self->named.count : 0;
}

static void s_join (logins_t *logins, conn_t *conn)
{
    conn->logins = logins;
    conn->login_before = logins->last;
    conn->login_after = NULL;
    *(logins->last ? &logins->last->login_after : &logins->first) = conn;
    logins->last = conn;
    logins->count++;
    metric_add (METRIC_logins_waiting, 1);
}

void connector_login_leave (conn_t *conn)
{
    logins_t *logins = conn->logins;
    if (logins) {
        *(conn->login_before ? &conn->login_before->login_after : &logins->first) =
            conn->login_after;
        *(conn->login_after ? &conn->login_after->login_before : &logins->last) =
            conn->login_before;
        conn->login_before = conn->login_after = NULL;
        conn->logins = NULL;
        logins->count--;
        metric_add (METRIC_logins_waiting, -1);
    }
}

bool connector_login_unread (connector_t *self, conn_t *conn)
{
    bool fresh = session_state (conn->session) == SESSION_FRESH &&
                 !session_address (conn->session)[0] && !session_has_window (conn->session);
    if (!fresh || s_room (self)) {
        return false;
    }
    session_env_t env = connector_env (self);
    session_queue (conn->session, &env, true);
    s_join (&self->unread, conn);
    connector_watch (self, conn);
    return true;
}

void connector_login_answered (connector_t *self, conn_t *conn)
{
    if (conn->in_admission && !session_wants_admission (conn->session)) {
        conn->in_admission = false;
        self->admission_count--;
    }
}

void connector_login (connector_t *self, conn_t *conn)
{
    if (!self->named.count && s_turn (self)) {
        s_ask (self, conn);
        return;
    }
    session_env_t env = connector_env (self);
    session_queue (conn->session, &env, true);
    if (s_room (self)) {
        s_join (&self->named, conn);
        metric_add (METRIC_logins_waited, 1);
    } else {
        session_close (conn->session, &env, CLOSE_OVER_CAPACITY, false);
    }
}

//  As many as find a place are read again; who has nothing to say after all gives it to the next.
static void s_read_again (connector_t *self)
{
    for (size_t room = s_room (self); room && self->unread.first; room--) {
        conn_t *conn = self->unread.first;
        connector_login_leave (conn);
        if (!conn->is_dead) {
            session_env_t env = connector_env (self);
            session_queue (conn->session, &env, false);
            connector_watch (self, conn);
        }
    }
}

void connector_login_tick (connector_t *self)
{
    while (self->named.first && !self->stopping) {
        conn_t *conn = self->named.first;
        if (!conn->is_dead && !s_turn (self)) {
            break;
        }
        connector_login_leave (conn);
        if (!conn->is_dead) {
            session_env_t env = connector_env (self);
            session_queue (conn->session, &env, false);
            s_ask (self, conn);
            connector_watch (self, conn);
        }
    }
    s_read_again (self);
}
