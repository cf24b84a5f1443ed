//  What a session remembers between frames. Plain data; all zero is the beginning.
#ifndef CODECS_GDW1376_STATE_H
#define CODECS_GDW1376_STATE_H

#include "codecs/gdw1376/link.h"

#define GDW_NO_SEGMENT UINT32_MAX  //  The request brings none

//  PSEQ has 4 bits: a terminal cannot tell more unconfirmed frames apart.
#define GDW_PENDING_MAX 16

//  A frame with CON=1 that waits for its data to be on disk.
typedef struct {
    uint8_t protocol;              //  Low bits of L
    uint8_t seq;                   //  SEQ as received
    uint8_t address[GDW_ADDRESS];  //  As received, MSA included
    uint8_t tp[GDW_TP];            //  If SEQ has TpV
} gdw_pending_t;

typedef struct {
    uint8_t address[GDW_ADDRESS];            //  Of the terminal, as last received
    uint8_t protocol;                        //  0: nothing received yet
    uint8_t pfc;                             //  Counts our frames; its low bits are PSEQ
    uint8_t asked_afn;                       //  Of the request in flight
    uint8_t asked_seq;                       //  RSEQ of the next frame of its answer
    bool asking;                             //  A request is in flight
    uint8_t asked_pfc;                       //  Of it
    bool tagged;                             //  It had a time tag
    bool carrying;                           //  It carries a meter's frame
    uint32_t segment;                        //  Of a file it brings; GDW_NO_SEGMENT
    uint8_t cut_afn;                         //  Of the frame that ended inside a unit
    uint8_t cut_seq;                         //  Number of the frame that goes on with it
    bool cut;                                //  The last data frame ended inside a unit
    bool counted;                            //  The next two were passed on
    uint8_t important;                       //  EC1 of the last frame that had it, or of 0C F7
    uint8_t ordinary;                        //  EC2
    uint32_t oldest;                         //  Number of the oldest pending frame, counted from 0
    uint32_t waiting;                        //  Pending frames, oldest ones first
    gdw_pending_t pending[GDW_PENDING_MAX];  //  By number mod GDW_PENDING_MAX
} gdw_state_t;

#endif
