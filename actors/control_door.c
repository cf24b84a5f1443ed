//  The door: requests of clients, one row of fep/door.def each. What another actor knows is forwarded to it
//  with the client's identity; its ANSWER comes back through control.c.
#include "actors/control.h"
#include "actors/session.h"
#include "codecs/codec.h"
#include "fep/clock.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include "fep/point.h"
#include "fep/wire.h"
#include <string.h>

#define REQUEST_BYTES_MAX 65536  //  Of one request
#define CLIENTS_LINGER_MS 200    //  For answers under way at an ordered stop
#define TERMINALS_PAGE 1000      //  Rows of one answer
#define TRACE_SECONDS_MAX 86400  //  A trace ends by itself
#define TERMINAL_ROW_MAX 512     //  Bytes of one row
#define HEAD_BYTES 4096          //  Of a forwarded request
#define POINT_TEXT_MAX 63        //  Characters of a point name

typedef struct {
    bytes_t client;  //  Identity
    bytes_t body;    //  Of the request; a map
    int64_t token;   //  Echoed
    writer_t out;    //  The answer's body
    bool forwarded;  //  Another actor answers
} ask_t;

typedef fep_err_t (verb_handler_t) (control_t *self, ask_t *ask);

//  ---- Answers ----

void control_door_send (control_t *self, bytes_t client, const char *word, bytes_t body)
{
    fep_err_t error = actor_send_to (self->actor, self->door, client, word, body);
    if (error != FEP_OK) {
        metric_add (METRIC_door_dropped, 1);
    }
}

static void s_error (control_t *self, const ask_t *ask, fep_err_t error)
{
    uint8_t memory[256];
    writer_t out = writer_of (memory, sizeof memory);
    wire_put_map (&out, 3);
    wire_pair_int (&out, "token", ask->token);
    wire_pair_text (&out, "error", fep_err_name (error));
    wire_pair_text (&out, "text", fep_err_text (error));
    metric_add (METRIC_door_errors, 1);
    control_door_send (self, ask->client, "ERROR", writer_bytes (&out));
}

//  Copies the request's map behind `client` and `number`, and sends it to another actor. What a client says under
//  those names does not count: the first of a name is found.
static fep_err_t s_forward (control_t *self, ask_t *ask, const char *actor, const char *word,
                            uint32_t number)
{
    uint8_t memory[REQUEST_BYTES_MAX + 1024];
    writer_t out = writer_of (memory, sizeof memory);
    reader_t in = reader_of (ask->body);
    uint32_t pairs = wire_get_map (&in);
    wire_put_map (&out, pairs + 2);
    wire_put_text (&out, "client");
    wire_put_bin (&out, ask->client);
    wire_pair_uint (&out, "number", number);
    writer_put (&out, in.data + in.pos, reader_left (&in));
    ask->forwarded = true;
    if (out.failed) {
        return FEP_LIMIT;
    }
    fep_err_t error =
        actor_send_to (self->actor, self->inside, bytes_text (actor), word, writer_bytes (&out));
    return error == FEP_FULL ? FEP_BUSY : error;
}

//  The terminal a request names, or NULL.
static const terminal_t *s_terminal (control_t *self, const ask_t *ask)
{
    char address[ADDRESS_MAX + 1];
    if (!wire_find_text (ask->body, "terminal", address, sizeof address)) {
        return NULL;
    }
    return archive_find (actor_context (self->actor)->archive, bytes_text (address));
}

//  ---- STATUS ----

static void s_hop (writer_t *out, const char *name, int64_t depth, int64_t stalls)
{
    wire_put_map (out, 3);
    wire_pair_text (out, "name", name);
    wire_pair_int (out, "depth", depth);
    wire_pair_int (out, "stalls", stalls);
}

static void s_hops (writer_t *out)
{
    wire_put_text (out, "hops");
    wire_put_array (out, 4);
    s_hop (out, "connector-storage",
           metric_get (METRIC_batches_sent) - metric_get (METRIC_batches_taken),
           metric_get (METRIC_connector_stalls));
    s_hop (out, "storage-journal", metric_get (METRIC_storage_queue),
           metric_get (METRIC_storage_stalls));
    s_hop (out, "journal-publisher", metric_get (METRIC_publisher_behind),
           metric_get (METRIC_hints_dropped));
    s_hop (out, "journal-history", metric_get (METRIC_history_behind),
           metric_get (METRIC_hints_dropped));
}

