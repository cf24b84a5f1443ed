//  The list of alarm rules: defaults, every fault with its place, reload.
#include "tests/test.h"
#include "fep/config.h"
#include <stdio.h>
#include <stdlib.h>

#define ONE "listeners:\n  - {name: a, address: 0.0.0.0, port: 7600, codec: gdw1376}\n"
//  Faults stand in line 4.
#define RULE(text) ONE "alarms:\n  - {name: r, " text "}\n"

static char s_text[512];

static config_t *s_good (const char *yaml)
{
    config_t *config = NULL;
    fep_err_t error = config_parse (bytes_text (yaml), "t", &config, s_text, sizeof s_text);
    if (error) {
        fail_msg ("%s", s_text);
    }
    return config;
}

static void test_rules (void **state)
{
    (void) state;
    config_t *config = s_good (
        ONE "alarms:\n"
            "  - {name: low voltage, on: point, point: voltage.l1_V, compare: lt,\n"
            "     threshold: 198, hysteresis: 2.5, delay_ms: 1000, settle_ms: 5,\n"
            "     level: important, group: north}\n"
            "  - {name: any, on: event}\n"
            "  - {name: 掉线, on: link, terminal: '010000001', delay_ms: 60000}\n"
            "  - {name: door, on: point, point: 0.0.96.3.11, compare: bit_set, threshold: 3}\n");
    assert_int_equal (config->alarm_count, 4);
    const config_alarm_t *alarm = config->alarms;
    assert_string_equal (alarm->name, "low voltage");
    assert_string_equal (alarm->point, "voltage.l1_V");
    assert_string_equal (alarm->compare, "lt");
    assert_string_equal (alarm->threshold, "198");
    assert_string_equal (alarm->hysteresis, "2.5");
    assert_int_equal (alarm->delay_ms, 1000);
    assert_int_equal (alarm->settle_ms, 5);
    assert_string_equal (alarm->level, "important");
    assert_string_equal (alarm->group, "north");
    assert_string_equal (alarm[1].event, "");
    assert_int_equal (alarm[1].delay_ms, 0);
    assert_int_equal (alarm[1].settle_ms, 60000);
    assert_string_equal (alarm[1].level, "general");
    assert_string_equal (alarm[2].name, "掉线");
    assert_string_equal (alarm[2].terminal, "010000001");
    config_destroy (&config);
    config = s_good (ONE);
    assert_int_equal (config->alarm_count, 0);
    assert_int_equal (config->alarm.states, 100000);
    config_destroy (&config);
    config = s_good (ONE "alarms: []\n");
    assert_int_equal (config->alarm_count, 0);
    config_destroy (&config);
}

typedef struct {
    const char *yaml;     //  The document
    fep_err_t error;      //  Expected
    const char *place;    //  Beginning of the fault
    const char *wrong;    //  In the fault
    const char *allowed;  //  In the fault
} bad_t;

static const bad_t s_bads[] = {
    {ONE "alarms:\n", FEP_SYNTAX, "t:3:1: ", "alarms has no list", "0..256"},
    {ONE "alarms:\n  - low\n", FEP_SYNTAX, "t:4:5: ", "of alarms that is no map", "{name, on}"},
    {RULE ("om: point"), FEP_NOT_FOUND, "t:4:15: ", "unknown key in alarms 'om'",
     "name, on, point"},
    {ONE "alarms:\n  - {on: link}\n", FEP_RANGE, "t:4:5: ", "alarms.name is missing", "1..31"},
    {RULE ("level: general"), FEP_RANGE, "t:4:5: ", "alarms.on is missing", "point, event, link"},
    {RULE ("on: value"), FEP_RANGE, "t:4:15: ", "alarms.on: 'value'", "point, event, link"},
    {RULE ("on: link, level: urgent"), FEP_RANGE, "t:4:25: ", "'urgent'", "important, general"},
    {RULE ("on: link}\n  - {name: r, on: link"), FEP_RANGE, "t:5:6: ", "'r' is taken in line 4",
     "unique"},
    {RULE ("on: point, threshold: 1"), FEP_RANGE, "t:4:5: ", "alarms.point: '' is no point",
     "OBIS"},
    {RULE ("on: point, point: voltage.l9_V, threshold: 1"), FEP_RANGE,
     "t:4:26: ", "'voltage.l9_V' is no point", "voltage.l1_V"},
    {RULE ("on: point, point: voltage.l1_V"), FEP_SYNTAX, "t:4:5: ", "alarms.threshold: ''",
     "18 digits"},
    {RULE ("on: point, point: voltage.l1_V, threshold: 1e3"), FEP_SYNTAX,
     "t:4:47: ", "alarms.threshold: '1e3' is no decimal", "18 digits"},
    {RULE ("on: point, point: voltage.l1_V, threshold: 1, compare: above"), FEP_RANGE,
     "t:4:61: ", "'above'", "gt, ge, lt, le, eq, ne, bit_set, bit_clear"},
    {RULE ("on: point, point: voltage.l1_V, threshold: 1, hysteresis: -1"), FEP_SYNTAX,
     "t:4:61: ", "alarms.hysteresis: '-1'", "from 0 on"},
    {RULE ("on: point, point: voltage.l1_V, threshold: 1, compare: eq, hysteresis: 1"), FEP_RANGE,
     "t:4:74: ", "alarms.hysteresis: '1'", "allowed is 0"},
    {RULE ("on: point, point: voltage.l1_V, threshold: 99999999999999999, hysteresis: 0.001"),
     FEP_RANGE, "t:4:77: ", "too many digits", "18"},
    {RULE ("on: point, point: input.state, compare: bit_set, threshold: 64"), FEP_RANGE,
     "t:4:64: ", "'64' is no number of a bit", "0..63"},
    {RULE ("on: event, point: voltage.l1_V"), FEP_RANGE,
     "t:4:26: ", "alarms.point goes with `on: point`", "on event"},
    {RULE ("on: link, event: 1"), FEP_RANGE, "t:4:25: ", "alarms.event goes with `on: event`",
     "on link"},
    {RULE ("on: event, event: many"), FEP_RANGE, "t:4:26: ", "'many' is no event code", "0..65535"},
    {RULE ("on: event, event: 65536"), FEP_RANGE, "t:4:26: ", "no event code", "0..65535"},
    {RULE ("on: event, delay_ms: 5"), FEP_RANGE, "t:4:26: ", "alarms.delay_ms goes with", "last"},
    {RULE ("on: link, delay_ms: 86400001"), FEP_RANGE, "t:4:25: ", "out of range",
     "0..86400000 ms"},
    {RULE ("on: link, group: a, terminal: b"), FEP_RANGE, "t:4:25: ", "'a' and a terminal",
     "one of both"},
};

