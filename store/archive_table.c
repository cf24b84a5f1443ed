//  Growing arrays and a hash with open addressing.
#include "store/archive_table.h"
#include <stdlib.h>

#define SLOTS_MIN 1024

void archive_table_init (archive_table_t *self)
{
    memset (self, 0, sizeof *self);
    self->slots = calloc (SLOTS_MIN, sizeof *self->slots);
    FEP_ASSERT (self->slots);
    self->slot_mask = SLOTS_MIN - 1;
}

void archive_table_fini (archive_table_t *self)
{
    free (self->terminals);
    free (self->points);
    free (self->starts);
    free (self->present);
    free (self->slots);
    memset (self, 0, sizeof *self);
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

//  FNV-1a, 32 bits.
static uint32_t s_hash (bytes_t address)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < address.size; i++) {
        hash = (hash ^ address.data[i]) * 16777619u;
    }
    return hash;
}

//  The slot that holds the address, or the free one where it would go. At least half of the slots
//  are free.
static uint32_t *s_slot (const archive_table_t *self, bytes_t address)
{
    size_t at = s_hash (address) & self->slot_mask;
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

terminal_t *archive_table_find (const archive_table_t *self, bytes_t address)
{
    uint32_t number = *s_slot (self, address);
    return number > 0 ? &self->terminals[number - 1] : NULL;
}

void archive_table_index (archive_table_t *self)
{
    free (self->starts);
    free (self->present);
    self->starts = calloc (self->count + 1, sizeof *self->starts);
    self->present = calloc (self->count + 1, sizeof *self->present);
    FEP_ASSERT (self->starts && self->present);
    self->present_count = 0;
    size_t point = 0;
    for (size_t i = 0; i < self->count; i++) {
        terminal_t *terminal = &self->terminals[i];
        self->starts[i] = point;
        while (point < self->point_count && self->points[point].terminal == terminal->number) {
            point++;
        }
        terminal->mp_count = (uint32_t) (point - self->starts[i]);
        if (terminal->present) {
            self->present[self->present_count++] = terminal->number;
        }
    }
    self->starts[self->count] = point;
    FEP_ASSERT (point == self->point_count);
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
