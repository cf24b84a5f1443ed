//  Wire form of batches: vectors written by hand, round trips, an outside library's reading, and
//  refusals.
#include "fep/pack.h"
#include "fep/point.h"
#include "fep/wire.h"
#include "tests/test.h"
#include <stdio.h>
#include <stdlib.h>

#define ENERGY POINT (1, 0, 1, 8, 0)

static uint8_t s_memory[1 << 20];

static writer_t s_writer (void)
{
    return writer_of (s_memory, sizeof s_memory);
}

//  A value of every kind under one message with all fields set.
static batch_t *s_batch (void)
{
    batch_t *batch = batch_new ();
    message_t *message = batch_message (batch, MESSAGE_READING);
    message->terminal = 70000;
    message->address = batch_keep (batch, bytes_text ("310100012"));
    message->area = 5;
    message->mp = 3;
    message->task = 300;
    message->received_ms = 1700000000000;
    message->raw = batch_keep (batch, bytes_of ("\x68\x16", 2));
    message->freeze = FREEZE_CURVE;
    message->time_ms = -1;
    message->step_ms = 900000;
    batch_item (batch, ENERGY, value_decimal (123456, -2, 0));
    batch_item (batch, ENERGY + 1, value_none (ABSENT_DEVICE, QUALITY_LATE));
    batch_item (batch, ENERGY + 2,
                (value_t){.real = 1.5, .kind = VALUE_FLOAT, .quality = QUALITY_PRIMARY});
    batch_item (batch, ENERGY + 3, value_bits (0x1f, 0));
    batch_item (batch, ENERGY + 4, value_bits (UINT64_MAX, 0));
    batch_text (batch, POINT_EVENT_NAME, "ok");
    assert_false (batch->failed);
    return batch;
}

static const batch_head_t s_head = {.origin = 1, .number = 2, .boot = 3};

//  The same by hand from the msgpack specification.
static const uint8_t s_vector[] = {
    0x95, 0x01,                                                 //  batch, version
    0xcd, 0x00, 0x01,                                           //  origin, always 16 bits
    0xcf, 0,    0,    0,    0,    0,    0,    0,    2,          //  number, always 64
    0xcf, 0,    0,    0,    0,    0,    0,    0,    3,          //  boot, always 64
    0xdd, 0,    0,    0,    1,                                  //  messages, always 32
    0x9c, 0x01,                                                 //  message, kind
    0xce, 0x00, 0x01, 0x11, 0x70,                               //  terminal 70000
    0xa9, '3',  '1',  '0',  '1',  '0',  '0',  '0',  '1',  '2',  //  address
    0x05, 0x03,                                                 //  area, measuring point
    0xcd, 0x01, 0x2c,                                           //  task 300
    0xcf, 0x00, 0x00, 0x01, 0x8b, 0xcf, 0xe5, 0x68, 0x00,       //  received
    0xc4, 0x02, 0x68, 0x16,                                     //  raw
    0x01, 0xff,                                                 //  freeze, time -1
    0xce, 0x00, 0x0d, 0xbb, 0xa0,                               //  step 900000
    0x96,                                                       //  six items
    0x94, 0xce, 0x10, 0x01, 0x08, 0x00, 0xce, 0x00, 0x01, 0xe2, 0x40, 0xfe, 0xcd, 0x00, 0x00,
    0x94, 0xce, 0x10, 0x01, 0x08, 0x01, 0xc0, 0x01, 0xcd, 0x01, 0x01, 0x94, 0xce, 0x10, 0x01,
    0x08, 0x02, 0xcb, 0x3f, 0xf8, 0,    0,    0,    0,    0,    0,    0x00, 0xcd, 0x10, 0x00,
    0x94, 0xce, 0x10, 0x01, 0x08, 0x03, 0x1f, 0xc0, 0xcd, 0x00, 0x00, 0x94, 0xce, 0x10, 0x01,
    0x08, 0x04, 0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc0, 0xcd, 0x00, 0x00,
    0x94, 0xce, 0x00, 0x82, 0x02, 0x00, 0xa2, 'o',  'k',  0x00, 0xcd, 0x00, 0x00};

