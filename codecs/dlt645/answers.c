//  What meters say: readings, refusals, who they are. An answer of several frames is decoded frame by frame; only a
//  field cut in two waits for the next.
#include "codecs/dlt645/parts.h"
#include "fep/point.h"

enum { NO_SUCH_DATA = 0x02, UNAUTHORISED = 0x04, NEAR_MIDNIGHT_MIN = 0x05 };

static const char s_hex[] = "0123456789ABCDEF";

//  The data of an answer.
typedef struct {
    uint8_t bytes[DLT_FIELD_MAX + DLT_DATA_MAX];
    size_t size;
    size_t from;      //  Number of its first field
    absent_t absent;  //  Without bytes: why
    bool piece;       //  Further frames bring the rest
} data_t;

static message_t *s_message (codec_io_t *io, message_kind_t kind, const dlt_frame_t *frame,
                             bytes_t raw)
{
    char text[ADDRESS_MAX + 1];
    dlt_address_text (frame->address, text);
    message_t *message = batch_message (io->batch, kind);
    message->received_ms = io->wall_ms;
    message->mp = io->meter ? io->meter->mp : 0;
    message->address = batch_keep (io->batch, io->address.size ? io->address : bytes_text (text));
    message->raw = batch_keep (io->batch, raw);
    return message;
}

//  Behind `text` its name and the bytes in hex, high first.
static void s_append_hex (char *text, const char *name, uint32_t number, size_t bytes)
{
    size_t size = strlen (text);
    memcpy (text + size, name, strlen (name));
    size += strlen (name);
    for (size_t i = bytes * 2; i-- > 0;) {
        text[size++] = s_hex[number >> 4 * i & 15];
    }
    text[size] = 0;
}

//  What is not understood is kept as it came.
static void s_keep_raw (codec_io_t *io, const dlt_frame_t *frame, bytes_t raw, const char *reason)
{
    char detail[40] = "";
    uint32_t di;
    (void) s_message (io, MESSAGE_EVENT, frame, raw);
    batch_text (io->batch, POINT_EVENT_RAW, reason);
    s_append_hex (detail, "C=", frame->control, 1);
    if (frame->control & DLT_ERROR && frame->size) {
        s_append_hex (detail, " ERR=", frame->data[0], 1);
    } else if (dlt_has_di (frame, &di)) {
        s_append_hex (detail, " DI=", di, dlt_di_size (dlt_is_old (frame)));
    }
    batch_text (io->batch, POINT_EVENT_DETAIL, detail);
    io->raw_units++;
}

static void s_put (codec_io_t *io, uint32_t point, value_t value)
{
    if (value.kind == VALUE_TEXT) {
        batch_text (io->batch, point, value.text);
    } else {
        batch_item (io->batch, point, value);
    }
}

//  ---- Readings ----

//  Where a part belongs: its point, 0 if that cannot be said without an instant.
static uint32_t s_place (const dlt_state_t *state, const dlt_item_t *item, const dlt_part_t *part)
{
    if (state->target_ms && (item->row->freeze || part->period)) {
        return part->point;
    }
    if (item->row->freeze || part->period > 1) {
        return 0;
    }
    return part->period ? dlt_last_billing (part->point) : part->point;
}

static uint16_t s_doubt (const dlt_state_t *state)
{
    static const uint16_t doubts[] = {[DLT_STAMP_UNKNOWN] = QUALITY_CLOCK_DOUBTFUL,
                                      [DLT_STAMP_GOOD] = 0,
                                      [DLT_STAMP_OTHER] = QUALITY_INVALID | QUALITY_FREEZE_STAMP};
    return state->target_ms ? doubts[state->stamp] : 0;
}

//  The instant the values are of, if one was asked for.
static void s_date (const dlt_state_t *state, const dlt_item_t *item, message_t *message)
{
    if (state->target_ms && (item->row->freeze || item->period)) {
        message->freeze = item->row->freeze ? item->row->freeze : FREEZE_MONTH;
        message->time_ms = state->target_ms;
    }
}

