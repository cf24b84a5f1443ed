//  Transparent gateways (DTU) on 4G or NB-IoT: a serial line behind a TCP connection that the gateway dials. There is
//  no standard; what vendors agree on is
//
//      RR..  HH..  LL..
//
//  R  registration: who it is, once after connecting, in front of each packet, or both
//  H  heartbeat: that it is there, when it likes, also between the bytes of the line
//  L  the line's bytes, both ways, unframed: frames of the carried meter protocol, cut and joined anyhow
//
//  What R and H look like is said by patterns (fep/pattern.h). None of them has a checksum. Gateways send at most
//  1,024 bytes at once and we to them.
//
//  Not supported: gateways with a framed protocol of their own (Hongdian DDP, Caimore), AT commands over the
//  connection. Known limit: a heartbeat inside an answer's bytes spoils that answer; the request is repeated.
#include "codecs/codec.h"
#include "fep/point.h"

#define SEND_MAX 1024  //  Bytes of one packet, either direction

typedef struct {
    bool registered;  //  LOGIN was said
} dtu_state_t;

//  --- Scan

static scan_t s_skip (fep_err_t reason, size_t size)
{
    return (scan_t){SCAN_SKIP, size, reason};
}

//  Looks for a packet of the pattern at the head; the result is joined with that of the look before: what may still
//  become longer wins, then what is longer. Once the gateway's name is known, bytes that would name somebody else are
//  none: a pattern like {mac} fits anything, an answer behind noise too.
static void s_look (const scan_context_t *context, const pattern_t *pattern, bytes_t window,
                    pattern_match_t *best, size_t *size)
{
    pattern_found_t found;
    pattern_match_t match = PATTERN_NO;
    if (pattern) {
        match = pattern_find (pattern, window, context->quiet, &found);
    }
    if (match == PATTERN_YES && found.part && context->address.size &&
        !bytes_equal (context->address, bytes_text (found.id))) {
        match = PATTERN_NO;
    }
    if (match == PATTERN_YES && found.size > *size) {
        *size = found.size;
    }
    if (match == PATTERN_MORE || *best == PATTERN_NO) {
        *best = match;
    }
}

//  What of the gateway's own stands at the head.
static pattern_match_t s_own (const scan_context_t *context, bytes_t window, size_t *size)
{
    pattern_match_t best = PATTERN_NO;
    *size = 0;
    s_look (context, context->options->heartbeat, window, &best, size);
    if (context->up) {
        s_look (context, context->options->registration, window, &best, size);
    }
    return best;
}

//  A packet that fits nothing. Where any packet's end could be a name, it goes as a whole; else byte by byte.
static scan_t s_refuse (const scan_context_t *context, bytes_t window)
{
    const codec_options_t *options = context->options;
    bool unnamed = context->up && !context->address.size;
    if (unnamed && options->registration && pattern_unanchored (options->registration)) {
        bool whole = context->quiet || window.size >= SEND_MAX;
        return whole ? s_skip (FEP_NOT_MINE, window.size) : (scan_t){.what = SCAN_MORE};
    }
    bool judged = context->line.what == SCAN_SKIP && context->line.reason;
    return s_skip (judged ? context->line.reason : FEP_NOT_MINE, 1);
}

//  The line's frames come first: what can begin the awaited answer is not eaten as a heartbeat.
static scan_t s_scan (const scan_context_t *context, bytes_t window)
{
    static const scan_t more = {.what = SCAN_MORE};
    const scan_t *line = &context->line;
    size_t size = 0;
    if (window.size == 0) {
        return more;
    }
    if (context->up && (line->what == SCAN_FRAME || line->what == SCAN_LINE)) {
        return (scan_t){SCAN_LINE, line->size, FEP_OK};
    }
    if (context->up && line->what == SCAN_MORE && window.size < SEND_MAX) {
        return more;
    }
    switch (s_own (context, window, &size)) {
    case PATTERN_YES:
        return (scan_t){SCAN_FRAME, size, FEP_OK};
    case PATTERN_MORE:
        return more;
    default:
        return s_refuse (context, window);
    }
}

//  --- Decode

//  Whether the frame is one packet of the pattern.
static bool s_fits (const pattern_t *pattern, bytes_t frame, pattern_found_t *found)
{
    return pattern && pattern_find (pattern, frame, true, found) == PATTERN_YES &&
           found->size == frame.size;
}

static message_t *s_message (codec_io_t *io, message_kind_t kind, bytes_t address, bytes_t frame)
{
    bytes_t whose = batch_keep (io->batch, address);
    bytes_t raw = batch_keep (io->batch, frame);
    message_t *message = batch_message (io->batch, kind);
    message->received_ms = io->wall_ms;
    message->address = whose;
    message->raw = raw;
    return message;
}

