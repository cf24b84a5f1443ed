//  The fleet of simulated devices against masters made here: it dials and is dialled, comes again, splits answers,
//  stops in order, and writes its ledger and its part of the archive.
#include "tests/test.h"
#include "bench/field_archive.h"
#include "fep/clock.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_MS 20000

static int s_listen (uint16_t *port)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    socklen_t size = sizeof own;
    int fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_true (fd >= 0);
    assert_int_equal (bind (fd, (struct sockaddr *) &own, sizeof own), 0);
    assert_int_equal (listen (fd, 8), 0);
    assert_int_equal (getsockname (fd, (struct sockaddr *) &own, &size), 0);
    *port = ntohs (own.sin_port);
    return fd;
}

//  Lets the fleet run until somebody connects.
static int s_accept (field_fleet_t *fleet, int listener)
{
    int64_t end = clock_mono_ms () + PATIENCE_MS;
    int fd = -1;
    while (fd < 0 && clock_mono_ms () < end) {
        field_fleet_turn (fleet, 1);
        fd = accept4 (listener, NULL, NULL, SOCK_NONBLOCK);
    }
    assert_true (fd >= 0);
    return fd;
}

//  Lets the fleet run until so many bytes came; gives how many pieces they came in.
static unsigned s_receive (field_fleet_t *fleet, int fd, uint8_t *bytes, size_t size)
{
    int64_t end = clock_mono_ms () + PATIENCE_MS;
    size_t have = 0;
    unsigned pieces = 0;
    while (have < size && clock_mono_ms () < end) {
        field_fleet_turn (fleet, 1);
        ssize_t n = recv (fd, bytes + have, size - have, 0);
        have += n > 0 ? (size_t) n : 0;
        pieces += n > 0;
    }
    assert_int_equal (have, size);
    return pieces;
}

//  Until the fleet has nothing to do any more, or the other side closed.
static void s_finish (field_fleet_t *fleet)
{
    int64_t end = clock_mono_ms () + PATIENCE_MS;
    while (!field_fleet_done (fleet) && clock_mono_ms () < end) {
        field_fleet_turn (fleet, 1);
    }
    assert_true (field_fleet_done (fleet));
}

//  Asks meter `mp` of gateway 1 for its energy.
static void s_ask (int fd, uint8_t mp)
{
    uint8_t frame[] = {0x68, mp, 0, 1, 0, 0, 0x45, 0x68, 0x11, 4, 0x33, 0x33, 0x34, 0x33, 0, 0x16};
    for (size_t i = 0; i < 14; i++) {
        frame[14] = (uint8_t) (frame[14] + frame[i]);
    }
    assert_int_equal (send (fd, frame, sizeof frame, MSG_NOSIGNAL), (ssize_t) sizeof frame);
}

static size_t s_count (const char *path, const char *what)
{
    char line[4096];
    size_t found = 0;
    FILE *file = fopen (path, "r");
    assert_non_null (file);
    while (fgets (line, sizeof line, file)) {
        found += strncmp (line, what, strlen (what)) == 0;
    }
    fclose (file);
    return found;
}

static void s_test_dials (void **state)
{
    char path[] = "/tmp/fep_field_XXXXXX";
    uint8_t bytes[64];
    uint16_t port = 0;
    int listener = s_listen (&port);
    char kind[64];
    static field_options_t options;
    (void) state;
    int file = mkstemp (path);
    assert_true (file >= 0);
    close (file);
    options = (field_options_t){
        .kind_count = 1, .split_every = 2, .connects_per_s = 1000, .ledger_path = path};
    snprintf (kind, sizeof kind, "dlt645:1:2:%u", port);
    assert_true (field_kind_parse (kind, &options.kinds[0]));
    field_fleet_t *fleet = field_fleet_new (&options);
    assert_non_null (fleet);
    int fd = s_accept (fleet, listener);
    (void) s_receive (fleet, fd, bytes, 15);
    assert_memory_equal (bytes, "864212000000001", 15);
    s_ask (fd, 1);
    assert_int_equal (s_receive (fleet, fd, bytes, 20), 1);
    s_ask (fd, 2);
    assert_int_equal (s_receive (fleet, fd, bytes, 20), 2);
    //  The connection ends; it comes again.
    close (fd);
    fd = s_accept (fleet, listener);
    (void) s_receive (fleet, fd, bytes, 15);
    s_ask (fd, 1);
    (void) s_receive (fleet, fd, bytes, 20);
    assert_int_equal (field_fleet_totals (fleet, 0)->online, 1);
    assert_int_equal (field_fleet_totals (fleet, 0)->connections, 2);
    field_fleet_stop (fleet);
    s_finish (fleet);
    assert_int_equal (recv (fd, bytes, sizeof bytes, 0), 0);
    field_fleet_destroy (&fleet);
    assert_int_equal (s_count (path, "answer taken 1 864212000000001 1:0:0:"), 1);
    assert_int_equal (s_count (path, "answer open 1 864212000000001 2:0:0:"), 1);
    assert_int_equal (s_count (path, "answer open 1 864212000000001 1:0:0:"), 1);
    assert_int_equal (s_count (path, ""), 3);
    unlink (path);
    close (fd);
    close (listener);
}

//  ---- A device that is dialled: says one report, is confirmed by any byte ----

typedef struct {
    uint32_t number;  //  Which
    bool waits;       //  For the confirmation
} toy_t;

static void s_toy_start (void *state, uint32_t number, uint32_t meters)
{
    (void) meters;
    ((toy_t *) state)->number = number;
}

static void s_toy_address (const void *state, char text[FIELD_ADDRESS_MAX + 1])
{
    snprintf (text, FIELD_ADDRESS_MAX + 1, "toy%u", (unsigned) ((const toy_t *) state)->number);
}

