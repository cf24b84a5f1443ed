//  Publisher: follows the journal and publishes it on the feed. The hints of storage are lossy, the journal is
//  not; a subscriber that cannot keep up has a gap it can see (sequence, prev, TICK) and heal (FETCH).
//
//  Words it takes: COMMITTED from storage; NOTE from anybody.
//  A publication is three frames: topic, [version, what, epoch, sequence, prev, time], body.
#include "actors/actor.h"
#include "actors/follower.h"
#include "actors/split.h"
#include "actors/topics.h"
#include "fep/clock.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include "fep/pack.h"
#include "fep/wire.h"
#include <string.h>

#define FEED_VERSION 1
#define LINGER_MS 500  //  For subscribers to take the last publications at an ordered stop

typedef struct {
    actor_t *actor;       //  Frame
    store_t *store;       //  Borrowed
    zsock_t *feed;        //  XPUB
    topics_t *topics;     //  What and who
    split_t *split;       //  Good and suspect halves
    follower_t follower;  //  Of the journal
    int64_t tick_us;      //  Next TICK
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

static void s_gather (publisher_t *self, const message_t *message, uint32_t index, bytes_t packed)
{
    topic_t *finer = topics_finer (self->topics, message->address);
    topics_gather (self->topics, topics_base (self->topics, message), index, packed);
    if (finer) {
        topics_gather (self->topics, finer, index, packed);
    }
}

//  The halves of a reading of which something is suspect, each on its own topic.
static void s_gather_halves (publisher_t *self, uint32_t index, bytes_t packed)
{
    split_part_t part;
    fep_err_t error = split_begin (self->split, packed);
    while (error == FEP_OK && split_next (self->split, &part) == FEP_OK) {
        s_gather (self, &part.message, index, part.bytes);
    }
}

//  Gathers the messages of a record by topic, then publishes each topic once.
static void s_publish (void *arg, uint64_t sequence, bytes_t batches)
{
    publisher_t *self = arg;
    cursor_t cursor = cursor_of (batches);
    batch_head_t head;
    message_t message;
    uint32_t index = 0;
    topic_t *const *touched;
    while (cursor_batch (&cursor, &head) == FEP_OK) {
        while (cursor_message (&cursor, &message) == FEP_OK) {
            bytes_t span;
            if (cursor_span (&cursor, &span) != FEP_OK) {
                break;
            }
            if (message.kind == MESSAGE_HELD) {
                s_gather_halves (self, index, span);
            } else {
                s_gather (self, &message, index, span);
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
    store_follower_at (self->store, NAME_PUBLISHER, sequence);
}

static fep_err_t s_on_committed (void *arg, actor_t *actor, bytes_t body)
{
    publisher_t *self = arg;
    (void) actor;
    return follower_hint (&self->follower, body);
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
    s_send (self, topic->text, "TICK", self->follower.position, topic->last,
            bytes_of (empty, sizeof empty));
}

static int64_t s_tick (void *arg, actor_t *actor, int64_t now_us)
{
    publisher_t *self = arg;
    bool more;
    fep_err_t error = follower_catch_up (&self->follower, now_us, &more);
    if (error != FEP_OK) {
        actor_fail (actor, "PUBLISHER-JOURNAL", error);
    }
    metric_set (METRIC_publisher_behind, (int64_t) follower_behind (&self->follower));
    if (now_us >= self->tick_us) {
        topics_tick (self->topics, s_tick_topic, self);
        self->tick_us = now_us + (int64_t) actor_config (actor)->feed.tick_ms * 1000;
    }
    if (more) {
        return now_us;
    }
    return self->tick_us < self->follower.look_us ? self->tick_us : self->follower.look_us;
}

static bool s_drain (void *arg, actor_t *actor)
{
    publisher_t *self = arg;
    fep_err_t error = follower_finish (&self->follower);
    if (error != FEP_OK) {
        actor_fail (actor, "PUBLISHER-JOURNAL", error);
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
    self->split = split_new ();
    uint64_t head = store_head (self->store);
    uint64_t position;
    fep_err_t error = store_follower (self->store, NAME_PUBLISHER, head, &position);
    if (error != FEP_OK) {
        return error;
    }
    //  What was committed before this start is FETCHed, not published again.
    follower_init (&self->follower, self->store, head, s_publish, self);
    store_follower_at (self->store, NAME_PUBLISHER, head);
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
              (unsigned long long) self->follower.position);
    return actor_raw (actor, zsock_resolve (self->feed)) < 0 ? FEP_SYSTEM : FEP_OK;
}

static void s_stop (void *arg, actor_t *actor)
{
    publisher_t *self = arg;
    (void) actor;
    follower_fini (&self->follower);
    zsock_destroy (&self->feed);
    topics_destroy (&self->topics);
    split_destroy (&self->split);
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
                                       .words = s_words,
                                       .behind = true};
