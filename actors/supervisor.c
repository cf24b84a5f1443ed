//  The supervisor. Start: consumers before producers. Stop: producers first, each stage drained before the next.
//  An actor that fails or does not answer ends the process: there is no half-dead state; the service manager
//  starts it again, and the store is consistent by its write-ahead log.
#include "actors/supervisor.h"
#include "actors/actor.h"
#include "actors/session.h"
#include "actors/takeover.h"
#include "actors/transport.h"
#include "codecs/codec.h"
#include "fep/clock.h"
#include "fep/log.h"
#include "fep/metrics.h"
#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define HOSTS_MAX 24
#define STORM 1000    //  Connections accepted since memory was given back: many came and went ...
#define CALM 50       //  ... and so few in a round: it is over
#define SPILLED 20    //  Rounds after which the store has written what it had in memory
#define SPILLS 3      //  Times it may be told to in a row: each makes small tables
#define SPILL_IN 600  //  Rounds after which one of them is forgotten
#define PING_MS 1000  //  Between STATUS rounds
#define DESCRIPTORS_SPARE 128  //  Sockets, epolls, log, clients

//  In order of start; the reverse is the order of stop.
static const actor_class_t *const s_order[] = {&publisher_class, &history_class, &account_class,
                                               &storage_class,   &alarm_class,   &validator_class,
                                               &query_class,     &control_class, &seal_class,
                                               &schedule_class,  &demand_class};
//  Who shares a thread in a compact placement: the first of a group opens it.
static const struct {
    const actor_class_t *class;  //  Which
    int group;                   //  Host when compact
} s_groups[] = {{&publisher_class, 0}, {&history_class, 1}, {&account_class, 1},
                {&storage_class, 2},   {&alarm_class, 2},   {&validator_class, 2},
                {&query_class, 3},     {&control_class, 3}, {&seal_class, 3},
                {&schedule_class, 3},  {&demand_class, 3}};

#define FIXED_ACTORS (sizeof s_order / sizeof *s_order)

typedef struct {
    host_t *host;                          //  Thread
    host_actor_t actors[HOST_ACTORS_MAX];  //  In it
    size_t count;                          //  Of them
    int64_t answered_ms;                   //  Last ALIVE
} seat_t;

typedef struct {
    context_t context;        //  Given to every actor
    config_t *config;         //  Current
    config_t **retired;       //  Texts of earlier ones: an actor's copy may still point at them
    size_t retired_count;     //  Of them, one for each reload
    const char *path;         //  Of the configuration
    seat_t seats[HOSTS_MAX];  //  Threads, in order of start
    size_t count;             //  Of them
    int signals;              //  signalfd
    int64_t last_ms;          //  Last turn of the watch
    int64_t accepted;         //  Connections then
    int64_t trimmed;          //  Connections when memory was given back last
    int trim_in;              //  Rounds until it is; 0: it is not due
    int spills;               //  Times the store was told to, as far as not forgotten
    int spill_in;             //  Rounds until one is
    bool failed;              //  An actor failed
} supervisor_t;

//  ---- Checks before anything starts ----

static fep_err_t s_check_loopback (const char *what, const char *address)
{
    if (transport_is_loopback (address)) {
        return FEP_OK;
    }
    log_line (LEVEL_ERROR, "CONFIG-REFUSED",
              "option=%s.address value=%s problem=\"only loopback is allowed: this feed and door "
              "are neither encrypted nor authenticated yet\"",
              what, address);
    return FEP_REFUSED;
}

//  A listener's codec must own the connection: meter protocols are carried, but those whose frames say whose they
//  are may also be a connection of their own.
static bool s_owns (const codec_t *codec)
{
    return codec && (!codec->is_meter || codec->is_checked);
}

static fep_err_t s_check_codecs (const config_t *config)
{
    for (unsigned i = 0; i < config->listener_count; i++) {
        const char *name = config->listeners[i].codec;
        if (strcmp (name, CODEC_AUTO) == 0 || s_owns (codec_find (name))) {
            continue;
        }
        char known[256] = "";
        const codec_t *codec;
        for (size_t k = 0; (codec = codec_at (k)) != NULL; k++) {
            if (s_owns (codec)) {
                strncat (known, known[0] ? ", " : "", sizeof known - strlen (known) - 1);
                strncat (known, codec->name, sizeof known - strlen (known) - 1);
            }
        }
        log_line (LEVEL_ERROR, "CONFIG-REFUSED",
                  "listener=%s problem=\"no codec named %s for connections; allowed: %s\"",
                  config->listeners[i].name, config->listeners[i].codec, known);
        return FEP_NOT_FOUND;
    }
    return FEP_OK;
}

