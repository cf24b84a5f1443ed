//  The simulated IEC 60870-5-104 station against the codec: what it says arrives, what is confirmed is what is on disk.
#include "bench/field_devices.h"
#include "codecs/codec.h"
#include "fep/point.h"
#include "tests/test.h"
#include <stdio.h>
#include <stdlib.h>

#define OUT_SIZE 8192
#define SAID_MAX 256
#define NUMBER 7

typedef struct {
    const codec_t *codec;          //  The master's
    const field_device_t *device;  //  The station
    void *master, *station;        //  Their states
    codec_options_t options;
    codec_io_t io;
    writer_t send;                //  To the station
    profile_t *profile;           //  The station's
    batch_t *batch;               //  What the master decoded
    uint32_t compared;            //  Items of it compared
    field_said_t said[SAID_MAX];  //  By the station, not compared yet
    size_t said_count;
    uint32_t confirmed;  //  Reports confirmed
    int64_t now_ms;
    uint32_t mark;    //  Last one of the master
    answer_t answer;  //  Last one that was any
    uint8_t code;
    bool durable;  //  What is decoded is on disk at once
    uint8_t to_station[OUT_SIZE], to_master[OUT_SIZE];
} rig_t;

static void s_said (void *arg, const field_said_t *said)
{
    rig_t *self = arg;
    assert_true (self->said_count < SAID_MAX);
    self->said[self->said_count++] = *said;
}

static void s_confirmed (void *arg, uint32_t report)
{
    rig_t *self = arg;
    assert_int_equal (report, self->confirmed + 1);
    self->confirmed++;
}

static field_turn_t s_turn (rig_t *self)
{
    return (field_turn_t){.wall_ms = self->now_ms,
                          .out = self->to_master,
                          .capacity = OUT_SIZE,
                          .said = s_said,
                          .confirmed = s_confirmed,
                          .arg = self};
}

static void s_decode (rig_t *self, bytes_t in)
{
    while (in.size) {
        const scan_context_t context = {.up = true, .options = &self->options};
        scan_t scan = self->codec->scan (&context, in);
        assert_int_equal (scan.what, SCAN_FRAME);
        CHECK_OK (self->codec->decode (self->master, bytes_of (in.data, scan.size), &self->io));
        self->mark = self->io.mark ? self->io.mark : self->mark;
        self->answer = self->io.answer ? self->io.answer : self->answer;
        self->code = self->io.answer == ANSWER_REFUSED ? self->io.answer_code : self->code;
        in = bytes_of (in.data + scan.size, in.size - scan.size);
    }
}

//  Carries octets both ways until both are silent.
static void s_talk (rig_t *self)
{
    for (;;) {
        field_turn_t turn = s_turn (self);
        self->io.mono_ms = self->io.wall_ms = self->now_ms;
        if (self->durable) {
            self->codec->durable (self->master, self->mark, &self->io);
        }
        (void) self->codec->tick (self->master, &self->io);
        size_t used = self->device->input (self->station, self->to_station, self->send.size, &turn);
        assert_int_equal (used, self->send.size);
        self->send.size = 0;
        (void) self->device->tick (self->station, &turn);
        if (!turn.size) {
            return;
        }
        s_decode (self, bytes_of (self->to_master, turn.size));
    }
}

static void s_connect (rig_t *self)
{
    field_turn_t turn = s_turn (self);
    memset (self->master, 0, self->codec->state_size);
    self->send.size = 0;
    self->mark = 0;
    self->io.fault = FEP_OK;
    self->device->connected (self->station, &turn);
    assert_int_equal (turn.size, 0);
}

static profile_t *s_profile (void)
{
    static char text[PROFILE_BYTES_MAX];
    FILE *file = fopen (TESTS_DIR "/../bench/field_iec104.profile", "rb");
    assert_non_null (file);
    size_t size = fread (text, 1, sizeof text, file);
    fclose (file);
    profile_t *profile = NULL;
    profile_fault_t fault;
    fep_err_t error = profile_parse (bytes_of (text, size), &profile, &fault);
    if (error) {
        fail_msg ("line %u: %s", fault.line, fault.text);
    }
    return profile;
}

