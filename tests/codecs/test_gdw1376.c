//  Q/GDW 376.1: explain against published frames, confirmations, requests, and every row of the
//  map.
#include "codecs/gdw1376/layout.h"
#include "codecs/gdw1376/link.h"
#include "codecs/gdw1376/state.h"
#include "tests/codecs/player.h"

#define MASTER 2

static const uint8_t s_address[GDW_ADDRESS] = {0x71, 0x01, 0x22, 0x08, 0x00};
static uint8_t s_frame[GDW_FRAME_MAX + 64];

//  A frame from the terminal in s_frame.
static bytes_t s_build (uint8_t control, uint8_t afn, uint8_t seq, bytes_t body)
{
    writer_t out = writer_of (s_frame, sizeof s_frame);
    size_t mark = gdw_frame_open (&out, MASTER, control, s_address, afn, seq);
    writer_put (&out, body.data, body.size);
    gdw_frame_close (&out, mark);
    assert_false (out.failed);
    return writer_bytes (&out);
}

static bytes_t s_build_hex (uint8_t control, uint8_t afn, uint8_t seq, const char *hex)
{
    static uint8_t body[512];
    return s_build (control, afn, seq, bytes_of (body, vec_hex (hex, body, sizeof body)));
}

static void s_explain_line (const codec_t *codec, const char *line)
{
    static uint8_t frame[2048];
    static char want[8192], got[8192], hex[4096], direction[40], valid[16];
    vec_json (line, "hex", hex, sizeof hex);
    vec_json (line, "direction", direction, sizeof direction);
    vec_json (line, "valid", valid, sizeof valid);
    vec_json (line, "decoded", want, sizeof want);
    hex[strlen (hex) - 1] = 0;
    size_t size = vec_hex (hex + 1, frame, sizeof frame);
    bool up = strstr (direction, "\"terminal->") == direction;
    writer_t out = writer_of (got, sizeof got - 1);
    json_t json = json_of (&out);
    codec_options_t options = {.address_hex = false, .password_size = 16};
    fep_err_t error = codec->explain (bytes_of (frame, size), up, &options, &json);
    if (strcmp (valid, "true") != 0) {
        assert_true (error == FEP_CHECKSUM || error == FEP_NOT_MINE);
        return;
    }
    CHECK_OK (error);
    got[out.size] = 0;
    assert_string_equal (got, want);
}

static void test_explain_published (void **state)
{
    (void) state;
    size_t size;
    size_t count = 0;
    char *text = vec_read_file (TESTS_DIR "/vectors/gdw1376.jsonl", &size);
    for (char *line = strtok (text, "\n"); line; line = strtok (NULL, "\n")) {
        s_explain_line (codec_find ("gdw1376"), line);
        count++;
    }
    assert_int_equal (count, 48);
    free (text);
}

static fep_err_t s_explain (bytes_t frame, bool up, char *text, size_t size)
{
    writer_t out = writer_of (text, size - 1);
    json_t json = json_of (&out);
    codec_options_t options = {.address_hex = false, .password_size = 16};
    fep_err_t error = codec_find ("gdw1376")->explain (frame, up, &options, &json);
    text[out.size] = 0;
    return error;
}

//  The units part of an explained frame.
static void s_expect_units (uint8_t control, uint8_t afn, const char *body, const char *units)
{
    static char got[4096];
    bytes_t frame = s_build_hex (control, afn, 0x60, body);
    CHECK_OK (s_explain (frame, control & GDW_DIR, got, sizeof got));
    const char *at = strstr (got, "\"units\":");
    assert_non_null (at);
    assert_string_equal (at + strlen ("\"units\":"), units);
}

