//  The validator in the chain, before the real storage: what stands in the journal, also after restarts.
#include "tests/actors/chain.h"
#include "actors/plausible.h"
#include "store/archive_row.h"

#define ENERGY POINT (1, 0, 1, 8, 0)
#define VOLTAGE POINT (1, 0, 32, 7, 0)
#define POWER POINT (1, 0, 16, 7, 0)
#define MESSAGES_MAX 4096
#define ITEMS_MAX 8
#define MINUTE INT64_C (60000)

typedef struct {
    uint16_t origin;          //  Of its batch
    message_t message;        //  Texts are not kept
    item_t items[ITEMS_MAX];  //  The first of its items
    char text[64];            //  Of an item event.name
} seen_t;

typedef struct {
    chain_t *chain;             //  Store and producer
    zsock_t *control;           //  In the place of control
    int64_t now_ms;             //  Instants count from here
    seen_t seen[MESSAGES_MAX];  //  The journal
    size_t count;               //  Of it
} rig_t;

static rig_t s_rig;

static void s_open (chain_t *chain)
{
    s_rig.chain = chain;
    s_rig.control = chain_socket (ZMQ_ROUTER, AT_CONTROL, MARK_CHAIN, true);
    zsock_set_router_mandatory (s_rig.control, 1);
    (void) chain_storage (chain);
    (void) chain_host (chain, &alarm_class, NULL);
    (void) chain_host (chain, &validator_class, NULL);
    chain_connect (chain);
    zsock_destroy (&chain->push);
    chain->push = chain_socket (ZMQ_PUSH, AT_VALIDATOR, MARK_CHAIN, false);
    for (int i = 0; i < 2; i++) {
        static const char *const names[] = {NAME_ALARM, NAME_VALIDATOR};
        zmq_pollitem_t input = {.socket = zsock_resolve (s_rig.control), .events = ZMQ_POLLIN};
        assert_int_equal (zmq_poll (&input, 1, WAIT_MS), 1);
        zmsg_t *message = zmsg_recv (s_rig.control);
        assert_true (zframe_streq (zmsg_first (message), names[i]));
        zmsg_destroy (&message);
    }
}

static int s_setup (void **state)
{
    int rc = chain_setup (state);
    s_rig.now_ms = (clock_wall_ms () / MINUTE - 10000) * MINUTE;
    return rc;
}

//  In the order of the supervisor.
static void s_close (chain_t *chain)
{
    chain_stop (chain->hosts[2], 0);
    chain_stop (chain->hosts[1], 0);
    chain_stop (chain->hosts[0], 0);
    zsock_destroy (&s_rig.control);
    chain_end_hosts (chain);
}

//  As after a kill: nobody is told to stop.
static void s_restart (chain_t *chain)
{
    zsock_destroy (&s_rig.control);
    chain_end_hosts (chain);
    chain_close_store (chain);
    chain_open_store (chain);
    chain_begin_sockets ();
    s_open (chain);
}

static void s_collect (const record_t *record)
{
    cursor_t cursor = cursor_of (record->batches);
    batch_head_t head;
    message_t message;
    item_t item;
    CHECK_OK (pack_check (record->batches));
    while (cursor_batch (&cursor, &head) == FEP_OK) {
        while (cursor_message (&cursor, &message) == FEP_OK) {
            seen_t *seen = &s_rig.seen[s_rig.count++];
            assert_true (s_rig.count < MESSAGES_MAX);
            *seen = (seen_t){.origin = head.origin, .message = message};
            for (uint32_t i = 0; cursor_item (&cursor, &item) == FEP_OK; i++) {
                if (item.point == POINT_EVENT_NAME) {
                    value_text (&item.value, seen->text, sizeof seen->text);
                }
                if (i < ITEMS_MAX) {
                    seen->items[i] = item;
                }
            }
        }
    }
}

//  Reads the journal; messages of it.
static size_t s_journal (void)
{
    walker_t *walker = NULL;
    record_t record;
    s_rig.count = 0;
    CHECK_OK (walker_open (s_rig.chain->context.store, 1, &walker));
    while (walker_next (walker, &record) == FEP_OK) {
        s_collect (&record);
    }
    walker_close (&walker);
    return s_rig.count;
}

