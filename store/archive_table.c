//  Growing arrays and a hash with open addressing.
#include "store/archive_table.h"
#include "store/archive_words.h"
#include <stdlib.h>

#define SLOTS_MIN 1024

void archive_table_init (archive_table_t *self)
{
    memset (self, 0, sizeof *self);
    self->slots = calloc (SLOTS_MIN, sizeof *self->slots);
    FEP_ASSERT (self->slots);
    self->slot_mask = SLOTS_MIN - 1;
    self->words = archive_words_new ();
}

void archive_table_fini (archive_table_t *self)
{
    free (self->terminals);
    free (self->points);
    free (self->limits);
    free (self->starts);
    free (self->limit_starts);
    free (self->present);
    free (self->slots);
    free (self->registered);
    archive_words_destroy (&self->words);
    memset (self, 0, sizeof *self);
}

void archive_table_begin (archive_table_t *self, const archive_table_t *other)
{
    size_t slots = (other->slot_mask + 1) * sizeof *other->slots;
    free (self->slots);
    self->capacity = other->count + other->count / 8 + 64;
    self->terminals = malloc (self->capacity * sizeof *self->terminals);
    self->slots = malloc (slots);
    FEP_ASSERT (self->terminals && self->slots);
    memcpy (self->slots, other->slots, slots);
    if (other->count > 0) {
        memcpy (self->terminals, other->terminals, other->count * sizeof *other->terminals);
    }
    memcpy (self->groups, other->groups, sizeof self->groups);
    archive_words_destroy (&self->words);
    self->words = archive_words_copy (other);
    self->count = other->count;
    self->slot_mask = other->slot_mask;
}

//  Room for one more element of `size` bytes.
static void *s_grow (void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity) {
        return items;
    }
    *capacity = *capacity > 0 ? *capacity * 2 : 1024;
    items = realloc (items, *capacity * size);
    FEP_ASSERT (items);
    return items;
}

//  The slot that holds the address, or the free one where it would go. At least half of the slots
//  are free.
static uint32_t *s_slot (const archive_table_t *self, bytes_t address)
{
    size_t at = bytes_hash (address) & self->slot_mask;
    while (self->slots[at] != 0) {
        const terminal_t *known = &self->terminals[self->slots[at] - 1];
        if (bytes_equal (bytes_text (known->address), address)) {
            break;
        }
        at = (at + 1) & self->slot_mask;
    }
    return &self->slots[at];
}

static void s_rehash (archive_table_t *self)
{
    if ((self->count + 1) * 2 <= self->slot_mask + 1) {
        return;
    }
    size_t slots = (self->slot_mask + 1) * 2;
    free (self->slots);
    self->slots = calloc (slots, sizeof *self->slots);
    FEP_ASSERT (self->slots);
    self->slot_mask = slots - 1;
    for (size_t i = 0; i < self->count; i++) {
        *s_slot (self, bytes_text (self->terminals[i].address)) = (uint32_t) (i + 1);
    }
}

fep_err_t archive_table_add (archive_table_t *self, const terminal_t *terminal)
{
    if (self->count == ARCHIVE_NUMBERS_MAX) {
        return FEP_LIMIT;
    }
    s_rehash (self);
    uint32_t *slot = s_slot (self, bytes_text (terminal->address));
    if (*slot != 0) {
        return FEP_EXISTS;
    }
    self->terminals =
        s_grow (self->terminals, self->count, &self->capacity, sizeof *self->terminals);
    self->terminals[self->count] = *terminal;
    self->count++;
    self->terminals[self->count - 1].number = (uint32_t) self->count;
    *slot = (uint32_t) self->count;
    return FEP_OK;
}

fep_err_t archive_table_add_point (archive_table_t *self, const measuring_point_t *point)
{
    if (self->point_count == ARCHIVE_POINTS_MAX) {
        return FEP_LIMIT;
    }
    self->points =
        s_grow (self->points, self->point_count, &self->point_capacity, sizeof *self->points);
    self->points[self->point_count++] = *point;
    return FEP_OK;
}

fep_err_t archive_table_add_limit (archive_table_t *self, const archive_limit_t *limit)
{
    if (self->limit_count == ARCHIVE_LIMITS_MAX) {
        return FEP_LIMIT;
    }
    self->limits =
        s_grow (self->limits, self->limit_count, &self->limit_capacity, sizeof *self->limits);
    self->limits[self->limit_count++] = *limit;
    return FEP_OK;
}

//  The number that a word of the entry has here.
static uint32_t s_word (archive_table_t *self, const archive_entry_t *entry, archive_word_t kind,
                        uint32_t number, fep_err_t *error)
{
    uint32_t here = 0;
    if (number > 0 && !*error) {
        bytes_t text = bytes_text (archive_words_text (entry->words, kind, number));
        *error = archive_words_put (self->words, kind, text, &here);
    }
    return here;
}

