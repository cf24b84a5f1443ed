//  Door: OWN, what a terminal's own tasks shall be because of ours. And its part of COMMAND, which makes a setting of
//  them so.
#include "actors/control.h"
#include "fep/point.h"
#include <stdlib.h>
#include <string.h>

#define ROW_ROOM 12288  //  Bytes of one row
#define MPS_MAX 65535   //  Measuring points of a terminal

//  What is needed to ask a codec.
typedef struct {
    const archive_t *archive;
    const terminal_t *terminal;
    const codec_t *codec;
    profile_t *profile;       //  The terminal's own, or NULL
    codec_options_t options;  //  Usual ones
    batch_t *batch;           //  What reading gives
    uint16_t *mps;            //  Of the terminal, without 0
    size_t mp_count;          //  Of them
    uint8_t bytes[REQUEST_PASS_MAX];
} own_t;

static void s_end (own_t *self)
{
    profile_destroy (&self->profile);
    batch_destroy (&self->batch);
    free (self->mps);
}

//  NOT_FOUND: no such terminal. CLOSED: it never came, so its protocol is not known. UNSUPPORTED: that has no own
//  tasks.
static fep_err_t s_begin (control_t *self, door_ask_t *ask, own_t *own)
{
    size_t count = 0;
    profile_fault_t fault;
    own->archive = actor_context (self->actor)->archive;
    own->terminal = door_terminal (self, ask);
    if (!own->terminal) {
        return FEP_NOT_FOUND;
    }
    const presence_t *presence = directory_find (self->directory, own->terminal->number);
    own->codec = presence ? presence->codec : NULL;
    if (!own->codec) {
        return door_fault (ask, FEP_CLOSED, 0,
                           "it did not come since the start: its protocol is not known");
    }
    if (!own->codec->own) {
        return door_fault (ask, FEP_UNSUPPORTED, 0,
                           "its protocol has no tasks of the terminal's own");
    }
    const archive_text_t *text = archive_profile (own->archive, own->terminal->profile);
    if (text && profile_parse (text->text, &own->profile, &fault) != FEP_OK) {
        return FEP_CORRUPT;
    }
    const measuring_point_t *points = archive_points (own->archive, own->terminal->number, &count);
    own->mps = calloc (count + 1, sizeof *own->mps);
    FEP_ASSERT (own->mps);
    for (size_t i = 0; i < count && own->mp_count < MPS_MAX; i++) {
        if (points[i].mp) {
            own->mps[own->mp_count++] = points[i].mp;
        }
    }
    own->batch = batch_new ();
    return FEP_OK;
}

static bool s_concerns (const own_t *self, const task_t *task)
{
    const terminal_t *terminal = self->terminal;
    bool in_group = !task->group[0];
    for (uint32_t i = 0; !in_group && i < ARCHIVE_GROUPS_MAX; i++) {
        in_group = (terminal->groups >> i & 1) &&
                   strcmp (archive_group (self->archive, i), task->group) == 0;
    }
    return in_group && (task->area < 0 || task->area == terminal->area) &&
           (!task->terminal[0] || strcmp (task->terminal, terminal->address) == 0);
}

//  Setting i of a task, or with NULL of the profile. Its bytes are in self->bytes, its message is the batch's only one.
static fep_err_t s_setting (own_t *self, const task_t *task, size_t i, uint32_t *key, size_t *size)
{
    static const uint16_t itself[1] = {0};
    bool of_terminal = task && task_of_terminal (task->type);
    own_wish_t wish = {.task = task,
                       .mps = of_terminal ? itself : self->mps,
                       .mp_count = of_terminal ? 1 : self->mp_count};
    writer_t send = writer_of (self->bytes, sizeof self->bytes);
    codec_io_t io = {
        .options = &self->options, .profile = self->profile, .batch = self->batch, .send = &send};
    batch_clear (self->batch);
    fep_err_t error = self->codec->own (&wish, i, key, &io);
    *size = send.size;
    return error;
}

//  ---- OWN ----

static void s_put_fields (writer_t *out, const batch_t *batch)
{
    uint32_t rows = 0;
    wire_put_text (out, "fields");
    size_t mark = wire_open_array (out);
    for (size_t i = 0; i < batch->item_count; i++) {
        const value_t *value = &batch->items[i].value;
        if (batch->items[i].point == POINT_OWN_FIELD && value->kind == VALUE_TEXT) {
            wire_put_str (out, bytes_of (value->text, (size_t) value->exponent));
            rows++;
        }
    }
    wire_close_array (out, mark, rows);
}