static message_t *s_message (int64_t minute)
{
    message_t *message = batch_message (s_rig.chain->batch, MESSAGE_READING);
    message->terminal = 7;
    message->mp = 3;
    message->area = 5;
    message->address = bytes_text ("T7");
    message->received_ms = s_rig.now_ms + minute * MINUTE;
    message->time_ms = s_rig.now_ms + minute * MINUTE;
    return message;
}

static void s_item (uint32_t point, int64_t mantissa, int8_t exponent)
{
    batch_item (s_rig.chain->batch, point, value_decimal (mantissa, exponent, QUALITY_SECONDARY));
}

static void s_commit (void)
{
    chain_send (s_rig.chain);
    chain_wait_durable (s_rig.chain, s_rig.chain->number);
}

//  One reading of the register, in hundredths; returns the last message of the journal.
static const seen_t *s_register (int64_t minute, int64_t mantissa)
{
    s_message (minute);
    s_item (ENERGY, mantissa, -2);
    s_commit ();
    size_t count = s_journal ();
    assert_true (count > 0);
    return &s_rig.seen[count - 1];
}

static void s_expect (const seen_t *seen, message_kind_t kind, uint16_t quality)
{
    assert_int_equal (seen->message.kind, kind);
    assert_int_equal (seen->items[0].value.quality, quality | QUALITY_SECONDARY);
}

//  Waits until the journal has so many messages: what the validator says itself is confirmed to nobody.
static void s_wait_journal (size_t count)
{
    int64_t until_ms = clock_mono_ms () + WAIT_MS;
    while (s_journal () < count) {
        assert_true (clock_mono_ms () < until_ms);
        zclock_sleep (1);
    }
    assert_int_equal (s_rig.count, count);
}

//  ---- Marks ----

static void test_marks_in_place (void **state)
{
    s_open (*state);
    int64_t range = metric_get (METRIC_suspect_range);
    s_message (1)->raw = bytes_text ("frame");
    s_item (VOLTAGE, 2200, -1);
    s_item (VOLTAGE + (1 << 16), 10001, -1);
    s_item (POWER, 5, -4);
    s_message (1)->mp = 4;
    s_item (VOLTAGE, 2200, -1);
    batch_message (s_rig.chain->batch, MESSAGE_EVENT)->time_ms = 1;
    s_item (POINT_EVENT_CODE, 99999, 0);
    s_commit ();
    assert_int_equal (s_journal (), 3);
    const seen_t *seen = s_rig.seen;
    assert_int_equal (seen[0].message.kind, MESSAGE_HELD);
    assert_int_equal (seen[0].message.count, 3);
    assert_int_equal (seen[0].message.raw.size, 5);
    assert_int_equal (seen[0].items[0].value.quality, QUALITY_SECONDARY);
    assert_int_equal (seen[0].items[1].value.quality, QUALITY_SECONDARY | QUALITY_SUSPECT);
    assert_int_equal (seen[0].items[1].value.mantissa, 10001);
    assert_int_equal (seen[0].items[2].value.quality, QUALITY_SECONDARY);
    s_expect (&seen[1], MESSAGE_READING, 0);
    s_expect (&seen[2], MESSAGE_EVENT, 0);
    assert_int_equal (metric_get (METRIC_suspect_range) - range, 1);
    s_close (*state);
}

