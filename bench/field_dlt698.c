//  A concentrator of DL/T 698.45-2017 with electricity meters of DL/T 645-2007 behind it: logs in, beats, reports what
//  it measures itself and what its meters froze, answers, and hands through what the master has for the meters.
//
//  Reports go out every PERIOD_MS, one at a time; one that is not answered by a REPORT-Response with its number and its
//  OADs is repeated, also over the next connection. In turn: momentary values (list normal of 00100200, 20000200,
//  20010200, 20040200), the meters' daily freezes (list record of 60120300), its own daily freeze (list record of
//  50040200); freezes from DAYS_BACK days ago up to last midnight, once each.
//
//  Answers GET of one OAD or several, and of records of 50040200 (one day, or the last n); PROXY get list and
//  transparent; CONNECT without security or with its password, RELEASE, SET and ACTION of the clock; without a CONNECT
//  as well. SECURITY is refused (DAR 19), the rest with ERROR.
//  Not done: fragments, time tags, follow reports.
#include "bench/field_devices.h"
#include "bench/field_dlt698.h"
#include "fep/message.h"
#include <stdio.h>

enum { LOGIN, HEARTBEAT, LOGOUT };
enum { REPORT_MOMENTARY, REPORT_METERS, REPORT_OWN, REPORT_KINDS };
enum { LINK_RESPONSE = 0x81, REPORT_RESPONSE = 0x08 };
#define BEAT_MS 30000
#define BEAT_SECONDS 60  //  What it announces
#define PERIOD_MS 10000
#define PATIENCE_MS 15000
#define DAYS_BACK 30
#define ROWS_MAX 8  //  Meters in a report
#define FIRST_ADDRESS UINT64_C (691000000000)
#define FAMILY 69

static const uint32_t s_momentary[] = {0x00100200, 0x20000200, 0x20010200, 0x20040200};

static void s_start (void *state, uint32_t number, uint32_t meters)
{
    dlt698_t *self = state;
    *self = (dlt698_t){.line = {.number = number, .family = FAMILY, .meters = meters},
                       .address = FIRST_ADDRESS + number};
}

static void s_address (const void *state, char text[FIELD_ADDRESS_MAX + 1])
{
    snprintf (text, FIELD_ADDRESS_MAX + 1, "%012llu",
              (unsigned long long) ((const dlt698_t *) state)->address);
}

static void s_meter (const void *state, uint32_t mp, char text[FIELD_ADDRESS_MAX + 1])
{
    meter645_address (&((const dlt698_t *) state)->line, mp, text);
}

//  LINK-Request: PIID-ACD, kind, heartbeat period, time.
static void s_link (dlt698_t *self, uint8_t kind, field_turn_t *turn)
{
    writer_t out = field_turn_writer (turn);
    size_t start = wire698_begin (&out, WIRE698_UP_LINK, self->address, 0);
    writer_u8 (&out, 0x01);
    writer_u8 (&out, 0);
    writer_u8 (&out, kind);
    writer_u16be (&out, BEAT_SECONDS);
    wire698_time (&out, turn->wall_ms);
    wire698_end (&out, start);
    (void) field_turn_take (turn, &out);
    self->link_ms = turn->wall_ms;
    self->beat_ms = turn->wall_ms + BEAT_MS;
}

static void s_connected (void *state, field_turn_t *turn)
{
    dlt698_t *self = state;
    self->online = false;
    self->left = false;
    self->connected = false;
    self->sent_ms = 0;
    s_link (self, LOGIN, turn);
}

//  ---- Reports ----

//  Chooses the next report.
static void s_make (dlt698_t *self, int64_t wall_ms)
{
    uint8_t kind = (uint8_t) (self->made % REPORT_KINDS);
    self->made++;
    self->report_kind = kind;
    self->report_ms = wall_ms;
    if (kind != REPORT_MOMENTARY) {
        int64_t at_ms = field_midnight (wall_ms, DAYS_BACK);
        if (self->frozen_ms[kind] >= at_ms) {
            at_ms = self->frozen_ms[kind] + 86400000;
        }
        if (at_ms > field_midnight (wall_ms, 0)) {
            self->report_kind = REPORT_MOMENTARY;
        } else {
            self->report_ms = self->frozen_ms[kind] = at_ms;
        }
    }
    self->report++;
    self->waits = true;
}

