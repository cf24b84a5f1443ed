//  fepctl online: when a terminal was online. A single day hour by hour, one character for each 5 minutes; several
//  days one line each, one character for each 15 minutes.
#include "fep/wire.h"
#include "tools/fepctl.h"
#include "tools/show.h"
#include <inttypes.h>
#include <stdio.h>

#define REQUEST_MAX 256
#define SLOTS 288
#define BYTES (SLOTS / 8)
#define HOUR 12  //  Slots
#define WIDE 3   //  Slots of a character where days are lines
#define DAYS_MAX 400

typedef struct {
    bool known;           //  There is a row
    char date[32];        //  "2026-11-21"
    uint8_t bits[BYTES];  //  Lowest first
} day_t;

typedef struct {
    ctl_t *ctl;            //  The command
    int64_t today;         //  As the daemon counts
    int64_t slot;          //  The running one
    int64_t first;         //  The first day asked for
    int64_t count;         //  Of days
    day_t days[DAYS_MAX];  //  From the first
} online_t;

static void s_take_rows (online_t *self, bytes_t body)
{
    reader_t rows, bits;
    if (!wire_find (body, "days", &rows)) {
        return;
    }
    for (uint32_t count = wire_get_array (&rows); count > 0 && !rows.failed; count--) {
        size_t start = rows.pos;
        wire_skip (&rows);
        bytes_t row = bytes_of (rows.data + start, rows.pos - start);
        int64_t at = wire_find_int (row, "day", 0) - self->first;
        if (!rows.failed && at >= 0 && at < self->count && wire_find (row, "bits", &bits)) {
            bytes_t found = wire_get_bin (&bits);
            day_t *day = &self->days[at];
            day->known = found.size == BYTES;
            memcpy (day->bits, found.data, day->known ? BYTES : 0);
            wire_find_text (row, "date", day->date, sizeof day->date);
        }
    }
}

//  from -1: today.
static int s_ask (online_t *self, int64_t from, int64_t to, answer_t *answer)
{
    uint8_t bytes[REQUEST_MAX];
    writer_t body = writer_of (bytes, sizeof bytes);
    wire_put_map (&body, from < 0 ? 1 : 3);
    wire_pair_text (&body, "terminal", self->ctl->terminal);
    if (from >= 0) {
        wire_pair_int (&body, "day_from", from);
        wire_pair_int (&body, "day_to", to);
    }
    return ctl_ask (self->ctl, "ONLINE", writer_bytes (&body), answer);
}

static int s_load (online_t *self)
{
    answer_t answer;
    int code = s_ask (self, -1, 0, &answer);
    if (code) {
        return code;
    }
    self->today = wire_find_int (answer.body, "day", 0);
    self->slot = wire_find_int (answer.body, "slot", 0);
    self->first = self->today - self->count + 1;
    for (int64_t from = self->first; from && !code;) {
        code = s_ask (self, from, self->today, &answer);
        if (!code) {
            int64_t next = wire_find_int (answer.body, "next", 0);
            s_take_rows (self, answer.body);
            from = next > from ? next : 0;
        }
    }
    return code;
}

static bool s_is_on (const day_t *day, int64_t slot)
{
    return day->bits[slot / 8] >> slot % 8 & 1;
}

//  Of the first so many slots.
static int64_t s_on (const day_t *day, int64_t slots)
{
    int64_t on = 0;
    for (int64_t slot = 0; slot < slots; slot++) {
        on += s_is_on (day, slot);
    }
    return on;
}

//  '#' online in all slots, '+' in some, '.' in none, ' ' they are still to come.
static char s_mark (const day_t *day, int64_t from, int64_t count, int64_t slots)
{
    int64_t on = 0, seen = 0;
    for (int64_t slot = from; slot < from + count && slot < slots; slot++) {
        on += s_is_on (day, slot);
        seen++;
    }
    return !seen ? ' ' : on == seen ? '#' : on ? '+' : '.';
}

static void s_print_day (const day_t *day, int64_t slots)
{
    for (int64_t slot = 0; slot < slots; slot += HOUR) {
        printf ("  %02" PRId64 "  ", slot / HOUR);
        for (int64_t i = slot; i < slot + HOUR; i++) {
            putchar (s_mark (day, i, 1, slots));
        }
        putchar ('\n');
    }
}

static void s_print_line (const day_t *day, int64_t slots)
{
    char line[SLOTS / WIDE + 1];
    for (int64_t i = 0; i < SLOTS / WIDE; i++) {
        line[i] = s_mark (day, i * WIDE, WIDE, slots);
    }
    line[SLOTS / WIDE] = 0;
    printf ("%s  %5.1f%%  %s\n", day->date, 100.0 * (double) s_on (day, slots) / (double) slots,
            line);
}

static void s_print (const online_t *self)
{
    size_t shown = 0;
    if (self->count > 1) {
        printf ("%*s", 20, "");
        for (int hour = 0; hour < 24; hour += 3) {
            printf ("%02d%10s", hour, "");
        }
        putchar ('\n');
    }
    for (int64_t i = 0; i < self->count; i++) {
        const day_t *day = &self->days[i];
        int64_t slots = self->first + i == self->today ? self->slot + 1 : SLOTS;
        shown += day->known;
        if (day->known && self->count > 1) {
            s_print_line (day, slots);
        } else if (day->known) {
            printf ("%s  online in %" PRId64 " of %" PRId64 " slots of 5 minutes\n", day->date,
                    s_on (day, slots), slots);
            s_print_day (day, slots);
        }
    }
    if (!shown) {
        printf ("never online in that time\n");
    }
}

static void s_write (void *arg, json_t *json)
{
    const online_t *self = arg;
    json_object (json);
    json_pair_text (json, "terminal", self->ctl->terminal);
    json_pair_int (json, "slot", self->slot);
    json_key (json, "days");
    json_array (json);
    for (int64_t i = 0; i < self->count; i++) {
        const day_t *day = &self->days[i];
        if (day->known) {
            json_object (json);
            json_pair_int (json, "day", self->first + i);
            json_pair_text (json, "date", day->date);
            json_pair_int (json, "slots", s_on (day, SLOTS));
            json_pair_hex (json, "bits", bytes_of (day->bits, BYTES));
            json_object_end (json);
        }
    }
    json_array_end (json);
    json_object_end (json);
}

int ctl_online (ctl_t *ctl)
{
    static online_t online;
    online = (online_t){.ctl = ctl, .count = ctl->days < 1 ? 1 : ctl->days};
    int code = s_load (&online);
    if (code) {
        return code;
    }
    if (ctl->json) {
        show_json (s_write, &online);
    } else {
        s_print (&online);
    }
    return 0;
}
