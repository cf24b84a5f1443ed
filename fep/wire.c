//  msgpack primitives. A value is a tag byte, perhaps a big-endian number of 1, 2, 4 or 8 bytes,
//  perhaps a body.
#include "fep/wire.h"
#include "fep/check.h"

//  Tags of the msgpack specification. Fixed forms hold their number in the tag itself.
enum {
    TAG_FIXMAP = 0x80,
    TAG_FIXARRAY = 0x90,
    TAG_FIXSTR = 0xa0,
    TAG_NIL = 0xc0,
    TAG_UNUSED = 0xc1,
    TAG_FALSE = 0xc2,
    TAG_TRUE = 0xc3,
    TAG_BIN8 = 0xc4,
    TAG_EXT8 = 0xc7,
    TAG_FLOAT32 = 0xca,
    TAG_FLOAT64 = 0xcb,
    TAG_UINT8 = 0xcc,
    TAG_UINT64 = 0xcf,
    TAG_INT8 = 0xd0,
    TAG_INT64 = 0xd3,
    TAG_FIXEXT1 = 0xd4,
    TAG_STR8 = 0xd9,
    TAG_ARRAY16 = 0xdc,
    TAG_MAP16 = 0xde,
    TAG_NEGATIVE = 0xe0
};

//  A tag and a big-endian number of `width` bytes, with room for `body` more; gives where the body
//  goes.
static uint8_t *s_put (writer_t *out, int tag, uint64_t value, unsigned width, size_t body)
{
    if (body > SIZE_MAX - 9) {
        out->failed = true;
        return NULL;
    }
    uint8_t *at = writer_room (out, 1 + width + body);
    if (!at) {
        return NULL;
    }
    *at++ = (uint8_t) tag;
    for (unsigned i = width; i-- > 0;) {
        *at++ = (uint8_t) (value >> 8 * i);
    }
    return at;
}

void wire_put_nil (writer_t *out)
{
    s_put (out, TAG_NIL, 0, 0, 0);
}

void wire_put_bool (writer_t *out, bool value)
{
    s_put (out, value ? TAG_TRUE : TAG_FALSE, 0, 0, 0);
}

void wire_put_uint (writer_t *out, uint64_t value)
{
    if (value < 0x80) {
        s_put (out, (int) value, 0, 0, 0);
        return;
    }
    unsigned log = value <= UINT8_MAX ? 0 : value <= UINT16_MAX ? 1 : value <= UINT32_MAX ? 2 : 3;
    s_put (out, TAG_UINT8 + (int) log, value, 1u << log, 0);
}

void wire_put_int (writer_t *out, int64_t value)
{
    if (value >= 0) {
        wire_put_uint (out, (uint64_t) value);
        return;
    }
    if (value >= -32) {
        s_put (out, (int) (value & 0xff), 0, 0, 0);
        return;
    }
    unsigned log = value >= INT8_MIN ? 0 : value >= INT16_MIN ? 1 : value >= INT32_MIN ? 2 : 3;
    s_put (out, TAG_INT8 + (int) log, (uint64_t) value, 1u << log, 0);
}

void wire_put_float (writer_t *out, double value)
{
    uint64_t bits;
    memcpy (&bits, &value, sizeof bits);
    s_put (out, TAG_FLOAT64, bits, 8, 0);
}

//  Sized bodies: tag8 is the form with one length byte; the wider ones follow it.
static void s_put_body (writer_t *out, int tag8, bytes_t body)
{
    if (body.size > UINT32_MAX) {
        out->failed = true;
        return;
    }
    unsigned log = body.size <= UINT8_MAX ? 0 : body.size <= UINT16_MAX ? 1 : 2;
    uint8_t *at = s_put (out, tag8 + (int) log, body.size, 1u << log, body.size);
    if (at && body.size) {
        memcpy (at, body.data, body.size);
    }
}

void wire_put_str (writer_t *out, bytes_t text)
{
    if (text.size >= 32) {
        s_put_body (out, TAG_STR8, text);
        return;
    }
    uint8_t *at = s_put (out, TAG_FIXSTR | (int) text.size, 0, 0, text.size);
    if (at && text.size) {
        memcpy (at, text.data, text.size);
    }
}

void wire_put_text (writer_t *out, const char *text)
{
    wire_put_str (out, bytes_text (text));
}

void wire_put_bin (writer_t *out, bytes_t bytes)
{
    s_put_body (out, TAG_BIN8, bytes);
}

