//  fepctl task diff and sync: a terminal's own tasks as ours want them beside how the terminal has them; and what
//  differs is written. What the terminal says is read now and taken from the journal.
#include "fep/pack.h"
#include "fep/point.h"
#include "fep/task.h"
#include "fep/wire.h"
#include "tools/fepctl.h"
#include "tools/show.h"
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define ROWS_MAX 4096
#define TEXT_MAX 8192      //  Of a setting's fields
#define REQUEST_MAX 256    //  Bytes of a question
#define ANSWER_MS 120000   //  A terminal may take its repeats
#define FOLLOW_ROUNDS 250  //  How often the journal is looked at ...
#define FOLLOW_MS 20       //  ... and how far apart

//  One setting. Fields are lines.
typedef struct {
    uint32_t key;
    char object[8];  //  As the protocol calls it
    char task[TASK_NAME_MAX + 1];
    char cannot[32];  //  Why it cannot be made; "" if it can
    char *wanted;     //  Fields as they shall be; NULL: the terminal alone has it
    char *found;      //  As they are; NULL: the terminal has it not
} s_row_t;

typedef struct {
    ctl_t *ctl;
    s_row_t *rows;
    size_t count;
    uint32_t lists[8];  //  To be read
    size_t list_count;  //  Of them; 0: each by its key
    uint64_t from;      //  Journal: first sequence not seen
} s_own_t;

static void s_destroy (s_own_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        free (self->rows[i].wanted);
        free (self->rows[i].found);
    }
    free (self->rows);
}

static s_row_t *s_add (s_own_t *self)
{
    if (!self->rows) {
        self->rows = calloc (ROWS_MAX, sizeof *self->rows);
    }
    return self->rows && self->count < ROWS_MAX ? &self->rows[self->count++] : NULL;
}

static char *s_copy (const char *text)
{
    char *copy = strdup (text);
    FEP_ASSERT (copy);
    return copy;
}

//  Another field; one that begins with a blank goes on with the one before.
static void s_join (char text[TEXT_MAX], bytes_t field)
{
    size_t used = strlen (text);
    bool more = field.size && field.data[0] == ' ';
    snprintf (text + used, TEXT_MAX - used, "%s%.*s", used && !more ? "\n" : "",
              (int) (field.size - more), (const char *) field.data + more);
}

//  ---- What is wanted ----

static int s_take_wanted (s_own_t *self, bytes_t map)
{
    char text[TEXT_MAX] = "";
    reader_t in;
    s_row_t *row = s_add (self);
    if (!row) {
        fprintf (stderr, "fepctl: more than %d settings\n", ROWS_MAX);
        return 2;
    }
    row->key = (uint32_t) wire_find_int (map, "key", 0);
    wire_find_text (map, "task", row->task, sizeof row->task);
    wire_find_text (map, "object", row->object, sizeof row->object);
    wire_find_text (map, "cannot", row->cannot, sizeof row->cannot);
    uint32_t count = wire_find (map, "fields", &in) ? wire_get_array (&in) : 0;
    for (uint32_t i = 0; i < count && !in.failed; i++) {
        s_join (text, wire_get_str (&in));
    }
    row->wanted = s_copy (text);
    return 0;
}

static int s_wanted_page (s_own_t *self, uint64_t *from)
{
    uint8_t memory[REQUEST_MAX];
    writer_t body = writer_of (memory, sizeof memory);
    answer_t answer;
    reader_t in;
    wire_put_map (&body, 2);
    wire_pair_text (&body, "terminal", self->ctl->terminal);
    wire_pair_uint (&body, "from", *from);
    int code = ctl_ask (self->ctl, "OWN", writer_bytes (&body), &answer);
    if (code) {
        return code;
    }
    uint32_t lists = wire_find (answer.body, "lists", &in) ? wire_get_array (&in) : 0;
    self->list_count = 0;
    for (uint32_t i = 0; i < lists && i < sizeof self->lists / sizeof *self->lists; i++) {
        self->lists[self->list_count++] = (uint32_t) wire_get_uint (&in);
    }
    uint32_t rows = wire_find (answer.body, "settings", &in) ? wire_get_array (&in) : 0;
    for (uint32_t i = 0; !code && i < rows && !in.failed; i++) {
        code = s_take_wanted (self, bytes_of (in.data + in.pos, reader_left (&in)));
        wire_skip (&in);
    }
    *from = (uint64_t) wire_find_int (answer.body, "next", 0);
    return code;
}