static fep_err_t s_check_ports (const config_t *config)
{
    for (unsigned i = 0; i < config->listener_count; i++) {
        const config_listener_t *listener = &config->listeners[i];
        bool udp = strcmp (listener->transport, "udp") == 0;
        fep_err_t error = transport_probe (listener->address, (uint16_t) listener->port, udp);
        if (error != FEP_OK) {
            log_line (LEVEL_ERROR, "LISTEN-FAILED", "listener=%s address=%s port=%u problem=\"%s\"",
                      listener->name, listener->address, (unsigned) listener->port,
                      strerror (errno));
            return error;
        }
    }
    return FEP_OK;
}

//  Raises the soft limit to the hard one; refuses if sessions and the store's files do not fit.
static fep_err_t s_check_descriptors (const config_t *config)
{
    struct rlimit limit;
    uint64_t need = config->connector.count * config->connector.sessions +
                    config->store.max_open_files + DESCRIPTORS_SPARE;
    if (getrlimit (RLIMIT_NOFILE, &limit) != 0) {
        return FEP_SYSTEM;
    }
    if (limit.rlim_cur < need && limit.rlim_max > limit.rlim_cur) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit (RLIMIT_NOFILE, &limit);
        getrlimit (RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= need) {
        return FEP_OK;
    }
    log_line (LEVEL_ERROR, "DESCRIPTORS",
              "limit=%llu needed=%llu problem=\"connector.count x connector.sessions + "
              "store.max_open_files + %d do not fit; lower them or raise the limit (ulimit -n)\"",
              (unsigned long long) limit.rlim_cur, (unsigned long long) need, DESCRIPTORS_SPARE);
    return FEP_LIMIT;
}

//  What the limits add up to, so that nobody is surprised.
static void s_say_memory (const config_t *config)
{
    uint64_t windows = config->connector.windows * (16391 + config->connector.read_bytes);
    uint64_t sessions = config->connector.sessions * 2048;
    uint64_t registers = config->validator.registers * 112 + config->validator.held * 512;
    uint64_t feed = config->feed.queue * config->storage.commit_bytes;
    log_line (LEVEL_INFO, "MEMORY",
              "connectors=%llu sessions_mib=%llu windows_mib=%llu latest_mib=%llu "
              "registers_mib=%llu alarms_mib=%llu slots_mib=%llu "
              "feed_per_stuck_subscriber_mib=%llu meaning=\"worst case of the limits\"",
              (unsigned long long) config->connector.count,
              (unsigned long long) (config->connector.count * sessions >> 20),
              (unsigned long long) (config->connector.count * windows >> 20),
              (unsigned long long) (config->history.values * 48 >> 20),
              (unsigned long long) (registers >> 20),
              (unsigned long long) (config->alarm.states * 384 >> 20),
              (unsigned long long) (config->account.points * 16 >> 20),
              (unsigned long long) (feed >> 20));
}

//  ---- Start ----

static bool s_seat (supervisor_t *self, const host_actor_t actors[], size_t count)
{
    seat_t *seat = &self->seats[self->count];
    FEP_ASSERT (self->count < HOSTS_MAX);
    seat->host = host_new (&self->context, actors, count);
    if (!seat->host) {
        return false;
    }
    memcpy (seat->actors, actors, count * sizeof *actors);
    seat->count = count;
    seat->answered_ms = clock_mono_ms ();
    self->count++;
    return true;
}

static int s_group (const actor_class_t *class, bool compact, int alone)
{
    for (size_t i = 0; compact && i < sizeof s_groups / sizeof *s_groups; i++) {
        if (s_groups[i].class == class) {
            return s_groups[i].group;
        }
    }
    return alone;
}

//  The fixed actors by placement, then one thread for each connector.
static bool s_start_actors (supervisor_t *self)
{
    bool compact = strcmp (self->config->actors.placement, "compact") == 0;
    size_t i = 0;
    while (i < FIXED_ACTORS) {
        host_actor_t actors[HOST_ACTORS_MAX];
        size_t count = 0;
        int group = s_group (s_order[i], compact, (int) i);
        do {
            actors[count++] = (host_actor_t){s_order[i++], 0};
        } while (i < FIXED_ACTORS && s_group (s_order[i], compact, (int) i) == group);
        if (!s_seat (self, actors, count)) {
            return false;
        }
    }
    for (unsigned k = 0; k < self->config->connector.count; k++) {
        host_actor_t connector = {&connector_class, k};
        if (!s_seat (self, &connector, 1)) {
            return false;
        }
    }
    return true;
}

