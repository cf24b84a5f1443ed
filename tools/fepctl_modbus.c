//  fepctl modbus read and write: registers and bits of one unit.
#include "tools/fepctl_modbus.h"
#include "tools/show.h"
#include "tools/table.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIMEOUT_MS 1000  //  Of one exchange
#define READ_BLOCK 120   //  Registers or bits of one read; no value of 4 registers is cut
#define CELL_MAX 64      //  Characters of a cell

//  What is asked for: a run of registers or bits.
typedef struct {
    const modbus_args_t *args;  //  Options
    int unit, function;         //  Of the line
    int wire;                   //  First address on the wire
    int count;                  //  Registers or bits
    register_map_t *map;        //  What they held
} run_t;

static bool s_is_bits (int function)
{
    return function == 1 || function == 2 || function == 5 || function == 15;
}

static int s_wrong (const char *what, const char *text, const char *allowed)
{
    fprintf (stderr, "fepctl: %s '%s': allowed is %s\n", what, text, allowed);
    return 2;
}

//  UNIT, as far as the line knows such.
static int s_parse_unit (const modbus_args_t *args, const char *text, int *unit)
{
    int last = 0;
    bool tcp = args->line.form == LINE_TCP;
    bool good = modbus_parse_range (text, tcp ? 0 : 1, 255, unit, &last) && *unit == last &&
                (*unit <= 247 || (tcp && *unit == 255));
    return good ? 0 : s_wrong ("unit", text, tcp ? "0-247 and 255" : "1-247");
}

//  ADDRESS[-END], as the manual prints it; *last as long as at least one value takes.
static int s_parse_addresses (run_t *self, const char *text)
{
    const modbus_args_t *args = self->args;
    int first = 0, last = 0, high = MODBUS_REGISTERS - 1;
    size_t whole =
        args->typed && !s_is_bits (self->function) ? modbus_type_registers (args->type) : 1;
    if (!modbus_parse_range (text, 0, 2 * high, &first, &last)) {
        return s_wrong ("address", text, "ADDRESS or ADDRESS-END, decimal or 0x");
    }
    int step = (int) whole;
    self->wire = first + args->offset;
    self->count = (last - first + step) / step * step;
    if (self->wire < 0 || self->wire + self->count > MODBUS_REGISTERS) {
        return s_wrong ("address", text, "with --offset 0-65535 on the wire");
    }
    return 0;
}

//  Reads the run into the map; says what went wrong. 0, 1 or 2.
static int s_read_run (run_t *self, modbus_line_t *line, int function)
{
    uint16_t values[READ_BLOCK];
    for (int at = 0; at < self->count; at += READ_BLOCK) {
        int count = self->count - at < READ_BLOCK ? self->count - at : READ_BLOCK;
        int address = self->wire + at;
        modbus_line_reply_t reply =
            modbus_line_read_surely (line, self->unit, function, address, count, values);
        if (reply.end != LINE_ANSWERED) {
            return modbus_complain (&reply, self->unit, function, address, count);
        }
        for (int i = 0; i < count; i++) {
            self->map->there[address + i] = true;
            self->map->values[address + i] = values[i];
        }
    }
    return 0;
}

//  --- Tables

//  Address as asked for, and on the wire.
static void s_cell_address (table_t *table, const run_t *self, int wire)
{
    char text[CELL_MAX];
    snprintf (text, sizeof text, "%d", wire - self->args->offset);
    table_cell (table, text);
    snprintf (text, sizeof text, "0x%04X", (unsigned) wire);
    table_cell (table, text);
}

static void s_raw_text (const uint16_t *values, size_t count, char *text)
{
    for (size_t i = 0; i < count; i++) {
        text += sprintf (text, "%s%04X", i ? " " : "", values[i]);
    }
}

static void s_heads (table_t *table, const char *const *heads, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        table_head (table, heads[i]);
    }
}

static void s_print_bits (const run_t *self)
{
    static const char *const heads[] = {"address", "wire", "bit"};
    table_t *table = table_new (3);
    s_heads (table, heads, 3);
    for (int i = 0; i < self->count; i++) {
        s_cell_address (table, self, self->wire + i);
        table_cell (table, self->map->values[self->wire + i] ? "1" : "0");
    }
    table_print (table, 0);
    table_destroy (&table);
}

static void s_print_typed (const run_t *self)
{
    static const char *const heads[] = {"address", "wire", "raw", "value"};
    const modbus_args_t *args = self->args;
    size_t step = modbus_type_registers (args->type);
    table_t *table = table_new (4);
    char text[CELL_MAX];
    s_heads (table, heads, 4);
    for (int i = 0; i < self->count; i += (int) step) {
        const uint16_t *values = self->map->values + self->wire + i;
        s_cell_address (table, self, self->wire + i);
        s_raw_text (values, step, text);
        table_cell (table, text);
        modbus_value_text (modbus_value_raw (values, args->type, args->order), args->type,
                           args->scale, text, sizeof text);
        table_cell (table, text);
    }
    table_print (table, 0);
    table_destroy (&table);
}