static int s_wanted (s_own_t *self)
{
    uint64_t from = 0;
    int code;
    do {
        code = s_wanted_page (self, &from);
    } while (!code && from);
    return code;
}

//  ---- What the terminal has ----

static uint32_t s_key (const char *object, uint32_t number)
{
    bool decimal = object[0] == 'F';
    return (uint32_t) strtoul (object + decimal, NULL, decimal ? 10 : 16) << 16 | number;
}

static void s_take_found (s_own_t *self, cursor_t *cursor)
{
    char text[TEXT_MAX] = "", object[sizeof ((s_row_t *) 0)->object] = "";
    uint32_t number = 0;
    item_t item;
    while (cursor_item (cursor, &item) == FEP_OK) {
        size_t size = item.value.kind == VALUE_TEXT ? (size_t) item.value.exponent : 0;
        if (item.point == POINT_OWN_OBJECT && size < sizeof object) {
            memcpy (object, item.value.text, size);
        } else if (item.point == POINT_OWN_NUMBER) {
            number = (uint32_t) item.value.mantissa;
        } else if (item.point == POINT_OWN_FIELD && size) {
            s_join (text, bytes_of (item.value.text, size));
        }
    }
    uint32_t key = s_key (object, number);
    s_row_t *row = NULL;
    for (size_t i = 0; i < self->count && !row; i++) {
        row = self->rows[i].key == key && !self->rows[i].cannot[0] ? &self->rows[i] : NULL;
    }
    row = row || !object[0] ? row : s_add (self);
    if (row) {
        row->key = key;
        memcpy (row->object, object, sizeof object);
        free (row->found);
        row->found = s_copy (text);
    }
}

//  The messages of a commit that belong to a reading of own tasks. True: its end is among them.
static bool s_take_commit (s_own_t *self, bytes_t body)
{
    fetch_messages_t messages = fetch_messages (body);
    bool ended = false;
    uint32_t index;
    bytes_t packed;
    while (fetch_message (&messages, &index, &packed) == FEP_OK) {
        cursor_t cursor = cursor_single (packed);
        message_t message;
        if (cursor_message (&cursor, &message) != FEP_OK || message.task != TASK_OWN) {
            continue;
        }
        if (message.kind == MESSAGE_RESULT) {
            ended = true;
        } else if (message_is_reading (message.kind)) {
            s_take_found (self, &cursor);
        }
    }
    return ended;
}

//  Follows the journal up to the end of what was read. 2: it does not come.
static int s_follow (s_own_t *self)
{
    fetch_filter_t filter = {.area = -1};
    snprintf (filter.terminal, sizeof filter.terminal, "%s", self->ctl->terminal);
    for (int i = 0; i < FOLLOW_ROUNDS && !ctl_interrupted (); i++) {
        answer_t answer;
        fetch_page_t page;
        uint64_t sequence;
        bytes_t body;
        bool ended = false;
        fep_err_t error = fetch_page (self->ctl->client, &filter, self->from, 0,
                                      self->ctl->timeout_ms, &answer, &page);
        if (error) {
            return ctl_no_answer (self->ctl, error);
        }
        if (answer.failed) {
            return ctl_refused (&answer);
        }
        while (!page.trimmed && fetch_commit (&page, &sequence, &body) == FEP_OK) {
            ended = s_take_commit (self, body) || ended;
        }
        self->from = page.trimmed ? page.first : page.next;
        if (ended) {
            return 0;
        }
        poll (NULL, 0, page.next <= page.head ? 0 : FOLLOW_MS);
    }
    fprintf (stderr, "fepctl: what the terminal said is not in the journal\n");
    return 2;
}

