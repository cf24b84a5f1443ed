//  Wireshark's dissectors on what the iec104 codec and the simulated station say to each other: every frame is one of
//  the protocol, none is malformed or warned about, and types and causes are those that were meant. tshark runs as a
//  program of its own; without it the test is skipped.
#include "bench/field_devices.h"
#include "codecs/codec.h"
#include "fep/point.h"
#include "tests/test.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define OUT_SIZE 8192
#define LINES_MAX 4096

typedef struct {
    const codec_t *codec;          //  The master's
    const field_device_t *device;  //  The station
    void *master, *station;        //  Their states
    codec_options_t options;
    codec_io_t io;
    writer_t send;       //  To the station
    profile_t *profile;  //  The station's
    batch_t *batch;      //  What the master decoded
    int64_t now_ms;
    uint32_t mark;         //  Last one of the master
    FILE *file;            //  The capture
    uint32_t sequence[2];  //  TCP: next octet down and up
    char want[16384];      //  A line for each frame: format, type and cause
    uint8_t to_station[OUT_SIZE], to_master[OUT_SIZE];
} rig_t;

//  ---- The capture: classic pcap, raw IPv4 ----

static void s_put (FILE *file, const void *data, size_t size)
{
    assert_true (fwrite (data, 1, size, file) == size);
}

static FILE *s_open (const char *path)
{
    const uint32_t head[] = {0xA1B2C3D4, 4 << 16 | 2, 0, 0, 65535, 101};
    FILE *file = fopen (path, "wb");
    assert_non_null (file);
    s_put (file, head, sizeof head);
    return file;
}

static void s_capture (rig_t *self, bool up, bytes_t bytes)
{
    const uint16_t station = 2404, master = 40000;
    uint8_t packet[40];
    writer_t out = writer_of (packet, sizeof packet);
    uint32_t size = (uint32_t) (sizeof packet + bytes.size);
    const uint32_t record[] = {(uint32_t) (self->now_ms / 1000),
                               (uint32_t) (self->now_ms % 1000 * 1000), size, size};
    writer_u16be (&out, 0x4500);
    writer_u16be (&out, (uint16_t) size);
    writer_u32be (&out, 0x00014000);
    writer_u32be (&out, 0x40060000);
    writer_u32be (&out, up ? 0x0A000002 : 0x0A000001);
    writer_u32be (&out, up ? 0x0A000001 : 0x0A000002);
    writer_u16be (&out, up ? station : master);
    writer_u16be (&out, up ? master : station);
    writer_u32be (&out, self->sequence[up]);
    writer_u32be (&out, self->sequence[!up]);
    writer_u32be (&out, 0x5018FFFF);
    writer_u32be (&out, 0);
    assert_true (out.size == sizeof packet && !out.failed);
    s_put (self->file, record, sizeof record);
    s_put (self->file, packet, sizeof packet);
    s_put (self->file, bytes.data, bytes.size);
    self->sequence[up] += (uint32_t) bytes.size;
}

//  One frame a packet, and what it should be taken for.
static void s_frames (rig_t *self, bool up, bytes_t bytes)
{
    size_t used = strlen (self->want);
    while (bytes.size) {
        size_t size = (size_t) bytes.data[1] + 2;
        const uint8_t *p = bytes.data;
        assert_true (size <= bytes.size);
        s_capture (self, up, bytes_of (p, size));
        used += (size_t) (p[2] & 1 ? snprintf (self->want + used, sizeof self->want - used,
                                               "0x%08x,,\n", p[2] & 3)
                                   : snprintf (self->want + used, sizeof self->want - used,
                                               "0x00000000,%d,%d\n", p[6], p[8] & 0x3F));
        assert_true (used < sizeof self->want);
        bytes = bytes_of (p + size, bytes.size - size);
    }
}

//  ---- The conversation ----

