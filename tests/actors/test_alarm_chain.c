//  The alarm actor before a real storage: what it appends, what goes ahead of a batch, what waits while storage
//  has no room.
#include "tests/actors/chain.h"
#include "actors/alarms.h"
#include "store/archive_row.h"
#include <stdatomic.h>
#include <sys/statvfs.h>

#define RULES 2

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

typedef struct {
    chain_t *chain;    //  Store, configuration, producer
    zsock_t *control;  //  In control's place
} rig_t;

//  Options of alarms, by a reload.
static void s_configure (chain_t *chain, const char *alarms)
{
    char yaml[2048], fault[256], ignored[256];
    config_t *fresh = NULL;
    snprintf (yaml, sizeof yaml,
              "listeners:\n  - {name: a, address: 127.0.0.1, port: 7600, codec: gdw1376}\n%s",
              alarms);
    fep_err_t error = config_parse (bytes_text (yaml), "test", &fresh, fault, sizeof fault);
    if (error != FEP_OK) {
        fail_msg ("%s", fault);
    }
    char *path = chain->config->store.path;
    config_reload (chain->config, fresh, ignored, sizeof ignored);
    assert_ptr_equal (chain->config->store.path, path);
    config_destroy (&fresh);
}

static int s_setup (void **state)
{
    rig_t *rig = calloc (1, sizeof *rig);
    assert_non_null (rig);
    atomic_store (&s_disk_full, false);
    assert_int_equal (chain_setup ((void **) &rig->chain), 0);
    *state = rig;
    return 0;
}

//  Storage and alarm in one thread, as a small machine has them; everybody else is played.
static void s_begin (rig_t *rig)
{
    static const char *const endpoints[] = {AT_PUBLISHER, AT_PUBLISHER_NOTES, AT_HISTORY};
    chain_t *chain = rig->chain;
    for (int i = 0; i < 3; i++) {
        chain->followers[i] = chain_socket (ZMQ_PULL, endpoints[i], MARK_HINT, true);
    }
    rig->control = chain_socket (ZMQ_ROUTER, AT_CONTROL, MARK_MAIL, true);
    chain_host (chain, &storage_class, &alarm_class);
    char endpoint[64];
    snprintf (endpoint, sizeof endpoint, AT_CONNECTOR, 0);
    chain->durable = chain_socket (ZMQ_PULL, endpoint, MARK_CHAIN, true);
    chain->push = chain_socket (ZMQ_PUSH, AT_ALARM, MARK_CHAIN, false);
}

static int s_teardown (void **state)
{
    rig_t *rig = *state;
    zsock_destroy (&rig->control);
    chain_teardown ((void **) &rig->chain);
    free (rig);
    return 0;
}

static const char s_rules[] =
    "alarms:\n"
    "  - {name: a, on: point, point: energy.active.import.total_kWh, compare: ge, threshold: 0,\n"
    "     settle_ms: 0}\n"
    "  - {name: b, on: point, point: energy.active.import.total_kWh, compare: ge, threshold: 0,\n"
    "     settle_ms: 0}\n";

//  ---- What is in the store ----

typedef struct {
    size_t batches[32];  //  By origin
    size_t readings;     //  Messages
    size_t raised;       //  Messages
    size_t cleared;      //  Messages
    size_t with;         //  Messages of alarms in the batches of origin 1
    size_t early;        //  Batches of our own before the first of origin 1
} found_t;

static void s_find_message (const message_t *message, cursor_t *cursor, uint16_t origin,
                            found_t *found)
{
    item_t item;
    found->readings += message->kind == MESSAGE_READING ? 1 : 0;
    found->with += message->kind == MESSAGE_ALARM && origin == 1 ? 1 : 0;
    while (cursor_item (cursor, &item) == FEP_OK) {
        if (item.point == POINT_ALARM_STATE) {
            *(item.value.mantissa ? &found->raised : &found->cleared) += 1;
        }
    }
}

