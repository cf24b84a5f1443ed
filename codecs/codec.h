//  The codec contract. A codec is pure functions: bytes in, messages and bytes out, time passed in as a
//  number. No socket, clock, store, ZeroMQ, msgpack or malloc. To add a protocol: one file (or folder), one
//  line in codecs.def, one file of vectors.
#ifndef CODECS_CODEC_H
#define CODECS_CODEC_H

#include "fep/bytes.h"
#include "fep/error.h"
#include "fep/json.h"
#include "fep/message.h"
#include "fep/pattern.h"
#include "fep/profile.h"
#include "fep/task.h"
#include "fep/zone.h"

//  Two tiers. A terminal protocol owns the connection. A meter protocol is carried by one: bare on the line
//  behind a transparent gateway, or inside its forwarding services. Neither knows the other; the session
//  pairs them.

//  What lies at the head of the receive window. LINE: a frame of the carried meter protocol.
typedef enum { SCAN_SKIP, SCAN_MORE, SCAN_FRAME, SCAN_LINE } scan_what_t;

typedef struct {
    scan_what_t what;
    size_t size;       //  FRAME, LINE: its length. SKIP: bytes to drop, at least 1. MORE: 0
    fep_err_t reason;  //  SKIP: why (NOT_MINE noise, CHECKSUM, IMPLAUSIBLE lengths); else FEP_OK
} scan_t;

//  How a listener's or terminal's protocol habits differ. Plain values, valid for the call.
typedef struct {
    bool address_hex;               //  376.1: show A2 as 4 hex digits, not 5 decimal ones
    uint8_t password_size;          //  376.1: bytes of PW in a downward frame: 0, 2 or 16
    const pattern_t *registration;  //  dtu: packets that say who it is; NULL: none
    const pattern_t *heartbeat;     //  dtu: packets that say it is there; NULL: none
    bool heartbeat_echo;            //  dtu: a heartbeat is sent back
    const zone_t *zone;             //  Of the terminal's clock; NULL: the node's
    uint64_t enabled;               //  auto: codecs to choose from, bit i for codec_at (i)
} codec_options_t;

//  What scan may know besides the bytes.
typedef struct {
    bool up;                         //  From the terminal
    const codec_options_t *options;  //  Never NULL
    bytes_t request;  //  Meter codecs: the frame whose answer is awaited, as sent; empty if none
    scan_t line;  //  Terminal codecs with a line: what the carried codec's scan says of the same
                  //  window; SKIP while no answer is awaited
    bytes_t address;  //  Whose session this is, as text; empty before it is known
    bool quiet;  //  No byte came for the pause that ends a packet: what only further bytes would
                 //  decide is decided now
} scan_context_t;

//  How a decoded frame concerns the request in flight. AGAIN: it was refused as it was asked; encode, called
//  with `done` as before the frame in flight and finished false, asks in another way.
typedef enum { ANSWER_NONE, ANSWER_PARTIAL, ANSWER_DONE, ANSWER_REFUSED, ANSWER_AGAIN } answer_t;

//  What we may ask a terminal. Numbers are part of the mailbox: append only.
typedef enum {
    REQUEST_READ,
    REQUEST_READ_FROZEN,
    REQUEST_READ_EVENTS,
    REQUEST_PASS,  //  `bytes`, framed by the codec; what they are its header says (Modbus: function and data)
    REQUEST_CLOCK,     //  Set the clock to io->wall_ms
    REQUEST_WRITE,     //  points[i] becomes values[i]
    REQUEST_SELECT,    //  The first step of an OPERATE in two
    REQUEST_OPERATE,   //  `operation`; of OPERATION_POINT: points[0] becomes values[0]
    REQUEST_FILE,      //  io->file goes to the terminal, from segment `done` on
    REQUEST_READ_OWN,  //  Of the terminal's own tasks what the key points[0] names
    REQUEST_OWN        //  `bytes`, which the codec's own or own_remove made
} request_kind_t;

//  May it change the world? Then it is written once.
static inline bool request_changes (request_kind_t kind)
{
    return kind >= REQUEST_PASS && kind != REQUEST_READ_OWN;
}

//  What can be done to a device.
typedef enum {
    OPERATION_POINT,         //  A command of the profile: switch, step, set-point
    OPERATION_TRIP,          //  Open the supply switch
    OPERATION_PERMIT_CLOSE,  //  It may be closed by hand
    OPERATION_CLOSE,         //  Close it
    OPERATION_ALARM,         //  Alarm on
    OPERATION_ALARM_END,     //  and off
    OPERATION_KEEP,          //  Keep the power on whatever is prepaid
    OPERATION_KEEP_END,      //  and no longer
    OPERATION_VALVE_OPEN,
    OPERATION_VALVE_CLOSE,
    OPERATION_RESET,   //  Restart
    OPERATION_FREEZE,  //  Latch registers now
    OPERATION_COUNT
} operation_t;

