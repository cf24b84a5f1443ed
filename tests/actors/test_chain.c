//  The chain: stall, resume, ordered stop. Counts and sums must agree.
#include "tests/actors/chain.h"
#include <stdatomic.h>
#include <sys/statvfs.h>

#define BATCHES 300

static atomic_bool s_disk_full;

//  The store asks here how much is free.
int statvfs (const char *path, struct statvfs *state)
{
    (void) path;
    memset (state, 0, sizeof *state);
    state->f_bsize = state->f_frsize = 4096;
    state->f_blocks = 1u << 20;
    state->f_bfree = state->f_bavail = atomic_load (&s_disk_full) ? 0 : 1u << 19;
    return 0;
}

//  ---- A sink in storage's place ----

typedef struct {
    actor_t *actor;   //  Frame
    int reports;      //  Where it tells what it took
    uint64_t number;  //  Of the last batch
    uint64_t taken;   //  Batches
    int64_t sum;      //  Of their values
    bool closed;      //  Takes nothing; nor is it drained
} sink_t;

#define AT_GATE "inproc://test.gate"
#define AT_REPORTS "inproc://test.reports"

static fep_err_t s_sink_batch (void *arg, actor_t *actor, bytes_t body)
{
    sink_t *self = arg;
    cursor_t cursor = cursor_of (body);
    batch_head_t head;
    message_t message;
    item_t item;
    (void) actor;
    self->taken++;
    while (cursor_batch (&cursor, &head) == FEP_OK) {
        self->number = head.number;
        while (cursor_message (&cursor, &message) == FEP_OK) {
            while (cursor_item (&cursor, &item) == FEP_OK) {
                self->sum += item.value.mantissa;
            }
        }
    }
    return FEP_OK;
}

static fep_err_t s_sink_gate (void *arg, actor_t *actor, bytes_t body)
{
    sink_t *self = arg;
    self->closed = body.size > 0;
    actor_stall (actor, self->closed);
    return FEP_OK;
}

//  Says at the end what it took, so that nobody looks into its thread.
static void s_sink_stop (void *arg, actor_t *actor)
{
    sink_t *self = arg;
    uint8_t memory[32];
    writer_t out = writer_of (memory, sizeof memory);
    writer_u64be (&out, self->taken);
    writer_u64be (&out, self->number);
    writer_u64be (&out, (uint64_t) self->sum);
    if (actor_send (actor, self->reports, "TAKEN", writer_bytes (&out)) != FEP_OK) {
        abort ();
    }
}

static bool s_sink_drain (void *arg, actor_t *actor)
{
    sink_t *self = arg;
    (void) actor;
    return !self->closed;
}

static fep_err_t s_sink_start (void *arg, actor_t *actor)
{
    sink_t *self = arg;
    self->actor = actor;
    self->closed = true;
    actor_stall (actor, true);
    self->reports = actor_push (actor, AT_REPORTS, MARK_CHAIN);
    bool ok = self->reports >= 0 && actor_pull (actor, AT_STORAGE, MARK_CHAIN, true) >= 0 &&
              actor_pull (actor, AT_GATE, MARK_CHAIN, false) >= 0;
    return ok ? FEP_OK : FEP_SYSTEM;
}

static const actor_word_t s_sink_words[] = {
    {WORD_BATCH, s_sink_batch}, {"GATE", s_sink_gate}, {NULL, NULL}};

static const actor_class_t s_sink_class = {.name = "sink",
                                           .self_size = sizeof (sink_t),
                                           .start = s_sink_start,
                                           .stop = s_sink_stop,
                                           .drain = s_sink_drain,
                                           .words = s_sink_words};

//  ---- A stage between: what it takes it forwards, as validators do ----

#define AT_RELAY "inproc://test.relay"

typedef struct {
    int next;  //  Down the chain
} relay_t;

