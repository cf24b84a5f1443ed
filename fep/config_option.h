//  The tables of options as data, for the sources of config only: config.def, and the lists with the
//  keys of their entries.
#ifndef FEP_CONFIG_OPTION_H
#define FEP_CONFIG_OPTION_H

#include "fep/config.h"

typedef enum {
    OPTION_UINT,
    OPTION_INT,
    OPTION_TEXT,
    OPTION_WORD,
    OPTION_CHOICE,  //  A number out of a few
    OPTION_KIND_COUNT
} option_kind_t;

#define OPTION_SECRET "secret"

//  One row: an option of a section, or a key of a list's entries.
typedef struct {
    const char *section;  //  Its section
    const char *key;      //  Its name there
    option_kind_t kind;   //  How its text is read
    size_t offset;        //  Of the value in config_t or the entry's struct
    const char *value;    //  Default as text; NULL: must be said
    int64_t low;          //  Least value or length
    int64_t high;         //  Greatest value or length
    const char *allowed;  //  Words joined by '|', or NULL
    bool reload;          //  Taken over by config_reload
    const char *unit;     //  "" if none; of a text OPTION_SECRET: its value is shown to nobody
    const char *meaning;  //  One sentence
} option_t;

typedef struct {
    const char *name;     //  As in the file
    const char *meaning;  //  One phrase
    size_t first;         //  Its first row of option_table
    size_t end;           //  Behind its last
} option_section_t;

//  The numbers of the rows. A section's rows stand together, from OPTION_FIRST_ to before
//  OPTION_END_.
enum {
#define SECTION(part, about) OPTION_FIRST_##part, OPTION_BEFORE_##part = OPTION_FIRST_##part - 1,
#define UINT(part, key, normal, low, high, reload, unit, about) OPTION_##part##_##key,
#define INT(part, key, normal, low, high, reload, unit, about) OPTION_##part##_##key,
#define TEXT(part, key, normal, low, high, reload, about) OPTION_##part##_##key,
#define WORD(part, key, normal, words, reload, about) OPTION_##part##_##key,
#define SECTION_END(part) OPTION_END_##part, OPTION_LAST_##part = OPTION_END_##part - 1,
#include "fep/config.def"
#undef SECTION
#undef UINT
#undef INT
#undef TEXT
#undef WORD
#undef SECTION_END
    OPTION_COUNT
};

enum {
#define SECTION(part, about) OPTION_SECTION_##part,
#define UINT(part, key, normal, low, high, reload, unit, about)
#define INT(part, key, normal, low, high, reload, unit, about)
#define TEXT(part, key, normal, low, high, reload, about)
#define WORD(part, key, normal, words, reload, about)
#define SECTION_END(part)
#include "fep/config.def"
#undef SECTION
#undef UINT
#undef INT
#undef TEXT
#undef WORD
#undef SECTION_END
    OPTION_SECTION_COUNT
};

enum {
    LISTENER_NAME,
    LISTENER_ADDRESS,
    LISTENER_PORT,
    LISTENER_CODEC,
    LISTENER_SESSIONS,
    LISTENER_ADDRESS_STYLE,
    LISTENER_PASSWORD_SIZE,
    LISTENER_REGISTRATION,
    LISTENER_HEARTBEAT,
    LISTENER_HEARTBEAT_ECHO,
    LISTENER_TRANSPORT,
    LISTENER_PROXY,
    LISTENER_PROTOCOLS,
    LISTENER_ZONE,
    LISTENER_UNKNOWN,
    LISTENER_DUPLICATE,
    LISTENER_KEY_COUNT
};

enum {
    ALARM_NAME,
    ALARM_ON,
    ALARM_POINT,
    ALARM_EVENT,
    ALARM_GROUP,
    ALARM_TERMINAL,
    ALARM_COMPARE,
    ALARM_THRESHOLD,
    ALARM_HYSTERESIS,
    ALARM_DELAY_MS,
    ALARM_SETTLE_MS,
    ALARM_LEVEL,
    ALARM_KEY_COUNT
};

enum { OPTION_LIST_LISTENERS, OPTION_LIST_ALARMS, OPTION_LIST_COUNT };

#define OPTION_LIST_MAX 256      //  Entries of any list
#define OPTION_LIST_KEYS_MAX 24  //  Keys of any entry

//  A list of the file: entries of the same keys, each named by its first key.
typedef struct {
    const char *name;         //  "listeners"
    const char *one;          //  "listener"
    const char *shape;        //  What an entry must say, for faults
    const char *meaning;      //  One phrase
    const option_t *keys;     //  Of an entry
    size_t key_count;         //  Of them
    size_t low;               //  Least entries
    size_t high;              //  Most entries
    size_t size;              //  Of an entry's struct
    size_t offset;            //  Of the pointer to the entries in config_t
    size_t count_offset;      //  Of their number, an unsigned
    bool reload;              //  Taken over whole by config_reload
    const char *const *said;  //  An entry for the sample, by key; NULL or missing: the default
    size_t said_count;        //  Of them
} option_list_t;

extern const option_t option_table[OPTION_COUNT];
extern const option_section_t option_sections[OPTION_SECTION_COUNT];
extern const option_t option_listener_keys[LISTENER_KEY_COUNT];
extern const option_t option_alarm_keys[ALARM_KEY_COUNT];
extern const option_list_t option_lists[OPTION_LIST_COUNT];

//  The entries of a list, where config has them.
void **option_list_entries (const option_list_t *self, config_t *config);
unsigned *option_list_count (const option_list_t *self, config_t *config);

//  Entry i.
void *option_list_at (const option_list_t *self, const config_t *config, size_t i);

#define OPTION_ALLOWED_MAX 160

//  "1..16", "sync, os", "1..32 characters". Always terminates; OPTION_ALLOWED_MAX suffices.
void option_allowed (const option_t *self, char *text, size_t size);

//  True if the value is a char pointer, false if it is a 64-bit number.
bool option_is_text (const option_t *self);

//  Where the row's value stands in its struct.
void *option_slot (const option_t *self, void *base);

//  Appends ", word" (the first without comma) to a list being built; what does not fit is cut.
void option_list_add (char *list, size_t size, const char *word);

#endif
