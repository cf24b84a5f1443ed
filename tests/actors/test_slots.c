//  Slots: what values and answers make of a point, which reason stays, rows and back, counts that add up.
#include "tests/test.h"
#include "actors/slots.h"
#include <string.h>

#define SLOT_MS 1795622400000
#define ITEMS 3

static const uint16_t s_mps[] = {1, 2, 5, 900};
#define MPS (sizeof s_mps / sizeof *s_mps)

static slot_block_t *s_block (slots_t *slots, uint32_t terminal)
{
    slot_block_t *block = slots_make (slots, 3, terminal, SLOT_MS, ITEMS, s_mps, MPS);
    assert_non_null (block);
    block->due = true;
    for (size_t i = 0; i < MPS; i++) {
        block->points[i].reason = GAP_not_asked;
    }
    return block;
}

static void s_good (const slot_block_t *block, slot_point_t *point, slot_when_t when)
{
    for (unsigned i = 0; i < ITEMS; i++) {
        assert_true (slots_value (block, point, i, SLOT_VALUE_GOOD, when));
        assert_false (slots_value (block, point, i, SLOT_VALUE_GOOD, when));
    }
}

static void s_end (const slot_block_t *block, slot_point_t *point, uint8_t run, fep_err_t error)
{
    slot_outcome_t outcome = {.error = error, .run = run, .code = 9, .when = SLOT_IN_TIME};
    slots_outcome (block, point, &outcome);
}

static void test_find (void **state)
{
    (void) state;
    slots_t *slots = slots_new (20000 * MPS);
    for (uint32_t i = 1; i <= 20000; i++) {
        assert_non_null (slots_make (slots, 3, i, SLOT_MS, ITEMS, s_mps, MPS));
    }
    assert_null (slots_make (slots, 3, 20001, SLOT_MS, ITEMS, s_mps, 1));
    assert_int_equal (slots_blocks (slots), 20000);
    slot_block_t *block = slots_find (slots, 3, 777, SLOT_MS);
    assert_true (block && block->terminal == 777 && !slots_find (slots, 4, 777, SLOT_MS) &&
                 !slots_find (slots, 3, 777, SLOT_MS + 1000));
    assert_ptr_equal (slots_point (block, 5), &block->points[2]);
    assert_true (!slots_point (block, 0) && !slots_point (block, 3) && !slots_point (block, 901));
    size_t changed = 0, seen = 0, place = 0;
    while (slots_changed (slots)) {
        changed++;
    }
    assert_int_equal (changed, 20000);
    while ((block = slots_next (slots, &place))) {
        seen++;
    }
    assert_int_equal (seen, 20000);
    slots_drop (slots, slots_find (slots, 3, 777, SLOT_MS));
    assert_null (slots_find (slots, 3, 777, SLOT_MS));
    assert_non_null (slots_make (slots, 3, 20001, SLOT_MS, ITEMS, s_mps, MPS));
    slots_destroy (&slots);
}

//  First pass, by a re-read, unasked, in time or not.
static void test_values (void **state)
{
    (void) state;
    slots_t *slots = slots_new (100);
    slot_block_t *block = s_block (slots, 1);
    slot_point_t *points = block->points;
    s_good (block, &points[0], SLOT_IN_TIME);
    s_end (block, &points[0], 0, FEP_OK);
    assert_true (points[0].reason == GAP_valid &&
                 points[0].flags == (SLOT_FIRST_RAN | SLOT_FIRST_OK | SLOT_TIMELY));
    s_end (block, &points[1], 0, FEP_TIMEOUT);
    assert_int_equal (points[1].reason, GAP_terminal_no_answer);
    s_good (block, &points[1], SLOT_IN_WINDOW);
    assert_true (points[1].reason == GAP_valid &&
                 points[1].flags == (SLOT_FIRST_RAN | SLOT_REREAD));
    //  The first run ended with the process; the one that is over all the same is no first one any more.
    s_end (block, &points[3], 1, FEP_OK);
    assert_int_equal (points[3].flags, SLOT_FIRST_RAN);
    points[3] = (slot_point_t){.mp = points[3].mp, .reason = GAP_not_asked};
    s_good (block, &points[2], SLOT_IN_TIME);
    assert_true (points[2].flags == (SLOT_FIRST_OK | SLOT_TIMELY));
    assert_true (slots_value (block, &points[3], 1, SLOT_VALUE_GOOD, SLOT_TOO_LATE));
    assert_true (points[3].reason == GAP_late && points[3].valid == 0);
    assert_false (slots_value (block, &points[3], ITEMS, SLOT_VALUE_GOOD, SLOT_IN_TIME));
    slots_destroy (&slots);
}

