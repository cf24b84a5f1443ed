//  What the connector and control tell each other: terminals come and go, admission, facts of a session; and
//  the frames of traced terminals for the publisher.
#include "actors/connector.h"
#include "fep/clock.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include <stdlib.h>
#include <string.h>

#define FACT_PAIRS 13        //  Pairs that s_facts writes
#define MAIL_BYTES 2048      //  Of one LINK
#define EXPLAIN_BYTES 32768  //  JSON of one traced frame
#define NOTE_BYTES 70000     //  A traced frame with its explanation

//  The connection of an id, or NULL if it is gone.
conn_t *connector_conn (connector_t *self, int64_t id)
{
    uint32_t slot = (uint32_t) (uint64_t) id;
    uint32_t generation = (uint32_t) ((uint64_t) id >> 32);
    if (slot >= self->conn_limit) {
        return NULL;
    }
    conn_t *conn = &self->conns[slot];
    return conn->fd >= 0 && conn->generation == generation ? conn : NULL;
}

static int64_t s_id (const conn_t *conn)
{
    return (int64_t) ((uint64_t) conn->generation << 32 | conn->slot);
}

//  Appends FACT_PAIRS pairs about a session.
static void s_facts (writer_t *out, const conn_t *conn)
{
    const session_facts_t *facts = session_facts (conn->session);
    uint32_t reasons = 0;
    wire_pair_text (out, "session_state", session_state_name (session_state (conn->session)));
    wire_pair_text (out, "codec", session_codec (conn->session)->name);
    wire_pair_int (out, "opened_ms", facts->opened_ms);
    wire_pair_int (out, "last_rx_ms", facts->last_rx_ms);
    wire_pair_int (out, "last_heartbeat_ms", facts->last_heartbeat_ms);
    wire_pair_int (out, "idle_limit_ms", facts->idle_ms);
    wire_pair_uint (out, "rx_bytes", facts->rx_bytes);
    wire_pair_uint (out, "tx_bytes", facts->tx_bytes);
    wire_pair_uint (out, "frames", facts->frames);
    wire_pair_uint (out, "items", facts->items);
    wire_pair_uint (out, "confirmed", facts->confirmed);
    wire_pair_bool (out, "half_frame", session_has_window (conn->session));
    wire_put_text (out, "refused");
    size_t mark = wire_open_map (out);
    for (int i = 1; i < FEP_ERR_COUNT; i++) {
        if (facts->refused[i]) {
            wire_pair_uint (out, fep_err_name ((fep_err_t) i), facts->refused[i]);
            reasons++;
        }
    }
    wire_close_map (out, mark, reasons);
}

//  Kept in order until there is room: control must hear of every end.
void connector_link (connector_t *self, conn_t *conn, bool up)
{
    uint8_t memory[MAIL_BYTES];
    writer_t out = writer_of (memory, sizeof memory);
    wire_put_map (&out, up ? 5 : 7 + FACT_PAIRS);
    wire_pair_int (&out, "session", s_id (conn));
    wire_pair_bool (&out, "up", up);
    wire_pair_text (&out, "address", session_address (conn->session));
    wire_pair_text (&out, "peer", conn->peer.text);
    wire_pair_text (&out, "listener", conn->listener->config->name);
    if (!up) {
        wire_pair_text (&out, "reason", close_name (session_reason (conn->session)));
        wire_pair_uint (&out, "number", session_number (conn->session));
        s_facts (&out, conn);
    }
    FEP_ASSERT (!out.failed);
    mailq_send (&self->links, self->actor, self->control, bytes_of (NULL, 0), WORD_LINK,
                writer_bytes (&out));
}

//  ---- Words of control ----

static admission_t s_admission (bytes_t body, char address[ADDRESS_MAX + 1],
                                char heartbeat[ARCHIVE_HEARTBEAT_MAX + 1])
{
    wire_find_text (body, "address", address, ADDRESS_MAX + 1);
    wire_find_text (body, "heartbeat", heartbeat, ARCHIVE_HEARTBEAT_MAX + 1);
    return (admission_t){.number = (uint32_t) wire_find_int (body, "number", 0),
                         .area = (uint8_t) wire_find_int (body, "area", 0),
                         .heartbeat_ms = wire_find_int (body, "heartbeat_ms", 0),
                         .frame_gap_ms = wire_find_int (body, "frame_gap_ms", 0),
                         .answer_timeout_ms = wire_find_int (body, "answer_timeout_ms", 0),
                         .address = address,
                         .heartbeat = heartbeat};
}

fep_err_t connector_on_admit (void *arg, actor_t *actor, bytes_t body)
{
    connector_t *self = arg;
    conn_t *conn = connector_conn (self, wire_find_int (body, "session", -1));
    (void) actor;
    if (!conn || conn->is_dead) {
        return FEP_OK;
    }
    if (batch_ripe (self->batch)) {
        connector_flush_batch (self);
    }
    char address[ADDRESS_MAX + 1], heartbeat[ARCHIVE_HEARTBEAT_MAX + 1];
    admission_t admission = s_admission (body, address, heartbeat);
    session_env_t env = connector_env (self);
    session_set_trace (conn->session, wire_find_int (body, "trace_until_ms", 0));
    session_admit (conn->session, &env, &admission);
    log_line (LEVEL_INFO, "SESSION-OPEN", "terminal=%s peer=%s listener=%s number=%u",
              session_address (conn->session), conn->peer.text, conn->listener->config->name,
              session_number (conn->session));
    connector_resume_later (self, conn);
    connector_timer (self, conn);
    return FEP_OK;
}

