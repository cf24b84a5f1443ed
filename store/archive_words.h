//  Words that many terminals or measuring points share, each kept once under a number. Numbers are of one table only:
//  rows of the store have the text.
#ifndef STORE_ARCHIVE_WORDS_H
#define STORE_ARCHIVE_WORDS_H

#include "store/archive_table.h"

archive_words_t *archive_words_new (void);
void archive_words_destroy (archive_words_t **self_p);

//  The words of a table that its present terminals and their points use, under the same numbers. What nobody uses any
//  more makes room.
archive_words_t *archive_words_copy (const archive_table_t *table);

//  The number of a word, known or new; 0 for the empty one. RANGE: longer than ARCHIVE_NAME_MAX. LIMIT:
//  archive_words_most of that kind are there already.
FEP_MUST_CHECK
fep_err_t archive_words_put (archive_words_t *self, archive_word_t kind, bytes_t text,
                             uint32_t *number);

//  How many different ones of a kind there may be, and what it is called.
uint32_t archive_words_most (archive_word_t kind);
const char *archive_words_name (archive_word_t kind);

#endif