#define EVENTS_NEWEST 0xFFFF  //  event_to: as far as there are some now

#define REQUEST_POINTS_MAX 32
#define REQUEST_MPS_MAX 32
#define REQUEST_VALUES_MAX 8
#define REQUEST_PASS_MAX 256

//  A request overtakes those of a later kind that wait.
typedef enum { PRIORITY_CONTROL, PRIORITY_DEMAND, PRIORITY_POLL } priority_t;

//  The meter behind a measuring point, for requests a meter protocol carries out.
typedef struct {
    uint16_t mp;                    //  Measuring point
    char address[ADDRESS_MAX + 1];  //  On the line; Modbus: the unit, decimal
    const profile_t *profile;       //  Its registers and settings, or NULL; borrowed for the call
    bool no_broadcast;  //  What carries it is no line: address 0 is a meter that answers
} meter_t;

//  Which measuring point of the session's terminal the meter of that address is; 0 = none.
typedef uint16_t (codec_mp_t) (void *arg, bytes_t meter);
//  And back: the address of that measuring point's meter; empty if none is known. Borrowed for the call.
typedef bytes_t (codec_meter_t) (void *arg, uint16_t mp);

//  One request, read by the codec, which advances `done` frame by frame.
typedef struct {
    uint64_t token;  //  The asker's number, given back with the result
    request_kind_t kind;
    uint16_t mp;       //  Measuring point; 0 = the terminal itself
    uint8_t mp_count;  //  READ, READ_FROZEN: of mps, at most the codec's mps_max; 0: mp alone
    uint16_t mps[REQUEST_MPS_MAX];  //  Several measuring points, ascending; the first is mp
    uint8_t freeze;                 //  READ_FROZEN: CURVE, DAY or MONTH
    uint8_t point_count;
    uint32_t points[REQUEST_POINTS_MAX];  //  What; for READ_EVENTS empty, else empty: all there are
    int64_t from_ms;      //  READ_FROZEN: first instant wanted (the rule of instants)
    int64_t to_ms;        //  READ_FROZEN: last instant wanted
    uint16_t event_from;  //  READ_EVENTS: event counters: behind the first, up to the last
    uint16_t event_to;
    bool event_important;         //  READ_EVENTS: important (F1) or ordinary (F2)
    uint8_t priority;             //  priority_t
    uint8_t tries;                //  How often a frame of it may be sent; 0: as the options say
    const struct codec *carried;  //  The meter protocol, or NULL: the terminal itself is asked
    char meter[ADDRESS_MAX + 1];  //  The meter's address, if carried
    uint32_t profile;             //  Number of the meter's profile; 0 = none
    uint8_t operation;            //  OPERATE, SELECT: operation_t
    uint32_t file;                //  FILE: its number, for io->file
    int64_t
        until_ms;  //  OPERATE: not valid after this instant, which the session keeps as well; 0 = the
                   //  codec's default
    value_t
        values[REQUEST_VALUES_MAX];   //  WRITE, OPERATE: of points; decimals, floats and bits only
    uint16_t size;                    //  PASS, OWN: of bytes
    uint8_t bytes[REQUEST_PASS_MAX];  //  PASS, OWN
    uint32_t done;                    //  Steps already answered; the codec's own count
    bool finished;                    //  Set by the codec: nothing left to send
    uint8_t mps_over;  //  Set by the codec: once the frame is answered, so many of mps are over
    uint32_t task;     //  Number of the acquisition task it belongs to; 0 = none
    int64_t slot_ms;   //  The instant its task wants to know of
    uint8_t run;       //  0: asked for the first time; n: its n-th re-read
    bool trial;        //  Of several measuring points: that nobody answers says nothing of them
} request_t;

