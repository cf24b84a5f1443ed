//  Requests of a DL/T 698.45 session byte for byte, and what a terminal answers to them.
#ifndef TESTS_CODECS_PLAYER698_H
#define TESTS_CODECS_PLAYER698_H

#include "codecs/dlt698/link.h"
#include "tests/codecs/player.h"

static uint8_t p698_frame[D698_FRAME_MAX + 64];
static const d698_peer_t p698_peer = {{0x05, 0x01}, 7, 0x10, false};

static inline bytes_t p698_build (uint8_t control, const char *apdu)
{
    static uint8_t bytes[D698_FRAME_MAX];
    writer_t out = writer_of (p698_frame, sizeof p698_frame);
    size_t mark = d698_open (&out, &p698_peer, control);
    writer_put (&out, bytes, vec_hex (apdu, bytes, sizeof bytes));
    d698_close (&out, mark);
    assert_false (out.failed);
    return writer_bytes (&out);
}

//  A session whose terminal has logged in.
static inline void p698_login (player_t *player)
{
    player_reset (player);
    player->io.address = bytes_text ("000000000001");
    bytes_t frame = p698_build (0x81, "01 00 00 00b4 07e9 04 03 04 0f 14 05 0000");
    CHECK_OK (player->codec->decode (player->state, frame, &player->io));
    player->send.size = 0;
    batch_clear (player->batch);
}

//  What was sent is one frame to the terminal with that APDU; it is taken.
static inline void p698_expect (player_t *player, const char *apdu)
{
    static uint8_t want[2048];
    d698_frame_t frame;
    size_t size = vec_hex (apdu, want, sizeof want);
    CHECK_OK (d698_frame_read (writer_bytes (&player->send), &frame));
    CHECK_OK (d698_frame_check (&frame));
    assert_int_equal (frame.control, 0x43);
    assert_int_equal (frame.client, 0x10);
    char got[1200] = "";
    for (size_t i = 0; i < frame.user.size && i < 380; i++) {
        snprintf (got + 3 * i, 4, "%02x ", frame.user.data[i]);
    }
    if (frame.user.size != size || memcmp (frame.user.data, want, size) != 0) {
        fail_msg ("want %s\n got  %s", apdu, got);
    }
    player->send.size = 0;
}

static inline void p698_ask (player_t *player, request_t *request, const char *apdu)
{
    CHECK_OK (player->codec->encode (player->state, request, &player->io));
    p698_expect (player, apdu);
}

static inline void p698_answer (player_t *player, const char *apdu, answer_t answer, uint8_t code)
{
    batch_clear (player->batch);
    bytes_t frame = p698_build (0xC3, apdu);
    CHECK_OK (player->codec->decode (player->state, frame, &player->io));
    assert_int_equal (player->io.answer, answer);
    assert_int_equal (player->io.answer_code, code);
}

#endif