static void s_momentary_list (const wire698_who_t *who, writer_t *out, field_words_t *words)
{
    writer_u8 (out, sizeof s_momentary / sizeof s_momentary[0]);
    for (size_t i = 0; i < sizeof s_momentary / sizeof s_momentary[0]; i++) {
        writer_u32be (out, s_momentary[i]);
        writer_u8 (out, 1);
        (void) wire698_attribute (who, s_momentary[i], out, words);
    }
}

//  RCSD: address of the meter, when it was stored, ROAD of the freeze; a row for each of the first meters.
static void s_meters_record (dlt698_t *self, wire698_who_t who, writer_t *out, field_words_t *words)
{
    writer_u8 (out, 1);
    writer_u32be (out, 0x60120300);
    writer_u8 (out, 3);
    writer_u8 (out, 0);
    writer_u32be (out, 0x40010200);
    writer_u8 (out, 0);
    writer_u32be (out, 0x60420200);
    writer_u8 (out, 1);
    writer_u32be (out, 0x50040200);
    writer_u8 (out, 2);
    writer_u32be (out, 0x20210200);
    writer_u32be (out, 0x00100200);
    writer_u8 (out, 1);
    uint32_t rows = self->line.meters < ROWS_MAX ? self->line.meters : ROWS_MAX;
    writer_u8 (out, (uint8_t) rows);
    for (who.mp = 1; who.mp <= rows; who.mp++) {
        writer_u8 (out, AXDR_TSA);
        writer_u8 (out, 1 + WIRE698_ADDRESS);
        writer_u8 (out, WIRE698_ADDRESS - 1);
        wire698_address (out, meter645_number (&self->line, who.mp));
        writer_u8 (out, AXDR_DATE_TIME_S);
        wire698_time_s (out, who.at_ms + 300000);
        writer_u8 (out, AXDR_DATE_TIME_S);
        wire698_time_s (out, who.at_ms);
        (void) wire698_attribute (&who, 0x00100200, out, words);
    }
}

static void s_own_record (const wire698_who_t *who, writer_t *out, field_words_t *words)
{
    writer_u8 (out, 1);
    writer_u32be (out, 0x50040200);
    writer_u8 (out, 3);
    const uint32_t columns[] = {0x20210200, 0x00100200, 0x00200200};
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++) {
        writer_u8 (out, 0);
        writer_u32be (out, columns[i]);
    }
    writer_u8 (out, 1);
    writer_u8 (out, 1);
    writer_u8 (out, AXDR_DATE_TIME_S);
    wire698_time_s (out, who->at_ms);
    (void) wire698_attribute (who, 0x00100200, out, words);
    (void) wire698_attribute (who, 0x00200200, out, words);
}

//  REPORT-Notification: choice, PIID-ACD, body, no follow report, no time tag.
static void s_report (dlt698_t *self, field_turn_t *turn)
{
    field_words_t words = {.count = 0};
    writer_t out = field_turn_writer (turn);
    wire698_who_t who = {.line = &self->line, .at_ms = self->report_ms, .report = self->report};
    who.freeze = self->report_kind == REPORT_MOMENTARY ? FREEZE_NONE : FREEZE_DAY;
    size_t start = wire698_begin (&out, WIRE698_UP_REPORT, self->address, 0);
    writer_u8 (&out, 0x88);
    writer_u8 (&out, self->report_kind == REPORT_MOMENTARY ? 1 : 2);
    writer_u8 (&out, self->report & 0x3F);
    if (self->report_kind == REPORT_MOMENTARY) {
        s_momentary_list (&who, &out, &words);
    } else if (self->report_kind == REPORT_METERS) {
        s_meters_record (self, who, &out, &words);
    } else {
        s_own_record (&who, &out, &words);
    }
    writer_u16be (&out, 0);
    wire698_end (&out, start);
    if (field_turn_take (turn, &out)) {
        field_words_tell (&words, turn);
        self->sent_ms = turn->wall_ms;
    }
}

