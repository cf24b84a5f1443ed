//  Which protocol a stranger speaks.
#include "codecs/codec.h"

//  What an undecided session has for a codec: nothing is a frame of it.
static scan_t s_scan (const scan_context_t *context, bytes_t window)
{
    (void) context;
    return window.size ? (scan_t){SCAN_SKIP, 1, FEP_NOT_MINE} : (scan_t){.what = SCAN_MORE};
}

static fep_err_t s_decode (void *state, bytes_t frame, codec_io_t *io)
{
    (void) state;
    (void) frame;
    (void) io;
    return FEP_NOT_MINE;
}

static fep_err_t s_encode (void *state, request_t *request, codec_io_t *io)
{
    (void) state;
    (void) request;
    (void) io;
    return FEP_UNSUPPORTED;
}

static fep_err_t s_address (bytes_t frame, bool up, const codec_options_t *options,
                            char text[ADDRESS_MAX + 1])
{
    (void) frame;
    (void) up;
    (void) options;
    text[0] = 0;
    return FEP_NOT_MINE;
}

static fep_err_t s_explain (bytes_t frame, bool up, const codec_options_t *options, json_t *out)
{
    (void) frame;
    (void) up;
    (void) options;
    (void) out;
    return FEP_NOT_MINE;
}

const codec_t codec_undecided = {.name = CODEC_AUTO,
                                 .frame_max = 2048,
                                 .scan = s_scan,
                                 .decode = s_decode,
                                 .encode = s_encode,
                                 .address = s_address,
                                 .explain = s_explain};

//  One way of looking: with checksums, or without.
typedef struct {
    const codec_t *found;  //  The one that has a whole frame
    unsigned frames;       //  How many have
    size_t size;           //  Of the longest such frame
    unsigned more;         //  How many could have one with more bytes
} look_t;

static look_t s_look (uint64_t enabled, const scan_context_t *context, bytes_t window, bool checked)
{
    look_t look = {NULL, 0, 0, 0};
    for (size_t i = 0; codec_at (i); i++) {
        const codec_t *codec = codec_at (i);
        if (!(enabled >> i & 1) || codec->is_checked != checked) {
            continue;
        }
        scan_t scan = codec->scan (context, window);
        if (scan.what == SCAN_FRAME) {
            look.found = codec;
            look.frames++;
            look.size = scan.size > look.size ? scan.size : look.size;
        }
        look.more += scan.what == SCAN_MORE;
    }
    return look;
}

const codec_t *codec_guess (uint64_t enabled, const codec_options_t *options, bool up,
                            bytes_t window, bool quiet, size_t *skip)
{
    scan_context_t context = {.up = up, .options = options, .quiet = false};
    *skip = 0;
    if (!window.size) {
        return NULL;
    }
    look_t checked = s_look (enabled, &context, window, true);
    if (checked.frames) {
        //  A whole frame of two protocols tells nothing, and never will: look behind it.
        *skip = checked.frames > 1 ? checked.size : 0;
        return checked.frames == 1 ? checked.found : NULL;
    }
    look_t plain = s_look (enabled, &context, window, false);
    if (plain.frames == 1 && (quiet || !checked.more)) {
        return plain.found;
    }
    if (quiet || (!checked.more && !plain.more && !plain.frames)) {
        *skip = 1;
    }
    return NULL;
}

//  The first whole frame of a meter protocol in carried bytes; empty if there is none.
static bytes_t s_carried (const codec_t *codec, const scan_context_t *context, bytes_t line)
{
    for (size_t at = 0; at < line.size;) {
        bytes_t window = {line.data + at, line.size - at};
        scan_t scan = codec->scan (context, window);
        if (scan.what == SCAN_FRAME) {
            return bytes_of (window.data, scan.size);
        }
        at += scan.what == SCAN_SKIP ? scan.size : 1;
    }
    return bytes_of (NULL, 0);
}

const codec_t *codec_guess_meter (const codec_options_t *options, bool up, bytes_t line,
                                  bytes_t *frame)
{
    const scan_context_t context = {.up = up, .options = options, .quiet = true};
    const codec_t *found = NULL;
    *frame = bytes_of (NULL, 0);
    for (size_t i = 0; codec_at (i); i++) {
        bytes_t one =
            codec_at (i)->is_meter ? s_carried (codec_at (i), &context, line) : bytes_of (NULL, 0);
        //  The longest frame that begins first tells; a shorter one inside it is chance.
        bool better = one.size && (!frame->size || one.data < frame->data ||
                                   (one.data == frame->data && one.size > frame->size));
        if (better) {
            found = codec_at (i);
            *frame = one;
        }
    }
    return found;
}
