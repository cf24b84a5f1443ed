//  What codecs of terminals with own tasks share: how a setting of them stands in a message. Its items are the object
//  as the standard writes it ("6014", "F66"), its number, then one text for each field: its name, a blank, its value.
#ifndef CODECS_OWN_H
#define CODECS_OWN_H

#include "fep/message.h"

//  Longest JSON of a setting.
#define OWN_JSON_MAX 16384

//  Items of the batch's last message, a READING of the terminal itself. fields: a JSON object, its members are the
//  fields. A field longer than a text goes on in further ones that begin with a blank.
void own_put (batch_t *batch, const char *object, uint32_t number, bytes_t fields);

#endif