//  One reading with `count` fields. absent: the meter has none of them. Returns the bytes used.
static size_t s_put_fields (const dlt_state_t *state, const dlt_item_t *item, const data_t *data,
                            size_t count, codec_io_t *io, const dlt_frame_t *frame, bytes_t raw)
{
    dlt_now_t now = {io->options->zone, io->wall_ms};
    dlt_part_t part;
    size_t used = 0;
    bool begun = false, lost = false;
    for (size_t i = 0; i < count && dlt_item_part (item, data->from + i, &part); i++) {
        char text[DLT_TEXT_MAX];
        uint32_t point = s_place (state, item, &part);
        value_t value = data->size ? dlt_value (part.field, data->bytes + used, &now, text)
                                   : value_none (data->absent, part.field->quality);
        used += data->size ? part.field->size : 0;
        lost = lost || !point;
        if (!point) {
            continue;
        }
        if (!begun) {
            s_date (state, item, s_message (io, MESSAGE_READING, frame, raw));
            begun = true;
        }
        value.quality |= item->row->freeze || part.period ? s_doubt (state) : 0;
        s_put (io, point, value);
        //  A total and some of its tariffs would not add up: it stands alone.
        begun = begun && !(data->piece && data->from + i == 0);
    }
    if (lost) {
        s_keep_raw (io, frame, raw, "no_instant");
    }
    return used;
}

//  How many whole fields the data hold, and how many bytes these are. *ends: nothing is cut there.
static size_t s_count (const dlt_item_t *item, const data_t *data, size_t *bytes, bool *ends)
{
    dlt_part_t part;
    size_t count = 0;
    *bytes = 0;
    *ends = true;
    while (dlt_item_part (item, data->from + count, &part) &&
           part.field->size <= data->size - *bytes) {
        *bytes += part.field->size;
        *ends = part.ends;
        count++;
    }
    return count;
}

//  Are there fields behind the first `count`?
static bool s_more (const dlt_item_t *item, const data_t *data, size_t count)
{
    dlt_part_t part;
    return dlt_item_part (item, data->from + count, &part);
}

//  The last or only frame of an answer.
static void s_last (dlt_state_t *state, const dlt_item_t *item, data_t *data, codec_io_t *io,
                    const dlt_frame_t *frame, bytes_t raw)
{
    size_t bytes;
    bool ends;
    size_t count = s_count (item, data, &bytes, &ends);
    bool block_end = item->row->old && data->size == bytes + 1 && data->bytes[bytes] == DLT_ANY;
    bool fits = (data->size == bytes || block_end) && ends;
    bool nothing = count == 0 && !(fits && data->from);
    if (nothing || (!fits && (s_more (item, data, count) || !ends))) {
        s_keep_raw (io, frame, raw, data->size ? "length" : "no_data");
        return;
    }
    if (count) {
        (void) s_put_fields (state, item, data, count, io, frame, raw);
    }
    if (!fits) {
        s_keep_raw (io, frame, raw, "behind_its_data");
    }
}

//  Further frames come: what is cut at the end waits.
static void s_not_last (dlt_state_t *state, const dlt_item_t *item, data_t *data, codec_io_t *io,
                        const dlt_frame_t *frame, bytes_t raw)
{
    size_t bytes;
    bool ends;
    size_t count = s_count (item, data, &bytes, &ends);
    if (data->size - bytes > DLT_FIELD_MAX) {
        //  More than there can be.
        s_keep_raw (io, frame, raw, "behind_its_data");
        state->follow_at = (uint16_t) (state->follow_at + count);
        state->rest_size = 0;
        return;
    }
    data->piece = true;
    if (count) {
        (void) s_put_fields (state, item, data, count, io, frame, raw);
    }
    state->follow_at = (uint16_t) (state->follow_at + count);
    state->rest_size = (uint8_t) (data->size - bytes);
    memcpy (state->rest, data->bytes + bytes, state->rest_size);
}

