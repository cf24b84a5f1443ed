//  The tables made from codecs/maps/cjt188.map.
#ifndef CODECS_CJT188_LAYOUT_H
#define CODECS_CJT188_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

//  Kinds of meters, as a type byte T names them; bits of a mask.
enum {
    CJT_COLD = 1 << 0,
    CJT_HOT = 1 << 1,
    CJT_HEAT = 1 << 2,
    CJT_GAS = 1 << 3,
    CJT_POWER = 1 << 4,
    CJT_ANY = 31
};

typedef enum {
    CJT_VOLUME,  //  m3
    CJT_ENERGY,  //  kWh
    CJT_JOULE,   //  GJ
    CJT_KW,      //  kW
    CJT_RATE,    //  GJ/h
    CJT_FLOW     //  m3/h
} cjt_dimension_t;

//  What a quantity is; with class and dimension it is a point.
typedef enum {
    CJT_NO_ROLE,
    CJT_TOTAL,
    CJT_SETTLED,
    CJT_COOLING,
    CJT_FIRST,  //  SETTLED or COOLING, as the profile says
    CJT_HEAT_VOLUME,
    CJT_HEAT_POWER,
    CJT_FLOW_RATE
} cjt_role_t;

typedef enum {
    CJT_QUANTITY,  //  BCD and a unit
    CJT_NUMBER,    //  BCD
    CJT_TIME,      //  An item
    CJT_STAMP,     //  The instant of a freeze
    CJT_STATUS,    //  ST
    CJT_ADDRESS    //  The meter's, from the head; written: 7 bytes
} cjt_kind_t;

typedef struct {
    const char *name;  //  In explain
    uint32_t point;    //  0: no item, or by role
    uint8_t role;      //  cjt_role_t
    uint8_t kind;      //  cjt_kind_t
    uint8_t size;      //  Bytes of it
    uint8_t decimals;  //  Of QUANTITY and NUMBER
} cjt_field_t;

typedef struct {
    uint16_t di, last;  //  Identifiers, inclusive
    uint8_t function;   //  C without its flags
    uint8_t classes;    //  Mask
    uint8_t size;       //  Bytes behind identifier and SER
    uint8_t freeze;     //  freeze_t
    uint8_t first;      //  Of cjt_fields
    uint8_t count;      //  Of them
} cjt_row_t;

typedef struct {
    uint8_t from, to;  //  T, inclusive
    uint8_t class;     //  One bit
} cjt_type_t;

typedef struct {
    uint8_t code;
    uint8_t dimension;  //  cjt_dimension_t
    int8_t exponent;    //  Into the unit of the dimension
    const char *text;   //  As people write it
} cjt_unit_t;

typedef struct {
    uint8_t role;       //  cjt_role_t
    uint8_t class;      //  One bit
    uint8_t dimension;  //  cjt_dimension_t
    uint32_t point;
} cjt_point_t;

//  Each ends with a row of zeros, which `count` does not count.
extern const cjt_field_t cjt_fields[];
extern const cjt_row_t cjt_reads[];
extern const uint8_t cjt_read_count;
extern const cjt_row_t cjt_writes[];
extern const uint8_t cjt_write_count;
extern const cjt_type_t cjt_types[];
extern const uint8_t cjt_type_count;
extern const cjt_unit_t cjt_units[];
extern const uint8_t cjt_unit_count;
extern const cjt_point_t cjt_points[];
extern const uint8_t cjt_point_count;

#endif
