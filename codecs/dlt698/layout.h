//  The shape of the tables made from codecs/maps/dlt698.map.
#ifndef CODECS_DLT698_LAYOUT_H
#define CODECS_DLT698_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

//  How an attribute's Data is made of values.
typedef enum {
    SHAPE_ONE,      //  A value
    SHAPE_LIST,     //  An array, or one of its elements: a point each
    SHAPE_TARIFFS,  //  An array of total and tariffs, or one of its elements: a family of points
    SHAPE_DEMANDS,  //  The same of structures {value, time}: two families
    SHAPE_STRUCT    //  A structure: a point each
} d698_shape_t;

//  An attribute of an object.
typedef struct {
    uint16_t oi;        //  Object identifier
    uint8_t attribute;  //  1..31
    uint8_t shape;      //  d698_shape_t
    int8_t exponent;    //  Of whole numbers, scaled to the point's unit
    uint8_t write;      //  Tag of the Data that is written; 0: read only
    uint8_t count;      //  Points
    uint16_t quality;   //  QUALITY_SECONDARY or 0
    uint16_t first;     //  Of d698_points
} d698_object_t;

//  What latches registers, and how that counts.
typedef struct {
    uint16_t oi;
    uint8_t freeze;  //  freeze_t
} d698_freeze_t;

typedef struct {
    uint16_t oi;
    const char *name;  //  As in POINT_EVENT_NAME
} d698_event_t;

//  Each sorted by OI, objects then by attribute.
extern const d698_object_t d698_objects[];
extern const uint16_t d698_object_count;
extern const uint32_t d698_points[];
extern const d698_freeze_t d698_freezes[];
extern const uint16_t d698_freeze_count;
extern const d698_event_t d698_events[];
extern const uint16_t d698_event_count;

//  The row of an OAD; features and element do not count. NULL: there is none.
const d698_object_t *d698_object_find (uint32_t oad);

//  The first row that shows the point; NULL: none does.
const d698_object_t *d698_object_of (uint32_t point);

//  What a frozen object counts as; -1: it is none.
int d698_freeze_of (uint16_t oi);

//  The object of a kind of freezing; 0: none.
uint16_t d698_freeze_oi (uint8_t freeze);

//  The name of an event object; NULL: none.
const char *d698_event_name (uint16_t oi);

#endif
