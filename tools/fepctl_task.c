//  fepctl task: definitions of what is collected.
#include "fep/task.h"
#include "fep/wire.h"
#include "tools/fepctl_archive.h"
#include "tools/show.h"
#include <inttypes.h>
#include <stdio.h>

#define REQUEST_MAX 512  //  Bytes of a question

//  ---- List ----

static void s_ask (const ctl_t *ctl, writer_t *body, uint64_t from)
{
    (void) ctl;
    wire_put_map (body, 1);
    wire_pair_uint (body, "from", from);
}

//  "group north, area 3", "all".
static void s_whom (bytes_t row, char *text, size_t size)
{
    static const char *const keys[] = {"group", "terminal"};
    int64_t area = wire_find_int (row, "area", -1);
    text[0] = 0;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char name[64];
        size_t used = strlen (text);
        wire_find_text (row, keys[i], name, sizeof name);
        if (name[0]) {
            snprintf (text + used, size - used, "%s%s %s", used ? ", " : "", keys[i], name);
        }
    }
    size_t used = strlen (text);
    if (area >= 0) {
        snprintf (text + used, size - used, "%sarea %" PRId64, used ? ", " : "", area);
    } else if (!used) {
        snprintf (text, size, "all");
    }
}

//  The key item, and how many more there are.
static void s_points (bytes_t row, char *text, size_t size)
{
    reader_t in;
    uint32_t count = wire_find (row, "points", &in) ? wire_get_array (&in) : 0;
    bytes_t first = count > 0 ? wire_get_str (&in) : bytes_text ("-");
    if (count > 1) {
        snprintf (text, size, "%.*s + %u", (int) first.size, first.data, count - 1);
    } else {
        snprintf (text, size, "%.*s", (int) first.size, first.data);
    }
}

static void s_time_cell (bytes_t row, const char *key, table_t *table)
{
    char text[TASK_TIME_SIZE];
    int64_t ms = wire_find_int (row, key, 0);
    task_time_text (ms, text);
    table_cell (table, ms > 0 ? text : "-");
}

static void s_number_cell (bytes_t row, const char *key, table_t *table)
{
    char text[24];
    snprintf (text, sizeof text, "%" PRId64, wire_find_int (row, key, 0));
    table_cell (table, text);
}

static void s_text_cell (bytes_t row, const char *key, table_t *table)
{
    char text[256];
    wire_find_text (row, key, text, sizeof text);
    table_cell (table, text[0] ? text : "-");
}

static const char *const s_heads[] = {"number", "name",   "type", "whom", "points",
                                      "period", "offset", "from", "to",   "state"};

static void s_row (const ctl_t *ctl, bytes_t row, table_t *table, json_t *json)
{
    char text[256];
    reader_t paused;
    (void) ctl;
    if (json) {
        show_object (json, row);
        return;
    }
    s_number_cell (row, "number", table);
    s_text_cell (row, "name", table);
    s_text_cell (row, "type", table);
    s_whom (row, text, sizeof text);
    table_cell (table, text);
    s_points (row, text, sizeof text);
    table_cell (table, text);
    s_time_cell (row, "period_ms", table);
    s_time_cell (row, "offset_ms", table);
    s_text_cell (row, "from", table);
    s_text_cell (row, "to", table);
    bool is_paused = wire_find (row, "paused", &paused) && wire_get_bool (&paused);
    table_cell (table, is_paused ? "paused" : "active");
}

int ctl_task_list (ctl_t *ctl)
{
    paged_t paged = {.ctl = ctl,
                     .word = "TASKS",
                     .key = "tasks",
                     .ask = s_ask,
                     .row = s_row,
                     .heads = s_heads,
                     .columns = sizeof s_heads / sizeof *s_heads};
    return ctl_paged (&paged);
}

//  ---- One task ----

int ctl_task_show (ctl_t *ctl)
{
    const char *name = ctl_argument (ctl);
    return name ? ctl_text_show (ctl, "TASK", name) : 2;
}

int ctl_task_put (ctl_t *ctl)
{
    const char *path = ctl_argument (ctl);
    return path ? ctl_text_put (ctl, "TASK_PUT", path) : 2;
}

int ctl_task_remove (ctl_t *ctl)
{
    const char *name = ctl_argument (ctl);
    return name ? ctl_text_remove (ctl, "TASK_PUT", name) : 2;
}

static int s_pause (ctl_t *ctl, bool paused)
{
    uint8_t memory[REQUEST_MAX];
    writer_t body = writer_of (memory, sizeof memory);
    const char *name = ctl_argument (ctl);
    if (!name) {
        return 2;
    }
    wire_put_map (&body, 4);
    wire_pair_text (&body, "name", name);
    wire_pair_bool (&body, "paused", paused);
    wire_pair_text (&body, "who", ctl_who (ctl));
    wire_pair_bool (&body, "dry", ctl->archive->dry);
    return ctl_change (ctl, "TASK_PAUSE", &body);
}

int ctl_task_pause (ctl_t *ctl)
{
    return s_pause (ctl, true);
}

int ctl_task_resume (ctl_t *ctl)
{
    return s_pause (ctl, false);
}