static fep_err_t s_add_terminal (archive_table_t *self, const archive_entry_t *entry)
{
    fep_err_t error = FEP_OK;
    terminal_t terminal = *entry->terminal;
    terminal.vendor = (uint16_t) s_word (self, entry, ARCHIVE_VENDOR, terminal.vendor, &error);
    terminal.channel = (uint16_t) s_word (self, entry, ARCHIVE_CHANNEL, terminal.channel, &error);
    terminal.segment = (uint16_t) s_word (self, entry, ARCHIVE_SEGMENT, terminal.segment, &error);
    terminal.line = (uint16_t) s_word (self, entry, ARCHIVE_LINE, terminal.line, &error);
    return error ? error : archive_table_add (self, &terminal);
}

fep_err_t archive_table_add_entry (archive_table_t *self, const archive_entry_t *entry)
{
    fep_err_t error = s_add_terminal (self, entry);
    for (size_t i = 0; !error && i < entry->point_count; i++) {
        measuring_point_t point = entry->points[i];
        point.user_type =
            (uint8_t) s_word (self, entry, ARCHIVE_USER_TYPE, point.user_type, &error);
        error = error ? error : archive_table_add_point (self, &point);
    }
    for (size_t i = 0; !error && i < entry->limit_count; i++) {
        error = archive_table_add_limit (self, &entry->limits[i]);
    }
    return error;
}

terminal_t *archive_table_find (const archive_table_t *self, bytes_t address)
{
    uint32_t number = *s_slot (self, address);
    return number > 0 ? &self->terminals[number - 1] : NULL;
}

//  ---- Index ----

//  Where each terminal's points and limits begin.
static void s_index_starts (archive_table_t *self)
{
    size_t point = 0;
    size_t limit = 0;
    for (size_t i = 0; i < self->count; i++) {
        terminal_t *terminal = &self->terminals[i];
        self->starts[i] = point;
        self->limit_starts[i] = limit;
        while (point < self->point_count && self->points[point].terminal == terminal->number) {
            point++;
        }
        while (limit < self->limit_count && self->limits[limit].terminal == terminal->number) {
            limit++;
        }
        terminal->mp_count = (uint32_t) (point - self->starts[i]);
    }
    self->starts[self->count] = point;
    self->limit_starts[self->count] = limit;
    FEP_ASSERT (point == self->point_count && limit == self->limit_count);
}

//  As s_slot, among those present by their registration. A quarter of the slots at most is used.
static uint32_t *s_registered_slot (const archive_table_t *self, bytes_t registration)
{
    size_t at = bytes_hash (registration) & self->registered_mask;
    while (self->registered[at] != 0) {
        const terminal_t *known = &self->terminals[self->registered[at] - 1];
        if (bytes_equal (bytes_text (known->registration), registration)) {
            break;
        }
        at = (at + 1) & self->registered_mask;
    }
    return &self->registered[at];
}

static void s_index_registered (archive_table_t *self)
{
    size_t count = 0;
    size_t slots = 16;
    for (size_t i = 0; i < self->present_count; i++) {
        count += self->terminals[self->present[i] - 1].registration[0] ? 1 : 0;
    }
    while (slots < count * 4) {
        slots *= 2;
    }
    free (self->registered);
    self->registered = calloc (slots, sizeof *self->registered);
    FEP_ASSERT (self->registered);
    self->registered_mask = slots - 1;
    for (size_t i = 0; i < self->present_count; i++) {
        const terminal_t *terminal = &self->terminals[self->present[i] - 1];
        if (terminal->registration[0]) {
            uint32_t *slot = s_registered_slot (self, bytes_text (terminal->registration));
            *slot = *slot ? *slot : terminal->number;
        }
    }
}

void archive_table_index (archive_table_t *self)
{
    free (self->starts);
    free (self->limit_starts);
    free (self->present);
    self->starts = calloc (self->count + 1, sizeof *self->starts);
    self->limit_starts = calloc (self->count + 1, sizeof *self->limit_starts);
    self->present = calloc (self->count + 1, sizeof *self->present);
    FEP_ASSERT (self->starts && self->limit_starts && self->present);
    s_index_starts (self);
    self->present_count = 0;
    for (size_t i = 0; i < self->count; i++) {
        if (self->terminals[i].present) {
            self->present[self->present_count++] = self->terminals[i].number;
        }
    }
    s_index_registered (self);
}

const terminal_t *archive_table_registered (const archive_table_t *self, bytes_t registration)
{
    if (!self->registered || registration.size == 0) {
        return NULL;
    }
    uint32_t number = *s_registered_slot (self, registration);
    return number > 0 ? &self->terminals[number - 1] : NULL;
}

const measuring_point_t *archive_table_points (const archive_table_t *self, uint32_t number,
                                               size_t *count)
{
    *count = 0;
    if (number == 0 || number > self->count || self->terminals[number - 1].mp_count == 0) {
        return NULL;
    }
    *count = self->terminals[number - 1].mp_count;
    return &self->points[self->starts[number - 1]];
}

archive_entry_t archive_table_entry (const archive_table_t *self, uint32_t number)
{
    archive_entry_t entry = {.terminal = &self->terminals[number - 1], .words = self->words};
    entry.points = archive_table_points (self, number, &entry.point_count);
    entry.limits = self->limits + self->limit_starts[number - 1];
    entry.limit_count = self->limit_starts[number] - self->limit_starts[number - 1];
    return entry;
}