//  Each way a request ends, and what outlives it.
static void test_reasons (void **state)
{
    (void) state;
    static const struct {
        fep_err_t error;
        bool line, silent, unsent;
        gap_t reason;
    } cases[] = {{FEP_OK, false, false, false, GAP_meter_no_answer},
                 {FEP_TIMEOUT, false, false, false, GAP_terminal_no_answer},
                 {FEP_TIMEOUT, true, false, false, GAP_meter_no_answer},
                 {FEP_REFUSED, false, false, false, GAP_refused},
                 {FEP_REFUSED, false, true, false, GAP_meter_no_answer},
                 {FEP_NOT_FOUND, false, false, false, GAP_meter_no_answer},
                 {FEP_NOT_FOUND, false, false, true, GAP_not_asked},
                 {FEP_CHECKSUM, false, false, false, GAP_meter_no_answer},
                 {FEP_CLOSED, false, false, false, GAP_terminal_offline},
                 {FEP_BUSY, false, false, false, GAP_not_asked},
                 {FEP_UNSUPPORTED, false, false, true, GAP_not_asked}};
    slots_t *slots = slots_new (100);
    slot_block_t *block = s_block (slots, 1);
    slot_point_t *point = block->points;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        slot_outcome_t outcome = {.error = cases[i].error,
                                  .line = cases[i].line,
                                  .silent = cases[i].silent,
                                  .unsent = cases[i].unsent,
                                  .code = 7};
        slots_outcome (block, point, &outcome);
        assert_int_equal (point->reason, cases[i].reason);
        assert_true (point->error == cases[i].error && point->code == 7);
    }
    //  However many runs passed it by, it counts as asked up to that one; the same told again changes nothing.
    for (int i = 0; i < 2; i++) {
        s_end (block, point, 3, FEP_TIMEOUT);
        assert_int_equal (point->runs, 4);
    }
    //  What came and does not count stays the reason, whatever later runs bring.
    assert_true (slots_value (block, point, 0, SLOT_VALUE_HELD, SLOT_IN_TIME));
    s_end (block, point, 1, FEP_TIMEOUT);
    assert_int_equal (point->reason, GAP_held);
    assert_true (slots_value (block, point, 0, SLOT_VALUE_STAMP, SLOT_IN_TIME));
    s_end (block, point, 2, FEP_OK);
    assert_int_equal (point->reason, GAP_freeze_stamp_wrong);
    slots_reason (block, point, GAP_terminal_offline);
    assert_int_equal (point->reason, GAP_freeze_stamp_wrong);
    //  A good value of the item repairs it; another one is still missing.
    assert_true (slots_value (block, point, 0, SLOT_VALUE_GOOD, SLOT_IN_TIME));
    assert_int_equal (point->reason, GAP_freeze_stamp_wrong);
    assert_true (slots_value (block, point, 1, SLOT_VALUE_GOOD, SLOT_IN_TIME));
    assert_true (slots_value (block, point, 2, SLOT_VALUE_GOOD, SLOT_IN_TIME));
    assert_true (point->reason == GAP_valid && point->error == 0 && point->code == 0);
    slots_reason (block, point, GAP_terminal_offline);
    assert_int_equal (point->reason, GAP_valid);
    slots_destroy (&slots);
}

