//  The parts of the codec that stand in files of their own.
#ifndef CODECS_CJT188_PARTS_H
#define CODECS_CJT188_PARTS_H

#include "codecs/cjt188/frame.h"
#include "codecs/cjt188/layout.h"
#include "codecs/codec.h"

//  What an exchange remembers. Plain data; all zero is the beginning.
typedef struct {
    bool begun;     //  ser counts
    uint8_t ser;    //  Of the next request
    int32_t month;  //  READ_FROZEN: the month that runs, year x 12 + month - 1; 0: none asked
} cjt_state_t;

//  Habits of the meter, from its profile.
typedef struct {
    uint8_t type;        //  T of requests
    uint8_t classes;     //  Mask of what that may be
    uint8_t preamble;    //  FE bytes
    bool edition_2018;   //  Not 2004
    bool big;            //  Identifiers high byte first
    bool ser_first;      //  SER before them
    bool address_high;   //  A6 first
    bool status_high;    //  Valve in bits 7 and 6, battery in bit 5
    bool first_cooling;  //  Role FIRST
} cjt_habit_t;

//  The profile of the meter of the exchange, or of the connection that is the meter's own. May be NULL.
const profile_t *cjt_profile (const codec_io_t *io);
cjt_habit_t cjt_habit (const profile_t *profile);

//  The first instant of a month (year x 12 + month - 1). False beyond the calendar.
bool cjt_month_start (const zone_t *zone, int32_t month, int64_t *utc_ms);

//  The month an instant lies in.
int32_t cjt_month_of (const zone_t *zone, int64_t utc_ms);

//  The decode, encode and explain of the codec contract.
fep_err_t cjt_decode (void *state, bytes_t frame, codec_io_t *io);
fep_err_t cjt_encode (void *state, request_t *request, codec_io_t *io);
fep_err_t cjt_explain (bytes_t frame, bool up, const codec_options_t *options, json_t *out);

//  Row of the data an answer brings: by function, identifier, classes (any of them) and bytes behind the head. NULL:
//  none.
const cjt_row_t *cjt_find (uint8_t function, uint16_t di, uint8_t classes, size_t size);

#endif