static void s_closed (writer_t *out)
{
    uint32_t reasons = 0;
    wire_put_text (out, "closed");
    size_t mark = wire_open_map (out);
    for (int i = 0; i < CLOSE_COUNT; i++) {
        if (close_count ((close_reason_t) i)) {
            wire_pair_int (out, close_name ((close_reason_t) i), close_count ((close_reason_t) i));
            reasons++;
        }
    }
    wire_close_map (out, mark, reasons);
}

static void s_sessions (writer_t *out)
{
    wire_put_text (out, "sessions");
    wire_put_map (out, 4);
    wire_pair_int (out, "fresh", metric_get (METRIC_sessions_fresh));
    wire_pair_int (out, "online", metric_get (METRIC_sessions_online));
    wire_pair_int (out, "waiting", metric_get (METRIC_sessions_waiting));
    wire_pair_int (out, "closing", metric_get (METRIC_sessions_closing));
}

static void s_store (writer_t *out, const store_stats_t *stats)
{
    wire_put_text (out, "store");
    wire_put_map (out, 6);
    wire_pair_uint (out, "head", stats->head);
    wire_pair_uint (out, "first", stats->first);
    wire_pair_uint (out, "free_bytes", stats->free_bytes);
    wire_pair_uint (out, "reserve_bytes", stats->reserve_bytes);
    wire_pair_uint (out, "journal_bytes", stats->journal_bytes);
    wire_put_text (out, "followers");
    wire_put_array (out, (uint32_t) stats->follower_count);
    for (size_t i = 0; i < stats->follower_count; i++) {
        wire_put_map (out, 3);
        wire_pair_text (out, "name", stats->followers[i].name);
        wire_pair_uint (out, "position", stats->followers[i].position);
        uint64_t position = stats->followers[i].position;
        wire_pair_uint (out, "behind", stats->head > position ? stats->head - position : 0);
    }
}

static fep_err_t s_verb_STATUS (control_t *self, ask_t *ask)
{
    const context_t *context = actor_context (self->actor);
    writer_t *out = &ask->out;
    store_stats_t stats;
    store_stats (context->store, &stats);
    wire_put_map (out, 19);
    wire_pair_int (out, "token", ask->token);
    wire_pair_text (out, "node", actor_config (self->actor)->node.name);
    wire_pair_text (out, "version", FEP_RELEASE);
    wire_pair_int (out, "uptime_ms", clock_wall_ms () - context->started_ms);
    wire_pair_uint (out, "boot", context->boot);
    wire_pair_uint (out, "epoch", context->epoch);
    wire_pair_uint (out, "head", stats.head);
    wire_pair_uint (out, "first", stats.first);
    wire_pair_uint (out, "terminals", archive_count (context->archive));
    wire_pair_uint (out, "terminals_online", directory_online (self->directory));
    wire_pair_int (out, "commits", metric_get (METRIC_commits));
    wire_put_text (out, "feed");
    wire_put_map (out, 3);
    wire_pair_uint (out, "epoch", context->epoch);
    wire_pair_uint (out, "sequence", stats.head - (uint64_t) metric_get (METRIC_publisher_behind));
    wire_pair_int (out, "publications", metric_get (METRIC_publications));
    wire_put_text (out, "commit_us");
    wire_put_map (out, 2);
    wire_pair_int (out, "p50", metric_commit_quantile_us (0.5));
    wire_pair_int (out, "p99", metric_commit_quantile_us (0.99));
    s_sessions (out);
    s_hops (out);
    s_store (out, &stats);
    s_closed (out);
    wire_put_text (out, "refused");
    metrics_refused_wire (out);
    wire_put_text (out, "metrics");
    metrics_wire (out);
    return FEP_OK;
}

//  ---- Terminals ----

static bool s_online (const presence_t *presence)
{
    return presence && presence->session >= 0;
}

static void s_terminal_row (control_t *self, writer_t *out, const terminal_t *terminal)
{
    const presence_t *presence = directory_find (self->directory, terminal->number);
    wire_put_map (out, 7);
    wire_pair_uint (out, "number", terminal->number);
    wire_pair_text (out, "address", terminal->address);
    wire_pair_text (out, "name", terminal->name);
    wire_pair_uint (out, "area", terminal->area);
    wire_pair_text (out, "state", s_online (presence) ? "online" : "offline");
    wire_pair_int (out, "since_ms", presence ? presence->since_ms : 0);
    wire_pair_text (out, "peer", presence ? presence->peer : "");
}

