//  Inside of a session, shared by its files: session.c (frames, time), session_admit.c (who it is), session_ask.c
//  (requests), session_batch.c (stamps, results of tasks), session_line.c (frames carried for meters). Nobody else
//  includes this.
#ifndef ACTORS_SESSION_INSIDE_H
#define ACTORS_SESSION_INSIDE_H

#include "actors/session.h"

#define CARRIED_STATE_MAX 128   //  Bytes of a meter codec's state
#define CARRIED_FRAME_MAX 1024  //  Bytes of a meter codec's frame
#define LATE_MAX 8              //  Late answers watched for at a time; beyond it the line rests
#define LATE_BYTES 32           //  Of the frame they would answer

//  Where one request is.
typedef enum {
    ENTRY_WAITS,    //  In the queue
    ENTRY_SEALING,  //  Its frame is being sealed
    ENTRY_FLIES     //  Its frame was sent
} entry_state_t;

//  One request of the queue.
typedef struct {
    request_t request;     //  What is asked; the codec advances it
    uint8_t where;         //  entry_state_t
    bool sent;             //  A frame of it was written
    bool refused_outside;  //  It was the terminal that refused, not its meter
    uint32_t
        heard;  //  Bit i: a reading of measuring point mps[i] came; counted for a task's request
    uint16_t
        values[REQUEST_MPS_MAX];  //  Good ones its answers brought, likewise; [0] of a single one
    uint8_t over;                 //  So many measuring points of several have been answered
    uint32_t repeats;             //  Of the frame at hand
    uint32_t done;                //  Of the request, before that frame was written
    uint32_t tag;                 //  Of the frame in flight
    int64_t deadline_ms;          //  Of the frame in flight, or of its seal
    size_t asked_size;            //  Of asked
    uint8_t *asked;               //  The carried frame in flight; NULL: none
    bool seals_outside;           //  SEALING: what is around the carried frame, not that itself
    size_t sealed_size;           //  Of sealed
    uint8_t *sealed;              //  What the seal made; NULL: none
    size_t outside_size;          //  Of outside
    uint8_t *outside;             //  What it made of the frame around a carried one; NULL: none
    int64_t
        sealed_wall_ms;  //  The frame is written again as at this time; 0: nothing was sealed yet
    _Alignas(16) uint8_t state[CARRIED_STATE_MAX];  //  The meter codec's
    uint8_t state_before[CARRIED_STATE_MAX];        //  Likewise, before that frame was written
} entry_t;

//  An answer that did not come in time and may still come.
typedef struct {
    const codec_t *codec;       //  Whose
    int64_t until_ms;           //  Not expected after this
    size_t size;                //  Of bytes
    uint8_t bytes[LATE_BYTES];  //  The beginning of the frame that was sent
} late_t;

//  Requests in the order they are carried out: by priority, then as they came.
typedef struct requests {
    entry_t entries[SESSION_REQUESTS_MAX + 1];  //  Those in flight among them
    size_t count;                               //  Used
    size_t flying;                              //  Of which in flight or being sealed
    int64_t resume_ms;                          //  PAUSED: when to try again
    int64_t rest_until_ms;                      //  A line rests between frames
    late_t late[LATE_MAX];                      //  Answers that may still come
    size_t late_count;                          //  Of them
} requests_t;

//  Habits of one terminal, and what they point to.
typedef struct {
    codec_options_t options;
    pattern_t heartbeat;
    zone_t zone;
} own_options_t;

//  What every frame touches stands first and together: thousands of sessions do not fit the cache.
struct session {
    const codec_t *codec;            //  Borrowed
    const codec_options_t *options;  //  Borrowed, or own
    session_state_t state;           //  See session.c
    uint32_t number;                 //  Archive number; 0 until admitted
    uint8_t area;                    //  Stamped on messages
    bool full;                       //  The codec waits for confirmations to leave
    bool ended;                      //  What named it did so only at its packet's end
    bool noise;                      //  Within a run of refused bytes
    bool renamed;                    //  Its address is not its identity
    bool queued;                     //  Its turn to be admitted has not come
    bool standby;                    //  Another connection carries the terminal's traffic
    uint32_t bad_in_row;             //  Refusals since the last good frame
    uint32_t mark;                   //  Highest since session_take_mark
    uint32_t confirmed_mark;         //  Highest given to the codec's durable
    uint32_t profile;                //  Number of the terminal's own; 0 = none
    window_t window;                 //  Bytes that wait
    int64_t last_rx_ms;              //  Any byte
    int64_t half_at_ms;   //  When an unfinished frame in the window has waited too long; 0 = none
    int64_t tick_ms;      //  When the codec's tick is next needed; 0 = at once
    int64_t quiet_at_ms;  //  When the packet it came in counts as ended; 0 = it did, or no packets
    int64_t trace_until_ms;  //  Wall clock
    int64_t
        confirmation_ms;   //  Wall clock: when a confirmation was last kept as the last frame sent
    requests_t *requests;  //  Made at the first request
    frames_t *frames;      //  The last ones; made at the first frame
    char identity[ADDRESS_MAX + 1];  //  As it said who it is; "" until the first good frame
    char address[ADDRESS_MAX + 1];   //  As the archive knows it
    session_facts_t facts;           //  Counters
    close_reason_t reason;           //  Of CLOSING and DEAD
    const codec_options_t *common;   //  Borrowed: the listener's
    own_options_t *own;              //  The terminal's own habits; NULL: the listener's
    session_meter_t *meters;         //  Own; NULL: not known
    size_t meter_count;              //  Of them
    int64_t state_ms;                //  When the state, or the wait in it, began
    int64_t named_ms;           //  Wall clock: when the frame came that named it; 0 = read since
    int64_t hold_until_ms;      //  Unknown terminal; 0 = not held
    int64_t heartbeat_ms;       //  Of the archive; 0 = not known
    int64_t learned_ms;         //  Longest interval between heartbeats seen
    uint32_t intervals;         //  Of them seen
    int64_t beat_ms;            //  Last heartbeat, deadline clock
    int64_t frame_gap_ms;       //  Of the line behind it; 0 = as the options say
    int64_t answer_timeout_ms;  //  Likewise
    char *peer;                 //  Of the connection
    uint32_t *refused;          //  By reason, FEP_ERR_COUNT; NULL: nothing was
    _Alignas(16) uint8_t codec_state[];  //  codec->state_size bytes
};

