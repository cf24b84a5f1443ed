//  SM4-CBC-MAC (GB/T 32907 with the padding of GB/T 15852.1 method 2) of the seal's test key. OpenSSL stays in here.
#ifndef ACTORS_SM4_H
#define ACTORS_SM4_H

#include "fep/bytes.h"
#include "fep/error.h"

#define SM4_KEY_SIZE 16
#define SM4_MAC_SIZE 16

//  The MAC of the bytes. SYSTEM: the library has no SM4.
FEP_MUST_CHECK
fep_err_t sm4_mac (const uint8_t key[SM4_KEY_SIZE], bytes_t bytes, uint8_t mac[SM4_MAC_SIZE]);

#endif
