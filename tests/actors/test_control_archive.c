//  Control and a changed archive: who is told what, seen from connectors, validator, alarm and schedule.
#include "tests/actors/chain.h"
#include "codecs/codec.h"

#define HEADER "terminal,area,heartbeat_s,heartbeat,measuring_point,protocol,profile\n"
#define TERMINALS HEADER "T1,5,60,,1,,\nT2,6,,,1,,\nT3,7,,,1,,\n"
#define PROFILE "profile p\ncodec modbus_rtu\nperiod 60s\nregister voltage.l1_V 4 0 f32\n"

#define TASK "task t\ntype event\npaused yes\n"

enum { CONNECTOR, VALIDATOR, ALARM, SCHEDULE, ACCOUNT, PEERS };

typedef struct {
    chain_t *chain;         //  With control in it
    zsock_t *peers[PEERS];  //  DEALERs under the actors' names
    zsock_t *door;          //  A client
    uint8_t *request;       //  Room for one
} fixture_t;

#define REQUEST_ROOM (1u << 20)

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

static void s_link (fixture_t *self, const char *address, int64_t session, bool up, int64_t number)
{
    uint8_t memory[256];
    writer_t out = writer_of (memory, sizeof memory);
    wire_put_map (&out, number ? 5 : 4);
    wire_pair_int (&out, "session", session);
    wire_pair_bool (&out, "up", up);
    wire_pair_text (&out, "address", address);
    wire_pair_text (&out, "codec", "gdw1376");
    if (number) {
        wire_pair_int (&out, "number", number);
    }
    assert_int_equal (zsock_send (self->peers[CONNECTOR], "sb", WORD_LINK, out.data, out.size), 0);
}

static void s_up (fixture_t *self, const char *address, int64_t session)
{
    s_link (self, address, session, true, 0);
    bytes_t body = s_expect (self->peers[CONNECTOR], WORD_ADMIT);
    assert_int_equal (wire_find_int (body, "session", -1), session);
}

static int s_setup (void **state)
{
    static const char *const names[PEERS] = {"connector.0", NAME_VALIDATOR, NAME_ALARM,
                                             NAME_SCHEDULE, NAME_ACCOUNT};
    fixture_t *self = calloc (1, sizeof *self);
    archive_fault_t fault;
    char endpoint[64];
    void *chain = NULL;
    assert_non_null (self);
    self->request = malloc (REQUEST_ROOM);
    assert_non_null (self->request);
    (void) chain_setup (&chain);
    self->chain = chain;
    CHECK_OK (archive_import (self->chain->context.archive, self->chain->context.store,
                              bytes_text (TERMINALS), &fault));
    (void) chain_host (self->chain, &control_class, NULL);
    for (int i = 0; i < PEERS; i++) {
        self->peers[i] = zsock_new (ZMQ_DEALER);
        assert_non_null (self->peers[i]);
        zsock_set_linger (self->peers[i], 0);
        zsock_set_identity (self->peers[i], names[i]);
        assert_int_equal (zmq_connect (zsock_resolve (self->peers[i]), AT_CONTROL), 0);
        assert_int_equal (zsock_send (self->peers[i], "ss", WORD_HELLO, ""), 0);
    }
    //  An answer to what came last: control has met all of them.
    s_link (self, "nobody", 1, true, 0);
    (void) s_expect (self->peers[CONNECTOR], WORD_HOLD);
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
    for (int i = 0; i < PEERS; i++) {
        zsock_destroy (&self->peers[i]);
    }
    zsock_destroy (&self->door);
    (void) chain_teardown (&chain);
    free (self->request);
    free (self);
    return 0;
}

//  A request that carries a text; its answer.
static bytes_t s_change (fixture_t *self, const char *word, const char *key, const char *text)
{
    writer_t out = writer_of (self->request, REQUEST_ROOM);
    wire_put_map (&out, 3);
    wire_pair_uint (&out, "token", 7);
    wire_pair_text (&out, "who", "tester");
    wire_put_text (&out, key);
    wire_put_bin (&out, bytes_text (text));
    assert_false (out.failed);
    assert_int_equal (zsock_send (self->door, "sb", word, out.data, out.size), 0);
    return s_expect (self->door, word);
}