static void s_same_message (const message_t *a, const message_t *b)
{
    assert_int_equal (a->kind, b->kind);
    assert_int_equal (a->terminal, b->terminal);
    assert_true (bytes_equal (a->address, b->address));
    assert_int_equal (a->area, b->area);
    assert_int_equal (a->mp, b->mp);
    assert_int_equal (a->task, b->task);
    assert_true (a->received_ms == b->received_ms);
    assert_true (bytes_equal (a->raw, b->raw));
    assert_int_equal (a->freeze, b->freeze);
    assert_true (a->time_ms == b->time_ms);
    assert_int_equal (a->step_ms, b->step_ms);
    assert_int_equal (a->count, b->count);
}

static void s_same_item (const item_t *a, const item_t *b)
{
    assert_int_equal (a->point, b->point);
    assert_int_equal (a->value.kind, b->value.kind);
    assert_int_equal (a->value.quality, b->value.quality);
    assert_true (value_equal (&a->value, &b->value));
}

//  Walks one packed batch and compares it with its origin.
static void s_compare (bytes_t packed, const batch_t *batch, const batch_head_t *head)
{
    cursor_t cursor = cursor_of (packed);
    batch_head_t read;
    message_t message;
    item_t item;
    CHECK_OK (cursor_batch (&cursor, &read));
    assert_int_equal (read.origin, head->origin);
    assert_true (read.number == head->number && read.boot == head->boot);
    assert_int_equal (read.messages, batch->message_count);
    for (size_t i = 0; i < batch->message_count; i++) {
        const message_t *origin = &batch->messages[i];
        CHECK_OK (cursor_message (&cursor, &message));
        s_same_message (&message, origin);
        for (uint32_t k = 0; k < origin->count; k++) {
            CHECK_OK (cursor_item (&cursor, &item));
            s_same_item (&item, &batch->items[origin->first + k]);
        }
        CHECK_ERR (cursor_item (&cursor, &item), FEP_NOT_FOUND);
    }
    CHECK_ERR (cursor_message (&cursor, &message), FEP_NOT_FOUND);
    CHECK_ERR (cursor_batch (&cursor, &read), FEP_NOT_FOUND);
    CHECK_OK (pack_check (packed));
}

static void test_packs_the_vector (void **state)
{
    (void) state;
    batch_t *batch = s_batch ();
    writer_t out = s_writer ();
    CHECK_OK (pack_batch (batch, &s_head, &out));
    assert_int_equal (out.size, sizeof s_vector);
    assert_memory_equal (out.data, s_vector, sizeof s_vector);
    s_compare (bytes_of (s_vector, sizeof s_vector), batch, &s_head);
    batch_destroy (&batch);
}

//  What an outside msgpack library makes of our bytes.
static void test_outside_library_agrees (void **state)
{
    (void) state;
    batch_t *batch = s_batch ();
    writer_t out = s_writer ();
    CHECK_OK (pack_batch (batch, &s_head, &out));
    static char command[4096];
    int used = snprintf (command, sizeof command, "echo ");
    for (size_t i = 0; i < out.size; i++) {
        used += snprintf (command + used, sizeof command - (size_t) used, "%02x", out.data[i]);
    }
    snprintf (command + used, sizeof command - (size_t) used, " | /usr/bin/python3 %s",
              TESTS_DIR "/fep/check_pack.py");
    FILE *pipe = popen (command, "r");
    assert_non_null (pipe);
    char text[2048] = "";
    size_t size = fread (text, 1, sizeof text - 1, pipe);
    text[size] = 0;
    assert_int_equal (pclose (pipe), 0);
    assert_string_equal (
        text,
        "[1,1,2,3,[[1,70000,\"310100012\",5,3,300,1700000000000,{\"bin\":\"6816\"},1,-1,900000,"
        "[[268503040,123456,-2,0],[268503041,null,1,257],[268503042,1.5,0,4096],"
        "[268503043,31,null,0],[268503044,18446744073709551615,null,0],"
        "[8520192,\"ok\",0,0]]]]]\n");
    batch_destroy (&batch);
}

