//  Build tool: compiles codecs/maps/gdw1376.map into constant tables.
//  Usage: gdw1376_map <map> <output.c>. A line it cannot read ends the build with file and line.
#include "cmake/map_reader.h"
#include "codecs/gdw1376/layout.h"
#include "fep/message.h"
#include "fep/point.h"
#include <stdio.h>
#include <string.h>

#define FIELDS_MAX 2048
#define LAYOUTS_MAX 400
#define NAME_MAX_SIZE 32
#define WORDS_MAX 8

typedef struct {
    const char *text;  //  As the map writes it
    const char *kind;  //  Enumerator
    uint8_t size;      //  Bytes
    int8_t exponent;   //  Of decimals
} format_t;

typedef struct {
    const format_t *format;
    const char *quality;
    const char *repeat;
    const char *role;
    uint32_t point;
    char name[NAME_MAX_SIZE];
} field_t;

typedef struct {
    bool event;        //  An event, not a unit
    unsigned afn, fn;  //  fn: the event's number if it is one
    const char *td, *subject, *freeze;
    unsigned exact;
    unsigned first, count;  //  Fields
    unsigned fixed, per_tariff, tariffs_at, step;
    unsigned other;
    char name[NAME_MAX_SIZE];  //  Of an event
} row_t;

typedef struct {
    map_t map;  //  Where it is
    field_t fields[FIELDS_MAX];
    unsigned field_count;
    row_t rows[LAYOUTS_MAX];
    unsigned row_count;
} compiler_t;

static const format_t s_formats[] = {
#define GDW_FORMAT(id, text, kind, size, exponent) {text, "FIELD_" #kind, size, exponent},
#include "codecs/gdw1376/formats.def"
#undef GDW_FORMAT
};

static const map_word_t s_tds[] = {{"none", "TD_NONE", 0},
                                   {"day", "TD_DAY", 0},
                                   {"month", "TD_MONTH", 0},
                                   {"curve", "TD_CURVE", 0}};
static const map_word_t s_subjects[] = {{"meter", "SUBJECT_METER", 0},
                                        {"terminal", "SUBJECT_TERMINAL", 0},
                                        {"group", "SUBJECT_GROUP", 0}};
static const map_word_t s_freezes[] = {{"none", "FREEZE_NONE", 0},
                                       {"curve", "FREEZE_CURVE", 0},
                                       {"day", "FREEZE_DAY", 0},
                                       {"month", "FREEZE_MONTH", 0},
                                       {"command", "FREEZE_COMMAND", 0}};
static const map_word_t s_sides[] = {
    {"s", "QUALITY_SECONDARY", 0}, {"p", "QUALITY_PRIMARY", 0}, {"-", "0", 0}};

static row_t *s_new_row (compiler_t *self)
{
    if (self->row_count == LAYOUTS_MAX) {
        map_die (&self->map, "too many layouts", "");
    }
    row_t *row = &self->rows[self->row_count++];
    row->first = self->field_count;
    row->tariffs_at = GDW_NO_TARIFFS;
    return row;
}

static void s_unit (compiler_t *self, char **words, size_t count)
{
    if (count != 6 && count != 7) {
        map_die (&self->map, "unit wants 5 words and exact=", words[0]);
    }
    row_t *row = s_new_row (self);
    row->afn = (unsigned) map_number (&self->map, words[1], 16, 0, 13);
    if (row->afn == 4 || gdw_class ((uint8_t) row->afn) == GDW_CLASS_COUNT) {
        map_die (&self->map, "AFN must be 09, 0A, 0C or 0D", words[1]);
    }
    row->fn = words[2][0] == 'F'
                  ? (unsigned) map_number (&self->map, words[2] + 1, 10, 0, GDW_FN_MAX)
                  : 0;
    if (row->fn == 0) {
        map_die (&self->map, "Fn must be F1..F248", words[2]);
    }
    row->td = MAP_WORD (&self->map, s_tds, words[3])->enumerator;
    row->subject = MAP_WORD (&self->map, s_subjects, words[4])->enumerator;
    row->freeze = MAP_WORD (&self->map, s_freezes, words[5])->enumerator;
    if (count == 7) {
        if (strncmp (words[6], "exact=", 6) != 0) {
            map_die (&self->map, "unknown word", words[6]);
        }
        row->exact = (unsigned) map_number (&self->map, words[6] + 6, 10, 0, 1000);
    }
}

