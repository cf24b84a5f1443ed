//  fepctl alarm list, fepctl alarm ack.
#include "fep/clock.h"
#include "fep/wire.h"
#include "tools/fepctl.h"
#include "tools/show.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define REQUEST_MAX 1024  //  Bytes of a question
#define PAGE_ROWS 500     //  Rows asked for at a time

static void s_ask (const ctl_t *ctl, writer_t *body, uint64_t from)
{
    const struct {
        const char *key;   //  In the request
        const char *text;  //  NULL if not said
    } said[] = {{"state", ctl->state}, {"level", ctl->level}, {"terminal", ctl->terminal}};
    uint32_t count = 2;
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        count += said[i].text ? 1 : 0;
    }
    wire_put_map (body, count);
    wire_pair_uint (body, "from", from);
    wire_pair_uint (body, "limit", PAGE_ROWS);
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        if (said[i].text) {
            wire_pair_text (body, said[i].key, said[i].text);
        }
    }
}

static const char *const s_heads[] = {"alarm", "level", "state", "terminal", "mp",     "value",
                                      "point", "count", "since", "who",      "comment"};
#define COLUMNS (sizeof s_heads / sizeof s_heads[0])

static void s_row (const ctl_t *ctl, bytes_t row, table_t *table, json_t *json)
{
    (void) ctl;
    if (json) {
        show_object (json, row);
        return;
    }
    for (size_t i = 0; i < COLUMNS; i++) {
        char text[256];
        if (strcmp (s_heads[i], "since") == 0) {
            clock_local_text (wire_find_int (row, "since_ms", 0), text, sizeof text);
        } else if (!wire_find_text (row, s_heads[i], text, sizeof text)) {
            snprintf (text, sizeof text, "%" PRId64, wire_find_int (row, s_heads[i], 0));
        }
        table_cell (table, *text ? text : "-");
    }
}

int ctl_alarm_list (ctl_t *ctl)
{
    paged_t paged = {.ctl = ctl,
                     .word = "ALARMS",
                     .key = "alarms",
                     .ask = s_ask,
                     .row = s_row,
                     .heads = s_heads,
                     .columns = COLUMNS};
    return ctl_paged (&paged);
}

int ctl_alarm_ack (ctl_t *ctl)
{
    uint8_t bytes[REQUEST_MAX];
    writer_t body = writer_of (bytes, sizeof bytes);
    answer_t answer;
    wire_put_map (&body, 5);
    wire_pair_text (&body, "terminal", ctl->terminal);
    wire_pair_text (&body, "alarm", ctl->alarm);
    wire_pair_int (&body, "mp", ctl->mp < 0 ? 0 : ctl->mp);
    wire_pair_text (&body, "who", ctl_who (ctl));
    wire_pair_text (&body, "comment", ctl->comment ? ctl->comment : "");
    if (body.failed) {
        fprintf (stderr, "fepctl: the words are too long\n");
        return 2;
    }
    int code = ctl_ask (ctl, "ACK", writer_bytes (&body), &answer);
    if (!code) {
        show_map (answer.body);
    }
    return code;
}
