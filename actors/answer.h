//  What an actor answers to a client of the door, on its way through control: ANSWER {client, word, body}.
#ifndef ACTORS_ANSWER_H
#define ACTORS_ANSWER_H

#include "fep/error.h"
#include "fep/wire.h"

//  Writes the ANSWER around a finished body, which lies in other memory. LIMIT: either was too small.
FEP_MUST_CHECK
fep_err_t answer_put (writer_t *out, bytes_t client, const char *word, const writer_t *body);

//  The body of an ERROR. text: NULL or "" = the error's own.
void answer_put_error (writer_t *body, int64_t token, fep_err_t error, const char *text);

#endif