static void test_explain_units (void **state)
{
    (void) state;
    s_expect_units (0x4B, 0x0C, "03 01 03 10",
                    "[{\"pn\":1,\"fn\":129},{\"pn\":1,\"fn\":130},{\"pn\":2,\"fn\":129},"
                    "{\"pn\":2,\"fn\":130}]}");
    s_expect_units (0x4B, 0x0C, "FF 00 01 03", "[{\"pn\":\"all\",\"fn\":25}]}");
    s_expect_units (0x4B, 0x0D, "01 01 01 14 30 08 18 01 01 01 16 12 18",
                    "[{\"pn\":1,\"fn\":161,\"data\":{\"Td_d\":\"2018-08-30\"}},"
                    "{\"pn\":1,\"fn\":177,\"data\":{\"Td_m\":\"2018-12\"}}]}");
    s_expect_units (
        0x4B, 0x0D, "01 01 01 0A 15 00 28 08 18 01 60",
        "[{\"pn\":1,\"fn\":81,\"data\":{\"Td_c\":\"2018-08-28 00:15\",\"m\":1,\"n\":96}}]}");
    s_expect_units (0x88, 0x0D, "01 01 01 0A 15 00 28 08 18 01 02 34 12 80 EE EE EE",
                    "[{\"pn\":1,\"fn\":81,\"data\":{\"Td_c\":\"2018-08-28 00:15\",\"m\":1,\"n\":2,"
                    "\"P\":[\"-0.1234\",null]}}]}");
    s_expect_units (0x4B, 0x0E, "00 00 01 00 13 14",
                    "[{\"pn\":0,\"fn\":1,\"data\":{\"Pm\":19,\"Pn\":20}}]}");
    s_expect_units (0x88, 0x0E, "00 00 01 00 14 0B 13 14 15 06 36 09 15 04 15 03",
                    "[{\"pn\":0,\"fn\":1,\"data\":{\"EC1\":20,\"EC2\":11,\"Pm\":19,\"Pn\":20,"
                    "\"events\":[{\"ERC\":21,\"name\":\"terminal_fault\",\"Le\":6,"
                    "\"content\":\"360915041503\",\"time\":\"2015-04-15 09:36\"}]}}]}");
    s_expect_units (0x88, 0x0C, "04 01 01 02 23 A1",
                    "[{\"pn\":3,\"fn\":17,\"data\":{\"P_kW\":\"12.3\"}}]}");
    s_expect_units (
        0x4B, 0x10,
        "00 00 01 00 1F 6B 85 0A 02 00 AA BB"
        "00000000000000000000000000000000",
        "[{\"pn\":0,\"fn\":1,\"data\":{\"port\":31,\"serial\":\"6B\",\"frame_wait_ms\":5000,"
        "\"byte_wait_ms\":100,\"len\":2,\"payload\":\"aabb\"}}]}");
    s_expect_units (0x88, 0x10, "00 00 01 00 1F 05 00 AA BB",
                    "[{\"pn\":0,\"fn\":1,\"raw\":\"1f0500aabb\"}]}");
    s_expect_units (0x88, 0x0C, "01 01 00", "[{\"raw\":\"010100\"}]}");
}

static void test_explain_reasons (void **state)
{
    (void) state;
    char text[2048];
    bytes_t frame = s_build_hex (0x88, 0x0C, 0x60, "00000200 49 48 11 15 52 15");
    CHECK_OK (s_explain (frame, true, text, sizeof text));
    CHECK_ERR (s_explain (frame, true, text, 100), FEP_LIMIT);
    CHECK_ERR (s_explain (bytes_of (frame.data, frame.size - 1), true, text, sizeof text),
               FEP_NOT_MINE);
    s_frame[frame.size - 2] ^= 1;
    CHECK_ERR (s_explain (frame, true, text, sizeof text), FEP_CHECKSUM);
    frame = s_build_hex (0x88, 0x0C, 0xE0, "00");
    CHECK_ERR (s_explain (frame, true, text, sizeof text), FEP_TRUNCATED);
}

static const char s_clock[] = "00000200 49 48 11 15 52 15";

static fep_err_t s_report (player_t *player, unsigned seq)
{
    bytes_t frame = s_build_hex (0xC4, 0x0C, (uint8_t) (0x70 | (seq & 15)), s_clock);
    return player->codec->decode (player->state, frame, &player->io);
}

