//  The eight checks of every codec's vector file: whole, byte by byte, joined and cut at random,
//  behind garbage, truncated, with one bit flipped, packed and unpacked, and encoded.
#include "tests/codecs/player.h"

#define HEX_MAX 20000
#define SEED 20181231

static uint8_t s_hex[HEX_MAX];
static const char *s_place = "";  //  Case and check, for messages

static uint32_t s_random_state;

static uint32_t s_random (void)
{
    s_random_state = s_random_state * 1664525u + 1013904223u;
    return s_random_state >> 8;
}

//  How bytes of "hex" lines reach the codec.
typedef enum { FEED_WHOLE, FEED_BYTES, FEED_GARBAGE } feed_t;

//  One case being played.
typedef struct {
    player_t *player;
    feed_t feed;
    request_t request;
    bool asking;               //  A request line came
    uint32_t done;             //  Of the request before the frame in flight
    const message_t *message;  //  Of the last expect line
    uint32_t frames;           //  Before the last hex line
} play_t;

static void s_fail (const vec_line_t *line, const char *what, const char *got)
{
    fail_msg ("%s, line %d: %s\n  want %s %s\n  got  %s", s_place, line->number, what, line->word,
              line->rest, got);
}

static void s_play_hex (play_t *self, const vec_line_t *line)
{
    player_t *player = self->player;
    size_t size = vec_hex (line->rest, s_hex, sizeof s_hex);
    self->frames = player->frames;
    player->refused = FEP_OK;
    if (self->feed == FEED_GARBAGE) {
        uint8_t garbage[40];
        for (size_t i = 0; i < sizeof garbage; i++) {
            garbage[i] = (uint8_t) s_random ();
        }
        garbage[sizeof garbage - 1] = 0x68;
        player_feed (player, bytes_of (garbage, sizeof garbage));
    }
    if (self->feed == FEED_BYTES) {
        for (size_t i = 0; i < size; i++) {
            player_feed (player, bytes_of (s_hex + i, 1));
        }
    } else {
        player_feed (player, bytes_of (s_hex, size));
    }
    if (player->codec->is_meter) {
        player_settle (player);
    }
}

static void s_play_given (play_t *self, const vec_line_t *line)
{
    player_t *player = self->player;
    player_feed (player, bytes_of (s_hex, vec_hex (line->rest, s_hex, sizeof s_hex)));
    player->compared = player->send.size;
    player->message = (uint32_t) player->batch->message_count;
    player->shown = 0;
}

static void s_play_down (play_t *self, const vec_line_t *line)
{
    size_t size = vec_hex (line->rest, s_hex, sizeof s_hex);
    scan_t scan = player_scan (self->player, false, bytes_of (s_hex, size));
    if (scan.what != SCAN_FRAME || scan.size != size) {
        s_fail (line, "is no frame", fep_err_name (scan.reason));
    }
}

static void s_play_expect (play_t *self, const vec_line_t *line)
{
    char got[PLAYER_LINE] = "nothing";
    bool there = player_line (self->player, got, &self->message);
    if (strcmp (line->rest, got) != 0 || there == (strcmp (line->rest, "nothing") == 0)) {
        s_fail (line, "differs", got);
    }
}

static void s_play_raw (play_t *self, const vec_line_t *line)
{
    size_t size = vec_hex (line->rest, s_hex, sizeof s_hex);
    assert_non_null (self->message);
    if (!bytes_equal (self->message->raw, bytes_of (s_hex, size))) {
        s_fail (line, "other raw bytes", "");
    }
}

//  The next bytes for the peer must be these.
static void s_take_sent (play_t *self, const vec_line_t *line)
{
    player_t *player = self->player;
    size_t size = vec_hex (line->rest, s_hex, sizeof s_hex);
    bytes_t got = {player->sent + player->compared, player->send.size - player->compared};
    char text[1200] = "";
    for (size_t i = 0; i < got.size && i < 380; i++) {
        snprintf (text + 3 * i, 4, "%02x ", got.data[i]);
    }
    if (got.size < size || memcmp (got.data, s_hex, size) != 0) {
        s_fail (line, "sent something else", text);
    }
    player->compared += size;
}

