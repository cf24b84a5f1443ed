//  fepbench: proof and cost under load.
//    fepbench run SCENARIO | compare A B | list    scenarios; bench/scenario/main.py
//    fepbench push ...    what a confirmed report costs fepd, as a ratio to floor run beside it
//    fepbench push [--terminals 5000] [--depth 1|8 --rate 0|20000] [--seconds 5] [--rounds 3] [--data DIR]
//                  [--fepd PATH] [--floor PATH] [--mosquitto PATH] [--nats PATH] [--pin 0|1]
//  Without --depth and --rate the three usual loads: one report outstanding for each terminal, eight, and one
//  paced at 20,000 a second. The programs are those beside this one.
//  With --mosquitto that broker takes the same reports as QoS 1 publishes, persistence on; with --nats a
//  JetStream of one replica stores them in files.
//  Each round runs floor, then fepd, then the brokers, each on a fresh store with one subscriber: connect
//  and log in, one second to warm up, then the window. Printed for each run, then the best (lowest
//  cost, highest rate) and the median of fepd and of each other, and fepd's ratio to it:
//    cpu_us     on-CPU microseconds of the server process (all threads) per report confirmed in the
//    window
//    frames_s   reports confirmed per second
//    p50, p99   microseconds from write to confirmation (depth 8: of the whole write)
//    rss        bytes of resident memory a session: after all logins minus before the first
//    connection
//    cpu_gen    the same as cpu_us for this program, without its subscriber
//    threads    of that server: cpu_us outside the kernel + within it
#include "bench/args.h"
#include "bench/child.h"
#include "bench/drive.h"
#include "bench/peer.h"
#include "fep/check.h"
#include "fep/clock.h"
#include <arpa/inet.h>
#include <errno.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#define ROUNDS_MAX 50
#define WARM_MS 1000
#define READY_MS 30000
#define DRAIN_MS 10000
#define STOP_MS 20000
#define SETTLE_MS 300
#define THREAD_SHOWN_US 0.05
#define FIRST_ADDRESS 310100001

#define DATA_DEFAULT "var/bench"

typedef struct {
    double cpu_us;                              //  Per confirmed frame
    double cpu_gen_us;                          //  The same of this program
    double frames_s;                            //  Confirmed
    uint32_t p50_us;                            //  Latency
    uint32_t p99_us;                            //  Latency
    double rss;                                 //  Bytes a session
    uint64_t unconfirmed;                       //  After the drain
    uint64_t skipped;                           //  Paced writes left out
    uint64_t publications;                      //  Received by the subscriber
    child_thread_t threads[CHILD_THREADS_MAX];  //  Seconds of the window
    size_t thread_count;                        //  Of them
    double frames;                              //  Confirmed in the window
} result_t;

typedef struct {
    const char *programs[SERVER_COUNT];  //  "": that one is not asked
    const char *data;                    //  Directory for stores, configuration, logs
    int64_t terminals;
    int64_t depth;
    int64_t rate;
    int64_t seconds;
    int64_t rounds;
    int64_t port_base;  //  Listener; the feed is one above, the door two
    int64_t pin;        //  1: server on CPU 0, this program on CPU 1
} options_t;

//  The subscriber in its thread.
typedef struct {
    pthread_t thread;    //  Its thread
    const peer_t *peer;  //  Whose publications it takes
    peer_feed_t feed;    //  And counts
} subscriber_t;

static void *s_subscribe (void *arg)
{
    subscriber_t *self = arg;
    self->peer->subscribe (&self->feed);
    return NULL;
}

static uint64_t s_self_cpu_ns (void)
{
    struct timespec cpu;
    (void) clock_gettime (CLOCK_THREAD_CPUTIME_ID, &cpu);
    return (uint64_t) cpu.tv_sec * 1000000000 + (uint64_t) cpu.tv_nsec;
}

static int s_remove (const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void) info;
    (void) kind;
    (void) walk;
    return remove (path);
}

