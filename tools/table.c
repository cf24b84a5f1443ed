//  Cells row by row in one growing array; widths counted as a terminal shows them.
#include "tools/table.h"
#include "fep/check.h"
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct table {
    size_t columns;                  //  1..TABLE_COLUMNS_MAX
    char *heads[TABLE_COLUMNS_MAX];  //  Headings, if any
    size_t head_count;               //  0 or columns
    bool head_printed;               //  They come once
    int widths[TABLE_COLUMNS_MAX];   //  As a terminal shows them
    bool text[TABLE_COLUMNS_MAX];    //  A cell is no number
    char **cells;                    //  Row by row
    size_t count;                    //  Used
    size_t capacity;                 //  Room
};

table_t *table_new (size_t columns)
{
    FEP_ASSERT (columns > 0 && columns <= TABLE_COLUMNS_MAX);
    table_t *self = calloc (1, sizeof *self);
    FEP_ASSERT (self);
    self->columns = columns;
    return self;
}

static void s_clear (table_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        free (self->cells[i]);
    }
    self->count = 0;
}

void table_destroy (table_t **self_p)
{
    FEP_ASSERT (self_p);
    table_t *self = *self_p;
    if (self) {
        s_clear (self);
        for (size_t i = 0; i < self->head_count; i++) {
            free (self->heads[i]);
        }
        free (self->cells);
        free (self);
        *self_p = NULL;
    }
}

//  Columns a terminal needs: one for a character, two for a Chinese one.
static int s_width (const char *text)
{
    int width = 0;
    for (const unsigned char *p = (const unsigned char *) text; *p; p++) {
        bool starts = (*p & 0xC0) != 0x80;
        width += starts ? (*p >= 0xE2 ? 2 : 1) : 0;
    }
    return width;
}

static char *s_copy (const char *text)
{
    char *copy = strdup (text);
    FEP_ASSERT (copy);
    for (char *p = copy; *p; p++) {
        if (iscntrl ((unsigned char) *p)) {
            *p = '?';
        }
    }
    return copy;
}

static void s_widen (table_t *self, size_t column, const char *text)
{
    int width = s_width (text);
    if (width > self->widths[column]) {
        self->widths[column] = width;
    }
}

void table_head (table_t *self, const char *text)
{
    FEP_ASSERT (self->head_count < self->columns);
    self->heads[self->head_count] = s_copy (text);
    s_widen (self, self->head_count++, text);
}

//  Digits with sign and point; "-" stands for none.
static bool s_is_number (const char *text)
{
    return !*text || strcmp (text, "-") == 0 ||
           (strspn (text, "+-.0123456789") == strlen (text) &&
            strchr (text, '.') == strrchr (text, '.'));
}

void table_cell (table_t *self, const char *text)
{
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? self->capacity * 2 : 64;
        self->cells = realloc (self->cells, self->capacity * sizeof *self->cells);
        FEP_ASSERT (self->cells);
    }
    size_t column = self->count % self->columns;
    self->cells[self->count++] = s_copy (text);
    self->text[column] |= !s_is_number (text);
    s_widen (self, column, text);
}

static void s_print_row (const table_t *self, char *const *cells, int indent)
{
    size_t end = self->columns;
    while (end > 0 && !*cells[end - 1]) {
        end--;
    }
    printf ("%*s", end ? indent : 0, "");
    for (size_t i = 0; i < end; i++) {
        int pad = self->widths[i] - s_width (cells[i]);
        bool last = i + 1 == end;
        if (self->text[i]) {
            printf ("%s%*s%s", cells[i], last ? 0 : pad, "", last ? "" : "  ");
        } else {
            printf ("%*s%s%s", pad, "", cells[i], last ? "" : "  ");
        }
    }
    putchar ('\n');
}

void table_print (table_t *self, int indent)
{
    FEP_ASSERT (self->count % self->columns == 0);
    if (self->head_count == self->columns && !self->head_printed) {
        s_print_row (self, self->heads, indent);
        self->head_printed = true;
    }
    for (size_t i = 0; i < self->count; i += self->columns) {
        s_print_row (self, self->cells + i, indent);
    }
    s_clear (self);
}
