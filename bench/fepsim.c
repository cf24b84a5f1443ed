//  fepsim: simulated terminals that log in and report by themselves, and gateways whose meters are polled, for load
//  and for proof.
//  Runs for --seconds or until SIGINT/SIGTERM; then makes no new reports, waits (at most
//  --drain-ms) until all are confirmed, logs out, and prints one JSON line with what happened. A
//  line of counters every 2 s before. SIGUSR1 closes all connections, which are dialled again. Ends 0 if every report
//  sent was confirmed, else 1; 2 for a wrong option.
#include "bench/args.h"
#include "bench/program.h"
#include "bench/fleet.h"
#include "fep/clock.h"
#include <inttypes.h>

#define TURN_MS 5
#define SAVE_MS 2000

static void s_print (const char *what, const fleet_t *fleet, int64_t since_ms)
{
    const fleet_stats_t *stats = fleet_stats (fleet);
    uint64_t all = stats->sent + stats->carried;
    printf ("{\"what\": \"%s\", \"t_ms\": %" PRId64 ", \"online\": %" PRIu64 ", \"sent\": %" PRIu64
            ", \"confirmed\": %" PRIu64 ", \"unconfirmed\": %" PRIu64 ", \"resent\": %" PRIu64
            ", \"carried\": %" PRIu64 ", \"denied\": %" PRIu64 ", \"outstanding\": %" PRIu64
            ", \"put_off\": %" PRIu64 ", \"logins\": %" PRIu64 ", \"heartbeats\": %" PRIu64
            ", \"logouts\": %" PRIu64 ", \"reconnects\": %" PRIu64 ", \"refused_dials\": %" PRIu64
            ", \"requests\": %" PRIu64 ", \"noise\": %" PRIu64 ", \"gateways\": %" PRIu64
            ", \"registrations\": %" PRIu64 ", \"answers\": %" PRIu64 ", \"exceptions\": %" PRIu64
            ", \"silent\": %" PRIu64 ", \"taken\": %" PRIu64 ", \"given_up\": %" PRIu64
            ", \"open\": %" PRIu64 ", \"confirm_us\": {\"p50\": %" PRIu64 ", \"p99\": %" PRIu64
            "}}\n",
            what, clock_mono_ms () - since_ms, stats->online, stats->sent, stats->confirmed,
            all - stats->confirmed, stats->resent, stats->carried, stats->denied,
            stats->outstanding, stats->put_off, stats->logins, stats->heartbeats, stats->logouts,
            stats->reconnects, stats->refused_dials, stats->requests, stats->noise, stats->gateways,
            stats->registrations, stats->answers, stats->exceptions, stats->silent,
            stats->fates[FATE_TAKEN], stats->fates[FATE_GIVEN_UP], stats->fates[FATE_OPEN],
            fleet_latency_us (stats, 0.5), fleet_latency_us (stats, 0.99));
    (void) fflush (stdout);
}

//  The run, then the drain. True if everything is confirmed and saved.
static bool s_run (fleet_t *fleet, int64_t seconds, int64_t drain_ms)
{
    int64_t start = clock_mono_ms ();
    int64_t print = start + SAVE_MS;
    int64_t end = seconds ? start + seconds * 1000 : INT64_MAX;
    bool stopping = false;
    bool saved = true;
    int64_t now = start;
    while (!stopping || (!fleet_done (fleet) && now < end)) {
        fleet_turn (fleet, TURN_MS);
        now = clock_mono_ms ();
        if (program_reconnects ()) {
            fleet_reconnect (fleet);
        }
        if (!stopping && (program_stops () || now >= end)) {
            stopping = true;
            end = now + drain_ms;
            fleet_stop (fleet);
        }
        if (now >= print) {
            s_print ("stats", fleet, start);
            saved = fleet_save (fleet) && saved;
            print = now + SAVE_MS;
        }
    }
    saved = fleet_save (fleet) && saved;
    fleet_end (fleet);
    s_print ("summary", fleet, start);
    const fleet_stats_t *stats = fleet_stats (fleet);
    return saved && stats->confirmed == stats->sent + stats->carried;
}

