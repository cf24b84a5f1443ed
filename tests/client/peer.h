//  A small door and feed in a thread: real sockets, a journal of commits, and a way to be silent,
//  late or wrong on purpose.
#ifndef TESTS_CLIENT_PEER_H
#define TESTS_CLIENT_PEER_H

#include "client/client.h"
#include "fep/pack.h"
#include "fep/wire.h"
#include "tests/test.h"
#include <czmq.h>

#define PATIENCE 20000  //  ms; only a failing test waits so long
#define COMMITS_MAX 64

typedef enum {
    DO_COMMIT,    //  Commit a messages on topic
    DO_PUBLISH,   //  Publish commit a with prev b
    DO_TICK,      //  TICK on topic with head a and prev b
    DO_NOTE,      //  NOTE on topic
    DO_GARBLE,    //  Publications nobody can read, on topic
    DO_EPOCH,     //  Go on with epoch a
    DO_TRIM,      //  The journal begins at a
    DO_FORGET,    //  An empty journal
    DO_BEHAVE,    //  Manner a for the next b requests
    DO_LISTEN,    //  Wait for a subscription
    DO_UNLISTEN,  //  Wait for the end of a subscription
    DO_COUNT
} verb_t;

typedef enum {
    GOOD,
    SILENT,    //  No answer, but keep what is needed for one
    LATE,      //  First answer the one that was kept, then this one
    GARBLED,   //  Three answers nobody can read, then the good one
    HUGE,      //  Larger than a client takes
    REFUSING,  //  ERROR
    CORRUPT    //  ROWS of another shape
} manner_t;

typedef struct {
    verb_t verb;     //  What to do
    uint64_t a;      //  See verb_t
    uint64_t b;      //  See verb_t
    char topic[64];  //  See verb_t
} command_t;

typedef struct {
    char topic[64];  //  "reading/00"
    uint64_t count;  //  Messages
} commit_t;

//  The thread's own.
typedef struct {
    zsock_t *pipe;                  //  From the test
    zsock_t *door;                  //  ROUTER
    zsock_t *feed;                  //  XPUB
    uint64_t epoch;                 //  As published
    uint64_t first;                 //  Of the journal
    uint64_t head;                  //  Of the journal
    commit_t commits[COMMITS_MAX];  //  By sequence
    manner_t manner;                //  For the next
    uint64_t manner_left;           //  so many requests
    zmsg_t *kept;                   //  A request not answered yet
    uint64_t requests;              //  Received
} fake_t;

//  The test's end.
typedef struct {
    zactor_t *thread;  //  Runs peer_fake
    char door[64];     //  Endpoint
    char feed[64];     //  Endpoint
} peer_t;

//  One reading whose value tells commit and index.
static inline void peer_put_message (uint64_t sequence, uint64_t index, writer_t *out)
{
    static uint8_t bytes[4096];
    batch_t *batch = batch_new ();
    message_t *message = batch_message (batch, MESSAGE_READING);
    message->address = bytes_text ("310100012");
    message->time_ms = 1000;
    batch_item (batch, 0x10010800, value_decimal ((int64_t) (sequence * 100 + index), -2, 0));
    writer_t packed = writer_of (bytes, sizeof bytes);
    batch_head_t head = {.messages = 1};
    assert_int_equal (pack_batch (batch, &head, &packed), FEP_OK);
    cursor_t cursor = cursor_of (writer_bytes (&packed));
    message_t copy;
    bytes_t span;
    assert_int_equal (cursor_batch (&cursor, &head), FEP_OK);
    assert_int_equal (cursor_message (&cursor, &copy), FEP_OK);
    assert_int_equal (cursor_span (&cursor, &span), FEP_OK);
    writer_put (out, span.data, span.size);
    batch_destroy (&batch);
}

