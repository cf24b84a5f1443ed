//  The wire form of a batch. Both ways have a tight path for the usual item and a general one for
//  all else:
//    94  ce point4  mantissa (1..9)  exponent (1)  cd quality2
//  Writing checks room once a message, against a bound, and then writes without checks.
#include "fep/pack.h"
#include "fep/wire.h"
#include <endian.h>

enum {
    TAG_FIXARRAY = 0x90,
    TAG_FIXSTR = 0xa0,
    TAG_NIL = 0xc0,
    TAG_BIN8 = 0xc4,
    TAG_FLOAT64 = 0xcb,
    TAG_UINT8 = 0xcc,
    TAG_UINT16 = 0xcd,
    TAG_UINT32 = 0xce,
    TAG_UINT64 = 0xcf,
    TAG_INT8 = 0xd0,
    TAG_INT64 = 0xd3,
    TAG_STR8 = 0xd9,
    TAG_ARRAY16 = 0xdc,
    TAG_ARRAY32 = 0xdd,
    TAG_ITEM = 0x94,
    TAG_MESSAGE = 0x9c,
    TAG_BATCH = 0x95
};

#define BATCH_FIELDS 5
#define MESSAGE_FIELDS 12
#define ITEM_FIELDS 4

//  Bytes of a batch's header; of a message but for address, raw and items; of an item but for text.
#define HEAD_SIZE 28
#define MESSAGE_BOUND 60
#define ITEM_BOUND 20

//  The usual item: least bytes that must be left for the tight path to look at it without further
//  checks.
#define ITEM_LOOK 19

static inline uint8_t *s_put_u8 (uint8_t *at, uint8_t value)
{
    *at = value;
    return at + 1;
}

static inline uint8_t *s_put_u16 (uint8_t *at, uint8_t tag, uint16_t value)
{
    value = htobe16 (value);
    at[0] = tag;
    memcpy (at + 1, &value, sizeof value);
    return at + 3;
}

static inline uint8_t *s_put_u32 (uint8_t *at, uint8_t tag, uint32_t value)
{
    value = htobe32 (value);
    at[0] = tag;
    memcpy (at + 1, &value, sizeof value);
    return at + 5;
}

static inline uint8_t *s_put_u64 (uint8_t *at, uint8_t tag, uint64_t value)
{
    value = htobe64 (value);
    at[0] = tag;
    memcpy (at + 1, &value, sizeof value);
    return at + 9;
}

static inline uint8_t *s_put_uint (uint8_t *at, uint64_t value)
{
    if (value < 0x80) {
        return s_put_u8 (at, (uint8_t) value);
    }
    if (value <= UINT8_MAX) {
        return s_put_u8 (s_put_u8 (at, TAG_UINT8), (uint8_t) value);
    }
    if (value <= UINT16_MAX) {
        return s_put_u16 (at, TAG_UINT16, (uint16_t) value);
    }
    if (value <= UINT32_MAX) {
        return s_put_u32 (at, TAG_UINT32, (uint32_t) value);
    }
    return s_put_u64 (at, TAG_UINT64, value);
}

static inline uint8_t *s_put_int (uint8_t *at, int64_t value)
{
    if (value >= 0) {
        return s_put_uint (at, (uint64_t) value);
    }
    if (value >= -32) {
        return s_put_u8 (at, (uint8_t) value);
    }
    if (value >= INT8_MIN) {
        return s_put_u8 (s_put_u8 (at, TAG_INT8), (uint8_t) value);
    }
    if (value >= INT16_MIN) {
        return s_put_u16 (at, TAG_INT8 + 1, (uint16_t) value);
    }
    if (value >= INT32_MIN) {
        return s_put_u32 (at, TAG_INT8 + 2, (uint32_t) value);
    }
    return s_put_u64 (at, TAG_INT64, (uint64_t) value);
}

static uint8_t *s_put_body (uint8_t *at, bytes_t body)
{
    if (body.size) {
        memcpy (at, body.data, body.size);
    }
    return at + body.size;
}