//  The numbers of an ARCHIVE, each of which was among those wanted: "1 3 ".
static const char *s_numbers (bytes_t body)
{
    static char text[200];
    reader_t in;
    text[0] = 0;
    assert_true (wire_find (body, "numbers", &in));
    for (uint32_t left = wire_get_array (&in); left > 0; left--) {
        snprintf (text + strlen (text), 12, "%u ", (unsigned) wire_get_uint (&in));
    }
    assert_false (in.failed);
    return text;
}

static void test_those_concerned_are_told (void **state)
{
    fixture_t *self = *state;
    for (int i = 1; i <= 3; i++) {
        char address[8];
        snprintf (address, sizeof address, "T%d", i);
        s_up (self, address, 40 + i);
    }
    (void) s_change (self, "IMPORT", "data", HEADER "T1,5,60,,1,,\nT3,8,90,beat,1,,\nT4,1,,,,,\n");
    bytes_t body = s_expect (self->peers[CONNECTOR], WORD_CLOSE);
    char text[32];
    assert_int_equal (wire_find_int (body, "session", -1), 42);
    assert_true (wire_find_text (body, "reason", text, sizeof text));
    assert_string_equal (text, "REMOVED");
    body = s_expect (self->peers[CONNECTOR], WORD_UPDATE);
    assert_int_equal (wire_find_int (body, "session", -1), 43);
    assert_int_equal (wire_find_int (body, "area", -1), 8);
    assert_int_equal (wire_find_int (body, "heartbeat_ms", -1), 90000);
    assert_true (wire_find_text (body, "heartbeat", text, sizeof text));
    assert_string_equal (text, "beat");
    assert_string_equal (s_numbers (s_expect (self->peers[VALIDATOR], WORD_ARCHIVE)), "2 3 4 ");
    assert_string_equal (s_numbers (s_expect (self->peers[ALARM], WORD_ARCHIVE)), "2 3 4 ");
    assert_string_equal (s_numbers (s_expect (self->peers[ACCOUNT], WORD_ARCHIVE)), "2 3 4 ");
    //  The end of the removed one still finds its entry; what is known now is admitted. Nothing else came.
    s_link (self, "T2", 42, false, 2);
    s_up (self, "T4", 44);
    body = s_change (self, "STATUS", "data", "");
    assert_int_equal (wire_find_int (body, "terminals_online", -1), 3);
}

static void test_refused_tells_nobody (void **state)
{
    fixture_t *self = *state;
    s_up (self, "T1", 41);
    writer_t out = writer_of (self->request, REQUEST_ROOM);
    wire_put_map (&out, 2);
    wire_pair_text (&out, "who", "tester");
    wire_pair_text (&out, "data", HEADER "T1,99,,,,,\n");
    assert_int_equal (zsock_send (self->door, "sb", "IMPORT", out.data, out.size), 0);
    (void) s_expect (self->door, "ERROR");
    s_up (self, "T2", 42);
    (void) s_change (self, "IMPORT", "data", TERMINALS "T4,0,,,,,\n");
    assert_string_equal (s_numbers (s_expect (self->peers[VALIDATOR], WORD_ARCHIVE)), "4 ");
}

//  In pieces up to 1000, beyond that all at once.
static void test_many (void **state)
{
    fixture_t *self = *state;
    for (int count = 600; count <= 1001; count += 401) {
        char *text = malloc (REQUEST_ROOM / 2);
        strcpy (text, HEADER);
        size_t used = strlen (text);
        for (int i = 0; i < count; i++) {
            used += (size_t) sprintf (text + used, "M%d,%d,,,,,\n", i, count % 60);
        }
        (void) s_change (self, "IMPORT", "data", text);
        free (text);
        int named = 0;
        bool all = false;
        while (!all && named < count) {
            reader_t in;
            bytes_t body = s_expect (self->peers[VALIDATOR], WORD_ARCHIVE);
            all = wire_find (body, "all", &in) && wire_get_bool (&in);
            if (!all) {
                assert_true (wire_find (body, "numbers", &in));
                uint32_t numbers = wire_get_array (&in);
                assert_true (numbers > 0 && numbers <= 250);
                named += (int) numbers;
            }
        }
        assert_int_equal (all, count > 1000);
        if (!all) {
            assert_int_equal (named, 603);
        }
    }
}

