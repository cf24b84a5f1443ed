//  Checksums used by more than one protocol.
#include "fep/crc.h"

uint8_t crc_sum8 (bytes_t bytes)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < bytes.size; i++) {
        sum = (uint8_t) (sum + bytes.data[i]);
    }
    return sum;
}
