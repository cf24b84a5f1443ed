//  The gateway codec beside a line: who gets which bytes, when a packet's end decides, and what is refused. The
//  carried protocol is played by a few lines that know one answer's shape.
#include "codecs/codec.h"
#include "tests/codecs/vec.h"

#define LOG_MAX 400

//  A session in small: what came is logged in one line of text. R LOGIN, r a registration without message, H heartbeat,
//  L<n> a frame of the line with n bytes, . a run of noise, ! and a reason for a frame that decode refused.
typedef struct {
    const codec_t *codec;
    codec_options_t options;
    pattern_t registration;
    pattern_t heartbeat;
    char address[ADDRESS_MAX + 1];   //  "" until a registration named it
    bool awaiting;                   //  The answer of s_answer is awaited until it comes
    bool always;                     //  And then the next one
    _Alignas(16) uint8_t state[64];  //  The codec's
    uint8_t window[2048];            //  Received, not consumed
    size_t size;                     //  Of window
    uint8_t sent[4096];              //  For the gateway
    writer_t send;                   //  Over sent
    batch_t *batch;                  //  Of the last frame
    char log[LOG_MAX];               //  See above
} gate_t;

static uint8_t s_answer[64];
static size_t s_answer_size;

static uint16_t s_crc (bytes_t bytes)
{
    uint16_t crc = 0xFFFF;
    for (size_t i = 0; i < bytes.size * 8; i++) {
        crc = (uint16_t) (i % 8 ? crc : crc ^ bytes.data[i / 8]);
        crc = (uint16_t) (crc & 1 ? crc >> 1 ^ 0xA001 : crc >> 1);
    }
    return crc;
}

//  Function 3, `count` registers.
static void s_make_answer (uint8_t unit, uint8_t count)
{
    s_answer[0] = unit;
    s_answer[1] = 3;
    s_answer[2] = (uint8_t) (2 * count);
    for (uint8_t i = 0; i < 2 * count; i++) {
        s_answer[3 + i] = (uint8_t) (0x40 + i);
    }
    size_t size = 3 + 2u * count;
    uint16_t crc = s_crc (bytes_of (s_answer, size));
    s_answer[size] = (uint8_t) crc;
    s_answer[size + 1] = (uint8_t) (crc >> 8);
    s_answer_size = size + 2;
}

//  What the carried codec would say: three known bytes, a length, a checksum.
static scan_t s_line (bytes_t window)
{
    size_t head = window.size < 3 ? window.size : 3;
    if (head && memcmp (window.data, s_answer, head) != 0) {
        return (scan_t){SCAN_SKIP, 1, FEP_NOT_MINE};
    }
    if (window.size < s_answer_size) {
        return (scan_t){.what = SCAN_MORE};
    }
    bytes_t body = bytes_of (window.data, s_answer_size - 2);
    uint16_t crc = (uint16_t) (window.data[body.size] | window.data[body.size + 1] << 8);
    return crc == s_crc (body) ? (scan_t){SCAN_FRAME, s_answer_size, FEP_OK}
                               : (scan_t){SCAN_SKIP, 1, FEP_CHECKSUM};
}

static gate_t *s_gate (const char *registration, const char *heartbeat)
{
    gate_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    self->codec = codec_find ("dtu");
    assert_non_null (self->codec);
    assert_true (self->codec->state_size <= sizeof self->state);
    CHECK_OK (pattern_parse (registration, &self->registration, NULL, 0));
    CHECK_OK (pattern_parse (heartbeat, &self->heartbeat, NULL, 0));
    self->options.registration = &self->registration;
    self->options.heartbeat = &self->heartbeat;
    self->send = writer_of (self->sent, sizeof self->sent);
    self->batch = batch_new ();
    return self;
}

static void s_drop (gate_t *self)
{
    batch_destroy (&self->batch);
    free (self);
}

static codec_io_t s_io (gate_t *self)
{
    return (codec_io_t){.wall_ms = 1700000000000,
                        .options = &self->options,
                        .address = bytes_text (self->address),
                        .batch = self->batch,
                        .send = &self->send};
}

