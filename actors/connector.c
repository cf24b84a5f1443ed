//  Connector: accepts connections, feeds their sessions, sends one batch at the end of each turn, and confirms
//  what storage says is on disk. Thousands of sessions in one epoll loop.
//
//  Words it takes: DURABLE from storage; ADMIT, HOLD, CLOSE, SHOW, TRACE, REQUEST from control.
//  When the chain is full it stops reading all its terminals but keeps its timers and its mailbox alive;
//  deadlines stand still meanwhile, or terminals would pay for our own disk.
#include "actors/connector.h"
#include "fep/clock.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include "fep/pack.h"
#include <stdlib.h>
#include <string.h>

#define PAUSE_MS 1000       //  Turns come every TICK_US; one that late was not ours to decide
#define CLOCK_ASK_MS 10000  //  How often the system is asked whether its clock is synchronised
#define TICK_US 10000       //  How often timers are looked at

int64_t connector_now_ms (const connector_t *self)
{
    int64_t now_ms = self->stalled_since_ms ? self->stalled_since_ms : clock_mono_ms ();
    return now_ms - self->stalled_ms;
}

session_env_t connector_env (connector_t *self)
{
    return (session_env_t){.config = actor_config (self->actor),
                           .now_ms = connector_now_ms (self),
                           .wall_ms = clock_wall_ms (),
                           .batch = self->batch,
                           .send = &self->send,
                           .windows = self->windows,
                           .trace = connector_trace,
                           .result = connector_result,
                           .profile = connector_profile,
                           .seal = connector_seal,
                           .clock_trusted = self->clock_trusted,
                           .arg = self};
}

//  The same for a run of sessions: called at its beginning and every ENV_RUN sessions; between, self->env holds.
const session_env_t *connector_env_now (connector_t *self)
{
    self->env = connector_env (self);
    return &self->env;
}

bool connector_may_read (const connector_t *self)
{
    return !actor_stalled (self->actor) && self->hold_count + EVENTS_MAX < HOLDS_MAX &&
           mailq_count (&self->links) < LINKS_MAX && !self->stopping;
}

//  ---- Confirmations that wait for their commit ----

//  The batch being filled holds frames of this session up to mark.
static void s_hold (connector_t *self, conn_t *conn, uint32_t mark)
{
    if (conn->hold_number == self->number) {
        self->holds[conn->hold_at].mark = mark;
        return;
    }
    FEP_ASSERT (self->hold_count < HOLDS_MAX);
    size_t at = (self->hold_first + self->hold_count++) % HOLDS_MAX;
    self->holds[at] = (hold_t){self->number, conn->slot, conn->generation, mark};
    conn->hold_number = self->number;
    conn->hold_at = at;
}

static fep_err_t s_on_durable (void *arg, actor_t *actor, bytes_t body)
{
    connector_t *self = arg;
    reader_t in = reader_of (body);
    uint64_t number = reader_u64be (&in);
    (void) actor;
    while (self->hold_count && self->holds[self->hold_first].number <= number) {
        const hold_t *hold = &self->holds[self->hold_first];
        conn_t *conn =
            connector_conn (self, (int64_t) ((uint64_t) hold->generation << 32 | hold->slot));
        if (conn && !conn->is_dead) {
            conn->durable = hold->mark;
            if (!conn->is_dirty) {
                conn->is_dirty = true;
                conn->dirty_next = self->dirty;
                self->dirty = conn;
            }
        }
        self->hold_first = (self->hold_first + 1) % HOLDS_MAX;
        self->hold_count--;
    }
    return in.failed ? FEP_TRUNCATED : FEP_OK;
}

//  Confirms, with one write for each connection, and goes on with sessions that waited for it.
static void s_confirm (connector_t *self)
{
    for (unsigned i = 0; self->dirty; i++) {
        conn_t *conn = self->dirty;
        const session_env_t *env = i % ENV_RUN ? &self->env : connector_env_now (self);
        self->dirty = conn->dirty_next;
        conn->is_dirty = false;
        if (conn->is_dead) {
            continue;
        }
        bool blocked = session_blocked (conn->session);
        session_durable (conn->session, env, conn->durable);
        if (blocked && !session_blocked (conn->session)) {
            connector_resume_later (self, conn);
        }
        connector_handle (self, conn, INPUT_TAKEN);
    }
}

