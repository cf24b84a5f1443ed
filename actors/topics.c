//  Tables of topics and subscriptions.
#include "actors/topics.h"
#include "fep/metrics.h"
#include "fep/wire.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_ROOM 5  //  array32 and its count, patched at the end
#define FINER "terminal/"
#define GATHERED_FIRST 64

typedef struct {
    uint16_t size;                 //  Of text
    uint8_t text[TOPIC_TEXT_MAX];  //  Prefix; longer ones match nothing and are not kept
} subscription_t;

typedef struct finer finer_t;
struct finer {
    topic_t topic;  //  First
    finer_t *next;  //  In its bucket
};

struct topics {
    topic_t base[MESSAGE_KIND_COUNT][AREA_COUNT];  //  <kind>/<area>
    finer_t **buckets;                             //  terminal/<address>
    size_t bucket_count;                           //  Power of two
    size_t finer_limit, finer_count;               //  Of finer topics
    subscription_t *subscriptions;                 //  SUBSCRIPTIONS_MAX
    size_t subscription_count;                     //  Used
    size_t overflow;                               //  Subscriptions beyond the limit
    topic_t **gathered;                            //  With messages of this commit
    size_t gathered_count, gathered_limit;         //  Of it
};

topics_t *topics_new (size_t finer)
{
    topics_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    for (uint8_t kind = 1; kind < MESSAGE_KIND_COUNT; kind++) {
        for (unsigned area = 0; area < AREA_COUNT; area++) {
            snprintf (self->base[kind][area].text, TOPIC_TEXT_MAX, "%s/%02u",
                      message_kind_name (kind), area);
        }
    }
    self->bucket_count = 16;
    while (self->bucket_count < finer) {
        self->bucket_count *= 2;
    }
    self->finer_limit = finer;
    self->gathered_limit = GATHERED_FIRST;
    self->buckets = calloc (self->bucket_count, sizeof *self->buckets);
    self->subscriptions = calloc (SUBSCRIPTIONS_MAX, sizeof *self->subscriptions);
    self->gathered = malloc (self->gathered_limit * sizeof *self->gathered);
    FEP_ASSERT (self->buckets && self->subscriptions && self->gathered);
    return self;
}

void topics_destroy (topics_t **self_p)
{
    topics_t *self = *self_p;
    if (!self) {
        return;
    }
    for (size_t row = 0; row < MESSAGE_KIND_COUNT; row++) {
        for (size_t area = 0; area < AREA_COUNT; area++) {
            free (self->base[row][area].body);
        }
    }
    for (size_t i = 0; i < self->bucket_count; i++) {
        while (self->buckets[i]) {
            finer_t *finer = self->buckets[i];
            self->buckets[i] = finer->next;
            free (finer->topic.body);
            free (finer);
        }
    }
    free (self->buckets);
    free (self->subscriptions);
    free (self->gathered);
    free (self);
    *self_p = NULL;
}

//  ---- Subscriptions ----

static bool s_matches (const subscription_t *subscription, const char *text)
{
    return strlen (text) >= subscription->size &&
           memcmp (text, subscription->text, subscription->size) == 0;
}

static bool s_wanted (const topics_t *self, const char *text)
{
    for (size_t i = 0; i < self->subscription_count; i++) {
        if (s_matches (&self->subscriptions[i], text)) {
            return true;
        }
    }
    return self->overflow > 0;
}

static bool s_exact (const topics_t *self, const char *text)
{
    for (size_t i = 0; i < self->subscription_count; i++) {
        if (self->subscriptions[i].size == strlen (text) &&
            s_matches (&self->subscriptions[i], text)) {
            return true;
        }
    }
    return false;
}

//  Looks again at the base topics that a prefix concerns; at all if `all`.
static void s_refresh (topics_t *self, bytes_t prefix, bool all)
{
    for (size_t row = 1; row < MESSAGE_KIND_COUNT; row++) {
        for (size_t area = 0; area < AREA_COUNT; area++) {
            topic_t *topic = &self->base[row][area];
            if (all || (strlen (topic->text) >= prefix.size &&
                        memcmp (topic->text, prefix.data, prefix.size) == 0)) {
                topic->wanted = s_wanted (self, topic->text);
                topic->exact = s_exact (self, topic->text);
            }
        }
    }
}

static void s_keep (topics_t *self, bytes_t prefix, bool on)
{
    size_t i = 0;
    while (i < self->subscription_count &&
           !bytes_equal (bytes_of (self->subscriptions[i].text, self->subscriptions[i].size),
                         prefix)) {
        i++;
    }
    if (on && i == self->subscription_count) {
        if (i == SUBSCRIPTIONS_MAX) {
            self->overflow++;
            return;
        }
        self->subscriptions[i].size = (uint16_t) prefix.size;
        memcpy (self->subscriptions[i].text, prefix.data, prefix.size);
        self->subscription_count++;
    }
    if (!on && i < self->subscription_count) {
        self->subscriptions[i] = self->subscriptions[--self->subscription_count];
    } else if (!on && self->overflow) {
        self->overflow--;
    }
}

//  ---- Finer topics ----

