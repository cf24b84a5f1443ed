//  Storage: group commit of the journal. Takes BATCH from the chain, leaves out what repeats an earlier
//  identity, marks what changed, commits, tells each origin what is DURABLE and the followers what was
//  COMMITTED. Below the store's reserve it stalls: nothing is confirmed, terminals wait; it goes on by itself.
//
//  Words it takes: BATCH.
#include "actors/actor.h"
#include "actors/alarms.h"
#include "actors/identity.h"
#include "fep/clock.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include "fep/pack.h"
#include <stdlib.h>
#include <string.h>

#define ORIGINS_MAX 32         //  Control is 0, connectors 1.., ORIGIN_ALARM
#define TRIM_US 10000000       //  Between looks at retention
#define JUMP_MS 3600000        //  A wall clock that moved more stops retention by age
#define SPACE_RETRY_US 100000  //  While below the reserve
#define BUFFER_FIRST                                                                               \
    65536  //  Bytes the first commit buffer begins with; later ones as the one before

typedef struct {
    int socket;        //  PUSH to it; -1: control, which needs none yet
    uint64_t taken;    //  Highest batch number in hand or committed
    uint64_t durable;  //  Highest on disk
    uint64_t told;     //  Highest it knows of
} origin_t;

typedef struct {
    uint64_t messages;  //  In the buffer
    uint64_t items;     //  In the buffer
    uint64_t readings;  //  Items of readings among them
    uint64_t batches;   //  In the buffer
    uint64_t alarms;    //  Messages of alarms among them
} tally_t;

typedef struct {
    actor_t *actor;                          //  Frame
    store_t *store;                          //  Borrowed
    int publisher, history, account, notes;  //  Mailboxes
    origin_t origins[ORIGINS_MAX];           //  By number
    identity_t *identity;                    //  What is in the chain
    uint8_t *buffer;                         //  committed_t, then the batches of the next commit
    size_t buffer_size, buffer_capacity;     //  Of it
    int64_t first_us;                        //  When its first batch came
    tally_t tally;                           //  Of the buffer
    bool no_space;                           //  Below the reserve
    batch_t *rebuilt;                        //  For batches that lose items
    item_t items[BATCH_ITEMS_MAX];           //  Of the message at hand
    uint32_t quality_at[BATCH_ITEMS_MAX];    //  Where each one's quality is
    identity_verdict_t verdicts[BATCH_ITEMS_MAX];  //  On each
    bool repeat[BATCH_ITEMS_MAX];                  //  Of all items of the batch at hand, in order
    size_t judged;                                 //  Of them
    int64_t trim_us;                               //  Next look at retention
    int64_t clock_base_ms;                         //  Wall minus monotonic at start
    bool trim_paused;                              //  The wall clock jumped
} storage_t;

//  ---- The commit buffer ----

static void s_buffer_new (storage_t *self)
{
    self->buffer_capacity = self->buffer_capacity ? self->buffer_capacity : BUFFER_FIRST;
    self->buffer = malloc (self->buffer_capacity);
    FEP_ASSERT (self->buffer);
    self->buffer_size = sizeof (committed_t);
    self->tally = (tally_t){.messages = 0};
}

static uint8_t *s_buffer_room (storage_t *self, size_t size)
{
    if (self->buffer_size + size > self->buffer_capacity) {
        while (self->buffer_size + size > self->buffer_capacity) {
            self->buffer_capacity *= 2;
        }
        self->buffer = realloc (self->buffer, self->buffer_capacity);
        FEP_ASSERT (self->buffer);
    }
    return self->buffer + self->buffer_size;
}

//  ---- Identity ----

//  Verdicts on the items of a message; one by one where each has its own instant.
static void s_judge (storage_t *self, const message_t *message, const item_t items[])
{
    if (message->step_ms == 0) {
        identity_check (self->identity, message, message->time_ms, items, message->count,
                        self->verdicts);
        return;
    }
    for (uint32_t i = 0; i < message->count; i++) {
        identity_check (self->identity, message, message_item_time (message, i), &items[i], 1,
                        &self->verdicts[i]);
    }
}

//  Reads a message's items; FEP_OK when all are there.
static fep_err_t s_items (storage_t *self, cursor_t *cursor, const message_t *message)
{
    for (uint32_t i = 0; i < message->count; i++) {
        fep_err_t error = cursor_item (cursor, &self->items[i]);
        if (error != FEP_OK) {
            return error;
        }
        self->quality_at[i] = (uint32_t) cursor->quality_at;
    }
    return FEP_OK;
}

