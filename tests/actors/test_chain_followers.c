//  Followers of the journal behind the real storage: the feed, the latest values and their checkpoints.
#include "tests/actors/chain.h"
#include "actors/latest.h"

#define BATCHES 300

typedef struct {
    uint64_t epoch;     //  Of the feed
    uint64_t sequence;  //  Of the last DATA
    uint64_t messages;  //  Published
    uint64_t ticks;     //  Of the topic
} feed_t;

//  Takes one publication of the only topic that is subscribed.
static void s_take_feed (zsock_t *sub, feed_t *feed)
{
    zmq_pollitem_t input = {.socket = zsock_resolve (sub), .events = ZMQ_POLLIN};
    assert_int_equal (zmq_poll (&input, 1, WAIT_MS), 1);
    zmsg_t *message = zmsg_recv (sub);
    assert_int_equal (zmsg_size (message), 3);
    char *topic = zmsg_popstr (message);
    assert_string_equal (topic, "reading/00");
    zframe_t *head = zmsg_pop (message), *body = zmsg_pop (message);
    reader_t in = reader_of (bytes_of (zframe_data (head), zframe_size (head)));
    assert_int_equal (wire_get_array (&in), 6);
    assert_int_equal (wire_get_uint (&in), 1);
    bytes_t what = wire_get_str (&in);
    assert_int_equal (wire_get_uint (&in), feed->epoch);
    uint64_t sequence = wire_get_uint (&in), prev = wire_get_uint (&in);
    if (bytes_equal (what, bytes_text ("TICK"))) {
        assert_int_equal (prev, feed->sequence);
        feed->ticks++;
    } else {
        reader_t rows = reader_of (bytes_of (zframe_data (body), zframe_size (body)));
        assert_int_equal (prev, feed->sequence);
        assert_true (sequence > prev);
        feed->sequence = sequence;
        feed->messages += wire_get_array (&rows);
    }
    zframe_destroy (&head);
    zframe_destroy (&body);
    zstr_free (&topic);
    zmsg_destroy (&message);
}

//  Control's part for history: asks for the latest values of terminal 1.
static uint32_t s_ask_latest (zsock_t *control, int64_t *highest)
{
    uint8_t memory[128];
    writer_t out = writer_of (memory, sizeof memory);
    wire_put_map (&out, 3);
    wire_put_text (&out, "client");
    wire_put_bin (&out, bytes_text ("me"));
    wire_pair_uint (&out, "number", 1);
    wire_pair_uint (&out, "token", 5);
    assert_int_equal (zsock_send (control, "ssb", NAME_HISTORY, WORD_LATEST, out.data, out.size),
                      0);
    zmq_pollitem_t input = {.socket = zsock_resolve (control), .events = ZMQ_POLLIN};
    assert_int_equal (zmq_poll (&input, 1, WAIT_MS), 1);
    zmsg_t *message = zmsg_recv (control);
    assert_true (zframe_streq (zmsg_first (message), NAME_HISTORY));
    assert_true (zframe_streq (zmsg_next (message), WORD_ANSWER));
    zframe_t *frame = zmsg_next (message);
    reader_t inner, values;
    assert_true (wire_find (bytes_of (zframe_data (frame), zframe_size (frame)), "body", &inner));
    bytes_t body = wire_get_bin (&inner);
    assert_int_equal (wire_find_int (body, "token", 0), 5);
    assert_true (wire_find (body, "values", &values));
    uint32_t count = wire_get_array (&values);
    *highest = 0;
    for (uint32_t i = 0; i < count; i++) {
        assert_int_equal (wire_get_array (&values), 8);
        for (int skip = 0; skip < 4; skip++) {
            wire_skip (&values);
        }
        int64_t mantissa = wire_get_int (&values);
        *highest = mantissa > *highest ? mantissa : *highest;
        for (int skip = 0; skip < 3; skip++) {
            wire_skip (&values);
        }
    }
    assert_false (values.failed);
    zmsg_destroy (&message);
    return count;
}

