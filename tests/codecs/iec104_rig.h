//  An IEC 60870-5-104 connection under test: a known station, frames by hand, time by hand.
#ifndef TESTS_CODECS_IEC104_RIG_H
#define TESTS_CODECS_IEC104_RIG_H

#include "codecs/iec104/parts.h"
#include "tests/codecs/player.h"

#define STATION "1"

//  The bytes of a line of the published frames; a bare ASDU as an I frame.
static inline size_t rig_published (const char *line, bool asdu, uint8_t *frame, size_t capacity)
{
    static char hex[2048];
    vec_json (line, "hex", hex, sizeof hex);
    hex[strlen (hex) - 1] = 0;
    size_t head = asdu ? IEC_HEAD + IEC_CONTROL : 0;
    size_t size = vec_hex (hex + 1, frame + head, capacity - head) + head;
    if (asdu) {
        memset (frame, 0, head);
        frame[0] = IEC_START;
        frame[1] = (uint8_t) (size - IEC_HEAD);
    }
    return size;
}

static zone_t rig_zone;

//  A session that is known, with the profile of the vectors; times are UTC.
static inline void rig_begin (player_t *player, const char *address, const char *profile)
{
    *player = player_new (codec_find ("iec104"));
    CHECK_OK (zone_parse ("+00:00", &rig_zone));
    player->address = address;
    player_clear (player);
    player->options.zone = &rig_zone;
    player_own (player, profile);
}

static inline iec_state_t *rig_state (player_t *player)
{
    return player->state;
}

static inline fep_err_t rig_up (player_t *player, const char *hex)
{
    static uint8_t frame[512];
    size_t size = vec_hex (hex, frame, sizeof frame);
    player_decode (player, bytes_of (frame, size));
    return player->refused;
}

//  The next octets sent are these and no more.
static inline void rig_sent (player_t *player, const char *hex)
{
    static uint8_t want[1024];
    size_t size = vec_hex (hex, want, sizeof want);
    bytes_t got = {player->sent + player->compared, player->send.size - player->compared};
    if (!bytes_equal (got, bytes_of (want, size))) {
        char text[600] = "";
        for (size_t i = 0; i < got.size && i < 190; i++) {
            snprintf (text + 3 * i, 4, "%02x ", got.data[i]);
        }
        fail_msg ("sent %s, not %s", text, hex);
    }
    player->compared = player->send.size;
}

//  Lets time pass. Returns how long until tick wants to be called again.
static inline int64_t rig_tick (player_t *player, int64_t ms)
{
    player->io.mono_ms += ms;
    player->io.wall_ms += ms;
    player->io.fault = FEP_OK;
    int64_t due = player->codec->tick (player->state, &player->io);
    return due == INT64_MAX ? due : due - player->io.mono_ms;
}

static inline void rig_start (player_t *player)
{
    (void) rig_tick (player, 0);
    rig_sent (player, "680407000000");
    CHECK_OK (rig_up (player, "68040b000000"));
    assert_int_equal (rig_state (player)->phase, PHASE_STARTED);
}

//  I frame number ns of the station with N(R) nr: a single point.
static inline fep_err_t rig_point (player_t *player, unsigned ns, unsigned nr)
{
    char hex[80];
    snprintf (hex, sizeof hex, "680e%02x%02x%02x%02x 01010300010001000001", ns << 1 & 0xFF,
              ns >> 7 & 0xFF, nr << 1 & 0xFF, nr >> 7 & 0xFF);
    return rig_up (player, hex);
}

static inline void rig_durable (player_t *player, uint32_t mark)
{
    player->codec->durable (player->state, mark, &player->io);
}

#endif