//  Patches what changed; returns how many items repeat.
static uint32_t s_mark_changed (storage_t *self, const cursor_t *cursor, uint8_t *memory,
                                const message_t *message)
{
    uint32_t repeats = 0;
    for (uint32_t i = 0; i < message->count; i++) {
        self->repeat[self->judged + i] = self->verdicts[i] == IDENTITY_REPEAT;
        repeats += self->verdicts[i] == IDENTITY_REPEAT ? 1 : 0;
        if (self->verdicts[i] == IDENTITY_CHANGED) {
            cursor_t at = *cursor;
            at.quality_at = self->quality_at[i];
            cursor_patch_quality (&at, memory, self->items[i].value.quality | QUALITY_CHANGED);
            metric_add (METRIC_items_changed, 1);
        }
    }
    self->judged += message->count;
    return repeats;
}

//  Looks at every message of a batch. *repeats: items that are not to be journalled again.
static fep_err_t s_inspect (storage_t *self, uint8_t *memory, bytes_t body, tally_t *tally,
                            uint32_t *repeats, batch_head_t *head)
{
    cursor_t cursor = cursor_of (body);
    message_t message;
    fep_err_t error = cursor_batch (&cursor, head);
    self->judged = 0;
    while (error == FEP_OK) {
        error = cursor_message (&cursor, &message);
        if (error == FEP_OK && self->judged + message.count > BATCH_ITEMS_MAX) {
            error = FEP_LIMIT;
        }
        if (error == FEP_OK) {
            error = s_items (self, &cursor, &message);
        }
        if (error == FEP_OK) {
            s_judge (self, &message, self->items);
            *repeats += s_mark_changed (self, &cursor, memory, &message);
            tally->messages++;
            tally->items += message.count;
            tally->readings += message_is_reading (message.kind) ? message.count : 0;
            tally->alarms += message.kind == MESSAGE_ALARM ? 1 : 0;
        }
    }
    return error == FEP_NOT_FOUND ? FEP_OK : error;
}

//  ---- Batches that lose items ----

//  Copies the items from..to of a message; a part of a curve begins at its own instant.
static void s_rebuild_run (storage_t *self, const message_t *message, uint32_t from, uint32_t to,
                           bytes_t *raw)
{
    message_t *copy = batch_message (self->rebuilt, message->kind);
    uint32_t first = copy->first;
    *copy = *message;
    copy->first = first;
    copy->count = 0;
    copy->time_ms = message->step_ms ? message_item_time (message, from) : message->time_ms;
    copy->raw = *raw;
    *raw = (bytes_t){NULL, 0};
    uint16_t quality = 0;
    for (uint32_t i = from; i < to; i++) {
        if (self->verdicts[i] != IDENTITY_REPEAT) {
            batch_item (self->rebuilt, self->items[i].point, self->items[i].value);
            quality |= self->items[i].value.quality;
        }
    }
    //  What was suspect may be among the repeats.
    if (copy->kind == MESSAGE_HELD && !(quality & QUALITY_SUSPECT)) {
        copy->kind = MESSAGE_READING;
    }
}

//  Leaves out what was judged a repeat before. The frame's bytes go with its first message that is kept.
static void s_rebuild_message (storage_t *self, const message_t *message, bytes_t *raw,
                               const bool repeat[])
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < message->count; i++) {
        self->verdicts[i] = repeat[i] ? IDENTITY_REPEAT : IDENTITY_NEW;
        kept += repeat[i] ? 0 : 1;
    }
    *raw = message->raw.size ? message->raw : *raw;
    if (message->count && !kept) {
        metric_add (METRIC_messages_repeated, 1);
        return;
    }
    if (message->step_ms == 0 || kept == message->count) {
        s_rebuild_run (self, message, 0, message->count, raw);
        return;
    }
    for (uint32_t from = 0; from < message->count;) {
        uint32_t to = from;
        while (to < message->count && !repeat[to]) {
            to++;
        }
        if (to > from) {
            s_rebuild_run (self, message, from, to, raw);
        }
        from = to + 1;
    }
}

