//  JSON as it comes, value by value: no tree, no memory, and every place has its line. Strict: RFC 8259, at most
//  JSON_IN_DEPTH deep. The name is not fep/json.h's, which writes.
#ifndef STORE_JSON_IN_H
#define STORE_JSON_IN_H

#include "fep/bytes.h"
#include "fep/error.h"

#define JSON_IN_DEPTH 16
#define JSON_IN_TEXT_MAX 1023  //  Bytes of a string or number

//  May be copied to come back to a place.
typedef struct {
    reader_t in;                      //  What is left
    uint32_t line;                    //  From 1: where it stands
    const char *why;                  //  After an error: what is wrong; static
    char text[JSON_IN_TEXT_MAX + 1];  //  The last string or number
    size_t size;                      //  Bytes of text
} json_in_t;

typedef enum {
    JSON_IN_OBJECT,
    JSON_IN_ARRAY,
    JSON_IN_STRING,
    JSON_IN_NUMBER,
    JSON_IN_WORD,  //  true, false, null
    JSON_IN_OTHER  //  No value begins here
} json_in_type_t;

//  Borrows text. A byte order mark is skipped.
void json_in_init (json_in_t *self, bytes_t text);

//  What the next value is; goes over white space to it.
json_in_type_t json_in_peek (json_in_t *self);

//  Into an array or object; then json_in_more before each element tells whether there is one, and leaves it
//  if not (first: none was read yet). SYNTAX with line and why, as all below.
FEP_MUST_CHECK
fep_err_t json_in_open (json_in_t *self, json_in_type_t type);
FEP_MUST_CHECK
fep_err_t json_in_more (json_in_t *self, json_in_type_t type, bool first, bool *more);

//  A key and its colon; a string; a number. Into text. LIMIT if it is too long.
FEP_MUST_CHECK
fep_err_t json_in_key (json_in_t *self);
FEP_MUST_CHECK
fep_err_t json_in_string (json_in_t *self);
FEP_MUST_CHECK
fep_err_t json_in_number (json_in_t *self);

//  Over a whole value of any kind.
FEP_MUST_CHECK
fep_err_t json_in_skip (json_in_t *self);

//  Nothing but white space may follow.
FEP_MUST_CHECK
fep_err_t json_in_end (json_in_t *self);

#endif