static void s_log (gate_t *self, const char *text)
{
    size_t used = strlen (self->log);
    if (strcmp (text, ".") == 0 && used && self->log[used - 1] == '.') {
        return;
    }
    assert_true (used + strlen (text) + 2 < sizeof self->log);
    snprintf (self->log + used, sizeof self->log - used, "%s%s", used ? " " : "", text);
}

static fep_err_t s_decode (gate_t *self, bytes_t frame)
{
    codec_io_t io = s_io (self);
    batch_clear (self->batch);
    fep_err_t error = self->codec->decode (self->state, frame, &io);
    assert_true (io.answer == ANSWER_NONE && io.mark == 0 && !io.bye && io.raw_units == 0);
    return error;
}

static void s_frame (gate_t *self, bytes_t frame)
{
    char text[32];
    fep_err_t error = s_decode (self, frame);
    const message_t *message = &self->batch->messages[0];
    if (error) {
        snprintf (text, sizeof text, "!%s", fep_err_name (error));
        s_log (self, text);
        return;
    }
    if (self->batch->message_count == 0) {
        s_log (self, "r");
        return;
    }
    assert_int_equal (self->batch->message_count, 1);
    assert_true (bytes_equal (message->raw, frame));
    assert_true (message->kind == MESSAGE_LOGIN || message->kind == MESSAGE_HEARTBEAT);
    s_log (self, message->kind == MESSAGE_LOGIN ? "R" : "H");
    assert_true (message->address.size > 0 && message->address.size <= ADDRESS_MAX);
    memcpy (self->address, message->address.data, message->address.size);
}

//  As the session pairs them: the line is asked first if an answer is awaited.
static void s_run (gate_t *self, bool quiet)
{
    while (self->size) {
        bytes_t window = bytes_of (self->window, self->size);
        scan_context_t context = {.up = true,
                                  .options = &self->options,
                                  .address = bytes_text (self->address),
                                  .quiet = quiet};
        if (self->awaiting) {
            context.line = s_line (window);
        }
        scan_t scan = self->codec->scan (&context, window);
        if (scan.what == SCAN_MORE) {
            return;
        }
        assert_true (scan.size >= 1 && scan.size <= self->size);
        if (scan.what == SCAN_LINE) {
            char text[16];
            snprintf (text, sizeof text, "L%zu", scan.size);
            s_log (self, text);
            self->awaiting = self->always;
        } else if (scan.what == SCAN_FRAME) {
            s_frame (self, bytes_of (self->window, scan.size));
        } else {
            s_log (self, ".");
        }
        self->size -= scan.size;
        memmove (self->window, self->window + scan.size, self->size);
    }
}

static void s_feed (gate_t *self, const void *bytes, size_t size)
{
    assert_true (self->size + size <= sizeof self->window);
    memcpy (self->window + self->size, bytes, size);
    self->size += size;
    s_run (self, false);
}

static void s_feed_text (gate_t *self, const char *text)
{
    s_feed (self, text, strlen (text));
}

static void s_feed_answer (gate_t *self)
{
    s_feed (self, s_answer, s_answer_size);
}

//  What was logged since the last call.
static void s_expect (gate_t *self, const char *log)
{
    assert_string_equal (self->log, log);
    self->log[0] = 0;
}

//  The value of a published key, or false.
static bool s_published (const char *line, const char *key, char *text, size_t size)
{
    char want[32];
    snprintf (want, sizeof want, "\"%s\": \"", key);
    const char *at = strstr (line, want);
    if (!at) {
        return false;
    }
    at += strlen (want);
    snprintf (text, size, "%.*s", (int) strcspn (at, "\""), at);
    return true;
}

static fep_err_t s_explain (const gate_t *gate, bytes_t frame, bool up, char *text, size_t size)
{
    writer_t out = writer_of (text, size - 1);
    json_t json = json_of (&out);
    fep_err_t error = gate->codec->explain (frame, up, &gate->options, &json);
    text[error ? 0 : out.size] = 0;
    return error;
}