//  At most VALUE_TEXT_MAX bytes.
static uint8_t *s_put_str (uint8_t *at, bytes_t text)
{
    if (text.size < 32) {
        at = s_put_u8 (at, (uint8_t) (0xa0 | text.size));
    } else {
        at = s_put_u8 (s_put_u8 (at, TAG_STR8), (uint8_t) text.size);
    }
    return s_put_body (at, text);
}

static uint8_t *s_put_raw (uint8_t *at, bytes_t raw)
{
    if (raw.size == 0) {
        return s_put_u8 (at, TAG_NIL);
    }
    if (raw.size <= UINT8_MAX) {
        at = s_put_u8 (s_put_u8 (at, TAG_BIN8), (uint8_t) raw.size);
    } else if (raw.size <= UINT16_MAX) {
        at = s_put_u16 (at, TAG_BIN8 + 1, (uint16_t) raw.size);
    } else {
        at = s_put_u32 (at, TAG_BIN8 + 2, (uint32_t) raw.size);
    }
    return s_put_body (at, raw);
}

static size_t s_text_size (const value_t *value)
{
    FEP_ASSERT (value->exponent >= 0);
    return (size_t) value->exponent;
}

size_t pack_bound (const batch_t *batch)
{
    size_t bound =
        HEAD_SIZE + batch->message_count * MESSAGE_BOUND + batch->item_count * ITEM_BOUND;
    for (size_t i = 0; i < batch->message_count; i++) {
        bound += batch->messages[i].address.size + batch->messages[i].raw.size;
    }
    for (size_t i = 0; i < batch->item_count; i++) {
        if (batch->items[i].value.kind == VALUE_TEXT) {
            bound += s_text_size (&batch->items[i].value);
        }
    }
    return bound;
}

//  Mantissa and exponent of all but decimals. Needs ITEM_BOUND and the text's size.
static uint8_t *s_put_other (uint8_t *at, const value_t *value)
{
    uint64_t bits;
    switch (value->kind) {
    case VALUE_NONE:
        return s_put_int (s_put_u8 (at, TAG_NIL), value->exponent);
    case VALUE_FLOAT:
        memcpy (&bits, &value->real, sizeof bits);
        return s_put_u8 (s_put_u64 (at, TAG_FLOAT64, bits), 0);
    case VALUE_BITS:
        return s_put_u8 (s_put_uint (at, (uint64_t) value->mantissa), TAG_NIL);
    case VALUE_TEXT:
        return s_put_u8 (s_put_str (at, bytes_of (value->text, s_text_size (value))), 0);
    default:
        FEP_ASSERT (value->kind <= VALUE_TEXT);
        return at;
    }
}

//  There is room for ITEM_BOUND of each item between at and end; a text must find its own. NULL if
//  not.
static uint8_t *s_put_items (uint8_t *at, const uint8_t *end, const item_t *items, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const value_t *value = &items[i].value;
        at = s_put_u32 (s_put_u8 (at, TAG_ITEM), TAG_UINT32, items[i].point);
        if (__builtin_expect (value->kind == VALUE_DECIMAL, 1)) {
            at = s_put_int (s_put_int (at, value->mantissa), value->exponent);
        } else {
            size_t rest = (size_t) (count - i) * ITEM_BOUND;
            if (value->kind == VALUE_TEXT && (size_t) (end - at) < rest + s_text_size (value)) {
                return NULL;
            }
            at = s_put_other (at, value);
        }
        at = s_put_u16 (at, TAG_UINT16, value->quality);
    }
    return at;
}

static uint8_t *s_put_message (uint8_t *at, const message_t *message)
{
    at = s_put_u8 (at, TAG_MESSAGE);
    at = s_put_uint (at, message->kind);
    at = s_put_uint (at, message->terminal);
    at = s_put_str (at, message->address);
    at = s_put_uint (at, message->area);
    at = s_put_uint (at, message->mp);
    at = s_put_uint (at, message->task);
    at = s_put_int (at, message->received_ms);
    at = s_put_raw (at, message->raw);
    at = s_put_uint (at, message->freeze);
    at = s_put_int (at, message->time_ms);
    at = s_put_int (at, message->step_ms);
    if (message->count < 16) {
        return s_put_u8 (at, (uint8_t) (0x90 | message->count));
    }
    return s_put_u16 (at, TAG_ARRAY16, (uint16_t) message->count);
}

