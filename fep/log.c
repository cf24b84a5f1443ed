//  Lines to stderr, one write each. A small table of ids counts lines per second under a mutex;
//  formatting and writing happen outside it.
#include "fep/log.h"
#include "fep/bytes.h"
#include "fep/clock.h"
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024
#define ACTOR_MAX 31
#define WINDOW_MS 1000

//  One fixed id and its present second.
typedef struct {
    const char *id;             //  Static text; NULL: free
    int64_t since_ms;           //  When its second began
    unsigned written;           //  Lines of this second
    uint64_t suppressed;        //  Lines not written since
    log_level_t level;          //  Of the last one suppressed
    char actor[ACTOR_MAX + 1];  //  Who wrote the last one suppressed
} s_slot_t;

static const struct {
    const char *name;  //  As in options
    char letter;       //  As in lines
} s_levels[] = {{"error", 'E'}, {"warning", 'W'}, {"info", 'I'}, {"debug", 'D'}, {"trace", 'T'}};

static atomic_int s_level = LEVEL_INFO;
static _Thread_local char s_actor[ACTOR_MAX + 1] = "main";
static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;

//  Open addressing; the slot behind the table is shared by all ids that find it full.
static s_slot_t s_slots[LOG_IDS_MAX + 1];

void log_set_level (log_level_t level)
{
    atomic_store_explicit (&s_level, (int) level, memory_order_relaxed);
}

bool log_level_parse (const char *name, log_level_t *level)
{
    for (unsigned i = 0; i < sizeof s_levels / sizeof *s_levels; i++) {
        if (strcmp (name, s_levels[i].name) == 0) {
            *level = (log_level_t) i;
            return true;
        }
    }
    return false;
}

void log_set_actor (const char *name)
{
    size_t size = strnlen (name, sizeof s_actor - 1);
    memcpy (s_actor, name, size);
    s_actor[size] = 0;
}

//  Under the mutex.
static s_slot_t *s_find (const char *id)
{
    uint32_t hash = bytes_hash (bytes_text (id));
    for (unsigned i = 0; i < LOG_IDS_MAX; i++) {
        s_slot_t *slot = &s_slots[(hash + i) % LOG_IDS_MAX];
        if (!slot->id) {
            slot->id = id;
            slot->since_ms = clock_mono_ms ();
            return slot;
        }
        if (slot->id == id || strcmp (slot->id, id) == 0) {
            return slot;
        }
    }
    s_slots[LOG_IDS_MAX].id = "LOG-OTHER";
    return &s_slots[LOG_IDS_MAX];
}

static void s_write (const char *line, size_t size)
{
    while (size) {
        ssize_t n = write (STDERR_FILENO, line, size);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return;
        }
        line += n;
        size -= (size_t) n;
    }
}

//  Completes and writes a line whose text ends at `used` of LINE_MAX_BYTES; used may lie beyond:
//  cut.
static void s_finish (char *line, size_t used)
{
    if (used > LINE_MAX_BYTES - 1) {
        memcpy (line + LINE_MAX_BYTES - 4, "...", 3);
        used = LINE_MAX_BYTES - 1;
    }
    for (size_t i = 0; i < used; i++) {
        if ((uint8_t) line[i] < 0x20 || line[i] == 0x7f) {
            line[i] = '?';
        }
    }
    line[used++] = '\n';
    s_write (line, used);
}

//  Time, level, actor and id. Gives how much was written; ids are short, so it always fits.
static size_t s_begin (char *line, log_level_t level, const char *actor, const char *id)
{
    char time[40];
    clock_utc_text (clock_wall_ms (), time, sizeof time);
    int n =
        snprintf (line, LINE_MAX_BYTES, "%s %c %s %.64s", time, s_levels[level].letter, actor, id);
    return n < 0 ? 0 : (size_t) n;
}

static void s_say_suppressed (const s_slot_t *slot)
{
    char line[LINE_MAX_BYTES];
    size_t used = s_begin (line, slot->level, slot->actor, slot->id);
    int n = snprintf (line + used, sizeof line - used, " suppressed=%llu",
                      (unsigned long long) slot->suppressed);
    s_finish (line, used + (n < 0 ? 0 : (size_t) n));
}

//  Counts the line. True if it may be written; *ended holds what its id's last second suppressed.
static bool s_admit (log_level_t level, const char *id, s_slot_t *ended)
{
    ended->suppressed = 0;
    pthread_mutex_lock (&s_mutex);
    s_slot_t *slot = s_find (id);
    int64_t now_ms = clock_mono_ms ();
    if (now_ms - slot->since_ms >= WINDOW_MS) {
        *ended = *slot;
        slot->since_ms = now_ms;
        slot->written = 0;
        slot->suppressed = 0;
    }
    bool admitted = slot->written < LOG_BURST;
    if (admitted) {
        slot->written++;
    } else {
        slot->suppressed++;
        slot->level = level;
        memcpy (slot->actor, s_actor, sizeof slot->actor);
    }
    pthread_mutex_unlock (&s_mutex);
    return admitted;
}

void log_line (log_level_t level, const char *id, const char *format, ...)
{
    if ((int) level > atomic_load_explicit (&s_level, memory_order_relaxed)) {
        return;
    }
    int error = errno;
    s_slot_t ended;
    bool admitted = s_admit (level, id, &ended);
    if (ended.suppressed) {
        s_say_suppressed (&ended);
    }
    if (!admitted) {
        errno = error;
        return;
    }
    char line[LINE_MAX_BYTES];
    size_t used = s_begin (line, level, s_actor, id);
    line[used++] = ' ';
    errno = error;
    va_list args;
    va_start (args, format);
    int n = vsnprintf (line + used, sizeof line - used, format, args);
    va_end (args);
    s_finish (line, n > 0 ? used + (size_t) n : used - 1);
    errno = error;
}

void log_flush (void)
{
    for (unsigned i = 0; i <= LOG_IDS_MAX; i++) {
        pthread_mutex_lock (&s_mutex);
        s_slot_t ended = s_slots[i];
        s_slots[i].suppressed = 0;
        pthread_mutex_unlock (&s_mutex);
        if (ended.id && ended.suppressed) {
            s_say_suppressed (&ended);
        }
    }
}
