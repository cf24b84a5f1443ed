//  fepctl modbus scan: which units answer, and which registers they have.
#include "tools/fepctl_modbus.h"
#include "tools/show.h"
#include "tools/table.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define TIMEOUT_MS 300  //  Of one unit
#define UNITS_MAX 248   //  Numbers there are
#define PROBE_BLOCK 64  //  Registers asked for at a time
#define SILENCES_MAX 3  //  Blocks in a row without an answer before a probe gives up
#define ID_MAX 64       //  Bytes of a server id that are shown
#define TRIES 3         //  Of a unit whose answer was garbled

typedef struct {
    int unit;                   //  Its number
    modbus_line_reply_t reply;  //  To the short read
    uint8_t id[ID_MAX];         //  What function 17 said
    size_t id_size;             //  0: nothing
    register_map_t *map;        //  What a probe found, or NULL
} found_t;

typedef struct {
    const modbus_args_t *args;  //  Options
    modbus_line_t *line;        //  Open
    found_t found[UNITS_MAX];   //  Those that answer
    size_t count;               //  Of them
    int asked;                  //  Units
} scan_run_t;

//  --- Registers

//  What the halves of a block still have to be asked.
typedef struct {
    int from, count;  //  Registers
} block_t;

static bool s_splits (const modbus_line_reply_t *reply)
{
    return reply->end == LINE_REFUSED && (reply->exception == 2 || reply->exception == 3);
}

static void s_keep (register_map_t *map, block_t block, const uint16_t *values)
{
    for (int i = 0; i < block.count; i++) {
        map->there[block.from + i] = true;
        map->values[block.from + i] = values[i];
    }
}

//  Halves on an even number of registers: many meters refuse half a float.
static void s_split (block_t block, block_t *stack, size_t *depth)
{
    int half = block.count / 2;
    half += block.count > 2 ? half & 1 : 0;
    if (block.count > 1) {
        stack[(*depth)++] = (block_t){block.from + half, block.count - half};
        stack[(*depth)++] = (block_t){block.from, half};
    }
}

//  Asks one block and its parts. 0, or why the unit cannot be asked at all.
static int s_probe_block (modbus_line_t *line, register_map_t *map, block_t whole, int *silences)
{
    block_t stack[2 * PROBE_BLOCK] = {whole};
    size_t depth = 1;
    uint16_t values[PROBE_BLOCK];
    while (depth > 0 && !ctl_interrupted ()) {
        block_t block = stack[--depth];
        modbus_line_reply_t reply = modbus_line_read_surely (line, map->unit, map->function,
                                                             block.from, block.count, values);
        bool silent = reply.end == LINE_SILENT || reply.end == LINE_GARBLED;
        *silences = silent ? *silences + 1 : 0;
        if (reply.end == LINE_ANSWERED) {
            s_keep (map, block, values);
        } else if (s_splits (&reply)) {
            s_split (block, stack, &depth);
        } else {
            bool fatal =
                reply.end == LINE_BROKEN || reply.exception == 1 || *silences == SILENCES_MAX;
            int code = modbus_complain (&reply, map->unit, map->function, block.from, block.count);
            if (fatal) {
                return code;
            }
        }
    }
    return 0;
}

int modbus_probe (modbus_line_t *line, register_map_t *map, int from, int to)
{
    int code = 0, silences = 0;
    for (int at = from; at <= to && !code && !ctl_interrupted (); at += PROBE_BLOCK) {
        int left = to - at + 1;
        block_t block = {at, left < PROBE_BLOCK ? left : PROBE_BLOCK};
        if (isatty (STDERR_FILENO)) {
            fprintf (stderr, "\runit %d: register %d of %d ", map->unit, at, to);
        }
        code = s_probe_block (line, map, block, &silences);
    }
    if (isatty (STDERR_FILENO)) {
        fprintf (stderr, "\r%40s\r", "");
    }
    return code;
}

//  The next range that exists, from `from` on. False: there is none.
static bool s_next_range (const register_map_t *map, int from, int *first, int *last)
{
    while (from < MODBUS_REGISTERS && !map->there[from]) {
        from++;
    }
    *first = from;
    while (from < MODBUS_REGISTERS && map->there[from]) {
        from++;
    }
    *last = from - 1;
    return *first < MODBUS_REGISTERS;
}

//  --- Units

//  A gateway that answers for a unit it cannot reach proves the opposite.
static bool s_is_there (const modbus_line_reply_t *reply)
{
    return reply->end == LINE_ANSWERED ||
           (reply->end == LINE_REFUSED && reply->exception != 10 && reply->exception != 11);
}

//  Asks one unit. 0, or 2 if the line is gone.
static int s_ask_unit (scan_run_t *self, int unit)
{
    const modbus_args_t *args = self->args;
    modbus_line_reply_t reply = {.end = LINE_GARBLED};
    uint16_t value = 0;
    for (int i = 0; i < TRIES && reply.end == LINE_GARBLED; i++) {
        reply = modbus_line_read (self->line, unit, args->function, args->address, 1, &value);
    }
    self->asked++;
    if (reply.end == LINE_BROKEN) {
        return modbus_complain (&reply, unit, args->function, args->address, 1);
    }
    if (reply.end == LINE_GARBLED) {
        fprintf (stderr, "fepctl: unit %d: something answers, but not clearly: %s\n", unit,
                 reply.text);
    }
    if (s_is_there (&reply)) {
        found_t *found = &self->found[self->count++];
        found->unit = unit;
        found->reply = reply;
        modbus_line_server_id (self->line, unit, found->id, sizeof found->id, &found->id_size);
    }
    return 0;
}