//  Who is apart stays so, whatever is told of it but everything; its first run is still to come. A device that sleeps
//  is not offline.
static void test_apart (void **state)
{
    (void) state;
    slots_t *slots = slots_new (100);
    slot_block_t *block = s_block (slots, 1);
    slot_point_t *point = block->points;
    assert_false (slots_idle (block));
    assert_true (slots_value (block, point, 0, SLOT_VALUE_HELD, SLOT_IN_TIME));
    for (size_t i = 0; i < MPS; i++) {
        slots_reason (block, &point[i], i & 1 ? GAP_suspended : GAP_maintenance);
        assert_int_equal (point[i].flags, 0);
    }
    assert_true (slots_idle (block) && !slots_full (block));
    assert_false (slots_value (block, point, 0, SLOT_VALUE_STAMP, SLOT_IN_TIME));
    assert_false (slots_value (block, point, 0, SLOT_VALUE_GOOD, SLOT_TOO_LATE));
    slots_reason (block, point, GAP_terminal_offline);
    slots_reason (block, point, GAP_not_in_archive);
    assert_true (point->reason == GAP_maintenance && point->flags == 0);
    slots_reason (block, point, GAP_suspended);
    s_end (block, point, 0, FEP_TIMEOUT);
    assert_true (point->reason == GAP_suspended && point->error == 0 && point->runs == 1);
    s_good (block, point, SLOT_IN_TIME);
    assert_int_equal (point->reason, GAP_valid);
    slots_reason (block, point, GAP_suspended);
    assert_true (point->reason == GAP_valid && slots_idle (block));
    slot_outcome_t gone = {.error = FEP_CLOSED, .offline = GAP_sleeping, .when = SLOT_IN_TIME};
    point[1].reason = GAP_not_asked;
    assert_false (slots_idle (block));
    slots_outcome (block, &point[1], &gone);
    assert_int_equal (point[1].reason, GAP_sleeping);
    slot_counts_t counts = {0};
    slots_count (block, &point[1], &counts);
    assert_true (counts.due == 1 && counts.apart == 0 && counts.reasons[GAP_sleeping] == 1);
    slots_count (block, &point[2], &counts);
    assert_true (counts.due == 1 && counts.apart == 1 && counts.reasons[GAP_maintenance] == 1);
    slots_destroy (&slots);
}

//  The journal had the values before the block was made: they are not written again, but the session saw them.
static void test_known_before (void **state)
{
    (void) state;
    slots_t *slots = slots_new (100);
    slot_block_t *block = s_block (slots, 1);
    slot_outcome_t outcome = {.error = FEP_OK, .values = ITEMS - 1, .when = SLOT_IN_TIME};
    slots_outcome (block, &block->points[0], &outcome);
    assert_int_equal (block->points[0].reason, GAP_meter_no_answer);
    outcome.values = ITEMS;
    slots_outcome (block, &block->points[1], &outcome);
    assert_true (block->points[1].reason == GAP_valid &&
                 block->points[1].valid == slots_all (block) &&
                 block->points[1].flags == (SLOT_FIRST_RAN | SLOT_FIRST_OK | SLOT_TIMELY));
    slots_destroy (&slots);
}

static void s_same (const slot_block_t *a, const slot_block_t *b)
{
    assert_true (a->task == b->task && a->terminal == b->terminal && a->slot_ms == b->slot_ms &&
                 a->next_ms == b->next_ms && a->count == b->count && a->items == b->items &&
                 a->area == b->area && a->run == b->run && a->due == b->due);
    for (size_t i = 0; i < a->count; i++) {
        slot_point_t known = a->points[i];
        known.flags &= (uint8_t) ~SLOT_ASKED;
        known.runs = known.reason == GAP_valid ? 0 : known.runs;
        assert_memory_equal (&known, &b->points[i], sizeof known);
    }
}

