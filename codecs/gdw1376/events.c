//  AFN 0E: counters, pointers, then events of ERC, length and content. Contents by the compiled
//  map.
#include "codecs/gdw1376/parts.h"

enum { EVENT_TIME = 5 };

static bool s_length_good (const gdw_event_t *event, size_t size)
{
    if (size < event->fixed) {
        return false;
    }
    return event->step ? (size - event->fixed) % event->step == 0 : size == event->fixed;
}

//  One event; bytes are ERC, Le and content.
static void s_event (gdw_turn_t *self, uint16_t pn, uint16_t fn, bytes_t bytes)
{
    uint8_t erc = bytes.data[0];
    gdw_place_t place = {pn, fn, erc};
    const gdw_event_t *event = erc <= GDW_ERC_MAX ? &gdw_events[erc] : NULL;
    if (!event || !event->name) {
        gdw_keep_raw (self, "unknown_erc", &place, bytes);
        return;
    }
    bytes_t content = {bytes.data + 2, bytes.size - 2};
    if (!s_length_good (event, content.size)) {
        gdw_keep_raw (self, "event_length", &place, bytes);
        return;
    }
    int64_t time_ms = 0;
    const zone_t *zone = self->io->options->zone;
    gdw_context_t context = {0, 0, 0, zone};
    if (!gdw_time_a15 (zone, content.data, &time_ms) &&
        gdw_absent (content.data, EVENT_TIME) != ABSENT_DEVICE) {
        gdw_keep_raw (self, "implausible_time", &place, bytes);
        return;
    }
    batch_t *batch = self->io->batch;
    bytes_t kept = batch_keep (batch, bytes);
    message_t *message = gdw_message (self, MESSAGE_EVENT, pn, false);
    message->raw = kept;
    message->time_ms = time_ms;
    batch_item (batch, POINT_EVENT_CODE, value_decimal (erc, 0, 0));
    batch_text (batch, POINT_EVENT_NAME, event->name);
    gdw_values_t values = {&gdw_fields[event->first],
                           event->count,
                           content.data + EVENT_TIME,
                           content.size - event->fixed,
                           0,
                           &context};
    gdw_put_values (batch, message, &values);
}

//  Behind the events: which ones they were, as the terminal counts them.
static void s_put_range (gdw_turn_t *self, uint16_t fn, uint8_t from, uint8_t to)
{
    batch_t *batch = self->io->batch;
    bool important = fn == 1;
    if (from == to) {
        return;
    }
    (void) gdw_message (self, MESSAGE_READING, 0, false);
    batch_item (batch, important ? POINT_EVENT_IMPORTANT_FROM : POINT_EVENT_ORDINARY_FROM,
                value_decimal (from, 0, 0));
    batch_item (batch, important ? POINT_EVENT_IMPORTANT_TO : POINT_EVENT_ORDINARY_TO,
                value_decimal (to, 0, 0));
}

//  Events from one counter to another. Returns up to which they came; fewer than that fail the reader if one is cut.
static uint8_t s_events (gdw_turn_t *self, const gdw_place_t *place, uint8_t from, uint8_t to,
                         reader_t *in)
{
    while (from != to && reader_left (in)) {
        size_t start = in->pos;
        (void) reader_u8 (in);
        uint8_t size = reader_u8 (in);
        (void) reader_take (in, size);
        if (in->failed) {
            gdw_keep_cut (self, place, bytes_of (in->data + start, in->size - start));
            break;
        }
        s_event (self, place->pn, place->fn, bytes_of (in->data + start, (size_t) size + 2));
        from++;
    }
    return from;
}

bool gdw_visit_events (gdw_turn_t *self, uint16_t pn, uint16_t fn, reader_t *in)
{
    bytes_t whole = {in->data + in->pos, reader_left (in)};
    gdw_place_t place = {pn, fn, -1};
    if (fn != 1 && fn != 2) {
        gdw_keep_raw (self, "unknown_fn", &place, reader_bytes (in, whole.size));
        return false;
    }
    (void) reader_take (in, 2);
    uint8_t from = reader_u8 (in);
    uint8_t to = reader_u8 (in);
    if (in->failed) {
        gdw_keep_cut (self, &place, whole);
        return false;
    }
    s_put_range (self, fn, from, s_events (self, &place, from, to, in));
    return !in->failed;
}
