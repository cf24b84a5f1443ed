//  One terminal's conversation: protocol state, admission, requests in flight, counters. Knows no socket:
//  bytes come in by session_input and leave by the writer of its environment; time is always an argument.
//  States and what moves between them stand in session.c; session.def lists why a session ends.
#ifndef ACTORS_SESSION_H
#define ACTORS_SESSION_H

#include "actors/frames.h"
#include "codecs/codec.h"
#include "fep/config.h"
#include "fep/message.h"
#include "fep/window.h"

typedef struct session session_t;

typedef enum {
    SESSION_FRESH,    //  Nobody yet, or identified and waiting to be admitted
    SESSION_ONLINE,   //  Admitted, nothing asked
    SESSION_WAITING,  //  A request in flight
    SESSION_SEALING,  //  A request is parked until its seal comes
    SESSION_PAUSED,   //  Requests wait, none is in flight: the line behind it rests
    SESSION_CLOSING,  //  Flushing what is unsent
    SESSION_DEAD,     //  To be freed at the end of the turn
    SESSION_STATE_COUNT
} session_state_t;

typedef enum {
#define CLOSE(name, is_error, text) CLOSE_##name,
#include "actors/session.def"
#undef CLOSE
    CLOSE_COUNT
} close_reason_t;

const char *close_name (close_reason_t reason);
const char *close_text (close_reason_t reason);
bool close_is_error (close_reason_t reason);
close_reason_t close_find (const char *name, close_reason_t fallback);
const char *session_state_name (session_state_t state);

//  How often sessions ended for that reason, whole process. Any thread.
int64_t close_count (close_reason_t reason);
//  Counts an end that had no session (a connection refused at accept).
void close_note (close_reason_t reason);

//  What a session sees and produces during one call. The caller flushes `send` afterwards.
typedef struct {
    const config_t *config;  //  Options
    int64_t now_ms;          //  For deadlines; stands still while the chain is stalled
    int64_t wall_ms;         //  For stamps
    batch_t *batch;          //  Messages go here
    writer_t *send;          //  Bytes for the peer
    pool_t *windows;         //  For bytes that wait for the rest of their frame

    //  Frames of a traced session, both ways; reason is FEP_OK for a good one. May be NULL.
    //  codec: whose frame it is, the terminal's or the line's.
    void (*trace) (void *arg, const session_t *session, const codec_t *codec, bool up,
                   bytes_t frame, fep_err_t reason);
    //  A request ended: FEP_OK, TIMEOUT, REFUSED (with the terminal's code), CLOSED, ... May be NULL.
    //  said: that code in words, or NULL. Static. journalled: RESULT of it, which a task's request has, is in batch;
    //  bit i: that of its i-th measuring point. values: good ones of what was asked that it brought.
    void (*result) (void *arg, const session_t *session, uint64_t token, fep_err_t error,
                    uint8_t code, const char *said, uint32_t journalled, uint32_t values);
    //  The profile of that number, borrowed for the call, or NULL. May be NULL.
    const profile_t *(*profile) (void *arg, uint32_t number);
    //  Asks for a seal; session_sealed brings it, or its timeout ends the request. May be NULL: nothing is sealed.
    //  request->carried: whose frame it is; NULL the terminal's, also around one that is carried.
    fep_err_t (*seal) (void *arg, const session_t *session, const request_t *request,
                       bytes_t bytes);
    //  The file of that number, borrowed for the call, or empty. May be NULL.
    bytes_t (*file) (void *arg, uint32_t number);
    bool clock_trusted;  //  wall_ms is synchronised
    void *arg;           //  For all of them
} session_env_t;

//  A meter of the terminal, for protocols that name meters by address.
typedef struct {
    char address[ADDRESS_MAX + 1];  //  As the archive has it
    uint16_t mp;                    //  Measuring point
} session_meter_t;

//  What the archive says of the terminal.
typedef struct {
    uint32_t number;                //  Archive number
    uint8_t area;                   //  Stamped on messages
    int64_t heartbeat_ms;           //  0: not known
    int64_t frame_gap_ms;           //  Line behind it: rest between frames; 0: as the options say
    int64_t answer_timeout_ms;      //  Likewise to a meter's answer
    const char *address;            //  As messages name it; NULL or "": as it said itself
    const char *heartbeat;          //  Pattern of its heartbeats; NULL or "": as its listener's
    uint32_t profile;               //  Number of its own map and settings; 0 = none
    const char *zone;               //  Of its clock; NULL or "": as its listener's
    const session_meter_t *meters;  //  Ordered by address; copied
    size_t meter_count;             //  Of them; 0: not known
    bool standby;                   //  Another connection carries its traffic
} admission_t;

//  How far input got.
typedef enum {
    INPUT_TAKEN,  //  All of it, or the rest waits for more bytes
    INPUT_BLOCKED,  //  Waits for admission or for confirmations to leave: read no more, then session_resume
    INPUT_BATCH  //  The batch is ripe: send it on, then session_resume
} input_t;

#define SESSION_REQUESTS_MAX 8  //  Waiting behind the one in flight

//  Gives a FRESH session, or NULL without memory. Borrows codec and options for its life; peer is copied. Of
//  codec_undecided: the first whole frame chooses among options->enabled.
session_t *session_new (const codec_t *codec, const codec_options_t *options, const char *peer,
                        const session_env_t *env);
//  Gives back its window. Requests still waiting were failed by session_close.
void session_destroy (session_t **self_p);

