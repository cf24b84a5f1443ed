//  A terminal's own tasks (DL/T 698.45: 6012 task table, 6014 ordinary schemes, 601C report schemes): what ours make of
//  them, and how they are read back. Of a task of ours with number n:
//    6014 n       what is collected and how long it is kept: the frozen values of its points, of all meters
//    6012 n       when: each day, month or period, DELAY_MIN behind its begin (curves at once)
//    601C n, 6012 128 + n   with `report`: the newest record of each meter, at the task's offset
//  6012 and 6014 are as published frames have them; 601C is not confirmed by one.
#include "codecs/dlt698/requests.h"
#include "codecs/dlt698/explain.h"
#include "codecs/own.h"
#include "fep/text.h"

enum { TASKS = 0x6012, SCHEMES = 0x6014, REPORTS = 0x601C };
enum { ATTRIBUTE_LIST = 0x0200, METHOD_ADD = 127, METHOD_DELETE = 128 };
//  Half of the task numbers are for reports, whoever has one: no two tasks of ours want the same.
enum { NUMBER_MAX = 255, REPORT_TASKS = 128 };
enum { KIND_COLLECT = 1, KIND_REPORT = 4 };  //  Of a task's scheme
enum {
    METHOD_LAST = 1,
    METHOD_INTERVAL = 3
};                                     //  Of collecting: the last n frozen; by their time marks
enum { STAMP_FREEZE = 6 };             //  Records are stored under the time they were frozen
enum { STATE_ON = 1, STATE_OFF = 2 };  //  Of a task
enum { CONTENT_RECORD = 1 };           //  Of a report
enum { DELAY_MIN = 5, REPORT_WAIT_S = 60, REPORT_TIMES = 3 };
enum { KEEP_DAYS = 31, KEEP_MONTHS = 12, KEEP_CURVE_DAYS = 10 };
enum { FIELDS_MAX = 12 };

#define MINUTE_MS 60000
#define DAY_MIN 1440

//  ---- Reading back ----

typedef struct {
    uint16_t oi;
    uint8_t count;                  //  Elements of the structure
    const char *names[FIELDS_MAX];  //  Of them; the first is the number
} shape_t;

static const shape_t s_shapes[] = {
    {TASKS,
     12,
     {"number", "every", "kind", "scheme", "from", "to", "delay", "priority", "state",
      "script_before", "script_after", "hours"}},
    {SCHEMES, 6, {"number", "keep", "method", "columns", "meters", "stamp"}},
    {REPORTS, 5, {"number", "channels", "timeout", "times", "content"}}};

//  The OAD or OMD of a key's object.
static uint32_t s_id (uint32_t key, uint32_t low)
{
    return (key & 0xFFFF0000) | low;
}

static const shape_t *s_shape (uint32_t oad)
{
    for (size_t i = 0; i < sizeof s_shapes / sizeof *s_shapes; i++) {
        if (oad == s_id (OWN_KEY (s_shapes[i].oi, 0), ATTRIBUTE_LIST)) {
            return &s_shapes[i];
        }
    }
    return NULL;
}

static void s_json_ti (json_t *out, bytes_t body)
{
    static const char *const units[] = {"s", "min", "h", "d", "months", "years"};
    char text[24];
    writer_t line = writer_of (text, sizeof text);
    reader_t in = reader_of (body);
    json_t number = json_of (&line);
    uint8_t unit = reader_u8 (&in);
    json_int (&number, reader_u16be (&in));
    writer_put (&line, " ", 1);
    if (unit < sizeof units / sizeof *units) {
        writer_put (&line, units[unit], strlen (units[unit]));
    }
    json_string (out, writer_bytes (&line));
}

//  Whole numbers alike whatever their type: terminals differ in it.
static void s_json_field (json_t *out, const d698_data_t *data)
{
    reader_t in = reader_of (data->whole);
    int64_t number;
    if (d698_integer (data, &number)) {
        json_int (out, number);
    } else if (data->tag == DATA_DATE_TIME_S) {
        d698_json_date_time (out, data->body.data, data->body.size);
    } else if (data->tag == DATA_TI) {
        s_json_ti (out, data->body);
    } else {
        d698_json_data (out, &in);
    }
}

