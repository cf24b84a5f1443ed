//  Log lines as they reach stderr: form, cutting, control characters, levels, limits per id,
//  threads.
#include "fep/clock.h"
#include "fep/log.h"
#include "tests/test.h"
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static FILE *s_file;
static int s_stderr = -1;
static char s_text[1 << 21];

//  From here to s_caught stderr goes to a file without name.
static void s_catch (void)
{
    s_file = tmpfile ();
    assert_non_null (s_file);
    s_stderr = dup (STDERR_FILENO);
    assert_true (s_stderr >= 0);
    assert_true (dup2 (fileno (s_file), STDERR_FILENO) >= 0);
}

//  What was written since s_catch.
static const char *s_caught (void)
{
    assert_true (dup2 (s_stderr, STDERR_FILENO) >= 0);
    close (s_stderr);
    ssize_t n = pread (fileno (s_file), s_text, sizeof s_text - 1, 0);
    assert_true (n >= 0);
    s_text[n] = 0;
    fclose (s_file);
    return s_text;
}

static int s_reset (void **state)
{
    (void) state;
    log_set_level (LEVEL_INFO);
    log_set_actor ("main");
    return 0;
}

static unsigned s_count (const char *text, const char *part)
{
    unsigned count = 0;
    for (const char *at = strstr (text, part); at; at = strstr (at + 1, part)) {
        count++;
    }
    return count;
}

static void test_form (void **state)
{
    (void) state;
    log_set_actor ("connector.2");
    s_catch ();
    int64_t before_ms = clock_wall_ms ();
    log_line (LEVEL_WARNING, "FORM-TEST", "terminal=%d reason=%s", 310100012, "silent");
    int64_t after_ms = clock_wall_ms ();
    const char *line = s_caught ();
    char first[40];
    char last[40];
    clock_utc_text (before_ms, first, sizeof first);
    clock_utc_text (after_ms, last, sizeof last);
    assert_true (strlen (line) > 24 && line[23] == 'Z');
    assert_true (strncmp (line, first, 24) >= 0 && strncmp (line, last, 24) <= 0);
    assert_string_equal (line + 24, " W connector.2 FORM-TEST terminal=310100012 reason=silent\n");
}

static void test_empty_text (void **state)
{
    (void) state;
    s_catch ();
    log_line (LEVEL_INFO, "EMPTY-TEST", "%s", "");
    assert_string_equal (s_caught () + 24, " I main EMPTY-TEST\n");
}

static void test_levels (void **state)
{
    (void) state;
    s_catch ();
    log_line (LEVEL_INFO, "LEVEL-TEST", "a=%d", 1);
    log_line (LEVEL_DEBUG, "LEVEL-TEST", "a=%d", 2);
    log_set_level (LEVEL_TRACE);
    log_line (LEVEL_DEBUG, "LEVEL-TEST", "a=%d", 3);
    log_line (LEVEL_TRACE, "LEVEL-TEST", "a=%d", 4);
    log_set_level (LEVEL_ERROR);
    log_line (LEVEL_WARNING, "LEVEL-TEST", "a=%d", 5);
    log_line (LEVEL_ERROR, "LEVEL-TEST", "a=%d", 6);
    const char *text = s_caught ();
    assert_int_equal (s_count (text, "\n"), 4);
    assert_non_null (strstr (text, " I main LEVEL-TEST a=1\n"));
    assert_non_null (strstr (text, " D main LEVEL-TEST a=3\n"));
    assert_non_null (strstr (text, " T main LEVEL-TEST a=4\n"));
    assert_non_null (strstr (text, " E main LEVEL-TEST a=6\n"));
}

static void test_level_names (void **state)
{
    (void) state;
    static const char *const names[] = {"error", "warning", "info", "debug", "trace"};
    for (int i = 0; i < 5; i++) {
        log_level_t level = LEVEL_ERROR;
        assert_true (log_level_parse (names[i], &level));
        assert_int_equal (level, i);
    }
    log_level_t level = LEVEL_DEBUG;
    assert_false (log_level_parse ("loud", &level));
    assert_false (log_level_parse ("", &level));
    assert_int_equal (level, LEVEL_DEBUG);
}

