//  Patterns: a small parser with places for its faults, and a matcher that never looks back.
#include "fep/pattern.h"
#include <stdarg.h>
#include <stdio.h>

#define HEX_NAME_MAX (ADDRESS_MAX / 2)  //  Bytes that can be named by hex digits

//  What may stand between braces.
typedef struct {
    const char *name;  //  In the text
    uint8_t kind;      //  pattern_part_kind_t
    uint8_t size;      //  Bytes without a number; 0: open, or a number is needed
    uint8_t high;      //  Greatest number; 0: takes none
    bool needs;        //  A number is needed
    bool letters;      //  As of the part
} placeholder_t;

static const placeholder_t s_placeholders[] = {
    {"id", PART_ID, 0, ADDRESS_MAX, false, false},
    {"imei", PART_DIGITS, 15, 0, false, false},
    {"iccid", PART_DIGITS, 20, 0, false, true},
    {"mac", PART_HEX, 6, 0, false, false},
    {"hex", PART_HEX, 0, HEX_NAME_MAX, true, false},
    {"packet", PART_PACKET, 0, 0, false, false},
    {"any", PART_ANY, 0, PATTERN_BYTES_MAX, true, false},
};

typedef struct {
    const char *text;  //  Whole pattern
    const char *at;    //  Next character
    pattern_t *out;    //  Being filled
    size_t bytes;      //  Most that the alternative matches, so far
    char *why;         //  Where a fault goes, or NULL
    size_t why_size;   //  Of it
} parse_t;

//  --- Reading

FEP_PRINTF (4, 5)
static fep_err_t s_fault (const parse_t *self, const char *place, fep_err_t error,
                          const char *format, ...)
{
    va_list args;
    if (self->why && self->why_size) {
        int used = snprintf (self->why, self->why_size,
                             "character %zu: ", (size_t) (place - self->text) + 1);
        if (used > 0 && (size_t) used < self->why_size) {
            va_start (args, format);
            vsnprintf (self->why + used, self->why_size - (size_t) used, format, args);
            va_end (args);
        }
    }
    return error;
}

static bool s_is_naming (const pattern_part_t *part)
{
    return part->kind != PART_LITERAL && part->kind != PART_ANY;
}

static pattern_alternative_t *s_alternative (const parse_t *self)
{
    return &self->out->alternatives[self->out->count - 1];
}

static pattern_part_t *s_last (const parse_t *self)
{
    pattern_alternative_t *alternative = s_alternative (self);
    return alternative->count ? &alternative->parts[alternative->count - 1] : NULL;
}

//  Counts what a part may match; the alternative must stay short enough.
static fep_err_t s_count (parse_t *self, const char *place, size_t bytes)
{
    self->bytes += bytes;
    return self->bytes > PATTERN_BYTES_MAX
               ? s_fault (self, place, FEP_LIMIT, "the packet is too long; allowed are %d bytes",
                          PATTERN_BYTES_MAX)
               : FEP_OK;
}

//  Appends an empty part; it must agree with what stands before it.
static fep_err_t s_add (parse_t *self, const char *place, const pattern_part_t *part)
{
    pattern_alternative_t *alternative = s_alternative (self);
    const pattern_part_t *last = s_last (self);
    if (alternative->count == PATTERN_PARTS_MAX) {
        return s_fault (self, place, FEP_LIMIT, "one part too many; allowed are %d",
                        PATTERN_PARTS_MAX);
    }
    if (last && (last->kind == PART_PACKET || part->kind == PART_PACKET)) {
        return s_fault (self, place, FEP_SYNTAX,
                        "{packet} is the whole packet; allowed is nothing besides it");
    }
    for (size_t i = 0; s_is_naming (part) && i < alternative->count; i++) {
        if (s_is_naming (&alternative->parts[i])) {
            return s_fault (self, place, FEP_SYNTAX,
                            "a second placeholder that names; allowed is one, and {any:N}");
        }
    }
    if (last && last->kind == PART_ID && last->size == 0 && part->kind != PART_LITERAL) {
        return s_fault (self, place, FEP_SYNTAX,
                        "nothing tells where {id} ends; allowed are text behind it, and {id:N}");
    }
    alternative->parts[alternative->count++] = *part;
    return FEP_OK;
}

//  The byte behind a backslash.
static fep_err_t s_escape (parse_t *self, uint8_t *byte)
{
    static const char names[] = "rn0\\|{";
    static const uint8_t bytes[] = {'\r', '\n', 0, '\\', '|', '{'};
    const char *place = self->at++;
    const char *name = *self->at ? strchr (names, *self->at) : NULL;
    if (name) {
        *byte = bytes[name - names];
        self->at++;
        return FEP_OK;
    }
    int high = *self->at == 'x' ? bytes_hex_digit (self->at[1]) : -1;
    int low = high >= 0 ? bytes_hex_digit (self->at[2]) : -1;
    if (low < 0) {
        return s_fault (self, place, FEP_SYNTAX,
                        "an unknown escape; allowed are \\xHH \\r \\n \\0 \\\\ \\| \\{");
    }
    *byte = (uint8_t) (high << 4 | low);
    self->at += 3;
    return FEP_OK;
}

