//  What a fleet of simulated terminals remembers on disk.
#include "bench/ledger.h"
#include <inttypes.h>

#define PATH_SIZE 512

void ledger_write (FILE *file, uint32_t address, const pending_t *pending, bool confirmed)
{
    if (file) {
        fprintf (file, "%09" PRIu32 " %u %u %" PRId64 " %" PRIu32 " %d %d\n", address,
                 pending->report.kind, pending->report.mp, pending->report.minute, pending->sent,
                 confirmed ? 1 : 0, pending->carried ? 1 : 0);
    }
}

void ledger_answer (FILE *file, uint64_t imei, const answered_t *answer, fate_t fate)
{
    if (file) {
        fprintf (file, "%015" PRIu64 " %d %u %" PRIu32 " %" PRId64 " %d %d\n", imei,
                 REPORT_KIND_COUNT + answer->block, answer->unit, answer->counter, answer->sent_ms,
                 fate, answer->whole ? 1 : 0);
    }
}

static bool s_open_line (const char *line, uint32_t *address, pending_t *pending)
{
    unsigned kind = 0;
    unsigned mp = 0;
    *pending = (pending_t){.used = true, .carried = true};
    if (sscanf (line, "open %" SCNu32 " %u %u %" SCNd64 " %" SCNu32, address, &kind, &mp,
                &pending->report.minute, &pending->sent) != 5 ||
        kind >= REPORT_KIND_COUNT || mp > 2040) {
        return false;
    }
    pending->report.kind = (uint8_t) kind;
    pending->report.mp = (uint16_t) mp;
    return true;
}

static bool s_meter_line (const char *line, uint32_t *number, unsigned *unit,
                          uint32_t counter[DTU_BLOCKS])
{
    return sscanf (line, "meter %" SCNu32 " %u %" SCNu32 " %" SCNu32, number, unit, &counter[0],
                   &counter[1]) == 4 &&
           *unit >= 1 && *unit <= DTU_METERS_MAX;
}

bool state_read (const char *path, int64_t next[REPORT_KIND_COUNT], state_open_t *open,
                 state_meter_t *meter, void *arg)
{
    char line[160];
    uint32_t address = 0;
    uint32_t counter[DTU_BLOCKS];
    unsigned unit = 0;
    pending_t pending;
    FILE *file = fopen (path, "r");
    if (!file) {
        return true;
    }
    bool ok = fgets (line, sizeof line, file) && strcmp (line, "fepsim 1\n") == 0 &&
              fgets (line, sizeof line, file) &&
              sscanf (line, "next %" SCNd64 " %" SCNd64 " %" SCNd64, &next[REPORT_CURRENT],
                      &next[REPORT_DAY], &next[REPORT_EVENT]) == 3;
    while (ok && fgets (line, sizeof line, file)) {
        if (s_meter_line (line, &address, &unit, counter)) {
            meter (arg, address, unit, counter);
            continue;
        }
        ok = s_open_line (line, &address, &pending);
        if (ok) {
            open (arg, address, &pending);
        }
    }
    fclose (file);
    return ok;
}

static void s_beside (const char *path, char *beside)
{
    snprintf (beside, PATH_SIZE, "%s.new", path);
}

FILE *state_begin (const char *path, const int64_t next[REPORT_KIND_COUNT])
{
    char beside[PATH_SIZE];
    s_beside (path, beside);
    FILE *file = fopen (beside, "w");
    if (file) {
        fprintf (file, "fepsim 1\nnext %" PRId64 " %" PRId64 " %" PRId64 "\n", next[REPORT_CURRENT],
                 next[REPORT_DAY], next[REPORT_EVENT]);
    }
    return file;
}

void state_open (FILE *file, uint32_t address, const pending_t *pending)
{
    fprintf (file, "open %09" PRIu32 " %u %u %" PRId64 " %" PRIu32 "\n", address,
             pending->report.kind, pending->report.mp, pending->report.minute, pending->sent);
}

void state_meter (FILE *file, uint32_t number, unsigned unit, const uint32_t counter[DTU_BLOCKS],
                  uint32_t ahead)
{
    fprintf (file, "meter %" PRIu32 " %u %" PRIu32 " %" PRIu32 "\n", number, unit,
             counter[0] + ahead, counter[1] + ahead);
}

bool state_end (FILE *file, const char *path)
{
    char beside[PATH_SIZE];
    s_beside (path, beside);
    bool ok = fflush (file) == 0 && !ferror (file);
    ok = fclose (file) == 0 && ok;
    return ok && rename (beside, path) == 0;
}