static void test_faults (void **state)
{
    (void) state;
    for (size_t i = 0; i < sizeof s_bads / sizeof *s_bads; i++) {
        const bad_t *bad = &s_bads[i];
        config_t *config = NULL;
        fep_err_t error =
            config_parse (bytes_text (bad->yaml), "t", &config, s_text, sizeof s_text);
        if (error != bad->error || strncmp (s_text, bad->place, strlen (bad->place)) != 0 ||
            !strstr (s_text, bad->wrong) || !strstr (s_text, bad->allowed)) {
            fail_msg ("row %zu: %s: %s", i, fep_err_name (error), s_text);
        }
        assert_null (config);
    }
}

static void test_too_many (void **state)
{
    (void) state;
    char *yaml = malloc (32768);
    assert_non_null (yaml);
    size_t used = (size_t) sprintf (yaml, "%salarms:\n", ONE);
    for (unsigned i = 0; i < 257; i++) {
        used += (size_t) sprintf (yaml + used, "  - {name: r%u, on: link}\n", i);
        if (i == 255) {
            config_t *config = s_good (yaml);
            assert_int_equal (config->alarm_count, 256);
            assert_string_equal (config->alarms[255].name, "r255");
            config_destroy (&config);
        }
    }
    config_t *config = NULL;
    CHECK_ERR (config_parse (bytes_text (yaml), "t", &config, s_text, sizeof s_text), FEP_RANGE);
    assert_non_null (strstr (s_text, "t:260:5: one alarm too many; allowed are 0..256"));
    free (yaml);
}

static void test_reload (void **state)
{
    (void) state;
    config_t *config = s_good (RULE ("on: link"));
    config_t *fresh = s_good (ONE "alarms:\n  - {name: b, on: event}\n  - {name: c, on: link}\n");
    char ignored[256];
    const config_alarm_t *before = config->alarms;
    config_reload (config, fresh, ignored, sizeof ignored);
    assert_string_equal (ignored, "");
    assert_int_equal (config->alarm_count, 2);
    assert_string_equal (config->alarms[1].name, "c");
    assert_ptr_not_equal (config->alarms, before);
    assert_int_equal (fresh->alarm_count, 1);
    config_destroy (&fresh);
    fresh = s_good (ONE);
    config_reload (config, fresh, ignored, sizeof ignored);
    assert_int_equal (config->alarm_count, 0);
    config_destroy (&fresh);
    config_destroy (&config);
}

//  The sample's example is a rule once its marks are taken away.
static void test_sample (void **state)
{
    (void) state;
    static char sample[65536], yaml[65536];
    writer_t out = writer_of ((uint8_t *) sample, sizeof sample - 1);
    CHECK_OK (config_sample (&out));
    sample[out.size] = 0;
    char *at = strstr (sample, "# alarms:\n");
    assert_non_null (at);
    size_t used = (size_t) (at - sample);
    memcpy (yaml, sample, used);
    for (char *line = strtok (at, "\n"); line; line = strtok (NULL, "\n")) {
        assert_memory_equal (line, "# ", 2);
        used += (size_t) snprintf (yaml + used, sizeof yaml - used, "%s\n", line + 2);
    }
    config_t *config = s_good (yaml);
    assert_int_equal (config->alarm_count, 1);
    assert_string_equal (config->alarms[0].name, "low voltage");
    assert_string_equal (config->alarms[0].threshold, "198");
    config_destroy (&config);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_rules), cmocka_unit_test (test_faults),
        cmocka_unit_test (test_too_many), cmocka_unit_test (test_reload),
        cmocka_unit_test (test_sample)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
