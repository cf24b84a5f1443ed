//  Build tool: compiles codecs/maps/dlt698.map into constant tables.
//  Usage: dlt698_map <map> <output.c>. A line it cannot read ends the build with file and line.
#include "codecs/dlt698/layout.h"
#include "codecs/dlt698/axdr.h"
#include "fep/message.h"
#include "fep/point.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 400
#define POINTS_MAX 1200
#define WORDS_MAX 20
#define NAME_SIZE 32

typedef struct {
    const char *word;
    const char *enumerator;
} word_t;

typedef struct {
    d698_object_t row;
    const char *shape, *quality, *write;  //  Enumerators
} object_t;

typedef struct {
    unsigned oi;
    const char *freeze;    //  Enumerator; or
    char name[NAME_SIZE];  //  of an event
} named_t;

typedef struct {
    const char *path;
    unsigned line;
    object_t objects[ROWS_MAX];
    unsigned object_count;
    uint32_t points[POINTS_MAX];
    unsigned point_count;
    named_t freezes[ROWS_MAX];
    unsigned freeze_count;
    named_t events[ROWS_MAX];
    unsigned event_count;
} compiler_t;

static const word_t s_shapes[] = {{"one", "SHAPE_ONE"},
                                  {"list", "SHAPE_LIST"},
                                  {"tariffs", "SHAPE_TARIFFS"},
                                  {"demands", "SHAPE_DEMANDS"},
                                  {"struct", "SHAPE_STRUCT"}};
static const word_t s_sides[] = {{"s", "QUALITY_SECONDARY"}, {"-", "0"}};
static const word_t s_writes[] = {{"write=enum", "DATA_ENUM"},
                                  {"write=date_time_s", "DATA_DATE_TIME_S"}};
static const word_t s_freezes[] = {{"curve", "FREEZE_CURVE"},
                                   {"hour", "FREEZE_HOUR"},
                                   {"day", "FREEZE_DAY"},
                                   {"month", "FREEZE_MONTH"},
                                   {"command", "FREEZE_COMMAND"}};

static void s_die (const compiler_t *self, const char *what, const char *word)
{
    fprintf (stderr, "%s:%u: %s: %s\n", self->path, self->line, what, word);
    exit (1);
}

static const char *s_word (const compiler_t *self, const word_t *words, size_t count,
                           const char *word)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp (words[i].word, word) == 0) {
            return words[i].enumerator;
        }
    }
    s_die (self, "unknown word", word);
    return NULL;
}

#define WORD(self, table, word) s_word (self, table, sizeof table / sizeof *table, word)

static long s_number (const compiler_t *self, const char *text, int base, long low, long high)
{
    char *end = NULL;
    long n = strtol (text, &end, base);
    if (*text == 0 || *end || n < low || n > high) {
        s_die (self, "bad number", text);
    }
    return n;
}

static void s_object (compiler_t *self, char **words, size_t count)
{
    if (count < 7 || self->object_count == ROWS_MAX) {
        s_die (self, "an object wants OI, attribute, shape, exponent, side and points", words[0]);
    }
    object_t *object = &self->objects[self->object_count++];
    object->row.oi = (uint16_t) s_number (self, words[1], 16, 0, 0xFFFF);
    object->row.attribute = (uint8_t) s_number (self, words[2], 10, 1, 31);
    object->shape = WORD (self, s_shapes, words[3]);
    object->row.exponent = (int8_t) s_number (self, words[4], 10, -9, 9);
    object->quality = WORD (self, s_sides, words[5]);
    object->row.first = (uint16_t) self->point_count;
    object->write = "0";
    for (size_t i = 6; i < count; i++) {
        if (strncmp (words[i], "write=", 6) == 0) {
            object->write = WORD (self, s_writes, words[i]);
            continue;
        }
        uint32_t point = 0;
        if (self->point_count == POINTS_MAX || !point_parse (words[i], &point)) {
            s_die (self, "unknown point", words[i]);
        }
        self->points[self->point_count++] = point;
        object->row.count++;
    }
    size_t wanted = strcmp (object->shape, "SHAPE_DEMANDS") == 0 ? 2 : 1;
    bool exact = wanted == 2 || strcmp (object->shape, "SHAPE_TARIFFS") == 0 ||
                 strcmp (object->shape, "SHAPE_ONE") == 0;
    if (object->row.count < wanted || (exact && object->row.count != wanted)) {
        s_die (self, "wrong number of points", words[1]);
    }
    if (self->object_count > 1) {
        const d698_object_t *before = &object[-1].row;
        unsigned last = before->oi * 32u + before->attribute;
        if (object->row.oi * 32u + object->row.attribute <= last) {
            s_die (self, "not ascending", words[1]);
        }
    }
}