//  ---- Watch ----

static void s_news (supervisor_t *self)
{
    for (size_t i = 0; i < self->count; i++) {
        size_t index;
        host_news_t news;
        while ((news = host_news (self->seats[i].host, &index)) != HOST_NOTHING) {
            if (news == HOST_ALIVE) {
                self->seats[i].answered_ms = clock_mono_ms ();
            }
            self->failed = self->failed || news == HOST_FAILED;
        }
    }
}

//  What many connections used at once goes back to the system when it is calm again, and once more when the store has
//  let go of what it had of them in memory. Where storms come all the time, as with an uplink that fails each minute,
//  most of them are left to the next turn.
static void s_trim (supervisor_t *self)
{
    int64_t accepted = metric_get (METRIC_connections_accepted);
    bool calm = accepted - self->accepted <= CALM;
    if (self->spills && --self->spill_in == 0) {
        self->spills--;
        self->spill_in = SPILL_IN;
    }
    if (self->trim_in && calm && --self->trim_in == 0) {
        (void) malloc_trim (0);
    } else if (accepted - self->trimmed >= STORM && calm && self->spills < SPILLS &&
               self->context.store) {
        self->spill_in = self->spills++ ? self->spill_in : SPILL_IN;
        self->trimmed = accepted;
        self->trim_in = SPILLED;
        store_spill (self->context.store);
        (void) malloc_trim (0);
    }
    self->accepted = accepted;
}

//  Asks everybody once a second. A supervisor that was late itself begins its counts anew.
static void s_watch (supervisor_t *self)
{
    int64_t now_ms = clock_mono_ms ();
    int64_t limit_ms = (int64_t) self->config->actors.watchdog_ms;
    bool late = now_ms - self->last_ms > 3 * PING_MS;
    if (now_ms - self->last_ms < PING_MS) {
        return;
    }
    self->last_ms = now_ms;
    log_flush ();
    s_trim (self);
    for (size_t i = 0; i < self->count; i++) {
        seat_t *seat = &self->seats[i];
        if (late) {
            seat->answered_ms = now_ms;
        }
        if (now_ms - seat->answered_ms > limit_ms) {
            log_line (LEVEL_ERROR, "ACTOR-SILENT", "actor=%s silent_ms=%lld",
                      seat->actors[0].class->name, (long long) (now_ms - seat->answered_ms));
            abort ();
        }
        host_ping (seat->host);
    }
}

static void s_reload (supervisor_t *self)
{
    char text[512];
    config_t *fresh = NULL;
    if (config_load (self->path, &fresh, text, sizeof text) != FEP_OK) {
        log_line (LEVEL_ERROR, "RELOAD-REFUSED", "problem=\"%s\" meaning=\"nothing changed\"",
                  text);
        return;
    }
    config_reload (self->config, fresh, text, sizeof text);
    self->retired = realloc (self->retired, (self->retired_count + 1) * sizeof *self->retired);
    FEP_ASSERT (self->retired);
    self->retired[self->retired_count++] = fresh;
    log_level_t level;
    if (log_level_parse (self->config->log.level, &level)) {
        log_set_level (level);
    }
    for (size_t i = 0; i < self->count; i++) {
        host_set (self->seats[i].host, self->config);
    }
    log_line (LEVEL_INFO, "RELOAD", "needs_restart=\"%s\"", text);
}

//  Waits for signals and news. True while the daemon goes on.
static bool s_turn (supervisor_t *self)
{
    struct pollfd ready = {.fd = self->signals, .events = POLLIN};
    struct signalfd_siginfo info;
    if (poll (&ready, 1, 200) > 0 && read (self->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo != SIGHUP) {
            log_line (LEVEL_INFO, "STOPPING", "signal=%u", info.ssi_signo);
            return false;
        }
        s_reload (self);
    }
    s_news (self);
    s_watch (self);
    return !self->failed;
}

//  ---- Stop ----

//  Drains one actor; false if its time ran out.
static bool s_stop_actor (supervisor_t *self, seat_t *seat, size_t index)
{
    int64_t until_ms = clock_mono_ms () + (int64_t) self->config->actors.stop_ms;
    host_stop_actor (seat->host, index);
    while (clock_mono_ms () < until_ms) {
        size_t stopped;
        host_news_t news = host_news (seat->host, &stopped);
        if (news == HOST_STOPPED && stopped == index) {
            return true;
        }
        if (news == HOST_NOTHING) {
            struct pollfd ready = {.fd = host_fd (seat->host), .events = POLLIN};
            poll (&ready, 1, 5);
        }
    }
    log_line (LEVEL_ERROR, "STOP-LATE", "actor=%s limit_ms=%llu", seat->actors[index].class->name,
              (unsigned long long) self->config->actors.stop_ms);
    return false;
}