//  The items of one element. False, with nothing put: it has another shape.
static bool s_put_element (batch_t *batch, const shape_t *shape, const d698_data_t *element)
{
    const uint8_t oi[2] = {(uint8_t) (shape->oi >> 8), (uint8_t) shape->oi};
    text_t object = {"", 0};
    uint8_t room[OWN_JSON_MAX];
    writer_t text = writer_of (room, sizeof room);
    json_t json = json_of (&text);
    reader_t in = reader_of (element->body);
    int64_t number = -1;
    if (element->tag != DATA_STRUCT || element->count != shape->count) {
        return false;
    }
    json_object (&json);
    for (size_t i = 0; i < shape->count; i++) {
        d698_data_t data = d698_data (&in);
        if (i == 0 && !d698_integer (&data, &number)) {
            return false;
        }
        if (i > 0) {
            json_key (&json, shape->names[i]);
            s_json_field (&json, &data);
        }
    }
    json_object_end (&json);
    if (in.failed || text.failed || number < 0 || number > NUMBER_MAX) {
        return false;
    }
    text_hex (&object, oi, sizeof oi, true);
    own_put (batch, object.text, (uint32_t) number, writer_bytes (&text));
    return true;
}

bool d698_is_own (uint32_t oad)
{
    return s_shape (oad) != NULL;
}

void d698_put_own (d698_turn_t *turn, uint32_t oad, const d698_data_t *data)
{
    const shape_t *shape = s_shape (oad);
    reader_t in = reader_of (data->body);
    if (data->tag != DATA_ARRAY) {
        d698_keep_raw (turn, "unmapped_part", oad, 0, data->whole);
        return;
    }
    for (size_t i = 0; i < data->count; i++) {
        d698_data_t element = d698_data (&in);
        batch_mark_t mark = batch_mark (turn->io->batch);
        bool given = turn->raw_given;
        (void) d698_message (turn, MESSAGE_READING, &turn->self, true);
        if (!s_put_element (turn->io->batch, shape, &element)) {
            batch_rollback (turn->io->batch, mark);
            turn->raw_given = given;
            d698_keep_raw (turn, "unmapped_part", oad, 0, element.whole);
        }
    }
}

//  ---- Making ----

//  One setting being made: its Data go to out.
typedef struct {
    const own_wish_t *wish;
    codec_io_t *io;
    writer_t *out;
    uint16_t columns;  //  The freezing object
    size_t count;      //  Of objects
    const d698_object_t *objects[D698_OBJECTS_MAX];
} make_t;

static void s_u8 (make_t *self, uint8_t tag, unsigned value)
{
    writer_u8 (self->out, tag);
    writer_u8 (self->out, (uint8_t) value);
}

static void s_u16 (make_t *self, unsigned value)
{
    writer_u8 (self->out, DATA_U16);
    writer_u16be (self->out, (uint16_t) value);
}

static void s_ti (make_t *self, uint8_t unit, unsigned count)
{
    s_u8 (self, DATA_TI, unit);
    writer_u16be (self->out, (uint16_t) count);
}

static void s_oad (make_t *self, uint32_t oad)
{
    writer_u8 (self->out, DATA_OAD);
    writer_u32be (self->out, oad);
}

//  Of a task without limits 2000 and 2099.
static void s_date (make_t *self, int32_t day, bool ends)
{
    clock_civil_t date = ends ? (clock_civil_t){.year = 2099, .month = 12, .day = 31}
                              : (clock_civil_t){.year = 2000, .month = 1, .day = 1};
    if (day != (ends ? INT32_MAX : INT32_MIN)) {
        task_date (day, &date);
    }
    writer_u8 (self->out, DATA_DATE_TIME_S);
    writer_u16be (self->out, (uint16_t) date.year);
    writer_u8 (self->out, (uint8_t) date.month);
    writer_u8 (self->out, (uint8_t) date.day);
    writer_u8 (self->out, ends ? 23 : 0);
    writer_u8 (self->out, ends ? 59 : 0);
    writer_u8 (self->out, ends ? 59 : 0);
}

static unsigned s_period_min (const task_t *task)
{
    return (unsigned) (task->period_ms / MINUTE_MS);
}

static void s_put_every (make_t *self)
{
    const task_t *task = self->wish->task;
    if (task->type == TASK_CURVE) {
        s_ti (self, TI_MINUTE, s_period_min (task));
    } else {
        s_ti (self, task->type == TASK_DAILY ? TI_DAY : TI_MONTH, 1);
    }
}

