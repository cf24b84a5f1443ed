//  fepmeter: simulated concentrators whose meters are asked, for load and for proof. They log in, beat, and answer
//  class 1 F25, class 2 F161 and control F1 and F2 of Q/GDW 1376.1, some of them late, never, wrongly, or not at all
//  (fleet_asked.h).
//  Runs for --seconds or until SIGINT/SIGTERM; SIGUSR1 closes all connections, which are dialled again. A line of
//  counters every second, the last one with "what": "summary"; with --ledger a line for each measuring point at the
//  end. Ends 0; 2 for a wrong option.
#include "bench/args.h"
#include "bench/program.h"
#include "bench/fleet.h"
#include "fep/clock.h"
#include <inttypes.h>
#include <stdlib.h>

#define TURN_MS 5
#define PRINT_MS 1000
#define LEAVE_MS 5000

static void s_print (const char *what, const fleet_t *fleet, int64_t since_ms, int64_t late_ms)
{
    const fleet_stats_t *stats = fleet_stats (fleet);
    const asked_stats_t *asked = fleet_asked_stats (fleet);
    printf ("{\"what\": \"%s\", \"t_ms\": %" PRId64 ", \"cpu_ms\": %" PRId64
            ", \"late_ms\": %" PRId64 ", \"online\": %" PRIu64 ", \"logins\": %" PRIu64
            ", \"heartbeats\": %" PRIu64 ", \"reconnects\": %" PRIu64
            ", \"refused_dials\": %" PRIu64 ", \"noise\": %" PRIu64 ", \"requests\": %" PRIu64
            ", \"units\": %" PRIu64 ", \"trips\": %" PRIu64 ", \"permits\": %" PRIu64,
            what, clock_mono_ms () - since_ms, program_cpu_us () / 1000, late_ms, stats->online,
            stats->logins, stats->heartbeats, stats->reconnects, stats->refused_dials, stats->noise,
            asked->requests, asked->units, asked->trips, asked->permits);
    for (unsigned i = ASKED_NOT + 1; i < ASKED_OUTCOMES; i++) {
        printf (", \"%s\": %" PRIu64, asked_outcome_name ((asked_outcome_t) i), asked->outcomes[i]);
    }
    printf ("}\n");
    (void) fflush (stdout);
}

//  late_ms: the longest turn since the line before, beyond what it waits.
static void s_run (fleet_t *fleet, int64_t seconds)
{
    int64_t start = clock_mono_ms ();
    int64_t print = start + PRINT_MS;
    int64_t end = seconds ? start + seconds * 1000 : INT64_MAX;
    int64_t late = 0;
    bool stopping = false;
    int64_t now = start;
    while (!stopping || (!fleet_done (fleet) && now < end)) {
        int64_t before = now;
        fleet_turn (fleet, TURN_MS);
        now = clock_mono_ms ();
        if (program_reconnects ()) {
            fleet_reconnect (fleet);
        }
        late = now - before - TURN_MS > late ? now - before - TURN_MS : late;
        if (!stopping && (program_stops () || now >= end)) {
            stopping = true;
            end = now + LEAVE_MS;
            fleet_stop (fleet);
        }
        if (now >= print) {
            s_print ("stats", fleet, start, late);
            print = now + PRINT_MS;
            late = 0;
        }
    }
    fleet_end (fleet);
    s_print ("summary", fleet, start, late);
}

int main (int argc, char **argv)
{
    int64_t seconds = 0;
    asked_options_t asked = {.meters = 8, .slow_ms = 3000, .seed = 1};
    fleet_options_t o = {.port = 7600,
                         .terminals = 1000,
                         .first_address = 310100001,
                         .period_ms = 1000,
                         .points = 1,
                         .depth = 1,
                         .heartbeat_ms = 60000,
                         .timeout_ms = 15000,
                         .connects_per_s = 2000,
                         .utc_offset_min = 480,
                         .state_path = "",
                         .ledger_path = "",
                         .asked = &asked};
    const arg_t args[] = {
        {"port", &o.port, NULL, 1, 65535, "port of the listener on 127.0.0.1"},
        {"terminals", &o.terminals, NULL, 1, 60000, "how many"},
        {"first-address", &o.first_address, NULL, 1, 999965534, "decimal address of the first"},
        {"meters", &asked.meters, NULL, 1, 2040, "measuring points of each"},
        {"slow", &asked.slow, NULL, 0, 1000, "of 1,000 terminals so many answer after --slow-ms"},
        {"never", &asked.never, NULL, 0, 1000, "... never"},
        {"wrong", &asked.wrong, NULL, 0, 1000, "... with a wrong checksum"},
        {"drop", &asked.drop, NULL, 0, 1000, "... drop the line at each second request"},
        {"ee", &asked.ee, NULL, 0, 1000, "of 1,000 meters so many have nothing when asked first"},
        {"fill-s", &asked.fill_s, NULL, 0, 86400,
         "meters' values come within so long; 0 = are there"},
        {"dead-every", &asked.dead_every, NULL, 0, 2040,
         "every so many-th meter never has; 0 = none"},
        {"slow-ms", &asked.slow_ms, NULL, 1, 600000, "see --slow"},
        {"delay-low-ms", &asked.delay_low, NULL, 0, 60000, "round trips of the others from"},
        {"delay-high-ms", &asked.delay_high, NULL, 0, 60000, "to, by terminal; 0 = at once"},
        {"seed", &asked.seed, NULL, 0, 1000000000, "of who behaves how"},
        {"seconds", &seconds, NULL, 0, 31536000, "length of the run; 0 = until a signal"},
        {"heartbeat-ms", &o.heartbeat_ms, NULL, 100, 86400000, "between two heartbeats"},
        {"timeout-ms", &o.timeout_ms, NULL, 100, 3600000, "to the confirmation of a login"},
        {"connects-per-s", &o.connects_per_s, NULL, 1, 100000, "pace of the first dialling"},
        {"utc-offset-min", &o.utc_offset_min, NULL, -720, 840, "of the terminals' clocks"},
        {"ledger", NULL, &o.ledger_path, 0, 0, "file of what was asked and answered"},
    };
    if (!args_read (argc, argv, 1, args, sizeof args / sizeof args[0])) {
        return 2;
    }
    if (asked.delay_high < asked.delay_low) {
        fprintf (stderr, "--delay-high-ms: at least --delay-low-ms\n");
        return 2;
    }
    program_signals ();
    if (!program_descriptors ("fepmeter", (size_t) o.terminals)) {
        return 2;
    }
    fleet_t *fleet = fleet_new (&o);
    if (!fleet) {
        return 2;
    }
    s_run (fleet, seconds);
    fleet_destroy (&fleet);
    return 0;
}
