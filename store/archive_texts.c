//  An array of copies and a hash of their names.
#include "store/archive_texts.h"
#include "fep/task.h"
#include <stdlib.h>

#define SLOTS_EACH 4  //  For every number there can be

static const struct {
    const char *name;  //  In differences
    uint8_t prefix;    //  Of keys
    size_t most;       //  Numbers; a power of two
} s_kinds[ARCHIVE_KIND_COUNT] = {[ARCHIVE_PROFILE] = {"profile", 'p', ARCHIVE_PROFILES_MAX},
                                 [ARCHIVE_TASK] = {"task", 't', TASKS_MAX}};

const char *archive_kind_name (archive_kind_t kind)
{
    return s_kinds[kind].name;
}

uint8_t archive_kind_prefix (archive_kind_t kind)
{
    return s_kinds[kind].prefix;
}

archive_texts_t *archive_texts_new (archive_kind_t kind)
{
    archive_texts_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    self->most = s_kinds[kind].most;
    self->slot_mask = self->most * SLOTS_EACH - 1;
    self->items = calloc (self->most, sizeof *self->items);
    self->slots = calloc (self->slot_mask + 1, sizeof *self->slots);
    FEP_ASSERT (self->items && self->slots && (self->most & self->slot_mask) == self->most);
    return self;
}

static void s_free (archive_text_t *text)
{
    if (text) {
        free ((void *) text->text.data);
        free (text);
    }
}

void archive_texts_destroy (archive_texts_t **self_p)
{
    archive_texts_t *self = *self_p;
    if (self) {
        for (size_t i = 0; i < self->count; i++) {
            s_free (self->items[i]);
        }
        free (self->items);
        free (self->slots);
        free (self);
        *self_p = NULL;
    }
}

//  The slot that holds the name, or the free one where it would go.
static size_t s_slot (const archive_texts_t *self, bytes_t name)
{
    size_t at = bytes_hash (name) & self->slot_mask;
    while (self->slots[at] != 0 &&
           !bytes_equal (bytes_text (self->items[self->slots[at] - 1]->name), name)) {
        at = (at + 1) & self->slot_mask;
    }
    return at;
}

uint32_t archive_texts_number (const archive_texts_t *self, bytes_t name)
{
    return self->slots[s_slot (self, name)];
}

fep_err_t archive_texts_put (archive_texts_t *self, const archive_text_t *text)
{
    size_t slot = s_slot (self, bytes_text (text->name));
    uint32_t number = text->number;
    if (number == 0 || number > self->most || number > self->count + 1) {
        return FEP_LIMIT;
    }
    if (self->slots[slot] != (number > self->count ? 0 : number)) {
        return FEP_EXISTS;
    }
    archive_text_t *copy = malloc (sizeof *copy);
    uint8_t *bytes = malloc (text->text.size + 1);
    FEP_ASSERT (copy && bytes);
    *copy = *text;
    if (text->text.size > 0) {
        memcpy (bytes, text->text.data, text->text.size);
    }
    copy->text = bytes_of (bytes, text->text.size);
    if (number > self->count) {
        self->count = number;
        self->slots[slot] = (uint16_t) number;
    } else {
        s_free (self->items[number - 1]);
    }
    self->items[number - 1] = copy;
    return FEP_OK;
}

const archive_text_t *archive_texts_at (const archive_texts_t *self, uint32_t number)
{
    if (number == 0 || number > self->count || self->items[number - 1]->text.size == 0) {
        return NULL;
    }
    return self->items[number - 1];
}

const archive_text_t *archive_texts_find (const archive_texts_t *self, bytes_t name)
{
    return archive_texts_at (self, archive_texts_number (self, name));
}

const archive_text_t *archive_texts_next (const archive_texts_t *self, uint32_t number)
{
    const archive_text_t *text = NULL;
    while (!text && number < self->count) {
        text = archive_texts_at (self, ++number);
    }
    return text;
}
