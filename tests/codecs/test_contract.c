//  The rules of scan and decode, for every codec of the table, on hostile bytes; meter codecs also with a request
//  in flight and a profile.
#include "tests/codecs/player.h"

#define ROUNDS 20000
#define WINDOW_MAX 400
#define FLIGHTS_MAX 512

static uint32_t s_random_state = 7;

static uint32_t s_random (void)
{
    s_random_state = s_random_state * 1664525u + 1013904223u;
    return s_random_state >> 8;
}

//  Requests that vectors send to meters.
typedef struct {
    size_t size;
    uint8_t bytes[256];
} flight_t;

static flight_t s_flights[FLIGHTS_MAX];
static size_t s_flight_count;

//  What a meter codec's vectors say of meters and requests.
static void s_note_meter (player_t *player, const vec_line_t *line)
{
    char address[ADDRESS_MAX + 1], profile[40];
    bool request = strcmp (line->word, "down") == 0 || strcmp (line->word, "send") == 0 ||
                   strcmp (line->word, "flight") == 0;
    if (request && s_flight_count < FLIGHTS_MAX) {
        flight_t *flight = &s_flights[s_flight_count++];
        flight->size = vec_hex (line->rest, flight->bytes, sizeof flight->bytes);
    }
    if (strcmp (line->word, "meter") == 0 && !player->profile) {
        assert_int_equal (sscanf (line->rest, "%23s %39s", address, profile), 2);
        player_meter (player, address, profile);
    }
}

//  A meter codec's next window comes while one of its vectors' requests is in flight, or none.
static void s_next_flight (player_t *player)
{
    player->flight_size = 0;
    if (s_flight_count && s_random () % 4) {
        const flight_t *flight = &s_flights[s_random () % s_flight_count];
        player_flight (player, bytes_of (flight->bytes, flight->size));
    }
}

//  Bytes of all "hex" and "down" lines of the codec's vectors, one behind the other, as often as it takes.
static size_t s_corpus (player_t *player, uint8_t *out, size_t capacity)
{
    const codec_t *codec = player->codec;
    char path[512];
    size_t size = 0;
    s_flight_count = 0;
    snprintf (path, sizeof path, "%s/vectors/%s.vec", TESTS_DIR, codec->name);
    vec_t vectors = vec_load (path);
    for (size_t i = 0; i < vectors.case_count; i++) {
        for (size_t n = 0; n < vectors.cases[i].line_count; n++) {
            const vec_line_t *line = &vectors.cases[i].lines[n];
            if (strcmp (line->word, "hex") == 0 || strcmp (line->word, "down") == 0) {
                size += vec_hex (line->rest, out + size, capacity - size);
            }
            if (codec->is_meter) {
                s_note_meter (player, line);
            }
        }
    }
    vec_free (&vectors);
    assert_true (size > 0 && size <= capacity / 2);
    while (size <= 2 * WINDOW_MAX) {
        memcpy (out + size, out, size);
        size *= 2;
    }
    return size;
}

//  A window: noise, a piece of the corpus, or a piece with some bytes changed.
static size_t s_hostile (const uint8_t *corpus, size_t corpus_size, uint8_t *window)
{
    size_t size = s_random () % (WINDOW_MAX + 1);
    size_t from = s_random () % (corpus_size - WINDOW_MAX);
    uint32_t how = s_random () % 3;
    for (size_t i = 0; i < size; i++) {
        window[i] = how == 0 ? (uint8_t) s_random () : corpus[from + i];
    }
    for (uint32_t n = how == 2 && size ? s_random () % 4 : 0; n > 0; n--) {
        window[s_random () % size] = (uint8_t) s_random ();
    }
    return size;
}

//  A frame stays the same frame whatever follows it, and is none while a byte of it is missing.
static void s_check_frame (const player_t *player, bool up, const uint8_t *window, size_t size,
                           scan_t scan)
{
    scan_t exact = player_scan (player, up, bytes_of (window, scan.size));
    assert_true (exact.what == SCAN_FRAME && exact.size == scan.size && scan.size <= size);
    scan_t less = player_scan (player, up, bytes_of (window, scan.size - 1));
    assert_true (less.what != SCAN_FRAME);
}

static void s_scan_rounds (player_t *player, const uint8_t *corpus, size_t corpus_size)
{
    uint8_t window[WINDOW_MAX];
    uint32_t frames = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        size_t size = s_hostile (corpus, corpus_size, window);
        bool up = round & 1;
        s_next_flight (player);
        scan_t scan = player_scan (player, up, bytes_of (window, size));
        if (scan.what == SCAN_FRAME) {
            frames++;
            s_check_frame (player, up, window, size, scan);
        }
    }
    assert_true (frames > 0);
}