static void s_talk (rig_t *self)
{
    for (;;) {
        field_turn_t turn = {.wall_ms = self->now_ms, .out = self->to_master, .capacity = OUT_SIZE};
        self->io.mono_ms = self->io.wall_ms = self->now_ms;
        self->codec->durable (self->master, self->mark, &self->io);
        (void) self->codec->tick (self->master, &self->io);
        s_frames (self, false, writer_bytes (&self->send));
        (void) self->device->input (self->station, self->to_station, self->send.size, &turn);
        self->send.size = 0;
        (void) self->device->tick (self->station, &turn);
        bytes_t in = {self->to_master, turn.size};
        s_frames (self, true, in);
        batch_clear (self->batch);
        while (in.size) {
            size_t size = (size_t) in.data[1] + 2;
            CHECK_OK (self->codec->decode (self->master, bytes_of (in.data, size), &self->io));
            self->mark = self->io.mark ? self->io.mark : self->mark;
            in = bytes_of (in.data + size, in.size - size);
        }
        if (!turn.size) {
            return;
        }
        self->now_ms += 10;
    }
}

static void s_ask (rig_t *self, request_t request)
{
    while (!request.finished) {
        CHECK_OK (self->codec->encode (self->master, &request, &self->io));
        s_talk (self);
    }
}

static void s_wait (rig_t *self, int64_t ms)
{
    self->now_ms += ms;
    s_talk (self);
}

//  Commands of every type, with and without time; the station knows some of them.
static const char s_text[] =
    "profile t\ncodec iec104\nobject relay.state 0x4001\n"
    "object relay.state 0x6001 command=single select=1\nobject relay.state 1 mp=1 command=double\n"
    "object relay.state 2 mp=2 command=step qualifier=1\n"
    "object relay.state 3 mp=3 command=normalized\n"
    "object relay.state 0x6201 mp=4 command=scaled qualifier=3\n"
    "object relay.state 4 mp=5 command=float\nobject relay.state 5 mp=6 command=bits\n"
    "object relay.state 6 mp=7 command=single time=1\nobject relay.state 7 mp=8 command=double "
    "time=1\n"
    "object relay.state 8 mp=9 command=step time=1\n"
    "object relay.state 9 mp=10 command=normalized time=1\n"
    "object relay.state 10 mp=11 command=scaled time=1\nobject relay.state 11 mp=12 command=float "
    "time=1\n"
    "object relay.state 12 mp=13 command=bits time=1\n"
    "object input.state 13 group=3\nobject input.change 14 counter=2\n";

static void s_converse (rig_t *self)
{
    static const char *const reads[] = {"relay.state", "input.state", "input.change"};
    static const uint8_t tests[][18] = {
        {107, 1, 6, 0, 0xA7, 0x28, 0, 0, 0, 1, 0, 1, 2, 3, 4, 25, 9, 26},
        {46, 1, 8, 0, 0xA7, 0x28, 1, 0, 0, 0x81}};
    static const uint8_t sizes[] = {18, 10};
    s_talk (self);
    s_ask (self, (request_t){.kind = REQUEST_READ});
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++) {
        request_t request = {.kind = REQUEST_READ, .point_count = 1};
        assert_true (point_parse (reads[i], &request.points[0]));
        s_ask (self, request);
    }
    s_ask (self, (request_t){.kind = REQUEST_CLOCK});
    s_ask (self, (request_t){.kind = REQUEST_OPERATE, .operation = OPERATION_RESET});
    s_ask (self, (request_t){.kind = REQUEST_OPERATE, .operation = OPERATION_FREEZE});
    for (uint16_t mp = 0; mp <= 13; mp++) {
        request_t request = {.kind = REQUEST_OPERATE, .mp = mp, .point_count = 1};
        assert_true (point_parse ("relay.state", &request.points[0]));
        request.values[0] = value_decimal (1, 0, 0);
        s_ask (self, request);
    }
    for (size_t i = 0; i < sizeof sizes; i++) {
        request_t request = {.kind = REQUEST_PASS, .size = sizes[i]};
        memcpy (request.bytes, tests[i], sizes[i]);
        s_ask (self, request);
    }
    for (unsigned i = 0; i < 6; i++) {
        s_wait (self, 5000);
    }
    (void) self->device->stop (self->station);
    s_wait (self, 10000);
    s_wait (self, 20000);
    self->io.standby = true;
    s_wait (self, 100);
}