//  ---- Batches ----

void connector_flush_batch (connector_t *self)
{
    if (!self->batch->message_count || actor_stalled (self->actor)) {
        return;
    }
    batch_head_t head = {.origin = (uint16_t) (actor_number (self->actor) + 1),
                         .number = self->number,
                         .boot = actor_context (self->actor)->boot,
                         .messages = (uint32_t) self->batch->message_count};
    size_t bound = pack_bound (self->batch);
    if (bound > self->packed_size) {
        self->packed = realloc (self->packed, bound);
        FEP_ASSERT (self->packed);
        self->packed_size = bound;
    }
    writer_t out = writer_of (self->packed, self->packed_size);
    fep_err_t error = pack_batch (self->batch, &head, &out);
    FEP_ASSERT (error == FEP_OK);
    zmq_msg_t message;
    zmq_msg_init_size (&message, out.size);
    memcpy (zmq_msg_data (&message), out.data, out.size);
    actor_forward (self->actor, self->chain, WORD_BATCH, &message);
    metric_add (METRIC_batches_sent, 1);
    batch_clear (self->batch);
    self->number++;
}

//  After every call into a session: its mark, its bytes, its wishes, its end.
void connector_handle (connector_t *self, conn_t *conn, input_t result)
{
    uint32_t mark = session_take_mark (conn->session);
    if (mark) {
        s_hold (self, conn, mark);
    }
    if (session_wants_admission (conn->session) && !conn->asked && !conn->logins) {
        connector_login (self, conn);
    }
    connector_write (self, conn);
    connector_login_answered (self, conn);
    if (conn->counted_fresh && session_number (conn->session)) {
        conn->counted_fresh = false;
        self->fresh_count--;
        peers_identified (self->peers, conn->counted_ip);
    }
    if (result == INPUT_BATCH) {
        connector_flush_batch (self);
        connector_resume_later (self, conn);
    } else if (batch_ripe (self->batch)) {
        //  Requests of many sessions may end in one turn.
        connector_flush_batch (self);
    }
    if (session_state (conn->session) == SESSION_DEAD) {
        if (!conn->is_dead) {
            conn->is_dead = true;
            conn->dead_next = self->dead;
            self->dead = conn;
        }
        return;
    }
    connector_watch (self, conn);
    if (session_due_ms (conn->session) < conn->timer.deadline_ms) {
        connector_timer (self, conn);
    }
}

//  The session stopped in the middle of its bytes; nothing more is read of it before they are done with.
void connector_resume_later (connector_t *self, conn_t *conn)
{
    if (!conn->resume && !self->stopping && session_has_window (conn->session)) {
        conn->resume = true;
        conn->resume_next = NULL;
        *(self->resume ? &self->resume_last->resume_next : &self->resume) = conn;
        self->resume_last = conn;
    }
}

//  Each of those waiting once; who stops again stands at the end.
static void s_resume (connector_t *self)
{
    conn_t *last = self->resume_last;
    conn_t *conn = NULL;
    while (self->resume && conn != last && connector_may_read (self)) {
        conn = self->resume;
        self->resume = conn->resume_next;
        conn->resume = false;
        if (!conn->is_dead) {
            session_env_t env = connector_env (self);
            connector_handle (self, conn, session_resume (conn->session, &env));
        }
    }
}

//  ---- The turn ----