//  tag16 is the form with a two-byte count; the four-byte one follows it.
static void s_put_count (writer_t *out, int fix, int tag16, uint32_t count)
{
    if (count < 16) {
        s_put (out, fix | (int) count, 0, 0, 0);
    } else {
        bool wide = count > UINT16_MAX;
        s_put (out, tag16 + (wide ? 1 : 0), count, wide ? 4 : 2, 0);
    }
}

void wire_put_array (writer_t *out, uint32_t count)
{
    s_put_count (out, TAG_FIXARRAY, TAG_ARRAY16, count);
}

void wire_put_map (writer_t *out, uint32_t count)
{
    s_put_count (out, TAG_FIXMAP, TAG_MAP16, count);
}

void wire_pair_uint (writer_t *out, const char *key, uint64_t value)
{
    wire_put_text (out, key);
    wire_put_uint (out, value);
}

void wire_pair_int (writer_t *out, const char *key, int64_t value)
{
    wire_put_text (out, key);
    wire_put_int (out, value);
}

void wire_pair_text (writer_t *out, const char *key, const char *text)
{
    wire_put_text (out, key);
    wire_put_text (out, text);
}

void wire_pair_bool (writer_t *out, const char *key, bool value)
{
    wire_put_text (out, key);
    wire_put_bool (out, value);
}

//  The mark is the offset of the two bytes of the count.
static size_t s_open (writer_t *out, int tag16)
{
    s_put (out, tag16, 0, 2, 0);
    return out->failed ? 0 : out->size - 2;
}

static void s_close (writer_t *out, size_t mark, uint32_t count)
{
    if (out->failed || count > UINT16_MAX) {
        out->failed = true;
        return;
    }
    FEP_ASSERT (mark > 0 && mark + 2 <= out->size);
    out->data[mark] = (uint8_t) (count >> 8);
    out->data[mark + 1] = (uint8_t) count;
}

size_t wire_open_map (writer_t *out)
{
    return s_open (out, TAG_MAP16);
}

void wire_close_map (writer_t *out, size_t mark, uint32_t count)
{
    s_close (out, mark, count);
}

size_t wire_open_array (writer_t *out)
{
    return s_open (out, TAG_ARRAY16);
}

void wire_close_array (writer_t *out, size_t mark, uint32_t count)
{
    s_close (out, mark, count);
}

//  What a tag says: its type, how many bytes of number follow, and whether that number is a length.
typedef struct {
    wire_type_t type;  //  What kind of value; WIRE_INT for every integer
    unsigned width;    //  Bytes of number behind the tag
    uint32_t fixed;    //  The number if width is 0
} s_tag_t;

//  Tags c0..df, in order.
static const s_tag_t s_tags[] = {
    {WIRE_NIL, 0, 0},   {WIRE_BAD, 0, 0},   {WIRE_BOOL, 0, 0},  {WIRE_BOOL, 0, 1},
    {WIRE_BIN, 1, 0},   {WIRE_BIN, 2, 0},   {WIRE_BIN, 4, 0},   {WIRE_BAD, 0, 0},
    {WIRE_BAD, 0, 0},   {WIRE_BAD, 0, 0},   {WIRE_FLOAT, 4, 0}, {WIRE_FLOAT, 8, 0},
    {WIRE_INT, 1, 0},   {WIRE_INT, 2, 0},   {WIRE_INT, 4, 0},   {WIRE_INT, 8, 0},
    {WIRE_INT, 1, 0},   {WIRE_INT, 2, 0},   {WIRE_INT, 4, 0},   {WIRE_INT, 8, 0},
    {WIRE_BAD, 0, 0},   {WIRE_BAD, 0, 0},   {WIRE_BAD, 0, 0},   {WIRE_BAD, 0, 0},
    {WIRE_BAD, 0, 0},   {WIRE_STR, 1, 0},   {WIRE_STR, 2, 0},   {WIRE_STR, 4, 0},
    {WIRE_ARRAY, 2, 0}, {WIRE_ARRAY, 4, 0}, {WIRE_MAP, 2, 0},   {WIRE_MAP, 4, 0}};