static fep_err_t s_relay_batch (void *arg, actor_t *actor, bytes_t body)
{
    relay_t *self = arg;
    zmq_msg_t message;
    assert_false (actor_stalled (actor));
    zmq_msg_init_size (&message, body.size);
    memcpy (zmq_msg_data (&message), body.data, body.size);
    actor_forward (actor, self->next, WORD_BATCH, &message);
    return FEP_OK;
}

static fep_err_t s_relay_start (void *arg, actor_t *actor)
{
    relay_t *self = arg;
    self->next = actor_push (actor, AT_STORAGE, MARK_CHAIN);
    return self->next >= 0 && actor_pull (actor, AT_RELAY, MARK_CHAIN, true) >= 0 ? FEP_OK
                                                                                  : FEP_SYSTEM;
}

static void s_relay_stop (void *arg, actor_t *actor)
{
    (void) arg;
    (void) actor;
}

static const actor_word_t s_relay_words[] = {{WORD_BATCH, s_relay_batch}, {NULL, NULL}};

static const actor_class_t s_relay_class = {.name = "relay",
                                            .self_size = sizeof (relay_t),
                                            .start = s_relay_start,
                                            .stop = s_relay_stop,
                                            .words = s_relay_words};

//  ---- Stall and resume with a sink ----

static void s_gate (zsock_t *gate, bool closed)
{
    assert_true (zmq_send (zsock_resolve (gate), "GATE", 4, ZMQ_SNDMORE) == 4);
    assert_true (zmq_send (zsock_resolve (gate), "x", closed ? 1 : 0, 0) >= 0);
}

static void s_expect_taken (zsock_t *reports, const chain_t *chain)
{
    char word[16];
    zframe_t *body = NULL;
    assert_true (chain_receive (reports, word, sizeof word, &body));
    assert_string_equal (word, "TAKEN");
    reader_t in = reader_of (bytes_of (zframe_data (body), zframe_size (body)));
    assert_int_equal (reader_u64be (&in), chain->number);
    assert_int_equal (reader_u64be (&in), chain->number);
    assert_true ((int64_t) reader_u64be (&in) == chain->sum);
    zframe_destroy (&body);
}

static void s_fill (chain_t *chain, int64_t instant)
{
    chain_reading (chain, 1, instant);
}

//  Sends until there is no room for so long that nobody can be taking any more; the batch at hand stays filled.
static void s_send_until_full (chain_t *chain)
{
    void *push = zsock_resolve (chain->push);
    zmq_pollitem_t room = {.socket = push, .events = ZMQ_POLLOUT};
    do {
        while (chain->batch->message_count == 0 || chain_try (chain, push)) {
            int64_t instant = (int64_t) chain->number + 1;
            s_fill (chain, instant);
            chain->sum += chain_reading_sum (instant);
            assert_true (chain->number < 100000);
        }
    } while (zmq_poll (&room, 1, 100) == 1);
}

static void test_slow_sink_stalls_the_producer (void **state)
{
    chain_t *chain = *state;
    zsock_t *reports = chain_socket (ZMQ_PULL, AT_REPORTS, MARK_CHAIN, true);
    host_t *host = chain_host (chain, &s_sink_class, NULL);
    zsock_t *gate = chain_socket (ZMQ_PUSH, AT_GATE, MARK_CHAIN, false);
    chain->push = chain_socket (ZMQ_PUSH, AT_STORAGE, MARK_CHAIN, false);
    s_send_until_full (chain);
    uint64_t first = chain->number;
    assert_in_range (first, 1, 2 * MARK_CHAIN);
    s_gate (gate, false);
    chain_send (chain);
    for (int64_t i = 0; i < 500; i++) {
        int64_t instant = (int64_t) chain->number + 1;
        s_fill (chain, instant);
        chain->sum += chain_reading_sum (instant);
        chain_send (chain);
    }
    s_gate (gate, true);
    s_send_until_full (chain);
    assert_true (chain->number > first + 500);
    s_gate (gate, false);
    chain_send (chain);
    chain_stop (host, 0);
    s_expect_taken (reports, chain);
    zsock_destroy (&gate);
    zsock_destroy (&reports);
    chain_end_hosts (chain);
}