//  Until its listener accepts. False if it died or took too long.
static bool s_ready (pid_t pid, int64_t port)
{
    int64_t end = clock_mono_ms () + READY_MS;
    struct sockaddr_in peer = {.sin_family = AF_INET,
                               .sin_port = htons ((uint16_t) port),
                               .sin_addr.s_addr = htonl (INADDR_LOOPBACK)};
    while (child_alive (pid) && clock_mono_ms () < end) {
        int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        bool ok = fd >= 0 && connect (fd, (struct sockaddr *) &peer, sizeof peer) == 0;
        close (fd);
        if (ok) {
            return true;
        }
        (void) usleep (20000);
    }
    return false;
}

//  What its threads took since `before`.
static void s_threads (pid_t pid, const child_thread_t before[CHILD_THREADS_MAX], size_t known,
                       result_t *result)
{
    result->thread_count = child_threads (pid, result->threads);
    for (size_t i = 0; i < result->thread_count; i++) {
        for (size_t k = 0; k < known; k++) {
            if (strcmp (before[k].name, result->threads[i].name) == 0) {
                result->threads[i].user_s -= before[k].user_s;
                result->threads[i].kernel_s -= before[k].kernel_s;
            }
        }
    }
}

static void s_window (const options_t *o, pid_t pid, drive_t *drive, result_t *result)
{
    drive_run (drive, WARM_MS);
    drive_mark (drive);
    uint64_t frames = drive_stats (drive)->confirmed;
    uint64_t cpu = child_cpu_ns (pid);
    uint64_t own = s_self_cpu_ns ();
    child_thread_t before[CHILD_THREADS_MAX];
    size_t known = child_threads (pid, before);
    int64_t start = clock_mono_us ();
    drive_run (drive, o->seconds * 1000);
    double us = (double) (clock_mono_us () - start);
    double done = (double) (drive_stats (drive)->confirmed - frames);
    result->cpu_us = (double) (child_cpu_ns (pid) - cpu) / 1000 / done;
    result->cpu_gen_us = (double) (s_self_cpu_ns () - own) / 1000 / done;
    result->frames_s = done / us * 1e6;
    result->frames = done;
    s_threads (pid, before, known, result);
    result->p50_us = drive_latency_us (drive, 0.5);
    result->p99_us = drive_latency_us (drive, 0.99);
    result->skipped = drive_stats (drive)->skipped;
    result->unconfirmed = drive_drain (drive, DRAIN_MS);
}

//  Connects, measures. False after a line on stderr.
static bool s_measure (const options_t *o, server_t server, pid_t pid, result_t *result)
{
    drive_options_t options = {(uint16_t) o->port_base, (uint32_t) o->terminals,
                               FIRST_ADDRESS,           (uint32_t) o->depth,
                               (uint32_t) o->rate,      peers[server].protocol};
    uint64_t before = child_rss (pid);
    drive_t *drive = drive_new (&options);
    if (!drive) {
        return false;
    }
    (void) usleep (SETTLE_MS * 1000);
    result->rss = ((double) child_rss (pid) - (double) before) / (double) o->terminals;
    s_window (o, pid, drive, result);
    const drive_stats_t *stats = drive_stats (drive);
    bool ok = stats->lost == 0 && stats->noise == 0 && stats->denied == 0;
    if (!ok) {
        fprintf (stderr,
                 "fepbench: lost connections %" PRIu64 ", noise %" PRIu64 ", denied %" PRIu64 "\n",
                 stats->lost, stats->noise, stats->denied);
    }
    drive_destroy (&drive);
    return ok;
}

