//  fepdecode: hex in, one JSON object per frame out, by any codec. Needs no daemon.
#include "codecs/codec.h"
#include "fep/clock.h"
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define LINE_MAX_SIZE (1024 * 1024)    //  Characters of one line
#define OUTPUT_MAX (16 * 1024 * 1024)  //  Bytes of one JSON object
#define PIECE_DIGITS 16                //  Arguments all shorter than this are pieces of one line
#define CARRIED_MAX 65536              //  Bytes of what is carried
#define SEND_MAX 65536                 //  Confirmations are made and thrown away

typedef struct {
    const codec_t *codec;     //  -c, or what a line was found to be
    bool guess;               //  -c auto
    bool up;                  //  -d
    bool directed;            //  It was given
    codec_options_t options;  //  --address-hex, --password-size, --registration, --heartbeat
    pattern_t registration;   //  Of options
    pattern_t heartbeat;      //  Of options
    char **hex;               //  HEX arguments
    int hex_count;            //  0: lines of stdin
    batch_t *batch;           //  One frame's messages
    void *state;              //  The codec's, zeroed for each line
    uint8_t *output;          //  OUTPUT_MAX
    uint8_t *send;            //  SEND_MAX
    uint8_t *line;            //  The line's bytes
    uint8_t *carried;         //  CARRIED_MAX: what a forwarding service holds
    void *carried_state;      //  Of the protocol that is carried
} decode_t;

//  Why a line has no good frame: the most telling thing met.
typedef struct {
    fep_err_t reason;  //  Of it
    int rank;          //  How telling; -1 = nothing met
    size_t skipped;    //  Bytes before it
} verdict_t;

//  How telling a reason is. Noise is always there; a frame that was whole but refused says most.
enum { RANK_NOISE, RANK_STUMP, RANK_SHAPE, RANK_CANDIDATE, RANK_FRAME };

#define STUMP_SIZE 8  //  An unfinished frame shorter than this may as well be noise

static void s_judge (verdict_t *verdict, fep_err_t reason, int rank, size_t skipped)
{
    if (rank > verdict->rank) {
        *verdict = (verdict_t){reason, rank, skipped};
    }
}

static int s_rank_of_skip (fep_err_t reason)
{
    return reason == FEP_NOT_MINE   ? RANK_NOISE
           : reason == FEP_CHECKSUM ? RANK_CANDIDATE
                                    : RANK_SHAPE;
}

//  --- Output

static void s_print (const writer_t *out)
{
    fwrite (out->data, 1, out->size, stdout);
    putchar ('\n');
}

static void s_print_refusal (fep_err_t reason, const char *text, size_t skipped, size_t column)
{
    uint8_t bytes[512];
    writer_t out = writer_of (bytes, sizeof bytes);
    json_t json = json_of (&out);
    json_object (&json);
    json_pair_bool (&json, "ok", false);
    json_pair_text (&json, "reason", fep_err_name (reason));
    json_pair_text (&json, "text", text ? text : fep_err_text (reason));
    if (column) {
        json_pair_int (&json, "column", (int64_t) column);
    }
    json_pair_int (&json, "skipped", (int64_t) skipped);
    json_object_end (&json);
    s_print (&out);
}

//  The codec's fields, or null if it has none to give.
static fep_err_t s_put_explain (const decode_t *self, bytes_t frame, json_t *json)
{
    json_key (json, "frame");
    json_t before = *json;
    size_t size = json->out->size;
    fep_err_t error = self->codec->explain (frame, self->up, &self->options, json);
    if (error) {
        *json = before;
        json->out->size = size;
        json_null (json);
    }
    return error;
}

static void s_put_terminal (const decode_t *self, bytes_t frame, json_t *json)
{
    char text[ADDRESS_MAX + 1];
    json_key (json, "terminal");
    if (self->codec->address (frame, self->up, &self->options, text) == FEP_OK) {
        json_text (json, text);
    } else {
        json_null (json);
    }
}

