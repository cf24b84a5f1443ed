//  What control tells connectors of terminals: who is to be dialled where, and what the archive says of one that is
//  admitted or changed. A terminal that is dialled belongs to connector number mod count.
#include "actors/control.h"
#include "codecs/codec.h"
#include <stdio.h>

static void s_connector (const control_t *self, uint32_t number, char name[32])
{
    unsigned count = (unsigned) actor_config (self->actor)->connector.count;
    snprintf (name, 32, NAME_CONNECTOR, number % count);
}

static void s_send (control_t *self, const char *connector, uint32_t number,
                    const terminal_t *terminal)
{
    uint8_t memory[256], bit = (uint8_t) (1u << number % 8);
    writer_t out = writer_of (memory, sizeof memory);
    bool on = terminal && terminal->dial[0];
    self->dialled[number / 8] = (uint8_t) ((self->dialled[number / 8] & ~bit) | (on ? bit : 0));
    wire_put_map (&out, 3);
    wire_pair_uint (&out, "number", number);
    wire_pair_text (&out, "address", terminal ? terminal->address : "");
    wire_pair_text (&out, "dial", terminal ? terminal->dial : "");
    FEP_ASSERT (!out.failed);
    mailq_send (&self->mail, self->actor, self->inside, bytes_text (connector), WORD_DIAL,
                writer_bytes (&out));
}

void control_dial (control_t *self, uint32_t number)
{
    const terminal_t *terminal = archive_by_number (actor_context (self->actor)->archive, number);
    uint8_t *byte = &self->dialled[number / 8], bit = (uint8_t) (1u << number % 8);
    char connector[32];
    if (!(*byte & bit) && !(terminal && terminal->dial[0])) {
        return;
    }
    s_connector (self, number, connector);
    s_send (self, connector, number, terminal);
}

void control_dials (control_t *self, const char *connector)
{
    const archive_t *archive = actor_context (self->actor)->archive;
    for (size_t i = 0; i < archive_count (archive); i++) {
        const terminal_t *terminal = archive_at (archive, i);
        char name[32];
        s_connector (self, terminal->number, name);
        if (terminal->dial[0] && strcmp (name, connector) == 0) {
            s_send (self, name, terminal->number, terminal);
        }
    }
}

//  ---- Admission ----

size_t control_admission_bound (const terminal_t *terminal)
{
    return 1024 + (size_t) terminal->mp_count * (1 + 3 + 2 + ADDRESS_MAX);
}

static void s_meters (const control_t *self, const terminal_t *terminal, writer_t *out)
{
    size_t count, named = 0;
    const measuring_point_t *points =
        archive_points (actor_context (self->actor)->archive, terminal->number, &count);
    for (size_t i = 0; i < count; i++) {
        named += points[i].meter[0] != 0;
    }
    wire_put_text (out, "meters");
    wire_put_array (out, (uint32_t) named);
    for (size_t i = 0; i < count; i++) {
        if (points[i].meter[0]) {
            wire_put_array (out, 2);
            wire_put_uint (out, points[i].mp);
            wire_put_text (out, points[i].meter);
        }
    }
}

void control_admission (const control_t *self, const terminal_t *terminal, const codec_t *codec,
                        int64_t session, int64_t trace_until_ms, writer_t *out)
{
    bool meters = codec && codec->names_meters;
    wire_put_map (out, meters ? 12 : 11);
    wire_pair_int (out, "session", session);
    wire_pair_uint (out, "number", terminal->number);
    wire_pair_text (out, "address", terminal->address);
    wire_pair_uint (out, "area", terminal->area);
    wire_pair_int (out, "heartbeat_ms", (int64_t) terminal->heartbeat_s * 1000);
    wire_pair_uint (out, "frame_gap_ms", terminal->frame_gap_ms);
    wire_pair_uint (out, "answer_timeout_ms", terminal->answer_timeout_ms);
    wire_pair_text (out, "heartbeat", terminal->heartbeat);
    wire_pair_text (out, "zone", terminal->zone);
    wire_pair_uint (out, "profile", terminal->profile);
    wire_pair_int (out, "trace_until_ms", trace_until_ms);
    if (meters) {
        s_meters (self, terminal, out);
    }
}
