//  One meter, read by a real session over every connection that carries it: a transparent gateway, the forwarding of
//  Q/GDW 376.1 and of DL/T 698.45, and a connection of its own. What comes out must be the same. And Modbus in Modbus
//  TCP, with several requests in flight.
#include "codecs/dlt645/frame.h"
#include "codecs/dlt698/apdu.h"
#include "codecs/dlt698/axdr.h"
#include "codecs/dlt698/link.h"
#include "codecs/gdw1376/link.h"
#include "tests/actors/rig.h"
#include "tests/codecs/vec.h"
#include <string.h>

#define METER "100170021852"
#define MP 7
#define MIDNIGHT_MS 1699977600000  //  2023-11-15 00:00, UTC+8; the rig is on that day

enum { SEQ_AT = 13, ADDRESS_AT = 7 };

static pattern_t s_registration;

//  A connection: how its terminal says who it is, and puts an answer of the meter around.
typedef struct {
    const char *codec;
    const char *silent;  //  What it says of a meter that did not answer; NULL: it forwards nothing
    void (*login) (rig_t *rig);
    //  Appends to rig->frame the answer to `sent`; an empty `line`: the meter did not answer.
    void (*answer) (rig_t *rig, bytes_t sent, bytes_t line);
} way_t;

//  ---- A transparent gateway, and the meter's own connection ----

static void s_login_dtu (rig_t *rig)
{
    writer_put (&rig->frame, (const uint8_t *) "ID0042", 6);
}

static void s_answer_bare (rig_t *rig, bytes_t sent, bytes_t line)
{
    (void) sent;
    writer_put (&rig->frame, line.data, line.size);
}

//  It reports something of its own accord: a voltage.
static void s_login_meter (rig_t *rig)
{
    dlt_frame_t frame = {
        .control = DLT_READ | DLT_UP, .size = 6, .data = {0x00, 0x01, 0x01, 0x02, 0x05, 0x22}};
    CHECK_OK (dlt_address_parse (bytes_text (METER), frame.address));
    dlt_write (&rig->frame, &frame);
}

//  ---- Q/GDW 376.1: AFN 10 F1 ----

static void s_login_gdw1376 (rig_t *rig)
{
    static const uint8_t address[GDW_ADDRESS] = {0x71, 0x01, 0x22, 0x08, 0x00};
    static const uint8_t login[] = {0x00, 0x00, 0x01, 0x00};
    size_t mark = gdw_frame_open (&rig->frame, 2, 0xC9, address, AFN_LINK, 0x75);
    writer_put (&rig->frame, login, sizeof login);
    gdw_frame_close (&rig->frame, mark);
}

static void s_answer_gdw1376 (rig_t *rig, bytes_t sent, bytes_t line)
{
    static const uint8_t unit[] = {0x00, 0x00, 0x01, 0x00, 31};
    size_t mark = gdw_frame_open (&rig->frame, 2, 0x88, sent.data + ADDRESS_AT, AFN_FORWARD,
                                  (uint8_t) (0x60 | (sent.data[SEQ_AT] & 15)));
    writer_put (&rig->frame, unit, sizeof unit);
    writer_u16le (&rig->frame, (uint16_t) line.size);
    writer_put (&rig->frame, line.data, line.size);
    gdw_frame_close (&rig->frame, mark);
}

//  ---- DL/T 698.45: PROXY TransCommand ----

static const d698_peer_t s_peer = {{0x05, 0x01}, 7, 0x10, false};

static void s_login_dlt698 (rig_t *rig)
{
    static const uint8_t link[] = {
        APDU_LINK_REQUEST, 0, LINK_LOGIN, 0, 60, 0x07, 0xE9, 4, 3, 4, 15, 0x14, 5, 0, 0};
    size_t mark = d698_open (&rig->frame, &s_peer, D698_DIR | D698_LINK);
    writer_put (&rig->frame, link, sizeof link);
    d698_close (&rig->frame, mark);
}