static void s_note_stall (connector_t *self)
{
    bool reading = connector_may_read (self);
    if (!reading && !self->stalled_since_ms && !self->stopping) {
        self->stalled_since_ms = clock_mono_ms ();
        metric_add (METRIC_connector_stalls, 1);
        metric_add (METRIC_connector_stalled, 1);
    }
    if (reading && self->stalled_since_ms) {
        self->stalled_ms += clock_mono_ms () - self->stalled_since_ms;
        self->stalled_since_ms = 0;
        metric_add (METRIC_connector_stalled, -1);
    }
    //  While stopping, unsent bytes are still to be written.
    bool polled = reading || self->stopping;
    if (polled != self->polled) {
        self->polled = polled;
        loop_pause (actor_loop (self->actor), self->terminals, !polled);
    }
}

//  A turn that comes far too late (a stopped process, a paused machine) is our own pause, not the terminals'.
static void s_note_pause (connector_t *self)
{
    int64_t now_ms = clock_mono_ms ();
    if (now_ms - self->turned_ms > PAUSE_MS && !self->stalled_since_ms) {
        log_line (LEVEL_WARNING, "CONNECTOR-PAUSED", "paused_ms=%lld",
                  (long long) (now_ms - self->turned_ms));
        self->stalled_ms += now_ms - self->turned_ms;
    }
    self->turned_ms = now_ms;
}

//  Whether the wall clock can be trusted changes seldom.
static void s_ask_clock (connector_t *self)
{
    if (self->turned_ms >= self->clock_asked_ms + CLOCK_ASK_MS || !self->clock_asked_ms) {
        self->clock_asked_ms = self->turned_ms;
        self->clock_trusted = clock_synchronised ();
    }
}

static int64_t s_tick (void *arg, actor_t *actor, int64_t now_us)
{
    connector_t *self = arg;
    (void) actor;
    s_note_pause (self);
    connector_day (self);
    s_ask_clock (self);
    connector_dial_tick (self);
    s_confirm (self);
    s_resume (self);
    connector_login_tick (self);
    bool polls = !self->stopping && connector_polls (self);
    connector_timers (self);
    connector_reap (self);
    connector_flush_batch (self);
    mailq_flush (&self->links, self->actor);
    if (!self->accepting && !self->stopping && clock_mono_ms () >= self->accept_after_ms) {
        connector_listen (self, true);
    }
    s_note_stall (self);
    metric_add (METRIC_durable_waiting, (int64_t) self->hold_count - (int64_t) self->holds_told);
    self->holds_told = self->hold_count;
    bool busy = polls || (self->resume && connector_may_read (self));
    return now_us + (busy ? 0 : TICK_US);
}

//  Nothing more is read: what sessions still hold unread was never confirmed, and their terminals have it.
static void s_begin_stop (connector_t *self)
{
    self->stopping = true;
    connector_listen (self, false);
    while (self->resume) {
        self->resume->resume = false;
        self->resume = self->resume->resume_next;
    }
    for (uint32_t i = 0; i < self->conn_limit; i++) {
        if (self->conns[i].fd >= 0) {
            connector_watch (self, &self->conns[i]);
        }
    }
}

//  Ordered stop: read no more, wait until what is read is on disk and confirmed, then close.
static bool s_drain (void *arg, actor_t *actor)
{
    connector_t *self = arg;
    (void) actor;
    if (!self->stopping) {
        s_begin_stop (self);
    }
    connector_flush_batch (self);
    if (self->hold_count || self->batch->message_count) {
        return self->conn_count == 0 && !self->batch->message_count;
    }
    for (uint32_t i = 0; i < self->conn_limit; i++) {
        conn_t *conn = &self->conns[i];
        if (conn->fd >= 0 && !conn->is_dead && session_state (conn->session) != SESSION_CLOSING &&
            !batch_ripe (self->batch)) {
            session_env_t env = connector_env (self);
            session_close (conn->session, &env, CLOSE_STOPPING, true);
            connector_handle (self, conn, INPUT_TAKEN);
        }
    }
    connector_reap (self);
    connector_flush_batch (self);
    mailq_flush (&self->links, self->actor);
    return self->conn_count == 0 && !self->batch->message_count;
}

//  ---- Start and stop ----

