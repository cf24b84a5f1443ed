//  Build tool: compiles codecs/maps/cjt188.map into constant tables.
//  Usage: cjt188_map <map> <output.c>. A line it cannot read ends the build with file and line.
#include "cmake/map_reader.h"
#include "codecs/cjt188/layout.h"
#include "fep/message.h"
#include "fep/point.h"
#include <stdio.h>
#include <string.h>

enum { ROWS_MAX = 64, FIELDS_MAX = 250, TABLE_MAX = 200, TEXT_MAX = 32, WORDS_MAX = 8 };

typedef struct {
    cjt_field_t field;    //  Without its name
    const char *role;     //  Enumerator
    const char *kind;     //  Enumerator
    char name[TEXT_MAX];  //  In explain
} field_t;

typedef struct {
    cjt_row_t row;
    bool write;          //  A request
    const char *freeze;  //  Enumerator
    unsigned bytes;      //  Of its fields
} row_t;

typedef struct {
    cjt_unit_t unit;      //  Without its text
    char text[TEXT_MAX];  //  As people write it
} unit_t;

typedef struct {
    map_t map;  //  Where it is
    field_t fields[FIELDS_MAX];
    unsigned field_count;
    row_t rows[ROWS_MAX];
    unsigned row_count;
    cjt_type_t types[TABLE_MAX];
    unsigned type_count;
    unit_t units[TABLE_MAX];
    unsigned unit_count;
    cjt_point_t points[TABLE_MAX];
    unsigned point_count;
} compiler_t;

static const map_word_t s_classes[] = {{"cold", "", CJT_COLD},   {"hot", "", CJT_HOT},
                                       {"heat", "", CJT_HEAT},   {"gas", "", CJT_GAS},
                                       {"power", "", CJT_POWER}, {"any", "", CJT_ANY}};
static const map_word_t s_dimensions[] = {{"volume", "", CJT_VOLUME}, {"energy", "", CJT_ENERGY},
                                          {"joule", "", CJT_JOULE},   {"power", "", CJT_KW},
                                          {"rate", "", CJT_RATE},     {"flow", "", CJT_FLOW}};
static const map_word_t s_roles[] = {{"total", "CJT_TOTAL", CJT_TOTAL},
                                     {"settled", "CJT_SETTLED", CJT_SETTLED},
                                     {"cooling", "CJT_COOLING", CJT_COOLING},
                                     {"first", "CJT_FIRST", CJT_FIRST},
                                     {"volume", "CJT_HEAT_VOLUME", CJT_HEAT_VOLUME},
                                     {"power", "CJT_HEAT_POWER", CJT_HEAT_POWER},
                                     {"flow", "CJT_FLOW_RATE", CJT_FLOW_RATE}};
static const map_word_t s_freezes[] = {{"month", "FREEZE_MONTH", FREEZE_MONTH},
                                       {"curve", "FREEZE_CURVE", FREEZE_CURVE},
                                       {"command", "FREEZE_COMMAND", FREEZE_COMMAND}};

static void s_want (const compiler_t *self, bool good, const char *what)
{
    if (!good) {
        map_die (&self->map, "wants", what);
    }
}

static uint8_t s_mask (const compiler_t *self, char *text)
{
    unsigned mask = 0;
    while (text) {
        char *comma = strchr (text, ',');
        if (comma) {
            *comma++ = 0;
        }
        mask |= MAP_WORD (&self->map, s_classes, text)->value;
        text = comma;
    }
    return (uint8_t) mask;
}

static void s_type (compiler_t *self, char **words, size_t count)
{
    s_want (self, count == 4 && self->type_count < TABLE_MAX, "type <from> <to> <class>");
    cjt_type_t *type = &self->types[self->type_count++];
    type->from = (uint8_t) map_number (&self->map, words[1], 16, 0, 255);
    type->to = (uint8_t) map_number (&self->map, words[2], 16, type->from, 255);
    type->class = s_mask (self, words[3]);
}

