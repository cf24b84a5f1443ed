//  fepctl read batch, jobs, result and cancel: reads of many measuring points at once.
#include "fep/clock.h"
#include "fep/wire.h"
#include "tools/fepctl_account.h"
#include "tools/show.h"
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REQUEST_MAX 4096
#define LOOK_MS 200  //  Between two looks at how far it is
#define PAGE_ROWS 1000
#define DAY_MS 86400000

//  ---- What is asked ----

//  The local midnight at which a day, counted from 1970, begins.
static int64_t s_midnight_ms (int64_t day)
{
    return day * DAY_MS - (int64_t) clock_offset_min () * 60000;
}

//  The local midnight that ends the month a day lies in.
static int64_t s_month_end_ms (int64_t day)
{
    clock_civil_t civil;
    int64_t utc_ms = 0;
    clock_to_civil (s_midnight_ms (day), &civil);
    civil = (clock_civil_t){
        .year = civil.year + civil.month / 12, .month = civil.month % 12 + 1, .day = 1};
    return clock_from_civil (&civil, &utc_ms) ? utc_ms : 0;
}

//  The last day of the month before this one.
static int64_t s_last_month (int64_t today)
{
    clock_civil_t civil;
    clock_to_civil (s_midnight_ms (today), &civil);
    return today - civil.day;
}

//  From and to of frozen values: of a day or month its end; of a curve all of the day. What is usual is yesterday, and
//  the month before this one.
static uint32_t s_put_span (const ctl_t *ctl, const char *kind, writer_t *body)
{
    int64_t today = (clock_wall_ms () + (int64_t) clock_offset_min () * 60000) / DAY_MS;
    bool month = strcmp (kind, "month") == 0, curve = strcmp (kind, "curve") == 0;
    int64_t usual = month ? s_last_month (today) : today - 1;
    int64_t day = ctl->account->day < 0 ? usual : ctl->account->day;
    if (strcmp (kind, "current") == 0) {
        return 0;
    }
    int64_t end_ms = month ? s_month_end_ms (day) : s_midnight_ms (day + 1);
    wire_pair_int (body, "from_ms", curve ? s_midnight_ms (day) : end_ms);
    wire_pair_int (body, "to_ms", end_ms);
    return 2;
}

static void s_put_batch (const ctl_t *ctl, writer_t *body)
{
    const char *kind = ctl->kind ? ctl->kind : "current";
    uint32_t pairs = 3;
    size_t mark = wire_open_map (body);
    wire_pair_text (body, "who", ctl_who (ctl));
    wire_pair_text (body, "kind", kind);
    pairs += s_put_span (ctl, kind, body);
    if (ctl->terminal) {
        wire_pair_text (body, "terminal", ctl->terminal);
        pairs++;
    }
    if (ctl->account->group) {
        wire_pair_text (body, "group", ctl->account->group);
        pairs++;
    }
    if (ctl->area >= 0) {
        wire_pair_int (body, "area", ctl->area);
        pairs++;
    }
    if (ctl->mp >= 0) {
        wire_pair_int (body, "mp", ctl->mp);
        pairs++;
    }
    wire_put_text (body, "points");
    wire_put_array (body, (uint32_t) ctl->name_count);
    for (size_t i = 0; i < ctl->name_count; i++) {
        wire_put_text (body, ctl->names[i]);
    }
    wire_close_map (body, mark, pairs);
}

//  ---- How far it is ----

//  Asks about one batch; failed: rows of points that did not come, from a place on.
static int s_look (ctl_t *ctl, const char *word, int64_t job, int64_t from, int64_t limit,
                   bool failed, answer_t *answer)
{
    uint8_t bytes[REQUEST_MAX];
    writer_t body = writer_of (bytes, sizeof bytes);
    wire_put_map (&body, 5);
    wire_pair_int (&body, "job", job);
    wire_pair_int (&body, "from", from);
    wire_pair_int (&body, "limit", limit);
    wire_pair_int (&body, "failed", failed);
    wire_pair_text (&body, "who", ctl_who (ctl));
    return ctl_ask (ctl, word, writer_bytes (&body), answer);
}

static int64_t s_over (bytes_t body)
{
    return wire_find_int (body, "done", 0) + wire_find_int (body, "cancelled", 0);
}

