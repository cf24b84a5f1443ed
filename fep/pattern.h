//  Patterns of packets without a protocol: the registration and heartbeat packets of transparent gateways.
//  Written by people in options and in the archive, alternatives joined by '|':
//    LOGIN:{id:4}      text stands for itself; {id:N} are N word characters that name the terminal
//    {imei} {iccid}    15 digits; 20 digits or upper-case letters
//    {mac}             6 bytes, named by their 12 hex digits (upper case);  {hex:N}  N bytes likewise
//    {id}              1..23 word characters, up to where the text that follows it comes first, or to the
//                      packet's end
//    {packet}          the whole packet (it stands alone), named by its text if that is word characters, else by
//                      its hex digits
//    {any:N}           N bytes that do not matter
//    \xFF \r \n \0 \\ \| \{     bytes that are no plain text
//  Word characters are those an archive's address may have: A..Z a..z 0..9 . _ : -
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
    PART_ID,       //  Word characters; size 0: up to what follows
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

#define PATTERN_WHY_MAX 160  //  Characters of a fault, with its end

//  Where a match lies in its bytes.
typedef struct {
    size_t size;                 //  Bytes that match, from the first
    const pattern_part_t *part;  //  The placeholder that names, or NULL; borrowed from the pattern
    size_t from;                 //  First byte of what names
    size_t length;               //  Bytes of it
    char id[ADDRESS_MAX + 1];    //  The name; "" if there is none
} pattern_found_t;

//  Reads a pattern; "" is none. SYNTAX, RANGE, LIMIT: then `why` (may be NULL) says what is wrong and what is
//  allowed, with the place in the text, and self matches nothing. PATTERN_WHY_MAX suffices for it.
FEP_MUST_CHECK
fep_err_t pattern_parse (const char *text, pattern_t *self, char *why, size_t why_size);

//  Whether each alternative names a terminal; false if there is none.
bool pattern_names (const pattern_t *self);

//  Whether an alternative has no bytes of its own before its open end: {id} or {packet} alone. It fits nearly
//  anything and so only makes sense from a packet's first byte.
bool pattern_unanchored (const pattern_t *self);

//  Looks at the head of bytes. quiet: the packet ends with the bytes. The longest alternative that matches
//  wins, of equally long ones the first; MORE if a longer one may still match. A name longer than ADDRESS_MAX
//  does not match. found is written on YES.
pattern_match_t pattern_find (const pattern_t *self, bytes_t bytes, bool quiet,
                              pattern_found_t *found);

//  The same, for those who need no more than size and name.
pattern_match_t pattern_match (const pattern_t *self, bytes_t bytes, bool quiet, size_t *size,
                               char id[ADDRESS_MAX + 1]);

#endif
