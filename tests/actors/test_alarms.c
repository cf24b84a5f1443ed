//  The machine of alarms: delay, hysteresis, settling and flaps, acknowledgement, rows, order of times, limits,
//  a storm. Time is moved by hand.
#include "tests/test.h"
#include "actors/alarms.h"
#include "fep/pack.h"
#include "fep/point.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define VOLTAGE POINT (1, 0, 32, 7, 0)
#define CURRENT POINT (1, 0, 31, 7, 0)
#define BEGIN_MS 1700000000000

typedef struct {
    alarms_t *alarms;  //  Under test
    batch_t *out;      //  What it says
    alarms_now_t now;  //  Moved by hand
} rig_t;

static config_alarm_t s_config (const char *name, const char *on)
{
    return (config_alarm_t){.name = (char *) name,
                            .on = (char *) on,
                            .point = (char *) (strcmp (on, "point") == 0 ? "voltage.l1_V" : ""),
                            .event = (char *) "",
                            .group = (char *) "",
                            .terminal = (char *) "",
                            .compare = (char *) "lt",
                            .threshold = (char *) "198",
                            .hysteresis = (char *) "0",
                            .settle_ms = 60000,
                            .level = (char *) "general"};
}

static rig_t s_rig_of (size_t states)
{
    return (rig_t){alarms_new (states), batch_new (), {1000, BEGIN_MS}};
}

static rig_t s_rig (const config_alarm_t *config)
{
    rig_t rig = s_rig_of (1000);
    alarms_rules (rig.alarms, config, 1);
    assert_true (alarms_sweep (rig.alarms, rig.now, rig.out));
    return rig;
}

static void s_end (rig_t *rig)
{
    assert_false (rig->out->failed);
    alarms_destroy (&rig->alarms);
    batch_destroy (&rig->out);
}

static void s_pass (rig_t *rig, int64_t ms)
{
    rig->now.mono_ms += ms;
    rig->now.wall_ms += ms;
    alarms_tick (rig->alarms, rig->now, rig->out);
}

static message_t s_message (uint32_t terminal, uint16_t mp, uint8_t kind)
{
    return (message_t){.terminal = terminal,
                       .mp = mp,
                       .kind = kind,
                       .area = 3,
                       .address = bytes_text ("010000001")};
}

//  A value with that time; 0: none of its own.
static void s_value (rig_t *rig, uint32_t terminal, value_t value, int64_t time_ms)
{
    message_t message = s_message (terminal, 1, MESSAGE_READING);
    item_t item = {.value = value, .point = VOLTAGE};
    alarms_reading (rig->alarms, &message, &item, time_ms ? time_ms : rig->now.wall_ms, rig->now,
                    rig->out);
}

static void s_volts (rig_t *rig, int64_t tenths)
{
    s_value (rig, 1, value_decimal (tenths, -1, 0), 0);
}

static void s_event (rig_t *rig, int64_t code, int begins, int64_t time_ms)
{
    message_t message = s_message (1, 0, MESSAGE_EVENT);
    message.time_ms = time_ms;
    message.received_ms = rig->now.wall_ms;
    alarms_event (rig->alarms, &message, code, begins, rig->now, rig->out);
}

static const item_t *s_item (const batch_t *batch, size_t index, uint32_t point)
{
    const message_t *message = &batch->messages[index];
    for (uint32_t i = message->first; i < message->first + message->count; i++) {
        if (batch->items[i].point == point) {
            return &batch->items[i];
        }
    }
    return NULL;
}

static int64_t s_number (const batch_t *batch, size_t index, uint32_t point)
{
    const item_t *item = s_item (batch, index, point);
    assert_non_null (item);
    return item->value.mantissa;
}

static void s_expect_text (const batch_t *batch, size_t index, uint32_t point, const char *text)
{
    const item_t *item = s_item (batch, index, point);
    assert_non_null (item);
    assert_int_equal (item->value.kind, VALUE_TEXT);
    assert_true (bytes_equal (bytes_of (item->value.text, (size_t) item->value.exponent),
                              bytes_text (text)));
}

//  What was said since the last time, as "1 0 " for raised and cleared; then it is forgotten.
static void s_expect (rig_t *rig, const char *states)
{
    char text[256] = "";
    for (size_t i = 0; i < rig->out->message_count; i++) {
        size_t used = strlen (text);
        assert_int_equal (rig->out->messages[i].kind, MESSAGE_ALARM);
        snprintf (text + used, sizeof text - used, "%d ",
                  (int) s_number (rig->out, i, POINT_ALARM_STATE));
    }
    assert_string_equal (text, states);
    batch_clear (rig->out);
}

