//  `own` lines of a profile: a terminal's parameters, byte by byte.
#include "fep/profile_parse.h"
#include <stdlib.h>

enum { FN_MAX = 248, PN_MAX = 2040 };

//  Words of hex digits, two a byte. False: something else is in them, or too much.
static bool s_bytes (const parse_t *self, profile_own_t *own)
{
    for (size_t i = OWN_WORDS_MIN - 1; i < self->count; i++) {
        const char *digits = self->words[i];
        for (; *digits; digits += 2) {
            int high = bytes_hex_digit (digits[0]), low = bytes_hex_digit (digits[1]);
            if (high < 0 || low < 0 || own->size == PROFILE_OWN_BYTES_MAX) {
                return false;
            }
            own->bytes[own->size++] = (uint8_t) (high << 4 | low);
        }
    }
    return true;
}

fep_err_t parse_own (parse_t *self)
{
    profile_t *profile = self->profile;
    profile_own_t own = {.size = 0};
    int64_t fn, pn;
    if (!parse_number (self->words[1], 1, FN_MAX, &fn) ||
        !parse_number (self->words[2], 0, PN_MAX, &pn)) {
        return parse_fault (self, FEP_RANGE, "own '%s' '%s'; allowed are FN 1..%d and PN 0..%d",
                            self->words[1], self->words[2], FN_MAX, PN_MAX);
    }
    if (!s_bytes (self, &own)) {
        return parse_fault (self, FEP_SYNTAX,
                            "own %s %s: allowed are words of hex digits, two a byte, 1..%d bytes",
                            self->words[1], self->words[2], PROFILE_OWN_BYTES_MAX);
    }
    own.fn = (uint8_t) fn;
    own.pn = (uint16_t) pn;
    for (size_t i = 0; i < profile->own_count; i++) {
        if (profile->own[i].fn == own.fn && profile->own[i].pn == own.pn) {
            return parse_fault (self, FEP_EXISTS, "own %s %s again; allowed is one", self->words[1],
                                self->words[2]);
        }
    }
    if (profile->own_count == PROFILE_OWN_MAX) {
        return parse_fault (self, FEP_LIMIT, "too many own lines; allowed are %d", PROFILE_OWN_MAX);
    }
    if (!profile->own) {
        profile->own = calloc (PROFILE_OWN_MAX, sizeof *profile->own);
    }
    if (!profile->own) {
        return parse_fault (self, FEP_FULL, "no memory");
    }
    profile->own[profile->own_count++] = own;
    return FEP_OK;
}