static inline void peer_put_messages (const fake_t *self, uint64_t sequence, writer_t *out)
{
    uint64_t count = self->commits[sequence].count;
    wire_put_array (out, (uint32_t) count);
    for (uint64_t i = 0; i < count; i++) {
        wire_put_array (out, 2);
        wire_put_uint (out, i);
        peer_put_message (sequence, i, out);
    }
}

static inline void peer_publish (fake_t *self, const char *topic, const char *what,
                                 uint64_t sequence, uint64_t prev, bytes_t body)
{
    uint8_t bytes[128];
    writer_t head = writer_of (bytes, sizeof bytes);
    wire_put_array (&head, 7);  //  One field more than known, as a later version may have
    wire_put_uint (&head, 1);
    wire_put_text (&head, what);
    wire_put_uint (&head, self->epoch);
    wire_put_uint (&head, sequence);
    wire_put_uint (&head, prev);
    wire_put_int (&head, 1234);
    wire_put_nil (&head);
    zmsg_t *message = zmsg_new ();
    zmsg_addstr (message, topic);
    zmsg_addmem (message, head.data, head.size);
    zmsg_addmem (message, body.data, body.size);
    zmsg_send (&message, self->feed);
}

static inline bool peer_matches (const fake_t *self, uint64_t sequence, bytes_t body)
{
    char topic[64], kind[16] = "";
    if (wire_find_text (body, "terminal", kind, sizeof kind)) {
        snprintf (topic, sizeof topic, "terminal/%s", kind);
    } else {
        wire_find_text (body, "kind", kind, sizeof kind);
        snprintf (topic, sizeof topic, "%s/%02d", kind, (int) wire_find_int (body, "area", -1));
    }
    return strcmp (self->commits[sequence].topic, topic) == 0;
}

#define PAGE 3  //  Sequences one page looks at

static inline void peer_answer_fetch (fake_t *self, bytes_t body, bool corrupt, writer_t *out,
                                      char *word)
{
    uint64_t from = (uint64_t) wire_find_int (body, "from", 0);
    bool trimmed = from < self->first;
    strcpy (word, trimmed ? "TRIMMED" : "ROWS");
    wire_put_map (out, trimmed ? 3 : 6);
    wire_pair_int (out, "token", wire_find_int (body, "token", 0));
    wire_pair_uint (out, "first", trimmed ? self->first : from);
    wire_pair_uint (out, "head", self->head);
    if (trimmed) {
        return;
    }
    uint64_t next = from + PAGE <= self->head ? from + PAGE : self->head + 1;
    wire_pair_uint (out, "epoch", self->epoch);
    wire_pair_uint (out, "next", next);
    wire_put_text (out, "commits");
    if (corrupt) {
        wire_put_array (out, 1);
        wire_put_array (out, 1);
        wire_put_uint (out, from);
        return;
    }
    size_t mark = wire_open_array (out);
    uint32_t count = 0;
    for (uint64_t sequence = from; sequence < next; sequence++) {
        if (peer_matches (self, sequence, body)) {
            wire_put_array (out, 2);
            wire_put_uint (out, sequence);
            peer_put_messages (self, sequence, out);
            count++;
        }
    }
    wire_close_array (out, mark, count);
}

static inline void peer_reply (fake_t *self, zframe_t *peer, const char *word, const void *body,
                               size_t size)
{
    zmsg_t *message = zmsg_new ();
    zframe_t *copy = zframe_dup (peer);
    zmsg_append (message, &copy);
    zmsg_addstr (message, word);
    zmsg_addmem (message, body, size);
    zmsg_send (&message, self->door);
}

