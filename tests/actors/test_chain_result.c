//  RESULT through the whole chain: each one is a fact of its own, journalled in its place as it came, published on its
//  topic and found by its kind.
#include "tests/actors/chain.h"

#define TASK 5
#define AREA 3
#define SLOT_MS 1700000060000
#define ROUNDS 3

//  How a request for reading 1 ended.
static void s_result (chain_t *chain, fep_err_t error, int64_t values)
{
    message_t *message = batch_message (chain->batch, MESSAGE_RESULT);
    message->terminal = 1;
    message->mp = 1;
    message->task = TASK;
    message->area = AREA;
    message->freeze = FREEZE_DAY;
    message->received_ms = clock_wall_ms ();
    message->time_ms = SLOT_MS;
    message->address = bytes_text ("T1");
    batch_text (chain->batch, POINT_RESULT_ERROR, fep_err_name (error));
    batch_item (chain->batch, POINT_RESULT_VALUES, value_decimal (values, 0, 0));
}

static void s_commit (chain_t *chain)
{
    chain_send (chain);
    chain_wait_durable (chain, chain->number);
}

static void s_expect_result (cursor_t *cursor, fep_err_t error, int64_t values)
{
    message_t message;
    item_t item;
    char text[64];
    CHECK_OK (cursor_message (cursor, &message));
    assert_int_equal (message.kind, MESSAGE_RESULT);
    assert_int_equal (message.task, TASK);
    assert_int_equal (message.time_ms, SLOT_MS);
    assert_int_equal (message.freeze, FREEZE_DAY);
    assert_int_equal (message.raw.size, 0);
    CHECK_OK (cursor_item (cursor, &item));
    value_text (&item.value, text, sizeof text);
    assert_int_equal (item.point, POINT_RESULT_ERROR);
    assert_string_equal (text, fep_err_name (error));
    CHECK_OK (cursor_item (cursor, &item));
    assert_int_equal (item.point, POINT_RESULT_VALUES);
    assert_int_equal (item.value.mantissa, values);
    assert_int_equal (item.value.quality, 0);
    CHECK_ERR (cursor_item (cursor, &item), FEP_NOT_FOUND);
}

//  The next commit, at its first message.
static cursor_t s_next_commit (walker_t *walker)
{
    record_t record;
    batch_head_t head;
    CHECK_OK (walker_next (walker, &record));
    cursor_t cursor = cursor_of (record.batches);
    CHECK_OK (cursor_batch (&cursor, &head));
    return cursor;
}

//  Messages on that topic until there are as many.
static void s_expect_feed (zsock_t *sub, const char *expected, uint32_t count)
{
    for (uint32_t seen = 0; seen < count;) {
        zmq_pollitem_t input = {.socket = zsock_resolve (sub), .events = ZMQ_POLLIN};
        assert_int_equal (zmq_poll (&input, 1, WAIT_MS), 1);
        zmsg_t *message = zmsg_recv (sub);
        char *topic = zmsg_popstr (message);
        zframe_t *head = zmsg_pop (message), *body = zmsg_pop (message);
        reader_t in = reader_of (bytes_of (zframe_data (head), zframe_size (head)));
        reader_t rows = reader_of (bytes_of (zframe_data (body), zframe_size (body)));
        assert_string_equal (topic, expected);
        assert_int_equal (wire_get_array (&in), 6);
        wire_skip (&in);
        seen += bytes_equal (wire_get_str (&in), bytes_text ("TICK")) ? 0 : wire_get_array (&rows);
        assert_true (seen <= count);
        zframe_destroy (&head);
        zframe_destroy (&body);
        zstr_free (&topic);
        zmsg_destroy (&message);
    }
}

//  Messages of kind result that a FETCH finds.
static uint32_t s_fetch (zsock_t *control)
{
    uint8_t memory[128];
    writer_t out = writer_of (memory, sizeof memory);
    wire_put_map (&out, 3);
    wire_put_text (&out, "client");
    wire_put_bin (&out, bytes_text ("me"));
    wire_pair_text (&out, "kind", "result");
    wire_pair_uint (&out, "token", 5);
    assert_int_equal (zsock_send (control, "ssb", NAME_QUERY, WORD_FETCH, out.data, out.size), 0);
    zmq_pollitem_t input = {.socket = zsock_resolve (control), .events = ZMQ_POLLIN};
    zmsg_t *message = NULL;
    do {
        zmsg_destroy (&message);
        assert_int_equal (zmq_poll (&input, 1, WAIT_MS), 1);
        message = zmsg_recv (control);
    } while (!zframe_streq (zmsg_first (message), NAME_QUERY) ||
             !zframe_streq (zmsg_next (message), WORD_ANSWER));
    zframe_t *frame = zmsg_next (message);
    reader_t inner, commits;
    uint32_t count = 0;
    assert_true (wire_find (bytes_of (zframe_data (frame), zframe_size (frame)), "body", &inner));
    assert_true (wire_find (wire_get_bin (&inner), "commits", &commits));
    for (uint32_t left = wire_get_array (&commits); left > 0; left--) {
        assert_int_equal (wire_get_array (&commits), 2);
        wire_skip (&commits);
        uint32_t rows = wire_get_array (&commits);
        count += rows;
        for (uint32_t i = 0; i < rows; i++) {
            wire_skip (&commits);
        }
    }
    assert_false (commits.failed);
    zmsg_destroy (&message);
    return count;
}