//  What was made, or why it cannot be.
static void s_put_row (writer_t *out, const own_t *self, const char *task, uint32_t key,
                       fep_err_t error)
{
    char object[8] = "";
    const batch_t *batch = self->batch;
    if (error) {
        wire_put_map (out, 2);
        wire_pair_text (out, "task", task);
        wire_pair_text (out, "cannot", fep_err_name (error));
        return;
    }
    if (batch->item_count && batch->items[0].value.kind == VALUE_TEXT) {
        const value_t *value = &batch->items[0].value;
        memcpy (object, value->text, (size_t) value->exponent < 7 ? (size_t) value->exponent : 7);
    }
    wire_put_map (out, 5);
    wire_pair_text (out, "task", task);
    wire_pair_uint (out, "key", key);
    wire_pair_text (out, "object", object);
    wire_pair_uint (out, "number", key & 0xFFFF);
    s_put_fields (out, batch);
}

//  All settings of a task, or of the profile.
static uint32_t s_put_task (writer_t *out, own_t *self, const task_t *task)
{
    uint32_t rows = 0;
    for (size_t i = 0;; i++) {
        uint32_t key = 0;
        size_t size;
        fep_err_t error = s_setting (self, task, i, &key, &size);
        if (error == FEP_NOT_FOUND) {
            return rows;
        }
        s_put_row (out, self, task ? task->name : "", key, error);
        rows++;
        if (error && task) {
            return rows;
        }
    }
}

static void s_put_lists (writer_t *out, const codec_t *codec)
{
    uint32_t count = 0;
    wire_put_text (out, "lists");
    size_t mark = wire_open_array (out);
    for (const uint32_t *key = codec->own_lists; key && *key; key++) {
        wire_put_uint (out, *key);
        count++;
    }
    wire_close_array (out, mark, count);
}

//  from: the first task's number; 0: the profile goes before them.
fep_err_t door_OWN (control_t *self, door_ask_t *ask)
{
    own_t own = {.archive = NULL};
    task_t task;
    uint32_t rows = 0;
    writer_t *out = &ask->out;
    fep_err_t error = s_begin (self, ask, &own);
    if (error) {
        s_end (&own);
        return error;
    }
    int64_t from = wire_find_int (ask->body, "from", 0);
    uint32_t before = from > TASKS_MAX ? TASKS_MAX : from > 1 ? (uint32_t) from - 1 : 0;
    wire_put_map (out, 4);
    wire_pair_int (out, "token", ask->token);
    s_put_lists (out, own.codec);
    wire_put_text (out, "settings");
    size_t mark = wire_open_array (out);
    rows += before ? 0 : s_put_task (out, &own, NULL);
    const archive_text_t *text = archive_task_next (own.archive, before);
    for (; text && out->capacity - out->size > ROW_ROOM;
         text = archive_task_next (own.archive, text->number)) {
        archive_task_read (text, &task);
        rows += s_concerns (&own, &task) ? s_put_task (out, &own, &task) : 0;
    }
    wire_close_array (out, mark, rows);
    wire_pair_uint (out, "next", text ? text->number : 0);
    s_end (&own);
    return FEP_OK;
}

//  ---- COMMAND ----

//  The bytes of one setting: of the profile, or of the first task that has it.
static fep_err_t s_find (own_t *self, uint32_t wanted, size_t *size)
{
    task_t task;
    const archive_text_t *text = NULL;
    do {
        if (text) {
            archive_task_read (text, &task);
        }
        uint32_t key = 0;
        fep_err_t error = FEP_OK;
        bool goes = !text || s_concerns (self, &task);
        for (size_t i = 0; goes; i++) {
            error = s_setting (self, text ? &task : NULL, i, &key, size);
            goes = text ? !error : error != FEP_NOT_FOUND;
            if (!error && key == wanted) {
                return FEP_OK;
            }
        }
        text = archive_task_next (self->archive, text ? text->number : 0);
    } while (text);
    return FEP_NOT_FOUND;
}

fep_err_t door_own_bytes (control_t *self, door_ask_t *ask, writer_t *out)
{
    own_t own = {.archive = NULL};
    reader_t in;
    size_t size = 0;
    uint32_t key = (uint32_t) wire_find_int (ask->body, "key", 0);
    bool remove = wire_find (ask->body, "remove", &in) && wire_get_bool (&in);
    fep_err_t error = s_begin (self, ask, &own);
    if (!error && remove) {
        writer_t send = writer_of (own.bytes, sizeof own.bytes);
        codec_io_t io = {.options = &own.options, .send = &send};
        error = own.codec->own_remove (key, &io);
        size = send.size;
    } else if (!error) {
        error = s_find (&own, key, &size);
    }
    if (!error) {
        wire_put_bin (out, bytes_of (own.bytes, size));
    } else if (!ask->text[0]) {
        (void) door_fault (ask, error, 0, "key: none of OWN, or one that cannot be removed");
    }
    s_end (&own);
    return error;
}
