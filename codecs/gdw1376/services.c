//  Explained data outside the map: confirmations, parameters, control, configuration, events,
//  forwarding.
#include "codecs/gdw1376/explain.h"
#include "codecs/gdw1376/text.h"

static void s_pair_ascii (json_t *out, const char *key, reader_t *in, size_t size)
{
    bytes_t text = reader_bytes (in, size);
    while (text.size && (text.data[text.size - 1] == 0 || text.data[text.size - 1] == ' ')) {
        text.size--;
    }
    json_key (out, key);
    json_string (out, text);
}

static void s_pair_date (json_t *out, const char *key, reader_t *in)
{
    const uint8_t *p = reader_take (in, 3);
    if (p) {
        json_key (out, key);
        gdw_json_date (out, p, 3);
    }
}

void gdw_pair_numbers (json_t *out, const char *key, uint8_t mask, int base, bool zero)
{
    json_key (out, key);
    json_array (out);
    if (zero) {
        json_int (out, 0);
    }
    for (int bit = 0; bit < 8; bit++) {
        if (mask & 1 << bit) {
            json_int (out, base + bit + 1);
        }
    }
    json_array_end (out);
}

//  00 F3: the AFN, then DA DT ERR to the end.
static void s_confirm_items (json_t *out, reader_t *in)
{
    uint8_t afn = reader_u8 (in);
    gdw_pair_hex (out, "afn_being_confirmed", &afn, 1);
    json_key (out, "items");
    json_array (out);
    while (reader_left (in) >= 5) {
        gdw_unit_t unit = gdw_unit_read (in);
        json_object (out);
        gdw_pair_numbers (out, "pn", unit.da1, (unit.da2 - 1) * 8, unit.da2 == 0);
        gdw_pair_numbers (out, "fn", unit.dt1, unit.dt2 * 8, false);
        json_pair_int (out, "err", reader_u8 (in));
        json_object_end (out);
    }
    json_array_end (out);
}

//  02 F3: nothing, or the terminal's clock.
static void s_clock (json_t *out, reader_t *in)
{
    const uint8_t *p = reader_take (in, 6);
    if (p) {
        json_key (out, "clock");
        gdw_json_time (out, p, 6);
    }
}

//  Six bytes as twelve digits, highest first.
static void s_pair_digits (json_t *out, const char *key, reader_t *in)
{
    const uint8_t *p = reader_take (in, 6);
    uint8_t turned[6] = {0};
    for (size_t i = 0; p && i < 6; i++) {
        turned[i] = p[5 - i];
    }
    gdw_pair_hex (out, key, turned, 6);
}

static void s_meter (json_t *out, reader_t *in)
{
    text_t class = {"", 0};
    json_object (out);
    json_pair_int (out, "seq", reader_u16le (in));
    json_pair_int (out, "pn", reader_u16le (in));
    uint8_t port = reader_u8 (in);
    json_pair_int (out, "baud_code", port >> 5);
    json_pair_int (out, "port", port & 31);
    json_pair_int (out, "protocol", reader_u8 (in));
    s_pair_digits (out, "addr", in);
    s_pair_digits (out, "password", in);
    json_pair_int (out, "tariffs", reader_u8 (in) & 63);
    uint8_t digits = reader_u8 (in);
    json_pair_int (out, "int_digits", (digits >> 2 & 3) + 4);
    json_pair_int (out, "frac_digits", (digits & 3) + 1);
    s_pair_digits (out, "collector", in);
    uint8_t kind = reader_u8 (in);
    text_number (&class, "", kind >> 4);
    text_number (&class, "/", kind & 15);
    json_pair_text (out, "class", class.text);
    json_object_end (out);
}

//  04 F10 and 0A F10 up: the meter archive.
static void s_meters (json_t *out, reader_t *in)
{
    uint16_t count = reader_u16le (in);
    json_pair_int (out, "count", count);
    json_key (out, "entries");
    json_array (out);
    for (uint16_t i = 0; i < count && !in->failed; i++) {
        s_meter (out, in);
    }
    json_array_end (out);
}

static void s_trip (json_t *out, reader_t *in)
{
    uint8_t times = reader_u8 (in);
    json_pair_int (out, "alarm_delay_min", times >> 4);
    json_pair_int (out, "limit_time_halfhours", times & 15);
}

static void s_protect (json_t *out, reader_t *in)
{
    json_pair_int (out, "protect_halfhours", reader_u8 (in));
}

//  09 F1: what the terminal is.
static void s_version (json_t *out, reader_t *in)
{
    s_pair_ascii (out, "vendor", in, 4);
    json_pair_hex (out, "device_id", reader_bytes (in, 8));
    s_pair_ascii (out, "sw_ver", in, 4);
    s_pair_date (out, "sw_date", in);
    json_pair_hex (out, "capacity_code", reader_bytes (in, 11));
    s_pair_ascii (out, "proto_ver", in, 4);
    s_pair_ascii (out, "hw_ver", in, 4);
    s_pair_date (out, "hw_date", in);
}

static void s_event_range (json_t *out, reader_t *in)
{
    json_pair_int (out, "Pm", reader_u8 (in));
    json_pair_int (out, "Pn", reader_u8 (in));
}

static void s_event (json_t *out, reader_t *in)
{
    json_object (out);
    uint8_t erc = reader_u8 (in);
    uint8_t size = reader_u8 (in);
    bytes_t content = reader_bytes (in, size);
    json_pair_int (out, "ERC", erc);
    if (erc <= GDW_ERC_MAX && gdw_events[erc].name) {
        json_pair_text (out, "name", gdw_events[erc].name);
    }
    json_pair_int (out, "Le", size);
    json_pair_hex (out, "content", content);
    if (content.size >= 5) {
        json_key (out, "time");
        gdw_json_time (out, content.data, 5);
    }
    json_object_end (out);
}