//  Which bytes of a frame are data: behind the DI, before the SEQ of a further frame.
static void s_take_data (const dlt_state_t *state, const dlt_frame_t *frame, bool next,
                         data_t *data)
{
    size_t from = dlt_di_size (dlt_is_old (frame));
    size_t to = frame->size - (dlt_function (frame) == DLT_NEXT ? 1u : 0u);
    size_t rest = next ? state->rest_size : 0;
    to = to < from ? from : to;
    memcpy (data->bytes, state->rest, rest);
    memcpy (data->bytes + rest, frame->data + from, to - from);
    data->size = rest + (to - from);
    data->from = next ? state->follow_at : 0;
    data->absent = ABSENT_UNKNOWN;
    data->piece = false;
}

//  ---- The clock and the stamps of freezes ----

//  Time and date were read one behind the other: near midnight the date once more.
static void s_clock (dlt_state_t *state, const dlt_frame_t *frame, const data_t *data,
                     codec_io_t *io, bytes_t raw)
{
    int64_t utc_ms;
    const uint8_t *p = data->bytes;
    if (state->asked == DLT_ASKED_DATE && data->size >= 4) {
        memcpy (state->date, p + 1, sizeof state->date);
        state->has_date = true;
        if (!state->date_again) {
            return;
        }
    } else if (state->asked == DLT_ASKED_TIME && data->size >= 3 && state->has_date) {
        memcpy (state->time, p, sizeof state->time);
        if (p[2] == 0 && p[1] < NEAR_MIDNIGHT_MIN && !state->date_again) {
            state->date_again = true;
            io->answer = ANSWER_AGAIN;
            return;
        }
    } else {
        return;
    }
    const uint8_t *d = state->date, *t = state->time;
    (void) s_message (io, MESSAGE_READING, frame, raw);
    bool good = dlt_instant (io->options->zone, d[2], d[1], d[0], t[2], t[1], t[0], &utc_ms);
    batch_item (io->batch, POINT (0, 0, 1, 0, 0),
                good ? value_decimal (utc_ms / 1000, 0, 0) : value_none (ABSENT_UNREADABLE, 0));
}

//  The freeze was at another instant: days are counted from there, once.
static void s_stamp (dlt_state_t *state, const data_t *data, codec_io_t *io)
{
    enum { DAY_MS = 86400000, HALF_MS = DAY_MS / 2 };
    int64_t utc_ms;
    const uint8_t *p = data->bytes;
    state->stamp = DLT_STAMP_OTHER;
    if (data->size < 5 ||
        !dlt_instant (io->options->zone, p[4], p[3], p[2], p[1], p[0], 0, &utc_ms)) {
        return;
    }
    if (utc_ms == state->target_ms) {
        state->stamp = DLT_STAMP_GOOD;
        return;
    }
    int64_t away = state->target_ms - utc_ms;
    int64_t nth = state->nth - (away + (away < 0 ? -HALF_MS : HALF_MS)) / DAY_MS;
    if (!state->moved && nth != state->nth && nth >= 1 && nth <= 62) {
        state->moved = true;
        state->nth = (uint8_t) nth;
        io->answer = ANSWER_AGAIN;
    }
}

//  Settled at the beginning of the month?
static void s_settlement (dlt_state_t *state, const data_t *data)
{
    if (data->size >= 2) {
        bool first = data->bytes[0] == 0 && data->bytes[1] == 1;
        state->stamp = first ? DLT_STAMP_GOOD : DLT_STAMP_OTHER;
    }
}

static void s_special (dlt_state_t *state, const dlt_frame_t *frame, const data_t *data,
                       codec_io_t *io, bytes_t raw)
{
    switch ((dlt_asked_t) state->asked) {
    case DLT_ASKED_DATE:
    case DLT_ASKED_TIME:
        s_clock (state, frame, data, io, raw);
        return;
    case DLT_ASKED_STAMP:
        s_stamp (state, data, io);
        return;
    case DLT_ASKED_DAY:
    case DLT_ASKED_NOTHING:
    case DLT_ASKED_POINTS:
        return;
    }
}

//  ---- Answers ----