static zsock_t *s_control (void)
{
    zsock_t *control = chain_socket (ZMQ_ROUTER, AT_CONTROL, MARK_CHAIN, true);
    zsock_set_router_mandatory (control, 1);
    return control;
}

static void s_expect_hello (zsock_t *control)
{
    zmq_pollitem_t input = {.socket = zsock_resolve (control), .events = ZMQ_POLLIN};
    assert_int_equal (zmq_poll (&input, 1, WAIT_MS), 1);
    zmsg_t *message = zmsg_recv (control);
    assert_true (zframe_streq (zmsg_first (message), NAME_HISTORY) &&
                 zframe_streq (zmsg_next (message), WORD_HELLO));
    zmsg_destroy (&message);
}

static void s_stop_all (chain_t *chain)
{
    chain_stop (chain->hosts[1], 0);
    chain_stop (chain->hosts[0], 1);
    chain_stop (chain->hosts[0], 0);
}

//  History alone on the store as it was left; no host runs. Returns control's socket.
static zsock_t *s_restart (chain_t *chain)
{
    chain_close_store (chain);
    chain_open_store (chain);
    chain_begin_sockets ();
    zsock_t *control = s_control ();
    (void) chain_host (chain, &history_class, NULL);
    s_expect_hello (control);
    return control;
}

//  Publisher and history in one thread, storage in another: everything committed is published once and in
//  order, and the latest values are those of the last instant, also after a restart.
static void test_followers (void **state)
{
    chain_t *chain = *state;
    counts_t before = chain_counts ();
    zsock_t *control = s_control ();
    (void) chain_host (chain, &publisher_class, &history_class);
    s_expect_hello (control);
    (void) chain_host (chain, &storage_class, NULL);
    chain_connect (chain);
    char endpoint[64];
    snprintf (endpoint, sizeof endpoint, "tcp://127.0.0.1:%u", (unsigned) chain->config->feed.port);
    zsock_t *sub = chain_socket (ZMQ_SUB, endpoint, 100000, false);
    zsock_set_subscribe (sub, "reading/00");
    feed_t feed = {.epoch = chain->context.epoch};
    //  A TICK says that the subscription has arrived.
    s_take_feed (sub, &feed);
    assert_int_equal (feed.ticks, 1);
    chain_send_mixed (chain, 1, BATCHES);
    chain_wait_durable (chain, chain->number);
    while (feed.messages < BATCHES) {
        s_take_feed (sub, &feed);
    }
    assert_int_equal (feed.messages, BATCHES);
    chain_expect_agreement (chain, before);
    s_stop_all (chain);
    zsock_destroy (&sub);
    zsock_destroy (&control);
    chain_end_hosts (chain);
    control = s_restart (chain);
    int64_t highest;
    assert_int_equal (s_ask_latest (control, &highest), CHAIN_ITEMS);
    assert_int_equal (highest, BATCHES * 10 + CHAIN_ITEMS - 1);
    zsock_destroy (&control);
    chain_end_hosts (chain);
}

static fep_err_t s_count_row (void *arg, bytes_t key, bytes_t value)
{
    *(size_t *) arg += key.size == 6 && value.size > 0;
    return FEP_OK;
}

//  More measuring points than one turn of a checkpoint writes: all their rows are there, and nothing is replayed.
static void test_checkpoint_of_many (void **state)
{
    enum { MANY = 5000 };
    chain_t *chain = *state;
    zsock_t *control = s_control ();
    size_t rows = 0;
    int64_t checkpoints = metric_get (METRIC_checkpoints), until_ms = clock_mono_ms () + WAIT_MS;
    (void) chain_host (chain, &history_class, NULL);
    s_expect_hello (control);
    (void) chain_host (chain, &storage_class, NULL);
    chain_connect (chain);
    for (uint32_t i = 1; i <= MANY; i++) {
        chain_reading (chain, i, 1);
        chain_send (chain);
    }
    chain_wait_durable (chain, chain->number);
    while (metric_get (METRIC_checkpoints) == checkpoints) {
        assert_true (clock_mono_ms () < until_ms);
    }
    zsock_destroy (&control);
    chain_end_hosts (chain);
    chain_close_store (chain);
    chain_open_store (chain);
    uint64_t at;
    CHECK_OK (store_follower (chain->context.store, NAME_HISTORY, 0, &at));
    assert_int_equal (at, store_head (chain->context.store));
    CHECK_OK (
        store_each (chain->context.store, FAMILY_LATEST, bytes_of (NULL, 0), s_count_row, &rows));
    assert_int_equal (rows, MANY);
}

