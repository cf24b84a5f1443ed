//  Every field: how its text is read, checked and written.
#include "store/archive_field.h"
#include "store/archive_limits.h"
#include "store/archive_texts.h"
#include "store/archive_words.h"
#include "store/csv.h"
#include <stdarg.h>
#include <stdio.h>

#define HEARTBEAT_MAX_S 86400
#define GAP_MAX_MS 10000
#define ANSWER_MAX_MS 600000
#define RATED_MAX_W 4000000000u
#define SHOWN_MAX 24  //  Bytes of a wrong value that a fault repeats

//  What a check says: OK, or SYNTAX, RANGE, NOT_FOUND, LIMIT; names->why if the table's words do not do.
typedef fep_err_t (s_take_t) (archive_line_t *line, bytes_t text, archive_names_t *names);

fep_err_t archive_line_fault (archive_fault_t *fault, fep_err_t error, uint32_t line,
                              const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    fault->line = line;
    vsnprintf (fault->text, sizeof fault->text, format, arguments);
    va_end (arguments);
    return error;
}

//  ---- Reading ----

static bool s_is_word_character (uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
           c == '_' || c == ':' || c == '-';
}

//  Copies a word that may stand in a topic and in an address.
static fep_err_t s_take_word (bytes_t text, char word[ADDRESS_MAX + 1])
{
    for (size_t i = 0; i < text.size; i++) {
        if (!s_is_word_character (text.data[i])) {
            return FEP_SYNTAX;
        }
    }
    if (text.size > ADDRESS_MAX) {
        return FEP_RANGE;
    }
    memset (word, 0, ADDRESS_MAX + 1);
    if (text.size > 0) {
        memcpy (word, text.data, text.size);
    }
    return FEP_OK;
}

static fep_err_t s_take_text (bytes_t text, char *to, size_t max)
{
    if (text.size > max) {
        return FEP_RANGE;
    }
    memset (to, 0, max + 1);
    if (text.size > 0) {
        memcpy (to, text.data, text.size);
    }
    return FEP_OK;
}

//  A whole number; digits only.
static fep_err_t s_take_number (bytes_t text, uint32_t low, uint32_t high, uint32_t *number)
{
    *number = 0;
    uint64_t value = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return FEP_SYNTAX;
        }
        value = value * 10 + (uint64_t) (text.data[i] - '0');
        if (value > high) {
            value = (uint64_t) high + 1;
        }
    }
    *number = (uint32_t) value;
    if (text.size == 0) {
        return FEP_SYNTAX;
    }
    return value >= low && value <= high ? FEP_OK : FEP_RANGE;
}

//  The same, or empty for 0.
static fep_err_t s_take_optional (bytes_t text, uint32_t low, uint32_t high, uint32_t *number)
{
    *number = 0;
    return text.size == 0 ? FEP_OK : s_take_number (text, low, high, number);
}

static fep_err_t s_take_terminal (archive_line_t *line, bytes_t text, archive_names_t *names)
{
    (void) names;
    return text.size == 0 ? FEP_SYNTAX : s_take_word (text, line->terminal.address);
}

static fep_err_t s_take_name (archive_line_t *line, bytes_t text, archive_names_t *names)
{
    (void) names;
    return s_take_text (text, line->terminal.name, ARCHIVE_NAME_MAX);
}

static fep_err_t s_take_area (archive_line_t *line, bytes_t text, archive_names_t *names)
{
    uint32_t area;
    fep_err_t error = s_take_number (text, 0, AREA_COUNT - 1, &area);
    line->terminal.area = (uint8_t) area;
    (void) names;
    return error;
}

static fep_err_t s_take_heartbeat_s (archive_line_t *line, bytes_t text, archive_names_t *names)
{
    (void) names;
    return s_take_optional (text, 0, HEARTBEAT_MAX_S, &line->terminal.heartbeat_s);
}