//  The next frame of the request; the same again in another way if its answer wanted that.
static void s_encode (play_t *self)
{
    player_t *player = self->player;
    if (player->answer == ANSWER_AGAIN) {
        self->request.done = self->done;
        self->request.finished = false;
        player->answer = ANSWER_NONE;
    }
    self->done = self->request.done;
    CHECK_OK (player->codec->encode (player->state, &self->request, &player->io));
    if (player->codec->is_meter) {
        player_flight (player, bytes_of (player->sent + player->compared,
                                         player->send.size - player->compared));
    }
}

static void s_play_send (play_t *self, const vec_line_t *line)
{
    player_t *player = self->player;
    if (self->asking && player->compared == player->send.size) {
        s_encode (self);
    }
    s_take_sent (self, line);
}

static void s_play_durable (play_t *self, const vec_line_t *line)
{
    player_t *player = self->player;
    if (player->compared != player->send.size) {
        s_fail (line, "sent before it was durable", "");
    }
    player_durable (player);
    s_take_sent (self, line);
}

static void s_play_answer (play_t *self, const vec_line_t *line)
{
    static const char *const names[] = {"none", "partial", "done", "refused", "again"};
    char got[24];
    player_t *player = self->player;
    snprintf (got, sizeof got, player->answer == ANSWER_REFUSED ? "%s %d" : "%s",
              names[player->answer], player->answer_code);
    if (strcmp (got, line->rest) != 0) {
        s_fail (line, "other answer", got);
    }
}

static void s_play_refuse (play_t *self, const vec_line_t *line)
{
    player_t *player = self->player;
    fep_err_t got = player->refused;
    if (self->asking) {
        got = player->codec->encode (player->state, &self->request, &player->io);
        self->asking = false;
    }
    if (strcmp (fep_err_name (got), line->rest) != 0) {
        s_fail (line, "other reason", fep_err_name (got));
    }
}

static void s_play_skip (play_t *self, const vec_line_t *line)
{
    player_t *player = self->player;
    if (player->frames != self->frames || player->refused) {
        s_fail (line, "a frame was found", "");
    }
}

static void s_play_bye (play_t *self, const vec_line_t *line)
{
    if (!self->player->bye) {
        s_fail (line, "no logout", "");
    }
}

static void s_play_options (play_t *self, const vec_line_t *line)
{
    player_t *player = self->player;
    static const char *const keys[] = {"registration", "heartbeat"};
    const pattern_t **slots[] = {&player->options.registration, &player->options.heartbeat};
    char text[200];
    bool known = strstr (line->rest, "address_hex") || strstr (line->rest, "echo");
    player->options.address_hex = strstr (line->rest, "address_hex") != NULL;
    player->options.heartbeat_echo = strstr (line->rest, "echo") != NULL;
    for (size_t i = 0; i < 2; i++) {
        if (vec_value (line->rest, keys[i], text, sizeof text)) {
            CHECK_OK (pattern_parse (text, &player->own[i], NULL, 0));
            *slots[i] = &player->own[i];
            known = true;
        }
    }
    if (vec_value (line->rest, "address", player->who, sizeof player->who)) {
        player->io.address = bytes_text (player->who);
        known = true;
    }
    assert_true (known);
}

//  meter ADDRESS PROFILE: whose exchange it is; a profile of vectors/profiles, or '-'.
static void s_play_meter (play_t *self, const vec_line_t *line)
{
    char address[ADDRESS_MAX + 1], profile[40];
    assert_int_equal (sscanf (line->rest, "%23s %39s", address, profile), 2);
    player_meter (self->player, address, profile);
}

//  profile NAME: the terminal's own, of vectors/profiles.
static void s_play_profile (play_t *self, const vec_line_t *line)
{
    player_own (self->player, line->rest);
}

static void s_play_flight (play_t *self, const vec_line_t *line)
{
    player_flight (self->player, bytes_of (s_hex, vec_hex (line->rest, s_hex, sizeof s_hex)));
}

