//  The table made from codecs.def.
#include "codecs/codec.h"

#define CODEC(name) extern const codec_t codec_##name;
#include "codecs/codecs.def"
#undef CODEC

static const codec_t *const s_codecs[] = {
#define CODEC(name) &codec_##name,
#include "codecs/codecs.def"
#undef CODEC
};

const codec_t *codec_at (size_t i)
{
    return i < sizeof s_codecs / sizeof *s_codecs ? s_codecs[i] : NULL;
}

const codec_t *codec_find (const char *name)
{
    for (size_t i = 0; codec_at (i); i++) {
        if (strcmp (codec_at (i)->name, name) == 0) {
            return codec_at (i);
        }
    }
    return NULL;
}

static const char *const s_operations[OPERATION_COUNT] = {
    "point", "trip",     "permit_close", "close",       "alarm", "alarm_end",
    "keep",  "keep_end", "valve_open",   "valve_close", "reset", "freeze"};

const char *operation_name (unsigned operation)
{
    return operation < OPERATION_COUNT ? s_operations[operation] : "?";
}

bool operation_find (const char *name, uint8_t *operation)
{
    for (uint8_t i = 0; i < OPERATION_COUNT; i++) {
        if (strcmp (name, s_operations[i]) == 0) {
            *operation = i;
            return true;
        }
    }
    return false;
}
