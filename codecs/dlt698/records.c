//  Results: attributes read one by one, and rows of records. What has no point is kept raw behind the readings.
#include "codecs/dlt698/parts.h"

enum { COLUMNS_MAX = 64 };

//  ---- A-ResultNormal ----

typedef struct {
    uint32_t oad;
    bool good;  //  Data follow; else a DAR
    uint8_t dar;
    d698_data_t data;  //  If good
} result_t;

static result_t s_result (reader_t *in)
{
    result_t result = {.oad = reader_u32be (in)};
    uint8_t choice = reader_u8 (in);
    if (choice > 1) {
        in->failed = true;
    } else if (choice == 0) {
        result.dar = reader_u8 (in);
    } else {
        result.good = true;
        result.data = d698_data (in);
    }
    return result;
}

static bool s_is_event (uint32_t oad)
{
    return oad >> 28 == 3;
}

//  An object of the list, as OI or OAD.
static void s_note_new (d698_news_t *news, const d698_data_t *element)
{
    bytes_t body = element->body;
    if (news && (body.size == 2 || body.size == 4) && news->count < D698_NEWS_MAX) {
        news->events[news->count++] = (uint16_t) (body.data[0] << 8 | body.data[1]);
    }
}

//  3320: objects of events that are new. Those that were asked for are remembered.
static void s_new_events (d698_turn_t *turn, const result_t *result)
{
    d698_news_t *news = turn->answers ? turn->news : NULL;
    batch_t *batch = turn->io->batch;
    bytes_t kept = batch_keep (batch, result->data.whole);
    message_t *message = d698_message (turn, MESSAGE_EVENT, &turn->self, false);
    message->raw = kept;
    batch_item (batch, POINT_EVENT_CODE, value_decimal (result->oad >> 16, 0, 0));
    batch_text (batch, POINT_EVENT_NAME, d698_event_name ((uint16_t) (result->oad >> 16)));
    if (news) {
        news->count = 0;
    }
    reader_t in = reader_of (result->data.body);
    for (size_t i = 0; result->data.tag == DATA_ARRAY && i < result->data.count; i++) {
        d698_data_t element = d698_data (&in);
        (void) d698_put_value (batch, POINT (0, 0, 130, 12, 0), 0, &element, NULL, 0);
        s_note_new (news, &element);
    }
}

//  Behind the readings: what has no point, or not all of it.
static void s_keep_result (d698_turn_t *turn, const result_t *result)
{
    const d698_object_t *object = d698_object_find (result->oad);
    bool rest = true;
    if (!result->good) {
        return;
    }
    if (result->oad == OAD_NEW_EVENTS && d698_event_name (OAD_NEW_EVENTS >> 16)) {
        s_new_events (turn, result);
        return;
    }
    if (d698_is_own (result->oad)) {
        d698_put_own (turn, result->oad, &result->data);
        return;
    }
    if (object) {
        (void) d698_put_object (NULL, object, result->oad, &result->data, turn->io->options->zone,
                                0, &rest);
    }
    if (rest) {
        d698_keep_raw (turn, object ? "unmapped_part" : "unmapped_object", result->oad, 0,
                       result->data.whole);
    }
}

//  A DAR in the place of values says that there are none now.
static result_t s_absent (const result_t *result)
{
    static const uint8_t null[1] = {DATA_NULL};
    result_t absent = *result;
    absent.data = (d698_data_t){.tag = DATA_NULL, .whole = {null, 1}};
    return absent;
}

static void s_put_result (d698_turn_t *turn, const d698_whose_t *whose, const result_t *result,
                          message_t **message)
{
    const d698_object_t *object = d698_object_find (result->oad);
    const zone_t *zone = turn->io->options->zone;
    bool rest;
    if (!object ||
        d698_put_object (NULL, object, result->oad, &result->data, zone, 0, &rest) == 0) {
        return;
    }
    if (!*message) {
        *message = d698_message (turn, MESSAGE_READING, whose, true);
    }
    (void) d698_put_object (turn->io->batch, object, result->oad, &result->data, zone, 0, &rest);
}

static void s_count (d698_turn_t *turn, bool good, uint8_t dar)
{
    turn->good += good;
    if (!good && turn->refused++ == 0) {
        turn->dar = dar;
    }
}

//  So many results. A part that was refused shows as absent beside those that were not.
static void s_results (d698_turn_t *turn, reader_t *in, size_t count, const d698_whose_t *whose)
{
    reader_t first = *in, last = *in;
    message_t *message = NULL;
    uint32_t good = turn->good;
    for (size_t n = 0; n < count && !in->failed; n++) {
        result_t result = s_result (in);
        if (!in->failed) {
            s_count (turn, result.good, result.dar);
        }
    }
    if (in->failed || turn->good == good) {
        return;
    }
    for (size_t n = 0; n < count; n++) {
        result_t result = s_result (&first);
        result_t shown = result.good ? result : s_absent (&result);
        s_put_result (turn, whose, &shown, &message);
    }
    for (size_t n = 0; n < count; n++) {
        result_t result = s_result (&last);
        s_keep_result (turn, &result);
    }
}

