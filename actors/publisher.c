//  Publisher: follows the journal and publishes it on the feed. The hints of storage are lossy, the journal is
//  not; a subscriber that cannot keep up has a gap it can see (sequence, prev, TICK) and heal (FETCH).
//
//  Words it takes: COMMITTED from storage; NOTE from anybody.
//  A publication is three frames: topic, [version, what, epoch, sequence, prev, time], body.
#include "actors/actor.h"
#include "actors/topics.h"
#include "fep/clock.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include "fep/pack.h"
#include "fep/wire.h"
#include <string.h>

#define FEED_VERSION 1
#define LOOK_US 200000       //  How often the journal's head is compared, should a hint be lost
#define CATCH_UP_RECORDS 64  //  Read from the journal in one turn
#define LINGER_MS 500        //  For subscribers to take the last publications at an ordered stop

typedef struct {
    actor_t *actor;     //  Frame
    store_t *store;     //  Borrowed
    zsock_t *feed;      //  XPUB
    topics_t *topics;   //  What and who
    uint64_t position;  //  Last sequence published
    walker_t *walker;   //  Stands behind position; NULL while hints suffice
    int64_t tick_us;    //  Next TICK
    int64_t look_us;    //  Next comparison with the journal's head
} publisher_t;

static void s_send (publisher_t *self, const char *topic, const char *what, uint64_t sequence,
                    uint64_t prev, bytes_t body)
{
    void *feed = zsock_resolve (self->feed);
    uint8_t memory[64];
    writer_t head = writer_of (memory, sizeof memory);
    wire_put_array (&head, 6);
    wire_put_uint (&head, FEED_VERSION);
    wire_put_text (&head, what);
    wire_put_uint (&head, actor_context (self->actor)->epoch);
    wire_put_uint (&head, sequence);
    wire_put_uint (&head, prev);
    wire_put_int (&head, clock_wall_ms ());
    zmq_send (feed, topic, strlen (topic), ZMQ_DONTWAIT | ZMQ_SNDMORE);
    zmq_send (feed, head.data, head.size, ZMQ_DONTWAIT | ZMQ_SNDMORE);
    zmq_send (feed, body.data, body.size, ZMQ_DONTWAIT);
    metric_add (METRIC_publications, 1);
}

//  Gathers the messages of a record by topic, then publishes each topic once.
static void s_publish (publisher_t *self, uint64_t sequence, bytes_t batches)
{
    cursor_t cursor = cursor_of (batches);
    batch_head_t head;
    message_t message;
    uint32_t index = 0;
    topic_t *const *touched;
    while (cursor_batch (&cursor, &head) == FEP_OK) {
        while (cursor_message (&cursor, &message) == FEP_OK) {
            bytes_t span;
            topic_t *finer = topics_finer (self->topics, message.address);
            topic_t *base = topics_base (self->topics, &message);
            if (cursor_span (&cursor, &span) != FEP_OK) {
                break;
            }
            topics_gather (self->topics, base, index, span);
            if (finer) {
                topics_gather (self->topics, finer, index, span);
            }
            index++;
        }
    }
    size_t count = topics_gathered (self->topics, &touched);
    for (size_t i = 0; i < count; i++) {
        if (touched[i]->count) {
            s_send (self, touched[i]->text, "DATA", sequence, touched[i]->last,
                    topic_body (touched[i]));
        }
    }
    topics_clear (self->topics, sequence);
    self->position = sequence;
    store_follower_at (self->store, NAME_PUBLISHER, sequence);
}

//  Publishes from the journal what hints did not bring. True if there may be more.
static bool s_catch_up (publisher_t *self)
{
    record_t record;
    fep_err_t error = FEP_OK;
    if (self->position >= store_head (self->store)) {
        walker_close (&self->walker);
        return false;
    }
    if (!self->walker) {
        error = walker_open (self->store, self->position + 1, &self->walker);
    }
    for (int i = 0; i < CATCH_UP_RECORDS && error == FEP_OK; i++) {
        error = walker_next (self->walker, &record);
        if (error == FEP_OK) {
            s_publish (self, record.sequence, record.batches);
        }
    }
    if (error == FEP_TRIMMED) {
        log_line (LEVEL_WARNING, "FOLLOWER-TRIMMED", "position=%llu first=%llu",
                  (unsigned long long) self->position,
                  (unsigned long long) store_first (self->store));
        self->position = store_first (self->store) - 1;
        walker_close (&self->walker);
        return true;
    }
    if (error != FEP_OK && error != FEP_NOT_FOUND) {
        actor_fail (self->actor, "PUBLISHER-JOURNAL", error);
        return false;
    }
    return error == FEP_OK;
}

static fep_err_t s_on_committed (void *arg, actor_t *actor, bytes_t body)
{
    publisher_t *self = arg;
    committed_t head;
    (void) actor;
    if (body.size < sizeof head) {
        return FEP_TRUNCATED;
    }
    memcpy (&head, body.data, sizeof head);
    if (head.sequence == self->position + 1) {
        walker_close (&self->walker);
        s_publish (self, head.sequence,
                   bytes_of (body.data + sizeof head, body.size - sizeof head));
    }
    return FEP_OK;
}