//  Every published packet, by the patterns a person would write: the publisher's values.
static void test_published (void **state)
{
    (void) state;
    static const char *const keys[] = {"kind", "ascii", "imei", "suffix_hex"};
    gate_t *gate = s_gate ("{imei}\\x00\\x01\\x02\\x03", "LOG|www.usr.cn|\\xFF\\xFF\\x80\\x80");
    size_t size, rows = 0, values = 0;
    char *text = vec_read_file (TESTS_DIR "/vectors/dtu.jsonl", &size);
    for (char *line = strtok (text, "\n"); line; line = strtok (NULL, "\n"), rows++) {
        char hex[200], value[64], want[128], got[400];
        uint8_t frame[100];
        assert_true (s_published (line, "hex", hex, sizeof hex));
        bytes_t bytes = bytes_of (frame, vec_hex (hex, frame, sizeof frame));
        CHECK_OK (s_explain (gate, bytes, true, got, sizeof got));
        for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
            if (s_published (line, keys[i], value, sizeof value)) {
                snprintf (want, sizeof want, "\"%s\":\"%s\"", keys[i], value);
                assert_non_null (strstr (got, want));
                values++;
            }
        }
        s_published (line, "kind", value, sizeof value);
        snprintf (gate->address, sizeof gate->address, "%s",
                  strcmp (value, "registration") == 0 ? "" : "355837089512343");
        memset (gate->state, 0, sizeof gate->state);
        s_feed (gate, bytes.data, bytes.size);
        s_expect (gate, strcmp (value, "registration") == 0 ? "R" : "H");
        assert_string_equal (gate->address, "355837089512343");
    }
    assert_int_equal (rows, 4);
    assert_int_equal (values, 8);
    free (text);
    s_drop (gate);
}

//  A whole conversation in one stream, cut at each two places.
static void test_cut_anywhere (void **state)
{
    (void) state;
    uint8_t stream[200];
    size_t size = 0;
    s_make_answer (1, 4);
    memcpy (stream, "ID7001LOG", 9);
    memcpy (stream + 9, s_answer, s_answer_size);
    size = 9 + s_answer_size;
    memcpy (stream + size, "\x02zzLOGID7001", 12);
    size += 12;
    memcpy (stream + size, s_answer, s_answer_size);
    size += s_answer_size;
    memcpy (stream + size, "www.usr.cn", 10);
    size += 10;
    for (size_t first = 0; first <= size; first++) {
        for (size_t second = first; second <= size; second++) {
            gate_t *gate = s_gate ("ID{id:4}", "LOG|www.usr.cn");
            gate->awaiting = gate->always = true;
            s_feed (gate, stream, first);
            s_feed (gate, stream + first, second - first);
            s_feed (gate, stream + second, size - second);
            s_expect (gate, "R H L13 . H r L13 H");
            assert_int_equal (gate->size, 0);
            s_drop (gate);
        }
    }
}

//  The gateway puts its registration in front of each packet.
static void test_prefix_each_packet (void **state)
{
    (void) state;
    static const char prefix[] = "355837089512343";  //  With its zero
    gate_t *gate = s_gate ("{imei}\\0", "");
    s_make_answer (0x33, 2);  //  The unit is a digit too
    s_feed (gate, prefix, sizeof prefix);
    s_expect (gate, "R");
    for (size_t round = 0; round < 3; round++) {
        gate->awaiting = true;
        s_feed (gate, prefix, sizeof prefix);
        s_feed_answer (gate);
        s_expect (gate, "r L9");
    }
    gate->awaiting = true;
    for (size_t i = 0; i < sizeof prefix; i++) {
        s_feed (gate, prefix + i, 1);
    }
    for (size_t i = 0; i < s_answer_size; i++) {
        s_feed (gate, s_answer + i, 1);
    }
    s_expect (gate, "r L9");
    s_drop (gate);
}