static void s_put_messages (const decode_t *self, json_t *json)
{
    json_key (json, "messages");
    json_array (json);
    for (size_t i = 0; i < self->batch->message_count; i++) {
        const message_t *message = &self->batch->messages[i];
        json_message (json, message, self->batch->items + message->first);
    }
    json_array_end (json);
}

//  --- Frames

//  Decodes one whole frame from the terminal; confirmations are made, so that their list never
//  fills.
static fep_err_t s_decode (decode_t *self, bytes_t frame)
{
    writer_t send = writer_of (self->send, SEND_MAX);
    codec_io_t io = {.mono_ms = clock_mono_ms (),
                     .wall_ms = clock_wall_ms (),
                     .options = &self->options,
                     .batch = self->batch,
                     .send = &send};
    batch_clear (self->batch);
    fep_err_t error = self->codec->decode (self->state, frame, &io);
    if (!error && io.mark) {
        self->codec->durable (self->state, io.mark, &io);
    }
    //  What should have come before is not in the line; the frame itself is good.
    if (error == FEP_SEQUENCE) {
        batch_clear (self->batch);
        return FEP_OK;
    }
    return !error && self->batch->failed ? FEP_LIMIT : error;
}

//  The frame inside a forwarding service: its protocol, fields and messages, as of a frame of its own.
static void s_put_carried (decode_t *self, bytes_t frame, json_t *json)
{
    bytes_t inner;
    writer_t line = writer_of (self->carried, CARRIED_MAX);
    if (!self->codec->unwrap ||
        self->codec->unwrap (frame, self->up, &self->options, &line) != FEP_OK || line.failed) {
        return;
    }
    const codec_t *codec =
        codec_guess_meter (&self->options, self->up, writer_bytes (&line), &inner);
    json_key (json, "carried");
    json_object (json);
    if (!codec) {
        json_pair_hex (json, "hex", writer_bytes (&line));
        json_object_end (json);
        return;
    }
    decode_t meter = *self;
    meter.codec = codec;
    meter.state = self->carried_state;
    memset (meter.state, 0, codec->state_size);
    json_pair_text (json, "codec", codec->name);
    json_pair_hex (json, "hex", inner);
    s_put_terminal (&meter, inner, json);
    (void) s_put_explain (&meter, inner, json);
    if (self->up && s_decode (&meter, inner) == FEP_OK) {
        s_put_messages (&meter, json);
    }
    json_object_end (json);
}

//  Prints a good frame, or says why it is none.
static fep_err_t s_frame (decode_t *self, bytes_t frame, size_t skipped)
{
    batch_clear (self->batch);
    fep_err_t error = self->up ? s_decode (self, frame) : FEP_OK;
    if (error) {
        return error;
    }
    writer_t out = writer_of (self->output, OUTPUT_MAX);
    json_t json = json_of (&out);
    json_object (&json);
    json_pair_bool (&json, "ok", true);
    json_pair_int (&json, "skipped", (int64_t) skipped);
    json_pair_text (&json, "codec", self->codec->name);
    s_put_terminal (self, frame, &json);
    error = s_put_explain (self, frame, &json);
    if (self->up) {
        s_put_messages (self, &json);
        error = FEP_OK;
    }
    s_put_carried (self, frame, &json);
    json_object_end (&json);
    if (error || out.failed) {
        return error ? error : FEP_LIMIT;
    }
    s_print (&out);
    return FEP_OK;
}

//  A frame is the same either way by its checksum; only its fields tell whose it can be.
static bool s_holds (decode_t *self, bytes_t window)
{
    const scan_context_t context = {.up = self->up, .options = &self->options, .quiet = true};
    writer_t out = writer_of (self->output, OUTPUT_MAX);
    json_t json = json_of (&out);
    scan_t scan = self->codec->scan (&context, window);
    bytes_t frame = bytes_of (window.data, scan.size);
    memset (self->state, 0, self->codec->state_size);
    return scan.what == SCAN_FRAME &&
           self->codec->explain (frame, self->up, &self->options, &json) == FEP_OK &&
           (!self->up || s_decode (self, frame) == FEP_OK);
}

