//  Text in aligned columns for people. A column whose cells are all numbers stands to the right.
#ifndef TOOLS_TABLE_H
#define TOOLS_TABLE_H

#include <stddef.h>

#define TABLE_COLUMNS_MAX 16

typedef struct table table_t;

//  Gives an empty table of so many columns; asserts on lack of memory.
table_t *table_new (size_t columns);
void table_destroy (table_t **self_p);

//  The headings, if any, come first. Text is copied; control characters become '?'.
void table_head (table_t *self, const char *text);
void table_cell (table_t *self, const char *text);

//  To stdout, each line indented; the table is empty afterwards, but keeps its widths and headings,
//  which are printed once.
void table_print (table_t *self, int indent);

#endif
