//  Build tool: compiles codecs/maps/dlt698.map into constant tables.
//  Usage: dlt698_map <map> <output.c>. A line it cannot read ends the build with file and line.
#include "cmake/map_reader.h"
#include "codecs/dlt698/layout.h"
#include "codecs/dlt698/axdr.h"
#include "fep/message.h"
#include "fep/point.h"
#include <stdio.h>
#include <string.h>

#define ROWS_MAX 400
#define POINTS_MAX 1200
#define WORDS_MAX 20
#define NAME_SIZE 32

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
    map_t map;  //  Where it is
    object_t objects[ROWS_MAX];
    unsigned object_count;
    uint32_t points[POINTS_MAX];
    unsigned point_count;
    named_t freezes[ROWS_MAX];
    unsigned freeze_count;
    named_t events[ROWS_MAX];
    unsigned event_count;
} compiler_t;

static const map_word_t s_shapes[] = {{"one", "SHAPE_ONE", 0},
                                      {"list", "SHAPE_LIST", 0},
                                      {"tariffs", "SHAPE_TARIFFS", 0},
                                      {"demands", "SHAPE_DEMANDS", 0},
                                      {"struct", "SHAPE_STRUCT", 0}};
static const map_word_t s_sides[] = {{"s", "QUALITY_SECONDARY", 0}, {"-", "0", 0}};
static const map_word_t s_writes[] = {{"write=enum", "DATA_ENUM", 0},
                                      {"write=date_time_s", "DATA_DATE_TIME_S", 0}};
static const map_word_t s_freezes[] = {{"curve", "FREEZE_CURVE", 0},
                                       {"hour", "FREEZE_HOUR", 0},
                                       {"day", "FREEZE_DAY", 0},
                                       {"month", "FREEZE_MONTH", 0},
                                       {"command", "FREEZE_COMMAND", 0}};

static void s_object (compiler_t *self, char **words, size_t count)
{
    if (count < 7 || self->object_count == ROWS_MAX) {
        map_die (&self->map, "an object wants OI, attribute, shape, exponent, side and points",
                 words[0]);
    }
    object_t *object = &self->objects[self->object_count++];
    object->row.oi = (uint16_t) map_number (&self->map, words[1], 16, 0, 0xFFFF);
    object->row.attribute = (uint8_t) map_number (&self->map, words[2], 10, 1, 31);
    object->shape = MAP_WORD (&self->map, s_shapes, words[3])->enumerator;
    object->row.exponent = (int8_t) map_number (&self->map, words[4], 10, -9, 9);
    object->quality = MAP_WORD (&self->map, s_sides, words[5])->enumerator;
    object->row.first = (uint16_t) self->point_count;
    object->write = "0";
    for (size_t i = 6; i < count; i++) {
        if (strncmp (words[i], "write=", 6) == 0) {
            object->write = MAP_WORD (&self->map, s_writes, words[i])->enumerator;
            continue;
        }
        if (self->point_count == POINTS_MAX) {
            map_die (&self->map, "too many points", words[i]);
        }
        self->points[self->point_count++] = map_point (&self->map, words[i]);
        object->row.count++;
    }
    size_t wanted = strcmp (object->shape, "SHAPE_DEMANDS") == 0 ? 2 : 1;
    bool exact = wanted == 2 || strcmp (object->shape, "SHAPE_TARIFFS") == 0 ||
                 strcmp (object->shape, "SHAPE_ONE") == 0;
    if (object->row.count < wanted || (exact && object->row.count != wanted)) {
        map_die (&self->map, "wrong number of points", words[1]);
    }
    if (self->object_count > 1) {
        const d698_object_t *before = &object[-1].row;
        unsigned last = before->oi * 32u + before->attribute;
        if (object->row.oi * 32u + object->row.attribute <= last) {
            map_die (&self->map, "not ascending", words[1]);
        }
    }
}

static named_t *s_named (const compiler_t *self, named_t *rows, unsigned *used, char **words,
                         size_t count)
{
    if (count != 3 || *used == ROWS_MAX) {
        map_die (&self->map, "wants an OI and a word", words[0]);
    }
    named_t *row = &rows[(*used)++];
    row->oi = (unsigned) map_number (&self->map, words[1], 16, 0, 0xFFFF);
    if (*used > 1 && row->oi <= row[-1].oi) {
        map_die (&self->map, "not ascending", words[1]);
    }
    return row;
}

static void s_line (void *arg, char **words, size_t count)
{
    compiler_t *self = arg;
    if (strcmp (words[0], "object") == 0) {
        s_object (self, words, count);
    } else if (strcmp (words[0], "freeze") == 0) {
        named_t *row = s_named (self, self->freezes, &self->freeze_count, words, count);
        row->freeze = MAP_WORD (&self->map, s_freezes, words[2])->enumerator;
    } else {
        named_t *row = s_named (self, self->events, &self->event_count, words, count);
        if (strcmp (words[0], "event") != 0) {
            map_die (&self->map, "unknown line", words[0]);
        }
        map_name (&self->map, row->name, NAME_SIZE, words[2]);
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

static void s_put (void *arg, FILE *out)
{
    const compiler_t *self = arg;
    fprintf (out, "#include \"codecs/dlt698/axdr.h\"\n\n");
    s_put_objects (self, out);
    s_put_named (self, out);
}

int main (int argc, char **argv)
{
    static compiler_t self;
    static const map_tool_t tool = {"dlt698", WORDS_MAX, s_line, NULL, s_put};
    return map_main (argc, argv, &tool, &self.map, &self);
}
