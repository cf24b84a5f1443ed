//  One publication is in hand at most. If it shows a gap it waits while pages are fetched and given
//  out; then what is left of it is given out itself. `last` of a topic moves when a commit begins
//  to be given out.
#include "client/subscriber.h"
#include "client/fetch.h"
#include "fep/clock.h"
#include <stdio.h>
#include <stdlib.h>

typedef struct {
    char name[CLIENT_TOPIC_MAX + 1];  //  "reading/00"
    bool known;                       //  `last` is a sequence up to which nothing is missing
    uint64_t last;                    //  See above
    uint64_t epoch;                   //  Of its newest publication
    uint64_t base;                    //  `last` when the epoch began, until its first TICK
    bool quiet_checked;               //  A TICK without prev was healed in this epoch
} topic_t;

struct subscriber {
    client_t *client;                //  Its own
    uint64_t from;                   //  First sequence wanted; 0 = from now on
    topic_t *topics;                 //  SUBSCRIBER_TOPICS_MAX, in order of appearance
    size_t topic_count;              //  Used
    topic_t *topic;                  //  The one being given out
    bool in_hand;                    //  A publication waits for its turn
    publication_t publication;       //  It; its bytes are the client's
    bool healing;                    //  A gap of `topic` is being fetched
    uint64_t heal_next;              //  Next sequence to ask for
    uint64_t heal_to;                //  Last one wanted
    fetch_page_t page;               //  The page being given out
    fetch_messages_t messages;       //  The commit being given out
    uint64_t sequence;               //  Its sequence
    bool fetched;                    //  It came by FETCH
    char refusal[320];               //  Why the door refused last
    subscriber_counters_t counters;  //  Since the start
};

fep_err_t subscriber_open (const char *door, const char *feed, uint64_t from, subscriber_t **self_p)
{
    *self_p = NULL;
    client_t *client = NULL;
    fep_err_t error = client_open (door, feed, &client);
    if (error) {
        return error;
    }
    subscriber_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    self->topics = calloc (SUBSCRIBER_TOPICS_MAX, sizeof *self->topics);
    FEP_ASSERT (self->topics);
    self->client = client;
    self->from = from;
    *self_p = self;
    return FEP_OK;
}

void subscriber_close (subscriber_t **self_p)
{
    FEP_ASSERT (self_p);
    subscriber_t *self = *self_p;
    if (self) {
        client_close (&self->client);
        free (self->topics);
        free (self);
        *self_p = NULL;
    }
}

void subscriber_add (subscriber_t *self, const char *prefix)
{
    client_subscribe (self->client, prefix);
}

//  The topic of that name, or a fresh one; NULL if there are too many.
static topic_t *s_topic (subscriber_t *self, const char *name)
{
    for (size_t i = 0; i < self->topic_count; i++) {
        if (strcmp (self->topics[i].name, name) == 0) {
            return &self->topics[i];
        }
    }
    if (self->topic_count == SUBSCRIBER_TOPICS_MAX) {
        return NULL;
    }
    topic_t *topic = &self->topics[self->topic_count++];
    snprintf (topic->name, sizeof topic->name, "%s", name);
    topic->known = self->from > 0;
    topic->last = self->from ? self->from - 1 : 0;
    return topic;
}

static void s_heal (subscriber_t *self, uint64_t to)
{
    self->healing = true;
    self->heal_next = self->topic->last + 1;
    self->heal_to = to;
    self->counters.heals++;
}

//  DATA: complete already, the next one, or behind a gap.
static void s_take_data (subscriber_t *self, topic_t *topic)
{
    const publication_t *data = &self->publication;
    if (topic->known && data->sequence <= topic->last) {
        self->counters.duplicates++;
        return;
    }
    self->topic = topic;
    self->in_hand = true;
    bool gap = topic->known && (data->prev == 0 || data->prev > topic->last);
    if (gap && data->sequence > topic->last + 1) {
        s_heal (self, data->sequence - 1);
    }
}