static s_tag_t s_tag (uint8_t tag)
{
    if (tag < TAG_FIXMAP || tag >= TAG_NEGATIVE) {
        return (s_tag_t){WIRE_INT, 0, 0};
    }
    if (tag < TAG_FIXARRAY) {
        return (s_tag_t){WIRE_MAP, 0, tag & 0x0fu};
    }
    if (tag < TAG_FIXSTR) {
        return (s_tag_t){WIRE_ARRAY, 0, tag & 0x0fu};
    }
    if (tag < TAG_NIL) {
        return (s_tag_t){WIRE_STR, 0, tag & 0x1fu};
    }
    return s_tags[tag - TAG_NIL];
}

static uint64_t s_number (reader_t *in, unsigned width)
{
    const uint8_t *p = reader_take (in, width);
    uint64_t value = 0;
    for (unsigned i = 0; p && i < width; i++) {
        value = value << 8 | p[i];
    }
    return value;
}

wire_type_t wire_peek (const reader_t *in)
{
    if (in->failed || in->pos == in->size) {
        return WIRE_BAD;
    }
    const uint8_t *p = in->data + in->pos;
    s_tag_t tag = s_tag (p[0]);
    if (in->size - in->pos <= tag.width) {
        return WIRE_BAD;
    }
    return p[0] == TAG_UINT64 && p[1] >= 0x80 ? WIRE_UINT : tag.type;
}

//  The tag of a value that must be of that type; fails otherwise.
static uint8_t s_expect (reader_t *in, wire_type_t type)
{
    if (wire_peek (in) != type) {
        in->failed = true;
        return TAG_UNUSED;
    }
    return reader_u8 (in);
}

void wire_get_nil (reader_t *in)
{
    s_expect (in, WIRE_NIL);
}

bool wire_get_bool (reader_t *in)
{
    return s_expect (in, WIRE_BOOL) == TAG_TRUE;
}

int64_t wire_get_int (reader_t *in)
{
    uint8_t tag = s_expect (in, WIRE_INT);
    if (in->failed) {
        return 0;
    }
    if (tag < TAG_FIXMAP || tag >= TAG_NEGATIVE) {
        return (int8_t) tag;
    }
    unsigned width = s_tag (tag).width;
    uint64_t value = s_number (in, width);
    if (tag >= TAG_INT8 && width < 8 && value >> (8 * width - 1)) {
        value |= UINT64_MAX << 8 * width;
    }
    return (int64_t) value;
}

uint64_t wire_get_uint (reader_t *in)
{
    if (wire_peek (in) == WIRE_UINT) {
        reader_u8 (in);
        return s_number (in, 8);
    }
    int64_t value = wire_get_int (in);
    if (value < 0) {
        in->failed = true;
        return 0;
    }
    return (uint64_t) value;
}

double wire_get_float (reader_t *in)
{
    uint8_t tag = s_expect (in, WIRE_FLOAT);
    if (in->failed) {
        return 0;
    }
    if (tag == TAG_FLOAT32) {
        uint32_t bits = (uint32_t) s_number (in, 4);
        float value;
        memcpy (&value, &bits, sizeof value);
        return (double) value;
    }
    uint64_t bits = s_number (in, 8);
    double value;
    memcpy (&value, &bits, sizeof value);
    return value;
}

//  The number behind a tag that was taken: a length or a count.
static uint64_t s_length (reader_t *in, uint8_t byte)
{
    s_tag_t tag = s_tag (byte);
    return tag.width ? s_number (in, tag.width) : tag.fixed;
}

bytes_t wire_get_str (reader_t *in)
{
    uint8_t tag = s_expect (in, WIRE_STR);
    return reader_bytes (in, s_length (in, tag));
}

bytes_t wire_get_bin (reader_t *in)
{
    uint8_t tag = s_expect (in, wire_peek (in) == WIRE_STR ? WIRE_STR : WIRE_BIN);
    return reader_bytes (in, s_length (in, tag));
}

//  Every element takes at least one byte, so a count beyond the bytes that are left is a lie.
static uint32_t s_get_count (reader_t *in, wire_type_t type, unsigned bytes_each)
{
    uint8_t tag = s_expect (in, type);
    uint64_t count = s_length (in, tag);
    if (in->failed || count * bytes_each > reader_left (in)) {
        in->failed = true;
        return 0;
    }
    return (uint32_t) count;
}

uint32_t wire_get_array (reader_t *in)
{
    return s_get_count (in, WIRE_ARRAY, 1);
}

uint32_t wire_get_map (reader_t *in)
{
    return s_get_count (in, WIRE_MAP, 2);
}