static void test_rows (void **state)
{
    (void) state;
    slots_t *slots = slots_new (100), *others = slots_new (MPS);
    slot_block_t *block = s_block (slots, 70000), *read;
    uint8_t key[SLOTS_KEY_SIZE], row[512];
    block->area = 63;
    block->run = 4;
    block->next_ms = SLOT_MS + 12345;
    s_good (block, &block->points[0], SLOT_IN_TIME);
    s_end (block, &block->points[1], 3, FEP_REFUSED);
    (void) slots_value (block, &block->points[2], 2, SLOT_VALUE_GOOD, SLOT_IN_TIME);
    block->points[2].flags |= SLOT_ASKED;
    writer_t out = writer_of (row, sizeof row);
    slots_pack (block, &out);
    assert_true (!out.failed && out.size <= slots_pack_bound (block));
    slots_key (block->task, block->terminal, block->slot_ms, false, key);
    bytes_t name = bytes_of (key, sizeof key);
    CHECK_OK (slots_load (others, name, writer_bytes (&out), &read));
    s_same (block, read);
    assert_true (!read->closed && read->stored == 'o' && !read->dirty);
    slot_block_t *again;
    CHECK_OK (slots_load (others, name, writer_bytes (&out), &again));
    assert_ptr_equal (read, again);
    assert_int_equal (slots_open (others), again->count);
    assert_false (again->dirty);
    slots_set_closed (others, again, true);
    slots_set_closed (others, again, true);
    assert_true (again->closed && again->dirty);
    assert_int_equal (slots_open (others), 0);
    assert_int_equal (slots_points (others), again->count);
    assert_ptr_equal (slots_changed (others), again);
    //  No room; every cut is refused and leaves nothing.
    slots_key (block->task, 1, block->slot_ms, true, key);
    CHECK_ERR (slots_load (others, name, writer_bytes (&out), &read), FEP_FULL);
    slots_drop (others, again);
    assert_int_equal (slots_open (others), 0);
    for (size_t size = 0; size < out.size; size++) {
        CHECK_ERR (slots_load (others, name, bytes_of (row, size), &read), FEP_CORRUPT);
    }
    assert_int_equal (slots_points (others), 0);
    row[0]++;
    CHECK_ERR (slots_load (others, name, writer_bytes (&out), &read), FEP_VERSION);
    CHECK_ERR (slots_load (others, bytes_of (key, 5), writer_bytes (&out), &read), FEP_CORRUPT);
    slots_destroy (&slots);
    slots_destroy (&others);
}

//  Whatever states points are in, the reasons add up to the denominator, for points and for items.
static void test_counts_add_up (void **state)
{
    (void) state;
    slots_t *slots = slots_new (100);
    slot_block_t *block = s_block (slots, 1);
    slot_counts_t counts = {0};
    uint64_t random = 88172645463325252u;
    for (int i = 0; i < 20000; i++) {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        slot_point_t point = {.reason = GAP_not_asked};
        for (unsigned k = 0; k < (random & 7); k++) {
            unsigned what = random >> (8 + 4 * k) & 15;
            if (what < 9) {
                (void) slots_value (block, &point, what % 3, what > 6 ? what / 4 : SLOT_VALUE_GOOD,
                                    (slot_when_t) (what % 3));
            } else if (what < 13) {
                s_end (block, &point, (uint8_t) (what - 9), what & 1 ? FEP_OK : FEP_TIMEOUT);
            } else {
                slots_reason (block, &point, what == 13 ? GAP_maintenance : GAP_task_paused);
            }
        }
        slots_count (block, &point, &counts);
    }
    uint64_t points = counts.cycle, items = counts.items_valid, apart = 0;
    for (unsigned i = 0; i < GAP_COUNT; i++) {
        points += gap_apart ((uint8_t) i) ? 0 : counts.reasons[i];
        items += gap_apart ((uint8_t) i) ? 0 : counts.item_reasons[i];
        apart += gap_apart ((uint8_t) i) ? counts.reasons[i] : 0;
    }
    assert_int_equal (counts.points, 20000);
    assert_int_equal (counts.points, counts.due + counts.apart);
    assert_true (apart == counts.apart && apart > 0);
    assert_int_equal (points, counts.due);
    assert_int_equal (items, counts.items);
    assert_int_equal (counts.items, counts.due * ITEMS);
    assert_int_equal (counts.reasons[GAP_valid], 0);
    assert_true (counts.first + counts.reread == counts.cycle && counts.first > 0 &&
                 counts.reread > 0);
    slots_destroy (&slots);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_find),         cmocka_unit_test (test_values),
        cmocka_unit_test (test_reasons),      cmocka_unit_test (test_apart),
        cmocka_unit_test (test_known_before), cmocka_unit_test (test_rows),
        cmocka_unit_test (test_counts_add_up)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