void d698_read_results (d698_turn_t *turn, reader_t *in, bool one)
{
    s_results (turn, in, one ? 1 : d698_length (in), &turn->self);
}

//  A meter the archive does not know: its results as they are.
void d698_read_meter_results (d698_turn_t *turn, reader_t *in, bool one, const d698_whose_t *whose)
{
    size_t start = in->pos;
    size_t count = one ? 1 : d698_length (in);
    reader_t peek = *in;
    if (!whose->stranger) {
        s_results (turn, in, count, whose);
        return;
    }
    for (size_t n = 0; n < count && !in->failed; n++) {
        (void) s_result (in);
    }
    if (!in->failed) {
        d698_keep_raw (turn, "unknown_meter", reader_u32be (&peek), 0,
                       bytes_of (in->data + start, in->pos - start));
    }
}

//  ---- A-ResultRecord ----

typedef struct {
    uint32_t oad;
    uint32_t road;     //  Whose related one it is; 0: a column of its own
    size_t group;      //  0: a column of its own; else which ROAD, from 1
    d698_data_t data;  //  Of the row
} column_t;

//  One record being read.
typedef struct {
    d698_turn_t *turn;
    uint32_t oad;                   //  Of the record
    size_t count;                   //  Columns
    size_t groups;                  //  ROADs
    column_t columns[COLUMNS_MAX];  //  With the data of the row
    bytes_t row;                    //  Its bytes
    d698_whose_t whose;             //  Whose row it is
} record_t;

//  False: more columns than there is room for.
static bool s_columns (record_t *self, bytes_t rcsd)
{
    reader_t in = reader_of (rcsd);
    for (size_t n = d698_length (&in); n > 0; n--) {
        bool road = reader_u8 (&in) == 1;
        uint32_t head = reader_u32be (&in);
        size_t related = road ? d698_length (&in) : 0;
        self->groups += road;
        for (size_t i = 0; i < (related ? related : 1); i++) {
            if (self->count == COLUMNS_MAX) {
                return false;
            }
            column_t *column = &self->columns[self->count++];
            column->road = road ? head : 0;
            column->group = road ? self->groups : 0;
            column->oad = related ? reader_u32be (&in) : head;
        }
    }
    return true;
}

static const column_t *s_column (const record_t *self, size_t group, uint32_t oad)
{
    for (size_t i = 0; i < self->count; i++) {
        if (self->columns[i].oad == oad && self->columns[i].group == group) {
            return &self->columns[i];
        }
    }
    return NULL;
}

//  An instant in a column; 0: it is not there or none.
static int64_t s_instant (const record_t *self, size_t group, uint32_t oad)
{
    int64_t utc_ms;
    const column_t *column = s_column (self, group, oad);
    bool good = column && d698_data_instant (&column->data, self->turn->io->options->zone, &utc_ms);
    return good ? utc_ms : 0;
}

//  Columns that say when and whose, not what.
static bool s_is_role (uint32_t oad)
{
    static const uint32_t roles[] = {OAD_FREEZE_TIME,  OAD_SERVER_ADDRESS, OAD_OWN_ADDRESS,
                                     OAD_TASK_START,   OAD_TASK_SUCCESS,   OAD_TASK_STORED,
                                     OAD_FREEZE_NUMBER};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        if (roles[i] == oad) {
            return true;
        }
    }
    return false;
}

//  The meter a column names, if one does.
static void s_find_whose (record_t *self, const d698_whose_t *usual)
{
    static const uint32_t names[] = {OAD_SERVER_ADDRESS, OAD_OWN_ADDRESS, OAD_EVENT_SOURCE};
    char text[2 * D698_OCTETS_MAX + 1];
    self->whose = *usual;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const column_t *column = s_column (self, 0, names[i]);
        if (!column || column->data.body.size > D698_SA) {
            continue;
        }
        bytes_t body = column->data.body;
        if (column->data.tag == DATA_TSA && body.size >= 2) {
            d698_tsa_text (body, text);
        } else if (column->data.tag == DATA_OCTETS && names[i] == OAD_OWN_ADDRESS && body.size &&
                   body.size <= D698_OCTETS_MAX) {
            uint8_t tsa[D698_SA] = {0};
            memcpy (tsa + 1, body.data, body.size);
            d698_tsa_text (bytes_of (tsa, body.size + 1), text);
        } else {
            continue;
        }
        self->whose = d698_whose (self->turn, text);
        return;
    }
}