//  A profile goes to the connectors; terminals that are online and use it get a new plan.
static void test_profile (void **state)
{
    fixture_t *self = *state;
    (void) s_change (self, "PROFILE_PUT", "text", PROFILE);
    bytes_t body = s_expect (self->peers[CONNECTOR], WORD_PROFILE);
    reader_t text;
    assert_int_equal (wire_find_int (body, "number", 0), 1);
    assert_true (wire_find (body, "text", &text));
    assert_true (bytes_equal (wire_get_bin (&text), bytes_text (PROFILE)));
    s_up (self, "T1", 41);
    (void) s_change (self, "IMPORT", "data",
                     HEADER "T1,5,60,,1,modbus_rtu,p\nT2,6,,,1,modbus_rtu,p\n");
    body = s_expect (self->peers[CONNECTOR], WORD_UPDATE);
    assert_int_equal (wire_find_int (body, "session", -1), 41);
    assert_string_equal (s_numbers (s_expect (self->peers[ACCOUNT], WORD_ARCHIVE)), "1 2 3 ");
    body = s_expect (self->peers[SCHEDULE], WORD_PLAN);
    assert_int_equal (wire_find_int (body, "terminal", 0), 1);
    (void) s_change (self, "PROFILE_PUT", "text", PROFILE "offset 1\n");
    (void) s_expect (self->peers[CONNECTOR], WORD_PROFILE);
    body = s_expect (self->peers[SCHEDULE], WORD_PLAN);
    assert_int_equal (wire_find_int (body, "terminal", 0), 1);
}

//  What is polled of terminal 1: "mp mp ".
static const char *s_planned (bytes_t body)
{
    static char text[64];
    reader_t in;
    assert_int_equal (wire_find_int (body, "terminal", 0), 1);
    assert_true (wire_find (body, "points", &in));
    uint32_t count = wire_get_array (&in);
    text[0] = 0;
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal (wire_get_array (&in), 2);
        sprintf (text + strlen (text), "%d ", (int) wire_get_uint (&in));
        (void) wire_get_uint (&in);
    }
    return text;
}

//  Who is under maintenance or suspended is not polled.
static void test_plan_by_state (void **state)
{
    fixture_t *self = *state;
    static const struct {
        const char *csv;      //  Imported
        const char *planned;  //  What is polled then
    } changes[] = {{"T1,1,modbus_rtu,p,,\nT1,2,modbus_rtu,p,,\n", "1 2 "},
                   {"T1,1,modbus_rtu,p,maintenance,\nT1,2,modbus_rtu,p,,\n", "2 "},
                   {"T1,1,modbus_rtu,p,,suspended\nT1,2,modbus_rtu,p,,suspended\n", ""},
                   {"T1,1,modbus_rtu,p,,\nT1,2,modbus_rtu,p,suspended,\n", "1 "}};
    (void) s_change (self, "PROFILE_PUT", "text", PROFILE);
    (void) s_expect (self->peers[CONNECTOR], WORD_PROFILE);
    s_up (self, "T1", 41);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        char csv[256];
        snprintf (csv, sizeof csv,
                  "terminal,measuring_point,protocol,profile,meter_state,state\n%s",
                  changes[i].csv);
        (void) s_change (self, "IMPORT", "data", csv);
        assert_string_equal (s_planned (s_expect (self->peers[SCHEDULE], WORD_PLAN)),
                             changes[i].planned);
    }
}

//  Account reads tasks again after each change of one; a change that is none, or is refused, tells nobody.
static void test_tasks (void **state)
{
    fixture_t *self = *state;
    static const char *const texts[] = {TASK, TASK, TASK "period 2h\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        reader_t tasks;
        bytes_t body = s_change (self, "TASK_PUT", "text", texts[i]);
        if (wire_find_int (body, "differences", 0) == 0) {
            assert_int_equal (i, 1);
            continue;
        }
        body = s_expect (self->peers[ACCOUNT], WORD_ARCHIVE);
        assert_true (wire_find (body, "tasks", &tasks) && wire_get_bool (&tasks));
    }
    (void) s_change (self, "IMPORT", "data", TERMINALS "T4,0,,,,,\n");
    assert_string_equal (s_numbers (s_expect (self->peers[ACCOUNT], WORD_ARCHIVE)), "4 ");
    assert_string_equal (s_numbers (s_expect (self->peers[VALIDATOR], WORD_ARCHIVE)), "4 ");
}

//  ---- POLL ----

static void s_poll (fixture_t *self, writer_t *out)
{
    assert_false (out->failed);
    assert_int_equal (zsock_send (self->peers[SCHEDULE], "sb", WORD_POLL, out->data, out->size), 0);
}

