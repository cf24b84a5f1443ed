//  The simulated Modbus TCP device: what it answers is what it says it said, read by our own codecs with its profile;
//  writes, refusals, junk and answers that do not fit.
#include "bench/field_devices.h"
#include "tests/codecs/player.h"

#define WALL_MS 1750000123456
#define SAID_MAX 64

typedef struct {
    void *state;                   //  Of the device
    uint8_t out[4096];             //  Its answers
    field_said_t saids[SAID_MAX];  //  What it said
    size_t said_count;
    field_turn_t turn;
} rig_t;

static void s_note (void *arg, const field_said_t *said)
{
    rig_t *self = arg;
    assert_true (self->said_count < SAID_MAX);
    self->saids[self->said_count++] = *said;
}

static rig_t *s_rig (uint32_t meters)
{
    rig_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    self->state = calloc (1, field_modbus_tcp.state_size);
    assert_non_null (self->state);
    field_modbus_tcp.start (self->state, 5, meters);
    self->turn = (field_turn_t){.wall_ms = WALL_MS,
                                .out = self->out,
                                .capacity = sizeof self->out,
                                .said = s_note,
                                .arg = self};
    return self;
}

static void s_end (rig_t *self)
{
    free (self->state);
    free (self);
}

static size_t s_input (rig_t *self, bytes_t bytes)
{
    self->turn.size = 0;
    return field_modbus_tcp.input (self->state, bytes.data, bytes.size, &self->turn);
}

//  Request and answer in hex.
static void s_ask (rig_t *self, const char *request, const char *answer)
{
    uint8_t asked[300], want[300];
    size_t size = vec_hex (request, asked, sizeof asked);
    size_t wanted = vec_hex (answer, want, sizeof want);
    assert_int_equal (s_input (self, bytes_of (asked, size)), size);
    assert_int_equal (self->turn.size, wanted);
    assert_memory_equal (self->out, want, wanted);
}

static void test_who (void **state)
{
    (void) state;
    char text[FIELD_ADDRESS_MAX + 1];
    rig_t *self = s_rig (2);
    field_modbus_tcp.address (self->state, text);
    assert_string_equal (text, "mtcp5");
    field_modbus_tcp.meter (self->state, 2, text);
    assert_string_equal (text, "2");
    field_modbus_tcp.connected (self->state, &self->turn);
    assert_int_equal (self->turn.size, 0);
    assert_true (field_modbus_tcp.tick (self->state, &self->turn) > WALL_MS);
    assert_true (field_modbus_tcp.stop (self->state));
    s_end (self);
}

static profile_t *s_profile (void)
{
    size_t size;
    profile_t *profile = NULL;
    profile_fault_t fault;
    char *text = vec_read_file (TESTS_DIR "/../bench/field_modbus_tcp.profile", &size);
    if (profile_parse (bytes_of (text, size), &profile, &fault) != FEP_OK) {
        fail_msg ("line %u: %s", fault.line, fault.text);
    }
    free (text);
    return profile;
}

//  A whole READ of unit 2 by modbus_rtu over modbus_tcp: every item is one the device said, exactly.
static void test_profile (void **state)
{
    (void) state;
    rig_t *self = s_rig (2);
    player_t tcp = player_new (codec_find ("modbus_tcp"));
    player_t rtu = player_new (codec_find ("modbus_rtu"));
    request_t request = {.kind = REQUEST_READ};
    player_clear (&tcp);
    player_clear (&rtu);
    player_meter (&rtu, "2", "-");
    rtu.profile = s_profile ();
    rtu.meter.profile = rtu.profile;
    tcp.io.meter = &rtu.meter;
    while (!request.finished) {
        uint8_t line[300];
        writer_t back = writer_of (line, sizeof line);
        rtu.send.size = tcp.send.size = 0;
        CHECK_OK (rtu.codec->encode (rtu.state, &request, &rtu.io));
        player_flight (&rtu, writer_bytes (&rtu.send));
        CHECK_OK (tcp.codec->wrap (tcp.state, writer_bytes (&rtu.send), &tcp.io));
        uint32_t tag = tcp.io.tag;
        assert_int_equal (s_input (self, writer_bytes (&tcp.send)), tcp.send.size);
        player_feed (&tcp, bytes_of (self->out, self->turn.size));
        assert_true (tcp.answer == ANSWER_DONE && tcp.io.tag == tag);
        CHECK_OK (
            tcp.codec->unwrap (bytes_of (self->out, self->turn.size), true, &tcp.options, &back));
        player_feed (&rtu, writer_bytes (&back));
        assert_int_equal (rtu.answer, ANSWER_DONE);
    }
    assert_true (rtu.batch->item_count == 8 && self->said_count == 8);
    for (size_t i = 0; i < 8; i++) {
        const field_said_t *said = &self->saids[i];
        const item_t *item = &rtu.batch->items[i];
        assert_true (said->mp == 2 && said->point == item->point && said->time_ms == 0);
        assert_int_equal (said->mantissa, item->value.mantissa);
        assert_int_equal (said->exponent, item->value.exponent);
        assert_true (point_find (said->point) && item->value.kind == VALUE_DECIMAL);
    }
    player_free (&tcp);
    player_free (&rtu);
    s_end (self);
}

