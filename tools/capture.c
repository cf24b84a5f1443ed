//  Lines of a capture into frames.
#include "tools/capture.h"
#include "fep/clock.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define TIME_MAX_MS 1000000000000000ll  //  Of a capture
#define WORD_MAX 128  //  Characters of a word or a JSON string that means something

typedef struct {
    capture_t *capture;      //  Being filled
    capture_fault_t *fault;  //  Of the caller
    size_t frame_room;       //  Frames there is memory for
    size_t byte_room;        //  Bytes likewise
    uint32_t line;           //  From 1
    bool below;              //  A line of trace has come whose bytes stand below it
} parse_t;

FEP_PRINTF (3, 4)
static fep_err_t s_fault (parse_t *self, fep_err_t error, const char *format, ...)
{
    va_list args;
    va_start (args, format);
    self->fault->line = self->line;
    vsnprintf (self->fault->text, sizeof self->fault->text, format, args);
    va_end (args);
    return error;
}

//  ---- Memory ----

//  Doubles the room until `need` fit. False if there is no memory.
static bool s_grow (void **memory, size_t *room, size_t need, size_t size)
{
    size_t more = *room ? *room : 256;
    while (more < need) {
        more *= 2;
    }
    if (more != *room) {
        void *moved = realloc (*memory, more * size);
        if (!moved) {
            return false;
        }
        *memory = moved;
        *room = more;
    }
    return true;
}

//  A frame without bytes yet.
static fep_err_t s_new_frame (parse_t *self, capture_frame_t **frame_p)
{
    capture_t *capture = self->capture;
    void *memory = capture->frames;
    if (capture->count == CAPTURE_FRAMES_MAX) {
        return s_fault (self, FEP_LIMIT, "more than %d frames", CAPTURE_FRAMES_MAX);
    }
    if (!s_grow (&memory, &self->frame_room, capture->count + 1, sizeof (capture_frame_t))) {
        return s_fault (self, FEP_FULL, "no memory");
    }
    capture->frames = memory;
    *frame_p = &capture->frames[capture->count++];
    **frame_p = (capture_frame_t){.line = self->line, .from = capture->byte_count};
    return FEP_OK;
}

//  Digits with blanks, and nothing else, appended to the last frame.
static fep_err_t s_hex (parse_t *self, bytes_t text)
{
    capture_t *capture = self->capture;
    void *memory = capture->bytes;
    size_t digits = 0;
    if (capture->byte_count + text.size / 2 > CAPTURE_BYTES_MAX) {
        return s_fault (self, FEP_LIMIT, "more than %d bytes", CAPTURE_BYTES_MAX);
    }
    if (!s_grow (&memory, &self->byte_room, capture->byte_count + text.size / 2 + 1, 1)) {
        return s_fault (self, FEP_FULL, "no memory");
    }
    capture->bytes = memory;
    for (size_t i = 0; i < text.size; i++) {
        char c = (char) text.data[i];
        int digit = bytes_hex_digit (c);
        if (c == ' ' || c == '\t') {
            continue;
        }
        if (digit < 0) {
            return s_fault (self, FEP_SYNTAX, "'%c' is no hexadecimal digit",
                            c > 0x20 && c < 0x7F ? c : '?');
        }
        uint8_t *byte = &capture->bytes[capture->byte_count + digits / 2];
        *byte = (uint8_t) (digits & 1 ? *byte | digit : digit << 4);
        digits++;
    }
    if (digits == 0 || digits & 1) {
        return s_fault (self, FEP_SYNTAX,
                        digits ? "an odd number of hexadecimal digits" : "no bytes");
    }
    capture->byte_count += digits / 2;
    capture->frames[capture->count - 1].size += digits / 2;
    return FEP_OK;
}

//  ---- Words ----

static bool s_direction (const char *word, uint8_t *direction)
{
    static const struct {
        const char *word;
        uint8_t direction;
    } words[] = {{"up", CAPTURE_UP},       {"rx", CAPTURE_UP},         {"down", CAPTURE_DOWN},
                 {"tx", CAPTURE_DOWN},     {"terminal->", CAPTURE_UP}, {"meter->", CAPTURE_UP},
                 {"server->", CAPTURE_UP}, {"master->", CAPTURE_DOWN}, {"client->", CAPTURE_DOWN}};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t size = strlen (words[i].word);
        bool head = words[i].word[size - 1] == '>';
        if (head ? strncmp (word, words[i].word, size) == 0 : strcmp (word, words[i].word) == 0) {
            *direction = words[i].direction;
            return true;
        }
    }
    return false;
}

