//  Alarm: judges what comes down the chain by the rules and appends what is raised or cleared to the batch that
//  did it, so that both are in one commit. Where that would pass a limit of batches (a storm), what came first
//  goes ahead in batches of our own and the batch follows: a batch is confirmed only after all it has raised is
//  on disk. While there is no room downstream one batch is in hand and none is taken.
//
//  Words it takes: BATCH from the chain; DURABLE from storage; ACK, ALARMS, ARCHIVE from control.
//  An acknowledgement is answered once it is on disk.
#include "actors/actor.h"
#include "actors/answer.h"
#include "actors/alarm_walk.h"
#include "actors/mailq.h"
#include "fep/clock.h"
#include "fep/json.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include <stdlib.h>
#include <string.h>

#define ACKS_MAX 64       //  Waiting for the disk
#define CLIENT_MAX 255    //  Bytes of a client's identity
#define ROWS_MAX 1000     //  Of one page
#define ROW_BYTES 1024    //  Of one alarm at most
#define HEAD_BYTES 512    //  Around the rows, or the body of an answer
#define LEARN_MS 3600000  //  Of the journal's tail: older readings are not sent again
#define PACKED_MAX (2 * BATCH_BYTES_MAX)  //  Bytes of any batch

typedef struct {
    uint64_t number;             //  Of our batch that holds it
    int64_t token;               //  Of the request
    size_t client_size;          //  Of the identity
    uint8_t client[CLIENT_MAX];  //  Who asked
} waiting_t;

typedef struct {
    actor_t *actor;               //  Frame
    store_t *store;               //  Borrowed
    int storage, control;         //  Mailboxes
    alarms_t *alarms;             //  The states
    const config_alarm_t *rules;  //  As taken over last
    batch_t *out;                 //  Said, not sent yet
    bool own;                     //  It goes in a batch of our own
    uint64_t number;              //  Of our last batch
    zmq_msg_t body;               //  The batch in hand
    bool has_body;                //  There is one
    bool walked;                  //  It was looked at to its end
    alarm_walk_t walk;            //  Through it
    waiting_t waiting[ACKS_MAX];  //  By number; a ring
    size_t first, count;          //  Of it
    mailq_t mail;                 //  Answers that wait for room
    uint8_t *page, *answer;       //  Built here
    size_t page_size;             //  Of each
} alarm_actor_t;

static alarms_now_t s_now (void)
{
    return (alarms_now_t){clock_mono_ms (), clock_wall_ms ()};
}

//  ---- Down the chain ----

static void s_free (void *data, void *hint)
{
    (void) hint;
    free (data);
}

static void s_forward (alarm_actor_t *self, uint8_t *memory, size_t size)
{
    zmq_msg_t message;
    zmq_msg_init_data (&message, memory, size, s_free, NULL);
    actor_forward (self->actor, self->storage, WORD_BATCH, &message);
    batch_clear (self->out);
    self->own = false;
}

//  What was said, in a batch of our own.
static void s_send_own (alarm_actor_t *self)
{
    batch_head_t head = {ORIGIN_ALARM, ++self->number, actor_context (self->actor)->boot,
                         (uint32_t) self->out->message_count};
    size_t bound = pack_bound (self->out);
    uint8_t *memory = malloc (bound);
    FEP_ASSERT (memory);
    writer_t out = writer_of (memory, bound);
    fep_err_t error = pack_batch (self->out, &head, &out);
    FEP_ASSERT (error == FEP_OK);
    s_forward (self, memory, out.size);
    metric_add (METRIC_alarm_batches, 1);
}

//  The batch in hand with what it has raised, or without if there is nothing.
static void s_send_body (alarm_actor_t *self)
{
    bytes_t body = bytes_of (zmq_msg_data (&self->body), zmq_msg_size (&self->body));
    self->has_body = false;
    if (self->out->message_count == 0) {
        actor_forward (self->actor, self->storage, WORD_BATCH, &self->body);
        return;
    }
    size_t bound = body.size + pack_bound (self->out);
    uint8_t *memory = malloc (bound);
    FEP_ASSERT (memory);
    writer_t out = writer_of (memory, bound);
    fep_err_t error = pack_append (body, self->out, &out);
    FEP_ASSERT (error == FEP_OK);
    zmq_msg_close (&self->body);
    s_forward (self, memory, out.size);
}