static void s_unit (compiler_t *self, char **words, size_t count)
{
    s_want (self, count == 5 && self->unit_count < TABLE_MAX,
            "unit <code> <dimension> <10^> <text>");
    unit_t *unit = &self->units[self->unit_count];
    unit->unit.code = (uint8_t) map_number (&self->map, words[1], 16, 0, 255);
    unit->unit.dimension = (uint8_t) MAP_WORD (&self->map, s_dimensions, words[2])->value;
    unit->unit.exponent = (int8_t) map_number (&self->map, words[3], 10, -12, 12);
    map_name (&self->map, unit->text, TEXT_MAX, words[4]);
    s_want (self,
            !self->unit_count || self->units[self->unit_count - 1].unit.code < unit->unit.code,
            "units in order of their codes");
    self->unit_count++;
}

static void s_point (compiler_t *self, char **words, size_t count)
{
    s_want (self, count == 5 && self->point_count < TABLE_MAX,
            "point <role> <class> <dimension> <point>");
    cjt_point_t *point = &self->points[self->point_count++];
    point->role = (uint8_t) MAP_WORD (&self->map, s_roles, words[1])->value;
    point->class = s_mask (self, words[2]);
    point->dimension = (uint8_t) MAP_WORD (&self->map, s_dimensions, words[3])->value;
    point->point = map_point (&self->map, words[4]);
}

static void s_row (compiler_t *self, char **words, size_t count)
{
    bool write = strcmp (words[0], "write") == 0;
    s_want (self, self->row_count < ROWS_MAX && (write ? count == 4 : count == 5 || count == 6),
            "read <func> <DI> <classes> <bytes> [freeze], or write <func> <DI> <classes>");
    row_t *row = &self->rows[self->row_count++];
    char *dash = strchr (words[2], '-');
    if (dash) {
        *dash++ = 0;
    }
    row->write = write;
    row->freeze =
        count == 6 ? MAP_WORD (&self->map, s_freezes, words[5])->enumerator : "FREEZE_NONE";
    row->row.function = (uint8_t) map_number (&self->map, words[1], 16, 1, 31);
    row->row.di = (uint16_t) map_number (&self->map, words[2], 16, 0, 0xFFFF);
    row->row.last =
        dash ? (uint16_t) map_number (&self->map, dash, 16, row->row.di, 0xFFFF) : row->row.di;
    row->row.classes = s_mask (self, words[3]);
    row->row.size = write ? 0 : (uint8_t) map_number (&self->map, words[4], 10, 0, 252);
    row->row.first = (uint8_t) self->field_count;
}

//  "U4.2": bytes and decimals behind the letter.
static void s_digits (const compiler_t *self, const char *format, cjt_field_t *field)
{
    int size, decimals;
    char more;
    if (sscanf (format + 1, "%1d.%1d%c", &size, &decimals, &more) != 2 || size < 1 || size > 8) {
        map_die (&self->map, "unknown format", format);
    }
    field->size = (uint8_t) size;
    field->decimals = (uint8_t) decimals;
}

static void s_format (compiler_t *self, const char *format, const char *what, field_t *field)
{
    bool stamp = strcmp (what, "@time") == 0;
    if (strcmp (format, "TIME") == 0) {
        field->kind = stamp ? "CJT_STAMP" : "CJT_TIME";
        field->field.size = 7;
    } else if (strcmp (format, "STATUS") == 0) {
        field->kind = "CJT_STATUS";
        field->field.size = 2;
    } else if (strncmp (format, "ADDRESS", 7) == 0) {
        field->kind = "CJT_ADDRESS";
        field->field.size = (uint8_t) map_number (&self->map, format + 7, 10, 0, 7);
    } else {
        field->kind = format[0] == 'U' ? "CJT_QUANTITY" : "CJT_NUMBER";
        s_want (self, format[0] == 'U' || format[0] == 'B', "U, B, TIME, STATUS or ADDRESS");
        s_digits (self, format, &field->field);
        field->field.size = (uint8_t) (field->field.size + (format[0] == 'U'));
    }
    if (format[0] == 'U') {
        field->role = MAP_WORD (&self->map, s_roles, what)->enumerator;
    } else if (!stamp && strcmp (what, "-") != 0) {
        field->field.point = map_point (&self->map, what);
    }
}