//  Over one value that holds no others, or into one that does; gives how many are inside.
static uint64_t s_enter (reader_t *in)
{
    uint8_t byte = reader_u8 (in);
    s_tag_t tag = s_tag (byte);
    if (in->failed || tag.type == WIRE_BAD) {
        in->failed = true;
        return 0;
    }
    uint64_t number = tag.width ? s_number (in, tag.width) : tag.fixed;
    if (tag.type == WIRE_STR || tag.type == WIRE_BIN) {
        reader_take (in, number);
    }
    uint64_t inside = tag.type == WIRE_ARRAY ? number : tag.type == WIRE_MAP ? 2 * number : 0;
    if (inside > reader_left (in)) {
        in->failed = true;
    }
    return in->failed ? 0 : inside;
}

//  The commonest values are one tag, or a tag and so many bytes.
static bool s_skip_short (reader_t *in)
{
    uint8_t tag = !in->failed && in->pos < in->size ? in->data[in->pos] : TAG_NIL;
    bool number = tag < TAG_FIXMAP || tag >= TAG_NEGATIVE;
    bool text = tag >= TAG_FIXSTR && tag < TAG_NIL;
    if (number || text) {
        (void) reader_take (in, 1 + (text ? tag & 0x1fu : 0));
    }
    return number || text;
}

void wire_skip (reader_t *in)
{
    if (s_skip_short (in)) {
        return;
    }
    uint64_t left[WIRE_DEPTH_MAX];  //  Values still to be skipped at each level
    unsigned depth = 0;
    uint64_t inside = s_enter (in);
    while (!in->failed) {
        if (inside) {
            if (depth == WIRE_DEPTH_MAX) {
                in->failed = true;
                return;
            }
            left[depth++] = inside;
        }
        while (depth && left[depth - 1] == 0) {
            depth--;
        }
        if (depth == 0) {
            return;
        }
        left[depth - 1]--;
        inside = s_enter (in);
    }
}

bool wire_find (bytes_t map, const char *key, reader_t *value)
{
    reader_t in = reader_of (map);
    bytes_t wanted = bytes_text (key);
    uint32_t count = wire_get_map (&in);
    while (!in.failed && count-- > 0) {
        bool found = false;
        if (wire_peek (&in) == WIRE_STR) {
            found = bytes_equal (wire_get_str (&in), wanted);
        } else {
            wire_skip (&in);
        }
        if (found && !in.failed) {
            *value = in;
            return true;
        }
        wire_skip (&in);
    }
    return false;
}

static bool s_is_key (bytes_t text, const char *key)
{
    return text.size && text.data[0] == (uint8_t) key[0] &&
           strncmp ((const char *) text.data, key, text.size) == 0 && key[text.size] == 0;
}

uint64_t wire_pick (bytes_t map, const char *const keys[], size_t count, reader_t values[])
{
    reader_t in = reader_of (map);
    uint32_t left = wire_get_map (&in);
    uint64_t found = 0;
    size_t next = 0;
    while (!in.failed && left-- > 0) {
        bytes_t text = bytes_of (NULL, 0);
        if (wire_peek (&in) == WIRE_STR) {
            text = wire_get_str (&in);
        } else {
            wire_skip (&in);
        }
        for (size_t n = 0; n < count && !in.failed; n++) {
            size_t i = next + n < count ? next + n : next + n - count;
            if (s_is_key (text, keys[i])) {
                if (!(found >> i & 1)) {
                    values[i] = in;
                    found |= 1ull << i;
                }
                next = i + 1;
                break;
            }
        }
        wire_skip (&in);
    }
    return found;
}

int64_t wire_find_int (bytes_t map, const char *key, int64_t fallback)
{
    reader_t value;
    if (!wire_find (map, key, &value) || wire_peek (&value) != WIRE_INT) {
        return fallback;
    }
    return wire_get_int (&value);
}

bool wire_find_text (bytes_t map, const char *key, char *text, size_t size)
{
    reader_t value;
    if (size) {
        text[0] = 0;
    }
    if (!wire_find (map, key, &value) || wire_peek (&value) != WIRE_STR) {
        return false;
    }
    bytes_t found = wire_get_str (&value);
    if (value.failed) {
        return false;
    }
    if (size) {
        size_t n = found.size < size ? found.size : size - 1;
        if (n) {
            memcpy (text, found.data, n);
        }
        text[n] = 0;
    }
    return true;
}
