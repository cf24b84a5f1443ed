//  A concentrator of Q/GDW 1376.1 with electricity meters of DL/T 645-2007 behind it: logs in, beats, and hands through
//  what the master has for its meters (AFN 10 F1).
//
//    68 LL LL 68 C AAAAA F S DDDD data.. [PW] K 16     as in terminal_gdw1376.c; PW: 16 bytes, down, AFN 04, 05, 10
//
//  Answers: 00 F1 to what it accepts of AFN 01, 04, 05 (password all zero, else 00 F2), 0A F10 (its meters), 0C F2 (its
//  clock), 10 F1 (the meter's answer; length 0 if it gave none); 00 F2 to the rest. Requests with a time tag are
//  answered without one.
#include "bench/field_devices.h"
#include "bench/field_meter645.h"
#include "bench/terminal.h"
#include <stdio.h>

enum {
    HEAD = 6,
    TAIL = 2,
    USER_MIN = 8,
    DATA_AT = 12,
    USER_MAX = 1024,
    PASSWORD_SIZE = 16,
    TAG_SIZE = 6
};
enum { UP = 0x80, UP_ANSWER = 0x88, WITH_TAG = 0x80, SINGLE = 0x60 };
enum {
    CONFIRM = 0x00,
    RESET = 0x01,
    LINK = 0x02,
    SET = 0x04,
    CONTROL = 0x05,
    ASK = 0x0A,
    CURRENT = 0x0C,
    FORWARD = 0x10
};
enum { AGREED = 1, REFUSED = 2, METERS_PER_ANSWER = 32 };
#define FAMILY 13
#define FIRST_ADDRESS 371000001  //  371 0, from 00001 on
#define BEAT_MS 30000

typedef struct {
    meter645_line_t line;  //  Its meters
    uint8_t sequence;      //  Of its next frame
    int64_t beat_ms;       //  When it beats again
} state_t;

//  A request of the master.
typedef struct {
    uint8_t msa;       //  A3 of it
    uint8_t afn;       //  What for
    uint8_t sequence;  //  RSEQ of the answer
    uint16_t da, dt;   //  First unit, as on the wire
    bytes_t data;      //  Behind them, without password and time tag
    bool allowed;      //  The password fits, or none is needed
} request_t;

static uint32_t s_number (const state_t *self)
{
    return terminal_address (FIRST_ADDRESS, self->line.number - 1);
}

static void s_start (void *state, uint32_t number, uint32_t meters)
{
    *(state_t *) state = (state_t){.line = {.number = number, .family = FAMILY, .meters = meters}};
}

static void s_address (const void *state, char text[FIELD_ADDRESS_MAX + 1])
{
    snprintf (text, FIELD_ADDRESS_MAX + 1, "%09u", (unsigned) s_number (state));
}

static void s_meter (const void *state, uint32_t mp, char text[FIELD_ADDRESS_MAX + 1])
{
    meter645_address (&((const state_t *) state)->line, mp, text);
}

static void s_say (state_t *self, field_turn_t *turn,
                   void (*build) (uint32_t address, uint8_t sequence, writer_t *out))
{
    writer_t out = field_turn_writer (turn);
    build (s_number (self), self->sequence, &out);
    self->sequence = (uint8_t) ((self->sequence + 1) % terminal_gdw1376.sequences);
    (void) field_turn_take (turn, &out);
    self->beat_ms = turn->wall_ms + BEAT_MS;
}

static void s_connected (void *state, field_turn_t *turn)
{
    s_say (state, turn, terminal_gdw1376.login);
}

static int64_t s_tick (void *state, field_turn_t *turn)
{
    state_t *self = state;
    if (turn->wall_ms >= self->beat_ms) {
        s_say (self, turn, terminal_gdw1376.heartbeat);
    }
    return self->beat_ms;
}

static field_scan_t s_scan (bytes_t window)
{
    const uint8_t *at = window.data;
    if (window.size > 0 && at[0] != 0x68) {
        return (field_scan_t){FIELD_NOISE, 1};
    }
    if (window.size < HEAD) {
        return (field_scan_t){FIELD_MORE, 0};
    }
    size_t user = (size_t) (at[1] | at[2] << 8) >> 2;
    size_t size = HEAD + user + TAIL;
    if (at[5] != 0x68 || at[1] != at[3] || at[2] != at[4] || user < USER_MIN || user > USER_MAX) {
        return (field_scan_t){FIELD_NOISE, 1};
    }
    if (window.size < size) {
        return (field_scan_t){FIELD_MORE, 0};
    }
    if (at[size - 2] != field_sum (at + HEAD, user) || at[size - 1] != 0x16) {
        return (field_scan_t){FIELD_NOISE, 1};
    }
    return (field_scan_t){FIELD_FRAME, size};
}