//  One run of one server. False if it could not be measured; its log stays in the data directory.
static bool s_run (const options_t *o, server_t server, int64_t round, result_t *result)
{
    char directory[PEER_PATH_SIZE - 32];
    char log[PEER_PATH_SIZE];
    const peer_t *peer = &peers[server];
    subscriber_t subscriber = {.peer = peer, .feed.port = (int) o->port_base};
    peer_place_t place = {directory, (int) o->port_base, (uint32_t) o->terminals, FIRST_ADDRESS};
    snprintf (directory, sizeof directory, "%s/%s-%" PRId64, o->data, peer->name, round);
    snprintf (log, sizeof log, "%s/%s-%" PRId64 ".log", o->data, peer->name, round);
    (void) nftw (directory, s_remove, 16, FTW_DEPTH | FTW_PHYS);
    if (mkdir (directory, 0755) != 0 || !peer_configure (peer, &place)) {
        fprintf (stderr, "fepbench: %s: %s\n", directory, strerror (errno));
        return false;
    }
    pid_t pid = peer_start (peer, o->programs[server], &place, log, o->pin ? 0 : -1);
    bool ok = pid > 0 && s_ready (pid, o->port_base) && (!peer->prepare || peer->prepare (&place));
    if (!ok) {
        fprintf (stderr, "fepbench: %s did not come up; see %s\n", peer->name, log);
    }
    if (ok && pthread_create (&subscriber.thread, NULL, s_subscribe, &subscriber) == 0) {
        (void) usleep (SETTLE_MS * 1000);
        ok = s_measure (o, server, pid, result);
        subscriber.feed.stop = true;
        (void) pthread_join (subscriber.thread, NULL);
        result->publications = subscriber.feed.messages;
    }
    int status = pid > 0 ? child_stop (pid, STOP_MS) : 0;
    if (status < 0 || status > peer->end_status) {
        fprintf (stderr, "fepbench: %s did not end well; see %s\n", peer->name, log);
        ok = false;
    }
    (void) nftw (directory, s_remove, 16, FTW_DEPTH | FTW_PHYS);
    return ok;
}

static void s_print_run (server_t server, int64_t round, const result_t *r)
{
    printf ("%-6s round=%" PRId64 " cpu_us=%.3f frames_s=%.0f p50_us=%u p99_us=%u rss=%.0f"
            " cpu_gen_us=%.3f unconfirmed=%" PRIu64 " skipped=%" PRIu64 " publications=%" PRIu64
            "\n",
            peers[server].name, round, r->cpu_us, r->frames_s, r->p50_us, r->p99_us, r->rss,
            r->cpu_gen_us, r->unconfirmed, r->skipped, r->publications);
    printf ("threads %s round=%" PRId64, peers[server].name, round);
    for (size_t i = 0; i < r->thread_count; i++) {
        double user_us = r->threads[i].user_s * 1e6 / r->frames;
        double kernel_us = r->threads[i].kernel_s * 1e6 / r->frames;
        if (user_us + kernel_us >= THREAD_SHOWN_US) {
            printf (" %s=%.2f+%.2f", r->threads[i].name, user_us, kernel_us);
        }
    }
    printf ("\n");
    (void) fflush (stdout);
}

static int s_order (const void *a, const void *b)
{
    double x = *(const double *) a;
    double y = *(const double *) b;
    return (x > y) - (x < y);
}

typedef struct {
    double best;    //  Smallest cost, highest rate
    double median;  //  Middle
} summary_t;

static summary_t s_summary (const result_t *results, size_t count, double (*of) (const result_t *),
                            bool higher)
{
    double values[ROUNDS_MAX];
    for (size_t i = 0; i < count; i++) {
        values[i] = of (&results[i]);
    }
    qsort (values, count, sizeof values[0], s_order);
    return (summary_t){values[higher ? count - 1 : 0],
                       (values[count / 2] + values[(count - 1) / 2]) / 2};
}

static double s_cpu (const result_t *r)
{
    return r->cpu_us;
}

static double s_rate (const result_t *r)
{
    return r->frames_s;
}

static double s_p50 (const result_t *r)
{
    return r->p50_us;
}

static double s_p99 (const result_t *r)
{
    return r->p99_us;
}

static double s_rss (const result_t *r)
{
    return r->rss;
}