//  Against when it was received; without an instant there is no fault; of a curve only what is out of time.
static void test_time (void **state)
{
    s_open (*state);
    int64_t count = metric_get (METRIC_suspect_time);
    static const int64_t away[] = {0, 10, 11, -400 * 1440, -400 * 1440 - 1};
    for (size_t i = 0; i < sizeof away / sizeof *away; i++) {
        s_message (0)->time_ms += away[i] * MINUTE;
        s_item (VOLTAGE, 2200, -1);
    }
    s_message (0)->time_ms = 0;
    s_item (VOLTAGE, 2200, -1);
    message_t *curve = s_message (0);
    curve->step_ms = 5 * 60000;
    curve->freeze = FREEZE_CURVE;
    for (int i = 0; i < 4; i++) {
        s_item (VOLTAGE, 2200, -1);
    }
    s_commit ();
    assert_int_equal (s_journal (), 7);
    s_expect (&s_rig.seen[0], MESSAGE_READING, 0);
    s_expect (&s_rig.seen[1], MESSAGE_READING, 0);
    s_expect (&s_rig.seen[2], MESSAGE_HELD, QUALITY_SUSPECT);
    s_expect (&s_rig.seen[3], MESSAGE_READING, 0);
    s_expect (&s_rig.seen[4], MESSAGE_HELD, QUALITY_SUSPECT);
    s_expect (&s_rig.seen[5], MESSAGE_READING, 0);
    s_expect (&s_rig.seen[6], MESSAGE_HELD, 0);
    assert_int_equal (s_rig.seen[6].items[2].value.quality, QUALITY_SECONDARY);
    assert_int_equal (s_rig.seen[6].items[3].value.quality, QUALITY_SECONDARY | QUALITY_SUSPECT);
    assert_int_equal (metric_get (METRIC_suspect_time) - count, 3);
    s_close (*state);
}

static void s_tariffs (int64_t minute, int64_t total, size_t tariffs)
{
    s_message (minute);
    s_item (ENERGY, total, -2);
    for (uint32_t i = 1; i <= tariffs; i++) {
        s_item (ENERGY + i, 1000 * i, -2);
    }
}

//  Nothing of a sum that does not agree becomes a base.
static void test_sum (void **state)
{
    s_open (*state);
    int64_t count = metric_get (METRIC_suspect_sum);
    s_tariffs (1, 10005, 4);
    s_tariffs (2, 10004, 4);
    s_tariffs (3, 10000, 1);
    s_tariffs (4, 6004, 3);
    s_commit ();
    assert_int_equal (s_journal (), 4);
    assert_int_equal (s_rig.seen[0].message.kind, MESSAGE_HELD);
    for (int i = 0; i < 5; i++) {
        assert_true (s_rig.seen[0].items[i].value.quality & QUALITY_SUSPECT);
    }
    s_expect (&s_rig.seen[1], MESSAGE_READING, 0);
    //  One tariff alone says nothing; the total fell since.
    s_expect (&s_rig.seen[2], MESSAGE_HELD, QUALITY_SUSPECT);
    assert_int_equal (s_rig.seen[2].items[1].value.quality, QUALITY_SECONDARY);
    s_expect (&s_rig.seen[3], MESSAGE_HELD, QUALITY_SUSPECT);
    assert_int_equal (metric_get (METRIC_suspect_sum) - count, 9);
    s_close (*state);
}

//  ---- Repairs ----

static void test_repair (void **state)
{
    chain_t *chain = *state;
    s_open (chain);
    s_expect (s_register (1, 5000), MESSAGE_READING, 0);
    s_expect (s_register (2, 10), MESSAGE_HELD, QUALITY_SUSPECT);
    s_expect (s_register (3, 5010), MESSAGE_READING, 0);
    //  It comes again: the same verdict, and nothing is journalled, though it is older than the base now.
    int64_t repeated = metric_get (METRIC_items_repeated);
    (void) s_register (2, 10);
    (void) s_register (3, 5010);
    assert_int_equal (metric_get (METRIC_items_repeated) - repeated, 2);
    assert_int_equal (s_rig.count, 3);
    s_restart (chain);
    (void) s_register (2, 10);
    assert_int_equal (metric_get (METRIC_items_repeated) - repeated, 3);
    assert_int_equal (s_rig.count, 3);
    s_expect (s_register (2, 5005), MESSAGE_READING, QUALITY_RE_READ | QUALITY_CHANGED);
    assert_int_equal (s_rig.count, 4);
    (void) s_register (2, 5005);
    assert_int_equal (s_rig.count, 4);
    s_close (chain);
}

//  ---- Jumps ----

static int64_t s_from;  //  Of the next HELD; then where it goes on

