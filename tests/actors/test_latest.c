//  Latest values: which one wins, limits, and the way through bytes.
#include "tests/test.h"
#include "actors/latest.h"
#include "fep/point.h"
#include <stdlib.h>

#define P(n) POINT (1, 0, 1, 8, (n))

static latest_value_t s_value (uint32_t point, int64_t time_ms, int64_t mantissa, uint64_t sequence)
{
    return (latest_value_t){.point = point,
                            .time_ms = time_ms,
                            .value = value_decimal (mantissa, -2, 0),
                            .sequence = sequence};
}

static void s_put (latest_t *latest, latest_block_t *block, uint32_t point, int64_t time_ms,
                   int64_t mantissa, uint64_t sequence)
{
    latest_value_t value = s_value (point, time_ms, mantissa, sequence);
    assert_true (latest_put (latest, block, &value));
}

static void test_later_time_wins (void **state)
{
    (void) state;
    latest_t *latest = latest_new (1000);
    latest_block_t *block = latest_block (latest, 1, 2, true);
    s_put (latest, block, P (0), 1000, 10, 1);
    s_put (latest, block, P (0), 2000, 20, 2);
    assert_int_equal (block->values[0].value.mantissa, 20);
    block->row->dirty = false;
    s_put (latest, block, P (0), 1500, 15, 3);
    assert_int_equal (block->values[0].value.mantissa, 20);
    assert_int_equal (block->values[0].sequence, 2);
    assert_false (block->row->dirty);
    //  At the same time the later committed.
    s_put (latest, block, P (0), 2000, 21, 4);
    assert_int_equal (block->values[0].value.mantissa, 21);
    assert_int_equal (block->values[0].sequence, 4);
    assert_true (block->row->dirty);
    assert_int_equal (latest_count (latest), 1);
    latest_destroy (&latest);
    latest_destroy (&latest);
}

//  Each point and each kind of freeze has its own; order is that of first arrival, however they come later.
static void test_points_apart (void **state)
{
    (void) state;
    latest_t *latest = latest_new (1000);
    latest_block_t *block = latest_block (latest, 1, 1, true);
    for (uint32_t i = 0; i < 20; i++) {
        s_put (latest, block, P (i), 1000, i, 1);
    }
    latest_value_t day = s_value (P (3), 500, 77, 1);
    day.freeze = FREEZE_DAY;
    assert_true (latest_put (latest, block, &day));
    for (uint32_t i = 20; i-- > 0;) {
        s_put (latest, block, P (i), 2000, 100 + i, 2);
    }
    assert_int_equal (block->count, 21);
    assert_int_equal (latest_count (latest), 21);
    for (uint32_t i = 0; i < 20; i++) {
        assert_int_equal (block->values[i].point, P (i));
        assert_int_equal (block->values[i].value.mantissa, 100 + i);
    }
    assert_int_equal (block->values[20].value.mantissa, 77);
    assert_int_equal (block->values[20].freeze, FREEZE_DAY);
    latest_destroy (&latest);
}

//  More rows than the table begins with; they stay where they are.
static void test_many_blocks (void **state)
{
    (void) state;
    enum { ROWS = 2000, COUNT = 3 * ROWS };
    latest_t *latest = latest_new (2 * COUNT);
    latest_block_t **blocks = malloc (COUNT * sizeof *blocks);
    assert_non_null (blocks);
    assert_null (latest_block (latest, 1, 1, false));
    for (uint32_t i = 0; i < COUNT; i++) {
        blocks[i] = latest_block (latest, i / 3, (uint16_t) (i % 3), true);
        s_put (latest, blocks[i], P (0), 1, i, 1);
    }
    assert_int_equal (latest_rows (latest), ROWS);
    assert_null (latest_block (latest, 0, 3, false));
    assert_null (latest_block (latest, 0, LATEST_GROUP, false));
    for (uint32_t i = 0; i < COUNT; i++) {
        assert_ptr_equal (latest_block (latest, i / 3, (uint16_t) (i % 3), i % 2), blocks[i]);
        assert_ptr_equal (blocks[i]->row, latest_row_at (latest, i / 3));
        assert_int_equal (blocks[i]->values[0].value.mantissa, i);
    }
    assert_int_equal (latest_rows (latest), ROWS);
    free (blocks);
    latest_destroy (&latest);
}

