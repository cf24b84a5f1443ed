//  Requests on their way to a terminal and back: REQUEST from control, ANSWER with a RESULT to control. And the
//  profiles that requests name: PROFILE from control, before the first request that needs it.
#include "actors/answer.h"
#include "actors/connector.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include <stdlib.h>
#include <string.h>

#define ANSWER_BYTES 1024
#define SEAL_ROOM 2048  //  Of a SEAL
#define POLLS_PER_TURN 32
#define POLLS_LEAST 8
#define READY_FEW 32  //  Connections ready at once: more are a crowd that waits

//  Schedule and account, which are no clients, are told of which measuring points the journal says it too.
static void s_answer (connector_t *self, bytes_t client, int64_t token, fep_err_t error,
                      uint8_t code, const char *said, uint32_t journalled, uint32_t values)
{
    uint8_t memory[ANSWER_BYTES], inner_memory[ANSWER_BYTES / 2];
    writer_t out = writer_of (memory, sizeof memory);
    writer_t inner = writer_of (inner_memory, sizeof inner_memory);
    wire_put_map (&inner, 4u + (said ? 1 : 0) + (client.size ? 0 : 2));
    wire_pair_int (&inner, "token", token);
    wire_pair_text (&inner, "error", fep_err_name (error));
    wire_pair_text (&inner, "text", fep_err_text (error));
    wire_pair_uint (&inner, "code", code);
    if (said) {
        wire_pair_text (&inner, "said", said);
    }
    if (!client.size) {
        wire_pair_uint (&inner, "journalled", journalled);
        wire_pair_uint (&inner, "values", values);
    }
    fep_err_t put = answer_put (&out, client, "RESULT", &inner);
    FEP_ASSERT (put == FEP_OK);
    mailq_send (&self->links, self->actor, self->control, bytes_of (NULL, 0), WORD_ANSWER,
                writer_bytes (&out));
}

static void s_free (connector_t *self, ask_t *ask)
{
    free (ask->client);
    places_give (&self->places, ask->number);
    *ask = (ask_t){.number = 0};
}

//  A session's request has ended.
void connector_result (void *arg, const session_t *session, uint64_t token, fep_err_t error,
                       uint8_t code, const char *said, uint32_t journalled, uint32_t values)
{
    connector_t *self = arg;
    ask_t *ask = &self->asks[place_of (token)];
    (void) session;
    FEP_ASSERT (ask->number == token);
    s_answer (self, bytes_of (ask->client, ask->client_size), ask->token, error, code, said,
              journalled, values);
    s_free (self, ask);
}

//  What a REQUEST says, in the order in which control writes it.
#define FIELDS(FIELD)                                                                              \
    FIELD (session)                                                                                \
    FIELD (token)                                                                                  \
    FIELD (mp)                                                                                     \
    FIELD (kind)                                                                                   \
    FIELD (freeze)                                                                                 \
    FIELD (from_ms)                                                                                \
    FIELD (to_ms)                                                                                  \
    FIELD (event_from)                                                                             \
    FIELD (event_to)                                                                               \
    FIELD (important)                                                                              \
    FIELD (priority)                                                                               \
    FIELD (tries)                                                                                  \
    FIELD (task)                                                                                   \
    FIELD (slot_ms)                                                                                \
    FIELD (run)                                                                                    \
    FIELD (trial)                                                                                  \
    FIELD (operation)                                                                              \
    FIELD (until_ms)                                                                               \
    FIELD (bytes)                                                                                  \
    FIELD (client)                                                                                 \
    FIELD (points)                                                                                 \
    FIELD (values)                                                                                 \
    FIELD (mps)                                                                                    \
    FIELD (carried)                                                                                \
    FIELD (meter)                                                                                  \
    FIELD (profile)

typedef enum {
#define FIELD(name) FIELD_##name,
    FIELDS (FIELD)
#undef FIELD
        FIELD_COUNT
} field_t;

static const char *const s_fields[FIELD_COUNT] = {
#define FIELD(name) #name,
    FIELDS (FIELD)
#undef FIELD
};