//  Both sides of every width, every exponent at its ends, every kind.
static void test_round_trip_of_extremes (void **state)
{
    (void) state;
    static const int64_t numbers[] = {
        0,         1,  127, 128, 255,  256,  65535,  65536,  UINT32_MAX, (int64_t) UINT32_MAX + 1,
        INT64_MAX, -1, -32, -33, -128, -129, -32768, -32769, INT32_MIN,  (int64_t) INT32_MIN - 1,
        INT64_MIN};
    static const int8_t exponents[] = {-128, -33, -32, -4, -1, 0, 1, 127};
    batch_t *batch = batch_new ();
    char text[VALUE_TEXT_MAX + 1];
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        message_t *message = batch_message (batch, (message_kind_t) (1 + i % 7));
        message->received_ms = numbers[i];
        message->time_ms = numbers[sizeof numbers / sizeof *numbers - 1 - i];
        message->step_ms = i % 2 ? INT32_MAX : INT32_MIN;
        message->terminal = i % 2 ? UINT32_MAX : 0;
        message->task = i % 2 ? 0 : UINT32_MAX;
        message->mp = i % 2 ? UINT16_MAX : 0;
        message->area = i % 2 ? AREA_COUNT - 1 : 0;
        message->freeze = (uint8_t) (i % FREEZE_COUNT);
        message->address = bytes_of ("12345678901234567890123", i % (ADDRESS_MAX + 1));
        message->raw = bytes_of (s_vector, i * 5);
        for (size_t k = 0; k < sizeof exponents; k++) {
            batch_item (batch, UINT32_MAX - (uint32_t) k,
                        value_decimal (numbers[i], exponents[k], (uint16_t) (i * 3121)));
            batch_item (batch, (uint32_t) k, value_bits ((uint64_t) numbers[i], UINT16_MAX));
        }
        batch_item (batch, 1, value_none ((absent_t) (i % ABSENT_COUNT), 0));
        batch_item (batch, 1, (value_t){.real = (double) numbers[i], .kind = VALUE_FLOAT});
        size_t length = i * 6 < VALUE_TEXT_MAX ? i * 6 : VALUE_TEXT_MAX;
        memset (text, 'a', length);
        text[length] = 0;
        batch_text (batch, 2, text);
    }
    assert_false (batch->failed);
    batch_head_t head = {.origin = UINT16_MAX, .number = UINT64_MAX, .boot = UINT64_MAX - 1};
    writer_t out = s_writer ();
    CHECK_OK (pack_batch (batch, &head, &out));
    assert_true (out.size <= pack_bound (batch));
    s_compare (writer_bytes (&out), batch, &head);
    batch_destroy (&batch);
}

static uint64_t s_next (uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 16;
}

static void s_fill (batch_t *batch, uint64_t *seed)
{
    static const char words[] = "the quick brown fox jumps over the lazy dog";
    batch_clear (batch);
    for (uint64_t n = s_next (seed) % 20; n > 0; n--) {
        message_t *message = batch_message (batch, MESSAGE_EVENT);
        message->terminal = (uint32_t) s_next (seed);
        message->received_ms = (int64_t) s_next (seed);
        message->address = bytes_of (words, s_next (seed) % (ADDRESS_MAX + 1));
        message->raw = bytes_of (s_vector, s_next (seed) % sizeof s_vector);
        for (uint64_t k = s_next (seed) % 40; k > 0; k--) {
            unsigned shift = (unsigned) (s_next (seed) % 48);
            value_t value = value_decimal ((int64_t) (s_next (seed) >> shift), -2, 0);
            if (s_next (seed) % 4 == 0) {
                value = (value_t){
                    .text = words, .exponent = (int8_t) (s_next (seed) % 43), .kind = VALUE_TEXT};
            }
            batch_item (batch, (uint32_t) s_next (seed), value);
        }
    }
}

//  Room of exactly the bound always suffices; less than the real size never does. The block is
//  allocated, so a write beyond it would be seen by the sanitizer.
static void test_bound (void **state)
{
    (void) state;
    uint64_t seed = 7;
    batch_t *batch = batch_new ();
    for (int round = 0; round < 300; round++) {
        s_fill (batch, &seed);
        size_t bound = pack_bound (batch);
        uint8_t *block = malloc (bound);
        assert_non_null (block);
        writer_t out = writer_of (block, bound);
        CHECK_OK (pack_batch (batch, &s_head, &out));
        size_t size = out.size;
        s_compare (writer_bytes (&out), batch, &s_head);
        free (block);
        size_t less = (size_t) s_next (&seed) % size;
        block = malloc (less + 1);
        assert_non_null (block);
        out = writer_of (block, less);
        CHECK_ERR (pack_batch (batch, &s_head, &out), FEP_FULL);
        assert_true (out.failed);
        assert_int_equal (out.size, 0);
        free (block);
    }
    batch_destroy (&batch);
}

