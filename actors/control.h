//  Inside of control, shared by its files: control.c (start, mail), control_link.c (admission, directory),
//  control_online.c (the bitmap), control_poll.c (profiles, polls), control_door.c (the socket of the door) and
//  door_*.c (its verbs). Nobody else includes this.
#ifndef ACTORS_CONTROL_H
#define ACTORS_CONTROL_H

#include "actors/actor.h"
#include "actors/collisions.h"
#include "actors/directory.h"
#include "actors/mailq.h"
#include "actors/online.h"
#include "actors/unknown.h"

typedef struct {
    actor_t *actor;            //  Frame
    int inside;                //  ROUTER of the other actors
    int door;                  //  ROUTER of the clients
    zsock_t *door_socket;      //  Its socket
    directory_t *directory;    //  Who is connected
    unknown_t *unknown;        //  Who came and is not in the archive
    collisions_t *collisions;  //  Who claimed to be one that is connected
    online_t *online;          //  When terminals were online today
    online_at_t online_at;     //  The slot whose bits are set
    uint32_t online_next;      //  Where its sweep goes on; UINT32_MAX: it is done
    mailq_t mail;              //  To connectors, waits for room
    uint8_t *page;             //  Answers are built here
    size_t page_size;          //  Of it
    uint8_t
        dialled[ARCHIVE_NUMBERS_MAX / 8 + 1];   //  Bit of each number a connector was told to dial
    uint32_t periods_ms[ARCHIVE_PROFILES_MAX];  //  Of profiles, number n at n - 1; 0 = none
} control_t;

//  One request at the door.
typedef struct {
    bytes_t client;  //  Identity
    bytes_t body;    //  Of the request; a map
    int64_t token;   //  Echoed
    writer_t out;    //  The answer's body
    bool forwarded;  //  Another actor answers
    char text[420];  //  What an ERROR says to people; "" = the error's own text
} door_ask_t;

//  Writes the answer into ask->out, or hands the request on and says so, or says why not.
typedef fep_err_t (door_handler_t) (control_t *self, door_ask_t *ask);

//  One for each row of fep/door.def, in the door_*.c files.
#define VERB(word, arguments, answer, right, meaning) door_handler_t door_##word;
#include "fep/door.def"
#undef VERB

//  control_poll.c

//  A profile is new or changed: its period.
void control_profile_note (control_t *self, uint32_t number);
//  Tells a connector one profile, or all.
void control_profile_send (control_t *self, const char *connector, uint32_t number);
void control_profiles (control_t *self, const char *connector);
//  Tells schedule what of a terminal is to be polled from now on; nothing if it is not online.
void control_plan (control_t *self, uint32_t number, bool online);
//  Appends the pairs of a REQUEST that say who reads a measuring point; returns how many. 0: the terminal itself.
uint32_t control_meter (control_t *self, uint32_t number, uint16_t mp, writer_t *out);
//  How a poll ended.
void control_schedule_result (control_t *self, bytes_t body);
fep_err_t control_on_poll (void *self, actor_t *actor, bytes_t body);

//  control_dial.c

//  Where a terminal is dialled, to its connector; nowhere if it is not in the archive (any more).
void control_dial (control_t *self, uint32_t number);
//  All that a connector dials.
void control_dials (control_t *self, const char *connector);
//  The pairs of ADMIT and UPDATE: what the archive says of a terminal. Meters only if its codec names them.
void control_admission (const control_t *self, const terminal_t *terminal, const codec_t *codec,
                        int64_t session, int64_t trace_until_ms, writer_t *out);
//  Bytes that suffice for that.
size_t control_admission_bound (const terminal_t *terminal);

//  control_archive.c

//  Applies a plan and tells those it concerns. Takes the plan, as archive_apply.
FEP_MUST_CHECK
fep_err_t control_archive_apply (control_t *self, archive_plan_t **plan_p, const archive_act_t *act,
                                 uint64_t *change);

//  door_archive.c

//  The answer of a verb that changes the archive: what the plan does; and does it unless the request is `dry`.
//  Takes the plan.
FEP_MUST_CHECK
fep_err_t door_apply (control_t *self, door_ask_t *ask, archive_plan_t **plan_p, const char *what,
                      bool undoable);
//  Who asks, for the log. SYNTAX if the request does not say.
FEP_MUST_CHECK
fep_err_t door_who (door_ask_t *ask, char who[ARCHIVE_NAME_MAX + 1]);
//  The text a request puts under a name, "" if it says none; without bytes the one of that name is to be removed.
//  SYNTAX if it says neither.
FEP_MUST_CHECK
fep_err_t door_text (door_ask_t *ask, char name[ARCHIVE_NAME_MAX + 1], bytes_t *text);
//  The error, with its place and words for the ERROR.
fep_err_t door_fault (door_ask_t *ask, fep_err_t error, uint32_t line, const char *text);
//  control_link.c
fep_err_t control_on_link (void *self, actor_t *actor, bytes_t body);
fep_err_t control_on_probed (void *self, actor_t *actor, bytes_t body);
//  A terminal is in the archive now: it is unknown no longer, and admitted if it is held.
void control_admit_held (control_t *self, const terminal_t *terminal);
//  Where a terminal came in; NULL if it never did.
const config_listener_t *control_listener (const control_t *self, unsigned listener);
int64_t control_day (void);  //  Local day, now

//  control_online.c
fep_err_t control_online_start (control_t *self);
void control_online_stop (control_t *self);
void control_online_up (control_t *self, uint32_t number);
int64_t control_online_tick (control_t *self, int64_t now_us);

//  control_door.c
fep_err_t door_forward (control_t *self, door_ask_t *ask, const char *actor, const char *word,
                        uint32_t number);
const terminal_t *door_terminal (control_t *self, const door_ask_t *ask);
//  The measuring point a request names; 0: the terminal itself. RANGE: no such number. NOT_FOUND: the terminal is a
//  meter, and the archive has no such point at it: it would answer for another.
FEP_MUST_CHECK
fep_err_t door_point (control_t *self, door_ask_t *ask, const terminal_t *terminal,
                      const presence_t *presence, uint16_t *mp);

//  door_own.c: the bytes that make a setting of the terminal's own tasks so, by `key`, or with `remove` take it away.
FEP_MUST_CHECK
fep_err_t door_own_bytes (control_t *self, door_ask_t *ask, writer_t *out);

//  door_read.c: which request READ's and READ_START's `kind` means; RANGE: none. Their points, by names or OBIS, as an
//  array of numbers; RANGE: too many, or one is unknown.
typedef struct {
    request_kind_t kind;  //  For the codec
    uint8_t freeze;       //  Likewise
} door_read_t;
FEP_MUST_CHECK
fep_err_t door_read_kind (const door_ask_t *ask, door_read_t *read);
FEP_MUST_CHECK
fep_err_t door_read_points (const door_ask_t *ask, writer_t *out);

//  door_unknown.c: TERMINAL of one that is not in the archive. NOT_FOUND if it never came either.
fep_err_t door_unknown_terminal (control_t *self, door_ask_t *ask);

static inline bool door_online (const presence_t *presence)
{
    return presence && presence->session >= 0;
}

fep_err_t control_door_start (control_t *self);
void control_door_stop (control_t *self);
void control_door_take (control_t *self, void *socket);
void control_door_send (control_t *self, bytes_t client, const char *word, bytes_t body);

#endif