static void s_answer_dlt698 (rig_t *rig, bytes_t sent, bytes_t line)
{
    enum { TIMEOUT = 33 };  //  DAR: the request timed out
    d698_frame_t frame;
    CHECK_OK (d698_frame_read (sent, &frame));
    reader_t in = reader_of (frame.user);
    assert_int_equal (reader_u16be (&in), APDU_PROXY << 8 | PROXY_TRANSPARENT);
    uint8_t piid = reader_u8 (&in);
    uint32_t port = reader_u32be (&in);
    size_t mark = d698_open (&rig->frame, &s_peer, D698_DIR | D698_PRM | D698_USER);
    writer_u8 (&rig->frame, APDU_PROXY_RESPONSE);
    writer_u8 (&rig->frame, PROXY_TRANSPARENT);
    writer_u8 (&rig->frame, piid);
    writer_u32be (&rig->frame, port);
    if (line.size) {
        writer_u8 (&rig->frame, 1);
        d698_put_length (&rig->frame, line.size);
        writer_put (&rig->frame, line.data, line.size);
    } else {
        writer_u8 (&rig->frame, 0);
        writer_u8 (&rig->frame, TIMEOUT);
    }
    writer_u16be (&rig->frame, 0);
    d698_close (&rig->frame, mark);
}

static const way_t s_ways[] = {
    {"dtu", NULL, s_login_dtu, s_answer_bare},
    {"gdw1376", "the meter did not answer", s_login_gdw1376, s_answer_gdw1376},
    {"dlt698", "request timed out", s_login_dlt698, s_answer_dlt698},
    {"dlt645", NULL, s_login_meter, s_answer_bare}};

//  ---- The rig ----

static const char *s_said;

static void s_on_result (void *arg, const session_t *session, uint64_t token, fep_err_t error,
                         uint8_t code, const char *said, uint32_t journalled, uint32_t values)
{
    s_said = said;
    rig_on_result (arg, session, token, error, code, said, journalled, values);
}

static rig_t *s_online (const way_t *way)
{
    CHECK_OK (pattern_parse ("ID{id:4}", &s_registration, NULL, 0));
    rig_t *rig = rig_new (codec_find (way->codec));
    rig->options.registration = &s_registration;
    rig->config.session.forward_timeout_ms = 7000;
    rig->env.result = s_on_result;
    s_said = NULL;
    way->login (rig);
    assert_int_equal (rig_feed (rig), INPUT_BLOCKED);
    assert_int_equal (rig_admit (rig, 0), INPUT_TAKEN);
    batch_clear (rig->batch);
    rig->send.size = 0;
    return rig;
}

static fep_err_t s_ask (rig_t *rig, request_kind_t kind)
{
    request_t request = {
        .token = 1,
        .kind = kind,
        .mp = MP,
        .point_count = 3,
        .points = {POINT (1, 0, 1, 8, 0), POINT (1, 0, 32, 7, 0), POINT (1, 0, 13, 7, 0)},
        .carried = codec_find ("dlt645"),
        .meter = METER};
    if (kind == REQUEST_READ_FROZEN) {
        request.point_count = 1;
        request.freeze = FREEZE_DAY;
        request.from_ms = request.to_ms = MIDNIGHT_MS;
    }
    return session_request (rig->session, &rig->env, &request);
}

//  The meter's frame among what was sent.
static bytes_t s_carried (rig_t *rig, const way_t *way, bytes_t sent, uint8_t *memory, size_t size)
{
    writer_t line = writer_of (memory, size);
    if (way->silent) {
        CHECK_OK (codec_find (way->codec)->unwrap (sent, false, &rig->options, &line));
    } else {
        writer_put (&line, sent.data, sent.size);
    }
    assert_false (line.failed);
    return writer_bytes (&line);
}