static fep_err_t s_take_mp (archive_line_t *line, bytes_t text, archive_names_t *names)
{
    uint32_t mp;
    fep_err_t error = s_take_optional (text, 1, UINT16_MAX, &mp);
    line->point.mp = (uint16_t) mp;
    (void) names;
    return error;
}

static fep_err_t s_take_meter (archive_line_t *line, bytes_t text, archive_names_t *names)
{
    (void) names;
    return s_take_word (text, line->point.meter);
}

static fep_err_t s_take_protocol (archive_line_t *line, bytes_t text, archive_names_t *names)
{
    fep_err_t error = s_take_word (text, line->point.protocol);
    if (!error && text.size > 0 && names->checks && names->checks->protocol &&
        !names->checks->protocol (line->point.protocol)) {
        snprintf (names->why, sizeof names->why, "empty, or one of %s", names->checks->protocols);
        error = FEP_NOT_FOUND;
    }
    return error;
}

static fep_err_t s_take_profile (archive_line_t *line, bytes_t text, archive_names_t *names)
{
    const archive_text_t *profile =
        text.size > 0 ? archive_texts_find (names->profiles, text) : NULL;
    line->point.profile = profile ? profile->number : 0;
    return text.size > 0 && !profile ? FEP_NOT_FOUND : FEP_OK;
}

static fep_err_t s_take_rated (archive_line_t *line, bytes_t text, archive_names_t *names)
{
    (void) names;
    return s_take_optional (text, 0, RATED_MAX_W, &line->point.rated_W);
}

//  Files repeat a text from line to line: it is read once.
static fep_err_t s_take_limits (archive_line_t *line, bytes_t text, archive_names_t *names)
{
    if (!bytes_equal (text, bytes_text (names->limit_text))) {
        names->limit_text[0] = 0;
        names->limit_count = 0;
        fep_err_t error = archive_limits_parse (text, names->limits, &names->limit_count,
                                                names->why, sizeof names->why);
        if (error) {
            return error;
        }
        if (text.size < sizeof names->limit_text) {
            memcpy (names->limit_text, text.data, text.size);
            names->limit_text[text.size] = 0;
        }
    }
    line->limit_count = text.size > 0 ? names->limit_count : 0;
    memcpy (line->limits, names->limits, line->limit_count * sizeof *line->limits);
    return FEP_OK;
}

//  The number of a group's name, known or new. At 64 a new name takes the place of one nobody uses.
static fep_err_t s_group (archive_names_t *names, bytes_t name, uint64_t *bit)
{
    size_t free_at = ARCHIVE_GROUPS_MAX;
    for (size_t i = ARCHIVE_GROUPS_MAX; i-- > 0;) {
        if (bytes_equal (bytes_text (names->groups[i]), name)) {
            *bit = 1ull << i;
            names->groups_used |= *bit;
            return FEP_OK;
        }
        bool nameless = names->groups[i][0] == 0;
        bool unused = (names->groups_used >> i & 1) == 0;
        bool better = free_at == ARCHIVE_GROUPS_MAX || nameless || names->groups[free_at][0];
        if (unused && better) {
            free_at = i;
        }
    }
    if (free_at == ARCHIVE_GROUPS_MAX) {
        snprintf (names->why, sizeof names->why, "at most %d groups; this is one too many",
                  ARCHIVE_GROUPS_MAX);
        return FEP_LIMIT;
    }
    *bit = 1ull << free_at;
    names->groups_used |= *bit;
    return s_take_text (name, names->groups[free_at], ARCHIVE_NAME_MAX);
}

