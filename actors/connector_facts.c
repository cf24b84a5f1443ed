//  What is known of a session: counters, last frames, traffic of the local day, and in one sentence how it is.
#include "actors/answer.h"
#include "actors/connector.h"
#include "actors/verdict.h"
#include "fep/clock.h"
#include <string.h>

#define INNER_BYTES 8192  //  An answer to TERMINAL
#define OUTER_BYTES 9216  //  The same on its way to control

static traffic_t s_total (const conn_t *conn)
{
    const session_facts_t *facts = session_facts (conn->session);
    return (traffic_t){.rx_bytes = facts->rx_bytes,
                       .tx_bytes = facts->tx_bytes,
                       .frames = facts->frames,
                       .items = facts->items};
}

static traffic_t s_today (const conn_t *conn)
{
    traffic_t total = s_total (conn);
    return traffic_less (&total, &conn->yesterday);
}

//  When a local day begins, remembers what each session has carried before it.
void connector_day (connector_t *self)
{
    int64_t day = traffic_day (clock_wall_ms (), clock_offset_min ());
    if (day == self->day) {
        return;
    }
    for (uint32_t i = 0; i < self->conn_limit && self->day; i++) {
        if (self->conns[i].fd >= 0) {
            self->conns[i].yesterday = s_total (&self->conns[i]);
        }
    }
    self->day = day;
}

static void s_refused (writer_t *out, const session_t *session)
{
    uint32_t reasons = 0;
    wire_put_text (out, "refused");
    size_t mark = wire_open_map (out);
    for (int i = 1; i < FEP_ERR_COUNT; i++) {
        uint32_t count = session_refused (session, (fep_err_t) i);
        if (count) {
            wire_pair_uint (out, fep_err_name ((fep_err_t) i), count);
            reasons++;
        }
    }
    wire_close_map (out, mark, reasons);
}

//  Appends pairs about a session; returns how many.
size_t connector_facts (const connector_t *self, const conn_t *conn, writer_t *out)
{
    const session_facts_t *facts = session_facts (conn->session);
    traffic_t today = s_today (conn);
    wire_pair_text (out, "session_state", session_state_name (session_state (conn->session)));
    wire_pair_int (out, "opened_ms", facts->opened_ms);
    wire_pair_int (out, "last_rx_ms", facts->last_rx_ms);
    wire_pair_int (out, "last_heartbeat_ms", facts->last_heartbeat_ms);
    wire_pair_int (out, "session_reading_ms", facts->last_reading_ms);
    wire_pair_int (out, "period_ms", facts->period_ms);
    wire_pair_int (out, "idle_limit_ms", facts->idle_ms);
    wire_pair_uint (out, "rx_bytes", facts->rx_bytes);
    wire_pair_uint (out, "tx_bytes", facts->tx_bytes);
    wire_pair_uint (out, "frames", facts->frames);
    wire_pair_uint (out, "items", facts->items);
    wire_pair_uint (out, "confirmed", facts->confirmed);
    wire_pair_uint (out, "bad_in_row", session_bad_in_row (conn->session));
    wire_pair_bool (out, "half_frame", session_has_window (conn->session));
    s_refused (out, conn->session);
    wire_pair_int (out, "day", self->day);
    traffic_pair (out, "session_today", &today);
    wire_put_text (out, "last_frames");
    frames_wire (session_frames (conn->session), out);
    return 18;
}

static void s_verdict (const conn_t *conn, writer_t *out)
{
    const session_facts_t *facts = session_facts (conn->session);
    char text[VERDICT_MAX + 1];
    uint64_t refused[FEP_ERR_COUNT];
    for (int i = 0; i < FEP_ERR_COUNT; i++) {
        refused[i] = session_refused (conn->session, (fep_err_t) i);
    }
    verdict_session_t session = {.now_ms = clock_wall_ms (),
                                 .opened_ms = facts->opened_ms,
                                 .last_rx_ms = facts->last_rx_ms,
                                 .period_ms = facts->period_ms,
                                 .bad_in_row = session_bad_in_row (conn->session),
                                 .refused = refused};
    verdict_online (&session, text, sizeof text);
    wire_pair_text (out, "why", text);
}

//  What control began (`head`, so many `pairs`), completed; what it knows of earlier sessions is added.
static void s_answer (connector_t *self, conn_t *conn, bytes_t body, bytes_t head, writer_t *out)
{
    traffic_t today = traffic_find (body, "today");
    int64_t last_reading_ms = wire_find_int (body, "last_reading_ms", 0);
    uint32_t pairs = (uint32_t) wire_find_int (body, "pairs", 0) + 3;
    size_t mark = wire_open_map (out);
    writer_put (out, head.data, head.size);
    if (conn) {
        const session_facts_t *facts = session_facts (conn->session);
        traffic_t here = s_today (conn);
        traffic_add (&today, &here);
        last_reading_ms = facts->last_reading_ms ? facts->last_reading_ms : last_reading_ms;
        s_verdict (conn, out);
    } else {
        wire_pair_text (out, "why", "its connection has ended this moment; ask again");
    }
    traffic_pair (out, "today", &today);
    wire_pair_int (out, "last_reading_ms", last_reading_ms);
    pairs += conn ? (uint32_t) connector_facts (self, conn, out) : 0;
    wire_close_map (out, mark, pairs);
}

fep_err_t connector_on_show (void *arg, actor_t *actor, bytes_t body)
{
    connector_t *self = arg;
    uint8_t memory[OUTER_BYTES], inner_memory[INNER_BYTES];
    reader_t client, head;
    conn_t *conn = connector_conn (self, wire_find_int (body, "session", -1));
    if (!wire_find (body, "client", &client) || !wire_find (body, "head", &head)) {
        return FEP_CORRUPT;
    }
    writer_t answer = writer_of (memory, sizeof memory);
    writer_t inner = writer_of (inner_memory, sizeof inner_memory);
    s_answer (self, conn, body, wire_get_bin (&head), &inner);
    fep_err_t error = answer_put (&answer, wire_get_bin (&client), "TERMINAL", &inner);
    if (error != FEP_OK || client.failed || head.failed) {
        return FEP_FULL;
    }
    return actor_send (actor, self->control, WORD_ANSWER, writer_bytes (&answer));
}
