//  Door: COMMAND, which changes something at a terminal or a meter. Off unless door.commands says so: a command is not
//  audited yet, only logged.
#include "actors/control.h"
#include "codecs/codec.h"
#include "fep/decimal.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include "fep/point.h"
#include <stdio.h>
#include <string.h>

#define HEAD_BYTES 4096
#define NAME_MAX_SIZE 64
#define COMMAND_TEXT_MAX 96

static const struct {
    const char *name;     //  In the request
    request_kind_t kind;  //  For the codec
} s_commands[] = {{"clock", REQUEST_CLOCK},   {"write", REQUEST_WRITE},
                  {"select", REQUEST_SELECT}, {"operate", REQUEST_OPERATE},
                  {"pass", REQUEST_PASS},     {"own", REQUEST_OWN}};

static fep_err_t s_say (door_ask_t *ask, fep_err_t error, const char *text)
{
    snprintf (ask->text, sizeof ask->text, "%s", text);
    return error;
}

//  points and values go together: names or OBIS, and decimals as texts.
static fep_err_t s_points (door_ask_t *ask, writer_t *out)
{
    reader_t points, values;
    uint32_t count = wire_find (ask->body, "points", &points) ? wire_get_array (&points) : 0;
    uint32_t given = wire_find (ask->body, "values", &values) ? wire_get_array (&values) : 0;
    if (count > REQUEST_VALUES_MAX || given > count) {
        return s_say (ask, FEP_RANGE, "points: at most 8, and no more values than points");
    }
    wire_put_text (out, "points");
    wire_put_array (out, count);
    for (uint32_t i = 0; i < count; i++) {
        char name[NAME_MAX_SIZE] = "";
        uint32_t point;
        bytes_t text = wire_get_str (&points);
        if (points.failed || text.size >= sizeof name) {
            return s_say (ask, FEP_SYNTAX, "points: texts of at most 63 characters");
        }
        memcpy (name, text.data, text.size);
        if (!point_parse (name, &point)) {
            return s_say (ask, FEP_RANGE, "points: allowed are names of the dictionary and OBIS");
        }
        wire_put_uint (out, point);
    }
    wire_put_text (out, "values");
    wire_put_array (out, given);
    for (uint32_t i = 0; i < given; i++) {
        char text[NAME_MAX_SIZE] = "";
        decimal_t value;
        bytes_t digits = wire_get_str (&values);
        if (values.failed || digits.size >= sizeof text) {
            return s_say (ask, FEP_SYNTAX, "values: decimals as texts, such as \"12.5\"");
        }
        memcpy (text, digits.data, digits.size);
        if (!decimal_parse (text, &value)) {
            return s_say (ask, FEP_SYNTAX, "values: decimals as texts, such as \"12.5\"");
        }
        wire_put_array (out, 2);
        wire_put_int (out, value.mantissa);
        wire_put_int (out, value.exponent);
    }
    return FEP_OK;
}

static fep_err_t s_kind (door_ask_t *ask, size_t *kind, uint8_t *operation)
{
    char name[24] = "", what[24] = "";
    size_t count = sizeof s_commands / sizeof *s_commands;
    wire_find_text (ask->body, "kind", name, sizeof name);
    for (*kind = 0; *kind < count && strcmp (name, s_commands[*kind].name) != 0;) {
        (*kind)++;
    }
    if (*kind == count) {
        return s_say (ask, FEP_RANGE, "kind: allowed are clock, write, select, operate, pass, own");
    }
    *operation = OPERATION_POINT;
    if (wire_find_text (ask->body, "operation", what, sizeof what) &&
        !operation_find (what, operation)) {
        return s_say (ask, FEP_RANGE,
                      "operation: allowed are point, trip, permit_close, close, alarm, alarm_end, "
                      "keep, keep_end, valve_open, valve_close, reset, freeze");
    }
    return FEP_OK;
}