//  "1,234 of 2,000, 1,200 came, 34 did not (TIMEOUT 30, REFUSED 4); 12 s left"
static void s_print_progress (bytes_t body, const char *end)
{
    int64_t points = wire_find_int (body, "points", 0), good = wire_find_int (body, "good", 0);
    int64_t done = wire_find_int (body, "done", 0), since = wire_find_int (body, "since_ms", 0);
    reader_t in;
    printf ("%" PRId64 " of %" PRId64 " asked, %" PRId64 " came, %" PRId64 " did not", done, points,
            good, done - good);
    uint32_t reasons = wire_find (body, "failed", &in) ? wire_get_map (&in) : 0;
    for (uint32_t i = 0; i < reasons && !in.failed; i++) {
        bytes_t name = wire_get_str (&in);
        printf ("%s%.*s %" PRIu64, i ? ", " : " (", (int) name.size, (const char *) name.data,
                wire_get_uint (&in));
    }
    printf ("%s", reasons ? ")" : "");
    if (wire_find_int (body, "cancelled", 0)) {
        printf (", %" PRId64 " withdrawn", wire_find_int (body, "cancelled", 0));
    }
    if (done && s_over (body) < points) {
        int64_t passed = clock_wall_ms () - since;
        printf ("; about %" PRId64 " s left", passed * (points - done) / done / 1000);
    }
    printf ("%s", end);
    fflush (stdout);
}

//  Until it is over. Ctrl-C withdraws what was not asked yet, and says so.
static int s_follow (ctl_t *ctl, int64_t job, answer_t *answer)
{
    bool person = isatty (STDOUT_FILENO) && !ctl->json, cancelled = false;
    for (;;) {
        bool stop = ctl_interrupted () && !cancelled;
        int code = s_look (ctl, stop ? "READ_CANCEL" : "READ_RESULT", job, 0, 1, true, answer);
        if (code && ctl_interrupted () && !stop && !cancelled) {
            continue;  //  Ctrl-C ended the question, not the batch
        }
        if (code) {
            return code;
        }
        if (stop) {
            cancelled = true;
            fprintf (stderr, "\nfepctl: batch %" PRId64 " is cancelled; what is under way ends\n",
                     job);
        }
        if (person) {
            s_print_progress (answer->body, "\033[K\r");
        }
        if (s_over (answer->body) >= wire_find_int (answer->body, "points", 0)) {
            return 0;
        }
        poll (NULL, 0, LOOK_MS);
    }
}

//  ---- Rows ----

static void s_cell (table_t *table, reader_t *in, bool number)
{
    char text[64];
    if (number) {
        snprintf (text, sizeof text, "%" PRIu64, wire_get_uint (in));
    } else {
        bytes_t said = wire_get_str (in);
        snprintf (text, sizeof text, "%.*s", (int) said.size, (const char *) said.data);
    }
    table_cell (table, text);
}

//  A table of the points that did not come; all their pages.
static int s_show_failed (ctl_t *ctl, int64_t job)
{
    static const char *const heads[] = {"terminal", "mp", "state", "error", "code"};
    answer_t answer;
    int64_t from = 0;
    int code;
    table_t *table = table_new (5);
    for (size_t i = 0; i < 5; i++) {
        table_head (table, heads[i]);
    }
    do {
        reader_t in;
        code = s_look (ctl, "READ_RESULT", job, from, PAGE_ROWS, true, &answer);
        uint32_t rows = !code && wire_find (answer.body, "rows", &in) ? wire_get_array (&in) : 0;
        for (uint32_t i = 0; i < rows && !in.failed; i++) {
            (void) wire_get_array (&in);
            for (unsigned column = 0; column < 5; column++) {
                s_cell (table, &in, column == 1 || column == 4);
            }
        }
        if (rows) {
            table_print (table, 2);
        }
        from = code ? 0 : wire_find_int (answer.body, "next", 0);
    } while (from && !ctl_interrupted ());
    table_destroy (&table);
    return code;
}

//  How far it is and all its points, page by page.
typedef struct {
    ctl_t *ctl;        //  The command
    int64_t job;       //  Number
    answer_t *answer;  //  How far it is; its rows do not count
    int code;          //  How it ended
} document_t;

static void s_json_rows (document_t *self, json_t *json)
{
    int64_t from = 0;
    do {
        reader_t in;
        self->code =
            s_look (self->ctl, "READ_RESULT", self->job, from, PAGE_ROWS, false, self->answer);
        bool found = !self->code && wire_find (self->answer->body, "rows", &in);
        for (uint32_t rest = found ? wire_get_array (&in) : 0; rest > 0 && !in.failed; rest--) {
            json_wire (json, &in);
        }
        from = self->code ? 0 : wire_find_int (self->answer->body, "next", 0);
    } while (from);
}

