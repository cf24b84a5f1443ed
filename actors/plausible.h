//  Is a value plausible by itself: the dictionary's and the archive's range, its time, the sum of its tariffs. Pure.
//  What a point is allowed is looked up once and then found beside the point that came before it, in whole numbers
//  of the exponent it came with last; so a usual value costs three comparisons.
#ifndef ACTORS_PLAUSIBLE_H
#define ACTORS_PLAUSIBLE_H

#include "fep/message.h"
#include "fep/point.h"

//  Why an item is suspect.
typedef enum {
    REASON_NONE,
    REASON_RANGE,
    REASON_TIME,
    REASON_FALLS,
    REASON_RISES,
    REASON_STILL,
    REASON_SUM,
    REASON_BEFORE,  //  Held when it came first; why is not known any more
    REASON_COUNT
} reason_t;

//  "range", "time", "falls", "rises", "stands_still", "sum", "before"; "" for none. Static.
const char *reason_name (reason_t reason);

enum {
    RULE_REGISTER = 1 << 0,  //  Only rises
    RULE_SUM = 1 << 1,       //  Of a family whose total is the sum of its tariffs
    RULE_ENERGY = 1 << 2,    //  In kWh or kvarh
    RULE_LOAD = 1 << 3       //  Active power of the whole measuring point
};

typedef struct {
    uint32_t point;   //  Packed OBIS
    uint32_t next;    //  Rule of the point that followed it last time
    int64_t low;      //  Least mantissa with that exponent
    int64_t high;     //  Greatest
    int8_t exponent;  //  Which they were made for; EXPONENT_NONE: not yet
    uint8_t flags;    //  RULE_ bits
    double least;     //  The dictionary's range; 0, 0: none
    double most;
} rule_t;

#define EXPONENT_NONE INT8_MIN
#define RULES_MAX 4096  //  Points in use at a time; beyond it each is looked up again and again

typedef struct {
    rule_t rules[RULES_MAX];        //  0 is for points beyond the limit
    uint32_t count;                 //  Of them
    uint16_t index[4 * RULES_MAX];  //  Hash of point: its rule; 0 = free
} rules_t;

rules_t *rules_new (void);
void rules_destroy (rules_t **self_p);

rule_t *rules_find (rules_t *self, uint32_t point);

//  The rule of a point that comes behind another (rule 0 at the beginning).
static inline rule_t *rules_next (rules_t *self, rule_t *before, uint32_t point)
{
    rule_t *rule = &self->rules[before->next];
    if (__builtin_expect (rule->point != point, 0)) {
        rule = rules_find (self, point);
        before->next = (uint32_t) (rule - self->rules);
    }
    return rule;
}

//  The usual decimal within the range, of a point that needs no more than that.
static inline bool rule_passes (const rule_t *self, const value_t *value)
{
    return value->kind == VALUE_DECIMAL && value->exponent == self->exponent &&
           value->mantissa >= self->low && value->mantissa <= self->high && !self->flags;
}

//  Any value against the dictionary's range. Prepares rule_passes for the next of that exponent.
bool rule_allows (rule_t *self, const value_t *value);

//  Any value against a range. Values that are no numbers are allowed.
bool range_allows (double least, double most, const value_t *value);

//  Decimals and floats that are not marked invalid.
static inline bool value_is_number (const value_t *value)
{
    return (value->kind == VALUE_DECIMAL || value->kind == VALUE_FLOAT) &&
           !(value->quality & QUALITY_INVALID);
}

//  Of numbers. Exact where both have one exponent.
long double value_number (const value_t *value);
int value_order (const value_t *a, const value_t *b);  //  -1, 0, 1
//  One unit in the last place of a decimal; what a float of that size can tell apart.
long double value_unit (const value_t *value);

//  A total against its tariffs 1..count: within one unit in the last place for each of them.
bool sum_agrees (const value_t *total, const value_t *tariffs[], size_t count);

//  An instant against when it was received. Both limits in ms.
static inline bool time_allows (int64_t time_ms, int64_t received_ms, uint64_t future_ms,
                                uint64_t past_ms)
{
    int64_t ahead;
    return !__builtin_sub_overflow (time_ms, received_ms, &ahead) && ahead <= (int64_t) future_ms &&
           ahead >= -(int64_t) past_ms;
}

#endif
