//  Where a terminal is dialled, as the archive says it: CODEC@PLACE, or CODEC@PLACE|PLACE for two connections of which
//  one carries the traffic (the redundancy groups of IEC 60870-5-104). A place is ADDRESS:PORT with a numeric address
//  ([ADDRESS]:PORT for IPv6), or a serial line /dev/NAME:BAUD:8E1.
#ifndef ACTORS_DIAL_H
#define ACTORS_DIAL_H

#include "codecs/codec.h"

#define DIAL_PLACES_MAX 2
#define DIAL_HOST_MAX 47  //  Characters of an address or a device

typedef struct {
    char host[DIAL_HOST_MAX + 1];  //  Numeric address, or the device
    uint16_t port;                 //  0: a serial line
    uint32_t baud;                 //  Serial: speed
    uint8_t data, stop;            //  Serial: bits
    char parity;                   //  Serial: N, E, O
} dial_place_t;

typedef struct {
    const codec_t *codec;                  //  Spoken there
    dial_place_t places[DIAL_PLACES_MAX];  //  In the order they are preferred
    size_t count;                          //  Of places
} dial_t;

//  SYNTAX, NOT_FOUND (no such codec), RANGE; then `why` says what is allowed.
FEP_MUST_CHECK
fep_err_t dial_parse (const char *text, dial_t *dial, char *why, size_t why_size);

#endif