static void test_raise_and_clear (void **state)
{
    (void) state;
    config_alarm_t config = s_config ("low", "point");
    config.level = (char *) "important";
    rig_t rig = s_rig (&config);
    s_volts (&rig, 1980);
    s_expect (&rig, "");
    s_volts (&rig, 1979);
    const message_t *message = &rig.out->messages[0];
    assert_int_equal (message->terminal, 1);
    assert_int_equal (message->mp, 1);
    assert_int_equal (message->area, 3);
    assert_int_equal (message->time_ms, BEGIN_MS);
    assert_int_equal (message->received_ms, BEGIN_MS);
    assert_true (bytes_equal (message->address, bytes_text ("010000001")));
    s_expect_text (rig.out, 0, POINT_ALARM_RULE, "low");
    s_expect_text (rig.out, 0, POINT_ALARM_LEVEL, "important");
    s_expect_text (rig.out, 0, POINT_ALARM_POINT, "voltage.l1_V");
    assert_int_equal (s_number (rig.out, 0, POINT_ALARM_VALUE), 1979);
    assert_int_equal (s_number (rig.out, 0, POINT_ALARM_SINCE), BEGIN_MS);
    assert_int_equal (s_number (rig.out, 0, POINT_ALARM_COUNT), 0);
    assert_null (s_item (rig.out, 0, POINT_ALARM_WHO));
    s_expect (&rig, "1 ");
    assert_int_equal (alarms_active (rig.alarms), 1);
    s_pass (&rig, 3600000);
    s_volts (&rig, 1000);
    s_expect (&rig, "");
    s_volts (&rig, 2200);
    assert_int_equal (alarms_deadline (rig.alarms), rig.now.mono_ms + 60000);
    s_pass (&rig, 59999);
    s_expect (&rig, "");
    s_pass (&rig, 1);
    assert_int_equal (s_number (rig.out, 0, POINT_ALARM_VALUE), 2200);
    s_expect (&rig, "0 ");
    assert_int_equal (alarms_active (rig.alarms), 0);
    assert_true (alarms_deadline (rig.alarms) == INT64_MAX);
    s_end (&rig);
}

static void test_delay (void **state)
{
    (void) state;
    config_alarm_t config = s_config ("low", "point");
    config.delay_ms = 5000;
    rig_t rig = s_rig (&config);
    s_volts (&rig, 1900);
    s_pass (&rig, 4999);
    s_volts (&rig, 2000);
    s_pass (&rig, 5000);
    s_expect (&rig, "");
    s_volts (&rig, 1900);
    s_pass (&rig, 5000);
    s_expect (&rig, "1 ");
    s_end (&rig);
    //  Items of a curve that comes late bring their own hours along.
    rig = s_rig (&config);
    s_value (&rig, 1, value_decimal (190, 0, 0), BEGIN_MS - 3600000);
    s_expect (&rig, "");
    s_value (&rig, 1, value_decimal (190, 0, 0), BEGIN_MS - 1800000);
    assert_int_equal (s_number (rig.out, 0, POINT_ALARM_SINCE), BEGIN_MS - 1800000);
    s_expect (&rig, "1 ");
    s_value (&rig, 1, value_decimal (220, 0, 0), BEGIN_MS - 900000);
    s_expect (&rig, "");
    s_value (&rig, 1, value_decimal (220, 0, 0), BEGIN_MS - 600000);
    s_expect (&rig, "0 ");
    s_end (&rig);
}

static void test_hysteresis (void **state)
{
    static const struct {
        const char *compare, *threshold, *hysteresis;  //  Of the rule
        int64_t holds, between, gone;  //  Tenths of a volt; between -1: there is none
    } rows[] = {{"lt", "198", "2", 1979, 1980, 2000},   {"le", "198", "2", 1980, 2000, 2001},
                {"gt", "242", "2.5", 2421, 2396, 2395}, {"ge", "242", "2.5", 2420, 2395, 2394},
                {"gt", "242", "0", 2421, -1, 2420},     {"ge", "242", "0", 2420, -1, 2419},
                {"lt", "-5", "0", -51, -1, -50},        {"eq", "220", "0", 2200, -1, 2201},
                {"ne", "220.0", "0", 2201, -1, 2200}};
    (void) state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        config_alarm_t config = s_config ("r", "point");
        config.compare = (char *) rows[i].compare;
        config.threshold = (char *) rows[i].threshold;
        config.hysteresis = (char *) rows[i].hysteresis;
        config.settle_ms = 0;
        rig_t rig = s_rig (&config);
        if (rows[i].between >= 0) {
            s_volts (&rig, rows[i].between);
        }
        s_volts (&rig, rows[i].gone);
        s_expect (&rig, "");
        s_volts (&rig, rows[i].holds);
        s_expect (&rig, "1 ");
        if (rows[i].between >= 0) {
            s_volts (&rig, rows[i].between);
        }
        s_expect (&rig, "");
        s_volts (&rig, rows[i].gone);
        s_expect (&rig, "0 ");
        s_end (&rig);
    }
}

