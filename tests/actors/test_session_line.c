//  A gateway with a half-duplex line of meters behind it: pairing, order, rest, timeouts, late answers, and what
//  a dead meter costs the others.
#include "tests/actors/rig.h"
#include "tests/actors/toy_line.h"
#include "actors/poll.h"

#define GAP_MS 50
#define ANSWER_MS 1000
#define LATE_MS 5000

static rig_t *s_online (void)
{
    rig_t *rig = rig_new (&line_gateway);
    assert_int_equal (rig_feed_bytes (rig, bytes_text ("R1")), INPUT_BLOCKED);
    assert_int_equal (rig_admit (rig, 0), INPUT_TAKEN);
    assert_string_equal (rig_batched (rig), "+l");
    return rig;
}

static fep_err_t s_ask (rig_t *rig, unsigned token, unsigned unit, unsigned blocks,
                        priority_t priority)
{
    request_t request = {.token = token,
                         .kind = REQUEST_READ,
                         .mp = (uint16_t) (100 + unit),
                         .point_count = (uint8_t) blocks,
                         .priority = (uint8_t) priority,
                         .carried = &line_meter};
    snprintf (request.meter, sizeof request.meter, "%u", unit);
    return session_request (rig->session, &rig->env, &request);
}

static void s_answer (rig_t *rig, char type, unsigned unit, unsigned value)
{
    line_put (&rig->frame, type, unit, value);
    (void) rig_feed (rig);
}

//  What was sent since the last look: "Q1.0" for block 0 of unit 1.
static const char *s_sent (rig_t *rig)
{
    static char text[256];
    size_t used = 0;
    text[0] = 0;
    assert_int_equal (rig->send.size % LINE_FRAME, 0);
    for (size_t at = 0; at < rig->send.size; at += LINE_FRAME) {
        const uint8_t *frame = rig->send.data + at;
        used += (size_t) snprintf (text + used, sizeof text - used, "%c%u.%u", frame[0], frame[1],
                                   frame[2]);
    }
    rig->send.size = 0;
    return text;
}

static void s_result_is (const rig_t *rig, size_t at, unsigned token, fep_err_t error)
{
    assert_int_equal (rig->result_count, at + 1);
    assert_int_equal (rig->results[at].token, token);
    assert_int_equal (rig->results[at].error, error);
}

static void test_exchange (void **state)
{
    (void) state;
    rig_t *rig = s_online ();
    CHECK_OK (s_ask (rig, 1, 7, 2, PRIORITY_POLL));
    assert_string_equal (s_sent (rig), "Q7.0");
    assert_int_equal (session_state (rig->session), SESSION_WAITING);
    s_answer (rig, 'A', 7, 33);
    //  The line rests, then the second block goes out.
    assert_int_equal (session_state (rig->session), SESSION_PAUSED);
    assert_int_equal (session_due_ms (rig->session), rig->env.now_ms + GAP_MS);
    (void) rig_pass (rig, GAP_MS - 1);
    assert_string_equal (s_sent (rig), "");
    (void) rig_pass (rig, 1);
    assert_string_equal (s_sent (rig), "Q7.1");
    s_answer (rig, 'A', 7, 44);
    s_result_is (rig, 0, 1, FEP_OK);
    assert_int_equal (session_state (rig->session), SESSION_ONLINE);
    assert_int_equal (rig->batch->message_count, 2);
    const message_t *message = &rig->batch->messages[1];
    assert_int_equal (message->mp, 107);
    assert_int_equal (message->terminal, RIG_NUMBER);
    assert_true (bytes_equal (message->address, bytes_text ("T1")));
    assert_int_equal (rig->batch->items[message->first].point, LINE_POINT + 1);
    assert_int_equal (rig->batch->items[message->first].value.mantissa, 44);
    rig_free (&rig);
}

static void test_refused_and_broadcast (void **state)
{
    (void) state;
    rig_t *rig = s_online ();
    CHECK_OK (s_ask (rig, 1, 7, 3, PRIORITY_DEMAND));
    s_answer (rig, 'E', 7, 2);
    s_result_is (rig, 0, 1, FEP_REFUSED);
    assert_int_equal (rig->results[0].code, 2);
    (void) s_sent (rig);
    (void) rig_pass (rig, GAP_MS);
    CHECK_OK (s_ask (rig, 2, 0, 1, PRIORITY_DEMAND));
    assert_string_equal (s_sent (rig), "B0.0");
    s_result_is (rig, 1, 2, FEP_OK);
    CHECK_OK (s_ask (rig, 3, 100, 1, PRIORITY_DEMAND));
    (void) rig_pass (rig, GAP_MS);
    s_result_is (rig, 2, 3, FEP_RANGE);
    rig_free (&rig);
}

