//  Reads a profile's text line by line; what is wrong is said with its line and what is allowed.
#include "fep/point.h"
#include "fep/profile_parse.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define PERIOD_HOURS_MAX 744

enum { GAP_USUAL = 8, GAP_MAX = 124, MOST_MAX = 125, REGISTER_WORDS_MIN = 5 };

fep_err_t parse_fault (parse_t *self, fep_err_t error, const char *format, ...)
{
    va_list args;
    va_start (args, format);
    self->fault->line = self->line;
    vsnprintf (self->fault->text, sizeof self->fault->text, format, args);
    va_end (args);
    return error;
}

//  --- Words

static bool s_is_blank (uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

//  Cuts a line into words up to '#'.
static fep_err_t s_split (parse_t *self, bytes_t line)
{
    self->count = 0;
    for (size_t i = 0; i < line.size; i++) {
        if ((line.data[i] < 0x20 && !s_is_blank (line.data[i])) || line.data[i] == 0x7F) {
            return parse_fault (self, FEP_SYNTAX, "a control character (0x%02X); allowed is text",
                                line.data[i]);
        }
    }
    for (size_t i = 0; i < line.size && line.data[i] != '#';) {
        if (s_is_blank (line.data[i])) {
            i++;
            continue;
        }
        size_t size = 0;
        while (i + size < line.size && !s_is_blank (line.data[i + size]) &&
               line.data[i + size] != '#') {
            size++;
        }
        if (size >= WORD_MAX || self->count == WORDS_MAX) {
            return parse_fault (self, FEP_SYNTAX,
                                "too long; allowed are %d words of at most %d characters",
                                WORDS_MAX - 1, WORD_MAX - 1);
        }
        memcpy (self->words[self->count], line.data + i, size);
        self->words[self->count++][size] = 0;
        i += size;
    }
    return FEP_OK;
}

//  Digits, decimal or behind 0x, and nothing else. False if there are none or they pass 64 bits.
bool parse_digits (const char *text, uint64_t *number)
{
    unsigned base = text[0] == '0' && text[1] == 'x' ? 16 : 10;
    uint64_t n = 0;
    text += base == 16 ? 2 : 0;
    if (!*text) {
        return false;
    }
    for (; *text; text++) {
        unsigned digit = (unsigned) bytes_hex_digit (*text);
        if (digit >= base || __builtin_mul_overflow (n, base, &n) ||
            __builtin_add_overflow (n, digit, &n)) {
            return false;
        }
    }
    *number = n;
    return true;
}

bool parse_number (const char *text, int64_t low, int64_t high, int64_t *number)
{
    uint64_t n;
    bool minus = text[0] == '-';
    if (!parse_digits (text + minus, &n) || n > INT64_MAX) {
        return false;
    }
    *number = minus ? -(int64_t) n : (int64_t) n;
    return *number >= low && *number <= high;
}

//  --- Lines of one value

static fep_err_t s_name (parse_t *self, char *name)
{
    const char *text = self->words[1];
    size_t size = strlen (text);
    bool good = size <= PROFILE_NAME_MAX;
    for (size_t i = 0; i < size; i++) {
        char c = text[i];
        good = good && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9') || strchr ("._-", c));
    }
    if (!good) {
        return parse_fault (self, FEP_RANGE, "%s '%s'; allowed are 1..%d letters, digits and . _ -",
                            self->words[0], text, PROFILE_NAME_MAX);
    }
    memcpy (name, text, size + 1);
    return FEP_OK;
}

static fep_err_t s_read_profile (parse_t *self)
{
    return s_name (self, self->profile->name);
}

static fep_err_t s_read_codec (parse_t *self)
{
    return s_name (self, self->profile->codec);
}

static fep_err_t s_read_period (parse_t *self)
{
    static const struct {
        const char *unit;
        uint32_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
    const int64_t most = PERIOD_HOURS_MAX * 3600000ll;
    char *text = self->words[1];
    char number[WORD_MAX];
    size_t digits = strspn (text, "0123456789");
    int64_t n;
    memcpy (number, text, digits);
    number[digits] = 0;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp (text + digits, units[i].unit) == 0 &&
            parse_number (number, 0, most / units[i].ms, &n)) {
            self->profile->period_ms = (uint32_t) n * units[i].ms;
            return FEP_OK;
        }
    }
    if (strcmp (text, "0") == 0) {
        return FEP_OK;
    }
    return parse_fault (self, FEP_RANGE,
                        "period '%s'; allowed are 0, or a number with ms, s, m or h "
                        "up to %dh",
                        text, PERIOD_HOURS_MAX);
}

