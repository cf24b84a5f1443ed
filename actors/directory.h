//  Who is connected where: one entry for each terminal that ever came, with what its sessions left behind.
//  Belongs to control. Names, of which there are few, are kept once.
#ifndef ACTORS_DIRECTORY_H
#define ACTORS_DIRECTORY_H

#include "actors/traffic.h"
#include "codecs/codec.h"
#include "fep/bytes.h"
#include "fep/error.h"
#include "fep/message.h"

#define DIRECTORY_PEER_MAX 63
#define DIRECTORY_NAME_MAX 31

//  A connection that claims to be a terminal which is connected, while the older one is asked whether it lives.
typedef struct {
    int64_t session;                         //  Id within its connector
    char connector[DIRECTORY_NAME_MAX + 1];  //  Actor's name
    char peer[DIRECTORY_PEER_MAX + 1];       //  Of it
    uint8_t listener;                        //  As of presence_t
    const codec_t *codec;                    //  Spoken; NULL: not known
} rival_t;

//  What a terminal's ended sessions left behind.
typedef struct {
    traffic_t total;            //  Of all of them
    traffic_t today;            //  Of those that ended on `day`
    int64_t day;                //  Local
    uint64_t *refused;          //  By reason, FEP_ERR_COUNT; NULL: none
    int64_t opened_ms;          //  Of the last one, wall clock
    int64_t last_rx_ms;         //  Likewise
    int64_t last_heartbeat_ms;  //  Wall clock; 0 = none
    int64_t last_reading_ms;    //  Wall clock; 0 = none
    uint8_t *frames;            //  While it is offline: the last ones, as packed; or NULL
    size_t frames_size;         //  Bytes of them
} past_t;

typedef struct {
    int64_t session;         //  Id within its connector; -1 = offline
    const char *connector;   //  Actor's name; the directory's
    const char *peer;        //  Of this or the last session; likewise
    const char *reason;      //  Why the last session ended; "" if none did; likewise
    int64_t since_ms;        //  Wall clock of the last change
    int64_t closed_ms;       //  Wall clock of the last end; 0 = none
    uint64_t sessions;       //  Admitted so far
    uint32_t replaced;       //  Of which closed because it came again
    uint32_t collisions;     //  Others came that claimed to be it
    int64_t trace_until_ms;  //  Wall clock
    uint8_t listener;        //  Of this or the last session: place in config + 1
    bool planned;            //  Schedule polls points of it
    const codec_t *codec;    //  Spoken then; NULL: not known
    past_t *past;            //  Made when the first session ends
    rival_t *rival;          //  Waits for a decision; or NULL
} presence_t;

//  Of a terminal that never came.
extern const presence_t directory_never;

typedef struct directory directory_t;

directory_t *directory_new (void);
void directory_destroy (directory_t **self_p);

//  The entry of an archive number; made if missing. Valid until directory_destroy.
presence_t *directory_use (directory_t *self, uint32_t number);
//  NULL if it never came.
presence_t *directory_find (const directory_t *self, uint32_t number);
size_t directory_online (const directory_t *self);
uint32_t directory_size (const directory_t *self);  //  Numbers of entries are below this

void directory_up (directory_t *self, presence_t *presence, const char *connector, int64_t session,
                   const char *peer, int64_t wall_ms);
//  True if that session was the one it was online with.
bool directory_down (directory_t *self, presence_t *presence, const char *connector,
                     int64_t session, const char *reason, int64_t wall_ms);

//  What ended sessions left behind; made if missing. Valid until directory_destroy.
past_t *directory_past (directory_t *self, presence_t *presence);
//  The same to look at; zeros if none has ended.
const past_t *directory_seen (const presence_t *presence);
//  What ended sessions carried on that day.
traffic_t past_today (const past_t *past, int64_t day);
void past_add (past_t *past, int64_t day, const traffic_t *today, const traffic_t *total);
//  Copies what frames_wire wrote. They are kept until the terminal comes again.
void past_keep_frames (past_t *past, bytes_t frames);
void past_add_refused (past_t *past, fep_err_t reason, uint64_t count);

//  Copies; NULL clears.
void directory_rival (presence_t *presence, const rival_t *rival);

#endif
