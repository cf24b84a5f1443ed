//  Settings of a terminal's own tasks: how JSON becomes fields; what codecs make of tasks, and what they cannot.
#include "codecs/codec.h"
#include "codecs/own.h"
#include "fep/point.h"
#include "tests/test.h"
#include <stdio.h>

static batch_t *s_batch;
static codec_options_t s_options;
static uint8_t s_bytes[REQUEST_PASS_MAX];

static int s_begin (void **state)
{
    (void) state;
    s_batch = batch_new ();
    return 0;
}

static int s_end (void **state)
{
    (void) state;
    batch_destroy (&s_batch);
    return 0;
}

//  The texts of item i.
static void s_text (size_t i, char text[VALUE_TEXT_MAX + 1])
{
    const value_t *value = &s_batch->items[i].value;
    assert_true (i < s_batch->item_count && value->kind == VALUE_TEXT);
    memcpy (text, value->text, (size_t) value->exponent);
    text[value->exponent] = 0;
}

static void s_fields (const char *json)
{
    batch_clear (s_batch);
    (void) batch_message (s_batch, MESSAGE_READING);
    own_put (s_batch, "6014", 7, bytes_text (json));
}

static void test_fields (void **state)
{
    static const char *const wanted[] = {
        "6014", NULL, "a 1", "b x, y", "c {\"d\":[1,2],\"e\":\"}\"}", "f \\\"g", "h "};
    char text[VALUE_TEXT_MAX + 1];
    (void) state;
    s_fields (
        "{\"a\":1, \"b\": \"x, y\",\"c\":{\"d\":[1,2],\"e\":\"}\"},\"f\":\"\\\"g\",\"h\":\"\"}");
    assert_int_equal (s_batch->item_count, sizeof wanted / sizeof *wanted);
    for (size_t i = 0; i < s_batch->item_count; i++) {
        if (wanted[i]) {
            s_text (i, text);
            assert_string_equal (text, wanted[i]);
        }
    }
    assert_int_equal (s_batch->items[1].value.mantissa, 7);
    s_fields ("{}");
    assert_int_equal (s_batch->item_count, 2);
}

//  A long one goes on in texts that begin with a blank, and nothing of it is lost.
static void test_long_field (void **state)
{
    char json[600], text[VALUE_TEXT_MAX + 1], whole[600] = "";
    (void) state;
    memset (json, '7', sizeof json);
    memcpy (json, "{\"n\":", 5);
    json[sizeof json - 2] = '}';
    json[sizeof json - 1] = 0;
    s_fields (json);
    assert_int_equal (s_batch->item_count, 2 + 5);
    for (size_t i = 2; i < s_batch->item_count; i++) {
        s_text (i, text);
        assert_true ((text[0] == ' ') == (i > 2));
        strcat (whole, text + (i > 2));
    }
    assert_int_equal (strlen (whole), 2 + sizeof json - 7);
    assert_memory_equal (whole, "n 777", 5);
}

static task_t s_task (const char *text)
{
    task_t task;
    task_fault_t fault;
    CHECK_OK (task_parse (bytes_text (text), &task, &fault));
    task.number = 1;
    return task;
}

static fep_err_t s_own (const char *codec, const task_t *task, size_t mps, size_t i, uint32_t *key)
{
    static uint16_t numbers[2000];
    writer_t send = writer_of (s_bytes, sizeof s_bytes);
    codec_io_t io = {.options = &s_options, .batch = s_batch, .send = &send};
    own_wish_t wish = {.task = task, .mps = numbers, .mp_count = mps};
    for (size_t n = 0; n < mps; n++) {
        numbers[n] = (uint16_t) (n * 8 + 1);
    }
    batch_clear (s_batch);
    return codec_find (codec)->own (&wish, i, key, &io);
}

#define POINTS "points energy.active.import.total_kWh\n"

//  Settings of one task: how each is made, up to the one there is not any more.
static void s_expect (const char *codec, const char *text, uint32_t number, size_t mps,
                      const fep_err_t errors[])
{
    char whole[256];
    snprintf (whole, sizeof whole, "task t\n%s", text);
    task_t task = s_task (whole);
    task.number = number;
    for (size_t i = 0;; i++) {
        uint32_t key = 0;
        fep_err_t error = s_own (codec, &task, mps, i, &key);
        if (error != errors[i]) {
            fail_msg ("%s %s, setting %zu: %s", codec, text, i, fep_err_name (error));
        }
        assert_true (error || (key && s_batch->message_count == 1));
        if (error == FEP_NOT_FOUND) {
            return;
        }
    }
}