static fep_err_t s_read_number (parse_t *self, int64_t low, int64_t high, int64_t *number)
{
    if (parse_number (self->words[1], low, high, number)) {
        return FEP_OK;
    }
    return parse_fault (self, FEP_RANGE, "%s '%s'; allowed are %d..%d", self->words[0],
                        self->words[1], (int) low, (int) high);
}

static fep_err_t s_read_gap (parse_t *self)
{
    int64_t number = 0;
    fep_err_t error = s_read_number (self, 0, GAP_MAX, &number);
    self->profile->gap = (uint16_t) number;
    return error;
}

static fep_err_t s_read_most (parse_t *self)
{
    int64_t number = 0;
    fep_err_t error = s_read_number (self, 1, MOST_MAX, &number);
    self->profile->most = (uint16_t) number;
    return error;
}

static fep_err_t s_read_offset (parse_t *self)
{
    int64_t number = 0;
    fep_err_t error = s_read_number (self, -65535, 65535, &number);
    self->offset = (int32_t) number;
    return error;
}

static fep_err_t s_order (parse_t *self, const char *text, uint8_t *order)
{
    static const char *const names[ORDER_COUNT] = {"ABCD", "CDAB", "BADC", "DCBA"};
    for (uint8_t i = 0; i < ORDER_COUNT; i++) {
        if (strcmp (text, names[i]) == 0) {
            *order = i;
            return FEP_OK;
        }
    }
    return parse_fault (self, FEP_RANGE, "order '%s'; allowed are ABCD, CDAB, BADC, DCBA", text);
}

static fep_err_t s_read_order (parse_t *self)
{
    return s_order (self, self->words[1], &self->order);
}

//  --- Registers

//  "bit:N" and "bits:N:M" of a register.
static bool s_bits (const char *text, profile_row_t *row)
{
    int64_t first, count = 1;
    char number[WORD_MAX];
    bool many = strncmp (text, "bits:", 5) == 0;
    if (!many && strncmp (text, "bit:", 4) != 0) {
        return false;
    }
    text += many ? 5 : 4;
    size_t size = strcspn (text, ":");
    memcpy (number, text, size);
    number[size] = 0;
    if (!parse_number (number, 0, 15, &first) || many != (text[size] == ':') ||
        (many && !parse_number (text + size + 1, 1, 16 - first, &count))) {
        return false;
    }
    row->type = REGISTER_BITS;
    row->registers = 1;
    row->bit = (uint8_t) first;
    row->bits = (uint8_t) count;
    return true;
}

static fep_err_t s_type (parse_t *self, const char *text, profile_row_t *row)
{
    static const struct {
        const char *name;
        uint8_t type, registers;
    } types[] = {{"u16", REGISTER_U16, 1},     {"i16", REGISTER_I16, 1},
                 {"u32", REGISTER_U32, 2},     {"i32", REGISTER_I32, 2},
                 {"u64", REGISTER_U64, 4},     {"i64", REGISTER_I64, 4},
                 {"f32", REGISTER_F32, 2},     {"f64", REGISTER_F64, 4},
                 {"bcd16", REGISTER_BCD16, 1}, {"bcd32", REGISTER_BCD32, 2}};
    if (row->function <= 2) {
        row->type = REGISTER_BIT;
        row->registers = 1;
        return strcmp (text, "bit") == 0
                   ? FEP_OK
                   : parse_fault (self, FEP_RANGE, "type '%s'; functions 1 and 2 have only: bit",
                                  text);
    }
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp (text, types[i].name) == 0) {
            row->type = types[i].type;
            row->registers = types[i].registers;
            return FEP_OK;
        }
    }
    return s_bits (text, row)
               ? FEP_OK
               : parse_fault (self, FEP_RANGE,
                              "type '%.20s'; allowed are u16 i16 u32 i32 u64 i64 f32 "
                              "f64 bcd16 bcd32 bit:N bits:N:M (of 0..15; bit alone: "
                              "functions 1, 2)",
                              text);
}

