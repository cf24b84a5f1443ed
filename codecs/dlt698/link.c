//  Link layer of DL/T 698.45: scan, the parts of a frame, and frames of our own.
#include "codecs/dlt698/link.h"
#include "fep/crc.h"

enum { START = 0x68, STOP = 0x16, PREAMBLE = 0xFE, SCRAMBLE = 0x33, LENGTH_UNIT = 0x4000 };

static scan_t s_skip (size_t size, fep_err_t reason)
{
    return (scan_t){SCAN_SKIP, size, reason};
}

static const scan_t s_more = {SCAN_MORE, 0, FEP_OK};

//  Bytes between 68 and 16 by L; 0 if a frame cannot be that long or short.
static size_t s_length (uint16_t l)
{
    size_t length = l & 0x3FFF;
    if (l & 0x8000) {
        return 0;
    }
    if (l & LENGTH_UNIT) {
        length *= 1024;
    }
    return length <= D698_LENGTH_MAX && length >= D698_OVERHEAD + 2 ? length : 0;
}

//  Octets of the server address by its first byte.
static size_t s_octets (uint8_t first)
{
    return (size_t) (first & 15) + 1;
}

//  From 68 on: MORE until the head is there and good.
static scan_t s_scan_frame (bytes_t window)
{
    const uint8_t *data = window.data;
    if (window.size < 3) {
        return s_more;
    }
    size_t length = s_length ((uint16_t) (data[1] | data[2] << 8));
    if (length == 0) {
        return s_skip (1, FEP_IMPLAUSIBLE);
    }
    if (window.size < 5) {
        return s_more;
    }
    size_t covered = 5 + s_octets (data[4]);
    if (length < covered + 4) {
        return s_skip (1, FEP_IMPLAUSIBLE);
    }
    if (window.size < 1 + covered + 2) {
        return s_more;
    }
    uint16_t hcs = crc_x25 (bytes_of (data + 1, covered));
    if (data[1 + covered] != (hcs & 0xFF) || data[2 + covered] != hcs >> 8) {
        return s_skip (1, FEP_CHECKSUM);
    }
    if (window.size < length + 2) {
        return s_more;
    }
    uint16_t fcs = crc_x25 (bytes_of (data + 1, length - 2));
    if (data[length - 1] != (fcs & 0xFF) || data[length] != fcs >> 8) {
        return s_skip (1, FEP_CHECKSUM);
    }
    if (data[length + 1] != STOP) {
        return s_skip (1, FEP_IMPLAUSIBLE);
    }
    return (scan_t){SCAN_FRAME, length + 2, FEP_OK};
}

//  Bytes up to the next that could begin a frame.
static size_t s_noise (bytes_t window)
{
    size_t i = 1;
    while (i < window.size && window.data[i] != START && window.data[i] != PREAMBLE) {
        i++;
    }
    return i;
}

//  A run of FE belongs to the frame behind it; one that no frame follows is noise.
scan_t d698_scan (const scan_context_t *context, bytes_t window)
{
    (void) context;
    size_t run = 0;
    while (run < window.size && window.data[run] == PREAMBLE) {
        run++;
    }
    if (run > D698_PREAMBLE_MAX) {
        return s_skip (run - D698_PREAMBLE_MAX, FEP_NOT_MINE);
    }
    if (run == window.size) {
        return s_more;
    }
    if (window.data[run] != START) {
        return s_skip (run ? run : s_noise (window), FEP_NOT_MINE);
    }
    scan_t scan = s_scan_frame (bytes_of (window.data + run, window.size - run));
    if (scan.what != SCAN_MORE) {
        scan.size += run;
    }
    return scan;
}

scan_t d698_scan_meter (const scan_context_t *context, bytes_t window)
{
    scan_t scan = d698_scan (context, window);
    d698_frame_t frame;
    if (scan.what == SCAN_FRAME &&
        d698_frame_read (bytes_of (window.data, scan.size), &frame) == FEP_OK &&
        (frame.control & D698_FUNCTION) == D698_LINK) {
        return s_skip (scan.size, FEP_NOT_MINE);
    }
    return scan;
}