//  Digits behind a point as milliseconds; other places are passed over.
static bool s_fraction (const char **text, int64_t *ms)
{
    int64_t weight = 100;
    if (**text != '.' && **text != ',') {
        return true;
    }
    const char *from = ++*text;
    for (; **text >= '0' && **text <= '9'; (*text)++, weight /= 10) {
        *ms += (**text - '0') * weight;
    }
    return *text > from;
}

//  "", "Z" or "+08:00".
static bool s_zone (const char *text, int64_t *ms)
{
    unsigned hour, minute;
    int end = 0;
    char sign;
    if (*text == 0 || strcmp (text, "Z") == 0) {
        return true;
    }
    if (sscanf (text, "%c%2u:%2u%n", &sign, &hour, &minute, &end) != 3 || text[end] ||
        (sign != '+' && sign != '-')) {
        return false;
    }
    int64_t offset = (int64_t) (hour * 60 + minute) * 60000;
    *ms -= sign == '+' ? offset : -offset;
    return true;
}

static bool s_time (const char *text, int64_t *ms)
{
    clock_civil_t civil = {1970, 1, 2, 0, 0, 0};
    clock_civil_t day = civil;
    long long whole;
    int end = 0;
    *ms = 0;
    if (sscanf (text, "%4d-%2d-%2d%*1[T ]%n", &day.year, &day.month, &day.day, &end) == 3 && end) {
        civil = day;
        text += end;
    }
    end = 0;
    if (sscanf (text, "%2d:%2d:%2d%n", &civil.hour, &civil.minute, &civil.second, &end) == 3 &&
        end) {
        int64_t at;
        text += end;
        bool good = s_fraction (&text, ms) && s_zone (text, ms) && clock_from_civil (&civil, &at);
        *ms = good ? *ms + at : 0;
        return good;
    }
    if (civil.year != 1970 || sscanf (text, "%lld%n", &whole, &end) != 1 || !end ||
        text[end] != '.' || whole < 0 || whole > TIME_MAX_MS / 1000) {
        return false;
    }
    text += end;
    *ms = whole * 1000;
    return s_fraction (&text, ms) && !*text;
}

static bool s_milliseconds (const char *text, int64_t *ms)
{
    int end = 0;
    long long number;
    if (sscanf (text, "%lld%n", &number, &end) != 1 || text[end] || number < 0 ||
        number > TIME_MAX_MS) {
        return false;
    }
    *ms = number;
    return true;
}

//  The next word of a line, off its head; "" if there is none. A longer one is cut.
static void s_word (bytes_t *line, char word[WORD_MAX])
{
    size_t size = 0;
    while (line->size && (line->data[0] == ' ' || line->data[0] == '\t')) {
        *line = bytes_of (line->data + 1, line->size - 1);
    }
    while (size < line->size && line->data[size] != ' ' && line->data[size] != '\t') {
        size++;
    }
    snprintf (word, WORD_MAX, "%.*s", (int) (size < WORD_MAX ? size : WORD_MAX - 1),
              (const char *) line->data);
    *line = bytes_of (line->data + size, line->size - size);
}

//  Not hex: a peer's address.
static bool s_is_peer (const char *word)
{
    return strchr (word, ':') != NULL;
}

//  "[TIME] [DIRECTION] HEX", or the first line of a traced frame.
static fep_err_t s_plain (parse_t *self, bytes_t line)
{
    capture_frame_t *frame;
    char word[WORD_MAX], next[WORD_MAX], both[2 * WORD_MAX];
    fep_err_t error = s_new_frame (self, &frame);
    if (error) {
        return error;
    }
    bytes_t rest = line, behind;
    s_word (&rest, word);
    behind = rest;
    s_word (&behind, next);
    snprintf (both, sizeof both, "%s %s", word, next);
    if (s_time (both, &frame->time_ms)) {
        frame->timed = true;
        rest = behind;
    } else if (s_time (word, &frame->time_ms) ||
               (s_direction (next, &frame->direction) && s_milliseconds (word, &frame->time_ms))) {
        frame->timed = true;
    } else {
        rest = line;
    }
    behind = rest;
    s_word (&behind, word);
    if (s_direction (word, &frame->direction)) {
        rest = behind;
        s_word (&behind, word);
    }
    if ((frame->timed || frame->direction) && s_is_peer (word)) {
        snprintf (frame->name, sizeof frame->name, "%.*s", CAPTURE_NAME_MAX, word);
        rest = behind;
        s_word (&behind, word);
    }
    self->below = !word[0] && (frame->timed || frame->direction);
    return self->below ? FEP_OK : s_hex (self, rest);
}

