//  Each message once and in order, whatever the feed loses, the journal trims or a restart changes.
#include "client/subscriber.h"
#include "tests/client/peer.h"

static subscriber_t *s_subscriber (peer_t *peer, uint64_t from, const char *prefix)
{
    subscriber_t *subscriber = NULL;
    CHECK_OK (subscriber_open (peer->door, peer->feed, from, &subscriber));
    subscriber_add (subscriber, prefix);
    peer_do (peer, DO_LISTEN, "", 0, 0);
    return subscriber;
}

//  The next events must be messages 0..count-1 of that commit.
static void s_expect (subscriber_t *subscriber, const char *topic, uint64_t sequence,
                      unsigned count, bool fetched)
{
    for (unsigned i = 0; i < count; i++) {
        subscriber_event_t event;
        CHECK_OK (subscriber_next (subscriber, PATIENCE, &event));
        assert_int_equal (event.what, SUBSCRIBER_MESSAGE);
        assert_string_equal (event.topic, topic);
        assert_int_equal (event.sequence, sequence);
        assert_int_equal (event.index, i);
        assert_int_equal (event.fetched, fetched);
        cursor_t cursor = cursor_single (event.message);
        message_t message;
        item_t item;
        CHECK_OK (cursor_message (&cursor, &message));
        assert_int_equal (message.kind, MESSAGE_READING);
        CHECK_OK (cursor_item (&cursor, &item));
        assert_int_equal (item.value.mantissa, sequence * 100 + i);
    }
}

static void s_commits (peer_t *peer, const char *topic, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        peer_do (peer, DO_COMMIT, topic, 2, 0);
    }
}

#define R0 "reading/00"
#define E0 "event/00"

//  From now on: the first publication is taken as it is; then each in turn, without a FETCH.
static void test_follow (void **state)
{
    (void) state;
    peer_t peer = peer_start ();
    s_commits (&peer, R0, 4);
    subscriber_t *subscriber = s_subscriber (&peer, 0, "");
    peer_do (&peer, DO_TICK, R0, 2, 0);
    peer_do (&peer, DO_PUBLISH, "", 3, 2);
    peer_do (&peer, DO_NOTE, "sys/disk", 0, 0);
    peer_do (&peer, DO_PUBLISH, "", 4, 3);
    peer_do (&peer, DO_TICK, R0, 4, 4);
    s_expect (subscriber, R0, 3, 2, false);
    s_expect (subscriber, R0, 4, 2, false);
    subscriber_counters_t counters = subscriber_counters (subscriber);
    assert_int_equal (counters.messages, 4);
    assert_int_equal (counters.heals, 0);
    assert_int_equal (counters.pages, 0);
    subscriber_close (&subscriber);
    subscriber_close (&subscriber);
    zactor_destroy (&peer.thread);
}

//  Lost publications come by FETCH over several pages, topics apart; what comes again is dropped.
static void test_gap (void **state)
{
    (void) state;
    peer_t peer = peer_start ();
    s_commits (&peer, R0, 1);  //  1
    subscriber_t *subscriber = s_subscriber (&peer, 0, "");
    peer_do (&peer, DO_PUBLISH, "", 1, 0);
    s_commits (&peer, E0, 1);  //  2
    peer_do (&peer, DO_PUBLISH, "", 2, 0);
    s_commits (&peer, R0, 4);  //  3..6, lost
    s_commits (&peer, E0, 5);  //  7..11; 7 to 10 lost
    s_commits (&peer, R0, 2);  //  12, 13
    peer_do (&peer, DO_PUBLISH, "", 12, 6);
    peer_do (&peer, DO_PUBLISH, "", 12, 6);
    peer_do (&peer, DO_PUBLISH, "", 11, 10);
    peer_do (&peer, DO_PUBLISH, "", 13, 12);
    s_expect (subscriber, R0, 1, 2, false);
    s_expect (subscriber, E0, 2, 2, false);
    for (uint64_t sequence = 3; sequence <= 6; sequence++) {
        s_expect (subscriber, R0, sequence, 2, true);
    }
    //  The page that ends a gap may reach over the publication that showed it.
    s_expect (subscriber, R0, 12, 2, true);
    s_expect (subscriber, R0, 13, 2, true);
    for (uint64_t sequence = 7; sequence <= 11; sequence++) {
        s_expect (subscriber, E0, sequence, 2, true);
    }
    s_commits (&peer, "alarm/00", 1);  //  14, behind which nothing of the former is left
    peer_do (&peer, DO_PUBLISH, "", 14, 0);
    s_expect (subscriber, "alarm/00", 14, 2, false);
    assert_int_equal (subscriber_counters (subscriber).duplicates, 4);
    //  And it may end just before it.
    s_commits (&peer, R0, PAGE);  //  15 and 16 lost
    peer_do (&peer, DO_PUBLISH, "", 17, 16);
    for (uint64_t sequence = 15; sequence <= 16; sequence++) {
        s_expect (subscriber, R0, sequence, 2, true);
    }
    s_expect (subscriber, R0, 17, 2, false);
    subscriber_counters_t counters = subscriber_counters (subscriber);
    assert_int_equal (counters.messages, 34);
    assert_int_equal (counters.fetched, 26);
    assert_int_equal (counters.heals, 3);
    assert_int_equal (counters.pages, 8);
    subscriber_close (&subscriber);
    zactor_destroy (&peer.thread);
}