static void test_ring_of_confirmations (void **state)
{
    (void) state;
    player_t player = player_new (codec_find ("gdw1376"));
    player_reset (&player);
    static gdw_state_t before;
    for (unsigned i = 0; i < GDW_PENDING_MAX; i++) {
        CHECK_OK (s_report (&player, i));
        assert_int_equal (player.io.mark, i + 1);
    }
    memcpy (&before, player.state, sizeof before);
    size_t messages = player.batch->message_count;
    CHECK_ERR (s_report (&player, 0), FEP_FULL);
    assert_memory_equal (&before, player.state, sizeof before);
    assert_int_equal (player.batch->message_count, messages);
    assert_int_equal (player.send.size, 0);
    player.codec->durable (player.state, 10, &player.io);
    assert_int_equal (player.send.size, 10 * 20);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal (player.sent[i * 20 + 13], 0x60 | i);
    }
    player.codec->durable (player.state, 10, &player.io);
    player.codec->durable (player.state, 3, &player.io);
    player.codec->durable (player.state, 0, &player.io);
    assert_int_equal (player.send.size, 10 * 20);
    CHECK_OK (s_report (&player, 5));
    assert_int_equal (player.io.mark, GDW_PENDING_MAX + 1);
    player.codec->durable (player.state, GDW_PENDING_MAX + 1, &player.io);
    assert_int_equal (player.send.size, (GDW_PENDING_MAX + 1) * 20);
    assert_int_equal (player.sent[GDW_PENDING_MAX * 20 + 13], 0x65);
    player_free (&player);
}

//  The count of frames goes around; the mark is never 0.
static void test_marks_go_around (void **state)
{
    (void) state;
    player_t player = player_new (codec_find ("gdw1376"));
    player_reset (&player);
    ((gdw_state_t *) player.state)->oldest = 0x7FFFFFFE;
    for (unsigned i = 0; i < 4; i++) {
        CHECK_OK (s_report (&player, i));
        assert_int_not_equal (player.io.mark, 0);
    }
    assert_int_equal (player.io.mark, 2);
    player.codec->durable (player.state, 0x80000000, &player.io);
    assert_int_equal (player.send.size, 2 * 20);
    player.codec->durable (player.state, 2, &player.io);
    assert_int_equal (player.send.size, 4 * 20);
    player_free (&player);
}

//  A peer that takes nothing: confirmations stay until there is room.
static void test_confirmations_without_room (void **state)
{
    (void) state;
    player_t player = player_new (codec_find ("gdw1376"));
    player_reset (&player);
    CHECK_OK (s_report (&player, 1));
    CHECK_OK (s_report (&player, 2));
    player.send = writer_of (player.sent, 25);
    player.codec->durable (player.state, 2, &player.io);
    assert_true (player.send.failed);
    player.send = writer_of (player.sent, PLAYER_SEND);
    player.codec->durable (player.state, 2, &player.io);
    assert_int_equal (player.send.size, 20);
    assert_int_equal (player.sent[13], 0x62);
    player_free (&player);
}

static void s_login (player_t *player)
{
    bytes_t frame = s_build_hex (0xC9, 0x02, 0x70, "00000100");
    CHECK_OK (player->codec->decode (player->state, frame, &player->io));
    player->send.size = 0;
}

static void test_request_without_room (void **state)
{
    (void) state;
    player_t player = player_new (codec_find ("gdw1376"));
    player_reset (&player);
    s_login (&player);
    request_t request = {
        .kind = REQUEST_READ, .mp = 1, .point_count = 1, .points = {POINT (1, 0, 32, 7, 0)}};
    player.send = writer_of (player.sent, 10);
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_FULL);
    assert_int_equal (request.done, 0);
    assert_false (request.finished);
    player.send = writer_of (player.sent, PLAYER_SEND);
    CHECK_OK (player.codec->encode (player.state, &request, &player.io));
    assert_true (request.finished);
    assert_int_equal (player.sent[13], 0x60);
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_NOT_FOUND);
    player_free (&player);
}

