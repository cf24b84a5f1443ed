//  Topics: prefixes, what was published last, finer topics, who gets a TICK, too many subscriptions.
#include "tests/test.h"
#include "actors/topics.h"
#include "fep/metrics.h"
#include "fep/wire.h"
#include <stdio.h>
#include <stdlib.h>

static const uint8_t s_one[] = {0x93, 1, 2, 3};  //  A message of an array

static void s_subscribe (topics_t *topics, const char *prefix, bool on)
{
    topics_subscribe (topics, bytes_text (prefix), on);
}

static topic_t *s_base (topics_t *topics, message_kind_t kind, uint8_t area)
{
    message_t message = {.kind = (uint8_t) kind, .area = area};
    return topics_base (topics, &message);
}

static void s_gather (topics_t *topics, topic_t *topic, uint32_t index)
{
    topics_gather (topics, topic, index, bytes_of (s_one, sizeof s_one));
}

static void test_prefixes (void **state)
{
    (void) state;
    topics_t *topics = topics_new (16);
    topic_t *reading = s_base (topics, MESSAGE_READING, 7);
    topic_t *event = s_base (topics, MESSAGE_EVENT, 7);
    assert_string_equal (reading->text, "reading/07");
    assert_string_equal (event->text, "event/07");
    assert_string_equal (s_base (topics, MESSAGE_LINK, 63)->text, "link/63");
    assert_string_equal (s_base (topics, MESSAGE_RESULT, 0)->text, "result/00");
    assert_false (reading->wanted);
    s_subscribe (topics, "reading/0", true);
    assert_true (reading->wanted && !reading->exact && !event->wanted);
    assert_false (s_base (topics, MESSAGE_READING, 10)->wanted);
    s_subscribe (topics, "reading/07", true);
    assert_true (reading->wanted && reading->exact);
    assert_false (s_base (topics, MESSAGE_READING, 8)->exact);
    s_subscribe (topics, "reading/0", false);
    assert_true (reading->wanted && !s_base (topics, MESSAGE_READING, 8)->wanted);
    s_subscribe (topics, "reading/07", false);
    assert_false (reading->wanted || reading->exact);
    s_subscribe (topics, "reading/07x", true);
    assert_false (reading->wanted);
    //  Everything, by the empty prefix.
    s_subscribe (topics, "", true);
    assert_true (reading->wanted && event->wanted && !event->exact);
    s_subscribe (topics, "", false);
    assert_false (reading->wanted);
    //  Longer than any topic: no harm.
    s_subscribe (topics, "reading/07-and-much-more-than-a-topic-ever-has", true);
    assert_false (reading->wanted);
    topics_destroy (&topics);
    topics_destroy (&topics);
}

static void test_unknown_kind_and_area (void **state)
{
    (void) state;
    topics_t *topics = topics_new (16);
    assert_string_equal (s_base (topics, (message_kind_t) 99, 64 + 5)->text, "event/05");
    topics_destroy (&topics);
}

//  Body: an array of [index, message].
static void s_expect_body (topic_t *topic, const uint32_t indexes[], uint32_t count)
{
    bytes_t body = topic_body (topic);
    reader_t in = reader_of (body);
    assert_int_equal (topic->count, count);
    assert_int_equal (wire_get_array (&in), count);
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal (wire_get_array (&in), 2);
        assert_int_equal (wire_get_uint (&in), indexes[i]);
        assert_memory_equal (reader_take (&in, sizeof s_one), s_one, sizeof s_one);
    }
    assert_int_equal (reader_left (&in), 0);
}

