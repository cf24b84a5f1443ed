//  The walk over libyaml's events. One function per level of the file: document, sections, options,
//  lists.
#include "fep/config_walk.h"
#include <stdarg.h>
#include <stdio.h>
#include <yaml.h>

typedef struct {
    bytes_t yaml;                 //  The file
    const config_fault_t *fault;  //  Where faults go
    config_places_t *places;      //  What is being filled
    yaml_parser_t parser;         //  libyaml's
    yaml_event_t event;           //  The current one
} walk_t;

const config_place_t config_top = {1, 1};

fep_err_t config_fault (const config_fault_t *self, config_place_t place, fep_err_t error,
                        const char *format, ...)
{
    int used =
        snprintf (self->text, self->size, "%s:%zu:%zu: ", self->name, place.line, place.column);
    if (used > 0 && (size_t) used < self->size) {
        va_list args;
        va_start (args, format);
        vsnprintf (self->text + used, self->size - (size_t) used, format, args);
        va_end (args);
    }
    return error;
}

static config_place_t s_place (yaml_mark_t mark)
{
    return (config_place_t){mark.line + 1, mark.column + 1};
}

//  Line and column of a byte, for faults below the level of lines (bad UTF-8, control characters).
static config_place_t s_place_of_offset (bytes_t yaml, size_t offset)
{
    config_place_t place = config_top;
    for (size_t i = 0; i < offset && i < yaml.size; i++) {
        bool newline = yaml.data[i] == '\n';
        place.line += newline;
        place.column = newline ? 1 : place.column + 1;
    }
    return place;
}

static fep_err_t s_parser_fault (walk_t *self)
{
    const yaml_parser_t *parser = &self->parser;
    const char *problem = parser->problem ? parser->problem : "cannot be parsed";
    if (parser->error == YAML_MEMORY_ERROR) {
        return config_fault (self->fault, config_top, FEP_SYSTEM,
                             "out of memory; nothing was changed");
    }
    config_place_t place = parser->error == YAML_READER_ERROR
                               ? s_place_of_offset (self->yaml, parser->problem_offset)
                               : s_place (parser->problem_mark);
    return config_fault (self->fault, place, FEP_SYNTAX, "%s; allowed is YAML in UTF-8", problem);
}

static bool s_has_tag (const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_ALIAS_EVENT:
        return true;
    case YAML_SCALAR_EVENT:
        return event->data.scalar.anchor || event->data.scalar.tag;
    case YAML_SEQUENCE_START_EVENT:
        return event->data.sequence_start.anchor || event->data.sequence_start.tag;
    case YAML_MAPPING_START_EVENT:
        return event->data.mapping_start.anchor || event->data.mapping_start.tag;
    default:
        return false;
    }
}

static bool s_has_control (const yaml_event_t *event)
{
    for (size_t i = 0; i < event->data.scalar.length; i++) {
        if (event->data.scalar.value[i] < 0x20 || event->data.scalar.value[i] == 0x7F) {
            return true;
        }
    }
    return false;
}

//  To the next event; refuses what no option file needs.
static fep_err_t s_next (walk_t *self)
{
    yaml_event_delete (&self->event);
    if (!yaml_parser_parse (&self->parser, &self->event)) {
        return s_parser_fault (self);
    }
    config_place_t place = s_place (self->event.start_mark);
    if (s_has_tag (&self->event)) {
        return config_fault (self->fault, place, FEP_SYNTAX,
                             "an anchor, alias or tag; allowed are plain and quoted values");
    }
    if (self->event.type == YAML_SCALAR_EVENT && s_has_control (&self->event)) {
        return config_fault (self->fault, place, FEP_SYNTAX,
                             "a control character; allowed are printable characters on one line");
    }
    return FEP_OK;
}