//  A person's read overtakes polls that wait, also between the blocks of one under way.
static void test_priority (void **state)
{
    (void) state;
    rig_t *rig = s_online ();
    CHECK_OK (s_ask (rig, 1, 1, 2, PRIORITY_POLL));
    CHECK_OK (s_ask (rig, 2, 2, 1, PRIORITY_POLL));
    CHECK_OK (s_ask (rig, 3, 3, 1, PRIORITY_DEMAND));
    CHECK_OK (s_ask (rig, 4, 4, 1, PRIORITY_CONTROL));
    CHECK_OK (s_ask (rig, 5, 5, 1, PRIORITY_DEMAND));
    static const struct {
        const char *sent;
        unsigned unit;
    } order[] = {{"Q1.0", 1}, {"Q4.0", 4}, {"Q3.0", 3}, {"Q5.0", 5}, {"Q1.1", 1}, {"Q2.0", 2}};
    for (size_t i = 0; i < 6; i++) {
        assert_string_equal (s_sent (rig), order[i].sent);
        s_answer (rig, 'A', order[i].unit, 1);
        (void) rig_pass (rig, GAP_MS);
    }
    static const unsigned ended[] = {4, 3, 5, 1, 2};
    assert_int_equal (rig->result_count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal (rig->results[i].token, ended[i]);
    }
    rig_free (&rig);
}

static void test_limits (void **state)
{
    (void) state;
    rig_t *rig = s_online ();
    for (unsigned i = 0; i <= SESSION_REQUESTS_MAX; i++) {
        CHECK_OK (s_ask (rig, i, 1 + i, 1, PRIORITY_POLL));
    }
    CHECK_ERR (s_ask (rig, 99, 1, 1, PRIORITY_CONTROL), FEP_FULL);
    session_close (rig->session, &rig->env, CLOSE_PEER_CLOSED, false);
    assert_int_equal (rig->result_count, SESSION_REQUESTS_MAX + 1);
    for (unsigned i = 0; i <= SESSION_REQUESTS_MAX; i++) {
        assert_int_equal (rig->results[i].error, FEP_CLOSED);
    }
    rig_free (&rig);
    //  A terminal protocol without a line carries nothing.
    rig = rig_new (&toy_codec);
    rig_online (rig, 0);
    CHECK_ERR (s_ask (rig, 1, 1, 1, PRIORITY_POLL), FEP_UNSUPPORTED);
    rig_free (&rig);
}

//  Heartbeats and registrations may stand before, behind and between answers, and come in pieces.
static void test_gateway_packets (void **state)
{
    (void) state;
    rig_t *rig = s_online ();
    CHECK_OK (s_ask (rig, 1, 7, 1, PRIORITY_POLL));
    writer_put (&rig->frame, "HR1", 3);
    line_put (&rig->frame, 'A', 7, 5);
    writer_put (&rig->frame, "HR", 2);
    for (size_t i = 0; i < rig->frame.size; i++) {
        (void) rig_feed_bytes (rig, bytes_of (rig->frame.data + i, 1));
    }
    s_result_is (rig, 0, 1, FEP_OK);
    assert_string_equal (rig_batched (rig), "hrh");
    //  The packet ends with half a registration: dropped when its pause has passed, well before half frames are.
    assert_int_equal (session_due_ms (rig->session), rig->env.now_ms + 200);
    (void) rig_pass (rig, 200);
    assert_false (session_has_window (rig->session));
    assert_int_equal (session_refused (rig->session, FEP_NOT_MINE), 1);
    rig_free (&rig);
}

//  A meter that does not answer costs its own timeouts and nothing else.
static void test_dead_meter (void **state)
{
    (void) state;
    rig_t *rig = s_online ();
    CHECK_OK (s_ask (rig, 1, 7, 1, PRIORITY_POLL));
    CHECK_OK (s_ask (rig, 2, 8, 1, PRIORITY_POLL));
    assert_string_equal (s_sent (rig), "Q7.0");
    (void) rig_pass (rig, ANSWER_MS);
    assert_string_equal (s_sent (rig), "");
    (void) rig_pass (rig, GAP_MS);
    assert_string_equal (s_sent (rig), "Q7.0");
    (void) rig_pass (rig, ANSWER_MS);
    s_result_is (rig, 0, 1, FEP_TIMEOUT);
    (void) rig_pass (rig, GAP_MS);
    assert_string_equal (s_sent (rig), "Q8.0");
    s_answer (rig, 'A', 8, 1);
    s_result_is (rig, 1, 2, FEP_OK);
    assert_int_equal (session_state (rig->session), SESSION_ONLINE);
    rig_free (&rig);
}