//  6012: number, frequency, kind, scheme, from, to, delay, priority 1..4, state, scripts before and after, hours.
static void s_put_task (make_t *self, unsigned number, unsigned kind, unsigned delay_min)
{
    const task_t *task = self->wish->task;
    s_u8 (self, DATA_STRUCT, 12);
    s_u8 (self, DATA_U8, number);
    s_put_every (self);
    s_u8 (self, DATA_ENUM, kind);
    s_u8 (self, DATA_U8, task->number);
    s_date (self, task->from_day, false);
    s_date (self, task->to_day, true);
    s_ti (self, TI_MINUTE, delay_min);
    s_u8 (self, DATA_U8, 1 + task->priority * 4u / 10);
    s_u8 (self, DATA_ENUM, task->paused ? STATE_OFF : STATE_ON);
    s_u16 (self, 0);
    s_u16 (self, 0);
    s_u8 (self, DATA_STRUCT, 2);
    s_u8 (self, DATA_ENUM, 0);
    s_u8 (self, DATA_ARRAY, 1);
    s_u8 (self, DATA_STRUCT, 4);
    s_u8 (self, DATA_U8, 0);
    s_u8 (self, DATA_U8, 0);
    s_u8 (self, DATA_U8, 23);
    s_u8 (self, DATA_U8, 59);
}

//  The registers under what freezes them; `timed`: the freeze time before them.
static void s_put_road (make_t *self, bool timed)
{
    writer_u8 (self->out, 1);
    writer_u32be (self->out, (uint32_t) self->columns << 16 | 0x0200);
    d698_put_length (self->out, self->count + timed);
    if (timed) {
        writer_u32be (self->out, OAD_FREEZE_TIME);
    }
    for (size_t i = 0; i < self->count; i++) {
        writer_u32be (self->out, d698_oad (self->objects[i]));
    }
}

//  6014: number, how many are kept, method, columns, meters, time mark.
static void s_put_scheme (make_t *self)
{
    const task_t *task = self->wish->task;
    bool curve = task->type == TASK_CURVE;
    unsigned keep = curve                      ? KEEP_CURVE_DAYS * DAY_MIN / s_period_min (task)
                    : task->type == TASK_DAILY ? KEEP_DAYS
                                               : KEEP_MONTHS;
    s_u8 (self, DATA_STRUCT, 6);
    s_u8 (self, DATA_U8, task->number);
    s_u16 (self, keep);
    s_u8 (self, DATA_STRUCT, 2);
    s_u8 (self, DATA_U8, curve ? METHOD_INTERVAL : METHOD_LAST);
    if (curve) {
        s_ti (self, TI_MINUTE, s_period_min (task));
    } else {
        s_u8 (self, DATA_U8, 1);
    }
    s_u8 (self, DATA_ARRAY, 1);
    writer_u8 (self->out, DATA_CSD);
    s_put_road (self, false);
    s_u8 (self, DATA_MS, MS_ALL);
    s_u8 (self, DATA_ENUM, STAMP_FREEZE);
}

//  601C: number, channels, waiting time, times at most, {record, columns, rows}.
static void s_put_report (make_t *self)
{
    static const uint32_t roles[] = {OAD_SERVER_ADDRESS, OAD_TASK_START, OAD_TASK_SUCCESS,
                                     OAD_TASK_STORED};
    enum { ROLES = sizeof roles / sizeof *roles };
    s_u8 (self, DATA_STRUCT, 5);
    s_u8 (self, DATA_U8, self->wish->task->number);
    s_u8 (self, DATA_ARRAY, 1);
    s_oad (self, profile_setting (self->io->profile, SETTING_report_channel));
    s_ti (self, TI_SECOND, REPORT_WAIT_S);
    s_u8 (self, DATA_U8, REPORT_TIMES);
    s_u8 (self, DATA_STRUCT, 2);
    s_u8 (self, DATA_U8, CONTENT_RECORD);
    s_u8 (self, DATA_STRUCT, 3);
    s_oad (self, OAD_STORE);
    writer_u8 (self->out, DATA_RCSD);
    d698_put_length (self->out, ROLES + 1);
    for (size_t i = 0; i < ROLES; i++) {
        writer_u8 (self->out, 0);
        writer_u32be (self->out, roles[i]);
    }
    s_put_road (self, true);
    s_u8 (self, DATA_RSD, RSD_LAST_OF);
    writer_u8 (self->out, 1);
    writer_u8 (self->out, MS_ALL);
}