//  Asks as control does; the answer's body is in page, its word is returned.
static const char *s_ask (const char *word, const char *who, uint8_t page[65536], bytes_t *answer)
{
    static char said[32];
    uint8_t memory[256];
    writer_t out = writer_of (memory, sizeof memory);
    reader_t inner;
    wire_put_map (&out, 6);
    wire_put_text (&out, "client");
    wire_put_bin (&out, bytes_text ("me"));
    wire_pair_uint (&out, "number", 7);
    wire_pair_uint (&out, "token", 5);
    wire_pair_uint (&out, "mp", 3);
    wire_pair_int (&out, "from", s_from);
    wire_pair_text (&out, "who", who);
    assert_int_equal (zsock_send (s_rig.control, "ssb", NAME_VALIDATOR, word, out.data, out.size),
                      0);
    zmq_pollitem_t input = {.socket = zsock_resolve (s_rig.control), .events = ZMQ_POLLIN};
    assert_int_equal (zmq_poll (&input, 1, WAIT_MS), 1);
    zmsg_t *message = zmsg_recv (s_rig.control);
    assert_true (zframe_streq (zmsg_first (message), NAME_VALIDATOR));
    assert_true (zframe_streq (zmsg_next (message), WORD_ANSWER));
    zframe_t *frame = zmsg_next (message);
    bytes_t body = bytes_of (zframe_data (frame), zframe_size (frame));
    assert_true (wire_find_text (body, "word", said, sizeof said));
    assert_true (wire_find (body, "body", &inner));
    bytes_t bytes = wire_get_bin (&inner);
    memcpy (page, bytes.data, bytes.size);
    *answer = bytes_of (page, bytes.size);
    assert_int_equal (wire_find_int (*answer, "token", 0), 5);
    zmsg_destroy (&message);
    return said;
}

static uint32_t s_held_rows (void)
{
    static uint8_t page[65536];
    bytes_t answer;
    reader_t rows;
    assert_string_equal (s_ask (WORD_HELD, "", page, &answer), "HELD");
    assert_true (wire_find (answer, "held", &rows));
    s_from = wire_find_int (answer, "next", 0);
    return wire_get_array (&rows);
}

//  A meter is swapped: held from then on, reported once, accepted by a person, published as re-read.
static void test_swap_and_accept (void **state)
{
    static uint8_t page[65536];
    chain_t *chain = *state;
    bytes_t answer;
    int64_t jumps = metric_get (METRIC_register_jumps);
    s_open (chain);
    s_expect (s_register (0, 500000), MESSAGE_READING, 0);
    for (int64_t i = 1; i <= 4; i++) {
        s_expect (s_register (i, 100 + i), MESSAGE_HELD, QUALITY_SUSPECT);
    }
    //  Known again after a kill in the middle.
    s_restart (chain);
    assert_int_equal (s_held_rows (), 1);
    assert_string_equal (s_ask (WORD_ACCEPT, "", page, &answer), "ERROR");
    (void) s_register (5, 105);
    s_wait_journal (7);
    const seen_t *event = &s_rig.seen[6];
    assert_int_equal (event->message.kind, MESSAGE_EVENT);
    assert_int_equal (event->origin, ORIGIN_VALIDATOR);
    assert_string_equal (event->text, "register_jump");
    assert_int_equal (event->message.area, 5);
    assert_int_equal (event->items[0].point, POINT_EVENT_CODE);
    assert_int_equal (event->items[3].point, POINT_JUMP_OLD);
    assert_int_equal (event->items[3].value.mantissa, 500000);
    assert_int_equal (event->items[5].point, POINT_JUMP_NEW);
    assert_int_equal (event->items[5].value.mantissa, 105);
    assert_int_equal (metric_get (METRIC_register_jumps) - jumps, 1);
    //  Not said again, nor after a restart.
    (void) s_register (6, 106);
    s_restart (chain);
    s_expect (s_register (7, 107), MESSAGE_HELD, QUALITY_SUSPECT);
    s_wait_journal (9);
    assert_int_equal (metric_get (METRIC_register_jumps) - jumps, 1);
    assert_string_equal (s_ask (WORD_ACCEPT, "lin", page, &answer), "ACCEPT");
    assert_int_equal (wire_find_int (answer, "accepted", 0), 1);
    assert_int_equal (wire_find_int (answer, "readings", 0), 7);
    s_wait_journal (17);
    for (int64_t i = 1; i <= 7; i++) {
        const seen_t *seen = &s_rig.seen[8 + i];
        s_expect (seen, MESSAGE_READING, QUALITY_RE_READ | QUALITY_CHANGED);
        assert_int_equal (seen->items[0].value.mantissa, 100 + i);
        assert_true (seen->message.time_ms == s_rig.now_ms + i * MINUTE);
    }
    assert_string_equal (s_rig.seen[16].text, "register_accepted");
    assert_int_equal (s_held_rows (), 0);
    assert_string_equal (s_ask (WORD_ACCEPT, "lin", page, &answer), "ERROR");
    s_expect (s_register (8, 108), MESSAGE_READING, 0);
    s_restart (chain);
    assert_int_equal (s_held_rows (), 0);
    s_expect (s_register (9, 109), MESSAGE_READING, 0);
    s_expect (s_register (10, 50), MESSAGE_HELD, QUALITY_SUSPECT);
    //  What was held and accepted comes again from the terminal: known.
    (void) s_register (4, 104);
    assert_int_equal (s_rig.count, 20);
    s_close (chain);
}