//  Its answer comes while another meter is asked: dropped, not taken, not counted as a fault.
static void test_late_answer_of_another (void **state)
{
    (void) state;
    rig_t *rig = s_online ();
    int64_t late = metric_get (METRIC_answers_late);
    CHECK_OK (s_ask (rig, 1, 7, 1, PRIORITY_POLL));
    CHECK_OK (s_ask (rig, 2, 8, 1, PRIORITY_POLL));
    (void) rig_pass (rig, ANSWER_MS);
    (void) rig_pass (rig, GAP_MS);
    (void) rig_pass (rig, ANSWER_MS);
    (void) rig_pass (rig, GAP_MS);
    assert_string_equal (s_sent (rig), "Q7.0Q7.0Q8.0");
    line_put (&rig->frame, 'A', 7, 66);
    line_put (&rig->frame, 'A', 8, 77);
    for (size_t i = 0; i < rig->frame.size; i++) {
        (void) rig_feed_bytes (rig, bytes_of (rig->frame.data + i, 1));
    }
    assert_int_equal (metric_get (METRIC_answers_late) - late, 1);
    assert_int_equal (rig->result_count, 2);
    assert_int_equal (rig->results[1].error, FEP_OK);
    assert_int_equal (rig->batch->message_count, 1);
    assert_int_equal (rig->batch->items[0].value.mantissa, 77);
    assert_int_equal (session_refused (rig->session, FEP_NOT_MINE), 0);
    rig_free (&rig);
}

//  The same meter, another block: the answer could be mistaken, so the request waits; others go on meanwhile.
static void test_late_answer_mistakable (void **state)
{
    (void) state;
    rig_t *rig = s_online ();
    rig->config.line.repeats = 0;
    CHECK_OK (s_ask (rig, 1, 7, 1, PRIORITY_POLL));
    (void) rig_pass (rig, ANSWER_MS);
    s_result_is (rig, 0, 1, FEP_TIMEOUT);
    (void) s_sent (rig);
    //  A request whose second block is asked for alone: like the first on the wire but for the block.
    CHECK_OK (s_ask (rig, 2, 7, 2, PRIORITY_POLL));
    CHECK_OK (s_ask (rig, 3, 8, 1, PRIORITY_POLL));
    (void) rig_pass (rig, GAP_MS);
    assert_string_equal (s_sent (rig), "Q7.0");  //  The same request again: no danger
    s_answer (rig, 'A', 7, 1);
    (void) rig_pass (rig, GAP_MS);
    assert_string_equal (s_sent (rig), "Q8.0");  //  Overtakes block 1 of meter 7
    s_answer (rig, 'A', 8, 1);
    (void) rig_pass (rig, GAP_MS);
    assert_string_equal (s_sent (rig), "");
    assert_int_equal (session_state (rig->session), SESSION_PAUSED);
    //  The second answer to block 0: dropped, and what waited for it goes on at once.
    s_answer (rig, 'A', 7, 2);
    assert_true (session_due_ms (rig->session) <= rig->env.now_ms);
    (void) rig_pass (rig, 0);
    assert_string_equal (s_sent (rig), "Q7.1");
    s_answer (rig, 'A', 7, 3);
    assert_int_equal (rig->results[rig->result_count - 1].token, 2);
    assert_int_equal (rig->batch->message_count, 3);
    rig_free (&rig);
}

//  Without the late answer the wait ends by itself.
static void test_late_answer_never (void **state)
{
    (void) state;
    rig_t *rig = s_online ();
    rig->config.line.repeats = 0;
    CHECK_OK (s_ask (rig, 1, 7, 1, PRIORITY_POLL));
    (void) rig_pass (rig, ANSWER_MS);
    CHECK_OK (s_ask (rig, 2, 7, 2, PRIORITY_POLL));
    (void) rig_pass (rig, GAP_MS);
    s_answer (rig, 'A', 7, 1);
    (void) s_sent (rig);
    (void) rig_pass (rig, LATE_MS - 2 * GAP_MS - 1);
    assert_string_equal (s_sent (rig), "");
    (void) rig_pass (rig, GAP_MS + 1);
    assert_string_equal (s_sent (rig), "Q7.1");
    rig_free (&rig);
}

