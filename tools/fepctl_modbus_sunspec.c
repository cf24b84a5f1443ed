//  fepctl modbus sunspec: finds the marker, walks the chain of models, and proposes a profile with their addresses.
#include "tools/fepctl_modbus.h"
#include "tools/show.h"
#include "tools/table.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define TIMEOUT_MS 1000   //  Of one exchange
#define READ_BLOCK 120    //  Registers of one read
#define MODELS_MAX 64     //  Of a chain
#define MODEL_END 0xFFFF  //  What stands behind the last
#define MODULE_SIZE 20    //  Registers of a module of model 160
#define MODULES_MAX 32    //  Points there are for
#define MODULE_COUNT 8    //  Where model 160 says how many modules it has
#define FACTOR_MAX 10     //  Power of ten, either sign
#define SPAN_MAX 125      //  Registers of one request
#define TEXT_MAX 96

enum { HOLDING = 3, MODEL_COMMON = 1, MODEL_INVERTER = 103, MODEL_MPPT = 160 };

//  One row of sunspec.def.
typedef struct {
    int model;  //  Its number
    int at;     //  Register, from the model's first
    register_type_t type;
    uint32_t none;      //  Raw value that is none
    int factor_at;      //  Register of its scale factor; 0: none
    const char *scale;  //  Into the point's unit
    bool write;         //  It may be written
    const char *point;  //  `*`: the module's number
} field_t;

