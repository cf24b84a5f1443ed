//  Plays bytes and vector cases through a codec as a session would: scan, decode, confirm, request.
#ifndef TESTS_CODECS_PLAYER_H
#define TESTS_CODECS_PLAYER_H

#include "codecs/codec.h"
#include "fep/clock.h"
#include "fep/pack.h"
#include "fep/point.h"
#include "tests/codecs/vec.h"
#include <inttypes.h>

#define PLAYER_WINDOW 70000
#define PLAYER_SEND 65536
#define PLAYER_LINE 520

//  What a codec that speaks by patterns is played with, unless a case says otherwise.
typedef struct {
    const char *codec;         //  Name
    const char *registration;  //  Pattern
    const char *heartbeat;     //  Pattern
    const char *address;       //  Who is known; "" nobody yet
} player_habit_t;

static const player_habit_t player_habits[] = {
    {"dtu", "ID{id:4}|{imei}\\0", "LOG|www.usr.cn|\\xFF\\xFF\\x80\\x80", "7001"}};

typedef struct {
    const codec_t *codec;     //  Borrowed
    codec_options_t options;  //  Of the case
    pattern_t patterns[2];    //  Usual registration and heartbeat
    const char *address;      //  Usual address; "" nobody
    pattern_t own[2];         //  The case's own, likewise
    char who[64];             //  The case's own address
    bool quiet;               //  Scans are told that the packet ends with the window
    scan_t line;              //  What scans are told of the carried codec
    uint32_t lines;           //  Frames of the line found
    void *state;              //  codec->state_size bytes
    uint8_t *window;          //  Received, not consumed
    size_t window_size;
    uint8_t *sent;    //  Bytes for the peer, not yet compared
    writer_t send;    //  Over sent
    size_t compared;  //  Of sent
    codec_io_t io;
    batch_t *batch;
    uint32_t shown;       //  Items of the batch turned into lines
    uint32_t message;     //  Message of the next item
    uint32_t frames;      //  Decoded
    meter_t meter;        //  Meter codecs: whose exchange it is, if `metered`
    bool metered;         //  A meter was named
    profile_t *profile;   //  The meter's, or NULL
    profile_t *map;       //  The terminal's, or NULL
    uint8_t flight[256];  //  Meter codecs: the request in flight
    size_t flight_size;   //  0: none
    uint32_t mark;        //  Last one
    answer_t answer;      //  Last one
    uint8_t answer_code;
    bool bye;
    fep_err_t refused;  //  Reason of the last frame that decode refused
} player_t;

#define PLAYER_TERMINAL "dtu1"  //  Address of the terminal a meter hangs on

//  From the beginning; meter and request in flight stay.
static inline void player_reset (player_t *self)
{
    memset (self->state, 0, self->codec->state_size);
    self->options = (codec_options_t){
        .password_size = 16, .registration = &self->patterns[0], .heartbeat = &self->patterns[1]};
    self->quiet = false;
    self->line = (scan_t){.what = SCAN_SKIP};
    self->lines = 0;
    self->window_size = 0;
    self->send = writer_of (self->sent, PLAYER_SEND);
    self->compared = 0;
    self->shown = 0;
    self->message = 0;
    self->frames = 0;
    self->mark = 0;
    self->answer = ANSWER_NONE;
    self->bye = false;
    self->refused = FEP_OK;
    batch_clear (self->batch);
    self->io = (codec_io_t){.mono_ms = 1000,
                            .wall_ms = 1700000000000,
                            .options = &self->options,
                            .address = bytes_text (self->address),
                            .profile = self->map,
                            .batch = self->batch,
                            .send = &self->send};
    if (self->metered) {
        self->io.meter = &self->meter;
        self->io.address = bytes_text (PLAYER_TERMINAL);
    }
}

//  From the beginning, with no meter and no request in flight.
static inline void player_clear (player_t *self)
{
    profile_destroy (&self->profile);
    profile_destroy (&self->map);
    self->metered = false;
    self->flight_size = 0;
    player_reset (self);
}

static inline void player_flight (player_t *self, bytes_t frame)
{
    assert_true (frame.size <= sizeof self->flight);
    memcpy (self->flight, frame.data, frame.size);
    self->flight_size = frame.size;
}

static inline profile_t *player_load_profile (const char *name)
{
    char path[512];
    size_t size;
    profile_t *profile = NULL;
    profile_fault_t fault;
    snprintf (path, sizeof path, "%s/vectors/profiles/%s.profile", TESTS_DIR, name);
    char *text = vec_read_file (path, &size);
    fep_err_t error = profile_parse (bytes_of (text, size), &profile, &fault);
    if (error) {
        fail_msg ("%s, line %u: %s", path, fault.line, fault.text);
    }
    free (text);
    return profile;
}

static inline profile_t *player_parse_profile (const char *text)
{
    profile_t *profile = NULL;
    profile_fault_t fault;
    if (profile_parse (bytes_text (text), &profile, &fault) != FEP_OK) {
        fail_msg ("line %u: %s", fault.line, fault.text);
    }
    return profile;
}

