//  The roster: what it keeps of the archive's terminals, what it notices of their states, and words under numbers.
#include "tests/store/store_test.h"
#include "actors/roster.h"
#include "store/archive_row.h"
#include "store/archive_words.h"

typedef struct {
    place_t *place;          //  The store
    archive_words_t *words;  //  Of what is put
    roster_t *roster;        //  At hand
} fixture_t;

static int s_setup (void **state)
{
    void *place;
    fixture_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    place_setup (&place);
    self->place = place;
    self->words = archive_words_new ();
    place_open (self->place);
    *state = self;
    return 0;
}

static int s_teardown (void **state)
{
    fixture_t *self = *state;
    void *place = self->place;
    roster_destroy (&self->roster);
    archive_words_destroy (&self->words);
    free (self);
    return place_teardown (&place);
}

static uint16_t s_word (fixture_t *self, archive_word_t kind, const char *text)
{
    uint32_t number;
    CHECK_OK (archive_words_put (self->words, kind, bytes_text (text), &number));
    return (uint16_t) number;
}

static void s_put (fixture_t *self, const terminal_t *terminal, const measuring_point_t *points,
                   size_t count)
{
    archive_entry_t entry = {terminal, points, count, NULL, 0, self->words};
    uint8_t memory[2048], key[ARCHIVE_ROW_KEY_SIZE];
    writer_t out = writer_of (memory, sizeof memory);
    archive_row_key (terminal->number, key);
    archive_row_put (&entry, &out);
    assert_false (out.failed);
    row_t row = {FAMILY_ARCHIVE, bytes_of (key, sizeof key), writer_bytes (&out)};
    CHECK_OK (store_put (self->place->store, &row, 1));
}

static void s_expect (const fixture_t *self, uint16_t mp, dimension_t dimension, const char *text)
{
    uint16_t word = roster_word (roster_find (self->roster, 1), mp, dimension);
    assert_string_equal (roster_word_text (self->roster, word), text);
    assert_int_equal (roster_word_find (self->roster, text), word);
}

//  A point's protocol goes before its terminal's, that of the dialled place before the one it came with.
static void test_words (void **state)
{
    fixture_t *self = *state;
    terminal_t terminal = {.number = 1, .address = "T1", .present = true};
    terminal.vendor = s_word (self, ARCHIVE_VENDOR, "Acme");
    terminal.line = s_word (self, ARCHIVE_LINE, "shop");
    const measuring_point_t points[] = {
        {.terminal = 1,
         .mp = 1,
         .protocol = "dlt645",
         .user_type = (uint8_t) s_word (self, ARCHIVE_USER_TYPE, "shop")},
        {.terminal = 1, .mp = 9}};
    s_put (self, &terminal, points, 2);
    CHECK_OK (roster_new (self->place->store, &self->roster));
    roster_terminal_t *known = roster_find (self->roster, 1);
    s_expect (self, 1, DIMENSION_vendor, "Acme");
    s_expect (self, 9, DIMENSION_line, "shop");
    s_expect (self, 1, DIMENSION_user_type, "shop");
    s_expect (self, 9, DIMENSION_user_type, "");
    s_expect (self, 5, DIMENSION_user_type, "");
    s_expect (self, 1, DIMENSION_segment, "");
    s_expect (self, 1, DIMENSION_protocol, "dlt645");
    s_expect (self, 9, DIMENSION_protocol, "");
    roster_speaks (self->roster, known, codec_find ("gdw1376"));
    CHECK_OK (roster_refresh (self->roster, 1));
    s_expect (self, 9, DIMENSION_protocol, "gdw1376");
    CHECK_OK (roster_refresh_all (self->roster));
    s_expect (self, 9, DIMENSION_protocol, "gdw1376");
    memcpy (terminal.dial, "iec104@10.0.0.1:2404", 21);
    s_put (self, &terminal, points, 2);
    CHECK_OK (roster_refresh (self->roster, 1));
    s_expect (self, 9, DIMENSION_protocol, "iec104");
    s_expect (self, 1, DIMENSION_protocol, "dlt645");
    assert_int_equal (roster_word_find (self->roster, "nobody"), UINT16_MAX);
    assert_int_equal (roster_word (NULL, 1, DIMENSION_line), 0);
    assert_ptr_equal (roster_find (self->roster, 1), known);
}

//  More words than it holds came over time: it begins again with those there are.
static void test_words_come_and_go (void **state)
{
    fixture_t *self = *state;
    terminal_t terminal = {.number = 1, .address = "T1", .present = true};
    terminal_t other = {.number = 2, .address = "T2", .present = true};
    other.line = s_word (self, ARCHIVE_LINE, "stays");
    s_put (self, &other, NULL, 0);
    s_put (self, &terminal, NULL, 0);
    CHECK_OK (roster_new (self->place->store, &self->roster));
    char text[16];
    for (int i = 0; i < 61000; i++) {
        snprintf (text, sizeof text, "codec %d", i);
        const codec_t codec = {.name = text};
        roster_speaks (self->roster, roster_find (self->roster, 2), &codec);
    }
    roster_speaks (self->roster, roster_find (self->roster, 2), codec_find ("gdw1376"));
    terminal.line = s_word (self, ARCHIVE_LINE, "new");
    s_put (self, &terminal, NULL, 0);
    CHECK_OK (roster_refresh (self->roster, 1));
    s_expect (self, 0, DIMENSION_line, "new");
    const roster_terminal_t *two = roster_find (self->roster, 2);
    assert_string_equal (roster_word_text (self->roster, roster_word (two, 0, DIMENSION_line)),
                         "stays");
    assert_int_equal (roster_word_find (self->roster, "codec 5"), UINT16_MAX);
}

//  The terminal's state goes before its points'. Only what changes is restated.
static void test_states (void **state)
{
    fixture_t *self = *state;
    terminal_t terminal = {.number = 1, .address = "T1", .present = true};
    measuring_point_t points[] = {{.terminal = 1, .mp = 1},
                                  {.terminal = 1, .mp = 2, .state = ARCHIVE_SUSPENDED}};
    s_put (self, &terminal, points, 2);
    CHECK_OK (roster_new (self->place->store, &self->roster));
    const roster_terminal_t *known = roster_find (self->roster, 1);
    roster_settled (self->roster);
    assert_int_equal (roster_apart (known, 1), GAP_valid);
    assert_int_equal (roster_apart (known, 2), GAP_suspended);
    assert_int_equal (roster_apart (known, 0), GAP_valid);
    for (int round = 0; round < 4; round++) {
        terminal.area = 5;
        terminal.state = round == 1 ? ARCHIVE_MAINTENANCE : ARCHIVE_IN_SERVICE;
        points[0].state = round == 2 ? ARCHIVE_SUSPENDED : ARCHIVE_IN_SERVICE;
        terminal.sleeps = round == 3;
        s_put (self, &terminal, points, 2);
        CHECK_OK (roster_refresh (self->roster, 1));
        assert_int_equal (roster_restated (self->roster), round > 0);
        assert_int_equal (known->restated, round > 0);
        assert_int_equal (roster_apart (known, 1), round == 1   ? GAP_maintenance
                                                   : round == 2 ? GAP_suspended
                                                                : GAP_valid);
        assert_int_equal (roster_apart (known, 2), round == 1 ? GAP_maintenance : GAP_suspended);
        roster_settled (self->roster);
        assert_false (roster_restated (self->roster) || known->restated);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_words),
        TEST (test_words_come_and_go),
        TEST (test_states),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
