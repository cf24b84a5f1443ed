//  A terminal's own tasks (Q/GDW 1376.1, AFN 04 and 0A): the concentrator's reading of its meters (F33, F34, F35, F38,
//  F39), as its profile has them byte by byte; and for tasks of ours that have `report` what it reports by itself (F65
//  class 1, F66 class 2; F67 and F68 start or stop them; pn is the number of the task).
#include "codecs/gdw1376/explain.h"
#include "codecs/gdw1376/parts.h"
#include "codecs/gdw1376/text.h"
#include "codecs/own.h"

enum { SCHEDULE = 33, MODULES = 34, KEY_USERS = 35, CLASS_1 = 38, CLASS_2 = 39 };
enum { REPORT_1 = 65, REPORT_2 = 66, SWITCH_1 = 67, SWITCH_2 = 68 };
enum { START = 0x55, STOP = 0xAA };
enum { TASK_MAX = 64, FNS_MAX = PROFILE_POINTS_MAX, UNITS_MAX = 255 };
enum { EACH_MINUTE, EACH_HOUR, EACH_DAY, EACH_MONTH, COUNT_MAX = 63 };

#define MINUTE_MS 60000
#define DAY_MIN 1440

bool gdw_is_own (uint16_t fn)
{
    return (fn >= SCHEDULE && fn <= KEY_USERS) || fn == CLASS_1 || fn == CLASS_2 ||
           (fn >= REPORT_1 && fn <= SWITCH_2);
}

//  ---- Reading back ----

//  The items of one parameter. False, with nothing put: its bytes end before, or are too many to be shown.
static bool s_put (batch_t *batch, uint16_t pn, uint16_t fn, reader_t *in)
{
    uint8_t room[OWN_JSON_MAX];
    text_t object = {"", 0};
    writer_t text = writer_of (room, sizeof room);
    json_t json = json_of (&text);
    gdw_service_t *service = NULL;
    if (gdw_service_find (AFN_QUERY, fn, true, &service) < SERVICE_DATA) {
        return false;
    }
    text_number (&object, "F", fn);
    json_object (&json);
    service (&json, in);
    json_object_end (&json);
    if (in->failed || text.failed) {
        return false;
    }
    own_put (batch, object.text, pn, writer_bytes (&text));
    return true;
}

bool gdw_visit_own (gdw_turn_t *self, uint16_t pn, uint16_t fn, reader_t *in)
{
    batch_t *batch = self->io->batch;
    gdw_place_t place = {pn, fn, -1};
    bytes_t left = {in->data + in->pos, reader_left (in)};
    batch_mark_t mark = batch_mark (batch);
    bool given = self->raw_given;
    (void) gdw_message (self, MESSAGE_READING, 0, true);
    if (s_put (batch, pn, fn, in)) {
        return true;
    }
    batch_rollback (batch, mark);
    self->raw_given = given;
    gdw_keep_cut (self, &place, left);
    return false;
}

//  ---- Making ----

//  How often, and the first instant: the task's offset behind the begin of its first day, month or period.
static fep_err_t s_put_when (writer_t *out, const task_t *task)
{
    int64_t offset_min = task->offset_ms / MINUTE_MS;
    int64_t period_min = task->period_ms / MINUTE_MS;
    bool daily = task->type == TASK_DAILY || period_min == DAY_MIN;
    unsigned unit = EACH_MINUTE;
    if (daily || task->type == TASK_MONTHLY) {
        unit = daily ? EACH_DAY : EACH_MONTH;
    } else if (period_min % 60 == 0) {
        unit = EACH_HOUR;
    }
    int64_t count = unit == EACH_MINUTE ? period_min : unit == EACH_HOUR ? period_min / 60 : 1;
    clock_civil_t date = {.year = 2000, .month = 1, .day = 1};
    if (count > COUNT_MAX) {
        return FEP_RANGE;
    }
    if (task->from_day != INT32_MIN) {
        task_date (task->from_day, &date);
        date.day = unit == EACH_MONTH ? 1 : date.day;
    }
    for (int64_t days = offset_min / DAY_MIN; days > 0; days--) {
        zone_next_day (&date);
    }
    date.hour = (int) (offset_min % DAY_MIN / 60);
    date.minute = (int) (offset_min % 60);
    date.second = 0;
    writer_u8 (out, (uint8_t) (unit << 6 | (unsigned) count));
    gdw_put_time (out, &date);
    return FEP_OK;
}

//  One unit for the points of a group of eight. Returns how many of them it took.
static size_t s_put_group (writer_t *out, const own_wish_t *wish, size_t from, uint16_t fn)
{
    unsigned group = wish->mps[from] ? (wish->mps[from] - 1u) / 8 : 0;
    unsigned mask = 0;
    size_t count = 0;
    if (wish->mps[from] == 0) {
        gdw_put_unit (out, 0, fn);
        return 1;
    }
    while (from + count < wish->mp_count && (wish->mps[from + count] - 1u) / 8 == group) {
        mask |= 1u << ((wish->mps[from + count] - 1u) & 7);
        count++;
    }
    writer_u8 (out, (uint8_t) mask);
    writer_u8 (out, (uint8_t) (group + 1));
    writer_u8 (out, (uint8_t) (1u << ((fn - 1u) & 7)));
    writer_u8 (out, (uint8_t) ((fn - 1u) >> 3));
    return count;
}