//  With a stage between, each hop has its queue and the stage holds one; order is kept, nothing is lost.
static void test_relay_holds_one (void **state)
{
    chain_t *chain = *state;
    zsock_t *reports = chain_socket (ZMQ_PULL, AT_REPORTS, MARK_CHAIN, true);
    host_t *sink = chain_host (chain, &s_sink_class, NULL);
    host_t *relay = chain_host (chain, &s_relay_class, NULL);
    zsock_t *gate = chain_socket (ZMQ_PUSH, AT_GATE, MARK_CHAIN, false);
    chain->push = chain_socket (ZMQ_PUSH, AT_RELAY, MARK_CHAIN, false);
    s_send_until_full (chain);
    assert_in_range (chain->number, MARK_CHAIN, 4 * MARK_CHAIN + 1);
    //  It answers though it is stalled.
    host_ping (relay);
    struct pollfd news = {.fd = host_fd (relay), .events = POLLIN};
    size_t index;
    host_news_t what;
    int64_t until_ms = clock_mono_ms () + WAIT_MS;
    while ((what = host_news (relay, &index)) == HOST_NOTHING) {
        assert_true (clock_mono_ms () < until_ms);
        (void) poll (&news, 1, 20);
    }
    assert_int_equal (what, HOST_ALIVE);
    s_gate (gate, false);
    chain_send (chain);
    chain_stop (relay, 0);
    chain_stop (sink, 0);
    s_expect_taken (reports, chain);
    zsock_destroy (&gate);
    zsock_destroy (&reports);
    chain_end_hosts (chain);
}

//  Told to stop while several full queues stand before it: all of it is taken first.
static void test_stop_takes_what_is_queued (void **state)
{
    enum { PRODUCERS = 4 };
    chain_t *chain = *state;
    zsock_t *others[PRODUCERS];
    zsock_t *reports = chain_socket (ZMQ_PULL, AT_REPORTS, MARK_CHAIN, true);
    host_t *host = chain_host (chain, &s_sink_class, NULL);
    zsock_t *gate = chain_socket (ZMQ_PUSH, AT_GATE, MARK_CHAIN, false);
    for (int i = 0; i < PRODUCERS; i++) {
        others[i] = chain_socket (ZMQ_PUSH, AT_STORAGE, MARK_CHAIN, false);
        for (int k = 0; k < 2 * MARK_CHAIN; k++) {
            chain_reading (chain, 1, (int64_t) chain->number);
            chain->sum += chain_reading_sum ((int64_t) chain->number);
            assert_true (chain_try (chain, zsock_resolve (others[i])));
        }
    }
    host_stop_actor (host, 0);
    s_gate (gate, false);
    chain_stop (host, 0);
    char word[16];
    zframe_t *body = NULL;
    assert_true (chain_receive (reports, word, sizeof word, &body));
    reader_t in = reader_of (bytes_of (zframe_data (body), zframe_size (body)));
    assert_int_equal (reader_u64be (&in), PRODUCERS * 2 * MARK_CHAIN);
    (void) reader_u64be (&in);
    assert_true ((int64_t) reader_u64be (&in) == chain->sum);
    zframe_destroy (&body);
    for (int i = 0; i < PRODUCERS; i++) {
        zsock_destroy (&others[i]);
    }
    zsock_destroy (&gate);
    zsock_destroy (&reports);
    chain_end_hosts (chain);
}

//  ---- The real storage ----

