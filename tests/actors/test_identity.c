//  Identities: new, repeat, changed; what has none; limits; and a plain model that must agree.
#include "tests/test.h"
#include "actors/identity.h"
#include "fep/point.h"
#include <string.h>

#define P(n) POINT (1, 0, 1, 8, (n))
#define N IDENTITY_NEW
#define R IDENTITY_REPEAT
#define C IDENTITY_CHANGED
#define ITEMS_MAX 8

static message_t s_message (message_kind_t kind, uint32_t terminal, int64_t time_ms)
{
    return (message_t){.kind = (uint8_t) kind, .terminal = terminal, .mp = 1, .time_ms = time_ms};
}

static item_t s_item (uint32_t point, int64_t mantissa)
{
    return (item_t){.value = value_decimal (mantissa, -2, 0), .point = point};
}

//  Checks items with those values at points P(first) on, and the verdicts.
static void s_expect (identity_t *identity, const message_t *message, unsigned first,
                      const int64_t values[], const identity_verdict_t expected[], size_t count)
{
    item_t items[ITEMS_MAX] = {{.point = 0}};
    identity_verdict_t verdicts[ITEMS_MAX];
    assert_true (count <= ITEMS_MAX);
    for (size_t i = 0; i < count; i++) {
        items[i] = s_item (P (first + (unsigned) i), values[i]);
    }
    identity_check (identity, message, message->time_ms, items, count, verdicts);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal (verdicts[i], expected[i]);
    }
}

#define EXPECT(identity, message, first, values, ...)                                              \
    s_expect (identity, message, first, values, (const identity_verdict_t[]) __VA_ARGS__,          \
              sizeof values / sizeof *values)

static const int64_t s_123[] = {1, 2, 3};
static const int64_t s_193[] = {1, 9, 3};

static void test_new_repeat_changed (void **state)
{
    (void) state;
    identity_t *identity = identity_new (16);
    message_t message = s_message (MESSAGE_READING, 1, 1000);
    EXPECT (identity, &message, 0, s_123, {N, N, N});
    EXPECT (identity, &message, 0, s_123, {R, R, R});
    EXPECT (identity, &message, 0, s_193, {R, C, R});
    EXPECT (identity, &message, 0, s_193, {R, R, R});
    EXPECT (identity, &message, 0, s_123, {R, C, R});
    assert_int_equal (identity_count (identity), 1);
    assert_int_equal (identity_forgotten (identity), 0);
    identity_destroy (&identity);
    identity_destroy (&identity);
}

//  Terminal, measuring point, kind of freeze and time each make another identity; quality does not.
static void test_apart (void **state)
{
    (void) state;
    identity_t *identity = identity_new (16);
    message_t message = s_message (MESSAGE_READING, 1, 1000);
    EXPECT (identity, &message, 0, s_123, {N, N, N});
    message_t other = message;
    other.terminal = 2;
    EXPECT (identity, &other, 0, s_123, {N, N, N});
    other = message;
    other.mp = 2;
    EXPECT (identity, &other, 0, s_123, {N, N, N});
    other = message;
    other.freeze = FREEZE_DAY;
    EXPECT (identity, &other, 0, s_123, {N, N, N});
    other = message;
    other.time_ms = 1001;
    EXPECT (identity, &other, 0, s_123, {N, N, N});
    other = message;
    other.terminal = 500000;
    EXPECT (identity, &other, 0, s_123, {N, N, N});
    other.received_ms = 99;
    other.area = 4;
    other.task = 8;
    EXPECT (identity, &other, 0, s_123, {R, R, R});
    EXPECT (identity, &message, 0, s_123, {R, R, R});
    assert_int_equal (identity_count (identity), 6);
    item_t item = s_item (P (0), 1);
    item.value.quality = QUALITY_LATE;
    identity_verdict_t verdict;
    identity_check (identity, &message, 1000, &item, 1, &verdict);
    assert_int_equal (verdict, IDENTITY_REPEAT);
    identity_destroy (&identity);
}