//  What the batch in hand has raised can go with it.
static bool s_fits (const alarm_actor_t *self)
{
    const batch_t *out = self->out;
    return self->walk.head.messages + out->message_count <= BATCH_MESSAGES_MAX &&
           self->walk.items + out->item_count <= BATCH_ITEMS_MAX &&
           zmq_msg_size (&self->body) + pack_bound (out) <= PACKED_MAX;
}

//  Looks on at the batch in hand; sends it when all is looked at and there is room with it.
static void s_walk (alarm_actor_t *self)
{
    fep_err_t error =
        self->walked ? FEP_OK : alarm_walk (&self->walk, self->alarms, s_now (), self->out);
    self->walked = error == FEP_OK;
    if (error == FEP_FULL || (error == FEP_OK && !s_fits (self))) {
        self->own = true;
    } else if (error == FEP_OK) {
        s_send_body (self);
    } else {
        //  Our own packer made it.
        actor_fail (self->actor, "BATCH-UNREADABLE", error);
        zmq_msg_close (&self->body);
        self->has_body = false;
    }
}

//  Does what can be done while there is room downstream.
static void s_work (alarm_actor_t *self)
{
    while (!actor_holding (self->actor)) {
        if (self->own) {
            s_send_own (self);
            continue;
        }
        size_t before = self->out->message_count;
        bool swept = alarms_sweep (self->alarms, s_now (), self->out);
        self->own = self->out->message_count > before || !swept;
        if (self->own) {
            continue;
        }
        if (!self->has_body) {
            break;
        }
        s_walk (self);
    }
    actor_stall (self->actor, self->has_body);
}

static fep_err_t s_on_batch (void *arg, actor_t *actor, bytes_t body)
{
    alarm_actor_t *self = arg;
    (void) body;
    FEP_ASSERT (!self->has_body && !actor_holding (actor));
    metric_add (METRIC_alarm_batches_taken, 1);
    if (self->out->message_count == 0 && alarms_quiet (self->alarms)) {
        actor_forward_body (actor, self->storage, WORD_BATCH);
        return FEP_OK;
    }
    actor_take_body (actor, &self->body);
    self->has_body = true;
    self->walked = false;
    fep_err_t error = alarm_walk_begin (
        &self->walk, bytes_of (zmq_msg_data (&self->body), zmq_msg_size (&self->body)));
    if (error != FEP_OK) {
        actor_stall (actor, true);
        actor_fail (actor, "BATCH-UNREADABLE", error);
        return error;
    }
    s_work (self);
    metric_add (METRIC_alarm_stalls, self->has_body ? 1 : 0);
    return FEP_OK;
}

//  ---- Answers ----

static void s_answer (alarm_actor_t *self, bytes_t client, const char *word, const writer_t *body)
{
    writer_t out = writer_of (self->answer, self->page_size);
    fep_err_t error = answer_put (&out, client, word, body);
    FEP_ASSERT (error == FEP_OK);
    mailq_send (&self->mail, self->actor, self->control, bytes_of (NULL, 0), WORD_ANSWER,
                writer_bytes (&out));
}

static void s_answer_error (alarm_actor_t *self, bytes_t client, int64_t token, fep_err_t error)
{
    uint8_t memory[HEAD_BYTES];
    writer_t out = writer_of (memory, sizeof memory);
    answer_put_error (&out, token, error, NULL);
    s_answer (self, client, "ERROR", &out);
}

static const char *s_state (const alarm_t *alarm)
{
    return alarm->acknowledged ? "acknowledged" : "raised";
}

static void s_row (const alarm_t *alarm, writer_t *out)
{
    char point[64], value[160];
    alarms_point (alarm, point, sizeof point);
    value_text (&alarm->value, value, sizeof value);
    wire_put_map (out, 14);
    wire_pair_text (out, "alarm", alarms_name (alarm));
    wire_pair_text (out, "level", alarms_level (alarm));
    wire_pair_text (out, "state", s_state (alarm));
    wire_pair_text (out, "terminal", alarm->address);
    wire_pair_uint (out, "mp", alarm->mp);
    wire_pair_uint (out, "area", alarm->area);
    wire_pair_text (out, "point", point);
    wire_pair_text (out, "value", value);
    wire_pair_int (out, "since_ms", alarm->raised_ms);
    wire_pair_uint (out, "count", alarm->count);
    wire_pair_bool (out, "settling", alarm->phase == ALARM_SETTLING);
    wire_pair_text (out, "who", alarm->acknowledged ? alarm->ack.who : "");
    wire_pair_text (out, "comment", alarm->acknowledged ? alarm->ack.comment : "");
    wire_pair_int (out, "acknowledged_ms", alarm->acknowledged ? alarm->ack.wall_ms : 0);
}