//  What stands below the first line of a traced frame: its bytes; then what it means.
static fep_err_t s_indented (parse_t *self, bytes_t line)
{
    char word[WORD_MAX];
    bytes_t rest = line;
    s_word (&rest, word);
    if (self->below) {
        self->below = false;
        return s_hex (self, line);
    }
    bool meaning = word[0] == '{' || strcmp (word, "refused:") == 0;
    return self->capture->count && meaning ? FEP_OK : s_plain (self, line);
}

//  ---- JSON ----

typedef struct {
    const char *p;    //  Next character
    const char *end;  //  Behind the last
} json_in_t;

static void s_blanks (json_in_t *in)
{
    while (in->p < in->end && strchr (" \t\r", *in->p)) {
        in->p++;
    }
}

//  A string, without quotes; escapes stay as they are, for nothing we look at has any.
static bool s_string (json_in_t *in, bytes_t *text)
{
    if (in->p == in->end || *in->p != '"') {
        return false;
    }
    const char *from = ++in->p;
    while (in->p < in->end && *in->p != '"') {
        in->p += *in->p == '\\' && in->p + 1 < in->end ? 2 : 1;
    }
    *text = bytes_of (from, (size_t) (in->p - from));
    return in->p++ < in->end;
}

//  A value of any kind: a string without its quotes, anything else as it is written.
static bool s_value (json_in_t *in, bytes_t *value, bool *is_text)
{
    int depth = 0;
    const char *from = in->p;
    *is_text = in->p < in->end && *in->p == '"';
    if (*is_text) {
        return s_string (in, value);
    }
    while (in->p < in->end && (depth > 0 || !strchr (",}", *in->p))) {
        bytes_t inside;
        if (*in->p == '"') {
            if (!s_string (in, &inside)) {
                return false;
            }
            continue;
        }
        depth += (*in->p == '{') + (*in->p == '[');
        depth -= (*in->p == '}') + (*in->p == ']');
        in->p++;
    }
    *value = bytes_of (from, (size_t) (in->p - from));
    return depth == 0 && in->p > from;
}

typedef struct {
    const char *key;
    fep_err_t (*take) (parse_t *self, capture_frame_t *frame, bytes_t value);
} member_t;

static void s_copy (bytes_t value, char *text, size_t size)
{
    snprintf (text, size, "%.*s", (int) (value.size < size ? value.size : size - 1),
              (const char *) value.data);
}

static fep_err_t s_take_hex (parse_t *self, capture_frame_t *frame, bytes_t value)
{
    if (frame->size) {
        return s_fault (self, FEP_SYNTAX, "\"hex\" twice");
    }
    return s_hex (self, value);
}

static fep_err_t s_take_direction (parse_t *self, capture_frame_t *frame, bytes_t value)
{
    char text[WORD_MAX];
    s_copy (value, text, sizeof text);
    return s_direction (text, &frame->direction)
               ? FEP_OK
               : s_fault (self, FEP_SYNTAX,
                          "direction '%.60s'; known are up, down, rx, tx, "
                          "terminal->, meter->, master->",
                          text);
}

static fep_err_t s_take_ms (parse_t *self, capture_frame_t *frame, bytes_t value)
{
    char text[WORD_MAX];
    s_copy (value, text, sizeof text);
    text[strcspn (text, " ")] = 0;
    frame->timed = s_milliseconds (text, &frame->time_ms);
    return frame->timed ? FEP_OK
                        : s_fault (self, FEP_SYNTAX, "time_ms '%.60s'; a whole number", text);
}

static fep_err_t s_take_time (parse_t *self, capture_frame_t *frame, bytes_t value)
{
    char text[WORD_MAX];
    s_copy (value, text, sizeof text);
    frame->timed = s_time (text, &frame->time_ms);
    return frame->timed ? FEP_OK : s_fault (self, FEP_SYNTAX, "time '%.60s' is none", text);
}

