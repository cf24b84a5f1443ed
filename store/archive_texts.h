//  Texts of one kind in memory, by number and by name. Numbers are dense from 1 and never given to another name; a text
//  that was removed keeps its number.
#ifndef STORE_ARCHIVE_TEXTS_H
#define STORE_ARCHIVE_TEXTS_H

#include "store/archive_table.h"

struct archive_texts {
    archive_text_t **items;  //  Number n at n - 1; texts are theirs
    size_t count;            //  Numbers given so far
    size_t most;             //  Numbers there can be
    uint16_t *slots;         //  Hash by name, open: a number, or 0
    size_t slot_mask;        //  Slots - 1; a power of two - 1
};

//  What a kind is called, in differences and in the log; and what the keys of its rows begin with.
const char *archive_kind_name (archive_kind_t kind);
uint8_t archive_kind_prefix (archive_kind_t kind);

archive_texts_t *archive_texts_new (archive_kind_t kind);
void archive_texts_destroy (archive_texts_t **self_p);

//  Puts a text under its number, which must be known or the next one; copies name and text. An empty text: it is
//  removed. LIMIT, EXISTS (the name has another number).
FEP_MUST_CHECK
fep_err_t archive_texts_put (archive_texts_t *self, const archive_text_t *text);

//  Of those that were not removed; NULL if there is none. Valid until it is put again. next: the one behind it.
const archive_text_t *archive_texts_find (const archive_texts_t *self, bytes_t name);
const archive_text_t *archive_texts_at (const archive_texts_t *self, uint32_t number);
const archive_text_t *archive_texts_next (const archive_texts_t *self, uint32_t number);

//  The number of a name, removed or not; 0 = never given.
uint32_t archive_texts_number (const archive_texts_t *self, bytes_t name);

#endif
