//  Sentences.
#include "actors/verdict.h"
#include "fep/clock.h"
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TIME_MAX 48

//  "2026-11-21 11:08:36", local.
static void s_time (int64_t wall_ms, char text[TIME_MAX])
{
    clock_civil_t civil;
    clock_to_civil (wall_ms, &civil);
    snprintf (text, TIME_MAX, "%04d-%02d-%02d %02d:%02d:%02d", civil.year, civil.month, civil.day,
              civil.hour, civil.minute, civil.second);
}

static void s_age (int64_t ms, char text[TIME_MAX])
{
    int64_t s = ms > 0 ? ms / 1000 : 0;
    if (s < 120) {
        snprintf (text, TIME_MAX, "%" PRId64 " s", s);
    } else if (s < 7200) {
        snprintf (text, TIME_MAX, "%" PRId64 " min", s / 60);
    } else {
        snprintf (text, TIME_MAX, "%" PRId64 " h %" PRId64 " min", s / 3600, s / 60 % 60);
    }
}

//  Appends "CHECKSUM 34, NOT_MINE 2", most frequent first; as many as fit.
static void s_reasons (const uint64_t *refused, char *text, size_t size)
{
    uint64_t below = UINT64_MAX;
    int after = -1;
    for (size_t used = strlen (text); used + 1 < size;) {
        int best = -1;
        for (int i = 1; i < FEP_ERR_COUNT; i++) {
            bool left = refused[i] < below || (refused[i] == below && i > after);
            if (refused[i] && left && (best < 0 || refused[i] > refused[best])) {
                best = i;
            }
        }
        if (best < 0) {
            return;
        }
        used += (size_t) snprintf (text + used, size - used, "%s%s %" PRIu64, after < 0 ? "" : ", ",
                                   fep_err_name ((fep_err_t) best), refused[best]);
        below = refused[best];
        after = best;
    }
}

void verdict_online (const verdict_session_t *session, char *text, size_t size)
{
    char since[TIME_MAX], age[TIME_MAX], period[TIME_MAX];
    int64_t silent_ms = session->now_ms - session->last_rx_ms;
    s_time (session->opened_ms, since);
    s_age (silent_ms, age);
    s_age (session->period_ms, period);
    if (session->bad_in_row >= VERDICT_BAD_ROW) {
        snprintf (text, size,
                  "online since %s, last byte %s ago, but every frame is refused: ", since, age);
        s_reasons (session->refused, text, size);
    } else if (session->period_ms && silent_ms > session->period_ms * 3 / 2) {
        snprintf (text, size,
                  "online since %s, but no byte for %s; expected every %s: the path is broken or "
                  "the terminal hangs",
                  since, age, period);
    } else {
        snprintf (text, size, "online since %s, last byte %s ago", since, age);
    }
}

void verdict_offline (int64_t since_ms, const char *reason, const char *meaning, char *text,
                      size_t size)
{
    char since[TIME_MAX];
    s_time (since_ms, since);
    snprintf (text, size, "offline since %s: %s (%s)", since, meaning, reason);
}

void verdict_never (int64_t started_ms, int64_t seen_ms, char *text, size_t size)
{
    char started[TIME_MAX], seen[TIME_MAX] = "";
    s_time (started_ms, started);
    if (seen_ms) {
        s_time (seen_ms, seen);
    }
    snprintf (text, size, "never came since the daemon started at %s%s%s", started,
              seen_ms ? "; before that it was online today at " : "", seen);
}

void verdict_unknown (bool held, int64_t last_ms, const char *peer, char *text, size_t size)
{
    char last[TIME_MAX];
    s_time (last_ms, last);
    snprintf (text, size, "%s: it is not in the archive; last seen at %s from %s",
              held ? "connected but held" : "turned away", last, peer);
}