static uint8_t *s_put_head (uint8_t *at, const batch_head_t *head, uint32_t messages)
{
    FEP_ASSERT (messages <= BATCH_MESSAGES_MAX);
    at = s_put_u8 (s_put_u8 (at, TAG_BATCH), PACK_VERSION);
    at = s_put_u16 (at, TAG_UINT16, head->origin);
    at = s_put_u64 (at, TAG_UINT64, head->number);
    at = s_put_u64 (at, TAG_UINT64, head->boot);
    return s_put_u32 (at, TAG_ARRAY32, messages);
}

size_t pack_message_bound (const message_t *message, const item_t items[])
{
    size_t bound = MESSAGE_BOUND + message->address.size + message->raw.size +
                   (size_t) message->count * ITEM_BOUND;
    for (uint32_t i = 0; i < message->count; i++) {
        bound += items[i].value.kind == VALUE_TEXT ? s_text_size (&items[i].value) : 0;
    }
    return bound;
}

fep_err_t pack_message (const message_t *message, const item_t items[], writer_t *out)
{
    if (message->address.size > ADDRESS_MAX || message->count > BATCH_ITEMS_MAX ||
        message->area >= AREA_COUNT) {
        return FEP_LIMIT;
    }
    if (out->failed || out->capacity - out->size < pack_message_bound (message, items)) {
        out->failed = true;
        return FEP_FULL;
    }
    uint8_t *at = s_put_message (out->data + out->size, message);
    at = s_put_items (at, out->data + out->capacity, items, message->count);
    FEP_ASSERT (at);
    out->size = (size_t) (at - out->data);
    return FEP_OK;
}

void pack_head (const batch_head_t *head, writer_t *out)
{
    uint8_t *at = writer_room (out, HEAD_SIZE);
    if (at) {
        s_put_head (at, head, head->messages);
    }
}

//  Gives where the batch ends, or NULL: no room, or a part beyond its limit (*error).
static uint8_t *s_put_batch (const batch_t *batch, uint8_t *at, const uint8_t *end,
                             fep_err_t *error)
{
    for (size_t i = 0; i < batch->message_count; i++) {
        const message_t *message = &batch->messages[i];
        FEP_ASSERT (message->first <= batch->item_count &&
                    message->count <= batch->item_count - message->first);
        if (message->address.size > ADDRESS_MAX || message->raw.size > UINT32_MAX ||
            message->count > BATCH_ITEMS_MAX || message->area >= AREA_COUNT) {
            *error = FEP_LIMIT;
            return NULL;
        }
        size_t bound = MESSAGE_BOUND + message->address.size + message->raw.size +
                       (size_t) message->count * ITEM_BOUND;
        if ((size_t) (end - at) < bound) {
            return NULL;
        }
        at = s_put_message (at, message);
        at = s_put_items (at, end, batch->items + message->first, message->count);
        if (!at) {
            return NULL;
        }
    }
    return at;
}

fep_err_t pack_batch (const batch_t *batch, const batch_head_t *head, writer_t *out)
{
    if (out->failed || out->capacity - out->size < HEAD_SIZE) {
        out->failed = true;
        return FEP_FULL;
    }
    fep_err_t error = FEP_FULL;
    uint8_t *at = s_put_head (out->data + out->size, head, (uint32_t) batch->message_count);
    at = s_put_batch (batch, at, out->data + out->capacity, &error);
    if (!at) {
        out->failed = true;
        return error;
    }
    out->size = (size_t) (at - out->data);
    return FEP_OK;
}