//  The rule accepts by itself; readings without an instant of the device too.
static void test_rule_accepts (void **state)
{
    chain_t *chain = *state;
    assert_int_equal (strlen (chain->config->validator.accept), 3);
    chain->config->validator.accept = realloc (chain->config->validator.accept, 5);
    strcpy (chain->config->validator.accept, "auto");
    s_open (chain);
    for (int64_t i = 0; i <= 5; i++) {
        s_message (i)->time_ms = 0;
        s_item (ENERGY, i ? 100 + i : 500000, -2);
        s_commit ();
    }
    s_wait_journal (6 + 1 + 5 + 1);
    assert_string_equal (s_rig.seen[6].text, "register_jump");
    s_expect (&s_rig.seen[7], MESSAGE_READING, QUALITY_RE_READ);
    assert_true (s_rig.seen[7].message.time_ms == 0);
    assert_true (s_rig.seen[7].message.received_ms == s_rig.now_ms + MINUTE);
    assert_string_equal (s_rig.seen[12].text, "register_accepted");
    s_expect (s_register (6, 106), MESSAGE_READING, 0);
    s_close (chain);
}

//  More than a page of them; each listed once, and no more once a good one came.
static void test_held_pages (void **state)
{
    enum { POINTS = 1200 };
    s_open (*state);
    for (int round = 0; round < 2; round++) {
        uint32_t rows = 0, pages = 0;
        for (uint16_t mp = 1; mp <= POINTS; mp++) {
            message_t *message = s_message (round);
            message->mp = mp;
            message->time_ms += round == 0 && mp % 2 ? INT64_C (366) * 1440 * MINUTE : 0;
            s_item (VOLTAGE, round == 0 ? 99999 : 2200, -1);
        }
        s_commit ();
        do {
            rows += s_held_rows ();
            pages++;
        } while (s_from);
        assert_int_equal (rows, round == 0 ? POINTS : 0);
        assert_true (round == 0 ? pages > 1 : pages == 1);
    }
    s_close (*state);
}

//  ---- The archive ----

//  Terminal 7 with a measuring point 3, as control would have committed it.
static void s_put_archive (chain_t *chain, uint32_t rated_W, double high, bool present)
{
    const terminal_t terminal = {.number = 7, .address = "T7", .mp_count = 1, .present = present};
    const measuring_point_t point = {.terminal = 7, .mp = 3, .rated_W = rated_W};
    const archive_limit_t limit = {7, 3, VOLTAGE, 180, high};
    const archive_entry_t entry = {&terminal, &point, 1, &limit, 1, NULL};
    uint8_t memory[1024], key[ARCHIVE_ROW_KEY_SIZE];
    writer_t out = writer_of (memory, sizeof memory);
    archive_row_key (7, key);
    archive_row_put (&entry, &out);
    assert_false (out.failed);
    row_t row = {FAMILY_ARCHIVE, bytes_of (key, sizeof key), writer_bytes (&out)};
    CHECK_OK (store_put (chain->context.store, &row, 1));
}

