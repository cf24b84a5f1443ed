//  Pieces shared by the two files of explain: numbers and times as the published vectors write
//  them.
#ifndef CODECS_GDW1376_EXPLAIN_H
#define CODECS_GDW1376_EXPLAIN_H

#include "codecs/gdw1376/units.h"
#include "fep/json.h"

//  Writes the data of one Fn; fails the reader if bytes are missing (what was written is then taken
//  back).
typedef void (gdw_service_t) (json_t *out, reader_t *in);

//  How the data of an Fn are explained outside the map.
typedef enum {
    SERVICE_UNKNOWN,  //  The rest of the body is shown raw
    SERVICE_EMPTY,    //  No data
    SERVICE_DATA      //  By a function
} gdw_service_kind_t;

gdw_service_kind_t gdw_service_find (uint8_t afn, uint16_t fn, bool up, gdw_service_t **service);

//  "2018-08-28 16:18" and the like: the digits at p by their size (6, 5, 4, 3); Td_d, Td_m.
//  null if every byte is EE, "raw:.." if a nibble is no digit.
void gdw_json_time (json_t *out, const uint8_t *p, size_t size);
void gdw_json_date (json_t *out, const uint8_t *p, size_t size);

//  null or "raw:.." for bytes that are no value.
void gdw_json_absent (json_t *out, const uint8_t *p, size_t size);

//  Two hex digits a byte, upper case.
void gdw_pair_hex (json_t *out, const char *key, const uint8_t *p, size_t size);

#endif