static rig_t *s_begin (const char *path)
{
    profile_fault_t fault;
    rig_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    self->codec = codec_find ("iec104");
    self->device = &field_iec104;
    self->master = calloc (1, self->codec->state_size);
    self->station = calloc (1, self->device->state_size);
    assert_true (self->master && self->station);
    self->batch = batch_new ();
    CHECK_OK (profile_parse (bytes_text (s_text), &self->profile, &fault));
    self->now_ms = 1785034806123;
    self->send = writer_of (self->to_station, OUT_SIZE);
    self->file = s_open (path);
    self->sequence[0] = self->sequence[1] = 1000;
    self->io = (codec_io_t){.options = &self->options,
                            .address = bytes_text ("10407"),
                            .profile = self->profile,
                            .batch = self->batch,
                            .send = &self->send};
    field_turn_t turn = {.wall_ms = self->now_ms, .out = self->to_master, .capacity = OUT_SIZE};
    self->device->start (self->station, 7, 3);
    self->device->connected (self->station, &turn);
    return self;
}

static void s_end (rig_t *self)
{
    batch_destroy (&self->batch);
    profile_destroy (&self->profile);
    free (self->master);
    free (self->station);
    free (self);
}

//  What tshark prints of the capture. Returns its size.
static size_t s_tshark (const char *path, const char *arguments, char *text, size_t size)
{
    char command[600];
    snprintf (command, sizeof command, "tshark -n -r %s %s 2>/dev/null", path, arguments);
    FILE *pipe = popen (command, "r");
    assert_non_null (pipe);
    size_t used = fread (text, 1, size - 1, pipe);
    text[used] = 0;
    assert_int_equal (pclose (pipe), 0);
    return used;
}

//  What is malformed or warned about. Returns the size of the text.
static size_t s_complaints (const char *path, char *text, size_t size)
{
    return s_tshark (path,
                     "-Y '_ws.malformed || _ws.expert.severity >= 0x600000' -T fields "
                     "-e frame.number -e _ws.expert.message",
                     text, size);
}

static void test_wireshark_understands (void **state)
{
    (void) state;
    static char got[65536];
    char path[] = "/tmp/iec104-XXXXXX";
    if (system ("tshark --version >/dev/null 2>&1") != 0) {
        print_message ("no tshark\n");
        skip ();
    }
    int fd = mkstemp (path);
    assert_true (fd >= 0);
    close (fd);
    rig_t *self = s_begin (path);
    s_converse (self);
    fclose (self->file);
    (void) s_tshark (path,
                     "-T fields -E separator=, -e iec60870_104.type -e iec60870_asdu.typeid "
                     "-e iec60870_asdu.causetx",
                     got, sizeof got);
    for (char *p = got; *p; p++) {
        *p = *p == '\t' ? ',' : *p;
    }
    assert_string_equal (got, self->want);
    if (s_complaints (path, got, sizeof got)) {
        fail_msg ("%s", got);
    }
    size_t frames = 0;
    for (const char *p = self->want; *p; p++) {
        frames += *p == '\n';
    }
    print_message ("tshark: %zu frames\n", frames);
    assert_true (frames > 70);
    //  The check can fail: two objects announced, one there.
    static const uint8_t broken[] = {0x68, 14, 0, 0, 0, 0, 1, 2, 3, 0, 1, 0, 1, 0, 0, 1};
    self->file = s_open (path);
    s_capture (self, true, bytes_of (broken, sizeof broken));
    fclose (self->file);
    assert_true (s_complaints (path, got, sizeof got) > 0);
    unlink (path);
    s_end (self);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_wireshark_understands)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