static void test_long_lines_are_cut (void **state)
{
    (void) state;
    char text[3000];
    memset (text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    size_t head = strlen ("2026-11-21T03:08:36.123Z I main CUT-TEST ");
    for (int away = -2; away <= 2; away++) {
        s_catch ();
        log_line (LEVEL_INFO, "CUT-TEST", "%.*s", (int) (1023 - head) + away, text);
        const char *line = s_caught ();
        size_t size = strlen (line);
        assert_int_equal (size, away < 0 ? 1024 + away : 1024);
        assert_int_equal (line[size - 1], '\n');
        assert_int_equal (strcmp (line + size - 5, "x...\n") == 0, away > 0);
    }
    s_catch ();
    log_line (LEVEL_INFO, "CUT-TEST", "%s", text);
    assert_int_equal (strlen (s_caught ()), 1024);
}

static void test_control_characters (void **state)
{
    (void) state;
    s_catch ();
    log_line (LEVEL_INFO, "CONTROL-TEST", "a=%s", "x\ny\r\x1b[31m\x7f\xe7\xbb\x88");
    assert_string_equal (s_caught () + 24, " I main CONTROL-TEST a=x?y??[31m?\xe7\xbb\x88\n");
}

//  Sum of what the suppressed= lines of an id say.
static unsigned s_suppressed (const char *text, const char *id)
{
    unsigned sum = 0;
    char part[80];
    snprintf (part, sizeof part, " %s suppressed=", id);
    for (const char *at = strstr (text, part); at; at = strstr (at + 1, part)) {
        sum += (unsigned) strtoul (at + strlen (part), NULL, 10);
    }
    return sum;
}

static void test_errno_is_kept (void **state)
{
    (void) state;
    s_catch ();
    for (int i = 0; i < LOG_BURST + 10; i++) {
        errno = ENOSPC;
        log_line (LEVEL_INFO, "ERRNO-TEST", "%s", "x");
        assert_int_equal (errno, ENOSPC);
    }
    log_flush ();
    const char *text = s_caught ();
    assert_int_equal (s_count (text, "ERRNO-TEST x") + s_suppressed (text, "ERRNO-TEST"),
                      LOG_BURST + 10);
}

static void test_long_actor_is_cut (void **state)
{
    (void) state;
    log_set_actor ("1234567890123456789012345678901234567890");
    s_catch ();
    log_line (LEVEL_INFO, "ACTOR-TEST", "a=%d", 1);
    assert_string_equal (s_caught () + 24, " I 1234567890123456789012345678901 ACTOR-TEST a=1\n");
}

//  Many lines within one second: exactly LOG_BURST are written, the others are counted. A machine
//  that needs more than a second for them gets another try with another id.
static void test_burst (void **state)
{
    (void) state;
    static const char *const ids[] = {"BURST-1", "BURST-2", "BURST-3", "BURST-4", "BURST-5"};
    for (int try = 0; try < 5; try++) {
        s_catch ();
        int64_t began_ms = clock_mono_ms ();
        for (int i = 0; i < 500; i++) {
            log_line (LEVEL_WARNING, ids[try], "n=%d", i);
        }
        bool quick = clock_mono_ms () - began_ms < 1000;
        log_line (LEVEL_INFO, "OTHER-ID", "try=%d", try);
        log_flush ();
        log_flush ();
        const char *text = s_caught ();
        unsigned written = s_count (text, " n=");
        assert_int_equal (written + s_suppressed (text, ids[try]), 500);
        assert_int_equal (s_count (text, "OTHER-ID"), 1);
        if (quick) {
            assert_int_equal (written, LOG_BURST);
            assert_int_equal (s_count (text, " W main BURST"), LOG_BURST + 1);
            return;
        }
    }
    fail_msg ("500 lines never took less than a second");
}

//  When the second has ended the next line of the id says first what was suppressed.
static void test_suppressed_is_said_when_the_second_ends (void **state)
{
    (void) state;
    s_catch ();
    int64_t deadline_ms = clock_mono_ms () + 30000;
    unsigned lines = 0;
    struct stat_size {
        off_t before;  //  Size of the file before the line
        off_t after;   //  And behind it
    } size = {0, 0};
    while (size.after - size.before < 100 && clock_mono_ms () < deadline_ms) {
        size.before = lseek (fileno (s_file), 0, SEEK_END);
        log_line (LEVEL_INFO, "ENDS-TEST", "k=%u", lines++);
        size.after = lseek (fileno (s_file), 0, SEEK_END);
    }
    log_flush ();
    const char *text = s_caught ();
    const char *said = strstr (text, " I main ENDS-TEST suppressed=");
    assert_non_null (said);
    assert_non_null (strstr (said, " I main ENDS-TEST k="));
    assert_int_equal (s_count (text, " k=") + s_suppressed (text, "ENDS-TEST"), lines);
}

static void *s_writer (void *argument)
{
    log_set_actor (argument);
    for (int i = 0; i < 2000; i++) {
        log_line (LEVEL_INFO, "THREAD-TEST", "t=%d", i);
    }
    return NULL;
}

//  Lines of threads are never mixed, and none is lost from the account.
static void test_threads (void **state)
{
    (void) state;
    char names[4][24];
    pthread_t threads[4];
    s_catch ();
    for (int i = 0; i < 4; i++) {
        snprintf (names[i], sizeof names[i], "thread.%d", i);
        assert_int_equal (pthread_create (&threads[i], NULL, s_writer, names[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        assert_int_equal (pthread_join (threads[i], NULL), 0);
    }
    log_flush ();
    char *text = s_text;
    s_caught ();
    assert_int_equal (s_count (text, " t=") + s_suppressed (text, "THREAD-TEST"), 8000);
    for (char *line = strtok (text, "\n"); line; line = strtok (NULL, "\n")) {
        assert_true (strlen (line) > 26 && line[23] == 'Z');
        assert_int_equal (strncmp (line + 24, " I thread.", 10), 0);
    }
}

//  Ids beyond the table's size share one account: they are written, and limited together.
static void test_more_ids_than_the_table (void **state)
{
    (void) state;
    static char ids[LOG_IDS_MAX * 2][24];
    s_catch ();
    for (int i = 0; i < LOG_IDS_MAX * 2; i++) {
        snprintf (ids[i], sizeof ids[i], "ID-%d", i);
        log_line (LEVEL_INFO, ids[i], "z=%d", i);
    }
    log_flush ();
    const char *text = s_caught ();
    unsigned written = s_count (text, " z=");
    assert_true (written >= LOG_BURST + 1 && written <= LOG_IDS_MAX * 2);
    assert_int_equal (written + s_suppressed (text, "LOG-OTHER"), LOG_IDS_MAX * 2);
    assert_true (s_suppressed (text, "LOG-OTHER") > 0);
}

int main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup (test_form, s_reset),
        cmocka_unit_test_setup (test_empty_text, s_reset),
        cmocka_unit_test_setup (test_levels, s_reset),
        cmocka_unit_test_setup (test_level_names, s_reset),
        cmocka_unit_test_setup (test_long_lines_are_cut, s_reset),
        cmocka_unit_test_setup (test_control_characters, s_reset),
        cmocka_unit_test_setup (test_errno_is_kept, s_reset),
        cmocka_unit_test_setup (test_long_actor_is_cut, s_reset),
        cmocka_unit_test_setup (test_burst, s_reset),
        cmocka_unit_test_setup (test_suppressed_is_said_when_the_second_ends, s_reset),
        cmocka_unit_test_setup (test_threads, s_reset),
        cmocka_unit_test_setup (test_more_ids_than_the_table, s_reset),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