static void test_request_ranges (void **state)
{
    (void) state;
    player_t player = player_new (codec_find ("gdw1376"));
    player_reset (&player);
    s_login (&player);
    request_t request = {.kind = REQUEST_READ_FROZEN,
                         .mp = 1,
                         .freeze = FREEZE_DAY,
                         .point_count = 1,
                         .points = {POINT (1, 0, 1, 8, 0)},
                         .from_ms = 1535500800000,
                         .to_ms = 1535500800000 - 1};
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_RANGE);
    request.to_ms = request.from_ms + 1000;
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_RANGE);
    request.from_ms = 0;
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_RANGE);
    request.freeze = FREEZE_HOUR;
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_UNSUPPORTED);
    request.freeze = FREEZE_DAY;
    request.points[0] = 0;
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_UNSUPPORTED);
    request.point_count = 0;
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_RANGE);
    assert_int_equal (player.send.size, 0);
    player_free (&player);
}

//  Several measuring points: units of one point behind those of the next, as many as an answer of 800 bytes holds. The
//  codec says which points are over with each frame.
static void test_request_of_several (void **state)
{
    (void) state;
    player_t player = player_new (codec_find ("gdw1376"));
    player_reset (&player);
    s_login (&player);
    request_t request = {.kind = REQUEST_READ_FROZEN,
                         .mp = 1,
                         .mp_count = REQUEST_MPS_MAX,
                         .freeze = FREEZE_DAY,
                         .point_count = 1,
                         .points = {POINT (1, 0, 1, 8, 0)},
                         .from_ms = 1535472000000,
                         .to_ms = 1535472000000};
    for (unsigned i = 0; i < REQUEST_MPS_MAX; i++) {
        request.mps[i] = (uint16_t) (1 + 7 * i);
    }
    static const uint8_t overs[] = {19, REQUEST_MPS_MAX};
    assert_int_equal (player.codec->mps_max, REQUEST_MPS_MAX);
    for (unsigned frame = 0, mp = 0; frame < 2; frame++) {
        assert_false (request.finished);
        player.send.size = 0;
        CHECK_OK (player.codec->encode (player.state, &request, &player.io));
        assert_int_equal (request.mps_over, overs[frame]);
        assert_int_equal (player.sent[12], 0x0D);
        for (size_t at = 14; at + 2 < player.send.size; at += 7, mp++) {
            unsigned pn = 7 * mp;
            const uint8_t unit[] = {
                (uint8_t) (1u << pn % 8), (uint8_t) (pn / 8 + 1), 0x01, 0x14, 0x28, 0x08, 0x18};
            assert_memory_equal (player.sent + at, unit, sizeof unit);
        }
        assert_int_equal (mp, overs[frame]);
    }
    assert_true (request.finished);
    request = (request_t){.kind = REQUEST_READ, .mp = 1, .mp_count = 2, .mps = {1, 2}};
    player.send.size = 0;
    CHECK_OK (player.codec->encode (player.state, &request, &player.io));
    assert_int_equal (request.mps_over, 2);
    request = (request_t){.kind = REQUEST_READ, .mp = 1, .mp_count = REQUEST_MPS_MAX + 1};
    CHECK_ERR (player.codec->encode (player.state, &request, &player.io), FEP_RANGE);
    player_free (&player);
}

