//  Somebody else's slaves behind modbus_tcp and modbus_rtu: libmodbus over a socket pair, and pymodbus as a process
//  that holds answers back and sends them the last first. What a session does with tags is done here by hand.
#include "tests/codecs/player.h"
#include <arpa/inet.h>
#include <errno.h>
#include <modbus.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEADLINE_MS 20000
#define FLIGHTS 8
#define REGISTERS 200

//  One of several requests in flight.
typedef struct {
    bool used;
    uint32_t tag;        //  Its transaction
    meter_t meter;       //  Whose exchange it is
    uint8_t bytes[260];  //  modbus_rtu's frame
    size_t size;
} flight_t;

typedef struct {
    int fd;  //  Our end of the connection
    player_t tcp, rtu;
    flight_t flights[FLIGHTS];
    uint32_t order[64];  //  Tags as they were answered
    size_t answered;     //  Of them
    uint16_t data[125];  //  Registers of the last answer
} line_t;

static line_t *s_line (int fd)
{
    line_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    signal (SIGPIPE, SIG_IGN);
    self->fd = fd;
    self->tcp = player_new (codec_find ("modbus_tcp"));
    self->rtu = player_new (codec_find ("modbus_rtu"));
    player_clear (&self->tcp);
    player_clear (&self->rtu);
    return self;
}

static void s_end (line_t *self)
{
    player_free (&self->tcp);
    player_free (&self->rtu);
    close (self->fd);
    free (self);
}

//  Asks the unit; returns the tag.
static uint32_t s_send (line_t *self, unsigned unit, profile_t *profile, request_t *request)
{
    player_t *rtu = &self->rtu, *tcp = &self->tcp;
    size_t i = 0;
    while (i < FLIGHTS && self->flights[i].used) {
        i++;
    }
    assert_true (i < FLIGHTS);
    flight_t *flight = &self->flights[i];
    flight->meter = (meter_t){.mp = (uint16_t) unit, .profile = profile};
    snprintf (flight->meter.address, sizeof flight->meter.address, "%u", unit);
    rtu->io.meter = tcp->io.meter = &flight->meter;
    rtu->send.size = tcp->send.size = 0;
    CHECK_OK (rtu->codec->encode (rtu->state, request, &rtu->io));
    CHECK_OK (tcp->codec->wrap (tcp->state, writer_bytes (&rtu->send), &tcp->io));
    flight->used = true;
    flight->tag = tcp->io.tag;
    flight->size = rtu->send.size;
    memcpy (flight->bytes, rtu->sent, flight->size);
    assert_true (write (self->fd, tcp->sent, tcp->send.size) == (ssize_t) tcp->send.size);
    return flight->tag;
}

//  A frame that modbus_tcp decoded, to the request whose tag it bears.
static void s_take (line_t *self, bytes_t frame)
{
    uint8_t bytes[260];
    writer_t back = writer_of (bytes, sizeof bytes);
    flight_t *flight = self->flights;
    while (flight < self->flights + FLIGHTS && !(flight->used && flight->tag == self->tcp.io.tag)) {
        flight++;
    }
    assert_true (flight < self->flights + FLIGHTS);
    CHECK_OK (self->tcp.codec->unwrap (frame, true, &self->tcp.options, &back));
    self->rtu.io.meter = &flight->meter;
    player_flight (&self->rtu, bytes_of (flight->bytes, flight->size));
    uint32_t frames = self->rtu.frames;
    player_feed (&self->rtu, writer_bytes (&back));
    assert_true (self->rtu.frames == frames + 1 && self->rtu.window_size == 0);
    for (size_t i = 0; 2 * i + 4 < back.size && i < 125; i++) {
        self->data[i] = (uint16_t) (bytes[3 + 2 * i] << 8 | bytes[4 + 2 * i]);
    }
    self->order[self->answered++] = flight->tag;
    flight->used = false;
}