//  A REQUEST taken apart.
typedef struct {
    uint64_t found;                //  Bit of each field that is there
    reader_t values[FIELD_COUNT];  //  Of those
} asked_t;

static asked_t s_take_apart (bytes_t body)
{
    asked_t asked;
    asked.found = wire_pick (body, s_fields, FIELD_COUNT, asked.values);
    return asked;
}

static reader_t *s_field (asked_t *asked, field_t field)
{
    return asked->found >> field & 1 ? &asked->values[field] : NULL;
}

static int64_t s_int (asked_t *asked, field_t field, int64_t usual)
{
    reader_t *in = s_field (asked, field);
    return in && wire_peek (in) == WIRE_INT ? wire_get_int (in) : usual;
}

static uint32_t s_array (asked_t *asked, field_t field, reader_t **in)
{
    *in = s_field (asked, field);
    return *in ? wire_get_array (*in) : 0;
}

//  Cut; "" if there is none.
static bool s_text (asked_t *asked, field_t field, char *text, size_t size)
{
    reader_t *in = s_field (asked, field);
    bytes_t found = in ? wire_get_str (in) : bytes_of (NULL, 0);
    size_t n = found.size < size ? found.size : size - 1;
    if (n) {
        memcpy (text, found.data, n);
    }
    text[n] = 0;
    return in && !in->failed;
}

//  Measuring points, points, [[mantissa, exponent], ...], bytes.
static void s_lists (asked_t *asked, request_t *request)
{
    reader_t *in;
    uint32_t count = s_array (asked, FIELD_mps, &in);
    for (uint32_t i = 0; i < count && i < REQUEST_MPS_MAX && !in->failed; i++) {
        request->mps[request->mp_count++] = (uint16_t) wire_get_uint (in);
    }
    count = s_array (asked, FIELD_points, &in);
    for (uint32_t i = 0; i < count && i < REQUEST_POINTS_MAX; i++) {
        request->points[request->point_count++] = (uint32_t) wire_get_uint (in);
    }
    count = s_array (asked, FIELD_values, &in);
    for (uint32_t i = 0; i < count && i < REQUEST_VALUES_MAX && !in->failed; i++) {
        (void) wire_get_array (in);
        int64_t mantissa = wire_get_int (in);
        request->values[i] = value_decimal (mantissa, (int8_t) wire_get_int (in), 0);
    }
    in = s_field (asked, FIELD_bytes);
    bytes_t bytes = in ? wire_get_bin (in) : bytes_of (NULL, 0);
    if (bytes.size && bytes.size <= REQUEST_PASS_MAX) {
        memcpy (request->bytes, bytes.data, bytes.size);
        request->size = (uint16_t) bytes.size;
    }
}

//  UNSUPPORTED if it names a meter protocol nobody knows.
static fep_err_t s_request (asked_t *asked, request_t *request)
{
    char carried[32];
    *request = (request_t){.kind = (request_kind_t) s_int (asked, FIELD_kind, 0),
                           .mp = (uint16_t) s_int (asked, FIELD_mp, 0),
                           .freeze = (uint8_t) s_int (asked, FIELD_freeze, 0),
                           .from_ms = s_int (asked, FIELD_from_ms, 0),
                           .to_ms = s_int (asked, FIELD_to_ms, 0),
                           .event_from = (uint16_t) s_int (asked, FIELD_event_from, 0),
                           .event_to = (uint16_t) s_int (asked, FIELD_event_to, 0),
                           .event_important = s_int (asked, FIELD_important, 1) != 0,
                           .priority = (uint8_t) s_int (asked, FIELD_priority, PRIORITY_DEMAND),
                           .tries = (uint8_t) s_int (asked, FIELD_tries, 0),
                           .operation = (uint8_t) s_int (asked, FIELD_operation, 0),
                           .until_ms = s_int (asked, FIELD_until_ms, 0),
                           .profile = (uint32_t) s_int (asked, FIELD_profile, 0),
                           .task = (uint32_t) s_int (asked, FIELD_task, 0),
                           .slot_ms = s_int (asked, FIELD_slot_ms, 0),
                           .run = (uint8_t) s_int (asked, FIELD_run, 0),
                           .trial = s_int (asked, FIELD_trial, 0) != 0};
    s_lists (asked, request);
    (void) s_text (asked, FIELD_meter, request->meter, sizeof request->meter);
    if (s_text (asked, FIELD_carried, carried, sizeof carried)) {
        request->carried = codec_find (carried);
        if (!request->carried || !request->carried->is_meter) {
            return FEP_UNSUPPORTED;
        }
    }
    return FEP_OK;
}