int main (int argc, char **argv)
{
    int64_t seconds = 0;
    int64_t drain_ms = 20000;
    fleet_options_t o = {.port = 7600,
                         .terminals = 1000,
                         .dtu_port = 7603,
                         .first_dtu = 1,
                         .meters = 4,
                         .first_address = 310100001,
                         .period_ms = 5000,
                         .heartbeat_ms = 60000,
                         .depth = 4,
                         .day_every = 60,
                         .event_every = 240,
                         .timeout_ms = 15000,
                         .connects_per_s = 2000,
                         .utc_offset_min = 480,
                         .state_path = "",
                         .ledger_path = ""};
    const arg_t args[] = {
        {"port", &o.port, NULL, 1, 65535, "port of the listener on 127.0.0.1"},
        {"terminals", &o.terminals, NULL, 1, 60000, "how many"},
        {"first-address", &o.first_address, NULL, 1, 999965534, "decimal address of the first"},
        {"dtus", &o.dtus, NULL, 0, 60000, "how many of them are gateways with polled meters"},
        {"dtu-port", &o.dtu_port, NULL, 1, 65535, "port of the gateways' listener on 127.0.0.1"},
        {"first-dtu", &o.first_dtu, NULL, 1, DTU_NUMBER_MAX - 60000, "number of the first gateway"},
        {"meters", &o.meters, NULL, 1, DTU_METERS_MAX, "behind each gateway"},
        {"split-every", &o.split_every, NULL, 0, 1000000, "one answer in so many in two pieces"},
        {"points", &o.points, NULL, 0, 2040, "measuring points each; 0 = 60000 / period"},
        {"seconds", &seconds, NULL, 0, 31536000, "length of the run; 0 = until a signal"},
        {"period-ms", &o.period_ms, NULL, 10, 86400000, "between two reports of a terminal"},
        {"heartbeat-ms", &o.heartbeat_ms, NULL, 100, 86400000, "between two heartbeats"},
        {"depth", &o.depth, NULL, 1, FLEET_DEPTH_MAX, "reports of a terminal on the way"},
        {"day-every", &o.day_every, NULL, 0, 1000000, "one report in so many is a frozen day"},
        {"event-every", &o.event_every, NULL, 0, 1000000, "one report in so many is an event"},
        {"timeout-ms", &o.timeout_ms, NULL, 100, 3600000, "to a confirmation, then sent again"},
        {"connects-per-s", &o.connects_per_s, NULL, 1, 100000, "pace of the first dialling"},
        {"minutes-back", &o.minutes_back, NULL, 0, 5000000, "device time begins before now"},
        {"utc-offset-min", &o.utc_offset_min, NULL, -720, 840, "of the terminals' clocks"},
        {"drain-ms", &drain_ms, NULL, 0, 3600000, "wait for confirmations at the end"},
        {"state", NULL, &o.state_path, 0, 0, "file to go on from"},
        {"ledger", NULL, &o.ledger_path, 0, 0, "file of what was sent"},
    };
    if (!args_read (argc, argv, 1, args, sizeof args / sizeof args[0])) {
        return 2;
    }
    if (o.points == 0) {
        o.points = 60000 / o.period_ms;
        o.points = o.points < 1 ? 1 : o.points > 2040 ? 2040 : o.points;
    }
    if (o.dtus > o.terminals) {
        fprintf (stderr, "--dtus %" PRId64 ": at most --terminals, %" PRId64 ", is allowed\n",
                 o.dtus, o.terminals);
        return 2;
    }
    program_signals ();
    if (!program_descriptors ("fepsim", (size_t) o.terminals)) {
        return 2;
    }
    fleet_t *fleet = fleet_new (&o);
    if (!fleet) {
        return 2;
    }
    bool ok = s_run (fleet, seconds, drain_ms);
    fleet_destroy (&fleet);
    return ok ? 0 : 1;
}
