//  Checksums used by more than one protocol.
#ifndef FEP_CRC_H
#define FEP_CRC_H

#include "fep/bytes.h"

//  Sum of all bytes mod 256 (376.1, 645, 188).
uint8_t crc_sum8 (bytes_t bytes);

//  CRC-16 of Modbus: polynomial 0xA001 reflected, begins with 0xFFFF, no final xor; sent low byte first.
uint16_t crc_modbus (bytes_t bytes);

//  CRC-16/X-25 (698.45, HDLC): polynomial 0x8408 reflected, begins with 0xFFFF, complemented; sent low byte first.
uint16_t crc_x25 (bytes_t bytes);

#endif