static void s_make_places (connector_t *self)
{
    self->asks = calloc (PLACES_MAX, sizeof *self->asks);
    FEP_ASSERT (self->asks);
    places_init (&self->places);
}

//  A free place, made at the first request; NULL if all are taken.
static ask_t *s_place (connector_t *self, bytes_t client, int64_t token)
{
    if (!self->asks) {
        s_make_places (self);
    }
    uint64_t number = places_take (&self->places);
    if (!number) {
        return NULL;
    }
    ask_t *ask = &self->asks[place_of (number)];
    *ask = (ask_t){.number = number, .token = token, .client_size = (uint8_t) client.size};
    if (client.size) {
        ask->client = malloc (client.size);
        FEP_ASSERT (ask->client);
        memcpy (ask->client, client.data, client.size);
    }
    return ask;
}

static fep_err_t s_on_request (connector_t *self, bytes_t body)
{
    request_t request;
    asked_t asked = s_take_apart (body);
    reader_t *client = s_field (&asked, FIELD_client);
    conn_t *conn = connector_conn (self, s_int (&asked, FIELD_session, -1));
    int64_t token = s_int (&asked, FIELD_token, 0);
    if (!client) {
        return FEP_CORRUPT;
    }
    bytes_t who = wire_get_bin (client);
    if (!conn || conn->is_dead) {
        s_answer (self, who, token, FEP_CLOSED, 0, NULL, 0, 0);
        return FEP_OK;
    }
    ask_t *ask = who.size <= ASK_CLIENT_MAX ? s_place (self, who, token) : NULL;
    if (!ask) {
        s_answer (self, who, token, FEP_BUSY, 0, NULL, 0, 0);
        return FEP_OK;
    }
    uint64_t number = ask->number;
    fep_err_t error = s_request (&asked, &request);
    request.token = number;
    session_env_t env = connector_env (self);
    if (error == FEP_OK) {
        error = session_request (conn->session, &env, &request);
    }
    if (error != FEP_OK) {
        connector_result (self, conn->session, number, error == FEP_FULL ? FEP_BUSY : error, 0,
                          NULL, 0, 0);
    }
    connector_timer (self, conn);
    return FEP_OK;
}

//  Polls that may be taken in this turn. While answers wait to be read, or what was read cannot be handed on, hardly
//  any: each would lengthen the way of what a person asks, and bring nothing sooner.
static unsigned s_budget (const connector_t *self)
{
    if (!connector_may_read (self)) {
        return 0;
    }
    return self->last_ready < READY_FEW ? POLLS_PER_TURN : POLLS_LEAST;
}

//  The others wait here, so that what a person asks, which comes in the same mailbox, is not behind all of them. Their
//  number is bounded by those who ask: account.requests and the like.
fep_err_t connector_on_request (void *arg, actor_t *actor, bytes_t body)
{
    connector_t *self = arg;
    (void) actor;
    if (wire_find_int (body, "priority", PRIORITY_DEMAND) < PRIORITY_POLL) {
        return s_on_request (self, body);
    }
    if (self->polls.count || self->polled_now >= s_budget (self)) {
        fifo_put (&self->polls, body);
        metric_add (METRIC_polls_waiting, 1);
        return FEP_OK;
    }
    self->polled_now++;
    return s_on_request (self, body);
}