//  Nothing but the longest items, then nothing but the longest messages: the bound holds without
//  slack from other parts.
static void test_bound_of_the_longest (void **state)
{
    (void) state;
    batch_t *batch = batch_new ();
    for (int round = 0; round < 2; round++) {
        batch_clear (batch);
        for (int i = 0; i < (round ? 1000 : 1); i++) {
            message_t *message = batch_message (batch, MESSAGE_READING);
            message->kind = UINT8_MAX;
            message->freeze = UINT8_MAX;
            message->terminal = message->task = UINT32_MAX;
            message->mp = UINT16_MAX;
            message->received_ms = message->time_ms = INT64_MIN;
            message->step_ms = INT32_MIN;
        }
        for (int i = 0; i < (round ? 0 : 1000); i++) {
            batch_item (batch, 1, value_decimal (INT64_MIN, INT8_MIN, 0));
        }
        size_t bound = pack_bound (batch);
        uint8_t *block = malloc (bound);
        assert_non_null (block);
        writer_t out = writer_of (block, bound);
        CHECK_OK (pack_batch (batch, &s_head, &out));
        s_compare (writer_bytes (&out), batch, &s_head);
        free (block);
    }
    batch_destroy (&batch);
}

static void test_full_batch (void **state)
{
    (void) state;
    batch_t *batch = batch_new ();
    for (int i = 0; i < BATCH_MESSAGES_MAX; i++) {
        batch_message (batch, MESSAGE_HEARTBEAT);
    }
    for (int i = 0; i < BATCH_ITEMS_MAX; i++) {
        batch_item (batch, ENERGY, value_decimal (i, -2, 0));
    }
    assert_false (batch->failed);
    writer_t out = s_writer ();
    CHECK_OK (pack_batch (batch, &s_head, &out));
    s_compare (writer_bytes (&out), batch, &s_head);
    batch_destroy (&batch);
}

static void test_refuses_to_pack_beyond_limits (void **state)
{
    (void) state;
    batch_t *batch = s_batch ();
    batch->messages[0].address = bytes_text ("123456789012345678901234");
    writer_t out = s_writer ();
    CHECK_ERR (pack_batch (batch, &s_head, &out), FEP_LIMIT);
    assert_int_equal (out.size, 0);
    batch->messages[0].address = bytes_text ("1");
    batch->messages[0].area = AREA_COUNT;
    out = s_writer ();
    CHECK_ERR (pack_batch (batch, &s_head, &out), FEP_LIMIT);
    batch->messages[0].area = 0;
    out = s_writer ();
    CHECK_OK (pack_batch (batch, &s_head, &out));
    batch_destroy (&batch);
}

//  A batch of one message written by the general primitives: the widest forms, fields appended
//  everywhere.
static void s_put_wide (writer_t *out, int64_t value, bool negative)
{
    writer_u8 (out, negative ? 0xd3 : 0xcf);
    writer_u64be (out, (uint64_t) value);
}

static bytes_t s_foreign (uint8_t *memory, size_t size)
{
    writer_t out = writer_of (memory, size);
    writer_u8 (&out, 0xdd);
    writer_u32be (&out, 7);  //  Batch with two more fields
    s_put_wide (&out, 1, false);
    s_put_wide (&out, 9, false);
    s_put_wide (&out, 10, true);
    wire_put_uint (&out, 11);
    wire_put_array (&out, 1);
    writer_u8 (&out, 0xdc);
    writer_u16be (&out, 14);  //  Message with two more
    static const int64_t before[] = {4, 70000};
    s_put_wide (&out, before[0], true);
    s_put_wide (&out, before[1], false);
    writer_u8 (&out, 0xdb);
    writer_u32be (&out, 2);
    writer_put (&out, "77", 2);
    for (int i = 0; i < 4; i++) {
        s_put_wide (&out, 1 + i, false);  //  Area, measuring point, task, received
    }
    wire_put_text (&out, "raw");
    for (int i = 0; i < 3; i++) {
        s_put_wide (&out, 2 + i, true);  //  Freeze, time, step
    }
    writer_u8 (&out, 0xdd);
    writer_u32be (&out, 2);
    wire_put_array (&out, 6);  //  Item with two more, the quality in another width
    s_put_wide (&out, ENERGY, false);
    s_put_wide (&out, -5, true);
    s_put_wide (&out, -3, true);
    s_put_wide (&out, 4, false);
    wire_put_nil (&out);
    wire_put_text (&out, "appended");
    wire_put_array (&out, 5);
    wire_put_uint (&out, 6);
    s_put_wide (&out, 7, false);
    wire_put_int (&out, 0);
    writer_u8 (&out, 0xcd);
    writer_u16be (&out, 8);
    wire_put_map (&out, 0);
    wire_put_text (&out, "more");
    wire_put_array (&out, 0);
    wire_put_nil (&out);
    wire_put_text (&out, "batch");
    assert_false (out.failed);
    return writer_bytes (&out);
}