//  Sequences are noted for every topic a commit touched, gathered or not.
static void test_bookkeeping (void **state)
{
    (void) state;
    topics_t *topics = topics_new (16);
    topic_t *const *list;
    topic_t *reading = s_base (topics, MESSAGE_READING, 0);
    topic_t *event = s_base (topics, MESSAGE_EVENT, 0);
    topic_t *link = s_base (topics, MESSAGE_LINK, 0);
    s_subscribe (topics, "reading/", true);
    s_gather (topics, reading, 0);
    s_gather (topics, event, 1);
    s_gather (topics, reading, 300);
    assert_int_equal (topics_gathered (topics, &list), 2);
    assert_ptr_equal (list[0], reading);
    assert_ptr_equal (list[1], event);
    assert_int_equal (reading->last, 0);
    s_expect_body (reading, (const uint32_t[]){0, 300}, 2);
    assert_int_equal (event->count, 0);
    topics_clear (topics, 41);
    assert_int_equal (reading->last, 41);
    assert_int_equal (event->last, 41);
    assert_int_equal (link->last, 0);
    assert_int_equal (topics_gathered (topics, &list), 0);
    s_subscribe (topics, "event/", true);
    s_gather (topics, event, 70000);
    assert_int_equal (topics_gathered (topics, &list), 1);
    assert_int_equal (event->last, 41);
    s_expect_body (event, (const uint32_t[]){70000}, 1);
    topics_clear (topics, 42);
    assert_int_equal (reading->last, 41);
    assert_int_equal (event->last, 42);
    topics_destroy (&topics);
}

//  More topics and messages in one commit than the lists begin with.
static void test_many_gathered (void **state)
{
    (void) state;
    topics_t *topics = topics_new (16);
    topic_t *const *list;
    s_subscribe (topics, "", true);
    for (uint32_t i = 0; i < 6 * AREA_COUNT; i++) {
        s_gather (
            topics,
            s_base (topics, (message_kind_t) (1 + i / AREA_COUNT), (uint8_t) (i % AREA_COUNT)), i);
    }
    assert_int_equal (topics_gathered (topics, &list), 6 * AREA_COUNT);
    topic_t *first = list[0];
    for (uint32_t i = 0; i < 5000; i++) {
        s_gather (topics, first, i);
    }
    assert_int_equal (first->count, 5001);
    assert_true (topic_body (first).size > 5000 * sizeof s_one);
    topics_clear (topics, 1);
    for (uint32_t i = 0; i < 6 * AREA_COUNT; i++) {
        assert_int_equal (list[i]->last, 1);
    }
    topics_destroy (&topics);
}

//  ---- Finer topics ----

static void test_finer (void **state)
{
    (void) state;
    topics_t *topics = topics_new (16);
    assert_null (topics_finer (topics, bytes_text ("310100012")));
    s_subscribe (topics, "terminal/310100012", true);
    topic_t *topic = topics_finer (topics, bytes_text ("310100012"));
    assert_non_null (topic);
    assert_string_equal (topic->text, "terminal/310100012");
    assert_null (topics_finer (topics, bytes_text ("31010001")));
    assert_null (topics_finer (topics, bytes_text ("3101000123")));
    s_subscribe (topics, "terminal/310100012", true);
    assert_int_equal (topics_finer_count (topics), 1);
    s_gather (topics, topic, 4);
    s_expect_body (topic, (const uint32_t[]){4}, 1);
    topics_clear (topics, 9);
    assert_int_equal (topic->last, 9);
    s_subscribe (topics, "terminal/310100012", false);
    assert_null (topics_finer (topics, bytes_text ("310100012")));
    assert_int_equal (topics_finer_count (topics), 0);
    assert_int_equal (metric_get (METRIC_feed_topics), 0);
    //  It begins anew: nothing is known of what was published meanwhile.
    s_subscribe (topics, "terminal/310100012", true);
    assert_int_equal (topics_finer (topics, bytes_text ("310100012"))->last, 0);
    //  Only whole addresses make one.
    s_subscribe (topics, "terminal/", true);
    s_subscribe (topics, "terminal/123456789012345678901234", true);
    assert_int_equal (topics_finer_count (topics), 1);
    topics_destroy (&topics);
}