static fep_err_t s_take_groups (archive_line_t *line, bytes_t text, archive_names_t *names)
{
    reader_t in = reader_of (text);
    line->terminal.groups = 0;
    while (reader_left (&in) > 0) {
        const uint8_t *start = in.data + in.pos;
        const uint8_t *end = memchr (start, ';', reader_left (&in));
        bytes_t name = reader_bytes (&in, end ? (size_t) (end - start) : reader_left (&in));
        bool last = reader_left (&in) == 0;
        (void) (last ? 0 : reader_u8 (&in));
        if (name.size == 0 || name.size > ARCHIVE_NAME_MAX || (!last && reader_left (&in) == 0)) {
            return FEP_SYNTAX;
        }
        uint64_t bit;
        fep_err_t error = s_group (names, name, &bit);
        if (error) {
            return error;
        }
        line->terminal.groups |= bit;
    }
    return FEP_OK;
}

static fep_err_t s_take_registration (archive_line_t *line, bytes_t text, archive_names_t *names)
{
    (void) names;
    return s_take_word (text, line->terminal.registration);
}

static fep_err_t s_take_heartbeat (archive_line_t *line, bytes_t text, archive_names_t *names)
{
    fep_err_t error = s_take_text (text, line->terminal.heartbeat, ARCHIVE_HEARTBEAT_MAX);
    if (!error && text.size > 0 && names->checks && names->checks->pattern) {
        error = names->checks->pattern (line->terminal.heartbeat, names->why, sizeof names->why);
    }
    return error;
}

static fep_err_t s_take_gap (archive_line_t *line, bytes_t text, archive_names_t *names)
{
    (void) names;
    return s_take_optional (text, 0, GAP_MAX_MS, &line->terminal.frame_gap_ms);
}

static fep_err_t s_take_answer (archive_line_t *line, bytes_t text, archive_names_t *names)
{
    (void) names;
    return s_take_optional (text, 0, ANSWER_MAX_MS, &line->terminal.answer_timeout_ms);
}

static fep_err_t s_take_own_profile (archive_line_t *line, bytes_t text, archive_names_t *names)
{
    const archive_text_t *profile =
        text.size > 0 ? archive_texts_find (names->profiles, text) : NULL;
    line->terminal.profile = profile ? profile->number : 0;
    return text.size > 0 && !profile ? FEP_NOT_FOUND : FEP_OK;
}

static fep_err_t s_take_dial (archive_line_t *line, bytes_t text, archive_names_t *names)
{
    fep_err_t error = s_take_text (text, line->terminal.dial, ARCHIVE_DIAL_MAX);
    if (!error && text.size > 0 && names->checks && names->checks->dial) {
        error = names->checks->dial (line->terminal.dial, names->why, sizeof names->why);
    }
    return error;
}

static fep_err_t s_take_zone (archive_line_t *line, bytes_t text, archive_names_t *names)
{
    fep_err_t error = s_take_text (text, line->terminal.zone, ARCHIVE_ZONE_MAX);
    if (!error && text.size > 0 && names->checks && names->checks->zone) {
        error = names->checks->zone (line->terminal.zone, names->why, sizeof names->why);
    }
    return error;
}

//  in_service, which is the default, is written as nothing.
static const char *const s_states[ARCHIVE_STATE_COUNT] = {"", "maintenance", "suspended"};

static fep_err_t s_state (bytes_t text, uint8_t *state)
{
    *state = ARCHIVE_IN_SERVICE;
    if (bytes_equal (text, bytes_text ("in_service"))) {
        return FEP_OK;
    }
    while (*state < ARCHIVE_STATE_COUNT && !bytes_equal (text, bytes_text (s_states[*state]))) {
        (*state)++;
    }
    return *state < ARCHIVE_STATE_COUNT ? FEP_OK : FEP_RANGE;
}

static fep_err_t s_take_state (archive_line_t *line, bytes_t text, archive_names_t *names)
{
    (void) names;
    return s_state (text, &line->terminal.state);
}

static fep_err_t s_take_meter_state (archive_line_t *line, bytes_t text, archive_names_t *names)
{
    (void) names;
    return s_state (text, &line->point.state);
}