//  Digits with at most one point, above zero, kept without trailing zeros behind the point.
bool parse_scale (const char *text, int64_t *multiplier, int8_t *exponent)
{
    int64_t number = 0;
    int places = 0, digits = 0;
    bool point = false;
    for (; *text; text++) {
        if (*text == '.' && !point) {
            point = true;
            continue;
        }
        if (*text < '0' || *text > '9') {
            return false;
        }
        digits += number || *text != '0';
        number = digits <= PLACES_MAX ? number * 10 + (*text - '0') : 0;
        places += point;
    }
    for (; places && number && number % 10 == 0; places--) {
        number /= 10;
    }
    *multiplier = number;
    *exponent = (int8_t) -places;
    return number > 0 && places <= PLACES_MAX;
}

static fep_err_t s_key_order (parse_t *self, const char *text, profile_row_t *row)
{
    return s_order (self, text, &row->order);
}

static fep_err_t s_key_scale (parse_t *self, const char *text, profile_row_t *row)
{
    if (row->type == REGISTER_BIT || row->type == REGISTER_BITS) {
        return parse_fault (self, FEP_RANGE, "scale '%s'; bits have none", text);
    }
    return parse_scale (text, &row->multiplier, &row->exponent)
               ? FEP_OK
               : parse_fault (self, FEP_RANGE,
                              "scale '%s'; allowed is a decimal above 0 of at most %d "
                              "digits, such as 0.01",
                              text, PLACES_MAX);
}

//  Negative ones only of signed types; kept as the registers hold it.
static fep_err_t s_key_none (parse_t *self, const char *text, profile_row_t *row)
{
    unsigned width = row->type == REGISTER_BIT ? 1 : row->registers * 16u;
    uint64_t mask = UINT64_MAX >> (64 - width);
    bool is_signed =
        row->type == REGISTER_I16 || row->type == REGISTER_I32 || row->type == REGISTER_I64;
    bool minus = text[0] == '-';
    uint64_t n = 0;
    bool good = parse_digits (text + minus, &n);
    if (minus) {
        good = good && is_signed && n <= mask / 2 + 1;
        n = (0 - n) & mask;
    }
    if (!good || n > mask) {
        return parse_fault (self, FEP_RANGE, "none '%s'; allowed is what %u bits%s hold", text,
                            width, is_signed ? " with sign" : "");
    }
    row->has_none = true;
    row->none = n;
    return FEP_OK;
}

static bool s_is_whole (const profile_row_t *row)
{
    return row->type <= REGISTER_I64;
}

static fep_err_t s_key_sf (parse_t *self, const char *text, profile_row_t *row)
{
    int64_t address;
    if (!s_is_whole (row)) {
        return parse_fault (self, FEP_RANGE, "sf '%s'; allowed for u16 i16 u32 i32 u64 i64", text);
    }
    if (!parse_number (text, 0, 131071, &address) || address + self->offset < 0 ||
        address + self->offset > UINT16_MAX) {
        return parse_fault (self, FEP_RANGE, "sf '%s', offset %d; allowed are 0..65535", text,
                            (int) self->offset);
    }
    row->has_sf = true;
    row->sf = (uint16_t) (address + self->offset);
    return FEP_OK;
}

static fep_err_t s_key_write (parse_t *self, const char *text, profile_row_t *row)
{
    bool can = row->function == 1 || row->function == 3;
    if (!can || strcmp (text, "1") != 0) {
        return parse_fault (self, FEP_RANGE, "write '%s'; allowed is 1, for functions 1 and 3",
                            text);
    }
    row->write = true;
    return FEP_OK;
}

typedef struct {
    const char *key;  //  With its '='
    fep_err_t (*read) (parse_t *self, const char *text, profile_row_t *row);
} word_key_t;