static zsock_t *s_subscribe (const chain_t *chain, const char *topic)
{
    char endpoint[64];
    snprintf (endpoint, sizeof endpoint, "tcp://127.0.0.1:%u", (unsigned) chain->config->feed.port);
    zsock_t *sub = chain_socket (ZMQ_SUB, endpoint, 1000, false);
    zsock_set_subscribe (sub, topic);
    zmq_pollitem_t input = {.socket = zsock_resolve (sub), .events = ZMQ_POLLIN};
    //  A TICK says that the subscription has arrived.
    assert_int_equal (zmq_poll (&input, 1, WAIT_MS), 1);
    return sub;
}

//  The same reading and the same end come again: the reading is a repeat, each end is its own.
static void test_whole_chain (void **state)
{
    chain_t *chain = *state;
    message_t message;
    walker_t *walker = NULL;
    zsock_t *control = chain_socket (ZMQ_ROUTER, AT_CONTROL, MARK_CHAIN, true);
    zsock_set_router_mandatory (control, 1);
    (void) chain_host (chain, &publisher_class, &history_class);
    (void) chain_host (chain, &query_class, NULL);
    (void) chain_host (chain, &storage_class, NULL);
    (void) chain_host (chain, &alarm_class, NULL);
    (void) chain_host (chain, &validator_class, NULL);
    chain_connect (chain);
    zsock_destroy (&chain->push);
    chain->push = chain_socket (ZMQ_PUSH, AT_VALIDATOR, MARK_CHAIN, false);
    zsock_t *sub = s_subscribe (chain, "result/03");
    for (int round = 0; round < ROUNDS; round++) {
        chain_reading (chain, 1, 1);
        s_result (chain, FEP_OK, CHAIN_ITEMS);
        s_commit (chain);
    }
    s_result (chain, FEP_TIMEOUT, 0);
    s_commit (chain);
    CHECK_OK (walker_open (chain->context.store, 1, &walker));
    for (int round = 0; round < ROUNDS; round++) {
        cursor_t cursor = s_next_commit (walker);
        if (round == 0) {
            CHECK_OK (cursor_message (&cursor, &message));
            assert_true (message_is_reading (message.kind));
        }
        s_expect_result (&cursor, FEP_OK, CHAIN_ITEMS);
        CHECK_ERR (cursor_message (&cursor, &message), FEP_NOT_FOUND);
    }
    cursor_t cursor = s_next_commit (walker);
    s_expect_result (&cursor, FEP_TIMEOUT, 0);
    walker_close (&walker);
    s_expect_feed (sub, "result/03", ROUNDS + 1);
    assert_int_equal (s_fetch (control), ROUNDS + 1);
    zsock_destroy (&sub);
    zsock_destroy (&control);
    chain_end_hosts (chain);
}

//  A frame of which all was known: its bytes do not go with the end of the request it answered, nor behind that.
static void test_raw_is_not_its (void **state)
{
    chain_t *chain = *state;
    message_t message;
    walker_t *walker = NULL;
    (void) chain_storage (chain);
    chain_connect (chain);
    chain_reading (chain, 1, 1);
    s_commit (chain);
    chain_reading (chain, 1, 1);
    chain->batch->messages[0].raw = bytes_text ("frame");
    s_result (chain, FEP_OK, CHAIN_ITEMS);
    chain_reading (chain, 1, 2);
    s_commit (chain);
    CHECK_OK (walker_open (chain->context.store, 2, &walker));
    cursor_t cursor = s_next_commit (walker);
    s_expect_result (&cursor, FEP_OK, CHAIN_ITEMS);
    CHECK_OK (cursor_message (&cursor, &message));
    assert_int_equal (message.kind, MESSAGE_READING);
    assert_int_equal (message.raw.size, 0);
    walker_close (&walker);
}

#define CHAIN_TEST(test) cmocka_unit_test_setup_teardown (test, chain_setup, chain_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {CHAIN_TEST (test_whole_chain),
                                       CHAIN_TEST (test_raw_is_not_its)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