//  A pair of registers in one order; "-" for a float that no meter means.
static void s_pair_text (const uint16_t *values, register_type_t type, word_order_t order,
                         char *text, size_t size)
{
    uint64_t raw = modbus_value_raw (values, type, order);
    double number = 0;
    bool likely = modbus_value_number (raw, type, &number) &&
                  (type != REGISTER_F32 || modbus_float_likely (number));
    snprintf (text, size, "-");
    if (likely) {
        modbus_value_text (raw, type, 1, text, size);
    }
}

//  All a register and its neighbour may mean.
static void s_print_guesses (const run_t *self)
{
    static const char *const heads[] = {"address",  "wire",     "raw",      "u16",      "i16",
                                        "f32 ABCD", "f32 CDAB", "f32 BADC", "f32 DCBA", "u32 ABCD",
                                        "u32 CDAB", "u32 BADC", "u32 DCBA"};
    static const register_type_t singles[] = {REGISTER_U16, REGISTER_I16};
    static const register_type_t pairs[] = {REGISTER_F32, REGISTER_U32};
    table_t *table = table_new (sizeof heads / sizeof heads[0]);
    char text[CELL_MAX];
    s_heads (table, heads, sizeof heads / sizeof heads[0]);
    for (int i = 0; i < self->count; i++) {
        const uint16_t *values = self->map->values + self->wire + i;
        s_cell_address (table, self, self->wire + i);
        s_raw_text (values, 1, text);
        table_cell (table, text);
        for (size_t t = 0; t < 2; t++) {
            modbus_value_text (values[0], singles[t], 1, text, sizeof text);
            table_cell (table, text);
        }
        for (size_t c = 0; c < 2 * ORDER_COUNT; c++) {
            snprintf (text, sizeof text, "-");
            if (i + 1 < self->count) {
                s_pair_text (values, pairs[c / ORDER_COUNT], (word_order_t) (c % ORDER_COUNT), text,
                             sizeof text);
            }
            table_cell (table, text);
        }
    }
    table_print (table, 0);
    table_destroy (&table);
}

//  --- JSON

static void s_pair_value (json_t *json, const char *key, const run_t *self, int at, bool scaled,
                          register_type_t type, word_order_t order)
{
    char text[CELL_MAX];
    uint64_t raw = modbus_value_raw (self->map->values + at, type, order);
    double number = 0;
    json_key (json, key);
    if (!modbus_value_number (raw, type, &number)) {
        json_null (json);
    } else {
        modbus_value_text (raw, type, scaled ? self->args->scale : 1, text, sizeof text);
        if (type == REGISTER_BITS) {
            json_text (json, text);
        } else {
            show_raw_json (json, bytes_text (text));
        }
    }
}

static void s_write_guesses (json_t *json, const run_t *self, int at)
{
    s_pair_value (json, "u16", self, at, false, REGISTER_U16, ORDER_ABCD);
    s_pair_value (json, "i16", self, at, false, REGISTER_I16, ORDER_ABCD);
    for (size_t t = 0; t < 2 && at + 1 < self->wire + self->count; t++) {
        json_key (json, t ? "u32" : "f32");
        json_object (json);
        for (word_order_t order = ORDER_ABCD; order < ORDER_COUNT; order++) {
            s_pair_value (json, modbus_order_name (order), self, at, false,
                          t ? REGISTER_U32 : REGISTER_F32, order);
        }
        json_object_end (json);
    }
}

static void s_write_read (void *arg, json_t *json)
{
    const run_t *self = arg;
    const modbus_args_t *args = self->args;
    bool bits = s_is_bits (self->function);
    size_t step = args->typed && !bits ? modbus_type_registers (args->type) : 1;
    json_object (json);
    json_pair_int (json, "unit", self->unit);
    json_pair_int (json, "function", self->function);
    json_key (json, "values");
    json_array (json);
    for (int at = self->wire; at < self->wire + self->count; at += (int) step) {
        char text[CELL_MAX];
        json_object (json);
        json_pair_int (json, "address", at - args->offset);
        json_pair_int (json, "wire", at);
        s_raw_text (self->map->values + at, step, text);
        if (bits) {
            json_pair_int (json, "bit", self->map->values[at]);
        } else {
            json_pair_text (json, "raw", text);
        }
        if (args->typed && !bits) {
            s_pair_value (json, "value", self, at, true, args->type, args->order);
        } else if (!bits) {
            s_write_guesses (json, self, at);
        }
        json_object_end (json);
    }
    json_array_end (json);
    json_object_end (json);
}