static fep_err_t s_take_sleeps (archive_line_t *line, bytes_t text, archive_names_t *names)
{
    (void) names;
    line->terminal.sleeps = bytes_equal (text, bytes_text ("yes"));
    bool other = text.size > 0 && !bytes_equal (text, bytes_text ("no"));
    return line->terminal.sleeps || !other ? FEP_OK : FEP_RANGE;
}

static fep_err_t s_take_shared (archive_word_t kind, bytes_t text, archive_names_t *names,
                                uint32_t *number)
{
    fep_err_t error = archive_words_put (names->words, kind, text, number);
    if (error == FEP_LIMIT) {
        snprintf (names->why, sizeof names->why, "too many different ones: at most %u of %s",
                  archive_words_most (kind), archive_words_name (kind));
    }
    return error;
}

#define TAKE_SHARED(field, kind, of, type)                                                         \
    static fep_err_t s_take_##field (archive_line_t *line, bytes_t text, archive_names_t *names)   \
    {                                                                                              \
        uint32_t number;                                                                           \
        fep_err_t error = s_take_shared (kind, text, names, &number);                              \
        line->of.field = (type) number;                                                            \
        return error;                                                                              \
    }

TAKE_SHARED (vendor, ARCHIVE_VENDOR, terminal, uint16_t)
TAKE_SHARED (channel, ARCHIVE_CHANNEL, terminal, uint16_t)
TAKE_SHARED (segment, ARCHIVE_SEGMENT, terminal, uint16_t)
TAKE_SHARED (line, ARCHIVE_LINE, terminal, uint16_t)
TAKE_SHARED (user_type, ARCHIVE_USER_TYPE, point, uint8_t)

//  ---- The table ----

#define T(member) offsetof (terminal_t, member), sizeof (((terminal_t *) 0)->member)
#define P(member) offsetof (measuring_point_t, member), sizeof (((measuring_point_t *) 0)->member)
#define WORD "letters, digits, or . _ : -"
#define TEXT "at most 63 bytes of UTF-8 without control characters"

static const struct {
    const char *name;     //  As in the header
    bool of_point;        //  Belongs to a measuring point
    field_form_t form;    //  In JSON
    size_t offset, size;  //  In terminal_t or measuring_point_t; size 0: elsewhere
    const char *allowed;  //  For faults
    s_take_t *take;       //  Checks and keeps
} s_fields[FIELD_COUNT] = {
    {"terminal", false, FORM_TEXT, 0, 0, "1 to 23 " WORD, s_take_terminal},
    {"name", false, FORM_TEXT, T (name), TEXT, s_take_name},
    {"area", false, FORM_NUMBER, T (area), "a whole number from 0 to 63", s_take_area},
    {"heartbeat_s", false, FORM_NUMBER, T (heartbeat_s), "empty, or a whole number from 0 to 86400",
     s_take_heartbeat_s},
    {"measuring_point", true, FORM_NUMBER, 0, 0, "empty, or a whole number from 1 to 65535",
     s_take_mp},
    {"meter", true, FORM_TEXT, P (meter), "empty, or with a measuring_point at most 23 " WORD,
     s_take_meter},
    {"protocol", true, FORM_TEXT, P (protocol),
     "empty, or with a measuring_point the name of a meter protocol", s_take_protocol},
    {"profile", true, FORM_TEXT, P (profile),
     "empty, or with a measuring_point the name of a profile that is in the archive",
     s_take_profile},
    {"rated_W", true, FORM_NUMBER, P (rated_W),
     "empty, or with a measuring_point a whole number from 0 to 4000000000", s_take_rated},
    {"limits", true, FORM_LIMITS, 0, 0,
     "empty, or with a measuring_point POINT=LOW..HIGH joined by ';'", s_take_limits},
    {"groups", false, FORM_GROUPS, T (groups), "empty, or names of 1 to 63 bytes joined by ';'",
     s_take_groups},
    {"registration", false, FORM_TEXT, T (registration), "empty, or at most 23 " WORD,
     s_take_registration},
    {"heartbeat", false, FORM_TEXT, T (heartbeat), "empty, or a pattern of at most 63 characters",
     s_take_heartbeat},
    {"frame_gap_ms", false, FORM_NUMBER, T (frame_gap_ms),
     "empty, or a whole number from 0 to 10000", s_take_gap},
    {"answer_timeout_ms", false, FORM_NUMBER, T (answer_timeout_ms),
     "empty, or a whole number from 0 to 600000", s_take_answer},
    {"terminal_profile", false, FORM_TEXT, T (profile),
     "empty, or the name of a profile that is in the archive", s_take_own_profile},
    {"dial", false, FORM_TEXT, T (dial),
     "empty, or at most 95 characters of CODEC@ADDRESS:PORT[|ADDRESS:PORT] or "
     "CODEC@/dev/DEVICE:BAUD:8E1",
     s_take_dial},
    {"zone", false, FORM_TEXT, T (zone), "empty, or a zone of at most 47 characters", s_take_zone},
    {"state", false, FORM_TEXT, T (state), "empty, in_service, maintenance or suspended",
     s_take_state},
    {"sleeps", false, FORM_TEXT, T (sleeps), "empty, yes or no", s_take_sleeps},
    {"vendor", false, FORM_TEXT, T (vendor), TEXT, s_take_vendor},
    {"channel", false, FORM_TEXT, T (channel), TEXT, s_take_channel},
    {"segment", false, FORM_TEXT, T (segment), TEXT, s_take_segment},
    {"line", false, FORM_TEXT, T (line), TEXT, s_take_line},
    {"meter_state", true, FORM_TEXT, P (state),
     "empty, or with a measuring_point in_service, maintenance or suspended", s_take_meter_state},
    {"user_type", true, FORM_TEXT, P (user_type), "empty, or with a measuring_point " TEXT,
     s_take_user_type},
};