static void s_event (compiler_t *self, char **words, size_t count)
{
    if (count != 3) {
        map_die (&self->map, "event wants a number and a name", words[0]);
    }
    row_t *row = s_new_row (self);
    row->event = true;
    row->fixed = 5;
    row->fn = (unsigned) map_number (&self->map, words[1], 10, 0, GDW_ERC_MAX);
    map_name (&self->map, row->name, NAME_MAX_SIZE, words[2]);
}

static const format_t *s_format (const compiler_t *self, const char *text)
{
    for (size_t i = 0; i < sizeof s_formats / sizeof *s_formats; i++) {
        if (strcmp (s_formats[i].text, text) == 0) {
            return &s_formats[i];
        }
    }
    map_die (&self->map, "unknown format", text);
    return NULL;
}

//  Adds the field's bytes to its row.
static void s_measure (compiler_t *self, row_t *row, const field_t *field)
{
    if (strcmp (field->repeat, "REPEAT_TARIFFS") == 0) {
        if (row->tariffs_at == GDW_NO_TARIFFS) {
            map_die (&self->map, "an array needs M before it", field->name);
        }
        row->per_tariff += field->format->size;
        return;
    }
    if (strcmp (field->repeat, "REPEAT_REST") == 0) {
        row->step = field->format->size;
        return;
    }
    if (strcmp (field->format->kind, "FIELD_TARIFFS") == 0) {
        if (row->per_tariff || row->tariffs_at != GDW_NO_TARIFFS) {
            map_die (&self->map, "M must stand once and before arrays", field->name);
        }
        row->tariffs_at = row->fixed;
    }
    row->fixed += field->format->size;
}

static void s_field (compiler_t *self, char **words, size_t count)
{
    if (count != 4 || self->row_count == 0 || self->field_count == FIELDS_MAX) {
        map_die (&self->map, "a field wants format, point, side and name", words[0]);
    }
    row_t *row = &self->rows[self->row_count - 1];
    field_t *field = &self->fields[self->field_count++];
    size_t size = strlen (words[0]);
    char last = words[0][size - 1];
    field->repeat = last == '*' ? "REPEAT_TARIFFS" : last == '+' ? "REPEAT_REST" : "REPEAT_ONCE";
    if (last == '*' || last == '+') {
        words[0][size - 1] = 0;
    }
    field->format = s_format (self, words[0]);
    field->role = "ROLE_VALUE";
    if (strcmp (words[1], "@time") == 0) {
        field->role = "ROLE_TIME";
    } else if (strcmp (words[1], "-") != 0 && !point_parse (words[1], &field->point)) {
        map_die (&self->map, "unknown point", words[1]);
    }
    field->quality = MAP_WORD (&self->map, s_sides, words[2])->enumerator;
    map_name (&self->map, field->name, NAME_MAX_SIZE, words[3]);
    s_measure (self, row, field);
    row->count++;
}

static bool s_is (const char *enumerator, const char *word)
{
    return strcmp (enumerator, word) == 0;
}

//  What the interpreter takes for granted.
static void s_check_field (compiler_t *self, const row_t *row, unsigned i)
{
    const field_t *field = &self->fields[row->first + i];
    bool decimal =
        s_is (field->format->kind, "FIELD_BCD") || s_is (field->format->kind, "FIELD_SIGNED");
    bool time = s_is (field->role, "ROLE_TIME");
    bool rest = s_is (field->repeat, "REPEAT_REST");
    if (time && (row->event || i > 0 || field->format->size != 5)) {
        map_die (&self->map, "the read time must be the first field, A.15", field->name);
    }
    if (rest && (!row->event || i + 1 != row->count)) {
        map_die (&self->map, "a field to the end must be the last of an event", field->name);
    }
    if (!row->event && s_is (row->td, "TD_CURVE") &&
        (!decimal || row->count != 1 || !s_is (field->repeat, "REPEAT_ONCE"))) {
        map_die (&self->map, "a curve has one decimal field", field->name);
    }
}

//  Called when the last row is complete.
static void s_check_row (compiler_t *self)
{
    const row_t *row = self->row_count ? &self->rows[self->row_count - 1] : NULL;
    if (!row) {
        return;
    }
    if (row->count == 0 && !row->event) {
        map_die (&self->map, "a unit without fields ends above", "");
    }
    for (unsigned i = 0; i < row->count; i++) {
        s_check_field (self, row, i);
    }
    for (unsigned i = 0; row->event && i + 1 < self->row_count; i++) {
        if (self->rows[i].event && self->rows[i].fn == row->fn) {
            map_die (&self->map, "an event stands twice", row->name);
        }
    }
}