static finer_t **s_bucket (topics_t *self, bytes_t address)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < address.size; i++) {
        hash = (hash ^ address.data[i]) * 0x100000001b3u;
    }
    return &self->buckets[(hash ^ hash >> 31) & (self->bucket_count - 1)];
}

//  Where the pointer to the finer topic of that address is, or the end of its bucket.
static finer_t **s_find (topics_t *self, bytes_t address)
{
    finer_t **at = s_bucket (self, address);
    while (*at && !bytes_equal (bytes_text ((*at)->topic.text + strlen (FINER)), address)) {
        at = &(*at)->next;
    }
    return at;
}

static void s_finer_add (topics_t *self, bytes_t address)
{
    finer_t **at = s_find (self, address);
    if (*at) {
        return;
    }
    if (self->finer_count == self->finer_limit) {
        metric_add (METRIC_feed_topics_refused, 1);
        return;
    }
    finer_t *finer = calloc (1, sizeof *finer);
    FEP_ASSERT (finer);
    snprintf (finer->topic.text, TOPIC_TEXT_MAX, "%s%.*s", FINER, (int) address.size,
              (const char *) address.data);
    finer->topic.wanted = true;
    *at = finer;
    self->finer_count++;
}

static void s_finer_remove (topics_t *self, bytes_t address)
{
    finer_t **at = s_find (self, address);
    finer_t *finer = *at;
    if (finer) {
        *at = finer->next;
        free (finer->topic.body);
        free (finer);
        self->finer_count--;
    }
}

void topics_subscribe (topics_t *self, bytes_t prefix, bool on)
{
    const size_t lead = strlen (FINER);
    if (prefix.size >= TOPIC_TEXT_MAX) {
        return;
    }
    bool overflow = self->overflow > 0;
    s_keep (self, prefix, on);
    s_refresh (self, prefix, overflow != (self->overflow > 0));
    if (prefix.size > lead && prefix.size <= lead + ADDRESS_MAX &&
        memcmp (prefix.data, FINER, lead) == 0) {
        bytes_t address = bytes_of (prefix.data + lead, prefix.size - lead);
        if (on) {
            s_finer_add (self, address);
        } else {
            s_finer_remove (self, address);
        }
        metric_set (METRIC_feed_topics, (int64_t) self->finer_count);
    }
}

topic_t *topics_base (topics_t *self, const message_t *message)
{
    size_t row = message->kind < MESSAGE_KIND_COUNT ? message->kind : MESSAGE_EVENT;
    return &self->base[row][message->area % AREA_COUNT];
}

topic_t *topics_finer (topics_t *self, bytes_t address)
{
    finer_t *finer = self->finer_count ? *s_find (self, address) : NULL;
    return finer ? &finer->topic : NULL;
}

size_t topics_finer_count (const topics_t *self)
{
    return self->finer_count;
}

//  ---- Gathering ----

static void s_add (topic_t *topic, uint32_t index, bytes_t message)
{
    topic->size = topic->count ? topic->size : HEAD_ROOM;
    size_t need = topic->size + 8 + message.size;
    if (need > topic->capacity) {
        topic->capacity = need * 2;
        topic->body = realloc (topic->body, topic->capacity);
        FEP_ASSERT (topic->body);
    }
    writer_t out = writer_of (topic->body + topic->size, topic->capacity - topic->size);
    wire_put_array (&out, 2);
    wire_put_uint (&out, index);
    writer_put (&out, message.data, message.size);
    topic->size += out.size;
    topic->count++;
}

void topics_gather (topics_t *self, topic_t *topic, uint32_t index, bytes_t message)
{
    if (!topic->touched) {
        if (self->gathered_count == self->gathered_limit) {
            self->gathered_limit *= 2;
            self->gathered =
                realloc (self->gathered, self->gathered_limit * sizeof *self->gathered);
            FEP_ASSERT (self->gathered);
        }
        self->gathered[self->gathered_count++] = topic;
        topic->touched = true;
    }
    if (topic->wanted) {
        s_add (topic, index, message);
    }
}

size_t topics_gathered (topics_t *self, topic_t *const **list)
{
    *list = self->gathered;
    return self->gathered_count;
}

void topics_clear (topics_t *self, uint64_t sequence)
{
    for (size_t i = 0; i < self->gathered_count; i++) {
        topic_t *topic = self->gathered[i];
        topic->last = sequence;
        topic->touched = false;
        topic->count = 0;
    }
    self->gathered_count = 0;
}

bytes_t topic_body (topic_t *self)
{
    writer_t head = writer_of (self->body, HEAD_ROOM);
    writer_u8 (&head, 0xdd);
    writer_u32be (&head, self->count);
    return bytes_of (self->body, self->size);
}

void topics_tick (topics_t *self, void (*visit) (void *arg, topic_t *topic), void *arg)
{
    for (size_t row = 1; row < MESSAGE_KIND_COUNT; row++) {
        for (size_t area = 0; area < AREA_COUNT; area++) {
            topic_t *topic = &self->base[row][area];
            if (topic->wanted && (topic->last || topic->exact)) {
                visit (arg, topic);
            }
        }
    }
    for (size_t i = 0; i < self->bucket_count; i++) {
        for (finer_t *finer = self->buckets[i]; finer; finer = finer->next) {
            visit (arg, &finer->topic);
        }
    }
}
