//  Door: TASKS, TASK, TASK_PUT, TASK_PAUSE: what is to be collected.
#include "actors/control.h"
#include "fep/point.h"
#include <string.h>

#define ROW_ROOM 4096  //  Bytes of one row

//  A key as it stands in the task's text; empty if it has none.
static void s_pair_key (writer_t *out, const task_t *task, const char *key)
{
    char text[ARCHIVE_NAME_MAX + 1];
    writer_t value = writer_of (text, sizeof text);
    size_t i = 0;
    while (strcmp (task_key (i), key) != 0) {
        i++;
    }
    task_put_value (task, i, &value);
    wire_put_text (out, key);
    wire_put_str (out, writer_bytes (&value));
}

static void s_put_row (writer_t *out, const archive_text_t *text)
{
    task_t task;
    archive_task_read (text, &task);
    wire_put_map (out, 21);
    wire_pair_uint (out, "number", task.number);
    wire_pair_text (out, "name", task.name);
    wire_pair_text (out, "type", task_type_name (task.type));
    wire_pair_text (out, "group", task.group);
    wire_pair_int (out, "area", task.area);
    wire_pair_text (out, "terminal", task.terminal);
    wire_put_text (out, "points");
    wire_put_array (out, task.point_count);
    for (size_t i = 0; i < task.point_count; i++) {
        char name[64];
        point_name (task.points[i], name, sizeof name);
        wire_put_text (out, name);
    }
    wire_pair_int (out, "period_ms", task.period_ms);
    wire_pair_int (out, "offset_ms", task.offset_ms);
    wire_pair_int (out, "spread_ms", task.spread_ms);
    s_pair_key (out, &task, "from");
    s_pair_key (out, &task, "to");
    wire_pair_uint (out, "priority", task.priority);
    wire_pair_uint (out, "rereads", task.rereads);
    wire_pair_int (out, "reread_ms", task.reread_ms);
    wire_pair_int (out, "window_ms", task.window_ms);
    wire_pair_int (out, "timely_ms", task.timely_ms);
    wire_pair_uint (out, "share", task.share);
    wire_pair_bool (out, "report", task.report);
    wire_pair_bool (out, "paused", task.paused);
    wire_pair_uint (out, "change", text->change);
}

//  from: the first number, from 1.
fep_err_t door_TASKS (control_t *self, door_ask_t *ask)
{
    const archive_t *archive = actor_context (self->actor)->archive;
    int64_t from = wire_find_int (ask->body, "from", 0);
    uint32_t before = from > TASKS_MAX ? TASKS_MAX : from > 1 ? (uint32_t) from - 1 : 0;
    const archive_text_t *text = archive_task_next (archive, before);
    uint32_t rows = 0;
    wire_put_map (&ask->out, 3);
    wire_pair_int (&ask->out, "token", ask->token);
    wire_put_text (&ask->out, "tasks");
    size_t mark = wire_open_array (&ask->out);
    for (; text && ask->out.capacity - ask->out.size > ROW_ROOM; rows++) {
        s_put_row (&ask->out, text);
        text = archive_task_next (archive, text->number);
    }
    wire_close_array (&ask->out, mark, rows);
    wire_pair_uint (&ask->out, "next", text ? text->number : 0);
    return FEP_OK;
}

//  The task of the request's name. NULL, and the fault is said: there is none.
static const archive_text_t *s_find (control_t *self, door_ask_t *ask)
{
    char name[ARCHIVE_NAME_MAX + 1];
    wire_find_text (ask->body, "name", name, sizeof name);
    const archive_text_t *text =
        archive_task_find (actor_context (self->actor)->archive, bytes_text (name));
    if (!text) {
        (void) door_fault (ask, FEP_NOT_FOUND, 0, "there is no task of that name");
    }
    return text;
}

fep_err_t door_TASK (control_t *self, door_ask_t *ask)
{
    const archive_text_t *text = s_find (self, ask);
    if (!text) {
        return FEP_NOT_FOUND;
    }
    wire_put_map (&ask->out, 4);
    wire_pair_int (&ask->out, "token", ask->token);
    wire_pair_uint (&ask->out, "number", text->number);
    wire_pair_text (&ask->out, "name", text->name);
    wire_put_text (&ask->out, "text");
    wire_put_str (&ask->out, text->text);
    return FEP_OK;
}

static fep_err_t s_put (control_t *self, door_ask_t *ask, const char *name, bytes_t text)
{
    archive_plan_t *plan;
    archive_fault_t fault;
    fep_err_t error =
        archive_plan_task (actor_context (self->actor)->archive, name, text, &plan, &fault);
    return error ? door_fault (ask, error, fault.line, fault.text)
                 : door_apply (self, ask, &plan, "task", false);
}

//  An empty text removes the task.
fep_err_t door_TASK_PUT (control_t *self, door_ask_t *ask)
{
    char name[ARCHIVE_NAME_MAX + 1];
    bytes_t text;
    fep_err_t error = door_text (ask, name, &text);
    return error ? error : s_put (self, ask, name, text);
}

//  Of one that is as it shall be nothing is changed, not even how its text is written.
fep_err_t door_TASK_PAUSE (control_t *self, door_ask_t *ask)
{
    const archive_text_t *text = s_find (self, ask);
    char room[TASK_TEXT_MAX + TASK_PAUSED_ROOM];
    writer_t out = writer_of (room, sizeof room);
    reader_t value;
    task_t task;
    if (!text) {
        return FEP_NOT_FOUND;
    }
    bool found = wire_find (ask->body, "paused", &value);
    bool paused = found && wire_get_bool (&value);
    if (!found || value.failed) {
        return door_fault (ask, FEP_SYNTAX, 0, "paused: say true or false");
    }
    archive_task_read (text, &task);
    if (task.paused == paused) {
        return s_put (self, ask, text->name, text->text);
    }
    task_put_paused (text->text, paused, &out);
    return s_put (self, ask, text->name, writer_bytes (&out));
}
