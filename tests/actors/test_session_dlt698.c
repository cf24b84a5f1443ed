//  A session with the DL/T 698.45 codec: its login waits for admission and is answered with both stamps, those not
//  admitted are told why, the clock is vouched for only while it is synchronised. With setting `connect` a CONNECT goes
//  before the first request, also before a frame carried for a meter.
#include "codecs/dlt698/apdu.h"
#include "codecs/dlt698/link.h"
#include "tests/actors/rig.h"
#include "tests/codecs/vec.h"

#define WAITED_MS 1500

enum { STAMP_SIZE = 10 };

static uint8_t s_bytes[512];

//  A published login (vectors: LINK-Request, login), as its terminal sends it.
static bytes_t s_login (void)
{
    static char line[2048], hex[1024], text[400];
    size_t size;
    char *all = vec_read_file (TESTS_DIR "/vectors/dlt698.jsonl", &size);
    bytes_t login = {NULL, 0};
    for (char *at = strtok (all, "\n"); at && !login.size; at = strtok (NULL, "\n")) {
        snprintf (line, sizeof line, "%s", at);
        if (strstr (line, "\"apdu\": \"LINK-Request\"") && strstr (line, "\"login") &&
            strstr (line, "\"fe_preamble\": 0")) {
            vec_json (line, "hex", hex, sizeof hex);
            snprintf (text, sizeof text, "%.*s", (int) strlen (hex) - 2, hex + 1);
            login = bytes_of (s_bytes, vec_hex (text, s_bytes, sizeof s_bytes));
        }
    }
    free (all);
    assert_true (login.size > 0);
    return login;
}

//  The answer's APDU: tag 81, PIID-ACD, result, three instants.
static const uint8_t *s_answer (const rig_t *rig)
{
    for (size_t i = 0; i + 3 + 3 * STAMP_SIZE <= rig->send.size; i++) {
        if (rig->send.data[i] == 0x81) {
            return rig->send.data + i;
        }
    }
    fail_msg ("no LINK-Response among %zu bytes", rig->send.size);
    return NULL;
}

static int64_t s_millis_of_day (const uint8_t *p)
{
    return ((p[5] * 60 + p[6]) * 60 + p[7]) * 1000 + (p[8] << 8 | p[9]);
}

static void test_stamps (void **state)
{
    (void) state;
    for (int trusted = 0; trusted < 2; trusted++) {
        rig_t *rig = rig_new (codec_find ("dlt698"));
        rig->env.clock_trusted = trusted;
        assert_int_equal (rig_feed_bytes (rig, s_login ()), INPUT_BLOCKED);
        assert_int_equal (rig->send.size, 0);
        (void) rig_pass (rig, WAITED_MS);
        assert_int_equal (rig_admit (rig, 0), INPUT_TAKEN);
        const uint8_t *answer = s_answer (rig);
        assert_int_equal (answer[2], trusted ? 0x80 : 0);
        int64_t received = s_millis_of_day (answer + 3 + STAMP_SIZE);
        int64_t sent = s_millis_of_day (answer + 3 + 2 * STAMP_SIZE);
        assert_int_equal (sent - received, WAITED_MS);
        //  The next one does not wait.
        rig->send.size = 0;
        assert_int_equal (rig_feed_bytes (rig, s_login ()), INPUT_TAKEN);
        answer = s_answer (rig);
        assert_memory_equal (answer + 3 + STAMP_SIZE, answer + 3 + 2 * STAMP_SIZE, STAMP_SIZE);
        rig_free (&rig);
    }
}