//  -c auto: the protocol of the first whole frame that only one has, of those with a checksum or of the others.
static bool s_guess (decode_t *self, bytes_t bytes, bool checked)
{
    uint64_t enabled = 0;
    for (size_t i = 0; codec_at (i); i++) {
        enabled |= codec_at (i)->is_checked == checked ? 1ull << i : 0;
    }
    for (size_t at = 0, skip = 0; at < bytes.size; at += skip ? skip : 1) {
        bytes_t window = bytes_of (bytes.data + at, bytes.size - at);
        self->codec = codec_guess (enabled, &self->options, self->up, window, true, &skip);
        if (self->codec && s_holds (self, window)) {
            return true;
        }
    }
    return false;
}

//  A checksum tells more than none; upwards first, unless the direction was given.
static bool s_find_codec (decode_t *self, bytes_t bytes)
{
    bool given = self->up;
    for (int way = 0; way < 4; way++) {
        self->up = self->directed ? given : way % 2 == 0;
        if (s_guess (self, bytes, way < 2)) {
            return true;
        }
    }
    s_print_refusal (FEP_NOT_MINE,
                     "no whole frame that only one protocol has; -c names the protocol", 0, 0);
    return false;
}

//  Walks the bytes of a line as a session would. True if there was a good frame.
static bool s_bytes (decode_t *self, bytes_t bytes)
{
    if (self->guess && !s_find_codec (self, bytes)) {
        return false;
    }
    scan_context_t context = {.up = self->up, .options = &self->options, .quiet = true};
    verdict_t verdict = {FEP_NOT_MINE, -1, bytes.size};
    size_t at = 0, behind = 0;  //  Where we are; behind the last good frame
    bool good = false;
    memset (self->state, 0, self->codec->state_size);
    while (at < bytes.size) {
        bytes_t window = bytes_of (bytes.data + at, bytes.size - at);
        scan_t scan = self->codec->scan (&context, window);
        if (scan.what == SCAN_SKIP) {
            int rank = s_rank_of_skip (scan.reason);
            s_judge (&verdict, scan.reason, rank, rank == RANK_NOISE ? bytes.size : at - behind);
            at += scan.size;
        } else if (scan.what == SCAN_MORE) {
            //  A false start: what stands behind it may still be whole.
            int rank = window.size < STUMP_SIZE ? RANK_STUMP : RANK_CANDIDATE;
            s_judge (&verdict, FEP_TRUNCATED, rank, at - behind);
            at++;
        } else {
            fep_err_t error = s_frame (self, bytes_of (window.data, scan.size), at - behind);
            s_judge (&verdict, error, RANK_FRAME, at - behind);
            good |= error == FEP_OK;
            at += scan.size;
            behind = error ? behind : at;
        }
    }
    if (!good) {
        s_print_refusal (verdict.reason, NULL, verdict.skipped, 0);
    }
    return good;
}

//  --- Lines

