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
    SERVICE_DATA,     //  By a function
    SERVICE_DOUBTED   //  By a function, and raw as well: no published frame shows it
} gdw_service_kind_t;

gdw_service_kind_t gdw_service_find (uint8_t afn, uint16_t fn, bool up, gdw_service_t **service);

//  Parameters: 04 and 0A F2, F4, F7, F33, F34, F35, F38 and F39, F65 to F68; 0A F10 down; 0F F1 down, up.
gdw_service_t gdw_explain_relays, gdw_explain_phones, gdw_explain_network, gdw_explain_schedules,
    gdw_explain_modules, gdw_explain_key_users, gdw_explain_classes, gdw_explain_task,
    gdw_explain_switch, gdw_explain_archive_asked, gdw_explain_segment, gdw_explain_segment_come;

//  "2018-08-28 16:18" and the like: the digits at p by their size (6, 5, 4, 3); Td_d, Td_m.
//  null if every byte is EE, "raw:.." if a nibble is no digit.
void gdw_json_time (json_t *out, const uint8_t *p, size_t size);
void gdw_json_date (json_t *out, const uint8_t *p, size_t size);

//  null or "raw:.." for bytes that are no value.
void gdw_json_absent (json_t *out, const uint8_t *p, size_t size);

//  The numbers of a mask's bits; p0 for an empty DA.
void gdw_pair_numbers (json_t *out, const char *key, uint8_t mask, int base, bool zero);

//  Two hex digits a byte, upper case.
void gdw_pair_hex (json_t *out, const char *key, const uint8_t *p, size_t size);

#endif
