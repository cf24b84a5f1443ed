//  The chain without terminals: a store of its own, real actors in their threads, and a producer that plays the
//  connector on the inproc sockets. Every wait is for a message, with a deadline.
#ifndef TESTS_ACTORS_CHAIN_H
#define TESTS_ACTORS_CHAIN_H

#include "tests/test.h"
#include "actors/actor.h"
#include "fep/clock.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include "fep/pack.h"
#include "fep/point.h"
#include "fep/wire.h"
#include <arpa/inet.h>
#include <ftw.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MS 15000  //  Deadline of everything that is waited for
#define CHAIN_BOOT 77
#define CHAIN_POINT POINT (1, 0, 1, 8, 0)
#define CHAIN_ITEMS 5  //  Of one reading
#define CHAIN_HOSTS 8

typedef struct {
    char directory[64];          //  Ours; removed at the end
    config_t *config;            //  As the daemon would have it
    context_t context;           //  For the actors
    host_t *hosts[CHAIN_HOSTS];  //  Threads
    size_t host_count;           //  Of them
    zsock_t *push;               //  To storage
    zsock_t *durable;            //  From storage
    zsock_t *followers[3];       //  In the place of publisher (hints, notes) and history, or NULL
    batch_t *batch;              //  Being filled
    uint8_t *packed;             //  Scratch
    uint64_t number;             //  Of the last batch sent
    uint64_t told;               //  Highest DURABLE
    uint64_t messages;           //  Sent
    int64_t sum;                 //  Of the values sent, repeats not counted
} chain_t;

static inline int chain_remove_entry (const char *path, const struct stat *state, int kind,
                                      struct FTW *where)
{
    (void) state;
    (void) kind;
    (void) where;
    return remove (path);
}

//  Two ports that are free now, below the range from which the system draws ports of outgoing connections.
static inline void chain_ports (unsigned ports[2])
{
    int held[2];
    for (size_t i = 0; i < 2;) {
        uint16_t drawn;
        assert_int_equal (getrandom (&drawn, sizeof drawn, 0), sizeof drawn);
        ports[i] = 10000 + drawn % 20000u;
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port = htons ((uint16_t) ports[i])};
        address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
        held[i] = socket (AF_INET, SOCK_STREAM, 0);
        assert_true (held[i] >= 0);
        if (bind (held[i], (struct sockaddr *) &address, sizeof address) == 0) {
            i++;
        } else {
            close (held[i]);
        }
    }
    close (held[0]);
    close (held[1]);
}

static inline zsock_t *chain_socket (int type, const char *endpoint, int mark, bool bind)
{
    zsock_t *socket = zsock_new (type);
    assert_non_null (socket);
    zsock_set_sndhwm (socket, mark);
    zsock_set_rcvhwm (socket, mark);
    zsock_set_linger (socket, 0);
    void *handle = zsock_resolve (socket);
    assert_int_equal (bind ? zmq_bind (handle, endpoint) : zmq_connect (handle, endpoint), 0);
    return socket;
}

static inline void chain_open_store (chain_t *self)
{
    store_options_t options = {.path = self->config->store.path,
                               .sync = false,
                               .max_open_files = 64,
                               .reserve_bytes = self->config->store.reserve_bytes};
    CHECK_OK (store_open (&options, &self->context.store));
    CHECK_OK (archive_load (self->context.store, &self->context.archive));
}

static inline void chain_close_store (chain_t *self)
{
    archive_destroy (&self->context.archive);
    store_close (&self->context.store);
}

//  A closed socket gives its inproc name back some time later; a context gives all of them back when it ends.
static inline void chain_begin_sockets (void)
{
    zsys_init ();
    zsys_handler_set (NULL);
}

static inline int chain_setup (void **state)
{
    char yaml[1024], fault[256];
    unsigned ports[2];
    chain_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    log_set_level (LEVEL_ERROR);
    chain_begin_sockets ();
    strcpy (self->directory, "/tmp/fep-test-chain-XXXXXX");
    assert_non_null (mkdtemp (self->directory));
    chain_ports (ports);
    snprintf (yaml, sizeof yaml,
              "store: {path: %s/store, reserve_bytes: 1048576}\n"
              "storage: {durability: os, linger_us: 200}\n"
              "feed: {port: %u, tick_ms: 50}\ndoor: {port: %u}\n"
              "history: {checkpoint_ms: 100}\n"
              "listeners:\n  - {name: a, address: 127.0.0.1, port: 7600, codec: gdw1376}\n",
              self->directory, ports[0], ports[1]);
    fep_err_t error = config_parse (bytes_text (yaml), "test", &self->config, fault, sizeof fault);
    if (error != FEP_OK) {
        fail_msg ("%s", fault);
    }
    self->context.config = self->config;
    self->context.boot = CHAIN_BOOT;
    self->context.started_ms = clock_wall_ms ();
    self->context.epoch = (uint64_t) self->context.started_ms;
    self->batch = batch_new ();
    self->packed = malloc (1 << 20);
    assert_non_null (self->packed);
    chain_open_store (self);
    *state = self;
    return 0;
}