//  session.c
void session_enter (session_t *self, session_state_t state, int64_t now_ms);
codec_io_t session_io (session_t *self, const session_env_t *env);
void session_trace_sent (session_t *self, const session_env_t *env, const codec_t *codec,
                         size_t from);
//  A frame that came, good or refused: it is the last one, and traced.
void session_came (session_t *self, const session_env_t *env, const codec_t *codec, bytes_t frame,
                   fep_err_t reason);
//  Refused bytes: counted, and too many in a row end the session.
void session_refuse (session_t *self, const session_env_t *env, fep_err_t reason, bytes_t bytes);

//  session_facts.c
void session_count_refused (session_t *self, fep_err_t reason);

//  session_admit.c
void session_own_free (session_t *self);
//  Appends LINK.
void session_link (session_t *self, const session_env_t *env, bool up);
//  Tells a terminal that is not admitted so, if its protocol has words for it. True: they are to be flushed.
bool session_reject (session_t *self, const session_env_t *env, close_reason_t reason);

//  session_batch.c

//  Stamps what a frame brought, all behind `from`. entry: the request it answers; NULL: none.
void session_stamp (session_t *self, const session_env_t *env, batch_mark_t from, entry_t *entry);
//  Appends RESULT of a request that belongs to a task, one for each of its measuring points. silent: the code says that
//  the meter did not answer. Gives those it did, bit i that of mps[i]: none without a task; without room for one, which
//  is counted; of several points none of those that say nothing of their own (see session_request).
uint32_t session_journal_result (session_t *self, const session_env_t *env, const entry_t *entry,
                                 fep_err_t error, uint8_t code, bool silent);

//  session_ask.c

//  The request an answer is for: that of the tag where the codec knows tags, else the one in flight. NULL if none.
entry_t *session_ask_find (session_t *self, uint32_t tag);
//  What a good frame means for that request.
void session_ask_answer (session_t *self, const session_env_t *env, entry_t *entry,
                         const codec_io_t *io);
//  The request in flight was answered with what says nothing: it ends for that reason; OUTCOME_UNKNOWN if it changes
//  the world.
void session_ask_end (session_t *self, const session_env_t *env, entry_t *entry, fep_err_t error);
//  Lets time pass for requests.
void session_ask_tick (session_t *self, const session_env_t *env);
//  When that is next needed; INT64_MAX: not at all.
int64_t session_ask_deadline (const session_t *self);
//  Every request ends, because the session does.
void session_ask_fail (session_t *self, const session_env_t *env);
void session_ask_destroy (session_t *self);

//  session_line.c

//  The connection is the meters' line itself: behind a transparent gateway, or a meter's own.
static inline bool session_is_line (const session_t *self)
{
    return (self->codec->wrap && !self->codec->unwrap) || self->codec->is_meter;
}

//  What the carried codec says of the window: of the answer awaited, or of a late one. *late: it is one, to be
//  dropped. SKIP if neither.
scan_t session_line_scan (session_t *self, const session_env_t *env, bytes_t window, bool *late);
//  A late answer came: it is not expected any more.
void session_line_late (session_t *self);
//  The codec, its state and what it sees of the frame that answers the request.
const codec_t *session_line_codec (session_t *self, const session_env_t *env, entry_t *entry,
                                   codec_io_t *io, meter_t *meter, void **state);
//  The meter a request is about.
void session_line_meter (const session_t *self, const session_env_t *env, const request_t *request,
                         meter_t *meter);
//  The carried frame inside an answer goes to its meter codec; its messages follow in the batch. The answer is in
//  io. An error: there is none, or it was refused.
fep_err_t session_line_unwrap (session_t *self, const session_env_t *env, entry_t *entry,
                               bytes_t frame, codec_io_t *io);
//  Writes the next carried frame. *until_ms: when to try again, 0 = it was written (*over: nobody answers).
fep_err_t session_line_write (session_t *self, const session_env_t *env, entry_t *entry,
                              codec_io_t *outer, int64_t *until_ms, bool *over);
//  A frame was answered, or nobody will: the line rests. late: its answer may still come.
void session_line_rest (session_t *self, const session_env_t *env, const entry_t *entry, bool late);

#endif
