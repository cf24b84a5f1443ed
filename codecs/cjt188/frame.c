//  Frames: delimiting, fields, matching.
#include "codecs/cjt188/frame.h"
#include "codecs/cjt188/layout.h"
#include "fep/text.h"
#include "fep/crc.h"

//  Bytes FE at the head.
static size_t s_preamble (bytes_t window)
{
    size_t n = 0;
    while (n < window.size && window.data[n] == CJT_WAKE) {
        n++;
    }
    return n;
}

fep_err_t cjt_length (bytes_t window, size_t *size)
{
    size_t n = s_preamble (window);
    *size = 0;
    if (n > CJT_PREAMBLE_MAX || (n < window.size && window.data[n] != CJT_START)) {
        return FEP_NOT_MINE;
    }
    if (window.size >= n + CJT_HEAD) {
        *size = n + CJT_HEAD + window.data[n + CJT_HEAD - 1] + CJT_TAIL;
    }
    return FEP_OK;
}

static void s_fields (bytes_t frame, size_t preamble, cjt_frame_t *self)
{
    const uint8_t *p = frame.data + preamble;
    self->preamble = (uint8_t) preamble;
    self->type = p[1];
    self->address = p + CJT_ADDRESS_AT;
    self->control = p[CJT_CONTROL_AT];
    self->data = bytes_of (p + CJT_HEAD, p[CJT_HEAD - 1]);
}

fep_err_t cjt_read (bytes_t frame, cjt_frame_t *self)
{
    size_t size;
    size_t n = s_preamble (frame);
    fep_err_t error = cjt_length (frame, &size);
    if (error) {
        return error;
    }
    if (size == 0 || frame.size < size) {
        return FEP_TRUNCATED;
    }
    if (frame.size > size || frame.data[size - 1] != CJT_END) {
        return FEP_IMPLAUSIBLE;
    }
    if (crc_sum8 (bytes_of (frame.data + n, size - n - CJT_TAIL)) != frame.data[size - CJT_TAIL]) {
        return FEP_CHECKSUM;
    }
    s_fields (frame, n, self);
    return FEP_OK;
}

fep_err_t cjt_read_beginning (bytes_t frame, cjt_frame_t *self)
{
    size_t size;
    size_t n = s_preamble (frame);
    fep_err_t error = cjt_length (frame, &size);
    if (!error && size == 0) {
        error = FEP_TRUNCATED;
    }
    if (!error) {
        s_fields (frame, n, self);
        size_t left = frame.size - n - CJT_HEAD;
        self->data.size = self->data.size < left ? self->data.size : left;
    }
    return error;
}

//  ---- Identifier and SER ----

static bool s_in (const cjt_row_t *rows, size_t count, uint16_t di)
{
    for (size_t i = 0; i < count; i++) {
        if (di >= rows[i].di && di <= rows[i].last) {
            return true;
        }
    }
    return false;
}

static bool s_is_known (uint16_t di)
{
    return s_in (cjt_reads, cjt_read_count, di) || s_in (cjt_writes, cjt_write_count, di);
}

//  High bytes that identifiers begin with, those of the map and makers' beside them.
static bool s_is_group (uint8_t high)
{
    static const uint8_t groups[] = {0x90, 0x91, 0x81, 0xA0, 0xA1, 0xA2, 0xD1, 0xD2, 0xD3, 0xD4};
    return memchr (groups, high, sizeof groups) != NULL;
}

//  Is the high byte first?
static bool s_is_big (const uint8_t *p, bool big)
{
    bool high_first = s_is_known ((uint16_t) (p[0] << 8 | p[1]));
    bool low_first = s_is_known ((uint16_t) (p[1] << 8 | p[0]));
    if (high_first == low_first) {
        high_first = s_is_group (p[0]);
        low_first = s_is_group (p[1]);
    }
    return high_first == low_first ? big : high_first;
}

