//  The parts of the codec that stand in files of their own, and what an exchange remembers.
#ifndef CODECS_DLT645_PARTS_H
#define CODECS_DLT645_PARTS_H

#include "codecs/codec.h"
#include "codecs/dlt645/frame.h"
#include "codecs/dlt645/item.h"
#include "codecs/dlt645/value.h"

#define DLT_NAME "dlt645"

enum {
    DLT_FIELD_MAX = 8,     //  Bytes of a field at most
    DLT_FOLLOWS_MAX = 64,  //  Frames of one answer at most
    DLT_ABSENT_MAX = 8     //  Refused one by one before the whole request counts as refused
};

//  What the frame in flight is for.
typedef enum {
    DLT_ASKED_NOTHING,  //  Its answer is what it is
    DLT_ASKED_POINTS,   //  A DI of the plan
    DLT_ASKED_DATE,     //  For the clock
    DLT_ASKED_TIME,     //  Likewise
    DLT_ASKED_STAMP,    //  When the freeze was
    DLT_ASKED_DAY       //  Day and hour of settlement
} dlt_asked_t;

//  What is known of the instant of frozen values.
typedef enum { DLT_STAMP_UNKNOWN, DLT_STAMP_GOOD, DLT_STAMP_OTHER } dlt_stamp_t;

//  Plain data; all zero is the beginning.
typedef struct {
    int64_t target_ms;             //  READ_FROZEN: the instant asked for; 0: none
    uint32_t follow_di;            //  The DI whose answer has further frames
    uint16_t follow_at;            //  Fields of it decoded
    uint8_t follow;                //  SEQ of the frame to be asked for; 0: none
    uint8_t rest_size;             //  Of rest
    uint8_t rest[DLT_FIELD_MAX];   //  A field cut by the end of a frame
    bool named;                    //  The meter asked by wildcard has said who it is:
    uint8_t address[DLT_ADDRESS];  //  Its address
    uint8_t asked;                 //  dlt_asked_t
    bool block;    //  The frame in flight asks for several members that can be asked for one by one
    bool alone;    //  It is the only one of its request
    uint8_t step;  //  Of the plan
    uint8_t single;   //  1 + the step whose members are asked for one by one
    uint8_t absent;   //  Members refused one by one
    uint8_t date[3];  //  DD MM YY of the clock, if has_date
    uint8_t time[3];  //  ss mm hh likewise
    bool has_date;    //  Read
    bool date_again;  //  Midnight is near: the date is read once more
    uint8_t nth;      //  Number of the freeze that is asked for
    uint8_t stamp;    //  dlt_stamp_t
    uint8_t counted;  //  What it was by the calendar
    bool moved;       //  nth was corrected by its stamp
} dlt_state_t;

//  Functions of the codec contract.
fep_err_t dlt_decode (void *state, bytes_t frame, codec_io_t *io);
fep_err_t dlt_encode (void *state, request_t *request, codec_io_t *io);
fep_err_t dlt_explain (bytes_t frame, bool up, const codec_options_t *options, json_t *out);
const char *dlt_code_text (uint8_t code);

//  The profile whose settings hold, or NULL.
static inline const profile_t *dlt_profile (const codec_io_t *io)
{
    return io->meter ? io->meter->profile : io->profile;
}

//  Edition 1997 is spoken.
static inline bool dlt_wants_old (const profile_t *profile)
{
    return profile_setting (profile, SETTING_edition) < 2004;
}

//  Writes the frame with the preamble of the profile. FULL.
fep_err_t dlt_send (codec_io_t *io, dlt_frame_t *frame);

//  The address a request goes to. RANGE if it is none.
fep_err_t dlt_target (const codec_io_t *io, uint8_t address[DLT_ADDRESS]);

//  The next frame of a READ or READ_FROZEN, and of every other request.
fep_err_t dlt_ask (dlt_state_t *state, request_t *request, codec_io_t *io);
fep_err_t dlt_command (dlt_state_t *state, request_t *request, codec_io_t *io);

#endif
