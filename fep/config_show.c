//  What is shown and exchanged of the options: reload, the answer of `fepctl config`, the sample
//  file.
#include "fep/config_option.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static bool s_same_value (const option_t *option, void *left, void *right)
{
    void *a = option_slot (option, left);
    void *b = option_slot (option, right);
    if (option_is_text (option)) {
        return strcmp (*(char **) a, *(char **) b) == 0;
    }
    return memcmp (a, b, sizeof (int64_t)) == 0;
}

static bool s_same_list (const option_list_t *list, config_t *left, config_t *right)
{
    if (*option_list_count (list, left) != *option_list_count (list, right)) {
        return false;
    }
    for (unsigned i = 0; i < *option_list_count (list, left); i++) {
        for (size_t k = 0; k < list->key_count; k++) {
            if (!s_same_value (&list->keys[k], option_list_at (list, left, i),
                               option_list_at (list, right, i))) {
                return false;
            }
        }
    }
    return true;
}

static void s_swap_list (const option_list_t *list, config_t *self, config_t *fresh)
{
    void *entries = *option_list_entries (list, self);
    unsigned count = *option_list_count (list, self);
    *option_list_entries (list, self) = *option_list_entries (list, fresh);
    *option_list_count (list, self) = *option_list_count (list, fresh);
    *option_list_entries (list, fresh) = entries;
    *option_list_count (list, fresh) = count;
}

void config_reload (config_t *self, config_t *fresh, char *ignored, size_t size)
{
    FEP_ASSERT (size);
    *ignored = 0;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const option_t *option = &option_table[i];
        if (option->reload) {
            uint8_t swap[sizeof (int64_t)];
            void *mine = option_slot (option, self);
            void *other = option_slot (option, fresh);
            memcpy (swap, mine, sizeof swap);
            memcpy (mine, other, sizeof swap);
            memcpy (other, swap, sizeof swap);
        } else if (!s_same_value (option, self, fresh)) {
            size_t used = strlen (ignored);
            snprintf (ignored + used, size - used, "%s%s.%s", used ? " " : "", option->section,
                      option->key);
        }
    }
    for (size_t i = 0; i < OPTION_LIST_COUNT; i++) {
        const option_list_t *list = &option_lists[i];
        if (list->reload) {
            s_swap_list (list, self, fresh);
        } else if (!s_same_list (list, self, fresh)) {
            size_t used = strlen (ignored);
            snprintf (ignored + used, size - used, "%s%s", used ? " " : "", list->name);
        }
    }
}

static void s_wire_number (writer_t *out, const char *key, const option_t *option, int64_t value)
{
    if (option->kind == OPTION_INT) {
        wire_pair_int (out, key, value);
    } else {
        wire_pair_uint (out, key, (uint64_t) value);
    }
}

static void s_wire_option (const option_t *option, const char *section, const void *base,
                           writer_t *out)
{
    char allowed[OPTION_ALLOWED_MAX];
    option_allowed (option, allowed, sizeof allowed);
    const char *slot = (const char *) base + option->offset;
    wire_put_map (out, 8);
    wire_pair_text (out, "section", section);
    wire_pair_text (out, "key", option->key);
    if (option_is_text (option)) {
        const char *text = NULL;
        memcpy (&text, slot, sizeof text);
        bool secret = strcmp (option->unit, OPTION_SECRET) == 0 && text[0];
        wire_pair_text (out, "value", secret ? "(set)" : text);
    } else {
        int64_t value = 0;
        memcpy (&value, slot, sizeof value);
        s_wire_number (out, "value", option, value);
    }
    if (!option->value) {
        wire_put_text (out, "default");
        wire_put_nil (out);
    } else if (option_is_text (option)) {
        wire_pair_text (out, "default", option->value);
    } else {
        s_wire_number (out, "default", option, strtoll (option->value, NULL, 10));
    }
    wire_pair_text (out, "allowed", allowed);
    wire_pair_bool (out, "reload", option->reload);
    wire_pair_text (out, "unit", option->unit);
    wire_pair_text (out, "meaning", option->meaning);
}

static void s_wire_list (const option_list_t *list, const config_t *self, size_t count,
                         writer_t *out)
{
    for (size_t i = 0; i < count; i++) {
        char section[32];
        snprintf (section, sizeof section, "%s[%zu]", list->name, i);
        for (size_t k = 0; k < list->key_count; k++) {
            s_wire_option (&list->keys[k], section, option_list_at (list, self, i), out);
        }
    }
}

void config_wire (const config_t *self, writer_t *out)
{
    const size_t counts[OPTION_LIST_COUNT] = {self->listener_count, self->alarm_count};
    size_t rows = OPTION_COUNT;
    for (size_t i = 0; i < OPTION_LIST_COUNT; i++) {
        rows += counts[i] * option_lists[i].key_count;
    }
    wire_put_array (out, (uint32_t) rows);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        s_wire_option (&option_table[i], option_table[i].section, self, out);
    }
    for (size_t i = 0; i < OPTION_LIST_COUNT; i++) {
        s_wire_list (&option_lists[i], self, counts[i], out);
    }
}

FEP_PRINTF (2, 3)
static void s_print (writer_t *out, const char *format, ...)
{
    char line[512];
    va_list args;
    va_start (args, format);
    int size = vsnprintf (line, sizeof line, format, args);
    va_end (args);
    FEP_ASSERT (size >= 0 && (size_t) size < sizeof line);
    writer_put (out, line, (size_t) size);
}

static void s_sample_option (const option_t *option, const char *value, const char *lead,
                             writer_t *out)
{
    char allowed[OPTION_ALLOWED_MAX];
    option_allowed (option, allowed, sizeof allowed);
    const char *quote = option->kind == OPTION_TEXT ? "\"" : "";
    s_print (out, "%s# %s; %s; %s\n%s%s: %s%s%s\n", lead, option->meaning, allowed,
             option->reload ? "reloadable" : "fixed", lead, option->key, quote, value, quote);
}

//  One entry. A list that may be empty is empty, and the entry an example.
static void s_sample_list (const option_list_t *list, writer_t *out)
{
    const char *mark = list->low ? "" : "# ";
    s_print (out, "\n# %s; %zu..%zu of them, %s\n%s%s:\n%s  -\n", list->meaning, list->low,
             list->high, list->reload ? "reloadable" : "fixed", mark, list->name, mark);
    for (size_t i = 0; i < list->key_count; i++) {
        const option_t *key = &list->keys[i];
        const char *said = i < list->said_count ? list->said[i] : NULL;
        s_sample_option (key, said ? said : key->value, list->low ? "    " : "#     ", out);
    }
}

fep_err_t config_sample (writer_t *out)
{
    s_print (out,
             "# Every option with its default; a line left out means the same.\n"
             "# `reloadable` ones are taken over at SIGHUP, `fixed` ones at the next start.\n");
    size_t at = 0;
    for (size_t i = 0; i < OPTION_SECTION_COUNT; i++) {
        s_print (out, "\n# %s\n%s:\n", option_sections[i].meaning, option_sections[i].name);
        while (at < OPTION_COUNT &&
               strcmp (option_table[at].section, option_sections[i].name) == 0) {
            s_sample_option (&option_table[at], option_table[at].value, "  ", out);
            at++;
        }
    }
    for (size_t i = 0; i < OPTION_LIST_COUNT; i++) {
        s_sample_list (&option_lists[i], out);
    }
    return out->failed ? FEP_FULL : FEP_OK;
}