//  A POLL that says nothing but whom.
static void s_poll_plain (fixture_t *self, unsigned terminal, unsigned mp, bool own)
{
    writer_t out = writer_of (self->request, REQUEST_ROOM);
    wire_put_map (&out, 4);
    wire_pair_uint (&out, "terminal", terminal);
    wire_pair_uint (&out, "mp", mp);
    wire_pair_uint (&out, "token", 9);
    wire_pair_bool (&out, "own", own);
    s_poll (self, &out);
}

static void s_poll_fails (fixture_t *self, fep_err_t error)
{
    char text[32];
    bytes_t body = s_expect (self->peers[SCHEDULE], WORD_RESULT);
    assert_int_equal (wire_find_int (body, "token", 0), 9);
    assert_true (wire_find_text (body, "error", text, sizeof text));
    assert_string_equal (text, fep_err_name (error));
    assert_int_equal (wire_find_int (body, "journalled", -1), 0);
}

static const struct {
    const char *key;  //  In POLL and REQUEST
    int64_t usual;    //  If POLL does not say it
    int64_t said;     //  Another
} s_pairs[] = {{"kind", REQUEST_READ, REQUEST_READ_FROZEN},
               {"freeze", FREEZE_NONE, FREEZE_DAY},
               {"from_ms", 0, 1700000000000},
               {"to_ms", 0, 1700086400000},
               {"event_from", 0, 3},
               {"event_to", 0, 4},
               {"important", 1, 0},
               {"priority", PRIORITY_POLL, PRIORITY_DEMAND},
               {"tries", 1, 2},
               {"task", 0, 77},
               {"slot_ms", 0, 1700000001000},
               {"run", 0, 6},
               {"trial", 0, 1}};

#define PAIRS (sizeof s_pairs / sizeof *s_pairs)

//  Everything schedule says of a request is in it; what it leaves out is as ever.
static void test_poll_request (void **state)
{
    fixture_t *self = *state;
    reader_t points;
    s_up (self, "T1", 41);
    writer_t out = writer_of (self->request, REQUEST_ROOM);
    wire_put_map (&out, 4 + PAIRS);
    wire_pair_uint (&out, "terminal", 1);
    wire_pair_uint (&out, "mp", 1);
    wire_pair_uint (&out, "token", 9);
    for (size_t i = 0; i < PAIRS; i++) {
        wire_pair_int (&out, s_pairs[i].key, s_pairs[i].said);
    }
    wire_put_text (&out, "points");
    wire_put_array (&out, 2);
    wire_put_uint (&out, 0x10010800);
    wire_put_uint (&out, 0x10020800);
    s_poll (self, &out);
    bytes_t body = s_expect (self->peers[CONNECTOR], WORD_REQUEST);
    assert_int_equal (wire_find_int (body, "session", -1), 41);
    assert_int_equal (wire_find_int (body, "token", -1), 9);
    assert_int_equal (wire_find_int (body, "mp", -1), 1);
    for (size_t i = 0; i < PAIRS; i++) {
        assert_int_equal (wire_find_int (body, s_pairs[i].key, -1), s_pairs[i].said);
    }
    assert_true (wire_find (body, "points", &points));
    assert_int_equal (wire_get_array (&points), 2);
    assert_int_equal (wire_get_uint (&points), 0x10010800);
    assert_int_equal (wire_get_uint (&points), 0x10020800);
    s_poll_plain (self, 1, 1, false);
    body = s_expect (self->peers[CONNECTOR], WORD_REQUEST);
    for (size_t i = 0; i < PAIRS; i++) {
        assert_int_equal (wire_find_int (body, s_pairs[i].key, -1), s_pairs[i].usual);
    }
    assert_true (wire_find (body, "points", &points));
    assert_int_equal (wire_get_array (&points), 0);
}