bool connector_polls (connector_t *self)
{
    self->polled_now = 0;
    unsigned budget = s_budget (self);
    while (self->polls.count && self->polled_now < budget) {
        fep_err_t error = s_on_request (self, fifo_first (&self->polls));
        if (error) {
            log_line (LEVEL_ERROR, "POLL-UNREADABLE", "reason=%s", fep_err_name (error));
        }
        fifo_drop (&self->polls);
        metric_add (METRIC_polls_waiting, -1);
        self->polled_now++;
    }
    return self->polls.count && budget;
}

//  ---- Seals ----

//  Asks for a seal, through control.
fep_err_t connector_seal (void *arg, const session_t *session, const request_t *request,
                          bytes_t bytes)
{
    connector_t *self = arg;
    uint8_t memory[SEAL_ROOM];
    writer_t out = writer_of (memory, sizeof memory);
    if (strcmp (actor_config (self->actor)->seal.provider, "none") == 0) {
        return FEP_NO_SEAL;
    }
    wire_put_map (&out, 6);
    wire_pair_uint (&out, "connector", actor_number (self->actor));
    wire_pair_int (&out, "session", connector_session_id (self, session));
    wire_pair_uint (&out, "token", request->token);
    wire_pair_text (&out, "terminal", session_address (session));
    wire_pair_text (&out, "codec",
                    request->carried ? request->carried->name : session_codec (session)->name);
    wire_put_text (&out, "bytes");
    wire_put_bin (&out, bytes);
    if (out.failed) {
        return FEP_LIMIT;
    }
    mailq_send (&self->links, self->actor, self->control, bytes_of (NULL, 0), WORD_SEAL,
                writer_bytes (&out));
    return FEP_OK;
}

fep_err_t connector_on_sealed (void *arg, actor_t *actor, bytes_t body)
{
    connector_t *self = arg;
    conn_t *conn = connector_conn (self, wire_find_int (body, "session", -1));
    reader_t bytes;
    (void) actor;
    if (!wire_find (body, "bytes", &bytes)) {
        return FEP_CORRUPT;
    }
    if (conn && !conn->is_dead) {
        session_env_t env = connector_env (self);
        session_sealed (conn->session, &env, (uint64_t) wire_find_int (body, "token", 0),
                        (fep_err_t) wire_find_int (body, "error", FEP_NO_SEAL),
                        wire_get_bin (&bytes));
        connector_timer (self, conn);
    }
    return FEP_OK;
}

//  ---- Profiles ----

//  {number, text}: takes the place of the earlier one; requests under way go on with the new one.
fep_err_t connector_on_profile (void *arg, actor_t *actor, bytes_t body)
{
    connector_t *self = arg;
    int64_t number = wire_find_int (body, "number", 0);
    profile_t *profile = NULL;
    profile_fault_t fault;
    reader_t text;
    (void) actor;
    if (number < 1 || number > ARCHIVE_PROFILES_MAX || !wire_find (body, "text", &text)) {
        return FEP_CORRUPT;
    }
    bytes_t bytes = wire_get_bin (&text);
    fep_err_t error = bytes.size ? profile_parse (bytes, &profile, &fault) : FEP_OK;
    if (error != FEP_OK) {
        log_line (LEVEL_ERROR, "PROFILE-REFUSED", "number=%lld line=%u problem=\"%s\"",
                  (long long) number, fault.line, fault.text);
        return error;
    }
    profile_destroy (&self->profiles[number - 1]);
    self->profiles[number - 1] = profile;
    return FEP_OK;
}

const profile_t *connector_profile (void *arg, uint32_t number)
{
    connector_t *self = arg;
    return number && number <= ARCHIVE_PROFILES_MAX ? self->profiles[number - 1] : NULL;
}

void connector_ask_stop (connector_t *self)
{
    for (size_t i = 0; self->asks && i < PLACES_MAX; i++) {
        free (self->asks[i].client);
    }
    free (self->asks);
    metric_add (METRIC_polls_waiting, -(int64_t) self->polls.count);
    fifo_clear (&self->polls);
    places_fini (&self->places);
    for (size_t i = 0; i < ARCHIVE_PROFILES_MAX; i++) {
        profile_destroy (&self->profiles[i]);
    }
}
