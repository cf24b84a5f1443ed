//  fepctl archive: files in and out, what they change, undo, the change log, groups and profiles.
#include "tools/fepctl_archive.h"
#include "fep/clock.h"
#include "fep/wire.h"
#include "tools/fepctl.h"
#include "tools/show.h"
#include "tools/table.h"
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define HEAD_MAX 512       //  Bytes of a request besides the file
#define ANSWER_MS 300000   //  A large file takes its time
#define PAGE_ENTRIES 1000  //  Of the log asked for at a time
#define PATH_SIZE 4096
#define FILE_PIECE 65536  //  Bytes read at a time
#define CELL_MAX 60       //  Characters of a value in a table

//  ---- Options ----

enum { KEY_FORMAT = 0x700, KEY_ENCODING, KEY_MERGE, KEY_DRY };

static const struct argp_option s_options[] = {
    {"format", KEY_FORMAT, "FORMAT", 0, "csv or json; default by the file's name, else csv", 0},
    {"encoding", KEY_ENCODING, "CODE", 0, "utf8 or gbk; default utf8", 0},
    {"merge", KEY_MERGE, NULL, 0, "what the file does not name stays", 0},
    {"dry", KEY_DRY, NULL, 0, "only show what would change", 0},
    {0}};

static const char *s_word (struct argp_state *state, const char *name, const char *text,
                           const char *first, const char *second)
{
    if (strcmp (text, first) != 0 && strcmp (text, second) != 0) {
        argp_error (state, "--%s: '%s' is neither %s nor %s", name, text, first, second);
    }
    return text;
}

static error_t s_parse (int key, char *text, struct argp_state *state)
{
    archive_args_t *self = state->input;
    self->said |= key >= KEY_FORMAT && key <= KEY_DRY;
    switch (key) {
    case KEY_FORMAT:
        self->format = s_word (state, "format", text, "csv", "json");
        return 0;
    case KEY_ENCODING:
        self->encoding = s_word (state, "encoding", text, "utf8", "gbk");
        return 0;
    case KEY_MERGE:
        self->merge = true;
        return 0;
    case KEY_DRY:
        self->dry = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp ctl_archive_argp = {.options = s_options, .parser = s_parse};

//  ---- Requests ----

static const char *s_format (const ctl_t *ctl, const char *path)
{
    const char *end = strrchr (path, '.');
    if (ctl->archive->format) {
        return ctl->archive->format;
    }
    return end && strcmp (end, ".json") == 0 ? "json" : "csv";
}

static const char *s_encoding (const ctl_t *ctl)
{
    return ctl->archive->encoding ? ctl->archive->encoding : "utf8";
}

static int s_ask (ctl_t *ctl, const char *word, const writer_t *body, answer_t *answer)
{
    if (body->failed) {
        fprintf (stderr, "fepctl: a name is too long\n");
        return 2;
    }
    ctl->timeout_ms = ctl->timeout_said ? ctl->timeout_ms : ANSWER_MS;
    fep_err_t error =
        client_request_large (ctl->client, word, writer_bytes (body), ctl->timeout_ms, answer);
    if (error) {
        return ctl_no_answer (ctl, error);
    }
    return answer->failed ? ctl_refused (answer) : 0;
}

static int s_no_file (const char *path)
{
    fprintf (stderr, "fepctl: %s: %s\n", path, strerror (errno));
    return 2;
}

//  A whole file, or standard input for "-", behind room for the head of a request. 0 or 2.
static int s_read (const char *path, uint8_t **data, size_t *size)
{
    FILE *file = strcmp (path, "-") == 0 ? stdin : fopen (path, "rb");
    size_t capacity = 0;
    *data = NULL;
    *size = 0;
    if (!file) {
        return s_no_file (path);
    }
    do {
        if (capacity - *size < FILE_PIECE) {
            capacity = capacity * 2 + FILE_PIECE;
            *data = realloc (*data, capacity);
            FEP_ASSERT (*data);
        }
        *size += fread (*data + *size, 1, FILE_PIECE, file);
    } while (!feof (file) && !ferror (file) && *size < CLIENT_LARGE_MAX);
    bool failed = ferror (file) != 0;
    if (file != stdin) {
        fclose (file);
    }
    return failed ? s_no_file (path) : 0;
}

//  The next row of an array.
static bool s_next_row (reader_t *rows, uint32_t *left, bytes_t *row)
{
    size_t start = rows->pos;
    if (*left == 0) {
        return false;
    }
    (*left)--;
    wire_skip (rows);
    *row = bytes_of (rows->data + start, rows->pos - start);
    return !rows->failed;
}

//  A file that is too large for the door would only end the connection. 0, 1 or 2.
static int s_check_size (ctl_t *ctl, const char *path, size_t size)
{
    answer_t answer;
    reader_t rows;
    bytes_t row;
    int code = ctl_ask (ctl, "CONFIG", bytes_of (NULL, 0), &answer);
    uint32_t left = !code && wire_find (answer.body, "options", &rows) ? wire_get_array (&rows) : 0;
    while (s_next_row (&rows, &left, &row)) {
        char key[32];
        int64_t limit = wire_find_int (row, "value", INT64_MAX);
        wire_find_text (row, "key", key, sizeof key);
        if (strcmp (key, "import_bytes") == 0 && (uint64_t) limit < size) {
            fprintf (stderr, "fepctl: %s has %zu bytes; archive.import_bytes allows %lld\n", path,
                     size, (long long) limit);
            return 1;
        }
    }
    return code;
}

//  ---- What changes ----

static void s_cell (table_t *table, bytes_t row, const char *key)
{
    char text[512];
    wire_find_text (row, key, text, sizeof text);
    size_t size = strlen (text);
    size_t shown = 0;
    for (size_t seen = 0; shown < size && seen < CELL_MAX; seen++) {
        do {
            shown++;
        } while (((uint8_t) text[shown] & 0xC0) == 0x80);
    }
    if (shown < size) {
        memcpy (text + shown, "...", 4);
    }
    table_cell (table, text[0] ? text : "-");
}

static uint32_t s_show_differences (bytes_t body)
{
    static const char *const heads[] = {"what", "terminal", "field", "before", "after"};
    reader_t rows;
    bytes_t row;
    uint32_t left = wire_find (body, "diff", &rows) ? wire_get_array (&rows) : 0;
    uint32_t count = left;
    table_t *table = table_new (sizeof heads / sizeof *heads);
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        table_head (table, heads[i]);
    }
    while (s_next_row (&rows, &left, &row)) {
        for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
            s_cell (table, row, heads[i]);
        }
    }
    if (count > 0) {
        table_print (table, 0);
    }
    table_destroy (&table);
    return count;
}

