//  What a simulated device of the field offers: it logs in, beats, reports and answers, by its protocol's own rules.
//  Each is one file, field_<protocol>.c, written from the standard and never from codecs/. A device knows no socket:
//  bytes come and go through a turn, time is an argument, and everything it says is told, so that it can be compared
//  with what the feed brings.
#ifndef BENCH_FIELD_H
#define BENCH_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FIELD_ADDRESS_MAX 23  //  Characters, as in the archive
#define FIELD_METERS_MAX 32   //  Behind one device

//  One value a device put into a frame. Values are mantissa x 10^exponent; NONE: it said it has none.
typedef struct {
    uint16_t mp;  //  Measuring point as the archive numbers it; 0 the device itself
    uint32_t
        report;  //  0: in an answer. Else the number of the report it stands in, which wants to be confirmed
    uint8_t freeze;    //  As fep/message.h
    int64_t time_ms;   //  Its instant; 0: it gave none
    uint32_t point;    //  Packed OBIS, fep/point.h
    int64_t mantissa;  //  Exact
    int8_t exponent;   //  Of ten
    bool none;         //  No value
} field_said_t;

//  One call.
typedef struct {
    int64_t wall_ms;  //  Now
    uint8_t *out;     //  Bytes for the master go here
    size_t size;      //  Written so far
    size_t capacity;  //  Of out
    void (*said) (void *arg, const field_said_t *said);
    void (*confirmed) (void *arg, uint32_t report);  //  The master has it on disk
    void *arg;
} field_turn_t;

typedef struct {
    const char *name;     //  As given on the command line
    const char *codec;    //  Of the listener it dials
    const char *carried;  //  Meter protocol of its measuring points in the archive; "" its own
    const char
        *profile;  //  File name in bench/ without .profile that its measuring points have; "" none
    size_t state_size;  //  Plain data; zero is the beginning
    void (*start) (void *state, uint32_t number,
                   uint32_t meters);  //  The number-th of its kind, from 1
    void (*address) (const void *state, char text[FIELD_ADDRESS_MAX + 1]);
    //  mp from 1. An empty text: it has no such meter.
    void (*meter) (const void *state, uint32_t mp, char text[FIELD_ADDRESS_MAX + 1]);
    void (*connected) (void *state, field_turn_t *turn);  //  A new connection: what it says first
    //  Takes whole frames; returns the bytes it is done with. What is no frame it drops.
    size_t (*input) (void *state, const uint8_t *bytes, size_t size, field_turn_t *turn);
    //  Lets time pass: heartbeats, reports. Returns when to be called again, wall clock.
    int64_t (*tick) (void *state, field_turn_t *turn);
    //  No more reports from now on; true once nothing waits to be confirmed.
    bool (*stop) (void *state);
} field_device_t;

//  The table; NULL behind the last.
const field_device_t *field_device_at (size_t i);

//  ---- The meter they all show ----

//  Registers of meter `meter` of device `number` at an instant. Energy rises with a daily load curve, one step of
//  0.01 kWh or less in a second; everything is a function of its arguments alone.
typedef enum {
    MODEL_ENERGY,         //  0.01 kWh, active import total
    MODEL_ENERGY_EXPORT,  //  0.01 kWh
    MODEL_VOLTAGE,        //  0.1 V
    MODEL_CURRENT,        //  0.001 A
    MODEL_POWER,          //  0.0001 kW, active total
    MODEL_POWER_FACTOR,   //  0.001
    MODEL_FREQUENCY,      //  0.01 Hz
    MODEL_VOLUME,         //  0.001 m3, of water or gas
    MODEL_FLOW,           //  0.001 m3/h
    MODEL_TEMPERATURE     //  0.01 degrees
} field_quantity_t;

int64_t field_model (uint32_t number, uint32_t meter, field_quantity_t quantity, int64_t wall_ms);

#endif
