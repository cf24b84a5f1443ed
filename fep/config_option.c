//  The rows of config.def as data, and how what they allow is said.
#include "fep/config_option.h"
#include <inttypes.h>
#include <stdio.h>

enum { FIXED, RELOAD };

#define SECTION(part, about)
#define OPTION(part, key, kind, normal, low, high, words, reload, unit, about)                     \
    [OPTION_##part##_##key] = {#part,  #key, kind, offsetof (config_t, part.key),                  \
                               normal, low,  high, words,                                          \
                               reload, unit, about},
#define UINT(part, key, normal, low, high, reload, unit, about)                                    \
    OPTION (part, key, OPTION_UINT, #normal, low, high, NULL, reload, unit, about)
#define INT(part, key, normal, low, high, reload, unit, about)                                     \
    OPTION (part, key, OPTION_INT, #normal, low, high, NULL, reload, unit, about)
#define TEXT(part, key, normal, low, high, reload, about)                                          \
    OPTION (part, key, OPTION_TEXT, normal, low, high, NULL, reload, "", about)
#define SECRET(part, key, normal, low, high, reload, about)                                        \
    OPTION (part, key, OPTION_TEXT, normal, low, high, NULL, reload, OPTION_SECRET, about)
#define WORD(part, key, normal, words, reload, about)                                              \
    OPTION (part, key, OPTION_WORD, normal, 0, 0, words, reload, "", about)
#define SECTION_END(part)
const option_t option_table[OPTION_COUNT] = {
#include "fep/config.def"
};
#undef SECTION
#undef OPTION
#undef UINT
#undef INT
#undef TEXT
#undef WORD
#undef SECTION_END

#define SECTION(part, about) {#part, about, OPTION_FIRST_##part, OPTION_END_##part},
#define UINT(part, key, normal, low, high, reload, unit, about)
#define INT(part, key, normal, low, high, reload, unit, about)
#define TEXT(part, key, normal, low, high, reload, about)
#define WORD(part, key, normal, words, reload, about)
#define SECTION_END(part)
const option_section_t option_sections[OPTION_SECTION_COUNT] = {
#include "fep/config.def"
};
#undef SECTION
#undef UINT
#undef INT
#undef TEXT
#undef WORD
#undef SECTION_END

#define KEY(key, kind, value, low, high, words, meaning)                                           \
    {                                                                                              \
        "listeners", #key, kind, offsetof (config_listener_t, key), value, low, high, words,       \
            FIXED, "", meaning                                                                     \
    }
const option_t option_listener_keys[LISTENER_KEY_COUNT] = {
    [LISTENER_NAME] =
        KEY (name, OPTION_TEXT, NULL, 1, 32, NULL, "its name in logs and status, unique"),
    [LISTENER_ADDRESS] =
        KEY (address, OPTION_TEXT, NULL, 1, 64, NULL, "numeric IPv4 or IPv6 address to listen on"),
    [LISTENER_PORT] = KEY (port, OPTION_UINT, NULL, 1, 65535, NULL, "TCP or UDP port"),
    [LISTENER_CODEC] = KEY (codec, OPTION_TEXT, NULL, 1, 32, NULL,
                            "protocol of the terminals that dial it, or auto"),
    [LISTENER_SESSIONS] = KEY (sessions, OPTION_UINT, "5000", 1, 19000, NULL,
                               "sessions of this listener, per connector"),
    [LISTENER_ADDRESS_STYLE] = KEY (address_style, OPTION_WORD, "decimal", 0, 0, "decimal|hex",
                                    "376.1: how terminal addresses are written"),
    [LISTENER_PASSWORD_SIZE] = KEY (password_size, OPTION_CHOICE, "16", 0, 16, "0|2|16",
                                    "376.1: bytes of PW in downward frames"),
    [LISTENER_REGISTRATION] =
        KEY (registration, OPTION_TEXT, "", 0, 512, NULL,
             "dtu: pattern of the packet that says who it is, in single quotes"),
    [LISTENER_HEARTBEAT] = KEY (heartbeat, OPTION_TEXT, "", 0, 512, NULL,
                                "dtu: pattern of the packet that says it is there"),
    [LISTENER_HEARTBEAT_ECHO] =
        KEY (heartbeat_echo, OPTION_WORD, "no", 0, 0, "no|yes", "dtu: a heartbeat is sent back"),
    [LISTENER_TRANSPORT] =
        KEY (transport, OPTION_WORD, "tcp", 0, 0, "tcp|udp", "connections, or datagrams"),
    [LISTENER_PROXY] = KEY (proxy, OPTION_TEXT, "", 0, 512, NULL,
                            "balancers, by address, whose connections begin with PROXY v2"),
    [LISTENER_PROTOCOLS] = KEY (protocols, OPTION_TEXT, "", 0, 256, NULL,
                                "codec auto: codecs to choose from; empty: all that can be told"),
    [LISTENER_ZONE] = KEY (zone, OPTION_TEXT, "", 0, 47, NULL,
                           "of the terminals' clocks, +08:00 or POSIX rules; empty: the node's"),
    [LISTENER_UNKNOWN] = KEY (unknown, OPTION_WORD, "hold", 0, 0, "hold|refuse",
                              "terminals the archive does not have"),
    [LISTENER_DUPLICATE] = KEY (duplicate, OPTION_WORD, "takeover", 0, 0, "takeover|reject",
                                "a second session of a terminal that has one"),
};
#undef KEY

#define KEY(key, kind, value, low, high, words, unit, meaning)                                     \
    {                                                                                              \
        "alarms", #key, kind, offsetof (config_alarm_t, key), value, low, high, words, RELOAD,     \
            unit, meaning                                                                          \
    }
const option_t option_alarm_keys[ALARM_KEY_COUNT] = {
    [ALARM_NAME] = KEY (name, OPTION_TEXT, NULL, 1, 31, NULL, "", "its name, unique"),
    [ALARM_ON] = KEY (on, OPTION_WORD, NULL, 0, 0, "point|event|link", "",
                      "what it looks at: a point's value, a terminal's event, its link"),
    [ALARM_POINT] = KEY (point, OPTION_TEXT, "", 0, 63, NULL, "", "on point: name or OBIS"),
    [ALARM_EVENT] = KEY (event, OPTION_TEXT, "", 0, 5, NULL, "", "on event: its code; empty: any"),
    [ALARM_GROUP] =
        KEY (group, OPTION_TEXT, "", 0, 63, NULL, "", "terminals of this group; empty: all"),
    [ALARM_TERMINAL] =
        KEY (terminal, OPTION_TEXT, "", 0, 23, NULL, "", "this terminal; empty: all"),
    [ALARM_COMPARE] = KEY (compare, OPTION_WORD, "gt", 0, 0, "gt|ge|lt|le|eq|ne|bit_set|bit_clear",
                           "", "on point: how the value stands to the threshold"),
    [ALARM_THRESHOLD] = KEY (threshold, OPTION_TEXT, "", 0, 20, NULL, "",
                             "on point: a decimal; for bit_set and bit_clear the bit's number"),
    [ALARM_HYSTERESIS] = KEY (hysteresis, OPTION_TEXT, "0", 1, 20, NULL, "",
                              "on point: so far beyond the threshold the condition is gone"),
    [ALARM_DELAY_MS] = KEY (delay_ms, OPTION_UINT, "0", 0, 86400000, NULL, "ms",
                            "the condition must hold so long"),
    [ALARM_SETTLE_MS] = KEY (settle_ms, OPTION_UINT, "60000", 0, 86400000, NULL, "ms",
                             "it must be gone so long; within that time a return only counts"),
    [ALARM_LEVEL] = KEY (level, OPTION_WORD, "general", 0, 0, "important|general", "",
                         "for those who look at alarms"),
};
#undef KEY

static const char *const s_listener_said[] = {"terminals", "0.0.0.0", "7600", "gdw1376"};
static const char *const s_alarm_said[] = {[ALARM_NAME] = "low voltage",
                                           [ALARM_ON] = "point",
                                           [ALARM_POINT] = "voltage.l1_V",
                                           [ALARM_COMPARE] = "lt",
                                           [ALARM_THRESHOLD] = "198"};

#define LIST(name, one, shape, meaning, rows, row_count, low, high, type, entries, count, reload,  \
             said)                                                                                 \
    {                                                                                              \
        name, one, shape, meaning, rows, row_count, low, high, sizeof (type),                      \
            offsetof (config_t, entries), offsetof (config_t, count), reload, said,                \
            sizeof (said) / sizeof *(said)                                                         \
    }
const option_list_t option_lists[OPTION_LIST_COUNT] = {
    [OPTION_LIST_LISTENERS] =
        LIST ("listeners", "listener", "{name, address, port, codec}", "where terminals dial in",
              option_listener_keys, LISTENER_KEY_COUNT, 1, CONFIG_LISTENERS_MAX, config_listener_t,
              listeners, listener_count, FIXED, s_listener_said),
    [OPTION_LIST_ALARMS] = LIST ("alarms", "alarm", "{name, on}", "when an alarm is raised",
                                 option_alarm_keys, ALARM_KEY_COUNT, 0, CONFIG_ALARMS_MAX,
                                 config_alarm_t, alarms, alarm_count, RELOAD, s_alarm_said),
};
#undef LIST

_Static_assert((int) LISTENER_KEY_COUNT <= OPTION_LIST_KEYS_MAX, "a listener has too many keys");
_Static_assert((int) ALARM_KEY_COUNT <= OPTION_LIST_KEYS_MAX, "an alarm has too many keys");
_Static_assert(CONFIG_LISTENERS_MAX <= OPTION_LIST_MAX, "too many listeners");
_Static_assert(CONFIG_ALARMS_MAX <= OPTION_LIST_MAX, "too many alarms");

void **option_list_entries (const option_list_t *self, config_t *config)
{
    return (void **) (void *) ((char *) config + self->offset);
}

unsigned *option_list_count (const option_list_t *self, config_t *config)
{
    return (unsigned *) (void *) ((char *) config + self->count_offset);
}

void *option_list_at (const option_list_t *self, const config_t *config, size_t i)
{
    char *entries;
    memcpy (&entries, (const char *) config + self->offset, sizeof entries);
    return entries + i * self->size;
}

void option_list_add (char *list, size_t size, const char *word)
{
    size_t used = strlen (list);
    snprintf (list + used, size - used, "%s%s", used ? ", " : "", word);
}

void option_allowed (const option_t *self, char *text, size_t size)
{
    const char *unit = self->kind == OPTION_TEXT ? "characters" : self->unit;
    if (!self->allowed) {
        snprintf (text, size, "%" PRId64 "..%" PRId64 "%s%s", self->low, self->high,
                  *unit ? " " : "", unit);
        return;
    }
    size_t used = 0;
    for (const char *from = self->allowed; *from && used + 3 < size; from++) {
        text[used++] = *from == '|' ? ',' : *from;
        if (*from == '|') {
            text[used++] = ' ';
        }
    }
    text[used] = 0;
}

bool option_is_text (const option_t *self)
{
    return self->kind == OPTION_TEXT || self->kind == OPTION_WORD;
}

void *option_slot (const option_t *self, void *base)
{
    return (char *) base + self->offset;
}
