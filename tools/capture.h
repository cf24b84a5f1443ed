//  Captured frames from a text: one a line, as JSON objects, as plain words, or as fepctl trace prints them.
//    {"hex": "6832..", "direction": "up", "time_ms": 1700000000000, "terminal": "010000001", ...}
//    [TIME] [DIRECTION] HEX
//    TIME DIRECTION PEER          and below it, indented, the bytes in hex; what else is indented is passed over
//  JSON: of a frame only hex must be there; "time" as text and "peer" are understood too, other keys are not looked at.
//  TIME: 2026-11-21T11:08:36.123+08:00 (T or a blank; the zone may be absent), 11:08:36.123, or seconds with a point,
//  or whole milliseconds in front of a direction.
//  DIRECTION: up, down, rx, tx, or "meter->master" and the like: from whom. HEX: digits with blanks as one likes.
//  Blank lines and those that begin with '#' are passed over.
#ifndef TOOLS_CAPTURE_H
#define TOOLS_CAPTURE_H

#include "fep/bytes.h"
#include "fep/error.h"

#define CAPTURE_NAME_MAX 63           //  Characters of a terminal's or peer's name
#define CAPTURE_FRAMES_MAX 1000000    //  Of a file
#define CAPTURE_BYTES_MAX (64 << 20)  //  Of all frames

typedef enum { CAPTURE_UNSAID, CAPTURE_UP, CAPTURE_DOWN } capture_direction_t;

typedef struct {
    uint32_t line;                    //  Where it stands, from 1
    uint8_t direction;                //  capture_direction_t
    bool timed;                       //  time_ms was said
    int64_t time_ms;                  //  Of whatever beginning
    char name[CAPTURE_NAME_MAX + 1];  //  Terminal, or else peer; "" not said
    size_t from, size;                //  Of the capture's bytes
} capture_frame_t;

typedef struct {
    capture_frame_t *frames;  //  As in the text
    size_t count;             //  Of them
    uint8_t *bytes;           //  Of all of them
    size_t byte_count;        //  Used
} capture_t;

//  Where a text is wrong.
typedef struct {
    uint32_t line;   //  From 1
    char text[160];  //  What
} capture_fault_t;

//  Reads a whole text. SYNTAX, LIMIT or FULL (no memory) with *fault; then *self is empty.
FEP_MUST_CHECK
fep_err_t capture_read (bytes_t text, capture_t *self, capture_fault_t *fault);
void capture_free (capture_t *self);

bytes_t capture_bytes (const capture_t *self, const capture_frame_t *frame);

#endif
