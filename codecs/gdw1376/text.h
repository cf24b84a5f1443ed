//  Texts of this protocol.
#ifndef CODECS_GDW1376_TEXT_H
#define CODECS_GDW1376_TEXT_H

#include "fep/text.h"

//  "10.0.0.7:7600" of an IPv4 address and a port, low byte first.
static inline void gdw_text_peer (text_t *self, const uint8_t *p)
{
    for (size_t i = 0; i < 4; i++) {
        text_number (self, i ? "." : "", p[i]);
    }
    text_number (self, ":", p[4] | (uint32_t) p[5] << 8);
}

#endif