typedef struct {
    char state[16], level[16];  //  "" = all
    int64_t terminal;           //  Archive number; 0 = all
    uint64_t from;              //  Serial
    int64_t limit;              //  Rows
} filter_t;

static bool s_wanted (const filter_t *filter, const alarm_t *alarm)
{
    return (!filter->state[0] || strcmp (filter->state, s_state (alarm)) == 0) &&
           (!filter->level[0] || strcmp (filter->level, alarms_level (alarm)) == 0) &&
           (!filter->terminal || filter->terminal == alarm->terminal);
}

static filter_t s_filter (bytes_t body)
{
    filter_t filter = {.terminal = wire_find_int (body, "number", 0),
                       .limit = wire_find_int (body, "limit", ROWS_MAX)};
    int64_t from = wire_find_int (body, "from", 0);
    wire_find_text (body, "state", filter.state, sizeof filter.state);
    wire_find_text (body, "level", filter.level, sizeof filter.level);
    filter.from = from > 0 ? (uint64_t) from : 0;
    filter.limit = filter.limit < 1 || filter.limit > ROWS_MAX ? ROWS_MAX : filter.limit;
    return filter;
}

static fep_err_t s_on_alarms (void *arg, actor_t *actor, bytes_t body)
{
    alarm_actor_t *self = arg;
    filter_t filter = s_filter (body);
    size_t room = (size_t) actor_config (actor)->door.page_bytes;
    room = room < self->page_size - HEAD_BYTES ? room : self->page_size - HEAD_BYTES;
    writer_t out = writer_of (self->page, room);
    reader_t client;
    uint32_t rows = 0;
    if (!wire_find (body, "client", &client)) {
        return FEP_CORRUPT;
    }
    bytes_t who = wire_get_bin (&client);
    const alarm_t *alarm = alarms_from (self->alarms, filter.from);
    wire_put_map (&out, 4);
    wire_pair_int (&out, "token", wire_find_int (body, "token", 0));
    wire_pair_uint (&out, "active", alarms_active (self->alarms));
    wire_put_text (&out, "alarms");
    size_t mark = wire_open_array (&out);
    for (; alarm && rows < filter.limit && room - out.size > ROW_BYTES + HEAD_BYTES;
         alarm = alarms_next (alarm)) {
        if (s_wanted (&filter, alarm)) {
            s_row (alarm, &out);
            rows++;
        }
    }
    wire_close_array (&out, mark, rows);
    wire_pair_uint (&out, "next", alarm ? alarm->serial : 0);
    s_answer (self, who, "ALARMS", &out);
    return FEP_OK;
}

//  ---- Acknowledgement ----

//  Words of a client for the journal and the feed: text of UTF-8 without control characters that fits, or nothing.
static bool s_said (bytes_t body, const char *key, char *words, size_t size)
{
    reader_t in;
    words[0] = 0;
    if (!wire_find (body, key, &in)) {
        return true;
    }
    bytes_t text = wire_get_str (&in);
    bool good = !in.failed && text.size < size && json_is_utf8 (text);
    for (size_t i = 0; i < text.size && good; i++) {
        good = text.data[i] >= 0x20 && text.data[i] != 0x7f;
    }
    if (good && text.size) {
        memcpy (words, text.data, text.size);
        words[text.size] = 0;
    }
    return good;
}

static fep_err_t s_ack (alarm_actor_t *self, bytes_t body, bytes_t client)
{
    char rule[ALARMS_NAME_MAX + 1], who[ALARMS_WHO_MAX + 1], comment[ALARMS_COMMENT_MAX + 1];
    int64_t mp = wire_find_int (body, "mp", 0);
    if (!wire_find_text (body, "alarm", rule, sizeof rule)) {
        return FEP_NOT_FOUND;
    }
    if (!s_said (body, "who", who, sizeof who) || !who[0] ||
        !s_said (body, "comment", comment, sizeof comment) || mp < 0 || mp > UINT16_MAX ||
        client.size > CLIENT_MAX) {
        return FEP_RANGE;
    }
    if (self->count == ACKS_MAX || alarms_ripe (self->out)) {
        return FEP_BUSY;
    }
    fep_err_t error = alarms_ack (self->alarms, rule, (uint32_t) wire_find_int (body, "number", 0),
                                  (uint16_t) mp, who, comment, s_now (), self->out);
    if (error != FEP_OK) {
        return error;
    }
    waiting_t *waiting = &self->waiting[(self->first + self->count++) % ACKS_MAX];
    waiting->number = self->number + 1;
    waiting->token = wire_find_int (body, "token", 0);
    waiting->client_size = client.size;
    memcpy (waiting->client, client.data, client.size);
    self->own = true;
    log_line (LEVEL_INFO, "ALARM-ACK", "alarm=\"%s\" terminal_number=%lld mp=%lld who=\"%s\"", rule,
              (long long) wire_find_int (body, "number", 0), (long long) mp, who);
    return FEP_OK;
}