//  Heartbeats before, between and inside answers. The last spoils its answer; what follows is whole again.
static void test_heartbeat_in_burst (void **state)
{
    (void) state;
    gate_t *gate = s_gate ("ID{id:4}", "LOG|\\xFF");
    s_make_answer (1, 4);
    s_feed_text (gate, "ID7001");
    s_expect (gate, "R");
    gate->awaiting = gate->always = true;
    s_feed_text (gate, "LOG");
    s_feed_answer (gate);
    s_feed_text (gate, "LOG\xFF");
    s_feed_answer (gate);
    s_expect (gate, "H L13 H H L13");
    s_feed (gate, s_answer, 6);
    s_feed_text (gate, "LOG");
    s_feed (gate, s_answer + 6, s_answer_size - 6);
    s_feed_answer (gate);
    s_expect (gate, ". H . L13");
    s_drop (gate);
}

//  A heartbeat that is the beginning of the awaited answer.
static void test_heartbeat_like_answer (void **state)
{
    (void) state;
    gate_t *gate = s_gate ("ID{id:4}", "\\x01|\\x01\\x03\\x04");
    s_make_answer (1, 2);
    s_feed_text (gate, "ID7001");
    s_expect (gate, "R");
    gate->awaiting = true;
    s_feed (gate, s_answer, 1);
    s_run (gate, true);
    s_feed (gate, s_answer + 1, 2);
    s_run (gate, true);
    s_expect (gate, "");
    s_feed (gate, s_answer + 3, s_answer_size - 3);
    s_expect (gate, "L9");
    //  The heartbeat itself, then the answer: the second byte tells.
    gate->awaiting = true;
    s_feed (gate, s_answer, 1);
    s_feed_answer (gate);
    s_expect (gate, "H L9");
    //  Nobody waits any more: it is a heartbeat, once nothing longer can come.
    s_feed (gate, s_answer, 1);
    s_expect (gate, "");
    s_run (gate, true);
    s_expect (gate, "H");
    s_feed (gate, s_answer, 3);
    s_expect (gate, "H");
    s_drop (gate);
}

static void test_one_byte_heartbeat (void **state)
{
    (void) state;
    gate_t *gate = s_gate ("{mac}", "\\xFF");
    s_make_answer (1, 2);
    s_feed (gate, "\xD8\xB0\x4C\xFA\x01\x02", 6);
    s_expect (gate, "R");
    assert_string_equal (gate->address, "D8B04CFA0102");
    //  {mac} might begin with FF; the pause decides.
    s_feed (gate, "\xFF", 1);
    s_expect (gate, "");
    s_run (gate, true);
    s_expect (gate, "H");
    //  Any six bytes fit {mac}; those in front of an answer are not taken for somebody.
    gate->awaiting = true;
    s_feed (gate, "\xFF", 1);
    s_feed_answer (gate);
    s_expect (gate, "H L9");
    gate->awaiting = true;
    s_feed (gate, "\x77", 1);
    s_feed_answer (gate);
    s_expect (gate, ". L9");
    s_feed (gate, "\xD8\xB0\x4C\xFA\x01\x02", 6);
    s_expect (gate, "r");
    s_drop (gate);
}

//  The longest heartbeat wins; the pause ends the wait for it.
static void test_longest_heartbeat (void **state)
{
    (void) state;
    gate_t *gate = s_gate ("ID{id:4}", "\\xFF|\\xFF\\xFF\\x80\\x80");
    s_feed (gate, "ID7001\xFF\xFF\x80", 9);
    s_expect (gate, "R");
    s_feed (gate, "\x80\xFF\xFF", 3);
    s_expect (gate, "H");
    s_run (gate, true);
    s_expect (gate, "H H");
    s_feed (gate, "\xFF\xFF\x81", 3);
    s_expect (gate, "H H .");
    s_drop (gate);
}