//  Until so many more answers have come, byte by byte.
static void s_await (line_t *self, size_t count)
{
    player_t *tcp = &self->tcp;
    size_t want = self->answered + count;
    while (self->answered < want) {
        struct pollfd one = {.fd = self->fd, .events = POLLIN};
        assert_int_equal (poll (&one, 1, DEADLINE_MS), 1);
        assert_int_equal (read (self->fd, tcp->window + tcp->window_size, 1), 1);
        tcp->window_size++;
        scan_t scan = player_scan (tcp, true, bytes_of (tcp->window, tcp->window_size));
        assert_true (scan.what == SCAN_MORE || scan.what == SCAN_FRAME);
        if (scan.what == SCAN_FRAME) {
            player_decode (tcp, bytes_of (tcp->window, scan.size));
            assert_true (tcp->refused == FEP_OK && tcp->answer == ANSWER_DONE);
            s_take (self, bytes_of (tcp->window, scan.size));
            tcp->window_size = 0;
        }
    }
}

static request_t s_pass (const char *hex)
{
    request_t request = {.kind = REQUEST_PASS};
    request.size = (uint16_t) vec_hex (hex, request.bytes, sizeof request.bytes);
    return request;
}

static void s_ask (line_t *self, unsigned unit, const char *hex, answer_t answer, uint8_t code)
{
    request_t request = s_pass (hex);
    s_send (self, unit, NULL, &request);
    s_await (self, 1);
    assert_int_equal (self->rtu.answer, answer);
    assert_int_equal (self->rtu.answer_code, code);
}

//  ---- libmodbus ----

typedef struct {
    int fd;  //  Its end of the pair
    modbus_t *context;
    modbus_mapping_t *map;
    pthread_t thread;
} slave_t;

