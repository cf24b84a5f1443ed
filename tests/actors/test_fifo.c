//  The queue of byte strings: order, copies, emptiness.
#include "tests/test.h"
#include "actors/fifo.h"

static void s_test_order (void **state)
{
    fifo_t fifo = {NULL, NULL, 0};
    char text[] = "a";
    (void) state;
    assert_int_equal (fifo_first (&fifo).size, 0);
    fifo_drop (&fifo);
    for (char c = 'a'; c <= 'e'; c++) {
        text[0] = c;
        fifo_put (&fifo, bytes_text (text));
    }
    assert_int_equal (fifo.count, 5);
    for (char c = 'a'; c <= 'e'; c++) {
        text[0] = c;
        assert_true (bytes_equal (fifo_first (&fifo), bytes_text (text)));
        fifo_drop (&fifo);
        //  Emptied and filled again.
        if (c == 'c') {
            fifo_clear (&fifo);
            assert_int_equal (fifo.count, 0);
            fifo_put (&fifo, bytes_text ("d"));
            fifo_put (&fifo, bytes_text ("e"));
        }
    }
    assert_null (fifo.first);
    assert_null (fifo.last);
    fifo_put (&fifo, bytes_of (NULL, 0));
    assert_int_equal (fifo.count, 1);
    fifo_clear (&fifo);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (s_test_order)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
