//  Frames of Modbus RTU: unit, PDU and CRC; and which answer belongs to which request.
#ifndef CODECS_MODBUS_RTU_FRAME_H
#define CODECS_MODBUS_RTU_FRAME_H

#include "fep/modbus_pdu.h"

enum { MODBUS_CRC = 2, MODBUS_FRAME_MAX = MODBUS_PDU_MAX + MODBUS_CRC };

//  Length of the frame the window begins with, CRC included; 0: further bytes decide. As modbus_pdu_length.
fep_err_t modbus_length (bytes_t window, bool up, size_t *size);

//  Fields of a whole frame; its CRC is not looked at. As modbus_pdu_read.
FEP_MUST_CHECK
fep_err_t modbus_read (bytes_t frame, bool up, modbus_pdu_t *pdu);

bool modbus_crc_good (bytes_t frame);

typedef enum { MATCH_NO, MATCH_MORE, MATCH_YES } modbus_match_t;

//  Does the window begin with the answer to the request, CRC aside? MORE: so far it does. YES: it is `size` long.
modbus_match_t modbus_match (bytes_t request, bytes_t window, size_t *size);

#endif