//  What the meter has: 12345.67 kWh, 220.5 V; of the power factor it has nothing.
static void s_meter (bytes_t asked, writer_t *out)
{
    static const struct {
        uint32_t di;
        uint8_t size, data[5];
    } rows[] = {{0x00010000, 4, {0x67, 0x45, 0x23, 0x01}},
                {0x02010100, 2, {0x05, 0x22}},
                {0x05060001, 5, {0x00, 0x00, 0x15, 0x11, 0x23}},
                {0x05060101, 4, {0x66, 0x45, 0x23, 0x01}}};
    dlt_frame_t frame;
    uint32_t di = 0;
    uint8_t own[DLT_ADDRESS];
    CHECK_OK (dlt_read (asked, &frame));
    CHECK_OK (dlt_address_parse (bytes_text (METER), own));
    assert_memory_equal (frame.address, own, sizeof own);
    assert_true (dlt_has_di (&frame, &di));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].di == di) {
            frame.control = DLT_READ | DLT_UP;
            memcpy (frame.data + frame.size, rows[i].data, rows[i].size);
            frame.size = (uint8_t) (frame.size + rows[i].size);
            dlt_write (out, &frame);
            return;
        }
    }
    frame.control = DLT_READ | DLT_UP | DLT_ERROR;
    frame.size = 1;
    frame.data[0] = 0x02;
    dlt_write (out, &frame);
}

//  What came out of the exchanges, without the instant of reception: a line an item.
static void s_append (const rig_t *rig, char *text, size_t size)
{
    size_t used = 0;
    text[0] = 0;
    for (size_t i = 0; i < rig->batch->message_count; i++) {
        const message_t *message = &rig->batch->messages[i];
        assert_int_equal (message->terminal, RIG_NUMBER);
        for (uint32_t n = 0; n < message->count; n++) {
            char value[64];
            const item_t *item = &rig->batch->items[message->first + n];
            value_text (&item->value, value, sizeof value);
            used +=
                (size_t) snprintf (text + used, size - used,
                                   "%s %u %08X %s %X %u %lld:", message_kind_name (message->kind),
                                   message->mp, item->point, value, item->value.quality,
                                   item->value.kind, (long long) message_item_time (message, n));
        }
        for (size_t b = 0; b < message->raw.size; b++) {
            used += (size_t) snprintf (text + used, size - used, "%02X", message->raw.data[b]);
        }
        used += (size_t) snprintf (text + used, size - used, "\n");
        assert_true (used < size);
    }
}

//  Exchanges until the request ends.
static void s_serve (rig_t *rig, const way_t *way)
{
    uint8_t line[512], answer[512];
    for (int i = 0; rig->result_count == 0 && i < 10; i++) {
        bytes_t sent = writer_bytes (&rig->send);
        assert_true (sent.size > 0);
        writer_t out = writer_of (answer, sizeof answer);
        s_meter (s_carried (rig, way, sent, line, sizeof line), &out);
        way->answer (rig, sent, writer_bytes (&out));
        rig->send.size = 0;
        (void) rig_feed (rig);
        (void) rig_pass (rig, 50);
    }
}

static void test_same_messages (void **state)
{
    (void) state;
    static char first[4096], other[4096];
    for (size_t w = 0; w < sizeof s_ways / sizeof *s_ways; w++) {
        rig_t *rig = s_online (&s_ways[w]);
        CHECK_OK (s_ask (rig, REQUEST_READ));
        s_serve (rig, &s_ways[w]);
        assert_int_equal (rig->result_count, 1);
        CHECK_OK (rig->results[0].error);
        s_append (rig, w ? other : first, sizeof first);
        if (w) {
            assert_string_equal (other, first);
        }
        assert_int_equal (session_state (rig->session), SESSION_ONLINE);
        rig_free (&rig);
    }
    //  And they are what the meter has.
    assert_non_null (strstr (first, "reading 7 10010800 12345.67 "));
    assert_non_null (strstr (first, "reading 7 10200700 220.5 "));
    assert_non_null (strstr (first, ":6852180270011068910833333433"));
}

