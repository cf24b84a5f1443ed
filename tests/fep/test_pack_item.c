//  Single items of the wire form: shortest numbers, every cut, appended fields, refusals.
#include "fep/pack.h"
#include "fep/wire.h"
#include "tests/test.h"
#include <stdlib.h>

static void s_same_item (const item_t *a, const item_t *b)
{
    assert_int_equal (a->point, b->point);
    assert_int_equal (a->value.kind, b->value.kind);
    assert_int_equal (a->value.quality, b->value.quality);
    assert_true (value_equal (&a->value, &b->value));
}

//  One item by hand behind a batch header and a message of zeros; its bytes end where the block
//  ends.
static fep_err_t s_try_item (const uint8_t *bytes, size_t size, item_t *item)
{
    static const uint8_t message[] = {0x9c, 1, 0, 0xa0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0x91};
    uint8_t *block = malloc (sizeof message + size);
    assert_non_null (block);
    memcpy (block, message, sizeof message);
    memcpy (block + sizeof message, bytes, size);
    cursor_t cursor = cursor_single (bytes_of (block, sizeof message + size));
    message_t read;
    fep_err_t error = cursor_message (&cursor, &read);
    cursor_t skipper = cursor;
    bytes_t span;
    if (error == FEP_OK) {
        error = cursor_item (&cursor, item);
    }
    //  What can be read can be skipped, and both end at the same place.
    if (error == FEP_OK) {
        CHECK_OK (cursor_span (&skipper, &span));
        assert_int_equal (skipper.in.pos, cursor.in.pos);
    }
    free (block);
    return error;
}

//  The shortest form of each number, and no byte read beyond the end for any cut.
static void test_items_are_shortest (void **state)
{
    (void) state;
    static const int64_t numbers[] = {0,
                                      127,
                                      128,
                                      255,
                                      256,
                                      65535,
                                      65536,
                                      4294967295,
                                      4294967296,
                                      INT64_MAX,
                                      -1,
                                      -32,
                                      -33,
                                      -128,
                                      -129,
                                      -32768,
                                      -32769,
                                      INT32_MIN,
                                      (int64_t) INT32_MIN - 1,
                                      INT64_MIN};
    batch_t *batch = batch_new ();
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        batch_clear (batch);
        batch_message (batch, MESSAGE_READING);
        batch_item (batch, 5, value_decimal (numbers[i], -4, 6));
        uint8_t packed[256];
        writer_t out = writer_of (packed, sizeof packed);
        CHECK_OK (pack_batch (batch, &(batch_head_t){.number = 1}, &out));
        uint8_t memory[32];
        writer_t expected = writer_of (memory, sizeof memory);
        writer_put (&expected, "\x94\xce\0\0\0\5", 6);
        wire_put_int (&expected, numbers[i]);
        writer_put (&expected, "\xfc\xcd\0\6", 4);
        bytes_t end = bytes_of (out.data + out.size - expected.size, expected.size);
        assert_true (bytes_equal (end, writer_bytes (&expected)));
        item_t item;
        CHECK_OK (s_try_item (memory, expected.size, &item));
        s_same_item (&item, &batch->items[0]);
        for (size_t cut = 0; cut < expected.size; cut++) {
            CHECK_ERR (s_try_item (memory, cut, &item), FEP_CORRUPT);
        }
    }
    batch_destroy (&batch);
}

//  What an item must not be, in the usual shape and in others.
static void test_items_refused (void **state)
{
    (void) state;
    static const struct {
        uint8_t bytes[24];  //  The item
        size_t size;        //  Of it
    } rows[] = {
        //  A decimal above INT64_MAX; the same in five fields
        {{0x94, 0xce, 0, 0, 0, 1, 0xcf, 0x80, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0xcd, 0, 0}, 19},
        {{0x95, 0xce, 0, 0, 0, 1, 0xcf, 0x80, 0, 0, 0, 0, 0, 0, 0, 0xfe, 0xcd, 0, 0, 0}, 20},
        {{0x94, 0xce, 0, 0, 0, 1, 0xff, 0xc0, 0xcd, 0, 0}, 11},  //  Negative bits
        {{0x94, 1, 1, 0xcc, 0x80, 0}, 6},                        //  Exponent 128
        {{0x94, 1, 1, 0xd1, 0xff, 0x7f, 0}, 7},                  //  Exponent -129
        {{0x94, 1, 0xc0, 0xff, 0}, 5},                           //  No value for reason -1
        {{0x94, 1, 0xa0, 0xc0, 0}, 5},                           //  Text without number
        {{0x94, 1, 1, 0, 0xff}, 5},                              //  Negative quality
        {{0x94, 1, 1, 0, 0xce, 0, 1, 0, 0}, 9},                  //  Quality of 17 bits
        {{0x94, 0xcf, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0}, 13},     //  Point of 33 bits
        {{0x94, 0xff, 1, 0, 0}, 5},                              //  Negative point
        {{0x94, 1, 0xc3, 0, 0}, 5},                              //  A value that is true
        {{0x95, 1, 1, 0, 0, 0xc1}, 6}};                          //  Appended, but no msgpack
    item_t item;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (s_try_item (rows[i].bytes, rows[i].size, &item) != FEP_CORRUPT) {
            fail_msg ("row %zu", i);
        }
    }
}

//  An appended field may be as deep as any value, whether the item is read or skipped.
static void test_deep_appended_field (void **state)
{
    (void) state;
    for (size_t depth = 0; depth <= WIRE_DEPTH_MAX + 1; depth++) {
        uint8_t memory[32];
        writer_t out = writer_of (memory, sizeof memory);
        writer_put (&out, "\x95\1\1\0\0", 5);
        for (size_t i = 0; i < depth; i++) {
            wire_put_array (&out, 1);
        }
        wire_put_nil (&out);
        item_t item;
        CHECK_ERR (s_try_item (memory, out.size, &item),
                   depth > WIRE_DEPTH_MAX ? FEP_CORRUPT : FEP_OK);
    }
}

//  Every room from none to the bound for long texts: FULL until it fits, never a byte beyond.
static void test_texts_find_their_room (void **state)
{
    (void) state;
    batch_t *batch = batch_new ();
    char text[VALUE_TEXT_MAX + 1];
    memset (text, 't', sizeof text - 1);
    text[sizeof text - 1] = 0;
    batch_message (batch, MESSAGE_EVENT);
    batch_text (batch, 1, text);
    batch_text (batch, 2, text);
    size_t bound = pack_bound (batch);
    size_t fitting = 0;
    for (size_t size = 0; size <= bound; size++) {
        uint8_t *block = malloc (size + 1);
        assert_non_null (block);
        block[size] = 0x5a;
        writer_t out = writer_of (block, size);
        fep_err_t error = pack_batch (batch, &(batch_head_t){.number = 1}, &out);
        assert_true (error == FEP_OK || error == FEP_FULL);
        assert_true (error == FEP_OK || fitting == 0);
        fitting += error == FEP_OK;
        assert_int_equal (block[size], 0x5a);
        free (block);
    }
    assert_true (fitting > 0 && fitting < 64);
    batch_destroy (&batch);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_items_are_shortest),
        cmocka_unit_test (test_items_refused),
        cmocka_unit_test (test_deep_appended_field),
        cmocka_unit_test (test_texts_find_their_room),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