fep_err_t pack_append (bytes_t packed, const batch_t *more, writer_t *out)
{
    cursor_t cursor = cursor_of (packed);
    batch_head_t head;
    fep_err_t error = cursor_batch (&cursor, &head);
    if (error != FEP_OK) {
        return error == FEP_NOT_FOUND ? FEP_CORRUPT : error;
    }
    if (cursor.batch_extra) {
        return FEP_VERSION;
    }
    if (more->message_count > BATCH_MESSAGES_MAX - head.messages) {
        return FEP_LIMIT;
    }
    head.messages += (uint32_t) more->message_count;
    pack_head (&head, out);
    writer_put (out, cursor.in.data + cursor.in.pos, reader_left (&cursor.in));
    if (out->failed) {
        return FEP_FULL;
    }
    error = FEP_FULL;
    uint8_t *at = s_put_batch (more, out->data + out->size, out->data + out->capacity, &error);
    if (!at) {
        out->failed = true;
        return error;
    }
    out->size = (size_t) (at - out->data);
    return FEP_OK;
}

cursor_t cursor_of (bytes_t packed)
{
    cursor_t self = {.in = reader_of (packed)};
    return self;
}

cursor_t cursor_single (bytes_t message)
{
    cursor_t self = cursor_of (message);
    self.messages_left = 1;
    return self;
}

//  Makes every later call fail too.
static fep_err_t s_fail (cursor_t *self, fep_err_t error)
{
    self->in.failed = true;
    return error;
}

//  An unsigned number that is at most max; fails otherwise.
static inline uint64_t s_get_uint (reader_t *in, uint64_t max)
{
    if (!in->failed && in->pos < in->size && in->data[in->pos] < 0x80) {
        uint8_t value = in->data[in->pos++];
        in->failed = value > max;
        return value;
    }
    uint64_t value = wire_get_uint (in);
    if (value > max) {
        in->failed = true;
        return 0;
    }
    return value;
}

static int64_t s_get_int (reader_t *in, int64_t min, int64_t max)
{
    int64_t value = wire_get_int (in);
    if (value < min || value > max) {
        in->failed = true;
        return 0;
    }
    return value;
}

//  An array of at least that many fields; gives how many there are more.
static inline uint32_t s_get_fields (reader_t *in, uint32_t fields)
{
    uint32_t count = wire_get_array (in);
    if (count < fields) {
        in->failed = true;
        return 0;
    }
    return count - fields;
}

static inline void s_skip (reader_t *in, uint32_t count)
{
    while (count-- > 0 && !in->failed) {
        wire_skip (in);
    }
}

//  If the usual item lies at p: the bytes before its quality's tag, else 0. ITEM_LOOK bytes can be
//  read.
static inline size_t s_usual (const uint8_t *p)
{
    if (p[0] != TAG_ITEM || p[1] != TAG_UINT32) {
        return 0;
    }
    size_t width = 0;
    if (p[6] >= 0x80 && p[6] < 0xe0) {
        if (p[6] < TAG_UINT8 || p[6] > TAG_INT64) {
            return 0;
        }
        width = (size_t) 1 << (p[6] & 3);
    }
    const uint8_t *exponent = p + 7 + width;
    if ((exponent[0] >= 0x80 && exponent[0] < 0xe0) || exponent[1] != TAG_UINT16) {
        return 0;
    }
    return 8 + width;
}

static inline uint64_t s_be64 (const uint8_t *p)
{
    uint64_t value;
    memcpy (&value, p, sizeof value);
    return be64toh (value);
}

static inline uint32_t s_be32 (const uint8_t *p)
{
    uint32_t value;
    memcpy (&value, p, sizeof value);
    return be32toh (value);
}

//  The number behind tag p[0], which is one of fixint, cc..cf, d0..d3. Nine bytes can be read.
static inline int64_t s_mantissa (const uint8_t *p)
{
    if (p[0] < TAG_UINT8 || p[0] > TAG_INT64) {
        return (int8_t) p[0];
    }
    unsigned shift = 64 - (8u << (p[0] & 3));
    uint64_t value = s_be64 (p + 1);
    if (p[0] < TAG_INT8) {
        return (int64_t) (value >> shift);
    }
    return (int64_t) value >> shift;
}

