//  When control is asked to admit a session that has named itself: at once, or in its turn, connector.logins_per_s.
//  After an outage all terminals log in at the same moment; in turn they are served sooner than all together.
//  Each of them holds a receive window with the frame that named it: half of the windows are for those who wait, a
//  quarter for those control was asked about, the rest for half frames. Who finds no place, or waits for too long, is
//  closed OVER_CAPACITY, told so if its protocol has words for it.
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

static void s_wait (connector_t *self, conn_t *conn)
{
    conn->in_logins = true;
    conn->login_before = self->login_last;
    conn->login_after = NULL;
    *(self->login_last ? &self->login_last->login_after : &self->login_first) = conn;
    self->login_last = conn;
    self->login_count++;
    metric_add (METRIC_logins_waiting, 1);
    metric_add (METRIC_logins_waited, 1);
}

void connector_login_leave (connector_t *self, conn_t *conn)
{
    if (conn->in_logins) {
        *(conn->login_before ? &conn->login_before->login_after : &self->login_first) =
            conn->login_after;
        *(conn->login_after ? &conn->login_after->login_before : &self->login_last) =
            conn->login_before;
        conn->login_before = conn->login_after = NULL;
        conn->in_logins = false;
        self->login_count--;
        metric_add (METRIC_logins_waiting, -1);
    }
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
    if (!self->login_count && s_turn (self)) {
        s_ask (self, conn);
        return;
    }
    session_env_t env = connector_env (self);
    session_queue (conn->session, &env, true);
    if (self->login_count < pool_stats (self->windows).limit / 2) {
        s_wait (self, conn);
    } else {
        session_close (conn->session, &env, CLOSE_OVER_CAPACITY, false);
    }
}

void connector_login_tick (connector_t *self)
{
    while (self->login_first && !self->stopping) {
        conn_t *conn = self->login_first;
        if (conn->is_dead) {
            connector_login_leave (self, conn);
            continue;
        }
        if (!s_turn (self)) {
            return;
        }
        session_env_t env = connector_env (self);
        connector_login_leave (self, conn);
        session_queue (conn->session, &env, false);
        s_ask (self, conn);
        connector_watch (self, conn);
    }
}