static found_t s_find (chain_t *chain)
{
    found_t found = {.readings = 0};
    walker_t *walker = NULL;
    record_t record;
    CHECK_OK (walker_open (chain->context.store, 1, &walker));
    while (walker_next (walker, &record) == FEP_OK) {
        cursor_t cursor = cursor_of (record.batches);
        batch_head_t head;
        message_t message;
        CHECK_OK (pack_check (record.batches));
        while (cursor_batch (&cursor, &head) == FEP_OK) {
            size_t items = 0;
            assert_true (head.messages <= BATCH_MESSAGES_MAX);
            found.batches[head.origin]++;
            found.early += head.origin == ORIGIN_ALARM && !found.batches[1] ? 1 : 0;
            while (cursor_message (&cursor, &message) == FEP_OK) {
                items += message.count;
                s_find_message (&message, &cursor, head.origin, &found);
            }
            assert_true (items <= BATCH_ITEMS_MAX);
        }
    }
    walker_close (&walker);
    return found;
}

static fep_err_t s_count (void *arg, bytes_t key, bytes_t value)
{
    (void) key;
    (void) value;
    (*(size_t *) arg)++;
    return FEP_OK;
}

static size_t s_rows (chain_t *chain)
{
    size_t rows = 0;
    CHECK_OK (store_each (chain->context.store, FAMILY_ALARM, bytes_of (NULL, 0), s_count, &rows));
    return rows;
}

//  A reading of each terminal from..to; what is below 0 concerns no rule.
static void s_readings (chain_t *chain, uint32_t from, uint32_t to, uint32_t items, int64_t value,
                        int64_t minute)
{
    for (uint32_t terminal = from; terminal <= to; terminal++) {
        message_t *message = batch_message (chain->batch, MESSAGE_READING);
        message->terminal = terminal;
        message->mp = 1;
        message->received_ms = clock_wall_ms ();
        message->time_ms = 1500000000000 + minute * 60000;
        message->address = batch_keep (chain->batch, bytes_text ("T1"));
        for (uint32_t i = 0; i < items; i++) {
            batch_item (chain->batch, CHAIN_POINT + i, value_decimal (value, 0, 0));
        }
    }
    assert_false (chain->batch->failed);
    chain_send (chain);
}

//  The store asks for the free space at most every 100 ms.
static void s_fill_disk (chain_t *chain)
{
    int64_t until_ms = clock_mono_ms () + WAIT_MS;
    atomic_store (&s_disk_full, true);
    while (store_space (chain->context.store) == FEP_OK) {
        assert_true (clock_mono_ms () < until_ms);
    }
}

//  ---- Tests ----

static void test_without_rules_as_it_came (void **state)
{
    rig_t *rig = *state;
    s_begin (rig);
    chain_reading (rig->chain, 1, 1);
    chain_send (rig->chain);
    size_t size = 0;
    chain_wait_durable (rig->chain, 1);
    walker_t *walker = NULL;
    record_t record;
    CHECK_OK (walker_open (rig->chain->context.store, 1, &walker));
    CHECK_OK (walker_next (walker, &record));
    size = record.batches.size;
    assert_memory_equal (record.batches.data, rig->chain->packed, size);
    walker_close (&walker);
    found_t found = s_find (rig->chain);
    assert_int_equal (found.readings, 1);
    assert_int_equal (found.raised, 0);
    assert_int_equal (s_rows (rig->chain), 0);
}

static void test_with_the_batch (void **state)
{
    rig_t *rig = *state;
    s_configure (rig->chain, s_rules);
    s_begin (rig);
    s_readings (rig->chain, 1, 100, 2, 5, 0);
    chain_wait_durable (rig->chain, 1);
    found_t found = s_find (rig->chain);
    assert_int_equal (found.readings, 100);
    assert_int_equal (found.raised, 100 * RULES);
    assert_int_equal (found.with, 100 * RULES);
    assert_int_equal (found.batches[ORIGIN_ALARM], 0);
    assert_int_equal (s_rows (rig->chain), 100 * RULES);
    s_readings (rig->chain, 1, 60, 2, -5, 1);
    chain_wait_durable (rig->chain, 2);
    found = s_find (rig->chain);
    assert_int_equal (found.cleared, 60 * RULES);
    assert_int_equal (s_rows (rig->chain), 40 * RULES);
}

