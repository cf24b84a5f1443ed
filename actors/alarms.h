//  Alarms: the rules, and one state for each rule, terminal and measuring point it has looked at. Knows no actor,
//  store or clock; time is an argument. What is raised, acknowledged or cleared is appended to a batch as a
//  MESSAGE_ALARM; its time is that of the item judged last, its received time when we said so.
//
//     idle     the condition does not hold
//     pending  it holds, not yet for the rule's delay
//     raised   it has held so long
//     settling it is gone, not yet for the rule's settle time; a return only counts
//
//  Items are judged in the order of their own times: one older than the last judged changes nothing. Delay and
//  settle time pass by the clock or by the items' times, whichever is first. Bounded: beyond the limit of states
//  the idle ones are forgotten first; if there is none, nothing new is raised, and counted.
#ifndef ACTORS_ALARMS_H
#define ACTORS_ALARMS_H

#include "fep/config.h"
#include "fep/pack.h"
#include "store/archive.h"

#define ALARMS_NAME_MAX 31      //  Of a rule
#define ALARMS_WHO_MAX 31       //  Who acknowledged
#define ALARMS_COMMENT_MAX 127  //  With which words
#define ALARMS_RIPE 1000  //  Messages from which on a batch takes no more; the rest is reserve

typedef struct alarms alarms_t;
typedef struct alarm_rule alarm_rule_t;

typedef struct {
    int64_t mono_ms;  //  For deadlines
    int64_t wall_ms;  //  For stamps
} alarms_now_t;

typedef enum { ALARM_IDLE, ALARM_PENDING, ALARM_RAISED, ALARM_SETTLING } alarm_phase_t;

typedef struct {
    char who[ALARMS_WHO_MAX + 1];          //  "" if nobody
    char comment[ALARMS_COMMENT_MAX + 1];  //  May be ""
    int64_t wall_ms;                       //  When
} alarm_ack_t;

typedef struct alarm alarm_t;
struct alarm {
    alarm_rule_t *rule;             //  Whose
    uint32_t terminal;              //  Archive number
    uint16_t mp;                    //  Measuring point
    uint8_t area;                   //  As the messages say
    uint8_t phase;                  //  alarm_phase_t
    char address[ADDRESS_MAX + 1];  //  Of the terminal
    bool lasts;                     //  An event that began and has not ended
    bool acknowledged;              //  ack counts
    uint32_t count;                 //  Returns while it was raised
    int64_t since_mono_ms;          //  Pending or settling: since when, by the clock
    int64_t since_ms;               //  The same by the item's time
    int64_t last_ms;                //  Time of the item judged last
    int64_t raised_ms;              //  When it was raised
    value_t value;                  //  Judged last
    uint64_t serial;                //  Counts what was raised; raised and settling only
    alarm_ack_t ack;                //  Last acknowledgement
    alarm_t *next, *previous;       //  In the list of its phase
    alarm_t *younger, *older;       //  Among the raised, by serial
    alarm_t *in_bucket;             //  Another of its hash
};

//  Gives an empty set for at most so many states; asserts on lack of memory (start-up only).
alarms_t *alarms_new (size_t states);
void alarms_destroy (alarms_t **self_p);

//  ---- What is looked at ----

//  Takes the rules over (copies). States of a rule that keeps its name and what it looks at stay; those of the
//  others are to be swept.
void alarms_rules (alarms_t *self, const config_alarm_t rules[], size_t count);

//  The names of the groups by number, and which of them a terminal is in. What is raised out of its rule's scope
//  then is to be swept.
void alarms_groups (alarms_t *self, char names[][ARCHIVE_NAME_MAX + 1]);
void alarms_terminal (alarms_t *self, uint32_t number, uint64_t groups, bool present);

//  Clears what is to be swept, until done (true) or the batch is ripe. Nothing is judged before it is done.
bool alarms_sweep (alarms_t *self, alarms_now_t now, batch_t *out);

//  True if no message of that kind concerns any rule.
bool alarms_skip (const alarms_t *self, uint8_t kind);
//  True if there is no rule at all and nothing is to be swept.
bool alarms_quiet (const alarms_t *self);

//  ---- What happens. The batch must not be ripe. ----

static inline bool alarms_ripe (const batch_t *out)
{
    return out->message_count >= ALARMS_RIPE;
}

//  An item of a reading.
void alarms_reading (alarms_t *self, const message_t *message, const item_t *item, int64_t time_ms,
                     alarms_now_t now, batch_t *out);
//  An event. begins: 1 it begins, 0 it ends, -1 it only happens.
void alarms_event (alarms_t *self, const message_t *message, int64_t code, int begins,
                   alarms_now_t now, batch_t *out);
//  A terminal came or went.
void alarms_link (alarms_t *self, const message_t *message, bool up, alarms_now_t now,
                  batch_t *out);

//  Raises and clears what is due, until the batch is ripe.
void alarms_tick (alarms_t *self, alarms_now_t now, batch_t *out);
//  When alarms_tick is due, by the monotonic clock; INT64_MAX if nothing waits.
int64_t alarms_deadline (const alarms_t *self);

//  NOT_FOUND if it is not raised, EXISTS if it is acknowledged already.
FEP_MUST_CHECK
fep_err_t alarms_ack (alarms_t *self, const char *rule, uint32_t terminal, uint16_t mp,
                      const char *who, const char *comment, alarms_now_t now, batch_t *out);

//  ---- What was raised before ----

#define ALARMS_KEY_MAX (ALARMS_NAME_MAX + 1 + 4 + 2)

//  Reads the rule and state of a MESSAGE_ALARM whose items the cursor stands before, and makes the key of its row:
//  rule, 0, terminal 4, measuring point 2. *raised: it is to be kept; its row's value is the message itself.
FEP_MUST_CHECK
fep_err_t alarms_row (cursor_t *cursor, const message_t *message, writer_t *key, bool *raised);

//  Takes over a row's value; after the rules, groups and terminals. FULL: more than the limit. CORRUPT.
FEP_MUST_CHECK
fep_err_t alarms_load (alarms_t *self, bytes_t row, alarms_now_t now);

//  An item was judged before we began: none older than it is judged for its alarm, and what is raised settles if
//  its condition was gone. Raises and clears nothing.
void alarms_seen (alarms_t *self, const message_t *message, const item_t *item, int64_t time_ms,
                  alarms_now_t now);
//  The same of an event.
void alarms_seen_event (alarms_t *self, const message_t *message, int64_t code, alarms_now_t now);

//  ---- For people ----

//  The first raised one with that serial or a later one; the one after it. NULL at the end. Borrowed until the
//  next change.
const alarm_t *alarms_from (const alarms_t *self, uint64_t serial);
const alarm_t *alarms_next (const alarm_t *alarm);
const char *alarms_name (const alarm_t *alarm);
const char *alarms_level (const alarm_t *alarm);
//  Name of what it looks at; 64 characters suffice.
void alarms_point (const alarm_t *alarm, char *text, size_t size);

size_t alarms_active (const alarms_t *self);  //  Raised or settling
size_t alarms_states (const alarms_t *self);  //  All

#endif