//  The instant a freezing was due: the one asked for, else the last that its kind has before the stamp.
static int64_t s_due (const record_t *self, uint8_t freeze, int64_t stamp)
{
    const d698_asked_t *asked = &self->turn->core->asked;
    const zone_t *zone = self->turn->io->options->zone;
    clock_civil_t civil;
    int64_t due;
    if (self->turn->answers && asked->at_ms && asked->freeze == freeze) {
        return asked->at_ms;
    }
    if (freeze == FREEZE_COMMAND) {
        return stamp;
    }
    (void) zone_civil (zone, stamp, &civil);
    civil.second = 0;
    civil.minute = freeze == FREEZE_CURVE ? civil.minute : 0;
    civil.hour = freeze == FREEZE_DAY || freeze == FREEZE_MONTH ? 0 : civil.hour;
    civil.day = freeze == FREEZE_MONTH ? 1 : civil.day;
    return zone_utc (zone, &civil, ZONE_EARLIER, &due) ? due : stamp;
}

typedef struct {
    int64_t time_ms;   //  Of the message
    uint8_t freeze;    //  freeze_t
    uint16_t quality;  //  Of its items
} when_t;

//  When a group's values were. False: nothing says so.
static bool s_when (const record_t *self, size_t group, uint32_t frozen, when_t *when)
{
    const d698_asked_t *asked = &self->turn->core->asked;
    int freeze = d698_freeze_of ((uint16_t) (frozen >> 16));
    *when = (when_t){.freeze = freeze < 0 ? FREEZE_NONE : (uint8_t) freeze};
    if (freeze < 0) {
        when->time_ms = s_instant (self, 0, OAD_TASK_SUCCESS);
        when->time_ms = when->time_ms ? when->time_ms : s_instant (self, 0, OAD_TASK_START);
        when->time_ms = when->time_ms ? when->time_ms : s_instant (self, 0, OAD_TASK_STORED);
        return when->time_ms != 0;
    }
    int64_t stamp = s_instant (self, group, OAD_FREEZE_TIME);
    if (!stamp) {
        when->time_ms = self->turn->answers && asked->freeze == freeze ? asked->at_ms : 0;
        return when->time_ms != 0;
    }
    when->time_ms = s_due (self, when->freeze, stamp);
    if (when->time_ms != stamp) {
        when->quality = QUALITY_INVALID | QUALITY_FREEZE_STAMP;
    }
    return true;
}

//  Values of one group's columns as one message. Returns how many have a point; batch NULL: only counts.
static size_t s_put_columns (record_t *self, batch_t *batch, size_t group, uint16_t quality)
{
    size_t count = 0;
    for (size_t i = 0; i < self->count; i++) {
        const column_t *column = &self->columns[i];
        const d698_object_t *object = d698_object_find (column->oad);
        bool rest;
        if (column->group == group && !s_is_role (column->oad) && object) {
            count += d698_put_object (batch, object, column->oad, &column->data,
                                      self->turn->io->options->zone, quality, &rest);
        }
    }
    return count;
}

//  Behind the message: columns that are not understood.
static void s_keep_columns (record_t *self, size_t group)
{
    for (size_t i = 0; i < self->count; i++) {
        const column_t *column = &self->columns[i];
        const d698_object_t *object = d698_object_find (column->oad);
        bool rest = true;
        if (column->group != group || s_is_role (column->oad)) {
            continue;
        }
        if (object) {
            (void) d698_put_object (NULL, object, column->oad, &column->data,
                                    self->turn->io->options->zone, 0, &rest);
        }
        if (rest) {
            d698_keep_raw (self->turn, object ? "unmapped_part" : "unmapped_column", self->oad,
                           column->oad, column->data.whole);
        }
    }
}

static void s_put_group (record_t *self, size_t group, uint32_t frozen)
{
    when_t when;
    if (s_put_columns (self, NULL, group, 0) > 0) {
        if (!s_when (self, group, frozen, &when)) {
            d698_keep_raw (self->turn, "no_instant", self->oad, 0, self->row);
            return;
        }
        message_t *message = d698_message (self->turn, MESSAGE_READING, &self->whose, true);
        message->time_ms = when.time_ms;
        message->freeze = when.freeze;
        (void) s_put_columns (self, self->turn->io->batch, group, when.quality);
    }
    s_keep_columns (self, group);
}