//  A TICK shows that the last publication was lost.
static void test_lost_last (void **state)
{
    (void) state;
    peer_t peer = peer_start ();
    s_commits (&peer, R0, 1);
    subscriber_t *subscriber = s_subscriber (&peer, 0, R0);
    peer_do (&peer, DO_TICK, R0, 1, 1);
    s_commits (&peer, R0, 2);
    peer_do (&peer, DO_TICK, R0, 3, 3);
    peer_do (&peer, DO_TICK, R0, 3, 3);
    s_expect (subscriber, R0, 2, 2, true);
    s_expect (subscriber, R0, 3, 2, true);
    peer_do (&peer, DO_TICK, R0, 3, 3);
    s_commits (&peer, R0, 1);
    peer_do (&peer, DO_PUBLISH, "", 4, 3);
    s_expect (subscriber, R0, 4, 2, false);
    assert_int_equal (subscriber_counters (subscriber).heals, 1);
    subscriber_close (&subscriber);
    zactor_destroy (&peer.thread);
}

//  From a sequence on, though nothing was published since; other commits only move `next`.
static void test_resume (void **state)
{
    (void) state;
    peer_t peer = peer_start ();
    s_commits (&peer, R0, 3);   //  1..3
    s_commits (&peer, E0, 10);  //  4..13
    s_commits (&peer, R0, 1);   //  14
    subscriber_t *subscriber = s_subscriber (&peer, 3, R0);
    peer_do (&peer, DO_TICK, R0, 14, 0);
    s_expect (subscriber, R0, 3, 2, true);
    s_expect (subscriber, R0, 14, 2, true);
    peer_do (&peer, DO_TICK, R0, 14, 0);
    s_commits (&peer, R0, 1);
    peer_do (&peer, DO_PUBLISH, "", 15, 0);
    s_expect (subscriber, R0, 15, 2, false);
    assert_int_equal (subscriber_counters (subscriber).heals, 1);
    subscriber_close (&subscriber);
    zactor_destroy (&peer.thread);
}

static void test_terminal_topic (void **state)
{
    (void) state;
    peer_t peer = peer_start ();
    s_commits (&peer, "terminal/31010001", 2);
    s_commits (&peer, "held/03", 2);
    subscriber_t *subscriber = s_subscriber (&peer, 1, "");
    peer_do (&peer, DO_TICK, "terminal/31010001", 4, 2);
    peer_do (&peer, DO_TICK, "held/03", 4, 4);
    s_expect (subscriber, "terminal/31010001", 1, 2, true);
    s_expect (subscriber, "terminal/31010001", 2, 2, true);
    s_expect (subscriber, "held/03", 3, 2, true);
    s_expect (subscriber, "held/03", 4, 2, true);
    subscriber_close (&subscriber);
    zactor_destroy (&peer.thread);
}

//  What the journal no longer has is said, and the rest comes.
static void test_trimmed (void **state)
{
    (void) state;
    peer_t peer = peer_start ();
    s_commits (&peer, R0, 6);
    peer_do (&peer, DO_TRIM, "", 5, 0);
    subscriber_t *subscriber = s_subscriber (&peer, 2, R0);
    peer_do (&peer, DO_TICK, R0, 6, 6);
    subscriber_event_t event;
    CHECK_OK (subscriber_next (subscriber, PATIENCE, &event));
    assert_int_equal (event.what, SUBSCRIBER_LOST);
    assert_string_equal (event.topic, R0);
    assert_int_equal (event.from, 2);
    assert_int_equal (event.to, 4);
    s_expect (subscriber, R0, 5, 2, true);
    s_expect (subscriber, R0, 6, 2, true);
    assert_int_equal (subscriber_counters (subscriber).lost, 3);
    subscriber_close (&subscriber);
    zactor_destroy (&peer.thread);
}

