//  Short texts put together in a fixed buffer, without stdio.
#ifndef CODECS_GDW1376_TEXT_H
#define CODECS_GDW1376_TEXT_H

#include "fep/bytes.h"

#define GDW_TEXT_MAX 63

//  Text under construction; always ends with a zero; what does not fit is cut.
typedef struct {
    char text[GDW_TEXT_MAX + 1];
    size_t size;  //  Characters
} gdw_text_t;

static inline void gdw_text_char (gdw_text_t *self, char c)
{
    if (self->size < GDW_TEXT_MAX) {
        self->text[self->size++] = c;
        self->text[self->size] = 0;
    }
}

static inline void gdw_text_put (gdw_text_t *self, const char *text)
{
    while (*text) {
        gdw_text_char (self, *text++);
    }
}

//  Two hex digits a byte; upper: capitals.
static inline void gdw_text_hex (gdw_text_t *self, const uint8_t *p, size_t size, bool upper)
{
    const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        gdw_text_char (self, digits[p[i] >> 4]);
        gdw_text_char (self, digits[p[i] & 15]);
    }
}

//  The two digits of a packed decimal byte behind some text.
static inline void gdw_text_digits (gdw_text_t *self, const char *before, uint8_t two)
{
    gdw_text_put (self, before);
    gdw_text_hex (self, &two, 1, true);
}

//  A number behind some text.
static inline void gdw_text_number (gdw_text_t *self, const char *before, unsigned n)
{
    char digits[12];
    size_t count = 0;
    gdw_text_put (self, before);
    do {
        digits[count++] = (char) ('0' + n % 10);
        n /= 10;
    } while (n);
    while (count > 0) {
        gdw_text_char (self, digits[--count]);
    }
}

//  "10.0.0.7:7600" of an IPv4 address and a port, low byte first.
static inline void gdw_text_peer (gdw_text_t *self, const uint8_t *p)
{
    for (size_t i = 0; i < 4; i++) {
        gdw_text_number (self, i ? "." : "", p[i]);
    }
    gdw_text_number (self, ":", p[4] | (unsigned) p[5] << 8);
}

#endif
