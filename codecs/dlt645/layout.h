//  The compiled form of maps/dlt645.map: what the data behind each data identifier (DI) consist of.
#ifndef CODECS_DLT645_LAYOUT_H
#define CODECS_DLT645_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

//  How the bytes of a field are read. All are low byte first.
typedef enum {
    DLT_BCD,       //  Digits
    DLT_SIGNED,    //  Digits, the top bit of the last byte is the sign
    DLT_INSTANT,   //  mm hh DD MM YY
    DLT_SHORT,     //  mm hh DD MM, the last such instant
    DLT_DATETIME,  //  ss mm hh WW DD MM YY
    DLT_DATE,      //  WW DD MM YY, text 2026-11-26
    DLT_CLOCK,     //  ss mm hh, text 12:34:56
    DLT_BITS,      //  Flags
    DLT_DIGITS     //  Digits kept as text, high digit first
} dlt_kind_t;

typedef struct {
    const char *name;  //  As explain shows it; "" not shown
    uint32_t point;    //  0: no item. In rows with tariffs a family
    uint16_t quality;  //  Side of the ratios
    uint8_t kind;      //  dlt_kind_t
    uint8_t size;      //  Bytes
    int8_t places;     //  Digits behind the point, as the standard writes it
    int8_t scale;      //  Power of ten from there to the point's unit
} dlt_field_t;

//  How the fields of a row follow each other.
typedef enum {
    DLT_ONCE,    //  All of them
    DLT_TARIFF,  //  All of them for each tariff; the DI says which one, or all
    DLT_EVERY,   //  Likewise, always all tariffs
    DLT_LIST     //  One of them by the DI, or all
} dlt_repeat_t;

#define DLT_NOWHERE 32  //  A shift: the DI has no such part

typedef struct {
    uint32_t di;        //  Zero where it varies
    uint32_t mask;      //  Bits that do not vary
    uint16_t first;     //  Its first field
    uint8_t count;      //  Fields
    bool old;           //  Edition 1997: a DI of two bytes whose variable parts have four bits
    uint8_t repeat;     //  dlt_repeat_t
    uint8_t freeze;     //  freeze_t
    uint8_t member_at;  //  Shift of tariff or member of the list, or DLT_NOWHERE
    uint8_t base;       //  LIST: number of the first member
    uint8_t period_at;  //  Shift of the settlement period, or DLT_NOWHERE
    uint8_t nth_at;     //  Shift of the number of the freeze (1: the latest), or DLT_NOWHERE
    uint8_t period;     //  Settlement period, where the DI has no such part
    bool only_heard;    //  Never asked for
    bool writable;      //  Its field may be written
    const char *block;  //  As explain shows all of a list; "" not shown
} dlt_row_t;

extern const dlt_field_t dlt_fields[];
extern const dlt_row_t dlt_rows[];
extern const uint16_t dlt_row_count;

#endif