static inline host_t *chain_host (chain_t *self, const actor_class_t *first,
                                  const actor_class_t *second)
{
    const host_actor_t actors[] = {{first, 0}, {second, 0}};
    host_t *host = host_new (&self->context, actors, second ? 2 : 1);
    assert_non_null (host);
    assert_true (self->host_count < CHAIN_HOSTS);
    self->hosts[self->host_count++] = host;
    return host;
}

//  Storage alone: the mailboxes of its followers are ours, and nobody reads them.
static inline host_t *chain_storage (chain_t *self)
{
    static const char *const endpoints[] = {AT_PUBLISHER, AT_PUBLISHER_NOTES, AT_HISTORY};
    for (int i = 0; i < 3; i++) {
        self->followers[i] = chain_socket (ZMQ_PULL, endpoints[i], MARK_HINT, true);
    }
    return chain_host (self, &storage_class, NULL);
}

static inline void chain_connect (chain_t *self)
{
    char endpoint[64];
    snprintf (endpoint, sizeof endpoint, AT_CONNECTOR, 0);
    self->durable = chain_socket (ZMQ_PULL, endpoint, MARK_CHAIN, true);
    self->push = chain_socket (ZMQ_PUSH, AT_STORAGE, MARK_CHAIN, false);
}

//  Tells an actor to drain and leave; waits until it says it has.
static inline void chain_stop (host_t *host, size_t index)
{
    int64_t until_ms = clock_mono_ms () + WAIT_MS;
    size_t stopped = SIZE_MAX;
    host_stop_actor (host, index);
    while (host_news (host, &stopped) != HOST_STOPPED || stopped != index) {
        struct pollfd ready = {.fd = host_fd (host), .events = POLLIN};
        assert_true (clock_mono_ms () < until_ms);
        (void) poll (&ready, 1, 20);
    }
}

//  The test's own sockets are destroyed before.
static inline void chain_end_hosts (chain_t *self)
{
    while (self->host_count) {
        host_destroy (&self->hosts[--self->host_count]);
    }
    zsock_destroy (&self->push);
    zsock_destroy (&self->durable);
    for (int i = 0; i < 3; i++) {
        zsock_destroy (&self->followers[i]);
    }
    zsys_shutdown ();
}

