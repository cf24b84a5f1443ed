//  Meters behind forwarding services, several requests in flight, seals, meters that are their own connection,
//  connections whose protocol or terminal is known otherwise than usual, and what is told to those not admitted.
//  The toy concentrator: R d registers "Td"; F tag and 4 bytes carry a meter's frame, either way; N tag: the meter did
//  not answer; a request of its own, S, wants a seal and goes out as S and the sealed byte.
#include "tests/actors/rig.h"
#include "tests/actors/toy_line.h"

#define FORWARD_MS 7000
#define SEAL_MS 300
#define TOO_MUCH 2000  //  Bytes to be sealed

typedef struct {
    bool registered;  //  LOGIN was said
    uint8_t tag;      //  Of the last frame wrapped
} hub_state_t;

static scan_t hub_scan (const scan_context_t *context, bytes_t window)
{
    (void) context;
    char type = window.size ? (char) window.data[0] : 0;
    size_t size = type == 'F' ? 2 + LINE_FRAME : type == 'N' || type == 'R' || type == 'D' ? 2 : 0;
    if (window.size == 0 || (size && window.size < size)) {
        return (scan_t){.what = SCAN_MORE};
    }
    return size ? (scan_t){SCAN_FRAME, size, FEP_OK} : (scan_t){SCAN_SKIP, 1, FEP_NOT_MINE};
}

static fep_err_t hub_decode (void *self, bytes_t frame, codec_io_t *io)
{
    hub_state_t *state = self;
    char type = (char) frame.data[0];
    if (type == 'R') {
        return gateway_decode (state, frame, io);
    }
    io->tag = type == 'D' ? 0 : frame.data[1];
    io->answer = type == 'N' ? ANSWER_REFUSED : ANSWER_DONE;
    io->answer_code = type == 'N' ? 9 : 0;
    return FEP_OK;
}

static fep_err_t hub_encode (void *self, request_t *request, codec_io_t *io)
{
    (void) self;
    if (!io->seal) {
        return FEP_UNSUPPORTED;
    }
    if (!io->sealed.size) {
        for (unsigned i = 0; i < (request->mp == TOO_MUCH ? TOO_MUCH : 1); i++) {
            writer_u8 (io->seal, (uint8_t) request->mp);
        }
        return FEP_NEEDS_SEAL;
    }
    writer_u8 (io->send, 'S');
    writer_u8 (io->send, io->sealed.data[0]);
    request->finished = true;
    return FEP_OK;
}

static fep_err_t hub_wrap (void *self, bytes_t frame, codec_io_t *io)
{
    hub_state_t *state = self;
    assert_non_null (io->meter);
    writer_u8 (io->send, 'F');
    writer_u8 (io->send, ++state->tag);
    writer_put (io->send, frame.data, frame.size);
    io->tag = state->tag;
    return FEP_OK;
}

static fep_err_t hub_unwrap (bytes_t frame, bool up, const codec_options_t *options, writer_t *line)
{
    (void) up;
    (void) options;
    if (frame.data[0] != 'F') {
        return FEP_NOT_FOUND;
    }
    writer_put (line, frame.data + 2, frame.size - 2);
    return FEP_OK;
}

static void hub_reject (bytes_t frame, reject_t why, codec_io_t *io)
{
    assert_int_equal (frame.data[0], 'R');
    writer_u8 (io->send, 'X');
    writer_u8 (io->send, (uint8_t) ('0' + why));
}

static codec_t s_hub = {.name = "hub",
                        .frame_max = 64,
                        .state_size = sizeof (hub_state_t),
                        .scan = hub_scan,
                        .decode = hub_decode,
                        .encode = hub_encode,
                        .wrap = hub_wrap,
                        .unwrap = hub_unwrap,
                        .reject = hub_reject,
                        .durable = gateway_durable,
                        .explain = line_explain};

static profile_t *s_profile;
static uint64_t s_seal_token;
static fep_err_t s_seal_error;

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
    assert_int_equal (bytes.size, 1);
    assert_int_equal (bytes.data[0], request->mp);
    s_seal_token = request->token;
    return s_seal_error;
}