//  A doubted value and the same one trusted are two values; a message of kind HELD is a reading.
static void test_suspect_is_another_value (void **state)
{
    (void) state;
    static const identity_verdict_t expected[] = {N, R, C, R, C};
    static const bool suspect[] = {true, true, false, false, true};
    identity_t *identity = identity_new (16);
    item_t item = s_item (P (0), 1);
    identity_verdict_t verdict;
    for (size_t i = 0; i < sizeof suspect / sizeof *suspect; i++) {
        message_t message = s_message (suspect[i] ? MESSAGE_HELD : MESSAGE_READING, 1, 1000);
        item.value.quality = suspect[i] ? QUALITY_SUSPECT : QUALITY_RE_READ;
        identity_check (identity, &message, 1000, &item, 1, &verdict);
        assert_int_equal (verdict, expected[i]);
    }
    assert_int_equal (identity_count (identity), 1);
    identity_destroy (&identity);
}

static void test_values_of_all_kinds (void **state)
{
    (void) state;
    const value_t values[] = {value_decimal (12, -1, 0),
                              value_decimal (12, -2, 0),
                              value_bits (12, 0),
                              value_none (ABSENT_DEVICE, 0),
                              value_none (ABSENT_UNREADABLE, 0),
                              {.real = 12.0, .kind = VALUE_FLOAT},
                              {.text = "on", .exponent = 2, .kind = VALUE_TEXT},
                              {.text = "off", .exponent = 3, .kind = VALUE_TEXT}};
    identity_t *identity = identity_new (16);
    message_t message = s_message (MESSAGE_READING, 1, 1000);
    identity_verdict_t verdict;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        item_t item = {.value = values[i], .point = P (0)};
        identity_check (identity, &message, 1000, &item, 1, &verdict);
        assert_int_equal (verdict, i ? IDENTITY_CHANGED : IDENTITY_NEW);
        identity_check (identity, &message, 1000, &item, 1, &verdict);
        assert_int_equal (verdict, IDENTITY_REPEAT);
    }
    char text[] = "off";
    item_t item = {.value = {.text = text, .exponent = 3, .kind = VALUE_TEXT}, .point = P (0)};
    identity_check (identity, &message, 1000, &item, 1, &verdict);
    assert_int_equal (verdict, IDENTITY_REPEAT);
    identity_destroy (&identity);
}

//  Neighbours in time, measuring point and freeze must not be taken for one another, bit by bit.
static void test_neighbours_do_not_mix (void **state)
{
    (void) state;
    identity_t *identity = identity_new (100000);
    for (int64_t time_ms = 1700000000000; time_ms < 1700000000000 + 64; time_ms++) {
        for (uint32_t i = 0; i < 64 * FREEZE_COUNT; i++) {
            message_t message = s_message (MESSAGE_READING, 1, time_ms);
            message.mp = (uint16_t) (i % 64);
            message.freeze = (uint8_t) (i / 64);
            EXPECT (identity, &message, 0, s_123, {N, N, N});
        }
    }
    identity_destroy (&identity);
}

//  0.12 and 1.3 differ in mantissa and exponent by one bit each; so do many others.
static void test_scaled_values_do_not_mix (void **state)
{
    (void) state;
    identity_t *identity = identity_new (16);
    message_t message = s_message (MESSAGE_READING, 1, 1000);
    identity_verdict_t verdict;
    bool first = true;
    for (int64_t mantissa = 0; mantissa < 256; mantissa++) {
        for (int exponent = -8; exponent < 8; exponent++) {
            item_t item = {.value =
                               value_decimal (mantissa ^ (exponent & 0xFF), (int8_t) exponent, 0),
                           .point = P (0)};
            identity_check (identity, &message, 1000, &item, 1, &verdict);
            assert_int_equal (verdict, first ? IDENTITY_NEW : IDENTITY_CHANGED);
            first = false;
        }
    }
    identity_destroy (&identity);
}

//  Other points of an instant that is known: what overlaps is compared, what is new is remembered.
static void test_partial_overlap (void **state)
{
    (void) state;
    identity_t *identity = identity_new (16);
    message_t message = s_message (MESSAGE_READING, 1, 1000);
    EXPECT (identity, &message, 0, s_123, {N, N, N});
    static const int64_t more[] = {3, 4, 5};
    EXPECT (identity, &message, 2, more, {R, N, N});
    EXPECT (identity, &message, 2, more, {R, R, R});
    EXPECT (identity, &message, 0, s_123, {R, R, R});
    static const int64_t all[] = {1, 2, 8, 4, 9};
    EXPECT (identity, &message, 0, all, {R, R, C, R, C});
    EXPECT (identity, &message, 0, all, {R, R, R, R, R});
    static const int64_t one[] = {8};
    EXPECT (identity, &message, 2, one, {R});
    assert_int_equal (identity_count (identity), 2);
    identity_destroy (&identity);
}