//  Hex digits of the columns an event has no points for, as far as a detail goes.
static void s_event_detail (const record_t *self, char *text, size_t size)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t n = 0;
    for (size_t i = 0; i < self->count; i++) {
        uint32_t oad = self->columns[i].oad;
        bool known = s_is_role (oad) || d698_object_find (oad) || oad == OAD_EVENT_START ||
                     oad == OAD_EVENT_END || oad == OAD_EVENT_NUMBER || oad == OAD_EVENT_SOURCE;
        if (known || n + 10 > size) {
            continue;
        }
        text[n] = ' ';
        n += n > 0;
        for (int shift = 28; shift >= 0; shift -= 4) {
            text[n++] = digits[oad >> shift & 15];
        }
    }
    text[n] = 0;
}

//  What every event has.
static void s_put_event_columns (record_t *self)
{
    static const struct {
        uint32_t oad, point;
    } rows[] = {{OAD_EVENT_NUMBER, POINT (0, 0, 130, 39, 0)},
                {OAD_EVENT_END, POINT (0, 0, 130, 40, 0)},
                {OAD_EVENT_SOURCE, POINT (0, 0, 130, 41, 0)}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const column_t *column = s_column (self, 0, rows[i].oad);
        if (column && column->data.tag != DATA_NULL && column->data.tag != DATA_TSA) {
            (void) d698_put_value (self->turn->io->batch, rows[i].point, 0, &column->data,
                                   self->turn->io->options->zone, 0);
        }
    }
}

static void s_put_event (record_t *self)
{
    char detail[VALUE_TEXT_MAX + 1];
    batch_t *batch = self->turn->io->batch;
    uint16_t oi = (uint16_t) (self->oad >> 16);
    const char *name = d698_event_name (oi);
    bytes_t kept = batch_keep (batch, self->row);
    message_t *message = d698_message (self->turn, MESSAGE_EVENT, &self->whose, false);
    message->raw = kept;
    message->time_ms = s_instant (self, 0, OAD_EVENT_START);
    if (!message->time_ms) {
        message->time_ms = s_instant (self, 0, OAD_EVENT_END);
    }
    batch_item (batch, POINT_EVENT_CODE, value_decimal (oi, 0, 0));
    if (name) {
        batch_text (batch, POINT_EVENT_NAME, name);
    }
    if (self->whose.name[0]) {
        batch_text (batch, POINT_METER_ADDRESS, self->whose.name);
    }
    s_put_event_columns (self);
    (void) s_put_columns (self, batch, 0, 0);
    s_event_detail (self, detail, sizeof detail);
    if (detail[0]) {
        batch_text (batch, POINT_EVENT_DETAIL, detail);
    }
}

static void s_row (record_t *self, const d698_whose_t *usual)
{
    s_find_whose (self, usual);
    if (self->whose.stranger) {
        d698_keep_raw (self->turn, "unknown_meter", self->oad, 0, self->row);
    } else if (s_is_event (self->oad)) {
        s_put_event (self);
    } else if (self->oad >> 16 == OAD_STORE >> 16 ||
               d698_freeze_of ((uint16_t) (self->oad >> 16)) >= 0) {
        for (size_t group = 0; group <= self->groups; group++) {
            uint32_t frozen = self->oad;
            for (size_t i = 0; group && i < self->count; i++) {
                frozen = self->columns[i].group == group ? self->columns[i].road : frozen;
            }
            s_put_group (self, group, frozen);
        }
    } else {
        d698_keep_raw (self->turn, "unmapped_record", self->oad, 0, self->row);
    }
}

//  Rows of all columns each; they end together or the reader fails.
static void s_rows (record_t *self, reader_t *in, const d698_whose_t *usual)
{
    reader_t check = *in;
    size_t rows = d698_length (&check);
    for (size_t n = 0; n < rows * self->count && !check.failed; n++) {
        (void) d698_data (&check);
    }
    if (check.failed) {
        in->failed = true;
        return;
    }
    (void) d698_length (in);
    for (size_t n = 0; n < rows; n++) {
        size_t start = in->pos;
        for (size_t i = 0; i < self->count; i++) {
            self->columns[i].data = d698_data (in);
        }
        self->row = bytes_of (in->data + start, in->pos - start);
        s_row (self, usual);
    }
}

void d698_read_record (d698_turn_t *turn, reader_t *in, const d698_whose_t *whose)
{
    record_t self = {.turn = turn, .oad = reader_u32be (in)};
    bytes_t rcsd = d698_take_rcsd (in);
    uint8_t choice = reader_u8 (in);
    if (choice == 0) {
        uint8_t dar = reader_u8 (in);
        s_count (turn, false, dar);
    } else if (choice != 1 || in->failed || !s_columns (&self, rcsd) || !self.count) {
        in->failed = true;
    } else {
        reader_t peek = *in;
        turn->rows += (uint32_t) d698_length (&peek);
        s_rows (&self, in, whose);
        s_count (turn, true, 0);
    }
}