static const word_key_t s_keys[] = {{"order=", s_key_order},
                                    {"scale=", s_key_scale},
                                    {"none=", s_key_none},
                                    {"sf=", s_key_sf},
                                    {"write=", s_key_write}};

enum { KEY_COUNT = sizeof s_keys / sizeof *s_keys };

//  The words behind the type.
static fep_err_t s_read_keys (parse_t *self, profile_row_t *row)
{
    unsigned seen = 0;
    for (size_t i = REGISTER_WORDS_MIN; i < self->count; i++) {
        const char *word = self->words[i];
        size_t k = 0;
        while (k < KEY_COUNT && strncmp (word, s_keys[k].key, strlen (s_keys[k].key)) != 0) {
            k++;
        }
        if (k == KEY_COUNT || seen & 1u << k) {
            return parse_fault (self, FEP_SYNTAX,
                                "'%s'; allowed are order=, scale=, none=, sf=, write=, once each",
                                word);
        }
        seen |= 1u << k;
        fep_err_t error = s_keys[k].read (self, word + strlen (s_keys[k].key), row);
        if (error) {
            return error;
        }
    }
    return FEP_OK;
}

fep_err_t parse_point (parse_t *self, uint32_t *point)
{
    if (!point_parse (self->words[1], point) || *point == 0) {
        return parse_fault (
            self, FEP_NOT_FOUND,
            "no point '%s'; allowed are names of the dictionary and OBIS codes A.B.C.D.E",
            self->words[1]);
    }
    return FEP_OK;
}

static fep_err_t s_point (parse_t *self, uint32_t *point)
{
    const profile_t *profile = self->profile;
    fep_err_t error = parse_point (self, point);
    if (error) {
        return error;
    }
    for (size_t i = 0; i < profile->count; i++) {
        if (profile->rows[i].point == *point) {
            return parse_fault (self, FEP_EXISTS, "point '%s' again; a point has one register",
                                self->words[1]);
        }
    }
    return FEP_OK;
}

//  Function, address and type.
static fep_err_t s_place (parse_t *self, profile_row_t *row)
{
    int64_t function, address;
    if (!parse_number (self->words[2], 1, 4, &function)) {
        return parse_fault (self, FEP_RANGE, "function '%s'; allowed are 1..4", self->words[2]);
    }
    row->function = (uint8_t) function;
    fep_err_t error = s_type (self, self->words[4], row);
    if (error) {
        return error;
    }
    if (!parse_number (self->words[3], 0, 131071, &address) || address + self->offset < 0 ||
        address + self->offset + row->registers > 65536) {
        return parse_fault (self, FEP_RANGE,
                            "address '%s', offset %d, %u long; allowed are 0..65535 up to its end",
                            self->words[3], (int) self->offset, row->registers);
    }
    row->address = (uint16_t) (address + self->offset);
    return FEP_OK;
}

static fep_err_t s_read_register (parse_t *self)
{
    profile_t *profile = self->profile;
    if (profile->count == PROFILE_ROWS_MAX) {
        return parse_fault (self, FEP_LIMIT, "too many registers; allowed are %d",
                            PROFILE_ROWS_MAX);
    }
    profile_row_t row = {.order = self->order, .multiplier = 1};
    fep_err_t error = s_point (self, &row.point);
    if (!error) {
        error = s_place (self, &row);
    }
    if (!error) {
        error = s_read_keys (self, &row);
    }
    if (error) {
        return error;
    }
    uint32_t wide = profile_row_end (&row) - profile_row_from (&row);
    if (wide > self->widest) {
        self->widest = wide;
        self->widest_line = self->line;
    }
    profile->rows[profile->count++] = row;
    return FEP_OK;
}

//  --- The whole

//  --- What a poll asks, and habits