static inline int chain_teardown (void **state)
{
    chain_t *self = *state;
    chain_end_hosts (self);
    chain_close_store (self);
    config_destroy (&self->config);
    batch_destroy (&self->batch);
    free (self->packed);
    nftw (self->directory, chain_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free (self);
    return 0;
}

//  ---- The producer ----

//  A reading of terminal `terminal` at an instant of its own; values grow with the instant.
static inline void chain_reading (chain_t *self, uint32_t terminal, int64_t instant)
{
    message_t *message = batch_message (self->batch, MESSAGE_READING);
    message->terminal = terminal;
    message->mp = 1;
    message->received_ms = clock_wall_ms ();
    message->time_ms = 1700000000000 + instant * 60000;
    message->address = bytes_text ("T1");
    for (uint32_t i = 0; i < CHAIN_ITEMS; i++) {
        batch_item (self->batch, CHAIN_POINT + i, value_decimal (instant * 10 + i, -2, 0));
    }
}

static inline int64_t chain_reading_sum (int64_t instant)
{
    return CHAIN_ITEMS * instant * 10 + CHAIN_ITEMS * (CHAIN_ITEMS - 1) / 2;
}

//  Sends what was filled as the next batch, without waiting. False if there is no room; it stays filled.
static inline bool chain_try (chain_t *self, void *push)
{
    batch_head_t head = {.origin = 1,
                         .number = self->number + 1,
                         .boot = CHAIN_BOOT,
                         .messages = (uint32_t) self->batch->message_count};
    writer_t out = writer_of (self->packed, 1 << 20);
    CHECK_OK (pack_batch (self->batch, &head, &out));
    if (zmq_send (push, WORD_BATCH, strlen (WORD_BATCH), ZMQ_DONTWAIT | ZMQ_SNDMORE) < 0) {
        assert_int_equal (zmq_errno (), EAGAIN);
        return false;
    }
    assert_true (zmq_send (push, out.data, out.size, ZMQ_DONTWAIT) >= 0);
    self->number++;
    self->messages += self->batch->message_count;
    batch_clear (self->batch);
    return true;
}

//  The same, with time for room to come.
static inline void chain_send (chain_t *self)
{
    void *push = zsock_resolve (self->push);
    zmq_pollitem_t room = {.socket = push, .events = ZMQ_POLLOUT};
    int64_t until_ms = clock_mono_ms () + WAIT_MS;
    while (!chain_try (self, push)) {
        assert_true (clock_mono_ms () < until_ms);
        assert_true (zmq_poll (&room, 1, WAIT_MS) == 1);
    }
}

//  Takes one word and body. False if nothing comes in time.
static inline bool chain_receive (zsock_t *socket, char *word, size_t word_size, zframe_t **body)
{
    void *handle = zsock_resolve (socket);
    zmq_pollitem_t input = {.socket = handle, .events = ZMQ_POLLIN};
    if (zmq_poll (&input, 1, WAIT_MS) != 1) {
        return false;
    }
    int size = zmq_recv (handle, word, word_size - 1, 0);
    assert_true (size >= 0 && (size_t) size < word_size);
    word[size] = 0;
    *body = zframe_recv (socket);
    return *body != NULL;
}

//  Waits until storage says that batch is on disk; the numbers told only grow.
static inline void chain_wait_durable (chain_t *self, uint64_t number)
{
    while (self->told < number) {
        char word[16];
        zframe_t *body = NULL;
        assert_true (chain_receive (self->durable, word, sizeof word, &body));
        assert_string_equal (word, WORD_DURABLE);
        reader_t in = reader_of (bytes_of (zframe_data (body), zframe_size (body)));
        uint64_t told = reader_u64be (&in);
        assert_false (in.failed);
        assert_true (told > self->told && told <= self->number);
        self->told = told;
        zframe_destroy (&body);
    }
}

//  ---- What the journal holds ----

typedef struct {
    uint64_t records;   //  Commits
    uint64_t messages;  //  In them
    uint64_t items;     //  In them
    uint64_t changed;   //  Items with quality changed
    uint64_t raw;       //  Messages with bytes of their frame
    int64_t sum;        //  Of the items of readings
    uint64_t number;    //  Of the last batch
} journal_t;

static inline void chain_read_record (const record_t *record, journal_t *journal)
{
    cursor_t cursor = cursor_of (record->batches);
    batch_head_t head;
    message_t message;
    item_t item;
    CHECK_OK (pack_check (record->batches));
    while (cursor_batch (&cursor, &head) == FEP_OK) {
        assert_int_equal (head.boot, CHAIN_BOOT);
        assert_true (head.number > journal->number);
        journal->number = head.number;
        while (cursor_message (&cursor, &message) == FEP_OK) {
            journal->messages++;
            journal->raw += message.raw.size ? 1 : 0;
            while (cursor_item (&cursor, &item) == FEP_OK) {
                journal->items++;
                journal->changed += item.value.quality & QUALITY_CHANGED ? 1 : 0;
                journal->sum += message_is_reading (message.kind) ? item.value.mantissa : 0;
            }
        }
    }
}

//  Walks it all; sequences stand without a gap.
static inline journal_t chain_journal (chain_t *self)
{
    journal_t journal = {.records = 0};
    walker_t *walker = NULL;
    record_t record;
    CHECK_OK (walker_open (self->context.store, 1, &walker));
    while (walker_next (walker, &record) == FEP_OK) {
        assert_int_equal (record.sequence, ++journal.records);
        chain_read_record (&record, &journal);
    }
    walker_close (&walker);
    return journal;
}

//  ---- What the real storage makes of it ----

typedef struct {
    int64_t committed;  //  Messages
    int64_t repeated;   //  Messages
    int64_t items;      //  Repeated
} counts_t;

static inline counts_t chain_counts (void)
{
    return (counts_t){metric_get (METRIC_messages_committed), metric_get (METRIC_messages_repeated),
                      metric_get (METRIC_items_repeated)};
}

//  Messages sent = committed + repeated; the journal's sum is the sum of what was sent once.
static inline void chain_expect_agreement (chain_t *chain, counts_t before)
{
    counts_t now = chain_counts ();
    journal_t journal = chain_journal (chain);
    assert_int_equal (now.committed - before.committed + now.repeated - before.repeated,
                      chain->messages);
    assert_int_equal (journal.messages, now.committed - before.committed);
    assert_true (journal.sum == chain->sum);
    assert_int_equal (journal.changed, 0);
    assert_int_equal (journal.records, store_head (chain->context.store));
}

//  New readings, and every fifth batch brings an older one again beside a new one, or alone.
static inline void chain_send_mixed (chain_t *chain, int64_t from, int64_t count)
{
    for (int64_t i = from; i < from + count; i++) {
        chain_reading (chain, 1, i);
        chain->sum += chain_reading_sum (i);
        if (i % 5 == 4) {
            chain_reading (chain, 1, i - 3);
        }
        chain_send (chain);
        if (i % 5 == 0) {
            chain_reading (chain, 1, i);
            chain_send (chain);
        }
    }
}

#endif