static int s_show_plan (const ctl_t *ctl, const answer_t *answer)
{
    reader_t changes;
    if (ctl->json) {
        bytes_t body = answer->body;
        show_json_map (body);
        return 0;
    }
    bytes_t map = bytes_of (NULL, 0);
    if (wire_find (answer->body, "changes", &changes)) {
        map = bytes_of (changes.data + changes.pos, reader_left (&changes));
    }
    long long all = wire_find_int (answer->body, "differences", 0);
    uint32_t shown = s_show_differences (answer->body);
    if (shown < all) {
        printf ("... and %lld more\n", all - shown);
    }
    printf ("terminals added %lld, removed %lld, changed %lld; differences %lld; ",
            (long long) wire_find_int (map, "added", 0),
            (long long) wire_find_int (map, "removed", 0),
            (long long) wire_find_int (map, "changed", 0), all);
    if (ctl->archive->dry) {
        printf ("nothing was changed (--dry)\n");
    } else if (all == 0) {
        printf ("nothing to change\n");
    } else {
        printf ("change %lld\n", (long long) wire_find_int (answer->body, "change", 0));
    }
    return 0;
}

const char *ctl_argument (const ctl_t *ctl)
{
    if (ctl->word_count != 1) {
        fprintf (stderr, "fepctl: '%s' is too much\n", ctl->words[1]);
        return NULL;
    }
    return ctl->words[0];
}

int ctl_archive_import (ctl_t *ctl)
{
    const char *path = ctl_argument (ctl);
    uint8_t *data = NULL;
    size_t size = 0;
    answer_t answer;
    int code = path ? s_read (path, &data, &size) : 2;
    code = code ? code : s_check_size (ctl, path, size);
    if (code) {
        free (data);
        return code;
    }
    uint8_t *memory = malloc (size + HEAD_MAX);
    FEP_ASSERT (memory);
    writer_t body = writer_of (memory, size + HEAD_MAX);
    wire_put_map (&body, 6);
    wire_pair_text (&body, "format", s_format (ctl, path));
    wire_pair_text (&body, "encoding", s_encoding (ctl));
    wire_pair_text (&body, "mode", ctl->archive->merge ? "merge" : "replace");
    wire_pair_text (&body, "who", ctl_who (ctl));
    wire_pair_bool (&body, "dry", ctl->archive->dry);
    wire_put_text (&body, "data");
    wire_put_bin (&body, bytes_of (data, size));
    code = s_ask (ctl, "IMPORT", &body, &answer);
    free (memory);
    free (data);
    return code ? code : s_show_plan (ctl, &answer);
}

int ctl_archive_undo (ctl_t *ctl)
{
    uint8_t memory[HEAD_MAX];
    writer_t body = writer_of (memory, sizeof memory);
    answer_t answer;
    wire_put_map (&body, 2);
    wire_pair_text (&body, "who", ctl_who (ctl));
    wire_pair_bool (&body, "dry", ctl->archive->dry);
    int code = s_ask (ctl, "UNDO", &body, &answer);
    return code ? code : s_show_plan (ctl, &answer);
}

