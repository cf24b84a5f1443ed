//  Parts of a message by the quality of its items.
#include "actors/split.h"
#include "fep/pack.h"
#include <stdlib.h>

struct split {
    bytes_t whole;                  //  As it was given; borrowed
    message_t message;              //  Its head
    item_t items[BATCH_ITEMS_MAX];  //  All of its items
    item_t part[BATCH_ITEMS_MAX];   //  Those of the part at hand
    bool split;                     //  Some are suspect
    bool suspect;                   //  Which half is at hand
    bool has_raw;                   //  The frame's bytes were not given away yet
    uint32_t at;                    //  Next item to look at
    uint8_t *packed;                //  The part at hand
    size_t capacity;                //  Of it
};

split_t *split_new (void)
{
    split_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    return self;
}

void split_destroy (split_t **self_p)
{
    if (*self_p) {
        free ((*self_p)->packed);
        free (*self_p);
        *self_p = NULL;
    }
}

fep_err_t split_begin (split_t *self, bytes_t message)
{
    cursor_t cursor = cursor_single (message);
    fep_err_t error = cursor_message (&cursor, &self->message);
    uint32_t suspects = 0;
    bool readings = error == FEP_OK && message_is_reading (self->message.kind);
    self->whole = message;
    self->suspect = false;
    self->has_raw = true;
    self->at = 0;
    for (uint32_t i = 0; readings && error == FEP_OK && i < self->message.count; i++) {
        error = cursor_item (&cursor, &self->items[i]);
        suspects += error == FEP_OK && self->items[i].value.quality & QUALITY_SUSPECT ? 1 : 0;
    }
    self->split = suspects > 0;
    return error;
}

static bool s_is_suspect (const split_t *self, uint32_t i)
{
    return (self->items[i].value.quality & QUALITY_SUSPECT) != 0;
}

//  The items of the next part; returns how many. *first: place of the first in the whole.
static uint32_t s_gather (split_t *self, uint32_t *first)
{
    uint32_t count = 0;
    for (; self->at < self->message.count; self->at++) {
        if (s_is_suspect (self, self->at) == self->suspect) {
            *first = count ? *first : self->at;
            self->part[count++] = self->items[self->at];
        } else if (count && self->message.step_ms) {
            break;
        }
    }
    return count;
}

static fep_err_t s_pack (split_t *self, uint32_t first, uint32_t count, split_part_t *part)
{
    part->message = self->message;
    part->message.kind = self->suspect ? MESSAGE_HELD : MESSAGE_READING;
    part->message.count = count;
    part->message.raw = self->has_raw ? self->message.raw : bytes_of (NULL, 0);
    if (self->message.step_ms && self->message.time_ms) {
        part->message.time_ms = message_item_time (&self->message, first);
    }
    self->has_raw = false;
    size_t bound = pack_message_bound (&part->message, self->part);
    if (bound > self->capacity) {
        self->packed = realloc (self->packed, bound);
        FEP_ASSERT (self->packed);
        self->capacity = bound;
    }
    writer_t out = writer_of (self->packed, self->capacity);
    fep_err_t error = pack_message (&part->message, self->part, &out);
    part->bytes = writer_bytes (&out);
    return error;
}

fep_err_t split_next (split_t *self, split_part_t *part)
{
    uint32_t first = 0, count = 0;
    if (!self->split) {
        *part = (split_part_t){self->message, self->whole};
        bool given = self->at > 0;
        self->at = 1;
        return given ? FEP_NOT_FOUND : FEP_OK;
    }
    count = s_gather (self, &first);
    if (!count && !self->suspect) {
        self->suspect = true;
        self->at = 0;
        count = s_gather (self, &first);
    }
    return count ? s_pack (self, first, count, part) : FEP_NOT_FOUND;
}