static bool s_is_blank (int c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

//  Hex to bytes in place. 0, or the column of what is wrong and a text that says so.
static size_t s_unhex (uint8_t *text, size_t size, size_t *count, const char **wrong)
{
    size_t digits = 0;
    for (size_t i = 0; i < size; i++) {
        if (s_is_blank (text[i])) {
            continue;
        }
        int digit = bytes_hex_digit (text[i]);
        if (digit < 0) {
            *wrong = "a character that is no hexadecimal digit";
            return i + 1;
        }
        uint8_t high = digits & 1 ? text[digits / 2] : 0;
        text[digits / 2] = (uint8_t) (high << 4 | digit);
        digits++;
    }
    *count = digits / 2;
    *wrong = digits ? "an odd number of hexadecimal digits" : "no hexadecimal digits";
    return digits == 0 || digits & 1 ? size + (digits == 0) : 0;
}

//  One line, in self->line. True if it had a good frame.
static bool s_line (decode_t *self, size_t size)
{
    size_t count = 0;
    const char *wrong = NULL;
    size_t column = s_unhex (self->line, size, &count, &wrong);
    if (column) {
        s_print_refusal (FEP_SYNTAX, wrong, 0, column);
        return false;
    }
    return s_bytes (self, bytes_of (self->line, count));
}

static bool s_too_long (void)
{
    s_print_refusal (FEP_LIMIT, "a line longer than 1048576 characters", 0, 0);
    return false;
}

//  Lines of stdin; empty ones are passed over. True if each had a good frame.
static bool s_stdin (decode_t *self)
{
    bool good = true, blank = true;
    size_t size = 0;
    int c = 0;
    do {
        c = getchar ();
        if (c != '\n' && c != EOF) {
            blank = blank && s_is_blank (c);
            if (size < LINE_MAX_SIZE) {
                self->line[size] = (uint8_t) c;
            }
            size += size <= LINE_MAX_SIZE;
            continue;
        }
        if (!blank) {
            good &= size > LINE_MAX_SIZE ? s_too_long () : s_line (self, size);
            fflush (stdout);
        }
        size = 0;
        blank = true;
    } while (c != EOF);
    return good;
}

static bool s_argument (decode_t *self, const char *text)
{
    size_t size = strlen (text);
    if (size > LINE_MAX_SIZE) {
        return s_too_long ();
    }
    memcpy (self->line, text, size);
    return s_line (self, size);
}

//  Arguments are lines; but if each is shorter than any frame, they are one line that was not quoted.
static bool s_arguments (decode_t *self)
{
    bool pieces = true;
    bool good = true;
    size_t size = 0;
    for (int i = 0; i < self->hex_count; i++) {
        pieces = pieces && strlen (self->hex[i]) < PIECE_DIGITS;
    }
    if (pieces && (size_t) self->hex_count * PIECE_DIGITS > LINE_MAX_SIZE) {
        return s_too_long ();
    }
    for (int i = 0; i < self->hex_count; i++) {
        if (pieces) {
            size += (size_t) sprintf ((char *) self->line + size, "%s ", self->hex[i]);
        } else {
            good &= s_argument (self, self->hex[i]);
        }
    }
    return pieces ? s_line (self, size) : good;
}

//  --- Arguments

enum { KEY_ADDRESS_HEX = 256, KEY_PASSWORD_SIZE, KEY_UTC_OFFSET, KEY_REGISTRATION, KEY_HEARTBEAT };

static const struct argp_option s_options[] = {
    {"codec", 'c', "CODEC", 0, "the protocol; auto finds it out, and the direction", 0},
    {"direction", 'd', "up|down", 0, "up: from the terminal (default)", 0},
    {"list", 'l', NULL, 0, "list the codecs", 0},
    {"address-hex", KEY_ADDRESS_HEX, NULL, 0, "376.1: terminal addresses in hexadecimal", 0},
    {"password-size", KEY_PASSWORD_SIZE, "0|2|16", 0, "376.1: bytes of PW going down; default 16",
     0},
    {"registration", KEY_REGISTRATION, "PATTERN", 0,
     "dtu: the packet that says who it is, such as 'ID{id:4}' or '{imei}\\0'", 0},
    {"heartbeat", KEY_HEARTBEAT, "PATTERN", 0, "dtu: the packet that says it is there", 0},
    {"utc-offset", KEY_UTC_OFFSET, "MINUTES", 0, "local time of the terminals; default 480", 0},
    {0}};

static void s_list (FILE *file)
{
    for (size_t i = 0; codec_at (i); i++) {
        fprintf (file, "%s\n", codec_at (i)->name);
    }
}

static _Noreturn void s_unknown_codec (const char *name)
{
    fprintf (stderr, "fepdecode: %s%s%s; the codecs are:\n", name ? "there is no codec '" : "",
             name ? name : "-c CODEC is missing", name ? "'" : "");
    s_list (stderr);
    exit (2);
}

static int64_t s_number (struct argp_state *state, const char *text, int64_t low, int64_t high)
{
    char *end = NULL;
    errno = 0;
    int64_t number = strtoll (text, &end, 10);
    if (errno || end == text || *end || number < low || number > high) {
        argp_error (state, "'%s' is no whole number from %lld to %lld", text, (long long) low,
                    (long long) high);
    }
    return number;
}

static void s_set_password_size (struct argp_state *state, decode_t *self, const char *text)
{
    int64_t size = s_number (state, text, 0, 16);
    if (size != 0 && size != 2 && size != 16) {
        argp_error (state, "--password-size: '%s' is none of 0, 2, 16", text);
    }
    self->options.password_size = (uint8_t) size;
}

static void s_set_pattern (struct argp_state *state, const char *option, const char *text,
                           pattern_t *pattern)
{
    char why[PATTERN_WHY_MAX];
    if (pattern_parse (text, pattern, why, sizeof why) != FEP_OK) {
        argp_error (state, "--%s: %s", option, why);
    }
}

static error_t s_parse (int key, char *text, struct argp_state *state)
{
    decode_t *self = state->input;
    switch (key) {
    case 'c':
        self->guess = strcmp (text, CODEC_AUTO) == 0;
        self->codec = self->guess ? &codec_undecided : codec_find (text);
        if (!self->codec) {
            s_unknown_codec (text);
        }
        return 0;
    case 'd':
        self->up = strcmp (text, "up") == 0;
        self->directed = true;
        if (!self->up && strcmp (text, "down") != 0) {
            argp_error (state, "-d: '%s' is neither up nor down", text);
        }
        return 0;
    case 'l':
        s_list (stdout);
        exit (0);
    case KEY_ADDRESS_HEX:
        self->options.address_hex = true;
        return 0;
    case KEY_PASSWORD_SIZE:
        s_set_password_size (state, self, text);
        return 0;
    case KEY_REGISTRATION:
        s_set_pattern (state, "registration", text, &self->registration);
        return 0;
    case KEY_HEARTBEAT:
        s_set_pattern (state, "heartbeat", text, &self->heartbeat);
        return 0;
    case KEY_UTC_OFFSET:
        clock_set_offset_min ((int) s_number (state, text, -720, 840));
        return 0;
    case ARGP_KEY_ARGS:
        self->hex = state->argv + state->next;
        self->hex_count = state->argc - state->next;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp s_argp = {
    .options = s_options,
    .parser = s_parse,
    .args_doc = "[HEX...]",
    .doc = "Decodes frames given as hexadecimal digits, as arguments or as lines of the standard "
           "input; prints one JSON object for each good frame, or one that says why there is none."
           "\vExit status: 0 each line had a good frame, 1 one had none, 2 wrong use."};

const char *argp_program_version = "fepdecode " FEP_RELEASE;

//  What suffices for any of them.
static size_t s_state_size (void)
{
    size_t size = 1;
    for (size_t i = 0; codec_at (i); i++) {
        size = codec_at (i)->state_size > size ? codec_at (i)->state_size : size;
    }
    return size;
}

int main (int argc, char **argv)
{
    decode_t self = {.up = true, .options = {.password_size = 16}};
    self.options.registration = &self.registration;
    self.options.heartbeat = &self.heartbeat;
    argp_err_exit_status = 2;
    argp_parse (&s_argp, argc, argv, 0, NULL, &self);
    if (!self.codec) {
        s_unknown_codec (NULL);
    }
    self.batch = batch_new ();
    self.state = calloc (1, s_state_size ());
    self.carried_state = calloc (1, s_state_size ());
    self.carried = malloc (CARRIED_MAX);
    self.output = malloc (OUTPUT_MAX);
    self.send = malloc (SEND_MAX);
    self.line = malloc (LINE_MAX_SIZE + 1);
    FEP_ASSERT (self.carried_state && self.carried && self.state && self.output && self.send &&
                self.line);
    bool good = self.hex_count ? s_arguments (&self) : s_stdin (&self);
    batch_destroy (&self.batch);
    free (self.state);
    free (self.carried_state);
    free (self.carried);
    free (self.output);
    free (self.send);
    free (self.line);
    return fflush (stdout) != 0 ? 2 : good ? 0 : 1;
}
