//  Listeners as CONFIG shows them, one row for each of their keys.
#include "tools/explain.h"
#include "codecs/codec.h"
#include "fep/wire.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LISTENERS_MAX 16
#define PATTERN_CHARACTERS 520
#define TEXT_BYTES 32768  //  JSON of one frame
#define SHOWN_BYTES 64    //  Of a frame, for people
#define SHOWN_TEXT 400    //  Characters of what it says

typedef struct {
    char section[32];         //  "listeners[0]"
    char name[33];            //  Its own
    codec_options_t options;  //  Likewise
    pattern_t registration;   //  That options may point to
    pattern_t heartbeat;      //  Likewise
} listener_t;

struct explain {
    listener_t listeners[LISTENERS_MAX];  //  In the order of the configuration
    size_t count;                         //  Of them
    char text[TEXT_BYTES];                //  Last explanation
};

//  The listener of a section, made at its first row; NULL if it is none.
static listener_t *s_listener (explain_t *self, const char *section)
{
    if (strncmp (section, "listeners[", 10) != 0) {
        return NULL;
    }
    for (size_t i = 0; i < self->count; i++) {
        if (strcmp (self->listeners[i].section, section) == 0) {
            return &self->listeners[i];
        }
    }
    if (self->count == LISTENERS_MAX) {
        return NULL;
    }
    listener_t *listener = &self->listeners[self->count++];
    snprintf (listener->section, sizeof listener->section, "%s", section);
    return listener;
}

static void s_take (listener_t *listener, bytes_t row)
{
    char key[32], text[PATTERN_CHARACTERS];
    wire_find_text (row, "key", key, sizeof key);
    wire_find_text (row, "value", text, sizeof text);
    if (strcmp (key, "name") == 0) {
        snprintf (listener->name, sizeof listener->name, "%.32s", text);
    }
    if (strcmp (key, "registration") == 0 &&
        pattern_parse (text, &listener->registration, NULL, 0) == FEP_OK) {
        listener->options.registration = &listener->registration;
    }
    if (strcmp (key, "heartbeat") == 0 &&
        pattern_parse (text, &listener->heartbeat, NULL, 0) == FEP_OK) {
        listener->options.heartbeat = &listener->heartbeat;
    }
    if (strcmp (key, "address_style") == 0) {
        listener->options.address_hex = strcmp (text, "hex") == 0;
    }
    if (strcmp (key, "password_size") == 0) {
        listener->options.password_size = (uint8_t) wire_find_int (row, "value", 16);
    }
}

explain_t *explain_new (bytes_t config)
{
    explain_t *self = calloc (1, sizeof *self);
    reader_t rows;
    FEP_ASSERT (self);
    if (!wire_find (config, "options", &rows)) {
        return self;
    }
    uint32_t count = wire_get_array (&rows);
    while (count-- > 0 && !rows.failed) {
        size_t start = rows.pos;
        char section[32];
        wire_skip (&rows);
        bytes_t row = bytes_of (rows.data + start, rows.pos - start);
        wire_find_text (row, "section", section, sizeof section);
        listener_t *listener = s_listener (self, section);
        if (listener) {
            s_take (listener, row);
        }
    }
    return self;
}

void explain_destroy (explain_t **self_p)
{
    free (*self_p);
    *self_p = NULL;
}

//  The last whole frame, or all bytes if the codec finds none.
static bytes_t s_last (const codec_t *codec, const codec_options_t *options, bool up, bytes_t bytes)
{
    const scan_context_t context = {.up = up, .options = options};
    bytes_t last = bytes;
    for (size_t used = 0; used < bytes.size;) {
        bytes_t window = bytes_of (bytes.data + used, bytes.size - used);
        scan_t scan = codec->scan (&context, window);
        if (scan.what == SCAN_MORE || !scan.size) {
            break;
        }
        if (scan.what == SCAN_FRAME) {
            last = bytes_of (window.data, scan.size);
        }
        used += scan.size;
    }
    return last;
}

bytes_t explain_frame (explain_t *self, const char *listener, const char *name, bool up,
                       bytes_t bytes)
{
    for (size_t i = 0; i < self->count; i++) {
        const listener_t *one = &self->listeners[i];
        const codec_t *codec = strcmp (one->name, listener) == 0 ? codec_find (name) : NULL;
        if (codec && bytes.size) {
            writer_t out = writer_of (self->text, sizeof self->text);
            json_t json = json_of (&out);
            bytes_t frame = s_last (codec, &one->options, up, bytes);
            fep_err_t error = codec->explain (frame, up, &one->options, &json);
            return error || out.failed ? bytes_of (NULL, 0) : writer_bytes (&out);
        }
    }
    return bytes_of (NULL, 0);
}

void explain_print (explain_t *self, const char *listener, const char *name, bool up, bytes_t bytes,
                    int indent)
{
    printf ("%*s", indent, "");
    for (size_t i = 0; i < bytes.size && i < SHOWN_BYTES; i++) {
        printf ("%02x", bytes.data[i]);
    }
    printf ("%s\n", bytes.size > SHOWN_BYTES ? " ..." : bytes.size ? "" : "-");
    bytes_t text = explain_frame (self, listener, name, up, bytes);
    if (text.size) {
        int shown = (int) (text.size > SHOWN_TEXT ? SHOWN_TEXT : text.size);
        printf ("%*s%.*s%s\n", indent, "", shown, (const char *) text.data,
                text.size > SHOWN_TEXT ? " ..." : "");
    }
}
