//  fepctl read: asks a terminal for current values, waits for the result, shows what is known then.
#include "fep/wire.h"
#include "tools/fepctl.h"
#include <poll.h>
#include <stdio.h>
#include <string.h>

#define REQUEST_MAX 4096   //  Bytes of the question
#define ANSWER_MS 120000   //  A terminal may take its repeats
#define FOLLOW_ROUNDS 250  //  How often the latest values are looked for ...
#define FOLLOW_MS 20       //  ... and how far apart

//  The journal's newest sequence and how far the latest values have come. 0, 1 or 2 as commands end.
static int s_positions (ctl_t *ctl, uint64_t *head, uint64_t *position)
{
    answer_t answer;
    char name[32] = "";
    reader_t in;
    int code = ctl_ask (ctl, "STATUS", bytes_of (NULL, 0), &answer);
    if (code) {
        return code;
    }
    *head = (uint64_t) wire_find_int (answer.body, "head", 0);
    *position = *head;  //  Of a node without followers
    if (!wire_find (answer.body, "store", &in) ||
        !wire_find (bytes_of (in.data + in.pos, reader_left (&in)), "followers", &in)) {
        return 0;
    }
    for (uint32_t rest = wire_get_array (&in); rest > 0 && !in.failed; rest--) {
        bytes_t row = bytes_of (in.data + in.pos, reader_left (&in));
        if (wire_find_text (row, "name", name, sizeof name) && strcmp (name, "history") == 0) {
            *position = (uint64_t) wire_find_int (row, "position", 0);
        }
        wire_skip (&in);
    }
    return 0;
}

//  The latest values follow the journal a moment later than the answer comes: waits, bounded, until they are
//  where the journal was when it came.
static int s_wait_followed (ctl_t *ctl)
{
    uint64_t wanted = 0;
    uint64_t position = 0;
    uint64_t head = 0;
    int code = s_positions (ctl, &wanted, &position);
    for (int i = 0; !code && position < wanted && i < FOLLOW_ROUNDS && !ctl_interrupted (); i++) {
        poll (NULL, 0, FOLLOW_MS);
        code = s_positions (ctl, &head, &position);
    }
    if (!code && position < wanted) {
        fprintf (stderr, "fepctl: the latest values have not followed yet: these may be older than "
                         "the answer\n");
    }
    return code;
}

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
    code = s_wait_followed (ctl);
    return code ? code : ctl_latest (ctl);
}