const char *archive_field_name (field_t field)
{
    return s_fields[field].name;
}

const char *archive_field_key (field_t field)
{
    return field == FIELD_MP ? "mp" : s_fields[field].name;
}

field_form_t archive_field_form (field_t field)
{
    return s_fields[field].form;
}

bool archive_field_of_point (field_t field)
{
    return s_fields[field].of_point;
}

field_t archive_field_find (bytes_t name, bool json)
{
    field_t field = 0;
    while (field < FIELD_COUNT &&
           !bytes_equal (
               name, bytes_text (json ? archive_field_key (field) : archive_field_name (field)))) {
        field++;
    }
    return field;
}

void archive_field_names (archive_names_of_t of, char text[ARCHIVE_NAMES_TEXT])
{
    size_t used = 0;
    text[0] = 0;
    for (field_t field = 0; field < FIELD_COUNT && used < ARCHIVE_NAMES_TEXT; field++) {
        if (of == ARCHIVE_COLUMNS || s_fields[field].of_point == (of == ARCHIVE_POINT_KEYS)) {
            int added =
                snprintf (text + used, ARCHIVE_NAMES_TEXT - used, "%s%s", used > 0 ? ", " : "",
                          of == ARCHIVE_COLUMNS ? s_fields[field].name : archive_field_key (field));
            used += added > 0 ? (size_t) added : 0;
        }
    }
}

//  ---- Faults ----

static bool s_has_control (bytes_t text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < ' ' || text.data[i] == 0x7F) {
            return true;
        }
    }
    return false;
}

//  Bytes of the text that a fault shows: whole characters only.
static int s_shown (bytes_t text)
{
    size_t size = text.size;
    if (size > SHOWN_MAX) {
        size = SHOWN_MAX;
        while (size > 0 && (text.data[size] & 0xC0) == 0x80) {
            size--;
        }
    }
    return (int) size;
}

