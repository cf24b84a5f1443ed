//  An array of copies and a hash of their names.
#include "store/archive_profiles.h"
#include <stdlib.h>

archive_profiles_t *archive_profiles_new (void)
{
    archive_profiles_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    return self;
}

static void s_free (archive_profile_t *profile)
{
    if (profile) {
        free ((void *) profile->text.data);
        free (profile);
    }
}

void archive_profiles_destroy (archive_profiles_t **self_p)
{
    archive_profiles_t *self = *self_p;
    if (self) {
        for (size_t i = 0; i < self->count; i++) {
            s_free (self->items[i]);
        }
        free (self);
        *self_p = NULL;
    }
}

//  The slot that holds the name, or the free one where it would go. FNV-1a.
static size_t s_slot (const archive_profiles_t *self, bytes_t name)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < name.size; i++) {
        hash = (hash ^ name.data[i]) * 16777619u;
    }
    size_t at = hash & (PROFILES_SLOTS - 1);
    while (self->slots[at] != 0 &&
           !bytes_equal (bytes_text (self->items[self->slots[at] - 1]->name), name)) {
        at = (at + 1) & (PROFILES_SLOTS - 1);
    }
    return at;
}

uint32_t archive_profiles_number (const archive_profiles_t *self, bytes_t name)
{
    return self->slots[s_slot (self, name)];
}

fep_err_t archive_profiles_put (archive_profiles_t *self, const archive_profile_t *profile)
{
    size_t slot = s_slot (self, bytes_text (profile->name));
    uint32_t number = profile->number;
    if (number == 0 || number > ARCHIVE_PROFILES_MAX || number > self->count + 1) {
        return FEP_LIMIT;
    }
    if (self->slots[slot] != (number > self->count ? 0 : number)) {
        return FEP_EXISTS;
    }
    archive_profile_t *copy = malloc (sizeof *copy);
    uint8_t *text = malloc (profile->text.size + 1);
    FEP_ASSERT (copy && text);
    *copy = *profile;
    if (profile->text.size > 0) {
        memcpy (text, profile->text.data, profile->text.size);
    }
    copy->text = bytes_of (text, profile->text.size);
    if (number > self->count) {
        self->count = number;
        self->slots[slot] = (uint16_t) number;
    } else {
        s_free (self->items[number - 1]);
    }
    self->items[number - 1] = copy;
    return FEP_OK;
}

const archive_profile_t *archive_profiles_at (const archive_profiles_t *self, uint32_t number)
{
    if (number == 0 || number > self->count || self->items[number - 1]->text.size == 0) {
        return NULL;
    }
    return self->items[number - 1];
}

const archive_profile_t *archive_profiles_find (const archive_profiles_t *self, bytes_t name)
{
    return archive_profiles_at (self, archive_profiles_number (self, name));
}