//  The largest batch there is: nothing fits behind it, so all it raises goes ahead.
static void test_storm_of_the_largest_batch (void **state)
{
    rig_t *rig = *state;
    s_configure (rig->chain, s_rules);
    s_begin (rig);
    s_readings (rig->chain, 1, BATCH_MESSAGES_MAX, 2, 5, 0);
    chain_wait_durable (rig->chain, 1);
    found_t found = s_find (rig->chain);
    assert_int_equal (found.readings, BATCH_MESSAGES_MAX);
    assert_int_equal (found.raised, BATCH_MESSAGES_MAX * RULES);
    assert_int_equal (found.with, 0);
    assert_int_equal (found.early, found.batches[ORIGIN_ALARM]);
    assert_in_range (found.early, 10, 20);
    assert_int_equal (s_rows (rig->chain), BATCH_MESSAGES_MAX * RULES);
    //  The last piece goes with a batch that has room for it.
    s_readings (rig->chain, 1, 1200, 2, -5, 1);
    chain_wait_durable (rig->chain, 2);
    found = s_find (rig->chain);
    assert_int_equal (found.cleared, 1200 * RULES);
    assert_in_range (found.with, 1, ALARMS_RIPE + 512);
    //  Started anew, they are all known: nothing is raised, the rest is cleared.
    zsock_destroy (&rig->control);
    chain_end_hosts (rig->chain);
    chain_begin_sockets ();
    s_begin (rig);
    rig->chain->told = 0;
    rig->chain->number = 0;
    s_readings (rig->chain, 1201, BATCH_MESSAGES_MAX, 2, 5, 1);
    s_readings (rig->chain, 1201, BATCH_MESSAGES_MAX, 2, -5, 2);
    chain_wait_durable (rig->chain, 2);
    found = s_find (rig->chain);
    assert_int_equal (found.raised, BATCH_MESSAGES_MAX * RULES);
    assert_int_equal (found.cleared, BATCH_MESSAGES_MAX * RULES);
    assert_int_equal (s_rows (rig->chain), 0);
}

static void s_ask_ack (rig_t *rig, uint32_t terminal, int64_t token)
{
    uint8_t memory[256];
    writer_t out = writer_of (memory, sizeof memory);
    void *control = zsock_resolve (rig->control);
    wire_put_map (&out, 5);
    wire_put_text (&out, "client");
    wire_put_bin (&out, bytes_text ("me"));
    wire_pair_uint (&out, "number", terminal);
    wire_pair_int (&out, "token", token);
    wire_pair_text (&out, "alarm", "a");
    wire_pair_text (&out, "who", "ann");
    //  mp: its readings are of measuring point 1.
    uint8_t whole[300];
    writer_t body = writer_of (whole, sizeof whole);
    wire_put_map (&body, 6);
    wire_pair_uint (&body, "mp", 1);
    writer_put (&body, out.data + 1, out.size - 1);
    assert_false (body.failed);
    assert_true (zmq_send (control, NAME_ALARM, strlen (NAME_ALARM), ZMQ_SNDMORE) > 0);
    assert_true (zmq_send (control, WORD_ACK, strlen (WORD_ACK), ZMQ_SNDMORE) > 0);
    assert_true (zmq_send (control, body.data, body.size, 0) > 0);
}

//  The next answer's word and token; false if none comes within that time.
static bool s_take_answer (rig_t *rig, char *word, size_t size, int64_t *token, int wait_ms)
{
    void *control = zsock_resolve (rig->control);
    zmq_pollitem_t input = {.socket = control, .events = ZMQ_POLLIN};
    for (;;) {
        if (zmq_poll (&input, 1, wait_ms) != 1) {
            return false;
        }
        zmsg_t *message = zmsg_recv (rig->control);
        zframe_t *body = zmsg_last (message);
        bytes_t map = bytes_of (zframe_data (body), zframe_size (body));
        reader_t inner;
        bool answer = zmsg_size (message) == 3 && wire_find_text (map, "word", word, size);
        if (answer) {
            assert_true (wire_find (map, "body", &inner));
            *token = wire_find_int (wire_get_bin (&inner), "token", -1);
        }
        zmsg_destroy (&message);
        if (answer) {
            return true;
        }
    }
}

