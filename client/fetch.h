//  FETCH: committed messages from a sequence on, page by page, through a client.
#ifndef CLIENT_FETCH_H
#define CLIENT_FETCH_H

#include "client/client.h"
#include "fep/message.h"

//  Which messages. All "" and area -1: every one.
typedef struct {
    char kind[16];                   //  "reading", "event", ...; "" any
    int area;                        //  0..63; -1 any
    char terminal[ADDRESS_MAX + 1];  //  Address; "" any
} fetch_filter_t;

//  The filter that answers what a topic carries. SYNTAX if it is not kind/area or terminal/address.
FEP_MUST_CHECK
fep_err_t fetch_filter_of (const char *topic, fetch_filter_t *filter);

//  One page. Borrowed from the client until its next request.
typedef struct {
    bool trimmed;      //  `from` lies below the journal's first record; only first and head are set
    uint64_t epoch;    //  Of the daemon
    uint64_t first;    //  First sequence looked at; trimmed: the journal's first
    uint64_t next;     //  To go on from; behind head when done
    uint64_t head;     //  Last committed
    reader_t commits;  //  Walked by fetch_commit
    uint32_t left;     //  Commits in it
} fetch_page_t;

//  Asks for a page from `from` on; limit: bytes, 0 = the door's own. OK: page or answer->failed is
//  set; otherwise as client_request; CORRUPT if the answer has another shape.
FEP_MUST_CHECK
fep_err_t fetch_page (client_t *client, const fetch_filter_t *filter, uint64_t from, uint64_t limit,
                      int timeout_ms, answer_t *answer, fetch_page_t *page);

//  The next commit of a page: its sequence and its messages. NOT_FOUND behind the last; CORRUPT.
FEP_MUST_CHECK
fep_err_t fetch_commit (fetch_page_t *page, uint64_t *sequence, bytes_t *messages);

//  The next [index, message] of a commit or a DATA body. left is set by fetch_messages.
typedef struct {
    reader_t in;    //  Where we are
    uint32_t left;  //  Messages to come
} fetch_messages_t;

fetch_messages_t fetch_messages (bytes_t body);

//  NOT_FOUND behind the last; CORRUPT. message goes into cursor_single.
FEP_MUST_CHECK
fep_err_t fetch_message (fetch_messages_t *self, uint32_t *index, bytes_t *message);

#endif