//  A1: four digits, A2: binary.
static void s_put_address (const state_t *self, uint8_t msa, writer_t *out)
{
    uint32_t number = s_number (self);
    field_digits (out, number / 100000, 2);
    writer_u16le (out, (uint16_t) (number % 100000));
    writer_u8 (out, msa);
}

//  False: for somebody else, or no request.
static bool s_understand (const state_t *self, bytes_t user, request_t *request)
{
    uint8_t own[5];
    writer_t address = writer_of (own, sizeof own);
    s_put_address (self, 0, &address);
    if ((user.data[0] & UP) || user.size < DATA_AT || memcmp (user.data + 1, own, 4) != 0 ||
        user.data[6] == CONFIRM || user.data[6] == LINK) {
        return false;
    }
    uint8_t afn = user.data[6];
    bool locked = afn == RESET || afn == SET || afn == CONTROL || afn == FORWARD;
    size_t tail =
        (locked ? (size_t) PASSWORD_SIZE : 0) + (user.data[7] & WITH_TAG ? (size_t) TAG_SIZE : 0);
    static const uint8_t zeros[PASSWORD_SIZE];
    *request = (request_t){.msa = user.data[5],
                           .afn = afn,
                           .sequence = user.data[7] & 0x0F,
                           .da = (uint16_t) (user.data[8] | user.data[9] << 8),
                           .dt = (uint16_t) (user.data[10] | user.data[11] << 8),
                           .allowed = false};
    if (user.size >= DATA_AT + tail) {
        request->data = bytes_of (user.data + DATA_AT, user.size - DATA_AT - tail);
        request->allowed =
            !locked || memcmp (request->data.data + request->data.size, zeros, sizeof zeros) == 0;
    }
    return true;
}

//  Begins an answer; its units and their data are for the caller.
static size_t s_open (const state_t *self, const request_t *request, uint8_t afn, writer_t *out)
{
    size_t start = out->size;
    (void) writer_room (out, HEAD);
    writer_u8 (out, afn == CONFIRM ? UP : UP_ANSWER);
    s_put_address (self, request->msa, out);
    writer_u8 (out, afn);
    writer_u8 (out, SINGLE | request->sequence);
    return start;
}

static void s_close (writer_t *out, size_t start)
{
    if (out->failed) {
        return;
    }
    size_t user = out->size - start - HEAD;
    writer_t head = writer_of (out->data + start, HEAD);
    writer_u8 (&head, 0x68);
    writer_u16le (&head, (uint16_t) (user << 2 | 2));
    writer_u16le (&head, (uint16_t) (user << 2 | 2));
    writer_u8 (&head, 0x68);
    writer_u8 (out, field_sum (out->data + start + HEAD, user));
    writer_u8 (out, 0x16);
}

static void s_unit (writer_t *out, unsigned function)
{
    writer_u16le (out, 0);
    writer_u8 (out, (uint8_t) (1u << (function - 1) % 8));
    writer_u8 (out, (uint8_t) ((function - 1) / 8));
}

static void s_confirm (const state_t *self, const request_t *request, unsigned what, writer_t *out)
{
    size_t start = s_open (self, request, CONFIRM, out);
    s_unit (out, what);
    s_close (out, start);
}

//  Seconds, minutes, hours, day, weekday and month in one byte, year.
static void s_clock (const state_t *self, const request_t *request, int64_t wall_ms, writer_t *out)
{
    clock_civil_t now;
    clock_to_civil (wall_ms, &now);
    int64_t days = (wall_ms + (int64_t) clock_offset_min () * 60000) / 86400000;
    unsigned weekday = (unsigned) ((days + 3) % 7 + 1);
    size_t start = s_open (self, request, CURRENT, out);
    s_unit (out, 2);
    field_digits (out, (uint64_t) (now.hour * 10000 + now.minute * 100 + now.second), 3);
    writer_u8 (out, field_bcd ((unsigned) now.day));
    writer_u8 (out, (uint8_t) (weekday << 5 | field_bcd ((unsigned) now.month)));
    writer_u8 (out, field_bcd ((unsigned) now.year % 100));
    s_close (out, start);
}