//  While storage cannot write, acknowledgements wait, so many and no more; then each is answered, in order.
static void test_acknowledged_when_durable (void **state)
{
    rig_t *rig = *state;
    char word[16];
    int64_t token;
    s_configure (rig->chain, s_rules);
    s_begin (rig);
    s_readings (rig->chain, 1, 100, 1, 5, 0);
    chain_wait_durable (rig->chain, 1);
    s_fill_disk (rig->chain);
    for (uint32_t terminal = 1; terminal <= 70; terminal++) {
        s_ask_ack (rig, terminal, terminal);
    }
    for (uint32_t refused = 65; refused <= 70; refused++) {
        assert_true (s_take_answer (rig, word, sizeof word, &token, WAIT_MS));
        assert_string_equal (word, "ERROR");
        assert_int_equal (token, refused);
    }
    assert_false (s_take_answer (rig, word, sizeof word, &token, 50));
    atomic_store (&s_disk_full, false);
    for (uint32_t taken = 1; taken <= 64; taken++) {
        assert_true (s_take_answer (rig, word, sizeof word, &token, WAIT_MS));
        assert_string_equal (word, "ACK");
        assert_int_equal (token, taken);
    }
    assert_int_equal (s_find (rig->chain).raised, 100 * RULES + 64);
    assert_int_equal (s_rows (rig->chain), 100 * RULES);
}

static void s_put_terminal (chain_t *chain, uint32_t number, uint64_t groups, bool present)
{
    uint8_t key[ARCHIVE_ROW_KEY_SIZE], value[512];
    terminal_t terminal = {.number = number, .groups = groups, .present = present};
    archive_entry_t entry = {.terminal = &terminal};
    writer_t out = writer_of (value, sizeof value);
    snprintf (terminal.address, sizeof terminal.address, "T%u", number);
    archive_row_key (number, key);
    archive_row_put (&entry, &out);
    assert_false (out.failed);
    row_t row = {FAMILY_ARCHIVE, bytes_of (key, sizeof key), writer_bytes (&out)};
    CHECK_OK (store_put (chain->context.store, &row, 1));
}

static void s_put_group (chain_t *chain, uint32_t number, const char *name)
{
    uint8_t key[ARCHIVE_GROUP_KEY_SIZE], value[128];
    writer_t out = writer_of (value, sizeof value);
    archive_group_key (number, key);
    archive_group_put (name, &out);
    row_t row = {FAMILY_ARCHIVE, bytes_of (key, sizeof key), writer_bytes (&out)};
    CHECK_OK (store_put (chain->context.store, &row, 1));
}

//  numbers empty: all.
static void s_say_archive (rig_t *rig, const uint32_t numbers[], uint32_t count)
{
    uint8_t memory[128];
    writer_t out = writer_of (memory, sizeof memory);
    void *control = zsock_resolve (rig->control);
    wire_put_map (&out, 1);
    if (count) {
        wire_put_text (&out, "numbers");
        wire_put_array (&out, count);
        for (uint32_t i = 0; i < count; i++) {
            wire_put_uint (&out, numbers[i]);
        }
    } else {
        wire_pair_bool (&out, "all", true);
    }
    assert_true (zmq_send (control, NAME_ALARM, strlen (NAME_ALARM), ZMQ_SNDMORE) > 0);
    assert_true (zmq_send (control, WORD_ARCHIVE, strlen (WORD_ARCHIVE), ZMQ_SNDMORE) > 0);
    assert_true (zmq_send (control, out.data, out.size, 0) > 0);
}

//  Waits until so many were cleared; then the word was understood.
static found_t s_wait_cleared (chain_t *chain, size_t cleared)
{
    int64_t until_ms = clock_mono_ms () + WAIT_MS;
    found_t found = s_find (chain);
    while (found.cleared < cleared) {
        assert_true (clock_mono_ms () < until_ms);
        usleep (1000);
        found = s_find (chain);
    }
    return found;
}

