//  fepfield: simulated devices of all protocols of the field that are not in fepsim, for load and for proof.
//  Runs for --seconds or until SIGINT/SIGTERM; then the devices make no new reports, wait (at most --drain-ms) until
//  all are confirmed and leave. Prints a JSON line every 2 s and one at the end. With --archive it only writes the
//  rows of the archive. Ends 0 if every report was confirmed, else 1; 2 for a wrong option.
#include "bench/args.h"
#include "bench/program.h"
#include "bench/field_fleet.h"
#include "fep/clock.h"
#include <inttypes.h>
#include <string.h>

#define TURN_MS 5
#define PRINT_MS 2000

static void s_totals (const char *name, const field_totals_t *t)
{
    printf ("\"%s\": {\"online\": %" PRIu64 ", \"connections\": %" PRIu64 ", \"answers\": %" PRIu64
            ", \"taken\": %" PRIu64 ", \"given_up\": %" PRIu64 ", \"open\": %" PRIu64
            ", \"reports\": %" PRIu64 ", \"confirmed\": %" PRIu64 ", \"repeated\": %" PRIu64
            ", \"differing\": %" PRIu64 ", \"noise\": %" PRIu64 "}",
            name, t->online, t->connections, t->answers, t->fates[FIELD_TAKEN],
            t->fates[FIELD_GIVEN_UP], t->fates[FIELD_OPEN], t->reports, t->fates[FIELD_CONFIRMED],
            t->repeated, t->differing, t->noise);
}

static void s_print (const char *what, const field_options_t *options, const field_fleet_t *fleet,
                     int64_t since_ms)
{
    field_totals_t sum = {0};
    printf ("{\"what\": \"%s\", \"t_ms\": %" PRId64 ", \"kinds\": {", what,
            clock_mono_ms () - since_ms);
    for (size_t i = 0; i < options->kind_count; i++) {
        const field_totals_t *totals = field_fleet_totals (fleet, i);
        char name[64];
        snprintf (name, sizeof name, "%s@%u", options->kinds[i].device->name,
                  options->kinds[i].port);
        s_totals (name, totals);
        printf (", ");
        sum.online += totals->online;
        sum.answers += totals->answers;
        sum.reports += totals->reports;
        sum.fates[FIELD_CONFIRMED] += totals->fates[FIELD_CONFIRMED];
    }
    printf ("\"all\": {\"online\": %" PRIu64 ", \"answers\": %" PRIu64 ", \"reports\": %" PRIu64
            ", \"confirmed\": %" PRIu64 "}}}\n",
            sum.online, sum.answers, sum.reports, sum.fates[FIELD_CONFIRMED]);
    (void) fflush (stdout);
}

//  The run, then the drain. True if everything is confirmed and saved.
static bool s_run (field_fleet_t *fleet, const field_options_t *options, int64_t seconds,
                   int64_t drain_ms)
{
    int64_t start = clock_mono_ms ();
    int64_t print = start + PRINT_MS;
    int64_t end = seconds ? start + seconds * 1000 : INT64_MAX;
    int64_t now = start;
    bool stopping = false;
    bool ok = true;
    while (!stopping || (!field_fleet_done (fleet) && now < end)) {
        field_fleet_turn (fleet, TURN_MS);
        now = clock_mono_ms ();
        if (!stopping && (program_stops () || now >= end)) {
            stopping = true;
            end = now + drain_ms;
            field_fleet_stop (fleet);
        }
        if (now >= print) {
            s_print ("stats", options, fleet, start);
            ok = field_fleet_save (fleet) && ok;
            print = now + PRINT_MS;
        }
    }
    field_fleet_end (fleet);
    s_print ("summary", options, fleet, start);
    for (size_t i = 0; i < options->kind_count; i++) {
        const field_totals_t *totals = field_fleet_totals (fleet, i);
        ok = ok && totals->fates[FIELD_CONFIRMED] == totals->reports && totals->differing == 0;
    }
    return field_fleet_save (fleet) && ok;
}

//  --kind may stand several times; they are taken out of the arguments.
static bool s_kinds (int *argc, char **argv, field_options_t *options)
{
    int kept = 1;
    for (int i = 1; i < *argc; i++) {
        if (strcmp (argv[i], "--kind") != 0 || i + 1 == *argc) {
            argv[kept++] = argv[i];
            continue;
        }
        if (options->kind_count == FIELD_KINDS_MAX ||
            !field_kind_parse (argv[++i], &options->kinds[options->kind_count])) {
            return false;
        }
        options->kind_count++;
    }
    *argc = kept;
    return true;
}

static bool s_archive (const field_options_t *options, const char *path)
{
    FILE *file = fopen (path, "w");
    if (!file) {
        perror (path);
        return false;
    }
    field_archive (options, file);
    return fclose (file) == 0;
}

int main (int argc, char **argv)
{
    int64_t seconds = 0;
    int64_t drain_ms = 20000;
    const char *archive = "";
    static field_options_t o = {.connects_per_s = 1000, .ledger_path = ""};
    const arg_t args[] = {
        {"seconds", &seconds, NULL, 0, 31536000, "length of the run; 0 = until a signal"},
        {"split-every", &o.split_every, NULL, 0, 1000000, "one answer in so many in two pieces"},
        {"connects-per-s", &o.connects_per_s, NULL, 1, 100000, "pace of the first dialling"},
        {"drain-ms", &drain_ms, NULL, 0, 3600000, "wait for confirmations at the end"},
        {"ledger", NULL, &o.ledger_path, 0, 0, "file of what was said"},
        {"archive", NULL, &archive, 0, 0, "write the rows of the archive there, and end"},
    };
    if (!s_kinds (&argc, argv, &o) ||
        !args_read (argc, argv, 1, args, sizeof args / sizeof args[0])) {
        return 2;
    }
    if (*archive) {
        return s_archive (&o, archive) ? 0 : 2;
    }
    program_signals ();
    if (!program_descriptors ("fepfield", field_descriptors (&o))) {
        return 2;
    }
    field_fleet_t *fleet = field_fleet_new (&o);
    if (!fleet) {
        return 2;
    }
    bool ok = s_run (fleet, &o, seconds, drain_ms);
    field_fleet_destroy (&fleet);
    return ok ? 0 : 1;
}