static void s_check_foreign (cursor_t *cursor)
{
    batch_head_t head;
    message_t message;
    item_t item;
    CHECK_OK (cursor_batch (cursor, &head));
    assert_int_equal (head.origin, 9);
    assert_true (head.number == 10 && head.boot == 11 && head.messages == 1);
    CHECK_OK (cursor_message (cursor, &message));
    assert_int_equal (message.kind, 4);
    assert_int_equal (message.terminal, 70000);
    assert_true (bytes_equal (message.address, bytes_text ("77")));
    assert_true (bytes_equal (message.raw, bytes_text ("raw")));
    assert_int_equal (message.area, 1);
    assert_int_equal (message.mp, 2);
    assert_int_equal (message.task, 3);
    assert_true (message.received_ms == 4 && message.time_ms == 3);
    assert_int_equal (message.freeze, 2);
    assert_int_equal (message.step_ms, 4);
    CHECK_OK (cursor_item (cursor, &item));
    s_same_item (&item, &(item_t){value_decimal (-5, -3, 4), ENERGY});
    CHECK_OK (cursor_item (cursor, &item));
    s_same_item (&item, &(item_t){value_decimal (7, 0, 8), 6});
    CHECK_ERR (cursor_item (cursor, &item), FEP_NOT_FOUND);
    CHECK_ERR (cursor_message (cursor, &message), FEP_NOT_FOUND);
}

static void test_reads_other_widths_and_appended_fields (void **state)
{
    (void) state;
    uint8_t memory[512];
    bytes_t foreign = s_foreign (memory, sizeof memory / 2);
    CHECK_OK (pack_check (foreign));
    memmove (memory + foreign.size, memory, foreign.size);
    cursor_t cursor = cursor_of (bytes_of (memory, 2 * foreign.size));
    s_check_foreign (&cursor);
    s_check_foreign (&cursor);
    batch_head_t head;
    CHECK_ERR (cursor_batch (&cursor, &head), FEP_NOT_FOUND);
    cursor = cursor_of (foreign);
    message_t message;
    bytes_t span;
    CHECK_OK (cursor_batch (&cursor, &head));
    CHECK_OK (cursor_message (&cursor, &message));
    CHECK_OK (cursor_span (&cursor, &span));
    assert_ptr_equal (span.data + span.size, foreign.data + foreign.size - 7);
    CHECK_ERR (cursor_batch (&cursor, &head), FEP_NOT_FOUND);
}

//  Several batches one behind the other; the walker may leave any of them early.
static void test_walks_a_record (void **state)
{
    (void) state;
    batch_t *batch = s_batch ();
    message_t *second = batch_message (batch, MESSAGE_EVENT);
    second->mp = 77;
    batch_item (batch, POINT_EVENT_CODE, value_decimal (9, 0, 0));
    writer_t out = s_writer ();
    for (uint64_t i = 1; i <= 3; i++) {
        batch_head_t head = {.origin = 4, .number = i, .boot = 5};
        CHECK_OK (pack_batch (batch, &head, &out));
    }
    cursor_t cursor = cursor_of (writer_bytes (&out));
    batch_head_t head;
    message_t message;
    item_t item;
    CHECK_OK (cursor_batch (&cursor, &head));
    CHECK_OK (cursor_batch (&cursor, &head));
    assert_true (head.number == 2);
    CHECK_OK (cursor_message (&cursor, &message));
    CHECK_OK (cursor_item (&cursor, &item));
    CHECK_OK (cursor_message (&cursor, &message));
    assert_int_equal (message.mp, 77);
    CHECK_OK (cursor_batch (&cursor, &head));
    assert_true (head.number == 3);
    CHECK_OK (cursor_message (&cursor, &message));
    CHECK_ERR (cursor_batch (&cursor, &head), FEP_NOT_FOUND);
    CHECK_ERR (cursor_batch (&cursor, &head), FEP_NOT_FOUND);
    CHECK_OK (pack_check (writer_bytes (&out)));
    batch_destroy (&batch);
}

