//  Door: READ, which asks a terminal now.
#include "actors/control.h"
#include "codecs/codec.h"
#include "fep/point.h"
#include <string.h>

#define HEAD_BYTES 4096    //  Of a forwarded request
#define POINT_TEXT_MAX 63  //  Characters of a point name

//  Points by readable name or OBIS text, into an array of numbers. RANGE: too many, or one is unknown.
fep_err_t door_read_points (const door_ask_t *ask, writer_t *out)
{
    reader_t in;
    uint32_t count = 0;
    wire_put_text (out, "points");
    if (wire_find (ask->body, "points", &in)) {
        count = wire_get_array (&in);
    }
    wire_put_array (out, count);
    for (uint32_t i = 0; i < count; i++) {
        char name[POINT_TEXT_MAX + 1];
        uint32_t point;
        bytes_t text = wire_get_str (&in);
        if (in.failed || text.size > POINT_TEXT_MAX || count > REQUEST_POINTS_MAX) {
            return FEP_RANGE;
        }
        memcpy (name, text.data, text.size);
        name[text.size] = 0;
        if (!point_parse (name, &point)) {
            return FEP_RANGE;
        }
        wire_put_uint (out, point);
    }
    return FEP_OK;
}

//  Which request a READ's kind means.
static const struct {
    const char *name;     //  In the request
    request_kind_t kind;  //  For the codec
    uint8_t freeze;       //  Likewise
} s_reads[] = {
    {"current", REQUEST_READ, FREEZE_NONE},       {"day", REQUEST_READ_FROZEN, FREEZE_DAY},
    {"month", REQUEST_READ_FROZEN, FREEZE_MONTH}, {"curve", REQUEST_READ_FROZEN, FREEZE_CURVE},
    {"events", REQUEST_READ_EVENTS, FREEZE_NONE}, {"own", REQUEST_READ_OWN, FREEZE_NONE}};

fep_err_t door_read_kind (const door_ask_t *ask, door_read_t *read)
{
    char name[16];
    bool named = wire_find_text (ask->body, "kind", name, sizeof name);
    for (size_t i = 0; i < sizeof s_reads / sizeof *s_reads; i++) {
        if (!named || strcmp (name, s_reads[i].name) == 0) {
            *read = (door_read_t){s_reads[i].kind, s_reads[i].freeze};
            return FEP_OK;
        }
    }
    return FEP_RANGE;
}

static void s_read_body (const door_ask_t *ask, const presence_t *presence, const door_read_t *read,
                         uint16_t mp, writer_t *out)
{
    wire_pair_int (out, "session", presence->session);
    wire_pair_int (out, "token", ask->token);
    wire_pair_int (out, "kind", read->kind);
    wire_pair_int (out, "freeze", read->freeze);
    wire_pair_int (out, "mp", mp);
    wire_pair_int (out, "from_ms", wire_find_int (ask->body, "from_ms", 0));
    wire_pair_int (out, "to_ms", wire_find_int (ask->body, "to_ms", 0));
    wire_pair_int (out, "event_from", wire_find_int (ask->body, "event_from", 0));
    wire_pair_int (out, "event_to", wire_find_int (ask->body, "event_to", 0));
    wire_pair_int (out, "important", wire_find_int (ask->body, "important", 1));
    wire_pair_int (out, "task", read->kind == REQUEST_READ_OWN ? TASK_OWN : 0);
    wire_put_text (out, "client");
    wire_put_bin (out, ask->client);
}

//  What is read: points, or the key of a setting of the terminal's own tasks.
static fep_err_t s_read_what (const door_ask_t *ask, const door_read_t *read, writer_t *out)
{
    if (read->kind != REQUEST_READ_OWN) {
        return door_read_points (ask, out);
    }
    wire_put_text (out, "points");
    wire_put_array (out, 1);
    wire_put_uint (out, (uint32_t) wire_find_int (ask->body, "key", 0));
    return FEP_OK;
}

//  The terminal's connector asks it and answers RESULT. CLOSED: the terminal is offline.
fep_err_t door_READ (control_t *self, door_ask_t *ask)
{
    const terminal_t *terminal = door_terminal (self, ask);
    uint8_t memory[HEAD_BYTES];
    writer_t out = writer_of (memory, sizeof memory);
    door_read_t read;
    if (!terminal) {
        return FEP_NOT_FOUND;
    }
    fep_err_t error = door_read_kind (ask, &read);
    if (error != FEP_OK) {
        return error;
    }
    const presence_t *presence = directory_find (self->directory, terminal->number);
    if (!door_online (presence)) {
        return FEP_CLOSED;
    }
    uint16_t mp;
    error = door_point (self, ask, terminal, presence, &mp);
    if (error != FEP_OK) {
        return error;
    }
    size_t mark = wire_open_map (&out);
    s_read_body (ask, presence, &read, mp, &out);
    uint32_t meter = control_meter (self, terminal->number, mp, &out);
    wire_close_map (&out, mark, 13 + meter);
    error = s_read_what (ask, &read, &out);
    if (error == FEP_OK && out.failed) {
        error = FEP_LIMIT;
    }
    if (error == FEP_OK) {
        error = actor_send_to (self->actor, self->inside, bytes_text (presence->connector),
                               WORD_REQUEST, writer_bytes (&out));
    }
    ask->forwarded = error == FEP_OK;
    return error == FEP_FULL ? FEP_BUSY : error;
}
