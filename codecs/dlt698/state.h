//  What a session remembers between frames. Plain data; all zero is the beginning.
#ifndef CODECS_DLT698_STATE_H
#define CODECS_DLT698_STATE_H

#include "codecs/dlt698/link.h"

enum {
    D698_PENDING_MAX = 32,      //  Reports that wait for their data to be on disk
    D698_PENDING_BYTES = 1536,  //  Of their answers
    D698_APDU_MAX = 8192,       //  Of one that comes in fragments
    D698_BLOCKS_MAX = 4096,     //  Of one answer
    D698_NEWS_MAX = 32          //  Event objects of a list of new ones
};

//  What a terminal says of new events.
typedef struct {
    bool told;                       //  ACD, as it was passed on
    uint8_t count;                   //  Of events
    uint16_t events[D698_NEWS_MAX];  //  Objects that the last list named
} d698_news_t;

//  The request in flight.
typedef struct {
    int64_t at_ms;   //  The one frozen instant asked for; 0: none or several
    uint64_t token;  //  Whose request it is
    uint32_t done;   //  Its step
    uint16_t mp;     //  Measuring point
    uint8_t tag;     //  First byte of its APDU; 0: no request is in flight
    uint8_t piid;    //  Its service number
    uint8_t freeze;  //  READ_FROZEN: freeze_t
    bool carried;    //  A frame of another protocol was forwarded
    bool store;      //  The terminal's store was asked
    bool sealed;     //  It was protected: answers are as well
    bool passed;     //  Its bytes were somebody else's
    bool changes;    //  It writes or acts, at the server or at a meter
    bool among;     //  One of several steps that stand for themselves: refusing it refuses no other
    bool next;      //  Further blocks of the answer are to come
    bool connects;  //  A CONNECT before the request that has these numbers
    uint16_t block;               //  Number of the last one that came
    uint16_t blocks;              //  How many did
    uint32_t then;                //  The request's steps when it was sent
    bool finishes;                //  It was the request's last
    char meter[ADDRESS_MAX + 1];  //  Whose meter; "" the server itself
} d698_asked_t;

//  What meter and terminal have in common.
typedef struct {
    d698_asked_t asked;
    uint64_t empty_token;  //  The store had nothing for that request's step: the meter is asked
    uint32_t empty_done;
    bool empty;      //  The two hold
    uint8_t number;  //  Service number of the next request
    bool scrambled;  //  The peer scrambles
    bool connected;  //  It answered a CONNECT, and nothing ended that since
} d698_core_t;

//  One session of a terminal.
typedef struct {
    d698_core_t core;                     //  First: meters have only that
    uint8_t sa[D698_SA];                  //  Of the terminal, as last received
    uint8_t sa_size;                      //  0: nothing received yet
    uint32_t oldest;                      //  Number of the oldest pending answer, counted from 0
    uint32_t waiting;                     //  Pending answers
    uint16_t sizes[D698_PENDING_MAX];     //  Of their frames, oldest first
    uint16_t pending_size;                //  Bytes in all
    uint8_t pending[D698_PENDING_BYTES];  //  The frames, oldest first
    d698_news_t news;                     //  Of its events
    uint16_t fragment;                    //  Number of the last fragment
    bool collecting;                      //  The first fragment of an APDU came
    uint16_t collected;                   //  Bytes of it so far
    uint8_t apdu[D698_APDU_MAX];          //  Those
} d698_state_t;

#endif