//  Groups and terminals as the archive has them, at start and when it says that they changed.
static void test_groups_of_the_archive (void **state)
{
    rig_t *rig = *state;
    chain_t *chain = rig->chain;
    s_configure (chain, "alarms:\n  - {name: a, on: point, point: energy.active.import.total_kWh,\n"
                        "     compare: ge, threshold: 0, settle_ms: 0, group: north}\n");
    s_put_group (chain, 3, "south");
    s_put_group (chain, 4, "north");
    for (uint32_t number = 1; number <= 4; number++) {
        s_put_terminal (chain, number, number % 2 ? 1 << 4 : 1 << 3, true);
    }
    s_begin (rig);
    s_readings (chain, 1, 5, 1, 5, 0);
    chain_wait_durable (chain, 1);
    assert_int_equal (s_find (chain).raised, 2);
    //  One leaves the group, one the archive, another comes.
    s_put_terminal (chain, 1, 1 << 3, true);
    s_put_terminal (chain, 3, 1 << 4, false);
    s_put_terminal (chain, 2, 1 << 4 | 1 << 3, true);
    s_say_archive (rig, (const uint32_t[]){1, 2, 3, 99}, 4);
    assert_int_equal (s_wait_cleared (chain, 2).cleared, 2);
    assert_int_equal (s_rows (chain), 0);
    s_readings (chain, 1, 2, 1, 5, 1);
    chain_wait_durable (chain, 2);
    assert_int_equal (s_find (chain).raised, 3);
    //  The groups change their names.
    s_put_group (chain, 4, "east");
    s_put_group (chain, 5, "north");
    s_put_terminal (chain, 4, 1 << 5, true);
    s_say_archive (rig, NULL, 0);
    assert_int_equal (s_wait_cleared (chain, 3).cleared, 3);
    s_readings (chain, 1, 5, 1, 5, 2);
    chain_wait_durable (chain, 3);
    assert_int_equal (s_find (chain).raised, 4);
}

//  No room downstream for long: every batch gets through all the same, once, with its alarms.
static void test_stall_and_resume (void **state)
{
    rig_t *rig = *state;
    s_configure (rig->chain, s_rules);
    s_begin (rig);
    s_fill_disk (rig->chain);
    void *push = zsock_resolve (rig->chain->push);
    uint32_t sent = 0;
    do {
        if (rig->chain->batch->message_count == 0) {
            message_t *message = batch_message (rig->chain->batch, MESSAGE_READING);
            message->terminal = ++sent;
            message->mp = 1;
            message->received_ms = clock_wall_ms ();
            message->address = bytes_text ("T1");
            batch_item (rig->chain->batch, CHAIN_POINT, value_decimal (1, 0, 0));
        }
        zmq_pollitem_t room = {.socket = push, .events = ZMQ_POLLOUT};
        if (!chain_try (rig->chain, push) && zmq_poll (&room, 1, 200) == 0) {
            break;
        }
    } while (sent < 10000);
    //  A hop, and what storage takes until it next looks at the disk; then nobody may send.
    assert_in_range (sent, 65, 9999);
    atomic_store (&s_disk_full, false);
    chain_send (rig->chain);
    chain_wait_durable (rig->chain, sent);
    found_t found = s_find (rig->chain);
    assert_int_equal (found.readings, sent);
    assert_int_equal (found.raised, sent * RULES);
    assert_int_equal (found.batches[1], sent);
}

//  An ordered stop in the middle of a storm: everything in hand is written.
static void test_stop_drains (void **state)
{
    rig_t *rig = *state;
    s_configure (rig->chain, s_rules);
    s_begin (rig);
    s_readings (rig->chain, 1, BATCH_MESSAGES_MAX, 1, 5, 0);
    s_readings (rig->chain, 1, 3000, 1, -5, 1);
    //  Alarm is the second of its host.
    chain_stop (rig->chain->hosts[0], 1);
    chain_stop (rig->chain->hosts[0], 0);
    found_t found = s_find (rig->chain);
    assert_int_equal (found.readings, BATCH_MESSAGES_MAX + 3000);
    assert_int_equal (found.raised, BATCH_MESSAGES_MAX * RULES);
    assert_int_equal (found.cleared, 3000 * RULES);
    assert_int_equal (s_rows (rig->chain), (BATCH_MESSAGES_MAX - 3000) * RULES);
}

int main (void)
{
#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)
    const struct CMUnitTest tests[] = {
        TEST (test_without_rules_as_it_came),
        TEST (test_with_the_batch),
        TEST (test_storm_of_the_largest_batch),
        TEST (test_acknowledged_when_durable),
        TEST (test_groups_of_the_archive),
        TEST (test_stall_and_resume),
        TEST (test_stop_drains),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
