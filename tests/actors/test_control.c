//  Control: admission, unknown terminals, a terminal that comes again; seen from two connectors and the door.
#include "tests/actors/chain.h"

#define TERMINALS                                                                                  \
    "terminal,name,area,heartbeat_s,measuring_point,meter\n"                                       \
    "T1,first,5,60,1,\n"                                                                           \
    "T2,second,6,,1,\n"

typedef struct {
    chain_t *chain;
    zsock_t *connectors[2];  //  DEALERs under the connectors' names
    zsock_t *door;           //  A client
} fixture_t;

static int s_setup (void **state)
{
    fixture_t *self = calloc (1, sizeof *self);
    archive_fault_t fault;
    char endpoint[64];
    assert_non_null (self);
    void *chain = NULL;
    (void) chain_setup (&chain);
    self->chain = chain;
    CHECK_OK (archive_import (self->chain->context.archive, self->chain->context.store,
                              bytes_text (TERMINALS), &fault));
    (void) chain_host (self->chain, &control_class, NULL);
    for (int i = 0; i < 2; i++) {
        self->connectors[i] = zsock_new (ZMQ_DEALER);
        assert_non_null (self->connectors[i]);
        zsock_set_linger (self->connectors[i], 0);
        zsock_set_identity (self->connectors[i], i ? "connector.1" : "connector.0");
        assert_int_equal (zmq_connect (zsock_resolve (self->connectors[i]), AT_CONTROL), 0);
        assert_int_equal (zsock_send (self->connectors[i], "ss", WORD_HELLO, ""), 0);
    }
    snprintf (endpoint, sizeof endpoint, "tcp://127.0.0.1:%u",
              (unsigned) self->chain->config->door.port);
    self->door = chain_socket (ZMQ_DEALER, endpoint, 100, false);
    *state = self;
    return 0;
}

static int s_teardown (void **state)
{
    fixture_t *self = *state;
    void *chain = self->chain;
    zsock_destroy (&self->connectors[0]);
    zsock_destroy (&self->connectors[1]);
    zsock_destroy (&self->door);
    (void) chain_teardown (&chain);
    free (self);
    return 0;
}

static void s_link (fixture_t *self, int connector, const char *address, int64_t session,
                    const char *reason)
{
    uint8_t memory[512];
    writer_t out = writer_of (memory, sizeof memory);
    wire_put_map (&out, reason ? 7 : 4);
    wire_pair_int (&out, "session", session);
    wire_pair_bool (&out, "up", reason == NULL);
    wire_pair_text (&out, "address", address);
    wire_pair_text (&out, "peer", connector ? "10.0.0.8:2" : "10.0.0.7:1");
    if (reason) {
        wire_pair_text (&out, "reason", reason);
        wire_pair_uint (&out, "frames", 10);
        wire_pair_uint (&out, "rx_bytes", 500);
    }
    assert_int_equal (zsock_send (self->connectors[connector], "sb", WORD_LINK, out.data, out.size),
                      0);
}

//  Takes the next word; gives its body, which lives until the next call.
static bytes_t s_expect (zsock_t *socket, const char *expected)
{
    static zframe_t *body;
    char word[32];
    zframe_destroy (&body);
    assert_true (chain_receive (socket, word, sizeof word, &body));
    assert_string_equal (word, expected);
    return bytes_of (zframe_data (body), zframe_size (body));
}

static void s_expect_admit (zsock_t *socket, int64_t session, int64_t number, int64_t area,
                            int64_t heartbeat_ms)
{
    bytes_t body = s_expect (socket, WORD_ADMIT);
    assert_int_equal (wire_find_int (body, "session", -1), session);
    assert_int_equal (wire_find_int (body, "number", -1), number);
    assert_int_equal (wire_find_int (body, "area", -1), area);
    assert_int_equal (wire_find_int (body, "heartbeat_ms", -1), heartbeat_ms);
}

