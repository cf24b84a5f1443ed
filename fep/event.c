//  The table made from event.def.
#include "fep/event.h"

static const struct {
    const char *name, *level, *meaning;
} s_events[] = {
#define EVENT(name, level, meaning) {#name, #level, meaning},
#include "fep/event.def"
#undef EVENT
};

const char *event_name (event_t event)
{
    return event < EVENT_COUNT ? s_events[event].name : "?";
}

const char *event_level (event_t event)
{
    return event < EVENT_COUNT ? s_events[event].level : "?";
}

const char *event_meaning (event_t event)
{
    return event < EVENT_COUNT ? s_events[event].meaning : "?";
}

event_t event_find (bytes_t name)
{
    event_t event = 0;
    while (event < EVENT_COUNT && !bytes_equal (name, bytes_text (s_events[event].name))) {
        event++;
    }
    return event;
}
