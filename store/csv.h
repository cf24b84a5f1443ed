//  Comma-separated text, line by line: quotes as in RFC 4180 but no line breaks inside them; LF or
//  CRLF. A byte order mark at the start, blank lines and lines that begin with '#' are skipped.
#ifndef STORE_CSV_H
#define STORE_CSV_H

#include "fep/bytes.h"
#include "fep/error.h"

#define CSV_LINE_MAX 16383  //  Bytes of a line
#define CSV_FIELDS_MAX 32

typedef struct {
    reader_t in;                     //  What is left
    uint32_t line;                   //  Number of the line last read, from 1
    const char *why;                 //  After an error: what is wrong; static
    bytes_t fields[CSV_FIELDS_MAX];  //  Of that line, unquoted; borrowed from `text`
    size_t count;                    //  Of the fields
    char text[CSV_LINE_MAX + 1];     //  The fields' characters
} csv_t;

//  Borrows text until the last csv_next.
void csv_init (csv_t *self, bytes_t text);

//  The next line's fields. NOT_FOUND at the end; SYNTAX or LIMIT with line and why.
FEP_MUST_CHECK
fep_err_t csv_next (csv_t *self);

//  True if the bytes are well-formed UTF-8: shortest forms, no surrogates, at most U+10FFFF.
bool csv_is_utf8 (bytes_t bytes);

#endif