//  Those of the request, or those that set what it names.
static fep_err_t s_bytes (control_t *self, door_ask_t *ask, request_kind_t kind, writer_t *out)
{
    reader_t in;
    if (kind == REQUEST_OWN) {
        return door_own_bytes (self, ask, out);
    }
    bytes_t bytes = wire_find (ask->body, "bytes", &in) ? wire_get_bin (&in) : bytes_of (NULL, 0);
    wire_put_bin (out, bytes);
    return bytes.size > REQUEST_PASS_MAX ? s_say (ask, FEP_LIMIT, "bytes: at most 256") : FEP_OK;
}

static void s_what (const door_ask_t *ask, size_t kind, uint16_t mp, uint8_t operation,
                    char what[COMMAND_TEXT_MAX])
{
    const char *name = s_commands[kind].name;
    reader_t in;
    if (s_commands[kind].kind != REQUEST_OWN) {
        snprintf (what, COMMAND_TEXT_MAX, "mp=%u kind=%s operation=%s", mp, name,
                  operation_name (operation));
        return;
    }
    bool remove = wire_find (ask->body, "remove", &in) && wire_get_bool (&in);
    snprintf (what, COMMAND_TEXT_MAX, "kind=%s key=0x%08X%s", name,
              (unsigned) wire_find_int (ask->body, "key", 0), remove ? " remove" : "");
}

//  what: the command in words, for the log.
static fep_err_t s_body (control_t *self, door_ask_t *ask, const terminal_t *terminal,
                         const presence_t *presence, writer_t *out, char what[COMMAND_TEXT_MAX])
{
    size_t kind;
    uint8_t operation;
    uint16_t mp;
    fep_err_t error = s_kind (ask, &kind, &operation);
    error = error ? error : door_point (self, ask, terminal, presence, &mp);
    if (error) {
        return error;
    }
    size_t mark = wire_open_map (out);
    wire_pair_int (out, "session", presence->session);
    wire_pair_int (out, "token", ask->token);
    wire_pair_int (out, "kind", s_commands[kind].kind);
    wire_pair_int (out, "mp", mp);
    wire_pair_int (out, "priority", PRIORITY_CONTROL);
    wire_pair_int (out, "operation", operation);
    wire_pair_int (out, "until_ms", wire_find_int (ask->body, "until_ms", 0));
    wire_put_text (out, "bytes");
    error = s_bytes (self, ask, s_commands[kind].kind, out);
    if (error) {
        return error;
    }
    wire_put_text (out, "client");
    wire_put_bin (out, ask->client);
    uint32_t meter = control_meter (self, terminal->number, mp, out);
    error = s_points (ask, out);
    wire_close_map (out, mark, 11 + meter);
    s_what (ask, kind, mp, operation, what);
    return error == FEP_OK && out->failed ? FEP_LIMIT : error;
}

//  The terminal's connector carries it out and answers RESULT.
fep_err_t door_COMMAND (control_t *self, door_ask_t *ask)
{
    char who[ARCHIVE_NAME_MAX + 1], what[COMMAND_TEXT_MAX];
    uint8_t memory[HEAD_BYTES];
    writer_t out = writer_of (memory, sizeof memory);
    const terminal_t *terminal = door_terminal (self, ask);
    if (strcmp (actor_config (self->actor)->door.commands, "yes") != 0) {
        return s_say (ask, FEP_REFUSED, "commands are off: door.commands");
    }
    fep_err_t error = door_who (ask, who);
    if (error) {
        return error;
    }
    if (!terminal) {
        return FEP_NOT_FOUND;
    }
    const presence_t *presence = directory_find (self->directory, terminal->number);
    if (!door_online (presence)) {
        return FEP_CLOSED;
    }
    error = s_body (self, ask, terminal, presence, &out, what);
    if (error == FEP_OK) {
        error = actor_send_to (self->actor, self->inside, bytes_text (presence->connector),
                               WORD_REQUEST, writer_bytes (&out));
    }
    if (error == FEP_OK) {
        log_line (LEVEL_INFO, "COMMAND", "terminal=%s who=\"%s\" %s", terminal->address, who, what);
    }
    ask->forwarded = error == FEP_OK;
    return error == FEP_FULL ? FEP_BUSY : error;
}
