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

//  A LINK up as a connector sends it, from a listener with policies of its own.
static void s_link_policy (fixture_t *self, int connector, const char *address, int64_t session,
                           const char *unknown, const char *duplicate)
{
    uint8_t memory[512];
    writer_t out = writer_of (memory, sizeof memory);
    wire_put_map (&out, 9);
    wire_pair_int (&out, "session", session);
    wire_pair_bool (&out, "up", true);
    wire_pair_text (&out, "address", address);
    wire_pair_text (&out, "peer", connector ? "10.0.0.8:2" : "10.0.0.7:1");
    wire_pair_text (&out, "listener", "a");
    wire_pair_text (&out, "codec", "gdw1376");
    wire_put_text (&out, "frame");
    wire_put_bin (&out, bytes_text ("hello"));
    wire_pair_text (&out, "unknown", unknown);
    wire_pair_text (&out, "duplicate", duplicate);
    assert_false (out.failed);
    assert_int_equal (zsock_send (self->connectors[connector], "sb", WORD_LINK, out.data, out.size),
                      0);
}

//  A session that was never admitted has gone.
static void s_link_gone (fixture_t *self, int connector, const char *address, int64_t session)
{
    uint8_t memory[512];
    writer_t out = writer_of (memory, sizeof memory);
    wire_put_map (&out, 5);
    wire_pair_int (&out, "session", session);
    wire_pair_bool (&out, "up", false);
    wire_pair_text (&out, "address", address);
    wire_pair_text (&out, "reason", "PEER_CLOSED");
    wire_pair_uint (&out, "number", 0);
    assert_int_equal (zsock_send (self->connectors[connector], "sb", WORD_LINK, out.data, out.size),
                      0);
}

static void s_expect_close (zsock_t *socket, int64_t session, const char *reason)
{
    char text[32];
    bytes_t body = s_expect (socket, WORD_CLOSE);
    assert_int_equal (wire_find_int (body, "session", -1), session);
    assert_true (wire_find_text (body, "reason", text, sizeof text));
    assert_string_equal (text, reason);
}

static void s_expect_text (bytes_t body, const char *key, const char *wanted)
{
    char text[128];
    assert_true (wire_find_text (body, key, text, sizeof text));
    assert_string_equal (text, wanted);
}

//  The first row of a list of the door.
static bytes_t s_first_row (fixture_t *self, const char *word, const char *key)
{
    reader_t rows;
    bytes_t body = s_ask (self, word, "");
    assert_true (wire_find (body, key, &rows));
    assert_true (wire_get_array (&rows) > 0);
    return bytes_of (rows.data + rows.pos, reader_left (&rows));
}

//  Refused or held, it is listed with what it said; a wrong reason or none is never given.
static void test_unknown_is_listed (void **state)
{
    fixture_t *self = *state;
    s_link_policy (self, 0, "T8", 46, "refuse", "takeover");
    s_expect_close (self->connectors[0], 46, "UNKNOWN");
    bytes_t row = s_first_row (self, "UNKNOWN", "terminals");
    s_expect_text (row, "address", "T8");
    s_expect_text (row, "peer", "10.0.0.7:1");
    s_expect_text (row, "codec", "gdw1376");
    reader_t value;
    assert_true (wire_find (row, "held", &value));
    assert_false (wire_get_bool (&value));
    assert_true (wire_find (row, "first", &value));
    assert_true (bytes_equal (wire_get_bin (&value), bytes_text ("hello")));
    s_link_policy (self, 1, "T9", 47, "hold", "takeover");
    (void) s_expect (self->connectors[1], WORD_HOLD);
    row = s_first_row (self, "UNKNOWN", "terminals");
    s_expect_text (row, "address", "T9");
    assert_true (wire_find (row, "held", &value));
    assert_true (wire_get_bool (&value));
    s_expect_state (self, "T9", "held");
    s_expect_state (self, "T8", "unknown");
}

static bytes_t s_create (fixture_t *self, const char *terminal, int64_t area, const char *answer)
{
    uint8_t memory[256];
    writer_t out = writer_of (memory, sizeof memory);
    wire_put_map (&out, 6);
    wire_pair_uint (&out, "token", 9);
    wire_pair_text (&out, "terminal", terminal);
    wire_pair_text (&out, "name", "a \"new\" one, from the list");
    wire_pair_int (&out, "area", area);
    wire_pair_int (&out, "heartbeat_s", 90);
    wire_pair_text (&out, "who", "clerk");
    assert_int_equal (zsock_send (self->door, "sb", "CREATE", out.data, out.size), 0);
    return s_expect (self->door, answer);
}