//  Says who it is without a frame: a connection we dialled. Only of a fresh session without bytes.
void session_name (session_t *self, const session_env_t *env, const char *identity);

//  Bytes from the terminal. After INPUT_BLOCKED or INPUT_BATCH the rest is kept inside.
input_t session_input (session_t *self, const session_env_t *env, bytes_t bytes);
input_t session_resume (session_t *self, const session_env_t *env);
bool session_blocked (const session_t *self);
//  Bytes that may be given to the next session_input.
size_t session_room (const session_t *self, size_t most);

//  Lets time pass; INPUT_BATCH as for input. *deadline_ms: when to be called again, in env->now_ms terms.
input_t session_tick (session_t *self, const session_env_t *env, int64_t *deadline_ms);

//  Identified, it waits for its turn before the directory is asked; false: its turn has come. Either waits for
//  session.login_timeout_ms at most: OVER_CAPACITY, NO_ADMISSION. Not identified, it is not read for now, and its login
//  time stands still.
void session_queue (session_t *self, const session_env_t *env, bool queued);
//  The directory's answer. Appends LINK up.
void session_admit (session_t *self, const session_env_t *env, const admission_t *admission);
//  The archive changed while it is online: all but its number and address.
void session_update (session_t *self, const admission_t *admission);
//  The terminal is unknown: answer nothing, close after session.hold_ms.
void session_hold (session_t *self, const session_env_t *env);

//  It was standby and carries the terminal's traffic from now on. Appends LINK up.
void session_promote (session_t *self, const session_env_t *env);
bool session_is_standby (const session_t *self);
void session_set_peer (session_t *self, const char *peer);

//  Everything decoded up to mark is on disk.
void session_durable (session_t *self, const session_env_t *env, uint32_t mark);
//  The highest mark since the last call, 0 if none: what is to be confirmed once this batch is on disk.
uint32_t session_take_mark (session_t *self);

//  Copies the request and puts it behind those of its priority. FULL beyond SESSION_REQUESTS_MAX, REFUSED
//  unless admitted, UNSUPPORTED if it is to be carried and the terminal's codec carries nothing, or something else.
//  One that was taken ends once, however it ends: by env->result, and if it belongs to a task by a RESULT in the
//  batch before, behind what its answers brought. A full batch loses that message, which is counted, not data.
//  One of several measuring points has a RESULT for each. A point has none, because it might have another one if it
//  were asked alone, if the frame that named it was refused, if the answer left it out (unless the codec says that this
//  tells), and, of a trial, if nobody answered.
FEP_MUST_CHECK
fep_err_t session_request (session_t *self, const session_env_t *env, const request_t *request);

//  What the seal of that request came to.
void session_sealed (session_t *self, const session_env_t *env, uint64_t token, fep_err_t error,
                     bytes_t bytes);

//  Begins to close: CLOSING while bytes are unsent, else DEAD (the caller knows). Fails all requests,
//  appends LINK down if it was admitted. The first reason stands.
void session_close (session_t *self, const session_env_t *env, close_reason_t reason, bool flush);
//  Unsent bytes are gone or nobody wants them any more: CLOSING ends.
void session_flushed (session_t *self);

//  ---- Facts ----
session_state_t session_state (const session_t *self);
close_reason_t session_reason (const session_t *self);  //  Of CLOSING and DEAD
const char *session_address (const session_t *self);    //  "" until identified
const char *session_peer (const session_t *self);
const codec_t *session_codec (const session_t *self);
const codec_options_t *session_options (const session_t *self);
uint32_t session_number (const session_t *self);       //  0 until admitted
bool session_wants_admission (const session_t *self);  //  Identified, not admitted, not held
bool session_held (const session_t *self);             //  Unknown, waiting to be closed
bool session_has_window (const session_t *self);
//  When session_tick is needed before the deadline it gave: half a frame, a packet's end, a request.
int64_t session_due_ms (const session_t *self);
void session_set_trace (session_t *self, int64_t until_wall_ms);
void session_sent (session_t *self, size_t bytes);  //  For its counters

typedef struct {
    uint64_t rx_bytes;          //  From the terminal
    uint64_t tx_bytes;          //  To it
    uint64_t frames;            //  Good ones
    uint64_t items;             //  Items decoded
    uint64_t confirmed;         //  Reports confirmed
    int64_t last_rx_ms;         //  Wall clock
    int64_t last_reading_ms;    //  Wall clock; 0 = none
    int64_t last_heartbeat_ms;  //  Wall clock; 0 = none
    int64_t opened_ms;          //  Wall clock
    int64_t period_ms;          //  It should be heard of so often, as it stands
    int64_t idle_ms;            //  Its idle deadline as it stands
} session_facts_t;

const session_facts_t *session_facts (const session_t *self);
//  Frames and bytes refused for that reason.
uint32_t session_refused (const session_t *self, fep_err_t reason);
uint32_t session_bad_in_row (const session_t *self);  //  Refusals since the last good frame
int64_t session_silent_ms (const session_t *self, int64_t now_ms);  //  In env->now_ms terms
const frames_t *session_frames (const session_t *self);             //  The last ones

//  Of a session that waits to be admitted or is held: the first and the last whole frame of what waits with it,
//  empty if there is none. Borrowed until its next call.
void session_waiting_frames (const session_t *self, bytes_t *first, bytes_t *last);
//  More bytes of it, which only wait: to be looked at when it ends.
void session_keep_waiting (session_t *self, const session_env_t *env, bytes_t bytes);

#endif