static void test_bits_and_floats (void **state)
{
    (void) state;
    config_alarm_t config = s_config ("r", "point");
    config.compare = (char *) "bit_set";
    config.threshold = (char *) "63";
    config.settle_ms = 0;
    rig_t rig = s_rig (&config);
    s_value (&rig, 1, value_bits (INT64_MAX, 0), 0);
    s_value (&rig, 1, (value_t){.real = 1, .kind = VALUE_FLOAT}, 0);
    s_value (&rig, 1, value_decimal (-1, 0, 0), 0);
    s_expect (&rig, "");
    s_value (&rig, 1, value_bits (UINT64_MAX, 0), 0);
    s_value (&rig, 1, value_bits (0, 0), 0);
    s_expect (&rig, "1 0 ");
    config.compare = (char *) "gt";
    config.threshold = (char *) "1.5";
    alarms_rules (rig.alarms, &config, 1);
    assert_true (alarms_sweep (rig.alarms, rig.now, rig.out));
    s_value (&rig, 1, (value_t){.real = 1.5, .kind = VALUE_FLOAT}, 0);
    s_value (&rig, 1, (value_t){.real = (double) NAN, .kind = VALUE_FLOAT}, 0);
    s_expect (&rig, "");
    s_value (&rig, 1, (value_t){.real = 1.6, .kind = VALUE_FLOAT}, 0);
    s_value (&rig, 1, (value_t){.real = (double) NAN, .kind = VALUE_FLOAT}, 0);
    s_expect (&rig, "1 ");
    s_value (&rig, 1, value_bits (UINT64_MAX, 0), 0);
    s_expect (&rig, "");
    s_end (&rig);
}

static void test_flapping_counts (void **state)
{
    (void) state;
    config_alarm_t config = s_config ("low", "point");
    rig_t rig = s_rig (&config);
    for (int i = 0; i < 50; i++) {
        s_volts (&rig, 1900);
        s_pass (&rig, 30000);
        s_volts (&rig, 2200);
        s_pass (&rig, 30000);
    }
    s_expect (&rig, "1 ");
    s_pass (&rig, 30000);
    assert_int_equal (s_number (rig.out, 0, POINT_ALARM_COUNT), 49);
    s_expect (&rig, "0 ");
    s_volts (&rig, 1900);
    assert_int_equal (s_number (rig.out, 0, POINT_ALARM_COUNT), 0);
    s_expect (&rig, "1 ");
    s_end (&rig);
}

//  A return after the settle time, before anybody looked at the clock: cleared, and raised anew.
static void test_late_return (void **state)
{
    (void) state;
    config_alarm_t config = s_config ("low", "point");
    rig_t rig = s_rig (&config);
    s_value (&rig, 1, value_decimal (190, 0, 0), BEGIN_MS - 600000);
    s_value (&rig, 1, value_decimal (220, 0, 0), BEGIN_MS - 500000);
    s_value (&rig, 1, value_decimal (190, 0, 0), BEGIN_MS - 440000);
    s_expect (&rig, "1 0 1 ");
    s_end (&rig);
}

static void test_bad_values_say_nothing (void **state)
{
    (void) state;
    config_alarm_t config = s_config ("low", "point");
    config.settle_ms = 0;
    rig_t rig = s_rig (&config);
    s_value (&rig, 1, value_decimal (1, 0, QUALITY_SUSPECT), 0);
    s_value (&rig, 1, value_decimal (1, 0, QUALITY_INVALID | QUALITY_LATE), 0);
    s_value (&rig, 1, value_none (ABSENT_DEVICE, 0), 0);
    s_value (&rig, 1, (value_t){.text = "1", .exponent = 1, .kind = VALUE_TEXT}, 0);
    s_value (&rig, 0, value_decimal (1, 0, 0), 0);
    s_expect (&rig, "");
    s_volts (&rig, 1);
    s_expect (&rig, "1 ");
    s_value (&rig, 1, value_decimal (220, 0, QUALITY_SUSPECT), 0);
    s_value (&rig, 1, value_none (ABSENT_DEVICE, 0), 0);
    s_expect (&rig, "");
    s_value (&rig, 1, value_decimal (220, 0, QUALITY_LATE), 0);
    s_expect (&rig, "0 ");
    s_end (&rig);
}