//  The next event is a key (*end false) or the end of the map.
static fep_err_t s_next_key (walk_t *self, bool *end)
{
    fep_err_t error = s_next (self);
    *end = !error && self->event.type == YAML_MAPPING_END_EVENT;
    if (!error && !*end && self->event.type != YAML_SCALAR_EVENT) {
        error = config_fault (self->fault, s_place (self->event.start_mark), FEP_SYNTAX,
                              "a map or list as a key; allowed are the names of options");
    }
    return error;
}

//  Marks the key just read; refuses a second one.
static fep_err_t s_mark_key (walk_t *self, config_place_t *known, const char *section)
{
    const char *key = (const char *) self->event.data.scalar.value;
    config_place_t place = s_place (self->event.start_mark);
    if (known->line) {
        return config_fault (self->fault, place, FEP_SYNTAX,
                             "%s%s%s is said twice, first in line %zu; allowed is once", section,
                             *section ? "." : "", key, known->line);
    }
    *known = place;
    return FEP_OK;
}

static fep_err_t s_unknown (walk_t *self, const char *what, const char *allowed)
{
    return config_fault (self->fault, s_place (self->event.start_mark), FEP_NOT_FOUND,
                         "unknown %s '%.*s'; allowed are %s", what, CONFIG_SHOWN_MAX,
                         (const char *) self->event.data.scalar.value, allowed);
}

//  A map of options: rows of table that belong to section; places is parallel to table.
static fep_err_t s_walk_options (walk_t *self, const option_t *table, size_t count,
                                 const char *section, config_place_t *places)
{
    char allowed[512] = "";
    for (size_t i = 0; i < count; i++) {
        if (strcmp (table[i].section, section) == 0) {
            option_list_add (allowed, sizeof allowed, table[i].key);
        }
    }
    for (;;) {
        bool end = false;
        fep_err_t error = s_next_key (self, &end);
        if (error || end) {
            return error;
        }
        size_t i = 0;
        while (i < count &&
               (strcmp (table[i].section, section) != 0 ||
                strcmp (table[i].key, (const char *) self->event.data.scalar.value) != 0)) {
            i++;
        }
        if (i == count) {
            char what[64];
            snprintf (what, sizeof what, "key in %s", section);
            return s_unknown (self, what, allowed);
        }
        error = s_mark_key (self, &places[i], section);
        if (!error) {
            error = s_next (self);
        }
        if (!error && self->event.type != YAML_SCALAR_EVENT) {
            error = config_fault (self->fault, places[i], FEP_SYNTAX,
                                  "%s.%s has a map or list; allowed is one value", section,
                                  table[i].key);
        }
        if (error) {
            return error;
        }
    }
}

//  After `key:` of a section: a map, or nothing at all.
static fep_err_t s_walk_section (walk_t *self, size_t i)
{
    fep_err_t error = s_next (self);
    if (error) {
        return error;
    }
    if (self->event.type == YAML_SCALAR_EVENT && self->event.data.scalar.length == 0 &&
        self->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
        return FEP_OK;
    }
    if (self->event.type != YAML_MAPPING_START_EVENT) {
        return config_fault (self->fault, self->places->sections[i], FEP_SYNTAX,
                             "%s has a value or list; allowed is a map of its options",
                             option_sections[i].name);
    }
    return s_walk_options (self, option_table, OPTION_COUNT, option_sections[i].name,
                           self->places->options);
}

static fep_err_t s_walk_list (walk_t *self, const option_list_t *list, config_list_places_t *places)
{
    fep_err_t error = s_next (self);
    if (!error && self->event.type != YAML_SEQUENCE_START_EVENT) {
        error = config_fault (self->fault, places->key, FEP_SYNTAX,
                              "%s has no list; allowed is a list of %zu..%zu maps", list->name,
                              list->low, list->high);
    }
    while (!error) {
        error = s_next (self);
        if (error || self->event.type == YAML_SEQUENCE_END_EVENT) {
            break;
        }
        config_place_t place = s_place (self->event.start_mark);
        if (self->event.type != YAML_MAPPING_START_EVENT) {
            return config_fault (self->fault, place, FEP_SYNTAX,
                                 "an entry of %s that is no map; allowed is %s", list->name,
                                 list->shape);
        }
        if (places->count == list->high) {
            return config_fault (self->fault, place, FEP_RANGE,
                                 "one %s too many; allowed are %zu..%zu", list->one, list->low,
                                 list->high);
        }
        unsigned i = places->count++;
        places->entries[i] = place;
        error = s_walk_options (self, list->keys, list->key_count, list->name, places->keys[i]);
    }
    return error;
}