static rig_t *s_online (bool pipelined)
{
    s_hub.is_pipelined = pipelined;
    rig_t *rig = rig_new (&s_hub);
    rig->config.session.forward_timeout_ms = FORWARD_MS;
    rig->config.seal.timeout_ms = SEAL_MS;
    rig->env.profile = s_on_profile;
    rig->env.seal = s_on_seal;
    s_seal_error = FEP_OK;
    assert_int_equal (rig_feed_bytes (rig, bytes_text ("R1")), INPUT_BLOCKED);
    assert_int_equal (rig_admit (rig, 0), INPUT_TAKEN);
    assert_string_equal (rig_batched (rig), "+l");
    return rig;
}

static fep_err_t s_ask (rig_t *rig, unsigned token, unsigned unit, unsigned blocks, bool profile)
{
    request_t request = {.token = token,
                         .kind = REQUEST_READ,
                         .mp = (uint16_t) (100 + unit),
                         .point_count = (uint8_t) blocks,
                         .profile = profile,
                         .carried = &line_meter};
    snprintf (request.meter, sizeof request.meter, "%u", unit);
    return session_request (rig->session, &rig->env, &request);
}

static fep_err_t s_operate (rig_t *rig, unsigned token, unsigned mp)
{
    request_t request = {.token = token, .kind = REQUEST_OPERATE, .mp = (uint16_t) mp};
    return session_request (rig->session, &rig->env, &request);
}

//  "F1Q7.0" for each frame sent since the last look.
static const char *s_sent (rig_t *rig)
{
    static char text[256];
    size_t used = 0;
    text[0] = 0;
    for (size_t at = 0; at < rig->send.size; at += 2 + LINE_FRAME) {
        const uint8_t *frame = rig->send.data + at;
        if (frame[0] == 'S') {
            used += (size_t) snprintf (text + used, sizeof text - used, "S%u", frame[1]);
            at -= LINE_FRAME;
            continue;
        }
        used += (size_t) snprintf (text + used, sizeof text - used, "F%u%c%u.%u", frame[1],
                                   frame[2], frame[3], frame[4]);
    }
    rig->send.size = 0;
    return text;
}

static void s_answer (rig_t *rig, unsigned tag, char type, unsigned unit, unsigned value)
{
    writer_u8 (&rig->frame, 'F');
    writer_u8 (&rig->frame, (uint8_t) tag);
    line_put (&rig->frame, type, unit, value);
    (void) rig_feed (rig);
}

static void s_result_is (const rig_t *rig, size_t at, unsigned token, fep_err_t error)
{
    assert_int_equal (rig->result_count, at + 1);
    assert_int_equal (rig->results[at].token, token);
    assert_int_equal (rig->results[at].error, error);
}

//  No rest between frames, the meter's messages as if it hung on a line, its refusals, and the hub's.
static void test_forward (void **state)
{
    (void) state;
    rig_t *rig = s_online (false);
    CHECK_OK (s_ask (rig, 1, 7, 2, false));
    CHECK_OK (s_ask (rig, 2, 8, 1, false));
    assert_string_equal (s_sent (rig), "F1Q7.0");
    s_answer (rig, 1, 'A', 7, 33);
    assert_string_equal (s_sent (rig), "F2Q7.1");
    const message_t *message = &rig->batch->messages[0];
    assert_true (message->mp == 107 && message->terminal == RIG_NUMBER);
    assert_int_equal (rig->batch->items[0].value.mantissa, 33);
    s_answer (rig, 2, 'A', 7, 34);
    s_result_is (rig, 0, 1, FEP_OK);
    s_answer (rig, 3, 'E', 8, 4);
    s_result_is (rig, 1, 2, FEP_REFUSED);
    assert_int_equal (rig->results[1].code, 4);
    CHECK_OK (s_ask (rig, 3, 7, 1, false));
    assert_int_equal (rig_feed_bytes (rig, bytes_text ("N\x04")), INPUT_TAKEN);
    s_result_is (rig, 2, 3, FEP_REFUSED);
    assert_int_equal (rig->results[2].code, 9);
    assert_int_equal (session_state (rig->session), SESSION_ONLINE);
    assert_int_equal (rig->batch->message_count, 2);
    rig_free (&rig);
}