static int s_ask_units (scan_run_t *self)
{
    const modbus_args_t *args = self->args;
    int code = 0;
    for (int unit = args->first; unit <= args->last && !code && !ctl_interrupted (); unit++) {
        if (isatty (STDERR_FILENO)) {
            fprintf (stderr, "\runit %d of %d, found %zu ", unit, args->last, self->count);
        }
        code = s_ask_unit (self, unit);
    }
    if (isatty (STDERR_FILENO)) {
        fprintf (stderr, "\r%40s\r", "");
    }
    if (ctl_interrupted ()) {
        fprintf (stderr, "fepctl: ended after %d units\n", self->asked);
    }
    return code;
}

static int s_probe_units (scan_run_t *self)
{
    int code = 0;
    for (size_t i = 0; i < self->count && code != 2 && !ctl_interrupted (); i++) {
        register_map_t *map = calloc (1, sizeof *map);
        FEP_ASSERT (map);
        map->unit = (uint8_t) self->found[i].unit;
        map->function = (uint8_t) self->args->function;
        self->found[i].map = map;
        int one = modbus_probe (self->line, map, self->args->from, self->args->to);
        code = one > code ? one : code;
    }
    return code;
}

//  --- Showing

//  Printable characters of a server id, others as '.'.
static void s_id_text (const found_t *found, char *text)
{
    for (size_t i = 0; i < found->id_size; i++) {
        bool printable = found->id[i] >= 0x20 && found->id[i] < 0x7F;
        *text++ = printable ? (char) found->id[i] : '.';
    }
    *text = 0;
}

static void s_print_ranges (const found_t *found)
{
    int first = 0, last = -1;
    printf ("unit %d, function %d, registers:", found->unit, found->map->function);
    bool any = false;
    while (s_next_range (found->map, last + 1, &first, &last)) {
        printf (first == last ? "%s %d" : "%s %d-%d", any ? "," : "", first, last);
        any = true;
    }
    printf ("%s\n", any ? "" : " none");
}

static void s_print (const scan_run_t *self)
{
    table_t *table = table_new (4);
    char text[ID_MAX + 1];
    table_head (table, "unit");
    table_head (table, "ms");
    table_head (table, "answer");
    table_head (table, "server id");
    for (size_t i = 0; i < self->count; i++) {
        const found_t *found = &self->found[i];
        snprintf (text, sizeof text, "%d", found->unit);
        table_cell (table, text);
        snprintf (text, sizeof text, "%d", found->reply.elapsed_ms);
        table_cell (table, text);
        table_cell (table, found->reply.text ? found->reply.text : "value");
        s_id_text (found, text);
        table_cell (table, text);
    }
    table_print (table, 0);
    table_destroy (&table);
    for (size_t i = 0; i < self->count; i++) {
        if (self->found[i].map) {
            s_print_ranges (&self->found[i]);
        }
    }
}

static void s_write_found (json_t *json, const found_t *found)
{
    char text[ID_MAX + 1];
    int first = 0, last = -1;
    json_object (json);
    json_pair_int (json, "unit", found->unit);
    json_pair_int (json, "elapsed_ms", found->reply.elapsed_ms);
    json_pair_int (json, "exception", found->reply.exception);
    s_id_text (found, text);
    json_pair_text (json, "server_id", text);
    json_pair_hex (json, "server_id_raw", bytes_of (found->id, found->id_size));
    if (found->map) {
        json_key (json, "registers");
        json_array (json);
        while (s_next_range (found->map, last + 1, &first, &last)) {
            json_array (json);
            json_int (json, first);
            json_int (json, last);
            json_array_end (json);
        }
        json_array_end (json);
    }
    json_object_end (json);
}

static void s_write (void *arg, json_t *json)
{
    const scan_run_t *self = arg;
    json_object (json);
    json_pair_int (json, "asked", self->asked);
    json_pair_int (json, "function", self->args->function);
    json_key (json, "units");
    json_array (json);
    for (size_t i = 0; i < self->count; i++) {
        s_write_found (json, &self->found[i]);
    }
    json_array_end (json);
    json_object_end (json);
}

//  One profile for each unit; more than one get its number behind the name.
static void s_propose (const scan_run_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        char name[PROFILE_NAME_MAX + 1];
        snprintf (name, sizeof name, self->count > 1 ? "%.27s_%d" : "%s", self->args->profile,
                  self->found[i].unit);
        if (self->found[i].map) {
            modbus_propose (self->args, self->found[i].map, name);
        }
    }
}

int ctl_modbus_scan (ctl_t *ctl)
{
    if (ctl->modbus->profile && !ctl->modbus->probe) {
        fprintf (stderr, "fepctl: --profile needs --probe FROM-TO: which registers to look at\n");
        return 2;
    }
    scan_run_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    self->args = ctl->modbus;
    int code = modbus_open (ctl, TIMEOUT_MS, &self->line);
    if (!code) {
        code = s_ask_units (self);
        code = !code && self->args->probe ? s_probe_units (self) : code;
        if (self->args->profile) {
            s_propose (self);
        } else if (ctl->json) {
            show_json (s_write, self);
        } else {
            s_print (self);
        }
        if (!code && self->count == 0 && !ctl_interrupted ()) {
            fprintf (stderr, "fepctl: no unit answers; right speed and parity, wires A and B, or a "
                             "longer --timeout?\n");
            code = 2;
        }
    }
    for (size_t i = 0; i < self->count; i++) {
        free (self->found[i].map);
    }
    modbus_line_close (&self->line);
    free (self);
    return code;
}