//  What changed in the archive; the connection stays.
fep_err_t connector_on_update (void *arg, actor_t *actor, bytes_t body)
{
    connector_t *self = arg;
    conn_t *conn = connector_conn (self, wire_find_int (body, "session", -1));
    (void) actor;
    if (conn && !conn->is_dead && session_number (conn->session)) {
        char address[ADDRESS_MAX + 1], heartbeat[ARCHIVE_HEARTBEAT_MAX + 1];
        admission_t admission = s_admission (body, address, heartbeat);
        session_update (conn->session, &admission);
        connector_timer (self, conn);
    }
    return FEP_OK;
}

fep_err_t connector_on_hold (void *arg, actor_t *actor, bytes_t body)
{
    connector_t *self = arg;
    conn_t *conn = connector_conn (self, wire_find_int (body, "session", -1));
    (void) actor;
    if (conn && !conn->is_dead) {
        session_env_t env = connector_env (self);
        session_hold (conn->session, &env);
        connector_timer (self, conn);
    }
    return FEP_OK;
}

fep_err_t connector_on_close (void *arg, actor_t *actor, bytes_t body)
{
    connector_t *self = arg;
    conn_t *conn = connector_conn (self, wire_find_int (body, "session", -1));
    (void) actor;
    if (conn && !conn->is_dead) {
        session_env_t env = connector_env (self);
        char reason[32];
        wire_find_text (body, "reason", reason, sizeof reason);
        session_close (conn->session, &env, close_find (reason, CLOSE_REPLACED), false);
        connector_handle (self, conn, INPUT_TAKEN);
    }
    return FEP_OK;
}

//  Control began the answer (`head`, so many `pairs`); the session's facts complete it.
fep_err_t connector_on_show (void *arg, actor_t *actor, bytes_t body)
{
    connector_t *self = arg;
    uint8_t memory[4 * MAIL_BYTES];
    reader_t client, head;
    conn_t *conn = connector_conn (self, wire_find_int (body, "session", -1));
    uint32_t pairs = (uint32_t) wire_find_int (body, "pairs", 0);
    if (!wire_find (body, "client", &client) || !wire_find (body, "head", &head)) {
        return FEP_CORRUPT;
    }
    writer_t answer = writer_of (memory, sizeof memory);
    wire_put_map (&answer, 3);
    wire_put_text (&answer, "client");
    wire_put_bin (&answer, wire_get_bin (&client));
    wire_pair_text (&answer, "word", "TERMINAL");
    wire_put_text (&answer, "body");
    uint8_t inner_memory[3 * MAIL_BYTES];
    writer_t inner = writer_of (inner_memory, sizeof inner_memory);
    bytes_t begun = wire_get_bin (&head);
    wire_put_map (&inner, pairs + (conn ? FACT_PAIRS : 0));
    writer_put (&inner, begun.data, begun.size);
    if (conn) {
        s_facts (&inner, conn);
    }
    wire_put_bin (&answer, writer_bytes (&inner));
    if (answer.failed || inner.failed || client.failed || head.failed) {
        return FEP_FULL;
    }
    return actor_send (actor, self->control, WORD_ANSWER, writer_bytes (&answer));
}

fep_err_t connector_on_trace (void *arg, actor_t *actor, bytes_t body)
{
    connector_t *self = arg;
    conn_t *conn = connector_conn (self, wire_find_int (body, "session", -1));
    (void) actor;
    if (conn) {
        session_set_trace (conn->session, wire_find_int (body, "until_ms", 0));
    }
    return FEP_OK;
}

//  ---- Trace ----

static void s_explain (writer_t *out, const session_t *session, const codec_t *codec, bool up,
                       bytes_t frame)
{
    char text[EXPLAIN_BYTES];
    writer_t json_memory = writer_of (text, sizeof text);
    json_t json = json_of (&json_memory);
    fep_err_t error = codec->explain (frame, up, session_options (session), &json);
    wire_put_text (out, "explain");
    if (error == FEP_OK && !json_memory.failed) {
        wire_put_str (out, writer_bytes (&json_memory));
    } else {
        wire_put_nil (out);
    }
}

//  A frame of a traced terminal, as an unsequenced note. Lossy: what finds no room is counted.
void connector_trace (void *arg, const session_t *session, const codec_t *codec, bool up,
                      bytes_t frame, fep_err_t reason)
{
    connector_t *self = arg;
    static _Thread_local uint8_t memory[NOTE_BYTES];
    char topic[ADDRESS_MAX + 16];
    bytes_t shown = bytes_of (frame.data, frame.size > 16400 ? 16400 : frame.size);
    writer_t out = writer_of (memory, sizeof memory);
    snprintf (topic, sizeof topic, "trace/%s", session_address (session));
    wire_put_array (&out, 2);
    wire_put_text (&out, topic);
    wire_put_map (&out, 8);
    wire_pair_int (&out, "time_ms", clock_wall_ms ());
    wire_pair_text (&out, "direction", up ? "up" : "down");
    wire_pair_text (&out, "peer", session_peer (session));
    wire_pair_text (&out, "codec", codec->name);
    wire_pair_bool (&out, "ok", reason == FEP_OK);
    wire_pair_text (&out, "reason", fep_err_name (reason));
    wire_put_text (&out, "hex");
    wire_put_bin (&out, shown);
    s_explain (&out, session, codec, up, frame);
    if (out.failed ||
        actor_send (self->actor, self->notes, WORD_NOTE, writer_bytes (&out)) != FEP_OK) {
        metric_add (METRIC_notes_dropped, 1);
    }
}