static fep_err_t s_on_note (void *arg, actor_t *actor, bytes_t body)
{
    publisher_t *self = arg;
    reader_t in = reader_of (body);
    char topic[TOPIC_TEXT_MAX + 64];
    (void) actor;
    if (wire_get_array (&in) != 2) {
        return FEP_CORRUPT;
    }
    bytes_t text = wire_get_str (&in);
    if (in.failed || text.size >= sizeof topic) {
        return FEP_CORRUPT;
    }
    memcpy (topic, text.data, text.size);
    topic[text.size] = 0;
    s_send (self, topic, "NOTE", 0, 0, bytes_of (in.data + in.pos, reader_left (&in)));
    return FEP_OK;
}

//  Subscriptions, as XPUB hands them over.
static void s_raw (void *arg, actor_t *actor, int socket)
{
    publisher_t *self = arg;
    zmq_msg_t message;
    zmq_msg_init (&message);
    if (zmq_msg_recv (&message, actor_socket (actor, socket), ZMQ_DONTWAIT) > 0) {
        const uint8_t *data = zmq_msg_data (&message);
        topics_subscribe (self->topics, bytes_of (data + 1, zmq_msg_size (&message) - 1),
                          data[0] == 1);
    }
    zmq_msg_close (&message);
}

static void s_tick_topic (void *arg, topic_t *topic)
{
    publisher_t *self = arg;
    static const uint8_t empty[] = {0x90};
    s_send (self, topic->text, "TICK", self->position, topic->last, bytes_of (empty, sizeof empty));
}

static int64_t s_tick (void *arg, actor_t *actor, int64_t now_us)
{
    publisher_t *self = arg;
    bool more = false;
    if (now_us >= self->look_us || self->walker) {
        more = s_catch_up (self);
        self->look_us = now_us + LOOK_US;
    }
    metric_set (METRIC_publisher_behind, (int64_t) (store_head (self->store) - self->position));
    if (now_us >= self->tick_us) {
        topics_tick (self->topics, s_tick_topic, self);
        self->tick_us = now_us + (int64_t) actor_config (actor)->feed.tick_ms * 1000;
    }
    if (more) {
        return now_us;
    }
    return self->tick_us < self->look_us ? self->tick_us : self->look_us;
}

static bool s_drain (void *arg, actor_t *actor)
{
    publisher_t *self = arg;
    (void) actor;
    while (s_catch_up (self)) {
    }
    return true;
}

static fep_err_t s_start (void *arg, actor_t *actor)
{
    publisher_t *self = arg;
    const config_t *config = actor_config (actor);
    char endpoint[128];
    self->actor = actor;
    self->store = actor_context (actor)->store;
    self->topics = topics_new ((size_t) config->feed.topics);
    fep_err_t error =
        store_follower (self->store, NAME_PUBLISHER, store_head (self->store), &self->position);
    if (error != FEP_OK) {
        return error;
    }
    self->position = store_head (self->store);
    store_follower_at (self->store, NAME_PUBLISHER, self->position);
    if (actor_pull (actor, AT_PUBLISHER, MARK_HINT, false) < 0 ||
        actor_pull (actor, AT_PUBLISHER_NOTES, MARK_DOOR, false) < 0) {
        return FEP_SYSTEM;
    }
    self->feed = zsock_new (ZMQ_XPUB);
    if (!self->feed) {
        return FEP_SYSTEM;
    }
    zsock_set_sndhwm (self->feed, (int) config->feed.queue);
    zsock_set_linger (self->feed, LINGER_MS);
    zsock_set_tcp_keepalive (self->feed, 1);
    snprintf (endpoint, sizeof endpoint, "tcp://%s:%u", config->feed.address,
              (unsigned) config->feed.port);
    if (zmq_bind (zsock_resolve (self->feed), endpoint) != 0) {
        log_line (LEVEL_ERROR, "FEED-BIND", "endpoint=%s problem=\"%s\"", endpoint,
                  zmq_strerror (zmq_errno ()));
        return FEP_SYSTEM;
    }
    log_line (LEVEL_INFO, "FEED", "endpoint=%s epoch=%llu head=%llu", endpoint,
              (unsigned long long) actor_context (actor)->epoch,
              (unsigned long long) self->position);
    return actor_raw (actor, zsock_resolve (self->feed)) < 0 ? FEP_SYSTEM : FEP_OK;
}

static void s_stop (void *arg, actor_t *actor)
{
    publisher_t *self = arg;
    (void) actor;
    walker_close (&self->walker);
    zsock_destroy (&self->feed);
    topics_destroy (&self->topics);
}

static const actor_word_t s_words[] = {
    {WORD_COMMITTED, s_on_committed}, {WORD_NOTE, s_on_note}, {NULL, NULL}};

const actor_class_t publisher_class = {.name = NAME_PUBLISHER,
                                       .self_size = sizeof (publisher_t),
                                       .start = s_start,
                                       .stop = s_stop,
                                       .tick = s_tick,
                                       .drain = s_drain,
                                       .raw = s_raw,
                                       .words = s_words};
