//  Looks things up in the tables made from the map.
#include "codecs/dlt698/layout.h"

//  Features of an attribute (D7..5) name other contents: what is read with them is not the row's.
const d698_object_t *d698_object_find (uint32_t oad)
{
    uint32_t wanted = (oad >> 16) << 8 | (oad >> 8 & 0xFF);
    size_t low = 0, high = d698_object_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const d698_object_t *row = &d698_objects[middle];
        uint32_t key = (uint32_t) row->oi << 8 | row->attribute;
        if (key == wanted) {
            return row;
        }
        if (key < wanted) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

static bool s_shows (const d698_object_t *row, uint32_t point)
{
    bool family = row->shape == SHAPE_TARIFFS || row->shape == SHAPE_DEMANDS;
    for (size_t i = 0; i < row->count; i++) {
        if (d698_points[row->first + i] == (family ? point & ~0xFFu : point)) {
            return true;
        }
    }
    return false;
}

const d698_object_t *d698_object_of (uint32_t point)
{
    for (size_t i = 0; i < d698_object_count; i++) {
        if (s_shows (&d698_objects[i], point)) {
            return &d698_objects[i];
        }
    }
    return NULL;
}

int d698_freeze_of (uint16_t oi)
{
    for (size_t i = 0; i < d698_freeze_count; i++) {
        if (d698_freezes[i].oi == oi) {
            return d698_freezes[i].freeze;
        }
    }
    return -1;
}

uint16_t d698_freeze_oi (uint8_t freeze)
{
    for (size_t i = 0; i < d698_freeze_count; i++) {
        if (d698_freezes[i].freeze == freeze) {
            return d698_freezes[i].oi;
        }
    }
    return 0;
}

const char *d698_event_name (uint16_t oi)
{
    for (size_t i = 0; i < d698_event_count; i++) {
        if (d698_events[i].oi == oi) {
            return d698_events[i].name;
        }
    }
    return NULL;
}