//  fepd beside another.
static void s_print_summary (result_t results[SERVER_COUNT][ROUNDS_MAX], server_t beside,
                             size_t count)
{
    static const struct {
        const char *name;
        double (*of) (const result_t *);
        bool higher;  //  Is better
    } s_lines[] = {{"cpu_us", s_cpu, false},
                   {"frames_s", s_rate, true},
                   {"p50_us", s_p50, false},
                   {"p99_us", s_p99, false},
                   {"rss", s_rss, false}};
    printf ("\nfepd/%-9s %12s %12s %12s %12s %9s %9s\n", peers[beside].name, "its best", "median",
            "fepd best", "median", "of best", "of median");
    for (size_t i = 0; i < sizeof s_lines / sizeof s_lines[0]; i++) {
        summary_t floor = s_summary (results[beside], count, s_lines[i].of, s_lines[i].higher);
        summary_t fepd = s_summary (results[SERVER_FEPD], count, s_lines[i].of, s_lines[i].higher);
        printf ("%-14s %12.3f %12.3f %12.3f %12.3f %9.2f %9.2f\n", s_lines[i].name, floor.best,
                floor.median, fepd.best, fepd.median, fepd.best / floor.best,
                fepd.median / floor.median);
    }
}

static void s_print_machine (int argc, char **argv)
{
    char line[256];
    char model[128] = "unknown";
    int major = 0;
    int minor = 0;
    int patch = 0;
    struct utsname name;
    (void) uname (&name);
    zmq_version (&major, &minor, &patch);
    FILE *cpu = fopen ("/proc/cpuinfo", "r");
    while (cpu && fgets (line, sizeof line, cpu)) {
        if (sscanf (line, "model name : %127[^\n]", model) == 1) {
            break;
        }
    }
    if (cpu) {
        fclose (cpu);
    }
    printf ("# %s, %ld CPUs, %s %s, compiler %s, libzmq %d.%d.%d, fep %s\n#", model,
            sysconf (_SC_NPROCESSORS_ONLN), name.sysname, name.release, __VERSION__, major, minor,
            patch, BENCH_VERSION);
    for (int i = 0; i < argc; i++) {
        printf (" %s", argv[i]);
    }
    printf ("\n");
    (void) fflush (stdout);
}

static bool s_prepare (const options_t *o)
{
    struct rlimit limit;
    (void) getrlimit (RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    (void) setrlimit (RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < (rlim_t) o->terminals + 1024) {
        fprintf (stderr,
                 "fepbench: %" PRId64 " terminals need %" PRId64 " descriptors; %llu are allowed\n",
                 o->terminals, o->terminals + 1024, (unsigned long long) limit.rlim_max);
        return false;
    }
    if ((strcmp (o->data, DATA_DEFAULT) == 0 && mkdir ("var", 0755) != 0 && errno != EEXIST) ||
        (mkdir (o->data, 0755) != 0 && errno != EEXIST)) {
        fprintf (stderr, "fepbench: %s: %s\n", o->data, strerror (errno));
        return false;
    }
    if (o->pin) {
        cpu_set_t set;
        CPU_ZERO (&set);
        CPU_SET (1, &set);
        (void) sched_setaffinity (0, sizeof set, &set);
    }
    return true;
}

//  The path of a program beside this one. False if this one's own cannot be read.
static bool s_beside (const char *name, char *path, size_t size)
{
    char own[PATH_MAX];
    ssize_t length = readlink ("/proc/self/exe", own, sizeof own - 1);
    if (length <= 0) {
        return false;
    }
    own[length] = 0;
    char *slash = strrchr (own, '/');
    return snprintf (path, size, "%.*s/%s", (int) (slash - own), own, name) < (int) size;
}

//  All rounds of one load, the servers in turn.
static bool s_load (const options_t *o)
{
    static result_t s_results[SERVER_COUNT][ROUNDS_MAX];
    printf ("\ndepth=%" PRId64 " rate=%" PRId64 "\n", o->depth, o->rate);
    for (int64_t round = 0; round < o->rounds; round++) {
        for (server_t server = 0; server < SERVER_COUNT; server++) {
            result_t *result = &s_results[server][round];
            if (!*o->programs[server]) {
                continue;
            }
            if (!s_run (o, server, round, result)) {
                return false;
            }
            s_print_run (server, round, result);
        }
    }
    for (server_t server = 0; server < SERVER_COUNT; server++) {
        if (server != SERVER_FEPD && *o->programs[server]) {
            s_print_summary (s_results, server, (size_t) o->rounds);
        }
    }
    return true;
}

//  The scenarios are a program of their own.
static int s_scenario (int argc, char **argv)
{
    char own[PATH_MAX];
    char **arguments = calloc ((size_t) argc + 5, sizeof *arguments);
    size_t n = 0;
    FEP_ASSERT (arguments);
    if (!s_beside (".", own, sizeof own)) {
        return 2;
    }
    char *const first[] = {(char *) (uintptr_t) "/usr/bin/python3",
                           (char *) (uintptr_t) BENCH_DIR "/scenario/main.py",
                           (char *) (uintptr_t) "--programs", own};
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
        arguments[n++] = first[i];
    }
    for (int i = 1; i < argc; i++) {
        arguments[n++] = argv[i];
    }
    arguments[n] = NULL;
    (void) execv (arguments[0], arguments);
    fprintf (stderr, "fepbench: %s: %s\n", arguments[0], strerror (errno));
    return 2;
}