//  What was inside is damaged, another's, or not there: the request ends with the reason, the connection stays.
static void test_forward_bad (void **state)
{
    (void) state;
    rig_t *rig = s_online (false);
    CHECK_OK (s_ask (rig, 1, 7, 1, false));
    s_answer (rig, 1, 'A', 8, 33);
    s_result_is (rig, 0, 1, FEP_NOT_MINE);
    CHECK_OK (s_ask (rig, 2, 7, 1, false));
    (void) rig_feed_bytes (rig, bytes_of ("F\2A\7\1\0", 6));
    s_result_is (rig, 1, 2, FEP_CHECKSUM);
    CHECK_OK (s_ask (rig, 3, 7, 1, false));
    (void) rig_feed_bytes (rig, bytes_text ("D."));
    s_result_is (rig, 2, 3, FEP_NOT_FOUND);
    //  Of a command nobody knows what became of it.
    request_t request = {.token = 4, .kind = REQUEST_OPERATE, .meter = "7", .carried = &line_meter};
    CHECK_OK (session_request (rig->session, &rig->env, &request));
    (void) rig_feed_bytes (rig, bytes_of ("F\4A\7\1\0", 6));
    s_result_is (rig, 3, 4, FEP_OUTCOME_UNKNOWN);
    assert_int_equal (rig->batch->message_count, 0);
    assert_int_equal (session_refused (rig->session, FEP_CHECKSUM), 2);
    rig_free (&rig);
}

//  Of a task: each end stands in the journal behind what the meter's own frame brought, which has the task.
static void test_forward_result (void **state)
{
    (void) state;
    static const fep_err_t ends[] = {FEP_OK, FEP_CHECKSUM, FEP_NOT_FOUND};
    rig_t *rig = s_online (false);
    request_t request = {.kind = REQUEST_READ,
                         .mp = 107,
                         .point_count = 1,
                         .points = {LINE_POINT},
                         .carried = &line_meter,
                         .meter = "7",
                         .task = 5};
    for (unsigned i = 0; i < 3; i++) {
        request.token = i;
        CHECK_OK (session_request (rig->session, &rig->env, &request));
    }
    s_answer (rig, 1, 'A', 7, 33);
    (void) rig_feed_bytes (rig, bytes_of ("F\2A\7\1\0", 6));
    (void) rig_feed_bytes (rig, bytes_text ("D."));
    assert_int_equal (rig->batch->message_count, 4);
    assert_int_equal (rig->batch->messages[0].kind, MESSAGE_READING);
    assert_int_equal (rig->batch->messages[0].task, 5);
    for (unsigned i = 0; i < 3; i++) {
        const message_t *message = &rig->batch->messages[i + 1];
        const item_t *items = &rig->batch->items[message->first];
        assert_int_equal (message->kind, MESSAGE_RESULT);
        assert_int_equal (message->mp, 107);
        assert_int_equal (message->task, 5);
        assert_memory_equal (items[0].value.text, fep_err_name (ends[i]),
                             (size_t) items[0].value.exponent);
        assert_int_equal (items[3].point, POINT_RESULT_VALUES);
        assert_int_equal (items[3].value.mantissa, i == 0);
        assert_int_equal (items[4].point, POINT_RESULT_LINE);
        assert_int_equal (items[4].value.mantissa, 0);
        assert_true (rig->results[i].error == ends[i] && rig->results[i].journalled);
    }
    assert_int_equal (session_facts (rig->session)->items, 1);
    rig_free (&rig);
}

//  A concentrator asks its meter for longer than a line's timeout.
static void test_forward_timeout (void **state)
{
    (void) state;
    rig_t *rig = s_online (false);
    CHECK_OK (s_ask (rig, 1, 7, 1, false));
    for (unsigned repeat = 0; repeat < 3; repeat++) {
        assert_true (strlen (s_sent (rig)) > 0);
        assert_int_equal (session_due_ms (rig->session), rig->env.now_ms + FORWARD_MS);
        (void) rig_pass (rig, FORWARD_MS);
    }
    s_result_is (rig, 0, 1, FEP_TIMEOUT);
    s_answer (rig, 3, 'A', 7, 33);
    assert_int_equal (rig->batch->message_count, 0);
    rig_free (&rig);
}