//  The stamp of the latest freeze, then its value, at the instant it was due.
static void test_same_freeze (void **state)
{
    (void) state;
    static char first[4096], other[4096];
    for (size_t w = 0; w < sizeof s_ways / sizeof *s_ways; w++) {
        rig_t *rig = s_online (&s_ways[w]);
        CHECK_OK (s_ask (rig, REQUEST_READ_FROZEN));
        s_serve (rig, &s_ways[w]);
        assert_int_equal (rig->result_count, 1);
        CHECK_OK (rig->results[0].error);
        s_append (rig, w ? other : first, sizeof first);
        assert_string_equal (w ? other : first, first);
        assert_int_equal (rig->batch->message_count, 2);
        const message_t *message = &rig->batch->messages[1];
        assert_int_equal (message->freeze, FREEZE_DAY);
        assert_true (message->time_ms == MIDNIGHT_MS);
        assert_int_equal (rig->batch->items[message->first].value.quality, QUALITY_SECONDARY);
        rig_free (&rig);
    }
    assert_non_null (strstr (first, "reading 7 10010800 12345.66 "));
}

//  The concentrator says so, in its own words, at once.
static void test_meter_silent (void **state)
{
    (void) state;
    for (size_t w = 0; w < sizeof s_ways / sizeof *s_ways; w++) {
        if (!s_ways[w].silent) {
            continue;
        }
        rig_t *rig = s_online (&s_ways[w]);
        CHECK_OK (s_ask (rig, REQUEST_READ));
        s_ways[w].answer (rig, writer_bytes (&rig->send), bytes_of (NULL, 0));
        (void) rig_feed (rig);
        assert_int_equal (rig->result_count, 1);
        CHECK_ERR (rig->results[0].error, FEP_REFUSED);
        assert_non_null (s_said);
        assert_string_equal (s_said, s_ways[w].silent);
        assert_true (codec_find (s_ways[w].codec)->is_silence (rig->results[0].code));
        assert_int_equal (rig->batch->message_count, 0);
        assert_int_equal (session_state (rig->session), SESSION_ONLINE);
        rig_free (&rig);
    }
}

//  376.1: AFN 10 without its length, without the port, and without anything.
static void s_answer_cut (rig_t *rig, bytes_t sent, size_t size)
{
    static const uint8_t unit[] = {0x00, 0x00, 0x01, 0x00, 31};
    size_t mark = gdw_frame_open (&rig->frame, 2, 0x88, sent.data + ADDRESS_AT, AFN_FORWARD,
                                  (uint8_t) (0x60 | (sent.data[SEQ_AT] & 15)));
    writer_put (&rig->frame, unit, size);
    gdw_frame_close (&rig->frame, mark);
}

//  698.45: PROXY TransCommand done, with no octets.
static void s_answer_no_octets (rig_t *rig, bytes_t sent)
{
    d698_frame_t frame;
    CHECK_OK (d698_frame_read (sent, &frame));
    size_t mark = d698_open (&rig->frame, &s_peer, D698_DIR | D698_PRM | D698_USER);
    writer_u8 (&rig->frame, APDU_PROXY_RESPONSE);
    writer_u8 (&rig->frame, PROXY_TRANSPARENT);
    writer_u8 (&rig->frame, frame.user.data[2]);
    writer_u32be (&rig->frame, OAD_PORT_CARRIER);
    writer_u8 (&rig->frame, 1);
    writer_u8 (&rig->frame, 0);
    writer_u16be (&rig->frame, 0);
    d698_close (&rig->frame, mark);
}

