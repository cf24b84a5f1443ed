//  Seal: makes the passwords, codes and MACs of commands. Its provider is an option:
//
//    none      nothing is sealed; commands that want it end NO_SEAL
//    password  seal.key is the password itself: of gdw1376 PW, of dlt645 the 4 bytes PA P0 P1 P2 among the data, of
//              dlt698 and dlt698_meter the visible-string of a CONNECT-Request. Other codecs have none
//    test      SM4-CBC-MAC with the key seal.key: proves the way of a sealed command against simulated terminals.
//              No meter of the field has such a key. What comes back is what the codec needs:
//                gdw1376  the 16 bytes of the MAC
//                dlt645   the data with the level 98H where PA stands, and the first 4 bytes of the MAC of C, address
//                         and those data
//                dlt698, dlt698_meter  SECURITY-Request: 10H, 00H, length and APDU, then SID_MAC: 00H, SID 00000000H
//                         without more, and the first 4 bytes of the APDU's MAC
//
//  Words it takes: SEAL from a connector, through control. It sends SEALED back the same way.
#include "actors/actor.h"
#include "actors/sm4.h"
#include "fep/log.h"
#include "fep/wire.h"
#include <string.h>

#define KEY_MAX 16
#define MADE_MAX 1100  //  Bytes of a seal: what is sealed, at most 1024, and what stands around it
#define ANSWER_BYTES (MADE_MAX + 128)
#define SHORT_MAC 4  //  Bytes of a MAC that security modules of meters give

enum {
    METER_HEAD = 7,
    METER_WRITE = 0x14,
    METER_LEVEL = 0x98,
    METER_DI = 4,
    METER_PASSWORD = 4,
    CONNECT = 0x02
};

typedef struct {
    actor_t *actor;        //  Frame
    int control;           //  Mailbox
    bool password;         //  Provider password
    bool test;             //  Provider test
    uint8_t key[KEY_MAX];  //  Of the provider
    size_t key_size;       //  Of it
} seal_t;

//  dlt645: C, address, data; PA stands first, or behind the identifier of a write.
static fep_err_t s_make_dlt645 (const seal_t *self, bytes_t bytes, writer_t *out)
{
    uint8_t memory[MADE_MAX], mac[SM4_MAC_SIZE];
    size_t level = METER_HEAD + (bytes.size && bytes.data[0] == METER_WRITE ? METER_DI : 0);
    if (bytes.size < level + METER_PASSWORD || bytes.size > sizeof memory ||
        (self->password && self->key_size != METER_PASSWORD)) {
        return FEP_NO_SEAL;
    }
    memcpy (memory, bytes.data, bytes.size);
    if (self->password) {
        memcpy (memory + level, self->key, METER_PASSWORD);
        writer_put (out, memory + METER_HEAD, bytes.size - METER_HEAD);
        return FEP_OK;
    }
    memory[level] = METER_LEVEL;
    fep_err_t error = sm4_mac (self->key, bytes_of (memory, bytes.size), mac);
    writer_put (out, memory + METER_HEAD, bytes.size - METER_HEAD);
    writer_put (out, mac, SHORT_MAC);
    return error;
}

//  dlt698: a CONNECT-Request that ends with an empty password and no time tag.
static fep_err_t s_make_connect (const seal_t *self, bytes_t bytes, writer_t *out)
{
    size_t head = bytes.size < 2 ? 0 : bytes.size - 2;
    if (head == 0 || bytes.data[0] != CONNECT || bytes.data[head] != 0 ||
        bytes.data[head + 1] != 0 || self->key_size == 0) {
        return FEP_NO_SEAL;
    }
    writer_put (out, bytes.data, head);
    writer_u8 (out, (uint8_t) self->key_size);
    writer_put (out, self->key, self->key_size);
    writer_u8 (out, 0);
    return FEP_OK;
}

//  dlt698: an APDU.
static fep_err_t s_make_dlt698 (const seal_t *self, bytes_t bytes, writer_t *out)
{
    static const uint8_t head[] = {0x10, 0x00}, sid[] = {0x00, 0, 0, 0, 0, 0, SHORT_MAC};
    uint8_t mac[SM4_MAC_SIZE];
    if (self->password) {
        return s_make_connect (self, bytes, out);
    }
    fep_err_t error = sm4_mac (self->key, bytes, mac);
    writer_put (out, head, sizeof head);
    if (bytes.size >= 256) {
        writer_u8 (out, 0x82);
        writer_u16be (out, (uint16_t) bytes.size);
    } else {
        if (bytes.size >= 128) {
            writer_u8 (out, 0x81);
        }
        writer_u8 (out, (uint8_t) bytes.size);
    }
    writer_put (out, bytes.data, bytes.size);
    writer_put (out, sid, sizeof sid);
    writer_put (out, mac, SHORT_MAC);
    return error;
}

