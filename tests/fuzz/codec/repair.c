//  Behind the checksums: frames made good, and the beginnings of answers made of the requests they answer.
#include "fep/crc.h"
#include "tests/fuzz/codec/harness.h"

enum { START = 0x68, STOP = 0x16, WAKE = 0xFE };

//  At least `least` bytes, at most `most`, with zeros where there were none.
static size_t s_fit (uint8_t *frame, size_t size, size_t least, size_t most)
{
    if (size < least) {
        memset (frame + size, 0, least - size);
        return least;
    }
    return size < most ? size : most;
}

//  Bytes that wake the line, before the frame.
static size_t s_wake (const uint8_t *frame, size_t size)
{
    size_t wake = 0;
    while (wake < size && wake < 4 && frame[wake] == WAKE) {
        wake++;
    }
    return wake;
}

static size_t s_repair_gdw1376 (const fuzz_t *self, uint8_t *frame, size_t size)
{
    size = s_fit (frame, size, 16, self->codec->frame_max);
    size_t user = size - 8;
    frame[0] = frame[5] = START;
    frame[1] = frame[3] = (uint8_t) (user << 2 | 2);
    frame[2] = frame[4] = (uint8_t) (user >> 6);
    frame[size - 2] = crc_sum8 (bytes_of (frame + 6, user));
    frame[size - 1] = STOP;
    return size;
}

static size_t s_repair_modbus_rtu (const fuzz_t *self, uint8_t *frame, size_t size)
{
    size = s_fit (frame, size, 4, self->codec->frame_max);
    uint16_t crc = crc_modbus (bytes_of (frame, size - 2));
    frame[size - 2] = (uint8_t) crc;
    frame[size - 1] = (uint8_t) (crc >> 8);
    return size;
}

static size_t s_repair_modbus_tcp (const fuzz_t *self, uint8_t *frame, size_t size)
{
    size = s_fit (frame, size, 8, self->codec->frame_max);
    frame[2] = frame[3] = 0;
    frame[4] = (uint8_t) ((size - 6) >> 8);
    frame[5] = (uint8_t) (size - 6);
    return size;
}

static size_t s_repair_dlt645 (const fuzz_t *self, uint8_t *frame, size_t size)
{
    (void) self;
    size_t wake = s_wake (frame, size);
    uint8_t *at = frame + wake;
    size = s_fit (at, size - wake, 12, 267);
    at[0] = at[7] = START;
    at[9] = (uint8_t) (size - 12);
    at[size - 2] = crc_sum8 (bytes_of (at, size - 2));
    at[size - 1] = STOP;
    return wake + size;
}

static size_t s_repair_cjt188 (const fuzz_t *self, uint8_t *frame, size_t size)
{
    (void) self;
    size_t wake = s_wake (frame, size);
    uint8_t *at = frame + wake;
    size = s_fit (at, size - wake, 13, 268);
    at[0] = START;
    at[10] = (uint8_t) (size - 13);
    at[size - 2] = crc_sum8 (bytes_of (at, size - 2));
    at[size - 1] = STOP;
    return wake + size;
}

static void s_put_crc (uint8_t *frame, size_t at)
{
    uint16_t crc = crc_x25 (bytes_of (frame + 1, at - 1));
    frame[at] = (uint8_t) crc;
    frame[at + 1] = (uint8_t) (crc >> 8);
}

static size_t s_repair_dlt698 (const fuzz_t *self, uint8_t *frame, size_t size)
{
    size_t wake = s_wake (frame, size);
    uint8_t *at = frame + wake;
    size = s_fit (at, size - wake, 12, self->codec->frame_max - wake);
    size_t head = 7u + (at[4] & 15);
    size = s_fit (at, size, head + 6, self->codec->frame_max - wake);
    at[0] = START;
    at[1] = (uint8_t) (size - 2);
    at[2] = (uint8_t) ((size - 2) >> 8);
    s_put_crc (at, head);
    s_put_crc (at, size - 3);
    at[size - 1] = STOP;
    return wake + size;
}

//  Numbers of the sender and of what it has received, as both should be.
static size_t s_repair_iec104 (const fuzz_t *self, uint8_t *frame, size_t size)
{
    size = s_fit (frame, size, 6, self->codec->frame_max);
    frame[0] = START;
    frame[1] = (uint8_t) (size - 2);
    if (!(frame[2] & 1)) {
        frame[2] = (uint8_t) (self->received << 1);
        frame[3] = (uint8_t) (self->received >> 7);
    }
    if ((frame[2] & 3) != 3) {
        frame[4] = (uint8_t) (self->sent << 1);
        frame[5] = (uint8_t) (self->sent >> 7);
    }
    return size;
}

