//  msgpack primitives on the bounded reader and writer: what pack.h and the doors' bodies are made of.
//  Never allocates, never trusts a length; reading fails sticky through reader_t.failed.
#ifndef FEP_WIRE_H
#define FEP_WIRE_H

#include "fep/bytes.h"

#define WIRE_DEPTH_MAX 8

typedef enum {
    WIRE_NIL,
    WIRE_BOOL,
    WIRE_INT,   //  Fits int64_t
    WIRE_UINT,  //  Larger than INT64_MAX
    WIRE_FLOAT,
    WIRE_STR,
    WIRE_BIN,
    WIRE_ARRAY,
    WIRE_MAP,
    WIRE_BAD  //  End of bytes, or a form we do not use (ext)
} wire_type_t;

//  Writing. Numbers take their shortest form.
void wire_put_nil (writer_t *out);
void wire_put_bool (writer_t *out, bool value);
void wire_put_uint (writer_t *out, uint64_t value);
void wire_put_int (writer_t *out, int64_t value);
void wire_put_float (writer_t *out, double value);
void wire_put_str (writer_t *out, bytes_t text);
void wire_put_text (writer_t *out, const char *text);
void wire_put_bin (writer_t *out, bytes_t bytes);
void wire_put_array (writer_t *out, uint32_t count);
void wire_put_map (writer_t *out, uint32_t count);

//  key and value in one call, for bodies that are maps.
void wire_pair_uint (writer_t *out, const char *key, uint64_t value);
void wire_pair_int (writer_t *out, const char *key, int64_t value);
void wire_pair_text (writer_t *out, const char *key, const char *text);
void wire_pair_bool (writer_t *out, const char *key, bool value);

//  A map whose number of pairs is known only at its end: returns a mark for wire_close_map.
//  The same for arrays. At most 65,535 elements.
size_t wire_open_map (writer_t *out);
void wire_close_map (writer_t *out, size_t mark, uint32_t count);
size_t wire_open_array (writer_t *out);
void wire_close_array (writer_t *out, size_t mark, uint32_t count);

//  Reading.
wire_type_t wire_peek (const reader_t *in);
void wire_get_nil (reader_t *in);
bool wire_get_bool (reader_t *in);
int64_t wire_get_int (reader_t *in);
uint64_t wire_get_uint (reader_t *in);
double wire_get_float (reader_t *in);
bytes_t wire_get_str (reader_t *in);     //  Borrowed
bytes_t wire_get_bin (reader_t *in);     //  Borrowed; accepts str too
uint32_t wire_get_array (reader_t *in);  //  Fails if there are fewer bytes than elements
uint32_t wire_get_map (reader_t *in);

//  Over one whole value, at most WIRE_DEPTH_MAX deep.
void wire_skip (reader_t *in);

//  Looks up a key in a map body. True and *value at the value if found. Duplicate keys: the first.
bool wire_find (bytes_t map, const char *key, reader_t *value);

//  The same of several keys in one walk, fastest if they stand in the map in that order: values[i] is at the value of
//  keys[i] where bit i of the answer is set. At most 64; duplicate keys: the first.
uint64_t wire_pick (bytes_t map, const char *const keys[], size_t count, reader_t values[]);

//  The value of a key, or fallback if absent or of another type. The text is copied and cut; it is
//  empty when there is none, and then the answer is false.
int64_t wire_find_int (bytes_t map, const char *key, int64_t fallback);
bool wire_find_text (bytes_t map, const char *key, char *text, size_t size);

#endif