//  At the limit nothing new is kept; what is known goes on being renewed.
static void test_limit (void **state)
{
    (void) state;
    latest_t *latest = latest_new (10);
    latest_block_t *block = latest_block (latest, 1, 1, true);
    latest_expect (latest, block, 1000);
    assert_int_equal (block->capacity, 10);
    for (uint32_t i = 0; i < 10; i++) {
        s_put (latest, block, P (i), 1000, i, 1);
    }
    latest_value_t more = s_value (P (10), 1000, 1, 1);
    assert_false (latest_put (latest, block, &more));
    latest_block_t *other = latest_block (latest, 2, 1, true);
    latest_expect (latest, other, 5);
    assert_null (other->values);
    assert_false (latest_put (latest, other, &more));
    s_put (latest, block, P (9), 2000, 99, 2);
    assert_int_equal (block->values[9].value.mantissa, 99);
    assert_int_equal (latest_count (latest), 10);
    assert_int_equal (block->count, 10);
    latest_destroy (&latest);
}

static const value_t s_kinds[] = {
    {.mantissa = INT64_MIN, .exponent = -128, .kind = VALUE_DECIMAL, .quality = 0x1FFF},
    {.mantissa = INT64_MAX, .exponent = 127, .kind = VALUE_DECIMAL},
    {.mantissa = 0, .exponent = -4, .kind = VALUE_DECIMAL, .quality = QUALITY_SECONDARY},
    {.mantissa = -1, .kind = VALUE_BITS},
    {.mantissa = 5, .kind = VALUE_BITS, .quality = QUALITY_LATE},
    {.real = -0.125, .kind = VALUE_FLOAT},
    {.exponent = ABSENT_DEVICE, .kind = VALUE_NONE, .quality = QUALITY_INVALID | QUALITY_CHANGED},
    {.exponent = ABSENT_UNREADABLE, .kind = VALUE_NONE}};

#define KINDS (sizeof s_kinds / sizeof *s_kinds)

static latest_block_t *s_block_of_all (latest_t *latest)
{
    latest_block_t *block = latest_block (latest, 0x01020304, 0x0506, true);
    for (uint32_t i = 0; i < KINDS; i++) {
        latest_value_t value = {.point = 0xFFFFFFF0u + i,
                                .freeze = (uint8_t) (i % FREEZE_COUNT),
                                .time_ms = i % 2 ? -1700000000000 : 4000000000000,
                                .value = s_kinds[i],
                                .sequence = UINT64_MAX - i};
        assert_true (latest_put (latest, block, &value));
    }
    return block;
}

static void s_pack (const latest_block_t *block, uint8_t key[LATEST_KEY_SIZE], writer_t *out)
{
    latest_key (block->row->terminal, block->row->mp, key);
    latest_pack (block->row, out);
    assert_false (out->failed);
    //  What a checkpoint reserves is enough.
    assert_true (out->size <= latest_bound (block->row));
}

static void test_through_bytes (void **state)
{
    (void) state;
    uint8_t key[LATEST_KEY_SIZE], memory[1024];
    latest_t *from = latest_new (1000), *to = latest_new (1000);
    latest_block_t *block = s_block_of_all (from);
    writer_t out = writer_of (memory, sizeof memory);
    s_pack (block, key, &out);
    assert_memory_equal (key, "\x01\x02\x03\x04\x05\x00", 6);
    CHECK_OK (latest_unpack (to, bytes_of (key, 6), writer_bytes (&out)));
    assert_int_equal (latest_count (to), KINDS);
    latest_block_t *read = latest_block (to, 0x01020304, 0x0506, false);
    assert_non_null (read);
    assert_false (read->row->dirty);
    for (uint32_t i = 0; i < KINDS; i++) {
        const latest_value_t *a = &block->values[i], *b = &read->values[i];
        assert_int_equal (a->point, b->point);
        assert_int_equal (a->freeze, b->freeze);
        assert_true (a->time_ms == b->time_ms && a->sequence == b->sequence);
        assert_true (value_equal (&a->value, &b->value));
        assert_int_equal (a->value.quality, b->value.quality);
    }
    latest_destroy (&from);
    latest_destroy (&to);
}