//  ---- Turned round ----

static void s_turn_gdw1376 (uint8_t *frame, size_t size)
{
    if (size > 6) {
        frame[6] = 0x88;
    }
}

static void s_turn_dlt645 (uint8_t *frame, size_t size)
{
    size_t at = s_wake (frame, size) + 8;
    if (size > at) {
        frame[at] |= 0x80;
    }
}

static void s_turn_cjt188 (uint8_t *frame, size_t size)
{
    size_t at = s_wake (frame, size) + 9;
    if (size > at) {
        frame[at] |= 0x80;
    }
}

static void s_turn_dlt698 (uint8_t *frame, size_t size)
{
    size_t at = s_wake (frame, size);
    if (size <= at + 4) {
        return;
    }
    frame[at + 3] |= 0xC0;
    at += 9u + (frame[at + 4] & 15);
    if (size > at) {
        frame[at] |= 0x80;
    }
}

//  Activation is confirmed.
static void s_turn_iec104 (uint8_t *frame, size_t size)
{
    if (size > 8) {
        frame[8] |= 1;
    }
}

typedef struct {
    const char *codec;  //  Name
    size_t tail;        //  Bytes behind what an answer takes over
    size_t (*repair) (const fuzz_t *self, uint8_t *frame, size_t size);
    void (*turn) (uint8_t *frame, size_t size);
} frame_rules_t;

static const frame_rules_t s_rules[] = {
    {"gdw1376", 2, s_repair_gdw1376, s_turn_gdw1376},
    {"modbus_rtu", 2, s_repair_modbus_rtu, NULL},
    {"modbus_tcp", 0, s_repair_modbus_tcp, NULL},
    {"dlt645", 2, s_repair_dlt645, s_turn_dlt645},
    {"cjt188", 2, s_repair_cjt188, s_turn_cjt188},
    {"dlt698", 3, s_repair_dlt698, s_turn_dlt698},
    {"dlt698_meter", 3, s_repair_dlt698, s_turn_dlt698},
    {"iec104", 0, s_repair_iec104, s_turn_iec104},
};

static const frame_rules_t *s_rules_of (const codec_t *codec)
{
    for (size_t i = 0; i < sizeof s_rules / sizeof *s_rules; i++) {
        if (strcmp (s_rules[i].codec, codec->name) == 0) {
            return &s_rules[i];
        }
    }
    return NULL;
}

size_t fuzz_repair (const fuzz_t *self, uint8_t *frame, size_t size)
{
    const frame_rules_t *rules = s_rules_of (self->codec);
    return rules ? rules->repair (self, frame, size) : size;
}

size_t fuzz_tail (const fuzz_t *self)
{
    const frame_rules_t *rules = s_rules_of (self->codec);
    return rules ? rules->tail : 0;
}

size_t fuzz_turn (const fuzz_t *self, size_t keep, uint8_t *frame)
{
    const frame_rules_t *rules = s_rules_of (self->codec);
    size_t tail = fuzz_tail (self);
    size_t size = self->flight_size > tail ? self->flight_size - tail : 0;
    size = size < keep ? size : keep;
    memcpy (frame, self->flight, size);
    if (rules && rules->turn) {
        rules->turn (frame, size);
    }
    return size;
}

enum { CONNECT = 0x02 };  //  First byte of the APDU

//  698.45: a SECURITY-Request with the plain APDU inside, a CONNECT-Request with a password; others: 16 bytes of one.
size_t fuzz_seal (const fuzz_t *self, bytes_t asked, uint8_t *out)
{
    writer_t writer = writer_of (out, 2048);
    if (strncmp (self->codec->name, "dlt698", 6) != 0) {
        writer_put (&writer, "0123456789ABCDEF", 16);
        return writer.size;
    }
    if (asked.size > 2 && asked.data[0] == CONNECT) {
        //  The password of a CONNECT-Request.
        writer_put (&writer, asked.data, asked.size - 2);
        writer_put (&writer,
                    "\x03"
                    "123\0",
                    5);
        return writer.size;
    }
    writer_u16be (&writer, 0x1000);
    if (asked.size > 127) {
        writer_u8 (&writer, 0x82);
        writer_u16be (&writer, (uint16_t) asked.size);
    } else {
        writer_u8 (&writer, (uint8_t) asked.size);
    }
    writer_put (&writer, asked.data, asked.size);
    writer_put (&writer,
                "\x01\x10"
                "0123456789ABCDEF",
                18);
    return writer.size;
}

void fuzz_count (uint32_t *count, bytes_t frame)
{
    *count += frame.size > 2 && !(frame.data[2] & 1);
}
