//  The compiled form of maps/gdw1376.map: what the data of each Fn and the content of each event
//  consist of.
#ifndef CODECS_GDW1376_LAYOUT_H
#define CODECS_GDW1376_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

//  How the bytes of a field are read.
typedef enum {
    FIELD_BCD,      //  Digits, low byte first
    FIELD_SIGNED,   //  Digits, top bit of the last byte is the sign
    FIELD_SCALED2,  //  A.2: three digits, sign, power of ten
    FIELD_SCALED3,  //  A.3: seven digits, sign, unit (times 1 or 1000)
    FIELD_TIME,     //  By size: 6 A.1, 5 A.15, 4 A.17 (no year), 3 A.18 (no month, no year)
    FIELD_TARIFFS,  //  M; arrays have M + 1 members
    FIELD_SUBJECT,  //  D11..0 measuring point, D15 start or end
    FIELD_BIN,      //  A number, low byte first
    FIELD_BITS,     //  Flags, low byte first
    FIELD_ASCII,    //  Characters
    FIELD_DATE,     //  A.20: day, month, year
    FIELD_ADDRESS,  //  IPv4 address, port
    FIELD_OPAQUE    //  Skipped; stays in the message's raw bytes
} field_kind_t;

//  What a field is for.
typedef enum {
    ROLE_VALUE,  //  An item; skipped if it has no point
    ROLE_TIME    //  The read time: of the message (class 1), no item (class 2)
} field_role_t;

//  How often a field occurs.
typedef enum {
    REPEAT_ONCE,
    REPEAT_TARIFFS,  //  M + 1 times, the point's tariff counts 0..M
    REPEAT_REST      //  Until the content ends
} field_repeat_t;

typedef struct {
    const char *name;  //  As explain shows it
    uint32_t point;    //  0: no item
    uint16_t quality;  //  Side of the ratios
    uint8_t kind;      //  field_kind_t
    uint8_t size;      //  Bytes of one
    int8_t exponent;   //  Of decimals
    uint8_t repeat;    //  field_repeat_t
    uint8_t role;      //  field_role_t
} gdw_field_t;

//  What stands before the fields.
typedef enum { TD_NONE, TD_DAY, TD_MONTH, TD_CURVE } gdw_td_t;

//  Which DA a layout is asked with.
typedef enum { SUBJECT_METER, SUBJECT_TERMINAL, SUBJECT_GROUP } gdw_subject_t;

#define GDW_NO_TARIFFS 0xFFFF

typedef struct {
    uint16_t first;       //  Index of its first field
    uint16_t count;       //  Fields
    uint16_t fixed;       //  Bytes without Td and arrays
    uint16_t per_tariff;  //  Bytes of all arrays per member
    uint16_t tariffs_at;  //  Offset of M behind Td, or GDW_NO_TARIFFS
    uint16_t exact;       //  0, or only if that many bytes are left in the body
    uint16_t other;       //  0, or 1 + the layout to try when exact does not hold
    uint16_t fn;          //  1..248
    uint8_t afn;          //  09, 0A, 0C or 0D
    uint8_t td;           //  gdw_td_t
    uint8_t freeze;       //  freeze_t
    uint8_t subject;      //  gdw_subject_t
} gdw_layout_t;

typedef struct {
    const char *name;  //  NULL: not in the table
    uint16_t first;    //  Index of its first field (behind the time)
    uint16_t count;    //  Fields
    uint16_t fixed;    //  Bytes of content with the time; arrays to the rest come on top
    uint16_t step;     //  Bytes of one member of the rest; 0 = the length is exact
} gdw_event_t;

#define GDW_CLASS_COUNT 4

//  Place of an AFN in the index; GDW_CLASS_COUNT: the map says nothing of it. 04 is laid out as 0A.
static inline unsigned gdw_class (uint8_t afn)
{
    static const uint8_t classes[16] = {4, 4, 4, 4, 2, 4, 4, 4, 4, 3, 2, 4, 0, 1, 4, 4};
    return afn < 16 ? classes[afn] : GDW_CLASS_COUNT;
}

#define GDW_FN_MAX 248
#define GDW_ERC_MAX 63

extern const gdw_field_t gdw_fields[];
extern const gdw_layout_t gdw_layouts[];
extern const uint16_t gdw_layout_count;
//  [class][fn]: 1 + layout, 0 = unknown
extern const uint16_t gdw_index[GDW_CLASS_COUNT][GDW_FN_MAX + 1];
extern const gdw_event_t gdw_events[GDW_ERC_MAX + 1];

#endif
