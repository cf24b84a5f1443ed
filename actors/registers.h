//  What is remembered of measuring points: the last good value of each register, what the archive says, the load,
//  and what is held. Judges jumps by the instants of readings, never by the order in which they arrive. Pure:
//  no clock, no message.
//
//  A register is judged against its last good value at an earlier instant (its base). What is older than the base is
//  not judged. After a jump the readings held are followed: once enough of them in a row are consistent with each
//  other, somebody is to decide whether they are the new base.
#ifndef ACTORS_REGISTERS_H
#define ACTORS_REGISTERS_H

#include "actors/plausible.h"

#define KEPT_MAX 16  //  Readings kept of a jump, to be published once it is accepted

typedef struct {
    uint32_t point;         //  Which
    uint8_t freeze;         //  freeze_t; each has its own
    bool known;             //  value is set
    bool known_before;      //  before is set
    uint16_t equals;        //  Readings in a row that showed value
    int64_t time_ms;        //  When value was read last
    int64_t since_ms;       //  When it was first seen
    int64_t before_ms;      //  When before was read
    value_t value, before;  //  Last good one, and the one at the instant before
} base_t;

//  A reading held of a jump.
typedef struct {
    value_t value;    //  It
    int64_t time_ms;  //  Its instant
} kept_t;

//  A point of a measuring point of which readings are held now.
typedef struct {
    uint32_t point;         //  Which
    uint8_t freeze;         //  freeze_t
    uint8_t reason;         //  reason_t of the last one
    bool timed;             //  The device gave instants
    bool raised;            //  The jump was reported
    uint8_t kept_count;     //  Of kept
    uint32_t consistent;    //  Readings of the jump in a row, consistent with each other
    uint64_t count;         //  Readings held since
    int64_t since_ms;       //  Instant of the first
    int64_t last_ms;        //  Instant of the last
    value_t last;           //  Value of the last
    kept_t kept[KEPT_MAX];  //  The last consistent ones, oldest first
} hold_t;

typedef struct {
    uint32_t point;    //  Which
    double low, high;  //  Allowed, inclusive
} limit_t;

typedef struct {
    uint32_t terminal;                           //  Archive number
    uint16_t mp;                                 //  Measuring point
    uint8_t area;                                //  Of the last message held
    char address[ADDRESS_MAX + 1];               //  Of the last message held
    uint32_t rated_W;                            //  0 = not known
    limit_t *limits;                             //  By point
    uint32_t limit_count;                        //  Of them
    int load;                                    //  1: it takes power, -1: it gives, 0: neither
    int64_t load_since_ms, load_ms;              //  Since when, and when it was seen last
    uint32_t identities;                         //  Of held readings remembered
    uint32_t expected;                           //  Register that is likely to come next
    uint32_t register_count, register_capacity;  //  Of registers
    base_t *registers;                           //  In order of first arrival
    uint32_t hold_count;                         //  Of holds
    hold_t *holds;                               //  Held now
} meter_t;

//  How to judge. From the options.
typedef struct {
    double margin;        //  Factor on the rated power
    int64_t still_ms;     //  So long under load
    double still_W;       //  Load begins here
    uint32_t consistent;  //  Readings in a row
} judge_t;

typedef struct meters meters_t;

//  registers: limit of registers, and of measuring points made for them; holds: limit of holds. Asserts on lack of
//  memory.
meters_t *meters_new (size_t registers, size_t holds);
void meters_destroy (meters_t **self_p);
size_t meters_count (const meters_t *self);
meter_t *meters_at (meters_t *self, size_t i);  //  In order of first arrival
size_t meters_registers (const meters_t *self);
size_t meters_holds (const meters_t *self);

//  Valid until meters_destroy. find: NULL if there is none; make: NULL at the limit.
meter_t *meters_find (meters_t *self, uint32_t terminal, uint16_t mp);
meter_t *meters_make (meters_t *self, uint32_t terminal, uint16_t mp);

//  What the archive says. Copies the limits. meter_forget: it says nothing any more.
void meter_facts (meter_t *self, uint32_t rated_W, const limit_t limits[], size_t count);
static inline void meter_forget (meter_t *self)
{
    meter_facts (self, 0, NULL, 0);
}
const limit_t *meter_limit (const meter_t *self, uint32_t point);

//  Active power as it was read.
void meter_load (meter_t *self, const judge_t *how, const value_t *power_kW, int64_t time_ms);

//  The register, made if there is none; NULL at the limit. Valid until the next call.
base_t *meter_register (meters_t *meters, meter_t *self, uint32_t point, uint8_t freeze);

//  NONE, FALLS, RISES or STILL. flags: of its rule. value is a number.
reason_t base_judge (const base_t *self, const meter_t *meter, const judge_t *how, uint8_t flags,
                     const value_t *value, int64_t time_ms);
//  A good reading.
void base_take (base_t *self, const value_t *value, int64_t time_ms);

//  What is held of a point, or NULL. Valid until the next meter_note or meter_release.
hold_t *meter_hold (meter_t *self, uint32_t point, uint8_t freeze);
//  A reading was held; makes the hold if there is none. NULL at the limit.
hold_t *meter_note (meters_t *meters, meter_t *self, uint32_t point, uint8_t freeze,
                    const value_t *value, int64_t time_ms, reason_t reason);
//  Follows a jump. True: it is to be reported now.
bool hold_follow (hold_t *self, const meter_t *meter, const judge_t *how, uint8_t flags,
                  const value_t *value, int64_t time_ms);
//  Nothing of it is held any more.
void meter_release (meters_t *meters, meter_t *self, hold_t *hold);
//  The last kept reading is the new base of the register. Does not release.
void hold_accept (const hold_t *self, base_t *base);

#endif
