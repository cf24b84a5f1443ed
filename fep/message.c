//  Arena operations of batch_t, and the words of values, qualities and kinds.
#include "fep/message.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const s_kinds[MESSAGE_KIND_COUNT] = {
    [MESSAGE_READING] = "reading",     [MESSAGE_EVENT] = "event", [MESSAGE_ALARM] = "alarm",
    [MESSAGE_RESULT] = "result",       [MESSAGE_LINK] = "link",   [MESSAGE_LOGIN] = "login",
    [MESSAGE_HEARTBEAT] = "heartbeat", [MESSAGE_HELD] = "held"};

static const char *const s_freezes[FREEZE_COUNT] = {"none", "curve", "hour",
                                                    "day",  "month", "command"};

static const char *const s_absents[ABSENT_COUNT] = {"unknown", "device", "unreadable"};

static const char *const s_qualities[] = {
    "invalid", "not_topical", "substituted", "blocked",  "overflow",  "suspect", "clock_doubtful",
    "re_read", "late",        "changed",     "computed", "secondary", "primary", "freeze_stamp"};

const char *message_kind_name (uint8_t kind)
{
    return kind < MESSAGE_KIND_COUNT && s_kinds[kind] ? s_kinds[kind] : "?";
}

const char *freeze_name (uint8_t freeze)
{
    return freeze < FREEZE_COUNT ? s_freezes[freeze] : "?";
}

const char *absent_name (absent_t reason)
{
    return (unsigned) reason < ABSENT_COUNT ? s_absents[reason] : "unknown";
}

void quality_text (uint16_t quality, char *text, size_t size)
{
    size_t used = 0;
    if (size == 0) {
        return;
    }
    text[0] = 0;
    for (size_t i = 0; i < sizeof s_qualities / sizeof *s_qualities; i++) {
        if (quality & 1u << i) {
            int n = snprintf (text + used, size - used, "%s%s", used ? "+" : "", s_qualities[i]);
            if (n < 0 || (size_t) n >= size - used) {
                return;
            }
            used += (size_t) n;
        }
    }
    if (used == 0) {
        snprintf (text, size, "ok");
    }
}

bool value_equal (const value_t *a, const value_t *b)
{
    if (a->kind != b->kind || a->exponent != b->exponent) {
        return false;
    }
    if (a->kind == VALUE_TEXT) {
        return memcmp (a->text, b->text, (size_t) a->exponent) == 0;
    }
    return a->kind == VALUE_NONE || a->mantissa == b->mantissa;
}

static void s_decimal_text (const value_t *value, char *text, size_t size)
{
    uint64_t magnitude = (uint64_t) value->mantissa;
    const char *sign = "";
    if (value->mantissa < 0) {
        magnitude = 0 - magnitude;
        sign = "-";
    }
    char digits[24];
    int n = snprintf (digits, sizeof digits, "%" PRIu64, magnitude);
    if (value->exponent >= 0) {
        int zeros = magnitude ? value->exponent : 0;
        snprintf (text, size, "%s%s%.*s", sign, digits, zeros,
                  "0000000000000000000000000000000000000000000000000000000000000000"
                  "000000000000000000000000000000000000000000000000000000000000000");
        return;
    }
    int places = -value->exponent;
    if (n > places) {
        snprintf (text, size, "%s%.*s.%s", sign, n - places, digits, digits + n - places);
    } else {
        snprintf (text, size, "%s0.%0*d%s", sign, places - n, 0, digits);
        if (places == n) {
            snprintf (text, size, "%s0.%s", sign, digits);
        }
    }
}

void value_text (const value_t *value, char *text, size_t size)
{
    if (size == 0) {
        return;
    }
    text[0] = 0;
    if (value->kind == VALUE_DECIMAL) {
        s_decimal_text (value, text, size);
    }
    if (value->kind == VALUE_FLOAT) {
        snprintf (text, size, "%.17g", value->real);
    }
    if (value->kind == VALUE_BITS) {
        snprintf (text, size, "0x%" PRIX64, (uint64_t) value->mantissa);
    }
    if (value->kind == VALUE_TEXT) {
        snprintf (text, size, "%.*s", value->exponent, value->text);
    }
}

batch_t *batch_new (void)
{
    batch_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    self->messages = malloc ((BATCH_MESSAGES_MAX + 1) * sizeof *self->messages);
    self->items = malloc (BATCH_ITEMS_MAX * sizeof *self->items);
    self->bytes = malloc (BATCH_BYTES_MAX);
    FEP_ASSERT (self->messages && self->items && self->bytes);
    return self;
}

void batch_destroy (batch_t **self_p)
{
    batch_t *self = *self_p;
    if (self) {
        free (self->messages);
        free (self->items);
        free (self->bytes);
        free (self);
        *self_p = NULL;
    }
}

void batch_clear (batch_t *self)
{
    batch_rollback (self, (batch_mark_t){0, 0, 0});
}

batch_mark_t batch_mark (const batch_t *self)
{
    return (batch_mark_t){self->message_count, self->item_count, self->byte_count};
}

void batch_rollback (batch_t *self, batch_mark_t mark)
{
    FEP_ASSERT (mark.message_count <= self->message_count && mark.item_count <= self->item_count &&
                mark.byte_count <= self->byte_count);
    self->message_count = mark.message_count;
    self->item_count = mark.item_count;
    self->byte_count = mark.byte_count;
    self->failed = false;
    if (self->message_count) {
        const message_t *last = &self->messages[self->message_count - 1];
        FEP_ASSERT (last->first + last->count == self->item_count);
    }
}

message_t *batch_message (batch_t *self, message_kind_t kind)
{
    size_t at = self->message_count;
    if (at == BATCH_MESSAGES_MAX) {
        self->failed = true;
    } else {
        self->message_count++;
    }
    message_t *message = &self->messages[at];
    memset (message, 0, sizeof *message);
    message->kind = (uint8_t) kind;
    message->first = (uint32_t) self->item_count;
    return message;
}

void batch_item (batch_t *self, uint32_t point, value_t value)
{
    FEP_ASSERT (self->message_count > 0);
    if (self->item_count == BATCH_ITEMS_MAX || self->failed) {
        self->failed = true;
        return;
    }
    self->items[self->item_count++] = (item_t){value, point};
    self->messages[self->message_count - 1].count++;
}

void batch_text (batch_t *self, uint32_t point, const char *text)
{
    size_t size = strnlen (text, VALUE_TEXT_MAX);
    bytes_t kept = batch_keep (self, bytes_of (text, size));
    if (!self->failed) {
        batch_item (self, point,
                    (value_t){.text = (const char *) kept.data,
                              .exponent = (int8_t) size,
                              .kind = VALUE_TEXT});
    }
}

bytes_t batch_keep (batch_t *self, bytes_t bytes)
{
    if (self->failed || bytes.size > BATCH_BYTES_MAX - self->byte_count) {
        self->failed = true;
        return (bytes_t){NULL, 0};
    }
    uint8_t *at = self->bytes + self->byte_count;
    if (bytes.size) {
        memcpy (at, bytes.data, bytes.size);
    }
    self->byte_count += bytes.size;
    return (bytes_t){at, bytes.size};
}