//  --- Reading

static void s_show_read (const ctl_t *ctl, run_t *self)
{
    if (self->args->profile) {
        modbus_propose (self->args, self->map, self->args->profile);
    } else if (ctl->json) {
        show_json (s_write_read, self);
    } else if (s_is_bits (self->function)) {
        s_print_bits (self);
    } else if (self->args->typed) {
        s_print_typed (self);
    } else {
        s_print_guesses (self);
    }
}

static int s_usage_read (void)
{
    fprintf (stderr, "fepctl: usage: fepctl modbus read LINE UNIT FUNCTION ADDRESS[-END], or UNIT "
                     "--try FILE\n");
    return 2;
}

int ctl_modbus_read (ctl_t *ctl)
{
    run_t self = {.args = ctl->modbus};
    int last = 0;
    bool try = ctl->modbus->try_path != NULL;
    if (ctl->word_count != (try ? 1 : 3)) {
        return s_usage_read ();
    }
    int code = s_parse_unit (self.args, ctl->words[0], &self.unit);
    if (code || try) {
        return code ? code : modbus_try (ctl, self.unit);
    }
    if (!modbus_parse_range (ctl->words[1], 1, 4, &self.function, &last) || last != self.function) {
        return s_wrong ("function", ctl->words[1], "1, 2 (bits), 3, 4 (registers)");
    }
    code = s_parse_addresses (&self, ctl->words[2]);
    if (code) {
        return code;
    }
    modbus_line_t *line = NULL;
    self.map = calloc (1, sizeof *self.map);
    FEP_ASSERT (self.map);
    self.map->unit = (uint8_t) self.unit;
    self.map->function = (uint8_t) self.function;
    code = modbus_open (ctl, TIMEOUT_MS, &line);
    code = code ? code : s_read_run (&self, line, self.function);
    if (!code) {
        s_show_read (ctl, &self);
    }
    modbus_line_close (&line);
    free (self.map);
    return code;
}

//  --- Writing

typedef struct {
    run_t run;                                  //  What is written to; map: what it holds now
    uint16_t values[LINE_REGISTERS_WRITE_MAX];  //  What it is to hold
    uint16_t before[LINE_REGISTERS_WRITE_MAX];  //  What it held
    bool before_known, after_known;             //  It could be read
    bool same;                                  //  What was read back is what was written
} writing_t;

//  VALUE... as registers or bits.
static int s_parse_values (writing_t *self, const char *const *words, size_t count)
{
    const modbus_args_t *args = self->run.args;
    bool bits = s_is_bits (self->run.function);
    register_type_t type = args->typed ? args->type : REGISTER_U16;
    size_t step = bits ? 1 : modbus_type_registers (type);
    size_t most = self->run.function < 15 ? 1 : LINE_REGISTERS_WRITE_MAX;
    if (count * step > most) {
        return s_wrong ("values", words[count - 1],
                        most == 1 ? "one" : "at most 123 registers or bits");
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t raw = 0;
        bool below = !args->typed && !bits && words[i][0] == '-';
        if (!modbus_value_parse (words[i], below ? REGISTER_I16 : type, &raw) ||
            (bits && raw > 1)) {
            return s_wrong ("value", words[i],
                            bits          ? "0 or 1"
                            : args->typed ? "of that --type"
                                          : "-32768 to 65535");
        }
        if (bits) {
            self->values[i] = (uint16_t) raw;
        } else {
            modbus_value_registers (raw, type, args->order, self->values + i * step);
        }
    }
    self->run.count = (int) (count * step);
    return 0;
}

static int s_parse_write (writing_t *self, const ctl_t *ctl)
{
    static const int functions[] = {5, 6, 15, 16};
    run_t *run = &self->run;
    int last = 0;
    bool known = false;
    if (!modbus_parse_range (ctl->words[1], 1, 127, &run->function, &last)) {
        run->function = 0;
    }
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        known |= functions[i] == run->function && last == run->function;
    }
    if (!known) {
        return s_wrong ("function", ctl->words[1], "5, 15 (coils), 6, 16 (registers)");
    }
    if (run->args->scale != 1) {
        return s_wrong ("--scale", "", "nothing: write what the register is to hold");
    }
    int code = s_parse_unit (run->args, ctl->words[0], &run->unit);
    code = code ? code : s_parse_addresses (run, ctl->words[2]);
    code = code ? code : s_parse_values (self, ctl->words + 3, ctl->word_count - 3);
    if (!code && run->wire + run->count > MODBUS_REGISTERS) {
        code = s_wrong ("address", ctl->words[2], "such that the last value has one too");
    }
    return code;
}

