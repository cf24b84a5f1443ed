//  Patterns of packets without a protocol: the registration and heartbeat packets of transparent gateways.
//  Written by people in options and in the archive, alternatives joined by '|':
//    LOGIN:{id:4}      text stands for itself; {id:N} are N printable characters that name the terminal
//    {imei} {iccid}    15 digits; 20 digits or upper-case letters
//    {mac}             6 bytes, named by their 12 hex digits;  {hex:N}  N bytes likewise
//    {id}              1..23 printable characters up to the text that follows it, or to the packet's end
//    {packet}          the whole packet, named by its text if it is printable, else by its hex digits
//    {any:N}           N bytes that do not matter
//    \xFF \r \n \0 \\ \| \{     bytes that are no plain text
//  At most one naming placeholder in each alternative.
#ifndef FEP_PATTERN_H
#define FEP_PATTERN_H

#include "fep/bytes.h"
#include "fep/error.h"
#include "fep/message.h"

#define PATTERN_ALTERNATIVES_MAX 8
#define PATTERN_PARTS_MAX 8
#define PATTERN_BYTES_MAX 64  //  Of a packet it can match

typedef enum {
    PART_LITERAL,  //  bytes
    PART_ID,       //  Printable characters; size 0: up to what follows
    PART_DIGITS,   //  size digits, or digits and upper-case letters
    PART_HEX,      //  size bytes shown as hex
    PART_PACKET,   //  Up to the packet's end
    PART_ANY       //  size bytes
} pattern_part_kind_t;

typedef struct {
    uint8_t kind;                      //  pattern_part_kind_t
    uint8_t size;                      //  Bytes; 0: up to what follows
    bool letters;                      //  DIGITS: upper-case letters too
    uint8_t bytes[PATTERN_BYTES_MAX];  //  LITERAL
} pattern_part_t;

typedef struct {
    uint8_t count;                            //  Parts
    pattern_part_t parts[PATTERN_PARTS_MAX];  //  In order
} pattern_alternative_t;

//  Plain data; all zero: matches nothing.
typedef struct {
    uint8_t count;  //  Alternatives
    pattern_alternative_t alternatives[PATTERN_ALTERNATIVES_MAX];
} pattern_t;

typedef enum {
    PATTERN_NO,    //  The bytes cannot begin with it
    PATTERN_MORE,  //  So far it fits; further bytes (or `quiet`) decide
    PATTERN_YES    //  The first `size` bytes match
} pattern_match_t;

//  Reads a pattern; "" is none. SYNTAX, RANGE, LIMIT: then `why` (may be NULL) says what is wrong and what is
//  allowed, with the place in the text.
FEP_MUST_CHECK
fep_err_t pattern_parse (const char *text, pattern_t *self, char *why, size_t why_size);

//  Looks at the head of bytes. quiet: the packet ends with the bytes. The longest alternative that matches
//  wins; MORE if a longer one may still match. id ("" if it names nobody) is written on YES; at most
//  ADDRESS_MAX characters, else NO.
pattern_match_t pattern_match (const pattern_t *self, bytes_t bytes, bool quiet, size_t *size,
                               char id[ADDRESS_MAX + 1]);

#endif