#define ERRORS(...) ((const fep_err_t[]){__VA_ARGS__, FEP_NOT_FOUND})
#define NONE ERRORS (FEP_NOT_FOUND)

//  Which tasks become what, and why others do not.
static void test_tasks_698 (void **state)
{
    (void) state;
    s_expect ("dlt698", "type daily\n" POINTS, 127, 1, ERRORS (FEP_OK, FEP_OK));
    s_expect ("dlt698", "type monthly\noffset 10d\n" POINTS, 128, 1, ERRORS (FEP_RANGE, FEP_RANGE));
    s_expect ("dlt698", "type daily\nreport yes\n" POINTS, 127, 1,
              ERRORS (FEP_OK, FEP_OK, FEP_OK, FEP_OK));
    s_expect ("dlt698", "type daily\nreport yes\n" POINTS, 128, 1,
              ERRORS (FEP_RANGE, FEP_RANGE, FEP_RANGE, FEP_RANGE));
    s_expect ("dlt698", "type curve\nperiod 1d\n" POINTS, 1, 1, ERRORS (FEP_OK, FEP_OK));
    s_expect ("dlt698", "type event\n", 1, 1, NONE);
    s_expect ("dlt698", "type daily\npoints meter.class\n", 1, 1,
              ERRORS (FEP_UNSUPPORTED, FEP_UNSUPPORTED));
}

static void test_tasks_376 (void **state)
{
    static const char daily[] = "type daily\nreport yes\n" POINTS;
    (void) state;
    s_expect ("gdw1376", "type daily\n" POINTS, 1, 1, NONE);
    s_expect ("gdw1376", daily, 64, 57, ERRORS (FEP_OK, FEP_OK));
    s_expect ("gdw1376", daily, 65, 1, ERRORS (FEP_RANGE, FEP_RANGE));
    s_expect ("gdw1376", daily, 1, 58, ERRORS (FEP_LIMIT, FEP_OK));
    s_expect ("gdw1376", daily, 1, 0, NONE);
    s_expect ("gdw1376", "type daily\nreport yes\npoints meter.class\n", 1, 1,
              ERRORS (FEP_UNSUPPORTED, FEP_OK));
    s_expect ("gdw1376", "type real_time\nreport yes\npoints voltage.l1_V\n", 1, 3,
              ERRORS (FEP_OK, FEP_OK));
    s_expect ("gdw1376", "type monthly\nreport yes\noffset 10d\n" POINTS, 1, 1,
              ERRORS (FEP_OK, FEP_OK));
    s_expect ("gdw1376", "type event\nreport yes\n", 1, 1, NONE);
}

//  Removing: a number of a list; a report is stopped; what a concentrator reads has no off.
static void test_remove (void **state)
{
    static const struct {
        const char *codec;
        uint32_t key;
        fep_err_t error;
        const char *hex;
    } rows[] = {{"dlt698", OWN_KEY (0x6012, 9), FEP_OK, "60128000 0101 1109"},
                {"dlt698", OWN_KEY (0x6012, 256), FEP_UNSUPPORTED, ""},
                {"dlt698", OWN_KEY (0x4000, 1), FEP_UNSUPPORTED, ""},
                {"gdw1376", OWN_KEY (66, 9), FEP_OK, "0102 0808 AA"},
                {"gdw1376", OWN_KEY (67, 1), FEP_OK, "0101 0408 AA"},
                {"gdw1376", OWN_KEY (33, 0), FEP_UNSUPPORTED, ""}};
    (void) state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        writer_t send = writer_of (s_bytes, sizeof s_bytes);
        codec_io_t io = {.options = &s_options, .send = &send};
        uint8_t wanted[32];
        size_t size = 0;
        for (const char *c = rows[i].hex; *c; c += *c == ' ' ? 1 : 2) {
            if (*c != ' ') {
                wanted[size++] = (uint8_t) (bytes_hex_digit (c[0]) << 4 | bytes_hex_digit (c[1]));
            }
        }
        CHECK_ERR (codec_find (rows[i].codec)->own_remove (rows[i].key, &io), rows[i].error);
        assert_int_equal (send.size, size);
        assert_memory_equal (s_bytes, wanted, size);
    }
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_fields), cmocka_unit_test (test_long_field),
        cmocka_unit_test (test_tasks_698), cmocka_unit_test (test_tasks_376),
        cmocka_unit_test (test_remove)};
    return cmocka_run_group_tests (tests, s_begin, s_end);
}
