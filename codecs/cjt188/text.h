//  Short texts put together in a fixed buffer, without stdio.
#ifndef CODECS_CJT188_TEXT_H
#define CODECS_CJT188_TEXT_H

#include "fep/bytes.h"

#define CJT_TEXT_MAX 95

//  Text under construction; always ends with a zero; what does not fit is cut.
typedef struct {
    char text[CJT_TEXT_MAX + 1];
    size_t size;  //  Characters
} cjt_text_t;

static inline void cjt_text_char (cjt_text_t *self, char c)
{
    if (self->size < CJT_TEXT_MAX) {
        self->text[self->size++] = c;
        self->text[self->size] = 0;
    }
}

static inline void cjt_text_put (cjt_text_t *self, const char *text)
{
    while (*text) {
        cjt_text_char (self, *text++);
    }
}

static inline void cjt_text_byte (cjt_text_t *self, uint8_t byte)
{
    static const char digits[] = "0123456789ABCDEF";
    cjt_text_char (self, digits[byte >> 4]);
    cjt_text_char (self, digits[byte & 15]);
}

//  Bytes in hex, the last one first.
static inline void cjt_text_reversed (cjt_text_t *self, const uint8_t *p, size_t size)
{
    while (size > 0) {
        cjt_text_byte (self, p[--size]);
    }
}

//  A byte in hex behind some text.
static inline void cjt_text_named (cjt_text_t *self, const char *name, uint8_t byte)
{
    cjt_text_put (self, name);
    cjt_text_byte (self, byte);
}

#endif