//  F65, F66: how often, when first, each value of a curve, which units.
static fep_err_t s_put_report (writer_t *out, const own_wish_t *wish, codec_io_t *io)
{
    const task_t *task = wish->task;
    uint16_t fns[FNS_MAX];
    size_t fn_count = 0, units = 0;
    request_t request = {.kind = task_freeze (task->type) ? REQUEST_READ_FROZEN : REQUEST_READ,
                         .freeze = task_freeze (task->type),
                         .point_count = task->point_count,
                         .mp = wish->mp_count ? wish->mps[0] : 0};
    memcpy (request.points, task->points, task->point_count * sizeof *task->points);
    fep_err_t error = gdw_fns_of (&request, io, fns, &fn_count);
    error = error ? error : s_put_when (out, task);
    if (error) {
        return error;
    }
    writer_u8 (out, 1);
    size_t at = out->size;
    writer_u8 (out, 0);
    for (size_t i = 0; i < fn_count; i++) {
        for (size_t from = 0; from < wish->mp_count && !out->failed; units++) {
            from += s_put_group (out, wish, from, fns[i]);
        }
    }
    if (out->failed || units > UNITS_MAX) {
        return FEP_LIMIT;
    }
    out->data[at] = (uint8_t) units;
    return FEP_OK;
}

static fep_err_t s_of_task (const own_wish_t *wish, size_t i, profile_own_t *row, codec_io_t *io)
{
    const task_t *task = wish->task;
    bool frozen = task_freeze (task->type) != FREEZE_NONE;
    writer_t out = writer_of (row->bytes, sizeof row->bytes);
    if (!task->report || task->type == TASK_EVENT || wish->mp_count == 0 || i > 1) {
        return FEP_NOT_FOUND;
    }
    if (task->number > TASK_MAX) {
        return FEP_RANGE;
    }
    row->pn = (uint16_t) task->number;
    if (i == 1) {
        row->fn = frozen ? SWITCH_2 : SWITCH_1;
        writer_u8 (&out, task->paused ? STOP : START);
    } else {
        row->fn = frozen ? REPORT_2 : REPORT_1;
        fep_err_t error = s_put_report (&out, wish, io);
        if (error) {
            return error;
        }
    }
    row->size = (uint8_t) out.size;
    return FEP_OK;
}

fep_err_t gdw_own (const own_wish_t *wish, size_t i, uint32_t *key, codec_io_t *io)
{
    profile_own_t row = {.size = 0};
    if (wish->task) {
        fep_err_t error = s_of_task (wish, i, &row, io);
        if (error) {
            return error;
        }
    } else if (io->profile && i < io->profile->own_count) {
        row = io->profile->own[i];
    } else {
        return FEP_NOT_FOUND;
    }
    reader_t in = reader_of (bytes_of (row.bytes, row.size));
    *key = OWN_KEY (row.fn, row.pn);
    if (!gdw_is_own (row.fn)) {
        return FEP_UNSUPPORTED;
    }
    gdw_put_unit (io->send, row.pn, row.fn);
    writer_put (io->send, row.bytes, row.size);
    (void) batch_message (io->batch, MESSAGE_READING);
    if (!s_put (io->batch, row.pn, row.fn, &in) || reader_left (&in)) {
        return FEP_RANGE;
    }
    return io->send->failed || io->batch->failed ? FEP_LIMIT : FEP_OK;
}

//  A report can be stopped; what a concentrator reads has no such switch.
fep_err_t gdw_own_remove (uint32_t key, codec_io_t *io)
{
    uint16_t fn = (uint16_t) (key >> 16);
    if (fn < REPORT_1 || fn > SWITCH_2) {
        return FEP_UNSUPPORTED;
    }
    bool first = fn == REPORT_1 || fn == SWITCH_1;
    gdw_put_unit (io->send, (uint16_t) key, first ? SWITCH_1 : SWITCH_2);
    writer_u8 (io->send, STOP);
    return io->send->failed ? FEP_LIMIT : FEP_OK;
}

//  ---- Asking ----

//  F33 and F34 are asked for by port: those of the profile.
static fep_err_t s_put_ports (writer_t *out, const codec_io_t *io, uint16_t fn, uint16_t pn)
{
    enum { HEAD = 13, MODULE = 6, PERIOD = 4 };
    const profile_own_t *row = NULL;
    for (size_t i = 0; io->profile && i < io->profile->own_count; i++) {
        const profile_own_t *own = &io->profile->own[i];
        row = own->fn == fn && own->pn == pn ? own : row;
    }
    if (!row) {
        return FEP_NOT_FOUND;
    }
    reader_t in = reader_of (bytes_of (row->bytes, row->size));
    uint8_t count = reader_u8 (&in);
    writer_u8 (out, count);
    for (unsigned i = 0; i < count && !in.failed; i++) {
        writer_u8 (out, reader_u8 (&in));
        if (fn == MODULES) {
            (void) reader_take (&in, MODULE - 1);
        } else {
            (void) reader_take (&in, HEAD - 1);
            (void) reader_take (&in, reader_u8 (&in) * PERIOD);
        }
    }
    return in.failed ? FEP_RANGE : FEP_OK;
}

fep_err_t gdw_ask_read_own (const request_t *request, const codec_io_t *io, gdw_ask_t *ask)
{
    uint16_t fn = (uint16_t) (request->points[0] >> 16);
    uint16_t pn = (uint16_t) request->points[0];
    if (request->point_count != 1 || !gdw_is_own (fn)) {
        return FEP_UNSUPPORTED;
    }
    ask->afn = AFN_QUERY;
    ask->done = 1;
    ask->finished = true;
    gdw_put_unit (&ask->units, pn, fn);
    return fn <= MODULES ? s_put_ports (&ask->units, io, fn, pn) : FEP_OK;
}

fep_err_t gdw_ask_own (const request_t *request, const codec_io_t *io, gdw_ask_t *ask)
{
    (void) io;
    ask->afn = AFN_SET;
    writer_put (&ask->units, request->bytes, request->size);
    return request->size > 4 ? FEP_OK : FEP_RANGE;
}