static bytes_t s_ask (fixture_t *self, const char *word, const char *terminal)
{
    uint8_t memory[128];
    writer_t out = writer_of (memory, sizeof memory);
    wire_put_map (&out, 2);
    wire_pair_uint (&out, "token", 9);
    wire_pair_text (&out, "terminal", terminal);
    assert_int_equal (zsock_send (self->door, "sb", word, out.data, out.size), 0);
    return s_expect (self->door, word);
}

static void s_expect_state (fixture_t *self, const char *terminal, const char *state)
{
    char text[32];
    bytes_t body = s_ask (self, "TERMINAL", terminal);
    assert_int_equal (wire_find_int (body, "token", 0), 9);
    assert_true (wire_find_text (body, "state", text, sizeof text));
    assert_string_equal (text, state);
}

static void test_admission (void **state)
{
    fixture_t *self = *state;
    s_expect_state (self, "T1", "offline");
    s_link (self, 0, "T1", 44, NULL);
    s_expect_admit (self->connectors[0], 44, 1, 5, 60000);
    s_link (self, 1, "T2", 44, NULL);
    s_expect_admit (self->connectors[1], 44, 2, 6, 0);
    s_link (self, 0, "T1", 44, "SILENT");
    s_link (self, 0, "T1", 45, NULL);
    s_expect_admit (self->connectors[0], 45, 1, 5, 60000);
}

static void test_unknown_is_held (void **state)
{
    fixture_t *self = *state;
    int64_t unknown = metric_get (METRIC_unknown_terminals);
    s_link (self, 0, "T9", 46, NULL);
    bytes_t body = s_expect (self->connectors[0], WORD_HOLD);
    assert_int_equal (wire_find_int (body, "session", -1), 46);
    //  Its end needs no answer; the next one gets its own.
    s_link (self, 0, "T9", 46, "UNKNOWN");
    s_link (self, 0, "T2", 47, NULL);
    s_expect_admit (self->connectors[0], 47, 2, 6, 0);
    assert_int_equal (metric_get (METRIC_unknown_terminals), unknown + 1);
}

//  Who comes again wins, on another connector or on the same; the end of the older one changes nothing.
static void test_replaced (void **state)
{
    fixture_t *self = *state;
    int64_t replaced = metric_get (METRIC_replaced);
    s_link (self, 0, "T1", 44, NULL);
    s_expect_admit (self->connectors[0], 44, 1, 5, 60000);
    s_link (self, 1, "T1", 44, NULL);
    s_expect_admit (self->connectors[1], 44, 1, 5, 60000);
    bytes_t body = s_expect (self->connectors[0], WORD_CLOSE);
    assert_int_equal (wire_find_int (body, "session", -1), 44);
    s_link (self, 0, "T1", 44, "REPLACED");
    s_link (self, 1, "T1", 48, NULL);
    body = s_expect (self->connectors[1], WORD_CLOSE);
    assert_int_equal (wire_find_int (body, "session", -1), 44);
    s_expect_admit (self->connectors[1], 48, 1, 5, 60000);
    s_link (self, 1, "T1", 44, "REPLACED");
    assert_int_equal (metric_get (METRIC_replaced), replaced + 2);
    s_link (self, 1, "T1", 48, "SILENT");
    //  An answer to a later question: all of the above was taken.
    s_link (self, 1, "T2", 50, NULL);
    s_expect_admit (self->connectors[1], 50, 2, 6, 0);
    body = s_ask (self, "TERMINAL", "T1");
    char text[32];
    assert_true (wire_find_text (body, "state", text, sizeof text));
    assert_string_equal (text, "offline");
    assert_true (wire_find_text (body, "peer", text, sizeof text));
    assert_string_equal (text, "10.0.0.8:2");
}

#define CONTROL_TEST(test) cmocka_unit_test_setup_teardown (test, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        CONTROL_TEST (test_admission),
        CONTROL_TEST (test_unknown_is_held),
        CONTROL_TEST (test_replaced),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