static int64_t s_time (const char *text)
{
    clock_civil_t c;
    int64_t utc_ms;
    assert_int_equal (sscanf (text, "%d-%d-%dT%d:%d:%d", &c.year, &c.month, &c.day, &c.hour,
                              &c.minute, &c.second),
                      6);
    assert_true (clock_from_civil (&c, &utc_ms));
    return utc_ms;
}

static void s_parse_points (request_t *request, char *text)
{
    for (char *one = strtok (text, ","); one; one = strtok (NULL, ",")) {
        assert_true (request->point_count < REQUEST_POINTS_MAX);
        assert_true (point_parse (one, &request->points[request->point_count++]));
    }
}

static void s_play_request (play_t *self, const vec_line_t *line)
{
    static const char *const kinds[] = {[REQUEST_READ] = "READ",
                                        [REQUEST_READ_FROZEN] = "READ_FROZEN",
                                        [REQUEST_READ_EVENTS] = "READ_EVENTS",
                                        [REQUEST_PASS] = "PASS"};
    char text[600];
    unsigned from, to;
    request_t *request = &self->request;
    memset (request, 0, sizeof *request);
    self->asking = true;
    if (self->player->codec->is_meter) {
        memset (self->player->state, 0, self->player->codec->state_size);
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t n = strcspn (line->rest, " ");
        if (strlen (kinds[i]) == n && strncmp (kinds[i], line->rest, n) == 0) {
            request->kind = (request_kind_t) i;
        }
    }
    if (vec_value (line->rest, "mp", text, sizeof text)) {
        request->mp = (uint16_t) atoi (text);
    }
    if (vec_value (line->rest, "points", text, sizeof text)) {
        s_parse_points (request, text);
    }
    for (uint8_t i = 0; vec_value (line->rest, "freeze", text, sizeof text) && i < FREEZE_COUNT;
         i++) {
        request->freeze = strcmp (freeze_name (i), text) == 0 ? i : request->freeze;
    }
    if (vec_value (line->rest, "from", text, sizeof text)) {
        request->from_ms = s_time (text);
    }
    if (vec_value (line->rest, "to", text, sizeof text)) {
        request->to_ms = s_time (text);
    }
    if (vec_value (line->rest, "events", text, sizeof text)) {
        assert_int_equal (sscanf (text, "%u-%u", &from, &to), 2);
        request->event_from = (uint16_t) from;
        request->event_to = (uint16_t) to;
    }
    if (vec_value (line->rest, "bytes", text, sizeof text)) {
        request->size = (uint16_t) vec_hex (text, request->bytes, sizeof request->bytes);
    }
    request->event_important = vec_value (line->rest, "important", text, sizeof text);
}

typedef struct {
    const char *word;
    void (*play) (play_t *self, const vec_line_t *line);
} word_t;

static const word_t s_words[] = {
    {"hex", s_play_hex},         {"given", s_play_given},   {"down", s_play_down},
    {"expect", s_play_expect},   {"raw", s_play_raw},       {"send", s_play_send},
    {"durable", s_play_durable}, {"answer", s_play_answer}, {"refuse", s_play_refuse},
    {"skip", s_play_skip},       {"bye", s_play_bye},       {"options", s_play_options},
    {"request", s_play_request}, {"meter", s_play_meter},   {"flight", s_play_flight},
    {"profile", s_play_profile}};

static void s_play_line (play_t *self, const vec_line_t *line)
{
    for (size_t i = 0; i < sizeof s_words / sizeof *s_words; i++) {
        if (strcmp (s_words[i].word, line->word) == 0) {
            s_words[i].play (self, line);
            return;
        }
    }
    s_fail (line, "unknown word", "");
}