//  Packs the batch again without its repeats, behind the buffer.
static fep_err_t s_rebuild (storage_t *self, bytes_t body, tally_t *tally)
{
    cursor_t cursor = cursor_of (body);
    batch_head_t head;
    message_t message;
    bytes_t raw = {NULL, 0};
    uint32_t terminal = 0;
    const bool *repeat = self->repeat;
    fep_err_t error = cursor_batch (&cursor, &head);
    batch_clear (self->rebuilt);
    *tally = (tally_t){.messages = 0};
    while (error == FEP_OK && (error = cursor_message (&cursor, &message)) == FEP_OK) {
        error = s_items (self, &cursor, &message);
        //  Bytes left over from a frame that repeats whole are nobody else's; nothing of a frame stands behind RESULT.
        if (message.terminal != terminal || message.kind == MESSAGE_LINK ||
            message.kind == MESSAGE_RESULT) {
            raw = (bytes_t){NULL, 0};
        }
        terminal = message.terminal;
        if (error == FEP_OK) {
            s_rebuild_message (self, &message, &raw, repeat);
            repeat += message.count;
        }
    }
    if (error != FEP_NOT_FOUND || self->rebuilt->failed) {
        return error == FEP_NOT_FOUND ? FEP_LIMIT : error;
    }
    for (size_t i = 0; i < self->rebuilt->message_count; i++) {
        const message_t *kept = &self->rebuilt->messages[i];
        tally->messages++;
        tally->items += kept->count;
        tally->readings += message_is_reading (kept->kind) ? kept->count : 0;
        tally->alarms += kept->kind == MESSAGE_ALARM ? 1 : 0;
    }
    if (!self->rebuilt->message_count) {
        return FEP_OK;
    }
    head.messages = (uint32_t) self->rebuilt->message_count;
    size_t bound = pack_bound (self->rebuilt);
    writer_t out = writer_of (s_buffer_room (self, bound), bound);
    error = pack_batch (self->rebuilt, &head, &out);
    self->buffer_size += error == FEP_OK ? out.size : 0;
    return error;
}

//  ---- Commit ----

static void s_tell_origins (storage_t *self)
{
    for (int i = 0; i < ORIGINS_MAX; i++) {
        origin_t *origin = &self->origins[i];
        uint8_t memory[8];
        writer_t out = writer_of (memory, sizeof memory);
        if (origin->socket < 0 || origin->told == origin->durable) {
            continue;
        }
        writer_u64be (&out, origin->durable);
        if (actor_send (self->actor, origin->socket, WORD_DURABLE, writer_bytes (&out)) == FEP_OK) {
            origin->told = origin->durable;
        }
    }
}

static void s_all_durable (storage_t *self)
{
    metric_set (METRIC_storage_queue, 0);
    for (int i = 0; i < ORIGINS_MAX; i++) {
        self->origins[i].durable = self->origins[i].taken;
    }
    s_tell_origins (self);
}

static void s_free (void *data, void *hint)
{
    (void) hint;
    free (data);
}

//  Hands the buffer itself to all followers; it is freed when the last has read it.
static void s_tell_followers (storage_t *self, uint64_t sequence, int64_t wall_ms)
{
    const int sockets[] = {self->publisher, self->history, self->account};
    committed_t head = {sequence, wall_ms};
    zmq_msg_t message;
    memcpy (self->buffer, &head, sizeof head);
    zmq_msg_init_data (&message, self->buffer, self->buffer_size, s_free, NULL);
    for (size_t i = 0; i < sizeof sockets / sizeof *sockets; i++) {
        zmq_msg_t copy;
        zmq_msg_init (&copy);
        zmq_msg_copy (&copy, &message);
        if (actor_send_msg (self->actor, sockets[i], WORD_COMMITTED, &copy) != FEP_OK) {
            metric_add (METRIC_hints_dropped, 1);
        }
    }
    zmq_msg_close (&message);
}

