//  The reasons of missing readings, gap.def, as numbers and words.
#ifndef ACTORS_GAP_H
#define ACTORS_GAP_H

#include <stdbool.h>
#include <stdint.h>

#define GAP(name, text) GAP_##name,
typedef enum {
#include "actors/gap.def"
    GAP_COUNT
} gap_t;
#undef GAP

const char *gap_name (uint8_t gap);  //  "meter_no_answer", ...; "?" if out of range
const char *gap_text (uint8_t gap);  //  For people

//  Points of which that is the reason are no part of the denominators; they are counted apart.
static inline bool gap_apart (uint8_t gap)
{
    return gap == GAP_maintenance || gap == GAP_suspended;
}

#endif
