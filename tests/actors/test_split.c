//  Halves of a reading of which something is suspect.
#include "tests/test.h"
#include "actors/split.h"
#include "fep/pack.h"
#include "fep/point.h"
#include <string.h>

#define P(n) POINT (1, 0, 1, 8, (n))

typedef struct {
    uint8_t bytes[4096];  //  A packed message
    size_t size;          //  Of it
    item_t items[8];      //  Its items
    message_t message;    //  Its head
} whole_t;

//  One item for each letter: g good, s suspect.
static void s_make (whole_t *self, message_kind_t kind, int32_t step_ms, const char *letters)
{
    writer_t out = writer_of (self->bytes, sizeof self->bytes);
    self->message = (message_t){.kind = (uint8_t) kind,
                                .terminal = 7,
                                .mp = 3,
                                .area = 5,
                                .task = 9,
                                .received_ms = 2000,
                                .time_ms = 1000,
                                .step_ms = step_ms,
                                .freeze = FREEZE_CURVE,
                                .address = bytes_text ("T7"),
                                .raw = bytes_text ("frame"),
                                .count = (uint32_t) strlen (letters)};
    for (uint32_t i = 0; i < self->message.count; i++) {
        uint16_t quality = letters[i] == 's' ? QUALITY_SUSPECT | QUALITY_SECONDARY : 0;
        self->items[i] = (item_t){value_decimal (100 + i, -2, quality), P (i)};
    }
    CHECK_OK (pack_message (&self->message, self->items, &out));
    self->size = out.size;
}

//  The next part is of that kind and instant, has those items of the whole, and the frame's bytes or none.
static void s_expect (split_t *split, const whole_t *whole, message_kind_t kind, int64_t time_ms,
                      const char *places, bool raw)
{
    split_part_t part;
    message_t message;
    item_t item;
    CHECK_OK (split_next (split, &part));
    cursor_t cursor = cursor_single (part.bytes);
    CHECK_OK (cursor_message (&cursor, &message));
    assert_int_equal (part.message.kind, kind);
    assert_int_equal (message.kind, kind);
    assert_true (message.time_ms == time_ms);
    assert_int_equal (message.count, strlen (places));
    assert_true (bytes_equal (message.raw, bytes_text (raw ? "frame" : "")));
    assert_true (bytes_equal (message.address, whole->message.address));
    assert_int_equal (message.terminal, 7);
    assert_int_equal (message.mp, 3);
    assert_int_equal (message.area, 5);
    assert_int_equal (message.task, 9);
    assert_int_equal (message.step_ms, whole->message.step_ms);
    assert_int_equal (message.freeze, FREEZE_CURVE);
    assert_true (message.received_ms == 2000);
    for (size_t i = 0; places[i]; i++) {
        const item_t *wanted = &whole->items[places[i] - '0'];
        CHECK_OK (cursor_item (&cursor, &item));
        assert_int_equal (item.point, wanted->point);
        assert_true (value_equal (&item.value, &wanted->value));
        assert_int_equal (item.value.quality, wanted->value.quality);
    }
    CHECK_ERR (cursor_item (&cursor, &item), FEP_NOT_FOUND);
}

static void s_expect_end (split_t *split)
{
    split_part_t part;
    CHECK_ERR (split_next (split, &part), FEP_NOT_FOUND);
    CHECK_ERR (split_next (split, &part), FEP_NOT_FOUND);
}

static whole_t s_whole;

static void s_begin (split_t *split, message_kind_t kind, int32_t step_ms, const char *letters)
{
    s_make (&s_whole, kind, step_ms, letters);
    CHECK_OK (split_begin (split, bytes_of (s_whole.bytes, s_whole.size)));
}

static void test_halves (void **state)
{
    (void) state;
    split_t *split = split_new ();
    s_begin (split, MESSAGE_HELD, 0, "gsgs");
    s_expect (split, &s_whole, MESSAGE_READING, 1000, "02", true);
    s_expect (split, &s_whole, MESSAGE_HELD, 1000, "13", false);
    s_expect_end (split);
    s_begin (split, MESSAGE_HELD, 0, "ss");
    s_expect (split, &s_whole, MESSAGE_HELD, 1000, "01", true);
    s_expect_end (split);
    split_destroy (&split);
    split_destroy (&split);
}

//  A curve's items keep their instants: every run of equals begins at its own.
static void test_curve (void **state)
{
    (void) state;
    split_t *split = split_new ();
    s_begin (split, MESSAGE_HELD, 100, "sggsgs");
    s_expect (split, &s_whole, MESSAGE_READING, 1100, "12", true);
    s_expect (split, &s_whole, MESSAGE_READING, 1400, "4", false);
    s_expect (split, &s_whole, MESSAGE_HELD, 1000, "0", false);
    s_expect (split, &s_whole, MESSAGE_HELD, 1300, "3", false);
    s_expect (split, &s_whole, MESSAGE_HELD, 1500, "5", false);
    s_expect_end (split);
    split_destroy (&split);
}

//  What needs no split is given as it is, bytes and all.
static void test_whole (void **state)
{
    (void) state;
    static const struct {
        message_kind_t kind;  //  Of the message
        const char *letters;  //  Its items
    } cases[] = {{MESSAGE_READING, "ggg"},
                 {MESSAGE_HELD, "gg"},
                 {MESSAGE_EVENT, "gs"},
                 {MESSAGE_READING, ""}};
    split_t *split = split_new ();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        split_part_t part;
        s_begin (split, cases[i].kind, 0, cases[i].letters);
        CHECK_OK (split_next (split, &part));
        assert_ptr_equal (part.bytes.data, s_whole.bytes);
        assert_int_equal (part.bytes.size, s_whole.size);
        assert_int_equal (part.message.kind, cases[i].kind);
        s_expect_end (split);
    }
    uint8_t garbage[] = {0x9c, 8, 1};
    CHECK_ERR (split_begin (split, bytes_of (garbage, sizeof garbage)), FEP_CORRUPT);
    split_destroy (&split);
}

//  In place: only the kind changes.
static void test_kind_is_patched (void **state)
{
    (void) state;
    message_t message;
    bytes_t span;
    s_make (&s_whole, MESSAGE_READING, 0, "gs");
    cursor_t cursor = cursor_single (bytes_of (s_whole.bytes, s_whole.size));
    CHECK_OK (cursor_message (&cursor, &message));
    cursor_patch_kind (&cursor, s_whole.bytes, MESSAGE_HELD);
    CHECK_OK (cursor_span (&cursor, &span));
    assert_int_equal (span.size, s_whole.size);
    split_t *split = split_new ();
    CHECK_OK (split_begin (split, span));
    s_expect (split, &s_whole, MESSAGE_READING, 1000, "0", true);
    s_expect (split, &s_whole, MESSAGE_HELD, 1000, "1", false);
    split_destroy (&split);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_halves),
        cmocka_unit_test (test_curve),
        cmocka_unit_test (test_whole),
        cmocka_unit_test (test_kind_is_patched),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
