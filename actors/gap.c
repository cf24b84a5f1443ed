//  The table made from gap.def.
#include "actors/gap.h"

static const struct {
    const char *name, *text;
} s_gaps[] = {
#define GAP(name, text) {#name, text},
#include "actors/gap.def"
#undef GAP
};

const char *gap_name (uint8_t gap)
{
    return gap < GAP_COUNT ? s_gaps[gap].name : "?";
}

const char *gap_text (uint8_t gap)
{
    return gap < GAP_COUNT ? s_gaps[gap].text : "?";
}