//  How the listener's terminals speak. Patterns were checked with the configuration.
static fep_err_t s_options (listener_t *listener)
{
    const config_listener_t *config = listener->config;
    codec_options_t *options = &listener->options;
    char why[PATTERN_WHY_MAX] = "";
    fep_err_t error =
        pattern_parse (config->registration, &listener->registration, why, sizeof why);
    if (!error) {
        error = pattern_parse (config->heartbeat, &listener->heartbeat, why, sizeof why);
    }
    if (error) {
        log_line (LEVEL_ERROR, "LISTEN-FAILED", "listener=%s problem=\"%s\"", config->name, why);
        return error;
    }
    options->address_hex = strcmp (config->address_style, "hex") == 0;
    options->password_size = (uint8_t) config->password_size;
    options->registration = &listener->registration;
    options->heartbeat = &listener->heartbeat;
    options->heartbeat_echo = strcmp (config->heartbeat_echo, "yes") == 0;
    listener->udp = strcmp (config->transport, "udp") == 0;
    if (config->zone[0]) {
        error = zone_parse (config->zone, &listener->zone);
        options->zone = &listener->zone;
    }
    return error;
}

//  The next word of a list joined by blanks; false behind the last.
static bool s_word (const char **text, char *word, size_t size)
{
    *text += strspn (*text, " ");
    size_t length = strcspn (*text, " ");
    bool fits = length < size;
    memcpy (word, *text, fits ? length : 0);
    word[fits ? length : 0] = 0;
    *text += length;
    return length > 0;
}

//  codec auto: which protocols may be chosen.
static fep_err_t s_enabled (listener_t *listener)
{
    const char *text = listener->config->protocols;
    char word[64];
    bool named = s_word (&text, word, sizeof word);
    for (size_t i = 0; codec_at (i); i++) {
        listener->options.enabled |= named || !codec_at (i)->is_checked ? 0 : 1ull << i;
    }
    for (; named; named = s_word (&text, word, sizeof word)) {
        size_t i = 0;
        while (codec_at (i) && strcmp (codec_at (i)->name, word) != 0) {
            i++;
        }
        if (!codec_at (i)) {
            log_line (LEVEL_ERROR, "LISTEN-FAILED", "listener=%s problem=\"no codec named %s\"",
                      listener->config->name, word);
            return FEP_NOT_FOUND;
        }
        listener->options.enabled |= 1ull << i;
    }
    return FEP_OK;
}

static fep_err_t s_balancers (listener_t *listener)
{
    const char *text = listener->config->proxy;
    char word[64];
    while (s_word (&text, word, sizeof word)) {
        if (listener->balancer_count == BALANCERS_MAX ||
            !transport_ip (word, listener->balancers[listener->balancer_count])) {
            log_line (LEVEL_ERROR, "LISTEN-FAILED",
                      "listener=%s problem=\"proxy %s: allowed are %d numeric addresses\"",
                      listener->config->name, word, BALANCERS_MAX);
            return FEP_RANGE;
        }
        listener->balancer_count++;
    }
    return FEP_OK;
}

static fep_err_t s_listeners (connector_t *self)
{
    const config_t *config = actor_config (self->actor);
    for (unsigned i = 0; i < config->listener_count; i++) {
        listener_t *listener = &self->listeners[self->listener_count++];
        listener->config = &config->listeners[i];
        listener->fd = -1;
        bool undecided = strcmp (listener->config->codec, CODEC_AUTO) == 0;
        listener->codec = undecided ? &codec_undecided : codec_find (listener->config->codec);
        if (!listener->codec) {
            log_line (LEVEL_ERROR, "LISTEN-FAILED", "listener=%s problem=\"no codec named %s\"",
                      listener->config->name, listener->config->codec);
            return FEP_NOT_FOUND;
        }
        fep_err_t error = s_options (listener);
        if (!error) {
            error = s_enabled (listener);
        }
        if (!error) {
            error = s_balancers (listener);
        }
        if (error) {
            return error;
        }
    }
    return FEP_OK;
}

static size_t s_window_size (const connector_t *self, size_t read_bytes)
{
    size_t largest = 0;
    (void) self;
    for (size_t i = 0; codec_at (i); i++) {
        largest = codec_at (i)->frame_max > largest ? codec_at (i)->frame_max : largest;
    }
    return largest + read_bytes;
}

