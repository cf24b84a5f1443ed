//  Sockets of the public door and feed. A request carries a token that no other request of this
//  client has; answers are matched by it.
#include "client/client.h"
#include "fep/clock.h"
#include "fep/wire.h"
#include <czmq.h>

#define TOKEN_ROOM 32  //  Bytes that a request's token adds to its body

struct client {
    zsock_t *door;               //  DEALER, or NULL
    zsock_t *feed;               //  SUB, or NULL
    char *endpoint;              //  Of the door
    bool asked;                  //  A request was sent since connecting
    zmsg_t *answer;              //  The last answer; what was given out points into it
    zmsg_t *publication;         //  The last publication; likewise
    uint64_t token;              //  Of the last request
    client_counters_t counters;  //  Since the start
};

static fep_err_t s_connect (zsock_t *socket, const char *endpoint)
{
    zsock_set_linger (socket, 0);
    zsock_set_rcvhwm (socket, CLIENT_QUEUE_MAX);
    return zsock_connect (socket, "%s", endpoint) == 0 ? FEP_OK : FEP_SYNTAX;
}

fep_err_t client_open (const char *door, const char *feed, client_t **self_p)
{
    *self_p = NULL;
    zsys_handler_set (NULL);
    client_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    fep_err_t error = FEP_OK;
    if (door) {
        self->door = zsock_new (ZMQ_DEALER);
        FEP_ASSERT (self->door);
        //  Nothing is queued for a door that is not there: an old request must not be carried out
        //  later.
        zsock_set_immediate (self->door, 1);
        zsock_set_maxmsgsize (self->door, CLIENT_MESSAGE_MAX);
        self->endpoint = strdup (door);
        FEP_ASSERT (self->endpoint);
        error = s_connect (self->door, door);
    }
    if (feed && !error) {
        self->feed = zsock_new (ZMQ_SUB);
        FEP_ASSERT (self->feed);
        error = s_connect (self->feed, feed);
    }
    //  Tokens of a client that is started again differ from those before.
    self->token = (uint64_t) clock_wall_ms () << 20;
    if (error) {
        client_close (&self);
    }
    *self_p = self;
    return error;
}

void client_close (client_t **self_p)
{
    FEP_ASSERT (self_p);
    client_t *self = *self_p;
    if (self) {
        zmsg_destroy (&self->answer);
        zmsg_destroy (&self->publication);
        zsock_destroy (&self->door);
        zsock_destroy (&self->feed);
        free (self->endpoint);
        free (self);
        *self_p = NULL;
    }
}

//  Waits until the socket is ready or the deadline has passed.
static fep_err_t s_wait (zsock_t *socket, short events, int64_t deadline)
{
    int64_t left = deadline - clock_mono_ms ();
    zmq_pollitem_t item = {.socket = zsock_resolve (socket), .events = events};
    int ready = zmq_poll (&item, 1, left > 0 ? (long) left : 0);
    if (ready < 0) {
        return errno == EINTR ? FEP_STOPPING : FEP_SYSTEM;
    }
    return ready ? FEP_OK : FEP_TIMEOUT;
}

//  The body with `token` as its first pair.
static fep_err_t s_tokenise (bytes_t body, uint64_t token, writer_t *out)
{
    reader_t in = reader_of (body);
    uint32_t pairs = body.size ? wire_get_map (&in) : 0;
    if (in.failed) {
        return FEP_SYNTAX;
    }
    wire_put_map (out, pairs + 1);
    wire_pair_uint (out, "token", token);
    if (body.size) {
        writer_put (out, body.data + in.pos, reader_left (&in));
    }
    return out->failed ? FEP_LIMIT : FEP_OK;
}

//  Waits until a request can be sent. libzmq does not come back by itself to a peer that broke its
//  limits.
static fep_err_t s_wait_door (client_t *self, int64_t deadline)
{
    if (self->asked && s_wait (self->door, ZMQ_POLLOUT, 0) == FEP_TIMEOUT) {
        self->asked = false;
        zsock_disconnect (self->door, "%s", self->endpoint);
        if (zsock_connect (self->door, "%s", self->endpoint) != 0) {
            return FEP_SYSTEM;
        }
    }
    return s_wait (self->door, ZMQ_POLLOUT, deadline);
}

static fep_err_t s_send (client_t *self, const char *word, bytes_t body, int64_t deadline)
{
    uint8_t *bytes = malloc (body.size + TOKEN_ROOM);
    FEP_ASSERT (bytes);
    writer_t out = writer_of (bytes, body.size + TOKEN_ROOM);
    fep_err_t error = s_tokenise (body, self->token, &out);
    if (!error) {
        error = s_wait_door (self, deadline);
    }
    if (error) {
        free (bytes);
        return error;
    }
    zmsg_t *message = zmsg_new ();
    FEP_ASSERT (message);
    zmsg_addstr (message, word);
    zmsg_addmem (message, out.data, out.size);
    free (bytes);
    if (zmsg_send (&message, self->door) != 0) {
        zmsg_destroy (&message);
        return errno == EINTR ? FEP_STOPPING : FEP_TIMEOUT;
    }
    self->asked = true;
    return FEP_OK;
}

static bytes_t s_frame (zframe_t *frame)
{
    return bytes_of (zframe_data (frame), zframe_size (frame));
}

//  A frame as text. False if it does not fit or is not printable ASCII.
static bool s_text (zframe_t *frame, char *text, size_t size)
{
    bytes_t bytes = s_frame (frame);
    if (bytes.size >= size) {
        return false;
    }
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.data[i] <= ' ' || bytes.data[i] > '~') {
            return false;
        }
        text[i] = (char) bytes.data[i];
    }
    text[bytes.size] = 0;
    return true;
}