//  TICK: shows a lost last publication, and tells a fresh subscriber where it stands.
static void s_take_tick (subscriber_t *self, topic_t *topic)
{
    const publication_t *tick = &self->publication;
    uint64_t to = tick->prev;
    if (!topic->known) {
        topic->known = tick->prev > 0;
        topic->last = tick->prev;
        return;
    }
    if (tick->prev == 0 && !topic->quiet_checked) {
        topic->quiet_checked = true;
        to = tick->sequence;
    }
    if (to > topic->last) {
        s_heal (self, to);
    }
}

//  The daemon was started again. What was complete then is what its journal must still have.
static void s_enter_epoch (topic_t *topic, uint64_t epoch)
{
    topic->base = topic->epoch && topic->known ? topic->last : 0;
    topic->epoch = epoch;
    topic->quiet_checked = false;
}

//  The first TICK of an epoch shows whether it goes on with the journal seen before. True: it does
//  not.
static bool s_is_other_journal (subscriber_t *self, topic_t *topic)
{
    bool other = self->publication.sequence < topic->base;
    topic->base = 0;
    if (other) {
        topic->last = 0;
        self->counters.resets++;
    }
    return other;
}

//  Takes a publication in hand. *reset: another journal begins.
static fep_err_t s_take (subscriber_t *self, bool *reset)
{
    const publication_t *seen = &self->publication;
    if (seen->kind == PUBLICATION_NOTE) {
        return FEP_OK;
    }
    topic_t *topic = s_topic (self, seen->topic);
    if (!topic) {
        self->counters.overflow++;
        return FEP_FULL;
    }
    if (seen->epoch < topic->epoch) {
        self->counters.duplicates++;
        return FEP_OK;
    }
    if (seen->epoch > topic->epoch) {
        s_enter_epoch (topic, seen->epoch);
    }
    if (seen->kind == PUBLICATION_TICK) {
        self->topic = topic;
        *reset = s_is_other_journal (self, topic);
        s_take_tick (self, topic);
    } else {
        s_take_data (self, topic);
    }
    return FEP_OK;
}

//  The heal has reached what was wanted: everything up to heal_next - 1 is complete.
static void s_end_heal (subscriber_t *self)
{
    self->healing = false;
    if (self->heal_next - 1 > self->topic->last) {
        self->topic->last = self->heal_next - 1;
    }
}

//  A page or commit of another shape: what is in hand is dropped, so that the gap stays open.
static fep_err_t s_give_up (subscriber_t *self)
{
    self->healing = false;
    self->in_hand = false;
    self->counters.corrupt++;
    return FEP_CORRUPT;
}

//  The journal begins behind what is wanted. *done: the event says what is lost.
static fep_err_t s_skip_trimmed (subscriber_t *self, uint64_t first, subscriber_event_t *event,
                                 bool *done)
{
    if (first <= self->heal_next) {
        return s_give_up (self);
    }
    *event = (subscriber_event_t){.what = SUBSCRIBER_LOST,
                                  .topic = self->topic->name,
                                  .epoch = self->topic->epoch,
                                  .from = self->heal_next,
                                  .to = first - 1};
    self->counters.lost += first - self->heal_next;
    self->heal_next = first;
    self->topic->last = first - 1;
    *done = true;
    return FEP_OK;
}