static void s_note_space (storage_t *self, bool no_space)
{
    store_stats_t stats;
    uint8_t memory[256];
    writer_t out = writer_of (memory, sizeof memory);
    self->no_space = no_space;
    actor_stall (self->actor, no_space);
    store_stats (self->store, &stats);
    metric_add (METRIC_storage_stalls, no_space ? 1 : 0);
    metric_set (METRIC_storage_stalled, no_space ? 1 : 0);
    log_line (no_space ? LEVEL_ERROR : LEVEL_INFO, no_space ? "STORE-RESERVE" : "STORE-RESERVE-END",
              "free_bytes=%llu reserve_bytes=%llu meaning=\"%s\"",
              (unsigned long long) stats.free_bytes, (unsigned long long) stats.reserve_bytes,
              no_space ? "nothing is confirmed until there is space" : "confirming again");
    wire_put_array (&out, 2);
    wire_put_text (&out, "sys/space");
    wire_put_map (&out, 3);
    wire_pair_bool (&out, "stalled", no_space);
    wire_pair_uint (&out, "free_bytes", stats.free_bytes);
    wire_pair_uint (&out, "reserve_bytes", stats.reserve_bytes);
    if (actor_send (self->actor, self->notes, WORD_NOTE, writer_bytes (&out)) != FEP_OK) {
        metric_add (METRIC_notes_dropped, 1);
    }
}

static void s_count (const storage_t *self, int64_t began_us)
{
    metric_add (METRIC_commits, 1);
    metric_add (METRIC_commit_bytes, (int64_t) (self->buffer_size - sizeof (committed_t)));
    metric_add (METRIC_messages_committed, (int64_t) self->tally.messages);
    metric_add (METRIC_items_committed, (int64_t) self->tally.items);
    metric_add (METRIC_readings_committed, (int64_t) self->tally.readings);
    metric_set (METRIC_identities, (int64_t) identity_count (self->identity));
    metric_set (METRIC_identities_forgotten, (int64_t) identity_forgotten (self->identity));
    metric_commit_us (clock_mono_us () - began_us);
}

//  The rows that the alarms of a commit mean: one for what is raised, none for what is cleared. keys: room for
//  ALARMS_KEY_MAX bytes of each row.
static fep_err_t s_alarm_rows (bytes_t batches, row_t rows[], uint8_t *keys, size_t *count)
{
    cursor_t cursor = cursor_of (batches);
    batch_head_t head;
    message_t message;
    fep_err_t error = FEP_OK;
    while (error == FEP_OK && (error = cursor_batch (&cursor, &head)) == FEP_OK) {
        while (error == FEP_OK && (error = cursor_message (&cursor, &message)) == FEP_OK) {
            writer_t key = writer_of (keys + *count * ALARMS_KEY_MAX, ALARMS_KEY_MAX);
            bool raised = false;
            if (message.kind != MESSAGE_ALARM) {
                continue;
            }
            row_t *row = &rows[(*count)++];
            error = alarms_row (&cursor, &message, &key, &raised);
            if (error == FEP_OK) {
                error = cursor_span (&cursor, &row->value);
            }
            row->family = FAMILY_ALARM;
            row->key = writer_bytes (&key);
            row->value = raised ? row->value : bytes_of (NULL, 0);
        }
        error = error == FEP_NOT_FOUND ? FEP_OK : error;
    }
    return error == FEP_NOT_FOUND ? FEP_OK : error;
}

//  The commit, with the states of its alarms in the same write.
static fep_err_t s_write (storage_t *self, bytes_t batches, int64_t wall_ms, uint64_t *sequence)
{
    size_t most = (size_t) self->tally.alarms;
    size_t count = 0;
    if (!most) {
        return store_commit (self->store, &batches, 1, wall_ms, sequence);
    }
    row_t *rows = malloc (most * sizeof *rows);
    uint8_t *keys = malloc (most * ALARMS_KEY_MAX);
    FEP_ASSERT (rows && keys);
    fep_err_t error = s_alarm_rows (batches, rows, keys, &count);
    if (error == FEP_OK) {
        error = store_commit_rows (self->store, &batches, 1, wall_ms, rows, count, sequence);
    }
    free (rows);
    free (keys);
    return error;
}

static void s_commit (storage_t *self)
{
    int64_t began_us = clock_mono_us ();
    int64_t wall_ms = clock_wall_ms ();
    uint64_t sequence;
    if (self->buffer_size == sizeof (committed_t)) {
        s_all_durable (self);
        return;
    }
    bytes_t batches =
        bytes_of (self->buffer + sizeof (committed_t), self->buffer_size - sizeof (committed_t));
    fep_err_t error = s_write (self, batches, wall_ms, &sequence);
    if (error == FEP_NO_SPACE) {
        if (!self->no_space) {
            s_note_space (self, true);
        }
        return;
    }
    if (error != FEP_OK) {
        actor_stall (self->actor, true);
        actor_fail (self->actor, "COMMIT-FAILED", error);
        return;
    }
    s_count (self, began_us);
    s_all_durable (self);
    s_tell_followers (self, sequence, wall_ms);
    s_buffer_new (self);
    if (self->no_space) {
        s_note_space (self, false);
    }
}