//  ---- Export ----

//  All pages into an open file. 0, 1 or 2.
static int s_export_pages (ctl_t *ctl, const char *path, FILE *file)
{
    int64_t from = 0;
    int64_t change = -1;
    do {
        uint8_t memory[HEAD_MAX];
        writer_t body = writer_of (memory, sizeof memory);
        answer_t answer;
        reader_t data;
        wire_put_map (&body, 4);
        wire_pair_text (&body, "format", s_format (ctl, path));
        wire_pair_text (&body, "encoding", s_encoding (ctl));
        wire_pair_int (&body, "from", from);
        wire_pair_int (&body, "change", change);
        int code = s_ask (ctl, "EXPORT", &body, &answer);
        if (code) {
            return code;
        }
        bytes_t page =
            wire_find (answer.body, "data", &data) ? wire_get_bin (&data) : bytes_of (NULL, 0);
        if (fwrite (page.data, 1, page.size, file) != page.size) {
            return s_no_file (path);
        }
        from = wire_find_int (answer.body, "next", 0);
        change = wire_find_int (answer.body, "change", 0);
    } while (from > 0 && !ctl_interrupted ());
    return fflush (file) == 0 ? 0 : s_no_file (path);
}

//  A file gets its name when it is whole.
int ctl_archive_export (ctl_t *ctl)
{
    const char *path = ctl_argument (ctl);
    char part[PATH_SIZE];
    if (!path) {
        return 2;
    }
    if (strcmp (path, "-") == 0) {
        return s_export_pages (ctl, path, stdout);
    }
    if (snprintf (part, sizeof part, "%s.part", path) >= (int) sizeof part) {
        errno = ENAMETOOLONG;
        return s_no_file (path);
    }
    FILE *file = fopen (part, "wb");
    if (!file) {
        return s_no_file (part);
    }
    int code = s_export_pages (ctl, path, file);
    code = fclose (file) == 0 || code ? code : s_no_file (part);
    if (!code && (ctl_interrupted () || rename (part, path) != 0)) {
        code = s_no_file (path);
    }
    if (code) {
        remove (part);
    }
    return code;
}

//  ---- Change log ----

static const char *const s_log_heads[] = {"entry",    "change", "when",   "who",  "what",
                                          "terminal", "field",  "before", "after"};

#define LOG_COLUMNS (sizeof s_log_heads / sizeof *s_log_heads)

static void s_log_row (bytes_t row, table_t *table)
{
    char text[40];
    for (size_t i = 0; i < LOG_COLUMNS; i++) {
        if (i < 2) {
            snprintf (text, sizeof text, "%lld",
                      (long long) wire_find_int (row, s_log_heads[i], 0));
            table_cell (table, text);
        } else if (i == 2) {
            clock_local_text (wire_find_int (row, "when_ms", 0), text, sizeof text);
            table_cell (table, text);
        } else {
            s_cell (table, row, s_log_heads[i]);
        }
    }
}

//  One page of the log. *next: where to go on, 0 at its end.
static int s_log_page (ctl_t *ctl, table_t *table, int64_t limit, int64_t *next, int64_t *rows)
{
    uint8_t memory[HEAD_MAX];
    writer_t body = writer_of (memory, sizeof memory);
    answer_t answer;
    reader_t entries;
    bytes_t row;
    wire_put_map (&body, 1u + (*next > 0) + (ctl->terminal != NULL));
    wire_pair_int (&body, "limit", limit < PAGE_ENTRIES ? limit : PAGE_ENTRIES);
    if (*next > 0) {
        wire_pair_int (&body, "from", *next);
    }
    if (ctl->terminal) {
        wire_pair_text (&body, "terminal", ctl->terminal);
    }
    int code = s_ask (ctl, "CHANGES", &body, &answer);
    if (code) {
        return code;
    }
    uint32_t left = wire_find (answer.body, "entries", &entries) ? wire_get_array (&entries) : 0;
    *rows += left;
    *next = wire_find_int (answer.body, "next", 0);
    if (ctl->json) {
        show_json_map (answer.body);
        return 0;
    }
    while (s_next_row (&entries, &left, &row)) {
        s_log_row (row, table);
    }
    table_print (table, 0);
    return 0;
}