static fep_err_t s_on_ack (void *arg, actor_t *actor, bytes_t body)
{
    alarm_actor_t *self = arg;
    reader_t client;
    (void) actor;
    if (!wire_find (body, "client", &client)) {
        return FEP_CORRUPT;
    }
    bytes_t who = wire_get_bin (&client);
    fep_err_t error = s_ack (self, body, who);
    if (error != FEP_OK) {
        s_answer_error (self, who, wire_find_int (body, "token", 0), error);
    }
    s_work (self);
    return FEP_OK;
}

static fep_err_t s_on_durable (void *arg, actor_t *actor, bytes_t body)
{
    alarm_actor_t *self = arg;
    reader_t in = reader_of (body);
    uint64_t durable = reader_u64be (&in);
    (void) actor;
    while (self->count && self->waiting[self->first].number <= durable) {
        const waiting_t *waiting = &self->waiting[self->first];
        uint8_t memory[HEAD_BYTES];
        writer_t out = writer_of (memory, sizeof memory);
        wire_put_map (&out, 2);
        wire_pair_int (&out, "token", waiting->token);
        wire_pair_text (&out, "state", "acknowledged");
        s_answer (self, bytes_of (waiting->client, waiting->client_size), "ACK", &out);
        self->first = (self->first + 1) % ACKS_MAX;
        self->count--;
    }
    return in.failed ? FEP_CORRUPT : FEP_OK;
}

//  ---- Archive ----

static fep_err_t s_terminal (void *arg, const archive_entry_t *entry)
{
    alarm_actor_t *self = arg;
    const terminal_t *terminal = entry->terminal;
    alarms_terminal (self->alarms, terminal->number, terminal->groups, terminal->present);
    return FEP_OK;
}

static fep_err_t s_read_groups (alarm_actor_t *self)
{
    static char names[ARCHIVE_GROUPS_MAX][ARCHIVE_NAME_MAX + 1];
    fep_err_t error = archive_group_names (self->store, names);
    if (error == FEP_OK) {
        alarms_groups (self->alarms, names);
    }
    return error;
}

static fep_err_t s_on_archive (void *arg, actor_t *actor, bytes_t body)
{
    alarm_actor_t *self = arg;
    reader_t in;
    fep_err_t error = s_read_groups (self);
    (void) actor;
    if (error == FEP_OK && wire_find (body, "numbers", &in)) {
        uint32_t count = wire_get_array (&in);
        while (count-- > 0 && !in.failed && error == FEP_OK) {
            uint64_t number = wire_get_uint (&in);
            if (!in.failed && number <= ARCHIVE_NUMBERS_MAX) {
                error = archive_read (self->store, (uint32_t) number, s_terminal, self);
                error = error == FEP_NOT_FOUND ? FEP_OK : error;
            }
        }
    } else if (error == FEP_OK) {
        error = archive_each (self->store, s_terminal, self);
    }
    s_work (self);
    return error;
}

//  ---- Time ----

//  Rules of a reloaded configuration stand at another address.
static void s_reload (alarm_actor_t *self)
{
    const config_t *config = actor_config (self->actor);
    if (config->alarms != self->rules) {
        self->rules = config->alarms;
        alarms_rules (self->alarms, config->alarms, config->alarm_count);
        log_line (LEVEL_INFO, "ALARM-RULES", "rules=%u", config->alarm_count);
    }
}

static int64_t s_tick (void *arg, actor_t *actor, int64_t now_us)
{
    alarm_actor_t *self = arg;
    s_reload (self);
    mailq_flush (&self->mail, actor);
    alarms_now_t now = s_now ();
    if (alarms_deadline (self->alarms) <= now.mono_ms && !alarms_ripe (self->out)) {
        alarms_tick (self->alarms, now, self->out);
        self->own = self->own || (self->out->message_count && !self->has_body);
    }
    s_work (self);
    int64_t deadline_ms = alarms_deadline (self->alarms);
    if (mailq_count (&self->mail) || self->has_body || self->out->message_count) {
        return now_us + 1000;
    }
    return deadline_ms == INT64_MAX ? INT64_MAX : deadline_ms * 1000;
}