//  F10: its meters, 27 bytes each, of the numbers asked for.
static void s_meters (const state_t *self, const request_t *request, writer_t *out)
{
    reader_t in = reader_of (request->data);
    uint16_t asked[METERS_PER_ANSWER];
    uint16_t count = 0;
    for (uint16_t left = reader_u16le (&in); left > 0 && !in.failed; left--) {
        uint16_t mp = reader_u16le (&in);
        if (!in.failed && mp >= 1 && mp <= self->line.meters && count < METERS_PER_ANSWER) {
            asked[count++] = mp;
        }
    }
    size_t start = s_open (self, request, ASK, out);
    s_unit (out, 10);
    writer_u16le (out, count);
    for (uint16_t i = 0; i < count; i++) {
        writer_u16le (out, asked[i]);
        writer_u16le (out, asked[i]);
        writer_u8 (out, 3 << 5 | 31);  //  2400 baud, port 31
        writer_u8 (out, 30);           //  DL/T 645-2007
        field_digits (out, meter645_number (&self->line, asked[i]), 6);
        field_digits (out, 0, 6);
        writer_u8 (out, METER645_TARIFFS);
        writer_u8 (out, 2 << 2 | 1);  //  Six digits, two decimals
        field_digits (out, 0, 6);
        writer_u8 (out, 0);
    }
    s_close (out, start);
}

//  F1: port, serial setting, two waits, length, the meter's frame. FE before it wake the line up.
static void s_forward (state_t *self, const request_t *request, int64_t wall_ms, writer_t *out,
                       field_words_t *words)
{
    uint8_t bytes[METER645_FRAME_MAX];
    writer_t answer = writer_of (bytes, sizeof bytes);
    reader_t in = reader_of (request->data);
    uint8_t port = reader_u8 (&in);
    (void) reader_take (&in, 3);
    bytes_t frame = reader_bytes (&in, reader_u16le (&in));
    while (frame.size > 0 && frame.data[0] == 0xFE) {
        frame = bytes_of (frame.data + 1, frame.size - 1);
    }
    if (in.failed) {
        s_confirm (self, request, REFUSED, out);
        return;
    }
    if (meter645_scan (frame).what == FIELD_FRAME) {
        (void) meter645_answer (&self->line, frame, wall_ms, &answer, words);
    }
    size_t start = s_open (self, request, FORWARD, out);
    s_unit (out, 1);
    writer_u8 (out, port);
    writer_u16le (out, (uint16_t) answer.size);
    writer_put (out, bytes, answer.size);
    s_close (out, start);
}

static void s_answer (state_t *self, const request_t *request, int64_t wall_ms, writer_t *out,
                      field_words_t *words)
{
    bool own = request->da == 0;
    if (!request->allowed) {
        s_confirm (self, request, REFUSED, out);
    } else if (request->afn == RESET || request->afn == SET || request->afn == CONTROL) {
        s_confirm (self, request, AGREED, out);
    } else if (request->afn == FORWARD && own && request->dt == 0x0001) {
        s_forward (self, request, wall_ms, out, words);
    } else if (request->afn == ASK && own && request->dt == 0x0102) {
        s_meters (self, request, out);
    } else if (request->afn == CURRENT && own && request->dt == 0x0002) {
        s_clock (self, request, wall_ms, out);
    } else {
        s_confirm (self, request, REFUSED, out);
    }
}

static size_t s_input (void *state, const uint8_t *bytes, size_t size, field_turn_t *turn)
{
    state_t *self = state;
    request_t request;
    size_t pos = 0;
    while (pos < size) {
        field_scan_t scan = s_scan (bytes_of (bytes + pos, size - pos));
        if (scan.what == FIELD_MORE) {
            break;
        }
        if (scan.what == FIELD_FRAME &&
            s_understand (self, bytes_of (bytes + pos + HEAD, scan.size - HEAD - TAIL), &request)) {
            field_words_t words = {.count = 0};
            writer_t out = field_turn_writer (turn);
            s_answer (self, &request, turn->wall_ms, &out, &words);
            if (field_turn_take (turn, &out)) {
                field_words_tell (&words, turn);
            }
        }
        pos += scan.size;
    }
    return pos;
}

static bool s_stop (void *state)
{
    (void) state;
    return true;
}

const field_device_t field_gdw1376 = {
    .name = "gdw1376",
    .codec = "gdw1376",
    .carried = "dlt645",
    .profile = "field_dlt645",
    .state_size = sizeof (state_t),
    .start = s_start,
    .address = s_address,
    .meter = s_meter,
    .connected = s_connected,
    .input = s_input,
    .tick = s_tick,
    .stop = s_stop,
};
