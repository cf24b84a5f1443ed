//  What a simulated terminal must offer: frames to send, and the meaning of what comes back. Pure
//  functions: no socket, no clock. Written from the protocol's text, never from codecs/, so that it
//  can prove them.
//
//  Every value is a pure function of (address, measuring point, minute, item), see terminal_value;
//  so whoever knows the identity of a report can recompute what it must hold.
#ifndef BENCH_TERMINAL_H
#define BENCH_TERMINAL_H

#include "fep/bytes.h"

//  What a terminal reports by itself.
typedef enum {
    REPORT_CURRENT,  //  376.1: 0C F25, 23 momentary values of one measuring point
    REPORT_DAY,      //  376.1: 0D F161, one register frozen at the end of a day
    REPORT_EVENT,    //  376.1: 0E F1, a digital input changed
    REPORT_KIND_COUNT
} report_kind_t;

//  The identity of a report.
typedef struct {
    int64_t
        minute;   //  Since 1970 UTC. CURRENT, EVENT: the device's time. DAY: the day's first minute
    uint16_t mp;  //  Measuring point from 1; 0 for EVENT
    uint8_t kind;  //  report_kind_t
} report_t;

//  What the other side sent.
typedef enum {
    INPUT_MORE,       //  No whole frame yet
    INPUT_CONFIRMED,  //  Everything of the frame `sequence` was taken
    INPUT_DENIED,     //  It was not
    INPUT_REQUEST,    //  A request, which simulated terminals do not answer
    INPUT_NOISE       //  Bytes that are no frame for this terminal
} input_what_t;

typedef struct {
    input_what_t what;
    uint8_t sequence;  //  CONFIRMED, DENIED: of the frame it answers
    size_t size;       //  Bytes to drop from the window; 0 only for MORE
} input_t;

//  One protocol's terminal side. Builders append one whole frame and ask for confirmation; the
//  address is the decimal form shown to people (376.1: four digits A1, five digits A2). A frame
//  that does not fit fails the writer. Sequence numbers are below `sequences`.
typedef struct {
    const char *name;   //  As in codecs.def
    size_t frame_max;   //  Longest frame in either direction
    uint8_t sequences;  //  How many sequence numbers there are
    void (*login) (uint32_t address, uint8_t sequence, writer_t *out);
    void (*heartbeat) (uint32_t address, uint8_t sequence, writer_t *out);
    void (*logout) (uint32_t address, uint8_t sequence, writer_t *out);
    void (*report) (uint32_t address, const report_t *report, uint8_t sequence, writer_t *out);
    //  Gives an existing CURRENT report's frame another minute and sequence; values stay as they
    //  are.
    //  For load where only the cost counts.
    void (*touch) (uint8_t *frame, int64_t minute, uint8_t sequence);
    input_t (*input) (uint32_t address, bytes_t window);
} terminal_protocol_t;

extern const terminal_protocol_t terminal_gdw1376;
//  What brokers are given; the same reports.
extern const terminal_protocol_t terminal_mqtt;
extern const terminal_protocol_t terminal_nats;

//  Minutes east of UTC of the terminals' clocks. Set before use; default 480.
void terminal_set_offset_min (int minutes);
int terminal_offset_min (void);

//  32 bits from (address, mp, minute, item): mixes with multiplications and shifts mod 2^32, stated
//  here so that others can repeat it:
//    h = address * 0x9E3779B1 + mp * 0x85EBCA77 + minute * 0xC2B2AE3D + item * 0x27D4EB2F +
//    0x165667B1
//    h = (h ^ h >> 15) * 0x2C1B3C6D;  h = (h ^ h >> 12) * 0x297A2D39;  h = h ^ h >> 15
uint32_t terminal_value (uint32_t address, uint16_t mp, int64_t minute, uint32_t item);

//  The address of terminal i when the first is `first`: A2 counts 1..65534, then A1 goes on.
uint32_t terminal_address (uint32_t first, uint32_t i);

#endif