//  A row as releases up to 0.6 wrote it: one measuring point, one value.
static void s_put_alone (chain_t *chain, uint32_t terminal, uint16_t mp, int64_t mantissa)
{
    uint8_t key[LATEST_KEY_SIZE], memory[64];
    writer_t out = writer_of (memory, sizeof memory);
    latest_value_t value = {.point = CHAIN_POINT + 100,
                            .time_ms = 1000,
                            .value = value_decimal (mantissa, -2, 0),
                            .sequence = 1};
    latest_key (terminal, mp, key);
    wire_put_array (&out, 2);
    wire_put_uint (&out, 1);
    wire_put_array (&out, 1);
    wire_put_array (&out, LATEST_COLUMNS);
    latest_columns (&value, &out);
    row_t row = {FAMILY_LATEST, bytes_of (key, sizeof key), writer_bytes (&out)};
    CHECK_OK (store_put (chain->context.store, &row, 1));
}

typedef struct {
    char text[256];  //  "terminal.mp" of each value, row by row
    size_t size;     //  Of it
} seen_t;

static fep_err_t s_see_value (void *arg, uint32_t terminal, uint16_t mp,
                              const latest_value_t *value, uint32_t left)
{
    seen_t *seen = arg;
    (void) value, (void) left;
    seen->size += (size_t) snprintf (seen->text + seen->size, sizeof seen->text - seen->size,
                                     "%u.%u ", terminal, mp);
    return FEP_OK;
}

static fep_err_t s_see_row (void *arg, bytes_t key, bytes_t value)
{
    seen_t *seen = arg;
    seen->size += (size_t) snprintf (seen->text + seen->size, sizeof seen->text - seen->size, "| ");
    return latest_each (key, value, s_see_value, arg);
}

//  A store of an older release: its rows are read, and those of measuring points beside one that changes give way to
//  the row they share with it. Nothing is lost or there twice, also after a restart; the others stay as they are.
static void test_older_rows (void **state)
{
    chain_t *chain = *state;
    zsock_t *control = s_control ();
    int64_t highest;
    seen_t seen = {.size = 0};
    s_put_alone (chain, 1, 0, 5);
    s_put_alone (chain, 1, 2, 77777);
    s_put_alone (chain, 1, 8, 6);
    s_put_alone (chain, 2, 3, 7);
    (void) chain_host (chain, &history_class, NULL);
    s_expect_hello (control);
    assert_int_equal (s_ask_latest (control, &highest), 3);
    (void) chain_host (chain, &storage_class, NULL);
    chain_connect (chain);
    chain_reading (chain, 1, 1);
    chain_send (chain);
    chain_wait_durable (chain, chain->number);
    zsock_destroy (&control);
    chain_stop (chain->hosts[1], 0);
    chain_stop (chain->hosts[0], 0);
    chain_end_hosts (chain);
    CHECK_OK (
        store_each (chain->context.store, FAMILY_LATEST, bytes_of (NULL, 0), s_see_row, &seen));
    assert_string_equal (seen.text, "| 1.0 1.1 1.1 1.1 1.1 1.1 1.2 | 1.8 | 2.3 ");
    control = s_restart (chain);
    assert_int_equal (s_ask_latest (control, &highest), 3 + CHAIN_ITEMS);
    assert_int_equal (highest, 77777);
    zsock_destroy (&control);
    chain_end_hosts (chain);
}

#define CHAIN_TEST(test) cmocka_unit_test_setup_teardown (test, chain_setup, chain_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        CHAIN_TEST (test_followers),
        CHAIN_TEST (test_checkpoint_of_many),
        CHAIN_TEST (test_older_rows),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
