//  The dictionary of measurable things. A point is packed OBIS (IEC 62056-61): medium, channel, quantity,
//  kind, tariff. Codecs map their identifiers to it; nobody downstream sees a wire identifier.
#ifndef FEP_POINT_H
#define FEP_POINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

//  Medium 4 bits, channel 4, quantity 8, kind 8, tariff 8. Value groups A, B, C, D, E of OBIS.
#define POINT(a, b, c, d, e)                                                                       \
    ((uint32_t) (a) << 28 | (uint32_t) (b) << 24 | (uint32_t) (c) << 16 | (uint32_t) (d) << 8 |    \
     (uint32_t) (e))

//  Things OBIS does not name use the manufacturer-specific range C = 128..199 of medium 0 (abstract).
#define POINT_EVENT_CODE POINT (0, 0, 130, 1, 0)    //  The device's event number
#define POINT_EVENT_NAME POINT (0, 0, 130, 2, 0)    //  Its name, text
#define POINT_EVENT_RAW POINT (0, 0, 130, 3, 0)     //  Why the raw bytes were not decoded, text
#define POINT_EVENT_DETAIL POINT (0, 0, 130, 4, 0)  //  What was not decoded: AFN, Pn, Fn, text
#define POINT_EVENT_START POINT (0, 0, 130, 5, 0)   //  1 it begins, 0 it ends
#define POINT_EVENT_FLAGS POINT (0, 0, 130, 6, 0)   //  What it is about, by its own bits
#define POINT_EVENT_POWER_ON                                                                       \
    POINT (0, 0, 130, 23, 0)  //  When power came back, UTC seconds; none: it has not
#define POINT_EVENT_IMPORTANT POINT (0, 0, 130, 36, 0)  //  A terminal's counters of events, mod 256
#define POINT_EVENT_ORDINARY POINT (0, 0, 130, 37, 0)
#define POINT_EVENT_END POINT (0, 0, 130, 40, 0)             //  When it ended, UTC seconds
#define POINT_EVENT_IMPORTANT_FROM POINT (0, 0, 130, 42, 0)  //  Those before it came: the counter,
#define POINT_EVENT_IMPORTANT_TO POINT (0, 0, 130, 43, 0)    //  behind the first, up to the second
#define POINT_EVENT_ORDINARY_FROM POINT (0, 0, 130, 44, 0)
#define POINT_EVENT_ORDINARY_TO POINT (0, 0, 130, 45, 0)
#define POINT_EVENT_NEW POINT (0, 0, 130, 46, 0)   //  1: the terminal has new events, 0: no more
#define POINT_LINK_STATE POINT (0, 0, 131, 1, 0)   //  1 up, 0 down
#define POINT_LINK_REASON POINT (0, 0, 131, 2, 0)  //  Close reason, text
#define POINT_LINK_PEER POINT (0, 0, 131, 3, 0)    //  Peer address, text
#define POINT_LINK_CODEC POINT (0, 0, 131, 4, 0)   //  Protocol it speaks, text
#define POINT_JUMP_POINT POINT (0, 0, 134, 1, 0)   //  Which register, its name
#define POINT_JUMP_OLD POINT (0, 0, 134, 2, 0)     //  Its last good value
#define POINT_JUMP_NEW POINT (0, 0, 134, 3, 0)     //  Its value since
#define POINT_JUMP_TIME POINT (0, 0, 134, 4, 0)    //  When the old one was read, UTC seconds
#define POINT_JUMP_WHO POINT (0, 0, 134, 5, 0)     //  Who accepted the new one, text

#define POINT_METER_ADDRESS POINT (0, 0, 136, 1, 0)  //  Whose meter it is, text
#define POINT_VALVE_STATE POINT (0, 0, 96, 3, 20)    //  0 open, 1 closed, 3 out of order
#define POINT_BATTERY_LOW POINT (0, 0, 96, 6, 10)    //  1: it is
#define POINT_METER_STATUS POINT (0, 0, 96, 5, 1)    //  Its first status word, as it came