fep_err_t archive_field_take (field_t field, archive_line_t *line, bytes_t text,
                              archive_names_t *names, const char *where, archive_fault_t *fault)
{
    if (!csv_is_utf8 (text)) {
        return archive_line_fault (fault, FEP_SYNTAX, line->line, "%s: not UTF-8", where);
    }
    if (s_has_control (text)) {
        return archive_line_fault (fault, FEP_SYNTAX, line->line,
                                   "%s: a control character is not allowed", where);
    }
    names->why[0] = 0;
    line->has |= FIELD_BIT (field);
    fep_err_t error = s_fields[field].take (line, text, names);
    if (error) {
        int shown = s_shown (text);
        const char *more = (size_t) shown < text.size ? "..." : "";
        return archive_line_fault (fault, error, line->line, "%s: \"%.*s%s\" is not allowed: %s",
                                   where, shown, (const char *) text.data, more,
                                   names->why[0] ? names->why : s_fields[field].allowed);
    }
    return FEP_OK;
}

fep_err_t archive_field_whole (archive_line_t *line, archive_fault_t *fault)
{
    terminal_t *terminal = &line->terminal;
    const measuring_point_t *point = &line->point;
    if (strcmp (terminal->registration, terminal->address) == 0) {
        memset (terminal->registration, 0, sizeof terminal->registration);
    }
    const char *named = point->meter[0]      ? "meter"
                        : point->protocol[0] ? "protocol"
                        : point->profile     ? "profile"
                        : point->rated_W     ? "rated_W"
                        : line->limit_count  ? "limits"
                        : point->state       ? "meter_state"
                        : point->user_type   ? "user_type"
                                             : NULL;
    if (point->mp > 0 || !named) {
        return FEP_OK;
    }
    return archive_line_fault (fault, FEP_SYNTAX, line->line,
                               "%s: not allowed without a measuring_point", named);
}

//  ---- Copying and comparing ----

static void s_copy (uint32_t has, bool of_point, const void *from, void *to)
{
    for (field_t field = 0; field < FIELD_COUNT; field++) {
        if ((has & FIELD_BIT (field)) && s_fields[field].of_point == of_point) {
            memcpy ((uint8_t *) to + s_fields[field].offset,
                    (const uint8_t *) from + s_fields[field].offset, s_fields[field].size);
        }
    }
}

void archive_field_copy_terminal (uint32_t has, const terminal_t *from, terminal_t *to)
{
    s_copy (has, false, from, to);
}

void archive_field_copy_point (uint32_t has, const measuring_point_t *from, measuring_point_t *to)
{
    s_copy (has, true, from, to);
}

static field_t s_differs (uint32_t has, bool of_point, const void *a, const void *b, field_t from)
{
    while (from < FIELD_COUNT &&
           (!(has & FIELD_BIT (from)) || s_fields[from].of_point != of_point ||
            memcmp ((const uint8_t *) a + s_fields[from].offset,
                    (const uint8_t *) b + s_fields[from].offset, s_fields[from].size) == 0)) {
        from++;
    }
    return from;
}

field_t archive_field_differs (uint32_t has, const terminal_t *a, const terminal_t *b, field_t from)
{
    return s_differs (has, false, a, b, from);
}

field_t archive_field_point_differs (uint32_t has, const measuring_point_t *a,
                                     const measuring_point_t *b, field_t from)
{
    return s_differs (has, true, a, b, from);
}

//  ---- Writing ----

const archive_limit_t *archive_field_limits (const archive_entry_t *entry, uint16_t mp,
                                             size_t *count)
{
    size_t first = 0;
    size_t end = entry->limit_count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (entry->limits[middle].mp < mp) {
            first = middle + 1;
        } else {
            end = middle;
        }
    }
    *count = 0;
    while (first + *count < entry->limit_count && entry->limits[first + *count].mp == mp) {
        (*count)++;
    }
    return entry->limits + first;
}

static void s_put_text (writer_t *out, const char *text)
{
    writer_put (out, text, strlen (text));
}

