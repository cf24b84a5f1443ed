//  Answers of the door and messages, for people (aligned, units, local times) and as JSON.
#ifndef TOOLS_SHOW_H
#define TOOLS_SHOW_H

#include "fep/bytes.h"
#include "fep/json.h"

//  A msgpack map to stdout for people: numbers with the unit their key ends with (_ms, _us, _s,
//  _bytes), instants as local time, maps below their key, arrays of maps as tables.
void show_map (bytes_t map);

//  An array of maps as one table; columns are the keys of its first row.
void show_rows (bytes_t array);

//  One JSON line to stdout of what write puts; FULL is said on stderr.
typedef void (show_write_t) (void *arg, json_t *json);
void show_json (show_write_t *write, void *arg);

//  A map as one line: what show_object puts.
void show_json_map (bytes_t map);

//  A map but for `token` as a JSON object.
void show_object (json_t *json, bytes_t map);

//  Every pair of a map but `token`, as pairs of the open JSON object.
void show_pairs (json_t *json, bytes_t map);

//  JSON text as it is, as a value.
void show_raw_json (json_t *json, bytes_t text);

//  A packed message for people: a line, and one for each item. where: sequence/index or topic
//  before it. False if it cannot be read.
bool show_message (const char *where, bytes_t packed);

//  The same as a JSON value; null if it cannot be read.
void show_message_json (json_t *json, bytes_t packed);

//  "1234.5 kWh", "-" for none. size 200 always suffices.
void show_value (const value_t *value, uint32_t point, char *text, size_t size);

#endif