//  All a codec may see and produce.
typedef struct {
    int64_t mono_ms;      //  For deadlines, never for stamps
    int64_t wall_ms;      //  For stamps, never for deadlines
    int64_t received_ms;  //  decode: when the frame came; before wall_ms if it waited for admission
    const codec_options_t *options;  //  Never NULL
    bytes_t address;  //  Whose session this is, as text; empty before it is known. Decode refuses
                      //  frames of another terminal with NOT_MINE before it changes its state
    bool clock_trusted;        //  wall_ms is synchronised with the world
    bool standby;              //  Another connection of the terminal carries its traffic
    const profile_t *profile;  //  The terminal's own map and settings, or NULL
    codec_mp_t *mp_of;         //  Whose meter an address is; NULL: not known (fepdecode)
    codec_meter_t *meter_of;   //  Whose address a measuring point has; NULL: not known
    void *mp_arg;              //  For both
    const meter_t
        *meter;       //  Meter codecs and wrap: whose exchange this is; NULL: nobody's (fepdecode)
    bytes_t request;  //  Meter codecs, decode: the frame it answers, as sent; empty if none
    batch_t *batch;   //  Messages go here
    writer_t *send;   //  Bytes for the peer: logins, confirmations, requests
    bytes_t file;     //  encode of FILE: the whole file, borrowed
    writer_t
        *seal;  //  encode: with NEEDS_SEAL, the bytes to be sealed. NULL: nothing can be sealed
    bytes_t sealed;  //  encode, called again: what the seal made of them
    uint32_t
        tag;  //  Set by encode, wrap and decode: which of several requests in flight it is about
    uint32_t
        mark;  //  Set by decode: what is to be confirmed once this batch is on disk; 0 = nothing
    answer_t
        answer;  //  Set by decode; by encode DONE if no answer will come (a broadcast, or nothing left to be written)
    uint8_t answer_code;  //  The terminal's own code when REFUSED
    bool bye;             //  Set by decode: the terminal logs out; close when send is flushed
    uint32_t raw_units;   //  Set by decode: units kept raw because they were not understood
    fep_err_t fault;      //  Set by decode and tick: the conversation is broken and must be closed
} codec_io_t;

//  A terminal's own tasks: what it reads of its meters, keeps and reports by itself, as its protocol lets it be told. A
//  setting of them has a key: an object (698.45: OI; 376.1: Fn) and which of it (698.45: its number; 376.1: pn).
#define OWN_KEY(object, number) ((uint32_t) (object) << 16 | (number))

//  What a terminal shall do by itself.
typedef struct {
    const task_t *task;   //  For a task of ours; NULL: what its profile says
    const uint16_t *mps;  //  Of its measuring points, ascending
    size_t mp_count;      //  Of them
} own_wish_t;

//  Why a terminal is not admitted.
typedef enum { REJECT_UNKNOWN, REJECT_DUPLICATE, REJECT_CAPACITY } reject_t;

