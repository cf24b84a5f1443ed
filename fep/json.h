//  JSON output into a bounded writer; commas and escapes are its business. Fails sticky through the writer.
#ifndef FEP_JSON_H
#define FEP_JSON_H

#include "fep/bytes.h"
#include "fep/message.h"

typedef struct {
    writer_t *out;  //  Borrowed
    bool comma;     //  A value was written at this level
} json_t;

json_t json_of (writer_t *out);
void json_object (json_t *self);      //  {
void json_object_end (json_t *self);  //  }
void json_array (json_t *self);
void json_array_end (json_t *self);
void json_key (json_t *self, const char *key);
void json_null (json_t *self);
void json_bool (json_t *self, bool value);
void json_int (json_t *self, int64_t value);
void json_uint (json_t *self, uint64_t value);
void json_float (json_t *self, double value);
void json_text (json_t *self, const char *text);
//  True if all of it is well-formed UTF-8.
bool json_is_utf8 (bytes_t text);

void json_string (json_t *self, bytes_t text);  //  Invalid UTF-8 becomes U+FFFD
void json_hex (json_t *self, bytes_t bytes);    //  "68320032..", lower case

//  key and value in one call.
void json_pair_text (json_t *self, const char *key, const char *text);
void json_pair_int (json_t *self, const char *key, int64_t value);
void json_pair_bool (json_t *self, const char *key, bool value);
void json_pair_hex (json_t *self, const char *key, bytes_t bytes);

//  One msgpack value as JSON; bin as hex. Fails the reader on what it cannot read.
void json_wire (json_t *self, reader_t *in);

//  A message with its items as people read them: kind, terminal, mp, received, freeze, time, step,
//  items [{point, obis, value (exact, text) | null with absent, time, quality}], raw.
//  items: message->count of them, the message's first at items[0], whatever message->first says.
void json_message (json_t *self, const message_t *message, const item_t *items);

#endif