static inline void peer_answer (fake_t *self, zmsg_t *request, manner_t manner)
{
    static uint8_t bytes[65536];
    zframe_t *peer = zmsg_first (request);
    char *word = zframe_strdup (zmsg_next (request));
    zframe_t *frame = zmsg_next (request);
    bytes_t body = bytes_of (zframe_data (frame), zframe_size (frame));
    char answer[32];
    snprintf (answer, sizeof answer, "%s", word);
    writer_t out = writer_of (bytes, sizeof bytes);
    if (manner == REFUSING) {
        strcpy (answer, "ERROR");
        wire_put_map (&out, 3);
        wire_pair_int (&out, "token", wire_find_int (body, "token", 0));
        wire_pair_text (&out, "error", "NOT_FOUND");
        wire_pair_text (&out, "text", "there is none of that name or number");
    } else if (strcmp (word, "FETCH") == 0) {
        peer_answer_fetch (self, body, manner == CORRUPT, &out, answer);
    } else {
        wire_put_map (&out, 3);
        wire_pair_int (&out, "token", wire_find_int (body, "token", 0));
        wire_pair_int (&out, "echo", wire_find_int (body, "say", -7));
        wire_pair_uint (&out, "requests", self->requests);
    }
    peer_reply (self, peer, answer, out.data, out.size);
    zstr_free (&word);
}

static inline void peer_garble (fake_t *self, zframe_t *peer)
{
    peer_reply (self, peer, "STATUS", "\xdf\xff\xff\xff\xff", 5);
    peer_reply (self, peer, "STATUS", "\x93\x01\x02\x03", 4);
    peer_reply (self, peer, "WORD WITH BLANKS", "\x80", 1);
    zmsg_t *message = zmsg_new ();
    zframe_t *copy = zframe_dup (peer);
    zmsg_append (message, &copy);
    zmsg_addstr (message, "STATUS");
    zmsg_send (&message, self->door);
}

static inline void peer_serve (fake_t *self)
{
    zmsg_t *request = zmsg_recv (self->door);
    FEP_ASSERT (request && zmsg_size (request) == 3);
    self->requests++;
    manner_t manner = self->manner_left ? self->manner : GOOD;
    self->manner_left -= self->manner_left > 0;
    if (manner == SILENT) {
        zmsg_destroy (&self->kept);
        self->kept = request;
        return;
    }
    if (manner == LATE) {
        peer_answer (self, self->kept, GOOD);
    } else if (manner == GARBLED) {
        peer_garble (self, zmsg_first (request));
    } else if (manner == HUGE) {
        size_t size = CLIENT_MESSAGE_MAX + 1;
        void *bytes = calloc (1, size);
        peer_reply (self, zmsg_first (request), "STATUS", bytes, size);
        free (bytes);
        zmsg_destroy (&request);
        return;
    }
    peer_answer (self, request, manner);
    zmsg_destroy (&request);
}

static inline void peer_do_commit (fake_t *self, const command_t *command)
{
    self->head++;
    FEP_ASSERT (self->head < COMMITS_MAX);
    snprintf (self->commits[self->head].topic, 64, "%s", command->topic);
    self->commits[self->head].count = command->a;
}

static inline void peer_do_publish (fake_t *self, const command_t *command)
{
    static uint8_t bytes[65536];
    writer_t out = writer_of (bytes, sizeof bytes);
    peer_put_messages (self, command->a, &out);
    peer_publish (self, self->commits[command->a].topic, "DATA", command->a, command->b,
                  writer_bytes (&out));
}

static inline void peer_do_tick (fake_t *self, const command_t *command)
{
    peer_publish (self, command->topic, "TICK", command->a, command->b, bytes_of ("\x90", 1));
}

static inline void peer_do_note (fake_t *self, const command_t *command)
{
    peer_publish (self, command->topic, "NOTE", 0, 0,
                  bytes_of ("\x81\xa1"
                            "a\x01",
                            4));
}

static inline void peer_do_garble (fake_t *self, const command_t *command)
{
    peer_publish (self, command->topic, "ODD", 1, 0, bytes_of ("\x90", 1));
    peer_publish (self, command->topic, "TICK", 1, 0, bytes_of ("\xdd\xff\xff\xff\xff", 5));
    zsock_send (self->feed, "sss", command->topic, "\x91\x02", "");
    zsock_send (self->feed, "s", command->topic);
}

static inline void peer_do_epoch (fake_t *self, const command_t *command)
{
    self->epoch = command->a;
}

