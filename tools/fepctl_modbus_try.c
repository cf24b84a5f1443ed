//  fepctl modbus read --try: what a unit says in a profile's terms, and whether that can be.
#include "fep/point.h"
#include "tools/fepctl_modbus.h"
#include "tools/show.h"
#include "tools/table.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define TIMEOUT_MS 1000  //  Of one exchange
#define TEXT_MAX 64      //  Of a cell
#define FACTOR_MAX 10    //  Power of ten, either sign, that a device means

//  One row's answer.
typedef struct {
    const profile_row_t *row;              //  Asked for
    modbus_line_reply_t reply;             //  How it went
    uint16_t values[VALUE_REGISTERS_MAX];  //  Registers, or one bit
    int16_t factor;                        //  What its sf holds, or 0
    bool known;                            //  It is a number
    double number;                         //  In the point's unit
    char text[TEXT_MAX];                   //  Likewise
} tried_t;

typedef struct {
    int unit;            //  Asked
    profile_t *profile;  //  Of the file
    tried_t *rows;       //  One for each of the profile's
    size_t count;        //  Answered or refused so far
    size_t bad;          //  Of them: refused, no number, or none that can be
} try_run_t;

//  --- Values

//  In the point's unit; "no value" if the device says so.
static void s_value (tried_t *self)
{
    const profile_row_t *row = self->row;
    register_type_t type = (register_type_t) row->type;
    uint64_t raw = type == REGISTER_BIT
                       ? self->values[0]
                       : modbus_value_raw (self->values, type, (word_order_t) row->order);
    snprintf (self->text, sizeof self->text, "no value");
    if ((row->has_none && raw == row->none) || self->factor < -FACTOR_MAX ||
        self->factor > FACTOR_MAX) {
        return;
    }
    if (type == REGISTER_BITS) {
        raw = raw >> row->bit & ((1u << row->bits) - 1);
    }
    if (type == REGISTER_BIT || type == REGISTER_BITS) {
        self->known = true;
        self->number = (double) raw;
        snprintf (self->text, sizeof self->text, "%" PRIu64, raw);
        return;
    }
    double scale = (double) row->multiplier * pow (10, row->exponent + self->factor);
    self->known = modbus_value_number (raw, type, &self->number);
    self->number *= scale;
    if (self->known) {
        modbus_value_text (raw, type, scale, self->text, sizeof self->text);
    }
}

//  Within the dictionary's range, if it has one.
static bool s_can_be (const tried_t *self)
{
    const point_info_t *info = point_find (self->row->point);
    bool ranged = info && (info->low != 0 || info->high != 0);
    return self->known && (!ranged || (self->number >= info->low && self->number <= info->high));
}

//  --- Showing

static void s_raw_text (const tried_t *self, char *text)
{
    *text = 0;
    for (size_t i = 0; i < self->row->registers && i < VALUE_REGISTERS_MAX; i++) {
        text += sprintf (text, self->row->type == REGISTER_BIT ? "%s%d" : "%s%04X", i ? " " : "",
                         self->values[i]);
    }
}

static void s_range_text (const tried_t *self, char *text, size_t size)
{
    const point_info_t *info = point_find (self->row->point);
    bool ranged = info && (info->low != 0 || info->high != 0);
    snprintf (text, size,
              s_can_be (self)         ? "yes"
              : self->known && ranged ? "no: %.10g to %.10g"
                                      : "no",
              ranged ? info->low : 0, ranged ? info->high : 0);
}

static void s_print_row (table_t *table, const tried_t *self)
{
    char text[TEXT_MAX + 1];
    bool answered = self->reply.end == LINE_ANSWERED;
    point_name (self->row->point, text, sizeof text);
    table_cell (table, text);
    snprintf (text, sizeof text, "%d", self->row->function);
    table_cell (table, text);
    snprintf (text, sizeof text, "0x%04X", self->row->address);
    table_cell (table, text);
    s_raw_text (self, text);
    table_cell (table, answered ? text : "");
    table_cell (table, answered ? self->text : self->reply.text);
    s_range_text (self, text, sizeof text);
    table_cell (table, text);
}

