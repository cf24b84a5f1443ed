//  The frame around unit and PDU, and what of an answer is known before it comes.
#include "codecs/modbus_rtu/frame.h"
#include "fep/crc.h"

fep_err_t modbus_length (bytes_t window, bool up, size_t *size)
{
    fep_err_t error = modbus_pdu_length (window, up, size);
    *size += *size ? MODBUS_CRC : 0;
    return error;
}

bool modbus_crc_good (bytes_t frame)
{
    size_t size = frame.size - MODBUS_CRC;
    return frame.size > MODBUS_CRC && crc_modbus (bytes_of (frame.data, size)) ==
                                          (frame.data[size] | frame.data[size + 1] << 8);
}

fep_err_t modbus_read (bytes_t frame, bool up, modbus_pdu_t *pdu)
{
    if (frame.size < MODBUS_CRC) {
        memset (pdu, 0, sizeof *pdu);
        return FEP_TRUNCATED;
    }
    return modbus_pdu_read (bytes_of (frame.data, frame.size - MODBUS_CRC), up, pdu);
}

modbus_match_t modbus_match (bytes_t request, bytes_t window, size_t *size)
{
    modbus_pdu_t asked;
    uint8_t head[MODBUS_FRAME_MAX] = {0};
    size_t fixed;  //  Bytes of the answer that are known, in head
    if (modbus_read (request, false, &asked) != FEP_OK) {
        return MATCH_NO;
    }
    memcpy (head, request.data, request.size);
    if (window.size >= MODBUS_HEAD && window.data[1] == (asked.function | MODBUS_EXCEPTION)) {
        head[1] = window.data[1];
        fixed = MODBUS_HEAD;
        *size = MODBUS_EXCEPTION_SIZE + MODBUS_CRC;
    } else if (asked.shape == SHAPE_READ || asked.shape == SHAPE_BOTH) {
        head[2] = (uint8_t) modbus_pdu_bytes (asked.bits, asked.quantity);
        fixed = MODBUS_HEAD + 1;
        *size = fixed + head[2] + MODBUS_CRC;
    } else if (asked.shape == SHAPE_ID) {
        size_t told = window.size > MODBUS_HEAD ? window.data[MODBUS_HEAD] : 0;
        fixed = MODBUS_HEAD;
        *size = MODBUS_HEAD + 1 + told + MODBUS_CRC;
    } else {
        fixed = asked.shape == SHAPE_MANY ? 6 : request.size - MODBUS_CRC;
        *size = fixed + MODBUS_CRC;
    }
    size_t known = fixed < window.size ? fixed : window.size;
    if ((known && memcmp (head, window.data, known) != 0) || *size > MODBUS_FRAME_MAX) {
        return MATCH_NO;
    }
    return window.size < *size ? MATCH_MORE : MATCH_YES;
}