//  An answer in which nothing is carried says the same.
static void test_nothing_carried (void **state)
{
    (void) state;
    static const size_t sizes[] = {5, 4, 0, 0};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        const way_t *way = i < 3 ? &s_ways[1] : &s_ways[2];
        rig_t *rig = s_online (way);
        CHECK_OK (s_ask (rig, REQUEST_READ));
        if (i < 3) {
            s_answer_cut (rig, writer_bytes (&rig->send), sizes[i]);
        } else {
            s_answer_no_octets (rig, writer_bytes (&rig->send));
        }
        (void) rig_feed (rig);
        assert_int_equal (rig->result_count, 1);
        CHECK_ERR (rig->results[0].error, FEP_REFUSED);
        assert_true (codec_find (way->codec)->is_silence (rig->results[0].code));
        assert_int_equal (rig->batch->message_count, 0);
        rig_free (&rig);
    }
}

//  What the meter itself refuses is said in the meter's words, and a command is sent once.
static void test_command (void **state)
{
    (void) state;
    for (size_t w = 0; w < sizeof s_ways / sizeof *s_ways; w++) {
        uint8_t line[512], answer[64];
        dlt_frame_t frame;
        rig_t *rig = s_online (&s_ways[w]);
        request_t request = {.token = 1,
                             .kind = REQUEST_OPERATE,
                             .mp = MP,
                             .operation = OPERATION_TRIP,
                             .carried = codec_find ("dlt645"),
                             .meter = METER};
        CHECK_OK (session_request (rig->session, &rig->env, &request));
        bytes_t sent = writer_bytes (&rig->send);
        CHECK_OK (dlt_read (s_carried (rig, &s_ways[w], sent, line, sizeof line), &frame));
        assert_int_equal (frame.control, DLT_CONTROL);
        frame.control = DLT_CONTROL | DLT_UP | DLT_ERROR;
        frame.size = 1;
        frame.data[0] = 0x04;
        writer_t out = writer_of (answer, sizeof answer);
        dlt_write (&out, &frame);
        s_ways[w].answer (rig, sent, writer_bytes (&out));
        (void) rig_feed (rig);
        assert_int_equal (rig->result_count, 1);
        CHECK_ERR (rig->results[0].error, FEP_REFUSED);
        assert_string_equal (s_said, "not authorised");
        rig->send.size = 0;
        (void) rig_pass (rig, 10000);
        request.token = 2;
        CHECK_OK (session_request (rig->session, &rig->env, &request));
        assert_true (rig->send.size > 0);
        rig->send.size = 0;
        (void) rig_pass (rig, 10000);
        assert_int_equal (rig->result_count, 2);
        CHECK_ERR (rig->results[1].error, FEP_OUTCOME_UNKNOWN);
        assert_int_equal (rig->send.size, 0);
        rig_free (&rig);
    }
}

//  ---- Seals, of the meter's frame and of the one around it ----

static profile_t *s_profile;

static const profile_t *s_on_profile (void *arg, uint32_t number)
{
    (void) arg;
    return number ? s_profile : NULL;
}

static uint8_t s_given[1024];
static size_t s_given_size;
static bool s_given_carried;
static unsigned s_seals;

static fep_err_t s_on_seal (void *arg, const session_t *session, const request_t *request,
                            bytes_t bytes)
{
    (void) arg;
    (void) session;
    memcpy (s_given, bytes.data, bytes.size);
    s_given_size = bytes.size;
    s_given_carried = request->carried != NULL;
    s_seals++;
    return FEP_OK;
}

//  A concentrator of 376.1 that wants 16 bytes of PW, with a meter that has the same profile.
static rig_t *s_online_sealed (const char *profile)
{
    profile_fault_t fault;
    CHECK_OK (profile_parse (bytes_text (profile), &s_profile, &fault));
    rig_t *rig = rig_new (codec_find ("gdw1376"));
    rig->env.profile = s_on_profile;
    rig->env.seal = s_on_seal;
    rig->config.session.forward_timeout_ms = 7000;
    rig->config.seal.timeout_ms = 5000;
    s_seals = 0;
    s_login_gdw1376 (rig);
    assert_int_equal (rig_feed (rig), INPUT_BLOCKED);
    admission_t admission = {.number = RIG_NUMBER, .area = RIG_AREA, .profile = 1};
    session_admit (rig->session, &rig->env, &admission);
    assert_int_equal (rig_resume (rig), INPUT_TAKEN);
    batch_clear (rig->batch);
    rig->send.size = 0;
    return rig;
}