static const field_t s_fields[] = {
#define SUNSPEC(model, at, type, none, factor, scale, write, point)                                \
    {model, at, REGISTER_##type, none, factor, scale, write, point},
#include "tools/sunspec.def"
#undef SUNSPEC
};

static const struct {
    int model;
    const char *name;
} s_names[] = {{1, "common"},
               {101, "inverter, one phase"},
               {102, "inverter, split phase"},
               {103, "inverter, three phases"},
               {111, "inverter, one phase, floats"},
               {112, "inverter, split phase, floats"},
               {113, "inverter, three phases, floats"},
               {120, "nameplate"},
               {121, "settings"},
               {122, "status"},
               {123, "immediate controls"},
               {160, "trackers (MPPT)"},
               {201, "meter, one phase"},
               {202, "meter, split phase"},
               {203, "meter, three phases, wye"},
               {204, "meter, three phases, delta"},
               {802, "battery"}};

typedef struct {
    int number;  //  Of the model
    int at;      //  Its ID register, on the wire
    int length;  //  Registers behind ID and length
} model_t;

typedef struct {
    const modbus_args_t *args;   //  Options
    int unit;                    //  Asked
    modbus_line_t *line;         //  Open
    int base;                    //  Where the marker stands
    model_t models[MODELS_MAX];  //  The chain
    size_t count;                //  Of them
    register_map_t map;          //  What the models hold
} chain_t;

static const char *s_name (int model)
{
    for (size_t i = 0; i < sizeof s_names / sizeof s_names[0]; i++) {
        if (s_names[i].model == model) {
            return s_names[i].name;
        }
    }
    return "";
}

//  ---- Walking ----

//  0, or as modbus_complain; a refusal is said only if loud.
static int s_read (chain_t *self, int at, int count, bool loud)
{
    for (int done = 0; done < count; done += READ_BLOCK) {
        int now = count - done < READ_BLOCK ? count - done : READ_BLOCK;
        modbus_line_reply_t reply = modbus_line_read_surely (
            self->line, self->unit, HOLDING, at + done, now, self->map.values + at + done);
        if (reply.end != LINE_ANSWERED) {
            bool quiet = reply.end == LINE_REFUSED && !loud;
            return quiet ? 1 : modbus_complain (&reply, self->unit, HOLDING, at + done, now);
        }
        for (int i = 0; i < now; i++) {
            self->map.there[at + done + i] = true;
        }
    }
    return 0;
}

//  0; 1 if the device has none; 2 if it does not answer.
static int s_find_marker (chain_t *self)
{
    static const int bases[] = {40000, 50000, 0};
    for (size_t i = 0; i < sizeof bases / sizeof bases[0]; i++) {
        const uint16_t *values = self->map.values + bases[i];
        int code = s_read (self, bases[i], 2, false);
        if (code == 2) {
            return code;
        }
        if (!code && values[0] == 0x5375 && values[1] == 0x6E53) {
            self->base = bases[i];
            return 0;
        }
    }
    fprintf (stderr, "fepctl: unit %d has no SunSpec marker at 40000, 50000 or 0\n", self->unit);
    return 1;
}

static int s_walk (chain_t *self)
{
    int at = self->base + 2;
    while (self->count < MODELS_MAX && at + 2 <= MODBUS_REGISTERS && !ctl_interrupted ()) {
        int code = s_read (self, at, 1, true);
        if (code || self->map.values[at] == MODEL_END) {
            return code;
        }
        code = s_read (self, at + 1, 1, true);
        model_t model = {self->map.values[at], at, self->map.values[at + 1]};
        if (code) {
            return code;
        }
        if (at + 2 + model.length > MODBUS_REGISTERS) {
            fprintf (stderr, "fepctl: model %d at %d says %d registers: more than there are\n",
                     model.number, at, model.length);
            return 1;
        }
        self->models[self->count++] = model;
        code = s_read (self, at + 2, model.length, true);
        if (code == 2) {
            return code;
        }
        at += 2 + model.length;
    }
    if (self->count == MODELS_MAX) {
        fprintf (stderr, "fepctl: more than %d models: the rest is not shown\n", MODELS_MAX);
        return 1;
    }
    return 0;
}

//  ---- Fields ----

//  A field of a model at hand; module from 0.
typedef struct {
    const field_t *field;
    int at, end;           //  Registers, on the wire
    int factor_at;         //  Likewise; -1: it has none
    int factor;            //  What it holds; 0 without
    bool there;            //  It holds a value
    double value;          //  In the point's unit
    char point[TEXT_MAX];  //  Name
} found_t;

static bool s_is_of (const field_t *field, const model_t *model)
{
    bool inverter = model->number >= 101 && model->number <= 103;
    return field->model == (inverter ? MODEL_INVERTER : model->number);
}

static int s_modules (const chain_t *self, const model_t *model)
{
    if (model->number != MODEL_MPPT || model->length < MODULE_COUNT) {
        return 1;
    }
    int fit = (model->length - MODULE_COUNT) / MODULE_SIZE;
    int said = self->map.values[model->at + MODULE_COUNT];
    int count = said < fit ? said : fit;
    return count < MODULES_MAX ? count : MODULES_MAX;
}

//  False if the model ends before it or its scale factor, or was not read there.
static bool s_locate (const chain_t *self, const model_t *model, const field_t *field, int module,
                      found_t *found)
{
    int shift = model->number == MODEL_MPPT ? module * MODULE_SIZE : 0;
    int size = (int) modbus_type_registers (field->type);
    const char *star = strchr (field->point, '*');
    *found = (found_t){.field = field, .at = model->at + field->at + shift, .factor_at = -1};
    found->end = found->at + size;
    snprintf (found->point, sizeof found->point, "%s", field->point);
    if (star) {
        snprintf (found->point, sizeof found->point, "%.*s%d%s", (int) (star - field->point),
                  field->point, module + 1, star + 1);
    }
    if (found->end > model->at + 2 + model->length || !self->map.there[found->at] ||
        !self->map.there[found->end - 1]) {
        return false;
    }
    if (field->factor_at) {
        found->factor_at = model->at + field->factor_at;
        if (field->factor_at >= 2 + model->length || !self->map.there[found->factor_at]) {
            return false;
        }
        found->factor = (int16_t) self->map.values[found->factor_at];
    }
    uint64_t raw = modbus_value_raw (self->map.values + found->at, field->type, ORDER_ABCD);
    found->there = raw != field->none && abs (found->factor) <= FACTOR_MAX &&
                   modbus_value_number (raw, field->type, &found->value);
    found->value *= atof (field->scale) * pow (10, found->factor);
    return true;
}

//  The registers from the value to its scale factor.
static int s_span (const found_t *found)
{
    int from = found->factor_at >= 0 && found->factor_at < found->at ? found->factor_at : found->at;
    int end = found->factor_at >= found->end ? found->factor_at + 1 : found->end;
    return end - from;
}

//  ---- Showing ----

//  Registers as text up to its end; the device's strings are filled with NUL or blanks.
static void s_text (const chain_t *self, int at, int registers, char *text, size_t size)
{
    size_t used = 0;
    for (int i = 0; i < 2 * registers && used + 1 < size; i++) {
        uint16_t word = self->map.values[at + i / 2];
        char c = (char) (i % 2 ? word & 0xFF : word >> 8);
        if (!c) {
            break;
        }
        text[used++] = c >= 0x20 && c < 0x7F ? c : '?';
    }
    while (used && text[used - 1] == ' ') {
        used--;
    }
    text[used] = 0;
}

//  What the common model says, by the standard's names.
static const struct {
    const char *key;
    int at, registers;
} s_common[] = {{"manufacturer", 2, 16}, {"model", 18, 16}, {"version", 42, 8}, {"serial", 50, 16}};

enum { COMMON_COUNT = sizeof s_common / sizeof s_common[0] };

static bool s_common_text (const chain_t *self, size_t i, char *text, size_t size)
{
    text[0] = 0;
    for (size_t n = 0; n < self->count; n++) {
        const model_t *model = &self->models[n];
        if (model->number == MODEL_COMMON &&
            s_common[i].at + s_common[i].registers <= model->length + 2) {
            s_text (self, model->at + s_common[i].at, s_common[i].registers, text, size);
            return true;
        }
    }
    return false;
}

static void s_print (const chain_t *self)
{
    static const char *const heads[] = {"model", "name", "wire", "registers"};
    char text[TEXT_MAX];
    for (size_t i = 0; i < COMMON_COUNT; i++) {
        if (s_common_text (self, i, text, sizeof text)) {
            printf ("%s: %s\n", s_common[i].key, text);
        }
    }
    table_t *table = table_new (4);
    for (size_t i = 0; i < 4; i++) {
        table_head (table, heads[i]);
    }
    for (size_t i = 0; i < self->count; i++) {
        const model_t *model = &self->models[i];
        snprintf (text, sizeof text, "%d", model->number);
        table_cell (table, text);
        table_cell (table, s_name (model->number));
        snprintf (text, sizeof text, "%d", model->at);
        table_cell (table, text);
        snprintf (text, sizeof text, "%d", model->length + 2);
        table_cell (table, text);
    }
    table_print (table, 0);
    table_destroy (&table);
}

static void s_write_model (json_t *json, const chain_t *self, const model_t *model)
{
    found_t found;
    char text[TEXT_MAX];
    json_object (json);
    json_pair_int (json, "model", model->number);
    json_pair_text (json, "name", s_name (model->number));
    json_pair_int (json, "wire", model->at);
    json_pair_int (json, "registers", model->length + 2);
    json_key (json, "points");
    json_object (json);
    for (int module = 0; module < s_modules (self, model); module++) {
        for (size_t i = 0; i < sizeof s_fields / sizeof s_fields[0]; i++) {
            if (s_is_of (&s_fields[i], model) &&
                s_locate (self, model, &s_fields[i], module, &found) && found.there) {
                snprintf (text, sizeof text, "%.10g", found.value);
                json_key (json, found.point);
                show_raw_json (json, bytes_text (text));
            }
        }
    }
    json_object_end (json);
    json_object_end (json);
}

static void s_write (void *arg, json_t *json)
{
    const chain_t *self = arg;
    char text[TEXT_MAX];
    json_object (json);
    json_pair_int (json, "unit", self->unit);
    json_pair_int (json, "base", self->base);
    for (size_t i = 0; i < COMMON_COUNT; i++) {
        if (s_common_text (self, i, text, sizeof text)) {
            json_pair_text (json, s_common[i].key, text);
        }
    }
    json_key (json, "models");
    json_array (json);
    for (size_t i = 0; i < self->count; i++) {
        s_write_model (json, self, &self->models[i]);
    }
    json_array_end (json);
    json_object_end (json);
}

//  ---- Proposing ----

//  scale=, exact: the field's own, and the factor of now where its register is too far away.
static void s_scale_text (const found_t *found, bool fixed, char *text, size_t size)
{
    double scale = atof (found->field->scale) * pow (10, fixed ? found->factor : 0);
    text[0] = 0;
    if (scale != 1) {
        int places = scale < 1 ? (int) ceil (-log10 (scale) - 1e-9) : 0;
        snprintf (text, size, " scale=%.*f", places, scale);
    }
}

static void s_print_none (const field_t *field)
{
    if (field->type == REGISTER_I16) {
        printf (" none=-32768");
    } else {
        printf (field->none ? " none=0x%X" : " none=%u", field->none);
    }
}

//  A row; a comment if the device has no value there, or the point is there already.
static void s_print_row (const found_t *found, bool again)
{
    static const char *const types[] = {
        [REGISTER_U16] = "u16", [REGISTER_I16] = "i16", [REGISTER_U32] = "u32"};
    char scale[TEXT_MAX];
    bool fixed = found->factor_at >= 0 && s_span (found) > SPAN_MAX;
    s_scale_text (found, fixed, scale, sizeof scale);
    printf ("%sregister %-40s 3 %d %s%s", found->there && !again ? "" : "# ", found->point,
            found->at, types[found->field->type], scale);
    s_print_none (found->field);
    if (found->factor_at >= 0 && !fixed) {
        printf (" sf=%d", found->factor_at);
    }
    printf ("%s", found->field->write ? " write=1" : "");
    if (found->there) {
        printf ("   # %.10g", found->value);
    }
    printf ("%s%s\n", again ? ", a second one" : "",
            fixed ? ", scale as it is now: its factor is too far away" : "");
}

//  Whether an earlier model of the chain has that point too.
static bool s_is_again (const chain_t *self, const model_t *model, const field_t *field)
{
    for (const model_t *before = self->models; before < model; before++) {
        if (s_is_of (field, before)) {
            return true;
        }
    }
    return false;
}

static void s_propose (const chain_t *self)
{
    char text[TEXT_MAX];
    printf ("# SunSpec");
    for (size_t i = 0; i < COMMON_COUNT; i++) {
        if (s_common_text (self, i, text, sizeof text)) {
            printf (", %s %s", s_common[i].key, text);
        }
    }
    printf ("; behind each line stands what it was worth.\nprofile  %s\ncodec    modbus_rtu\n"
            "period   60s\n",
            self->args->profile);
    for (size_t i = 0; i < self->count; i++) {
        const model_t *model = &self->models[i];
        found_t found;
        printf ("# Model %d %s, %d registers from %d\n", model->number, s_name (model->number),
                model->length + 2, model->at);
        for (int module = 0; module < s_modules (self, model); module++) {
            for (size_t n = 0; n < sizeof s_fields / sizeof s_fields[0]; n++) {
                if (s_is_of (&s_fields[n], model) &&
                    s_locate (self, model, &s_fields[n], module, &found)) {
                    s_print_row (&found, s_is_again (self, model, &s_fields[n]));
                }
            }
        }
    }
}

int ctl_modbus_sunspec (ctl_t *ctl)
{
    int last = 0;
    chain_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    self->args = ctl->modbus;
    self->map.function = HOLDING;
    if (!modbus_parse_range (ctl->words[0], 0, 255, &self->unit, &last) || last != self->unit) {
        fprintf (stderr, "fepctl: unit '%s': allowed is 1-247, and over TCP 0 and 255\n",
                 ctl->words[0]);
        free (self);
        return 2;
    }
    int code = modbus_open (ctl, TIMEOUT_MS, &self->line);
    code = code ? code : s_find_marker (self);
    if (!code) {
        code = s_walk (self);
        if (self->args->profile) {
            s_propose (self);
        } else if (ctl->json) {
            show_json (s_write, self);
        } else {
            s_print (self);
        }
    }
    modbus_line_close (&self->line);
    free (self);
    return code;
}
