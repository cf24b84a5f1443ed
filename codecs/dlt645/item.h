//  Data identifiers: what stands behind one, and by which one a point is read.
#ifndef CODECS_DLT645_ITEM_H
#define CODECS_DLT645_ITEM_H

#include "codecs/dlt645/layout.h"
#include <stddef.h>

enum {
    DLT_EACH = 0xFF,     //  Of a part of a DI: all of them
    DLT_TARIFFS = 63,    //  The highest
    DLT_PERIODS = 12,    //  Settlements kept at most
    DLT_OLD_PERIODS = 2  //  Likewise, edition 1997
};

//  A DI taken apart.
typedef struct {
    const dlt_row_t *row;
    uint8_t tariff;  //  0 the total, or DLT_EACH
    uint8_t member;  //  LIST: index of its field, or DLT_EACH
    uint8_t period;  //  Settlement: 0 now, or DLT_EACH
    uint8_t nth;     //  Of frozen ones: 1 the latest
} dlt_item_t;

//  One field of its data.
typedef struct {
    const dlt_field_t *field;
    uint32_t point;  //  Of the register, tariff in it; 0: none
    uint8_t period;  //  0 now
    bool ends;       //  The data may end behind it
} dlt_part_t;

//  False: the map does not know it.
bool dlt_item (bool old, uint32_t di, dlt_item_t *item);
uint32_t dlt_item_di (const dlt_item_t *item);

//  Field `at` of its data, counted from 0; false behind the last there can be.
bool dlt_item_part (const dlt_item_t *item, size_t at, dlt_part_t *part);

//  The point as it is one settlement period back: the register's D 8, 6, 134 become 136, 137, 138. 0: there is none.
uint32_t dlt_last_billing (uint32_t point);

//  And back. 0: it is none of them.
uint32_t dlt_billing_base (uint32_t point);

//  Does the row bring the point, and as which tariff or member?
bool dlt_row_brings (const dlt_row_t *row, uint32_t point, uint8_t *member);

#endif
