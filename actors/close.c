//  Why sessions end: names, texts, counts. The list is session.def.
#include "actors/session.h"
#include <stdatomic.h>
#include <string.h>

static const struct {
    const char *name;  //  In logs and STATUS
    bool is_error;     //  Worth a look
    const char *text;  //  For people
} s_closes[] = {
#define CLOSE(name, is_error, text) {#name, is_error, text},
#include "actors/session.def"
#undef CLOSE
};

static atomic_llong s_close_counts[CLOSE_COUNT];

const char *close_name (close_reason_t reason)
{
    return (unsigned) reason < CLOSE_COUNT ? s_closes[reason].name : "?";
}

bool close_is_error (close_reason_t reason)
{
    return (unsigned) reason < CLOSE_COUNT && s_closes[reason].is_error;
}

const char *close_text (close_reason_t reason)
{
    return (unsigned) reason < CLOSE_COUNT ? s_closes[reason].text : "?";
}

close_reason_t close_find (const char *name, close_reason_t fallback)
{
    for (size_t i = 0; i < CLOSE_COUNT; i++) {
        if (strcmp (s_closes[i].name, name) == 0) {
            return (close_reason_t) i;
        }
    }
    return fallback;
}

int64_t close_count (close_reason_t reason)
{
    return (unsigned) reason < CLOSE_COUNT ? atomic_load (&s_close_counts[reason]) : 0;
}

void close_note (close_reason_t reason)
{
    atomic_fetch_add (&s_close_counts[reason], 1);
}