//  One byte of text, in a part of its own or in the one before.
static fep_err_t s_literal (parse_t *self)
{
    const char *place = self->at;
    uint8_t byte = (uint8_t) *self->at;
    fep_err_t error = FEP_OK;
    if (byte == '\\') {
        error = s_escape (self, &byte);
    } else if (byte < 0x20 || byte == 0x7F) {
        error = s_fault (self, place, FEP_SYNTAX, "a control character; allowed is \\xHH");
    } else {
        self->at++;
    }
    pattern_part_t *last = s_last (self);
    if (!error && (!last || last->kind != PART_LITERAL)) {
        static const pattern_part_t literal = {.kind = PART_LITERAL};
        error = s_add (self, place, &literal);
        last = s_last (self);
    }
    if (!error) {
        error = s_count (self, place, 1);
    }
    if (!error) {
        last->bytes[last->size++] = byte;
    }
    return error;
}

//  The number behind the colon; 0 if it is none, above 255 if it is too large.
static unsigned s_number (const char *text, size_t size)
{
    unsigned number = 0;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return 0;
        }
        number = number > 255 ? number : number * 10 + (unsigned) (text[i] - '0');
    }
    return number;
}

static fep_err_t s_placeholder (parse_t *self)
{
    const char *place = self->at;
    const char *name = place + 1;
    size_t size = strcspn (name, "}:");
    size_t whole = strcspn (name, "}");
    const placeholder_t *row = NULL;
    for (size_t i = 0; i < sizeof s_placeholders / sizeof *s_placeholders; i++) {
        const placeholder_t *one = &s_placeholders[i];
        row = strlen (one->name) == size && memcmp (one->name, name, size) == 0 ? one : row;
    }
    bool numbered = size < whole;
    if (!name[whole] || !row || (numbered && !row->high) || (!numbered && row->needs)) {
        return s_fault (self, place, FEP_SYNTAX,
                        "no placeholder; allowed are {id} {id:N} {imei} {iccid} {mac} {hex:N} "
                        "{packet} {any:N}, and \\{");
    }
    unsigned number = numbered ? s_number (name + size + 1, whole - size - 1) : row->size;
    if (numbered && (number == 0 || number > row->high)) {
        return s_fault (self, name + size + 1, FEP_RANGE, "no good number; allowed are 1..%d",
                        row->high);
    }
    pattern_part_t part = {.kind = row->kind, .size = (uint8_t) number, .letters = row->letters};
    fep_err_t error = s_add (self, place, &part);
    if (!error) {
        error = s_count (self, place, number ? number : ADDRESS_MAX);
    }
    self->at = name + whole + 1;
    return error;
}

//  Up to the bar or the end.
static fep_err_t s_read_alternative (parse_t *self)
{
    fep_err_t error = FEP_OK;
    if (self->out->count == PATTERN_ALTERNATIVES_MAX) {
        return s_fault (self, self->at, FEP_LIMIT, "one alternative too many; allowed are %d",
                        PATTERN_ALTERNATIVES_MAX);
    }
    self->out->count++;
    self->bytes = 0;
    if (!*self->at || *self->at == '|') {
        return s_fault (self, self->at, FEP_SYNTAX,
                        "an empty alternative; allowed is text or a placeholder");
    }
    while (!error && *self->at && *self->at != '|') {
        error = *self->at == '{' ? s_placeholder (self) : s_literal (self);
    }
    return error;
}

fep_err_t pattern_parse (const char *text, pattern_t *self, char *why, size_t why_size)
{
    parse_t parse = {.text = text, .at = text, .out = self, .why = why, .why_size = why_size};
    memset (self, 0, sizeof *self);
    if (!*text) {
        return FEP_OK;
    }
    fep_err_t error = s_read_alternative (&parse);
    while (!error && *parse.at) {
        parse.at++;
        error = s_read_alternative (&parse);
    }
    if (error) {
        memset (self, 0, sizeof *self);
    }
    return error;
}

bool pattern_names (const pattern_t *self)
{
    size_t naming = 0;
    for (size_t i = 0; i < self->count; i++) {
        const pattern_alternative_t *one = &self->alternatives[i];
        for (size_t k = 0; k < one->count; k++) {
            naming += s_is_naming (&one->parts[k]);
        }
    }
    return naming > 0 && naming == self->count;
}

bool pattern_unanchored (const pattern_t *self)
{
    bool found = false;
    for (size_t i = 0; i < self->count; i++) {
        const pattern_alternative_t *one = &self->alternatives[i];
        const pattern_part_t *part = &one->parts[0];
        found |= one->count == 1 && part->size == 0;
    }
    return found;
}

//  --- Matching

static bool s_is_word (uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
           c == '_' || c == ':' || c == '-';
}

static bool s_may_stand (const pattern_part_t *part, uint8_t c)
{
    switch ((pattern_part_kind_t) part->kind) {
    case PART_ID:
        return s_is_word (c);
    case PART_DIGITS:
        return (c >= '0' && c <= '9') || (part->letters && c >= 'A' && c <= 'Z');
    default:
        return true;
    }
}