static void test_counts_and_sums (void **state)
{
    chain_t *chain = *state;
    counts_t before = chain_counts ();
    host_t *host = chain_storage (chain);
    chain_connect (chain);
    chain_send_mixed (chain, 1, BATCHES);
    chain_wait_durable (chain, chain->number);
    chain_expect_agreement (chain, before);
    assert_int_equal (chain_counts ().repeated - before.repeated, 2 * BATCHES / 5);
    assert_int_equal (chain_counts ().items - before.items, 2 * BATCHES / 5 * CHAIN_ITEMS);
    chain_stop (host, 0);
    assert_int_equal (chain->told, chain->number);
}

//  No confirmation waited for: an ordered stop commits what is queued.
static void test_stop_commits_what_is_queued (void **state)
{
    chain_t *chain = *state;
    counts_t before = chain_counts ();
    host_t *host = chain_storage (chain);
    chain_connect (chain);
    chain_send_mixed (chain, 1, 200);
    chain_stop (host, 0);
    chain_expect_agreement (chain, before);
    chain_wait_durable (chain, chain->number);
}

//  Fills the disk and sends until storage has seen it; its answer about space may be a tenth of a second old.
static void s_fill_the_disk (chain_t *chain)
{
    int64_t stalls = metric_get (METRIC_storage_stalls);
    int64_t until_ms = clock_mono_ms () + WAIT_MS;
    zmq_pollitem_t told = {.socket = zsock_resolve (chain->durable), .events = ZMQ_POLLIN};
    atomic_store (&s_disk_full, true);
    while (metric_get (METRIC_storage_stalls) == stalls) {
        int64_t instant = (int64_t) chain->number + 1;
        chain_reading (chain, 1, instant);
        chain->sum += chain_reading_sum (instant);
        chain_send (chain);
        while (chain->told < chain->number && metric_get (METRIC_storage_stalls) == stalls) {
            assert_true (clock_mono_ms () < until_ms);
            if (zmq_poll (&told, 1, 5) == 1) {
                chain_wait_durable (chain, chain->number);
            }
        }
    }
    assert_int_equal (metric_get (METRIC_storage_stalls), stalls + 1);
}

//  Below the reserve nothing is confirmed and the producer stalls; with space it goes on by itself.
static void test_full_disk_stalls_and_resumes (void **state)
{
    chain_t *chain = *state;
    counts_t before = chain_counts ();
    host_t *host = chain_storage (chain);
    chain_connect (chain);
    chain_send_mixed (chain, 1, 20);
    chain_wait_durable (chain, chain->number);
    s_fill_the_disk (chain);
    uint64_t head = store_head (chain->context.store);
    uint64_t stalled_at = chain->number;
    s_send_until_full (chain);
    assert_in_range (chain->number - stalled_at, 1, 2 * MARK_CHAIN);
    assert_int_equal (metric_get (METRIC_storage_stalled), 1);
    assert_true (
        zmq_poll (&(zmq_pollitem_t){.socket = zsock_resolve (chain->push), .events = ZMQ_POLLOUT},
                  1, 150) == 0);
    assert_int_equal (store_head (chain->context.store), head);
    atomic_store (&s_disk_full, false);
    chain_send (chain);
    chain_wait_durable (chain, chain->number);
    assert_int_equal (metric_get (METRIC_storage_stalled), 0);
    assert_true (store_head (chain->context.store) > head);
    chain_expect_agreement (chain, before);
    chain_stop (host, 0);
}

//  Stopped in the middle of a stall with full queues before it: with space it still commits all of it.
static void test_stop_during_a_stall (void **state)
{
    chain_t *chain = *state;
    counts_t before = chain_counts ();
    host_t *host = chain_storage (chain);
    chain_connect (chain);
    s_fill_the_disk (chain);
    s_send_until_full (chain);
    //  The batch at hand was not sent.
    chain->sum -= chain_reading_sum ((int64_t) chain->number + 1);
    batch_clear (chain->batch);
    host_stop_actor (host, 0);
    atomic_store (&s_disk_full, false);
    chain_stop (host, 0);
    chain_expect_agreement (chain, before);
    chain_wait_durable (chain, chain->number);
}

