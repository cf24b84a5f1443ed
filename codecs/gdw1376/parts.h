//  The parts of the codec that stand in files of their own.
#ifndef CODECS_GDW1376_PARTS_H
#define CODECS_GDW1376_PARTS_H

#include "codecs/gdw1376/state.h"
#include "codecs/gdw1376/units.h"

//  Bytes of units a frame of ours has at most: a segment of a file, or a carried frame, and what is around it.
#define GDW_UNITS_MAX 1200

//  A group address of all terminals.
#define GDW_ALL 0xFFFF

//  Refusals the terminal has no code for; its own count from 0 up.
enum {
    GDW_CODE_GARBLED = 252,   //  10 F1: the answer's length does not fit it
    GDW_CODE_SECURITY = 253,  //  00 F4
    GDW_CODE_SEGMENT = 254,   //  0F F1: another segment was confirmed
    GDW_CODE_SILENT = 255     //  10 F1: the meter behind the terminal did not answer
};

//  One frame of ours before it is framed.
typedef struct {
    uint8_t afn;                   //  Application function
    uint16_t group;                //  A2 of a group; 0: the session's terminal
    bool carries;                  //  10 F1: its answer belongs to a meter
    uint32_t segment;              //  FILE: which one; GDW_NO_SEGMENT
    uint32_t done;                 //  Steps of the request done with it
    bool finished;                 //  It is the last one
    bool nothing;                  //  Nothing is left to be asked: no frame
    uint8_t mps_over;              //  Measuring points of the request done with it
    writer_t units;                //  DA, DT and data, over bytes
    uint8_t bytes[GDW_UNITS_MAX];  //  Of units
} gdw_ask_t;

//  The events of one Fn of AFN 0E, the parameters of one of AFN 0A; gdw_visit_t.
bool gdw_visit_events (gdw_turn_t *self, uint16_t pn, uint16_t fn, reader_t *in);
bool gdw_visit_parameters (gdw_turn_t *self, uint16_t pn, uint16_t fn, reader_t *in);

//  Units for the request; io is only looked at. READ and READ_FROZEN; what changes the world.
fep_err_t gdw_ask_read (const request_t *request, const codec_io_t *io, gdw_ask_t *ask);
fep_err_t gdw_ask_command (const request_t *request, const codec_io_t *io, gdw_ask_t *ask);

//  A.1: second, minute, hour, day, weekday and month, year.
void gdw_put_time (writer_t *out, const clock_civil_t *civil);

//  The Fn, at most PROFILE_POINTS_MAX, that together show the request's points, all of them or UNSUPPORTED.
fep_err_t gdw_fns_of (const request_t *request, const codec_io_t *io, uint16_t fns[],
                      size_t *count);

//  own.c: parameters that are tasks of the terminal's own, as messages; gdw_visit_t. Reading and writing one.
bool gdw_is_own (uint16_t fn);
bool gdw_visit_own (gdw_turn_t *self, uint16_t pn, uint16_t fn, reader_t *in);
fep_err_t gdw_ask_read_own (const request_t *request, const codec_io_t *io, gdw_ask_t *ask);
fep_err_t gdw_ask_own (const request_t *request, const codec_io_t *io, gdw_ask_t *ask);

//  Frames and tails the units into io->send and remembers what is in flight. until_ms as in request_t.
//  NEEDS_SEAL, FULL and others: state is as before, io->send too.
fep_err_t gdw_send (gdw_state_t *state, const gdw_ask_t *ask, int64_t until_ms, codec_io_t *io);

//  The carried bytes of a body of AFN 10, down or up. False if its length does not fit.
bool gdw_carried (bytes_t body, bool up, bytes_t *carried);

//  The encode, wrap, unwrap, own, own_remove and explain of the codec contract.
fep_err_t gdw_encode (void *state, request_t *request, codec_io_t *io);
fep_err_t gdw_wrap (void *state, bytes_t frame, codec_io_t *io);
fep_err_t gdw_unwrap (bytes_t frame, bool up, const codec_options_t *options, writer_t *line);
fep_err_t gdw_own (const own_wish_t *wish, size_t i, uint32_t *key, codec_io_t *io);
fep_err_t gdw_own_remove (uint32_t key, codec_io_t *io);
fep_err_t gdw_explain (bytes_t frame, bool up, const codec_options_t *options, json_t *out);

#endif