#define POINT_ALARM_RULE POINT (0, 0, 135, 1, 0)     //  Name of the rule, text
#define POINT_ALARM_STATE POINT (0, 0, 135, 2, 0)    //  1 raised, 2 acknowledged, 0 cleared
#define POINT_ALARM_LEVEL POINT (0, 0, 135, 3, 0)    //  "important" or "general", text
#define POINT_ALARM_COUNT POINT (0, 0, 135, 4, 0)    //  How often its condition came back meanwhile
#define POINT_ALARM_VALUE POINT (0, 0, 135, 5, 0)    //  The value judged last
#define POINT_ALARM_POINT POINT (0, 0, 135, 6, 0)    //  What it is of, text; an event: its code
#define POINT_ALARM_WHO POINT (0, 0, 135, 7, 0)      //  Who acknowledged or cleared it, text
#define POINT_ALARM_COMMENT POINT (0, 0, 135, 8, 0)  //  With which words, text
#define POINT_ALARM_SINCE POINT (0, 0, 135, 9, 0)    //  When it was raised, UTC seconds

#define POINT_METER_ADDRESS POINT (0, 0, 136, 1, 0)    //  Of a meter, text
#define POINT_METER_NUMBER POINT (0, 0, 136, 2, 0)     //  Its number in the terminal's archive
#define POINT_METER_PORT POINT (0, 0, 136, 3, 0)       //  Port of the terminal
#define POINT_METER_SPEED POINT (0, 0, 136, 4, 0)      //  Code of its speed
#define POINT_METER_PROTOCOL POINT (0, 0, 136, 5, 0)   //  Number of its protocol
#define POINT_METER_TARIFFS POINT (0, 0, 136, 6, 0)    //  How many it has
#define POINT_METER_COLLECTOR POINT (0, 0, 136, 7, 0)  //  Address of its collector, text
#define POINT_METER_CLASS POINT (0, 0, 136, 8, 0)      //  Of its user: 7..4 major, 3..0 minor

//  A setting of a terminal's own tasks (codecs/own.h)
#define POINT_OWN_OBJECT POINT (0, 0, 137, 9, 0)  //  Of the protocol, text
#define POINT_OWN_NUMBER POINT (0, 0, 137, 9, 1)  //  Which of it
#define POINT_OWN_FIELD POINT (0, 0, 137, 9, 2)   //  "name value", text; any number of them

#define POINT_RESULT_ERROR                                                                         \
    POINT (0, 0, 138, 1, 0)  //  How a task's request ended: fep_err_name, text
#define POINT_RESULT_CODE POINT (0, 0, 138, 2, 0)    //  REFUSED: the device's own code
#define POINT_RESULT_RUN POINT (0, 0, 138, 3, 0)     //  0 the first run, n the n-th re-read
#define POINT_RESULT_VALUES POINT (0, 0, 138, 4, 0)  //  How many good values it brought
#define POINT_RESULT_LINE POINT (0, 0, 138, 5, 0)    //  1: a bare line, its meter alone was asked
#define POINT_RESULT_SILENT                                                                        \
    POINT (0, 0, 138, 6, 0)  //  1: the code says the meter did not answer; else left out
#define POINT_RESULT_UNSENT                                                                        \
    POINT (0, 0, 138, 7, 0)                      //  1: no frame of it was ever sent; else left out
#define POINT_RESULT_MP POINT (0, 0, 138, 8, 0)  //  A further measuring point it holds for

//  How a point behaves over time.
typedef enum {
    POINT_CUMULATIVE,     //  A register that only rises
    POINT_INSTANTANEOUS,  //  A momentary quantity
    POINT_MAXIMUM,        //  A demand or extreme
    POINT_STATE,          //  Bits, text, clocks
    POINT_COUNTER         //  Counts of happenings
} point_kind_t;

typedef struct {
    uint32_t point;     //  Packed, tariff 0 for a family
    uint8_t tariffs;    //  0: exactly this point. n: E = 0 is the total, 1..n the tariffs
    const char *name;   //  With unit as suffix; '*' stands where a family writes total, t1, t2...
    const char *unit;   //  As in the name; "" if none
    point_kind_t kind;  //  How it behaves
    double low;         //  Plausible range, inclusive
    double high;
} point_info_t;

//  The dictionary's row for a point, or NULL if it has none. Static. O(log n).
const point_info_t *point_find (uint32_t point);

//  The readable name ("energy.active.import.total_kWh"), or its OBIS text if unknown. Always terminates;
//  64 characters suffice.
void point_name (uint32_t point, char *text, size_t size);

//  The point of that readable name or OBIS text ("1.0.1.8.0"). False if there is none.
bool point_parse (const char *text, uint32_t *point);

//  "1.0.1.8.0". Always terminates; 20 characters suffice.
void point_obis (uint32_t point, char *text, size_t size);

//  Row i of the dictionary, or NULL behind the last.
const point_info_t *point_at (size_t i);

#endif