//  from: place in the archive's order, from 0.
static fep_err_t s_verb_TERMINALS (control_t *self, ask_t *ask)
{
    const archive_t *archive = actor_context (self->actor)->archive;
    int64_t from = wire_find_int (ask->body, "from", 0);
    int64_t limit = wire_find_int (ask->body, "limit", TERMINALS_PAGE);
    char state[16] = "";
    size_t i = from > 0 ? (size_t) from : 0;
    uint32_t rows = 0;
    wire_find_text (ask->body, "state", state, sizeof state);
    limit = limit < 1 || limit > TERMINALS_PAGE ? TERMINALS_PAGE : limit;
    wire_put_map (&ask->out, 3);
    wire_pair_int (&ask->out, "token", ask->token);
    wire_put_text (&ask->out, "terminals");
    size_t mark = wire_open_array (&ask->out);
    for (; i < archive_count (archive) && rows < limit &&
           ask->out.capacity - ask->out.size > TERMINAL_ROW_MAX;
         i++) {
        const terminal_t *terminal = archive_at (archive, i);
        bool online = s_online (directory_find (self->directory, terminal->number));
        if (!state[0] || strcmp (state, online ? "online" : "offline") == 0) {
            s_terminal_row (self, &ask->out, terminal);
            rows++;
        }
    }
    wire_close_array (&ask->out, mark, rows);
    wire_pair_uint (&ask->out, "next", i < archive_count (archive) ? i : 0);
    return FEP_OK;
}

static void s_refused_before (writer_t *out, const presence_t *presence)
{
    uint32_t reasons = 0;
    wire_put_text (out, "refused_before");
    size_t mark = wire_open_map (out);
    for (int i = 1; i < FEP_ERR_COUNT && presence; i++) {
        if (presence->refused[i]) {
            wire_pair_uint (out, fep_err_name ((fep_err_t) i), presence->refused[i]);
            reasons++;
        }
    }
    wire_close_map (out, mark, reasons);
}

//  Writes pairs without the map's head; returns how many.
static uint32_t s_terminal_pairs (control_t *self, const ask_t *ask, const terminal_t *terminal,
                                  writer_t *out)
{
    static const presence_t never = {.session = -1};
    const presence_t *known = directory_find (self->directory, terminal->number);
    const presence_t *presence = known ? known : &never;
    wire_pair_int (out, "token", ask->token);
    wire_pair_uint (out, "number", terminal->number);
    wire_pair_text (out, "address", terminal->address);
    wire_pair_text (out, "name", terminal->name);
    wire_pair_uint (out, "area", terminal->area);
    wire_pair_uint (out, "heartbeat_s", terminal->heartbeat_s);
    wire_pair_uint (out, "measuring_points", terminal->mp_count);
    wire_pair_text (out, "state", s_online (presence) ? "online" : "offline");
    wire_pair_int (out, "since_ms", presence->since_ms);
    wire_pair_text (out, "peer", presence->peer);
    wire_pair_uint (out, "sessions", presence->sessions);
    wire_pair_uint (out, "replaced", presence->replaced);
    wire_pair_text (out, "last_close", presence->reason);
    wire_pair_int (out, "last_close_ms", presence->closed_ms);
    wire_pair_uint (out, "frames_before", presence->frames);
    wire_pair_uint (out, "rx_bytes_before", presence->rx_bytes);
    wire_pair_int (out, "trace_until_ms", presence->trace_until_ms);
    s_refused_before (out, presence);
    return 18;
}

