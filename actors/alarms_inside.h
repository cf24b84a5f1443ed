//  The private side of alarms_t, for alarms.c (states), alarms_scope.c (rules, groups, sweep) and alarms_load.c
//  (what was raised before). Nobody else includes it.
#ifndef ACTORS_ALARMS_INSIDE_H
#define ACTORS_ALARMS_INSIDE_H

#include "actors/alarm_rule.h"
#include "fep/pool.h"

#define BLOOM_BITS 4096

typedef struct {
    uint64_t groups;  //  As the archive says
    bool known;       //  The archive has said it
    bool present;     //  Likewise
} scope_t;

struct alarms {
    pool_t *pool;                                           //  Of alarm_t
    alarm_t **buckets;                                      //  By hash
    size_t bucket_mask;                                     //  Buckets - 1
    size_t states;                                          //  In them
    size_t active;                                          //  Of them raised or settling
    alarm_list_t idle;                                      //  By the time they became so
    alarm_t *oldest, *youngest;                             //  Raised, by serial
    uint64_t serial;                                        //  Last given
    alarm_rule_t *rules;                                    //  All, gone ones too
    alarm_rule_t **index;                                   //  Those on points, by point
    size_t index_count;                                     //  Of them
    uint64_t bloom[BLOOM_BITS / 64];                        //  Of their points
    size_t counts[ALARM_ON_COUNT];                          //  Rules by what they look at
    char groups[ARCHIVE_GROUPS_MAX][ARCHIVE_NAME_MAX + 1];  //  Names
    scope_t *terminals;                                     //  By archive number
    size_t terminal_count;                                  //  Of that array
    bool sweeping;                                          //  Something may be out of scope
    size_t sweep_at;                                        //  Bucket to go on at
};

//  What happened, as the rules are asked about it.
typedef struct {
    const message_t *message;  //  Whose
    const value_t *value;      //  What
    int64_t time_ms;           //  When, by its own clock
    bool once;                 //  It does not last: an event without begin and end
    bool lasts;                //  An event that begins
    bool strict;               //  Of two of one time the second changes nothing
} alarms_fact_t;

//  ---- alarms.c ----

//  The state of a rule, or NULL.
alarm_t *alarms_state (const alarms_t *self, const alarm_rule_t *rule, uint32_t terminal,
                       uint16_t mp);
//  A fresh idle state; room is made by the longest idle one. NULL: none is idle.
alarm_t *alarms_make (alarms_t *self, alarm_rule_t *rule, const message_t *message);
//  Forgets one that is not raised.
void alarms_forget (alarms_t *self, alarm_t *alarm);
void alarms_enter (alarms_t *self, alarm_t *alarm, alarm_phase_t phase);
//  Enters pending or settling, as from now.
void alarms_wait (alarms_t *self, alarm_t *alarm, alarm_phase_t phase, const alarms_fact_t *fact,
                  alarms_now_t now);
//  Takes it among the raised.
void alarms_activate (alarms_t *self, alarm_t *alarm);
//  Says that it is cleared; why: NULL if its condition is gone.
void alarms_clear (alarms_t *self, alarm_t *alarm, const char *why, alarms_now_t now, batch_t *out);
//  The first rule of the index on that point, or index_count.
size_t alarms_on_point (const alarms_t *self, uint32_t point);
static inline uint32_t alarms_bloom_bit (uint32_t point)
{
    return (point * 0x9E3779B1u) >> 20;
}

//  ---- alarms_scope.c ----

bool alarms_in_scope (const alarms_t *self, const alarm_rule_t *rule, uint32_t terminal,
                      bytes_t address);
//  The configured rule of that name, or NULL.
alarm_rule_t *alarms_rule (const alarms_t *self, const char *name);
alarm_rule_t *alarms_add_rule (alarms_t *self);
//  All states are to be looked at again.
void alarms_resweep (alarms_t *self);

#endif
