//  A small CSV reader. It never reads a line twice and keeps nothing but the current one.
#include "store/csv.h"

static const uint8_t s_mark[3] = {0xEF, 0xBB, 0xBF};

void csv_init (csv_t *self, bytes_t text)
{
    if (text.size >= sizeof s_mark && memcmp (text.data, s_mark, sizeof s_mark) == 0) {
        text = bytes_of (text.data + sizeof s_mark, text.size - sizeof s_mark);
    }
    self->in = reader_of (text);
    self->line = 0;
    self->why = "";
    self->count = 0;
}

static fep_err_t s_wrong (csv_t *self, fep_err_t error, const char *why)
{
    self->why = why;
    return error;
}

//  The next line without its end.
static bytes_t s_line (csv_t *self)
{
    reader_t *in = &self->in;
    const uint8_t *start = in->data + in->pos;
    const uint8_t *end = memchr (start, '\n', reader_left (in));
    bytes_t line = reader_bytes (in, end ? (size_t) (end - start) : reader_left (in));
    if (end) {
        (void) reader_u8 (in);
    }
    if (line.size > 0 && line.data[line.size - 1] == '\r') {
        line.size--;
    }
    self->line++;
    return line;
}

//  A quoted field behind its opening quote, up to its closing one.
static fep_err_t s_quoted (csv_t *self, reader_t *in, writer_t *out)
{
    while (reader_left (in) > 0) {
        uint8_t c = reader_u8 (in);
        if (c == '"') {
            if (reader_left (in) == 0 || in->data[in->pos] != '"') {
                return FEP_OK;
            }
            (void) reader_u8 (in);
        }
        writer_u8 (out, c);
    }
    return s_wrong (self, FEP_SYNTAX, "a quote is not closed on its line");
}

static fep_err_t s_plain (csv_t *self, reader_t *in, writer_t *out)
{
    while (reader_left (in) > 0 && in->data[in->pos] != ',') {
        uint8_t c = reader_u8 (in);
        if (c == '"') {
            return s_wrong (self, FEP_SYNTAX, "a quote stands inside an unquoted field");
        }
        writer_u8 (out, c);
    }
    return FEP_OK;
}

//  One field; *more says whether a comma followed it.
static fep_err_t s_field (csv_t *self, reader_t *in, writer_t *out, bool *more)
{
    if (self->count == CSV_FIELDS_MAX) {
        return s_wrong (self, FEP_LIMIT, "too many fields");
    }
    size_t start = out->size;
    bool quoted = reader_left (in) > 0 && in->data[in->pos] == '"';
    if (quoted) {
        (void) reader_u8 (in);
    }
    fep_err_t error = quoted ? s_quoted (self, in, out) : s_plain (self, in, out);
    if (error) {
        return error;
    }
    *more = reader_left (in) > 0;
    if (*more && reader_u8 (in) != ',') {
        return s_wrong (self, FEP_SYNTAX, "a closing quote is not followed by a comma");
    }
    self->fields[self->count++] = bytes_of (out->data + start, out->size - start);
    return FEP_OK;
}

fep_err_t csv_next (csv_t *self)
{
    bytes_t line;
    do {
        if (reader_left (&self->in) == 0) {
            return FEP_NOT_FOUND;
        }
        line = s_line (self);
    } while (line.size == 0 || line.data[0] == '#');
    if (line.size > CSV_LINE_MAX) {
        return s_wrong (self, FEP_LIMIT, "the line is longer than 16383 bytes");
    }
    reader_t in = reader_of (line);
    writer_t out = writer_of (self->text, sizeof self->text);
    self->count = 0;
    bool more = true;
    while (more) {
        fep_err_t error = s_field (self, &in, &out, &more);
        if (error) {
            return error;
        }
    }
    return FEP_OK;
}

//  Sequences by their first byte: how many bytes follow, and the bounds of the second.
static const struct {
    uint8_t from;   //  First byte, lowest
    uint8_t to;     //  First byte, highest
    uint8_t extra;  //  Bytes that follow
    uint8_t low;    //  Second byte, lowest
    uint8_t high;   //  Second byte, highest
} s_forms[] = {
    {0xC2, 0xDF, 1, 0x80, 0xBF}, {0xE0, 0xE0, 2, 0xA0, 0xBF}, {0xE1, 0xEC, 2, 0x80, 0xBF},
    {0xED, 0xED, 2, 0x80, 0x9F}, {0xEE, 0xEF, 2, 0x80, 0xBF}, {0xF0, 0xF0, 3, 0x90, 0xBF},
    {0xF1, 0xF3, 3, 0x80, 0xBF}, {0xF4, 0xF4, 3, 0x80, 0x8F},
};

//  Reads what follows a first byte of 0x80 and more.
static bool s_is_tail (reader_t *in, uint8_t first)
{
    for (size_t i = 0; i < sizeof s_forms / sizeof s_forms[0]; i++) {
        if (first < s_forms[i].from || first > s_forms[i].to) {
            continue;
        }
        uint8_t second = reader_u8 (in);
        bool good = !in->failed && second >= s_forms[i].low && second <= s_forms[i].high;
        for (uint8_t k = 1; good && k < s_forms[i].extra; k++) {
            good = (reader_u8 (in) & 0xC0) == 0x80 && !in->failed;
        }
        return good;
    }
    return false;
}

bool csv_is_utf8 (bytes_t bytes)
{
    reader_t in = reader_of (bytes);
    while (reader_left (&in) > 0) {
        uint8_t first = reader_u8 (&in);
        if (first >= 0x80 && !s_is_tail (&in, first)) {
            return false;
        }
    }
    return true;
}