//  A held session is admitted without coming again; the next one of that terminal is too.
static void test_create (void **state)
{
    fixture_t *self = *state;
    s_link_policy (self, 0, "T9", 46, "hold", "takeover");
    (void) s_expect (self->connectors[0], WORD_HOLD);
    s_expect_text (s_create (self, "T7", 7, "ERROR"), "error", "NOT_FOUND");
    s_expect_text (s_create (self, "T1", 7, "ERROR"), "error", "EXISTS");
    s_expect_text (s_create (self, "T9", 64, "ERROR"), "error", "RANGE");
    bytes_t body = s_create (self, "T9", 7, "CREATE");
    assert_int_equal (wire_find_int (body, "number", 0), 3);
    s_expect_admit (self->connectors[0], 46, 3, 7, 90000);
    s_expect_text (s_create (self, "T9", 7, "ERROR"), "error", "EXISTS");
    //  It is in the store.
    archive_t *archive = NULL;
    CHECK_OK (archive_load (self->chain->context.store, &archive));
    const terminal_t *terminal = archive_find (archive, bytes_text ("T9"));
    assert_non_null (terminal);
    assert_string_equal (terminal->name, "a \"new\" one, from the list");
    assert_int_equal (terminal->area, 7);
    archive_destroy (&archive);
}

//  How the older one is, as its connector says.
static void s_probed (fixture_t *self, int connector, int64_t session, bool silent)
{
    uint8_t memory[128];
    writer_t out = writer_of (memory, sizeof memory);
    bytes_t body = s_expect (self->connectors[connector], WORD_PROBE);
    assert_int_equal (wire_find_int (body, "session", -1), session);
    wire_put_map (&out, 3);
    wire_pair_int (&out, "session", session);
    wire_pair_int (&out, "number", wire_find_int (body, "number", 0));
    wire_pair_bool (&out, "silent", silent);
    assert_int_equal (
        zsock_send (self->connectors[connector], "sb", WORD_PROBED, out.data, out.size), 0);
}

//  The older one stays if it lives; else, or once it is gone, the newer one comes in.
static void test_reject (void **state)
{
    fixture_t *self = *state;
    s_link (self, 0, "T1", 44, NULL);
    s_expect_admit (self->connectors[0], 44, 1, 5, 60000);
    s_link_policy (self, 1, "T1", 50, "hold", "reject");
    s_probed (self, 0, 44, false);
    s_expect_close (self->connectors[1], 50, "DUPLICATE");
    bytes_t row = s_first_row (self, "DUPLICATES", "collisions");
    s_expect_text (row, "old_peer", "10.0.0.7:1");
    s_expect_text (row, "new_peer", "10.0.0.8:2");
    s_expect_text (row, "kept", "older");
    s_expect_text (row, "reason", "REJECT");
    //  A third one while the second waits.
    s_link_policy (self, 1, "T1", 51, "hold", "reject");
    s_link_policy (self, 1, "T1", 52, "hold", "reject");
    s_expect_close (self->connectors[1], 52, "DUPLICATE");
    s_probed (self, 0, 44, true);
    s_expect_close (self->connectors[0], 44, "REPLACED");
    s_expect_admit (self->connectors[1], 51, 1, 5, 60000);
    row = s_first_row (self, "DUPLICATES", "collisions");
    s_expect_text (row, "kept", "newer");
    s_expect_text (row, "reason", "HALF_OPEN");
    assert_int_equal (wire_find_int (row, "count", 0), 3);
    //  The older one goes before its connector answers.
    s_link_policy (self, 0, "T1", 53, "hold", "reject");
    (void) s_expect (self->connectors[1], WORD_PROBE);
    s_link (self, 1, "T1", 51, "PEER_CLOSED");
    s_expect_admit (self->connectors[0], 53, 1, 5, 60000);
    //  The newer one goes while it waits: nobody is admitted or closed for it.
    s_link_policy (self, 1, "T1", 54, "hold", "reject");
    s_link_gone (self, 1, "T1", 54);
    s_link (self, 1, "T2", 60, NULL);
    s_expect_admit (self->connectors[1], 60, 2, 6, 0);
    s_probed (self, 0, 53, true);
    s_link (self, 0, "T2", 61, NULL);
    s_expect_close (self->connectors[1], 60, "REPLACED");
    s_expect_admit (self->connectors[0], 61, 2, 6, 0);
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
        CONTROL_TEST (test_admission), CONTROL_TEST (test_unknown_is_held),
        CONTROL_TEST (test_replaced),  CONTROL_TEST (test_unknown_is_listed),
        CONTROL_TEST (test_create),    CONTROL_TEST (test_reject),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
