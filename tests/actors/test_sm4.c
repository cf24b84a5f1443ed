//  The MAC of the seal's test key. What is expected was made with `openssl enc -sm4-cbc`, the padding by hand.
#include "tests/test.h"
#include "actors/sm4.h"
#include "tests/codecs/vec.h"
#include <string.h>

enum { BYTES_MAX = 4096 };

//  Key and plain text of GB/T 32907-2016, annex A.1, whose cipher text is 681EDF34D206965E86B3E94F536E4246.
static const char s_standard[] = "0123456789ABCDEFFEDCBA9876543210";

static void s_check (const char *key, bytes_t bytes, const char *expected)
{
    uint8_t k[SM4_KEY_SIZE], mac[SM4_MAC_SIZE], wanted[SM4_MAC_SIZE];
    assert_int_equal (vec_hex (key, k, sizeof k), sizeof k);
    assert_int_equal (vec_hex (expected, wanted, sizeof wanted), sizeof wanted);
    CHECK_OK (sm4_mac (k, bytes, mac));
    assert_memory_equal (mac, wanted, sizeof mac);
}

//  The first block is the standard's: what is chained into the second is its published cipher text.
static void test_standard (void **state)
{
    (void) state;
    uint8_t plain[SM4_KEY_SIZE];
    assert_int_equal (vec_hex (s_standard, plain, sizeof plain), sizeof plain);
    s_check (s_standard, bytes_of (plain, sizeof plain), "780D0374AF7C0B35625605638319CF2C");
}

//  The standard's plain text and behind it its published cipher text chain to E(0), as one block of zeros does.
static void test_standard_chained (void **state)
{
    (void) state;
    uint8_t key[SM4_KEY_SIZE], message[2 * SM4_KEY_SIZE], mac[SM4_MAC_SIZE], again[SM4_MAC_SIZE];
    uint8_t cipher[SM4_KEY_SIZE];
    assert_int_equal (vec_hex (s_standard, key, sizeof key), sizeof key);
    assert_int_equal (vec_hex ("681EDF34D206965E86B3E94F536E4246", cipher, sizeof cipher),
                      sizeof cipher);
    memcpy (message, key, sizeof key);
    memcpy (message + sizeof key, cipher, sizeof cipher);
    CHECK_OK (sm4_mac (key, bytes_of (message, sizeof message), mac));
    memset (message, 0, sizeof message);
    CHECK_OK (sm4_mac (key, bytes_of (message, SM4_KEY_SIZE), again));
    assert_memory_equal (mac, again, sizeof mac);
}

//  Lengths around the ends of blocks: 00 01 02 ...
static void test_lengths (void **state)
{
    (void) state;
    static const struct {
        size_t size;
        const char *mac;
    } cases[] = {
        {0, "8C338E5A27E349BEAE39214FEDA97099"},   {1, "8C7B02C3663B952E087CCC7A94E83387"},
        {15, "742D351D1AA3523BAFD5832D30295F5D"},  {16, "6001C40D2A75DA5494074C5B48A5579C"},
        {17, "C86C0913F0343DEC3C6EE8A1F927F9BA"},  {31, "548F2184856FC3E38D5BA138103A0CDE"},
        {32, "4D21A263B093EE309E685DCDF5049744"},  {33, "ADD9F4418EDC6A8371BDD61190BA221C"},
        {4096, "9D0F4605654F1E91F9C72186495D2A22"}};
    static uint8_t bytes[BYTES_MAX];
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t) i;
    }
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        s_check (s_standard, bytes_of (bytes, cases[i].size), cases[i].mac);
    }
    s_check (s_standard, bytes_of (NULL, 0), cases[0].mac);
}

static void test_key (void **state)
{
    (void) state;
    s_check ("00000000000000000000000000000000", bytes_of (NULL, 0),
             "4DA36EE207E092A8979043E396C05BB6");
}

static void test_too_long (void **state)
{
    (void) state;
    static const uint8_t key[SM4_KEY_SIZE], bytes[BYTES_MAX + 1];
    uint8_t mac[SM4_MAC_SIZE] = {0x5A};
    CHECK_ERR (sm4_mac (key, bytes_of (bytes, sizeof bytes), mac), FEP_LIMIT);
    assert_int_equal (mac[0], 0x5A);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_standard),
                                       cmocka_unit_test (test_standard_chained),
                                       cmocka_unit_test (test_lengths), cmocka_unit_test (test_key),
                                       cmocka_unit_test (test_too_long)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