//  The fields of a message's head in the forms our packer gives them, read at once where the bytes are
//  there; all else the general way.
static inline int64_t s_head_int (reader_t *in, int64_t min, int64_t max)
{
    const uint8_t *p = in->data + in->pos;
    if (in->failed || in->size - in->pos < 9) {
        return s_get_int (in, min, max);
    }
    bool tagged = p[0] >= TAG_UINT8 && p[0] <= TAG_INT64;
    if ((p[0] >= 0x80 && p[0] < 0xe0 && !tagged) || (p[0] == TAG_UINT64 && p[1] >= 0x80)) {
        return s_get_int (in, min, max);
    }
    int64_t value = s_mantissa (p);
    in->pos += tagged ? 1 + ((size_t) 1 << (p[0] & 3)) : 1;
    if (value < min || value > max) {
        in->failed = true;
        return 0;
    }
    return value;
}

static inline bytes_t s_head_str (reader_t *in)
{
    const uint8_t *p = in->data + in->pos;
    if (in->failed || in->pos == in->size || (p[0] & 0xe0) != TAG_FIXSTR ||
        in->size - in->pos <= (p[0] & 0x1fu)) {
        return wire_get_str (in);
    }
    in->pos += 1 + (p[0] & 0x1fu);
    return bytes_of (p + 1, p[0] & 0x1fu);
}

static inline bytes_t s_head_raw (reader_t *in)
{
    const uint8_t *p = in->data + in->pos;
    size_t left = in->failed ? 0 : in->size - in->pos;
    if (left > 0 && p[0] == TAG_NIL) {
        in->pos++;
        return bytes_of (NULL, 0);
    }
    if (left > 2 && p[0] == TAG_BIN8 && left - 2 >= p[1]) {
        in->pos += 2 + p[1];
        return bytes_of (p + 2, p[1]);
    }
    return wire_get_bin (in);
}

static inline uint32_t s_head_count (reader_t *in)
{
    const uint8_t *p = in->data + in->pos;
    size_t left = in->failed ? 0 : in->size - in->pos;
    if (left > 0 && (p[0] & 0xf0) == TAG_FIXARRAY && left - 1 >= (p[0] & 15u)) {
        in->pos++;
        return p[0] & 15u;
    }
    if (left > 3 && p[0] == TAG_ARRAY16 && left - 3 >= ((uint32_t) p[1] << 8 | p[2])) {
        in->pos += 3;
        return (uint32_t) p[1] << 8 | p[2];
    }
    return wire_get_array (in);
}

//  Mantissa and exponent of any kind of value.
static void s_get_value (reader_t *in, value_t *value)
{
    wire_type_t type = wire_peek (in);
    *value = (value_t){.mantissa = 0};
    if (type == WIRE_NIL) {
        wire_get_nil (in);
        value->kind = VALUE_NONE;
        value->exponent = (int8_t) s_get_uint (in, INT8_MAX);
        return;
    }
    if (type == WIRE_FLOAT) {
        value->kind = VALUE_FLOAT;
        value->real = wire_get_float (in);
        s_get_int (in, INT8_MIN, INT8_MAX);
        return;
    }
    if (type == WIRE_STR) {
        bytes_t text = wire_get_str (in);
        s_get_int (in, INT8_MIN, INT8_MAX);
        in->failed = in->failed || text.size > VALUE_TEXT_MAX;
        value->kind = VALUE_TEXT;
        value->text = (const char *) text.data;
        value->exponent = in->failed ? 0 : (int8_t) text.size;
        return;
    }
    if (type == WIRE_UINT) {
        value->mantissa = (int64_t) wire_get_uint (in);
    } else {
        value->mantissa = wire_get_int (in);
    }
    if (wire_peek (in) == WIRE_NIL && (type == WIRE_UINT || value->mantissa >= 0)) {
        wire_get_nil (in);
        value->kind = VALUE_BITS;
        return;
    }
    value->kind = VALUE_DECIMAL;
    value->exponent = (int8_t) s_get_int (in, INT8_MIN, INT8_MAX);
    in->failed = in->failed || type == WIRE_UINT;
}

