//  The common part of the map compilers.
#include "cmake/map_reader.h"
#include "fep/point.h"
#include <stdlib.h>
#include <string.h>

enum { LINE_SIZE = 512, WORDS_SIZE = 32 };

void map_die (const map_t *self, const char *what, const char *word)
{
    fprintf (stderr, "%s:%u: %s: %s\n", self->path, self->line, what, word);
    exit (1);
}

const map_word_t *map_find (const map_word_t *words, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp (words[i].word, word) == 0) {
            return &words[i];
        }
    }
    return NULL;
}

const map_word_t *map_word (const map_t *self, const map_word_t *words, size_t count,
                            const char *word)
{
    const map_word_t *found = map_find (words, count, word);
    if (!found) {
        map_die (self, "unknown word", word);
    }
    return found;
}

long map_number (const map_t *self, const char *text, int base, long low, long high)
{
    char *end = NULL;
    long n = strtol (text, &end, base);
    if (*text == 0 || *end || n < low || n > high) {
        map_die (self, "bad number", text);
    }
    return n;
}

void map_name (const map_t *self, char *name, size_t size, const char *text)
{
    if (strlen (text) >= size) {
        map_die (self, "too long", text);
    }
    strcpy (name, text);
}

uint32_t map_point (const map_t *self, const char *name)
{
    uint32_t point = 0;
    if (!point_parse (name, &point)) {
        map_die (self, "unknown point", name);
    }
    return point;
}

static void s_line (const map_tool_t *tool, const map_t *map, void *self, char *line)
{
    char *words[WORDS_SIZE];
    size_t count = 0;
    line[strcspn (line, "#")] = 0;
    for (char *word = strtok (line, " \t\r\n"); word; word = strtok (NULL, " \t\r\n")) {
        if (count == tool->words_max || count == WORDS_SIZE) {
            map_die (map, "too many words", word);
        }
        words[count++] = word;
    }
    if (count) {
        tool->line (self, words, count);
    }
}

static void s_read (const map_tool_t *tool, map_t *map, void *self, FILE *in)
{
    char line[LINE_SIZE];
    while (fgets (line, sizeof line, in)) {
        map->line++;
        if (!strchr (line, '\n')) {
            map_die (map, "line too long", "");
        }
        s_line (tool, map, self, line);
    }
    if (tool->end) {
        tool->end (self);
    }
}

int map_main (int argc, char **argv, const map_tool_t *tool, map_t *map, void *self)
{
    FILE *in = argc == 3 ? fopen (argv[1], "r") : NULL;
    if (!in) {
        fprintf (stderr, "usage: %s_map <map> <output.c>\n", tool->codec);
        return 1;
    }
    map->path = argv[1];
    s_read (tool, map, self, in);
    fclose (in);
    FILE *out = fopen (argv[2], "w");
    if (!out) {
        fprintf (stderr, "cannot write %s\n", argv[2]);
        return 1;
    }
    fprintf (out,
             "//  Made from codecs/maps/%s.map. Do not edit.\n"
             "#include \"codecs/%s/layout.h\"\n#include \"fep/message.h\"\n\n",
             tool->codec, tool->codec);
    tool->put (self, out);
    return fclose (out) ? 1 : 0;
}