//  One whole msgpack value and nothing behind it.
static bool s_is_whole (bytes_t body, wire_type_t type)
{
    reader_t in = reader_of (body);
    wire_type_t found = wire_peek (&in);
    wire_skip (&in);
    return found == type && !in.failed && reader_left (&in) == 0;
}

//  Reads the message in hand as an answer. False: another shape.
static bool s_read_answer (client_t *self, answer_t *answer)
{
    if (zmsg_size (self->answer) != 2) {
        return false;
    }
    memset (answer, 0, sizeof *answer);
    if (!s_text (zmsg_first (self->answer), answer->word, sizeof answer->word)) {
        return false;
    }
    answer->body = s_frame (zmsg_next (self->answer));
    if (!s_is_whole (answer->body, WIRE_MAP)) {
        return false;
    }
    answer->failed = strcmp (answer->word, "ERROR") == 0;
    if (answer->failed) {
        wire_find_text (answer->body, "error", answer->error, sizeof answer->error);
        wire_find_text (answer->body, "text", answer->text, sizeof answer->text);
    }
    return true;
}

fep_err_t client_request (client_t *self, const char *word, bytes_t body, int timeout_ms,
                          answer_t *answer)
{
    return body.size > CLIENT_REQUEST_MAX
               ? FEP_LIMIT
               : client_request_large (self, word, body, timeout_ms, answer);
}

fep_err_t client_request_large (client_t *self, const char *word, bytes_t body, int timeout_ms,
                                answer_t *answer)
{
    FEP_ASSERT (self->door && strlen (word) <= CLIENT_WORD_MAX);
    if (body.size > CLIENT_LARGE_MAX) {
        return FEP_LIMIT;
    }
    int64_t deadline = clock_mono_ms () + timeout_ms;
    self->token++;
    fep_err_t error = s_send (self, word, body, deadline);
    while (!error) {
        error = s_wait (self->door, ZMQ_POLLIN, deadline);
        if (error) {
            break;
        }
        zmsg_destroy (&self->answer);
        self->answer = zmsg_recv (self->door);
        if (!self->answer || !s_read_answer (self, answer)) {
            self->counters.garbled++;
        } else if ((uint64_t) wire_find_int (answer->body, "token", -1) == self->token) {
            break;
        } else {
            self->counters.late++;
        }
    }
    return error;
}

void client_subscribe (client_t *self, const char *prefix)
{
    FEP_ASSERT (self->feed);
    zsock_set_subscribe (self->feed, prefix);
}

void client_unsubscribe (client_t *self, const char *prefix)
{
    FEP_ASSERT (self->feed);
    zsock_set_unsubscribe (self->feed, prefix);
}

static const struct {
    const char *word;         //  In the head
    publication_kind_t kind;  //  What it means
    wire_type_t body;         //  What its body is
} s_kinds[] = {
    {"DATA", PUBLICATION_DATA, WIRE_ARRAY},
    {"TICK", PUBLICATION_TICK, WIRE_ARRAY},
    {"NOTE", PUBLICATION_NOTE, WIRE_MAP},
};

#define HEAD_FIELDS 6
#define FEED_VERSION 1

//  Reads [version, what, epoch, sequence, prev, time_ms]. False: another shape or version.
static bool s_read_head (bytes_t head, publication_t *publication, wire_type_t *body)
{
    reader_t in = reader_of (head);
    uint32_t fields = wire_get_array (&in);
    uint64_t version = wire_get_uint (&in);
    bytes_t what = wire_get_str (&in);
    publication->epoch = wire_get_uint (&in);
    publication->sequence = wire_get_uint (&in);
    publication->prev = wire_get_uint (&in);
    publication->time_ms = wire_get_int (&in);
    if (in.failed || fields < HEAD_FIELDS || version != FEED_VERSION) {
        return false;
    }
    for (size_t i = 0; i < sizeof s_kinds / sizeof s_kinds[0]; i++) {
        if (bytes_equal (what, bytes_text (s_kinds[i].word))) {
            publication->kind = s_kinds[i].kind;
            *body = s_kinds[i].body;
            return true;
        }
    }
    return false;
}

static bool s_read_publication (client_t *self, publication_t *publication)
{
    if (zmsg_size (self->publication) != 3) {
        return false;
    }
    memset (publication, 0, sizeof *publication);
    wire_type_t body = WIRE_BAD;
    if (!s_text (zmsg_first (self->publication), publication->topic, sizeof publication->topic) ||
        !s_read_head (s_frame (zmsg_next (self->publication)), publication, &body)) {
        return false;
    }
    publication->body = s_frame (zmsg_next (self->publication));
    return s_is_whole (publication->body, body);
}

fep_err_t client_next (client_t *self, int timeout_ms, publication_t *publication)
{
    FEP_ASSERT (self->feed);
    int64_t deadline = clock_mono_ms () + timeout_ms;
    for (;;) {
        fep_err_t error = s_wait (self->feed, ZMQ_POLLIN, deadline);
        if (error) {
            return error;
        }
        zmsg_destroy (&self->publication);
        self->publication = zmsg_recv (self->feed);
        if (self->publication && zmsg_content_size (self->publication) <= CLIENT_MESSAGE_MAX &&
            s_read_publication (self, publication)) {
            return FEP_OK;
        }
        self->counters.garbled++;
    }
}

client_counters_t client_counters (const client_t *self)
{
    return self->counters;
}