static void s_line (void *arg, char **words, size_t count)
{
    compiler_t *self = arg;
    if (strcmp (words[0], "unit") == 0) {
        s_check_row (self);
        s_unit (self, words, count);
    } else if (strcmp (words[0], "event") == 0) {
        s_check_row (self);
        s_event (self, words, count);
    } else {
        s_field (self, words, count);
    }
}

static void s_put_fields (const compiler_t *self, FILE *out)
{
    fprintf (out, "const gdw_field_t gdw_fields[] = {\n");
    for (unsigned i = 0; i < self->field_count; i++) {
        const field_t *f = &self->fields[i];
        fprintf (out, "    {\"%s\", 0x%08Xu, %s, %s, %u, %d, %s, %s},\n", f->name,
                 (unsigned) f->point, f->quality, f->format->kind, f->format->size,
                 f->format->exponent, f->repeat, f->role);
    }
    fprintf (out, "};\n\n");
}

//  Units get their place in the index; a second line of one Fn is the first one's other.
static void s_put_layouts (compiler_t *self, FILE *out)
{
    static unsigned index[GDW_CLASS_COUNT][GDW_FN_MAX + 1];
    static unsigned place[LAYOUTS_MAX];
    unsigned count = 0;
    for (unsigned i = 0; i < self->row_count; i++) {
        row_t *row = &self->rows[i];
        if (row->event) {
            continue;
        }
        place[i] = count++;
        unsigned *slot = &index[gdw_class ((uint8_t) row->afn)][row->fn];
        if (*slot == 0) {
            *slot = place[i] + 1;
        } else {
            row_t *earlier = &self->rows[i - 1];
            if (earlier->fn != row->fn || earlier->afn != row->afn || !earlier->exact) {
                map_die (&self->map, "an Fn stands twice without exact", "");
            }
            earlier->other = place[i] + 1;
        }
    }
    fprintf (out, "const gdw_layout_t gdw_layouts[] = {\n");
    for (unsigned i = 0; i < self->row_count; i++) {
        const row_t *r = &self->rows[i];
        if (!r->event) {
            fprintf (out, "    {%u, %u, %u, %u, %u, %u, %u, %u, %u, %s, %s, %s},\n", r->first,
                     r->count, r->fixed, r->per_tariff, r->tariffs_at, r->exact, r->other, r->fn,
                     r->afn, r->td, r->freeze, r->subject);
        }
    }
    fprintf (out, "};\n\nconst uint16_t gdw_layout_count = %u;\n\n", count);
    fprintf (out, "const uint16_t gdw_index[GDW_CLASS_COUNT][GDW_FN_MAX + 1] = {\n");
    for (unsigned a = 0; a < GDW_CLASS_COUNT; a++) {
        fprintf (out, "    {");
        for (unsigned f = 0; f <= GDW_FN_MAX; f++) {
            fprintf (out, "%u,%s", index[a][f], f % 20 == 19 ? "\n     " : " ");
        }
        fprintf (out, "},\n");
    }
    fprintf (out, "};\n\n");
}

static void s_put_events (const compiler_t *self, FILE *out)
{
    fprintf (out, "const gdw_event_t gdw_events[GDW_ERC_MAX + 1] = {\n");
    for (unsigned i = 0; i < self->row_count; i++) {
        const row_t *r = &self->rows[i];
        if (r->event) {
            fprintf (out, "    [%u] = {\"%s\", %u, %u, %u, %u},\n", r->fn, r->name, r->first,
                     r->count, r->fixed, r->step);
        }
    }
    fprintf (out, "};\n");
}

static void s_end (void *arg)
{
    s_check_row (arg);
}

static void s_put (void *arg, FILE *out)
{
    compiler_t *self = arg;
    s_put_fields (self, out);
    s_put_layouts (self, out);
    s_put_events (self, out);
}

int main (int argc, char **argv)
{
    static compiler_t self;
    static const map_tool_t tool = {"gdw1376", WORDS_MAX, s_line, s_end, s_put};
    return map_main (argc, argv, &tool, &self.map, &self);
}