static void s_json_document (void *arg, json_t *json)
{
    document_t *self = arg;
    reader_t in = reader_of (self->answer->body);
    json_object (json);
    for (uint32_t rest = wire_get_map (&in); rest > 0 && !in.failed; rest--) {
        char key[32];
        bytes_t name = wire_get_str (&in);
        snprintf (key, sizeof key, "%.*s", (int) name.size, (const char *) name.data);
        if (strcmp (key, "token") == 0 || strcmp (key, "rows") == 0 || strcmp (key, "next") == 0) {
            wire_skip (&in);
        } else {
            json_key (json, key);
            json_wire (json, &in);
        }
    }
    json_key (json, "rows");
    json_array (json);
    s_json_rows (self, json);
    json_array_end (json);
    json_object_end (json);
}

static int s_report (ctl_t *ctl, int64_t job, answer_t *answer)
{
    int64_t points = wire_find_int (answer->body, "points", 0);
    int64_t good = wire_find_int (answer->body, "good", 0);
    if (ctl->json) {
        document_t document = {.ctl = ctl, .job = job, .answer = answer};
        show_json (s_json_document, &document);
        if (document.code) {
            return document.code;
        }
    } else {
        s_print_progress (answer->body, isatty (STDOUT_FILENO) ? "\033[K\n" : "\n");
        int code = good < points ? s_show_failed (ctl, job) : 0;
        if (code) {
            return code;
        }
    }
    return good < points ? 1 : 0;
}

//  ---- Commands ----

//  The options of rate and gap that say nothing of a batch.
static bool s_says_more (const account_args_t *args)
{
    bool more = args->task || args->by || args->reason || args->items || args->in_a_row;
    for (size_t i = 0; i < DIMENSION_WORD_COUNT; i++) {
        more |= args->words[i] != NULL;
    }
    return more;
}

int ctl_read_batch (ctl_t *ctl)
{
    uint8_t bytes[REQUEST_MAX];
    writer_t body = writer_of (bytes, sizeof bytes);
    answer_t answer;
    if (s_says_more (ctl->account)) {
        fprintf (stderr, "fepctl: of the options of rate and gap a batch takes --group and --day "
                         "only\n");
        return 2;
    }
    s_put_batch (ctl, &body);
    if (body.failed) {
        fprintf (stderr, "fepctl: the names of the points are too long\n");
        return 2;
    }
    int code = ctl_ask (ctl, "READ_START", writer_bytes (&body), &answer);
    if (code) {
        return code;
    }
    int64_t job = wire_find_int (answer.body, "job", 0);
    if (!ctl->json) {
        printf ("batch %" PRId64 ": %" PRId64 " measuring points\n", job,
                wire_find_int (answer.body, "points", 0));
    }
    code = s_follow (ctl, job, &answer);
    return code ? code : s_report (ctl, job, &answer);
}

int ctl_read_jobs (ctl_t *ctl)
{
    answer_t answer;
    reader_t in;
    int code = ctl_ask (ctl, "READ_JOBS", bytes_of (NULL, 0), &answer);
    if (code) {
        return code;
    }
    if (ctl->json) {
        show_json_map (answer.body);
    } else if (wire_find (answer.body, "jobs", &in)) {
        for (uint32_t rest = wire_get_array (&in); rest > 0 && !in.failed; rest--) {
            bytes_t job = bytes_of (in.data + in.pos, reader_left (&in));
            char who[64] = "", state[16] = "";
            wire_find_text (job, "who", who, sizeof who);
            wire_find_text (job, "state", state, sizeof state);
            printf ("batch %" PRId64 " by %s, %s: ", wire_find_int (job, "job", 0), who, state);
            s_print_progress (job, "\n");
            wire_skip (&in);
        }
    }
    return 0;
}

static int s_numbered (ctl_t *ctl, const char *word, int64_t *job, answer_t *answer)
{
    char *end = NULL;
    *job = ctl->word_count == 1 ? strtoll (ctl->words[0], &end, 10) : 0;
    if (*job <= 0 || !end || *end) {
        fprintf (stderr, "fepctl: the number of a batch is wanted, as read jobs shows it\n");
        return 2;
    }
    return s_look (ctl, word, *job, 0, 1, true, answer);
}

int ctl_read_result (ctl_t *ctl)
{
    answer_t answer;
    int64_t job;
    int code = s_numbered (ctl, "READ_RESULT", &job, &answer);
    return code ? code : s_report (ctl, job, &answer);
}

int ctl_read_cancel (ctl_t *ctl)
{
    answer_t answer;
    int64_t job;
    int code = s_numbered (ctl, "READ_CANCEL", &job, &answer);
    if (code) {
        return code;
    }
    if (ctl->json) {
        show_json_map (answer.body);
    } else {
        s_print_progress (answer.body, "\n");
    }
    return 0;
}