//  A year of days at 8 units a frame: steps and numbers go on, the last frame finishes.
static void test_request_of_a_year (void **state)
{
    (void) state;
    player_t player = player_new (codec_find ("gdw1376"));
    player_reset (&player);
    s_login (&player);
    clock_civil_t first = {2019, 1, 1, 0, 0, 0};
    request_t request = {.kind = REQUEST_READ_FROZEN,
                         .mp = 1,
                         .freeze = FREEZE_DAY,
                         .point_count = 1,
                         .points = {POINT (1, 0, 1, 8, 0)}};
    assert_true (clock_from_civil (&first, &request.from_ms));
    request.to_ms = request.from_ms + 364 * 86400000LL;
    unsigned frames = 0;
    while (!request.finished) {
        player.send.size = 0;
        CHECK_OK (player.codec->encode (player.state, &request, &player.io));
        assert_int_equal (player.sent[13], 0x60 | (frames & 15));
        frames++;
    }
    assert_int_equal (frames, 46);
    assert_int_equal (request.done, 365);
    static const uint8_t last[] = {0x30, 0x12, 0x19};
    assert_memory_equal (player.sent + player.send.size - 5, last, 3);
    player_free (&player);
}

//  Bytes of a layout's data: Td, then zeros with valid times and M = 2.
static size_t s_fill (const gdw_layout_t *layout, uint8_t *p)
{
    static const uint8_t read_time[] = {0x05, 0x00, 0x28, 0x08, 0x18};
    static const uint8_t curve[] = {0x15, 0x00, 0x28, 0x08, 0x18, 1, 3};
    size_t td = layout->td == TD_DAY ? 3 : layout->td == TD_MONTH ? 2 : 0;
    memset (p, 0, 512);
    if (layout->td == TD_CURVE) {
        memcpy (p, curve, sizeof curve);
        return sizeof curve + 3u * layout->fixed;
    }
    memcpy (p, read_time + 5 - td, td);
    if (gdw_fields[layout->first].role == ROLE_TIME) {
        memcpy (p + td, read_time, sizeof read_time);
    }
    if (layout->tariffs_at != GDW_NO_TARIFFS) {
        p[td + layout->tariffs_at] = 2;
        return td + layout->fixed + 3u * layout->per_tariff;
    }
    return td + layout->fixed;
}

static size_t s_items (const gdw_layout_t *layout)
{
    size_t count = 0;
    for (size_t i = 0; i < layout->count; i++) {
        const gdw_field_t *field = &gdw_fields[layout->first + i];
        bool item = field->point && (field->role != ROLE_TIME || layout->td != TD_NONE);
        count += item * (field->repeat == REPEAT_TARIFFS ? 3u : 1u);
    }
    return layout->td == TD_CURVE ? 3 : count;
}

static void s_check_layout (player_t *player, const gdw_layout_t *layout)
{
    uint8_t body[520];
    uint16_t pn = layout->subject == SUBJECT_TERMINAL ? 0 : 7;
    writer_t out = writer_of (body, 4);
    gdw_put_unit (&out, pn, layout->fn);
    size_t size = s_fill (layout, body + 4) + 4;
    for (size_t cut = 0; cut < 2; cut++) {
        player_reset (player);
        bytes_t frame = s_build (0x88, layout->afn, 0x60, bytes_of (body, size - cut));
        CHECK_OK (player->codec->decode (player->state, frame, &player->io));
        assert_int_equal (player->batch->message_count, 1);
        const message_t *message = &player->batch->messages[0];
        assert_int_equal (message->mp, pn);
        assert_int_equal (message->kind, cut ? MESSAGE_EVENT : MESSAGE_READING);
        assert_int_equal (player->io.raw_units, cut);
        if (!cut) {
            assert_int_equal (message->count, s_items (layout));
            assert_int_equal (message->freeze, layout->freeze);
        }
        for (uint32_t i = 0; !cut && i < message->count; i++) {
            assert_non_null (point_find (player->batch->items[message->first + i].point));
        }
    }
}

