//  What the connector and control tell each other: terminals come and go, admission; and the frames
//  of traced terminals for the publisher.
#include "actors/connector.h"
#include "fep/clock.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include <stdlib.h>
#include <string.h>

#define MAIL_BYTES 4096      //  Of one LINK
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

//  -1 if it is none of ours.
int64_t connector_session_id (const connector_t *self, const session_t *session)
{
    for (uint32_t i = 0; i < self->conn_limit; i++) {
        if (self->conns[i].fd >= 0 && self->conns[i].session == session) {
            return s_id (&self->conns[i]);
        }
    }
    return -1;
}

static void s_pair_frame (writer_t *out, const char *key, bytes_t frame)
{
    wire_put_text (out, key);
    wire_put_bin (
        out, bytes_of (frame.data, frame.size > FRAMES_BYTES_MAX ? FRAMES_BYTES_MAX : frame.size));
}

//  Kept in order until there is room: control must hear of every end.
void connector_link (connector_t *self, conn_t *conn, bool up)
{
    const config_listener_t *listener = conn->listener->config;
    uint8_t memory[MAIL_BYTES];
    bytes_t first, last;
    writer_t out = writer_of (memory, sizeof memory);
    session_waiting_frames (conn->session, &first, &last);
    size_t mark = wire_open_map (&out);
    uint32_t pairs = 9;
    wire_pair_int (&out, "session", s_id (conn));
    wire_pair_bool (&out, "up", up);
    wire_pair_text (&out, "address", session_address (conn->session));
    wire_pair_text (&out, "peer", session_peer (conn->session));
    wire_pair_text (&out, "listener", listener->name);
    wire_pair_text (&out, "codec", session_codec (conn->session)->name);
    s_pair_frame (&out, "frame", up ? first : last);
    if (up) {
        wire_pair_text (&out, "unknown", listener->unknown);
        wire_pair_text (&out, "duplicate", listener->duplicate);
    } else {
        wire_pair_text (&out, "reason", close_name (session_reason (conn->session)));
        wire_pair_uint (&out, "number", session_number (conn->session));
        pairs += (uint32_t) connector_facts (self, conn, &out);
    }
    wire_close_map (&out, mark, pairs);
    FEP_ASSERT (!out.failed);
    mailq_send (&self->links, self->actor, self->control, bytes_of (NULL, 0), WORD_LINK,
                writer_bytes (&out));
}

//  ---- Words of control ----

static int s_by_address (const void *one, const void *other)
{
    return strcmp (((const session_meter_t *) one)->address,
                   ((const session_meter_t *) other)->address);
}

//  [[mp, address], ...], ordered by address.
static void s_meters (bytes_t body, admission_t *admission, admission_texts_t *texts)
{
    reader_t in;
    texts->meters = NULL;
    if (!wire_find (body, "meters", &in)) {
        return;
    }
    uint32_t count = wire_get_array (&in);
    texts->meters = count && count <= UINT16_MAX ? calloc (count, sizeof *texts->meters) : NULL;
    for (uint32_t i = 0; texts->meters && i < count && !in.failed; i++) {
        session_meter_t *meter = &texts->meters[i];
        (void) wire_get_array (&in);
        meter->mp = (uint16_t) wire_get_uint (&in);
        bytes_t address = wire_get_str (&in);
        if (address.size <= ADDRESS_MAX && address.size) {
            memcpy (meter->address, address.data, address.size);
        }
        admission->meter_count = i + 1;
    }
    admission->meters = texts->meters;
    if (texts->meters) {
        qsort (texts->meters, admission->meter_count, sizeof *texts->meters, s_by_address);
    }
}

admission_t connector_admission (bytes_t body, admission_texts_t *texts)
{
    *texts = (admission_texts_t){0};
    wire_find_text (body, "address", texts->address, sizeof texts->address);
    wire_find_text (body, "heartbeat", texts->heartbeat, sizeof texts->heartbeat);
    wire_find_text (body, "zone", texts->zone, sizeof texts->zone);
    admission_t admission = {.number = (uint32_t) wire_find_int (body, "number", 0),
                             .area = (uint8_t) wire_find_int (body, "area", 0),
                             .heartbeat_ms = wire_find_int (body, "heartbeat_ms", 0),
                             .frame_gap_ms = wire_find_int (body, "frame_gap_ms", 0),
                             .answer_timeout_ms = wire_find_int (body, "answer_timeout_ms", 0),
                             .profile = (uint32_t) wire_find_int (body, "profile", 0),
                             .address = texts->address,
                             .heartbeat = texts->heartbeat,
                             .zone = texts->zone};
    s_meters (body, &admission, texts);
    return admission;
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
    admission_texts_t texts;
    admission_t admission = connector_admission (body, &texts);
    session_env_t env = connector_env (self);
    session_set_trace (conn->session, wire_find_int (body, "trace_until_ms", 0));
    if (session_number (conn->session)) {
        //  It stood by and has taken over.
        session_update (conn->session, &admission);
    } else {
        session_admit (conn->session, &env, &admission);
    }
    free (texts.meters);
    if (conn->dial) {
        connector_dial_admitted (self, conn, body);
    }
    log_line (LEVEL_INFO, "SESSION-OPEN", "terminal=%s peer=%s listener=%s number=%u",
              session_address (conn->session), session_peer (conn->session),
              conn->listener->config->name, session_number (conn->session));
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
        admission_texts_t texts;
        admission_t admission = connector_admission (body, &texts);
        session_update (conn->session, &admission);
        free (texts.meters);
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
        char reason[32] = "";
        wire_find_text (body, "reason", reason, sizeof reason);
        session_close (conn->session, &env, close_find (reason, CLOSE_REPLACED), false);
        connector_handle (self, conn, INPUT_TAKEN);
    }
    return FEP_OK;
}

//  Has the session been silent for so long that its path may be broken?
fep_err_t connector_on_probe (void *arg, actor_t *actor, bytes_t body)
{
    connector_t *self = arg;
    uint8_t memory[128];
    writer_t out = writer_of (memory, sizeof memory);
    int64_t session = wire_find_int (body, "session", -1);
    conn_t *conn = connector_conn (self, session);
    bool silent = !conn || conn->is_dead;
    (void) actor;
    if (!silent) {
        int64_t period_ms = session_facts (conn->session)->period_ms;
        silent = session_silent_ms (conn->session, connector_now_ms (self)) > period_ms * 3 / 2;
    }
    wire_put_map (&out, 3);
    wire_pair_int (&out, "session", session);
    wire_pair_int (&out, "number", wire_find_int (body, "number", 0));
    wire_pair_bool (&out, "silent", silent);
    mailq_send (&self->links, self->actor, self->control, bytes_of (NULL, 0), WORD_PROBED,
                writer_bytes (&out));
    return FEP_OK;
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
