//  The neutral model: value, item, message, batch. What every protocol is decoded into, and the only
//  thing that travels down the chain. Plain values; a batch is one arena with hard limits.
#ifndef FEP_MESSAGE_H
#define FEP_MESSAGE_H

#include "fep/bytes.h"
#include "fep/error.h"

//  How a value is held.
typedef enum {
    VALUE_NONE,     //  No value; exponent holds the reason (absent_t)
    VALUE_DECIMAL,  //  mantissa x 10^exponent, exact
    VALUE_FLOAT,    //  real, for devices that send binary floats
    VALUE_BITS,     //  mantissa is a bit string, read as an unsigned number
    VALUE_TEXT      //  exponent characters at text, borrowed, at most 127
} value_kind_t;

//  Why there is no value.
typedef enum {
    ABSENT_UNKNOWN,     //  Not said
    ABSENT_DEVICE,      //  The device says it has none (376.1: every byte EE)
    ABSENT_UNREADABLE,  //  Digits that are no digits (partly filled, FF)
    ABSENT_COUNT
} absent_t;

//  "device", "unreadable", "unknown". Static; never NULL.
const char *absent_name (absent_t reason);

//  Quality: the bits of IEC 60870-5-101 7.2.6.3, then ours. 0 = good, side not applicable.
enum {
    QUALITY_INVALID = 1 << 0,
    QUALITY_NOT_TOPICAL = 1 << 1,
    QUALITY_SUBSTITUTED = 1 << 2,
    QUALITY_BLOCKED = 1 << 3,
    QUALITY_OVERFLOW = 1 << 4,
    QUALITY_SUSPECT = 1 << 5,         //  The validator doubts it
    QUALITY_CLOCK_DOUBTFUL = 1 << 6,  //  Its time cannot be trusted
    QUALITY_RE_READ = 1 << 7,         //  Fetched again after a gap
    QUALITY_LATE = 1 << 8,            //  Arrived after its window
    QUALITY_CHANGED = 1 << 9,         //  Same identity as an earlier one, other value
    QUALITY_COMPUTED = 1 << 10,       //  Made by us from others
    QUALITY_SECONDARY = 1 << 11,      //  As the meter shows it, before CT/PT ratios
    QUALITY_PRIMARY = 1 << 12,        //  Ratios applied
    QUALITY_FREEZE_STAMP =
        1 << 13  //  Frozen at another instant than was due; INVALID stands with it
};

//  Appends the names of the bits set, joined by '+' ("secondary+changed"), or "ok". Always terminates.
void quality_text (uint16_t quality, char *text, size_t size);

//  16 bytes. No floating point on the way of a decimal: meters send BCD and money hangs on it.
typedef struct {
    union {
        int64_t mantissa;  //  DECIMAL, BITS
        double real;       //  FLOAT
        const char *text;  //  TEXT; borrowed from the batch or from the packed bytes
    };
    int8_t exponent;   //  DECIMAL: power of ten. NONE: absent_t. TEXT: length
    uint8_t kind;      //  value_kind_t
    uint16_t quality;  //  QUALITY_ bits
} value_t;

#define VALUE_TEXT_MAX 127

static inline value_t value_decimal (int64_t mantissa, int8_t exponent, uint16_t quality)
{
    return (value_t){
        .mantissa = mantissa, .exponent = exponent, .kind = VALUE_DECIMAL, .quality = quality};
}

static inline value_t value_none (absent_t reason, uint16_t quality)
{
    return (value_t){.mantissa = 0,
                     .exponent = (int8_t) reason,
                     .kind = VALUE_NONE,
                     .quality = (uint16_t) (quality | QUALITY_INVALID)};
}

static inline value_t value_bits (uint64_t bits, uint16_t quality)
{
    return (value_t){.mantissa = (int64_t) bits, .kind = VALUE_BITS, .quality = quality};
}

//  Same kind and same content; quality is not compared.
bool value_equal (const value_t *a, const value_t *b);

//  The exact value as people write it: "-12.3400", "0x1F", "text", "" for none. Always terminates;
//  size 160 always suffices.
void value_text (const value_t *value, char *text, size_t size);

//  One fact: this point had this value; when is said by its message.
typedef struct {
    value_t value;   //  What
    uint32_t point;  //  Packed OBIS, point.h
} item_t;

//  Numbers are part of the wire form: append only.
typedef enum {
    MESSAGE_READING = 1,
    MESSAGE_EVENT = 2,
    MESSAGE_ALARM = 3,
    MESSAGE_RESULT = 4,
    MESSAGE_LINK = 5,
    MESSAGE_LOGIN = 6,
    MESSAGE_HEARTBEAT = 7,
    MESSAGE_HELD = 8,  //  In the journal: a reading of which at least one item is SUSPECT
    MESSAGE_KIND_COUNT
} message_kind_t;