//  Characters at the head that may stand in a name.
static size_t s_words (bytes_t bytes)
{
    size_t n = 0;
    while (n < bytes.size && s_is_word (bytes.data[n])) {
        n++;
    }
    return n;
}

//  The head against a text: all of it, a beginning of it (or nothing), or neither.
static pattern_match_t s_literal_at (const pattern_part_t *part, bytes_t bytes)
{
    size_t size = part->size < bytes.size ? part->size : bytes.size;
    if (size && memcmp (part->bytes, bytes.data, size) != 0) {
        return PATTERN_NO;
    }
    return size == part->size ? PATTERN_YES : PATTERN_MORE;
}

//  A part of known size. MORE: too short, so far good.
static pattern_match_t s_sized (const pattern_part_t *part, bytes_t bytes, size_t *length)
{
    if (part->kind == PART_LITERAL) {
        *length = part->size;
        return s_literal_at (part, bytes);
    }
    size_t size = part->size < bytes.size ? part->size : bytes.size;
    for (size_t i = 0; i < size; i++) {
        if (!s_may_stand (part, bytes.data[i])) {
            return PATTERN_NO;
        }
    }
    *length = part->size;
    return size == part->size ? PATTERN_YES : PATTERN_MORE;
}

//  A name that ends where the text behind it comes first.
static pattern_match_t s_until (const pattern_part_t *text, bytes_t bytes, size_t *length)
{
    for (size_t n = 0; n <= ADDRESS_MAX; n++) {
        bytes_t rest = {bytes.data + n, bytes.size - n};
        pattern_match_t ends = n ? s_literal_at (text, rest) : PATTERN_NO;
        if (ends == PATTERN_YES) {
            *length = n;
            return PATTERN_YES;
        }
        if (ends == PATTERN_MORE || rest.size == 0) {
            return PATTERN_MORE;
        }
        if (!s_is_word (rest.data[0])) {
            return PATTERN_NO;
        }
    }
    return PATTERN_NO;
}

//  Up to the packet's end: a name, or a packet shown as one.
static pattern_match_t s_to_end (const pattern_part_t *part, bytes_t bytes, bool quiet,
                                 size_t *length)
{
    bool words = s_words (bytes) == bytes.size;
    size_t most = words ? ADDRESS_MAX : part->kind == PART_PACKET ? HEX_NAME_MAX : 0;
    if (bytes.size > most) {
        return PATTERN_NO;
    }
    *length = bytes.size;
    return quiet && bytes.size ? PATTERN_YES : PATTERN_MORE;
}

static void s_name (const pattern_part_t *part, bytes_t name, char id[ADDRESS_MAX + 1])
{
    static const char digits[] = "0123456789ABCDEF";
    bool hex = part->kind == PART_HEX || (part->kind == PART_PACKET && s_words (name) < name.size);
    size_t n = 0;
    for (size_t i = 0; i < name.size; i++) {
        if (hex) {
            id[n++] = digits[name.data[i] >> 4];
            id[n++] = digits[name.data[i] & 15];
        } else {
            id[n++] = (char) name.data[i];
        }
    }
    id[n] = 0;
}

static pattern_match_t s_match_one (const pattern_alternative_t *self, bytes_t bytes, bool quiet,
                                    pattern_found_t *found)
{
    *found = (pattern_found_t){.size = 0};
    for (size_t i = 0; i < self->count; i++) {
        const pattern_part_t *part = &self->parts[i];
        bytes_t rest = {bytes.data + found->size, bytes.size - found->size};
        size_t length = 0;
        pattern_match_t match = part->size             ? s_sized (part, rest, &length)
                                : i + 1 == self->count ? s_to_end (part, rest, quiet, &length)
                                                       : s_until (part + 1, rest, &length);
        if (match != PATTERN_YES) {
            return quiet ? PATTERN_NO : match;
        }
        if (s_is_naming (part)) {
            found->part = part;
            found->from = found->size;
            found->length = length;
            s_name (part, bytes_of (rest.data, length), found->id);
        }
        found->size += length;
    }
    return PATTERN_YES;
}

pattern_match_t pattern_find (const pattern_t *self, bytes_t bytes, bool quiet,
                              pattern_found_t *found)
{
    pattern_match_t best = PATTERN_NO;
    size_t size = 0;
    bytes = bytes.size ? bytes : bytes_text ("");
    for (size_t i = 0; i < self->count; i++) {
        pattern_found_t one;
        pattern_match_t match = s_match_one (&self->alternatives[i], bytes, quiet, &one);
        if (match == PATTERN_YES && one.size > size) {
            size = one.size;
            *found = one;
        }
        if (match == PATTERN_MORE || best == PATTERN_NO) {
            best = match;
        }
    }
    return best;
}

pattern_match_t pattern_match (const pattern_t *self, bytes_t bytes, bool quiet, size_t *size,
                               char id[ADDRESS_MAX + 1])
{
    pattern_found_t found;
    pattern_match_t match = pattern_find (self, bytes, quiet, &found);
    if (match == PATTERN_YES) {
        *size = found.size;
        memcpy (id, found.id, sizeof found.id);
    }
    return match;
}