static void s_print (const try_run_t *self)
{
    static const char *const heads[] = {"point", "function", "wire", "raw", "value", "plausible"};
    table_t *table = table_new (6);
    for (size_t i = 0; i < 6; i++) {
        table_head (table, heads[i]);
    }
    for (size_t i = 0; i < self->count; i++) {
        s_print_row (table, &self->rows[i]);
    }
    table_print (table, 0);
    table_destroy (&table);
    printf ("%zu of %zu plausible\n", self->count - self->bad, self->count);
}

static void s_write (void *arg, json_t *json)
{
    const try_run_t *self = arg;
    char text[TEXT_MAX + 1];
    json_object (json);
    json_pair_int (json, "unit", self->unit);
    json_pair_text (json, "profile", self->profile->name);
    json_key (json, "points");
    json_array (json);
    for (size_t i = 0; i < self->count; i++) {
        const tried_t *one = &self->rows[i];
        json_object (json);
        point_name (one->row->point, text, sizeof text);
        json_pair_text (json, "point", text);
        json_pair_int (json, "function", one->row->function);
        json_pair_int (json, "wire", one->row->address);
        json_pair_int (json, "exception", one->reply.exception);
        json_key (json, "value");
        if (one->known) {
            show_raw_json (json, bytes_text (one->text));
        } else {
            json_null (json);
        }
        json_pair_bool (json, "plausible", s_can_be (one));
        json_object_end (json);
    }
    json_array_end (json);
    json_object_end (json);
}

//  --- Asking

//  The profile of the file; says where it is wrong. 0 or 2.
static int s_load (const char *path, profile_t **profile_p)
{
    char *text = malloc (PROFILE_BYTES_MAX + 1);
    FEP_ASSERT (text);
    profile_fault_t fault = {0};
    FILE *file = fopen (path, "r");
    size_t size = file ? fread (text, 1, PROFILE_BYTES_MAX + 1, file) : 0;
    int code = 2;
    if (!file || ferror (file)) {
        fprintf (stderr, "fepctl: %s: %s\n", path, strerror (errno));
    } else if (profile_parse (bytes_of (text, size), profile_p, &fault) != FEP_OK) {
        fprintf (stderr, "fepctl: %s:%u: %s\n", path, fault.line, fault.text);
    } else {
        code = 0;
    }
    if (file) {
        fclose (file);
    }
    free (text);
    return code;
}

//  One row, and its sf.
static modbus_line_reply_t s_ask_row (int unit, tried_t *one, modbus_line_t *line)
{
    const profile_row_t *row = one->row;
    modbus_line_reply_t reply = modbus_line_read_surely (line, unit, row->function, row->address,
                                                         row->registers, one->values);
    if (reply.end == LINE_ANSWERED && row->has_sf) {
        uint16_t factor = 0;
        reply = modbus_line_read_surely (line, unit, row->function, row->sf, 1, &factor);
        one->factor = (int16_t) factor;
    }
    return reply;
}

//  Row by row, so that one that is refused spoils no other. 0, 1 if any was refused, 2 if nobody is
//  there.
static int s_ask (try_run_t *self, modbus_line_t *line)
{
    int code = 0;
    while (self->count < self->profile->count && !ctl_interrupted ()) {
        tried_t *one = &self->rows[self->count];
        const profile_row_t *row = &self->profile->rows[self->count];
        one->row = row;
        one->reply = s_ask_row (self->unit, one, line);
        if (one->reply.end == LINE_ANSWERED) {
            s_value (one);
        } else {
            code = modbus_complain (&one->reply, self->unit, row->function, row->address,
                                    row->registers);
        }
        if (code == 2) {
            return code;
        }
        self->count++;
        self->bad += !s_can_be (one);
    }
    return code;
}

int modbus_try (const ctl_t *ctl, int unit)
{
    try_run_t self = {.unit = unit};
    modbus_line_t *line = NULL;
    int code = s_load (ctl->modbus->try_path, &self.profile);
    if (code) {
        return code;
    }
    self.rows = calloc (self.profile->count ? self.profile->count : 1, sizeof *self.rows);
    FEP_ASSERT (self.rows);
    code = modbus_open (ctl, TIMEOUT_MS, &line);
    if (!code) {
        code = s_ask (&self, line);
        if (ctl->json) {
            show_json (s_write, &self);
        } else {
            s_print (&self);
        }
    }
    modbus_line_close (&line);
    free (self.rows);
    profile_destroy (&self.profile);
    return code;
}