//  As many in flight as all their profiles allow; answers in another order; one that never comes.
static void test_pipelined (void **state)
{
    (void) state;
    profile_fault_t fault;
    CHECK_OK (profile_parse (bytes_text ("profile p\ncodec x\nsetting in_flight 3\n"), &s_profile,
                             &fault));
    rig_t *rig = s_online (true);
    for (unsigned i = 1; i <= 5; i++) {
        CHECK_OK (s_ask (rig, i, i, 1, true));
    }
    assert_string_equal (s_sent (rig), "F1Q1.0F2Q2.0F3Q3.0");
    s_answer (rig, 3, 'A', 3, 30);
    s_result_is (rig, 0, 3, FEP_OK);
    assert_string_equal (s_sent (rig), "F4Q4.0");
    s_answer (rig, 9, 'A', 1, 30);
    assert_int_equal (rig->result_count, 1);
    s_answer (rig, 1, 'A', 1, 10);
    s_result_is (rig, 1, 1, FEP_OK);
    s_answer (rig, 5, 'A', 5, 50);
    s_result_is (rig, 2, 5, FEP_OK);
    s_answer (rig, 4, 'A', 4, 40);
    s_result_is (rig, 3, 4, FEP_OK);
    assert_int_equal (rig->batch->message_count, 4);
    (void) s_sent (rig);
    (void) rig_pass (rig, 1000);
    assert_string_equal (s_sent (rig), "F6Q2.0");
    (void) rig_pass (rig, 1000);
    s_result_is (rig, 4, 2, FEP_TIMEOUT);
    //  One without such a profile flies alone.
    CHECK_OK (s_ask (rig, 6, 6, 1, false));
    CHECK_OK (s_ask (rig, 7, 7, 1, true));
    assert_string_equal (s_sent (rig), "F7Q6.0");
    rig_free (&rig);
    profile_destroy (&s_profile);
}

static void test_seal (void **state)
{
    (void) state;
    rig_t *rig = s_online (false);
    CHECK_OK (s_operate (rig, 1, 5));
    assert_int_equal (session_state (rig->session), SESSION_SEALING);
    assert_int_equal (s_seal_token, 1);
    CHECK_OK (s_ask (rig, 2, 7, 1, false));
    assert_string_equal (s_sent (rig), "");
    session_sealed (rig->session, &rig->env, 99, FEP_OK, bytes_text ("Z"));
    assert_int_equal (session_state (rig->session), SESSION_SEALING);
    session_sealed (rig->session, &rig->env, 1, FEP_OK, bytes_of ("\7", 1));
    assert_string_equal (s_sent (rig), "S7");
    assert_int_equal (session_state (rig->session), SESSION_WAITING);
    (void) rig_feed_bytes (rig, bytes_text ("D."));
    s_result_is (rig, 0, 1, FEP_OK);
    assert_string_equal (s_sent (rig), "F1Q7.0");
    s_answer (rig, 1, 'A', 7, 1);
    //  No seal in time, none at all, a refusal to make one.
    CHECK_OK (s_operate (rig, 3, 5));
    (void) rig_pass (rig, SEAL_MS);
    s_result_is (rig, 2, 3, FEP_NO_SEAL);
    CHECK_OK (s_operate (rig, 4, 5));
    session_sealed (rig->session, &rig->env, 4, FEP_NO_SEAL, bytes_of (NULL, 0));
    s_result_is (rig, 3, 4, FEP_NO_SEAL);
    s_seal_error = FEP_NO_SEAL;
    CHECK_OK (s_operate (rig, 5, 5));
    s_result_is (rig, 4, 5, FEP_NO_SEAL);
    CHECK_OK (s_operate (rig, 8, TOO_MUCH));
    s_result_is (rig, 5, 8, FEP_LIMIT);
    rig->env.seal = NULL;
    CHECK_OK (s_operate (rig, 6, 5));
    s_result_is (rig, 6, 6, FEP_UNSUPPORTED);
    assert_string_equal (s_sent (rig), "");
    assert_int_equal (session_state (rig->session), SESSION_ONLINE);
    rig_free (&rig);
}