static void s_put_number (writer_t *out, uint64_t number)
{
    char text[24];
    snprintf (text, sizeof text, "%llu", (unsigned long long) number);
    s_put_text (out, text);
}

static void s_show_groups (uint64_t groups, const archive_names_t *names, writer_t *out)
{
    const char *before = "";
    for (size_t i = 0; i < ARCHIVE_GROUPS_MAX; i++) {
        if (groups >> i & 1) {
            s_put_text (out, before);
            s_put_text (out, names->groups[i]);
            before = ";";
        }
    }
}

static void s_show_point (field_t field, const archive_entry_t *entry, size_t at,
                          const archive_names_t *names, writer_t *out)
{
    const measuring_point_t *point = &entry->points[at];
    size_t count;
    const archive_limit_t *limits;
    const archive_text_t *profile;
    switch (field) {
    case FIELD_MP:
        s_put_number (out, point->mp);
        break;
    case FIELD_METER:
        s_put_text (out, point->meter);
        break;
    case FIELD_PROTOCOL:
        s_put_text (out, point->protocol);
        break;
    case FIELD_PROFILE:
        profile = archive_texts_at (names->profiles, point->profile);
        s_put_text (out, profile ? profile->name : "");
        break;
    case FIELD_RATED_W:
        s_put_number (out, point->rated_W);
        break;
    case FIELD_METER_STATE:
        s_put_text (out, s_states[point->state]);
        break;
    case FIELD_USER_TYPE:
        s_put_text (out, archive_words_text (names->words, ARCHIVE_USER_TYPE, point->user_type));
        break;
    default:
        limits = archive_field_limits (entry, point->mp, &count);
        archive_limits_show (limits, count, out);
    }
}

//  A text of the terminal that is kept as a number. False: the field is none of those.
static bool s_show_numbered (field_t field, const terminal_t *terminal,
                             const archive_names_t *names, writer_t *out)
{
    const archive_text_t *profile;
    switch (field) {
    case FIELD_TERMINAL_PROFILE:
        profile = archive_texts_at (names->profiles, terminal->profile);
        s_put_text (out, profile ? profile->name : "");
        return true;
    case FIELD_STATE:
        s_put_text (out, s_states[terminal->state]);
        return true;
    case FIELD_SLEEPS:
        s_put_text (out, terminal->sleeps ? "yes" : "");
        return true;
    case FIELD_VENDOR:
        s_put_text (out, archive_words_text (names->words, ARCHIVE_VENDOR, terminal->vendor));
        return true;
    case FIELD_CHANNEL:
        s_put_text (out, archive_words_text (names->words, ARCHIVE_CHANNEL, terminal->channel));
        return true;
    case FIELD_SEGMENT:
        s_put_text (out, archive_words_text (names->words, ARCHIVE_SEGMENT, terminal->segment));
        return true;
    case FIELD_LINE:
        s_put_text (out, archive_words_text (names->words, ARCHIVE_LINE, terminal->line));
        return true;
    default:
        return false;
    }
}

void archive_field_show (field_t field, const archive_entry_t *entry, size_t point,
                         const archive_names_t *names, writer_t *out)
{
    const terminal_t *terminal = entry->terminal;
    if (s_fields[field].of_point) {
        s_show_point (field, entry, point, names, out);
        return;
    }
    const uint8_t *at = (const uint8_t *) terminal + s_fields[field].offset;
    uint32_t number;
    switch (s_fields[field].form) {
    case FORM_GROUPS:
        s_show_groups (terminal->groups, names, out);
        break;
    case FORM_NUMBER:
        memcpy (&number, at, sizeof number);
        s_put_number (out, s_fields[field].size == 1 ? at[0] : number);
        break;
    default:
        if (s_show_numbered (field, terminal, names, out)) {
            break;
        }
        s_put_text (out, field == FIELD_TERMINAL ? terminal->address : (const char *) at);
    }
}