static void *s_serve (void *arg)
{
    slave_t *self = arg;
    uint8_t query[MODBUS_TCP_MAX_ADU_LENGTH];
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

static line_t *s_start (slave_t *slave)
{
    int pair[2];
    assert_int_equal (socketpair (AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_true (pair[0] < 1024 && pair[1] < 1024);
    slave->fd = pair[1];
    slave->context = modbus_new_tcp ("127.0.0.1", 0);
    slave->map = modbus_mapping_new (REGISTERS, REGISTERS, REGISTERS, REGISTERS);
    assert_true (slave->context && slave->map);
    for (int i = 0; i < REGISTERS; i++) {
        slave->map->tab_registers[i] = (uint16_t) (0x1100 + i);
        slave->map->tab_input_registers[i] = (uint16_t) (0xFF00 + i);
        slave->map->tab_bits[i] = i % 3 == 0;
    }
    assert_int_equal (modbus_set_socket (slave->context, slave->fd), 0);
    assert_int_equal (modbus_set_response_timeout (slave->context, 0, 1000), 0);
    assert_int_equal (pthread_create (&slave->thread, NULL, s_serve, slave), 0);
    return s_line (pair[0]);
}

static void s_stop (slave_t *slave, line_t *line)
{
    assert_int_equal (shutdown (line->fd, SHUT_RDWR), 0);
    assert_int_equal (pthread_join (slave->thread, NULL), 0);
    modbus_free (slave->context);
    modbus_mapping_free (slave->map);
    close (slave->fd);
    s_end (line);
}

static void test_libmodbus (void **state)
{
    (void) state;
    slave_t slave;
    line_t *line = s_start (&slave);
    s_ask (line, 17, "03 0003 007d", ANSWER_DONE, 0);
    for (int i = 0; i < 125; i++) {
        assert_int_equal (line->data[i], 0x1103 + i);
    }
    s_ask (line, 255, "04 0000 0002", ANSWER_DONE, 0);
    assert_true (line->data[0] == 0xFF00 && line->data[1] == 0xFF01);
    s_ask (line, 17, "06 0002 abcd", ANSWER_DONE, 0);
    assert_int_equal (slave.map->tab_registers[2], 0xABCD);
    s_ask (line, 17, "10 0010 0002 04 1234 5678", ANSWER_DONE, 0);
    assert_int_equal (slave.map->tab_registers[17], 0x5678);
    s_ask (line, 17, "0f 0013 000a 02 cd01", ANSWER_DONE, 0);
    assert_int_equal (slave.map->tab_bits[0x14], 0);
    s_ask (line, 17, "05 0001 ff00", ANSWER_DONE, 0);
    s_ask (line, 17, "16 0010 00f2 0025", ANSWER_DONE, 0);
    assert_int_equal (slave.map->tab_registers[16], (0x1234 & 0xF2) | (0x25 & ~0xF2 & 0xFFFF));
    s_ask (line, 17, "17 0011 0001 0012 0001 02 9abc", ANSWER_DONE, 0);
    s_ask (line, 17, "11", ANSWER_DONE, 0);
    s_ask (line, 17, "03 00c8 0001", ANSWER_REFUSED, 2);
    assert_string_equal (line->tcp.codec->code_text (2), "illegal data address");
    s_stop (&slave, line);
}

//  What was written by WRITE stands in its registers, and READ brings it back.
static void test_libmodbus_write (void **state)
{
    (void) state;
    static const char text[] = "profile p\ncodec modbus_rtu\n"
                               "register frequency_Hz 3 10 u16 sf=13 write=1\n"
                               "register voltage.l1_V 3 11 f32 order=CDAB write=1\n"
                               "register relay.state 1 4 bit write=1\n";
    slave_t slave;
    line_t *line = s_start (&slave);
    profile_t *profile = player_parse_profile (text);
    slave.map->tab_registers[13] = 0xFFFE;
    request_t write_ = {.kind = REQUEST_WRITE, .point_count = 3};
    assert_true (point_parse ("relay.state", &write_.points[0]));
    assert_true (point_parse ("frequency_Hz", &write_.points[1]));
    assert_true (point_parse ("voltage.l1_V", &write_.points[2]));
    write_.values[0] = value_bits (1, 0);
    write_.values[1] = value_decimal (4998, -2, 0);
    write_.values[2] = value_decimal (2301, -1, 0);
    unsigned frames = 0;
    while (!write_.finished) {
        s_send (line, 1, profile, &write_);
        s_await (line, 1);
        assert_int_equal (line->rtu.answer, ANSWER_DONE);
        frames++;
    }
    //  The coil, the factor, both values together.
    assert_int_equal (frames, 3);
    assert_true (slave.map->tab_bits[4] == 1 && slave.map->tab_registers[10] == 4998);
    assert_true (slave.map->tab_registers[12] == 0x4366 && slave.map->tab_registers[11] == 0x199A);
    request_t read_ = {.kind = REQUEST_READ};
    memset (line->rtu.state, 0, line->rtu.codec->state_size);
    while (!read_.finished) {
        s_send (line, 1, profile, &read_);
        s_await (line, 1);
        assert_int_equal (line->rtu.answer, ANSWER_DONE);
    }
    assert_int_equal (line->rtu.batch->item_count, 3);
    const item_t *items = line->rtu.batch->items;
    assert_true (items[0].value.mantissa == 1 && items[1].value.mantissa == 4998);
    assert_true (items[1].value.exponent == -2 && items[2].value.real > 230.09);
    profile_destroy (&profile);
    s_stop (&slave, line);
}

//  ---- pymodbus ----

typedef struct {
    pid_t pid;
    int hold;  //  Its stdin; it ends when this is closed
} process_t;

static line_t *s_run (process_t *process, const char *hold)
{
    int in[2], out[2];
    char text[16] = "";
    size_t size = 0;
    assert_true (pipe (in) == 0 && pipe (out) == 0);
    process->pid = fork ();
    assert_true (process->pid >= 0);
    if (process->pid == 0) {
        dup2 (in[0], STDIN_FILENO);
        dup2 (out[1], STDOUT_FILENO);
        close (in[1]);
        execl ("/usr/bin/python3", "python3", TESTS_DIR "/peers/modbus_tcp_slave.py", hold,
               (char *) NULL);
        _exit (127);
    }
    close (in[0]);
    close (out[1]);
    process->hold = in[1];
    while (size + 1 < sizeof text && !strchr (text, '\n')) {
        struct pollfd one = {.fd = out[0], .events = POLLIN};
        assert_int_equal (poll (&one, 1, DEADLINE_MS), 1);
        assert_int_equal (read (out[0], text + size, 1), 1);
        size++;
    }
    close (out[0]);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons ((uint16_t) atoi (text)),
                                  .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    int fd = socket (AF_INET, SOCK_STREAM, 0);
    assert_int_equal (connect (fd, (struct sockaddr *) &address, sizeof address), 0);
    return s_line (fd);
}

static void s_wait (process_t *process, line_t *line)
{
    int status = 0;
    close (process->hold);
    assert_int_equal (waitpid (process->pid, &status, 0), process->pid);
    assert_int_equal (status, 0);
    s_end (line);
}

//  Equal questions to several units, to one unit several, and a refusal among them: every answer finds its own.
static void test_pymodbus_order (void **state)
{
    (void) state;
    process_t process;
    line_t *line = s_run (&process, "4");
    uint32_t tags[4];
    for (unsigned unit = 1; unit <= 4; unit++) {
        request_t request = s_pass ("03 0005 0002");
        tags[unit - 1] = s_send (line, unit, NULL, &request);
    }
    for (unsigned unit = 4; unit >= 1; unit--) {
        s_await (line, 1);
        assert_int_equal (line->order[line->answered - 1], tags[unit - 1]);
        assert_true (line->data[0] == 100 * unit + 5 && line->data[1] == 100 * unit + 6);
    }
    for (unsigned i = 0; i < 3; i++) {
        char hex[16];
        snprintf (hex, sizeof hex, "04 %04x 0001", i);
        request_t request = s_pass (hex);
        tags[i] = s_send (line, 7, NULL, &request);
    }
    request_t request = s_pass ("03 0000 0001");
    tags[3] = s_send (line, 9, NULL, &request);
    s_await (line, 1);
    assert_true (line->rtu.answer == ANSWER_REFUSED && line->rtu.answer_code == 2);
    for (unsigned i = 3; i-- > 0;) {
        s_await (line, 1);
        assert_true (line->order[line->answered - 1] == tags[i]);
        assert_int_equal (line->data[0], 2 * (700 + i));
    }
    s_wait (&process, line);
}

//  One READ of each unit by a profile, in flight at the same time: items under the right measuring point.
static void test_pymodbus_profile (void **state)
{
    (void) state;
    static const char text[] = "profile p\ncodec modbus_rtu\n"
                               "register voltage.l1_V 3 1 u16 scale=0.1\n"
                               "register relay.state 3 2 bit:0\n";
    process_t process;
    line_t *line = s_run (&process, "8");
    profile_t *profile = player_parse_profile (text);
    for (unsigned unit = 1; unit <= 8; unit++) {
        request_t request = {.kind = REQUEST_READ};
        s_send (line, unit, profile, &request);
        assert_true (request.finished);
    }
    s_await (line, 8);
    assert_int_equal (line->rtu.batch->message_count, 8);
    for (unsigned i = 0; i < 8; i++) {
        const message_t *message = &line->rtu.batch->messages[i];
        assert_int_equal (message->mp, 8 - i);
        assert_int_equal (line->rtu.batch->items[message->first].value.mantissa, 100 * (8 - i) + 1);
    }
    profile_destroy (&profile);
    s_wait (&process, line);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_libmodbus), cmocka_unit_test (test_libmodbus_write),
        cmocka_unit_test (test_pymodbus_order), cmocka_unit_test (test_pymodbus_profile)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