//  Cut anywhere, or with another version: refused, never read beyond.
static void test_corrupt_bytes (void **state)
{
    (void) state;
    uint8_t key[LATEST_KEY_SIZE], memory[1024];
    latest_t *from = latest_new (1000), *to = latest_new (1000);
    latest_block_t *block = s_block_of_all (from);
    writer_t out = writer_of (memory, sizeof memory);
    s_pack (block, key, &out);
    for (size_t size = 0; size < out.size; size++) {
        uint8_t *cut = malloc (size ? size : 1);
        assert_non_null (cut);
        memcpy (cut, memory, size);
        CHECK_ERR (latest_unpack (to, bytes_of (key, 6), bytes_of (cut, size)), FEP_CORRUPT);
        free (cut);
    }
    CHECK_ERR (latest_unpack (to, bytes_of (key, 5), writer_bytes (&out)), FEP_CORRUPT);
    key[5] = 0x08;  //  0x0506 does not stand in this row, nor in the one before
    CHECK_ERR (latest_unpack (to, bytes_of (key, 6), writer_bytes (&out)), FEP_CORRUPT);
    key[4] = 0x04, key[5] = 0xf8;
    CHECK_ERR (latest_unpack (to, bytes_of (key, 6), writer_bytes (&out)), FEP_CORRUPT);
    key[4] = 0x05, key[5] = 0x00;
    memory[1] = 9;
    CHECK_ERR (latest_unpack (to, bytes_of (key, 6), writer_bytes (&out)), FEP_CORRUPT);
    latest_destroy (&from);
    latest_destroy (&to);
}

//  A store with more than this process may hold: the rest is left out.
static void test_unpack_at_limit (void **state)
{
    (void) state;
    uint8_t key[LATEST_KEY_SIZE], memory[1024];
    latest_t *from = latest_new (1000), *to = latest_new (3);
    latest_block_t *block = s_block_of_all (from);
    writer_t out = writer_of (memory, sizeof memory);
    s_pack (block, key, &out);
    CHECK_OK (latest_unpack (to, bytes_of (key, 6), writer_bytes (&out)));
    assert_int_equal (latest_count (to), 3);
    latest_destroy (&from);
    latest_destroy (&to);
}

//  Measuring points that follow each other share a row, the last of them too; others do not.
static void test_row_of_several (void **state)
{
    (void) state;
    static const uint16_t mps[] = {0, 1, 7, 8, 65528, 65535};
    uint8_t key[LATEST_KEY_SIZE], memory[1024];
    latest_t *from = latest_new (1000), *to = latest_new (1000);
    for (size_t i = 0; i < sizeof mps / sizeof *mps; i++) {
        s_put (from, latest_block (from, 7, mps[i], true), P (1), 1000, mps[i], 1);
        s_put (from, latest_block (from, 7, mps[i], true), P (2), 1000, -mps[i], 1);
    }
    assert_int_equal (latest_rows (from), 3);
    for (size_t i = 0; i < 3; i++) {
        writer_t out = writer_of (memory, sizeof memory);
        s_pack (&latest_row_at (from, i)->blocks[0], key, &out);
        CHECK_OK (latest_unpack (to, bytes_of (key, 6), writer_bytes (&out)));
        assert_int_equal (latest_row_at (to, i)->alone, 0);
    }
    assert_int_equal (latest_count (to), 2 * sizeof mps / sizeof *mps);
    for (size_t i = 0; i < sizeof mps / sizeof *mps; i++) {
        const latest_block_t *block = latest_block (to, 7, mps[i], false);
        assert_non_null (block);
        assert_int_equal (block->count, 2);
        assert_int_equal (block->values[1].value.mantissa, -mps[i]);
    }
    assert_null (latest_block (to, 7, 2, false));
    latest_destroy (&from);
    latest_destroy (&to);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_later_time_wins), cmocka_unit_test (test_points_apart),
        cmocka_unit_test (test_many_blocks),     cmocka_unit_test (test_limit),
        cmocka_unit_test (test_through_bytes),   cmocka_unit_test (test_corrupt_bytes),
        cmocka_unit_test (test_unpack_at_limit), cmocka_unit_test (test_row_of_several),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