fep_err_t d698_frame_read (bytes_t bytes, d698_frame_t *frame)
{
    memset (frame, 0, sizeof *frame);
    while (frame->preamble < D698_PREAMBLE_MAX && frame->preamble < bytes.size &&
           bytes.data[frame->preamble] == PREAMBLE) {
        frame->preamble++;
    }
    reader_t in = reader_of (bytes);
    (void) reader_take (&in, frame->preamble);
    if (reader_u8 (&in) != START) {
        return FEP_NOT_MINE;
    }
    size_t start = in.pos;
    uint16_t l = reader_u16le (&in);
    size_t length = s_length (l);
    if (in.failed || length == 0 || bytes.size != start + length + 1 ||
        bytes.data[bytes.size - 1] != STOP) {
        return FEP_NOT_MINE;
    }
    frame->length = l & 0x3FFF;
    frame->control = reader_u8 (&in);
    size_t octets = s_octets (in.data[in.pos]);
    frame->sa = reader_bytes (&in, octets + 1);
    frame->client = reader_u8 (&in);
    frame->covered = bytes_of (bytes.data + start, in.pos - start);
    (void) reader_u16le (&in);
    if (in.failed || reader_left (&in) < 3) {
        return FEP_TRUNCATED;
    }
    frame->user = reader_bytes (&in, reader_left (&in) - 3);
    return FEP_OK;
}

fep_err_t d698_frame_check (const d698_frame_t *frame)
{
    const uint8_t *hcs = frame->covered.data + frame->covered.size;
    const uint8_t *fcs = frame->user.data + frame->user.size;
    size_t size = (size_t) (fcs - frame->covered.data);
    uint16_t head = crc_x25 (frame->covered);
    uint16_t whole = crc_x25 (bytes_of (frame->covered.data, size));
    bool good = hcs[0] == (head & 0xFF) && hcs[1] == head >> 8 && fcs[0] == (whole & 0xFF) &&
                fcs[1] == whole >> 8;
    return good ? FEP_OK : FEP_CHECKSUM;
}

bytes_t d698_user (const d698_frame_t *frame, uint8_t *room)
{
    if (!(frame->control & D698_SCRAMBLED)) {
        return frame->user;
    }
    for (size_t i = 0; i < frame->user.size; i++) {
        room[i] = (uint8_t) (frame->user.data[i] - SCRAMBLE);
    }
    return bytes_of (room, frame->user.size);
}

void d698_address_text (bytes_t sa, char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t n = 0;
    for (size_t i = sa.size; i > 1; i--) {
        text[n++] = digits[sa.data[i - 1] >> 4];
        text[n++] = digits[sa.data[i - 1] & 15];
    }
    text[n] = 0;
}

size_t d698_address_octets (const char *text, uint8_t octets[D698_OCTETS_MAX])
{
    size_t length = strlen (text);
    size_t odd = length & 1;
    if (length + odd > 2 * D698_OCTETS_MAX) {
        return 0;
    }
    memset (octets, 0, D698_OCTETS_MAX);
    for (size_t i = 0; i < length; i++) {
        int digit = bytes_hex_digit (text[i]);
        if (digit < 0) {
            return 0;
        }
        size_t at = i + odd;
        octets[at / 2] = (uint8_t) (octets[at / 2] | digit << (at & 1 ? 0 : 4));
    }
    return (length + odd) / 2;
}

size_t d698_open (writer_t *out, const d698_peer_t *peer, uint8_t control)
{
    size_t mark = out->size;
    writer_u8 (out, START);
    writer_u16le (out, 0);
    writer_u8 (out, (uint8_t) (control | (peer->scrambled ? D698_SCRAMBLED : 0)));
    writer_put (out, peer->sa, peer->sa_size);
    writer_u8 (out, peer->client);
    writer_u16le (out, 0);
    return mark;
}

static void s_put_u16 (uint8_t *at, uint16_t value)
{
    at[0] = (uint8_t) value;
    at[1] = (uint8_t) (value >> 8);
}

void d698_close (writer_t *out, size_t mark)
{
    if (out->failed) {
        return;
    }
    size_t length = out->size - mark - 1 + 2;
    if (length > D698_LENGTH_MAX) {
        out->failed = true;
        return;
    }
    uint8_t *head = out->data + mark + 1;
    size_t covered = 5 + s_octets (head[3]);
    s_put_u16 (head, (uint16_t) length);
    s_put_u16 (head + covered, crc_x25 (bytes_of (head, covered)));
    for (size_t i = covered + 2; head[2] & D698_SCRAMBLED && i < length - 2; i++) {
        head[i] = (uint8_t) (head[i] + SCRAMBLE);
    }
    writer_u16le (out, crc_x25 (bytes_of (head, length - 2)));
    writer_u8 (out, STOP);
}