//  Without --from the latest entries.
int ctl_archive_log (ctl_t *ctl)
{
    table_t *table = table_new (LOG_COLUMNS);
    int64_t limit = ctl->limit > 0 ? ctl->limit : PAGE_ENTRIES;
    int64_t next = ctl->from > 0 ? ctl->from : 0;
    int64_t rows = 0;
    int code = 0;
    for (size_t i = 0; i < LOG_COLUMNS; i++) {
        table_head (table, s_log_heads[i]);
    }
    do {
        code = s_log_page (ctl, table, limit - rows, &next, &rows);
    } while (!code && next > 0 && rows < limit && !ctl_interrupted ());
    table_destroy (&table);
    return code;
}

//  ---- Groups and profiles ----

static int s_show_table (ctl_t *ctl, const char *word, const char *key)
{
    answer_t answer;
    reader_t rows;
    int code = ctl_ask (ctl, word, bytes_of (NULL, 0), &answer);
    if (code) {
        return code;
    }
    if (ctl->json) {
        show_json_map (answer.body);
    } else if (wire_find (answer.body, key, &rows)) {
        show_rows (bytes_of (rows.data + rows.pos, reader_left (&rows)));
    }
    return 0;
}

int ctl_archive_groups (ctl_t *ctl)
{
    return s_show_table (ctl, "GROUPS", "groups");
}

static int s_profile_list (ctl_t *ctl, const char *argument)
{
    (void) argument;
    return s_show_table (ctl, "PROFILES", "profiles");
}

int ctl_text_show (ctl_t *ctl, const char *word, const char *name)
{
    uint8_t memory[HEAD_MAX];
    writer_t body = writer_of (memory, sizeof memory);
    answer_t answer;
    reader_t text;
    wire_put_map (&body, 1);
    wire_pair_text (&body, "name", name);
    int code = s_ask (ctl, word, &body, &answer);
    if (code) {
        return code;
    }
    if (ctl->json) {
        show_json_map (answer.body);
    } else if (wire_find (answer.body, "text", &text)) {
        bytes_t bytes = wire_get_str (&text);
        fwrite (bytes.data, 1, bytes.size, stdout);
    }
    return 0;
}

int ctl_change (ctl_t *ctl, const char *word, const writer_t *body)
{
    answer_t answer;
    int code = s_ask (ctl, word, body, &answer);
    return code ? code : s_show_plan (ctl, &answer);
}

//  text: empty to remove the one of that name; name: NULL for the text's own.
static int s_text_change (ctl_t *ctl, const char *word, const char *name, bytes_t text)
{
    size_t room = text.size + HEAD_MAX;
    uint8_t *memory = malloc (room);
    FEP_ASSERT (memory);
    writer_t body = writer_of (memory, room);
    wire_put_map (&body, name ? 4 : 3);
    if (name) {
        wire_pair_text (&body, "name", name);
    }
    wire_pair_text (&body, "who", ctl_who (ctl));
    wire_pair_bool (&body, "dry", ctl->archive->dry);
    wire_put_text (&body, "text");
    wire_put_bin (&body, text);
    int code = ctl_change (ctl, word, &body);
    free (memory);
    return code;
}

int ctl_text_put (ctl_t *ctl, const char *word, const char *path)
{
    uint8_t *data = NULL;
    size_t size = 0;
    int code = s_read (path, &data, &size);
    if (!code && size == 0) {
        fprintf (stderr, "fepctl: %s is empty\n", path);
        code = 2;
    }
    code = code ? code : s_text_change (ctl, word, NULL, bytes_of (data, size));
    free (data);
    return code;
}

int ctl_text_remove (ctl_t *ctl, const char *word, const char *name)
{
    return s_text_change (ctl, word, name, bytes_of (NULL, 0));
}

static int s_profile_show (ctl_t *ctl, const char *name)
{
    return ctl_text_show (ctl, "PROFILE", name);
}

static int s_profile_put (ctl_t *ctl, const char *path)
{
    return ctl_text_put (ctl, "PROFILE_PUT", path);
}

static int s_profile_remove (ctl_t *ctl, const char *name)
{
    return ctl_text_remove (ctl, "PROFILE_PUT", name);
}

static const struct {
    const char *word;                               //  Behind `archive profile`
    size_t arguments;                               //  So many follow
    int (*run) (ctl_t *ctl, const char *argument);  //  Does it
} s_profile_words[] = {{"list", 0, s_profile_list},
                       {"show", 1, s_profile_show},
                       {"put", 1, s_profile_put},
                       {"remove", 1, s_profile_remove}};

int ctl_archive_profile (ctl_t *ctl)
{
    for (size_t i = 0; i < sizeof s_profile_words / sizeof *s_profile_words; i++) {
        if (strcmp (ctl->words[0], s_profile_words[i].word) == 0 &&
            ctl->word_count == 1 + s_profile_words[i].arguments) {
            return s_profile_words[i].run (ctl, ctl->words[1]);
        }
    }
    fprintf (stderr, "fepctl: usage: fepctl archive profile list | show NAME | put FILE | remove "
                     "NAME\n");
    return 2;
}