//  Dead meters beyond what is watched for: the line rests instead of guessing.
static void test_many_dead (void **state)
{
    (void) state;
    rig_t *rig = s_online ();
    rig->config.line.repeats = 0;
    rig->config.line.late_ms = 60000;
    for (unsigned unit = 1; unit <= 12; unit++) {
        CHECK_OK (s_ask (rig, unit, unit, 1, PRIORITY_POLL));
        for (int step = 0; step < 10 && session_state (rig->session) != SESSION_ONLINE; step++) {
            (void) rig_pass (rig, session_due_ms (rig->session) - rig->env.now_ms);
        }
        assert_int_equal (rig->results[unit - 1].error, FEP_TIMEOUT);
    }
    assert_int_equal (session_state (rig->session), SESSION_ONLINE);
    assert_true (rig->env.now_ms > RIG_START_MS + 60000);
    rig_free (&rig);
}

static void test_heartbeat_of_its_own (void **state)
{
    (void) state;
    rig_t *rig = rig_new (&line_gateway);
    assert_int_equal (rig_feed_bytes (rig, bytes_text ("R1")), INPUT_BLOCKED);
    admission_t admission = {
        .number = RIG_NUMBER, .area = RIG_AREA, .address = "METER-HOUSE-9", .heartbeat = "ping"};
    session_admit (rig->session, &rig->env, &admission);
    assert_int_equal (rig_resume (rig), INPUT_TAKEN);
    assert_string_equal (session_address (rig->session), "METER-HOUSE-9");
    assert_non_null (session_options (rig->session)->heartbeat);
    CHECK_OK (s_ask (rig, 1, 7, 1, PRIORITY_POLL));
    s_answer (rig, 'A', 7, 1);
    for (size_t i = 0; i < rig->batch->message_count; i++) {
        assert_true (bytes_equal (rig->batch->messages[i].address, bytes_text ("METER-HOUSE-9")));
    }
    admission.heartbeat = "pong";
    admission.area = RIG_AREA + 1;
    session_update (rig->session, &admission);
    const pattern_t *pattern = session_options (rig->session)->heartbeat;
    size_t size;
    char id[ADDRESS_MAX + 1];
    assert_int_equal (pattern_match (pattern, bytes_text ("pong"), true, &size, id), PATTERN_YES);
    assert_int_equal (pattern_match (pattern, bytes_text ("ping"), true, &size, id), PATTERN_NO);
    admission.heartbeat = "";
    session_update (rig->session, &admission);
    assert_ptr_equal (session_options (rig->session), &rig->options);
    assert_int_equal (session_state (rig->session), SESSION_ONLINE);
    rig_free (&rig);
}

//  A name that only its packet's end ends is there again after admission, whatever comes behind it.
static void test_name_without_end (void **state)
{
    (void) state;
    pattern_t names;
    CHECK_OK (pattern_parse ("LOGIN:{id}", &names, NULL, 0));
    rig_t *rig = rig_new (codec_find ("dtu"));
    rig->options.registration = &names;
    assert_int_equal (rig_feed_bytes (rig, bytes_text ("LOGIN:A1")), INPUT_TAKEN);
    (void) rig_pass (rig, 200);
    assert_string_equal (session_address (rig->session), "A1");
    assert_true (session_blocked (rig->session));
    assert_int_equal (rig_admit (rig, 0), INPUT_TAKEN);
    assert_string_equal (rig_batched (rig), "+l");
    (void) rig_feed_bytes (rig, bytes_text ("23"));
    assert_string_equal (session_address (rig->session), "A1");
    (void) rig_pass (rig, 200);
    assert_int_equal (session_state (rig->session), SESSION_ONLINE);
    rig_free (&rig);
}

//  ---- What one dead meter of 32 costs the others, on a clock moved by hand ----

#define METERS 32
#define DEVICE_MS 20
#define PERIOD_MS 60000
#define SWEEPS 200

typedef struct {
    rig_t *rig;
    poll_t *poll;
    poll_due_t open[POLL_OUTSTANDING];  //  By token - 1; mp 0: free
    unsigned dead;                      //  Unit; 0: none
    int64_t answer_ms;                  //  When the meter answers; 0: nothing asked
    unsigned asked;                     //  Unit
    int64_t first_ms;                   //  Instant of the first sweep
    int64_t *waits;                     //  From a sweep's instant to the answer, of living meters
    size_t count;                       //  Of them
    size_t results;                     //  Seen of the rig
} street_t;

