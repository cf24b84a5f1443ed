//  SM4-CBC-MAC over OpenSSL.
#include "actors/sm4.h"
#include <openssl/evp.h>

#define BLOCK 16
#define BYTES_MAX 4096

fep_err_t sm4_mac (const uint8_t key[SM4_KEY_SIZE], bytes_t bytes, uint8_t mac[SM4_MAC_SIZE])
{
    static const uint8_t zeros[BLOCK] = {0};
    uint8_t padded[BYTES_MAX + BLOCK] = {0}, sealed[BYTES_MAX + 2 * BLOCK];
    int size = 0;
    if (bytes.size > BYTES_MAX) {
        return FEP_LIMIT;
    }
    if (bytes.size) {
        memcpy (padded, bytes.data, bytes.size);
    }
    padded[bytes.size] = 0x80;
    int length = (int) (bytes.size / BLOCK + 1) * BLOCK;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new ();
    bool good = context && EVP_EncryptInit_ex (context, EVP_sm4_cbc (), NULL, key, zeros) == 1 &&
                EVP_CIPHER_CTX_set_padding (context, 0) == 1 &&
                EVP_EncryptUpdate (context, sealed, &size, padded, length) == 1 && size == length;
    EVP_CIPHER_CTX_free (context);
    if (!good) {
        return FEP_SYSTEM;
    }
    memcpy (mac, sealed + length - BLOCK, SM4_MAC_SIZE);
    return FEP_OK;
}