static void s_toy_meter (const void *state, uint32_t mp, char text[FIELD_ADDRESS_MAX + 1])
{
    (void) state;
    snprintf (text, FIELD_ADDRESS_MAX + 1, "m%u", (unsigned) mp);
}

static void s_toy_connected (void *state, field_turn_t *turn)
{
    ((toy_t *) state)->waits = true;
    turn->out[turn->size++] = 'R';
    turn->said (turn->arg, &(field_said_t){.report = 1, .point = 7, .mantissa = 5});
}

static size_t s_toy_input (void *state, const uint8_t *bytes, size_t size, field_turn_t *turn)
{
    (void) bytes;
    ((toy_t *) state)->waits = false;
    turn->confirmed (turn->arg, 1);
    return size;
}

static int64_t s_toy_tick (void *state, field_turn_t *turn)
{
    (void) state;
    return turn->wall_ms + 1000;
}

static bool s_toy_stop (void *state)
{
    return !((toy_t *) state)->waits;
}

static const field_device_t s_toy = {
    .name = "toy",
    .codec = "iec104",
    .carried = "",
    .profile = "toys",
    .state_size = sizeof (toy_t),
    .start = s_toy_start,
    .address = s_toy_address,
    .meter = s_toy_meter,
    .connected = s_toy_connected,
    .input = s_toy_input,
    .tick = s_toy_tick,
    .stop = s_toy_stop,
};

static int s_dial (uint32_t number, uint16_t port)
{
    struct sockaddr_in peer = {.sin_family = AF_INET,
                               .sin_port = htons (port),
                               .sin_addr.s_addr = htonl (field_listen_address (number))};
    int fd = socket (AF_INET, SOCK_STREAM, 0);
    assert_int_equal (connect (fd, (struct sockaddr *) &peer, sizeof peer), 0);
    return fd;
}

//  A port that is free now on the address of device 251.
static uint16_t s_free_port (void)
{
    uint16_t port = 0;
    close (s_listen (&port));
    return port;
}

static void s_test_is_dialled (void **state)
{
    uint8_t byte = 0;
    static field_options_t options;
    (void) state;
    options = (field_options_t){.kind_count = 1, .connects_per_s = 1000, .ledger_path = ""};
    options.kinds[0] = (field_kind_t){
        .device = &s_toy, .count = 2, .first = 250, .meters = 1, .port = s_free_port ()};
    assert_int_equal (field_descriptors (&options), 4);
    field_fleet_t *fleet = field_fleet_new (&options);
    assert_non_null (fleet);
    assert_int_equal (field_listen_address (250), 0x7F0001FA);
    assert_int_equal (field_listen_address (251), 0x7F000201);
    int first = s_dial (251, options.kinds[0].port);
    (void) s_receive (fleet, first, &byte, 1);
    assert_int_equal (byte, 'R');
    //  The newer connection counts.
    int second = s_dial (251, options.kinds[0].port);
    (void) s_receive (fleet, second, &byte, 1);
    assert_int_equal (recv (first, &byte, 1, 0), 0);
    const field_totals_t *totals = field_fleet_totals (fleet, 0);
    assert_true (totals->online == 1 && totals->connections == 2 && totals->reports == 1 &&
                 totals->repeated == 1);
    //  While its report is not confirmed it stays.
    field_fleet_stop (fleet);
    for (int i = 0; i < 20; i++) {
        field_fleet_turn (fleet, 1);
    }
    assert_false (field_fleet_done (fleet));
    assert_int_equal (send (second, "C", 1, MSG_NOSIGNAL), 1);
    int64_t end = clock_mono_ms () + PATIENCE_MS;
    while (totals->fates[FIELD_CONFIRMED] == 0 && clock_mono_ms () < end) {
        field_fleet_turn (fleet, 1);
    }
    close (second);
    s_finish (fleet);
    assert_int_equal (totals->fates[FIELD_CONFIRMED], 1);
    field_fleet_destroy (&fleet);
    close (first);
}

static void s_test_archive (void **state)
{
    char *text = NULL;
    size_t size = 0;
    static field_options_t options;
    (void) state;
    options = (field_options_t){.kind_count = 3};
    options.kinds[0] =
        (field_kind_t){.device = &s_toy, .count = 1, .first = 2, .meters = 1, .port = 2404};
    assert_true (field_kind_parse ("cjt188:1:2:7603", &options.kinds[1]));
    assert_true (field_kind_parse ("cjt188_direct:1:2:7604:9", &options.kinds[2]));
    FILE *file = open_memstream (&text, &size);
    field_archive (&options, file);
    fclose (file);
    assert_string_equal (
        text, "toy2,toy 2,2,60,1,m1,,,40000,iec104@127.0.1.2:2404,toys\n"
              "864213000000001,cjt188 1,1,60,1,11880000010001,cjt188,field_cjt188,40000,,\n"
              "864213000000001,cjt188 1,1,60,2,11880000010002,cjt188,field_cjt188,40000,,\n"
              "12880000090001,cjt188_direct 9,1,60,1,12880000090001,cjt188,field_cjt188,40000,,\n");
    free (text);
    static const char *const wrong[] = {
        "cjt188:1:2",         "nobody:1:2:7603",   "cjt188:1:0:7603",
        "cjt188:1:33:7603",   "cjt188:1:1:0",      "cjt188:1:1:65536",
        "cjt188:99999:1:700", "cjt188:1:1:7603:0", ""};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false (field_kind_parse (wrong[i], &options.kinds[0]));
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (s_test_dials),
        cmocka_unit_test (s_test_is_dialled),
        cmocka_unit_test (s_test_archive),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
