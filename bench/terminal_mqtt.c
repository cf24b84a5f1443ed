//  The same load for a message broker: a report of a terminal as a PUBLISH with QoS 1 (MQTT 3.1.1). Its payload is
//  the 376.1 frame.
#include "bench/terminal.h"
#include <stdio.h>

enum { CONNECT = 0x10, CONNACK = 0x20, PUBLISH_QOS1 = 0x32, PUBACK = 0x40, DISCONNECT = 0xE0 };
enum { CLEAN_SESSION = 2, KEEP_ALIVE_S = 600, ACK_SIZE = 4, TOPIC_SIZE = 11, LONG = 128 };

static void s_text (writer_t *out, const char *text)
{
    size_t size = strlen (text);
    writer_u16be (out, (uint16_t) size);
    writer_put (out, text, size);
}

//  Remaining lengths below 128 are one byte.
static void s_login (uint32_t address, uint8_t sequence, writer_t *out)
{
    char name[16];
    (void) sequence;
    snprintf (name, sizeof name, "t%09u", address);
    writer_u8 (out, CONNECT);
    writer_u8 (out, (uint8_t) (10 + 2 + strlen (name)));
    s_text (out, "MQTT");
    writer_u8 (out, 4);
    writer_u8 (out, CLEAN_SESSION);
    writer_u16be (out, KEEP_ALIVE_S);
    s_text (out, name);
}

static void s_logout (uint32_t address, uint8_t sequence, writer_t *out)
{
    (void) address;
    (void) sequence;
    writer_u16be (out, DISCONNECT << 8);
}

static void s_report (uint32_t address, const report_t *report, uint8_t sequence, writer_t *out)
{
    uint8_t memory[LONG];
    char topic[TOPIC_SIZE + 1];
    writer_t payload = writer_of (memory, sizeof memory);
    terminal_gdw1376.report (address, report, sequence, &payload);
    snprintf (topic, sizeof topic, "t/%09u", address);
    size_t size = 2 + TOPIC_SIZE + 2 + payload.size;
    if (size >= LONG) {
        out->failed = true;
        return;
    }
    writer_u8 (out, PUBLISH_QOS1);
    writer_u8 (out, (uint8_t) size);
    s_text (out, topic);
    writer_u16be (out, sequence + 1u);
    writer_put (out, memory, payload.size);
}

static void s_touch (uint8_t *frame, int64_t minute, uint8_t sequence)
{
    (void) minute;
    frame[4 + TOPIC_SIZE] = 0;
    frame[5 + TOPIC_SIZE] = (uint8_t) (sequence % LONG + 1);
}

static input_t s_input (uint32_t address, bytes_t window)
{
    (void) address;
    if (window.size < ACK_SIZE) {
        return (input_t){.what = INPUT_MORE};
    }
    const uint8_t *p = window.data;
    bool good = p[1] == 2 && ((p[0] == CONNACK && p[3] == 0) || p[0] == PUBACK);
    return (input_t){good ? INPUT_CONFIRMED : INPUT_NOISE, 0, good ? ACK_SIZE : 1};
}

const terminal_protocol_t terminal_mqtt = {.name = "mqtt",
                                           .frame_max = LONG,
                                           .sequences = LONG,
                                           .login = s_login,
                                           .heartbeat = s_logout,
                                           .logout = s_logout,
                                           .report = s_report,
                                           .touch = s_touch,
                                           .input = s_input};