static rig_t *s_begin (uint32_t meters)
{
    static char address[FIELD_ADDRESS_MAX + 1];
    rig_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    self->codec = codec_find ("iec104");
    self->device = &field_iec104;
    self->master = calloc (1, self->codec->state_size);
    self->station = calloc (1, self->device->state_size);
    self->batch = batch_new ();
    self->profile = s_profile ();
    self->now_ms = 1785034806123;
    self->durable = true;
    self->send = writer_of (self->to_station, OUT_SIZE);
    self->device->start (self->station, NUMBER, meters);
    self->device->address (self->station, address);
    assert_string_equal (address, "10407");
    self->io = (codec_io_t){.options = &self->options,
                            .address = bytes_text (address),
                            .profile = self->profile,
                            .batch = self->batch,
                            .send = &self->send};
    s_connect (self);
    s_talk (self);
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

//  The master decoded exactly what was said since the last look, in that order.
static void s_compare (rig_t *self, size_t expected)
{
    size_t at = 0;
    for (size_t m = 0; m < self->batch->message_count; m++) {
        const message_t *message = &self->batch->messages[m];
        assert_int_equal (message->kind, MESSAGE_READING);
        for (uint32_t i = 0; i < message->count; i++, at++) {
            const item_t *item = &self->batch->items[message->first + i];
            const field_said_t *said = &self->said[at];
            assert_true (at < self->said_count);
            assert_true (said->mp == message->mp && said->point == item->point);
            assert_true (said->time_ms == message->time_ms && item->value.quality == 0);
            assert_true (said->mantissa == item->value.mantissa);
            assert_true (said->exponent == item->value.exponent);
        }
    }
    assert_int_equal (at, self->said_count);
    assert_int_equal (at, expected);
    batch_clear (self->batch);
    self->said_count = 0;
}

static fep_err_t s_ask (rig_t *self, request_t *request)
{
    self->answer = ANSWER_NONE;
    self->code = 0;
    fep_err_t error = self->codec->encode (self->master, request, &self->io);
    s_talk (self);
    return error;
}

static request_t s_command (request_kind_t kind, uint16_t mp, const char *name, value_t value)
{
    request_t request = {
        .kind = kind, .operation = OPERATION_POINT, .mp = mp, .point_count = 1, .values = {value}};
    assert_true (point_parse (name, &request.points[0]));
    return request;
}

//  32 measuring points do not fit the station's window of 12 frames: it goes on as they are acknowledged.
static void test_interrogations (void **state)
{
    (void) state;
    rig_t *self = s_begin (32);
    request_t request = {.kind = REQUEST_READ};
    CHECK_OK (s_ask (self, &request));
    assert_int_equal (self->answer, ANSWER_DONE);
    s_compare (self, 32 + 32 * 3);
    CHECK_OK (s_ask (self, &request));
    assert_int_equal (self->answer, ANSWER_DONE);
    s_compare (self, 32);
    assert_true (request.finished);
    s_end (self);
}

static void test_read_and_clock (void **state)
{
    (void) state;
    rig_t *self = s_begin (3);
    request_t request = s_command (REQUEST_READ, 2, "voltage.l1_V", value_bits (0, 0));
    CHECK_OK (s_ask (self, &request));
    assert_int_equal (self->answer, ANSWER_DONE);
    s_compare (self, 3);
    request = (request_t){.kind = REQUEST_CLOCK};
    CHECK_OK (s_ask (self, &request));
    assert_int_equal (self->answer, ANSWER_DONE);
    request = s_command (REQUEST_READ, 4, "voltage.l1_V", value_bits (0, 0));
    CHECK_OK (s_ask (self, &request));
    assert_true (self->answer == ANSWER_REFUSED && self->code == 47);
    s_end (self);
}

static void test_commands (void **state)
{
    (void) state;
    rig_t *self = s_begin (2);
    request_t request = s_command (REQUEST_OPERATE, 2, "relay.state", value_bits (1, 0));
    CHECK_OK (s_ask (self, &request));
    assert_true (self->answer == ANSWER_DONE && !request.finished);
    CHECK_OK (s_ask (self, &request));
    assert_true (self->answer == ANSWER_DONE && request.finished);
    assert_int_equal (self->said[0].report, 1);
    s_compare (self, 1);
    self->now_ms += 10000;
    s_talk (self);
    assert_int_equal (self->confirmed, 1);
    s_compare (self, 3);
    request = s_command (REQUEST_OPERATE, 1, "power.active.total_kW", value_decimal (125, -1, 0));
    CHECK_OK (s_ask (self, &request));
    assert_int_equal (self->answer, ANSWER_DONE);
    request = s_command (REQUEST_OPERATE, 3, "relay.state", value_bits (1, 0));
    CHECK_OK (s_ask (self, &request));
    assert_true (self->answer == ANSWER_REFUSED && self->code == 47);
    //  Executed without selection.
    static const uint8_t execute[] = {45, 1, 6, 0, 0xA7, 0x28, 1, 0x60, 0, 1};
    request = (request_t){.kind = REQUEST_PASS, .size = sizeof execute};
    memcpy (request.bytes, execute, sizeof execute);
    CHECK_OK (s_ask (self, &request));
    assert_true (self->answer == ANSWER_REFUSED && self->code == 7);
    s_end (self);
}

//  Reports come with time and are confirmed once they are on disk; those that were not come again with their old time.
static void test_reports (void **state)
{
    (void) state;
    rig_t *self = s_begin (2);
    for (unsigned i = 0; i < 8; i++) {
        self->now_ms += 5000;
        s_talk (self);
    }
    s_compare (self, 24);
    //  The last two are younger than t2.
    assert_int_equal (self->confirmed, 6);
    self->durable = false;
    for (unsigned i = 0; i < 2; i++) {
        self->now_ms += 5000;
        s_talk (self);
    }
    assert_int_equal (self->confirmed, 8);
    assert_int_equal (self->said_count, 6);
    assert_false (self->device->stop (self->station));
    batch_clear (self->batch);
    s_connect (self);
    self->durable = true;
    self->now_ms += 1000;
    s_talk (self);
    s_compare (self, 6);
    self->now_ms += 10000;
    s_talk (self);
    assert_int_equal (self->confirmed, 10);
    assert_true (self->device->stop (self->station));
    s_end (self);
}

//  A long silence of both is broken by tests, and neither closes.
static void test_silence (void **state)
{
    (void) state;
    rig_t *self = s_begin (0);
    for (unsigned i = 0; i < 120; i++) {
        self->now_ms += 1000;
        s_talk (self);
        assert_int_equal (self->io.fault, FEP_OK);
    }
    self->io.standby = true;
    s_talk (self);
    self->io.standby = false;
    s_talk (self);
    request_t request = {.kind = REQUEST_CLOCK};
    CHECK_OK (s_ask (self, &request));
    assert_int_equal (self->answer, ANSWER_DONE);
    s_end (self);
}

//  A number out of order: the station hears and says nothing more.
static void test_broken (void **state)
{
    (void) state;
    static const uint8_t jump[] = {0x68, 14, 2, 0, 0, 0, 100, 1, 6, 0, 0xA7, 0x28, 0, 0, 0, 20};
    static const uint8_t test[] = {0x68, 4, 0x43, 0, 0, 0};
    rig_t *self = s_begin (2);
    field_turn_t turn = s_turn (self);
    assert_int_equal (self->device->input (self->station, jump, sizeof jump, &turn), sizeof jump);
    assert_int_equal (self->device->input (self->station, test, sizeof test, &turn), sizeof test);
    turn.wall_ms += 60000;
    (void) self->device->tick (self->station, &turn);
    assert_int_equal (turn.size, 0);
    s_end (self);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_interrogations), cmocka_unit_test (test_read_and_clock),
        cmocka_unit_test (test_commands),       cmocka_unit_test (test_reports),
        cmocka_unit_test (test_silence),        cmocka_unit_test (test_broken)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