static void s_print_writing (const writing_t *self, bool after)
{
    static const char *const heads[] = {"address", "wire", "before", "to write", "after"};
    const run_t *run = &self->run;
    table_t *table = table_new (5);
    char text[CELL_MAX];
    s_heads (table, heads, 5);
    for (int i = 0; i < run->count; i++) {
        s_cell_address (table, run, run->wire + i);
        snprintf (text, sizeof text, "%u", self->before[i]);
        table_cell (table, self->before_known ? text : "?");
        snprintf (text, sizeof text, "%u", self->values[i]);
        table_cell (table, text);
        snprintf (text, sizeof text, "%u", run->map->values[run->wire + i]);
        table_cell (table, !after ? "" : self->after_known ? text : "?");
    }
    table_print (table, 0);
    table_destroy (&table);
    fflush (stdout);
}

//  Asks a person. False: no, or there is nobody.
static bool s_agreed (const writing_t *self)
{
    char answer[16] = "";
    if (self->run.args->yes) {
        return true;
    }
    s_print_writing (self, false);
    if (!isatty (STDIN_FILENO)) {
        fprintf (stderr, "fepctl: nothing was written; say --yes to write\n");
        return false;
    }
    fprintf (stderr, "Write this to unit %d? [y/N] ", self->run.unit);
    if (fgets (answer, sizeof answer, stdin) && (answer[0] | 0x20) == 'y') {
        return true;
    }
    fprintf (stderr, "fepctl: nothing was written\n");
    return false;
}

static void s_write_values (json_t *json, const char *key, const uint16_t *values, int count,
                            bool known)
{
    json_key (json, key);
    if (!known) {
        json_null (json);
        return;
    }
    json_array (json);
    for (int i = 0; i < count; i++) {
        json_int (json, values[i]);
    }
    json_array_end (json);
}

static void s_write_written (void *arg, json_t *json)
{
    const writing_t *self = arg;
    const run_t *run = &self->run;
    json_object (json);
    json_pair_int (json, "unit", run->unit);
    json_pair_int (json, "function", run->function);
    json_pair_int (json, "wire", run->wire);
    s_write_values (json, "before", self->before, run->count, self->before_known);
    s_write_values (json, "written", self->values, run->count, true);
    s_write_values (json, "after", run->map->values + run->wire, run->count, self->after_known);
    json_pair_bool (json, "same", self->same);
    json_object_end (json);
}

//  Writes once, whatever comes; then looks what is there.
static int s_write_and_look (writing_t *self, modbus_line_t *line, int read_function)
{
    run_t *run = &self->run;
    modbus_line_reply_t reply =
        modbus_line_write (line, run->unit, run->function, run->wire, run->count, self->values);
    int code = 0;
    if (reply.end != LINE_ANSWERED) {
        code = modbus_complain (&reply, run->unit, run->function, run->wire, run->count);
    }
    if (reply.end == LINE_SILENT || reply.end == LINE_GARBLED) {
        fprintf (stderr, "fepctl: it may have been written all the same; this is what is there:\n");
    }
    self->after_known = s_read_run (run, line, read_function) == 0;
    self->same = self->after_known && memcmp (run->map->values + run->wire, self->values,
                                              (size_t) run->count * sizeof self->values[0]) == 0;
    if (!self->after_known) {
        fprintf (stderr, "fepctl: it could not be read back\n");
    } else if (!self->same) {
        fprintf (stderr, "fepctl: what is there now is not what was to be written\n");
    }
    return code ? code : self->after_known && !self->same ? 1 : 0;
}

static int s_write (ctl_t *ctl, writing_t *self, modbus_line_t *line)
{
    run_t *run = &self->run;
    int read_function = s_is_bits (run->function) ? 1 : 3;
    self->before_known = s_read_run (run, line, read_function) == 0;
    memcpy (self->before, run->map->values + run->wire,
            (size_t) run->count * sizeof self->before[0]);
    if (!self->before_known) {
        fprintf (stderr, "fepctl: what is there now cannot be read\n");
    }
    if (!s_agreed (self)) {
        return 2;
    }
    int code = s_write_and_look (self, line, read_function);
    if (ctl->json) {
        show_json (s_write_written, self);
    } else {
        s_print_writing (self, true);
    }
    return code;
}

int ctl_modbus_write (ctl_t *ctl)
{
    writing_t self = {.run.args = ctl->modbus};
    int code = s_parse_write (&self, ctl);
    if (code) {
        return code;
    }
    modbus_line_t *line = NULL;
    self.run.map = calloc (1, sizeof *self.run.map);
    FEP_ASSERT (self.run.map);
    code = modbus_open (ctl, TIMEOUT_MS, &line);
    code = code ? code : s_write (ctl, &self, line);
    modbus_line_close (&line);
    free (self.run.map);
    return code;
}