//  Through to the meter if it has a protocol, unless the terminal's own store is meant; mp 0 is the terminal.
static void test_poll_whom (void **state)
{
    fixture_t *self = *state;
    reader_t value;
    char text[32];
    (void) s_change (self, "IMPORT", "data",
                     "terminal,area,measuring_point,meter,protocol\nT1,5,1,000011112222,dlt645\n");
    s_up (self, "T1", 41);
    s_poll_plain (self, 1, 1, false);
    bytes_t body = s_expect (self->peers[CONNECTOR], WORD_REQUEST);
    assert_true (wire_find_text (body, "carried", text, sizeof text));
    assert_string_equal (text, "dlt645");
    assert_true (wire_find_text (body, "meter", text, sizeof text));
    assert_string_equal (text, "000011112222");
    s_poll_plain (self, 1, 1, true);
    body = s_expect (self->peers[CONNECTOR], WORD_REQUEST);
    assert_int_equal (wire_find_int (body, "mp", -1), 1);
    assert_false (wire_find (body, "carried", &value) || wire_find (body, "meter", &value));
    s_poll_plain (self, 1, 0, false);
    body = s_expect (self->peers[CONNECTOR], WORD_REQUEST);
    assert_int_equal (wire_find_int (body, "mp", -1), 0);
    assert_false (wire_find (body, "carried", &value) || wire_find (body, "meter", &value));
    s_poll_plain (self, 1, 2, true);
    s_poll_fails (self, FEP_NOT_FOUND);
    s_poll_plain (self, 2, 1, false);
    s_poll_fails (self, FEP_CLOSED);
}

static void s_poll_several (fixture_t *self, uint32_t count, unsigned step, bool own)
{
    writer_t out = writer_of (self->request, REQUEST_ROOM);
    wire_put_map (&out, 5);
    wire_pair_uint (&out, "terminal", 1);
    wire_pair_uint (&out, "mp", 1);
    wire_pair_uint (&out, "token", 9);
    wire_pair_bool (&out, "own", own);
    wire_put_text (&out, "mps");
    wire_put_array (&out, count);
    for (uint32_t i = 0; i < count; i++) {
        wire_put_uint (&out, 1 + i * step);
    }
    s_poll (self, &out);
}

//  Several measuring points: as many as the protocol takes, which the terminal has and keeps data of itself.
static void test_poll_several (void **state)
{
    fixture_t *self = *state;
    reader_t mps;
    (void) s_change (self, "IMPORT", "data",
                     "terminal,area,measuring_point,meter,protocol\n"
                     "T1,5,1,000011112222,dlt645\nT1,5,8,000011112223,dlt645\n");
    s_up (self, "T1", 41);
    s_poll_several (self, 2, 7, true);
    bytes_t body = s_expect (self->peers[CONNECTOR], WORD_REQUEST);
    assert_int_equal (wire_find_int (body, "mp", -1), 1);
    assert_true (wire_find (body, "mps", &mps));
    assert_int_equal (wire_get_array (&mps), 2);
    assert_int_equal (wire_get_uint (&mps), 1);
    assert_int_equal (wire_get_uint (&mps), 8);
    assert_false (wire_find (body, "carried", &mps));
    s_poll_several (self, 2, 6, true);
    s_poll_fails (self, FEP_NOT_FOUND);
    s_poll_several (self, 2, 7, false);
    s_poll_fails (self, FEP_LIMIT);
    s_poll_several (self, REQUEST_MPS_MAX + 1, 0, true);
    s_poll_fails (self, FEP_LIMIT);
}

static void test_poll_too_many_points (void **state)
{
    fixture_t *self = *state;
    s_up (self, "T1", 41);
    writer_t out = writer_of (self->request, REQUEST_ROOM);
    wire_put_map (&out, 4);
    wire_pair_uint (&out, "terminal", 1);
    wire_pair_uint (&out, "mp", 1);
    wire_pair_uint (&out, "token", 9);
    wire_put_text (&out, "points");
    wire_put_array (&out, REQUEST_POINTS_MAX + 1);
    for (uint32_t i = 0; i <= REQUEST_POINTS_MAX; i++) {
        wire_put_uint (&out, i);
    }
    s_poll (self, &out);
    s_poll_fails (self, FEP_LIMIT);
}

#define ARCHIVE_TEST(test) cmocka_unit_test_setup_teardown (test, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        ARCHIVE_TEST (test_those_concerned_are_told),
        ARCHIVE_TEST (test_refused_tells_nobody),
        ARCHIVE_TEST (test_many),
        ARCHIVE_TEST (test_profile),
        ARCHIVE_TEST (test_plan_by_state),
        ARCHIVE_TEST (test_tasks),
        ARCHIVE_TEST (test_poll_request),
        ARCHIVE_TEST (test_poll_whom),
        ARCHIVE_TEST (test_poll_several),
        ARCHIVE_TEST (test_poll_too_many_points),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
