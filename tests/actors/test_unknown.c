//  Unknown terminals: what is kept of their sessions, which one is held, who is forgotten.
#include "tests/test.h"
#include "actors/unknown.h"
#include <stdio.h>

static unknown_link_t s_link (int64_t session, const char *peer, const char *frame)
{
    return (unknown_link_t){.connector = "connector.0",
                            .session = session,
                            .peer = peer,
                            .listener = "main",
                            .codec = "gdw1376",
                            .frame = bytes_text (frame)};
}

static void s_expect_frames (const unknown_entry_t *entry, const char *first, const char *last)
{
    assert_true (bytes_equal (bytes_of (entry->first, entry->first_size), bytes_text (first)));
    assert_true (bytes_equal (bytes_of (entry->last, entry->last_size), bytes_text (last)));
}

static void test_sessions (void **state)
{
    (void) state;
    unknown_t *list = unknown_new (10);
    unknown_link_t link = s_link (7, "10.0.0.7:1", "login");
    unknown_up (list, "T9", &link, true, 1000);
    const unknown_entry_t *entry = unknown_find (list, "T9");
    assert_non_null (entry);
    assert_string_equal (entry->address, "T9");
    assert_string_equal (entry->peer, "10.0.0.7:1");
    assert_string_equal (entry->listener, "main");
    assert_string_equal (entry->codec, "gdw1376");
    assert_int_equal (entry->session, 7);
    s_expect_frames (entry, "login", "login");
    link = s_link (7, "10.0.0.7:1", "beat");
    unknown_down (list, "T9", &link, 2000);
    assert_int_equal (entry->session, -1);
    assert_int_equal (entry->last_ms, 2000);
    s_expect_frames (entry, "login", "beat");
    link = s_link (8, "10.0.0.7:2", "again");
    unknown_up (list, "T9", &link, false, 3000);
    assert_int_equal (entry->session, -1);
    assert_int_equal (entry->sessions, 2);
    assert_int_equal (entry->first_ms, 1000);
    assert_int_equal (entry->last_ms, 3000);
    s_expect_frames (entry, "login", "again");
    unknown_remove (list, "T9");
    assert_null (unknown_find (list, "T9"));
    unknown_destroy (&list);
    unknown_destroy (&list);
}

//  The end of an older session leaves the newer one held; an end without a frame leaves the last one.
static void test_two_held (void **state)
{
    (void) state;
    unknown_t *list = unknown_new (10);
    unknown_link_t old = s_link (7, "a:1", "one");
    unknown_link_t new = s_link (8, "a:2", "two");
    unknown_up (list, "T9", &old, true, 1000);
    unknown_up (list, "T9", &new, true, 2000);
    old.frame = bytes_of (NULL, 0);
    unknown_down (list, "T9", &old, 3000);
    const unknown_entry_t *entry = unknown_find (list, "T9");
    assert_int_equal (entry->session, 8);
    s_expect_frames (entry, "one", "two");
    new.connector = "connector.1";
    unknown_down (list, "T9", &new, 3000);
    assert_int_equal (entry->session, 8);
    unknown_destroy (&list);
}

static void test_bounded (void **state)
{
    (void) state;
    unknown_t *list = unknown_new (3);
    char address[16];
    for (int i = 0; i < 5; i++) {
        unknown_link_t link = s_link (i, "a:1", "x");
        snprintf (address, sizeof address, "T%d", i);
        unknown_up (list, address, &link, true, i);
    }
    assert_int_equal (unknown_count (list), 3);
    assert_int_equal (unknown_forgotten (list), 2);
    const unknown_entry_t *entry = unknown_at (list, 0);
    assert_string_equal (entry->address, "T4");
    entry = unknown_older (unknown_older (entry));
    assert_string_equal (entry->address, "T2");
    assert_null (unknown_older (entry));
    unknown_link_t gone = s_link (0, "a:1", "x");
    unknown_down (list, "T0", &gone, 9);
    assert_null (unknown_find (list, "T0"));
    unknown_destroy (&list);
}

static void test_long_frame_is_cut (void **state)
{
    (void) state;
    unknown_t *list = unknown_new (1);
    uint8_t frame[1000];
    memset (frame, 0x68, sizeof frame);
    unknown_link_t link = s_link (1, "a:1", "");
    link.frame = bytes_of (frame, sizeof frame);
    unknown_up (list, "a rather long address of a terminal", &link, true, 1);
    const unknown_entry_t *entry = unknown_at (list, 0);
    assert_int_equal (entry->first_size, UNKNOWN_FRAME_MAX);
    assert_int_equal (strlen (entry->address), ADDRESS_MAX);
    unknown_destroy (&list);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_sessions),
        cmocka_unit_test (test_two_held),
        cmocka_unit_test (test_bounded),
        cmocka_unit_test (test_long_frame_is_cut),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