cjt_head_t cjt_head (bytes_t data, bool big, bool ser_first)
{
    cjt_head_t self = {.there = data.size >= CJT_DATA_HEAD, .body = {data.data, 0}};
    if (self.there) {
        const uint8_t *p = data.data + ser_first;
        self.wire[0] = p[0];
        self.wire[1] = p[1];
        self.big = s_is_big (p, big);
        self.di = (uint16_t) (self.big ? p[0] << 8 | p[1] : p[1] << 8 | p[0]);
        self.ser = data.data[ser_first ? 0 : 2];
        self.body = bytes_of (data.data + CJT_DATA_HEAD, data.size - CJT_DATA_HEAD);
    }
    return self;
}

//  ---- Matching ----

bool cjt_same_meter (const uint8_t *asked, const uint8_t *address)
{
    for (size_t i = 0; i < CJT_ADDRESS_SIZE; i++) {
        if (asked[i] != address[i] && asked[i] != CJT_ANYBODY) {
            return false;
        }
    }
    return true;
}

//  Does SER stand before the identifier? Where only that makes it a known one.
static bool s_ser_first (const uint8_t *p)
{
    bool behind =
        s_is_known ((uint16_t) (p[0] << 8 | p[1])) || s_is_known ((uint16_t) (p[1] << 8 | p[0]));
    return !behind && (s_is_known ((uint16_t) (p[1] << 8 | p[2])) ||
                       s_is_known ((uint16_t) (p[2] << 8 | p[1])));
}

uint8_t cjt_asked_ser (bytes_t asked)
{
    return asked.data[s_ser_first (asked.data) ? 0 : 2];
}

//  SER, and the identifier's bytes in either order.
static bool s_same_head (const uint8_t *asked, const uint8_t *got)
{
    size_t di = s_ser_first (asked);
    size_t ser = di ? 0 : 2;
    return asked[ser] == got[ser] && ((asked[di] == got[di] && asked[di + 1] == got[di + 1]) ||
                                      (asked[di] == got[di + 1] && asked[di + 1] == got[di]));
}

//  Of an abnormal answer: nothing, or SER and ST, or what a good one begins with.
static bool s_abnormal_fits (bytes_t asked, bytes_t got)
{
    return got.size == 0 || got.data[0] == cjt_asked_ser (asked) ||
           (got.size >= CJT_DATA_HEAD && s_same_head (asked.data, got.data));
}

bool cjt_answers (const cjt_frame_t *request, const cjt_frame_t *answer)
{
    bytes_t asked = request->data;
    bytes_t got = answer->data;
    uint8_t function = request->control & CJT_FUNCTION;
    if (!(answer->control & CJT_UP) || (answer->control & CJT_FUNCTION) != function) {
        return false;
    }
    bool renamed = function == CJT_WRITE_ADDRESS &&
                   asked.size == CJT_DATA_HEAD + CJT_ADDRESS_SIZE &&
                   memcmp (asked.data + CJT_DATA_HEAD, answer->address, CJT_ADDRESS_SIZE) == 0;
    if (!renamed && !cjt_same_meter (request->address, answer->address)) {
        return false;
    }
    if (asked.size < CJT_DATA_HEAD) {
        return true;
    }
    if (answer->control & CJT_ABNORMAL) {
        return s_abnormal_fits (asked, got);
    }
    return got.size >= CJT_DATA_HEAD && s_same_head (asked.data, got.data);
}

//  ---- Addresses ----

void cjt_address_text (const uint8_t *address, bool high_first, char text[ADDRESS_MAX + 1])
{
    text_t out = {"", 0};
    for (size_t i = 0; i < CJT_ADDRESS_SIZE; i++) {
        text_byte (&out, "", address[high_first ? i : CJT_ADDRESS_SIZE - 1 - i]);
    }
    memcpy (text, out.text, out.size + 1);
}

static int s_digit (char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char) (c & ~0x20);
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool cjt_address_wire (const char *text, size_t size, bool high_first, uint8_t *address)
{
    if (size == 0 || size > 2 * CJT_ADDRESS_SIZE) {
        return false;
    }
    memset (address, 0, CJT_ADDRESS_SIZE);
    for (size_t i = 0; i < size; i++) {
        int digit = s_digit (text[size - 1 - i]);
        size_t at = high_first ? CJT_ADDRESS_SIZE - 1 - i / 2 : i / 2;
        if (digit < 0) {
            return false;
        }
        address[at] = (uint8_t) (address[at] | digit << 4 * (i & 1));
    }
    return true;
}