//  Of a terminal that is online its connector completes the answer.
static fep_err_t s_verb_TERMINAL (control_t *self, ask_t *ask)
{
    const terminal_t *terminal = s_terminal (self, ask);
    uint8_t memory[HEAD_BYTES], outer[HEAD_BYTES + 1024];
    writer_t head = writer_of (memory, sizeof memory);
    writer_t out = writer_of (outer, sizeof outer);
    if (!terminal) {
        return FEP_NOT_FOUND;
    }
    const presence_t *presence = directory_find (self->directory, terminal->number);
    uint32_t pairs = s_terminal_pairs (self, ask, terminal, &head);
    if (!s_online (presence)) {
        wire_put_map (&ask->out, pairs);
        writer_put (&ask->out, head.data, head.size);
        return head.failed ? FEP_LIMIT : FEP_OK;
    }
    wire_put_map (&out, 4);
    wire_pair_int (&out, "session", presence->session);
    wire_pair_uint (&out, "pairs", pairs);
    wire_put_text (&out, "client");
    wire_put_bin (&out, ask->client);
    wire_put_text (&out, "head");
    wire_put_bin (&out, writer_bytes (&head));
    if (head.failed || out.failed) {
        return FEP_LIMIT;
    }
    ask->forwarded = true;
    fep_err_t error = actor_send_to (self->actor, self->inside, bytes_text (presence->connector),
                                     WORD_SHOW, writer_bytes (&out));
    return error == FEP_FULL ? FEP_BUSY : error;
}

static fep_err_t s_verb_LATEST (control_t *self, ask_t *ask)
{
    const terminal_t *terminal = s_terminal (self, ask);
    return terminal ? s_forward (self, ask, NAME_HISTORY, WORD_LATEST, terminal->number)
                    : FEP_NOT_FOUND;
}

static fep_err_t s_verb_FETCH (control_t *self, ask_t *ask)
{
    return s_forward (self, ask, NAME_QUERY, WORD_FETCH, 0);
}

//  Points by readable name or OBIS text, into an array of numbers. RANGE: too many, or one is unknown.
static fep_err_t s_points (bytes_t body, writer_t *out)
{
    reader_t in;
    uint32_t count = 0;
    wire_put_text (out, "points");
    if (wire_find (body, "points", &in)) {
        count = wire_get_array (&in);
    }
    wire_put_array (out, count);
    for (uint32_t i = 0; i < count; i++) {
        char name[POINT_TEXT_MAX + 1];
        uint32_t point;
        bytes_t text = wire_get_str (&in);
        if (in.failed || text.size > POINT_TEXT_MAX || count > REQUEST_POINTS_MAX) {
            return FEP_RANGE;
        }
        memcpy (name, text.data, text.size);
        name[text.size] = 0;
        if (!point_parse (name, &point)) {
            return FEP_RANGE;
        }
        wire_put_uint (out, point);
    }
    return FEP_OK;
}

//  Which request a READ's kind means.
static const struct {
    const char *name;     //  In the request
    request_kind_t kind;  //  For the codec
    uint8_t freeze;       //  Likewise
} s_reads[] = {{"current", REQUEST_READ, FREEZE_NONE},
               {"day", REQUEST_READ_FROZEN, FREEZE_DAY},
               {"month", REQUEST_READ_FROZEN, FREEZE_MONTH},
               {"curve", REQUEST_READ_FROZEN, FREEZE_CURVE},
               {"events", REQUEST_READ_EVENTS, FREEZE_NONE}};

static void s_read_body (const ask_t *ask, const presence_t *presence, size_t kind, writer_t *out)
{
    wire_pair_int (out, "session", presence->session);
    wire_pair_int (out, "token", ask->token);
    wire_pair_int (out, "kind", s_reads[kind].kind);
    wire_pair_int (out, "freeze", s_reads[kind].freeze);
    wire_pair_int (out, "mp", wire_find_int (ask->body, "mp", 0));
    wire_pair_int (out, "from_ms", wire_find_int (ask->body, "from_ms", 0));
    wire_pair_int (out, "to_ms", wire_find_int (ask->body, "to_ms", 0));
    wire_pair_int (out, "event_from", wire_find_int (ask->body, "event_from", 0));
    wire_pair_int (out, "event_to", wire_find_int (ask->body, "event_to", 0));
    wire_pair_int (out, "important", wire_find_int (ask->body, "important", 1));
    wire_put_text (out, "client");
    wire_put_bin (out, ask->client);
}