static inline void peer_do_trim (fake_t *self, const command_t *command)
{
    self->first = command->a;
}

static inline void peer_do_forget (fake_t *self, const command_t *command)
{
    (void) command;
    self->first = 1;
    self->head = 0;
}

static inline void peer_do_behave (fake_t *self, const command_t *command)
{
    self->manner = (manner_t) command->a;
    self->manner_left = command->b;
}

static inline void peer_do_listen (fake_t *self, const command_t *command)
{
    zframe_t *frame = zframe_recv (self->feed);
    FEP_ASSERT (frame && zframe_size (frame) > 0);
    FEP_ASSERT (zframe_data (frame)[0] == (command->verb == DO_LISTEN));
    zframe_destroy (&frame);
}

static void (*const peer_verbs[DO_COUNT]) (fake_t *, const command_t *) = {
    [DO_COMMIT] = peer_do_commit, [DO_PUBLISH] = peer_do_publish, [DO_TICK] = peer_do_tick,
    [DO_NOTE] = peer_do_note,     [DO_GARBLE] = peer_do_garble,   [DO_EPOCH] = peer_do_epoch,
    [DO_TRIM] = peer_do_trim,     [DO_FORGET] = peer_do_forget,   [DO_BEHAVE] = peer_do_behave,
    [DO_LISTEN] = peer_do_listen, [DO_UNLISTEN] = peer_do_listen,
};

static inline void peer_fake (zsock_t *pipe, void *arg)
{
    (void) arg;
    fake_t self = {.pipe = pipe, .epoch = 1, .first = 1};
    self.door = zsock_new (ZMQ_ROUTER);
    self.feed = zsock_new (ZMQ_XPUB);
    zsock_set_rcvtimeo (self.feed, PATIENCE);
    int door = zsock_bind (self.door, "tcp://127.0.0.1:*");
    int feed = zsock_bind (self.feed, "tcp://127.0.0.1:*");
    FEP_ASSERT (door > 0 && feed > 0);
    zpoller_t *poller = zpoller_new (pipe, self.door, NULL);
    zsock_signal (pipe, 0);
    zsock_send (pipe, "ii", door, feed);
    for (;;) {
        void *ready = zpoller_wait (poller, -1);
        if (ready == self.door) {
            peer_serve (&self);
            continue;
        }
        zframe_t *frame = ready ? zframe_recv (pipe) : NULL;
        if (!frame || zframe_size (frame) != sizeof (command_t)) {
            zframe_destroy (&frame);
            break;
        }
        command_t command;
        memcpy (&command, zframe_data (frame), sizeof command);
        zframe_destroy (&frame);
        peer_verbs[command.verb](&self, &command);
        zsock_signal (pipe, 0);
    }
    zmsg_destroy (&self.kept);
    zpoller_destroy (&poller);
    zsock_set_linger (self.door, 0);
    zsock_destroy (&self.door);
    zsock_destroy (&self.feed);
}

static inline peer_t peer_start (void)
{
    zsys_handler_set (NULL);
    peer_t peer = {.thread = zactor_new (peer_fake, NULL)};
    int door = 0, feed = 0;
    assert_int_equal (zsock_recv (peer.thread, "ii", &door, &feed), 0);
    snprintf (peer.door, sizeof peer.door, "tcp://127.0.0.1:%d", door);
    snprintf (peer.feed, sizeof peer.feed, "tcp://127.0.0.1:%d", feed);
    return peer;
}

static inline void peer_do (peer_t *peer, verb_t verb, const char *topic, uint64_t a, uint64_t b)
{
    command_t command = {.verb = verb, .a = a, .b = b};
    snprintf (command.topic, sizeof command.topic, "%s", topic);
    zframe_t *frame = zframe_new (&command, sizeof command);
    zframe_send (&frame, peer->thread, 0);
    assert_int_equal (zsock_wait (peer->thread), 0);
}

#endif