typedef struct codec {
    const char *name;  //  Also names the vector file
    bool is_meter;     //  A meter protocol; state is zeroed before each exchange
    bool is_checked;   //  A whole frame tells the protocol by its checksum, and whose it is
    bool
        names_meters;  //  Reports and requests name meters by address: io->mp_of is needed, and the terminal asks a
    //  named meter itself
    bool is_store;  //  A terminal that keeps what its meters froze, under its own measuring points
    uint8_t
        mps_max;  //  Measuring points of which one request may ask what the terminal keeps; 0: one
    bool absence_tells;  //  An answer that names none of them says that there is nothing of it
    bool no_broadcast;   //  What it carries goes to one meter, whatever the address
    bool is_pipelined;   //  Answers name their request by io->tag: several may be in flight
    size_t frame_max;    //  Longest legal frame; sizes the window
    size_t state_size;   //  Per-session state: plain data, all zero is the beginning; no pointers

    //  Pure. Rules: FRAME is complete with checksum and at most frame_max; SKIP drops at least one byte, on
    //  doubt exactly one; MORE only while the window is shorter than frame_max; never reads beyond it.
    scan_t (*scan) (const scan_context_t *context, bytes_t window);

    //  A whole frame from the terminal. Messages are appended to io->batch with address, raw, received_ms
    //  and instants set. A reason if it refuses: TRUNCATED, NOT_MINE, UNSUPPORTED, IMPLAUSIBLE, SEQUENCE;
    //  then batch and send are rolled back by the caller. FEP_FULL: its own list of confirmations is full;
    //  nothing was consumed, come again after durable.
    fep_err_t (*decode) (void *state, bytes_t frame, codec_io_t *io);

    //  Next frame of the request into io->send. FEP_OK, or why it cannot be asked. Meter codecs: whole
    //  exchanges; `done` advances when the frame is written, so that the session can ask again from there.
    //  NEEDS_SEAL: bytes to be sealed are in io->seal and nothing was changed; called again with io->sealed. Without
    //  io->seal such a request is UNSUPPORTED.
    fep_err_t (*encode) (void *state, request_t *request, codec_io_t *io);

    //  Terminal codecs that carry meter protocols: the frame as it goes to the terminal, into io->send; io->meter
    //  says to whom. LIMIT if it is too long for one send. What has to go before it may be written in its place: then
    //  io->answer, which is the meter codec's DONE if nobody will answer the frame, becomes NONE, and decode answers
    //  AGAIN to what was written. NULL: carries none.
    fep_err_t (*wrap) (void *state, bytes_t frame, codec_io_t *io);

    //  What wrap did, undone, in either direction: the carried bytes of a frame into *line (append). Pure. After a
    //  decode that answered DONE to a carried request the session gives them to the meter codec. NOT_FOUND: the
    //  frame carries nothing. NULL (and wrap is not): the line's bytes come bare, SCAN_LINE.
    fep_err_t (*unwrap) (bytes_t frame, bool up, const codec_options_t *options, writer_t *line);

    //  The answer, into io->send, to the frame that named a terminal which is not admitted. NULL: silence.
    void (*reject) (bytes_t frame, reject_t why, codec_io_t *io);

    //  The terminal's own code of a refusal in words. Static; NULL: no words. The function may be NULL.
    const char *(*code_text) (uint8_t code);

    //  Does that code say that the meter behind the terminal did not answer it? NULL: none does.
    bool (*is_silence) (uint8_t code);

    //  Meter codecs: could a late answer to `before` be taken for the answer to `next`? Two equal requests
    //  are no danger. NULL: never.
    bool (*mistakable) (bytes_t before, bytes_t next);

    //  Everything decoded up to mark is on disk: confirm into io->send. NULL: decode never sets a mark.
    void (*durable) (void *state, uint32_t mark, codec_io_t *io);

    //  Setting i (from 0) that a wish needs: its key, the bytes of REQUEST_OWN into io->send, and into io->batch the
    //  message that reading it gives if the terminal has it so. Of io the options, the profile and those two are used.
    //  NOT_FOUND: there is no further one. UNSUPPORTED, RANGE, LIMIT: the terminal cannot be told this. Pure. NULL:
    //  such terminals have no own tasks.
    fep_err_t (*own) (const own_wish_t *wish, size_t i, uint32_t *key, codec_io_t *io);

    //  The bytes of REQUEST_OWN that take a setting away, into io->send. UNSUPPORTED: it cannot be.
    fep_err_t (*own_remove) (uint32_t key, codec_io_t *io);

    //  Keys of lists that hold all settings, 0 behind the last. NULL: each is read by its own key.
    const uint32_t *own_lists;

    //  Next deadline in mono_ms; NULL if the protocol has no timers of its own.
    int64_t (*tick) (void *state, codec_io_t *io);

    //  Whose frame it is, in either direction, as messages name the terminal. For fepdecode.
    fep_err_t (*address) (bytes_t frame, bool up, const codec_options_t *options,
                          char text[ADDRESS_MAX + 1]);

    //  The protocol's own fields of a frame in either direction by the standard's names, one JSON object.
    //  For fepdecode and trace. A reason if the frame cannot be read; what was written is then discarded.
    fep_err_t (*explain) (bytes_t frame, bool up, const codec_options_t *options, json_t *out);
} codec_t;

//  Which protocol a stranger speaks. Only a codec of `enabled` (bit i: codec_at (i)) that owns a connection, or a meter
//  protocol spoken directly, is chosen, and only by a whole frame that no other enabled one takes for one of its own;
//  by a frame without checksum only if no checked codec sees the beginning of one, or the packet has ended (quiet).
//  NULL with *skip > 0: so many bytes tell nothing; NULL with *skip 0: more bytes are needed. Pure.
const codec_t *codec_guess (uint64_t enabled, const codec_options_t *options, bool up,
                            bytes_t window, bool quiet, size_t *skip);

//  Which meter protocol carried bytes are of: the one whose whole frame, *frame, begins first among them, of several
//  the longest. NULL: none has one. Pure.
const codec_t *codec_guess_meter (const codec_options_t *options, bool up, bytes_t line,
                                  bytes_t *frame);

//  The name of a listener whose sessions begin without a codec, and the codec they have until one is chosen.
#define CODEC_AUTO "auto"
extern const codec_t codec_undecided;

//  The table made from codecs.def. Static; NULL if there is none of that name or behind the last.
const codec_t *codec_find (const char *name);
const codec_t *codec_at (size_t i);

//  "trip", "valve_open", ...; "?" if out of range. And back; false if there is none.
const char *operation_name (unsigned operation);
bool operation_find (const char *name, uint8_t *operation);

#endif
