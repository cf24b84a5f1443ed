//  Follows topics of the feed and gives each message exactly once, in the order of its commit,
//  topic by topic. What the feed lost is fetched from the door, so a slow or late subscriber misses
//  nothing that the journal still has. Owns a client of its own; belongs to one thread.
//
//  A topic is complete up to its last sequence. DATA whose prev is beyond it, or 0 (not known), and
//  TICK whose prev is beyond it, show a gap: FETCH from last + 1, page by page, each page given out
//  before the next is asked for. In a new epoch the first TICK without prev is healed up to its
//  head, since what the old epoch published last is unknown.
#ifndef CLIENT_SUBSCRIBER_H
#define CLIENT_SUBSCRIBER_H

#include "client/client.h"

#define SUBSCRIBER_TOPICS_MAX                                                                      \
    4096  //  Topics followed at a time; beyond it FULL, and they are not followed

typedef struct subscriber subscriber_t;

typedef enum {
    SUBSCRIBER_MESSAGE,  //  A message
    SUBSCRIBER_LOST,     //  The journal no longer has sequences from .. to of this topic
    SUBSCRIBER_RESET     //  An epoch begins below what was seen: another journal, followed from 1
} subscriber_what_t;

//  What happened on a topic. Borrowed until the next call.
typedef struct {
    subscriber_what_t what;  //  Tells which of the fields below count
    const char *topic;       //  "reading/00"
    uint64_t epoch;          //  Of the daemon that published or answered
    uint64_t sequence;       //  MESSAGE: its commit
    uint32_t index;          //  MESSAGE: its place there
    bytes_t message;         //  MESSAGE: packed; see cursor_single
    bool fetched;            //  MESSAGE: came by FETCH, not by the feed
    uint64_t from;           //  LOST: first
    uint64_t to;             //  LOST: last
} subscriber_event_t;

typedef struct {
    uint64_t messages;    //  Given out
    uint64_t heals;       //  Gaps healed or being healed
    uint64_t pages;       //  Pages fetched
    uint64_t fetched;     //  Messages that came by FETCH
    uint64_t duplicates;  //  Publications dropped because they were complete already
    uint64_t lost;        //  Sequences the journal no longer had
    uint64_t resets;      //  New journals met
    uint64_t overflow;    //  Publications of topics beyond SUBSCRIBER_TOPICS_MAX, dropped
    uint64_t corrupt;     //  Publications or pages with a body of another shape
} subscriber_counters_t;

//  from: the first sequence wanted of each topic; 0 = from now on. Beyond the journal's head
//  nothing comes until it gets there.
FEP_MUST_CHECK
fep_err_t subscriber_open (const char *door, const char *feed, uint64_t from,
                           subscriber_t **self_p);
void subscriber_close (subscriber_t **self_p);

//  Topics that begin with prefix; kind/area or terminal/address. NOTEs (sys/, trace/) are not given
//  out.
void subscriber_add (subscriber_t *self, const char *prefix);

//  The next event. TIMEOUT: none came, or the door did not answer a FETCH; call again, nothing is
//  lost. REFUSED: the door refused a FETCH; subscriber_refusal says why; the gap is asked for again
//  at the next call. STOPPING: a signal came. FULL, CORRUPT: counted, one publication was dropped;
//  CORRUPT in a page ends the healing of that gap where it is, and the next publication of the
//  topic opens it again.
FEP_MUST_CHECK
fep_err_t subscriber_next (subscriber_t *self, int timeout_ms, subscriber_event_t *event);

//  The text of the last refusal; "" if there was none.
const char *subscriber_refusal (const subscriber_t *self);

subscriber_counters_t subscriber_counters (const subscriber_t *self);

#endif
