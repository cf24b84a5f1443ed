//  Link layer of Q/GDW 376.1: scan, the parts of a frame, and frames of our own.
#include "codecs/gdw1376/link.h"
#include "fep/crc.h"

static scan_t s_skip (size_t size, fep_err_t reason)
{
    return (scan_t){SCAN_SKIP, size, reason};
}

//  The fixed head as far as it has come: false as soon as a byte rules a frame out.
static bool s_head_possible (const uint8_t *data, size_t size)
{
    if (size >= 2 && (data[1] & 3) == 0) {
        return false;
    }
    if (size >= 3 && (data[1] | data[2] << 8) >> 2 < GDW_USER_MIN) {
        return false;
    }
    return (size < 4 || data[3] == data[1]) && (size < 5 || data[4] == data[2]) &&
           (size < 6 || data[5] == 0x68);
}

scan_t gdw_scan (const scan_context_t *context, bytes_t window)
{
    (void) context;
    const uint8_t *data = window.data;
    if (window.size == 0) {
        return (scan_t){SCAN_MORE, 0, FEP_OK};
    }
    if (data[0] != 0x68) {
        const uint8_t *start = memchr (data, 0x68, window.size);
        return s_skip (start ? (size_t) (start - data) : window.size, FEP_NOT_MINE);
    }
    if (!s_head_possible (data, window.size)) {
        return s_skip (1, FEP_IMPLAUSIBLE);
    }
    if (window.size < GDW_HEAD) {
        return (scan_t){SCAN_MORE, 0, FEP_OK};
    }
    size_t user = (size_t) (data[1] | data[2] << 8) >> 2;
    size_t total = user + GDW_HEAD + GDW_TAIL;
    if (window.size < total) {
        return (scan_t){SCAN_MORE, 0, FEP_OK};
    }
    if (crc_sum8 (bytes_of (data + GDW_HEAD, user)) != data[total - 2]) {
        return s_skip (1, FEP_CHECKSUM);
    }
    if (data[total - 1] != 0x16) {
        return s_skip (1, FEP_IMPLAUSIBLE);
    }
    return (scan_t){SCAN_FRAME, total, FEP_OK};
}

//  Cuts n bytes off the end of the body.
static bool s_cut (bytes_t *body, size_t n, bytes_t *part)
{
    if (body->size < n) {
        return false;
    }
    body->size -= n;
    *part = bytes_of (body->data + body->size, n);
    return true;
}

bool gdw_wants_password (uint8_t afn)
{
    return afn == AFN_RESET || afn == AFN_SET || afn == AFN_CONTROL || afn == AFN_FILE ||
           afn == AFN_FORWARD;
}

fep_err_t gdw_frame_read (bytes_t bytes, bool up, const codec_options_t *options,
                          gdw_frame_t *frame)
{
    memset (frame, 0, sizeof *frame);
    reader_t in = reader_of (bytes);
    const uint8_t *head = reader_take (&in, GDW_HEAD);
    if (!head || head[0] != 0x68 || !s_head_possible (head, GDW_HEAD)) {
        return FEP_NOT_MINE;
    }
    frame->protocol = head[1] & 3;
    frame->user_size = (uint16_t) ((head[1] | head[2] << 8) >> 2);
    if (bytes.size != (size_t) frame->user_size + GDW_HEAD + GDW_TAIL) {
        return FEP_NOT_MINE;
    }
    frame->control = reader_u8 (&in);
    frame->address = reader_take (&in, GDW_ADDRESS);
    frame->afn = reader_u8 (&in);
    frame->seq = reader_u8 (&in);
    frame->body = reader_bytes (&in, (size_t) frame->user_size - GDW_USER_MIN);
    bool fits = true;
    if (frame->seq & GDW_TPV) {
        fits = s_cut (&frame->body, GDW_TP, &frame->tp);
    }
    if (fits && up && (frame->control & GDW_ACD)) {
        fits = s_cut (&frame->body, GDW_EC, &frame->ec);
    }
    //  It counts only if a unit fits before it: 130-2005 has none.
    if (fits && !up && gdw_wants_password (frame->afn) &&
        frame->body.size >= (size_t) options->password_size + 4) {
        fits = s_cut (&frame->body, options->password_size, &frame->pw);
    }
    return fits && !in.failed ? FEP_OK : FEP_TRUNCATED;
}

uint16_t gdw_a2 (const uint8_t *address)
{
    return (uint16_t) (address[2] | address[3] << 8);
}

void gdw_address_text (const uint8_t *address, bool hex, char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    unsigned a2 = gdw_a2 (address);
    text[0] = digits[address[1] >> 4];
    text[1] = digits[address[1] & 15];
    text[2] = digits[address[0] >> 4];
    text[3] = digits[address[0] & 15];
    size_t end = hex ? 8 : 9;
    unsigned base = hex ? 16 : 10;
    for (size_t i = end; i > 4; i--) {
        text[i - 1] = digits[a2 % base];
        a2 /= base;
    }
    text[end] = 0;
}

size_t gdw_frame_open (writer_t *out, uint8_t protocol, uint8_t control, const uint8_t *address,
                       uint8_t afn, uint8_t seq)
{
    size_t mark = out->size;
    uint8_t *head = writer_room (out, GDW_HEAD);
    if (head) {
        head[0] = 0x68;
        head[1] = protocol;
        head[5] = 0x68;
    }
    writer_u8 (out, control);
    writer_put (out, address, GDW_ADDRESS);
    writer_u8 (out, afn);
    writer_u8 (out, seq);
    return mark;
}

void gdw_frame_close (writer_t *out, size_t mark)
{
    if (out->failed) {
        return;
    }
    uint8_t *head = out->data + mark;
    size_t user = out->size - mark - GDW_HEAD;
    size_t length = user << 2 | head[1];
    head[1] = (uint8_t) length;
    head[2] = (uint8_t) (length >> 8);
    head[3] = head[1];
    head[4] = head[2];
    writer_u8 (out, crc_sum8 (bytes_of (head + GDW_HEAD, user)));
    writer_u8 (out, 0x16);
}

void gdw_put_unit (writer_t *out, uint16_t pn, uint16_t fn)
{
    unsigned p = pn ? pn - 1u : 0;
    unsigned f = fn - 1u;
    unsigned da1 = pn ? 1u << (p & 7) : 0;
    unsigned da2 = pn ? (p >> 3) + 1 : 0;
    writer_u8 (out, (uint8_t) da1);
    writer_u8 (out, (uint8_t) da2);
    writer_u8 (out, (uint8_t) (1u << (f & 7)));
    writer_u8 (out, (uint8_t) (f >> 3));
}

gdw_unit_t gdw_unit_read (reader_t *in)
{
    gdw_unit_t unit;
    unit.da1 = reader_u8 (in);
    unit.da2 = reader_u8 (in);
    unit.dt1 = reader_u8 (in);
    unit.dt2 = reader_u8 (in);
    return unit;
}

bool gdw_unit_valid (const gdw_unit_t *unit)
{
    bool point = (unit->da1 == 0) == (unit->da2 == 0);
    return point && unit->dt1 && unit->dt2 <= 30;
}
