//  AFN 0A, what a terminal says its parameters are: by the map where they have points; the meter archive; the rest raw.
#include "codecs/gdw1376/explain.h"
#include "codecs/gdw1376/parts.h"
#include "codecs/gdw1376/text.h"

enum { ARCHIVE = 10, ENTRY = 27 };

//  Digits of six bytes, highest first.
static void s_digits (text_t *text, const uint8_t *p)
{
    for (size_t i = 6; i-- > 0;) {
        text_hex (text, p + i, 1, true);
    }
}

//  One meter of the archive: a reading of its own measuring point.
static void s_entry (gdw_turn_t *self, const uint8_t *p)
{
    batch_t *batch = self->io->batch;
    text_t address = {"", 0}, collector = {"", 0};
    s_digits (&address, p + 6);
    s_digits (&collector, p + 20);
    message_t *message = gdw_message (self, MESSAGE_READING, 0, true);
    message->mp = (uint16_t) (p[2] | p[3] << 8);
    batch_text (batch, POINT_METER_ADDRESS, address.text);
    batch_item (batch, POINT_METER_NUMBER, value_decimal (p[0] | p[1] << 8, 0, 0));
    batch_item (batch, POINT_METER_PORT, value_decimal (p[4] & 31, 0, 0));
    batch_item (batch, POINT_METER_SPEED, value_decimal (p[4] >> 5, 0, 0));
    batch_item (batch, POINT_METER_PROTOCOL, value_decimal (p[5], 0, 0));
    batch_item (batch, POINT_METER_TARIFFS, value_decimal (p[18] & 63, 0, 0));
    batch_text (batch, POINT_METER_COLLECTOR, collector.text);
    batch_item (batch, POINT_METER_CLASS, value_bits (p[26], 0));
}

static bool s_archive (gdw_turn_t *self, const gdw_place_t *place, reader_t *in)
{
    bytes_t whole = {in->data + in->pos, reader_left (in)};
    size_t count = reader_u16le (in);
    if (in->failed || reader_left (in) < count * ENTRY) {
        gdw_keep_cut (self, place, whole);
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        s_entry (self, reader_take (in, ENTRY));
    }
    return true;
}

//  Bytes of the data of an Fn without points, found by what explains them. 0: they end before.
static size_t s_size (gdw_service_t *service, reader_t in)
{
    size_t from = in.pos;
    writer_t nowhere = writer_of (NULL, 0);
    json_t json = json_of (&nowhere);
    service (&json, &in);
    return in.failed ? 0 : in.pos - from;
}

bool gdw_visit_parameters (gdw_turn_t *self, uint16_t pn, uint16_t fn, reader_t *in)
{
    gdw_place_t place = {pn, fn, -1};
    gdw_service_t *service = NULL;
    if (gdw_is_own (fn)) {
        return gdw_visit_own (self, pn, fn, in);
    }
    if (fn <= GDW_FN_MAX && gdw_index[gdw_class (AFN_QUERY)][fn]) {
        return gdw_visit_data (self, pn, fn, in);
    }
    if (fn == ARCHIVE) {
        return s_archive (self, &place, in);
    }
    bytes_t left = {in->data + in->pos, reader_left (in)};
    if (gdw_service_find (AFN_QUERY, fn, true, &service) < SERVICE_DATA) {
        gdw_keep_raw (self, "unknown_fn", &place, left);
        return false;
    }
    size_t size = s_size (service, *in);
    if (size == 0) {
        gdw_keep_cut (self, &place, left);
        return false;
    }
    gdw_keep_raw (self, "no_points", &place, reader_bytes (in, size));
    return true;
}