static const seat_t *s_find (supervisor_t *self, const actor_class_t *class, size_t *index)
{
    for (size_t i = 0; i < self->count; i++) {
        for (size_t k = 0; k < self->seats[i].count; k++) {
            if (self->seats[i].actors[k].class == class) {
                *index = k;
                return &self->seats[i];
            }
        }
    }
    return NULL;
}

//  Connectors, then the others against the order of start.
static bool s_stop_actors (supervisor_t *self)
{
    bool clean = true;
    for (size_t i = 0; i < self->count && clean; i++) {
        if (self->seats[i].actors[0].class == &connector_class) {
            clean = s_stop_actor (self, &self->seats[i], 0);
        }
    }
    for (size_t i = FIXED_ACTORS; i-- > 0 && clean;) {
        size_t index = 0;
        const seat_t *seat = s_find (self, s_order[i], &index);
        clean = seat && s_stop_actor (self, &self->seats[seat - self->seats], index);
    }
    return clean;
}

static void s_end (supervisor_t *self)
{
    while (self->count) {
        host_destroy (&self->seats[--self->count].host);
    }
    archive_destroy (&self->context.archive);
    store_close (&self->context.store);
    close (self->signals);
    config_destroy (&self->config);
    while (self->retired_count) {
        config_destroy (&self->retired[--self->retired_count]);
    }
    free (self->retired);
}

//  ---- Run ----

static fep_err_t s_signals (supervisor_t *self)
{
    sigset_t set;
    sigemptyset (&set);
    sigaddset (&set, SIGTERM);
    sigaddset (&set, SIGINT);
    sigaddset (&set, SIGHUP);
    signal (SIGPIPE, SIG_IGN);
    if (sigprocmask (SIG_BLOCK, &set, NULL) != 0) {
        return FEP_SYSTEM;
    }
    self->signals = signalfd (-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return self->signals < 0 ? FEP_SYSTEM : FEP_OK;
}

static fep_err_t s_prepare (supervisor_t *self)
{
    const config_t *config = self->config;
    store_options_t options = {.path = config->store.path,
                               .sync = strcmp (config->storage.durability, "sync") == 0,
                               .max_open_files = (uint32_t) config->store.max_open_files,
                               .reserve_bytes = config->store.reserve_bytes};
    fep_err_t error = s_check_loopback ("feed", config->feed.address);
    error = error == FEP_OK ? s_check_loopback ("door", config->door.address) : error;
    error = error == FEP_OK ? s_check_codecs (config) : error;
    error = error == FEP_OK ? s_check_ports (config) : error;
    error = error == FEP_OK ? s_check_descriptors (config) : error;
    error = error == FEP_OK ? s_signals (self) : error;
    if (error == FEP_OK) {
        s_say_memory (config);
        error = store_open (&options, &self->context.store);
    }
    if (error == FEP_OK) {
        error = takeover (config, self->context.store, &self->context.archive);
    }
    return error;
}

int supervisor_run (config_t **config_p, const char *path)
{
    static supervisor_t self;
    self.config = *config_p;
    *config_p = NULL;
    self.path = path;
    self.signals = -1;
    clock_set_offset_min ((int) self.config->node.utc_offset_min);
    self.context.config = self.config;
    self.context.started_ms = clock_wall_ms ();
    self.context.epoch = (uint64_t) self.context.started_ms;
    self.context.boot = self.context.epoch ^ (uint64_t) getpid () << 44;
    fep_err_t error = s_prepare (&self);
    if (error != FEP_OK) {
        log_line (LEVEL_ERROR, "START-REFUSED", "reason=%s text=\"%s\"", fep_err_name (error),
                  fep_err_text (error));
        s_end (&self);
        return 1;
    }
    zsys_init ();
    zsys_handler_set (NULL);
    zsys_set_max_sockets (4096);
    bool ok = s_start_actors (&self);
    if (ok) {
        log_line (LEVEL_INFO, "READY", "version=%s threads=%zu", FEP_RELEASE, self.count);
        self.last_ms = clock_mono_ms ();
        while (s_turn (&self)) {
        }
        ok = s_stop_actors (&self) && !self.failed;
    }
    log_flush ();
    log_line (LEVEL_INFO, "STOPPED", "clean=%d", ok);
    if (!ok) {
        fflush (NULL);
        _exit (1);
    }
    s_end (&self);
    return 0;
}