static void test_functions (void **state)
{
    (void) state;
    rig_t *self = s_rig (2);
    //  Half a value is read, and said by nobody.
    char answer[80];
    int64_t energy = field_model (5, 1, MODEL_ENERGY, WALL_MS);
    snprintf (answer, sizeof answer, "0007 0000 0005 01 04 02 %04x", (unsigned) (energy & 0xFFFF));
    s_ask (self, "0007 0000 0006 01 04 0001 0001", answer);
    assert_int_equal (self->said_count, 0);
    s_ask (self, "0008 0000 0006 01 06 0064 01f4", "0008 0000 0006 01 06 0064 01f4");
    s_ask (self, "0009 0000 0006 01 03 0064 0002", "0009 0000 0007 01 03 04 01f4 0000");
    assert_true (self->said_count == 1 && self->saids[0].mantissa == 500);
    assert_true (self->saids[0].exponent == -1 && self->saids[0].mp == 1);
    s_ask (self, "000a 0000 000b 02 10 0066 0002 04 1234 5678", "000a 0000 0006 02 10 0066 0002");
    s_ask (self, "000b 0000 0006 02 03 0066 0002", "000b 0000 0007 02 03 04 1234 5678");
    s_end (self);
}

static void test_refusals (void **state)
{
    (void) state;
    static const struct {
        const char *request, *answer;
    } rows[] = {{"0001 0000 0006 03 03 0000 0001", "0001 0000 0003 03 83 0b"},
                {"0001 0000 0006 00 03 0000 0001", "0001 0000 0003 00 83 0b"},
                {"0001 0000 0006 01 01 0000 0001", "0001 0000 0003 01 81 01"},
                {"0001 0000 0006 01 03 000a 0001", "0001 0000 0003 01 83 02"},
                {"0001 0000 0006 01 04 0064 0001", "0001 0000 0003 01 84 02"},
                {"0001 0000 0006 01 03 0068 0001", "0001 0000 0003 01 83 02"},
                {"0001 0000 0006 01 03 0000 0000", "0001 0000 0003 01 83 03"},
                {"0001 0000 0006 01 03 0000 007e", "0001 0000 0003 01 83 03"},
                {"0001 0000 0005 01 03 0000 00", "0001 0000 0003 01 83 03"},
                {"0001 0000 0006 01 06 0063 0001", "0001 0000 0003 01 86 02"},
                {"0001 0000 0006 01 06 0064 03e9", "0001 0000 0003 01 86 03"},
                {"0001 0000 0005 01 06 0064 00", "0001 0000 0003 01 86 03"},
                {"0001 0000 0009 01 10 0067 0002 04 0000", "0001 0000 0003 01 90 03"},
                {"0001 0000 000b 01 10 0067 0002 04 0000 0000", "0001 0000 0003 01 90 02"},
                {"0001 0000 0004 01 10 0067", "0001 0000 0003 01 90 03"},
                {"0001 0000 0002 01 2b", "0001 0000 0003 01 ab 01"}};
    rig_t *self = s_rig (2);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        s_ask (self, rows[i].request, rows[i].answer);
    }
    assert_int_equal (self->said_count, 0);
    s_end (self);
}

//  Junk is dropped, halves wait, several are answered together, and not more than there is room for.
static void test_stream (void **state)
{
    (void) state;
    uint8_t bytes[200];
    rig_t *self = s_rig (1);
    size_t size = vec_hex ("ff ff ff 0001 0000 0006 01 03 0009 0001 0002 0000 0006 01 03 0009 0001"
                           "0003 0000 0006 01 03",
                           bytes, sizeof bytes);
    assert_int_equal (s_input (self, bytes_of (bytes, size)), 27);
    assert_true (self->turn.size == 22 && self->out[1] == 1 && self->out[12] == 2);
    self->turn.capacity = 261;
    assert_int_equal (s_input (self, bytes_of (bytes, size)), 15);
    assert_int_equal (self->turn.size, 11);
    s_end (self);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_who), cmocka_unit_test (test_profile),
                                       cmocka_unit_test (test_functions),
                                       cmocka_unit_test (test_refusals),
                                       cmocka_unit_test (test_stream)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