//  Names that only the packet's end ends.
static void test_quiet (void **state)
{
    (void) state;
    gate_t *gate = s_gate ("LOGIN:{id}", "zdjc");
    s_feed_text (gate, "zdLOGIN:10");
    s_feed_text (gate, "01");
    s_expect (gate, ".");
    s_run (gate, true);
    s_expect (gate, "R");
    assert_string_equal (gate->address, "1001");
    s_feed_text (gate, "zdj");
    s_run (gate, true);
    s_expect (gate, ".");
    s_feed_text (gate, "LOGIN:1001");
    s_run (gate, true);
    s_expect (gate, "r");
    s_feed_text (gate, "LOGIN:1002");
    s_run (gate, true);
    s_expect (gate, ".");
    s_drop (gate);
}

//  {packet} fits nearly anything, so a packet that is none goes as a whole: its tail must not become a name.
static void test_whole_packet (void **state)
{
    (void) state;
    gate_t *gate = s_gate ("{packet}", "\\xFF");
    uint8_t noise[1500];
    memset (noise, 'A', sizeof noise);
    s_feed (gate, noise, 40);
    s_expect (gate, "");
    s_run (gate, true);
    s_expect (gate, ".");
    assert_int_equal (gate->size, 0);
    s_feed (gate, noise, 1023);
    s_expect (gate, "");
    s_feed (gate, noise, 1);
    s_expect (gate, ".");
    assert_int_equal (gate->size, 0);
    s_feed_text (gate, "DTU-7");
    s_expect (gate, "");
    s_run (gate, true);
    s_expect (gate, "R");
    assert_string_equal (gate->address, "DTU-7");
    //  Known now: noise goes byte by byte, so that heartbeats and answers in it are found.
    s_make_answer (1, 2);
    s_feed_answer (gate);
    s_run (gate, true);
    s_expect (gate, ".");
    gate->awaiting = true;
    s_feed (gate, "\x77\xFF", 2);
    s_feed_answer (gate);
    s_run (gate, true);
    s_expect (gate, ". H L9");
    s_feed (gate, "DTU-7", 5);
    s_run (gate, true);
    s_expect (gate, "r");
    s_drop (gate);
}

//  A name behind bytes that do not matter.
static void test_any (void **state)
{
    (void) state;
    gate_t *gate = s_gate ("\\xAA{any:1}{id}\\r", "");
    s_feed (gate, "\xAA\x05\x34\x31\x33\r", 6);
    s_feed (gate, "\xAA\x06\x34\x31\x33\r", 6);
    s_expect (gate, "R r");
    assert_string_equal (gate->address, "413");
    s_drop (gate);
}

//  Frames that scan did not let through, or of a session that is not theirs.
static void test_refusals (void **state)
{
    (void) state;
    gate_t *gate = s_gate ("ID{id:4}", "LOG|HB{id:4}");
    CHECK_ERR (s_decode (gate, bytes_text ("LOG")), FEP_SEQUENCE);
    CHECK_ERR (s_decode (gate, bytes_text ("HB7001")), FEP_SEQUENCE);
    CHECK_ERR (s_decode (gate, bytes_text ("ID700")), FEP_NOT_MINE);
    CHECK_ERR (s_decode (gate, bytes_text ("ID70011")), FEP_NOT_MINE);
    CHECK_ERR (s_decode (gate, bytes_text ("x")), FEP_NOT_MINE);
    assert_int_equal (gate->batch->message_count, 0);
    snprintf (gate->address, sizeof gate->address, "7001");
    CHECK_ERR (s_decode (gate, bytes_text ("ID7002")), FEP_NOT_MINE);
    CHECK_ERR (s_decode (gate, bytes_text ("HB7002")), FEP_NOT_MINE);
    CHECK_OK (s_decode (gate, bytes_text ("HB7001")));
    CHECK_OK (s_decode (gate, bytes_text ("ID7001")));
    assert_int_equal (gate->batch->messages[0].kind, MESSAGE_LOGIN);
    assert_int_equal (gate->batch->messages[0].count, 1);
    CHECK_OK (s_decode (gate, bytes_text ("ID7001")));
    assert_int_equal (gate->batch->message_count, 0);
    CHECK_ERR (s_decode (gate, bytes_text ("ID7002")), FEP_NOT_MINE);
    assert_int_equal (gate->send.size, 0);
    //  Without patterns nothing is ours.
    gate->options = (codec_options_t){.address_hex = false};
    CHECK_ERR (s_decode (gate, bytes_text ("ID7001")), FEP_NOT_MINE);
    s_feed_text (gate, "ID7001LOG");
    s_expect (gate, ".");
    s_drop (gate);
}

