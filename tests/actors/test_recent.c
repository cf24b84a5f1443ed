//  The bounded list: order of use, what is forgotten, removal, keys that share a slot.
#include "tests/test.h"
#include "actors/recent.h"
#include <stdio.h>

typedef struct {
    int number;  //  Set by the test
} thing_t;

static thing_t *s_use (recent_t *list, int number)
{
    char key[16];
    snprintf (key, sizeof key, "k%d", number);
    thing_t *thing = recent_use (list, bytes_text (key));
    assert_true (thing->number == 0 || thing->number == number);
    thing->number = number;
    return thing;
}

//  The numbers of all entries, newest first.
static void s_expect (const recent_t *list, const char *wanted)
{
    char text[256] = "";
    size_t used = 0;
    for (thing_t *thing = recent_at (list, 0); thing; thing = recent_older (thing)) {
        used += (size_t) snprintf (text + used, sizeof text - used, "%d ", thing->number);
    }
    assert_string_equal (text, wanted);
}

static void test_order (void **state)
{
    (void) state;
    recent_t *list = recent_new (3, sizeof (thing_t));
    s_expect (list, "");
    assert_null (recent_at (list, 0));
    thing_t *one = s_use (list, 1);
    s_use (list, 2);
    s_use (list, 3);
    s_expect (list, "3 2 1 ");
    assert_ptr_equal (s_use (list, 1), one);
    s_expect (list, "1 3 2 ");
    assert_int_equal (((thing_t *) recent_at (list, 2))->number, 2);
    assert_null (recent_at (list, 3));
    s_use (list, 4);
    s_expect (list, "4 1 3 ");
    assert_int_equal (recent_count (list), 3);
    assert_int_equal (recent_forgotten (list), 1);
    assert_null (recent_find (list, bytes_text ("k2")));
    assert_ptr_equal (recent_find (list, bytes_text ("k1")), one);
    s_expect (list, "4 1 3 ");
    recent_destroy (&list);
    recent_destroy (&list);
}

static void test_remove (void **state)
{
    (void) state;
    recent_t *list = recent_new (100, sizeof (thing_t));
    for (int i = 1; i <= 100; i++) {
        s_use (list, i);
    }
    for (int i = 1; i <= 100; i += 2) {
        char key[16];
        snprintf (key, sizeof key, "k%d", i);
        assert_true (recent_remove (list, bytes_text (key)));
        assert_false (recent_remove (list, bytes_text (key)));
    }
    assert_int_equal (recent_count (list), 50);
    assert_int_equal (recent_forgotten (list), 0);
    for (int i = 2; i <= 100; i += 2) {
        char key[16];
        snprintf (key, sizeof key, "k%d", i);
        thing_t *thing = recent_find (list, bytes_text (key));
        assert_non_null (thing);
        assert_int_equal (thing->number, i);
    }
    recent_destroy (&list);
}

//  Many more than it may hold: the newest ones stay, whole.
static void test_churn (void **state)
{
    (void) state;
    recent_t *list = recent_new (17, sizeof (thing_t));
    for (int i = 1; i <= 20000; i++) {
        s_use (list, i % 997 + 1);
        assert_true (recent_count (list) <= 17);
    }
    int wanted = 20000;
    size_t count = 0;
    for (thing_t *thing = recent_at (list, 0); thing; thing = recent_older (thing)) {
        assert_int_equal (thing->number, wanted-- % 997 + 1);
        count++;
    }
    assert_int_equal (count, 17);
    assert_int_equal (recent_forgotten (list), 20000 - 17);
    recent_destroy (&list);
}

static void test_long_key (void **state)
{
    (void) state;
    recent_t *list = recent_new (2, sizeof (thing_t));
    uint8_t key[RECENT_KEY_MAX + 40];
    memset (key, 'x', sizeof key);
    void *entry = recent_use (list, bytes_of (key, sizeof key));
    assert_ptr_equal (recent_find (list, bytes_of (key, RECENT_KEY_MAX)), entry);
    void *empty = recent_use (list, bytes_of (NULL, 0));
    assert_ptr_equal (recent_find (list, bytes_of (NULL, 0)), empty);
    assert_int_equal (recent_count (list), 2);
    recent_destroy (&list);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_order),
        cmocka_unit_test (test_remove),
        cmocka_unit_test (test_churn),
        cmocka_unit_test (test_long_key),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
