//  The directory: who is connected where, and what ended sessions left behind.
#include "tests/test.h"
#include "actors/directory.h"
#include <string.h>

static void test_made_once (void **state)
{
    (void) state;
    directory_t *directory = directory_new ();
    assert_null (directory_find (directory, 5));
    presence_t *five = directory_use (directory, 5);
    assert_int_equal (five->session, -1);
    assert_int_equal (five->sessions, 0);
    //  The table grows; entries stay where they are.
    presence_t *far = directory_use (directory, 900000);
    assert_ptr_equal (directory_use (directory, 5), five);
    assert_ptr_equal (directory_find (directory, 5), five);
    assert_ptr_equal (directory_find (directory, 900000), far);
    assert_null (directory_find (directory, 6));
    assert_null (directory_find (directory, 5000000));
    assert_int_equal (directory_online (directory), 0);
    directory_destroy (&directory);
    directory_destroy (&directory);
}

static void test_up_and_down (void **state)
{
    (void) state;
    directory_t *directory = directory_new ();
    presence_t *one = directory_use (directory, 1);
    directory_up (directory, one, "connector.0", 44, "10.0.0.7:1", 1000);
    assert_int_equal (one->session, 44);
    assert_string_equal (one->connector, "connector.0");
    assert_string_equal (one->peer, "10.0.0.7:1");
    assert_int_equal (one->since_ms, 1000);
    assert_int_equal (one->sessions, 1);
    assert_int_equal (directory_online (directory), 1);
    assert_true (directory_down (directory, one, "connector.0", 44, "SILENT", 2000));
    assert_int_equal (one->session, -1);
    assert_int_equal (one->since_ms, 2000);
    assert_int_equal (one->closed_ms, 2000);
    assert_string_equal (one->reason, "SILENT");
    assert_string_equal (one->peer, "10.0.0.7:1");
    assert_int_equal (directory_online (directory), 0);
    assert_false (directory_down (directory, one, "connector.0", 44, "SILENT", 3000));
    assert_int_equal (directory_online (directory), 0);
    directory_destroy (&directory);
}

//  It came again, on another connector under the same session number; the end of the older one changes nothing.
static void test_replaced (void **state)
{
    (void) state;
    directory_t *directory = directory_new ();
    presence_t *one = directory_use (directory, 1);
    directory_up (directory, one, "connector.0", 44, "a", 1000);
    directory_up (directory, one, "connector.1", 44, "b", 1500);
    assert_int_equal (directory_online (directory), 1);
    assert_int_equal (one->sessions, 2);
    assert_false (directory_down (directory, one, "connector.0", 44, "REPLACED", 2000));
    assert_int_equal (one->session, 44);
    assert_string_equal (one->peer, "b");
    assert_int_equal (one->since_ms, 1500);
    assert_int_equal (one->closed_ms, 2000);
    assert_string_equal (one->reason, "REPLACED");
    assert_int_equal (directory_online (directory), 1);
    assert_true (directory_down (directory, one, "connector.1", 44, "SILENT", 3000));
    assert_int_equal (directory_online (directory), 0);
    directory_destroy (&directory);
}

static void test_long_names_are_cut (void **state)
{
    (void) state;
    directory_t *directory = directory_new ();
    presence_t *one = directory_use (directory, 1);
    char text[200];
    memset (text, 'x', sizeof text);
    text[sizeof text - 1] = 0;
    directory_up (directory, one, text, 1, text, 1);
    assert_int_equal (strlen (one->connector), DIRECTORY_NAME_MAX);
    assert_int_equal (strlen (one->peer), DIRECTORY_PEER_MAX);
    (void) directory_down (directory, one, "other", 1, text, 2);
    assert_int_equal (strlen (one->reason), DIRECTORY_NAME_MAX);
    directory_destroy (&directory);
}

//  Made when the first session ends; today's sums begin anew with each day.
static void test_past (void **state)
{
    (void) state;
    directory_t *directory = directory_new ();
    presence_t *one = directory_use (directory, 1);
    const traffic_t part = {1, 2, 3, 4};
    const traffic_t whole = {10, 20, 30, 40};
    assert_int_equal (directory_seen (one)->total.frames, 0);
    assert_null (one->past);
    past_t *past = directory_past (directory, one);
    assert_ptr_equal (directory_past (directory, one), past);
    assert_ptr_equal (directory_seen (one), past);
    past_add (past, 20000, &part, &whole);
    past_add (past, 20000, &whole, &whole);
    assert_int_equal (past_today (past, 20000).rx_bytes, 11);
    assert_int_equal (past_today (past, 20001).rx_bytes, 0);
    past_add (past, 20001, &part, &whole);
    assert_int_equal (past_today (past, 20001).items, 4);
    assert_int_equal (past_today (past, 20000).items, 0);
    assert_int_equal (past->total.tx_bytes, 60);
    past_keep_frames (past, bytes_text ("frames"));
    past_keep_frames (past, bytes_text ("others"));
    assert_true (bytes_equal (bytes_of (past->frames, past->frames_size), bytes_text ("others")));
    past_keep_frames (past, bytes_of (NULL, 0));
    assert_null (past->frames);
    past_keep_frames (past, bytes_text ("until it comes"));
    directory_up (directory, one, "connector.0", 3, "peer", 1000);
    assert_null (past->frames);
    past_keep_frames (past, bytes_text ("left to the end"));
    past_add_refused (past, FEP_CHECKSUM, 0);
    assert_null (past->refused);
    past_add_refused (past, FEP_CHECKSUM, 2);
    past_add_refused (past, FEP_CHECKSUM, 3);
    assert_int_equal (past->refused[FEP_CHECKSUM], 5);
    //  Those of others are apart, however many there are.
    for (uint32_t i = 2; i < 200; i++) {
        directory_past (directory, directory_use (directory, i))->opened_ms = i;
    }
    for (uint32_t i = 2; i < 200; i++) {
        assert_int_equal (directory_seen (directory_find (directory, i))->opened_ms, i);
    }
    const rival_t rival = {.session = 7, .connector = "connector.1"};
    directory_rival (one, &rival);
    assert_int_equal (one->rival->session, 7);
    directory_rival (one, NULL);
    assert_null (one->rival);
    directory_rival (one, &rival);
    directory_destroy (&directory);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_made_once), cmocka_unit_test (test_up_and_down),
        cmocka_unit_test (test_replaced),  cmocka_unit_test (test_long_names_are_cut),
        cmocka_unit_test (test_past),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