//  Another frame is to be asked for, as long as they are no endless chain.
static void s_follow (dlt_state_t *state, const dlt_frame_t *frame, uint32_t di, bool next,
                      codec_io_t *io, bytes_t raw)
{
    state->follow_di = di;
    state->follow = next ? (uint8_t) (state->follow + 1) : 1;
    if (state->follow > DLT_FOLLOWS_MAX) {
        state->follow = 0;
        s_keep_raw (io, frame, raw, "too_many_frames");
        return;
    }
    io->answer = ANSWER_AGAIN;
}

//  Data of a read. asked: they answer a request.
static void s_read (dlt_state_t *state, bool asked, const dlt_frame_t *frame, codec_io_t *io,
                    bytes_t raw)
{
    uint32_t di;
    data_t data;
    dlt_item_t item;
    bool more = frame->control & DLT_FOLLOW;
    uint8_t function = dlt_function (frame);
    bool next = function == DLT_NEXT || function == DLT_OLD_NEXT;
    bool good = dlt_has_di (frame, &di);
    bool begun = state->follow && state->follow_di == di;
    if (!good || (!asked && more) || (next && !begun)) {
        s_keep_raw (io, frame, raw, "part_of_an_answer");
        return;
    }
    if (!next) {
        state->rest_size = 0;
        state->follow_at = 0;
    }
    s_take_data (state, frame, next, &data);
    bool known = dlt_item (dlt_is_old (frame), di, &item);
    if (state->asked == DLT_ASKED_DAY && asked) {
        s_settlement (state, &data);
    } else if (!known) {
        s_keep_raw (io, frame, raw, "unknown_di");
    } else if (more) {
        s_not_last (state, &item, &data, io, frame, raw);
    } else {
        s_last (state, &item, &data, io, frame, raw);
    }
    if (more) {
        s_follow (state, frame, di, next, io, raw);
        return;
    }
    state->follow = 0;
    if (asked && !next) {
        s_special (state, frame, &data, io, raw);
    }
}

static void s_put_address (const dlt_frame_t *frame, codec_io_t *io, bytes_t raw)
{
    char text[ADDRESS_MAX + 1];
    bool said = frame->size >= DLT_ADDRESS;
    dlt_address_text (said ? frame->data : frame->address, text);
    (void) s_message (io, MESSAGE_READING, frame, raw);
    batch_text (io->batch, POINT_METER_ADDRESS, text);
}

//  A meter that refuses everything is not read to the end; the freezes of many days may well be missing.
static bool s_may_miss (dlt_state_t *state)
{
    if (!state->target_ms) {
        state->absent++;
    }
    return state->absent <= DLT_ABSENT_MAX;
}

//  A block that is refused is asked for member by member; one of several that is refused by itself is not there.
static void s_refused (dlt_state_t *state, const dlt_frame_t *request, const dlt_frame_t *frame,
                       codec_io_t *io, bytes_t raw)
{
    uint32_t di;
    dlt_item_t item;
    data_t none = {.absent = ABSENT_UNKNOWN};
    uint8_t code = frame->size ? frame->data[0] : 0;
    bool first = dlt_function (frame) == DLT_READ || dlt_function (frame) == DLT_OLD_READ;
    io->answer = ANSWER_REFUSED;
    io->answer_code = code;
    state->follow = 0;
    if (!first || state->asked == DLT_ASKED_NOTHING) {
        return;
    }
    if (state->asked == DLT_ASKED_STAMP || state->asked == DLT_ASKED_DAY) {
        state->stamp = DLT_STAMP_UNKNOWN;
        io->answer = ANSWER_DONE;
    } else if (state->block && !(code & UNAUTHORISED)) {
        state->single = (uint8_t) (state->step + 1);
        io->answer = ANSWER_AGAIN;
    } else if (!state->alone && !(code & UNAUTHORISED) && s_may_miss (state) &&
               dlt_has_di (request, &di) && dlt_item (dlt_is_old (request), di, &item)) {
        none.absent = code & NO_SUCH_DATA ? ABSENT_DEVICE : ABSENT_UNKNOWN;
        (void) s_put_fields (state, &item, &none, item.row->count, io, frame, raw);
        io->answer = ANSWER_DONE;
    }
}