//  The meter is asked from now on. profile "-": it has none.
static inline void player_meter (player_t *self, const char *address, const char *profile)
{
    profile_destroy (&self->profile);
    self->profile = strcmp (profile, "-") == 0 ? NULL : player_load_profile (profile);
    self->meter = (meter_t){.mp = 1, .profile = self->profile};
    snprintf (self->meter.address, sizeof self->meter.address, "%s", address);
    self->metered = true;
    self->io.meter = &self->meter;
    self->io.address = bytes_text (PLAYER_TERMINAL);
}

//  The same, its profile from text.
static inline void player_meter_text (player_t *self, const char *address, const char *text)
{
    player_meter (self, address, "-");
    self->profile = player_parse_profile (text);
    self->meter.profile = self->profile;
}

//  The terminal's own profile from now on.
static inline void player_own (player_t *self, const char *profile)
{
    profile_destroy (&self->map);
    self->map = player_load_profile (profile);
    self->io.profile = self->map;
}

//  The same, from its text.
static inline void player_own_text (player_t *self, const char *text)
{
    profile_destroy (&self->map);
    self->map = player_parse_profile (text);
    self->io.profile = self->map;
}

static inline player_t player_new (const codec_t *codec)
{
    player_t self = {.codec = codec, .address = ""};
    for (size_t i = 0; i < sizeof player_habits / sizeof *player_habits; i++) {
        const player_habit_t *habit = &player_habits[i];
        if (strcmp (habit->codec, codec->name) == 0) {
            CHECK_OK (pattern_parse (habit->registration, &self.patterns[0], NULL, 0));
            CHECK_OK (pattern_parse (habit->heartbeat, &self.patterns[1], NULL, 0));
            self.address = habit->address;
        }
    }
    self.state = malloc (codec->state_size);
    self.window = malloc (PLAYER_WINDOW);
    self.sent = malloc (PLAYER_SEND);
    self.batch = batch_new ();
    assert_true (self.state && self.window && self.sent);
    return self;
}

//  Everything up to the last mark is on disk.
static inline void player_durable (player_t *self)
{
    //  A codec that sets marks confirms them.
    assert_true (self->codec->durable || !self->mark);
    if (self->codec->durable) {
        self->codec->durable (self->state, self->mark, &self->io);
    }
}

static inline void player_free (player_t *self)
{
    batch_destroy (&self->batch);
    profile_destroy (&self->profile);
    profile_destroy (&self->map);
    free (self->state);
    free (self->window);
    free (self->sent);
}

//  Scans an exactly sized heap copy, so that the sanitizer sees a read beyond it; checks the rules.
static inline scan_t player_scan (const player_t *self, bool up, bytes_t window)
{
    uint8_t *copy = malloc (window.size ? window.size : 1);
    assert_non_null (copy);
    if (window.size) {
        memcpy (copy, window.data, window.size);
    }
    scan_context_t context = {.up = up,
                              .options = &self->options,
                              .request = bytes_of (self->flight, self->flight_size),
                              .line = self->line,
                              .address = self->io.address,
                              .quiet = self->quiet};
    scan_t scan = self->codec->scan (&context, bytes_of (copy, window.size));
    scan_t again = self->codec->scan (&context, bytes_of (copy, window.size));
    assert_true (scan.what == again.what && scan.size == again.size && scan.reason == again.reason);
    if (scan.what == SCAN_MORE) {
        assert_true (scan.size == 0 && scan.reason == FEP_OK);
        assert_true (window.size < self->codec->frame_max);
    } else {
        assert_true (scan.size >= 1 && scan.size <= window.size);
        assert_true ((scan.what == SCAN_SKIP) == (scan.reason != FEP_OK));
        assert_true (scan.what == SCAN_SKIP || scan.size <= self->codec->frame_max);
    }
    free (copy);
    return scan;
}

//  Decodes an exactly sized copy; what is refused is rolled back, as the session does.
static inline void player_decode (player_t *self, bytes_t frame)
{
    uint8_t *copy = malloc (frame.size);
    assert_non_null (copy);
    memcpy (copy, frame.data, frame.size);
    batch_mark_t mark = batch_mark (self->batch);
    size_t sent = self->send.size;
    self->io.request = bytes_of (self->flight, self->flight_size);
    fep_err_t error = self->codec->decode (self->state, bytes_of (copy, frame.size), &self->io);
    memset (copy, 0xA5, frame.size);
    free (copy);
    if (error) {
        self->refused = error;
        batch_rollback (self->batch, mark);
        self->send.size = sent;
        return;
    }
    self->refused = FEP_OK;
    self->frames++;
    self->mark = self->io.mark ? self->io.mark : self->mark;
    self->answer = self->io.answer;
    self->answer_code = self->io.answer_code;
    self->bye = self->bye || self->io.bye;
    assert_false (self->batch->failed);
}

