//  fepctl held and fepctl accept: what the validator holds back, and a person's word on it.
#include "fep/wire.h"
#include "tools/fepctl.h"
#include "tools/show.h"
#include <stdio.h>
#include <stdlib.h>

#define REQUEST_MAX 512  //  Bytes of the question

typedef struct {
    ctl_t *ctl;     //  The command
    int code;       //  How it ended
    uint64_t rows;  //  Shown
} pages_t;

//  Every page: as tables, or into the open JSON array.
static void s_pages (pages_t *self, json_t *json)
{
    int64_t next = 0;
    do {
        uint8_t bytes[REQUEST_MAX];
        writer_t body = writer_of (bytes, sizeof bytes);
        answer_t answer;
        reader_t held;
        wire_put_map (&body, self->ctl->terminal ? 2 : 1);
        wire_pair_int (&body, "from", next);
        if (self->ctl->terminal) {
            wire_pair_text (&body, "terminal", self->ctl->terminal);
        }
        self->code = ctl_ask (self->ctl, "HELD", writer_bytes (&body), &answer);
        if (self->code || !wire_find (answer.body, "held", &held)) {
            return;
        }
        next = wire_find_int (answer.body, "next", 0);
        bytes_t array = bytes_of (held.data + held.pos, reader_left (&held));
        uint32_t rows = wire_get_array (&held);
        self->rows += rows;
        if (!json) {
            show_rows (array);
        }
        while (json && rows-- > 0 && !held.failed) {
            json_wire (json, &held);
        }
    } while (next > 0 && !ctl_interrupted ());
}

static void s_json_pages (void *arg, json_t *json)
{
    json_object (json);
    json_key (json, "held");
    json_array (json);
    s_pages (arg, json);
    json_array_end (json);
    json_object_end (json);
}

int ctl_held (ctl_t *ctl)
{
    pages_t pages = {.ctl = ctl};
    if (ctl->json) {
        show_json (s_json_pages, &pages);
    } else {
        s_pages (&pages, NULL);
        if (!pages.code && !pages.rows) {
            printf ("nothing is held\n");
        }
    }
    return pages.code;
}

int ctl_accept (ctl_t *ctl)
{
    uint8_t bytes[REQUEST_MAX];
    writer_t body = writer_of (bytes, sizeof bytes);
    answer_t answer;
    if (ctl->name_count > 1) {
        fprintf (stderr, "fepctl: one --point, or none for all of the measuring point\n");
        return 2;
    }
    wire_put_map (&body, 3 + (uint32_t) ctl->name_count);
    wire_pair_text (&body, "terminal", ctl->terminal);
    wire_pair_int (&body, "mp", ctl->mp);
    wire_pair_text (&body, "who", ctl_who (ctl));
    if (ctl->name_count) {
        wire_pair_text (&body, "point", ctl->names[0]);
    }
    if (body.failed) {
        fprintf (stderr, "fepctl: the name of the point is too long\n");
        return 2;
    }
    int code = ctl_ask (ctl, "ACCEPT", writer_bytes (&body), &answer);
    if (code) {
        return code;
    }
    if (ctl->json) {
        show_json_map (answer.body);
    } else {
        show_map (answer.body);
    }
    return 0;
}