static fep_err_t s_read_read (parse_t *self)
{
    profile_t *profile = self->profile;
    uint32_t point;
    fep_err_t error = parse_point (self, &point);
    if (error) {
        return error;
    }
    for (size_t i = 0; i < profile->point_count; i++) {
        if (profile->points[i] == point) {
            return parse_fault (self, FEP_EXISTS, "point '%s' again; it is read once",
                                self->words[1]);
        }
    }
    if (profile->point_count == PROFILE_POINTS_MAX) {
        return parse_fault (self, FEP_LIMIT, "too many points; allowed are %d", PROFILE_POINTS_MAX);
    }
    profile->points[profile->point_count++] = point;
    return FEP_OK;
}

static const struct {
    const char *name;
    uint32_t low, high, usual;
} s_settings[SETTING_COUNT] = {
#define SETTING(name, low, high, usual, meaning) {#name, low, high, usual},
#include "fep/profile_setting.def"
#undef SETTING
};

static fep_err_t s_read_setting (parse_t *self)
{
    size_t i = 0;
    uint64_t number;
    while (i < SETTING_COUNT && strcmp (self->words[1], s_settings[i].name) != 0) {
        i++;
    }
    if (i == SETTING_COUNT) {
        return parse_fault (self, FEP_NOT_FOUND, "no setting '%s'; allowed are those of the manual",
                            self->words[1]);
    }
    if (self->set & 1ull << i) {
        return parse_fault (self, FEP_EXISTS, "setting '%s' again; allowed is one", self->words[1]);
    }
    if (!parse_digits (self->words[2], &number) || number < s_settings[i].low ||
        number > s_settings[i].high) {
        return parse_fault (self, FEP_RANGE, "%s '%s'; allowed are %u..%u", self->words[1],
                            self->words[2], s_settings[i].low, s_settings[i].high);
    }
    self->set |= 1ull << i;
    self->profile->settings[i] = (uint32_t) number;
    return FEP_OK;
}

uint32_t profile_setting (const profile_t *self, setting_t setting)
{
    return self ? self->settings[setting] : s_settings[setting].usual;
}

typedef struct {
    const char *word;
    size_t least, most;  //  Words of the line
    bool once;
    fep_err_t (*read) (parse_t *self);
    const char *form;  //  Said when the words are too many or too few
} line_t;

static const line_t s_lines[] = {
    {"profile", 2, 2, true, s_read_profile, "profile NAME"},
    {"codec", 2, 2, true, s_read_codec, "codec NAME"},
    {"period", 2, 2, true, s_read_period, "period TIME"},
    {"gap", 2, 2, true, s_read_gap, "gap REGISTERS"},
    {"most", 2, 2, true, s_read_most, "most REGISTERS"},
    {"read", 2, 2, false, s_read_read, "read POINT"},
    {"setting", 3, 3, false, s_read_setting, "setting NAME NUMBER"},
    {"offset", 2, 2, false, s_read_offset, "offset NUMBER"},
    {"order", 2, 2, false, s_read_order, "order ABCD|CDAB|BADC|DCBA"},
    {"register", REGISTER_WORDS_MIN, REGISTER_WORDS_MIN + KEY_COUNT, false, s_read_register,
     "register POINT FUNCTION ADDRESS TYPE [order=] [scale=] [none=] [sf=] [write=]"},
    {"own", OWN_WORDS_MIN, OWN_WORDS_MAX, false, parse_own, "own FN PN HEX..."},
    {"object", OBJECT_WORDS_MIN, OBJECT_WORDS_MAX, false, parse_object,
     "object POINT IOA [command=] [ca=] [mp=] [scale=] [group=] [counter=] [select=] [time=] "
     "[qualifier=]"}};

enum { LINE_COUNT = sizeof s_lines / sizeof *s_lines };

static fep_err_t s_line (parse_t *self)
{
    size_t i = 0;
    while (i < LINE_COUNT && strcmp (s_lines[i].word, self->words[0]) != 0) {
        i++;
    }
    if (i == LINE_COUNT) {
        return parse_fault (self, FEP_SYNTAX,
                            "'%s'; allowed are profile, codec, period, gap, most, read, setting, "
                            "offset, order, register, own, object",
                            self->words[0]);
    }
    if (self->seen == 0 && i != 0) {
        return parse_fault (self, FEP_SYNTAX, "'%s'; the first line must be: profile NAME",
                            self->words[0]);
    }
    if (s_lines[i].once && self->seen & 1u << i) {
        return parse_fault (self, FEP_EXISTS, "'%s' again; allowed is one", self->words[0]);
    }
    if (self->count < s_lines[i].least || self->count > s_lines[i].most) {
        return parse_fault (self, FEP_SYNTAX, "%zu words; allowed is: %s", self->count,
                            s_lines[i].form);
    }
    self->seen |= 1u << i;
    return s_lines[i].read (self);
}