//  Consumes what the window holds, as far as it goes.
static inline void player_pump (player_t *self)
{
    for (;;) {
        scan_t scan = player_scan (self, true, bytes_of (self->window, self->window_size));
        if (scan.what == SCAN_MORE) {
            return;
        }
        if (scan.what == SCAN_FRAME) {
            player_decode (self, bytes_of (self->window, scan.size));
        }
        self->lines += scan.what == SCAN_LINE;
        self->window_size -= scan.size;
        memmove (self->window, self->window + scan.size, self->window_size);
    }
}

static inline void player_feed (player_t *self, bytes_t bytes)
{
    assert_true (bytes.size <= PLAYER_WINDOW - self->window_size);
    if (bytes.size) {
        memcpy (self->window + self->window_size, bytes.data, bytes.size);
    }
    self->window_size += bytes.size;
    player_pump (self);
}

//  What is left does not go on: as the session does then, its first byte is dropped until nothing is left.
static inline void player_settle (player_t *self)
{
    while (self->window_size) {
        self->window_size--;
        memmove (self->window, self->window + 1, self->window_size);
        player_pump (self);
    }
}

static inline void player_value_text (const value_t *value, char *text, size_t size)
{
    if (value->kind == VALUE_NONE) {
        snprintf (text, size, "none:%s", absent_name ((absent_t) value->exponent));
    } else {
        value_text (value, text, size);
    }
}

static inline void player_time_text (int64_t utc_ms, char *text, size_t size)
{
    clock_local_text (utc_ms, text, size);
    text[strcspn (text, ".")] = 0;
    if (utc_ms == 0) {
        snprintf (text, size, "-");
    }
}

//  The next item as a line of a vector file, and its message. False behind the last. A message
//  without items is a line without point.
static inline bool player_line (player_t *self, char *line, const message_t **message_p)
{
    char head[160], time[40], obis[24], quality[120], value[160];
    if (self->message == self->batch->message_count) {
        return false;
    }
    const message_t *m = &self->batch->messages[self->message];
    int64_t at = m->count ? message_item_time (m, self->shown) : m->time_ms;
    player_time_text (m->time_ms ? at : 0, time, sizeof time);
    snprintf (head, sizeof head, "%s terminal=%.*s mp=%u time=%s freeze=%s",
              message_kind_name (m->kind), (int) m->address.size, (const char *) m->address.data,
              m->mp, time, freeze_name (m->freeze));
    for (char *p = head; *p && *p != ' '; p++) {
        *p = (char) (*p - 'a' + 'A');
    }
    *message_p = m;
    assert_true (m->received_ms == self->io.wall_ms);
    if (m->count == 0) {
        snprintf (line, PLAYER_LINE, "%s", head);
    } else {
        const item_t *item = &self->batch->items[m->first + self->shown];
        point_obis (item->point, obis, sizeof obis);
        quality_text (item->value.quality, quality, sizeof quality);
        player_value_text (&item->value, value, sizeof value);
        snprintf (line, PLAYER_LINE, "%s point=%s quality=%s value=%s", head, obis, quality, value);
    }
    if (++self->shown >= m->count) {
        self->shown = 0;
        self->message++;
    }
    return true;
}

//  The batch through its wire form and back: every field equal.
static inline void player_check_pack (const batch_t *batch)
{
    size_t bound = pack_bound (batch);
    uint8_t *memory = malloc (bound);
    assert_non_null (memory);
    writer_t out = writer_of (memory, bound);
    batch_head_t head = {.origin = 1, .number = 1, .boot = 1};
    head.messages = (uint32_t) batch->message_count;
    CHECK_OK (pack_batch (batch, &head, &out));
    cursor_t cursor = cursor_of (writer_bytes (&out));
    CHECK_OK (cursor_batch (&cursor, &head));
    assert_int_equal (head.messages, batch->message_count);
    for (size_t i = 0; i < batch->message_count; i++) {
        const message_t *a = &batch->messages[i];
        message_t b;
        item_t item;
        CHECK_OK (cursor_message (&cursor, &b));
        assert_true (a->kind == b.kind && a->mp == b.mp && a->freeze == b.freeze);
        assert_true (a->time_ms == b.time_ms && a->step_ms == b.step_ms && a->count == b.count);
        assert_true (a->received_ms == b.received_ms);
        assert_true (bytes_equal (a->address, b.address) && bytes_equal (a->raw, b.raw));
        for (uint32_t n = 0; n < a->count; n++) {
            const item_t *original = &batch->items[a->first + n];
            CHECK_OK (cursor_item (&cursor, &item));
            assert_true (item.point == original->point);
            assert_true (item.value.quality == original->value.quality);
            assert_true (value_equal (&item.value, &original->value));
        }
        CHECK_ERR (cursor_item (&cursor, &item), FEP_NOT_FOUND);
    }
    free (memory);
}

#endif