//  Reads one key. A single setting that is refused is not there.
static int s_read (s_own_t *self, uint32_t key)
{
    uint8_t memory[REQUEST_MAX];
    writer_t body = writer_of (memory, sizeof memory);
    answer_t answer;
    char error[32] = "", said[128] = "";
    wire_put_map (&body, 3);
    wire_pair_text (&body, "terminal", self->ctl->terminal);
    wire_pair_text (&body, "kind", "own");
    wire_pair_uint (&body, "key", key);
    int code = ctl_ask (self->ctl, "READ", writer_bytes (&body), &answer);
    if (code) {
        return code;
    }
    wire_find_text (answer.body, "error", error, sizeof error);
    wire_find_text (answer.body, "said", said, sizeof said);
    bool absent = !self->list_count && strcmp (error, "REFUSED") == 0;
    if (!absent && strcmp (error, "OK") != 0) {
        fprintf (stderr, "fepctl: reading 0x%08X: %s, its own code %d%s%s\n", key, error,
                 (int) wire_find_int (answer.body, "code", 0), said[0] ? ": " : "", said);
        return 1;
    }
    return s_follow (self);
}

static int s_found (s_own_t *self)
{
    answer_t answer;
    int code = ctl_ask (self->ctl, "STATUS", bytes_of (NULL, 0), &answer);
    size_t wanted = self->count;
    if (code) {
        return code;
    }
    self->from = (uint64_t) wire_find_int (answer.body, "head", 0) + 1;
    for (size_t i = 0; !code && i < self->list_count; i++) {
        code = s_read (self, self->lists[i]);
    }
    for (size_t i = 0; !code && !self->list_count && i < wanted; i++) {
        code = self->rows[i].cannot[0] ? 0 : s_read (self, self->rows[i].key);
    }
    return code;
}

//  ---- Showing ----

static const char *s_state (const s_row_t *row)
{
    return row->cannot[0]                          ? "cannot"
           : !row->wanted                          ? "extra"
           : !row->found                           ? "missing"
           : strcmp (row->wanted, row->found) == 0 ? "same"
                                                   : "differs";
}

//  Is the line, without its end, one of the text's?
static bool s_has_line (const char *text, const char *line, size_t size)
{
    while (text && *text) {
        size_t here = strcspn (text, "\n");
        if (here == size && memcmp (text, line, size) == 0) {
            return true;
        }
        text += here + (text[here] == '\n');
    }
    return false;
}

static void s_print_lines (char sign, const char *text, const char *other)
{
    while (text && *text) {
        size_t size = strcspn (text, "\n");
        if (!s_has_line (other, text, size)) {
            printf ("    %c %.*s\n", sign, (int) size, text);
        }
        text += size + (text[size] == '\n');
    }
}

static void s_json_lines (json_t *json, const char *key, const char *text)
{
    json_key (json, key);
    if (!text) {
        json_null (json);
        return;
    }
    json_array (json);
    while (*text) {
        size_t size = strcspn (text, "\n");
        json_string (json, bytes_of (text, size));
        text += size + (text[size] == '\n');
    }
    json_array_end (json);
}

static void s_write (void *arg, json_t *json)
{
    const s_own_t *self = arg;
    json_object (json);
    json_pair_text (json, "terminal", self->ctl->terminal);
    json_key (json, "settings");
    json_array (json);
    for (size_t i = 0; i < self->count; i++) {
        const s_row_t *row = &self->rows[i];
        json_object (json);
        json_pair_text (json, "object", row->object);
        json_pair_int (json, "number", row->key & 0xFFFF);
        json_pair_text (json, "task", row->task);
        json_pair_text (json, "state", s_state (row));
        json_pair_text (json, "cannot", row->cannot);
        s_json_lines (json, "wanted", row->wanted);
        s_json_lines (json, "found", row->found);
        json_object_end (json);
    }
    json_array_end (json);
    json_object_end (json);
}