//  Each row decodes a body of its size, one byte less is kept raw, and its points can be asked for.
static void test_every_layout (void **state)
{
    (void) state;
    player_t player = player_new (codec_find ("gdw1376"));
    player_reset (&player);
    assert_true (gdw_layout_count > 100);
    for (size_t i = 0; i < gdw_layout_count; i++) {
        const gdw_layout_t *layout = &gdw_layouts[i];
        assert_true (layout->count > 0);
        s_check_layout (&player, layout);
        player_reset (&player);
        s_login (&player);
        request_t request = {.kind =
                                 layout->afn != AFN_HISTORY ? REQUEST_READ : REQUEST_READ_FROZEN,
                             .mp = layout->subject == SUBJECT_TERMINAL ? 0 : 7,
                             .freeze = layout->freeze,
                             .from_ms = 1535385600000,
                             .to_ms = 1535385600000 + 32 * 86400000LL};
        for (size_t n = 0; n < layout->count && request.point_count < REQUEST_POINTS_MAX; n++) {
            const gdw_field_t *field = &gdw_fields[layout->first + n];
            if (field->point && field->role == ROLE_VALUE) {
                request.points[request.point_count++] = field->point;
            }
        }
        if (layout->freeze != FREEZE_COMMAND) {
            CHECK_OK (player.codec->encode (player.state, &request, &player.io));
        }
    }
    player_free (&player);
}

static void test_every_event (void **state)
{
    (void) state;
    player_t player = player_new (codec_find ("gdw1376"));
    player_reset (&player);
    size_t known = 0;
    for (unsigned erc = 0; erc <= GDW_ERC_MAX; erc++) {
        const gdw_event_t *event = &gdw_events[erc];
        uint8_t body[80] = {
            0,    0,    1,    0,    9,   9, 4, 5, (uint8_t) erc, (uint8_t) event->fixed,
            0x36, 0x09, 0x15, 0x04, 0x15};
        if (!event->name) {
            continue;
        }
        known++;
        player_reset (&player);
        bytes_t frame = s_build (0x88, 0x0E, 0x60, bytes_of (body, 10u + event->fixed));
        CHECK_OK (player.codec->decode (player.state, frame, &player.io));
        assert_int_equal (player.batch->message_count, 2);
        const message_t *message = &player.batch->messages[0];
        assert_int_equal (player.io.raw_units, 0);
        assert_true (message->count >= 2);
        assert_true (message->time_ms == 1429061760000);
        assert_int_equal (message->raw.size, 2u + event->fixed);
        const item_t *items = &player.batch->items[message->first];
        assert_int_equal (items[0].point, POINT_EVENT_CODE);
        assert_int_equal (items[0].value.mantissa, erc);
        assert_int_equal (items[1].point, POINT_EVENT_NAME);
        assert_int_equal (items[1].value.exponent, strlen (event->name));
        for (uint32_t i = 0; i < message->count; i++) {
            assert_non_null (point_find (items[i].point));
        }
    }
    assert_true (known >= 30);
    player_free (&player);
}

//  More one-byte units than a batch has messages: refused, not cut.
static void test_frame_too_rich (void **state)
{
    (void) state;
    static uint8_t body[16000];
    player_t player = player_new (codec_find ("gdw1376"));
    player_reset (&player);
    size_t size = 0;
    while (size + 68 <= sizeof body) {
        static const uint8_t unit[] = {0xFF, 0x01, 0x08, 0x00};
        memcpy (body + size, unit, 4);
        size += 12;
    }
    bytes_t frame = s_build (0x88, 0x0C, 0x60, bytes_of (body, size));
    CHECK_ERR (player.codec->decode (player.state, frame, &player.io), FEP_LIMIT);
    player_free (&player);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_explain_published),
                                       cmocka_unit_test (test_explain_units),
                                       cmocka_unit_test (test_explain_reasons),
                                       cmocka_unit_test (test_ring_of_confirmations),
                                       cmocka_unit_test (test_marks_go_around),
                                       cmocka_unit_test (test_confirmations_without_room),
                                       cmocka_unit_test (test_request_without_room),
                                       cmocka_unit_test (test_request_ranges),
                                       cmocka_unit_test (test_request_of_several),
                                       cmocka_unit_test (test_request_of_a_year),
                                       cmocka_unit_test (test_every_layout),
                                       cmocka_unit_test (test_every_event),
                                       cmocka_unit_test (test_frame_too_rich)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
