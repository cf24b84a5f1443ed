//  Build tool: compiles codecs/maps/dlt645.map into constant tables.
//  Usage: dlt645_map <map> <output.c>. A line it cannot read ends the build with file and line.
#include "codecs/dlt645/layout.h"
#include "fep/message.h"
#include "fep/point.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 512
#define ROWS_MAX 256
#define NAME_MAX_SIZE 40
#define WORDS_MAX 8

typedef struct {
    const char *word;        //  As the map writes it
    const char *enumerator;  //  In C
    uint8_t size;            //  Formats: bytes
} word_t;

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
    const char *path;
    unsigned line;
    field_t fields[FIELDS_MAX];
    unsigned field_count;
    row_t rows[ROWS_MAX];
    unsigned row_count;
} compiler_t;

static const word_t s_freezes[] = {{"none", "FREEZE_NONE", 0},
                                   {"hour", "FREEZE_HOUR", 0},
                                   {"day", "FREEZE_DAY", 0},
                                   {"command", "FREEZE_COMMAND", 0}};
static const word_t s_sides[] = {{"s", "QUALITY_SECONDARY", 0}, {"-", "0", 0}};
static const word_t s_formats[] = {{"T5", "DLT_INSTANT", 5},  {"T4", "DLT_SHORT", 4},
                                   {"T7", "DLT_DATETIME", 7}, {"DATE", "DLT_DATE", 4},
                                   {"TIME", "DLT_CLOCK", 3},  {"B2", "DLT_BITS", 2},
                                   {"D6", "DLT_DIGITS", 6}};

static void s_die (const compiler_t *self, const char *what, const char *word)
{
    fprintf (stderr, "%s:%u: %s: %s\n", self->path, self->line, what, word);
    exit (1);
}

static const word_t *s_find (const word_t *words, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp (words[i].word, word) == 0) {
            return &words[i];
        }
    }
    return NULL;
}

#define FIND(table, word) s_find (table, sizeof table / sizeof *table, word)

static const char *s_enumerator (const compiler_t *self, const word_t *word, const char *text)
{
    if (!word) {
        s_die (self, "unknown word", text);
    }
    return word->enumerator;
}

static unsigned s_number (const compiler_t *self, const char *text, unsigned max)
{
    char *end = NULL;
    unsigned long n = strtoul (text, &end, 10);
    if (*text < '0' || *text > '9' || *end || n > max) {
        s_die (self, "bad number", text);
    }
    return (unsigned) n;
}

//  A name of explain: '_' is a blank, '-' none.
static void s_name (const compiler_t *self, char *name, const char *text)
{
    if (strlen (text) >= NAME_MAX_SIZE) {
        s_die (self, "name too long", text);
    }
    strcpy (name, strcmp (text, "-") == 0 ? "" : text);
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
        s_die (self, "a pattern has 8 digits, of edition 1997 4", text);
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
            s_die (self, "allowed are hex digits, tt xx ss nn", text);
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
            *keys[i].number = s_number (self, word + size, keys[i].max);
            return;
        }
    }
    if (strncmp (word, "block=", 6) != 0) {
        s_die (self, "unknown word", word);
    }
    s_name (self, row->block, word + 6);
}

static void s_di (compiler_t *self, char **words, size_t count)
{
    if (count < 4 || self->row_count == ROWS_MAX) {
        s_die (self, "di wants edition, pattern and freeze", words[0]);
    }
    row_t *row = &self->rows[self->row_count++];
    unsigned edition = s_number (self, words[1], 2007);
    if (edition != 2007 && edition != 1997) {
        s_die (self, "edition must be 1997 or 2007", words[1]);
    }
    row->old = edition == 1997;
    row->first = self->field_count;
    row->tariff_at = row->member_at = row->period_at = row->nth_at = DLT_NOWHERE;
    row->base = 1;
    s_pattern (self, row, words[2]);
    row->freeze = s_enumerator (self, FIND (s_freezes, words[3]), words[3]);
    for (size_t i = 4; i < count; i++) {
        s_key (self, row, words[i]);
    }
    for (unsigned i = 0; i + 1 < self->row_count; i++) {
        const row_t *other = &self->rows[i];
        uint32_t mask = row->mask & other->mask;
        if (other->old == row->old && (other->di & mask) == (row->di & mask)) {
            s_die (self, "a DI has two lines", words[2]);
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
        s_die (self, "unknown format", text);
    }
    text += 1 + used;
    if (*text == '+') {
        scale = (int) s_number (self, text + 1, 9);
    } else if (*text) {
        s_die (self, "unknown format", text);
    }
    field->size = size;
    field->places = places;
    field->scale = scale;
}

static void s_field (compiler_t *self, char **words, size_t count)
{
    if (count != 4 || self->row_count == 0 || self->field_count == FIELDS_MAX) {
        s_die (self, "a field wants format, point, side and name", words[0]);
    }
    row_t *row = &self->rows[self->row_count - 1];
    field_t *field = &self->fields[self->field_count++];
    const word_t *format = FIND (s_formats, words[0]);
    if (format) {
        field->kind = format->enumerator;
        field->size = format->size;
    } else if (strchr ("NS", words[0][0])) {
        field->kind = words[0][0] == 'N' ? "DLT_BCD" : "DLT_SIGNED";
        s_decimal (self, field, words[0]);
    } else {
        s_die (self, "unknown format", words[0]);
    }
    if (strcmp (words[1], "-") != 0 && !point_parse (words[1], &field->point)) {
        s_die (self, "unknown point", words[1]);
    }
    const point_info_t *info = point_find (field->point);
    if ((row->every || row->tariff_at != DLT_NOWHERE) && (!info || !info->tariffs)) {
        s_die (self, "tariffs want points that have them", words[1]);
    }
    field->quality = s_enumerator (self, FIND (s_sides, words[2]), words[2]);
    s_name (self, field->name, words[3]);
    row->count++;
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

static void s_put_rows (compiler_t *self, FILE *out)
{
    fprintf (out, "const dlt_row_t dlt_rows[] = {\n");
    for (unsigned i = 0; i < self->row_count; i++) {
        const row_t *r = &self->rows[i];
        bool tariff = r->tariff_at != DLT_NOWHERE;
        bool list = r->member_at != DLT_NOWHERE;
        if (r->count == 0 || tariff + list + r->every > 1 || (r->writable && r->count > 1)) {
            s_die (self, "a row has fields, and repeats in one way", "");
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

int main (int argc, char **argv)
{
    static compiler_t self;
    char line[512];
    FILE *in = argc == 3 ? fopen (argv[1], "r") : NULL;
    if (!in) {
        fprintf (stderr, "usage: dlt645_map <map> <output.c>\n");
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
    fprintf (out, "//  Made from codecs/maps/dlt645.map. Do not edit.\n"
                  "#include \"codecs/dlt645/layout.h\"\n#include \"fep/message.h\"\n\n");
    s_put_fields (&self, out);
    s_put_rows (&self, out);
    return fclose (out) ? 1 : 0;
}