static void s_play_case (player_t *player, const vec_case_t *vec, feed_t feed)
{
    play_t play = {.player = player, .feed = feed};
    char got[PLAYER_LINE];
    const message_t *message;
    s_place = vec->name;
    player_clear (player);
    for (size_t i = 0; i < vec->line_count; i++) {
        s_play_line (&play, &vec->lines[i]);
    }
    if (player_line (player, got, &message)) {
        fail_msg ("%s: not expected: %s", s_place, got);
    }
    if (player->compared != player->send.size) {
        fail_msg ("%s: %zu bytes sent that nobody expected", s_place,
                  player->send.size - player->compared);
    }
    if (play.asking && !play.request.finished) {
        fail_msg ("%s: the request is not finished", s_place);
    }
    player_check_pack (player->batch);
}

static bool s_has (const vec_case_t *vec, const char *word)
{
    for (size_t i = 0; i < vec->line_count; i++) {
        if (strcmp (vec->lines[i].word, word) == 0) {
            return true;
        }
    }
    return false;
}

//  Begins anew, but with the options of the case.
static void s_reset_case (player_t *player, const vec_case_t *vec)
{
    play_t play = {.player = player};
    player_reset (player);
    for (size_t i = 0; i < vec->line_count; i++) {
        if (strcmp (vec->lines[i].word, "options") == 0) {
            s_play_options (&play, &vec->lines[i]);
        }
        if (strcmp (vec->lines[i].word, "profile") == 0) {
            s_play_profile (&play, &vec->lines[i]);
        }
    }
}

//  Where nobody is known yet, a packet without checksum that has another name in it is another terminal's.
static bool s_names_another (const player_t *player, bool up, bytes_t frame, const char *name)
{
    char other[ADDRESS_MAX + 1] = "";
    fep_err_t error = player->codec->address (frame, up, &player->options, other);
    return player->io.address.size == 0 && *name && error == FEP_OK && strcmp (other, name) != 0;
}

//  A flipped bit shows: there is a checksum, as all meter protocols have one, or the packets' look is told by patterns.
static bool s_shows_damage (const player_t *player)
{
    return player->codec->is_checked || player->codec->is_meter || player->address[0];
}

//  Every truncation of the first frame of the bytes is MORE or SKIP; every single-bit flip is no
//  frame there, and whatever else is found in it does no harm.
static void s_check_damage (player_t *player, const vec_case_t *vec, bool up,
                            const vec_line_t *line)
{
    s_reset_case (player, vec);
    size_t size = vec_hex (line->rest, s_hex, sizeof s_hex);
    scan_t scan = player_scan (player, up, bytes_of (s_hex, size));
    if (scan.what != SCAN_FRAME) {
        return;
    }
    char name[ADDRESS_MAX + 1] = "";
    bytes_t frame = {s_hex, scan.size};
    (void) player->codec->address (frame, up, &player->options, name);
    for (size_t cut = 0; cut < scan.size; cut++) {
        assert_true (player_scan (player, up, bytes_of (s_hex, cut)).what != SCAN_FRAME);
    }
    for (size_t bit = 0; bit < scan.size * 8; bit++) {
        s_hex[bit / 8] ^= (uint8_t) (1u << bit % 8);
        if (s_shows_damage (player) && player_scan (player, up, frame).what == SCAN_FRAME &&
            !s_names_another (player, up, frame, name)) {
            fail_msg ("%s: still a frame with bit %zu flipped", s_place, bit);
        }
        if (up) {
            s_reset_case (player, vec);
            player_feed (player, bytes_of (s_hex, scan.size));
        }
        s_hex[bit / 8] ^= (uint8_t) (1u << bit % 8);
    }
}

//  A frame with one bit flipped, decoded as if its checksum held: any reason will do, but no harm.
static void s_check_decode_damage (player_t *player, const vec_case_t *vec, const vec_line_t *line)
{
    s_reset_case (player, vec);
    size_t size = vec_hex (line->rest, s_hex, sizeof s_hex);
    scan_t scan = player_scan (player, true, bytes_of (s_hex, size));
    for (size_t bit = 0; scan.what == SCAN_FRAME && bit < scan.size * 8; bit++) {
        s_hex[bit / 8] ^= (uint8_t) (1u << bit % 8);
        s_reset_case (player, vec);
        player_decode (player, bytes_of (s_hex, scan.size));
        player_check_pack (player->batch);
        s_hex[bit / 8] ^= (uint8_t) (1u << bit % 8);
    }
}

