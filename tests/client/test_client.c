//  Requests, answers and publications: what comes late, garbled, too large or not at all.
#include "client/client.h"
#include "client/fetch.h"
#include "tests/client/peer.h"

static client_t *s_client (peer_t *peer)
{
    client_t *client = NULL;
    CHECK_OK (client_open (peer->door, peer->feed, &client));
    return client;
}

//  --- Requests

static int64_t s_say (client_t *client, int64_t number, int timeout_ms, fep_err_t expected)
{
    uint8_t bytes[32];
    writer_t body = writer_of (bytes, sizeof bytes);
    wire_put_map (&body, 1);
    wire_pair_int (&body, "say", number);
    answer_t answer;
    CHECK_ERR (client_request (client, "STATUS", writer_bytes (&body), timeout_ms, &answer),
               expected);
    if (expected) {
        return 0;
    }
    assert_string_equal (answer.word, "STATUS");
    assert_false (answer.failed);
    return wire_find_int (answer.body, "echo", -1);
}

static void test_request (void **state)
{
    (void) state;
    peer_t peer = peer_start ();
    client_t *client = s_client (&peer);
    assert_int_equal (s_say (client, 41, PATIENCE, FEP_OK), 41);
    assert_int_equal (s_say (client, 42, PATIENCE, FEP_OK), 42);
    answer_t answer;
    CHECK_OK (client_request (client, "VERBS", bytes_of (NULL, 0), PATIENCE, &answer));
    assert_string_equal (answer.word, "VERBS");
    assert_int_equal (wire_find_int (answer.body, "echo", 0), -7);
    peer_do (&peer, DO_BEHAVE, "", REFUSING, 1);
    CHECK_OK (client_request (client, "LATEST", bytes_of ("\x80", 1), PATIENCE, &answer));
    assert_true (answer.failed);
    assert_string_equal (answer.error, "NOT_FOUND");
    assert_string_equal (answer.text, "there is none of that name or number");
    assert_int_equal (client_counters (client).late, 0);
    client_close (&client);
    client_close (&client);
    zactor_destroy (&peer.thread);
}

static void test_late_answer (void **state)
{
    (void) state;
    peer_t peer = peer_start ();
    client_t *client = s_client (&peer);
    assert_int_equal (s_say (client, 1, PATIENCE, FEP_OK), 1);
    peer_do (&peer, DO_BEHAVE, "", SILENT, 1);
    s_say (client, 2, 50, FEP_TIMEOUT);
    peer_do (&peer, DO_BEHAVE, "", LATE, 1);
    assert_int_equal (s_say (client, 3, PATIENCE, FEP_OK), 3);
    assert_int_equal (client_counters (client).late, 1);
    client_close (&client);
    zactor_destroy (&peer.thread);
}

static void test_garbled_answer (void **state)
{
    (void) state;
    peer_t peer = peer_start ();
    client_t *client = s_client (&peer);
    peer_do (&peer, DO_BEHAVE, "", GARBLED, 1);
    assert_int_equal (s_say (client, 5, PATIENCE, FEP_OK), 5);
    assert_int_equal (client_counters (client).garbled, 4);
    client_close (&client);
    zactor_destroy (&peer.thread);
}

//  The connection is closed at the limit; the next request finds a fresh one.
static void test_huge_answer (void **state)
{
    (void) state;
    peer_t peer = peer_start ();
    client_t *client = s_client (&peer);
    peer_do (&peer, DO_BEHAVE, "", HUGE, 1);
    s_say (client, 6, 1000, FEP_TIMEOUT);
    assert_int_equal (s_say (client, 7, PATIENCE, FEP_OK), 7);
    client_close (&client);
    zactor_destroy (&peer.thread);
}