//  Asks for the next page.
static fep_err_t s_fetch (subscriber_t *self, int timeout_ms, subscriber_event_t *event, bool *done)
{
    fetch_filter_t filter;
    if (fetch_filter_of (self->topic->name, &filter) != FEP_OK) {
        return s_give_up (self);
    }
    answer_t answer = {0};
    fetch_page_t page = {0};
    fep_err_t error =
        fetch_page (self->client, &filter, self->heal_next, 0, timeout_ms, &answer, &page);
    if (error) {
        return error == FEP_CORRUPT ? s_give_up (self) : error;
    }
    if (answer.failed) {
        snprintf (self->refusal, sizeof self->refusal, "%s: %s", answer.error, answer.text);
        return FEP_REFUSED;
    }
    self->counters.pages++;
    if (page.trimmed) {
        return s_skip_trimmed (self, page.first, event, done);
    }
    bool stands = page.next <= self->heal_next && page.left == 0;
    if (stands && page.next <= page.head) {
        return s_give_up (self);
    }
    self->page = page;
    self->heal_next = page.next > self->heal_next ? page.next : self->heal_next;
    //  The door has not come to what the feed showed already: ask again later.
    return stands ? FEP_TIMEOUT : FEP_OK;
}

//  Begins the next commit of the page, if it is new.
static fep_err_t s_next_commit (subscriber_t *self)
{
    uint64_t sequence = 0;
    bytes_t messages = {0};
    fep_err_t error = fetch_commit (&self->page, &sequence, &messages);
    if (error) {
        return s_give_up (self);
    }
    if (sequence > self->topic->last) {
        self->topic->last = sequence;
        self->sequence = sequence;
        self->fetched = true;
        self->messages = fetch_messages (messages);
    }
    return FEP_OK;
}

//  The publication's turn has come.
static void s_release (subscriber_t *self)
{
    const publication_t *data = &self->publication;
    self->in_hand = false;
    if (self->topic->known && data->sequence <= self->topic->last) {
        self->counters.duplicates++;
        return;
    }
    self->topic->known = true;
    self->topic->last = data->sequence;
    self->sequence = data->sequence;
    self->fetched = false;
    self->messages = fetch_messages (data->body);
}

static fep_err_t s_give (subscriber_t *self, subscriber_event_t *event)
{
    uint32_t index = 0;
    bytes_t message = {0};
    fep_err_t error = fetch_message (&self->messages, &index, &message);
    if (error) {
        self->messages = (fetch_messages_t){0};
        self->counters.corrupt++;
        return FEP_CORRUPT;
    }
    self->counters.messages++;
    self->counters.fetched += self->fetched;
    *event =
        (subscriber_event_t){.what = SUBSCRIBER_MESSAGE,
                             .topic = self->topic->name,
                             .epoch = self->fetched ? self->page.epoch : self->publication.epoch,
                             .sequence = self->sequence,
                             .index = index,
                             .message = message,
                             .fetched = self->fetched};
    return FEP_OK;
}

//  One step towards the next event. *done: the event is there.
static fep_err_t s_step (subscriber_t *self, int timeout_ms, subscriber_event_t *event, bool *done)
{
    if (self->messages.left) {
        *done = true;
        return s_give (self, event);
    }
    if (self->page.left) {
        return s_next_commit (self);
    }
    if (self->healing && self->heal_next > self->heal_to) {
        s_end_heal (self);
        return FEP_OK;
    }
    if (self->healing) {
        return s_fetch (self, timeout_ms, event, done);
    }
    if (self->in_hand) {
        s_release (self);
        return FEP_OK;
    }
    fep_err_t error = client_next (self->client, timeout_ms, &self->publication);
    if (!error) {
        error = s_take (self, done);
    }
    if (*done) {
        *event = (subscriber_event_t){
            .what = SUBSCRIBER_RESET, .topic = self->topic->name, .epoch = self->topic->epoch};
    }
    return error;
}

fep_err_t subscriber_next (subscriber_t *self, int timeout_ms, subscriber_event_t *event)
{
    int64_t deadline = clock_mono_ms () + timeout_ms;
    fep_err_t error = FEP_OK;
    for (bool done = false; !done && !error;) {
        int64_t left = deadline - clock_mono_ms ();
        error = s_step (self, left > 0 ? (int) left : 0, event, &done);
    }
    return error;
}

const char *subscriber_refusal (const subscriber_t *self)
{
    return self->refusal;
}

subscriber_counters_t subscriber_counters (const subscriber_t *self)
{
    return self->counters;
}