//  A curve's items stand each at its own instant.
static void test_curve_item_by_item (void **state)
{
    (void) state;
    identity_t *identity = identity_new (16);
    message_t curve = s_message (MESSAGE_READING, 1, 1000);
    curve.freeze = FREEZE_CURVE;
    curve.step_ms = 900000;
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 4; i++) {
            item_t item = s_item (P (0), 7);
            identity_verdict_t verdict;
            identity_check (identity, &curve, message_item_time (&curve, i), &item, 1, &verdict);
            assert_int_equal (verdict, round ? IDENTITY_REPEAT : IDENTITY_NEW);
        }
    }
    assert_int_equal (identity_count (identity), 4);
    identity_destroy (&identity);
}

static identity_verdict_t s_event (identity_t *identity, int64_t time_ms, int64_t code,
                                   const char *content)
{
    message_t message = s_message (MESSAGE_EVENT, 1, time_ms);
    identity_verdict_t verdicts[2];
    item_t items[2] = {s_item (POINT_EVENT_CODE, code), s_item (P (0), 5)};
    message.raw = bytes_text (content);
    identity_check (identity, &message, time_ms, items, 2, verdicts);
    assert_int_equal (verdicts[0], verdicts[1]);
    return verdicts[0];
}

//  Two events of one instant are two facts; the same one again is a repeat. An event never changes.
static void test_events_by_content (void **state)
{
    (void) state;
    identity_t *identity = identity_new (16);
    assert_int_equal (s_event (identity, 1000, 14, "power off"), IDENTITY_NEW);
    assert_int_equal (s_event (identity, 1000, 14, "power on"), IDENTITY_NEW);
    assert_int_equal (s_event (identity, 1000, 15, "power off"), IDENTITY_NEW);
    assert_int_equal (s_event (identity, 2000, 14, "power off"), IDENTITY_NEW);
    assert_int_equal (s_event (identity, 1000, 14, "power off"), IDENTITY_REPEAT);
    assert_int_equal (s_event (identity, 1000, 14, "power on"), IDENTITY_REPEAT);
    assert_int_equal (identity_count (identity), 4);
    identity_destroy (&identity);
}

static void test_what_has_none (void **state)
{
    (void) state;
    static const message_kind_t kinds[] = {MESSAGE_ALARM, MESSAGE_RESULT, MESSAGE_LINK,
                                           MESSAGE_LOGIN, MESSAGE_HEARTBEAT};
    identity_t *identity = identity_new (16);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        message_t message = s_message (kinds[i], 1, 1000);
        EXPECT (identity, &message, 0, s_123, {N, N, N});
        EXPECT (identity, &message, 0, s_123, {N, N, N});
    }
    message_t polled = s_message (MESSAGE_READING, 1, 0);
    EXPECT (identity, &polled, 0, s_123, {N, N, N});
    EXPECT (identity, &polled, 0, s_123, {N, N, N});
    message_t empty = s_message (MESSAGE_READING, 1, 1000);
    identity_check (identity, &empty, 1000, NULL, 0, NULL);
    assert_int_equal (identity_count (identity), 0);
    identity_destroy (&identity);
}

//  Each terminal forgets its own oldest.
static void test_limit_forgets_the_oldest (void **state)
{
    (void) state;
    identity_t *identity = identity_new (20);
    message_t quiet = s_message (MESSAGE_READING, 2, 500);
    EXPECT (identity, &quiet, 0, s_123, {N, N, N});
    for (int64_t i = 0; i < 50; i++) {
        message_t message = s_message (MESSAGE_READING, 1, 1000 + i);
        EXPECT (identity, &message, 0, s_123, {N, N, N});
        assert_int_equal (identity_forgotten (identity), i < 20 ? 0 : i - 19);
    }
    assert_int_equal (identity_count (identity), 21);
    for (int64_t i = 30; i < 50; i++) {
        message_t message = s_message (MESSAGE_READING, 1, 1000 + i);
        EXPECT (identity, &message, 0, s_123, {R, R, R});
    }
    message_t oldest = s_message (MESSAGE_READING, 1, 1029);
    EXPECT (identity, &oldest, 0, s_123, {N, N, N});
    EXPECT (identity, &quiet, 0, s_123, {R, R, R});
    assert_int_equal (identity_forgotten (identity), 31);
    identity_destroy (&identity);
}