static void test_echo (void **state)
{
    (void) state;
    gate_t *gate = s_gate ("ID{id:4}", "\\xFE\\xFE");
    gate->options.heartbeat_echo = true;
    s_feed_text (gate, "ID7001");
    assert_int_equal (gate->send.size, 0);
    s_feed (gate, "\xFE\xFE", 2);
    s_expect (gate, "R H");
    assert_true (bytes_equal (writer_bytes (&gate->send), bytes_text ("\xFE\xFE")));
    s_feed_text (gate, "ID7001");
    assert_int_equal (gate->send.size, 2);
    s_drop (gate);
}

//  Downwards go heartbeats and the line's frames; only the former are ours.
static void test_down (void **state)
{
    (void) state;
    gate_t *gate = s_gate ("ID{id:4}", "LOG");
    scan_context_t context = {.up = false, .options = &gate->options};
    scan_t scan = gate->codec->scan (&context, bytes_text ("LOGx"));
    assert_true (scan.what == SCAN_FRAME && scan.size == 3);
    assert_int_equal (gate->codec->scan (&context, bytes_text ("LO")).what, SCAN_MORE);
    assert_int_equal (gate->codec->scan (&context, bytes_text ("ID7001")).what, SCAN_SKIP);
    context.line = (scan_t){.what = SCAN_MORE};
    assert_int_equal (gate->codec->scan (&context, bytes_text ("ID7001")).what, SCAN_SKIP);
    context.line = (scan_t){SCAN_FRAME, 6, FEP_OK};
    assert_int_equal (gate->codec->scan (&context, bytes_text ("ID7001")).what, SCAN_SKIP);
    s_drop (gate);
}

//  Why bytes go: what the carried codec says, if it was asked.
static void test_reasons (void **state)
{
    (void) state;
    gate_t *gate = s_gate ("ID{id:4}", "LOG");
    scan_context_t context = {.up = true, .options = &gate->options};
    uint8_t bytes[1024] = {1};
    assert_int_equal (gate->codec->scan (&context, bytes_of (bytes, 9)).reason, FEP_NOT_MINE);
    context.line = (scan_t){SCAN_SKIP, 9, FEP_CHECKSUM};
    scan_t scan = gate->codec->scan (&context, bytes_of (bytes, 9));
    assert_true (scan.what == SCAN_SKIP && scan.size == 1 && scan.reason == FEP_CHECKSUM);
    //  MORE ends with the window.
    context.line = (scan_t){.what = SCAN_MORE};
    assert_int_equal (gate->codec->scan (&context, bytes_of (bytes, 1023)).what, SCAN_MORE);
    scan = gate->codec->scan (&context, bytes_of (bytes, 1024));
    assert_true (scan.what == SCAN_SKIP && scan.size == 1 && scan.reason == FEP_NOT_MINE);
    s_drop (gate);
}

static void test_send (void **state)
{
    (void) state;
    gate_t *gate = s_gate ("ID{id:4}", "LOG");
    const codec_t *codec = gate->codec;
    static uint8_t frame[1025];
    codec_io_t io = s_io (gate);
    request_t request = {.kind = REQUEST_READ};
    assert_true (!codec->is_meter && !codec->mistakable && !codec->tick &&
                 codec->frame_max == 1024);
    memset (frame, 7, sizeof frame);
    CHECK_OK (codec->wrap (gate->state, bytes_of (frame, 8), &io));
    CHECK_OK (codec->wrap (gate->state, bytes_of (frame, 1024), &io));
    assert_int_equal (gate->send.size, 1032);
    assert_memory_equal (gate->sent, frame, 1024);
    CHECK_ERR (codec->wrap (gate->state, bytes_of (frame, 1025), &io), FEP_LIMIT);
    CHECK_ERR (codec->encode (gate->state, &request, &io), FEP_UNSUPPORTED);
    assert_null (codec->durable);
    assert_int_equal (gate->send.size, 1032);
    assert_false (gate->send.failed);
    s_drop (gate);
}