//  Spans behind a new header are the batch again, and each is a message of its own.
static void test_spans (void **state)
{
    (void) state;
    uint64_t seed = 99;
    static uint8_t copied[sizeof s_memory];
    batch_t *batch = batch_new ();
    for (int round = 0; round < 50; round++) {
        s_fill (batch, &seed);
        writer_t out = s_writer ();
        CHECK_OK (pack_batch (batch, &s_head, &out));
        cursor_t cursor = cursor_of (writer_bytes (&out));
        batch_head_t head;
        message_t message;
        item_t item;
        bytes_t span;
        CHECK_OK (cursor_batch (&cursor, &head));
        writer_t copy = writer_of (copied, sizeof copied);
        pack_head (&head, &copy);
        CHECK_ERR (cursor_span (&cursor, &span), FEP_NOT_FOUND);
        for (uint32_t i = 0; cursor_message (&cursor, &message) == FEP_OK; i++) {
            for (uint64_t k = s_next (&seed) % 3; k > 0; k--) {
                assert_int_equal (cursor_item (&cursor, &item) == FEP_OK, message.count > 0);
                message.count -= message.count ? 1 : 0;
            }
            CHECK_OK (cursor_span (&cursor, &span));
            CHECK_ERR (cursor_span (&cursor, &span), FEP_NOT_FOUND);
            writer_put (&copy, span.data, span.size);
            cursor_t single = cursor_single (span);
            CHECK_OK (cursor_message (&single, &message));
            s_same_message (&message, &batch->messages[i]);
            CHECK_ERR (cursor_message (&single, &message), FEP_NOT_FOUND);
            assert_int_equal (reader_left (&single.in), 0);
        }
        assert_true (bytes_equal (writer_bytes (&copy), writer_bytes (&out)));
    }
    batch_destroy (&batch);
}

static void test_patches_quality (void **state)
{
    (void) state;
    batch_t *batch = s_batch ();
    writer_t out = s_writer ();
    CHECK_OK (pack_batch (batch, &s_head, &out));
    cursor_t cursor = cursor_of (writer_bytes (&out));
    batch_head_t head;
    message_t message;
    item_t item;
    CHECK_OK (cursor_batch (&cursor, &head));
    CHECK_OK (cursor_message (&cursor, &message));
    for (uint32_t i = 0; i < message.count; i++) {
        CHECK_OK (cursor_item (&cursor, &item));
        uint16_t quality = (uint16_t) (0xa5c0 + i);
        cursor_patch_quality (&cursor, s_memory, quality);
        batch->items[i].value.quality = quality;
    }
    s_compare (writer_bytes (&out), batch, &s_head);
    batch_destroy (&batch);
}

static void test_any_cut_is_refused (void **state)
{
    (void) state;
    CHECK_OK (pack_check (bytes_of (s_vector, 0)));
    for (size_t size = 1; size < sizeof s_vector; size++) {
        uint8_t *exact = malloc (size);
        assert_non_null (exact);
        memcpy (exact, s_vector, size);
        CHECK_ERR (pack_check (bytes_of (exact, size)), FEP_CORRUPT);
        free (exact);
    }
    uint8_t longer[sizeof s_vector + 1];
    memcpy (longer, s_vector, sizeof s_vector);
    longer[sizeof s_vector] = 0;
    CHECK_ERR (pack_check (bytes_of (longer, sizeof longer)), FEP_CORRUPT);
}

//  Whatever passes the check can be walked and copied.
static void test_any_changed_byte_is_safe (void **state)
{
    (void) state;
    uint8_t changed[sizeof s_vector];
    unsigned passed = 0;
    for (size_t at = 0; at < sizeof s_vector; at++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            memcpy (changed, s_vector, sizeof changed);
            changed[at] = (uint8_t) byte;
            bytes_t packed = bytes_of (changed, sizeof changed);
            if (pack_check (packed)) {
                continue;
            }
            passed++;
            cursor_t cursor = cursor_of (packed);
            batch_head_t head;
            message_t message;
            bytes_t span;
            CHECK_OK (cursor_batch (&cursor, &head));
            while (cursor_message (&cursor, &message) == FEP_OK) {
                CHECK_OK (cursor_span (&cursor, &span));
            }
            CHECK_ERR (cursor_batch (&cursor, &head), FEP_NOT_FOUND);
        }
    }
    assert_true (passed > 1000);
}