static named_t *s_named (const compiler_t *self, named_t *rows, unsigned *used, char **words,
                         size_t count)
{
    if (count != 3 || *used == ROWS_MAX) {
        s_die (self, "wants an OI and a word", words[0]);
    }
    named_t *row = &rows[(*used)++];
    row->oi = (unsigned) s_number (self, words[1], 16, 0, 0xFFFF);
    if (*used > 1 && row->oi <= row[-1].oi) {
        s_die (self, "not ascending", words[1]);
    }
    return row;
}

static void s_line (compiler_t *self, char *line)
{
    char *words[WORDS_MAX];
    size_t count = 0;
    char *hash = strchr (line, '#');
    if (hash) {
        *hash = 0;
    }
    for (char *word = strtok (line, " \t\r\n"); word; word = strtok (NULL, " \t\r\n")) {
        if (count == WORDS_MAX) {
            s_die (self, "too many words", word);
        }
        words[count++] = word;
    }
    if (count == 0) {
        return;
    }
    if (strcmp (words[0], "object") == 0) {
        s_object (self, words, count);
    } else if (strcmp (words[0], "freeze") == 0) {
        named_t *row = s_named (self, self->freezes, &self->freeze_count, words, count);
        row->freeze = WORD (self, s_freezes, words[2]);
    } else {
        named_t *row = s_named (self, self->events, &self->event_count, words, count);
        if (strcmp (words[0], "event") != 0 || strlen (words[2]) >= NAME_SIZE) {
            s_die (self, "unknown line", words[0]);
        }
        strcpy (row->name, words[2]);
    }
}

static void s_put_objects (const compiler_t *self, FILE *out)
{
    fprintf (out, "const d698_object_t d698_objects[] = {\n");
    for (unsigned i = 0; i < self->object_count; i++) {
        const object_t *o = &self->objects[i];
        fprintf (out, "    {0x%04X, %u, %s, %d, %s, %u, %s, %u},\n", o->row.oi, o->row.attribute,
                 o->shape, o->row.exponent, o->write, o->row.count, o->quality, o->row.first);
    }
    fprintf (out, "};\nconst uint16_t d698_object_count = %u;\n\n", self->object_count);
    fprintf (out, "const uint32_t d698_points[] = {");
    for (unsigned i = 0; i < self->point_count; i++) {
        fprintf (out, "%s0x%08Xu,", i % 6 ? " " : "\n    ", (unsigned) self->points[i]);
    }
    fprintf (out, "\n};\n\n");
}

static void s_put_named (const compiler_t *self, FILE *out)
{
    fprintf (out, "const d698_freeze_t d698_freezes[] = {\n");
    for (unsigned i = 0; i < self->freeze_count; i++) {
        fprintf (out, "    {0x%04X, %s},\n", self->freezes[i].oi, self->freezes[i].freeze);
    }
    fprintf (out, "};\nconst uint16_t d698_freeze_count = %u;\n\n", self->freeze_count);
    fprintf (out, "const d698_event_t d698_events[] = {\n");
    for (unsigned i = 0; i < self->event_count; i++) {
        fprintf (out, "    {0x%04X, \"%s\"},\n", self->events[i].oi, self->events[i].name);
    }
    fprintf (out, "};\nconst uint16_t d698_event_count = %u;\n", self->event_count);
}

int main (int argc, char **argv)
{
    static compiler_t self;
    char line[512];
    FILE *in = argc == 3 ? fopen (argv[1], "r") : NULL;
    if (!in) {
        fprintf (stderr, "usage: dlt698_map <map> <output.c>\n");
        return 1;
    }
    self.path = argv[1];
    while (fgets (line, sizeof line, in)) {
        self.line++;
        if (!strchr (line, '\n')) {
            s_die (&self, "line too long", "");
        }
        s_line (&self, line);
    }
    fclose (in);
    FILE *out = fopen (argv[2], "w");
    if (!out) {
        fprintf (stderr, "cannot write %s\n", argv[2]);
        return 1;
    }
    fprintf (out, "//  Made from codecs/maps/dlt698.map. Do not edit.\n"
                  "#include \"codecs/dlt698/layout.h\"\n#include \"codecs/dlt698/axdr.h\"\n"
                  "#include \"fep/message.h\"\n\n");
    s_put_objects (&self, out);
    s_put_named (&self, out);
    return fclose (out) ? 1 : 0;
}