//  "reading", ... as in topics and JSON; "?" if out of range.
const char *message_kind_name (uint8_t kind);

//  True of both shapes a reading has in the journal.
static inline bool message_is_reading (uint8_t kind)
{
    return kind == MESSAGE_READING || kind == MESSAGE_HELD;
}

typedef enum {
    FREEZE_NONE,
    FREEZE_CURVE,
    FREEZE_HOUR,
    FREEZE_DAY,
    FREEZE_MONTH,
    FREEZE_COMMAND,
    FREEZE_COUNT
} freeze_t;

const char *freeze_name (uint8_t freeze);

#define AREA_COUNT 64           //  Areas are 0..63
#define ADDRESS_MAX 23          //  Characters of a terminal's address
#define BATCH_ITEMS_CLOSE 1000  //  When to close a batch
#define BATCH_ITEMS_MAX 16384
#define BATCH_MESSAGES_MAX 8192
#define BATCH_BYTES_MAX (1024 * 1024)  //  Raw bytes, addresses and texts of one batch

//  READING, HELD: items are points. EVENT: the first item is POINT_EVENT_CODE, or POINT_EVENT_RAW for what could
//  be delimited but not understood. LINK: POINT_LINK_STATE, POINT_LINK_PEER, then POINT_LINK_CODEC if it
//  came or POINT_LINK_REASON if it went. RESULT: how a request of a task ended, POINT_RESULT_ERROR to
//  POINT_RESULT_MP, behind the data it brought; time_ms is its slot. Times are UTC milliseconds.
typedef struct {
    int64_t received_ms;  //  When we received it
    int64_t time_ms;      //  The device's instant; 0 = the device gave none
    int32_t step_ms;  //  0: all items at time_ms. Else item i is at time_ms + i * step_ms (a curve)
    uint32_t terminal;  //  Archive number; 0 = not admitted yet
    uint32_t task;      //  0 = none
    uint16_t mp;        //  Measuring point; 0 = the terminal itself
    uint8_t kind;       //  message_kind_t
    uint8_t freeze;     //  freeze_t
    uint8_t area;       //  0..63
    bytes_t address;    //  Terminal address as text; borrowed
    bytes_t raw;        //  The frame's bytes, or empty; borrowed
    uint32_t first;     //  Index of its first item in the batch
    uint32_t count;     //  Number of items
} message_t;

//  The instant of item i. Wraps where the sum does not fit: the fields may come from bytes.
static inline int64_t message_item_time (const message_t *self, uint32_t i)
{
    int64_t away = (int64_t) self->step_ms * (int64_t) i;
    return (int64_t) ((uint64_t) self->time_ms + (uint64_t) away);
}

//  Messages, items and bytes in one arena each; pointers stay valid until batch_clear or rollback.
typedef struct {
    message_t *messages;   //  BATCH_MESSAGES_MAX
    item_t *items;         //  BATCH_ITEMS_MAX
    uint8_t *bytes;        //  BATCH_BYTES_MAX
    size_t message_count;  //  Used
    size_t item_count;     //  Used
    size_t byte_count;     //  Used
    bool failed;           //  Something did not fit; sticky until rollback or clear
} batch_t;

//  True when it is time to send the batch on: what is left still holds the largest legal frame.
static inline bool batch_ripe (const batch_t *self)
{
    return self->item_count >= BATCH_ITEMS_CLOSE || self->message_count >= BATCH_MESSAGES_MAX / 4 ||
           self->byte_count >= BATCH_BYTES_MAX / 4;
}

//  A place to go back to: a frame's messages are kept whole or not at all.
typedef struct {
    size_t message_count;
    size_t item_count;
    size_t byte_count;
} batch_mark_t;

//  Gives an empty batch; asserts on lack of memory (start-up only).
batch_t *batch_new (void);
void batch_destroy (batch_t **self_p);
void batch_clear (batch_t *self);
batch_mark_t batch_mark (const batch_t *self);
void batch_rollback (batch_t *self, batch_mark_t mark);

//  Appends a zeroed message of that kind and returns it for filling; never NULL: when full it returns a
//  scratch message and sets failed. Valid until the next clear or rollback.
message_t *batch_message (batch_t *self, message_kind_t kind);

//  Appends an item to the last message. When full: failed.
void batch_item (batch_t *self, uint32_t point, value_t value);

//  Appends a text item; the characters are copied and cut at VALUE_TEXT_MAX bytes.
void batch_text (batch_t *self, uint32_t point, const char *text);

//  Copies bytes into the arena and returns where they are now. When full: empty and failed.
bytes_t batch_keep (batch_t *self, bytes_t bytes);

#endif
