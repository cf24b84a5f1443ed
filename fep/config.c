//  Options from config.def. Three steps over the file's bytes:
//    1. config_walk: the place of every key, and the shape enforced; hostile YAML ends here.
//    2. libcyaml fills a shadow of texts through a schema made from the table; NULL is "not said".
//    3. Defaults, types and ranges are applied from the table; a fault names the place of step 1.
//  Step 2 reads texts and not numbers because libcyaml reads "010" as eight and "-1" as a huge one.
#include "fep/config_option.h"
#include "fep/config_walk.h"
#include "fep/pattern.h"
#include "fep/zone.h"
#include <arpa/inet.h>
#include <cyaml/cyaml.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define INPUT_MAX (1024 * 1024)
#define TEXTS_MAX 24  //  Options of one section, keys of one entry of a list

//  What libcyaml fills for a section or an entry: the texts of its rows in the table's order.
typedef struct {
    char *texts[TEXTS_MAX];  //  NULL where the file says nothing
} texts_t;

typedef struct {
    texts_t *sections[OPTION_SECTION_COUNT];  //  NULL where the file has none
    texts_t *lists[OPTION_LIST_COUNT];        //  Entries of each list
    unsigned counts[OPTION_LIST_COUNT];       //  Of them; 0 if the file has none
} shadow_t;

//  One reading of a file.
typedef struct {
    bytes_t yaml;             //  The file
    config_fault_t fault;     //  Where faults go
    config_places_t *places;  //  Where its keys stand
    char log[512];            //  What libcyaml said
} parse_t;

//  libcyaml's schema, from the same table.
#define TEXT_FIELD(name, row)                                                                      \
    {                                                                                              \
        .key = (name), .data_offset = (row) * sizeof (char *), .value = {                          \
            CYAML_VALUE_STRING (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, char, 0, INPUT_MAX)      \
        }                                                                                          \
    }