//  ---- Words ----

//  Appends the batch as it came, or without what repeats.
static fep_err_t s_append (storage_t *self, bytes_t body, uint8_t *memory, batch_head_t *head)
{
    tally_t tally = {.messages = 0};
    uint32_t repeats = 0;
    fep_err_t error = s_inspect (self, memory, body, &tally, &repeats, head);
    if (error == FEP_OK && repeats) {
        metric_add (METRIC_items_repeated, repeats);
        error = s_rebuild (self, body, &tally);
    } else if (error == FEP_OK) {
        memcpy (s_buffer_room (self, body.size), body.data, body.size);
        self->buffer_size += body.size;
    }
    if (error == FEP_OK) {
        self->tally.messages += tally.messages;
        self->tally.items += tally.items;
        self->tally.readings += tally.readings;
        self->tally.alarms += tally.alarms;
    }
    return error;
}

static fep_err_t s_on_batch (void *arg, actor_t *actor, bytes_t body)
{
    storage_t *self = arg;
    batch_head_t head = {0};
    bool empty = self->buffer_size == sizeof (committed_t);
    fep_err_t error = s_append (self, body, actor_body_memory (actor), &head);
    if (error != FEP_OK) {
        //  Our own packer made it: what cannot be read must not be confirmed.
        actor_stall (actor, true);
        actor_fail (actor, "BATCH-UNREADABLE", error);
        return error;
    }
    metric_add (METRIC_batches_taken, 1);
    metric_add (METRIC_storage_queue, 1);
    if (head.origin < ORIGINS_MAX && head.number > self->origins[head.origin].taken) {
        self->origins[head.origin].taken = head.number;
    }
    if (empty) {
        self->first_us = clock_mono_us ();
    }
    if (self->buffer_size >= actor_config (actor)->storage.commit_bytes) {
        s_commit (self);
    }
    return error;
}

//  ---- Retention ----

static bool s_clock_jumped (storage_t *self)
{
    int64_t moved_ms = clock_wall_ms () - clock_mono_ms () - self->clock_base_ms;
    bool jumped = moved_ms > JUMP_MS || moved_ms < -JUMP_MS;
    if (jumped != self->trim_paused) {
        log_line (LEVEL_WARNING, jumped ? "TRIM-PAUSED" : "TRIM-RESUMED",
                  "clock_moved_ms=%lld meaning=\"retention by age waits for the clock\"",
                  (long long) moved_ms);
        self->trim_paused = jumped;
    }
    return jumped;
}

//  One bounded step. Returns when to look again.
static int64_t s_trim (storage_t *self, int64_t now_us)
{
    const config_t *config = actor_config (self->actor);
    store_stats_t stats;
    uint64_t before = 0, first = 0;
    store_stats (self->store, &stats);
    if (!s_clock_jumped (self)) {
        int64_t now_ms = clock_wall_ms ();
        if (store_seek (self->store, now_ms - (int64_t) config->store.journal_ms, &before) !=
                FEP_OK ||
            store_trim_frames (self->store, now_ms - (int64_t) config->store.frame_ms) != FEP_OK) {
            return now_us + TRIM_US;
        }
    }
    if (stats.journal_bytes > config->store.journal_bytes) {
        uint64_t share = stats.first + (stats.head - stats.first) / 32 + 1;
        before = share > before ? share : before;
    }
    if (before <= stats.first || stats.head == 0) {
        return now_us + TRIM_US;
    }
    fep_err_t error = store_trim (self->store, before, &first);
    bool more = error == FEP_OK && first > stats.first && first < before;
    return more ? now_us : now_us + TRIM_US;
}