//  A command that waited until it was not valid any more is not written.
static void test_commands_expire (void **state)
{
    (void) state;
    rig_t *rig = s_online (false);
    CHECK_OK (s_ask (rig, 1, 7, 1, false));
    assert_string_equal (s_sent (rig), "F1Q7.0");
    request_t request = {.token = 2,
                         .kind = REQUEST_OPERATE,
                         .meter = "7",
                         .carried = &line_meter,
                         .until_ms = rig->env.wall_ms + 999};
    CHECK_OK (session_request (rig->session, &rig->env, &request));
    request.token = 3;
    request.until_ms += 1;
    CHECK_OK (session_request (rig->session, &rig->env, &request));
    (void) rig_pass (rig, 1000);
    s_answer (rig, 1, 'A', 7, 33);
    assert_int_equal (rig->result_count, 2);
    assert_int_equal (rig->results[1].token, 2);
    assert_int_equal (rig->results[1].error, FEP_NOT_SENT);
    assert_string_equal (s_sent (rig), "F2Q7.0");
    rig_free (&rig);
}

//  Written once: without an answer nobody knows; what was never written did not happen.
static void test_commands_once (void **state)
{
    (void) state;
    rig_t *rig = s_online (false);
    CHECK_OK (s_operate (rig, 1, 5));
    session_sealed (rig->session, &rig->env, 1, FEP_OK, bytes_of ("\7", 1));
    assert_string_equal (s_sent (rig), "S7");
    (void) rig_pass (rig, 5000);
    s_result_is (rig, 0, 1, FEP_OUTCOME_UNKNOWN);
    assert_string_equal (s_sent (rig), "");
    CHECK_OK (s_operate (rig, 2, 5));
    session_sealed (rig->session, &rig->env, 2, FEP_OK, bytes_of ("\7", 1));
    CHECK_OK (s_operate (rig, 3, 6));
    CHECK_OK (s_ask (rig, 4, 7, 1, false));
    session_close (rig->session, &rig->env, CLOSE_PEER_CLOSED, false);
    static const fep_err_t errors[] = {FEP_OUTCOME_UNKNOWN, FEP_OUTCOME_UNKNOWN, FEP_NOT_SENT,
                                       FEP_CLOSED};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal (rig->results[i].error, errors[i]);
    }
    rig_free (&rig);
}

static fep_err_t direct_address (bytes_t frame)
{
    return frame.size ? FEP_OK : FEP_NOT_MINE;
}

//  A meter that reports by itself says who it is; asked, it answers as on a line.
static fep_err_t direct_decode (void *self, bytes_t frame, codec_io_t *io)
{
    if (io->meter) {
        return meter_decode (self, frame, io);
    }
    char text[8];
    snprintf (text, sizeof text, "%u", frame.data[1]);
    message_t *message = batch_message (io->batch, MESSAGE_READING);
    message->address = batch_keep (io->batch, bytes_text (text));
    batch_item (io->batch, LINE_POINT, value_decimal (frame.data[2], 0, 0));
    return direct_address (frame);
}

static void test_meter_direct (void **state)
{
    (void) state;
    codec_t codec = line_meter;
    codec.decode = direct_decode;
    rig_t *rig = rig_new (&codec);
    line_put (&rig->frame, 'A', 42, 7);
    assert_int_equal (rig_feed (rig), INPUT_BLOCKED);
    assert_string_equal (session_address (rig->session), "42");
    assert_int_equal (rig_admit (rig, 0), INPUT_TAKEN);
    assert_string_equal (rig_batched (rig), "+r");
    request_t request = {.token = 1, .kind = REQUEST_READ, .mp = 3, .point_count = 1};
    CHECK_OK (session_request (rig->session, &rig->env, &request));
    assert_int_equal (rig->send.size, LINE_FRAME);
    assert_int_equal (rig->send.data[1], 42);
    line_put (&rig->frame, 'A', 42, 8);
    (void) rig_feed (rig);
    s_result_is (rig, 0, 1, FEP_OK);
    assert_int_equal (rig->batch->messages[0].mp, 3);
    request.carried = &line_gateway;
    CHECK_ERR (session_request (rig->session, &rig->env, &request), FEP_UNSUPPORTED);
    rig_free (&rig);
}

