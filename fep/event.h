//  The dictionary of events: event.def as numbers and words. Codecs map their codes to its names.
#ifndef FEP_EVENT_H
#define FEP_EVENT_H

#include "fep/bytes.h"

#define EVENT(name, level, meaning) EVENT_##name,
typedef enum {
#include "fep/event.def"
    EVENT_COUNT
} event_t;
#undef EVENT

const char *event_name (event_t event);     //  "terminal_power", ...; "?" if out of range
const char *event_level (event_t event);    //  "important" or "general"; likewise
const char *event_meaning (event_t event);  //  For people; likewise

//  The event of that name; EVENT_COUNT if there is none.
event_t event_find (bytes_t name);

#endif
