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

static bool s_same_listeners (const config_t *left, const config_t *right)
{
    if (left->listener_count != right->listener_count) {
        return false;
    }
    for (unsigned i = 0; i < left->listener_count; i++) {
        for (size_t k = 0; k < LISTENER_KEY_COUNT; k++) {
            if (!s_same_value (&option_listener_keys[k], &left->listeners[i],
                               &right->listeners[i])) {
                return false;
            }
        }
    }
    return true;
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
    if (!s_same_listeners (self, fresh)) {
        size_t used = strlen (ignored);
        snprintf (ignored + used, size - used, "%slisteners", used ? " " : "");
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
        wire_pair_text (out, "value", text);
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

void config_wire (const config_t *self, writer_t *out)
{
    wire_put_array (out, (uint32_t) (OPTION_COUNT + self->listener_count * LISTENER_KEY_COUNT));
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        s_wire_option (&option_table[i], option_table[i].section, self, out);
    }
    for (unsigned i = 0; i < self->listener_count; i++) {
        char section[32];
        snprintf (section, sizeof section, "listeners[%u]", i);
        for (size_t k = 0; k < LISTENER_KEY_COUNT; k++) {
            s_wire_option (&option_listener_keys[k], section, &self->listeners[i], out);
        }
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
    s_print (out, "%*s# %s; %s; %s\n%s%s: %s%s%s\n", (int) strlen (lead), "", option->meaning,
             allowed, option->reload ? "reloadable" : "fixed", lead, option->key, quote, value,
             quote);
}

fep_err_t config_sample (writer_t *out)
{
    //  What a listener must say and has no default for.
    static const char *const said[LISTENER_KEY_COUNT] = {"terminals", "0.0.0.0", "7600", "gdw1376"};
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
    s_print (out, "\n# where terminals dial in; 1..%d of them\nlisteners:\n  -\n",
             CONFIG_LISTENERS_MAX);
    for (size_t i = 0; i < LISTENER_KEY_COUNT; i++) {
        const option_t *key = &option_listener_keys[i];
        s_sample_option (key, key->value ? key->value : said[i], "    ", out);
    }
    return out->failed ? FEP_FULL : FEP_OK;
}
