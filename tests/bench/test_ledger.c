//  The fleet's state file: what a run leaves is what the next one finds.
#include "tests/test.h"
#include "bench/ledger.h"
#include <stdlib.h>
#include <unistd.h>

typedef struct {
    unsigned opens;                //  Open reports seen
    unsigned meters;               //  Meters seen
    uint32_t address;              //  Of the last open report
    uint32_t number;               //  Of the last gateway
    unsigned unit;                 //  Of the last meter
    uint32_t counter[DTU_BLOCKS];  //  Its counters
} found_t;

static void s_open (void *arg, uint32_t address, const pending_t *pending)
{
    found_t *found = arg;
    found->opens++;
    found->address = address;
    assert_true (pending->used && pending->carried && pending->sent == 3);
    assert_true (pending->report.minute == 77 && pending->report.mp == 5);
}

static void s_meter (void *arg, uint32_t number, unsigned unit, const uint32_t counter[DTU_BLOCKS])
{
    found_t *found = arg;
    found->meters++;
    found->number = number;
    found->unit = unit;
    memcpy (found->counter, counter, sizeof found->counter);
}

static void s_test_state (void **state)
{
    char path[] = "/tmp/fep-ledger-XXXXXX";
    int64_t next[REPORT_KIND_COUNT] = {1, 2, 3};
    const uint32_t counter[DTU_BLOCKS] = {4000000000u, 8};
    const pending_t pending = {.report = {77, 5, REPORT_CURRENT}, .sent = 3, .used = true};
    found_t found = {0};
    (void) state;
    int fd = mkstemp (path);
    assert_true (fd >= 0);
    close (fd);
    FILE *file = state_begin (path, next);
    assert_non_null (file);
    state_open (file, 310100001, &pending);
    state_meter (file, 7, 32, counter, 0);
    state_meter (file, 8, 1, counter, 100);
    assert_true (state_end (file, path));
    memset (next, 0, sizeof next);
    assert_true (state_read (path, next, s_open, s_meter, &found));
    assert_true (next[0] == 1 && next[1] == 2 && next[2] == 3);
    assert_true (found.opens == 1 && found.address == 310100001);
    assert_true (found.meters == 2 && found.number == 8 && found.unit == 1);
    assert_true (found.counter[0] == 4000000100u && found.counter[1] == 108);

    //  A unit no gateway can have is no state of ours.
    file = state_begin (path, next);
    assert_non_null (file);
    state_meter (file, 7, DTU_METERS_MAX + 1, counter, 0);
    assert_true (state_end (file, path));
    assert_false (state_read (path, next, s_open, s_meter, &found));
    unlink (path);
}

int main (void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test (s_test_state)};
    return cmocka_run_group_tests (tests, NULL, NULL);
}
