//  Build tool: compiles codecs/maps/dlt645.map into constant tables.
//  Usage: dlt645_map <map> <output.c>. A line it cannot read ends the build with file and line.
#include "cmake/map_reader.h"
#include "codecs/dlt645/layout.h"
#include "fep/message.h"
#include "fep/point.h"
#include <stdio.h>
#include <string.h>

#define FIELDS_MAX 512
#define ROWS_MAX 256
#define NAME_MAX_SIZE 40
#define WORDS_MAX 8

typedef struct {
    const char *kind, *quality;  //  Enumerators
    unsigned size, places;
    int scale;
    uint32_t point;
    char name[NAME_MAX_SIZE];
} field_t;

typedef struct {
    bool old, heard, every, writable;
    uint32_t di, mask;
    unsigned first, count;
    unsigned tariff_at, member_at, period_at, nth_at;
    unsigned base, period;
    const char *freeze;  //  Enumerator
    char block[NAME_MAX_SIZE];
} row_t;

typedef struct {
    map_t map;  //  Where it is
    field_t fields[FIELDS_MAX];
    unsigned field_count;
    row_t rows[ROWS_MAX];
    unsigned row_count;
} compiler_t;

static const map_word_t s_freezes[] = {{"none", "FREEZE_NONE", 0},
                                       {"hour", "FREEZE_HOUR", 0},
                                       {"day", "FREEZE_DAY", 0},
                                       {"command", "FREEZE_COMMAND", 0}};
static const map_word_t s_sides[] = {{"s", "QUALITY_SECONDARY", 0}, {"-", "0", 0}};
static const map_word_t s_formats[] = {{"T5", "DLT_INSTANT", 5},  {"T4", "DLT_SHORT", 4},
                                       {"T7", "DLT_DATETIME", 7}, {"DATE", "DLT_DATE", 4},
                                       {"TIME", "DLT_CLOCK", 3},  {"B2", "DLT_BITS", 2},
                                       {"D6", "DLT_DIGITS", 6}};

//  A name of explain: '_' is a blank, '-' none.
static void s_name (const compiler_t *self, char *name, const char *text)
{
    map_name (&self->map, name, NAME_MAX_SIZE, strcmp (text, "-") == 0 ? "" : text);
    for (char *p = name; *p; p++) {
        *p = *p == '_' ? ' ' : *p;
    }
}

//  Hex digits and the letters of what varies.
static void s_pattern (const compiler_t *self, row_t *row, const char *text)
{
    size_t digits = row->old ? 4 : 8;
    unsigned wide = row->old ? 1 : 2;
    if (strlen (text) != digits) {
        map_die (&self->map, "a pattern has 8 digits, of edition 1997 4", text);
    }
    for (size_t i = 0; i < digits; i++) {
        unsigned at = (unsigned) (digits - 1 - i) * 4;
        const char *hex = strchr ("0123456789ABCDEF", text[i]);
        unsigned *part = text[i] == 't'   ? &row->tariff_at
                         : text[i] == 'x' ? &row->member_at
                         : text[i] == 's' ? &row->period_at
                                          : &row->nth_at;
        if (hex) {
            row->di |= (uint32_t) (hex - "0123456789ABCDEF") << at;
            row->mask |= 15u << at;
            continue;
        }
        if (!strchr ("txsn", text[i]) || (*part != DLT_NOWHERE && wide == 1)) {
            map_die (&self->map, "allowed are hex digits, tt xx ss nn", text);
        }
        *part = at;
    }
}

static void s_key (const compiler_t *self, row_t *row, const char *word)
{
    const struct {
        const char *word;
        bool *flag;
        unsigned *number;
        unsigned max;
    } keys[] = {{"every", &row->every, NULL, 0},
                {"heard", &row->heard, NULL, 0},
                {"write", &row->writable, NULL, 0},
                {"period=", NULL, &row->period, 12},
                {"base=", NULL, &row->base, 1}};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        size_t size = strlen (keys[i].word);
        if (keys[i].flag && strcmp (word, keys[i].word) == 0) {
            *keys[i].flag = true;
            return;
        }
        if (keys[i].number && strncmp (word, keys[i].word, size) == 0) {
            *keys[i].number = (unsigned) map_number (&self->map, word + size, 10, 0, keys[i].max);
            return;
        }
    }
    if (strncmp (word, "block=", 6) != 0) {
        map_die (&self->map, "unknown word", word);
    }
    s_name (self, row->block, word + 6);
}

static void s_di (compiler_t *self, char **words, size_t count)
{
    if (count < 4 || self->row_count == ROWS_MAX) {
        map_die (&self->map, "di wants edition, pattern and freeze", words[0]);
    }
    row_t *row = &self->rows[self->row_count++];
    unsigned edition = (unsigned) map_number (&self->map, words[1], 10, 0, 2007);
    if (edition != 2007 && edition != 1997) {
        map_die (&self->map, "edition must be 1997 or 2007", words[1]);
    }
    row->old = edition == 1997;
    row->first = self->field_count;
    row->tariff_at = row->member_at = row->period_at = row->nth_at = DLT_NOWHERE;
    row->base = 1;
    s_pattern (self, row, words[2]);
    row->freeze = MAP_WORD (&self->map, s_freezes, words[3])->enumerator;
    for (size_t i = 4; i < count; i++) {
        s_key (self, row, words[i]);
    }
    for (unsigned i = 0; i + 1 < self->row_count; i++) {
        const row_t *other = &self->rows[i];
        uint32_t mask = row->mask & other->mask;
        if (other->old == row->old && (other->di & mask) == (row->di & mask)) {
            map_die (&self->map, "a DI has two lines", words[2]);
        }
    }
}

