//  Frames: fields, checksum, addresses, and whose answer is whose.
#include "codecs/dlt645/frame.h"
#include "fep/crc.h"

static size_t s_preamble (bytes_t window)
{
    size_t count = 0;
    while (count < window.size && window.data[count] == DLT_WAKE) {
        count++;
    }
    return count;
}

fep_err_t dlt_length (bytes_t window, size_t *size)
{
    size_t wake = s_preamble (window);
    *size = 0;
    if (wake > DLT_PREAMBLE_MAX) {
        return FEP_NOT_MINE;
    }
    bytes_t rest = {window.data + wake, window.size - wake};
    if ((rest.size && rest.data[0] != DLT_START) || (rest.size > 7 && rest.data[7] != DLT_START)) {
        return FEP_NOT_MINE;
    }
    if (rest.size >= DLT_HEAD) {
        *size = wake + DLT_HEAD + rest.data[9] + DLT_TAIL;
    }
    return FEP_OK;
}

fep_err_t dlt_read (bytes_t bytes, dlt_frame_t *frame)
{
    size_t size;
    fep_err_t error = dlt_length (bytes, &size);
    if (error) {
        return error;
    }
    if (size == 0 || bytes.size < size) {
        return FEP_TRUNCATED;
    }
    size_t wake = s_preamble (bytes);
    const uint8_t *p = bytes.data + wake;
    size_t body = size - wake - DLT_TAIL;
    if (bytes.size != size || p[body + 1] != DLT_END) {
        return FEP_NOT_MINE;
    }
    if (crc_sum8 (bytes_of (p, body)) != p[body]) {
        return FEP_CHECKSUM;
    }
    frame->preamble = (uint8_t) wake;
    memcpy (frame->address, p + 1, DLT_ADDRESS);
    frame->control = p[8];
    frame->size = p[9];
    for (size_t i = 0; i < frame->size; i++) {
        frame->data[i] = (uint8_t) (p[DLT_HEAD + i] - DLT_OFFSET);
    }
    return FEP_OK;
}

void dlt_write (writer_t *out, const dlt_frame_t *frame)
{
    for (size_t i = 0; i < frame->preamble; i++) {
        writer_u8 (out, DLT_WAKE);
    }
    size_t at = out->size;
    writer_u8 (out, DLT_START);
    writer_put (out, frame->address, DLT_ADDRESS);
    writer_u8 (out, DLT_START);
    writer_u8 (out, frame->control);
    writer_u8 (out, frame->size);
    for (size_t i = 0; i < frame->size; i++) {
        writer_u8 (out, (uint8_t) (frame->data[i] + DLT_OFFSET));
    }
    if (!out->failed) {
        writer_u8 (out, crc_sum8 (bytes_of (out->data + at, out->size - at)));
        writer_u8 (out, DLT_END);
    }
}

//  03 is both; the identifiers of 2007's are 07xxxxxx.
bool dlt_is_old (const dlt_frame_t *frame)
{
    static const uint32_t old = 1u << DLT_OLD_READ | 1u << DLT_OLD_NEXT | 1u << DLT_OLD_WRITE |
                                1u << DLT_OLD_ADDRESS | 1u << DLT_OLD_BAUD |
                                1u << DLT_OLD_PASSWORD | 1u << DLT_OLD_CLEAR_DEMAND;
    if (dlt_function (frame) == DLT_SECURITY) {
        bool refused = frame->control & DLT_ERROR;
        return !refused && (frame->size < 4 || frame->data[3] != 0x07);
    }
    return old >> dlt_function (frame) & 1;
}

bool dlt_has_di (const dlt_frame_t *frame, uint32_t *di)
{
    static const uint32_t with = 1u << DLT_OLD_READ | 1u << DLT_OLD_NEXT | 1u << DLT_OLD_WRITE |
                                 1u << DLT_READ | 1u << DLT_NEXT | 1u << DLT_WRITE;
    size_t size = dlt_di_size (dlt_is_old (frame));
    *di = 0;
    if (!(with >> dlt_function (frame) & 1) || frame->control & DLT_ERROR || frame->size < size) {
        return false;
    }
    for (size_t i = size; i-- > 0;) {
        *di = *di << 8 | frame->data[i];
    }
    return true;
}

static bool s_overlap (const uint8_t *a, const uint8_t *b)
{
    for (size_t i = 0; i < DLT_ADDRESS; i++) {
        if (a[i] != b[i] && a[i] != DLT_ANY && b[i] != DLT_ANY) {
            return false;
        }
    }
    return true;
}

//  A meter that was given another address may answer with that.
static bool s_renamed (const dlt_frame_t *request, const dlt_frame_t *answer)
{
    return dlt_function (request) == DLT_WRITE_ADDRESS && request->size >= DLT_ADDRESS &&
           memcmp (request->data, answer->address, DLT_ADDRESS) == 0;
}

bool dlt_answers (const dlt_frame_t *request, const dlt_frame_t *answer)
{
    uint32_t asked, told;
    uint8_t function = dlt_function (request);
    if (!(answer->control & DLT_UP) || request->control & DLT_UP ||
        dlt_function (answer) != function ||
        (!s_overlap (request->address, answer->address) && !s_renamed (request, answer))) {
        return false;
    }
    bool read = function == DLT_READ || function == DLT_NEXT || function == DLT_OLD_READ ||
                function == DLT_OLD_NEXT;
    if (!read || answer->control & DLT_ERROR) {
        return true;
    }
    if (!dlt_has_di (request, &asked) || !dlt_has_di (answer, &told) || asked != told) {
        return false;
    }
    return function != DLT_NEXT || (request->size == 5 && answer->size >= 5 &&
                                    answer->data[answer->size - 1] == request->data[4]);
}

//  A refusal names address and function only, an acknowledgement likewise: that the identifiers differ does not help.
bool dlt_mistakable (bytes_t before, bytes_t next)
{
    dlt_frame_t a, b;
    return dlt_read (before, &a) == FEP_OK && dlt_read (next, &b) == FEP_OK &&
           dlt_function (&a) == dlt_function (&b) && dlt_function (&a) != DLT_TIME &&
           !dlt_is_broadcast (a.address) && s_overlap (a.address, b.address) &&
           !bytes_equal (before, next);
}

void dlt_address_text (const uint8_t address[DLT_ADDRESS], char text[ADDRESS_MAX + 1])
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < DLT_ADDRESS; i++) {
        uint8_t two = address[DLT_ADDRESS - 1 - i];
        text[2 * i] = digits[two >> 4];
        text[2 * i + 1] = digits[two & 15];
    }
    text[2 * DLT_ADDRESS] = 0;
}

fep_err_t dlt_address_parse (bytes_t text, uint8_t address[DLT_ADDRESS])
{
    memset (address, 0, DLT_ADDRESS);
    if (text.size == 0 || text.size > 2 * DLT_ADDRESS) {
        return FEP_RANGE;
    }
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[text.size - 1 - i];
        c = c == 'a' ? 'A' : c;
        if ((c < '0' || c > '9') && c != 'A') {
            return FEP_RANGE;
        }
        uint8_t digit = c == 'A' ? 10 : (uint8_t) (c - '0');
        address[i / 2] |= (uint8_t) (digit << (i % 2 ? 4 : 0));
    }
    for (size_t i = 0; i < DLT_ADDRESS; i++) {
        bool any = (address[i] >> 4) == 10 || (address[i] & 15) == 10;
        if (any && address[i] != DLT_ANY) {
            return FEP_RANGE;
        }
    }
    return FEP_OK;
}