//  An item of any shape.
static __attribute__ ((noinline)) fep_err_t s_general_item (cursor_t *self, item_t *item)
{
    reader_t *in = &self->in;
    uint32_t extra = s_get_fields (in, ITEM_FIELDS);
    item->point = (uint32_t) s_get_uint (in, UINT32_MAX);
    s_get_value (in, &item->value);
    size_t tag_at = in->pos;
    item->value.quality = (uint16_t) s_get_uint (in, UINT16_MAX);
    self->quality_at = 0;
    if (!in->failed && in->data[tag_at] == TAG_UINT16) {
        self->quality_at = tag_at + 1;
    }
    s_skip (in, extra);
    return in->failed ? FEP_CORRUPT : FEP_OK;
}

fep_err_t cursor_item (cursor_t *self, item_t *item)
{
    reader_t *in = &self->in;
    if (self->items_left == 0 || in->failed) {
        return in->failed ? FEP_CORRUPT : FEP_NOT_FOUND;
    }
    self->items_left--;
    const uint8_t *p = in->data + in->pos;
    if (in->size - in->pos >= ITEM_LOOK) {
        size_t tag_at = s_usual (p);
        //  A mantissa above INT64_MAX is left to the general path, which refuses it.
        if (tag_at && !(p[6] == TAG_UINT64 && p[7] >= 0x80)) {
            item->point = s_be32 (p + 2);
            item->value.mantissa = s_mantissa (p + 6);
            item->value.exponent = (int8_t) p[tag_at - 1];
            item->value.kind = VALUE_DECIMAL;
            item->value.quality = (uint16_t) (p[tag_at + 1] << 8 | p[tag_at + 2]);
            self->quality_at = in->pos + tag_at + 1;
            in->pos += tag_at + 3;
            return FEP_OK;
        }
    }
    return s_general_item (self, item);
}

//  Over what is left of the message: its items and appended fields.
static fep_err_t s_end_message (cursor_t *self)
{
    reader_t *in = &self->in;
    while (self->items_left && !in->failed) {
        size_t tag_at = in->size - in->pos >= ITEM_LOOK ? s_usual (in->data + in->pos) : 0;
        if (tag_at) {
            in->pos += tag_at + 3;
        } else {
            //  Field by field, so that each may be as deep as cursor_item allows it to be.
            s_skip (in, s_get_fields (in, 0));
        }
        self->items_left--;
    }
    s_skip (in, self->extra);
    self->extra = 0;
    self->in_message = false;
    return in->failed ? FEP_CORRUPT : FEP_OK;
}

fep_err_t cursor_message (cursor_t *self, message_t *message)
{
    reader_t *in = &self->in;
    if (self->in_message && s_end_message (self)) {
        return FEP_CORRUPT;
    }
    if (self->messages_left == 0 || in->failed) {
        return in->failed ? FEP_CORRUPT : FEP_NOT_FOUND;
    }
    self->messages_left--;
    self->message_start = in->pos;
    uint32_t fields = s_head_count (in);
    in->failed = in->failed || fields < MESSAGE_FIELDS;
    self->extra = in->failed ? 0 : fields - MESSAGE_FIELDS;
    message->kind = (uint8_t) s_head_int (in, 0, UINT8_MAX);
    message->terminal = (uint32_t) s_head_int (in, 0, UINT32_MAX);
    message->address = s_head_str (in);
    message->area = (uint8_t) s_head_int (in, 0, AREA_COUNT - 1);
    message->mp = (uint16_t) s_head_int (in, 0, UINT16_MAX);
    message->task = (uint32_t) s_head_int (in, 0, UINT32_MAX);
    message->received_ms = s_head_int (in, INT64_MIN, INT64_MAX);
    message->raw = s_head_raw (in);
    message->freeze = (uint8_t) s_head_int (in, 0, UINT8_MAX);
    message->time_ms = s_head_int (in, INT64_MIN, INT64_MAX);
    message->step_ms = (int32_t) s_head_int (in, INT32_MIN, INT32_MAX);
    message->first = 0;
    message->count = s_head_count (in);
    if (in->failed) {
        return FEP_CORRUPT;
    }
    if (message->address.size > ADDRESS_MAX || message->count > BATCH_ITEMS_MAX) {
        return s_fail (self, FEP_LIMIT);
    }
    self->items_left = message->count;
    self->in_message = true;
    return FEP_OK;
}

