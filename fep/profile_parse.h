//  Inside of profile parsing, shared by its files: profile.c (lines, registers, settings), profile_object.c (objects),
//  profile_own.c (parameters as they are written). Nobody else includes this.
#ifndef FEP_PROFILE_PARSE_H
#define FEP_PROFILE_PARSE_H

#include "fep/profile.h"

#define WORDS_MAX 25   //  Of a line: one more than the longest has
#define WORD_MAX 64    //  Bytes of a word, with its zero
#define PLACES_MAX 18  //  Digits of a scale, and behind its point

enum { OWN_WORDS_MIN = 4, OWN_WORDS_MAX = WORDS_MAX - 1 };
enum { OBJECT_WORDS_MIN = 3, OBJECT_WORDS_MAX = 12 };

typedef struct {
    profile_t *profile;               //  Being filled; room for PROFILE_ROWS_MAX rows
    profile_fault_t *fault;           //  Of the caller
    uint32_t line;                    //  From 1
    uint32_t seen;                    //  Bit per row of s_lines that came
    uint64_t set;                     //  Likewise of settings
    int32_t offset;                   //  As the last line said
    uint8_t order;                    //  Likewise
    uint32_t widest;                  //  Registers of the widest value, with its sf
    uint32_t widest_line;             //  Where it stands
    size_t count;                     //  Words of the line
    char words[WORDS_MAX][WORD_MAX];  //  Themselves
} parse_t;

//  What is wrong and what is allowed, with the line. Returns the error.
FEP_PRINTF (3, 4)
fep_err_t parse_fault (parse_t *self, fep_err_t error, const char *format, ...);

//  Digits, decimal or behind 0x, and nothing else. False if there are none or they pass 64 bits.
bool parse_digits (const char *text, uint64_t *number);

//  Likewise with a sign, within a range.
bool parse_number (const char *text, int64_t low, int64_t high, int64_t *number);

//  Digits with at most one point, above zero, kept without trailing zeros behind the point.
bool parse_scale (const char *text, int64_t *multiplier, int8_t *exponent);

//  The second word as a point. NOT_FOUND with the fault.
fep_err_t parse_point (parse_t *self, uint32_t *point);

//  An object line; its array is made at the first one.
fep_err_t parse_object (parse_t *self);

//  An own line; its array is made at the first one.
fep_err_t parse_own (parse_t *self);

//  All lines are read: objects in order, in no more memory than they need.
void parse_objects_end (parse_t *self);

#endif