//  An answer without data, or whose data nobody reads, is done with.
static bool s_is_silent (const dlt_frame_t *frame)
{
    static const uint32_t known =
        1u << DLT_OLD_WRITE | 1u << DLT_OLD_ADDRESS | 1u << DLT_OLD_BAUD | 1u << DLT_OLD_PASSWORD |
        1u << DLT_OLD_CLEAR_DEMAND | 1u << DLT_WRITE | 1u << DLT_WRITE_ADDRESS | 1u << DLT_FREEZE |
        1u << DLT_BAUD | 1u << DLT_PASSWORD | 1u << DLT_CLEAR_DEMAND | 1u << DLT_CLEAR_METER |
        1u << DLT_CLEAR_EVENTS | 1u << DLT_CONTROL;
    return frame->size == 0 || known >> dlt_function (frame) & 1;
}

static bool s_is_read (const dlt_frame_t *frame)
{
    static const uint32_t reads =
        1u << DLT_READ | 1u << DLT_NEXT | 1u << DLT_OLD_READ | 1u << DLT_OLD_NEXT;
    return reads >> dlt_function (frame) & 1;
}

static void s_answer (dlt_state_t *state, const dlt_frame_t *request, const dlt_frame_t *frame,
                      codec_io_t *io, bytes_t raw)
{
    if (frame->control & DLT_ERROR) {
        s_refused (state, request, frame, io, raw);
        return;
    }
    io->answer = ANSWER_DONE;
    if (memcmp (request->address, frame->address, DLT_ADDRESS) != 0) {
        memcpy (state->address, frame->address, DLT_ADDRESS);
        state->named = true;
    }
    if (s_is_read (frame)) {
        s_read (state, true, frame, io, raw);
    } else if (dlt_function (frame) == DLT_READ_ADDRESS) {
        s_put_address (frame, io, raw);
    } else if (!s_is_silent (frame)) {
        s_keep_raw (io, frame, raw, "not_decoded");
    }
}

//  Nobody asked.
static void s_unasked (dlt_state_t *state, const dlt_frame_t *frame, codec_io_t *io, bytes_t raw)
{
    if (frame->control & DLT_ERROR) {
        s_keep_raw (io, frame, raw, "refusal");
    } else if (s_is_read (frame)) {
        s_read (state, false, frame, io, raw);
    } else if (dlt_function (frame) == DLT_READ_ADDRESS) {
        s_put_address (frame, io, raw);
    } else {
        s_keep_raw (io, frame, raw, "no_request");
    }
}

//  A connection of one meter carries its frames only.
static bool s_is_others (const dlt_frame_t *frame, const codec_io_t *io)
{
    uint8_t own[DLT_ADDRESS];
    return !io->meter && io->address.size == 2 * DLT_ADDRESS &&
           dlt_address_parse (io->address, own) == FEP_OK &&
           memcmp (own, frame->address, DLT_ADDRESS) != 0;
}

fep_err_t dlt_decode (void *self, bytes_t bytes, codec_io_t *io)
{
    dlt_state_t state = *(dlt_state_t *) self;
    dlt_frame_t frame, request;
    io->mark = 0;
    io->answer = ANSWER_NONE;
    io->answer_code = 0;
    io->bye = false;
    io->raw_units = 0;
    fep_err_t error = dlt_read (bytes, &frame);
    if (error) {
        return error;
    }
    if (!(frame.control & DLT_UP) || s_is_others (&frame, io)) {
        return FEP_NOT_MINE;
    }
    if (io->request.size == 0) {
        //  What an exchange remembers says nothing of it.
        state = (dlt_state_t){.stamp = DLT_STAMP_UNKNOWN};
        s_unasked (&state, &frame, io, bytes);
        return io->batch->failed ? FEP_LIMIT : FEP_OK;
    }
    if (dlt_read (io->request, &request) != FEP_OK || !dlt_answers (&request, &frame)) {
        return FEP_NOT_MINE;
    }
    s_answer (&state, &request, &frame, io, bytes);
    if (io->batch->failed) {
        return FEP_LIMIT;
    }
    *(dlt_state_t *) self = state;
    return FEP_OK;
}
