//  The door: requests of clients, one row of fep/door.def each. What another actor knows is forwarded to it
//  with the client's identity; its ANSWER comes back through control.c.
#include "actors/answer.h"
#include "actors/control.h"
#include "fep/dimension.h"
#include "fep/event.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include "fep/wire.h"
#include <string.h>

#define REQUEST_BYTES_MAX 65536  //  Of one request; those that carry a file may be larger
#define CLIENTS_LINGER_MS 200    //  For answers under way at an ordered stop

//  ---- Answers ----

void control_door_send (control_t *self, bytes_t client, const char *word, bytes_t body)
{
    fep_err_t error = actor_send_to (self->actor, self->door, client, word, body);
    if (error != FEP_OK) {
        metric_add (METRIC_door_dropped, 1);
    }
}

static void s_error (control_t *self, const door_ask_t *ask, fep_err_t error)
{
    uint8_t memory[512];
    writer_t out = writer_of (memory, sizeof memory);
    answer_put_error (&out, ask->token, error, ask->text);
    metric_add (METRIC_door_errors, 1);
    control_door_send (self, ask->client, "ERROR", writer_bytes (&out));
}

//  Copies the request's map behind `client` and `number`, and sends it to another actor. What a client says under
//  those names does not count: the first of a name is found.
fep_err_t door_forward (control_t *self, door_ask_t *ask, const char *actor, const char *word,
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
const terminal_t *door_terminal (control_t *self, const door_ask_t *ask)
{
    char address[ADDRESS_MAX + 1];
    if (!wire_find_text (ask->body, "terminal", address, sizeof address)) {
        return NULL;
    }
    return archive_find (actor_context (self->actor)->archive, bytes_text (address));
}

fep_err_t door_point (control_t *self, door_ask_t *ask, const terminal_t *terminal,
                      const presence_t *presence, uint16_t *mp)
{
    int64_t number = wire_find_int (ask->body, "mp", 0);
    *mp = (uint16_t) number;
    if (number != *mp) {
        snprintf (ask->text, sizeof ask->text, "mp: 0 to 65535");
        return FEP_RANGE;
    }
    bool meter = presence->codec && presence->codec->is_meter;
    if (*mp && meter &&
        !archive_point (actor_context (self->actor)->archive, terminal->number, *mp)) {
        snprintf (ask->text, sizeof ask->text, "mp: %s has no measuring point %u",
                  terminal->address, *mp);
        return FEP_NOT_FOUND;
    }
    return FEP_OK;
}

fep_err_t door_FETCH (control_t *self, door_ask_t *ask)
{
    return door_forward (self, ask, NAME_QUERY, WORD_FETCH, 0);
}

fep_err_t door_CONFIG (control_t *self, door_ask_t *ask)
{
    wire_put_map (&ask->out, 2);
    wire_pair_int (&ask->out, "token", ask->token);
    wire_put_text (&ask->out, "options");
    config_wire (actor_config (self->actor), &ask->out);
    return FEP_OK;
}

//  ---- The table of verbs ----

fep_err_t door_VERBS (control_t *self, door_ask_t *ask);
fep_err_t door_EVENTS (control_t *self, door_ask_t *ask);

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

//  A verb of the table needs a function door_<WORD>, or it does not compile.
static door_handler_t *const s_handlers[] = {
#define VERB(word, arguments, answer, right, meaning) door_##word,
#include "fep/door.def"
#undef VERB
};

#define VERB_COUNT (sizeof s_verbs / sizeof *s_verbs)

fep_err_t door_VERBS (control_t *self, door_ask_t *ask)
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

fep_err_t door_EVENTS (control_t *self, door_ask_t *ask)
{
    (void) self;
    wire_put_map (&ask->out, 2);
    wire_pair_int (&ask->out, "token", ask->token);
    wire_put_text (&ask->out, "events");
    wire_put_array (&ask->out, EVENT_COUNT);
    for (event_t event = 0; event < EVENT_COUNT; event++) {
        wire_put_map (&ask->out, 3);
        wire_pair_text (&ask->out, "name", event_name (event));
        wire_pair_text (&ask->out, "level", event_level (event));
        wire_pair_text (&ask->out, "meaning", event_meaning (event));
    }
    return FEP_OK;
}

static void s_dispatch (control_t *self, door_ask_t *ask, bytes_t word)
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

//  Bytes a request of that word may have.
static size_t s_request_bytes (const control_t *self, bytes_t word)
{
    bool file =
        bytes_equal (word, bytes_text ("IMPORT")) || bytes_equal (word, bytes_text ("PROFILE_PUT"));
    size_t bytes = (size_t) actor_config (self->actor)->archive.import_bytes;
    return file ? bytes + REQUEST_BYTES_MAX : REQUEST_BYTES_MAX;
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
    door_ask_t ask = {.client = bytes_of (zmq_msg_data (&client), zmq_msg_size (&client)),
                      .body = bytes_of (zmq_msg_data (&body), zmq_msg_size (&body)),
                      .out = writer_of (self->page, self->page_size)};
    bool extra = more && zmq_msg_more (&body);
    while (extra) {
        zmq_msg_t rest;
        extra = s_recv (&rest, socket, true) && zmq_msg_more (&rest);
        zmq_msg_close (&rest);
        more = false;
    }
    bytes_t asked = bytes_of (zmq_msg_data (&word), zmq_msg_size (&word));
    if (more && ask.body.size <= s_request_bytes (self, asked)) {
        s_dispatch (self, &ask, asked);
    } else if (ask.client.size) {
        ask.token = wire_find_int (ask.body, "token", 0);
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
    //  A file somewhat beyond the limit is still answered; a larger one ends its connection.
    zsock_set_maxmsgsize (self->door_socket,
                          2 * (int) config->archive.import_bytes + 2 * REQUEST_BYTES_MAX);
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