//  One byte of the vector replaced, and what must come of it.
static void test_refusals (void **state)
{
    (void) state;
    static const struct {
        size_t at;                        //  Offset in the vector
        uint8_t byte;                     //  Put there
        fep_err_t expected;               //  By pack_check
    } rows[] = {{0, 0x94, FEP_CORRUPT},   //  A field less
                {0, 0xc0, FEP_CORRUPT},   //  No array
                {1, 0x02, FEP_VERSION},   //
                {1, 0xc0, FEP_CORRUPT},   //  No number
                {2, 0xce, FEP_CORRUPT},   //  An origin of 32 bits
                {28, 0x9b, FEP_CORRUPT},  //  A field less
                {45, 63, FEP_OK},         //  The last area
                {45, 64, FEP_CORRUPT},    //  No area
                {46, 0xff, FEP_CORRUPT},  //  A negative measuring point
                {71, 0x93, FEP_CORRUPT},  //  An item of three
                {72, 0xd2, FEP_OK},       //  A point as a positive signed number
                {77, 0xc4, FEP_CORRUPT},  //  Bytes for a mantissa
                {82, 0xc0, FEP_OK},       //  Decimal into bits
                {82, 0xcc, FEP_CORRUPT},  //  Exponent takes the quality's tag
                {83, 0xd1, FEP_OK},       //  Quality as a signed number
                {84, 0xff, FEP_OK}};
    uint8_t changed[sizeof s_vector];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        memcpy (changed, s_vector, sizeof changed);
        changed[rows[i].at] = rows[i].byte;
        fep_err_t got = pack_check (bytes_of (changed, sizeof changed));
        if (got != rows[i].expected) {
            fail_msg ("row %zu: %s", i, fep_err_name (got));
        }
    }
}

static fep_err_t s_check_counts (uint32_t messages, uint32_t items, size_t address, size_t text)
{
    writer_t out = s_writer ();
    static const uint8_t zeros[BATCH_ITEMS_MAX * 11 + 64];
    batch_head_t head = {.messages = 1};
    pack_head (&head, &out);
    out.data[out.size - 2] = (uint8_t) (messages >> 8);
    out.data[out.size - 1] = (uint8_t) messages;
    wire_put_array (&out, 12);
    wire_put_uint (&out, 1);
    wire_put_uint (&out, 1);
    wire_put_str (&out, bytes_of (zeros, address));
    for (int i = 0; i < 8; i++) {
        i == 4 ? wire_put_nil (&out) : wire_put_uint (&out, 0);
    }
    wire_put_array (&out, items);
    for (uint32_t i = 0; i < items; i++) {
        wire_put_array (&out, 4);
        wire_put_uint (&out, 1);
        wire_put_str (&out, bytes_of (zeros, text));
        wire_put_uint (&out, 0);
        wire_put_uint (&out, 0);
    }
    writer_put (&out, zeros, messages > 1 ? messages : 0);
    assert_false (out.failed);
    return pack_check (writer_bytes (&out));
}

static void test_limits (void **state)
{
    (void) state;
    CHECK_OK (s_check_counts (1, 1, ADDRESS_MAX, VALUE_TEXT_MAX));
    CHECK_OK (s_check_counts (1, BATCH_ITEMS_MAX, 0, 0));
    CHECK_ERR (s_check_counts (1, BATCH_ITEMS_MAX + 1, 0, 0), FEP_LIMIT);
    CHECK_ERR (s_check_counts (1, 1, ADDRESS_MAX + 1, 0), FEP_LIMIT);
    CHECK_ERR (s_check_counts (1, 1, 0, VALUE_TEXT_MAX + 1), FEP_CORRUPT);
    CHECK_ERR (s_check_counts (BATCH_MESSAGES_MAX + 1, 0, 0, 0), FEP_LIMIT);
    CHECK_ERR (s_check_counts (BATCH_MESSAGES_MAX, 0, 0, 0), FEP_CORRUPT);
}

//  After an error every call fails.
static void test_errors_stay (void **state)
{
    (void) state;
    cursor_t cursor = cursor_of (bytes_of (s_vector, sizeof s_vector - 20));
    batch_head_t head;
    message_t message;
    item_t item;
    bytes_t span;
    CHECK_OK (cursor_batch (&cursor, &head));
    CHECK_OK (cursor_message (&cursor, &message));
    CHECK_ERR (cursor_span (&cursor, &span), FEP_CORRUPT);
    CHECK_ERR (cursor_span (&cursor, &span), FEP_CORRUPT);
    CHECK_ERR (cursor_item (&cursor, &item), FEP_CORRUPT);
    CHECK_ERR (cursor_message (&cursor, &message), FEP_CORRUPT);
    CHECK_ERR (cursor_batch (&cursor, &head), FEP_CORRUPT);
}