static bool s_drain (void *arg, actor_t *actor)
{
    alarm_actor_t *self = arg;
    (void) actor;
    s_work (self);
    return !self->has_body && !self->out->message_count;
}

//  ---- Start and stop ----

static fep_err_t s_load (void *arg, bytes_t key, bytes_t value)
{
    alarm_actor_t *self = arg;
    (void) key;
    return alarms_load (self->alarms, value, s_now ());
}

//  Times of readings judged before, so that what a terminal sends again does not raise what is gone.
static fep_err_t s_learn (alarm_actor_t *self)
{
    uint64_t from;
    walker_t *walker = NULL;
    record_t record;
    fep_err_t error = store_seek (self->store, clock_wall_ms () - LEARN_MS, &from);
    if (error == FEP_OK) {
        error = walker_open (self->store, from, &walker);
    }
    while (error == FEP_OK && (error = walker_next (walker, &record)) == FEP_OK) {
        alarm_walk_seen (record.batches, self->alarms, s_now ());
    }
    walker_close (&walker);
    return error == FEP_NOT_FOUND ? FEP_OK : error;
}

//  All that was known before the first batch is taken.
static fep_err_t s_know (alarm_actor_t *self)
{
    const config_t *config = actor_config (self->actor);
    self->rules = config->alarms;
    alarms_rules (self->alarms, config->alarms, config->alarm_count);
    fep_err_t error = s_read_groups (self);
    if (error == FEP_OK) {
        error = archive_each (self->store, s_terminal, self);
    }
    if (error == FEP_OK) {
        error = store_each (self->store, FAMILY_ALARM, bytes_of (NULL, 0), s_load, self);
    }
    if (error == FEP_FULL) {
        log_line (LEVEL_ERROR, "ALARM-STATES",
                  "alarm.states=%llu problem=\"more alarms are raised than that; raise the limit\"",
                  (unsigned long long) config->alarm.states);
    }
    if (error == FEP_OK && (!alarms_skip (self->alarms, MESSAGE_READING) ||
                            !alarms_skip (self->alarms, MESSAGE_EVENT))) {
        error = s_learn (self);
    }
    log_line (LEVEL_INFO, "ALARMS", "rules=%u raised=%zu states=%zu", config->alarm_count,
              alarms_active (self->alarms), alarms_states (self->alarms));
    return error;
}

static fep_err_t s_start (void *arg, actor_t *actor)
{
    alarm_actor_t *self = arg;
    self->actor = actor;
    self->store = actor_context (actor)->store;
    self->alarms = alarms_new ((size_t) actor_config (actor)->alarm.states);
    self->out = batch_new ();
    self->page_size = (size_t) ROWS_MAX * ROW_BYTES + 4 * HEAD_BYTES;
    self->page = malloc (self->page_size);
    self->answer = malloc (self->page_size);
    FEP_ASSERT (self->page && self->answer);
    fep_err_t error = s_know (self);
    if (error != FEP_OK) {
        return error;
    }
    self->storage = actor_push (actor, AT_STORAGE, MARK_CHAIN);
    self->control = actor_dealer (actor, AT_CONTROL, MARK_MAIL);
    if (self->storage < 0 || self->control < 0 ||
        actor_pull (actor, AT_ALARM, MARK_CHAIN, true) < 0 ||
        actor_pull (actor, AT_ALARM_MAIL, MARK_CHAIN, false) < 0) {
        return FEP_SYSTEM;
    }
    return actor_send (actor, self->control, WORD_HELLO, bytes_of (NULL, 0));
}

static void s_stop (void *arg, actor_t *actor)
{
    alarm_actor_t *self = arg;
    (void) actor;
    if (self->has_body) {
        zmq_msg_close (&self->body);
    }
    mailq_clear (&self->mail);
    alarms_destroy (&self->alarms);
    batch_destroy (&self->out);
    free (self->page);
    free (self->answer);
}

static const actor_word_t s_words[] = {{WORD_BATCH, s_on_batch},     {WORD_DURABLE, s_on_durable},
                                       {WORD_ACK, s_on_ack},         {WORD_ALARMS, s_on_alarms},
                                       {WORD_ARCHIVE, s_on_archive}, {NULL, NULL}};

const actor_class_t alarm_class = {.name = NAME_ALARM,
                                   .self_size = sizeof (alarm_actor_t),
                                   .start = s_start,
                                   .stop = s_stop,
                                   .tick = s_tick,
                                   .drain = s_drain,
                                   .words = s_words};