static fep_err_t s_make_gdw1376 (const seal_t *self, bytes_t bytes, writer_t *out)
{
    uint8_t mac[SM4_MAC_SIZE];
    if (self->password) {
        writer_put (out, self->key, self->key_size);
        return FEP_OK;
    }
    fep_err_t error = sm4_mac (self->key, bytes, mac);
    writer_put (out, mac, sizeof mac);
    return error;
}

//  Who needs what; other codecs seal nothing.
static const struct {
    const char *codec;
    fep_err_t (*make) (const seal_t *self, bytes_t bytes, writer_t *out);
} s_makers[] = {{"gdw1376", s_make_gdw1376},
                {"dlt645", s_make_dlt645},
                {"dlt698", s_make_dlt698},
                {"dlt698_meter", s_make_dlt698}};

static fep_err_t s_make (const seal_t *self, const char *codec, bytes_t bytes, writer_t *out)
{
    bool able = self->test || self->password;
    for (size_t i = 0; able && i < sizeof s_makers / sizeof *s_makers; i++) {
        if (strcmp (s_makers[i].codec, codec) == 0) {
            fep_err_t error = s_makers[i].make (self, bytes, out);
            return error == FEP_OK && out->failed ? FEP_LIMIT : error;
        }
    }
    return FEP_NO_SEAL;
}

static fep_err_t s_on_seal (void *arg, actor_t *actor, bytes_t body)
{
    seal_t *self = arg;
    char codec[32] = "";
    uint8_t memory[ANSWER_BYTES], made[MADE_MAX];
    writer_t out = writer_of (memory, sizeof memory), sealed = writer_of (made, sizeof made);
    reader_t bytes;
    if (!wire_find (body, "bytes", &bytes)) {
        return FEP_CORRUPT;
    }
    wire_find_text (body, "codec", codec, sizeof codec);
    fep_err_t error = s_make (self, codec, wire_get_bin (&bytes), &sealed);
    if (error) {
        sealed.size = 0;
        sealed.failed = false;
    }
    wire_put_map (&out, 5);
    wire_pair_int (&out, "connector", wire_find_int (body, "connector", 0));
    wire_pair_int (&out, "session", wire_find_int (body, "session", -1));
    wire_pair_uint (&out, "token", (uint64_t) wire_find_int (body, "token", 0));
    wire_pair_int (&out, "error", error);
    wire_put_text (&out, "bytes");
    wire_put_bin (&out, writer_bytes (&sealed));
    return actor_send (actor, self->control, WORD_SEALED, writer_bytes (&out));
}

//  Hex digits of the key. False if there are too many or some are none.
static bool s_key (seal_t *self, const char *text)
{
    size_t size = strlen (text);
    for (size_t i = 0; i < size && size % 2 == 0 && size <= 2 * KEY_MAX; i++) {
        int digit = bytes_hex_digit (text[i]);
        if (digit < 0) {
            return false;
        }
        self->key[i / 2] = (uint8_t) (self->key[i / 2] << 4 | digit);
    }
    self->key_size = size / 2;
    return size % 2 == 0 && size <= 2 * KEY_MAX;
}

static fep_err_t s_start (void *arg, actor_t *actor)
{
    seal_t *self = arg;
    const config_t *config = actor_config (actor);
    self->actor = actor;
    self->password = strcmp (config->seal.provider, "password") == 0;
    self->test = strcmp (config->seal.provider, "test") == 0;
    if (!s_key (self, config->seal.key) || (self->test && self->key_size != SM4_KEY_SIZE)) {
        log_line (LEVEL_ERROR, "SEAL-KEY",
                  "problem=\"seal.key: allowed are hex digits in pairs, "
                  "for provider test %d of them\"",
                  2 * SM4_KEY_SIZE);
        return FEP_RANGE;
    }
    self->control = actor_dealer (actor, AT_CONTROL, MARK_MAIL);
    if (self->control < 0) {
        return FEP_SYSTEM;
    }
    return actor_send (actor, self->control, WORD_HELLO, bytes_of (NULL, 0));
}

//  The key does not outlive it.
static void s_stop (void *arg, actor_t *actor)
{
    seal_t *self = arg;
    (void) actor;
    explicit_bzero (self->key, sizeof self->key);
}

static const actor_word_t s_words[] = {{WORD_SEAL, s_on_seal}, {NULL, NULL}};

const actor_class_t seal_class = {.name = NAME_SEAL,
                                  .self_size = sizeof (seal_t),
                                  .start = s_start,
                                  .stop = s_stop,
                                  .words = s_words};
