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
    [LISTENER_PORT] = KEY (port, OPTION_UINT, NULL, 1, 65535, NULL, "TCP port"),
    [LISTENER_CODEC] =
        KEY (codec, OPTION_TEXT, NULL, 1, 32, NULL, "protocol of the terminals that dial it"),
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
    [LISTENER_UNKNOWN] = KEY (unknown, OPTION_WORD, "hold", 0, 0, "hold|refuse",
                              "terminals the archive does not have"),
    [LISTENER_DUPLICATE] = KEY (duplicate, OPTION_WORD, "takeover", 0, 0, "takeover|reject",
                                "a second session of a terminal that has one"),
};
#undef KEY

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