//  1 if something differs.
static int s_show (s_own_t *self)
{
    size_t other = 0;
    for (size_t i = 0; i < self->count; i++) {
        const s_row_t *row = &self->rows[i];
        const char *state = s_state (row);
        bool same = strcmp (state, "same") == 0;
        other += !same;
        if (self->ctl->json) {
            continue;
        }
        if (row->cannot[0]) {
            printf ("%s: the terminal cannot be told so: %s\n",
                    row->task[0] ? row->task : "its profile", row->cannot);
            continue;
        }
        printf ("%s %u%s%s: %s\n", row->object, row->key & 0xFFFF, row->task[0] ? ", " : "",
                row->task, state);
        if (!same) {
            s_print_lines ('+', row->wanted, row->found);
            s_print_lines ('-', row->found, row->wanted);
        }
    }
    if (self->ctl->json) {
        show_json (s_write, self);
    } else if (!self->count) {
        printf ("nothing is wanted of it, and it has nothing\n");
    }
    return other ? 1 : 0;
}

static int s_compare (s_own_t *self)
{
    self->ctl->timeout_ms = self->ctl->timeout_ms < ANSWER_MS ? ANSWER_MS : self->ctl->timeout_ms;
    int code = s_wanted (self);
    return code ? code : s_found (self);
}

int ctl_task_diff (ctl_t *ctl)
{
    s_own_t self = {.ctl = ctl};
    int code = s_compare (&self);
    code = code ? code : s_show (&self);
    s_destroy (&self);
    return code;
}

//  ---- Writing ----

static int s_command (ctl_t *ctl, const s_row_t *row, bool remove)
{
    uint8_t memory[REQUEST_MAX];
    writer_t body = writer_of (memory, sizeof memory);
    answer_t answer;
    char error[32] = "", said[128] = "";
    wire_put_map (&body, 5);
    wire_pair_text (&body, "terminal", ctl->terminal);
    wire_pair_text (&body, "kind", "own");
    wire_pair_uint (&body, "key", row->key);
    wire_pair_bool (&body, "remove", remove);
    wire_pair_text (&body, "who", ctl_who (ctl));
    int code = ctl_ask (ctl, "COMMAND", writer_bytes (&body), &answer);
    if (code) {
        return code;
    }
    wire_find_text (answer.body, "error", error, sizeof error);
    wire_find_text (answer.body, "said", said, sizeof said);
    bool good = strcmp (error, "OK") == 0;
    if (!ctl->json || !good) {
        fprintf (good ? stdout : stderr, "%s %u: %s%s%s%s\n", row->object, row->key & 0xFFFF,
                 !good    ? error
                 : remove ? "removed"
                          : "written",
                 said[0] ? " (" : "", said, said[0] ? ")" : "");
    }
    return good ? 0 : 1;
}

//  In the order of the answer: what others need comes before them. What is too much goes in the other order.
static int s_write_all (s_own_t *self)
{
    int code = 0;
    for (size_t i = 0; !code && i < self->count; i++) {
        const char *state = s_state (&self->rows[i]);
        if (strcmp (state, "missing") == 0 || strcmp (state, "differs") == 0) {
            code = s_command (self->ctl, &self->rows[i], false);
        }
    }
    for (size_t i = self->count; !code && self->ctl->remove && i-- > 0;) {
        if (strcmp (s_state (&self->rows[i]), "extra") == 0) {
            code = s_command (self->ctl, &self->rows[i], true);
        }
    }
    return code;
}

//  What is left is what the terminal shows afterwards, whatever it answered.
int ctl_task_sync (ctl_t *ctl)
{
    s_own_t before = {.ctl = ctl}, after = {.ctl = ctl};
    int code = s_compare (&before);
    int written = code ? code : s_write_all (&before);
    code = code ? code : s_compare (&after);
    code = code ? code : s_show (&after);
    s_destroy (&before);
    s_destroy (&after);
    return written ? written : code;
}