//  The same through the validator, which doubts all of it (these readings are years old), and alarm: no count
//  changes.
static void test_validator_keeps_counts (void **state)
{
    chain_t *chain = *state;
    counts_t before = chain_counts ();
    zsock_t *control = chain_socket (ZMQ_ROUTER, AT_CONTROL, MARK_CHAIN, true);
    host_t *storage = chain_storage (chain);
    host_t *alarm = chain_host (chain, &alarm_class, NULL);
    host_t *validator = chain_host (chain, &validator_class, NULL);
    chain_connect (chain);
    zsock_destroy (&chain->push);
    chain->push = chain_socket (ZMQ_PUSH, AT_VALIDATOR, MARK_CHAIN, false);
    chain_send_mixed (chain, 1, BATCHES);
    chain_stop (validator, 0);
    chain_stop (alarm, 0);
    chain_stop (storage, 0);
    chain_expect_agreement (chain, before);
    assert_int_equal (chain_counts ().repeated - before.repeated, 2 * BATCHES / 5);
    chain_wait_durable (chain, chain->number);
    zsock_destroy (&control);
    chain_end_hosts (chain);
}

//  After a restart the identities are learned from the journal: what comes again is not doubled.
static void test_restart_remembers (void **state)
{
    chain_t *chain = *state;
    counts_t before = chain_counts ();
    host_t *host = chain_storage (chain);
    chain_connect (chain);
    chain_send_mixed (chain, 1, 50);
    chain_wait_durable (chain, chain->number);
    chain_stop (host, 0);
    chain_end_hosts (chain);
    chain_close_store (chain);
    chain_open_store (chain);
    chain_begin_sockets ();
    (void) chain_storage (chain);
    chain_connect (chain);
    for (int64_t i = 1; i <= 50; i++) {
        chain_reading (chain, 1, i);
        chain_send (chain);
    }
    chain_wait_durable (chain, chain->number);
    chain_expect_agreement (chain, before);
}

//  ---- What storage makes of repeats ----

static void s_expect_message (cursor_t *cursor, message_kind_t kind, uint32_t count,
                              const char *raw)
{
    message_t message;
    CHECK_OK (cursor_message (cursor, &message));
    assert_int_equal (message.kind, kind);
    assert_int_equal (message.count, count);
    assert_true (bytes_equal (message.raw, bytes_text (raw)));
}

static cursor_t s_record (chain_t *chain, uint64_t sequence, walker_t **walker)
{
    record_t record;
    batch_head_t head;
    CHECK_OK (walker_open (chain->context.store, sequence, walker));
    CHECK_OK (walker_next (*walker, &record));
    cursor_t cursor = cursor_of (record.batches);
    CHECK_OK (cursor_batch (&cursor, &head));
    return cursor;
}

static void s_commit (chain_t *chain)
{
    chain_send (chain);
    chain_wait_durable (chain, chain->number);
}

//  Same identity, other value: journalled again, marked; its neighbours that repeat are left out.
static void test_changed_is_marked (void **state)
{
    chain_t *chain = *state;
    walker_t *walker = NULL;
    item_t item;
    (void) chain_storage (chain);
    chain_connect (chain);
    chain_reading (chain, 1, 1);
    s_commit (chain);
    chain_reading (chain, 1, 1);
    chain->batch->items[2].value.mantissa = 999;
    chain->batch->messages[0].raw = bytes_text ("frame");
    s_commit (chain);
    cursor_t cursor = s_record (chain, 2, &walker);
    s_expect_message (&cursor, MESSAGE_READING, 1, "frame");
    CHECK_OK (cursor_item (&cursor, &item));
    assert_int_equal (item.point, CHAIN_POINT + 2);
    assert_int_equal (item.value.mantissa, 999);
    assert_int_equal (item.value.quality, QUALITY_CHANGED);
    walker_close (&walker);
}