static void test_rejected (void **state)
{
    (void) state;
    static const struct {
        close_reason_t reason;
        uint8_t result;
    } cases[] = {{CLOSE_DUPLICATE, 1},
                 {CLOSE_UNKNOWN, 2},
                 {CLOSE_NO_ADMISSION, 3},
                 {CLOSE_OVER_CAPACITY, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rig_t *rig = rig_new (codec_find ("dlt698"));
        assert_int_equal (rig_feed_bytes (rig, s_login ()), INPUT_BLOCKED);
        session_close (rig->session, &rig->env, cases[i].reason, false);
        assert_int_equal (s_answer (rig)[2], cases[i].result);
        assert_int_equal (session_state (rig->session), SESSION_CLOSING);
        rig_free (&rig);
    }
}

//  A request for a meter, answered by the server for all it was asked: with a DAR, or with nothing at all.
static void s_proxied (rig_t *rig, const uint8_t *dars, unsigned count)
{
    static const d698_peer_t peer = {{0x05, 0x01}, 7, 0x10, false};
    d698_frame_t frame;
    CHECK_OK (d698_frame_read (writer_bytes (&rig->send), &frame));
    const uint8_t *asked = frame.user.data;
    assert_true (asked[0] == APDU_PROXY && asked[1] == PROXY_GET_LIST && asked[5] == 1);
    //  Behind PIID, seconds and the count stands whom it is for.
    const uint8_t *tsa = asked + 6;
    size_t mark = d698_open (&rig->frame, &peer, D698_DIR | D698_PRM | D698_USER);
    writer_u8 (&rig->frame, APDU_PROXY_RESPONSE);
    writer_u8 (&rig->frame, PROXY_GET_LIST);
    writer_u8 (&rig->frame, asked[2]);
    writer_u8 (&rig->frame, count ? 1 : 0);
    if (count) {
        writer_put (&rig->frame, tsa, tsa[0] + 1u);
        writer_u8 (&rig->frame, (uint8_t) count);
    }
    for (unsigned i = 0; i < count; i++) {
        writer_put (&rig->frame, tsa + tsa[0] + 4 + 4 * i, 4);
        writer_u8 (&rig->frame, 0);
        writer_u8 (&rig->frame, dars[i]);
    }
    writer_u16be (&rig->frame, 0);
    d698_close (&rig->frame, mark);
    rig->send.size = 0;
    (void) rig_feed (rig);
}

static void s_login_peer (rig_t *rig)
{
    static const d698_peer_t peer = {{0x05, 0x01}, 7, 0x10, false};
    static const uint8_t link[] = {
        APDU_LINK_REQUEST, 0, LINK_LOGIN, 0, 60, 0x07, 0xE9, 4, 3, 4, 15, 0x14, 5, 0, 0};
    static const session_meter_t meter = {"000011112222", 4};
    size_t mark = d698_open (&rig->frame, &peer, D698_DIR | D698_LINK);
    writer_put (&rig->frame, link, sizeof link);
    d698_close (&rig->frame, mark);
    assert_int_equal (rig_feed (rig), INPUT_BLOCKED);
    admission_t admission = {
        .number = RIG_NUMBER, .area = RIG_AREA, .meters = &meter, .meter_count = 1};
    session_admit (rig->session, &rig->env, &admission);
    (void) rig_resume (rig);
    batch_clear (rig->batch);
    rig->send.size = 0;
}

//  The first DAR is the code; that of a timeout says that the meter did not answer. Nothing at all is no refusal.
static void test_proxied_dars (void **state)
{
    (void) state;
    static const struct {
        uint8_t dars[2];
        unsigned count;
        fep_err_t error;
        bool silent;
    } cases[] = {{{33, 33}, 2, FEP_REFUSED, true},
                 {{6, 33}, 2, FEP_REFUSED, false},
                 {{3, 3}, 2, FEP_REFUSED, false},
                 {{0, 0}, 0, FEP_OK, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rig_t *rig = rig_new (codec_find ("dlt698"));
        rig->config.session.forward_timeout_ms = 7000;
        s_login_peer (rig);
        request_t request = {.token = 1,
                             .kind = REQUEST_READ,
                             .mp = 4,
                             .meter = "000011112222",
                             .point_count = 2,
                             .points = {POINT (1, 0, 1, 8, 0), POINT (1, 0, 32, 7, 0)},
                             .task = 9};
        CHECK_OK (session_request (rig->session, &rig->env, &request));
        s_proxied (rig, cases[i].dars, cases[i].count);
        assert_int_equal (rig->result_count, 1);
        assert_int_equal (rig->results[0].error, cases[i].error);
        assert_int_equal (rig->results[0].code, cases[i].dars[0]);
        assert_int_equal (rig->batch->message_count, 1);
        const message_t *message = &rig->batch->messages[0];
        const item_t *last = &rig->batch->items[message->first + message->count - 1];
        assert_int_equal (message->kind, MESSAGE_RESULT);
        assert_int_equal (last->point == POINT_RESULT_SILENT, cases[i].silent);
        rig_free (&rig);
    }
}

//  ---- CONNECT ----

static profile_t *s_profile;
static unsigned s_seals;

static const profile_t *s_on_profile (void *arg, uint32_t number)
{
    (void) arg;
    return number ? s_profile : NULL;
}

static fep_err_t s_on_seal (void *arg, const session_t *session, const request_t *request,
                            bytes_t bytes)
{
    (void) arg;
    (void) session;
    assert_null (request->carried);
    assert_int_equal (bytes.data[0], APDU_CONNECT);
    s_seals++;
    return FEP_OK;
}

//  Logged in; the terminal's profile says that.
static rig_t *s_online (const char *connect)
{
    profile_fault_t fault;
    char text[64];
    snprintf (text, sizeof text, "profile p\ncodec dlt698\nsetting connect %s\n", connect);
    CHECK_OK (profile_parse (bytes_text (text), &s_profile, &fault));
    rig_t *rig = rig_new (codec_find ("dlt698"));
    rig->env.profile = s_on_profile;
    rig->env.seal = s_on_seal;
    rig->config.session.forward_timeout_ms = 7000;
    rig->config.seal.timeout_ms = 5000;
    s_seals = 0;
    assert_int_equal (rig_feed_bytes (rig, s_login ()), INPUT_BLOCKED);
    admission_t admission = {.number = RIG_NUMBER, .area = RIG_AREA, .profile = 1};
    session_admit (rig->session, &rig->env, &admission);
    assert_int_equal (rig_resume (rig), INPUT_TAKEN);
    batch_clear (rig->batch);
    rig->send.size = 0;
    return rig;
}

static void s_offline (rig_t **rig)
{
    rig_free (rig);
    profile_destroy (&s_profile);
}

//  The one frame sent since the last look: tag of its APDU, and its PIID.
static uint8_t s_sent (rig_t *rig, uint8_t *piid)
{
    d698_frame_t frame;
    if (rig->send.size == 0) {
        return 0;
    }
    CHECK_OK (d698_frame_read (writer_bytes (&rig->send), &frame));
    uint8_t tag = frame.user.data[0];
    *piid = frame.user.data[tag == APDU_CONNECT ? 1 : 2];
    rig->send.size = 0;
    return tag;
}

static void s_says (rig_t *rig, const uint8_t *apdu, size_t size)
{
    d698_peer_t peer = {.client = 0x10};
    d698_frame_t login;
    CHECK_OK (d698_frame_read (s_login (), &login));
    peer.sa_size = (uint8_t) login.sa.size;
    memcpy (peer.sa, login.sa.data, login.sa.size);
    size_t mark = d698_open (&rig->frame, &peer, D698_DIR | D698_PRM | D698_USER);
    writer_put (&rig->frame, apdu, size);
    d698_close (&rig->frame, mark);
    assert_int_equal (rig_feed (rig), INPUT_TAKEN);
}

//  CONNECT-Response: who it is, what it can, the result, no more.
static void s_connected (rig_t *rig, uint8_t piid, uint8_t result)
{
    enum { RESULT_AT = 2 + 32 + 2 + 8 + 16 + 2 + 2 + 1 + 2 + 4 };
    uint8_t apdu[RESULT_AT + 4] = {APDU_CONNECT_RESPONSE, piid};
    apdu[RESULT_AT] = result;
    s_says (rig, apdu, sizeof apdu);
}

static void s_read_answered (rig_t *rig, uint8_t piid)
{
    const uint8_t apdu[] = {0x85, 0x01, piid, 0x20, 0x0F, 0x02, 0x00,
                            0x01, 0x12, 0x13, 0x88, 0x00, 0x00};
    s_says (rig, apdu, sizeof apdu);
}

static fep_err_t s_read (rig_t *rig, uint64_t token)
{
    request_t request = {
        .token = token, .kind = REQUEST_READ, .point_count = 1, .points = {POINT (1, 0, 14, 7, 0)}};
    return session_request (rig->session, &rig->env, &request);
}

//  Once for a session; repeated if its answer is lost, and each request ends with a refusal of it.
static void test_connects (void **state)
{
    (void) state;
    uint8_t piid;
    rig_t *rig = s_online ("1");
    CHECK_OK (s_read (rig, 1));
    assert_int_equal (s_sent (rig, &piid), APDU_CONNECT);
    s_connected (rig, piid, 1);
    assert_int_equal (rig->result_count, 1);
    CHECK_ERR (rig->results[0].error, FEP_REFUSED);
    assert_int_equal (rig->results[0].code, D698_CONNECT_CODES + 1);
    CHECK_OK (s_read (rig, 2));
    CHECK_OK (s_read (rig, 3));
    assert_int_equal (s_sent (rig, &piid), APDU_CONNECT);
    (void) rig_pass (rig, 5000);
    assert_int_equal (s_sent (rig, &piid), APDU_CONNECT);
    s_connected (rig, piid, 0);
    for (size_t i = 1; i <= 2; i++) {
        assert_int_equal (s_sent (rig, &piid), APDU_GET);
        assert_int_equal (rig->result_count, i);
        s_read_answered (rig, piid);
        CHECK_OK (rig->results[i].error);
    }
    assert_int_equal (rig->result_count, 3);
    assert_int_equal (s_sent (rig, &piid), 0);
    assert_int_equal (rig->batch->item_count, 2);
    s_offline (&rig);
}

static void test_connects_by_password (void **state)
{
    (void) state;
    uint8_t piid, made[128];
    rig_t *rig = s_online ("2");
    CHECK_OK (s_read (rig, 1));
    assert_int_equal (s_seals, 1);
    assert_int_equal (session_state (rig->session), SESSION_SEALING);
    size_t size =
        vec_hex ("02 00 0010 ffffffffffffffffffffffffffffffffffffffffffffffff 0800 2000 01"
                 " 2000 00001c20 01 03 313233 00",
                 made, sizeof made);
    session_sealed (rig->session, &rig->env, 1, FEP_OK, bytes_of (made, size));
    assert_int_equal (s_sent (rig, &piid), APDU_CONNECT);
    s_connected (rig, piid, 0);
    assert_int_equal (s_sent (rig, &piid), APDU_GET);
    assert_int_equal (s_seals, 1);
    s_offline (&rig);
}

//  The meter's frame follows; also one that nobody answers, with which the request is over.
static void test_connects_for_a_meter (void **state)
{
    (void) state;
    static const request_kind_t kinds[] = {REQUEST_READ, REQUEST_CLOCK};
    for (size_t i = 0; i < 2; i++) {
        uint8_t piid;
        rig_t *rig = s_online ("1");
        request_t request = {.token = 1,
                             .kind = kinds[i],
                             .mp = 7,
                             .carried = codec_find ("dlt645"),
                             .meter = "100170021852"};
        CHECK_OK (session_request (rig->session, &rig->env, &request));
        assert_int_equal (s_sent (rig, &piid), APDU_CONNECT);
        assert_int_equal (rig->result_count, 0);
        s_connected (rig, piid, 0);
        assert_int_equal (s_sent (rig, &piid), APDU_PROXY);
        assert_int_equal (rig->result_count, kinds[i] == REQUEST_CLOCK);
        s_offline (&rig);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_stamps),
                                       cmocka_unit_test (test_rejected),
                                       cmocka_unit_test (test_proxied_dars),
                                       cmocka_unit_test (test_connects),
                                       cmocka_unit_test (test_connects_by_password),
                                       cmocka_unit_test (test_connects_for_a_meter)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