static void test_order_of_times (void **state)
{
    (void) state;
    config_alarm_t config = s_config ("low", "point");
    config.settle_ms = 0;
    rig_t rig = s_rig (&config);
    s_value (&rig, 1, value_decimal (220, 0, 0), BEGIN_MS - 1000);
    s_value (&rig, 1, value_decimal (190, 0, 0), BEGIN_MS - 2000);
    s_expect (&rig, "");
    s_value (&rig, 1, value_decimal (190, 0, 0), BEGIN_MS - 500);
    s_value (&rig, 1, value_decimal (220, 0, 0), BEGIN_MS - 600);
    s_value (&rig, 1, value_decimal (190, 0, 0), BEGIN_MS - 500);
    s_expect (&rig, "1 ");
    s_value (&rig, 1, value_decimal (220, 0, 0), BEGIN_MS - 400);
    s_expect (&rig, "0 ");
    //  A clock of the year 2100, put right later.
    s_value (&rig, 1, value_decimal (190, 0, 0), 4102444800000);
    s_expect (&rig, "1 ");
    s_pass (&rig, 1000);
    s_value (&rig, 1, value_decimal (220, 0, 0), rig.now.wall_ms - 500);
    s_expect (&rig, "0 ");
    //  Our own clock, a day ahead until now.
    rig.now.wall_ms -= 86400000;
    s_volts (&rig, 1900);
    s_expect (&rig, "1 ");
    s_end (&rig);
}

static void test_events (void **state)
{
    (void) state;
    config_alarm_t config = s_config ("power", "event");
    config.event = (char *) "14";
    rig_t rig = s_rig (&config);
    s_event (&rig, 13, -1, BEGIN_MS - 60000);
    s_expect (&rig, "");
    s_event (&rig, 14, -1, BEGIN_MS - 60000);
    s_expect_text (rig.out, 0, POINT_ALARM_POINT, "event.code");
    assert_int_equal (s_number (rig.out, 0, POINT_ALARM_VALUE), 14);
    s_expect (&rig, "1 ");
    s_event (&rig, 14, -1, BEGIN_MS - 60000);
    s_pass (&rig, 30000);
    s_event (&rig, 14, -1, BEGIN_MS - 50000);
    s_pass (&rig, 59999);
    s_expect (&rig, "");
    s_pass (&rig, 1);
    assert_int_equal (s_number (rig.out, 0, POINT_ALARM_COUNT), 1);
    s_expect (&rig, "0 ");
    //  One that begins lasts until it ends.
    s_event (&rig, 14, 1, rig.now.wall_ms);
    assert_int_equal (s_number (rig.out, 0, POINT_EVENT_START), 1);
    s_expect (&rig, "1 ");
    s_pass (&rig, 86400000);
    s_expect (&rig, "");
    s_event (&rig, 14, 0, rig.now.wall_ms);
    s_pass (&rig, 60000);
    s_expect (&rig, "0 ");
    s_end (&rig);
}

static void test_links (void **state)
{
    (void) state;
    config_alarm_t config = s_config ("offline", "link");
    config.delay_ms = 1000;
    rig_t rig = s_rig (&config);
    message_t message = s_message (1, 0, MESSAGE_LINK);
    message.received_ms = rig.now.wall_ms;
    alarms_link (rig.alarms, &message, false, rig.now, rig.out);
    s_pass (&rig, 1000);
    s_expect (&rig, "1 ");
    message.received_ms = rig.now.wall_ms;
    alarms_link (rig.alarms, &message, true, rig.now, rig.out);
    s_pass (&rig, 60000);
    s_expect (&rig, "0 ");
    assert_true (alarms_skip (rig.alarms, MESSAGE_READING));
    assert_true (alarms_skip (rig.alarms, MESSAGE_EVENT));
    assert_false (alarms_skip (rig.alarms, MESSAGE_LINK));
    s_end (&rig);
}