//  Only bytes in, items and confirmations out: may be joined with others.
static bool s_joinable (const vec_case_t *vec)
{
    static const char *const never[] = {"given",   "request", "options", "skip",   "refuse", "down",
                                        "durable", "bye",     "meter",   "flight", "profile"};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        if (s_has (vec, never[i])) {
            return false;
        }
    }
    return true;
}

//  All joinable cases as one stream, cut at random; the lines must come as from the cases one by
//  one.
static void s_check_joined (player_t *player, const vec_t *vectors, uint32_t seed)
{
    static uint8_t stream[PLAYER_WINDOW];
    size_t size = 0;
    s_place = "joined";
    s_random_state = seed;
    player_clear (player);
    for (size_t i = 0; i < vectors->case_count; i++) {
        for (size_t n = 0; s_joinable (&vectors->cases[i]) && n < vectors->cases[i].line_count;
             n++) {
            const vec_line_t *line = &vectors->cases[i].lines[n];
            if (strcmp (line->word, "hex") == 0) {
                size += vec_hex (line->rest, stream + size, sizeof stream - size);
            }
        }
    }
    for (size_t at = 0; at < size;) {
        size_t piece = 1 + s_random () % 97;
        piece = piece < size - at ? piece : size - at;
        player_feed (player, bytes_of (stream + at, piece));
        player_durable (player);
        at += piece;
    }
    if (player->codec->is_meter) {
        player_settle (player);
    }
    play_t play = {.player = player};
    for (size_t i = 0; i < vectors->case_count; i++) {
        for (size_t n = 0; s_joinable (&vectors->cases[i]) && n < vectors->cases[i].line_count;
             n++) {
            const vec_line_t *line = &vectors->cases[i].lines[n];
            bool last = strcmp (line->rest, "nothing") == 0;
            if (!last && (strcmp (line->word, "expect") == 0 || strcmp (line->word, "raw") == 0)) {
                s_play_line (&play, line);
            }
        }
    }
    char got[PLAYER_LINE];
    assert_false (player_line (player, got, &play.message));
}

//  The damage checks of a meter codec see what its hex lines see: the meter and the request in flight.
static void s_set_context (player_t *player, const vec_line_t *line)
{
    play_t play = {.player = player};
    bool flight = strcmp (line->word, "flight") == 0 || strcmp (line->word, "send") == 0;
    if (player->codec->is_meter && flight) {
        s_play_flight (&play, line);
    }
    if (strcmp (line->word, "meter") == 0) {
        s_play_meter (&play, line);
    }
}

static void s_check_codec (const codec_t *codec)
{
    char path[512];
    snprintf (path, sizeof path, "%s/vectors/%s.vec", TESTS_DIR, codec->name);
    vec_t vectors = vec_load (path);
    player_t player = player_new (codec);
    s_random_state = SEED;
    for (size_t i = 0; i < vectors.case_count; i++) {
        const vec_case_t *vec = &vectors.cases[i];
        s_play_case (&player, vec, FEED_WHOLE);
        s_play_case (&player, vec, FEED_BYTES);
        s_play_case (&player, vec, FEED_GARBAGE);
        player_clear (&player);
        for (size_t n = 0; n < vec->line_count; n++) {
            const vec_line_t *line = &vec->lines[n];
            s_set_context (&player, line);
            if (strcmp (line->word, "down") == 0) {
                s_check_damage (&player, vec, false, line);
            }
            if (strcmp (line->word, "hex") == 0) {
                s_check_damage (&player, vec, true, line);
                s_check_decode_damage (&player, vec, line);
            }
        }
    }
    for (uint32_t round = 0; round < 20; round++) {
        s_check_joined (&player, &vectors, SEED + round);
    }
    player_free (&player);
    vec_free (&vectors);
}

static void test_vectors (void **state)
{
    (void) state;
    size_t count = 0;
    for (const codec_t *codec = codec_at (0); codec; codec = codec_at (count)) {
        s_check_codec (codec);
        count++;
    }
    assert_true (count > 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_vectors)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
