//  The model: exact texts of values, words, and the batch's limits.
#include "fep/message.h"
#include "tests/test.h"

static void test_sizes (void **state)
{
    (void) state;
    assert_int_equal (sizeof (value_t), 16);
    assert_int_equal (sizeof (item_t), 24);
}

static void test_decimal_texts (void **state)
{
    (void) state;
    static const struct {
        int64_t mantissa;      //  Given
        int8_t exponent;       //  Given
        const char *expected;  //  Every digit
    } rows[] = {{0, 0, "0"},
                {0, -4, "0.0000"},
                {0, 3, "0"},
                {100, -4, "0.0100"},
                {123400, -4, "12.3400"},
                {-123400, -4, "-12.3400"},
                {-5, -1, "-0.5"},
                {5, -1, "0.5"},
                {1234, -4, "0.1234"},
                {1234, -5, "0.01234"},
                {12, 3, "12000"},
                {-12, 1, "-120"},
                {INT64_MAX, 0, "9223372036854775807"},
                {INT64_MIN, 0, "-9223372036854775808"},
                {INT64_MIN, -19, "-0.9223372036854775808"},
                {INT64_MIN, -2, "-92233720368547758.08"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        value_t value = value_decimal (rows[i].mantissa, rows[i].exponent, 0);
        char text[160];
        value_text (&value, text, sizeof text);
        assert_string_equal (text, rows[i].expected);
    }
}

static void test_texts_of_extreme_exponents (void **state)
{
    (void) state;
    char text[160];
    value_t value = value_decimal (INT64_MIN, 127, 0);
    value_text (&value, text, sizeof text);
    assert_int_equal (strlen (text), 20 + 127);
    assert_int_equal (strspn (text + 20, "0"), 127);
    value = value_decimal (-7, -128, 0);
    value_text (&value, text, sizeof text);
    assert_int_equal (strlen (text), 3 + 128);
    assert_int_equal (strspn (text + 3, "0"), 127);
    assert_int_equal (text[130], '7');
    value_text (&value, text, 4);
    assert_string_equal (text, "-0.");
    value_text (&value, text, 0);
    assert_string_equal (text, "-0.");
}

static void test_texts_of_other_kinds (void **state)
{
    (void) state;
    char text[160];
    value_t value = value_none (ABSENT_DEVICE, QUALITY_LATE);
    assert_int_equal (value.quality, QUALITY_LATE | QUALITY_INVALID);
    value_text (&value, text, sizeof text);
    assert_string_equal (text, "");
    value = value_bits (UINT64_MAX, 0);
    value_text (&value, text, sizeof text);
    assert_string_equal (text, "0xFFFFFFFFFFFFFFFF");
    value = (value_t){.real = -2.5, .kind = VALUE_FLOAT};
    value_text (&value, text, sizeof text);
    assert_string_equal (text, "-2.5");
    value = (value_t){.text = "abcdef", .exponent = 3, .kind = VALUE_TEXT};
    value_text (&value, text, sizeof text);
    assert_string_equal (text, "abc");
}

static void test_equality (void **state)
{
    (void) state;
    value_t a = value_decimal (10, -1, 0);
    value_t b = value_decimal (10, -1, QUALITY_LATE);
    assert_true (value_equal (&a, &b));
    b = value_decimal (100, -2, 0);
    assert_false (value_equal (&a, &b));
    b = value_bits (10, 0);
    b.exponent = -1;
    assert_false (value_equal (&a, &b));
    a = (value_t){.text = "abc", .exponent = 2, .kind = VALUE_TEXT};
    b = (value_t){.text = "abd", .exponent = 2, .kind = VALUE_TEXT};
    assert_true (value_equal (&a, &b));
    a.exponent = b.exponent = 3;
    assert_false (value_equal (&a, &b));
    a = value_none (ABSENT_DEVICE, 0);
    b = value_none (ABSENT_UNREADABLE, 0);
    assert_false (value_equal (&a, &b));
}

static void test_words (void **state)
{
    (void) state;
    char text[256];
    assert_string_equal (message_kind_name (MESSAGE_READING), "reading");
    assert_string_equal (message_kind_name (MESSAGE_HEARTBEAT), "heartbeat");
    assert_string_equal (message_kind_name (MESSAGE_HELD), "held");
    assert_string_equal (message_kind_name (0), "?");
    assert_string_equal (message_kind_name (MESSAGE_KIND_COUNT), "?");
    assert_string_equal (freeze_name (FREEZE_COMMAND), "command");
    assert_string_equal (freeze_name (FREEZE_COUNT), "?");
    assert_string_equal (absent_name (ABSENT_DEVICE), "device");
    assert_string_equal (absent_name ((absent_t) 77), "unknown");
    quality_text (0, text, sizeof text);
    assert_string_equal (text, "ok");
    quality_text (QUALITY_SECONDARY | QUALITY_CHANGED, text, sizeof text);
    assert_string_equal (text, "changed+secondary");
    quality_text (UINT16_MAX, text, sizeof text);
    assert_non_null (strstr (text, "clock_doubtful"));
    char small[8];
    quality_text (UINT16_MAX, small, sizeof small);
    assert_true (strlen (small) < sizeof small);
}

static void test_item_time (void **state)
{
    (void) state;
    message_t message = {.time_ms = 1000, .step_ms = 900};
    assert_true (message_item_time (&message, 0) == 1000);
    assert_true (message_item_time (&message, 3) == 3700);
    message.step_ms = -900;
    assert_true (message_item_time (&message, 2) == -800);
    message.time_ms = INT64_MAX;
    message.step_ms = 1;
    assert_true (message_item_time (&message, 1) == INT64_MIN);
}

static void test_batch_keeps_what_it_is_given (void **state)
{
    (void) state;
    batch_t *batch = batch_new ();
    message_t *first = batch_message (batch, MESSAGE_EVENT);
    char word[] = "word";
    first->address = batch_keep (batch, bytes_text (word));
    batch_text (batch, 7, word);
    batch_item (batch, 8, value_decimal (1, 0, 0));
    message_t *second = batch_message (batch, MESSAGE_READING);
    batch_item (batch, 9, value_decimal (2, 0, 0));
    memset (word, 'x', 4);
    assert_true (bytes_equal (first->address, bytes_text ("word")));
    assert_memory_equal (batch->items[0].value.text, "word", 4);
    assert_int_equal (batch->items[0].value.exponent, 4);
    assert_int_equal (first->first, 0);
    assert_int_equal (first->count, 2);
    assert_int_equal (second->first, 2);
    assert_int_equal (second->count, 1);
    assert_int_equal (second->kind, MESSAGE_READING);
    assert_false (batch->failed);
    batch_destroy (&batch);
    assert_null (batch);
    batch_destroy (&batch);
}

static void test_long_texts_are_cut (void **state)
{
    (void) state;
    batch_t *batch = batch_new ();
    char text[VALUE_TEXT_MAX + 10];
    memset (text, 'a', sizeof text - 1);
    text[sizeof text - 1] = 0;
    batch_message (batch, MESSAGE_EVENT);
    batch_text (batch, 1, text);
    assert_int_equal (batch->items[0].value.exponent, VALUE_TEXT_MAX);
    assert_false (batch->failed);
    batch_destroy (&batch);
}

static void test_rollback (void **state)
{
    (void) state;
    batch_t *batch = batch_new ();
    batch_message (batch, MESSAGE_READING);
    batch_item (batch, 1, value_decimal (1, 0, 0));
    batch_mark_t mark = batch_mark (batch);
    batch_message (batch, MESSAGE_READING);
    batch_text (batch, 2, "gone");
    batch_keep (batch, bytes_of (batch->bytes, BATCH_BYTES_MAX));
    assert_true (batch->failed);
    batch_rollback (batch, mark);
    assert_false (batch->failed);
    assert_int_equal (batch->message_count, 1);
    assert_int_equal (batch->item_count, 1);
    assert_int_equal (batch->byte_count, 0);
    batch_clear (batch);
    assert_int_equal (batch->message_count, 0);
    assert_int_equal (batch->item_count, 0);
    batch_destroy (&batch);
}

static void test_limit_of_messages (void **state)
{
    (void) state;
    batch_t *batch = batch_new ();
    for (int i = 0; i < BATCH_MESSAGES_MAX; i++) {
        batch_message (batch, MESSAGE_LINK);
    }
    assert_false (batch->failed);
    batch_mark_t mark = batch_mark (batch);
    message_t *scratch = batch_message (batch, MESSAGE_LINK);
    assert_true (batch->failed);
    scratch->count = 0;
    batch_item (batch, 1, value_decimal (1, 0, 0));
    assert_int_equal (batch->message_count, BATCH_MESSAGES_MAX);
    assert_int_equal (batch->item_count, 0);
    batch_rollback (batch, mark);
    assert_false (batch->failed);
    batch_destroy (&batch);
}

static void test_limit_of_items_and_bytes (void **state)
{
    (void) state;
    batch_t *batch = batch_new ();
    batch_message (batch, MESSAGE_READING);
    for (int i = 0; i < BATCH_ITEMS_MAX; i++) {
        batch_item (batch, 1, value_decimal (i, 0, 0));
    }
    assert_false (batch->failed);
    batch_item (batch, 1, value_decimal (0, 0, 0));
    assert_true (batch->failed);
    assert_int_equal (batch->item_count, BATCH_ITEMS_MAX);
    assert_int_equal (batch->messages[0].count, BATCH_ITEMS_MAX);
    batch_clear (batch);
    static const uint8_t zeros[BATCH_BYTES_MAX + 1];
    bytes_t kept = batch_keep (batch, bytes_of (zeros, BATCH_BYTES_MAX));
    assert_int_equal (kept.size, BATCH_BYTES_MAX);
    assert_false (batch->failed);
    kept = batch_keep (batch, bytes_of (zeros, 1));
    assert_int_equal (kept.size, 0);
    assert_true (batch->failed);
    batch_destroy (&batch);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_sizes),
        cmocka_unit_test (test_decimal_texts),
        cmocka_unit_test (test_texts_of_extreme_exponents),
        cmocka_unit_test (test_texts_of_other_kinds),
        cmocka_unit_test (test_equality),
        cmocka_unit_test (test_words),
        cmocka_unit_test (test_item_time),
        cmocka_unit_test (test_batch_keeps_what_it_is_given),
        cmocka_unit_test (test_long_texts_are_cut),
        cmocka_unit_test (test_rollback),
        cmocka_unit_test (test_limit_of_messages),
        cmocka_unit_test (test_limit_of_items_and_bytes),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
