//  Where something stands that is kept of measuring points: (terminal, measuring point) -> place. Points whose numbers
//  follow each other stand beside each other, since an answer brings them so. Nothing is ever taken out.
#ifndef ACTORS_POINTMAP_H
#define ACTORS_POINTMAP_H

#include <stddef.h>
#include <stdint.h>

#define POINTMAP_NONE UINT32_MAX

typedef struct {
    uint32_t terminal;  //  Archive number
    uint32_t mp;        //  Measuring point
    uint32_t place;     //  POINTMAP_NONE: this entry is free
} pointmap_entry_t;

typedef struct {
    pointmap_entry_t *entries;  //  Open addressing
    size_t size;                //  Power of two, or 0
    size_t count;               //  Taken
} pointmap_t;

//  All zero is an empty map.
void pointmap_free (pointmap_t *self);

//  Its place, or POINTMAP_NONE.
uint32_t pointmap_find (const pointmap_t *self, uint32_t terminal, uint16_t mp);

//  It is not there yet; place is not POINTMAP_NONE. How many there may be the caller limits.
void pointmap_add (pointmap_t *self, uint32_t terminal, uint16_t mp, uint32_t place);

#endif
