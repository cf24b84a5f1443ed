//  Data units of class 1 and class 2 replies, read by the compiled map; and what is kept raw.
#ifndef CODECS_GDW1376_UNITS_H
#define CODECS_GDW1376_UNITS_H

#include "codecs/gdw1376/layout.h"
#include "codecs/gdw1376/link.h"
#include "codecs/gdw1376/value.h"
#include "fep/point.h"

//  One frame on its way into messages.
typedef struct {
    const gdw_frame_t *frame;  //  Borrowed
    bytes_t whole;             //  Its bytes; borrowed
    codec_io_t *io;            //  Borrowed
    bytes_t address;           //  Text, kept in the batch
    bool raw_given;            //  A message carries the whole frame already
    bool cut;                  //  Its last unit ends before its data do
} gdw_turn_t;

//  A message of that kind with address and received time. If whole, the frame's first such message
//  carries its bytes.
message_t *gdw_message (gdw_turn_t *self, message_kind_t kind, uint16_t mp, bool whole);

//  Where in the frame something stands.
typedef struct {
    uint16_t pn;  //  Point
    uint16_t fn;  //  Fn, 0 if there is none
    int erc;      //  Event number, or -1
} gdw_place_t;

//  An EVENT with POINT_EVENT_RAW (reason) and POINT_EVENT_DETAIL ("afn=0C pn=1 fn=168", for events
//  " erc=52" behind it); its raw bytes are those given. Counted in raw_units.
void gdw_keep_raw (gdw_turn_t *self, const char *reason, const gdw_place_t *place, bytes_t bytes);

//  The same for a unit that ends before its data do; the frame counts as cut.
void gdw_keep_cut (gdw_turn_t *self, const gdw_place_t *place, bytes_t bytes);

//  Appends the values of fields to the message. p holds the layout's bytes, rest those behind
//  (events); tariffs is M. A ROLE_TIME field is no item: when a frozen value was read is no value of that
//  instant, and two Fn of one day would dispute it. It stands in the raw frame and in explain.
typedef struct {
    const gdw_field_t *fields;     //  First
    size_t count;                  //  Fields
    const uint8_t *p;              //  Bytes of the fields, checked to be there
    size_t rest;                   //  Bytes for a field that repeats to the end
    unsigned tariffs;              //  M
    const gdw_context_t *context;  //  For short times
} gdw_values_t;

void gdw_put_values (batch_t *batch, message_t *message, const gdw_values_t *values);

//  Called for each point and Fn of a body. False ends the walk; the rest is then kept by the
//  visitor.
typedef bool (gdw_visit_t) (gdw_turn_t *self, uint16_t pn, uint16_t fn, reader_t *in);

//  Walks a body: points ascending, for each the Fn ascending. What is no unit is kept raw.
void gdw_walk (gdw_turn_t *self, gdw_visit_t *visit);

//  The data of one Fn of AFN 0C or 0D.
bool gdw_visit_data (gdw_turn_t *self, uint16_t pn, uint16_t fn, reader_t *in);

//  Bytes of the data of a layout that follow in `in`, Td included. False if the layout does not
//  hold or they are not all there; *tariffs is M. Shared with explain.
typedef enum { MEASURE_OK, MEASURE_UNKNOWN, MEASURE_SHORT, MEASURE_TARIFFS } gdw_measure_t;

typedef struct {
    const gdw_layout_t *layout;  //  Chosen by Fn and what is left
    size_t td;                   //  Bytes of Td
    size_t size;                 //  Bytes behind Td
    unsigned tariffs;            //  M
    unsigned values;             //  Curves: n
} gdw_extent_t;

gdw_measure_t gdw_measure (uint8_t afn, uint16_t fn, bytes_t left, gdw_extent_t *extent);

//  Milliseconds of a curve's density, or 0 if it is none of the standard's.
int32_t gdw_density_ms (uint8_t density);

#endif