static fep_err_t s_beat (codec_io_t *io, bytes_t frame, const pattern_found_t *found)
{
    if (found->part && !bytes_equal (io->address, bytes_text (found->id))) {
        return FEP_NOT_MINE;
    }
    (void) s_message (io, MESSAGE_HEARTBEAT, io->address, frame);
    if (io->options->heartbeat_echo) {
        writer_put (io->send, frame.data, frame.size);
    }
    return io->batch->failed ? FEP_LIMIT : FEP_OK;
}

//  Said again, in front of each packet or as a sign of life, a registration is no news.
static fep_err_t s_register (dtu_state_t *state, codec_io_t *io, bytes_t frame,
                             const pattern_found_t *found)
{
    if (state->registered) {
        return FEP_OK;
    }
    (void) s_message (io, MESSAGE_LOGIN, bytes_text (found->id), frame);
    batch_item (io->batch, POINT_LINK_STATE, value_decimal (1, 0, 0));
    state->registered = !io->batch->failed;
    return io->batch->failed ? FEP_LIMIT : FEP_OK;
}

static fep_err_t s_decode (void *self, bytes_t frame, codec_io_t *io)
{
    dtu_state_t *state = self;
    pattern_found_t who, beat;
    io->mark = 0;
    io->answer = ANSWER_NONE;
    io->answer_code = 0;
    io->bye = false;
    io->raw_units = 0;
    bool beats = s_fits (io->options->heartbeat, frame, &beat);
    bool registers = s_fits (io->options->registration, frame, &who) && who.id[0] &&
                     (!io->address.size || bytes_equal (io->address, bytes_text (who.id)));
    if (!io->address.size && beats && !registers) {
        return FEP_SEQUENCE;
    }
    if (beats && (state->registered || !registers)) {
        return s_beat (io, frame, &beat);
    }
    return registers ? s_register (state, io, frame, &who) : FEP_NOT_MINE;
}

//  --- The other way

static fep_err_t s_encode (void *self, request_t *request, codec_io_t *io)
{
    (void) self;
    (void) request;
    (void) io;
    return FEP_UNSUPPORTED;
}

static fep_err_t s_wrap (void *self, bytes_t frame, codec_io_t *io)
{
    (void) self;
    if (frame.size > SEND_MAX) {
        return FEP_LIMIT;
    }
    writer_put (io->send, frame.data, frame.size);
    return FEP_OK;
}

//  --- For people

static fep_err_t s_address (bytes_t frame, bool up, const codec_options_t *options,
                            char text[ADDRESS_MAX + 1])
{
    pattern_found_t found;
    bool fits = up && s_fits (options->registration, frame, &found);
    if (!fits && !s_fits (options->heartbeat, frame, &found)) {
        return FEP_NOT_MINE;
    }
    memcpy (text, found.id, sizeof found.id);
    return found.id[0] ? FEP_OK : FEP_NOT_FOUND;
}

static bool s_is_text (bytes_t bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        if (bytes.data[i] < 0x20 || bytes.data[i] > 0x7E) {
            return false;
        }
    }
    return true;
}

static const char *s_key (const pattern_part_t *part)
{
    if (part->kind == PART_DIGITS) {
        return part->letters ? "iccid" : "imei";
    }
    return part->kind == PART_HEX && part->size == 6 ? "mac" : "id";
}

static void s_put_hex (json_t *out, const char *key, const uint8_t *from, const uint8_t *end)
{
    if (from < end) {
        json_pair_hex (out, key, bytes_of (from, (size_t) (end - from)));
    }
}

static fep_err_t s_explain (bytes_t frame, bool up, const codec_options_t *options, json_t *out)
{
    pattern_found_t found;
    bool registers = up && s_fits (options->registration, frame, &found);
    if (!registers && !s_fits (options->heartbeat, frame, &found)) {
        return FEP_NOT_MINE;
    }
    const uint8_t *end = frame.data + frame.size;
    json_object (out);
    json_pair_text (out, "kind", registers ? "registration" : "heartbeat");
    if (s_is_text (frame)) {
        json_key (out, "ascii");
        json_string (out, frame);
    } else if (!found.part) {
        json_pair_hex (out, "hex", frame);
    } else {
        s_put_hex (out, "prefix_hex", frame.data, frame.data + found.from);
        s_put_hex (out, "suffix_hex", frame.data + found.from + found.length, end);
    }
    if (found.part) {
        json_pair_text (out, s_key (found.part), found.id);
    }
    json_object_end (out);
    return FEP_OK;
}

const codec_t codec_dtu = {.name = "dtu",
                           .frame_max = SEND_MAX,
                           .state_size = sizeof (dtu_state_t),
                           .scan = s_scan,
                           .decode = s_decode,
                           .encode = s_encode,
                           .wrap = s_wrap,
                           .tick = NULL,
                           .address = s_address,
                           .explain = s_explain};