//  What was given to be sealed stands in the frame as it was, and the PW behind it.
static void s_expect_sealed (const rig_t *rig, uint8_t pw)
{
    enum { HEAD = 6, PW = 16, TAIL = 2 };
    assert_int_equal (rig->send.size, HEAD + s_given_size + PW + TAIL);
    assert_memory_equal (rig->send.data + HEAD, s_given, s_given_size);
    for (size_t i = 0; i < PW; i++) {
        assert_int_equal (rig->send.data[HEAD + s_given_size + i], pw);
    }
}

static void s_seal (rig_t *rig, uint8_t byte, size_t size)
{
    uint8_t made[32];
    memset (made, byte, size);
    session_sealed (rig->session, &rig->env, 1, FEP_OK, bytes_of (made, size));
}

//  The PW is the concentrator's; a frame that is repeated has another number, so another PW.
static void test_seal_outside (void **state)
{
    (void) state;
    rig_t *rig = s_online_sealed ("profile p\ncodec gdw1376\nsetting seal 2\n");
    CHECK_OK (s_ask (rig, REQUEST_READ));
    assert_int_equal (s_seals, 1);
    assert_false (s_given_carried);
    assert_int_equal (rig->send.size, 0);
    s_seal (rig, 0x11, 16);
    s_expect_sealed (rig, 0x11);
    rig->send.size = 0;
    (void) rig_pass (rig, 7000);
    assert_int_equal (s_seals, 2);
    assert_int_equal (rig->send.size, 0);
    s_seal (rig, 0x22, 16);
    s_expect_sealed (rig, 0x22);
    rig_free (&rig);
    profile_destroy (&s_profile);
}

static void s_trip (rig_t *rig)
{
    request_t request = {.token = 1,
                         .kind = REQUEST_OPERATE,
                         .mp = MP,
                         .operation = OPERATION_TRIP,
                         .profile = 1,
                         .carried = codec_find ("dlt645"),
                         .meter = METER};
    CHECK_OK (session_request (rig->session, &rig->env, &request));
}

//  First the meter's data, then the PW around them; each is given back to whom it belongs.
static void test_seal_both (void **state)
{
    (void) state;
    uint8_t line[512];
    dlt_frame_t frame;
    rig_t *rig = s_online_sealed ("profile p\ncodec gdw1376\nsetting seal 2\n");
    s_trip (rig);
    assert_true (s_seals == 1 && s_given_carried && s_given[0] == DLT_CONTROL);
    (void) rig_pass (rig, 1500);
    s_seal (rig, 0x33, 20);
    assert_true (s_seals == 2 && !s_given_carried);
    (void) rig_pass (rig, 1500);
    s_seal (rig, 0x44, 16);
    s_expect_sealed (rig, 0x44);
    bytes_t sent = writer_bytes (&rig->send);
    CHECK_OK (dlt_read (s_carried (rig, &s_ways[1], sent, line, sizeof line), &frame));
    assert_int_equal (frame.size, 20);
    assert_int_equal (frame.data[0], 0x33);
    assert_int_equal (s_seals, 2);
    rig_free (&rig);
    profile_destroy (&s_profile);
}

//  What was sealed says the time, and is sent as it was sealed though time has passed.
static void test_seal_time (void **state)
{
    (void) state;
    rig_t *rig = s_online_sealed ("profile p\ncodec gdw1376\nsetting seal 2\n");
    request_t request = {.token = 1, .kind = REQUEST_CLOCK};
    CHECK_OK (session_request (rig->session, &rig->env, &request));
    assert_int_equal (s_seals, 1);
    (void) rig_pass (rig, 3000);
    s_seal (rig, 0x55, 16);
    assert_int_equal (s_seals, 1);
    s_expect_sealed (rig, 0x55);
    rig_free (&rig);
    profile_destroy (&s_profile);
}