//  What only the whole text shows.
static fep_err_t s_finish (parse_t *self)
{
    const profile_t *profile = self->profile;
    bool empty = profile->count == 0 && profile->object_count == 0 && profile->point_count == 0 &&
                 profile->own_count == 0 && self->set == 0;
    if (!profile->name[0] || !profile->codec[0] || empty) {
        return parse_fault (self, FEP_SYNTAX,
                            "ends without a %s line; needed are profile, codec and "
                            "one register, own, object, read or setting at least",
                            !profile->name[0]    ? "profile"
                            : !profile->codec[0] ? "codec"
                                                 : "register");
    }
    if (self->widest > profile->most) {
        self->line = self->widest_line;
        return parse_fault (self, FEP_RANGE,
                            "%u registers, but most is %u; allowed are values that, with their sf, "
                            "fit one request",
                            self->widest, profile->most);
    }
    return FEP_OK;
}

static fep_err_t s_read (parse_t *self, bytes_t text)
{
    if (text.size >= 3 && memcmp (text.data, "\xEF\xBB\xBF", 3) == 0) {
        text = bytes_of (text.data + 3, text.size - 3);
    }
    for (size_t at = 0; at < text.size;) {
        const uint8_t *start = text.data + at;
        const uint8_t *end = memchr (start, '\n', text.size - at);
        size_t size = end ? (size_t) (end - start) : text.size - at;
        self->line++;
        fep_err_t error = s_split (self, bytes_of (start, size));
        if (!error && self->count) {
            error = s_line (self);
        }
        if (error) {
            return error;
        }
        at += size + 1;
    }
    return s_finish (self);
}

//  By function, then address; of those that begin together the longest first.
static int s_compare (const void *one, const void *other)
{
    const profile_row_t *a = one, *b = other;
    if (a->function != b->function) {
        return a->function < b->function ? -1 : 1;
    }
    if (a->address != b->address) {
        return a->address < b->address ? -1 : 1;
    }
    if (a->registers != b->registers) {
        return a->registers > b->registers ? -1 : 1;
    }
    return a->point < b->point ? -1 : a->point > b->point;
}

fep_err_t profile_parse (bytes_t text, profile_t **self_p, profile_fault_t *fault)
{
    parse_t self = {.fault = fault, .line = 1};
    *fault = (profile_fault_t){0, ""};
    if (text.size > PROFILE_BYTES_MAX) {
        return parse_fault (&self, FEP_LIMIT, "%zu bytes; allowed are %d", text.size,
                            PROFILE_BYTES_MAX);
    }
    self.line = 0;
    self.profile = calloc (1, sizeof *self.profile + PROFILE_ROWS_MAX * sizeof (profile_row_t));
    if (!self.profile) {
        return parse_fault (&self, FEP_FULL, "no memory for a profile");
    }
    self.profile->gap = GAP_USUAL;
    self.profile->most = MOST_MAX;
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        self.profile->settings[i] = s_settings[i].usual;
    }
    fep_err_t error = s_read (&self, text);
    if (error) {
        profile_destroy (&self.profile);
        fault->line += fault->line == 0;
        return error;
    }
    parse_objects_end (&self);
    size_t count = self.profile->count;
    qsort (self.profile->rows, count, sizeof (profile_row_t), s_compare);
    profile_t *small = realloc (self.profile, sizeof *small + count * sizeof (profile_row_t));
    *self_p = small ? small : self.profile;
    return FEP_OK;
}

void profile_destroy (profile_t **self_p)
{
    if (*self_p) {
        free ((*self_p)->objects);
        free ((*self_p)->own);
        free (*self_p);
        *self_p = NULL;
    }
}
