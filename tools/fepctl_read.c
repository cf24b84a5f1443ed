//  fepctl read: asks a terminal for current values, waits for the result, shows what is known then.
#include "fep/wire.h"
#include "tools/fepctl.h"
#include <stdio.h>

#define REQUEST_MAX 4096  //  Bytes of the question
#define ANSWER_MS 120000  //  A terminal may take its repeats

int ctl_read (ctl_t *ctl)
{
    uint8_t bytes[REQUEST_MAX];
    writer_t body = writer_of (bytes, sizeof bytes);
    answer_t answer;
    char error[32] = "";
    wire_put_map (&body, 4);
    wire_pair_text (&body, "terminal", ctl->terminal);
    wire_pair_text (&body, "kind", "current");
    wire_pair_int (&body, "mp", ctl->mp < 0 ? 0 : ctl->mp);
    wire_put_text (&body, "points");
    wire_put_array (&body, (uint32_t) ctl->name_count);
    for (size_t i = 0; i < ctl->name_count; i++) {
        wire_put_text (&body, ctl->names[i]);
    }
    if (body.failed) {
        fprintf (stderr, "fepctl: the names of the points are too long\n");
        return 2;
    }
    ctl->timeout_ms = ctl->timeout_ms < ANSWER_MS ? ANSWER_MS : ctl->timeout_ms;
    int code = ctl_ask (ctl, "READ", writer_bytes (&body), &answer);
    if (code) {
        return code;
    }
    wire_find_text (answer.body, "error", error, sizeof error);
    if (strcmp (error, "OK") != 0) {
        fprintf (stderr, "fepctl: the terminal's answer: %s, its own code %d\n", error,
                 (int) wire_find_int (answer.body, "code", 0));
        return 1;
    }
    return ctl_latest (ctl);
}
