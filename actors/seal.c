//  Seal: makes the passwords, codes and MACs of commands. Its provider is an option:
//
//    none      nothing is sealed; commands that want it end NO_SEAL
//    password  seal.key is the password itself: its bytes stand where the protocol has a code
//    test      SM4-CBC-MAC with the key seal.key: proves the way of a sealed command against simulated terminals.
//              No meter of the field has such a key
//
//  Words it takes: SEAL from a connector, through control. It sends SEALED back the same way.
#include "actors/actor.h"
#include "actors/sm4.h"
#include "fep/log.h"
#include "fep/wire.h"
#include <string.h>

#define KEY_MAX 16
#define ANSWER_BYTES 512

typedef struct {
    actor_t *actor;        //  Frame
    int control;           //  Mailbox
    bool password;         //  Provider password
    bool test;             //  Provider test
    uint8_t key[KEY_MAX];  //  Of the provider
    size_t key_size;       //  Of it
} seal_t;

static fep_err_t s_make (const seal_t *self, bytes_t bytes, writer_t *out)
{
    uint8_t mac[SM4_MAC_SIZE];
    if (self->password) {
        writer_put (out, self->key, self->key_size);
        return FEP_OK;
    }
    if (!self->test) {
        return FEP_NO_SEAL;
    }
    fep_err_t error = sm4_mac (self->key, bytes, mac);
    if (error == FEP_OK) {
        writer_put (out, mac, sizeof mac);
    }
    return error;
}

static fep_err_t s_on_seal (void *arg, actor_t *actor, bytes_t body)
{
    seal_t *self = arg;
    uint8_t memory[ANSWER_BYTES], made[KEY_MAX];
    writer_t out = writer_of (memory, sizeof memory), sealed = writer_of (made, sizeof made);
    reader_t bytes;
    if (!wire_find (body, "bytes", &bytes)) {
        return FEP_CORRUPT;
    }
    fep_err_t error = s_make (self, wire_get_bin (&bytes), &sealed);
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
    static const char digits[] = "0123456789abcdef";
    size_t size = strlen (text);
    for (size_t i = 0; i < size && size % 2 == 0 && size <= 2 * KEY_MAX; i++) {
        const char *digit =
            strchr (digits, text[i] >= 'A' && text[i] <= 'F' ? text[i] | 0x20 : text[i]);
        if (!digit) {
            return false;
        }
        self->key[i / 2] = (uint8_t) (self->key[i / 2] << 4 | (digit - digits));
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