static void s_pools (connector_t *self)
{
    const config_t *config = actor_config (self->actor);
    size_t read_bytes = (size_t) config->connector.read_bytes;
    self->conn_limit = (uint32_t) config->connector.sessions;
    self->conns = calloc (self->conn_limit, sizeof *self->conns);
    self->free_slots = malloc (self->conn_limit * sizeof *self->free_slots);
    self->holds = malloc (HOLDS_MAX * sizeof *self->holds);
    self->scratch = malloc (read_bytes);
    FEP_ASSERT (self->conns && self->free_slots && self->holds && self->scratch);
    for (uint32_t i = 0; i < self->conn_limit; i++) {
        self->conns[i].fd = -1;
        self->free_slots[i] = self->conn_limit - 1 - i;
    }
    self->free_count = self->conn_limit;
    self->scratch_size = read_bytes;
    self->peers = peers_new (self->conn_limit);
    self->windows = pool_new (s_window_size (self, read_bytes), (size_t) config->connector.windows);
    self->batch = batch_new ();
    self->number = 1;
    self->send = writer_of (self->send_memory, sizeof self->send_memory);
    wheel_init (&self->wheel, connector_now_ms (self));
}

static fep_err_t s_start (void *arg, actor_t *actor)
{
    connector_t *self = arg;
    char endpoint[64];
    self->actor = actor;
    self->terminals = -1;
    self->turned_ms = clock_mono_ms ();
    fep_err_t error = s_listeners (self);
    if (error != FEP_OK) {
        return error;
    }
    s_pools (self);
    connector_dial_start (self);
    snprintf (endpoint, sizeof endpoint, AT_CONNECTOR, actor_number (actor));
    self->chain = actor_push (actor, AT_VALIDATOR, MARK_CHAIN);
    self->durable = actor_pull (actor, endpoint, MARK_CHAIN, false);
    self->control = actor_dealer (actor, AT_CONTROL, MARK_MAIL);
    self->notes = actor_push (actor, AT_PUBLISHER_NOTES, MARK_DOOR);
    if (self->chain < 0 || self->durable < 0 || self->control < 0 || self->notes < 0) {
        return FEP_SYSTEM;
    }
    if (actor_send (actor, self->control, WORD_HELLO, bytes_of (NULL, 0)) != FEP_OK) {
        return FEP_FULL;
    }
    return connector_io_start (self);
}

static void s_stop (void *arg, actor_t *actor)
{
    connector_t *self = arg;
    (void) actor;
    connector_io_stop (self);
    mailq_clear (&self->links);
    if (self->windows) {
        pool_destroy (&self->windows);
    }
    peers_destroy (&self->peers);
    batch_destroy (&self->batch);
    free (self->conns);
    free (self->free_slots);
    free (self->holds);
    free (self->scratch);
    free (self->packed);
    connector_ask_stop (self);
}

static const actor_word_t s_words[] = {{WORD_DURABLE, s_on_durable},
                                       {WORD_ADMIT, connector_on_admit},
                                       {WORD_UPDATE, connector_on_update},
                                       {WORD_HOLD, connector_on_hold},
                                       {WORD_CLOSE, connector_on_close},
                                       {WORD_SHOW, connector_on_show},
                                       {WORD_TRACE, connector_on_trace},
                                       {WORD_REQUEST, connector_on_request},
                                       {WORD_PROFILE, connector_on_profile},
                                       {WORD_DIAL, connector_on_dial},
                                       {WORD_PROBE, connector_on_probe},
                                       {WORD_SEALED, connector_on_sealed},
                                       {NULL, NULL}};

const actor_class_t connector_class = {.name = NAME_CONNECTOR,
                                       .self_size = sizeof (connector_t),
                                       .start = s_start,
                                       .stop = s_stop,
                                       .tick = s_tick,
                                       .drain = s_drain,
                                       .words = s_words};