//  ---- A plain model ----

#define MODEL_LIMIT 24
#define MODEL_TERMINALS 3

typedef struct {
    uint64_t key;                //  Measuring point, freeze and time
    size_t count;                //  Of points
    uint32_t points[ITEMS_MAX];  //  What
    int64_t values[ITEMS_MAX];   //  Last seen
} model_group_t;

typedef struct {
    model_group_t groups[MODEL_LIMIT];  //  Oldest first
    size_t count;                       //  Of them
} model_t;

static uint64_t s_seed;

static uint32_t s_random (uint32_t below)
{
    s_seed = s_seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t) (s_seed >> 33) % below;
}

static int64_t *s_model_find (model_t *model, uint64_t key, uint32_t point)
{
    for (size_t i = 0; i < model->count; i++) {
        model_group_t *group = &model->groups[i];
        for (size_t k = 0; group->key == key && k < group->count; k++) {
            if (group->points[k] == point) {
                return &group->values[k];
            }
        }
    }
    return NULL;
}

static void s_model_check (model_t *model, uint64_t key, const item_t items[], size_t count,
                           identity_verdict_t verdicts[])
{
    model_group_t made = {.key = key};
    for (size_t i = 0; i < count; i++) {
        int64_t *known = s_model_find (model, key, items[i].point);
        verdicts[i] = !known ? N : *known == items[i].value.mantissa ? R : C;
        if (known) {
            *known = items[i].value.mantissa;
        } else {
            made.points[made.count] = items[i].point;
            made.values[made.count++] = items[i].value.mantissa;
        }
    }
    if (made.count && model->count == MODEL_LIMIT) {
        memmove (model->groups, model->groups + 1, (MODEL_LIMIT - 1) * sizeof made);
        model->count--;
    }
    if (made.count) {
        model->groups[model->count++] = made;
    }
}

static void test_against_a_model (void **state)
{
    (void) state;
    static model_t models[MODEL_TERMINALS];
    identity_t *identity = identity_new (MODEL_LIMIT);
    size_t seen[3] = {0, 0, 0};
    s_seed = 5;
    for (int round = 0; round < 40000; round++) {
        uint32_t terminal = s_random (MODEL_TERMINALS);
        message_t message = s_message (MESSAGE_READING, terminal, 1000 + s_random (20));
        message.mp = (uint16_t) s_random (2);
        message.freeze = (uint8_t) s_random (2);
        size_t count = 1 + s_random (ITEMS_MAX - 1);
        unsigned first = s_random (4);
        item_t items[ITEMS_MAX];
        identity_verdict_t got[ITEMS_MAX], expected[ITEMS_MAX];
        for (size_t i = 0; i < count; i++) {
            items[i] = s_item (P (first + (unsigned) i), s_random (10) ? 1 : s_random (3));
        }
        uint64_t key =
            (uint64_t) message.time_ms << 4 | (uint64_t) message.mp << 1 | message.freeze;
        identity_check (identity, &message, message.time_ms, items, count, got);
        s_model_check (&models[terminal], key, items, count, expected);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal (got[i], expected[i]);
            seen[got[i]]++;
        }
    }
    //  Each verdict was met often.
    assert_true (seen[N] > 1000 && seen[R] > 1000 && seen[C] > 1000);
    assert_int_equal (identity_count (identity),
                      models[0].count + models[1].count + models[2].count);
    identity_destroy (&identity);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_new_repeat_changed),
        cmocka_unit_test (test_apart),
        cmocka_unit_test (test_suspect_is_another_value),
        cmocka_unit_test (test_values_of_all_kinds),
        cmocka_unit_test (test_neighbours_do_not_mix),
        cmocka_unit_test (test_scaled_values_do_not_mix),
        cmocka_unit_test (test_partial_overlap),
        cmocka_unit_test (test_curve_item_by_item),
        cmocka_unit_test (test_events_by_content),
        cmocka_unit_test (test_what_has_none),
        cmocka_unit_test (test_limit_forgets_the_oldest),
        cmocka_unit_test (test_against_a_model),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