static void s_street_ask (street_t *self)
{
    poll_due_t due;
    while (poll_next (self->poll, self->rig->env.now_ms, &due)) {
        unsigned place = self->open[0].mp ? 1 : 0;
        assert_int_equal (self->open[place].mp, 0);
        self->open[place] = due;
        self->first_ms = self->first_ms ? self->first_ms : self->rig->env.now_ms;
        request_t request = {.token = place + 1,
                             .kind = REQUEST_READ,
                             .mp = due.mp,
                             .point_count = 1,
                             .priority = PRIORITY_POLL,
                             .tries = 1,
                             .carried = &line_meter};
        snprintf (request.meter, sizeof request.meter, "%u", due.mp);
        CHECK_OK (session_request (self->rig->session, &self->rig->env, &request));
    }
}

static void s_street_results (street_t *self)
{
    rig_t *rig = self->rig;
    for (size_t i = 0; i < rig->result_count; i++) {
        poll_due_t *due = &self->open[rig->results[i].token - 1];
        if (due->mp != self->dead) {
            assert_int_equal (rig->results[i].error, FEP_OK);
            self->waits[self->count++] = (rig->env.now_ms - self->first_ms) % PERIOD_MS;
        }
        poll_done (self->poll, due, rig->results[i].error, rig->env.now_ms);
        due->mp = 0;
    }
    rig->result_count = 0;
}

static void s_street_turn (street_t *self)
{
    rig_t *rig = self->rig;
    int64_t next = poll_deadline (self->poll);
    int64_t due = session_due_ms (rig->session);
    next = due < next ? due : next;
    next = self->answer_ms && self->answer_ms < next ? self->answer_ms : next;
    next = next > rig->env.now_ms ? next : rig->env.now_ms;
    (void) rig_pass (rig, next - rig->env.now_ms);
    if (self->answer_ms && self->answer_ms <= rig->env.now_ms) {
        self->answer_ms = 0;
        s_answer (rig, 'A', self->asked, 1);
    }
    s_street_results (self);
    s_street_ask (self);
    if (rig->send.size) {
        self->asked = rig->send.data[1];
        self->answer_ms = self->asked == self->dead ? 0 : rig->env.now_ms + DEVICE_MS;
        rig->send.size = 0;
    }
    batch_clear (rig->batch);
}

static int s_compare (const void *a, const void *b)
{
    int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;
    return x < y ? -1 : x > y;
}

//  The 99th percentile of how long after its sweep's instant a living meter had answered.
static int64_t s_street_p99 (unsigned dead)
{
    street_t self = {.rig = s_online (), .poll = poll_new (), .dead = dead};
    poll_point_t points[METERS];
    self.waits = calloc (METERS * (SWEEPS + 1), sizeof *self.waits);
    assert_non_null (self.waits);
    for (uint16_t i = 0; i < METERS; i++) {
        points[i] = (poll_point_t){(uint16_t) (i + 1), PERIOD_MS};
    }
    CHECK_OK (poll_plan (self.poll, RIG_NUMBER, points, METERS, self.rig->env.now_ms));
    while (self.rig->env.now_ms < RIG_START_MS + (int64_t) PERIOD_MS * SWEEPS) {
        s_street_turn (&self);
    }
    assert_int_equal (poll_demoted (self.poll), dead ? 1 : 0);
    assert_true (self.count >= (size_t) (METERS - 1) * (SWEEPS - 1));
    qsort (self.waits, self.count, sizeof *self.waits, s_compare);
    int64_t p99 = self.waits[self.count * 99 / 100];
    free (self.waits);
    poll_destroy (&self.poll);
    rig_free (&self.rig);
    return p99;
}

static void test_dead_meter_of_32 (void **state)
{
    (void) state;
    int64_t healthy = s_street_p99 (0);
    for (unsigned dead = 1; dead <= METERS; dead += 5) {
        int64_t p99 = s_street_p99 (dead);
        printf ("p99 with meter %u dead: %lld ms, all alive: %lld ms\n", dead, (long long) p99,
                (long long) healthy);
        assert_true (p99 * 10 <= healthy * 11);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_exchange),
                                       cmocka_unit_test (test_refused_and_broadcast),
                                       cmocka_unit_test (test_priority),
                                       cmocka_unit_test (test_limits),
                                       cmocka_unit_test (test_gateway_packets),
                                       cmocka_unit_test (test_dead_meter),
                                       cmocka_unit_test (test_late_answer_of_another),
                                       cmocka_unit_test (test_late_answer_mistakable),
                                       cmocka_unit_test (test_late_answer_never),
                                       cmocka_unit_test (test_many_dead),
                                       cmocka_unit_test (test_heartbeat_of_its_own),
                                       cmocka_unit_test (test_name_without_end),
                                       cmocka_unit_test (test_dead_meter_of_32)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