//  Control says which terminals were changed; 0: all. HELD behind it says that it was taken.
static void s_tell_archive (uint32_t number)
{
    uint8_t memory[64];
    writer_t out = writer_of (memory, sizeof memory);
    wire_put_map (&out, 1);
    if (number) {
        wire_put_text (&out, "numbers");
        wire_put_array (&out, 2);
        wire_put_uint (&out, 999);
        wire_put_uint (&out, number);
    } else {
        wire_pair_bool (&out, "all", true);
    }
    assert_int_equal (
        zsock_send (s_rig.control, "ssb", NAME_VALIDATOR, WORD_ARCHIVE, out.data, out.size), 0);
    (void) s_held_rows ();
}

static message_kind_t s_voltage (int64_t minute, int64_t mantissa)
{
    s_message (minute);
    s_item (VOLTAGE, mantissa, -1);
    s_commit ();
    return (message_kind_t) s_rig.seen[s_journal () - 1].message.kind;
}

//  Limits and rated powers as they are at start, and as they change. What the new limits allow is good when it
//  comes again.
static void test_archive (void **state)
{
    chain_t *chain = *state;
    s_put_archive (chain, 1000, 240, true);
    s_open (chain);
    assert_int_equal (s_voltage (1, 1799), MESSAGE_HELD);
    assert_int_equal (s_voltage (2, 2400), MESSAGE_READING);
    assert_int_equal (s_voltage (3, 2410), MESSAGE_HELD);
    s_expect (s_register (0, 1000), MESSAGE_READING, 0);
    s_expect (s_register (60, 1121), MESSAGE_READING, 0);
    s_expect (s_register (120, 1243), MESSAGE_HELD, QUALITY_SUSPECT);
    s_put_archive (chain, 0, 250, true);
    s_tell_archive (7);
    assert_int_equal (s_voltage (3, 2410), MESSAGE_READING);
    assert_int_equal (s_rig.seen[s_rig.count - 1].items[0].value.quality,
                      QUALITY_SECONDARY | QUALITY_RE_READ | QUALITY_CHANGED);
    assert_int_equal (s_voltage (4, 1799), MESSAGE_HELD);
    s_expect (s_register (121, 9999), MESSAGE_READING, 0);
    s_put_archive (chain, 0, 250, false);
    s_tell_archive (0);
    assert_int_equal (s_voltage (5, 1799), MESSAGE_READING);
    s_close (chain);
}

//  ---- The chain ----

//  Full speed, no confirmation waited for, then an ordered stop: every batch as it came, in order, and none twice.
static void test_stop_drains (void **state)
{
    chain_t *chain = *state;
    s_open (chain);
    for (int64_t i = 1; i <= 1500; i++) {
        s_message (i);
        s_item (ENERGY, i, -2);
        s_item (VOLTAGE, i % 10 ? 2200 : -1, -1);
        chain_send (chain);
    }
    chain_stop (chain->hosts[2], 0);
    chain_stop (chain->hosts[1], 0);
    chain_stop (chain->hosts[0], 0);
    assert_int_equal (s_journal (), 1500);
    for (int64_t i = 1; i <= 1500; i++) {
        const seen_t *seen = &s_rig.seen[i - 1];
        assert_int_equal (seen->items[0].value.mantissa, i);
        assert_int_equal (seen->message.kind, i % 10 ? MESSAGE_READING : MESSAGE_HELD);
    }
    zsock_destroy (&s_rig.control);
    chain_end_hosts (chain);
}

#define RIG_TEST(test) cmocka_unit_test_setup_teardown (test, s_setup, chain_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST (test_marks_in_place),
        RIG_TEST (test_time),
        RIG_TEST (test_sum),
        RIG_TEST (test_repair),
        RIG_TEST (test_swap_and_accept),
        RIG_TEST (test_rule_accepts),
        RIG_TEST (test_archive),
        RIG_TEST (test_held_pages),
        RIG_TEST (test_stop_drains),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
