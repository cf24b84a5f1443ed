//  One line, one fact: time (UTC, ms), level, actor, fixed id, then key=value. To stderr.
//    2026-11-21T03:08:36.123Z W connector.2 SESSION-CLOSE terminal=310100012 reason=silent age_s=8
//  Each id is rate-limited (LOG_BURST lines a second); what was suppressed is said in one line when
//  it ends. Any thread. Values with spaces or control characters are quoted and escaped by the
//  caller's format.
#ifndef FEP_LOG_H
#define FEP_LOG_H

#include "fep/check.h"
#include <stdbool.h>

typedef enum { LEVEL_ERROR, LEVEL_WARNING, LEVEL_INFO, LEVEL_DEBUG, LEVEL_TRACE } log_level_t;

#define LOG_BURST 50
#define LOG_IDS_MAX 128

//  (LEVEL_, because syslog.h has taken LOG_.) Lines above this level are not written.
//  Default LEVEL_INFO. Any thread.
void log_set_level (log_level_t level);
//  "error", "warning", "info", "debug", "trace". False if unknown.
bool log_level_parse (const char *name, log_level_t *level);

//  The name of the calling thread's actor; copied, at most 31 characters. "main" if never called.
void log_set_actor (const char *name);

//  id: static upper-case text such as "SESSION-CLOSE". Leaves errno as it was.
void log_line (log_level_t level, const char *id, const char *format, ...) FEP_PRINTF (3, 4);

//  Says what is suppressed at this moment, one line per id. To be called now and then, and at exit. Any
//  thread.
void log_flush (void);

#endif