static fep_err_t s_columns (make_t *self)
{
    const task_t *task = self->wish->task;
    request_t request = {.kind = REQUEST_READ_FROZEN, .point_count = task->point_count};
    d698_ask_t ask = {.request = &request, .io = self->io, .meter = ""};
    memcpy (request.points, task->points, task->point_count * sizeof *task->points);
    self->columns = d698_freeze_oi (task_freeze (task->type));
    return d698_objects_of (&ask, self->objects, &self->count);
}

//  The Data of setting i, and its key.
static fep_err_t s_make (make_t *self, size_t i, uint32_t *key)
{
    const task_t *task = self->wish->task;
    unsigned number = task->number;
    bool curve = task->type == TASK_CURVE;
    fep_err_t error = s_columns (self);
    if (error || number >= REPORT_TASKS) {
        return error ? error : FEP_RANGE;
    }
    if (i == 0) {
        *key = OWN_KEY (SCHEMES, number);
        s_put_scheme (self);
    } else if (i == 1) {
        *key = OWN_KEY (TASKS, number);
        s_put_task (self, number, KIND_COLLECT, curve ? 0 : DELAY_MIN);
    } else if (i == 2) {
        *key = OWN_KEY (REPORTS, number);
        s_put_report (self);
    } else {
        *key = OWN_KEY (TASKS, REPORT_TASKS + number);
        s_put_task (self, REPORT_TASKS + number, KIND_REPORT,
                    (unsigned) (task->offset_ms / MINUTE_MS));
    }
    return FEP_OK;
}

fep_err_t d698_own (const own_wish_t *wish, size_t i, uint32_t *key, codec_io_t *io)
{
    const task_t *task = wish->task;
    uint8_t room[REQUEST_PASS_MAX];
    writer_t data = writer_of (room, sizeof room);
    make_t make = {.wish = wish, .io = io, .out = &data};
    if (!task || task_freeze (task->type) == FREEZE_NONE || i >= (task->report ? 4 : 2)) {
        return FEP_NOT_FOUND;
    }
    fep_err_t error = s_make (&make, i, key);
    if (error) {
        return error;
    }
    writer_u32be (io->send, s_id (*key, METHOD_ADD << 8));
    writer_u8 (io->send, DATA_ARRAY);
    writer_u8 (io->send, 1);
    writer_put (io->send, room, data.size);
    if (data.failed || io->send->failed) {
        return FEP_LIMIT;
    }
    reader_t in = reader_of (writer_bytes (&data));
    d698_data_t element = d698_data (&in);
    (void) batch_message (io->batch, MESSAGE_READING);
    bool put = s_put_element (io->batch, s_shape (s_id (*key, ATTRIBUTE_LIST)), &element);
    return put && !io->batch->failed ? FEP_OK : FEP_LIMIT;
}

fep_err_t d698_own_remove (uint32_t key, codec_io_t *io)
{
    if (!s_shape (s_id (key, ATTRIBUTE_LIST)) || (key & 0xFFFF) > NUMBER_MAX) {
        return FEP_UNSUPPORTED;
    }
    writer_u32be (io->send, s_id (key, METHOD_DELETE << 8));
    writer_u8 (io->send, DATA_ARRAY);
    writer_u8 (io->send, 1);
    writer_u8 (io->send, DATA_U8);
    writer_u8 (io->send, (uint8_t) key);
    return io->send->failed ? FEP_LIMIT : FEP_OK;
}

//  Schemes before the tasks that need them.
const uint32_t d698_own_lists[] = {OWN_KEY (SCHEMES, 0), OWN_KEY (REPORTS, 0), OWN_KEY (TASKS, 0),
                                   0};

//  ---- Asking ----

fep_err_t d698_ask_read_own (d698_ask_t *ask)
{
    uint32_t oad = s_id (ask->request->points[0], ATTRIBUTE_LIST);
    if (ask->request->point_count != 1 || !d698_is_own (oad)) {
        return FEP_UNSUPPORTED;
    }
    d698_begin (ask, APDU_GET, GET_ONE);
    writer_u32be (&ask->out, oad);
    d698_end (ask);
    return FEP_OK;
}

//  OMD and parameter are there; what changes can be sealed like any other action.
fep_err_t d698_ask_own (d698_ask_t *ask)
{
    if (ask->request->size < sizeof (uint32_t) + 1) {
        return FEP_RANGE;
    }
    d698_begin (ask, APDU_ACTION, ACTION_ONE);
    writer_put (&ask->out, ask->request->bytes, ask->request->size);
    d698_end (ask);
    return FEP_OK;
}
