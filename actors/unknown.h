//  Terminals that came and are not in the archive: a bounded list, the one seen longest ago forgotten first.
//  Belongs to control.
#ifndef ACTORS_UNKNOWN_H
#define ACTORS_UNKNOWN_H

#include "fep/bytes.h"
#include "fep/message.h"

#define UNKNOWN_FRAME_MAX 256  //  Bytes kept of a frame
#define UNKNOWN_NAME_MAX 32
#define UNKNOWN_PEER_MAX 63

//  What is known of a session when it comes or goes.
typedef struct {
    const char *connector;  //  Actor's name
    int64_t session;        //  Id within it
    const char *peer;       //  Of the connection
    const char *listener;   //  Where it came in
    const char *codec;      //  Its protocol
    bytes_t frame;          //  First frame when it comes, last one when it goes; may be empty
} unknown_link_t;

typedef struct {
    char address[ADDRESS_MAX + 1];         //  As the codec shows it
    char peer[UNKNOWN_PEER_MAX + 1];       //  Of the latest session
    char listener[UNKNOWN_NAME_MAX + 1];   //  Likewise
    char codec[UNKNOWN_NAME_MAX + 1];      //  Likewise
    char connector[UNKNOWN_NAME_MAX + 1];  //  Likewise
    int64_t session;                       //  Of the latest session while it is held; else -1
    int64_t first_ms;                      //  Wall clock
    int64_t last_ms;                       //  Wall clock
    uint64_t sessions;                     //  So far
    uint16_t first_size;                   //  Of first
    uint16_t last_size;                    //  Of last
    uint8_t first[UNKNOWN_FRAME_MAX];      //  Frame by which the first session was identified
    uint8_t last[UNKNOWN_FRAME_MAX];       //  Frame seen last
} unknown_entry_t;

typedef struct unknown unknown_t;

unknown_t *unknown_new (size_t limit);
void unknown_destroy (unknown_t **self_p);

//  A session of that address has come. held: it stays for a while.
void unknown_up (unknown_t *self, const char *address, const unknown_link_t *link, bool held,
                 int64_t wall_ms);
//  It has gone. Does nothing if the address is forgotten.
void unknown_down (unknown_t *self, const char *address, const unknown_link_t *link,
                   int64_t wall_ms);

//  NULL if it is not listed.
const unknown_entry_t *unknown_find (const unknown_t *self, const char *address);
//  It is known now.
void unknown_remove (unknown_t *self, const char *address);

//  Seen last first: the entry at a place, the next; NULL at the end.
const unknown_entry_t *unknown_at (const unknown_t *self, size_t place);
const unknown_entry_t *unknown_older (const unknown_entry_t *entry);
size_t unknown_count (const unknown_t *self);
uint64_t unknown_forgotten (const unknown_t *self);

#endif