fep_err_t cursor_batch (cursor_t *self, batch_head_t *head)
{
    reader_t *in = &self->in;
    message_t message;
    fep_err_t error = FEP_OK;
    while (error == FEP_OK) {
        error = cursor_message (self, &message);
    }
    if (error != FEP_NOT_FOUND) {
        return error;
    }
    s_skip (in, self->batch_extra);
    self->batch_extra = 0;
    if (in->failed || in->pos == in->size) {
        return in->failed ? FEP_CORRUPT : FEP_NOT_FOUND;
    }
    uint32_t fields = wire_get_array (in);
    uint64_t version = wire_get_uint (in);
    if (in->failed || version != PACK_VERSION) {
        return s_fail (self, in->failed ? FEP_CORRUPT : FEP_VERSION);
    }
    head->origin = (uint16_t) s_get_uint (in, UINT16_MAX);
    head->number = wire_get_uint (in);
    head->boot = wire_get_uint (in);
    head->messages = wire_get_array (in);
    if (in->failed || fields < BATCH_FIELDS) {
        return s_fail (self, FEP_CORRUPT);
    }
    if (head->messages > BATCH_MESSAGES_MAX) {
        return s_fail (self, FEP_LIMIT);
    }
    self->messages_left = head->messages;
    self->batch_extra = fields - BATCH_FIELDS;
    return FEP_OK;
}

fep_err_t cursor_span (cursor_t *self, bytes_t *span)
{
    if (!self->in_message) {
        return self->in.failed ? FEP_CORRUPT : FEP_NOT_FOUND;
    }
    fep_err_t error = s_end_message (self);
    if (error == FEP_OK) {
        *span = bytes_of (self->in.data + self->message_start, self->in.pos - self->message_start);
    }
    return error;
}

void cursor_patch_quality (const cursor_t *self, uint8_t *packed, uint16_t quality)
{
    //  Our own packer always writes the form that can be patched.
    FEP_ASSERT (self->quality_at > 0 && self->quality_at + 2 <= self->in.size);
    packed[self->quality_at] = (uint8_t) (quality >> 8);
    packed[self->quality_at + 1] = (uint8_t) quality;
}

void cursor_patch_kind (const cursor_t *self, uint8_t *packed, message_kind_t kind)
{
    //  Our own packer writes a fixarray and behind it the kind in one byte.
    FEP_ASSERT (self->in_message && packed[self->message_start] == TAG_MESSAGE);
    packed[self->message_start + 1] = (uint8_t) kind;
}

//  Every item of the message the cursor is in.
static fep_err_t s_check_items (cursor_t *self)
{
    item_t item;
    fep_err_t error = FEP_OK;
    while (error == FEP_OK) {
        error = cursor_item (self, &item);
    }
    return error == FEP_NOT_FOUND ? FEP_OK : error;
}

fep_err_t pack_check (bytes_t packed)
{
    cursor_t cursor = cursor_of (packed);
    batch_head_t head;
    message_t message;
    fep_err_t error = cursor_batch (&cursor, &head);
    while (error == FEP_OK) {
        error = cursor_message (&cursor, &message);
        if (error == FEP_OK) {
            error = s_check_items (&cursor);
        } else if (error == FEP_NOT_FOUND) {
            error = cursor_batch (&cursor, &head);
        }
    }
    return error == FEP_NOT_FOUND ? FEP_OK : error;
}
