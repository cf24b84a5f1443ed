//  A-XDR as JSON, for people.
#ifndef CODECS_DLT698_EXPLAIN_H
#define CODECS_DLT698_EXPLAIN_H

#include "codecs/dlt698/axdr.h"
#include "codecs/dlt698/link.h"

//  Octets as digits, two each: upper case for identifiers, lower for contents.
void d698_json_upper (json_t *out, bytes_t bytes);
void d698_pair_upper (json_t *out, const char *key, bytes_t bytes);

//  The next n bytes, by key.
void d698_pair_next_upper (json_t *out, const char *key, reader_t *in, size_t n);
void d698_pair_next_hex (json_t *out, const char *key, reader_t *in, size_t n);

//  "2016-05-19 wk4 08:05:00.164" of 10 bytes, "2016-05-19 08:05:00" of 7.
void d698_json_date_time (json_t *out, const uint8_t *p, size_t size);

//  One Data: null, {"dlu":1}, {"array":[..]}, ...
void d698_json_data (json_t *out, reader_t *in);

//  What stands without a tag.
void d698_json_ti (json_t *out, reader_t *in);  //  Without the braces
void d698_json_tsa (json_t *out, reader_t *in);
void d698_json_csd (json_t *out, reader_t *in);
void d698_json_rcsd (json_t *out, reader_t *in);
void d698_json_rsd (json_t *out, reader_t *in);

//  {"apdu": ..} without the braces, from its tag on. False if it cannot be read; what was written is then taken back.
bool d698_json_apdu (json_t *out, bytes_t apdu, unsigned depth);

//  The explain of the codec contract.
fep_err_t d698_explain (bytes_t frame, bool up, const codec_options_t *options, json_t *out);

#endif