static void test_acknowledge (void **state)
{
    (void) state;
    config_alarm_t config = s_config ("low", "point");
    rig_t rig = s_rig (&config);
    CHECK_ERR (alarms_ack (rig.alarms, "low", 1, 1, "a", "", rig.now, rig.out), FEP_NOT_FOUND);
    s_volts (&rig, 1900);
    s_expect (&rig, "1 ");
    CHECK_ERR (alarms_ack (rig.alarms, "lo", 1, 1, "a", "", rig.now, rig.out), FEP_NOT_FOUND);
    CHECK_ERR (alarms_ack (rig.alarms, "low", 1, 2, "a", "", rig.now, rig.out), FEP_NOT_FOUND);
    CHECK_ERR (alarms_ack (rig.alarms, "low", 2, 1, "a", "", rig.now, rig.out), FEP_NOT_FOUND);
    CHECK_OK (alarms_ack (rig.alarms, "low", 1, 1, "ann", "on its way", rig.now, rig.out));
    s_expect_text (rig.out, 0, POINT_ALARM_WHO, "ann");
    s_expect_text (rig.out, 0, POINT_ALARM_COMMENT, "on its way");
    s_expect (&rig, "2 ");
    CHECK_ERR (alarms_ack (rig.alarms, "low", 1, 1, "bob", "", rig.now, rig.out), FEP_EXISTS);
    s_volts (&rig, 2200);
    s_volts (&rig, 1900);
    assert_true (alarms_from (rig.alarms, 0)->acknowledged);
    s_volts (&rig, 2200);
    s_pass (&rig, 60000);
    s_expect_text (rig.out, 0, POINT_ALARM_WHO, "ann");
    s_expect (&rig, "0 ");
    s_volts (&rig, 1900);
    assert_false (alarms_from (rig.alarms, 0)->acknowledged);
    s_expect (&rig, "1 ");
    s_end (&rig);
}

//  ---- Rows ----

typedef struct {
    uint8_t bytes[8192];  //  Packed batch
    bytes_t spans[8];     //  Of its messages
    size_t count;         //  Of them
} packed_t;

static void s_pack (const batch_t *batch, packed_t *packed)
{
    batch_head_t head = {.messages = (uint32_t) batch->message_count};
    message_t message;
    writer_t out = writer_of (packed->bytes, sizeof packed->bytes);
    CHECK_OK (pack_batch (batch, &head, &out));
    cursor_t cursor = cursor_of (writer_bytes (&out));
    CHECK_OK (cursor_batch (&cursor, &head));
    packed->count = 0;
    while (cursor_message (&cursor, &message) == FEP_OK) {
        CHECK_OK (cursor_span (&cursor, &packed->spans[packed->count++]));
    }
}

static bool s_row (bytes_t span, writer_t *key)
{
    cursor_t cursor = cursor_single (span);
    message_t message;
    bool raised;
    CHECK_OK (cursor_message (&cursor, &message));
    CHECK_OK (alarms_row (&cursor, &message, key, &raised));
    return raised;
}

static void test_restart (void **state)
{
    (void) state;
    config_alarm_t config = s_config ("low", "point");
    rig_t rig = s_rig (&config);
    packed_t packed;
    uint8_t keys[3][64];
    s_volts (&rig, 1900);
    CHECK_OK (alarms_ack (rig.alarms, "low", 1, 1, "ann", "seen", rig.now, rig.out));
    s_volts (&rig, 2200);
    s_pass (&rig, 60000);
    s_pack (rig.out, &packed);
    assert_int_equal (packed.count, 3);
    for (size_t i = 0; i < 3; i++) {
        writer_t key = writer_of (keys[i], sizeof keys[i]);
        assert_int_equal (s_row (packed.spans[i], &key), i < 2);
        assert_int_equal (key.size, 3 + 1 + 4 + 2);
        assert_memory_equal (keys[i], "low\0\0\0\0\1\0\1", key.size);
    }
    s_end (&rig);
    for (size_t i = 0; i < 2; i++) {
        rig = s_rig (&config);
        CHECK_OK (alarms_load (rig.alarms, packed.spans[i], rig.now));
        assert_true (alarms_sweep (rig.alarms, rig.now, rig.out));
        assert_int_equal (alarms_active (rig.alarms), 1);
        assert_int_equal (alarms_from (rig.alarms, 0)->acknowledged, i);
        assert_string_equal (alarms_from (rig.alarms, 0)->ack.who, i ? "ann" : "");
        assert_int_equal (alarms_from (rig.alarms, 0)->raised_ms, BEGIN_MS);
        //  Sent again: nothing new. What is older than it: nothing at all.
        s_value (&rig, 1, value_decimal (190, 0, 0), BEGIN_MS);
        s_value (&rig, 1, value_decimal (220, 0, 0), BEGIN_MS - 1);
        s_expect (&rig, "");
        assert_int_equal (alarms_from (rig.alarms, 0)->phase, ALARM_RAISED);
        s_volts (&rig, 2200);
        s_pass (&rig, 60000);
        s_expect (&rig, "0 ");
        s_end (&rig);
    }
}