static void s_events (json_t *out, reader_t *in)
{
    json_pair_int (out, "EC1", reader_u8 (in));
    json_pair_int (out, "EC2", reader_u8 (in));
    uint8_t from = reader_u8 (in);
    uint8_t to = reader_u8 (in);
    json_pair_int (out, "Pm", from);
    json_pair_int (out, "Pn", to);
    json_key (out, "events");
    json_array (out);
    for (uint8_t left = (uint8_t) (to - from); left > 0 && !in->failed; left--) {
        s_event (out, in);
    }
    json_array_end (out);
}

static void s_payload (json_t *out, reader_t *in)
{
    uint16_t size = reader_u16le (in);
    json_pair_int (out, "len", size);
    json_pair_hex (out, "payload", reader_bytes (in, size));
}

//  10 F1, the terminal's answer: port, then the meter's bytes.
static void s_forwarded (json_t *out, reader_t *in)
{
    json_pair_int (out, "port", reader_u8 (in));
    s_payload (out, in);
}

//  10 F1, our request: port, serial setting, waits, then bytes for the meter.
static void s_forward (json_t *out, reader_t *in)
{
    json_pair_int (out, "port", reader_u8 (in));
    uint8_t serial = reader_u8 (in);
    gdw_pair_hex (out, "serial", &serial, 1);
    uint8_t wait = reader_u8 (in);
    json_pair_int (out, "frame_wait_ms", (wait & 0x7F) * (wait & 0x80 ? 1000 : 10));
    json_pair_int (out, "byte_wait_ms", reader_u8 (in) * 10);
    s_payload (out, in);
}

//  05 F26: terminals differ in whether it has data.
static void s_alarm (json_t *out, reader_t *in)
{
    json_pair_int (out, "alarm_halfhours", reader_u8 (in));
}

enum { DOWN = 1, UP = 2, BOTH = 3, FN_ALL = 248 };

typedef struct {
    uint8_t afn;             //  Application function
    uint8_t directions;      //  DOWN, UP or BOTH; of 0A up: 04 down as well
    uint16_t first, last;    //  Fn
    gdw_service_t *explain;  //  NULL: no data
    bool doubted;            //  No published frame shows it
} row_t;

static const row_t s_rows[] = {{0x00, BOTH, 1, 2, NULL, false},
                               {0x00, BOTH, 3, 3, s_confirm_items, false},
                               {0x01, DOWN, 1, 4, NULL, false},
                               {0x02, BOTH, 1, 2, NULL, false},
                               {0x02, UP, 3, 3, s_clock, false},
                               {0x05, DOWN, 1, 1, s_trip, false},
                               {0x05, DOWN, 2, 2, NULL, false},
                               {0x05, DOWN, 25, 25, s_protect, false},
                               {0x05, DOWN, 26, 26, s_alarm, true},
                               {0x05, DOWN, 27, 29, NULL, false},
                               {0x05, DOWN, 31, 31, s_clock, false},
                               {0x05, DOWN, 33, 37, NULL, false},
                               {0x09, UP, 1, 1, s_version, false},
                               {0x0A, UP, 2, 2, gdw_explain_relays, true},
                               {0x0A, UP, 4, 4, gdw_explain_phones, true},
                               {0x0A, UP, 7, 7, gdw_explain_network, true},
                               {0x0A, UP, 10, 10, s_meters, false},
                               {0x0A, UP, 33, 33, gdw_explain_schedules, true},
                               {0x0A, UP, 34, 34, gdw_explain_modules, true},
                               {0x0A, UP, 35, 35, gdw_explain_key_users, true},
                               {0x0A, UP, 38, 39, gdw_explain_classes, true},
                               {0x0A, UP, 65, 66, gdw_explain_task, true},
                               {0x0A, UP, 67, 68, gdw_explain_switch, true},
                               {0x0A, DOWN, 1, 9, NULL, false},
                               {0x0A, DOWN, 10, 10, gdw_explain_archive_asked, true},
                               {0x0A, DOWN, 11, FN_ALL, NULL, false},
                               {0x0C, DOWN, 1, FN_ALL, NULL, false},
                               {0x0E, DOWN, 1, 2, s_event_range, false},
                               {0x0E, UP, 1, 2, s_events, false},
                               {0x0F, DOWN, 1, 1, gdw_explain_segment, true},
                               {0x0F, UP, 1, 1, gdw_explain_segment_come, true},
                               {0x10, DOWN, 1, 1, s_forward, false},
                               {0x10, UP, 1, 1, s_forwarded, false}};

gdw_service_kind_t gdw_service_find (uint8_t afn, uint16_t fn, bool up, gdw_service_t **service)
{
    bool sets = afn == AFN_SET && !up;
    uint8_t direction = up || sets ? UP : DOWN;
    afn = sets ? AFN_QUERY : afn;
    for (size_t i = 0; i < sizeof s_rows / sizeof *s_rows; i++) {
        const row_t *row = &s_rows[i];
        if (row->afn == afn && row->directions & direction && fn >= row->first && fn <= row->last) {
            gdw_service_kind_t kind = row->doubted ? SERVICE_DOUBTED : SERVICE_DATA;
            *service = row->explain;
            return row->explain ? kind : SERVICE_EMPTY;
        }
    }
    return SERVICE_UNKNOWN;
}