static fep_err_t s_take_terminal (parse_t *self, capture_frame_t *frame, bytes_t value)
{
    (void) self;
    s_copy (value, frame->name, sizeof frame->name);
    return FEP_OK;
}

//  A terminal's name goes before its address in the network.
static fep_err_t s_take_peer (parse_t *self, capture_frame_t *frame, bytes_t value)
{
    return frame->name[0] ? FEP_OK : s_take_terminal (self, frame, value);
}

static fep_err_t s_member (parse_t *self, capture_frame_t *frame, bytes_t key, bytes_t value)
{
    static const member_t members[] = {
        {"hex", s_take_hex},   {"direction", s_take_direction}, {"time_ms", s_take_ms},
        {"time", s_take_time}, {"terminal", s_take_terminal},   {"peer", s_take_peer}};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        if (bytes_equal (key, bytes_text (members[i].key))) {
            return members[i].take (self, frame, value);
        }
    }
    return FEP_OK;
}

static fep_err_t s_json (parse_t *self, bytes_t line)
{
    json_in_t in = {(const char *) line.data, (const char *) line.data + line.size};
    capture_frame_t *frame;
    fep_err_t error = s_new_frame (self, &frame);
    char ends = '{';
    while (!error && ends != '}') {
        bytes_t key, value;
        bool is_text;
        in.p++;
        s_blanks (&in);
        bool good = s_string (&in, &key);
        s_blanks (&in);
        good = good && in.p < in.end && *in.p++ == ':';
        s_blanks (&in);
        good = good && s_value (&in, &value, &is_text);
        s_blanks (&in);
        if (!good || in.p == in.end || !strchr (",}", *in.p)) {
            return s_fault (self, FEP_SYNTAX, "no JSON object of one line");
        }
        ends = *in.p;
        bool null = !is_text && value.size >= 4 && memcmp (value.data, "null", 4) == 0;
        error = null ? FEP_OK : s_member (self, frame, key, value);
    }
    if (!error && frame->size == 0) {
        return s_fault (self, FEP_SYNTAX, "an object without \"hex\"");
    }
    return error;
}

//  ---- Lines ----

static fep_err_t s_line (parse_t *self, bytes_t line)
{
    bool indented = line.size && (line.data[0] == ' ' || line.data[0] == '\t');
    size_t blanks = 0;
    while (line.size && (line.data[line.size - 1] == '\r' || line.data[line.size - 1] == ' ')) {
        line.size--;
    }
    while (blanks < line.size && strchr (" \t", line.data[blanks])) {
        blanks++;
    }
    if (blanks == line.size || line.data[blanks] == '#') {
        return FEP_OK;
    }
    if (indented) {
        return s_indented (self, line);
    }
    if (self->below) {
        return s_fault (self, FEP_SYNTAX, "the frame of the line above has no bytes below it");
    }
    return line.data[0] == '{' ? s_json (self, line) : s_plain (self, line);
}

fep_err_t capture_read (bytes_t text, capture_t *self, capture_fault_t *fault)
{
    parse_t parse = {.capture = self, .fault = fault};
    fep_err_t error = FEP_OK;
    *self = (capture_t){.frames = NULL};
    while (!error && text.size) {
        const uint8_t *end = memchr (text.data, '\n', text.size);
        size_t size = end ? (size_t) (end - text.data) : text.size;
        parse.line++;
        error = memchr (text.data, 0, size)
                    ? s_fault (&parse, FEP_SYNTAX, "a zero byte: this is no text")
                    : s_line (&parse, bytes_of (text.data, size));
        text = bytes_of (text.data + size + (end != NULL), text.size - size - (end != NULL));
    }
    if (!error && parse.below) {
        error = s_fault (&parse, FEP_SYNTAX, "the last frame has no bytes below it");
    }
    if (error) {
        capture_free (self);
    }
    return error;
}

void capture_free (capture_t *self)
{
    free (self->frames);
    free (self->bytes);
    *self = (capture_t){.frames = NULL};
}

bytes_t capture_bytes (const capture_t *self, const capture_frame_t *frame)
{
    return bytes_of (self->bytes + frame->from, frame->size);
}