//  The key just read names a list: walks it. False if it names none.
static bool s_walk_if_list (walk_t *self, const char *key, fep_err_t *error)
{
    for (size_t i = 0; i < OPTION_LIST_COUNT; i++) {
        if (strcmp (key, option_lists[i].name) == 0) {
            config_list_places_t *places = &self->places->lists[i];
            *error = s_mark_key (self, &places->key, "");
            if (!*error) {
                *error = s_walk_list (self, &option_lists[i], places);
            }
            return true;
        }
    }
    return false;
}

static fep_err_t s_unknown_section (walk_t *self)
{
    char allowed[512] = "";
    for (size_t i = 0; i < OPTION_LIST_COUNT; i++) {
        option_list_add (allowed, sizeof allowed, option_lists[i].name);
    }
    for (size_t i = 0; i < OPTION_SECTION_COUNT; i++) {
        option_list_add (allowed, sizeof allowed, option_sections[i].name);
    }
    return s_unknown (self, "section", allowed);
}

//  The map of sections.
static fep_err_t s_walk_top (walk_t *self)
{
    for (;;) {
        bool end = false;
        fep_err_t error = s_next_key (self, &end);
        if (error || end) {
            return error;
        }
        const char *key = (const char *) self->event.data.scalar.value;
        if (!s_walk_if_list (self, key, &error)) {
            size_t i = 0;
            while (i < OPTION_SECTION_COUNT && strcmp (option_sections[i].name, key) != 0) {
                i++;
            }
            if (i == OPTION_SECTION_COUNT) {
                return s_unknown_section (self);
            }
            error = s_mark_key (self, &self->places->sections[i], "");
            if (!error) {
                error = s_walk_section (self, i);
            }
        }
        if (error) {
            return error;
        }
    }
}

static fep_err_t s_walk_document (walk_t *self)
{
    fep_err_t error = s_next (self);  //  Start of the stream
    if (!error) {
        error = s_next (self);
    }
    if (!error && self->event.type != YAML_DOCUMENT_START_EVENT) {
        return config_fault (self->fault, config_top, FEP_RANGE,
                             "there are no options; needed is a list `listeners` of 1..%d",
                             CONFIG_LISTENERS_MAX);
    }
    if (!error) {
        error = s_next (self);
    }
    if (!error && self->event.type != YAML_MAPPING_START_EVENT) {
        return config_fault (self->fault, s_place (self->event.start_mark), FEP_SYNTAX,
                             "a value or list; allowed is a map of sections");
    }
    if (!error) {
        error = s_walk_top (self);
    }
    if (!error) {
        error = s_next (self);  //  End of the document
    }
    if (!error) {
        error = s_next (self);
    }
    if (!error && self->event.type != YAML_STREAM_END_EVENT) {
        error = config_fault (self->fault, s_place (self->event.start_mark), FEP_SYNTAX,
                              "a second document; allowed is one");
    }
    return error;
}

fep_err_t config_walk (bytes_t yaml, const config_fault_t *fault, config_places_t *places)
{
    walk_t walk = {.yaml = yaml, .fault = fault, .places = places};
    walk_t *self = &walk;
    if (!yaml_parser_initialize (&self->parser)) {
        return config_fault (self->fault, config_top, FEP_SYSTEM,
                             "out of memory; nothing was changed");
    }
    yaml_parser_set_input_string (&self->parser, self->yaml.data, self->yaml.size);
    fep_err_t error = s_walk_document (self);
    yaml_event_delete (&self->event);
    yaml_parser_delete (&self->parser);
    return error;
}