//  The frame's bytes go with its first message that is kept, and with nobody else's.
static void test_raw_stays_with_its_frame (void **state)
{
    chain_t *chain = *state;
    walker_t *walker = NULL;
    (void) chain_storage (chain);
    chain_connect (chain);
    chain_reading (chain, 1, 1);
    s_commit (chain);
    //  A frame of two instants of which the first repeats.
    chain_reading (chain, 1, 1);
    chain->batch->messages[0].raw = bytes_text ("frame");
    chain_reading (chain, 1, 2);
    s_commit (chain);
    cursor_t cursor = s_record (chain, 2, &walker);
    s_expect_message (&cursor, MESSAGE_READING, CHAIN_ITEMS, "frame");
    walker_close (&walker);
    //  A frame that repeats whole, then another terminal's link, and its own reading of another frame.
    chain_reading (chain, 1, 1);
    chain->batch->messages[0].raw = bytes_text ("repeated");
    message_t *link = batch_message (chain->batch, MESSAGE_LINK);
    link->terminal = 2;
    link->address = bytes_text ("T2");
    batch_item (chain->batch, POINT_LINK_STATE, value_decimal (1, 0, 0));
    chain_reading (chain, 1, 3);
    chain->batch->messages[2].raw = bytes_text ("other");
    s_commit (chain);
    cursor = s_record (chain, 3, &walker);
    s_expect_message (&cursor, MESSAGE_LINK, 1, "");
    s_expect_message (&cursor, MESSAGE_READING, CHAIN_ITEMS, "other");
    walker_close (&walker);
}

//  A curve of which the middle is known is cut in two, each part at its own instant.
static void test_curve_is_cut (void **state)
{
    chain_t *chain = *state;
    walker_t *walker = NULL;
    message_t message;
    (void) chain_storage (chain);
    chain_connect (chain);
    for (int round = 0; round < 2; round++) {
        message_t *curve = batch_message (chain->batch, MESSAGE_READING);
        curve->terminal = 1;
        curve->freeze = FREEZE_CURVE;
        curve->address = bytes_text ("T1");
        curve->time_ms = 1700000000000 + (round ? 0 : 2) * 900000;
        curve->step_ms = 900000;
        for (int i = 0; i < (round ? 6 : 2); i++) {
            batch_item (chain->batch, CHAIN_POINT, value_decimal ((round ? 0 : 2) + i, 0, 0));
        }
        s_commit (chain);
    }
    cursor_t cursor = s_record (chain, 2, &walker);
    CHECK_OK (cursor_message (&cursor, &message));
    assert_int_equal (message.count, 2);
    assert_true (message.time_ms == 1700000000000);
    CHECK_OK (cursor_message (&cursor, &message));
    assert_int_equal (message.count, 2);
    assert_int_equal (message.step_ms, 900000);
    assert_true (message.time_ms == 1700000000000 + 4 * 900000);
    CHECK_ERR (cursor_message (&cursor, &message), FEP_NOT_FOUND);
    walker_close (&walker);
}

#define CHAIN_TEST(test) cmocka_unit_test_setup_teardown (test, chain_setup, chain_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        CHAIN_TEST (test_slow_sink_stalls_the_producer),
        CHAIN_TEST (test_relay_holds_one),
        CHAIN_TEST (test_stop_takes_what_is_queued),
        CHAIN_TEST (test_counts_and_sums),
        CHAIN_TEST (test_stop_commits_what_is_queued),
        CHAIN_TEST (test_validator_keeps_counts),
        CHAIN_TEST (test_full_disk_stalls_and_resumes),
        CHAIN_TEST (test_stop_during_a_stall),
        CHAIN_TEST (test_restart_remembers),
        CHAIN_TEST (test_changed_is_marked),
        CHAIN_TEST (test_raw_stays_with_its_frame),
        CHAIN_TEST (test_curve_is_cut),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