//  What the carried codec may say of a window.
static scan_t s_some_line (size_t size)
{
    size_t some = size ? 1 + s_random () % size : 0;
    switch (s_random () % 4) {
    case 0:
        return (scan_t){.what = SCAN_SKIP};
    case 1:
        return (scan_t){SCAN_SKIP, some, FEP_CHECKSUM};
    case 2:
        return (scan_t){.what = SCAN_MORE};
    default:
        return some ? (scan_t){SCAN_FRAME, some, FEP_OK} : (scan_t){.what = SCAN_MORE};
    }
}

//  Carries a meter's line bare.
static bool s_has_line (const codec_t *codec)
{
    return codec->wrap && !codec->unwrap;
}

//  At a packet's end, and with a line: the rules hold, the line's frames pass as they are, and what the line may
//  still begin with is left alone.
static void s_line_rounds (player_t *player, const uint8_t *corpus, size_t corpus_size)
{
    uint8_t window[WINDOW_MAX];
    for (uint32_t round = 0; round < ROUNDS; round++) {
        size_t size = s_hostile (corpus, corpus_size, window);
        player->quiet = round & 1;
        player->line =
            s_has_line (player->codec) ? s_some_line (size) : (scan_t){.what = SCAN_SKIP};
        scan_t scan = player_scan (player, true, bytes_of (window, size));
        if (player->line.what == SCAN_FRAME) {
            assert_true (scan.what == SCAN_LINE && scan.size == player->line.size);
        }
        if (player->line.what == SCAN_MORE) {
            assert_true (scan.what == SCAN_MORE);
        }
        assert_true (s_has_line (player->codec) || scan.what != SCAN_LINE);
    }
    player_reset (player);
}

static void s_stream_rounds (player_t *player, const uint8_t *corpus, size_t corpus_size)
{
    uint8_t window[WINDOW_MAX];
    for (uint32_t round = 0; round < ROUNDS / 20; round++) {
        player_reset (player);
        for (uint32_t piece = 0; piece < 10; piece++) {
            size_t size = s_hostile (corpus, corpus_size, window);
            s_next_flight (player);
            player_feed (player, bytes_of (window, size));
        }
        player_durable (player);
        player_check_pack (player->batch);
    }
}

//  Decode of what scan never let through: a reason or messages, no harm.
static void s_decode_rounds (player_t *player, const uint8_t *corpus, size_t corpus_size)
{
    uint8_t window[WINDOW_MAX];
    static uint8_t text[65536];
    for (uint32_t round = 0; round < ROUNDS / 4; round++) {
        size_t size = s_hostile (corpus, corpus_size, window);
        if (size == 0) {
            continue;
        }
        player_reset (player);
        s_next_flight (player);
        player_decode (player, bytes_of (window, size));
        player_check_pack (player->batch);
        writer_t out = writer_of (text, sizeof text);
        json_t json = json_of (&out);
        fep_err_t error =
            player->codec->explain (bytes_of (window, size), round & 1, &player->options, &json);
        assert_true (error < FEP_ERR_COUNT);
    }
}

static void s_check_limits (player_t *player, const uint8_t *corpus, size_t corpus_size)
{
    size_t most = player->codec->frame_max;
    uint8_t *window = malloc (most);
    assert_non_null (window);
    for (uint32_t round = 0; round < 200; round++) {
        memset (window, (int) (s_random () & 0xFF), most);
        size_t from = s_random () % (corpus_size - 64);
        memcpy (window, corpus + from, most < 64 ? most : 64);
        s_next_flight (player);
        scan_t scan = player_scan (player, round & 1, bytes_of (window, most));
        assert_true (scan.what != SCAN_MORE);
    }
    scan_t empty = player_scan (player, true, bytes_of (window, 0));
    assert_true (empty.what == SCAN_MORE);
    free (window);
}

static void test_contract (void **state)
{
    (void) state;
    static uint8_t corpus[PLAYER_WINDOW];
    const codec_t *codec;
    size_t count = 0;
    for (; (codec = codec_at (count)) != NULL; count++) {
        assert_ptr_equal (codec_find (codec->name), codec);
        assert_true (codec->scan && codec->decode && codec->encode && codec->explain);
        assert_true (codec->frame_max > 0 && codec->state_size > 0);
        player_t player = player_new (codec);
        player_clear (&player);
        size_t size = s_corpus (&player, corpus, sizeof corpus);
        assert_true (!codec->is_meter || (s_flight_count && player.profile));
        s_scan_rounds (&player, corpus, size);
        s_line_rounds (&player, corpus, size);
        s_stream_rounds (&player, corpus, size);
        s_decode_rounds (&player, corpus, size);
        s_check_limits (&player, corpus, size);
        player_free (&player);
    }
    assert_true (count > 0);
    assert_null (codec_find ("no such codec"));
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (test_contract)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