static int64_t s_tick (void *arg, actor_t *actor, int64_t now_us)
{
    storage_t *self = arg;
    int64_t linger_us = (int64_t) actor_config (actor)->storage.linger_us;
    bool waiting = self->buffer_size > sizeof (committed_t);
    if (self->no_space) {
        if (now_us >= self->trim_us) {
            self->trim_us = s_trim (self, now_us);
        }
        if (store_space (self->store) == FEP_OK) {
            s_commit (self);
        }
        return now_us + SPACE_RETRY_US;
    }
    if (!waiting || now_us - self->first_us >= linger_us) {
        if (waiting) {
            s_commit (self);
        } else {
            s_all_durable (self);
        }
        waiting = false;
    }
    s_tell_origins (self);
    if (now_us >= self->trim_us) {
        self->trim_us = s_trim (self, now_us);
    }
    return waiting ? self->first_us + linger_us : self->trim_us;
}

static bool s_drain (void *arg, actor_t *actor)
{
    storage_t *self = arg;
    (void) actor;
    s_commit (self);
    return self->buffer_size == sizeof (committed_t);
}

//  ---- Start and stop ----

//  Fills the identities from the journal's tail, before anybody listens.
static fep_err_t s_learn (storage_t *self)
{
    int64_t window_ms = (int64_t) actor_config (self->actor)->storage.identity_window_ms;
    uint64_t from;
    walker_t *walker = NULL;
    record_t record;
    fep_err_t error = store_seek (self->store, clock_wall_ms () - window_ms, &from);
    if (error == FEP_OK) {
        error = walker_open (self->store, from, &walker);
    }
    while (error == FEP_OK && (error = walker_next (walker, &record)) == FEP_OK) {
        cursor_t cursor = cursor_of (record.batches);
        batch_head_t head;
        message_t message;
        while (cursor_batch (&cursor, &head) == FEP_OK) {
            while (cursor_message (&cursor, &message) == FEP_OK &&
                   s_items (self, &cursor, &message) == FEP_OK) {
                s_judge (self, &message, self->items);
            }
        }
    }
    walker_close (&walker);
    return error == FEP_NOT_FOUND ? FEP_OK : error;
}

static fep_err_t s_start (void *arg, actor_t *actor)
{
    storage_t *self = arg;
    const config_t *config = actor_config (actor);
    self->actor = actor;
    self->store = actor_context (actor)->store;
    self->identity = identity_new ((size_t) config->storage.identities);
    self->rebuilt = batch_new ();
    self->clock_base_ms = clock_wall_ms () - clock_mono_ms ();
    s_buffer_new (self);
    fep_err_t error = s_learn (self);
    if (error != FEP_OK) {
        return error;
    }
    log_line (LEVEL_INFO, "IDENTITIES", "groups=%zu head=%llu", identity_count (self->identity),
              (unsigned long long) store_head (self->store));
    self->publisher = actor_push (actor, AT_PUBLISHER, MARK_HINT);
    self->history = actor_push (actor, AT_HISTORY, MARK_HINT);
    self->account = actor_push (actor, AT_ACCOUNT, MARK_HINT);
    self->notes = actor_push (actor, AT_PUBLISHER_NOTES, MARK_DOOR);
    bool ok = actor_pull (actor, AT_STORAGE, MARK_CHAIN, true) >= 0 && self->publisher >= 0 &&
              self->history >= 0 && self->account >= 0 && self->notes >= 0;
    for (int i = 0; i < ORIGINS_MAX; i++) {
        self->origins[i].socket = -1;
    }
    for (unsigned i = 0; i < config->connector.count && ok; i++) {
        char endpoint[64];
        snprintf (endpoint, sizeof endpoint, AT_CONNECTOR, i);
        self->origins[i + 1].socket = actor_push (actor, endpoint, MARK_CHAIN);
        ok = self->origins[i + 1].socket >= 0;
    }
    self->origins[ORIGIN_ALARM].socket = actor_push (actor, AT_ALARM_MAIL, MARK_CHAIN);
    ok = ok && self->origins[ORIGIN_ALARM].socket >= 0;
    return ok ? FEP_OK : FEP_SYSTEM;
}

static void s_stop (void *arg, actor_t *actor)
{
    storage_t *self = arg;
    (void) actor;
    identity_destroy (&self->identity);
    batch_destroy (&self->rebuilt);
    free (self->buffer);
}

static const actor_word_t s_words[] = {{WORD_BATCH, s_on_batch}, {NULL, NULL}};

const actor_class_t storage_class = {.name = NAME_STORAGE,
                                     .self_size = sizeof (storage_t),
                                     .start = s_start,
                                     .stop = s_stop,
                                     .tick = s_tick,
                                     .drain = s_drain,
                                     .words = s_words};