//  N4.2, S3.4, perhaps +2 behind it.
static void s_decimal (const compiler_t *self, field_t *field, const char *text)
{
    unsigned size, places;
    int scale = 0, used = 0;
    if (sscanf (text + 1, "%u.%u%n", &size, &places, &used) != 2 || size < 1 || size > 8 ||
        places > 8) {
        map_die (&self->map, "unknown format", text);
    }
    text += 1 + used;
    if (*text == '+') {
        scale = (int) map_number (&self->map, text + 1, 10, 0, 9);
    } else if (*text) {
        map_die (&self->map, "unknown format", text);
    }
    field->size = size;
    field->places = places;
    field->scale = scale;
}

static void s_field (compiler_t *self, char **words, size_t count)
{
    if (count != 4 || self->row_count == 0 || self->field_count == FIELDS_MAX) {
        map_die (&self->map, "a field wants format, point, side and name", words[0]);
    }
    row_t *row = &self->rows[self->row_count - 1];
    field_t *field = &self->fields[self->field_count++];
    const map_word_t *format = MAP_FIND (s_formats, words[0]);
    if (format) {
        field->kind = format->enumerator;
        field->size = format->value;
    } else if (strchr ("NS", words[0][0])) {
        field->kind = words[0][0] == 'N' ? "DLT_BCD" : "DLT_SIGNED";
        s_decimal (self, field, words[0]);
    } else {
        map_die (&self->map, "unknown format", words[0]);
    }
    if (strcmp (words[1], "-") != 0 && !point_parse (words[1], &field->point)) {
        map_die (&self->map, "unknown point", words[1]);
    }
    const point_info_t *info = point_find (field->point);
    if ((row->every || row->tariff_at != DLT_NOWHERE) && (!info || !info->tariffs)) {
        map_die (&self->map, "tariffs want points that have them", words[1]);
    }
    field->quality = MAP_WORD (&self->map, s_sides, words[2])->enumerator;
    s_name (self, field->name, words[3]);
    row->count++;
}

static void s_line (void *arg, char **words, size_t count)
{
    compiler_t *self = arg;
    if (strcmp (words[0], "di") == 0) {
        s_di (self, words, count);
    } else {
        s_field (self, words, count);
    }
}

static void s_put_fields (const compiler_t *self, FILE *out)
{
    fprintf (out, "const dlt_field_t dlt_fields[] = {\n");
    for (unsigned i = 0; i < self->field_count; i++) {
        const field_t *f = &self->fields[i];
        fprintf (out, "    {\"%s\", 0x%08Xu, %s, %s, %u, %u, %d},\n", f->name, (unsigned) f->point,
                 f->quality, f->kind, f->size, f->places, f->scale);
    }
    fprintf (out, "};\n\n");
}

static void s_put_rows (const compiler_t *self, FILE *out)
{
    fprintf (out, "const dlt_row_t dlt_rows[] = {\n");
    for (unsigned i = 0; i < self->row_count; i++) {
        const row_t *r = &self->rows[i];
        bool tariff = r->tariff_at != DLT_NOWHERE;
        bool list = r->member_at != DLT_NOWHERE;
        if (r->count == 0 || tariff + list + r->every > 1 || (r->writable && r->count > 1)) {
            map_die (&self->map, "a row has fields, and repeats in one way", "");
        }
        const char *repeat = tariff     ? "DLT_TARIFF"
                             : list     ? "DLT_LIST"
                             : r->every ? "DLT_EVERY"
                                        : "DLT_ONCE";
        fprintf (
            out,
            "    {0x%08Xu, 0x%08Xu, %u, %u, %s, %s, %s, %u, %u, %u, %u, %u, %s, %s, \"%s\"},\n",
            (unsigned) r->di, (unsigned) r->mask, r->first, r->count, r->old ? "true" : "false",
            repeat, r->freeze, tariff ? r->tariff_at : r->member_at, r->base, r->period_at,
            r->nth_at, r->period, r->heard ? "true" : "false", r->writable ? "true" : "false",
            r->block);
    }
    fprintf (out, "};\n\nconst uint16_t dlt_row_count = %u;\n", self->row_count);
}

static void s_put (void *arg, FILE *out)
{
    const compiler_t *self = arg;
    s_put_fields (self, out);
    s_put_rows (self, out);
}

int main (int argc, char **argv)
{
    static compiler_t self;
    static const map_tool_t tool = {"dlt645", WORDS_MAX, s_line, NULL, s_put};
    return map_main (argc, argv, &tool, &self.map, &self);
}
