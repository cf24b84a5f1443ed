//  Somebody else's slave: libmodbus over a socket pair answers our requests. It reads and writes the descriptor only,
//  so an RTU context needs no serial line; it aborts on descriptors of 1024 and above.
#include "tests/codecs/player.h"
#include <errno.h>
#include <modbus.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#define UNIT 17
#define UNIT_TEXT "17"
#define DEADLINE_MS 20000

enum {
    COILS = 2000,
    INPUTS_AT = 100,
    INPUTS = 2000,
    REGISTERS = 200,
    ANALOG_AT = 1000,
    ANALOG = 125
};

typedef struct {
    int ours;  //  Our end of the pair
    int its;   //  The slave's
    modbus_t *context;
    modbus_mapping_t *map;
    pthread_t thread;
    player_t player;
} peer_t;

//  Answers until our end is shut down.
static void *s_serve (void *arg)
{
    peer_t *self = arg;
    uint8_t query[MODBUS_RTU_MAX_ADU_LENGTH];
    for (;;) {
        errno = 0;
        int size = modbus_receive (self->context, query);
        if (size < 0 && errno == ECONNRESET) {
            return NULL;
        }
        if (size > 0) {
            (void) modbus_reply (self->context, query, size, self->map);
        }
    }
}

static void s_fill (modbus_mapping_t *map)
{
    for (int i = 0; i < COILS; i++) {
        map->tab_bits[i] = i % 3 == 0;
    }
    for (int i = 0; i < INPUTS; i++) {
        map->tab_input_bits[i] = i % 5 == 0;
    }
    for (int i = 0; i < REGISTERS; i++) {
        map->tab_registers[i] = (uint16_t) (0x1100 + i);
    }
    for (int i = 0; i < ANALOG; i++) {
        map->tab_input_registers[i] = (uint16_t) (0xFF00 + i);
    }
}

