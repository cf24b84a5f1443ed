//  Checksums used by more than one protocol.
#ifndef FEP_CRC_H
#define FEP_CRC_H

#include "fep/bytes.h"

//  Sum of all bytes mod 256 (376.1, 645, 188).
uint8_t crc_sum8 (bytes_t bytes);

#endif
