//  Short texts put together in a fixed buffer, without stdio.
#ifndef FEP_TEXT_H
#define FEP_TEXT_H

#include "fep/bytes.h"

#define TEXT_CHARACTERS 95

//  Text under construction; always ends with a zero; what does not fit is cut.
typedef struct {
    char text[TEXT_CHARACTERS + 1];
    size_t size;  //  Characters
} text_t;

static inline void text_char (text_t *self, char c)
{
    if (self->size < TEXT_CHARACTERS) {
        self->text[self->size++] = c;
        self->text[self->size] = 0;
    }
}

static inline void text_put (text_t *self, const char *text)
{
    while (*text) {
        text_char (self, *text++);
    }
}

//  Two hex digits a byte; upper: capitals.
static inline void text_hex (text_t *self, const uint8_t *p, size_t size, bool upper)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        text_char (self, digits[p[i] >> 4]);
        text_char (self, digits[p[i] & 15]);
    }
}

//  A byte in capital hex digits behind some text.
static inline void text_byte (text_t *self, const char *before, uint8_t byte)
{
    text_put (self, before);
    text_hex (self, &byte, 1, true);
}

//  A number behind some text.
static inline void text_number (text_t *self, const char *before, uint32_t number)
{
    char digits[10];
    size_t count = 0;
    text_put (self, before);
    do {
        digits[count++] = (char) ('0' + number % 10);
        number /= 10;
    } while (number);
    while (count > 0) {
        text_char (self, digits[--count]);
    }
}

#endif