typedef struct {
    const char *registration;  //  Pattern
    const char *heartbeat;     //  Pattern
    const char *hex;           //  Frame
    bool up;                   //  Direction
    const char *json;          //  explain's; NULL: NOT_MINE
    const char *address;       //  address's; NULL: NOT_MINE, "": NOT_FOUND
} people_t;

static const people_t s_people[] = {
    {"LOGIN:{id:4}", "", "4c4f47494e3a31303031", true,
     "{\"kind\":\"registration\",\"ascii\":\"LOGIN:1001\",\"id\":\"1001\"}", "1001"},
    {"{iccid}\\0", "", "3839383630344136313932323930303030313233 00", true,
     "{\"kind\":\"registration\",\"suffix_hex\":\"00\",\"iccid\":\"898604A6192290000123\"}",
     "898604A6192290000123"},
    {"\\xAA{any:1}{id}\\r", "", "aa053431330d", true,
     "{\"kind\":\"registration\",\"prefix_hex\":\"aa05\",\"suffix_hex\":\"0d\",\"id\":\"413\"}",
     "413"},
    {"{mac}", "", "d8b04cfa0102", true, "{\"kind\":\"registration\",\"mac\":\"D8B04CFA0102\"}",
     "D8B04CFA0102"},
    {"{packet}", "", "aa01", true, "{\"kind\":\"registration\",\"id\":\"AA01\"}", "AA01"},
    {"ID{id:2}", "HB{id:2}", "48423031", true,
     "{\"kind\":\"heartbeat\",\"ascii\":\"HB01\",\"id\":\"01\"}", "01"},
    {"ID{id:2}", "\\xFF", "ff", true, "{\"kind\":\"heartbeat\",\"hex\":\"ff\"}", ""},
    {"ID{id:2}", "\\xFF", "ff", false, "{\"kind\":\"heartbeat\",\"hex\":\"ff\"}", ""},
    {"ID{id:2}", "\\xFF", "49443031", false, NULL, NULL},
    {"ID{id:2}", "\\xFF", "494430", true, NULL, NULL},
};

static void test_people (void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof s_people / sizeof *s_people; i++) {
        const people_t *row = &s_people[i];
        uint8_t frame[100];
        char got[400], address[ADDRESS_MAX + 1] = "";
        gate_t *gate = s_gate (row->registration, row->heartbeat);
        bytes_t bytes = bytes_of (frame, vec_hex (row->hex, frame, sizeof frame));
        CHECK_ERR (s_explain (gate, bytes, row->up, got, sizeof got),
                   row->json ? FEP_OK : FEP_NOT_MINE);
        assert_string_equal (got, row->json ? row->json : "");
        CHECK_ERR (gate->codec->address (bytes, row->up, &gate->options, address),
                   !row->address   ? FEP_NOT_MINE
                   : *row->address ? FEP_OK
                                   : FEP_NOT_FOUND);
        assert_string_equal (address, row->address ? row->address : "");
        s_drop (gate);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_published),
        cmocka_unit_test (test_cut_anywhere),
        cmocka_unit_test (test_prefix_each_packet),
        cmocka_unit_test (test_heartbeat_in_burst),
        cmocka_unit_test (test_heartbeat_like_answer),
        cmocka_unit_test (test_one_byte_heartbeat),
        cmocka_unit_test (test_longest_heartbeat),
        cmocka_unit_test (test_quiet),
        cmocka_unit_test (test_whole_packet),
        cmocka_unit_test (test_any),
        cmocka_unit_test (test_refusals),
        cmocka_unit_test (test_echo),
        cmocka_unit_test (test_down),
        cmocka_unit_test (test_reasons),
        cmocka_unit_test (test_send),
        cmocka_unit_test (test_people),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