static void test_finer_limit (void **state)
{
    (void) state;
    topics_t *topics = topics_new (20);
    int64_t refused = metric_get (METRIC_feed_topics_refused);
    char text[40];
    for (unsigned i = 0; i < 25; i++) {
        snprintf (text, sizeof text, "terminal/T%u", i);
        s_subscribe (topics, text, true);
    }
    assert_int_equal (topics_finer_count (topics), 20);
    assert_int_equal (metric_get (METRIC_feed_topics_refused), refused + 5);
    assert_int_equal (metric_get (METRIC_feed_topics), 20);
    assert_non_null (topics_finer (topics, bytes_text ("T19")));
    assert_null (topics_finer (topics, bytes_text ("T20")));
    for (unsigned i = 0; i < 25; i++) {
        snprintf (text, sizeof text, "terminal/T%u", i);
        s_subscribe (topics, text, false);
    }
    assert_int_equal (topics_finer_count (topics), 0);
    topics_destroy (&topics);
}

//  ---- TICK ----

static void s_count_tick (void *arg, topic_t *topic)
{
    char *names = arg;
    strcat (names, topic->text);
    strcat (names, " ");
}

static const char *s_ticks (topics_t *topics)
{
    static char names[AREA_COUNT * MESSAGE_KIND_COUNT * TOPIC_TEXT_MAX];
    names[0] = 0;
    topics_tick (topics, s_count_tick, names);
    return names;
}

//  Wanted, and published on before or named in full.
static void test_who_gets_a_tick (void **state)
{
    (void) state;
    topics_t *topics = topics_new (16);
    s_gather (topics, s_base (topics, MESSAGE_READING, 2), 0);
    s_gather (topics, s_base (topics, MESSAGE_EVENT, 2), 1);
    topics_clear (topics, 1);
    assert_string_equal (s_ticks (topics), "");
    s_subscribe (topics, "reading/", true);
    assert_string_equal (s_ticks (topics), "reading/02 ");
    s_subscribe (topics, "reading/05", true);
    assert_string_equal (s_ticks (topics), "reading/02 reading/05 ");
    s_subscribe (topics, "terminal/T1", true);
    assert_string_equal (s_ticks (topics), "reading/02 reading/05 terminal/T1 ");
    s_subscribe (topics, "", true);
    assert_string_equal (s_ticks (topics), "reading/02 reading/05 event/02 terminal/T1 ");
    s_subscribe (topics, "reading/05", false);
    s_subscribe (topics, "", false);
    s_subscribe (topics, "terminal/T1", false);
    assert_string_equal (s_ticks (topics), "reading/02 ");
    topics_destroy (&topics);
}

//  ---- Too many ----

static void s_fill (topics_t *topics, bool on, unsigned count)
{
    char text[40];
    for (unsigned i = 0; i < count; i++) {
        snprintf (text, sizeof text, "x/%u", i);
        s_subscribe (topics, text, on);
    }
}

//  Beyond the limit everything counts as wanted, so nothing is lost; below it again all is exact.
static void test_overflow (void **state)
{
    (void) state;
    topics_t *topics = topics_new (16);
    topic_t *reading = s_base (topics, MESSAGE_READING, 0);
    s_fill (topics, true, SUBSCRIPTIONS_MAX);
    assert_false (reading->wanted);
    s_subscribe (topics, "reading/00", true);
    assert_true (reading->wanted);
    assert_true (s_base (topics, MESSAGE_LOGIN, 9)->wanted);
    s_subscribe (topics, "reading/00", false);
    assert_false (reading->wanted);
    s_subscribe (topics, "reading/00", true);
    s_fill (topics, false, SUBSCRIPTIONS_MAX);
    assert_true (reading->wanted);
    s_subscribe (topics, "reading/00", false);
    assert_false (reading->wanted);
    topics_destroy (&topics);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_prefixes),        cmocka_unit_test (test_unknown_kind_and_area),
        cmocka_unit_test (test_bookkeeping),     cmocka_unit_test (test_many_gathered),
        cmocka_unit_test (test_finer),           cmocka_unit_test (test_finer_limit),
        cmocka_unit_test (test_who_gets_a_tick), cmocka_unit_test (test_overflow),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
