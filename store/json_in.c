//  A pull reader: it never looks back and recurses only to skip.
#include "store/json_in.h"
#include "store/csv.h"

void json_in_init (json_in_t *self, bytes_t text)
{
    static const uint8_t mark[3] = {0xEF, 0xBB, 0xBF};
    if (text.size >= sizeof mark && memcmp (text.data, mark, sizeof mark) == 0) {
        text = bytes_of (text.data + sizeof mark, text.size - sizeof mark);
    }
    self->in = reader_of (text);
    self->line = 1;
    self->why = "";
    self->size = 0;
    self->text[0] = 0;
}

static fep_err_t s_wrong (json_in_t *self, fep_err_t error, const char *why)
{
    self->why = why;
    return error;
}

//  The next byte, without taking it; 0 at the end.
static uint8_t s_next (const json_in_t *self)
{
    return reader_left (&self->in) > 0 ? self->in.data[self->in.pos] : 0;
}

static void s_space (json_in_t *self)
{
    for (;;) {
        uint8_t c = s_next (self);
        if (c != ' ' && c != '\t' && c != '\r' && c != '\n') {
            return;
        }
        self->line += c == '\n' ? 1 : 0;
        (void) reader_u8 (&self->in);
    }
}

json_in_type_t json_in_peek (json_in_t *self)
{
    s_space (self);
    uint8_t c = s_next (self);
    switch (c) {
    case '{':
        return JSON_IN_OBJECT;
    case '[':
        return JSON_IN_ARRAY;
    case '"':
        return JSON_IN_STRING;
    case 't':
    case 'f':
    case 'n':
        return JSON_IN_WORD;
    default:
        return c == '-' || (c >= '0' && c <= '9') ? JSON_IN_NUMBER : JSON_IN_OTHER;
    }
}

fep_err_t json_in_open (json_in_t *self, json_in_type_t type)
{
    if (json_in_peek (self) != type) {
        return s_wrong (self, FEP_SYNTAX,
                        type == JSON_IN_OBJECT ? "an object { is needed here"
                                               : "an array [ is needed here");
    }
    (void) reader_u8 (&self->in);
    return FEP_OK;
}

fep_err_t json_in_more (json_in_t *self, json_in_type_t type, bool first, bool *more)
{
    uint8_t close = type == JSON_IN_OBJECT ? '}' : ']';
    s_space (self);
    uint8_t c = s_next (self);
    *more = false;
    if (c == close) {
        (void) reader_u8 (&self->in);
        return FEP_OK;
    }
    if (!first) {
        if (c != ',') {
            return s_wrong (self, FEP_SYNTAX,
                            type == JSON_IN_OBJECT ? ", or } is needed here"
                                                   : ", or ] is needed here");
        }
        (void) reader_u8 (&self->in);
        s_space (self);
    }
    *more = true;
    return FEP_OK;
}

//  ---- Strings ----

static void s_add (json_in_t *self, uint8_t c)
{
    if (self->size <= JSON_IN_TEXT_MAX) {
        self->text[self->size < JSON_IN_TEXT_MAX ? self->size : JSON_IN_TEXT_MAX] = (char) c;
        self->size++;
    }
}

//  Four hex digits; -1 if they are none.
static int32_t s_hex (json_in_t *self)
{
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t c = reader_u8 (&self->in);
        int digit = bytes_hex_digit (c);
        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

static void s_add_character (json_in_t *self, uint32_t code)
{
    if (code < 0x80) {
        s_add (self, (uint8_t) code);
    } else if (code < 0x800) {
        s_add (self, (uint8_t) (0xC0 | code >> 6));
        s_add (self, (uint8_t) (0x80 | (code & 0x3F)));
    } else if (code < 0x10000) {
        s_add (self, (uint8_t) (0xE0 | code >> 12));
        s_add (self, (uint8_t) (0x80 | (code >> 6 & 0x3F)));
        s_add (self, (uint8_t) (0x80 | (code & 0x3F)));
    } else {
        s_add (self, (uint8_t) (0xF0 | code >> 18));
        s_add (self, (uint8_t) (0x80 | (code >> 12 & 0x3F)));
        s_add (self, (uint8_t) (0x80 | (code >> 6 & 0x3F)));
        s_add (self, (uint8_t) (0x80 | (code & 0x3F)));
    }
}

//  Behind \u: one code, or the two of a surrogate pair.
static bool s_unicode (json_in_t *self)
{
    int32_t code = s_hex (self);
    if (code >= 0xD800 && code < 0xDC00) {
        bool second = reader_u8 (&self->in) == '\\' && reader_u8 (&self->in) == 'u';
        int32_t low = second ? s_hex (self) : -1;
        if (low < 0xDC00 || low > 0xDFFF) {
            return false;
        }
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code < 0 || (code >= 0xDC00 && code < 0xE000)) {
        return false;
    }
    s_add_character (self, (uint32_t) code);
    return true;
}

//  Behind a backslash.
static bool s_escape (json_in_t *self)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    uint8_t c = reader_u8 (&self->in);
    if (c == 'u') {
        return s_unicode (self);
    }
    const char *at = c ? strchr (from, c) : NULL;
    if (at) {
        s_add (self, (uint8_t) to[at - from]);
    }
    return at != NULL;
}