//  The terminal's connector asks it and answers RESULT. CLOSED: the terminal is offline.
static fep_err_t s_verb_READ (control_t *self, ask_t *ask)
{
    const terminal_t *terminal = s_terminal (self, ask);
    uint8_t memory[HEAD_BYTES];
    writer_t out = writer_of (memory, sizeof memory);
    char name[16];
    size_t kind = 0;
    if (!terminal) {
        return FEP_NOT_FOUND;
    }
    bool named = wire_find_text (ask->body, "kind", name, sizeof name);
    while (named && kind < sizeof s_reads / sizeof *s_reads &&
           strcmp (name, s_reads[kind].name) != 0) {
        kind++;
    }
    if (kind == sizeof s_reads / sizeof *s_reads) {
        return FEP_RANGE;
    }
    const presence_t *presence = directory_find (self->directory, terminal->number);
    if (!s_online (presence)) {
        return FEP_CLOSED;
    }
    wire_put_map (&out, 12);
    s_read_body (ask, presence, kind, &out);
    fep_err_t error = s_points (ask->body, &out);
    if (error == FEP_OK && out.failed) {
        error = FEP_LIMIT;
    }
    if (error == FEP_OK) {
        error = actor_send_to (self->actor, self->inside, bytes_text (presence->connector),
                               WORD_REQUEST, writer_bytes (&out));
    }
    ask->forwarded = error == FEP_OK;
    return error == FEP_FULL ? FEP_BUSY : error;
}

static fep_err_t s_verb_TRACE (control_t *self, ask_t *ask)
{
    const terminal_t *terminal = s_terminal (self, ask);
    int64_t seconds = wire_find_int (ask->body, "seconds", -1);
    if (!terminal) {
        return FEP_NOT_FOUND;
    }
    if (seconds < 0 || seconds > TRACE_SECONDS_MAX) {
        return FEP_RANGE;
    }
    presence_t *presence = directory_use (self->directory, terminal->number);
    presence->trace_until_ms = seconds ? clock_wall_ms () + seconds * 1000 : 0;
    if (s_online (presence)) {
        uint8_t memory[64];
        writer_t out = writer_of (memory, sizeof memory);
        wire_put_map (&out, 2);
        wire_pair_int (&out, "session", presence->session);
        wire_pair_int (&out, "until_ms", presence->trace_until_ms);
        mailq_send (&self->mail, self->actor, self->inside, bytes_text (presence->connector),
                    WORD_TRACE, writer_bytes (&out));
    }
    log_line (LEVEL_INFO, "TRACE", "terminal=%s seconds=%lld", terminal->address,
              (long long) seconds);
    wire_put_map (&ask->out, 2);
    wire_pair_int (&ask->out, "token", ask->token);
    wire_pair_int (&ask->out, "until_ms", presence->trace_until_ms);
    return FEP_OK;
}

static fep_err_t s_verb_CONFIG (control_t *self, ask_t *ask)
{
    wire_put_map (&ask->out, 2);
    wire_pair_int (&ask->out, "token", ask->token);
    wire_put_text (&ask->out, "options");
    config_wire (actor_config (self->actor), &ask->out);
    return FEP_OK;
}

//  ---- The table of verbs ----

static fep_err_t s_verb_VERBS (control_t *self, ask_t *ask);

static const struct {
    const char *word;       //  The request's, and the answer's unless the handler forwards
    const char *arguments;  //  For people
    const char *answer;     //  For people
    const char *right;      //  Needed
    const char *meaning;    //  One sentence
} s_verbs[] = {
#define VERB(word, arguments, answer, right, meaning) {#word, arguments, answer, right, meaning},
#include "fep/door.def"
#undef VERB
};

//  A verb of the table needs a function s_verb_<WORD> here, or it does not compile.
static verb_handler_t *const s_handlers[] = {
#define VERB(word, arguments, answer, right, meaning) s_verb_##word,
#include "fep/door.def"
#undef VERB
};

#define VERB_COUNT (sizeof s_verbs / sizeof *s_verbs)

static fep_err_t s_verb_VERBS (control_t *self, ask_t *ask)
{
    (void) self;
    wire_put_map (&ask->out, 2);
    wire_pair_int (&ask->out, "token", ask->token);
    wire_put_text (&ask->out, "verbs");
    wire_put_array (&ask->out, VERB_COUNT);
    for (size_t i = 0; i < VERB_COUNT; i++) {
        wire_put_map (&ask->out, 5);
        wire_pair_text (&ask->out, "word", s_verbs[i].word);
        wire_pair_text (&ask->out, "arguments", s_verbs[i].arguments);
        wire_pair_text (&ask->out, "answer", s_verbs[i].answer);
        wire_pair_text (&ask->out, "right", s_verbs[i].right);
        wire_pair_text (&ask->out, "meaning", s_verbs[i].meaning);
    }
    return FEP_OK;
}