//  A seal of no bytes is none.
static void test_seal_empty (void **state)
{
    (void) state;
    rig_t *rig = s_online_sealed ("profile p\ncodec gdw1376\nsetting seal 2\n");
    request_t request = {.token = 1, .kind = REQUEST_CLOCK};
    CHECK_OK (session_request (rig->session, &rig->env, &request));
    s_seal (rig, 0, 0);
    assert_int_equal (s_seals, 1);
    assert_int_equal (rig->result_count, 1);
    CHECK_ERR (rig->results[0].error, FEP_NO_SEAL);
    rig_free (&rig);
    profile_destroy (&s_profile);
}

//  ---- Modbus RTU carried by Modbus TCP ----

static void s_ask_unit (rig_t *rig, unsigned token, unsigned unit)
{
    request_t request = {.token = token,
                         .kind = REQUEST_READ,
                         .mp = (uint16_t) unit,
                         .point_count = 1,
                         .points = {POINT (1, 0, 32, 7, 0)},
                         .profile = 1,
                         .carried = codec_find ("modbus_rtu")};
    snprintf (request.meter, sizeof request.meter, "%u", unit);
    CHECK_OK (session_request (rig->session, &rig->env, &request));
}

static void s_answer_unit (rig_t *rig, const uint8_t *sent, unsigned value)
{
    const uint8_t answer[] = {
        sent[0], sent[1], 0, 0, 0, 5, sent[6], 3, 2, (uint8_t) (value >> 8), (uint8_t) value};
    writer_put (&rig->frame, answer, sizeof answer);
    (void) rig_feed (rig);
}

static rig_t *s_modbus_rig (const char *terminal, const char *profile)
{
    profile_fault_t fault;
    CHECK_OK (profile_parse (bytes_text (profile), &s_profile, &fault));
    rig_t *rig = rig_new (codec_find (terminal));
    rig->env.profile = s_on_profile;
    session_name (rig->session, &rig->env, "T1");
    assert_int_equal (rig_admit (rig, 0), INPUT_TAKEN);
    batch_clear (rig->batch);
    return rig;
}