//  What the journal's tail says of times before the restart.
static void test_seen_before_restart (void **state)
{
    (void) state;
    config_alarm_t config = s_config ("low", "point");
    rig_t rig = s_rig (&config);
    message_t message = s_message (1, 1, MESSAGE_READING);
    item_t gone = {.value = value_decimal (220, 0, 0), .point = VOLTAGE};
    alarms_seen (rig.alarms, &message, &gone, BEGIN_MS - 1000, rig.now);
    s_value (&rig, 1, value_decimal (190, 0, 0), BEGIN_MS - 2000);
    s_expect (&rig, "");
    s_value (&rig, 1, value_decimal (190, 0, 0), BEGIN_MS);
    packed_t packed;
    s_pack (rig.out, &packed);
    s_end (&rig);
    rig = s_rig (&config);
    CHECK_OK (alarms_load (rig.alarms, packed.spans[0], rig.now));
    assert_true (alarms_sweep (rig.alarms, rig.now, rig.out));
    s_pass (&rig, 10000);
    alarms_seen (rig.alarms, &message, &gone, BEGIN_MS + 5000, rig.now);
    s_expect (&rig, "");
    s_pass (&rig, 60000);
    s_expect (&rig, "0 ");
    s_end (&rig);
}

static void test_events_after_restart (void **state)
{
    (void) state;
    config_alarm_t config = s_config ("power", "event");
    for (int begins = -1; begins <= 1; begins += 2) {
        packed_t packed;
        rig_t rig = s_rig (&config);
        s_event (&rig, 14, begins, BEGIN_MS);
        s_pack (rig.out, &packed);
        s_end (&rig);
        rig = s_rig (&config);
        CHECK_OK (alarms_load (rig.alarms, packed.spans[0], rig.now));
        assert_true (alarms_sweep (rig.alarms, rig.now, rig.out));
        s_event (&rig, 14, begins, BEGIN_MS);
        s_pass (&rig, 60000);
        s_expect (&rig, begins < 0 ? "0 " : "");
        s_end (&rig);
    }
}

static void test_bad_rows (void **state)
{
    (void) state;
    config_alarm_t config = s_config ("low", "point");
    rig_t rig = s_rig (&config);
    packed_t packed;
    s_volts (&rig, 1900);
    s_pack (rig.out, &packed);
    for (size_t size = 0; size < packed.spans[0].size; size++) {
        CHECK_ERR (alarms_load (rig.alarms, bytes_of (packed.spans[0].data, size), rig.now),
                   FEP_CORRUPT);
    }
    batch_clear (rig.out);
    batch_message (rig.out, MESSAGE_ALARM)->terminal = 1;
    batch_text (rig.out, POINT_ALARM_RULE, "a name that is longer than any rule's may be");
    batch_item (rig.out, POINT_ALARM_STATE, value_decimal (1, 0, 0));
    batch_message (rig.out, MESSAGE_ALARM)->terminal = 1;
    batch_text (rig.out, POINT_ALARM_RULE, "low");
    s_pack (rig.out, &packed);
    CHECK_ERR (alarms_load (rig.alarms, packed.spans[0], rig.now), FEP_CORRUPT);
    CHECK_ERR (alarms_load (rig.alarms, packed.spans[1], rig.now), FEP_CORRUPT);
    s_end (&rig);
}

//  ---- Rules and scope ----