//  REPORT-Response: choice, PIID, the OADs reported.
static void s_confirmed (dlt698_t *self, reader_t *in, field_turn_t *turn)
{
    uint8_t choice = reader_u8 (in);
    uint8_t number = reader_u8 (in);
    uint8_t count = reader_u8 (in);
    bool list = self->report_kind == REPORT_MOMENTARY;
    size_t wanted = list ? sizeof s_momentary / sizeof s_momentary[0] : 1;
    bool ok = choice == (list ? 1 : 2) && count == wanted;
    for (size_t i = 0; i < wanted && ok; i++) {
        uint32_t oad = self->report_kind == REPORT_METERS ? 0x60120300 : 0x50040200;
        ok = reader_u32be (in) == (list ? s_momentary[i] : oad);
    }
    if (ok && !in->failed && self->waits && (number & 0x3F) == (self->report & 0x3F)) {
        self->waits = false;
        if (turn->confirmed) {
            turn->confirmed (turn->arg, self->report);
        }
    }
}

//  LINK-Response: PIID, result. Anything but 0: it is not taken, and tries again when its patience is over.
static void s_linked (dlt698_t *self, reader_t *in)
{
    (void) reader_u8 (in);
    uint8_t result = reader_u8 (in);
    self->online = self->online || (!in->failed && (result & 7) == 0);
    self->link_ms = 0;
}

static void s_take (dlt698_t *self, wire698_frame_t *frame, field_turn_t *turn)
{
    reader_t in = reader_of (frame->apdu);
    uint8_t tag = reader_u8 (&in);
    if (frame->broadcast) {
        return;
    }
    if (tag == LINK_RESPONSE) {
        s_linked (self, &in);
    } else if (tag == REPORT_RESPONSE) {
        s_confirmed (self, &in, turn);
    } else {
        dlt698_answer (self, frame, turn);
    }
}

static size_t s_input (void *state, const uint8_t *bytes, size_t size, field_turn_t *turn)
{
    dlt698_t *self = state;
    size_t pos = 0;
    while (pos < size) {
        uint8_t frame[WIRE698_FRAME_MAX];
        wire698_frame_t opened;
        field_scan_t scan = wire698_scan (bytes_of (bytes + pos, size - pos));
        if (scan.what == FIELD_MORE) {
            break;
        }
        if (scan.what == FIELD_FRAME) {
            memcpy (frame, bytes + pos, scan.size);
            if (wire698_open (frame, scan.size, self->address, &opened)) {
                s_take (self, &opened, turn);
            }
        }
        pos += scan.size;
    }
    return pos;
}

static int64_t s_earlier (int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t s_tick (void *state, field_turn_t *turn)
{
    dlt698_t *self = state;
    int64_t now = turn->wall_ms;
    if (!self->online) {
        if (now >= self->link_ms + PATIENCE_MS) {
            s_link (self, LOGIN, turn);
        }
        return self->link_ms + PATIENCE_MS;
    }
    if (self->stopping && !self->waits) {
        if (!self->left) {
            s_link (self, LOGOUT, turn);
            self->left = true;
        }
        return now + PATIENCE_MS;
    }
    if (now >= self->beat_ms) {
        s_link (self, HEARTBEAT, turn);
    }
    if (!self->waits && !self->stopping && now >= self->next_ms) {
        s_make (self, now);
        self->sent_ms = 0;
        self->next_ms = now + PERIOD_MS;
    }
    if (self->waits && now >= self->sent_ms + PATIENCE_MS) {
        s_report (self, turn);
    }
    return s_earlier (self->beat_ms, self->waits      ? self->sent_ms + PATIENCE_MS
                                     : self->stopping ? now
                                                      : self->next_ms);
}

static bool s_stop (void *state)
{
    dlt698_t *self = state;
    self->stopping = true;
    return !self->waits && (self->left || !self->online);
}

const field_device_t field_dlt698 = {
    .name = "dlt698",
    .codec = "dlt698",
    .carried = "dlt645",
    .profile = "field_dlt645",
    .state_size = sizeof (dlt698_t),
    .start = s_start,
    .address = s_address,
    .meter = s_meter,
    .connected = s_connected,
    .input = s_input,
    .tick = s_tick,
    .stop = s_stop,
};