static void s_field (compiler_t *self, char **words, size_t count)
{
    s_want (self, count == 3 && self->row_count && self->field_count < FIELDS_MAX,
            "a field: format, what, name");
    row_t *row = &self->rows[self->row_count - 1];
    field_t *field = &self->fields[self->field_count++];
    field->role = "CJT_NO_ROLE";
    s_format (self, words[0], words[1], field);
    map_name (&self->map, field->name, TEXT_MAX, words[2]);
    row->bytes += field->field.size;
    row->row.count++;
}

//  Called when the last row is complete.
static void s_check_row (void *arg)
{
    compiler_t *self = arg;
    row_t *row = self->row_count ? &self->rows[self->row_count - 1] : NULL;
    if (row && row->write) {
        row->row.size = (uint8_t) row->bytes;
    } else if (row) {
        s_want (self, row->bytes == row->row.size, "as many bytes of fields as the row above says");
    }
}

typedef struct {
    const char *word;
    void (*read) (compiler_t *self, char **words, size_t count);
} line_t;

static void s_line (void *arg, char **words, size_t count)
{
    compiler_t *self = arg;
    static const line_t lines[] = {
        {"type", s_type}, {"unit", s_unit}, {"point", s_point}, {"read", s_row}, {"write", s_row}};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (strcmp (lines[i].word, words[0]) == 0) {
            s_check_row (self);
            lines[i].read (self, words, count);
            return;
        }
    }
    s_field (self, words, count);
}

static void s_put_rows (const compiler_t *self, FILE *out, const char *name, bool write)
{
    unsigned count = 0;
    fprintf (out, "const cjt_row_t cjt_%ss[] = {\n", name);
    for (unsigned i = 0; i < self->row_count; i++) {
        const row_t *r = &self->rows[i];
        if (r->write == write) {
            fprintf (out, "    {0x%04X, 0x%04X, 0x%02X, %u, %u, %s, %u, %u},\n", r->row.di,
                     r->row.last, r->row.function, r->row.classes, r->row.size, r->freeze,
                     r->row.first, r->row.count);
            count++;
        }
    }
    fprintf (out, "    {0}};\nconst uint8_t cjt_%s_count = %u;\n\n", name, count);
}

static void s_put (void *arg, FILE *out)
{
    const compiler_t *self = arg;
    fprintf (out, "const cjt_field_t cjt_fields[] = {\n");
    for (unsigned i = 0; i < self->field_count; i++) {
        const field_t *f = &self->fields[i];
        fprintf (out, "    {\"%s\", 0x%08Xu, %s, %s, %u, %u},\n", f->name,
                 (unsigned) f->field.point, f->role, f->kind, f->field.size, f->field.decimals);
    }
    fprintf (out, "    {0}};\n\n");
    s_put_rows (self, out, "read", false);
    s_put_rows (self, out, "write", true);
    fprintf (out, "const cjt_type_t cjt_types[] = {\n");
    for (unsigned i = 0; i < self->type_count; i++) {
        fprintf (out, "    {0x%02X, 0x%02X, %u},\n", self->types[i].from, self->types[i].to,
                 self->types[i].class);
    }
    fprintf (out, "    {0}};\nconst uint8_t cjt_type_count = %u;\n\n", self->type_count);
    fprintf (out, "const cjt_unit_t cjt_units[] = {\n");
    for (unsigned i = 0; i < self->unit_count; i++) {
        const unit_t *u = &self->units[i];
        fprintf (out, "    {0x%02X, %u, %d, \"%s\"},\n", u->unit.code, u->unit.dimension,
                 u->unit.exponent, u->text);
    }
    fprintf (out, "    {0}};\nconst uint8_t cjt_unit_count = %u;\n\n", self->unit_count);
    fprintf (out, "const cjt_point_t cjt_points[] = {\n");
    for (unsigned i = 0; i < self->point_count; i++) {
        const cjt_point_t *p = &self->points[i];
        fprintf (out, "    {%u, %u, %u, 0x%08Xu},\n", p->role, p->class, p->dimension,
                 (unsigned) p->point);
    }
    fprintf (out, "    {0}};\nconst uint8_t cjt_point_count = %u;\n", self->point_count);
}

int main (int argc, char **argv)
{
    static compiler_t self;
    static const map_tool_t tool = {"cjt188", WORDS_MAX, s_line, s_check_row, s_put};
    return map_main (argc, argv, &tool, &self.map, &self);
}