static void test_reload (void **state)
{
    (void) state;
    config_alarm_t two[] = {s_config ("low", "point"), s_config ("b", "point")};
    rig_t rig = s_rig_of (1000);
    alarms_rules (rig.alarms, two, 2);
    assert_true (alarms_sweep (rig.alarms, rig.now, rig.out));
    s_volts (&rig, 1900);
    s_expect (&rig, "1 1 ");
    //  Another threshold keeps what is raised; a rule that is gone clears it, and says so.
    two[1].threshold = (char *) "100";
    alarms_rules (rig.alarms, &two[1], 1);
    assert_true (alarms_sweep (rig.alarms, rig.now, rig.out));
    s_expect_text (rig.out, 0, POINT_ALARM_RULE, "low");
    s_expect_text (rig.out, 0, POINT_ALARM_WHO, "fepd");
    s_expect_text (rig.out, 0, POINT_ALARM_COMMENT, "the rule is gone or looks at something else");
    s_expect (&rig, "0 ");
    assert_int_equal (alarms_active (rig.alarms), 1);
    s_volts (&rig, 1900);
    s_pass (&rig, 60000);
    s_expect (&rig, "0 ");
    s_volts (&rig, 900);
    s_expect (&rig, "1 ");
    //  The same name for another point.
    two[1].point = (char *) "current.l1_A";
    alarms_rules (rig.alarms, &two[1], 1);
    assert_true (alarms_sweep (rig.alarms, rig.now, rig.out));
    s_expect (&rig, "0 ");
    alarms_rules (rig.alarms, NULL, 0);
    assert_true (alarms_sweep (rig.alarms, rig.now, rig.out));
    s_expect (&rig, "");
    assert_true (alarms_skip (rig.alarms, MESSAGE_READING));
    s_end (&rig);
}

static void test_rows_of_rules_that_are_gone (void **state)
{
    (void) state;
    config_alarm_t config = s_config ("low", "point"), other = s_config ("other", "link");
    packed_t packed;
    rig_t rig = s_rig (&config);
    s_volts (&rig, 1900);
    s_pack (rig.out, &packed);
    s_end (&rig);
    rig = s_rig (&other);
    CHECK_OK (alarms_load (rig.alarms, packed.spans[0], rig.now));
    assert_true (alarms_sweep (rig.alarms, rig.now, rig.out));
    s_expect_text (rig.out, 0, POINT_ALARM_RULE, "low");
    s_expect_text (rig.out, 0, POINT_ALARM_POINT, "voltage.l1_V");
    s_expect (&rig, "0 ");
    assert_int_equal (alarms_states (rig.alarms), 0);
    s_end (&rig);
}

static void test_groups (void **state)
{
    (void) state;
    static char names[ARCHIVE_GROUPS_MAX][ARCHIVE_NAME_MAX + 1];
    config_alarm_t rules[] = {s_config ("g", "point"), s_config ("t", "point")};
    rules[0].group = (char *) "north";
    rules[1].terminal = (char *) "010000002";
    rig_t rig = s_rig_of (1000);
    alarms_rules (rig.alarms, rules, 2);
    s_volts (&rig, 1900);
    s_expect (&rig, "");
    strcpy (names[5], "north");
    alarms_groups (rig.alarms, names);
    alarms_terminal (rig.alarms, 1, 1 << 5, true);
    alarms_terminal (rig.alarms, 2, 1 << 4, true);
    assert_true (alarms_sweep (rig.alarms, rig.now, rig.out));
    s_volts (&rig, 1900);
    s_value (&rig, 2, value_decimal (1, 0, 0), 0);
    s_expect_text (rig.out, 0, POINT_ALARM_RULE, "g");
    s_expect (&rig, "1 ");
    alarms_terminal (rig.alarms, 1, 1 << 4, true);
    assert_true (alarms_sweep (rig.alarms, rig.now, rig.out));
    s_expect_text (rig.out, 0, POINT_ALARM_COMMENT, "the terminal left the rule's group");
    s_expect (&rig, "0 ");
    alarms_terminal (rig.alarms, 1, 1 << 5, true);
    s_volts (&rig, 1900);
    s_expect (&rig, "1 ");
    alarms_terminal (rig.alarms, 1, 1 << 5, false);
    assert_true (alarms_sweep (rig.alarms, rig.now, rig.out));
    s_expect_text (rig.out, 0, POINT_ALARM_COMMENT, "the terminal left the archive");
    s_expect (&rig, "0 ");
    s_end (&rig);
}

//  ---- Limits ----

static void test_limit (void **state)
{
    (void) state;
    config_alarm_t config = s_config ("low", "point");
    config.settle_ms = 0;
    rig_t rig = s_rig_of (64);
    alarms_rules (rig.alarms, &config, 1);
    for (uint32_t terminal = 1; terminal <= 70; terminal++) {
        s_value (&rig, terminal, value_decimal (190, 0, 0), 0);
    }
    assert_int_equal (rig.out->message_count, 64);
    assert_int_equal (alarms_active (rig.alarms), 64);
    batch_clear (rig.out);
    //  An idle one makes room.
    s_value (&rig, 1, value_decimal (220, 0, 0), 0);
    s_value (&rig, 70, value_decimal (190, 0, 0), 0);
    s_value (&rig, 69, value_decimal (190, 0, 0), 0);
    s_expect (&rig, "0 1 ");
    assert_int_equal (alarms_states (rig.alarms), 64);
    s_end (&rig);
}

