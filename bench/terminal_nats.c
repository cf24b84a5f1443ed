//  The same load for NATS JetStream: a report of a terminal as a publication on t.ADDRESS. Its payload is the 376.1
//  frame; what the stream answers comes on r.ADDRESS.
#include "bench/nats.h"
#include "bench/terminal.h"
#include <stdio.h>

enum { FRAME_MAX = 512, REPORT_MAX = 256, SUBJECT_SIZE = 16, LINE_SIZE = 128, SEQUENCES = 16 };

static void s_line (writer_t *out, const char *text)
{
    writer_put (out, text, strlen (text));
}

static void s_heartbeat (uint32_t address, uint8_t sequence, writer_t *out)
{
    (void) address;
    (void) sequence;
    s_line (out, "PING\r\n");
}

//  PING makes the server say when it has read the lines before.
static void s_login (uint32_t address, uint8_t sequence, writer_t *out)
{
    char text[LINE_SIZE];
    snprintf (text, sizeof text, NATS_CONNECT "SUB r.%09u 1\r\n", address);
    s_line (out, text);
    s_heartbeat (address, sequence, out);
}

static void s_logout (uint32_t address, uint8_t sequence, writer_t *out)
{
    (void) address;
    (void) sequence;
    s_line (out, "UNSUB 1\r\n");
}

static void s_report (uint32_t address, const report_t *report, uint8_t sequence, writer_t *out)
{
    uint8_t memory[REPORT_MAX];
    char subject[SUBJECT_SIZE];
    char reply[SUBJECT_SIZE];
    writer_t payload = writer_of (memory, sizeof memory);
    terminal_gdw1376.report (address, report, sequence, &payload);
    snprintf (subject, sizeof subject, "t.%09u", address);
    snprintf (reply, sizeof reply, "r.%09u", address);
    nats_put_pub (out, subject, reply, writer_bytes (&payload));
    out->failed = out->failed || payload.failed;
}

static void s_touch (uint8_t *frame, int64_t minute, uint8_t sequence)
{
    uint8_t *end = memchr (frame, '\n', LINE_SIZE);
    if (end) {
        terminal_gdw1376.touch (end + 1, minute, sequence);
    }
}

static input_t s_input (uint32_t address, bytes_t window)
{
    static const input_what_t means[] = {
        [NATS_MORE] = INPUT_MORE,      [NATS_INFO] = INPUT_REQUEST, [NATS_PING] = INPUT_REQUEST,
        [NATS_PONG] = INPUT_CONFIRMED, [NATS_MSG] = INPUT_NOISE,    [NATS_ERROR] = INPUT_DENIED,
        [NATS_OTHER] = INPUT_NOISE};
    nats_input_t input = nats_input (window);
    input_what_t what = means[input.word];
    (void) address;
    if (nats_has_key (input.payload, "error")) {
        what = INPUT_DENIED;
    } else if (nats_has_key (input.payload, "stream")) {
        what = INPUT_CONFIRMED;
    }
    return (input_t){what, 0, input.size};
}

const terminal_protocol_t terminal_nats = {.name = "nats",
                                           .frame_max = FRAME_MAX,
                                           .sequences = SEQUENCES,
                                           .login = s_login,
                                           .heartbeat = s_heartbeat,
                                           .logout = s_logout,
                                           .report = s_report,
                                           .touch = s_touch,
                                           .input = s_input};