//  Over TCP unit 0 is the device itself, which answers; behind a serial line it is all of them, and nobody does.
static void test_modbus_unit_0 (void **state)
{
    (void) state;
    static const char profile[] = "profile m\ncodec modbus_rtu\n"
                                  "register voltage.l1_V 3 0 u16 scale=0.1\n"
                                  "register relay.state 1 5 bit write=1\n";
    uint32_t relay;
    assert_true (point_parse ("relay.state", &relay));
    rig_t *rig = s_modbus_rig ("modbus_tcp", profile);
    request_t request = {.token = 1,
                         .kind = REQUEST_WRITE,
                         .mp = 1,
                         .meter = "0",
                         .point_count = 1,
                         .points = {relay},
                         .values = {value_decimal (1, 0, 0)},
                         .profile = 1,
                         .carried = codec_find ("modbus_rtu")};
    CHECK_OK (session_request (rig->session, &rig->env, &request));
    assert_int_equal (rig->send.size, 12);
    assert_int_equal (rig->result_count, 0);
    //  The answer is the request.
    writer_put (&rig->frame, rig->send.data, rig->send.size);
    rig->send.size = 0;
    (void) rig_feed (rig);
    assert_int_equal (rig->result_count, 1);
    CHECK_OK (rig->results[0].error);
    //  It does not: nobody knows what became of it.
    CHECK_OK (session_request (rig->session, &rig->env, &request));
    (void) rig_pass (rig, 600000);
    assert_int_equal (rig->result_count, 2);
    CHECK_ERR (rig->results[1].error, FEP_OUTCOME_UNKNOWN);
    //  It is read as any other.
    rig->send.size = 0;
    s_ask_unit (rig, 3, 0);
    assert_int_equal (rig->send.size, 12);
    s_answer_unit (rig, rig->send.data, 2200);
    assert_int_equal (rig->result_count, 3);
    CHECK_OK (rig->results[2].error);
    //  What is no single write goes to it too.
    request = (request_t){.token = 4,
                          .kind = REQUEST_PASS,
                          .mp = 1,
                          .meter = "0",
                          .size = 5,
                          .bytes = {3, 0, 0, 0, 1},
                          .carried = codec_find ("modbus_rtu")};
    rig->send.size = 0;
    CHECK_OK (session_request (rig->session, &rig->env, &request));
    assert_int_equal (rig->result_count, 3);
    s_answer_unit (rig, rig->send.data, 2200);
    assert_int_equal (rig->result_count, 4);
    CHECK_OK (rig->results[3].error);
    rig_free (&rig);
    profile_destroy (&s_profile);
    rig = s_modbus_rig ("dtu", profile);
    request = (request_t){.token = 1,
                          .kind = REQUEST_PASS,
                          .mp = 1,
                          .meter = "0",
                          .size = 5,
                          .bytes = {6, 0, 5, 0x77, 0x66},
                          .carried = codec_find ("modbus_rtu")};
    CHECK_OK (session_request (rig->session, &rig->env, &request));
    assert_int_equal (rig->send.size, 8);
    assert_int_equal (rig->result_count, 1);
    CHECK_OK (rig->results[0].error);
    rig_free (&rig);
    profile_destroy (&s_profile);
}

//  Two at a time, answered the other way round: each goes to whom it belongs.
static void test_modbus (void **state)
{
    (void) state;
    enum { ASKED = 12 };
    rig_t *rig = s_modbus_rig ("modbus_tcp", "profile m\ncodec modbus_rtu\nsetting in_flight 2\n"
                                             "register voltage.l1_V 3 0 u16 scale=0.1\n");
    for (unsigned unit = 1; unit <= 3; unit++) {
        s_ask_unit (rig, unit, unit);
    }
    assert_int_equal (rig->send.size, 2 * ASKED);
    uint8_t sent[2 * ASKED];
    memcpy (sent, rig->send.data, sizeof sent);
    rig->send.size = 0;
    assert_true (memcmp (sent, sent + ASKED, 2) != 0);
    s_answer_unit (rig, sent + ASKED, 2202);
    assert_int_equal (rig->result_count, 1);
    assert_int_equal (rig->results[0].token, 2);
    assert_int_equal (rig->send.size, ASKED);
    assert_int_equal (rig->send.data[6], 3);
    s_answer_unit (rig, sent, 2201);
    s_answer_unit (rig, rig->send.data, 2203);
    assert_int_equal (rig->result_count, 3);
    static const unsigned order[] = {2, 1, 3};
    for (size_t i = 0; i < 3; i++) {
        const message_t *message = &rig->batch->messages[i];
        const value_t *value = &rig->batch->items[message->first].value;
        CHECK_OK (rig->results[i].error);
        assert_int_equal (message->mp, order[i]);
        assert_int_equal (value->mantissa, 2200 + order[i]);
        assert_int_equal (value->exponent, -1);
    }
    rig_free (&rig);
    profile_destroy (&s_profile);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_same_messages), cmocka_unit_test (test_same_freeze),
        cmocka_unit_test (test_meter_silent),  cmocka_unit_test (test_nothing_carried),
        cmocka_unit_test (test_command),       cmocka_unit_test (test_seal_outside),
        cmocka_unit_test (test_seal_both),     cmocka_unit_test (test_seal_time),
        cmocka_unit_test (test_seal_empty),    cmocka_unit_test (test_modbus),
        cmocka_unit_test (test_modbus_unit_0)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