static void test_storm (void **state)
{
    (void) state;
    static config_alarm_t rules[CONFIG_ALARMS_MAX];
    static char names[CONFIG_ALARMS_MAX][8];
    for (unsigned i = 0; i < CONFIG_ALARMS_MAX; i++) {
        snprintf (names[i], sizeof names[i], "r%u", i);
        rules[i] = s_config (names[i], "point");
    }
    rig_t rig = s_rig_of (20000);
    alarms_rules (rig.alarms, rules, CONFIG_ALARMS_MAX);
    assert_true (alarms_sweep (rig.alarms, rig.now, rig.out));
    size_t raised = 0, batches = 0;
    for (uint32_t terminal = 1; terminal <= 50; terminal++) {
        if (alarms_ripe (rig.out)) {
            raised += rig.out->message_count;
            batches++;
            batch_clear (rig.out);
        }
        s_value (&rig, terminal, value_decimal (190, 0, 0), 0);
        assert_false (rig.out->failed);
        assert_true (rig.out->message_count < ALARMS_RIPE + CONFIG_ALARMS_MAX);
    }
    raised += rig.out->message_count;
    assert_int_equal (raised, 50 * CONFIG_ALARMS_MAX);
    assert_in_range (batches, 10, 20);
    batch_clear (rig.out);
    //  Each one is there once, in the order it was raised.
    size_t seen = 0;
    uint64_t serial = 0;
    for (const alarm_t *one = alarms_from (rig.alarms, 0); one; one = alarms_next (one)) {
        assert_true (one->serial > serial);
        serial = one->serial;
        seen++;
    }
    assert_int_equal (seen, raised);
    //  All rules go at once: cleared in bounded pieces.
    alarms_rules (rig.alarms, NULL, 0);
    size_t cleared = 0;
    bool done = false;
    while (!done) {
        done = alarms_sweep (rig.alarms, rig.now, rig.out);
        assert_true (rig.out->message_count <= ALARMS_RIPE && !rig.out->failed);
        cleared += rig.out->message_count;
        batch_clear (rig.out);
    }
    assert_int_equal (cleared, raised);
    assert_int_equal (alarms_states (rig.alarms), 0);
    //  And timers.
    alarms_rules (rig.alarms, rules, CONFIG_ALARMS_MAX);
    assert_true (alarms_sweep (rig.alarms, rig.now, rig.out));
    for (uint32_t terminal = 1; terminal <= 12; terminal++) {
        batch_clear (rig.out);
        s_value (&rig, terminal, value_decimal (190, 0, 0), 0);
        s_value (&rig, terminal, value_decimal (220, 0, 0), 0);
    }
    batch_clear (rig.out);
    rig.now.mono_ms += 60000;
    cleared = 0;
    while (alarms_deadline (rig.alarms) <= rig.now.mono_ms) {
        alarms_tick (rig.alarms, rig.now, rig.out);
        assert_true (rig.out->message_count <= ALARMS_RIPE);
        cleared += rig.out->message_count;
        batch_clear (rig.out);
    }
    assert_int_equal (cleared, 12 * CONFIG_ALARMS_MAX);
    s_end (&rig);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_raise_and_clear),
        cmocka_unit_test (test_delay),
        cmocka_unit_test (test_hysteresis),
        cmocka_unit_test (test_bits_and_floats),
        cmocka_unit_test (test_flapping_counts),
        cmocka_unit_test (test_late_return),
        cmocka_unit_test (test_bad_values_say_nothing),
        cmocka_unit_test (test_order_of_times),
        cmocka_unit_test (test_events),
        cmocka_unit_test (test_links),
        cmocka_unit_test (test_acknowledge),
        cmocka_unit_test (test_restart),
        cmocka_unit_test (test_seen_before_restart),
        cmocka_unit_test (test_events_after_restart),
        cmocka_unit_test (test_bad_rows),
        cmocka_unit_test (test_reload),
        cmocka_unit_test (test_rows_of_rules_that_are_gone),
        cmocka_unit_test (test_groups),
        cmocka_unit_test (test_limit),
        cmocka_unit_test (test_storm),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