//  A connection we dialled: nothing is read before admission, and no frame names anybody.
static void test_named (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&s_hub);
    session_name (rig->session, &rig->env, "T1");
    assert_true (session_wants_admission (rig->session));
    assert_int_equal (rig_admit (rig, 0), INPUT_TAKEN);
    assert_string_equal (rig_batched (rig), "+");
    assert_int_equal (rig_feed_bytes (rig, bytes_text ("R1")), INPUT_TAKEN);
    assert_string_equal (rig_batched (rig), "l");
    rig_free (&rig);
}

static void test_rejected (void **state)
{
    (void) state;
    static const struct {
        close_reason_t reason;
        const char *said;
    } cases[] = {{CLOSE_UNKNOWN, "X0"},
                 {CLOSE_DUPLICATE, "X1"},
                 {CLOSE_NO_ADMISSION, "X2"},
                 {CLOSE_OVER_CAPACITY, "X2"},
                 {CLOSE_STOPPING, ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rig_t *rig = rig_new (&s_hub);
        assert_int_equal (rig_feed_bytes (rig, bytes_text ("R1")), INPUT_BLOCKED);
        session_close (rig->session, &rig->env, cases[i].reason, false);
        assert_true (bytes_equal (writer_bytes (&rig->send), bytes_text (cases[i].said)));
        assert_int_equal (session_state (rig->session),
                          cases[i].said[0] ? SESSION_CLOSING : SESSION_DEAD);
        rig_free (&rig);
    }
}

//  376.1 among all that can be told; bytes of nobody; nothing that tells.
static void test_undecided (void **state)
{
    (void) state;
    static const uint8_t login[] = {0x68, 0x32, 0x00, 0x32, 0x00, 0x68, 0xC9, 0x05, 0x21, 0xB2,
                                    0xA1, 0x00, 0x02, 0x79, 0x00, 0x00, 0x01, 0x00, 0xBE, 0x16};
    rig_t *rig = rig_new (&codec_undecided);
    rig->options.enabled = UINT64_MAX;
    session_t *session = rig_session (rig, &codec_undecided);
    session_destroy (&rig->session);
    rig->session = session;
    assert_int_equal (rig_feed_bytes (rig, bytes_of (login, 7)), INPUT_TAKEN);
    assert_string_equal (session_codec (session)->name, CODEC_AUTO);
    assert_int_equal (rig_feed_bytes (rig, bytes_of (login + 7, sizeof login - 7)), INPUT_BLOCKED);
    assert_string_equal (session_codec (session)->name, "gdw1376");
    assert_string_equal (session_address (session), "210541394");
    rig_free (&rig);

    rig = rig_new (&codec_undecided);
    rig->options.enabled = UINT64_MAX;
    rig->config.session.half_frame_timeout_ms = 600000;
    session = rig_session (rig, &codec_undecided);
    session_destroy (&rig->session);
    rig->session = session;
    (void) rig_feed_bytes (rig, bytes_of (login, 7));
    (void) rig_pass (rig, 60000);
    assert_int_equal (session_reason (session), CLOSE_AMBIGUOUS);
    rig_free (&rig);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_forward),         cmocka_unit_test (test_forward_bad),
        cmocka_unit_test (test_forward_result),  cmocka_unit_test (test_forward_timeout),
        cmocka_unit_test (test_pipelined),       cmocka_unit_test (test_seal),
        cmocka_unit_test (test_commands_expire), cmocka_unit_test (test_commands_once),
        cmocka_unit_test (test_meter_direct),    cmocka_unit_test (test_named),
        cmocka_unit_test (test_rejected),        cmocka_unit_test (test_undecided)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