static void s_dispatch (control_t *self, ask_t *ask, bytes_t word)
{
    fep_err_t error = FEP_NOT_FOUND;
    const char *answer = "ERROR";
    reader_t check = reader_of (ask->body);
    bool is_map = wire_peek (&check) == WIRE_MAP;
    wire_skip (&check);
    metric_add (METRIC_door_requests, 1);
    if (!is_map || check.failed || reader_left (&check)) {
        s_error (self, ask, FEP_SYNTAX);
        return;
    }
    ask->token = wire_find_int (ask->body, "token", 0);
    for (size_t i = 0; i < VERB_COUNT; i++) {
        if (bytes_equal (word, bytes_text (s_verbs[i].word))) {
            answer = s_verbs[i].word;
            error = s_handlers[i](self, ask);
        }
    }
    if (error == FEP_OK && ask->out.failed) {
        error = FEP_LIMIT;
    }
    if (error != FEP_OK) {
        s_error (self, ask, error);
    } else if (!ask->forwarded) {
        control_door_send (self, ask->client, answer, writer_bytes (&ask->out));
    }
}

//  ---- The socket ----

static bool s_recv (zmq_msg_t *frame, void *socket, bool more)
{
    zmq_msg_init (frame);
    return more && zmq_msg_recv (frame, socket, ZMQ_DONTWAIT) >= 0;
}

void control_door_take (control_t *self, void *socket)
{
    zmq_msg_t client, word, body;
    bool more = s_recv (&client, socket, true);
    more = s_recv (&word, socket, more && zmq_msg_more (&client));
    more = s_recv (&body, socket, more && zmq_msg_more (&word));
    ask_t ask = {.client = bytes_of (zmq_msg_data (&client), zmq_msg_size (&client)),
                 .body = bytes_of (zmq_msg_data (&body), zmq_msg_size (&body)),
                 .out = writer_of (self->page, self->page_size)};
    bool extra = more && zmq_msg_more (&body);
    while (extra) {
        zmq_msg_t rest;
        extra = s_recv (&rest, socket, true) && zmq_msg_more (&rest);
        zmq_msg_close (&rest);
        more = false;
    }
    if (more && ask.body.size <= REQUEST_BYTES_MAX) {
        s_dispatch (self, &ask, bytes_of (zmq_msg_data (&word), zmq_msg_size (&word)));
    } else if (ask.client.size) {
        s_error (self, &ask, more ? FEP_LIMIT : FEP_SYNTAX);
    }
    zmq_msg_close (&client);
    zmq_msg_close (&word);
    zmq_msg_close (&body);
}

fep_err_t control_door_start (control_t *self)
{
    const config_t *config = actor_config (self->actor);
    char endpoint[128];
    self->door_socket = zsock_new (ZMQ_ROUTER);
    if (!self->door_socket) {
        return FEP_SYSTEM;
    }
    zsock_set_router_mandatory (self->door_socket, 1);
    zsock_set_sndhwm (self->door_socket, MARK_DOOR);
    zsock_set_rcvhwm (self->door_socket, MARK_DOOR);
    zsock_set_maxmsgsize (self->door_socket, 2 * REQUEST_BYTES_MAX);
    zsock_set_linger (self->door_socket, CLIENTS_LINGER_MS);
    zsock_set_tcp_keepalive (self->door_socket, 1);
    snprintf (endpoint, sizeof endpoint, "tcp://%s:%u", config->door.address,
              (unsigned) config->door.port);
    if (zmq_bind (zsock_resolve (self->door_socket), endpoint) != 0) {
        log_line (LEVEL_ERROR, "DOOR-BIND", "endpoint=%s problem=\"%s\"", endpoint,
                  zmq_strerror (zmq_errno ()));
        return FEP_SYSTEM;
    }
    self->door = actor_raw (self->actor, zsock_resolve (self->door_socket));
    log_line (LEVEL_INFO, "DOOR", "endpoint=%s", endpoint);
    return self->door < 0 ? FEP_SYSTEM : FEP_OK;
}

void control_door_stop (control_t *self)
{
    zsock_destroy (&self->door_socket);
}