static void test_batch_of_too_few_fields (void **state)
{
    (void) state;
    uint8_t changed[sizeof s_vector];
    memcpy (changed, s_vector, sizeof changed);
    changed[0] = 0x94;
    cursor_t cursor = cursor_of (bytes_of (changed, sizeof changed));
    batch_head_t head;
    CHECK_ERR (cursor_batch (&cursor, &head), FEP_CORRUPT);
}

static void test_head_needs_room (void **state)
{
    (void) state;
    uint8_t memory[28];
    writer_t out = writer_of (memory, sizeof memory - 1);
    pack_head (&s_head, &out);
    assert_true (out.failed);
    out = writer_of (memory, sizeof memory);
    pack_head (&s_head, &out);
    assert_false (out.failed);
    assert_int_equal (out.size, sizeof memory);
    CHECK_OK (pack_check (writer_bytes (&out)));
}

//  Both batches' messages under the first one's header, whatever their sizes.
static void test_appends (void **state)
{
    (void) state;
    batch_t *batch = s_batch (), *more = batch_new ();
    static uint8_t packed[1024], expected[4096];
    writer_t first = writer_of (packed, sizeof packed);
    CHECK_OK (pack_batch (batch, &s_head, &first));
    for (unsigned i = 0; i < 20; i++) {
        batch_message (more, MESSAGE_ALARM)->terminal = i;
        batch_text (more, POINT_EVENT_NAME, "appended");
    }
    writer_t out = writer_of (s_memory, first.size + pack_bound (more));
    CHECK_OK (pack_append (writer_bytes (&first), more, &out));
    CHECK_OK (pack_check (writer_bytes (&out)));
    for (unsigned i = 0; i < 20; i++) {
        batch_message (batch, MESSAGE_ALARM)->terminal = i;
        batch_text (batch, POINT_EVENT_NAME, "appended");
    }
    writer_t whole = writer_of (expected, sizeof expected);
    CHECK_OK (pack_batch (batch, &s_head, &whole));
    assert_true (bytes_equal (writer_bytes (&out), writer_bytes (&whole)));
    for (size_t size = 0; size < out.size; size++) {
        writer_t tight = writer_of (expected, size);
        CHECK_ERR (pack_append (writer_bytes (&first), more, &tight), FEP_FULL);
    }
    batch_destroy (&batch);
    batch_destroy (&more);
}

static void test_refuses_to_append (void **state)
{
    (void) state;
    static uint8_t packed[1 << 20];
    batch_t *more = batch_new ();
    batch_message (more, MESSAGE_ALARM);
    batch_t *batch = batch_new ();
    for (size_t i = 0; i < BATCH_MESSAGES_MAX; i++) {
        batch_message (batch, MESSAGE_HEARTBEAT);
    }
    assert_false (batch->failed);
    writer_t full = writer_of (packed, sizeof packed);
    CHECK_OK (pack_batch (batch, &s_head, &full));
    writer_t out = s_writer ();
    CHECK_ERR (pack_append (writer_bytes (&full), more, &out), FEP_LIMIT);
    CHECK_ERR (pack_append (bytes_of (NULL, 0), more, &out), FEP_CORRUPT);
    CHECK_ERR (pack_append (bytes_of (packed, 20), more, &out), FEP_CORRUPT);
    packed[0] = 0x96;
    CHECK_ERR (pack_append (writer_bytes (&full), more, &out), FEP_VERSION);
    batch_destroy (&batch);
    batch_destroy (&more);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_packs_the_vector),
        cmocka_unit_test (test_outside_library_agrees),
        cmocka_unit_test (test_round_trip_of_extremes),
        cmocka_unit_test (test_bound),
        cmocka_unit_test (test_bound_of_the_longest),
        cmocka_unit_test (test_full_batch),
        cmocka_unit_test (test_refuses_to_pack_beyond_limits),
        cmocka_unit_test (test_reads_other_widths_and_appended_fields),
        cmocka_unit_test (test_walks_a_record),
        cmocka_unit_test (test_spans),
        cmocka_unit_test (test_patches_quality),
        cmocka_unit_test (test_any_cut_is_refused),
        cmocka_unit_test (test_any_changed_byte_is_safe),
        cmocka_unit_test (test_refusals),
        cmocka_unit_test (test_limits),
        cmocka_unit_test (test_errors_stay),
        cmocka_unit_test (test_batch_of_too_few_fields),
        cmocka_unit_test (test_head_needs_room),
        cmocka_unit_test (test_appends),
        cmocka_unit_test (test_refuses_to_append),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