static peer_t *s_start (void)
{
    int pair[2];
    peer_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    signal (SIGPIPE, SIG_IGN);
    assert_int_equal (socketpair (AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_true (pair[0] < 1024 && pair[1] < 1024);
    self->ours = pair[0];
    self->its = pair[1];
    self->context = modbus_new_rtu ("/dev/null", 9600, 'N', 8, 1);
    self->map = modbus_mapping_new_start_address (0, COILS, INPUTS_AT, INPUTS, 0, REGISTERS,
                                                  ANALOG_AT, ANALOG);
    assert_true (self->context && self->map);
    s_fill (self->map);
    assert_int_equal (modbus_set_slave (self->context, UNIT), 0);
    assert_int_equal (modbus_set_socket (self->context, self->its), 0);
    assert_int_equal (modbus_set_response_timeout (self->context, 0, 1000), 0);
    assert_int_equal (pthread_create (&self->thread, NULL, s_serve, self), 0);
    self->player = player_new (codec_find ("modbus_rtu"));
    player_clear (&self->player);
    return self;
}

static void s_stop (peer_t *self)
{
    assert_int_equal (shutdown (self->ours, SHUT_RDWR), 0);
    assert_int_equal (pthread_join (self->thread, NULL), 0);
    player_free (&self->player);
    modbus_free (self->context);
    modbus_mapping_free (self->map);
    close (self->ours);
    close (self->its);
    free (self);
}

//  Writes the request's next frame; its answer is awaited unless it is a broadcast.
static void s_send (peer_t *self, request_t *request)
{
    player_t *player = &self->player;
    size_t from = player->send.size;
    CHECK_OK (player->codec->encode (player->state, request, &player->io));
    bytes_t frame = {player->sent + from, player->send.size - from};
    player_flight (player, frame);
    assert_true (write (self->ours, frame.data, frame.size) == (ssize_t) frame.size);
}

//  Feeds byte by byte what the slave sends until it is a frame.
static void s_await (peer_t *self)
{
    player_t *player = &self->player;
    uint32_t frames = player->frames;
    while (player->frames == frames) {
        uint8_t byte;
        struct pollfd poll_one = {.fd = self->ours, .events = POLLIN};
        assert_int_equal (poll (&poll_one, 1, DEADLINE_MS), 1);
        assert_int_equal (read (self->ours, &byte, 1), 1);
        player_feed (player, bytes_of (&byte, 1));
        assert_int_equal (player->refused, FEP_OK);
    }
    assert_int_equal (player->window_size, 0);
}

static answer_t s_pass (peer_t *self, const char *hex)
{
    request_t request = {.kind = REQUEST_PASS};
    request.size = (uint16_t) vec_hex (hex, request.bytes, sizeof request.bytes);
    memset (self->player.state, 0, self->player.codec->state_size);
    s_send (self, &request);
    assert_true (request.finished);
    s_await (self);
    return self->player.answer;
}

//  The bytes of the last message's frame behind its count.
static const uint8_t *s_data (const peer_t *self, size_t size)
{
    const batch_t *batch = self->player.batch;
    assert_true (batch->message_count > 0);
    const message_t *message = &batch->messages[batch->message_count - 1];
    assert_true (message->raw.size == size + 5 && message->raw.data[2] == size);
    return message->raw.data + 3;
}

static void test_reads (void **state)
{
    (void) state;
    peer_t *self = s_start ();
    player_meter (&self->player, UNIT_TEXT, "-");
    assert_int_equal (s_pass (self, "01 0000 07d0"), ANSWER_DONE);
    const uint8_t *data = s_data (self, 250);
    for (int i = 0; i < COILS; i++) {
        assert_int_equal (data[i / 8] >> i % 8 & 1, i % 3 == 0);
    }
    assert_int_equal (s_pass (self, "02 0064 0019"), ANSWER_DONE);
    data = s_data (self, 4);
    for (int i = 0; i < 25; i++) {
        assert_int_equal (data[i / 8] >> i % 8 & 1, i % 5 == 0);
    }
    assert_int_equal (s_pass (self, "03 0003 007d"), ANSWER_DONE);
    data = s_data (self, 250);
    for (int i = 0; i < 125; i++) {
        assert_int_equal (data[2 * i] << 8 | data[2 * i + 1], 0x1103 + i);
    }
    assert_int_equal (s_pass (self, "04 03e8 007d"), ANSWER_DONE);
    data = s_data (self, 250);
    assert_true (data[0] == 0xFF && data[1] == 0x00 && data[249] == 0x7C);
    s_stop (self);
}

static void test_writes (void **state)
{
    (void) state;
    peer_t *self = s_start ();
    const modbus_mapping_t *map = self->map;
    player_meter (&self->player, UNIT_TEXT, "-");
    assert_int_equal (s_pass (self, "05 0001 ff00"), ANSWER_DONE);
    assert_int_equal (map->tab_bits[1], 1);
    assert_int_equal (s_pass (self, "05 0001 0000"), ANSWER_DONE);
    assert_int_equal (map->tab_bits[1], 0);
    assert_int_equal (s_pass (self, "06 0002 abcd"), ANSWER_DONE);
    assert_int_equal (map->tab_registers[2], 0xABCD);
    assert_int_equal (s_pass (self, "0f 0013 000a 02 cd01"), ANSWER_DONE);
    assert_true (map->tab_bits[0x13] == 1 && map->tab_bits[0x14] == 0 && map->tab_bits[0x1B] == 1);
    assert_true (map->tab_bits[0x1C] == 0 && map->tab_bits[0x1E] == 1);
    assert_int_equal (s_pass (self, "10 0010 0002 04 1234 5678"), ANSWER_DONE);
    assert_true (map->tab_registers[16] == 0x1234 && map->tab_registers[17] == 0x5678);
    assert_int_equal (s_pass (self, "16 0010 00f2 0025"), ANSWER_DONE);
    assert_int_equal (map->tab_registers[16], (0x1234 & 0xF2) | (0x25 & ~0xF2 & 0xFFFF));
    assert_int_equal (self->player.batch->message_count, 0);
    assert_int_equal (s_pass (self, "17 0011 0002 0012 0001 02 9abc"), ANSWER_DONE);
    const uint8_t *data = s_data (self, 4);
    assert_true (memcmp (data, "\x56\x78\x9a\xbc", 4) == 0 && map->tab_registers[18] == 0x9ABC);
    s_stop (self);
}

static void test_refusals (void **state)
{
    (void) state;
    peer_t *self = s_start ();
    player_meter (&self->player, UNIT_TEXT, "-");
    static const char *const outside[] = {"01 07d0 0001",       "02 0063 0001",
                                          "03 00c8 0001",       "04 0000 0001",
                                          "05 07d0 ff00",       "06 00c8 0001",
                                          "0f 07cf 0002 01 03", "10 00c7 0002 04 00010002",
                                          "16 00c8 0000 0000",  "17 00c8 0001 0000 0001 02 0000"};
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
        assert_int_equal (s_pass (self, outside[i]), ANSWER_REFUSED);
        assert_int_equal (self->player.answer_code, MODBUS_EXCEPTION_ILLEGAL_DATA_ADDRESS);
    }
    assert_int_equal (self->player.batch->message_count, 0);
    s_stop (self);
}

//  The slave applies it and says nothing; the next answer is the next request's.
static void test_broadcast (void **state)
{
    (void) state;
    peer_t *self = s_start ();
    request_t request = {.kind = REQUEST_PASS, .size = 5};
    memcpy (request.bytes, "\x06\x00\x05\x77\x66", 5);
    player_meter (&self->player, "0", "-");
    s_send (self, &request);
    assert_int_equal (self->player.io.answer, ANSWER_DONE);
    player_meter (&self->player, UNIT_TEXT, "-");
    assert_int_equal (s_pass (self, "03 0005 0001"), ANSWER_DONE);
    assert_memory_equal (s_data (self, 2), "\x77\x66", 2);
    s_stop (self);
}

static void s_expect (const player_t *player, const char *name, const char *want)
{
    char text[160];
    uint32_t point;
    assert_true (point_parse (name, &point));
    for (size_t i = 0; i < player->batch->item_count; i++) {
        const item_t *item = &player->batch->items[i];
        if (item->point == point) {
            player_value_text (&item->value, text, sizeof text);
            assert_string_equal (text, want);
            return;
        }
    }
    fail_msg ("no %s", name);
}

//  A profile over all four tables. The last three rows are one block that reaches behind the device's registers: it
//  is refused, and read again row by row.
static void test_profile (void **state)
{
    (void) state;
    static const char text[] = "profile p\ncodec modbus_rtu\ngap 4\n"
                               "register relay.state 1 3 bit\n"
                               "register input.state 2 101 bit\n"
                               "register voltage.l1_V 3 10 u16 scale=0.1\n"
                               "register voltage.l2_V 3 12 u32 order=CDAB\n"
                               "register voltage.l3_V 3 14 f32\n"
                               "register current.l1_A 4 1001 i16 scale=0.01\n"
                               "register current.l2_A 4 1100 u64\n"
                               "register current.l3_A 3 198 u16\n"
                               "register frequency_Hz 3 199 u16\n"
                               "register power_factor.total_pct 3 200 u16\n";
    static const unsigned steps = 9;  //  1, 2, 3 (10..15), 3 (198..200) and thrice 3 again, 4 twice
    peer_t *self = s_start ();
    player_t *player = &self->player;
    player_meter_text (player, UNIT_TEXT, text);
    self->map->tab_registers[14] = 0x47F1;
    self->map->tab_registers[15] = 0x2000;
    request_t request = {.kind = REQUEST_READ};
    unsigned count = 0;
    while (!request.finished) {
        uint32_t done = request.done;
        s_send (self, &request);
        s_await (self);
        assert_true (player->answer == ANSWER_DONE || player->answer == ANSWER_AGAIN);
        if (player->answer == ANSWER_AGAIN) {
            request.done = done;
            request.finished = false;
        }
        count++;
    }
    assert_int_equal (count, steps);
    assert_int_equal (player->batch->item_count, player->profile->count);
    s_expect (player, "relay.state", "0x1");
    s_expect (player, "input.state", "0x0");
    s_expect (player, "voltage.l1_V", "436.2");
    s_expect (player, "voltage.l2_V", "286069004");
    s_expect (player, "voltage.l3_V", "123456");
    s_expect (player, "current.l1_A", "-2.55");
    s_expect (player, "current.l2_A", "none:unreadable");
    s_expect (player, "current.l3_A", "4550");
    s_expect (player, "frequency_Hz", "4551");
    s_expect (player, "power_factor.total_pct", "none:device");
    s_stop (self);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_reads), cmocka_unit_test (test_writes),
        cmocka_unit_test (test_refusals), cmocka_unit_test (test_broadcast),
        cmocka_unit_test (test_profile)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