//  A request that found no door is not kept for one that comes later.
static void test_absent_door (void **state)
{
    (void) state;
    zsys_handler_set (NULL);
    zsock_t *door = zsock_new (ZMQ_ROUTER);
    int port = zsock_bind (door, "tcp://127.0.0.1:*");
    assert_true (port > 0);
    zsock_unbind (door, "tcp://127.0.0.1:%d", port);
    char endpoint[64];
    snprintf (endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", port);
    client_t *client = NULL;
    CHECK_OK (client_open (endpoint, NULL, &client));
    s_say (client, 1, 50, FEP_TIMEOUT);
    zsock_destroy (&door);
    client_close (&client);
}

static void test_wrong_use (void **state)
{
    (void) state;
    client_t *client = NULL;
    CHECK_ERR (client_open ("nowhere", NULL, &client), FEP_SYNTAX);
    assert_null (client);
    CHECK_ERR (client_open (NULL, "tcp://127.0.0.1:seven", &client), FEP_SYNTAX);
    CHECK_OK (client_open ("tcp://127.0.0.1:9", NULL, &client));
    static uint8_t bytes[CLIENT_REQUEST_MAX + 1];
    answer_t answer;
    CHECK_ERR (client_request (client, "X", bytes_of (bytes, sizeof bytes), 1, &answer), FEP_LIMIT);
    CHECK_ERR (client_request (client, "X", bytes_of ("\x93\x01", 2), 1, &answer), FEP_SYNTAX);
    client_close (&client);
}

static void s_on_alarm (int number)
{
    (void) number;
}

static void test_signal (void **state)
{
    (void) state;
    peer_t peer = peer_start ();
    client_t *client = s_client (&peer);
    struct sigaction action = {.sa_handler = s_on_alarm}, before;
    sigaction (SIGALRM, &action, &before);
    //  Again and again, so that one which comes between two waits does no harm.
    struct itimerval timer = {{0, 20000}, {0, 20000}}, none = {{0, 0}, {0, 0}};
    setitimer (ITIMER_REAL, &timer, NULL);
    publication_t publication;
    fep_err_t error = client_next (client, PATIENCE, &publication);
    setitimer (ITIMER_REAL, &none, NULL);
    sigaction (SIGALRM, &before, NULL);
    CHECK_ERR (error, FEP_STOPPING);
    client_close (&client);
    zactor_destroy (&peer.thread);
}

//  --- The feed

static void test_publications (void **state)
{
    (void) state;
    peer_t peer = peer_start ();
    client_t *client = s_client (&peer);
    publication_t seen;
    CHECK_ERR (client_next (client, 0, &seen), FEP_TIMEOUT);
    client_subscribe (client, "reading/");
    peer_do (&peer, DO_LISTEN, "", 0, 0);
    peer_do (&peer, DO_GARBLE, "reading/00", 0, 0);
    peer_do (&peer, DO_NOTE, "reading/07", 0, 0);
    peer_do (&peer, DO_COMMIT, "reading/01", 2, 0);
    peer_do (&peer, DO_PUBLISH, "", 1, 0);
    peer_do (&peer, DO_TICK, "event/01", 9, 8);
    peer_do (&peer, DO_TICK, "reading/01", 9, 8);
    CHECK_OK (client_next (client, PATIENCE, &seen));
    assert_int_equal (seen.kind, PUBLICATION_NOTE);
    assert_int_equal (wire_find_int (seen.body, "a", 0), 1);
    assert_int_equal (client_counters (client).garbled, 4);
    CHECK_OK (client_next (client, PATIENCE, &seen));
    assert_int_equal (seen.kind, PUBLICATION_DATA);
    assert_string_equal (seen.topic, "reading/01");
    assert_int_equal (seen.epoch, 1);
    assert_int_equal (seen.sequence, 1);
    assert_int_equal (seen.time_ms, 1234);
    CHECK_OK (client_next (client, PATIENCE, &seen));
    assert_int_equal (seen.kind, PUBLICATION_TICK);
    assert_int_equal (seen.sequence, 9);
    assert_int_equal (seen.prev, 8);
    client_unsubscribe (client, "reading/");
    peer_do (&peer, DO_UNLISTEN, "", 0, 0);
    client_close (&client);
    zactor_destroy (&peer.thread);
}

static void test_filters (void **state)
{
    (void) state;
    fetch_filter_t filter;
    CHECK_OK (fetch_filter_of ("reading/07", &filter));
    assert_string_equal (filter.kind, "reading");
    assert_int_equal (filter.area, 7);
    assert_string_equal (filter.terminal, "");
    CHECK_OK (fetch_filter_of ("terminal/310100012", &filter));
    assert_string_equal (filter.kind, "");
    assert_int_equal (filter.area, -1);
    assert_string_equal (filter.terminal, "310100012");
    static const char *const bad[] = {"",
                                      "reading",
                                      "reading/",
                                      "reading/64",
                                      "reading/7",
                                      "reading/007",
                                      "/07",
                                      "reading/0x",
                                      "terminal/",
                                      "a-kind-that-is-too-long/00",
                                      "terminal/123456789012345678901234"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_ERR (fetch_filter_of (bad[i], &filter), FEP_SYNTAX);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_request),        cmocka_unit_test (test_late_answer),
        cmocka_unit_test (test_garbled_answer), cmocka_unit_test (test_huge_answer),
        cmocka_unit_test (test_absent_door),    cmocka_unit_test (test_wrong_use),
        cmocka_unit_test (test_signal),         cmocka_unit_test (test_publications),
        cmocka_unit_test (test_filters),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