fep_err_t json_in_string (json_in_t *self)
{
    if (json_in_peek (self) != JSON_IN_STRING) {
        return s_wrong (self, FEP_SYNTAX, "a string is needed here");
    }
    (void) reader_u8 (&self->in);
    self->size = 0;
    for (;;) {
        uint8_t c = s_next (self);
        if (reader_left (&self->in) == 0 || c == '\n' || c < ' ') {
            return s_wrong (self, FEP_SYNTAX, "a string is not closed on its line");
        }
        (void) reader_u8 (&self->in);
        if (c == '"') {
            break;
        }
        if (c == '\\') {
            if (!s_escape (self)) {
                return s_wrong (self, FEP_SYNTAX, "a string has an escape that is none");
            }
        } else {
            s_add (self, c);
        }
    }
    if (self->size > JSON_IN_TEXT_MAX) {
        return s_wrong (self, FEP_LIMIT, "a string is longer than 1023 bytes");
    }
    self->text[self->size] = 0;
    return FEP_OK;
}

fep_err_t json_in_key (json_in_t *self)
{
    fep_err_t error = json_in_string (self);
    if (error) {
        return error;
    }
    s_space (self);
    if (s_next (self) != ':') {
        return s_wrong (self, FEP_SYNTAX, ": is needed here");
    }
    (void) reader_u8 (&self->in);
    return FEP_OK;
}

//  ---- Numbers ----

//  At least one digit. False if there is none.
static bool s_digits (json_in_t *self)
{
    bool any = false;
    while (s_next (self) >= '0' && s_next (self) <= '9') {
        s_add (self, reader_u8 (&self->in));
        any = true;
    }
    return any;
}

static bool s_number (json_in_t *self)
{
    if (s_next (self) == '-') {
        s_add (self, reader_u8 (&self->in));
    }
    bool zero = s_next (self) == '0';
    size_t start = self->size;
    if (!s_digits (self) || (zero && self->size > start + 1)) {
        return false;
    }
    if (s_next (self) == '.') {
        s_add (self, reader_u8 (&self->in));
        if (!s_digits (self)) {
            return false;
        }
    }
    if (s_next (self) == 'e' || s_next (self) == 'E') {
        s_add (self, reader_u8 (&self->in));
        if (s_next (self) == '+' || s_next (self) == '-') {
            s_add (self, reader_u8 (&self->in));
        }
        return s_digits (self);
    }
    return true;
}

fep_err_t json_in_number (json_in_t *self)
{
    self->size = 0;
    if (json_in_peek (self) != JSON_IN_NUMBER) {
        return s_wrong (self, FEP_SYNTAX, "a number is needed here");
    }
    if (!s_number (self)) {
        return s_wrong (self, FEP_SYNTAX, "a number is none by JSON's rules");
    }
    if (self->size > JSON_IN_TEXT_MAX) {
        return s_wrong (self, FEP_LIMIT, "a number is longer than 1023 bytes");
    }
    self->text[self->size] = 0;
    return FEP_OK;
}

//  ---- Skipping ----

static fep_err_t s_word (json_in_t *self)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        size_t size = strlen (words[i]);
        if (reader_left (&self->in) >= size &&
            memcmp (self->in.data + self->in.pos, words[i], size) == 0) {
            (void) reader_bytes (&self->in, size);
            return FEP_OK;
        }
    }
    return s_wrong (self, FEP_SYNTAX, "a word is neither true nor false nor null");
}

static fep_err_t s_skip (json_in_t *self, int depth)
{
    json_in_type_t type = json_in_peek (self);
    fep_err_t error = FEP_OK;
    bool more = false;
    switch (type) {
    case JSON_IN_STRING:
        return json_in_string (self);
    case JSON_IN_NUMBER:
        return json_in_number (self);
    case JSON_IN_WORD:
        return s_word (self);
    case JSON_IN_OTHER:
        return s_wrong (self, FEP_SYNTAX, "a value is needed here");
    default:
        break;
    }
    if (depth == JSON_IN_DEPTH) {
        return s_wrong (self, FEP_LIMIT, "nested deeper than 16");
    }
    error = json_in_open (self, type);
    for (bool first = true; !error; first = false) {
        error = json_in_more (self, type, first, &more);
        if (error || !more) {
            return error;
        }
        error = type == JSON_IN_OBJECT ? json_in_key (self) : FEP_OK;
        error = error ? error : s_skip (self, depth + 1);
    }
    return error;
}

fep_err_t json_in_skip (json_in_t *self)
{
    return s_skip (self, 0);
}

fep_err_t json_in_end (json_in_t *self)
{
    s_space (self);
    return reader_left (&self->in) == 0 ? FEP_OK
                                        : s_wrong (self, FEP_SYNTAX, "more follows the end");
}
