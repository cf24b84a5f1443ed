//  Every name that a codec or a stage gives to an event is in the dictionary, once and with a level.
#include "codecs/dlt698/layout.h"
#include "codecs/gdw1376/layout.h"
#include "fep/event.h"
#include "tests/test.h"

static void s_known (const char *name)
{
    if (event_find (bytes_text (name)) == EVENT_COUNT) {
        fail_msg ("fep/event.def has no %s", name);
    }
}

static void test_codecs (void **state)
{
    (void) state;
    size_t count = 0;
    for (unsigned erc = 0; erc <= GDW_ERC_MAX; erc++) {
        if (gdw_events[erc].name) {
            s_known (gdw_events[erc].name);
            count++;
        }
    }
    for (size_t i = 0; i < d698_event_count; i++) {
        s_known (d698_event_name (d698_events[i].oi));
    }
    assert_true (count > 0 && d698_event_count > 0);
}

static void test_dictionary (void **state)
{
    (void) state;
    for (event_t event = 0; event < EVENT_COUNT; event++) {
        bool important = strcmp (event_level (event), "important") == 0;
        assert_true (important || strcmp (event_level (event), "general") == 0);
        assert_int_equal (event_find (bytes_text (event_name (event))), event);
        assert_true (event_meaning (event)[0]);
    }
    assert_int_equal (event_find (bytes_text ("no_such_event")), EVENT_COUNT);
    assert_string_equal (event_name (EVENT_COUNT), "?");
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_codecs),
                                       cmocka_unit_test (test_dictionary)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
