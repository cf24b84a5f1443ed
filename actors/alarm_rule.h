//  One rule of alarms, ready to judge. For alarms.c only.
#ifndef ACTORS_ALARM_RULE_H
#define ACTORS_ALARM_RULE_H

#include "actors/alarms.h"
#include "fep/decimal.h"

typedef enum { ALARM_ON_POINT, ALARM_ON_EVENT, ALARM_ON_LINK, ALARM_ON_COUNT } alarm_on_t;

typedef enum {
    CONDITION_UNKNOWN,  //  That value says nothing
    CONDITION_GONE,
    CONDITION_BETWEEN,  //  Within the hysteresis: as it was before
    CONDITION_HOLDS
} condition_t;

typedef struct {
    alarm_t *first;  //  Longest in it
    alarm_t *last;
} alarm_list_t;

struct alarm_rule {
    char name[ALARMS_NAME_MAX + 1];    //  Unique among those not gone
    char group[ARCHIVE_NAME_MAX + 1];  //  "": all terminals
    char terminal[ADDRESS_MAX + 1];    //  "": all
    char level[16];                    //  As configured
    alarm_on_t on;                     //  What it looks at
    uint32_t point;                    //  On point
    int32_t event;                     //  On event; -1 = any
    uint8_t compare;                   //  Row of the table of comparisons
    decimal_t threshold;               //  Condition holds beyond it,
    decimal_t edge;                    //  and is gone beyond this
    unsigned bit;                      //  Number, of bit_set and bit_clear
    int64_t delay_ms;                  //  Until raised
    int64_t settle_ms;                 //  Until cleared
    uint64_t groups;                   //  The bit of its group; 0 = there is none of that name
    bool gone;                         //  No longer configured; its states are to be swept
    size_t states;                     //  That point here
    alarm_list_t pending;              //  By since_mono_ms
    alarm_list_t settling;             //  By since_mono_ms
    alarm_rule_t *next;                //  Of all
};

//  Fills what the configuration says; lists and states stay.
void alarm_rule_set (alarm_rule_t *self, const config_alarm_t *config);

//  True if the configured rule looks at the same things of the same terminals.
bool alarm_rule_same (const alarm_rule_t *self, const config_alarm_t *config);

//  True if it is configured, on events, and on that one.
static inline bool alarm_rule_is_event (const alarm_rule_t *self, int64_t code)
{
    return !self->gone && self->on == ALARM_ON_EVENT && (self->event < 0 || self->event == code);
}

condition_t alarm_rule_judge (const alarm_rule_t *self, const value_t *value);

#endif