#define OPTION(part, key) TEXT_FIELD (#key, OPTION_##part##_##key - OPTION_FIRST_##part),
#define SECTION(part, about) static const cyaml_schema_field_t s_fields_##part[] = {
#define UINT(part, key, normal, low, high, reload, unit, about) OPTION (part, key)
#define INT(part, key, normal, low, high, reload, unit, about) OPTION (part, key)
#define TEXT(part, key, normal, low, high, reload, about) OPTION (part, key)
#define WORD(part, key, normal, words, reload, about) OPTION (part, key)
// clang-format off
#define SECTION_END(part) CYAML_FIELD_END}; \
    _Static_assert (OPTION_END_##part - OPTION_FIRST_##part <= TEXTS_MAX, "a section too long");
// clang-format on
#include "fep/config.def"
#undef OPTION
#undef SECTION
#undef UINT
#undef INT
#undef TEXT
#undef WORD
#undef SECTION_END

static const cyaml_schema_field_t s_fields_listener[] = {
    TEXT_FIELD ("name", LISTENER_NAME),
    TEXT_FIELD ("address", LISTENER_ADDRESS),
    TEXT_FIELD ("port", LISTENER_PORT),
    TEXT_FIELD ("codec", LISTENER_CODEC),
    TEXT_FIELD ("sessions", LISTENER_SESSIONS),
    TEXT_FIELD ("address_style", LISTENER_ADDRESS_STYLE),
    TEXT_FIELD ("password_size", LISTENER_PASSWORD_SIZE),
    TEXT_FIELD ("registration", LISTENER_REGISTRATION),
    TEXT_FIELD ("heartbeat", LISTENER_HEARTBEAT),
    TEXT_FIELD ("heartbeat_echo", LISTENER_HEARTBEAT_ECHO),
    TEXT_FIELD ("transport", LISTENER_TRANSPORT),
    TEXT_FIELD ("proxy", LISTENER_PROXY),
    TEXT_FIELD ("protocols", LISTENER_PROTOCOLS),
    TEXT_FIELD ("zone", LISTENER_ZONE),
    TEXT_FIELD ("unknown", LISTENER_UNKNOWN),
    TEXT_FIELD ("duplicate", LISTENER_DUPLICATE),
    CYAML_FIELD_END};
_Static_assert(LISTENER_KEY_COUNT <= TEXTS_MAX, "a listener has too many keys");

static const cyaml_schema_field_t s_fields_rule[] = {TEXT_FIELD ("name", ALARM_NAME),
                                                     TEXT_FIELD ("on", ALARM_ON),
                                                     TEXT_FIELD ("point", ALARM_POINT),
                                                     TEXT_FIELD ("event", ALARM_EVENT),
                                                     TEXT_FIELD ("group", ALARM_GROUP),
                                                     TEXT_FIELD ("terminal", ALARM_TERMINAL),
                                                     TEXT_FIELD ("compare", ALARM_COMPARE),
                                                     TEXT_FIELD ("threshold", ALARM_THRESHOLD),
                                                     TEXT_FIELD ("hysteresis", ALARM_HYSTERESIS),
                                                     TEXT_FIELD ("delay_ms", ALARM_DELAY_MS),
                                                     TEXT_FIELD ("settle_ms", ALARM_SETTLE_MS),
                                                     TEXT_FIELD ("level", ALARM_LEVEL),
                                                     CYAML_FIELD_END};

static const cyaml_schema_value_t s_listener_schema = {
    CYAML_VALUE_MAPPING (CYAML_FLAG_DEFAULT, texts_t, s_fields_listener)};
static const cyaml_schema_value_t s_alarm_schema = {
    CYAML_VALUE_MAPPING (CYAML_FLAG_DEFAULT, texts_t, s_fields_rule)};

#define LIST_FIELD(name, list, schema, most)                                                       \
    CYAML_FIELD_SEQUENCE_COUNT (name, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, shadow_t,          \
                                lists[list], counts[list], schema, 0, most)

#define SECTION(part, about)                                                                       \
    CYAML_FIELD_MAPPING_PTR (#part, CYAML_FLAG_POINTER_NULL | CYAML_FLAG_OPTIONAL, shadow_t,       \
                             sections[OPTION_SECTION_##part], s_fields_##part),
#define UINT(part, key, normal, low, high, reload, unit, about)
#define INT(part, key, normal, low, high, reload, unit, about)
#define TEXT(part, key, normal, low, high, reload, about)
#define WORD(part, key, normal, words, reload, about)
#define SECTION_END(part)
static const cyaml_schema_field_t s_fields[] = {
#include "fep/config.def"
    LIST_FIELD ("listeners", OPTION_LIST_LISTENERS, &s_listener_schema, CONFIG_LISTENERS_MAX),
    LIST_FIELD ("alarms", OPTION_LIST_ALARMS, &s_alarm_schema, CONFIG_ALARMS_MAX), CYAML_FIELD_END};
#undef SECTION
#undef UINT
#undef INT
#undef TEXT
#undef WORD
#undef SECTION_END

static const cyaml_schema_value_t s_schema = {
    CYAML_VALUE_MAPPING (CYAML_FLAG_POINTER, shadow_t, s_fields)};

//  --- Step 2: the shadow

static void s_cyaml_log (cyaml_log_t level, void *arg, const char *format, va_list args)
{
    parse_t *self = arg;
    size_t used = strlen (self->log);
    (void) level;
    vsnprintf (self->log + used, sizeof self->log - used, format, args);
}

//  What the walk let through and libcyaml still refuses; its log names the place.
static fep_err_t s_cyaml_fault (parse_t *self, cyaml_err_t refused)
{
    config_place_t place = config_top;
    const char *at = strstr (self->log, "(line: ");
    if (at) {
        sscanf (at, "(line: %zu, column: %zu)", &place.line, &place.column);
    }
    return config_fault (&self->fault, place, refused == CYAML_ERR_OOM ? FEP_SYSTEM : FEP_SYNTAX,
                         "%s; allowed is a map of sections", cyaml_strerror (refused));
}

static const cyaml_config_t s_cyaml = {
    .mem_fn = cyaml_mem, .log_level = CYAML_LOG_ERROR, .flags = CYAML_CFG_NO_ALIAS};

static fep_err_t s_load_shadow (parse_t *self, shadow_t **shadow_p)
{
    cyaml_config_t config = s_cyaml;
    config.log_fn = s_cyaml_log;
    config.log_ctx = self;
    cyaml_data_t *data = NULL;
    cyaml_err_t refused =
        cyaml_load_data (self->yaml.data, self->yaml.size, &config, &s_schema, &data, NULL);
    if (refused) {
        return s_cyaml_fault (self, refused);
    }
    *shadow_p = data;
    return FEP_OK;
}

//  --- Step 3: types, ranges and defaults

static char *s_copy (const char *text)
{
    char *copy = strdup (text);
    FEP_ASSERT (copy);
    return copy;
}

static fep_err_t s_refuse (parse_t *self, const option_t *option, config_place_t place,
                           fep_err_t error, const char *text, const char *wrong)
{
    char allowed[OPTION_ALLOWED_MAX];
    option_allowed (option, allowed, sizeof allowed);
    return config_fault (&self->fault, place, error, "%s.%s: '%.*s' %s; allowed %s %s",
                         option->section, option->key, CONFIG_SHOWN_MAX, text, wrong,
                         option->kind == OPTION_TEXT ? "is" : "are", allowed);
}

//  Decimal digits, perhaps behind a minus; no leading zeros, which YAML 1.1 would read as octal.
static bool s_is_number (const char *text)
{
    text += *text == '-';
    size_t digits = strspn (text, "0123456789");
    return digits && !text[digits] && (digits == 1 || *text != '0');
}

static fep_err_t s_take_number (parse_t *self, const option_t *option, config_place_t place,
                                const char *text, void *slot)
{
    if (!s_is_number (text)) {
        return s_refuse (self, option, place, FEP_SYNTAX, text, "is not a decimal whole number");
    }
    errno = 0;
    int64_t number = strtoll (text, NULL, 10);
    if (errno || number < option->low || number > option->high) {
        return s_refuse (self, option, place, FEP_RANGE, text, "is out of range");
    }
    memcpy (slot, &number, sizeof number);
    return FEP_OK;
}

static fep_err_t s_take_text (parse_t *self, const option_t *option, config_place_t place,
                              const char *text, void *slot)
{
    size_t length = strlen (text);
    if ((int64_t) length < option->low || (int64_t) length > option->high) {
        return s_refuse (self, option, place, FEP_RANGE, text,
                         length ? "is too long" : "is too short");
    }
    *(char **) slot = s_copy (text);
    return FEP_OK;
}

static bool s_is_word_of (const char *words, const char *text)
{
    size_t length = strlen (text);
    for (const char *word = words; length && *word;) {
        size_t size = strcspn (word, "|");
        if (size == length && memcmp (word, text, size) == 0) {
            return true;
        }
        word += size + (word[size] == '|');
    }
    return false;
}

static fep_err_t s_take_word (parse_t *self, const option_t *option, config_place_t place,
                              const char *text, void *slot)
{
    if (!s_is_word_of (option->allowed, text)) {
        return s_refuse (self, option, place, FEP_RANGE, text, "is not one of the words");
    }
    *(char **) slot = s_copy (text);
    return FEP_OK;
}

static fep_err_t s_take_choice (parse_t *self, const option_t *option, config_place_t place,
                                const char *text, void *slot)
{
    if (!s_is_word_of (option->allowed, text)) {
        return s_refuse (self, option, place, FEP_RANGE, text, "is not one of the numbers");
    }
    return s_take_number (self, option, place, text, slot);
}

typedef fep_err_t (take_t) (parse_t *self, const option_t *option, config_place_t place,
                            const char *text, void *slot);

static take_t *const s_takes[OPTION_KIND_COUNT] = {
    [OPTION_UINT] = s_take_number, [OPTION_INT] = s_take_number,    [OPTION_TEXT] = s_take_text,
    [OPTION_WORD] = s_take_word,   [OPTION_CHOICE] = s_take_choice,
};

//  One value: what the file says, or the default.
static fep_err_t s_take (parse_t *self, const option_t *option, const char *text,
                         config_place_t place, void *base)
{
    text = text ? text : option->value;
    if (!text) {
        char allowed[OPTION_ALLOWED_MAX];
        option_allowed (option, allowed, sizeof allowed);
        return config_fault (&self->fault, place, FEP_RANGE, "%s.%s is missing; allowed are %s",
                             option->section, option->key, allowed);
    }
    return s_takes[option->kind](self, option, place, text, option_slot (option, base));
}

static fep_err_t s_take_options (parse_t *self, const shadow_t *shadow, config_t *config)
{
    fep_err_t error = FEP_OK;
    for (size_t s = 0; s < OPTION_SECTION_COUNT; s++) {
        const option_section_t *section = &option_sections[s];
        const texts_t *texts = shadow->sections[s];
        for (size_t i = section->first; i < section->end && !error; i++) {
            const char *text = texts ? texts->texts[i - section->first] : NULL;
            error = s_take (self, &option_table[i], text, self->places->options[i], config);
        }
    }
    return error;
}

static fep_err_t s_take_entry (parse_t *self, const option_list_t *list, const texts_t *texts,
                               const config_list_places_t *places, unsigned i, void *entry)
{
    for (size_t k = 0; k < list->key_count; k++) {
        config_place_t place = places->keys[i][k].line ? places->keys[i][k] : places->entries[i];
        fep_err_t error = s_take (self, &list->keys[k], texts->texts[k], place, entry);
        if (error) {
            return error;
        }
    }
    return FEP_OK;
}

static fep_err_t s_take_list (parse_t *self, size_t number, const shadow_t *shadow,
                              config_t *config)
{
    const option_list_t *list = &option_lists[number];
    const config_list_places_t *places = &self->places->lists[number];
    unsigned count = shadow->counts[number];
    if (count < list->low) {
        return config_fault (&self->fault, places->key.line ? places->key : config_top, FEP_RANGE,
                             "there is no %s; needed is a list `%s` of %zu..%zu", list->one,
                             list->name, list->low, list->high);
    }
    FEP_ASSERT (count == places->count);
    if (count == 0) {
        return FEP_OK;
    }
    void *entries = calloc (count, list->size);
    FEP_ASSERT (entries);
    *option_list_entries (list, config) = entries;
    *option_list_count (list, config) = count;
    for (unsigned i = 0; i < count; i++) {
        fep_err_t error = s_take_entry (self, list, &shadow->lists[number][i], places, i,
                                        option_list_at (list, config, i));
        if (error) {
            return error;
        }
    }
    return FEP_OK;
}

//  The first key of an entry is its name.
static fep_err_t s_check_names (parse_t *self, size_t number, const config_t *config)
{
    const option_list_t *list = &option_lists[number];
    const config_list_places_t *places = &self->places->lists[number];
    for (unsigned i = 0; i < places->count; i++) {
        char **name = option_slot (&list->keys[0], option_list_at (list, config, i));
        for (unsigned k = 0; k < i; k++) {
            char **other = option_slot (&list->keys[0], option_list_at (list, config, k));
            if (strcmp (*name, *other) == 0) {
                return config_fault (&self->fault, places->keys[i][0], FEP_RANGE,
                                     "%s.name: '%s' is taken in line %zu; allowed are unique "
                                     "names",
                                     list->name, *name, places->keys[k][0].line);
            }
        }
    }
    return FEP_OK;
}

static fep_err_t s_take_lists (parse_t *self, const shadow_t *shadow, config_t *config)
{
    fep_err_t error = FEP_OK;
    for (size_t i = 0; i < OPTION_LIST_COUNT && !error; i++) {
        error = s_take_list (self, i, shadow, config);
    }
    for (size_t i = 0; i < OPTION_LIST_COUNT && !error; i++) {
        error = s_check_names (self, i, config);
    }
    return error;
}

//  --- Checks between options

typedef struct {
    int family;         //  AF_INET or AF_INET6; 0 = not numeric
    uint8_t bytes[16];  //  Network order; the rest zero
} address_t;

static address_t s_address (const char *text)
{
    address_t address = {0};
    if (inet_pton (AF_INET, text, address.bytes) == 1) {
        address.family = AF_INET;
    } else if (inet_pton (AF_INET6, text, address.bytes) == 1) {
        address.family = AF_INET6;
    }
    return address;
}

static bool s_same_address (const char *left, const char *right)
{
    address_t a = s_address (left);
    address_t b = s_address (right);
    return a.family == b.family && memcmp (a.bytes, b.bytes, sizeof a.bytes) == 0;
}

static bool s_is_loopback (const char *text)
{
    static const uint8_t one[16] = {[15] = 1};
    address_t address = s_address (text);
    return (address.family == AF_INET && address.bytes[0] == 127) ||
           (address.family == AF_INET6 && memcmp (address.bytes, one, sizeof one) == 0);
}

//  The place of an option's row, or the top of the file where it has its default.
static config_place_t s_option_place (const parse_t *self, size_t row)
{
    return self->places->options[row].line ? self->places->options[row] : config_top;
}

static fep_err_t s_check_doors (parse_t *self, const config_t *config)
{
    static const char *text = "%s.address: '%.*s' is not a numeric loopback address; "
                              "allowed are 127.0.0.0/8 and ::1";
    if (!s_is_loopback (config->feed.address)) {
        return config_fault (&self->fault, s_option_place (self, OPTION_feed_address), FEP_RANGE,
                             text, "feed", CONFIG_SHOWN_MAX, config->feed.address);
    }
    if (!s_is_loopback (config->door.address)) {
        return config_fault (&self->fault, s_option_place (self, OPTION_door_address), FEP_RANGE,
                             text, "door", CONFIG_SHOWN_MAX, config->door.address);
    }
    if (config->feed.port == config->door.port &&
        s_same_address (config->feed.address, config->door.address)) {
        return config_fault (&self->fault, s_option_place (self, OPTION_door_port), FEP_RANGE,
                             "door.port: %" PRIu64 " is the feed's port; allowed is another one",
                             config->door.port);
    }
    return FEP_OK;
}

//  Connectors share a port on purpose (SO_REUSEPORT), so the system would not refuse a second
//  listener.
static fep_err_t s_check_listeners (parse_t *self, const config_t *config)
{
    const config_list_places_t *places = &self->places->lists[OPTION_LIST_LISTENERS];
    for (unsigned i = 0; i < config->listener_count; i++) {
        const config_listener_t *one = &config->listeners[i];
        if (!s_address (one->address).family) {
            return config_fault (
                &self->fault, places->keys[i][LISTENER_ADDRESS], FEP_RANGE,
                "listeners.address: '%.*s' is not numeric; allowed are IPv4 and IPv6 "
                "addresses such as 0.0.0.0 and ::",
                CONFIG_SHOWN_MAX, one->address);
        }
        zone_t zone;
        if (one->zone[0] && zone_parse (one->zone, &zone) != FEP_OK) {
            return config_fault (&self->fault, places->keys[i][LISTENER_ZONE], FEP_RANGE,
                                 "listeners.zone: '%.*s' is none; allowed are offsets as +08:00 "
                                 "and rules as CET-1CEST,M3.5.0,M10.5.0/3",
                                 CONFIG_SHOWN_MAX, one->zone);
        }
        for (unsigned k = 0; k < i; k++) {
            const config_listener_t *other = &config->listeners[k];
            if (strcmp (one->transport, other->transport) == 0 && one->port == other->port &&
                s_same_address (one->address, other->address)) {
                return config_fault (&self->fault, places->keys[i][LISTENER_PORT], FEP_RANGE,
                                     "listeners.port: %" PRIu64
                                     " on %s is taken in line %zu; allowed "
                                     "is another port or address",
                                     one->port, one->address, places->keys[k][LISTENER_PORT].line);
            }
        }
    }
    return FEP_OK;
}

//  Reads a pattern; its own reason stands behind the place of the key.
static fep_err_t s_check_pattern (parse_t *self, unsigned i, size_t key, const char *text,
                                  pattern_t *pattern)
{
    char why[PATTERN_WHY_MAX];
    fep_err_t error = pattern_parse (text, pattern, why, sizeof why);
    return error ? config_fault (&self->fault,
                                 self->places->lists[OPTION_LIST_LISTENERS].keys[i][key], error,
                                 "listeners.%s: %s", option_listener_keys[key].key, why)
                 : FEP_OK;
}

//  Whoever registers by a pattern must get a name from it.
static fep_err_t s_check_gateway (parse_t *self, unsigned i, const config_listener_t *one)
{
    const config_place_t *places = self->places->lists[OPTION_LIST_LISTENERS].keys[i];
    pattern_t pattern;
    fep_err_t error = s_check_pattern (self, i, LISTENER_HEARTBEAT, one->heartbeat, &pattern);
    if (!error) {
        error = s_check_pattern (self, i, LISTENER_REGISTRATION, one->registration, &pattern);
    }
    if (!error && !pattern_names (&pattern)) {
        bool said = places[LISTENER_REGISTRATION].line > 0;
        error = config_fault (
            &self->fault, said ? places[LISTENER_REGISTRATION] : places[LISTENER_CODEC], FEP_RANGE,
            "listeners.registration: codec dtu needs one that names a terminal in each "
            "alternative; allowed are {id} {id:N} {imei} {iccid} {mac} {hex:N} {packet}");
    }
    return error;
}

//  Patterns are for transparent gateways only; elsewhere they are a mistake, not a wish.
static fep_err_t s_check_patterns (parse_t *self, const config_t *config)
{
    static const size_t keys[] = {LISTENER_REGISTRATION, LISTENER_HEARTBEAT,
                                  LISTENER_HEARTBEAT_ECHO};
    for (unsigned i = 0; i < config->listener_count; i++) {
        const config_listener_t *one = &config->listeners[i];
        if (strcmp (one->codec, "dtu") == 0) {
            fep_err_t error = s_check_gateway (self, i, one);
            if (error) {
                return error;
            }
            continue;
        }
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            const char *text =
                *(char **) option_slot (&option_listener_keys[keys[k]], &config->listeners[i]);
            if (strcmp (text, option_listener_keys[keys[k]].value) != 0) {
                return config_fault (
                    &self->fault, self->places->lists[OPTION_LIST_LISTENERS].keys[i][keys[k]],
                    FEP_RANGE,
                    "listeners.%s: codec %.*s has no use for it; allowed with "
                    "codec dtu",
                    option_listener_keys[keys[k]].key, CONFIG_SHOWN_MAX, one->codec);
            }
        }
    }
    return FEP_OK;
}

//  --- The module

static fep_err_t s_build (parse_t *self, const shadow_t *shadow, config_t *config)
{
    fep_err_t error = s_take_options (self, shadow, config);
    if (!error) {
        error = s_take_lists (self, shadow, config);
    }
    if (!error) {
        error = s_check_doors (self, config);
    }
    if (!error) {
        error = s_check_listeners (self, config);
    }
    if (!error) {
        error = s_check_patterns (self, config);
    }
    if (!error) {
        error =
            config_check_alarms (config, &self->fault, &self->places->lists[OPTION_LIST_ALARMS]);
    }
    return error;
}

static fep_err_t s_parse (parse_t *self, config_t **self_p)
{
    fep_err_t error = config_walk (self->yaml, &self->fault, self->places);
    shadow_t *shadow = NULL;
    if (!error) {
        error = s_load_shadow (self, &shadow);
    }
    if (error) {
        return error;
    }
    config_t *config = calloc (1, sizeof *config);
    FEP_ASSERT (config);
    error = s_build (self, shadow, config);
    cyaml_free (&s_cyaml, &s_schema, shadow, 0);
    if (error) {
        config_destroy (&config);
    }
    *self_p = config;
    return error;
}

fep_err_t config_parse (bytes_t yaml, const char *name, config_t **self_p, char *fault,
                        size_t fault_size)
{
    *self_p = NULL;
    if (fault_size) {
        *fault = 0;
    }
    parse_t parse = {.yaml = yaml, .fault = {name, fault, fault_size}};
    if (yaml.size > INPUT_MAX) {
        return config_fault (&parse.fault, config_top, FEP_LIMIT,
                             "is too large; allowed are %d bytes", INPUT_MAX);
    }
    if (!yaml.data) {
        parse.yaml = bytes_text ("");
    }
    parse.places = calloc (1, sizeof *parse.places);
    FEP_ASSERT (parse.places);
    fep_err_t error = s_parse (&parse, self_p);
    free (parse.places);
    return error;
}

fep_err_t config_load (const char *path, config_t **self_p, char *fault, size_t fault_size)
{
    *self_p = NULL;
    config_fault_t report = {path, fault, fault_size};
    uint8_t *bytes = malloc (INPUT_MAX + 1);
    FEP_ASSERT (bytes);
    errno = 0;
    FILE *file = fopen (path, "rb");
    size_t size = file ? fread (bytes, 1, INPUT_MAX + 1, file) : 0;
    fep_err_t error = FEP_OK;
    if (!file || ferror (file)) {
        error = config_fault (&report, config_top, FEP_IO,
                              "cannot be read: %s; needed is a readable file of options",
                              strerror (errno));
    }
    if (file) {
        fclose (file);
    }
    if (!error) {
        error = config_parse (bytes_of (bytes, size), path, self_p, fault, fault_size);
    }
    free (bytes);
    return error;
}

static void s_free_texts (const option_t *table, size_t count, void *base)
{
    for (size_t i = 0; i < count; i++) {
        if (option_is_text (&table[i])) {
            free (*(char **) option_slot (&table[i], base));
        }
    }
}

void config_destroy (config_t **self_p)
{
    FEP_ASSERT (self_p);
    config_t *self = *self_p;
    if (self) {
        s_free_texts (option_table, OPTION_COUNT, self);
        for (size_t k = 0; k < OPTION_LIST_COUNT; k++) {
            const option_list_t *list = &option_lists[k];
            for (unsigned i = 0; i < *option_list_count (list, self); i++) {
                s_free_texts (list->keys, list->key_count, option_list_at (list, self, i));
            }
            free (*option_list_entries (list, self));
        }
        free (self);
        *self_p = NULL;
    }
}