//  A restart of the daemon: prev is 0 though something was published before, and some of it was
//  missed.
static void test_epoch (void **state)
{
    (void) state;
    peer_t peer = peer_start ();
    s_commits (&peer, R0, 3);
    subscriber_t *subscriber = s_subscriber (&peer, 0, R0);
    peer_do (&peer, DO_PUBLISH, "", 1, 0);
    s_expect (subscriber, R0, 1, 2, false);
    peer_do (&peer, DO_EPOCH, "", 2, 0);
    peer_do (&peer, DO_TICK, R0, 3, 0);
    s_expect (subscriber, R0, 2, 2, true);
    s_expect (subscriber, R0, 3, 2, true);
    peer_do (&peer, DO_EPOCH, "", 3, 0);
    s_commits (&peer, R0, 2);
    peer_do (&peer, DO_PUBLISH, "", 5, 0);
    s_expect (subscriber, R0, 4, 2, true);
    subscriber_event_t event;
    CHECK_OK (subscriber_next (subscriber, PATIENCE, &event));
    assert_int_equal (event.sequence, 5);
    assert_int_equal (event.epoch, 3);
    CHECK_OK (subscriber_next (subscriber, PATIENCE, &event));
    //  A straggler of an older epoch says nothing new.
    peer_do (&peer, DO_EPOCH, "", 2, 0);
    peer_do (&peer, DO_TICK, R0, 9, 9);
    peer_do (&peer, DO_EPOCH, "", 3, 0);
    s_commits (&peer, R0, 1);
    peer_do (&peer, DO_PUBLISH, "", 6, 5);
    s_expect (subscriber, R0, 6, 2, false);
    assert_int_equal (subscriber_counters (subscriber).resets, 0);
    subscriber_close (&subscriber);
    zactor_destroy (&peer.thread);
}

//  A new epoch that ends below what was seen: the store was exchanged.
static void test_other_journal (void **state)
{
    (void) state;
    peer_t peer = peer_start ();
    s_commits (&peer, R0, 5);
    subscriber_t *subscriber = s_subscriber (&peer, 0, R0);
    peer_do (&peer, DO_PUBLISH, "", 5, 0);
    s_expect (subscriber, R0, 5, 2, false);
    peer_do (&peer, DO_FORGET, "", 0, 0);
    peer_do (&peer, DO_EPOCH, "", 2, 0);
    s_commits (&peer, R0, 2);
    peer_do (&peer, DO_TICK, R0, 2, 2);
    subscriber_event_t event;
    CHECK_OK (subscriber_next (subscriber, PATIENCE, &event));
    assert_int_equal (event.what, SUBSCRIBER_RESET);
    assert_string_equal (event.topic, R0);
    assert_int_equal (event.epoch, 2);
    s_expect (subscriber, R0, 1, 2, true);
    s_expect (subscriber, R0, 2, 2, true);
    subscriber_close (&subscriber);
    zactor_destroy (&peer.thread);
}

//  A door that does not answer, or refuses, or answers nonsense, costs nothing but time.
static void test_bad_door (void **state)
{
    (void) state;
    peer_t peer = peer_start ();
    s_commits (&peer, R0, 1);
    subscriber_t *subscriber = s_subscriber (&peer, 0, R0);
    peer_do (&peer, DO_PUBLISH, "", 1, 0);
    s_expect (subscriber, R0, 1, 2, false);
    s_commits (&peer, R0, 9);
    peer_do (&peer, DO_BEHAVE, "", SILENT, 1);
    peer_do (&peer, DO_TICK, R0, 10, 8);
    subscriber_event_t event;
    fep_err_t error = subscriber_next (subscriber, 500, &event);
    CHECK_ERR (error, FEP_TIMEOUT);
    peer_do (&peer, DO_BEHAVE, "", LATE, 1);
    s_expect (subscriber, R0, 2, 1, true);
    assert_int_equal (subscriber_counters (subscriber).pages, 1);
    CHECK_OK (subscriber_next (subscriber, PATIENCE, &event));
    s_expect (subscriber, R0, 3, 2, true);
    s_expect (subscriber, R0, 4, 2, true);
    peer_do (&peer, DO_BEHAVE, "", REFUSING, 1);
    CHECK_ERR (subscriber_next (subscriber, PATIENCE, &event), FEP_REFUSED);
    assert_string_equal (subscriber_refusal (subscriber),
                         "NOT_FOUND: there is none of that name or number");
    peer_do (&peer, DO_BEHAVE, "", CORRUPT, 1);
    CHECK_ERR (subscriber_next (subscriber, PATIENCE, &event), FEP_CORRUPT);
    peer_do (&peer, DO_PUBLISH, "", 10, 9);
    for (uint64_t sequence = 5; sequence <= 9; sequence++) {
        s_expect (subscriber, R0, sequence, 2, true);
    }
    CHECK_OK (subscriber_next (subscriber, PATIENCE, &event));
    assert_int_equal (event.sequence, 10);
    CHECK_OK (subscriber_next (subscriber, PATIENCE, &event));
    assert_int_equal (subscriber_counters (subscriber).messages, 20);
    assert_int_equal (subscriber_counters (subscriber).corrupt, 1);
    subscriber_close (&subscriber);
    zactor_destroy (&peer.thread);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_follow),         cmocka_unit_test (test_gap),
        cmocka_unit_test (test_lost_last),      cmocka_unit_test (test_resume),
        cmocka_unit_test (test_terminal_topic), cmocka_unit_test (test_trimmed),
        cmocka_unit_test (test_epoch),          cmocka_unit_test (test_other_journal),
        cmocka_unit_test (test_bad_door),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