int main (int argc, char **argv)
{
    static const struct {
        int64_t depth;  //  Reports of a terminal on the way
        int64_t rate;   //  Reports a second; 0 = as fast as it goes
    } usual[] = {{1, 0}, {8, 0}, {1, 20000}};
    static char fepd[PATH_MAX], floor_path[PATH_MAX];
    options_t o = {.programs = {floor_path, fepd, "", ""},
                   .data = DATA_DEFAULT,
                   .terminals = 5000,
                   .rate = -1,
                   .seconds = 5,
                   .rounds = 3,
                   .port_base = 7700};
    const arg_t args[] = {
        {"fepd", NULL, &o.programs[SERVER_FEPD], 0, 0, "program; default beside this one"},
        {"floor", NULL, &o.programs[SERVER_FLOOR], 0, 0, "program; default beside this one"},
        {"mosquitto", NULL, &o.programs[SERVER_MOSQUITTO], 0, 0, "program; default none"},
        {"nats", NULL, &o.programs[SERVER_NATS], 0, 0, "nats-server; default none"},
        {"data", NULL, &o.data, 0, 0, "directory for stores and logs; default " DATA_DEFAULT},
        {"terminals", &o.terminals, NULL, 1, 18000, "connections"},
        {"depth", &o.depth, NULL, 1, DRIVE_DEPTH_MAX, "frames in one write"},
        {"rate", &o.rate, NULL, 0, 1000000, "frames a second; 0 = as fast as it goes"},
        {"seconds", &o.seconds, NULL, 1, 600, "length of the window"},
        {"rounds", &o.rounds, NULL, 1, ROUNDS_MAX, "runs of each server"},
        {"port-base", &o.port_base, NULL, 1024, 65000, "listener; feed + 1, door + 2"},
        {"pin", &o.pin, NULL, 0, 1, "server on CPU 0, this program on CPU 1"},
    };
    if (argc >= 2 && strcmp (argv[1], "push") != 0) {
        return s_scenario (argc, argv);
    }
    if (argc < 2 || !s_beside ("fepd", fepd, sizeof fepd) ||
        !s_beside ("floor", floor_path, sizeof floor_path) ||
        !args_read (argc, argv, 2, args, sizeof args / sizeof args[0])) {
        fprintf (stderr,
                 "fepbench run|compare|list|push; --help behind each lists what it takes\n");
        return 2;
    }
    if (!s_prepare (&o)) {
        return 2;
    }
    s_print_machine (argc, argv);
    bool own = o.depth || o.rate >= 0;
    o.depth = o.depth ? o.depth : 1;
    o.rate = o.rate < 0 ? 0 : o.rate;
    bool ok = !own || s_load (&o);
    for (size_t i = 0; !own && ok && i < sizeof usual / sizeof *usual; i++) {
        o.depth = usual[i].depth;
        o.rate = usual[i].rate;
        ok = s_load (&o);
    }
    return ok ? 0 : 1;
}
